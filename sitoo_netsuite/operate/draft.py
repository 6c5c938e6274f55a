"""`estate draft`: a first estate.yaml from what both systems say, for people to finish.

Belongs here: how shops and warehouses are matched to locations and tax schedules to VAT groups, which account is
guessed for what, and the file's text with a comment on every decision. A guess is only written where the systems leave
one choice; else `"?"` stands there with the candidates, and the estate's validation refuses it by its path. Does not
belong here: reading (`facts`), checking (`mappings`), and where the file goes.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sitoo_netsuite import settings
from sitoo_netsuite.estate import DEFAULT_PRICE_LIST, UNDECIDED, TenderKind
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.operate.facts import (
    LatestOrders,
    LedgerAccount,
    LevelPrices,
    Location,
    SiteFacts,
    Subsidiary,
    currency_of,
    lineage,
    read_accounts,
    read_item_schedules,
    read_latest_orders,
    read_level_prices,
    read_locations,
    read_site,
    read_subsidiaries,
)
from sitoo_netsuite.operate.mappings import (
    GIFT_CARD_TYPES,
    NAMED_TYPES,
    PETTY_CASH_TYPES,
    STOCK_TYPES,
    TENDER_TYPES,
    VAT_TYPES,
    gift_card_products,
    named,
    rate_bp,
)
from sitoo_netsuite.settings import NetSuiteAccess, SitooAccess
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.sitoo.models import GIFT_CARD_GROUP, PaymentType, ProductGroup, SitooStore, Warehouse
from sitoo_netsuite.trading_day import trading_day

_CUT_OVER = time(4)
_MOST_CANDIDATES = 6
_GUESS = "a guess, by its name"

# Words by which a chart names what an account is for, in English and Swedish.
_NAMED_WORDS = {
    "till": r"\btills?\b|cash registers?|\bkassa\b",
    "safe": r"\bsafes?\b|kassaskåp",
    "bank_bag": r"bank bag|way to the bank|bankpåse",
    "over_short": r"over.{0,5}short|cash difference|kassadifferens",
    "float_difference": r"\bfloat\b|växelkassa",
    "rounding": r"rounding|avrundning",
    "tips": r"\btips?\b|gratuit|\bdricks",
    "deposits": r"deposit|förskott|handpenning",
    "undelivered": r"undelivered|to be delivered|not (yet )?delivered|ej levererat",
    "credit_notes": r"credit notes?|tillgodo",
    "exchange_clearing": r"exchange|\bbyten?\b",
}
_PETTY_CASH_WORDS = r"petty cash|småutgifter"
_GIFT_CARD_WORDS = r"gift ?cards?|presentkort"
_CARD_WORDS = r"\bcards?\b|kort\b"
_RETURN_WORDS = r"returns?\b|refund|retur"
_VAT_WORDS = r"\bvat\b|\bmoms\b"
_VAT_ACCOUNT_WORDS = {
    "sales": (r"\bsales\b|revenue|försäljning", f"{_RETURN_WORDS}|discount|rabatt"),
    "discounts": (r"discount|rabatt", None),
    "returns": (_RETURN_WORDS, None),
    "vat_on_sales": (_VAT_WORDS, _RETURN_WORDS),
    "vat_on_returns": (f"(?=.*({_VAT_WORDS}))(?=.*({_RETURN_WORDS}))", None),
}

# Offset accounts of inventory adjustments, and the location for goods in transit.
_STOCK_WORDS = {
    "cogs": r"cost of (goods|sales)|\bcogs\b|varukostnad|sålda varor",
    "shrinkage": r"shrink|\bsvinn",
    "adjustments": r"(stock|inventory) adjust|lagerjuster",
    "supplied": r"not (yet )?(billed|invoiced)|accrued purchases|ej fakturera",
}
_TRANSIT_WORDS = r"\btransit\b|på väg"

# paymentmethodid, reference section 3.
_CASH = frozenset({100})
_CREDIT_NOTE = frozenset({110, 510})
_GIFT_CARD = frozenset({500})
_CARD = (range(200, 301), range(2100, 2501))
_CUSTOM = frozenset({400, 1000, 1100, 1200, 1300, 1400, 2000})

_DEPOSIT_TITLE = re.compile(_NAMED_WORDS["deposits"], re.IGNORECASE)
_TIP_TITLE = re.compile(_NAMED_WORDS["tips"], re.IGNORECASE)


def draft_estate(env: Mapping[str, str]) -> str:
    """The text of a first estate.yaml. Only reads; go-live is tomorrow by `settings.now`.

    Raises SettingsError, SitooError, NetSuiteError.
    """
    sitoo, netsuite = settings.sitoo_access(env), settings.netsuite_access(env)
    now = settings.now(env)
    sites, latest = _read_sitoo(sitoo)
    return estate_text(sites, latest, asyncio.run(_read_netsuite(netsuite)), now)


def _read_sitoo(access: SitooAccess) -> tuple[tuple[SiteFacts, ...], LatestOrders]:
    keys = [ApiKey(identity, password) for identity, password in access.keys.items()]
    with SitooClient(access.url, keys, read_only=True) as client:
        return tuple(read_site(client, site) for site in client.sites()), read_latest_orders(client)


@dataclass(frozen=True, slots=True)
class NetSuiteFacts:
    """What NetSuite says; `item_schedules` is tax schedule by SKU."""

    accounts: tuple[LedgerAccount, ...]
    subsidiaries: tuple[Subsidiary, ...]
    locations: tuple[Location, ...]
    level_prices: tuple[LevelPrices, ...]
    item_schedules: Mapping[str, str]


async def _read_netsuite(access: NetSuiteAccess) -> NetSuiteFacts:
    async with NetSuiteClient(
        url=access.url,
        login=access.login(),
        slots=slots_in_process(1),
        read_only=True,
    ) as client:
        return NetSuiteFacts(
            await read_accounts(client),
            await read_subsidiaries(client),
            await read_locations(client),
            await read_level_prices(client),
            await read_item_schedules(client),
        )


# ---------------------------------------------------------------------------------------------------- decisions


@dataclass(frozen=True, slots=True)
class Choice:
    """What is written for one entry, and the comment that says why, or what there is to choose from."""

    value: str
    comment: str

    @property
    def decided(self) -> bool:
        """Whether a value was found."""
        return self.value != UNDECIDED


@dataclass(frozen=True, slots=True)
class DraftStore:
    """A Sitoo store that sells, with what it was matched to."""

    key: str
    store: SitooStore
    site: SiteFacts
    location: Choice
    subsidiary: Choice


def estate_text(
    sites: Sequence[SiteFacts],
    latest: LatestOrders,
    netsuite: NetSuiteFacts,
    now: datetime,
) -> str:
    """The file's text from what both systems say."""
    subsidiaries = netsuite.subsidiaries
    stores = match_stores(sites, netsuite.locations, subsidiaries)
    books: dict[tuple[str, str], SiteFacts] = {}
    for store in stores:
        books.setdefault((store.subsidiary.value, store.site.settings.currencycode), store.site)
    top = next((entry.name for entry in subsidiaries if entry.parent is None), sites[0].name if sites else "")
    lines = [
        "# A first draft, read from Sitoo and NetSuite. Before it can be used:",
        '#   1. decide every "?" (the candidates stand beside it);',
        "#   2. let finance confirm every line whose comment says that it is a guess;",
        "#   3. run `sitoo-netsuite doctor` until it finds no problem.",
        "# Account numbers are NetSuite's; subsidiaries and locations are NetSuite internal ids; rates are in percent.",
        f"retailer: {_quoted(top)}",
        "",
        "# Who a case lands with.",
        "owners: {finance: finance, retail_ops: retail ops, integration: integration}",
        "",
        *_items(sites),
        "",
        "# One entry per subsidiary: the accounts it keeps its tills' takings in.",
        "books:",
        *(
            line
            for (subsidiary, _), site in books.items()
            for line in _Books(subsidiary, site, sites, latest, netsuite).lines()
        ),
        "",
        "stores:",
        *(line for store in stores for line in _store(store, now)),
        *_left_out(sites, stores),
        "",
        *_stock(stores, sites, netsuite.locations),
        "",
        *_catalogue(stores, netsuite),
        "",
        "# How people met at the tills become customers in NetSuite. `push: false`: they are only matched and linked.",
        "# Addresses that stand for nobody go under `placeholders`.",
        "customers:",
        "  push: false",
        "  placeholders: []" + _comment('as in ["nobody@example.com", "@example.org"]'),
    ]
    return "\n".join(lines) + "\n"


