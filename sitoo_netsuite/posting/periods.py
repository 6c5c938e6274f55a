"""Accounting periods: which date a document is booked on (reference 5, accountingPeriod, and 5.1).

Belongs here: the rule, pure. Does not belong here: asking NetSuite (`read_periods`), and what a document says about its
date (the flow).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class PostsTo(StrEnum):
    """Which of a period's locks stops a document. What closes a period, or locks it for all, stops every document."""

    GENERAL_LEDGER = "general_ledger"  # journals
    RECEIVABLES = "receivables"  # cash sales and refunds, invoices, credit memos, payments, deposits
    INVENTORY = "inventory"  # adjustments, transfers, receipts, fulfilments


@dataclass(frozen=True, slots=True)
class Period:
    """A period that takes postings (no quarter, no year, no adjustment period). Both dates belong to it.

    closed: closed or locked for all. SuiteQL has no column for the inventory lock: it is False unless the caller knows
    of one.
    """

    name: str
    start: date
    end: date
    closed: bool = False
    ar_locked: bool = False
    inventory_locked: bool = False

    def is_open(self, posts_to: PostsTo) -> bool:
        """Whether it takes documents of that sort."""
        locked = {PostsTo.RECEIVABLES: self.ar_locked, PostsTo.INVENTORY: self.inventory_locked}
        return not self.closed and not locked.get(posts_to, False)


class NoOpenPeriodError(ValueError):
    """NetSuite has no period that a document could be booked in; the text says what finance has to do."""


@dataclass(frozen=True, slots=True)
class Booking:
    """The date of a document, the period it is posted to, and the period its trading day, and so its VAT, is of."""

    tran_date: date
    period: str
    vat_period: str

    @property
    def is_later(self) -> bool:
        """Whether it is posted to another period than the one its VAT belongs to."""
        return self.period != self.vat_period


def book(periods: Iterable[Period], day: date, posts_to: PostsTo) -> Booking:
    """The trading day itself while its period is open for such a document; else the first day of the first open period
    after it.

    Raises NoOpenPeriodError when the day is in no period, or neither its own nor a later one is open.
    """
    known = sorted(periods, key=lambda period: period.start)
    own = period_of(known, day)
    if own is None:
        raise NoOpenPeriodError(f"NetSuite has no accounting period that {day} lies in; finance must set it up there")
    if own.is_open(posts_to):
        return Booking(day, own.name, own.name)
    later = next((period for period in known if period.start > own.end and period.is_open(posts_to)), None)
    if later is None:
        raise NoOpenPeriodError(
            f"the accounting period {own.name} is closed for a document of {day}, and so is every later one that "
            "NetSuite has; finance must open one or set up the next"
        )
    return Booking(later.start, later.name, own.name)


def period_of(periods: Iterable[Period], day: date) -> Period | None:
    """The period that a date lies in; None where NetSuite has none."""
    return next((period for period in periods if period.start <= day <= period.end), None)


def is_shut(periods: Iterable[Period], day: date, posts_to: PostsTo) -> bool:
    """Whether a document of that date cannot be booked (any more)."""
    period = period_of(periods, day)
    return period is None or not period.is_open(posts_to)
