"""The NetSuite client: logged in, inside the account's slots, retried where that is safe, read-only where told.

Belongs here: how a request is sent. Does not belong here: what is asked (`records`, `suiteql`) and what an answer's
trouble is called (`errors`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import TracebackType

import httpx
import stamina

from sitoo_netsuite.netsuite.auth import TOKEN_PATH, Credentials, Token, refusal_of, token_form, token_of
from sitoo_netsuite.netsuite.errors import (
    NetSuiteError,
    ReadOnlyRefused,
    TooManyRequests,
    Unavailable,
    UnclearAnswer,
    Unreadable,
    error_of,
)
from sitoo_netsuite.netsuite.slots import Slots

SUITEQL_PATH = "/services/rest/query/v1/suiteql"

# The connection was not made, so nothing can have arrived.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Retries:
    """How often and how long the client waits: 1, 2, 4 ... seconds with jitter, unless NetSuite asks for a time.

    A wait longer than `longest_wait` is not sat out: the request fails as waiting, and the next run comes back.
    """

    attempts: int = 7
    first_wait: float = 1.0
    longest_wait: float = 60.0


class NetSuiteClient:
    """Speaks to one NetSuite account; used as `async with NetSuiteClient(...) as client`.

    `url` is the account's SuiteTalk address (`https://<account>.suitetalk.api.netsuite.com`); it is never derived.
    Every request takes one of `slots`. With `read_only` whatever writes (any request but GET, the token request and
    SuiteQL) is refused before it is sent. `timeout` is in seconds per request.

    Every request raises a NetSuiteError: Waiting (the next run cures it) or Broken (a person must).
    """

    def __init__(
        self,
        *,
        url: str,
        account: str,
        client_id: str,
        certificate_id: str,
        private_key_path: Path,
        slots: Slots,
        read_only: bool = False,
        timeout: float = 120.0,
        retries: Retries | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._account = account
        self._credentials = Credentials(client_id, certificate_id, Path(private_key_path))
        self._slots = slots
        self._read_only = read_only
        self._http = httpx.AsyncClient(base_url=self._url, timeout=timeout)
        self._retries = retries or Retries()
        self._retrying = stamina.AsyncRetryingCaller(
            attempts=self._retries.attempts,
            timeout=None,
            wait_initial=self._retries.first_wait,
            wait_max=self._retries.longest_wait,
            wait_jitter=self._retries.first_wait,
            wait_exp_base=2,
        )
        self._token: Token | None = None
        self._login = asyncio.Lock()

    async def __aenter__(self) -> NetSuiteClient:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The answer of a request that succeeded (2xx), after as many retries as allowed.

        A read is sent again after 429, 5xx and connection trouble. A write only after 429 or when no connection came
        about, since nothing was done then; after any other unclear answer it raises UnclearAnswer.
        """
        writes = method != "GET" and path != SUITEQL_PATH
        if writes and self._read_only:
            raise ReadOnlyRefused(f"{method} {path}")
        request = self._http.build_request(method, path, params=params, content=content, headers=headers)
        # Unknown field names are silently dropped otherwise (reference 3.2).
        request.headers["X-NetSuite-PropertyNameValidation"] = "error"
        if content is not None:
            request.headers["Content-Type"] = "application/json"
        return await self._retrying(self._wait, self._send, request, writes)

    def _wait(self, error: Exception) -> bool | float:
        """Whether a request is sent again after this error, or after how many seconds."""
        if not isinstance(error, TooManyRequests | Unavailable):
            return False
        if error.asked_wait is None:
            return True
        return error.asked_wait if error.asked_wait <= self._retries.longest_wait else False

    async def _send(self, request: httpx.Request, writes: bool) -> httpx.Response:
        """One attempt; a second one with a new token when the first token was not good any more."""
        token = await self._good_token()
        response = await self._exchange(request, token, writes)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            response = await self._exchange(request, await self._good_token(instead_of=token), writes)
        if response.is_success:
            return response
        raise error_of(_name(request), response.status_code, response.headers, response.content, writes=writes)

    async def _exchange(self, request: httpx.Request, token: Token, writes: bool) -> httpx.Response:
        request.headers["Authorization"] = f"Bearer {token.value}"
        try:
            async with self._slots.hold():
                return await self._http.send(request)
        except httpx.RequestError as error:
            raise _transport_error(_name(request), error, writes=writes) from None

    async def _good_token(self, instead_of: Token | None = None) -> Token:
        """A token that will last; a new one when there is none, it is about to end, or it was just turned away."""
        async with self._login:
            if self._token is None or self._token is instead_of or not self._token.is_good(time.monotonic()):
                self._token = await self._new_token()
            return self._token

    async def _new_token(self) -> Token:
        request = self._http.build_request(
            "POST", TOKEN_PATH, data=token_form(self._credentials, f"{self._url}{TOKEN_PATH}")
        )
        asked = time.monotonic()
        try:
            async with self._slots.hold():
                response = await self._http.send(request)
        except httpx.RequestError as error:
            raise _transport_error(_name(request), error, writes=False) from None
        if response.is_success:
            return token_of(response.content, asked)
        if response.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise refusal_of(self._account, response.status_code, response.content)
        raise error_of(_name(request), response.status_code, response.headers, response.content, writes=False)


def _name(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"


def _transport_error(request: str, error: httpx.RequestError, *, writes: bool) -> NetSuiteError:
    # Raised `from None` by the callers: httpx's own exception carries the request with its credentials.
    what = f"no answer ({type(error).__name__})"
    if isinstance(error, _NOT_SENT) or (not writes and isinstance(error, httpx.TransportError)):
        return Unavailable(request, what)
    return UnclearAnswer(request, what) if writes else Unreadable(request, what)
