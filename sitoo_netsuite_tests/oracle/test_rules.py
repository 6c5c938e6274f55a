from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from sitoo_netsuite.oracle.estate_file import estate_facts
from sitoo_netsuite.oracle.figures import basis_points, minor, tax_inside
from sitoo_netsuite.oracle.records import read_order
from sitoo_netsuite.oracle.rules import Posting
from sitoo_netsuite_tests.examples import estate_content
from sitoo_netsuite_tests.oracle.trade import (
    FACTS,
    SHOP,
    Raw,
    at,
    item,
    order,
    paid,
    postings,
    sale,
    z_report,
)


def lines(found: list[Posting]) -> dict[tuple[str, str], int]:
    """{(line kind, account): amount}."""
    sums: Counter[tuple[str, str]] = Counter()
    for posting in found:
        sums[posting.kind, posting.account] += posting.amount
    return dict(sums)


def lines_of(items: list[Raw], payments: list[Raw], **changes: Any) -> dict[tuple[str, str], int]:
    return lines(postings([order(1, items, payments, **changes)]))


def test_a_sale_is_net_of_vat_and_of_its_discount() -> None:
    found = lines_of([item("160.00", "40.00", quantity=2, discount="20.00")], [paid("200.00")])
    assert found == {
        ("sale", "3025"): -20000,
        ("discount", "3125"): 4000,
        ("vat_on_sales", "2625"): -4000,
        ("takings", "1910"): 20000,
    }


def test_a_return_gives_back_what_was_paid_and_has_accounts_of_its_own() -> None:
    found = lines_of([item("-160.00", "-40.00", quantity=-2, discount="20.00")], [paid("-200.00")])
    assert found == {("return", "3225"): 16000, ("vat_on_returns", "2725"): 4000, ("refunds", "1910"): -20000}


def test_goods_to_be_delivered_later_are_a_liability_but_their_vat_is_due_at_once() -> None:
    later = {"additionaldata": {"delivery-pickup-warehouseid": "7"}}
    found = lines_of([item("90.00", "22.50", discount="10.00")], [paid("112.50")], **later)
    assert found == {
        ("undelivered_sale", "2431"): -9000,
        ("vat_on_sales", "2625"): -2250,
        ("takings", "1910"): 11250,
    }


def delivery(moment: str | None, quantity: int, *, cancelled: int | None = None) -> Raw:
    return {
        "datedelivery": None if moment is None else at(moment),
        "datecancelled": cancelled,
        "orderdeliveryitems": [{"orderitemid": 0, "quantity": quantity}],
    }


def delivered(*deliveries: Raw) -> list[Posting]:
    record = order(
        1,
        [item("180.00", "45.00", quantity=2, discount="10.00")],
        [paid("225.00")],
        additionaldata={"delivery-pickup-warehouseid": "7"},
        orderdeliveries=deliveries,
    )
    return postings([record])


def test_goods_delivered_later_become_a_sale_on_the_day_the_last_piece_is_handed_over() -> None:
    found = delivered(
        delivery("2026-03-06 10:00", 1),
        delivery("2026-03-04 10:00", 1),
        delivery("2026-03-03 13:00", 2, cancelled=at("2026-03-03 14:00")),
        delivery(None, 2),
    )
    later = [posting for posting in found if posting.moment != at("2026-03-03 12:00")]
    assert {SHOP.trading_day(posting.moment) for posting in later} == {date(2026, 3, 6)}
    assert lines(later) == {
        ("delivered_sale", "2431"): 18000,
        ("sale", "3025"): -20000,
        ("discount", "3125"): 2000,
    }


def test_goods_delivered_in_part_stay_a_liability() -> None:
    assert "delivered_sale" not in {posting.kind for posting in delivered(delivery("2026-03-04 10:00", 1))}


def test_a_multi_purpose_card_is_a_liability_until_it_is_spent() -> None:
    issued = lines_of([item("500.00", sku="GIFTCARD", rate=0)], [paid("500.00")])
    assert issued == {("gift_card_issued", "2421"): -50000, ("takings", "1910"): 50000}
    spent = lines_of([item("100.00", "25.00")], [paid("125.00", "Gift card")])
    assert spent["gift_card_redeemed", "2421"] == 12500


