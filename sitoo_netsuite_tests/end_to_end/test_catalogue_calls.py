"""How many calls a run of the catalogue makes beside the fewest that there can be: pages to read, batches to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import psycopg
import pytest

from sitoo_netsuite.flows.catalogue import touched
from sitoo_netsuite.flows.catalogue.netsuite_side import land_changed_items, land_items
from sitoo_netsuite.flows.catalogue.sitoo_side import land_changed_products, land_till_catalogue
from sitoo_netsuite.flows.catalogue.steps import run_catalogue
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.sandbox.world import World, ean_13, make_world
from sitoo_netsuite_tests.flows.catalogue.served_catalogue import ServedCatalogue, served_catalogue

_ITEMS, _CHANGED = 1_500, 230
# Two pages of items and of products; NetSuite's own time; settings, VAT groups and price lists of the one site.
_WHOLE = 2 + 1 + 2 + 3
# One page of what changed on either side, and NetSuite's own time.
_CHANGES = 1 + 1 + 1


@pytest.fixture
def retailer(tmp_path: Path) -> Iterator[ServedCatalogue]:
    """One site with 1,500 items, most of them copies of its goods."""
    with served_catalogue(tmp_path, _world()) as served:
        yield served


def _world() -> World:
    world = make_world(seed=1, stores=1, days=1)
    goods = [product for product in world.products if product.item_type == "InvtPart" and product.parent is None]
    copies = (
        replace(
            goods[number % len(goods)],
            productid=100_000 + number,
            netsuite_item=100_000 + number,
            sku=f"BIG-{number:06d}",
            barcode=ean_13(f"74{number:010d}"),
        )
        for number in range(_ITEMS - len(world.products))
    )
    return replace(world, products=(*world.products, *copies))


def test_a_run_makes_no_call_but_for_pages_it_must_read_and_batches_it_must_write(
    retailer: ServedCatalogue, connection: psycopg.Connection
) -> None:
    def run_whole() -> None:
        estate, now = retailer.estate, retailer.now()
        retailer.with_netsuite(lambda client: land_items(connection, client, estate, now))
        land_till_catalogue(connection, retailer.sitoo, estate, now)
        run_catalogue(connection, retailer.sitoo, estate, lambda: now, "a run", skus=None)
        touched.take(connection, "a run")
        touched.clear(connection, "a run")

    def run_changes() -> None:
        estate, now = retailer.estate, retailer.now()
        retailer.with_netsuite(lambda client: land_changed_items(connection, client, estate, now))
        land_changed_products(connection, retailer.sitoo, estate, now)
        skus = touched.take(connection, "a run")
        run_catalogue(connection, retailer.sitoo, estate, lambda: now, "a run", skus=skus)

    def calls(run: Callable[[], None]) -> int:
        before = _calls(retailer)
        run()
        # What NetSuite is asked for again overlaps by a day.
        retailer.later(days=2)
        return _calls(retailer) - before

    retailer.later(days=2)
    assert [calls(run_whole), calls(run_whole), calls(run_changes)] == [_WHOLE, _WHOLE, _CHANGES]
    items = [product for product in retailer.world.products if product.sku.startswith("BIG")][:_CHANGED]

    async def give_new_titles(client: NetSuiteClient) -> None:
        for product in items:
            path = f"/services/rest/record/v1/inventoryItem/{product.netsuite_item}"
            await client.request("PATCH", path, content=msgspec.json.encode({"displayName": f"New {product.sku}"}))

    retailer.with_netsuite(give_new_titles)
    # Two batches of up to 200 are written, and the products read back a hundred at a time.
    assert calls(run_changes) == _CHANGES + 2 + 3
    assert {retailer.tills.product(1, product.sku)["title"] for product in items} == {
        f"New {product.sku}" for product in items
    }


def _calls(retailer: ServedCatalogue) -> int:
    return sum(recorder.stats()["requests"] for recorder in (retailer.sitoo_requests, retailer.netsuite_requests))
