"""The estate against what both systems say: pure checks, each a finding in plain words with what to do.

Belongs here: what it takes for the estate's mappings to hold. Does not belong here: asking the systems (`facts`),
credentials, clocks and permissions (`doctor`), and the file's own validity (`estate`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from sitoo_netsuite.estate import Books, Estate, ItemKind, Store
from sitoo_netsuite.flows.sales.directory import RegisterPlace, StoreDirectory
from sitoo_netsuite.flows.sales.receipts import Receipt, UnreadableReceipt, receipt_from_order
from sitoo_netsuite.flows.sales.totals import PaymentName, RateSold, unmapped_payments, unmapped_rates
from sitoo_netsuite.operate.facts import (
    LatestOrders,
    LedgerAccount,
    Location,
    Period,
    SiteFacts,
    Subsidiary,
    lineage,
)
from sitoo_netsuite.sitoo.models import GIFT_CARD_GROUP, Product, ProductGroup
from sitoo_netsuite.trading_day import trading_day

_MOST_NAMED = 8

# NetSuite's account types (acctType ids, reference section 5) that are usual for what an account is used for.
_CASH = frozenset({"Bank", "OthCurrAsset"})
_CLEARING = frozenset({"Bank", "OthCurrAsset", "OthCurrLiab", "CredCard"})
_LIABILITY = frozenset({"OthCurrLiab", "LongTermLiab", "DeferRevenue"})
_INCOME = frozenset({"Income", "OthIncome"})
_REDUCTION = frozenset({"Income", "OthIncome", "COGS", "Expense"})
_COST = frozenset({"COGS", "Expense", "OthExpense"})
_RESULT = frozenset({"Expense", "OthExpense", "Income", "OthIncome", "COGS"})

TENDER_TYPES = _CLEARING
GIFT_CARD_TYPES = _LIABILITY
PETTY_CASH_TYPES = _RESULT
VAT_TYPES = {
    "sales": _INCOME,
    "discounts": _REDUCTION,
    "returns": _REDUCTION,
    "vat_on_sales": _LIABILITY,
    "vat_on_returns": _LIABILITY,
}
NAMED_TYPES = {
    "till": _CASH,
    "safe": _CASH,
    "bank_bag": _CASH,
    "over_short": _RESULT,
    "float_difference": _RESULT,
    "rounding": _RESULT,
    "tips": _LIABILITY,
    "deposits": _LIABILITY,
    "undelivered": _LIABILITY,
    "credit_notes": _LIABILITY,
    "exchange_clearing": _CLEARING,
}
# The offset accounts of inventory adjustments.
STOCK_TYPES = {
    "cogs": frozenset({"COGS"}),
    "shrinkage": _COST,
    "adjustments": _COST,
    "supplied": _LIABILITY,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the doctor found. `mend` says what to do; it is empty where nothing is to be done.

    `problem`: something will fail or be held until it is mended. `warning`: look at it. `ok`: as it should be, or good
    to know.
    """

    level: Literal["ok", "warning", "problem"]
    subject: str
    text: str
    mend: str = ""


def ok(subject: str, text: str) -> Finding:
    """Something that is as it should be."""
    return Finding("ok", subject, text)


def warning(subject: str, text: str, mend: str) -> Finding:
    """Something a person should look at."""
    return Finding("warning", subject, text, mend)


def problem(subject: str, text: str, mend: str) -> Finding:
    """Something that will fail, or be held, until it is mended."""
    return Finding("problem", subject, text, mend)


# ------------------------------------------------------------------------------------------- the estate and NetSuite


