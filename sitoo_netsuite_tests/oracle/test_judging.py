from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitoo_netsuite.oracle.judging import Verdict
from sitoo_netsuite.oracle.ledger_side import LedgerLine
from sitoo_netsuite.oracle.naming import read_naming, why_refused
from sitoo_netsuite_tests.oracle.trade import (
    DAY,
    Raw,
    at,
    hold,
    item,
    journal,
    judge,
    name,
    order,
    paid,
    postings,
    sale,
    z_report,
)

NOTHING_TO_SAY = {
    "unexplained_minor": {"SEK": 0}, "differences": [], "unexplained_milli": 0, "stock_differences": [],
}  # fmt: skip
_LATER = {"delivery-pickup-warehouseid": "7"}
_VIRTUAL = {"virtual-payment": "true"}
LINE_KINDS = (
    "sale", "discount", "vat_on_sales", "return", "vat_on_returns", "undelivered_sale", "delivered_sale",
    "gift_card_issued", "vat_on_gift_cards_issued", "gift_card_redeemed", "vat_on_gift_cards_redeemed", "deposit_taken",
    "deposit_applied", "tip", "rounding", "takings", "refunds", "credit_note_redeemed", "credit_note_issued",
    "exchange_in", "exchange_out", "over_short", "petty_cash", "till_to_safe", "safe_to_bank_bag", "float_difference",
)  # fmt: skip


def a_day_with_every_line_kind() -> tuple[list[Raw], list[Raw]]:
    """Orders, and two Z-reports: the evening before's and the day's."""
    orders = [
        order(1, [item("160.00", "40.00", quantity=2, discount="20.00")], [paid("150.00"), paid("50.00", "Card")]),
        order(2, [item("-80.00", "-20.00", quantity=-1)], [paid("-60.00"), paid("-40.00", "Credit note")]),
        order(3, [item("500.00", sku="GIFTCARD", rate=0)], [paid("500.00", "Swish")]),
        order(4, [item("400.00", "100.00", sku="EXPERIENCE")], [paid("500.00", "Card")]),
        order(5, [item("80.00", "20.00")], [paid("100.00", "Experience card")]),
        order(6, [item("80.00", "20.00")], [paid("70.00", "Gift card"), paid("30.00", "Credit note")]),
        order(7, [item("300.00", sku="DEPOSIT", rate=0)], [paid("300.00")]),
        order(8, [item("160.00", "40.00")], [paid("200.00", "Deposit")]),
        order(9, [item("80.00", "20.00"), item("15.00", sku="TIP", rate=0)], [paid("115.00", "Card")]),
        order(10, [item("79.97", "19.99")], [paid("100.00")], moneytotal_gross_roundoff="0.04"),
        order(11, [item("-80.00", "-20.00", quantity=-1)], [paid("-100.00", "Exchange", additionaldata=_VIRTUAL)]),
        order(12, [item("96.00", "24.00")], [paid("100.00", "Exchange", additionaldata=_VIRTUAL), paid("20.00")]),
        order(
            13,
            [item("72.00", "18.00", discount="8.00")],
            [paid("90.00", "Card")],
            additionaldata=_LATER,
            orderdeliveries=[
                {
                    "datedelivery": at("2026-03-03 18:00"),
                    "datecancelled": None,
                    "orderdeliveryitems": [{"orderitemid": 0, "quantity": 1}],
                }
            ],
        ),
    ]
    before = z_report([], dateopened=at("2026-03-02 08:00"), datecreated=at("2026-03-02 20:00"))
    today = z_report(
        orders,
        2,
        comment="Petty cash: cleaning 45.00, postage 12.00",
        moneycash_in="498.00",
        moneycash_petty="-57.00",
        moneycash_bank="-100.00",
        moneycash_expected="851.00",
        moneycash_counted="850.00",
        moneycash_diff="-1.00",
        moneycash_bankfinal="350.00",
        moneycash_out="500.00",
    )
    return orders, [before, today]


