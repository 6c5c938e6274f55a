"""Landed records modelled and totalled in a real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.landing import land_z_reports
from sitoo_netsuite.flows.sales.model import ModelResult, model_days
from sitoo_netsuite.flows.sales.totals import TotalsResult, refresh_daily_sales
from sitoo_netsuite.sandbox.trade.store import DeliveryRow
from sitoo_netsuite.sandbox.world import GIFT_CARD_SKU
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite_tests.flows.sales.conftest import DAY
from sitoo_netsuite_tests.flows.sales.test_landing import Land, rows, sell
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, Served, z_version

Model = Callable[..., ModelResult]
Total = Callable[..., TotalsResult]

TOMORROW = DAY + timedelta(days=1)
LATE = OPENING + 86_400


def item(sku: str, net: str, vat: str, quantity: int = 1, **changes: Any) -> dict[str, Any]:
    return {
        "orderitemid": 0, "sku": sku, "productname": sku, "quantity": quantity, "vatvalue": 25,
        "moneyitemtotal_net": net, "moneyitemtotal_vat": vat, "moneydiscount": "0.00",
        "decimalquantitytotal": f"{quantity}.000", **changes,
    }  # fmt: skip


def paid(amount: str, name: str = "Cash", **changes: Any) -> dict[str, Any]:
    return {"name": name, "moneyamount": amount, "additionaldata": {}, **changes}


@pytest.fixture
def model(connection: psycopg.Connection, sitoo: Served, estate: Estate, land: Land) -> Model:
    """Lands and models the days as they stand at the sandbox's clock."""

    def modelling(first: date = DAY, last: date = DAY) -> ModelResult:
        land(first, last)
        return model_days(connection, first, last, estate, sitoo.clock.now())

    return modelling


@pytest.fixture
def total(connection: psycopg.Connection, estate: Estate, model: Model) -> Total:
    """Lands, models and totals the days."""

    def totalling(first: date = DAY, last: date = DAY) -> TotalsResult:
        model(first, last)
        return refresh_daily_sales(connection, first, last, estate)

    return totalling


def test_every_order_is_there_and_what_is_no_till_sale_says_why(
    sitoo: Served, connection: psycopg.Connection, model: Model
) -> None:
    sell(sitoo, 101)
    sell(sitoo, 102, ordertypeid=110, orderstateid=0)
    sell(sitoo, 103, registerid=None)
    sell(sitoo, 104, registerid="{UNHEARD-OF}")
    sitoo.at(OPENING)
    result = model()
    assert (result.receipts, result.lines, result.payments) == (4, 4, 4)
    assert result.excluded == {"parked": 1, "web_order": 1}
    assert rows(connection, "select orderid, store, excluded from model.receipts order by 1") == [
        (101, sitoo.world.shops[0].key, None),
        (102, sitoo.world.shops[0].key, "parked"),
        (103, None, "web_order"),
        (104, None, None),
    ]


def test_modelling_again_replaces_the_days_and_only_them(
    sitoo: Served, connection: psycopg.Connection, model: Model
) -> None:
    for number in range(3):
        sell(sitoo, 101 + number, OPENING + number * 86_400)
    sell(sitoo, 102, LATE, OPENING + 3 * 86_400, version=2, orderitems=[item("HOM-2", "80.00", "20.00")])
    sitoo.at(OPENING + 2 * 86_400)
    model(DAY, DAY + timedelta(days=2))
    before = rows(connection, "select * from model.receipt_lines where trading_day <> %s order by orderid", TOMORROW)
    sitoo.at(OPENING + 3 * 86_400)
    assert model(TOMORROW, TOMORROW).receipts == 1
    assert rows(connection, "select sku from model.receipt_lines where trading_day = %s", TOMORROW) == [("HOM-2",)]
    assert (
        rows(connection, "select * from model.receipt_lines where trading_day <> %s order by orderid", TOMORROW)
        == before
    )


def test_a_range_and_its_days_one_by_one_model_the_same(
    sitoo: Served, connection: psycopg.Connection, model: Model
) -> None:
    night = OPENING + 17 * 3600  # 01:00 UTC, before every cut-over
    for number in range(6):
        sell(sitoo, 101 + number, night + number * 3600)
    sitoo.at(OPENING + 2 * 86_400)
    model(DAY, TOMORROW)
    query = "select trading_day, orderid, gross_minor from model.receipts order by 2"
    together = rows(connection, query)
    for day in (DAY, TOMORROW):
        model(day, day)
    assert rows(connection, query) == together
    assert {day for day, _, _ in together} == {DAY, TOMORROW}


