"""What an order is, by docs/accounting.md. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.sales.directory import RegisterPlace, StoreDirectory
from sitoo_netsuite.flows.sales.receipts import (
    Receipt,
    UnreadableReceipt,
    delivered_in_full,
    is_unfinished,
    receipt_from_order,
    session_from_z,
)
from sitoo_netsuite.money import to_text
from sitoo_netsuite.sitoo.models import Order, OrderDelivery, OrderDeliveryItem
from sitoo_netsuite_tests.examples import example_estate, example_store

REGISTER = "{11111111-2222-3333-4444-555555555555}"
NOON = int(datetime(2026, 3, 10, 12, tzinfo=UTC).timestamp())
ESTATE = example_estate()
STOCKHOLM = ZoneInfo("Europe/Stockholm")
DIRECTORY = StoreDirectory(
    ESTATE,
    {
        REGISTER: [RegisterPlace("SII0000001500001", example_store(), STOCKHOLM)],
        "{ELSEWHERE}": [RegisterPlace("SII9", None, ZoneInfo("Europe/London"))],
    },
    {1: STOCKHOLM, 2: ZoneInfo("Europe/London")},
)


def item(quantity: int = 1, net: str = "80.00", vat: str = "20.00", **changes: Any) -> dict[str, Any]:
    return {
        "orderitemid": 0, "sku": "VASE", "quantity": quantity, "vatvalue": 25, "moneyitemtotal_net": net,
        "moneyitemtotal_vat": vat, "decimalquantitytotal": f"{quantity}.000", **changes,
    }  # fmt: skip


def order(**changes: Any) -> Order:
    fields = {
        "orderid": 20451, "eshopid": 1, "orderdate": NOON, "orderstateid": 10, "paymentstateid": 20, "ordertypeid": 10,
        "registerid": REGISTER, "currencycode": "SEK", "moneytotal_gross_all": "100.00",
        "moneytotal_gross_roundoff": "0.00", "additionaldata": {"pos-receiptid": "SII000000150000110231"},
        "orderitems": [item()], "payments": [{"name": "Cash", "moneyamount": "100.00"}], **changes,
    }  # fmt: skip
    return msgspec.convert(fields, Order)


def receipt(**changes: Any) -> Receipt:
    return receipt_from_order(order(**changes), DIRECTORY)


def test_a_till_sale_has_its_store_day_number_and_money() -> None:
    made = receipt()
    assert (made.excluded, made.store, made.trading_day) == (None, "S01", date(2026, 3, 10))
    assert (made.receipt_number, made.counter) == ("SII000000150000110231", 10231)
    assert (made.net_minor, made.vat_minor, made.rounding_minor, made.gross_minor, made.paid_minor) == (
        8000, 2000, 0, 10000, 10000,
    )  # fmt: skip
    assert not made.is_return


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ordertypeid": 100, "orderstateid": 0, "registerid": None}, "booking"),
        ({"ordertypeid": 110, "orderstateid": 20}, "parked"),
        ({"ordertypeid": 77}, "unknown_order_type"),
        ({"additionaldata": {"pos-practice": "true"}, "orderstateid": 20}, "practice"),
        ({"orderstateid": 20, "paymentstateid": 0}, "cancelled"),
        ({"orderstateid": -1}, "abandoned"),
        ({"orderstateid": 0}, "open"),
        ({"orderstateid": 5}, "unknown_order_state"),
        ({"paymentstateid": 10, "registerid": None}, "unpaid"),
        ({"registerid": None}, "web_order"),
        ({"orderdate": int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())}, "before_go_live"),
    ],
)
def test_what_is_no_till_sale_is_excluded_for_the_first_reason_that_applies(
    changes: dict[str, Any], reason: str
) -> None:
    assert receipt(**changes).excluded == reason


def test_a_sale_before_the_cut_over_belongs_to_the_day_before() -> None:
    at_half_past_two = int(datetime(2026, 3, 11, 2, 30, tzinfo=STOCKHOLM).timestamp())
    assert receipt(orderdate=at_half_past_two).trading_day == date(2026, 3, 10)


def test_a_register_of_no_store_in_the_estate_leaves_the_store_open() -> None:
    made = receipt(registerid="{ELSEWHERE}", additionaldata=None)
    assert (made.store, made.excluded, made.counter) == (None, None, None)


def test_an_order_without_a_register_has_the_day_of_its_site() -> None:
    half_past_midnight = int(datetime(2026, 6, 11, 0, 30, tzinfo=ZoneInfo("Europe/London")).timestamp())
    assert receipt(registerid=None, eshopid=2, orderdate=half_past_midnight).trading_day == date(2026, 6, 11)
    assert receipt(registerid=None, eshopid=None, orderdate=half_past_midnight).trading_day == date(2026, 6, 10)


def test_a_discount_is_per_unit_and_only_on_what_was_sold() -> None:
    sold, returned = receipt(
        orderitems=[
            item(2, "160.00", "40.00", moneydiscount="20.00"),
            item(-1, "-80.00", "-20.00", moneydiscount="20.00", orderitemid=1),
        ]
    ).lines
    assert (sold.sold, sold.discount_minor, sold.quantity_milli) == (True, 4000, 2000)
    assert (returned.sold, returned.discount_minor, returned.quantity_milli) == (False, 0, -1000)


def test_a_return_names_its_original_by_either_link() -> None:
    returned = [item(-1, "-80.00", "-20.00", additionaldata={"pos-originalsales-orderitemid": "3"})]
    by_credit = receipt(orderitems=returned, creditorderid=77)
    by_data = receipt(orderitems=returned, additionaldata={"pos-originalsales-orderid": "77"})
    assert (by_credit.is_return, by_credit.original_orderid, by_credit.lines[0].original_line) == (True, 77, 3)
    assert by_data.original_orderid == 77
    assert receipt(orderitems=returned, additionaldata={"pos-originalsales-orderid": "n/a"}).original_orderid is None


def test_the_legs_of_an_exchange_are_virtual_and_gift_cards_keep_their_number() -> None:
    first, second = receipt(
        payments=[
            {"name": "Exchange", "moneyamount": "60.00", "additionaldata": {"virtual-payment": "true"}},
            {"name": "Gift card", "moneyamount": "40.00", "reftype": "", "cardissuer": "",
             "additionaldata": {"giftcard-cardnumber": "9001"}},
        ]
    ).payments  # fmt: skip
    assert (first.virtual, second.virtual) == (True, False)
    assert (second.card_number, second.acquirer, second.scheme) == ("9001", None, None)


def test_a_vat_rate_with_decimals_is_exact() -> None:
    assert receipt(orderitems=[item(vatvalue=17.5)]).lines[0].vat_rate_bp == 1750
    with pytest.raises(UnreadableReceipt, match=r"17\.555 percent"):
        receipt(orderitems=[item(vatvalue=17.555)])


@pytest.mark.parametrize("amount", ["1e400", "NaN", "1.005", "99999999999999999999.00", ""])
def test_an_amount_that_cannot_be_read_refuses_the_receipt(amount: str) -> None:
    with pytest.raises(UnreadableReceipt):
        receipt(orderitems=[item(net=amount)])


amounts = st.integers(-(10**9), 10**9)


@given(
    rows=st.lists(st.tuples(st.sampled_from([-2, -1, 1, 3]), amounts, amounts), max_size=6),
    paid=st.lists(amounts, max_size=4),
    rounding=st.integers(-99, 99),
)
def test_every_minor_unit_of_the_order_is_in_its_receipt(
    rows: list[tuple[int, int, int]], paid: list[int], rounding: int
) -> None:
    made = receipt(
        orderitems=[
            item(quantity, to_text(net, "SEK"), to_text(vat, "SEK"), orderitemid=place)
            for place, (quantity, net, vat) in enumerate(rows)
        ],
        payments=[{"name": "Cash", "moneyamount": to_text(amount, "SEK")} for amount in paid],
        moneytotal_gross_roundoff=to_text(rounding, "SEK"),
    )
    assert made.net_minor == sum(net for _, net, _ in rows)
    assert made.vat_minor == sum(vat for _, _, vat in rows)
    assert made.paid_minor == sum(paid)
    assert made.rounding_minor == rounding
    assert made.is_return == (not any(quantity > 0 for quantity, _, _ in rows))


def delivery(epoch: int | None, quantity: int, row: int = 0, cancelled: int | None = None) -> OrderDelivery:
    return OrderDelivery(1, 20451, 3, epoch, cancelled, [OrderDeliveryItem(row, quantity)])


def test_a_row_is_delivered_with_the_delivery_that_makes_it_full() -> None:
    sold = order(orderitems=[item(3), item(1, orderitemid=1), item(-1, orderitemid=2)])
    deliveries = [
        delivery(NOON + 300, 1),
        delivery(NOON + 100, 1),
        delivery(NOON + 50, 9, cancelled=NOON + 60),
        delivery(None, 9),
        delivery(NOON + 200, 1),
    ]
    assert delivered_in_full(sold, deliveries) == {0: datetime.fromtimestamp(NOON + 300, UTC), 1: None}
    assert delivered_in_full(sold, deliveries[:2]) == {0: None, 1: None}


def test_open_unpaid_and_undelivered_orders_are_unfinished() -> None:
    assert not is_unfinished(order(), ESTATE.sitoo)
    assert is_unfinished(order(orderstateid=0), ESTATE.sitoo)
    assert is_unfinished(order(paymentstateid=15), ESTATE.sitoo)
    assert is_unfinished(order(additionaldata={ESTATE.sitoo.undelivered_key: "3"}), ESTATE.sitoo)
    assert not is_unfinished(order(orderstateid=20, paymentstateid=0), ESTATE.sitoo)


def test_a_z_report_becomes_figures_by_name() -> None:
    money = dict.fromkeys(
        (
            "moneysalestotal", "moneysalestotalnet", "moneysalesnotdeliveredtotal", "moneysalesnotdeliveredtotalnet",
            "moneyrefundtotal", "moneyrefundtotalnet", "moneyroundoff", "moneysummarytotal", "moneycash_in",
            "moneycash_salesrefunds", "moneycash_petty", "moneycash_bank", "moneycash_expected", "moneycash_counted",
            "moneycash_diff", "moneycash_bankfinal", "moneycash_out", "moneygrandtotalsales", "moneygrandtotalrefund",
        ),
        "0.00",
    )  # fmt: skip
    group = {"vatvalue": 17.5, "moneytotal": "117.50", "moneytotalnet": "100.00", "moneytotalvat": "17.50"}
    report = {
        **money, "zreportid": 7, "registerid": REGISTER, "dateopened": NOON, "datecreated": NOON + 60,
        "dateadded": NOON + 61, "currencycode": "GBP", "numsales": 2, "numsalesnotdelivered": 0, "numrefund": 0,
        "vatgroupssales": [group, group], "vatgroupssalesnotdelivered": None, "vatgroupsrefund": [],
        "paymentssales": [{"name": "Cash", "moneytotal": "235.00"}], "paymentsrefund": [],
        "moneycash_petty": "-57.00", "comment": None,
    }  # fmt: skip
    session = session_from_z(report)
    assert session.closed_at == datetime.fromtimestamp(NOON + 60, UTC)
    assert session.comment == ""
    figures = {name: value for name, value in session.figures.items() if value}
    assert figures == {
        "numsales": 2, "moneycash_petty": -5700, "paymentssales:Cash": 23500,
        "vatgroupssales:1750:net": 20000, "vatgroupssales:1750:vat": 3500,
    }  # fmt: skip
    with pytest.raises(UnreadableReceipt):
        session_from_z({**report, "moneycash_in": "a bag"})