def test_books_that_hold_what_the_tills_say_leave_nothing_unexplained() -> None:
    orders, z_reports = a_day_with_every_line_kind()
    expected = postings(orders, z_reports)
    assert {posting.kind for posting in expected} == set(LINE_KINDS)
    assert sum(posting.amount for posting in expected) == 0
    verdict = judge(orders, z_reports, journal(expected))
    assert verdict.as_json() == NOTHING_TO_SAY
    assert verdict.receipts == len(orders)


@pytest.mark.parametrize("kind", LINE_KINDS)
def test_a_line_kind_left_out_of_the_books_is_noticed(kind: str) -> None:
    orders, z_reports = a_day_with_every_line_kind()
    booked = [posting for posting in postings(orders, z_reports) if posting.kind != kind]
    assert judge(orders, z_reports, journal(booked)).unexplained_minor["SEK"] > 0


# No deadline: a busy machine is not a failure.
@settings(deadline=None)
@given(place=st.integers(min_value=0), error=st.integers(min_value=-(10**9), max_value=10**9).filter(bool))
def test_an_amount_that_is_wrong_anywhere_is_unexplained_to_the_penny(place: int, error: int) -> None:
    orders, z_reports = a_day_with_every_line_kind()
    ledger = journal(postings(orders, z_reports))
    place %= len(ledger)
    wrong = ledger[place]
    ledger[place] = LedgerLine(wrong.external_id, wrong.tran_date, wrong.account, wrong.amount + error)
    verdict = judge(orders, z_reports, ledger)
    assert verdict.unexplained_minor == {"SEK": abs(error)}
    assert [difference.account for difference in verdict.differences] == [wrong.account]


def test_a_tender_on_the_wrong_account_counts_on_both_accounts() -> None:
    ledger = [
        LedgerLine(line.external_id, line.tran_date, "1580" if line.account == "1910" else line.account, line.amount)
        for line in journal(postings([sale(1)]))
    ]
    verdict = judge([sale(1)], [z_report([sale(1)])], ledger)
    assert verdict.as_json() == {
        **NOTHING_TO_SAY,
        "unexplained_minor": {"SEK": 25000},
        "differences": [
            {
                "store": "S01",
                "trading_day": "2026-03-03",
                "account": account,
                "currency": "SEK",
                "expected_minor": expected,
                "ledger_minor": ledger_minor,
            }
            for account, expected, ledger_minor in (("1580", 0, 12500), ("1910", 12500, 0))
        ],
    }


def test_a_journal_dated_later_belongs_to_the_day_in_its_name() -> None:
    ledger = [
        LedgerLine(line.external_id, date(2026, 4, 1), line.account, line.amount)
        for line in journal(postings([sale(1)]))
    ]
    assert judge([sale(1)], [z_report([sale(1)])], ledger).unexplained_minor == {"SEK": 0}


def test_the_documents_of_a_day_are_added_together() -> None:
    sold, returned = sale(1), order(2, [item("-100.00", "-25.00", quantity=-1)], [paid("-125.00")])
    late = [
        LedgerLine("JE-S01-20260303-SEK-2", date(2026, 3, 24), line.account, line.amount)
        for line in journal(postings([returned]))
    ]
    ledger = [*journal(postings([sold])), *late]
    assert judge([sold, returned], [z_report([sold, returned])], ledger).unexplained_minor == {"SEK": 0}


def test_a_name_that_only_looks_like_one_of_ours_is_anybody_elses() -> None:
    strange = [LedgerLine("JE-S01-20269903-SEK-1", DAY, "1910", -700)]
    assert judge([], [], strange).unexplained_minor == {"SEK": 700}


def test_what_anybody_else_posts_to_our_accounts_is_a_difference_under_its_own_date() -> None:
    strange = [LedgerLine("BILL-7", DAY, "1910", -700), LedgerLine(None, DAY, "4000", 700)]
    verdict = judge([], [], strange)
    assert [(d.account, d.ledger_minor) for d in verdict.differences] == [("1910", -700)]


