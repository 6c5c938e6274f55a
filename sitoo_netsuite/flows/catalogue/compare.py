"""How a Sitoo site differs from what its tills ought to have: the plan, and what somebody changed there.

Belongs here: comparing mastered fields as text, telling a change that NetSuite asks for from one that somebody made in
Sitoo. Does not belong here: what is wanted (`wanted.py`), and sending anything.

The text of a price is its decimal string in the list's currency, of `active` "true" or "false", of `variants` the
matrix and the options: `parent:<item>|Colour=Blue|Size=M`, empty outside a group.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from sitoo_netsuite.estate import DEFAULT_PRICE_LIST
from sitoo_netsuite.flows.catalogue.products import (
    ACTIVE,
    BARCODE,
    TITLE,
    VARIANTS,
    SiteCatalogue,
    TillProduct,
    WantedProduct,
    price_field,
)
from sitoo_netsuite.flows.catalogue.wanted import products_by_sku
from sitoo_netsuite.money import to_text
from sitoo_netsuite.sitoo.models import can_be_asked_for

_NOTHING_ASKED: Mapping[str, Mapping[str, Collection[str]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Change:
    """Fields of a product to be changed. fields: mastered field to (what Sitoo has, what it ought to have)."""

    product: TillProduct
    wanted: WantedProduct
    fields: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Drift:
    """A mastered field that somebody changed in Sitoo. netsuite: the value both sides last had."""

    sku: str
    field: str
    netsuite: str
    sitoo: str
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Regroup:
    """A matrix whose group in Sitoo has to be written whole.

    main: productid of the variant that keeps its place as the group's main one; None: none of them exists yet, and
    `members[0]` becomes it. members: every variant there ought to be, by rising internal id, those to be created too;
    inactive ones that exist are among them, since a variant left out of the writing is deleted (reference 1.3).
    """

    parent: int
    main: int | None
    members: tuple[WantedProduct, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """creates: products to be made, by SKU. withheld: SKU of an item the site lacks to why it is not made.

    agreed: SKU to the values both sides have, by field, together with those agreed on earlier; only SKUs where that is
    new.
    """

    creates: Mapping[str, WantedProduct]
    withheld: Mapping[str, str]
    changes: Mapping[str, Change]
    regroups: tuple[Regroup, ...]
    drifts: tuple[Drift, ...]
    agreed: Mapping[str, Mapping[str, str]]

    @property
    def nothing_to_do(self) -> bool:
        return not (self.creates or self.changes or self.regroups)


def compare(
    wanted: Mapping[str, WantedProduct],
    site: SiteCatalogue,
    agreed: Mapping[str, Mapping[str, str]],
    *,
    put_back: bool,
    asked: Mapping[str, Mapping[str, Collection[str]]] = _NOTHING_ASKED,
) -> Comparison:
    """The plan that brings a site's products to what is wanted, with only the fields that differ.

    wanted, and the products of site: whole matrices, and products whose SKUs differ only by case from a wanted one.
    agreed: SKU to the last value both sides had, by mastered field.
    Where Sitoo has another value than agreed, somebody changed it there: a drift, put back where put_back says so or
    NetSuite has a new value anyway. Without an agreed value it is a first alignment, no drift. asked: values we asked
    Sitoo for since then without having seen that they arrived; they are our own doing.
    """
    products = products_by_sku(site)
    mains = _main_variants(wanted, products)
    parents = {main: parent for parent, main in mains.items()}
    changes: dict[str, Change] = {}
    drifts: list[Drift] = []
    now_agreed: dict[str, Mapping[str, str]] = {}
    lacking: dict[str, WantedProduct] = {}
    for sku, one in wanted.items():
        product = products.get(sku)
        if product is None:
            lacking[sku] = one
            continue
        before, till = agreed.get(sku, {}), _till_fields(one, product, parents, site)
        to_change: dict[str, tuple[str, str]] = {}
        newly_agreed: dict[str, str] = {}
        for field, value in wanted_fields(one, site).items():
            has, last = till[field], before.get(field)
            if has == value:
                if last != value:
                    newly_agreed[field] = value
                continue
            if field == BARCODE and not value and last is None:
                # NetSuite never had one that we know of, so that Sitoo's may be the only one there is.
                continue
            drift = None
            if last is not None and has != last and has not in asked.get(sku, {}).get(field, ()):
                drift = Drift(sku, field, last, has, product.modified_at)
                drifts.append(drift)
            if put_back or drift is None or last != value:
                to_change[field] = (has, value)
        if to_change:
            changes[sku] = Change(product, one, to_change)
        if newly_agreed:
            now_agreed[sku] = {**before, **newly_agreed}
    creates, withheld = _creatable(lacking, site)
    regroups = _regroups(wanted, products, mains, creates, changes)
    return Comparison(creates, withheld, changes, regroups, tuple(drifts), now_agreed)


def wanted_fields(wanted: WantedProduct, site: SiteCatalogue) -> dict[str, str]:
    """The mastered fields of a product and the text each ought to have. Of an inactive item only that it is inactive.

    A barcode that cannot be used and the group of an item outside a matrix are not NetSuite's to say.
    """
    if not wanted.active:
        return {ACTIVE: _flag(False)}
    fields = {TITLE: wanted.title, ACTIVE: _flag(True)}
    if wanted.barcode is not None:
        fields[BARCODE] = wanted.barcode
    if wanted.group is not None:
        fields[VARIANTS] = _in_group(wanted.group, wanted.attributes)
    for pricelistid, minor in wanted.prices.items():
        fields[price_field(pricelistid)] = to_text(minor, site.lists[pricelistid].currency)
    return fields


def _till_fields(
    wanted: WantedProduct, product: TillProduct, parents: Mapping[int, int], site: SiteCatalogue
) -> dict[str, str]:
    """The text that Sitoo has of the fields that may be mastered. parents: productid of a main variant to its matrix's
    parent, so that a group is called the same whichever matrix the item belongs to now.
    """
    # Spaces around them are nobody's doing: NetSuite's are left out too.
    fields = {TITLE: product.title.strip(), ACTIVE: _flag(product.active_pos), BARCODE: product.barcode.strip()}
    if wanted.group is not None:
        main = product.main_variant
        if main is None:
            fields[VARIANTS] = ""
        elif main in parents:
            fields[VARIANTS] = _in_group(parents[main], product.attributes)
        else:
            fields[VARIANTS] = f"product:{main}" + _options(product.attributes)
    for pricelistid in wanted.prices:
        minor = product.prices.get(pricelistid)
        fields[price_field(pricelistid)] = "" if minor is None else to_text(minor, site.lists[pricelistid].currency)
    return fields


def _main_variants(wanted: Mapping[str, WantedProduct], products: Mapping[str, TillProduct]) -> dict[int, int]:
    """A matrix's parent to the productid of the main variant of its group, of matrices with a product at the site.

    The main variant that a group has stays; if there are several groups, the one of the child with the lowest internal
    id; if there is none, that child, an active one if there is one.
    """
    children: dict[int, list[TillProduct]] = defaultdict(list)
    for one in sorted(wanted.values(), key=lambda one: (not one.active, one.item)):
        product = products.get(one.sku)
        if product is not None and one.group is not None:
            children[one.group].append(product)
    mains = {}
    for parent, of_parent in children.items():
        own = {product.productid for product in of_parent}
        kept = (product.main_variant for product in of_parent if product.main_variant in own)
        mains[parent] = next(kept, None) or of_parent[0].productid
    return mains


def _creatable(
    lacking: Mapping[str, WantedProduct], site: SiteCatalogue
) -> tuple[dict[str, WantedProduct], dict[str, str]]:
    """Of the wanted products that the site lacks, those that can be sold once they are made, and why the others can't.

    One made without a price would be sold for nothing: the till takes the lowest list (reference sitoo-api 3).
    """
    folded = {product.sku.casefold(): product.sku for product in site.products.values() if product.active_pos}
    creates: dict[str, WantedProduct] = {}
    withheld: dict[str, str] = {}
    for sku, one in lacking.items():
        if sku.casefold() in folded:
            withheld[sku] = f"Sitoo sells {folded[sku.casefold()]}, which differs only by case"
        elif not can_be_asked_for(sku):
            withheld[sku] = "Sitoo cannot be asked whether it has this SKU"
        elif one.vatid is None:
            withheld[sku] = "its tax schedule is mapped to no VAT group of this site"
        elif DEFAULT_PRICE_LIST not in one.prices:
            withheld[sku] = f"it has no price for price list {DEFAULT_PRICE_LIST}"
        else:
            creates[sku] = one
    return creates, withheld


def _regroups(
    wanted: Mapping[str, WantedProduct],
    products: Mapping[str, TillProduct],
    mains: Mapping[int, int],
    creates: Mapping[str, WantedProduct],
    changes: Mapping[str, Change],
) -> tuple[Regroup, ...]:
    parents = {one.group for one in creates.values()}
    parents |= {change.wanted.group for change in changes.values() if VARIANTS in change.fields}
    members: dict[int, list[WantedProduct]] = defaultdict(list)
    for one in wanted.values():
        if one.group is not None and one.group in parents and (one.sku in products or one.sku in creates):
            members[one.group].append(one)
    return tuple(
        Regroup(parent, mains.get(parent), tuple(sorted(members[parent], key=lambda one: one.item)))
        for parent in sorted(members)
    )


def _in_group(parent: int, attributes: Iterable[tuple[str, str]]) -> str:
    return f"parent:{parent}" + _options(attributes)


def _options(attributes: Iterable[tuple[str, str]]) -> str:
    # By name, since Sitoo keeps the order in which the attributes were first written.
    return "".join(f"|{name}={value}" for name, value in sorted(attributes))


def _flag(value: bool) -> str:
    return "true" if value else "false"
