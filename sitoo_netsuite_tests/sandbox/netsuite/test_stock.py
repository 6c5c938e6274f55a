"""Stock as people move it in NetSuite and as queries show it: orders, levels, kits, goods told apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sitoo_netsuite.sandbox.netsuite.errors import ApiError
from sitoo_netsuite.sandbox.netsuite.stock_hands import StockHands
from sitoo_netsuite.sandbox.world import World, make_world
from sitoo_netsuite_tests.sandbox.netsuite.conftest import RECORDS, NetSuite, Stage

# What moved goods at these locations since a moment, a page by the place of a line.
MOVEMENTS = """
    SELECT t.id, tl.id AS line, t.type, tl.item, tl.location, tl.quantity
    FROM transaction t JOIN transactionline tl ON tl.transaction = t.id
    WHERE tl.isinventoryaffecting = 'T' AND t.posting = 'T' AND tl.location IN (?, ?)
      AND t.lastmodifieddate >= TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS') AND t.id * 100000 + tl.id > ?
    ORDER BY t.id * 100000 + tl.id
"""
LEVEL = """
    SELECT quantityonhand, quantityavailable, quantitycommitted, quantityonorder, quantityintransit
    FROM aggregateItemLocation WHERE item = ? AND location = ?
"""


class Shops:
    """Two shops of one subsidiary, hands on their stock, and one SKU that both have."""

    def __init__(self, netsuite: NetSuite, stage: Stage) -> None:
        self.netsuite = netsuite
        self.account: Any = stage.app.state.account  # type: ignore[attr-defined]
        offset = int(netsuite.account("stock adjustments")["id"])
        self.hands = StockHands(self.account, {netsuite.subsidiary: offset})
        product = next(product for product in netsuite.world.products if product.item_type == "InvtPart")
        self.sku, self.item = product.sku, int(product.netsuite_item or 0)
        self.here, self.there = netsuite.location, netsuite.world.shops[2].location
        self.began = netsuite.clock.now()

    def level(self, location: int) -> list[int]:
        """On hand, available, committed, on order, in transit; on hand and available against the beginning's."""
        (row,) = self.netsuite.query(LEVEL, self.item, location)
        return [int(value) for value in row.values()]

    def movements(self) -> list[tuple[str, int, int]]:
        """Type, location and units of what moved since the beginning."""
        rows = self.netsuite.query(MOVEMENTS, self.here, self.there, f"{self.began:%Y-%m-%d %H:%M:%S}", 0)
        return [(row["type"], int(row["location"]), int(row["quantity"])) for row in rows]


@pytest.fixture
def shops(start: Callable[..., NetSuite], stage: tuple[Stage, str]) -> Shops:
    return Shops(start(), stage[0])


@pytest.fixture(scope="session")
def world() -> World:
    made = make_world(seed=1, stores=3, days=2)
    return replace(made, products=made.products[:12])


def test_a_transfer_order_moves_goods_when_they_leave_and_when_they_arrive(shops: Shops) -> None:
    here, there = shops.level(shops.here)[0], shops.level(shops.there)[0]
    order = shops.hands.order_transfer(shops.here, shops.there, {shops.sku: 5000})
    assert shops.level(shops.here) == [here, here - 5, 5, 0, 0]
    assert shops.level(shops.there) == [there, there, 0, 5, 0]
    shops.hands.send(order)
    assert shops.level(shops.here) == [here - 5, here - 5, 0, 0, 0]
    assert shops.level(shops.there) == [there, there, 0, 0, 5]
    shops.hands.receive(order, {shops.sku: 3000})
    assert shops.level(shops.there) == [there + 3, there + 3, 0, 0, 2]
    with pytest.raises(ApiError):
        shops.hands.receive(order, {shops.sku: 3000})
    last = shops.hands.receive(order)
    assert shops.level(shops.there) == [there + 5, there + 5, 0, 0, 0]
    assert shops.movements() == [
        ("ItemShip", shops.here, -5),
        ("ItemRcpt", shops.there, 3),
        ("ItemRcpt", shops.there, 2),
    ]
    with pytest.raises(ApiError):
        shops.hands.receive(order)
    shops.hands.delete(last)
    assert shops.level(shops.there) == [there + 3, there + 3, 0, 0, 2]
    left = shops.netsuite.query(
        "SELECT SUM(tal.amount) AS amount FROM transactionaccountingline tal JOIN account a ON a.id = tal.account "
        "WHERE a.accountsearchdisplaynamecopy = 'Inventory In Transit'"
    )
    assert float(left[0]["amount"]) > 0


def test_an_orders_lines_are_numbered_by_threes_and_its_receipt_names_the_third(shops: Shops) -> None:
    netsuite = shops.netsuite
    line = {"item": {"id": str(shops.item)}, "quantity": 2}
    ends = {"location": {"id": str(shops.here)}, "transferLocation": {"id": str(shops.there)}}
    body = {"subsidiary": {"id": str(netsuite.subsidiary)}, **ends, "item": {"items": [line, line]}}
    order = netsuite.post("transferOrder", body).headers["location"]
    shown = netsuite.http.get(order, params={"expandSubResources": "true"}).json()
    assert [entry["line"] for entry in shown["item"]["items"]] == [1, 4]
    assert netsuite.http.post(f"{order}/!transform/itemFulfillment", json={}).status_code == 204
    answer = netsuite.http.post(f"{order}/!transform/itemReceipt", json={"externalId": "IR-1"})
    assert answer.status_code == 204, answer.text
    receipt = netsuite.get("itemReceipt/eid:IR-1", expandSubResources="true").json()
    assert [(entry["orderLine"], entry["quantity"]) for entry in receipt["item"]["items"]] == [(3, 2), (6, 2)]
    rows = netsuite.query(
        "SELECT tl.id, tl.transactionlinetype AS kind, tl.quantity, tl.quantityshiprecv AS done, t.status "
        "FROM transaction t JOIN transactionline tl ON tl.transaction = t.id WHERE t.type = 'TrnfrOrd' "
        "AND tl.transferorderitemlineid = 1 ORDER BY tl.id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("1", "ITEM", "-2", "2", "G"),
        ("2", "SHIPPING", "-2", "2", "G"),
        ("3", "RECEIVING", "2", "2", "G"),
    ]


