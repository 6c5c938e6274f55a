"""What a document does to the books: balanced debits and credits out, and the stock that moves. Pure.

Belongs here: every type's rule, and those of the documents that are about money. Does not belong here: documents that
are about goods alone (`goods.py`), HTTP, where documents are kept, periods, numbering.

Every posting sums to zero, in the subsidiary's base currency and in the document's.

Who moves stock (the design's table): cash sale, cash refund, stand-alone credit memo, item receipt, item fulfilment,
inventory adjustment, inventory transfer. Who does not: journal, orders, return authorisation, credit memo made from a
return authorisation, customer refund, deposit. Two cases the table leaves open follow NetSuite: an invoice that comes
from no sales order takes its goods out, as its mirror the stand-alone credit memo brings them back; and what was made
from an order or a return authorisation (invoice, cash sale, cash refund) leaves the goods to the fulfilment or the
receipt.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from sitoo_netsuite.money import decimals, round_half_away
from sitoo_netsuite.sandbox.netsuite import goods
from sitoo_netsuite.sandbox.netsuite.books import (
    Books,
    Document,
    InvalidValueError,
    MissingValueError,
    Posting,
    Promise,
    UnbalancedError,
    Work,
    optional_id,
    required_id,
    rounded,
)
from sitoo_netsuite.sandbox.netsuite.values import Line

# Beyond this an amount is a fault; sums of a document's lines still fit SuiteQL's columns.
_LARGEST_MINOR = 10**13


def post(document: Document, books: Books) -> Posting:
    """Lines and movements of a document. Raises LedgerError where NetSuite would refuse it.

    The result balances per subsidiary (a document has one) and currency, or UnbalancedError is raised.
    """
    work = Work(document, books)
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


def _journal(work: Work) -> Posting:
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
            work.line(required_id(line["account"]), debit - credit, entity=line.get("entity"), **work.dimensions(line))
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


def _sold(work: Work) -> list[_Sold]:
    """Item lines with net and tax. Tax is rounded by line, half away from zero (reference 8, item 10).

    `grossAmt` decides the net when it is sent (from NetSuite 2026.1 on, reference 5); `tax1Amt` overrides the tax.
    """
    found = []
    for place, line in enumerate(work.document.sublists.get("item", ())):
        path = f"item.items[{place}]"
        if "item" not in line:
            raise MissingValueError("Item")
        quantity = Decimal(str(line.get("quantity", 1)))
        code = work.books.tax(required_id(line["taxCode"])) if "taxCode" in line else None
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
                net = rounded((quantity * rate).scaleb(decimals(work.document.currency)))
            tax = round_half_away(net * rate_bp, 10_000)
        if "tax1Amt" in line:
            if code is None:
                raise MissingValueError("Tax Code")
            given = work.minor(line["tax1Amt"], f"{path}.tax1Amt")
            net, tax = (net + tax - given, given) if "grossAmt" in line else (net, given)
        own = work.books.item(required_id(line["item"])).income
        income = own or work.system.income.get(rate_bp, work.system.other_income)
        found.append(_Sold(line, quantity, net, tax, income, code.account if code else None))
    return found


def _selling(work: Work, main_account: int, sign: int, moves_stock: bool) -> Posting:
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
        for place, entry in enumerate(sold):
            item = required_id(entry.line["item"])
            work.check_detail(entry.line, entry.quantity, place, "item")
            lines += work.cost_of_goods(entry.line, -sign * entry.quantity, costs.get(item))
    return Posting(tuple(lines), tuple(work.moved), posting=True, total=total)


def _original_costs(work: Work) -> dict[int, Decimal]:
    """Unit cost at which each item of the source document went out: goods come back at the cost they left at."""
    source = work.document.fields.get("createdFrom")
    quantities: dict[int, Decimal] = {}
    values: dict[int, int] = {}
    for movement in work.books.movements(required_id(source)) if source is not None else ():
        quantities[movement.item] = quantities.get(movement.item, Decimal(0)) + movement.quantity
        values[movement.item] = values.get(movement.item, 0) + movement.value
    return {item: values[item] / quantity for item, quantity in quantities.items() if quantity}


def _cash_sale(work: Work) -> Posting:
    return _selling(work, work.bank_or_undeposited(), 1, moves_stock=work.document.source_type != "salesOrder")


def _cash_refund(work: Work) -> Posting:
    from_return = work.document.source_type == "returnAuthorization"
    return _selling(work, work.bank_or_undeposited(), -1, moves_stock=not from_return)


def _invoice(work: Work) -> Posting:
    receivables = optional_id(work.document.fields.get("account")) or work.system.receivables
    return _selling(work, receivables, 1, moves_stock=work.document.source_type != "salesOrder")


def _credit_memo(work: Work) -> Posting:
    receivables = optional_id(work.document.fields.get("account")) or work.system.receivables
    from_return = work.document.source_type == "returnAuthorization"
    return _selling(work, receivables, -1, moves_stock=not from_return)


def _order(work: Work) -> Posting:
    """Sales order and return authorisation: lines to read, nothing in the books. An order promises its goods."""
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
    promises: list[Promise] = []
    if work.document.record_type == "salesOrder":
        for place, entry in enumerate(sold):
            goods.refuse_less_than_done(work, entry.line, entry.quantity, f"item.items[{place}].quantity")
            promises += goods.to_leave(work, entry.line, entry.quantity)
    return Posting(tuple(lines), (), posting=False, total=total, promises=tuple(promises))


def _money_in(work: Work, against: int) -> Posting:
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


def _customer_payment(work: Work) -> Posting:
    return _money_in(work, optional_id(work.document.fields.get("arAcct")) or work.system.receivables)


def _customer_deposit(work: Work) -> Posting:
    return _money_in(work, work.system.customer_deposits)


def _customer_refund(work: Work) -> Posting:
    """Money back for credit memos: receivables against the bank."""
    amount = 0
    for place, line in enumerate(work.document.sublists.get("apply", ())):
        if line.get("apply") is not False:
            amount += work.minor(line.get("amount"), f"apply.items[{place}].amount")
    about = work.dimensions({})
    receivables = optional_id(work.document.fields.get("arAcct")) or work.system.receivables
    lines = (
        work.line(work.bank_or_undeposited(), -amount, main=True, **about),
        work.line(receivables, amount, entity=work.document.fields.get("customer"), **about),
    )
    return Posting(lines, (), posting=True, total=amount)


def _deposit(work: Work) -> Posting:
    """Bank deposit: undeposited documents and other lines in, cash back out, the rest on the bank account."""
    about = work.dimensions({})
    lines = []
    for line in work.document.sublists.get("payment", ()):
        if line.get("deposit") is not False:
            amount = work.books.total(required_id(line["id"]))
            lines.append(work.line(work.system.undeposited, -amount, **about))
    for name, sign in (("other", -1), ("cashback", 1)):
        for place, line in enumerate(work.document.sublists.get(name, ())):
            path = f"{name}.items[{place}]"
            if "account" not in line:
                raise MissingValueError("Account")
            amount = sign * work.minor(line.get("amount"), f"{path}.amount")
            lines.append(
                work.line(required_id(line["account"]), amount, entity=line.get("entity"), **work.dimensions(line))
            )
    total = -sum(line.foreign for line in lines)
    bank = work.line(work.bank_or_undeposited(), total, main=True, **about)
    return Posting((bank, *lines), (), posting=True, total=total)


_RULES: Mapping[str, Callable[[Work], Posting]] = {
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
    "inventoryAdjustment": goods.inventory_adjustment,
    "inventoryTransfer": goods.inventory_transfer,
    "transferOrder": goods.transfer_order,
    "purchaseOrder": goods.purchase_order,
    "itemReceipt": goods.item_receipt,
    "itemFulfillment": goods.item_fulfilment,
}
