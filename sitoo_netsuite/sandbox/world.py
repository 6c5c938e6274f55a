"""The made-up retailer both sandboxes share: shops, tills, catalogue, subsidiaries, chart of accounts.

Belongs here: facts that stand still while the trade goes on, and how they are drawn from a seed. Does not belong here:
receipts (`trade/`), HTTP, and what either API looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from random import Random

from sitoo_netsuite.money import round_half_away, vat_within

# Four weeks before the clocks change in both countries (2026-03-29), so that longer trades cross it.
DEFAULT_START = date(2026, 3, 2)

GIFT_CARD_SKU = "GIFTCARD"  # multi-purpose: VAT when it is spent
EXPERIENCE_CARD_SKU = "EXPCARD"  # single-purpose: VAT when it is sold
DEPOSIT_SKU = "DEPOSIT"
TIP_SKU = "TIP"


@dataclass(frozen=True, slots=True)
class Currency:
    internal_id: int
    code: str  # ISO 4217, NetSuite's currency symbol
    name: str


@dataclass(frozen=True, slots=True)
class Subsidiary:
    internal_id: int
    name: str
    currency: str
    country: str  # ISO 3166 alpha-2, upper case
    parent: int | None


@dataclass(frozen=True, slots=True)
class Location:
    internal_id: int
    name: str
    subsidiary: int
    external_id: str | None


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """`account_type` is NetSuite's acctType id: Bank, AcctRec, OthCurrAsset, OthCurrLiab, Income, COGS, Expense...

    `role` is what the retailer uses the account for (`till`, `sales 25`, `card adyen Visa`), unique per subsidiary.
    """

    internal_id: int
    number: str
    name: str
    account_type: str
    subsidiary: int
    role: str


@dataclass(frozen=True, slots=True)
class ProductGroup:
    """A Sitoo VAT group. `group_type`: 10 product, 20 service, 30 gift card. `rate_bp`: 25 % is 2500."""

    vatid: int
    eshopid: int
    name: str
    group_type: int
    rate_bp: int


@dataclass(frozen=True, slots=True)
class TaxSchedule:
    """A tax schedule of NetSuite. `vat_groups`: the ProductGroup's vatid that it stands for, per eshopid.

    One without any is NetSuite's alone: the estate does not map it.
    """

    internal_id: int
    name: str
    vat_groups: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """A price level of NetSuite, for every currency. `holds_vat`: whether its prices are with VAT."""

    internal_id: int
    name: str
    holds_vat: bool


@dataclass(frozen=True, slots=True)
class PriceList:
    """A Sitoo price list. `level`: name of the price level the estate fills it from; None: the estate leaves it alone.

    List 1 is the default one, with the products' own prices.
    """

    pricelistid: int
    eshopid: int
    name: str
    currency: str
    level: str | None


@dataclass(frozen=True, slots=True)
class MatrixParent:
    """An item of NetSuite that holds the variants of one thing together and is never sold itself; Sitoo has none."""

    internal_id: int
    sku: str
    title: str
    tax_schedule: str


@dataclass(frozen=True, slots=True)
class Product:
    """One SKU. `price_minor` is VAT-inclusive per currency; `netsuite_item` is None when NetSuite lacks the SKU.

    `item_type` is NetSuite's: InvtPart, Service, NonInvtPart, Kit. `group` is the ProductGroup's vatid per eshopid.
    `by_weight`: the price is per kilogram. The price of a special SKU is 0: the till types it in. `cost_minor` is
    without VAT, per unit or kilogram. `tax_schedule` is a TaxSchedule's name. A variant has its MatrixParent's internal
    id in `parent`, and in `options` the name of each attribute (Colour, Size) with its value. `members`: pieces by SKU
    in one kit. `told_apart_by`: lot, serial or bin, where whoever moves it in NetSuite must say which.
    """

    productid: int
    sku: str
    title: str
    barcode: str
    item_type: str
    netsuite_item: int | None
    group: dict[int, int]
    price_minor: dict[str, int]
    cost_minor: dict[str, int]
    by_weight: bool = False
    tax_schedule: str | None = None
    parent: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    members: Mapping[str, int] = field(default_factory=dict)
    told_apart_by: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentType:
    """A Sitoo POS payment type; `paymentmethodid` as in the reference (100 cash, 2110 Adyen, 500 gift card...)."""

    paymenttypeid: int
    eshopid: int
    paymentmethodid: int
    name: str
    externalid: str


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A Sitoo warehouse; `storeid` is None for the one the web shop sends from.

    `warehousetype`: 10 FIFO, whose stock moves by transactions; 20 virtual, which is told its levels. `usetype`: 10
    what is sold, 40 what came back and is not. A store's tills sell from the one of usetype 10.
    """

    warehouseid: int
    eshopid: int
    storeid: int | None
    name: str
    currency: str
    externalid: str
    warehousetype: int = 10
    usetype: int = 10
    sellable: bool = True


