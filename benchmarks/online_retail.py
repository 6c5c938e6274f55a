"""A real retailer's year, from its ledger file to a judged NetSuite ledger: `python -m benchmarks online-retail FILE`.

FILE is the UCI Online Retail ledger as parquet. Converts it, serves it, runs every trading day as one range, reads the
ledger back by account and asks the oracle. Each step is a process of its own, so that time and peak memory are its own.
`run_late` books the same year with a week's receipts three weeks late (`late_week`). Raises SystemExit when a figure is
not to the penny what the file holds.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import pandas as pd

from benchmarks.late_week import hold_back
from sitoo_netsuite import settings
from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.money import to_minor
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.operate.instance import dagster_instance, prepare_database
from sitoo_netsuite.sandbox.online_retail import convert, read_online_retail, write_replay_file
from sitoo_netsuite.sandbox.serve import SandboxOptions, running_sandbox
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.server import stop_server
from sitoo_netsuite.worklist.store import list_cases

if TYPE_CHECKING:
    from benchmarks.late_books import Stage

_PROGRAM = Path(sys.executable).with_name("sitoo-netsuite")
_DAYS = "2010-12-01..2011-12-09"

# What the file comes to, line by line, in pence: net of sales and returns, and their VAT.
_EXPECTED = {"net": 814_525_660, "vat": 161_355_339, "returned_gross": -89_681_249, "returned_vat": -14_815_389}


@dataclass(frozen=True, slots=True)
class Measured:
    step: str
    seconds: float
    peak_mib: int
    answer: Any


def run(source: Path) -> list[Measured]:
    """Every step with its time and peak memory."""
    with tempfile.TemporaryDirectory(prefix="sitoo-netsuite-online-retail-") as name:
        folder = Path(name)
        replay, env_file = folder / "replay.parquet", folder / "sandbox.env"
        steps = [_measure("convert", ["replay", "online-retail", str(source), str(replay), "--json"], {})]
        started = monotonic()
        served = subprocess.Popen([_PROGRAM, "sandbox", "--replay", str(replay), "--env-file", str(env_file)])
        try:
            while not env_file.exists():
                if served.poll() is not None:
                    raise SystemExit("the sandbox ended before it answered")
                sleep(0.2)
            up = monotonic() - started
            told = dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines())
            told |= {settings.HOME: str(folder / "var"), settings.NOW: "2011-12-11T12:00:00+00:00"}
            steps.append(_measure("run", ["run", _DAYS, "--json"], told))
            steps.append(_measure("run again", ["run", _DAYS, "--json"], told))
            steps.append(_measure("oracle", ["oracle", _DAYS, "--json"], told))
            _compare(asyncio.run(_ledger(told)))
        finally:
            _measure("down", ["down"], {settings.HOME: str(folder / "var")})
            served.terminate()
            _, _, usage = os.wait4(served.pid, 0)
        steps.append(Measured("sandbox", up, usage.ru_maxrss // 1024, None))
    return steps


def _measure(step: str, arguments: list[str], changes: Mapping[str, str]) -> Measured:
    started = monotonic()
    process = subprocess.Popen([_PROGRAM, *arguments], stdout=subprocess.PIPE, env={**os.environ, **changes})
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{step} ended with exit code {os.waitstatus_to_exitcode(status)}:\n{output[-2000:]}")
    last = output.strip().splitlines()[-1]
    answer = json.loads(last) if last.startswith("{") else None
    return Measured(step, monotonic() - started, usage.ru_maxrss // 1024, answer)


# An ordinary week of the file's last autumn, Monday to Sunday; the shops are closed on Saturdays.
_MONDAY = date(2011, 9, 12)


def run_late(source: Path, weeks: int | None, tell: Callable[[Stage], None]) -> dict[str, Any]:
    """Plays the year, or so many weeks of it from the late one on, and tells each stage as it is done.

    Sets this process's environment for good. Returns what came of it. Raises SystemExit at the first stage where a
    document is lacking or too many, or the oracle finds a difference.
    """
    ledger = read_online_retail(source)
    if weeks is not None:
        begins = pd.Timestamp(_MONDAY)
        ledger = ledger[(ledger.invoiced_at >= begins) & (ledger.invoiced_at < begins + pd.Timedelta(weeks=weeks))]
    late = hold_back(convert(ledger).rows, _MONDAY)
    stages = []
    with tempfile.TemporaryDirectory(prefix="sitoo-netsuite-late-week-") as name:
        folder = Path(name)
        write_replay_file(late.rows, folder / "replay.parquet")
        os.environ[settings.HOME] = str(folder / "var")
        for told in ("DATABASE_URL", settings.NOW):
            os.environ.pop(told, None)
        try:
            with running_sandbox(SandboxOptions(replay=folder / "replay.parquet", folder=folder / "sandbox")) as served:
                os.environ.update(served.env)
                # Loaded here: the partitions begin at the go-live of the estate that was just made.
                from benchmarks.late_books import play

                with dagster_instance() as instance, connect(prepare_database()) as connection:
                    for stage in play(late, instance, connection, served):
                        tell(stage)
                        stages.append(stage)
                        if objection := stage.objection():
                            raise SystemExit(objection)
                    open_cases = Counter(case["kind"] for case in list_cases(connection))
                if weeks is None:
                    _compare(asyncio.run(_ledger(os.environ)))
        finally:
            stop_server(settings.database_folder(os.environ))
    return {
        "store_days": len(late.store_days),
        "offline_store_days": len(late.followed),
        "patchy_store_days": len(late.held),
        "receipts_held_back": int(late.rows.receipt_id[late.rows.arrives_at.notna()].nunique()),
        "held_store_days_at_first": stages[0].verdict.held_store_days,
        "days_touched": len(frozenset().union(*(stage.days_touched for stage in stages))),
        "documents": len(stages[-1].documents),
        "differences_posted": len(stages[-1].differences_posted),
        "unexplained_minor": stages[-1].verdict.unexplained_minor,
        "cases": open_cases,
        "seconds": round(sum(stage.seconds for stage in stages), 1),
        "oracle_seconds": round(sum(stage.oracle_seconds for stage in stages), 1),
    }


async def _ledger(env: Mapping[str, str]) -> dict[str, int]:
    """What the ledger holds on the accounts of sales, returns and output VAT, in pence, income and VAT positive."""
    access = settings.netsuite_access(env)
    async with NetSuiteClient(
        url=access.url,
        login=access.login(),
        slots=slots_in_process(1),
    ) as client:
        rows = await query(
            client,
            "SELECT a.acctnumber, SUM(NVL(tal.credit, 0)) - SUM(NVL(tal.debit, 0)) AS balance"
            " FROM transactionaccountingline tal JOIN account a ON a.id = tal.account GROUP BY a.acctnumber",
        )
    balance = {row["acctnumber"]: to_minor(row["balance"], "GBP") for row in rows}
    vat = [entry for books in load_estate(settings.estate_path(env)).books for entry in books.vat]
    returned_net = sum(balance.get(entry.returns, 0) for entry in vat)
    returned_vat = sum(balance.get(entry.vat_on_returns, 0) for entry in vat)
    return {
        "net": sum(balance.get(entry.sales, 0) + balance.get(entry.discounts, 0) for entry in vat) + returned_net,
        "vat": sum(balance.get(entry.vat_on_sales, 0) for entry in vat) + returned_vat,
        "returned_gross": returned_net + returned_vat,
        "returned_vat": returned_vat,
    }


def _compare(found: Mapping[str, int]) -> None:
    if found != _EXPECTED:
        raise SystemExit(f"the ledger holds {found}, the file {_EXPECTED}")
