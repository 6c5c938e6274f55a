from __future__ import annotations

import json
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from sitoo_netsuite.sandbox.trade.behaviour import till_days
from sitoo_netsuite.sandbox.trade.build import FIRST_ORDERID, build_trade, record_trade
from sitoo_netsuite.sandbox.trade.hours import close_of
from sitoo_netsuite.sandbox.trade.store import OrderFilter, TradeStore
from sitoo_netsuite.sandbox.trade.till import Basket
from sitoo_netsuite.sandbox.world import World, make_world
from sitoo_netsuite.trading_day import days, trading_day
from sitoo_netsuite_tests.sandbox.trade.reading import (
    EVERY_KIND,
    Json,
    all_orders,
    all_z_reports,
    deliveries_of,
    every_line_kind,
    excluded,
    figures,
    receipts_of,
    virtual,
)

SEEDS = (7, 11, 2026)


class Trade(NamedTuple):
    world: World
    store: TradeStore
    orders: list[Json]
    z_reports: list[Json]

    @property
    def receipts(self) -> list[Json]:
        return [order for order in self.orders if excluded(order) is None]


@pytest.fixture(scope="module", params=SEEDS)
def trade(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trade]:
    world = make_world(seed=request.param, stores=6, days=7)
    store = build_trade(world, 150, tmp_path_factory.mktemp("trade") / "trade.sqlite")
    yield Trade(world, store, all_orders(store), all_z_reports(store, world))
    store.close()


def _money(text: str) -> Decimal:
    return Decimal(text)


# ---------------------------------------------------------------- receipts


def test_every_receipt_balances(trade: Trade) -> None:
    for order in trade.receipts:
        net = sum(_money(item["moneyitemtotal_net"]) for item in order["orderitems"])
        vat = sum(_money(item["moneyitemtotal_vat"]) for item in order["orderitems"])
        total = net + vat + _money(order["moneytotal_gross_roundoff"])
        assert (
            total == _money(order["moneytotal_gross_all"]) == sum(_money(p["moneyamount"]) for p in order["payments"])
        )
        assert (net, vat) == (_money(order["moneyfinal_net"]), _money(order["moneyfinal_vat"]))


def test_net_and_vat_of_a_sold_row_are_what_its_price_with_vat_holds(trade: Trade) -> None:
    for order in trade.receipts:
        for item in order["orderitems"]:
            if item["quantity"] > 0:
                rate = Decimal(item["vatvalue"])
                gross = _money(item["moneyitemtotal_net"]) + _money(item["moneyitemtotal_vat"])
                exact = gross * rate / (100 + rate)
                assert abs(exact - _money(item["moneyitemtotal_vat"])) <= Decimal("0.005")


def test_only_the_amount_paid_in_cash_is_rounded_and_only_where_kronor_are(trade: Trade) -> None:
    rounded = [order for order in trade.receipts if _money(order["moneytotal_gross_roundoff"])]
    assert rounded
    for order in rounded:
        assert order["currencycode"] == "SEK"
        assert "Cash" in {payment["name"] for payment in order["payments"]}
        assert abs(_money(order["moneytotal_gross_roundoff"])) <= Decimal("0.50")
    for order in trade.receipts:
        for payment in order["payments"]:
            if payment["name"] == "Cash" and order["currencycode"] == "SEK":
                assert _money(payment["moneyamount"]) % 1 == 0


def test_a_store_day_has_as_many_receipts_as_asked_for(trade: Trade) -> None:
    zones = {shop.key: (ZoneInfo(shop.time_zone), shop.cut_over) for shop in trade.world.shops}
    per_day = Counter(
        (key, trading_day(datetime.fromtimestamp(order["orderdate"], UTC), *zones[key]))
        for order in trade.receipts
        for key in [order["additionaldata"]["store-externalid"]]
    )
    assert set(per_day.values()) == {150}
    assert len(per_day) == 6 * 7


def test_receipt_numbers_run_without_gaps_per_register(trade: Trade) -> None:
    keys = {r.registerid: r.registerkey for shop in trade.world.shops for r in shop.registers}
    counters: dict[str, list[int]] = defaultdict(list)
    for order in trade.receipts:
        number = order["additionaldata"]["pos-receiptid"]
        assert number.startswith(keys[order["registerid"]])
        counters[order["registerid"]].append(int(number.removeprefix(keys[order["registerid"]])))
    for numbers in counters.values():
        assert sorted(numbers) == list(range(10_001, 10_001 + len(numbers)))


