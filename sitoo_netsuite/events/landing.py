"""Events in PostgreSQL: written down once each, and removed again after a while.

Belongs here: reading a request's body and storing what it holds. Does not belong here: HTTP (`receiver`).

Of an event's data only what identifies and tells of a change is kept: what else Sitoo may put there is not known, and
could be about a person.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
import psycopg
from psycopg.types.json import Json

from sitoo_netsuite.flows.sales.quarantine import Quarantine
from sitoo_netsuite.sitoo.models import Rejection

MOST_EVENTS = 10
_KEPT = timedelta(days=30)
_SAYS_NOTHING_OF_A_PERSON = re.compile(r"[a-z_]+(_id|_type|_changed)")
_LONGEST_VALUE = 100


class _Event(msgspec.Struct):
    event_id: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,100}$")]
    event_type: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,100}$")]
    event_date: Annotated[int, msgspec.Meta(ge=0, le=4_000_000_000)]
    data: dict[str, Any] = {}


_ARRAY = msgspec.json.Decoder(list[msgspec.Raw])
_EVENT = msgspec.json.Decoder(_Event)


@dataclass(frozen=True, slots=True)
class Landed:
    """What a request brought: events not known before, those that were, and what could not be read."""

    new: int
    known: int
    unreadable: int


def land_events(connection: psycopg.Connection, body: bytes, now: datetime) -> Landed:
    """Writes a request's events down, in one commit: each once, whatever order they come in.

    What cannot be read is kept in quarantine: an event, or the whole body where it is no array of one to ten.
    """
    events, rejections = _read(body)
    with connection.transaction():
        Quarantine(connection, "events", now).settle((event.event_id for event in events), rejections)
        rows = [
            (event.event_id, event.event_type, datetime.fromtimestamp(event.event_date, UTC), now, Json(_kept(event)))
            for event in events
        ]
        with connection.cursor() as cursor:
            new = 0
            for row in rows:
                cursor.execute(
                    """
                    insert into landing.events (event_id, event_type, happened_at, received_at, payload)
                    values (%s, %s, %s, %s, %s) on conflict (event_id) do nothing
                    """,
                    row,
                )
                new += cursor.rowcount
    return Landed(new, len(events) - new, len(rejections))


def newest_event(connection: psycopg.Connection) -> int:
    """The number of the event that was written down last; 0 before the first."""
    row = connection.execute("select coalesce(max(id), 0) from landing.events").fetchone()
    return int(row[0]) if row else 0


def purge_events(connection: psycopg.Connection, now: datetime) -> int:
    """Removes events that were received more than 30 days ago; how many."""
    return connection.execute("delete from landing.events where received_at < %s", [now - _KEPT]).rowcount


def _read(body: bytes) -> tuple[list[_Event], list[Rejection]]:
    try:
        raws = _ARRAY.decode(body)
    except msgspec.MsgspecError as error:
        return [], [_rejection(body, f"not an array of events: {error}")]
    except (UnicodeDecodeError, RecursionError) as error:
        return [], [_rejection(body, f"not JSON: {error}")]
    if not 1 <= len(raws) <= MOST_EVENTS:
        return [], [_rejection(body, f"{len(raws)} events at once; one to {MOST_EVENTS} are sent")]
    events, rejections = [], []
    for raw in raws:
        try:
            events.append(_EVENT.decode(raw))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            rejections.append(_rejection(bytes(raw), f"not an event: {error}", _id_of(raw)))
    return events, rejections


class _Identified(msgspec.Struct):
    event_id: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e]{1,100}$")]


def _id_of(raw: msgspec.Raw) -> str | None:
    """The id of an event that cannot be read otherwise, by which it is cured if it comes again as it should be."""
    try:
        return msgspec.json.decode(raw, type=_Identified).event_id
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _rejection(body: bytes, reason: str, event_id: str | None = None) -> Rejection:
    digest = hashlib.sha256(body).digest()
    return Rejection(
        source="events", record=event_id or digest.hex(), reason=reason, body=body, digest=digest, day=None,
        registerid=None, sold_at=None,
    )  # fmt: skip


def _kept(event: _Event) -> dict[str, int | str]:
    return {
        name: value
        for name, value in event.data.items()
        if _SAYS_NOTHING_OF_A_PERSON.fullmatch(name)
        and (isinstance(value, int) or (isinstance(value, str) and len(value) <= _LONGEST_VALUE))
    }
