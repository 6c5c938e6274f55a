"""Sitoo's event notifications: what happens, told to whoever asked for it (reference 1.9).

Belongs here: which events there are and how they look, the queue, and sending it. Does not belong here: who receives
them, what becomes of them there, and when the sandbox's clock moves.

Known: arrays of one to ten in order, 15 seconds for a 200, temporary refusals that block the queue, all others drop
what they refuse, duplicates. Inferred: what the data of other events than orders looks like, the names of an order
delivery's fields, and that a connection that fails is tried again like one that takes too long.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from threading import Event, Lock, Thread
from typing import Any, NamedTuple

import httpx

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.shipments import CANCELLED, IN_TRANSIT, NEW, RECEIVED, ShipmentNews
from sitoo_netsuite.sandbox.sitoo.stock import Transaction
from sitoo_netsuite.sandbox.sitoo.stockroom import Stockroom
from sitoo_netsuite.sandbox.trade.store import DeliveryNews, OrderNews, TradeStore, ZReportNews
from sitoo_netsuite.sandbox.world import World

_MOST_IN_A_REQUEST = 10
_ANSWER_SECONDS = 15
_TEMPORARY = (429, 503, 504)
# Tries within the first hour, and all of them: hourly until a day is over. Later ones are so much further apart.
_FIRST_TRIES, _MOST_TRIES, _SLOWER = 10, 33, 10
_ORDER_STATES = {0: "open", 10: "closed", 20: "cancelled"}
_SHIPMENT_STATES = {NEW: "new", IN_TRANSIT: "in-transit", RECEIVED: "received", CANCELLED: "cancelled"}

Data = dict[str, Any]


class Sent(NamedTuple):
    """What came of sending: events that were taken, that were refused for good, and that still wait."""

    taken: int
    dropped: int
    waiting: int


class _Happened(NamedTuple):
    moment: int
    event_type: str
    data: Data


@dataclass(slots=True)
class _Queued:
    event: dict[str, Any]
    again: bool = False


class EventSender:
    """Tells `url` of everything that happens from now on, by the sandbox's clock. Thread-safe.

    `url` is that of the receiver's `/events`; `credential` a name and password of Basic authentication, the receiver's
    own. Nothing is sent but by `send`, or while `sending_events` lasts.
    """

    def __init__(
        self,
        world: World,
        store: TradeStore,
        clock: SandboxClock,
        stock: Stockroom,
        settings: SitooSettings,
        *,
        url: str,
        credential: tuple[str, str] | None = None,
    ) -> None:
        self._account = int(world.account_id)
        self._sites = {warehouse.warehouseid: warehouse.eshopid for warehouse in world.warehouses}
        self._store = store
        self._clock = clock
        self._stock = stock
        self._settings = settings
        self._url = url
        self._client = httpx.Client(auth=credential, timeout=_ANSWER_SECONDS)
        self._draw = Random(f"{world.seed}/events")
        self._lock = Lock()
        self._closed = Event()
        self._queue: deque[_Queued] = deque()
        self._tries = 0  # of what is first in the queue
        self._numbered = 0
        now = clock.epoch()
        self._orders = store.all_seen("orders", now)
        self._deliveries = store.all_seen("deliveries", now)
        self._z_reports = store.all_seen("z_reports", now)
        self._transactions = len(stock.levels.committed(0))
        self._shipments = len(stock.shipments.news(0))

    def send(self) -> Sent:
        """Sends what has happened since the last call and what still waits, until all is sent or must wait."""
        with self._lock:
            self._collect()
            taken = dropped = 0
            while self._queue and not self._closed.is_set():
                batch = [self._queue[place] for place in range(min(_MOST_IN_A_REQUEST, len(self._queue)))]
                status = self._post([queued.event for queued in batch])
                if status is None or status in _TEMPORARY:
                    self._tries += 1
                    if self._tries < _MOST_TRIES:
                        break
                self._tries = 0
                for _ in batch:
                    self._queue.popleft()
                if status == httpx.codes.OK:
                    taken += len(batch)
                    self._send_again(batch)
                else:
                    dropped += len(batch)
            return Sent(taken, dropped, len(self._queue))

    def pause_seconds(self, otherwise: float) -> float:
        """How long to wait before the next `send`: that of a retry where one is due, `otherwise` where none is."""
        with self._lock:
            if not self._tries:
                return otherwise
            seconds = self._settings.event_retry_seconds
            return seconds if self._tries < _FIRST_TRIES else seconds * _SLOWER

    def close(self) -> None:
        """Sends nothing more, once a request that is under way is answered."""
        self._closed.set()
        with self._lock:
            self._client.close()

    def _post(self, events: list[dict[str, Any]]) -> int | None:
        """The status of the answer; None where there was none in time."""
        try:
            return self._client.post(self._url, json=events).status_code
        except httpx.TransportError:
            return None

    def _send_again(self, batch: list[_Queued]) -> None:
        for queued in batch:
            if not queued.again and self._draw.random() < self._settings.event_duplicates:
                self._queue.append(_Queued(queued.event, again=True))

    # ---------------------------------------------------------------- what has happened

    def _collect(self) -> None:
        now = self._clock.epoch()
        self._orders, orders = self._store.arrived_orders(self._orders, now)
        self._deliveries, deliveries = self._store.arrived_deliveries(self._deliveries, now)
        self._z_reports, z_reports = self._store.arrived_z_reports(self._z_reports, now)
        moves = self._stock.levels.committed(self._transactions)
        shipments = self._stock.shipments.news(self._shipments)
        self._transactions += len(moves)
        self._shipments += len(shipments)
        happened = [
            *(_Happened(one.visible_from, "order", _of_order(one)) for one in orders),
            *(self._happened(one.visible_from, "order-delivery", self._of_delivery, one) for one in deliveries),
            *(self._happened(moment, "warehouse-transaction", self._of_transaction, one) for moment, one in moves),
            *(self._happened(one.moment, "shipment", _of_shipment, one) for one in shipments),
            *(self._happened(one.visible_from, "z-report", _of_z_report, one) for one in z_reports),
        ]
        happened.sort(key=lambda one: one.moment)
        for place in range(len(happened) - 1):
            if self._draw.random() < self._settings.event_swaps:
                happened[place], happened[place + 1] = happened[place + 1], happened[place]
        self._queue.extend(_Queued(self._event(one)) for one in happened)

    def _happened(self, moment: int, event_type: str, shape: Callable[[Any], Data], one: object) -> _Happened:
        """An event whose data is not known for certain."""
        data = {} if self._settings.unknown_event_data == "empty" else shape(one)
        return _Happened(moment, event_type, data)

    def _event(self, happened: _Happened) -> dict[str, Any]:
        self._numbered += 1
        return {
            "event_id": uuid.uuid5(uuid.NAMESPACE_URL, f"{self._account}/events/{self._numbered}").hex,
            "event_type": happened.event_type,
            "event_date": happened.moment,
            "account_id": self._account,
            "data": happened.data,
        }

    def _of_delivery(self, delivery: DeliveryNews) -> Data:
        return {
            "eshop_id": self._sites[delivery.warehouseid],
            "order_id": delivery.orderid,
            "order_delivery_id": delivery.orderdeliveryid,
            "warehouse_id": delivery.warehouseid,
            "order_delivery_event_type": "add",
            "delivery_state_changed": "new" if delivery.datedelivery is None else "delivered",
        }

    def _of_transaction(self, transaction: Transaction) -> Data:
        return {
            "eshop_id": self._sites[transaction.warehouseid],
            "warehouse_transaction_id": transaction.warehousetransactionid,
            "warehouse_id": transaction.warehouseid,
            "transaction_type": transaction.transactiontype,
        }


def _of_order(order: OrderNews) -> Data:
    data: Data = {
        "eshop_id": order.eshopid,
        "order_id": order.orderid,
        "warehouse_id": order.warehouseid,
        "order_event_type": "add" if order.version == 1 else "update",
    }
    state = _ORDER_STATES.get(order.orderstateid)
    if state is not None and order.orderstateid != order.state_before:
        data["order_state_changed"] = state
    return data


def _of_z_report(z_report: ZReportNews) -> Data:
    return {"eshop_id": z_report.eshopid, "register_id": z_report.registerid, "z_report_id": z_report.zreportid}


def _of_shipment(shipment: ShipmentNews) -> Data:
    data: Data = {
        "shipment_id": shipment.shipmentid,
        "sender_warehouse_id": shipment.sender_warehouseid,
        "receiver_warehouse_id": shipment.receiver_warehouseid,
        "shipment_event_type": "add" if shipment.added else "update",
    }
    if shipment.state is not None:
        data["shipment_state_changed"] = _SHIPMENT_STATES[shipment.state]
    return data


@contextmanager
def sending_events(sender: EventSender, look_seconds: float = 1.0) -> Iterator[None]:
    """Sends events from a thread of its own while the block runs: `look_seconds` after they happen at the latest."""
    stop = Event()

    def run() -> None:
        while not stop.wait(sender.pause_seconds(look_seconds)):
            sender.send()

    thread = Thread(target=run, name="sandbox events", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        sender.close()
        thread.join()
