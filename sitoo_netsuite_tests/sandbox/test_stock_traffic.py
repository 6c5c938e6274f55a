"""Goods that move in NetSuite beside the tills, by the sandbox's clock."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
import pytest

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.mirror import Mirror
from sitoo_netsuite.sandbox.netsuite.opening import open_account
from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES
from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite.sandbox.stock_traffic import StockTraffic
from sitoo_netsuite.sandbox.world import central_warehouse, make_world

WORLD = make_world(seed=2, stores=3, days=2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KINDS = ("purchaseOrder", "itemReceipt", "transferOrder", "itemFulfillment", "inventoryAdjustment")


class Stockrooms:
    """An account with goods, and what moved in it as time goes on."""

    def __init__(self) -> None:
        self.clock = SandboxClock(NOON - DAY)
        self.account = Account(self.clock, Settings(), Mirror(duckdb.connect(":memory:")))
        open_account(self.account, WORLD)
        self.traffic = StockTraffic(WORLD, self.clock)

    def at(self, moment: datetime) -> dict[str, int]:
        """How many documents of each kind there are by then."""
        self.clock.set(moment)
        self.traffic.act_in_netsuite(self.account)
        return {kind: len(self.account.ids(RECORD_TYPES[kind])) for kind in KINDS}

    def moved(self) -> dict[int, Decimal]:
        """Units moved at each location by everything there is."""
        moved: Counter[int] = Counter()
        for kind in KINDS:
            for number in self.account.ids(RECORD_TYPES[kind]):
                for movement in self.account.movements(number):
                    moved[movement.location] += int(movement.quantity)
        return {location: Decimal(units) for location, units in sorted(moved.items())}


@pytest.fixture
def stockrooms() -> Stockrooms:
    return Stockrooms()


def test_nothing_moves_before_the_trade_begins(stockrooms: Stockrooms) -> None:
    assert set(stockrooms.at(NOON - DAY).values()) == {0}


def test_every_shop_is_delivered_to_in_parts_and_gets_goods_from_the_central_warehouse(
    stockrooms: Stockrooms,
) -> None:
    first = stockrooms.at(NOON)
    # What the central warehouse sends it has just got from a supplier.
    assert (first["purchaseOrder"], first["itemReceipt"]) == (3 + 3, 3 + 3)
    assert (first["transferOrder"], first["itemFulfillment"]) == (3, 3)
    second = stockrooms.at(NOON + DAY)
    assert (second["purchaseOrder"], second["itemReceipt"]) == (12, 6 + 6 + 3 + 3)
    last = stockrooms.at(NOON + 9 * DAY)
    assert (last["purchaseOrder"], last["itemReceipt"], last["itemFulfillment"]) == (12, 12 + 6 + 6, 6)
    assert last["inventoryAdjustment"] > 0
    assert stockrooms.at(NOON + 99 * DAY) == last


def test_the_same_goods_move_however_often_the_clock_is_looked_at(stockrooms: Stockrooms) -> None:
    often = Stockrooms()
    for hours in range(96):
        often.at(NOON + timedelta(hours=hours))
    stockrooms.at(NOON + timedelta(hours=95))
    assert often.moved() == stockrooms.moved()
    moved = often.moved()
    for shop in WORLD.shops:
        assert moved.pop(shop.location) > 0
        assert moved.pop(central_warehouse(shop.subsidiary), 0) == 0  # all of it was sent on
    assert not moved
