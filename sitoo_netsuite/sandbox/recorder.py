"""What both sandbox apps share for tests: counts, the request log, faults on demand, and the clock over HTTP.

Belongs here: everything under `/sandbox/` and the middleware that watches the requests to the rest. Does not belong
here: anything either API answers; an app hands in the body of its own error answers.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from threading import Lock
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults.transport import lose

_TOKEN = "/oauth2/v1/token"
# A POST that only asks: NetSuite's token request and SuiteQL. Every other request but GET is a write.
_READING_POSTS = (_TOKEN, "/query/v1/suiteql")
# Shown as the status of a request whose connection ended without an answer.
_NO_ANSWER = 0
_LOG_LENGTH = 50_000
_IDENTIFIER = re.compile(r"^(\d+|\{.*\}|eid:.*)$")
_TOO_MANY_REQUESTS = 429
_PREFIX = "/sandbox/"

# What a perfect observer would have open cases for, as rows of `docs/faults.md`.
Truth = Callable[[], list[dict[str, Any]]]


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """Answer `status` to the next `requests` requests whose path starts with `path`.

    `headers` go with the answer (`Retry-After`). With `after` the request is carried out first and only its answer is
    lost, which is how a client learns to live with an unclear answer.
    """

    path: str
    status: int
    requests: int
    headers: dict[str, str] = {}
    after: bool = False


class _Now(msgspec.Struct):
    now: datetime


@dataclass(slots=True)
class _Counts:
    requests: int = 0
    greatest_concurrency: int = 0
    responses_429: int = 0
    writes: int = 0
    in_flight: int = 0

    def begin(self, write: bool) -> None:
        self.requests += 1
        self.writes += write
        self.in_flight += 1
        self.greatest_concurrency = max(self.greatest_concurrency, self.in_flight)

    def end(self, status: int) -> None:
        self.in_flight -= 1
        self.responses_429 += status == _TOO_MANY_REQUESTS

    def shown(self) -> dict[str, int]:
        return {name: count for name, count in asdict(self).items() if name != "in_flight"}


class Recorder:
    """Counts and logs the requests of one app. Thread-safe: tests read it while the app serves."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._total = _Counts()
        self._endpoints: dict[str, _Counts] = {}
        self._log: deque[dict[str, Any]] = deque(maxlen=_LOG_LENGTH)
        self._number = 0
        self._faults: list[Fault] = []

    def begin(self, method: str, path: str) -> str:
        """Count a request that starts; returns the endpoint it counts under, for `end`."""
        endpoint = f"{method} " + "/".join("{id}" if _IDENTIFIER.match(part) else part for part in path.split("/"))
        write = method not in ("GET", "HEAD") and not path.endswith(_READING_POSTS)
        with self._lock:
            self._total.begin(write)
            self._endpoints.setdefault(endpoint, _Counts()).begin(write)
        return endpoint

    def end(self, endpoint: str, status: int) -> None:
        """Count the end of a request, with the status it was answered with."""
        with self._lock:
            self._total.end(status)
            self._endpoints[endpoint].end(status)

    def log(self, method: str, path: str, body: str, status: int) -> None:
        """Keep a request for `GET /sandbox/requests`, without its headers and a login's body: they hold credentials."""
        if path.partition("?")[0].endswith(_TOKEN):
            body = ""
        with self._lock:
            self._number += 1
            self._log.append({"number": self._number, "method": method, "path": path, "body": body, "status": status})

    def stats(self) -> dict[str, Any]:
        """Counts in all and by endpoint, identifiers in paths replaced by `{id}`."""
        with self._lock:
            endpoints = {name: counts.shown() for name, counts in sorted(self._endpoints.items())}
            return {**self._total.shown(), "endpoints": endpoints}

    def requests_after(self, number: int) -> list[dict[str, Any]]:
        """Logged requests with a higher number, oldest first; the log holds the latest 50,000."""
        with self._lock:
            skipped = max(0, number - (self._number - len(self._log)))
            return list(islice(self._log, skipped, None))

    def add_fault(self, fault: Fault) -> None:
        """Arm a fault; faults fire in the order they were armed."""
        with self._lock:
            self._faults.append(fault)

    def take_fault(self, path: str) -> Fault | None:
        """The fault that hits this request, used up by one; None when there is none."""
        with self._lock:
            for fault in self._faults:
                if path.startswith(fault.path):
                    fault.requests -= 1
                    if fault.requests <= 0:
                        self._faults.remove(fault)
                    return fault
        return None


