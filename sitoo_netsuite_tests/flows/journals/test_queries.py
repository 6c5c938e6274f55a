"""What a store-day rests on, read from real tables: whose session a receipt is, and which days a session holds."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time
from time import monotonic

import psycopg
from psycopg.types.json import Jsonb

from sitoo_netsuite.flows.journals import queries
from sitoo_netsuite.flows.journals.exceptions import HeldCause
from sitoo_netsuite.flows.journals.plan import DayState, StoreDay, decide
from sitoo_netsuite.flows.journals.proof import SessionItems, SessionReceipts, receipt_figures
from sitoo_netsuite.trading_day import days
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.partitions import ensure_partitions
from sitoo_netsuite_tests.examples import example_estate

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
NOW = datetime(2026, 3, 5, tzinfo=UTC)
_TABLES = (
    "model.receipts", "model.receipt_lines", "model.payments", "model.till_sessions", "model.daily_sales",
    "model.held_receipts", "landing.z_reports",
)  # fmt: skip

_WAITING = """
    select from pg_locks where not granted and relation = 'model.held_receipts'::regclass
        and database = (select oid from pg_database where datname = current_database())
"""


def at(day: date, clock: str) -> datetime:
    """An instant in UTC."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=UTC)


class Tills:
    """Receipts of 100.00 each, 25 % VAT, paid in cash, and Z-reports that say how many there were."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        ensure_partitions(connection, _TABLES, days(MONDAY, TUESDAY))

    def sale(self, orderid: int, day: date, sold_at: datetime, excluded: str | None = None) -> None:
        self.connection.execute(
            """
            insert into model.receipts (trading_day, orderid, store, registerid, sold_at, currency, excluded, is_return,
                to_deliver, net_minor, vat_minor, rounding_minor, gross_minor, paid_minor, digest)
            values (%s, %s, 'S01', 'R1', %s, 'SEK', %s, false, false, 8000, 2000, 0, 10000, 10000, '')
            """,
            (day, orderid, sold_at, excluded),
        )
        self.connection.execute(
            "insert into model.receipt_lines values (%s, %s, 1, 'SKU', 1000, true, 2500, 8000, 2000, 0, null)",
            (day, orderid),
        )
        self.connection.execute(
            "insert into model.payments values (%s, %s, 0, 'Cash', null, null, false, 10000, null)", (day, orderid)
        )

    def z(self, number: int, opened: datetime, closed: datetime, sales: int, day: date | None = None) -> None:
        receipts = SessionReceipts(
            sales=sales,
            sales_to_deliver=0,
            refunds=0,
            rounding_minor=0,
            cash_minor=10_000 * sales,
            items=(SessionItems(True, False, 2500, 8000 * sales, 2000 * sales),),
            payments={"Cash": 10_000 * sales},
        )
        figures = receipt_figures(receipts)
        figures["paymentssales:Cash"] = figures.pop("payments:Cash")
        drawer = {"moneycash_expected": 10_000 * sales, "moneycash_counted": 10_000 * sales}
        figures |= drawer | {"moneycash_out": 10_000 * sales}
        self.connection.execute(
            "insert into model.till_sessions values (%s, 'R1', %s, 'S01', 'SEK', %s, %s, %s, '', '')",
            (day or closed.date(), number, opened, closed, Jsonb(figures)),
        )

    def quarantine(self, record: str, day: date, sold_at: datetime) -> None:
        self.connection.execute(
            """
            insert into landing.registers values ('R1', 'A', 1, 1, 1, 'SEK', 'Europe/Stockholm', now())
            """
        )
        self.connection.execute(
            """
            insert into restricted.quarantine (source, record, day, registerid, sold_at, reason, digest, landed_at)
            values ('orders', %s, %s, 'R1', %s, 'no amount', '', now())
            """,
            (record, day, sold_at),
        )

    def states(self, first: date = MONDAY, last: date = TUESDAY) -> dict[date, DayState]:
        found = queries.store_days(self.connection, first, last, example_estate(), NOW)
        return {day.trading_day: decide(day).state for day in found}


def test_a_receipt_in_the_second_in_which_two_sessions_meet_belongs_to_the_earlier(
    connection: psycopg.Connection,
) -> None:
    tills = Tills(connection)
    noon = at(MONDAY, "12:00")
    tills.sale(1, MONDAY, at(MONDAY, "08:00"))
    tills.sale(2, MONDAY, noon)
    tills.sale(3, MONDAY, at(MONDAY, "18:00"))
    tills.z(1, at(MONDAY, "08:00"), noon, sales=2)
    tills.z(2, noon, at(MONDAY, "18:00"), sales=1)
    assert tills.states() == {MONDAY: DayState.READY}


def test_a_session_touches_the_days_of_its_receipts_and_the_day_of_its_z_whatever_days_are_run(
    connection: psycopg.Connection,
) -> None:
    tills = Tills(connection)
    tills.sale(1, MONDAY, at(MONDAY, "20:00"))
    tills.z(1, at(MONDAY, "19:00"), at(TUESDAY, "07:00"), sales=5)
    held = {MONDAY: DayState.HELD, TUESDAY: DayState.HELD}
    assert tills.states() == held
    assert tills.states(MONDAY, MONDAY) | tills.states(TUESDAY, TUESDAY) == held


def test_receipts_no_z_covers_make_their_day_wait_and_no_other(connection: psycopg.Connection) -> None:
    tills = Tills(connection)
    tills.sale(1, MONDAY, at(MONDAY, "20:00"))
    tills.sale(2, TUESDAY, at(TUESDAY, "10:00"))
    tills.z(1, at(MONDAY, "19:00"), at(MONDAY, "21:00"), sales=1)
    assert tills.states() == {MONDAY: DayState.READY, TUESDAY: DayState.WAITING}


def test_receipts_from_before_go_live_prove_their_session_and_touch_nothing(connection: psycopg.Connection) -> None:
    tills = Tills(connection)
    sunday = date(2026, 3, 1)
    tills.sale(1, sunday, at(sunday, "20:00"), excluded="before_go_live")
    tills.sale(2, MONDAY, at(MONDAY, "10:00"))
    tills.z(1, at(sunday, "19:00"), at(MONDAY, "18:00"), sales=2)
    assert tills.states() == {MONDAY: DayState.READY}


def test_a_day_with_a_z_report_and_no_receipts_is_a_store_day(connection: psycopg.Connection) -> None:
    tills = Tills(connection)
    tills.z(1, at(MONDAY, "08:00"), at(MONDAY, "18:00"), sales=0)
    assert tills.states() == {MONDAY: DayState.READY}


def test_a_record_that_cannot_be_read_holds_its_own_day_and_every_day_its_session_touches(
    connection: psycopg.Connection,
) -> None:
    tills = Tills(connection)
    tills.sale(1, MONDAY, at(MONDAY, "20:00"))
    tills.z(1, at(MONDAY, "19:00"), at(TUESDAY, "07:00"), sales=1)
    tills.quarantine("99", MONDAY, at(MONDAY, "21:00"))
    assert tills.states() == {MONDAY: DayState.HELD, TUESDAY: DayState.HELD}


def test_a_z_before_that_cannot_be_read_stops_no_other_session(connection: psycopg.Connection) -> None:
    tills = Tills(connection)
    tills.z(2, at(TUESDAY, "08:00"), at(TUESDAY, "18:00"), sales=0)
    connection.execute(
        "insert into landing.z_reports values (%s, 'R1', 1, now(), now(), now(), '', '{\"zreportid\": 1}', now())",
        [MONDAY],
    )
    assert tills.states() == {TUESDAY: DayState.READY}


def test_a_posted_store_day_of_which_nothing_is_left_is_planned_as_nothing(connection: psycopg.Connection) -> None:
    tills = Tills(connection)
    connection.execute(
        """
        insert into posting.outbox values ('JE-S01-20260302-SEK-1', 'journals', 'journalEntry', %s, 'S01', 'SEK', 1,
            '{}', '', %s, 'posted', 1, '77', null, now(), now(), now())
        """,
        (MONDAY, MONDAY),
    )
    assert tills.states() == {MONDAY: DayState.READY}


def test_what_another_run_models_while_a_day_is_read_is_read_whole_or_not_at_all(
    connection: psycopg.Connection, database_url: str
) -> None:
    tills = Tills(connection)
    tills.sale(1, MONDAY, at(MONDAY, "20:00"))
    tills.z(1, at(MONDAY, "19:00"), at(MONDAY, "21:00"), sales=1)

    def read() -> StoreDay:
        with connect(database_url) as session:
            (day,) = queries.store_days(session, MONDAY, MONDAY, example_estate(), NOW)
            return day

    with ThreadPoolExecutor(1) as threads:
        with connection.transaction():
            # Whoever reads the day waits here, in the middle of it.
            connection.execute("lock table model.held_receipts in access exclusive mode")
            meanwhile = threads.submit(read)
            deadline = monotonic() + 30
            while connection.execute(_WAITING).fetchone() is None:
                assert monotonic() < deadline
            tills.sale(2, MONDAY, at(MONDAY, "20:30"))
            connection.execute(
                "insert into model.held_receipts values (%s, 'S01', 2, null, 'unmapped_tender', '2', 10000, 'SEK', '')",
                [MONDAY],
            )
        before = meanwhile.result(timeout=30)
    assert (before.receipts, [receipt.orderid for receipt in before.held_receipts]) == (1, [])
    after = read()
    assert (after.receipts, [receipt.orderid for receipt in after.held_receipts]) == (2, [2])


def test_the_causes_that_hold_receipts_name_the_first_of_them_and_their_gross(connection: psycopg.Connection) -> None:
    ensure_partitions(connection, ["model.held_receipts"], [MONDAY])
    for orderid, detail in ((12, "tender 'Bitcoin'"), (7, "tender 'Bitcoin'"), (3, "tender 'Shells'")):
        connection.execute(
            "insert into model.held_receipts values (%s, 'S01', %s, null, 'unmapped_tender', %s, 10000, 'SEK', %s)",
            (MONDAY, orderid, str(orderid), detail),
        )
    assert queries.held_causes(connection, MONDAY, TUESDAY) == [
        HeldCause(MONDAY, "S01", "SEK", "unmapped_tender", "tender 'Bitcoin'", 7, 2, 20_000),
        HeldCause(MONDAY, "S01", "SEK", "unmapped_tender", "tender 'Shells'", 3, 1, 10_000),
    ]
