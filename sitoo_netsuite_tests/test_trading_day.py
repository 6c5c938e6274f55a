from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.trading_day import days, trading_day, trading_day_window

STOCKHOLM = ZoneInfo("Europe/Stockholm")
FOUR = time(4)


def test_a_sale_after_midnight_and_before_cut_over_belongs_to_the_day_before() -> None:
    assert trading_day(datetime(2026, 3, 7, 1, 30, tzinfo=STOCKHOLM), STOCKHOLM, FOUR) == date(2026, 3, 6)
    assert trading_day(datetime(2026, 3, 7, 4, 0, tzinfo=STOCKHOLM), STOCKHOLM, FOUR) == date(2026, 3, 7)


def test_the_stores_zone_decides_not_utc() -> None:
    late = datetime(2026, 7, 1, 2, 30, tzinfo=UTC)  # 04:30 in Stockholm
    assert trading_day(late, STOCKHOLM, FOUR) == date(2026, 7, 1)


def test_a_moment_without_a_zone_has_no_trading_day() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        trading_day(datetime(2026, 3, 7, 12), STOCKHOLM, FOUR)


def test_the_day_the_clocks_go_forward_has_23_hours() -> None:
    start, end = trading_day_window(date(2026, 3, 28), STOCKHOLM, FOUR)
    assert end.astimezone(UTC) - start.astimezone(UTC) == timedelta(hours=23)


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC)),
    st.sampled_from(["Europe/Stockholm", "Europe/London", "America/New_York"]).map(ZoneInfo),
    st.times(time(0), time(12)).map(lambda t: t.replace(microsecond=0)),
)
def test_every_moment_lies_inside_the_window_of_its_trading_day(moment: datetime, zone: ZoneInfo, cut: time) -> None:
    # Wall-clock times that the spring change skips name no instant of their own; a cut-over is set outside it.
    if time(1) <= cut < time(3):
        cut = time(3)
    start, end = trading_day_window(trading_day(moment, zone, cut), zone, cut)
    assert start.astimezone(UTC) <= moment < end.astimezone(UTC)


def test_days_are_listed_with_both_ends() -> None:
    assert list(days(date(2026, 3, 1), date(2026, 3, 3))) == [date(2026, 3, 1), date(2026, 3, 2), date(2026, 3, 3)]
    assert list(days(date(2026, 3, 2), date(2026, 3, 1))) == []
