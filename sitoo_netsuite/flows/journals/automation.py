"""When a store-day's books are closed: by store, after its cut-over; and again while it waits.

Belongs here: which trading days to run. What may be posted is the plan's decision, not the schedule's.
"""

import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import dagster as dg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.journals.queries import store_day_states
from sitoo_netsuite.resources import EstateFile, Warehouse
from sitoo_netsuite.trading_day import trading_day, trading_day_window

close_days = dg.define_asset_job(
    "close_days",
    selection=dg.AssetSelection.assets("verified_journals").upstream() - dg.AssetSelection.assets("item_catalogue"),
    description="The main job: lands, models, proves, plans, posts and verifies the trading days asked for.",
)

# Time for the day's last Z-reports to reach Sitoo before the first attempt.
_GRACE = timedelta(minutes=30)
_TICK = timedelta(minutes=15)


def closing_days(estate: Estate, after: datetime, until: datetime) -> dict[date, list[str]]:
    """Trading days that ended in (after, until], each with the stores whose day it was."""
    closing: dict[date, list[str]] = {}
    for store in estate.stores:
        day = trading_day(until, store.zone, store.cut_over) - timedelta(days=1)
        _, end = trading_day_window(day, store.zone, store.cut_over)
        if after < end <= until and day >= store.go_live.sales:
            closing.setdefault(day, []).append(store.store)
    return closing


@dg.schedule(
    job=close_days,
    cron_schedule="*/15 * * * *",
    description="Each store's trading day, half an hour after its cut-over.",
)
def close_of_day(context: dg.ScheduleEvaluationContext, estate_file: EstateFile) -> Iterator[dg.RunRequest]:
    until = context.scheduled_execution_time - _GRACE
    for day, stores in closing_days(estate_file.load(), until - _TICK, until).items():
        yield dg.RunRequest(
            run_key=f"close-{day}-{'-'.join(stores)}", partition_key=day.isoformat(), tags={"stores": ", ".join(stores)}
        )


@dg.schedule(
    job=close_days,
    cron_schedule="20 * * * *",
    description="Store-days that wait, are held or are not all posted: asked again every hour until they are.",
)
def unposted_days(
    context: dg.ScheduleEvaluationContext, estate_file: EstateFile, warehouse: Warehouse
) -> Iterator[dg.RunRequest]:
    estate, today = estate_file.load(), settings.now(os.environ).date()
    with warehouse.connection() as connection:
        states = store_day_states(connection, today - timedelta(days=estate.sitoo.reread_days), today)
    moment = context.scheduled_execution_time
    for day in sorted({state.trading_day for state in states if state.state != "posted"}):
        if day < today:
            yield dg.RunRequest(run_key=f"unposted-{day}-{moment.isoformat()}", partition_key=day.isoformat())
