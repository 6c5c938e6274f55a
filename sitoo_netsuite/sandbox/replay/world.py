"""The retailer that a replay file implies: shops, tills, catalogue, VAT groups, tenders, books.

Belongs here: what stands still, from the file where it says so, else by the rules below. Does not belong here: reading
the file (`file`) and what happened at the tills (`till_days`).

- A market, a subsidiary and a set of books per currency; above them a group that trades nothing.
- A shop per store of the file, with the tills that the file names there, in the order of their names. Its key is the
  file's, other characters than letters, digits and `_` replaced by `_`, at most 20. Trading days end at 04:00.
- An item per SKU: inventory, or a service where the file says so; NetSuite knows them all. Title: the description it
  has most often. Price: the one it was last sold at. Cost: 40 % of the price without VAT. Opening stock, gift card,
  deposit and tip items are as the made-up retailer has them.
- A VAT group per rate that goods or services were sold at; an item's group is the one it was sold in last.
- A tender per name in the file. One of the made-up retailer's names is that tender (Gift card, Invoice...); `Cash` in
  any case is cash; a name with the word card, or of a card scheme, is a card; any other has a clearing account of its
  own.
- What an item was sold at differs from receipt to receipt, and who bought is an address at most: NetSuite has base
  prices, but no list at the tills is filled from them, there is neither matrix nor tax schedule, and no customer.
- Accounts and estate file are as for the made-up retailer, with an account per rate and further tender, and without
  catalogue and customers; every store is live from the first trading day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import time
from itertools import count, groupby
from operator import itemgetter

from sitoo_netsuite.money import decimals, round_half_away, vat_within
from sitoo_netsuite.sandbox.replay.file import CUT_OVER, PRICE_DECIMALS, SALE, SERVICE, ReplayFile, time_zone_of
from sitoo_netsuite.sandbox.trade.till import CASH
from sitoo_netsuite.sandbox.world import (
    BASE_PRICE,
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
    default_list,
    percent,
)

_GOODS, _SERVICES, _CARDS = 10, 20, 30  # Sitoo's product group types
_OTHER_TENDER = 400  # Sitoo's paymentmethodid of a custom tender
_ACCOUNT_ID, _RETAILER = "1500", "Replayed retailer"
_GROUP, _GROUP_CURRENCY = 1, "EUR"
_FIRST_PRODUCT, _FIRST_ITEM = 4_000, 1_000
_STANDARD_BP = 2_000
_COST_PERCENT = 40
_LONGEST_KEY = 20
_NO_KEY_CHARACTER = re.compile(r"[^A-Za-z0-9_]")
_CARD_SCHEMES = ("Visa", "Mastercard", "Amex")
_GIFT_CARDS, _EXPERIENCE_CARDS, _DEPOSITS, _TIPS = "Gift cards", "Experience cards", "Deposits", "Tips"
_SPECIAL_ITEMS = (
    (GIFT_CARD_SKU, "Gift card", _GIFT_CARDS),
    (EXPERIENCE_CARD_SKU, "Experience card", _EXPERIENCE_CARDS),
    (DEPOSIT_SKU, "Deposit", _DEPOSITS),
    (TIP_SKU, "Tip", _TIPS),
)


def replayed_world(file: ReplayFile) -> World:
    """The world of a replay file. Its shops' names are the file's `store`."""
    items = _items(file)
    currencies = sorted({document.currency for document in file.documents})
    sites = tuple(_site(eshopid, currency) for eshopid, currency in enumerate(currencies, start=1))
    groups = tuple(group for site in sites for group in _groups(site, items.values()))
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
                Warehouse(
                    site.warehouseid,
                    site.eshopid,
                    None,
                    f"Web warehouse {site.currency}",
                    site.currency,
                    f"WEB-{site.currency}",
                )
                for site in sites
            ),
            *(
                Warehouse(shop.warehouseid, shop.eshopid, shop.storeid, shop.name, shop.currency, shop.key)
                for shop in shops
            ),
        ),
        product_groups=groups,
        tax_schedules=(),
        price_levels=(BASE_PRICE,),
        price_lists=tuple(default_list(site.eshopid, site.currency, level=None) for site in sites),
        matrix_parents=(),
        products=_products(items, groups, sites),
        payment_types=tuple(
            PaymentType(
                site.eshopid * 1000 + number, site.eshopid, method, name, "EXT_" + name.upper().replace(" ", "_")
            )
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


def tills_of(file: ReplayFile) -> dict[str, tuple[str, ...]]:
    """The file's names of the tills of each store, in the order of `Shop.registers`."""
    names = sorted({(document.store, document.register) for document in file.documents})
    return {store: tuple(name for _, name in tills) for store, tills in groupby(names, key=itemgetter(0))}


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
    """A SKU as the file has it: how often each description, and by currency the rates in turn and the last price."""

    item_kind: str
    titles: Counter[str] = field(default_factory=Counter)
    rates: dict[str, list[int]] = field(default_factory=dict)
    price_minor: dict[str, int] = field(default_factory=dict)


def _items(file: ReplayFile) -> dict[str, _Item]:
    """By SKU, in the order in which they first appear."""
    items: dict[str, _Item] = {}
    for document in file.documents:
        currency = document.currency
        for row in document.rows:
            sku, rate, price = file.sku[row], file.rate_bp[row], file.price[row]
            item = items.get(sku) or items.setdefault(sku, _Item(file.item_kind[row]))
            item.titles[file.description[row]] += 1
            rates = item.rates.setdefault(currency, [])
            if rate not in rates[-1:]:
                rates.append(rate)
            if document.kind == SALE and price > 0:
                item.price_minor[currency] = minor_price(price, currency)
    return items


