"""The HTTP server that Sitoo sends its events to: `POST /events`, and `GET /health` for whoever watches it.

Belongs here: who may send, how much, and the answer. Does not belong here: reading events (`landing`).

The answer decides what Sitoo does next (reference 1.9): 200 ends it, 503 has it try again and holds all later events
back until then, anything else drops what was sent. So what cannot be read is kept and answered with 200, and 503 is
said where the database does not answer, or the events do not come. Sitoo gives up waiting after 15 seconds; we answer
sooner.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sitoo_netsuite.events.landing import land_events
from sitoo_netsuite.settings import EventsCredential

T = TypeVar("T")

# Ten events of the known kinds are 3 KB.
LARGEST_BODY = 256 * 1024
# Together less than Sitoo waits: connecting and the statements each have the database's seconds.
_BODY_SECONDS = 4.0
_DATABASE_SECONDS = 3
_CONNECTIONS = 32
_LAST_ANSWERS_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Receiver:
    """What the server needs: the database, the credential that Sitoo was given for it, and the time."""

    database_url: str
    credential: EventsCredential
    now: Callable[[], datetime]

    def app(self) -> Starlette:
        """The ASGI app."""
        return Starlette(
            routes=[
                Route("/events", self._events, methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
            ]
        )

    async def _events(self, request: Request) -> Response:
        if not self._may_send(request.headers.get("authorization", "")):
            return _answer(401, "send the credential of this receiver", {"WWW-Authenticate": 'Basic realm="events"'})
        try:
            body = await asyncio.wait_for(_body(request), _BODY_SECONDS)
        except (TimeoutError, ClientDisconnect):
            return _answer(503, "the events did not come; send them again")
        if body is None:
            return _answer(413, f"more than {LARGEST_BODY} bytes")
        try:
            landed = await self._in_time(lambda connection: land_events(connection, body, self.now()))
        except (psycopg.Error, TimeoutError):
            return _answer(503, "the database does not answer; send this again")
        return JSONResponse({"new": landed.new, "known": landed.known, "unreadable": landed.unreadable})

    async def _health(self, _: Request) -> Response:
        try:
            await self._in_time(lambda connection: connection.execute("select 1"))
        except (psycopg.Error, TimeoutError):
            return _answer(503, "the database does not answer")
        return _answer(200, "ok")

    async def _in_time(self, work: Callable[[psycopg.Connection], T]) -> T:
        """What the work gives. Raises TimeoutError or psycopg.Error where the database does not answer in time."""

        def run() -> T:
            timeouts = f"-c timezone=UTC -c statement_timeout={_DATABASE_SECONDS * 1000}"
            with psycopg.connect(
                self.database_url, autocommit=True, connect_timeout=_DATABASE_SECONDS, options=timeouts
            ) as connection:
                return work(connection)

        return await asyncio.wait_for(run_in_threadpool(run), 2 * _DATABASE_SECONDS)

    def _may_send(self, header: str) -> bool:
        scheme, _, encoded = header.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).partition(b":")
        except (binascii.Error, ValueError):
            return False
        # Both are compared whatever the first says, and neither in a time that tells how much of it was right.
        same_user = hmac.compare_digest(user, self.credential.user.encode())
        same_password = hmac.compare_digest(password, self.credential.password.encode())
        return scheme.lower() == "basic" and same_user & same_password


def serve(receiver: Receiver, host: str, port: int) -> None:
    """Serves until SIGINT or SIGTERM; requests that are under way are answered first."""
    uvicorn.run(
        receiver.app(),
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
    )


async def _body(request: Request) -> bytes | None:
    """The whole body; None once it is larger than it may be, whether or not its length was told."""
    if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            return None
    return body


def _answer(status: int, text: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"message": text}, status, headers)
