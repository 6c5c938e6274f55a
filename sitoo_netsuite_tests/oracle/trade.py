"""Hand-made raw records for the oracle's tests: orders, Z-reports and ledger lines as the two APIs give them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sitoo_netsuite.oracle.estate_file import estate_facts
from sitoo_netsuite.oracle.judging import Reckoning, Verdict
from sitoo_netsuite.oracle.ledger_side import LedgerLine
from sitoo_netsuite.oracle.records import read_order, read_z_report
from sitoo_netsuite.oracle.rules import Posting, postings_of_receipt, postings_of_z_report
from sitoo_netsuite_tests.examples import estate_content

FACTS = estate_facts(estate_content())
SHOP = FACTS.shops["S01"]
BOOKS = FACTS.books_of(SHOP)
REGISTER = "{11111111-2222-3333-4444-555555555555}"
DAY = date(2026, 3, 3)

Raw = dict[str, Any]


def at(text: str) -> int:
    """Unix seconds of a time on the shop's wall, as in "2026-03-03 12:00"."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Stockholm")).timestamp())


NOON = at("2026-03-03 12:00")


def item(
    net: str, vat: str = "0.00", *, quantity: int = 1, rate: Any = 25, sku: str = "TEE", discount: str = "0.00"
) -> Raw:
    """A row of an order; net and VAT are of the whole row."""
    return {
        "sku": sku,
        "quantity": quantity,
        "vatvalue": rate,
        "moneyitemtotal_net": net,
        "moneyitemtotal_vat": vat,
        "moneydiscount": discount,
    }


def paid(amount: str, name: str = "Cash", **more: Any) -> Raw:
    """A payment of an order."""
    return {"name": name, "moneyamount": amount, "reftype": "", "cardissuer": "", "additionaldata": {}} | more


def order(orderid: int, items: Sequence[Raw], payments: Sequence[Raw], **changes: Any) -> Raw:
    """A closed and paid till sale at noon; its gross is the sum of its payments."""
    return {
        "orderid": orderid,
        "eshopid": 1,
        "orderdate": NOON,
        "ordertypeid": 10,
        "orderstateid": 10,
        "paymentstateid": 20,
        "registerid": REGISTER,
        "currencycode": "SEK",
        "additionaldata": {},
        "moneytotal_gross_roundoff": "0.00",
        "moneytotal_gross_all": str(sum((Decimal(payment["moneyamount"]) for payment in payments), Decimal("0.00"))),
        "orderitems": [{"orderitemid": number} | row for number, row in enumerate(items)],
        "payments": list(payments),
    } | changes


def sale(orderid: int, **changes: Any) -> Raw:
    """One tee for 125.00 in cash, 25.00 of it VAT."""
    return order(orderid, [item("100.00", "25.00")], [paid("125.00")], **changes)


