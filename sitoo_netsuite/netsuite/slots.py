"""The account's slots: NetSuite counts requests in flight over the whole account (reference 3.1).

Belongs here: who may send a request now. Does not belong here: the requests. A request holds a slot from before it is
sent until its answer is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol


class Slots(Protocol):
    """Hands out slots; `async with slots.hold():` waits until one is free."""

    def hold(self) -> AbstractAsyncContextManager[None]:
        """One slot for the length of the block. Raises TimeoutError, before the block, when none comes free."""
        ...


class _InProcess:
    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        async with self._free:
            yield


def slots_in_process(count: int) -> Slots:
    """At most `count` requests at once, where one event loop makes all the requests to the account.

    Where several processes do, they share slots of the warehouse (`warehouse.slots`).
    """
    if count < 1:
        raise ValueError("the NetSuite client needs at least one slot")
    return _InProcess(count)
