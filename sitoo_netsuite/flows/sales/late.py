"""Records that reach us, or change, after their trading day was run: as from a till that was offline.

Belongs here: how long a day's records are waited for, telling which trading days are touched, and which of them still
wait for a run. Does not belong here: reading Sitoo, and when to look (`automation`).

A landing notes the days it touched in the transaction that stores the records. A run takes them before it models its
days, and clears them once it has planned them. What is touched again meanwhile is not taken any more, so it stays; so
does what a run took that never came to planning.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.directory import StoreDirectory
from sitoo_netsuite.sitoo.models import LandedOrder
from sitoo_netsuite.trading_day import trading_day_window

GRACE = timedelta(minutes=30)
"""Time after a trading day's end for its last receipts and Z-reports to reach Sitoo. A day is over for a run (to close
it, or for what was touched on it) only then.
"""


def touch(connection: psycopg.Connection, touched: Iterable[date], estate: Estate) -> None:
    """Notes trading days whose records are new or changed. Commits with the caller's transaction.

    Days before the earliest go-live are never run, and so not noted.
    """
    wanted = sorted(day for day in set(touched) if day >= estate.first_day)
    if wanted:
        connection.execute(
            # The database's clock, not the run's: a sandbox's stands still while a day is landed twice.
            """
            insert into landing.touched_days (trading_day, touched_at)
            select day, clock_timestamp() from unnest(%s::date[]) as day
            on conflict (trading_day) do update set touched_at = excluded.touched_at, taken_by = null
            """,
            [wanted],
        )


def touched_days(connection: psycopg.Connection) -> dict[date, datetime]:
    """Trading days whose records changed since they were last planned, each with its latest change."""
    return dict(connection.execute("select trading_day, touched_at from landing.touched_days").fetchall())


def take_touched(connection: psycopg.Connection, first: date, last: date, run_id: str) -> None:
    """Says that a run is about to model these days, with every change noted so far."""
    connection.execute(
        """
        update landing.touched_days set taken_by = %s where trading_day in (
            select trading_day from landing.touched_days where trading_day between %s and %s
            order by trading_day for update
        )
        """,
        (run_id, first, last),
    )


def clear_touched(connection: psycopg.Connection, run_id: str) -> int:
    """Clears the days that a run took and has planned, but for those touched since; how many it cleared."""
    return connection.execute("delete from landing.touched_days where taken_by = %s", [run_id]).rowcount


def not_landed(connection: psycopg.Connection, orders: Collection[LandedOrder]) -> list[LandedOrder]:
    """Those of the orders that were never landed."""
    days = list({order.sold_at.date() for order in orders})
    known = {
        orderid
        for (orderid,) in connection.execute(
            "select orderid from landing.orders where order_day = any(%s) and orderid = any(%s)",
            (days, [order.order.orderid for order in orders]),
        )
    }
    return [order for order in orders if order.order.orderid not in known]


def late_days(orders: Iterable[LandedOrder], directory: StoreDirectory, now: datetime) -> set[date]:
    """Trading days of the orders that were over by now, at their store; from the estate's first day on.

    An order of no store of the estate counts as late when its day is over everywhere: it is not booked, only counted.
    """
    late = set()
    for landed in orders:
        order = landed.order
        day = directory.trading_day(landed.sold_at, order.registerid, order.eshopid)
        place = directory.place(order.registerid, landed.sold_at)
        if place is not None and place.store is not None:
            _, end = trading_day_window(day, place.store.zone, place.store.cut_over)
        else:
            _, end = directory.window(day, day)
        if end <= now and day >= directory.estate.first_day:
            late.add(day)
    return late
