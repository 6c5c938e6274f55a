"""Orders that reach Sitoo after their trading day was over, as from a till that was offline.

Belongs here: telling which trading days they touch. Does not belong here: reading Sitoo, and when to look
(`automation`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

import psycopg

from sitoo_netsuite.flows.sales.directory import StoreDirectory
from sitoo_netsuite.sitoo.models import LandedOrder
from sitoo_netsuite.trading_day import trading_day_window


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
        place = directory.place(order.registerid)
        if place is not None and place.store is not None:
            _, end = trading_day_window(day, place.store.zone, place.store.cut_over)
        else:
            _, end = directory.window(day, day)
        if end <= now and day >= directory.estate.first_day:
            late.add(day)
    return late
