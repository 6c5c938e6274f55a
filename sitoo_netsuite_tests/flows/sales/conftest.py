"""A small served Sitoo, its estate, and a landing to go with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest
import yaml

from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.flows.sales.landing import LandingResult, land_orders, land_registers
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sitoo.client import ApiKey, Retries, SitooClient
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import KEYS, Served, served

DAY = date(2026, 3, 2)


@pytest.fixture
def sitoo(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path, orders=0) as running:
        yield running


@pytest.fixture
def client(sitoo: Served) -> Iterator[SitooClient]:
    name, password = next(iter(KEYS.items()))
    quick = Retries(attempts=2, first_wait=0.01, longest_wait=1.0)
    with SitooClient(sitoo.account_url, [ApiKey(name, password)], retries=quick) as made:
        yield made


@pytest.fixture
def estate(sitoo: Served) -> Estate:
    return parse_estate(yaml.safe_load(estate_yaml(sitoo.world)), "the sandbox's estate")


@pytest.fixture
def land(
    connection: psycopg.Connection, sitoo: Served, client: SitooClient, estate: Estate
) -> Callable[..., LandingResult]:
    """Lands the orders of DAY as they stand at the sandbox's clock."""

    def landing(
        first: date = DAY, last: date = DAY, now: datetime | None = None, *, afresh: bool = False
    ) -> LandingResult:
        now = now or sitoo.clock.now()
        land_registers(connection, client, estate, now)
        return land_orders(connection, client, first, last, estate, now, afresh=afresh)

    return landing
