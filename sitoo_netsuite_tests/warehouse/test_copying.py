"""Rows into a real database by COPY, and out again as they went in."""

from __future__ import annotations

from datetime import UTC, date, datetime

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.warehouse.copying import copied, copy_lines, copy_rows, stands_for_itself


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


def test_lines_are_rows_whatever_their_texts_hold(connection: psycopg.Connection) -> None:
    texts = ["SKU-1", "tab\there", "back\\slash", "\\N", "two\nlines", "return\rhere", "\\.", "åäö"]
    connection.execute("create table lines (place bigint, sku text)")
    lines = (f"{place}\t{copied(text)}\n" for place, text in enumerate(texts))
    assert copy_lines(connection, "lines", ("place", "sku"), lines) == len(texts)
    assert connection.execute("select sku from lines order by place").fetchall() == [(text,) for text in texts]


@given(st.text())
def test_a_text_stands_for_itself_where_copying_leaves_it(text: str) -> None:
    assert stands_for_itself(text) == (copied(text) == text)
