"""The verdict on quantities: what moved on one side, less what the other side was told, less what is rightly held.

Belongs here: adding up goods by store-day, transaction and position, weighing what the plan says of them. Does not
belong here: reading raw records (`goods`), HTTP (`sitoo_side`, `ledger_side`), money (`judging`).

Three things are judged, each in full, and none cancels another:

- the tills' way: per store-day and item, what the till sales moved, and what was moved in Sitoo by hand, against what
  our inventory adjustments of that store-day hold;
- NetSuite's way: per transaction that is not ours and SKU, what it moved against the warehouse transactions that
  repeat it in Sitoo;
- levels: per position, Sitoo's total against NetSuite's on hand, less what has moved in one of them alone since the
  go-live: what no movement accounts for.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sitoo_netsuite.oracle.estate_file import EstateFacts, Place, Shop
from sitoo_netsuite.oracle.figures import thousandths
from sitoo_netsuite.oracle.goods import SitooTransaction, goods_of
from sitoo_netsuite.oracle.ledger_side import Item, Movement
from sitoo_netsuite.oracle.records import Raw

# Inventory adjustments, and transfers by way of the location for goods in transit.
_OURS = re.compile(r"I[AT]-([A-Za-z0-9_]+)-(\d{8})-\d+")
_STOCKED = ("InvtPart", "Assembly")
_KIT = "Kit"
_UNMATCHED = ("unmatched_sku", "stock_sku_missing_in_netsuite")
_TRACKED, _NO_PLACE, _TO_APPROVE = "stock_item_tracked", "stock_place_unknown", "stock_movement_to_approve"
_NOT_BOOKED = "stock_shipment_not_booked"
# What a person said is not told: nobody else can tell, but only of what people moved.
_LEFT = "left_by_a_person"

StoreDay = tuple[str, date]


@dataclass(frozen=True, slots=True)
class StockDifference:
    """One SKU on which the two sides differ, in thousandths. `about`: the store-day, transaction or level it is of."""

    store: str
    about: str
    sku: str
    expected_milli: int
    held_milli: int


@dataclass(frozen=True, slots=True)
class StockVerdict:
    """`unexplained_milli`: the sum of all differences without their sign. `named_milli`: what is held by names that the
    oracle accepts, `refused_names` in words. `positions`: how many levels were compared.
    """

    unexplained_milli: int = 0
    differences: tuple[StockDifference, ...] = ()
    named_milli: int = 0
    refused_names: tuple[str, ...] = ()
    positions: int = 0


@dataclass(frozen=True, slots=True)
class Catalogue:
    """NetSuite's items by internal id, and what kits are made of: items, and thousandths of each in one kit."""

    items: Mapping[str, Item]
    members: Mapping[str, list[tuple[str, int]]]


