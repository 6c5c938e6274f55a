"""The demo with faults planted: each is found by exactly one case, nothing else is, and every penny is explained."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

_COMMAND = Path(sys.executable).with_name("sitoo-netsuite")


def _demo(*options: str) -> dict[str, Any]:
    """The demo's JSON. A process of its own: it sets the environment and starts a database server."""
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    finished = subprocess.run(
        [_COMMAND, "demo", "--json", *options], capture_output=True, text=True, env=env, check=False, timeout=300
    )
    assert finished.returncode in (0, 3), finished.stdout[-3000:] + finished.stderr[-3000:]
    summary: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    return summary


def _all_found(summary: dict[str, Any], planted: int) -> None:
    assert (summary["planted"], summary["missed"], summary["false_alarms"]) == (planted, [], [])
    assert set(summary["unexplained_minor"].values()) == {0}
    assert summary["unexplained_milli"] == 0


def test_one_of_each_fault_is_found_by_a_case_of_its_own_and_nothing_else_is() -> None:
    summary = _demo("--stores", "4", "--days", "2", "--receipts", "20", "--seed", "5", "--faults", "typical")
    _all_found(summary, 35)


def test_two_faults_on_one_store_day_one_fault_on_two_days_and_a_fault_with_its_cure(tmp_path: Path) -> None:
    faults = [
        {"fault": "unmapped_tender", "store": "S01", "trading_day": "2026-03-02", "count": 2},
        {"fault": "receipt_out_of_balance", "store": "S01", "trading_day": "2026-03-02", "amount_minor": 700},
        {"fault": "z_disagrees", "store": "S02", "trading_day": "2026-03-02", "amount_minor": 12300},
        {"fault": "z_disagrees", "store": "S02", "trading_day": "2026-03-03"},
        {"fault": "late_receipt", "store": "S01", "trading_day": "2026-03-03"},
        {"fault": "corrected_z", "store": "S01", "trading_day": "2026-03-03"},
        {"fault": "price_changed", "record": "HOM-012"},
        {"fault": "product_only_in_sitoo", "record": "TILL-ONLY"},
        {"fault": "wrong_price", "store": "S01", "count": 2},
        {"fault": "time_out_after_commit", "count": 2},
    ]
    path = tmp_path / "faults.yaml"
    path.write_text(yaml.safe_dump(faults), encoding="utf-8")
    summary = _demo("--stores", "2", "--days", "2", "--receipts", "20", "--seed", "2", "--faults", str(path))
    _all_found(summary, 9)
    assert summary["journals_held"] == 2
