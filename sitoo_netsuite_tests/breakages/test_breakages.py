"""The list of breakages keeps up with the code, and breaking it is seen. The whole list: `make breakages`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from sitoo_netsuite_tests.breakages.catalogue import BREAKAGES
from sitoo_netsuite_tests.breakages.running import Breakage, a_copy, missed

_TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.what)
def test_what_is_to_be_broken_is_there_once_and_so_are_the_tests_that_must_see_it(breakage: Breakage) -> None:
    assert breakage.times_found() == 1, f"{breakage.file} has changed: write the breakage anew"
    for test in breakage.tests:
        file, _, name = test.partition("::")
        assert name.partition("[")[0] in _functions(_TESTS / file)


def test_every_test_of_a_complaint_has_been_seen_to_fail() -> None:
    named = {test for breakage in BREAKAGES for test in breakage.tests}
    complaints = {
        f"complaints/{file.name}::{name}"
        for file in (_TESTS / "complaints").glob("test_*.py")
        for name in _functions(file)
        if name.startswith("test_")
    }
    assert complaints - named == set()


def test_a_breakage_is_caught_and_a_harmless_change_is_not(tmp_path: Path) -> None:
    test = "test_trading_day.py"
    broken = Breakage("", "trading_day.py", "    return day if moment", "    return date.max if moment", (test,))
    harmless = Breakage("", "trading_day.py", "    return day if moment", "    return  day if moment", (test,))
    with a_copy(tmp_path / "copy") as copy:
        assert missed(broken, copy) == []
        (told,) = missed(harmless, copy)
    assert "pytest ended with 0" in told


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