def test_what_others_booked_before_go_live_is_the_opening_balance() -> None:
    day = date(2026, 3, 1)
    verdict = judge([], [], [LedgerLine(None, day, "1910", 50000)], days=(day, day))
    assert verdict.unexplained_minor == {"SEK": 0}


def test_a_journal_of_a_day_before_go_live_is_a_difference() -> None:
    day = date(2026, 3, 1)
    early = sale(1, orderdate=at("2026-03-01 12:00"))
    ledger = journal(postings([early]))
    verdict = judge([early], [], ledger, days=(day, day))
    assert verdict.unexplained_minor["SEK"] == 25000
    assert verdict.excluded == {"before_go_live": 1}


def test_orders_that_are_no_till_sales_are_counted_by_reason_and_expected_nowhere() -> None:
    orders = [sale(1, registerid=None), sale(2, orderstateid=20), sale(3, registerid=None)]
    verdict = judge(orders, [], [])
    assert verdict.unexplained_minor == {"SEK": 0}
    assert verdict.excluded == {"cancelled": 1, "web_order": 2}


def test_a_late_offline_receipt_belongs_to_the_day_it_was_rung_up() -> None:
    orders = [sale(1), sale(2, orderdate=at("2026-03-04 02:00"))]
    verdict = judge(orders, [], [], held=[hold("session_open")])
    assert verdict.receipts == 2
    assert verdict.unexplained_minor == {"SEK": 0}


# ---------------------------------------------------------------- receipts that reach Sitoo twice


def numbered(orderid: int, **changes: Any) -> Raw:
    return sale(orderid, **({"additionaldata": {"pos-receiptid": "0001-10001"}} | changes))


def test_a_receipt_that_was_uploaded_twice_counts_once() -> None:
    orders, once = [numbered(1), numbered(7)], [numbered(1)]
    verdict = judge(orders, [z_report(once)], journal(postings(once)))
    assert verdict.as_json() == NOTHING_TO_SAY
    assert (verdict.receipts, verdict.excluded) == (1, {"doubled_upload": 1})


def test_a_receipt_booked_twice_because_it_was_uploaded_twice_is_a_difference() -> None:
    orders = [numbered(1), numbered(7)]
    assert judge(orders, [z_report(orders)], journal(postings(orders))).unexplained_minor["SEK"] >= 25000


@pytest.mark.parametrize(
    "other",
    [
        {"orderdate": at("2026-03-03 12:01")},
        {"additionaldata": {"pos-receiptid": "0001-10002"}},
        {"additionaldata": {}},
        {"payments": [paid("126.00")], "moneytotal_gross_all": "126.00"},
    ],
)
def test_a_receipt_that_differs_in_number_moment_or_amount_is_another_one(other: Raw) -> None:
    assert judge([numbered(1), numbered(2) | other], [], []).receipts == 2


def test_two_receipts_without_a_number_are_two() -> None:
    assert judge([sale(1), sale(2)], [], []).receipts == 2


def test_a_cancelled_order_does_not_make_its_receipt_a_second_upload() -> None:
    verdict = judge([numbered(1, orderstateid=20), numbered(2)], [], [])
    assert (verdict.receipts, verdict.excluded) == (1, {"cancelled": 1})


# ---------------------------------------------------------------- receipts held by name

UNMAPPED_TENDER = order(2, [item("100.00", "25.00")], [paid("125.00", "Bitcoin")])
UNMAPPED_RATE = order(2, [item("100.00", "6.00", rate=6)], [paid("106.00")])
OUT_OF_BALANCE = order(2, [item("100.00", "25.00")], [paid("120.00")])


