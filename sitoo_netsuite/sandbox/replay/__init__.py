"""Somebody's real transactions as a trade: `file` reads and checks them, `world` derives the retailer they imply,
`till_days` turns them into what happened at the tills, and `replay` puts the three together.

The trade is then recorded and rendered by the code of the made-up one (`sandbox/trade`). Does not belong here: turning
somebody's own format into a replay file (`online_retail` does that for one).
"""
