"""Which date a document is booked on."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.posting.periods import Booking, NoOpenPeriodError, Period, PostsTo, book, is_shut, period_of

FEB = Period("Feb 2026", date(2026, 2, 1), date(2026, 2, 28))
MAR = Period("Mar 2026", date(2026, 3, 1), date(2026, 3, 31))
APR = Period("Apr 2026", date(2026, 4, 1), date(2026, 4, 30))
MAY = Period("May 2026", date(2026, 5, 1), date(2026, 5, 31))
LAST_OF_MARCH = date(2026, 3, 31)
GENERAL, RECEIVABLES, INVENTORY = PostsTo


def test_a_document_is_dated_its_trading_day_while_the_period_is_open() -> None:
    assert book([MAR, APR], LAST_OF_MARCH, GENERAL) == Booking(LAST_OF_MARCH, "Mar 2026", "Mar 2026")


def test_in_a_closed_period_it_is_dated_the_first_day_of_the_next_open_one() -> None:
    booking = book([MAY, replace(APR, closed=True), replace(MAR, closed=True), FEB], LAST_OF_MARCH, GENERAL)
    assert booking == Booking(date(2026, 5, 1), "May 2026", "Mar 2026")
    assert booking.is_later


def test_an_earlier_period_that_is_still_open_takes_nothing_of_a_later_day() -> None:
    with pytest.raises(NoOpenPeriodError, match=r"Mar 2026 is closed .* and so is every later one"):
        book([FEB, replace(MAR, closed=True)], LAST_OF_MARCH, GENERAL)


def test_a_day_in_no_period_is_said() -> None:
    with pytest.raises(NoOpenPeriodError, match="no accounting period that 2026-06-01"):
        book([MAR, APR, MAY], date(2026, 6, 1), GENERAL)


@pytest.mark.parametrize(
    ("march", "moved"),
    [
        (replace(MAR, closed=True), {GENERAL, RECEIVABLES, INVENTORY}),
        (replace(MAR, ar_locked=True), {RECEIVABLES}),
        (replace(MAR, inventory_locked=True), {INVENTORY}),
    ],
)
def test_each_lock_moves_only_the_documents_it_stops(march: Period, moved: set[PostsTo]) -> None:
    periods = [march, APR]
    assert {kind for kind in PostsTo if book(periods, LAST_OF_MARCH, kind).is_later} == moved
    assert {kind for kind in PostsTo if is_shut(periods, LAST_OF_MARCH, kind)} == moved


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=12, max_size=12), st.data())
def test_a_booking_lies_in_an_open_period_never_before_its_day_and_skips_no_open_one(
    locks: list[tuple[bool, bool, bool]], data: st.DataObject
) -> None:
    starts = [date(2026, month, 1) for month in range(1, 13)]
    ends = [start - timedelta(days=1) for start in [*starts[1:], date(2027, 1, 1)]]
    periods = [
        Period(f"{start:%b %Y}", start, end, *lock) for start, end, lock in zip(starts, ends, locks, strict=True)
    ]
    day = data.draw(st.dates(date(2026, 1, 1), date(2026, 12, 31)))
    kind = data.draw(st.sampled_from(list(PostsTo)))
    own = period_of(periods, day)
    assert own is not None
    open_ones = [period for period in periods if period.is_open(kind) and period.start >= own.start]
    if not open_ones:
        with pytest.raises(NoOpenPeriodError):
            book(periods, day, kind)
        return
    booking = book(periods, day, kind)
    assert booking.period == open_ones[0].name
    assert booking.tran_date == (day if own.is_open(kind) else open_ones[0].start)
    assert booking.tran_date >= day
    assert booking.vat_period == own.name
