"""What a document is to the books: what the ledger is told, what it asks, and what it writes. Pure.

Belongs here: the types that rules and account share, conversions, and average costing. Does not belong here: what a
type of document does (`ledger.py`, `goods.py`).

Signs: a debit is positive, a credit negative; stock coming in is positive. Amounts are integers in minor units, twice:
`amount` in the subsidiary's base currency, `foreign` in the document's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from sitoo_netsuite.money import decimals, round_half_away
from sitoo_netsuite.sandbox.netsuite.values import Line, Value


class LedgerError(Exception):
    """A document that NetSuite would refuse to post."""


class UnbalancedError(LedgerError):
    """Debits and credits differ."""


class MissingValueError(LedgerError):
    """A field the document cannot do without; `label` is how NetSuite names it."""

    def __init__(self, label: str) -> None:
        super().__init__(f"{label} is missing")
        self.label = label


class InvalidValueError(LedgerError):
    """A value that makes no sense where it stands; `path` is its place in the body."""

    def __init__(self, value: object, path: str) -> None:
        super().__init__(f"{value} at {path}")
        self.value = value
        self.path = path

    @property
    def field(self) -> str:
        return self.path.rpartition(".")[2]


class MissingDetailError(LedgerError):
    """Goods that are told apart by lot, serial number or bin, on a line that does not say which.

    `line` counts from 1 within `sublist`.
    """

    def __init__(self, line: int, sublist: str) -> None:
        super().__init__(f"line {line} of {sublist} does not say which")
        self.line = line
        self.sublist = sublist


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What kind of item, and the accounts it names itself. `stocked` is true of inventory items only.

    `members`: what one kit is made of, pieces by item. `told_apart`: by lot, serial number or bin.
    """

    stocked: bool
    income: int | None = None
    cogs: int | None = None
    asset: int | None = None
    members: Mapping[int, Decimal] = field(default_factory=dict)
    told_apart: bool = False


@dataclass(frozen=True, slots=True)
class TaxFacts:
    """A tax code: its rate in basis points and the account its tax goes to."""

    rate_bp: int
    account: int


@dataclass(frozen=True, slots=True)
class Stock:
    """One item at one location. `average` is the last known average unit cost, in minor units of the base currency."""

    quantity: Decimal
    value: int
    average: Decimal


@dataclass(frozen=True, slots=True)
class SystemAccounts:
    """Where a subsidiary's documents post when they and their items name no account; internal ids.

    in_transit: goods sent from one location to another and not received. accrued_purchases: goods received and not
    billed. income: sales account by tax rate in basis points, `other_income` for any other rate.
    """

    receivables: int
    undeposited: int
    customer_deposits: int
    inventory: int
    cogs: int
    rounding: int
    other_income: int
    in_transit: int
    accrued_purchases: int
    income: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GlLine:
    """One line of a transaction. Non-posting documents have lines too; they reach no account."""

    account: int
    amount: int
    foreign: int
    item: int | None = None
    quantity: Decimal | None = None
    rate: Decimal | None = None
    location: int | None = None
    department: int | None = None
    classification: int | None = None
    entity: int | None = None
    memo: str | None = None
    number: int | None = None  # the record's `line`
    main: bool = False
    tax: bool = False
    cogs: bool = False
    moves_stock: bool = False
    order_part: str | None = None  # of a transfer order: which of the three lines made of one
    order_line: int | None = None  # and the line they are made of


@dataclass(frozen=True, slots=True)
class Movement:
    """Goods in (positive) or out. `value` in minor units of the base currency, with the quantity's sign."""

    item: int
    location: int
    quantity: Decimal
    value: int


@dataclass(frozen=True, slots=True)
class Promise:
    """What a document changes in what is to come to a location and to leave it; the goods themselves do not move.

    to_leave: ordered from it. on_order: ordered for it and not sent yet. in_transit: sent to it and not received.
    """

    item: int
    location: int
    to_leave: Decimal = Decimal(0)
    on_order: Decimal = Decimal(0)
    in_transit: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """What a fulfilment (negative) or receipt (positive) does of an order's line; `value` as in a Movement."""

    line: int
    quantity: Decimal
    value: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What has been done of an order's line: quantities and, in minor units of the base currency, values; positive."""

    sent: Decimal = Decimal(0)
    sent_value: int = 0
    received: Decimal = Decimal(0)
    received_value: int = 0


