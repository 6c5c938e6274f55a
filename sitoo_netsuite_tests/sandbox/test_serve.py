"""Both sandboxes together: the env file, the credentials in it, the clock, and how they stop."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.sandbox.serve import Sandbox, SandboxError, SandboxOptions, running_sandbox
from sitoo_netsuite.settings import netsuite_access
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.sitoo.models import LandedOrder, LandedZReport, read_order, read_z_report

SMALL = SandboxOptions(stores=2, days=1, receipts=20, seed=3)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox(SMALL) as running:
        yield running


def _client(env: dict[str, str]) -> SitooClient:
    keys = [ApiKey(*entry.split(":", 1)) for entry in env["SITOO_API_KEYS"].split(",")]
    return SitooClient(env["SITOO_URL"], keys)


def test_the_env_file_holds_everything_a_client_needs_and_only_its_owner_reads_it(sandbox: Sandbox) -> None:
    lines = dict(line.split("=", 1) for line in sandbox.env_file.read_text().splitlines())
    assert lines == sandbox.env
    assert set(lines) == {
        "SITOO_URL", "SITOO_API_ID", "SITOO_API_PASSWORD", "SITOO_API_KEYS", "NETSUITE_URL", "NETSUITE_ACCOUNT",
        "NETSUITE_CLIENT_ID", "NETSUITE_CERTIFICATE_ID", "NETSUITE_PRIVATE_KEY_FILE", "SITOO_NETSUITE_ESTATE",
    }  # fmt: skip
    for secret in (sandbox.env_file, Path(lines["NETSUITE_PRIVATE_KEY_FILE"])):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert lines["SITOO_API_PASSWORD"] not in repr(sandbox)


def test_every_order_and_z_report_of_the_trade_can_be_read(sandbox: Sandbox) -> None:
    with _client(sandbox.env) as client:
        orders = [read_order(raw) for page in client.order_pages(page_size=50) for raw in page]
        assert len(orders) >= 40
        assert [order for order in orders if not isinstance(order, LandedOrder)] == []
        reports = [read_z_report(raw) for page in client.z_report_pages(0, sandbox.clock.epoch()) for raw in page]
        assert reports
        assert [report for report in reports if not isinstance(report, LandedZReport)] == []
        assert client.highest_orderid() == max(
            order.order.orderid for order in orders if isinstance(order, LandedOrder)
        )


def test_the_estate_file_is_valid_and_names_the_stores_sitoo_shows(sandbox: Sandbox) -> None:
    estate = load_estate(Path(sandbox.env["SITOO_NETSUITE_ESTATE"]))
    with _client(sandbox.env) as client:
        stores = {store.storeid for site in client.sites() for store in client.stores(site.eshopid)}
    assert set(estate.by_sitoo_store) == stores


def test_both_systems_are_told_the_time_together(sandbox: Sandbox) -> None:
    before = sandbox.clock.now()
    httpx.post(f"{sandbox.sitoo_url}/sandbox/clock", json={"now": "2026-03-02T12:00:00Z"}).raise_for_status()
    assert httpx.get(f"{sandbox.netsuite_url}/sandbox/clock").json() == {"now": "2026-03-02T12:00:00+00:00"}
    httpx.post(f"{sandbox.netsuite_url}/sandbox/clock", json={"now": before.isoformat()}).raise_for_status()
    assert sandbox.clock.now() == before


def test_the_clock_stands_at_the_end_of_the_trade_unless_it_is_told(sandbox: Sandbox) -> None:
    last = sandbox.store.last_arrival()
    assert last is not None
    assert sandbox.clock.epoch() >= last
    assert sandbox.clock.now() >= datetime(2026, 3, 3, 3, tzinfo=UTC)
    told = datetime(2026, 3, 2, 9, tzinfo=UTC)
    with running_sandbox(SandboxOptions(stores=1, days=1, receipts=5, now=told)) as other:
        assert other.clock.now() == told


def test_a_temporary_folder_goes_with_its_sandbox_and_a_given_one_stays(tmp_path: Path) -> None:
    options = SandboxOptions(stores=1, days=1, receipts=5, folder=tmp_path, env_file=tmp_path / "names.env")
    for _ in range(2):  # a folder can be used again
        with running_sandbox(options) as running:
            assert running.env_file.exists()
        assert not running.env_file.exists()
        assert (tmp_path / "estate.yaml").exists()
    with running_sandbox(SandboxOptions(stores=1, days=1, receipts=5)) as running:
        assert running.folder.exists()
    assert not running.folder.exists()


def test_a_taken_port_is_said_plainly() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        options = SandboxOptions(stores=1, days=1, receipts=5, sitoo_port=taken.getsockname()[1])
        with pytest.raises(SandboxError, match="choose another"), running_sandbox(options):
            pass


def test_serving_stops_cleanly_on_a_signal(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path\n"
        "from sitoo_netsuite.sandbox.serve import SandboxOptions, serve\n"
        f"serve(SandboxOptions(stores=1, days=1, receipts=5, folder=Path({str(tmp_path)!r})))\n"
        "print('stopped')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=os.environ, text=True)
    env_file = tmp_path / "sandbox.env"
    deadline = time.monotonic() + 60
    while not env_file.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    url = dict(line.split("=", 1) for line in env_file.read_text().splitlines())["NETSUITE_URL"]
    assert httpx.get(f"{url}/sandbox/stats").status_code == 200
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert (process.returncode, output) == (0, "stopped\n")
    assert not env_file.exists()


def test_the_truth_is_told_on_both_ports_and_the_books_know_nothing_of_it() -> None:
    with running_sandbox(replace(SMALL, faults="typical")) as running:
        told = [httpx.get(f"{url}/sandbox/truth").json() for url in (running.sitoo_url, running.netsuite_url)]
        told.append(running.truth())
        estate = yaml.safe_load((running.folder / "estate.yaml").read_text(encoding="utf-8"))
        with _client(running.env) as client:
            stores = {store.storeid for site in client.sites() for store in client.stores(site.eshopid)}
    assert told[0] == told[1] == told[2]
    assert {row["fault"] for row in told[0]} >= {"unmapped_store", "unmapped_tender"}
    assert len(stores) == len(estate["stores"]) + 1
    # What fails on purpose is tried again soon.
    assert estate["sitoo"] == estate["netsuite"] == {"retry_seconds": 0.2}


def test_people_reach_into_netsuite_while_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "faults.yaml"
    file.write_text("- {fault: wrong_account, store: S01}", encoding="utf-8")
    with running_sandbox(replace(SMALL, faults=str(file))) as running:
        running.clock.set(running.clock.now() + timedelta(days=1))
        assert running.truth() == []
        _journals_in_netsuite(running)
        (row,) = running.truth()
        assert row["record"] in _journals_in_netsuite(running)


def _journals_in_netsuite(running: Sandbox) -> set[str]:
    """External ids of the journals that NetSuite holds."""

    async def ask() -> set[str]:
        access = netsuite_access(running.env)
        async with NetSuiteClient(url=access.url, login=access.login(), slots=slots_in_process(5)) as client:
            rows = await query(client, "SELECT externalid FROM transaction WHERE type = 'Journal'")
            return {row["externalid"] for row in rows}

    return asyncio.run(ask())


def test_faults_are_not_planted_in_a_replayed_trade(tmp_path: Path) -> None:
    with (
        pytest.raises(SandboxError, match="leave out --faults or --replay"),
        running_sandbox(SandboxOptions(replay=tmp_path / "trade.parquet", faults="typical")),
    ):
        pass
