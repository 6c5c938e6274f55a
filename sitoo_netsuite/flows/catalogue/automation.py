"""When the catalogue is read: at once on a new installation, then hourly.

Everything else waits for the first reading: without it every SKU sold would count as unmatched.
"""

import dagster as dg

catalogue_job = dg.define_asset_job(
    "read_catalogue", selection=["item_catalogue"], description="Reads NetSuite's items."
)

catalogue_hourly = dg.ScheduleDefinition(
    name="catalogue_hourly",
    job=catalogue_job,
    cron_schedule="0 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="NetSuite's items, so that a new SKU is known before it is sold.",
)


def catalogue_was_read(instance: dg.DagsterInstance) -> bool:
    """Whether NetSuite's items were ever read in this installation."""
    return instance.get_latest_materialization_event(dg.AssetKey("item_catalogue")) is not None


NOT_READ_YET = "NetSuite's items were never read; as soon as read_catalogue has succeeded this starts."


@dg.sensor(
    job=catalogue_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads NetSuite's items for the first time, which everything else waits for.",
)
def first_catalogue(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    if catalogue_was_read(context.instance):
        return dg.SkipReason("NetSuite's items were read; catalogue_hourly keeps them fresh.")
    return dg.RunRequest(run_key="first")
