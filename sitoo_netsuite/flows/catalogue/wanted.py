"""What the tills of each Sitoo site ought to have of NetSuite's items, and which items cannot be said so.

Belongs here: which items are for the tills, which SKU and barcode count, VAT group, prices by list. Does not belong
here: what Sitoo has of it (`compare.py`), and any API or table.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from sitoo_netsuite.estate import CatalogueSettings, PriceListSource
from sitoo_netsuite.flows.catalogue import findings
from sitoo_netsuite.flows.catalogue.barcodes import is_gtin, same_gtin
from sitoo_netsuite.flows.catalogue.products import STOCKED, Item, SiteCatalogue, TillProduct, WantedProduct
from sitoo_netsuite.flows.catalogue.tax_basis import to_stored
from sitoo_netsuite.worklist.cases import Case

_PARENT = "PARENT"


@dataclass(frozen=True, slots=True)
class DoubledItem:
    """An item whose SKU another item, which came first, has too (`landing.doubled_items`)."""

    item: int
    sku: str
    first_item: int


@dataclass(frozen=True, slots=True)
class TillItems:
    """NetSuite's items as far as the tills are concerned.

    by_sku: the items for the tills, inactive ones too, one a SKU. barcodes: SKU to the barcode that may be pushed; an
    item that has none has an empty one, and one whose barcode cannot be used is missing. specials: SKUs that are no
    goods (gift cards, deposits, tips). aside: SKUs NetSuite has that no till needs to know: parents of a matrix, items
    held out because an earlier one has their SKU. not_for_tills: other SKUs NetSuite has, and why no till gets them.
    """

    by_sku: Mapping[str, Item]
    barcodes: Mapping[str, str]
    specials: frozenset[str]
    aside: frozenset[str]
    not_for_tills: Mapping[str, str]


def items_for_tills(
    items: Iterable[Item], doubled: Iterable[DoubledItem], settings: CatalogueSettings, specials: Collection[str]
) -> tuple[TillItems, list[Case]]:
    """The items for the tills, and cases of `findings.ITEM_KINDS` and of price levels whose basis is unknown.

    items: all of NetSuite's, or at least all that share a SKU (but for case) or a barcode with one that is asked about;
    one item a SKU. Of several items whose SKUs differ only by case the one with the lowest internal id counts.
    """
    by_sku: dict[str, Item] = {}
    aside: set[str] = set()
    not_for_tills: dict[str, str] = {}
    for item in items:
        if item.matrix_type == _PARENT:
            aside.add(item.sku)
        elif item.item_type not in settings.item_types:
            not_for_tills[item.sku] = f"NetSuite's item is of type {item.item_type}, which is not for the tills"
        elif not item.for_tills:
            not_for_tills[item.sku] = "NetSuite's item is not marked as sold at the tills"
        else:
            by_sku[item.sku] = item
    held_out, cases = _held_out(by_sku, doubled)
    by_sku = {sku: item for sku, item in by_sku.items() if sku not in held_out}
    for sku, item in held_out.items():
        if item.inactive:
            not_for_tills[sku] = "NetSuite's item is inactive, and another one's SKU differs only by case"
        else:
            aside.add(sku)
    sold = [
        (item, sources)
        for item, sources in _with_sources(by_sku.values(), settings.price_lists)
        if not item.inactive and item.sku not in specials
    ]
    unusable, of_barcodes = _unusable_barcodes(item for item, _ in sold)
    cases += of_barcodes
    for item, sources in sold:
        cases += _without_price(item, sources)
        sites = sorted({source.site for source in sources})
        unmapped = [site for site in sites if (item.tax_schedule or "", site) not in settings.vat_groups]
        if unmapped:
            cases.append(findings.item_without_vat_group(item.sku, item.item, item.tax_schedule, unmapped))
    cases += [
        findings.level_basis_unknown(level)
        for level in sorted({source.price_level for source in settings.price_lists})
        if settings.holds_vat[level] is None
    ]
    barcodes = {item.sku: item.barcode.strip() for item, _ in sold if item.sku not in unusable}
    return TillItems(by_sku, barcodes, frozenset(specials), frozenset(aside), not_for_tills), cases


def wanted_products(
    till_items: TillItems, site: SiteCatalogue, settings: CatalogueSettings
) -> tuple[dict[str, WantedProduct], list[Case]]:
    """What the site's tills ought to have, by SKU, and the cases that say what of it cannot be told.

    Cases are of `vat_group_mismatch` (key `findings.site_key`), and `price_basis_unknown` of the site, its lists and
    its VAT groups. An inactive item and a special SKU are wanted only where the site has a product of them. The price
    of an item without a VAT group, or whose product is in another one, is left out of every list. site must hold the
    product of every item given.
    """
    cases = [*_lists_that_cannot_be_filled(site, settings), *_groups_without_rate(site, settings)]
    products = products_by_sku(site)
    wanted: dict[str, WantedProduct] = {}
    for item, sources in _with_sources(till_items.by_sku.values(), settings.lists_of(site.eshopid)):
        product = products.get(item.sku)
        special = item.sku in till_items.specials
        if product is None and (item.inactive or special):
            continue
        group, attributes = _place_in_matrix(item, settings)
        vatid = None if special else settings.vat_groups.get((item.tax_schedule or "", site.eshopid))
        prices: dict[int, int] = {}
        if vatid is not None and not item.inactive:
            if product is None or product.vatid == vatid:
                prices = _prices(item, sources, site, settings, site.groups.get(vatid))
            else:
                rates = (site.groups.get(vatid), None if product.vatid is None else site.groups.get(product.vatid))
                cases.append(
                    findings.vat_group_mismatch(site.eshopid, item.sku, item.tax_schedule, vatid, product.vatid, rates)
                )
        wanted[item.sku] = WantedProduct(
            sku=item.sku,
            item=item.item,
            title=item.title.strip() or item.sku,
            barcode=till_items.barcodes.get(item.sku),
            active=not item.inactive,
            vatid=vatid,
            stocked=item.item_type in STOCKED,
            prices=prices,
            group=group,
            attributes=attributes,
        )
    return wanted, cases


def only_in_sitoo(
    till_items: TillItems, site: SiteCatalogue, settings: CatalogueSettings, unmatched: Collection[str]
) -> list[Case]:
    """Cases of products that are active at the site's tills and that NetSuite has no item for there.

    A second product of a SKU, or one whose SKU differs from an item's only by case, is such a product: the item goes
    with the first, or with none. unmatched: SKUs that an open case `unmatched_sku` tells of already.
    """
    first = products_by_sku(site)
    folded = {sku.casefold(): sku for sku in till_items.by_sku}
    here = {item.sku for item, _ in _with_sources(till_items.by_sku.values(), settings.lists_of(site.eshopid))}
    cases: dict[str, Case] = {}
    for product in sorted(site.products.values(), key=lambda product: product.productid):
        sku = product.sku
        if not product.active_pos or sku in till_items.specials or sku in till_items.aside:
            continue
        counts = first[sku]
        if sku in here and product.productid == counts.productid:
            continue
        if sku in here:
            why = f"product {counts.productid} has this SKU too; NetSuite's item goes with that one"
        elif sku in till_items.by_sku:
            why = f"NetSuite's item belongs to no subsidiary that sells at site {site.eshopid}"
        elif sku in till_items.not_for_tills:
            why = till_items.not_for_tills[sku]
        elif sku.casefold() in folded:
            why = f"NetSuite's item has the SKU {folded[sku.casefold()]}, which differs only by case"
        else:
            why = "NetSuite has no item with this SKU"
        if sku not in unmatched or sku in here:
            cases[sku] = findings.sku_only_in_sitoo(site.eshopid, sku, product.productid, why)
    return list(cases.values())


def products_by_sku(site: SiteCatalogue) -> dict[str, TillProduct]:
    """The site's products by SKU; of several with one SKU the one with the lowest productid."""
    by_sku: dict[str, TillProduct] = {}
    for product in site.products.values():
        known = by_sku.setdefault(product.sku, product)
        if product.productid < known.productid:
            by_sku[product.sku] = product
    return by_sku