def match_stores(
    sites: Sequence[SiteFacts], locations: Sequence[Location], subsidiaries: Sequence[Subsidiary]
) -> list[DraftStore]:
    """Every Sitoo store that has a register, with its location and subsidiary or what there is to choose from."""
    found: list[DraftStore] = []
    for site in sites:
        for store in site.stores:
            if not site.registers_of(store.storeid):
                continue
            key = store.externalid or ""
            if not re.fullmatch(r"[A-Za-z0-9_]{1,20}", key) or key in {other.key for other in found}:
                key = f"S{store.storeid}"
            location, matched = match_location(store, site, locations)
            found.append(DraftStore(key, store, site, location, _subsidiary(site, matched, subsidiaries)))
    return found


def match_location(store: SitooStore, site: SiteFacts, locations: Sequence[Location]) -> tuple[Choice, Location | None]:
    """NetSuite's location of a store: by external id, else by name, where that leaves one."""
    active = [location for location in locations if location.active]
    warehouses = [warehouse for warehouse in site.warehouses if warehouse.storeid == store.storeid]
    external_ids = {store.externalid, *(warehouse.externalid for warehouse in warehouses)} - {None, ""}
    name = _words(store.name)
    ways = (
        ("its external id", [place for place in active if place.external_id in external_ids]),
        ("its name", [place for place in active if _words(place.name) == name]),
        ("words of its name", [place for place in active if name and name <= _words(place.name)]),
    )
    for way, candidates in ways:
        if len(candidates) == 1:
            (place,) = candidates
            return Choice(place.id, f"{place.name}, matched by {way}"), place
    wide = next((candidates for _, candidates in ways if candidates), active)
    return Choice(UNDECIDED, _candidates([f"{place.id} {place.name}" for place in wide], "locations")), None


