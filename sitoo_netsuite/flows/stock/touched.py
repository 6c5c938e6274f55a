"""NetSuite's transactions of which something is to be pushed to Sitoo, maybe.

Belongs here: noting, taking and clearing them. Does not belong here: telling what is to be pushed (`wanted_pushes`).

As with the catalogue's SKUs: a landing notes them in the transaction that stores their lines. A run takes them, and
clears those it has brought to an end; what is touched again meanwhile, or is stuck, stays.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import psycopg


def touch(connection: psycopg.Connection, transactions: Iterable[int]) -> None:
    """Notes transactions, by internal id, that are new, changed or gone. Commits with the caller's transaction."""
    connection.execute(
        # The database's clock, not the run's: a sandbox's stands still while a transaction is landed twice.
        """
        insert into landing.touched_movements (transaction, touched_at)
        select id, clock_timestamp() from unnest(%s::bigint[]) as id order by id
        on conflict (transaction) do update set touched_at = excluded.touched_at, taken_by = null
        """,
        [list(set(transactions))],
    )


def take(connection: psycopg.Connection, run_id: str) -> set[int]:
    """Every transaction noted so far, which this run is about to look at."""
    rows = connection.execute(
        """
        update landing.touched_movements set taken_by = %s
        where transaction in (select transaction from landing.touched_movements order by transaction for update)
        returning transaction
        """,
        [run_id],
    )
    return {transaction for (transaction,) in rows}


def clear(connection: psycopg.Connection, run_id: str, stuck: Collection[int]) -> None:
    """Clears the transactions that a run took, but for those that are stuck and those touched since."""
    connection.execute(
        "delete from landing.touched_movements where taken_by = %s and transaction <> all(%s)", (run_id, list(stuck))
    )


def touched(connection: psycopg.Connection) -> set[int]:
    """Every transaction noted so far, left as it is."""
    return {transaction for (transaction,) in connection.execute("select transaction from landing.touched_movements")}
