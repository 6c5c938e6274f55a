"""Who may write what: every request of every flow, as both sandboxes recorded it."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from sitoo_netsuite.definitions import defs
from sitoo_netsuite.operate.runs import run_job
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite_tests.end_to_end.conftest import Retailer
from sitoo_netsuite_tests.end_to_end.stock_by_hand import goods_came_in

# NetSuite is the master of items, SKUs and prices: what is written to it are journals, the tills' stock and customers.
MAY_BE_WRITTEN_TO_NETSUITE = re.compile(r"POST /services/rest/record/v1/(journalEntry|inventoryAdjustment|customer)$")
# A POST that only asks.
ASKS_NETSUITE = re.compile(r"POST /services/rest/(auth/oauth2/v1/token|query/v1/suiteql)$")
# Sitoo is the master of orders, payments and gift cards: what is written to it is the catalogue, and what of stock
# NetSuite moved; a level is told to virtual warehouses alone.
MAY_BE_WRITTEN_TO_SITOO = re.compile(
    r"(POST|PUT) /v2/accounts/\d+/sites/\d+/products\.json$"
    r"|PUT /v2/accounts/\d+/sites/\d+/products/\d+/productvariants\.json$"
    r"|PUT /v2/accounts/\d+/sites/\d+/pricelists/\d+/pricelistitems\.json$"
    r"|POST /v2/accounts/\d+/sites/\d+/warehousetransactions\.json$"
    r"|PUT /v2/accounts/\d+/sites/\d+/warehouses/\d+/warehouseitems\.json$"
)
MASTERED_BY_NETSUITE = {"productid", "sku", "title", "barcode", "activepos", "vatid", "moneyprice", "stockcountenable"}
MOVES_STOCK = {"warehouseid", "transactiontype", "description", "externalid", "items"}


def requests(url: str, after: int = 0) -> list[dict[str, Any]]:
    """What a sandbox was asked, oldest first."""
    answer = httpx.get(f"{url}/sandbox/requests", params={"after": after}).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["requests"]
    return found


def writes(found: list[dict[str, Any]]) -> dict[str, list[str]]:
    """`METHOD path` of every request that is not a GET, without its query, to the bodies sent."""
    by_address: dict[str, list[str]] = {}
    for request in found:
        if request["method"] != "GET":
            address = f"{request['method']} {request['path'].partition('?')[0]}"
            by_address.setdefault(address, []).append(request["body"])
    return by_address


def by_hand(retailer: Retailer) -> None:
    """Somebody renames and reprices an item, makes a variant, and changes another product at the till."""
    renamed, changed = retailer.sandbox.world.products[:2]
    price = [{"priceLevel": {"id": "1"}, "currencyPage": {"id": "1"}, "price": 77}]
    change = {"displayName": "Renamed", "price": {"items": price}}
    retailer.netsuite("PATCH", f"inventoryItem/{renamed.netsuite_item}", json.dumps(change).encode())
    variant = {
        "itemId": "APP-NEW",
        "displayName": "A new variant",
        "matrixType": {"id": "CHILD"},
        "parent": {"id": str(retailer.sandbox.world.matrix_parents[0].internal_id)},
        "custitem_colour": "Violet",
        "custitem_size": "XXL",
        "custitem_for_tills": True,
        "taxSchedule": {"id": "1"},
        "subsidiary": {"items": [{"id": "2"}, {"id": "3"}]},
        "price": {"items": [*price, {**price[0], "currencyPage": {"id": "2"}}]},
    }
    retailer.netsuite("POST", "inventoryItem", json.dumps(variant).encode())
    goods_came_in(retailer, changed.netsuite_item)
    env = retailer.sandbox.env
    httpx.put(
        f"{env['SITOO_URL']}/sites/1/products/{changed.productid}.json",
        json={"title": "Changed at the till"},
        auth=(env["SITOO_API_ID"], env["SITOO_API_PASSWORD"]),
    ).raise_for_status()


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=1, receipts=12)], indirect=True)
def test_no_request_writes_what_the_other_side_owns(retailer: Retailer) -> None:
    run_job(defs, retailer.instance, "compare_catalogue")
    netsuite_url, sitoo_url = retailer.sandbox.netsuite_url, retailer.sandbox.sitoo_url
    ours = [requests(netsuite_url), requests(sitoo_url)]
    by_hand(retailer)
    seen = [requests(url)[-1]["number"] for url in (netsuite_url, sitoo_url)]
    for job in ("push_changes", "compare_catalogue", "push_stock", "compare_stock"):
        run_job(defs, retailer.instance, job)
    retailer.run()
    # What the run moved in NetSuite is the tills' own: it is not told to them again.
    run_job(defs, retailer.instance, "compare_stock")
    run_job(defs, retailer.instance, "link_customers")
    ours[0] += requests(netsuite_url, seen[0])
    ours[1] += requests(sitoo_url, seen[1])

    to_netsuite = writes(ours[0])
    assert [address for address in to_netsuite if not ASKS_NETSUITE.match(address)]
    for address in to_netsuite:
        assert MAY_BE_WRITTEN_TO_NETSUITE.match(address) or ASKS_NETSUITE.match(address), address
    assert any(address.endswith("/inventoryAdjustment") for address in to_netsuite)

    to_sitoo = writes(ours[1])
    assert {address.rpartition("/")[2] for address in to_sitoo} == {
        "products.json", "productvariants.json", "warehousetransactions.json",
    }  # fmt: skip
    for address, bodies in to_sitoo.items():
        assert MAY_BE_WRITTEN_TO_SITOO.match(address), address
        if address.endswith("/products.json"):
            for record in (record for body in bodies for record in json.loads(body)):
                assert record.keys() <= MASTERED_BY_NETSUITE
        if address.endswith("/warehousetransactions.json"):
            (entry,) = (entry for body in bodies for entry in json.loads(body))
            assert entry.keys() <= MOVES_STOCK
            assert entry["externalid"].startswith("NS-")
