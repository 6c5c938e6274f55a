"""The plan as requests: what is asked of Sitoo for each product, as bodies, and what is not asked again.

Belongs here: which fields go into which request (reference sitoo-api, sections 1.3, 1.7 and 4). Does not belong here:
what differs (`compare`), sending it (`push`). Pure.

A product is made, then its prices in further lists are set, then its matrix is grouped. The price of the default list
is the product's own `moneyprice` and goes with its other fields.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from sitoo_netsuite.estate import DEFAULT_PRICE_LIST
from sitoo_netsuite.flows.catalogue.compare import Comparison, Regroup, wanted_fields
from sitoo_netsuite.flows.catalogue.products import (
    ACTIVE,
    BARCODE,
    TITLE,
    VARIANTS,
    SiteCatalogue,
    TillProduct,
    price_field,
)

Action = Literal["create", "change", "price", "variants"]

_OWN_PRICE = price_field(DEFAULT_PRICE_LIST)
_OWN_FIELDS = {TITLE: "title", BARCODE: "barcode", ACTIVE: "activepos", _OWN_PRICE: "moneyprice"}
"""Mastered fields that are the product's own, to Sitoo's names."""

VARIANT_FIELDS = (
    "productid", "sku", "title", "active", "activepos", "deliverystatus", "moneyprice", "moneypriceorg",
    "moneypricein", "moneyofferprice", "barcode", "barcodealiases", "friendly",
)  # fmt: skip
"""What a variant is written with, deprecated fields included (reference 2.3)."""
_UNSET: Mapping[str, Any] = {
    "deliverystatus": "", "moneypriceorg": "0.00", "moneypricein": "0.00", "moneyofferprice": "0.00",
    "barcode": "", "barcodealiases": [], "friendly": "",
}  # fmt: skip
"""What a field is that was never set. The deprecated ones among them need not be shown anywhere, of a variant or of its
product (reference, appendix): a group that had to know them could never be written.
"""


class _ShownGroup(msgspec.Struct):
    """The least that a variant group's option has to say."""

    name: str
    options: list[Any]


class _ShownVariant(msgspec.Struct):
    """The least that a variant has to say."""

    productid: int
    sku: str
    attributes: list[Any]


class CannotGroupError(Exception):
    """A variant group cannot be written whole, and so not at all; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Write:
    """One change asked of Sitoo about one product.

    fields: mastered field to (what Sitoo has, what it ought to have). productid: None for one that is still to be made.
    pricelistid: of `price`. vatid, stocked: of `create`. group: of `variants`, all that is asked of the group.
    """

    eshopid: int
    sku: str
    action: Action
    fields: Mapping[str, tuple[str, str]]
    productid: int | None = None
    pricelistid: int | None = None
    vatid: int | None = None
    stocked: bool = False
    group: str = ""

    @property
    def digest(self) -> bytes:
        """SHA-256 of what is asked, whatever Sitoo has now."""
        asked = {field: new for field, (_, new) in self.fields.items()}
        text = json.dumps([self.eshopid, self.sku, self.action, asked, self.vatid, self.group], sort_keys=True)
        return hashlib.sha256(text.encode()).digest()

    def body(self) -> dict[str, object]:
        """The record of a batch: of `create`, `change` or `price`."""
        body: dict[str, object] = {} if self.productid is None else {"productid": self.productid}
        if self.action == "create":
            body |= {"sku": self.sku, "vatid": self.vatid, "stockcountenable": self.stocked}
        for field, (_, new) in self.fields.items():
            name = "moneyprice" if self.action == "price" else _OWN_FIELDS[field]
            body[name] = new == "true" if field == ACTIVE else new
        return body


@dataclass(frozen=True, slots=True)
class GroupWrite:
    """A matrix whose group is written whole. writes: the variants that it changes; productids: of the members that the
    site has, by SKU.
    """

    regroup: Regroup
    productids: Mapping[str, int]
    writes: tuple[Write, ...]


@dataclass(frozen=True, slots=True)
class SiteWrites:
    """All that a site's plan asks for, in the order in which it has to be asked.

    prices: of lists other than the default one, those of new products (productid None) among them. stuck: SKU of a
    variant that no request can bring to its group, to why.
    """

    creates: tuple[Write, ...]
    changes: tuple[Write, ...]
    prices: tuple[Write, ...]
    groups: tuple[GroupWrite, ...]
    stuck: Mapping[str, str]

    def __iter__(self) -> Iterator[Write]:
        yield from self.creates
        yield from self.changes
        yield from self.prices
        for group in self.groups:
            yield from group.writes


def site_writes(site: SiteCatalogue, products: Mapping[str, TillProduct], comparison: Comparison) -> SiteWrites:
    """What is to be asked of a site. products: the site's, by SKU."""
    creates: list[Write] = []
    changes: list[Write] = []
    prices: list[Write] = []
    for sku, wanted in comparison.creates.items():
        fields = {field: ("", value) for field, value in wanted_fields(wanted, site).items()}
        own = {field: fields[field] for field in fields if field in _OWN_FIELDS}
        creates.append(Write(site.eshopid, sku, "create", own, vatid=wanted.vatid, stocked=wanted.stocked))
        prices += _list_prices(site.eshopid, sku, fields, None)
    for sku, change in comparison.changes.items():
        own = {field: pair for field, pair in change.fields.items() if field in _OWN_FIELDS}
        if own:
            # A price alone is shown as what it is; what is sent is the same.
            action: Action = "price" if own.keys() == {_OWN_PRICE} else "change"
            changes.append(Write(site.eshopid, sku, action, own, change.product.productid))
        prices += _list_prices(site.eshopid, sku, change.fields, change.product.productid)
    groups, stuck = _groups(site, products, comparison)
    return SiteWrites(tuple(creates), tuple(changes), tuple(prices), groups, stuck)


