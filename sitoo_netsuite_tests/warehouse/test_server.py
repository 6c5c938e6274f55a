"""The embedded server: one for all who ask at once, outliving them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from sitoo_netsuite.warehouse.server import database_url, ensure_server, stop_server

_ASK = "import sys; from pathlib import Path; from sitoo_netsuite.warehouse.server import ensure_server; "


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "postgres"
    stop_server(tmp_path / "postgres")


def test_processes_that_start_it_at_once_share_one_server_that_outlives_them(folder: Path) -> None:
    code = _ASK + "print(ensure_server(Path(sys.argv[1])))"
    asking = [
        subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    urls = {process.communicate(timeout=60)[0].strip() for process in asking}
    assert [process.returncode for process in asking] == [0, 0, 0]
    (url,) = urls
    assert ensure_server(folder) == url
    with psycopg.connect(url) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_it_stops_and_starts_again_with_its_data(folder: Path) -> None:
    with psycopg.connect(ensure_server(folder)) as connection:
        connection.execute("create table kept (value int)")
    assert stop_server(folder) is True
    assert stop_server(folder) is False
    with psycopg.connect(ensure_server(folder)) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_a_long_path_puts_the_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    url = ensure_server(deep)
    try:
        with psycopg.connect(url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
    finally:
        stop_server(deep)


def test_a_database_url_in_the_environment_starts_no_server(folder: Path) -> None:
    assert database_url({"DATABASE_URL": "postgresql://db.example/pos"}, folder) == "postgresql://db.example/pos"
    assert not folder.exists()
