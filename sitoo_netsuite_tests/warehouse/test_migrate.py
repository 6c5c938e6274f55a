"""Migrations, roles and month partitions on a real server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import psycopg
import pytest
from psycopg import errors

from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import is_current, upgrade
from sitoo_netsuite.warehouse.partitions import ensure_partitions, partition_name


def test_two_processes_may_migrate_at_once_and_again(empty_database_url: str) -> None:
    assert not is_current(empty_database_url)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [empty_database_url] * 4))
    upgrade(empty_database_url)
    assert is_current(empty_database_url)


def test_the_version_stays_clear_of_the_one_dagster_keeps_in_public(database_url: str) -> None:
    with connect(database_url) as connection:
        rows = connection.execute("select schemaname from pg_tables where tablename = 'alembic_version'").fetchall()
    assert rows == [("warehouse",)]


@pytest.mark.parametrize(
    ("role", "may_read_restricted"), [("sitoo_netsuite_reader", False), ("sitoo_netsuite_restricted", True)]
)
def test_only_the_restricted_role_reads_personal_fields(
    connection: psycopg.Connection, role: str, may_read_restricted: bool
) -> None:
    ensure_partitions(connection, ["landing.orders", "restricted.customer_contact"], [date(2026, 3, 2)])
    connection.execute("select set_config('role', %s, false)", [role])
    assert connection.execute("select count(*) from landing.orders").fetchone() == (0,)
    assert connection.execute("select count(*) from worklist.cases").fetchone() == (0,)
    for table in ("restricted.customer_contact", "restricted.quarantine"):
        query = psycopg.sql.SQL("select count(*) from {}").format(psycopg.sql.Identifier(*table.split(".")))
        if may_read_restricted:
            assert connection.execute(query).fetchone() == (0,)
        else:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(query)
    with pytest.raises(errors.InsufficientPrivilege):
        connection.execute("delete from landing.orders")


def test_partitions_appear_once_however_many_ask_for_them(database_url: str) -> None:
    days = [date(2026, 2, 28), date(2026, 3, 1), date(2026, 12, 31)]

    def ask(_: int) -> None:
        with connect(database_url) as connection:
            ensure_partitions(connection, ["model.receipts", "model.payments"], days)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    with connect(database_url) as connection:
        rows = connection.execute(
            "select inhrelid::regclass::text from pg_inherits where inhparent = 'model.receipts'::regclass order by 1"
        ).fetchall()
    assert [name for (name,) in rows] == [
        partition_name("model.receipts", month) for month in (date(2026, 2, 1), date(2026, 3, 1), date(2026, 12, 1))
    ]


def test_a_reader_of_the_table_does_not_hold_up_a_new_partition(database_url: str) -> None:
    with connect(database_url) as reader, connect(database_url) as writer, reader.transaction():
        reader.execute("select count(*) from model.receipts")
        writer.execute("set lock_timeout = '2s'")
        ensure_partitions(writer, ["model.receipts"], [date(2026, 3, 1)])


def test_partitions_are_refused_inside_a_transaction(connection: psycopg.Connection) -> None:
    with pytest.raises(ValueError, match="before the transaction"), connection.transaction():
        ensure_partitions(connection, ["model.receipts"], [date(2026, 3, 1)])