def _subsidiary(site: SiteFacts, location: Location | None, subsidiaries: Sequence[Subsidiary]) -> Choice:
    possible = [
        entry
        for entry in subsidiaries
        if entry.active and not entry.elimination and entry.currency == site.settings.currencycode
    ]
    if location is not None:
        owners = [entry for entry in possible if entry.id in location.subsidiaries]
        if len(owners) == 1:
            return Choice(owners[0].id, f"{owners[0].name}, the location's")
    if len(possible) == 1:
        return Choice(possible[0].id, f"{possible[0].name}, a guess: the only one in {site.settings.currencycode}")
    return Choice(UNDECIDED, _candidates([f"{entry.id} {entry.name}" for entry in possible], "subsidiaries"))


def tender_kind(payment: PaymentType) -> TenderKind:
    """How a payment type is booked, by Sitoo's paymentmethodid (reference section 3)."""
    method = payment.paymentmethodid
    if method in _CASH:
        return TenderKind.CASH
    if method in _CREDIT_NOTE:
        return TenderKind.CREDIT_NOTE
    if method in _GIFT_CARD:
        return TenderKind.GIFT_CARD
    if any(method in methods for methods in _CARD):
        return TenderKind.CARD
    if method in _CUSTOM and _DEPOSIT_TITLE.search(payment.name):
        return TenderKind.DEPOSIT
    return TenderKind.OTHER


# --------------------------------------------------------------------------------------------------------- text


