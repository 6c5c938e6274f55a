"""Landing from a real Sitoo sandbox into a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.landing import LandingResult, land_z_reports
from sitoo_netsuite.flows.sales.quarantine import purge_quarantine
from sitoo_netsuite.sandbox.trade.store import DeliveryRow
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.errors import SitooUnavailable
from sitoo_netsuite_tests.flows.sales.conftest import DAY
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, Served, order_body, order_version, z_version

Land = Callable[..., LandingResult]


def sell(
    sitoo: Served, orderid: int, at: int = OPENING, arrives: int | None = None, version: int = 1, **changes: Any
) -> None:
    """An order of the first shop's first till, there from `arrives` on (as it is made, if not said)."""
    body = order_body(sitoo.world, orderid, at, **changes)
    sitoo.store.write(orders=[order_version(body, at if arrives is None else arrives, version)])


def rows(connection: psycopg.Connection, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode(), parameters).fetchall()


def test_landing_twice_changes_nothing(sitoo: Served, connection: psycopg.Connection, land: Land) -> None:
    for number in range(30):
        sell(sitoo, 101 + number, OPENING + number)
    sitoo.at(OPENING + 100)
    first = land()
    stored = rows(connection, "select * from landing.orders order by orderid")
    second = land(now=sitoo.clock.now() + timedelta(hours=1))
    assert (first.read, first.new, first.changed) == (30, 30, 0)
    assert (second.new, second.changed, second.touched) == (0, 0, set())
    assert rows(connection, "select * from landing.orders order by orderid") == stored


def test_personal_fields_are_kept_apart_from_the_payload(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 101, email="kim@example.com", namefirst="Kim", namelast="Tarnholm", phone="070-1", company="Vases")
    sell(sitoo, 102, email="", namefirst="", namelast="")
    sitoo.at(OPENING)
    land()
    kept = "order_day, orderid, email, namefirst, namelast, company, phone"
    assert rows(connection, f"select {kept} from restricted.customer_contact") == [
        (DAY, 101, "kim@example.com", "Kim", "Tarnholm", "Vases", "070-1")
    ]
    (text,) = rows(connection, "select string_agg(payload::text, '') from landing.orders")[0]
    assert "moneytotal_gross_all" in text
    assert not [name for name in ("kim@", "Tarnholm", "070-1", "namefirst", "Vases") if name in text]