class RecordingMiddleware:
    """Outermost layer of both apps: counts, logs, and answers armed faults. `/sandbox/` itself is not counted.

    `error_response` makes the app's own error answer of a status.
    """

    def __init__(self, app: ASGIApp, recorder: Recorder, error_response: Callable[[int], Response]) -> None:
        self._app = app
        self._recorder = recorder
        self._error_response = error_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_PREFIX):
            await self._app(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        body = bytearray()
        status = _NO_ANSWER

        async def receive_and_keep() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def send_and_see(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        endpoint = self._recorder.begin(method, path)
        try:
            await self._answer(scope, receive_and_keep, send_and_see)
        except BaseException:
            status = 500  # what Starlette answers with, further out
            raise
        finally:
            self._recorder.end(endpoint, status)
            query = scope["query_string"].decode("latin-1")
            shown = f"{path}?{query}" if query else path
            self._recorder.log(method, shown, body.decode("utf-8", errors="replace"), status)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._recorder.take_fault(scope["path"])
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.after:
            await self._app(scope, receive, lose)
        response = self._error_response(fault.status)
        response.headers.update(fault.headers)
        await response(scope, receive, send)


def sandbox_routes(
    clock: SandboxClock, recorder: Recorder, truth: Truth | None, trouble: Callable[[], dict[str, int]]
) -> list[Route]:
    """The endpoints that only the sandbox has: clock, stats, requests, faults, truth. They need no credentials.

    truth: None where nothing is planted. trouble: how often each trouble on the line came about, for the stats.
    """

    async def show_clock(request: Request) -> Response:
        return JSONResponse({"now": clock.now().isoformat()})

    async def set_clock(request: Request) -> Response:
        try:
            clock.set(msgspec.json.decode(await request.body(), type=_Now).now)
        except (msgspec.MsgspecError, ValueError):
            return _usage('POST {"now": "2026-03-02T20:00:00Z"}, an ISO time with its zone')
        return JSONResponse({"now": clock.now().isoformat()})

    async def stats(request: Request) -> Response:
        return JSONResponse({**recorder.stats(), "transport": trouble()})

    async def requests(request: Request) -> Response:
        try:
            after = int(request.query_params.get("after", "0"))
        except ValueError:
            return _usage("`after` is the number of the last request already seen")
        return JSONResponse({"requests": recorder.requests_after(after)})

    async def add_fault(request: Request) -> Response:
        try:
            recorder.add_fault(msgspec.json.decode(await request.body(), type=Fault))
        except msgspec.MsgspecError:
            return _usage('POST {"path": "/v2", "status": 500, "requests": 2, "headers": {}, "after": false}')
        return JSONResponse(True)

    async def show_truth(request: Request) -> Response:
        rows = [] if truth is None else truth()
        return Response(msgspec.json.encode(rows), media_type="application/json")

    return [
        _route("clock", show_clock, "GET"),
        _route("clock", set_clock, "POST"),
        _route("stats", stats, "GET"),
        _route("requests", requests, "GET"),
        _route("faults", add_fault, "POST"),
        _route("truth", show_truth, "GET"),
    ]


def _route(name: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> Route:
    return Route(f"{_PREFIX}{name}", endpoint, methods=[method])


def _usage(text: str) -> Response:
    return JSONResponse({"error": text}, status_code=400)
