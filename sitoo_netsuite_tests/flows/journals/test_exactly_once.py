"""Answers that never came, documents that come late, and several runs at once: each document is in NetSuite once."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta

import pytest

from sitoo_netsuite.flows.journals.plan import DayState
from sitoo_netsuite.netsuite.records import create
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite_tests.flows.journals.conftest import DAY, NOW, Books, OneSlotAnd

FIRST, SECOND, THIRD = (f"JE-S01-20260302-SEK-{number}" for number in (1, 2, 3))


def arrive(books: Books, row: OutboxRow) -> str:
    """The request that nobody saw the end of commits in NetSuite; the document's internal id."""
    internal_id: str = books.with_client(lambda client: create(client, row.document_type, row.body))
    return internal_id


def sent(books: Books) -> list[str]:
    """External ids of the documents that NetSuite read, in order."""
    requests = books.account.sent("POST", "journalEntry")
    return [json.loads(request["body"])["externalId"] for request in requests if request["status"] != 429]


def test_a_document_whose_answer_was_lost_is_found_and_not_sent_again(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=502, requests=1, after=True)
    assert books.post().count("posted") == 1
    assert sent(books) == [FIRST]
    assert books.ledger() == {FIRST: 10_000}


def test_a_document_that_commits_after_it_was_looked_for_in_vain_is_there_once(books: Books) -> None:
    row = books.leave_in_doubt()
    books.fault(status=503, requests=4)  # the look-up, in vain as far as anybody can tell
    books.post()
    assert books.outbox() == {FIRST: "in_doubt"}
    arrive(books, row)
    books.post()
    assert books.outbox() == {FIRST: "posted"}
    assert books.ledger() == {FIRST: 10_000}


def test_a_refused_document_stays_in_doubt_while_an_earlier_request_for_it_may_still_arrive(books: Books) -> None:
    row = books.leave_in_doubt()
    books.lock("Mar 2026", closed=True)
    posted = books.post()
    assert books.outbox() == {FIRST: "in_doubt"}
    assert "may still arrive until 2026-03-04 06:15 UTC" in posted.outcomes[-1].text
    books.lock("Mar 2026", closed=False)
    arrive(books, row)
    books.plan(books.lines(11_000))
    books.now += timedelta(minutes=5)
    books.post()
    assert books.outbox() == {FIRST: "posted", SECOND: "posted"}
    assert books.ledger() == {FIRST: 10_000, SECOND: 1000}


def test_a_refused_document_is_given_up_once_nothing_can_arrive_any_more(books: Books) -> None:
    books.leave_in_doubt()
    books.lock("Mar 2026", closed=True)
    for minutes in (0, 7, 14):
        books.now = NOW + timedelta(minutes=minutes)
        books.post()
        assert books.outbox() == {FIRST: "in_doubt"}
    books.now = NOW + outbox.LONGEST_REQUEST
    books.post()
    assert books.outbox() == {FIRST: "refused", SECOND: "posted"}
    assert books.ledger() == {SECOND: 10_000}


def test_a_refused_document_that_turns_up_after_all_is_taken_back_by_a_difference(books: Books) -> None:
    row = books.leave_planned()
    books.fault(status=400, requests=1)
    books.post()
    books.plan(books.lines(9_000))
    books.post()
    internal_id = arrive(books, row)
    assert outbox.turned_up(books.connection, FIRST, internal_id, NOW)
    assert not outbox.turned_up(books.connection, FIRST, internal_id, NOW)
    books.post()
    assert books.outbox() == {FIRST: "posted", SECOND: "posted", THIRD: "posted"}
    assert books.ledger() == {FIRST: 10_000, SECOND: 9000, THIRD: 10_000}
    (account,) = {line.account for line in books.lines(1) if line.kind == "sale"}
    assert books.balance(account) == -9000


def test_the_next_document_waits_until_the_one_before_it_is_settled(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=502, requests=5, after=True)
    books.post()
    books.plan(books.lines(12_500))
    books.fault(status=503, requests=4)
    books.post()
    assert books.outbox() == {FIRST: "in_doubt"}
    books.post()
    assert books.outbox() == {FIRST: "posted", SECOND: "posted"}
    assert books.ledger() == {FIRST: 10_000, SECOND: 2500}
    assert sent(books) == [FIRST, SECOND]


def test_runs_of_one_day_at_once_send_no_document_twice(books: Books) -> None:
    books.limit_lines(2)
    target = {}
    for register in range(12):
        target |= books.lines(1_000 + register, f"R{register:02}", ("Invoice", "Swish")[register % 2])
    books.plan(target)
    books.post_twice_at_once()
    assert len(sent(books)) == len(set(sent(books))) == 12
    assert set(books.outbox().values()) == {"posted"}
    assert sum(books.ledger().values()) == sum(amount for amount in target.values() if amount > 0)


