"""The benchmark of the stock's comparison, over a few positions."""

from __future__ import annotations

import psycopg
import yaml

from benchmarks.stock import DAY, NOW, fill, on_the_way
from sitoo_netsuite.estate import parse_estate
from sitoo_netsuite.flows.stock.in_flight import InFlight
from sitoo_netsuite.flows.stock.snapshots import read_snapshot, take_snapshot
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.world import make_world


def test_every_missed_position_is_found_and_what_moves_is_not(connection: psycopg.Connection) -> None:
    world = make_world(seed=1, stores=2, days=1)
    estate = parse_estate(yaml.safe_load(estate_yaml(world)), "the sandbox's estate")
    expected = fill(connection, world, 8000)
    moving = InFlight(on_the_way(world, 8000), {}, {})
    taken = take_snapshot(connection, estate, moving, DAY, NOW)
    assert (taken.positions, len(taken.variances), taken.moving) == (16_000, expected, 36)
    assert {variance.variance_milli for variance in taken.variances} == {1000}
    assert {(v.value_minor, v.currency) for v in taken.variances} == {(1250, "SEK"), (1250, "GBP")}
    assert [v.store for v in taken.variances] == ["S01", "S01", "S02", "S02"]
    # Without what is on its way every one of them is a variance.
    assert len(take_snapshot(connection, estate, InFlight({}, {}, {}), DAY, NOW).variances) == 40
    assert read_snapshot(connection, DAY).moving == 0


def test_what_is_in_doubt_explains_no_more_than_it_comes_to_and_on_its_own_side(
    connection: psycopg.Connection,
) -> None:
    world = make_world(seed=1, stores=1, days=1)
    estate = parse_estate(yaml.safe_load(estate_yaml(world)), "the sandbox's estate")
    fill(connection, world, 4)
    (shop,) = world.shops
    for sku, milli in ((1, 1000), (2, -1000), (3, 3000), (4, 2000)):
        connection.execute(
            "update landing.sitoo_levels set total_milli = total_milli + %s where sku = %s",
            (milli, f"SKU-{sku:06d}"),
        )
    in_doubt = {(shop.warehouseid, item): (0, 2000) for item in (1, 2, 3, 4)}
    taken = take_snapshot(connection, estate, InFlight({}, {}, {}, in_doubt), DAY, NOW)
    assert {v.sku: v.variance_milli for v in taken.variances} == {"SKU-000002": -1000, "SKU-000003": 3000}


def test_what_sitoo_does_not_list_at_a_store_is_compared_with_nothing(connection: psycopg.Connection) -> None:
    world = make_world(seed=1, stores=3, days=1)
    estate = parse_estate(yaml.safe_load(estate_yaml(world)), "the sandbox's estate")
    fill(connection, world, 10)
    here, _, there = world.shops
    connection.execute(
        "delete from landing.sitoo_levels where warehouseid = %s and sku in ('SKU-000001', 'SKU-000002')",
        [here.warehouseid],
    )
    # The second is nowhere at this site, so that Sitoo does not count it there.
    connection.execute(
        "delete from landing.sitoo_levels where warehouseid = %s and sku = 'SKU-000002'", [there.warehouseid]
    )
    taken = take_snapshot(connection, estate, InFlight({}, {}, {}), DAY, NOW)
    assert [(v.store, v.sku, v.variance_milli) for v in taken.variances] == [(here.key, "SKU-000001", -50_000)]
    assert taken.positions == 30 - 2
