"""`up`: the database, the sandboxes if asked for, Dagster's daemon and its page, until stopped.

Belongs here: starting and ending processes. Every server listens on loopback only; Dagster's page has no login of its
own, so whoever serves it to others puts a proxy with one in front (docs/deployment.md).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from time import sleep
from types import FrameType

from rich.console import Console

from sitoo_netsuite import settings
from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.operate.instance import PROJECT, prepare_dagster
from sitoo_netsuite.sandbox.serve import SandboxOptions, running_sandbox

# How long a child may take to end by itself before it is killed.
_GRACE_SECONDS = 20


class _Stopped(Exception):
    """A person or a supervisor asked us to stop."""


def serve_until_stopped(*, port: int, with_sandbox: bool) -> None:
    """Serves until SIGINT or SIGTERM, or until one of the processes ends. The database goes on; `down` stops it.

    Raises EstateError before anything of Dagster is started when there is no usable estate file.
    """
    console = Console(highlight=False)

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _Stopped

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with ExitStack() as stack:
        if with_sandbox:
            folder = settings.home(os.environ) / "sandbox"
            folder.mkdir(parents=True, exist_ok=True)
            served = stack.enter_context(running_sandbox(SandboxOptions(stores=4, days=7, receipts=60, folder=folder)))
            os.environ.update(served.env)
            os.environ[settings.NOW] = served.clock.now().isoformat()
            console.print(f"Sitoo sandbox    {served.sitoo_url}\nNetSuite sandbox {served.netsuite_url}")
        load_estate(settings.estate_path(os.environ))
        prepare_dagster()
        children = [_start("dagster-daemon", "run"), _start("dagster-webserver", "-h", "127.0.0.1", "-p", str(port))]
        console.print(f"Dagster          http://127.0.0.1:{port}\nStop with Ctrl-C.")
        try:
            while all(child.poll() is None for child in children):
                sleep(0.5)
        except _Stopped:
            console.print("Stopping.")
        finally:
            _end(children)


def _start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    executable = Path(sys.executable).with_name(program)
    return subprocess.Popen([executable, *arguments, "-w", str(PROJECT / "workspace.yaml")], cwd=PROJECT)


def _end(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.terminate()
    for child in children:
        try:
            child.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
