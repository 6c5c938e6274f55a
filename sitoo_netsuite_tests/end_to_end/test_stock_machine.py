"""Stock in any order and any weather: at rest both systems agree. More sequences, and others: `make soak`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sitoo_netsuite_tests.end_to_end.stock_machine.machine import StockMachine, run_sequences
from sitoo_netsuite_tests.end_to_end.stock_machine.world import stage

_SEQUENCES = 8


@pytest.fixture(scope="module")
def machine(server_url: str) -> Iterator[type[StockMachine]]:
    with stage(server_url, "migrated") as made:
        StockMachine.stage = made
        yield StockMachine


def test_whatever_happens_at_rest_both_systems_agree(machine: type[StockMachine]) -> None:
    run_sequences(machine, _SEQUENCES, first_seed=1, shortened=False)