@pytest.mark.parametrize(
    ("kind", "record", "gross"),
    [
        ("unmapped_tender", UNMAPPED_TENDER, 12500),
        ("unmapped_vat_rate", UNMAPPED_RATE, 10600),
        ("receipt_out_of_balance", OUT_OF_BALANCE, 12000),
    ],
)
class TestAReceiptHeldByName:
    def test_is_taken_out_when_the_oracle_finds_the_cause_itself(self, kind: str, record: Raw, gross: int) -> None:
        orders = [sale(1), record]
        verdict = judge(orders, [z_report(orders)], journal(postings([sale(1)])), held=[hold(kind, 2, gross)])
        assert verdict.unexplained_minor == {"SEK": 0}
        assert (verdict.receipts, verdict.held_receipts) == (2, 1)

    def test_is_a_difference_when_the_plan_keeps_silent_about_it(self, kind: str, record: Raw, gross: int) -> None:
        orders = [sale(1), record]
        assert judge(orders, [z_report(orders)], journal(postings([sale(1)]))).unexplained_minor["SEK"] >= gross

    def test_is_a_difference_when_another_amount_is_held(self, kind: str, record: Raw, gross: int) -> None:
        verdict = judge([record], [z_report([record])], [], held=[hold(kind, 2, gross - 100)])
        assert verdict.unexplained_minor == {"SEK": 100}

    def test_is_a_difference_when_nothing_is_wrong_with_it(self, kind: str, record: Raw, gross: int) -> None:
        verdict = judge([sale(2)], [z_report([sale(2)])], [], held=[hold(kind, 2, 12500)])
        assert verdict.unexplained_minor == {"SEK": 25000}
        assert verdict.refused_holds == (f"receipt 2 is held as {kind}, but that is not so",)

    def test_is_a_difference_when_there_is_no_such_receipt(self, kind: str, record: Raw, gross: int) -> None:
        verdict = judge([], [], [], held=[hold(kind, 2, gross)])
        assert verdict.unexplained_minor == {"SEK": gross}


def test_goods_of_a_receipt_that_cannot_be_booked_are_not_booked_when_delivered_either() -> None:
    record = order(
        2,
        [item("100.00", "25.00")],
        [paid("125.00", "Bitcoin")],
        additionaldata=_LATER,
        orderdeliveries=[
            {"datedelivery": at("2026-03-05 12:00"), "orderdeliveryitems": [{"orderitemid": 0, "quantity": 1}]}
        ],
    )
    day = date(2026, 3, 5)
    assert judge([record], [], [], days=(day, day)).unexplained_minor == {"SEK": 0}


def test_goods_sold_before_the_range_are_expected_on_the_day_of_their_delivery() -> None:
    record = order(
        2,
        [item("100.00", "25.00")],
        [paid("125.00")],
        additionaldata=_LATER,
        orderdeliveries=[
            {"datedelivery": at("2026-03-05 12:00"), "orderdeliveryitems": [{"orderitemid": 0, "quantity": 1}]}
        ],
    )
    day = date(2026, 3, 5)
    verdict = judge([record], [], [], days=(day, day))
    assert [(d.account, d.expected_minor) for d in verdict.differences] == [("2431", 10000), ("3025", -10000)]


# ---------------------------------------------------------------- store-days held or waiting


def test_a_store_day_is_rightly_held_when_its_z_report_differs() -> None:
    z = z_report([sale(1), sale(2)])
    verdict = judge([sale(1)], [z], [], held=[hold("z_variance")])
    assert verdict.unexplained_minor == {"SEK": 0}
    assert verdict.held_store_days == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"numsales": 2},
        {"numsalesnotdelivered": 1},
        {"numrefund": 1},
        {"moneysalestotal": "126.00"},
        {"moneysalestotalnet": "101.00"},
        {"moneysalesnotdeliveredtotal": "1.00"},
        {"moneysalesnotdeliveredtotalnet": "1.00"},
        {"moneyrefundtotal": "1.00"},
        {"moneyrefundtotalnet": "1.00"},
        {"moneyroundoff": "0.01"},
        {"moneysummarytotal": "124.99"},
        {"moneycash_salesrefunds": "124.00"},
        {"vatgroupssales": []},
        {"vatgroupsrefund": [{"vatvalue": 25, "moneytotalnet": "0.00", "moneytotalvat": "0.01"}]},
        {"vatgroupssalesnotdelivered": [{"vatvalue": 25, "moneytotalnet": "0.01", "moneytotalvat": "0.00"}]},
        {"paymentssales": [{"name": "Card", "moneytotal": "125.00"}]},
        {"paymentsrefund": [{"name": "Cash", "moneytotal": "1.00"}]},
    ],
)
def test_each_figure_of_the_z_report_can_justify_a_hold(changes: Raw) -> None:
    assert judge([sale(1)], [z_report([sale(1)], **changes)], [], held=[hold("z_variance")]).held_store_days == 1


