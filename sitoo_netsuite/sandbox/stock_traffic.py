"""What moves goods besides the tills, day by day: deliveries, transfers, breakage, counts.

Belongs here: who does what and when, reproducible from the world's seed. Does not belong here: how it is done
(`netsuite/stock_hands`, `sitoo/stockroom`), mistakes (`faults`).

Everything falls due by the sandbox's clock and is done once, in the order it falls due, when the system it is done in
is next asked anything. A shop's day has a random stream of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.stock_hands import StockHands
from sitoo_netsuite.sandbox.sitoo.stockroom import Stockroom
from sitoo_netsuite.sandbox.world import Shop, World, central_warehouse, next_of_the_subsidiary
from sitoo_netsuite.trading_day import days

# Before any shop opens: nobody sells while shelves are filled.
_MORNING = time(6, 0)
# While it is open, somebody breaks something, and a shelf is counted.
_AFTERNOON = time(15, 0)
_SKUS_A_DELIVERY = 4
_UNITS = (5, 40)
_BROKEN = "BROKEN"

Goods = dict[str, int]
H = TypeVar("H")


@dataclass(frozen=True, slots=True)
class _Task(Generic[H]):
    """What somebody does with her hands in one of the systems, and when it falls due."""

    due: datetime
    work: Callable[[H], object]


class StockTraffic:
    """Does what has fallen due. Each side is acted on by the one thread that serves it."""

    def __init__(self, world: World, clock: SandboxClock, left_alone: Collection[str] = ()) -> None:
        """left_alone: SKUs that none of it moves."""
        self._clock = clock
        self._offset_accounts = {
            account.subsidiary: account.internal_id
            for account in world.accounts
            if account.subsidiary is not None and account.role == "stock adjustments"
        }
        goods = [sku for sku in _stocked(world) if sku not in left_alone]
        self._in_netsuite = sorted(_in_netsuite(world, goods), key=lambda task: task.due)
        self._in_sitoo = sorted(_in_sitoo(world, goods), key=lambda task: task.due)

    def act_in_netsuite(self, account: Account) -> None:
        """Everything that stock controllers had to do by now."""
        self._act(self._in_netsuite, StockHands(account, self._offset_accounts))

    def act_in_sitoo(self, stockroom: Stockroom) -> None:
        """Everything that the shops' staff had to do by now."""
        self._act(self._in_sitoo, stockroom)

    def _act(self, tasks: list[_Task[H]], hands: H) -> None:
        while tasks and tasks[0].due <= self._clock.now():
            tasks.pop(0).work(hands)


def _in_sitoo(world: World, stocked: Sequence[str]) -> Iterator[_Task[Stockroom]]:
    for day in days(world.start, world.start + timedelta(days=world.days - 1)):
        for shop in world.shops:
            draw = Random(f"{world.seed}/breakage and counts/{shop.key}/{day}")
            broken, *counted = _goods(stocked, draw, 3)
            due = _at(shop, day, _AFTERNOON)
            if draw.random() < 0.5:
                yield _Task(due, partial(_break, warehouseid=shop.warehouseid, sku=broken))
            if draw.random() < 0.25:
                yield _Task(due, partial(_count, warehouseid=shop.warehouseid, skus=counted))
            receiver = next_of_the_subsidiary(world.shops, shop)
            if receiver is not None and draw.random() < 0.5:
                yield from _shipment(shop, receiver, day, _goods(stocked, draw, 2))


