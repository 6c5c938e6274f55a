"""What a fault changes in the JSON of an order or a Z-report. Pure: records in, records out, nothing changed in place.

Belongs here: which fields a fault touches, and the Z-report that the same till would have made. Does not belong here:
which record is harmed (`choice`), when it is served and what the truth says (`planting`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import msgspec

from sitoo_netsuite.money import to_minor, to_text, vat_within
from sitoo_netsuite.sandbox.faults.tills import Json, is_virtual
from sitoo_netsuite.sandbox.trade.render import UNDELIVERED_KEY
from sitoo_netsuite.sandbox.world import Product

_UNREADABLE = "12,3x"


# -------------------------------------------------------------------- orders


def of_sku(order: Json, place: int, product: Product) -> Json:
    """The order with another product on one of its rows; money and quantity stay."""
    harmed = deepcopy(order)
    harmed["orderitems"][place] |= {"productid": product.productid, "sku": product.sku}
    return harmed


def returned_to(order: Json, place: int, warehouseid: int) -> Json:
    """The order with the goods of a returned row in another warehouse than the till's."""
    harmed = deepcopy(order)
    harmed["orderitems"][place]["additionaldata"]["return-warehouseid"] = str(warehouseid)
    return harmed


def at_rate(order: Json, place: int, rate: int, group: str) -> Json:
    """The order with a row sold at another VAT rate (percent) of another product group; money stays."""
    harmed = deepcopy(order)
    item = harmed["orderitems"][place]
    item["vatvalue"] = rate
    item["additionaldata"]["product-group-name"] = group
    return harmed


def at_price(order: Json, place: int, unit_gross_minor: int) -> Json:
    """The order with a row sold at another price of one unit with VAT, and its one payment of what it comes to then."""
    harmed, currency = deepcopy(order), order["currencycode"]
    item, rate_bp = harmed["orderitems"][place], round(order["orderitems"][place]["vatvalue"] * 100)
    gross = item["quantity"] * unit_gross_minor
    unit_net = to_text(unit_gross_minor - vat_within(unit_gross_minor, rate_bp), currency)
    vat = vat_within(gross, rate_bp)
    more_vat = vat - to_minor(item["moneyitemtotal_vat"], currency)
    more_net = gross - vat - net_of(order, place)
    item |= dict.fromkeys(("moneynetpriceperunit", "moneynetpriceperquantity", "moneyoriginalprice"), unit_net)
    changes = {
        **dict.fromkeys(("moneytotal_net", "moneyfinal_net"), more_net),
        **dict.fromkeys(("moneytotal_vat", "moneyfinal_vat"), more_vat),
        "moneytotal_gross_all": more_net + more_vat,
    }
    _raise(item, {"moneyitemtotal_net": more_net, "moneyitemtotal_vat": more_vat}, currency)
    _raise(harmed, changes, currency)
    _raise(harmed["payments"][0], {"moneyamount": more_net + more_vat}, currency)
    return harmed


def paid_by(order: Json, place: int, tender: str, external_id: str) -> Json:
    """The order with one of its payments made by another tender, without acquirer and scheme."""
    harmed = deepcopy(order)
    harmed["payments"][place] |= {
        "name": tender,
        "externalid": external_id,
        "reftype": "",
        "refid": "",
        "cardissuer": "",
        "additionaldata": {},
    }
    return harmed


def unreadable(order: Json) -> Json:
    """The order with a total that is no amount; which order it is, of which till and when can still be read."""
    return {**order, "moneytotal_gross_all": _UNREADABLE}


def out_of_balance(order: Json, amount_minor: int) -> Json:
    """The order with a total that its rows and payments do not come to; a Z-report is made of those, so it agrees."""
    total = total_of(order) + amount_minor
    return {**order, "moneytotal_gross_all": to_text(total, order["currencycode"])}


def renumbered(order: Json, orderid: int) -> Json:
    """The order under another orderid."""
    harmed = deepcopy(order)
    harmed["orderid"] = orderid
    for entry in harmed["orderlogitems"]:
        entry["orderid"] = orderid
    return harmed


def total_of(order: Json) -> int:
    """What an order says it comes to, in minor units."""
    return to_minor(order["moneytotal_gross_all"], order["currencycode"])


