"""The estate file of the made-up retailer: what its people would have written about their own shops and books.

Belongs here: the text of `estate.yaml` for a World. Does not belong here: reading or checking an estate, which is the
package's own business; the sandbox hands over a file, as a real retailer does.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from sitoo_netsuite.sandbox.trade.till import CASH
from sitoo_netsuite.sandbox.world import (
    CARD,
    DEPOSIT_SKU,
    EXPERIENCE_CARD_SKU,
    GIFT_CARD_SKU,
    SHARED_TENDERS,
    TIP_SKU,
    VARIANT_OPTIONS,
    PaymentType,
    Shop,
    Site,
    World,
    in_transit,
    matrix_field,
    percent,
)

# Names of the card types, which tie an item and a tender to the liability they stand for.
_MULTI, _SINGLE = "gift card", "experience card"

_HEAD = """\
# The facts of {retailer} that neither system knows: which shop is which location, which account takes what.
# Account numbers are NetSuite's; subsidiaries and locations are NetSuite internal ids; rates are in percent.
retailer: {retailer}

# Who a case lands with.
owners:
  finance: finance
  retail_ops: retail ops
  integration: integration

# SKUs that are neither goods nor services.
items:
  - {{sku: {gift_card}, kind: gift_card, card: {multi}}}
  - {{sku: {experience_card}, kind: gift_card, card: {single}}}
  - {{sku: {deposit}, kind: deposit}}
  - {{sku: {tip}, kind: tip}}

# One entry per subsidiary: the accounts it keeps its tills' takings in.
books:
"""

_BOOKS = """\
  # {name}
  - subsidiary: "{subsidiary}"
    currency: {currency}
    country: {country}
    vat:
{vat}
    tenders:
{tills}      - {{name: Gift card, kind: gift_card, card: {multi}}}
      - {{name: Experience card, kind: gift_card, card: {single}}}
      - {{name: Credit note, kind: credit_note}}
      - {{name: Deposit, kind: deposit}}
      - {{name: Invoice, kind: other, account: "{invoice}"}}
    gift_cards:
      # Spent on anything: VAT when it is spent.
      - {{card: {multi}, purpose: multi, liability: "{gift_cards}"}}
      # Good for one thing at one rate: VAT when it is sold.
      - {{card: {single}, purpose: single, rate: "{card_rate}", liability: "{experience_cards}"}}
    accounts:
      till: "{till}"
      safe: "{safe}"
      bank_bag: "{bank_bag}"
      over_short: "{over_short}"
      float_difference: "{float_difference}"
      rounding: "{rounding}"
      tips: "{tips}"
      deposits: "{deposits}"
      undelivered: "{undelivered}"
      credit_notes: "{credit_notes}"
      exchange_clearing: "{exchange_clearing}"
      petty_cash:
        default: "{petty_cash}"
        reasons:
          cleaning: "{cleaning}"
          postage: "{postage}"
          refreshments: "{refreshments}"
    # The offset accounts of what moves goods: sold ones are a cost of sales, never shrinkage.
    stock:
      cogs: "{cogs}"
      shrinkage: "{stock_adjustments}"
      adjustments: "{stock_adjustments}"
{in_transit}"""

_CASH = """\
      - {{name: {name}, kind: cash}}
"""

_CARD = """\
      # The closest scheme wins: acquirer and card scheme as the payment names them.
      - name: {name}
        kind: card
        schemes:
          - {{acquirer: adyen, scheme: Visa, account: "{visa}"}}
          - {{acquirer: adyen, scheme: Mastercard, account: "{mastercard}"}}
          - {{acquirer: adyen, scheme: Amex, account: "{amex}"}}
          - {{acquirer: nets, account: "{nets}"}}
"""

_FURTHER_TENDER = """\
      - {{name: {name}, kind: other, account: "{account}"}}
"""

_VAT = """\
      - rate: "{rate}"
        sales: "{sales}"
        discounts: "{discounts}"
        returns: "{returns}"
        vat_on_sales: "{vat_on_sales}"
        vat_on_returns: "{vat_on_returns}"
