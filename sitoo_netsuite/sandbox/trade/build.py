"""Puts a trade in order of arrival, gives it its ids, and writes it down.

Belongs here: orderids (in order of arrival over all shops, as Sitoo gives them), links between orders, versions, and
batching. Does not belong here: what happened (`till`) and what it looks like (`render`). `record_trade` takes any
source of till days: the made-up one (`behaviour`), or a replayed file.

Memory holds one till day of all shops and what is still on its way, however long the trade.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from sitoo_netsuite.sandbox.trade.behaviour import till_days
from sitoo_netsuite.sandbox.trade.render import delivery_json, order_json, z_report_json
from sitoo_netsuite.sandbox.trade.store import (
    DeliveryRow,
    OrderVersion,
    TradeStore,
    ZReportVersion,
)
from sitoo_netsuite.sandbox.trade.till import Basket, Delivery, Session, TillDay
from sitoo_netsuite.sandbox.world import World, opening_stock

# Every second orderid is left free, for orders that a planted fault lets arrive in between (`sandbox/faults`).
FIRST_ORDERID, _ORDERID_STEP = 20_001, 2
_FIRST_DELIVERY = 50_001
_BATCH = 2_000


def build_trade(world: World, receipts_per_store_day: int, path: Path) -> TradeStore:
    """The whole made-up trade of a world, in a new file at `path`.

    `receipts_per_store_day` counts till sales and returns; what is no receipt (web orders, parked carts...) comes on
    top. Raises FileExistsError when the path is taken.
    """
    return record_trade(world, till_days(world, receipts_per_store_day), path)


def record_trade(world: World, days: Iterable[TillDay], path: Path) -> TradeStore:
    """A trade from any source of till days, in a new file at `path`.

    Raises ValueError when a return or exchange names a receipt that no basket has.
    """
    store = TradeStore.create(path)
    # What cannot be sold is for what comes back, and nothing has yet.
    for warehouse in (place for place in world.warehouses if place.sellable):
        store.set_opening_stock(warehouse.warehouseid, opening_stock(world, warehouse.warehouseid))
    recorder = _Recorder(store)
    for day in days:
        recorder.take(day)
    recorder.finish()
    return store


class _Arrival(NamedTuple):
    """One piece of news. Order of arrival is (`arrives`, `turn`), the turn being the order in which news was taken."""

    arrives: int
    turn: int
    basket: Basket | None = None
    stage: int = 0
    delivery: Delivery | None = None
    session: Session | None = None


class _Recorder:
    def __init__(self, store: TradeStore) -> None:
        self._store = store
        self._pending: list[_Arrival] = []
        self._turn = 0
        self._next_orderid = FIRST_ORDERID
        self._next_delivery = _FIRST_DELIVERY
        # Orders with news still to come, by the identity of their basket.
        self._orderids: dict[int, int] = {}
        self._news_to_come: dict[int, int] = {}
        self._receipts: dict[str, int] = {}
        self._orders: list[OrderVersion] = []
        self._deliveries: list[DeliveryRow] = []
        self._z_reports: list[ZReportVersion] = []

    def take(self, day: TillDay) -> None:
        for basket in day.baskets:
            self._news_to_come[id(basket)] = len(basket.stages) + len(basket.deliveries)
            for number, stage in enumerate(basket.stages):
                self._expect(_Arrival(stage.arrives, self._turn, basket=basket, stage=number))
            for delivery in basket.deliveries:
                self._expect(_Arrival(delivery.arrives, self._turn, basket=basket, delivery=delivery))
        for session in day.sessions:
            self._expect(_Arrival(session.arrives, self._turn, session=session))
        self._record(day.settled_until)

    def finish(self) -> None:
        self._record(None)

    def _expect(self, arrival: _Arrival) -> None:
        self._pending.append(arrival)
        self._turn += 1

    def _record(self, until: int | None) -> None:
        """Writes what arrives before `until`; everything when it is None."""
        self._pending.sort(key=lambda arrival: (arrival.arrives, arrival.turn))
        due = [arrival for arrival in self._pending if until is None or arrival.arrives < until]
        self._pending = self._pending[len(due) :]
        # Ids first: the two halves of an exchange name each other.
        for arrival in due:
            if arrival.basket is not None and arrival.delivery is None and arrival.stage == 0:
                self._orderids[id(arrival.basket)] = self._next_orderid
                if arrival.basket.receipt:
                    self._receipts[arrival.basket.receipt] = self._next_orderid
                self._next_orderid += _ORDERID_STEP
        for arrival in due:
            if arrival.session is not None:
                self._z_reports.append(recorded_z_report(arrival.session))
            elif arrival.basket is not None:
                if arrival.delivery is not None:
                    self._write_delivery(arrival.basket, arrival.delivery)
                else:
                    self._write_order(arrival.basket, arrival.stage)
                self._forget_when_done(arrival.basket)
            if len(self._orders) >= _BATCH:
                self._flush()
        self._flush()
        # From here on they are found in the file.
        self._receipts.clear()

    def _forget_when_done(self, basket: Basket) -> None:
        self._news_to_come[id(basket)] -= 1
        if self._news_to_come[id(basket)] == 0:
            del self._news_to_come[id(basket)], self._orderids[id(basket)]

    def _flush(self) -> None:
        self._store.write(self._orders, self._deliveries, self._z_reports)
        self._orders.clear()
        self._deliveries.clear()
        self._z_reports.clear()

    def _orderid_of(self, receipt: str | None) -> int | None:
        if receipt is None:
            return None
        orderid = self._receipts.get(receipt) or self._store.orderid_of(receipt)
        if orderid is None:
            raise ValueError(f"receipt {receipt} is named by a return or an exchange, but has not arrived before it")
        return orderid

    def _write_order(self, basket: Basket, number: int) -> None:
        orderid = self._orderids[id(basket)]
        original = self._orderid_of(basket.returns)
        self._orders.append(recorded_order(basket, number, orderid, original, self._orderid_of(basket.swapped_with)))

    def _write_delivery(self, basket: Basket, delivery: Delivery) -> None:
        orderid = self._orderids[id(basket)]
        body = delivery_json(basket, delivery, orderid, self._next_delivery)
        self._deliveries.append(
            DeliveryRow(
                orderdeliveryid=self._next_delivery,
                orderid=orderid,
                warehouseid=basket.warehouseid,
                visible_from=delivery.arrives,
                datedelivery=delivery.moment,
                body=msgspec.json.encode(body).decode(),
            )
        )
        self._next_delivery += 1


def recorded_order(
    basket: Basket, number: int, orderid: int, original_orderid: int | None, swapped_orderid: int | None
) -> OrderVersion:
    """A stage of a basket (0 the first) as the trade file keeps it; the orders it names are those of `order_json`."""
    stage = basket.stages[number]
    body = order_json(basket, stage, orderid, original_orderid, swapped_orderid)
    return OrderVersion(
        orderid=orderid,
        version=number + 1,
        visible_from=stage.arrives,
        orderdate=basket.moment,
        eshopid=basket.eshopid,
        registerid=body["registerid"],
        warehouseid=basket.warehouseid,
        orderstateid=stage.state.orderstate,
        paymentstateid=stage.state.paymentstate,
        ordertypeid=stage.state.ordertype,
        externalid=basket.external_id,
        receiptid=body["additionaldata"].get("pos-receiptid"),
        creditorderid=original_orderid,
        email=body["email"],
        body=msgspec.json.encode(body).decode(),
    )


def recorded_z_report(session: Session) -> ZReportVersion:
    """A session's Z-report as the trade file keeps it."""
    body = z_report_json(session)
    return ZReportVersion(
        registerid=session.register.registerid,
        zreportid=session.number,
        version=1,
        visible_from=session.arrives,
        dateadded=session.arrives,
        eshopid=session.shop.eshopid,
        store_id=body["store_id"],
        body=msgspec.json.encode(body).decode(),
    )
