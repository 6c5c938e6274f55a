"""Books a trade with receipts held back (`late_week`) as in life, moment by moment, and looks at the ledger each time.

Belongs here: moving the clock, what the schedules would run, what NetSuite then holds. To be imported only once the
environment names the estate: the trading days that can be run begin at its go-live.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from time import monotonic

import dagster as dg
import psycopg

from benchmarks.late_week import LateWeek
from sitoo_netsuite import settings
from sitoo_netsuite.definitions import defs
from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.flows.journals.automation import stretches
from sitoo_netsuite.flows.journals.queries import store_day_states
from sitoo_netsuite.flows.sales.late import touched_days
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.suiteql import keyset
from sitoo_netsuite.operate.planning import make_plan
from sitoo_netsuite.operate.runs import run_days, run_job
from sitoo_netsuite.oracle import Verdict, run_oracle
from sitoo_netsuite.resources import Sitoo
from sitoo_netsuite.sandbox.serve import Sandbox
from sitoo_netsuite.trading_day import days


@dataclass(frozen=True)
class Stage:
    """The books at a moment: what was run, what NetSuite holds, what ought to be there, and the oracle's verdict."""

    now: datetime
    until: date
    days_run: int
    seconds: float
    documents: frozenset[str]
    expected: frozenset[str]
    verdict: Verdict
    named: tuple[str, ...]  # documents with a difference that the plan has a name for: nothing is planted here
    oracle_seconds: float
    days_touched: frozenset[date]  # run again because their records changed

    @property
    def differences_posted(self) -> list[str]:
        """External ids of the documents that are not their store-day's first."""
        return sorted(name for name in self.documents if not name.endswith("-1"))

    def objection(self) -> str | None:
        """What is not as it ought to be, in words; None when all is."""
        if self.documents != self.expected:
            lacking, more = self.expected - self.documents, self.documents - self.expected
            return f"{self.now}: NetSuite lacks {sorted(lacking)} and holds {sorted(more)} beyond what it should"
        if self.named:
            return f"{self.now}: nothing was planted, and yet the plan names {self.named[:5]}"
        if self.verdict.differences:
            return f"{self.now}: the oracle finds {self.verdict.differences[:5]}"
        if self.verdict.refused_holds:
            return f"{self.now}: the oracle refuses {self.verdict.refused_holds[:5]}"
        return None


def play(
    late: LateWeek, instance: dg.DagsterInstance, connection: psycopg.Connection, sandbox: Sandbox
) -> Iterator[Stage]:
    """Runs the trade's days through Dagster as its schedules would, moment by moment, and looks at the books each time.

    The environment must name the sandbox and the database; the time it tells is moved with the sandbox's clock.
    """
    run_job(defs, instance, "read_catalogue")
    run_until = late.first - timedelta(days=1)
    for now, until in late.moments():
        sandbox.clock.set(now)
        os.environ[settings.NOW] = now.isoformat()
        started = monotonic()
        run_job(defs, instance, "reread_digests")
        touched = {day for day in touched_days(connection) if day <= run_until}
        unsettled = {
            state.trading_day
            for state in store_day_states(connection, late.first, run_until)
            if state.state != "posted"
        }
        new = set(days(run_until + timedelta(days=1), until))
        run = touched | unsettled | new
        for stretch in stretches(run):
            run_days(defs, instance, connection, *stretch, "close_days")
        run_until = until
        seconds = monotonic() - started

        started = monotonic()
        estate = load_estate(settings.estate_path(os.environ))
        with Sitoo().client(estate) as client:
            plan = make_plan(connection, client, late.first, until, estate, now)
        verdict = run_oracle(late.first, until, environment=os.environ, plan=plan)
        yield Stage(
            now=now,
            until=until,
            days_run=len(run),
            seconds=seconds,
            documents=asyncio.run(_journals()),
            expected=frozenset(
                f"JE-{store}-{day:%Y%m%d}-{estate.by_store[store].currency}-{number}"
                for (store, day), count in late.documents(now, until).items()
                for number in range(1, count + 1)
            ),
            verdict=verdict,
            named=tuple(f"{entry['record']} ({entry['kind']})" for entry in plan["named"]),
            oracle_seconds=monotonic() - started,
            days_touched=frozenset(touched),
        )


async def _journals() -> frozenset[str]:
    access = settings.netsuite_access(os.environ)
    async with NetSuiteClient(url=access.url, login=access.login(), slots=slots_in_process(1)) as client:
        sql = "SELECT id, externalid FROM transaction WHERE type = 'Journal' AND id > ? ORDER BY id"
        return frozenset([row["externalid"] async for page in keyset(client, sql, "id") for row in page])
