"""Accounting periods: months in quarters in years, and which one a date posts to (reference 5, accountingPeriod).

Belongs here: the calendar and its locks. Pure. Does not belong here: which document which lock stops (`settings.py`).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Period:
    """One period. A base period is neither a quarter nor a year; only base periods take postings."""

    internal_id: int
    name: str
    start: date
    end: date
    parent: int | None
    is_quarter: bool = False
    is_year: bool = False
    closed: bool = False
    all_locked: bool = False
    ar_locked: bool = False
    ap_locked: bool = False
    payroll_locked: bool = False
    inventory_locked: bool = False

    @property
    def is_base(self) -> bool:
        return not (self.is_quarter or self.is_year)


def calendar_periods(first: date, last: date) -> list[Period]:
    """All periods of the calendar years from `first`'s to `last`'s: twelve months, four quarters and a year each."""
    periods: list[Period] = []

    def add(
        name: str, start: date, months: int, parent: int | None, *, quarter: bool = False, year: bool = False
    ) -> int:
        end_month = start.month + months - 1
        end = date(start.year, end_month, calendar.monthrange(start.year, end_month)[1])
        periods.append(Period(len(periods) + 1, name, start, end, parent, quarter, year))
        return len(periods)

    for year in range(first.year, last.year + 1):
        whole = add(f"FY {year}", date(year, 1, 1), 12, None, year=True)
        for quarter in range(4):
            part = add(f"Q{quarter + 1} {year}", date(year, 3 * quarter + 1, 1), 3, whole, quarter=True)
            for month in range(3 * quarter + 1, 3 * quarter + 4):
                start = date(year, month, 1)
                add(f"{calendar.month_abbr[month]} {year}", start, 1, part)
    return periods


def period_of(periods: Iterable[Period], day: date) -> Period | None:
    """The base period that holds a date; None when the calendar does not reach that far."""
    return next((period for period in periods if period.is_base and period.start <= day <= period.end), None)


def next_day(period: Period) -> date:
    return period.end + timedelta(days=1)
