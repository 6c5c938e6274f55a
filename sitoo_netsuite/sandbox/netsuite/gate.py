"""The account's concurrency limit: so many requests at once, the next is refused at once (reference 3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sitoo_netsuite.sandbox.netsuite.errors import too_many_requests


class ConcurrencyGate:
    """Counts requests in flight over the whole account. Used from one event loop only, hence no lock."""

    def __init__(self, limit: int, retry_after_seconds: int | None) -> None:
        self.limit = limit
        self._retry_after_seconds = retry_after_seconds
        self._in_flight = 0

    @contextmanager
    def slot(self) -> Iterator[None]:
        """One request's stay. Raises the 429 when the account is full."""
        if self._in_flight >= self.limit:
            raise too_many_requests(self._retry_after_seconds)
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
