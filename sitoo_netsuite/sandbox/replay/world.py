"""The retailer that a replay file implies: shops, tills, catalogue, VAT groups, tenders, books.

Belongs here: what stands still, from the file where it says so, else by the rules below. Does not belong here: reading
the file (`file`) and what happened at the tills (`till_days`).

- A market, a subsidiary and a set of books per currency; above them a group that trades nothing.
- A shop per store of the file, with one till. Its key is the file's, other characters than letters, digits and `_`
  replaced by `_`, at most 20. Trading days end at 04:00.
- An item per SKU: inventory, or a service where the file says so. Title: the description it has most often. Price: the
  one it was last sold at. Cost: 40 % of the price without VAT. Every SKU is known to NetSuite. Opening stock, gift card,
  deposit and tip items are those of the made-up retailer.
- A VAT group per rate that goods or services were sold at; an item's group is the one it was sold in last.
- A tender per name in the file. One of the made-up retailer's names is that tender (Gift card, Invoice...); `Cash` in
  any case is cash; a name with the word card, or of a card scheme, is a card; any other has a clearing account of its
  own.
- Accounts and estate file are as for the made-up retailer, with an account per rate and further tender; every store
  is live from the first trading day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from datetime import time

from sitoo_netsuite.money import decimals, round_half_away, vat_within
from sitoo_netsuite.sandbox.replay.file import CUT_OVER, PRICE_DECIMALS, SALE, SERVICE, ReplayError, ReplayFile, time_zone_of
from sitoo_netsuite.sandbox.trade.till import CASH
from sitoo_netsuite.sandbox.world import (
    CARD,
    DEPOSIT_SKU,
    EXPERIENCE_CARD_SKU,
    GIFT_CARD_SKU,
    SHARED_TENDERS,
    TIP_SKU,
    Currency,
    Location,
    PaymentType,
    Product,
    ProductGroup,
    Register,
    Shop,
    Site,
    Staff,
    Subsidiary,
    Warehouse,
    World,
    chart_of_accounts,
    percent,
)

CARD_SCHEMES = ("Visa", "Mastercard", "Amex")

_GOODS, _SERVICES, _CARDS = 10, 20, 30  # Sitoo's product group types
_OTHER_TENDER = 400  # Sitoo's paymentmethodid of a custom tender
_GROUP_CURRENCY = "EUR"
_COST_PERCENT = 40
_LONGEST_KEY = 20


def replayed_world(file: ReplayFile) -> World:
    """The world of a replay file. Its shops' names are the file's `store`."""
    items = _items(file)
    currencies = sorted({document.currency for document in file.documents})
    sites = tuple(_site(eshopid, currency) for eshopid, currency in enumerate(currencies, start=1))
    groups = tuple(group for site in sites for group in _groups(site.eshopid, site.currency, items.values()))
    tenders = {site.currency: _tenders(file, site.currency) for site in sites}
    shops = _shops(file, {site.currency: site.eshopid for site in sites})
    return World(
        seed=0,
        account_id=_ACCOUNT_ID,
        netsuite_account="TSTDRV" + _ACCOUNT_ID,
        retailer=_RETAILER,
        start=file.documents[0].day,
        days=(file.documents[-1].day - file.documents[0].day).days + 1,
        sites=sites,
        shops=shops,
        warehouses=(
            *(
                Warehouse(site.warehouseid, site.eshopid, None, f"Web warehouse {site.currency}", site.currency, f"WEB-{site.currency}")
                for site in sites
            ),
            *(Warehouse(shop.warehouseid, shop.eshopid, shop.storeid, shop.name, shop.currency, shop.key) for shop in shops),
        ),
        product_groups=groups,
        products=_products(items, groups, sites),
        payment_types=tuple(
            PaymentType(site.eshopid * 1000 + number, site.eshopid, method, name, "EXT_" + name.upper().replace(" ", "_"))
            for site in sites
            for number, (method, name) in enumerate(tenders[site.currency], start=1)
        ),
        customers=(),
        currencies=tuple(
            Currency(number, code, code)
            for number, code in enumerate(dict.fromkeys((*currencies, _GROUP_CURRENCY)), start=1)
        ),
        subsidiaries=(
            Subsidiary(_GROUP, f"{_RETAILER} group", _GROUP_CURRENCY, "NL", None),
            *(
                Subsidiary(_GROUP + site.eshopid, f"{_RETAILER} {site.currency}", site.currency, site.country, _GROUP)
                for site in sites
            ),
        ),
        locations=tuple(Location(shop.location, f"Shop {shop.name}", shop.subsidiary, shop.key) for shop in shops),
        accounts=tuple(
            account
            for site in sites
            for account in chart_of_accounts(
                _GROUP + site.eshopid,
                site.currency,
                1_000 * site.eshopid,
                10_000 * site.eshopid,
                sorted({group.rate_bp for group in groups if group.eshopid == site.eshopid}, reverse=True),
                [name for method, name in tenders[site.currency] if method == _OTHER_TENDER],
            )
        ),
    )


def group_name(item_kind: str, rate_bp: int) -> str:
    """The name of the VAT group that goods or services are sold in at a rate; unique within a site."""
    return f"{'Services' if item_kind == SERVICE else 'Goods'} {percent(rate_bp)}"


def minor_price(price: int, currency: str) -> int:
    """A price of the file in minor units, half away from zero."""
    return round_half_away(price, 10 ** (PRICE_DECIMALS - decimals(currency)))


def card_scheme(tender: str) -> str:
    """The scheme of a card tender, by its name; Visa where that names none."""
    return next((scheme for scheme in _CARD_SCHEMES if scheme.casefold() in tender.casefold()), _CARD_SCHEMES[0])


@dataclass(slots=True)
class _Item:
    """A SKU as the file has it; rates and prices are the last, by currency."""

    item_kind: str
    titles: Counter[str] = field(default_factory=Counter)
    rates: dict[str, list[int]] = field(default_factory=dict)
    price_minor: dict[str, int] = field(default_factory=dict)


def _items(file: ReplayFile) -> dict[str, _Item]:
    items: dict[str, _Item] = {}
    for document in file.documents:
        currency = document.currency
        for row in document.rows:
            sku = file.sku[row]
            item = items.get(sku) or items.setdefault(sku, _Item(file.item_kind[row]))
            item.titles[file.description[row]] += 1
            rates = item.rates.setdefault(currency, [])
            if file.rate_bp[row] not in rates[-1:]:
                rates.append(file.rate_bp[row])
            price = file.price[row]
            if price > 0 or currency not in item.price_minor:
                item.price_minor[currency] = max(0, minor_price(price, currency))
    return items