@pytest.mark.parametrize("total", ["moneygrandtotalsales", "moneygrandtotalrefund"])
def test_grand_totals_are_proved_against_the_z_report_before(total: str) -> None:
    before = z_report([], dateopened=at("2026-03-02 08:00"), datecreated=at("2026-03-02 20:00"), moneycash_out="500.00")
    held = [hold("z_variance")]
    assert judge([sale(1)], [before, z_report([sale(1)], 2)], [], held).held_store_days == 0
    assert judge([sale(1)], [before, z_report([sale(1)], 2, **{total: "999.00"})], [], held).held_store_days == 1
    assert judge([sale(1)], [z_report([sale(1)], 2, **{total: "999.00"})], [], held).held_store_days == 0


@pytest.mark.parametrize(
    "kind", ["z_variance", "session_open", "z_missing", "day_not_over", "unparsable_record", "odd"]
)
def test_a_hold_without_cause_explains_nothing(kind: str) -> None:
    verdict = judge([sale(1)], [z_report([sale(1)])], [], held=[hold(kind)])
    assert verdict.unexplained_minor == {"SEK": 25000}
    assert verdict.refused_holds == (f"S01 2026-03-03 is held as {kind}, but that is not so",)


@pytest.mark.parametrize("kind", ["session_open", "z_missing"])
def test_a_store_day_waits_rightly_while_no_z_report_covers_a_receipt(kind: str) -> None:
    late = sale(2, orderdate=at("2026-03-03 20:01"))
    assert judge([sale(1), late], [z_report([sale(1)])], [], held=[hold(kind)]).unexplained_minor == {"SEK": 0}


def test_a_store_day_waits_rightly_until_it_is_over() -> None:
    orders, held = [sale(1)], [hold("day_not_over")]
    assert judge(orders, [z_report(orders)], [], held, now="2026-03-04 03:59").unexplained_minor == {"SEK": 0}
    assert judge(orders, [z_report(orders)], [], held, now="2026-03-04 04:00").unexplained_minor == {"SEK": 25000}


@pytest.mark.parametrize(
    "fault",
    [
        {"moneytotal_gross_all": "125.0"},
        {"moneytotal_gross_all": None},
        {"currencycode": None},
        {"orderitems": [{"orderitemid": 0, "quantity": "one"}]},
        {"payments": "cash"},
    ],
)
def test_a_record_that_cannot_be_read_holds_the_days_its_session_touches(fault: dict[str, Any]) -> None:
    orders = [sale(1), sale(2) | fault]
    z = z_report([sale(1), sale(2)])
    assert judge(orders, [z], [], held=[hold("unparsable_record", 2)]).unexplained_minor == {"SEK": 0}
    assert judge([sale(1) | fault], [], [], held=[hold("unparsable_record", 1)]).held_store_days == 1


def test_a_session_over_midnight_is_held_on_both_days_it_touches_and_on_no_other() -> None:
    days = (date(2026, 3, 3), date(2026, 3, 5))
    orders = [
        sale(1),
        sale(2, orderdate=at("2026-03-04 12:00")),
        sale(3, orderdate=at("2026-03-05 12:00")),
    ]
    wrong = z_report([sale(1)], datecreated=at("2026-03-04 13:00"))
    right = z_report(
        [sale(3)], 2, dateopened=at("2026-03-05 08:00"), datecreated=at("2026-03-05 20:00"),
        moneycash_in=wrong["moneycash_out"], moneycash_expected="750.00", moneycash_counted="750.00",
        moneycash_out="750.00", moneygrandtotalsales="250.00",
    )  # fmt: skip
    held = [hold("z_variance", day=date(2026, 3, day)) for day in (3, 4)]
    ledger = journal(postings([orders[2]]))
    assert judge(orders, [wrong, right], ledger, held, days).unexplained_minor == {"SEK": 0}
    too_much = [*held, hold("z_variance", day=date(2026, 3, 5))]
    assert judge(orders, [wrong, right], [], too_much, days).unexplained_minor == {"SEK": 25000}


