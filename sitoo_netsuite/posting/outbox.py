"""The outbox: every document that was sent or may have been, committed before its request.

Belongs here: the rows, who may move one now, and the only statements that change their state. Does not belong here:
what a document says (a flow decides), HTTP (`post.py`). A row is written once with its body frozen; afterwards only its
state moves:

    planned  -> in_doubt   about to be sent: from here on NetSuite may hold it
    planned  -> refused    withdrawn: it is not what its store-day needs any more, and nothing of it was left to arrive
    planned  -> posted     it turned up after all
    in_doubt -> posted     NetSuite holds it with our content
    in_doubt -> planned    NetSuite does not hold it, and nothing that was sent can still arrive
    in_doubt -> refused    the same, and NetSuite said no: its lines are free to be planned again
    refused  -> planned    the very same document is still wanted
    refused  -> posted     it turned up after all
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

import psycopg
from psycopg.rows import class_row

from sitoo_netsuite.posting.document_lines import LineKey, QuantityKey
from sitoo_netsuite.warehouse.partitions import ensure_partitions

# The longest that NetSuite works on a request (reference 3.1): one that nobody saw the end of may commit until then.
LONGEST_REQUEST = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class StoreDayKey:
    """What documents are numbered by."""

    flow: str
    store: str
    trading_day: date
    currency: str


Key = TypeVar("Key", bound=LineKey | QuantityKey)


@dataclass(frozen=True, slots=True)
class LineTable(Generic[Key]):
    """Where the lines of a kind of document are kept: a column for each field of their key, and one for the number."""

    table: str
    columns: tuple[str, ...]
    number: str
    key: Callable[..., Key]

    @property
    def named(self) -> str:
        return ", ".join(self.columns)


MONEY = LineTable(
    "posting.outbox_lines", ("registerid", "kind", "account", "vat_rate_bp", "label"), "amount_minor", LineKey
)
QUANTITIES = LineTable(
    "posting.outbox_quantities", ("location", "account", "item", "sku", "kind", "of_kit"), "quantity_milli", QuantityKey
)


@dataclass(frozen=True, slots=True)
class NewDocument(Generic[Key]):
    """A document about to be numbered: its lines as they are recorded, its body made once the number is known."""

    document_type: str
    tran_date: date
    lines: dict[Key, int]
    external_id: Callable[[int], str]
    body: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A document as the outbox has it. `state`: planned, in_doubt, posted or refused.

    sent_at: when the request that is under way was sent, or the one whose answer proved it posted; else None.
    unclear_at: when a request was last left without a clear answer; None where there is none, or none that could still
    arrive.
    """

    external_id: str
    document_type: str
    trading_day: date
    store: str
    currency: str
    number: int
    body: bytes
    tran_date: date
    state: str
    attempts: int
    internal_id: str | None
    error: str | None
    sent_at: datetime | None
    unclear_at: datetime | None

    @property
    def is_abandoned(self) -> bool:
        """Whether a request is under way, of a worker that is gone if the document is not claimed by anybody."""
        return self.state == "in_doubt" and self.sent_at is not None

    def may_arrive_until(self, now: datetime) -> datetime | None:
        """Until when an unclear request for it may still commit in NetSuite; None when none can any more."""
        until = self.unclear_at + LONGEST_REQUEST if self.unclear_at is not None else None
        return until if until is not None and until > now else None


_COLUMNS = (
    "external_id, document_type, trading_day, store, currency, number, convert_to(body::text, 'UTF8') as body, "
    "tran_date, state, attempts, internal_id, error, sent_at, unclear_at"
)


@contextmanager
def claimed(connection: psycopg.Connection, external_id: str) -> Iterator[bool]:
    """Whether this connection alone may move the document while the block runs; False when another one has it.

    A session lock, so it vanishes with the connection when its process dies. The same connection would get it twice:
    who shares one works on a document once at a time.
    """
    lock = ("select pg_try_advisory_lock(hashtextextended('outbox/' || %s, 0))", (external_id,))
    row = connection.execute(*lock).fetchone()
    got = bool(row and row[0])
    try:
        yield got
    finally:
        if got:
            connection.execute("select pg_advisory_unlock(hashtextextended('outbox/' || %s, 0))", (external_id,))


def recorded_lines(connection: psycopg.Connection, key: StoreDayKey, lines: LineTable[Key]) -> list[tuple[Key, int]]:
    """Lines of every document of the store-day that is posted or may be: all but those proven refused."""
    rows = connection.execute(
        f"""
        select {lines.named}, {lines.number} from {lines.table} join posting.outbox o using (external_id)
        where o.flow = %s and o.store = %s and o.trading_day = %s and o.currency = %s and o.state <> 'refused'
        """.encode(),
        (key.flow, key.store, key.trading_day, key.currency),
    ).fetchall()
    return [(lines.key(*columns), number) for *columns, number in rows]


def last_number(connection: psycopg.Connection, key: StoreDayKey) -> int:
    """The highest number a document of the store-day has taken, refused ones included; 0 before the first."""
    row = connection.execute(
        """
        select coalesce(max(number), 0) from posting.outbox
        where flow = %s and store = %s and trading_day = %s and currency = %s
        """,
        (key.flow, key.store, key.trading_day, key.currency),
    ).fetchone()
    return row[0] if row else 0


