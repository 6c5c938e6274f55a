"""Which days a landing touches, and which of them still wait for a run: on a real Sitoo sandbox and database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.landing import LandingResult, land_registers, land_z_reports
from sitoo_netsuite.flows.sales.late import clear_touched, take_touched, touch, touched_days
from sitoo_netsuite.flows.sales.registers import read_directory
from sitoo_netsuite.flows.sales.reread import reread
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite_tests.flows.sales.conftest import DAY
from sitoo_netsuite_tests.flows.sales.test_landing import Land, rows, sell
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, Served, z_version

TOMORROW = DAY + timedelta(days=1)
A_DAY = 86_400

LandZ = Callable[..., LandingResult]


@pytest.fixture
def land_z(connection: psycopg.Connection, sitoo: Served, client: SitooClient, estate: Estate) -> LandZ:
    """Lands the Z-reports as they stand at the sandbox's clock."""

    def landing(first: date = DAY, *, afresh: bool = False) -> LandingResult:
        now = sitoo.clock.now()
        land_registers(connection, client, estate, now)
        return land_z_reports(connection, client, first, DAY, estate, now, afresh=afresh)

    return landing


def test_a_day_stays_touched_until_a_run_that_took_it_has_planned_it(
    connection: psycopg.Connection, estate: Estate
) -> None:
    touch(connection, [DAY, TOMORROW], estate)
    take_touched(connection, DAY, DAY, "run 1")
    assert clear_touched(connection, "another run") == 0
    assert clear_touched(connection, "run 1") == 1
    assert set(touched_days(connection)) == {TOMORROW}


def test_what_is_touched_again_while_a_run_is_under_way_is_left_to_the_next(
    connection: psycopg.Connection, estate: Estate
) -> None:
    touch(connection, [DAY], estate)
    before = touched_days(connection)[DAY]
    take_touched(connection, DAY, TOMORROW, "run 1")
    touch(connection, [DAY, TOMORROW], estate)
    assert clear_touched(connection, "run 1") == 0
    assert set(touched_days(connection)) == {DAY, TOMORROW}
    assert touched_days(connection)[DAY] > before


def test_days_before_go_live_are_never_run_and_never_noted(connection: psycopg.Connection, estate: Estate) -> None:
    touch(connection, [estate.first_day - timedelta(days=1), estate.first_day], estate)
    assert set(touched_days(connection)) == {estate.first_day}