def test_money_the_z_report_knows_of_and_the_receipts_do_not_is_missing_from_the_books() -> None:
    verdict = judge([sale(1)], [z_report([sale(1), sale(2)])], journal(postings([sale(1)])))
    assert verdict.unexplained_minor == {"SEK": 12500}
    assert [d.account for d in verdict.differences] == [f"(Z-report 1 of register {sale(1)['registerid']})"]


def test_a_hold_does_not_hide_what_anybody_else_posted() -> None:
    verdict = judge([sale(1)], [], [LedgerLine(None, DAY, "1910", 1)], held=[hold("session_open")])
    assert verdict.unexplained_minor == {"SEK": 1}


def test_receipts_of_registers_in_no_store_of_the_estate_are_counted() -> None:
    verdict = judge([sale(1, registerid="{OTHER}")], [], [])
    assert (verdict.unassigned, verdict.unexplained_minor) == (1, {"SEK": 0})


# ---------------------------------------------------------------- what was done by hand in the ledger, and is named

JOURNAL = "JE-S01-20260303-SEK-1"


def judge_a_sale(ledger: list[LedgerLine], *named: Raw, documents: dict[str, bool] | None = None) -> Verdict:
    """The verdict on a day with one sale of 125.00, whose journal was posted as it should."""
    return judge([sale(1)], [z_report([sale(1)])], ledger, named=named, documents=documents)


def the_sale() -> list[LedgerLine]:
    """Cash 125.00, sales -100.00, VAT -25.00."""
    return journal(postings([sale(1)]))


def cheated(verdict: Verdict, unexplained: int, why: str) -> bool:
    """Whether one name was refused, for this reason, and so much is unexplained."""
    (text,) = verdict.refused_names
    return why in text and verdict.unexplained_minor == {"SEK": unexplained}


class TestADeletedJournal:
    GONE = name("document_not_found", JOURNAL, _1910=-12500, _3025=10000, _2625=2500)

    def test_explains_its_own_lines(self) -> None:
        verdict = judge_a_sale([], self.GONE)
        assert verdict.as_json() == NOTHING_TO_SAY
        assert (verdict.named_minor, verdict.refused_names) == ({"SEK": 25000}, ())

    def test_that_is_still_there_explains_nothing(self) -> None:
        verdict = judge_a_sale([], self.GONE, documents={JOURNAL: False})
        assert cheated(verdict, 25000, "it is still there")

    def test_leaves_what_other_lines_than_its_own_do_not_explain(self) -> None:
        wrong = name("document_not_found", JOURNAL, _1580=-12500, _3025=10000, _2625=2500)
        assert judge_a_sale([], wrong).unexplained_minor == {"SEK": 25000}

    def test_does_not_explain_one_side_alone(self) -> None:
        verdict = judge_a_sale([], name("document_not_found", JOURNAL, _1910=-12500))
        assert cheated(verdict, 25000, "the lines do not balance")

    @pytest.mark.parametrize(
        "record", ["JE-S02-20260303-SEK-1", "JE-S01-20260304-SEK-1", "JE-S01-20260303-NOK-1", "BILL-7"]
    )
    def test_of_another_store_or_day_or_none_of_ours_explains_nothing(self, record: str) -> None:
        assert cheated(judge_a_sale([], self.GONE | {"record": record}), 25000, "no name of a document of that")

    def test_is_taken_out_once_however_often_it_is_named(self) -> None:
        assert cheated(judge_a_sale([], self.GONE, self.GONE), 0, "it has been named before")


