"""Cases in PostgreSQL: the append-only events and what is open by them.

Belongs here: reading open cases of a scope and writing events. What counts as a case is for the flows to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sitoo_netsuite.worklist.cases import Case, case_events
from sitoo_netsuite.worklist.kinds import KINDS


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run looked at: these kinds, on these trading days or of this one key where they are given."""

    kinds: Collection[str]
    first_day: date | None = None
    last_day: date | None = None
    key: str | None = None


def record_cases(
    connection: psycopg.Connection, scope: Scope, found: Iterable[Case], now: datetime, run_id: str
) -> Counter[str]:
    """Opens, changes and clears cases of the scope so that the worklist says what was found; counts by event.

    One commit, under a lock, so that two runs never open a case twice. A case that is open on another day, because its
    record moved, is changed.
    """
    cases = list(found)
    counts: Counter[str] = Counter()
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtextextended('worklist', 0))")
        for event in case_events(cases, _open_cases(connection, scope, cases)):
            counts[event.event] += 1
            case, kind = event.case, KINDS[event.case.kind]
            connection.execute(
                """
                insert into worklist.case_events (kind, key, event, owner, severity, state, store, trading_day, record,
                                                  amount_minor, currency, evidence, happened_at, run_id)
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                """,
                (
                    case.kind, case.key, event.event, kind.owner, kind.severity, case.state, case.store,
                    case.trading_day, case.record, case.amount_minor, case.currency, Jsonb(dict(case.evidence)), now,
                    run_id,
                ),
            )  # fmt: skip
    return counts


def _open_cases(connection: psycopg.Connection, scope: Scope, found: Sequence[Case]) -> list[Case]:
    """Open cases of the scope, and those that were found wherever they are."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """
            select kind, key, store, trading_day, record, amount_minor, currency, state, evidence
            from worklist.cases
            where event <> 'cleared' and kind = any(%s)
              and ((%s::date is null or trading_day between %s and %s) and (%s::text is null or key = %s)
                   or (kind, key) in (select * from unnest(%s::text[], %s::text[])))
            """,
            (
                list(scope.kinds), scope.first_day, scope.first_day, scope.last_day, scope.key, scope.key,
                [case.kind for case in found], [case.key for case in found],
            ),
        ).fetchall()  # fmt: skip
    return [
        Case(
            row["kind"], row["key"], row["store"], row["trading_day"], row["record"], row["amount_minor"],
            row["currency"], row["state"] == "waiting", row["evidence"],
        )
        for row in rows
    ]  # fmt: skip


def open_days(connection: psycopg.Connection, kind: str) -> set[date]:
    """Trading days on which a case of a kind is open."""
    rows = connection.execute(
        "select distinct trading_day from worklist.cases"
        " where kind = %s and event <> 'cleared' and trading_day is not null",
        (kind,),
    )
    return {day for (day,) in rows}


def list_cases(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Open cases for people, the most urgent and the most money first: id, kind, key, owner, severity, state, store,
    trading_day, record, amount_minor, currency, opened, cleared, evidence.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select id, kind, key, owner, severity, state, store, trading_day, record, amount_minor, currency,
                   opened_at as opened, cleared_at as cleared, evidence
            from worklist.cases where event <> 'cleared'
            order by severity <> 'high', severity <> 'medium', abs(coalesce(amount_minor, 0)) desc, id
            """
        ).fetchall()
