"""Price lists of the Sitoo sandbox over real HTTP, and what its tills would ask."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sitoo_netsuite.money import vat_within
from sitoo_netsuite.sandbox.world import make_world
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import Served, served

LISTS = "/sites/1/pricelists"


@pytest.fixture(scope="module")
def sitoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("sitoo"), orders=1) as running:
        yield running


def made(sitoo: Served, sku: str, moneyprice: str) -> int:
    """A new product that the tills of site 1 sell."""
    return sitoo.catalogue.add_product(1, sku=sku, active=True, activepos=True, moneyprice=moneyprice)


def till(sitoo: Served, sku: str, eshopid: int = 1) -> dict[str, Any]:
    """What a till would ask for one."""
    answer: dict[str, Any] = httpx.get(f"{sitoo.root}/sandbox/till", params={"eshopid": eshopid, "sku": sku}).json()
    return answer


def item(sitoo: Served, pricelistid: int, sku: str) -> dict[str, Any] | None:
    """A SKU's row of a price list."""
    rows = sitoo.get(f"{LISTS}/{pricelistid}/pricelistitems", num=1000).json()["items"]
    return next((row for row in rows if row["sku"] == sku), None)


def test_every_site_has_a_default_list_with_the_products_own_prices(sitoo: Served) -> None:
    (first,) = sitoo.get("/sites/2/pricelists").json()["items"]
    assert first == {
        "pricelistid": 1,
        "pricelistname": "Default",
        "pricelistdescription": "",
        "active": True,
        "externalid": "",
        "currencycode": "GBP",
        "tags": [],
    }
    product = sitoo.world.products[0]
    rows = sitoo.get("/sites/2/pricelists/1/pricelistitems", num=2).json()
    assert rows["totalcount"] == len(sitoo.world.products)
    assert rows["items"][0] == {
        "productid": product.productid,
        "sku": product.sku,
        "moneyprice": f"{product.price_minor['GBP'] / 100:.2f}",
        "moneypricevolume": [],
    }


def test_a_products_price_and_its_price_in_list_1_are_one(sitoo: Served) -> None:
    productid = made(sitoo, "ONE-1", "100.00")
    sitoo.ask("PUT", f"/sites/1/products/{productid}", {"moneyprice": "90.00"})
    assert item(sitoo, 1, "ONE-1") == {
        "productid": productid,
        "sku": "ONE-1",
        "moneyprice": "90.00",
        "moneypricevolume": [],
    }
    answer = sitoo.ask("PUT", f"{LISTS}/1/pricelistitems", [{"sku": "ONE-1", "moneyprice": "80.00"}])
    assert answer.json() == [{"statuscode": 200, "return": True}]
    assert sitoo.get(f"/sites/1/products/{productid}").json()["moneyprice"] == "80.00"


def test_only_list_1_moves_a_products_datemodified(sitoo: Served) -> None:
    productid = made(sitoo, "MOVED-1", "100.00")
    other = sitoo.ask("POST", LISTS, {"pricelistname": "Staff", "tags": ["staff"]}).json()
    before = sitoo.get(f"/sites/1/products/{productid}").json()["datemodified"]
    sitoo.at(before + 60)
    sitoo.catalogue.set_list_price(1, other, "MOVED-1", "50.00")
    assert sitoo.get(f"/sites/1/products/{productid}").json()["datemodified"] == before
    sitoo.catalogue.set_list_price(1, 1, "MOVED-1", "70.00")
    assert sitoo.get(f"/sites/1/products/{productid}").json()["datemodified"] == before + 60


def test_lists_are_made_changed_and_deleted_but_not_list_1(sitoo: Served) -> None:
    pricelistid = sitoo.ask("POST", LISTS, {"pricelistname": "Summer", "externalid": "SUMMER"}).json()
    assert sitoo.ask("PUT", f"{LISTS}/{pricelistid}", {"active": False}).json() is True
    changed = sitoo.get(f"{LISTS}/{pricelistid}").json()
    assert (changed["pricelistname"], changed["externalid"], changed["active"]) == ("Summer", "SUMMER", False)
    assert changed["currencycode"] == "SEK"
    assert sitoo.ask("DELETE", f"{LISTS}/{pricelistid}").json() is True
    assert sitoo.get(f"{LISTS}/{pricelistid}").status_code == 404
    assert sitoo.ask("DELETE", f"{LISTS}/1").status_code == 400
    assert sitoo.ask("POST", LISTS, {"active": True}).json()["errortext"] == "Missing required field 'pricelistname'."


def test_a_site_has_no_more_than_100_lists(tmp_path: Path) -> None:
    with served(tmp_path, orders=1) as sitoo:
        for number in range(2, 101):
            assert sitoo.catalogue.add_list(1, pricelistname=f"List {number}") == number
        assert sitoo.ask("POST", LISTS, {"pricelistname": "One too many"}).status_code == 400
        assert sitoo.get(LISTS).json()["totalcount"] == 100


