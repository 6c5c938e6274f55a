"""When a store-day's books are closed: by store, after its cut-over; and again until they are.

Belongs here: which trading days to run. What may be posted is the plan's decision, not the schedule's.
"""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, datetime, timedelta

import dagster as dg
import psycopg

from sitoo_netsuite.estate import Estate, Store
from sitoo_netsuite.flows.catalogue.automation import NOT_READ_YET, catalogue_was_read
from sitoo_netsuite.flows.catalogue.queries import days_of_skus_found_since
from sitoo_netsuite.flows.journals.differences import VERIFY_KINDS
from sitoo_netsuite.flows.journals.document import FLOW
from sitoo_netsuite.flows.journals.queries import StoreDayState, store_day_states
from sitoo_netsuite.flows.sales.late import GRACE, touched_days
from sitoo_netsuite.flows.stock.adjustment_document import FLOW as STOCK_FLOW
from sitoo_netsuite.partitions import days_request
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.resources import Clock, EstateFile, Warehouse
from sitoo_netsuite.trading_day import days, trading_day, trading_day_window
from sitoo_netsuite.worklist.store import open_days

close_days = dg.define_asset_job(
    "close_days",
    # The catalogue has jobs of its own.
    selection=(
        dg.AssetSelection.assets("verified_journals", "verified_adjustments").upstream()
        - dg.AssetSelection.assets("item_catalogue")
        | dg.AssetSelection.assets("sold_prices")
    ),
    description="The main job: lands, models, proves, plans, posts and verifies the trading days asked for.",
)

verify_days_job = dg.define_asset_job(
    "verify_days",
    selection=["verified_journals", "verified_adjustments"],
    description="Reads back what NetSuite holds of the days asked for. Nothing is landed, planned or posted.",
)

_TICK = timedelta(minutes=15)

# Kinds of which a run of their day books what is missing, or clears them, once the cause is gone.
_RUN_AGAIN_KINDS = (
    "run_failed", "document_refused", "document_doubled", "held_store_day",
    # Mended in the estate, in Sitoo or by a receipt that arrives. A day that is posted may have receipts held by name.
    "held_receipt", "unmapped_tender", "unmapped_vat_rate", "receipt_out_of_balance", "unmapped_store",
    # Of stock, which goes to NetSuite with the day's journal.
    "adjustment_refused", "stock_place_unknown", "stock_shipment_not_booked", "stock_item_tracked",
    # On the day its session closed, which may be in the books while an earlier day of the session is held.
    "z_variance",
)  # fmt: skip


def closing_days(estate: Estate, after: datetime, until: datetime) -> dict[date, list[str]]:
    """Trading days that ended in (after, until], each with the stores whose day it was."""
    closing: dict[date, list[str]] = {}
    for store in estate.stores:
        day = trading_day(until, store.zone, store.cut_over) - timedelta(days=1)
        if day >= store.go_live.sales and after < _end(store, day) <= until:
            closing.setdefault(day, []).append(store.store)
    return closing


