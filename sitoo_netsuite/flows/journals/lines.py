"""Which journal lines a store-day's totals make: one small rule per source, as `docs/accounting.md` has them.

Belongs here: accounting rules, pure, over the rows of `model.daily_sales` and the closed till sessions. Does not belong
here: proof, holding, splitting and numbering (`plan.py`), and how NetSuite wants a journal written (`document.py`).
Amounts are minor units of the store's currency, debit positive, credit negative.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sitoo_netsuite.estate import Books, GiftCardType, TenderKind
from sitoo_netsuite.money import MoneyError, to_minor
from sitoo_netsuite.posting.document_lines import LineKey, Lines

NO_RATE = -1


class LineKind(StrEnum):
    """What a journal line stands for. The order is the order of the lines in a journal."""

    SALE = "sale"
    DISCOUNT = "discount"
    RETURN = "return"
    VAT_ON_SALES = "vat_on_sales"
    VAT_ON_RETURNS = "vat_on_returns"
    UNDELIVERED_SALE = "undelivered_sale"
    DELIVERED_SALE = "delivered_sale"
    GIFT_CARD_ISSUED = "gift_card_issued"
    VAT_ON_GIFT_CARDS_ISSUED = "vat_on_gift_cards_issued"
    GIFT_CARD_REDEEMED = "gift_card_redeemed"
    VAT_ON_GIFT_CARDS_REDEEMED = "vat_on_gift_cards_redeemed"
    CREDIT_NOTE_ISSUED = "credit_note_issued"
    CREDIT_NOTE_REDEEMED = "credit_note_redeemed"
    DEPOSIT_TAKEN = "deposit_taken"
    DEPOSIT_APPLIED = "deposit_applied"
    TIP = "tip"
    TAKINGS = "takings"
    REFUNDS = "refunds"
    EXCHANGE_IN = "exchange_in"
    EXCHANGE_OUT = "exchange_out"
    ROUNDING = "rounding"
    OVER_SHORT = "over_short"
    FLOAT_DIFFERENCE = "float_difference"
    PETTY_CASH = "petty_cash"
    TILL_TO_SAFE = "till_to_safe"
    SAFE_TO_BANK_BAG = "safe_to_bank_bag"


# The lines that carry VAT to the VAT accounts.
VAT_KINDS = frozenset(
    {
        LineKind.VAT_ON_SALES,
        LineKind.VAT_ON_RETURNS,
        LineKind.VAT_ON_GIFT_CARDS_ISSUED,
        LineKind.VAT_ON_GIFT_CARDS_REDEEMED,
    }
)

KIND_ORDER = {kind: place for place, kind in enumerate(LineKind)}


@dataclass(frozen=True, slots=True)
class DailyTotal:
    """A row of `model.daily_sales` that is booked (its `held` is empty).

    Of payments and roundings `net_minor` is the amount; `vat_minor` is then 0, but for payments by a single-purpose
    gift card: the VAT inside each, which was charged when the card was sold.
    """

    registerid: str
    measure: str  # 'item', 'delivered', 'payment', 'rounding'
    item_kind: str  # 'goods', 'gift_card:<type>', 'deposit', 'tip'
    positive: bool
    to_deliver: bool
    vat_rate_bp: int
    tender: str
    acquirer: str
    scheme: str
    virtual: bool
    net_minor: int
    vat_minor: int
    discount_minor: int


@dataclass(frozen=True, slots=True)
class TillClose:
    """What only a Z-report knows, of one closed session. `previous_out` is None where there is no previous Z."""

    registerid: str
    cash_in: int
    cash_petty: int  # negative when paid out
    cash_bank: int  # negative when taken out of the till during the session
    cash_diff: int
    cash_bankfinal: int
    previous_out: int | None
    comment: str


class UnmappedError(ValueError):
    """A total reached the books without accounts for it: it should have been held by name."""


def day_lines(totals: Iterable[DailyTotal], closes: Iterable[TillClose], books: Books) -> Lines:
    """All lines of one store, trading day and currency, by register; zero lines left out.

    Raises UnmappedError when a total has no account: such receipts are held by name before this is called.
    """
    lines: defaultdict[LineKey, int] = defaultdict(int)
    for total in totals:
        for kind, account, rate, label, amount in _SOURCES[total.measure](total, books):
            lines[LineKey(total.registerid, kind, account, rate, label)] += amount
    for close in closes:
        for kind, account, rate, label, amount in _from_close(close, books):
            lines[LineKey(close.registerid, kind, account, rate, label)] += amount
    return {key: amount for key, amount in lines.items() if amount}


_Part = tuple[LineKind, str, int, str, int]


def _from_items(total: DailyTotal, books: Books) -> Iterator[_Part]:
    net, vat, gross = total.net_minor, total.vat_minor, total.net_minor + total.vat_minor
    rate = total.vat_rate_bp
    kind, _, card = total.item_kind.partition(":")
    if kind == "tip":
        yield LineKind.TIP, books.accounts.tips, NO_RATE, "", -gross
        return
    if kind == "deposit":
        line = LineKind.DEPOSIT_TAKEN if total.positive else LineKind.DEPOSIT_APPLIED
        yield line, books.accounts.deposits, NO_RATE, "", -gross
        return
    accounts = books.by_rate.get(rate)
    if accounts is None:
        raise UnmappedError(f"no accounts for VAT rate {rate / 100:g} % in the books of {books.subsidiary}")
    if kind == "gift_card":
        yield LineKind.GIFT_CARD_ISSUED, _card_type(books, card).liability, NO_RATE, card, -net
        yield LineKind.VAT_ON_GIFT_CARDS_ISSUED, accounts.vat_on_sales, rate, card, -vat
    elif not total.positive:
        yield LineKind.RETURN, accounts.returns, rate, "", -net
        yield LineKind.VAT_ON_RETURNS, accounts.vat_on_returns, rate, "", -vat
    elif total.to_deliver:
        # VAT falls due when the customer pays, revenue when the goods are handed over (VAT Directive article 65).
        yield LineKind.UNDELIVERED_SALE, books.accounts.undelivered, rate, "", -net
        yield LineKind.VAT_ON_SALES, accounts.vat_on_sales, rate, "", -vat
    else:
        yield LineKind.SALE, accounts.sales, rate, "", -(net + total.discount_minor)
        yield LineKind.DISCOUNT, accounts.discounts, rate, "", total.discount_minor
        yield LineKind.VAT_ON_SALES, accounts.vat_on_sales, rate, "", -vat


def _from_deliveries(total: DailyTotal, books: Books) -> Iterator[_Part]:
    rate = total.vat_rate_bp
    accounts = books.by_rate.get(rate)
    if accounts is None:
        raise UnmappedError(f"no accounts for VAT rate {rate / 100:g} % in the books of {books.subsidiary}")
    yield LineKind.DELIVERED_SALE, books.accounts.undelivered, rate, "", total.net_minor
    yield LineKind.SALE, accounts.sales, rate, "", -(total.net_minor + total.discount_minor)
    yield LineKind.DISCOUNT, accounts.discounts, rate, "", total.discount_minor


def _from_rounding(total: DailyTotal, books: Books) -> Iterator[_Part]:
    yield LineKind.ROUNDING, books.accounts.rounding, NO_RATE, "", -total.net_minor


def _from_payments(total: DailyTotal, books: Books) -> Iterator[_Part]:
    amount, positive = total.net_minor, total.positive
    if total.virtual:
        line = LineKind.EXCHANGE_IN if positive else LineKind.EXCHANGE_OUT
        yield line, books.accounts.exchange_clearing, NO_RATE, "", amount
        return
    tender = books.by_tender.get(total.tender)
    if tender is None:
        raise UnmappedError(f"tender {total.tender!r} is not in the books of {books.subsidiary}")
    money_line = LineKind.TAKINGS if positive else LineKind.REFUNDS
    match tender.kind:
        case TenderKind.CASH:
            yield money_line, books.accounts.till, NO_RATE, tender.name, amount
        case TenderKind.CARD | TenderKind.OTHER:
            account = tender.clearing_account(total.acquirer or None, total.scheme or None)
            if account is None:
                raise UnmappedError(f"tender {total.tender!r} ({total.acquirer}, {total.scheme}) has no account")
            parts = [tender.name, total.acquirer, total.scheme] if tender.kind is TenderKind.CARD else [tender.name]
            yield money_line, account, NO_RATE, " ".join(part for part in parts if part), amount
        case TenderKind.CREDIT_NOTE:
            line = LineKind.CREDIT_NOTE_REDEEMED if positive else LineKind.CREDIT_NOTE_ISSUED
            yield line, books.accounts.credit_notes, NO_RATE, "", amount
        case TenderKind.DEPOSIT:
            line = LineKind.DEPOSIT_APPLIED if positive else LineKind.DEPOSIT_TAKEN
            yield line, books.accounts.deposits, NO_RATE, "", amount
        case TenderKind.GIFT_CARD:
            yield from _gift_card_payment(_card_type(books, tender.card or ""), books, total)


def _gift_card_payment(card: GiftCardType, books: Books, total: DailyTotal) -> Iterator[_Part]:
    line = LineKind.GIFT_CARD_REDEEMED if total.positive else LineKind.GIFT_CARD_ISSUED
    yield line, card.liability, NO_RATE, card.card, total.net_minor - total.vat_minor
    if card.rate is not None:
        vat_line = LineKind.VAT_ON_GIFT_CARDS_REDEEMED if total.positive else LineKind.VAT_ON_GIFT_CARDS_ISSUED
        yield vat_line, books.by_rate[card.rate].vat_on_sales, card.rate, card.card, total.vat_minor


_SOURCES = {
    "item": _from_items,
    "delivered": _from_deliveries,
    "payment": _from_payments,
    "rounding": _from_rounding,
}


def _from_close(close: TillClose, books: Books) -> Iterator[_Part]:
    accounts = books.accounts
    yield LineKind.OVER_SHORT, accounts.till, NO_RATE, "", close.cash_diff
    yield LineKind.OVER_SHORT, accounts.over_short, NO_RATE, "", -close.cash_diff
    if close.previous_out is not None:
        difference = close.cash_in - close.previous_out
        yield LineKind.FLOAT_DIFFERENCE, accounts.till, NO_RATE, "", difference
        yield LineKind.FLOAT_DIFFERENCE, accounts.float_difference, NO_RATE, "", -difference
    yield LineKind.PETTY_CASH, accounts.till, NO_RATE, "", close.cash_petty
    for reason, paid in petty_cash_by_reason(close.comment, -close.cash_petty, books.currency).items():
        account = accounts.petty_cash.reasons.get(reason, accounts.petty_cash.default)
        yield LineKind.PETTY_CASH, account, NO_RATE, reason, paid
    banked = close.cash_bankfinal - close.cash_bank
    yield LineKind.TILL_TO_SAFE, accounts.till, NO_RATE, "", -banked
    yield LineKind.TILL_TO_SAFE, accounts.safe, NO_RATE, "", banked
    yield LineKind.SAFE_TO_BANK_BAG, accounts.safe, NO_RATE, "", -banked
    yield LineKind.SAFE_TO_BANK_BAG, accounts.bank_bag, NO_RATE, "", banked


UNNAMED_REASON = "no reason given"
_PETTY = re.compile(r"^\s*petty cash:\s*(?P<entries>.+)$", re.IGNORECASE)
# A reason becomes part of a line's key.
_LONGEST_REASON = 100
_ENTRY = re.compile(r"^\s*(?P<reason>\D*?\S)\s+(?P<amount>-?\d+(?:\.\d+)?)\s*$")


def petty_cash_by_reason(comment: str, paid_minor: int, currency: str) -> Mapping[str, int]:
    """What was paid out of the till, by reason, in minor units.

    A comment `Petty cash: cleaning 45.00, postage 12.00` is believed only if its amounts add up to `paid_minor`;
    otherwise the whole goes under one unnamed reason.
    """
    whole = {UNNAMED_REASON: paid_minor} if paid_minor else {}
    match = _PETTY.match(comment)
    if match is None:
        return whole
    reasons: defaultdict[str, int] = defaultdict(int)
    for text in match["entries"].split(","):
        entry = _ENTRY.match(text)
        if entry is None or len(entry["reason"]) > _LONGEST_REASON:
            return whole
        try:
            reasons[entry["reason"]] += to_minor(entry["amount"], currency)
        except MoneyError:
            return whole
    return dict(reasons) if sum(reasons.values()) == paid_minor else whole


def _card_type(books: Books, card: str) -> GiftCardType:
    try:
        return books.by_card[card]
    except KeyError:
        raise UnmappedError(f"gift-card type {card!r} is not in the books of {books.subsidiary}") from None


def registers_out_of_balance(lines: Mapping[LineKey, int]) -> dict[str, int]:
    """Registers whose lines do not add up to zero, with what is left over. Empty when all is in balance."""
    sums: defaultdict[str, int] = defaultdict(int)
    for key, amount in lines.items():
        sums[key.registerid] += amount
    return {registerid: left for registerid, left in sums.items() if left}
