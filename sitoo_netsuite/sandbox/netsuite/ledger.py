"""What a document does to the books: balanced debits and credits out, and the stock that moves. Pure.

Belongs here: the posting rules of every transaction type and average costing. Does not belong here: HTTP, where
documents are kept, periods, numbering.

Signs: a debit is positive, a credit negative; stock coming in is positive. Amounts are integers in minor units, twice:
`amount` in the subsidiary's base currency, `foreign` in the document's. Every posting sums to zero in both.

Who moves stock (the design's table): cash sale, cash refund, stand-alone credit memo, item receipt, item fulfilment,
inventory adjustment, inventory transfer. Who does not: journal, return authorisation, credit memo made from a return
authorisation, customer refund, deposit. Two cases the table leaves open follow NetSuite: an invoice that comes from no
sales order takes its goods out, as its mirror the stand-alone credit memo brings them back; and what was made from an
order or a return authorisation (invoice, cash sale, cash refund) leaves the goods to the fulfilment or the receipt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Protocol

from sitoo_netsuite.money import decimals, round_half_away
from sitoo_netsuite.sandbox.netsuite.values import Line, Value

# Beyond this an amount is a fault; sums of a document's lines still fit SuiteQL's columns.
_LARGEST_MINOR = 10**13


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


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """What kind of item, and the accounts it names itself. `stocked` is true of inventory items only."""

    stocked: bool
    income: int | None = None
    cogs: int | None = None
    asset: int | None = None


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

    income: sales account by tax rate in basis points, `other_income` for any other rate.
    """

    receivables: int
    undeposited: int
    customer_deposits: int
    inventory: int
    cogs: int
    rounding: int
    other_income: int
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


@dataclass(frozen=True, slots=True)
class Movement:
    """Goods in (positive) or out. `value` in minor units of the base currency, with the quantity's sign."""

    item: int
    location: int
    quantity: Decimal
    value: int


@dataclass(frozen=True, slots=True)
class Posting:
    """What a document writes. `total` is the document's total in its currency (transaction.foreigntotal)."""

    lines: tuple[GlLine, ...]
    movements: tuple[Movement, ...]
    posting: bool
    total: int


@dataclass(frozen=True, slots=True)
class Document:
    """A transaction record as the ledger sees it. `source_type` is the type of its `createdFrom`, if it has one."""

    record_type: str
    fields: Mapping[str, Value]
    sublists: Mapping[str, Sequence[Line]]
    currency: str
    base_currency: str
    exchange_rate: Decimal = Decimal(1)
    source_type: str | None = None


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
        """A line of a sales order or return authorisation, by its `line`."""


def post(document: Document, books: Books) -> Posting:
    """Lines and movements of a document. Raises LedgerError where NetSuite would refuse it.

    The result balances per subsidiary (a document has one) and currency, or UnbalancedError is raised.
    """
    work = _Work(document, books)
    posting = _RULES[document.record_type](work)
    for line in posting.lines:
        if max(abs(line.amount), abs(line.foreign)) > _LARGEST_MINOR:
            raise InvalidValueError(line.foreign, "amount")
    if not posting.posting:
        return posting
    posting = replace(posting, lines=(*posting.lines, *work.rounding_line(posting.lines)))
    if sum(line.amount for line in posting.lines) or sum(line.foreign for line in posting.lines):
        raise UnbalancedError("debits and credits differ")
    return posting


