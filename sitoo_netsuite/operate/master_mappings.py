"""The estate's `catalogue` and `customers` against what both systems say: pure checks, each a finding in plain words.

Belongs here: what it takes for master data to reach the tills and NetSuite. Does not belong here: the books and stores
(`mappings`), asking the systems (`facts`), and permissions (`doctor`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from sitoo_netsuite.estate import CatalogueSettings, Estate, PriceListSource
from sitoo_netsuite.operate.facts import (
    CustomerCount,
    LevelPrices,
    ScheduleItems,
    SiteFacts,
    Subsidiary,
    currency_of,
)
from sitoo_netsuite.operate.mappings import Finding, named, ok, problem, warning
from sitoo_netsuite.sitoo.models import PriceList, PriceListItem

ListPrices = Mapping[tuple[int, int], Sequence[PriceListItem]]
"""(eshopid, pricelistid) to the prices in a list."""

_CORRECT = "Correct it in estate.yaml."


def push_findings(estate: Estate) -> list[Finding]:
    """What the master-data flows write, to be known rather than mended."""
    found = []
    for section, settings, where in (
        ("catalogue", estate.catalogue, "products and prices in Sitoo"),
        ("customers", estate.customers, "customers in NetSuite"),
    ):
        if settings is None:
            text = f"the estate has no `{section}`: that flow does nothing"
        elif estate.read_only:
            text = f"`read_only: true`: no {where} are written"
        elif settings.push:
            text = f"`push: true`: runs write {where}. Whether the login may write them cannot be tried without writing"
        else:
            text = f"`push: false`: what differs is shown and flagged, and no {where} are written"
        found.append(ok(section, text))
    return found


# ------------------------------------------------------------------------------------------- the estate and Sitoo


def lists_left_alone(settings: CatalogueSettings, site: SiteFacts) -> list[PriceList]:
    """The site's price lists that apply to every sale and that NetSuite does not fill."""
    filled = {entry.price_list for entry in settings.lists_of(site.site.eshopid)}
    return [
        price_list
        for price_list in site.price_lists
        if price_list.pricelistid not in filled
        and price_list.active
        and not price_list.tags
        and currency_of(price_list, site) == site.settings.currencycode
    ]


def sitoo_catalogue_findings(
    settings: CatalogueSettings, sites: Sequence[SiteFacts], list_prices: ListPrices
) -> list[Finding]:
    """Sites, price lists and VAT groups of the estate's catalogue against Sitoo's.

    `list_prices` holds the prices of each list of `lists_left_alone`.
    """
    known = {site.site.eshopid: site for site in sites}
    found: list[Finding] = []
    for place, source in enumerate(settings.price_lists):
        found += _list_finding(f"catalogue.price_lists[{place}]", source, known)
    for place, schedule in enumerate(settings.tax_schedules):
        for number, vatid in schedule.vat_groups.items():
            path = f"catalogue.tax_schedules[{place}].vat_groups"
            found += _vat_group_finding(path, schedule.tax_schedule, vatid, number, known.get(number))
    for number in sorted(settings.sites & known.keys()):
        site = known[number]
        if site.settings.pricesstoredwithvat is None:
            text = f"{site.name} of Sitoo does not say whether its prices hold VAT (pricesstoredwithvat)"
            found.append(problem("catalogue", text, "Ask Sitoo to set it; no price of the site is pushed until then."))
        for price_list in lists_left_alone(settings, site):
            found += _undercutting(site, price_list, list_prices.get((number, price_list.pricelistid), ()))
    if not found:
        text = f"all {len(settings.price_lists)} price lists and every VAT group of the catalogue are in Sitoo"
        found.append(ok("catalogue", text))
    return found


