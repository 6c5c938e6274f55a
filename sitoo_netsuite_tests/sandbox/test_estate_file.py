from pathlib import Path

import pytest

from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.world import make_world


@pytest.mark.parametrize("stores", [1, 2, 6])
def test_the_estate_file_of_a_made_up_retailer_is_accepted(tmp_path: Path, stores: int) -> None:
    world = make_world(seed=7, stores=stores, days=3)
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world), encoding="utf-8")

    estate = load_estate(path)

    assert [store.store for store in estate.stores] == [shop.key for shop in world.shops]
    assert estate.first_day == world.start
    assert {store.location for store in estate.stores} == {str(place.internal_id) for place in world.locations}


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
