"""Receipts and till sessions, from Sitoo's records to typed rows: pure.

Belongs here: what an order is (a till sale, or excluded and why), its day, its lines and payments in minor units, and
the figures of a Z-report; by docs/accounting.md. Does not belong here: reading and writing tables (`model`), and which
accounts anything goes to (`flows/journals`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from sitoo_netsuite.estate import SitooSettings
from sitoo_netsuite.flows.sales.directory import StoreDirectory
from sitoo_netsuite.money import MoneyError, to_minor
from sitoo_netsuite.sitoo.models import Order, OrderDelivery, OrderItem, Payment, ZReport

# Sitoo's enums, reference section 3.
_ORDER, _BOOKING, _PARKED = 10, 100, 110
_OPEN, _CLOSED, _CANCELLED, _ABANDONED = 0, 10, 20, -1
_PAID = 20
_MAY_STILL_BE_PAID = (0, 10, 15)

_LARGEST_QUANTITY_MILLI = 10**12
# Of a row's discount and of any sum of a receipt: beyond it a till amount is a fault, and a day's sum no bigint.
_LARGEST_MINOR = 10**15
_MOST_DIGITS = 18  # of a bigint
_MOST_DIGITS_OF_A_ROW = 9  # of an integer


class UnreadableReceipt(ValueError):
    """A record that parses but whose amounts, quantities or rates cannot be used. The text says which and why."""


class ReceiptLine(msgspec.Struct, frozen=True, gc=False):
    """One row of an order. Net and VAT are the till's own, of the whole row and signed; VAT is never recomputed."""

    line: int
    sku: str
    quantity_milli: int
    sold: bool
    vat_rate_bp: int
    net_minor: int
    vat_minor: int
    discount_minor: int  # net, positive on sold rows, 0 on returned ones
    original_line: int | None
    warehouseid: int | None  # where a returned row went, if not into the receipt's warehouse


class ReceiptPayment(msgspec.Struct, frozen=True, gc=False):
    """One payment, signed. A virtual one is the leg of an exchange."""

    payment: int  # place in the order's list: Sitoo gives payments no id
    name: str
    acquirer: str | None
    scheme: str | None
    virtual: bool
    amount_minor: int
    card_number: str | None


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """An order as a receipt; `excluded` says why it is no till sale, None if it is one. Amounts in minor units."""

    trading_day: date
    orderid: int
    store: str | None  # the estate's key; None: a register of no store in the estate, or no register
    registerid: str | None
    receipt_number: str | None
    counter: int | None  # the receipt number less the register's key
    sold_at: datetime
    currency: str
    excluded: str | None
    is_return: bool  # it has no row with a positive quantity
    to_deliver: bool
    original_orderid: int | None
    warehouseid: int | None  # where the goods are
    rounding_minor: int
    gross_minor: int
    lines: tuple[ReceiptLine, ...]
    payments: tuple[ReceiptPayment, ...]

    @property
    def net_minor(self) -> int:
        return sum(line.net_minor for line in self.lines)

    @property
    def vat_minor(self) -> int:
        return sum(line.vat_minor for line in self.lines)

    @property
    def paid_minor(self) -> int:
        return sum(payment.amount_minor for payment in self.payments)


class TillSession(msgspec.Struct, frozen=True):
    """A Z-report. `figures` are counts and minor units by name.

    Plain figures keep Sitoo's names (`numsales`, `moneysalestotal`, `moneycash_in`); VAT groups are
    `vatgroupssales:2500:net` and `:vat` (rate in basis points), payments `paymentssales:Cash`. Several rows of one rate
    or name are added. Refund figures are positive, as Sitoo has them.
    """

    registerid: str
    zreportid: int
    currency: str
    opened_at: datetime
    closed_at: datetime
    comment: str
    figures: dict[str, int]


def moment(epoch: int) -> datetime:
    """The instant (UTC) of Sitoo's seconds since 1970."""
    return datetime.fromtimestamp(epoch, UTC)


