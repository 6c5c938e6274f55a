"""What happened at the tills: rows, payments, baskets, deliveries, register sessions. Pure and frozen.

Belongs here: the facts, and the till's own arithmetic (how a price becomes net and VAT, how a return mirrors its
original, what a session's receipts add up to). Does not belong here: how Sitoo shows any of it (`render`), when it
arrives and under which id (`build`), or why a customer did what she did (`behaviour`; a replayed file is the other
source of these types).

Money is in minor units of the basket's currency, instants are epoch seconds, rates are basis points.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from sitoo_netsuite.money import round_half_away, vat_within
from sitoo_netsuite.sandbox.world import Customer, PaymentType, Product, ProductGroup, Register, Shop, Staff

# Sitoo's paymentmethodid of cash (reference section 3).
CASH = 100


class State(NamedTuple):
    """Sitoo's three states of an order (reference section 3)."""

    ordertype: int
    orderstate: int
    paymentstate: int


PAID = State(10, 10, 20)
UNPAID = State(10, 10, 10)
OPEN = State(10, 0, 0)
CANCELLED = State(10, 20, 0)
ABANDONED = State(10, -1, 0)
BOOKED = State(100, 0, 0)
PARKED = State(110, 0, 0)
PARKED_AND_CANCELLED = State(110, 20, 0)


class Stage(msgspec.Struct, frozen=True):
    """How an order stands from the instant the news of it `arrives`; an order that changes has several."""

    arrives: int
    state: State


class Discount(msgspec.Struct, frozen=True):
    """Why a row was cheaper. A manual one has no voucher, but the reason the staff gave."""

    code: str
    name: str
    percent: int
    voucherid: int = 0
    reason: str = ""


class Row(msgspec.Struct, frozen=True):
    """One row of a basket; a negative quantity came back. `net_minor` and `vat_minor` carry the quantity's sign.

    `unit_net_minor` and `unit_discount_minor` are positive, without VAT, for one unit and rounded: money is rebuilt
    from the row's totals, never from them (reference section 4). `weight_milli` is what one unit weighed.
    `return_warehouseid`: where goods that came back went, None for the warehouse of the basket.
    """

    product: Product
    group: ProductGroup
    quantity: int
    net_minor: int
    vat_minor: int
    unit_net_minor: int
    unit_discount_minor: int = 0
    discount: Discount | None = None
    weight_milli: int | None = None
    original_row: int | None = None
    reason: str = ""
    card_number: str = ""
    return_warehouseid: int | None = None

    @property
    def gross_minor(self) -> int:
        return self.net_minor + self.vat_minor

    @property
    def quantity_milli(self) -> int:
        return self.quantity * (1000 if self.weight_milli is None else self.weight_milli)


class Payment(msgspec.Struct, frozen=True):
    """Money in (positive) or out. `virtual`: a leg of an exchange, no money at all."""

    kind: PaymentType
    amount_minor: int
    acquirer: str = ""
    scheme: str = ""
    reference: str = ""
    card_number: str = ""
    virtual: bool = False
    original_payment: int | None = None


class Delivery(msgspec.Struct, frozen=True):
    """Goods handed over: row number and quantity of each."""

    moment: int
    arrives: int
    items: tuple[tuple[int, int], ...]


class Basket(msgspec.Struct, frozen=True):
    """One order, from the till (`shop` and `register`) or from the web shop (neither).

    `receipt` is its receipt number once it is a receipt. `returns` is the receipt number of the sale it gives back,
    `swapped_with` that of the other half of an exchange: the return names its sale, the sale its return.
    """

    eshopid: int
    currency: str
    warehouseid: int
    moment: int
    stages: tuple[Stage, ...]
    rows: tuple[Row, ...]
    payments: tuple[Payment, ...] = ()
    rounding_minor: int = 0
    shop: Shop | None = None
    register: Register | None = None
    staff: Staff | None = None
    customer: Customer | None = None
    receipt: str | None = None
    returns: str | None = None
    swapped_with: str | None = None
    reason: str = ""
    reason_comment: str = ""
    deliver_later: bool = False
    deliveries: tuple[Delivery, ...] = ()
    practice: bool = False
    reserved_until: int | None = None
    external_id: str | None = None

    @property
    def gross_minor(self) -> int:
        """What is paid: the rows with their VAT, and the rounding."""
        return sum(row.net_minor + row.vat_minor for row in self.rows) + self.rounding_minor

    @property
    def is_receipt(self) -> bool:
        """A till sale or return that ends closed, paid and not for practice."""
        return self.register is not None and not self.practice and self.stages[-1].state == PAID