def test_what_is_no_receipt_stands_among_them_and_has_no_receipt_number(trade: Trade) -> None:
    reasons = Counter(excluded(order) for order in trade.orders)
    assert {"booking", "parked", "practice", "cancelled", "abandoned", "open", "unpaid", "web_order"} <= set(reasons)
    for order in trade.orders:
        if excluded(order) is not None:
            assert "pos-receiptid" not in order["additionaldata"]


def test_customers_are_made_up_and_most_receipts_have_none(trade: Trade) -> None:
    emails = [order["email"] for order in trade.receipts]
    assert all(email == "" or email.endswith("@example.com") for email in emails)
    assert emails.count("") > len(emails) / 2


# ---------------------------------------------------------------- returns, exchanges, cards


def _rows_by_receipt(trade: Trade) -> dict[int, Json]:
    return {order["orderid"]: order for order in trade.orders}


def test_a_linked_return_gives_back_no_more_than_was_paid(trade: Trade) -> None:
    orders = _rows_by_receipt(trade)
    back: dict[tuple[int, int], list[Json]] = defaultdict(list)
    for order in trade.receipts:
        original = order["additionaldata"].get("pos-originalsales-orderid")
        assert (order["creditorderid"] is None) == (original is None)
        if original:
            assert order["creditorderid"] == int(original) < order["orderid"]
            for item in order["orderitems"]:
                back[int(original), int(item["additionaldata"]["pos-originalsales-orderitemid"])].append(item)
    assert back
    whole = 0
    for (orderid, place), items in back.items():
        sold = orders[orderid]["orderitems"][place]
        quantity = -sum(item["quantity"] for item in items)
        assert quantity <= sold["quantity"]
        for field in ("moneyitemtotal_net", "moneyitemtotal_vat"):
            given_back = -sum(_money(item[field]) for item in items)
            assert given_back <= _money(sold[field])
            if quantity == sold["quantity"]:
                assert given_back == _money(sold[field])
                whole += sold["quantity"] > 1
        for item in items:
            assert item["sku"] == sold["sku"]
            assert item["vatvalue"] == sold["vatvalue"]
            assert item["moneyoriginalprice"] == sold["moneyoriginalprice"]
            assert item["moneydiscount"] == sold["moneydiscount"]
            assert _money(item["moneynetpriceperunit"]) >= 0
            assert item["additionaldata"]["reasoncode-return"]
    assert whole, "no row of several came back whole, in parts or at once"


def test_returns_are_of_the_same_day_of_earlier_days_and_without_a_receipt(trade: Trade) -> None:
    orders = _rows_by_receipt(trade)
    ages, unlinked = Counter[bool](), 0
    for order in trade.receipts:
        if all(item["quantity"] < 0 for item in order["orderitems"]):
            if order["creditorderid"] is None:
                unlinked += 1
            else:
                ages[order["orderdate"] - orders[order["creditorderid"]]["orderdate"] > 24 * 3600] += 1
    assert ages[True]
    assert ages[False]
    assert unlinked


def test_the_legs_of_an_exchange_cancel_out_and_name_each_other(trade: Trade) -> None:
    orders = _rows_by_receipt(trade)
    sales = [order for order in trade.receipts if "pos-refund-orderid" in order["additionaldata"]]
    refunds = [order for order in trade.receipts if "pos-refundsales-orderid" in order["additionaldata"]]
    assert len(sales) == len(refunds) > 0
    for sale in sales:
        refund = orders[int(sale["additionaldata"]["pos-refund-orderid"])]
        assert refund["additionaldata"]["pos-refundsales-orderid"] == str(sale["orderid"])
        assert refund["additionaldata"]["pos-receiptid"] == sale["additionaldata"]["pos-refund-receiptid"]
        legs = [
            _money(payment["moneyamount"])
            for order in (sale, refund)
            for payment in order["payments"]
            if virtual(payment)
        ]
        assert len(legs) == 2
        assert sum(legs) == 0
    legs_anywhere = [payment for order in trade.receipts for payment in order["payments"] if virtual(payment)]
    assert len(legs_anywhere) == 2 * len(sales)


def test_no_card_or_credit_note_is_spent_beyond_what_was_put_on_it(trade: Trade) -> None:
    balances: dict[str, Decimal] = defaultdict(Decimal)
    for order in sorted(trade.receipts, key=lambda order: (order["orderdate"], order["orderid"])):
        for item in order["orderitems"]:
            if item["sku"] in ("GIFTCARD", "EXPCARD"):
                number = item["additionaldata"]["giftcard-cardnumber"]
                balances[number] += _money(item["moneyitemtotal_net"]) + _money(item["moneyitemtotal_vat"])
        for payment in order["payments"]:
            if payment["name"] in ("Gift card", "Experience card", "Credit note"):
                number = payment["additionaldata"]["giftcard-cardnumber"]
                balances[number] -= _money(payment["moneyamount"])
                assert balances[number] >= 0
    assert any(balance == 0 for balance in balances.values())


