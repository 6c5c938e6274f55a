"""Trading days as Dagster partitions, and what a run was asked for.

The key is a label: UTC daily with an offset, so that today exists before it is over. When a trading day begins and ends
at a store is for `trading_day.py` to say.
"""

from __future__ import annotations

import os
from datetime import date

import dagster as dg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import load_estate

# Where no estate file exists yet there is nothing to run; the code location still loads, so that one can be drafted.
_BEFORE_ANY_ESTATE = date(2026, 1, 1)


def _first_day() -> date:
    path = settings.estate_path(os.environ)
    return load_estate(path).first_day if path.exists() else _BEFORE_ANY_ESTATE


trading_days = dg.DailyPartitionsDefinition(start_date=_first_day().isoformat(), end_offset=1)


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
