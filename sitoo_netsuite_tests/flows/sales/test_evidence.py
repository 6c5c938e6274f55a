"""Cases of the tills' records clear by whatever day's run sees their evidence gone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg

from sitoo_netsuite.flows.sales.evidence import file_till_cases
from sitoo_netsuite.trading_day import days
from sitoo_netsuite.warehouse.partitions import ensure_partitions
from sitoo_netsuite.worklist.store import list_cases
from sitoo_netsuite_tests.examples import example_estate

MONDAY, TUESDAY, WEDNESDAY = date(2026, 3, 2), date(2026, 3, 3), date(2026, 3, 4)
# Monday has been over for a day: too short for a Z-report to be overdue.
NOW = datetime(2026, 3, 4, 6, tzinfo=UTC)


def receipt(connection: psycopg.Connection, day: date, counter: int, sku: str = "GIFTCARD", quantity: int = 1) -> None:
    ensure_partitions(
        connection, ("model.receipts", "model.receipt_lines", "model.till_sessions"), days(MONDAY, WEDNESDAY)
    )
    connection.execute(
        """
        insert into model.receipts (trading_day, orderid, store, registerid, counter, sold_at, currency, is_return,
            to_deliver, net_minor, vat_minor, rounding_minor, gross_minor, paid_minor, digest)
        values (%s, %s, 'S01', 'R1', %s, %s, 'SEK', false, false, 8000, 2000, 0, 10000, 10000, '')
        """,
        (day, counter, counter, datetime(day.year, day.month, day.day, 12, tzinfo=UTC)),
    )
    connection.execute(
        "insert into model.receipt_lines values (%s, %s, 1, %s, %s, %s, 2500, %s, 2000, 0, null)",
        (day, counter, sku, 1000 * quantity, quantity > 0, 8000 * quantity),
    )


def look(connection: psycopg.Connection, day: date) -> list[tuple[str, str, int | None]]:
    file_till_cases(connection, day, day, example_estate(), NOW, "a run")
    return [(case["kind"], case["key"], case["amount_minor"]) for case in list_cases(connection)]


def test_a_gap_that_a_late_receipt_of_the_day_before_fills_clears_when_that_day_is_run(
    connection: psycopg.Connection,
) -> None:
    receipt(connection, MONDAY, 1)
    receipt(connection, TUESDAY, 3)
    assert look(connection, TUESDAY) == [("receipt_number_gap", "R1/3", None)]
    receipt(connection, MONDAY, 2)
    assert look(connection, MONDAY) == []


def test_an_unmatched_sku_clears_on_whatever_run_comes_after_its_item_was_made(connection: psycopg.Connection) -> None:
    receipt(connection, MONDAY, 1, sku="NEW")
    receipt(connection, MONDAY, 2, sku="NEW", quantity=-1)
    receipt(connection, MONDAY, 3, sku="NEW")
    assert look(connection, MONDAY) == [("unmatched_sku", "S01/2026-03-02/SEK/NEW", 8000)]
    connection.execute("insert into landing.items values (1, 'NEW', null, null, 'InvtPart', true, null, now())")
    assert look(connection, WEDNESDAY) == [("unmatched_sku", "S01/2026-03-02/SEK/NEW", 8000)]
    connection.execute("update landing.items set inactive = false")
    assert look(connection, WEDNESDAY) == []


def test_a_record_of_no_known_day_is_a_case_and_clears_once_it_can_be_read(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into restricted.quarantine (source, record, reason, digest, landed_at)"
        " values ('orders', 'abc', 'no orderid', '', %s)",
        [NOW],
    )
    ensure_partitions(connection, ("model.receipts",), [MONDAY])
    assert look(connection, MONDAY) == [("unparsable_record", "orders/abc", None)]
    connection.execute("update restricted.quarantine set cured_at = now()")
    assert look(connection, WEDNESDAY) == []
