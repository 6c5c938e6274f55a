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
        "held_receipt", "held_store_day", "receipt_out_of_balance", "unmapped_tender", "unmapped_vat_rate",
        "z_variance",
    }
)  # fmt: skip
"""What `plan_cases` looks for: an open case of these kinds on the days planned clears when it is not found again."""


@dataclass(frozen=True, slots=True)
class HeldCause:
    """What several receipts of a store-day are held by: one tender or one VAT rate the estate lacks."""

    trading_day: date
    store: str
    currency: str
    kind: str
    cause: str
    first_orderid: int
    receipts: int
    gross_minor: int


def plan_cases(planned: Iterable[PlannedDay], causes: Iterable[HeldCause]) -> list[Case]:
    """Every case of `PLAN_KINDS` on the planned days. Keys are stable over runs and unique within a kind."""
    days = list(planned)
    return [
        *_held_days(days),
        *_held_receipts(days),
        *_z_variances(days),
        *(_held_cause(cause) for cause in causes),
    ]


def _held_days(days: Iterable[PlannedDay]) -> Iterator[Case]:
    for plan in days:
        day = plan.day
        going_on = plan.state is DayState.WAITING and not day.over
        if plan.state is DayState.READY or going_on:
            continue
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


def _z_variances(days: Iterable[PlannedDay]) -> Iterable[Case]:
    # A session that touches several trading days is one case, on the day its Z-report was made, run or not.
    cases = {}
    for plan in days:
        for session in plan.day.sessions:
            if session.findings:
                cases[session.record] = Case(
                    kind="z_variance",
                    key=session.record,
                    store=plan.day.store,
                    trading_day=session.closing_day,
                    record=session.record,
                    amount_minor=largest_money_difference(session.findings),
                    currency=plan.day.currency,
                    evidence={"findings": [asdict(finding) for finding in session.findings]},
                )
    return cases.values()


def _held_cause(cause: HeldCause) -> Case:
    return Case(
        kind=cause.kind,
        key=f"{cause.store}/{cause.trading_day}/{cause.currency}/{cause.cause}",
        store=cause.store,
        trading_day=cause.trading_day,
        record=str(cause.first_orderid),
        amount_minor=cause.gross_minor,
        currency=cause.currency,
        evidence={"cause": cause.cause, "receipts": cause.receipts},
    )