def account_findings(
    estate: Estate, accounts: Sequence[LedgerAccount], subsidiaries: Sequence[Subsidiary] | None
) -> list[Finding]:
    """Every account number of the books against the chart: it exists, can be posted to, and is of a usual type; and
    that those of the opening balances exist.

    Without `subsidiaries` it is not checked whose account it is.
    """
    chart = {account.number: account for account in accounts}
    found: list[Finding] = []
    for place, books in enumerate(estate.books):
        uses: defaultdict[str, list[tuple[str, frozenset[str]]]] = defaultdict(list)
        for path, number, types in _account_uses(f"books[{place}]", books):
            uses[number].append((path, types))
        mine = lineage(books.subsidiary, subsidiaries) if subsidiaries is not None else None
        for number, used in uses.items():
            found += _account_finding(number, chart.get(number), used, mine)
    for place, store in enumerate(estate.stores):
        found += [
            problem(
                "accounts",
                f"NetSuite has no account {number}, of which stores[{place}].opening declares a balance",
                "Correct the number in estate.yaml.",
            )
            for number in store.opening_minor.keys() - chart.keys()
        ]
    if not found:
        count = len({number for books in estate.books for _, number, _ in _account_uses("books", books)})
        found.append(
            ok("accounts", f"all {count} accounts of the books stand in NetSuite's chart and can be posted to")
        )
    return found


def _account_finding(
    number: str,
    account: LedgerAccount | None,
    used: Sequence[tuple[str, frozenset[str]]],
    subsidiaries: frozenset[str] | None,
) -> Iterator[Finding]:
    paths = named([path for path, _ in used])
    if account is None:
        yield problem("accounts", f"NetSuite has no account {number} ({paths})", "Correct the number in estate.yaml.")
        return
    title = f"account {number} {account.name}".rstrip()
    if not account.active:
        yield problem("accounts", f"{title} is inactive ({paths})", "Activate it in NetSuite or choose another.")
    elif account.summary:
        yield problem("accounts", f"{title} is a summary account ({paths})", "Choose one of the accounts below it.")
    elif subsidiaries is not None and account.subsidiaries and not account.subsidiaries & subsidiaries:
        yield problem(
            "accounts",
            f"{title} is not an account of the subsidiary whose books name it ({paths})",
            "Choose one of that subsidiary's accounts, or open this one to it in NetSuite.",
        )
    unusual = [(path, types) for path, types in used if account.kind not in types]
    if unusual:
        usual = ", ".join(sorted(unusual[0][1]))
        yield warning(
            "accounts",
            f"{title} is of type {account.kind}, where {usual} is usual ({named([path for path, _ in unusual])})",
            "Ask finance whether it is the account they mean.",
        )


