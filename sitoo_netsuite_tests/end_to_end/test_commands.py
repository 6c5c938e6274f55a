"""The commands as other people's scripts call them: the last line of output, the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sitoo_netsuite_tests.end_to_end.conftest import Retailer

_PROGRAM = Path(sys.executable).with_name("sitoo-netsuite")


def call(*arguments: str, **changes: str) -> tuple[int, Any, str]:
    """Exit code, the JSON object of the last line (None without --json), and standard error."""
    done = subprocess.run(
        [_PROGRAM, *arguments], capture_output=True, text=True, env={**os.environ, **changes}, timeout=300, check=False
    )
    lines = done.stdout.strip().splitlines()
    shown = json.loads(lines[-1]) if "--json" in arguments and lines and lines[-1].startswith("{") else None
    return done.returncode, shown, done.stderr


def test_the_demo_starts_from_an_empty_folder_and_ends_with_nothing_unexplained(tmp_path: Path) -> None:
    code, shown, error = call(
        "demo", "--stores", "2", "--days", "2", "--receipts", "30", "--seed", "4", "--json", TMPDIR=str(tmp_path)
    )
    assert code == 0, error
    assert shown.keys() >= {
        "store_days", "receipts", "excluded", "lines", "line_kinds", "journals_posted", "journals_held",
        "unexplained_minor", "cases", "seconds",
    }  # fmt: skip
    assert (shown["store_days"], shown["receipts"], shown["journals_held"]) == (4, 120, 0)
    assert shown["unexplained_minor"] == {"GBP": 0, "SEK": 0}
    assert shown["unexplained_milli"] == 0
    assert shown["cases"] == {}
    assert sum(kind["lines"] for kind in shown["line_kinds"].values()) == shown["lines"]


def test_a_day_is_planned_run_judged_and_traced_from_the_command_line(retailer: Retailer) -> None:
    span = f"{retailer.first}..{retailer.last}"

    code, planned, _ = call("plan", span, "--json")
    assert code == 0
    assert planned["held"] == []
    assert [document["external_id"] for document in planned["documents"]] == [
        f"JE-{store}-{day:%Y%m%d}-{currency}-1"
        for day in (retailer.first, retailer.last)
        for store, currency in (("S01", "SEK"), ("S02", "GBP"))
    ]
    assert all(sum(line["amount_minor"] for line in document["lines"]) == 0 for document in planned["documents"])
    assert retailer.journals_in_netsuite() == []

    code, ran, _ = call("run", span, "--json")
    assert (code, ran) == (0, {"store_days": 4, "posted": 4, "held": 0, "waiting": 0})
    code, planned, _ = call("plan", span, "--json")
    assert planned["documents"] == []

    code, verdict, _ = call("oracle", span, "--json")
    clear = {"unexplained_minor": {"GBP": 0, "SEK": 0}, "differences": []}
    assert (code, verdict) == (0, {**clear, "unexplained_milli": 0, "stock_differences": []})

    code, found, _ = call("trace", f"JE-S01-{retailer.first:%Y%m%d}-SEK-1", "--json")
    assert code == 0
    assert found["receipts"]
    assert call("trace", "nobody-knows-this", "--json")[0] == 1


def test_something_held_is_told_by_exit_code_3_and_listed_as_a_case(retailer: Retailer) -> None:

    def forget_swish(content: dict[str, Any]) -> None:
        books = content["books"][0]
        books["tenders"] = [tender for tender in books["tenders"] if tender["name"] != "Swish"]

    retailer.change_estate(forget_swish)
    code, ran, _ = call("run", f"{retailer.first}", "--json")
    assert code == 3
    assert ran["posted"] == ran["store_days"]
    code, listed, _ = call("cases", "--json")
    assert code == 3
    assert {case["kind"] for case in listed["cases"]} == {"held_receipt", "unmapped_tender"}
    assert listed["cases"][0].keys() == {
        "id", "kind", "key", "owner", "severity", "state", "store", "trading_day", "record", "amount_minor",
        "currency", "opened", "cleared",
    }  # fmt: skip
    assert call("cases", "list", "--json")[1] == listed


def test_what_a_person_can_mend_is_one_message_and_exit_code_2(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "estate.yaml")
    code, _, error = call("run", "2026-03-02", SITOO_NETSUITE_ESTATE=nowhere)
    assert (code, "Traceback" in error) == (2, False)
    assert "estate draft" in error
    assert call("run", "yesterday")[0] == 2
    assert call("run", "2026-03-03..2026-03-02")[0] == 2
    assert call("demo", "--stores", "none")[0] == 2
