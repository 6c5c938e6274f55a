"""Warehouse batches: counting a warehouse, and the one transaction that a count becomes.

Belongs here: batches, what was counted in them, and Sitoo's rules for both. Does not belong here: HTTP
(`stock_routes`), how stock moves (`stock`).

Source: reference section 4, Stocktaking. One batch of a warehouse is open at a time. Closing it moves what was counted
to the count, by one transaction of type 50; what was not counted stays. Inferred: that the difference is taken when the
batch is closed, that a count without any leaves no transaction, and every refusal.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import SitooError, invalid_value
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.sitoo.stock import STOCKTAKING, VIRTUAL, Line, Stock
from sitoo_netsuite.sandbox.trade.render import decimal_text

OPEN, CLOSED = 10, 20
_FIRST_BATCH, _FIRST_ITEM = 4_001, 8_001

_TEXTS: bodies.Shape = dict.fromkeys(("emailowner", "comment", "externalid", "reasoncode"), bodies.text)
_NEW_SHAPE: bodies.Shape = {"transactiontype": bodies.whole, **_TEXTS}
_CHANGE_SHAPE: bodies.Shape = {"warehousebatchstate": bodies.whole, **_TEXTS}
_ITEM_SHAPE: bodies.Shape = {
    "sku": bodies.text,
    "decimalquantity": bodies.thousandths,
    "moneypricein": bodies.price,
    "emailowner": bodies.text,
    "comment": bodies.text,
}


@dataclass(slots=True)
class _Counted:
    warehousebatchitemid: int
    modified: int
    quantity_milli: int
    texts: dict[str, str]


@dataclass(slots=True)
class _Batch:
    warehousebatchid: int
    warehouseid: int
    created: int
    texts: dict[str, str]
    state: int = OPEN
    warehousetransactionid: int | None = None
    counted: dict[str, _Counted] = field(default_factory=dict)  # by SKU


class Stocktaking:
    """Thread-safe, as the stock it counts is. Raises SitooError for what Sitoo refuses."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._batches: dict[int, _Batch] = {}
        self._next_item = _FIRST_ITEM

    # ---------------------------------------------------------------- reading

    def batches(self, warehouseid: int, state: int, transactiontype: int | None = None) -> list[Record]:
        """The batches of a warehouse in a state, the oldest first."""
        with self._stock.at():
            return [
                _shown(batch)
                for batch in self._batches.values()
                if batch.warehouseid == warehouseid and batch.state == state and transactiontype in (None, STOCKTAKING)
            ]

    def batch(self, warehouseid: int, batchid: int) -> Record:
        """One batch. Raises the 404."""
        with self._stock.at():
            return _shown(self._of(warehouseid, batchid))

    def items(self, warehouseid: int, batchid: int) -> list[Record]:
        """What was counted in a batch, in the order it was."""
        with self._stock.at():
            batch, warehouse = self._of(warehouseid, batchid), self._stock.warehouse(warehouseid)
            return [
                {
                    "warehousebatchitemid": counted.warehousebatchitemid,
                    "warehousebatchid": batchid,
                    "warehouseitemid": self._stock.itemid(warehouse, sku),
                    "datemodified": counted.modified,
                    "decimalquantity": decimal_text(counted.quantity_milli),
                    "moneypricein": counted.texts.get("moneypricein"),
                    "emailowner": counted.texts.get("emailowner", ""),
                    "comment": counted.texts.get("comment", ""),
                    "sku": sku,
                }
                for sku, counted in batch.counted.items()
            ]

    # ---------------------------------------------------------------- writing

    def open(self, warehouseid: int, body: object) -> int:
        """A POST of a batch: its id. Refused while another one of the warehouse is open."""
        values = bodies.read(body, _NEW_SHAPE, required=("transactiontype",))
        with self._stock.at() as now:
            warehouse = self._stock.warehouse(warehouseid)
            if warehouse.warehousetype == VIRTUAL:
                raise SitooError(400, f"Invalid value in warehouseid (Warehouse {warehouseid} is virtual)")
            # Batches of other movements exist, but nothing is known of them.
            if values.pop("transactiontype") != STOCKTAKING:
                raise invalid_value("transactiontype")
            if any(batch.warehouseid == warehouseid and batch.state == OPEN for batch in self._batches.values()):
                raise SitooError(400, f"Warehouse {warehouseid} has an open batch")
            batchid = _FIRST_BATCH + len(self._batches)
            self._batches[batchid] = _Batch(batchid, warehouseid, now, values)
            return batchid

    def count(self, warehouseid: int, batchid: int, body: object) -> bool:
        """A PUT of one batch item: how much of a SKU there is. Counted again, the new count holds."""
        values = bodies.read(body, _ITEM_SHAPE, required=("sku", "decimalquantity"))
        with self._stock.at() as now:
            batch = self._open_one(warehouseid, batchid)
            sku, quantity = values.pop("sku"), values.pop("decimalquantity")
            self._stock.cost(self._stock.warehouse(warehouseid), sku)
            if quantity < 0:
                raise invalid_value("decimalquantity")
            before = batch.counted.get(sku)
            if before is None:
                batch.counted[sku] = _Counted(self._next_item, now, quantity, values)
                self._next_item += 1
            else:
                before.modified, before.quantity_milli = now, quantity
                before.texts |= values
            return True

    def forget(self, warehouseid: int, batchid: int, body: object) -> bool:
        """A DELETE of one batch item: the SKU was not counted after all."""
        sku = bodies.read(body, {"sku": bodies.text}, required=("sku",))["sku"]
        with self._stock.at():
            if self._open_one(warehouseid, batchid).counted.pop(sku, None) is None:
                raise SitooError(404)
            return True

    def change(self, warehouseid: int, batchid: int, body: object) -> bool:
        """A PUT of a batch; state 20 closes it and moves the stock."""
        values = bodies.read(body, _CHANGE_SHAPE)
        with self._stock.at():
            batch = self._open_one(warehouseid, batchid)
            state = values.pop("warehousebatchstate", OPEN)
            if state not in (OPEN, CLOSED):
                raise invalid_value("warehousebatchstate")
            batch.texts |= values
            if state == CLOSED:
                self._close(batch)
            return True

    def _close(self, batch: _Batch) -> None:
        lines = [
            Line(sku, difference)
            for sku, counted in batch.counted.items()
            if (difference := counted.quantity_milli - self._stock.level(batch.warehouseid, sku).total_milli)
        ]
        if lines:
            batch.warehousetransactionid = self._stock.commit(
                batch.warehouseid,
                STOCKTAKING,
                lines,
                description=batch.texts.get("comment", ""),
                externalid=batch.texts.get("externalid") or None,
                reasoncode=batch.texts.get("reasoncode", ""),
            )
        self._stock.counted(batch.warehouseid, batch.counted)
        batch.state = CLOSED

    def _of(self, warehouseid: int, batchid: int) -> _Batch:
        batch = self._batches.get(batchid)
        if batch is None or batch.warehouseid != warehouseid:
            raise SitooError(404)
        return batch

    def _open_one(self, warehouseid: int, batchid: int) -> _Batch:
        batch = self._of(warehouseid, batchid)
        if batch.state != OPEN:
            raise SitooError(400, f"Batch {batchid} is closed")
        return batch


def _shown(batch: _Batch) -> dict[str, Any]:
    return {
        "warehousebatchid": batch.warehousebatchid,
        "warehouseid": batch.warehouseid,
        "warehousetransactionid": batch.warehousetransactionid,
        "transactiontype": STOCKTAKING,
        "datecreated": batch.created,
        "warehousebatchstate": batch.state,
        "emailowner": batch.texts.get("emailowner", ""),
        "comment": batch.texts.get("comment", ""),
        "shipmentid": None,
        "externalid": batch.texts.get("externalid"),
        "reasoncode": batch.texts.get("reasoncode", ""),
    }