def _with_sources(
    items: Iterable[Item], price_lists: tuple[PriceListSource, ...]
) -> Iterator[tuple[Item, tuple[PriceListSource, ...]]]:
    """The items that go to any of the price lists, each with those it goes to. One of no subsidiary goes to all."""
    # Items share very few sets of subsidiaries: what they lead to is worked out once a set.
    known: dict[frozenset[int], tuple[PriceListSource, ...]] = {frozenset(): price_lists}
    for item in items:
        sources = known.get(item.subsidiaries)
        if sources is None:
            sources = tuple(source for source in price_lists if int(source.subsidiary) in item.subsidiaries)
            known[item.subsidiaries] = sources
        if sources:
            yield item, sources


def _held_out(candidates: Mapping[str, Item], doubled: Iterable[DoubledItem]) -> tuple[dict[str, Item], list[Case]]:
    """Items that stand back for an earlier one whose SKU differs only by case, by SKU; cases of them and of doubles."""
    held_out: dict[str, Item] = {}
    later: dict[str, list[int]] = defaultdict(list)
    counts: dict[str, tuple[int, str]] = {}
    for entry in doubled:
        later[entry.sku].append(entry.item)
        counts[entry.sku] = (entry.first_item, entry.sku)
    first: dict[str, Item] = {}
    for item in sorted(candidates.values(), key=lambda item: item.item):
        counting = first.setdefault(item.sku.casefold(), item)
        if counting is item:
            continue
        held_out[item.sku] = item
        # An inactive one is not missed at the tills.
        if not item.inactive:
            later[item.sku].append(item.item)
            counts[item.sku] = (counting.item, counting.sku)
    return held_out, [findings.sku_ambiguous(sku, sorted(items), *counts[sku]) for sku, items in sorted(later.items())]