def _items(sites: Sequence[SiteFacts]) -> Iterator[str]:
    cards = {product.sku: (product, group) for site in sites for product, group in gift_card_products(site)}
    yield "# SKUs that are neither goods nor services. Gift cards: the products of Sitoo's gift card groups."
    yield "items:" if cards else "items: []"
    for sku, (product, group) in cards.items():
        entry = f"{{sku: {_quoted(sku)}, kind: gift_card, card: {_quoted(group.productgroupname)}}}"
        yield f"  - {entry}{_comment(product.title)}"
    yield "  # To Sitoo deposits and tips are ordinary products: name those you sell. By their titles:"
    titles = {
        product.sku: product.title or "" for site in sites for product in site.products if product.sku not in cards
    }
    for kind, pattern in (("deposit", _DEPOSIT_TITLE), ("tip", _TIP_TITLE)):
        for sku, title in titles.items():
            if pattern.search(title):
                yield f"  # - {{sku: {_quoted(sku)}, kind: {kind}}}{_comment(title)}"


class _Books:
    """The entry of one subsidiary under `books`."""

    def __init__(
        self,
        subsidiary: str,
        site: SiteFacts,
        sites: Sequence[SiteFacts],
        latest: LatestOrders,
        netsuite: NetSuiteFacts,
    ) -> None:
        self._subsidiary = subsidiary
        self._site = site
        self._latest = latest
        known = next((entry for entry in netsuite.subsidiaries if entry.id == subsidiary), None)
        self._name = known.name if known else "the subsidiary to choose"
        self._country = known.country if known else None
        mine = lineage(subsidiary, netsuite.subsidiaries)
        self._transit = [
            place
            for place in netsuite.locations
            if place.active and place.subsidiaries & mine and re.search(_TRANSIT_WORDS, place.name, re.IGNORECASE)
        ]
        self._accounts = [
            account
            for account in netsuite.accounts
            if account.active and not account.summary and (not account.subsidiaries or account.subsidiaries & mine)
        ]
        # Every card type an item names must stand in all books (estate).
        self._cards = list(
            dict.fromkeys(group.productgroupname for each in sites for _, group in gift_card_products(each))
        ) or (["gift card"] if any(tender_kind(kind) is TenderKind.GIFT_CARD for kind in site.payment_types) else [])

    def lines(self) -> Iterator[str]:
        yield f"  # {self._name}, from {self._site.name} of Sitoo"
        yield f"  - subsidiary: {_quoted(self._subsidiary)}"
        yield f"    currency: {self._site.settings.currencycode}"
        if self._country:
            yield f"    country: {_quoted(self._country)}" + _comment("how its customers' telephone numbers are read")
        yield "    # The rates of Sitoo's product groups."
        yield "    vat:"
        yield from self._vat()
        yield "    # Sitoo's payment types."
        yield "    tenders:"
        for payment in self._site.payment_types:
            yield from self._tender(payment)
        if self._cards:
            yield "    # multi: VAT when it is spent. single: good for things of one rate, VAT when it is sold."
            yield "    gift_cards:"
            for card in self._cards:
                yield from self._gift_card(card)
        yield "    accounts:"
        for name, types in NAMED_TYPES.items():
            yield _entry(f"      {name}: ", self._guess(types, _NAMED_WORDS[name]))
        yield "      petty_cash:"
        yield _entry("        default: ", self._guess(PETTY_CASH_TYPES, _PETTY_CASH_WORDS))
        yield from self._stock()

    def _stock(self) -> Iterator[str]:
        yield "    # What moved goods post against: cogs what was sold, shrinkage what a count found, adjustments what"
        yield "    # else people moved in Sitoo; `reasons` may name an account for a reason code."
        yield "    stock:"
        choices = {name: self._guess(types, _STOCK_WORDS[name]) for name, types in STOCK_TYPES.items()}
        supplied = choices.pop("supplied")
        for name, choice in choices.items():
            yield _entry(f"      {name}: ", choice)
        yield _optional("      ", "supplied: ", supplied, "goods that a supplier brought and that are not billed yet")
        places = [f"{place.id} {place.name}" for place in self._transit]
        in_transit = Choice(UNDECIDED, _candidates(places, "locations"))
        if len(self._transit) == 1:
            in_transit = Choice(self._transit[0].id, f"{self._transit[0].name}: {_GUESS}")
        yield _optional("      ", "in_transit: ", in_transit, "the location of goods between two stores")

    def _vat(self) -> Iterator[str]:
        for rate in sorted({rate_bp(group) for group in self._site.product_groups}, reverse=True):
            percent = f"{rate / 100:g}"
            yield f'      - rate: "{percent}"'
            digits = percent.replace(".", "[.,]")
            of_rate = rf"(?<![\d.,]){digits}(?![.,]?\d)"
            for name, types in VAT_TYPES.items():
                words, without = _VAT_ACCOUNT_WORDS[name]
                # An account of the rate, else one that is for all rates and so names none.
                choice = self._guess(types, words, without, also=of_rate)
                if not choice.decided:
                    general = self._guess(types, words, rf"\d|{without}" if without else r"\d")
                    choice = general if general.decided else choice
                yield _entry(f"        {name}: ", choice)

    def _tender(self, payment: PaymentType) -> Iterator[str]:
        kind = tender_kind(payment)
        head = f"      - name: {_quoted(payment.name)}"
        yield head
        yield f"        kind: {kind}{_comment(f'payment method {payment.paymentmethodid}')}"
        if kind is TenderKind.OTHER:
            yield _entry("        account: ", self._guess(TENDER_TYPES, _prefix(payment.name)))
        elif kind is TenderKind.GIFT_CARD:
            yield _entry("        card: ", self._card_of(payment))
        elif kind is TenderKind.CARD:
            yield from self._card_accounts(payment)

    def _card_accounts(self, payment: PaymentType) -> Iterator[str]:
        pairs = sorted(
            {
                (paid.reftype, paid.cardissuer)
                for order in self._latest.orders
                if order.eshopid == self._site.site.eshopid
                for paid in order.payments or ()
                if paid.name == payment.name and paid.reftype and paid.cardissuer
            }
        )
        if not pairs:
            yield _entry("        account: ", self._guess(TENDER_TYPES, _CARD_WORDS))
            return
        yield "        # Those of the latest orders; a receipt with another is held by name until it is added here."
        yield "        # The closest entry wins; a part left out matches any."
        yield "        schemes:"
        for acquirer, scheme in pairs:
            both = rf"(?=.*{_prefix(acquirer)})(?=.*{_prefix(scheme)})"
            choices = [self._guess(TENDER_TYPES, words) for words in (both, _prefix(acquirer), _prefix(scheme))]
            choice = next((choice for choice in choices if choice.decided), self._guess(TENDER_TYPES, _CARD_WORDS))
            yield f"          - acquirer: {_quoted(acquirer)}"
            yield f"            scheme: {_quoted(scheme)}"
            yield _entry("            account: ", choice)

    def _card_of(self, payment: PaymentType) -> Choice:
        """The card type a gift card tender is spent from."""
        alike = [card for card in self._cards if _words(card) == _words(payment.name)]
        if len(alike) == 1:
            return Choice(alike[0], _GUESS)
        if len(self._cards) == 1:
            return Choice(self._cards[0], "the only card type")
        return Choice(UNDECIDED, _candidates(self._cards, "card types"))

    def _gift_card(self, card: str) -> Iterator[str]:
        rate = next(
            (
                rate_bp(group)
                for group in self._site.product_groups
                if group.productgroupname == card and group.productgrouptype == GIFT_CARD_GROUP
            ),
            0,
        )
        yield f"      - card: {_quoted(card)}"
        if rate:
            yield "        purpose: single" + _comment("Sitoo charges VAT when it is sold")
            yield f'        rate: "{rate / 100:g}"'
        else:
            yield "        purpose: multi" + _comment("Sitoo charges no VAT when it is sold")
        choice = self._guess(GIFT_CARD_TYPES, _prefix(card))
        if not choice.decided:
            choice = self._guess(GIFT_CARD_TYPES, _GIFT_CARD_WORDS)
        yield _entry("        liability: ", choice)

    def _guess(self, types: Iterable[str], words: str, without: str | None = None, also: str = "") -> Choice:
        """The one account of these types whose name has the words; else the candidates, the likeliest there are."""
        usual = [account for account in self._accounts if account.kind in types]
        matching = [
            account
            for account in usual
            if re.search(words, account.name, re.IGNORECASE)
            and re.search(also, account.name)
            and not (without and re.search(without, account.name, re.IGNORECASE))
        ]
        if len(matching) == 1:
            (account,) = matching
            return Choice(account.number, f"{account.name}: {_GUESS}")
        return Choice(
            UNDECIDED, _candidates([f"{entry.number} {entry.name}" for entry in matching or usual], "accounts")
        )