def _in_state(connection: psycopg.Connection, key: StoreDayKey, state: str) -> list[OutboxRow]:
    """Documents of the store-day that are in one state, the latest first."""
    with connection.cursor(row_factory=class_row(OutboxRow)) as cursor:
        return cursor.execute(
            f"""
            select {_COLUMNS} from posting.outbox
            where flow = %s and store = %s and trading_day = %s and currency = %s and state = %s
            order by number desc
            """,
            (key.flow, key.store, key.trading_day, key.currency, state),
        ).fetchall()


def _withdraw(connection: psycopg.Connection, planned: Sequence[OutboxRow], now: datetime) -> None:
    """Gives up planned documents, but for those that another worker is about to send."""
    error = "withdrawn before it was sent: its store-day's figures or its date in the books have changed since"
    for row in planned:
        # Claimed until the commit: a worker that claimed it sooner would still read it as planned.
        lock = "select pg_try_advisory_xact_lock(hashtextextended('outbox/' || %s, 0))"
        if connection.execute(lock, (row.external_id,)).fetchone() == (True,):
            _moved(connection, row.external_id, ("planned",), "refused", error=error, settled_at=now)


def lines_of(connection: psycopg.Connection, external_id: str, lines: LineTable[Key]) -> dict[Key, int]:
    """The lines of a document, as they were recorded."""
    rows = connection.execute(
        f"select {lines.named}, {lines.number} from {lines.table} where external_id = %s".encode(), (external_id,)
    )
    return {lines.key(*columns): number for *columns, number in rows}


def has_unsettled(connection: psycopg.Connection, key: StoreDayKey) -> bool:
    """Whether a document of the store-day is still planned or in doubt: the next may not be made before it settles."""
    row = connection.execute(
        """
        select exists (select from posting.outbox where flow = %s and store = %s and trading_day = %s
                       and currency = %s and state in ('planned', 'in_doubt'))
        """,
        (key.flow, key.store, key.trading_day, key.currency),
    ).fetchone()
    return bool(row and row[0])


def add_documents(
    connection: psycopg.Connection,
    key: StoreDayKey,
    lines: LineTable[Key],
    make: Callable[[Sequence[tuple[Key, int]]], Sequence[NewDocument[Key]]],
    carry: Callable[[str, NewDocument[Key]], None],
    still_right: Callable[[OutboxRow], bool],
    now: datetime,
) -> list[str]:
    """Numbers and writes the documents that a store-day still lacks, in one commit; returns their external ids.

    `make` is given what is recorded already, read under the store-day's lock, so that two runs of one day never plan
    the same difference twice; what else it rests on it has to read there and then. `carry` writes down which receipts a
    document carries, on the same connection. Documents that an earlier run left planned are withdrawn where something
    is lacking or too much beside them, or where one is not `still_right`. A document that was refused or withdrawn and
    is wanted again, to the byte, is planned under its old number: a period that stays closed for a week takes one
    number, not one an hour.
    """
    ensure_partitions(connection, ("posting.outbox_receipts",), [key.trading_day])
    with connection.transaction():
        connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            (f"outbox/{key.flow}/{key.store}/{key.trading_day}/{key.currency}",),
        )
        planned = _in_state(connection, key, "planned")
        if planned and (make(recorded_lines(connection, key, lines)) or not all(map(still_right, planned))):
            _withdraw(connection, planned, now)
        if has_unsettled(connection, key):
            return []
        documents = make(recorded_lines(connection, key, lines))
        if not documents:
            return []
        refused = [(row, lines_of(connection, row.external_id, lines)) for row in _in_state(connection, key, "refused")]
        number = last_number(connection, key)
        written = []
        for document in documents:
            same = next(
                (
                    row.external_id
                    for row, held in refused
                    if held == document.lines and row.body == document.body(row.external_id)
                ),
                None,
            )
            if same is not None:
                _move(connection, same, ("refused",), "planned", settled_at=None, error=None)
                written.append(same)
                continue
            number += 1
            written.append(_write(connection, key, lines, document, number, now))
            carry(written[-1], document)
    return written


def _write(
    connection: psycopg.Connection,
    key: StoreDayKey,
    lines: LineTable[Key],
    document: NewDocument[Key],
    number: int,
    now: datetime,
) -> str:
    external_id = document.external_id(number)
    body = document.body(external_id)
    connection.execute(
        """
        insert into posting.outbox (external_id, flow, document_type, trading_day, store, currency, number, body,
                                    body_digest, tran_date, state, planned_at)
        values (%s, %s, %s, %s, %s, %s, %s, %s::json, %s, %s, 'planned', %s)
        """,
        (
            external_id, key.flow, document.document_type, key.trading_day, key.store, key.currency, number,
            body.decode(), hashlib.sha256(body).digest(), document.tran_date, now,
        ),
    )  # fmt: skip
    with connection.cursor() as cursor:
        marks = ", ".join(["%s"] * (len(lines.columns) + 2))
        cursor.executemany(
            f"insert into {lines.table} (external_id, {lines.named}, {lines.number}) values ({marks})".encode(),
            [
                (external_id, *(getattr(line_key, column) for column in lines.columns), value)
                for line_key, value in document.lines.items()
            ],
        )
    return external_id


