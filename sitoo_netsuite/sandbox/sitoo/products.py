"""The products of one Sitoo site: what is written to them, how they are shown, and their variant groups.

Belongs here: rules of reference sections 1.3, 2.2, 2.3 and 4 about products, variants and VAT groups. Does not belong
here: price lists (`price_lists`), where the first products come from (`catalogue`), HTTP.

A product's price is its price in list 1: there is one of it, under two addresses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sitoo_netsuite.money import to_text
from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import SitooError, invalid_value
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.sitoo.price_lists import PriceLists
from sitoo_netsuite.sandbox.world import DEFAULT_LIST

PRODUCT_DEFAULT_FIELDS = (
    "productid", "sku", "datemodified", "active", "activepos", "vatid", "manufacturerid", "stockcountenable",
    "stockallowbackorder", "barcode", "moneyprice", "moneyfinalprice",
)  # fmt: skip

_DEFAULT_GROUP = 2
# The characters that the reference names. Read as a pattern they would take in `,` and `.`: the narrower is the safer.
_SKU = re.compile(r"[A-Za-z0-9_+\-/]+", re.ASCII)

# Every written field, how it is read, and what a product shows that was never given it.
_FIELDS: Mapping[str, tuple[bodies.Reader, Any]] = {
    "sku": (bodies.text, ""),
    "title": (bodies.text, ""),
    "vatid": (bodies.whole, _DEFAULT_GROUP),
    # Whether a new product is active unless it says so is unknown; one that is not shows who forgot to say.
    "active": (bodies.flag, False),
    "activepos": (bodies.flag, False),
    "manufacturerid": (bodies.whole_or_null, None),
    "stockcountenable": (bodies.flag, False),
    "stockallowbackorder": (bodies.flag, True),
    "barcode": (bodies.text, ""),
    "barcodealiases": (bodies.texts, []),
    "unitlabel": (bodies.text, ""),
    "allowdecimals": (bodies.flag, False),
    "moneyprice": (bodies.price, None),
    "moneypriceorg": (bodies.price, "0.00"),
    "moneypricein": (bodies.price, "0.00"),
    "moneyofferprice": (bodies.price, "0.00"),
    "defaultcategoryid": (bodies.whole_or_null, None),
    "categories": (bodies.wholes, []),
    "skumanufacturer": (bodies.text, ""),
    "descriptionshort": (bodies.text, ""),
    "description": (bodies.text, ""),
    "deliveryinfo": (bodies.text, ""),
    "deliverystatus": (bodies.text, ""),
    "manufacturerurl": (bodies.text, ""),
    "friendly": (bodies.text, ""),
    **{f"custom{number}": (bodies.text, "") for number in range(1, 6)},
    "similar": (bodies.wholes, []),
    "related": (bodies.wholes, []),
    "accessories": (bodies.wholes, []),
    "customattributes": (bodies.mapping, {}),
}
PRODUCT_SHAPE: bodies.Shape = {name: reader for name, (reader, _) in _FIELDS.items()}
_UNSET = {name: unset for name, (_, unset) in _FIELDS.items() if name != "moneyprice"}

# All that a variant needs, deprecated fields included (reference 2.3).
_VARIANT_FIELDS = (
    "productid", "activepos", "title", "sku", "moneyprice", "moneypriceorg", "moneypricein", "barcode", "attributes",
    "active", "deliverystatus", "moneyofferprice", "friendly",
)  # fmt: skip
# The reference marks them as write-only: they are needed to write a variant and are not shown of one (appendix).
_WRITTEN_ONLY = frozenset({"active", "deliverystatus", "moneyofferprice", "friendly"})
_VARIANT_SHAPE: bodies.Shape = {
    "productid": bodies.whole,
    "attributes": bodies.texts,
    **{name: PRODUCT_SHAPE[name] for name in (*_VARIANT_FIELDS, "barcodealiases") if name in PRODUCT_SHAPE},
}
_VARIANTS_SHAPE: bodies.Shape = {"groups": bodies.objects, "variants": bodies.objects}
_OPTIONS_SHAPE: bodies.Shape = {"name": bodies.text, "options": bodies.texts}

GROUP_SHAPE: bodies.Shape = {
    "value": bodies.number,
    "productgrouptype": bodies.whole,
    "productgroupname": bodies.text,
    "comment": bodies.text,
}


@dataclass(slots=True)
class Product:
    """`fields`: those that were ever given it. `main`: productid of its variant group's main variant."""

    productid: int
    created: int
    modified: int
    fields: dict[str, Any]
    main: int | None = None
    attributes: tuple[str, ...] = ()

    def value(self, name: str) -> Any:
        """A field as it was given, or as it is when it never was."""
        return self.fields.get(name, _UNSET[name])


