"""The catalogue as an asset."""

import asyncio
from datetime import timedelta

import dagster as dg

from sitoo_netsuite.flows.catalogue.items import Catalogue, land_items
from sitoo_netsuite.resources import NETSUITE_POOL, Clock, EstateFile, NetSuite, Warehouse


@dg.asset(
    group_name="catalogue",
    kinds={"netsuite", "postgres"},
    owners=["team:integration"],
    pool=NETSUITE_POOL,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=2)),
    description="Every item NetSuite has, by SKU. What is sold and not found here is an unmatched SKU.",
)
def item_catalogue(
    estate_file: EstateFile, clock: Clock, warehouse: Warehouse, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate = estate_file.load()

    async def read() -> Catalogue:
        async with netsuite.client(estate) as client:
            return await land_items(connection, client, clock.now())

    with warehouse.connection() as connection:
        catalogue = asyncio.run(read())
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": sum(catalogue.by_type.values()),
            "inactive": catalogue.inactive,
            "skus_of_two_items": ", ".join(catalogue.doubled) or "none",
            **{f"type {name}": count for name, count in sorted(catalogue.by_type.items())},
        }
    )