def _shipment(sender: Shop, receiver: Shop, day: date, goods: Goods) -> Iterator[_Task[Stockroom]]:
    """A shop sends another one goods that are on their way for a day."""
    sent: list[int] = []
    units = {sku: quantity // 1000 for sku, quantity in goods.items()}

    def send(stockroom: Stockroom) -> None:
        sent.append(stockroom.send(sender.warehouseid, receiver.warehouseid, units))

    yield _Task(_at(sender, day, _AFTERNOON), send)
    next_day = _at(receiver, day + timedelta(days=1), _AFTERNOON)
    yield _Task(next_day, lambda stockroom: stockroom.receive(sent[0]))


def _break(stockroom: Stockroom, warehouseid: int, sku: str) -> None:
    stockroom.manual_out(warehouseid, {sku: 1000}, _BROKEN)


def _count(stockroom: Stockroom, warehouseid: int, skus: Sequence[str]) -> None:
    """One piece of the first is missing, and all is there of the others."""
    there = {sku: stockroom.level(warehouseid, sku).total_milli for sku in skus}
    stockroom.count(warehouseid, {**there, skus[0]: there[skus[0]] - 1000})


def _in_netsuite(world: World, stocked: Sequence[str]) -> Iterator[_Task[StockHands]]:
    for day in days(world.start, world.start + timedelta(days=world.days - 1)):
        for shop in world.shops:
            draw = Random(f"{world.seed}/stock traffic/{shop.key}/{day}")
            yield from _delivery(shop, day, _goods(stocked, draw, _SKUS_A_DELIVERY))
            if draw.random() < 0.5:
                yield from _correction(shop, day, _goods(stocked, draw, 1))
            yield from _replenishment(shop, day, _goods(stocked, draw, 2))


def _delivery(shop: Shop, day: date, goods: Goods) -> Iterator[_Task[StockHands]]:
    """A supplier delivers: some of it in the morning, the rest, which is not all that was ordered, a day later."""
    first = {sku: quantity // 2000 * 1000 for sku, quantity in goods.items()}
    rest = {sku: quantity - first[sku] for sku, quantity in list(goods.items())[1:]}
    ordered: list[Record] = []

    def receive(hands: StockHands) -> None:
        ordered.append(hands.purchase(shop.location, goods))
        hands.receive(ordered[0], first)

    yield _Task(_morning(shop, day), receive)
    yield _Task(_morning(shop, day + timedelta(days=1)), lambda hands: hands.receive(ordered[0], rest))


def _replenishment(shop: Shop, day: date, goods: Goods) -> Iterator[_Task[StockHands]]:
    """The central warehouse sends a shop what it has just got; goods are on their way for a day."""
    central, ordered = central_warehouse(shop.subsidiary), list[Record]()

    def send(hands: StockHands) -> None:
        hands.receive(hands.purchase(central, goods))
        ordered.append(hands.order_transfer(central, shop.location, goods))
        hands.send(ordered[0])

    yield _Task(_morning(shop, day), send)
    yield _Task(_morning(shop, day + timedelta(days=1)), lambda hands: hands.receive(ordered[0]))


def _correction(shop: Shop, day: date, goods: Goods) -> Iterator[_Task[StockHands]]:
    """Goods are found, and a day later it turns out that there was one less of them."""
    adjusted: list[Record] = []

    def adjust(hands: StockHands) -> None:
        adjusted.append(hands.adjust(shop.location, goods))

    def edit(hands: StockHands) -> None:
        hands.edit(adjusted[0], {sku: quantity - 1000 for sku, quantity in goods.items()})

    yield _Task(_morning(shop, day), adjust)
    yield _Task(_morning(shop, day + timedelta(days=1)), edit)


def _stocked(world: World) -> list[str]:
    """SKUs of stocked goods that both systems know."""
    return [
        product.sku
        for product in world.products
        if product.item_type == "InvtPart" and product.netsuite_item is not None and product.told_apart_by is None
    ]


def _goods(stocked: Sequence[str], draw: Random, skus: int) -> Goods:
    """Some of the goods, in thousandths of a unit."""
    return {sku: draw.randrange(*_UNITS) * 1000 for sku in draw.sample(stocked, skus)}


def _morning(shop: Shop, day: date) -> datetime:
    return _at(shop, day, _MORNING)


def _at(shop: Shop, day: date, hour: time) -> datetime:
    return datetime.combine(day, hour, tzinfo=ZoneInfo(shop.time_zone)).astimezone(UTC)