def test_an_order_touches_the_trading_day_it_left_and_the_one_it_came_to(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    night = OPENING + 18 * 3600  # 02:00 UTC: tomorrow by the calendar, and still the trading day before
    sell(sitoo, 101, at=night)
    sell(sitoo, 101, at=OPENING + 3 * A_DAY, arrives=night + 60, version=2)
    sitoo.at(night)
    assert land(DAY, TOMORROW).touched == {DAY}
    connection.execute("delete from landing.touched_days")
    sitoo.at(night + 60)
    assert land(DAY, DAY + timedelta(days=3)).touched == {DAY, DAY + timedelta(days=3)}
    assert set(touched_days(connection)) == {DAY, DAY + timedelta(days=3)}


def test_the_version_that_was_replaced_is_kept_without_personal_fields(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 101)
    sell(sitoo, 101, arrives=OPENING + 60, version=2, moneytotal_gross_all="90.00")
    sitoo.at(OPENING)
    land()
    [(digest, landed_at)] = rows(connection, "select digest, landed_at from landing.orders")
    sitoo.at(OPENING + 60)
    assert land(afresh=True).changed == 1
    [(day, orderid, *kept, text, replaced_at)] = rows(
        connection,
        "select order_day, orderid, digest, landed_at, payload::text, replaced_at from landing.replaced_orders",
    )
    assert (day, orderid, kept, replaced_at) == (DAY, 101, [digest, landed_at], sitoo.clock.now())
    assert '"moneytotal_gross_all":"100.00"' in text
    assert "kim@" not in text and "Tarnholm" not in text


def test_the_nightly_reading_finds_what_changed_and_says_what_it_touched(
    sitoo: Served, connection: psycopg.Connection, client: SitooClient, estate: Estate
) -> None:
    for orderid in range(101, 401):
        sell(sitoo, orderid)
    report = z_version(sitoo.world, 10, OPENING + 60)
    sitoo.store.write(z_reports=[report])
    sitoo.at(OPENING + 60)
    reread(connection, client, estate, sitoo.clock.now())
    connection.execute("delete from landing.touched_days")
    reports, orders = reread(connection, client, estate, sitoo.clock.now())
    assert (reports.read, reports.changed, orders.read, orders.changed) == (1, 0, 300, 0)
    assert touched_days(connection) == {}

    sell(sitoo, 101, arrives=OPENING + A_DAY, version=2, moneytotal_gross_all="90.00")
    # Corrected under its old `dateadded`.
    body = report.body.replace('"moneycash_diff": "0.00"', '"moneycash_diff": "5.00"')
    sitoo.store.write(z_reports=[report._replace(version=2, visible_from=OPENING + A_DAY, body=body)])
    sitoo.at(OPENING + 3 * A_DAY)
    reports, orders = reread(connection, client, estate, sitoo.clock.now())
    assert (reports.changed, orders.changed, orders.new) == (1, 1, 0)
    assert set(touched_days(connection)) == {DAY}


def test_a_z_report_touches_every_day_of_its_session(
    sitoo: Served, connection: psycopg.Connection, land_z: LandZ
) -> None:
    closed = OPENING + 2 * A_DAY
    sitoo.store.write(z_reports=[z_version(sitoo.world, 10, closed, dateopened=OPENING)])
    sitoo.at(closed)
    assert land_z().touched == {DAY, TOMORROW, TOMORROW + timedelta(days=1)}


def test_a_z_report_that_comes_late_touches_the_session_after_it_too(
    sitoo: Served, connection: psycopg.Connection, land_z: LandZ
) -> None:
    late = z_version(sitoo.world, 10, OPENING)
    sitoo.store.write(z_reports=[late._replace(visible_from=OPENING + 2 * A_DAY, dateadded=OPENING + 2 * A_DAY)])
    sitoo.store.write(z_reports=[z_version(sitoo.world, 11, OPENING + A_DAY)])
    sitoo.at(OPENING + A_DAY)
    assert land_z().touched == {TOMORROW}
    sitoo.at(OPENING + 2 * A_DAY)
    assert land_z().touched == {DAY, TOMORROW}


@pytest.mark.parametrize(("figure", "touched"), [("moneycash_diff", {DAY}), ("moneycash_out", {DAY, TOMORROW})])
def test_a_corrected_z_report_touches_the_next_session_where_that_begins_with_what_changed(
    sitoo: Served, land_z: LandZ, figure: str, touched: set[date]
) -> None:
    report = z_version(sitoo.world, 10, OPENING)
    sitoo.store.write(z_reports=[report, z_version(sitoo.world, 11, OPENING + A_DAY)])
    sitoo.at(OPENING + A_DAY)
    land_z()
    body = report.body.replace(f'"{figure}": "0.00"', f'"{figure}": "5.00"')
    sitoo.store.write(z_reports=[report._replace(version=2, visible_from=OPENING + A_DAY + 60, body=body)])
    sitoo.at(OPENING + A_DAY + 60)
    assert land_z(afresh=True).touched == touched


def test_a_z_report_whose_closing_moves_touches_the_day_it_left(sitoo: Served, land_z: LandZ) -> None:
    report = z_version(sitoo.world, 10, OPENING)
    moved = z_version(sitoo.world, 10, OPENING + A_DAY)
    sitoo.store.write(z_reports=[report])
    sitoo.store.write(z_reports=[moved._replace(version=2)])
    sitoo.at(OPENING)
    assert land_z().touched == {DAY}
    sitoo.at(OPENING + A_DAY)
    assert land_z().touched == {DAY, TOMORROW}


def test_a_register_long_out_of_use_before_go_live_is_asked_for_its_last_z_report_once(
    sitoo: Served, connection: psycopg.Connection, land_z: LandZ
) -> None:
    sitoo.store.write(z_reports=[z_version(sitoo.world, 9, OPENING - 60 * A_DAY), z_version(sitoo.world, 10, OPENING)])
    sitoo.at(OPENING)
    before = sitoo.stats()["requests"]
    assert land_z(DAY - timedelta(days=35)).new == 2
    assert rows(connection, "select zreportid from landing.z_reports order by 1") == [(9,), (10,)]
    asked = sitoo.stats()["requests"] - before
    land_z(DAY - timedelta(days=35))
    assert sitoo.stats()["requests"] - before - asked < asked


def test_a_register_seen_elsewhere_belongs_there_from_that_day_on(
    sitoo: Served, connection: psycopg.Connection, client: SitooClient, estate: Estate
) -> None:
    registerid = sitoo.world.shops[0].registers[0].registerid
    land_registers(connection, client, estate, sitoo.clock.now())
    assert rows(connection, "select distinct from_day::text from landing.register_places") == [("-infinity",)]
    # As if it had been known at another shop until now.
    elsewhere = sitoo.world.shops[1].storeid
    connection.execute("update landing.register_places set storeid = %s where registerid = %s", (elsewhere, registerid))
    for _ in range(2):
        land_registers(connection, client, estate, sitoo.clock.now())
    assert rows(connection, "select count(*) from landing.register_places where registerid = %s", registerid) == [(2,)]
    directory = read_directory(connection, estate)
    at = datetime.fromtimestamp(OPENING, UTC)
    places = [directory.place(registerid, at - timedelta(days=1)), directory.place(registerid, at)]
    assert [place.store.store for place in places if place and place.store] == [
        sitoo.world.shops[1].key,
        sitoo.world.shops[0].key,
    ]


def test_a_register_whose_warehouse_is_given_a_store_stood_there_all_the_time_and_its_days_are_run_again(
    sitoo: Served, connection: psycopg.Connection, client: SitooClient, estate: Estate, land: Land
) -> None:
    shop = sitoo.world.shops[0]
    registerid = shop.registers[0].registerid
    night = OPENING + 18 * 3600  # 02:00 UTC: the shop's trading day before, and tomorrow by the calendar
    sell(sitoo, 101, at=OPENING - 30 * A_DAY)
    sell(sitoo, 102, at=night)
    sitoo.at(night)
    land(DAY - timedelta(days=30), TOMORROW)
    # As if the warehouse had no store until now.
    connection.execute("update landing.register_places set storeid = null where registerid = %s", [registerid])
    connection.execute("delete from landing.touched_days")
    for _ in range(2):
        land_registers(connection, client, estate, sitoo.clock.now())
    assert rows(
        connection, "select from_day::text, storeid from landing.register_places where registerid = %s", registerid
    ) == [("-infinity", shop.storeid)]
    # The first day is before go-live; the last is the one that the night counted as, while there was no store.
    assert set(touched_days(connection)) == {DAY, TOMORROW}
