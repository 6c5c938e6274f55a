"""How a body changes a record: POST, PATCH and PUT, with or without `replace` (reference 3.3).

Belongs here: the sublist rules, the append trap among them. Pure: nothing here knows HTTP or the account.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from sitoo_netsuite.sandbox.netsuite.schema import RecordType, Sublist
from sitoo_netsuite.sandbox.netsuite.values import Draft, Line, Value


def merge_fields(current: Mapping[str, Value], draft: Draft) -> dict[str, Value]:
    """Fields after a body: what it names is set, a null clears, what it leaves out stays."""
    merged = {**current, **draft.fields}
    return {name: value for name, value in merged.items() if value is not None}


def merge_sublists(
    record_type: RecordType, current: Mapping[str, list[Line]], draft: Draft, replace: Set[str]
) -> dict[str, list[Line]]:
    """Sublists after a body. `replace` holds the sublists named by the query parameter."""
    merged = {name: [dict(line) for line in lines] for name, lines in current.items()}
    for name, sent in draft.sublists.items():
        if sent is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_lines(record_type.sublists[name], merged.get(name, []), sent, name in replace)
    return merged


def merge_lines(
    sublist: Sublist, current: Sequence[Line], sent: Sequence[Mapping[str, Value | None]], replace: bool
) -> list[Line]:
    """One sublist.

    Keyed: a line whose key matches is updated, the others are added; with `replace`, lines that were not sent go.
    Without keys: always added; with `replace`, all go and are made anew. A line of a keyed sublist sent without its
    key is a new line: hence an upsert repeated without `replace` doubles the document.
    """
    kept: list[Line] = [] if replace else [dict(line) for line in current]
    sent = [{**sublist.defaults, **line} for line in sent]
    by_key = {_key(sublist, line): line for line in current} if sublist.keys else {}
    before_first = 1 - sublist.step
    number = max((int(str(line["line"])) for line in current if "line" in line), default=before_first)
    if replace and not any(_key(sublist, line) in by_key for line in sent):
        number = before_first
    for line in sent:
        key = _key(sublist, line)
        old = by_key.get(key) if key is not None else None
        new = {name: value for name, value in {**(old or {}), **line}.items() if value is not None}
        if sublist.keys == ("line",):
            new.setdefault("line", number + sublist.step)
            number = max(number, int(str(new["line"])))
        if old is not None and not replace:
            kept[next(place for place, had in enumerate(kept) if _key(sublist, had) == key)] = new
        else:
            kept.append(new)
    return kept


def _key(sublist: Sublist, line: Mapping[str, Value | None]) -> tuple[Value, ...] | None:
    values = tuple(line.get(name) for name in sublist.keys)
    complete = tuple(value for value in values if value is not None)
    return complete if complete and len(complete) == len(values) else None
