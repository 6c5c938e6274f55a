"""Cases in PostgreSQL: the append-only events and what is open by them.

Belongs here: reading the cases of a scope and writing events. What counts as a case is for the flows to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sitoo_netsuite.worklist.cases import Case, CaseEvent, KnownCase, case_events
from sitoo_netsuite.worklist.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run looked at: these kinds, on these trading days, of this one key or about these records where they are
    given. Of no records: nothing is cleared but what is found is brought up to date.
    """

    kinds: Collection[str]
    first_day: date | None = None
    last_day: date | None = None
    key: str | None = None
    records: Collection[str] | None = None


def record_cases(
    connection: psycopg.Connection, scope: Scope, found: Iterable[Case], now: datetime, run_id: str
) -> Counter[str]:
    """Opens, changes and clears cases of the scope so that the worklist says what was found; counts by event.

    One commit, under a lock, so that two runs never open a case twice. A case that is open on another day, because its
    record moved, is changed.
    """
    cases = list(found)
    counts: Counter[str] = Counter()
    with _worklist_alone(connection):
        for event in case_events(cases, _known_cases(connection, scope, cases)):
            counts[event.event] += 1
            _write(connection, event, now, run_id=run_id)
    return counts


class NoSuchCaseError(Exception):
    """No case of that id is open; the text says what to do."""


def resolve_case(connection: psycopg.Connection, case_id: int, reason: str, now: datetime, who: str) -> Case:
    """Closes an open case by a person's word and returns it; `case_id` is the id that `list_cases` shows.

    Later runs leave it closed while they find the very same, and open it again when it has changed or come back.
    Raises NoSuchCaseError when no case of that id is open, ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("a case is resolved with a reason: say why it may be closed")
    with _worklist_alone(connection):
        rows = _cases(connection, "id = %s and event not in ('cleared', 'resolved')", (case_id,))
        if not rows:
            raise NoSuchCaseError(f"no case {case_id} is open; `sitoo-netsuite cases` lists those that are, by id")
        (known,) = rows
        _write(connection, CaseEvent("resolved", known.case), now, reason=reason.strip(), resolved_by=who)
    return known.case


@contextmanager
def _worklist_alone(connection: psycopg.Connection) -> Iterator[None]:
    """One commit that nobody else's reading and writing of cases falls into."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended('worklist', 0))")
        yield


def _write(
    connection: psycopg.Connection,
    event: CaseEvent,
    now: datetime,
    *,
    run_id: str | None = None,
    reason: str | None = None,
    resolved_by: str | None = None,
) -> None:
    case, kind = event.case, KINDS[event.case.kind]
    connection.execute(
        """
        insert into worklist.case_events (kind, key, event, owner, severity, state, store, trading_day, record,
                                          amount_minor, currency, evidence, happened_at, run_id, reason, resolved_by)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            case.kind, case.key, event.event, kind.owner, kind.severity, case.state, case.store, case.trading_day,
            case.record, case.amount_minor, case.currency, Jsonb(dict(case.evidence)), now, run_id, reason, resolved_by,
        ),
    )  # fmt: skip


def _known_cases(connection: psycopg.Connection, scope: Scope, found: Sequence[Case]) -> list[KnownCase]:
    """Cases of the scope that are not cleared, and those that were found wherever they are."""
    return _cases(
        connection,
        """
        event <> 'cleared' and kind = any(%s)
          and ((%s::date is null or trading_day between %s and %s) and (%s::text is null or key = %s)
               and (%s::text[] is null or record = any(%s))
               or (kind, key) in (select * from unnest(%s::text[], %s::text[])))
        """,
        (
            list(scope.kinds), scope.first_day, scope.first_day, scope.last_day, scope.key, scope.key,
            *[None if scope.records is None else list(scope.records)] * 2,
            [case.kind for case in found], [case.key for case in found],
        ),
    )  # fmt: skip


def _cases(connection: psycopg.Connection, which: LiteralString, values: Sequence[object]) -> list[KnownCase]:
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            f"""
            select kind, key, event, store, trading_day, record, amount_minor, currency, state, evidence
            from worklist.cases where {which}
            """,
            values,
        ).fetchall()
    return [
        KnownCase(
            Case(
                row["kind"], row["key"], row["store"], row["trading_day"], row["record"], row["amount_minor"],
                row["currency"], row["state"] == "waiting", row["evidence"],
            ),
            row["event"] == "resolved",
        )
        for row in rows
    ]  # fmt: skip


def keys_not_cleared(connection: psycopg.Connection, kind: str, first: date, last: date) -> set[str]:
    """Keys of a kind's cases on those trading days that no run has cleared: open, or resolved by a person."""
    rows = connection.execute(
        "select key from worklist.cases where kind = %s and event <> 'cleared' and trading_day between %s and %s",
        (kind, first, last),
    )
    return {key for (key,) in rows}


def open_days(connection: psycopg.Connection, *kinds: str) -> set[date]:
    """Trading days on which a case of those kinds is open."""
    rows = connection.execute(
        "select distinct trading_day from worklist.cases"
        " where kind = any(%s) and event not in ('cleared', 'resolved') and trading_day is not null",
        (list(kinds),),
    )
    return {day for (day,) in rows}


def list_cases(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Open cases for people (neither cleared nor resolved), the most urgent and the most money first: id, kind, key,
    owner, severity, state, store, trading_day, record, amount_minor, currency, opened, cleared, evidence.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select id, kind, key, owner, severity, state, store, trading_day, record, amount_minor, currency,
                   opened_at as opened, cleared_at as cleared, evidence
            from worklist.cases where event not in ('cleared', 'resolved')
            order by severity <> 'high', severity <> 'medium', abs(coalesce(amount_minor, 0)) desc, id
            """
        ).fetchall()
