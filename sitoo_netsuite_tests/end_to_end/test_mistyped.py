"""Nothing that can be mistyped on the command line, in the environment or in a file gives a traceback.

The program's entry point runs in the test's own process, where each start would cost a second; `test_commands` starts
the program itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina.instrumentation

from sitoo_netsuite.cli import main

_CREDENTIALS = {
    "SITOO_URL": "http://127.0.0.1:1/v2/accounts/1",
    "SITOO_API_ID": "1",
    "SITOO_API_PASSWORD": "hunter2",
}


@pytest.fixture(autouse=True)
def retries_are_told_as_before() -> Iterator[None]:
    """The entry point sets how retries are told, for the whole process."""
    before = stamina.instrumentation.get_on_retry_hooks()
    yield
    stamina.instrumentation.set_on_retry_hooks(before)


@pytest.mark.parametrize(
    ("command", "environment", "expected"),
    [
        ("run 2026-02-30", {}, "write trading days as"),
        ("run 2026-03-02..", {}, "write trading days as"),
        ("plan 0001-01-01..9999-12-31", {}, "is not of the years 2000 to 2099"),
        ("plan 2001-01-01..2098-12-31", {}, "is more than 1100 days"),
        ("run 2026-03-02", {"SITOO_NETSUITE_ESTATE": "{folder}"}, "is not a file; name the file itself"),
        (
            "estate draft {folder}/none/estate.yaml",
            {"SITOO_URL": "api.example.com"},
            "SITOO_URL is not an http address",
        ),
        ("estate draft {folder}/x.yaml", {"SITOO_URL": "https://host:port"}, "SITOO_URL is not an http address"),
        (
            "cases",
            {"DATABASE_URL": "postgres//me:hunter2@db"},
            "write DATABASE_URL as postgresql://user:password@host/database",
        ),
        ("cases", {"DATABASE_URL": "postgresql://me:hunter2@127.0.0.1:1/db"}, "OperationalError: connection"),
        ("cases", {"DATABASE_URL": "", "SITOO_NETSUITE_HOME": "/dev/null/var"}, "/dev/null/var"),
        ("sandbox --start 9999-12-31", {}, "--start takes a date as 2026-03-02"),
        ("sandbox --now yesterday", {}, "--now takes a time with a zone"),
        ("sandbox --sitoo-port 99999", {}, "65535"),
        ("sandbox --env-file {folder}/none/x.env --stores 1 --days 1 --receipts 1", {}, "{folder}/none/x.env"),
        ("sandbox --replay {folder}/none.csv", {}, "none.csv"),
        ("up --port 0", {}, "--port"),
        ("replay online-retail {folder}/none.parquet {folder}/out.csv", {}, "none.parquet"),
        ("replay online-retail {folder}/text {folder}/out.csv", {}, "text"),
    ],
)
def test_a_slip_is_told_in_words_and_by_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    command: str,
    environment: dict[str, str],
    expected: str,
) -> None:
    (tmp_path / "text").write_text("not what you think", encoding="utf-8")
    for name, value in {"SITOO_NETSUITE_HOME": "{folder}/var", **_CREDENTIALS, **environment}.items():
        monkeypatch.setenv(name, value.format(folder=tmp_path))
    monkeypatch.setattr(sys, "argv", ["sitoo-netsuite", *command.format(folder=tmp_path).split()])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capfd.readouterr().err
    shown = " ".join(told.replace("\u2502", " ").split())
    assert expected.format(folder=tmp_path) in shown, told
    assert ended.value.code in (1, 2)
    assert "Traceback" not in told
    assert "hunter2" not in told
