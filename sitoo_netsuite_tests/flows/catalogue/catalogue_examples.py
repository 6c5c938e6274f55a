"""A small catalogue the pure tests share: two Sitoo sites, one for Sweden and one for Norway, filled by subsidiary."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sitoo_netsuite.estate import CatalogueSettings
from sitoo_netsuite.flows.catalogue.products import Item, PriceList, SiteCatalogue, TillProduct
from sitoo_netsuite.flows.catalogue.wanted import DoubledItem, TillItems, items_for_tills
from sitoo_netsuite.worklist.cases import Case

SPECIALS = frozenset({"GIFTCARD"})
MODIFIED = datetime(2026, 3, 2, 9, tzinfo=UTC)


def settings(**changes: Any) -> CatalogueSettings:
    content: dict[str, Any] = {
        "tax_schedules": [
            {"tax_schedule": "Standard", "vat_groups": {1: 2, 2: 2}},
            {"tax_schedule": "Reduced", "vat_groups": {1: 3}},
        ],
        "matrix_options": {"Colour": "custitem_colour", "Size": "custitem_size"},
        "price_levels": [{"price_level": "Base Price", "holds_vat": True}],
        "price_lists": [
            {"site": 1, "price_list": 1, "price_level": "Base Price", "currency": "SEK", "subsidiary": "2"},
            {"site": 2, "price_list": 1, "price_level": "Base Price", "currency": "NOK", "subsidiary": "3"},
        ],
    }
    return CatalogueSettings.model_validate({**content, **changes})


def item(number: int = 1, **changes: Any) -> Item:
    fields: dict[str, Any] = {
        "item": number,
        "sku": f"SKU-{number}",
        "title": f"Thing {number}",
        "barcode": "",
        "item_type": "InvtPart",
        "inactive": False,
        "for_tills": True,
        "matrix_type": None,
        "parent": None,
        "options": {},
        "tax_schedule": "Standard",
        "subsidiaries": frozenset({2}),
        "prices": {("Base Price", "SEK"): Decimal("249.00"), ("Base Price", "NOK"): Decimal("299.00")},
    }
    return Item(**{**fields, **changes})


def child(number: int, colour: str, size: str, **changes: Any) -> Item:
    return item(number, matrix_type="CHILD", parent=100, options={"Colour": colour, "Size": size}, **changes)


def product(productid: int = 1, **changes: Any) -> TillProduct:
    """What the site ought to have of `item(productid)`."""
    fields: dict[str, Any] = {
        "productid": productid,
        "sku": f"SKU-{productid}",
        "title": f"Thing {productid}",
        "barcode": "",
        "vatid": 2,
        "active_pos": True,
        "main_variant": None,
        "attributes": (),
        "modified_at": MODIFIED,
        "prices": {1: 24_900},
    }
    return TillProduct(**{**fields, **changes})


def price_list(pricelistid: int = 1, **changes: Any) -> PriceList:
    fields: dict[str, Any] = {
        "pricelistid": pricelistid, "name": f"List {pricelistid}", "active": True, "currency": "SEK",
        "tags": frozenset(),
    }  # fmt: skip
    return PriceList(**{**fields, **changes})


def site(*products: TillProduct, **changes: Any) -> SiteCatalogue:
    fields: dict[str, Any] = {
        "eshopid": 1,
        "currency": "SEK",
        "prices_with_vat": True,
        "groups": {2: 2500, 3: 1200},
        "lists": {1: price_list()},
        "products": {one.productid: one for one in products},
    }
    return SiteCatalogue(**{**fields, **changes})


def for_tills(
    *items: Item, doubled: tuple[DoubledItem, ...] = (), estate: CatalogueSettings | None = None
) -> tuple[TillItems, list[Case]]:
    return items_for_tills(items, doubled, estate or settings(), SPECIALS)
