"""Trouble on the line: which request meets which trouble, and what the client sees of it (docs/faults.md).

Belongs here: the draw, and the middleware that acts out what both APIs have in common. Does not belong here: what only
NetSuite can do (its app acts out an expired token, a workflow lock and a late commit), and faults in the data.

The draw is reproducible: the nth request with the same method and address meets the same trouble under the same seed.
A client that tries again comes through: after MOST_IN_A_ROW troubles the next request with that method and address has
none.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from threading import Lock
from typing import Any, Literal

from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sitoo_netsuite.sandbox.server import cut_connection


class Trouble(StrEnum):
    """The names of docs/faults.md."""

    SLOW_ANSWER = "slow_answer"
    TOO_MANY_REQUESTS = "too_many_requests"
    SERVER_ERROR = "server_error"
    CONNECTION_RESET = "connection_reset"
    HTML_502 = "html_502"
    TIME_OUT_AFTER_COMMIT = "time_out_after_commit"
    COMMIT_AFTER_LOOK_UP = "commit_after_look_up"
    EXPIRED_TOKEN = "expired_token"
    WORKFLOW_LOCK = "workflow_lock"


TRANSPORT_FAULTS: tuple[str, ...] = tuple(Trouble)
# What can happen to any request to either API.
ANYWHERE = frozenset(
    {
        Trouble.SLOW_ANSWER,
        Trouble.TOO_MANY_REQUESTS,
        Trouble.SERVER_ERROR,
        Trouble.CONNECTION_RESET,
        Trouble.HTML_502,
    }
)
MOST_IN_A_ROW = 3

_CHANCES = {"none": 0.0, "typical": 0.02, "storm": 0.15}
# Long enough for requests to overlap, short enough for a test.
_SLOW_SECONDS = 0.3
_SANDBOX = "/sandbox/"
_TROUBLE = "sandbox.trouble"
_HTML = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

# Which troubles fit a request, by method and path.
Fitting = Callable[[str, str], Collection[Trouble]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A request's trouble. `done`: whether a request whose answer is replaced was carried out first."""

    trouble: Trouble
    done: bool


class TransportFaults:
    """Deals out trouble to the requests of both APIs, by chance or so many times. Thread-safe.

    Made by `for_mode` or `of_counts`. One object serves both apps, so that a count holds for the two together.
    """

    def __init__(self, seed: int, chance: float, left: Mapping[Trouble, int] | None) -> None:
        self._seed = seed
        self._chance = chance
        self._left = None if left is None else Counter(left)
        self._lock = Lock()
        self._fired: dict[str, Counter[Trouble]] = {}
        self._drawn: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()

    @classmethod
    def for_mode(cls, mode: Literal["none", "typical", "storm"], seed: int) -> TransportFaults:
        """`typical`: one request in fifty has trouble; `storm`: about one in seven."""
        return cls(seed, _CHANCES[mode], None)

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], seed: int) -> TransportFaults:
        """Each named trouble exactly so many times, at the first requests that it fits; the seed decides the order.

        Raises ValueError for a name that is not in TRANSPORT_FAULTS.
        """
        return cls(seed, 1.0, {Trouble(name): count for name, count in counts.items()})

    def draw(self, api: str, address: str, fitting: Collection[Trouble]) -> Drawn | None:
        """The trouble of the next request to `address` (method, path and query), one of `fitting`, or none."""
        if not self._chance:
            return None
        key = f"{api} {address}"
        with self._lock:
            self._drawn[key] += 1
            random = Random(f"{self._seed} {self._drawn[key]} {key}")
            possible = sorted(trouble for trouble in fitting if self._left is None or self._left[trouble] > 0)
            if not possible or self._in_a_row[key] >= MOST_IN_A_ROW or random.random() >= self._chance:
                self._in_a_row[key] = 0
                return None
            self._in_a_row[key] += 1
            trouble = random.choice(possible)
            self._count(api, trouble, 1)
            return Drawn(trouble, done=random.random() < 0.5)

    def take_back(self, api: str, trouble: Trouble) -> None:
        """The trouble did not come about: its request was turned away before."""
        with self._lock:
            self._count(api, trouble, -1)

    def fired(self, api: str) -> dict[str, int]:
        """How often each trouble came about on one API."""
        with self._lock:
            return {str(trouble): count for trouble, count in sorted(self._fired.get(api, Counter()).items()) if count}

    def _count(self, api: str, trouble: Trouble, times: int) -> None:
        self._fired.setdefault(api, Counter())[trouble] += times
        if self._left is not None:
            self._left[trouble] -= times


class TroubleMiddleware:
    """Deals trouble to every request but those under `/sandbox/`. `refusal` makes the API's own 429 and 500.

    What only the app can act out (see `meets`) is handed to it with the request.
    """

    def __init__(
        self, app: ASGIApp, faults: TransportFaults, api: str, fitting: Fitting, refusal: Callable[[int], Response]
    ) -> None:
        self._app = app
        self._faults = faults
        self._api = api
        self._fitting = fitting
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_SANDBOX):
            await self._app(scope, receive, send)
            return
        address = f"{scope['method']} {scope['path']}?{scope['query_string'].decode('latin-1')}"
        drawn = self._faults.draw(self._api, address, self._fitting(scope["method"], scope["path"]))
        match drawn:
            case None:
                await self._app(scope, receive, send)
            case Drawn(Trouble.SLOW_ANSWER):
                await self._app(scope, receive, _late(send))
            case Drawn(Trouble.TOO_MANY_REQUESTS):
                await self._refusal(429)(scope, receive, send)
            case Drawn(Trouble.SERVER_ERROR):
                await self._refusal(500)(scope, receive, send)
            case Drawn(Trouble.CONNECTION_RESET):
                await cut_connection(scope, receive)
            case Drawn(Trouble.HTML_502, done):
                if done:
                    await self._app(scope, receive, lose)
                await HTMLResponse(_HTML, 502)(scope, receive, send)
            case Drawn(Trouble.TIME_OUT_AFTER_COMMIT):
                await self._app(scope, receive, lose)
                await asyncio.sleep(_SLOW_SECONDS)
                await cut_connection(scope, receive)
            case Drawn(trouble):
                await self._app({**scope, _TROUBLE: (pending := {trouble})}, receive, send)
                if pending:
                    self._faults.take_back(self._api, trouble)


def meets(scope: Mapping[str, Any], trouble: Trouble, possible: Callable[[], bool] = lambda: True) -> bool:
    """Whether this request meets a trouble that the app acts out. After True it counts as acted out.

    possible: asked last; a trouble that is not possible does not come about.
    """
    pending: set[Trouble] = scope.get(_TROUBLE, set())
    if trouble not in pending or not possible():
        return False
    pending.remove(trouble)
    return True


class NoAnswer(Response):
    """In place of an answer: the connection ends."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await cut_connection(scope, receive)


async def lose(message: Message) -> None:
    """Takes the place of `send` for an answer that gets lost on its way."""


def _late(send: Send) -> Send:
    async def send_late(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(_SLOW_SECONDS)
        await send(message)

    return send_late
