from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.journals.lines import (
    UNNAMED_REASON,
    DailyTotal,
    LineKind,
    TillClose,
    UnmappedError,
    day_lines,
    petty_cash_by_reason,
    registers_out_of_balance,
)
from sitoo_netsuite_tests.examples import example_books

GOODS = DailyTotal("R1", "item", "goods", True, False, 2500, "", "", "", False, 8000, 2000, 0)
PAID = DailyTotal("R1", "payment", "", True, False, -1, "Card", "adyen", "Visa", False, 10_000, 0, 0)
CLOSE = TillClose("R1", 1000, 0, 0, 0, 0, None, "")


def lines(*totals: DailyTotal, closes: tuple[TillClose, ...] = ()) -> dict[tuple[str, str, str], int]:
    """(kind, account, label) -> amount, of one register."""
    return {
        (key.kind, key.account, key.label): amount for key, amount in day_lines(totals, closes, example_books()).items()
    }


def test_a_discounted_sale_shows_its_price_its_discount_and_the_vat_the_till_charged() -> None:
    assert lines(replace(GOODS, discount_minor=500), PAID) == {
        (LineKind.SALE, "3025", ""): -8500,
        (LineKind.DISCOUNT, "3125", ""): 500,
        (LineKind.VAT_ON_SALES, "2625", ""): -2000,
        (LineKind.TAKINGS, "1581", "Card adyen Visa"): 10_000,
    }


def test_a_return_is_a_debit_of_returns_and_of_vat_on_returns() -> None:
    assert lines(replace(GOODS, positive=False, net_minor=-8000, vat_minor=-2000)) == {
        (LineKind.RETURN, "3225", ""): 8000,
        (LineKind.VAT_ON_RETURNS, "2725", ""): 2000,
    }


def test_goods_to_be_delivered_later_stay_a_liability_with_their_vat_due_at_once() -> None:
    assert lines(replace(GOODS, to_deliver=True)) == {
        (LineKind.UNDELIVERED_SALE, "2431", ""): -8000,
        (LineKind.VAT_ON_SALES, "2625", ""): -2000,
    }


def test_delivery_turns_the_liability_into_revenue() -> None:
    delivered = replace(GOODS, measure="delivered", vat_minor=0, discount_minor=500)
    assert lines(delivered) == {
        (LineKind.DELIVERED_SALE, "2431", ""): 8000,
        (LineKind.SALE, "3025", ""): -8500,
        (LineKind.DISCOUNT, "3125", ""): 500,
    }


def test_a_multi_purpose_card_is_a_liability_until_it_pays() -> None:
    sold = replace(GOODS, item_kind="gift_card:multi", vat_rate_bp=0, net_minor=50_000, vat_minor=0)
    pays = replace(PAID, tender="Gift card", net_minor=30_000)
    assert lines(sold, pays) == {
        (LineKind.GIFT_CARD_ISSUED, "2421", "multi"): -50_000,
        (LineKind.GIFT_CARD_REDEEMED, "2421", "multi"): 30_000,
    }


def test_a_single_purpose_card_bears_vat_at_issue_and_none_at_redemption() -> None:
    sold = replace(GOODS, item_kind="gift_card:experience", net_minor=40_000, vat_minor=10_000)
    pays = replace(PAID, tender="Experience card", net_minor=50_000, vat_minor=10_000)
    assert lines(sold, pays) == {
        (LineKind.GIFT_CARD_ISSUED, "2422", "experience"): -40_000,
        (LineKind.VAT_ON_GIFT_CARDS_ISSUED, "2625", "experience"): -10_000,
        (LineKind.GIFT_CARD_REDEEMED, "2422", "experience"): 40_000,
        (LineKind.VAT_ON_GIFT_CARDS_REDEEMED, "2625", "experience"): 10_000,
    }


def test_a_refund_onto_a_credit_note_issues_it_and_paying_with_it_redeems_it() -> None:
    issued = replace(PAID, tender="Credit note", positive=False, net_minor=-7000)
    redeemed = replace(PAID, tender="Credit note", net_minor=3000)
    assert lines(issued, redeemed) == {
        (LineKind.CREDIT_NOTE_ISSUED, "2423", ""): -7000,
        (LineKind.CREDIT_NOTE_REDEEMED, "2423", ""): 3000,
    }


