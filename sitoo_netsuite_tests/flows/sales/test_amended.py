"""What a change of an order moves in the books. Pure."""

from __future__ import annotations

from typing import Any

import pytest

from sitoo_netsuite.flows.sales.amended import Moved, moved
from sitoo_netsuite_tests.flows.sales.test_receipts import ESTATE, NOON, item, receipt

CARD = {"name": "Card", "moneyamount": "100.00", "reftype": "adyen", "cardissuer": "Visa"}
PLACE = "of S01 {11111111-2222-3333-4444-555555555555} on 2026-03-10"


def most(**changes: Any) -> int:
    """The most that the changes move of a sale of 100.00 in cash, 0 when nothing moved."""
    return max((figure.amount_minor for figure in moved(receipt(), receipt(**changes), ESTATE)), default=0)


@pytest.mark.parametrize(
    "changes",
    [
        {"additionaldata": {"pos-receiptid": "SII000000150000110231", "pos-note": "gift-wrapped"}},
        {"orderitems": [item(productname="A vase, blue")]},
        {"orderitems": [item(sku="JUG")]},
        {"payments": [{"name": "Cash", "moneyamount": "60.00"}, {"name": "Cash", "moneyamount": "40.00"}]},
    ],
)
def test_what_reaches_no_journal_line_moves_nothing(changes: dict[str, Any]) -> None:
    assert most(**changes) == 0


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({"payments": [CARD]}, 10000),
        ({"payments": [{**CARD, "moneyamount": "30.00"}, {"name": "Cash", "moneyamount": "70.00"}]}, 3000),
        ({"moneytotal_gross_all": "90.00"}, 1000),
        ({"moneytotal_gross_roundoff": "0.50"}, 50),
        ({"orderitems": [item(vatvalue=12)]}, 10000),
        ({"orderitems": [item(net="80.01", vat="19.99")]}, 1),
        ({"orderitems": [item(moneydiscount="5.00")]}, 500),
        ({"orderitems": [item(sku="GIFTCARD")]}, 10000),
        ({"orderstateid": 20}, 10000),
        ({"orderdate": NOON + 86_400}, 10000),
        ({"registerid": "{ELSEWHERE}"}, 10000),
    ],
)
def test_the_amount_is_the_most_that_moved(changes: dict[str, Any], amount: int) -> None:
    assert most(**changes) == amount


def test_what_moved_is_told_figure_by_figure_the_largest_first() -> None:
    split = [{**CARD, "moneyamount": "30.00"}, {"name": "Cash", "moneyamount": "60.00"}]
    assert moved(receipt(), receipt(payments=split, moneytotal_gross_all="90.00"), ESTATE) == (
        Moved(f"paid by Cash {PLACE}", 10000, 6000),
        Moved(f"paid by Card adyen Visa {PLACE}", 0, 3000),
        Moved(f"total {PLACE}", 10000, 9000),
    )


def test_a_receipt_that_is_gone_from_its_day_moves_all_of_it() -> None:
    assert moved(receipt(), None, ESTATE)[0].amount_minor == 10000
    assert moved(receipt(orderstateid=20), None, ESTATE) == ()
