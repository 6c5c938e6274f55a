"""Figures that others published when their systems went wrong (reference field.md, section 4), through ours.

The rule that meets them all: what the till charged is carried, added up in whole minor units, and never worked out
again. So each published wrong result must be impossible, and each figure of the till must stand in the journal.
"""

from __future__ import annotations

from sitoo_netsuite.flows.journals.lines import LineKind, TillClose, day_lines
from sitoo_netsuite.money import round_half_away
from sitoo_netsuite.sandbox.world import GIFT_CARD_SKU, TIP_SKU
from sitoo_netsuite_tests.complaints.conftest import Row, Till
from sitoo_netsuite_tests.examples import example_books

# Odoo issue 7683: three orders, 21 % VAT; quantity and net price of each row.
_ODOO_7683 = (
    ((1, "7.02"), (1, "2.75")),
    ((7, "16.9568"), (3, "14.86"), (1, "4.81")),
    ((6, "5.986"), (2, "4.29"), (1, "5.69")),
)


def _ten_thousandths(price: str) -> int:
    whole, _, decimals = price.partition(".")
    return int(whole) * 10_000 + int(decimals.ljust(4, "0"))


def _charged_by_line(order: tuple[tuple[int, str], ...]) -> list[Row]:
    """What a till charges that rounds VAT row by row."""
    rows: list[Row] = []
    for quantity, price in order:
        net = quantity * _ten_thousandths(price)
        cents, vat = round_half_away(net, 100), round_half_away(net * 21, 10_000)
        rows.append(Row(quantity, f"{cents / 100:.2f}", f"{vat / 100:.2f}", 21))
    return rows


def test_odoo_7683_vat_stays_what_the_till_charged_by_line_whatever_an_order_or_a_session_would_come_to(
    till: Till,
) -> None:
    for order in _ODOO_7683:
        till.sell(*_charged_by_line(order))
    # 47.88 by line; 47.89 by order and by session, which is what a journal would say that worked it out again.
    assert till.journal()["vat_on_sales", 21.0] == "-47.88"


def test_odoo_7683_vat_stays_what_the_till_charged_by_order(till: Till) -> None:
    for net, vat in (("9.77", "2.05"), ("168.09", "35.30"), ("50.19", "10.54")):
        till.sell(Row(1, net, vat, 21))
    assert till.journal()["vat_on_sales", 21.0] == "-47.89"


def test_odoo_14672_the_tax_of_the_sum_is_never_put_in_place_of_the_sum_of_the_taxes(till: Till) -> None:
    # In a currency without decimals, 19 % of 1, of 2 and of 3 are 0, 0 and 1.
    assert [round_half_away(amount * 19, 100) for amount in (1, 2, 3)] == [0, 0, 1]
    till.sell(Row(1, "1.00", "0.00", 19))
    till.sell(Row(1, "2.00", "0.00", 19))
    journal = till.journal()
    assert ("vat_on_sales", 19.0) not in journal
    assert journal["sale", 19.0] == "-3.00"


def test_erpnext_28006_receipts_rounded_down_to_what_was_paid_are_not_merged_into_one_that_is_not(till: Till) -> None:
    # 250.50 and 50.50, each rounded to whole units: 250 and 50 were paid. Merged there: 301 against 300 paid.
    till.sell(Row(1, "200.40", "50.10", 25), paid={"Cash": "250.00"}, rounding="-0.50")
    till.sell(Row(1, "40.40", "10.10", 25), paid={"Cash": "50.00"}, rounding="-0.50")
    journal = till.journal()
    assert journal["takings", "Cash"] == "300.00"
    assert journal["rounding", ""] == "1.00"
    assert (journal["sale", 25.0], journal["vat_on_sales", 25.0]) == ("-240.80", "-60.20")
    assert till.held() == {}


def test_woocommerce_64668_a_refund_of_a_penny_more_than_the_sale_is_booked_and_the_penny_is_seen(till: Till) -> None:
    # 10 x 23.90 with 20 % inside, less 25 %: sold for 179.25, refunded with 179.26.
    till.sell(Row(10, "149.38", "29.87", 20))
    till.sell(Row(-10, "-149.38", "-29.88", 20))
    journal = till.journal()
    assert (journal["takings", "Cash"], journal["refunds", "Cash"]) == ("179.25", "-179.26")
    assert (journal["vat_on_sales", 20.0], journal["vat_on_returns", 20.0]) == ("-29.87", "29.88")
    assert ("rounding", "") not in journal
    assert till.held() == {}


