"""A small retailer with both sandboxes, a database of its own and runs through Dagster, for one test."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import httpx
import psycopg
import pytest
import yaml

from sitoo_netsuite import settings
from sitoo_netsuite.definitions import defs
from sitoo_netsuite.estate import Estate, load_estate
from sitoo_netsuite.flows.journals.steps import plan_days, post_days
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.operate.planning import make_plan
from sitoo_netsuite.operate.runs import RunResult, run_catalogue, run_days
from sitoo_netsuite.oracle import Verdict, run_oracle
from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.worklist.store import list_cases


@dataclass(frozen=True)
class Retailer:
    """What a test does with a retailer: run days, look at cases, ask the oracle, reach into NetSuite by hand."""

    sandbox: Sandbox
    connection: psycopg.Connection
    instance: dg.DagsterInstance

    @property
    def first(self) -> date:
        return self.sandbox.world.start

    @property
    def last(self) -> date:
        return self.first + timedelta(days=self.sandbox.world.days - 1)

    @property
    def estate(self) -> Estate:
        return load_estate(settings.estate_path(os.environ))

    def run(self, first: date | None = None, last: date | None = None) -> RunResult:
        run_catalogue(defs, self.instance)
        return run_days(defs, self.instance, self.connection, first or self.first, last or self.last, "close_days")

    def book_what_is_landed(self) -> None:
        """Plans and posts every day from the tables as they are, without Dagster around it."""
        estate, now = self.estate, settings.now(os.environ)
        plan_days(self.connection, self.first, self.last, estate, now, "test")

        async def post() -> None:
            async with self._client() as client:
                await post_days(self.connection, client, self.first, self.last, estate, lambda: now, "test")

        asyncio.run(post())

    def plan(self) -> dict[str, Any]:
        access = settings.sitoo_access(os.environ)
        with SitooClient(access.url, [ApiKey(*key) for key in access.keys.items()], read_only=True) as client:
            now = settings.now(os.environ)
            return make_plan(self.connection, client, self.first, self.last, self.estate, now)

    def judge(self) -> Verdict:
        return run_oracle(self.first, self.last, environment=os.environ, plan=self.plan())

    def cases(self, kind: str | None = None) -> list[dict[str, Any]]:
        return [case for case in list_cases(self.connection) if kind in (None, case["kind"])]

    def set_time(self, moment: datetime) -> None:
        """Moves the clock of both sandboxes and of our runs."""
        self.sandbox.clock.set(moment)
        os.environ[settings.NOW] = moment.isoformat()

    def change_estate(self, change: Any) -> None:
        """Lets `change` alter the parsed estate file."""
        path = settings.estate_path(os.environ)
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(yaml.safe_dump(content), encoding="utf-8")

    def netsuite(self, method: str, path: str, content: bytes | None = None) -> httpx.Response:
        """One request to NetSuite, as somebody with a login would make it."""
        return asyncio.run(self._netsuite(method, path, content))

    async def _netsuite(self, method: str, path: str, content: bytes | None) -> httpx.Response:
        async with self._client() as client:
            return await client.request(method, f"/services/rest/record/v1/{path}", content=content)

    def suiteql(self, sql: str) -> list[dict[str, str]]:
        async def ask() -> list[dict[str, str]]:
            async with self._client() as client:
                return await query(client, sql)

        return asyncio.run(ask())

    def _client(self) -> NetSuiteClient:
        access = settings.netsuite_access(os.environ)
        return NetSuiteClient(
            url=access.url,
            login=access.login(),
            slots=slots_in_process(5),
        )

    def journals_in_netsuite(self) -> list[str]:
        """External ids of every journal NetSuite holds, in order."""
        rows = self.suiteql("SELECT externalid FROM transaction WHERE type = 'Journal' ORDER BY externalid")
        return [row["externalid"] for row in rows]


@pytest.fixture
def retailer(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Retailer]:
    """Two stores, two days, a few receipts; `parametrize("retailer", [SandboxOptions(...)], indirect=True)` makes
    another.
    """
    options = getattr(request, "param", SandboxOptions(stores=2, days=2, receipts=25, seed=11, folder=tmp_path))
    with running_sandbox(options) as sandbox, connect(database_url) as connection:
        for name, value in {**sandbox.env, "DATABASE_URL": database_url}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv(settings.HOME, str(tmp_path / "var"))
        monkeypatch.setenv(settings.NOW, sandbox.clock.now().isoformat())
        with dg.DagsterInstance.ephemeral() as instance:
            yield Retailer(sandbox, connection, instance)