def _store(entry: DraftStore, now: datetime) -> Iterator[str]:
    site, store = entry.site, entry.store
    start = _go_live(site, now)
    registers = [register.registerkey or register.registerid for register in site.registers_of(store.storeid)]
    yield f"  # {site.name} of Sitoo; registers {named(registers, most=len(registers))}"
    yield f"  - store: {_quoted(entry.key)}"
    yield f"    name: {_quoted(store.name)}"
    yield f"    sitoo_store: {store.storeid}"
    yield _entry("    subsidiary: ", entry.subsidiary)
    yield _entry("    location: ", entry.location)
    yield f"    currency: {site.settings.currencycode}"
    yield f"    time_zone: {site.settings.timezone}" + _comment("the site's in Sitoo")
    yield f'    cut_over: "{_CUT_OVER:%H:%M}"' + _comment("when a trading day ends; neither system knows")
    yield f"    go_live: {{sales: {start}}}" + _comment(
        f"nothing dated before it is ever booked; `stock: {start}` beside it keeps the store's stock in step"
    )
    yield f"    sales: [{{from: {start}, value: summary}}]"
    yield f"    returns: [{{from: {start}, value: journal}}]"


def _go_live(site: SiteFacts, now: datetime) -> date:
    return trading_day(now, ZoneInfo(site.settings.timezone), _CUT_OVER) + timedelta(days=1)