def _list_finding(path: str, source: PriceListSource, sites: Mapping[int, SiteFacts]) -> Iterator[Finding]:
    site = sites.get(source.site)
    if site is None:
        yield problem("catalogue", f"Sitoo has no site {source.site} ({path}.site)", _CORRECT)
        return
    price_list = next((entry for entry in site.price_lists if entry.pricelistid == source.price_list), None)
    if price_list is None:
        text = f"{site.name} of Sitoo has no price list {source.price_list} ({path}.price_list)"
        yield problem("catalogue", text, "Correct the number in estate.yaml, or make the list in Sitoo.")
        return
    title = f"price list {source.price_list} {price_list.pricelistname} of {site.name}"
    if not price_list.active:
        mend = "Activate it in Sitoo, or remove the entry."
        yield problem("catalogue", f"{title} is not active, so no till sells by it ({path}.price_list)", mend)
    currency = currency_of(price_list, site)
    if currency != source.currency:
        text = f"{title} is in {currency}, the estate fills it in {source.currency} ({path}.currency)"
        yield problem("catalogue", text, "Correct the currency in estate.yaml, or the list's in Sitoo.")


def _vat_group_finding(
    path: str, tax_schedule: str, vatid: int, number: int, site: SiteFacts | None
) -> Iterator[Finding]:
    if site is None:
        yield problem("catalogue", f"Sitoo has no site {number} ({path})", _CORRECT)
        return
    group = next((group for group in site.product_groups if group.vatid == vatid), None)
    if group is None:
        text = f"{site.name} of Sitoo has no VAT group {vatid} for tax schedule {tax_schedule!r} ({path}.{number})"
        yield problem("catalogue", text, "Correct the vatid in estate.yaml, or make the product group in Sitoo.")
    elif group.value is None:
        text = f"VAT group {vatid} {group.productgroupname} of {site.name} has no rate ({path}.{number})"
        yield problem("catalogue", text, "Give the product group its rate in Sitoo.")


def _undercutting(site: SiteFacts, price_list: PriceList, prices: Sequence[PriceListItem]) -> Iterator[Finding]:
    """What a till would take from a list that NetSuite does not fill: it sells at the lowest price (reference 3)."""
    own = {product.sku: _amount(product.moneyprice) for product in site.products if product.activepos is not False}
    skus = {product.productid: product.sku for product in site.products}
    lower = []
    for entry in prices:
        sku = skus.get(entry.productid, "") if entry.productid is not None else entry.sku or ""
        price, ours = _amount(entry.moneyprice), own.get(sku)
        if price is not None and ours is not None and price < ours:
            lower.append(sku)
    if lower:
        text = (
            f"price list {price_list.pricelistid} {price_list.pricelistname} of {site.name} is active for every sale "
            f"and not filled from NetSuite; {len(lower)} of its prices are below the product's own, and tills sell at "
            f"the lowest: {named(sorted(lower))}"
        )
        mend = "Deactivate or tag the list in Sitoo, or fill it by an entry in `catalogue.price_lists`."
        yield warning("catalogue", text, mend)


