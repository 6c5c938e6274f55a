"""What every Sitoo site sells, while it changes: the products, variant groups and price lists of all sites.

Belongs here: the state as the world leaves it at the start, the lock around it, and what people do by hand in Sitoo's
Backoffice. Does not belong here: Sitoo's rules (`products`, `price_lists`), HTTP.

By hand the same rules hold as over HTTP: SitooError for what Sitoo refuses, KeyError for a site, SKU or list that is
not there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal
from threading import RLock
from typing import Any
from zoneinfo import ZoneInfo

from sitoo_netsuite.money import round_half_away, to_text, vat_within
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.sitoo import facts
from sitoo_netsuite.sandbox.sitoo.products import Product, SiteProducts
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.world import DEFAULT_LIST, Site, World
from sitoo_netsuite.sandbox.world import Product as WorldProduct


@dataclass(frozen=True, slots=True)
class TillPrice:
    """What a till asks for one unit: with VAT, in minor units, from that price list."""

    sku: str
    price_minor: int
    currency: str
    pricelistid: int


class Catalogue:
    """Thread-safe: requests and hands may change it at once."""

    def __init__(self, world: World, clock: SandboxClock, settings: SitooSettings | None = None) -> None:
        self._lock = RLock()
        takes_doubled = (settings or SitooSettings()).doubled_sku == "accept"
        self._sites = {site.eshopid: _opened(world, site, clock, takes_doubled) for site in world.sites}

    @property
    def eshopids(self) -> Collection[int]:
        return self._sites.keys()

    @contextmanager
    def site(self, eshopid: int) -> Iterator[SiteProducts]:
        """A site, held as long as the block lasts."""
        with self._lock:
            yield self._sites[eshopid]

    # ---------------------------------------------------------------- by hand

    def skus(self, eshopid: int) -> list[str]:
        """Every SKU of a site, by productid."""
        with self.site(eshopid) as site:
            return site.skus()

    def product(self, eshopid: int, sku: str) -> dict[str, Any]:
        """Every field of a product, as Sitoo shows it."""
        with self.site(eshopid) as site:
            return site.shown(_of(site, sku))

    def change(self, eshopid: int, sku: str, **fields: Any) -> None:
        """Somebody changes fields of a product: `change(1, "HOM-001", moneyprice="99.00")`."""
        with self.site(eshopid) as site:
            site.change(_of(site, sku).productid, fields)

    def add_product(self, eshopid: int, **fields: Any) -> int:
        """Somebody makes a product: its productid."""
        with self.site(eshopid) as site:
            return site.add(fields)

    def remove_product(self, eshopid: int, sku: str) -> None:
        """Somebody deletes a product."""
        with self.site(eshopid) as site:
            site.remove(_of(site, sku).productid)

    def add_list(self, eshopid: int, **fields: Any) -> int:
        """Somebody makes a price list: its pricelistid."""
        with self.site(eshopid) as site:
            return site.price_lists.add(fields)

    def set_list_price(self, eshopid: int, pricelistid: int, sku: str, moneyprice: str) -> None:
        """Somebody gives a product a price in a list; in list 1 it is the product's own."""
        with self.site(eshopid) as site:
            body = {"productid": _of(site, sku).productid, "moneyprice": moneyprice}
            site.set_list_item(pricelistid, body)

    def till(self, eshopid: int, sku: str) -> TillPrice | None:
        """What a till would ask for one unit; None where it does not sell the SKU, or has no price of it."""
        with self.site(eshopid) as site:
            product = site.of_sku(sku)
            if product is None or not product.value("activepos"):
                return None
            lowest = site.price_lists.lowest(product.productid)
            if lowest is None:
                return None
            stored_minor, pricelistid = lowest
            rate_bp = int(Decimal(str(site.vat_groups[product.value("vatid")]["value"])) * 100)
            vat_minor = 0 if site.prices_with_vat else round_half_away(stored_minor * rate_bp, 10_000)
            return TillPrice(sku, stored_minor + vat_minor, site.currency, pricelistid)


def _of(site: SiteProducts, sku: str) -> Product:
    found = site.of_sku(sku)
    if found is None:
        raise KeyError(sku)
    return found


# ---------------------------------------------------------------- as the world leaves it


def _opened(world: World, site: Site, clock: SandboxClock, takes_doubled_sku: bool) -> SiteProducts:
    """A site with the world's products, which were made when the trade's first day began."""
    groups = {group["vatid"]: group for group in facts.product_groups(world, site)}
    made = int(datetime.combine(world.start, time(0), tzinfo=ZoneInfo(site.time_zone)).astimezone(UTC).timestamp())
    opened = SiteProducts(site.currency, site.prices_stored_with_vat, groups, clock.epoch, takes_doubled_sku)
    products = sorted(
        (product for product in world.products if site.eshopid in product.group), key=lambda product: product.productid
    )
    for product in products:
        opened.restore(product.productid, _fields(site, product, groups), made)
    for price_list in world.price_lists:
        # A list that NetSuite does not fill is somebody's own, and empty.
        filled = price_list.level is not None or price_list.pricelistid == DEFAULT_LIST
        if price_list.eshopid == site.eshopid:
            opened.price_lists.restore(
                price_list.pricelistid,
                price_list.name,
                price_list.currency,
                {
                    product.productid: _stored_minor(site, product, price_list.currency, groups)
                    for product in products
                    if filled and price_list.currency in product.price_minor
                },
            )
    _open_variants(opened, products)
    return opened


def _stored_minor(site: Site, product: WorldProduct, currency: str, groups: dict[int, facts.Record]) -> int:
    gross = product.price_minor[currency]
    rate_bp = int(Decimal(str(groups[product.group[site.eshopid]]["value"])) * 100)
    return gross if site.prices_stored_with_vat else gross - vat_within(gross, rate_bp)


def _fields(site: Site, product: WorldProduct, groups: dict[int, facts.Record]) -> dict[str, Any]:
    price_minor = _stored_minor(site, product, site.currency, groups) if site.currency in product.price_minor else 0
    return {
        "sku": product.sku,
        "title": product.title,
        "vatid": product.group[site.eshopid],
        "active": True,
        "activepos": True,
        "stockcountenable": product.item_type == "InvtPart",
        "barcode": product.barcode,
        "unitlabel": "kg" if product.by_weight else "",
        "allowdecimals": product.by_weight,
        "moneypriceorg": to_text(price_minor, site.currency),
        "moneypricein": to_text(product.cost_minor.get(site.currency, 0), site.currency),
    }


def _open_variants(opened: SiteProducts, products: list[WorldProduct]) -> None:
    """The variant groups: the children of one matrix parent, with the options they come in."""
    children: dict[int, list[WorldProduct]] = {}
    for product in products:
        if product.parent is not None:
            children.setdefault(product.parent, []).append(product)
    for variants in children.values():
        options: dict[str, list[str]] = {name: [] for name in variants[0].options}
        for variant in variants:
            for name, value in variant.options.items():
                if value not in options[name]:
                    options[name].append(value)
        opened.restore_variants(options, {variant.productid: tuple(variant.options.values()) for variant in variants})