@dataclass(frozen=True, slots=True)
class Register:
    registerid: str  # GUID with braces, upper case
    registerkey: str  # SII0000001500001
    number: int
    store: int  # storeid
    warehouseid: int


@dataclass(frozen=True, slots=True)
class Staff:
    userid: str  # GUID with braces, upper case
    externalid: str
    name: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A made-up person at example.com; `company` is empty for a private customer.

    `userid` is that of the Sitoo user on the site `eshopid`; empty for somebody who is known from receipts alone.
    `mobile` is written as people do, and empty where they left it out. `netsuite_customer` is the internal id; None
    for somebody whom NetSuite does not know yet.
    """

    email: str
    namefirst: str
    namelast: str
    company: str
    phone: str
    mobile: str = ""
    userid: str = ""
    eshopid: int = 1
    netsuite_customer: int | None = None


@dataclass(frozen=True, slots=True)
class Shop:
    """`opens` and `closes` are local; a shop that closes before it opens trades past midnight."""

    storeid: int
    eshopid: int
    key: str  # the estate's store key, and Sitoo's externalid: S01
    name: str
    currency: str
    time_zone: str
    cut_over: time
    subsidiary: int
    location: int
    warehouseid: int
    registers: tuple[Register, ...]
    staff: tuple[Staff, ...]
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Site:
    """A Sitoo site (one market): currency, zone, whether cash is rounded to whole units.

    `warehouseid` is the warehouse its web shop sends from.
    """

    eshopid: int
    name: str
    currency: str
    time_zone: str
    country: str
    rounds_cash: bool
    prices_stored_with_vat: bool
    warehouseid: int


@dataclass(frozen=True, slots=True)
class World:
    """Everything that stands still. `days` is how long the trade goes on from `start`."""

    seed: int
    account_id: str  # Sitoo's account number, in the path
    netsuite_account: str
    retailer: str
    start: date
    days: int
    sites: tuple[Site, ...]
    shops: tuple[Shop, ...]
    warehouses: tuple[Warehouse, ...]
    product_groups: tuple[ProductGroup, ...]
    tax_schedules: tuple[TaxSchedule, ...]
    price_levels: tuple[PriceLevel, ...]
    price_lists: tuple[PriceList, ...]
    matrix_parents: tuple[MatrixParent, ...]
    products: tuple[Product, ...]
    payment_types: tuple[PaymentType, ...]
    customers: tuple[Customer, ...]
    currencies: tuple[Currency, ...]
    subsidiaries: tuple[Subsidiary, ...]
    locations: tuple[Location, ...]
    accounts: tuple[LedgerAccount, ...]

    def shop(self, key: str) -> Shop:
        """The shop with a store key. Raises KeyError when there is none."""
        for shop in self.shops:
            if shop.key == key:
                return shop
        raise KeyError(key)

    def subsidiary_of(self, eshopid: int) -> Subsidiary:
        """The subsidiary whose market a Sitoo site is. Raises KeyError when there is none."""
        country = {site.eshopid: site.country for site in self.sites}[eshopid]
        return {subsidiary.country: subsidiary for subsidiary in self.subsidiaries}[country]

    def account(self, subsidiary: int, role: str) -> str:
        """The number of the account a subsidiary uses for a role. Raises KeyError when there is none."""
        for account in self.accounts:
            if (account.subsidiary, account.role) == (subsidiary, role):
                return account.number
        raise KeyError((subsidiary, role))


# ---------------------------------------------------------------- what a world is drawn from


@dataclass(frozen=True, slots=True)
class _Country:
    """One market. `krona_worth` turns a price in kronor into the currency: its worth in hundredths of a krona.

    `first_mobile`: the first of the mobile numbers kept for fiction (by PTS and Ofcom), which are nobody's.
    """

    code: str
    eshopid: int
    site: str
    subsidiary: int
    company: str
    currency: str
    time_zone: str
    rounds_cash: bool
    standard_bp: int
    account_range: int
    krona_worth: int
    first_mobile: int
    cities: tuple[str, ...]
    tenders: tuple[tuple[int, str], ...]  # paymentmethodid, name


# Sitoo's paymentmethodid of a card terminal (Adyen; reference section 3).
CARD = 2110
# paymentmethodid and name of what every market takes.
SHARED_TENDERS = (
    (500, "Gift card"),
    (500, "Experience card"),
    (510, "Credit note"),
    (1000, "Deposit"),
    (1100, "Exchange"),
    (600, "Invoice"),
)
_COUNTRIES = (
    _Country(
        "SE", 1, "Sweden", 2, "Lindgrove Sverige AB", "SEK", "Europe/Stockholm", True, 2500, 10_000, 100, 701740605,
        ("Stockholm", "Malmö", "Göteborg", "Uppsala", "Lund", "Umeå", "Västerås", "Örebro"),
        ((100, "Cash"), (CARD, "Card"), (710, "Swish"), *SHARED_TENDERS),
    ),
    _Country(
        "GB", 2, "United Kingdom", 3, "Lindgrove UK Ltd", "GBP", "Europe/London", False, 2000, 20_000, 8, 7700900000,
        ("London", "Leeds", "Bristol", "Edinburgh", "Cardiff", "York", "Bath", "Norwich"),
        ((100, "Cash"), (CARD, "Card"), *SHARED_TENDERS),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Category:
    """A shelf of the catalogue: its VAT rate by country, and its prices in kronor."""

    name: str
    prefix: str
    count: int
    tax_schedule: str
    rate_bp: dict[str, int]
    lowest: int
    highest: int
    item_type: str = "InvtPart"
    by_weight: bool = False
    nouns: tuple[str, ...] = ()


_CATEGORIES = (
    _Category(
        "Home",
        "HOM",
        70,
        "Standard",
        {"SE": 2500, "GB": 2000},
        49,
        1499,
        nouns=("Vase", "Lamp", "Throw", "Bowl", "Stool"),
    ),
    _Category(
        "Apparel", "APP", 70, "Standard", {"SE": 2500, "GB": 2000}, 99, 1999, nouns=("Coat", "Shirt", "Scarf", "Skirt")
    ),
    _Category(
        "Children",
        "KID",
        35,
        "Children's clothing",
        {"SE": 2500, "GB": 0},
        79,
        599,
        nouns=("Romper", "Mittens", "Boots", "Cap"),
    ),
    _Category("Pantry", "PAN", 35, "Food", {"SE": 1200, "GB": 0}, 19, 189, nouns=("Tea", "Jam", "Crispbread", "Honey")),
    _Category(
        "Deli", "DEL", 10, "Food", {"SE": 1200, "GB": 0}, 120, 420, by_weight=True, nouns=("Cheese", "Coffee beans")
    ),
    _Category(
        "Books", "BOK", 35, "Books", {"SE": 600, "GB": 0}, 59, 399, nouns=("Cookbook", "Atlas", "Novel", "Almanac")
    ),
    _Category(
        "Insulation", "INS", 15, "Energy saving", {"SE": 2500, "GB": 500}, 89, 899, nouns=("Draught strip", "Loft roll")
    ),
    _Category("Stamps", "STA", 5, "Stamps", {"SE": 0, "GB": 0}, 18, 180, nouns=("Stamp booklet",)),
    _Category(
        "Services", "SRV", 6, "Services", {"SE": 2500, "GB": 2000}, 49, 499, "Service", nouns=("Hemming", "Assembly")
    ),
)
# Their products are the sizes and colours of one thing, this many at a time.
_WITH_VARIANTS = "Apparel"
_SIZES = ("XS", "S", "M", "L", "XL")
VARIANT_OPTIONS = ("Colour", "Size")
_COLOURS = ("ash", "birch", "clay", "dusk", "fern", "granite", "heather", "ivory", "moss", "rust", "slate", "sand")
_FIRST_NAMES = ("Alva", "Bo", "Cleo", "Dag", "Edda", "Finn", "Greta", "Hugo", "Iris", "Juno", "Kim", "Lou", "Noor")
_LAST_NAMES = ("Fernwick", "Tarnholm", "Ostmere", "Quillby", "Brackenlund", "Vintersko", "Marrowdale", "Pilbrook")

# What the retailer uses an account for: role, number within the country's range, name, NetSuite type.
_ROLES = (
    ("bank", 1100, "Bank", "Bank"),
    ("till", 1110, "Cash in tills", "Bank"),
    ("safe", 1120, "Cash in safes", "Bank"),
    ("bank bag", 1130, "Cash on its way to the bank", "Bank"),
    ("accounts receivable", 1200, "Accounts receivable", "AcctRec"),
    ("card adyen Visa", 1310, "Card clearing Adyen Visa", "OthCurrAsset"),
    ("card adyen Mastercard", 1311, "Card clearing Adyen Mastercard", "OthCurrAsset"),
    ("card adyen Amex", 1312, "Card clearing Adyen Amex", "OthCurrAsset"),
    ("card nets", 1315, "Card clearing Nets", "OthCurrAsset"),
    ("tender Swish", 1320, "Swish clearing", "OthCurrAsset"),
    ("invoice", 1330, "Invoiced at the till", "OthCurrAsset"),
    ("undeposited funds", 1350, "Undeposited funds", "OthCurrAsset"),
    ("pos clearing", 1360, "POS clearing", "OthCurrAsset"),
    ("exchange clearing", 1370, "Exchange clearing", "OthCurrAsset"),
    ("inventory", 1400, "Inventory", "OthCurrAsset"),
    ("accounts payable", 2000, "Accounts payable", "AcctPay"),
    ("gift cards", 2410, "Gift cards outstanding", "OthCurrLiab"),
    ("experience cards", 2411, "Experience cards outstanding", "OthCurrLiab"),
    ("credit notes", 2420, "Credit notes outstanding", "OthCurrLiab"),
    ("deposits", 2430, "Customer deposits at the till", "OthCurrLiab"),
    ("undelivered", 2440, "Sold, to be delivered", "OthCurrLiab"),
    ("tips", 2450, "Tips payable", "OthCurrLiab"),
    ("customer deposits", 2460, "Customer deposits", "OthCurrLiab"),
    ("opening balances", 2900, "Opening balances", "Equity"),
    ("cost of goods sold", 4000, "Cost of goods sold", "COGS"),
    ("stock adjustments", 4100, "Stock adjustments", "COGS"),
    ("over and short", 5100, "Cash over and short", "Expense"),
    ("float difference", 5110, "Opening float differences", "Expense"),
    ("rounding", 5120, "Cash rounding", "Expense"),
    ("petty cash", 5200, "Petty cash, other", "Expense"),
    ("petty cash cleaning", 5210, "Cleaning", "Expense"),
    ("petty cash postage", 5220, "Postage", "Expense"),
    ("petty cash refreshments", 5230, "Staff refreshments", "Expense"),
    ("card fees", 5300, "Card fees", "Expense"),
)
# And per VAT rate; the number within the range is the one here plus the rate in percent.
_ROLES_BY_RATE = (
    ("sales", 3000, "Sales", "Income"),
    ("discounts", 3100, "Discounts", "Income"),
    ("returns", 3200, "Returns", "Income"),
    ("vat on sales", 2600, "Output VAT on sales", "OthCurrLiab"),
    ("vat on returns", 2700, "Output VAT on returns", "OthCurrLiab"),
)

_FIRST_FURTHER_TENDER = 1500
# The share of the people on receipts that are users of Sitoo, and that are customers of NetSuite.
_SITOO_KNOWS, _NETSUITE_KNOWS = 0.8, 0.5
# NetSuite's internal ids: parents come before their children, people after the walk-in customers of the shops.
_FIRST_PARENT, _FIRST_ITEM, _FIRST_CUSTOMER = 901, 1001, 2001
BASE_PRICE = PriceLevel(1, "Base Price", holds_vat=True)
DEFAULT_LIST, _DEFAULT_LIST_NAME = 1, "Default"
_UNDECIDED_SCHEDULE = "To be decided"


def make_world(seed: int, stores: int, days: int, start: date = DEFAULT_START, *, hard_to_stock: bool = False) -> World:
    """The world of a seed: `stores` shops, alternating between Sweden and the United Kingdom, Sweden first.

    A shop is the same however many there are, and the catalogue however many shops. hard_to_stock: with a kit, and
    goods told apart by lot, serial number and bin, at the end of the catalogue; the trade is another one then. Raises
    ValueError when there is no store or no day.
    """
    if stores < 1 or days < 1:
        raise ValueError("a trade needs at least one store and one day")
    account_id = "1500"
    countries = _COUNTRIES[: min(stores, len(_COUNTRIES))]
    shops = _shops(seed, account_id, stores)
    groups = tuple(group for country in countries for group in _groups(country))
    return World(
        seed=seed,
        account_id=account_id,
        netsuite_account="TSTDRV1500",
        retailer="Lindgrove",
        start=start,
        days=days,
        sites=tuple(
            Site(
                eshopid=country.eshopid,
                name=f"Lindgrove {country.site}",
                currency=country.currency,
                time_zone=country.time_zone,
                country=country.code,
                rounds_cash=country.rounds_cash,
                prices_stored_with_vat=True,
                warehouseid=country.eshopid,
            )
            for country in countries
        ),
        shops=shops,
        warehouses=(
            *(
                Warehouse(
                    warehouseid=country.eshopid,
                    eshopid=country.eshopid,
                    storeid=None,
                    name=f"Web warehouse {country.site}",
                    currency=country.currency,
                    externalid=f"WEB-{country.code}",
                )
                for country in countries
            ),
            *(
                Warehouse(
                    warehouseid=shop.warehouseid,
                    eshopid=shop.eshopid,
                    storeid=shop.storeid,
                    name=f"Lindgrove {shop.name}",
                    currency=shop.currency,
                    externalid=shop.key,
                )
                for shop in shops
            ),
        ),
        product_groups=groups,
        tax_schedules=_tax_schedules(countries),
        price_levels=(BASE_PRICE,),
        price_lists=tuple(default_list(country.eshopid, country.currency, BASE_PRICE.name) for country in countries),
        matrix_parents=_matrix_parents(),
        products=_with_hard_to_stock(_products(seed, countries)) if hard_to_stock else _products(seed, countries),
        payment_types=tuple(
            PaymentType(
                paymenttypeid=country.eshopid * 100 + number,
                eshopid=country.eshopid,
                paymentmethodid=method,
                name=name,
                externalid="EXT_" + name.upper().replace(" ", "_"),
            )
            for country in countries
            for number, (method, name) in enumerate(country.tenders, start=1)
        ),
        customers=_customers(seed, countries),
        currencies=(
            Currency(4, "EUR", "Euro"),
            *(Currency(country.eshopid, country.currency, _CURRENCY_NAMES[country.currency]) for country in countries),
        ),
        subsidiaries=(
            Subsidiary(1, "Lindgrove Group", "EUR", "NL", None),
            *(
                Subsidiary(country.subsidiary, country.company, country.currency, country.code, 1)
                for country in countries
            ),
        ),
        locations=(
            *(Location(shop.location, f"Shop {shop.name}", shop.subsidiary, shop.key) for shop in shops),
            *(
                Location(place(country.subsidiary), f"{name} {country.code}", country.subsidiary, None)
                for country in countries
                for place, name in ((in_transit, "In transit"), (central_warehouse, "Central warehouse"))
            ),
        ),
        accounts=_accounts(countries),
    )


# Above the locations of any number of shops.
_IN_TRANSIT, _CENTRAL = 9000, 9100
_CURRENCY_NAMES = {"SEK": "Swedish krona", "GBP": "British pound"}


def default_list(eshopid: int, currency: str, level: str | None) -> PriceList:
    """The price list that every Sitoo site has."""
    return PriceList(DEFAULT_LIST, eshopid, _DEFAULT_LIST_NAME, currency, level)


def central_warehouse(subsidiary: int) -> int:
    """Internal id of the location that a subsidiary's shops get goods from; the tills do not know it."""
    return _CENTRAL + subsidiary


