"""A running NetSuite sandbox and a client that is logged in to it, over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey
from starlette.types import ASGIApp, Receive, Scope, Send

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.app import build_netsuite_app
from sitoo_netsuite.sandbox.netsuite.auth import ASSERTION_TYPE, TOKEN_PATH
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, Settings
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.world import World, make_world

CLIENT_ID = "client"
CERTIFICATE_ID = "certificate"
KEY = ECKey.generate_key("P-256")
CREDENTIALS = Credentials("TSTDRV1500", CLIENT_ID, {CERTIFICATE_ID: KEY.as_pem(private=False).decode()})
RECORDS = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"


@dataclass
class NetSuite:
    """A logged-in client of one sandbox account, with the world it was made from."""

    http: httpx.Client
    world: World
    clock: SandboxClock
    location: int
    subsidiary: int

    def log_in(self) -> None:
        """Takes a new token. Trouble on the line may turn away the first three requests."""
        for _ in range(4):
            answer = self.http.post(TOKEN_PATH, data=token_form(f"{self.http.base_url}{TOKEN_PATH}"))
            if answer.status_code == 200:
                self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
                return
        raise AssertionError(f"no login: {answer.text}")

    def account(self, role: str) -> dict[str, str]:
        """Reference to the account the first shop's subsidiary uses for a role."""
        for entry in self.world.accounts:
            if (entry.subsidiary, entry.role) == (self.subsidiary, role):
                return {"id": str(entry.internal_id)}
        raise KeyError(role)

    def post(self, record_type: str, body: dict[str, Any], **query: str) -> httpx.Response:
        return self.http.post(f"{RECORDS}/{record_type}", json=body, params=query)

    def get(self, path: str, **query: str) -> httpx.Response:
        return self.http.get(f"{RECORDS}/{path}", params=query)

    def query(self, sql: str, *params: str | int) -> list[dict[str, str]]:
        """All rows of a query, without their links. Fails the test when it is refused."""
        answer = self.http.post(SUITEQL, json={"q": sql, "params": list(params)}, headers={"Prefer": "transient"})
        assert answer.status_code == 200, answer.text
        return [{name: value for name, value in row.items() if name != "links"} for row in answer.json()["items"]]

    def journal(self, external_id: str = "JE-1", **changes: Any) -> dict[str, Any]:
        """A body of 125.00 cash against 100.00 sales and 25.00 VAT."""
        location = {"id": str(self.location)}
        return {
            "externalId": external_id,
            "subsidiary": {"id": str(self.subsidiary)},
            "tranDate": "2026-03-02",
            "memo": "S01 2026-03-02",
            "line": {
                "items": [
                    {"account": self.account("till"), "debit": 125.00, "location": location, "memo": "takings"},
                    {"account": self.account("sales 25"), "credit": 100, "location": location, "memo": "sale"},
                    {"account": self.account("vat on sales 25"), "credit": 25.0, "location": location},
                ]
            },
            **changes,
        }


@pytest.fixture(scope="session")
def world() -> World:
    """Two shops with a short catalogue, so that an account is opened in no time."""
    world = make_world(seed=1, stores=2, days=2)
    return replace(world, products=world.products[:12])


class Stage:
    """One server for all tests, since stopping one takes longer than most tests; `app` is what it serves now."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def stage() -> Iterator[tuple[Stage, str]]:
    """The stage and its URL."""
    stage = Stage()
    with serving(stage) as url:
        yield stage, url


@pytest.fixture
def start(world: World, stage: tuple[Stage, str]) -> Iterator[Callable[..., NetSuite]]:
    """Starts a new account with its own settings, limit or latency in place of the last one, and logs in."""
    served, url = stage
    with ExitStack() as stack:

        def start_one(
            settings: Settings | None = None, *, account_limit: int = 5, latency_ms: int = 0, **hooks: Any
        ) -> NetSuite:
            clock = SandboxClock(datetime(2026, 3, 4, 12, tzinfo=UTC))
            served.app = build_netsuite_app(
                world,
                clock,
                account_limit=account_limit,
                credentials=CREDENTIALS,
                recorder=Recorder(),
                latency_ms=latency_ms,
                settings=settings,
                **hooks,
            )
            http = stack.enter_context(httpx.Client(base_url=url))
            shop = world.shops[0]
            netsuite = NetSuite(http, world, clock, shop.location, shop.subsidiary)
            netsuite.log_in()
            return netsuite

        yield start_one


@pytest.fixture
def netsuite(start: Callable[..., NetSuite]) -> NetSuite:
    return start()


def token_form(audience: str, **claims: Any) -> dict[str, str]:
    """The form of a token request that the sandbox accepts, unless the claims say otherwise."""
    now = int(time.time())
    payload = {
        "iss": CLIENT_ID,
        "scope": ["rest_webservices", "suite_analytics"],
        "aud": audience,
        "iat": now,
        "exp": now + 300,
        **claims,
    }
    return assertion_form(jwt.encode({"alg": "ES256", "typ": "JWT", "kid": CERTIFICATE_ID}, payload, KEY))


def assertion_form(assertion: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
