"""Records that cannot be read: kept whole in a restricted table, with the reason, until a later reading succeeds.

Belongs here: filing, curing, placing and purging. Does not belong here: deciding that a record cannot be read.

A record is filed under the step that failed on it: `orders` and `z_reports` when they are landed, `receipts` and
`till_sessions` when they are modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import psycopg

from sitoo_netsuite.flows.sales.directory import StoreDirectory
from sitoo_netsuite.sitoo.models import Rejection

_KEPT = timedelta(days=90)


class Quarantine:
    """The quarantine of one step. Reads once which of its records are still unread, so that a page costs nothing."""

    def __init__(self, connection: psycopg.Connection, source: str, now: datetime) -> None:
        self._connection, self._source, self._now = connection, source, now
        rows = connection.execute(
            "select record from restricted.quarantine where source = %s and cured_at is null", [source]
        )
        self._unread = {record for (record,) in rows}

    def settle(self, readable: Iterable[str], rejections: Sequence[Rejection]) -> list[Rejection]:
        """Marks as cured what could be read now, and files what could not, each body once; those not known before.

        A body that comes back after its cure is uncured again. Commits with the caller's transaction.
        """
        if self._unread and (cured := self._unread.intersection(readable)):
            self._connection.execute(
                "update restricted.quarantine set cured_at = %s "
                "where source = %s and record = any(%s) and cured_at is null",
                (self._now, self._source, list(cured)),
            )
            self._unread -= cured
        if not rejections:
            return []
        unheard = [rejection for rejection in rejections if rejection.record not in self._unread]
        with self._connection.cursor() as cursor:
            cursor.executemany(
                """
                insert into restricted.quarantine
                    (source, record, day, registerid, sold_at, reason, digest, body, landed_at)
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
                on conflict (source, record, digest) do update set reason = excluded.reason, cured_at = null
                """,
                [
                    (self._source, r.record, r.day, r.registerid, r.sold_at, r.reason, r.digest, r.body, self._now)
                    for r in rejections
                ],
            )
        self._unread |= {rejection.record for rejection in rejections}
        return unheard


def place_unread(connection: psycopg.Connection, directory: StoreDirectory) -> None:
    """Tells the store and trading day of every unread record whose register and time are known."""
    rows = connection.execute(
        "select id, registerid, sold_at from restricted.quarantine "
        "where cured_at is null and registerid is not null and sold_at is not null"
    ).fetchall()
    placed = []
    for identifier, registerid, sold_at in rows:
        place = directory.place(registerid, sold_at)
        if place is not None:
            placed.append((place.trading_day(sold_at), place.store.store if place.store else None, identifier))
    with connection.cursor() as cursor:
        cursor.executemany("update restricted.quarantine set day = %s, store = %s where id = %s", placed)


def purge_quarantine(connection: psycopg.Connection, now: datetime) -> int:
    """Removes rejected bodies older than 90 days, keeping their digest and reason; how many were removed."""
    return connection.execute(
        "update restricted.quarantine set body = null where body is not null and landed_at < %s", [now - _KEPT]
    ).rowcount
