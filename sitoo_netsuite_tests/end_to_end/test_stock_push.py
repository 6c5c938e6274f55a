"""Stock from NetSuite to Sitoo through Dagster, as a retailer runs it: sensor, job, checks, plan, cases."""

from __future__ import annotations

import os
from datetime import timedelta

import dagster as dg
import httpx
import pytest

from sitoo_netsuite import settings
from sitoo_netsuite.definitions import defs
from sitoo_netsuite.flows.stock.automation import moved_stock, stock_hourly, stock_nightly
from sitoo_netsuite.operate.runs import run_job
from sitoo_netsuite.operate.trace import trace
from sitoo_netsuite.resources import Clock, EstateFile, NetSuite, Warehouse
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite_tests.end_to_end.conftest import Retailer
from sitoo_netsuite_tests.end_to_end.stock_by_hand import goods_came_in, stop_keeping_stock


def ask_sensor(retailer: Retailer, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    resources = {"estate_file": EstateFile(), "clock": Clock(), "warehouse": Warehouse(), "netsuite": NetSuite()}
    with dg.build_sensor_context(instance=retailer.instance, cursor=cursor, resources=resources) as context:
        return moved_stock(context)  # type: ignore[return-value]


def ticks(retailer: Retailer) -> list[type]:
    """What the schedules decide."""
    with dg.build_schedule_context(instance=retailer.instance, resources={"estate_file": EstateFile()}) as context:
        return [type(schedule(context)) for schedule in (stock_hourly, stock_nightly)]


def stock_of(retailer: Retailer, sku: str) -> str:
    env, shop = retailer.sandbox.env, retailer.sandbox.world.shops[0]
    answer = httpx.get(
        f"{env['SITOO_URL']}/sites/{shop.eshopid}/warehouses/{shop.warehouseid}/warehouseitems?sku={sku}",
        auth=(env["SITOO_API_ID"], env["SITOO_API_PASSWORD"]),
    )
    (item,) = answer.raise_for_status().json()["items"]
    return str(item["decimaltotal"])


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=1, receipts=12)], indirect=True)
def test_goods_taken_in_are_in_the_store_s_stock_after_the_sensor_s_next_look(retailer: Retailer) -> None:
    product = next(p for p in retailer.sandbox.world.products if p.item_type == "InvtPart" and p.netsuite_item)
    estate_file = settings.estate_path(os.environ)
    kept = estate_file.read_text(encoding="utf-8")
    stop_keeping_stock(retailer)
    assert ticks(retailer) == [dg.SkipReason] * 2
    assert isinstance(ask_sensor(retailer, None), dg.SkipReason)
    estate_file.write_text(kept, encoding="utf-8")
    assert ticks(retailer) == [dg.RunRequest] * 2
    assert isinstance(ask_sensor(retailer, None), dg.SkipReason)
    run_job(defs, retailer.instance, "read_catalogue")
    first = ask_sensor(retailer, None)
    assert isinstance(first, dg.SensorResult)
    run_job(defs, retailer.instance, "push_stock")
    assert isinstance(ask_sensor(retailer, first.cursor), dg.SkipReason)

    before = float(stock_of(retailer, product.sku))
    retailer.set_time(retailer.sandbox.clock.now() + timedelta(minutes=5))
    goods_came_in(retailer, product.netsuite_item)
    second = ask_sensor(retailer, first.cursor)
    assert isinstance(second, dg.SensorResult)
    assert second.cursor != first.cursor
    run_job(defs, retailer.instance, "push_stock")
    assert float(stock_of(retailer, product.sku)) == before + 5
    for check in defs.resolve_asset_graph().asset_check_keys:
        if check.asset_key == dg.AssetKey("pushed_stock"):
            (record,) = retailer.instance.event_log_storage.get_asset_check_execution_history(check, limit=1)
            assert record.status.value == "SUCCEEDED"
    pushed = retailer.connection.execute("select external_id from posting.stock_pushes").fetchall()
    (push,) = [found for (name,) in pushed for found in trace(retailer.connection, name)["pushes"]]
    assert trace(retailer.connection, str(push["transaction"]))["pushes"] == [push]
    assert push["goods"] == {product.sku: 5000}
    assert retailer.plan()["stock"] == []
    assert [case for case in retailer.cases() if case["kind"].startswith("stock_")] == []