def test_an_order_to_be_delivered_later_is_delivered_after_it_was_paid(trade: Trade) -> None:
    later = [order for order in trade.receipts if order["additionaldata"].get("delivery-pickup-warehouseid")]
    parts: Counter[int] = Counter()
    for order in later:
        deliveries = deliveries_of(trade.store, order["orderid"])
        parts[len(deliveries)] += 1
        handed_over: Counter[int] = Counter()
        for delivery in deliveries:
            assert delivery["datedelivery"] > order["orderdate"]
            for item in delivery["orderdeliveryitems"]:
                handed_over[item["orderitemid"]] += item["quantity"]
        assert handed_over == {item["orderitemid"]: item["quantity"] for item in order["orderitems"]}
    assert parts[1]
    assert parts[2]


def test_goods_sold_at_the_till_are_delivered_at_once(trade: Trade) -> None:
    for order in trade.receipts[::50]:
        if not order["additionaldata"].get("delivery-pickup-warehouseid"):
            (delivery,) = deliveries_of(trade.store, order["orderid"])
            assert [item["quantity"] for item in delivery["orderdeliveryitems"]] == [
                item["quantity"] for item in order["orderitems"]
            ]


# ---------------------------------------------------------------- Z-reports


def test_every_z_report_says_what_its_receipts_say(trade: Trade) -> None:
    for z in trade.z_reports:
        receipts = receipts_of(trade.orders, z)
        told = figures(receipts)
        for name in ("sales", "salesnotdelivered", "refund"):
            assert {
                group["vatvalue"]: [_money(group["moneytotalnet"]), _money(group["moneytotalvat"])]
                for group in z[f"vatgroups{name}"]
            } == told["rates"][name]
            net = sum(group[0] for group in told["rates"][name].values())
            vat = sum(group[1] for group in told["rates"][name].values())
            assert _money(z[f"money{name}totalnet"]) == net
            assert _money(z[f"money{name}total"]) == net + vat
            assert sum(_money(group["moneytotal"]) for group in z[f"productgroups{name}"]) == net + vat
            assert z[f"num{name}"] == told["counts"][f"num{name}"]
            assert z[f"num{name}items"] == told["counts"][f"num{name}items"]
        assert z["numreceipts"] == len(receipts)
        assert _money(z["moneyroundoff"]) == told["rounding"]
        assert _money(z["moneycash_salesrefunds"]) == told["payments"].get("Cash", 0)
        payments: dict[str, Decimal] = defaultdict(Decimal)
        for side, sign in (("paymentssales", 1), ("paymentsrefund", -1)):
            for payment in z[side]:
                assert _money(payment["moneytotal"]) > 0
                payments[payment["name"]] += sign * _money(payment["moneytotal"])
                if payment["name"] == "Card":
                    schemes = sum(_money(part["moneysubtotal"]) for part in payment["subpayments"])
                    assert schemes == _money(payment["moneytotal"])
        assert {name: total for name, total in payments.items() if total} == {
            name: total for name, total in told["payments"].items() if total
        }


def test_the_sums_within_a_z_report_hold(trade: Trade) -> None:
    for z in trade.z_reports:
        sales = _money(z["moneysalestotal"]) + _money(z["moneysalesnotdeliveredtotal"])
        assert _money(z["moneysummarytotal"]) == (
            sales - _money(z["moneyrefundtotal"]) + _money(z["moneysummarysalestax"]) + _money(z["moneyroundoff"])
        )
        assert _money(z["moneycash_expected"]) == sum(
            _money(z[f"moneycash_{part}"]) for part in ("in", "salesrefunds", "petty", "bank")
        )
        assert _money(z["moneycash_diff"]) == _money(z["moneycash_counted"]) - _money(z["moneycash_expected"])
        assert _money(z["moneycash_out"]) == _money(z["moneycash_counted"]) - _money(z["moneycash_bankfinal"])
        assert _money(z["moneycash_out"]) >= 0
        assert _money(z["moneycash_expected"]) >= 0
        assert _money(z["moneygrandtotalnet"]) == _money(z["moneygrandtotalsales"]) - _money(z["moneygrandtotalrefund"])


