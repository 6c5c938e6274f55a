"""Dagster's own storage: in the same PostgreSQL as the warehouse, wherever that is.

`dagster.yaml` names this class, so that every process of Dagster finds the database as our own commands do:
DATABASE_URL, or the embedded server, started if need be. Dagster's own commands then work without any set-up too.
"""

from __future__ import annotations

import os
from typing import Any

from dagster_postgres import DagsterPostgresStorage

from sitoo_netsuite import settings
from sitoo_netsuite.warehouse.server import database_url

_NO_TIMEOUT = 0


class WarehouseStorage(DagsterPostgresStorage):
    """Runs, events and schedules in the schema `public` of the warehouse's database."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure in dagster.yaml."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> WarehouseStorage:
        """The storage; Dagster calls this in each of its processes. Raises ServerError as `database_url` does."""
        url = database_url(os.environ, settings.database_folder(os.environ))
        storage = cls(postgres_url=url, inst_data=inst_data)
        # Dagster connects anew for each of a run's 270 statements unless it is told to keep a connection, as its page
        # is; with it the run of a day takes little more than half the time.
        for part in (storage.event_log_storage, storage.run_storage, storage.schedule_storage):
            part.optimize_for_webserver(statement_timeout=_NO_TIMEOUT, pool_recycle=3600, max_overflow=20)
        return storage