def _left_out(sites: Sequence[SiteFacts], stores: Sequence[DraftStore]) -> Iterator[str]:
    drafted = {entry.store.storeid for entry in stores}
    for site in sites:
        for store in site.stores:
            if store.storeid not in drafted:
                yield f"  # Left out, as it has no register: {store.storeid} {_one_line(store.name)} ({site.name})"


def _stock(stores: Sequence[DraftStore], sites: Sequence[SiteFacts], locations: Sequence[Location]) -> Iterator[str]:
    """The warehouses of the drafted stores, of which each has one at least, with their locations."""
    kept = {
        warehouse.warehouseid: (store, warehouse)
        for store in stores
        for warehouse in store.site.warehouses
        if warehouse.storeid == store.store.storeid
    }
    yield "# The location of NetSuite that each warehouse of Sitoo is. It is used for stores with a day of stock under"
    yield "# `go_live`. `push: false`: NetSuite's movements are only read and compared."
    yield "stock:"
    yield "  push: false"
    yield "  warehouses:"
    for number, (store, warehouse) in kept.items():
        yield f"    - warehouse: {number}" + _comment(f"{warehouse.name} of {store.site.name}")
        yield f"      store: {_quoted(store.key)}"
        yield _entry("      location: ", match_warehouse(warehouse, store, locations))
    for site in sites:
        for warehouse in site.warehouses:
            if warehouse.warehouseid not in kept:
                name = f"{warehouse.warehouseid} {_one_line(warehouse.name)} ({site.name})"
                yield f"  # Left out, as it is of no store that sells: {name}"


