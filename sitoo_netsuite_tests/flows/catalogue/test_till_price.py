"""The price a till would choose, beside the one it ought to."""

from __future__ import annotations

from typing import Any

import pytest

from sitoo_netsuite.flows.catalogue.products import PriceList, SiteCatalogue
from sitoo_netsuite.flows.catalogue.till_price import TillPrice, price_mismatches, till_price
from sitoo_netsuite.flows.catalogue.wanted import wanted_products
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite_tests.flows.catalogue.catalogue_examples import (
    for_tills,
    item,
    price_list,
    product,
    settings,
    site,
)


def _lists(*more: PriceList) -> dict[int, PriceList]:
    return {one.pricelistid: one for one in (price_list(), *more)}


def _mismatches(here: SiteCatalogue, estate: Any = None, **changes: Any) -> list[Case]:
    estate = estate or settings()
    till_items, _ = for_tills(item(**changes), estate=estate)
    wanted, _ = wanted_products(till_items, here, estate)
    return price_mismatches(wanted, here, estate)


def test_a_till_sells_at_the_lowest_list_that_applies() -> None:
    here = site(lists=_lists(price_list(4), price_list(5)))
    assert till_price(product(prices={1: 24_900, 4: 19_900, 5: 22_900}), here) == TillPrice(4, 19_900, "SEK")


@pytest.mark.parametrize("changes", [{"active": False}, {"tags": frozenset({"staff"})}, {"currency": "EUR"}])
def test_lists_that_do_not_apply_to_every_sale_do_not_count(changes: dict[str, Any]) -> None:
    here = site(lists=_lists(price_list(4, **changes)))
    assert till_price(product(prices={1: 24_900, 4: 19_900}), here) == TillPrice(1, 24_900, "SEK")


def test_a_price_stored_without_vat_is_asked_with_it_at_the_rate_of_the_products_group() -> None:
    here = site(prices_with_vat=False)
    assert till_price(product(prices={1: 10_001}, vatid=3), here) == TillPrice(1, 11_201, "SEK")


def test_no_till_price_is_told_without_a_list_a_rate_or_a_basis() -> None:
    assert till_price(product(prices={}), site()) is None
    assert till_price(product(prices={9: 100}), site()) is None
    assert till_price(product(vatid=None), site(prices_with_vat=False)) is None
    assert till_price(product(), site(prices_with_vat=None)) is None


def test_a_lower_list_that_nobody_fills_is_a_mismatch_of_right_less_till() -> None:
    here = site(product(prices={1: 24_900, 4: 19_900}), lists=_lists(price_list(4, name="Spring")))
    (case,) = _mismatches(here)
    assert (case.kind, case.key, case.record) == ("price_mismatch", "1/SKU-1", "SKU-1")
    assert (case.amount_minor, case.currency) == (5_000, "SEK")
    assert "price list 4 (Spring)" in case.evidence["text"]


def test_the_right_price_at_the_till_is_no_mismatch() -> None:
    assert _mismatches(site(product())) == []
    assert _mismatches(site(product(prices={1: 24_900, 4: 29_900}), lists=_lists(price_list(4)))) == []


@pytest.mark.parametrize(
    "changes", [{"active_pos": False}, {"vatid": 3}, {"prices": {}}], ids=["inactive", "another group", "no price"]
)
def test_what_the_till_does_not_sell_or_another_case_explains_is_no_mismatch(changes: dict[str, Any]) -> None:
    fields = {"prices": {1: 100}, **changes}
    assert _mismatches(site(product(**fields))) == []


def test_no_right_price_is_told_where_netsuite_lacks_one_of_a_list_it_fills() -> None:
    lists = [
        {"site": 1, "price_list": number, "price_level": level, "currency": "SEK", "subsidiary": "2"}
        for number, level in ((1, "Base Price"), (2, "Outlet"))
    ]
    levels = [{"price_level": name, "holds_vat": True} for name in ("Base Price", "Outlet")]
    here = site(product(prices={1: 24_900, 2: 19_900}), lists=_lists(price_list(2)))
    assert _mismatches(here, settings(price_lists=lists, price_levels=levels)) == []


def test_only_the_products_asked_for_are_looked_at() -> None:
    here = site(product(1, prices={1: 1}), product(2, prices={1: 1}))
    till_items, _ = for_tills(item(1), item(2))
    wanted, _ = wanted_products(till_items, here, settings())
    assert [case.record for case in price_mismatches(wanted, here, settings(), ["SKU-2", "UNKNOWN"])] == ["SKU-2"]
