"""Trading days as Dagster partitions, and what a run was asked for.

The key is a label: UTC daily with an offset, so that today exists before it is over. When a trading day begins and ends
at a store is for `trading_day.py` to say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import dagster as dg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import Estate, load_estate
from sitoo_netsuite.trading_day import trading_day_window

# Where no estate file exists yet there is nothing to run; the code location still loads, so that one can be drafted.
_BEFORE_ANY_ESTATE = date(2026, 1, 1)


def make_trading_days(env: Mapping[str, str]) -> dg.DailyPartitionsDefinition:
    """Every trading day from the estate's earliest go-live to the one that is going on.

    Where the time is told (a sandbox) the days end there; otherwise they grow with the real time. Raises EstateError.
    """
    path = settings.estate_path(env)
    estate = load_estate(path) if path.exists() else None
    first = estate.first_day if estate else _BEFORE_ANY_ESTATE
    ahead = 1 + (estate is not None and _some_day_begins_early(estate, first))
    if not env.get(settings.NOW):
        return dg.DailyPartitionsDefinition(start_date=first.isoformat(), end_offset=ahead)
    end = settings.now(env).date() + timedelta(days=ahead)
    return dg.DailyPartitionsDefinition(
        start_date=first.isoformat(), end_date=max(end, first + timedelta(days=1)).isoformat()
    )


def _some_day_begins_early(estate: Estate, first: date) -> bool:
    """Whether some store's trading day begins before the UTC day of the same date, in winter or in summer."""
    dates = (first, first + timedelta(days=182))
    return any(
        trading_day_window(day, store.zone, store.cut_over)[0] < datetime.combine(day, time(0), UTC)
        for store in estate.stores
        for day in dates
    )


trading_days = make_trading_days(os.environ)


def requested_days(context: dg.AssetExecutionContext) -> tuple[date, date]:
    """First and last trading day of the run: one partition, or a range run as one."""
    keys = context.partition_key_range
    return date.fromisoformat(keys.start), date.fromisoformat(keys.end)


def range_tags(first: date, last: date) -> dict[str, str]:
    """Run tags that make one run of several trading days."""
    return {
        "dagster/asset_partition_range_start": first.isoformat(),
        "dagster/asset_partition_range_end": last.isoformat(),
    }


def days_request(first: date, last: date, run_key: str, tags: Mapping[str, str] | None = None) -> dg.RunRequest:
    """A request for one run over these trading days."""
    if first == last:
        return dg.RunRequest(run_key=run_key, partition_key=first.isoformat(), tags=tags)
    return dg.RunRequest(run_key=run_key, tags={**range_tags(first, last), **(tags or {})})


def days_of_run(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """First and last trading day of a run by its tags; None for a run of no days, such as the catalogue's."""
    first = tags.get("dagster/asset_partition_range_start") or tags.get("dagster/partition")
    last = tags.get("dagster/asset_partition_range_end") or tags.get("dagster/partition")
    return (date.fromisoformat(first), date.fromisoformat(last)) if first and last else None
