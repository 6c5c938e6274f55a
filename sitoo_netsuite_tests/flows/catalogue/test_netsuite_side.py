"""Landing NetSuite's items and prices from a real sandbox into a real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sitoo_netsuite.flows.catalogue import touched
from sitoo_netsuite.flows.catalogue.netsuite_side import (
    Catalogue,
    land_changed_items,
    land_items,
    land_items_of,
    latest_change,
)
from sitoo_netsuite.netsuite.errors import Refused
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.world import make_world
from sitoo_netsuite_tests.flows.catalogue.served_catalogue import ServedCatalogue, served_catalogue


@pytest.fixture
def retailer(tmp_path: Path) -> Iterator[ServedCatalogue]:
    with served_catalogue(tmp_path) as served:
        yield served


def land(retailer: ServedCatalogue, connection: psycopg.Connection) -> Catalogue:
    return retailer.with_netsuite(lambda client: land_items(connection, client, retailer.estate, retailer.now()))


def land_changed(retailer: ServedCatalogue, connection: psycopg.Connection) -> set[str]:
    return retailer.with_netsuite(
        lambda client: land_changed_items(connection, client, retailer.estate, retailer.now())
    )


def rows(connection: psycopg.Connection, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), parameters).fetchall()


@contextmanager
def answering(*pages: list[dict[str, str]]) -> Iterator[str]:
    """A server that gives each query the next of these pages, whatever it asks; its URL."""
    left = iter(pages)

    async def query(request: Request) -> JSONResponse:
        return JSONResponse({"items": next(left), "hasMore": False})

    async def time(request: Request) -> JSONResponse:
        return JSONResponse({"serverTime": "2026-03-06T06:00:00Z"})

    routes = [
        Route("/services/rest/query/v1/suiteql", query, methods=["POST"]),
        Route("/services/rest/system/v1/serverTime", time),
    ]
    with serving(Starlette(routes=routes)) as url:
        yield url


def suiteql_requests(retailer: ServedCatalogue) -> int:
    return sum("suiteql" in request["path"] for request in retailer.netsuite_requests.requests_after(0))


def test_every_item_is_landed_with_its_options_schedule_subsidiaries_and_prices(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    catalogue = land(retailer, connection)
    known = [product for product in retailer.world.products if product.netsuite_item is not None]
    assert sum(catalogue.by_type.values()) == len(known) + len(retailer.world.matrix_parents)
    assert (catalogue.doubled, catalogue.inactive) == ([], 0)
    child = next(product for product in known if product.parent is not None)
    assert rows(
        connection,
        """
        select item, name, barcode, matrix_type, parent, options, tax_schedule, for_tills, inactive
        from landing.items where sku = %s
        """,
        child.sku,
    ) == [
        (
            child.netsuite_item, child.title, child.barcode, "CHILD", child.parent, dict(child.options),
            child.tax_schedule, True, False,
        )
    ]  # fmt: skip
    prices = rows(
        connection,
        "select price_level, currency, price from landing.item_prices where item = %s order by 2",
        child.netsuite_item,
    )
    assert prices == [
        ("Base Price", currency, Decimal(price) / 100) for currency, price in sorted(child.price_minor.items())
    ]
    parent = retailer.world.matrix_parents[0]
    assert rows(connection, "select matrix_type, parent from landing.items where item = %s", parent.internal_id) == [
        ("PARENT", None)
    ]


def test_all_of_it_takes_one_request_a_thousand_items(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    before = suiteql_requests(retailer)
    catalogue = land(retailer, connection)
    assert suiteql_requests(retailer) - before == -(-sum(catalogue.by_type.values()) // 1000)


def test_landing_again_what_did_not_change_touches_nothing(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    touched.take(connection, "a run")
    touched.clear(connection, "a run")
    stored = rows(connection, "select * from landing.items order by item")
    retailer.later(hours=30)
    assert land(retailer, connection).changed == 0
    assert land_changed(retailer, connection) == set()
    assert rows(connection, "select * from landing.items order by item") == stored
    assert rows(connection, "select sku from landing.touched_skus") == []


def test_a_changed_price_title_and_sku_arrive_with_the_next_reading_of_what_changed(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    retailer.later(hours=30)
    first, second, third = [p for p in retailer.world.products if p.item_type == "InvtPart" and p.parent is None][:3]
    currency = next(c for c in retailer.world.currencies if c.code == "SEK").internal_id
    retailer.netsuite(
        "PATCH",
        f"inventoryItem/{first.netsuite_item}/price/currencypage={currency},pricelevel=1,quantity=0",
        {"price": 12.34},
    )
    retailer.netsuite("PATCH", f"inventoryItem/{second.netsuite_item}", {"displayName": "A better name"})
    retailer.netsuite("PATCH", f"inventoryItem/{third.netsuite_item}", {"itemId": "RENAMED"})
    assert land_changed(retailer, connection) == {first.sku, second.sku, third.sku, "RENAMED"}
    assert touched.take(connection, "a run") >= {first.sku, second.sku, third.sku, "RENAMED"}
    assert rows(
        connection,
        "select price from landing.item_prices where item = %s and currency = 'SEK'",
        first.netsuite_item,
    ) == [(Decimal("12.34"),)]
    assert rows(connection, "select name from landing.items where sku = %s", second.sku) == [("A better name",)]
    assert rows(connection, "select item from landing.items where sku = 'RENAMED'") == [(third.netsuite_item,)]


def test_what_changed_is_read_without_reading_the_rest(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    retailer.later(days=3)
    before = suiteql_requests(retailer)
    land_changed(retailer, connection)
    assert suiteql_requests(retailer) - before == 1


def test_an_item_that_is_no_longer_there_goes_with_the_next_full_reading(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    made = retailer.netsuite("POST", "inventoryItem", {"itemId": "SHORT-LIVED", "subsidiary": {"items": [{"id": "2"}]}})
    land(retailer, connection)
    retailer.netsuite("DELETE", f"inventoryItem/{made}")
    assert land_changed(retailer, connection) == set()
    assert land(retailer, connection).changed == 1
    assert rows(connection, "select from landing.items where sku = 'SHORT-LIVED'") == []


@pytest.fixture
def doubled(tmp_path: Path) -> Iterator[ServedCatalogue]:
    """A retailer whose first two stocked items share a SKU, as a child and an item outside its matrix may."""
    world = make_world(seed=1, stores=2, days=2)
    older, younger = [product for product in world.products if product.parent is None][:2]
    products = [replace(p, sku=older.sku) if p is younger else p for p in world.products]
    with served_catalogue(tmp_path, replace(world, products=tuple(products))) as served:
        yield served


def test_of_two_items_with_one_sku_the_older_counts_until_it_gives_the_sku_up(
    doubled: ServedCatalogue, connection: psycopg.Connection
) -> None:
    older, younger = [product for product in doubled.world.products if product.parent is None][:2]
    assert land(doubled, connection).doubled == [older.sku]
    held_out = "select item, first_item from landing.doubled_items"
    assert rows(connection, held_out) == [(younger.netsuite_item, older.netsuite_item)]
    holder = "select item from landing.items where sku = %s"
    assert rows(connection, holder, older.sku) == [(older.netsuite_item,)]
    doubled.later(hours=30)
    assert land_changed(doubled, connection) == set()
    doubled.netsuite("PATCH", f"inventoryItem/{older.netsuite_item}", {"itemId": "GIVEN-UP"})
    assert land_changed(doubled, connection) == {older.sku, "GIVEN-UP"}
    assert rows(connection, holder, older.sku) == [(younger.netsuite_item,)]
    assert rows(connection, held_out) == []


def test_an_older_item_that_takes_a_sku_puts_the_younger_one_out(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    def item(number: int, sku: str) -> dict[str, str]:
        return {"id": str(number), "itemid": sku, "itemtype": "InvtPart", "isinactive": "F", "price0": "10"}

    # The sandbox lets nobody give an item a taken name.
    with answering([item(1, "FOR-NOW"), item(2, "TAKEN")], [item(1, "TAKEN")]) as url:
        account = replace(retailer, netsuite_url=url)
        land(account, connection)
        assert land_changed(account, connection) == {"FOR-NOW", "TAKEN"}
    assert rows(connection, "select item, sku from landing.items") == [(1, "TAKEN")]
    assert rows(connection, "select item, sku, first_item from landing.doubled_items") == [(2, "TAKEN", 1)]
    assert rows(connection, "select distinct item from landing.item_prices") == [(1,)]


@pytest.mark.parametrize("price", ["call us", "NaN", "Infinity"])
def test_a_price_that_is_no_number_is_left_out_and_stops_nothing(
    retailer: ServedCatalogue, connection: psycopg.Connection, price: str
) -> None:
    def item(number: int, price: str) -> dict[str, str]:
        return {"id": str(number), "itemid": f"N{number}", "itemtype": "InvtPart", "isinactive": "F", "price0": price}

    with answering([item(1, price), item(2, "10")]) as url:
        land(replace(retailer, netsuite_url=url), connection)
    assert rows(connection, "select item, price from landing.item_prices") == [(2, 10)]
    assert rows(connection, "select count(*) from landing.items") == [(2,)]


def test_some_skus_are_read_by_name_also_those_that_have_another_name_now(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    renamed, untouched = [product for product in retailer.world.products if product.item_type == "InvtPart"][:2]
    retailer.netsuite("PATCH", f"inventoryItem/{renamed.netsuite_item}", {"itemId": "ANOTHER-NAME"})
    retailer.netsuite("PATCH", f"inventoryItem/{untouched.netsuite_item}", {"displayName": "Not asked for"})
    skus = [renamed.sku, "NOT-THERE"]
    changed = retailer.with_netsuite(
        lambda client: land_items_of(connection, client, retailer.estate, retailer.now(), skus)
    )
    assert changed == {renamed.sku, "ANOTHER-NAME"}
    assert rows(connection, "select sku from landing.items where item = %s", renamed.netsuite_item) == [
        ("ANOTHER-NAME",)
    ]
    assert rows(connection, "select name from landing.items where sku = %s", untouched.sku) == [(untouched.title,)]


def test_a_till_flag_says_which_items_are_for_the_tills(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    assert retailer.estate.catalogue is not None
    settings = retailer.estate.catalogue.model_copy(update={"till_flag": "custitem_for_tills"})
    estate = retailer.estate.model_copy(update={"catalogue": settings})
    retailer.with_netsuite(lambda client: land_items(connection, client, estate, retailer.now()))
    kept = dict(rows(connection, "select sku, for_tills from landing.items"))
    assert kept[retailer.world.products[0].sku] is True
    assert kept[retailer.world.matrix_parents[0].sku] is False


def test_a_retailer_whose_tills_take_nothing_from_netsuite_is_asked_for_items_alone(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    estate = retailer.estate.model_copy(update={"catalogue": None})
    retailer.with_netsuite(lambda client: land_items(connection, client, estate, retailer.now()))
    assert rows(connection, "select count(*) from landing.item_prices") == [(0,)]
    assert rows(connection, "select distinct tax_schedule, options, subsidiaries from landing.items") == [
        (None, {}, [])
    ]


def test_a_reading_that_fails_half_way_changes_nothing(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    land(retailer, connection)
    stored = rows(connection, "select * from landing.items order by item")
    cursor = rows(connection, "select * from landing.cursors")
    retailer.later(hours=30)
    product = retailer.world.products[0]
    retailer.netsuite("PATCH", f"inventoryItem/{product.netsuite_item}", {"displayName": "A better name"})
    broken = retailer.estate.catalogue
    assert broken is not None
    estate = retailer.estate.model_copy(
        update={"catalogue": broken.model_copy(update={"matrix_options": {"Colour": "custitem_nosuchfield"}})}
    )
    with pytest.raises(Refused, match="custitem_nosuchfield"):
        retailer.with_netsuite(lambda client: land_items(connection, client, estate, retailer.now()))
    assert rows(connection, "select * from landing.items order by item") == stored
    assert rows(connection, "select * from landing.cursors") == cursor
    assert land_changed(retailer, connection) == {product.sku}


def test_the_latest_change_shows_also_a_second_item_changed_in_the_same_second(retailer: ServedCatalogue) -> None:
    first, second = [product for product in retailer.world.products if product.item_type == "InvtPart"][:2]
    items = sum(product.netsuite_item is not None for product in retailer.world.products)
    assert retailer.with_netsuite(latest_change).endswith(f"/{items + len(retailer.world.matrix_parents)}")
    retailer.netsuite("PATCH", f"inventoryItem/{first.netsuite_item}", {"displayName": "A better name"})
    assert retailer.with_netsuite(latest_change) == "2026-03-06 06:00:00/1"
    retailer.netsuite("PATCH", f"inventoryItem/{second.netsuite_item}", {"displayName": "A better name"})
    assert retailer.with_netsuite(latest_change) == "2026-03-06 06:00:00/2"


def test_what_a_kit_is_made_of_and_how_goods_are_told_apart_is_landed_and_follows_netsuite(
    tmp_path: Path, connection: psycopg.Connection
) -> None:
    world = make_world(seed=3, stores=2, days=1, hard_to_stock=True)
    items = {product.sku: product.netsuite_item for product in world.products}
    first, second = (product.sku for product in world.products[:2])
    made_of = (
        "select item, quantity_milli, from_day::text from landing.kit_members where kit = %s order by from_day, item"
    )
    with served_catalogue(tmp_path, world) as retailer:
        land(retailer, connection)
        tracked = dict(rows(connection, "select sku, tracked_by from landing.items where tracked_by is not null"))
        assert tracked == {"LOT-001": "lot", "SERIAL-001": "serial", "BIN-001": "bin"}
        kit = items["KIT-001"]
        always = [(items[first], 1000, "-infinity"), (items[second], 2000, "-infinity")]
        assert rows(connection, made_of, kit) == always

        retailer.later(hours=1)
        members = [{"item": {"id": str(items[second])}, "quantity": 3}]
        retailer.netsuite("PATCH", f"kitItem/{kit}?replace=member", {"member": {"items": members}})
        assert land_changed(retailer, connection) == set()
        tomorrow = str(retailer.now().date() + timedelta(days=1))
        assert rows(connection, made_of, kit) == [*always, (items[second], 3000, tomorrow)]
        land(retailer, connection)
        assert rows(connection, made_of, kit) == [*always, (items[second], 3000, tomorrow)]

        # What was sold of it once is of what it was made of then, whatever becomes of it.
        retailer.netsuite("DELETE", f"kitItem/{kit}")
        land(retailer, connection)
        assert rows(connection, made_of, kit) == [*always, (items[second], 3000, tomorrow)]
