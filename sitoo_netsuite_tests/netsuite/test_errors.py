"""Which answer becomes which error: waiting or broken, and what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from sitoo_netsuite.netsuite.errors import (
    AlreadyExists,
    Broken,
    CredentialsRefused,
    Locked,
    NetSuiteError,
    NotFound,
    NotPermitted,
    Refused,
    TooManyRequests,
    Unavailable,
    UnclearAnswer,
    Unreadable,
    Waiting,
    error_of,
)

_REQUEST = "POST /services/rest/record/v1/journalEntry"


def _envelope(status: int, detail: str, code: str = "USER_ERROR", path: str | None = None) -> bytes:
    details = {"detail": detail, "o:errorCode": code} | ({"o:errorPath": path} if path else {})
    return json.dumps({"type": "x", "title": "Bad Request", "status": status, "o:errorDetails": [details]}).encode()


_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
_PREFIX = "Error while accessing a resource. "


@pytest.mark.parametrize(
    ("status", "content", "on_read", "on_write"),
    [
        (429, _HTML, TooManyRequests, TooManyRequests),
        (500, _envelope(500, "An unexpected error occurred.", "UNEXPECTED_ERROR"), Unavailable, UnclearAnswer),
        (502, _HTML, Unavailable, UnclearAnswer),
        (503, b"", Unavailable, UnclearAnswer),
        (403, _envelope(403, "no", "INSUFFICIENT_PERMISSION"), NotPermitted, NotPermitted),
        (400, _envelope(400, "no", "INSUFFICIENT_PERMISSION"), NotPermitted, NotPermitted),
        (400, _envelope(400, _PREFIX + "Please enter value(s) for: Subsidiary."), Refused, Refused),
        (400, _envelope(400, _PREFIX + "This record already exists."), Refused, AlreadyExists),
        (400, _envelope(400, "This record has been locked by a user defined workflow."), Locked, Locked),
        (404, _envelope(404, "Record does not exist.", "NONEXISTENT_ID"), NotFound, NotFound),
        # A proxy's answer proves nothing.
        (403, _HTML, Unreadable, UnclearAnswer),
        (403, b"", Unreadable, UnclearAnswer),
        (404, _HTML, Unreadable, UnclearAnswer),
        (400, _HTML, Unreadable, UnclearAnswer),
        (408, b"", Unreadable, UnclearAnswer),
        (302, b"", Unreadable, UnclearAnswer),
        (400, b'{"o:errorDetails": "odd"}', Unreadable, UnclearAnswer),
    ],
)  # fmt: skip
def test_an_answer_becomes_its_error(
    status: int, content: bytes, on_read: type[NetSuiteError], on_write: type[NetSuiteError]
) -> None:
    assert type(error_of(_REQUEST, status, {}, content, writes=False)) is on_read
    assert type(error_of(_REQUEST, status, {}, content, writes=True)) is on_write


def test_waiting_and_broken_are_told_apart() -> None:
    for waiting in (TooManyRequests, Unavailable, Locked, UnclearAnswer):
        assert issubclass(waiting, Waiting) and not issubclass(waiting, Broken)
    for broken in (Refused, AlreadyExists, NotFound, NotPermitted, CredentialsRefused, Unreadable):
        assert issubclass(broken, Broken) and not issubclass(broken, Waiting)


def test_a_refusal_names_the_reason_the_field_and_the_kind() -> None:
    content = _envelope(
        400, "Invalid Field Value 9999 for the following field: item", "INVALID_CONTENT", "line.items[0]"
    )
    error = error_of(_REQUEST, 400, {}, content, writes=True)
    assert isinstance(error, Refused)
    assert (error.status, error.error_code, error.error_path) == (400, "INVALID_CONTENT", "line.items[0]")
    assert str(error) == (
        "NetSuite, POST /services/rest/record/v1/journalEntry: refused with status 400: "
        "Invalid Field Value 9999 for the following field: item (field line.items[0])"
    )


def test_every_reason_of_several_is_told_once() -> None:
    details = [{"detail": "one"}, {"detail": "two"}, {"detail": "one"}]
    error = error_of(_REQUEST, 400, {}, json.dumps({"o:errorDetails": details}).encode(), writes=True)
    assert isinstance(error, Refused)
    assert error.detail == "one; two"


def test_the_wait_netsuite_asks_for_is_seconds_or_a_date() -> None:
    later = datetime.now(UTC) + timedelta(seconds=90)
    past = datetime.now(UTC) - timedelta(seconds=90)
    waits = {
        "7": 7.0,
        later.strftime("%a, %d %b %Y %H:%M:%S GMT"): pytest.approx(90, abs=2),
        past.strftime("%a, %d %b %Y %H:%M:%S GMT"): None,
        "soon": None,
    }
    for text, wait in waits.items():
        error = error_of(_REQUEST, 429, {"retry-after": text}, b"", writes=True)
        assert isinstance(error, TooManyRequests)
        assert error.asked_wait == wait
