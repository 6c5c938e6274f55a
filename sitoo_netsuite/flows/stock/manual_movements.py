"""What people moved in Sitoo by hand, and what counts found: read from Sitoo's landed movements.

Belongs here: which of Sitoo's warehouse transactions these are, their trading day, and what a person decided of them.
Does not belong here: what NetSuite is told of them (`adjustments`), goods that go from place to place (`shipments`).

A transaction is of its kind unless it is the tills' (sales and refunds, which the receipts tell), a push of ours, or of
a shipment. Numbers of most types are not known (reference sitoo-api, section 3), so that the kind is told by what it is
not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock.adjustments import StoreMovement
from sitoo_netsuite.flows.stock.ownership import MovedInSitoo, MovementName, waits_in_sitoo
from sitoo_netsuite.posting.document_lines import StoreDayName
from sitoo_netsuite.sitoo.models import VIRTUAL_WAREHOUSE
from sitoo_netsuite.trading_day import trading_day

# Reference sitoo-api, section 3.
_OF_THE_TILLS = (30, 40)
_STOCKTAKING = 50


def manual_movements(
    connection: psycopg.Connection, first: date, last: date, estate: Estate
) -> dict[StoreDayName, list[MovedInSitoo]]:
    """What was moved by hand in the stores whose stock is followed, on these trading days of theirs."""
    if estate.stock is None:
        return {}
    rows = connection.execute(
        """
        select t.warehousetransactionid, t.warehouseid, t.created_at, t.transaction_type, coalesce(t.reason_code, ''),
               d.carried, array_agg(i.sku order by i.line),
               array_agg(i.quantity_milli order by i.line)
        from landing.warehouse_transactions t
        join landing.warehouse_transaction_items i using (created_day, warehousetransactionid)
        join landing.warehouses w on w.warehouseid = t.warehouseid and w.warehouse_type <> %(virtual)s
        left join posting.stock_decided d on d.born_in = 'sitoo' and d.number = t.warehousetransactionid
        where t.created_day between %(first)s and %(last)s and t.warehouseid = any(%(warehouses)s)
          and t.transaction_type <> all(%(tills)s) and t.shipmentid is null
          and not exists (select from posting.stock_pushes p where p.external_id = t.external_id)
        group by 1, 2, 3, 4, 5, 6 order by 1
        """,
        {
            # Created days are of UTC, trading days of the store.
            "first": first - timedelta(days=2),
            "last": last + timedelta(days=2),
            "warehouses": list(estate.stock.by_warehouse),
            "tills": list(_OF_THE_TILLS),
            "virtual": VIRTUAL_WAREHOUSE,
        },
    )
    found: defaultdict[StoreDayName, list[MovedInSitoo]] = defaultdict(list)
    for identity, warehouseid, moved_at, transaction_type, reason, carried, skus, quantities in rows:
        store = estate.by_store[estate.stock.by_warehouse[warehouseid].store]
        day = trading_day(moved_at, store.zone, store.cut_over)
        if store.go_live.stock is None or not max(first, store.go_live.stock) <= day <= last:
            continue
        kind = "stocktake" if transaction_type == _STOCKTAKING else "manual"
        goods = tuple(
            StoreMovement(warehouseid, sku, kind, quantity, reason)
            for sku, quantity in zip(skus, quantities, strict=True)
        )
        waits = waits_in_sitoo(kind, estate.stock) if carried is None else None
        name = MovementName("sitoo", identity)
        moved = MovedInSitoo(name, store.store, day, kind, reason, waits, carried is False, goods)
        found[day, store.store, store.currency].append(moved)
    return dict(found)


def days_of(
    connection: psycopg.Connection, warehousetransactionids: Collection[int], created: Collection[date], estate: Estate
) -> set[date]:
    """Trading days of those of these transactions that NetSuite is told of: what was made by hand, and of shipments.

    created: the UTC days they were made on.
    """
    if estate.stock is None:
        return set()
    places = estate.stock.by_warehouse
    rows = connection.execute(
        """
        select distinct t.warehouseid, t.created_at from landing.warehouse_transactions t
        where t.warehousetransactionid = any(%s) and t.created_day = any(%s) and t.warehouseid = any(%s)
          and t.transaction_type <> all(%s)
          and not exists (select from posting.stock_pushes p where p.external_id = t.external_id)
        """,
        (list(warehousetransactionids), list(created), list(places), list(_OF_THE_TILLS)),
    )
    stores = ((estate.by_store[places[warehouseid].store], moved_at) for warehouseid, moved_at in rows)
    return {trading_day(moved_at, store.zone, store.cut_over) for store, moved_at in stores}
