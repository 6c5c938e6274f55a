"""The NetSuite client: logged in, inside the account's slots, retried where that is safe, read-only where told.

Belongs here: how a request is sent. Does not belong here: what is asked (`records`, `suiteql`), the two ways to log in
(`auth`, `tba`), and what an answer's trouble is called (`errors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType

import httpx
import stamina

from sitoo_netsuite.netsuite.errors import (
    NetSuiteError,
    ReadOnlyRefused,
    TooManyRequests,
    Unavailable,
    UnclearAnswer,
    Unreadable,
    error_of,
    request_name,
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
    `login` lets every attempt in: an OAuth2Login or a TokenBasedLogin. Every attempt takes one of `slots`, in which the
    login asks for what it needs. With `read_only` whatever writes (any request but GET, the token request and
    SuiteQL) is refused before it is sent. `timeout` is in seconds per request.

    Every request raises a NetSuiteError: Waiting (the next run cures it) or Broken (a person must).
    """

    def __init__(
        self,
        *,
        url: str,
        login: httpx.Auth,
        slots: Slots,
        read_only: bool = False,
        timeout: float = 120.0,
        retries: Retries | None = None,
    ) -> None:
        self._slots = slots
        self._read_only = read_only
        self._http = httpx.AsyncClient(base_url=url.rstrip("/"), auth=login, timeout=timeout)
        self._retries = retries or Retries()
        self._retrying = stamina.AsyncRetryingCaller(
            attempts=self._retries.attempts,
            timeout=None,
            wait_initial=self._retries.first_wait,
            wait_max=self._retries.longest_wait,
            wait_jitter=self._retries.first_wait,
            wait_exp_base=2,
        )

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
        """One attempt, in one slot."""
        async with AsyncExitStack() as slot:
            try:
                await slot.enter_async_context(self._slots.hold())
            except TimeoutError as error:
                raise Unavailable(request_name(request), f"not sent: {error}") from None
            try:
                response = await self._http.send(request)
            except httpx.RequestError as error:
                raise _transport_error(request, error, writes=writes) from None
        if response.is_success:
            return response
        raise error_of(request_name(request), response.status_code, response.headers, response.content, writes=writes)


def _transport_error(request: httpx.Request, error: httpx.RequestError, *, writes: bool) -> NetSuiteError:
    # Raised `from None` by the caller: httpx's own exception carries the request with its credentials.
    name, what = request_name(error.request), f"no answer ({type(error).__name__})"
    # What the login asked for wrote nothing, and the request itself was not sent then.
    writes = writes and error.request is request
    if isinstance(error, _NOT_SENT) or (not writes and isinstance(error, httpx.TransportError)):
        return Unavailable(name, what)
    return UnclearAnswer(name, what) if writes else Unreadable(name, what)
