"""Dagster's instance and the database, made ready for a command: started, migrated, pointed at.

Belongs here: what has to be true before a run, a sensor or the page can work. Does not belong here: runs themselves.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from sitoo_netsuite import settings
from sitoo_netsuite.operate.reaper import fail_gone_runs
from sitoo_netsuite.resources import NETSUITE_POOL, SITOO_POOL
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import upgrade
from sitoo_netsuite.warehouse.server import database_url

PROJECT = Path(__file__).resolve().parents[2]


def prepare_database() -> str:
    """Starts the embedded server where no DATABASE_URL is set, and brings the schema up to date; the URL."""
    url = database_url(os.environ, settings.database_folder(os.environ))
    upgrade(url)
    return url


def prepare_dagster() -> Path:
    """Makes Dagster's home below ours, with the project's dagster.yaml and its pools, free of dead runs; the folder.

    Sets DAGSTER_HOME for this process and those it starts, and starts and migrates the database.
    """
    url = prepare_database()
    home = settings.home(os.environ) / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(PROJECT / "dagster.yaml", home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
    with dg.DagsterInstance.get() as instance, connect(url) as connection:
        _make_pools(instance)
        fail_gone_runs(instance, connection, datetime.now(UTC))
    return home


def _make_pools(instance: dg.DagsterInstance) -> None:
    """Sets the pools' limits where nobody has set one.

    Left to itself Dagster does so in the first runs, and on PostgreSQL two that start at once fail at it.
    """
    known = instance.event_log_storage.get_concurrency_keys()
    for pool in {SITOO_POOL, NETSUITE_POOL} - known:
        instance.event_log_storage.set_concurrency_slots(pool, 1)


@contextmanager
def dagster_instance() -> Iterator[dg.DagsterInstance]:
    """The instance that `sitoo-netsuite up` serves too, so that its page shows runs started from the command line."""
    prepare_dagster()
    with dg.DagsterInstance.get() as instance:
        yield instance
