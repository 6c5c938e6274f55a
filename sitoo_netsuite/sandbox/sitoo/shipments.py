"""Shipments between warehouses, and from suppliers: what is on its way, and what it moves at either end.

Belongs here: shipments of the API's version 2 and Sitoo's rules for them. Does not belong here: HTTP
(`shipment_routes`), how stock moves (`stock`).

Source: reference section 4, Shipments (v2), and section 3 for the states. With two warehouses it is a transfer, with a
receiver alone a purchase on its way. Goods leave the sender (Shipment Out) once it is on its way, and come to the
receiver (Shipment In) when it is received: `quantityreceived` of each item, all of it where nothing is said. Inferred:
that a reception is corrected by changing `quantityreceived` later, which moves the difference; that goods of a
cancelled shipment come back to their sender; that a virtual warehouse at either end is not moved; and every refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import SitooError, invalid_value
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.sitoo.stock import VIRTUAL, Line, Stock

NEW, IN_TRANSIT, RECEIVED, CANCELLED = 0, 10, 20, 100
# What a shipment may become; a received one stays that.
_NEXT = {
    NEW: (NEW, IN_TRANSIT, RECEIVED, CANCELLED),
    IN_TRANSIT: (IN_TRANSIT, RECEIVED, CANCELLED),
    RECEIVED: (RECEIVED,),
    CANCELLED: (CANCELLED,),
}
_DATES = {NEW: "datenew", IN_TRANSIT: "dateintransit", RECEIVED: "datereceived", CANCELLED: "datecancelled"}
_ENDS = ("sender", "receiver")
_FIRST_SHIPMENT, _FIRST_ITEM, _FIRST_PACKAGE = 6_001, 60_001, 600_001

_TEXTS = (
    "externalid", "barcode", "comment", "emailowner", "emailreceivedby",
    *(
        f"{end}_{name}"
        for end in _ENDS
        for name in (
            "name", "address", "address2", "zip", "city", "state", "countryid", "referencename", "referenceemail",
            "referencemobile", "instructions",
        )
    ),
    "carrier_name", "carrier_reference", "carrier_trackingurl",
)  # fmt: skip
_NUMBERS = ("dateestimatedpickup", "dateestimateddelivery", "sender_warehouseid", "receiver_warehouseid")
_SHAPE: bodies.Shape = {
    **dict.fromkeys(_TEXTS, bodies.text),
    **dict.fromkeys(_NUMBERS, bodies.whole_or_null),
    "shipmentstate": bodies.whole,
    "archived": bodies.flag,
    "shipmentpackages": bodies.objects,
    "shipmentitems": bodies.objects,
}
_ITEM_TEXTS = ("sku", "productname", "unitlabel", "externalid")
_ITEM_SHAPE: bodies.Shape = {
    **dict.fromkeys(_ITEM_TEXTS, bodies.text),
    "shipmentitemid": bodies.whole,
    "shipmentpackageid": bodies.whole_or_null,
    "decimalunitquantity": bodies.text,
    "quantity": bodies.whole,
    "quantityreceived": bodies.whole_or_null,
    "moneypricein": bodies.price,
}
_PACKAGE_SHAPE: bodies.Shape = dict.fromkeys(("barcode", "externalid", "comment"), bodies.text)
_NEW_ITEM = {
    **dict.fromkeys(_ITEM_TEXTS, ""),
    "shipmentpackageid": None,
    "decimalunitquantity": None,
    "quantityreceived": None,
    "moneypricein": None,
}
# What may still be written of an item once its goods are on their way.
_LATER = frozenset({"shipmentitemid", "sku", "quantityreceived"})


class ShipmentNews(NamedTuple):
    """A shipment was made or changed. `moment`: epoch seconds; `state`: the one it changed to, None if it did not."""

    moment: int
    shipmentid: int
    sender_warehouseid: int | None
    receiver_warehouseid: int | None
    added: bool
    state: int | None


@dataclass(frozen=True, slots=True)
class ShipmentFilter:
    """The filters of the shipment list (reference 1.4); `any` makes the next two ignored. None means not filtered."""

    shipmentid: Collection[int] | None = None
    any_warehouseid: Collection[int] | None = None
    sender_warehouseid: Collection[int] | None = None
    receiver_warehouseid: Collection[int] | None = None
    archived: bool | None = False


@dataclass(slots=True)
class _Shipment:
    """`values`: the fields as Sitoo shows them, less its items. `received`: what was booked, by shipmentitemid."""

    values: dict[str, Any]
    items: list[dict[str, Any]] = field(default_factory=list)
    received: dict[int, int] = field(default_factory=dict)

    def warehouseid(self, end: str) -> int | None:
        """Where it comes from or goes to."""
        number: int | None = self.values[f"{end}_warehouseid"]
        return number


class Shipments:
    """Thread-safe, as the stock they move is. Raises SitooError for what Sitoo refuses."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._shipments: dict[int, _Shipment] = {}
        self._next_item, self._next_package = _FIRST_ITEM, _FIRST_PACKAGE
        self._news: list[ShipmentNews] = []

    # ---------------------------------------------------------------- reading

    def shipments(self, where: ShipmentFilter) -> list[Record]:
        """The shipments that match, by id."""
        with self._stock.at():
            return [_shown(one) for one in self._shipments.values() if _matches(one, where)]

    def shipment(self, shipmentid: int) -> Record:
        """One shipment. Raises the 404."""
        with self._stock.at():
            return _shown(self._of(shipmentid))

    def news(self, after: int) -> list[ShipmentNews]:
        """What happened to shipments, in order, without the first `after`."""
        with self._stock.at():
            return self._news[after:]

    # ---------------------------------------------------------------- writing

    def add(self, body: object) -> int:
        """A POST of one shipment: its id."""
        values = bodies.read(body, _SHAPE, required=("shipmentitems",))
        with self._stock.at() as now:
            shipmentid = _FIRST_SHIPMENT + len(self._shipments)
            dates = dict.fromkeys(_DATES.values())
            nothing = {**dict.fromkeys(_TEXTS, ""), **dict.fromkeys(_NUMBERS), **dates, "datenew": now}
            fresh = _Shipment(
                {"shipmentid": shipmentid, "shipmentstate": NEW, "archived": False, **nothing, "shipmentpackages": []}
            )
            self._shipments[shipmentid] = self._written(fresh, values, now)
            self._tell(shipmentid, now, True, self._shipments[shipmentid].values["shipmentstate"])
            return shipmentid

    def change(self, shipmentid: int, body: object) -> bool:
        """A PUT of one shipment; its items are those of their `shipmentitemid`, others stay as they are."""
        values = bodies.read(body, _SHAPE)
        with self._stock.at() as now:
            before = self._of(shipmentid)
            state = before.values["shipmentstate"]
            self._shipments[shipmentid] = after = self._written(before, values, now)
            became = after.values["shipmentstate"]
            self._tell(shipmentid, now, False, became if became != state else None)
            return True

    def _written(self, before: _Shipment, values: dict[str, Any], now: int) -> _Shipment:
        """A shipment with what is written to it, and the stock moved as it becomes what it does."""
        state = before.values["shipmentstate"]
        becomes = values.pop("shipmentstate", state)
        if becomes not in _NEXT.get(state, ()):
            raise invalid_value("shipmentstate")
        items, packages = values.pop("shipmentitems", []), values.pop("shipmentpackages", None)
        after = _Shipment(
            {**before.values, **values, "shipmentstate": becomes},
            [dict(item) for item in before.items],
            dict(before.received),
        )
        if becomes != state:
            after.values[_DATES[becomes]] = now
        if state != NEW and any(after.warehouseid(end) != before.warehouseid(end) for end in _ENDS):
            raise invalid_value("sender_warehouseid or receiver_warehouseid")
        if after.warehouseid("sender") is None and after.warehouseid("receiver") is None:
            raise SitooError(400, "Missing required field 'receiver_warehouseid'.")
        if packages is not None:
            after.values["shipmentpackages"] = [self._package(package) for package in packages]
        for item in items:
            self._write_item(after, item, state == NEW)
        self._check_ends(after)
        self._move(after, state, becomes)
        return after

    def _package(self, body: bodies.Body) -> dict[str, Any]:
        self._next_package += 1
        read = bodies.read(body, _PACKAGE_SHAPE)
        return {"shipmentpackageid": self._next_package - 1, **dict.fromkeys(_PACKAGE_SHAPE, ""), **read}

    def _write_item(self, shipment: _Shipment, body: bodies.Body, is_new: bool) -> None:
        item = bodies.read(body, _ITEM_SHAPE)
        if "decimalunitquantity" in item:
            bodies.thousandths("decimalunitquantity", item["decimalunitquantity"])
        for name in ("quantity", "quantityreceived"):
            if item.get(name) is not None and item[name] < 0:
                raise invalid_value(name)
        shipmentitemid = item.get("shipmentitemid")
        if shipmentitemid is not None:
            known = next((one for one in shipment.items if one["shipmentitemid"] == shipmentitemid), None)
            if known is None or not (is_new or item.keys() <= _LATER) or item.get("sku", known["sku"]) != known["sku"]:
                raise invalid_value("shipmentitems")
            known |= item
            return
        if not is_new:
            raise invalid_value("shipmentitems")
        bodies.read(body, {}, required=("sku", "quantity"))
        shipment.items.append({"shipmentitemid": self._next_item, **_NEW_ITEM, **item})
        self._next_item += 1

    # ---------------------------------------------------------------- stock

    def _check_ends(self, shipment: _Shipment) -> None:
        """Whether both ends know what is shipped."""
        for end in _ENDS:
            warehouseid = shipment.warehouseid(end)
            if warehouseid is not None:
                try:
                    warehouse = self._stock.warehouse(warehouseid)
                except SitooError:
                    raise invalid_value(f"{end}_warehouseid") from None
                for item in shipment.items:
                    self._stock.cost(warehouse, item["sku"])

    def _move(self, shipment: _Shipment, was: int, becomes: int) -> None:
        settings = self._stock.settings
        if was == NEW and becomes in (IN_TRANSIT, RECEIVED):
            self._commit(shipment, "sender", settings.shipment_out, lambda item: -item["quantity"])
        if was == IN_TRANSIT and becomes == CANCELLED:
            self._commit(shipment, "sender", settings.shipment_in, lambda item: item["quantity"])
        if becomes == RECEIVED:
            for item in shipment.items:
                if item["quantityreceived"] is None:
                    item["quantityreceived"] = item["quantity"]
            booked = shipment.received
            self._commit(
                shipment,
                "receiver",
                settings.shipment_in,
                lambda item: item["quantityreceived"] - booked.get(item["shipmentitemid"], 0),
            )
            shipment.received = {item["shipmentitemid"]: item["quantityreceived"] for item in shipment.items}

    def _commit(self, shipment: _Shipment, end: str, kind: int, units: Callable[[dict[str, Any]], int]) -> None:
        warehouseid = shipment.warehouseid(end)
        if warehouseid is None or self._stock.warehouse(warehouseid).warehousetype == VIRTUAL:
            return
        currency = self._stock.warehouse(warehouseid).currency
        lines: Sequence[Line] = [
            Line(item["sku"], moved * _unit_milli(item), _price_minor(item, currency))
            for item in shipment.items
            if (moved := units(item))
        ]
        if lines:
            self._stock.commit(
                warehouseid,
                kind,
                lines,
                shipmentid=shipment.values["shipmentid"],
                externalid=shipment.values["externalid"] or None,
            )

    def _of(self, shipmentid: int) -> _Shipment:
        shipment = self._shipments.get(shipmentid)
        if shipment is None:
            raise SitooError(404)
        return shipment

    def _tell(self, shipmentid: int, moment: int, added: bool, state: int | None) -> None:
        shipment = self._shipments[shipmentid]
        ends = shipment.warehouseid("sender"), shipment.warehouseid("receiver")
        self._news.append(ShipmentNews(moment, shipmentid, *ends, added, state))


def _unit_milli(item: dict[str, Any]) -> int:
    if item["decimalunitquantity"] is None:
        return 1000
    return bodies.thousandths("decimalunitquantity", item["decimalunitquantity"])


def _price_minor(item: dict[str, Any], currency: str) -> int | None:
    if item["moneypricein"] is None:
        return None
    return bodies.minor_units("moneypricein", item["moneypricein"], currency)


def _shown(shipment: _Shipment) -> dict[str, Any]:
    return {**shipment.values, "shipmentitems": [dict(item) for item in shipment.items]}


def _matches(shipment: _Shipment, where: ShipmentFilter) -> bool:
    sender, receiver = shipment.warehouseid("sender"), shipment.warehouseid("receiver")
    if where.any_warehouseid is not None:
        at_an_end = sender in where.any_warehouseid or receiver in where.any_warehouseid
    else:
        at_an_end = (where.sender_warehouseid is None or sender in where.sender_warehouseid) and (
            where.receiver_warehouseid is None or receiver in where.receiver_warehouseid
        )
    return (
        at_an_end
        and (where.shipmentid is None or shipment.values["shipmentid"] in where.shipmentid)
        and where.archived in (None, shipment.values["archived"])
    )
