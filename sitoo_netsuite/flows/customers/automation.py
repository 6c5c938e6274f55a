"""When customers are linked: every night, since neither side can be asked which of them changed."""

import dagster as dg

link_customers_job = dg.define_asset_job(
    "link_customers",
    selection=["landed_customers", "linked_customers"],
    description="Reads the users of Sitoo and the customers of NetSuite, links them, and makes those who are missing.",
)

customers_nightly = dg.ScheduleDefinition(
    name="customers_nightly",
    job=link_customers_job,
    cron_schedule="40 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="New customers of the tills, and the people on the day's receipts.",
)
