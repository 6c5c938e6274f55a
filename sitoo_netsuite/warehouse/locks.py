"""Work that one process does at a time.

Belongs here: the lock. Does not belong here: what is locked. Like every session lock it vanishes with its connection,
so that a killed process holds up nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

_KEY = "hashtextextended('alone/' || %s, 0)"


@contextmanager
def alone(connection: psycopg.Connection, work: str) -> Iterator[None]:
    """Waits until no other session does this work, and keeps the others waiting for the length of the block."""
    connection.execute(f"select pg_advisory_lock({_KEY})", (work,))
    try:
        yield
    finally:
        connection.execute(f"select pg_advisory_unlock({_KEY})", (work,))
