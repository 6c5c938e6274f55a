"""Runs that are killed with SIGKILL, with Dagster's real storage: failed, and nothing is left waiting for them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from sitoo_netsuite.operate.instance import dagster_instance
from sitoo_netsuite.operate.reaper import fail_gone_runs, gone_runs
from sitoo_netsuite.resources import NETSUITE_POOL, Warehouse
from sitoo_netsuite_tests.processes import running

GOING_ON = dg.DagsterRunStatus.STARTED
PATIENCE_SECONDS = 60


@dg.asset(pool=NETSUITE_POOL)
def posted(warehouse: Warehouse) -> None:
    """What takes until the file is gone."""
    while Path(os.environ["TAKES_UNTIL_GONE"]).exists():
        time.sleep(0.05)


def run() -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.get() as instance:
        return dg.materialize([posted], instance=instance, resources={"warehouse": Warehouse()}, raise_on_error=False)


@pytest.fixture
def instance(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    """Dagster as the command line has it: its own tables in the same PostgreSQL."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SITOO_NETSUITE_HOME", str(tmp_path))
    monkeypatch.setenv("TAKES_UNTIL_GONE", str(tmp_path / "busy"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "yes")
    (tmp_path / "busy").touch()
    with dagster_instance() as made:
        yield made


def until(shown: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := shown()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


def holders(instance: dg.DagsterInstance) -> set[str]:
    """Runs that hold a slot of the pool."""
    return set(instance.event_log_storage.get_concurrency_info(NETSUITE_POOL).active_run_ids)


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    found = instance.get_run_by_id(run_id)
    assert found is not None
    return found.status


def in_a_minute() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def test_a_killed_run_is_failed_and_the_next_one_gets_its_slot(
    instance: dg.DagsterInstance, connection: psycopg.Connection
) -> None:
    with running(run) as process:
        (killed,) = until(lambda: holders(instance))
        assert fail_gone_runs(instance, connection, in_a_minute()) == []
        assert status(instance, killed) is GOING_ON
        process.kill()
        process.join()
    assert fail_gone_runs(instance, connection, datetime.now(UTC) - timedelta(minutes=1)) == []
    assert status(instance, killed) is GOING_ON and holders(instance) == {killed}
    assert fail_gone_runs(instance, connection, in_a_minute()) == [killed]
    assert status(instance, killed) is dg.DagsterRunStatus.FAILURE
    assert holders(instance) == set()
    Path(os.environ["TAKES_UNTIL_GONE"]).unlink()
    assert run().success


def test_the_sensor_says_which_runs_it_failed(instance: dg.DagsterInstance, connection: psycopg.Connection) -> None:
    with running(run):
        (killed,) = until(lambda: holders(instance))
    connection.execute("update runs set start_time = start_time - 60")
    with dg.build_sensor_context(instance=instance, resources={"warehouse": Warehouse()}) as context:
        said = gone_runs(context)
        assert isinstance(said, dg.SkipReason) and killed in (said.skip_message or "")
        assert gone_runs(context) == dg.SkipReason("Every run that is going on is alive.")


def test_a_slot_that_an_ended_run_has_left_behind_is_freed(
    instance: dg.DagsterInstance, connection: psycopg.Connection
) -> None:
    with running(run):
        (killed,) = until(lambda: holders(instance))
    run_of_it = instance.get_run_by_id(killed)
    assert run_of_it is not None
    instance.report_run_failed(run_of_it)
    assert holders(instance) == {killed}
    assert fail_gone_runs(instance, connection, datetime.now(UTC)) == []
    assert holders(instance) == set()


def test_a_run_that_ends_well_is_left_alone(instance: dg.DagsterInstance, connection: psycopg.Connection) -> None:
    Path(os.environ["TAKES_UNTIL_GONE"]).unlink()
    ended = run()
    assert fail_gone_runs(instance, connection, in_a_minute()) == []
    assert status(instance, ended.run_id) is dg.DagsterRunStatus.SUCCESS