def _site(eshopid: int, currency: str) -> Site:
    return Site(
        eshopid=eshopid,
        name=f"{_RETAILER} {currency}",
        currency=currency,
        time_zone=time_zone_of(currency),
        # A currency's code begins with its country's (ISO 4217); EU for the euro.
        country=currency[:2],
        rounds_cash=False,
        prices_stored_with_vat=True,
        warehouseid=eshopid,
    )


def _shops(file: ReplayFile, eshopids: dict[str, int]) -> tuple[Shop, ...]:
    currency_of = {document.store: document.currency for document in file.documents}
    tills = tills_of(file)
    shops = []
    keys: set[str] = set()
    numbers = count(1)
    for number, (name, currency) in enumerate(sorted(currency_of.items()), start=1):
        plain = key = _NO_KEY_CHARACTER.sub("_", name)[:_LONGEST_KEY]
        if key in keys:
            key = f"{plain[: _LONGEST_KEY - 5]}_{number:04d}"
        keys.add(key)
        storeid = 100 + number
        shops.append(
            Shop(
                storeid=storeid,
                eshopid=eshopids[currency],
                key=key,
                name=name,
                currency=currency,
                time_zone=time_zone_of(currency),
                cut_over=CUT_OVER,
                subsidiary=_GROUP + eshopids[currency],
                location=storeid,
                warehouseid=storeid,
                registers=tuple(_register(next(numbers), storeid) for _ in tills[name]),
                staff=(Staff(_guid(0xA000, number), f"E{number}", "Till staff"),),
                opens=time(9),
                closes=time(18),
            )
        )
    return tuple(shops)


def _register(number: int, storeid: int) -> Register:
    return Register(_guid(0x9000, number), f"SII{_ACCOUNT_ID:0>10}{number:03d}", number, storeid, storeid)


def _guid(kind: int, number: int) -> str:
    return f"{{00000000-0000-4000-{kind:04X}-{number:012X}}}"


def _groups(site: Site, items: Iterable[_Item]) -> list[ProductGroup]:
    sold = {(item.item_kind, rate) for item in items for rate in item.rates.get(site.currency, ())}
    # A card good for one thing needs a rate.
    standard = max(rate for _, rate in sold) or _STANDARD_BP
    named = [
        *(
            (group_name(item_kind, rate), _SERVICES if item_kind == SERVICE else _GOODS, rate)
            for item_kind, rate in sorted(sold, reverse=True)
        ),
        (_GIFT_CARDS, _CARDS, 0),
        (_EXPERIENCE_CARDS, _CARDS, standard),
        (_DEPOSITS, _SERVICES, 0),
        (_TIPS, _SERVICES, 0),
    ]
    return [
        ProductGroup(vatid, site.eshopid, name, group_type, rate)
        for vatid, (name, group_type, rate) in enumerate(named, start=2)
    ]


def _tenders(file: ReplayFile, currency: str) -> list[tuple[int, str]]:
    """paymentmethodid and name of what a market takes: the file's tenders, and the made-up retailer's."""
    names = {document.tender for document in file.documents if document.currency == currency}
    names -= {name for _, name in SHARED_TENDERS}
    return [*((_payment_method(name), name) for name in sorted(names)), *SHARED_TENDERS]


def _payment_method(tender: str) -> int:
    name = tender.casefold()
    if name == "cash":
        return CASH
    is_card = "card" in name.split() or any(scheme.casefold() in name for scheme in _CARD_SCHEMES)
    return CARD if is_card else _OTHER_TENDER


def _products(items: dict[str, _Item], groups: Sequence[ProductGroup], sites: Sequence[Site]) -> tuple[Product, ...]:
    vatids = {(group.eshopid, group.name): group.vatid for group in groups}
    products = []
    for number, (sku, item) in enumerate(items.items(), start=1):
        title = max((name for name in item.titles if name), key=item.titles.__getitem__, default=sku)
        sold_at = [site for site in sites if site.currency in item.rates]
        prices = {site.currency: item.price_minor.get(site.currency, 0) for site in sold_at}
        products.append(
            Product(
                productid=_FIRST_PRODUCT + number,
                sku=sku,
                title=title,
                barcode="",
                item_type="Service" if item.item_kind == SERVICE else "InvtPart",
                netsuite_item=_FIRST_ITEM + number,
                group={
                    site.eshopid: vatids[site.eshopid, group_name(item.item_kind, item.rates[site.currency][-1])]
                    for site in sold_at
                },
                price_minor=prices,
                cost_minor={
                    currency: 0 if item.item_kind == SERVICE else _cost(price, item.rates[currency][-1])
                    for currency, price in prices.items()
                },
            )
        )
    for number, (sku, title, group) in enumerate(_SPECIAL_ITEMS, start=len(items) + 1):
        products.append(
            Product(
                productid=_FIRST_PRODUCT + number,
                sku=sku,
                title=title,
                barcode="",
                item_type="NonInvtPart",
                netsuite_item=_FIRST_ITEM + number,
                group={site.eshopid: vatids[site.eshopid, group] for site in sites},
                price_minor={site.currency: 0 for site in sites},
                cost_minor={site.currency: 0 for site in sites},
            )
        )
    return tuple(products)


def _cost(price_minor: int, rate_bp: int) -> int:
    return round_half_away((price_minor - vat_within(price_minor, rate_bp)) * _COST_PERCENT, 100)
