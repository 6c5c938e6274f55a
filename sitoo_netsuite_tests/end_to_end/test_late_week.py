"""A week's receipts come three weeks late: a difference document for the days they touch, and nothing for any other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import psycopg
import pytest

from benchmarks.late_books import play
from benchmarks.late_week import LateWeek, hold_back
from sitoo_netsuite import settings
from sitoo_netsuite.sandbox.online_retail import write_replay_file
from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox
from sitoo_netsuite.worklist.store import list_cases

MONDAY = date(2026, 3, 2)


def made_up_trade() -> pd.DataFrame:
    """Three stores, six receipts a day on four days of the late week and two of those after it; a return among them."""
    rows: list[dict[str, Any]] = [
        {
            "receipt_id": f"{store}-{day}-{hour}",
            "kind": "sale",
            "sold_at": f"{MONDAY + timedelta(days=day)}T{hour:02}:00:00+00:00",
            "arrives_at": None,
            "store": store,
            "sku": f"TIN-{hour}",
            "description": "A tin",
            "quantity": 1 + day % 3,
            "unit_price_gross": f"{hour}.{day:02}",
            "currency": "GBP",
            "vat_rate": "20",
            "tender": "Card" if hour % 2 else "Cash",
            "customer_email": None,
            "original_receipt_id": None,
        }
        for store in ("S01", "S02", "S03")
        for day in (0, 1, 3, 4, 9, 23)
        for hour in range(9, 15)
    ]
    # Sold at till 2 in the late week, brought back before Sitoo hears of the sale; and after.
    back = {"kind": "return", "sku": "TIN-10", "quantity": -1, "unit_price_gross": "10.01"}
    sale = next(row for row in rows if row["receipt_id"] == "S01-1-10")
    for receipt, day in (("C1", 9), ("C2", 27)):
        rows.append(
            sale | back | {"receipt_id": receipt, "original_receipt_id": "S01-1-10",
                           "sold_at": f"{MONDAY + timedelta(days=day)}T16:00:00+00:00"}
        )  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture
def late() -> LateWeek:
    return hold_back(made_up_trade(), MONDAY)


def test_what_is_held_back_are_the_receipts_of_the_second_tills_in_the_week(late: LateWeek) -> None:
    rows = late.rows.set_index("receipt_id")
    arrives = rows.arrives_at.dropna()
    assert set(rows.register[arrives.index]) == {"2"}
    week = {(store, MONDAY + timedelta(days=day)) for store in ("S01", "S02") for day in (0, 1, 3, 4)}
    assert late.followed.keys() | late.held.keys() == week
    assert {f"S01-{day}-{hour}" for day in (0, 1, 3, 4) for hour in (10, 12, 14)} == {
        receipt for receipt in arrives.index if receipt.startswith("S01")
    }
    # The second store's till is on line again for the last receipt of each day.
    assert {f"S02-{day}-{hour}" for day in (0, 1, 3, 4) for hour in (10, 12)} == {
        receipt for receipt in arrives.index if receipt.startswith("S02")
    }
    assert arrives["S01-0-10"] == "2026-03-23T10:00:00+00:00"
    assert late.followed["S01", MONDAY] == datetime(2026, 3, 23, 14, tzinfo=UTC)


def test_a_return_names_no_sale_that_sitoo_does_not_have_yet(late: LateWeek) -> None:
    original = late.rows.set_index("receipt_id").original_receipt_id
    assert pd.isna(original["C1"])
    assert original["C2"] == "S01-1-10"


def test_a_week_without_late_receipts_is_refused() -> None:
    with pytest.raises(ValueError, match="has no receipts to hold back"):
        hold_back(made_up_trade(), date(2026, 4, 6))


@pytest.fixture
def sandbox(late: LateWeek, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    path = tmp_path / "replay.parquet"
    write_replay_file(late.rows, path)
    with running_sandbox(SandboxOptions(replay=path, folder=tmp_path / "sandbox")) as sandbox:
        for name, value in {**sandbox.env, "DATABASE_URL": database_url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv(settings.HOME, str(tmp_path / "var"))
        monkeypatch.setenv(settings.NOW, sandbox.clock.now().isoformat())
        yield sandbox


def test_late_receipts_add_a_document_to_the_days_they_touch_and_to_no_other(
    late: LateWeek, sandbox: Sandbox, connection: psycopg.Connection
) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        stages = list(play(late, instance, connection, sandbox))
    assert [stage.objection() for stage in stages] == [None] * len(stages)
    after_the_week, before_they_come, while_they_come, all_there = stages
    assert after_the_week.differences_posted == []
    # The second store's days wait for receipts that their Z-reports tell of.
    assert after_the_week.verdict.held_store_days == before_they_come.verdict.held_store_days == len(late.held)
    assert len(while_they_come.differences_posted) == 2
    assert all_there.differences_posted == [f"JE-S01-2026030{day}-GBP-2" for day in (2, 3, 5, 6)]
    assert all_there.verdict.held_store_days == 0
    assert list_cases(connection) == []
