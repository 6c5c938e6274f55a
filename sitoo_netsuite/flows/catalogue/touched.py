"""SKUs that changed on either side since they were last compared.

Belongs here: noting, taking and clearing them. Does not belong here: telling what changed (`netsuite_side`,
`sitoo_side`), and comparing.

A landing notes the SKUs in the transaction that stores their rows. A run takes them before it compares them, and clears
them once it has. What is touched again meanwhile is not taken any more, so it stays; so does what a run took that never
came to comparing.
"""

from __future__ import annotations

from collections.abc import Iterable

import psycopg


def touch(connection: psycopg.Connection, skus: Iterable[str]) -> None:
    """Notes SKUs whose item or product is new, changed or gone. Commits with the caller's transaction."""
    connection.execute(
        # The database's clock, not the run's: a sandbox's stands still while a SKU is landed twice.
        """
        insert into landing.touched_skus (sku, touched_at)
        select sku, clock_timestamp() from unnest(%s::text[]) as sku order by sku
        on conflict (sku) do update set touched_at = excluded.touched_at, taken_by = null
        """,
        [list(set(skus))],
    )


def take(connection: psycopg.Connection, run_id: str) -> set[str]:
    """Every SKU noted so far, which this run is about to compare."""
    rows = connection.execute(
        """
        update landing.touched_skus set taken_by = %s
        where sku in (select sku from landing.touched_skus order by sku for update)
        returning sku
        """,
        [run_id],
    )
    return {sku for (sku,) in rows}


def clear(connection: psycopg.Connection, run_id: str) -> int:
    """Clears the SKUs that a run took and has compared, but for those touched since; how many it cleared."""
    return connection.execute("delete from landing.touched_skus where taken_by = %s", [run_id]).rowcount
