"""Which cases a planned range of store-days makes, pure: from the plan and what the tables show.

Belongs here: turning evidence into cases, one per cause. Does not belong here: reading tables, writing events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date

from sitoo_netsuite.flows.journals.plan import DayState, PlannedDay
from sitoo_netsuite.flows.journals.proof import largest_money_difference
from sitoo_netsuite.worklist.cases import Case

PLAN_KINDS = frozenset(
    {
        "unmatched_sku", "unmapped_tender", "unmapped_vat_rate", "unmapped_store", "unparsable_record",
        "receipt_out_of_balance", "receipt_number_gap", "z_gap", "z_variance", "held_receipt", "held_store_day",
    }
)  # fmt: skip
"""What `plan_cases` looks for: an open case of these kinds on the days planned clears when it is not found again."""


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


@dataclass(frozen=True, slots=True)
class HeldCause:
    """What several receipts of a store-day are held by: one tender or one VAT rate the estate lacks."""

    trading_day: date
    store: str
    currency: str
    kind: str
    cause: str
    receipts: int
    gross_minor: int


def plan_cases(
    planned: Iterable[PlannedDay],
    causes: Iterable[HeldCause],
    skus: Iterable[UnmatchedSku],
    registers: Iterable[UnmappedRegister],
    receipt_gaps: Iterable[NumberGap],
    z_gaps: Iterable[NumberGap],
    quarantined: Iterable[QuarantinedRecord],
) -> list[Case]:
    """Every case of `PLAN_KINDS` on the planned days. Keys are stable over runs and unique within a kind."""
    days = list(planned)
    return [
        *_held_days(days),
        *_held_receipts(days),
        *_z_variances(days),
        *(_held_cause(cause) for cause in causes),
        *(_unmatched_sku(sku) for sku in skus),
        *(_unmapped_register(register) for register in registers),
        *(_gap("receipt_number_gap", gap) for gap in receipt_gaps),
        *(_gap("z_gap", gap) for gap in z_gaps),
        *(_quarantined(record) for record in quarantined),
    ]


def _held_days(days: Iterable[PlannedDay]) -> Iterator[Case]:
    for plan in days:
        if plan.state is DayState.READY:
            continue
        day = plan.day
        yield Case(
            kind="held_store_day",
            key=f"{day.store}/{day.trading_day}/{day.currency}",
            store=day.store,
            trading_day=day.trading_day,
            record=None,
            amount_minor=day.gross_minor,
            currency=day.currency,
            waiting=plan.state is DayState.WAITING,
            evidence={"reasons": [asdict(reason) for reason in plan.reasons]},
        )


def _held_receipts(days: Iterable[PlannedDay]) -> Iterator[Case]:
    for plan in days:
        for receipt in plan.day.held_receipts:
            # A receipt out of balance is its own cause; the others name theirs in a case of the cause.
            kind = receipt.kind if receipt.kind == "receipt_out_of_balance" else "held_receipt"
            yield Case(
                kind=kind,
                key=str(receipt.orderid),
                store=plan.day.store,
                trading_day=plan.day.trading_day,
                record=str(receipt.orderid),
                amount_minor=receipt.gross_minor,
                currency=plan.day.currency,
                evidence={"cause": receipt.kind, "text": receipt.text},
            )


def _z_variances(days: Iterable[PlannedDay]) -> Iterator[Case]:
    # A session that spans two trading days is one case, on the day its Z-report was made.
    for plan in days:
        for session in plan.day.sessions:
            if session.findings and session.closing_day == plan.day.trading_day:
                yield Case(
                    kind="z_variance",
                    key=session.record,
                    store=plan.day.store,
                    trading_day=session.closing_day,
                    record=session.record,
                    amount_minor=largest_money_difference(session.findings),
                    currency=plan.day.currency,
                    evidence={"findings": [asdict(finding) for finding in session.findings]},
                )


def _held_cause(cause: HeldCause) -> Case:
    return Case(
        kind=cause.kind,
        key=f"{cause.store}/{cause.trading_day}/{cause.currency}/{cause.cause}",
        store=cause.store,
        trading_day=cause.trading_day,
        record=cause.cause,
        amount_minor=cause.gross_minor,
        currency=cause.currency,
        evidence={"receipts": cause.receipts},
    )


def _unmatched_sku(sku: UnmatchedSku) -> Case:
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


def _unmapped_register(register: UnmappedRegister) -> Case:
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


def _quarantined(record: QuarantinedRecord) -> Case:
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