def test_a_batch_of_prices_answers_each_and_may_name_a_product_either_way(sitoo: Served) -> None:
    productid = made(sitoo, "EITHER-1", "10.00")
    made(sitoo, "EITHER-2", "10.00")
    pricelistid = sitoo.catalogue.add_list(1, pricelistname="Either")
    answers = sitoo.ask(
        "PUT",
        f"{LISTS}/{pricelistid}/pricelistitems",
        [
            {"productid": productid, "moneyprice": "9.00"},
            {"sku": "EITHER-2", "moneyprice": "8.00"},
            {"sku": "NO-SUCH", "moneyprice": "7.00"},
            {"sku": "EITHER-2"},
            {"moneyprice": "6.00"},
            {"sku": "EITHER-2", "moneyprice": "-1.00"},
        ],
    ).json()
    assert [entry.get("errortext", entry.get("return")) for entry in answers] == [
        True,
        True,
        "Resource not found",
        "Missing required field 'moneyprice'.",
        "Missing required field 'productid'.",
        "Invalid value in moneyprice",
    ]
    gone = sitoo.ask("DELETE", f"{LISTS}/{pricelistid}/pricelistitems", [{"sku": "EITHER-2"}, {"sku": "EITHER-2"}])
    assert [entry["statuscode"] for entry in gone.json()] == [200, 404]
    assert item(sitoo, pricelistid, "EITHER-2") is None
    assert sitoo.ask("DELETE", f"{LISTS}/1/pricelistitems", [{"sku": "EITHER-1"}]).json()[0]["statuscode"] == 400
    assert (
        sitoo.ask("PUT", f"{LISTS}/999/pricelistitems", [{"sku": "EITHER-1", "moneyprice": "1.00"}]).json()[0][
            "statuscode"
        ]
        == 404
    )


def test_a_price_for_more_than_one_is_kept_when_the_price_changes_and_is_not_the_tills(sitoo: Served) -> None:
    productid = made(sitoo, "MANY-1", "10.00")
    volume = [{"levelstart": 10, "moneyprice": "7.00"}, {"levelstart": 3, "moneyprice": "9.00"}]
    items = f"{LISTS}/1/pricelistitems"
    sitoo.ask("PUT", items, [{"sku": "MANY-1", "moneyprice": "12.00", "moneypricevolume": volume}])
    sitoo.ask("PUT", items, [{"sku": "MANY-1", "moneyprice": "11.00"}])
    row = item(sitoo, 1, "MANY-1")
    assert row is not None
    assert (row["moneyprice"], row["moneypricevolume"]) == ("11.00", volume[::-1])
    assert till(sitoo, "MANY-1")["price"] == "11.00"
    assert sitoo.get(f"/sites/1/products/{productid}").json()["pricelisthasvolume"] is True
    wrong = [{"sku": "MANY-1", "moneyprice": "11.00", "moneypricevolume": [{"levelstart": 0, "moneyprice": "1.00"}]}]
    assert sitoo.ask("PUT", items, wrong).json()[0]["errortext"] == "Invalid value in moneypricevolume"


def test_a_till_takes_the_lowest_active_list_that_is_for_everybody_and_in_its_currency(sitoo: Served) -> None:
    made(sitoo, "LOW-1", "100.00")
    assert till(sitoo, "LOW-1") == {"sku": "LOW-1", "price": "100.00", "currency": "SEK", "pricelistid": 1}
    offers: dict[str, dict[str, Any]] = {
        "Tagged": {"tags": ["vip"]},
        "Asleep": {"active": False},
        "Euro": {"currencycode": "EUR"},
        "Sale": {},
    }
    ids = {name: sitoo.catalogue.add_list(1, pricelistname=name, **fields) for name, fields in offers.items()}
    for number, pricelistid in enumerate(ids.values()):
        sitoo.catalogue.set_list_price(1, pricelistid, "LOW-1", f"{50 + 10 * number}.00")
    assert till(sitoo, "LOW-1") == {"sku": "LOW-1", "price": "80.00", "currency": "SEK", "pricelistid": ids["Sale"]}
    sitoo.ask("PUT", f"{LISTS}/{ids['Asleep']}", {"active": True})
    assert till(sitoo, "LOW-1")["price"] == "60.00"


def test_a_till_asks_nothing_for_what_it_does_not_sell(sitoo: Served) -> None:
    sitoo.catalogue.add_product(1, sku="ASLEEP-1", moneyprice="5.00")
    sitoo.catalogue.add_product(1, sku="PRICELESS-1", active=True, activepos=True)
    url = f"{sitoo.root}/sandbox/till"
    for sku in ("ASLEEP-1", "PRICELESS-1", "NO-SUCH"):
        assert httpx.get(url, params={"eshopid": 1, "sku": sku}).status_code == 404
    assert httpx.get(url, params={"eshopid": 9, "sku": "LOW-1"}).status_code == 404
    assert httpx.get(url, params={"sku": "LOW-1"}).status_code == 400


def test_a_site_that_stores_prices_without_vat_has_one_list_and_the_till_adds_the_vat(tmp_path: Path) -> None:
    world = make_world(seed=1, stores=2, days=1)
    sites = tuple(replace(site, prices_stored_with_vat=False) for site in world.sites)
    with served(tmp_path, orders=1, world=replace(world, sites=sites)) as sitoo:
        assert sitoo.get("/sites/1/settings").json()["pricesstoredwithvat"] is False
        product = next(product for product in world.products if product.group[1] == 2)
        gross = product.price_minor["SEK"]
        stored = sitoo.catalogue.product(1, product.sku)["moneyprice"]
        assert stored == f"{(gross - vat_within(gross, 2500)) / 100:.2f}"
        assert till(sitoo, product.sku)["price"] == f"{gross / 100:.2f}"
        sitoo.catalogue.change(1, product.sku, moneyprice="0.02")
        assert till(sitoo, product.sku)["price"] == "0.03"
        assert sitoo.ask("POST", LISTS, {"pricelistname": "Second"}).status_code == 400


def test_an_unknown_sku_is_told_to_the_hand_that_asks_for_it(sitoo: Served) -> None:
    with pytest.raises(KeyError):
        sitoo.catalogue.change(1, "NO-SUCH", title="Nothing")
    sitoo.catalogue.add_product(1, sku="BRIEF-1")
    sitoo.catalogue.remove_product(1, "BRIEF-1")
    with pytest.raises(KeyError):
        sitoo.catalogue.product(1, "BRIEF-1")
