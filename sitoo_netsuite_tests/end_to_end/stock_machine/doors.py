"""The doors of both systems: what becomes of the requests that write, and the moment at which a run is killed.

Belongs here: losing, delaying and refusing, and counting requests. Does not belong here: which requests these are
(`world`), and when the weather is bad (`machine`).

A door stands in the server itself, in front of a sandbox that is another one in each sequence: no request takes a step
more for it, and no server has to be started for a sequence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sitoo_netsuite_tests.flows.stock.lossy_line import Fate

Answer = Callable[[], Response]
Writes = Callable[[str, str], bool]
"""Of a method and a path: whether the request makes something."""

_BYPASS = b"x-arrives-late"


@dataclass
class Killing:
    """Kills a run at a request: from then on nothing it sends arrives anywhere, and `strike` takes its database away.

    after: so many more requests are answered; None: nobody is to be killed. arrives: whether the last one is carried
    out although its answer is never heard.
    """

    strike: Callable[[], None]
    after: int | None = None
    arrives: bool = False
    dead: bool = False

    def is_due(self) -> bool:
        """Counts a request; whether it is the one at which the run dies."""
        if self.after is None:
            return False
        self.after -= 1
        return self.after < 0

    def kill(self) -> None:
        self.after, self.dead = None, True
        self.strike()

    def live_again(self) -> None:
        """The next run begins."""
        self.after, self.dead = None, False


@dataclass
class Door:
    """In front of the sandbox `app`. `fates`: what becomes of the next requests that write; all others arrive.

    refusal, busy: how this system says no to a request, and that it has no time for it. `struck`: fates that came
    about, in order, since the machine last looked.
    """

    killing: Killing
    writes: Writes
    refusal: Answer
    busy: Answer
    app: ASGIApp = field(default_factory=Starlette)
    url: str = ""
    fates: list[Fate] = field(default_factory=list)
    late: list[httpx.Request] = field(default_factory=list)
    struck: list[Fate] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or any(name == _BYPASS for name, _ in scope["headers"]):
            await self.app(scope, receive, send)
        elif self.killing.dead:
            await _unavailable()(scope, receive, send)
        elif self.killing.is_due():
            if self.killing.arrives:
                await self.app(scope, receive, _lose)
            self.killing.kill()
            await _unavailable()(scope, receive, send)
        elif self.fates and self.writes(scope["method"], scope["path"]):
            await self._meet_fate(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _meet_fate(self, scope: Scope, receive: Receive, send: Send) -> None:
        fate = self.fates.pop(0)
        self.struck.append(fate)
        match fate:
            case Fate.ARRIVES:
                await self.app(scope, receive, send)
                return
            case Fate.BUSY:
                answer = self.busy()
            case Fate.REFUSED:
                answer = self.refusal()
            case Fate.ANSWER_LOST:
                await self.app(scope, receive, _lose)
                answer = _unavailable()
            case Fate.LATE:
                request = Request(scope, receive)
                self.late.append(
                    httpx.Request(
                        scope["method"],
                        str(request.url),
                        headers=[*request.headers.raw, (_BYPASS, b"yes")],
                        content=await request.body(),
                    )
                )
                answer = _unavailable()
            case Fate.LOST:
                answer = _unavailable()
        await answer(scope, receive, send)

    def let_late_arrive(self) -> list[bytes]:
        """Whatever is under way arrives now; the bodies of these requests."""
        arriving, self.late = self.late, []
        with httpx.Client() as http:
            for request in arriving:
                http.send(request)  # refused or not, nobody hears it
        return [request.content for request in arriving]


def _unavailable() -> Response:
    return Response(b"<html>Bad Gateway</html>", 502, media_type="text/html")


async def _lose(message: Message) -> None:
    """An answer that nobody hears."""
