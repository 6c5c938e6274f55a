"""Landing what the tills have of the catalogue from a real Sitoo sandbox into a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest

from sitoo_netsuite.flows.catalogue import touched
from sitoo_netsuite.flows.catalogue.landing import land_skus
from sitoo_netsuite.flows.catalogue.netsuite_side import land_items
from sitoo_netsuite.flows.catalogue.sitoo_side import (
    TillCatalogue,
    land_changed_products,
    land_till_catalogue,
    reread_products,
)
from sitoo_netsuite.sitoo.client import ApiKey, Retries, SitooClient
from sitoo_netsuite.sitoo.errors import SitooUnreadable
from sitoo_netsuite_tests.flows.catalogue.served_catalogue import ServedCatalogue, served_catalogue
from sitoo_netsuite_tests.sitoo.tampering import tampering_with

SWEDEN = 1


@pytest.fixture
def retailer(tmp_path: Path) -> Iterator[ServedCatalogue]:
    with served_catalogue(tmp_path) as served:
        yield served


def land(retailer: ServedCatalogue, connection: psycopg.Connection) -> TillCatalogue:
    return land_till_catalogue(connection, retailer.sitoo, retailer.estate, retailer.now())


def land_changed(retailer: ServedCatalogue, connection: psycopg.Connection) -> set[str]:
    return land_changed_products(connection, retailer.sitoo, retailer.estate, retailer.now())


def forget_touched(connection: psycopg.Connection) -> set[str]:
    noted = touched.take(connection, "a run")
    touched.clear(connection, "a run")
    return noted


def rows(connection: psycopg.Connection, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), parameters).fetchall()


def requests_of(retailer: ServedCatalogue) -> int:
    return len(retailer.sitoo_requests.requests_after(0))


def test_a_site_is_landed_with_its_groups_lists_products_variants_and_prices(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    before = requests_of(retailer)
    catalogue = land(retailer, connection)
    sold = [product for product in retailer.world.products if SWEDEN in product.group]
    assert catalogue.products[SWEDEN] == len(sold)
    assert (catalogue.rejected, catalogue.price_lists) == (0, len(retailer.world.price_lists))
    # Settings, groups, lists and one page of products at each of two sites: list 1 is the products' own price.
    assert requests_of(retailer) - before == 8
    assert rows(connection, "select currency, prices_with_vat from landing.sites where eshopid = 1") == [("SEK", True)]
    assert rows(connection, "select rate_bp from landing.product_groups where (eshopid, vatid) = (1, 2)") == [(2500,)]
    child = next(product for product in sold if product.parent is not None)
    siblings = [product.productid for product in sold if product.parent == child.parent]
    assert rows(
        connection,
        """
        select title, barcode, vatid, active_pos, main_variant, attributes, price_minor, volume_prices
        from landing.products join landing.price_list_items using (eshopid, productid)
        where eshopid = 1 and productid = %s and pricelistid = 1
        """,
        child.productid,
    ) == [
        (
            child.title, child.barcode, child.group[SWEDEN], True, min(siblings),
            [[name, value] for name, value in child.options.items()], child.price_minor["SEK"], [],
        )
    ]  # fmt: skip


def test_landing_again_what_did_not_change_touches_nothing(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    assert land(retailer, connection).changed == len(forget_touched(connection))
    stored = rows(connection, "select * from landing.products order by eshopid, productid")
    retailer.later(hours=1)
    assert land(retailer, connection).changed == 0
    assert land_changed(retailer, connection) == forget_touched(connection) == set()
    assert rows(connection, "select * from landing.products order by eshopid, productid") == stored


def test_what_somebody_changed_in_sitoo_arrives_with_the_next_reading_of_what_changed(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    forget_touched(connection)
    retailed, retitled, other = retailer.tills.skus(SWEDEN)[:3]
    retailer.later(hours=1)
    retailer.tills.change(SWEDEN, retailed, moneyprice="12.30")
    retailer.tills.change(SWEDEN, retitled, title="A better name", barcode="")
    retailer.tills.change(SWEDEN, other, custom1="not ours")
    retailer.tills.add_product(SWEDEN, sku="ONLY-HERE", title="New", moneyprice="5.00", activepos=True)
    before = requests_of(retailer)
    changed = {retailed, retitled, "ONLY-HERE"}
    assert land_changed(retailer, connection) == changed
    assert requests_of(retailer) - before == len(retailer.world.sites)
    assert forget_touched(connection) == changed
    landed = """
        select title, barcode, price_minor, modified_at from landing.products
        join landing.price_list_items using (eshopid, productid) where eshopid = 1 and sku = %s
    """
    assert rows(connection, landed, retailed)[0][2:] == (1230, retailer.now())
    assert rows(connection, landed, retitled)[0][:2] == ("A better name", "")
    # Somebody touched it, but nothing that is NetSuite's.
    assert rows(connection, landed, other)[0][3] == retailer.now()


def test_products_lists_and_prices_that_are_gone_go_with_the_next_full_reading(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    gone, cheaper, dear = retailer.tills.skus(SWEDEN)[:3]
    number = retailer.tills.add_list(SWEDEN, pricelistname="Sale", tags=["members"])
    retailer.tills.set_list_price(SWEDEN, number, cheaper, "1.00")
    retailer.tills.set_list_price(SWEDEN, number, dear, "2.00")
    land(retailer, connection)
    forget_touched(connection)
    assert rows(
        connection, "select active, currency, tags from landing.price_lists where pricelistid = %s", number
    ) == [(True, "SEK", ["members"])]
    prices = "select price_minor from landing.price_list_items where pricelistid = %s order by 1"
    assert rows(connection, prices, number) == [(100,), (200,)]
    retailer.tills.remove_product(SWEDEN, gone)
    with retailer.tills.site(SWEDEN) as site:
        site.price_lists.remove(number)
    assert land(retailer, connection).changed == 3
    assert forget_touched(connection) == {gone, cheaper, dear}
    assert rows(connection, prices, number) == []
    assert rows(connection, "select from landing.products where eshopid = 1 and sku = %s", gone) == []


def test_volume_prices_are_landed_beside_the_price_of_one(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    sku = retailer.tills.skus(SWEDEN)[0]
    number = retailer.tills.add_list(SWEDEN, pricelistname="Bulk")
    productid = retailer.tills.product(SWEDEN, sku)["productid"]
    volume = [{"levelstart": 3, "moneyprice": "80.00"}, {"levelstart": 10, "moneyprice": "70.50"}]
    for price_list in (1, number):
        answers = retailer.sitoo.set_price_list_items(
            SWEDEN, price_list, [{"sku": sku, "moneyprice": "90.00", "moneypricevolume": volume}]
        )
        assert [answer.done for answer in answers] == [True]
    land(retailer, connection)
    landed = (
        "select pricelistid, price_minor, volume_prices from landing.price_list_items where productid = %s order by 1"
    )
    expected = [(1, 9000, [[3, 8000], [10, 7050]]), (number, 9000, [[3, 8000], [10, 7050]])]
    assert [row for row in rows(connection, landed, productid) if row[1] == 9000] == expected
    # A reading of the product alone does not see them, and so leaves them.
    retailer.later(hours=1)
    retailer.tills.change(SWEDEN, sku, title="Another title")
    assert land_changed(retailer, connection) == {sku}
    assert [row for row in rows(connection, landed, productid) if row[1] == 9000] == expected


def test_some_products_are_read_again_by_sku_and_nothing_is_noted_as_touched(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    forget_touched(connection)
    skus = retailer.tills.skus(SWEDEN)[:150]
    gone, changed = skus[:2]
    retailer.tills.remove_product(SWEDEN, gone)
    retailer.tills.change(SWEDEN, changed, moneyprice="12.30")
    retailer.tills.add_product(SWEDEN, sku="NEW+1/A_-", title="New")
    before = requests_of(retailer)
    moved = reread_products(
        connection, retailer.sitoo, retailer.estate, SWEDEN, {*skus, "NEW+1/A_-", "NO SUCH, SKU"}, (), retailer.now()
    )
    assert moved == {gone, changed, "NEW+1/A_-"}
    assert requests_of(retailer) - before == 2
    assert forget_touched(connection) == set()
    assert rows(connection, "select from landing.products where eshopid = 1 and sku = %s", gone) == []
    assert rows(connection, "select title from landing.products where sku = 'NEW+1/A_-'") == [("New",)]


def test_a_product_whose_sku_cannot_be_asked_for_is_not_forgotten(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    odd, spaced = retailer.tills.skus(SWEDEN)[:2]
    connection.execute("update landing.products set sku = 'A,B' where eshopid = 1 and sku = %s", [odd])
    connection.execute("update landing.products set sku = 'A B.' where eshopid = 1 and sku = %s", [spaced])
    assert reread_products(
        connection, retailer.sitoo, retailer.estate, SWEDEN, {"A,B", "A B."}, (), retailer.now()
    ) == {"A B."}
    assert rows(connection, "select sku from landing.products where eshopid = 1 and sku like 'A_B%%'") == [("A,B",)]


def test_a_list_is_read_again_with_the_products_where_that_is_asked_for(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    sku = retailer.tills.skus(SWEDEN)[0]
    number = retailer.tills.add_list(SWEDEN, pricelistname="Sale")
    land(retailer, connection)
    retailer.tills.set_list_price(SWEDEN, number, sku, "1.00")
    assert reread_products(connection, retailer.sitoo, retailer.estate, SWEDEN, {sku}, (), retailer.now()) == set()
    assert reread_products(connection, retailer.sitoo, retailer.estate, SWEDEN, {sku}, [number], retailer.now()) == {
        sku
    }


def test_a_product_that_cannot_be_read_is_put_aside_and_known_to_exist(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    first, second = retailer.tills.skus(SWEDEN)[:2]
    known = retailer.tills.product(SWEDEN, first)
    unknown = {"productid": 999_999, "sku": "NEVER-SEEN", "title": 12}
    land(retailer, connection)
    forget_touched(connection)
    stored = rows(connection, "select * from landing.products where eshopid = 1 and sku = %s", first)
    readable = {**retailer.tills.product(SWEDEN, second), "title": "A better name"}
    items = [{**known, "moneyprice": "twelve"}, unknown, readable]
    with tampering_with(retailer.sitoo_url) as between:
        between.pages["/1/products.json"] = msgspec.json.encode({"totalcount": 3, "items": items})
        with SitooClient(between.url, [ApiKey("1500-140", "tills open at nine")], retries=Retries(1)) as client:
            changed = land_changed_products(connection, client, retailer.estate, retailer.now())
    assert changed == {second, "NEVER-SEEN"}
    assert rows(connection, "select * from landing.products where eshopid = 1 and sku = %s", first) == stored
    assert rows(connection, "select productid, title, active_pos from landing.products where sku = 'NEVER-SEEN'") == [
        (999_999, "", False)
    ]
    quarantined = "select source, record, cured_at is null from restricted.quarantine order by record"
    assert rows(connection, quarantined) == [
        ("products", f"1/{known['productid']}", True),
        ("products", "1/999999", True),
    ]
    land(retailer, connection)
    assert rows(connection, quarantined)[0] == ("products", f"1/{known['productid']}", False)
    assert rows(connection, "select from landing.products where sku = 'NEVER-SEEN'") == []


def test_a_product_that_a_page_passed_by_is_asked_for_before_it_is_taken_to_be_gone(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    forget_touched(connection)
    pages = retailer.sitoo.product_pages(SWEDEN)
    records = [raw for page in pages for raw in page]
    with tampering_with(retailer.sitoo_url) as between:
        between.lists["/1/products.json"] = msgspec.json.encode({"totalcount": len(records) - 1, "items": records[1:]})
        with SitooClient(between.url, [ApiKey("1500-140", "tills open at nine")], retries=Retries(1)) as client:
            assert land_till_catalogue(connection, client, retailer.estate, retailer.now()).changed == 0


def test_a_reading_that_fails_half_way_changes_nothing(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    tables = ("products", "price_list_items", "price_lists", "sites", "cursors", "touched_skus")
    stored = {table: rows(connection, f"select * from landing.{table} order by 1, 2") for table in tables}
    number = retailer.tills.add_list(SWEDEN, pricelistname="Sale")
    retailer.tills.change(SWEDEN, retailer.tills.skus(SWEDEN)[0], title="A better name")
    retailer.later(hours=1)
    with tampering_with(retailer.sitoo_url) as between:
        between.pages[f"/{number}/pricelistitems.json"] = b"<html>"
        with (
            SitooClient(between.url, [ApiKey("1500-140", "tills open at nine")], retries=Retries(1)) as client,
            pytest.raises(SitooUnreadable),
        ):
            land_till_catalogue(connection, client, retailer.estate, retailer.now())
    assert {table: rows(connection, f"select * from landing.{table} order by 1, 2") for table in tables} == stored


def test_one_sku_is_read_from_both_sides_at_once(retailer: ServedCatalogue, connection: psycopg.Connection) -> None:
    retailer.with_netsuite(lambda client: land_items(connection, client, retailer.estate, retailer.now()))
    land(retailer, connection)
    product = next(product for product in retailer.world.products if product.item_type == "InvtPart")
    retailer.netsuite("PATCH", f"inventoryItem/{product.netsuite_item}", {"displayName": "A better name"})
    retailer.tills.change(SWEDEN, product.sku, title="A worse name")
    retailer.with_netsuite(
        lambda client: land_skus(connection, retailer.sitoo, client, retailer.estate, retailer.now(), [product.sku])
    )
    assert rows(connection, "select name from landing.items where sku = %s", product.sku) == [("A better name",)]
    assert rows(connection, "select title from landing.products where eshopid = 1 and sku = %s", product.sku) == [
        ("A worse name",)
    ]
