"""Both ways into NetSuite: what a request carries, and what happens when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest

from sitoo_netsuite.oracle.asking import AskingError, ask
from sitoo_netsuite.oracle.ledger_side import LedgerSide
from sitoo_netsuite.oracle.login import ClientCredentials, TokenBased, netsuite_login
from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox

# The keys, nonce and time of Oracle's published example (reference netsuite-api.md, section 2.3).
CONSUMER = (
    "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
    "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
)
TOKEN = (
    "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
    "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
)
EMPLOYEE = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40"


def header(login: httpx.Auth, url: str) -> dict[str, str]:
    """The fields of the Authorization header that a GET of the address carries."""
    sent = next(login.auth_flow(httpx.Request("GET", url))).headers["Authorization"]
    scheme, _, fields = sent.partition(" ")
    assert scheme == "OAuth"
    return {name: unquote(value.strip('"')) for name, value in (field.split("=", 1) for field in fields.split(", "))}


def published_example() -> TokenBased:
    return TokenBased("123456", CONSUMER, TOKEN, now=lambda: 1508242306.7, nonce=lambda: "fjaLirsIcCGVZWzBX0pg")


def test_a_signature_is_the_one_that_oracle_publishes() -> None:
    fields = header(published_example(), EMPLOYEE)
    assert fields["oauth_signature"] == "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY="
    assert fields["realm"] == "123456"


def test_what_the_address_asks_for_is_signed_too() -> None:
    signatures = {
        header(published_example(), EMPLOYEE + query)["oauth_signature"]
        for query in ("", "?limit=5", "?limit=5&offset=0", "?q=a%20b")
    }
    assert len(signatures) == 4
    same = {header(published_example(), EMPLOYEE + query)["oauth_signature"] for query in ("?q=a%20b", "?q=a+b")}
    assert len(same) == 1


def test_every_request_is_signed_with_a_nonce_of_its_own() -> None:
    login = TokenBased("123456", CONSUMER, TOKEN)
    nonces = {header(login, EMPLOYEE)["oauth_nonce"] for _ in range(20)}
    assert len(nonces) == 20
    assert min(map(len, nonces)) == 20


def test_a_login_that_stays_refused_is_not_tried_until_the_user_is_locked() -> None:
    answers = iter([httpx.Response(401, text="Invalid login attempt.")] * 10)
    login = TokenBased("123456", CONSUMER, TOKEN)
    with (
        httpx.Client(transport=httpx.MockTransport(lambda _: next(answers)), auth=login) as client,
        pytest.raises(AskingError, match="401 Invalid login attempt") as refusal,
    ):
        ask(client, "GET", EMPLOYEE)
    assert len(list(answers)) == 6
    assert not any(secret in str(refusal.value) for secret in (*CONSUMER, *TOKEN))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    with running_sandbox(SandboxOptions(stores=1, days=1, receipts=1, folder=folder)) as sandbox:
        yield sandbox


def test_a_token_that_is_refused_before_its_time_is_replaced(sandbox: Sandbox) -> None:
    login = netsuite_login(sandbox.env)
    assert isinstance(login, ClientCredentials)
    with LedgerSide(sandbox.env) as netsuite:
        assert netsuite.documents(["JE-S01-20260302-SEK-1"]) == {}
        netsuite._client.auth._token = "outlived"  # type: ignore[union-attr]
        assert netsuite.documents(["JE-S01-20260302-SEK-1"]) == {}


def test_token_based_authentication_is_used_where_its_token_is_set(tmp_path: Path) -> None:
    environment = {
        "NETSUITE_ACCOUNT": "123456",
        "NETSUITE_CONSUMER_KEY": CONSUMER[0],
        "NETSUITE_CONSUMER_SECRET": CONSUMER[1],
        "NETSUITE_TOKEN_ID": TOKEN[0],
        "NETSUITE_TOKEN_SECRET": TOKEN[1],
    }
    assert isinstance(netsuite_login(environment), TokenBased)