class TestAnEditedJournal:
    EDITED = name("document_differs", JOURNAL, _1910=-700, _1580=700)

    def edited(self) -> list[LedgerLine]:
        return [*the_sale(), LedgerLine(JOURNAL, DAY, "1910", -700), LedgerLine(JOURNAL, DAY, "1580", 700)]

    def test_explains_what_was_changed(self) -> None:
        assert judge_a_sale(self.edited(), self.EDITED, documents={JOURNAL: True}).unexplained_minor == {"SEK": 0}

    def test_that_is_gone_explains_nothing(self) -> None:
        assert cheated(judge_a_sale(self.edited(), self.EDITED), 1400, "it is not there")

    def test_that_nobody_has_changed_since_it_was_made_does_not_hide_a_wrong_account_of_ours(self) -> None:
        verdict = judge_a_sale(self.edited(), self.EDITED, documents={JOURNAL: False})
        assert cheated(verdict, 1400, "it has not been changed since it was made")

    def test_leaves_what_it_does_not_explain(self) -> None:
        too_little = name("document_differs", JOURNAL, _1910=-600, _1580=600)
        verdict = judge_a_sale(self.edited(), too_little, documents={JOURNAL: True})
        assert verdict.unexplained_minor == {"SEK": 200}

    def test_does_not_hide_a_receipt_that_is_not_booked(self) -> None:
        verdict = judge_a_sale(self.edited()[3:], self.EDITED, documents={JOURNAL: True})
        assert verdict.unexplained_minor == {"SEK": 25000}


class TestADocumentThatWasNeverPlanned:
    RECORD = "JE-S01-20260303-SEK-9"
    NAMED = name("document_not_planned", RECORD, _1910=500, _3025=-500)

    def found(self) -> list[LedgerLine]:
        return [LedgerLine(self.RECORD, DAY, "1910", 500), LedgerLine(self.RECORD, DAY, "3025", -500)]

    def test_explains_its_lines(self) -> None:
        assert judge_a_sale([*the_sale(), *self.found()], self.NAMED).unexplained_minor == {"SEK": 0}

    def test_may_name_an_account_that_it_does_not_move(self) -> None:
        named = name("document_not_planned", self.RECORD, _1910=500, _3025=-500, _1580=0)
        assert judge_a_sale([*the_sale(), *self.found()], named).refused_names == ()

    def test_that_is_not_there_explains_nothing(self) -> None:
        assert cheated(judge_a_sale(the_sale(), self.NAMED), 0, "its lines there are others")

    def test_with_other_lines_explains_nothing(self) -> None:
        found = [*the_sale(), *self.found()[:1]]
        assert cheated(judge_a_sale(found, self.NAMED), 500, "its lines there are others")

    def test_does_not_turn_a_journal_that_is_needed_into_one_that_is_not(self) -> None:
        disowned = name("document_not_planned", JOURNAL, _1910=12500, _3025=-10000, _2625=-2500)
        assert judge_a_sale(the_sale(), disowned).unexplained_minor == {"SEK": 25000}


@pytest.mark.parametrize("named_day", ["20190101", "20260301", "20991231"])
class TestADocumentThatNamesADayNobodyCouldHaveBooked:
    def found(self, named_day: str) -> list[LedgerLine]:
        record = f"JE-S01-{named_day}-SEK-1"
        return [LedgerLine(record, DAY, "1910", 500), LedgerLine(record, DAY, "3025", -500)]

    def test_is_a_difference_under_its_date(self, named_day: str) -> None:
        verdict = judge_a_sale([*the_sale(), *self.found(named_day)])
        assert verdict.unexplained_minor == {"SEK": 1000}

    def test_is_explained_by_its_name_under_its_date(self, named_day: str) -> None:
        lines = self.found(named_day)
        named = name("document_not_planned", str(lines[0].external_id), _1910=500, _3025=-500)
        assert judge_a_sale([*the_sale(), *lines], named).unexplained_minor == {"SEK": 0}

    def test_is_no_part_of_what_a_held_day_leaves_out(self, named_day: str) -> None:
        verdict = judge([sale(1)], [], self.found(named_day), held=[hold("z_missing")])
        assert verdict.unexplained_minor == {"SEK": 1000}


