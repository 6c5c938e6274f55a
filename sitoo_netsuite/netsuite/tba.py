"""Logging in with token-based authentication: every request is signed by OAuth 1.0a (reference 2.3).

Belongs here: the two key pairs and the signature. Does not belong here: the other login (`auth`), sending (`client`).

Only for accounts that have it already: from NetSuite 2027.1 no new integration may be made with it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import nullcontext
from dataclasses import dataclass, field
from http import HTTPStatus

import httpx
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from sitoo_netsuite.netsuite.errors import CredentialsRefused, request_name

_NONCE_BYTES = 16


@dataclass(frozen=True)
class TokenCredentials:
    """What NetSuite showed once for the integration record (the consumer) and once for the access token of a role."""

    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    token_id: str = field(repr=False)
    token_secret: str = field(repr=False)


def authorization(
    credentials: TokenCredentials, account: str, method: str, url: str, *, nonce: str, timestamp: int
) -> str:
    """The Authorization header of one request, good for that request alone: NetSuite takes a nonce once.

    `url` is the whole address with its query, percent signs as they are sent. `timestamp` is Unix time in seconds.
    """
    signer = Client(
        credentials.consumer_key,
        client_secret=credentials.consumer_secret,
        resource_owner_key=credentials.token_id,
        resource_owner_secret=credentials.token_secret,
        realm=realm_of(account),
        signature_method=SIGNATURE_HMAC_SHA256,
        nonce=nonce,
        timestamp=str(timestamp),
    )
    # Without the body: NetSuite's signature covers form fields only, and what is sent here is JSON.
    _, headers, _ = signer.sign(url, http_method=method)
    return str(headers["Authorization"])


def realm_of(account: str) -> str:
    """The account id as the signature wants it (`123456_SB1`), also where it was written as in the host."""
    return account.upper().replace("-", "_")


class TokenBasedLogin(httpx.Auth):
    """Signs every attempt afresh, for the clients of one event loop.

    Five refused logins lock the user, for other programs too. So requests go one at a time until NetSuite has let one
    in, and once it has refused one, nothing more is sent. Raises CredentialsRefused then.
    """

    def __init__(self, account: str, credentials: TokenCredentials) -> None:
        self._account = account
        self._credentials = credentials
        self._one_at_a_time = asyncio.Lock()
        self._let_in = False
        self._refused = False

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """One signed attempt, if any: a refused signature fares no better a second time."""
        async with nullcontext() if self._let_in else self._one_at_a_time:
            if self._refused:
                raise self._refusal(request)
            request.headers["Authorization"] = authorization(
                self._credentials,
                self._account,
                request.method,
                str(request.url),
                nonce=secrets.token_hex(_NONCE_BYTES),
                timestamp=int(time.time()),
            )
            response = yield request
            if response.status_code == HTTPStatus.UNAUTHORIZED:
                self._refused = True
                raise self._refusal(request)
            self._let_in = True

    def _refusal(self, request: httpx.Request) -> CredentialsRefused:
        return CredentialsRefused(
            request_name(request),
            f"account {realm_of(self._account)} refused the login with token-based authentication; see NetSuite's "
            "Login Audit Trail for the reason, and check that this machine's clock is right within 5 minutes, that "
            "NETSUITE_ACCOUNT is the account id (as in 123456_SB1), and the two keys and two secrets. Five refused "
            "logins lock the user for 30 minutes",
        )
