"""Frames in and out of a real database, with types that do not depend on the values."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import psycopg
import pytest

from sitoo_netsuite.warehouse.frames import copy_rows, read_frame


def test_rows_come_out_as_they_went_in_with_types_that_do_not_depend_on_them(connection: psycopg.Connection) -> None:
    connection.execute(
        "create table pos (day date, amount bigint, original bigint, name text, at timestamptz, ok bool)"
    )
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    more_than_a_float_tells_apart = 9_007_199_254_740_993
    rows = [
        (date(2026, 3, 1), more_than_a_float_tells_apart, None, "tab\there, back\\slash, 'quote'", noon, True),
        (date(2026, 3, 2), -1, more_than_a_float_tells_apart, None, None, False),
    ]
    assert copy_rows(connection, "pos", ("day", "amount", "original", "name", "at", "ok"), rows) == 2
    expected = pd.DataFrame(
        {
            "day": pd.Series([row[0] for row in rows], dtype="object"),
            "amount": pd.Series([row[1] for row in rows], dtype="int64"),
            "original": pd.Series([row[2] for row in rows], dtype="Int64"),
            "name": pd.Series([row[3] for row in rows], dtype="object"),
            "at": pd.Series([row[4] for row in rows], dtype="datetime64[us, UTC]"),
            "ok": pd.Series([row[5] for row in rows], dtype="bool"),
        }
    )
    pd.testing.assert_frame_equal(read_frame(connection, "select * from pos order by day"), expected)


def test_a_sum_of_minor_units_is_a_whole_number_again(connection: psycopg.Connection) -> None:
    frame = read_frame(connection, "select sum(x) as total from unnest('{9007199254740992,1}'::bigint[]) as x")
    assert frame["total"].dtype == "int64"
    assert frame["total"].iloc[0] == 9_007_199_254_740_993


def test_a_fraction_of_a_minor_unit_is_refused(connection: psycopg.Connection) -> None:
    with pytest.raises(ValueError, match=r"'half' holds 0\.5"):
        read_frame(connection, "select 0.5 as half")


def test_an_empty_answer_keeps_its_columns_and_types(connection: psycopg.Connection) -> None:
    frame = read_frame(connection, "select 1::bigint as n, now() as at where %s", [False])
    assert list(frame.columns) == ["n", "at"]
    assert [str(dtype) for dtype in frame.dtypes] == ["int64", "datetime64[us, UTC]"]


def test_rows_are_streamed_from_a_generator(connection: psycopg.Connection) -> None:
    connection.execute("create table n (value int)")
    assert copy_rows(connection, "n", ["value"], ((number,) for number in range(1000))) == 1000