@dataclass(frozen=True, slots=True)
class Posting:
    """What a document writes. `total` is the document's total in its currency (transaction.foreigntotal)."""

    lines: tuple[GlLine, ...]
    movements: tuple[Movement, ...]
    posting: bool
    total: int
    promises: tuple[Promise, ...] = ()
    carried_out: tuple[CarriedOut, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A transaction record as the ledger sees it.

    `source_type` and `source_fields`: of its `createdFrom`, if it has one. `internal_id` is 0 where nothing can refer
    to it yet.
    """

    record_type: str
    fields: Mapping[str, Value]
    sublists: Mapping[str, Sequence[Line]]
    currency: str
    base_currency: str
    exchange_rate: Decimal = Decimal(1)
    source_type: str | None = None
    source_fields: Mapping[str, Value] = field(default_factory=dict)
    internal_id: int = 0


class Books(Protocol):
    """What the ledger needs to know of the account at the moment a document is saved."""

    def system(self, subsidiary: int) -> SystemAccounts: ...

    def item(self, item: int) -> ItemFacts: ...

    def stock(self, item: int, location: int) -> Stock: ...

    def tax(self, tax_code: int) -> TaxFacts: ...

    def total(self, transaction: int) -> int:
        """Total of another transaction, in minor units of its currency."""

    def movements(self, transaction: int) -> Sequence[Movement]: ...

    def source_line(self, transaction: int, number: int) -> Line | None:
        """A line of an order or a return authorisation, by its `line`."""

    def progress(self, transaction: int, number: int) -> Progress:
        """What has been done of a line of an order or a return authorisation."""


@dataclass(slots=True)
class Work:
    """One document being posted: conversions, and the stock as its earlier lines have left it."""

    document: Document
    books: Books
    stocks: dict[tuple[int, int], Stock] = field(default_factory=dict)
    moved: list[Movement] = field(default_factory=list)
    promised: list[Promise] = field(default_factory=list)
    carried_out: list[CarriedOut] = field(default_factory=list)

    @property
    def system(self) -> SystemAccounts:
        return self.books.system(required_id(self.document.fields["subsidiary"]))

    def asset(self, item: int) -> int:
        return self.books.item(item).asset or self.system.inventory

    def minor(self, amount: Value | None, path: str) -> int:
        """Minor units of an amount in the document's currency; more decimals than it knows are refused."""
        if amount is None:
            return 0
        scaled = Decimal(str(amount)).scaleb(decimals(self.document.currency))
        if scaled != int(scaled):
            raise InvalidValueError(amount, path)
        return int(scaled)

    def base(self, foreign: int) -> int:
        """Base-currency minor units at the document's exchange rate (base per unit of the document's currency)."""
        if self.document.currency == self.document.base_currency:
            return foreign
        places = decimals(self.document.base_currency) - decimals(self.document.currency)
        return rounded(foreign * self.document.exchange_rate.scaleb(places))

    def from_base(self, amount: int) -> int:
        if self.document.currency == self.document.base_currency:
            return amount
        places = decimals(self.document.currency) - decimals(self.document.base_currency)
        numerator, denominator = self.document.exchange_rate.as_integer_ratio()
        scale, unscale = Decimal(10) ** max(places, 0), Decimal(10) ** max(-places, 0)
        return round_half_away(amount * denominator * int(scale), numerator * int(unscale))

    def line(self, account: int, foreign: int, **about: Any) -> GlLine:
        return GlLine(account, self.base(foreign), foreign, **about)

    def dimensions(self, line: Mapping[str, Value]) -> dict[str, Any]:
        """Location, department and class of a line, or else of the document."""
        fields = self.document.fields
        return {
            "location": line.get("location", fields.get("location")),
            "department": line.get("department", fields.get("department")),
            "classification": line.get("class", fields.get("class")),
            "memo": line.get("memo", line.get("description")),
            "number": line.get("line"),
        }

    def move(self, item: int, location: int | None, quantity: Decimal, unit_cost: Decimal | None) -> int:
        """Move goods and return their value. Goods out leave at the average; goods in at `unit_cost` or the average.

        unit_cost: minor units of the base currency per unit; ignored on goods going out (NetSuite costs those).
        """
        if location is None:
            raise MissingValueError("Location")
        before = self.stocks.get((item, location)) or self.books.stock(item, location)
        if quantity < 0 and before.quantity > 0 and quantity == -before.quantity:
            value = -before.value  # the last one out takes what is left, fractions included
        elif quantity < 0 or unit_cost is None:
            value = rounded(quantity * before.average)
        else:
            value = rounded(quantity * unit_cost)
        self.stocks[item, location] = stock_after(before, quantity, value)
        self.moved.append(Movement(item, location, quantity, value))
        return value

    def cost_of_goods(self, line: Line, quantity: Decimal, unit_cost: Decimal | None) -> list[GlLine]:
        """The cost side of an item line: inventory asset against cost of goods sold. A kit's is that of its members."""
        item = required_id(line["item"])
        about = {**self.dimensions(line), "number": None}
        lines = []
        for goods, pieces in self.stocked_goods(item).items():
            # What a kit came for says nothing of its members' costs.
            cost = unit_cost if goods == item else None
            value = self.move(goods, optional_id(about["location"]), quantity * pieces, cost)
            foreign, cogs = self.from_base(value), self.books.item(goods).cogs or self.system.cogs
            lines.append(GlLine(cogs, -value, -foreign, item=goods, cogs=True, **about))
            moved = GlLine(self.asset(goods), value, foreign, item=goods, cogs=True, moves_stock=True, **about)
            lines.append(replace(moved, quantity=quantity * pieces))
        return lines

    def stocked_goods(self, item: int) -> Mapping[int, Decimal]:
        """What moves when one of an item does: itself, a kit's members, nothing of a service. Pieces by item."""
        facts = self.books.item(item)
        goods = {item: Decimal(1)} if facts.stocked else facts.members
        return {of: pieces for of, pieces in goods.items() if self.books.item(of).stocked}

    def check_detail(self, line: Line, quantity: Decimal, place: int, sublist: str) -> None:
        """Raises MissingDetailError where a line must say which lots, serial numbers or bins, of all its goods."""
        told_apart = any(self.books.item(of).told_apart for of in self.stocked_goods(required_id(line["item"])))
        if told_apart and line.get("inventoryDetail") != abs(quantity):
            raise MissingDetailError(place + 1, sublist)

    def rounding_line(self, lines: Iterable[GlLine]) -> tuple[GlLine, ...]:
        """What converting line by line leaves over in the base currency; NetSuite books it as rounding gain/loss."""
        lines = tuple(lines)
        if self.document.currency == self.document.base_currency or sum(line.foreign for line in lines) != 0:
            return ()
        left = sum(line.amount for line in lines)
        return (GlLine(self.system.rounding, -left, 0),) if left else ()

    def bank_or_undeposited(self) -> int:
        return optional_id(self.document.fields.get("account")) or self.system.undeposited


def stock_after(before: Stock, quantity: Decimal, value: int) -> Stock:
    """Stock after a movement. The average is that of what is on hand; with nothing on hand the last one is kept."""
    on_hand, worth = before.quantity + quantity, before.value + value
    average = Decimal(worth) / on_hand if on_hand > 0 and worth >= 0 else before.average
    return Stock(on_hand, worth, average)


def rounded(amount: Decimal) -> int:
    return round_half_away(*amount.as_integer_ratio())


def optional_id(value: object) -> int | None:
    return value if isinstance(value, int) else None


def required_id(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected an internal id, got {value!r}")
    return value
