"""Posting under a storm, killed with SIGKILL at random moments again and again; then the oracle is asked.

Belongs here: the killing and the counting. A round is a new retailer with a database and sandboxes of its own; workers
post its store-days as a run's step does, alone or two at once, and are killed until everything is in the books. Then
one calm run through Dagster, under the same storm, has to end in books that the oracle explains to the penny, with
nothing in doubt and nothing held.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, LiteralString

import httpx
import msgspec
import psycopg
import stamina.instrumentation

from benchmarks.serving import served
from sitoo_netsuite import settings
from sitoo_netsuite.flows.journals.queries import store_day_states
from sitoo_netsuite.flows.journals.steps import post_days
from sitoo_netsuite.netsuite.records import server_time
from sitoo_netsuite.operate.instance import dagster_instance
from sitoo_netsuite.operate.planning import make_plan
from sitoo_netsuite.operate.runs import run_catalogue, run_days
from sitoo_netsuite.oracle import run_oracle
from sitoo_netsuite.posting.outbox import LONGEST_REQUEST
from sitoo_netsuite.resources import Clock, EstateFile, NetSuite, Sitoo, Warehouse
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite.warehouse.server import stop_server

_RECEIPTS = 6
_LATENCY_MS = 40
_WEATHER = "storm"
# A worker is killed some time after it has logged in, between nothing and this.
_LONGEST_LIFE_SECONDS = 0.4
_TWO_AT_ONCE = 0.3
_WORKER_ENDS_SECONDS = 120
_LOOK_SECONDS = 0.02


def main(arguments: Sequence[str]) -> None:
    """`python -m benchmarks soak [--kills N] [--seed S]`: one line of JSON; exit code 1 if anything is off."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stores", type=int, default=8)
    parser.add_argument("--days", type=int, default=14)
    asked = parser.parse_args(arguments)

    def tell(so_far: Tally) -> None:
        print(f"{so_far.kills} kills, {so_far.documents} documents, {so_far.seconds} s", file=sys.stderr, flush=True)

    tally = run(asked.kills, asked.seed, asked.stores, asked.days, tell)
    print(msgspec.json.encode(tally).decode())
    sys.exit(0 if tally.is_clean else 1)


@dataclass(slots=True)
class Tally:
    """What came of it. lost, doubled: accounts of store-days on which the ledger has too little or too much, and
    documents that are named as lacking or as one too many although nobody planted that.

    doubts_left: documents that were in doubt after a kill, over all kills. faults: trouble on the line to NetSuite, by
    kind. in_doubt: documents that are neither posted nor refused at the end. locks, slots: advisory locks and places in
    Dagster's pools that are still held.
    """

    kills: int = 0
    two_at_once: int = 0
    doubts_left: int = 0
    rounds: int = 0
    seconds: float = 0.0
    documents: int = 0
    refused: int = 0
    requests: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    unexplained_minor: Counter[str] = field(default_factory=Counter)
    in_doubt: int = 0
    unposted: int = 0
    locks: int = 0
    slots: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing is off."""
        return not (
            any(self.unexplained_minor.values())
            or self.lost + self.doubled + self.in_doubt + self.unposted + self.locks + self.slots
        )


def run(kills: int, seed: int, stores: int, days: int, tell: Callable[[Tally], None]) -> Tally:
    """Kills so often, in as many rounds as it takes, each with so many stores and days to post.

    `tell` hears of each round that is over. Changes os.environ.
    """
    tally, chance, started = Tally(), random.Random(seed), time.monotonic()
    _keep_retries_quiet()
    # A new worker is a fork of a process that has everything imported and no threads.
    workers = multiprocessing.get_context("forkserver")
    workers.set_forkserver_preload([__name__])
    while tally.kills < kills:
        with (
            TemporaryDirectory(prefix="sitoo-netsuite-soak-") as folder,
            _retailer(seed + tally.rounds, stores, days, Path(folder)) as netsuite_url,
        ):
            _Round(tally, chance, netsuite_url, workers).run(kills, days)
        tally.rounds += 1
        tally.seconds = round(time.monotonic() - started, 1)
        tell(tally)
    return tally


def unplanted(named: Iterable[Mapping[str, Any]], truth: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Entries of a plan's `named` that are no row of `GET /sandbox/truth`: mistakes of ours that our own look at the
    ledger would excuse, as a document noted as posted that NetSuite never took.
    """
    planted = {(row["case_kind"], row["record"]) for row in truth}
    return [entry for entry in named if (entry["kind"], entry["record"]) not in planted]