def test_a_journal_of_another_day_that_is_dated_here_is_that_days_business() -> None:
    early = [LedgerLine("JE-S01-20260303-SEK-1", date(2026, 3, 4), "1910", 500)]
    assert judge([], [], early, days=(date(2026, 3, 4), date(2026, 3, 4))).unexplained_minor == {"SEK": 0}
    assert judge([], [], early).unexplained_minor == {"SEK": 500}


class TestAPostingByHand:
    NAMED = name("foreign_posting", "BILL-7", _1910=-700, _4000=700)

    def test_is_explained_under_its_external_id_or_its_number(self) -> None:
        for line in (LedgerLine("BILL-7", DAY, "1910", -700), LedgerLine(None, DAY, "1910", -700, "BILL-7")):
            assert judge_a_sale([*the_sale(), line], self.NAMED).unexplained_minor == {"SEK": 0}

    def test_with_other_lines_explains_nothing(self) -> None:
        line = LedgerLine("BILL-7", DAY, "1910", -701)
        assert cheated(judge_a_sale([*the_sale(), line], self.NAMED), 701, "its lines there are others")

    def test_explains_nothing_on_another_day(self) -> None:
        day = date(2026, 3, 4)
        line = LedgerLine("BILL-7", DAY, "1910", -700)
        named = self.NAMED | {"trading_day": day.isoformat()}
        verdict = judge([], [], [line], named=[named], days=(DAY, day))
        assert cheated(verdict, 700, "its lines there are others")

    def test_is_no_document_of_ours(self) -> None:
        named = self.NAMED | {"record": JOURNAL}
        assert cheated(judge_a_sale(the_sale(), named), 0, "that is a name of ours")

    def test_is_explained_on_a_held_day_too(self) -> None:
        line = LedgerLine("BILL-7", DAY, "1910", -700)
        verdict = judge([sale(1)], [], [line], held=[hold("z_missing")], named=[self.NAMED])
        assert verdict.unexplained_minor == {"SEK": 0}


def test_a_name_of_a_store_or_a_cause_that_is_not_known_explains_nothing() -> None:
    nowhere = name("document_not_found", "JE-S09-20260303-SEK-1") | {"store": "S09"}
    assert cheated(judge_a_sale(the_sale(), nowhere), 0, "the estate has no such store")
    odd = name("bad_weather", JOURNAL)
    assert cheated(judge_a_sale(the_sale(), odd, documents={JOURNAL: True}), 0, "knows no such cause")


def test_names_of_a_held_day_add_nothing_to_it() -> None:
    gone = TestADeletedJournal.GONE
    verdict = judge([sale(1)], [], [], held=[hold("z_missing")], named=[gone])
    assert (verdict.unexplained_minor, verdict.named_minor) == ({"SEK": 0}, {})


def test_a_day_that_was_booked_and_is_held_since_is_not_judged() -> None:
    late = sale(2, orderdate=at("2026-03-03 20:30"))
    verdict = judge([sale(1), late], [z_report([sale(1)])], the_sale(), held=[hold("z_missing")])
    assert (verdict.unexplained_minor, verdict.held_store_days) == ({"SEK": 0}, 1)


def test_a_line_that_somebody_moved_to_another_store_is_named_at_both() -> None:
    moved = [
        read_naming(name("document_differs", JOURNAL, _1910=amount) | {"store": store})
        for store, amount in (("S01", -12500), ("S02", 12500))
    ]
    assert [why_refused(naming, {JOURNAL: True}, {}, left_over=0) for naming in moved] == [None, None]
    assert why_refused(moved[0], {JOURNAL: True}, {}, left_over=-12500) == "the lines do not balance"