def _unusable_barcodes(sold: Iterable[Item]) -> tuple[set[str], list[Case]]:
    """SKUs whose barcode is no GTIN or is another item's too, and the cases of them."""
    unusable: set[str] = set()
    cases: list[Case] = []
    owners: dict[str, list[Item]] = defaultdict(list)
    for item in sold:
        barcode = item.barcode.strip()
        if is_gtin(barcode):
            owners[same_gtin(barcode)].append(item)
        elif barcode:
            unusable.add(item.sku)
            cases.append(findings.barcode_invalid(item.sku, item.item, barcode))
    for sharing in owners.values():
        if len(sharing) > 1:
            sharing.sort(key=lambda item: item.item)
            skus = [item.sku for item in sharing]
            unusable.update(skus)
            cases.append(findings.barcode_doubled(sharing[0].barcode.strip(), skus))
    return unusable, cases


def _without_price(item: Item, sources: Iterable[PriceListSource]) -> list[Case]:
    """One case for each price level and currency that the item has no price in, however many lists it fills."""
    lists: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for source in sources:
        if not _is_price(item.prices.get((source.price_level, source.currency))):
            lists.setdefault((source.price_level, source.currency), []).append((source.site, source.price_list))
    return [
        findings.item_without_price(item.sku, item.item, level, currency, sorted(filled))
        for (level, currency), filled in lists.items()
    ]


def _lists_that_cannot_be_filled(site: SiteCatalogue, settings: CatalogueSettings) -> list[Case]:
    cases = [] if site.prices_with_vat is not None else [findings.site_basis_unknown(site.eshopid)]
    for source in settings.lists_of(site.eshopid):
        found = site.lists.get(source.price_list)
        if found is None or found.currency != source.currency:
            cases.append(
                findings.list_cannot_be_filled(
                    site.eshopid, source.price_list, source.currency, None if found is None else found.currency
                )
            )
    return cases


def _groups_without_rate(site: SiteCatalogue, settings: CatalogueSettings) -> list[Case]:
    """Cases of the mapped VAT groups whose rate is needed, because NetSuite and the site are on different bases."""
    bases = {settings.holds_vat[source.price_level] for source in settings.lists_of(site.eshopid)} - {None}
    if site.prices_with_vat is None or bases <= {site.prices_with_vat}:
        return []
    mapped = sorted({vatid for (_, eshopid), vatid in settings.vat_groups.items() if eshopid == site.eshopid})
    return [
        findings.group_rate_unknown(site.eshopid, vatid, exists=vatid in site.groups)
        for vatid in mapped
        if site.groups.get(vatid) is None
    ]


def _prices(
    item: Item,
    sources: Iterable[PriceListSource],
    site: SiteCatalogue,
    settings: CatalogueSettings,
    rate_bp: int | None,
) -> dict[int, int]:
    """The item's price in each of the site's lists that it can be told for, on the site's basis."""
    prices = {}
    for source in sources:
        price = item.prices.get((source.price_level, source.currency))
        found = site.lists.get(source.price_list)
        if price is None or not _is_price(price) or found is None or found.currency != source.currency:
            continue
        stored = to_stored(
            price,
            source.currency,
            level_with_vat=settings.holds_vat[source.price_level],
            site_with_vat=site.prices_with_vat,
            rate_bp=rate_bp,
        )
        if stored:
            prices[source.price_list] = stored
    return prices


def _is_price(price: Decimal | None) -> bool:
    """Whether goods may be sold at it. Nobody gives them away at the tills by a price of 0: it was never filled in."""
    return price is not None and price > 0


def _place_in_matrix(item: Item, settings: CatalogueSettings) -> tuple[int | None, tuple[tuple[str, str], ...]]:
    """The matrix's parent and the values that tell its children apart, in the estate's order.

    A child that lacks one of the options is sold as a product of its own: Sitoo wants a value for each of a group's
    attributes, and one child without must not keep its sisters from being grouped.
    """
    if item.parent is None:
        return None, ()
    attributes = tuple((name, item.options.get(name, "")) for name in settings.matrix_options)
    if not attributes or not all(value for _, value in attributes):
        return None, ()
    return item.parent, attributes
