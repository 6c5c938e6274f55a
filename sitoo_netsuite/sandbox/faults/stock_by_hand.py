"""What people do to a store's stock, or what befalls it, while the sandbox runs.

Belongs here: when it happens, and what. In both systems it goes through their own rules. Does not belong here: at which
store and on which day (`choice`), what is no mistake (`stock_traffic`), what is done to documents of ours (`by_hand`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults.catalogue import Target
from sitoo_netsuite.sandbox.faults.choice import Choice
from sitoo_netsuite.sandbox.faults.truth import Planted, Truth
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.stock_hands import StockHands
from sitoo_netsuite.sandbox.sitoo.stockroom import Stockroom
from sitoo_netsuite.sandbox.world import Shop, World, next_of_the_subsidiary
from sitoo_netsuite.trading_day import trading_day

# While shops are open.
_NOON = time(12, 0)
_IN_NETSUITE = "transfer_in_netsuite"
_UNITS = 3


class StockByHand:
    """Does what is due, once. Each side is acted on by the one thread that serves it."""

    def __init__(self, world: World, clock: SandboxClock, truth: Truth, choices: Iterable[Choice]) -> None:
        self._world = world
        self._clock = clock
        self._truth = truth
        due = [choice for choice in choices if choice.fault.target is Target.SHELF]
        self._in_netsuite = [choice for choice in due if choice.fault.name == _IN_NETSUITE]
        self._in_sitoo = [choice for choice in due if choice.fault.name != _IN_NETSUITE]

    def act_in_sitoo(self, stockroom: Stockroom) -> None:
        def act(choice: Choice, shop: Shop, sku: str) -> None:
            if choice.fault.name == "update_missed":
                stockroom.lose(shop.warehouseid, sku, _UNITS * 1000)
                product = next(product for product in self._world.products if product.sku == sku)
                self._tell(choice, sku, _UNITS * product.cost_minor[shop.currency])
            else:
                shipment = stockroom.send(None, shop.warehouseid, {sku: _UNITS})
                stockroom.receive(shipment)
                self._tell(choice, f"SH-{shipment}", None)

        self._act(self._in_sitoo, act)

    def act_in_netsuite(self, account: Account) -> None:
        def act(choice: Choice, shop: Shop, sku: str) -> None:
            receiver = next_of_the_subsidiary(self._world.shops, shop)
            assert receiver is not None, "else it would not have been chosen"
            moved = StockHands(account, {}).transfer(shop.location, receiver.location, {sku: _UNITS * 1000})
            self._tell(choice, f"NS-{moved.internal_id}", None)

        self._act(self._in_netsuite, act)

    def _act(self, waiting: list[Choice], act: Callable[[Choice, Shop, str], None]) -> None:
        now = self._clock.now()
        for choice in [choice for choice in waiting if self._due(choice) <= now]:
            assert choice.store is not None and choice.record is not None, "both are chosen"
            waiting.remove(choice)
            act(choice, self._world.shop(choice.store), choice.record)

    def _due(self, choice: Choice) -> datetime:
        assert choice.store is not None, "a store is chosen"
        zone = ZoneInfo(self._world.shop(choice.store).time_zone)
        return datetime.combine(choice.trading_day, _NOON, tzinfo=zone).astimezone(UTC)

    def _tell(self, choice: Choice, record: str, amount_minor: int | None) -> None:
        assert choice.store is not None, "a store is chosen"
        shop, now = self._world.shop(choice.store), self._clock.now()
        currency = None if amount_minor is None else shop.currency
        # Only a movement in Sitoo is of a trading day: the one it is made on, which is when somebody first looks.
        moved_in_sitoo = choice.fault.name == "delivery_in_sitoo"
        day = trading_day(now, ZoneInfo(shop.time_zone), shop.cut_over) if moved_in_sitoo else None
        self._truth.add(Planted(choice.fault, shop.key, day, record, amount_minor, currency, int(now.timestamp())))