def document(connection: psycopg.Connection, external_id: str) -> OutboxRow:
    """A document as it stands now. Raises OutboxError when there is none."""
    with connection.cursor(row_factory=class_row(OutboxRow)) as cursor:
        row = cursor.execute(f"select {_COLUMNS} from posting.outbox where external_id = %s", (external_id,)).fetchone()
    if row is None:
        raise OutboxError(f"there is no document {external_id} in the outbox")
    return row


def documents_in(connection: psycopg.Connection, flow: str, state: str, first: date, last: date) -> list[OutboxRow]:
    """Documents of those trading days that are in one state, in order of day, store and number."""
    with connection.cursor(row_factory=class_row(OutboxRow)) as cursor:
        return cursor.execute(
            f"""
            select {_COLUMNS} from posting.outbox
            where flow = %s and trading_day between %s and %s and state = %s order by trading_day, store, number
            """,
            (flow, first, last, state),
        ).fetchall()


def documents(connection: psycopg.Connection, flow: str, first: date, last: date) -> list[OutboxRow]:
    """Every document of those trading days, in order of store, day and number."""
    with connection.cursor(row_factory=class_row(OutboxRow)) as cursor:
        return cursor.execute(
            f"""
            select {_COLUMNS} from posting.outbox where flow = %s and trading_day between %s and %s
            order by store, trading_day, number
            """,
            (flow, first, last),
        ).fetchall()


def known(connection: psycopg.Connection, external_ids: Collection[str]) -> set[str]:
    """Those of the external ids that documents have, of whatever day and state."""
    rows = connection.execute(
        "select external_id from posting.outbox where external_id = any(%s)", [list(external_ids)]
    )
    return {external_id for (external_id,) in rows}


def about_to_send(connection: psycopg.Connection, external_id: str, now: datetime) -> None:
    """From here on the document may exist: committed before the request, so that a killed process leaves doubt."""
    _move(connection, external_id, ("planned", "in_doubt"), "in_doubt", attempts=1, sent_at=now)


def unclear(connection: psycopg.Connection, external_id: str, error: str, now: datetime) -> None:
    """A request for the document has no clear answer, and none was sent after `now`."""
    _move(connection, external_id, ("in_doubt",), "in_doubt", error=error, unclear_at=now, sent_at=None)


def proven_absent(connection: psycopg.Connection, external_id: str, error: str) -> None:
    """NetSuite does not hold the document and none can arrive: it may be sent. `error`: why it did not get there."""
    _move(connection, external_id, ("in_doubt",), "planned", error=error, unclear_at=None, sent_at=None)


def proven_refused(connection: psycopg.Connection, external_id: str, error: str, now: datetime) -> None:
    """NetSuite refused the document, does not hold it and none can arrive: its lines are still to be posted."""
    settled = {"error": error, "settled_at": now, "unclear_at": None, "sent_at": None}
    _move(connection, external_id, ("in_doubt",), "refused", **settled)


def proven_posted(connection: psycopg.Connection, external_id: str, internal_id: str, now: datetime) -> None:
    """NetSuite holds the document, with our content."""
    _move(connection, external_id, ("in_doubt",), "posted", internal_id=internal_id, settled_at=now, error=None)


def still_in_doubt(connection: psycopg.Connection, external_id: str, error: str) -> None:
    """Neither posted nor absent could be shown, and no request is under way; the next run asks again."""
    _move(connection, external_id, ("in_doubt",), "in_doubt", error=error, sent_at=None)


def turned_up(connection: psycopg.Connection, external_id: str, internal_id: str, now: datetime) -> bool:
    """NetSuite holds a refused or planned document after all, with our content: it counts as posted from here on.

    The caller has claimed it: a planned one may be about to be sent. The lines of a refused one may have been posted
    again meanwhile; then the next run's difference takes the doubled ones back. False when it is neither (any more).
    """
    sources = ("refused", "planned")
    return _moved(connection, external_id, sources, "posted", internal_id=internal_id, settled_at=now, error=None)


class OutboxError(RuntimeError):
    """A document was not in the state a step relies on: a worker without a claim, or a hand in the table."""


def _move(
    connection: psycopg.Connection, external_id: str, sources: Sequence[str], target: str, **values: object
) -> None:
    if not _moved(connection, external_id, sources, target, **values):
        raise OutboxError(f"document {external_id} was not {' or '.join(sources)} when it was to become {target}")


def _moved(
    connection: psycopg.Connection, external_id: str, sources: Sequence[str], target: str, **values: object
) -> bool:
    settings = [
        "state = %s",
        *("attempts = attempts + %s" if name == "attempts" else f"{name} = %s" for name in values),
    ]
    statement = f"update posting.outbox set {', '.join(settings)} where external_id = %s and state = any(%s)"
    return connection.execute(statement.encode(), (target, *values.values(), external_id, list(sources))).rowcount == 1