def test_a_single_purpose_card_pays_its_vat_when_sold_and_gives_it_back_when_spent() -> None:
    issued = lines_of([item("400.00", "100.00", sku="EXPERIENCE")], [paid("500.00")])
    assert issued == {
        ("gift_card_issued", "2422"): -40000,
        ("vat_on_gift_cards_issued", "2625"): -10000,
        ("takings", "1910"): 50000,
    }
    spent = lines_of([item("100.00", "25.00")], [paid("125.00", "Experience card")])
    assert spent["gift_card_redeemed", "2422"] == 10000
    assert spent["vat_on_gift_cards_redeemed", "2625"] == 2500
    refilled = lines_of([item("-0.80", "-0.21", quantity=-1)], [paid("-1.01", "Experience card")])
    assert refilled["gift_card_issued", "2422"] == -81
    assert refilled["vat_on_gift_cards_issued", "2625"] == -20


def test_a_gift_card_taken_back_is_issued_the_other_way_round() -> None:
    found = lines_of([item("-400.00", "-100.00", quantity=-1, sku="EXPERIENCE")], [paid("-500.00")])
    assert found["gift_card_issued", "2422"] == 40000
    assert found["vat_on_gift_cards_issued", "2625"] == 10000


def test_a_deposit_is_taken_and_applied_vat_and_all() -> None:
    assert lines_of([item("80.00", "20.00", sku="DEPOSIT")], [paid("100.00")])["deposit_taken", "2430"] == -10000
    applied = lines_of(
        [item("160.00", "40.00"), item("-80.00", "-20.00", quantity=-1, sku="DEPOSIT")], [paid("100.00")]
    )
    assert applied["deposit_applied", "2430"] == 10000
    assert lines_of([item("100.00", "25.00")], [paid("125.00", "Deposit")])["deposit_applied", "2430"] == 12500
    assert lines_of([item("-1.00", quantity=-1)], [paid("-1.00", "Deposit")])["deposit_taken", "2430"] == -100


def test_a_tip_is_owed_to_the_staff_whole() -> None:
    assert lines_of([item("20.00", sku="TIP", rate=0)], [paid("20.00")])["tip", "2890"] == -2000


def test_the_rounding_the_order_carries_has_its_own_account() -> None:
    found = lines_of([item("79.96", "19.99")], [paid("100.00")], moneytotal_gross_roundoff="0.05")
    assert found["rounding", "3740"] == -5


def test_credit_notes_are_issued_and_redeemed() -> None:
    assert lines_of([item("-1.00", quantity=-1)], [paid("-1.00", "Credit note")])["credit_note_issued", "2423"] == -100
    assert lines_of([item("1.00")], [paid("1.00", "Credit note")])["credit_note_redeemed", "2423"] == 100


def test_the_legs_of_an_exchange_go_to_exchange_clearing_whatever_their_name() -> None:
    virtual: Raw = {"additionaldata": {"virtual-payment": "true"}}
    assert lines_of([item("1.00")], [paid("1.00", "Never heard of", **virtual)])["exchange_in", "1599"] == 100
    assert lines_of([item("-1.00", quantity=-1)], [paid("-1.00", **virtual)])["exchange_out", "1599"] == -100


@pytest.mark.parametrize(
    ("acquirer", "scheme", "account"),
    [("adyen", "Visa", "1581"), ("adyen", "Amex", "1580"), ("nets", "Visa", "1582"), ("", "", "1580")],
)
def test_a_card_goes_to_the_closest_match_of_acquirer_and_scheme(acquirer: str, scheme: str, account: str) -> None:
    found = lines_of([item("1.00")], [paid("1.00", "Card", reftype=acquirer, cardissuer=scheme)])
    assert found["takings", account] == 100


def z_lines(*reports: Raw) -> dict[tuple[str, str], int]:
    return lines(postings([], list(reports)))


def test_over_and_short_goes_against_the_till_whole() -> None:
    assert z_lines(z_report([], moneycash_diff="-3.00")) == {("over_short", "1910"): -300, ("over_short", "6990"): 300}


def test_what_is_banked_goes_from_till_to_safe_to_bank_bag() -> None:
    found = z_lines(z_report([], moneycash_bank="-100.00", moneycash_bankfinal="250.00"))
    assert found == {
        ("till_to_safe", "1911"): 35000,
        ("till_to_safe", "1910"): -35000,
        ("safe_to_bank_bag", "1912"): 35000,
        ("safe_to_bank_bag", "1911"): -35000,
    }


def test_a_float_that_is_not_what_was_left_in_the_till_is_a_difference() -> None:
    before, after = z_report([], moneycash_out="500.00"), z_report([], 2, moneycash_in="498.50")
    assert z_lines(before, after) == {("float_difference", "1910"): -150, ("float_difference", "6991"): 150}
    assert z_lines(after) == {}