@dataclass(slots=True)
class _Work:
    """One document being posted: conversions, and the stock as its earlier lines have left it."""

    document: Document
    books: Books
    stocks: dict[tuple[int, int], Stock] = field(default_factory=dict)
    moved: list[Movement] = field(default_factory=list)

    @property
    def system(self) -> SystemAccounts:
        return self.books.system(_required_id(self.document.fields["subsidiary"]))

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
        return _rounded(foreign * self.document.exchange_rate.scaleb(places))

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
            value = _rounded(quantity * before.average)
        else:
            value = _rounded(quantity * unit_cost)
        self.stocks[item, location] = stock_after(before, quantity, value)
        self.moved.append(Movement(item, location, quantity, value))
        return value

    def goods(self, line: Line, quantity: Decimal, unit_cost: Decimal | None) -> list[GlLine]:
        """The cost side of an item line: inventory asset against cost of goods sold."""
        item = int(str(line["item"]))
        facts = self.books.item(item)
        if not facts.stocked:
            return []
        about = {**self.dimensions(line), "number": None}
        value = self.move(item, _id(about["location"]), quantity, unit_cost)
        foreign = self.from_base(value)
        return [
            GlLine(facts.cogs or self.system.cogs, -value, -foreign, item=item, cogs=True, **about),
            GlLine(
                self.asset(item), value, foreign, item=item, quantity=quantity, cogs=True, moves_stock=True, **about
            ),
        ]

    def rounding_line(self, lines: Iterable[GlLine]) -> tuple[GlLine, ...]:
        """What converting line by line leaves over in the base currency; NetSuite books it as rounding gain/loss."""
        lines = tuple(lines)
        if self.document.currency == self.document.base_currency or sum(line.foreign for line in lines) != 0:
            return ()
        left = sum(line.amount for line in lines)
        return (GlLine(self.system.rounding, -left, 0),) if left else ()

    def bank_or_undeposited(self) -> int:
        return _id(self.document.fields.get("account")) or self.system.undeposited


def stock_after(before: Stock, quantity: Decimal, value: int) -> Stock:
    """Stock after a movement. The average is that of what is on hand; with nothing on hand the last one is kept."""
    on_hand, worth = before.quantity + quantity, before.value + value
    average = Decimal(worth) / on_hand if on_hand > 0 and worth >= 0 else before.average
    return Stock(on_hand, worth, average)


def _journal(work: _Work) -> Posting:
    lines = []
    total = 0
    for place, line in enumerate(work.document.sublists.get("line", ())):
        path = f"line.items[{place}]"
        debit, credit = work.minor(line.get("debit"), f"{path}.debit"), work.minor(line.get("credit"), f"{path}.credit")
        for name, amount in (("debit", debit), ("credit", credit)):
            if amount < 0:
                raise InvalidValueError(line[name], f"{path}.{name}")
        if debit and credit:
            raise InvalidValueError(line["credit"], f"{path}.credit")
        if "account" not in line:
            raise MissingValueError("Account")
        lines.append(
            work.line(_required_id(line["account"]), debit - credit, entity=line.get("entity"), **work.dimensions(line))
        )
        total += debit
    if sum(line.foreign for line in lines):
        raise UnbalancedError("debits and credits differ")
    return Posting(tuple(lines), (), posting=work.document.fields.get("approved") is not False, total=total)


@dataclass(frozen=True, slots=True)
class _Sold:
    """Amounts of one item line, minor units of the document's currency."""

    line: Line
    quantity: Decimal
    net: int
    tax: int
    income: int
    tax_account: int | None


def _sold(work: _Work) -> list[_Sold]:
    """Item lines with net and tax. Tax is rounded by line, half away from zero (reference 8, item 10).

    `grossAmt` decides the net when it is sent (from NetSuite 2026.1 on, reference 5); `tax1Amt` overrides the tax.
    """
    found = []
    for place, line in enumerate(work.document.sublists.get("item", ())):
        path = f"item.items[{place}]"
        if "item" not in line:
            raise MissingValueError("Item")
        quantity = Decimal(str(line.get("quantity", 1)))
        code = work.books.tax(_required_id(line["taxCode"])) if "taxCode" in line else None
        rate_bp = code.rate_bp if code else 0
        if "grossAmt" in line:
            gross = work.minor(line["grossAmt"], f"{path}.grossAmt")
            tax = round_half_away(gross * rate_bp, 10_000 + rate_bp)
            net = gross - tax
        else:
            if "amount" in line:
                net = work.minor(line["amount"], f"{path}.amount")
            else:
                rate = Decimal(str(line.get("rate", 0)))
                net = _rounded((quantity * rate).scaleb(decimals(work.document.currency)))
            tax = round_half_away(net * rate_bp, 10_000)
        if "tax1Amt" in line:
            if code is None:
                raise MissingValueError("Tax Code")
            given = work.minor(line["tax1Amt"], f"{path}.tax1Amt")
            net, tax = (net + tax - given, given) if "grossAmt" in line else (net, given)
        own = work.books.item(_required_id(line["item"])).income
        income = own or work.system.income.get(rate_bp, work.system.other_income)
        found.append(_Sold(line, quantity, net, tax, income, code.account if code else None))
    return found


