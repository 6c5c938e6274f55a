"""What people do about stock: write it into the estate, and take goods in."""

from __future__ import annotations

import json
from typing import Any

from sitoo_netsuite_tests.end_to_end.conftest import Retailer


def keep_stock(retailer: Retailer) -> None:
    """The estate follows the shops' stock from the first day on, and lets us push."""

    def change(content: dict[str, Any]) -> None:
        world = retailer.sandbox.world
        for books in content["books"]:
            cogs, other = (
                world.account(int(books["subsidiary"]), role) for role in ("cost of goods sold", "stock adjustments")
            )
            books["stock"] = {"cogs": cogs, "shrinkage": other, "adjustments": other}
        for store in content["stores"]:
            store["go_live"]["stock"] = store["go_live"]["sales"]
        content["stock"] = {
            "push": True,
            "warehouses": [
                {"warehouse": shop.warehouseid, "store": shop.key, "location": str(shop.location)}
                for shop in retailer.sandbox.world.shops
            ],
        }

    retailer.change_estate(change)


def goods_came_in(retailer: Retailer, item: int | None, quantity: int = 5) -> None:
    """Somebody takes goods in at the first shop, in NetSuite."""
    shop = retailer.sandbox.world.shops[0]
    account = next(
        entry
        for entry in retailer.sandbox.world.accounts
        if (entry.subsidiary, entry.role) == (shop.subsidiary, "stock adjustments")
    )
    adjustment = {
        "subsidiary": {"id": str(shop.subsidiary)},
        "tranDate": retailer.first.isoformat(),
        "account": {"id": str(account.internal_id)},
        "adjLocation": {"id": str(shop.location)},
        "inventory": {"items": [{"item": {"id": str(item)}, "adjustQtyBy": quantity}]},
    }
    retailer.netsuite("POST", "inventoryAdjustment", json.dumps(adjustment).encode())
