"""The catalogue as assets: what NetSuite says is sold, what the tills have of it, what was done about the difference,
and what was sold at a price that nothing explains.

Thin: resources in, a step of this flow, result and metadata out. A run reads and compares everything by default; a job
may say that only what changed, or only some SKUs, are looked at.
"""

import asyncio
from collections import Counter
from datetime import timedelta

import dagster as dg
from pydantic import Field

from sitoo_netsuite.flows.catalogue import checks
from sitoo_netsuite.flows.catalogue.landing import land_skus
from sitoo_netsuite.flows.catalogue.list_prices import note_list_prices
from sitoo_netsuite.flows.catalogue.netsuite_side import land_changed_items, land_items
from sitoo_netsuite.flows.catalogue.sitoo_side import land_changed_products, land_till_catalogue
from sitoo_netsuite.flows.catalogue.sold_prices import judge_sold_prices
from sitoo_netsuite.flows.catalogue.steps import planned_products, run_catalogue
from sitoo_netsuite.flows.catalogue.touched import clear, take
from sitoo_netsuite.partitions import requested_days, trading_days
from sitoo_netsuite.preview import money_by_currency, table
from sitoo_netsuite.resources import NETSUITE_POOL, SITOO_POOL, Clock, EstateFile, NetSuite, Sitoo, Warehouse

_FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2))


class Reading(dg.Config):
    """How much is read. `whole`: everything, which alone notices what is gone; else what changed since."""

    whole: bool = True


class Comparing(dg.Config):
    """What is compared. `skus`: these, read anew from both sides first; else everything where `whole`, or what changed
    since it was last compared.
    """

    whole: bool = True
    skus: list[str] = Field(default_factory=list)


@dg.asset(
    group_name="catalogue",
    kinds={"netsuite", "postgres"},
    owners=["team:integration"],
    pool=NETSUITE_POOL,
    freshness_policy=_FRESH,
    description="Every item NetSuite has, by SKU, with its prices. A SKU that is sold and not found here is unmatched.",
)
def item_catalogue(
    config: Reading, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate = estate_file.load()

    async def read() -> dict[str, int | str]:
        async with netsuite.client(estate) as client:
            if not config.whole:
                return {"changed": len(await land_changed_items(connection, client, estate, clock.now()))}
            catalogue = await land_items(connection, client, estate, clock.now())
            return {
                "dagster/row_count": sum(catalogue.by_type.values()),
                "changed": catalogue.changed,
                "inactive": catalogue.inactive,
                "skus_of_two_items": ", ".join(catalogue.doubled) or "none",
                **{f"type {name}": count for name, count in sorted(catalogue.by_type.items())},
            }

    with warehouse.connection() as connection:
        return dg.MaterializeResult(metadata=asyncio.run(read()))


@dg.asset(
    group_name="catalogue",
    kinds={"sitoo", "postgres"},
    owners=["team:integration"],
    pool=SITOO_POOL,
    freshness_policy=_FRESH,
    description="What Sitoo's tills have: products, VAT groups, price lists and their prices over time.",
)
def till_catalogue(
    config: Reading, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, sitoo: Sitoo
) -> dg.MaterializeResult:
    estate = estate_file.load()
    sites = estate.catalogue_sites
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        if config.whole:
            tills = land_till_catalogue(connection, client, estate, clock.now())
            noted = note_list_prices(connection, clock.now(), sites)
            metadata: dict[str, int | str] = {
                "dagster/row_count": sum(tills.products.values()),
                **{f"products of site {eshopid}": count for eshopid, count in sorted(tills.products.items())},
                "price_lists": tills.price_lists,
                "changed": tills.changed,
                "unreadable": tills.rejected,
            }
        else:
            changed = land_changed_products(connection, client, estate, clock.now())
            noted = note_list_prices(connection, clock.now(), sites, changed)
            metadata = {"changed": len(changed)}
    return dg.MaterializeResult(metadata={**metadata, "prices_begun": noted.began, "prices_ended": noted.ended})


@dg.asset(
    deps=[item_catalogue, till_catalogue],
    group_name="catalogue",
    kinds={"sitoo", "postgres"},
    owners=["team:integration"],
    pool=SITOO_POOL,
    description=(
        "NetSuite's products and prices at the tills: compared, pushed and read back. Only what differs is written, "
        "and only where the estate lets it."
    ),
    check_specs=[
        dg.AssetCheckSpec(name, asset="pushed_products", description=description)
        for name, description in checks.PUSHED_PRODUCTS.items()
    ],
)
def pushed_products(
    context: dg.AssetExecutionContext,
    config: Comparing,
    estate_file: EstateFile,
    clock: Clock,
    warehouse: Warehouse,
    sitoo: Sitoo,
    netsuite: NetSuite,
) -> dg.MaterializeResult:
    estate, run_id = estate_file.load(), context.run.run_id
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        if config.skus:

            async def read() -> None:
                async with netsuite.client(estate) as books:
                    await land_skus(connection, client, books, estate, clock.now(), config.skus)

            asyncio.run(read())
            note_list_prices(connection, clock.now(), estate.catalogue_sites, config.skus)
            run = run_catalogue(connection, client, estate, clock.now, run_id, skus=config.skus, refused_too=True)
        else:
            touched = take(connection, run_id)
            run = run_catalogue(connection, client, estate, clock.now, run_id, skus=None if config.whole else touched)
            clear(connection, run_id)
    planned = planned_products(run.compared)
    return dg.MaterializeResult(
        metadata={
            **{f"pushed {name}": count for name, count in run.counts.items()},
            "to_push": len(planned),
            "drifted_fields": len(run.drifts),
            "plan": table(
                ["site", "sku", "action", "fields", "held"],
                (
                    {
                        "site": row["site"],
                        "sku": row["sku"],
                        "action": row["action"],
                        "fields": checks.shown_fields(row["fields"]),
                        "held": row.get("held", ""),
                    }
                    for row in planned
                ),
            ),
        },
        check_results=checks.pushed_products(run),
    )


@dg.asset(
    partitions_def=trading_days,
    deps=["receipts", till_catalogue],
    group_name="catalogue",
    kinds={"postgres"},
    owners=["team:retail_ops"],
    description="Rows sold at a price that no list in force, discount or named manual price explains, with the money.",
    check_specs=[
        dg.AssetCheckSpec("prices_explained", asset="sold_prices", description=checks.PRICES_EXPLAINED),
    ],
)
def sold_prices(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse
) -> dg.MaterializeResult:
    first, last = requested_days(context)
    with warehouse.connection() as connection:
        judged = judge_sold_prices(connection, first, last, estate_file.load(), clock.now(), context.run.run_id)
    lost: Counter[str] = Counter()
    for row in judged.unexplained:
        lost[row.currency] += row.lost_minor
    return dg.MaterializeResult(
        metadata={
            "rows_explained": judged.explained,
            "rows_at_a_price_of_their_own": judged.own_price,
            "rows_not_judged": judged.not_judged,
            "rows_unexplained": len(judged.unexplained),
            "lost": money_by_currency(lost),
        },
        check_results=[checks.prices_explained(judged.unexplained)],
    )