def _selling(work: _Work, main_account: int, sign: int, moves_stock: bool) -> Posting:
    """Cash sale and invoice (sign 1), cash refund and credit memo (sign -1): income and tax against one account."""
    sold = _sold(work)
    total = sum(entry.net + entry.tax for entry in sold)
    entity = work.document.fields.get("entity")
    lines = [work.line(main_account, sign * total, main=True, entity=entity, **work.dimensions({}))]
    taxes = []
    for entry in sold:
        about = {**work.dimensions(entry.line), "item": entry.line["item"], "quantity": -sign * entry.quantity}
        rate = Decimal(entry.net).scaleb(-decimals(work.document.currency)) / entry.quantity if entry.quantity else None
        lines.append(work.line(entry.income, -sign * entry.net, rate=rate, moves_stock=False, **about))
        if entry.tax and entry.tax_account is not None:
            location = about["location"]
            taxes.append(work.line(entry.tax_account, -sign * entry.tax, tax=True, location=location))
    lines += taxes
    if moves_stock:
        costs = _original_costs(work) if sign < 0 else {}
        for entry in sold:
            item = _required_id(entry.line["item"])
            lines += work.goods(entry.line, -sign * entry.quantity, costs.get(item))
    return Posting(tuple(lines), tuple(work.moved), posting=True, total=total)


def _original_costs(work: _Work) -> dict[int, Decimal]:
    """Unit cost at which each item of the source document went out: goods come back at the cost they left at."""
    source = work.document.fields.get("createdFrom")
    quantities: dict[int, Decimal] = {}
    values: dict[int, int] = {}
    for movement in work.books.movements(_required_id(source)) if source is not None else ():
        quantities[movement.item] = quantities.get(movement.item, Decimal(0)) + movement.quantity
        values[movement.item] = values.get(movement.item, 0) + movement.value
    return {item: values[item] / quantity for item, quantity in quantities.items() if quantity}


def _cash_sale(work: _Work) -> Posting:
    return _selling(work, work.bank_or_undeposited(), 1, moves_stock=work.document.source_type != "salesOrder")


def _cash_refund(work: _Work) -> Posting:
    from_return = work.document.source_type == "returnAuthorization"
    return _selling(work, work.bank_or_undeposited(), -1, moves_stock=not from_return)


def _invoice(work: _Work) -> Posting:
    receivables = _id(work.document.fields.get("account")) or work.system.receivables
    return _selling(work, receivables, 1, moves_stock=work.document.source_type != "salesOrder")


def _credit_memo(work: _Work) -> Posting:
    receivables = _id(work.document.fields.get("account")) or work.system.receivables
    from_return = work.document.source_type == "returnAuthorization"
    return _selling(work, receivables, -1, moves_stock=not from_return)


def _order(work: _Work) -> Posting:
    """Sales order and return authorisation: lines to read, nothing in the books."""
    sign = -1 if work.document.record_type == "salesOrder" else 1
    sold = _sold(work)
    total = sum(entry.net + entry.tax for entry in sold)
    entity = work.document.fields.get("entity")
    lines = [work.line(work.system.receivables, -sign * total, main=True, entity=entity, **work.dimensions({}))]
    lines += [
        work.line(
            entry.income,
            sign * entry.net,
            item=entry.line["item"],
            quantity=sign * entry.quantity,
            **work.dimensions(entry.line),
        )
        for entry in sold
    ]
    return Posting(tuple(lines), (), posting=False, total=total)