def _account_uses(path: str, books: Books) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Where in the file an account stands, its number, and its usual types."""
    for place, entry in enumerate(books.vat):
        for name, types in VAT_TYPES.items():
            yield f"{path}.vat[{place}].{name}", getattr(entry, name), types
    for place, tender in enumerate(books.tenders):
        if tender.account is not None:
            yield f"{path}.tenders[{place}].account", tender.account, TENDER_TYPES
        for number, scheme in enumerate(tender.schemes):
            yield f"{path}.tenders[{place}].schemes[{number}].account", scheme.account, TENDER_TYPES
    for place, card in enumerate(books.gift_cards):
        yield f"{path}.gift_cards[{place}].liability", card.liability, GIFT_CARD_TYPES
    for name, types in NAMED_TYPES.items():
        yield f"{path}.accounts.{name}", getattr(books.accounts, name), types
    petty_cash = books.accounts.petty_cash
    yield f"{path}.accounts.petty_cash.default", petty_cash.default, PETTY_CASH_TYPES
    for reason, account in petty_cash.reasons.items():
        yield f"{path}.accounts.petty_cash.reasons.{reason}", account, PETTY_CASH_TYPES
    if books.stock is not None:
        for name, types in STOCK_TYPES.items():
            if (offset := getattr(books.stock, name)) is not None:
                yield f"{path}.stock.{name}", offset, types
        for reason, account in books.stock.reasons.items():
            yield f"{path}.stock.reasons.{reason}", account, STOCK_TYPES["adjustments"]


def subsidiary_findings(estate: Estate, subsidiaries: Sequence[Subsidiary]) -> list[Finding]:
    """Every subsidiary of the books: it exists, takes postings, and its currency is that of its books."""
    known = {subsidiary.id: subsidiary for subsidiary in subsidiaries}
    found = []
    for place, books in enumerate(estate.books):
        path = f"books[{place}]"
        subsidiary = known.get(books.subsidiary)
        if subsidiary is None:
            text = f"NetSuite has no subsidiary {books.subsidiary} ({path}.subsidiary)"
            found.append(problem("subsidiaries", text, "Correct the internal id in estate.yaml."))
            continue
        if not subsidiary.active or subsidiary.elimination:
            why = "an elimination subsidiary" if subsidiary.active else "inactive"
            text = f"subsidiary {subsidiary.id} {subsidiary.name} is {why} ({path}.subsidiary)"
            found.append(problem("subsidiaries", text, "Choose the subsidiary that owns the shops."))
        if subsidiary.currency != books.currency:
            text = (
                f"subsidiary {subsidiary.id} {subsidiary.name} keeps its books in "
                f"{subsidiary.currency or 'no currency'}, the estate says {books.currency} ({path}.currency)"
            )
            found.append(problem("subsidiaries", text, "Correct the currency, or the subsidiary."))
    return found or [ok("subsidiaries", f"all {len(estate.books)} subsidiaries of the books are there")]


def location_findings(
    estate: Estate, locations: Sequence[Location], subsidiaries: Sequence[Subsidiary] | None
) -> list[Finding]:
    """Every store's location: it exists, is active, and belongs to the store's subsidiary (where those are known)."""
    known = {location.id: location for location in locations}
    found = [
        finding
        for place, store in enumerate(estate.stores)
        for finding in location_problems(
            f"stores[{place}].location", f"store {store.store}", store.location, store.subsidiary, known, subsidiaries
        )
    ]
    return found or [ok("locations", f"all {len(estate.stores)} stores have their location in NetSuite")]


def location_problems(
    path: str,
    holder: str,
    number: str,
    subsidiary: str,
    locations: Mapping[str, Location],
    subsidiaries: Sequence[Subsidiary] | None,
) -> Iterator[Finding]:
    """What is wrong with a location (internal id) that stands at `path` of the estate for what `holder` names.

    locations: by internal id. subsidiary: the one it has to belong to, or to whose parents.
    """
    location = locations.get(number)
    if location is None:
        text = f"NetSuite has no location {number} for {holder} ({path})"
        yield problem("locations", text, "Correct the internal id in estate.yaml.")
        return
    title = f"location {location.id} {location.name} of {holder}"
    if not location.active:
        yield problem("locations", f"{title} is inactive ({path})", "Activate it, or choose another.")
    if subsidiaries is None or not location.subsidiaries:
        return
    if not location.subsidiaries & lineage(subsidiary, subsidiaries):
        text = f"{title} belongs to subsidiary {named(location.subsidiaries)}, not {subsidiary} ({path})"
        yield problem("locations", text, "Correct the location or the subsidiary in estate.yaml.")


def posting_days(estate: Estate, now: datetime) -> list[date]:
    """The trading days that are posted next: of every store today and yesterday, or its first day if that is later."""
    return sorted(
        {
            max(trading_day(now, store.zone, store.cut_over) - timedelta(days=back), store.go_live.sales)
            for store in estate.stores
            for back in (0, 1)
        }
    )


def period_findings(days: Sequence[date], periods: Sequence[Period]) -> list[Finding]:
    """Whether a journal of each of these trading days finds an open accounting period."""
    found: dict[str, Finding] = {}
    for day in days:
        period = next((period for period in periods if period.first <= day <= period.last), None)
        if period is None:
            text = f"NetSuite has no accounting period for {day}"
            found[str(day)] = problem("periods", text, "Set up the accounting periods of that year in NetSuite.")
        elif period.closed or period.all_locked:
            text = f"accounting period {period.name}, which holds trading day {day}, is {_lock(period)}"
            mend = "Ask finance to open it; journals dated in it are refused until then."
            found.setdefault(period.name, problem("periods", text, mend))
        elif period.ar_locked:
            text = f"accounting period {period.name}, which holds trading day {day}, is locked for A/R"
            mend = "Journals still post; ask finance whether till documents on receivables are still to come."
            found.setdefault(period.name, warning("periods", text, mend))
    return list(found.values()) or [ok("periods", f"the accounting periods of {named(days)} are open")]


def _lock(period: Period) -> str:
    return "closed" if period.closed else "locked for all"


def vat_report_finding(estate: Estate) -> Finding:
    """What NetSuite's own VAT reports do not see (reference section 5, journalEntry)."""
    stores = named([store.store for store in estate.stores], most=len(estate.stores))
    return ok(
        "VAT reports",
        f"sales of {stores} are booked as summary journals. Journals sent over REST carry no tax fields, so NetSuite's "
        "own VAT reports do not see that VAT: add it to the return from the journals' VAT accounts.",
    )


