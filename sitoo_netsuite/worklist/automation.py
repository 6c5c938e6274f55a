"""A failed run is a case, and a later run of the same job that succeeds clears it."""

import os

import dagster as dg

from sitoo_netsuite import settings
from sitoo_netsuite.resources import Warehouse
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases


@dg.run_failure_sensor(
    description="Files a case for the integration team when a run fails.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_runs(context: dg.RunFailureSensorContext, warehouse: Warehouse) -> None:
    run = context.dagster_run
    case = Case(
        kind="run_failed",
        key=run.job_name,
        store=None,
        trading_day=None,
        record=run.run_id,
        amount_minor=None,
        currency=None,
        evidence={"error": context.failure_event.message or "no message", "tags": dict(run.tags)},
    )
    with warehouse.connection() as connection:
        scope = Scope(("run_failed",), key=run.job_name)
        record_cases(connection, scope, [case], settings.now(os.environ), run.run_id)


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    description="Clears the case of a failed job once a run of it succeeds.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def recovered_runs(context: dg.RunStatusSensorContext, warehouse: Warehouse) -> None:
    run = context.dagster_run
    with warehouse.connection() as connection:
        scope = Scope(("run_failed",), key=run.job_name)
        record_cases(connection, scope, [], settings.now(os.environ), run.run_id)
