"""A process of its own for what a test wants to run beside itself, and kill."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from typing import Any

SPAWN = multiprocessing.get_context("spawn")


@contextmanager
def running(target: Callable[..., Any], *arguments: Any) -> Iterator[BaseProcess]:
    """`target` in a new process, which is killed with SIGKILL when the block ends, if it still lives."""
    process = SPAWN.Process(target=target, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
