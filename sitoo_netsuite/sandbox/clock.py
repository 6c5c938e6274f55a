"""The sandbox's clock: what has arrived by now is served, the rest is not there yet.

Stands still unless moved, so that a run against the sandbox is repeatable. Nothing here reads the real time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from threading import Lock


class SandboxClock:
    """A settable instant (UTC), shared by both sandbox apps."""

    def __init__(self, now: datetime) -> None:
        self._lock = Lock()
        self._now = _utc(now)

    def now(self) -> datetime:
        with self._lock:
            return self._now

    def epoch(self) -> int:
        """Whole seconds since 1970, as Sitoo counts time."""
        return int(self.now().timestamp())

    def set(self, now: datetime) -> None:
        with self._lock:
            self._now = _utc(now)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the sandbox clock needs a time with a zone, as in 2026-03-02T20:00:00Z")
    return moment.astimezone(UTC)
