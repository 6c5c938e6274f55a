"""What Sitoo's raw orders and warehouse transactions move: which SKU, how much of it, where and when.

Belongs here: raw dictionary in, movements out. Does not belong here: which orders are till sales (`records`), what
NetSuite ought to hold (`stock_judging`). Quantities are thousandths of a unit, negative where goods go; moments are
unix seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sitoo_netsuite.oracle.estate_file import EstateFacts
from sitoo_netsuite.oracle.figures import thousandths
from sitoo_netsuite.oracle.records import Raw, waits_for_delivery

# Reference sitoo-api.md section 3: what the tills moved, which the orders tell.
_OF_THE_TILLS = (30, 40)
_STOCKTAKING = 50
_PUSHED = re.compile(r"NS-(\d+)-(\d+)-\d+")


@dataclass(frozen=True, slots=True)
class Moved:
    """Goods of one SKU that came to a warehouse or left it."""

    moment: int
    warehouse: int
    sku: str
    milli: int


@dataclass(frozen=True, slots=True)
class SitooTransaction:
    """A warehouse transaction. `pushed`: the internal id of NetSuite's transaction that it repeats, None where it does
    not. `shipment`: None where it is of none. `counted`: by a stocktake.
    """

    moment: int
    warehouse: int
    of_the_tills: bool
    pushed: int | None
    shipment: int | None
    counted: bool
    goods: tuple[tuple[str, int], ...]

    @property
    def kind(self) -> str:
        """As the estate's `stock.needs_approval` names it."""
        if self.shipment is not None:
            return "shipment"
        return "stocktake" if self.counted else "manual"


def goods_of(order: Raw, register_warehouse: int, facts: EstateFacts) -> Iterator[Moved]:
    """What a till sale moves: its rows where the receipt or the row says, and what is delivered later as it is.

    register_warehouse: for orders that do not say where their goods are. Raises KeyError, TypeError or ValueError where
    the rows cannot be read.
    """
    place = order.get("warehouseid") or register_warehouse
    to_deliver = waits_for_delivery(order, facts.undelivered_key)
    apiece: dict[int, tuple[str, int]] = {}
    for row in order["orderitems"] or ():
        unit = thousandths(row["decimalunitquantity"]) if row.get("decimalunitquantity") is not None else 1000
        if row["quantity"] < 0:
            back = (row.get("additionaldata") or {}).get("return-warehouseid")
            yield Moved(order["orderdate"], int(back or place), row.get("sku") or "", -row["quantity"] * unit)
        elif to_deliver:
            apiece[row["orderitemid"]] = (row.get("sku") or "", unit)
        else:
            yield Moved(order["orderdate"], place, row.get("sku") or "", -row["quantity"] * unit)
    for delivery in order.get("orderdeliveries", ()):
        if delivery.get("datedelivery") is None or delivery.get("datecancelled") is not None:
            continue
        for part in delivery["orderdeliveryitems"]:
            if part["orderitemid"] in apiece:
                sku, unit = apiece[part["orderitemid"]]
                yield Moved(delivery["datedelivery"], delivery["warehouseid"], sku, -part["quantity"] * unit)


def read_transaction(raw: Raw) -> SitooTransaction:
    """A raw warehouse transaction. Raises KeyError or ValueError where it cannot be read."""
    pushed = _PUSHED.fullmatch(raw.get("externalid") or "")
    return SitooTransaction(
        moment=raw["datecreated"],
        warehouse=raw["warehouseid"],
        of_the_tills=raw["transactiontype"] in _OF_THE_TILLS,
        pushed=int(pushed[1]) if pushed else None,
        shipment=raw.get("shipmentid"),
        counted=raw["transactiontype"] == _STOCKTAKING,
        goods=tuple((item["sku"], thousandths(item["decimalquantity"])) for item in raw["items"]),
    )