def test_a_deposit_is_taken_as_an_item_and_applied_as_an_item_or_a_payment() -> None:
    taken = replace(GOODS, item_kind="deposit", vat_rate_bp=0, net_minor=20_000, vat_minor=0)
    applied = replace(taken, positive=False, net_minor=-5000)
    paid_with = replace(PAID, tender="Deposit", net_minor=15_000)
    assert lines(taken, applied, paid_with) == {
        (LineKind.DEPOSIT_TAKEN, "2430", ""): -20_000,
        (LineKind.DEPOSIT_APPLIED, "2430", ""): 20_000,
    }


def test_the_two_legs_of_an_exchange_meet_in_the_clearing_account() -> None:
    legs = lines(replace(PAID, virtual=True), replace(PAID, virtual=True, positive=False, net_minor=-10_000))
    assert legs == {(LineKind.EXCHANGE_IN, "1599", ""): 10_000, (LineKind.EXCHANGE_OUT, "1599", ""): -10_000}


def test_a_tip_belongs_to_the_staff_and_a_rounding_to_its_own_account() -> None:
    tip = replace(GOODS, item_kind="tip", vat_rate_bp=0, net_minor=500, vat_minor=0)
    rounding = replace(GOODS, measure="rounding", net_minor=-40, vat_minor=0)
    assert lines(tip, rounding) == {(LineKind.TIP, "2890", ""): -500, (LineKind.ROUNDING, "3740", ""): 40}


def test_what_only_the_z_report_knows_is_booked_from_it() -> None:
    close = TillClose("R1", 105_000, -5700, -100_000, 50, 20_000, 100_000, "Petty cash: cleaning 45.00, stamps 12.00")
    assert lines(closes=(close,)) == {
        (LineKind.OVER_SHORT, "1910", ""): 50,
        (LineKind.OVER_SHORT, "6990", ""): -50,
        (LineKind.FLOAT_DIFFERENCE, "1910", ""): 5000,
        (LineKind.FLOAT_DIFFERENCE, "6991", ""): -5000,
        (LineKind.PETTY_CASH, "1910", ""): -5700,
        (LineKind.PETTY_CASH, "6550", "cleaning"): 4500,
        (LineKind.PETTY_CASH, "6900", "stamps"): 1200,
        (LineKind.TILL_TO_SAFE, "1910", ""): -120_000,
        (LineKind.TILL_TO_SAFE, "1911", ""): 120_000,
        (LineKind.SAFE_TO_BANK_BAG, "1911", ""): -120_000,
        (LineKind.SAFE_TO_BANK_BAG, "1912", ""): 120_000,
    }


def test_the_first_z_of_a_register_has_no_float_to_differ_from() -> None:
    assert lines(closes=(CLOSE,)) == {}


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "Petty cash:",
        "Petty cash: cleaning",
        "Petty cash: cleaning 44.00",
        "paid the window cleaner 45.00",
        f"Petty cash: {'x' * 101} 45.00",
    ],
)
def test_a_comment_that_does_not_add_up_names_no_reason(comment: str) -> None:
    assert petty_cash_by_reason(comment, 4500, "SEK") == {UNNAMED_REASON: 4500}


def test_an_unmapped_tender_or_rate_never_reaches_the_books() -> None:
    with pytest.raises(UnmappedError, match="Bitcoin"):
        lines(replace(PAID, tender="Bitcoin"))
    with pytest.raises(UnmappedError, match="6 %"):
        lines(replace(GOODS, vat_rate_bp=600))


AMOUNTS = st.integers(-(10**9), 10**9)


@given(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.one_of(st.none(), AMOUNTS))
def test_whatever_a_drawer_reports_its_lines_balance(
    cash_in: int, petty: int, bank: int, diff: int, final: int, rate: int, previous: int | None
) -> None:
    close = TillClose("R1", cash_in, petty, bank, diff, final, previous, "")
    assert registers_out_of_balance(day_lines([], [close], example_books())) == {}


@given(st.integers(0, 10**8), st.integers(0, 10**7), st.sampled_from([0, 1200, 2500]), st.booleans())
def test_a_receipt_that_balances_makes_lines_that_balance(net: int, vat: int, rate: int, to_deliver: bool) -> None:
    sold = replace(GOODS, net_minor=net, vat_minor=vat, vat_rate_bp=rate, to_deliver=to_deliver, discount_minor=7)
    paid = replace(PAID, net_minor=net + vat)
    assert registers_out_of_balance(day_lines([sold, paid], [], example_books())) == {}
