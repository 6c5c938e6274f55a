"""The cases of the stores' movements and the documents that carry them to NetSuite; pure.

Belongs here: what is filed about a plan, a posting and a reading back, in words for people. Does not belong here: when
it is found (`adjusting`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from sitoo_netsuite.flows.stock.adjustment_read_back import Place
from sitoo_netsuite.flows.stock.adjustments import LeftOut
from sitoo_netsuite.flows.stock.ownership import MovedInSitoo
from sitoo_netsuite.flows.stock.push_findings import units
from sitoo_netsuite.flows.stock.shipments import ShortDelivery
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.periods import PostsTo, is_shut
from sitoo_netsuite.posting.posting_run import Posted, store_day
from sitoo_netsuite.worklist.cases import Case

# What else is left out (`unmatched_sku`) has its case from the receipts.
LEFT_OUT_KINDS = frozenset(
    {"stock_item_tracked", "stock_place_unknown", "stock_sku_missing_in_netsuite", "stock_shipment_not_booked"}
)
TO_APPROVE = "stock_movement_to_approve"
_SHORT = "stock_delivery_short"
PLAN_KINDS = LEFT_OUT_KINDS | {TO_APPROVE, _SHORT}
POST_KINDS = ("adjustment_refused",)
_MISSING, _DIFFERS = "adjustment_missing", "adjustment_differs"
VERIFY_KINDS = frozenset({_MISSING, _DIFFERS})

# So many SKUs are named in a case; Sitoo shows the rest.
_MOST_SKUS = 5


def waiting_case(movement: MovedInSitoo) -> Case:
    """Something that people moved in Sitoo waits for a person's word."""
    name = str(movement.name)
    goods = ", ".join(f"{units(entry.quantity_milli)} of {entry.sku}" for entry in movement.goods[:_MOST_SKUS])
    more = f" and {len(movement.goods) - _MOST_SKUS} more SKUs" if len(movement.goods) > _MOST_SKUS else ""
    what = {"stocktake": "A count found", "manual": "Somebody moved"}.get(movement.kind, f"Shipment {name} moved")
    reason = f" (reason {movement.reason})" if movement.reason else ""
    text = (
        f"{what} {goods}{more} at store {movement.store} on {movement.trading_day}{reason}, and NetSuite is not told "
        f"before a person says so: {movement.waits}. If NetSuite has to follow: `sitoo-netsuite stock approve {name}`. "
        f"If NetSuite is right without it: `sitoo-netsuite stock leave {name} --because TEXT`. If it is wrong, correct "
        "it in Sitoo."
    )
    key = name if movement.name.born_in == "sitoo" else f"{name}/{movement.store}/{movement.trading_day}"
    return Case(TO_APPROVE, key, movement.store, movement.trading_day, name, None, None, evidence={"text": text})


def short_case(short: ShortDelivery) -> Case:
    """A shipment was received otherwise than it was sent."""
    identity = str(short.shipmentid)
    lines = "; ".join(
        f"{units(abs(missing))} of {sku} {'missing' if missing > 0 else 'too many'}"
        for sku, missing in short.missing_milli.items()
    )
    text = (
        f"Store {short.store} received shipment {identity} of store {short.sender} on {short.trading_day} otherwise "
        f"than it was sent: {lines}. NetSuite keeps the difference at the location for goods in transit. Correct the "
        "reception in Sitoo, or adjust that location in NetSuite and resolve this with the reason."
    )
    return Case(_SHORT, identity, short.store, short.trading_day, identity, None, None, evidence={"text": text})


def left_out_case(entry: LeftOut, trading_day: date, store: str) -> Case:
    """Goods of a store-day that no adjustment can hold as things are; of `LEFT_OUT_KINDS` alone."""
    moved = "went out" if entry.quantity_milli < 0 else "came in"
    text = (
        f"{units(abs(entry.quantity_milli))} units of {entry.sku} {moved} at store {store} on {trading_day}, and "
        f"NetSuite's stock is not adjusted: {entry.text}."
    )
    key = left_out_key(entry, trading_day, store)
    return Case(entry.kind, key, store, trading_day, entry.sku, None, None, evidence={"text": text})


def left_out_key(entry: LeftOut, trading_day: date, store: str) -> str:
    """What its case goes by among those of its kind."""
    return f"{store}/{trading_day}/{entry.sku}/{entry.warehouseid}"


def refused_cases(posted: Posted) -> Iterator[Case]:
    """One case a store-day whose stock is not moved because NetSuite, or the estate, would not have it."""
    refused = {name: (None, text) for name, text in posted.refused_days.items()} | {
        store_day(outcome.document): (outcome.document.external_id, outcome.text)
        for outcome in posted.outcomes
        # What a period that was shut meanwhile turned away was planned again.
        if outcome.state == "refused" and not is_shut(posted.periods, outcome.document.tran_date, PostsTo.INVENTORY)
    }
    for (day, store, currency), (record, text) in refused.items():
        key = f"{store}/{day}/{currency}"
        yield Case("adjustment_refused", key, store, day, record, None, None, evidence={"text": text})


def missing_case(document: OutboxRow) -> Case:
    """A document that was posted is gone."""
    text = (
        f"{document.external_id} was posted for store {document.store} on {document.trading_day} and NetSuite "
        "does not hold it any more: somebody deleted it. Restore it, or resolve this with the reason."
    )
    return _of_document(_MISSING, document, text)


def differs_case(document: OutboxRow, differing: Mapping[Place, int]) -> Case:
    """A document holds other quantities than were sent: so many thousandths more by place."""
    lines = "; ".join(f"item {place.item}: {units(quantity)} units" for place, quantity in differing.items())
    text = (
        f"NetSuite's {document.external_id}, of store {document.store} on {document.trading_day}, is not what was "
        f"sent; it holds more by {lines}. Undo the change in NetSuite, or resolve this with the reason."
    )
    return _of_document(_DIFFERS, document, text)


def _of_document(kind: str, document: OutboxRow, text: str) -> Case:
    identity = document.external_id
    return Case(kind, identity, document.store, document.trading_day, identity, None, None, evidence={"text": text})
