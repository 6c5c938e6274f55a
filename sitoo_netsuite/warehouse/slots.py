"""The APIs' slots as PostgreSQL advisory locks: one count over all processes and machines.

Belongs here: how a slot is taken, waited for and given back. Does not belong here: requests, and how many slots there
are. A slot is a session lock, so it vanishes with its connection: a process that was killed holds nothing. Each client
has a connection of its own for its slots, since a session is given a lock that it already has a second time.

Whoever waits says so with a shared lock. Who has just been served and sees that somebody else waits lets a moment pass
before asking again; else a process that always has something to send would never let another one in.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import psycopg

# Between two looks of somebody who waits: growing, and never as long as the moment that others let pass for him.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.05
_GIVE_WAY_SECONDS = 0.06


class AccountSlots:
    """So many requests at once over a whole account, for the clients of one event loop (`netsuite.slots.Slots`)."""

    def __init__(self, connection: psycopg.Connection, account: str, count: int, patience: float = 30.0) -> None:
        """`connection` is for this alone. patience: the seconds after which a wait ends in TimeoutError."""
        self._locks = _Locks(connection, [f"netsuite/{account}/{number}" for number in range(count)])
        self._turns = asyncio.Semaphore(count)
        self._patience = patience

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """One slot for the length of the block. Raises TimeoutError when other processes keep them all."""
        async with self._turns:
            number = await self._take()
            try:
                yield
            finally:
                self._locks.give_back(number)

    async def _take(self) -> int:
        if self._locks.others_wait:
            await asyncio.sleep(_GIVE_WAY_SECONDS)
        number = self._locks.take()
        if number is not None:
            return number
        with self._locks.waiting():
            for pause in _pauses(self._patience):
                await asyncio.sleep(pause)
                if (number := self._locks.take()) is not None:
                    return number
        raise TimeoutError(f"other programs have kept all slots of the account for {self._patience:g} seconds")


class KeySlots:
    """One request at a time on each API key, for the threads of one client (`sitoo.client.Slots`)."""

    def __init__(self, connection: psycopg.Connection, key_ids: Sequence[str], patience: float = 120.0) -> None:
        """`connection` is for this alone. patience: the seconds after which a wait ends in TimeoutError."""
        self._locks = _Locks(connection, [f"sitoo/{key_id}" for key_id in key_ids])
        self._turns = threading.Semaphore(len(key_ids))
        self._patience = patience

    @contextmanager
    def __call__(self) -> Iterator[int]:
        """The number of a key that nobody uses, for the length of the block. Raises TimeoutError if none comes free."""
        with self._turns:
            number = self._take()
            try:
                yield number
            finally:
                self._locks.give_back(number)

    def _take(self) -> int:
        if self._locks.others_wait:
            time.sleep(_GIVE_WAY_SECONDS)
        number = self._locks.take()
        if number is not None:
            return number
        with self._locks.waiting():
            for pause in _pauses(self._patience):
                time.sleep(pause)
                if (number := self._locks.take()) is not None:
                    return number
        raise TimeoutError(f"other programs have kept every API key for {self._patience:g} seconds")


class _Locks:
    """The locks of some names, and which of them this connection holds. Thread-safe."""

    def __init__(self, connection: psycopg.Connection, names: Sequence[str]) -> None:
        self._connection = connection
        self._numbers = {_lock_id(name): number for number, name in enumerate(names)}
        self._ids = list(self._numbers)
        self._free = set(self._ids)
        self._queue = _lock_id(f"waiting for {' '.join(names)}")
        self._waiting = 0
        self._guard = threading.Lock()
        self.others_wait = False

    def take(self) -> int | None:
        """The number of a name that is ours from now on; None when other processes have all that we have not."""
        with self._guard:
            free = random.sample(list(self._free), len(self._free))
            row = self._connection.execute(
                # The second lock is shared by those who wait: whether nobody does.
                """
                select id, pg_try_advisory_xact_lock(%s) from unnest(%s::bigint[]) id
                where pg_try_advisory_lock(id) limit 1
                """,
                (self._queue, free),
            ).fetchone()
            if row is None:
                return None
            self._free.remove(row[0])
            self.others_wait = not row[1]
            return self._numbers[row[0]]

    def give_back(self, number: int) -> None:
        with self._guard:
            self._connection.execute("select pg_advisory_unlock(%s)", (self._ids[number],))
            self._free.add(self._ids[number])

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Lets the others know that somebody waits here while the block runs."""
        with self._guard:
            self._waiting += 1
            if self._waiting == 1:
                self._connection.execute("select pg_advisory_lock_shared(%s)", (self._queue,))
        try:
            yield
        finally:
            with self._guard:
                self._waiting -= 1
                if self._waiting == 0:
                    self._connection.execute("select pg_advisory_unlock_shared(%s)", (self._queue,))


def _pauses(patience: float) -> Iterator[float]:
    deadline, pause = time.monotonic() + patience, _FIRST_PAUSE
    while time.monotonic() < deadline:
        yield random.uniform(pause / 2, pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


def _lock_id(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
