"""The proof of a till session: the receipts we hold against the till's own Z-report, figure by figure.

Belongs here: the comparison, pure. A figure agrees or it does not; there is no tolerance. Does not belong here: where
the figures come from (`queries.py`), and what a failed proof holds (`plan.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionItems:
    """Item sums of a session's receipts: one row per direction, delivery and VAT rate. Signed as on the receipts."""

    sold: bool
    to_deliver: bool
    vat_rate_bp: int
    net_minor: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class SessionReceipts:
    """What the receipts of one session add up to. `payments` leaves out or includes virtual ones as the estate says."""

    sales: int
    sales_to_deliver: int
    refunds: int
    rounding_minor: int
    cash_minor: int
    items: tuple[SessionItems, ...]
    payments: Mapping[str, int]  # tender name -> signed sum


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of the Z that the receipts do not bear out. Counts or minor units, by the figure's name."""

    figure: str
    z_report: int
    receipts: int

    @property
    def difference(self) -> int:
        return self.z_report - self.receipts

    @property
    def is_money(self) -> bool:
        return not self.figure.startswith("num")


def receipt_figures(receipts: SessionReceipts) -> dict[str, int]:
    """The figures a Z-report of exactly these receipts would show, under the names of `model.till_sessions.figures`.

    Refunds are positive there, negative on receipts (reference sitoo-api.md, section 4).
    """
    figures: Counter[str] = Counter(
        {
            "numsales": receipts.sales,
            "numsalesnotdelivered": receipts.sales_to_deliver,
            "numrefund": receipts.refunds,
            "moneyroundoff": receipts.rounding_minor,
            "moneycash_salesrefunds": receipts.cash_minor,
        }
    )
    for row in receipts.items:
        group, sign = _group(row)
        figures[f"money{group}total"] += sign * (row.net_minor + row.vat_minor)
        figures[f"money{group}totalnet"] += sign * row.net_minor
        figures[f"vatgroups{group}:{row.vat_rate_bp}:net"] += sign * row.net_minor
        figures[f"vatgroups{group}:{row.vat_rate_bp}:vat"] += sign * row.vat_minor
    figures["moneysummarytotal"] = (
        figures["moneysalestotal"]
        + figures["moneysalesnotdeliveredtotal"]
        - figures["moneyrefundtotal"]
        + receipts.rounding_minor
    )
    for tender, amount in receipts.payments.items():
        figures[f"payments:{tender}"] += amount
    return dict(figures)


def _group(row: SessionItems) -> tuple[str, int]:
    if not row.sold:
        return "refund", -1
    return ("salesnotdelivered" if row.to_deliver else "sales"), 1


# What the proof compares with the receipts. Discounts and item counts are in no journal line.
_PROVED = (
    "numsales", "numsalesnotdelivered", "numrefund", "moneyroundoff", "moneycash_salesrefunds", "moneysummarytotal",
    "moneysalestotal", "moneysalestotalnet", "moneysalesnotdeliveredtotal", "moneysalesnotdeliveredtotalnet",
    "moneyrefundtotal", "moneyrefundtotalnet",
)  # fmt: skip
_PROVED_FAMILIES = ("vatgroups", "payments:")


def prove_session(
    figures: Mapping[str, int], previous: Mapping[str, int] | None, receipts: SessionReceipts
) -> tuple[Finding, ...]:
    """Every figure of the Z that differs from its receipts, or from its own count of the drawer; empty means proved.

    figures: of this Z; previous: of the register's Z before it (number one lower), None where there is none, which
    leaves the running grand totals unproved for this one session.
    """
    expected = receipt_figures(receipts)
    claimed = dict(figures)
    claimed |= _payments_by_tender(figures)
    if previous is not None:
        for total, moved in _grand_total_moves(figures, previous).items():
            claimed[total] = moved
        expected["moneygrandtotalsales"] = expected.get("moneysalestotal", 0) + expected.get(
            "moneysalesnotdeliveredtotal", 0
        )
        expected["moneygrandtotalrefund"] = expected.get("moneyrefundtotal", 0)
    names = {name for name in claimed.keys() | expected.keys() if name.startswith(_PROVED_FAMILIES)}
    names |= {*_PROVED, *(("moneygrandtotalsales", "moneygrandtotalrefund") if previous is not None else ())}
    drawer = _drawer(figures)
    expected |= drawer
    names |= drawer.keys()
    return tuple(
        Finding(name, claimed.get(name, 0), expected.get(name, 0))
        for name in sorted(names)
        if claimed.get(name, 0) != expected.get(name, 0)
    )


def _drawer(figures: Mapping[str, int]) -> dict[str, int]:
    """What the Z's cash figures must be by its others (docs/accounting.md): over/short is booked from them."""
    cash = Counter({name.removeprefix("moneycash_"): amount for name, amount in figures.items()})
    return {
        "moneycash_expected": cash["in"] + cash["salesrefunds"] + cash["petty"] + cash["bank"],
        "moneycash_diff": cash["counted"] - cash["expected"],
        "moneycash_out": cash["counted"] - cash["bankfinal"],
    }


def _payments_by_tender(figures: Mapping[str, int]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for name, amount in figures.items():
        if name.startswith("paymentssales:"):
            sums["payments:" + name.removeprefix("paymentssales:")] += amount
        elif name.startswith("paymentsrefund:"):
            sums["payments:" + name.removeprefix("paymentsrefund:")] -= amount
    return dict(sums)


def _grand_total_moves(figures: Mapping[str, int], previous: Mapping[str, int]) -> dict[str, int]:
    totals = ("moneygrandtotalsales", "moneygrandtotalrefund")
    return {total: figures.get(total, 0) - previous.get(total, 0) for total in totals}


def largest_money_difference(findings: Iterable[Finding]) -> int:
    """The money at stake in a failed proof: its largest difference in minor units, 0 when only counts differ."""
    return max((abs(finding.difference) for finding in findings if finding.is_money), default=0)