def _money_in(work: _Work, against: int) -> Posting:
    """Customer payment and deposit: the money against what the customer owes, or is owed."""
    amount = work.minor(work.document.fields.get("payment"), "payment")
    if amount <= 0:
        raise InvalidValueError(work.document.fields.get("payment"), "payment")
    about = work.dimensions({})
    customer = work.document.fields.get("customer")
    lines = (
        work.line(work.bank_or_undeposited(), amount, main=True, entity=customer, **about),
        work.line(against, -amount, entity=customer, **about),
    )
    return Posting(lines, (), posting=True, total=amount)


def _customer_payment(work: _Work) -> Posting:
    return _money_in(work, _id(work.document.fields.get("arAcct")) or work.system.receivables)


def _customer_deposit(work: _Work) -> Posting:
    return _money_in(work, work.system.customer_deposits)


def _customer_refund(work: _Work) -> Posting:
    """Money back for credit memos: receivables against the bank."""
    amount = 0
    for place, line in enumerate(work.document.sublists.get("apply", ())):
        if line.get("apply") is not False:
            amount += work.minor(line.get("amount"), f"apply.items[{place}].amount")
    about = work.dimensions({})
    receivables = _id(work.document.fields.get("arAcct")) or work.system.receivables
    lines = (
        work.line(work.bank_or_undeposited(), -amount, main=True, **about),
        work.line(receivables, amount, entity=work.document.fields.get("customer"), **about),
    )
    return Posting(lines, (), posting=True, total=amount)


def _deposit(work: _Work) -> Posting:
    """Bank deposit: undeposited documents and other lines in, cash back out, the rest on the bank account."""
    about = work.dimensions({})
    lines = []
    for line in work.document.sublists.get("payment", ()):
        if line.get("deposit") is not False:
            amount = work.books.total(_required_id(line["id"]))
            lines.append(work.line(work.system.undeposited, -amount, **about))
    for name, sign in (("other", -1), ("cashback", 1)):
        for place, line in enumerate(work.document.sublists.get(name, ())):
            path = f"{name}.items[{place}]"
            if "account" not in line:
                raise MissingValueError("Account")
            amount = sign * work.minor(line.get("amount"), f"{path}.amount")
            lines.append(
                work.line(_required_id(line["account"]), amount, entity=line.get("entity"), **work.dimensions(line))
            )
    total = -sum(line.foreign for line in lines)
    bank = work.line(work.bank_or_undeposited(), total, main=True, **about)
    return Posting((bank, *lines), (), posting=True, total=total)


def _inventory_adjustment(work: _Work) -> Posting:
    """Stock in or out against the adjustment account. `unitCost` counts on goods coming in only."""
    lines: list[GlLine] = []
    fields = work.document.fields
    header: Line = {"location": fields["adjLocation"]} if "adjLocation" in fields else {}
    for place, line in enumerate(work.document.sublists.get("inventory", ())):
        path = f"inventory.items[{place}]"
        item, quantity = _stocked_item(work, line, path)
        about = work.dimensions({**header, **line})
        unit_cost = _unit_cost(work, line.get("unitCost"))
        value = work.move(item, _id(about["location"]), quantity, unit_cost)
        asset = work.asset(item)
        lines.append(work.line(asset, value, item=item, quantity=quantity, moves_stock=True, **about))
    total = sum(line.foreign for line in lines)
    about = {**work.dimensions(header), "entity": fields.get("customer")}
    offset = work.line(_required_id(fields["account"]), -total, main=True, **about)
    return Posting((offset, *lines), tuple(work.moved), posting=True, total=total)