# --------------------------------------------------------------------------------------------- the estate and Sitoo


def sitoo_findings(estate: Estate, sites: Sequence[SiteFacts], latest: LatestOrders | None) -> list[Finding]:
    """Stores, registers, tenders, VAT rates and special items of the estate against Sitoo's.

    `latest` shows what the tills make of the payment types; without it only their names are compared.
    """
    seen = _Seen.of(estate, sites, latest)
    found = [
        *_store_findings(estate, sites),
        *_held_receipts(estate, seen),
        *(finding for site in sites for finding in _tender_findings(estate, site, seen)),
        *(finding for site in sites for finding in _rate_findings(estate, site)),
        *_item_findings(estate, sites),
    ]
    if seen.unreadable:
        text = f"{seen.unreadable} of the latest {seen.total} orders cannot be read"
        found.append(
            warning("Sitoo orders", text, "They go to quarantine when landed; `sitoo-netsuite cases` has why.")
        )
    return found or [ok("mappings", "stores, registers, tenders, VAT rates and special items all have their place")]


def _store_findings(estate: Estate, sites: Sequence[SiteFacts]) -> Iterator[Finding]:
    places = {store.storeid: (site, store) for site in sites for store in site.stores}
    for place, store in enumerate(estate.stores):
        path = f"stores[{place}]"
        if store.sitoo_store not in places:
            text = f"Sitoo has no store {store.sitoo_store} for {store.store} ({path}.sitoo_store)"
            yield problem("stores", text, "Correct the storeid in estate.yaml.")
            continue
        site, _ = places[store.sitoo_store]
        if not site.registers_of(store.sitoo_store):
            text = f"store {store.store} {store.name} has no register in Sitoo, so nothing of it is ever booked"
            yield warning("stores", text, "Check the warehouses of its registers in Sitoo.")
        for register in site.registers_of(store.sitoo_store):
            currency = register.currencycode or site.settings.currencycode
            if currency != store.currency:
                text = (
                    f"register {register.registerkey or register.registerid} sells in {currency}, its store "
                    f"{store.store} in {store.currency} ({path}.currency)"
                )
                yield problem("stores", text, "Correct the store's currency and subsidiary, or the register in Sitoo.")
        if site.settings.timezone != store.time_zone:
            text = (
                f"store {store.store} lies in {store.time_zone} ({path}.time_zone), {site.name} of Sitoo in "
                f"{site.settings.timezone}"
            )
            yield warning("stores", text, "The estate decides the trading day: make sure that it is right.")
    for storeid, (site, sitoo_store) in places.items():
        if storeid not in estate.by_sitoo_store:
            registers = [register.registerkey or register.registerid for register in site.registers_of(storeid)]
            text = (
                f"the estate lacks Sitoo's store {storeid} {sitoo_store.name} ({site.name}; "
                f"{f'registers {named(registers)}' if registers else 'no registers'})"
            )
            yield warning("stores", text, "Add it under `stores`, or nothing of it is ever booked.")
    for site in sites:
        for register in site.registers:
            if site.store_of(register) is None:
                text = f"register {register.registerkey or register.registerid} of {site.name} leads to no store"
                yield warning("stores", text, "Give its warehouse a store in Sitoo, or its receipts are not booked.")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the latest receipts of the estate's stores show, also those from before go-live."""

    paid: Counter[PaymentName]  # receipts by how they were paid, exchange legs apart
    virtual: frozenset[tuple[str, str]]  # store and tender of exchange legs
    unreadable: int
    total: int

    @classmethod
    def of(cls, estate: Estate, sites: Sequence[SiteFacts], latest: LatestOrders | None) -> _Seen:
        if latest is None:
            return cls(Counter(), frozenset(), 0, 0)
        directory = _directory(estate, sites)
        paid: Counter[PaymentName] = Counter()
        virtual: set[tuple[str, str]] = set()
        unreadable = latest.unreadable
        for order in latest.orders:
            try:
                receipt = receipt_from_order(order, directory)
            except UnreadableReceipt:
                unreadable += 1
                continue
            if receipt.store is not None and receipt.excluded in (None, "before_go_live"):
                paid.update(_paid(receipt.store, receipt))
                virtual |= {(receipt.store, payment.name) for payment in receipt.payments if payment.virtual}
        return cls(paid, frozenset(virtual), unreadable, len(latest.orders) + latest.unreadable)

    def tenders(self, stores: Collection[Store]) -> set[str]:
        """The tenders seen at these stores, exchange legs included."""
        keys = {store.store for store in stores}
        return {name.tender for name in self.paid if name.store in keys} | {
            tender for store, tender in self.virtual if store in keys
        }


