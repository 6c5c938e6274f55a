"""What runs by itself, tick by tick, on a real database and both sandboxes; no tick waits for real time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from sitoo_netsuite.definitions import defs
from sitoo_netsuite.flows.catalogue.automation import first_catalogue
from sitoo_netsuite.flows.journals.automation import close_of_day, nightly_read_back, unposted_days
from sitoo_netsuite.flows.sales import automation
from sitoo_netsuite.flows.sales.automation import landing_every_quarter, late_orders
from sitoo_netsuite.flows.sales.late import touch
from sitoo_netsuite.operate.runs import RunFailedError, run_catalogue, run_days
from sitoo_netsuite.partitions import days_of_run
from sitoo_netsuite.resources import Clock, EstateFile, Sitoo, Warehouse
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite.trading_day import trading_day_window
from sitoo_netsuite.worklist.automation import failed_runs, recovered_runs
from sitoo_netsuite_tests.end_to_end.conftest import Retailer

HOUR = timedelta(hours=1)
RESOURCES = {"estate_file": EstateFile(), "clock": Clock(), "warehouse": Warehouse()}


@pytest.fixture
def shop(retailer: Retailer) -> Iterator[Retailer]:
    """The retailer with a Dagster instance on disk, as a schedule's context needs one."""
    with dg.instance_for_test() as instance:
        yield replace(retailer, instance=instance)


def late_tick(retailer: Retailer, cursor: str | None) -> dg.SensorResult:
    resources = {**RESOURCES, "sitoo": Sitoo()}
    with dg.build_sensor_context(instance=retailer.instance, cursor=cursor, resources=resources) as context:
        result = late_orders(context)
    assert isinstance(result, dg.SensorResult)
    return result


def asked_for(requests: Iterable[dg.RunRequest | dg.SkipReason] | None) -> list[str]:
    """`first..last` of each request, in order."""
    spans = []
    for request in requests or ():
        assert isinstance(request, dg.RunRequest)
        tags = {**request.tags, **({"dagster/partition": request.partition_key} if request.partition_key else {})}
        first, last = days_of_run(tags) or (None, None)
        spans.append(f"{first}..{last}")
    return spans


def net_tick(retailer: Retailer, moment: datetime) -> list[dg.RunRequest | dg.SkipReason]:
    with dg.build_schedule_context(
        instance=retailer.instance, scheduled_execution_time=moment, resources=RESOURCES
    ) as context:
        return list(unposted_days(context))


def end_of(retailer: Retailer, day: int) -> datetime:
    """When that day of the trade (0 is the first) is over at every store."""
    on = retailer.first + timedelta(days=day)
    return max(trading_day_window(on, s.zone, s.cut_over)[1] for s in retailer.estate.stores).astimezone(UTC)


def test_the_catalogue_is_read_first_and_once(shop: Retailer) -> None:
    context = dg.build_sensor_context(instance=shop.instance)
    request = first_catalogue(context)
    assert isinstance(request, dg.RunRequest) and request.run_key == "first"
    run_catalogue(defs, shop.instance)
    assert isinstance(first_catalogue(context), dg.SkipReason)


def test_the_day_that_is_going_on_is_landed_once_the_catalogue_is_known(shop: Retailer) -> None:
    noon = end_of(shop, 0) - timedelta(hours=15)
    context = dg.build_schedule_context(instance=shop.instance, scheduled_execution_time=noon)
    [early] = landing_every_quarter(context, estate_file=EstateFile(), clock=Clock())
    assert isinstance(early, dg.SkipReason)
    run_catalogue(defs, shop.instance)
    assert asked_for(landing_every_quarter(context, estate_file=EstateFile(), clock=Clock())) == [
        f"{shop.first}..{shop.first}"
    ]


def test_a_day_is_closed_half_an_hour_after_its_cut_over(shop: Retailer) -> None:
    run_catalogue(defs, shop.instance)

    def tick(moment: datetime) -> list[dg.RunRequest | dg.SkipReason]:
        context = dg.build_schedule_context(instance=shop.instance, scheduled_execution_time=moment)
        return list(close_of_day(context, estate_file=EstateFile(), clock=Clock()))

    due = end_of(shop, 0) + timedelta(minutes=30)
    assert asked_for(tick(due)) == [f"{shop.first}..{shop.first}"]
    assert isinstance(tick(due + timedelta(minutes=15))[0], dg.SkipReason)


