"""Which store a register belongs to, and so which trading day a receipt made at it.

Belongs here: the look-ups, and the trading day of receipts that have no store; pure. Does not belong here: reading
registers from Sitoo (`landing`) or from the database (`registers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from sitoo_netsuite.estate import Estate, Store
from sitoo_netsuite.trading_day import trading_day, trading_day_window

_MIDNIGHT = time(0)
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class RegisterPlace:
    """Where a register stands. `store` is None when the estate has no store for it.

    `from_day`: the trading day on which it began to stand there; None when it always did, as far as we know.
    """

    registerkey: str
    store: Store | None
    zone: ZoneInfo
    from_day: date | None = None

    def trading_day(self, moment: datetime) -> date:
        """By the store's zone and cut-over; without a store of the estate, the calendar day in the register's zone."""
        if self.store is not None:
            return trading_day(moment, self.store.zone, self.store.cut_over)
        return trading_day(moment, self.zone, _MIDNIGHT)


@dataclass(frozen=True, slots=True)
class StoreDirectory:
    """Every place of each known register, the latest first, and each site's zone by eshopid, over one estate."""

    estate: Estate
    registers: Mapping[str, Sequence[RegisterPlace]]
    site_zones: Mapping[int, ZoneInfo]

    def place(self, registerid: str | None, moment: datetime) -> RegisterPlace | None:
        """Where a register stood at a moment, so that a day run again keeps its stores when tills have moved since.

        None when Sitoo never named it, or when there is no register.
        """
        if registerid is None:
            return None
        for place in self.registers.get(registerid, ()):
            if place.from_day is None or place.from_day <= place.trading_day(moment):
                return place
        return None

    def trading_day(self, moment: datetime, registerid: str | None, eshopid: int | None) -> date:
        """Trading day of a receipt: by its store's zone and cut-over.

        Without a store of the estate it is the calendar day in the register's zone, without a register that in its
        site's zone, and in UTC when not even the site is known. Such receipts are never booked; they are counted.
        """
        place = self.place(registerid, moment)
        if place is not None:
            return place.trading_day(moment)
        zone = self.site_zones.get(eshopid, _UTC) if eshopid is not None else _UTC
        return trading_day(moment, zone, _MIDNIGHT)

    def window(self, first: date, last: date) -> tuple[datetime, datetime]:
        """First instant (UTC) of the first of these trading days in any store or site; first instant after the last."""
        ways = {(store.zone, store.cut_over) for store in self.estate.stores}
        ways |= {(zone, _MIDNIGHT) for zone in (*self.site_zones.values(), _UTC)}
        starts = [trading_day_window(first, zone, cut_over)[0] for zone, cut_over in ways]
        ends = [trading_day_window(last, zone, cut_over)[1] for zone, cut_over in ways]
        return min(starts).astimezone(UTC), max(ends).astimezone(UTC)
