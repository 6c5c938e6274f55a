"""Reading a request body against the schema: names, values, references (reference 1.1, 3.2, 4.2, 5).

Belongs here: what a JSON body says, as typed values. Does not belong here: merging it into a record (`merge.py`) and
business rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol, TypeAlias

import msgspec

from sitoo_netsuite.sandbox.netsuite.errors import ApiError, invalid_content, invalid_value, unknown_external_reference
from sitoo_netsuite.sandbox.netsuite.schema import Field, Kind, RecordType, Sublist

# Text and codes; Decimal of MONEY, NUMBER, QUANTITY and RATE; int of INTEGER and of a REFERENCE's internal id.
Value: TypeAlias = str | Decimal | int | bool | date | datetime
Line: TypeAlias = dict[str, Value]

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")
_INTERNAL_ID = re.compile(r"-?[0-9]{1,18}")
_LARGEST_NUMBER = Decimal(10) ** 12
# More is refused rather than rounded. The SuiteQL tables keep as many, but for unit prices and costs: rounded there.
_TELLS_APART = ("binNumber", "issueInventoryNumber", "receiptInventoryNumber")
_MOST_DECIMALS = {Kind.MONEY: 4, Kind.NUMBER: 10, Kind.QUANTITY: 5, Kind.RATE: 8}


class NameValidation(StrEnum):
    """X-NetSuite-PropertyNameValidation: what an unknown property name leads to."""

    IGNORE = "ignore"
    WARNING = "warning"
    ERROR = "error"


class Finder(Protocol):
    """Internal ids of what a body refers to; None when there is no such record."""

    def by_id(self, group: str, internal_id: int) -> int | None: ...

    def by_external_id(self, group: str, external_id: str) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Draft:
    """What a body asks for. A value of None clears the field; a sublist of None empties it.

    `unknown`: paths of the properties nobody knows, for the warning header.
    """

    external_id: str | None = None
    fields: Mapping[str, Value | None] = field(default_factory=dict)
    sublists: Mapping[str, list[dict[str, Value | None]] | None] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def decode(body: bytes) -> dict[str, Any]:
    """A JSON object, numbers with a fraction as Decimal. Raises the 400 of a body that is not one."""
    try:
        content = _DECODER.decode(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ApiError(400, "INVALID_CONTENT", "Invalid content in the request body") from None
    if not isinstance(content, dict):
        raise ApiError(400, "INVALID_CONTENT", "Invalid content in the request body")
    return content


def is_external_id(text: str) -> bool:
    """Letters, digits, `_` and `-` (reference 4.1); that anything else is refused in a body too is INFERRED."""
    return _EXTERNAL_ID.fullmatch(text) is not None


def read_body(
    record_type: RecordType, content: Mapping[str, Any], finder: Finder, names: NameValidation, unknown_text: str
) -> Draft:
    """A body as typed values. Raises ApiError for unknown names (under `error`), bad values and bad references."""
    return _Reader(finder, names, unknown_text).record(record_type, content)


@dataclass(slots=True)
class _Reader:
    finder: Finder
    names: NameValidation
    unknown_text: str
    unknown: list[str] = field(default_factory=list)

    def record(self, record_type: RecordType, content: Mapping[str, Any]) -> Draft:
        fields: dict[str, Value | None] = {}
        sublists: dict[str, list[dict[str, Value | None]] | None] = {}
        for name, raw in content.items():
            canonical = record_type.canonical.get(name.lower())
            if canonical is None:
                self._meet_unknown(name, name)
            elif canonical in record_type.sublists:
                sublists[canonical] = self._lines(canonical, record_type.sublists[canonical], raw)
            elif record_type.fields[canonical].stored:
                fields[canonical] = self._value(record_type.fields[canonical], raw, canonical, canonical)
        external_id = fields.pop("externalId", None)
        if external_id is not None and not is_external_id(str(external_id)):
            raise invalid_value(external_id, "externalId", "externalId")
        return Draft(
            external_id=None if external_id is None else str(external_id),
            fields=fields,
            sublists=sublists,
            unknown=tuple(self.unknown),
        )

    def _lines(self, name: str, sublist: Sublist, raw: Any) -> list[dict[str, Value | None]] | None:
        items = raw.get("items") if isinstance(raw, dict) else raw
        if items is None:
            return None
        if not isinstance(raw, dict) or not isinstance(items, list):
            raise invalid_content(f"'{name}' must hold an object with a list of items", name)
        return [self._line(f"{name}.items[{place}]", sublist, line) for place, line in enumerate(items)]

    def _line(self, path: str, sublist: Sublist, raw: Any) -> dict[str, Value | None]:
        if not isinstance(raw, dict):
            raise invalid_content("A sublist item must be an object", path)
        line: dict[str, Value | None] = {}
        canonical_names, fields = sublist.canonical, sublist.fields
        for name, value in raw.items():
            canonical = canonical_names.get(name.lower())
            if canonical is None:
                self._meet_unknown(name, f"{path}.{name}")
            elif fields[canonical].stored:
                line[canonical] = self._value(fields[canonical], value, canonical, f"{path}.{canonical}")
        return line

    def _meet_unknown(self, name: str, path: str) -> None:
        if name == "links":
            return
        if self.names is NameValidation.ERROR:
            raise invalid_content(self.unknown_text.format(name=name), path)
        self.unknown.append(path)

    def _value(self, known: Field, raw: Any, name: str, path: str) -> Value | None:
        if raw is None:
            return None
        if known.kind is Kind.REFERENCE:
            return self._reference(known.group, raw, name, path)
        if known.kind is Kind.DETAIL:
            return _detail(raw, path)
        value = _READERS[known.kind](raw)
        if isinstance(value, Decimal) and -_exponent(value) > _MOST_DECIMALS[known.kind]:
            value = None
        if value is None:
            raise invalid_value(_shown(raw), name, path)
        return value

    def _reference(self, group: str, raw: Any, name: str, path: str) -> int:
        if isinstance(raw, dict):
            given = {key.lower(): value for key, value in raw.items()}
            if "id" not in given and "externalid" in given:
                external_id = str(given["externalid"])
                found = self.finder.by_external_id(group, external_id)
                if found is None:
                    raise unknown_external_reference(external_id, path)
                return found
            raw = given.get("id")
        text = str(raw) if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
        found = self.finder.by_id(group, int(text)) if _INTERNAL_ID.fullmatch(text) else None
        if found is None:
            raise invalid_value(_shown(raw), name, path)
        return found


def _shown(raw: Any) -> str:
    return raw if isinstance(raw, str) else msgspec.json.encode(raw).decode()


def _text(raw: Any) -> str | None:
    return raw if isinstance(raw, str) else None


def _number(raw: Any) -> Decimal | None:
    if isinstance(raw, dict):  # the price sublist writes a quantity as {"value": 5}
        raw = raw.get("value")
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        return None
    number = Decimal(raw)
    return number if abs(number) < _LARGEST_NUMBER else None


def _exponent(number: Decimal) -> int:
    return int(number.normalize().as_tuple().exponent)


def _detail(raw: Any, path: str) -> Decimal:
    """What an inventoryDetail tells apart, in all: the sum of its assignments, each of which says of which it is.

    Raises ApiError for an assignment without a quantity, or that names neither bin nor lot nor serial number.
    """
    assigned = raw.get("inventoryAssignment") if isinstance(raw, dict) else None
    items = assigned.get("items") if isinstance(assigned, dict) else None
    if not isinstance(items, list) or not items:
        raise invalid_content("an inventoryDetail holds inventoryAssignment with a list of items", path)
    total = Decimal(0)
    for place, item in enumerate(items):
        quantity = _number(item.get("quantity")) if isinstance(item, dict) else None
        if quantity is None or not any(name in item for name in _TELLS_APART):
            raise invalid_value(_shown(item), "inventoryAssignment", f"{path}.inventoryAssignment.items[{place}]")
        total += abs(quantity)
    return total


def _integer(raw: Any) -> int | None:
    return raw if isinstance(raw, int) and not isinstance(raw, bool) else None


def _flag(raw: Any) -> bool | None:
    return raw if isinstance(raw, bool) else None


def _code(raw: Any) -> str | None:
    if isinstance(raw, dict):
        raw = raw.get("id")
    return str(raw) if isinstance(raw, str | int) and not isinstance(raw, bool) else None


def _date(raw: Any) -> date | None:
    try:
        return date.fromisoformat(raw) if isinstance(raw, str) and len(raw) == len("YYYY-MM-DD") else None
    except ValueError:
        return None


def _moment(raw: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment and moment.tzinfo else None


_READERS: Mapping[Kind, Callable[[Any], Value | None]] = {
    Kind.TEXT: _text,
    Kind.NUMBER: _number,
    Kind.QUANTITY: _number,
    Kind.RATE: _number,
    Kind.MONEY: _number,
    Kind.INTEGER: _integer,
    Kind.FLAG: _flag,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.CODE: _code,
}
