"""Complaint 1: records are lost for ever between a run and midnight, at the cut-over, or when the clocks change.

Pure where the rule is; the rest with a whole retailer, whose books the oracle judges.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite.trading_day import trading_day, trading_day_window
from sitoo_netsuite_tests.end_to_end.conftest import Retailer

STOCKHOLM, LONDON = ZoneInfo("Europe/Stockholm"), ZoneInfo("Europe/London")
FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)


def test_a_sale_after_midnight_and_before_the_four_o_clock_cut_over_belongs_to_the_evening_before() -> None:
    days = [
        trading_day(datetime(2026, 3, 7, hour, minute, tzinfo=STOCKHOLM), STOCKHOLM, time(4))
        for hour, minute in ((0, 0), (1, 30), (3, 59), (4, 0))
    ]
    assert days == [date(2026, 3, 6)] * 3 + [date(2026, 3, 7)]


@pytest.mark.parametrize("zone", [STOCKHOLM, LONDON])
@pytest.mark.parametrize("cut_over", [time(0), time(2, 30), time(4)])
@pytest.mark.parametrize(("changed", "hours"), [(FORWARD, 23), (BACK, 25)])
def test_every_minute_around_a_change_of_the_clocks_belongs_to_one_trading_day_and_to_its_window(
    zone: ZoneInfo, cut_over: time, changed: date, hours: int
) -> None:
    minute = datetime(changed.year, changed.month, changed.day, tzinfo=UTC) - timedelta(hours=12)
    lengths: dict[date, int] = {}
    for _ in range(48 * 60):
        day = trading_day(minute, zone, cut_over)
        start, end = (edge.astimezone(UTC) for edge in trading_day_window(day, zone, cut_over))
        assert start <= minute < end
        lengths[day] = lengths.get(day, 0) + 1
        minute += timedelta(minutes=1)
    # The day that holds the change is the one that is going on at two or three at night.
    whole = [length for day, length in lengths.items() if min(lengths) < day < max(lengths)]
    assert set(whole) <= {hours * 60, 24 * 60}
    start, end = (edge.astimezone(UTC) for edge in trading_day_window(changed, zone, time(0)))
    assert end - start == timedelta(hours=hours)


@pytest.mark.parametrize(
    "retailer",
    [
        pytest.param(SandboxOptions(stores=2, days=3, receipts=10, seed=7, start=day - timedelta(days=1)), id=name)
        for name, day in (("clocks go forward", FORWARD), ("clocks go back", BACK))
    ],
    indirect=True,
)
def test_the_days_around_a_change_of_the_clocks_are_booked_whole_whichever_day_is_run_first(retailer: Retailer) -> None:
    for day in (retailer.last, retailer.first + timedelta(days=1)):
        retailer.run(day, day)
    retailer.run()
    assert retailer.judge().differences == ()
    assert len(retailer.journals_in_netsuite()) == 6


def test_what_is_sold_between_a_run_and_the_end_of_the_day_is_booked_by_the_next(retailer: Retailer) -> None:
    end = retailer.sandbox.clock.now()
    for hour in (11, 21):
        retailer.set_time(datetime(2026, 3, 2, hour, tzinfo=UTC))
        assert retailer.run(retailer.first, retailer.first).summary()["posted"] == 0
    retailer.set_time(end)
    assert retailer.run().summary()["posted"] == 4
    assert retailer.judge().differences == ()