def test_z_numbers_and_grand_totals_run_on_per_register(trade: Trade) -> None:
    previous: dict[str, Json] = {}
    for z in trade.z_reports:
        before = previous.get(z["registerid"])
        assert z["zreportid"] == (before["zreportid"] + 1 if before else 1)
        sales = _money(z["moneysalestotal"]) + _money(z["moneysalesnotdeliveredtotal"])
        assert _money(z["moneygrandtotalsales"]) == sales + (_money(before["moneygrandtotalsales"]) if before else 0)
        assert _money(z["moneygrandtotalrefund"]) == _money(z["moneyrefundtotal"]) + (
            _money(before["moneygrandtotalrefund"]) if before else 0
        )
        if before:
            assert before["datecreated"] < z["dateopened"]
        previous[z["registerid"]] = z


def test_petty_cash_is_named_in_the_comment_or_is_not(trade: Trade) -> None:
    comments = [(z["comment"], -_money(z["moneycash_petty"])) for z in trade.z_reports if _money(z["moneycash_petty"])]
    named = [(text, paid) for text, paid in comments if text.startswith("Petty cash: ")]
    assert named
    assert len(named) < len(comments)
    for text, paid in named:
        reasons = [part.rsplit(" ", 1) for part in text.removeprefix("Petty cash: ").split(", ")]
        assert sum(Decimal(amount) for _, amount in reasons) == paid


def test_practice_receipts_are_counted_apart(trade: Trade) -> None:
    practised = [order for order in trade.orders if excluded(order) == "practice"]
    assert sum(z["numpractice"] for z in trade.z_reports) == len(practised)
    assert sum(_money(z["moneypractice"]) for z in trade.z_reports) == sum(
        _money(order["moneytotal_gross_all"]) for order in practised
    )


# ---------------------------------------------------------------- sessions and time


def test_every_receipt_lies_in_exactly_one_session(trade: Trade) -> None:
    sessions = defaultdict(list)
    for z in trade.z_reports:
        sessions[z["registerid"]].append((z["dateopened"], z["datecreated"]))
    for order in trade.receipts:
        around = [s for s in sessions[order["registerid"]] if s[0] <= order["orderdate"] <= s[1]]
        assert len(around) == 1


def test_some_registers_have_two_sessions_in_a_day_and_some_none(trade: Trade) -> None:
    zones = {str(shop.storeid): ZoneInfo(shop.time_zone) for shop in trade.world.shops}
    per_day = Counter(
        (z["registerid"], datetime.fromtimestamp(z["datecreated"], zones[z["store_id"]]).date())
        for z in trade.z_reports
    )
    assert 2 in per_day.values()
    registers = sum(len(shop.registers) for shop in trade.world.shops)
    assert len(per_day) < registers * trade.world.days


def test_a_session_left_open_over_night_has_receipts_on_both_trading_days(trade: Trade) -> None:
    spanning = 0
    for shop in trade.world.shops:
        zone = ZoneInfo(shop.time_zone)
        for z in trade.z_reports:
            if z["store_id"] == str(shop.storeid):
                touched = {
                    trading_day(datetime.fromtimestamp(order["orderdate"], UTC), zone, shop.cut_over)
                    for order in receipts_of(trade.orders, z)
                }
                spanning += len(touched) == 2
    assert spanning >= 6


def test_no_session_stays_open_past_the_last_day(trade: Trade) -> None:
    last = trade.world.start + timedelta(days=trade.world.days - 1)
    for shop in trade.world.shops:
        end = close_of(trade.world, shop.key, last).timestamp()
        mine = [order for order in trade.receipts if order["additionaldata"]["store-externalid"] == shop.key]
        arrived = [z for z in all_z_reports(trade.store, trade.world, int(end)) if z["store_id"] == str(shop.storeid)]
        assert sum(z["numreceipts"] for z in arrived) == len(mine)


def test_at_its_close_a_store_day_has_arrived_whole(trade: Trade) -> None:
    for shop in trade.world.shops:
        zone = ZoneInfo(shop.time_zone)
        mine = [order for order in trade.receipts if order["additionaldata"]["store-externalid"] == shop.key]
        for day in days(trade.world.start, trade.world.start + timedelta(days=trade.world.days - 1)):
            now = int(close_of(trade.world, shop.key, day).timestamp())
            reports = all_z_reports(trade.store, trade.world, now)
            for order in mine:
                if trading_day(datetime.fromtimestamp(order["orderdate"], UTC), zone, shop.cut_over) == day:
                    assert any(order in receipts_of([order], z) for z in reports)


