"""What NetSuite's adjustments leave out or hold otherwise, each with the case that names it: for people and the oracle.

Belongs here: reading what was planned, posted and read back, as rows. Does not belong here: finding it (`adjusting`).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import psycopg

from sitoo_netsuite.flows.stock.adjusting import PlannedDay
from sitoo_netsuite.flows.stock.adjustment_findings import TO_APPROVE, VERIFY_KINDS

Row = dict[str, Any]

# Of no case: a person decided it.
_LEFT = "left_by_a_person"


def left_out(planned: Iterable[PlannedDay]) -> list[Row]:
    """What moved in the stores and no adjustment holds: store, trading_day, warehouse, sku,
    quantity_milli (thousandths, negative where goods went) and kind: its case's, or `left_by_a_person`, who said that
    NetSuite is not told of it.
    """
    rows = []
    for day in planned:
        entries = [(entry.kind, entry.warehouseid, entry.sku, entry.quantity_milli) for entry in day.target.left_out]
        entries += [
            (kind, goods.warehouseid, goods.sku, goods.quantity_milli)
            for kind, movements in ((TO_APPROVE, day.waiting), (_LEFT, day.left))
            for movement in movements
            for goods in movement.goods
        ]
        rows += [
            {
                "store": day.name[1],
                "trading_day": day.name[0].isoformat(),
                "warehouse": warehouseid,
                "sku": sku,
                "quantity_milli": quantity_milli,
                "kind": kind,
            }
            for kind, warehouseid, sku, quantity_milli in entries
        ]
    return rows


def changed_adjustments(connection: psycopg.Connection, first: date, last: date) -> list[Row]:
    """Adjustments of these trading days that NetSuite holds otherwise than they were sent, or no more, as it was last
    read back: kind of the case that is open or was resolved by a person, record, store, trading_day, and lines
    (location, item: internal ids; quantity_milli: what NetSuite holds more than was sent).
    """
    rows = connection.execute(
        """
        with named as (
            select kind, record, store, trading_day from worklist.cases
            where event <> 'cleared' and kind = any(%(kinds)s) and trading_day between %(first)s and %(last)s
        ), lines as (
            select external_id, location, item, -quantity_milli as milli from posting.outbox_quantities
            union all
            select external_id, location, item, quantity_milli from posting.quantities_read_back
        )
        select n.kind, n.record, n.store, n.trading_day, l.location, l.item, sum(l.milli)::bigint
        from named n join lines l on l.external_id = n.record
        group by 1, 2, 3, 4, 5, 6 having sum(l.milli) <> 0 order by 2, 5, 6
        """,
        {"kinds": list(VERIFY_KINDS), "first": first, "last": last},
    )
    found: dict[str, Row] = {}
    for kind, record, store, trading_day, location, item, milli in rows:
        named = {"kind": kind, "record": record, "store": store, "trading_day": trading_day.isoformat(), "lines": []}
        lines = found.setdefault(record, named)["lines"]
        lines.append({"location": location, "item": item, "quantity_milli": milli})
    return list(found.values())
