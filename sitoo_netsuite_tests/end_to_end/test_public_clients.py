"""Clients that nobody here wrote, working against the NetSuite sandbox with nothing changed but the host they send to.

Each has an environment of its own, made by pip from the registry by the locked requirements in `clients/`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox

_CLIENTS = Path(__file__).parent / "clients"
_JOURNALS = "/services/rest/record/v1/journalEntry"
# What pip says of each try when nobody answers at the registry's address.
_UNREACHABLE = "after connection broken by"

# Runs the driver of a client, by its name, with arguments and gives its answer.
Driver = Callable[..., dict[str, Any]]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """An account with token-based authentication, which is what all of them speak."""
    with running_sandbox(SandboxOptions(stores=2, days=1, receipts=5, seed=7, tba=True)) as running:
        yield running


@pytest.fixture
def drive(sandbox: Sandbox, tmp_path: Path) -> Driver:
    """Drives a client in an environment of its own. Skips when the package registry cannot be reached."""

    def run(client: str, *arguments: str) -> dict[str, Any]:
        python = _environment(tmp_path / client, _CLIENTS / f"{client}.txt")
        environment = {name: value for name, value in sandbox.env.items() if name.startswith("NETSUITE_")}
        done = subprocess.run(
            [python, _CLIENTS / f"{client}_driver.py", *arguments],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    return run


def _environment(folder: Path, requirements: Path) -> Path:
    """The interpreter of a new virtual environment with just these requirements, which name all they need."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    locked = ["--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", requirements]
    patience = ["--retries", "1", "--timeout", "15"]
    installed = subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--no-compile", *locked, *patience],
        env=os.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    if installed.returncode != 0 and _UNREACHABLE in installed.stderr:
        pytest.skip(f"the package registry cannot be reached, so {requirements.name} was not installed")
    assert installed.returncode == 0, installed.stderr
    return python


def test_netsuite_queries_creates_and_reads_records(drive: Driver, sandbox: Sandbox) -> None:
    answer = drive("netsuite")
    assert answer["subsidiaries"]["totalResults"] == len(sandbox.world.subsidiaries)
    # It gives nothing back for a created record, so the external id is all there is.
    assert answer["created"] is None
    assert answer["customer"]["companyName"] == "Cut & Dried"
    assert [row["id"] for row in answer["found"]] == [answer["customer"]["id"]]
    assert (answer["unknown_name"], answer["wrong_secret"]) == (400, 401)
    assert "companyName" in answer["schema"]["properties"]
    assert answer["catalogue"]["openapi"].startswith("3.")
    (failed,) = httpx.get(f"{sandbox.netsuite_url}/sandbox/logins").json()
    assert failed["reason"] == "InvalidSignature"


def test_restsuite_follows_pages_and_changes_records(drive: Driver, sandbox: Sandbox) -> None:
    answer = drive("restsuite")
    assert len(answer["ids"]) == answer["count"] > 2000
    assert answer["ids"] == sorted(set(answer["ids"]))
    assert answer["statuses"] == [204, 204, 204, 200, 200, 204, 404]
    assert answer["read"]["companyName"] == "Cut, Dried & Sons"
    assert answer["read"]["phone"] == "+46 8 000 00 00"
    assert answer["listed"]["count"] == 1
    assert httpx.get(f"{sandbox.netsuite_url}/sandbox/logins").json() == []


def test_netsuite_client_sends_a_post_again_and_still_makes_one_record(drive: Driver, sandbox: Sandbox) -> None:
    fault = {"path": _JOURNALS, "status": 500, "requests": 1, "after": True}
    httpx.post(f"{sandbox.netsuite_url}/sandbox/faults", json=fault).raise_for_status()
    answer = drive("netsuite_client", sandbox.world.start.isoformat())
    log = httpx.get(f"{sandbox.netsuite_url}/sandbox/requests").json()["requests"]
    assert [request["status"] for request in log if request["path"] == _JOURNALS] == [500, 400, 204, 400]
    assert len(answer["failed"]) == 2 and all("already exists" in text for text in answer["failed"])
    assert [row["externalid"] for row in answer["found"]] == ["JE-ELSEWHERE-1", "JE-ELSEWHERE-2"]
