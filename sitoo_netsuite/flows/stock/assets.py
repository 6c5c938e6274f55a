"""Stock as assets: what moved on either side, and what was done about it.

Thin: resources in, a step of this flow, result and metadata out.
"""

import asyncio
from datetime import timedelta

import dagster as dg

from sitoo_netsuite.flows.stock import checks, push_book
from sitoo_netsuite.flows.stock.adjusting import VerifiedStock, plan_adjustments, post_adjustments, verify_adjustments
from sitoo_netsuite.flows.stock.netsuite_landing import land_movements, land_netsuite_levels, reread_movements
from sitoo_netsuite.flows.stock.push_steps import push_stock
from sitoo_netsuite.flows.stock.shipment_landing import land_shipments
from sitoo_netsuite.flows.stock.sitoo_landing import (
    land_sitoo_levels,
    land_store_movements,
    land_warehouse_transactions,
    land_warehouses,
    reread_warehouse_transactions,
)
from sitoo_netsuite.flows.stock.snapshot_steps import snapshot_stock
from sitoo_netsuite.flows.stock.snapshots import Snapshot
from sitoo_netsuite.flows.stock.till_movements import refresh_till_movements
from sitoo_netsuite.partitions import requested_days, trading_days
from sitoo_netsuite.posting.posting_run import Posted
from sitoo_netsuite.preview import money_by_currency, table
from sitoo_netsuite.resources import NETSUITE_POOL, SITOO_POOL, Clock, EstateFile, NetSuite, Sitoo, Warehouse

_FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2))


class Moving(dg.Config):
    """How much is looked at. `whole`: everything of the last days of the estate is read again, which alone notices what
    is gone, and everything is compared; else what changed since.
    """

    whole: bool = True


@dg.asset(
    group_name="stock",
    kinds={"sitoo", "postgres"},
    owners=["team:integration"],
    pool=SITOO_POOL,
    freshness_policy=_FRESH,
    description="Everything that moved stock in Sitoo, whoever moved it, and the levels of its virtual warehouses.",
)
def sitoo_movements(
    config: Moving, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, sitoo: Sitoo
) -> dg.MaterializeResult:
    estate, now = estate_file.load(), clock.now()
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        warehouses = land_warehouses(connection, client, now)
        landed = land_warehouse_transactions(connection, client, estate, now)
        if config.whole:
            first = now.date() - timedelta(days=estate.sitoo.reread_days)
            late = reread_warehouse_transactions(connection, client, estate, first, now)
            landed = landed + late
        land_shipments(connection, client, now)
        virtual = push_book.by_site(push_book.virtual_places(connection, estate))
        levels = land_sitoo_levels(connection, client, virtual, now, whole=config.whole)
    return dg.MaterializeResult(
        metadata={
            "warehouses": warehouses,
            "new": landed.new,
            "unreadable": landed.rejected,
            "virtual_levels_changed": levels,
        }
    )


