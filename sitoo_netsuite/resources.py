"""The Dagster resources: thin, they hand out the estate, the time, the clients and the warehouse.

Nothing is read when this is imported. Secrets come from the environment at the moment they are needed, and never
through run configuration, where Dagster would show them. Rules and SQL live elsewhere.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import dagster as dg
import psycopg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import Estate, load_estate
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.client import Retries as NetSuiteRetries
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.sitoo.client import Retries as SitooRetries
from sitoo_netsuite.warehouse.alive import show_alive
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.server import database_url
from sitoo_netsuite.warehouse.slots import AccountSlots, KeySlots

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
    """PostgreSQL: DATABASE_URL, or the embedded server. A run that uses it shows by a lock there that it is alive."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> "Iterator[Warehouse]":
        """Dagster's hook around a run, and around what a schedule or sensor decides, which has no run."""
        if context.run is None:
            yield self
            return
        with _session() as connection:
            show_alive(connection, context.run.run_id)
            yield self

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection]:
        with _session() as connection:
            yield connection


class Sitoo(dg.ConfigurableResource):
    """Sitoo's API with the keys of the environment; read-only where the estate says so."""

    @contextmanager
    def client(self, estate: Estate) -> Iterator[SitooClient]:
        access = settings.sitoo_access(os.environ)
        keys = [ApiKey(identity, password) for identity, password in access.keys.items()]
        retries = SitooRetries(first_wait=estate.sitoo.retry_seconds)
        with (
            _session() as locks,
            SitooClient(
                access.url, keys, read_only=estate.read_only, retries=retries, slots=KeySlots(locks, list(access.keys))
            ) as client,
        ):
            yield client


class NetSuite(dg.ConfigurableResource):
    """NetSuite's API with the credentials of the environment; read-only where the estate says so."""

    @asynccontextmanager
    async def client(self, estate: Estate) -> AsyncIterator[NetSuiteClient]:
        """A client with at most `netsuite.slots` requests at once, counted over all processes that use the account."""
        access = settings.netsuite_access(os.environ)
        with _session() as locks:
            async with NetSuiteClient(
                url=access.url,
                login=access.login(),
                slots=AccountSlots(locks, access.account, estate.netsuite.slots),
                read_only=estate.read_only,
                retries=NetSuiteRetries(first_wait=estate.netsuite.retry_seconds),
            ) as client:
                yield client


def _session() -> psycopg.Connection:
    return connect(database_url(os.environ, settings.database_folder(os.environ)))
