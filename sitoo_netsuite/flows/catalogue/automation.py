"""When the catalogue is read: hourly."""

import dagster as dg

catalogue_job = dg.define_asset_job(
    "read_catalogue", selection=["item_catalogue"], description="Reads NetSuite's items."
)

catalogue_hourly = dg.ScheduleDefinition(
    name="catalogue_hourly",
    job=catalogue_job,
    cron_schedule="0 * * * *",
    description="NetSuite's items, so that a new SKU is known before it is sold.",
)