def test_a_run_waits_for_the_document_that_another_one_is_at(books: Books) -> None:
    books.leave_planned()
    with connect(books.database_url) as other, outbox.claimed(other, FIRST) as ours:
        assert ours
        run = threading.Thread(target=books.post_twice_at_once)
        run.start()
        time.sleep(0.5)
        assert sent(books) == []
    run.join(timeout=60)
    assert sent(books) == [FIRST]


def test_the_claim_of_a_killed_worker_goes_with_its_connection(books: Books) -> None:
    books.leave_in_doubt()
    with connect(books.database_url) as killed:
        killed.execute("select pg_advisory_lock(hashtextextended('outbox/' || %s, 0))", (FIRST,))
        with outbox.claimed(books.connection, FIRST) as ours:
            assert not ours
    assert books.post().count("posted") == 1


@pytest.mark.parametrize("state", ["posted", "refused"])
def test_what_another_run_has_brought_to_an_end_is_left_alone(books: Books, state: str) -> None:
    row = books.leave_in_doubt()
    books.connection.execute("update posting.outbox set state = %s, internal_id = '7'", (state,))
    before = books.connection.execute("select * from posting.outbox").fetchall()
    outcome = books.send([row])
    assert [found.state for found in outcome] == [state]
    assert books.connection.execute("select * from posting.outbox").fetchall() == before
    assert sent(books) == []
    assert row.trading_day == DAY


def test_a_run_that_began_with_an_older_plan_takes_nothing_back_from_the_one_that_overtook_it(books: Books) -> None:
    def overtake() -> None:
        books.plan(books.lines(12_500))
        with connect(books.database_url) as session:
            books.post(session)

    books.plan(books.lines(10_000))
    books.post(slots=OneSlotAnd(overtake))
    assert books.ledger() == {FIRST: 12_500}


def test_a_day_that_is_held_while_a_run_begins_is_not_planned(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.post(slots=OneSlotAnd(lambda: books.plan(books.lines(10_000), DayState.HELD)))
    assert books.outbox() == {}


def test_a_day_that_is_held_while_it_is_posted_sends_no_more(books: Books) -> None:
    books.set_netsuite(journal_lines=2, slots=1)
    target = {}
    for register in range(6):
        target |= books.lines(1_000, f"R{register}", ("Invoice", "Swish")[register % 2])
    books.plan(target)
    books.post(slots=OneSlotAnd(lambda: books.plan(target, DayState.HELD), when=books.a_journal_has_arrived))
    assert list(books.outbox().values())[-1] == "planned"
    assert 0 < len(sent(books)) < 6
    books.plan(target)
    books.post()
    assert sum(books.ledger().values()) == 6000
    assert len(sent(books)) == len(set(sent(books))) == 6


def test_a_document_left_planned_whose_day_was_proved_anew_is_withdrawn_unsent(books: Books) -> None:
    books.leave_planned(10_000)
    books.plan(books.lines(9_000))
    books.post()
    assert books.outbox() == {FIRST: "refused", SECOND: "posted"}
    assert (outbox.document(books.connection, FIRST).error or "").startswith("withdrawn before it was sent: ")
    assert sent(books) == [SECOND]


def test_a_withdrawn_document_that_is_wanted_again_keeps_its_number(books: Books) -> None:
    books.leave_planned(10_000)
    assert books.leave_planned(9_000).external_id == SECOND
    again = books.leave_planned(10_000)
    assert (again.external_id, again.error) == (FIRST, None)
    books.post()
    assert books.outbox() == {FIRST: "posted", SECOND: "refused"}
    assert sent(books) == [FIRST]


def test_a_document_that_another_run_is_about_to_send_is_not_withdrawn(books: Books) -> None:
    books.leave_planned(10_000)
    with connect(books.database_url) as other, outbox.claimed(other, FIRST):
        books.leave_planned(9_000)
        assert books.outbox() == {FIRST: "planned"}


def test_a_document_that_is_not_under_way_has_no_time_of_sending(books: Books) -> None:
    books.leave_in_doubt()
    outbox.proven_absent(books.connection, FIRST, "turned away")
    assert outbox.document(books.connection, FIRST).sent_at is None
    outbox.about_to_send(books.connection, FIRST, NOW)
    outbox.proven_refused(books.connection, FIRST, "no", NOW)
    assert outbox.document(books.connection, FIRST).sent_at is None
