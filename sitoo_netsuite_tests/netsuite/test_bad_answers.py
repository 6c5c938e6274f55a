"""Answers that NetSuite should not give: each is one clear error that says what was asked for, never a traceback."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sitoo_netsuite.flows.journals.ledger import foreign_lines
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import NetSuiteError, Unreadable
from sitoo_netsuite.netsuite.records import find_by_external_id, get, server_time
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.posting.read_back import read_documents
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite_tests.examples import example_estate
from sitoo_netsuite_tests.netsuite.conftest import ServedAccount

IDENTITY = "JE-S01-20260302-SEK-1"
ROW = {
    "place": "100001", "id": "1", "externalid": IDENTITY, "tranid": "7", "trandate": "2026-03-02", "period": "Mar 2026",
    "inperiod": "T", "account": "210", "location": "11", "memo": "sale 25 %", "debit": "100.00",
}  # fmt: skip

Ask = Callable[[NetSuiteClient], Awaitable[Any]]


def told(account: ServedAccount, body: bytes, ask: Ask) -> str:
    """The error that an answer with this body makes of a request."""

    async def answer(_: Request) -> Response:
        return Response(body, media_type="application/json")

    async def token(_: Request) -> Response:
        return JSONResponse({"access_token": "t", "expires_in": "3600", "token_type": "bearer"})

    async def asking(url: str) -> None:
        async with account.client(url=url, login=account.login()) as client:
            await ask(client)

    routes = [
        Route("/services/rest/auth/oauth2/v1/token", token, methods=["POST"]),
        Route("/{rest:path}", answer, methods=["GET", "POST"]),
    ]
    with serving(Starlette(routes=routes)) as url, pytest.raises(NetSuiteError) as caught:
        asyncio.run(asking(url))
    assert isinstance(caught.value, Unreadable)
    return str(caught.value)


@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b"[]", b"null", b'{"id": NaN}', b"{" * 50_000, b"\xff\xfe"]
)
def test_an_answer_that_is_no_record_says_which_was_asked_for(account: ServedAccount, body: bytes) -> None:
    for ask in (
        lambda client: get(client, "journalEntry", "17"),
        lambda client: find_by_external_id(client, "journalEntry", IDENTITY),
        server_time,
    ):
        assert "/services/rest/" in told(account, body, ask)


def test_a_time_that_is_none_is_told(account: ServedAccount) -> None:
    assert "serverTime is 'noon'" in told(account, b'{"serverTime": "noon"}', server_time)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>busy</html>", b'{"items": null, "hasMore": false}', b'{"items": [{"id": null}], "hasMore": false}',
        b'{"items": [{"id": 5}], "hasMore": false}', b'{"items": [1], "hasMore": false}', b'{"items": []}',
        b'{"items": [{"id": ' + b"[" * 50_000 + b'}], "hasMore": false}',
    ],
)  # fmt: skip
def test_an_answer_that_is_no_page_of_rows_is_told(account: ServedAccount, body: bytes) -> None:
    assert "the answer is not a page of rows" in told(
        account, body, lambda client: query(client, "SELECT id FROM item")
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        *(({name: None}, f"a row has no {name}") for name in ("id", "externalid", "tranid", "trandate", "account")),
        ({"trandate": "02/03/2026"}, f"a date of {IDENTITY} cannot be read"),
        ({"debit": "a lot"}, f"an amount of {IDENTITY} cannot be read"),
        ({"debit": "1.005"}, f"an amount of {IDENTITY} cannot be read"),
    ],
)
def test_a_document_that_cannot_be_read_back_is_told_by_what_is_wrong(
    account: ServedAccount, changes: dict[str, str | None], expected: str
) -> None:
    row = {name: value for name, value in {**ROW, **changes}.items() if value is not None}
    body = msgspec.json.encode({"items": [row], "hasMore": False})
    assert expected in told(account, body, lambda client: read_documents(client, {IDENTITY: "SEK"}))


def test_a_posting_of_somebody_else_whose_amount_cannot_be_read_is_told_by_what_is_wrong(
    account: ServedAccount,
) -> None:
    estate = example_estate()
    store = estate.stores[0]
    day = store.go_live.sales
    row = {
        "place": "100001", "id": "1", "trandate": day.isoformat(), "location": store.location,
        "acctnumber": min(estate.books_of(store).account_numbers()), "credit": "a lot",
    }  # fmt: skip
    body = msgspec.json.encode({"items": [row], "hasMore": False})
    text = told(account, body, lambda client: foreign_lines(client, day, day, estate, []))
    assert "an amount of row 100001 cannot be read: not a decimal amount: 'a lot'" in text