@dataclass(slots=True)
class VariantGroup:
    """`options` by the name of the attribute, in order; `members` are productids, the main variant among them."""

    options: dict[str, list[str]]
    members: list[int] = field(default_factory=list)


class SiteProducts:
    """Not thread-safe: the catalogue holds the lock. Everything raises SitooError for what Sitoo refuses.

    vat_groups: as Sitoo shows them, by vatid. now: seconds since 1970. takes_doubled_sku: whether two products may
    have one SKU.
    """

    def __init__(
        self,
        currency: str,
        prices_with_vat: bool,
        vat_groups: Mapping[int, Record],
        now: Callable[[], int],
        takes_doubled_sku: bool,
    ) -> None:
        self.currency = currency
        self.prices_with_vat = prices_with_vat
        self.price_lists = PriceLists(currency, prices_with_vat)
        self.vat_groups = dict(vat_groups)
        self._now = now
        self._takes_doubled_sku = takes_doubled_sku
        self._products: dict[int, Product] = {}  # by rising productid
        self._by_sku: dict[str, list[int]] = {}
        self._variants: dict[int, VariantGroup] = {}  # by productid of the main variant
        self._next = 1

    # ---------------------------------------------------------------- reading

    def get(self, productid: int) -> Product:
        """One product. Raises the 404."""
        found = self._products.get(productid)
        if found is None:
            raise SitooError(404)
        return found

    def of_sku(self, sku: str) -> Product | None:
        """The product of a SKU, the oldest where several have it."""
        found = self._by_sku.get(sku)
        return self._products[found[0]] if found else None

    def skus(self) -> list[str]:
        """Every SKU, by productid."""
        return [product.fields["sku"] for product in self._products.values()]

    def find(
        self,
        *,
        skus: Iterable[str] | None,
        productids: Iterable[int] | None,
        modified_after: int | None,
        include_inactive: bool,
        start: int,
        num: int,
    ) -> tuple[int, list[Product]]:
        """How many products match, and one page of them by productid."""
        found: Collection[Product] = self._products.values()
        if skus is not None:
            found = [self._products[one] for one in sorted({one for sku in skus for one in self._by_sku.get(sku, ())})]
        if productids is not None:
            wanted = frozenset(productids)
            found = [product for product in found if product.productid in wanted]
        if modified_after is not None:
            found = [product for product in found if product.modified > modified_after]
        if not include_inactive:
            found = [product for product in found if product.value("active") and product.value("activepos")]
        return len(found), list(islice(found, start, start + num))

    def shown(self, product: Product) -> Record:
        """A product with every field."""
        group = self.vat_groups[product.value("vatid")]
        price = to_text(self.price_lists.default.prices.get(product.productid, 0), self.currency)
        names = () if product.main is None else self._variants[product.main].options
        return {
            "productid": product.productid,
            **_UNSET,
            **product.fields,
            "barcode": product.value("barcode") or None,
            "vatvalue": group["value"],
            "productgrouptype": group["productgrouptype"],
            "moneyprice": price,
            "moneyfinalprice": price,
            "pricelisthasvolume": bool(self.price_lists.default.volumes.get(product.productid)),
            "variantparentid": product.main,
            "variant": [{"name": name, "value": value} for name, value in zip(names, product.attributes, strict=True)],
            "datecreated": product.created,
            "datemodified": product.modified,
        }

    # ---------------------------------------------------------------- writing

    def restore(self, productid: int, fields: dict[str, Any], made: int) -> None:
        """A product that was there before anybody watched; ids have to rise. Nothing is checked."""
        self._put(Product(productid, made, made, fields))

    def restore_variants(self, options: dict[str, list[str]], attributes: Mapping[int, tuple[str, ...]]) -> None:
        """A variant group that was there before: the first of its products is the main variant."""
        main = min(attributes)
        self._variants[main] = VariantGroup(options, sorted(attributes))
        for productid, values in attributes.items():
            product = self._products[productid]
            product.main, product.attributes = main, values

    def add(self, body: bodies.Body) -> int:
        """A new product: its productid."""
        values = self._read(body, PRODUCT_SHAPE, ("sku",))
        if "vatid" not in values:
            self._check_group(_DEFAULT_GROUP)
        return self._create(values)

    def change(self, productid: int, body: bodies.Body) -> None:
        """Changes the fields that are named (reference 1.3)."""
        product = self.get(productid)
        self._apply(product, self._read(body, PRODUCT_SHAPE, (), product))

    def remove(self, productid: int) -> None:
        """Takes a product away. Without its main variant a group is no more (inferred)."""
        product = self.get(productid)
        self._leave_group(product)
        if productid in self._variants:
            for member in self._variants.pop(productid).members:
                self._products[member].main, self._products[member].attributes = None, ()
        self._forget_sku(product)
        self.price_lists.forget(productid)
        del self._products[productid]

    def set_list_item(self, pricelistid: int, body: bodies.Body) -> None:
        """A product's price in a list, the product named by `productid` or `sku`.

        Only list 1, whose price is the product's, moves `datemodified` (inferred: whether another does is unknown).
        """
        product = self._named(body)
        shape = {"moneyprice": bodies.price, "moneypricevolume": bodies.objects}
        values = bodies.read(body, shape, required=("moneyprice",))
        self.price_lists.set_item(pricelistid, product.productid, values["moneyprice"], values.get("moneypricevolume"))
        if pricelistid == DEFAULT_LIST:
            product.modified = self._now()

    def remove_list_item(self, pricelistid: int, body: bodies.Body) -> None:
        """Takes a product, named likewise, out of a list."""
        self.price_lists.remove_item(pricelistid, self._named(body).productid)

    def list_items(self, pricelistid: int) -> list[int]:
        """The productids that have a price in a list, in order."""
        return sorted(self.price_lists.get(pricelistid).prices)

    def list_item(self, pricelistid: int, productid: int) -> Record:
        """A product's price in a list, as Sitoo shows it."""
        price_list = self.price_lists.get(pricelistid)
        currency = price_list.currency
        return {
            "productid": productid,
            "sku": self._products[productid].fields["sku"],
            "moneyprice": to_text(price_list.prices[productid], currency),
            "moneypricevolume": [
                {"levelstart": start, "moneyprice": to_text(price_minor, currency)}
                for start, price_minor in price_list.volumes.get(productid, ())
            ],
        }

    # ---------------------------------------------------------------- VAT groups

    def add_group(self, body: bodies.Body) -> int:
        """A new VAT group: its vatid."""
        values = bodies.read(body, GROUP_SHAPE, required=("productgroupname",))
        vatid = max(self.vat_groups, default=1) + 1
        self.vat_groups[vatid] = {"vatid": vatid, "value": 0, "productgrouptype": 10, "comment": "", **values}
        return vatid

    def vat_group(self, vatid: int) -> Record:
        """A VAT group, as Sitoo shows it. Raises the 404."""
        found = self.vat_groups.get(vatid)
        if found is None:
            raise SitooError(404)
        return found

    def change_group(self, vatid: int, body: bodies.Body) -> None:
        """Changes the fields of a VAT group that are named."""
        group = self.vat_group(vatid)
        group |= bodies.read(body, GROUP_SHAPE)

    # ---------------------------------------------------------------- variants

    def variants(self, productid: int) -> Record:
        """The variant group of a product; empty for one without (inferred)."""
        product = self.get(productid)
        if product.main is None:
            return {"groups": [], "variants": []}
        group = self._variants[product.main]
        return {
            "groups": [{"name": name, "options": options} for name, options in group.options.items()],
            "variants": [self._variant(self._products[member]) for member in group.members],
        }

    def replace_variants(self, productid: int, body: bodies.Body) -> None:
        """Replaces the whole variant group of a main variant, or makes one of a product that has none.

        Products left out are deleted. productid 0 makes a product, in the main variant's VAT group; that of a product
        outside every group takes it in (inferred). All is checked before anything is done.
        """
        main = self.get(productid)
        if main.main not in (None, productid):
            raise invalid_value("productid")
        values = bodies.read(body, _VARIANTS_SHAPE, required=tuple(_VARIANTS_SHAPE))
        options = _options(values["groups"])
        variants = [self._read_variant(productid, variant) for variant in values["variants"]]
        kept = [variant["productid"] for variant in variants if variant["productid"]]
        if productid not in kept or len(kept) != len(set(kept)) or (len(variants) > 1 and not options):
            raise invalid_value("variants")
        for variant in variants:
            chosen = variant["attributes"]
            if len(chosen) != len(options) or any(
                value not in known for value, known in zip(chosen, options.values(), strict=True)
            ):
                raise invalid_value("attributes")
        before = self._variants.pop(productid, VariantGroup({}))
        for left_out in set(before.members) - set(kept):
            self.remove(left_out)
        members = [self._place(main, variant) for variant in variants]
        if options:
            self._variants[productid] = VariantGroup(options, members)
        for member in members:
            self._products[member].main = productid if options else None

    def _read_variant(self, main: int, body: bodies.Body) -> dict[str, Any]:
        named = bodies.read(body, {"productid": bodies.whole}, required=("productid",))["productid"]
        product = None
        if named:
            product = self._products.get(named)
            if product is None or product.main not in (None, main):
                raise invalid_value("productid")
        return self._read(body, _VARIANT_SHAPE, _VARIANT_FIELDS, product)

    def _place(self, main: Product, variant: dict[str, Any]) -> int:
        """Makes or changes the product of a variant: its productid."""
        values = {name: value for name, value in variant.items() if name not in ("productid", "attributes")}
        productid = int(variant["productid"])
        if productid:
            self._apply(self._products[productid], values)
        else:
            productid = self._create({**values, "vatid": main.value("vatid")})
        self._products[productid].attributes = tuple(variant["attributes"])
        return productid

    def _variant(self, product: Product) -> Record:
        shown = self.shown(product)
        names = [name for name in (*_VARIANT_FIELDS, "barcodealiases") if name not in _WRITTEN_ONLY]
        return {name: list(product.attributes) if name == "attributes" else shown[name] for name in names}

    def _leave_group(self, product: Product) -> None:
        group = None if product.main is None else self._variants.get(product.main)
        if group is not None:
            group.members.remove(product.productid)

    # ---------------------------------------------------------------- one product

    def _read(
        self, body: bodies.Body, shape: bodies.Shape, required: Collection[str], product: Product | None = None
    ) -> dict[str, Any]:
        """The fields of a body for a product, None for one that is to be made."""
        values = bodies.read(body, shape, required)
        if "sku" in values:
            self._check_sku(values["sku"], product)
        if "vatid" in values:
            self._check_group(values["vatid"])
        for name in values:
            if shape[name] is bodies.price:
                values[name] = bodies.as_shown(name, values[name], self.currency)
        return values

    def _check_sku(self, sku: str, product: Product | None) -> None:
        if not _SKU.fullmatch(sku):
            raise invalid_value("sku")
        others = [one for one in self._by_sku.get(sku, ()) if product is None or one != product.productid]
        if others and not self._takes_doubled_sku:
            raise invalid_value("sku")

    def _check_group(self, vatid: int) -> None:
        if vatid not in self.vat_groups:
            raise invalid_value("vatid")

    def _create(self, values: dict[str, Any]) -> int:
        product = Product(self._next, self._now(), self._now(), {"sku": values["sku"]})
        self._put(product)
        # Without a price it is in no list, and shows 0.00 (inferred).
        self._apply(product, values)
        return product.productid

    def _apply(self, product: Product, values: dict[str, Any]) -> None:
        """Writes fields that were read. `moneyprice` goes to list 1 (reference section 4)."""
        moneyprice = values.pop("moneyprice", None)
        if moneyprice is not None:
            self.price_lists.set_item(DEFAULT_LIST, product.productid, moneyprice, None)
        sku = values.get("sku", product.fields["sku"])
        if sku != product.fields["sku"]:
            self._forget_sku(product)
            self._by_sku.setdefault(sku, []).append(product.productid)
        product.fields |= values
        product.modified = self._now()

    def _put(self, product: Product) -> None:
        self._products[product.productid] = product
        self._by_sku.setdefault(product.fields["sku"], []).append(product.productid)
        self._next = product.productid + 1

    def _forget_sku(self, product: Product) -> None:
        holders = self._by_sku[product.fields["sku"]]
        holders.remove(product.productid)
        if not holders:
            del self._by_sku[product.fields["sku"]]

    def _named(self, body: bodies.Body) -> Product:
        """The product that an item of a price list is about."""
        named = bodies.read(body, {"productid": bodies.whole, "sku": bodies.text})
        if "productid" in named:
            return self.get(named["productid"])
        if "sku" not in named:
            raise SitooError(400, "Missing required field 'productid'.")
        found = self.of_sku(named["sku"])
        if found is None:
            raise SitooError(404)
        return found


def _options(groups: Sequence[bodies.Body]) -> dict[str, list[str]]:
    """The attributes of a variant group with their options, in order."""
    read = [bodies.read(group, _OPTIONS_SHAPE, required=tuple(_OPTIONS_SHAPE)) for group in groups]
    options = {group["name"]: group["options"] for group in read}
    if len(options) != len(read):
        raise invalid_value("groups")
    return options