def test_late_orders_make_just_their_own_day_run_again(shop: Retailer) -> None:
    shop.set_time(end_of(shop, 0) + 12 * HOUR)
    shop.run(shop.first, shop.first)

    first = late_tick(shop, None)
    assert not first.run_requests and int(first.cursor or 0) > 0
    nothing_new = late_tick(shop, first.cursor)
    assert not nothing_new.run_requests and nothing_new.cursor == first.cursor

    # Nobody landed the rest of the second day before it was over.
    shop.set_time(end_of(shop, 1) + HOUR)
    late = late_tick(shop, first.cursor)
    assert asked_for(late.run_requests) == [f"{shop.last}..{shop.last}"]
    assert int(late.cursor or 0) > int(first.cursor or 0)
    # Until that run has landed them they stay late, under the same run key: Dagster starts one run.
    again = late_tick(shop, late.cursor)
    assert [request.run_key for request in again.run_requests or ()] == [
        request.run_key for request in late.run_requests or ()
    ]
    shop.run(shop.last, shop.last)
    assert not late_tick(shop, late.cursor).run_requests


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=2, receipts=300, seed=5)], indirect=True)
def test_more_late_orders_than_a_tick_reads_are_left_to_the_next_tick(
    shop: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pages hold 500 orders; the two days have more.
    monkeypatch.setattr(automation, "_PAGES_A_TICK", 1)
    first = late_tick(shop, "0")
    assert asked_for(first.run_requests) == [f"{shop.first}..{shop.first}"]
    second = late_tick(shop, first.cursor)
    assert f"{shop.last}..{shop.last}" in asked_for(second.run_requests)
    assert int(second.cursor or 0) > int(first.cursor or 0)


def test_the_net_asks_for_every_day_that_was_never_closed_and_then_for_none(shop: Retailer) -> None:
    moment = end_of(shop, 1) + HOUR
    [waits] = net_tick(shop, moment)
    assert isinstance(waits, dg.SkipReason)
    run_catalogue(defs, shop.instance)
    assert asked_for(net_tick(shop, moment)) == [f"{shop.first}..{shop.last}"]

    run_days(defs, shop.instance, shop.connection, shop.first, shop.first, "close_days")
    assert asked_for(net_tick(shop, moment)) == [f"{shop.last}..{shop.last}"]
    run_days(defs, shop.instance, shop.connection, shop.last, shop.last, "close_days")
    [clear] = net_tick(shop, moment)
    assert isinstance(clear, dg.SkipReason)


def test_the_net_asks_for_a_day_whose_records_changed_after_it_was_closed(shop: Retailer) -> None:
    shop.run()
    moment = end_of(shop, 1) + HOUR
    assert isinstance(net_tick(shop, moment)[0], dg.SkipReason)
    touch(shop.connection, [shop.first], shop.estate)
    assert asked_for(net_tick(shop, moment)) == [f"{shop.first}..{shop.first}"]
    shop.run(shop.first, shop.first)
    assert isinstance(net_tick(shop, moment)[0], dg.SkipReason)


def test_every_night_what_netsuite_holds_is_read_back_and_that_alone_closes_no_day(shop: Retailer) -> None:
    def night(moment: datetime) -> list[dg.RunRequest | dg.SkipReason]:
        with dg.build_schedule_context(
            instance=shop.instance, scheduled_execution_time=moment, resources=RESOURCES
        ) as context:
            return list(nightly_read_back(context))

    moment = end_of(shop, 1) + HOUR
    shop.set_time(moment)
    run_catalogue(defs, shop.instance)
    assert asked_for(night(moment)) == [f"{shop.first}..{shop.last}"]
    run_days(defs, shop.instance, shop.connection, shop.first, shop.last, "verify_days")
    assert asked_for(net_tick(shop, moment)) == [f"{shop.first}..{shop.last}"]


def test_a_failed_run_is_a_case_that_the_net_takes_up_and_the_next_run_clears(
    shop: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run()
    with monkeypatch.context() as wrong:
        wrong.setenv("SITOO_API_KEYS", "10020-1:wrong")
        with pytest.raises(RunFailedError):
            run_days(defs, shop.instance, shop.connection, shop.first, shop.last, "close_days")
    file_what_happened(shop)
    opened = shop.cases("run_failed")
    assert {case["trading_day"] for case in opened} == {shop.first, shop.last}
    assert list(opened[0]["evidence"]) == ["landed_z_reports"] and "wrong" not in str(opened[0]["evidence"])

    moment = end_of(shop, 1) + HOUR
    assert asked_for(net_tick(shop, moment)) == [f"{shop.first}..{shop.last}"]

    run_days(defs, shop.instance, shop.connection, shop.first, shop.first, "land_and_plan")
    file_what_happened(shop)
    assert len(shop.cases("run_failed")) == 2, "a run that did less clears nothing"
    run_days(defs, shop.instance, shop.connection, shop.first, shop.first, "close_days")
    file_what_happened(shop)
    assert [case["trading_day"] for case in shop.cases("run_failed")] == [shop.last]
    run_days(defs, shop.instance, shop.connection, shop.last, shop.last, "close_days")
    file_what_happened(shop)
    assert shop.cases("run_failed") == []


def file_what_happened(shop: Retailer) -> None:
    """Hands the latest run to the sensor that Dagster's daemon would call for it."""
    run = shop.instance.get_runs(limit=1)[0]
    failed = run.status is dg.DagsterRunStatus.FAILURE
    kind = dg.DagsterEventType.RUN_FAILURE if failed else dg.DagsterEventType.RUN_SUCCESS
    event = next(
        record.event_log_entry.dagster_event
        for record in shop.instance.get_records_for_run(run.run_id, of_type=kind).records
    )
    assert event is not None
    with dg.build_run_status_sensor_context(
        sensor_name="failed_runs" if failed else "recovered_runs",
        dagster_instance=shop.instance,
        dagster_run=run,
        dagster_event=event,
        resources={"warehouse": Warehouse(), "clock": Clock()},
    ) as context:
        if failed:
            failed_runs(context.for_run_failure())
        else:
            recovered_runs(context)
