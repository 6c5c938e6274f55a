"""A local server that speaks NetSuite's SuiteTalk REST, with a real general ledger under it.

Start reading at `app.py`. `schema.py` says which records exist, `values.py` reads bodies, `ledger.py` turns a document
into debits, credits and stock movements (pure), `account.py` holds the account's state, `suiteql/` answers queries.
Source of every behaviour: the reference of NetSuite's API; what is UNKNOWN there is a switch in `settings.py`.
"""
