"""Counting a warehouse over real HTTP: batches, and the transaction that a count becomes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sitoo_netsuite_tests.sandbox.sitoo.tiny_stock import (
    OTHER,
    SERVICE,
    SKU,
    TRANSACTIONS,
    VIRTUAL,
    items,
    sell,
    shop_of,
    stocked,
    total,
)
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, Served


@pytest.fixture
def sitoo(tmp_path: Path) -> Iterator[Served]:
    with stocked(tmp_path) as running:
        yield running


def batches(sitoo: Served, warehouseid: int | None = None) -> str:
    return f"/sites/1/warehouses/{warehouseid or shop_of(sitoo)}/warehousebatches"


def opened(sitoo: Served, **fields: Any) -> str:
    """The path of a batch that was opened just now."""
    batchid = sitoo.ask("POST", batches(sitoo), {"transactiontype": 50, **fields}).json()
    assert isinstance(batchid, int)
    return f"{batches(sitoo)}/{batchid}"


def test_a_closed_batch_sets_what_was_counted_by_one_transaction_and_leaves_the_rest(sitoo: Served) -> None:
    batch = opened(sitoo, comment="Spring count", externalid="COUNT-1", reasoncode="C")
    counts = [{"sku": SKU, "decimalquantity": "3.000"}, {"sku": SKU, "decimalquantity": "7.500"}]
    assert sitoo.ask("PUT", f"{batch}/warehousebatchitems", counts).json() == [{"statuscode": 200, "return": True}] * 2
    (item,) = sitoo.get(f"{batch}/warehousebatchitems").json()["items"]
    assert (item["sku"], item["decimalquantity"]) == (SKU, "7.500")
    assert item["warehouseitemid"] == items(sitoo, shop_of(sitoo), sku=SKU)[0]["warehouseitemid"]
    sell(sitoo, 201, 1, OPENING)  # a till sells while they count
    assert sitoo.get(TRANSACTIONS, transactiontype=50).json()["totalcount"] == 0
    assert sitoo.ask("PUT", batch, {"warehousebatchstate": 20}).json() is True
    assert (total(sitoo, shop_of(sitoo)), total(sitoo, shop_of(sitoo), OTHER)) == ("7.500", "5.000")
    (found,) = sitoo.get(TRANSACTIONS, transactiontype=50).json()["items"]
    assert [(line["sku"], line["decimalquantity"]) for line in found["items"]] == [(SKU, "-0.500")]
    assert (found["description"], found["externalid"], found["reasoncode"]) == ("Spring count", "COUNT-1", "C")
    shown = sitoo.get(batch).json()
    assert (shown["warehousebatchstate"], shown["warehousetransactionid"]) == (20, found["warehousetransactionid"])
    dates = {item["sku"]: item["datelaststocktaking"] for item in items(sitoo, shop_of(sitoo))}
    assert dates == {SKU: OPENING, OTHER: None}


def test_one_batch_of_a_warehouse_is_open_at_a_time_and_lists_show_open_ones(sitoo: Served) -> None:
    batch = opened(sitoo)
    answer = sitoo.ask("POST", batches(sitoo), {"transactiontype": 50})
    assert (answer.status_code, "open" in answer.json()["errortext"]) == (400, True)
    (found,) = sitoo.get(batches(sitoo), transactiontype=50).json()["items"]
    assert batch.endswith(f"/{found['warehousebatchid']}")
    assert sitoo.get(batches(sitoo), warehousebatchstate=20).json()["totalcount"] == 0
    assert sitoo.ask("PUT", batch, {"warehousebatchstate": 20}).json() is True
    assert sitoo.get(batches(sitoo)).json()["totalcount"] == 0
    (closed,) = sitoo.get(batches(sitoo), warehousebatchstate=20).json()["items"]
    assert closed["warehousetransactionid"] is None  # nothing was counted
    opened(sitoo)


def test_a_count_can_be_taken_back_until_the_batch_is_closed(sitoo: Served) -> None:
    batch = opened(sitoo)
    counted = f"{batch}/warehousebatchitems"
    sitoo.ask("PUT", counted, {"sku": SKU, "decimalquantity": "0.000"})
    assert sitoo.ask("DELETE", counted, [{"sku": SKU}]).json() == [{"statuscode": 200, "return": True}]
    assert sitoo.get(counted).json()["totalcount"] == 0
    sitoo.ask("PUT", batch, {"warehousebatchstate": 20})
    assert total(sitoo, shop_of(sitoo)) == "9.000"
    for path, body in ((batch, {"comment": "late"}), (counted, {"sku": SKU, "decimalquantity": "1.000"})):
        answer = sitoo.ask("PUT", path, body)
        assert (answer.status_code, "closed" in answer.json()["errortext"]) == (400, True)


def test_what_cannot_be_counted_is_refused_by_name(sitoo: Served) -> None:
    batch = opened(sitoo)
    entries = [{"sku": "NO-SUCH", "decimalquantity": "1.000"}, {"sku": SERVICE, "decimalquantity": "1.000"}]
    answers = sitoo.ask("PUT", f"{batch}/warehousebatchitems", entries).json()
    assert ["NO-SUCH" in answers[0]["errortext"], SERVICE in answers[1]["errortext"]] == [True, True]
    assert sitoo.ask("PUT", f"{batch}/warehousebatchitems", {"sku": SKU}).status_code == 400
    for body in ({"sku": SKU, "decimalquantity": "-1.000"}, {"sku": SKU, "decimalquantity": "1,5"}):
        assert "decimalquantity" in sitoo.ask("PUT", f"{batch}/warehousebatchitems", body).json()["errortext"]
    assert sitoo.ask("POST", batches(sitoo, VIRTUAL), {"transactiontype": 50}).status_code == 400
    assert sitoo.ask("POST", batches(sitoo, 1), {"transactiontype": 10}).status_code == 400
    assert sitoo.get(f"{batches(sitoo, 1)}/{batch.rpartition('/')[2]}").status_code == 404
    assert sitoo.ask("PUT", batch, {"warehousebatchstate": 30}).status_code == 400


def test_somebody_counts_by_hand(sitoo: Served) -> None:
    number = sitoo.stock.count(shop_of(sitoo), {SKU: 8_000, OTHER: 5_000}, "C")
    (found,) = sitoo.get(TRANSACTIONS).json()["items"]
    assert (found["warehousetransactionid"], found["reasoncode"]) == (number, "C")
    assert sitoo.stock.count(shop_of(sitoo), {SKU: 8_000}) is None
