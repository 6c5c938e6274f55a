"""The benchmark of reading levels and pushing movements, over a few of each."""

from __future__ import annotations

from pathlib import Path

import psycopg

from benchmarks.stock_levels import measure_landing, measure_pushes


def test_every_level_is_landed_with_no_request_too_many(connection: psycopg.Connection, tmp_path: Path) -> None:
    loop, first, unchanged = measure_landing(connection, 2, 1500, tmp_path)
    assert (first.things, first.requests, unchanged.requests) == (3000, loop.floor, loop.floor)
    assert connection.execute(
        "select count(*), sum(total_milli), sum(reserved_milli) from landing.sitoo_levels"
    ).fetchone() == (3000, 150_000_000, 0)


def test_every_movement_is_pushed_once_in_full_requests(connection: psycopg.Connection) -> None:
    _, pushed = measure_pushes(connection, 100)
    assert (pushed.things, pushed.requests) == (100, pushed.floor)
