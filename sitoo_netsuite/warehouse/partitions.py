"""Month partitions of the growing tables, made as days arrive.

A writer asks for the months of the days it is about to write; what is there already costs one look-up.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from psycopg import Connection, sql
from psycopg.pq import TransactionStatus

# Any fixed number: one process at a time makes partitions.
_LOCK = 7_486_606_302


def ensure_partitions(connection: Connection, tables: Iterable[str], days: Iterable[date]) -> None:
    """Makes the month partitions of `tables` (each `schema.table`) that `days` fall in, where they are missing.

    Safe to repeat and to call from several processes at once. The new partitions are committed at once, so that nobody
    has to wait for the end of a long load to see them: raises ValueError inside a transaction.
    """
    if connection.info.transaction_status != TransactionStatus.IDLE:
        raise ValueError("partitions are made before the transaction that writes to them")
    months = sorted({day.replace(day=1) for day in days})
    wanted = [(table, month) for table in tables for month in months]
    if not _missing(connection, wanted):
        return
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        for table, month in _missing(connection, wanted):
            _make(connection, table, month)


def partition_name(table: str, month: date) -> str:
    """`landing.orders` and March 2026 make `landing.orders_2026_03`."""
    return f"{table}_{month:%Y_%m}"


def _missing(connection: Connection, wanted: list[tuple[str, date]]) -> list[tuple[str, date]]:
    # From the catalogue by name, not by to_regclass(): that answers from the session's memory, which does not learn
    # of what another process committed while this one waited for the lock.
    rows = connection.execute(
        "select nspname || '.' || relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace "
        "where nspname || '.' || relname = any(%s)",
        [[partition_name(table, month) for table, month in wanted]],
    ).fetchall()
    present = {name for (name,) in rows}
    return [(table, month) for table, month in wanted if partition_name(table, month) not in present]


def _make(connection: Connection, table: str, month: date) -> None:
    after = (month + timedelta(days=31)).replace(day=1)
    parent, partition = _identifier(table), _identifier(partition_name(table, month))
    # Made apart and then attached: `create table ... partition of` would lock every reader of the parent out.
    connection.execute(sql.SQL("create table {} (like {} including all)").format(partition, parent))
    connection.execute(
        sql.SQL("alter table {} attach partition {} for values from ({}) to ({})").format(
            parent, partition, sql.Literal(month.isoformat()), sql.Literal(after.isoformat())
        )
    )


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))
