"""Reading NetSuite back after somebody has been at the ledger by hand: every difference is a case with its money."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml

from sitoo_netsuite.estate import Estate, Store, parse_estate
from sitoo_netsuite.flows.journals import queries
from sitoo_netsuite.flows.journals.chart import books_ids
from sitoo_netsuite.flows.journals.differences import LedgerFinding
from sitoo_netsuite.flows.journals.plan import DayState
from sitoo_netsuite.flows.journals.verifying import Verified, verify_days
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.worklist.store import list_cases, open_days
from sitoo_netsuite_tests.examples import estate_content
from sitoo_netsuite_tests.flows.journals.conftest import DAY, NOW, Books

FIRST, SECOND, NINTH = (f"JE-S01-20260302-SEK-{number}" for number in (1, 2, 9))


def by_hand(
    books: Books,
    lines: list[tuple[str, int]],
    external_id: str | None = None,
    day: str = "2026-03-02",
    store: Store | None = None,
) -> None:
    """A journal that somebody enters in NetSuite at a store, the first unless told: (account number, amount), debit
    positive, in hundredths.
    """
    store = store or books.store
    ids = books.with_client(books_ids)
    body: dict[str, Any] = {
        "tranDate": day,
        "subsidiary": {"id": store.subsidiary},
        "currency": {"id": ids.currencies[store.currency]},
        "memo": "entered by hand",
        "line": {
            "items": [
                {
                    "account": {"id": ids.accounts[account]},
                    "debit" if amount > 0 else "credit": float(Decimal(abs(amount)).scaleb(-2)),
                    "location": {"id": store.location},
                }
                for account, amount in lines
            ]
        },
    }
    if external_id is not None:
        body["externalId"] = external_id
    books.netsuite("POST", "journalEntry", json.dumps(body).encode())


def found(books: Books) -> list[LedgerFinding]:
    return queries.ledger_findings(books.connection, DAY, DAY)


def accounts(books: Books) -> tuple[str, str]:
    """The accounts of a sale and of its payment, as `books.lines` has them."""
    (sale, takings) = books.lines(1)
    return sale.account, takings.account


def test_an_amount_moved_between_two_accounts_by_hand_is_a_case_of_what_moved(books: Books) -> None:
    sale, takings = accounts(books)
    other = books.estate.books_of(books.store).accounts.tips
    books.plan(books.lines(10_000))
    books.post()
    ids = books.with_client(books_ids)
    location = {"id": books.store.location}
    lines = [(sale, "credit", 70), (other, "credit", 30), (takings, "debit", 100)]
    items = [{"account": {"id": ids.accounts[number]}, side: amount, "location": location, "memo": number}
             for number, side, amount in lines]  # fmt: skip
    change = json.dumps({"line": {"items": items}}).encode()
    books.netsuite("PATCH", f"journalEntry/eid:{FIRST}?replace=line", change)
    books.verify()
    assert books.cases() == [("document_differs", "broken", FIRST, 3_000)]
    assert found(books) == [LedgerFinding("document_differs", FIRST, "S01", DAY, "SEK", {sale: 3_000, other: -3_000})]


def test_a_deleted_journal_is_a_case_and_its_lines_are_what_the_ledger_lacks(books: Books) -> None:
    sale, takings = accounts(books)
    books.plan(books.lines(10_000))
    books.post()
    books.netsuite("DELETE", f"journalEntry/eid:{FIRST}")
    assert books.verify().missing == [FIRST]
    assert books.cases() == [("document_not_found", "broken", FIRST, 10_000)]
    (case,) = list_cases(books.connection)
    assert "or if its period is closed resolve this with the reason" in case["evidence"]["text"]
    assert found(books) == [
        LedgerFinding("document_not_found", FIRST, "S01", DAY, "SEK", {sale: 10_000, takings: -10_000})
    ]


def test_a_document_under_our_external_id_that_we_never_planned_is_a_case_until_it_is_deleted(books: Books) -> None:
    sale, takings = accounts(books)
    books.plan(books.lines(10_000))
    books.post()
    by_hand(books, [(sale, -2_500), (takings, 2_500)], NINTH, day="2026-03-17")
    books.verify()
    assert books.cases() == [("document_not_planned", "broken", NINTH, 2_500)]
    assert found(books) == [
        LedgerFinding("document_not_planned", NINTH, "S01", DAY, "SEK", {sale: -2_500, takings: 2_500})
    ]
    books.netsuite("DELETE", f"journalEntry/eid:{NINTH}")
    assert books.verify().not_ours == []
    assert books.cases() == []
    assert found(books) == []


def test_a_document_under_an_external_id_that_was_refused_to_us_is_one_we_never_planned(books: Books) -> None:
    sale, takings = accounts(books)
    row = books.leave_in_doubt()
    outbox.proven_refused(books.connection, row.external_id, "not today", NOW)
    by_hand(books, [(sale, -2_500), (takings, 2_500)], FIRST)
    books.verify()
    assert books.cases() == [("document_not_planned", "broken", FIRST, 2_500)]


def test_a_posting_by_hand_to_a_tills_account_is_a_case_at_its_store_and_day(books: Books) -> None:
    sale, takings = accounts(books)
    stranger = next(number for number in books.with_client(books_ids).accounts if number.startswith("SYS"))
    by_hand(books, [(takings, 4_000), (takings, -500), (stranger, -3_500)], "BANK-77")
    by_hand(books, [(sale, -900), (stranger, 900)])
    books.verify()
    ((kind, state, record, amount), (other_kind, _, number, other_amount)) = books.cases()
    assert (kind, state, record, amount) == ("foreign_posting", "broken", "BANK-77", 4_000)
    assert (other_kind, other_amount) == ("foreign_posting", 900)
    assert number is not None
    assert {finding.record: finding.lines for finding in found(books)} == {
        "BANK-77": {takings: 3_500},
        number: {sale: -900},
    }


@pytest.mark.parametrize("name", ["JE-correction", "JE-S01-2026030x-SEK-1", "JE-S01-20260302-SEK-1-b"])
def test_an_external_id_that_only_looks_like_ours_is_somebody_elses_posting(books: Books, name: str) -> None:
    sale, takings = accounts(books)
    by_hand(books, [(sale, -900), (takings, 900)], name)
    books.verify()
    assert books.cases() == [("foreign_posting", "broken", name, 900)]


def test_where_we_may_not_post_nobody_is_a_stranger(books: Books) -> None:
    sale, takings = accounts(books)
    by_hand(books, [(sale, -900), (takings, 900)])
    books.estate = books.estate.model_copy(update={"read_only": True})
    books.verify()
    assert books.cases() == []


def test_only_postings_at_a_store_on_its_books_and_from_go_live_on_are_foreign(books: Books) -> None:
    sale, takings = accounts(books)
    own = books.estate.books_of(books.store).account_numbers()
    strangers = [number for number in books.with_client(books_ids).accounts if number.startswith("SYS")]
    assert not own & set(strangers)
    by_hand(books, [(strangers[0], -900), (strangers[1], 900)])
    by_hand(books, [(sale, -900), (takings, 900)], day="2026-02-27")
    other, (their_sale, their_takings) = books.estate.stores[1], books.lines(1, store=1)
    books.estate = books.estate.model_copy(update={"stores": books.estate.stores[:1]})
    by_hand(books, [(their_sale.account, -900), (their_takings.account, 900)], store=other)
    assert books.verify().not_ours == []
    assert books.cases() == []


def test_what_others_booked_at_a_store_before_its_tills_went_live_is_theirs(books: Books) -> None:
    sale, takings = accounts(books)
    by_hand(books, [(sale, -900), (takings, 900)])
    content = yaml.safe_load(estate_yaml(books.account.world))
    content["stores"][0]["go_live"] = {"sales": "2026-03-03", "stock": "2026-03-03"}
    books.estate = parse_estate(content, "the sandbox's estate")
    assert books.verify().not_ours == []


def test_a_document_of_ours_that_names_another_day_and_was_never_planned_is_a_case_of_that_day(books: Books) -> None:
    sale, takings = accounts(books)
    stray, next_day = "JE-S01-20260303-SEK-1", DAY + timedelta(days=1)
    by_hand(books, [(sale, -900), (takings, 900)], stray, day="2026-03-02")
    for _ in range(2):
        (case,) = books.verify().not_ours
        assert (case.kind, case.record, case.trading_day) == ("document_not_planned", stray, next_day)
    # What it does to the ledger of its own day is for the read-back of that day to keep.
    assert found(books) == []
    assert open_days(books.connection, "document_not_planned") == {next_day}


@pytest.mark.parametrize("named", ["20190101", "20991231"])
def test_a_document_that_names_a_day_nobody_reads_back_is_about_its_date(books: Books, named: str) -> None:
    sale, takings = accounts(books)
    stray = f"JE-S01-{named}-SEK-1"
    by_hand(books, [(sale, -900), (takings, 900)], stray)
    books.verify()
    assert books.cases() == [("document_not_planned", "broken", stray, 900)]
    assert found(books) == [LedgerFinding("document_not_planned", stray, "S01", DAY, "SEK", {sale: -900, takings: 900})]
    books.netsuite("DELETE", f"journalEntry/eid:{stray}")
    books.verify()
    assert books.cases() == []


def test_a_document_of_ours_of_another_day_that_is_dated_here_is_no_stranger(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.post()
    later = DAY + timedelta(days=1)
    books.netsuite("PATCH", f"journalEntry/eid:{FIRST}", json.dumps({"tranDate": later.isoformat()}).encode())

    async def verifying() -> Verified:
        async with books.account.client() as client:
            return await verify_days(books.connection, client, later, later, books.estate, lambda: NOW, "a run")

    assert asyncio.run(verifying()).not_ours == []


def test_a_document_that_was_never_sent_is_no_case(books: Books) -> None:
    books.leave_planned()
    assert books.verify().in_doubt == []
    assert books.cases() == []


def test_a_document_that_may_have_arrived_waits_for_the_next_run(books: Books) -> None:
    books.leave_in_doubt()
    assert books.verify().in_doubt == [FIRST]
    assert books.cases() == [("document_not_found", "waiting", FIRST, 10_000)]


def test_a_planned_document_that_netsuite_holds_is_posted_however_long_its_store_day_is_held(books: Books) -> None:
    row = books.leave_planned()
    books.plan(books.lines(12_500), DayState.HELD)
    books.netsuite("POST", "journalEntry", row.body)
    with connect(books.database_url) as other, outbox.claimed(other, FIRST) as ours:
        assert ours
        assert books.verify().in_doubt == [FIRST]
        assert books.outbox() == {FIRST: "planned"}
        assert books.cases() == [("document_not_found", "waiting", FIRST, 10_000)]
    verified = books.verify()
    assert (verified.turned_up, verified.in_doubt) == ([FIRST], [])
    assert books.outbox() == {FIRST: "posted"}
    assert books.cases() == []
    # What it carries is in the books: once the store-day is released, the rest follows.
    books.plan(books.lines(12_500))
    books.post()
    assert books.verify().as_sent == [FIRST, SECOND]
    assert books.ledger() == {FIRST: 10_000, SECOND: 2_500}


def test_a_refused_document_that_turned_up_is_posted_and_its_doubled_lines_are_taken_back(books: Books) -> None:
    row = books.leave_in_doubt()
    outbox.proven_refused(books.connection, row.external_id, "not today", NOW)
    books.plan(books.lines(10_000, tender="Swish"))
    books.post()
    assert books.outbox() == {FIRST: "refused", SECOND: "posted"}
    books.netsuite("POST", "journalEntry", row.body)
    assert books.verify().turned_up == [FIRST]
    assert books.outbox() == {FIRST: "posted", SECOND: "posted"}
    assert books.cases() == [("document_doubled", "broken", FIRST, 10_000)]
    books.verify()
    assert books.cases() == [("document_doubled", "broken", FIRST, 10_000)]
    books.post()
    books.verify()
    assert books.cases() == []
    (variance,) = queries.reconciliation(books.connection, DAY, DAY)
    assert variance.variance_minor == 0


def test_a_refused_document_that_turned_up_with_nothing_posted_in_its_place_is_simply_posted(books: Books) -> None:
    row = books.leave_in_doubt()
    outbox.proven_refused(books.connection, row.external_id, "not today", NOW)
    books.netsuite("POST", "journalEntry", row.body)
    assert books.verify().turned_up == [FIRST]
    assert books.cases() == []
    books.post()
    assert books.outbox() == {FIRST: "posted"}


def test_a_verification_asks_as_many_questions_for_two_stores_as_for_one(books: Books) -> None:
    def questions(stores: int) -> int:
        every = books.estate
        books.estate = every.model_copy(update={"stores": every.stores[:stores]})
        before = len(books.account.sent("POST", "suiteql"))
        books.verify()
        books.estate = every
        return len(books.account.sent("POST", "suiteql")) - before

    books.plan_stores({"S01": books.lines(10_000), books.estate.stores[1].store: books.lines(20_000, store=1)})
    books.post()
    assert questions(1) == questions(2)


def test_what_is_released_and_not_in_netsuite_is_a_variance_whole_however_well_the_run_went(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.verify()
    (variance,) = queries.reconciliation(books.connection, DAY, DAY)
    assert (variance.documents, variance.planned_minor, variance.ledger_minor) == (0, 10_000, 0)
    assert variance.variance_minor == 20_000


# ------------------------------------------------------------------------------------------------ opening balances


def declaring(books: Books, *entries: tuple[str, str]) -> Estate:
    """The estate with opening balances of the first store, whose go-live is the day of the tests."""
    content = yaml.safe_load(estate_yaml(books.account.world))
    content["stores"][0]["opening"] = [{"account": account, "balance": balance} for account, balance in entries]
    return parse_estate(content, "the sandbox's estate")


def test_declared_opening_balances_are_compared_with_the_ledger_before_go_live(books: Books) -> None:
    cards = books.estate.books_of(books.store).gift_cards[0].liability
    stranger = next(number for number in books.with_client(books_ids).accounts if number.startswith("SYS"))
    books.estate = declaring(books, (cards, "-1200.00"))
    by_hand(books, [(cards, -120_000), (stranger, 120_000)], day="2026-03-01")
    verified = books.verify()
    assert [(entry.account, entry.difference_minor) for entry in verified.openings] == [(cards, 0)]
    assert books.cases() == []

    by_hand(books, [(cards, 20_000), (stranger, -20_000)], day="2026-02-27")
    books.verify()
    assert books.cases() == [("opening_balance", "broken", cards, 20_000)]

    books.estate = declaring(books, (cards, "-1000.00"))
    # What is booked on the go-live day is trade, or a stranger's.
    by_hand(books, [(cards, -700), (stranger, 700)], "MONDAY")
    books.verify()
    assert books.cases() == [("foreign_posting", "broken", "MONDAY", 700)]


def test_an_opening_balance_that_was_never_entered_is_wrong_by_all_of_it(books: Books) -> None:
    cards = books.estate.books_of(books.store).gift_cards[0].liability
    books.estate = declaring(books, (cards, "-1200.00"))
    books.verify()
    assert books.cases() == [("opening_balance", "broken", cards, 120_000)]
    books.estate = declaring(books)
    books.verify()
    assert books.cases() == []


def test_the_oracle_and_the_builder_know_the_same_accounts_of_the_tills() -> None:
    from sitoo_netsuite.oracle.estate_file import estate_facts

    content = estate_content()
    facts = estate_facts(content)
    for books in parse_estate(content, "estate.yaml").books:
        assert books.account_numbers() == facts.books[books.subsidiary].all_accounts()
