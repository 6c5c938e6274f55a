"""The cases that the catalogue makes: one function a cause, each with its key, record and evidence.

Belongs here: how a finding is named and what it tells a person. Does not belong here: finding it. All of them are of no
store and no trading day. Keys: `<eshopid>/<SKU>` for what is found at a Sitoo site, the SKU or barcode for what is
found in NetSuite. Evidence is plain JSON, so that it can be compared with what the worklist has kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sitoo_netsuite.money import to_text
from sitoo_netsuite.worklist.cases import Case

ITEM_KINDS = frozenset(
    {"barcode_doubled", "barcode_invalid", "item_without_price", "item_without_vat_group", "sku_ambiguous"}
)
"""What `wanted.items_for_tills` makes, but for `price_basis_unknown`: it looks at all of NetSuite's items at once."""

SITE_KINDS = frozenset({"price_mismatch", "sku_only_in_sitoo", "vat_group_mismatch"})
"""What is found at one Sitoo site, SKU by SKU: their keys are `site_key`."""


def site_key(eshopid: int, sku: str) -> str:
    """Key of a case about a product of a Sitoo site."""
    return f"{eshopid}/{sku}"


def sku_ambiguous(sku: str, held_out: Sequence[int], counts: int, counting_sku: str) -> Case:
    """held_out: internal ids of the items of `sku` that stand back for item `counts`, which was there first."""
    how = "has the same SKU" if sku == counting_sku else f"has the SKU {counting_sku}, which differs only by case"
    text = f"item {counts} {how}; not pushed to the tills: item {_listed(held_out)}"
    return _case("sku_ambiguous", sku, sku, text, counts=counts, counting_sku=counting_sku, held_out=list(held_out))


def barcode_invalid(sku: str, item: int, barcode: str) -> Case:
    return _case("barcode_invalid", sku, sku, f"{barcode!r} is no GTIN-8, -12, -13 or -14", item=item, barcode=barcode)


def barcode_doubled(barcode: str, skus: Sequence[str]) -> Case:
    return _case("barcode_doubled", barcode, barcode, f"the barcode of {', '.join(skus)}", skus=list(skus))


def item_without_price(sku: str, item: int, price_level: str, currency: str, lists: Sequence[tuple[int, int]]) -> Case:
    """lists: (eshopid, pricelistid) of every price list that is filled from the level and currency."""
    named = ", ".join(f"{pricelistid} of site {eshopid}" for eshopid, pricelistid in lists)
    return _case(
        "item_without_price",
        f"{price_level}/{currency}/{sku}",
        sku,
        f"no price above zero in {currency} in the level {price_level!r}, which fills price list {named}",
        item=item,
        price_level=price_level,
        price_currency=currency,
        price_lists=[list(entry) for entry in lists],
    )


def item_without_vat_group(sku: str, item: int, tax_schedule: str | None, sites: Sequence[int]) -> Case:
    named = f"tax schedule {tax_schedule!r}" if tax_schedule else "no tax schedule"
    text = f"the estate has no VAT group for {named} at site {_listed(sites)}"
    return _case("item_without_vat_group", sku, sku, text, item=item, tax_schedule=tax_schedule, sites=list(sites))


def level_basis_unknown(price_level: str) -> Case:
    text = f"the estate does not say whether prices of {price_level!r} hold VAT"
    return _case("price_basis_unknown", price_level, price_level, text)


def site_basis_unknown(eshopid: int) -> Case:
    name = f"site {eshopid}"
    return _case("price_basis_unknown", name, name, f"{name} does not say whether it stores prices with VAT")


def group_rate_unknown(eshopid: int, vatid: int, *, exists: bool) -> Case:
    """A VAT group that the estate maps, whose rate a price has to be converted at."""
    name = f"VAT group {vatid} of site {eshopid}"
    what = "has no rate" if exists else "is not in Sitoo"
    return _case("price_basis_unknown", name, name, f"{name} {what}, and prices are to be converted at it")


