"""The client against a NetSuite account over real HTTP: login, slots, retries, unclear answers, read-only mode."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sitoo_netsuite.netsuite import records, suiteql
from sitoo_netsuite.netsuite.auth import TOKEN_PATH, ClientCredentials, OAuth2Login
from sitoo_netsuite.netsuite.client import SUITEQL_PATH, NetSuiteClient, Retries
from sitoo_netsuite.netsuite.errors import (
    AlreadyExists,
    Broken,
    CredentialsRefused,
    NetSuiteError,
    ReadOnlyRefused,
    Refused,
    TooManyRequests,
    Unavailable,
    UnclearAnswer,
    Unreadable,
)
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.sandbox.recorder import Fault
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite_tests.netsuite.conftest import CLIENT_ID, PATIENCE, KeyFiles, ServedAccount

_RECORDS = "/services/rest/record/v1"
_JOURNALS = f"{_RECORDS}/journalEntry"
Answer = TypeVar("Answer")


def _with(client: NetSuiteClient, use: Callable[[NetSuiteClient], Coroutine[Any, Any, Answer]]) -> Answer:
    """What `use` gives, in an event loop of its own."""

    async def run() -> Answer:
        async with client:
            return await use(client)

    return asyncio.run(run())


async def _journal(client: NetSuiteClient, external_id: str) -> bytes:
    """A journal of two lines, as frozen bytes."""
    location = (await suiteql.query(client, "SELECT id, subsidiary FROM location ORDER BY id"))[0]
    accounts = await suiteql.query(
        client, "SELECT id FROM account WHERE subsidiary = ? AND ROWNUM <= 2", [location["subsidiary"]]
    )
    lines = [
        {"account": {"id": account["id"]}, side: 12.5, "location": {"id": location["id"]}, "memo": side}
        for account, side in zip(accounts, ("debit", "credit"), strict=True)
    ]
    body = {
        "externalId": external_id,
        "tranDate": "2026-03-02",
        "subsidiary": {"id": location["subsidiary"]},
        "line": {"items": lines},
    }
    return json.dumps(body).encode()


# Login


@pytest.mark.parametrize("name", ["rsa", "ec"])
def test_either_kind_of_key_logs_in(account: ServedAccount, name: str) -> None:
    client = account.client(login=account.login(name, getattr(account.keys, name)))
    assert _with(client, records.server_time).isoformat() == "2026-03-04T06:00:00+00:00"


def test_requests_at_once_share_one_token(account: ServedAccount) -> None:
    async def three(client: NetSuiteClient) -> None:
        await asyncio.gather(*(records.server_time(client) for _ in range(3)))
        await records.server_time(client)

    _with(account.client(), three)
    assert len(account.sent("POST", TOKEN_PATH)) == 1


def test_a_token_that_is_turned_away_is_renewed_once(account: ServedAccount) -> None:
    account.recorder.add_fault(Fault("/services/rest/system", 401, 1))
    _with(account.client(), records.server_time)
    assert len(account.sent("POST", TOKEN_PATH)) == 2


def test_a_new_token_that_is_turned_away_too_is_broken(account: ServedAccount) -> None:
    account.recorder.add_fault(Fault("/services/rest/system", 401, 9))
    with pytest.raises(CredentialsRefused, match="Login Audit Trail"):
        _with(account.client(), records.server_time)
    assert len(account.sent("GET", "serverTime")) == 2


def test_an_unknown_certificate_is_refused_in_plain_words(account: ServedAccount) -> None:
    with pytest.raises(CredentialsRefused, match="check the client id, the Certificate ID"):
        _with(account.client(login=account.login("another")), records.server_time)


def test_a_token_service_that_is_down_is_waiting(account: ServedAccount) -> None:
    account.recorder.add_fault(Fault(TOKEN_PATH, 503, 2))
    _with(account.client(), records.server_time)
    account.recorder.add_fault(Fault(TOKEN_PATH, 503, 99))
    with pytest.raises(Unavailable):
        _with(account.client(), lambda client: records.create(client, "journalEntry", b"{}"))
    assert account.sent("POST", _JOURNALS) == []


# Slots and retries


def test_no_more_requests_are_in_flight_than_there_are_slots(account: ServedAccount) -> None:
    async def many(client: NetSuiteClient) -> None:
        await asyncio.gather(*(records.server_time(client) for _ in range(20)))

    _with(account.client(slots=slots_in_process(2)), many)
    stats = account.recorder.stats()
    assert (stats["greatest_concurrency"], stats["responses_429"]) == (2, 0)


def test_a_full_account_is_waited_for(account: ServedAccount) -> None:
    async def many(client: NetSuiteClient) -> list[object]:
        return list(await asyncio.gather(*(records.server_time(client) for _ in range(8))))

    # The account takes three at once, and somebody gave this client eight slots.
    client = account.client(slots=slots_in_process(8), retries=Retries(attempts=20, first_wait=0.02, longest_wait=0.2))
    assert len(_with(client, many)) == 8
    assert account.recorder.stats()["responses_429"] > 0


def test_a_read_is_repeated_after_trouble_and_only_so_often(account: ServedAccount) -> None:
    account.recorder.add_fault(Fault("/services/rest/system", 500, 3))
    _with(account.client(), records.server_time)
    assert len(account.sent("GET", "serverTime")) == PATIENCE.attempts
    account.recorder.add_fault(Fault("/services/rest/system", 500, 99))
    with pytest.raises(Unavailable, match="the next run tries again"):
        _with(account.client(), records.server_time)
    assert len(account.sent("GET", "serverTime")) == 2 * PATIENCE.attempts


def test_suiteql_is_a_read(account: ServedAccount) -> None:
    account.recorder.add_fault(Fault(SUITEQL_PATH, 502, 2))
    rows = _with(
        account.client(), lambda client: suiteql.query(client, "SELECT symbol FROM currency WHERE id = ?", [1])
    )
    assert rows == [{"symbol": "SEK"}]


def test_a_wait_that_is_asked_for_is_kept_and_a_long_one_is_left_to_the_next_run(account: ServedAccount) -> None:
    account.recorder.add_fault(Fault("/services/rest/system", 429, 1, {"Retry-After": "0"}))
    _with(account.client(), records.server_time)
    account.recorder.add_fault(Fault("/services/rest/system", 429, 1, {"Retry-After": "3600"}))
    with pytest.raises(TooManyRequests):
        _with(account.client(), records.server_time)
    assert len(account.sent("GET", "serverTime")) == 3


# Writes


def test_a_created_record_is_found_by_its_external_id(account: ServedAccount) -> None:
    async def create_and_find(client: NetSuiteClient) -> None:
        body = await _journal(client, "JE-T-1")
        assert await records.find_by_external_id(client, "journalEntry", "JE-T-1") is None
        internal_id = await records.create(client, "journalEntry", body)
        found = await records.find_by_external_id(client, "journalEntry", "JE-T-1")
        assert found is not None and found["id"] == internal_id
        whole = await records.get(client, "journalEntry", internal_id)
        assert [str(line.get("debit", line.get("credit"))) for line in whole["line"]["items"]] == ["12.5", "12.5"]
        with pytest.raises(AlreadyExists):
            await records.create(client, "journalEntry", body)

    _with(account.client(), create_and_find)
    # The bytes that were frozen are the bytes that went out.
    sent = account.sent("POST", _JOURNALS)
    assert len(sent) == 2 and json.loads(sent[0]["body"])["externalId"] == "JE-T-1"


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
def test_a_write_with_an_unclear_answer_is_not_sent_again(account: ServedAccount, done: bool) -> None:
    async def create(client: NetSuiteClient) -> bool:
        body = await _journal(client, "JE-T-2")
        account.recorder.add_fault(Fault(_JOURNALS, 502, 1, after=done))
        with pytest.raises(UnclearAnswer, match="looked up"):
            await records.create(client, "journalEntry", body)
        return await records.find_by_external_id(client, "journalEntry", "JE-T-2") is not None

    assert _with(account.client(), create) is done
    assert len(account.sent("POST", _JOURNALS)) == 1


def test_a_write_that_was_refused_unread_is_sent_again(account: ServedAccount) -> None:
    async def create(client: NetSuiteClient) -> None:
        body = await _journal(client, "JE-T-3")
        account.recorder.add_fault(Fault(_JOURNALS, 429, 2))
        await records.create(client, "journalEntry", body)

    _with(account.client(), create)
    assert [request["status"] for request in account.sent("POST", _JOURNALS)] == [429, 429, 204]


def test_unknown_field_names_are_refused_and_named(account: ServedAccount) -> None:
    with pytest.raises(Refused, match="amountt"):
        _with(account.client(), lambda client: records.create(client, "journalEntry", b'{"amountt": 1}'))


def test_an_external_id_of_another_type_is_taken_not_absent(account: ServedAccount) -> None:
    async def look(client: NetSuiteClient) -> None:
        await records.create(client, "journalEntry", await _journal(client, "JE-T-4"))
        with pytest.raises(Refused):
            await records.find_by_external_id(client, "invoice", "JE-T-4")
        assert await records.find_by_external_id(client, "invoice", "JE-T-5") is None

    _with(account.client(), look)


def test_what_cannot_be_in_a_path_is_never_sent(account: ServedAccount) -> None:
    for external_id in ("", "a/b", "a b", "a:b", "é"):
        with pytest.raises(ValueError, match="external id"):
            _with(
                account.client(),
                partial(records.find_by_external_id, record_type="inventoryItem", external_id=external_id),
            )
    with pytest.raises(ValueError, match="record type"):
        _with(account.client(), lambda client: records.create(client, "journalEntry/1", b"{}"))
    assert account.recorder.stats()["requests"] == 0


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
def test_read_only_mode_sends_no_write(account: ServedAccount, method: str) -> None:
    async def write(client: NetSuiteClient) -> None:
        assert await suiteql.query(client, "SELECT id FROM currency WHERE id = 1") == [{"id": "1"}]
        await records.server_time(client)
        with pytest.raises(ReadOnlyRefused, match="read_only"):
            await client.request(method, f"{_JOURNALS}/1", content=b"{}")

    _with(account.client(read_only=True), write)
    assert account.recorder.stats()["writes"] == 0


# SuiteQL


def test_a_query_of_more_than_a_page_is_not_cut_short(account: ServedAccount) -> None:
    sql = "SELECT a.id FROM account a CROSS JOIN item i"
    with pytest.raises(Broken, match="more than 1000 rows"):
        _with(account.client(), lambda client: suiteql.query(client, sql))


def test_a_whole_table_is_read_by_its_key(account: ServedAccount) -> None:
    # Too few accounts and items for two pages: their pairs are numbered by a key of their own.
    pairs = "SELECT a.id * 1000000 + i.id AS id FROM (SELECT id FROM account WHERE ROWNUM <= 8) a CROSS JOIN item i"
    sql = f"SELECT id FROM ({pairs}) WHERE MOD(id, ?) = 0 AND id > ? ORDER BY id"

    async def read(client: NetSuiteClient) -> tuple[list[int], int]:
        pages = [page async for page in suiteql.keyset(client, sql, "id", [1])]
        count = await suiteql.query(client, f"SELECT COUNT(*) AS n FROM ({pairs})")
        return [int(row["id"]) for page in pages for row in page], int(count[0]["n"])

    ids, count = _with(account.client(), read)
    assert count > 1000
    assert len(ids) == len(set(ids)) == count and ids == sorted(ids)
    assert all("offset=0" in request["path"] for request in account.sent("POST", SUITEQL_PATH))


def test_a_keyset_that_would_not_advance_is_stopped(account: ServedAccount) -> None:
    async def read(client: NetSuiteClient) -> None:
        sql = "SELECT 1 AS id FROM account a CROSS JOIN item i WHERE a.id > ?"
        async for _ in suiteql.keyset(client, sql, "id"):
            pass

    with pytest.raises(Unreadable, match="ordered by it"):
        _with(account.client(), read)


def test_an_empty_table_has_no_pages(account: ServedAccount) -> None:
    async def read(client: NetSuiteClient) -> list[list[suiteql.Row]]:
        sql = "SELECT id FROM transaction WHERE id > ? ORDER BY id"
        return [page async for page in suiteql.keyset(client, sql, "id")]

    assert _with(account.client(), read) == []


def test_a_wrong_query_is_refused_with_netsuites_words(account: ServedAccount) -> None:
    with pytest.raises(Refused, match="Record 'nothing' was not found"):
        _with(account.client(), lambda client: suiteql.query(client, "SELECT id FROM nothing"))


# Proxies and broken lines


def _client_at(url: str, keys: KeyFiles, **changes: Any) -> NetSuiteClient:
    login = OAuth2Login(url, "1500", ClientCredentials(CLIENT_ID, "ec", keys.ec))
    settings: dict[str, Any] = {"url": url, "login": login, "slots": slots_in_process(1), "retries": PATIENCE}
    return NetSuiteClient(**(settings | changes))


def _odd_app(answer: Callable[[Request], Awaitable[Response]]) -> Starlette:
    """An account whose token service works and whose other answers are odd."""

    async def token(_: Request) -> Response:
        return JSONResponse({"access_token": "s3cret-token", "expires_in": 3600, "token_type": "bearer"})

    return Starlette(
        routes=[
            Route(TOKEN_PATH, token, methods=["POST"]),
            Route("/{path:path}", answer, methods=["GET", "POST"]),
        ]
    )


def test_an_html_page_instead_of_an_answer_is_waiting_or_unclear(keys: KeyFiles) -> None:
    async def bad_gateway(_: Request) -> Response:
        return HTMLResponse("<h1>Bad Gateway</h1>", status_code=502)

    with serving(_odd_app(bad_gateway)) as url:
        with pytest.raises(Unavailable):
            _with(_client_at(url, keys), records.server_time)
        with pytest.raises(UnclearAnswer):
            _with(_client_at(url, keys), lambda client: records.create(client, "journalEntry", b"{}"))


def test_a_success_that_is_not_netsuites_is_unreadable_or_unclear(keys: KeyFiles) -> None:
    async def welcome(_: Request) -> Response:
        return HTMLResponse("<h1>Welcome to the guest network</h1>")

    with serving(_odd_app(welcome)) as url:
        for read in (records.server_time, lambda client: suiteql.query(client, "SELECT 1 FROM dual")):
            with pytest.raises(Unreadable):
                _with(_client_at(url, keys), read)
        with pytest.raises(UnclearAnswer, match="without the id"):
            _with(_client_at(url, keys), lambda client: records.create(client, "journalEntry", b"{}"))


def test_a_missing_page_of_a_proxy_does_not_prove_absence(keys: KeyFiles) -> None:
    async def not_found(_: Request) -> Response:
        return HTMLResponse("<h1>Not Found</h1>", status_code=404)

    with serving(_odd_app(not_found)) as url, pytest.raises(Unreadable, match="NETSUITE_URL"):
        _with(_client_at(url, keys), lambda client: records.find_by_external_id(client, "journalEntry", "JE-1"))


def test_a_line_that_breaks_after_a_write_is_unclear_and_before_it_is_waiting(keys: KeyFiles) -> None:
    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.5)
        return Response(status_code=204)

    with serving(_odd_app(slow)) as url:
        client = _client_at(url, keys, timeout=0.2)
        with pytest.raises(UnclearAnswer, match="ReadTimeout"):
            _with(client, lambda client: records.create(client, "journalEntry", b"{}"))
    with pytest.raises(Unavailable, match="ConnectError"):
        _with(_client_at(url, keys), lambda client: records.create(client, "journalEntry", b"{}"))


def test_a_token_that_does_not_come_is_waiting_also_for_a_write(keys: KeyFiles) -> None:
    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.5)
        return JSONResponse({"access_token": "late", "expires_in": 3600, "token_type": "bearer"})

    app = Starlette(routes=[Route(TOKEN_PATH, slow, methods=["POST"])])
    with serving(app) as url, pytest.raises(Unavailable, match=rf"{TOKEN_PATH}: no answer \(ReadTimeout\)"):
        _with(_client_at(url, keys, timeout=0.2), lambda client: records.create(client, "journalEntry", b"{}"))


def test_no_secret_reaches_an_error_a_repr_or_the_log(
    keys: KeyFiles, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    async def refuse(request: Request) -> Response:
        return JSONResponse(
            {"o:errorDetails": [{"detail": "no"}]}, status_code=400 if request.method == "POST" else 500
        )

    caplog.set_level(logging.DEBUG)
    told: list[str] = []

    async def ask(client: NetSuiteClient) -> None:
        told.append(repr(client) + repr(vars(client)))
        for attempt in (records.server_time(client), records.create(client, "journalEntry", b"{}")):
            try:
                await attempt
            except NetSuiteError as error:
                told.extend([str(error), repr(error), repr(vars(error)), repr(error.__cause__)])

    with serving(_odd_app(refuse)) as url:
        _with(_client_at(url, keys), ask)
        with suppress(NetSuiteError):
            missing = OAuth2Login(url, "1500", ClientCredentials(CLIENT_ID, "ec", tmp_path / "none.pem"))
            _with(_client_at(url, keys, login=missing), records.server_time)
    everything = "\n".join([*told, *(record.getMessage() for record in caplog.records)])
    key_lines = keys.ec.read_text().splitlines()[1:-1]
    assert len(told) > 5
    assert not any(secret in everything for secret in ("s3cret-token", *key_lines))