def match_warehouse(warehouse: Warehouse, store: DraftStore, locations: Sequence[Location]) -> Choice:
    """NetSuite's location of a store's warehouse: the store's where it has no other; else by external id or name."""
    siblings = [other for other in store.site.warehouses if other.storeid == warehouse.storeid]
    if len(siblings) == 1:
        return store.location
    active = [place for place in locations if place.active]
    ways = (
        (
            "its external id",
            [place for place in active if warehouse.externalid and place.external_id == warehouse.externalid],
        ),
        ("its name", [place for place in active if _words(place.name) == _words(warehouse.name)]),
    )
    for way, candidates in ways:
        if len(candidates) == 1:
            (place,) = candidates
            return Choice(place.id, f"{place.name}, matched by {way}")
    wide = next((candidates for _, candidates in ways if candidates), active)
    return Choice(UNDECIDED, _candidates([f"{place.id} {place.name}" for place in wide], "locations"))


def _catalogue(stores: Sequence[DraftStore], netsuite: NetSuiteFacts) -> Iterator[str]:
    """How items reach the tills of the sites that have a store; only a comment where no SKU is on both sides."""
    sites = {store.site.site.eshopid: store.site for store in stores}
    schedules = sorted(
        {
            netsuite.item_schedules[product.sku]
            for site in sites.values()
            for product in site.products
            if product.sku in netsuite.item_schedules
        }
    )
    if not schedules:
        yield "# No `catalogue`: no item of NetSuite with a tax schedule is a product in Sitoo."
        return
    yield "# What of NetSuite's items and prices the tills have. `push: false`: differences are only flagged."
    yield "catalogue:"
    yield "  push: false"
    yield "  # Without `till_flag`, a check box of NetSuite's items, every active item is sold at the tills."
    yield "  # The VAT group of each site's products, by tax schedule; remove those whose items no till sells."
    yield "  tax_schedules:"
    for name in schedules:
        yield f"    - tax_schedule: {_quoted(name)}"
        yield "      vat_groups:"
        for number, site in sites.items():
            yield _number(f"        {number}: ", match_vat_group(name, site, netsuite.item_schedules))
    options = dict.fromkeys(
        attribute.name for site in sites.values() for product in site.products for attribute in product.variant or ()
    )
    yield "  # The attribute of a variant in Sitoo, and the field of a matrix item in NetSuite that holds it."
    yield "  matrix_options:" if options else "  matrix_options: {}"
    for name in options:
        yield f"    {_quoted(name)}: {_quoted(UNDECIDED)}" + _comment("an item field, as in custitem_colour")
    levels = {number: _price_level(site, netsuite.level_prices) for number, site in sites.items()}
    yield "  # Whether the prices of a level hold VAT; finance knows."
    yield "  price_levels:"
    for name in dict.fromkeys(choice.value for choice in levels.values()):
        yield f"    - price_level: {_quoted(name)}"
        yield f"      holds_vat: {_quoted(UNDECIDED)}" + _comment("true or false")
    yield "  price_lists:"
    for number, site in sites.items():
        yield from _price_list(number, site, levels[number], [store for store in stores if store.site is site])


def match_vat_group(tax_schedule: str, site: SiteFacts, item_schedules: Mapping[str, str]) -> Choice:
    """The VAT group (vatid) of a tax schedule at a site: that of all its products there; else of its name or rate."""
    groups = {group.vatid: group for group in site.product_groups}
    used = Counter(
        groups[product.vatid]
        for product in site.products
        if item_schedules.get(product.sku) == tax_schedule and product.vatid in groups
    )
    if len(used) == 1:
        ((group, count),) = used.items()
        return Choice(str(group.vatid), f"{_group(group, site)}, where all its products are ({count}): a guess")
    name = _words(tax_schedule)
    rates = {float(rate.replace(",", ".")) for rate in re.findall(r"\d+(?:[.,]\d+)?", tax_schedule)}
    ways = (
        [group for group in groups.values() if _words(group.productgroupname) == name],
        [group for group in groups.values() if group.value in rates],
    )
    if not used:
        for candidates in ways:
            if len(candidates) == 1:
                return Choice(str(candidates[0].vatid), f"{_group(candidates[0], site)}: {_GUESS}")
    wide = [f"{group.vatid} {group.productgroupname} ({count} products)" for group, count in used.most_common()] or [
        f"{group.vatid} {group.productgroupname}" for group in groups.values()
    ]
    return Choice(UNDECIDED, f"{site.name}: {_candidates(wide, 'VAT groups')}")