def list_cannot_be_filled(eshopid: int, pricelistid: int, currency: str, list_currency: str | None) -> Case:
    """A price list that the estate fills from prices in `currency`, and Sitoo lacks or has in another currency."""
    name = f"price list {pricelistid} of site {eshopid}"
    what = f"is in {list_currency}" if list_currency else "is not in Sitoo"
    text = f"{name} {what}; estate.yaml fills it from prices in {currency}"
    return _case("price_basis_unknown", name, name, text)


def sku_only_in_sitoo(eshopid: int, sku: str, productid: int, why: str) -> Case:
    return _case("sku_only_in_sitoo", site_key(eshopid, sku), sku, why, site=eshopid, productid=productid)


def vat_group_mismatch(
    eshopid: int, sku: str, tax_schedule: str | None, wanted: int, sitoo: int | None, rates_bp: tuple[int | None, ...]
) -> Case:
    """wanted, sitoo: vatid asked for and at the till; rates_bp: their rates in basis points, in that order."""
    text = f"VAT group {sitoo} at the till, {wanted} by tax schedule {tax_schedule!r}"
    return _case(
        "vat_group_mismatch",
        site_key(eshopid, sku),
        sku,
        text,
        site=eshopid,
        tax_schedule=tax_schedule,
        wanted_group=wanted,
        sitoo_group=sitoo,
        rates_bp=list(rates_bp),
    )


def price_mismatch(
    eshopid: int, sku: str, currency: str, right: tuple[int, int], till: tuple[int, int], till_list: str
) -> Case:
    """right, till: (price list, gross in minor units of one unit). The amount is the right price less the till's."""
    (right_list, right_minor), (till_list_id, till_minor) = right, till
    text = (
        f"the till asks {to_text(till_minor, currency)} {currency} by price list {till_list_id} ({till_list}), "
        f"NetSuite's price is {to_text(right_minor, currency)}"
    )
    return Case(
        "price_mismatch",
        site_key(eshopid, sku),
        store=None,
        trading_day=None,
        record=sku,
        amount_minor=right_minor - till_minor,
        currency=currency,
        evidence={
            "text": text,
            "site": eshopid,
            "right_price": to_text(right_minor, currency),
            "right_list": right_list,
            "till_price": to_text(till_minor, currency),
            "till_list": till_list_id,
        },
    )


@dataclass(frozen=True, slots=True)
class KnownDrift:
    """A mastered field that somebody changed in Sitoo, as `master.drifts` keeps it. Values are text."""

    field: str
    netsuite: str
    sitoo: str
    changed_at: datetime | None
    found_at: datetime
    put_back_at: datetime | None


def catalogue_drift(eshopid: int, sku: str, drifts: Sequence[KnownDrift]) -> Case:
    """One case of all drifts of a product that no person has resolved."""
    fields = ", ".join(sorted({drift.field for drift in drifts}))
    return _case(
        "catalogue_drift",
        site_key(eshopid, sku),
        sku,
        f"changed in Sitoo: {fields}",
        site=eshopid,
        drifts=[
            {
                "field": drift.field,
                "netsuite": drift.netsuite,
                "sitoo": drift.sitoo,
                "changed_at": _moment(drift.changed_at),
                "found_at": _moment(drift.found_at),
                "put_back_at": _moment(drift.put_back_at),
            }
            for drift in sorted(drifts, key=lambda drift: (drift.found_at, drift.field))
        ],
    )


def product_refused(eshopid: int, sku: str, refusals: Sequence[tuple[str, str]]) -> Case:
    """refusals: (action, Sitoo's reason) of each action whose latest push Sitoo refused."""
    text = "; ".join(f"{action}: {reason}" for action, reason in refusals)
    return _case(
        "product_refused", site_key(eshopid, sku), sku, text, site=eshopid, refusals=[list(entry) for entry in refusals]
    )


def _case(kind: str, key: str, record: str, text: str, **evidence: Any) -> Case:
    return Case(
        kind,
        key,
        store=None,
        trading_day=None,
        record=record,
        amount_minor=None,
        currency=None,
        evidence={"text": text, **evidence},
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
