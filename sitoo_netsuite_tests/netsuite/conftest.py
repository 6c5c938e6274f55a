"""A NetSuite account served on loopback, with everything a client needs to log in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from sitoo_netsuite.netsuite.auth import ClientCredentials, OAuth2Login
from sitoo_netsuite.netsuite.client import NetSuiteClient, Retries
from sitoo_netsuite.netsuite.slots import Slots, slots_in_process
from sitoo_netsuite.netsuite.tba import TokenBasedLogin, TokenCredentials
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.app import build_netsuite_app
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, TokenBasedCredentials
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.world import World, make_world

CLIENT_ID = "the-integration"
TOKEN_CREDENTIALS = TokenCredentials("consumer-key", "s3cret-of-the-consumer", "token-id", "s3cret-of-the-token")
PATIENCE = Retries(attempts=4, first_wait=0.01, longest_wait=0.05)


@dataclass(frozen=True)
class KeyFiles:
    """Private keys on disk, and the public ones by certificate id."""

    rsa: Path
    ec: Path
    certificates: dict[str, str]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyFiles:
    folder = tmp_path_factory.mktemp("keys")
    rsa, ec = RSAKey.generate_key(3072), ECKey.generate_key("P-256")
    for name, key in (("rsa", rsa), ("ec", ec)):
        (folder / name).write_bytes(key.as_pem(private=True))
    public = {"rsa": rsa.as_pem(private=False).decode(), "ec": ec.as_pem(private=False).decode()}
    return KeyFiles(folder / "rsa", folder / "ec", public)


@dataclass(frozen=True)
class ServedAccount:
    """A running account; `recorder` knows every request and takes faults."""

    url: str
    world: World
    recorder: Recorder
    keys: KeyFiles

    def client(self, **changes: Any) -> NetSuiteClient:
        """A client that logs in with the EC key and loses little time over retries, unless changed."""
        slots: Slots = slots_in_process(5)
        settings: dict[str, Any] = {"url": self.url, "login": self.login(), "slots": slots, "retries": PATIENCE}
        return NetSuiteClient(**(settings | changes))

    def login(self, certificate_id: str = "ec", key_file: Path | None = None) -> OAuth2Login:
        """The OAuth 2.0 login with the EC key, unless told another."""
        credentials = ClientCredentials(CLIENT_ID, certificate_id, key_file or self.keys.ec)
        return OAuth2Login(self.url, self.world.netsuite_account, credentials)

    def token_based_login(self, **changes: str) -> TokenBasedLogin:
        """The token-based login, with some of its four parts changed."""
        return TokenBasedLogin(self.world.netsuite_account, replace(TOKEN_CREDENTIALS, **changes))

    def sent(self, method: str, part: str) -> list[dict[str, Any]]:
        """The requests of a method whose path holds a part, oldest first."""
        return [
            request
            for request in self.recorder.requests_after(0)
            if request["method"] == method and part in request["path"]
        ]


@pytest.fixture
def account(keys: KeyFiles) -> Iterator[ServedAccount]:
    world = make_world(seed=1, stores=2, days=2)
    recorder = Recorder()
    app = build_netsuite_app(
        world,
        SandboxClock(datetime(2026, 3, 4, 6, tzinfo=UTC)),
        account_limit=3,
        credentials=Credentials(
            world.netsuite_account,
            CLIENT_ID,
            keys.certificates,
            TokenBasedCredentials(**asdict(TOKEN_CREDENTIALS)),
        ),
        recorder=recorder,
        latency_ms=5,
    )
    with serving(app) as url:
        yield ServedAccount(url, world, recorder, keys)
