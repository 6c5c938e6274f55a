"""Stock from the tills to NetSuite through Dagster: after a run both systems have as much of everything."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import httpx
import pytest

from sitoo_netsuite.definitions import defs
from sitoo_netsuite.operate.runs import run_catalogue
from sitoo_netsuite.operate.trace import trace
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite_tests.end_to_end.conftest import Retailer

Levels = dict[tuple[str, str], Decimal]


def levels_in_sitoo(retailer: Retailer) -> Levels:
    """By store and SKU, of what NetSuite keeps stock of too."""
    env, world = retailer.sandbox.env, retailer.sandbox.world
    stocked = {p.sku for p in world.products if p.item_type == "InvtPart" and p.netsuite_item}
    levels = {}
    for shop in world.shops:
        path = f"/sites/{shop.eshopid}/warehouses/{shop.warehouseid}/warehouseitems?num=1000"
        answer = httpx.get(env["SITOO_URL"] + path, auth=(env["SITOO_API_ID"], env["SITOO_API_PASSWORD"]))
        for item in answer.raise_for_status().json()["items"]:
            if item["sku"] in stocked:
                levels[shop.key, item["sku"]] = Decimal(item["decimaltotal"])
    return levels


def levels_in_netsuite(retailer: Retailer) -> Levels:
    shops = {str(shop.location): shop.key for shop in retailer.sandbox.world.shops}
    rows = retailer.suiteql(
        "SELECT l.location, i.itemid, l.quantityonhand FROM aggregateitemlocation l JOIN item i ON i.id = l.item"
    )
    return {
        (shops[row["location"]], row["itemid"]): Decimal(row["quantityonhand"])
        for row in rows
        if row["location"] in shops
    }


def differing(retailer: Retailer) -> dict[tuple[str, str], Decimal]:
    sitoo, netsuite = levels_in_sitoo(retailer), levels_in_netsuite(retailer)
    assert sitoo
    return {place: sitoo[place] - netsuite[place] for place in sitoo if sitoo[place] != netsuite[place]}


def adjustments(retailer: Retailer, kind: str = "InvAdjst") -> list[str]:
    rows = retailer.suiteql(f"SELECT externalid FROM transaction WHERE type = '{kind}' ORDER BY externalid")
    return [row["externalid"] for row in rows if "externalid" in row]


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=2, receipts=40, seed=5)], indirect=True)
def test_what_the_tills_moved_is_adjusted_in_netsuite_once(retailer: Retailer) -> None:
    assert differing(retailer)
    retailer.change_estate(lambda content: content.update(read_only=True))
    run_catalogue(defs, retailer.instance)
    planned = retailer.plan()["stock_documents"]
    assert adjustments(retailer) == []
    retailer.change_estate(lambda content: content.update(read_only=False))
    assert retailer.run().summary()["posted"] == 4
    assert differing(retailer) == {}
    posted = adjustments(retailer)
    assert len(posted) == 4
    assert sorted(document["external_id"] for document in planned) == posted
    assert {
        (document["external_id"], document["location"], document["account"], *line.values())
        for document in planned
        for line in document["lines"]
    } == set(
        retailer.connection.execute(
            "select external_id, location, account, sku, item, kind, quantity_milli from posting.outbox_quantities"
        ).fetchall()
    )
    assert retailer.plan()["stock_documents"] == []
    assert {name[:6] for name in posted} == {f"IA-{shop.key}" for shop in retailer.sandbox.world.shops}
    cost = retailer.connection.execute("select sum(value_minor) from posting.quantities_read_back").fetchone()
    assert cost is not None and cost[0] < 0

    def moved_of(day: date) -> int:
        row = retailer.connection.execute(
            "select count(*) from posting.outbox where flow = 'stock' and trading_day = %s", [day]
        ).fetchone()
        assert row is not None
        return int(row[0])

    adjusted = trace(retailer.connection, posted[0])
    (document,) = adjusted["documents"]
    assert sum(goods["value_minor"] for goods in document["goods"] if goods["kind"] == "sale") < 0
    receipt = adjusted["receipts"][0]["orderid"]
    types = {found["external_id"] for found in trace(retailer.connection, str(receipt))["documents"]}
    assert posted[0] in types
    assert any(name.startswith("JE-") for name in types)

    retailer.run()
    assert adjustments(retailer) == posted
    assert [moved_of(retailer.first), moved_of(retailer.last)] == [2, 2]
    assert retailer.judge().unexplained_minor == dict.fromkeys(retailer.judge().unexplained_minor, 0)
    assert [case["kind"] for case in retailer.cases() if case["kind"].startswith(("adjustment_", "stock_"))] == []
