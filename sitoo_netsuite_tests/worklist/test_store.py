"""Cases in PostgreSQL: opened once, changed where they are found, cleared by those who look there."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime

import psycopg

from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, list_cases, open_days, record_cases

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
NOW = datetime(2026, 3, 4, tzinfo=UTC)
HELD = Case("held_receipt", "991", "S01", TUESDAY, "991", 10_000, "SEK", evidence={"cause": "unmapped_tender"})


def scope(day: date) -> Scope:
    return Scope(("held_receipt",), day, day)


def events(connection: psycopg.Connection) -> list[str]:
    return [event for (event,) in connection.execute("select event from worklist.case_events order by id")]


def test_a_case_whose_record_moves_to_another_day_is_changed_whichever_day_is_run_first(
    connection: psycopg.Connection,
) -> None:
    record_cases(connection, scope(TUESDAY), [HELD], NOW, "first")
    moved = replace(HELD, trading_day=MONDAY)
    record_cases(connection, scope(MONDAY), [moved], NOW, "second")
    record_cases(connection, scope(TUESDAY), [], NOW, "third")
    assert events(connection) == ["opened", "changed"]
    assert [case["trading_day"] for case in list_cases(connection)] == [MONDAY]


def test_a_run_of_another_day_or_kind_clears_nothing(connection: psycopg.Connection) -> None:
    record_cases(connection, scope(TUESDAY), [HELD], NOW, "first")
    record_cases(connection, scope(MONDAY), [], NOW, "second")
    record_cases(connection, Scope(("z_gap",), TUESDAY, TUESDAY), [], NOW, "third")
    assert open_days(connection, "held_receipt") == {TUESDAY}
    record_cases(connection, scope(TUESDAY), [], NOW, "fourth")
    assert open_days(connection, "held_receipt") == set()


def test_a_case_that_comes_back_is_the_same_case_opened_again(connection: psycopg.Connection) -> None:
    for found in ([HELD], [], [HELD]):
        record_cases(connection, scope(TUESDAY), found, NOW, "a run")
    assert events(connection) == ["opened", "cleared", "opened"]
    assert len(list_cases(connection)) == 1


def test_two_runs_at_once_open_a_case_once(connection: psycopg.Connection, database_url: str) -> None:
    def run() -> None:
        with connect(database_url) as session:
            record_cases(session, scope(TUESDAY), [HELD], NOW, "a run")

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert events(connection) == ["opened"]
