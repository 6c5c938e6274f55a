"""Fixtures every test may ask for: a PostgreSQL server shared by all workers, and a migrated database for one test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import certifi
import psycopg
import pytest
import sqlalchemy
from filelock import FileLock
from psycopg import sql

from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import upgrade
from sitoo_netsuite.warehouse.server import ensure_server, stop_server

_FOLDER = "SITOO_NETSUITE_TEST_SERVER"
_EMPTY = "template1"
_MIGRATED = "migrated"
# Kept in memory by Linux. A container may have as little as 64 MB of it.
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 2_000_000_000


def pytest_configure(config: pytest.Config) -> None:
    # Workers inherit the environment of the process that starts them, and so share one server.
    if not hasattr(config, "workerinput"):
        os.environ[_FOLDER] = tempfile.mkdtemp(prefix="sitoo-netsuite-tests-", dir=_in_memory())
        os.environ["SSL_CERT_FILE"] = _one_authority(Path(os.environ[_FOLDER]))
        # A kill of ours loses nothing by it, only a crash of the machine would. Servers that a test starts heed it too.
        os.environ["PGOPTIONS"] = "-c synchronous_commit=off"


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        folder = Path(os.environ.pop(_FOLDER))
        stop_server(folder)
        shutil.rmtree(folder)


def _in_memory() -> Path | None:
    """Where the server's files are in memory, if there is room, else None for the ordinary temporary folder.

    A database is made of hundreds of files, and hundreds of tests make one: on a disk that takes a third of their time.
    """
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES else None


def _one_authority(folder: Path) -> str:
    """A file with one certificate. Every HTTP client reads all that are trusted, which takes longer than most of its
    requests, and no test speaks TLS.
    """
    end = "-----END CERTIFICATE-----"
    first, found, _ = Path(certifi.where()).read_text(encoding="ascii").partition(end)
    path = folder / "authority.pem"
    path.write_text(first + found + "\n", encoding="ascii")
    return str(path)


@pytest.fixture(scope="session")
def server_url() -> str:
    """URL of the embedded server's own database; it also holds a migrated template for `database_url`."""
    folder = Path(os.environ[_FOLDER])
    url = ensure_server(folder)
    with FileLock(folder / "template.lock"), connect(url) as connection:
        if connection.execute("select from pg_database where datname = %s", [_MIGRATED]).fetchone() is None:
            # A test's data need not outlive the machine.
            connection.execute("alter system set fsync = off")
            connection.execute("select pg_reload_conf()")
            connection.execute(sql.SQL("create database {}").format(sql.Identifier("preparing")))
            upgrade(on_database(url, "preparing"))
            connection.execute(sql.SQL("alter database preparing rename to {}").format(sql.Identifier(_MIGRATED)))
    return url


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    """URL of a new database without any of our tables, for one test."""
    with new_database(server_url, _EMPTY) as url:
        yield url


@pytest.fixture
def database_url(server_url: str) -> Iterator[str]:
    """URL of a new, migrated database for one test."""
    with new_database(server_url) as url:
        yield url


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    """A session on a new, migrated database for one test."""
    with connect(database_url) as session:
        yield session


def on_database(url: str, name: str) -> str:
    """The same server's URL with another database."""
    return sqlalchemy.make_url(url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def new_database(server_url: str, template: str = _MIGRATED) -> Iterator[str]:
    """URL of a new database, for the length of the block; migrated unless another template is named."""
    name = f"test_{uuid4().hex}"
    with connect(server_url) as connection:
        connection.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        yield on_database(server_url, name)
        connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
