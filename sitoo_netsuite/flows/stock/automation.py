"""When stock is moved: what NetSuite moved within minutes, what waits every hour, everything every night; and what the
tills sold while the day goes on, where the estate wants that (`stock.feed: during_day`).
"""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import dagster as dg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.events.landing import newest_event
from sitoo_netsuite.flows.catalogue.automation import NOT_READ_YET, catalogue_was_read
from sitoo_netsuite.flows.sales.assets import landed_orders, landed_z_reports, model_the_tills
from sitoo_netsuite.flows.sales.automation import open_days
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.netsuite_landing import latest_movement
from sitoo_netsuite.partitions import days_request
from sitoo_netsuite.resources import Clock, EstateFile, NetSuite, Warehouse

_FEEDING = dg.RunsFilter(
    job_name="feed_stock",
    statuses=[
        dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
    ],
)  # fmt: skip
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

feed_stock_job = dg.define_asset_job(
    "feed_stock",
    # As little as it takes from a sale to NetSuite's stock; the journals come with the close of the day.
    selection=dg.AssetSelection.assets(
        landed_z_reports, landed_orders, model_the_tills, "stock_adjustments", "posted_adjustments"
    ),
    description="Reads the tills and adjusts NetSuite's stock by what they sold so far on the days asked for.",
)

snapshot_stock_job = dg.define_asset_job(
    "snapshot_stock",
    selection=["store_stock_snapshots"],
    description="Reads every store's levels from both systems and compares them, net of what is on its way.",
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
    job=snapshot_stock_job,
    # After the full compare, and after the nightly read-back of what we posted.
    cron_schedule="20 3 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night: an update that a store missed is found the same day.",
)
def stock_snapshot(estate_file: EstateFile) -> dg.RunRequest | dg.SkipReason:
    return dg.RunRequest() if estate_file.load().stock else dg.SkipReason(_NO_STOCK)


@dg.schedule(
    job=push_stock_job,
    cron_schedule="10 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="What waited for a product to be at the tills is pushed once it is; other changes come within minutes.",
)
def stock_hourly(estate_file: EstateFile) -> dg.RunRequest | dg.SkipReason:
    return dg.RunRequest() if estate_file.load().stock else dg.SkipReason(_NO_STOCK)


@dg.schedule(
    job=feed_stock_job,
    # Between the quarters, at which the tills are read for the books.
    cron_schedule="7-59/15 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every quarter of an hour while the day goes on, whether or not Sitoo tells of its sales.",
)
def feed_every_quarter(
    context: dg.ScheduleEvaluationContext, estate_file: EstateFile, clock: Clock
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    tick = context.scheduled_execution_time
    yield _feed(estate_file.load(), clock.of_tick(tick), context.instance, f"feed-{tick.isoformat()}")


@dg.sensor(
    job=feed_stock_job,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Feeds NetSuite's stock once Sitoo has told of something, so that a web shop does not sell it too.",
)
def told_by_sitoo(
    context: dg.SensorEvaluationContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse
) -> dg.SensorResult | dg.SkipReason:
    with warehouse.connection() as connection:
        newest = newest_event(connection)
    if newest <= int(context.cursor or 0):
        return dg.SkipReason("Sitoo told of nothing new.")
    if context.instance.get_runs_count(_FEEDING):
        # That run may have looked before this happened; what it leaves is looked for at the next tick.
        return dg.SkipReason("A run is feeding NetSuite's stock already.")
    request = _feed(estate_file.load(), clock.now(), context.instance, f"events-{newest}")
    if isinstance(request, dg.SkipReason):
        return dg.SensorResult(skip_reason=request, cursor=str(newest))
    return dg.SensorResult(run_requests=[request], cursor=str(newest))


def _feed(estate: Estate, now: datetime, instance: dg.DagsterInstance, run_key: str) -> dg.RunRequest | dg.SkipReason:
    """A run over the trading days that are going on, where stock is fed during the day."""
    if estate.stock is None:
        return dg.SkipReason(_NO_STOCK)
    if estate.stock.feed != "during_day":
        return dg.SkipReason("The tills' sales reach NetSuite's stock after the close (stock.feed in estate.yaml).")
    if not catalogue_was_read(instance):
        return dg.SkipReason(NOT_READ_YET)
    days = open_days(estate, now)
    return days_request(*days, run_key=run_key) if days else dg.SkipReason("No store is live yet.")


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