def next_of_the_subsidiary(shops: Sequence[Shop], shop: Shop) -> Shop | None:
    """The shop that a shop sends goods to; None where its subsidiary has no other."""
    place = shops.index(shop)
    others = (*shops[place + 1 :], *shops[:place])
    return next((other for other in others if other.subsidiary == shop.subsidiary), None)


def in_transit(subsidiary: int) -> int:
    """Internal id of the location where a subsidiary keeps goods that one shop has sent and another not received."""
    return _IN_TRANSIT + subsidiary


def opening_stock(world: World, warehouseid: int) -> dict[str, int]:
    """What a warehouse holds of each stocked SKU before the trade begins, in thousandths of a unit.

    Nothing of goods that NetSuite would have to tell apart.
    """
    draw = _stream(world.seed, "opening stock", warehouseid)
    return {
        product.sku: draw.randrange(20, 400) * 1000
        for product in world.products
        if product.item_type == "InvtPart" and product.told_apart_by is None
    }


def _stream(seed: int, *parts: object) -> Random:
    """A random stream of its own for each part of the world, so that no part shifts another."""
    return Random("/".join(map(str, (seed, *parts))))


def _guid(draw: Random) -> str:
    digits = f"{draw.getrandbits(128):032X}"
    return "{" + "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])) + "}"


