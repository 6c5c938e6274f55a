"""What happens late at the tills, through Dagster: each touches its own days and posts a difference, once."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import dagster as dg

from sitoo_netsuite.definitions import defs
from sitoo_netsuite.estate import Store
from sitoo_netsuite.flows.sales.automation import late_orders
from sitoo_netsuite.flows.sales.late import touch, touched_days
from sitoo_netsuite.operate.runs import run_days, run_job
from sitoo_netsuite.resources import Clock, EstateFile, Sitoo, Warehouse
from sitoo_netsuite.sandbox.trade.store import OrderVersion, TradeStore
from sitoo_netsuite.trading_day import trading_day
from sitoo_netsuite_tests.end_to_end.conftest import Retailer

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Sale:
    """A plain sale of goods by card, and the Z-report of its session, which lies within its trading day."""

    orderid: int
    store: str
    trading_day: date
    registerid: str
    zreportid: int
    gross_minor: int

    @property
    def z(self) -> str:
        return f"{self.registerid}/{self.zreportid}"


def sales_of(retailer: Retailer, day: date) -> list[Sale]:
    """Such sales of a trading day, those first whose Z-report is the latest of its register."""
    found = []
    shops = {register.registerid: shop for shop in retailer.sandbox.world.shops for register in shop.registers}
    _, bodies = trade(retailer).orders(retailer.sandbox.clock.epoch(), sort="orderid", num=10_000)
    for body in map(json.loads, bodies):
        if (body["ordertypeid"], body["orderstateid"], body["paymentstateid"]) != (10, 10, 20):
            continue
        plain = all(item["quantity"] > 0 and item["sku"].startswith("HOM") for item in body["orderitems"])
        if not plain or [payment["name"] for payment in body["payments"]] != ["Card"] or not body["registerid"]:
            continue
        if "delivery-pickup-warehouseid" in body["additionaldata"]:
            continue
        place = retailer.estate.by_store[shops[body["registerid"]].key]

        def trading(epoch: int, place: Store = place) -> date:
            return trading_day(datetime.fromtimestamp(epoch, UTC), place.zone, place.cut_over)

        found += [
            Sale(
                body["orderid"], place.store, day, body["registerid"], session.zreportid,
                int(Decimal(body["moneytotal_gross_all"]) * 100),
            )
            for session in trade(retailer).till_sessions()
            if session.registerid == body["registerid"] and session.opened <= body["orderdate"] <= session.closed
            and {trading(session.opened), trading(body["orderdate"]), trading(session.closed)} == {day}
        ]  # fmt: skip
    return sorted(found, key=lambda sale: (-sale.zreportid, sale.orderid))


def a_sale(retailer: Retailer, day: date) -> Sale:
    return sales_of(retailer, day)[0]


def trade(retailer: Retailer) -> TradeStore:
    return retailer.sandbox.store


def serve_order(retailer: Retailer, orderid: int, change: Any) -> None:
    """A new version of an order, there from now on."""
    latest = trade(retailer).order_versions(orderid)[-1]
    body = json.loads(latest.body)
    change(body)
    now = retailer.sandbox.clock.epoch()
    trade(retailer).write(orders=[latest.next_version(json.dumps(body), now)])


def serve_z(retailer: Retailer, registerid: str, zreportid: int, change: Any) -> None:
    """A corrected Z-report, added now."""
    latest = trade(retailer).z_report_versions(registerid, zreportid)[-1]
    body = json.loads(latest.body)
    change(body)
    now = retailer.sandbox.clock.epoch()
    trade(retailer).write(z_reports=[latest.next_version(json.dumps({**body, "dateadded": now}), now)])


def pay_otherwise(tender: str) -> Any:
    def change(body: dict[str, Any]) -> None:
        for payment in body["payments"]:
            payment.update(name=tender, reftype=None, cardissuer=None)

    return change


def move_in_z(sale: Sale, to: str) -> Any:
    """The same payment under another name in the totals of the Z-report."""

    def change(body: dict[str, Any]) -> None:
        paid = Counter({entry["name"]: Decimal(entry["moneytotal"]) for entry in body["paymentssales"]})
        amount = Decimal(sale.gross_minor) / 100
        paid["Card"] -= amount
        paid[to] += amount
        entries = {entry["name"]: entry for entry in body["paymentssales"]}
        template = entries["Card"]
        body["paymentssales"] = [
            {**entries.get(name, template), "name": name, "moneytotal": f"{total:.2f}"} for name, total in paid.items()
        ]

    return change


def without_the_sale(order: dict[str, Any]) -> Any:
    """The Z-report as it would be had the sale not been made; what is in the drawer stays."""
    net = sum(Decimal(item["moneyitemtotal_net"]) for item in order["orderitems"])
    gross = Decimal(order["moneytotal_gross_all"]) - Decimal(order["moneytotal_gross_roundoff"])

    def change(body: dict[str, Any]) -> None:
        body["numsales"] -= 1
        for name, amount in {
            "moneysalestotal": gross,
            "moneysalestotalnet": net,
            "moneysummarytotal": gross,
            "moneygrandtotalsales": gross,
        }.items():
            body[name] = f"{Decimal(body[name]) - amount:.2f}"
        for item in order["orderitems"]:
            [group] = [group for group in body["vatgroupssales"] if group["vatvalue"] == item["vatvalue"]]
            parts = {"net": Decimal(item["moneyitemtotal_net"]), "vat": Decimal(item["moneyitemtotal_vat"])}
            for name, amount in {**parts, "": parts["net"] + parts["vat"]}.items():
                group[f"moneytotal{name}"] = f"{Decimal(group[f'moneytotal{name}']) - amount:.2f}"
        for payment in order["payments"]:
            [entry] = [entry for entry in body["paymentssales"] if entry["name"] == payment["name"]]
            entry["moneytotal"] = f"{Decimal(entry['moneytotal']) - Decimal(payment['moneyamount']):.2f}"

    return change


def body_of(retailer: Retailer, orderid: int) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(trade(retailer).order_versions(orderid)[-1].body)
    return body


def withhold(retailer: Retailer, orderids: list[int]) -> list[OrderVersion]:
    """A till that is offline: Sitoo has not heard of these orders; they are given back to be uploaded."""
    kept = [trade(retailer).order_versions(orderid)[-1] for orderid in orderids]
    for orderid in orderids:
        trade(retailer).take_away_order(orderid)
    return kept


def upload(retailer: Retailer, orders: list[OrderVersion]) -> list[int]:
    """They arrive now: with their old times, and new orderids."""
    now = retailer.sandbox.clock.epoch()
    ids = []
    for order in orders:
        newest = _highest(retailer)
        ids.append(newest + 1)
        body = {**json.loads(order.body), "orderid": newest + 1}
        trade(retailer).write(
            orders=[order._replace(orderid=newest + 1, version=1, visible_from=now, body=json.dumps(body))]
        )
    return ids


def _highest(retailer: Retailer) -> int:
    _, [newest] = trade(retailer).orders(retailer.sandbox.clock.epoch(), num=1)
    orderid: int = json.loads(newest)["orderid"]
    return orderid


def touched(retailer: Retailer) -> set[date]:
    """Touched days of the trade. Goods that wait for delivery are delivered for some days after it."""
    return {day for day in touched_days(retailer.connection) if day <= retailer.last}


def run_touched(retailer: Retailer) -> set[date]:
    """Runs the touched days as the sensor would, each by itself; which they were."""
    days = touched(retailer)
    for day in sorted(days):
        run_days(defs, retailer.instance, retailer.connection, day, day, "close_days")
    return days


def later(retailer: Retailer, wait: timedelta = HOUR) -> None:
    retailer.set_time(retailer.sandbox.clock.now() + wait)


def numbers(retailer: Retailer) -> Counter[str]:
    """How many journals NetSuite holds of each store-day: `S01-20260302`."""
    return Counter(name.removeprefix("JE-").rsplit("-", 2)[0] for name in retailer.journals_in_netsuite())


def store_day(sale: Sale) -> str:
    return f"{sale.store}-{sale.trading_day:%Y%m%d}"


def test_an_order_amended_after_posting_posts_the_difference_of_its_day_and_is_a_case(retailer: Retailer) -> None:
    retailer.run()
    before = numbers(retailer)
    sale = a_sale(retailer, retailer.first)
    later(retailer)
    serve_order(retailer, sale.orderid, pay_otherwise("Swish"))
    assert touched(retailer) == set()
    run_job(defs, retailer.instance, "reread_digests")
    assert touched(retailer) == {sale.trading_day}

    # Until the Z-report is corrected too, the books keep what was posted.
    assert run_touched(retailer) == {sale.trading_day}
    assert numbers(retailer) == before
    assert {case["kind"] for case in retailer.cases()} == {"receipt_amended", "z_variance", "held_store_day"}
    assert retailer.judge().differences == ()

    later(retailer)
    serve_z(retailer, sale.registerid, sale.zreportid, move_in_z(sale, "Swish"))
    run_job(defs, retailer.instance, "reread_digests")
    assert run_touched(retailer) == {sale.trading_day}
    assert numbers(retailer) == before + Counter([store_day(sale)])
    [case] = retailer.cases()
    assert (case["kind"], case["record"], case["store"]) == ("receipt_amended", str(sale.orderid), sale.store)
    assert (case["trading_day"], case["amount_minor"]) == (sale.trading_day, sale.gross_minor)
    assert retailer.judge().differences == ()

    assert run_touched(retailer) == set()
    retailer.run()
    assert numbers(retailer) == before + Counter([store_day(sale)])
    assert retailer.cases() == [case]


def test_a_receipt_cancelled_after_posting_is_taken_back_once_its_z_agrees(retailer: Retailer) -> None:
    retailer.run()
    before = numbers(retailer)
    sale = a_sale(retailer, retailer.last)
    later(retailer)
    serve_order(retailer, sale.orderid, lambda body: body.update(orderstateid=20))
    serve_z(retailer, sale.registerid, sale.zreportid, without_the_sale(body_of(retailer, sale.orderid)))
    run_job(defs, retailer.instance, "reread_digests")
    assert run_touched(retailer) == {sale.trading_day}
    assert numbers(retailer) == before + Counter([store_day(sale)])
    [case] = retailer.cases()
    assert (case["kind"], case["record"], case["amount_minor"]) == (
        "receipt_amended", str(sale.orderid), sale.gross_minor,
    )  # fmt: skip
    assert retailer.judge().differences == ()


def test_a_change_that_moves_no_money_is_no_case_and_posts_nothing(retailer: Retailer) -> None:
    retailer.run()
    before = numbers(retailer)
    sale = a_sale(retailer, retailer.first)
    later(retailer)
    serve_order(retailer, sale.orderid, lambda body: body["additionaldata"].update({"pos-note": "gift-wrapped"}))
    run_job(defs, retailer.instance, "reread_digests")
    assert run_touched(retailer) == {sale.trading_day}
    assert numbers(retailer) == before
    assert retailer.cases() == []


def test_a_receipt_uploaded_days_later_holds_its_session_until_it_comes(retailer: Retailer) -> None:
    sale = a_sale(retailer, retailer.first)
    kept = withhold(retailer, [sale.orderid])
    result = retailer.run()
    assert {(s.store, s.trading_day) for s in result.states if s.state != "posted"} == {(sale.store, sale.trading_day)}
    [variance] = retailer.cases("z_variance")
    assert (variance["record"], variance["amount_minor"]) == (sale.z, sale.gross_minor)
    assert retailer.judge().differences == ()

    later(retailer, 48 * HOUR)
    upload(retailer, kept)
    retailer.run(sale.trading_day, sale.trading_day)
    assert touched(retailer) == set()
    assert numbers(retailer) == Counter(dict.fromkeys(numbers(retailer), 1))
    assert len(numbers(retailer)) == 4
    assert retailer.cases() == []
    assert retailer.judge().differences == ()


def test_a_till_whose_receipts_and_z_come_late_is_added_to_a_day_posted_without_it(retailer: Retailer) -> None:
    sale = a_sale(retailer, retailer.first)
    session = next(
        s for s in trade(retailer).till_sessions() if (s.registerid, s.zreportid) == (sale.registerid, sale.zreportid)
    )
    _, bodies = trade(retailer).orders(retailer.sandbox.clock.epoch(), sort="orderid", num=10_000)
    offline = [
        body["orderid"]
        for body in map(json.loads, bodies)
        if body["registerid"] == sale.registerid and session.opened <= body["orderdate"] <= session.closed
    ]
    kept = withhold(retailer, offline)
    report = trade(retailer).z_report_versions(sale.registerid, sale.zreportid)[-1]
    trade(retailer).take_away_z_report(sale.registerid, sale.zreportid)
    assert retailer.run().summary()["posted"] == 4
    before = numbers(retailer)

    later(retailer)
    upload(retailer, kept)
    run_job(defs, retailer.instance, "reread_digests")
    assert run_touched(retailer) == {sale.trading_day}
    assert numbers(retailer) == before, "the books keep what was posted while the till has not closed"
    assert retailer.judge().differences == ()

    later(retailer, 72 * HOUR)
    retailer.run(sale.trading_day, sale.trading_day)
    [missing] = retailer.cases("z_missing")
    till_sales = gross_of_session(retailer, sale)
    assert (missing["record"], missing["store"], missing["trading_day"]) == (sale.z, sale.store, sale.trading_day)
    assert missing["amount_minor"] == till_sales

    now = retailer.sandbox.clock.epoch()
    body = json.dumps({**json.loads(report.body), "dateadded": now})
    trade(retailer).write(z_reports=[report._replace(version=1, visible_from=now, dateadded=now, body=body)])
    retailer.run(retailer.last, retailer.last)
    assert sale.trading_day in touched(retailer)
    assert run_touched(retailer) >= {sale.trading_day}
    assert numbers(retailer) == before + Counter([store_day(sale)])
    assert retailer.cases() == []
    assert retailer.judge().differences == ()


def gross_of_session(retailer: Retailer, sale: Sale) -> int:
    row = retailer.connection.execute(
        """
        select sum(r.gross_minor)::bigint from model.receipts r
        where r.registerid = %s and r.excluded is null and r.trading_day = %s
          and not exists (select from landing.z_reports z where z.registerid = r.registerid
                          and r.sold_at between z.opened_at and z.closed_at)
        """,
        (sale.registerid, sale.trading_day),
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_receipt_uploaded_twice_counts_once(retailer: Retailer) -> None:
    retailer.run()
    before = numbers(retailer)
    sale = a_sale(retailer, retailer.first)
    later(retailer)
    [again] = upload(retailer, [trade(retailer).order_versions(sale.orderid)[-1]])
    run_job(defs, retailer.instance, "reread_digests")
    assert run_touched(retailer) == {sale.trading_day}
    assert numbers(retailer) == before
    [case] = retailer.cases()
    assert (case["kind"], case["record"], case["amount_minor"]) == ("doubled_receipt", str(again), sale.gross_minor)
    assert retailer.judge().differences == ()


def test_a_record_mended_later_clears_and_posts(retailer: Retailer) -> None:
    sale = a_sale(retailer, retailer.first)
    right = trade(retailer).order_versions(sale.orderid)[-1]
    broken = json.dumps({**json.loads(right.body), "moneytotal_gross_all": "a lot"})
    trade(retailer).rewrite(orders=[right._replace(body=broken)])
    result = retailer.run()
    assert result.summary()["posted"] == 3
    assert "unparsable_record" in {case["kind"] for case in retailer.cases()}
    assert retailer.judge().differences == ()

    later(retailer, 24 * HOUR)
    trade(retailer).write(orders=[right.next_version(right.body, retailer.sandbox.clock.epoch())])
    # Any run asks for it again; the day it belongs to then waits for its own.
    retailer.run(retailer.last, retailer.last)
    assert run_touched(retailer) == {sale.trading_day}
    assert len(numbers(retailer)) == 4
    assert retailer.cases() == []
    assert retailer.judge().differences == ()


def test_while_a_day_goes_on_it_is_landed_and_planned_and_nothing_is_posted(retailer: Retailer) -> None:
    sale = a_sale(retailer, retailer.first)
    session = next(
        s for s in trade(retailer).till_sessions() if (s.registerid, s.zreportid) == (sale.registerid, sale.zreportid)
    )
    retailer.set_time(datetime.fromtimestamp(session.closed - 3600, UTC))
    run_job(defs, retailer.instance, "read_catalogue")
    result = run_days(defs, retailer.instance, retailer.connection, retailer.first, retailer.first, "land_and_plan")
    assert {state.state for state in result.states} == {"waiting"}
    result = retailer.run(retailer.first, retailer.first)
    assert {state.state for state in result.states} == {"waiting"}
    assert numbers(retailer) == {}
    assert retailer.cases() == []


def test_the_sensor_asks_for_the_touched_days_that_are_over_once_for_each_change(retailer: Retailer) -> None:
    over, going_on = retailer.first, retailer.last + timedelta(days=400)

    def tick() -> list[tuple[str | None, str | None]]:
        resources = {"estate_file": EstateFile(), "clock": Clock(), "warehouse": Warehouse(), "sitoo": Sitoo()}
        # A sensor's context needs an instance on disk.
        with (
            dg.instance_for_test() as instance,
            dg.build_sensor_context(instance, str(_highest(retailer)), resources=resources) as context,
        ):
            result = late_orders(context)
        assert isinstance(result, dg.SensorResult)
        return [(request.partition_key, request.run_key) for request in result.run_requests or ()]

    retailer.run()
    touch(retailer.connection, [over, going_on], retailer.estate)
    asked = tick()
    assert [day for day, _ in asked] == [over.isoformat()]
    assert tick() == asked, "Dagster starts one run of a key"
    touch(retailer.connection, [over], retailer.estate)
    assert [day for day, _ in tick()] == [over.isoformat()] and tick() != asked
    run_days(defs, retailer.instance, retailer.connection, over, over, "close_days")
    assert tick() == []