class GroupTotal(msgspec.Struct):
    count: int = 0
    net_minor: int = 0
    vat_minor: int = 0


class SideTotals(msgspec.Struct):
    """One side of a Z-report: sold, sold for later delivery, or given back (there, positive figures)."""

    receipts: int = 0
    items: int = 0
    by_rate: dict[int, GroupTotal] = msgspec.field(default_factory=dict)
    by_group: dict[tuple[str, int], GroupTotal] = msgspec.field(default_factory=dict)
    by_discount: dict[str, GroupTotal] = msgspec.field(default_factory=dict)

    @property
    def net_minor(self) -> int:
        return sum(total.net_minor for total in self.by_rate.values())

    @property
    def gross_minor(self) -> int:
        return self.net_minor + sum(total.vat_minor for total in self.by_rate.values())

    @property
    def discount_minor(self) -> int:
        return sum(total.net_minor + total.vat_minor for total in self.by_discount.values())


class SessionTotals(msgspec.Struct):
    """What the receipts of a session add up to, as the rules of docs/accounting.md ("The proof") count them.

    Payments are by name, then by card scheme; virtual ones are left out.
    """

    sold: SideTotals
    sold_for_later: SideTotals
    refunded: SideTotals
    paid: dict[str, dict[str, int]]
    paid_out: dict[str, dict[str, int]]
    items_by_type: dict[int, int]
    rounding_minor: int = 0
    cash_minor: int = 0
    cash_payments: int = 0
    practice_receipts: int = 0
    practice_minor: int = 0

    @property
    def sales_minor(self) -> int:
        return self.sold.gross_minor + self.sold_for_later.gross_minor


class PettyCash(msgspec.Struct, frozen=True):
    """Cash taken out of the till to pay for something; a positive amount."""

    reason: str
    amount_minor: int


class Session(msgspec.Struct, frozen=True):
    """A register from its opening to its Z-report (reference section 4).

    `sold_before_minor` and `refunded_before_minor` are the register's grand totals before it. `banked_minor` left the
    till for the safe during the session, `banked_at_close_minor` after the count; both are positive.
    `counted_off_minor` is what was counted less what was expected.
    """

    shop: Shop
    register: Register
    company: str
    number: int
    opened: int
    closed: int
    arrives: int
    staff: Staff
    totals: SessionTotals
    sold_before_minor: int
    refunded_before_minor: int
    cash_in_minor: int
    petty_cash: tuple[PettyCash, ...] = ()
    comment: str = ""
    banked_minor: int = 0
    counted_off_minor: int = 0
    banked_at_close_minor: int = 0

    @property
    def petty_minor(self) -> int:
        return sum(paid.amount_minor for paid in self.petty_cash)

    @property
    def expected_minor(self) -> int:
        return self.cash_in_minor + self.totals.cash_minor - self.petty_minor - self.banked_minor

    @property
    def counted_minor(self) -> int:
        return self.expected_minor + self.counted_off_minor

    @property
    def cash_out_minor(self) -> int:
        return self.counted_minor - self.banked_at_close_minor


class TillDay(msgspec.Struct, frozen=True):
    """A stretch of trade over all shops. Nothing of a later one arrives before `settled_until`."""

    baskets: tuple[Basket, ...]
    sessions: tuple[Session, ...]
    settled_until: int


