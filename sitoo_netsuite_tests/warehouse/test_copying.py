"""Rows into a real database by COPY, and out again as they went in."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg

from sitoo_netsuite.warehouse.copying import copy_rows


def test_rows_come_out_as_they_went_in(connection: psycopg.Connection) -> None:
    connection.execute(
        "create table pos (day date, amount bigint, original bigint, name text, at timestamptz, ok bool)"
    )
    more_than_a_float_tells_apart = 9_007_199_254_740_993
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    rows = [
        (date(2026, 3, 1), more_than_a_float_tells_apart, None, "tab\there, back\\slash, 'quote'", noon, True),
        (date(2026, 3, 2), -1, more_than_a_float_tells_apart, None, None, False),
    ]
    assert copy_rows(connection, "pos", ("day", "amount", "original", "name", "at", "ok"), rows) == 2
    assert connection.execute("select * from pos order by day").fetchall() == rows


def test_rows_are_streamed_from_a_generator(connection: psycopg.Connection) -> None:
    connection.execute("create table n (value int)")
    assert copy_rows(connection, "n", ["value"], ((number,) for number in range(1000))) == 1000
