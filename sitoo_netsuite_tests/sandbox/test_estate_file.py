from dataclasses import replace
from pathlib import Path

import pytest

from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.netsuite.schema import MATRIX_OPTION_FIELDS
from sitoo_netsuite.sandbox.world import VARIANT_OPTIONS, central_warehouse, make_world


@pytest.mark.parametrize("stores", [1, 2, 6])
def test_the_estate_file_of_a_made_up_retailer_is_accepted(tmp_path: Path, stores: int) -> None:
    world = make_world(seed=7, stores=stores, days=3)
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world), encoding="utf-8")

    estate = load_estate(path)

    assert [store.store for store in estate.stores] == [shop.key for shop in world.shops]
    assert estate.first_day == world.start
    assert {store.location for store in estate.stores} == {str(shop.location) for shop in world.shops}
    kept_in_transit = {books.stock.in_transit for books in estate.books if books.stock is not None}
    # Shops get goods from there, and no till knows it.
    central = {str(central_warehouse(shop.subsidiary)) for shop in world.shops}
    assert {str(place.internal_id) for place in world.locations} == {
        *(store.location for store in estate.stores), *kept_in_transit, *central,
    }  # fmt: skip


def test_every_account_of_the_estate_file_stands_in_the_chart_of_its_subsidiary(tmp_path: Path) -> None:
    world = make_world(seed=7, stores=2, days=3)
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world), encoding="utf-8")

    for books in load_estate(path).books:
        chart = {account.number for account in world.accounts if str(account.subsidiary) == books.subsidiary}
        assert books.account_numbers() <= chart


def test_every_tender_and_rate_of_the_tills_has_its_account(tmp_path: Path) -> None:
    world = make_world(seed=7, stores=2, days=3)
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world), encoding="utf-8")
    estate = load_estate(path)

    for site in world.sites:
        subsidiary = next(entry for entry in world.subsidiaries if entry.country == site.country)
        books = estate.by_subsidiary[str(subsidiary.internal_id)]
        tenders = {kind.name for kind in world.payment_types if kind.eshopid == site.eshopid}
        # What is left over from an exchange is virtual: no money of its own, so no tender of the estate.
        assert tenders - {"Exchange"} == set(books.by_tender)
        assert {group.rate_bp for group in world.product_groups if group.eshopid == site.eshopid} == set(books.by_rate)


def test_the_estate_file_maps_every_product_to_its_vat_group_and_price_list(tmp_path: Path) -> None:
    world = make_world(seed=7, stores=2, days=3)
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world), encoding="utf-8")
    catalogue = load_estate(path).catalogue

    assert catalogue is not None
    for product in world.products:
        for eshopid, vatid in product.group.items():
            assert catalogue.vat_groups[str(product.tax_schedule), eshopid] == vatid
    # The one that the retailer has yet to decide on.
    assert set(catalogue.vat_groups) < {
        (schedule.name, site.eshopid) for schedule in world.tax_schedules for site in world.sites
    }
    for site in world.sites:
        (prices,) = catalogue.lists_of(site.eshopid)
        assert (prices.price_list, prices.currency) == (1, site.currency)
        assert prices.subsidiary == str(world.subsidiary_of(site.eshopid).internal_id)
    assert catalogue.holds_vat == {"Base Price": True}
    assert set(catalogue.matrix_options) == set(VARIANT_OPTIONS)
    assert set(catalogue.matrix_options.values()) == set(MATRIX_OPTION_FIELDS)


def test_the_estate_file_says_so_where_a_price_level_is_without_vat(tmp_path: Path) -> None:
    world = make_world(seed=7, stores=1, days=3)
    world = replace(world, price_levels=(replace(world.price_levels[0], holds_vat=False),))
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world), encoding="utf-8")
    catalogue = load_estate(path).catalogue
    assert catalogue is not None
    assert catalogue.holds_vat == {"Base Price": False}


def test_a_retailer_whose_lists_are_not_filled_says_nothing_of_its_catalogue(tmp_path: Path) -> None:
    world = make_world(seed=7, stores=2, days=3)
    lists = tuple(replace(prices, level=None) for prices in world.price_lists)
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(replace(world, price_lists=lists, customers=())), encoding="utf-8")
    estate = load_estate(path)
    assert estate.catalogue is None
    assert estate.customers is None
