"""When the tills are read and which days late orders touch: the pure decisions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from sitoo_netsuite.flows.sales.automation import open_days
from sitoo_netsuite_tests.flows.journals.test_automation import estate_of

STOCKHOLM = ("Europe/Stockholm", time(4))
NEW_YORK = ("America/New_York", time(4))
AUCKLAND = ("Pacific/Auckland", time(5))


@pytest.mark.parametrize(
    ("moment", "days"),
    [
        # 02:30 in Stockholm is still yesterday's trading day there.
        (datetime(2026, 3, 3, 1, 30, tzinfo=UTC), (date(2026, 3, 2), date(2026, 3, 2))),
        (datetime(2026, 3, 3, 3, 0, tzinfo=UTC), (date(2026, 3, 2), date(2026, 3, 3))),
        (datetime(2026, 3, 3, 9, 0, tzinfo=UTC), (date(2026, 3, 3), date(2026, 3, 3))),
    ],
)
def test_the_open_days_span_all_zones(moment: datetime, days: tuple[date, date]) -> None:
    assert open_days(estate_of(STOCKHOLM, NEW_YORK), moment) == days


def test_a_store_ahead_of_utc_has_its_tomorrow_open() -> None:
    moment = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)
    assert open_days(estate_of(STOCKHOLM, AUCKLAND), moment) == (date(2026, 3, 2), date(2026, 3, 3))


def test_a_cut_over_on_the_day_the_clocks_change_is_a_wall_clock_time() -> None:
    # Summer time begins in the night to 29 March: 04:00 is at 02:00 UTC instead of 03:00.
    estate = estate_of(STOCKHOLM)
    assert open_days(estate, datetime(2026, 3, 29, 1, 59, tzinfo=UTC)) == (date(2026, 3, 28), date(2026, 3, 28))
    assert open_days(estate, datetime(2026, 3, 29, 2, 0, tzinfo=UTC)) == (date(2026, 3, 29), date(2026, 3, 29))


def test_before_the_first_go_live_no_day_is_open() -> None:
    estate = estate_of(STOCKHOLM, go_live=date(2026, 3, 3))
    assert open_days(estate, datetime(2026, 3, 2, 12, tzinfo=UTC)) is None
    assert open_days(estate, datetime(2026, 3, 3, 12, tzinfo=UTC)) == (date(2026, 3, 3), date(2026, 3, 3))
