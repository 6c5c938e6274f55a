"""The accounting rules of docs/accounting.md, a receipt or a Z-report at a time: record in, postings out.

Belongs here: what each line kind comes to and which account it lands on. Does not belong here: adding up, the proof of
a session, the ledger. Written straight down the page of the document, and on purpose not the way the builder does it.
A debit is positive, a credit negative.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sitoo_netsuite.oracle.estate_file import Books, EstateFacts
from sitoo_netsuite.oracle.figures import basis_points, minor, tax_inside
from sitoo_netsuite.oracle.records import Item, Payment, Receipt, ZReport


@dataclass(frozen=True, slots=True)
class Posting:
    """One amount on one account. `moment` (unix seconds) decides the trading day it belongs to."""

    moment: int
    kind: str
    account: str
    amount: int


def causes_to_hold(receipt: Receipt, books: Books, facts: EstateFacts) -> set[str]:
    """The kinds for which a receipt of known amount may be held by name; empty when it can be booked."""
    causes = set()
    if not receipt.balances():
        causes.add("receipt_out_of_balance")
    for item in receipt.items:
        kind = _kind_of(item, facts)
        needs_accounts = kind == "goods" or (kind == "gift_card" and item.vat != 0)
        if needs_accounts and item.rate not in books.vat:
            causes.add("unmapped_vat_rate")
    for payment in receipt.payments:
        if not payment.virtual and _tender_account(payment, books) is None:
            causes.add("unmapped_tender")
    return causes


def postings_of_receipt(receipt: Receipt, books: Books, facts: EstateFacts) -> Iterator[Posting]:
    """Every posting a receipt gives rise to, its later deliveries among them.

    What has no account (see causes_to_hold) is posted to a named blank, `(no account for ...)`, so that a receipt
    which is neither booked nor held by name shows up whole.
    """
    for item in receipt.items:
        yield from _postings_of_item(item, receipt, books, facts)
    if receipt.rounding:
        yield Posting(receipt.sold_at, "rounding", books.accounts["rounding"], -receipt.rounding)
    for payment in receipt.payments:
        yield from _postings_of_payment(payment, receipt, books)


def _kind_of(item: Item, facts: EstateFacts) -> str:
    special = facts.special.get(item.sku)
    return special["kind"] if special else "goods"


def _vat_account(rate: int, role: str, books: Books) -> str:
    accounts = books.vat.get(rate)
    return accounts[role] if accounts else f"(no account for {role} at {rate / 100:g} %)"


def _postings_of_item(item: Item, receipt: Receipt, books: Books, facts: EstateFacts) -> Iterator[Posting]:
    kind = _kind_of(item, facts)
    now = receipt.sold_at
    sold = item.quantity > 0

    if kind == "gift_card":
        card = books.cards[facts.special[item.sku]["card"]]
        yield Posting(now, "gift_card_issued", str(card["liability"]), -item.net)
        if item.vat:
            account = _vat_account(item.rate, "vat_on_sales", books)
            yield Posting(now, "vat_on_gift_cards_issued", account, -item.vat)
    elif kind == "deposit":
        line = "deposit_taken" if sold else "deposit_applied"
        yield Posting(now, line, books.accounts["deposits"], -(item.net + item.vat))
    elif kind == "tip":
        yield Posting(now, "tip", books.accounts["tips"], -(item.net + item.vat))
    elif not sold:
        yield Posting(now, "return", _vat_account(item.rate, "returns", books), -item.net)
        yield Posting(now, "vat_on_returns", _vat_account(item.rate, "vat_on_returns", books), -item.vat)
    elif receipt.to_deliver:
        yield Posting(now, "undelivered_sale", books.accounts["undelivered"], -item.net)
        yield Posting(now, "vat_on_sales", _vat_account(item.rate, "vat_on_sales", books), -item.vat)
        if item.delivered_at is not None:
            yield Posting(item.delivered_at, "delivered_sale", books.accounts["undelivered"], item.net)
            yield from _sale(item, item.delivered_at, books)
    else:
        yield from _sale(item, now, books)
        yield Posting(now, "vat_on_sales", _vat_account(item.rate, "vat_on_sales", books), -item.vat)


def _sale(item: Item, moment: int, books: Books) -> Iterator[Posting]:
    discount = item.quantity * item.unit_discount
    yield Posting(moment, "sale", _vat_account(item.rate, "sales", books), -(item.net + discount))
    if discount:
        yield Posting(moment, "discount", _vat_account(item.rate, "discounts", books), discount)


_ACCOUNT_OF_KIND = {"cash": "till", "credit_note": "credit_notes", "deposit": "deposits"}


def _tender_account(payment: Payment, books: Books) -> str | None:
    """The account a payment lands on by its tender, None when the tender or its account is unknown."""
    tender = books.tenders.get(payment.name)
    if tender is None:
        return None
    kind = tender["kind"]
    if kind in _ACCOUNT_OF_KIND:
        return books.accounts[_ACCOUNT_OF_KIND[kind]]
    if kind == "gift_card":
        return str(books.cards[tender["card"]]["liability"])
    if kind == "card":
        return _card_account(payment, tender)
    return str(tender["account"])


def _card_account(payment: Payment, tender: Mapping[str, Any]) -> str | None:
    """The closest match first: acquirer and scheme, acquirer alone, scheme alone, neither, the tender's own account."""
    wanted = [
        (payment.acquirer, payment.scheme),
        (payment.acquirer, None),
        (None, payment.scheme),
        (None, None),
    ]
    schemes = tender.get("schemes") or ()
    by_match = {(entry.get("acquirer"), entry.get("scheme")): entry["account"] for entry in schemes}
    for match in wanted:
        if match in by_match:
            return str(by_match[match])
    return str(tender["account"]) if tender.get("account") else None


