from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.journals.proof import (
    SessionItems,
    SessionReceipts,
    largest_money_difference,
    prove_session,
    receipt_figures,
)

RECEIPTS = SessionReceipts(
    sales=3,
    sales_to_deliver=1,
    refunds=1,
    rounding_minor=-20,
    cash_minor=5000,
    items=(
        SessionItems(True, False, 2500, 8000, 2000),
        SessionItems(True, True, 1200, 1000, 120),
        SessionItems(False, False, 2500, -800, -200),
    ),
    payments={"Cash": 5000, "Card": 5100},
)


def z_report(receipts: SessionReceipts) -> dict[str, int]:
    """The figures of a Z that is right about these receipts."""
    figures = receipt_figures(receipts)
    for name in [name for name in figures if name.startswith("payments:")]:
        amount = figures.pop(name)
        figures[name.replace("payments:", "paymentssales:")] = amount + 300
        figures[name.replace("payments:", "paymentsrefund:")] = 300
    figures["moneygrandtotalsales"] = 900_000 + figures["moneysalestotal"] + figures["moneysalesnotdeliveredtotal"]
    figures["moneygrandtotalrefund"] = 50_000 + figures["moneyrefundtotal"]
    expected = 100_000 + receipts.cash_minor - 4500 - 60_000
    return figures | {
        "moneycash_in": 100_000,
        "moneycash_petty": -4500,
        "moneycash_bank": -60_000,
        "moneycash_expected": expected,
        "moneycash_counted": expected + 30,
        "moneycash_diff": 30,
        "moneycash_bankfinal": 20_000,
        "moneycash_out": expected + 30 - 20_000,
    }


BEFORE = {"moneygrandtotalsales": 900_000, "moneygrandtotalrefund": 50_000}


def test_a_right_z_report_is_proved() -> None:
    assert prove_session(z_report(RECEIPTS), BEFORE, RECEIPTS) == ()


def test_refunds_are_positive_in_the_z_and_negative_on_receipts() -> None:
    figures = receipt_figures(RECEIPTS)
    assert figures["moneyrefundtotal"] == 1000
    assert figures["vatgroupsrefund:2500:vat"] == 200
    assert figures["moneysummarytotal"] == 10_000 + 1120 - 1000 - 20


def test_a_missing_receipt_shows_in_every_figure_it_belonged_to() -> None:
    fewer = replace(RECEIPTS, sales=2, items=(*RECEIPTS.items[1:], SessionItems(True, False, 2500, 7000, 1750)))
    found = {finding.figure: finding.difference for finding in prove_session(z_report(RECEIPTS), BEFORE, fewer)}
    assert found["numsales"] == 1
    assert found["moneysalestotal"] == 1250
    assert found["vatgroupssales:2500:vat"] == 250
    assert found["moneygrandtotalsales"] == 1250


def test_a_vat_group_or_tender_that_only_one_side_knows_is_a_difference() -> None:
    extra = z_report(RECEIPTS) | {"vatgroupssales:600:net": 50, "paymentssales:Swish": 70}
    found = {finding.figure: finding.difference for finding in prove_session(extra, BEFORE, RECEIPTS)}
    assert found == {"vatgroupssales:600:net": 50, "payments:Swish": 70}


def test_grand_totals_are_proved_only_where_the_z_before_is_known() -> None:
    broken = z_report(RECEIPTS) | {"moneygrandtotalsales": 1}
    assert prove_session(broken, None, RECEIPTS) == ()
    assert [finding.figure for finding in prove_session(broken, BEFORE, RECEIPTS)] == ["moneygrandtotalsales"]


def test_the_money_at_stake_is_the_largest_difference_and_counts_are_no_money() -> None:
    fewer = replace(RECEIPTS, sales=2)
    assert largest_money_difference(prove_session(z_report(RECEIPTS), BEFORE, fewer)) == 0
    wrong = z_report(RECEIPTS) | {"paymentssales:Cash": 0}
    assert largest_money_difference(prove_session(wrong, BEFORE, RECEIPTS)) == 5300


@given(st.sampled_from(sorted(z_report(RECEIPTS))), st.integers(-(10**6), 10**6).filter(bool))
def test_no_figure_can_be_wrong_unnoticed(figure: str, error: int) -> None:
    figures = z_report(RECEIPTS)
    figures[figure] += error
    assert prove_session(figures, BEFORE, RECEIPTS)


def test_a_drawer_that_does_not_add_up_proves_nothing() -> None:
    right = z_report(RECEIPTS)
    wrong = right | {"moneycash_diff": 0}
    assert {finding.figure: finding.difference for finding in prove_session(wrong, BEFORE, RECEIPTS)} == {
        "moneycash_diff": -30
    }
