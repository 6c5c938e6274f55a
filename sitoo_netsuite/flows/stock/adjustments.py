"""What the inventory adjustments of a store-day hold: pure.

Belongs here: from what moved in a store to NetSuite's items and locations, what is left out and why, and the split into
documents. Does not belong here: tables, the document's words (`adjustment_document`), sending.

Sold goods post against cost of goods sold, not against shrinkage, and so do goods that come back. NetSuite costs what
goes out; a quantity is all that is planned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from sitoo_netsuite.estate import StockAccounts
from sitoo_netsuite.flows.catalogue.products import STOCKED
from sitoo_netsuite.posting.document_lines import Quantities, QuantityKey

# NetSuite's item type that is a number of others.
_KIT = "Kit"


# What the receipts tell, whose unknown SKUs have their case from there.
_OF_THE_TILLS = ("sale", "return")
_UNMATCHED, _NOT_IN_NETSUITE, _TRACKED = "unmatched_sku", "stock_sku_missing_in_netsuite", "stock_item_tracked"
_NOT_BOOKED = "stock_shipment_not_booked"


class StoreMovement(NamedTuple):
    """Goods that moved in a store on a trading day; thousandths, negative where they went.

    `kind`: 'sale' or 'return' at a till, 'manual' or 'stocktake' by hand in Sitoo, 'transfer' to or from another store,
    'supply' from a supplier, 'abroad' between stores of different books. `reason`: Sitoo's reason code of what was done
    by hand, empty where there is none.
    """

    warehouseid: int
    sku: str
    kind: str
    quantity_milli: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StockItem:
    """An item of NetSuite (internal id), its type, and by what each unit of it is told apart: 'lot', 'serial', 'bin';
    None where it is not.
    """

    item: str
    item_type: str
    tracked_by: str | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Goods that no adjustment can hold as things are. `kind`: of the case that names them; `text`: the reason."""

    kind: str
    warehouseid: int
    sku: str
    quantity_milli: int
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """What the adjustments of a store-day ought to hold together, and what they cannot."""

    quantities: Quantities
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """NetSuite's items by SKU, what a kit (internal id) is made of (item, None where it is not known, and thousandths
    in one kit), and the SKUs that are no goods at all.
    """

    items: Mapping[str, StockItem]
    members: Mapping[str, Sequence[tuple[StockItem | None, int]]]
    no_goods: Collection[str]


def target(
    movements: Iterable[StoreMovement], catalogue: Catalogue, locations: Mapping[int, str], accounts: StockAccounts
) -> Target:
    """What is to be adjusted for what moved in a store.

    locations: NetSuite's location (internal id) of each Sitoo warehouse that is kept in step. Services and other items
    without stock need nothing. A kit is its members.
    """
    quantities: defaultdict[QuantityKey, int] = defaultdict(int)
    left_out = []
    for movement in movements:
        if movement.sku in catalogue.no_goods:
            continue
        found = _items(movement, catalogue)
        if isinstance(found, LeftOut):
            left_out.append(found)
            continue
        location = locations.get(movement.warehouseid)
        if found and location is None:
            text = f"Sitoo's warehouse {movement.warehouseid} stands under no location; add it to stock.warehouses"
            left_out.append(_left_out("stock_place_unknown", movement, text))
            continue
        account = _account(movement, accounts)
        if isinstance(account, LeftOut):
            left_out.append(account)
            continue
        for item, quantity_milli in found:
            of_kit = catalogue.items[movement.sku].item_type == _KIT
            key = QuantityKey(str(location), account, item.item, movement.sku, movement.kind, of_kit)
            quantities[key] += quantity_milli
    return Target({key: quantity for key, quantity in quantities.items() if quantity}, _added_up(left_out))


