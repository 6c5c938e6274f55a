"""`up`: the database, the sandboxes if asked for, Dagster's daemon and its page, until stopped.

Belongs here: starting and ending processes. Every server listens on loopback only; Dagster's page has no login of its
own, so whoever serves it to others puts a proxy with one in front (docs/deployment.md).
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

from rich.console import Console

from sitoo_netsuite import settings
from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.operate.instance import PROJECT, prepare_dagster
from sitoo_netsuite.sandbox.serve import SandboxOptions, running_sandbox

_HOST = "127.0.0.1"
# How long a child may take to end by itself before it is killed.
_GRACE_SECONDS = 20
_LOOK_SECONDS = 0.2


class ServeError(Exception):
    """The page's port is taken, or one of Dagster's processes ended by itself; the text says what to do or to read."""


def serve_until_stopped(*, port: int, with_sandbox: bool) -> None:
    """Serves until SIGINT, SIGTERM or SIGHUP; the database goes on, and `down` stops it.

    Raises EstateError before anything of Dagster is started when there is no usable estate file, SandboxError and
    ServerError when one cannot be started, and ServeError when the port is taken or the daemon or the page ends.
    """
    console = Console(highlight=False)
    with ExitStack() as stack:
        stopping = stack.enter_context(_stop_asked_for())
        _expect_free(port)
        if with_sandbox:
            folder = settings.home(os.environ) / "sandbox"
            folder.mkdir(parents=True, exist_ok=True)
            options = SandboxOptions(stores=4, days=7, receipts=60, folder=folder, stock_traffic=True)
            served = stack.enter_context(running_sandbox(options))
            os.environ.update(served.env)
            os.environ[settings.NOW] = served.clock.now().isoformat()
            console.print(f"Sitoo sandbox    {served.sitoo_url}\nNetSuite sandbox {served.netsuite_url}")
        load_estate(settings.estate_path(os.environ))
        if stopping():
            return
        prepare_dagster()
        children = {
            "daemon": _start(stack, "dagster-daemon", "run"),
            "page": _start(stack, "dagster-webserver", "-h", _HOST, "-p", str(port)),
        }
        console.print(f"Dagster          http://{_HOST}:{port}\nStop with Ctrl-C.")
        while not stopping():
            for name, child in children.items():
                if child.poll() is not None:
                    raise ServeError(f"Dagster's {name} ended (exit code {child.returncode}); its last words are above")
            sleep(_LOOK_SECONDS)
        console.print("Stopping.")


@contextmanager
def _stop_asked_for() -> Iterator[Callable[[], bool]]:
    """Whether a signal asked us to stop. Nothing is interrupted by it, so that whatever was started can be ended."""
    asked = False

    def remember(*_: object) -> None:
        nonlocal asked
        asked = True

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, remember) for number in numbers}
    try:
        yield lambda: asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _expect_free(port: int) -> None:
    # The page itself would find out only after it has loaded everything.
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((_HOST, port))
        except OSError as error:
            reason = f"port {port} on {_HOST} cannot be used ({error.strerror}); choose another with --port"
            raise ServeError(reason) from None


def _start(stack: ExitStack, program: str, *arguments: str) -> subprocess.Popen[bytes]:
    """A child in a process group of its own: Ctrl-C in a terminal reaches us alone, and nothing is left behind."""
    executable = Path(sys.executable).with_name(program)
    child = subprocess.Popen([executable, *arguments, "-w", str(PROJECT / "workspace.yaml")], start_new_session=True)
    stack.callback(_end, child)
    return child


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ends a child and all that it started (code servers, runs), politely first: a run says that it was stopped."""
    deadline = monotonic() + _GRACE_SECONDS
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        while monotonic() < deadline:
            child.poll()
            sleep(_LOOK_SECONDS)
            os.killpg(child.pid, 0)
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