def _paid(store: str, receipt: Receipt) -> set[PaymentName]:
    return {
        PaymentName(store, receipt.currency, payment.name, payment.acquirer or "", payment.scheme or "")
        for payment in receipt.payments
        if not payment.virtual
    }


def _directory(estate: Estate, sites: Sequence[SiteFacts]) -> StoreDirectory:
    utc = ZoneInfo("UTC")
    registers = {}
    for site in sites:
        for register in site.registers:
            storeid = site.store_of(register)
            store = None if storeid is None else estate.by_sitoo_store.get(storeid)
            registers[register.registerid] = (RegisterPlace(register.registerkey or "", store, utc),)
    return StoreDirectory(estate, registers, {})


def _held_receipts(estate: Estate, seen: _Seen) -> Iterator[Finding]:
    receipts: Counter[str] = Counter()
    stores: defaultdict[str, set[str]] = defaultdict(set)
    for name, reason in unmapped_payments(seen.paid, estate).items():
        receipts[reason] += seen.paid[name]
        stores[reason].add(name.store)
    for reason, count in receipts.items():
        text = (
            f"{reason}, and {count} of the latest {seen.total} orders are paid so (stores {named(stores[reason])}): "
            "such receipts are held by name"
        )
        yield problem("tenders", text, "Add it under the books' `tenders` in estate.yaml.")


def _tender_findings(estate: Estate, site: SiteFacts, seen: _Seen) -> Iterator[Finding]:
    for books, stores in _books_of(estate, site):
        unused = {kind.name for kind in site.payment_types} - set(books.by_tender) - seen.tenders(stores)
        for name in sorted(unused):
            text = (
                f"payment type {name!r} of {site.name} is not in the books of subsidiary {books.subsidiary}; none of "
                "the latest receipts is paid with it"
            )
            mend = (
                "Add it under the books' `tenders`, or leave it if it is only ever the leg of an exchange; "
                "a receipt paid with it is held by name."
            )
            yield warning("tenders", text, mend)