def _inventory_transfer(work: _Work) -> Posting:
    """Stock from one location to another, at once, at the cost of where it comes from."""
    source, target = work.document.fields["location"], work.document.fields["transferLocation"]
    if source == target:
        raise InvalidValueError(target, "transferLocation")
    lines: list[GlLine] = []
    for place, line in enumerate(work.document.sublists.get("inventory", ())):
        path = f"inventory.items[{place}]"
        item, quantity = _stocked_item(work, line, path)
        if quantity <= 0:
            raise InvalidValueError(quantity, f"{path}.adjustQtyBy")
        about = {**work.dimensions(line), "item": item, "moves_stock": True}
        value = -work.move(item, _id(source), -quantity, None)
        work.move(item, _id(target), quantity, Decimal(value) / quantity)
        asset = work.asset(item)
        lines.append(work.line(asset, -value, quantity=-quantity, **{**about, "location": source}))
        lines.append(work.line(asset, value, quantity=quantity, **{**about, "location": target, "number": None}))
    return Posting(tuple(lines), tuple(work.moved), posting=True, total=0)


def _item_receipt(work: _Work) -> Posting:
    """Goods of a return authorisation come back: inventory against cost of goods sold."""
    return _goods_of_order(work, "returnAuthorization", 1)


def _item_fulfilment(work: _Work) -> Posting:
    """Goods of a sales order go out."""
    return _goods_of_order(work, "salesOrder", -1)


def _goods_of_order(work: _Work, source_type: str, sign: int) -> Posting:
    source = _required_id(work.document.fields["createdFrom"])
    if work.document.source_type != source_type:
        raise InvalidValueError(source, "createdFrom")
    lines: list[GlLine] = []
    for place, line in enumerate(work.document.sublists.get("item", ())):
        if line.get("itemReceive") is False:
            continue
        path = f"item.items[{place}]"
        number = _id(line.get("orderLine"))
        ordered = None if number is None else work.books.source_line(source, number)
        if ordered is None:
            raise InvalidValueError(number, f"{path}.orderLine")
        goods: Line = {**{k: v for k, v in ordered.items() if k in ("item", "quantity", "location")}, **line}
        quantity = Decimal(str(goods.get("quantity", 1)))
        if not 0 < quantity <= Decimal(str(ordered.get("quantity", 1))):
            raise InvalidValueError(quantity, f"{path}.quantity")
        lines += work.goods(goods, sign * quantity, _unit_cost(work, line.get("unitCostOverride")))
    return Posting(tuple(lines), tuple(work.moved), posting=True, total=0)


def _stocked_item(work: _Work, line: Line, path: str) -> tuple[int, Decimal]:
    if "item" not in line:
        raise MissingValueError("Item")
    item = _required_id(line["item"])
    if not work.books.item(item).stocked:
        raise InvalidValueError(item, f"{path}.item")
    if "adjustQtyBy" not in line:
        raise MissingValueError("Adjust Qty. By")
    return item, Decimal(str(line["adjustQtyBy"]))


def _unit_cost(work: _Work, cost: Value | None) -> Decimal | None:
    return None if cost is None else Decimal(str(cost)).scaleb(decimals(work.document.base_currency))


def _rounded(amount: Decimal) -> int:
    return round_half_away(*amount.as_integer_ratio())


def _id(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _required_id(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected an internal id, got {value!r}")
    return value


_RULES: Mapping[str, Callable[[_Work], Posting]] = {
    "journalEntry": _journal,
    "cashSale": _cash_sale,
    "cashRefund": _cash_refund,
    "invoice": _invoice,
    "creditMemo": _credit_memo,
    "salesOrder": _order,
    "returnAuthorization": _order,
    "customerPayment": _customer_payment,
    "customerDeposit": _customer_deposit,
    "customerRefund": _customer_refund,
    "deposit": _deposit,
    "inventoryAdjustment": _inventory_adjustment,
    "inventoryTransfer": _inventory_transfer,
    "itemReceipt": _item_receipt,
    "itemFulfillment": _item_fulfilment,
}
