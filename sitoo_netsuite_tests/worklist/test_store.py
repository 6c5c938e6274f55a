"""Cases in PostgreSQL: opened once, changed where they are found, cleared by those who look there."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, date, datetime

import psycopg
import pytest

from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import NoSuchCaseError, Scope, list_cases, open_days, record_cases, resolve_case

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


def test_a_case_resolved_with_a_reason_leaves_the_list_and_comes_back_only_when_it_changes(
    connection: psycopg.Connection,
) -> None:
    record_cases(connection, scope(TUESDAY), [HELD], NOW, "first")
    (case,) = list_cases(connection)
    assert resolve_case(connection, case["id"], " booked by hand ", NOW, "Ada") == HELD
    assert list_cases(connection) == []
    assert open_days(connection, "held_receipt") == set()
    last = connection.execute(
        "select event, reason, resolved_by, run_id from worklist.case_events order by id desc limit 1"
    ).fetchone()
    assert last == ("resolved", "booked by hand", "Ada", None)

    record_cases(connection, scope(TUESDAY), [HELD], NOW, "second")
    assert list_cases(connection) == []
    record_cases(connection, scope(TUESDAY), [replace(HELD, amount_minor=20_000)], NOW, "third")
    assert [case["amount_minor"] for case in list_cases(connection)] == [20_000]
    assert events(connection) == ["opened", "resolved", "opened"]


def test_only_an_open_case_is_resolved_and_only_with_a_reason(connection: psycopg.Connection) -> None:
    record_cases(connection, scope(TUESDAY), [HELD], NOW, "first")
    (case,) = list_cases(connection)
    with pytest.raises(ValueError, match="with a reason"):
        resolve_case(connection, case["id"], "  ", NOW, "Ada")
    with pytest.raises(NoSuchCaseError, match="no case 999 is open"):
        resolve_case(connection, 999, "done", NOW, "Ada")
    resolve_case(connection, case["id"], "done", NOW, "Ada")
    with pytest.raises(NoSuchCaseError):
        resolve_case(connection, case["id"], "again", NOW, "Ada")


def test_evidence_of_every_type_that_json_knows_is_the_same_when_it_is_read_again(
    connection: psycopg.Connection,
) -> None:
    case = replace(HELD, evidence={"n": 1, "none": None, "list": [{"a": 1, "b": "x"}], "yes": True})
    for _ in range(2):
        record_cases(connection, scope(TUESDAY), [case], NOW, "a run")
    assert events(connection) == ["opened"]
