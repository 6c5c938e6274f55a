"""What the tills' tables show of things that are missing or unknown: the SQL behind the flow's checks and cases."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.exceptions import (
    GAP_KINDS,
    NumberGap,
    QuarantinedRecord,
    UnmappedRegister,
    UnmatchedSku,
    gap_cases,
    unmapped_store_case,
    unmatched_sku_case,
    unparsable_case,
)
from sitoo_netsuite.worklist.store import Scope, open_days, record_cases


def unmatched_skus(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> list[UnmatchedSku]:
    """SKUs sold or returned that NetSuite has no item for, per store-day, with their net revenue."""
    rows = connection.execute(
        """
        select r.trading_day, r.store, r.currency, l.sku, count(*), sum(l.net_minor)::bigint
        from model.receipts r
        join model.receipt_lines l on l.trading_day = r.trading_day and l.orderid = r.orderid
        where r.trading_day between %s and %s and r.excluded is null and r.store is not null
          and l.sku <> all(%s)
          and not exists (select from landing.items i where i.sku = l.sku and not i.inactive)
        group by 1, 2, 3, 4 order by 1, 2, 3, 4
        """,
        (first, last, list(estate.by_special_sku)),
    )
    return [UnmatchedSku(*row) for row in rows]


def unmapped_registers(connection: psycopg.Connection, first: date, last: date) -> list[UnmappedRegister]:
    """Registers that sold and belong to no store of the estate, per trading day of their site."""
    rows = connection.execute(
        """
        select trading_day, registerid, currency, count(*), sum(gross_minor)::bigint from model.receipts
        where trading_day between %s and %s and store is null and excluded is null and registerid is not null
        group by 1, 2, 3 order by 1, 2, 3
        """,
        (first, last),
    )
    return [UnmappedRegister(*row) for row in rows]


# A missing number shows once a later one has arrived; the one before it may lie so many days back.
_GAP_LOOK_BACK_DAYS = 31


def receipt_number_gaps(connection: psycopg.Connection, first: date, last: date) -> list[NumberGap]:
    """Stretches of missing receipt numbers between two that arrived, on the day of the later one."""
    rows = connection.execute(
        """
        select trading_day, store, registerid, before, counter
        from (
            select trading_day, store, registerid, counter,
                   lag(counter) over (partition by registerid order by counter) as before
            from model.receipts
            where trading_day between %s and %s and counter is not null and store is not null
        ) numbered
        where counter > before + 1 and trading_day >= %s order by 1, 2, 3, 5
        """,
        (first - timedelta(days=_GAP_LOOK_BACK_DAYS), last, first),
    )
    return [NumberGap(*row) for row in rows]


def z_number_gaps(connection: psycopg.Connection, first: date, last: date) -> list[NumberGap]:
    """Stretches of missing Z-reports of a register between two that arrived, on the day of the later one."""
    rows = connection.execute(
        """
        select s.trading_day, s.store, s.registerid, before.number, s.zreportid
        from model.till_sessions s
        cross join lateral (
            select max(z.zreportid) as number from landing.z_reports z
            where z.registerid = s.registerid and z.zreportid < s.zreportid
        ) before
        where s.trading_day between %s and %s and s.store is not null and before.number < s.zreportid - 1
        order by 1, 2, 3, 5
        """,
        (first, last),
    )
    return [NumberGap(*row) for row in rows]


def quarantined_records(
    connection: psycopg.Connection, first: date, last: date, estate: Estate
) -> list[QuarantinedRecord]:
    """Records that could not be read and have not been cured, by their day as near as it could be told."""
    rows = connection.execute(
        """
        select distinct on (q.source, q.record) coalesce(q.day, q.landed_at::date), l.storeid, q.source, q.record,
               q.reason
        from restricted.quarantine q left join landing.registers l on l.registerid = q.registerid
        where q.cured_at is null and coalesce(q.day, q.landed_at::date) between %s and %s
        order by q.source, q.record, q.id desc
        """,
        (first, last),
    )
    found = []
    for day, storeid, source, record, reason in rows:
        store = estate.by_sitoo_store.get(storeid)
        found.append(QuarantinedRecord(day, store.store if store else None, source, record, reason))
    return found


def file_till_cases(
    connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime, run_id: str
) -> Counter[str]:
    """Brings the cases of the tills' records on those trading days up to date; counts by event.

    So that a case clears whatever day cures it, gaps are looked for as far ahead as a late number may close them, and
    records that can't be read and SKUs that are known to be unmatched on whatever day they are.
    """
    ahead = last + timedelta(days=_GAP_LOOK_BACK_DAYS)
    gaps = gap_cases(receipt_number_gaps(connection, first, ahead), z_number_gaps(connection, first, ahead))
    counts = record_cases(connection, Scope(GAP_KINDS, first, ahead), gaps, now, run_id)

    unread = quarantined_records(connection, date.min, date.max, estate)
    counts += record_cases(connection, Scope(("unparsable_record",)), map(unparsable_case, unread), now, run_id)

    unmapped = map(unmapped_store_case, unmapped_registers(connection, first, last))
    counts += record_cases(connection, Scope(("unmapped_store",), first, last), unmapped, now, run_id)

    earlier = {day for day in open_days(connection, "unmatched_sku") if not first <= day <= last}
    for start, end in [(first, last), *((day, day) for day in sorted(earlier))]:
        unmatched = map(unmatched_sku_case, unmatched_skus(connection, start, end, estate))
        counts += record_cases(connection, Scope(("unmatched_sku",), start, end), unmatched, now, run_id)
    return counts
