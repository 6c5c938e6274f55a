"""The consolidated journal of a store-day: proof, lines, plan, document.

`docs/accounting.md` is what these modules implement.
"""
