"""How well the cases tell what was planted: the sandbox's truth against the worklist. Pure.

Belongs here: which case answers which planted fault, and what is left on either side. Does not belong here: reading
either (`demo`). Nothing that finds faults may ever look at the truth.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Score:
    """`missed`: rows of the truth without their case. `false_alarms`: open cases that no planted fault accounts for."""

    planted: int
    missed: tuple[Row, ...]
    false_alarms: tuple[Row, ...]

    @property
    def found(self) -> int:
        return self.planted - len(self.missed)


def score(truth: Sequence[Row], cases: Iterable[Row]) -> Score:
    """Exactly one case per fault, alike in kind, store, trading day, record and amount (docs/faults.md).

    A further case is neutral where a fault of the same store names its kind as a follow-up; any other is a false alarm.
    truth: rows of `GET /sandbox/truth`; cases: rows of `list_cases`, of which trading days may be dates or ISO texts.
    """
    expected = Counter(_name(row, row["case_kind"]) for row in truth)
    neutral = {(row["store"], kind) for row in truth for kind in row["follow_ups"]}
    left = []
    for case in cases:
        name = _name(case, case["kind"])
        if expected[name] > 0:
            expected[name] -= 1
        elif (case["store"], case["kind"]) not in neutral:
            left.append(case)
    missed = []
    for row in truth:
        name = _name(row, row["case_kind"])
        if expected[name] > 0:
            expected[name] -= 1
            missed.append(row)
    return Score(len(truth), tuple(missed), tuple(left))


def _name(row: Row, kind: str) -> Hashable:
    day = None if row["trading_day"] is None else str(row["trading_day"])
    return kind, row["store"], day, row["record"], row["amount_minor"]
