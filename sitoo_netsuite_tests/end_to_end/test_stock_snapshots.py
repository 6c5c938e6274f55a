"""The stores' stock held against each other at night: what is on its way is no variance, what was missed is one."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from sitoo_netsuite.definitions import defs
from sitoo_netsuite.flows.stock.snapshots import Snapshot, read_snapshot
from sitoo_netsuite.operate.runs import run_catalogue, run_days, run_job
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite_tests.end_to_end.conftest import Retailer
from sitoo_netsuite_tests.end_to_end.stock_by_hand import goods_came_in


def snapshot(retailer: Retailer) -> Snapshot:
    run_job(defs, retailer.instance, "snapshot_stock")
    return read_snapshot(retailer.connection, retailer.sandbox.clock.now().date())


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=1, receipts=25, seed=12)], indirect=True)
def test_a_variance_is_what_nothing_on_its_way_and_no_case_explains(retailer: Retailer) -> None:
    world, stockroom = retailer.sandbox.world, retailer.sandbox.stockroom
    here, there = world.shops
    lost, came = world.products[:2]
    run_catalogue(defs, retailer.instance)

    # Nobody has looked at the tills yet: what they sold is looked for before it is called a variance.
    run_job(defs, retailer.instance, "push_stock")
    assert snapshot(retailer).variances == ()

    # Nothing is posted: whatever the tills sold is on its way.
    run_days(defs, retailer.instance, retailer.connection, retailer.first, retailer.first, "land_and_plan")
    run_job(defs, retailer.instance, "push_stock")
    selling = snapshot(retailer)
    assert selling.moving > 0
    assert (selling.variances, selling.positions) == ((), selling.agreed + selling.moving)
    assert selling.value_minor.keys() == {"SEK", "GBP"}

    # All is posted, and nothing is on its way any more.
    retailer.run()
    assert snapshot(retailer).agreed == selling.positions

    # Goods that NetSuite took in and Sitoo has not been told of are on their way too.
    retailer.set_time(retailer.sandbox.clock.now() + timedelta(hours=1))
    goods_came_in(retailer, came.netsuite_item)
    waiting = snapshot(retailer)
    assert (waiting.moving, waiting.variances) == (1, ())
    run_job(defs, retailer.instance, "push_stock")

    # An update was missed at one store: found the same day, with its quantity and what it is worth.
    stockroom.lose(there.warehouseid, lost.sku, 3000)
    (found,) = snapshot(retailer).variances
    assert (found.store, found.sku, found.variance_milli) == (there.key, lost.sku, -3000)
    (case,) = retailer.cases("stock_variance")
    assert (case["store"], case["record"], case["currency"]) == (there.key, lost.sku, there.currency)
    assert case["amount_minor"] == -found.value_minor == 3 * lost.cost_minor[there.currency]
    assert f"3 less of {lost.sku}" in case["evidence"]["text"]
    (check,) = [key for key in defs.resolve_asset_graph().asset_check_keys if key.name == "stock_agrees"]
    (record,) = retailer.instance.event_log_storage.get_asset_check_execution_history(check, limit=1)
    assert record.event is not None and record.event.dagster_event is not None
    assert not record.event.dagster_event.asset_check_evaluation_data.passed
    assert snapshot(retailer).variances == (found,)

    # It clears by itself once the level is right again.
    stockroom.lose(there.warehouseid, lost.sku, -3000)
    assert snapshot(retailer).variances == ()
    assert retailer.cases("stock_variance") == []

    # Somebody changes an adjustment of ours in NetSuite: its own case says so, once it was read back.
    identity = f"IA-{here.key}-{retailer.first:%Y%m%d}-1"
    line = {"inventory": {"items": [{"line": 1, "adjustQtyBy": -50}]}}
    retailer.netsuite("PATCH", f"inventoryAdjustment/eid:{identity}", json.dumps(line).encode())
    assert len(snapshot(retailer).variances) == 1
    run_days(defs, retailer.instance, retailer.connection, retailer.first, retailer.first, "verify_days")
    assert snapshot(retailer).variances == ()
    assert [case["record"] for case in retailer.cases("adjustment_differs")] == [identity]
