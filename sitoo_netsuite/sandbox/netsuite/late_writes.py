"""Writes that were accepted and are carried out later, behind the client's back (docs/faults.md, commit_after_look_up).

Belongs here: when such a write's time has come. Does not belong here: which request is one (`faults/transport.py`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from starlette.requests import Request

from sitoo_netsuite.sandbox.netsuite.answers import Handler
from sitoo_netsuite.sandbox.netsuite.errors import ApiError


@dataclass(frozen=True, slots=True)
class _Late:
    """A write under way; `handle` carries it out when the time on the elapsed clock is `due` at the latest."""

    request: Request
    handle: Handler
    due: float


class LateWrites:
    """Holds writes until somebody has looked for what they make, or for `seconds` of elapsed time.

    Used from one event loop only, hence no lock. Time is looked at when a request comes: until then nobody can tell.
    """

    def __init__(self, seconds: float, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._elapsed = elapsed
        self._waiting: list[_Late] = []

    def hold(self, request: Request, handle: Handler) -> None:
        """Keep a write whose body has been read."""
        self._waiting.append(_Late(request, handle, self._elapsed() + self._seconds))

    async def carry_out_due(self) -> None:
        """Carry out what has waited its time; before any other request is handled."""
        now = self._elapsed()
        await self._carry_out([late for late in self._waiting if late.due <= now])

    async def carry_out_looked_for(self, request: Request) -> None:
        """Carry out what `request`, a read that has been handled, looked for; before its answer is sent."""
        if self._waiting:
            asked = await request.body() if request.method == "POST" else request.url.path.encode()
            await self._carry_out([late for late in self._waiting if await _is_looked_for(late.request, asked)])

    async def _carry_out(self, due: list[_Late]) -> None:
        for late in due:
            self._waiting.remove(late)
            # Refused like any other, when its external id is taken by now, say; but nobody hears it.
            with suppress(ApiError):
                await late.handle(late.request)


async def _is_looked_for(write: Request, asked: bytes) -> bool:
    """Whether a query's body, or a path, names the write's external id or its record."""
    # A transform's path names the source; what it makes is named in its body.
    identity = "" if "target" in write.path_params else write.path_params.get("id", "")
    if identity and not identity.startswith("eid:"):
        return write.url.path.encode() == asked
    external_id = identity.removeprefix("eid:") or _external_id(await write.body())
    named = rf"(?<![A-Za-z0-9_-]){re.escape(external_id)}(?![A-Za-z0-9_-])"
    return bool(external_id) and re.search(named.encode(), asked) is not None


def _external_id(body: bytes) -> str:
    try:
        content = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    return str(content.get("externalId", "")) if isinstance(content, dict) else ""
