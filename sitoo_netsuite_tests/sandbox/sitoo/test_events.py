"""Event notifications, sent over real HTTP to a receiver that takes, refuses or does not answer."""

from __future__ import annotations

import base64
import json
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.events import EventSender, Sent, sending_events
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite_tests.sandbox.sitoo.tiny_stock import SKU, sell, shop_of, stocked
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, Served, order_body, order_version, z_version

CREDENTIAL = ("receiver", "only for events")


@dataclass
class Receiver:
    """Answers with the statuses it is given, then with 200; keeps what it was sent."""

    url: str
    statuses: deque[int] = field(default_factory=deque)
    requests: list[list[dict[str, Any]]] = field(default_factory=list)
    authorizations: set[str | None] = field(default_factory=set)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for request in self.requests for event in request]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver("")

    async def events(request: Request) -> Response:
        receiver.authorizations.add(request.headers.get("Authorization"))
        receiver.requests.append(json.loads(await request.body()))
        return Response(status_code=receiver.statuses.popleft() if receiver.statuses else 200)

    with serving(Starlette(routes=[Route("/events", events, methods=["POST"])])) as root:
        receiver.url = f"{root}/events"
        yield receiver


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(receiver: Receiver) -> None:
    receiver.statuses.clear()
    receiver.requests.clear()


@pytest.fixture
def sitoo(tmp_path: Path) -> Iterator[Served]:
    with stocked(tmp_path) as running:
        yield running


def sender(sitoo: Served, url: str, **settings: Any) -> EventSender:
    return EventSender(
        sitoo.world,
        sitoo.store,
        sitoo.clock,
        sitoo.stock,
        SitooSettings(**settings),
        url=url,
        credential=CREDENTIAL,
    )


def many(sitoo: Served, count: int) -> None:
    """So many orders a second apart, that move nothing."""
    for number in range(count):
        body = order_body(sitoo.world, 500 + number, OPENING)
        sitoo.store.write(orders=[order_version(body, OPENING + number + 1)])
    sitoo.at(OPENING + count)


def orderids(events: list[dict[str, Any]]) -> list[int]:
    return [event["data"]["order_id"] for event in events]


def test_what_happens_is_told_in_order_and_what_was_before_is_not(sitoo: Served, receiver: Receiver) -> None:
    sending = sender(sitoo, receiver.url)
    shop = shop_of(sitoo)
    sell(sitoo, 201, 1, OPENING + 20)
    amended = order_body(sitoo.world, 202, OPENING, orderstateid=0)
    sitoo.store.write(orders=[order_version(amended, OPENING + 5)])
    sitoo.store.write(orders=[order_version({**amended, "orderstateid": 20}, OPENING + 30, version=2)])
    sitoo.store.write(z_reports=[z_version(sitoo.world, 1, OPENING + 40)])
    assert sending.send() == Sent(0, 0, 0)
    sitoo.at(OPENING + 50)
    shipment = sitoo.stock.send(1, shop, {SKU: 1})
    assert sending.send() == Sent(8, 0, 0)
    assert {event["account_id"] for event in receiver.events} == {1500}
    assert [(event["event_date"] - OPENING, event["event_type"]) for event in receiver.events] == [
        (5, "order"),
        (20, "order"),
        (20, "order-delivery"),
        (20, "warehouse-transaction"),
        (30, "order"),
        (40, "z-report"),
        (50, "warehouse-transaction"),
        (50, "shipment"),
    ]
    data = [event["data"] for event in receiver.events]
    common = {"eshop_id": 1, "order_id": 202, "warehouse_id": shop}
    assert data[0] == {**common, "order_event_type": "add", "order_state_changed": "open"}
    assert data[4] == {**common, "order_event_type": "update", "order_state_changed": "cancelled"}
    assert data[2]["order_delivery_id"] == 201
    assert data[3]["warehouse_id"] == shop
    assert data[-1]["shipment_id"] == shipment
    assert len({event["event_id"] for event in receiver.events}) == len(receiver.events)
    given = base64.b64encode(":".join(CREDENTIAL).encode()).decode()
    assert receiver.authorizations == {f"Basic {given}"}


def test_at_most_ten_go_in_a_request(sitoo: Served, receiver: Receiver) -> None:
    sending = sender(sitoo, receiver.url)
    many(sitoo, 23)
    assert sending.send() == Sent(23, 0, 0)
    assert [len(request) for request in receiver.requests] == [10, 10, 3]
    assert orderids(receiver.events) == list(range(500, 523))


def test_a_temporary_refusal_blocks_the_queue_and_any_other_drops_what_it_refuses(
    sitoo: Served, receiver: Receiver
) -> None:
    sending = sender(sitoo, receiver.url, event_retry_seconds=7)
    many(sitoo, 12)
    for status in (429, 503, 504):
        receiver.statuses.append(status)
        assert sending.send() == Sent(0, 0, 12)
        assert sending.pause_seconds(1) == 7
    receiver.statuses.extend((200, 401))
    assert sending.send() == Sent(10, 2, 0)
    assert sending.pause_seconds(1) == 1
    assert [request[0]["event_id"] for request in receiver.requests[:3]] == [receiver.events[0]["event_id"]] * 3


def test_a_receiver_that_is_away_is_tried_for_a_day_and_no_longer(sitoo: Served) -> None:
    with receiving() as gone:
        url = gone.url
    sending = sender(sitoo, url, event_retry_seconds=7)
    many(sitoo, 1)
    for _ in range(32):
        assert sending.send() == Sent(0, 0, 1)
    assert sending.pause_seconds(1) == 70
    assert sending.send() == Sent(0, 1, 0)


def test_duplicates_are_the_same_event_again_and_neighbours_change_places(sitoo: Served, receiver: Receiver) -> None:
    sending = sender(sitoo, receiver.url, event_duplicates=0.5, event_swaps=0.5)
    many(sitoo, 30)
    sent = sending.send()
    events = {event["event_id"]: event for event in receiver.events}
    assert len(events) == 30 < sent.taken == len(receiver.events) <= 60
    assert all(event == events[event["event_id"]] for event in receiver.events)
    order = list(dict.fromkeys(orderids(receiver.events)))
    assert order != sorted(order) == list(range(500, 530))


def test_data_that_is_unknown_may_be_empty(sitoo: Served, receiver: Receiver) -> None:
    sending = sender(sitoo, receiver.url, unknown_event_data="empty")
    sell(sitoo, 201, 1, OPENING)
    sending.send()
    data = {event["event_type"]: event["data"] for event in receiver.events}
    assert (data["order-delivery"], data["warehouse-transaction"]) == ({}, {})
    assert data["order"]["order_id"] == 201


def test_a_thread_sends_what_happens_while_it_runs(sitoo: Served, receiver: Receiver) -> None:
    with sending_events(sender(sitoo, receiver.url), look_seconds=0.01):
        many(sitoo, 3)
        deadline = time.monotonic() + 5
        while len(receiver.events) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert orderids(receiver.events) == [500, 501, 502]
