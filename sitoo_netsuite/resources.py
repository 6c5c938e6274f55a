"""The Dagster resources: thin, they hand out the estate, the time, the clients and the warehouse.

Nothing is read when this is imported. Secrets come from the environment at the moment they are needed, and never
through run configuration, where Dagster would show them. Rules and SQL live elsewhere.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg
import psycopg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import Estate, load_estate
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.server import database_url

# The visible queues above the APIs: steps that call one name its pool (limits: dagster.yaml).
SITOO_POOL = "sitoo_api"
NETSUITE_POOL = "netsuite_api"


class EstateFile(dg.ConfigurableResource):
    """The retailer's own facts, read anew by every run (SITOO_NETSUITE_ESTATE, or `estate.yaml`)."""

    def load(self) -> Estate:
        return load_estate(settings.estate_path(os.environ))


class Clock(dg.ConfigurableResource):
    """The time a run goes by: SITOO_NETSUITE_NOW where it is told, else the real time. In UTC."""

    def now(self) -> datetime:
        return settings.now(os.environ)

    def of_tick(self, scheduled: datetime) -> datetime:
        """The time a schedule's tick goes by: its own, also when it is late; the told time where there is one."""
        return min(scheduled.astimezone(UTC), self.now())


class Warehouse(dg.ConfigurableResource):
    """PostgreSQL: DATABASE_URL, or the embedded server."""

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        with connect(database_url(os.environ, settings.database_folder(os.environ))) as connection:
            yield connection


class Sitoo(dg.ConfigurableResource):
    """Sitoo's API with the keys of the environment; read-only where the estate says so."""

    @contextmanager
    def client(self, estate: Estate) -> Iterator[SitooClient]:
        access = settings.sitoo_access(os.environ)
        keys = [ApiKey(identity, password) for identity, password in access.keys.items()]
        with SitooClient(access.url, keys, read_only=estate.read_only) as client:
            yield client


class NetSuite(dg.ConfigurableResource):
    """NetSuite's API with the credentials of the environment; read-only where the estate says so."""

    def client(self, estate: Estate) -> NetSuiteClient:
        """A client to be used with `async with`, at most `netsuite.slots` requests in flight."""
        access = settings.netsuite_access(os.environ)
        return NetSuiteClient(
            url=access.url,
            account=access.account,
            client_id=access.client_id,
            certificate_id=access.certificate_id,
            private_key_path=access.private_key_file,
            slots=slots_in_process(estate.netsuite.slots),
            read_only=estate.read_only,
        )
