"""Whether a difference that the plan gives a name has the cause it is named for.

Belongs here: reading an entry of the plan's `named`, and the reasons to refuse it. Does not belong here: taking its
lines out, and whatever is left then (`judging.py`).

What the oracle can see for itself: which documents exist, their lines, and whether one was changed after it was made.
What it cannot see, so that an accepted entry is counted (`Verdict.named_minor`) and never just vanishes:

- what a deleted document held, and that it was ever there: its lines are only asked to balance;
- what a changed document held before; a change of its memo looks the same as one of its amounts;
- who made a document: one that the builder booked by mistake and then disowns looks the same as a stranger's.

In each case the lines are taken out to the penny, so they hide exactly what they say, and only if the store-day's
other documents make up the receipts without them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

DELETED, CHANGED, NOT_PLANNED, FOREIGN = (
    "document_not_found", "document_differs", "document_not_planned", "foreign_posting",
)  # fmt: skip

_OUR_DOCUMENT = re.compile(r"JE-([A-Za-z0-9_]+)-(\d{8})-([A-Z]{3})-\d+")


@dataclass(frozen=True, slots=True)
class OurName:
    """What an external id of ours says: `JE-<store>-<yyyymmdd>-<currency>-<n>`."""

    store: str
    trading_day: date
    currency: str


def our_name(external_id: str | None) -> OurName | None:
    """The store-day in an external id, None when it is not one of ours."""
    match = _OUR_DOCUMENT.fullmatch(external_id or "")
    if match is None:
        return None
    try:
        day = date.fromisoformat(match[2])
    except ValueError:
        return None
    return OurName(match[1], day, match[3])


@dataclass(frozen=True)
class Naming:
    """What the ledger holds more than was booked there, by account (debit positive), and the cause it is put down to.

    `record` is the document: its external id, or the number NetSuite shows where it has none.
    """

    kind: str
    record: str
    store: str
    trading_day: date
    currency: str
    lines: Mapping[str, int]

    @property
    def about(self) -> str:
        return f"{self.record} is named as {self.kind} of {self.store} {self.trading_day}"

    @property
    def amount_minor(self) -> int:
        """What it explains on all accounts, each in full."""
        return sum(abs(amount) for amount in self.lines.values())


def read_naming(entry: Mapping[str, Any]) -> Naming:
    """An entry of the plan's `named`. Lines of one account are added together, those of zero left out."""
    lines: Counter[str] = Counter()
    for line in entry["lines"]:
        lines[line["account"]] += line["amount_minor"]
    return Naming(
        kind=entry["kind"],
        record=entry["record"],
        store=entry["store"],
        trading_day=date.fromisoformat(entry["trading_day"]),
        currency=entry["currency"],
        lines={account: amount for account, amount in lines.items() if amount},
    )


def why_refused(naming: Naming, changed: Mapping[str, bool], lines: Mapping[str, int], left_over: int) -> str | None:
    """What speaks against a naming, in words; None when the oracle finds its cause.

    changed: the documents that NetSuite holds under the external ids named, and whether they were changed after they
    were made. lines: what the document of `naming.record` holds at the store and on the day, by account, without zeros.
    left_over: the sum of all lines that the plan names for this kind and record, whatever store they are at: somebody
    may have moved a line to another store.
    """
    name = our_name(naming.record)
    if naming.kind == FOREIGN:
        if name is not None:
            return "that is a name of ours"
        return None if lines and naming.lines == lines else "its lines there are others"
    if name is None or name.currency != naming.currency:
        return "that is no name of a document of that day"
    if naming.kind == NOT_PLANNED:
        # One that names a day nobody could have booked is about its date, and its lines are only found there.
        return None if lines and naming.lines == lines else "its lines there are others"
    if name.trading_day != naming.trading_day:
        return "that is no name of a document of that day"
    if left_over != 0:
        return "the lines do not balance"
    if naming.kind == DELETED:
        if name.store != naming.store:
            return "that is no name of a document of that store"
        return "it is still there" if naming.record in changed else None
    if naming.kind == CHANGED:
        if naming.record not in changed:
            return "it is not there"
        return None if changed[naming.record] else "it has not been changed since it was made"
    return "the oracle knows no such cause"
