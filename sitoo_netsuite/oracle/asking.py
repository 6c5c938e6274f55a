"""Asking either API over HTTP, with patience that ends.

Belongs here: one request at a time, waiting when told to, giving up after a stated number of tries. Does not belong
here: what is asked for.
"""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import httpx

_TRIES = 6
_LONGEST_WAIT_SECONDS = 60.0
_TOO_MANY_REQUESTS = 429
_SERVER_FAULTS = range(500, 600)
_MOST_TEXT = 500


class AskingError(Exception):
    """An API did not give an answer the oracle can use; the text says which request and what came back."""


def ask(client: httpx.Client, method: str, url: str, **request: Any) -> Any:
    """The parsed JSON answer of a read request, its numbers as int or Decimal.

    429, 5xx and lost connections are tried again, six times in all, waiting as long as the answer says
    (`Retry-After`, `X-Rate-Limit-Reset`) or 1, 2, 4... seconds. Raises AskingError when that doesn't help or the
    answer is another error. Headers, which carry credentials, never reach its text.
    """
    for tries_left in reversed(range(_TRIES)):
        headers = httpx.Headers()
        try:
            response = client.request(method, url, **request)
        except httpx.TransportError as error:
            trouble = f"no answer ({error})"
        else:
            if response.is_success:
                return json.loads(response.content, parse_float=Decimal)
            trouble = f"{response.status_code} {response.text[:_MOST_TEXT]}"
            if response.status_code != _TOO_MANY_REQUESTS and response.status_code not in _SERVER_FAULTS:
                break
            headers = response.headers
        if tries_left:
            time.sleep(_wait_seconds(_TRIES - 1 - tries_left, headers))
    raise AskingError(f"{method} {url}: {trouble}")


def _wait_seconds(attempt: int, headers: httpx.Headers) -> float:
    wait = float(2**attempt)
    if headers.get("Retry-After", "").isdecimal():
        wait = float(headers["Retry-After"])
    elif headers.get("X-Rate-Limit-Reset", "").isdecimal():
        wait = int(headers["X-Rate-Limit-Reset"]) - time.time()
    return min(max(wait, 0.0), _LONGEST_WAIT_SECONDS)
