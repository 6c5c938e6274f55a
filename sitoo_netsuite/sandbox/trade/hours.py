"""When shops trade: opening hours, which register is left open over night, when a day has arrived whole.

Belongs here: everything about time that others may ask before a trade exists. Nothing here is drawn at random, so a
store's hours do not depend on its trade.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sitoo_netsuite.sandbox.world import Register, Shop, World
from sitoo_netsuite.trading_day import trading_day_window

# The longest that news of an order or a Z-report is under way, in seconds.
SLOWEST_NEWS = 180
_MORNING = timedelta(hours=3)


def opening_hours(shop: Shop, day: date) -> tuple[int, int]:
    """When the doors open and close on a trading day, in epoch seconds; the closing may be past midnight."""
    past_midnight = timedelta(days=1) if shop.closes <= shop.opens else timedelta()
    return _epoch(shop, day, shop.opens), _epoch(shop, day + past_midnight, shop.closes)


def left_open(world: World, shop: Shop, day: date) -> Register | None:
    """The register whose session nobody closes that evening, if any: one a week and shop, never on the last day.

    Its session spans two trading days and is closed at `morning_close` of the next.
    """
    number = (day - world.start).days
    forgetful = number % 7 == 2 * world.shops.index(shop) % 6 and number + 1 < world.days
    return shop.registers[-1] if forgetful else None


def morning_close(shop: Shop, day: date) -> int:
    """When a session left open the evening before is closed on `day`, in epoch seconds."""
    opens, closes = opening_hours(shop, day)
    return min(opens + int(_MORNING.total_seconds()), closes)


def close_of(world: World, store_key: str, day: date) -> datetime:
    """The instant (UTC) by which all there is to know of a store's trading day has arrived.

    After the day's cut-over; where a session was left open, after it is closed on the next day. Raises KeyError for an
    unknown store.
    """
    shop = world.shop(store_key)
    if left_open(world, shop, day) is not None:
        whole = datetime.fromtimestamp(morning_close(shop, day + timedelta(days=1)), UTC)
    else:
        _, end = trading_day_window(day, ZoneInfo(shop.time_zone), shop.cut_over)
        whole = end.astimezone(UTC)
    return whole + timedelta(seconds=SLOWEST_NEWS)


def _epoch(shop: Shop, day: date, moment: time) -> int:
    return int(datetime.combine(day, moment, tzinfo=ZoneInfo(shop.time_zone)).timestamp())
