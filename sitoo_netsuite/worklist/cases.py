"""The life of a case, pure: what this run found against what is open makes the events to write down.

A case is opened once, changed when its evidence changes, cleared when a run that looked no longer finds it, and opened
again if it comes back. A person may resolve it: then it stays closed until what it says has changed, or it has cleared
and comes back. It is never cleared by age and never doubled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from sitoo_netsuite.worklist.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Case:
    """One exception as a run found it. `key` stays the same over runs; `kind` and `key` name the case.

    amount_minor with currency is the money at stake; None where none can be told. waiting: an API's or a till's delay
    that the next run will cure by itself.
    """

    kind: str
    key: str
    store: str | None
    trading_day: date | None
    record: str | None
    amount_minor: int | None
    currency: str | None
    waiting: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"{self.kind!r} is not in the catalogue of case kinds")

    @property
    def state(self) -> str:
        return "waiting" if self.waiting else "broken"


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A case as the worklist has it, opened and not cleared since. `resolved`: a person closed it with a reason."""

    case: Case
    resolved: bool = False


@dataclass(frozen=True, slots=True)
class CaseEvent:
    event: str  # 'opened', 'changed', 'cleared', 'resolved'
    case: Case


def case_events(found: Iterable[Case], known: Iterable[KnownCase]) -> list[CaseEvent]:
    """Events that bring the worklist in line with what was found.

    known must hold the cases, not cleared yet, of exactly the scope that was looked at (kinds and days): a case of it
    that was not found again is cleared. A resolved case stays closed while the very same is found, and is opened again
    when what it says has changed. Found twice under one key is a fault of the detector and raises ValueError.
    """
    now: dict[tuple[str, str], Case] = {}
    for case in found:
        if (case.kind, case.key) in now:
            raise ValueError(f"case {case.kind} {case.key} was found twice in one run")
        now[case.kind, case.key] = case
    before = {(entry.case.kind, entry.case.key): entry for entry in known}
    events = [CaseEvent("cleared", entry.case) for name, entry in before.items() if name not in now]
    for name, case in now.items():
        entry = before.get(name)
        if entry is None or (entry.resolved and not _says_the_same(case, entry.case)):
            events.append(CaseEvent("opened", case))
        elif not entry.resolved and case != entry.case:
            events.append(CaseEvent("changed", case))
    return events


def _says_the_same(case: Case, resolved: Case) -> bool:
    """Whether a person's word on a case still holds: whether it waits does not matter, all else does."""
    return replace(case, waiting=resolved.waiting) == resolved