def test_a_purchase_is_received_in_parts_and_never_more_than_ordered(shops: Shops) -> None:
    here = shops.level(shops.here)[0]
    order = shops.hands.purchase(shops.here, {shops.sku: 10_000})
    assert shops.level(shops.here) == [here, here, 0, 10, 0]
    shops.hands.receive(order, {shops.sku: 4000})
    assert shops.level(shops.here) == [here + 4, here + 4, 0, 6, 0]
    with pytest.raises(ApiError):
        shops.hands.receive(order, {shops.sku: 7000})
    shops.hands.receive(order)
    assert shops.level(shops.here) == [here + 10, here + 10, 0, 0, 0]
    assert shops.movements() == [("ItemRcpt", shops.here, 4), ("ItemRcpt", shops.here, 6)]
    status = shops.netsuite.query("SELECT status FROM transaction WHERE type = 'PurchOrd'")
    assert status == [{"status": "F"}]


def test_an_edited_adjustment_is_saved_anew_and_a_deleted_one_is_gone(shops: Shops) -> None:
    here = shops.level(shops.here)[0]
    adjustment = shops.hands.adjust(shops.here, {shops.sku: -2000})
    shops.netsuite.clock.set(shops.began + timedelta(hours=1))
    shops.began = shops.netsuite.clock.now()
    assert shops.movements() == []
    adjustment = shops.hands.edit(adjustment, {shops.sku: -3000})
    assert shops.movements() == [("InvAdjst", shops.here, -3)]
    assert shops.level(shops.here)[0] == here - 3
    shops.hands.delete(adjustment)
    assert (shops.movements(), shops.level(shops.here)[0]) == ([], here)


def test_a_count_adjusts_by_the_difference(shops: Shops) -> None:
    here = shops.level(shops.here)[0]
    assert shops.hands.count(shops.here, {shops.sku: here * 1000}) is None
    shops.hands.count(shops.here, {shops.sku: 7000})
    assert shops.level(shops.here)[0] == 7
    shops.hands.transfer(shops.here, shops.there, {shops.sku: 9000})
    balance = "SELECT quantityonhand FROM InventoryBalance WHERE item = ? AND location = ?"
    assert shops.netsuite.query(balance, shops.item, shops.here) == [{"quantityonhand": "-2"}]


def test_a_kit_shows_its_members_and_is_not_adjusted(shops: Shops) -> None:
    netsuite = shops.netsuite
    owner = {"subsidiary": {"items": [{"id": str(netsuite.subsidiary)}]}}
    members = {"items": [{"item": {"id": str(shops.item)}, "quantity": 2}]}
    kit = netsuite.post("kitItem", {"itemId": "HAMPER", **owner, "member": members}).headers["location"]
    kit_id = kit.rpartition("/")[2]
    rows = netsuite.query(
        "SELECT m.parentitem, m.item, m.quantity, i.itemtype FROM itemmember m JOIN item i ON i.id = m.parentitem"
    )
    assert rows == [{"parentitem": kit_id, "item": str(shops.item), "quantity": "2", "itemtype": "Kit"}]
    with pytest.raises(ApiError):
        shops.hands.adjust(shops.here, {"HAMPER": 1000})


def test_goods_told_apart_are_refused_without_their_detail(shops: Shops) -> None:
    netsuite = shops.netsuite
    owner = {"subsidiary": {"items": [{"id": str(netsuite.subsidiary)}]}}
    made = netsuite.post("inventoryItem", {"itemId": "WINE", "isLotItem": True, **owner}).headers["location"]
    flags = netsuite.query("SELECT islotitem, isserialitem, usebins FROM item WHERE itemid = 'WINE'")
    assert flags == [{"islotitem": "T", "isserialitem": "F", "usebins": "F"}]
    line: dict[str, Any] = {"item": {"id": made.rpartition("/")[2]}, "adjustQtyBy": 3}
    body = {
        "subsidiary": {"id": str(netsuite.subsidiary)},
        "account": netsuite.account("stock adjustments"),
        "adjLocation": {"id": str(shops.here)},
        "inventory": {"items": [line]},
    }
    refused = netsuite.post("inventoryAdjustment", body)
    assert refused.status_code == 400
    (error,) = refused.json()["o:errorDetails"]
    assert error["o:errorCode"] == "USER_ERROR"
    assert "inventory detail in line 1 of the inventory list" in error["detail"]
    line["inventoryDetail"] = {"inventoryAssignment": {"items": [{"quantity": 3, "receiptInventoryNumber": "L1"}]}}
    assert netsuite.post("inventoryAdjustment", body).status_code == 204
    assert netsuite.http.get(f"{RECORDS}/inventoryAdjustment").json()["count"] == 1
