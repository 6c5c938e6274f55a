"""Parameters in, envelopes and errors out: the manners every endpoint of Sitoo's API shares (reference 1.4 to 1.6).

Belongs here: reading query parameters, `fields` and paging, error bodies. Does not belong here: any resource.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings

_MEDIA_TYPE = "application/json"
_DEFAULT_NUM = 10
_fields_of = msgspec.json.Decoder(dict[str, msgspec.Raw])
_encoder = msgspec.json.Encoder()

Found = TypeVar("Found")

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


def error_body(error: SitooError, settings: SitooSettings) -> dict[str, Any]:
    """What an error says, as an answer of its own or as an entry of a batch's."""
    body: dict[str, Any] = {"statuscode": int(error.status), "errortext": error.text}
    if settings.error_code_field is not None:
        body[settings.error_code_field] = int(error.status)
    return body


def error_response(error: SitooError, settings: SitooSettings, headers: Mapping[str, str] | None = None) -> Response:
    """The answer an error becomes."""
    return Response(_encoder.encode(error_body(error, settings)), error.status, headers, _MEDIA_TYPE)


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

    def fields(self, default: Sequence[str] | None) -> frozenset[str] | None:
        """The fields asked for; `default` where none are named, None for all."""
        named = self.texts("fields") or default
        return None if named is None else frozenset(named)

    def projection(self, default: Sequence[str] | None) -> Callable[[bytes | str], bytes]:
        """What turns a whole record into the fields asked for; `default` where none are named, None for all.

        Fields that do not exist are left out without a word.
        """
        wanted = self.fields(default)
        if wanted is None:
            return lambda record: record.encode() if isinstance(record, str) else record

        def project(record: bytes | str) -> bytes:
            fields = _fields_of.decode(record)
            return _encoder.encode({name: value for name, value in fields.items() if name in wanted})

        return project


def listed(parameters: Parameters, records: Sequence[Mapping[str, Any]], default: Sequence[str] | None) -> bytes:
    """The envelope of one page of records that are at hand."""
    start, num = parameters.page()
    return paged(parameters, len(records), records[start : start + num], default)


def paged(
    parameters: Parameters, total: int, page: Iterable[Mapping[str, Any]], default: Sequence[str] | None
) -> bytes:
    """The envelope of a page that is at hand."""
    wanted = parameters.fields(default)
    return envelope(total, [_encoder.encode(_cut_down(record, wanted)) for record in page])


def one(parameters: Parameters, record: Mapping[str, Any]) -> bytes:
    """A single record, whole unless `fields` are named."""
    return _encoder.encode(_cut_down(record, parameters.fields(None)))


def _cut_down(record: Mapping[str, Any], wanted: frozenset[str] | None) -> Mapping[str, Any]:
    return record if wanted is None else {name: value for name, value in record.items() if name in wanted}


def only(found: Sequence[Found]) -> Found:
    """The one there is. Raises the 404."""
    if not found:
        raise SitooError(404)
    return found[0]


def site_asked_for(request: Request, eshopids: Collection[int]) -> int | None:
    """The eshopid in a path; None for the GUID of a site, which answers with empty lists (reference 1.1).

    Raises the 404 of a site there is none of.
    """
    siteid: str = request.path_params["siteid"]
    if siteid.startswith("{"):
        return None
    return only([eshopid for eshopid in eshopids if str(eshopid) == siteid])


def number_in_path(request: Request, name: str) -> int:
    """An id in a path. Raises the 404 of one that is no number."""
    value: str = request.path_params[name]
    if not (value.isascii() and value.isdecimal()):
        raise SitooError(404)
    return int(value)


def _whole(name: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise invalid_value(name) from None
