"""`up` as a person and a supervisor use it: a real database, sandboxes, daemon and page, started and stopped."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sitoo_netsuite.warehouse.server import stop_server

PROGRAM = Path(sys.executable).with_name("sitoo-netsuite")
START_SECONDS = 60
STOP_SECONDS = 45


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def up(folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """`up --sandbox` in a folder of its own; the database it leaves is stopped in the end."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SITOO", "NETSUITE", "DAGSTER"))}
    env.pop("DATABASE_URL", None)
    with (folder / "said").open("w") as said:
        served = subprocess.Popen(
            [PROGRAM, "up", "--sandbox", "--port", str(port)], cwd=folder, env=env, stdout=said, stderr=said, text=True
        )
        try:
            yield served
        finally:
            served.kill()
            served.wait()
            stop_server(folder / "var" / "postgres")


def processes_of(folder: Path) -> list[str]:
    """Command lines of the processes that work in the folder, PostgreSQL's apart."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                inside = (entry / "cwd").readlink().is_relative_to(folder)
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # it ended while we looked, or is not ours
            if inside and command and "postgres" not in command:
                found.append(command)
    return found


def wait_until_said(folder: Path, words: str, served: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while words not in (folder / "said").read_text():
        assert served.poll() is None and time.monotonic() < deadline, (folder / "said").read_text()
        time.sleep(0.05)


def wait_until_answers(url: str, served: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert served.poll() is None and time.monotonic() < deadline
        try:
            httpx.get(url).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return


def test_the_page_offers_the_sandboxes_days_and_stops_whole_at_sigterm(tmp_path: Path) -> None:
    port = free_port()
    with up(tmp_path, port) as served:
        wait_until_answers(f"http://127.0.0.1:{port}/server_info", served)
        asked = '{assetNodeOrError(assetKey: {path: ["receipts"]}) {... on AssetNode {groupName partitionKeys}}}'
        answer = httpx.post(f"http://127.0.0.1:{port}/graphql", json={"query": asked}, timeout=60).json()
        node = answer["data"]["assetNodeOrError"]
        assert node["groupName"] == "tills"
        assert node["partitionKeys"][0] == "2026-03-02" and len(node["partitionKeys"]) == 8
        served.send_signal(signal.SIGTERM)
        assert served.wait(STOP_SECONDS) == 0
        assert processes_of(tmp_path) == []


@pytest.mark.parametrize("said", ["NetSuite sandbox", "Stop with Ctrl-C"])
def test_it_stops_whole_at_sigint_while_it_still_starts(tmp_path: Path, said: str) -> None:
    with up(tmp_path, free_port()) as served:
        wait_until_said(tmp_path, said, served)
        served.send_signal(signal.SIGINT)
        assert served.wait(STOP_SECONDS) == 0
        assert processes_of(tmp_path) == []


def test_a_taken_port_is_said_and_nothing_is_left_running(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with up(tmp_path, taken.getsockname()[1]) as served:
            assert served.wait(START_SECONDS) == 1
            assert "choose another with --port" in (tmp_path / "said").read_text()
            assert processes_of(tmp_path) == []