def _amount(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


# ---------------------------------------------------------------------------------------- the estate and NetSuite


def level_findings(settings: CatalogueSettings, levels: Sequence[LevelPrices]) -> list[Finding]:
    """The price levels of the estate: NetSuite has prices of each in the currencies of its lists, and its VAT is known.

    A level or currency in which no item has a price does not show in NetSuite's prices.
    """
    prices = {(entry.price_level, entry.currency): entry.prices for entry in levels}
    names = sorted({entry.price_level for entry in levels})
    found = []
    for place, level in enumerate(settings.price_levels):
        path = f"catalogue.price_levels[{place}]"
        if level.price_level not in names:
            text = f"no item of NetSuite has a price of price level {level.price_level!r} ({path}.price_level)"
            mend = f"Correct the name in estate.yaml; NetSuite shows the login {named(names) or 'none'}."
            found.append(problem("catalogue", text, mend))
        if level.holds_vat is None:
            text = f"whether prices of price level {level.price_level!r} hold VAT is not known ({path}.holds_vat)"
            mend = "Ask finance and set it to true or false; no price of the level is pushed until then."
            found.append(problem("catalogue", text, mend))
    for place, source in enumerate(settings.price_lists):
        if source.price_level in names and (source.price_level, source.currency) not in prices:
            text = (
                f"no item of NetSuite has a price of price level {source.price_level!r} in {source.currency} "
                f"(catalogue.price_lists[{place}])"
            )
            found.append(problem("catalogue", text, "Correct level or currency in estate.yaml, or price the items."))
    if not found:
        counted = sum(
            prices[pair] for pair in {(source.price_level, source.currency) for source in settings.price_lists}
        )
        found.append(ok("catalogue", f"{counted} prices of the levels that fill price lists can be read"))
    return found


def schedule_findings(
    settings: CatalogueSettings, names: Collection[str], schedules: Sequence[ScheduleItems]
) -> list[Finding]:
    """The tax schedules of the estate are NetSuite's (`names`), and those of the items for the tills (`schedules`) have
    a VAT group wherever the items are sold.
    """
    found = []
    for place, schedule in enumerate(settings.tax_schedules):
        if schedule.tax_schedule not in names:
            text = (
                f"no item of NetSuite has tax schedule {schedule.tax_schedule!r} "
                f"(catalogue.tax_schedules[{place}].tax_schedule)"
            )
            mend = f"Correct the name in estate.yaml; NetSuite shows the login {named(sorted(names)) or 'none'}."
            found.append(problem("catalogue", text, mend))
    missing: Counter[tuple[str | None, int]] = Counter()
    for entry in schedules:
        sites = {
            source.site for source in settings.price_lists if entry.subsidiary in (None, source.subsidiary)
        }  # An item of no subsidiary is for all.
        for site in sites:
            if entry.tax_schedule is None or (entry.tax_schedule, site) not in settings.vat_groups:
                missing[entry.tax_schedule, site] += entry.items
    for (name, site), items in missing.items():
        which = f"tax schedule {name!r}" if name else "no tax schedule"
        text = f"{items} items for the tills have {which}, which has no VAT group of site {site}: not priced, not made"
        mend = (
            "Add the VAT group under `catalogue.tax_schedules`."
            if name
            else "Give the items a tax schedule in NetSuite, if they are sold at the tills."
        )
        found.append(warning("catalogue", text, mend))
    return found or [ok("catalogue", f"all {len(settings.tax_schedules)} tax schedules have items and VAT groups")]


def list_subsidiary_findings(settings: CatalogueSettings, subsidiaries: Sequence[Subsidiary]) -> list[Finding]:
    """Every subsidiary whose items fill a price list: it exists and is active."""
    active = {entry.id for entry in subsidiaries if entry.active}
    return [
        problem(
            "catalogue",
            f"NetSuite has no active subsidiary {source.subsidiary} (catalogue.price_lists[{place}].subsidiary)",
            "Correct the internal id in estate.yaml.",
        )
        for place, source in enumerate(settings.price_lists)
        if source.subsidiary not in active
    ]


def till_flag_finding(field: str, ticked: int) -> Finding:
    """Whether any item is sold at the tills."""
    if ticked:
        return ok("catalogue", f"{ticked} items are ticked as sold at the tills ({field})")
    text = f"no item is ticked as sold at the tills ({field}, catalogue.till_flag)"
    return problem("catalogue", text, "Tick the items in NetSuite, or correct the field in estate.yaml.")


def option_finding(name: str, field: str, filled: int) -> Finding:
    """Whether any variant can be told by an option."""
    if filled:
        return ok("catalogue", f"{filled} items have a value of {name} ({field})")
    text = f"no item has a value of {name} ({field}, catalogue.matrix_options): no variants are grouped"
    return warning("catalogue", text, "Correct the field in estate.yaml, or remove the option.")


def customer_findings(estate: Estate, count: CustomerCount) -> list[Finding]:
    """Whether customers can be matched: NetSuite shows some, and national telephone numbers can be read."""
    found = []
    if count.customers:
        text = (
            f"{count.customers} customers can be read, {count.with_email} with an e-mail address and "
            f"{count.with_mobile} with a mobile number"
        )
        found.append(ok("customers", text))
    else:
        text = "NetSuite shows the role no customers, so everybody would be made anew"
        mend = "Give the role Lists > Customers for the shops' subsidiaries, unless there are none yet."
        found.append(warning("customers", text, mend))
    without = [books.subsidiary for books in estate.books if books.country is None]
    if without:
        text = f"the books of subsidiary {named(without)} name no country: only telephone numbers with a + are read"
        found.append(warning("customers", text, 'Set `country` in the books, as in "SE".'))
    return found
