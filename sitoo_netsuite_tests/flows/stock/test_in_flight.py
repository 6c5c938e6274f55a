"""What is on its way between the systems, where something about it is out of the ordinary."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from sitoo_netsuite.flows.stock.in_flight import InFlight, in_flight
from sitoo_netsuite_tests.flows.stock.lossy_line import Fate
from sitoo_netsuite_tests.flows.stock.served_stock import ServedStock

SOLD_AT = int(datetime(2026, 3, 3, 12, tzinfo=UTC).timestamp())


def to_netsuite(stock: ServedStock) -> dict[tuple[int, int], int]:
    now = stock.served.now()
    return dict(in_flight(stock.connection, stock.estate, now.date(), now, "looking").to_netsuite)


def unreadable(stock: ServedStock, record: str, **fields: Any) -> None:
    """An order in quarantine: a till sale but for these fields."""
    order = {
        "ordertypeid": 10, "orderstateid": 10, "paymentstateid": 20, "registerid": "R1", "orderdate": SOLD_AT,
        "warehouseid": stock.shop.warehouseid, "orderitems": [row(stock)], **fields,
    }  # fmt: skip
    stock.connection.execute(
        "insert into restricted.quarantine (source, record, reason, body, digest, landed_at) "
        "values ('orders', %s, 'its total is no amount', %s, '', now())",
        (record, msgspec.json.encode(order)),
    )


def row(stock: ServedStock, **fields: Any) -> dict[str, Any]:
    return {"sku": stock.product().sku, "quantity": 1, "additionaldata": {}, **fields}


@pytest.fixture
def quarantined(stock: ServedStock) -> Any:
    yield stock
    stock.connection.execute("delete from restricted.quarantine")


def test_what_an_unreadable_receipt_sold_is_on_its_way_to_the_gram(quarantined: ServedStock) -> None:
    stock = quarantined
    unreadable(stock, "1")
    unreadable(stock, "2", orderitems=[row(stock, decimalquantitytotal="1.428")])
    unreadable(stock, "3", orderitems=[row(stock, quantity=-1, decimalquantitytotal="-0.250")])
    assert to_netsuite(stock) == {(stock.shop.warehouseid, stock.product().netsuite_item): -1000 - 1428 + 250}


def test_what_is_no_till_sale_or_nobody_can_read_moves_nothing_and_stops_nothing(quarantined: ServedStock) -> None:
    stock = quarantined
    unreadable(stock, "1", ordertypeid=100)
    unreadable(stock, "2", orderstateid=20)
    unreadable(stock, "3", registerid=None)
    unreadable(stock, "4", orderdate=1)
    unreadable(stock, "5", warehouseid=987)
    unreadable(stock, "6", orderitems=[row(stock, quantity=-1, additionaldata={"return-warehouseid": "Main"})])
    unreadable(stock, "7", orderitems=[row(stock, decimalquantitytotal="a kilo")])
    unreadable(stock, "8", additionaldata={"pos-practice": "true"})
    assert to_netsuite(stock) == {}


def test_what_was_posted_at_a_location_that_is_the_store_s_no_more_stops_nothing(stock: ServedStock) -> None:
    name, day = f"IA-{stock.shop.key}-20260304-80", date(2026, 3, 4)
    stock.connection.execute(
        """
        insert into posting.outbox (external_id, flow, document_type, trading_day, store, currency, number, body,
                                    body_digest, tran_date, state, planned_at)
        values (%s, 'stock', 'inventoryAdjustment', %s, %s, 'SEK', 80, '{}', '', %s, 'posted', now())
        """,
        (name, day, stock.shop.key, day),
    )
    stock.connection.execute(
        "insert into posting.outbox_quantities values (%s, '987654', '4000', '5', 'X', 'sale', -1000)", [name]
    )
    try:
        assert to_netsuite(stock) == {}
    finally:
        stock.connection.execute("delete from posting.outbox_quantities where external_id = %s", [name])
        stock.connection.execute("delete from posting.outbox where external_id = %s", [name])


def test_what_moved_between_two_looks_may_be_in_the_levels_or_not() -> None:
    before = InFlight({(1, 7): -1000}, {(1, 8): 500}, {})
    after = InFlight({(1, 7): -3000, (1, 9): 250}, {(1, 8): 1500}, {}, {(1, 9): (0, 1000)})
    # Sold since: Sitoo may still show it. Moved in NetSuite since: NetSuite may not show it yet.
    assert after.since(before).in_doubt == {(1, 7): (0, 2000), (1, 8): (0, 1000), (1, 9): (-250, 1000)}
    assert after.since(after).in_doubt == after.in_doubt
    assert InFlight({(1, 7): -2000}, {(1, 7): -2000}, {}).since(InFlight({}, {}, {})).in_doubt == {
        (1, 7): (-2000, 2000)
    }


def test_a_push_in_doubt_may_be_in_sitoo_s_stock_already(stock: ServedStock) -> None:
    product = stock.product()
    stock.adjust({product.netsuite_item: 5})
    stock.line.fates = [Fate.LOST, Fate.LOST]
    stock.run()
    now = stock.served.now()
    moving = in_flight(stock.connection, stock.estate, now.date(), now, "looking")
    position = (stock.shop.warehouseid, product.netsuite_item)
    assert (moving.to_sitoo[position], moving.in_doubt[position]) == (5000, (0, 5000))
