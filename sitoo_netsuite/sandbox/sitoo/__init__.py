"""A local server that speaks Sitoo's REST API v2 over the made-up or replayed trade.

Start reading at `app.py`: it lists the endpoints, and holds the door (credentials, one request per key). What changes
has a state of its own with Sitoo's rules, and endpoints beside it: `catalogue.py` (all sites), `products.py` and
`price_lists.py` (one site) with `catalogue_routes.py`; `users.py` with `user_routes.py`; `stock.py` (levels and
transactions, the tills' and others') and `stocktaking.py` with `stock_routes.py`; `shipments.py` with
`shipment_routes.py`. `stockroom.py` puts together what moves stock; `stock_levels.py` and `handed_over.py` are its pure
parts. Orders, payments and gift cards cannot be written. `events.py` tells a receiver what happens.

`answers.py` knows parameters, envelopes and errors, `bodies.py` what is written, `facts.py` the records that stand
still, `prerendered.py` makes pages of orders and of stock beforehand for benchmarks. Source of every behaviour: the
reference of Sitoo's API; what is UNKNOWN there is a switch in `settings.py`.
"""
