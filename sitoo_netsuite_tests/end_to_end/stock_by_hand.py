"""What people do about stock: leave it out of the estate, and take goods in."""

from __future__ import annotations

import json
from typing import Any

from sitoo_netsuite_tests.end_to_end.conftest import Retailer


def stop_keeping_stock(retailer: Retailer) -> None:
    """The estate knows nothing of stock any more."""

    def change(content: dict[str, Any]) -> None:
        del content["stock"]
        for entry in content["books"]:
            del entry["stock"]
        for entry in content["stores"]:
            del entry["go_live"]["stock"]

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