def test_spree_14467_a_refund_split_over_two_rows_gives_back_what_was_paid_and_no_more(till: Till) -> None:
    # A refund of 1.03 over two equal rows: 0.52 + 0.52 = 1.04 there. The till's rows come to what the till gave back.
    till.sell(Row(-1, "-0.42", "-0.10", 25), Row(-1, "-0.41", "-0.10", 25))
    assert till.journal() == {
        ("return", 25.0): "0.83",
        ("vat_on_returns", 25.0): "0.20",
        ("refunds", "Cash"): "-1.03",
    }


def test_spree_14467_rows_that_come_to_more_than_was_given_back_are_held_by_name_and_nothing_is_plugged(
    till: Till,
) -> None:
    wrong = till.sell(Row(-1, "-0.42", "-0.10", 25), Row(-1, "-0.42", "-0.10", 25), paid={"Cash": "-1.03"})
    till.sell(Row(1, "80.00", "20.00", 25))
    assert till.journal() == {
        ("sale", 25.0): "-80.00",
        ("vat_on_sales", 25.0): "-20.00",
        ("takings", "Cash"): "100.00",
    }
    assert till.held() == {wrong: "receipt_out_of_balance"}


def test_odoo_281703_two_sales_and_a_refund_are_no_credit_note_of_20_with_a_rounding_of_40(till: Till) -> None:
    till.sell(Row(1, "10.00", "0.00", 0))
    till.sell(Row(1, "20.00", "0.00", 0))
    till.sell(Row(-1, "-10.00", "0.00", 0))
    assert till.journal() == {
        ("sale", 0.0): "-30.00",
        ("return", 0.0): "10.00",
        ("takings", "Cash"): "30.00",
        ("refunds", "Cash"): "-10.00",
    }


def test_odoo_257892_a_drawer_that_is_over_is_booked_whole_and_without_vat() -> None:
    # +10 on an account with 25 % was made 8 + 2 there, and the close failed.
    lines = day_lines([], [TillClose("R1", 0, 0, 0, 1000, 0, None, "")], example_books())
    assert {(key.account, key.vat_rate_bp, amount) for key, amount in lines.items()} == {
        ("1910", -1, 1000),
        ("6990", -1, -1000),
    }


def test_odoo_112094_a_float_other_than_the_one_left_behind_is_booked() -> None:
    lines = day_lines([], [TillClose("R1", 95_000, 0, 0, 0, 0, 100_000, "")], example_books())
    assert {(key.kind, key.account, amount) for key, amount in lines.items()} == {
        (LineKind.FLOAT_DIFFERENCE, "1910", -5000),
        (LineKind.FLOAT_DIFFERENCE, "6991", 5000),
    }


def test_a_penny_in_three_places_of_a_foreign_rate_cannot_come_about_where_nothing_is_converted(till: Till) -> None:
    # Odoo PR 275673: 20.0, 3.0 and 23.0 at 0.4007 are 8.01, 1.20 and 9.22, so the journal was balanced and wrong. A
    # store sells in the currency of its books: 20 and 3 are 23, in the receipts and in the journal.
    till.sell(Row(1, "16.00", "4.00", 25))
    till.sell(Row(1, "2.40", "0.60", 25))
    journal = till.journal()
    assert (journal["takings", "Cash"], journal["sale", 25.0], journal["vat_on_sales", 25.0]) == (
        "23.00", "-18.40", "-4.60",
    )  # fmt: skip


def test_the_worked_journal_of_the_reference_comes_out_to_the_penny(till: Till) -> None:
    # Sales 1,200.00 with 20 %, discounts 120.00, refunds 60.00 (50 card, 10 credit note), gift cards 50 sold and 30
    # redeemed, tips 5, cash rounding -0.02; the rest is card. Over/short is the Z-report's, and has a test of its own.
    till.sell(
        Row(1, "900.00", "180.00", 20, discount="100.00"),
        Row(1, "50.00", "0.00", 0, sku=GIFT_CARD_SKU),
        Row(1, "5.00", "0.00", 0, sku=TIP_SKU),
        paid={"Cash": "300.00", "Card": "804.98", "Gift card": "30.00"},
        rounding="-0.02",
    )
    till.sell(Row(-1, "-50.00", "-10.00", 20), paid={"Card": "-50.00", "Credit note": "-10.00"})
    assert till.journal() == {
        ("sale", 20.0): "-1000.00",
        ("discount", 20.0): "100.00",
        ("vat_on_sales", 20.0): "-180.00",
        ("return", 20.0): "50.00",
        ("vat_on_returns", 20.0): "10.00",
        ("gift_card_issued", "gift card"): "-50.00",
        ("gift_card_redeemed", "gift card"): "30.00",
        ("credit_note_issued", ""): "-10.00",
        ("tip", ""): "-5.00",
        ("rounding", ""): "0.02",
        ("takings", "Cash"): "300.00",
        ("takings", "Card adyen Visa"): "804.98",
        ("refunds", "Card adyen Visa"): "-50.00",
    }