"""

_STORE = """\
  - store: "{key}"
    name: {name}
    sitoo_store: {storeid}
    subsidiary: "{subsidiary}"
    location: "{location}"
    currency: {currency}
    time_zone: {time_zone}
    cut_over: "{cut_over:%H:%M}"
    go_live: {{sales: {start}, stock: {start}}}
    sales: [{{from: {start}, value: summary}}]
    returns: [{{from: {start}, value: journal}}]
"""

_CATALOGUE = """
# What of NetSuite's items and prices the tills have.
catalogue:
  push: true
  # The VAT group of a Sitoo site's products, by tax schedule.
  tax_schedules:
{tax_schedules}
  # The attribute of a variant in Sitoo, and the field of a matrix item that holds it.
  matrix_options:
{matrix_options}
  price_levels:
{price_levels}
  price_lists:
{price_lists}
"""

_TAX_SCHEDULE = """\
    - {{tax_schedule: {name}, vat_groups: {{{vat_groups}}}}}
"""

_MATRIX_OPTION = """\
    {option}: {field}
"""

_PRICE_LEVEL = """\
    - {{price_level: {name}, holds_vat: {holds_vat}}}
"""

_PRICE_LIST = """\
    - {{site: {site}, price_list: {number}, price_level: {level}, currency: {currency}, subsidiary: "{subsidiary}"}}
"""

_CUSTOMERS = """
# Sitoo's customers become NetSuite's.
customers: {push: true}
"""

_STOCK = """
# A warehouse of Sitoo and the location of NetSuite it is, by store.
stock:
  push: true
  # Where movements are made that both systems could make. What is made in the other one waits for a person.
  owners: {{receipts: netsuite, transfers: sitoo, counts: sitoo, web_orders: netsuite}}
  warehouses:
{warehouses}
"""

_WAREHOUSE = """\
    - {{warehouse: {warehouse}, store: "{store}", location: "{location}"}}
