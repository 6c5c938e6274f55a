"""What is written to Sitoo: bodies read field by field, and the 400s of those it does not take (reference 1.6).

Belongs here: types of fields, what is required, and the answer to one object or an array of them. Does not belong here:
what a field means to its resource. Fields nobody knows are ignored, as unknown parameters are (inferred).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from sitoo_netsuite.money import MoneyError, to_minor, to_text
from sitoo_netsuite.sandbox.sitoo.answers import SitooError, error_body, invalid_value, json_response
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings

Body = Mapping[str, Any]
# Reads the value of a named field; raises the 400 of one that it does not take.
Reader = Callable[[str, Any], Any]
Shape = Mapping[str, Reader]

# Two decimals at most, and no sign: a price below zero is refused (inferred).
_PRICE = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_QUANTITY = re.compile(r"(-?)(\d{1,9})(?:\.(\d{1,3}))?", re.ASCII)


def read(body: object, shape: Shape, required: Collection[str] = ()) -> dict[str, Any]:
    """The fields of a body that the shape knows."""
    if not isinstance(body, dict):
        raise SitooError(400, "Invalid value")
    for name in required:
        if name not in body:
            raise SitooError(400, f"Missing required field '{name}'.")
    return {name: shape[name](name, value) for name, value in body.items() if name in shape}


def text(name: str, value: Any) -> str:
    """Text; null is no text (measured with a barcode)."""
    if value is None:
        raise SitooError(400, "Invalid value")
    if not isinstance(value, str):
        raise _wrong_type(name, "string")
    return value


def price(name: str, value: Any) -> str:
    """An amount of money as text."""
    if not _PRICE.fullmatch(text(name, value)):
        raise invalid_value(name)
    return str(value)


def thousandths(name: str, value: Any) -> int:
    """A quantity written with up to three decimals, in thousandths; it may be negative."""
    found = _QUANTITY.fullmatch(text(name, value))
    if found is None:
        raise invalid_value(name)
    sign, units, decimals = found.groups(default="")
    milli = int(units) * 1000 + int(decimals.ljust(3, "0"))
    return -milli if sign else milli


def flag(name: str, value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong_type(name, "boolean")
    return value


def whole(name: str, value: Any) -> int:
    """A whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong_type(name, "integer")
    return value


def whole_or_null(name: str, value: Any) -> int | None:
    """A whole number, or nothing."""
    return None if value is None else whole(name, value)


def number(name: str, value: Any) -> int | float:
    """A number, such as a VAT rate in percent."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong_type(name, "number")
    return value


def texts(name: str, value: Any) -> list[str]:
    """A list of text."""
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise SitooError(400, f"Invalid value in {name} (Not string)")
    return list(value)


def wholes(name: str, value: Any) -> list[int]:
    """A list of whole numbers."""
    if not isinstance(value, list):
        raise _wrong_type(name, "array")
    return [whole(name, entry) for entry in value]


def mapping(name: str, value: Any) -> dict[str, Any]:
    """An object."""
    if not isinstance(value, dict):
        raise _wrong_type(name, "object")
    return dict(value)


def objects(name: str, value: Any) -> list[dict[str, Any]]:
    """A list of objects."""
    if not isinstance(value, list):
        raise _wrong_type(name, "array")
    return [mapping(name, entry) for entry in value]


def minor_units(name: str, amount: str, currency: str) -> int:
    """An amount already read, in minor units; the 400 of one with more decimals than its currency has."""
    try:
        return to_minor(amount, currency)
    except MoneyError:
        raise invalid_value(name) from None


def as_shown(name: str, amount: str, currency: str) -> str:
    """An amount already read, with the decimals it is shown with."""
    return to_text(minor_units(name, amount, currency), currency)


def answered(body: object, act: Callable[[Any], object], settings: SitooSettings) -> Response:
    """One object answers a bare scalar, an array an entry for each of its objects, in order (reference 1.3, 1.7).

    An object that is refused leaves the others of its array alone (inferred).
    """
    if not isinstance(body, list):
        return json_response(act(body))
    entries = []
    for each in body:
        try:
            entries.append({"statuscode": 200, "return": act(each)})
        except SitooError as error:
            entries.append(error_body(error, settings))
    return json_response(entries)


def written(handle: Callable[[Request, Any], Response]) -> Callable[[Request], Any]:
    """The endpoint of a write: `handle` gets the request and its decoded body, in a thread."""

    async def endpoint(request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response()  # nobody is there to hear it: not all of the request has come
        try:
            decoded = msgspec.json.decode(body)
        except msgspec.MsgspecError:
            raise SitooError(400, "Invalid value") from None
        return await run_in_threadpool(handle, request, decoded)

    return endpoint


def _wrong_type(name: str, wanted: str) -> SitooError:
    return SitooError(400, f"Invalid field value '{name}' should be {wanted}.")