def sold_row(
    product: Product,
    group: ProductGroup,
    quantity: int,
    unit_gross_minor: int,
    *,
    discount_minor: int = 0,
    discount: Discount | None = None,
    weight_milli: int | None = None,
    reason: str = "",
    card_number: str = "",
) -> Row:
    """A row at VAT-inclusive prices; a negative quantity is a return without its original.

    `discount_minor` is VAT-inclusive, for the whole row, positive. VAT is taken out of the row's total, half away from
    zero, and the net is what remains, so that the two always add up to what was paid.
    """
    gross = quantity * unit_gross_minor - (discount_minor if quantity > 0 else -discount_minor)
    vat = vat_within(gross, group.rate_bp)
    unit_net = unit_gross_minor - vat_within(unit_gross_minor, group.rate_bp)
    return Row(
        product=product,
        group=group,
        quantity=quantity,
        net_minor=gross - vat,
        vat_minor=vat,
        unit_net_minor=unit_net,
        unit_discount_minor=unit_net - round_half_away(abs(gross - vat), abs(quantity)) if discount else 0,
        discount=discount,
        weight_milli=weight_milli,
        reason=reason,
        card_number=card_number,
    )


def returned_row(original: Row, place: int, already: int, quantity: int, reason: str) -> Row:
    """`quantity` (positive) of an original row coming back, of which `already` came back before.

    Net and VAT are shares of what was paid, not worked out again; each share is the difference of two rounded running
    shares, so that the last one takes what is left and nothing is ever given back twice.
    """

    def share(whole: int) -> int:
        through = round_half_away(whole * (already + quantity), original.quantity)
        return through - round_half_away(whole * already, original.quantity)

    vat = share(original.vat_minor)
    return msgspec.structs.replace(
        original,
        quantity=-quantity,
        net_minor=-(share(original.gross_minor) - vat),
        vat_minor=-vat,
        original_row=place,
        reason=reason,
    )


def total_up(baskets: Iterable[Basket]) -> SessionTotals:
    """What the baskets of one register session add up to; those that are no receipt count for practice at most."""
    totals = SessionTotals(SideTotals(), SideTotals(), SideTotals(), {}, {}, {})
    for basket in baskets:
        if basket.practice:
            totals.practice_receipts += 1
            totals.practice_minor += basket.gross_minor
        if basket.is_receipt:
            _add_receipt(totals, basket)
    return totals


def _add_receipt(totals: SessionTotals, basket: Basket) -> None:
    sales = totals.sold_for_later if basket.deliver_later else totals.sold
    anything_sold = False
    for row in basket.rows:
        if row.quantity > 0:
            anything_sold = True
            _add_row(sales, row, 1)
            kind = row.group.group_type
            totals.items_by_type[kind] = totals.items_by_type.get(kind, 0) + row.quantity
        else:
            _add_row(totals.refunded, row, -1)
    (sales if anything_sold else totals.refunded).receipts += 1
    totals.rounding_minor += basket.rounding_minor
    for payment in basket.payments:
        if payment.virtual:
            continue
        amount = payment.amount_minor
        by_scheme = (totals.paid if amount > 0 else totals.paid_out).setdefault(payment.kind.name, {})
        by_scheme[payment.scheme] = by_scheme.get(payment.scheme, 0) + abs(amount)
        if payment.kind.paymentmethodid == CASH:
            totals.cash_minor += amount
            totals.cash_payments += 1


def _add_row(side: SideTotals, row: Row, sign: int) -> None:
    quantity, net, vat, rate = sign * row.quantity, sign * row.net_minor, sign * row.vat_minor, row.group.rate_bp
    side.items += quantity
    _add(side.by_rate.setdefault(rate, GroupTotal()), quantity, net, vat)
    _add(side.by_group.setdefault((row.group.name, rate), GroupTotal()), quantity, net, vat)
    if row.discount is not None:
        less = quantity * row.unit_discount_minor
        less_vat = round_half_away(less * rate, 10_000)
        _add(side.by_discount.setdefault(row.discount.code, GroupTotal()), 1, less, less_vat)


def _add(total: GroupTotal, count: int, net: int, vat: int) -> None:
    total.count += count
    total.net_minor += net
    total.vat_minor += vat