def _rate_findings(estate: Estate, site: SiteFacts) -> Iterator[Finding]:
    kinds = {item.sku: item.kind for item in estate.items}
    # Tips and deposits go to one account whatever their rate.
    by_rate = [product for product in site.products if kinds.get(product.sku) not in (ItemKind.TIP, ItemKind.DEPOSIT)]
    sold: Counter[int | None] = Counter(product.vatid for product in by_rate)
    for _, stores in _books_of(estate, site):
        groups = {
            RateSold(stores[0].store, rate_bp(group)): group
            for group in site.product_groups
            if group.value is not None and sold[group.vatid]
        }
        for rate, reason in unmapped_rates(groups, estate).items():
            group = groups[rate]
            text = f"{reason}; {site.name} sells at it (product group {group.productgroupname!r})"
            mend = "Add the rate under the books' `vat` in estate.yaml; receipts with it are held by name until then."
            yield problem("VAT rates", text, mend)


def _item_findings(estate: Estate, sites: Sequence[SiteFacts]) -> Iterator[Finding]:
    sites = [site for site in sites if any(store.storeid in estate.by_sitoo_store for store in site.stores)]
    skus = {product.sku for site in sites for product in site.products}
    for place, item in enumerate(estate.items):
        if item.sku not in skus:
            text = f"Sitoo has no product with SKU {item.sku!r} ({item.kind}, items[{place}])"
            yield problem("items", text, "Correct the SKU in estate.yaml, or remove the entry.")
    for site in sites:
        unnamed = [product.sku for product, _ in gift_card_products(site) if product.sku not in estate.by_special_sku]
        if unnamed:
            text = f"gift cards of {site.name} that the estate does not name are booked as sales: {named(unnamed)}"
            yield warning("items", text, "Add each under `items` with kind gift_card and its card type.")
        for books, _ in _books_of(estate, site):
            yield from _card_rates(estate, site, books)


def _card_rates(estate: Estate, site: SiteFacts, books: Books) -> Iterator[Finding]:
    for product, group in gift_card_products(site):
        item = estate.by_special_sku.get(product.sku)
        card = books.by_card.get(item.card) if item is not None and item.card is not None else None
        if card is not None and group.value is not None and rate_bp(group) != (card.rate or 0):
            text = (
                f"{product.sku} is sold at {group.value:g} % in {site.name}, its card type {card.card!r} is "
                f"{card.purpose}-purpose{f' at {card.rate / 100:g} %' if card.rate is not None else ''}"
            )
            mend = (
                "A single-purpose card is sold at its rate, a multi-purpose one at 0 %: correct the one that is wrong."
            )
            yield warning("items", text, mend)


def gift_card_products(site: SiteFacts) -> Iterator[tuple[Product, ProductGroup]]:
    """The gift cards a site's tills can sell, each with its product group."""
    groups = {group.vatid: group for group in site.product_groups if group.productgrouptype == GIFT_CARD_GROUP}
    for product in site.products:
        if product.vatid in groups and product.activepos is not False:
            yield product, groups[product.vatid]


def rate_bp(group: ProductGroup) -> int:
    """A product group's VAT rate in basis points; 0 where it names none."""
    return round((group.value or 0) * 100)


def _books_of(estate: Estate, site: SiteFacts) -> list[tuple[Books, list[Store]]]:
    """The books that sales of a site go to, each with its stores there."""
    ours = {store.storeid for store in site.stores}
    stores: defaultdict[str, list[Store]] = defaultdict(list)
    for store in estate.stores:
        if store.sitoo_store in ours:
            stores[store.subsidiary].append(store)
    return [(estate.by_subsidiary[subsidiary], found) for subsidiary, found in stores.items()]


def named(values: Iterable[object], most: int = _MOST_NAMED) -> str:
    """The first few of some names, and how many more there are."""
    names = [str(value) for value in values]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