def test_a_receipt_that_lands_but_cannot_be_modelled_is_quarantined_until_it_can(
    sitoo: Served, connection: psycopg.Connection, model: Model
) -> None:
    sell(sitoo, 101, orderitems=[item("HOM-1", "80.00", "20.00", vatvalue=17.555)])
    sell(sitoo, 102)
    sell(sitoo, 101, arrives=OPENING + 60, version=2)
    sitoo.at(OPENING)
    assert model().unreadable == 1
    assert rows(connection, "select source, record, day, store, reason from restricted.unparsable") == [
        ("receipts", "101", DAY, sitoo.world.shops[0].key, "a VAT rate of 17.555 percent")
    ]
    sitoo.at(OPENING + 60)
    assert model().receipts == 2
    assert rows(connection, "select record from restricted.unparsable") == []


def test_an_unreadable_order_is_placed_in_its_store_and_trading_day(
    sitoo: Served, connection: psycopg.Connection, model: Model
) -> None:
    sell(sitoo, 101, OPENING + 17 * 3600, moneytotal_gross_all="a lot")
    sitoo.at(LATE)
    model(DAY, TOMORROW)
    assert rows(connection, "select day, store from restricted.unparsable") == [(DAY, sitoo.world.shops[0].key)]


def test_a_z_report_is_the_session_of_the_day_it_was_made(
    sitoo: Served, connection: psycopg.Connection, client: SitooClient, estate: Estate, model: Model
) -> None:
    comment = "Petty cash: cleaning 45.00"
    sitoo.store.write(z_reports=[z_version(sitoo.world, 7, OPENING + 17 * 3600, numsales=3, comment=comment)])
    sitoo.at(LATE)
    land_z_reports(connection, client, DAY, TOMORROW, estate, sitoo.clock.now())
    assert model(DAY, TOMORROW).sessions == 1
    assert rows(
        connection,
        "select trading_day, zreportid, store, comment, (figures ->> 'numsales')::int from model.till_sessions",
    ) == [(DAY, 7, sitoo.world.shops[0].key, comment, 3)]


def test_goods_delivered_later_are_sales_of_the_day_they_are_delivered(
    sitoo: Served, connection: psycopg.Connection, total: Total
) -> None:
    sell(
        sitoo, 201, additionaldata={"delivery-pickup-warehouseid": "3"}, moneytotal_gross_all="200.00",
        orderitems=[
            item("HOM-1", "80.00", "20.00", moneydiscount="5.00"),
            item(GIFT_CARD_SKU, "100.00", "0.00", vatvalue=0, orderitemid=1),
        ],
        payments=[paid("200.00")],
    )  # fmt: skip
    body = (
        '{"orderdeliveryid":9,"orderid":201,"warehouseid":3,"datedelivery":%d,"datecancelled":null,'
        '"orderdeliveryitems":[{"orderitemid":0,"quantity":1},{"orderitemid":1,"quantity":1}]}'
    )
    sitoo.store.write(deliveries=[DeliveryRow(9, 201, 3, LATE, LATE, body % LATE)])
    sitoo.at(OPENING)
    total()
    sitoo.at(LATE)
    total(TOMORROW, TOMORROW)
    assert rows(
        connection,
        "select trading_day, measure, left(item_kind, 4) = 'gift' as card, to_deliver, net_minor, vat_minor, "
        "discount_minor from model.daily_sales where measure <> 'payment' order by 1, 3",
    ) == [
        (DAY, "item", False, True, 8000, 2000, 500),
        (DAY, "item", True, True, 10000, 0, 0),
        (TOMORROW, "delivered", False, False, 8000, 0, 500),
    ]