@dg.asset(
    group_name="stock",
    kinds={"netsuite", "postgres"},
    owners=["team:integration"],
    pool=NETSUITE_POOL,
    freshness_policy=_FRESH,
    description="Everything that moved stock in NetSuite at the locations of the estate, line by line.",
)
def netsuite_movements(
    config: Moving, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate, now = estate_file.load(), clock.now()

    async def read() -> dict[str, int]:
        async with netsuite.client(estate) as client:
            landed = await land_movements(connection, client, estate, now)
            changed = landed.transactions
            if config.whole:
                first = now.date() - timedelta(days=estate.sitoo.reread_days)
                changed |= (await reread_movements(connection, client, estate, first, now)).transactions
            locations = push_book.virtual_locations(connection, estate)
            levels = await land_netsuite_levels(connection, client, locations, estate.netsuite.slots)
            return {"changed": len(changed), "virtual_levels_changed": levels}

    with warehouse.connection() as connection:
        return dg.MaterializeResult(metadata=asyncio.run(read()))


@dg.asset(
    deps=[sitoo_movements, netsuite_movements, "item_catalogue"],
    group_name="stock",
    kinds={"sitoo", "postgres"},
    owners=["team:retail_ops"],
    pool=SITOO_POOL,
    description=(
        "NetSuite's movements of stock in Sitoo's: what it moved, less what was pushed, each movement once. Virtual "
        "warehouses are told their levels. Nothing is written unless the estate lets it."
    ),
    check_specs=[
        dg.AssetCheckSpec(name, asset="pushed_stock", description=description)
        for name, description in checks.PUSHED_STOCK.items()
    ],
)
def pushed_stock(
    context: dg.AssetExecutionContext,
    config: Moving,
    estate_file: EstateFile,
    clock: Clock,
    warehouse: Warehouse,
    sitoo: Sitoo,
) -> dg.MaterializeResult:
    estate = estate_file.load()
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        run = push_stock(connection, client, estate, clock.now, context.run.run_id, whole=config.whole)
    return dg.MaterializeResult(
        metadata={
            "transactions": run.transactions,
            **{f"pushed {outcome}": count for outcome, count in run.counts.items()},
            "levels_told": len(run.levels),
            "to_push": len(run.left.pushes),
            "left": table(
                ["store", "warehouse", "transaction", "sku", "quantity", "reason"], checks.left_rows(run.left)
            ),
        },
        check_results=checks.pushed_stock(run),
    )


@dg.asset(
    deps=[pushed_stock, "posted_adjustments"],
    group_name="stock",
    kinds={"sitoo", "netsuite", "postgres"},
    owners=["team:retail_ops"],
    pool=SITOO_POOL,
    description=(
        "Every store's stock as both systems have it: what is on its way each way, and what is left that nothing "
        "explains, valued at cost. What differs is read twice before it is called a variance."
    ),
    check_specs=[
        dg.AssetCheckSpec(
            "stock_agrees",
            asset="store_stock_snapshots",
            description="Both systems have the same stock in every store.",
        )
    ],
)
def store_stock_snapshots(
    context: dg.AssetExecutionContext,
    estate_file: EstateFile,
    clock: Clock,
    warehouse: Warehouse,
    sitoo: Sitoo,
    netsuite: NetSuite,
) -> dg.MaterializeResult:
    estate, today = estate_file.load(), clock.now().date()
    with warehouse.connection() as connection, sitoo.client(estate) as client:

        async def take() -> Snapshot:
            async with netsuite.client(estate) as books:
                return await snapshot_stock(connection, client, books, estate, today, clock.now, context.run.run_id)

        snapshot = asyncio.run(take())
    return dg.MaterializeResult(
        metadata={
            "day": today.isoformat(),
            "positions": snapshot.positions,
            "agreed": snapshot.agreed,
            "on_the_way": snapshot.moving,
            "variances": len(snapshot.variances),
            "stock_at_cost": money_by_currency(snapshot.value_minor),
            "dearest": table(checks.VARIANCE_COLUMNS, checks.variance_rows(snapshot.variances)),
        },
        check_results=[checks.stock_agrees(snapshot)],
    )


@dg.asset(
    partitions_def=trading_days,
    deps=["receipts", "receipt_lines", "item_catalogue", "consolidated_journals"],
    group_name="stock",
    kinds={"sitoo", "postgres"},
    owners=["team:retail_ops"],
    pool=SITOO_POOL,
    description=(
        "The plan: what moved in the stores per store-day, at the tills, by hand and by counts, as NetSuite's items "
        "and locations. Kits are their members; SKUs that NetSuite lacks wait, and are adjusted once they are there."
    ),
    check_specs=[
        dg.AssetCheckSpec(
            "movements_can_be_adjusted",
            asset="stock_adjustments",
            description="NetSuite's stock can be adjusted by everything that moved in the stores.",
        )
    ],
)
def stock_adjustments(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, sitoo: Sitoo
) -> dg.MaterializeResult:
    estate, now = estate_file.load(), clock.now()
    first, last = requested_days(context)
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        land_store_movements(connection, client, estate, now, (first, last))
        moved = refresh_till_movements(connection, first, last)
        planned = plan_adjustments(connection, first, last, estate, now, context.run.run_id)
    return dg.MaterializeResult(
        metadata={
            "till_movements": moved,
            "store_days": len(planned),
            "store_days_released": sum(day.released for day in planned),
            "plan": table(
                ["trading_day", "store", "lines", "units_to_post", "left_out", "released"], checks.plan_rows(planned)
            ),
        },
        check_results=[checks.movements_can_be_adjusted(planned)],
    )


@dg.asset(
    partitions_def=trading_days,
    deps=[stock_adjustments],
    group_name="stock",
    kinds={"netsuite", "postgres"},
    owners=["team:retail_ops"],
    pool=NETSUITE_POOL,
    description="Inventory adjustments in NetSuite: what moved in stores and was not posted yet, each exactly once.",
    check_specs=[
        dg.AssetCheckSpec(
            "adjustments_are_posted", asset="posted_adjustments", description="NetSuite took every adjustment."
        )
    ],
)
def posted_adjustments(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate = estate_file.load()
    first, last = requested_days(context)

    async def post() -> Posted:
        async with netsuite.client(estate) as client:
            return await post_adjustments(connection, client, first, last, estate, clock.now, context.run.run_id)

    with warehouse.connection() as connection:
        posted = asyncio.run(post())
    documents = [
        {"document": o.document.external_id, "store": o.document.store, "state": o.state, "why": o.text}
        for o in posted.outcomes
    ]
    return dg.MaterializeResult(
        metadata={
            "documents_posted": posted.count("posted"),
            "documents_refused": posted.count("refused") + len(posted.refused_days),
            "documents_in_doubt": posted.count("in_doubt") + posted.count("planned"),
            "documents": table(["document", "store", "state", "why"], documents),
        },
        check_results=[checks.adjustments_are_posted(posted)],
    )


@dg.asset(
    partitions_def=trading_days,
    deps=[posted_adjustments],
    group_name="stock",
    kinds={"netsuite", "postgres"},
    owners=["team:finance"],
    pool=NETSUITE_POOL,
    description="What NetSuite holds of the posted adjustments, compared with what was sent, and what the goods cost.",
    check_specs=[
        dg.AssetCheckSpec(
            "adjustments_as_sent", asset="verified_adjustments", description="NetSuite holds what was sent."
        )
    ],
)
def verified_adjustments(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate = estate_file.load()
    first, last = requested_days(context)

    async def verify() -> VerifiedStock:
        async with netsuite.client(estate) as client:
            return await verify_adjustments(connection, client, first, last, clock.now, context.run.run_id)

    with warehouse.connection() as connection:
        verified = asyncio.run(verify())
    return dg.MaterializeResult(
        metadata={
            "documents_as_sent": len(verified.as_sent),
            "documents_different": len(verified.different),
            "documents_missing": len(verified.missing),
            "cost_of_goods": money_by_currency(verified.cost_minor),
        },
        check_results=[checks.adjustments_as_sent(verified)],
    )
