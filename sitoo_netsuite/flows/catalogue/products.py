"""What an item of NetSuite, a product of Sitoo and the product a till ought to have look like to this flow.

Belongs here: the frozen types that the pure modules of the catalogue share. Does not belong here: rules about them.

Money is in minor units of an ISO currency. `Mastered` fields are those that NetSuite owns; their values are compared as
text, so that they can be kept, shown and compared alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

TITLE, BARCODE, ACTIVE, VARIANTS = "title", "barcode", "active", "variants"
# NetSuite's item types whose stock is counted. Of a kit it keeps none: its members are counted.
STOCKED = frozenset({"InvtPart", "Assembly"})


def price_field(pricelistid: int) -> str:
    """The mastered field of a price list's price."""
    return f"price:{pricelistid}"


@dataclass(frozen=True, slots=True)
class Item:
    """An item as NetSuite has it. `prices`: (name of the price level, ISO currency) to the price of one unit, exact.

    `options`: option of the estate's `matrix_options` to value, of a matrix child. `parent`: internal id.
    """

    item: int
    sku: str
    title: str
    barcode: str
    item_type: str
    inactive: bool
    for_tills: bool
    matrix_type: str | None
    parent: int | None
    options: Mapping[str, str]
    tax_schedule: str | None
    subsidiaries: frozenset[int]
    prices: Mapping[tuple[str, str], Decimal]


@dataclass(frozen=True, slots=True)
class TillProduct:
    """A product as a Sitoo site has it. `prices`: pricelistid to the stored price in minor units.

    `main_variant`: productid of its group's main variant, None outside a group. `modified_at`: when Sitoo last saw it
    changed.
    """

    productid: int
    sku: str
    title: str
    barcode: str
    vatid: int | None
    active_pos: bool
    main_variant: int | None
    attributes: tuple[tuple[str, str], ...]
    modified_at: datetime | None
    prices: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class PriceList:
    """A Sitoo price list. One with tags applies to some customers or campaigns only (inferred)."""

    pricelistid: int
    name: str
    active: bool
    currency: str
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class SiteCatalogue:
    """All that one Sitoo site has: `groups` maps vatid to the VAT rate in basis points, None where Sitoo names no
    rate; `prices_with_vat` is None where the site does not say.
    """

    eshopid: int
    currency: str
    prices_with_vat: bool | None
    groups: Mapping[int, int | None]
    lists: Mapping[int, PriceList]
    products: Mapping[int, TillProduct]


@dataclass(frozen=True, slots=True)
class WantedProduct:
    """What a site's tills ought to have of an item. Values as Sitoo stores them.

    barcode is None where NetSuite's cannot be used: Sitoo's is left as it is. prices: pricelistid to minor units on the
    site's own basis; a list whose price cannot be told is left out. vatid and stocked, whether Sitoo counts its stock,
    are given to a new product only. group: the internal id of its matrix's parent, None outside a matrix.
    """

    sku: str
    item: int
    title: str
    barcode: str | None
    active: bool
    vatid: int | None
    stocked: bool
    prices: Mapping[int, int]
    group: int | None
    attributes: tuple[tuple[str, str], ...]
