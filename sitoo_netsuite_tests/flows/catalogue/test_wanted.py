"""What the tills ought to have of NetSuite's items, and the cases of items that cannot be said so."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from sitoo_netsuite.flows.catalogue.wanted import DoubledItem, only_in_sitoo, wanted_products
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite_tests.flows.catalogue.catalogue_examples import (
    child,
    for_tills,
    item,
    price_list,
    product,
    settings,
    site,
)

_BARCODE, _OTHER_BARCODE = "4006381333931", "036000291452"


def _keys(cases: list[Case]) -> list[tuple[str, str]]:
    return sorted((case.kind, case.key) for case in cases)


def test_an_item_is_wanted_complete_at_the_site_of_its_subsidiary() -> None:
    till_items, cases = for_tills(child(1, "Blue", "M", barcode=_BARCODE))
    wanted, of_site = wanted_products(till_items, site(), settings())
    assert not cases
    assert not of_site
    one = wanted["SKU-1"]
    assert (one.title, one.barcode, one.active, one.vatid, one.prices) == ("Thing 1", _BARCODE, True, 2, {1: 24_900})
    assert (one.group, one.attributes) == (100, (("Colour", "Blue"), ("Size", "M")))
    assert wanted_products(till_items, site(eshopid=2, currency="NOK"), settings())[0] == {}


def test_an_item_of_no_subsidiary_goes_to_every_site() -> None:
    till_items, _ = for_tills(item(subsidiaries=frozenset()))
    norway = site(eshopid=2, currency="NOK", lists={1: price_list(currency="NOK")})
    assert wanted_products(till_items, norway, settings())[0]["SKU-1"].prices == {1: 29_900}


@pytest.mark.parametrize(
    "changes", [{"matrix_type": "PARENT"}, {"item_type": "Markup"}, {"for_tills": False}, {"inactive": True}]
)
def test_what_is_not_sold_at_the_tills_is_not_wanted_there(changes: dict[str, Any]) -> None:
    till_items, cases = for_tills(item(tax_schedule=None, prices={}, barcode="1", **changes))
    assert wanted_products(till_items, site(), settings()) == ({}, [])
    assert cases == []


def test_an_inactive_item_is_wanted_inactive_where_a_product_of_it_exists() -> None:
    till_items, _ = for_tills(item(inactive=True))
    wanted, _ = wanted_products(till_items, site(product()), settings())
    assert wanted["SKU-1"].active is False
    assert wanted["SKU-1"].prices == {}


def test_a_special_sku_is_compared_by_title_and_never_priced_or_made() -> None:
    till_items, cases = for_tills(item(sku="GIFTCARD", prices={}, tax_schedule=None, barcode="1"))
    assert cases == []
    assert wanted_products(till_items, site(), settings())[0] == {}
    wanted, of_site = wanted_products(till_items, site(product(sku="GIFTCARD", vatid=9)), settings())
    assert (wanted["GIFTCARD"].vatid, wanted["GIFTCARD"].prices, wanted["GIFTCARD"].barcode) == (None, {}, None)
    assert of_site == []


def test_an_item_without_a_title_is_called_by_its_sku() -> None:
    till_items, _ = for_tills(item(title=" "))
    assert wanted_products(till_items, site(), settings())[0]["SKU-1"].title == "SKU-1"


def test_of_skus_that_differ_only_by_case_the_earlier_item_counts() -> None:
    till_items, cases = for_tills(item(7, sku="tee"), item(3, sku="TEE"))
    assert list(wanted_products(till_items, site(), settings())[0]) == ["TEE"]
    assert _keys(cases) == [("sku_ambiguous", "tee")]
    assert cases[0].record == "tee"


def test_items_of_one_sku_are_one_case() -> None:
    doubles = (DoubledItem(9, "SKU-1", 1), DoubledItem(8, "SKU-1", 1))
    till_items, cases = for_tills(item(), doubled=doubles)
    assert list(till_items.by_sku) == ["SKU-1"]
    assert _keys(cases) == [("sku_ambiguous", "SKU-1")]
    assert cases[0].evidence["held_out"] == [8, 9]


def test_a_barcode_of_several_items_is_one_case_and_is_pushed_for_none() -> None:
    till_items, cases = for_tills(
        item(1, barcode=_OTHER_BARCODE), item(2, barcode="0" + _OTHER_BARCODE), item(3, barcode=_BARCODE)
    )
    wanted, _ = wanted_products(till_items, site(), settings())
    assert {sku: one.barcode for sku, one in wanted.items()} == {"SKU-1": None, "SKU-2": None, "SKU-3": _BARCODE}
    assert _keys(cases) == [("barcode_doubled", _OTHER_BARCODE)]
    assert cases[0].evidence["skus"] == ["SKU-1", "SKU-2"]


def test_sitoo_counts_the_stock_of_what_netsuite_counts_it_of() -> None:
    types = ("InvtPart", "Assembly", "Kit", "Service", "NonInvtPart")
    till_items, _ = for_tills(*(replace(item(n), item_type=kind) for n, kind in enumerate(types, start=1)))
    wanted, _ = wanted_products(till_items, site(), settings())
    assert [wanted[f"SKU-{n}"].stocked for n in range(1, 6)] == [True, True, False, False, False]


def test_an_inactive_item_shares_its_barcode_with_nobody() -> None:
    _, cases = for_tills(item(1, barcode=_BARCODE), item(2, barcode=_BARCODE, inactive=True))
    assert cases == []


def test_a_barcode_that_is_no_gtin_is_a_case_and_leaves_sitoos_alone() -> None:
    till_items, cases = for_tills(item(barcode="4006381333932"))
    assert wanted_products(till_items, site(), settings())[0]["SKU-1"].barcode is None
    assert _keys(cases) == [("barcode_invalid", "SKU-1")]


def test_no_barcode_in_netsuite_means_none_at_the_till() -> None:
    till_items, _ = for_tills(item())
    assert wanted_products(till_items, site(), settings())[0]["SKU-1"].barcode == ""


def test_a_missing_price_is_one_case_a_level_and_currency_however_many_lists_it_fills() -> None:
    lists = [
        {"site": site_, "price_list": number, "price_level": "Base Price", "currency": "SEK", "subsidiary": "2"}
        for site_, number in ((1, 1), (1, 2), (2, 1))
    ]
    _, cases = for_tills(item(prices={}), estate=settings(price_lists=lists))
    assert _keys(cases) == [("item_without_price", "Base Price/SEK/SKU-1")]
    assert cases[0].record == "SKU-1"
    assert cases[0].evidence["price_lists"] == [[1, 1], [1, 2], [2, 1]]


def test_an_item_whose_tax_schedule_has_no_group_at_a_site_keeps_its_title_and_loses_its_price() -> None:
    till_items, cases = for_tills(item(tax_schedule="Unknown"))
    one = wanted_products(till_items, site(product()), settings())[0]["SKU-1"]
    assert (one.title, one.active, one.vatid, one.prices) == ("Thing 1", True, None, {})
    assert _keys(cases) == [("item_without_vat_group", "SKU-1")]


def test_a_tax_schedule_mapped_for_one_site_only_is_named_for_the_other() -> None:
    _, cases = for_tills(item(tax_schedule="Reduced", subsidiaries=frozenset({2, 3})))
    assert cases[0].evidence["sites"] == [2]


def test_a_product_in_another_vat_group_is_a_case_and_its_price_is_left_alone() -> None:
    till_items, _ = for_tills(item())
    wanted, cases = wanted_products(till_items, site(product(vatid=3)), settings())
    assert wanted["SKU-1"].prices == {}
    assert _keys(cases) == [("vat_group_mismatch", "1/SKU-1")]
    assert cases[0].evidence["rates_bp"] == [2500, 1200]


def test_levels_without_vat_fill_tills_with_vat_at_the_rate_of_the_items_group() -> None:
    exclusive = settings(price_levels=[{"price_level": "Base Price", "holds_vat": False}])
    till_items, _ = for_tills(
        item(1, prices={("Base Price", "SEK"): Decimal("199.20")}),
        item(2, prices={("Base Price", "SEK"): Decimal("100")}, tax_schedule="Reduced"),
        estate=exclusive,
    )
    wanted, _ = wanted_products(till_items, site(), exclusive)
    assert [one.prices for one in wanted.values()] == [{1: 24_900}, {1: 11_200}]


def test_no_price_is_wanted_where_a_basis_is_unknown() -> None:
    unknown = settings(price_levels=[{"price_level": "Base Price"}])
    till_items, cases = for_tills(item(), estate=unknown)
    assert wanted_products(till_items, site(), unknown)[0]["SKU-1"].prices == {}
    assert _keys(cases) == [("price_basis_unknown", "Base Price")]
    till_items, _ = for_tills(item())
    wanted, of_site = wanted_products(till_items, site(prices_with_vat=None), settings())
    assert wanted["SKU-1"].prices == {}
    assert _keys(of_site) == [("price_basis_unknown", "site 1")]


@pytest.mark.parametrize("lists", [{}, {1: price_list(currency="EUR")}])
def test_a_list_that_sitoo_lacks_or_has_in_another_currency_is_not_filled(lists: dict[int, Any]) -> None:
    till_items, _ = for_tills(item())
    wanted, cases = wanted_products(till_items, site(lists=lists), settings())
    assert wanted["SKU-1"].prices == {}
    assert _keys(cases) == [("price_basis_unknown", "price list 1 of site 1")]


def test_a_child_without_one_of_the_options_is_a_product_of_its_own() -> None:
    till_items, _ = for_tills(child(1, "Blue", ""), child(2, "Blue", "M"))
    wanted, _ = wanted_products(till_items, site(), settings())
    assert [one.group for one in wanted.values()] == [None, 100]


def test_a_product_that_netsuite_lacks_is_only_in_sitoo_while_it_can_be_sold() -> None:
    till_items, _ = for_tills(item(1))
    here = site(product(1), product(2), product(3, active_pos=False))
    assert _keys(only_in_sitoo(till_items, here, settings(), ())) == [("sku_only_in_sitoo", "1/SKU-2")]
    assert only_in_sitoo(till_items, here, settings(), {"SKU-2"}) == []


def test_parents_specials_and_held_out_items_are_not_only_in_sitoo() -> None:
    till_items, _ = for_tills(item(1, sku="tee"), item(2, sku="TEE"), item(3, matrix_type="PARENT"))
    here = site(product(2, sku="TEE"), product(3), product(4, sku="GIFTCARD"))
    assert only_in_sitoo(till_items, here, settings(), ()) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"subsidiaries": frozenset({3})}, "no subsidiary"),
        ({"item_type": "Markup"}, "of type Markup"),
        ({"for_tills": False}, "not marked"),
        ({"sku": "sku-1"}, "only by case"),
    ],
)
def test_an_active_product_whose_item_is_not_for_that_site_says_why(changes: dict[str, Any], why: str) -> None:
    till_items, _ = for_tills(item(**changes))
    (case,) = only_in_sitoo(till_items, site(product()), settings(), ())
    assert why in case.evidence["text"]


def test_a_product_whose_item_is_inactive_is_deactivated_not_only_in_sitoo() -> None:
    till_items, _ = for_tills(item(inactive=True))
    assert only_in_sitoo(till_items, site(product()), settings(), ()) == []


def test_the_second_product_of_a_sku_is_only_in_sitoo() -> None:
    till_items, _ = for_tills(item())
    (case,) = only_in_sitoo(till_items, site(product(5, sku="SKU-1"), product(1)), settings(), {"SKU-1"})
    assert case.key == "1/SKU-1"
    assert case.evidence["productid"] == 5


def test_a_product_of_an_inactive_item_held_out_for_its_case_is_told() -> None:
    till_items, cases = for_tills(item(1, sku="TEE"), item(2, sku="tee", inactive=True))
    assert cases == []
    (case,) = only_in_sitoo(till_items, site(product(1, sku="TEE"), product(2, sku="tee")), settings(), ())
    assert case.key == "1/tee"


@pytest.mark.parametrize("price", ["0", "0.00", "-1", "0.001"])
def test_a_price_of_nothing_is_no_price(price: str) -> None:
    till_items, cases = for_tills(item(prices={("Base Price", "SEK"): Decimal(price)}))
    assert wanted_products(till_items, site(product()), settings())[0]["SKU-1"].prices == {}
    # Less than a minor unit is a price in NetSuite, and none that a till could ask.
    assert _keys(cases) == ([] if price == "0.001" else [("item_without_price", "Base Price/SEK/SKU-1")])


@pytest.mark.parametrize(("rate", "why"), [({2: None}, "has no rate"), ({}, "is not in Sitoo")])
def test_no_price_is_converted_at_a_rate_that_sitoo_does_not_name(rate: dict[int, int | None], why: str) -> None:
    without_vat = settings(price_levels=[{"price_level": "Base Price", "holds_vat": False}])
    till_items, _ = for_tills(item(), estate=without_vat)
    wanted, cases = wanted_products(till_items, site(product(), groups={**rate, 3: 1200}), without_vat)
    assert wanted["SKU-1"].prices == {}
    assert _keys(cases) == [("price_basis_unknown", "VAT group 2 of site 1")]
    assert why in cases[0].evidence["text"]


def test_a_rate_that_no_conversion_needs_may_be_unknown() -> None:
    till_items, _ = for_tills(item())
    wanted, cases = wanted_products(till_items, site(product(), groups={2: None}), settings())
    assert wanted["SKU-1"].prices == {1: 24_900}
    assert cases == []
