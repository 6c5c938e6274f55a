"""Which cases the tills' records make, pure: of SKUs and stores nobody mapped, of what is missing, broken or changed.

Belongs here: turning evidence into cases, one per cause. Does not belong here: reading tables, writing events, and
whatever holds a store-day (`flows/journals`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from sitoo_netsuite.flows.sales.amended import Moved
from sitoo_netsuite.worklist.cases import Case

GAP_KINDS = frozenset({"receipt_number_gap", "z_gap", "z_missing"})
"""What `gap_cases` makes."""


@dataclass(frozen=True, slots=True)
class UnmatchedSku:
    """A SKU sold on a store-day that NetSuite has no item for. Net revenue in minor units; the first order it is in."""

    trading_day: date
    store: str
    currency: str
    sku: str
    lines: int
    net_minor: int
    orderid: int


@dataclass(frozen=True, slots=True)
class UnmappedRegister:
    """Receipts of a register that belongs to no store of the estate. Gross in minor units; the first of them."""

    trading_day: date
    registerid: str
    currency: str
    receipts: int
    gross_minor: int
    orderid: int


@dataclass(frozen=True, slots=True)
class NumberGap:
    """Numbers missing before `after`: receipts of a register, or its Z-reports. `missing` of them."""

    trading_day: date
    store: str
    registerid: str
    before: int
    after: int

    @property
    def missing(self) -> int:
        return self.after - self.before - 1


@dataclass(frozen=True, slots=True)
class QuarantinedRecord:
    """A record that could not be read and has not been cured."""

    trading_day: date
    store: str | None
    source: str
    record: str
    reason: str


@dataclass(frozen=True, slots=True)
class UncoveredReceipt:
    """A till sale that no landed Z-report covers."""

    registerid: str
    sold_at: datetime
    trading_day: date
    store: str
    currency: str
    gross_minor: int


@dataclass(frozen=True, slots=True)
class ZStretch:
    """A landed Z-report: its number and the stretch it covers."""

    zreportid: int
    opened_at: datetime
    closed_at: datetime


@dataclass(frozen=True, slots=True)
class MissingZ:
    """A Z-report that should be there: its receipts, on these trading days. Gross in minor units."""

    registerid: str
    zreportid: int
    store: str
    currency: str
    days: tuple[date, ...]
    receipts: int
    gross_minor: int


@dataclass(frozen=True, slots=True)
class DoubledReceipt:
    """An order that is the same receipt as an earlier one. Gross in minor units."""

    trading_day: date
    store: str | None
    currency: str
    orderid: int
    first_orderid: int
    receipt_number: str
    gross_minor: int


@dataclass(frozen=True, slots=True)
class AmendedReceipt:
    """An order that was changed after a document had carried it, and what the change moved (never nothing)."""

    trading_day: date
    store: str | None
    currency: str
    orderid: int
    document: str
    moved: tuple[Moved, ...]


def missing_z_reports(
    uncovered: Iterable[UncoveredReceipt],
    reports: Mapping[str, Sequence[ZStretch]],
    is_overdue: Callable[[str, date], bool],
) -> list[MissingZ]:
    """The Z-reports that receipts lack although they should be there by now; one a stretch between two that arrived.

    reports: by register, by rising `closed_at`. A receipt lacks one once a later Z-report of its register has arrived,
    or when its store and trading day `is_overdue`. The number is the one after the last Z-report before the receipts.
    """
    stretches: defaultdict[tuple[str, int, str, str], list[UncoveredReceipt]] = defaultdict(list)
    for receipt in uncovered:
        known = reports.get(receipt.registerid, ())
        place = bisect_left(known, receipt.sold_at, key=lambda report: report.closed_at)
        later = known[place] if place < len(known) else None
        if later is None and not is_overdue(receipt.store, receipt.trading_day):
            continue
        first_number = later.zreportid - 1 if later is not None else 1
        number = known[place - 1].zreportid + 1 if place else first_number
        stretches[receipt.registerid, number, receipt.store, receipt.currency].append(receipt)
    return [
        MissingZ(
            registerid,
            number,
            store,
            currency,
            days=tuple(sorted({receipt.trading_day for receipt in receipts})),
            receipts=len(receipts),
            gross_minor=sum(receipt.gross_minor for receipt in receipts),
        )
        for (registerid, number, store, currency), receipts in sorted(stretches.items())
    ]


def gap_cases(
    receipt_gaps: Iterable[NumberGap], z_gaps: Iterable[NumberGap], missing: Iterable[MissingZ]
) -> list[Case]:
    """Every case of `GAP_KINDS`: gaps are named by the register and the number that showed them.

    A missing Z-report that has receipts is a case of its own and no gap.
    """
    missing = list(missing)
    named = {(report.registerid, report.zreportid) for report in missing}
    # The receipts in a gap are taken to be of its first number.
    left = [replace(gap, before=gap.before + ((gap.registerid, gap.before + 1) in named)) for gap in z_gaps]
    return [
        *(_gap("receipt_number_gap", gap) for gap in receipt_gaps),
        *(_gap("z_gap", gap) for gap in left if gap.missing),
        *(_missing_z(report) for report in missing),
    ]


def unmatched_sku_case(sku: UnmatchedSku) -> Case:
    """One a store-day and SKU, with the net revenue made on it."""
    return Case(
        kind="unmatched_sku",
        key=f"{sku.store}/{sku.trading_day}/{sku.currency}/{sku.sku}",
        store=sku.store,
        trading_day=sku.trading_day,
        record=str(sku.orderid),
        amount_minor=sku.net_minor,
        currency=sku.currency,
        evidence={"sku": sku.sku, "lines": sku.lines},
    )


def unmapped_store_case(register: UnmappedRegister) -> Case:
    """One a register and day, with the gross of what it sold."""
    return Case(
        kind="unmapped_store",
        key=f"{register.registerid}/{register.trading_day}/{register.currency}",
        store=None,
        trading_day=register.trading_day,
        record=str(register.orderid),
        amount_minor=register.gross_minor,
        currency=register.currency,
        evidence={"register": register.registerid, "receipts": register.receipts},
    )


def _gap(kind: str, gap: NumberGap) -> Case:
    return Case(
        kind=kind,
        key=f"{gap.registerid}/{gap.after}",
        store=gap.store,
        trading_day=gap.trading_day,
        record=f"{gap.registerid}/{gap.after}",
        amount_minor=None,
        currency=None,
        evidence={"missing_from": gap.before + 1, "missing_to": gap.after - 1, "missing": gap.missing},
    )


def _missing_z(report: MissingZ) -> Case:
    return Case(
        kind="z_missing",
        key=f"{report.registerid}/{report.zreportid}",
        store=report.store,
        trading_day=report.days[-1],
        record=f"{report.registerid}/{report.zreportid}",
        amount_minor=report.gross_minor,
        currency=report.currency,
        evidence={"receipts": report.receipts, "days": [day.isoformat() for day in report.days]},
    )


def doubled_receipt_case(receipt: DoubledReceipt) -> Case:
    """One an order that is left out, with what the books would have doubled."""
    return Case(
        kind="doubled_receipt",
        key=str(receipt.orderid),
        store=receipt.store,
        trading_day=receipt.trading_day,
        record=str(receipt.orderid),
        amount_minor=receipt.gross_minor,
        currency=receipt.currency,
        evidence={"same_as": str(receipt.first_orderid), "receipt_number": receipt.receipt_number},
    )


def amended_case(receipt: AmendedReceipt) -> Case:
    """One an order, with the most that it moved."""
    return Case(
        kind="receipt_amended",
        key=str(receipt.orderid),
        store=receipt.store,
        trading_day=receipt.trading_day,
        record=str(receipt.orderid),
        amount_minor=receipt.moved[0].amount_minor,
        currency=receipt.currency,
        evidence={"booked_in": receipt.document, "moved": [asdict(figure) for figure in receipt.moved]},
    )


def unparsable_case(record: QuarantinedRecord) -> Case:
    """One a record. What it is worth can't be told."""
    return Case(
        kind="unparsable_record",
        key=f"{record.source}/{record.record}",
        store=record.store,
        trading_day=record.trading_day,
        record=record.record,
        amount_minor=None,
        currency=None,
        evidence={"reason": record.reason, "source": record.source},
    )
