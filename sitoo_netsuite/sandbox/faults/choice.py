"""Which receipt, Z-report or store-day each fault is done to.

Belongs here: the choice, from what somebody wished for and the seed. Does not belong here: doing it (`planting`,
`by_hand`), products and customers (`master_data`).

Faults keep out of each other's way: each has a till session of its own where there are enough, no Z-report bears two
faults, and what is done to a posted journal is done on a store-day that no fault keeps out of the books. What a wish
names is taken as it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple, TypeVar

from sitoo_netsuite.money import to_minor
from sitoo_netsuite.sandbox.faults.catalogue import TYPICAL, DataFault, Target
from sitoo_netsuite.sandbox.faults.file import NothingLeftError, Wish
from sitoo_netsuite.sandbox.faults.tills import Json, StoreDay, Tills, is_goods, is_till_sale, row_of_goods
from sitoo_netsuite.sandbox.netsuite.values import is_external_id
from sitoo_netsuite.sandbox.server import SandboxError
from sitoo_netsuite.sandbox.trade.store import TillSession
from sitoo_netsuite.sandbox.world import Shop, World, next_of_the_subsidiary

# What is done to posted journals takes about so long to be done and seen (`by_hand`).
_TO_SEE_IT = timedelta(days=2)
_DEFAULT_AMOUNT = (10, 500)  # units of the currency
# Faults of receipts, Z-reports, store-days, shops and their stock.
_OF_THE_TRADE = tuple(fault for fault in TYPICAL if not fault.of_master_data)
_OF_DAYS = tuple(fault for fault in _OF_THE_TRADE if fault.target is not Target.SHELF)
# What `our_external_id` makes.
_OUR_JOURNAL = re.compile(r"JE-(?P<store>.+)-(?P<day>\d{8})-(?P<currency>[A-Z]{3})-\d+")
_OUR_ADJUSTMENT = re.compile(r"IA-(?P<store>.+)-(?P<day>\d{8})-\d+")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Choice:
    """A fault and what it is done to. `order` is set for a receipt, `session` for a receipt and a Z-report; `place` is
    that of the receipt's row or payment, `record` the external id somebody named, or the SKU of a store's stock.
    `store` is None for a shop that the estate lacks.
    """

    fault: DataFault
    store: str | None
    trading_day: date
    amount_minor: int
    order: Json | None = None
    place: int = 0
    session: TillSession | None = None
    record: str | None = None


def our_external_id(shop: Shop, trading_day: date, number: int, target: Target = Target.DOCUMENT) -> str:
    """The external id that the retailer's integration gives a store-day's nth journal, or inventory adjustment."""
    if target is Target.ADJUSTMENT:
        return f"IA-{shop.key}-{trading_day:%Y%m%d}-{number}"
    return f"JE-{shop.key}-{trading_day:%Y%m%d}-{shop.currency}-{number}"


def typical(world: World, tills: Tills) -> tuple[list[Choice], list[str]]:
    """One of each data fault that is done to the trade, and the names of those it is too small for."""
    chooser = _Chooser(world, tills, ())
    choices, left_out = [], []
    # Those that keep days out of the books first: what is done to journals needs the other days.
    for fault in sorted(_OF_THE_TRADE, key=lambda fault: (not fault.holds, not fault.by_hand, fault.target.name)):
        try:
            choices.append(chooser.choose(Wish(fault, fault.name), alone=True))
        except NothingLeftError:
            left_out.append(fault.name)
    return choices, left_out


def wished_for(world: World, tills: Tills, wishes: Iterable[Wish], taken: Collection[str]) -> list[Choice]:
    """What each wish of a FILE is done to; those that say most are chosen for first.

    taken: SKUs and barcodes of products that are named for another fault. Raises SandboxError naming the entry when the
    trade holds nothing it could be done to.
    """
    chooser = _Chooser(world, tills, taken)
    choices = []
    for wish in sorted(wishes, key=lambda wish: (wish.record is None, wish.trading_day is None, wish.store is None)):
        try:
            choices.append(chooser.choose(wish, alone=False))
        except NothingLeftError as error:
            raise SandboxError(f"{wish.asked_as}: {error}") from None
    return choices


class _Found(NamedTuple):
    """A till session that a fault could be done in, and the receipt for one that is done to a receipt."""

    session: TillSession
    store_day: StoreDay  # of the case
    order: Json | None = None
    place: int = 0


class _Chooser:
    def __init__(self, world: World, tills: Tills, taken: Collection[str]) -> None:
        self._world = world
        self._tills = tills
        self._taken = {name.casefold() for name in taken}
        self._products = {product.sku: product for product in world.products}
        self._draw = Random(f"{world.seed}/faults")
        self._shops = {shop.key: shop for shop in world.shops}
        self._last_day = world.start + timedelta(days=world.days - 1)
        # Faults that keep days out of the books share them where each of all faults could not have two of its own.
        self._is_small = len(world.shops) * world.days < 2 * len(_OF_DAYS)
        self._sessions: dict[tuple[str, int], list[DataFault]] = {}  # with the faults in them
        self._orders: set[int] = set()
        self._held: set[StoreDay] = set()
        self._journals: set[StoreDay] = set()  # that a fault needs to be posted
        self._documents: set[str] = set()  # external ids of journals that bear a fault
        self._faults_on: Counter[StoreDay] = Counter()
        self._shelves: set[str] = set()  # SKUs whose stock bears a fault

    def choose(self, wish: Wish, alone: bool) -> Choice:
        """What the wish is done to. alone: only what no other fault could hide. Raises NothingLeftError."""
        fault = wish.fault
        if wish.store is not None and wish.store not in self._shops:
            raise NothingLeftError(f"there is no store {wish.store}; there are {', '.join(self._shops)}")
        if wish.trading_day is not None and not self._world.start <= wish.trading_day <= self._last_day:
            raise NothingLeftError(f"{wish.trading_day} is not in the trade of {self._world.start}..{self._last_day}")
        amount = wish.amount_minor or self._draw.randrange(*_DEFAULT_AMOUNT) * 100
        if fault.target is Target.SHOP:
            day = wish.trading_day or self._world.start + timedelta(days=self._draw.randrange(self._world.days))
            return Choice(fault, None, day, amount)
        if fault.target in (Target.DOCUMENT, Target.ADJUSTMENT, Target.STORE_DAY):
            store, day = self._store_day(wish, alone)
            return Choice(fault, store, day, amount, record=wish.record)
        if fault.target is Target.SHELF:
            return self._on_a_shelf(wish)
        found = self._in_a_session(wish, alone)
        self._take(found, fault)
        store, day = found.store_day
        return Choice(fault, store, day, amount, found.order, found.place, found.session)

    # ---------------------------------------------------------------- stock

    def _on_a_shelf(self, wish: Wish) -> Choice:
        """A SKU of stocked goods that both systems know, at a store that is asked for, or any; each SKU once."""
        stocked = [
            product.sku
            for product in self._world.products
            if product.item_type == "InvtPart" and product.netsuite_item is not None and product.told_apart_by is None
        ]
        free = [sku for sku in stocked if sku not in self._shelves and sku.casefold() not in self._taken]
        shops = [
            shop
            for shop in self._world.shops
            if wish.store in (None, shop.key)
            and (
                wish.fault.name != "transfer_in_netsuite" or next_of_the_subsidiary(self._world.shops, shop) is not None
            )
        ]
        if wish.record is not None and wish.record not in stocked:
            raise NothingLeftError(f"{wish.record} is no SKU of stocked goods that both systems know")
        if not shops or not (wish.record or free):
            raise NothingLeftError(f"no {wish.fault.target.value} {_asked(wish)}is left to do it to")
        sku, shop = wish.record or self._draw.choice(free), self._draw.choice(shops)
        day = wish.trading_day or self._world.start + timedelta(days=self._draw.randrange(self._world.days))
        self._shelves.add(sku)
        return Choice(wish.fault, shop.key, day, 0, record=sku)

    # ---------------------------------------------------------------- store-days

    def _store_day(self, wish: Wish, alone: bool) -> StoreDay:
        """A store-day that is posted, and of which no other fault harms the same document."""
        is_adjustment = wish.fault.target is Target.ADJUSTMENT
        candidates = {self._tills.closing_day(session) for session in self._tills.sessions.values()}
        candidates = {store_day for store_day in candidates if _agrees(wish, store_day)}
        if wish.record is not None:
            named = (_OUR_ADJUSTMENT if is_adjustment else _OUR_JOURNAL).fullmatch(wish.record)
            ours = wish.fault.case_kind != "foreign_posting"
            if ours != bool(named) or not is_external_id(wish.record):
                example = "IA-S01-20260303-1" if is_adjustment else "JE-S01-20260303-SEK-1"
                wanted = f"one of ours such as {example}" if ours else "one that is not ours such as HAND-1"
                raise NothingLeftError(f"{wish.record} is no external id this can be done to; name {wanted}")
            if named:
                candidates = {store_day for store_day in candidates if _names(named, store_day)}
        # What is entered by hand is a document of its own; it only has to be on a day whose books are looked at.
        is_new = wish.fault.target is Target.STORE_DAY
        if not is_new:
            candidates = {
                store_day for store_day in candidates if self._document(wish, store_day) not in self._documents
            }
        free = candidates - self._held - (set() if is_new or is_adjustment else self._journals)
        if not candidates or (alone and not free):
            raise NothingLeftError(f"no store-day {_asked(wish)}is left to do it on")

        def disorder(store_day: StoreDay) -> tuple[bool, int]:
            return self._is_late(store_day), self._faults_on[store_day]

        store_day = self._ranked(sorted(free or candidates), disorder)[0]
        if not is_new:
            self._journals.add(store_day)
            self._documents.add(self._document(wish, store_day))
        self._faults_on[store_day] += 1
        return store_day

    def _document(self, wish: Wish, store_day: StoreDay) -> str:
        """The external id of the document a wish is about: the one it names, or the first of the store-day."""
        store, day = store_day
        return wish.record or our_external_id(self._shops[store], day, 1, wish.fault.target)

    # ---------------------------------------------------------------- receipts and Z-reports

    def _in_a_session(self, wish: Wish, alone: bool) -> _Found:
        fault = wish.fault

        def disorder(session: TillSession) -> tuple[int, bool, bool, int]:
            days = self._tills.days(session)
            takes_a_day = self._is_small and fault.holds and not days <= self._held
            faults = sum(self._faults_on[store_day] for store_day in days)
            return self._conflicts(session, fault), takes_a_day, self._is_slow(session, fault), faults

        for session in self._ranked(self._sessions_for(wish), disorder):
            if alone and self._conflicts(session, fault):
                break
            found = None if self._bears_too_much(session, fault) else self._found_in(session, wish)
            if found is not None:
                return found
        raise NothingLeftError(f"no {fault.target.value} {_asked(wish)}is left to do it to")

    def _sessions_for(self, wish: Wish) -> list[TillSession]:
        """The sessions that the wish leaves to choose from."""
        record = wish.record
        if record is None:
            return [
                session
                for session in self._tills.sessions.values()
                if any(_agrees(wish, store_day) for store_day in self._tills.days(session))
            ]
        if "/" in record:
            register, _, number = record.rpartition("/")
            session = self._tills.sessions.get((register, int(number))) if number.isdecimal() else None
        else:
            order = self._tills.order(int(record)) if record.isdecimal() else None
            known = order is not None and wish.fault.target is Target.RECEIPT and is_till_sale(order)
            session = self._tills.session_of(order) if order is not None and known else None
        if session is None:
            raise NothingLeftError(f"the trade has no {wish.fault.target.value} {record}")
        return [session]

    def _found_in(self, session: TillSession, wish: Wish) -> _Found | None:
        """What the wish is done to in a session; None when nothing there fits."""
        fault, receipts = wish.fault, self._tills.receipts(session)
        closing_day = self._tills.closing_day(session)
        if fault.case_kind == "z_missing":
            # Nobody misses a Z-report that had nothing to report.
            last = max(receipts, key=lambda order: order["orderdate"], default=None)
            fitting = [_Found(session, self._tills.day_of(last))] if last else []
        elif fault.target is Target.Z_REPORT:
            fitting = [_Found(session, closing_day)]
        else:
            fitting = [
                _Found(session, closing_day if fault.about_z else self._tills.day_of(order), order, place)
                for order in self._draw.sample(receipts, len(receipts))
                if order["orderid"] not in self._orders and (place := self._place(fault, order)) is not None
            ]
        return next((found for found in fitting if _agrees(wish, found.store_day) and self._fits(wish, found)), None)

    def _fits(self, wish: Wish, found: _Found) -> bool:
        """Whether it is the receipt that was named, or any plain one where none was; what comes back is never plain."""
        if found.order is None or wish.record == str(found.order["orderid"]):
            return True
        if wish.fault.name == "returned_elsewhere":
            return wish.record is None or "/" in wish.record
        return (wish.record is None or "/" in wish.record) and self._tills.is_plain(found.order)

    def _place(self, fault: DataFault, order: Json) -> int | None:
        """The row or payment that a fault is done to; 0 where it is to neither, None where the receipt has none."""
        if fault.name in ("sku_not_in_netsuite", "unmapped_vat_rate"):
            return row_of_goods(order)
        if fault.name == "sku_kept_by_lot":
            return self._row_of_stocked_goods(order, came_back=False)
        if fault.name == "returned_elsewhere":
            return self._row_of_stocked_goods(order, came_back=True)
        if fault.name == "wrong_price":
            return self._row_at_its_price(order) if self._tills.is_plain(order) else None
        if fault.name not in ("unmapped_tender", "amended_after_posting"):
            return 0
        place = next(iter(self._tills.money_payments(order)), None)
        if place is None or fault.name == "unmapped_tender":
            return place
        payment = order["payments"][place]
        # It is moved to an invoice.
        return None if self._tills.is_cash(order, payment) or payment["name"] == "Invoice" else place

    def _row_of_stocked_goods(self, order: Json, came_back: bool) -> int | None:
        """The first row of stocked goods by the piece that NetSuite has too, and that were sold, or came back."""
        for place, item in enumerate(order["orderitems"]):
            product = self._products[item["sku"]]
            if is_goods(product) and product.netsuite_item is not None and (item["quantity"] < 0) == came_back:
                return place
        return None

    def _row_at_its_price(self, order: Json) -> int | None:
        """The first row of stocked goods by the piece, sold at the list price, of a product that is not taken."""
        currency = order["currencycode"]
        for place, item in enumerate(order["orderitems"]):
            product = self._products[item["sku"]]
            gross = to_minor(item["moneyitemtotal_net"], currency) + to_minor(item["moneyitemtotal_vat"], currency)
            if (
                is_goods(product)
                and not self._taken & {product.sku.casefold(), product.barcode}
                and gross == item["quantity"] * product.price_minor[currency]
                and to_minor(item["moneydiscount"], currency) == 0
            ):
                return place
        return None

    def _take(self, found: _Found, fault: DataFault) -> None:
        session, days = found.session, self._tills.days(found.session)
        if not fault.shares:
            self._sessions.setdefault((session.registerid, session.zreportid), []).append(fault)
        if found.order is not None:
            self._orders.add(found.order["orderid"])
        if fault.holds:
            self._held |= days
        if fault.by_hand:
            self._journals |= days
        self._faults_on.update(days)

    # ---------------------------------------------------------------- what gets in whose way

    def _bears_too_much(self, session: TillSession, fault: DataFault) -> bool:
        """Whether a fault would no longer be told apart from what its till session bears already."""
        others = self._sessions.get((session.registerid, session.zreportid), [])
        return any((fault.about_z and other.holds) or (fault.holds and other.about_z) for other in others)

    def _conflicts(self, session: TillSession, fault: DataFault) -> int:
        """How much a fault in a session would get in the way of the others; 0 when it would not."""
        days = self._tills.days(session)
        beside = [(session.registerid, session.zreportid + step) for step in (-1, 1)]
        return sum(
            (
                2 * (not fault.shares and (session.registerid, session.zreportid) in self._sessions),
                fault.holds and bool(days & self._journals),
                fault.by_hand and bool(days & self._held),
                # Of two Z-reports in a row that are missing, nobody can tell how many they are.
                fault.case_kind == "z_missing"
                and any(other.case_kind == "z_missing" for key in beside for other in self._sessions.get(key, [])),
            )
        )

    def _is_slow(self, session: TillSession, fault: DataFault) -> bool:
        """Whether the fault would be seen only after the trade has ended."""
        if fault.case_kind == "z_missing":
            return self._tills.following(session) is None
        return fault.by_hand and self._is_late(self._tills.closing_day(session))

    def _is_late(self, store_day: StoreDay) -> bool:
        return store_day[1] + _TO_SEE_IT > self._last_day

    def _ranked(self, candidates: Sequence[T], disorder: Callable[[T], Any]) -> list[T]:
        """Candidates, those with the least disorder first, in an order of the seed where they are alike."""
        return sorted(self._draw.sample(candidates, len(candidates)), key=disorder)


def _agrees(wish: Wish, store_day: StoreDay) -> bool:
    return wish.store in (None, store_day[0]) and wish.trading_day in (None, store_day[1])


def _names(external_id: re.Match[str], store_day: StoreDay) -> bool:
    store, day = store_day
    return external_id["store"] == store and external_id["day"] == f"{day:%Y%m%d}"


def _asked(wish: Wish) -> str:
    """What a wish names, as words in a message."""
    words = [wish.record, wish.store and f"of {wish.store}", wish.trading_day and f"on {wish.trading_day}"]
    return "".join(f"{word} " for word in words if word)
