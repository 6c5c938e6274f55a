"""Frames in and out of a real database, with types that do not depend on the values."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import psycopg
import pytest

from sitoo_netsuite.warehouse.frames import copy_frame, copy_rows, read_frame


def test_a_frame_survives_the_way_in_and_out(connection: psycopg.Connection) -> None:
    connection.execute(
        "create table pos (day date, amount bigint, original bigint, name text, at timestamptz, ok bool)"
    )
    frame = pd.DataFrame(
        {
            "day": pd.Series([date(2026, 3, 1), date(2026, 3, 2)], dtype="object"),
            "amount": pd.Series([9_007_199_254_740_993, -1], dtype="int64"),  # one more than a float can tell apart
            "original": pd.Series([None, 9_007_199_254_740_993], dtype="Int64"),
            "name": pd.Series(["tab\there, back\\slash, 'quote'", None], dtype="object"),
            "at": pd.Series([datetime(2026, 3, 1, 12, tzinfo=UTC), None], dtype="datetime64[us, UTC]"),
            "ok": pd.Series([True, False], dtype="bool"),
        }
    )
    assert copy_frame(connection, "pos", frame) == 2
    pd.testing.assert_frame_equal(read_frame(connection, "select * from pos order by day"), frame)


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