def receipt_from_order(order: Order, directory: StoreDirectory) -> Receipt:
    """The receipt of an order, till sale or not.

    Raises UnreadableReceipt when an amount, a quantity or a VAT rate cannot be used.
    """
    settings = directory.estate.sitoo
    sold_at = moment(order.orderdate)
    place = directory.place(order.registerid, sold_at)
    store = place.store if place else None
    day = place.trading_day(sold_at) if place else directory.trading_day(sold_at, None, order.eshopid)
    number = _text(order.additionaldata, "pos-receiptid")
    excluded = _exclusion(order, settings)
    if excluded is None and store is not None and day < store.go_live.sales:
        excluded = "before_go_live"
    try:
        lines = tuple([_line(item, order.currencycode) for item in order.orderitems or ()])
        payments = tuple(
            [_payment(place, payment, order.currencycode) for place, payment in enumerate(order.payments or ())]
        )
        rounding = to_minor(order.moneytotal_gross_roundoff, order.currencycode)
        gross = to_minor(order.moneytotal_gross_all, order.currencycode)
    except MoneyError as error:
        raise UnreadableReceipt(str(error)) from None
    receipt = Receipt(
        trading_day=day,
        orderid=order.orderid,
        store=store.store if store else None,
        registerid=order.registerid,
        receipt_number=number,
        counter=_counter(number, place.registerkey) if place else None,
        sold_at=sold_at,
        currency=order.currencycode,
        excluded=excluded,
        is_return=not any(line.sold for line in lines),
        to_deliver=is_to_deliver(order, settings),
        original_orderid=order.creditorderid or _number(order.additionaldata, "pos-originalsales-orderid"),
        warehouseid=order.warehouseid,
        rounding_minor=rounding,
        gross_minor=gross,
        lines=lines,
        payments=payments,
    )
    sums = {
        "net amounts": receipt.net_minor,
        "VAT amounts": receipt.vat_minor,
        "discounts": sum(line.discount_minor for line in lines),
        "payments": receipt.paid_minor,
    }
    for name, amount in sums.items():
        if abs(amount) > _LARGEST_MINOR:
            raise UnreadableReceipt(f"its {name} come to {amount} minor units, which no till takes")
    return receipt


def is_to_deliver(order: Order, settings: SitooSettings) -> bool:
    """Whether the goods of an order are handed over later than it is paid."""
    return _text(order.additionaldata, settings.undelivered_key) is not None


def is_unfinished(order: Order, settings: SitooSettings) -> bool:
    """Whether an order as it stands may still change in the ordinary course: open, to be paid, to be delivered."""
    if order.orderstateid in (_CANCELLED, _ABANDONED):
        return False
    if order.orderstateid == _OPEN or order.paymentstateid in _MAY_STILL_BE_PAID:
        return True
    return order.registerid is not None and is_to_deliver(order, settings)


def delivered_in_full(order: Order, deliveries: Iterable[OrderDelivery]) -> dict[int, datetime | None]:
    """For each sold row (orderitemid) of an order, when the last of it was delivered; None while some of it is not.

    That moment is the delivery's that makes the quantity full, by rising time. Cancelled deliveries do not count.
    """
    arrived: dict[int, list[tuple[int, int]]] = {}
    for delivery in deliveries:
        if delivery.datedelivery is not None and delivery.datecancelled is None:
            for item in delivery.orderdeliveryitems or ():
                arrived.setdefault(item.orderitemid, []).append((delivery.datedelivery, item.quantity))
    return {
        item.orderitemid: _when_full(item.quantity, arrived.get(item.orderitemid, ()))
        for item in order.orderitems or ()
        if item.quantity > 0
    }


def _when_full(quantity: int, arrived: Iterable[tuple[int, int]]) -> datetime | None:
    for epoch, part in sorted(arrived):
        quantity -= part
        if quantity <= 0:
            return moment(epoch)
    return None


def session_from_z(payload: Mapping[str, Any]) -> TillSession:
    """The till session of a stored Z-report (its decoded JSON).

    Raises UnreadableReceipt when it is not a Z-report or an amount cannot be read.
    """
    try:
        report = msgspec.convert(payload, ZReport)
        return TillSession(
            registerid=report.registerid,
            zreportid=report.zreportid,
            currency=report.currencycode,
            opened_at=moment(report.dateopened),
            closed_at=moment(report.datecreated),
            comment=report.comment or "",
            figures=_figures(report),
        )
    except (msgspec.ValidationError, MoneyError) as error:
        raise UnreadableReceipt(str(error)) from None


