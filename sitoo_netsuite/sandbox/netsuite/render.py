"""Records as NetSuite shows them in JSON (reference 1.1).

Belongs here: links, references, sublists, paging. Does not belong here: reading bodies (`values.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.errors import invalid_parameter
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import Field, Kind
from sitoo_netsuite.sandbox.netsuite.values import Line, Value

RECORD_PATH = "/services/rest/record/v1"
LARGEST_PAGE = 1000
_MOST_PAGES = 1000

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def encode(content: Any) -> bytes:
    """JSON, with exact decimals as numbers."""
    return _ENCODER.encode(content)


@dataclass(frozen=True, slots=True)
class View:
    """How a GET asks for a record: `fields` (None: all), sublists in full or as links, enums as ids."""

    base_url: str
    fields: Collection[str] | None = None
    expand_sublists: bool = False
    simple_enums: bool = False


def moment_text(moment: datetime) -> str:
    """A moment as NetSuite writes it: ISO, UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def record_url(base_url: str, record: Record) -> str:
    return f"{base_url}{RECORD_PATH}/{record.record_type.name}/{record.internal_id}"


def show_record(record: Record, account: Account, view: View) -> dict[str, Any]:
    """A record as an instance GET answers it."""
    url = record_url(view.base_url, record)
    known = record.record_type.fields
    values: dict[str, Value] = {
        **record.fields,
        **record.worked_out,
        "createdDate": record.created,
        "lastModifiedDate": record.modified,
    }
    if record.external_id is not None:
        values["externalId"] = record.external_id
    shown: dict[str, Any] = {"links": [_link("self", url)]}
    for name, value in values.items():
        if name in known and (view.fields is None or name in view.fields):
            shown[name] = _show(known[name], value, account, view)
    shown["id"] = str(record.internal_id)
    if view.fields is None:
        for name in record.record_type.sublists:
            if view.expand_sublists:
                shown[name] = show_sublist(record, name, account, view)
            else:
                shown[name] = {"links": [_link("self", f"{url}/{name}")]}
    return shown


def show_sublist(record: Record, name: str, account: Account, view: View) -> dict[str, Any]:
    """A sublist with its lines in full."""
    lines = record.sublists.get(name, [])
    url = f"{record_url(view.base_url, record)}/{name}"
    return {
        "links": [_link("self", url)],
        "items": [show_line(record, name, place, line, account, view) for place, line in enumerate(lines)],
        "count": len(lines),
        "offset": 0,
        "hasMore": False,
        "totalResults": len(lines),
    }


def show_line(record: Record, name: str, place: int, line: Line, account: Account, view: View) -> dict[str, Any]:
    """One line of a sublist."""
    sublist = record.record_type.sublists[name]
    url = f"{record_url(view.base_url, record)}/{name}/{line_key(sublist.keys, place, line)}"
    shown: dict[str, Any] = {"links": [_link("self", url)]}
    shown |= {field: _show(sublist.fields[field], value, account, view) for field, value in line.items()}
    return shown


def line_key(keys: Sequence[str], place: int, line: Mapping[str, Value]) -> str:
    """A line's last path segment: its key, `a=1,b=2` where it has several, its place where it has none."""
    if not keys:
        return str(place + 1)
    if len(keys) == 1:
        return str(line.get(keys[0], place + 1))
    return ",".join(f"{name.lower()}={line.get(name)}" for name in keys)


@dataclass(frozen=True, slots=True)
class Page:
    """limit and offset of a request, checked (reference 1.2)."""

    limit: int
    offset: int


def read_page(query: Mapping[str, str]) -> Page:
    """Raises the 400 of a limit beyond 1000, of an offset no multiple of it, and of a page beyond the 1000th."""
    limit = _whole(query.get("limit", str(LARGEST_PAGE)), "limit")
    offset = _whole(query.get("offset", "0"), "offset")
    if not 1 <= limit <= LARGEST_PAGE:
        raise invalid_parameter(f"Invalid value for the query parameter limit: 1 to {LARGEST_PAGE}.", "limit")
    if offset % limit:
        raise invalid_parameter("The offset must be divisible by the limit.", "offset")
    if offset // limit >= _MOST_PAGES:
        raise invalid_parameter(f"No more than {_MOST_PAGES} pages can be read.", "offset")
    return Page(limit, offset)


def paged(url: str, page: Page, items: list[dict[str, Any]], total: int) -> dict[str, Any]:
    """The envelope of a collection: links, items, count, offset, hasMore, totalResults."""
    more = page.offset + len(items) < total
    last = max(0, (total - 1) // page.limit * page.limit)
    links = [_link("self", f"{url}?limit={page.limit}&offset={page.offset}")]
    if page.offset:
        links.append(_link("first", f"{url}?limit={page.limit}&offset=0"))
        links.append(_link("previous", f"{url}?limit={page.limit}&offset={page.offset - page.limit}"))
    if more:
        links.append(_link("next", f"{url}?limit={page.limit}&offset={page.offset + page.limit}"))
        links.append(_link("last", f"{url}?limit={page.limit}&offset={last}"))
    return {
        "links": links,
        "count": len(items),
        "hasMore": more,
        "items": items,
        "offset": page.offset,
        "totalResults": total,
    }


def show_collection(url: str, page: Page, ids: Sequence[int]) -> dict[str, Any]:
    """Ids and links of a type's records, a page of them."""
    items = [
        {"links": [_link("self", f"{url}/{internal_id}")], "id": str(internal_id)}
        for internal_id in ids[page.offset : page.offset + page.limit]
    ]
    return paged(url, page, items, len(ids))


def _show(known: Field, value: Value, account: Account, view: View) -> Any:
    if known.kind is Kind.REFERENCE:
        target = account.referred(known.group, int(str(value)))
        return {
            "links": [_link("self", record_url(view.base_url, target))],
            "id": str(target.internal_id),
            "refName": target.shown_name,
        }
    if known.kind is Kind.DETAIL:
        return {"quantity": _show(Field(Kind.QUANTITY), value, account, view)}
    if known.kind is Kind.CODE:
        return value if view.simple_enums else {"id": value, "refName": value}
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    return value


def _whole(text: str, name: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise invalid_parameter(f"Invalid value for the query parameter {name}: {text}.", name)
    return int(text)


def _link(relation: str, url: str) -> dict[str, str]:
    return {"rel": relation, "href": url}