@contextmanager
def _retailer(seed: int, stores: int, days: int, folder: Path) -> Iterator[str]:
    """Sandboxes in a process of their own and an empty database, both named in os.environ; NetSuite's address."""
    options = SandboxOptions(
        stores=stores, days=days, receipts=_RECEIPTS, seed=seed, faults=_WEATHER, latency_ms=_LATENCY_MS
    )
    with served(options, folder / "sandbox") as env:
        os.environ.pop("DATABASE_URL", None)
        os.environ.update(env)
        os.environ[settings.HOME] = str(folder / "var")
        os.environ[settings.NOW] = httpx.get(f"{env['NETSUITE_URL']}/sandbox/clock").json()["now"]
        try:
            yield env["NETSUITE_URL"]
        finally:
            stop_server(settings.database_folder(os.environ))


@dataclass(frozen=True, slots=True)
class _Round:
    tally: Tally
    chance: random.Random
    netsuite_url: str
    workers: Any

    def run(self, kills: int, days: int) -> None:
        # Its partitions are those of the estate, which is there now.
        from sitoo_netsuite.definitions import defs

        estate = EstateFile().load()
        first = estate.first_day
        last = first + timedelta(days=days - 1)
        with dagster_instance() as instance, Warehouse().connection() as connection:
            run_catalogue(defs, instance)
            run_days(defs, instance, connection, first, last, "land_and_plan")
            while self.tally.kills < kills and _unposted(connection, first, last):
                self._kill(first, last, kills)
                self.tally.doubts_left += _count(
                    connection, "select count(*) from posting.outbox where state = 'in_doubt'"
                )
            # What an unclear request may still bring has come, or never will.
            os.environ[settings.NOW] = (settings.now(os.environ) + LONGEST_REQUEST).isoformat()
            run_days(defs, instance, connection, first, last, "close_days")
            self._ask(connection, first, last)
            self.tally.slots += len(instance.event_log_storage.get_concurrency_run_ids())

    def _kill(self, first: date, last: date, kills: int) -> None:
        """Lets one worker or two post for a while, then kills them. One that is done by then was not killed."""
        both = self.chance.random() < _TWO_AT_ONCE and kills - self.tally.kills > 1
        self.tally.two_at_once += both
        alive = [self._start(first, last) for _ in range(2 if both else 1)]
        for worker in alive:
            worker.join(self.chance.uniform(0, _LONGEST_LIFE_SECONDS))
            self.tally.kills += worker.is_alive()
            worker.kill()
            worker.join(_WORKER_ENDS_SECONDS)

    def _start(self, first: date, last: date) -> BaseProcess:
        begun = self.workers.Event()
        worker: BaseProcess = self.workers.Process(target=_post, args=(dict(os.environ), first, last, begun))
        worker.start()
        while not begun.wait(_LOOK_SECONDS) and worker.is_alive():
            pass
        return worker

    def _ask(self, connection: psycopg.Connection, first: date, last: date) -> None:
        tally, estate = self.tally, EstateFile().load()
        with Sitoo().client(estate) as client:
            plan = make_plan(connection, client, first, last, estate, settings.now(os.environ))
        verdict = run_oracle(first, last, environment=os.environ, plan=plan)
        tally.unexplained_minor.update(verdict.unexplained_minor)
        for difference in verdict.differences:
            short = abs(difference.ledger_minor) < abs(difference.expected_minor)
            tally.lost += short
            tally.doubled += not short
        truth = httpx.get(f"{self.netsuite_url}/sandbox/truth").raise_for_status().json()
        for entry in unplanted(plan["named"], truth):
            missing = entry["kind"] == "document_not_found"
            tally.lost += missing
            tally.doubled += not missing
        states: Counter[str] = Counter()
        for state, documents in connection.execute("select state, count(*)::int from posting.outbox group by 1"):
            states[state] = documents
        tally.documents += states["posted"]
        tally.refused += states["refused"]
        tally.in_doubt += states["planned"] + states["in_doubt"]
        tally.unposted += _unposted(connection, first, last)
        tally.locks += _count(
            connection,
            "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
            " where l.locktype = 'advisory' and d.datname = current_database()",
        )
        stats = httpx.get(f"{self.netsuite_url}/sandbox/stats").json()
        tally.requests += stats["requests"]
        tally.faults.update(stats["transport"])


def _count(connection: psycopg.Connection, sql: LiteralString) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def _unposted(connection: psycopg.Connection, first: date, last: date) -> int:
    """Store-days that may post and are not all in the books."""
    states = store_day_states(connection, first, last)
    return sum(state.plan == "ready" and state.state != "posted" for state in states)


def _post(env: dict[str, str], first: date, last: date, begun: Event) -> None:
    """A worker: the step of a run that posts, without Dagster around it. `begun` once it is logged in."""
    os.environ.update(env)
    _keep_retries_quiet()
    estate = EstateFile().load()

    async def post() -> None:
        async with NetSuite().client(estate) as client:
            await server_time(client)
            begun.set()
            await post_days(connection, client, first, last, estate, Clock().now, "soak")

    with Warehouse().connection() as connection:
        asyncio.run(post())


def _keep_retries_quiet() -> None:
    # They are what a storm is made of, and the sandbox counts them.
    stamina.instrumentation.set_on_retry_hooks([])
