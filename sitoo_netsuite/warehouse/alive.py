"""Which runs are alive: each holds a session lock named by its id while its process lives.

Belongs here: the lock. Does not belong here: what is done about a run that is gone (`operate.reaper`). The lock
vanishes with its connection, so it tells the truth after a SIGKILL or a power cut too, from any machine.
"""

from __future__ import annotations

import psycopg

_KEY = "hashtextextended('run/' || %s, 0)"


def show_alive(connection: psycopg.Connection, run_id: str) -> None:
    """Holds the run's lock until the connection is closed."""
    connection.execute(f"select pg_advisory_lock({_KEY})", (run_id,))


def is_alive(connection: psycopg.Connection, run_id: str) -> bool:
    """Whether some other connection holds the run's lock."""
    row = connection.execute(f"select pg_try_advisory_xact_lock({_KEY})", (run_id,)).fetchone()
    return not (row and row[0])
