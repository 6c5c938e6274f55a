"""From Sitoo's receipts to a day's totals: land, model, total.

`landing` stores what Sitoo said; `receipts` reads it (pure); `model` writes it typed, by trading day; `totals` adds it
up. `directory` tells which store a register belongs to, `quarantine` keeps what cannot be read.
"""