def test_orderids_rise_with_arrival_over_all_shops(trade: Trade) -> None:
    last = trade.store.last_arrival() or 0
    first = int(datetime.combine(trade.world.start, datetime.min.time(), UTC).timestamp())
    seen = 0
    for now in range(first, last + 3600, 3600):
        total, bodies = trade.store.orders(now, num=1)
        if total:
            assert json.loads(bodies[0])["orderid"] == FIRST_ORDERID + 2 * (total - 1)
        assert total >= seen
        seen = total
    assert seen == len(trade.orders)


def test_an_order_that_changes_shows_each_state_in_its_time(trade: Trade) -> None:
    first = min(order["orderdate"] for order in trade.orders)
    seen: dict[int, list[tuple[int, int, int]]] = defaultdict(list)
    unfinished = OrderFilter(paymentstate=(0,))
    for now in range(first, first + 12 * 3600, 300):
        for body in trade.store.orders(now, unfinished, num=10**6)[1]:
            order = json.loads(body)
            assert order["payments"] == []
            assert "pos-receiptid" not in order["additionaldata"]
            seen[order["orderid"]].append((order["ordertypeid"], order["orderstateid"], order["paymentstateid"]))
    ends = {order["orderid"]: order for order in trade.orders}
    changes = {
        (states[0], (end["ordertypeid"], end["orderstateid"], end["paymentstateid"]))
        for orderid, states in seen.items()
        for end in [ends[orderid]]
    }
    for change in (
        ((110, 0, 0), (10, 10, 20)),
        ((10, 0, 0), (10, 10, 20)),
        ((10, 0, 0), (10, 20, 0)),
        ((110, 0, 0), (110, 20, 0)),
    ):
        assert change in changes


# ---------------------------------------------------------------- the whole


def test_every_line_kind_of_the_journal_occurs(trade: Trade) -> None:
    assert every_line_kind(trade.store, trade.world) == EVERY_KIND


def test_a_small_trade_still_has_most_line_kinds(tmp_path: Path) -> None:
    world = make_world(seed=1, stores=1, days=2)
    with_few = every_line_kind(build_trade(world, 60, tmp_path / "small.sqlite"), world)
    assert with_few == EVERY_KIND


def test_a_store_day_of_a_few_receipts_is_possible(tmp_path: Path) -> None:
    world = make_world(seed=1, stores=2, days=3)
    store = build_trade(world, 1, tmp_path / "tiny.sqlite")
    assert sum(excluded(order) is None for order in all_orders(store)) == 6


@pytest.mark.parametrize("receipts", [0, -1])
def test_a_trade_without_receipts_is_refused(tmp_path: Path, receipts: int) -> None:
    with pytest.raises(ValueError, match="at least one receipt"):
        build_trade(make_world(1, 1, 1), receipts, tmp_path / "none.sqlite")


def test_the_same_seed_makes_the_same_trade(tmp_path: Path) -> None:
    world = make_world(seed=5, stores=2, days=2)
    one, other = build_trade(world, 40, tmp_path / "a.sqlite"), build_trade(world, 40, tmp_path / "b.sqlite")
    assert all_orders(one) == all_orders(other)
    assert all_z_reports(one, world) == all_z_reports(other, world)


def _at_the_till(world: World, key: str, day: int) -> list[Basket]:
    baskets = list(till_days(world, 40))[day].baskets
    return [basket for basket in baskets if basket.shop and basket.shop.key == key]


def test_a_store_day_is_the_same_however_many_stores_and_days_there_are() -> None:
    small = make_world(seed=5, stores=1, days=3)
    large = make_world(seed=5, stores=4, days=9)
    for day in range(2):
        few, many = _at_the_till(small, "S01", day), _at_the_till(large, "S01", day)
        assert [(b.moment, b.receipt, b.gross_minor) for b in few] == [
            (b.moment, b.receipt, b.gross_minor) for b in many
        ]


def test_a_long_trade_needs_no_more_memory_than_a_short_one(tmp_path: Path) -> None:
    def peak(number_of_days: int) -> int:
        world = make_world(seed=3, stores=2, days=number_of_days)
        tracemalloc.start()
        build_trade(world, 60, tmp_path / f"{number_of_days}.sqlite").close()
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    short, long = peak(4), peak(16)
    assert long < 1.5 * short


def test_a_return_of_a_receipt_nobody_has_is_refused(tmp_path: Path) -> None:
    world = make_world(seed=5, stores=1, days=2)

    with pytest.raises(ValueError, match="has not arrived before it"):
        record_trade(world, list(till_days(world, 60))[1:], tmp_path / "broken.sqlite")
