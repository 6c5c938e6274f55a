"""Which Z-reports are missing: by the receipts that have none. Pure, and on a real database."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from sitoo_netsuite.flows.sales.evidence import file_till_cases
from sitoo_netsuite.flows.sales.exceptions import MissingZ, UncoveredReceipt, ZStretch, missing_z_reports
from sitoo_netsuite.trading_day import days
from sitoo_netsuite.warehouse.partitions import ensure_partitions
from sitoo_netsuite.worklist.store import list_cases
from sitoo_netsuite_tests.examples import example_estate

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def uncovered(day: date, hour: int = 12, gross: int = 100, registerid: str = "R1") -> UncoveredReceipt:
    return UncoveredReceipt(registerid, at(day, hour), day, "S01", "SEK", gross)


def closed(number: int, day: date) -> ZStretch:
    return ZStretch(number, at(day, 8), at(day, 18))


def missing(
    receipts: list[UncoveredReceipt], reports: list[ZStretch], overdue: frozenset[date] = frozenset()
) -> list[MissingZ]:
    return missing_z_reports(receipts, {"R1": reports}, lambda _, day: day in overdue)


def test_a_session_that_is_still_open_misses_nothing() -> None:
    assert missing([uncovered(TUESDAY)], [closed(7, MONDAY)]) == []


def test_once_a_later_report_has_come_the_one_between_is_missing() -> None:
    found = missing(
        [uncovered(TUESDAY, gross=250), uncovered(TUESDAY, 13, -50)], [closed(7, MONDAY), closed(9, WEDNESDAY)]
    )
    assert found == [MissingZ("R1", 8, "S01", "SEK", (TUESDAY,), 2, 200)]


def test_only_receipts_that_are_overdue_speak_for_a_report_that_no_later_one_follows() -> None:
    found = missing([uncovered(MONDAY), uncovered(TUESDAY)], [], overdue=frozenset({MONDAY}))
    assert found == [MissingZ("R1", 1, "S01", "SEK", (MONDAY,), 1, 100)]


def test_a_register_whose_first_known_report_is_later_counts_back_from_it() -> None:
    [found] = missing([uncovered(MONDAY), uncovered(TUESDAY)], [closed(40, WEDNESDAY)])
    assert (found.zreportid, found.days, found.gross_minor) == (39, (MONDAY, TUESDAY), 200)


def test_each_stretch_between_two_reports_misses_one_of_its_own() -> None:
    reports = [closed(5, date(2026, 3, 1)), closed(7, TUESDAY), closed(9, date(2026, 3, 5))]
    assert [found.zreportid for found in missing([uncovered(MONDAY), uncovered(WEDNESDAY)], reports)] == [6, 8]


# ---------------------------------------------------------------- on a database

ESTATE = example_estate()
OVERDUE = at(TUESDAY, 3) + timedelta(hours=ESTATE.sitoo.z_overdue_hours)


@pytest.fixture
def till(connection: psycopg.Connection) -> psycopg.Connection:
    """A till of S01 that sold for 100.00 on Monday and again at two at night, in one session."""
    tables = ("model.receipts", "model.receipt_lines", "model.till_sessions", "landing.z_reports")
    ensure_partitions(connection, tables, days(MONDAY, WEDNESDAY))
    for orderid, day, sold_at, excluded in (
        (1, MONDAY, at(MONDAY, 12), None),
        (2, MONDAY, at(TUESDAY, 2), None),
        (3, MONDAY, at(MONDAY, 13), "cancelled"),
        (4, TUESDAY, at(TUESDAY, 12), None),
    ):
        connection.execute(
            """
            insert into model.receipts (trading_day, orderid, store, registerid, sold_at, currency, excluded, is_return,
                to_deliver, net_minor, vat_minor, rounding_minor, gross_minor, paid_minor, digest)
            values (%s, %s, 'S01', 'R1', %s, 'SEK', %s, false, false, 8000, 2000, 0, 10000, 10000, '')
            """,
            (day, orderid, sold_at, excluded),
        )
    return connection


def report(connection: psycopg.Connection, number: int, opened: datetime, closed: datetime) -> None:
    connection.execute(
        "insert into landing.z_reports values (%s, 'R1', %s, %s, %s, %s, '', '{}', now())",
        (closed.date(), number, opened, closed, closed),
    )


def look(connection: psycopg.Connection, day: date, now: datetime) -> list[tuple[str, str, date, int | None]]:
    file_till_cases(connection, day, day, ESTATE, now, "a run")
    return [
        (case["kind"], case["record"], case["trading_day"], case["amount_minor"]) for case in list_cases(connection)
    ]


def test_a_report_is_missing_once_it_is_overdue_and_not_before(till: psycopg.Connection) -> None:
    assert look(till, MONDAY, OVERDUE) == []
    assert look(till, MONDAY, OVERDUE + timedelta(seconds=1)) == [("z_missing", "R1/1", MONDAY, 20000)]


def test_a_missing_report_with_receipts_is_no_gap_in_numbers_and_clears_when_it_comes(till: psycopg.Connection) -> None:
    report(till, 7, at(date(2026, 3, 1), 8), at(date(2026, 3, 1), 18))
    report(till, 9, at(TUESDAY, 10), at(TUESDAY, 18))
    till.execute(
        "insert into model.till_sessions values (%s, 'R1', 9, 'S01', 'SEK', %s, %s, '{}', '', '')",
        (TUESDAY, at(TUESDAY, 10), at(TUESDAY, 18)),
    )
    for day in (TUESDAY, MONDAY):
        assert look(till, day, at(TUESDAY, 19)) == [("z_missing", "R1/8", MONDAY, 20000)]
    report(till, 8, at(MONDAY, 8), at(TUESDAY, 3))
    assert look(till, MONDAY, at(TUESDAY, 20)) == []


def test_a_report_that_cannot_be_read_is_not_missing_as_well(till: psycopg.Connection) -> None:
    till.execute(
        "insert into restricted.quarantine (source, record, day, store, reason, digest, landed_at)"
        " values ('z_reports', 'R1/1', %s, 'S01', 'a bag of cash', '', now())",
        [MONDAY],
    )
    assert [kind for kind, *_ in look(till, MONDAY, OVERDUE + timedelta(days=1))] == ["unparsable_record"]