@pytest.mark.parametrize(
    ("comment", "split"),
    [
        ("Petty cash: cleaning 45.00, postage 12.00", {"6550": 4500, "6900": 1200}),
        ("Petty cash: cleaning 57.00", {"6550": 5700}),
        ("Petty cash: cleaning 45.00, postage 13.00", {"6900": 5700}),
        ("Petty cash: cleaning 45.005, postage 11.995", {"6900": 5700}),
        ("Petty cash: a lot", {"6900": 5700}),
        ("Window cleaner 57.00", {"6900": 5700}),
        ("", {"6900": 5700}),
    ],
)
def test_petty_cash_is_split_by_reason_only_when_the_comment_adds_up(comment: str, split: dict[str, int]) -> None:
    found = z_lines(z_report([], moneycash_petty="-57.00", comment=comment))
    assert found.pop(("petty_cash", "1910")) == -5700
    assert {account: amount for (_, account), amount in found.items()} == split


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-03-03 03:59", "2026-03-02"),
        ("2026-03-03 04:00", "2026-03-03"),
        ("2026-03-29 01:59", "2026-03-28"),  # clocks go forward at two
        ("2026-03-29 03:30", "2026-03-28"),
        ("2026-03-29 04:00", "2026-03-29"),
        ("2026-10-25 02:30", "2026-10-24"),  # and back at three
        ("2026-10-25 03:59", "2026-10-24"),
        ("2026-10-25 04:00", "2026-10-25"),
    ],
)
def test_the_trading_day_follows_the_clock_on_the_wall(moment: str, day: str) -> None:
    assert SHOP.trading_day(at(moment)) == date.fromisoformat(day)


def test_the_second_two_thirty_of_an_autumn_night_still_belongs_to_the_day_before() -> None:
    first = at("2026-10-25 02:30")
    assert SHOP.trading_day(first + 3600) == date(2026, 10, 24)
    assert SHOP.opens(date(2026, 10, 25)) - SHOP.opens(date(2026, 10, 24)) == 25 * 3600


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ordertypeid": 100}, "booking"),
        ({"ordertypeid": 110}, "parked"),
        ({"ordertypeid": 77}, "unknown_order_type"),
        ({"additionaldata": {"pos-practice": "true"}, "orderstateid": 20}, "practice"),
        ({"orderstateid": 20}, "cancelled"),
        ({"orderstateid": -1}, "abandoned"),
        ({"orderstateid": 0}, "open"),
        ({"orderstateid": 30}, "unknown_order_state"),
        ({"paymentstateid": 10}, "unpaid"),
        ({"registerid": None}, "web_order"),
        ({"registerid": None, "moneytotal_gross_all": None}, "web_order"),
    ],
)
def test_what_is_no_till_sale_is_excluded_by_the_first_reason_that_applies(changes: Raw, reason: str) -> None:
    assert read_order(sale(1, **changes), FACTS) == reason


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [("-2990.00", "SEK", -299000), ("0.5", "EUR", 50), ("12", "GBP", 1200), ("150.00", "JPY", 150), ("1", "KWD", 1000)],
)
def test_money_is_read_to_minor_units(text: str, currency: str, expected: int) -> None:
    assert minor(text, currency) == expected


@pytest.mark.parametrize(
    ("text", "currency"), [("1.005", "SEK"), ("1.50", "JPY"), ("1e3", "SEK"), ("", "SEK"), (None, "SEK"), (1.5, "SEK")]
)
def test_what_is_no_money_is_refused(text: object, currency: str) -> None:
    with pytest.raises(ValueError, match=r"decimal string|finer"):
        minor(text, currency)


def test_rates_are_basis_points_and_their_tax_is_rounded_half_away_from_zero() -> None:
    assert [basis_points(rate) for rate in (25, "17.5", 6.0, "0")] == [2500, 1750, 600, 0]
    assert tax_inside(5, 10_000) == 3  # 2.5
    assert tax_inside(-5, 10_000) == -3
    assert tax_inside(12000, 2000) == 2000
    assert tax_inside(0, 2000) == 0


def test_a_cut_over_that_yaml_read_as_a_number_is_still_a_time() -> None:
    content = estate_content()
    content["stores"][0]["cut_over"] = 630  # an unquoted 10:30
    shop = estate_facts(content).shops["S01"]
    assert shop.trading_day(at("2026-03-03 10:29")) == date(2026, 3, 2)
    assert shop.trading_day(at("2026-03-03 10:30")) == date(2026, 3, 3)
