"""The adjustments and transfers that the next run would post, as rows for people: nothing is numbered or sent.

Belongs here: the documents that planned store-days still lack. Does not belong here: planning them (`adjusting`), what
no document holds (`named_stock`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock.adjusting import PlannedDay
from sitoo_netsuite.flows.stock.adjustment_document import FLOW, document_type, external_id
from sitoo_netsuite.flows.stock.adjustments import difference, split
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.document_lines import Quantities
from sitoo_netsuite.posting.outbox import StoreDayKey

Row = dict[str, Any]


def drafted_adjustments(connection: psycopg.Connection, planned: Iterable[PlannedDay], estate: Estate) -> list[Row]:
    """The documents that the released store-days among these still lack, as `post_adjustments` would make them:

    external_id, type, store, trading_day, account (number of the offset account; None of a transfer), location and
    in_transit (internal ids; in_transit is None of an adjustment), and lines: sku, item (internal id; of a kit's member
    the member's, with the kit's SKU), kind, quantity_milli (thousandths; negative where goods leave the location).
    """
    if estate.stock is None:
        return []
    most = estate.stock.adjustment_lines
    rows = []
    for day in planned:
        if not day.released:
            continue
        trading_day, store, currency = day.name
        key = StoreDayKey(FLOW, store, trading_day, currency)
        recorded = outbox.recorded_lines(connection, key, outbox.QUANTITIES)
        accounts = estate.books_of(estate.by_store[store]).stock
        in_transit = accounts.in_transit if accounts is not None else None
        number = outbox.last_number(connection, key)
        for part in split(difference(day.target.quantities, recorded), most):
            number += 1
            kind = document_type(part)
            identity = external_id(store, trading_day, kind, number)
            place = {"store": store, "trading_day": trading_day.isoformat()}
            rows.append({"external_id": identity, "type": kind, **place, **_carried(part, in_transit)})
    return rows


def _carried(part: Quantities, in_transit: str | None) -> Row:
    """What one document carries: it has one offset account, or none, and one location."""
    first = next(iter(part))
    return {
        "account": first.account or None,
        "location": first.location,
        "in_transit": None if first.account else in_transit,
        "lines": [
            {"sku": key.sku, "item": key.item, "kind": key.kind, "quantity_milli": quantity_milli}
            for key, quantity_milli in part.items()
        ],
    }
