"""Reading and moving the stock of a real Sitoo sandbox: pages by id, levels, batches with an answer each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.errors import SitooReadOnly, SitooRefused, SitooUnclear
from sitoo_netsuite.sitoo.models import (
    Rejection,
    WarehouseTransaction,
    quantity_milli,
    quantity_text,
    read_warehouse_items,
    read_warehouse_transaction,
)
from sitoo_netsuite_tests.sandbox.sitoo.tiny_stock import OTHER, SKU, TRANSACTIONS, VIRTUAL, shop_of, stocked
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import Served
from sitoo_netsuite_tests.sitoo.conftest import ClientFor


@pytest.fixture
def sitoo(tmp_path: Path) -> Iterator[Served]:
    with stocked(tmp_path) as running:
        yield running


def movement(sitoo: Served, quantity: int, **fields: Any) -> dict[str, Any]:
    kind = 10 if quantity > 0 else 20
    lines = [{"sku": SKU, "decimalquantity": quantity_text(quantity)}]
    return {"warehouseid": shop_of(sitoo), "transactiontype": kind, "items": lines, **fields}


def transactions(client: SitooClient, **narrowed: int) -> list[WarehouseTransaction]:
    pages = client.warehouse_transaction_pages(1, **narrowed)
    records = [read_warehouse_transaction(raw, 1) for page in pages for raw in page]
    return [record for record in records if isinstance(record, WarehouseTransaction)]


def levels(client: SitooClient, warehouseid: int, **narrowed: Any) -> dict[str, int]:
    pages = client.warehouse_item_pages(1, warehouseid, **narrowed)
    return {
        item.sku: quantity_milli(item.decimaltotal)
        for page in pages
        for item in read_warehouse_items(page, warehouseid)[0]
    }


def test_each_movement_of_a_batch_has_its_own_answer_and_is_read_back_by_id(sitoo: Served, client: SitooClient) -> None:
    made, refused, out = client.create_warehouse_transactions(
        1,
        [
            movement(sitoo, 2500, externalid="NS-1-11-1", description="a receipt"),
            movement(sitoo, 1000, items=[{"sku": "NO-SUCH", "decimalquantity": "1.000"}]),
            movement(sitoo, -1000, reasoncode="broken"),
        ],
    )
    assert (made.done, refused.refused, out.done) == (True, True, True)
    first, second = transactions(client)
    assert (first.warehousetransactionid, first.externalid, first.transactiontype) == (made.value, "NS-1-11-1", 10)
    assert [(item.sku, item.decimalquantity) for item in first.items or ()] == [(SKU, "2.500")]
    assert (second.transactiontype, second.reasoncode) == (20, "broken")
    assert transactions(client, id_from=second.warehousetransactionid) == [second]
    assert transactions(client, created_from=first.datecreated + 1) == []
    assert levels(client, shop_of(sitoo), skus=[SKU, "never, SEEN"]) == {SKU: 10_500}


def test_levels_are_read_whole_by_sku_or_by_when_they_changed(sitoo: Served, client: SitooClient) -> None:
    shop = shop_of(sitoo)
    assert levels(client, shop) == {SKU: 9_000, OTHER: 5_000}
    sitoo.at(sitoo.clock.epoch() + 60)
    client.create_warehouse_transactions(1, [movement(sitoo, 1000)])
    changed = sitoo.clock.epoch()
    assert levels(client, shop, modified_from=changed) == {SKU: 10_000}
    assert levels(client, shop, modified_from=changed, modified_to=changed) == {}


def test_a_level_is_taken_by_a_virtual_warehouse_only(sitoo: Served, client: SitooClient) -> None:
    for _ in range(2):
        (answer,) = client.put_warehouse_items(1, VIRTUAL, [{"sku": SKU, "decimaltotal": "4.000"}])
        assert answer.done
    assert levels(client, VIRTUAL) == {SKU: 4_000}
    (answer,) = client.put_warehouse_items(1, shop_of(sitoo), [{"sku": SKU, "decimaltotal": "4.000"}])
    assert answer.refused
    (answer,) = client.create_warehouse_transactions(1, [movement(sitoo, 1000, warehouseid=VIRTUAL)])
    assert answer.refused


def test_a_movement_without_a_clear_answer_is_never_sent_again_by_the_client(
    sitoo: Served, client: SitooClient
) -> None:
    sitoo.fault(path=f"/v2/accounts/1500{TRANSACTIONS}", status=502, requests=1, after=True)
    with pytest.raises(SitooUnclear):
        client.create_warehouse_transactions(1, [movement(sitoo, 1000)])
    assert len(transactions(client)) == sitoo.stats()["writes"] == 1


def test_more_items_than_a_request_takes_are_refused(sitoo: Served, client: SitooClient) -> None:
    with pytest.raises(SitooRefused):
        client.create_warehouse_transactions(
            1, [movement(sitoo, 1, items=[{"sku": SKU, "decimalquantity": "1.000"}] * 1001)]
        )


def test_read_only_mode_moves_no_stock(sitoo: Served, client_for: ClientFor) -> None:
    client = client_for(sitoo, read_only=True)
    for write in (
        lambda: client.create_warehouse_transactions(1, [movement(sitoo, 1000)]),
        lambda: client.put_warehouse_items(1, VIRTUAL, [{"sku": SKU, "decimaltotal": "4.000"}]),
    ):
        with pytest.raises(SitooReadOnly):
            write()
    assert sitoo.stats()["writes"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"items": [{"sku": "A", "decimalquantity": "1.5"}]},
        {"items": [{"sku": "A", "decimalquantity": "1.000 2.000"}]},
        {"items": [{"sku": "A"}]},
        {"datecreated": 1},
        {"warehouseid": None},
        {"description": "a\0b"},
    ],
)
def test_a_movement_that_no_table_takes_is_put_aside(change: dict[str, Any]) -> None:
    fine = {"warehousetransactionid": 7, "warehouseid": 3, "datecreated": 1_790_000_000, "transactiontype": 99}
    body = {**fine, "items": [{"sku": "A", "decimalquantity": "-1.000"}], "unknown": 1}
    assert isinstance(read_warehouse_transaction(msgspec.Raw(msgspec.json.encode(body)), 1), WarehouseTransaction)
    record = read_warehouse_transaction(msgspec.Raw(msgspec.json.encode({**body, **change})), 1)
    assert isinstance(record, Rejection)
    assert (record.source, record.record) == ("warehouse_transactions", "1/7")


def test_a_level_that_no_table_takes_is_put_aside_and_the_rest_of_its_page_is_read() -> None:
    fine = b'{"warehouseitemid":8,"sku":"A","decimaltotal":"1.000","decimalreserved":"0.500"}'
    wrong = b'{"warehouseitemid":9,"sku":"B","decimaltotal":"many"}'
    (item,), (rejection,) = read_warehouse_items([msgspec.Raw(fine), msgspec.Raw(wrong)], 3)
    assert (item.sku, item.decimalreserved) == ("A", "0.500")
    assert (rejection.source, rejection.record) == ("warehouse_items", "3/9")


@pytest.mark.parametrize(("milli", "text"), [(0, "0.000"), (-250, "-0.250"), (12_345, "12.345"), (-7_000, "-7.000")])
def test_quantities_are_thousandths(milli: int, text: str) -> None:
    assert (quantity_text(milli), quantity_milli(text)) == (text, milli)
