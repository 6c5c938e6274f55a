"""Token-based authentication: the signature, and how the client lives with it."""

from __future__ import annotations

import asyncio
import logging
import re
import string
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sitoo_netsuite.netsuite import records, suiteql
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import CredentialsRefused, UnclearAnswer
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.tba import TokenBasedLogin, TokenCredentials, authorization, realm_of
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.errors import ApiError
from sitoo_netsuite.sandbox.netsuite.settings import TokenBasedCredentials
from sitoo_netsuite.sandbox.netsuite.tba import TokenBasedLogins
from sitoo_netsuite.sandbox.recorder import Fault
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite_tests.netsuite.conftest import PATIENCE, TOKEN_CREDENTIALS, ServedAccount

_RECORDS = "/services/rest/record/v1"
_SECRETS = (*asdict(TOKEN_CREDENTIALS).values(),)
_SANDBOX_NOW = datetime(2026, 3, 4, tzinfo=UTC)
_WORDS = st.text(string.ascii_letters + string.digits + " &=+%/~'é", max_size=8)
_QUERIES = st.lists(st.tuples(_WORDS.filter(bool), _WORDS), max_size=4)


def test_oracles_published_example_has_the_published_signature() -> None:
    credentials = TokenCredentials(
        consumer_key="ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
        consumer_secret="d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
        token_id="2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
        token_secret="c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
    )
    header = authorization(
        credentials,
        "123456",
        "GET",
        "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40",
        nonce="fjaLirsIcCGVZWzBX0pg",
        timestamp=1508242306,
    )
    scheme, _, content = header.partition(" ")
    assert scheme == "OAuth"
    assert dict(re.findall(r'(\w+)="([^"]*)"', content)) == {
        "realm": "123456",
        "oauth_token": credentials.token_id,
        "oauth_consumer_key": credentials.consumer_key,
        "oauth_nonce": "fjaLirsIcCGVZWzBX0pg",
        "oauth_timestamp": "1508242306",
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_version": "1.0",
        "oauth_signature": quote("B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY=", safe=""),
    }


@pytest.mark.parametrize("account", ["123456_SB1", "123456-sb1", "123456_sb1"])
def test_the_realm_is_the_account_id_however_it_is_written(account: str) -> None:
    assert realm_of(account) == "123456_SB1"


@given(st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]), _QUERIES, st.data())
def test_the_other_side_takes_what_is_signed_and_nothing_else(
    method: str, query: list[tuple[str, str]], data: st.DataObject
) -> None:
    written = "&".join(f"{quote(name)}={quote(value, safe='')}" for name, value in query)
    url = f"http://127.0.0.1:8080{_RECORDS}/customer/eid:C-1?{written}"
    # At the other side's own time, so that the same example is signed the same way tomorrow.
    timestamp = int(_SANDBOX_NOW.timestamp())
    header = authorization(TOKEN_CREDENTIALS, "1500", method, url, nonce="a-nonce", timestamp=timestamp)
    parameters = header.removeprefix("OAuth ")
    other_side().check(parameters, method, url)

    with pytest.raises(ApiError):
        other_side().check(_with_another_character(data, parameters), method, url)
    with pytest.raises(ApiError):
        other_side().check(parameters, method, _with_another_character(data, url, after=len("http://")))


def other_side() -> TokenBasedLogins:
    credentials = TokenBasedCredentials(**asdict(TOKEN_CREDENTIALS))
    return TokenBasedLogins("1500", credentials, SandboxClock(_SANDBOX_NOW))


def _with_another_character(data: st.DataObject, text: str, after: int = 0) -> str:
    """The text with one letter or digit turned into another that means something else."""
    places = [place for place, character in enumerate(text) if place >= after and character.isalnum()]
    # Percent signs are written with letters of either case, and so is a host.
    place = data.draw(st.sampled_from(places))
    others = [character for character in "0aZ7" if character.lower() != text[place].lower()]
    return text[:place] + data.draw(st.sampled_from(others)) + text[place + 1 :]


def _with(client: NetSuiteClient, use: Callable[[NetSuiteClient], Coroutine[Any, Any, Any]]) -> Any:
    async def run() -> Any:
        async with client:
            return await use(client)

    return asyncio.run(run())