def _postings_of_payment(payment: Payment, receipt: Receipt, books: Books) -> Iterator[Posting]:
    moment, amount = receipt.sold_at, payment.amount
    came_in = amount > 0
    if payment.virtual:
        kind = "exchange_in" if came_in else "exchange_out"
        yield Posting(moment, kind, books.accounts["exchange_clearing"], amount)
        return

    account = _tender_account(payment, books)
    if account is None:
        yield Posting(moment, "takings" if came_in else "refunds", f"(no account for {payment.name})", amount)
        return

    tender = books.tenders[payment.name]
    if tender["kind"] == "credit_note":
        yield Posting(moment, "credit_note_redeemed" if came_in else "credit_note_issued", account, amount)
    elif tender["kind"] == "deposit":
        yield Posting(moment, "deposit_applied" if came_in else "deposit_taken", account, amount)
    elif tender["kind"] == "gift_card":
        card = books.cards[tender["card"]]
        vat = 0
        if card["purpose"] == "single":
            rate = basis_points(card["rate"])
            vat = tax_inside(amount, rate)
            kind = "vat_on_gift_cards_redeemed" if came_in else "vat_on_gift_cards_issued"
            yield Posting(moment, kind, _vat_account(rate, "vat_on_sales", books), vat)
        yield Posting(moment, "gift_card_redeemed" if came_in else "gift_card_issued", account, amount - vat)
    else:
        yield Posting(moment, "takings" if came_in else "refunds", account, amount)


def postings_of_z_report(report: ZReport, previous: ZReport | None, books: Books) -> Iterator[Posting]:
    """What only the Z knows: over/short, petty cash, banking, a float that is not what was left in the till."""
    moment, money, accounts = report.closed_at, report.money, books.accounts

    if over := money["moneycash_diff"]:
        yield Posting(moment, "over_short", accounts["till"], over)
        yield Posting(moment, "over_short", accounts["over_short"], -over)

    if petty := money["moneycash_petty"]:
        yield Posting(moment, "petty_cash", accounts["till"], petty)
        for account, spent in _petty_cash(report, books):
            yield Posting(moment, "petty_cash", account, spent)

    if banked := money["moneycash_bankfinal"] - money["moneycash_bank"]:
        yield Posting(moment, "till_to_safe", accounts["safe"], banked)
        yield Posting(moment, "till_to_safe", accounts["till"], -banked)
        yield Posting(moment, "safe_to_bank_bag", accounts["bank_bag"], banked)
        yield Posting(moment, "safe_to_bank_bag", accounts["safe"], -banked)

    if previous is not None and (drift := money["moneycash_in"] - previous.money["moneycash_out"]):
        yield Posting(moment, "float_difference", accounts["till"], drift)
        yield Posting(moment, "float_difference", accounts["float_difference"], -drift)


_PETTY_CASH = re.compile(r"Petty cash: (.+)")
_PETTY_CASH_PART = re.compile(r"(.+?) (\d+(?:\.\d+)?)")


def _petty_cash(report: ZReport, books: Books) -> list[tuple[str, int]]:
    """(account, amount spent) by the reasons in the comment, or one entry when the comment does not add up."""
    spent = -report.money["moneycash_petty"]
    whole = [(books.petty_cash_default, spent)]
    comment = _PETTY_CASH.fullmatch(report.comment.strip())
    if comment is None:
        return whole
    split = []
    for text in comment[1].split(","):
        part = _PETTY_CASH_PART.fullmatch(text.strip())
        if part is None:
            return whole
        try:
            amount = minor(part[2], report.currency)
        except ValueError:
            return whole
        split.append((books.petty_cash_reasons.get(part[1], books.petty_cash_default), amount))
    return split if sum(amount for _, amount in split) == spent else whole
