"""Parameters in, envelopes and errors out: the manners every endpoint of Sitoo's API shares (reference 1.4 to 1.6).

Belongs here: reading query parameters, `fields` and paging, error bodies. Does not belong here: any resource.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings

_MEDIA_TYPE = "application/json"
_DEFAULT_NUM = 10
_fields_of = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()

# Texts for statuses that are answered without a particular reason.
_TEXTS = {
    HTTPStatus.UNAUTHORIZED: "Missing or bad authentication",
    HTTPStatus.NOT_FOUND: "Resource not found",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many connections",
}


class SitooError(Exception):
    """An error answer: `{"statuscode": ..., "errortext": ...}`."""

    def __init__(self, status: int, text: str | None = None) -> None:
        super().__init__(status)
        self.status = HTTPStatus(status)
        self.text = text or _TEXTS.get(self.status, self.status.phrase)


def invalid_value(name: str) -> SitooError:
    """The 400 of a parameter that cannot be read. The text of a bad query parameter is not known."""
    return SitooError(400, f"Invalid value in {name}")


def error_response(error: SitooError, settings: SitooSettings, headers: Mapping[str, str] | None = None) -> Response:
    """The answer an error becomes."""
    body: dict[str, Any] = {"statuscode": int(error.status), "errortext": error.text}
    if settings.error_code_field is not None:
        body[settings.error_code_field] = int(error.status)
    return Response(_encoder.encode(body), error.status, headers, _MEDIA_TYPE)


def json_response(content: object) -> Response:
    """A bare object, array or scalar."""
    return Response(_encoder.encode(content), media_type=_MEDIA_TYPE)


def raw_response(body: bytes) -> Response:
    """JSON that is already written."""
    return Response(body, media_type=_MEDIA_TYPE)


def array(records: Sequence[bytes]) -> bytes:
    """A bare array of records already written."""
    return b"[" + b",".join(records) + b"]"


def envelope(total: int, records: Sequence[bytes]) -> bytes:
    """The envelope of a list; `total` counts all rows that match, not those of the page."""
    return b'{"totalcount":%d,"items":%b}' % (total, array(records))


class Parameters:
    """The query of a request as Sitoo reads it: the last repeat wins, lists have commas, unknown ones are ignored.

    `name[]` may be repeated instead of a comma list. Numbers that cannot be read raise the 400.
    """

    def __init__(self, request: Request, settings: SitooSettings) -> None:
        self._query = request.query_params
        self._settings = settings

    def text(self, name: str) -> str | None:
        """A single value, None when it is absent or empty."""
        return self._query.get(name) or None

    def number(self, name: str) -> int | None:
        """A single whole number, such as unix seconds."""
        value = self.text(name)
        return None if value is None else _whole(name, value)

    def flag(self, name: str) -> bool:
        """`true` or `false`; false when absent."""
        value = self.text(name) or "false"
        if value not in ("true", "false"):
            raise invalid_value(name)
        return value == "true"

    def texts(self, name: str) -> list[str] | None:
        """A comma list."""
        repeated = self._query.getlist(f"{name}[]")
        value = self.text(name)
        if not repeated and value is None:
            return None
        return repeated or [part for part in (value or "").split(",") if part]

    def numbers(self, name: str) -> list[int] | None:
        """A comma list of whole numbers."""
        values = self.texts(name)
        return None if values is None else [_whole(name, value) for value in values]

    def page(self) -> tuple[int, int]:
        """`start` and `num`, by default 0 and 10."""
        start, num = self.number("start") or 0, self.number("num")
        num = _DEFAULT_NUM if num is None else num
        if start < 0:
            raise invalid_value("start")
        too_large = num > self._settings.max_num
        if num < 1 or (too_large and self._settings.too_large_num == "refuse"):
            raise invalid_value("num")
        cut = too_large and self._settings.too_large_num == "cut down"
        return start, self._settings.max_num if cut else num

    def projection(self, default: Sequence[str] | None) -> Callable[[bytes | str], bytes]:
        """What turns a whole record into the fields asked for; `default` where none are named, None for all.

        Fields that do not exist are left out without a word.
        """
        named = self.texts("fields") or default
        if named is None:
            return lambda record: record.encode() if isinstance(record, str) else record
        wanted = frozenset(named)

        def project(record: bytes | str) -> bytes:
            fields = _fields_of.decode(record)
            return _encoder.encode({name: value for name, value in fields.items() if name in wanted})

        return project


def listed(parameters: Parameters, records: Sequence[Mapping[str, Any]], default: Sequence[str] | None) -> bytes:
    """The envelope of one page of records that are at hand."""
    start, num = parameters.page()
    project = parameters.projection(default)
    return envelope(len(records), [project(_encoder.encode(record)) for record in records[start : start + num]])


def _whole(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise invalid_value(name) from None
