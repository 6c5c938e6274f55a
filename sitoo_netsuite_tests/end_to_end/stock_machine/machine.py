"""The machine: everything that people, tills, weather and runs do to stock, in any order, and what must hold at rest.

Belongs here: the rules, each in terms of the retailer (`world`) and of the truth (`truth`), and the checks. Does not
belong here: how many sequences are tried, which is for whoever runs it.

What must hold at rest, when nothing is in flight, the weather is fine and runs find nothing left to do:
- Sitoo's total, NetSuite's on hand and the truth are the same for every SKU and place.
- What a store moved on a trading day, at its tills, by hand or by shipments in Sitoo, stands in NetSuite's documents of
  that store-day exactly once.
- What a transaction of NetSuite moved stands in Sitoo's movements of that transaction exactly once.
- Nothing that we wrote into one system was written back into the other, and nothing is there twice but what arrived
  when nobody waited for it any more.
- No case of stock is open.
And after any run that read everything and met no bad weather, at rest or not: neither system has more of anything on
hand, and so available, than there is in truth, so that nothing is oversold because of us. What a system does not know
at all (an item that nobody entered) it cannot sell.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

import msgspec
import psycopg
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from sitoo_netsuite.flows.catalogue.netsuite_side import land_items
from sitoo_netsuite.flows.sales.landing import land_orders
from sitoo_netsuite.flows.sales.model import model_days
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.adjusting import plan_adjustments, post_adjustments, verify_adjustments
from sitoo_netsuite.flows.stock.decisions import decide
from sitoo_netsuite.flows.stock.netsuite_landing import land_movements, reread_movements
from sitoo_netsuite.flows.stock.ownership import movement_name
from sitoo_netsuite.flows.stock.push_steps import push_stock
from sitoo_netsuite.flows.stock.sitoo_landing import land_store_movements, reread_warehouse_transactions
from sitoo_netsuite.flows.stock.till_movements import refresh_till_movements
from sitoo_netsuite.netsuite.errors import NetSuiteError
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import ITEM, RECORD_TYPES
from sitoo_netsuite.sandbox.sitoo.stock import Transaction
from sitoo_netsuite.sandbox.world import Shop
from sitoo_netsuite.sitoo.errors import SitooError
from sitoo_netsuite.worklist.store import list_cases
from sitoo_netsuite_tests.end_to_end.stock_machine.truth import Goods, Truth
from sitoo_netsuite_tests.end_to_end.stock_machine.world import (
    KIT,
    NOT_AT_THE_TILLS,
    UNMATCHED,
    Retailer,
    Stage,
)
from sitoo_netsuite_tests.flows.stock.lossy_line import Fate

T = TypeVar("T")

_MOVERS = ("inventoryAdjustment", "inventoryTransfer", "itemFulfillment", "itemReceipt")
_MOST_STEPS = 30
_MOST_ROUNDS = 6
_LATE_COMMIT_SECONDS = 600
# A push that was sent twice is given up after an hour.
_GIVEN_UP_AFTER_MINUTES = 61
_RUN = "our run: "
_NEVER_HEARD = (SitooError, NetSuiteError, psycopg.OperationalError)

_SHOPS = st.integers(0, 2)
_UNITS = st.integers(1, 3)
_SIGNED = st.sampled_from([-3, -1, 1, 2])
_TILL_SKUS = st.integers(0, 3)
_STOCKED_SKUS = st.integers(0, 2)
_BOOKED_SKUS = st.integers(0, 2)
_WEATHER = st.lists(st.sampled_from(Fate), min_size=1, max_size=4)
_STEPS = (
    "read the tills", "model", "plan", "post", "verify", "read Sitoo", "read NetSuite", "read again", "read items",
    "push", "push and compare all", "say yes",
)  # fmt: skip
_EVERYTHING = (
    "read Sitoo", "read again", "read the tills", "model", "plan", "read NetSuite", "push", "say yes", "plan", "post",
    "verify", "read NetSuite", "push and compare all",
)  # fmt: skip


@dataclass(frozen=True)
class _Shipment:
    """Goods on their way in Sitoo, or received; None while nobody received them."""

    receiver: Shop
    sku: str
    units: int
    received: int | None = None


class StockMachine(RuleBasedStateMachine):
    """`stage` is set by whoever runs it. `steps`: how often each kind of step was taken, over all sequences."""

    stage: ClassVar[Stage]
    steps: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.runs = 0
        self.days_passed = 0
        self.adjustments: list[Record] = []
        self.orders: list[tuple[Record, Shop, str]] = []
        self.receipts: list[tuple[Record, Record, Shop, str]] = []
        self.promised: list[tuple[int, Shop, str, int]] = []
        self.shipments: dict[int, _Shipment] = {}
        self.arrived_late: set[str] = set()  # external ids
        self.open = ExitStack()
        self.retailer: Retailer = self.open.enter_context(self.stage.retailer())
        self.shops_by_location = {shop.location: shop for shop in self.retailer.shops}
        first, second = self.retailer.world.products[:2]
        self.goods = (first.sku, second.sku)
        kit = next(product for product in self.retailer.world.products if product.sku == KIT)
        self.truth = Truth({KIT: kit.members})
        for shop in self.retailer.shops:
            for sku in (*self.goods, UNMATCHED, NOT_AT_THE_TILLS):
                self.truth.stock[Goods(shop.key, sku)] = self.retailer.on_hand(shop, sku)

    # ---------------------------------------------------------------- at the tills

    @rule(shop=_SHOPS, sku=_TILL_SKUS, units=_UNITS, days_ago=st.sampled_from([0, 0, 1]))
    def sell(self, shop: int, sku: int, units: int, days_ago: int) -> None:
        self._at_the_till(shop, shop, sku, units, days_ago)

    @rule(shop=_SHOPS, back_to=_SHOPS, sku=_TILL_SKUS, units=_UNITS, days_ago=st.sampled_from([0, 0, 1]))
    def take_back(self, shop: int, back_to: int, sku: int, units: int, days_ago: int) -> None:
        self._at_the_till(shop, back_to, sku, -units, days_ago)

    def _at_the_till(self, shop: int, place: int, sku: int, units: int, days_ago: int) -> None:
        at, to, name = self._shop(shop), self._shop(place), self._till_sku(sku)
        if at.eshopid != to.eshopid:
            to = at
        sold_at = self.retailer.now() - timedelta(days=days_ago)
        what = "sells" if units > 0 else "takes back"
        self._say(
            "sale" if units > 0 else "return",
            f"{at.key} {what} {abs(units)} {name}, {days_ago} days ago, goods at {to.key}",
        )
        self.retailer.sell(at, name, units, sold_at, taken_back_to=None if to is at else to.warehouseid)
        self.truth.sold(sold_at.date(), at.key, to.key, name, units)

    @rule(shop=_SHOPS, sku=_TILL_SKUS, units=_UNITS)
    def sell_for_later(self, shop: int, sku: int, units: int) -> None:
        at, name = self._shop(shop), self._till_sku(sku)
        orderid = self.retailer.sell(at, name, units, self.retailer.now(), for_later=True)
        self._say("sale for later", f"{at.key} sells {units} {name}, to be handed over later: order {orderid}")
        self.promised.append((orderid, at, name, units))

    @rule(shop=_SHOPS, sku=_TILL_SKUS, which=st.integers(0, 9), units=_UNITS)
    def hand_over(self, shop: int, sku: int, which: int, units: int) -> None:
        """Of what was sold for later, all or a part; where there is nothing, something is sold first."""
        if not self.promised:
            self.sell_for_later(shop, sku, 3)
        orderid, at, name, left = self.promised.pop(which % len(self.promised))
        units = min(units, left)
        self._say("delivery", f"{at.key} hands over {units} {name} of order {orderid}")
        self.retailer.hand_over(at, orderid, units, self.retailer.now())
        self.truth.sold(self.retailer.now().date(), at.key, at.key, name, units)
        if units < left:
            self.promised.append((orderid, at, name, left - units))

    # ---------------------------------------------------------------- by hand in Sitoo

    @rule(shop=_SHOPS, sku=_STOCKED_SKUS, units=_SIGNED)
    def move_by_hand_in_sitoo(self, shop: int, sku: int, units: int) -> None:
        at, name = self._shop(shop), self._stocked_sku(sku)
        self._say("movement by hand in Sitoo", f"somebody moves {name} at {at.key} by {units} in Sitoo")
        if units > 0:
            self.retailer.stock.manual_in(at.warehouseid, {name: units * 1000}, "FOUND")
        else:
            self.retailer.stock.manual_out(at.warehouseid, {name: -units * 1000}, "BROKEN")
        self._moved_in_sitoo(at, name, units)

    @rule(shop=_SHOPS, sku=_STOCKED_SKUS, off_by=_SIGNED)
    def count_in_sitoo(self, shop: int, sku: int, off_by: int) -> None:
        at, name = self._shop(shop), self._stocked_sku(sku)
        counted = self.retailer.in_sitoo(at, name) + off_by * 1000
        if counted >= 0:
            self._say("count in Sitoo", f"somebody counts {name} at {at.key} in Sitoo: {off_by} more than it says")
            self.retailer.stock.count(at.warehouseid, {name: counted})
            self._moved_in_sitoo(at, name, off_by)

    def _moved_in_sitoo(self, at: Shop, name: str, units: int) -> None:
        self.truth.moved_in_sitoo(self.retailer.now().date(), at.key, name, units)

    @rule(there=st.booleans(), sku=_STOCKED_SKUS, units=_UNITS)
    def ship(self, there: bool, sku: int, units: int) -> None:
        """From shop to shop, in Sitoo: what is on its way is nowhere."""
        sender, receiver = self._way(there)
        name = self._stocked_sku(sku)
        number = self.retailer.stock.send(sender.warehouseid, receiver.warehouseid, {name: units})
        self._say("shipment", f"{sender.key} ships {units} {name} to {receiver.key} in Sitoo: shipment {number}")
        self._moved_in_sitoo(sender, name, -units)
        self.shipments[number] = _Shipment(receiver, name, units)

    @rule(shop=_SHOPS, sku=_STOCKED_SKUS, units=_UNITS)
    def supply(self, shop: int, sku: int, units: int) -> None:
        """From a supplier, in Sitoo."""
        at, name = self._shop(shop), self._stocked_sku(sku)
        number = self.retailer.stock.send(None, at.warehouseid, {name: units})
        self._say("supply", f"a supplier ships {units} {name} to {at.key}: shipment {number}")
        self.shipments[number] = _Shipment(at, name, units)

    @precondition(lambda self: self.shipments)
    @rule(which=st.integers(0, 9), units=_UNITS)
    def receive_in_sitoo(self, which: int, units: int) -> None:
        """All of a shipment or a part of it; received again, it is corrected."""
        number = sorted(self.shipments)[which % len(self.shipments)]
        self._receive_in_sitoo(number, min(units, self.shipments[number].units))

    def _receive_in_sitoo(self, number: int, units: int) -> None:
        shipment = self.shipments[number]
        self._say("shipment received", f"{shipment.receiver.key} receives {units} of shipment {number} in Sitoo")
        self.retailer.stock.receive(number, {shipment.sku: units})
        self._moved_in_sitoo(shipment.receiver, shipment.sku, units - (shipment.received or 0))
        self.shipments[number] = replace(shipment, received=units)

    # ---------------------------------------------------------------- in NetSuite

    @rule(shop=_SHOPS, sku=_BOOKED_SKUS, units=_SIGNED)
    def adjust(self, shop: int, sku: int, units: int) -> None:
        at, name = self._shop(shop), self._booked_sku(sku)
        self._say("adjustment", f"somebody adjusts {name} at {at.key} by {units} in NetSuite")
        record = self.retailer.hands.adjust(at.location, {name: units * 1000})
        self.adjustments.append(record)
        self._moved(record, {Goods(at.key, name): units * 1000})

    @rule(shop=_SHOPS, which=st.integers(0, 9), sku=_BOOKED_SKUS, units=_SIGNED, read=st.booleans())
    def edit(self, shop: int, which: int, sku: int, units: int, read: bool) -> None:
        """An adjustment, which may have been read in the very second of its change."""
        if not self.adjustments:
            self.adjust(shop, sku, 1)
        if read:
            self._run("read NetSuite")
        which %= len(self.adjustments)
        record, name = self.adjustments[which], self._booked_sku(sku)
        at = self.shops_by_location[int(str(record.fields["adjLocation"]))]
        self._say("adjustment edited", f"adjustment {record.internal_id} at {at.key} becomes {name} by {units}")
        self.adjustments[which] = self.retailer.hands.edit(record, {name: units * 1000})
        self._moved(record, {Goods(at.key, name): units * 1000})

    @rule(shop=_SHOPS, which=st.integers(0, 9), sku=_BOOKED_SKUS)
    def delete(self, shop: int, which: int, sku: int) -> None:
        if not self.adjustments:
            self.adjust(shop, sku, 1)
            self._run_all("read NetSuite", "push")
        record = self.adjustments.pop(which % len(self.adjustments))
        self._say("adjustment deleted", f"somebody deletes adjustment {record.internal_id}")
        self.retailer.hands.delete(record)
        self._moved(record, {})

    @rule(shop=_SHOPS, sku=st.integers(0, 1), off_by=_SIGNED)
    def count_in_netsuite(self, shop: int, sku: int, off_by: int) -> None:
        at, name = self._shop(shop), self._booked_sku(sku)
        self._say("count in NetSuite", f"somebody counts {name} at {at.key} in NetSuite: {off_by} more than it says")
        counted = self.retailer.on_hand(at, name) + off_by * 1000
        record = self.retailer.hands.count(at.location, {name: counted})
        assert record is not None
        self._moved(record, {Goods(at.key, name): off_by * 1000})

    @rule(there=st.booleans(), sku=st.integers(0, 1), units=_UNITS)
    def transfer(self, there: bool, sku: int, units: int) -> None:
        sender, receiver = self._way(there)
        name = self._booked_sku(sku)
        self._say("transfer", f"{units} {name} change from {sender.key} to {receiver.key} in NetSuite")
        record = self.retailer.hands.transfer(sender.location, receiver.location, {name: units * 1000})
        self._moved(record, {Goods(sender.key, name): -units * 1000, Goods(receiver.key, name): units * 1000})

    @rule(there=st.booleans(), sku=st.integers(0, 1), units=_UNITS)
    def send(self, there: bool, sku: int, units: int) -> None:
        """By a transfer order: what is on its way is nowhere."""
        sender, receiver = self._way(there)
        name = self._booked_sku(sku)
        order = self.retailer.hands.order_transfer(sender.location, receiver.location, {name: units * 1000})
        self._say("transfer order sent", f"{sender.key} sends {receiver.key} {units} {name}: order {order.internal_id}")
        sent = self.retailer.hands.send(order)
        self._moved(sent, {Goods(sender.key, name): -units * 1000})
        self.orders.append((order, receiver, name))

    @rule(shop=_SHOPS, which=st.integers(0, 9), sku=_BOOKED_SKUS, units=_UNITS)
    def receive(self, shop: int, which: int, sku: int, units: int) -> None:
        """Of what was sent or ordered, all or a part; where nothing is, something is bought first."""
        coming = [entry for entry in self.orders if self._left_to_receive(entry[0])]
        if not coming:
            coming = [self._purchase(self._shop(shop), self._booked_sku(sku), 3)]
        order, at, name = coming[which % len(coming)]
        left = self._left_to_receive(order)
        units = min(units, left)
        self._say("receipt", f"{units} of {left} {name} of order {order.internal_id} come in at {at.key}")
        receipt = self.retailer.hands.receive(order, {name: units * 1000})
        self.receipts.append((receipt, order, at, name))
        self._moved(receipt, {Goods(at.key, name): units * 1000})

    @precondition(lambda self: self.receipts)
    @rule(which=st.integers(0, 9), units=_UNITS)
    def correct_a_receipt(self, which: int, units: int) -> None:
        which %= len(self.receipts)
        receipt, order, at, name = self.receipts[which]
        held = self.truth.netsuite[receipt.internal_id][Goods(at.key, name)] // 1000
        units = min(units, held + self._left_to_receive(order))
        number = receipt.internal_id
        self._say("receipt corrected", f"item receipt {number} is corrected from {held} to {units} {name}")
        corrected = self.retailer.correct_receipt(receipt, units)
        self.receipts[which] = (corrected, order, at, name)
        self._moved(corrected, {Goods(at.key, name): units * 1000})

    @precondition(lambda self: self.receipts)
    @rule(which=st.integers(0, 9))
    def take_a_receipt_back(self, which: int) -> None:
        receipt, *_ = self.receipts.pop(which % len(self.receipts))
        self._say("receipt deleted", f"item receipt {receipt.internal_id} was a mistake and is deleted")
        self.retailer.hands.delete(receipt)
        self._moved(receipt, {})

    def _purchase(self, at: Shop, name: str, units: int) -> tuple[Record, Shop, str]:
        order = self.retailer.hands.purchase(at.location, {name: units * 1000})
        self._say("purchase order", f"{at.key} orders {units} {name} from a supplier: order {order.internal_id}")
        self.orders.append((order, at, name))
        return self.orders[-1]

    def _left_to_receive(self, order: Record) -> int:
        lines = self.retailer.account.left_to_do(order, RECORD_TYPES["itemReceipt"])
        return sum(int(Decimal(str(line["quantity"]))) for line in lines)

    # ---------------------------------------------------------------- what lacked comes to be

    @rule()
    def netsuite_gets_the_item(self) -> None:
        self._make_the_item()

    @rule()
    def sitoo_gets_the_product(self) -> None:
        self._make_the_product()

    def _make_the_item(self) -> None:
        if not self._knows_item():
            self._say("item entered", f"somebody enters {UNMATCHED} into NetSuite")
            self.retailer.make_item(UNMATCHED)

    def _make_the_product(self) -> None:
        if NOT_AT_THE_TILLS not in self.retailer.catalogue.skus(1):
            self._say("product entered", f"somebody enters {NOT_AT_THE_TILLS} into Sitoo")
            self.retailer.make_product(NOT_AT_THE_TILLS)

    # ---------------------------------------------------------------- time and weather

    @rule(minutes=st.sampled_from([1, 20]))
    def time_passes(self, minutes: int) -> None:
        # NetSuite is at no request for longer than a quarter of an hour (reference netsuite-api, 3.1).
        if minutes > 15:
            self._let_late_arrive()
        self._say("time passed", f"{minutes} minutes pass")
        self.retailer.later(minutes=minutes)

    @precondition(lambda self: self.days_passed < 1)
    @rule()
    def a_new_day(self) -> None:
        self._say("time passed", "the next day begins")
        self.days_passed += 1
        self._let_late_arrive()
        self.retailer.later(days=1)

    @rule(fates=_WEATHER)
    def goods_go_to_sitoo_in_bad_weather(self, fates: list[Fate]) -> None:
        self._say("bad weather to Sitoo", f"what next writes to Sitoo: {', '.join(fate.value for fate in fates)}")
        self.retailer.sitoo_door.fates += fates
        self._run_all("read NetSuite", "push")

    @rule(fates=_WEATHER)
    def goods_go_to_netsuite_in_bad_weather(self, fates: list[Fate]) -> None:
        self._say("bad weather to NetSuite", f"what next writes to NetSuite: {', '.join(fate.value for fate in fates)}")
        self.retailer.netsuite_door.fates += fates
        self._run_all("read the tills", "model", "plan", "post")

    @rule()
    def what_is_late_arrives(self) -> None:
        self._let_late_arrive()

    @rule(late=st.booleans())
    def movements_of_the_tills_commit(self, late: bool) -> None:
        self._say("late commits", f"from now on the tills' movements are there {'late' if late else 'at once'}")
        self.retailer.set_late_commits(_LATE_COMMIT_SECONDS if late else None)

    # ---------------------------------------------------------------- our runs

    @rule(steps=st.lists(st.sampled_from(_STEPS), min_size=1, max_size=4))
    def run(self, steps: list[str]) -> None:
        self._run_all(*steps)

    @rule(step=st.sampled_from(_STEPS), after=st.integers(0, 4), arrives=st.booleans())
    def run_that_is_killed(self, step: str, after: int, arrives: bool) -> None:
        self._run_killed(step, after, arrives)

    @rule(shop=_SHOPS, sku=st.integers(0, 1), after=st.integers(0, 3), arrives=st.booleans())
    def push_that_is_killed(self, shop: int, sku: int, after: int, arrives: bool) -> None:
        self.adjust(shop, sku, 2)
        self._run("read NetSuite")
        self._run_killed("push", after, arrives)

    @rule(shop=_SHOPS, sku=_TILL_SKUS, after=st.integers(0, 4), arrives=st.booleans())
    def posting_that_is_killed(self, shop: int, sku: int, after: int, arrives: bool) -> None:
        self._at_the_till(shop, shop, sku, 1, 0)
        self._run_all("read the tills", "model", "plan")
        self._run_killed("post", after, arrives)

    def _run_killed(self, step: str, after: int, arrives: bool) -> None:
        killing = self.retailer.killing
        killing.after, killing.arrives = after, arrives
        self._run(step)
        if killing.dead:
            self._say("killed", "... and is killed")
            self.retailer.connect_again()
        killing.live_again()

    @rule()
    def run_everything(self) -> None:
        """A run that reads everything in fine weather; what may be in flight then is in flight no more."""
        self._say("run of everything", "the weather is fine, and a run does everything")
        self._run("read items")
        self._fine_weather()
        self._run_all(*_EVERYTHING)
        if self._in_doubt():
            # Sent twice and seen by nobody: it is not sent a third time before it is given up. Until then a case says
            # what that store's stock lacks.
            cases = {case["kind"] for case in list_cases(self.retailer.connection)}
            assert "stock_push_failed" in cases, self._told("a push is in doubt, and no case says so")
            self._say("time passed", "the push in doubt is waited for")
            self.retailer.later(minutes=_GIVEN_UP_AFTER_MINUTES)
            self._run_all(*_EVERYTHING)
        self._check_nothing_is_oversold()

    def _run(self, step: str) -> None:
        """A step of a run. In bad weather it may fail: the next one has to cope."""
        self.steps[f"step: {step}"] += 1
        if self.said and self.said[-1].startswith(_RUN):
            self.said[-1] += f", {step}"
        else:
            self.said.append(_RUN + step)
        doors = (self.retailer.sitoo_door, self.retailer.netsuite_door)
        for door in doors:
            door.struck.clear()
        try:
            self._work()[step]()
        except _NEVER_HEARD as error:
            bad = [fate for door in doors for fate in door.struck if fate is not Fate.ARRIVES]
            assert bad or self.retailer.killing.dead, self._told(f"{step} failed in fine weather: {error}")
            self._say("failed step", f"... which fails: {type(error).__name__}")
        for door in doors:
            self.steps.update(f"weather: {fate.value}" for fate in door.struck)

    def _work(self) -> dict[str, Callable[[], Any]]:
        at = self.retailer
        connection, estate, now = at.connection, at.estate, at.now
        first, last = at.first_day, at.last_day
        self.runs += 1
        run_id = f"run {self.runs}"

        def read_again() -> None:
            at.ask(lambda client: reread_movements(connection, client, estate, first, now()))
            reread_warehouse_transactions(connection, at.sitoo, estate, first, now())

        def plan() -> None:
            refresh_till_movements(connection, first, last)
            plan_adjustments(connection, first, last, estate, now(), run_id)

        return {
            "read the tills": lambda: land_orders(connection, at.sitoo, first, now().date(), estate, now()),
            "model": lambda: model_days(connection, first, last, estate, now()),
            "plan": plan,
            "post": lambda: at.ask(
                lambda client: post_adjustments(connection, client, first, last, estate, now, run_id)
            ),
            "verify": lambda: at.ask(lambda client: verify_adjustments(connection, client, first, last, now, run_id)),
            "read Sitoo": lambda: land_store_movements(connection, at.sitoo, estate, now(), (first, last)),
            "read NetSuite": lambda: at.ask(lambda client: land_movements(connection, client, estate, now())),
            "read again": read_again,
            "read items": lambda: at.ask(lambda client: land_items(connection, client, estate, now())),
            "say yes": self._say_yes,
            "push": lambda: push_stock(connection, at.sitoo, estate, now, run_id, whole=False),
            "push and compare all": lambda: push_stock(connection, at.sitoo, estate, now, run_id, whole=True),
        }

    def _say_yes(self) -> None:
        """People say of everything that waits for their word that the other system is told of it."""
        at = self.retailer
        kinds = ("stock_movement_to_approve", "stock_made_in_netsuite")
        names = {movement_name(case["record"]) for case in list_cases(at.connection) if case["kind"] in kinds}
        if names:
            decide(at.connection, at.estate, names, carried=True, who="somebody", reason=None, now=at.now())

    def _run_all(self, *steps: str) -> None:
        for step in steps:
            self._run(step)

    # ---------------------------------------------------------------- at rest

    def teardown(self) -> None:
        with self.open:
            # A sequence that failed is not at rest, and what failed is what is told.
            if sys.exc_info()[0] is None:
                self._come_to_rest()
                self._check_rest()
                self.steps["sequence"] += 1

    def _come_to_rest(self) -> None:
        """Everything arrives, what lacked is there, and runs go on until they find nothing to do."""
        self._say("rest", "everything comes to rest")
        # What came short of a shipment is a case of its own, until the reception is corrected.
        for number, shipment in self.shipments.items():
            if shipment.received not in (None, shipment.units):
                self._receive_in_sitoo(number, shipment.units)
        self._make_the_item()
        self._make_the_product()
        self._run("read items")
        self._fine_weather()
        for _ in range(_MOST_ROUNDS):
            before = self._written()
            self._run_all(*_EVERYTHING)
            if self._written() == before and not self._in_doubt():
                return
            self.retailer.later(minutes=20)
        raise AssertionError(self._told(f"runs still write after {_MOST_ROUNDS} rounds"))

    def _fine_weather(self) -> None:
        self._let_late_arrive()
        for door in (self.retailer.sitoo_door, self.retailer.netsuite_door):
            door.fates.clear()
        self.retailer.set_late_commits(None)
        self.retailer.later(seconds=_LATE_COMMIT_SECONDS)

    def _let_late_arrive(self) -> None:
        to_sitoo = self.retailer.sitoo_door.let_late_arrive()
        to_netsuite = self.retailer.netsuite_door.let_late_arrive()
        if arrived := len(to_sitoo) + len(to_netsuite):
            self._say("late arrival", f"{arrived} requests arrive that nobody waits for any more")
        self.arrived_late |= {push["externalid"] for body in to_sitoo for push in msgspec.json.decode(body)}

    def _written(self) -> tuple[int, int]:
        """How much was ever written into either system."""
        return len(self.retailer.stock.levels.committed(0)), len(self._documents())

    def _in_doubt(self) -> bool:
        """Whether a push waits to be given up, since nobody ever saw it."""
        at = self.retailer
        return bool(push_book.in_doubt(at.connection, push_book.places(at.connection, at.estate)))

    def _check_nothing_is_oversold(self) -> None:
        for goods, there in self.truth.stock.items():
            shop = self._by_key(goods.place)
            if goods.sku == NOT_AT_THE_TILLS and goods.sku not in self.retailer.catalogue.skus(shop.eshopid):
                continue
            if goods.sku == UNMATCHED and not self._knows_item():
                continue
            for name, shown in (
                ("NetSuite", self.retailer.on_hand(shop, goods.sku)),
                ("Sitoo", self.retailer.in_sitoo(shop, goods.sku)),
            ):
                assert shown <= there, self._told(
                    f"after a run that read everything {name} has {shown} of {goods.sku} at {goods.place}, in truth "
                    f"there are {there}"
                )

    def _check_rest(self) -> None:
        off = [
            f"{goods.sku} at {goods.place}: {there} in truth, {sitoo} in Sitoo, {netsuite} in NetSuite"
            for goods, there in sorted(self.truth.stock.items())
            if not (
                (sitoo := self.retailer.in_sitoo(self._by_key(goods.place), goods.sku))
                == (netsuite := self.retailer.on_hand(self._by_key(goods.place), goods.sku))
                == there
            )
        ]
        assert not off, self._told("at rest they do not agree: " + "; ".join(off))
        assert self._adjusted() == _some(self.truth.stores), self._told(
            f"the stores' goods are not in NetSuite once: {self._adjusted()} instead of {_some(self.truth.stores)}"
        )
        by_hand = {
            (transaction, goods): quantity
            for transaction, quantities in self.truth.netsuite.items()
            for goods, quantity in quantities.items()
        }
        times = Counter(movement.externalid for movement in self._movements_of_ours())
        twice = [push for push, count in times.items() if count > 1 and push not in self.arrived_late]
        assert not twice, self._told(f"sent to Sitoo again though it was there: {', '.join(map(str, twice))}")
        cases = [f"{case['kind']} {case['key']}" for case in list_cases(self.retailer.connection)]
        assert not cases, self._told(f"there are open cases at rest: {', '.join(cases)}")
        moved, pieces = self._pushed()
        assert moved == _some(by_hand), self._told(
            f"what people moved in NetSuite is not in Sitoo once: {moved} instead of {_some(by_hand)}"
        )
        assert pieces == _some(self.truth.pieces), self._told(
            f"of what we wrote into NetSuite Sitoo was told {pieces}, and kits have {_some(self.truth.pieces)}"
        )

    def _adjusted(self) -> dict[tuple[date, str, Goods], int]:
        """What our documents move in NetSuite's shops, as the truth counts what the stores moved."""
        found: Counter[tuple[date, str, Goods]] = Counter()
        for record in self._documents():
            if (of := _store_day(record)) is not None:
                assert record.posting is not None
                for movement in record.posting.movements:
                    if movement.location in self.shops_by_location:
                        goods = Goods(self.shops_by_location[movement.location].key, self._sku(movement.item))
                        found[*of, goods] += int(movement.quantity.scaleb(3))
        return _some(found)

    def _pushed(self) -> tuple[dict[tuple[int, Goods], int], dict[tuple[date, str, Goods], int]]:
        """What our movements in Sitoo move: by the transaction that people made in NetSuite, and by the store-day of
        an adjustment of ours.
        """
        ours = {record.internal_id: of for record in self._documents() if (of := _store_day(record)) is not None}
        by_hand: Counter[tuple[int, Goods]] = Counter()
        by_us: Counter[tuple[date, str, Goods]] = Counter()
        for movement in self._movements_of_ours():
            transaction = int(str(movement.externalid).split("-")[1])
            place = self._by_warehouse(movement.warehouseid).key
            for entry in movement.entries:
                goods = Goods(place, entry.sku)
                if transaction in ours:
                    by_us[*ours[transaction], goods] += entry.quantity_milli
                else:
                    by_hand[transaction, goods] += entry.quantity_milli
        return _some(by_hand), _some(by_us)

    def _movements_of_ours(self) -> list[Transaction]:
        """What we wrote into Sitoo."""
        committed = (movement for _, movement in self.retailer.stock.levels.committed(0))
        return [movement for movement in committed if (movement.externalid or "").startswith("NS-")]

    # ---------------------------------------------------------------- names

    def _say(self, kind: str, what: str) -> None:
        """Something happens, in words."""
        self.steps[kind] += 1
        self.said.append(what)

    def _told(self, what: str) -> str:
        """A failure in words, with all that led to it."""
        return "\n".join([what, "What happened:", *(f"  {number}. {said}" for number, said in enumerate(self.said, 1))])

    def _moved(self, record: Record, quantities: Mapping[Goods, int]) -> None:
        self.truth.moved_in_netsuite(record.internal_id, quantities)

    def _documents(self) -> list[Record]:
        account = self.retailer.account
        kinds = [kind for kind in RECORD_TYPES.values() if kind.name in _MOVERS]
        return [account.get(kind, internal_id) for kind in kinds for internal_id in account.ids(kind)]

    def _knows_item(self) -> bool:
        try:
            self.retailer.account.item_by_sku(UNMATCHED)
        except KeyError:
            return False
        return True

    def _till_sku(self, sku: int) -> str:
        return (*self.goods, KIT, UNMATCHED)[sku]

    def _stocked_sku(self, sku: int) -> str:
        """Of what Sitoo keeps stock of."""
        return (*self.goods, UNMATCHED)[sku]

    def _booked_sku(self, sku: int) -> str:
        return (*self.goods, NOT_AT_THE_TILLS)[sku]

    def _sku(self, item: int) -> str:
        return str(self.retailer.account.referred(ITEM, item).fields["itemId"])

    def _shop(self, shop: int) -> Shop:
        return self.retailer.shops[shop]

    def _way(self, there: bool) -> tuple[Shop, Shop]:
        """The two shops of one company, the sender first."""
        first, _, third = self.retailer.shops
        return (first, third) if there else (third, first)

    def _by_key(self, key: str) -> Shop:
        return next(shop for shop in self.retailer.shops if shop.key == key)

    def _by_warehouse(self, warehouseid: int) -> Shop:
        return next(shop for shop in self.retailer.shops if shop.warehouseid == warehouseid)


def run_sequences(machine: type[StockMachine], sequences: int, first_seed: int, *, shortened: bool) -> None:
    """Runs so many sequences, the same ones for a seed. Raises what the first one that fails raises; its steps stand in
    the exception's text in words, and in its notes as calls that do it again. shortened: the sequence is first made as
    short as can be, which takes minutes.
    """
    how = settings(
        max_examples=sequences,
        stateful_step_count=_MOST_STEPS,
        deadline=None,
        database=None,
        # A sequence takes a second, and that is what it is.
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        phases=(Phase.generate, Phase.shrink) if shortened else (Phase.generate,),
    )
    run_state_machine_as_test(seed(first_seed)(machine), settings=how)


def _store_day(record: Record) -> tuple[date, str] | None:
    """The trading day and store that a document of ours is of; None of what others made."""
    if record.external_id is None or not record.external_id.startswith(("IA-", "IT-")):
        return None
    _, store, day, _ = record.external_id.split("-")
    return date.fromisoformat(day), store


def _some(quantities: Mapping[T, int]) -> dict[T, int]:
    """Those that are not 0."""
    return {key: quantity for key, quantity in quantities.items() if quantity}
