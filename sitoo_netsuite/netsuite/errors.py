"""What can go wrong with NetSuite, as types that tell *waiting* from *broken*, in words for people.

Belongs here: the errors, and how an answer becomes one of them. Does not belong here: what is done about an error
(`posting`, `flows`), and when a request is sent again (`client`).

Waiting cures itself: the next run tries again. Broken needs a person: something must be mended first. Neither text
nor attributes ever hold a credential.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
import msgspec


class NetSuiteError(Exception):
    """Anything NetSuite, or the way to it, did not do. `request` is the method and path."""

    def __init__(self, request: str, what: str) -> None:
        super().__init__(f"NetSuite, {request}: {what}")
        self.request = request


class Waiting(NetSuiteError):
    """Not now: the next run cures it. `asked_wait` are the seconds NetSuite asks for, None when it asks for none.

    Nothing was done by the request, except where the subclass says otherwise.
    """

    def __init__(self, request: str, what: str, asked_wait: float | None = None) -> None:
        super().__init__(request, f"{what}; the next run tries again")
        self.asked_wait = asked_wait


class TooManyRequests(Waiting):
    """The account's concurrency limit was reached: the request was refused unread (reference 3.1)."""


class Unavailable(Waiting):
    """NetSuite, its token service or the network does not answer, and nothing was written by asking."""


class Locked(Waiting):
    """The record is held by a workflow in NetSuite (reference 1.1)."""


class UnclearAnswer(Waiting):
    """A write was sent and its outcome is not known: it may have been done. Look it up by external id before anything.

    The client never sends it again by itself.
    """

    def __init__(self, request: str, what: str) -> None:
        super().__init__(request, f"{what}, so it is not known whether it was done and it will be looked up")


class Broken(NetSuiteError):
    """A person must mend something first."""


class Refused(Broken):
    """NetSuite read the request and said no. `error_path` names the field, `error_code` NetSuite's kind of error."""

    def __init__(self, request: str, status: int, detail: str, error_code: str = "", error_path: str = "") -> None:
        field = f" (field {error_path})" if error_path else ""
        super().__init__(request, f"refused with status {status}: {detail or 'no reason given'}{field}")
        self.status = status
        self.detail = detail
        self.error_code = error_code
        self.error_path = error_path


class AlreadyExists(Refused):
    """A record with this external id is there. Whether it is ours, only its content tells (reference 4.2)."""


class NotFound(Refused):
    """NetSuite itself says that there is no such record."""


class NotPermitted(Broken):
    """The integration's role may not do this."""

    def __init__(self, request: str, detail: str) -> None:
        super().__init__(request, f"not permitted ({detail}). Give the integration's role this permission in NetSuite")


class CredentialsRefused(Broken):
    """NetSuite does not let the integration in, or the private key cannot be used."""


class ReadOnlyRefused(Broken):
    """The estate says read-only: the request was not sent."""

    def __init__(self, request: str) -> None:
        super().__init__(request, "not sent, because the estate says `read_only: true`")


class Unreadable(Broken):
    """The answer is not one that NetSuite gives: a proxy, a wrong address, or a change of the API."""


class _Detail(msgspec.Struct):
    detail: str = ""
    code: str = msgspec.field(name="o:errorCode", default="")
    path: str = msgspec.field(name="o:errorPath", default="")


class _Envelope(msgspec.Struct):
    details: list[_Detail] = msgspec.field(name="o:errorDetails", default_factory=list)


def request_name(request: httpx.Request) -> str:
    """What an error calls a request: its method and path, never the query or a header."""
    return f"{request.method} {request.url.path}"


def error_of(request: str, status: int, headers: Mapping[str, str], content: bytes, *, writes: bool) -> NetSuiteError:
    """The error of an answer that is not a success. Bodies may be empty or HTML (reference 4.2)."""
    details = _details(content)
    first = details[0] if details else _Detail()
    text = "; ".join(dict.fromkeys(entry.detail for entry in details if entry.detail))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return TooManyRequests(request, "too many requests at once", _asked_wait(headers))
    if first.code == "INSUFFICIENT_PERMISSION" or (status == HTTPStatus.FORBIDDEN and details):
        return NotPermitted(request, text or f"status {status}")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not writes:
        return Unavailable(request, f"status {status} {text}".rstrip(), _asked_wait(headers))
    if not details or not 400 <= status < 500:
        # Only NetSuite's own refusal proves that nothing was done.
        what = f"an answer that NetSuite does not give, status {status} {text}".rstrip()
        return UnclearAnswer(request, what) if writes else Unreadable(request, f"{what}. Check NETSUITE_URL")
    if "locked by a user defined workflow" in text:
        return Locked(request, text)
    kind = Refused
    if status == HTTPStatus.NOT_FOUND and first.code == "NONEXISTENT_ID":
        kind = NotFound
    elif writes and "already exists" in text.lower():
        kind = AlreadyExists
    return kind(request, status, text, first.code, first.path)


def _details(content: bytes) -> list[_Detail]:
    try:
        return msgspec.json.decode(content, type=_Envelope).details
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return []


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of `Retry-After`, given as a number or a date; None when it is absent, unreadable or past."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - time.time()
    return wait if wait > 0 else None
