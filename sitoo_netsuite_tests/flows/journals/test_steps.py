"""Posting and verifying store-days against a served NetSuite, killed, refused and raced at every step."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sitoo_netsuite.flows.journals import steps
from sitoo_netsuite.flows.journals.plan import DayState
from sitoo_netsuite.netsuite.records import create
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.read_back import debits
from sitoo_netsuite_tests.flows.journals.conftest import DAY, Books

FIRST, SECOND = "JE-S01-20260302-SEK-1", "JE-S01-20260302-SEK-2"


def test_a_run_killed_before_it_declared_its_intent_is_taken_up(books: Books) -> None:
    books.leave_planned()
    assert books.post().count("posted") == 1
    assert books.ledger() == {FIRST: 10_000}


def test_a_run_killed_between_its_intent_and_the_request_is_taken_up(books: Books) -> None:
    books.leave_in_doubt()
    books.post()
    assert books.outbox() == {FIRST: "posted"}
    assert books.ledger() == {FIRST: 10_000}


def test_a_run_killed_after_the_request_finds_its_document_and_posts_no_second(books: Books) -> None:
    row = books.leave_in_doubt()
    books.with_client(lambda client: create(client, row.document_type, row.body))
    books.post()
    assert books.outbox() == {FIRST: "posted"}
    assert len(books.account.sent("POST", "journalEntry")) == 1


def test_what_was_in_doubt_is_settled_before_a_changed_plan_posts_its_difference(books: Books) -> None:
    row = books.leave_in_doubt()
    books.with_client(lambda client: create(client, row.document_type, row.body))
    books.plan(books.lines(12_500))
    books.post()
    assert books.ledger() == {FIRST: 10_000, SECOND: 2500}


def test_a_day_that_may_not_post_any_more_settles_what_is_in_doubt_and_sends_nothing(books: Books) -> None:
    books.leave_in_doubt()
    books.plan(books.lines(10_000), DayState.HELD)
    books.post()
    assert books.outbox() == {FIRST: "in_doubt"}
    books.now += outbox.LONGEST_REQUEST
    books.post()
    assert books.outbox() == {FIRST: "planned"}
    assert books.ledger() == {}
    books.plan(books.lines(10_000))
    books.post()
    assert books.ledger() == {FIRST: 10_000}


def test_two_posters_at_once_post_a_day_once(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.post_twice_at_once()
    assert books.ledger() == {FIRST: 10_000}


def test_an_answer_and_its_look_up_that_are_lost_leave_a_waiting_case_and_the_next_run_settles_it(
    books: Books,
) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=502, requests=5, after=True)
    assert books.post().count("in_doubt") == 1
    books.verify()
    assert books.cases() == [("document_not_found", "waiting", FIRST, 10_000)]
    assert books.post().count("posted") == 1
    books.verify()
    assert books.cases() == []
    assert books.ledger() == {FIRST: 10_000}
    assert len(books.account.sent("POST", "journalEntry")) == 1


def test_somebody_elses_document_under_our_external_id_is_a_case_for_people_until_it_is_gone(books: Books) -> None:
    row = books.leave_planned()
    theirs = json.loads(row.body)
    for line in theirs["line"]["items"]:
        line.update({side: 7 for side in ("debit", "credit") if side in line})
    books.netsuite("POST", "journalEntry", json.dumps(theirs).encode())
    assert books.post().count("in_doubt") == 1
    books.verify()
    assert books.cases() == [("document_differs", "broken", FIRST, 10_000 - 700)]
    books.netsuite("DELETE", f"journalEntry/eid:{FIRST}")
    books.post()
    books.verify()
    assert books.cases() == []
    assert books.ledger() == {FIRST: 10_000}


def test_a_refusal_is_one_case_with_its_money_and_one_number_however_often_it_is_tried(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=400, requests=3)
    for _ in range(3):
        assert books.post().count("refused") == 1
    assert books.outbox() == {FIRST: "refused"}
    assert books.cases() == [("document_refused", "broken", FIRST, 10_000)]
    opened = books.connection.execute("select event from worklist.case_events").fetchall()
    assert opened == [("opened",)]
    books.post()
    assert books.ledger() == {FIRST: 10_000}
    assert books.cases() == []


def test_a_refused_document_whose_plan_was_corrected_is_followed_by_a_new_one(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=400, requests=1)
    books.post()
    books.plan(books.lines(9_000))
    books.post()
    assert books.outbox() == {FIRST: "refused", SECOND: "posted"}
    assert books.ledger() == {SECOND: 9000}
    assert books.cases() == []


def test_a_refused_day_that_is_held_meanwhile_is_no_refused_document_any_more(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=400, requests=1)
    books.post()
    books.plan(books.lines(10_000), DayState.HELD)
    books.post()
    assert books.cases() == []


def test_an_account_netsuite_lacks_stops_its_store_day_and_no_other(books: Books) -> None:
    other = books.estate.stores[1]
    good, bad = books.lines(10_000, store=1), books.lines(10_000)
    sale = next(key for key in bad if key.kind == "sale")
    amount = bad.pop(sale)
    bad[type(sale)(sale.registerid, sale.kind, "99999", sale.vat_rate_bp, sale.label)] = amount
    books.plan_stores({books.store.store: bad, other.store: good})
    posted = books.post()
    assert [text for text in posted.refused_days.values() if "99999" in text]
    assert books.cases() == [("document_refused", "broken", None, 10_000)]
    assert list(books.ledger()) == [f"JE-{other.store}-20260302-{other.currency}-1"]


def test_more_lines_than_a_journal_takes_are_split_by_register_and_corrected_by_a_difference(books: Books) -> None:
    books.limit_lines(2)
    many = books.lines(1_000, "R1") | books.lines(2_000, "R2", "Swish")
    books.plan(many)
    books.post()
    assert books.ledger() == {FIRST: 1000, SECOND: 2000}
    books.plan(many | books.lines(2_500, "R2", "Swish"))
    books.post()
    assert books.ledger() == {FIRST: 1000, SECOND: 2000, "JE-S01-20260302-SEK-3": 500}
    assert books.verify().as_sent == [FIRST, SECOND, "JE-S01-20260302-SEK-3"]


def test_what_cancels_out_over_registers_needs_no_document(books: Books) -> None:
    books.plan(books.lines(1_000, "R1") | books.lines(2_000, "R2"))
    books.post()
    books.plan(books.lines(2_000, "R1") | books.lines(1_000, "R2"))
    books.post()
    assert list(books.ledger()) == [FIRST]
    (state,) = steps.queries.store_day_states(books.connection, DAY, DAY)
    assert (state.state, state.missing_minor) == ("posted", 0)


def test_a_fault_of_our_own_in_one_document_lets_the_others_end_and_gives_the_right_to_send_back(books: Books) -> None:
    other = books.estate.stores[1]
    books.plan_stores({books.store.store: books.lines(10_000), other.store: books.lines(20_000, store=1)})
    books.connection.execute(
        """
        create function posting.fail() returns trigger language plpgsql as $$ begin raise 'disk is full'; end $$;
        create trigger fail before update on posting.outbox for each row
            when (old.store = 'S01' and new.state = 'posted') execute function posting.fail()
        """
    )
    with pytest.raises(Exception, match="disk is full"):
        books.post()
    assert books.outbox() == {FIRST: "in_doubt", f"JE-{other.store}-20260302-{other.currency}-1": "posted"}
    books.connection.execute("drop trigger fail on posting.outbox")
    locks = books.connection.execute(
        "select count(*) from pg_locks join pg_database on pg_database.oid = pg_locks.database"
        " where locktype = 'advisory' and datname = current_database()"
    ).fetchone()
    assert locks == (0,)
    books.post()
    assert set(books.outbox().values()) == {"posted"}
    assert len(books.ledger()) == 2


def test_a_journal_moved_to_another_date_by_hand_is_a_case(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.post()
    books.netsuite("PATCH", f"journalEntry/eid:{FIRST}", b'{"tranDate": "2026-02-27"}')
    assert "2026-02-27" in books.verify().misdated[FIRST]
    assert books.cases() == [("document_differs", "broken", FIRST, 10_000)]


def test_documents_of_more_lines_than_a_page_of_answers_are_read_back_whole(books: Books) -> None:
    target = {
        replace(key, label=f"{key.label} {place}"): amount
        for register in ("R1", "R2", "R3", "R4", "R5", "R6")
        for place in range(90)
        for key, amount in books.lines(100 + place, register).items()
    }
    for register in ("R1", "R2", "R3", "R4", "R5", "R6"):
        books.plan({key: amount for key, amount in target.items() if key.registerid <= register})
        books.post()
    verified = books.verify()
    assert len(verified.as_sent) == 6
    held = books.connection.execute("select count(*) from posting.read_back").fetchone()
    assert held == (6 * 180,)


def test_the_body_that_is_sent_is_the_one_that_was_frozen_to_the_byte(books: Books) -> None:
    row = books.leave_planned()
    books.post()
    (sent,) = books.account.sent("POST", "journalEntry")
    assert sent["body"].encode() == row.body
    assert b'"debit":100.00' in row.body
    assert debits(row) == 10_000
