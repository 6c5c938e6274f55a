"""The plan: what a store-day's books ought to hold, whether it may post, and which documents are still missing.

Belongs here: holding, the difference between target and what was posted or may have been, and the split into documents
of a bearable length. All pure. Does not belong here: reading the tables, numbering under a lock, sending.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sitoo_netsuite.flows.journals.lines import KIND_ORDER, LineKind, registers_out_of_balance
from sitoo_netsuite.flows.journals.proof import Finding, largest_money_difference
from sitoo_netsuite.posting.document_lines import CannotPlanError, LineKey, Lines


class DayState(StrEnum):
    """Whether a store-day may post. `waiting` cures itself with time, `held` needs somebody."""

    READY = "ready"
    WAITING = "waiting"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a store-day, or one receipt of it, is not in the books. `record` is the orderid or `register/zreportid`."""

    kind: str
    record: str
    amount_minor: int
    text: str
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class TouchingSession:
    """A till session that touches the store-day, with what its proof found (empty: proved)."""

    registerid: str
    zreportid: int
    closing_day: date
    findings: tuple[Finding, ...]

    @property
    def record(self) -> str:
        return f"{self.registerid}/{self.zreportid}"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Receipts of the store-day on a register that no Z-report covers yet. `missing`: the Z-report
    (`register/number`) that ought to be there by now, None while the till may simply still be open.
    """

    registerid: str
    receipts: int
    gross_minor: int
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Unparsable:
    """A quarantined record that belongs, as far as it can be told, to a session touching the store-day."""

    record: str
    reason: str


@dataclass(frozen=True, slots=True)
class HeldReceipt:
    """A receipt of known amount that can't be booked and is left out by name."""

    orderid: int
    kind: str
    gross_minor: int
    text: str


@dataclass(frozen=True, slots=True)
class StoreDay:
    """Everything the decision about one store, trading day and currency rests on."""

    store: str
    trading_day: date
    currency: str
    over: bool  # the trading day has ended by the clock the run was told
    sessions: tuple[TouchingSession, ...]
    open_sessions: tuple[OpenSession, ...]
    unparsable: tuple[Unparsable, ...]
    held_receipts: tuple[HeldReceipt, ...]
    receipts: int
    gross_minor: int  # of all till sales of the day, held ones included
    lines: Lines


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """The verdict on a store-day. `lines` is the target whatever the state; it posts only when `ready`."""

    day: StoreDay
    state: DayState
    reasons: tuple[Reason, ...]  # of the whole day; receipts held by name are in `day.held_receipts`

    @property
    def held_minor(self) -> int:
        return sum(receipt.gross_minor for receipt in self.day.held_receipts)

    @property
    def booked_minor(self) -> int:
        return self.day.gross_minor - self.held_minor


def decide(day: StoreDay) -> PlannedDay:
    """Whether a store-day may post: every session that touches it closed and proved, the day over, the plan in balance.

    Held by name (unmapped tender and the like) does not hold the day; an amount that is not known does.
    """
    reasons: list[Reason] = []
    if not day.over:
        reasons.append(Reason("day_not_over", "", 0, "the trading day is not over yet", waiting=True))
    for session in day.sessions:
        if session.findings:
            named = ", ".join(finding.figure for finding in session.findings[:4])
            reasons.append(
                Reason(
                    "z_variance",
                    session.record,
                    largest_money_difference(session.findings),
                    f"Z-report {session.zreportid} of register {session.registerid} and its receipts differ: {named}",
                )
            )
    for still_open in day.open_sessions:
        late = still_open.missing is not None
        without = f"{still_open.receipts} receipts of register {still_open.registerid}"
        reasons.append(
            Reason(
                "z_missing" if late else "session_open",
                still_open.missing or still_open.registerid,
                still_open.gross_minor,
                f"{without} lack the Z-report that ought to be there" if late else f"{without} have no Z-report yet",
                waiting=not late,
            )
        )
    for record in day.unparsable:
        reasons.append(Reason("unparsable_record", record.record, 0, f"record {record.record}: {record.reason}"))
    for registerid, left in registers_out_of_balance(day.lines).items():
        reasons.append(
            Reason("plan_out_of_balance", registerid, abs(left), f"the lines of register {registerid} leave {left}")
        )
    if all(reason.waiting for reason in reasons):
        state = DayState.WAITING if reasons else DayState.READY
    else:
        state = DayState.HELD
    return PlannedDay(day, state, tuple(reasons))


def difference(target: Mapping[LineKey, int], recorded: Iterable[tuple[LineKey, int]]) -> Lines:
    """Target less everything that was posted or may have been: the lines the next document must carry."""
    left: defaultdict[LineKey, int] = defaultdict(int, target)
    for key, amount in recorded:
        left[key] -= amount
    return {key: amount for key, amount in left.items() if amount}


class TooLongError(CannotPlanError):
    """One register alone needs more lines than a journal may have."""


def split(lines: Mapping[LineKey, int], most: int) -> list[Lines]:
    """Documents of at most `most` journal lines each, whole registers to a part, registers in order of their id.

    One part whenever everything fits once registers are added together. Every register balances on its own, so each
    part does. What cancels out over the registers needs no document. Raises TooLongError when a single register does
    not fit.
    """
    needed = len(collapse(lines))
    if needed <= most:
        return [dict(lines)] if needed else []
    by_register: defaultdict[str, Lines] = defaultdict(dict)
    for key, amount in lines.items():
        by_register[key.registerid][key] = amount
    parts: list[Lines] = []
    for registerid in sorted(by_register):
        own = by_register[registerid]
        if len(own) > most:
            raise TooLongError(f"register {registerid} alone needs {len(own)} journal lines; a journal has {most}")
        if parts and len(collapse(parts[-1] | own)) <= most:
            parts[-1] |= own
        else:
            parts.append(dict(own))
    return [part for part in parts if collapse(part)]


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line as NetSuite gets it: registers added together. Debit positive."""

    kind: str
    account: str
    vat_rate_bp: int
    label: str
    amount_minor: int


def collapse(lines: Mapping[LineKey, int]) -> list[JournalLine]:
    """Lines with registers added together, in journal order; what cancels out over registers is left out."""
    sums: defaultdict[tuple[int, int, str, str, str], int] = defaultdict(int)
    for key, amount in lines.items():
        sums[KIND_ORDER[LineKind(key.kind)], key.vat_rate_bp, key.label, key.account, key.kind] += amount
    return [
        JournalLine(kind, account, rate, label, amount)
        for (_, rate, label, account, kind), amount in sorted(sums.items())
        if amount
    ]
