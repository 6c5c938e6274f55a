"""The sandboxes in a process of their own, for what is measured or killed beside them.

Belongs here: that process's start and end. Does not belong here: what a benchmark serves, or does with it.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sitoo_netsuite.sandbox.serve import SandboxOptions, serve

# Making a trade of 200,000 orders takes minutes; a process that ends before is not waited for.
_STARTS_SECONDS = 600
_LOOK_SECONDS = 0.05


@contextmanager
def served(options: SandboxOptions, folder: Path) -> Iterator[dict[str, str]]:
    """Sandboxes that keep their files in `folder` while the block runs; yields what their env file says.

    Raises RuntimeError when they do not start.
    """
    env_file = folder / "sandbox.env"
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(replace(options, folder=folder),))
    server.start()
    try:
        deadline = time.monotonic() + _STARTS_SECONDS
        while not env_file.exists():
            if not server.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the sandbox did not start; its own message stands above")
            time.sleep(_LOOK_SECONDS)
        yield dict(line.split("=", 1) for line in env_file.read_text(encoding="utf-8").splitlines())
    finally:
        server.terminate()
        server.join()
