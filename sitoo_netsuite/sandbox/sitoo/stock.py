"""The stock of every warehouse, while it moves: levels, and the transactions that made them.

Belongs here: the state, the lock around it, Sitoo's rules for transactions and for levels of virtual warehouses, and
what the tills move. Does not belong here: counts (`stocktaking`), shipments (`shipments`), what people do by hand
(`stockroom`), HTTP (`stock_routes`), arithmetic (`stock_levels`).

A transaction takes its id when it begins, sales and refunds when their delivery arrives, so that ids rise in the order
in which they are seen, whoever makes them. Time goes one way: with a clock that is set back, what was seen stays.

Sources: reference section 3 (types) and 4 (Warehouse items, Warehouse transactions); refusals' texts are inferred.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, time
from threading import RLock
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sitoo_netsuite.money import to_minor, to_text
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import SitooError, invalid_value
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.sitoo.handed_over import REFUND, SALES, movements, still_promised
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.stock_levels import Level, moved, opened
from sitoo_netsuite.sandbox.trade.render import decimal_text
from sitoo_netsuite.sandbox.trade.store import Handover, Seen, TradeStore
from sitoo_netsuite.sandbox.world import Warehouse, World

MOVE_IN, MOVE_OUT, STOCKTAKING = 10, 20, 50
VIRTUAL = 20  # warehousetype
# Those that cannot be posted (reference section 3).
_READ_ONLY = (SALES, REFUND, STOCKTAKING)
_FIRST_TRANSACTION, _FIRST_LOG = 70_001, 300_001
_ITEMS_PER_WAREHOUSE = 1_000_000
# Deliveries are read so many at a time: each comes with its whole order.
_HANDOVERS = 500

_TRANSACTION_SHAPE: bodies.Shape = {
    "warehouseid": bodies.whole,
    "transactiontype": bodies.whole,
    "description": bodies.text,
    "externalid": bodies.text,
    "reasoncode": bodies.text,
    "shipmentid": bodies.whole_or_null,
    "items": bodies.objects,
}
_LINE_SHAPE: bodies.Shape = {
    "sku": bodies.text,
    "decimalquantity": bodies.thousandths,
    "moneypricein": bodies.price,
}
_ITEM_SHAPE: bodies.Shape = {
    "sku": bodies.text,
    "binlocation": bodies.text,
    "decimalthreshold": bodies.thousandths,
    "decimaltotal": bodies.thousandths,
    "moneytotal": bodies.price,
}
_LEVEL_FIELDS = ("decimaltotal", "moneytotal")


class Line(NamedTuple):
    """What a transaction moves of one SKU, signed; `price_minor` None: at what the product costs."""

    sku: str
    quantity_milli: int
    price_minor: int | None = None


class Entry(NamedTuple):
    """A moved line: quantity and value moved, and what was there after."""

    warehouseitemlogid: int
    warehouseitemid: int
    sku: str
    quantity_milli: int
    price_minor: int
    value_minor: int
    total_after_milli: int
    value_after_minor: int


class Transaction(NamedTuple):
    """A warehouse transaction, which never changes. `datecreated`: epoch seconds."""

    warehousetransactionid: int
    warehouseid: int
    datecreated: int
    transactiontype: int
    entries: tuple[Entry, ...]
    description: str = ""
    orderdeliveryid: int | None = None
    shipmentid: int | None = None
    externalid: str | None = None
    reasoncode: str = ""


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """The filters of the transaction list (reference 1.4); None means not filtered.

    `from` includes its value, `to` does not (inferred for the dates, which are epoch seconds).
    """

    warehousetransactionid: Collection[int] | None = None
    warehousetransactionidfrom: int | None = None
    warehousetransactionidto: int | None = None
    datecreatedfrom: int | None = None
    datecreatedto: int | None = None
    warehouseid: int | None = None
    transactiontype: int | None = None


class _Late(NamedTuple):
    """A transaction that has its id and is there from an instant on; its entries are made then."""

    commits: int
    transaction: Transaction
    lines: Sequence[Line]


class Stock:
    """Thread-safe: requests and hands may change it at once. Raises SitooError for what Sitoo refuses."""

    def __init__(
        self, world: World, store: TradeStore, clock: SandboxClock, catalogue: Catalogue, settings: SitooSettings
    ) -> None:
        self.settings = settings
        self._store = store
        self._clock = clock
        self._catalogue = catalogue
        self._lock = RLock()
        self._warehouses = {warehouse.warehouseid: warehouse for warehouse in world.warehouses}
        self._products = {product.sku: product for product in world.products}
        self._begun = {
            site.eshopid: int(datetime.combine(world.start, time(0), tzinfo=ZoneInfo(site.time_zone)).timestamp())
            for site in world.sites
        }
        self._postable = (
            MOVE_IN, MOVE_OUT, settings.manual_in, settings.manual_out, settings.shipment_in, settings.shipment_out,
        )  # fmt: skip
        self._incoming = (MOVE_IN, settings.manual_in, settings.shipment_in)
        self._levels: dict[int, dict[str, Level]] = {warehouseid: {} for warehouseid in self._warehouses}
        self._transactions: list[Transaction] = []  # by rising id
        self._external_ids: set[str] = set()
        self._committed: list[tuple[int, Transaction]] = []  # the same as they came to be seen, with when
        self._late: deque[_Late] = deque()  # by when they commit
        self._from_tills = 0
        self._next_transaction, self._next_log = _FIRST_TRANSACTION, _FIRST_LOG
        self._seen = Seen(-1, 0)
        self._changes: Counter[int] = Counter()

    @property
    def eshopids(self) -> Collection[int]:
        return self._begun.keys()

    @property
    def warehouseids(self) -> Collection[int]:
        return self._warehouses.keys()

    def warehouse(self, warehouseid: int, eshopid: int | None = None) -> Warehouse:
        """A warehouse, of a site where one is named. Raises the 404."""
        found = self._warehouses.get(warehouseid)
        if found is None or eshopid not in (None, found.eshopid):
            raise SitooError(404)
        return found

    @contextmanager
    def at(self) -> Iterator[int]:
        """Holds stock still at the clock's now (epoch seconds), with everything the tills moved by then."""
        with self._lock:
            now = self._clock.epoch()
            self._catch_up(now)
            yield now

    # ---------------------------------------------------------------- levels

    def level(self, warehouseid: int, sku: str) -> Level:
        """What a warehouse has of a SKU; nothing where it never had any. Raises the 404 of a warehouse."""
        warehouse = self.warehouse(warehouseid)
        with self.at():
            return self._level(warehouse, sku) or Level(0, 0, self._begun[warehouse.eshopid])

    def items(
        self,
        warehouseid: int,
        skus: Collection[str] | None = None,
        modified_from: int | None = None,
        modified_to: int | None = None,
        start: int = 0,
        num: int = 10,
    ) -> tuple[int, list[Record]]:
        """How many warehouse items match, and one page of them by SKU. The first instant counts, the last does not."""
        warehouse = self.warehouse(warehouseid)
        with self.at() as now:
            opening, changed = self._store.opening_stock(warehouseid), self._levels[warehouseid]
            found = opening.keys() | changed.keys()
            if skus is not None:
                found &= frozenset(skus)
            begun = self._begun[warehouse.eshopid]
            if modified_from is not None or modified_to is not None:
                first, last = modified_from or 0, now + 1 if modified_to is None else modified_to
                found = {sku for sku in found if first <= (changed[sku].modified if sku in changed else begun) < last}
            ordered = sorted(found)
            promised = self._promised(warehouseid, now)
            page = [
                self._shown(warehouse, sku, changed.get(sku) or self._opened(warehouse, sku, opening[sku]), promised)
                for sku in ordered[start : start + num]
            ]
            return len(ordered), page

    def change_item(self, warehouseid: int, body: object) -> int:
        """A PUT of one warehouse item: its id. Levels are taken in virtual warehouses only (reference section 4)."""
        warehouse = self.warehouse(warehouseid)
        values = bodies.read(body, _ITEM_SHAPE, required=("sku",))
        with self.at() as now:
            sku = values["sku"]
            self.cost(warehouse, sku)
            if warehouse.warehousetype != VIRTUAL:
                for name in _LEVEL_FIELDS:
                    if name in values:
                        raise SitooError(400, f"Invalid value in {name} (Warehouse {warehouseid} is not virtual)")
            level = self._level(warehouse, sku) or Level(0, 0, now)
            total = values.get("decimaltotal", level.total_milli)
            worth = level.value_minor
            if "moneytotal" in values:
                worth = bodies.minor_units("moneytotal", values["moneytotal"], warehouse.currency)
            self._put(
                warehouse,
                sku,
                replace(
                    level,
                    total_milli=total,
                    value_minor=worth,
                    modified=now,
                    binlocation=values.get("binlocation", level.binlocation),
                    threshold_milli=values.get("decimalthreshold", level.threshold_milli),
                ),
            )
            return self.itemid(warehouse, sku)

    def lose(self, warehouseid: int, sku: str, quantity_milli: int) -> None:
        """Takes goods away without a trace: no transaction shows it. So it looks where an update never arrived, or was
        undone in the database.
        """
        warehouse = self.warehouse(warehouseid)
        with self.at() as now:
            level = self._level(warehouse, sku) or Level(0, 0, now)
            self._put(warehouse, sku, replace(level, total_milli=level.total_milli - quantity_milli, modified=now))

    def counted(self, warehouseid: int, skus: Iterable[str]) -> None:
        """Notes that SKUs were counted just now."""
        warehouse = self.warehouse(warehouseid)
        with self.at() as now:
            for sku in skus:
                level = self._level(warehouse, sku) or Level(0, 0, now)
                self._put(warehouse, sku, replace(level, counted=now))

    def changes(self, warehouseid: int) -> int:
        """How often levels of a warehouse were changed; what was rendered before a change no longer holds."""
        with self.at():
            return self._changes[warehouseid]

    # ---------------------------------------------------------------- transactions

    def transactions(
        self, eshopid: int, where: TransactionFilter, *, rising: bool = False, start: int = 0, num: int = 10
    ) -> tuple[int, list[Record]]:
        """How many transactions of a site match, and one page of them, the newest first unless `rising`."""
        with self.at():
            first, last = 0, len(self._transactions)
            if where.warehousetransactionidfrom is not None:
                first = self._place(where.warehousetransactionidfrom)
            if where.warehousetransactionidto is not None:
                last = self._place(where.warehousetransactionidto)
            found = [one for one in self._transactions[first:last] if self._matches(one, eshopid, where)]
            if not rising:
                found.reverse()
            return len(found), [self._shown_transaction(one) for one in found[start : start + num]]

    def transaction(self, warehousetransactionid: int) -> Record:
        """One transaction with its items. Raises the 404."""
        with self.at():
            place = self._place(warehousetransactionid)
            if self._transactions[place : place + 1]:
                found = self._transactions[place]
                if found.warehousetransactionid == warehousetransactionid:
                    return self._shown_transaction(found)
            raise SitooError(404)

    def committed(self, after: int) -> list[tuple[int, Transaction]]:
        """Those that are there by now and since when, in the order they came to be, without the first `after`."""
        with self.at():
            return self._committed[after:]

    def add(self, eshopid: int, body: object) -> int:
        """A POST of one transaction: its id."""
        values = bodies.read(body, _TRANSACTION_SHAPE, required=("warehouseid", "transactiontype", "items"))
        with self.at():
            warehouse = self._warehouses.get(values["warehouseid"])
            if warehouse is None or warehouse.eshopid != eshopid:
                raise invalid_value("warehouseid")
            kind = values["transactiontype"]
            if kind in _READ_ONLY:
                raise SitooError(400, f"Invalid value in transactiontype ({kind} is read only)")
            if kind not in self._postable:
                raise invalid_value("transactiontype")
            if not values["items"]:
                raise invalid_value("items")
            externalid = values.get("externalid") or None
            if self.settings.repeated_transaction == "refuse" and externalid in self._external_ids:
                raise invalid_value("externalid")
            return self.commit(
                warehouse.warehouseid,
                kind,
                [self._line(warehouse, kind, line) for line in values["items"]],
                description=values.get("description", ""),
                shipmentid=values.get("shipmentid"),
                externalid=externalid,
                reasoncode=values.get("reasoncode", ""),
            )

    def commit(
        self,
        warehouseid: int,
        transactiontype: int,
        lines: Sequence[Line],
        *,
        description: str = "",
        shipmentid: int | None = None,
        externalid: str | None = None,
        reasoncode: str = "",
    ) -> int:
        """Moves goods of one warehouse by one transaction, dated now: its id.

        Refused where the warehouse is virtual, a SKU has no stock, or there is less than what goes and the settings
        do not take that.
        """
        warehouse = self.warehouse(warehouseid)
        if warehouse.warehousetype == VIRTUAL:
            raise SitooError(400, f"Invalid value in warehouseid (Warehouse {warehouseid} is virtual)")
        with self.at() as now:
            for line in lines:
                self.cost(warehouse, line.sku)
            if self.settings.negative_stock == "refuse":
                self._check_enough(warehouse, lines)
            began = Transaction(
                self._take_id(),
                warehouseid,
                now,
                transactiontype,
                (),
                description=description,
                shipmentid=shipmentid,
                externalid=externalid,
                reasoncode=reasoncode,
            )
            self._commit(began, lines, now)
            return began.warehousetransactionid

    # ---------------------------------------------------------------- what the tills move

    def _catch_up(self, now: int) -> None:
        self._seen, arrived = self._store.arrived_deliveries(self._seen, now)
        ids = [delivery.orderdeliveryid for delivery in arrived]
        for first in range(0, len(ids), _HANDOVERS):
            for handover in self._store.handovers(ids[first : first + _HANDOVERS], now):
                self._hand_over(handover)
        self._commit_late(now)

    def _hand_over(self, handover: Handover) -> None:
        """The transactions of a delivery. A virtual warehouse is told what it has, so nothing is moved there."""
        self._commit_late(handover.visible_from)
        created = handover.visible_from
        if self.settings.till_transactions_dated == "handover" and handover.datedelivery is not None:
            created = handover.datedelivery
        found = movements(handover.warehouseid, handover.body, handover.order_body)
        for (warehouseid, kind), goods in found.items():
            warehouse = self._warehouses[warehouseid]
            lines = [Line(sku, milli) for sku, milli in goods.items() if self._keeps_stock(warehouse, sku)]
            if warehouse.warehousetype == VIRTUAL or not lines:
                continue
            began = Transaction(
                self._take_id(), warehouseid, created, kind, (), orderdeliveryid=handover.orderdeliveryid
            )
            self._from_tills += 1
            every = self.settings.late_commit_every
            if every is not None and self._from_tills % every == 0:
                commits = handover.visible_from + self.settings.late_commit_seconds
                self._late.append(_Late(commits, began, lines))
            else:
                self._commit(began, lines, handover.visible_from)

    def _commit_late(self, now: int) -> None:
        while self._late and self._late[0].commits <= now:
            late = self._late.popleft()
            self._commit(late.transaction, late.lines, late.commits)

    def _commit(self, began: Transaction, lines: Iterable[Line], now: int) -> None:
        warehouse = self._warehouses[began.warehouseid]
        entries = tuple(self._move(warehouse, line, now) for line in lines)
        if began.externalid is not None:
            self._external_ids.add(began.externalid)
        committed = began._replace(entries=entries)
        insort(self._transactions, committed, key=_id_of)
        self._committed.append((now, committed))

    def _move(self, warehouse: Warehouse, line: Line, now: int) -> Entry:
        price = self.cost(warehouse, line.sku) if line.price_minor is None else line.price_minor
        before = self._level(warehouse, line.sku) or Level(0, 0, now)
        after = moved(before, line.quantity_milli, price, now)
        self._put(warehouse, line.sku, after)
        self._next_log += 1
        return Entry(
            self._next_log - 1,
            self.itemid(warehouse, line.sku),
            line.sku,
            line.quantity_milli,
            price,
            after.value_minor - before.value_minor,
            after.total_milli,
            after.value_minor,
        )

    def _take_id(self) -> int:
        self._next_transaction += 1
        return self._next_transaction - 1

    # ---------------------------------------------------------------- bodies

    def _line(self, warehouse: Warehouse, kind: int, body: bodies.Body) -> Line:
        values = bodies.read(body, _LINE_SHAPE, required=("sku", "decimalquantity"))
        quantity = values["decimalquantity"]
        # A signed delta (reference section 4); that the wrong sign is refused is inferred.
        if quantity == 0 or (quantity > 0) != (kind in self._incoming):
            raise invalid_value("decimalquantity")
        price = None
        if "moneypricein" in values:
            price = bodies.minor_units("moneypricein", values["moneypricein"], warehouse.currency)
        return Line(values["sku"], quantity, price)

    def _check_enough(self, warehouse: Warehouse, lines: Iterable[Line]) -> None:
        left: dict[str, int] = {}
        for line in lines:
            level = self._level(warehouse, line.sku)
            before = left.get(line.sku, 0 if level is None else level.total_milli)
            left[line.sku] = before + line.quantity_milli
            if line.quantity_milli < 0 and left[line.sku] < 0:
                raise SitooError(400, f"Invalid value in decimalquantity (Not enough {line.sku} in stock)")

    # ---------------------------------------------------------------- one SKU

    def _keeps_stock(self, warehouse: Warehouse, sku: str) -> bool:
        with self._catalogue.site(warehouse.eshopid) as site:
            product = site.of_sku(sku)
            return product is not None and bool(product.value("stockcountenable"))

    def cost(self, warehouse: Warehouse, sku: str) -> int:
        """What a product costs. Raises the 400 of a SKU that is not there or has no stock."""
        with self._catalogue.site(warehouse.eshopid) as site:
            product = site.of_sku(sku)
            if product is None:
                raise SitooError(400, f"Invalid value in sku ({sku} not found)")
            if not product.value("stockcountenable"):
                raise SitooError(400, f"Invalid value in sku ({sku} is not kept in stock)")
            return to_minor(product.value("moneypricein"), site.currency)

    def _level(self, warehouse: Warehouse, sku: str) -> Level | None:
        level = self._levels[warehouse.warehouseid].get(sku)
        if level is None:
            quantity = self._store.opening_stock_of(warehouse.warehouseid, sku)
            return None if quantity is None else self._opened(warehouse, sku, quantity)
        return level

    def _opened(self, warehouse: Warehouse, sku: str, quantity_milli: int) -> Level:
        product = self._products.get(sku)
        price = product.cost_minor.get(warehouse.currency, 0) if product else 0
        return opened(quantity_milli, price, self._begun[warehouse.eshopid])

    def _put(self, warehouse: Warehouse, sku: str, level: Level) -> None:
        self._levels[warehouse.warehouseid][sku] = level
        self._changes[warehouse.warehouseid] += 1

    def itemid(self, warehouse: Warehouse, sku: str) -> int:
        """The id of a warehouse item: that of its place and product."""
        known = self._products.get(sku)
        if known is not None:
            return warehouse.warehouseid * _ITEMS_PER_WAREHOUSE + known.productid
        with self._catalogue.site(warehouse.eshopid) as site:
            product = site.of_sku(sku)
            return warehouse.warehouseid * _ITEMS_PER_WAREHOUSE + (product.productid if product else 0)

    def _promised(self, warehouseid: int, now: int) -> Counter[str]:
        promised: Counter[str] = Counter()
        for order, deliveries in self._store.promised(warehouseid, now):
            promised.update(still_promised(order, deliveries, now))
        return promised

    # ---------------------------------------------------------------- as Sitoo shows it

    def _shown(self, warehouse: Warehouse, sku: str, level: Level, promised: Mapping[str, int]) -> Record:
        reserved = promised.get(sku, 0)
        return {
            "warehouseitemid": self.itemid(warehouse, sku),
            "warehouseid": warehouse.warehouseid,
            "sku": sku,
            "binlocation": level.binlocation,
            "decimalthreshold": decimal_text(level.threshold_milli),
            "decimaltotal": decimal_text(level.total_milli),
            "moneytotal": to_text(level.value_minor, warehouse.currency),
            "decimalreserved": decimal_text(reserved),
            "decimalavailable": decimal_text(level.total_milli - reserved),
            "datelastmodified": level.modified,
            "datelaststocktaking": level.counted,
        }

    def _shown_transaction(self, one: Transaction) -> Record:
        currency = self._warehouses[one.warehouseid].currency
        return {
            "warehousetransactionid": one.warehousetransactionid,
            "warehouseid": one.warehouseid,
            "datecreated": one.datecreated,
            "transactiontype": one.transactiontype,
            "description": one.description,
            "orderdeliveryid": one.orderdeliveryid,
            "shipmentid": one.shipmentid,
            "externalid": one.externalid,
            "reasoncode": one.reasoncode,
            "items": [
                {
                    "warehouseitemlogid": entry.warehouseitemlogid,
                    "warehouseitemid": entry.warehouseitemid,
                    "warehousetransactionid": one.warehousetransactionid,
                    "decimalquantity": decimal_text(entry.quantity_milli),
                    "decimaltotal": decimal_text(entry.total_after_milli),
                    "moneypricein": to_text(entry.price_minor, currency),
                    "moneytotal": to_text(entry.value_after_minor, currency),
                    "moneyvalue": to_text(entry.value_minor, currency),
                    "sku": entry.sku,
                }
                for entry in one.entries
            ],
        }

    def _matches(self, one: Transaction, eshopid: int, where: TransactionFilter) -> bool:
        return (
            self._warehouses[one.warehouseid].eshopid == eshopid
            and (where.warehouseid is None or one.warehouseid == where.warehouseid)
            and (where.transactiontype is None or one.transactiontype == where.transactiontype)
            and (where.datecreatedfrom is None or one.datecreated >= where.datecreatedfrom)
            and (where.datecreatedto is None or one.datecreated < where.datecreatedto)
            and (where.warehousetransactionid is None or one.warehousetransactionid in where.warehousetransactionid)
        )

    def _place(self, warehousetransactionid: int) -> int:
        return bisect_left(self._transactions, warehousetransactionid, key=_id_of)


def _id_of(transaction: Transaction) -> int:
    return transaction.warehousetransactionid
