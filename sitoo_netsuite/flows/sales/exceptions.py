"""Which cases the tills' records make, pure: SKUs and stores nobody mapped, numbers that are missing, broken records.

Belongs here: turning evidence into cases, one per cause. Does not belong here: reading tables, writing events, and
whatever holds a store-day (`flows/journals`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sitoo_netsuite.worklist.cases import Case

GAP_KINDS = frozenset({"receipt_number_gap", "z_gap"})
"""What `gap_cases` makes."""


@dataclass(frozen=True, slots=True)
class UnmatchedSku:
    """A SKU sold on a store-day that NetSuite has no item for. Net revenue in minor units."""

    trading_day: date
    store: str
    currency: str
    sku: str
    lines: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class UnmappedRegister:
    """Receipts of a register that belongs to no store of the estate. Gross in minor units."""

    trading_day: date
    registerid: str
    currency: str
    receipts: int
    gross_minor: int


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


def gap_cases(receipt_gaps: Iterable[NumberGap], z_gaps: Iterable[NumberGap]) -> list[Case]:
    """Every case of `GAP_KINDS`, named by the register and the number that showed the gap."""
    return [
        *(_gap("receipt_number_gap", gap) for gap in receipt_gaps),
        *(_gap("z_gap", gap) for gap in z_gaps),
    ]


def unmatched_sku_case(sku: UnmatchedSku) -> Case:
    """One a store-day and SKU, with the net revenue made on it."""
    return Case(
        kind="unmatched_sku",
        key=f"{sku.store}/{sku.trading_day}/{sku.currency}/{sku.sku}",
        store=sku.store,
        trading_day=sku.trading_day,
        record=sku.sku,
        amount_minor=sku.net_minor,
        currency=sku.currency,
        evidence={"lines": sku.lines},
    )


def unmapped_store_case(register: UnmappedRegister) -> Case:
    """One a register and day, with the gross of what it sold."""
    return Case(
        kind="unmapped_store",
        key=f"{register.registerid}/{register.trading_day}/{register.currency}",
        store=None,
        trading_day=register.trading_day,
        record=register.registerid,
        amount_minor=register.gross_minor,
        currency=register.currency,
        evidence={"receipts": register.receipts},
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