def test_totals_hold_every_minor_unit_of_the_till_sales_once(
    sitoo: Served, connection: psycopg.Connection, estate: Estate, total: Total
) -> None:
    card = {"reftype": "adyen", "cardissuer": "Visa"}
    sell(sitoo, 101)
    sell(
        sitoo, 102, moneytotal_gross_all="101.00", moneytotal_gross_roundoff="0.50",
        orderitems=[item("HOM-1", "80.00", "20.00"), item("HOM-2", "0.50", "0.00", vatvalue=0, orderitemid=1)],
        payments=[paid("51.00"), paid("50.00", "Card", **card)],
    )  # fmt: skip
    sell(
        sitoo, 103, moneytotal_gross_all="-100.00", orderitems=[item("HOM-1", "-80.00", "-20.00", -1)],
        payments=[paid("-100.00", "Card", **card)],
    )  # fmt: skip
    sell(sitoo, 104, ordertypeid=100)
    sitoo.at(OPENING)
    assert total().held_receipts == 0
    found = rows(
        connection,
        "select measure, positive, vat_rate_bp, tender, acquirer, scheme, net_minor, vat_minor, lines "
        "from model.daily_sales where held = '' order by 1, 2, 3, 4",
    )
    assert found == [
        ("item", False, 2500, "", "", "", -8000, -2000, 1),
        ("item", True, 0, "", "", "", 50, 0, 1),
        ("item", True, 2500, "", "", "", 16000, 4000, 2),
        ("payment", False, -1, "Card", "adyen", "Visa", -10000, 0, 1),
        ("payment", True, -1, "Card", "adyen", "Visa", 5000, 0, 1),
        ("payment", True, -1, "Cash", "", "", 15100, 0, 2),
        ("rounding", True, -1, "", "", "", 50, 0, 1),
    ]
    assert sum(net + vat for measure, *_, net, vat, _ in found if measure != "payment") == sum(
        net for measure, *_, net, _, _ in found if measure == "payment"
    )


def test_special_items_are_counted_by_what_they_are(
    sitoo: Served, connection: psycopg.Connection, estate: Estate, total: Total
) -> None:
    skus = [special.sku for special in estate.items]
    sell(
        sitoo, 101, moneytotal_gross_all=f"{100 * len(skus)}.00", payments=[paid(f"{100 * len(skus)}.00")],
        orderitems=[
            item(sku, "100.00", "0.00", vatvalue=0, orderitemid=place) for place, sku in enumerate(skus)
        ],
    )  # fmt: skip
    sitoo.at(OPENING)
    total()
    kinds = rows(connection, "select item_kind from model.daily_sales where measure = 'item' order by 1")
    assert kinds == sorted(
        (f"{special.kind}:{special.card}" if special.card else str(special.kind),) for special in estate.items
    )


def test_vat_inside_a_single_purpose_card_payment_is_rounded_by_payment(
    sitoo: Served, connection: psycopg.Connection, estate: Estate, total: Total
) -> None:
    books = estate.books[0]
    single = next(card for card in books.gift_cards if card.purpose == "single")
    tender = next(tender for tender in books.tenders if tender.card == single.card)
    assert single.rate == 2500
    for number, amount in enumerate(("0.03", "0.03", "-0.03")):  # VAT inside 3 is 0.6, so 1 of each
        sell(
            sitoo, 101 + number, moneytotal_gross_all=amount, payments=[paid(amount, tender.name)],
            orderitems=[item("HOM-1", amount, "0.00", -1 if amount.startswith("-") else 1)],
        )  # fmt: skip
    sitoo.at(OPENING)
    total()
    assert rows(
        connection,
        "select positive, net_minor, vat_minor from model.daily_sales where measure = 'payment' order by 1",
    ) == [(False, -3, -1), (True, 6, 2)]


def test_what_cannot_be_booked_is_held_by_name_and_the_rest_is_booked(
    sitoo: Served, connection: psycopg.Connection, total: Total
) -> None:
    sell(sitoo, 101)
    sell(sitoo, 102, payments=[paid("100.00", "Seashells")])
    sell(sitoo, 103, orderitems=[item("HOM-1", "80.00", "20.00", vatvalue=33)], payments=[paid("100.00", "Seashells")])
    sell(sitoo, 104, payments=[paid("99.00")])
    sell(sitoo, 105, payments=[paid("100.00", "Card", reftype="unheard-of", cardissuer="Visa")])
    sell(sitoo, 106, payments=[paid("100.00", "Seashells", additionaldata={"virtual-payment": "true"})])
    sell(sitoo, 107, orderitems=[item("HOM-1", "80.00", "20.00", vatvalue=33)])
    sitoo.at(OPENING)
    assert total().held_receipts == 5
    held = rows(connection, "select orderid, kind, record, amount_minor, detail from model.held_receipts order by 1")
    assert [(orderid, kind) for orderid, kind, *_ in held] == [
        (102, "unmapped_tender"),
        (103, "unmapped_tender"),
        (104, "receipt_out_of_balance"),
        (105, "unmapped_tender"),
        (107, "unmapped_vat_rate"),
    ]
    assert {amount for *_, amount, _ in held} == {10000}
    details = {orderid: detail for orderid, *_, detail in held}
    assert "'Seashells'" in details[102]
    assert "'Seashells'" in details[103]
    assert "33 %" in details[103]
    assert "paid 9900" in details[104]
    gross = "select sum(net_minor + vat_minor) from model.daily_sales where measure = 'item' and held {} ''"
    assert rows(connection, gross.format("=")) == [(20000,)]
    assert rows(connection, gross.format("<>")) == [(50000,)]


