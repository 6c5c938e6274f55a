"""Runs whose process is gone: failed, and what they held in the pools freed.

Belongs here: telling a dead run from a living one, and failing it. A living run holds a lock in the warehouse
(`warehouse.alive`); Dagster's own watch over runs does not cover runs that it launches on this machine, and dies with
the machine. Does not belong here: running again (run_retries in dagster.yaml, and the hourly schedule).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from time import sleep

import dagster as dg
import psycopg

from sitoo_netsuite.resources import Warehouse
from sitoo_netsuite.warehouse.alive import is_alive

# From Dagster's word that a run starts, or has started, until it holds its lock.
_TIME_TO_SHOW_ALIVE = {
    dg.DagsterRunStatus.STARTING: timedelta(seconds=40),
    dg.DagsterRunStatus.STARTED: timedelta(seconds=15),
}
# A run gives its lock back a moment before Dagster hears that it is over.
_TIME_TO_END_SECONDS = 2.0


@dg.sensor(
    description="Fails runs whose process is gone and frees what they hold in the pools: nothing waits for them.",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
)
def gone_runs(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SkipReason:
    with warehouse.connection() as connection:
        failed = fail_gone_runs(context.instance, connection, datetime.now(UTC))
    return dg.SkipReason(f"Failed {', '.join(failed)}." if failed else "Every run that is going on is alive.")


def fail_gone_runs(instance: dg.DagsterInstance, connection: psycopg.Connection, now: datetime) -> list[str]:
    """Fails every run that Dagster takes to be going on and whose process is gone; their ids.

    Frees their slots in the pools, and those that runs which ended have left behind. `now` is the real time.
    """
    suspects = _without_a_lock(instance, connection, now)
    failed = []
    if suspects:
        sleep(_TIME_TO_END_SECONDS)
        for run_id in suspects & _without_a_lock(instance, connection, now):
            run = instance.get_run_by_id(run_id)
            if run is not None:
                instance.report_run_failed(run, "The process of this run is gone: it was killed, or the machine was.")
                failed.append(run_id)
    _free_slots(instance, instance.event_log_storage.get_concurrency_run_ids())
    return failed


def _without_a_lock(instance: dg.DagsterInstance, connection: psycopg.Connection, now: datetime) -> set[str]:
    """Runs going on that had the time to take their lock and do not hold it."""
    found = set()
    for record in instance.get_run_records(dg.RunsFilter(statuses=list(_TIME_TO_SHOW_ALIVE))):
        run = record.dagster_run
        since = record.update_timestamp
        if record.start_time is not None:
            since = datetime.fromtimestamp(record.start_time, UTC)
        if since + _TIME_TO_SHOW_ALIVE[run.status] <= now and not is_alive(connection, run.run_id):
            found.add(run.run_id)
    return found


def _free_slots(instance: dg.DagsterInstance, run_ids: Iterable[str]) -> None:
    for run_id in run_ids:
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            instance.event_log_storage.free_concurrency_slots_for_run(run_id)