def test_requests_with_and_without_a_query_are_let_in_without_a_token_request(account: ServedAccount) -> None:
    async def use(client: NetSuiteClient) -> None:
        await records.server_time(client)
        rows = await suiteql.query(client, "SELECT id FROM location WHERE id > ? ORDER BY id", [0])
        assert len(rows) == 6
        assert await records.find_by_external_id(client, "journalEntry", "JE-T-1") is None
        await client.request("GET", f"{_RECORDS}/customer", params={"limit": "5", "offset": "0", "fields": "a b+é&"})

    _with(account.client(login=account.token_based_login()), use)
    assert account.sent("POST", "/oauth2/") == []


@pytest.mark.parametrize("part", ["consumer_key", "consumer_secret", "token_id", "token_secret"])
def test_a_refused_login_says_what_to_look_at_and_is_not_tried_again(account: ServedAccount, part: str) -> None:
    client = account.client(login=account.token_based_login(**{part: "another"}))
    with pytest.raises(CredentialsRefused) as refusal:
        _with(client, records.server_time)
    text = str(refusal.value)
    assert "Login Audit Trail" in text and "5 minutes" in text and "NETSUITE_ACCOUNT" in text
    assert not any(secret in text for secret in _SECRETS)
    assert len(account.sent("GET", "")) == 1


def test_after_a_refused_login_nothing_more_is_sent_however_many_requests_there_are(account: ServedAccount) -> None:
    async def use(client: NetSuiteClient) -> None:
        ends = await asyncio.gather(*(records.server_time(client) for _ in range(8)), return_exceptions=True)
        assert {type(end) for end in ends} == {CredentialsRefused}

    _with(account.client(login=account.token_based_login(token_secret="another")), use)
    assert len(account.sent("GET", "")) == 1
    # So the user is not locked.
    _with(account.client(login=account.token_based_login()), records.server_time)


def test_once_let_in_requests_go_at_once(account: ServedAccount) -> None:
    async def use(client: NetSuiteClient) -> None:
        await records.server_time(client)
        await asyncio.gather(*(records.server_time(client) for _ in range(3)))

    _with(account.client(login=account.token_based_login()), use)
    assert account.recorder.stats()["greatest_concurrency"] > 1


def test_every_attempt_is_signed_afresh() -> None:
    seen: list[str] = []

    async def busy(request: Request) -> Response:
        seen.append(request.headers["authorization"])
        return JSONResponse({"o:errorDetails": []}, status_code=429 if len(seen) < 3 else 500)

    login = TokenBasedLogin("1500", TOKEN_CREDENTIALS)
    with serving(Starlette(routes=[Route("/{path:path}", busy, methods=["POST"])])) as url:
        client = NetSuiteClient(url=url, login=login, slots=slots_in_process(1), retries=PATIENCE)
        with pytest.raises(UnclearAnswer):
            _with(client, lambda client: records.create(client, "journalEntry", b"{}"))
    nonces = [re.findall(r'oauth_nonce="(\w+)"', header) for header in seen]
    assert len(seen) == 3 and all(len(nonce) == 1 and len(nonce[0]) >= 20 for nonce in nonces)
    assert len({nonce[0] for nonce in nonces}) == 3


def test_a_retried_read_is_let_in(account: ServedAccount) -> None:
    account.recorder.add_fault(Fault("/services/rest/system", 503, 2, after=True))
    _with(account.client(login=account.token_based_login()), records.server_time)
    assert [request["status"] for request in account.sent("GET", "serverTime")] == [503, 503, 200]


def test_no_secret_reaches_a_repr_an_error_or_the_log(account: ServedAccount, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    login = account.token_based_login()
    client = account.client(login=login)
    shown = [repr(login), repr(vars(login)), repr(vars(client)), repr(TOKEN_CREDENTIALS)]
    _with(client, records.server_time)
    everything = "\n".join([*shown, *(record.getMessage() for record in caplog.records)])
    assert caplog.records
    assert not any(secret in everything for secret in _SECRETS if secret.startswith("s3cret"))