def _figures(report: ZReport) -> dict[str, int]:
    currency = report.currencycode
    figures: dict[str, int] = {}
    for name in report.__struct_fields__:
        value = getattr(report, name)
        if name.startswith("num"):
            figures[name] = value
        elif name.startswith("money"):
            figures[name] = to_minor(value, currency)
        elif name.startswith("vatgroups"):
            for group in value or ():
                rate = _rate_bp(group.vatvalue)
                _add(figures, f"{name}:{rate}:net", to_minor(group.moneytotalnet, currency))
                _add(figures, f"{name}:{rate}:vat", to_minor(group.moneytotalvat, currency))
        elif name.startswith("payments"):
            for payment in value or ():
                _add(figures, f"{name}:{payment.name}", to_minor(payment.moneytotal, currency))
    return figures


def _add(figures: dict[str, int], name: str, amount: int) -> None:
    figures[name] = figures.get(name, 0) + amount


def _exclusion(order: Order, settings: SitooSettings) -> str | None:
    """The first reason of docs/accounting.md for which an order is no till sale."""
    if order.ordertypeid != _ORDER:
        return {_BOOKING: "booking", _PARKED: "parked"}.get(order.ordertypeid, "unknown_order_type")
    if _flag(order.additionaldata, settings.practice_key):
        return "practice"
    if order.orderstateid != _CLOSED:
        return {_CANCELLED: "cancelled", _ABANDONED: "abandoned", _OPEN: "open"}.get(
            order.orderstateid, "unknown_order_state"
        )
    if order.paymentstateid != _PAID:
        return "unpaid"
    return "web_order" if order.registerid is None else None


def _line(item: OrderItem, currency: str) -> ReceiptLine:
    sold = item.quantity > 0
    return ReceiptLine(
        line=item.orderitemid,
        sku=item.sku or "",
        quantity_milli=_quantity_milli(item),
        sold=sold,
        vat_rate_bp=_rate_bp(item.vatvalue),
        net_minor=to_minor(item.moneyitemtotal_net, currency),
        vat_minor=to_minor(item.moneyitemtotal_vat, currency),
        discount_minor=item.quantity * to_minor(item.moneydiscount, currency) if sold and item.moneydiscount else 0,
        original_line=_number(item.additionaldata, "pos-originalsales-orderitemid", _MOST_DIGITS_OF_A_ROW),
        warehouseid=None if sold else _number(item.additionaldata, "return-warehouseid"),
    )


def _payment(place: int, payment: Payment, currency: str) -> ReceiptPayment:
    return ReceiptPayment(
        payment=place,
        name=payment.name,
        acquirer=payment.reftype or None,
        scheme=payment.cardissuer or None,
        virtual=_flag(payment.additionaldata, "virtual-payment"),
        amount_minor=to_minor(payment.moneyamount, currency),
        card_number=_text(payment.additionaldata, "giftcard-cardnumber"),
    )


def _quantity_milli(item: OrderItem) -> int:
    if item.decimalquantitytotal is None:
        quantity = item.quantity * 1000
    else:
        # Three decimals, checked when the order landed.
        quantity = int(item.decimalquantitytotal.replace(".", ""))
    if abs(quantity) > _LARGEST_QUANTITY_MILLI:
        raise UnreadableReceipt(f"a quantity of {quantity / 1000:g} in row {item.orderitemid}")
    return quantity


@lru_cache(maxsize=256)
def _rate_bp(percent: int | float) -> int:
    """Basis points of a VAT rate in percent."""
    exact = Decimal(str(percent)) * 100
    if exact != int(exact):
        raise UnreadableReceipt(f"a VAT rate of {percent} percent")
    return int(exact)


def _counter(number: str | None, registerkey: str) -> int | None:
    """The running number in a receipt number. That it follows the register's key is inferred (reference section 4)."""
    if not number or not registerkey or not number.startswith(registerkey):
        return None
    rest = number[len(registerkey) :]
    return int(rest) if rest.isdecimal() and len(rest) <= _MOST_DIGITS else None


def _text(data: Mapping[str, Any] | None, key: str) -> str | None:
    """A value of the open map `additionaldata` as text; None when it is missing or empty."""
    value = data.get(key) if data else None
    return None if value is None or value == "" else str(value)


def _flag(data: Mapping[str, Any] | None, key: str) -> bool:
    value = _text(data, key)
    return value is not None and value.lower() == "true"


def _number(data: Mapping[str, Any] | None, key: str, most_digits: int = _MOST_DIGITS) -> int | None:
    value = _text(data, key)
    return int(value) if value is not None and value.isdecimal() and len(value) <= most_digits else None
