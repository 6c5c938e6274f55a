"""What the tills moved, added up by store-day: all that the adjustments are planned from.

Belongs here: the adding up, in PostgreSQL, where the rows are, and reading it. Does not belong here: which item of
NetSuite a SKU is, and what is adjusted (`adjustments`).

Every till sale counts, held by name or not: whatever its tender, its goods are gone. What is delivered later moves with
each delivery. What is not known to have been sold (excluded, unreadable) moves nothing.
"""

from __future__ import annotations

from datetime import date

import psycopg

from sitoo_netsuite.flows.stock.adjustments import StoreMovement
from sitoo_netsuite.posting.document_lines import StoreDayName
from sitoo_netsuite.trading_day import days
from sitoo_netsuite.warehouse.locks import alone
from sitoo_netsuite.warehouse.partitions import ensure_partitions

_ADD_UP = """
    insert into model.till_movements
        (trading_day, store, currency, warehouseid, sku, kind, quantity_milli, receipts)
    select trading_day, store, currency, warehouseid, sku, kind, sum(quantity_milli), count(distinct orderid)
    from (
        select r.trading_day, r.store, r.currency, coalesce(l.warehouseid, r.warehouseid, g.warehouseid) as warehouseid,
               l.sku, case when l.sold then 'sale' else 'return' end as kind, -l.quantity_milli as quantity_milli,
               r.orderid
        from model.receipts r
        join model.receipt_lines l using (trading_day, orderid)
        left join landing.registers g on g.registerid = r.registerid
        where r.trading_day between %(first)s and %(last)s and r.excluded is null and r.store is not null
          and not (r.to_deliver and l.sold)
        union all
        select h.trading_day, h.store, h.currency, coalesce(h.warehouseid, g.warehouseid), h.sku, 'sale',
               -h.quantity_milli, h.orderid
        from model.handovers h
        join model.receipts r on r.orderid = h.orderid and r.excluded is null
        left join landing.registers g on g.registerid = r.registerid
        where h.trading_day between %(first)s and %(last)s
    ) moved
    where warehouseid is not null
    group by trading_day, store, currency, warehouseid, sku, kind
"""


def refresh_till_movements(connection: psycopg.Connection, first: date, last: date) -> int:
    """Replaces `model.till_movements` of these trading days, in one transaction; how many rows there are now.

    The days must have been modelled before. A row by store, currency, warehouse, SKU and kind ('sale', 'return');
    quantities in thousandths, negative where goods went.
    """
    ensure_partitions(connection, ["model.till_movements"], days(first, last))
    with alone(connection, "adding up till movements"), connection.transaction():
        span = {"first": first, "last": last}
        connection.execute("delete from model.till_movements where trading_day between %(first)s and %(last)s", span)
        return connection.execute(_ADD_UP, span).rowcount


def days_moved(connection: psycopg.Connection, first: date, last: date) -> list[StoreDayName]:
    """Store-days of which the tills moved anything, or an adjustment was ever made, in order."""
    return connection.execute(
        """
        select trading_day, store, currency from model.till_movements where trading_day between %(first)s and %(last)s
        union
        select trading_day, store, currency from posting.outbox
        where flow = 'stock' and trading_day between %(first)s and %(last)s
        order by 1, 2, 3
        """,
        {"first": first, "last": last},
    ).fetchall()


def movements_of(connection: psycopg.Connection, day: date, store: str) -> list[StoreMovement]:
    """What the tills of a store moved on a trading day, whatever currency they took for it."""
    rows = connection.execute(
        """
        select warehouseid, sku, kind, sum(quantity_milli)::bigint from model.till_movements
        where trading_day = %s and store = %s group by 1, 2, 3 order by 1, 2, 3
        """,
        (day, store),
    )
    return [StoreMovement(*row) for row in rows]
