"""A hand-made stock: two SKUs in a shop, a warehouse of it for what came back, and a virtual one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

from sitoo_netsuite.sandbox.world import Warehouse, World, make_world
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import Served, handed_over, order_body, order_version, served

SKU, OTHER, SERVICE = "HOM-001", "HOM-002", "SRV-001"
TRANSACTIONS = "/sites/1/warehousetransactions"
VIRTUAL, RECLAIMS = 901, 902


def world() -> World:
    """Two shops, of which the first has a warehouse for what came back; and a virtual warehouse."""
    made = make_world(seed=1, stores=2, days=1)
    shop = made.shops[0]
    return replace(
        made,
        warehouses=(
            *made.warehouses,
            Warehouse(VIRTUAL, 1, None, "Supplier", "SEK", "SUPPLIER", warehousetype=20),
            Warehouse(RECLAIMS, 1, shop.storeid, "Reclaims", "SEK", "RECLAIMS", usetype=40, sellable=False),
        ),
    )


def stocked(folder: Path, **options: Any) -> AbstractContextManager[Served]:
    """The Sitoo sandbox with nine and five of the two SKUs in each shop, and the clock at OPENING."""
    quantities = {SKU: 9_000, OTHER: 5_000}
    opening = {shop.warehouseid: quantities for shop in world().shops}
    return served(folder, orders=1, world=world(), opening_stock=opening, **options)


def shop_of(sitoo: Served) -> int:
    return sitoo.world.shops[0].warehouseid


def items(sitoo: Served, warehouseid: int, **params: Any) -> list[dict[str, Any]]:
    answer = sitoo.get(f"/sites/1/warehouses/{warehouseid}/warehouseitems", **params).json()
    return list(answer["items"])


def total(sitoo: Served, warehouseid: int, sku: str = SKU) -> str:
    (item,) = items(sitoo, warehouseid, sku=sku)
    return str(item["decimaltotal"])


def movement(sitoo: Served, quantity: str = "2.000", kind: int = 10, **fields: Any) -> dict[str, Any]:
    body = {"warehouseid": shop_of(sitoo), "transactiontype": kind}
    return {**body, "items": [{"sku": SKU, "decimalquantity": quantity}], **fields}


def posted(sitoo: Served, *args: Any, **fields: Any) -> int:
    answer = sitoo.ask("POST", TRANSACTIONS, movement(sitoo, *args, **fields))
    assert answer.status_code == 200, answer.text
    return int(answer.json())


def sell(
    sitoo: Served, number: int, quantity: int, arrives: int, sku: str = SKU, delivered: bool = True, **changes: Any
) -> dict[str, Any]:
    """An order of one row that arrives with its goods handed over, unless that is still to come."""
    row = {"orderitemid": 0, "sku": sku, "quantity": quantity, "decimalunitquantity": None, "additionaldata": {}}
    rows, moment = [{**row, **changes.pop("row", {})}], changes.pop("orderdate", arrives)
    order = order_body(sitoo.world, number, moment, orderitems=rows, **changes)
    deliveries = [handed_over(number, order, arrives)] if delivered else []
    sitoo.store.write(orders=[order_version(order, arrives)], deliveries=deliveries)
    return order
