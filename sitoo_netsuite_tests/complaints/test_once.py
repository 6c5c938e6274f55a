"""Complaints 8, 11, 12 and 13: books that depend on the order in which things arrive, rollbacks of a period somebody
had reconciled, doubles after a lost answer or between workers, and a rate limit at the busiest hour.
"""

from __future__ import annotations

import json
import os

import httpx
import pytest

from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite.sandbox.trade.store import OrderFilter
from sitoo_netsuite_tests.end_to_end.conftest import Retailer
from sitoo_netsuite_tests.flows.journals.conftest import Books
from sitoo_netsuite_tests.sitoo.tampering import tampering_with

FIRST, SECOND = "JE-S01-20260302-SEK-1", "JE-S01-20260302-SEK-2"


def test_a_lost_answer_is_looked_up_and_nothing_is_doubled(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=502, requests=1, after=True)
    assert books.post().count("posted") == 1
    assert books.ledger() == {FIRST: 10_000}
    assert len(books.account.sent("POST", "journalEntry")) == 1


def test_workers_at_the_same_time_post_a_day_once(books: Books) -> None:
    books.plan(books.lines(10_000))
    # Turned away as often as a run tries: the document is there for both workers to send.
    books.fault(status=429, requests=4)
    books.post()
    assert books.outbox() == {FIRST: "planned"}
    tried = len(books.account.sent("POST", "journalEntry"))
    books.post_twice_at_once()
    assert books.ledger() == {FIRST: 10_000}
    assert len(books.account.sent("POST", "journalEntry")) == tried + 1


def test_a_rate_limit_at_the_busiest_hour_delays_and_loses_nothing(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=429, requests=3)
    assert books.post().count("posted") == 1
    books.plan(books.lines(12_500))
    books.fault(status=429, requests=20)
    assert books.post().count("posted") == 0  # longer than a run waits: the next one sends it
    for _ in range(6):
        books.post()
    assert books.ledger() == {FIRST: 10_000, SECOND: 2500}


def test_a_correction_is_a_document_of_its_own_and_what_was_posted_stays_as_it_was(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.post()
    before = books.netsuite("GET", f"journalEntry/eid:{FIRST}?expandSubResources=true").json()
    for amount in (12_500, 9_000, 0):
        books.plan(books.lines(amount) if amount else {})
        books.post()
        books.verify()
    assert books.netsuite("GET", f"journalEntry/eid:{FIRST}?expandSubResources=true").json() == before
    assert len(books.ledger()) == 4
    for method in ("PATCH", "PUT", "DELETE"):
        assert books.account.sent(method, "/") == []


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=3, receipts=30, seed=8)], indirect=True)
def test_what_is_late_leaves_the_same_books_as_if_it_had_been_in_time(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = _sold_on_the_first_day(retailer)
    with tampering_with(os.environ["SITOO_URL"]) as between:
        monkeypatch.setenv("SITOO_URL", between.url)
        between.orders |= {orderid: [] for orderid in late}
        states = retailer.run().states
        assert {state.state for state in states if state.store == "S02"} == {"posted"}
        assert "held" in {state.state for state in states if state.store == "S01"}
        assert {case["kind"] for case in retailer.cases()} >= {"z_variance", "held_store_day"}
        posted = retailer.journals_in_netsuite()

        # The payout's order does not matter, nor the till's: what is there is booked, and the rest when it comes.
        between.orders.clear()
        retailer.change_estate(lambda content: content.update(sitoo={"overlap_orders": 100_000}))
        retailer.run()
        assert set(posted) < set(retailer.journals_in_netsuite())
        assert retailer.cases() == []
        assert retailer.judge().differences == ()
        requests = httpx.get(f"{retailer.sandbox.netsuite_url}/sandbox/requests").json()["requests"]
        assert {request["method"] for request in requests} <= {"GET", "POST"}


def _sold_on_the_first_day(retailer: Retailer) -> list[int]:
    registers = {register.registerid for register in retailer.sandbox.world.shops[0].registers}
    _, bodies = retailer.sandbox.store.orders(
        retailer.sandbox.clock.epoch(), OrderFilter(ordertype=(10,), orderstate=(10,)), sort="orderid", num=20
    )
    orders = [json.loads(body) for body in bodies]
    return [order["orderid"] for order in orders if order["registerid"] in registers][:3]