def _list_prices(
    eshopid: int, sku: str, fields: Mapping[str, tuple[str, str]], productid: int | None
) -> Iterator[Write]:
    for field, pair in fields.items():
        kind, _, number = field.partition(":")
        if kind == "price" and field != _OWN_PRICE:
            yield Write(eshopid, sku, "price", {field: pair}, productid, int(number))


def _groups(
    site: SiteCatalogue, products: Mapping[str, TillProduct], comparison: Comparison
) -> tuple[tuple[GroupWrite, ...], dict[str, str]]:
    groups = []
    stuck: dict[str, str] = {}
    for regroup in comparison.regroups:
        members, writes = [], []
        for member in regroup.members:
            product = products.get(member.sku)
            if product is not None and product.main_variant not in (None, regroup.main):
                stuck[member.sku] = (
                    f"product {product.productid} belongs to the variant group of product {product.main_variant} in "
                    "Sitoo; Sitoo deletes a variant that is left out of its group, so it is not moved. Take it out of "
                    "that group in Backoffice; the next run groups it"
                )
            else:
                members.append(member)
        asked = json.dumps([[member.sku, member.attributes] for member in members])
        productids = {member.sku: products[member.sku].productid for member in members if member.sku in products}
        for member in members:
            pair = _variants_pair(member.sku, site, comparison)
            if pair is not None:
                productid = productids.get(member.sku)
                writes.append(Write(site.eshopid, member.sku, "variants", {VARIANTS: pair}, productid, group=asked))
        if writes:
            whole = Regroup(regroup.parent, regroup.main, tuple(members))
            groups.append(GroupWrite(whole, productids, tuple(writes)))
    return tuple(groups), stuck


def _variants_pair(sku: str, site: SiteCatalogue, comparison: Comparison) -> tuple[str, str] | None:
    if sku in comparison.creates:
        return "", wanted_fields(comparison.creates[sku], site)[VARIANTS]
    change = comparison.changes.get(sku)
    return None if change is None else change.fields.get(VARIANTS)


def group_body(
    regroup: Regroup,
    productids: Mapping[str, int],
    groups: Sequence[Mapping[str, Any]],
    variants: Sequence[Mapping[str, Any]],
    products: Mapping[int, Mapping[str, Any]],
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """`groups` and `variants` to be written for a matrix: what the group has now, and who joins it.

    productids: of the members, by SKU. groups, variants: as Sitoo has them. products: by productid, with
    `VARIANT_FIELDS`, the product of each variant and of each member that is in no group yet: Sitoo need not show of a
    variant all that it is written with (the fields that are write-only, reference, appendix). A variant of the group
    that the matrix does not know stays, since Sitoo deletes what is left out. Raises CannotGroupError where one lacks
    an option of the matrix, or where the group cannot be read.
    """
    try:
        msgspec.convert(groups, list[_ShownGroup])
        msgspec.convert(variants, list[_ShownVariant])
    except msgspec.ValidationError as error:
        raise CannotGroupError(
            f"Sitoo shows its group in another way than it promises ({error}), so that it cannot be written whole. Ask "
            "Sitoo; a full compare tries again"
        ) from None
    names = [name for name, _ in regroup.members[0].attributes]
    before = [str(group["name"]) for group in groups]
    attributes = {
        productids[member.sku]: [value for _, value in member.attributes]
        for member in regroup.members
        if member.sku in productids
    }
    written = []
    for variant in variants:
        values = attributes.get(variant["productid"])
        if values is None:
            known = dict(zip(before, variant["attributes"], strict=False))
            if not all(name in known for name in names):
                raise CannotGroupError(
                    f"its group in Sitoo has product {variant['productid']} ({variant['sku']}), which is not in "
                    f"NetSuite's matrix and has no {' and '.join(name for name in names if name not in known)}. Take "
                    "that product out of the group in Backoffice; the next run groups the rest"
                )
            values = [str(known[name]) for name in names]
        written.append(_variant(values, variant, products.get(variant["productid"], {})))
    there = {variant["productid"] for variant in variants}
    for sku, productid in productids.items():
        if productid in attributes and productid not in there:
            # Without its product this names what is missing, and joins nobody half.
            product = products.get(productid, {"productid": productid, "sku": sku})
            written.append(_variant(attributes[productid], product))
    options = {str(group["name"]): list(map(str, group["options"])) for group in groups}
    return [
        {"name": name, "options": _options(options.get(name, ()), (variant["attributes"][n] for variant in written))}
        for n, name in enumerate(names)
    ], written


def _variant(attributes: Sequence[str], *records: Mapping[str, Any]) -> dict[str, Any]:
    """A variant with every field, each as the first record that has a value says; as if it was never set where none
    has. Raises CannotGroupError where that would change what the product is, or what it costs.
    """
    written = {
        field: next((record[field] for record in records if record.get(field) is not None), _UNSET.get(field))
        for field in VARIANT_FIELDS
    }
    unsaid = [field for field, value in written.items() if value is None]
    if unsaid:
        raise CannotGroupError(
            f"Sitoo does not show {' and '.join(unsaid)} of product {written['productid']} ({written['sku']}), and the "
            "group cannot be written without. Group it in Backoffice"
        )
    return {**written, "attributes": list(attributes)}


def _options(known: Iterable[str], used: Iterable[str]) -> list[str]:
    return list(dict.fromkeys([*known, *used]))
