"""Complaints 6, 7, 9 and 15: a refund a penny above its sale that is blocked, a refund that never arrives, a split
tender that is not supported, a gift-card refund to the wrong tender or twice.
"""

from __future__ import annotations

from typing import Any

import pytest

from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite_tests.complaints.conftest import Row, Till
from sitoo_netsuite_tests.end_to_end.conftest import Retailer


def test_a_refund_a_penny_above_its_sale_is_not_blocked(till: Till) -> None:
    till.sell(Row(1, "143.40", "35.85", 25))
    till.sell(Row(-1, "-143.41", "-35.85", 25))
    journal = till.journal()
    assert (journal["sale", 25.0], journal["return", 25.0]) == ("-143.40", "143.41")
    assert (journal["takings", "Cash"], journal["refunds", "Cash"]) == ("179.25", "-179.26")
    assert till.held() == {}


def test_a_refund_whose_original_nobody_knows_is_booked(till: Till) -> None:
    till.sell(Row(-1, "-80.00", "-20.00", 25), creditorderid=999_999)
    till.sell(Row(-1, "-8.00", "-2.00", 25))
    assert till.journal()["return", 25.0] == "88.00"


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=3, receipts=40, seed=6)], indirect=True)
def test_refunds_of_what_was_sold_before_go_live_are_in_the_books(retailer: Retailer) -> None:
    def go_live_on_the_last_day(content: dict[str, Any]) -> None:
        for store in content["stores"]:
            store["go_live"] = dict.fromkeys(("sales", "stock"), retailer.last.isoformat())

    retailer.change_estate(go_live_on_the_last_day)
    assert retailer.run(retailer.last, retailer.last).summary()["posted"] == 2
    refunds = retailer.connection.execute(
        """
        select count(*), count(*) filter (where d.external_id is not null),
               count(*) filter (where o.trading_day is null or o.trading_day < r.trading_day)
        from model.receipts r
        left join posting.outbox_receipts d on d.trading_day = r.trading_day and d.orderid = r.orderid
        left join model.receipts o on o.orderid = r.original_orderid
        where r.trading_day = %s and r.is_return and r.excluded is null
        """,
        [retailer.last],
    ).fetchone()
    assert refunds is not None
    returned, booked, older = refunds
    assert returned == booked
    assert older > 0
    assert retailer.judge().differences == ()


def test_a_split_tender_goes_to_each_clearing_account_with_its_own_part(till: Till) -> None:
    parts = {"Cash": "100.00", "Card": "250.00", "Swish": "99.50", "Gift card": "50.50"}
    till.sell(Row(1, "400.00", "100.00", 25), paid=parts)
    journal = till.journal()
    assert {place: amount for place, amount in journal.items() if place[0] in ("takings", "gift_card_redeemed")} == {
        ("takings", "Cash"): "100.00",
        ("takings", "Card adyen Visa"): "250.00",
        ("takings", "Swish"): "99.50",
        ("gift_card_redeemed", "gift card"): "50.50",
    }


def test_a_refund_goes_back_to_the_tenders_the_till_gave_it_back_with_each_once(till: Till) -> None:
    till.sell(Row(1, "400.00", "100.00", 25), paid={"Gift card": "300.00", "Card": "200.00"})
    till.sell(Row(-1, "-400.00", "-100.00", 25), paid={"Gift card": "-300.00", "Card": "-200.00"})
    journal = till.journal()
    assert journal["gift_card_redeemed", "gift card"] == "300.00"
    assert journal["gift_card_issued", "gift card"] == "-300.00"
    assert journal["takings", "Card adyen Visa"] == "200.00"
    assert journal["refunds", "Card adyen Visa"] == "-200.00"
    assert ("refunds", "Cash") not in journal
