"""When stock is moved: what NetSuite moved within minutes, what waits every hour, everything every night."""

import asyncio
from datetime import UTC, datetime, time, timedelta

import dagster as dg

from sitoo_netsuite.flows.catalogue.automation import NOT_READ_YET, catalogue_was_read
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.netsuite_landing import latest_movement
from sitoo_netsuite.resources import Clock, EstateFile, NetSuite, Warehouse

_PUSHING = ("sitoo_movements", "netsuite_movements", "pushed_stock")
# A push that has been in doubt for longer has no run that is at it.
_A_RUN_TAKES = timedelta(minutes=10)
_ONLY_CHANGED = dg.RunConfig(ops={name: {"config": {"whole": False}} for name in _PUSHING})

push_stock_job = dg.define_asset_job(
    "push_stock",
    selection=list(_PUSHING),
    config=_ONLY_CHANGED,
    description="Reads what moved on either side since the last time, and pushes what NetSuite moved to Sitoo.",
)

compare_stock_job = dg.define_asset_job(
    "compare_stock",
    selection=list(_PUSHING),
    description="Reads the movements of the last weeks again, compares all there are, and pushes what is lacking.",
)

_NO_STOCK = "The estate keeps no stock in step; add `stock` to estate.yaml."


@dg.schedule(
    job=compare_stock_job,
    cron_schedule="50 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The full compare: alone it notices what was deleted, and sends again what Sitoo refused.",
)
def stock_nightly(estate_file: EstateFile) -> dg.RunRequest | dg.SkipReason:
    return dg.RunRequest() if estate_file.load().stock else dg.SkipReason(_NO_STOCK)


@dg.schedule(
    job=push_stock_job,
    cron_schedule="10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="What waited for a product to be at the tills is pushed once it is; other changes come within minutes.",
)
def stock_hourly(estate_file: EstateFile) -> dg.RunRequest | dg.SkipReason:
    return dg.RunRequest() if estate_file.load().stock else dg.SkipReason(_NO_STOCK)


@dg.sensor(
    job=push_stock_job,
    minimum_interval_seconds=180,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks NetSuite when stock last moved: a receipt is in the store's stock minutes later.",
)
def moved_stock(
    context: dg.SensorEvaluationContext,
    estate_file: EstateFile,
    clock: Clock,
    warehouse: Warehouse,
    netsuite: NetSuite,
) -> dg.SensorResult | dg.SkipReason:
    estate = estate_file.load()
    if estate.stock is None:
        return dg.SkipReason(_NO_STOCK)
    if not catalogue_was_read(context.instance):
        return dg.SkipReason(NOT_READ_YET)
    with warehouse.connection() as connection:
        places = push_book.places(connection, estate)
        left = push_book.were_left_in_doubt(connection, places, clock.now() - _A_RUN_TAKES)
    if left:
        return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=context.cursor)

    # From a midnight on, so that what is counted does not change with every minute that passes.
    since = datetime.combine(clock.now().date() - timedelta(days=1), time(0), tzinfo=UTC)

    async def ask() -> str:
        async with netsuite.client(estate) as client:
            return await latest_movement(client, estate, since)

    latest = f"{since:%Y-%m-%d}/{asyncio.run(ask())}"
    if latest == context.cursor:
        return dg.SkipReason(f"No stock moved since {latest}.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"stock-{latest}")], cursor=latest)
