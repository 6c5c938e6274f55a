"""A failed run is a case for each trading day it was asked for; a later run that covers the day clears it."""

import dagster as dg

from sitoo_netsuite.partitions import days_of_run
from sitoo_netsuite.resources import Clock, Warehouse
from sitoo_netsuite.trading_day import days
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

_KIND = "run_failed"
# It does all that any other job does, so its success clears what another left.
_WHOLE_JOB = "close_days"


@dg.run_failure_sensor(
    description="Files a case for the integration team when a run fails: one for each of its trading days.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def failed_runs(context: dg.RunFailureSensorContext, warehouse: Warehouse, clock: Clock) -> None:
    run = context.dagster_run
    span = days_of_run(run.tags)
    with warehouse.connection() as connection:
        for day in days(*span) if span else [None]:
            key = run.job_name if day is None else f"{run.job_name} {day}"
            case = Case(_KIND, key, None, day, run.run_id, None, None, evidence=_why(context))
            record_cases(connection, Scope((_KIND,), key=key), [case], clock.now(), run.run_id)


def _why(context: dg.RunFailureSensorContext) -> dict[str, str]:
    """The steps that failed, each with the words of the error that started it; else what Dagster says of the run."""
    causes = {}
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        while error is not None and error.cause is not None:
            error = error.cause
        causes[event.step_key or "run"] = error.message.strip() if error is not None else "no error was given"
    return causes or {"run": context.failure_event.message or "no message"}


@dg.run_status_sensor(
    run_status=dg.DagsterRunStatus.SUCCESS,
    description="Clears the case of a failed run once a run of the same job, or of close_days, succeeds for the day.",
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def recovered_runs(context: dg.RunStatusSensorContext, warehouse: Warehouse, clock: Clock) -> None:
    run = context.dagster_run
    span = days_of_run(run.tags)
    if span is None:
        scopes = [Scope((_KIND,), key=run.job_name)]
    elif run.job_name == _WHOLE_JOB:
        scopes = [Scope((_KIND,), *span)]
    else:
        scopes = [Scope((_KIND,), key=f"{run.job_name} {day}") for day in days(*span)]
    with warehouse.connection() as connection:
        for scope in scopes:
            record_cases(connection, scope, [], clock.now(), run.run_id)
