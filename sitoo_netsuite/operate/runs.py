"""Runs of trading days through Dagster, without its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import dagster as dg
import psycopg

from sitoo_netsuite.flows.journals.queries import StoreDayState, store_day_states
from sitoo_netsuite.partitions import range_tags, trading_days

# Everything is in the run's log on Dagster's page; a terminal is told what went wrong, once, by the command.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunFailedError(Exception):
    """A run did not finish. The text has the step's error; what was posted before it is recorded."""


class NoSuchDaysError(Exception):
    """Days were asked for before the earliest go-live or after today; the text says which there are."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Where the store-days of a run stand after it."""

    states: tuple[StoreDayState, ...]

    def summary(self) -> dict[str, int]:
        """`{store_days, posted, held, waiting}`: refused and doubtful store-days count as held and waiting."""
        counts = Counter(state.state for state in self.states)
        return {
            "store_days": len(self.states),
            "posted": counts["posted"],
            "held": counts["held"] + counts["refused"],
            "waiting": counts["waiting"] + counts["in_doubt"] + counts["unposted"],
        }


def run_days(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    connection: psycopg.Connection,
    first: date,
    last: date,
    job: str,
) -> RunResult:
    """Runs a job over a range of trading days as one run in this process.

    Raises RunFailedError if it fails, and NoSuchDaysError before it starts.
    """
    earliest, latest = trading_days.get_first_partition_key(), trading_days.get_last_partition_key()
    if earliest is None or latest is None or str(first) < earliest or latest < str(last):
        raise NoSuchDaysError(f"there are trading days from {earliest} (the earliest go-live) to {latest} only")
    result = definitions.resolve_job_def(job).execute_in_process(
        instance=instance, tags=range_tags(first, last), run_config=_QUIET, raise_on_error=False
    )
    if not result.success:
        raise RunFailedError(_why(result))
    return RunResult(tuple(store_day_states(connection, first, last)))


def run_catalogue(definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
    """Reads NetSuite's items. Raises RunFailedError if it fails."""
    run_job(definitions, instance, "read_catalogue")


def push_products(definitions: dg.Definitions, instance: dg.DagsterInstance, skus: Sequence[str]) -> str:
    """Pushes these SKUs to the tills now; the id of the run. Raises RunFailedError if it fails."""
    config = {"ops": {"pushed_products": {"config": {"skus": list(skus)}}}}
    return run_job(definitions, instance, "push_products", config)


def run_job(
    definitions: dg.Definitions, instance: dg.DagsterInstance, job: str, config: Mapping[str, Any] | None = None
) -> str:
    """Runs a job that is of no trading days in this process; the id of the run. Raises RunFailedError if it fails.

    config: the assets' own, where it is other than the job's.
    """
    definition = definitions.resolve_job_def(job)
    result = definition.execute_in_process(
        instance=instance, run_config={**(config or definition.run_config or {}), **_QUIET}, raise_on_error=False
    )
    if not result.success:
        raise RunFailedError(_why(result))
    return result.run_id


def _why(result: dg.ExecuteInProcessResult) -> str:
    for event in result.all_events:
        if event.is_step_failure:
            error = event.step_failure_data.error
            cause = error.cause or error if error is not None else None
            while cause is not None and cause.cause is not None:
                cause = cause.cause
            return f"{event.step_key}: {cause.message.strip() if cause else 'no error was given'} (run {result.run_id})"
    return f"run {result.run_id} failed; its log says why"
