from __future__ import annotations

from datetime import date

from sitoo_netsuite.sandbox.netsuite.periods import calendar_periods, next_day, period_of

PERIODS = calendar_periods(date(2010, 12, 1), date(2011, 12, 9))


def test_a_year_has_twelve_months_four_quarters_and_itself() -> None:
    of_2011 = [period for period in PERIODS if period.start.year == 2011]
    assert len([period for period in of_2011 if period.is_base]) == 12
    assert len([period for period in of_2011 if period.is_quarter]) == 4
    assert len([period for period in of_2011 if period.is_year]) == 1


def test_every_day_is_in_exactly_one_base_period() -> None:
    first = period_of(PERIODS, date(2010, 12, 31))
    assert first is not None
    assert (first.name, first.start, first.end) == ("Dec 2010", date(2010, 12, 1), date(2010, 12, 31))
    second = period_of(PERIODS, next_day(first))
    assert second is not None
    assert second.name == "Jan 2011"


def test_months_hang_under_quarters_and_quarters_under_years() -> None:
    by_id = {period.internal_id: period for period in PERIODS}
    february = next(period for period in PERIODS if period.name == "Feb 2011")
    quarter = by_id[february.parent or 0]
    assert quarter.name == "Q1 2011"
    assert by_id[quarter.parent or 0].name == "FY 2011"


def test_a_date_beyond_the_calendar_has_no_period() -> None:
    assert period_of(PERIODS, date(2031, 1, 1)) is None
