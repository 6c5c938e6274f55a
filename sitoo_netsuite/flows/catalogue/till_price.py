"""The price a till would choose, and whether it is NetSuite's.

Belongs here: Sitoo's choice among price lists, followed, and the comparison with the right price. Does not belong here:
what a receipt was sold at (`sold_prices.py`), and what is to be pushed (`compare.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sitoo_netsuite.estate import CatalogueSettings
from sitoo_netsuite.flows.catalogue import findings
from sitoo_netsuite.flows.catalogue.products import PriceList, SiteCatalogue, TillProduct, WantedProduct
from sitoo_netsuite.flows.catalogue.tax_basis import to_gross
from sitoo_netsuite.flows.catalogue.wanted import products_by_sku
from sitoo_netsuite.worklist.cases import Case


@dataclass(frozen=True, slots=True)
class TillPrice:
    """The price of one unit that a till asks a customer nobody knows: minor units with VAT, and the list it is from."""

    pricelistid: int
    gross_minor: int
    currency: str


def applies_to_all(price_list: PriceList, site: SiteCatalogue) -> bool:
    """Whether a list applies to every sale at the site: active, without tags, in its currency (inferred)."""
    return price_list.active and not price_list.tags and price_list.currency == site.currency


def till_price(product: TillProduct, site: SiteCatalogue) -> TillPrice | None:
    """The lowest price among the lists that apply to every sale (reference sitoo-api 3, price lists).

    None where no such list has the product, or its price with VAT cannot be told.
    """
    return _lowest(product.prices, product, site)


def right_price(
    wanted: WantedProduct, product: TillProduct, site: SiteCatalogue, filled: Collection[int]
) -> TillPrice | None:
    """The price a till ought to choose: the lowest wanted one among the lists that apply to every sale.

    filled: the price lists that NetSuite fills. None where NetSuite's price of one of those that have the product
    cannot be told: then which is lowest cannot be told either.
    """
    if any(
        pricelistid in filled and pricelistid not in wanted.prices and applies_to_all(site.lists[pricelistid], site)
        for pricelistid in product.prices
        if pricelistid in site.lists
    ):
        return None
    return _lowest(wanted.prices, product, site)


def price_mismatches(
    wanted: Mapping[str, WantedProduct],
    site: SiteCatalogue,
    settings: CatalogueSettings,
    skus: Iterable[str] | None = None,
) -> list[Case]:
    """Cases `price_mismatch` of active products whose till price is not the right one, by what the site has now.

    skus: those to look at; None: all that are wanted.
    """
    products = products_by_sku(site)
    filled = frozenset(source.price_list for source in settings.lists_of(site.eshopid))
    cases = []
    for sku in wanted if skus is None else skus:
        one, product = wanted.get(sku), products.get(sku)
        if one is None or product is None or not (one.active and product.active_pos and one.prices):
            continue
        right, till = right_price(one, product, site, filled), till_price(product, site)
        if right is not None and till is not None and right.gross_minor != till.gross_minor:
            cases.append(
                findings.price_mismatch(
                    site.eshopid,
                    sku,
                    site.currency,
                    (right.pricelistid, right.gross_minor),
                    (till.pricelistid, till.gross_minor),
                    site.lists[till.pricelistid].name,
                )
            )
    return cases


def _lowest(prices: Mapping[int, int], product: TillProduct, site: SiteCatalogue) -> TillPrice | None:
    rate_bp = None if product.vatid is None else site.groups.get(product.vatid)
    found: list[tuple[int, int]] = []
    for pricelistid, stored in prices.items():
        price_list = site.lists.get(pricelistid)
        if price_list is None or not applies_to_all(price_list, site):
            continue
        gross = to_gross(stored, site_with_vat=site.prices_with_vat, rate_bp=rate_bp)
        if gross is None:
            return None
        found.append((gross, pricelistid))
    if not found:
        return None
    gross, pricelistid = min(found)
    return TillPrice(pricelistid, gross, site.currency)