def test_an_amended_order_replaces_its_row_once_the_days_are_read_afresh(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    for orderid in range(101, 1101):
        sell(sitoo, orderid)
    sell(sitoo, 101, arrives=OPENING + 60, version=2, moneytotal_gross_all="90.00", email="new@example.com")
    sitoo.at(OPENING)
    land()
    sitoo.at(OPENING + 60)
    assert land().changed == 0  # beyond the overlap
    again = land(afresh=True)
    assert (again.new, again.changed, again.touched) == (0, 1, {DAY})
    assert rows(connection, "select payload ->> 'moneytotal_gross_all' from landing.orders where orderid = 101") == [
        ("90.00",)
    ]
    assert rows(connection, "select email from restricted.customer_contact where orderid = 101") == [
        ("new@example.com",)
    ]


def test_an_order_whose_time_is_corrected_is_not_there_twice(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 101)
    sell(sitoo, 101, at=OPENING - 86_400, arrives=OPENING + 60, version=2)
    sitoo.at(OPENING)
    land(DAY - timedelta(days=1), DAY)
    sitoo.at(OPENING + 60)
    assert land(DAY - timedelta(days=1), DAY).touched == {DAY, DAY - timedelta(days=1)}
    assert rows(connection, "select order_day from landing.orders") == [(DAY - timedelta(days=1),)]


def test_an_order_that_an_offline_till_uploads_days_later_is_found(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 101)
    sell(sitoo, 150, at=OPENING + 3 * 86_400)
    sell(sitoo, 151, at=OPENING + 60, arrives=OPENING + 3 * 86_400)
    sitoo.at(OPENING + 100)
    assert land().new == 1
    sitoo.at(OPENING + 3 * 86_400)
    assert land().new == 1
    assert rows(connection, "select orderid from landing.orders where order_day = %s order by 1", DAY) == [
        (101,), (151,),
    ]  # fmt: skip


def test_only_what_is_new_and_the_overlap_are_asked_for_again(sitoo: Served, land: Land, estate: Estate) -> None:
    for orderid in range(101, 1101):
        sell(sitoo, orderid)
    sitoo.at(OPENING)
    assert land().read == 1000
    assert land().read == estate.sitoo.overlap_orders + 1


def test_a_landing_that_breaks_off_keeps_what_it_read_and_reads_it_all_again(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    for orderid in range(102, 1102):
        sell(sitoo, orderid)
    sell(sitoo, 101, additionaldata={"delivery-pickup-warehouseid": "3"})
    sitoo.at(OPENING)
    account = f"/v2/accounts/{sitoo.world.account_id}"
    sitoo.fault(path=f"{account}/sites/{sitoo.world.shops[0].eshopid}/orders/101", status=503, requests=2)
    with pytest.raises(SitooUnavailable):
        land()
    assert rows(connection, "select count(*) from landing.orders") == [(1001,)]
    again = land()
    assert (again.read, again.new) == (1002, 0)  # 101 once more by its id, as it is not finished


def test_a_record_that_cannot_be_read_is_kept_whole_and_stops_nothing(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 101, moneytotal_gross_all="a lot")
    sell(sitoo, 102)
    sitoo.at(OPENING)
    result = land()
    assert (result.new, result.rejected, result.touched) == (1, 1, {DAY})
    # It is asked for again on every landing, and news only once.
    assert land().touched == set()
    ((record, day, body, cured),) = rows(
        connection, "select record, day, convert_from(body, 'UTF8'), cured_at from restricted.quarantine"
    )
    assert (record, day, cured) == ("101", DAY, None)
    assert '"a lot"' in body
    assert rows(connection, "select record from restricted.unparsable") == [("101",)]


def test_a_record_is_cured_when_a_later_reading_succeeds(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 101, moneytotal_gross_all="a lot")
    sell(sitoo, 101, arrives=OPENING + 60, version=2)
    sitoo.at(OPENING)
    land()
    sitoo.at(OPENING + 60)
    assert land().new == 1
    assert rows(connection, "select cured_at from restricted.quarantine") == [(sitoo.clock.now(),)]
    assert rows(connection, "select record from restricted.unparsable") == []


def test_rejected_bodies_go_after_ninety_days_and_their_digests_stay(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 101, moneytotal_gross_all="a lot")
    sitoo.at(OPENING)
    land()
    assert purge_quarantine(connection, sitoo.clock.now() + timedelta(days=89)) == 0
    assert purge_quarantine(connection, sitoo.clock.now() + timedelta(days=91)) == 1
    assert rows(connection, "select body, length(digest) from restricted.quarantine") == [(None, 32)]


def test_an_open_order_is_read_again_until_it_is_finished(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 101, orderstateid=0, paymentstateid=0)
    sell(sitoo, 101, arrives=OPENING + 86_400, version=2)
    for orderid in range(102, 1101):
        sell(sitoo, orderid)
    sitoo.at(OPENING)
    land()
    sitoo.at(OPENING + 86_400)
    later = land(DAY + timedelta(days=1), DAY + timedelta(days=1))
    assert (later.changed, later.touched) == (1, {DAY})
    assert rows(connection, "select count(*) from landing.orders where unfinished") == [(0,)]


def test_deliveries_are_read_until_all_of_it_is_delivered(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    sell(sitoo, 201, additionaldata={"delivery-pickup-warehouseid": "3"})
    tomorrow = OPENING + 86_400
    body = (
        '{"orderdeliveryid":9,"orderid":201,"warehouseid":3,"datedelivery":%d,"datecancelled":null,'
        '"orderdeliveryitems":[{"orderdeliveryitemid":1,"orderdeliveryid":9,"orderitemid":0,"quantity":1}]}'
    )
    sitoo.store.write(deliveries=[DeliveryRow(9, 201, 3, tomorrow, tomorrow, body % tomorrow)])
    sitoo.at(OPENING)
    land()
    assert rows(connection, "select unfinished from landing.orders") == [(True,)]
    sitoo.at(tomorrow)
    result = land(DAY + timedelta(days=1), DAY + timedelta(days=1))
    assert (result.deliveries, result.touched) == (1, {DAY + timedelta(days=1)})
    assert rows(connection, "select unfinished from landing.orders") == [(False,)]
    assert land().deliveries == 0


@pytest.mark.parametrize(
    ("delivered", "cancelled", "unfinished"), [(1, str(OPENING), True), (2, "null", False)], ids=["off", "re-dated"]
)
def test_a_delivery_that_changes_when_all_was_delivered_is_found_by_the_nightly_reading(
    sitoo: Served, connection: psycopg.Connection, land: Land, delivered: int, cancelled: str, unfinished: bool
) -> None:
    sell(sitoo, 201, additionaldata={"delivery-pickup-warehouseid": "3"})
    first, later = OPENING + 86_400, OPENING + delivered * 86_400

    def delivery(at: int, called_off: str) -> DeliveryRow:
        items = '[{"orderdeliveryitemid":1,"orderdeliveryid":9,"orderitemid":0,"quantity":1}]'
        body = '{"orderdeliveryid":9,"orderid":201,"warehouseid":3,"datedelivery":%d,"datecancelled":%s,'
        return DeliveryRow(9, 201, 3, OPENING, at, f'{body % (at, called_off)}"orderdeliveryitems":{items}}}')

    sitoo.store.write(deliveries=[delivery(first, "null")])
    sitoo.at(first)
    land(DAY, DAY + timedelta(days=1))
    assert rows(connection, "select unfinished from landing.orders") == [(False,)]
    # A delivery of the sandbox has one version: it is made anew, with its order.
    sitoo.store.take_away_order(201)
    sell(sitoo, 201, additionaldata={"delivery-pickup-warehouseid": "3"})
    sitoo.store.write(deliveries=[delivery(later, cancelled)])
    sitoo.at(later)
    assert land().touched == set()
    assert land(afresh=True).touched == {DAY + timedelta(days=1), DAY + timedelta(days=delivered)}
    assert rows(connection, "select unfinished from landing.orders") == [(unfinished,)]


def test_a_delivery_that_cannot_be_read_is_quarantined_and_stops_nothing(
    sitoo: Served, connection: psycopg.Connection, land: Land
) -> None:
    for orderid in (201, 202):
        sell(sitoo, orderid, additionaldata={"delivery-pickup-warehouseid": "3"})
    body = (
        '{"orderdeliveryid":%d,"orderid":%d,"datedelivery":%d,"orderdeliveryitems":[{"orderitemid":0,"quantity":%s}]}'
    )
    sitoo.store.write(
        deliveries=[
            DeliveryRow(9, 201, 3, OPENING, OPENING, body % (9, 201, OPENING, '"many"')),
            DeliveryRow(10, 202, 3, OPENING, OPENING, body % (10, 202, OPENING, "1")),
        ]
    )
    sitoo.at(OPENING)
    result = land()
    assert (result.deliveries, result.rejected) == (1, 1)
    assert rows(connection, "select orderid, unfinished from landing.orders order by 1") == [(201, True), (202, False)]
    assert rows(connection, "select source, record, registerid from restricted.quarantine") == [
        ("order_deliveries", "9", None)
    ]


def test_z_reports_are_known_without_a_gap_and_land_once(
    sitoo: Served, connection: psycopg.Connection, client: SitooClient, estate: Estate
) -> None:
    day_before, day_after = DAY - timedelta(days=1), DAY + timedelta(days=1)
    for number in (-1, 0, 1):
        sitoo.store.write(z_reports=[z_version(sitoo.world, 10 + number, OPENING + number * 86_400)])

    def reports(first: date, now: datetime) -> LandingResult:
        return land_z_reports(connection, client, first, DAY, estate, now)

    sitoo.at(OPENING + 60)
    assert reports(DAY, sitoo.clock.now()).new == 1
    assert reports(DAY, sitoo.clock.now()).new == 0
    sitoo.at(OPENING + 2 * 86_400)
    assert reports(DAY, sitoo.clock.now()).touched == {day_after}
    # And DAY, whose session begins where this one ended.
    assert reports(day_before, sitoo.clock.now()).touched == {day_before, DAY}
    assert rows(connection, "select zreportid from landing.z_reports order by 1") == [(9,), (10,), (11,)]


def test_an_amended_z_report_replaces_its_row(
    sitoo: Served, connection: psycopg.Connection, client: SitooClient, estate: Estate
) -> None:
    report = z_version(sitoo.world, 10, OPENING)
    sitoo.store.write(z_reports=[report])
    amended = report.body.replace('"moneycash_diff": "0.00"', '"moneycash_diff": "5.00"')
    sitoo.store.write(z_reports=[report._replace(version=2, visible_from=OPENING + 60, body=amended)])
    sitoo.at(OPENING)
    land_z_reports(connection, client, DAY, DAY, estate, sitoo.clock.now())
    sitoo.at(OPENING + 60)
    assert land_z_reports(connection, client, DAY, DAY, estate, sitoo.clock.now()).changed == 1
    assert rows(connection, "select payload ->> 'moneycash_diff' from landing.z_reports") == [("5.00",)]
