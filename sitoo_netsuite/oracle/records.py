"""Sitoo's raw orders and Z-reports as the oracle reads them: which orders are till sales, and their figures.

Belongs here: raw dictionary in, frozen record out, the reasons an order is no till sale. Does not belong here: HTTP,
accounts. Amounts are integers in minor units of the record's currency; moments are unix seconds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sitoo_netsuite.oracle.estate_file import EstateFacts
from sitoo_netsuite.oracle.figures import basis_points, minor

Raw = Mapping[str, Any]

# Sitoo's enums, reference sitoo-api.md section 3.
_ORDER = 10
_CLOSED = 10
_SUCCESSFUL = 20

_CURRENCY = re.compile("[A-Z]{3}")
_TWO_DECIMALS = re.compile(r"\.\d\d$", re.ASCII)


class UnreadableRecordError(Exception):
    """A record that cannot be read. What little is known of it is kept: which, whose, when."""

    def __init__(self, record: str, registerid: str | None, moment: int | None, reason: str) -> None:
        super().__init__(f"{record}: {reason}")
        self.record = record
        self.registerid = registerid
        self.moment = moment


@dataclass(frozen=True, slots=True)
class Item:
    sku: str
    quantity: int
    rate: int  # basis points
    net: int
    vat: int
    unit_discount: int  # net, per unit
    delivered_at: int | None  # of an order to be delivered later: when the whole quantity was


@dataclass(frozen=True, slots=True)
class Payment:
    name: str
    amount: int
    acquirer: str | None
    scheme: str | None
    virtual: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """A till sale (or a return) with the figures it was rung up with. `number` is printed on it; "" where unknown."""

    orderid: int
    number: str
    registerid: str
    sold_at: int
    currency: str
    to_deliver: bool
    items: tuple[Item, ...]
    payments: tuple[Payment, ...]
    rounding: int
    gross: int

    def balances(self) -> bool:
        """docs/accounting.md, "The receipt balances"."""
        rung_up = sum(item.net + item.vat for item in self.items) + self.rounding
        return rung_up == sum(payment.amount for payment in self.payments) == self.gross


def read_order(order: Raw, facts: EstateFacts) -> Receipt | str:
    """A till sale's figures, or the first reason that applies for which an order is no till sale (go-live apart).

    Raises UnreadableRecordError when a figure that is needed is missing or is no figure.
    """
    try:
        return _why_not_a_till_sale(order, facts) or _receipt(order, facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(order, "orderid", "orderdate", error) from None


def _why_not_a_till_sale(order: Raw, facts: EstateFacts) -> str | None:
    order_type, state = order["ordertypeid"], order["orderstateid"]
    if order_type != _ORDER:
        return {100: "booking", 110: "parked"}.get(order_type, "unknown_order_type")
    if str((order.get("additionaldata") or {}).get(facts.practice_key)).lower() == "true":
        return "practice"
    if state != _CLOSED:
        return {20: "cancelled", -1: "abandoned", 0: "open"}.get(state, "unknown_order_state")
    if order["paymentstateid"] != _SUCCESSFUL:
        return "unpaid"
    return "web_order" if order["registerid"] is None else None


def _receipt(order: Raw, facts: EstateFacts) -> Receipt:
    currency = _currency(order["currencycode"])
    deliveries = order.get("orderdeliveries", ())
    return Receipt(
        orderid=_whole(order["orderid"]),
        number=str((order.get("additionaldata") or {}).get("pos-receiptid") or ""),
        registerid=order["registerid"],
        sold_at=_whole(order["orderdate"]),
        currency=currency,
        to_deliver=waits_for_delivery(order, facts.undelivered_key),
        items=tuple(_item(item, currency, deliveries) for item in order["orderitems"] or ()),
        payments=tuple(_payment(payment, currency) for payment in order["payments"] or ()),
        rounding=_money(order["moneytotal_gross_roundoff"], currency),
        gross=_money(order["moneytotal_gross_all"], currency),
    )


def _currency(code: object) -> str:
    if not (isinstance(code, str) and _CURRENCY.fullmatch(code)):
        raise ValueError(f"not a currency: {code!r}")
    return code


def _money(text: object, currency: str) -> int:
    # Sitoo writes money with two decimals in every currency; anything else is not to be guessed at.
    if not (isinstance(text, str) and _TWO_DECIMALS.search(text)):
        raise ValueError(f"not an amount as Sitoo writes it: {text!r}")
    return minor(text, currency)


def _whole(number: object) -> int:
    if isinstance(number, bool) or not isinstance(number, int | Decimal) or number != int(number):
        raise ValueError(f"not a whole number: {number!r}")
    return int(number)


def _rate(number: object) -> int:
    if not isinstance(number, int | Decimal):
        raise ValueError(f"not a VAT rate: {number!r}")
    return basis_points(number)


def _unreadable(record: Raw, key: str, moment: str, error: Exception) -> UnreadableRecordError:
    register, when = record.get("registerid"), record.get(moment)
    return UnreadableRecordError(
        str(record.get(key)),
        register if isinstance(register, str) else None,
        when if isinstance(when, int) else None,
        repr(error),
    )


def waits_for_delivery(order: Raw, undelivered_key: str) -> bool:
    """Whether the goods of an order are handed over later."""
    return bool((order.get("additionaldata") or {}).get(undelivered_key))


def _item(item: Raw, currency: str, deliveries: tuple[Raw, ...]) -> Item:
    quantity = _whole(item["quantity"])
    return Item(
        sku=item.get("sku") or "",
        quantity=quantity,
        rate=_rate(item["vatvalue"]),
        net=_money(item["moneyitemtotal_net"], currency),
        vat=_money(item["moneyitemtotal_vat"], currency),
        unit_discount=_money(item.get("moneydiscount") or "0.00", currency),
        delivered_at=_delivered_in_full(item["orderitemid"], quantity, deliveries),
    )


def _delivered_in_full(orderitemid: int, quantity: int, deliveries: tuple[Raw, ...]) -> int | None:
    parts = sorted(
        (delivery["datedelivery"], part["quantity"])
        for delivery in deliveries
        if delivery.get("datedelivery") is not None and delivery.get("datecancelled") is None
        for part in delivery["orderdeliveryitems"]
        if part["orderitemid"] == orderitemid
    )
    left = quantity
    for moment, delivered in parts:
        left -= delivered
        if left <= 0:
            return int(moment)
    return None


def _payment(payment: Raw, currency: str) -> Payment:
    extra = payment.get("additionaldata") or {}
    return Payment(
        name=payment["name"],
        amount=_money(payment["moneyamount"], currency),
        acquirer=payment.get("reftype"),
        scheme=payment.get("cardissuer"),
        virtual=str(extra.get("virtual-payment")).lower() == "true",
    )


@dataclass(frozen=True, slots=True)
class ZReport:
    """One register session. `money` holds the Z's own totals by Sitoo's names, `counts` its counts.

    `vat_groups` is {(group, rate): (net, vat)} with group sales, not_delivered or refund; `paid` is
    {payment name: sales less refunds}.
    """

    zreportid: int
    registerid: str
    opened_at: int
    closed_at: int
    currency: str
    comment: str
    money: Mapping[str, int]
    sales_tax: int  # of countries that have one beside VAT
    counts: Mapping[str, int]
    vat_groups: Mapping[tuple[str, int], tuple[int, int]]
    paid: Mapping[str, int]


_Z_MONEY = (
    "moneysalestotal", "moneysalestotalnet", "moneysalesnotdeliveredtotal", "moneysalesnotdeliveredtotalnet",
    "moneyrefundtotal", "moneyrefundtotalnet", "moneyroundoff", "moneysummarytotal",
    "moneycash_in", "moneycash_salesrefunds", "moneycash_petty", "moneycash_bank", "moneycash_expected",
    "moneycash_counted", "moneycash_diff", "moneycash_bankfinal", "moneycash_out", "moneygrandtotalsales",
    "moneygrandtotalrefund",
)  # fmt: skip
_Z_COUNTS = ("numsales", "numsalesnotdelivered", "numrefund")
_Z_VAT_GROUPS = {
    "sales": "vatgroupssales",
    "not_delivered": "vatgroupssalesnotdelivered",
    "refund": "vatgroupsrefund",
}


def read_z_report(report: Raw) -> ZReport:
    """A Z-report's figures. Raises UnreadableRecordError when one is missing or is no figure."""
    try:
        currency = _currency(report["currencycode"])
        vat_groups: dict[tuple[str, int], tuple[int, int]] = {}
        for group, field in _Z_VAT_GROUPS.items():
            for entry in report[field] or ():
                key = (group, _rate(entry["vatvalue"]))
                net, vat = vat_groups.get(key, (0, 0))
                net, vat = (
                    net + _money(entry["moneytotalnet"], currency),
                    vat + _money(entry["moneytotalvat"], currency),
                )
                vat_groups[key] = (net, vat)
        paid: dict[str, int] = {}
        for field, sign in (("paymentssales", 1), ("paymentsrefund", -1)):
            for entry in report[field] or ():
                paid[entry["name"]] = paid.get(entry["name"], 0) + sign * _money(entry["moneytotal"], currency)
        return ZReport(
            zreportid=_whole(report["zreportid"]),
            registerid=report["registerid"],
            opened_at=_whole(report["dateopened"]),
            closed_at=_whole(report["datecreated"]),
            currency=currency,
            comment=report.get("comment") or "",
            money={name: _money(report[name], currency) for name in _Z_MONEY},
            sales_tax=_money(report.get("moneysummarysalestax") or "0.00", currency),
            counts={name: _whole(report[name]) for name in _Z_COUNTS},
            vat_groups=vat_groups,
            paid=paid,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unreadable(report, "zreportid", "datecreated", error) from None