def z_report(orders: Iterable[Raw], number: int = 1, **changes: Any) -> Raw:
    """The Z-report the till would print for these orders: opened at eight, closed at eight."""
    sums: defaultdict[str, Decimal] = defaultdict(lambda: Decimal("0.00"))
    groups: dict[str, defaultdict[Any, list[Decimal]]] = {
        name: defaultdict(lambda: [Decimal("0.00"), Decimal("0.00")])
        for name in ("vatgroupssales", "vatgroupssalesnotdelivered", "vatgroupsrefund")
    }
    counts = {"numsales": 0, "numsalesnotdelivered": 0, "numrefund": 0}
    payments: defaultdict[str, Decimal] = defaultdict(lambda: Decimal("0.00"))
    for record in orders:
        came_in = "salesnotdelivered" if record["additionaldata"].get("delivery-pickup-warehouseid") else "sales"
        has_sale = any(row["quantity"] > 0 for row in record["orderitems"])
        counts["num" + (came_in if has_sale else "refund")] += 1
        for row in record["orderitems"]:
            group, sign = (came_in, 1) if row["quantity"] > 0 else ("refund", -1)
            net, vat = sign * Decimal(row["moneyitemtotal_net"]), sign * Decimal(row["moneyitemtotal_vat"])
            sums[f"money{group}total"] += net + vat
            sums[f"money{group}totalnet"] += net
            groups[f"vatgroups{group}"][row["vatvalue"]][0] += net
            groups[f"vatgroups{group}"][row["vatvalue"]][1] += vat
        sums["moneyroundoff"] += Decimal(record["moneytotal_gross_roundoff"])
        for payment in record["payments"]:
            if payment["additionaldata"].get("virtual-payment") != "true":
                payments[payment["name"]] += Decimal(payment["moneyamount"])
    rung_up = sums["moneysalestotal"] + sums["moneysalesnotdeliveredtotal"] - sums["moneyrefundtotal"]
    cash = payments["Cash"]
    money = {
        "moneysalestotal": sums["moneysalestotal"],
        "moneysalestotalnet": sums["moneysalestotalnet"],
        "moneysalesnotdeliveredtotal": sums["moneysalesnotdeliveredtotal"],
        "moneysalesnotdeliveredtotalnet": sums["moneysalesnotdeliveredtotalnet"],
        "moneyrefundtotal": sums["moneyrefundtotal"],
        "moneyrefundtotalnet": sums["moneyrefundtotalnet"],
        "moneyroundoff": sums["moneyroundoff"],
        "moneysummarytotal": rung_up + sums["moneyroundoff"],
        "moneycash_in": Decimal("500.00"),
        "moneycash_salesrefunds": cash,
        "moneycash_petty": Decimal("0.00"),
        "moneycash_bank": Decimal("0.00"),
        "moneycash_expected": Decimal("500.00") + cash,
        "moneycash_counted": Decimal("500.00") + cash,
        "moneycash_diff": Decimal("0.00"),
        "moneycash_bankfinal": Decimal("0.00"),
        "moneycash_out": Decimal("500.00") + cash,
        "moneygrandtotalsales": sums["moneysalestotal"] + sums["moneysalesnotdeliveredtotal"],
        "moneygrandtotalrefund": sums["moneyrefundtotal"],
    }
    return {
        "zreportid": number,
        "registerid": REGISTER,
        "dateopened": at("2026-03-03 08:00"),
        "datecreated": at("2026-03-03 20:00"),
        "currencycode": "SEK",
        "comment": "",
        **{name: str(amount) for name, amount in money.items()},
        **counts,
        **{
            name: [
                {"vatvalue": rate, "moneytotal": str(net + vat), "moneytotalnet": str(net), "moneytotalvat": str(vat)}
                for rate, (net, vat) in group.items()
            ]
            for name, group in groups.items()
        },
        "paymentssales": [{"name": name, "moneytotal": str(amount)} for name, amount in payments.items()],
        "paymentsrefund": [],
    } | changes


def postings(orders: Iterable[Raw], z_reports: Sequence[Raw] = ()) -> list[Posting]:
    """What the oracle itself expects of till sales and of Z-reports in a row."""
    found: list[Posting] = []
    for record in orders:
        receipt = read_order(record, FACTS)
        assert not isinstance(receipt, str), receipt
        found += postings_of_receipt(receipt, BOOKS, FACTS)
    previous = None
    for record in z_reports:
        report = read_z_report(record)
        found += postings_of_z_report(report, previous, BOOKS)
        previous = report
    return found


def journal(expected: Iterable[Posting]) -> list[LedgerLine]:
    """The ledger of a builder that books just these postings, each on its own trading day."""
    return [
        LedgerLine(f"JE-S01-{day:%Y%m%d}-SEK-1", day, posting.account, posting.amount)
        for posting in expected
        if (day := SHOP.trading_day(posting.moment))
    ]


def judge(
    orders: Iterable[Raw],
    z_reports: Iterable[Raw],
    ledger: Iterable[LedgerLine],
    held: Sequence[Raw] = (),
    days: tuple[date, date] = (DAY, DAY),
    now: str = "2026-03-10 12:00",
    named: Sequence[Raw] = (),
    documents: Mapping[str, bool] | None = None,
) -> Verdict:
    """The verdict on the one shop and its one register.

    `documents`: those that NetSuite holds of the ones named, and whether they were changed after they were made.
    """
    plan = {"documents": [], "held": list(held), "named": list(named)}
    reckoning = Reckoning(FACTS, {REGISTER: SHOP}, days, at(now), plan)
    reckoning.hear_z_reports(z_reports)
    for record in orders:
        reckoning.hear_order(record)
    for line in ledger:
        reckoning.hear_ledger_line(SHOP, line)
    reckoning.hear_documents(documents or {})
    return reckoning.verdict()


def hold(kind: str, record: object = "", amount_minor: int = 0, day: date = DAY) -> Raw:
    """An entry of the plan's `held`."""
    return {
        "store": "S01",
        "trading_day": day.isoformat(),
        "record": str(record),
        "kind": kind,
        "amount_minor": amount_minor,
        "currency": "SEK",
    }


def name(kind: str, record: str, day: date = DAY, **lines: int) -> Raw:
    """An entry of the plan's `named`; lines as in `_1910=-700` (debit positive)."""
    return {
        "kind": kind,
        "record": record,
        "store": "S01",
        "trading_day": day.isoformat(),
        "currency": "SEK",
        "lines": [{"account": account.removeprefix("_"), "amount_minor": amount} for account, amount in lines.items()],
    }