def _group(group: ProductGroup, site: SiteFacts) -> str:
    return f"{group.productgroupname}, {rate_bp(group) / 100:g} %, of {site.name}"


def _price_level(site: SiteFacts, level_prices: Sequence[LevelPrices]) -> Choice:
    """The price level that the site's default list is filled from, where only one has prices in its currency."""
    priced = [entry for entry in level_prices if entry.currency == site.settings.currencycode]
    if len(priced) == 1:
        return Choice(priced[0].price_level, f"the only one with prices in {priced[0].currency}")
    names = [f"{entry.price_level} ({entry.prices} prices)" for entry in priced]
    return Choice(UNDECIDED, _candidates(names, "price levels"))


def _price_list(number: int, site: SiteFacts, level: Choice, stores: Sequence[DraftStore]) -> Iterator[str]:
    """The entry of the site's default list; further lists are named beside it."""
    default = next((entry for entry in site.price_lists if entry.pricelistid == DEFAULT_PRICE_LIST), None)
    owners = {store.subsidiary.value: store.subsidiary for store in stores}
    yield f"    - site: {number}{_comment(site.name)}"
    yield f"      price_list: {DEFAULT_PRICE_LIST}{_comment(default.pricelistname if default else 'the default list')}"
    yield _entry("      price_level: ", level)
    yield f"      currency: {currency_of(default, site) if default else site.settings.currencycode}"
    if len(owners) == 1:
        ((_, owner),) = owners.items()
        yield _entry("      subsidiary: ", owner)
    else:
        comment = _candidates(sorted(owners), "subsidiaries")
        yield _entry("      subsidiary: ", Choice(UNDECIDED, comment))
    for price_list in site.price_lists:
        if price_list is not default:
            state = "tagged" if price_list.tags else "for every sale" if price_list.active else "not active"
            yield f"    # Left alone: list {price_list.pricelistid} {_one_line(price_list.pricelistname)}, {state}"


def _number(head: str, choice: Choice) -> str:
    return f"{head}{choice.value if choice.decided else _quoted(choice.value)}{_comment(choice.comment)}"


def _entry(head: str, choice: Choice) -> str:
    return f"{head}{_quoted(choice.value)}{_comment(choice.comment)}"


def _optional(indent: str, head: str, choice: Choice, purpose: str) -> str:
    """An entry that may be left out: where nothing was found it stands as a comment."""
    if choice.decided:
        return _entry(f"{indent}{head}", choice)
    return f"{indent}# {head}{_comment(f'{purpose}; {choice.comment}').lstrip()}"


def _comment(text: str | None) -> str:
    return f"  # {_one_line(text)}" if text else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    # A JSON string is a YAML one.
    return json.dumps(text, ensure_ascii=False)


def _candidates(names: Sequence[str], kind: str) -> str:
    return f"choose one of {named(names, most=_MOST_CANDIDATES)}" if names else f"NetSuite has no {kind} that fit"


def _words(text: str) -> frozenset[str]:
    """The words of a name, whatever their case and number."""
    return frozenset(word.removesuffix("s") for word in re.findall(r"\w+", text.casefold()))


def _prefix(text: str) -> str:
    """A pattern for the words of a name in their order, each as the beginning of a word."""
    words = [re.escape(word.removesuffix("s") or word) for word in re.findall(r"\w+", text.casefold())]
    return r"\w*\W+".join(rf"\b{word}" for word in words) or r"(?!)"
