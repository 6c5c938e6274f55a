"""The plan as requests: bodies, what counts as the same request, and groups that are written whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sitoo_netsuite.flows.catalogue.compare import Regroup
from sitoo_netsuite.flows.catalogue.products import ACTIVE, BARCODE, TITLE, WantedProduct
from sitoo_netsuite.flows.catalogue.writes import CannotGroupError, Write, group_body


def member(sku: str, colour: str, size: str = "M") -> WantedProduct:
    return WantedProduct(
        sku=sku, item=1, title=sku, barcode="", active=True, vatid=2, stocked=True, prices={1: 100}, group=9,
        attributes=(("Colour", colour), ("Size", size)),
    )  # fmt: skip


def variant(productid: int, *attributes: str, **fields: Any) -> dict[str, Any]:
    return {
        "productid": productid, "sku": f"SKU-{productid}", "title": "T", "active": True, "activepos": True,
        "deliverystatus": "soon", "moneyprice": "1.00", "moneypriceorg": "2.00", "moneypricein": "0.50",
        "moneyofferprice": "0.00", "barcode": None, "barcodealiases": ["x"], "friendly": "t",
        "attributes": list(attributes), **fields,
    }  # fmt: skip


RED = member("SKU-1", "Red")
BLUE = member("SKU-2", "Blue")
REGROUP = Regroup(9, 1, (RED, BLUE))
GROUPS = [{"name": "Colour", "options": ["Red", "Green"]}, {"name": "Size", "options": ["M"]}]


def test_a_product_is_made_with_all_its_own_fields_in_one_record() -> None:
    fields = {TITLE: ("", "Vase"), BARCODE: ("", "7310000000010"), ACTIVE: ("", "true"), "price:1": ("", "9.90")}
    assert Write(1, "VASE", "create", fields, vatid=3, stocked=True).body() == {
        "sku": "VASE",
        "vatid": 3,
        "stockcountenable": True,
        "title": "Vase",
        "barcode": "7310000000010",
        "activepos": True,
        "moneyprice": "9.90",
    }


def test_a_price_of_a_further_list_is_the_price_of_that_record() -> None:
    write = Write(1, "VASE", "price", {"price:4": ("1.00", "2.00")}, productid=7, pricelistid=4)
    assert write.body() == {"productid": 7, "moneyprice": "2.00"}


def test_the_same_is_asked_whatever_sitoo_has_and_another_value_is_not_the_same() -> None:
    write = Write(1, "VASE", "change", {TITLE: ("old", "new")}, productid=7)
    assert write.digest == replace(write, fields={TITLE: ("older", "new")}, productid=8).digest
    others = (
        replace(write, fields={TITLE: ("old", "newer")}),
        replace(write, eshopid=2),
        replace(write, sku="VASE-2"),
        replace(write, action="create"),
    )
    assert len({write.digest, *(other.digest for other in others)}) == 5


def test_a_variant_that_joins_leaves_the_others_as_they_are() -> None:
    standing = variant(1, "Red", "M", barcode="7310000000010")
    joining = {key: value for key, value in variant(2).items() if key != "attributes"}
    groups, variants = group_body(REGROUP, {"SKU-1": 1, "SKU-2": 2}, GROUPS, [standing], {2: joining})
    assert groups == [{"name": "Colour", "options": ["Red", "Green", "Blue"]}, {"name": "Size", "options": ["M"]}]
    assert variants == [standing, {**joining, "barcode": "", "attributes": ["Blue", "M"]}]


def test_a_product_that_netsuite_does_not_know_stays_in_its_group() -> None:
    stranger = variant(5, "Green", "M", barcode="")
    groups, variants = group_body(REGROUP, {"SKU-1": 1}, GROUPS, [variant(1, "Red", "M"), stranger], {})
    assert stranger in variants
    assert groups == GROUPS


def test_options_go_by_their_names_where_the_group_has_them_in_another_order() -> None:
    stranger = variant(5, "M", "Green", barcode="")
    _, variants = group_body(REGROUP, {"SKU-1": 1}, GROUPS[::-1], [variant(1, "M", "Red"), stranger], {})
    assert [entry["attributes"] for entry in variants] == [["Red", "M"], ["Green", "M"]]


def test_a_group_is_not_written_where_a_stranger_would_have_to_leave_it() -> None:
    with pytest.raises(CannotGroupError, match=r"product 5 \(SKU-5\).* has no Size"):
        group_body(REGROUP, {"SKU-1": 1}, GROUPS[:1], [variant(1, "Red"), variant(5, "Green")], {})


def test_what_sitoo_does_not_show_of_a_variant_comes_from_its_product() -> None:
    only_written = {"active": False, "deliverystatus": "late", "moneyofferprice": "0.80", "friendly": "red"}
    whole = variant(1, "Red", "M", barcode="", **only_written)
    shown = {field: value for field, value in whole.items() if field not in only_written}
    product = {"productid": 1, "title": "of the product", **only_written}
    assert group_body(REGROUP, {"SKU-1": 1}, GROUPS, [shown], {1: product})[1] == [whole]


@pytest.mark.parametrize("field", ["active", "activepos", "moneyprice", "title"])
def test_a_group_is_not_written_where_nobody_says_what_a_variant_is(field: str) -> None:
    shown = {name: value for name, value in variant(1, "Red", "M").items() if name != field}
    with pytest.raises(CannotGroupError, match=rf"does not show {field} of product 1 \(SKU-1\)"):
        group_body(REGROUP, {"SKU-1": 1}, GROUPS, [shown], {1: {"productid": 1}})


def test_a_variant_whose_product_cannot_be_read_joins_no_group() -> None:
    with pytest.raises(CannotGroupError, match=r"product 2 \(SKU-2\)"):
        group_body(REGROUP, {"SKU-1": 1, "SKU-2": 2}, GROUPS, [variant(1, "Red", "M")], {})


@pytest.mark.parametrize("field", ["productid", "sku", "attributes"])
def test_a_group_that_sitoo_shows_in_another_way_is_not_written(field: str) -> None:
    shown = variant(1, "Red", "M")
    for odd in ({**shown, field: None}, {name: value for name, value in shown.items() if name != field}):
        with pytest.raises(CannotGroupError, match="it cannot be written whole"):
            group_body(REGROUP, {"SKU-1": 1}, GROUPS, [odd], {})
    with pytest.raises(CannotGroupError, match="it cannot be written whole"):
        group_body(REGROUP, {"SKU-1": 1}, [{"name": "Colour", "options": None}], [shown], {})


def test_what_sitoo_shows_as_null_is_written_as_if_it_was_never_set() -> None:
    shown = variant(1, "Red", "M", deliverystatus=None, moneypricein=None, friendly=None, barcodealiases=None)
    _, (written,) = group_body(REGROUP, {"SKU-1": 1}, GROUPS, [shown], {})
    assert None not in written.values()
    assert written["moneypricein"] == "0.00"
