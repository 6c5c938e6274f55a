"""The outbox: every document that was sent or may have been, committed before its request.

Belongs here: the rows and the only statements that change their state. Does not belong here: what a document says (a
flow decides), HTTP (`post.py`). A row is written once with its body frozen; afterwards only its state moves:
planned -> in_doubt -> posted | refused, in_doubt -> planned where NetSuite proves it holds no such document, and
refused -> planned where the very same document is still wanted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from psycopg.rows import class_row

from sitoo_netsuite.posting.document_lines import LineKey, Lines
from sitoo_netsuite.warehouse.partitions import ensure_partitions


@dataclass(frozen=True, slots=True)
class StoreDayKey:
    """What documents are numbered by."""

    flow: str
    store: str
    trading_day: date
    currency: str


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document about to be numbered: its lines by register, its body made once the number is known."""

    document_type: str
    tran_date: date
    lines: Lines
    external_id: Callable[[int], str]
    body: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A document as the outbox has it. `state`: planned, in_doubt, posted or refused."""

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


_COLUMNS = (
    "external_id, document_type, trading_day, store, currency, number, convert_to(body::text, 'UTF8') as body, "
    "tran_date, state, attempts, internal_id, error"
)


@contextmanager
def one_poster(connection: psycopg.Connection, flow: str) -> Iterator[None]:
    """Holds the flow's right to send for the life of the block; a second poster waits here.

    A session lock, so it vanishes with the connection when its process dies.
    """
    connection.execute("select pg_advisory_lock(hashtextextended('posting/' || %s, 0))", (flow,))
    try:
        yield
    finally:
        connection.execute("select pg_advisory_unlock(hashtextextended('posting/' || %s, 0))", (flow,))


def recorded_lines(connection: psycopg.Connection, key: StoreDayKey) -> list[tuple[LineKey, int]]:
    """Lines of every document of the store-day that is posted or may be: all but those proven refused."""
    rows = connection.execute(
        """
        select l.registerid, l.kind, l.account, l.vat_rate_bp, l.label, l.amount_minor
        from posting.outbox_lines l join posting.outbox o using (external_id)
        where o.flow = %s and o.store = %s and o.trading_day = %s and o.currency = %s and o.state <> 'refused'
        """,
        (key.flow, key.store, key.trading_day, key.currency),
    ).fetchall()
    return [
        (LineKey(registerid, kind, account, rate, label), amount)
        for registerid, kind, account, rate, label, amount in rows
    ]


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


def _refused(connection: psycopg.Connection, key: StoreDayKey) -> list[tuple[OutboxRow, Lines]]:
    """Refused documents of the store-day with their lines, the latest first."""
    with connection.cursor(row_factory=class_row(OutboxRow)) as cursor:
        rows = cursor.execute(
            f"""
            select {_COLUMNS} from posting.outbox
            where flow = %s and store = %s and trading_day = %s and currency = %s and state = 'refused'
            order by number desc
            """,
            (key.flow, key.store, key.trading_day, key.currency),
        ).fetchall()
    return [(row, _lines(connection, row.external_id)) for row in rows]


def _lines(connection: psycopg.Connection, external_id: str) -> Lines:
    rows = connection.execute(
        "select registerid, kind, account, vat_rate_bp, label, amount_minor from posting.outbox_lines"
        " where external_id = %s",
        (external_id,),
    )
    return {LineKey(*columns): amount for *columns, amount in rows}


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
    make: Callable[[Sequence[tuple[LineKey, int]]], Sequence[NewDocument]],
    carry: Callable[[str, NewDocument], None],
    now: datetime,
) -> list[str]:
    """Numbers and writes the documents that a store-day still lacks, in one commit; returns their external ids.

    `make` is given what is recorded already, read under the store-day's lock, so that two runs of one day never plan
    the same difference twice. `carry` writes down which receipts a document carries, on the same connection. A document
    that NetSuite refused and that is still wanted, to the byte, is planned again under its old number: a period that
    stays closed for a week takes one number, not one an hour.
    """
    ensure_partitions(connection, ("posting.outbox_receipts",), [key.trading_day])
    with connection.transaction():
        connection.execute(
            "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
            (f"outbox/{key.flow}/{key.store}/{key.trading_day}/{key.currency}",),
        )
        if has_unsettled(connection, key):
            return []
        documents = make(recorded_lines(connection, key))
        if not documents:
            return []
        refused = _refused(connection, key)
        number = last_number(connection, key)
        written = []
        for document in documents:
            same = next(
                (
                    row.external_id
                    for row, lines in refused
                    if lines == document.lines and row.body == document.body(row.external_id)
                ),
                None,
            )
            if same is not None:
                _move(connection, same, "refused", "planned", settled_at=None)
                written.append(same)
                continue
            number += 1
            written.append(_write(connection, key, document, number, now))
            carry(written[-1], document)
    return written


def _write(connection: psycopg.Connection, key: StoreDayKey, document: NewDocument, number: int, now: datetime) -> str:
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
        cursor.executemany(
            """
            insert into posting.outbox_lines (external_id, registerid, kind, account, vat_rate_bp, label, amount_minor)
            values (%s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (external_id, line.registerid, line.kind, line.account, line.vat_rate_bp, line.label, amount)
                for line, amount in document.lines.items()
            ],
        )
    return external_id


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


def about_to_send(connection: psycopg.Connection, external_id: str, now: datetime) -> None:
    """From here on the document may exist: committed before the request, so that a killed process leaves doubt."""
    _move(connection, external_id, "planned", "in_doubt", attempts=1, sent_at=now)


def proven_absent(connection: psycopg.Connection, external_id: str, error: str) -> None:
    """NetSuite holds no such document: it may be sent again. `error` says why it did not get there."""
    _move(connection, external_id, "in_doubt", "planned", error=error)


def proven_posted(connection: psycopg.Connection, external_id: str, internal_id: str, now: datetime) -> None:
    """NetSuite holds the document, with our content."""
    _move(connection, external_id, "in_doubt", "posted", internal_id=internal_id, settled_at=now, error=None)


def proven_refused(connection: psycopg.Connection, external_id: str, error: str, now: datetime) -> None:
    """NetSuite refused the document and holds nothing under its external id: its lines are still to be posted."""
    _move(connection, external_id, "in_doubt", "refused", error=error, settled_at=now)


def still_in_doubt(connection: psycopg.Connection, external_id: str, error: str) -> None:
    """Neither posted nor absent could be shown; the next run asks again."""
    _move(connection, external_id, "in_doubt", "in_doubt", error=error)


class OutboxError(RuntimeError):
    """A document was not in the state a step relies on: two posters at once, or a hand in the table."""


def _move(connection: psycopg.Connection, external_id: str, source: str, target: str, **values: object) -> None:
    settings = [
        "state = %s",
        *("attempts = attempts + %s" if name == "attempts" else f"{name} = %s" for name in values),
    ]
    statement = f"update posting.outbox set {', '.join(settings)} where external_id = %s and state = %s"
    moved = connection.execute(statement.encode(), (target, *values.values(), external_id, source)).rowcount
    if moved != 1:
        raise OutboxError(f"document {external_id} was not {source} when it was about to become {target}")
