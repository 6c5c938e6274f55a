"""Complaints 3, 5, 16 and 17: consolidation that breaks on rounding, a silent plug, a drawer with VAT in it, figures
that balance and are wrong.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from sitoo_netsuite.estate import EstateError, parse_estate
from sitoo_netsuite.flows.journals.lines import TillClose, day_lines
from sitoo_netsuite.flows.journals.plan import DayState, StoreDay, decide
from sitoo_netsuite.posting.document_lines import LineKey
from sitoo_netsuite_tests.complaints.conftest import DAY, Row, Till
from sitoo_netsuite_tests.examples import estate_content, example_books
from sitoo_netsuite_tests.flows.journals.conftest import Books


def test_a_thousand_roundings_of_cash_are_added_up_and_none_is_made_anew(till: Till) -> None:
    for _ in range(30):
        till.sell(Row(1, "79.60", "19.90", 25), rounding="0.50")
        till.sell(Row(1, "79.90", "19.97", 25), rounding="0.13")
    journal = till.journal()
    assert journal["rounding", ""] == "-18.90"
    assert journal["takings", "Cash"] == "6000.00"
    assert (journal["sale", 25.0], journal["vat_on_sales", 25.0]) == ("-4785.00", "-1196.10")


def test_what_does_not_add_up_is_held_by_name_and_never_made_to_add_up(till: Till) -> None:
    till.sell(Row(1, "80.00", "20.00", 25))
    wrong = till.sell(Row(1, "80.00", "20.00", 25), paid={"Cash": "60.00"})
    assert till.journal() == {
        ("sale", 25.0): "-80.00",
        ("vat_on_sales", 25.0): "-20.00",
        ("takings", "Cash"): "100.00",
    }
    assert till.held() == {wrong: "receipt_out_of_balance"}


def test_lines_out_of_balance_hold_the_day_and_no_line_is_added_to_make_them_balance() -> None:
    lines = {LineKey("R1", "sale", "3025", 2500, ""): -8000, LineKey("R1", "takings", "1910", -1, "Cash"): 7999}
    day = StoreDay("S01", DAY, "SEK", True, (), (), (), (), 1, 7999, lines)
    planned = decide(day)
    assert planned.state is DayState.HELD
    assert [(reason.kind, reason.amount_minor) for reason in planned.reasons] == [("plan_out_of_balance", 1)]
    assert planned.day.lines == lines


@pytest.mark.parametrize("difference", [1000, -1000])
def test_a_drawer_that_is_over_or_short_is_booked_whole_with_no_vat_in_it(difference: int) -> None:
    lines = day_lines([], [TillClose("R1", 0, 0, 0, difference, 0, None, "")], example_books())
    assert {key.account: amount for key, amount in lines.items()} == {"1910": difference, "6990": -difference}
    assert {key.vat_rate_bp for key in lines} == {-1}


def test_an_opening_float_other_than_the_one_left_behind_is_booked() -> None:
    lines = day_lines([], [TillClose("R1", 100_500, 0, 0, 0, 0, 100_000, "")], example_books())
    assert {key.account: amount for key, amount in lines.items()} == {"1910": 500, "6991": -500}


def test_nothing_is_converted_so_no_rate_can_make_figures_that_balance_and_are_wrong(books: Books) -> None:
    # A store sells in the currency of its subsidiary; foreign cash comes into no document of this flow.
    content: dict[str, Any] = estate_content()
    content["stores"][0]["currency"] = "EUR"
    with pytest.raises(EstateError, match="a store sells in its subsidiary's currency"):
        parse_estate(content, "estate.yaml")
    books.plan(books.lines(10_000))
    books.post()
    (sent,) = books.account.sent("POST", "journalEntry")
    assert json.loads(sent["body"])["exchangeRate"] == 1
