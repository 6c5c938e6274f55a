"""Dagster's own storage: in the same PostgreSQL as the warehouse, wherever that is.

`dagster.yaml` names this class, so that every process of Dagster finds the database as our own commands do: DATABASE_URL,
or the embedded server, started if need be. Dagster's own commands then work without any set-up too.
"""

from __future__ import annotations

import os
from typing import Any

from dagster_postgres import DagsterPostgresStorage

from sitoo_netsuite import settings
from sitoo_netsuite.warehouse.server import database_url


class WarehouseStorage(DagsterPostgresStorage):
    """Runs, events and schedules in the schema `public` of the warehouse's database."""

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure in dagster.yaml."""
        return {}

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> DagsterPostgresStorage:
        """The storage; Dagster calls this in each of its processes. Raises ServerError as `database_url` does."""
        return DagsterPostgresStorage(
            postgres_url=database_url(os.environ, settings.database_folder(os.environ)), inst_data=inst_data
        )
