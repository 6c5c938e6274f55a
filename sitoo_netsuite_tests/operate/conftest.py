"""One small retailer behind real HTTP, for the commands that look at both systems."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox
from sitoo_netsuite.settings import NOW


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    """Two stores in two countries, a day of twenty receipts each."""
    with running_sandbox(SandboxOptions(stores=2, days=1, receipts=20, seed=3)) as running:
        yield running


@pytest.fixture
def env(sandbox: Sandbox) -> dict[str, str]:
    """What the commands are told, at the sandbox's time; free to be changed."""
    return {**sandbox.env, NOW: sandbox.clock.now().isoformat()}


@pytest.fixture
def token_env() -> Iterator[dict[str, str]]:
    """As `env`, of an account of its own with token-based authentication."""
    with running_sandbox(SandboxOptions(stores=2, days=1, receipts=20, seed=3, tba=True)) as running:
        yield {**running.env, NOW: running.clock.now().isoformat()}
