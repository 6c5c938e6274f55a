"""Complaints 2, 4, 10 and 14: records locked and silently missing, success shown and nothing posted, documents edited,
doubled or gone and found only by a person who compares, one bad record that stops the rest.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sitoo_netsuite.netsuite.errors import Locked, UnclearAnswer
from sitoo_netsuite.netsuite.records import create, find_by_external_id
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.trade.store import OrderFilter
from sitoo_netsuite_tests.end_to_end.conftest import Retailer
from sitoo_netsuite_tests.flows.journals.conftest import Books
from sitoo_netsuite_tests.sitoo.tampering import tampering_with

FIRST = "JE-S01-20260302-SEK-1"
LOCKED = {
    "status": 400,
    "o:errorDetails": [{"detail": "The record is locked by a user defined workflow.", "o:errorCode": "USER_ERROR"}],
}


@contextmanager
def answering_records_with(books: Books, answer: Response) -> Iterator[str]:
    """A NetSuite that logs in as the served one does and answers every request to a record so."""

    async def record(_: Request) -> Response:
        return answer

    async def token(_: Request) -> Response:
        return JSONResponse({"access_token": "t", "expires_in": "3600", "token_type": "bearer"})

    routes = [
        Route("/services/rest/auth/oauth2/v1/token", token, methods=["POST"]),
        Route("/services/rest/record/v1/{rest:path}", record, methods=["GET", "POST"]),
    ]
    with serving(Starlette(routes=routes)) as url:
        yield url


def test_a_record_that_a_workflow_locks_is_waited_for_and_never_taken_for_absent(books: Books) -> None:
    with answering_records_with(books, JSONResponse(LOCKED, 400)) as url:

        async def look_up() -> None:
            async with books.account.client(url=url) as client:
                await find_by_external_id(client, "journalEntry", FIRST)

        with pytest.raises(Locked, match="the next run tries again"):
            asyncio.run(look_up())


def test_an_answer_of_success_that_names_no_new_record_is_not_taken_for_one(books: Books) -> None:
    with answering_records_with(books, Response(status_code=204)) as url:

        async def post() -> None:
            async with books.account.client(url=url) as client:
                await create(client, "journalEntry", b"{}")

        with pytest.raises(UnclearAnswer, match="without the id of a new record"):
            asyncio.run(post())


def test_a_day_that_netsuite_did_not_take_is_never_shown_as_posted(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.fault(status=500, requests=100)
    posted = books.post()
    assert posted.count("posted") == 0
    assert set(books.outbox().values()) <= {"planned", "in_doubt"}
    assert books.ledger() == {}
    books.verify()
    assert [(kind, state) for kind, state, *_ in books.cases()] == [("document_not_found", "waiting")]


def test_a_journal_edited_after_posting_one_deleted_and_one_posted_twice_are_found_without_a_person_comparing(
    retailer: Retailer,
) -> None:
    retailer.run()
    rows = retailer.suiteql("SELECT id, externalid FROM transaction WHERE type = 'Journal' ORDER BY id")
    deleted, edited, twin = rows[:3]
    retailer.netsuite("DELETE", f"journalEntry/{deleted['id']}")

    lines = _lines(retailer, edited["id"])
    first, second = [line for line in lines if "debit" in line][:2]
    first["debit"], second["debit"] = first["debit"] + 1, second["debit"] - 1
    retailer.netsuite(
        "PATCH", f"journalEntry/{edited['id']}?replace=line", json.dumps({"line": {"items": lines}}).encode()
    )

    body = {**_sheet(retailer, twin["id"]), "line": {"items": _lines(retailer, twin["id"])}}
    copied = {name: body[name] for name in ("subsidiary", "currency", "tranDate", "memo", "line")}
    doubled = twin["externalid"].rsplit("-", 1)[0] + "-9"
    retailer.netsuite("POST", "journalEntry", json.dumps({**copied, "externalId": doubled}).encode())

    retailer.run()
    found = {(case["kind"], case["record"]) for case in retailer.cases()}
    assert found == {
        ("document_not_found", deleted["externalid"]),
        ("document_differs", edited["externalid"]),
        ("document_not_planned", doubled),
    }
    assert all(case["amount_minor"] for case in retailer.cases())


def _sheet(retailer: Retailer, identity: str) -> dict[str, object]:
    answer = retailer.netsuite("GET", f"journalEntry/{identity}?expandSubResources=true")
    sheet: dict[str, object] = json.loads(answer.content)
    return sheet


def _lines(retailer: Retailer, identity: str) -> list[dict[str, float]]:
    sheet = json.loads(retailer.netsuite("GET", f"journalEntry/{identity}?expandSubResources=true").content)
    names = ("account", "debit", "credit", "memo", "location")
    return [{name: line[name] for name in names if name in line} for line in sheet["line"]["items"]]


def test_one_bad_record_stops_no_other_store_day(retailer: Retailer, monkeypatch: pytest.MonkeyPatch) -> None:
    _, bodies = retailer.sandbox.store.orders(
        retailer.sandbox.clock.epoch(), OrderFilter(ordertype=(10,), orderstate=(10,)), sort="orderid", num=1
    )
    order = json.loads(bodies[0])
    with tampering_with(os.environ["SITOO_URL"]) as between:
        monkeypatch.setenv("SITOO_URL", between.url)
        between.orders[order["orderid"]] = [json.dumps({**order, "orderitems": "deleted product"}).encode()]
        states = retailer.run().states
        (case,) = retailer.cases("unparsable_record")
        assert case["record"] == str(order["orderid"])
        held = {(state.store, state.trading_day) for state in states if state.state != "posted"}
        assert held
        assert {store for store, _ in held} == {case["store"]}
        assert len(held) < len(states)
