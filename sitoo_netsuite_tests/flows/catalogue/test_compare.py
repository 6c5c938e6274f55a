"""The plan for a site's products, and what somebody changed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.catalogue.compare import Comparison, compare, wanted_fields
from sitoo_netsuite.flows.catalogue.products import Item, SiteCatalogue, TillProduct, WantedProduct
from sitoo_netsuite.flows.catalogue.wanted import wanted_products
from sitoo_netsuite.money import to_minor
from sitoo_netsuite_tests.flows.catalogue.catalogue_examples import (
    MODIFIED,
    child,
    for_tills,
    item,
    price_list,
    product,
    settings,
    site,
)

_AGREED = {"title": "Thing 1", "active": "true", "barcode": "", "price:1": "249.00"}
_BLUE_M = (("Colour", "Blue"), ("Size", "M"))
_BLUE_L = (("Colour", "Blue"), ("Size", "L"))


def _wanted(here: SiteCatalogue, *items: Item) -> dict[str, WantedProduct]:
    till_items, _ = for_tills(*items)
    return wanted_products(till_items, here, settings())[0]


def _compare(
    here: SiteCatalogue, *items: Item, agreed: Mapping[str, str] | None = None, put_back: bool = True, **more: Any
) -> Comparison:
    return compare(_wanted(here, *items), here, {"SKU-1": agreed} if agreed else {}, put_back=put_back, **more)


def test_a_product_as_it_ought_to_be_is_agreed_and_nothing_is_done() -> None:
    comparison = _compare(site(product()), item())
    assert comparison.nothing_to_do
    assert comparison.agreed == {"SKU-1": _AGREED}


def test_what_was_agreed_before_is_not_written_again() -> None:
    comparison = _compare(site(product()), item(), agreed=_AGREED)
    assert comparison.nothing_to_do
    assert comparison.agreed == {}


def test_a_barcode_that_netsuite_never_had_is_left_alone_and_one_it_gave_up_is_cleared() -> None:
    theirs = site(product(barcode="4006381333931"))
    assert not _compare(theirs, item()).changes
    given_up = _compare(theirs, item(), agreed={**_AGREED, "barcode": "4006381333931"})
    assert given_up.changes["SKU-1"].fields == {"barcode": ("4006381333931", "")}


def test_spaces_around_a_title_or_a_barcode_are_no_difference() -> None:
    spaced = site(product(title=" Thing 1 ", barcode="4006381333931 "))
    comparison = _compare(spaced, item(barcode="4006381333931"), agreed={**_AGREED, "barcode": "4006381333931"})
    assert not comparison.changes
    assert not comparison.drifts


def test_only_the_fields_that_differ_are_changed() -> None:
    comparison = _compare(site(product(title="Old", prices={1: 19_900})), item())
    assert comparison.changes["SKU-1"].fields == {"title": ("Old", "Thing 1"), "price:1": ("199.00", "249.00")}
    assert comparison.drifts == ()
    assert comparison.agreed == {"SKU-1": {"active": "true", "barcode": ""}}


def test_a_new_value_in_netsuite_is_a_change_and_no_drift() -> None:
    comparison = _compare(site(product(title="Old")), item(), agreed={**_AGREED, "title": "Old"})
    assert comparison.changes["SKU-1"].fields == {"title": ("Old", "Thing 1")}
    assert comparison.drifts == ()


@pytest.mark.parametrize("put_back", [True, False])
def test_a_field_somebody_changed_in_sitoo_is_drift_and_put_back_where_the_setting_says_so(put_back: bool) -> None:
    comparison = _compare(site(product(prices={1: 19_900})), item(), agreed=_AGREED, put_back=put_back)
    (drift,) = comparison.drifts
    assert (drift.sku, drift.field, drift.netsuite, drift.sitoo) == ("SKU-1", "price:1", "249.00", "199.00")
    assert drift.changed_at == MODIFIED
    assert bool(comparison.changes) is put_back


def test_a_field_changed_on_both_sides_is_drift_and_gets_netsuites_value_in_any_case() -> None:
    comparison = _compare(site(product(title="Theirs")), item(), agreed={**_AGREED, "title": "Old"}, put_back=False)
    assert [(drift.netsuite, drift.sitoo) for drift in comparison.drifts] == [("Old", "Theirs")]
    assert comparison.changes["SKU-1"].fields == {"title": ("Theirs", "Thing 1")}


def test_the_same_change_on_both_sides_is_agreed() -> None:
    comparison = _compare(site(product()), item(), agreed={**_AGREED, "title": "Old"})
    assert comparison.drifts == ()
    assert comparison.agreed["SKU-1"]["title"] == "Thing 1"


def test_a_value_we_asked_for_ourselves_is_no_drift() -> None:
    comparison = _compare(
        site(product(title="Second")),
        item(title="Third"),
        agreed={**_AGREED, "title": "First"},
        asked={"SKU-1": {"title": ["Second"]}},
    )
    assert comparison.drifts == ()
    assert comparison.changes["SKU-1"].fields == {"title": ("Second", "Third")}


def test_a_product_taken_off_its_list_is_put_on_it_again() -> None:
    comparison = _compare(site(product(prices={})), item(), agreed=_AGREED)
    assert comparison.changes["SKU-1"].fields == {"price:1": ("", "249.00")}
    assert [drift.sitoo for drift in comparison.drifts] == [""]


def test_of_an_inactive_item_only_its_activity_is_compared() -> None:
    comparison = _compare(site(product(title="Old", prices={})), item(inactive=True), agreed=_AGREED)
    assert comparison.changes["SKU-1"].fields == {"active": ("true", "false")}
    assert comparison.drifts == ()


def test_an_item_the_site_lacks_is_created_with_everything_it_needs() -> None:
    here = site()
    one = _compare(here, item()).creates["SKU-1"]
    assert wanted_fields(one, here) == _AGREED
    assert one.vatid == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"tax_schedule": None}, "no VAT group"), ({"prices": {}}, "no price for price list 1")],
)
def test_an_item_that_could_not_be_sold_rightly_is_not_created(changes: dict[str, Any], why: str) -> None:
    comparison = _compare(site(), item(**changes))
    assert comparison.creates == {}
    assert why in comparison.withheld["SKU-1"]


def test_an_item_whose_sku_sitoo_cannot_be_asked_for_is_not_created() -> None:
    comparison = _compare(site(), item(sku="A,B"))
    assert comparison.creates == {}
    assert "cannot be asked" in comparison.withheld["A,B"]


def test_an_item_is_not_created_beside_a_product_that_differs_only_by_case() -> None:
    comparison = _compare(site(product(sku="sku-1")), item())
    assert comparison.creates == {}
    assert "sku-1" in comparison.withheld["SKU-1"]


def test_new_children_of_a_matrix_are_created_and_grouped() -> None:
    comparison = _compare(site(), child(2, "Blue", "L"), child(1, "Blue", "M"))
    (regroup,) = comparison.regroups
    assert list(comparison.creates) == ["SKU-2", "SKU-1"]
    assert (regroup.parent, regroup.main) == (100, None)
    assert [one.sku for one in regroup.members] == ["SKU-1", "SKU-2"]


def test_a_new_child_joins_the_group_whose_main_variant_stays() -> None:
    here = site(product(2, main_variant=2, attributes=_BLUE_L), product(3, main_variant=2, attributes=_BLUE_M))
    children = (child(1, "Red", "M"), child(2, "Blue", "L"), child(3, "Blue", "M"))
    comparison = _compare(here, *children)
    assert list(comparison.creates) == ["SKU-1"]
    assert comparison.changes == {}
    (regroup,) = comparison.regroups
    assert regroup.main == 2
    assert [one.sku for one in regroup.members] == ["SKU-1", "SKU-2", "SKU-3"]


def test_a_group_as_it_ought_to_be_is_left_alone_whatever_the_order_of_its_attributes() -> None:
    attributes = tuple(reversed(_BLUE_M))
    comparison = _compare(site(product(main_variant=1, attributes=attributes)), child(1, "Blue", "M"))
    assert comparison.nothing_to_do
    assert comparison.agreed["SKU-1"]["variants"] == "parent:100|Colour=Blue|Size=M"


def test_products_that_stand_alone_are_grouped_around_the_earliest_active_one() -> None:
    here = site(product(1), product(2), product(3))
    children = (child(1, "Red", "M", inactive=True), child(2, "Blue", "M"), child(3, "Blue", "L"))
    comparison = _compare(here, *children)
    assert comparison.changes["SKU-2"].fields == {"variants": ("", "parent:100|Colour=Blue|Size=M")}
    (regroup,) = comparison.regroups
    assert regroup.main == 2
    # The inactive one would be deleted if it were left out.
    assert [one.sku for one in regroup.members] == ["SKU-1", "SKU-2", "SKU-3"]


def test_a_variant_in_another_group_is_called_by_that_groups_main_product() -> None:
    here = site(product(1, main_variant=1, attributes=_BLUE_M), product(2, main_variant=9, attributes=_BLUE_L))
    comparison = _compare(here, child(1, "Blue", "M"), child(2, "Blue", "L"))
    assert comparison.changes["SKU-2"].fields["variants"] == (
        "product:9|Colour=Blue|Size=L",
        "parent:100|Colour=Blue|Size=L",
    )


def test_the_group_of_an_item_outside_a_matrix_is_not_netsuites_to_say() -> None:
    assert _compare(site(product(main_variant=1, attributes=_BLUE_M)), item()).nothing_to_do


# ------------------------------------------------------------------------------------------------ the plan, carried out


def _applied(comparison: Comparison, here: SiteCatalogue) -> SiteCatalogue:
    """The site after Sitoo has done everything the plan asks for."""
    products = dict(here.products)
    ids = count(max(products, default=0) + 1)
    for new_one in comparison.creates.values():
        made = TillProduct(next(ids), new_one.sku, "", "", new_one.vatid, False, None, (), MODIFIED, {})
        products[made.productid] = _with(made, wanted_fields(new_one, here), here)
    for change in comparison.changes.values():
        new = {field: value for field, (_, value) in change.fields.items()}
        products[change.product.productid] = _with(products[change.product.productid], new, here)
    by_sku = {one.sku: one for one in products.values()}
    for regroup in comparison.regroups:
        main = regroup.main or by_sku[regroup.members[0].sku].productid
        for member in regroup.members:
            one = by_sku[member.sku]
            products[one.productid] = replace(products[one.productid], main_variant=main, attributes=member.attributes)
    return replace(here, products=products)


def _with(one: TillProduct, fields: Mapping[str, str], here: SiteCatalogue) -> TillProduct:
    prices = dict(one.prices)
    for field, value in fields.items():
        if field.startswith("price:"):
            pricelistid = int(field.removeprefix("price:"))
            prices[pricelistid] = to_minor(value, here.lists[pricelistid].currency)
    return replace(
        one,
        title=fields.get("title", one.title),
        barcode=fields.get("barcode", one.barcode),
        active_pos=fields.get("active", str(one.active_pos).lower()) == "true",
        prices=prices,
    )


_titles, _minor = st.sampled_from(["Tee", "Thing 1", "Hat"]), st.integers(0, 10**6)
_groups = st.sampled_from([None, 1, 2, 9])


@st.composite
def _items(draw: st.DrawFn) -> list[Item]:
    made = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        matrix = draw(st.booleans())
        price = draw(st.none() | _minor)
        made.append(
            item(
                number,
                title=draw(_titles),
                barcode=draw(st.sampled_from(["", "4006381333931", "036000291452", "7"])),
                inactive=draw(st.booleans()),
                tax_schedule=draw(st.sampled_from(["Standard", "Reduced", None])),
                prices={} if price is None else {("Base Price", "SEK"): Decimal(price).scaleb(-2)},
                parent=draw(st.sampled_from([100, 200])) if matrix else None,
                options={"Colour": draw(st.sampled_from(["Blue", ""])), "Size": str(number)} if matrix else {},
            )
        )
    return made


@st.composite
def _sites(draw: st.DrawFn) -> SiteCatalogue:
    products = [
        product(
            number,
            sku=draw(st.sampled_from([f"SKU-{number}", f"sku-{number}"])),
            title=draw(_titles),
            vatid=draw(st.sampled_from([2, 3, None])),
            active_pos=draw(st.booleans()),
            main_variant=draw(_groups),
            attributes=draw(st.sampled_from([(), _BLUE_M])),
            prices=draw(st.dictionaries(st.just(1), _minor)),
        )
        for number in draw(st.sets(st.integers(1, 6)))
    ]
    return site(
        *products,
        prices_with_vat=draw(st.sampled_from([True, False, None])),
        lists={1: price_list()} if draw(st.booleans()) else {},
    )


@given(items=_items(), here=_sites(), put_back=st.booleans())
def test_after_its_own_plan_there_is_nothing_left_to_do_and_all_is_agreed(
    items: list[Item], here: SiteCatalogue, put_back: bool
) -> None:
    first = compare(_wanted(here, *items), here, {}, put_back=put_back)
    after = _applied(first, here)
    # What cannot be priced or created does not become so by the plan: the same is wanted as before.
    assert _wanted(after, *items).keys() == _wanted(here, *items).keys() | first.creates.keys()
    second = compare(_wanted(after, *items), after, first.agreed, put_back=put_back)
    assert second.nothing_to_do
    assert second.drifts == ()
    agreed = {sku: {**first.agreed.get(sku, {}), **second.agreed.get(sku, {})} for sku in _wanted(after, *items)}
    third = compare(_wanted(after, *items), after, agreed, put_back=put_back)
    assert third.agreed == {}


@given(items=_items(), here=_sites())
def test_comparing_twice_says_the_same(items: list[Item], here: SiteCatalogue) -> None:
    wanted = _wanted(here, *items)
    assert compare(wanted, here, {}, put_back=True) == compare(wanted, here, {}, put_back=True)


@given(items=_items(), here=_sites(), changed=_sites())
def test_whatever_is_changed_by_hand_is_either_drift_or_was_never_agreed(
    items: list[Item], here: SiteCatalogue, changed: SiteCatalogue
) -> None:
    agreed = compare(_wanted(here, *items), here, {}, put_back=True).agreed
    comparison = compare(_wanted(changed, *items), changed, agreed, put_back=True)
    drifted = {(drift.sku, drift.field) for drift in comparison.drifts}
    for sku, change in comparison.changes.items():
        for field, (has, _) in change.fields.items():
            last = agreed.get(sku, {}).get(field)
            assert ((sku, field) in drifted) == (last is not None and has != last)
