"""Land, land again, model, total and plan a stretch of made-up trade: receipts per second and peak memory of each step.

The sandbox serves pages made beforehand from a process of its own, and each step is a process of its own, so that one
step's memory is not another's. PostgreSQL is the embedded server with its ordinary settings, `fsync` on.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from benchmarks.serving import served
from sitoo_netsuite import settings
from sitoo_netsuite.estate import Estate, load_estate
from sitoo_netsuite.flows.journals.steps import plan_days
from sitoo_netsuite.flows.sales.landing import land_orders, land_registers, land_z_reports
from sitoo_netsuite.flows.sales.model import model_days
from sitoo_netsuite.flows.sales.totals import refresh_daily_sales
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.sitoo.models import ORDER_FIELDS
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import upgrade
from sitoo_netsuite.warehouse.server import ensure_server, stop_server

_STORES, _DAYS = 20, 10


@dataclass(frozen=True, slots=True)
class Measured:
    """One step: orders it went through, seconds, and the greatest memory of its process in MiB."""

    step: str
    orders: int
    seconds: float
    peak_mib: int

    @property
    def per_second(self) -> int:
        return round(self.orders / self.seconds)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step finds the database and the sandbox; `env` holds credentials, so it stays out of the repr."""

    database_url: str
    env: dict[str, str] = field(repr=False)

    def estate(self) -> Estate:
        return load_estate(settings.estate_path(self.env))


def _land(connection: psycopg.Connection, place: Place) -> None:
    env, estate = place.env, place.estate()
    first, last = _span(estate)
    keys = [ApiKey(env["SITOO_API_ID"], env["SITOO_API_PASSWORD"])]
    with SitooClient(env["SITOO_URL"], keys) as client:
        land_registers(connection, client, estate, _now())
        land_z_reports(connection, client, first, last, estate, _now())
        # Afresh: the second time every order is read and compared again, not only what the cursors leave.
        land_orders(connection, client, first, last, estate, _now(), afresh=True)


def _model(connection: psycopg.Connection, place: Place) -> None:
    model_days(connection, *_span(place.estate()), place.estate(), _now())


def _total(connection: psycopg.Connection, place: Place) -> None:
    refresh_daily_sales(connection, *_span(place.estate()), place.estate())


def _plan(connection: psycopg.Connection, place: Place) -> None:
    plan_days(connection, *_span(place.estate()), place.estate(), _now(), "benchmark")


_STEPS: tuple[tuple[str, Callable[[psycopg.Connection, Place], None]], ...] = (
    ("land", _land),
    ("land again", _land),
    ("model", _model),
    ("total", _total),
    ("plan", _plan),
)


def run(orders: int) -> Iterator[Measured]:
    """Makes about so many orders and yields each step as it is done."""
    with TemporaryDirectory(prefix="sitoo-netsuite-bench-") as name:
        folder = Path(name)
        options = SandboxOptions(
            stores=_STORES,
            days=_DAYS,
            receipts=orders // (_STORES * _DAYS),
            prerender_fields=",".join(ORDER_FIELDS),
        )
        with served(options, folder / "sandbox") as env:
            place = Place(ensure_server(folder / "postgres"), env)
            try:
                upgrade(place.database_url)
                for step, work in _STEPS:
                    yield _measure(step, work, place)
            finally:
                stop_server(folder / "postgres")


def _measure(step: str, work: Callable[[psycopg.Connection, Place], None], place: Place) -> Measured:
    # A process of its own, whose greatest memory is the step's.
    with multiprocessing.get_context("spawn").Pool(1) as process:
        seconds, peak_kib, orders = process.apply(_timed, (work, place))
    return Measured(step, orders, seconds, peak_kib // 1024)


def _timed(work: Callable[[psycopg.Connection, Place], None], place: Place) -> tuple[float, int, int]:
    with connect(place.database_url) as connection:
        started = time.monotonic()
        work(connection, place)
        seconds = time.monotonic() - started
        row = connection.execute("select count(*) from landing.orders").fetchone()
    # Linux counts in KiB, macOS in bytes.
    unit = 1024 if sys.platform == "darwin" else 1
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit, row[0] if row else 0


def _span(estate: Estate) -> tuple[date, date]:
    return estate.first_day, estate.first_day + timedelta(days=_DAYS - 1)


def _now() -> datetime:
    return datetime.now(UTC)
