"""All that Dagster loads is whole, described and switched on; the days it offers are the retailer's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from sitoo_netsuite import settings
from sitoo_netsuite.definitions import defs
from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.operate.instance import PROJECT
from sitoo_netsuite.partitions import days_of_run, days_request, make_trading_days
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.world import World, make_world


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(stores=2, days=3, seed=1)


@pytest.fixture
def estate_file(tmp_path: Path, world: World) -> Path:
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world), encoding="utf-8")
    return path


def test_every_asset_says_what_it_is_whose_it_is_and_where_it_lies() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description and node.group_name != "default" and node.owners and node.kinds, key


def test_every_check_says_what_it_holds() -> None:
    graph = defs.resolve_asset_graph()
    names = {key.name for key in graph.asset_check_keys}
    assert names == {
        "unmatched_skus", "receipts_in_balance", "completeness", "z_variance", "plan_in_balance", "planned_are_posted",
        "read_back_equals_plan", "ledger_holds_only_what_we_posted", "reconciliation_variance", "opening_balances",
        "price_mismatch", "drift", "sku_only_in_sitoo", "refused_by_sitoo", "prices_explained", "customer_ambiguous",
        "push_failed", "push_doubled", "sku_missing_in_sitoo", "movements_can_be_adjusted", "adjustments_are_posted",
        "adjustments_as_sent", "stock_agrees",
    }  # fmt: skip
    assert all(graph.get(key).description for key in graph.asset_check_keys)


def test_only_what_is_released_to_be_posted_is_blocked_by_a_check() -> None:
    graph = defs.resolve_asset_graph()
    assert [key.name for key in graph.asset_check_keys if graph.get(key).blocking] == ["plan_in_balance"]


def test_everything_that_runs_by_itself_is_on_from_the_start() -> None:
    assert all(schedule.default_status is dg.DefaultScheduleStatus.RUNNING for schedule in defs.schedules or ())
    assert all(sensor.default_status is dg.DefaultSensorStatus.RUNNING for sensor in defs.sensors or ())


@pytest.mark.parametrize("estate", ["none", "good", "broken"])
def test_dagster_validates_the_definitions_without_any_set_up(
    estate: str, tmp_path: Path, database_url: str, world: World
) -> None:
    shutil.copyfile(PROJECT / "dagster.yaml", tmp_path / "dagster.yaml")
    if estate != "none":
        text = estate_yaml(world) if estate == "good" else "retailer: Example\nstores: []\n"
        (tmp_path / "estate.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [Path(sys.executable).with_name("dagster"), "definitions", "validate", "-m", "sitoo_netsuite.definitions"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    if estate == "broken":
        assert done.returncode != 0
        assert "estate.yaml cannot be used" in said
        assert "books: is missing; add it" in said
    else:
        assert done.returncode == 0, said
        assert "ERROR" not in said
        # Dagster's own notice that it has a newer command for this is the only warning.
        assert [line for line in said.splitlines() if "Warning" in line and "SupersessionWarning" not in line] == []


def test_the_days_begin_at_go_live_and_grow_with_the_time(estate_file: Path) -> None:
    days = make_trading_days({settings.ESTATE: str(estate_file)})
    first = load_estate(estate_file).first_day.isoformat()
    assert days.get_first_partition_key() == first
    assert days.end is None


def test_in_a_sandbox_the_days_end_where_the_time_is_told(estate_file: Path, world: World) -> None:
    told = f"{world.start + timedelta(days=2)}T12:00:00Z"
    days = make_trading_days({settings.ESTATE: str(estate_file), settings.NOW: told})
    assert days.get_partition_keys() == [(world.start + timedelta(days=n)).isoformat() for n in range(3)]


def test_a_store_ahead_of_utc_finds_its_day_before_the_utc_day_begins(tmp_path: Path, world: World) -> None:
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world).replace("Europe/Stockholm", "Pacific/Auckland"), encoding="utf-8")
    told = f"{world.start}T20:00:00Z"
    days = make_trading_days({settings.ESTATE: str(path), settings.NOW: told})
    assert days.get_last_partition_key() == (world.start + timedelta(days=1)).isoformat()


@pytest.mark.parametrize("length", [1, 7])
def test_a_request_for_days_can_be_read_back_from_the_run(length: int, world: World) -> None:
    last = world.start + timedelta(days=length - 1)
    request = days_request(world.start, last, run_key="x", tags={"stores": "S01"})
    tags = dict(request.tags)
    if request.partition_key:
        tags["dagster/partition"] = request.partition_key
    assert days_of_run(tags) == (world.start, last)
    assert tags["stores"] == "S01"


def test_a_run_of_no_days_has_none() -> None:
    assert days_of_run({"dagster/schedule_name": "catalogue_nightly"}) is None