def net_of(order: Json, place: int) -> int:
    """The net of a row, in minor units; negative when it came back."""
    return to_minor(order["orderitems"][place]["moneyitemtotal_net"], order["currencycode"])


def text(record: Json) -> str:
    """A record as the trade file keeps it."""
    return msgspec.json.encode(record).decode()


# -------------------------------------------------------------------- Z-reports


def z_with_more_sales(z_report: Json, amount_minor: int) -> Json:
    """The Z-report with a sales total that is too high by an amount; nothing else on it says so."""
    return _with_money(z_report, {"moneysalestotal": amount_minor})


def z_at_price(z_report: Json, before: Json, after: Json, place: int) -> Json:
    """The Z-report had a row of a sale, paid by one payment that is no cash, been sold as in `after`."""
    currency = z_report["currencycode"]
    item, payment = after["orderitems"][place], after["payments"][0]
    more_net = net_of(after, place) - net_of(before, place)
    gross = total_of(after) - total_of(before)
    harmed = deepcopy(z_report)
    _raise(
        harmed,
        {
            "moneysalestotal": gross,
            "moneysalestotalnet": more_net,
            "moneysummarysales": gross,
            "moneysummarysubtotal": gross,
            "moneysummarytotal": gross,
        },
        currency,
    )
    group = {"name": item["additionaldata"]["product-group-name"], "vatvalue": item["vatvalue"]}
    for groups, key in (
        (harmed["vatgroupssales"], {"vatvalue": item["vatvalue"]}),
        (harmed["productgroupssales"], group),
    ):
        found = next(entry for entry in groups if key.items() <= entry.items())
        totals = {"moneytotal": gross, "moneytotalnet": more_net, "moneytotalvat": gross - more_net}
        _raise(found, totals, currency)
    paid = next(entry for entry in harmed["paymentssales"] if entry["name"] == payment["name"])
    _add_payment(paid, "moneytotal", gross, currency)
    for scheme in paid["subpayments"]:
        if scheme["name"] == payment["cardissuer"]:
            _add_payment(scheme, "moneysubtotal", gross, currency)
    return harmed


def z_with_more_ever_sold(z_report: Json, amount_minor: int) -> Json:
    """The Z-report had its register sold more by an amount, in this session or before."""
    return _with_money(z_report, dict.fromkeys(("moneygrandtotalsales", "moneygrandtotalnet"), amount_minor))


def z_paid_by(z_report: Json, payment: Json, tender: str, is_cash: bool) -> Json:
    """The Z-report had the payment been made by another tender.

    Cash that was no cash is not missed: it was counted, so the till has that much too much.
    """
    currency = z_report["currencycode"]
    amount = to_minor(payment["moneyamount"], currency)
    side = "paymentssales" if amount > 0 else "paymentsrefund"
    payments = deepcopy(z_report[side])
    old = next(entry for entry in payments if entry["name"] == payment["name"])
    _add_payment(old, "moneytotal", -abs(amount), currency)
    for scheme in old["subpayments"]:
        if scheme["name"] == payment["cardissuer"]:
            _add_payment(scheme, "moneysubtotal", -abs(amount), currency)
    old["subpayments"] = [s for s in old["subpayments"] if to_minor(s["moneysubtotal"], currency)]
    new = next((entry for entry in payments if entry["name"] == tender), None)
    if new is None:
        zero = to_text(0, currency)
        amounts = dict.fromkeys(("moneytotal", "moneycaptured", "moneyinadvance", "moneyreserved"), zero)
        new = {"name": tender, **amounts, "subpayments": []}
        payments.append(new)
    _add_payment(new, "moneytotal", abs(amount), currency)
    payments = sorted(
        (entry for entry in payments if to_minor(entry["moneytotal"], currency)), key=lambda entry: entry["name"]
    )
    drawer = {"moneycash_salesrefunds": -amount, "moneycash_expected": -amount, "moneycash_diff": amount}
    return _with_money({**z_report, side: payments}, drawer if is_cash else {})


def _add_payment(entry: Json, total: str, minor: int, currency: str) -> None:
    _raise(entry, dict.fromkeys((total, "moneycaptured"), minor), currency)


