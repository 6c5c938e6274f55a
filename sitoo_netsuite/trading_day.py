"""The trading day: which business day a moment at a till belongs to.

The store's time zone and cut-over hour decide it, here and nowhere else. With a cut-over of 04:00 a sale at
01:30 on Saturday belongs to Friday's trading day. Partition keys are these dates written as text; they are labels,
not instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def trading_day(moment: datetime, zone: ZoneInfo, cut_over: time) -> date:
    """Trading day of an instant. The moment must carry a time zone; raises ValueError if it does not."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a time zone has no trading day: {moment!r}")
    day = moment.astimezone(zone).date()
    # By instants: where the clocks change at the cut-over, its wall-clock time is there twice or not at all.
    start, _ = trading_day_window(day, zone, cut_over)
    return day if moment.timestamp() >= start.timestamp() else day - timedelta(days=1)


def trading_day_window(day: date, zone: ZoneInfo, cut_over: time) -> tuple[datetime, datetime]:
    """First instant of a trading day and first instant after it, in the store's zone.

    A day on which the clocks change has 23 or 25 hours; both ends are wall-clock times, so the window has too.
    """
    start = datetime.combine(day, cut_over, tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), cut_over, tzinfo=zone)
    return start, end


def days(first: date, last: date) -> Iterator[date]:
    """Every date from first to last, both included; nothing when last is before first."""
    for offset in range((last - first).days + 1):
        yield first + timedelta(days=offset)
