"""Whether a Z-report agrees with the receipts of its session, by the oracle's own count.

Belongs here: the table "The proof" of docs/accounting.md, each side counted into figures of the same name. Does not
belong here: accounts, and what a disagreement leads to.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from sitoo_netsuite.oracle.estate_file import Books, EstateFacts, Shop
from sitoo_netsuite.oracle.records import Receipt, ZReport


@dataclass
class Session:
    """A Z-report with what its receipts have come to so far, and the trading days it touches."""

    report: ZReport
    previous: ZReport | None
    shop: Shop
    touches: set[date]
    counted: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)

    def add(self, receipt: Receipt, books: Books, facts: EstateFacts) -> None:
        """Count a receipt of the session in."""
        self.touches.add(self.shop.trading_day(receipt.sold_at))
        self.counted.update(_figures_of_receipt(receipt, books, facts))

    def disagreements(self) -> dict[str, tuple[int, int]]:
        """{figure: (the Z's, the receipts')} wherever the two differ; empty when the session is proved."""
        theirs, ours = _figures_of_z(self.report), Counter(self.counted)
        money = self.report.money
        if self.previous is not None:
            before = self.previous.money
            theirs["grand total sales"] = money["moneygrandtotalsales"] - before["moneygrandtotalsales"]
            theirs["grand total refund"] = money["moneygrandtotalrefund"] - before["moneygrandtotalrefund"]
            ours["grand total sales"] = ours["sales gross"] + ours["not_delivered gross"]
            ours["grand total refund"] = ours["refund gross"]
        found = {name: (theirs[name], ours[name]) for name in {*theirs, *ours} if theirs[name] != ours[name]}
        return found | _broken_identities(self.report)

    def totals(self) -> tuple[int, int]:
        """What was rung up in the session, VAT and rounding included: by the Z, and by the receipts."""
        money, ours = self.report.money, self.counted
        return (
            money["moneysalestotal"]
            + money["moneysalesnotdeliveredtotal"]
            - money["moneyrefundtotal"]
            + money["moneyroundoff"],
            ours["sales gross"] + ours["not_delivered gross"] - ours["refund gross"] + ours["rounding"],
        )


def _figures_of_receipt(receipt: Receipt, books: Books, facts: EstateFacts) -> Counter[str]:
    figures: Counter[str] = Counter()
    came_in = "not_delivered" if receipt.to_deliver else "sales"
    has_sale = any(item.quantity > 0 for item in receipt.items)
    figures[f"number of {came_in if has_sale else 'refund'}"] += 1
    for item in receipt.items:
        group, sign = (came_in, 1) if item.quantity > 0 else ("refund", -1)
        figures[f"{group} net at {item.rate}"] += sign * item.net
        figures[f"{group} VAT at {item.rate}"] += sign * item.vat
        figures[f"{group} net"] += sign * item.net
        figures[f"{group} gross"] += sign * (item.net + item.vat)
    figures["rounding"] += receipt.rounding
    for payment in receipt.payments:
        if payment.virtual and not facts.virtual_payments_in_z:
            continue
        figures[f"paid by {payment.name}"] += payment.amount
        if books.tenders.get(payment.name, {}).get("kind") == "cash":
            figures["cash of sales and refunds"] += payment.amount
    return figures


def _figures_of_z(report: ZReport) -> Counter[str]:
    money, counts = report.money, report.counts
    figures = Counter(
        {
            "number of sales": counts["numsales"],
            "number of not_delivered": counts["numsalesnotdelivered"],
            "number of refund": counts["numrefund"],
            "sales gross": money["moneysalestotal"],
            "sales net": money["moneysalestotalnet"],
            "not_delivered gross": money["moneysalesnotdeliveredtotal"],
            "not_delivered net": money["moneysalesnotdeliveredtotalnet"],
            "refund gross": money["moneyrefundtotal"],
            "refund net": money["moneyrefundtotalnet"],
            "rounding": money["moneyroundoff"],
            "cash of sales and refunds": money["moneycash_salesrefunds"],
        }
    )
    for (group, rate), (net, vat) in report.vat_groups.items():
        figures[f"{group} net at {rate}"] = net
        figures[f"{group} VAT at {rate}"] = vat
    for name, amount in report.paid.items():
        figures[f"paid by {name}"] = amount
    return figures


def _broken_identities(report: ZReport) -> dict[str, tuple[int, int]]:
    """The Z against itself: a total that is not the sum of its own parts proves nothing."""
    m = report.money
    identities = {
        "summary total": (
            m["moneysummarytotal"],
            m["moneysalestotal"]
            + m["moneysalesnotdeliveredtotal"]
            - m["moneyrefundtotal"]
            + report.sales_tax
            + m["moneyroundoff"],
        ),
        "cash expected": (
            m["moneycash_expected"],
            m["moneycash_in"] + m["moneycash_salesrefunds"] + m["moneycash_petty"] + m["moneycash_bank"],
        ),
        "cash difference": (m["moneycash_diff"], m["moneycash_counted"] - m["moneycash_expected"]),
        "cash left in the till": (m["moneycash_out"], m["moneycash_counted"] - m["moneycash_bankfinal"]),
    }
    return {name: sides for name, sides in identities.items() if sides[0] != sides[1]}