def z_at_rate(z_report: Json, order: Json, place: int, rate: int, group: str) -> Json:
    """The Z-report had one row of a receipt been sold at another VAT rate (percent) of another product group."""
    currency, item = z_report["currencycode"], order["orderitems"][place]
    side, sign = _side(order, item)
    moved = {
        "moneytotalnet": sign * to_minor(item["moneyitemtotal_net"], currency),
        "moneytotalvat": sign * to_minor(item["moneyitemtotal_vat"], currency),
    }
    moved["moneytotal"] = sum(moved.values())
    old_group = item["additionaldata"]["product-group-name"]
    harmed = dict(z_report)
    harmed[f"vatgroups{side}"] = _moved(
        z_report[f"vatgroups{side}"],
        {"vatvalue": item["vatvalue"]},
        {"vatvalue": rate},
        moved,
        currency,
        lambda entry: -entry["vatvalue"],
    )
    harmed[f"productgroups{side}"] = _moved(
        z_report[f"productgroups{side}"],
        {"name": old_group, "vatvalue": item["vatvalue"]},
        {"name": group, "vatvalue": rate},
        moved,
        currency,
        lambda entry: (entry["name"], entry["vatvalue"]),
        count=sign * item["quantity"],
    )
    return harmed


def _moved(
    groups: list[Json],
    source: Json,
    target: Json,
    amounts: dict[str, int],
    currency: str,
    order_by: Callable[[Json], Any],
    count: int | None = None,
) -> list[Json]:
    """Groups with amounts taken from the one that matches `source` and put on the one that matches `target`."""
    groups = deepcopy(groups)

    def add(key: Json, sign: int) -> None:
        found = next((entry for entry in groups if key.items() <= entry.items()), None)
        if found is None:
            found = {
                **key,
                **({} if count is None else {"numtotal": 0}),
                **dict.fromkeys(amounts, to_text(0, currency)),
            }
            groups.append(found)
        for name, minor in amounts.items():
            found[name] = to_text(to_minor(found[name], currency) + sign * minor, currency)
        if count is not None:
            found["numtotal"] += sign * count

    add(source, -1)
    add(target, 1)
    kept = [entry for entry in groups if entry.get("numtotal") or any(to_minor(entry[n], currency) for n in amounts)]
    return sorted(kept, key=order_by)


def _with_money(z_report: Json, changes: dict[str, int]) -> Json:
    harmed = dict(z_report)
    _raise(harmed, changes, z_report["currencycode"])
    return harmed


def _raise(record: Json, changes: dict[str, int], currency: str) -> None:
    """Raises amounts of a record of one's own by minor units."""
    for name, minor in changes.items():
        record[name] = to_text(to_minor(record[name], currency) + minor, currency)


def figures_of(order: Json) -> dict[str, int]:
    """The money that a receipt adds to each figure of its Z-report, in minor units (docs/accounting.md, the proof)."""
    currency = order["currencycode"]
    figures: Counter[str] = Counter()
    for item in order["orderitems"]:
        side, sign = _side(order, item)
        net = sign * to_minor(item["moneyitemtotal_net"], currency)
        vat = sign * to_minor(item["moneyitemtotal_vat"], currency)
        figures[f"money{side}total"] += net + vat
        figures[f"money{side}totalnet"] += net
        figures[f"vatgroups{side}:{item['vatvalue']}:net"] += net
        figures[f"vatgroups{side}:{item['vatvalue']}:vat"] += vat
        figures["moneysummarytotal"] += sign * (net + vat)
    for payment in order["payments"]:
        if not is_virtual(payment):
            figures[f"payments:{payment['name']}"] += to_minor(payment["moneyamount"], currency)
    figures["moneyroundoff"] = to_minor(order["moneytotal_gross_roundoff"], currency)
    figures["moneysummarytotal"] += figures["moneyroundoff"]
    return dict(figures)


def _side(order: Json, item: Json) -> tuple[str, int]:
    """Which side of the Z-report a row is on, and its sign there: refunds are positive."""
    if item["quantity"] < 0:
        return "refund", -1
    return ("salesnotdelivered" if order["additionaldata"].get(UNDELIVERED_KEY) else "sales"), 1
