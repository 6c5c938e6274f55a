"""From a sale at a till to NetSuite's stock while the day goes on: told by Sitoo's events, or found by looking."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from sitoo_netsuite import settings
from sitoo_netsuite.definitions import defs
from sitoo_netsuite.events.landing import newest_event
from sitoo_netsuite.events.receiver import Receiver
from sitoo_netsuite.flows.stock.automation import feed_every_quarter, told_by_sitoo
from sitoo_netsuite.operate.runs import run_catalogue, run_days
from sitoo_netsuite.resources import Clock, EstateFile, Warehouse
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.events import EventSender
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.settings import EventsCredential
from sitoo_netsuite.warehouse.server import database_url
from sitoo_netsuite_tests.end_to_end.conftest import Retailer
from sitoo_netsuite_tests.end_to_end.test_stock_adjustments import adjustments, differing

RESOURCES = {"estate_file": EstateFile(), "clock": Clock(), "warehouse": Warehouse()}


@pytest.fixture
def shop(retailer: Retailer) -> Iterator[Retailer]:
    """The retailer with a Dagster instance on disk, as a schedule's context needs one."""
    with dg.instance_for_test() as instance:
        yield replace(retailer, instance=instance)


def ask_sensor(retailer: Retailer, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    with dg.build_sensor_context(instance=retailer.instance, cursor=cursor, resources=RESOURCES) as context:
        return told_by_sitoo(context)  # type: ignore[return-value]


def tick(retailer: Retailer) -> dg.RunRequest | dg.SkipReason:
    moment = retailer.sandbox.clock.now()
    context = dg.build_schedule_context(instance=retailer.instance, scheduled_execution_time=moment)
    (decision,) = feed_every_quarter(context, estate_file=EstateFile(), clock=Clock())
    return decision


def follow(retailer: Retailer, request: dg.RunRequest) -> None:
    """Does what a sensor or schedule asked for."""
    day = retailer.first.fromisoformat(str(request.partition_key))
    run_days(defs, retailer.instance, retailer.connection, day, day, "feed_stock")


@contextmanager
def told(retailer: Retailer) -> Iterator[EventSender]:
    """Sitoo tells our receiver of whatever happens from now on, when it is asked to send."""
    credential = EventsCredential("sitoo", "told to nobody else")
    url = database_url(os.environ, settings.database_folder(os.environ))
    receiver = Receiver(url, credential, lambda: settings.now(os.environ))
    sandbox = retailer.sandbox
    with serving(receiver.app()) as address:
        sender = EventSender(
            sandbox.world, sandbox.store, sandbox.clock, sandbox.stockroom, SitooSettings(),
            url=f"{address}/events", credential=(credential.user, credential.password),
        )  # fmt: skip
        yield sender
        sender.close()


def during_day(content: dict[str, Any]) -> None:
    content["stock"]["feed"] = "during_day"


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=1, receipts=30, seed=9)], indirect=True)
def test_a_sale_is_in_netsuite_s_stock_when_sitoo_has_told_of_it_and_by_the_next_tick_when_not(
    shop: Retailer,
) -> None:
    midday = datetime.combine(shop.first, datetime.min.time(), tzinfo=shop.sandbox.clock.now().tzinfo)
    shop.set_time(midday + timedelta(hours=11))
    assert isinstance(ask_sensor(shop, None), dg.SkipReason)
    assert "after the close" in str(tick(shop).skip_message)  # type: ignore[union-attr]
    shop.change_estate(during_day)
    assert "catalogue" in str(tick(shop).skip_message)  # type: ignore[union-attr]
    run_catalogue(defs, shop.instance)

    with told(shop) as sitoo:
        shop.set_time(midday + timedelta(hours=13))
        assert sitoo.send().taken > 0
        told_of = newest_event(shop.connection)
        asked = ask_sensor(shop, None)
        assert isinstance(asked, dg.SensorResult) and asked.run_requests
        assert asked.cursor == str(told_of)
        follow(shop, asked.run_requests[0])
        assert differing(shop) == {}
        first = adjustments(shop)
        assert len(first) == 2
        assert isinstance(ask_sensor(shop, asked.cursor), dg.SkipReason)

    # Nobody tells of the rest of the day.
    shop.set_time(midday + timedelta(hours=20))
    assert differing(shop)
    request = tick(shop)
    assert isinstance(request, dg.RunRequest)
    follow(shop, request)
    assert differing(shop) == {}
    assert len(adjustments(shop)) > len(first)

    # However many documents that made, with the close they add up to the day's sales.
    shop.set_time(midday + timedelta(days=1, hours=12))
    shop.run()
    assert differing(shop) == {}
    assert shop.judge().is_clear


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=1, days=1, receipts=5)], indirect=True)
def test_while_a_run_is_feeding_the_stock_what_sitoo_tells_waits_for_the_next_tick(retailer: Retailer) -> None:
    retailer.change_estate(during_day)
    retailer.connection.execute(
        "insert into landing.events (event_id, event_type, happened_at, received_at, payload) "
        "values ('1', 'order', now(), now(), '{}')"
    )
    run = retailer.instance.create_run_for_job(
        defs.resolve_job_def("feed_stock"), status=dg.DagsterRunStatus.STARTED, tags={"dagster/partition": "2026-03-02"}
    )
    skipped = ask_sensor(retailer, None)
    assert isinstance(skipped, dg.SkipReason) and "already" in str(skipped.skip_message)
    retailer.instance.delete_run(run.run_id)
    assert isinstance(ask_sensor(retailer, None), dg.SensorResult)
