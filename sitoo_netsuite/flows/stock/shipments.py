"""Goods that stores send each other, or get from a supplier, in Sitoo: read from its landed movements and shipments.

Belongs here: which of Sitoo's warehouse transactions are of shipments, what kind of movement that makes them, and what
of a received shipment never arrived. Does not belong here: what NetSuite is told (`adjustments`), reading Sitoo
(`shipment_landing`).

Each end of a shipment is a movement of its own store and day, against the transit location of its subsidiary: goods
leave a store for it, and a store gets them from it. What was sent and never came stays there, named.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg

from sitoo_netsuite.estate import Estate, Store
from sitoo_netsuite.flows.stock.adjustments import StoreMovement
from sitoo_netsuite.flows.stock.ownership import MovedInSitoo, MovementName, waits_in_sitoo
from sitoo_netsuite.posting.document_lines import StoreDayName
from sitoo_netsuite.sitoo.models import VIRTUAL_WAREHOUSE
from sitoo_netsuite.trading_day import trading_day

_RECEIVED = 20  # reference sitoo-api, section 3


@dataclass(frozen=True, slots=True)
class ShortDelivery:
    """A received shipment of which not all came (positive) or more came than was sent (negative), SKU by SKU in
    thousandths. `store`: where it was received; `trading_day`: on which anything of it moved last.
    """

    shipmentid: int
    sender: str
    store: str
    trading_day: date
    missing_milli: dict[str, int]


def shipment_movements(
    connection: psycopg.Connection, first: date, last: date, estate: Estate
) -> dict[StoreDayName, list[MovedInSitoo]]:
    """What shipments moved in the stores whose stock is followed, on these trading days of theirs.

    `kind`: 'transfer' between stores of a subsidiary, 'supply' from a supplier; 'abroad' where the two ends have not
    the same books, or one of them is not of the estate.
    """
    of_shipment: defaultdict[tuple[date, str, int], list[_Moved]] = defaultdict(list)
    for moved in _moved(connection, first - timedelta(days=2), last + timedelta(days=2), estate):
        go_live = moved.store.go_live.stock
        if first <= moved.day <= last and go_live is not None and moved.day >= go_live:
            of_shipment[moved.day, moved.store.store, moved.shipmentid].append(moved)
    rows = connection.execute(
        "select number, carried from posting.stock_decided where born_in = 'shipment' and number = any(%s)",
        [list({shipmentid for _, _, shipmentid in of_shipment})],
    )
    decisions: dict[int, bool] = dict(rows.fetchall())
    found: defaultdict[StoreDayName, list[MovedInSitoo]] = defaultdict(list)
    for (day, store, shipmentid), lines in of_shipment.items():
        carried, kind = decisions.get(shipmentid), lines[0].movement.kind
        waits = waits_in_sitoo(kind, estate.stock) if carried is None and estate.stock else None
        name, goods = MovementName("shipment", shipmentid), tuple(line.movement for line in lines)
        moved_here = MovedInSitoo(name, store, day, kind, "", waits, carried is False, goods)
        found[day, store, lines[0].store.currency].append(moved_here)
    return dict(found)


def short_deliveries(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> list[ShortDelivery]:
    """Received shipments that moved on these trading days and of which something is missing, or too much came.

    Where nothing came at all, nothing moved but at its sender.
    """
    received = {
        moved.shipmentid: moved
        for moved in _moved(connection, first - timedelta(days=2), last + timedelta(days=2), estate)
        if moved.movement.kind == "transfer" and moved.state == _RECEIVED
    }
    received = {number: moved for number, moved in received.items() if first <= moved.day <= last}
    rows = connection.execute(
        """
        select shipmentid, array_agg(sku order by sku), array_agg(missing order by sku)
        from (
            select t.shipmentid, i.sku, -sum(i.quantity_milli)::bigint as missing
            from landing.warehouse_transactions t
            join landing.warehouse_transaction_items i using (created_day, warehousetransactionid)
            where t.shipmentid = any(%s) group by 1, 2 having sum(i.quantity_milli) <> 0
        ) missing group by 1 order by 1
        """,
        [list(received)],
    )
    return [
        ShortDelivery(
            number, received[number].sender, received[number].receiver, received[number].day,
            dict(zip(skus, missing, strict=True)),
        )
        for number, skus, missing in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Moved:
    shipmentid: int
    state: int | None
    store: Store
    sender: str
    receiver: str
    day: date
    movement: StoreMovement


def _moved(connection: psycopg.Connection, created_from: date, created_to: date, estate: Estate) -> Iterator[_Moved]:
    """Lines of shipments at warehouses of the estate, by the UTC days of their transactions, in order of time."""
    if estate.stock is None:
        return
    places = estate.stock.by_warehouse
    rows = connection.execute(
        """
        select t.shipmentid, s.state, s.sender_warehouseid, s.receiver_warehouseid, t.warehouseid, t.created_at, i.sku,
               i.quantity_milli
        from landing.warehouse_transactions t
        join landing.warehouse_transaction_items i using (created_day, warehousetransactionid)
        join landing.warehouses w on w.warehouseid = t.warehouseid and w.warehouse_type <> %s
        left join landing.shipments s on s.shipmentid = t.shipmentid
        where t.created_day between %s and %s and t.warehouseid = any(%s) and t.shipmentid is not null
        order by t.warehousetransactionid, i.line
        """,
        (VIRTUAL_WAREHOUSE, created_from, created_to, list(places)),
    )
    for shipmentid, state, sender, receiver, warehouseid, moved_at, sku, quantity in rows:
        store = estate.by_store[places[warehouseid].store]
        ends = [estate.by_store[places[end].store] for end in (sender, receiver) if end in places]
        kind = "supply" if sender is None else "transfer"
        # One that Sitoo does not show has no ends at all.
        if len(ends) < (1 if sender is None else 2) or len({end.subsidiary for end in ends}) > 1:
            kind = "abroad"
        yield _Moved(
            shipmentid,
            state,
            store,
            places[sender].store if sender in places else "",
            places[receiver].store if receiver in places else "",
            trading_day(moved_at, store.zone, store.cut_over),
            StoreMovement(warehouseid, sku, kind, quantity),
        )
