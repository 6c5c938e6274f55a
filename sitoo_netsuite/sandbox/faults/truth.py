"""What a perfect observer would have an open case for at the sandbox's present time (docs/faults.md).

Belongs here: which planted faults stand when, as rows. Does not belong here: planting them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults.catalogue import DataFault


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault in the trade, in NetSuite or in the master data. It stands from `shows` until `cured` (epoch seconds;
    None: for good).

    `store` is None where the estate has none. `amount_minor` is in minor units of `currency`, None where nobody can
    know it. One of the master data is of no store and no trading day.
    """

    fault: DataFault
    store: str | None
    trading_day: date | None
    record: str
    amount_minor: int | None
    currency: str | None
    shows: int
    cured: int | None = None


class Truth:
    """All planted faults, whether they stand by now or not. Thread-safe: hands add to it while the apps serve."""

    def __init__(self, clock: SandboxClock, planted: Iterable[Planted] = ()) -> None:
        self._clock = clock
        self._lock = Lock()
        self._planted = list(planted)

    def add(self, planted: Planted) -> None:
        with self._lock:
            self._planted.append(planted)

    def rows(self) -> list[dict[str, Any]]:
        """Faults that stand now: id, fault, case_kind, store, trading_day (ISO), record, amount_minor, currency,
        follow_ups.
        """
        now = self._clock.epoch()
        with self._lock:
            planted = list(enumerate(self._planted, start=1))
        return [
            {
                "id": f"{entry.fault.name}-{number}",
                "fault": entry.fault.name,
                "case_kind": entry.fault.case_kind,
                "store": entry.store,
                "trading_day": None if entry.trading_day is None else entry.trading_day.isoformat(),
                "record": entry.record,
                "amount_minor": entry.amount_minor,
                "currency": entry.currency,
                "follow_ups": list(entry.fault.follow_ups),
            }
            for number, entry in planted
            if entry.shows <= now and (entry.cured is None or now < entry.cured)
        ]
