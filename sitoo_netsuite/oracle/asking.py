"""Asking either API over HTTP, with patience that ends.

Belongs here: one request at a time, waiting when told to, giving up after a stated time. Does not belong here: what is
asked for, and logging in (`login.py`).
"""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import httpx

# 0.2, 0.4, 0.8... seconds: a storm is mostly over by the next try, and an outage is not waited for all night.
_FIRST_WAIT_SECONDS = 0.2
_LONGEST_WAIT_SECONDS = 8.0
_PATIENCE_SECONDS = 60.0
_TOO_MANY_REQUESTS = 429
_SERVER_FAULTS = range(500, 600)
_MOST_TEXT = 500

_DID_NOT_PASS = "It did not pass in a minute of asking: ask again later, and see to the connection if it lasts."
_LOGIN = "The login is wrong or may not read this: `sitoo-netsuite doctor` says which."
_ADVICE = {401: _LOGIN, 403: _LOGIN, 404: "Check the address in SITOO_URL or NETSUITE_URL."}
_REFUSED = "Asking again will not help: the answer says what was wrong with the request."


class AskingError(Exception):
    """An API did not give an answer the oracle can use; the text says which request (method and path), what
    came back and what to do.
    """


def ask(client: httpx.Client, method: str, url: str, **request: Any) -> Any:
    """The parsed JSON answer of a read request, its numbers as int or Decimal.

    429, 5xx, lost connections, answers that are cut short and pages of a proxy (HTML, whatever its status) are asked
    for again after 0.2, 0.4, 0.8... seconds or as long as the answer says (`Retry-After`, `X-Rate-Limit-Reset`), until
    a minute has been waited in all. Raises AskingError when that doesn't help or the answer is another error. Neither
    headers, which carry credentials, nor host and query reach its text.
    """
    step, patience = _FIRST_WAIT_SECONDS, _PATIENCE_SECONDS
    while True:
        headers, advice = httpx.Headers(), _DID_NOT_PASS
        try:
            response = client.request(method, url, **request)
        except httpx.TransportError as error:
            trouble = f"no answer ({error})"
        else:
            if response.is_success:
                try:
                    return json.loads(response.content, parse_float=Decimal)
                except ValueError:  # not JSON, or not in UTF-8
                    trouble = f"{response.status_code} with an answer that is no whole JSON"
            else:
                trouble = f"{response.status_code} {response.text[:_MOST_TEXT]}"
                if not _may_pass(response):
                    advice = _ADVICE.get(response.status_code, _REFUSED)
                    break
            headers = response.headers
        if patience <= 0:
            break
        wait = min(max(step, _told_to_wait(headers)), patience)
        patience -= wait
        step = min(2 * step, _LONGEST_WAIT_SECONDS)
        time.sleep(wait)
    # Neither the host nor the query: they name the account and may name what was looked for.
    raise AskingError(f"{method} {httpx.URL(url).path}: {trouble}. {advice}")


def _may_pass(response: httpx.Response) -> bool:
    is_page = response.content.lstrip()[:1] == b"<"
    return is_page or response.status_code == _TOO_MANY_REQUESTS or response.status_code in _SERVER_FAULTS


def _told_to_wait(headers: httpx.Headers) -> float:
    if headers.get("Retry-After", "").isdecimal():
        return float(headers["Retry-After"])
    if headers.get("X-Rate-Limit-Reset", "").isdecimal():
        return int(headers["X-Rate-Limit-Reset"]) - time.time()
    return 0.0
