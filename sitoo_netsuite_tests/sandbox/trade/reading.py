"""Reads a trade as an outsider would: from the JSON alone, by the rules of docs/accounting.md."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from sitoo_netsuite.sandbox.trade.store import TradeStore, ZReportFilter
from sitoo_netsuite.sandbox.world import World

Json = dict[str, Any]
END_OF_TIME = 2**40


def all_orders(store: TradeStore, now: int = END_OF_TIME) -> list[Json]:
    return [json.loads(body) for body in store.orders(now, sort="orderid", num=10**9)[1]]


def all_z_reports(store: TradeStore, world: World, now: int = END_OF_TIME) -> list[Json]:
    registers = [register.registerid for shop in world.shops for register in shop.registers]
    return [
        json.loads(body)
        for registerid in registers
        for body in store.z_reports(now, ZReportFilter(registerid=(registerid,)))
    ]


def deliveries_of(store: TradeStore, orderid: int, now: int = END_OF_TIME) -> list[Json]:
    return [json.loads(body) for body in store.deliveries(orderid, now)]


def excluded(order: Json) -> str | None:
    """Why an order is no till sale, the first reason that applies; None when it is one."""
    if order["ordertypeid"] != 10:
        return {100: "booking", 110: "parked"}[order["ordertypeid"]]
    if order["additionaldata"].get("pos-practice") == "true":
        return "practice"
    if order["orderstateid"] != 10:
        return {20: "cancelled", -1: "abandoned", 0: "open"}[order["orderstateid"]]
    if order["paymentstateid"] != 20:
        return "unpaid"
    if order["registerid"] is None:
        return "web_order"
    return None


def receipts_of(orders: Iterable[Json], z_report: Json) -> list[Json]:
    return [
        order
        for order in orders
        if order["registerid"] == z_report["registerid"]
        and z_report["dateopened"] <= order["orderdate"] <= z_report["datecreated"]
        and excluded(order) is None
    ]


def virtual(payment: Json) -> bool:
    return bool(payment["additionaldata"].get("virtual-payment") == "true")


def figures(receipts: Iterable[Json]) -> dict[str, Any]:
    """What the receipts of a session say the Z-report ought to say."""
    counts: dict[str, int] = defaultdict(int)
    rates: dict[str, dict[Any, list[Decimal]]] = {
        name: defaultdict(lambda: [Decimal(0), Decimal(0)]) for name in ("sales", "salesnotdelivered", "refund")
    }
    payments: dict[str, Decimal] = defaultdict(Decimal)
    rounding = Decimal(0)
    for order in receipts:
        later = bool(order["additionaldata"].get("delivery-pickup-warehouseid"))
        side = "salesnotdelivered" if later else "sales"
        sold = any(item["quantity"] > 0 for item in order["orderitems"])
        counts["num" + (side if sold else "refund")] += 1
        for item in order["orderitems"]:
            positive = item["quantity"] > 0
            group = rates[side if positive else "refund"][item["vatvalue"]]
            sign = 1 if positive else -1
            group[0] += sign * Decimal(item["moneyitemtotal_net"])
            group[1] += sign * Decimal(item["moneyitemtotal_vat"])
            counts[f"num{side if positive else 'refund'}items"] += sign * item["quantity"]
        for payment in order["payments"]:
            if not virtual(payment):
                payments[payment["name"]] += Decimal(payment["moneyamount"])
        rounding += Decimal(order["moneytotal_gross_roundoff"])
    return {"counts": counts, "rates": rates, "payments": payments, "rounding": rounding}


def line_kinds(order: Json) -> set[str]:
    """The line kinds of docs/accounting.md that a receipt gives rise to, amounts of zero left out."""
    later = bool(order["additionaldata"].get("delivery-pickup-warehouseid"))
    kinds = {"rounding"} if order["moneytotal_gross_roundoff"] != "0.00" else set()
    for item in order["orderitems"]:
        kinds |= _item_kinds(item, later)
    for payment in order["payments"]:
        kinds |= _payment_kinds(payment)
    return kinds


def _item_kinds(item: Json, later: bool) -> set[str]:
    kind, sold = SPECIAL.get(item["sku"], "goods"), item["quantity"] > 0
    taxed = item["moneyitemtotal_vat"] != "0.00"
    if kind == "gift_card":
        return {"gift_card_issued"} | ({"vat_on_gift_cards_issued"} if taxed else set())
    if kind == "deposit":
        return {"deposit_taken" if sold else "deposit_applied"}
    if kind == "tip":
        return {"tip"}
    if not sold:
        return {"return"} | ({"vat_on_returns"} if taxed else set())
    kinds = {"undelivered_sale" if later else "sale"} | ({"vat_on_sales"} if taxed else set())
    return kinds | ({"discount"} if item["moneydiscount"] != "0.00" and not later else set())


def _payment_kinds(payment: Json) -> set[str]:
    came_in = Decimal(payment["moneyamount"]) > 0
    if virtual(payment):
        return {"exchange_in" if came_in else "exchange_out"}
    kind = TENDERS.get(payment["name"], "other")
    if kind == "credit_note":
        return {"credit_note_redeemed" if came_in else "credit_note_issued"}
    if kind == "deposit":
        return {"deposit_applied" if came_in else "deposit_taken"}
    if kind in ("multi", "single"):
        kinds = {"gift_card_redeemed" if came_in else "gift_card_issued"}
        if kind == "single":
            kinds.add("vat_on_gift_cards_redeemed" if came_in else "vat_on_gift_cards_issued")
        return kinds
    return {"takings" if came_in else "refunds"}


SPECIAL = {"GIFTCARD": "gift_card", "EXPCARD": "gift_card", "DEPOSIT": "deposit", "TIP": "tip"}
TENDERS = {"Credit note": "credit_note", "Deposit": "deposit", "Gift card": "multi", "Experience card": "single"}
EVERY_KIND = {
    "sale", "discount", "vat_on_sales", "return", "vat_on_returns", "undelivered_sale", "delivered_sale",
    "gift_card_issued", "vat_on_gift_cards_issued", "gift_card_redeemed", "vat_on_gift_cards_redeemed",
    "deposit_taken", "deposit_applied", "tip", "rounding", "exchange_in", "exchange_out", "takings", "refunds",
    "credit_note_issued", "credit_note_redeemed", "over_short", "petty_cash", "till_to_safe", "safe_to_bank_bag",
    "float_difference",
}  # fmt: skip


def z_line_kinds(z_report: Json, previous: Json | None) -> set[str]:
    kinds = set()
    if Decimal(z_report["moneycash_diff"]):
        kinds.add("over_short")
    if Decimal(z_report["moneycash_petty"]):
        kinds.add("petty_cash")
    if Decimal(z_report["moneycash_bankfinal"]) - Decimal(z_report["moneycash_bank"]):
        kinds |= {"till_to_safe", "safe_to_bank_bag"}
    if previous and previous["moneycash_out"] != z_report["moneycash_in"]:
        kinds.add("float_difference")
    return kinds


def every_line_kind(store: TradeStore, world: World) -> set[str]:
    """All line kinds a trade gives rise to within its days."""
    kinds: set[str] = set()
    last = store.last_arrival() or 0
    for order in all_orders(store):
        if excluded(order) is None:
            kinds |= line_kinds(order)
            if order["additionaldata"].get("delivery-pickup-warehouseid") and _delivered(store, order, last):
                kinds.add("delivered_sale")
    previous: dict[str, Json] = {}
    for z_report in all_z_reports(store, world):
        kinds |= z_line_kinds(z_report, previous.get(z_report["registerid"]))
        previous[z_report["registerid"]] = z_report
    return kinds


def _delivered(store: TradeStore, order: Json, now: int) -> bool:
    handed_over = sum(
        item["quantity"]
        for delivery in deliveries_of(store, order["orderid"], now)
        for item in delivery["orderdeliveryitems"]
    )
    return bool(handed_over == sum(item["quantity"] for item in order["orderitems"]))


def z_differences(z_report: Json, receipts: Iterable[Json]) -> dict[str, Decimal]:
    """What a Z-report has more than its receipts, by figure; empty when they agree. The Z's own sums count too."""
    told = figures(receipts)
    pairs: dict[str, tuple[Decimal, Decimal]] = {}
    for side in ("sales", "salesnotdelivered", "refund"):
        rates = {group["vatvalue"]: group for group in z_report[f"vatgroups{side}"]}
        for rate in rates.keys() | told["rates"][side].keys():
            for name, amount in zip(("moneytotalnet", "moneytotalvat"), told["rates"][side][rate], strict=True):
                pairs[f"{side} {rate} {name}"] = Decimal(rates.get(rate, {}).get(name, 0)), amount
        gross = sum((sum(amounts) for amounts in told["rates"][side].values()), Decimal(0))
        pairs[f"{side} total"] = Decimal(z_report[f"money{side}total"]), gross
        groups = sum((Decimal(group["moneytotal"]) for group in z_report[f"productgroups{side}"]), Decimal(0))
        pairs[f"{side} product groups"] = groups, gross
        pairs[f"{side} receipts"] = Decimal(z_report[f"num{side}"]), Decimal(told["counts"][f"num{side}"])
    payments: dict[str, Decimal] = defaultdict(Decimal)
    for side, sign in (("paymentssales", 1), ("paymentsrefund", -1)):
        for payment in z_report[side]:
            payments[payment["name"]] += sign * Decimal(payment["moneytotal"])
            if payment["subpayments"]:
                schemes = sum((Decimal(part["moneysubtotal"]) for part in payment["subpayments"]), Decimal(0))
                pairs[f"{side} schemes of {payment['name']}"] = schemes, Decimal(payment["moneytotal"])
    for name in payments.keys() | told["payments"].keys():
        pairs[f"paid by {name}"] = payments[name], told["payments"][name]
    cash = {part: Decimal(z_report[f"moneycash_{part}"]) for part in CASH_FIGURES}
    pairs["cash sales"] = cash["salesrefunds"], told["payments"]["Cash"]
    pairs["cash expected"] = cash["expected"], cash["in"] + cash["salesrefunds"] + cash["petty"] + cash["bank"]
    pairs["cash difference"] = cash["diff"], cash["counted"] - cash["expected"]
    pairs["cash left"] = cash["out"], cash["counted"] - cash["bankfinal"]
    return {name: said - meant for name, (said, meant) in pairs.items() if said != meant}


CASH_FIGURES = ("in", "salesrefunds", "petty", "bank", "expected", "counted", "diff", "bankfinal", "out")
