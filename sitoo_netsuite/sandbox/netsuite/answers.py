"""What every part of the app is made of: handlers, JSON answers, error answers, the address they are given at.

Belongs here: HTTP manners without any knowledge of records. Does not belong here: error codes and texts (`errors.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sitoo_netsuite.sandbox.netsuite.errors import ApiError
from sitoo_netsuite.sandbox.netsuite.render import encode

RESOURCE = "application/vnd.oracle.resource+json"
SINGULAR = f"{RESOURCE}; type=singular"
COLLECTION = f"{RESOURCE}; type=collection"

# Answers a request that passed the login, or raises ApiError.
Handler = Callable[[Request], Awaitable[Response]]


def json_answer(
    content: Any, status: int = 200, *, media_type: str = "application/json", headers: Mapping[str, str] | None = None
) -> Response:
    """A JSON body, with exact decimals as numbers."""
    return Response(encode(content), status, headers, media_type)


def error_answer(error: ApiError) -> Response:
    """The answer an error becomes (reference 4.2)."""
    media_type = f"{RESOURCE}; type=error"
    return json_answer(error.envelope(), error.status, media_type=media_type, headers=error.response_headers)


def base_url(request: Request) -> str:
    """Scheme, host and port as the client addressed them: links lead back to where it came from."""
    return f"{request.url.scheme}://{request.url.netloc}"


def asks(request: Request, name: str) -> bool:
    """Whether a query parameter says `true`."""
    return request.query_params.get(name, "false").lower() == "true"
