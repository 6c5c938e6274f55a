"""Stock driven by a state machine, sequence after sequence, in as many processes as there are to spare.

Belongs here: how many sequences, in which processes, what is told meanwhile, and the result. Does not belong here: what
a sequence is and what must hold after it (`sitoo_netsuite_tests/end_to_end/stock_machine`).
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.queues import Queue
from pathlib import Path
from queue import Empty
from tempfile import TemporaryDirectory

import msgspec
import stamina.instrumentation

from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import upgrade
from sitoo_netsuite.warehouse.server import ensure_server, stop_server
from sitoo_netsuite_tests.conftest import on_database
from sitoo_netsuite_tests.end_to_end.stock_machine.machine import StockMachine, run_sequences
from sitoo_netsuite_tests.end_to_end.stock_machine.world import stage

_TELL_SECONDS = 20
_LOOK_SECONDS = 2
_MIGRATED = "migrated"


def main(arguments: Sequence[str]) -> None:
    """`python -m benchmarks soak-stock [--sequences N] [--processes P] [--seed S]`: one line of JSON; exit code 1 if
    anything is off. A process that finds a sequence that fails tells the shortest such it knows, and ends.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks soak-stock")
    parser.add_argument("--sequences", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    tally = run(asked.sequences, asked.processes, asked.seed)
    print(msgspec.json.encode(tally).decode())
    sys.exit(1 if tally.failed_seeds else 0)


@dataclass(slots=True)
class Tally:
    """What came of it. `steps`: how often each kind of thing happened. `failed_seeds`: of processes in which a sequence
    failed; with one of them, `--processes 1` and as many sequences, it fails again.
    """

    sequences: int = 0
    seconds: float = 0.0
    steps: Counter[str] = field(default_factory=Counter)
    failed_seeds: list[int] = field(default_factory=list)


def run(sequences: int, processes: int, first_seed: int) -> Tally:
    """So many sequences in all. Each process draws its own, from `first_seed` and the numbers after it."""
    tally, started, told = Tally(), time.monotonic(), time.monotonic()
    spawn = multiprocessing.get_context("spawn")
    news: Queue[Counter[str]] = spawn.Queue()
    # A kill of ours loses nothing by it, only a crash of the machine would.
    os.environ["PGOPTIONS"] = "-c synchronous_commit=off"
    with TemporaryDirectory(prefix="sitoo-netsuite-soak-") as folder:
        server_url = _server(Path(folder))
        shares = [sequences // processes + (number < sequences % processes) for number in range(processes)]
        workers = [
            spawn.Process(target=_work, args=(server_url, share, first_seed + number, news))
            for number, share in enumerate(shares)
        ]
        try:
            for worker in workers:
                worker.start()
            while any(worker.is_alive() for worker in workers) or not news.empty():
                try:
                    heard = news.get(timeout=_LOOK_SECONDS)
                except Empty:
                    continue
                tally.steps += heard
                tally.sequences = tally.steps["sequence"]
                tally.seconds = round(time.monotonic() - started, 1)
                if time.monotonic() - told > _TELL_SECONDS:
                    told = time.monotonic()
                    print(f"{tally.sequences} of {sequences}, {tally.seconds} s", file=sys.stderr, flush=True)
        finally:
            for worker in workers:
                worker.kill()
                worker.join()
            stop_server(Path(folder))
    tally.failed_seeds = [first_seed + number for number, worker in enumerate(workers) if worker.exitcode]
    return tally


def _server(folder: Path) -> str:
    """A PostgreSQL server of its own, with a database that has our tables."""
    url = ensure_server(folder)
    with connect(url) as server:
        server.execute("alter system set fsync = off")
        server.execute("select pg_reload_conf()")
        server.execute(f"create database {_MIGRATED}")
    upgrade(on_database(url, _MIGRATED))
    return url


def _work(server_url: str, sequences: int, first_seed: int, news: Queue[Counter[str]]) -> None:
    """A process: its share of the sequences, until one fails; then it tells and ends with 1."""
    # Bad weather is what a sequence is made of.
    stamina.instrumentation.set_on_retry_hooks([])

    class Told(StockMachine):
        """Tells of every sequence that is over."""

        def teardown(self) -> None:
            super().teardown()
            news.put(self.steps.copy())
            self.steps.clear()

    with stage(server_url, _MIGRATED) as made:
        Told.stage = made
        run_sequences(Told, sequences, first_seed, shortened=True)
