"""A small trade with faults in it, seen as an outsider sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults.backoffice import Backoffice
from sitoo_netsuite.sandbox.faults.by_hand import ByHand
from sitoo_netsuite.sandbox.faults.truth import Truth
from sitoo_netsuite.sandbox.faults.weather import Weather, make_weather
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.mirror import Mirror
from sitoo_netsuite.sandbox.netsuite.opening import open_account
from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.trade.build import build_trade
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import World, make_world
from sitoo_netsuite_tests.sandbox.trade.reading import (
    END_OF_TIME,
    Json,
    all_orders,
    all_z_reports,
    receipts_of,
    z_differences,
)


@dataclass
class Weathered:
    """A trade after its faults were planted, the truth about it, and what people reach into: a NetSuite account and the
    tills' catalogue.
    """

    world: World
    store: TradeStore
    weather: Weather
    clock: SandboxClock
    truth: Truth
    account: Account
    by_hand: ByHand
    catalogue: Catalogue
    backoffice: Backoffice

    def orders(self, now: int = END_OF_TIME) -> list[Json]:
        return all_orders(self.store, now)

    def order(self, orderid: str | int, now: int = END_OF_TIME) -> Json:
        return next(order for order in self.orders(now) if order["orderid"] == int(orderid))

    def z_reports(self, now: int = END_OF_TIME) -> dict[str, Json]:
        """Z-reports by `register/number`."""
        shown = all_z_reports(self.store, self.weather.sitoo_world, now)
        return {f"{z['registerid']}/{z['zreportid']}": z for z in shown}

    def disagreeing(self, now: int = END_OF_TIME) -> dict[str, dict[str, Any]]:
        """Z-reports that are not what their receipts come to, with the differences."""
        orders = self.orders(now)
        found = {name: z_differences(z, receipts_of(orders, z)) for name, z in self.z_reports(now).items()}
        return {name: differences for name, differences in found.items() if differences}

    def at(self, now: int) -> list[Json]:
        """The truth at an instant; people have done by then what was due."""
        self.clock.set(datetime.fromtimestamp(now, UTC))
        self.by_hand.act(self.account)
        self.backoffice.act(self.catalogue)
        return self.truth.rows()

    @property
    def end(self) -> int:
        """Long after the trade."""
        return (self.store.last_arrival() or 0) + 10 * 24 * 3600


Planter = Callable[..., Weathered]


@pytest.fixture
def weathered(tmp_path: Path) -> Iterator[Planter]:
    """Makes a trade with faults: a list of entries as in a FILE, or `none`, `typical`, `storm`."""
    made: list[TradeStore] = []

    def make(
        faults: str | list[dict[str, Any]], *, seed: int = 5, stores: int = 2, days: int = 3, receipts: int = 30
    ) -> Weathered:
        if not isinstance(faults, str):
            file = tmp_path / f"faults-{len(made)}.yaml"
            file.write_text(yaml.safe_dump(faults), encoding="utf-8")
            faults = str(file)
        world = make_world(seed, stores, days)
        store = build_trade(world, receipts, tmp_path / f"trade-{len(made)}.sqlite")
        made.append(store)
        weather = make_weather(faults, world, store)
        clock = SandboxClock(datetime(world.start.year, 1, 1, tzinfo=UTC))
        truth = Truth(clock, weather.planted)
        account = Account(clock, Settings(), Mirror(duckdb.connect(":memory:")))
        open_account(account, weather.netsuite_world)
        return Weathered(
            world,
            store,
            weather,
            clock,
            truth,
            account,
            ByHand(world, store, clock, truth, weather.by_hand),
            Catalogue(weather.sitoo_world, clock),
            Backoffice(world, clock, truth, weather.in_backoffice),
        )

    yield make
    for store in made:
        store.close()
