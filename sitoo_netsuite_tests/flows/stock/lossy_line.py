"""A line to Sitoo on which what we write may get lost, there or back, or arrive when nobody waits any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

import httpx
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.server import serving


class Fate(Enum):
    """What becomes of a request that writes."""

    ARRIVES = "arrives"
    LOST = "lost"
    ANSWER_LOST = "answer lost"
    LATE = "late"  # arrives when `arrive_late` says so
    BUSY = "busy"  # Sitoo turns it away unread
    REFUSED = "refused"  # Sitoo says no to all of it


@dataclass
class LossyLine:
    """`fates`: what becomes of the next requests that write; all others arrive."""

    root: str
    url: str = ""
    fates: list[Fate] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)  # of all that was sent, lost or not
    late: list[tuple[httpx.URL, dict[str, str], bytes]] = field(default_factory=list)

    def arrive_late(self) -> None:
        """What was late arrives now."""
        for url, headers, body in self.late:
            httpx.post(url, content=body, headers=headers).raise_for_status()
        self.late.clear()

    async def forward(self, request: Request) -> Response:
        url = httpx.URL(self.root).copy_with(raw_path=request.url.path.encode() + b"?" + request.url.query.encode())
        headers = {"Authorization": request.headers["Authorization"], "Content-Type": "application/json"}
        body = await request.body()
        fate = Fate.ARRIVES
        if request.method == "POST":
            self.bodies.append(body)
            fate = self.fates.pop(0) if self.fates else fate
        if fate is Fate.BUSY:
            return Response(b'{"statuscode":429,"errortext":"Too many connections"}', 429)
        if fate is Fate.REFUSED:
            return Response(b'{"statuscode":400,"errortext":"Invalid value"}', 400)
        if fate is Fate.LATE:
            self.late.append((url, headers, body))
        if fate in (Fate.LATE, Fate.LOST):
            return Response(b"<html>Bad Gateway</html>", 502)
        answer = await run_in_threadpool(httpx.request, request.method, url, content=body, headers=headers)
        if fate is Fate.ANSWER_LOST:
            return Response(b"<html>Bad Gateway</html>", 502)
        return Response(answer.content, answer.status_code, media_type="application/json")


@contextmanager
def lossy_line(account_url: str) -> Iterator[LossyLine]:
    """Stands between a client and the Sitoo account at this URL; `url` of what is yielded is the account's new one."""
    path = httpx.URL(account_url).path
    line = LossyLine(account_url.removesuffix(path))
    routes = [Route("/{path:path}", line.forward, methods=["GET", "POST", "PUT"])]
    with serving(Starlette(routes=routes)) as url:
        line.url = url + path
        yield line