def test_a_mapping_added_later_books_what_was_held(
    sitoo: Served, connection: psycopg.Connection, estate: Estate, total: Total
) -> None:
    sell(sitoo, 101, payments=[paid("100.00", "Seashells")])
    sitoo.at(OPENING)
    assert total().held_receipts == 1
    content = estate.model_dump(mode="json", by_alias=True)
    for store in content["stores"]:
        store["cut_over"] = store["cut_over"].removesuffix(":00")
    for books in content["books"]:
        for entry in (*books["vat"], *books["gift_cards"]):
            entry["rate"] = None if entry["rate"] is None else entry["rate"] / 100
        books["tenders"].append({"name": "Seashells", "kind": "other", "account": "1599"})
    mended = Estate.model_validate(content)
    assert refresh_daily_sales(connection, DAY, DAY, mended).held_receipts == 0
    assert rows(connection, "select held, net_minor from model.daily_sales where measure = 'payment'") == [("", 10000)]


def test_receipts_before_go_live_and_of_no_store_are_in_no_total(
    sitoo: Served, connection: psycopg.Connection, total: Total
) -> None:
    sell(sitoo, 101, OPENING - 86_400)
    sell(sitoo, 102, registerid="{UNHEARD-OF}")
    sitoo.at(OPENING)
    assert total(DAY - timedelta(days=1), DAY).totals == 0
    assert rows(connection, "select orderid, excluded from model.receipts order by 1") == [
        (101, "before_go_live"), (102, None),
    ]  # fmt: skip


def test_of_a_receipt_that_was_uploaded_twice_the_first_order_counts(
    sitoo: Served, connection: psycopg.Connection, model: Model
) -> None:
    number = {"pos-receiptid": "SII1"}
    for orderid in (101, 102, 103):
        sell(sitoo, orderid, additionaldata=number)
    sell(sitoo, 104, additionaldata=number, orderstateid=20)
    sell(sitoo, 105, additionaldata=number, at=OPENING + 1)
    sell(sitoo, 106, additionaldata=number, moneytotal_gross_all="90.00")
    sell(sitoo, 107, additionaldata=number, registerid=sitoo.world.shops[0].registers[1].registerid)
    for orderid in (108, 109):
        sell(sitoo, orderid, additionaldata={})
    sell(sitoo, 110, at=LATE)
    sitoo.at(LATE)
    result = model()
    assert result.excluded == {"doubled_upload": 2, "cancelled": 1}
    doubled = "select orderid from model.receipts where excluded = 'doubled_upload' order by 1"
    assert rows(connection, doubled) == [(102,), (103,)]
    # Modelling again, or another day, leaves it so.
    model(DAY, TOMORROW)
    model(TOMORROW, TOMORROW)
    assert rows(connection, doubled) == [(102,), (103,)]


def test_a_second_upload_is_left_out_before_go_live_as_well(
    sitoo: Served, connection: psycopg.Connection, model: Model
) -> None:
    before = OPENING - 86_400
    for orderid in (101, 102):
        sell(sitoo, orderid, at=before, additionaldata={"pos-receiptid": "SII1"})
    sitoo.at(OPENING)
    model(DAY - timedelta(days=1), DAY)
    # A session that spans go-live is proved with its receipts of before, each once.
    assert rows(connection, "select orderid, excluded from model.receipts order by 1") == [
        (101, "before_go_live"), (102, "doubled_upload"),
    ]  # fmt: skip


def test_a_z_report_whose_closing_moves_stands_on_its_new_day_only(
    sitoo: Served, connection: psycopg.Connection, client: SitooClient, estate: Estate
) -> None:
    def model_z(day: date) -> None:
        land_z_reports(connection, client, DAY, TOMORROW, estate, sitoo.clock.now())
        model_days(connection, day, day, estate, sitoo.clock.now())

    sitoo.store.write(z_reports=[z_version(sitoo.world, 10, OPENING)])
    sitoo.store.write(z_reports=[z_version(sitoo.world, 10, LATE)._replace(version=2)])
    sitoo.at(OPENING)
    model_z(DAY)
    sitoo.at(LATE)
    model_z(TOMORROW)
    assert rows(connection, "select trading_day from model.till_sessions") == [(TOMORROW,)]