def _shops(seed: int, account_id: str, stores: int) -> tuple[Shop, ...]:
    shops = []
    register_number = 0
    for number in range(1, stores + 1):
        country = _COUNTRIES[(number - 1) % len(_COUNTRIES)]
        draw = _stream(seed, "shop", number)
        lap, place = divmod((number - 1) // len(_COUNTRIES), len(country.cities))
        warehouseid = 10 + number
        registers = []
        for _ in range(draw.choice((2, 3))):
            register_number += 1
            registers.append(
                Register(
                    registerid=_guid(draw),
                    registerkey=f"SII{account_id:0>10}{register_number:03d}",
                    number=register_number,
                    store=100 + number,
                    warehouseid=warehouseid,
                )
            )
        # One shop is a bar as much as a shop: it trades past midnight, and its day ends later in the morning.
        late = number == 2
        shops.append(
            Shop(
                storeid=100 + number,
                eshopid=country.eshopid,
                key=f"S{number:02d}",
                name=country.cities[place] + (f" {lap + 1}" if lap else ""),
                currency=country.currency,
                time_zone=country.time_zone,
                cut_over=time(6) if late else time(4),
                subsidiary=country.subsidiary,
                location=10 + number,
                warehouseid=warehouseid,
                registers=tuple(registers),
                staff=tuple(
                    Staff(_guid(draw), f"E{number * 10 + place}", name)
                    for place, name in enumerate(draw.sample(_FIRST_NAMES, 4))
                ),
                opens=time(12) if late else draw.choice((time(9), time(9, 30), time(10))),
                closes=time(1, 30) if late else draw.choice((time(18), time(19), time(20))),
            )
        )
    return tuple(shops)


def _rates(country: _Country) -> list[int]:
    return sorted({category.rate_bp[country.code] for category in _CATEGORIES}, reverse=True)


def _groups(country: _Country) -> list[ProductGroup]:
    """The product groups of a site. Group 2 is the default one, as in Sitoo (reference section 4)."""
    goods = [
        ProductGroup(vatid, country.eshopid, "Goods " + percent(rate_bp), 10, rate_bp)
        for vatid, rate_bp in enumerate(_rates(country), start=2)
    ]
    return [
        *goods,
        ProductGroup(_SERVICES, country.eshopid, "Services", 20, country.standard_bp),
        ProductGroup(_GIFT_CARDS, country.eshopid, "Gift cards", 30, 0),
        ProductGroup(_EXPERIENCE_CARDS, country.eshopid, "Experience cards", 30, country.standard_bp),
        ProductGroup(_DEPOSITS, country.eshopid, "Deposits", 20, 0),
        ProductGroup(_TIPS, country.eshopid, "Tips", 20, 0),
    ]


_SERVICES, _GIFT_CARDS, _EXPERIENCE_CARDS, _DEPOSITS, _TIPS = 20, 30, 31, 40, 41


def percent(rate_bp: int) -> str:
    """A VAT rate as people write it: 2500 is "25", 1750 is "17.5"."""
    return f"{rate_bp / 100:g}"


_SPECIAL_ITEMS = (
    (GIFT_CARD_SKU, "Gift card", _GIFT_CARDS, "Gift cards"),
    (EXPERIENCE_CARD_SKU, "Experience card", _EXPERIENCE_CARDS, "Experience cards"),
    (DEPOSIT_SKU, "Deposit", _DEPOSITS, "Deposits"),
    (TIP_SKU, "Tip", _TIPS, "Tips"),
)


def _groups_of(category: _Category, countries: Sequence[_Country]) -> dict[int, int]:
    """The vatid of a shelf's products, by eshopid."""
    if category.item_type == "Service":
        return {country.eshopid: _SERVICES for country in countries}
    return {country.eshopid: 2 + _rates(country).index(category.rate_bp[country.code]) for country in countries}


def _tax_schedules(countries: Sequence[_Country]) -> tuple[TaxSchedule, ...]:
    groups = {category.tax_schedule: _groups_of(category, countries) for category in _CATEGORIES}
    for _, _, group, schedule in _SPECIAL_ITEMS:
        groups[schedule] = {country.eshopid: group for country in countries}
    groups[_UNDECIDED_SCHEDULE] = {}
    return tuple(TaxSchedule(number, name, of) for number, (name, of) in enumerate(groups.items(), start=1))


def _matrix_parents() -> tuple[MatrixParent, ...]:
    category = next(category for category in _CATEGORIES if category.name == _WITH_VARIANTS)
    return tuple(
        MatrixParent(
            internal_id=_FIRST_PARENT + number,
            sku=f"{category.prefix}-LINE-{number + 1:02d}",
            title=f"{category.name} line {number + 1}",
            tax_schedule=category.tax_schedule,
        )
        for number in range(category.count // len(_SIZES))
    )


def _variant(category: _Category, number: int, colour: str) -> tuple[int | None, dict[str, str]]:
    """Parent and options of a shelf's nth product, from 1."""
    if category.name != _WITH_VARIANTS:
        return None, {}
    line, place = divmod(number - 1, len(_SIZES))
    return _FIRST_PARENT + line, dict(zip(VARIANT_OPTIONS, (colour.capitalize(), _SIZES[place]), strict=True))


def matrix_field(option: str) -> str:
    """The field of NetSuite's items that holds an option of VARIANT_OPTIONS: `custitem_colour`."""
    return f"custitem_{option.lower()}"


def ean_13(twelve_digits: str) -> str:
    """A barcode with its check digit: with weights 1 and 3 in turn, all digits add up to tens (GS1)."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(twelve_digits))
    return f"{twelve_digits}{-weighted % 10}"


def _products(seed: int, countries: Sequence[_Country]) -> tuple[Product, ...]:
    draw = _stream(seed, "catalogue")
    products: list[Product] = []
    for category in _CATEGORIES:
        for number in range(1, category.count + 1):
            kronor = draw.randrange(category.lowest, category.highest)
            cents = draw.choice((0, 0, 0, 90, 50, 95))
            share = draw.randrange(30, 55)
            price = {c.currency: _price(c, kronor, cents) for c in _COUNTRIES}
            noun, colour = draw.choice(category.nouns), draw.choice(_COLOURS)
            parent, options = _variant(category, number, colour)
            products.append(
                Product(
                    productid=4000 + len(products) + 1,
                    sku=f"{category.prefix}-{number:03d}",
                    title=f"{noun} {colour} {number}",
                    barcode=ean_13(f"73{draw.randrange(10**11) // 10:010d}"),
                    item_type=category.item_type,
                    netsuite_item=_FIRST_ITEM + len(products),
                    group=_groups_of(category, countries),
                    price_minor={c.currency: price[c.currency] for c in countries},
                    cost_minor={
                        c.currency: 0
                        if category.item_type == "Service"
                        else _cost(price[c.currency], category.rate_bp[c.code], share)
                        for c in countries
                    },
                    by_weight=category.by_weight,
                    tax_schedule=category.tax_schedule,
                    parent=parent,
                    options=options,
                )
            )
    for sku, title, group, schedule in _SPECIAL_ITEMS:
        products.append(
            Product(
                productid=4000 + len(products) + 1,
                sku=sku,
                title=title,
                barcode="",
                item_type="NonInvtPart",
                netsuite_item=_FIRST_ITEM + len(products),
                group={c.eshopid: group for c in countries},
                price_minor={c.currency: 0 for c in countries},
                cost_minor={c.currency: 0 for c in countries},
                tax_schedule=schedule,
            )
        )
    return tuple(products)


# SKU, what tells its goods apart, and which of the first shelf's products it is otherwise like.
_TOLD_APART = (("LOT-001", "lot", 0), ("SERIAL-001", "serial", 1), ("BIN-001", "bin", 2))
_KIT_SKU = "KIT-001"


def _with_hard_to_stock(products: tuple[Product, ...]) -> tuple[Product, ...]:
    """The catalogue, with a kit of two products of its first shelf and goods that are told apart."""
    more = [
        replace(
            products[like], sku=sku, title=f"{products[like].title}, by {told_apart_by}", told_apart_by=told_apart_by
        )
        for sku, told_apart_by, like in _TOLD_APART
    ]
    first, second = products[:2]
    more.append(
        replace(
            first,
            sku=_KIT_SKU,
            title=f"{first.title} with two of {second.title}",
            item_type="Kit",
            members={first.sku: 1, second.sku: 2},
            cost_minor={c: first.cost_minor[c] + 2 * second.cost_minor[c] for c in first.cost_minor},
            price_minor={c: first.price_minor[c] + 2 * second.price_minor[c] for c in first.price_minor},
        )
    )
    numbered = (
        replace(
            product,
            productid=products[-1].productid + number,
            netsuite_item=(products[-1].netsuite_item or 0) + number,
            barcode=ean_13(f"739{number:09d}"),
        )
        for number, product in enumerate(more, start=1)
    )
    return (*products, *numbered)


def _price(country: _Country, kronor: int, cents: int) -> int:
    worth = kronor * country.krona_worth
    return worth + cents if country.krona_worth == 100 else max(99, worth // 10 * 10 + 9)


def _cost(price_minor: int, rate_bp: int, share: int) -> int:
    return round_half_away((price_minor - vat_within(price_minor, rate_bp)) * share, 100)


def _customers(seed: int, countries: Sequence[_Country]) -> tuple[Customer, ...]:
    draw, known = _stream(seed, "customers"), _stream(seed, "who knows a customer")
    customers = []
    reachable: set[tuple[str, str]] = set()
    for number in range(1, 121):
        first, last = draw.choice(_FIRST_NAMES), draw.choice(_LAST_NAMES)
        country = countries[number % len(countries)]
        # Two of three leave theirs: the range kept for fiction has no more. Of a name one does, since numbers next to
        # each other look like one number mistyped.
        leaves_mobile = number % 3 != 0 and (first, last) not in reachable
        if leaves_mobile:
            reachable.add((first, last))
        customers.append(
            Customer(
                email=f"{first}.{last}.{number}@example.com".lower(),
                namefirst=first,
                namelast=last,
                company=f"{last} Trading" if number % 8 == 0 else "",
                phone=f"+00 555 {number:04d}",
                mobile=f"0{country.first_mobile + number // 3 * 2 + number % 3 - 1}" if leaves_mobile else "",
                userid=_guid(known) if known.random() < _SITOO_KNOWS else "",
                eshopid=country.eshopid,
                netsuite_customer=_FIRST_CUSTOMER + number if known.random() < _NETSUITE_KNOWS else None,
            )
        )
    return tuple(customers)


def _accounts(countries: Sequence[_Country]) -> tuple[LedgerAccount, ...]:
    return tuple(
        account
        for country in countries
        for account in chart_of_accounts(
            country.subsidiary, country.code, 200 * country.eshopid, country.account_range, _rates(country)
        )
    )


def chart_of_accounts(
    subsidiary: int, suffix: str, first_id: int, account_range: int, rates: Sequence[int], tenders: Sequence[str] = ()
) -> tuple[LedgerAccount, ...]:
    """What a subsidiary books to: an account per role, per VAT rate (basis points) and per further tender.

    Numbers lie within 10,000 of `account_range`, internal ids follow `first_id`; names end in `suffix`. A further
    tender's role is `tender <name>`. Rates may go up to 50 %.
    """
    named = [*_ROLES]
    for role, number, name, kind in _ROLES_BY_RATE:
        named += [
            (f"{role} {percent(rate)}", number + _within(rate, rates), f"{name} {percent(rate)} %", kind)
            for rate in rates
        ]
    roles = {role for role, *_ in named}
    further = [name for name in tenders if f"tender {name}" not in roles]
    named += [
        (f"tender {name}", number, f"{name} clearing", "OthCurrAsset")
        for number, name in enumerate(further, start=_FIRST_FURTHER_TENDER)
    ]
    return tuple(
        LedgerAccount(
            internal_id=first_id + place,
            number=str(account_range + number),
            name=f"{name} {suffix}",
            account_type=kind,
            subsidiary=subsidiary,
            role=role,
        )
        for place, (role, number, name, kind) in enumerate(sorted(named, key=lambda entry: entry[1]))
    )


def _within(rate_bp: int, rates: Sequence[int]) -> int:
    """The place of a rate's account among a hundred: its percent; from the end where that is no whole number."""
    fractions = [rate for rate in rates if rate % 100]
    return 99 - fractions.index(rate_bp) if rate_bp % 100 else rate_bp // 100
