from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from sitoo_netsuite.sandbox.trade.hours import close_of, left_open, opening_hours
from sitoo_netsuite.sandbox.world import make_world
from sitoo_netsuite.trading_day import days, trading_day

WORLD = make_world(7, 6, 35)


def test_a_shop_opens_at_the_same_local_time_across_the_change_of_clocks() -> None:
    shop = WORLD.shops[0]
    zone = ZoneInfo(shop.time_zone)
    for day in (date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30)):
        opens, closes = opening_hours(shop, day)
        assert datetime.fromtimestamp(opens, zone).time() == shop.opens
        assert datetime.fromtimestamp(closes, zone).time() == shop.closes


def test_a_shop_open_past_midnight_closes_on_the_same_trading_day() -> None:
    shop = WORLD.shops[1]
    day = WORLD.start
    opens, closes = opening_hours(shop, day)
    assert closes > opens
    closing = datetime.fromtimestamp(closes, UTC)
    assert closing.astimezone(ZoneInfo(shop.time_zone)).date() == day + timedelta(days=1)
    assert trading_day(closing, ZoneInfo(shop.time_zone), shop.cut_over) == day


def test_every_shop_forgets_one_till_a_week_but_never_on_the_last_day() -> None:
    last = WORLD.start + timedelta(days=WORLD.days - 1)
    for shop in WORLD.shops:
        forgotten = [day for day in days(WORLD.start, last) if left_open(WORLD, shop, day)]
        assert len(forgotten) == 5
        assert last not in forgotten


def test_a_day_is_whole_after_its_cut_over_or_after_the_forgotten_till_is_closed() -> None:
    for shop in WORLD.shops:
        zone = ZoneInfo(shop.time_zone)
        for day in days(WORLD.start, WORLD.start + timedelta(days=8)):
            close = close_of(WORLD, shop.key, day).astimezone(zone)
            next_day = day + timedelta(days=1)
            if left_open(WORLD, shop, day):
                assert opening_hours(shop, next_day)[0] < close.timestamp() < opening_hours(shop, next_day)[1]
            else:
                assert close.date() == next_day
                assert shop.cut_over < close.time() < shop.opens


def test_an_unknown_store_has_no_close() -> None:
    with pytest.raises(KeyError):
        close_of(WORLD, "S99", WORLD.start)