@dg.schedule(
    job=close_days,
    cron_schedule="*/15 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each store's trading day, half an hour after its cut-over.",
)
def close_of_day(
    context: dg.ScheduleEvaluationContext, estate_file: EstateFile, clock: Clock
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    until = clock.of_tick(context.scheduled_execution_time) - GRACE
    closing = closing_days(estate_file.load(), until - _TICK, until)
    if not closing:
        yield dg.SkipReason("No store's trading day ended half an hour ago.")
    elif not catalogue_was_read(context.instance):
        yield dg.SkipReason(NOT_READ_YET)
    else:
        for day, stores in closing.items():
            yield days_request(day, day, run_key=f"close-{day}-{until.isoformat()}", tags={"stores": ", ".join(stores)})


def ended_days(estate: Estate, now: datetime) -> dict[date, datetime]:
    """Trading days that are over (and the grace too) at some live store, with the latest such moment.

    Those of the last `reread_days` (estate). An older day is asked for again only by what is open on it
    (`unfinished_days`); to run it for the first time is a person's to ask.
    """
    first = max(estate.first_day, (now - timedelta(days=estate.sitoo.reread_days)).date())
    ended = {}
    for day in days(first, now.date()):
        ends = [
            end for store in estate.stores if day >= store.go_live.sales and (end := _end(store, day) + GRACE) <= now
        ]
        if ends:
            ended[day] = max(ends)
    return ended


def unsettled_days(states: Iterable[StoreDayState], estate: Estate, now: datetime) -> set[date]:
    """Trading days with a store-day that is over and not in the books. A read-only installation books nothing."""
    settled = {"posted", "unposted"} if estate.read_only else {"posted"}
    return {
        state.trading_day
        for state in states
        if state.state not in settled
        and (store := estate.by_store.get(state.store)) is not None
        and _end(store, state.trading_day) + GRACE <= now
    }


def unfinished_days(connection: psycopg.Connection, estate: Estate, last: date) -> set[date]:
    """Trading days up to `last`, however old, that a run has left something to do on: records changed since, SKUs that
    came to be known, documents planned or in doubt, or a case open that a run may end. A case that a person has
    resolved asks for nothing.
    """
    # However old: whoever changes a record of last year, or mends what held it, means its day.
    found = touched_days(connection).keys() | open_days(connection, *_RUN_AGAIN_KINDS)
    found |= days_of_skus_found_since(connection)
    found |= {
        document.trading_day
        for flow in (FLOW, STOCK_FLOW)
        for state in ("planned", "in_doubt")
        for document in outbox.documents_in(connection, flow, state, estate.first_day, last)
    }
    return {day for day in found if estate.first_day <= day <= last}


def stretches(of_days: Collection[date]) -> list[tuple[date, date]]:
    """The days as runs of consecutive ones: a stretch as one run is faster than a run a day."""
    found: list[tuple[date, date]] = []
    for day in sorted(of_days):
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


@dg.schedule(
    job=close_days,
    cron_schedule="20 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=(
        "The net under everything: every hour the days that are over and were never closed (the machine was off), "
        "wait, are held, are not all posted, whose run failed, or whose records changed since they were run; and days "
        "of any age with a case that a run ends once its cause is mended."
    ),
)
def unposted_days(
    context: dg.ScheduleEvaluationContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    estate, now = estate_file.load(), clock.of_tick(context.scheduled_execution_time)
    ended = ended_days(estate, now)
    if ended and not catalogue_was_read(context.instance):
        yield dg.SkipReason(NOT_READ_YET)
        return
    with warehouse.connection() as connection:
        wanted: set[date] = set()
        if ended:
            wanted = unsettled_days(store_day_states(connection, min(ended), max(ended)), estate, now)
            wanted |= unfinished_days(connection, estate, max(ended))
    wanted |= {
        day for day, since in ended.items() if day not in wanted and not _was_closed(context.instance, day, since)
    }
    if not wanted:
        yield dg.SkipReason("Every day that is over is in the books.")
    yield from _requests(wanted, "unposted", context.scheduled_execution_time)


@dg.schedule(
    job=verify_days_job,
    cron_schedule="40 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description=(
        "Every night the days of the last `reread_days`, and older ones with a case: what somebody changed, deleted or "
        "added by hand in NetSuite after the day was posted is a case, and clears once it is undone."
    ),
)
def nightly_read_back(
    context: dg.ScheduleEvaluationContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    estate, now = estate_file.load(), clock.of_tick(context.scheduled_execution_time)
    with warehouse.connection() as connection:
        older = {day for day in open_days(connection, *VERIFY_KINDS) if estate.first_day <= day <= now.date()}
    wanted = ended_days(estate, now).keys() | older
    if not wanted:
        yield dg.SkipReason("No trading day is over yet.")
    yield from _requests(wanted, "read-back", context.scheduled_execution_time)


def _requests(of_days: Collection[date], what: str, tick: datetime) -> Iterator[dg.RunRequest]:
    """A run a stretch of days, asked for once a tick."""
    for first, last in stretches(of_days):
        yield days_request(first, last, run_key=f"{what}-{first}-{last}-{tick.isoformat()}")


def _was_closed(instance: dg.DagsterInstance, day: date, since: datetime) -> bool:
    """Whether the day was planned and posted after it was over. A read-back alone (every night) does not show that."""
    found = instance.fetch_materializations(
        dg.AssetRecordsFilter(
            asset_key=dg.AssetKey("posted_journals"),
            asset_partitions=[day.isoformat()],
            after_timestamp=since.timestamp(),
        ),
        limit=1,
    )
    return bool(found.records)


def _end(store: Store, day: date) -> datetime:
    return trading_day_window(day, store.zone, store.cut_over)[1]
