"""A local server that speaks Sitoo's REST API v2 over the made-up or replayed trade.

Start reading at `app.py`: it lists the endpoints, and holds the door (credentials, one request per key).
`answers.py` knows parameters, envelopes and errors, `facts.py` the records that stand still, `prerendered.py` makes
order pages beforehand for benchmarks. Source of every behaviour: the reference of Sitoo's API; what is UNKNOWN there
is a switch in `settings.py`.
"""