class StockReckoning:
    """Adds up what is heard of goods, then gives the verdict. Knows nothing of HTTP.

    `warehouses` says from which one a register sells. Hear the catalogue before movements and levels.
    """

    def __init__(
        self, facts: EstateFacts, warehouses: Mapping[str, int], days: tuple[date, date], plan: Mapping[str, Any]
    ) -> None:
        self._facts = facts
        self._warehouses = warehouses
        self._first, self._last = days
        self._plan = plan
        self._catalogue = Catalogue({}, {})
        self._by_sku: dict[str, Item] = {}
        # By store, trading day, warehouse and SKU.
        self._moved: Counter[tuple[str, date, int, str]] = Counter()
        # Of it, what people moved other than at a till, movement by movement: its kind, and how much.
        self._by_people: defaultdict[tuple[str, date, int, str], list[tuple[str, int]]] = defaultdict(list)
        # By store, trading day, location and item (internal id).
        self._adjusted: Counter[tuple[str, date, str, str]] = Counter()
        self._shipped: set[tuple[int, str]] = set()  # by warehouse and SKU
        # By NetSuite's transaction, warehouse and SKU.
        self._in_netsuite: Counter[tuple[int, int, str]] = Counter()
        self._pushed: Counter[tuple[int, int, str]] = Counter()
        self._levels: dict[tuple[int, str], list[int]] = {}
        # SKUs that Sitoo lists anywhere, by books; what NetSuite has and Sitoo does not list, by books, warehouse, SKU.
        self._listed: defaultdict[str, set[str]] = defaultdict(set)
        self._not_listed: dict[tuple[str, int, str], int] = {}
        # What moved in Sitoo less what moved in NetSuite, by warehouse and SKU.
        self._ahead: Counter[tuple[int, str]] = Counter()
        self._documents: Mapping[str, bool] = {}
        self._differences: list[StockDifference] = []
        self._refused: list[str] = []
        self._named = 0

    # ------------------------------------------------------------ hearing

    def hear_catalogue(self, items: Iterable[Item], members: Mapping[str, list[tuple[str, int]]]) -> None:
        """NetSuite's items."""
        by_id = {item.item: item for item in items}
        self._catalogue = Catalogue(by_id, members)
        counts = Counter(item.sku for item in by_id.values())
        self._by_sku = {item.sku: item for item in by_id.values() if counts[item.sku] == 1}

    def hear_sale(self, shop: Shop, order: Raw) -> None:
        """The raw order of a till sale of a shop. Raises KeyError, TypeError or ValueError where it cannot be read."""
        for moved in goods_of(order, self._warehouses[order["registerid"]], self._facts):
            day = shop.trading_day(moved.moment)
            if self._follows(shop, day) and moved.sku not in self._facts.special:
                self._moved[shop.key, day, moved.warehouse, moved.sku] += moved.milli

    def hear_transaction(self, transaction: SitooTransaction) -> None:
        """A warehouse transaction of a place of the estate, made since its store's go-live."""
        shop = self._facts.shops[self._facts.places[transaction.warehouse].store]
        for sku, milli in transaction.goods:
            self._ahead[transaction.warehouse, sku] += milli
            if transaction.pushed is not None:
                self._pushed[transaction.pushed, transaction.warehouse, sku] += milli
            elif not transaction.of_the_tills:
                key = (shop.key, shop.trading_day(transaction.moment), transaction.warehouse, sku)
                self._moved[key] += milli
                self._by_people[key].append((transaction.kind, milli))
                if transaction.shipment is not None:
                    self._shipped.add((transaction.warehouse, sku))

    def hear_movement(self, place: Place, movement: Movement) -> None:
        """A line that moved goods in NetSuite at a place, dated on or after its store's go-live."""
        item = self._catalogue.items[movement.item]
        self._ahead[place.warehouse, item.sku] -= movement.milli
        name = _OURS.fullmatch(movement.external_id or "")
        if name is not None:
            self._adjusted[name[1], date.fromisoformat(name[2]), place.location, movement.item] += movement.milli
        # What an adjustment moves for a kit is told to Sitoo, which moved the kit and not its parts.
        is_of_kit = movement.memo != "" and movement.memo.rpartition(" ")[2] != item.sku
        if item.for_tills and (name is None or is_of_kit):
            self._in_netsuite[movement.transaction, place.warehouse, item.sku] += movement.milli

    def documents_named(self) -> list[str]:
        """The external ids that the plan names: `hear_documents` wants to know which of them exist."""
        return sorted({entry["record"] for entry in self._plan.get("stock_named", ())})

    def hear_documents(self, changed: Mapping[str, bool]) -> None:
        """Which of `documents_named` NetSuite holds, and whether each was changed after it was made."""
        self._documents = changed

    def hear_levels(self, place: Place, in_sitoo: Mapping[str, int], in_netsuite: Mapping[str, int]) -> None:
        """What a place has now: by SKU in Sitoo, by item (internal id) in NetSuite; stocked items of both alone.

        What Sitoo does not list at a place, but at another one of its books, has nothing there.
        """
        books = self._facts.shops[place.store].subsidiary
        self._listed[books] |= in_sitoo.keys()
        for sku, total in in_sitoo.items():
            item = self._by_sku.get(sku)
            if item is not None and item.item_type in _STOCKED and item.for_tills:
                self._levels[place.warehouse, sku] = [total, in_netsuite.get(item.item, 0)]
        for item_id, on_hand in in_netsuite.items():
            item = self._catalogue.items.get(item_id)
            if item is None or not on_hand or item.sku not in self._by_sku or item.sku in in_sitoo:
                continue
            if item.item_type in _STOCKED and item.for_tills:
                self._not_listed[books, place.warehouse, item.sku] = on_hand

    # ------------------------------------------------------------ judging

    def verdict(self, held_days: Collection[StoreDay]) -> StockVerdict:
        """The verdict on everything heard. held_days: whose money is rightly held, and their goods with it."""
        self._judge_store_days(held_days)
        self._judge_transactions()
        self._judge_levels()
        return StockVerdict(
            unexplained_milli=sum(abs(entry.expected_milli - entry.held_milli) for entry in self._differences),
            differences=tuple(self._differences),
            named_milli=self._named,
            refused_names=tuple(self._refused),
            positions=len(self._levels),
        )

    def _judge_store_days(self, held_days: Collection[StoreDay]) -> None:
        left_out, changed = self._accepted_left_out(), self._accepted_changes()
        expected: Counter[tuple[str, date, str, str]] = Counter()
        for key, moved in self._moved.items():
            store, day, warehouse, sku = key
            milli = moved - left_out[key]
            item, place = self._by_sku.get(sku), self._facts.places.get(warehouse)
            parts = None if item is None else self._parts(item, milli)
            if parts == [] or not milli:
                continue
            if parts is not None and place is not None:
                for part, quantity in parts:
                    expected[store, day, place.location, part] += quantity
            elif self._is_judged(store, day, held_days):
                self._differ(store, f"goods of {day}", sku, milli, 0)
        for cell in sorted(expected.keys() | self._adjusted.keys() | changed.keys()):
            store, day, _, item_id = cell
            held = self._adjusted[cell] - changed[cell]
            if expected[cell] != held and self._is_judged(store, day, held_days):
                sku = self._catalogue.items[item_id].sku
                self._differ(store, f"adjustments of {day}", sku, expected[cell], held)

    def _judge_transactions(self) -> None:
        waiting: Counter[tuple[int, int, str]] = Counter()
        for entry in self._plan.get("stock", ()):
            if entry["transaction"] is not None:
                for sku, quantity in entry["skus"].items():
                    waiting[int(entry["transaction"]), int(entry["warehouse"]), sku] += thousandths(str(quantity))
        for key in sorted(self._in_netsuite.keys() | self._pushed.keys()):
            transaction, warehouse, sku = key
            moved, pushed, named = self._in_netsuite[key], self._pushed[key], waiting[key]
            if moved - pushed == named:
                self._named += abs(named)
            else:
                store = self._facts.places[warehouse].store
                self._differ(store, f"NetSuite transaction {transaction}", sku, moved, pushed)

    def _judge_levels(self) -> None:
        named = {
            (int(entry["warehouse"]), entry["sku"]): int(entry["quantity_milli"])
            for entry in self._plan.get("stock_variances", ())
        }
        for (books, warehouse, sku), on_hand in self._not_listed.items():
            if sku in self._listed[books]:
                self._levels[warehouse, sku] = [0, on_hand]
        for position, (in_sitoo, in_netsuite) in sorted(self._levels.items()):
            warehouse, sku = position
            expected, variance = in_netsuite + self._ahead[position], named.get(position, 0)
            if in_sitoo - expected == variance:
                self._named += abs(variance)
            else:
                store = self._facts.places[warehouse].store
                self._differ(store, f"level of warehouse {warehouse}", sku, expected, in_sitoo)

    # ------------------------------------------------------------ what the plan names

    def _accepted_left_out(self) -> Counter[tuple[str, date, int, str]]:
        """What is left out of adjustments for a cause that the oracle finds too, by store, trading day, warehouse and
        SKU.
        """
        named: defaultdict[tuple[str, date, int, str], Counter[str]] = defaultdict(Counter)
        for entry in self._plan.get("stock_left_out", ()):
            key = (entry["store"], date.fromisoformat(entry["trading_day"]), int(entry["warehouse"]), entry["sku"])
            named[key][entry["kind"]] += int(entry["quantity_milli"])
        accepted: Counter[tuple[str, date, int, str]] = Counter()
        for key, kinds in named.items():
            store, day, _warehouse, sku = key
            milli = sum(kinds.values())
            if untrue := [kind for kind in kinds if not self._is_so(kind, key, kinds[kind])]:
                self._refused.append(f"{sku} of {store} {day} is left out as {untrue[0]}, but that is not so")
            elif not kinds.keys() <= {_TO_APPROVE, _LEFT} and milli != self._moved[key]:
                # Any other cause is the SKU's, and so one of all that moved of it.
                self._refused.append(f"{sku} of {store} {day} moved {self._moved[key]}, not {milli} thousandths")
            else:
                accepted[key] = milli
                self._named += abs(milli)
        return accepted

    def _is_so(self, kind: str, key: tuple[str, date, int, str], milli: int) -> bool:
        *_, warehouse, sku = key
        item = self._by_sku.get(sku)
        if kind in _UNMATCHED:
            return item is None or (item.item_type == _KIT and not self._catalogue.members.get(item.item))
        if kind == _TRACKED:
            parts = [] if item is None else self._parts(item, 1000) or []
            return any(self._catalogue.items[part].tracked for part, _ in parts)
        if kind in (_TO_APPROVE, _LEFT):
            # Some movements may wait, or be left, while others of the SKU do not.
            may_be = [moved for of, moved in self._by_people[key] if kind == _LEFT or of in self._facts.may_wait]
            return bool(may_be) and milli in _sums(may_be)
        if kind == _NOT_BOOKED:
            return (warehouse, sku) in self._shipped
        return kind == _NO_PLACE and warehouse not in self._facts.places

    def _accepted_changes(self) -> Counter[tuple[str, date, str, str]]:
        """What adjustments hold more than was sent, by store, trading day, location and item, as the plan says it of
        documents that were changed or are gone.
        """
        changes: Counter[tuple[str, date, str, str]] = Counter()
        for entry in self._plan.get("stock_named", ()):
            record, day = entry["record"], date.fromisoformat(entry["trading_day"])
            name = _OURS.fullmatch(record)
            if name is None or (name[1], date.fromisoformat(name[2])) != (entry["store"], day):
                self._refused.append(f"{record} is no name of an adjustment of {entry['store']} {day}")
            elif self._documents.get(record) is False:
                self._refused.append(f"{record} is named as {entry['kind']}, but it was not changed since it was made")
            else:
                for line in entry["lines"]:
                    changes[entry["store"], day, line["location"], line["item"]] += int(line["quantity_milli"])
                    self._named += abs(int(line["quantity_milli"]))
        return changes

    # ------------------------------------------------------------ look-ups

    def _parts(self, item: Item, milli: int) -> list[tuple[str, int]] | None:
        """The stocked items (internal ids) that so much of an item moves; None where nobody can tell."""
        if item.item_type == _KIT:
            members = self._catalogue.members.get(item.item)
            if not members:
                return None
            return [
                (part, milli * in_one // 1000)
                for part, in_one in members
                if self._catalogue.items[part].item_type in _STOCKED
            ]
        return [(item.item, milli)] if item.item_type in _STOCKED else []

    def _is_judged(self, store: str, day: date, held_days: Collection[StoreDay]) -> bool:
        return self._first <= day <= self._last and (store, day) not in held_days

    def _follows(self, shop: Shop, day: date) -> bool:
        return shop.stock_go_live is not None and day >= shop.stock_go_live

    def _differ(self, store: str, about: str, sku: str, expected: int, held: int) -> None:
        self._differences.append(StockDifference(store, about, sku, expected, held))


def _sums(quantities: Iterable[int]) -> set[int]:
    """What any of the quantities come to together."""
    sums = {0}
    for quantity in quantities:
        sums |= {known + quantity for known in sums}
    return sums
