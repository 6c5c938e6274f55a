"""When the catalogue is read and pushed: whole every night and at first, what changed within minutes, a SKU on demand.

Everything else waits for the first reading: without it every SKU sold would count as unmatched.
"""

import asyncio

import dagster as dg

from sitoo_netsuite.flows.catalogue.netsuite_side import latest_change
from sitoo_netsuite.resources import EstateFile, NetSuite

_ASSETS = ("item_catalogue", "till_catalogue", "pushed_products")
_ONLY_CHANGED = dg.RunConfig(ops={name: {"config": {"whole": False}} for name in _ASSETS})

read_catalogue = dg.define_asset_job(
    "read_catalogue", selection=["item_catalogue"], description="Reads NetSuite's items. Nothing is compared or pushed."
)

compare_catalogue_job = dg.define_asset_job(
    "compare_catalogue",
    selection=list(_ASSETS),
    description="Reads NetSuite's items and the tills' products whole, pushes what differs and reads it back.",
)

push_changes = dg.define_asset_job(
    "push_changes",
    selection=list(_ASSETS),
    config=_ONLY_CHANGED,
    description="Reads what changed on either side since the last time, pushes what differs and reads it back.",
)

push_products = dg.define_asset_job(
    "push_products",
    selection=["pushed_products"],
    description="Push these SKUs now: name them under `skus`; they are read anew from both sides first.",
)

catalogue_nightly = dg.ScheduleDefinition(
    name="catalogue_nightly",
    job=compare_catalogue_job,
    cron_schedule="20 2 * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="The full compare: alone it notices what is gone, and sends again what Sitoo refused.",
)

changes_hourly = dg.ScheduleDefinition(
    name="changes_hourly",
    job=push_changes,
    cron_schedule="0 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="What somebody changed in Sitoo shows here; NetSuite's own changes come within minutes.",
)


def catalogue_was_read(instance: dg.DagsterInstance) -> bool:
    """Whether NetSuite's items were ever read in this installation."""
    return instance.get_latest_materialization_event(dg.AssetKey("item_catalogue")) is not None


NOT_READ_YET = "NetSuite's items were never read; as soon as read_catalogue has succeeded this starts."


@dg.sensor(
    job=compare_catalogue_job,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads NetSuite's items for the first time, which everything else waits for.",
)
def first_catalogue(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    if catalogue_was_read(context.instance):
        return dg.SkipReason("NetSuite's items were read; catalogue_nightly keeps them whole.")
    return dg.RunRequest(run_key="first")


@dg.sensor(
    job=push_changes,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Asks NetSuite when an item last changed: a new item or price is at the tills minutes later.",
)
def changed_items(
    context: dg.SensorEvaluationContext, estate_file: EstateFile, netsuite: NetSuite
) -> dg.SensorResult | dg.SkipReason:
    if not catalogue_was_read(context.instance):
        return dg.SkipReason(NOT_READ_YET)
    estate = estate_file.load()

    async def ask() -> str:
        async with netsuite.client(estate) as client:
            return await latest_change(client)

    latest = asyncio.run(ask())
    if latest == context.cursor:
        return dg.SkipReason(f"No item changed since {latest}.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=f"items-{latest}")], cursor=latest)
