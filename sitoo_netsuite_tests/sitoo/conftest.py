"""A served Sitoo and clients for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from sitoo_netsuite.sitoo.client import ApiKey, Retries, SitooClient
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import KEYS, Served, served

QUICK = Retries(attempts=4, first_wait=0.01, longest_wait=5.0)
ClientFor = Callable[..., SitooClient]


@pytest.fixture
def sitoo(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as running:
        yield running


@pytest.fixture
def client_for() -> Iterator[ClientFor]:
    """Makes a client of a served Sitoo with so many keys; closed after the test."""
    with ExitStack() as stack:

        def make(sitoo: Served, keys: int = 1, **options: Any) -> SitooClient:
            chosen = [ApiKey(name, password) for name, password in list(KEYS.items())[:keys]]
            client = SitooClient(sitoo.account_url, chosen, **{"retries": QUICK, **options})
            return stack.enter_context(client)

        yield make


@pytest.fixture
def client(sitoo: Served, client_for: ClientFor) -> SitooClient:
    return client_for(sitoo)
