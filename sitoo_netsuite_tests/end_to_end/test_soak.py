"""Posting that is killed again and again under a storm ends in the books the oracle expects (`make soak`, in small)."""

from __future__ import annotations

import json
import subprocess
import sys

from sitoo_netsuite.operate.instance import PROJECT


def test_five_kills_under_a_storm_lose_nothing_double_nothing_and_leave_nothing_held() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "soak", "--kills", "5", "--stores", "6", "--days", "10"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.startswith("{"), done.stderr
    tally = json.loads(done.stdout)
    off = ("lost", "doubled", "in_doubt", "unposted", "locks", "slots")
    assert {name: tally[name] for name in off} == dict.fromkeys(off, 0), tally
    assert not any(tally["unexplained_minor"].values()), tally
    assert tally["kills"] == 5 and sum(tally["faults"].values()) > 0
    assert done.returncode == 0