def _items(movement: StoreMovement, catalogue: Catalogue) -> list[tuple[StockItem, int]] | LeftOut:
    """The stocked items a movement moves, each with its thousandths; why none can be adjusted, where none can."""
    item = catalogue.items.get(movement.sku)
    if item is None:
        return _left_out(_unmatched(movement), movement, "NetSuite has no item of this SKU")
    if item.item_type == _KIT:
        members = catalogue.members.get(item.item, ())
        known = [(member, in_one) for member, in_one in members if member is not None]
        if not members or len(known) < len(members):
            text = "NetSuite shows no members of this kit, or one that is no active item with a SKU of its own"
            return _left_out(_NOT_IN_NETSUITE, movement, text)
        moved = [(member, movement.quantity_milli * in_one // 1000) for member, in_one in known]
    else:
        moved = [(item, movement.quantity_milli)]
    stocked = [(part, quantity) for part, quantity in moved if part.item_type in STOCKED]
    tracked = sorted({part.tracked_by for part, _ in stocked if part.tracked_by})
    if tracked:
        text = f"NetSuite keeps it by {' and '.join(tracked)}, which Sitoo does not tell"
        return _left_out(_TRACKED, movement, text)
    return stocked


def _account(movement: StoreMovement, accounts: StockAccounts) -> str | LeftOut:
    """The offset account; empty for what goes through the location for goods in transit."""
    if movement.kind == "abroad":
        text = (
            "it was shipped between stores of different books, to a warehouse that the estate lacks, or by a shipment "
            "that Sitoo does not show; move it there"
        )
        return _left_out(_NOT_BOOKED, movement, f"{text} by hand")
    if movement.kind == "transfer":
        if accounts.in_transit is not None:
            return ""
        text = "the books name no location for goods in transit; add `stock.in_transit` to them"
        return _left_out(_NOT_BOOKED, movement, text)
    account = accounts.offset(movement.kind, movement.reason)
    if account is None:
        text = "a supplier delivered it, and the books have no account for that; add `stock.supplied` to them"
        return _left_out(_NOT_BOOKED, movement, text)
    return account


def _added_up(left_out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """One for each kind, warehouse and SKU, with every reason; none where as much came as went."""
    total: defaultdict[tuple[str, int, str], int] = defaultdict(int)
    reasons: defaultdict[tuple[str, int, str], list[str]] = defaultdict(list)
    for entry in left_out:
        key = (entry.kind, entry.warehouseid, entry.sku)
        total[key] += entry.quantity_milli
        if entry.text not in reasons[key]:
            reasons[key].append(entry.text)
    return tuple(LeftOut(*key, quantity, "; ".join(reasons[key])) for key, quantity in total.items() if quantity)


def _unmatched(movement: StoreMovement) -> str:
    return _UNMATCHED if movement.kind in _OF_THE_TILLS else _NOT_IN_NETSUITE


def _left_out(kind: str, movement: StoreMovement, text: str) -> LeftOut:
    return LeftOut(kind, movement.warehouseid, movement.sku, movement.quantity_milli, text)


def as_posted(wanted: Target, recorded: Iterable[tuple[QuantityKey, int]], warehouses: Mapping[str, int]) -> Target:
    """The target with what was posted of SKUs that can be posted no more: it stays, and the rest of them is left out.

    A SKU that was renamed, deleted or told apart by lot later was sold all the same. warehouses: Sitoo's warehouse of
    each location. How much of a kit was posted cannot be told from its members; it is left out whole.
    """
    gone = {
        (entry.warehouseid, entry.sku)
        for entry in wanted.left_out
        if entry.kind in (_UNMATCHED, _NOT_IN_NETSUITE, _TRACKED)
    }
    quantities: defaultdict[QuantityKey, int] = defaultdict(int, wanted.quantities)
    posted: defaultdict[tuple[int | None, str], int] = defaultdict(int)
    for key, quantity in recorded:
        place = (warehouses.get(key.location), key.sku)
        if place in gone:
            quantities[key] += quantity
            posted[place] += 0 if key.of_kit else quantity
    left_out = []
    for entry in wanted.left_out:
        already = posted.pop((entry.warehouseid, entry.sku), 0)
        if entry.quantity_milli != already:
            left_out.append(replace(entry, quantity_milli=entry.quantity_milli - already))
    return Target({key: quantity for key, quantity in quantities.items() if quantity}, tuple(left_out))


def difference(wanted: Mapping[QuantityKey, int], recorded: Iterable[tuple[QuantityKey, int]]) -> Quantities:
    """Target less everything that was posted or may have been: the quantities the next documents must carry."""
    left: defaultdict[QuantityKey, int] = defaultdict(int, wanted)
    for key, quantity in recorded:
        left[key] -= quantity
    return {key: quantity for key, quantity in left.items() if quantity}


def split(quantities: Mapping[QuantityKey, int], most: int) -> list[Quantities]:
    """Documents of at most `most` lines each, items in order: one offset account and location to an adjustment, one
    location and direction to a transfer, which has no account.
    """
    groups: defaultdict[tuple[str, str, bool], list[QuantityKey]] = defaultdict(list)
    for key, quantity in quantities.items():
        groups[key.account, key.location, key.account == "" and quantity < 0].append(key)
    parts: list[Quantities] = []
    for _, keys in sorted(groups.items()):
        ordered = sorted(keys, key=lambda key: (int(key.item), key.sku, key.kind))
        for start in range(0, len(ordered), most):
            parts.append({key: quantities[key] for key in ordered[start : start + most]})
    return parts
