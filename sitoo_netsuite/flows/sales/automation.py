"""When the tills are read: every quarter of an hour, and whenever orders of an earlier day turn up.

Runs during the day land and plan, no more; a store-day posts when it is closed (`flows/journals/automation.py`).
"""

import os
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import islice

import dagster as dg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.registers import read_directory
from sitoo_netsuite.partitions import range_tags
from sitoo_netsuite.resources import EstateFile, Sitoo, Warehouse
from sitoo_netsuite.sitoo.models import LandedOrder, read_order
from sitoo_netsuite.trading_day import trading_day, trading_day_window

land_and_plan = dg.define_asset_job(
    "land_and_plan",
    selection=dg.AssetSelection.assets("consolidated_journals").upstream() - dg.AssetSelection.assets("item_catalogue"),
    description="Reads the tills and plans the books of the days asked for. Nothing is posted.",
)


def open_days(estate: Estate, moment: datetime) -> tuple[date, date]:
    """First and last trading day that is going on at some store at that moment."""
    days = [trading_day(moment, store.zone, store.cut_over) for store in estate.stores]
    return min(days), max(days)


@dg.schedule(
    job=land_and_plan,
    cron_schedule="*/15 * * * *",
    description="The trading days that are going on: landed and planned, not posted.",
)
def landing_every_quarter(context: dg.ScheduleEvaluationContext, estate_file: EstateFile) -> dg.RunRequest:
    moment = context.scheduled_execution_time
    first, last = open_days(estate_file.load(), moment)
    return dg.RunRequest(run_key=f"landing-{moment.isoformat()}", tags=range_tags(first, last))


def late_days(touched: Iterable[tuple[date, datetime]], now: datetime) -> list[date]:
    """Of (trading day, end of that trading day at its store): the days that were over when the orders turned up."""
    return sorted({day for day, end in touched if end <= now})


# Pages of 500: what a tick of the sensor reads at most. The rest waits for the next one.
_PAGES_A_TICK = 20


@dg.sensor(
    job_name="close_days",
    minimum_interval_seconds=300,
    description=(
        "Follows orderid, which Sitoo gives on arrival: orders of days that are over already (a till that was offline) "
        "make just those days run again."
    ),
)
def late_orders(
    context: dg.SensorEvaluationContext, estate_file: EstateFile, warehouse: Warehouse, sitoo: Sitoo
) -> dg.SensorResult:
    estate, now = estate_file.load(), settings.now(os.environ)
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        directory = read_directory(connection, estate)
        if context.cursor is None:
            # What is there on the first tick is for a backfill; the sensor follows from here.
            return dg.SensorResult(cursor=str(client.highest_orderid()))
        highest = int(context.cursor)
        touched: set[tuple[date, datetime]] = set()
        pages = client.order_pages(
            orderid_from=max(0, highest + 1 - estate.sitoo.overlap_orders),
            order_date_from=int((now - timedelta(days=estate.sitoo.reread_days)).timestamp()),
            order_date_to=int(now.timestamp()) + 1,
        )
        for page in islice(pages, _PAGES_A_TICK):
            # A record that can't be read is quarantined by landing, with its case.
            orders = [order for order in map(read_order, page) if isinstance(order, LandedOrder)]
            for landed in orders:
                place = directory.place(landed.order.registerid)
                if landed.order.orderid > int(context.cursor) and place is not None and place.store is not None:
                    day = trading_day(landed.sold_at, place.store.zone, place.store.cut_over)
                    touched.add((day, trading_day_window(day, place.store.zone, place.store.cut_over)[1]))
            highest = max([highest, *(landed.order.orderid for landed in orders)])
    requests = [
        dg.RunRequest(run_key=f"late-{day}-{highest}", partition_key=day.isoformat()) for day in late_days(touched, now)
    ]
    return dg.SensorResult(run_requests=requests, cursor=str(highest))
