"""Breaking a copy of the package in one place, and running the tests that must see it.

Belongs here: the copy, the change, the verdict. Does not belong here: what is broken (`catalogue`).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_COPIED = ("sitoo_netsuite", "sitoo_netsuite_tests", "benchmarks", "docs")
_FILES = ("pyproject.toml", "dagster.yaml", "workspace.yaml")
_LONGEST_SECONDS = 600
TESTS_PASSED, _TESTS_FAILED = 0, 1  # pytest's exit codes; others say that nothing was tried


@dataclass(frozen=True)
class Breakage:
    """One place made wrong: `text` stands once in `file` (below the package) and becomes `instead`; `tests` see it.

    `tests` are ids below the tests' folder, as in `complaints/test_once.py::test_...`; each must fail.
    """

    what: str
    file: str
    text: str
    instead: str
    tests: tuple[str, ...]

    def times_found(self, root: Path = _ROOT) -> int:
        """How often the text stands in the file. Anything but once, and the breakage has to be written anew."""
        return self._path(root).read_text(encoding="utf-8").count(self.text)

    @contextmanager
    def applied(self, root: Path) -> Iterator[None]:
        """The file of that copy is wrong while the block runs."""
        path = self._path(root)
        right = path.read_text(encoding="utf-8")
        path.write_text(right.replace(self.text, self.instead), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(right, encoding="utf-8")

    def _path(self, root: Path) -> Path:
        return root / "sitoo_netsuite" / self.file


@contextmanager
def a_copy(folder: Path) -> Iterator[Path]:
    """The checkout's packages in a folder of their own, to be broken."""
    for name in _COPIED:
        shutil.copytree(_ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(_ROOT / name, folder / name)
    yield folder


def missed(breakage: Breakage, copy: Path) -> list[str]:
    """The tests of a breakage that did not fail, each with what came of it instead; empty when all caught it."""
    with breakage.applied(copy):
        ends = {test: run_tests([test], copy) for test in breakage.tests}
    return [f"{test}: pytest ended with {end}" for test, end in ends.items() if end != _TESTS_FAILED]


def run_tests(tests: Iterable[str], copy: Path) -> int:
    """pytest's exit code for these tests of the copy: 0 passed, 1 failed, anything else they were not run."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        + [f"sitoo_netsuite_tests/{test}" for test in tests],
        cwd=copy,
        # The copy comes before the installed checkout; stale byte code would hide a change within one second.
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=_LONGEST_SECONDS,
        check=False,
    )
    return done.returncode
