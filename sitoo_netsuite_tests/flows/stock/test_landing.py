"""Landing what moved stock on either side, from both sandboxes, and from a Sitoo whose ids come to be seen late."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.flows.stock.netsuite_landing import latest_movement, movement_row
from sitoo_netsuite.flows.stock.sitoo_landing import (
    LandedTransactions,
    land_sitoo_levels,
    land_warehouse_transactions,
    reread_warehouse_transactions,
    stock_sites,
)
from sitoo_netsuite.flows.stock.touched import touched
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite_tests.flows.stock.served_stock import ServedStock, stock_estate, stock_world

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
ESTATE = stock_estate(stock_world())


def rows(connection: psycopg.Connection, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), parameters).fetchall()


# ---------------------------------------------------------------- NetSuite


def test_a_line_without_a_quantity_moves_nothing() -> None:
    revalued = {"id": "9", "line": "1", "trandate": "2026-03-03", "type": "InvReval", "item": "5", "location": "11"}
    row = movement_row({**revalued, "modified": "2026-03-03 10:00:00"}, NOW)
    assert row[:9] == (9, 1, date(2026, 3, 3), "InvReval", "9", None, 5, 11, 0)


def test_movements_are_landed_line_by_line_and_what_did_not_change_is_not_read_again(stock: ServedStock) -> None:
    product, other = stock.product(0), stock.product(1)
    transaction = stock.adjust({product.netsuite_item: 12, other.netsuite_item: -1.5}, externalId="BY-HAND-1")
    stock.adjust({product.netsuite_item: 1}, adjLocation={"id": "11"}, externalId="BY-HAND-2")
    landed = stock.land()
    assert len(landed.transactions) == 2
    assert rows(
        stock.connection,
        "select tran_date::text, type, external_id, item, location, quantity_milli from landing.stock_movements "
        "where transaction = %s order by item",
        transaction,
    ) == [
        ("2026-03-03", "InvAdjst", "BY-HAND-1", product.netsuite_item, 11, 12_000),
        ("2026-03-03", "InvAdjst", "BY-HAND-1", other.netsuite_item, 11, -1_500),
    ]
    asked = len(stock.served.netsuite_requests.requests_after(0))
    assert stock.land().transactions == frozenset()
    # NetSuite's time, what was saved, and the lines of what was saved in the last minute before the last reading.
    assert len(stock.served.netsuite_requests.requests_after(0)) - asked <= 3


def test_an_edited_transaction_is_replaced_and_a_deleted_one_goes_with_the_nightly_reading(stock: ServedStock) -> None:
    product = stock.product()
    transaction, kept = stock.adjust({product.netsuite_item: 12}), stock.adjust({product.netsuite_item: 1})
    stock.run()
    stock.edit(transaction, {product.netsuite_item: 9})
    assert stock.land().transactions == {transaction}
    quantity = "select quantity_milli from landing.stock_movements where transaction = %s"
    assert rows(stock.connection, quantity, transaction) == [(9_000,)]
    assert touched(stock.connection) == {transaction}
    stock.delete(transaction)
    assert stock.land().transactions == frozenset()
    assert stock.land(nightly=True).transactions == {transaction}
    assert rows(stock.connection, quantity, transaction) == []
    assert rows(stock.connection, quantity, kept) == [(1_000,)]


def test_a_location_that_is_new_in_the_estate_is_read_from_its_store_s_go_live_on(stock: ServedStock) -> None:
    product = stock.product()
    shop = stock.shop
    stock.connection.execute("delete from landing.cursors where source = 'stock_movements_from' and key = '11'")
    stock.connection.execute("delete from landing.stock_movements where location = %s", [shop.location])
    early = stock.adjust({product.netsuite_item: 5})
    stock.served.later(days=3)
    assert early in stock.land().transactions
    assert stock.land().transactions == frozenset()


def test_one_light_question_tells_whether_anything_moved(stock: ServedStock) -> None:
    def latest() -> str:
        since = stock.served.now() - timedelta(hours=24)
        return stock.served.with_netsuite(lambda client: latest_movement(client, stock.estate, since))

    before = latest()
    assert latest() == before
    transaction = stock.adjust({stock.product().netsuite_item: 12})
    after_new = latest()
    stock.edit(transaction, {stock.product().netsuite_item: 11})
    assert len({before, after_new, latest()}) == 3


def test_levels_of_both_sides_are_landed_and_what_a_warehouse_no_longer_lists_is_gone(stock: ServedStock) -> None:
    product = stock.product()
    stock.adjust({product.netsuite_item: 12})
    stock.run()
    stock.land_levels()
    netsuite = "select on_hand_milli, available_milli from landing.netsuite_levels where (location, item) = (11, %s)"
    ((on_hand, available),) = rows(stock.connection, netsuite, product.netsuite_item)
    assert on_hand == available
    sitoo = "select total_milli, reserved_milli from landing.sitoo_levels where (warehouseid, sku) = (11, %s)"
    ((total, reserved),) = rows(stock.connection, sitoo, product.sku)
    stock.connection.execute("insert into landing.sitoo_levels values (11, 'GONE', 1000, 0)")
    stock.adjust({product.netsuite_item: 3})
    stock.run()
    warehouses = stock_sites(stock.connection, stock.estate)
    now = stock.served.now()
    assert land_sitoo_levels(stock.connection, stock.sitoo, warehouses, now, whole=False) == 1
    assert rows(stock.connection, sitoo, product.sku) == [(total + 3_000, reserved)]
    assert land_sitoo_levels(stock.connection, stock.sitoo, warehouses, now, whole=True) == 1
    assert rows(stock.connection, sitoo, "GONE") == []


# ---------------------------------------------------------------- Sitoo, with ids that come late


def transaction(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "warehousetransactionid": number, "warehouseid": 11, "datecreated": int(NOW.timestamp()) + number,
        "transactiontype": 30, "items": [{"sku": "A", "decimalquantity": "-1.000"}], "externalid": "", **fields,
    }  # fmt: skip


@contextmanager
def sitoo_with(records: list[dict[str, Any]]) -> Iterator[SitooClient]:
    """A client of a Sitoo that shows these transactions of site 1, by rising id."""

    async def answer(request: Request) -> Response:
        first = int(request.query_params.get("warehousetransactionidfrom", 0))
        since = int(request.query_params.get("datecreatedfrom", 0))
        found = [
            record for record in records if record["warehousetransactionid"] >= first and record["datecreated"] >= since
        ]
        start, num = int(request.query_params["start"]), int(request.query_params["num"])
        page = sorted(found, key=lambda record: int(record["warehousetransactionid"]))[start : start + num]
        return Response(json.dumps({"totalcount": len(found), "items": page}))

    with (
        serving(Starlette(routes=[Route("/{path:path}", answer)])) as url,
        SitooClient(url, [ApiKey("1500-140", "secret")]) as client,
    ):
        yield client


@pytest.fixture
def warehouses(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute("insert into landing.warehouses values (11, 1, 101, 10, 'Stockholm', now())")
    return connection


def test_a_transaction_that_comes_to_be_seen_after_ones_with_higher_ids_is_found(
    warehouses: psycopg.Connection,
) -> None:
    records = [transaction(number) for number in range(1000, 1500)]
    late, very_late = records.pop(450), records.pop(0)
    with sitoo_with(records) as client:
        assert land_warehouse_transactions(warehouses, client, ESTATE, NOW).new == 498
        records += [late, transaction(1600)]
        assert land_warehouse_transactions(warehouses, client, ESTATE, NOW).new == 2
        assert land_warehouse_transactions(warehouses, client, ESTATE, NOW) == LandedTransactions()
        # Hundreds of ids back, yet created minutes before the newest one.
        records.append(very_late)
        assert land_warehouse_transactions(warehouses, client, ESTATE, NOW).new == 1
        records.append(transaction(1, datecreated=int((NOW - timedelta(days=1)).timestamp())))
        assert land_warehouse_transactions(warehouses, client, ESTATE, NOW).new == 0
        assert reread_warehouse_transactions(warehouses, client, ESTATE, (NOW - timedelta(days=2)).date(), NOW).new == 1


def test_a_transaction_that_cannot_be_read_is_kept_apart_and_stops_no_other(warehouses: psycopg.Connection) -> None:
    wrong = transaction(2, items=[{"sku": "A", "decimalquantity": "many"}])
    records = [transaction(1), wrong, transaction(3)]
    with sitoo_with(records) as client:
        assert land_warehouse_transactions(warehouses, client, ESTATE, NOW) == LandedTransactions(2, 1)
        unread = "select record from restricted.quarantine where cured_at is null"
        assert rows(warehouses, unread) == [("1/2",)]
        records[1] = transaction(2)
        assert land_warehouse_transactions(warehouses, client, ESTATE, NOW) == LandedTransactions(1, 0)
        assert rows(warehouses, unread) == []
