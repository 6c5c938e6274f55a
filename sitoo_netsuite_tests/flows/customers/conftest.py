"""A served Sitoo and a served NetSuite account without a customer but those a test makes, and a database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psycopg
import pytest
import yaml

from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.flows.customers.landing import LandedCustomers, land_customers
from sitoo_netsuite.flows.customers.linking import Linked, link_customers
from sitoo_netsuite.flows.sales.landing import land_registers
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.netsuite.app import build_netsuite_app
from sitoo_netsuite.sandbox.netsuite.settings import Credentials
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.world import World, make_world
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.warehouse.partitions import ensure_partitions
from sitoo_netsuite.worklist.store import list_cases
from sitoo_netsuite_tests.netsuite.conftest import CLIENT_ID, ServedAccount, keys
from sitoo_netsuite_tests.netsuite.conftest import KeyFiles as KeyFiles
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import KEYS, Served, served

__all__ = ["keys"]

NOW = datetime(2026, 3, 4, 6, tzinfo=UTC)
DAY = date(2026, 3, 3)
T = TypeVar("T")


@dataclass
class Retailer:
    """What a test does: name people in both systems, land and link them, and look at what came of it."""

    connection: psycopg.Connection
    sitoo: Served
    account: ServedAccount
    estate: Estate

    def settings(self, **changes: Any) -> None:
        """Changes the estate's `customers`."""
        customers = self.estate.customers
        assert customers is not None
        self.estate = self.estate.model_copy(update={"customers": customers.model_copy(update=changes)})

    def user(self, email: str, namefirst: str = "Anna", namelast: str = "Berg", **fields: Any) -> str:
        """A new user of site 1, as its record is called."""
        answer = self.sitoo.ask(
            "POST", "/sites/1/users.json", {"email": email, "namefirst": namefirst, "namelast": namelast, **fields}
        )
        return f"1/{answer.raise_for_status().json()}"

    def change_user(self, record: str, **fields: Any) -> None:
        """Somebody changes a user in Sitoo."""
        self.sitoo.ask("PUT", f"/sites/1/users/{record.partition('/')[2]}.json", fields).raise_for_status()

    def receipt(self, orderid: int, email: str, namefirst: str = "", namelast: str = "", phone: str = "") -> str:
        """A till sale of the first store that names somebody, as landing and modelling leave it; its record."""
        ensure_partitions(self.connection, ["restricted.customer_contact", "model.receipts"], [DAY])
        self.connection.execute(
            "insert into restricted.customer_contact values (%s, %s, %s, %s, %s, null, %s)",
            (DAY, orderid, email, namefirst, namelast, phone),
        )
        store = self.estate.stores[0]
        self.connection.execute(
            """
            insert into model.receipts (trading_day, orderid, store, sold_at, currency, is_return, to_deliver,
                                        net_minor, vat_minor, rounding_minor, gross_minor, paid_minor, digest)
            values (%s, %s, %s, %s, %s, false, false, 80, 20, 0, 100, 100, '')
            """,
            (DAY, orderid, store.store, NOW, store.currency),
        )
        return str(orderid)

    def customer(self, email: str, first: str = "Anna", last: str = "Berg", **fields: Any) -> int:
        """A new customer of NetSuite; its internal id."""
        body = {
            "isPerson": True,
            "firstName": first,
            "lastName": last,
            "email": email,
            "subsidiary": {"id": self.estate.books[0].subsidiary},
            **fields,
        }
        response = self.netsuite("POST", "customer", body)
        return int(response.headers["location"].rpartition("/")[2])

    def netsuite(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """One request to NetSuite, as somebody with a login would make it."""

        async def ask(client: NetSuiteClient) -> httpx.Response:
            content = None if body is None else httpx.Request("POST", "http://x", json=body).content
            return await client.request(method, f"/services/rest/record/v1/{path}", content=content)

        return self.with_client(ask)

    def with_client(self, what: Callable[[NetSuiteClient], Awaitable[T]], **options: Any) -> T:
        async def run() -> T:
            async with self.account.client(read_only=self.estate.read_only, **options) as client:
                return await what(client)

        return asyncio.run(run())

    def land(self) -> LandedCustomers:
        with SitooClient(self.sitoo.account_url, [ApiKey(*key) for key in KEYS.items()]) as sitoo:
            return self.with_client(lambda client: land_customers(self.connection, sitoo, client, self.estate, NOW))

    def link(self, **options: Any) -> Linked:
        return self.with_client(
            lambda client: link_customers(self.connection, client, self.estate, NOW, "test"), **options
        )

    def run(self) -> Linked:
        self.land()
        return self.link()

    def links(self) -> dict[str, tuple[str, int | None, str | None]]:
        """Record to state, customer and what they were matched by."""
        rows = self.connection.execute("select record, state, customer, matched_by from master.customer_links")
        return {record: (state, customer, matched_by) for record, state, customer, matched_by in rows}

    def in_netsuite(self) -> list[dict[str, str]]:
        """NetSuite's customers but the walk-in ones, by internal id."""
        sql = (
            "SELECT id, externalid, email, mobilephone, firstname, lastname, companyname, isperson, subsidiary "
            "FROM customer WHERE entityid NOT LIKE 'Walk-in%' ORDER BY id"
        )

        async def ask(client: NetSuiteClient) -> list[dict[str, str]]:
            return [dict(row) for row in await query(client, sql)]

        return self.with_client(ask)

    def cases(self) -> list[dict[str, Any]]:
        return list_cases(self.connection)

    def made(self) -> int:
        """How many requests to make a customer NetSuite has seen."""
        return len(self.account.sent("POST", "/customer"))


@pytest.fixture(scope="session")
def empty_world() -> World:
    world = make_world(seed=1, stores=2, days=2)
    return replace(world, customers=(), products=world.products[:5])


@pytest.fixture
def retailer(connection: psycopg.Connection, keys: KeyFiles, empty_world: World, tmp_path: Path) -> Iterator[Retailer]:
    recorder = Recorder()
    netsuite = build_netsuite_app(
        empty_world,
        SandboxClock(NOW),
        credentials=Credentials(empty_world.netsuite_account, CLIENT_ID, keys.certificates),
        recorder=recorder,
    )
    content = {**yaml.safe_load(estate_yaml(empty_world)), "customers": {"push": True}}
    with serving(netsuite) as url, served(tmp_path, orders=0, world=empty_world) as sitoo:
        account = ServedAccount(url, empty_world, recorder, keys)
        estate = parse_estate(content, "estate")
        with SitooClient(sitoo.account_url, [ApiKey(*key) for key in KEYS.items()]) as client:
            land_registers(connection, client, estate, NOW)
        yield Retailer(connection, sitoo, account, estate)