"""

_WAITS = """
# Both APIs are near: what fails is tried again soon.
sitoo: {{retry_seconds: {seconds}}}
netsuite: {{retry_seconds: {seconds}}}
"""


def estate_yaml(world: World, retry_seconds: str | None = None) -> str:
    """The estate file of a world: every store live from its first day, sales as a summary, returns in the journal.

    retry_seconds: how long either API is first waited for after a failure; left to the default when None.
    """
    head = _HEAD.format(
        retailer=world.retailer,
        gift_card=GIFT_CARD_SKU,
        experience_card=EXPERIENCE_CARD_SKU,
        deposit=DEPOSIT_SKU,
        tip=TIP_SKU,
        multi=_MULTI,
        single=_SINGLE,
    )
    books = "\n".join(_books(world, site) for site in world.sites)
    stores = "\n".join(_store(world, shop) for shop in world.shops)
    waits = "" if retry_seconds is None else _WAITS.format(seconds=retry_seconds)
    # A retailer whose tills take no price from NetSuite, or who knows no customer, says nothing of it.
    catalogue = _catalogue(world) if any(prices.level for prices in world.price_lists) else ""
    customers = _CUSTOMERS if world.customers else ""
    return f"{head}{books}\nstores:\n{stores}{_stock(world)}{catalogue}{customers}{waits}"


def _stock(world: World) -> str:
    return _STOCK.format(
        warehouses="".join(
            _WAREHOUSE.format(warehouse=shop.warehouseid, store=shop.key, location=shop.location)
            for shop in world.shops
        ).rstrip("\n")
    )


def _catalogue(world: World) -> str:
    return _CATALOGUE.format(
        tax_schedules="".join(
            _TAX_SCHEDULE.format(
                name=_quoted(schedule.name),
                vat_groups=", ".join(f"{site}: {vatid}" for site, vatid in schedule.vat_groups.items()),
            )
            for schedule in world.tax_schedules
            if schedule.vat_groups
        ).rstrip("\n"),
        matrix_options="".join(
            _MATRIX_OPTION.format(option=option, field=matrix_field(option)) for option in VARIANT_OPTIONS
        ).rstrip("\n"),
        price_levels="".join(
            _PRICE_LEVEL.format(name=_quoted(level.name), holds_vat=str(level.holds_vat).lower())
            for level in world.price_levels
        ).rstrip("\n"),
        price_lists="".join(
            _PRICE_LIST.format(
                site=prices.eshopid,
                number=prices.pricelistid,
                level=_quoted(prices.level),
                currency=prices.currency,
                subsidiary=world.subsidiary_of(prices.eshopid).internal_id,
            )
            for prices in world.price_lists
            if prices.level is not None
        ).rstrip("\n"),
    )


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _books(world: World, site: Site) -> str:
    subsidiary = world.subsidiary_of(site.eshopid)

    def account(role: str) -> str:
        return world.account(subsidiary.internal_id, role)

    groups = [group for group in world.product_groups if group.eshopid == site.eshopid]
    rates = sorted({group.rate_bp for group in groups}, reverse=True)
    card_rate = next(group.rate_bp for group in groups if group.group_type == 30 and group.rate_bp)
    vat = "".join(
        _VAT.format(
            rate=percent(rate),
            **{
                role.replace(" ", "_"): account(f"{role} {percent(rate)}")
                for role in ("sales", "discounts", "returns", "vat on sales", "vat on returns")
            },
        )
        for rate in rates
    )
    kinds = [kind for kind in world.payment_types if kind.eshopid == site.eshopid]
    return _BOOKS.format(
        name=subsidiary.name,
        subsidiary=subsidiary.internal_id,
        currency=site.currency,
        country=site.country,
        vat=vat.rstrip("\n"),
        tills="".join(_tender(kind, account) for kind in kinds),
        multi=_MULTI,
        single=_SINGLE,
        card_rate=percent(card_rate),
        invoice=account("invoice"),
        gift_cards=account("gift cards"),
        experience_cards=account("experience cards"),
        till=account("till"),
        safe=account("safe"),
        bank_bag=account("bank bag"),
        over_short=account("over and short"),
        float_difference=account("float difference"),
        rounding=account("rounding"),
        tips=account("tips"),
        deposits=account("deposits"),
        undelivered=account("undelivered"),
        credit_notes=account("credit notes"),
        exchange_clearing=account("exchange clearing"),
        petty_cash=account("petty cash"),
        cleaning=account("petty cash cleaning"),
        postage=account("petty cash postage"),
        refreshments=account("petty cash refreshments"),
        cogs=account("cost of goods sold"),
        stock_adjustments=account("stock adjustments"),
        in_transit=_in_transit(world, subsidiary.internal_id),
    )


def _in_transit(world: World, subsidiary: int) -> str:
    """The line that names the location for goods in transit, where the subsidiary has one."""
    location = in_transit(subsidiary)
    has_one = any(entry.internal_id == location for entry in world.locations)
    return f'      in_transit: "{location}"\n' if has_one else ""


def _tender(kind: PaymentType, account: Callable[[str], str]) -> str:
    """The entry of a tender that is not the same in every market."""
    if (kind.paymentmethodid, kind.name) in SHARED_TENDERS:
        return ""
    name = _quoted(kind.name)
    if kind.paymentmethodid == CASH:
        return _CASH.format(name=name)
    if kind.paymentmethodid == CARD:
        return _CARD.format(
            name=name,
            visa=account("card adyen Visa"),
            mastercard=account("card adyen Mastercard"),
            amex=account("card adyen Amex"),
            nets=account("card nets"),
        )
    return _FURTHER_TENDER.format(name=name, account=account(f"tender {kind.name}"))


def _store(world: World, shop: Shop) -> str:
    return _STORE.format(
        key=shop.key,
        name=_quoted(shop.name),
        storeid=shop.storeid,
        subsidiary=shop.subsidiary,
        location=shop.location,
        currency=shop.currency,
        time_zone=shop.time_zone,
        cut_over=shop.cut_over,
        start=world.start,
    )
