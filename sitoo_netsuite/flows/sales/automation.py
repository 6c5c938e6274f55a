"""When the tills are read: every quarter of an hour, the last weeks every night, and when an earlier day is touched.

Runs during the day land and plan, no more; a store-day posts when it is closed (`flows/journals/automation.py`).
Everything is on from the start: the estate's go-live dates and `read_only` say what may happen, not a switch on a page.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import islice

import dagster as dg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.catalogue.automation import NOT_READ_YET, catalogue_was_read
from sitoo_netsuite.flows.sales.late import GRACE, late_days, not_landed, touched_days
from sitoo_netsuite.flows.sales.registers import read_directory
from sitoo_netsuite.partitions import days_request
from sitoo_netsuite.resources import Clock, EstateFile, Sitoo, Warehouse
from sitoo_netsuite.sitoo.models import LandedOrder, read_order
from sitoo_netsuite.trading_day import trading_day

land_and_plan = dg.define_asset_job(
    "land_and_plan",
    # The catalogue has jobs of its own.
    selection=dg.AssetSelection.assets("consolidated_journals").upstream() - dg.AssetSelection.assets("item_catalogue"),
    description="Reads the tills and plans the books of the days asked for. Nothing is posted.",
)


reread_digests = dg.define_asset_job(
    "reread_digests",
    selection=["reread_orders"],
    description="Reads the last weeks' orders and Z-reports again and notes the days on which Sitoo changed any.",
)


def open_days(estate: Estate, moment: datetime) -> tuple[date, date] | None:
    """First and last trading day that is going on at some live store at that moment; None before the first go-live."""
    days = {
        day
        for store in estate.stores
        if (day := trading_day(moment, store.zone, store.cut_over)) >= store.go_live.sales
    }
    return (min(days), max(days)) if days else None


@dg.schedule(
    job=land_and_plan,
    cron_schedule="*/15 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The trading days that are going on: landed and planned, not posted.",
)
def landing_every_quarter(
    context: dg.ScheduleEvaluationContext, estate_file: EstateFile, clock: Clock
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    days = open_days(estate_file.load(), clock.of_tick(context.scheduled_execution_time))
    if days is None:
        yield dg.SkipReason("No store is live yet.")
    elif not catalogue_was_read(context.instance):
        yield dg.SkipReason(NOT_READ_YET)
    else:
        yield days_request(*days, run_key=f"landing-{context.scheduled_execution_time.isoformat()}")


@dg.schedule(
    job=reread_digests,
    cron_schedule="50 1 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night the last `reread_days`: Sitoo does not tell which orders were changed.",
)
def reread_every_night(
    context: dg.ScheduleEvaluationContext, estate_file: EstateFile, clock: Clock
) -> dg.RunRequest | dg.SkipReason:
    tick = context.scheduled_execution_time
    if open_days(estate_file.load(), clock.of_tick(tick)) is None:
        return dg.SkipReason("No store is live yet.")
    return dg.RunRequest(run_key=f"reread-{tick.isoformat()}")


# Pages of 500: what a tick of the sensor reads at most. The rest waits for the next one.
_PAGES_A_TICK = 20


@dg.sensor(
    job_name="close_days",
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Follows orderid, which Sitoo gives on arrival: orders of days that are over already (a till that was offline) "
        "make just those days run again, and so does any record that was found changed or late on such a day."
    ),
)
def late_orders(
    context: dg.SensorEvaluationContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, sitoo: Sitoo
) -> dg.SensorResult:
    estate, now = estate_file.load(), clock.now()
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        going_on = open_days(estate, now - GRACE)
        touched = {day: at for day, at in touched_days(connection).items() if going_on and day < going_on[1]}
        if context.cursor is None:
            # Whatever is there already belongs to days that were never closed, which `unposted_days` asks for.
            newest = client.highest_orderid()
            return dg.SensorResult(cursor=str(newest), skip_reason=f"Follows from order {newest} on.")
        directory = read_directory(connection, estate)
        highest = int(context.cursor)
        days: set[date] = set()
        # The overlap: an order of a lower id may have become visible after one of a higher.
        pages = client.order_pages(
            orderid_from=max(0, highest + 1 - estate.sitoo.overlap_orders),
            order_date_from=int((now - timedelta(days=estate.sitoo.reread_days)).timestamp()),
            order_date_to=int(now.timestamp()) + 1,
        )
        for page in islice(pages, _PAGES_A_TICK):
            # A record that can't be read is quarantined by landing, with its case.
            orders = [order for order in map(read_order, page) if isinstance(order, LandedOrder)]
            days |= late_days(not_landed(connection, orders), directory, now)
            highest = max([highest, *(landed.order.orderid for landed in orders)])
    requests = [days_request(day, day, run_key=f"late-{day}-{highest}") for day in sorted(days)]
    requests += [
        days_request(day, day, run_key=f"touched-{day}-{at.isoformat()}")
        for day, at in sorted(touched.items())
        if day not in days
    ]
    if not requests:
        return dg.SensorResult(
            cursor=str(highest), skip_reason=f"No order up to {highest} came too late, and no day that is over changed."
        )
    return dg.SensorResult(run_requests=requests, cursor=str(highest))
