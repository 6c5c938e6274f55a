"""What the tills' tables show that somebody should know of: the SQL behind the flow's checks and cases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.amended import moved
from sitoo_netsuite.flows.sales.exceptions import (
    GAP_KINDS,
    AmendedReceipt,
    DoubledReceipt,
    MissingZ,
    NumberGap,
    QuarantinedRecord,
    UncoveredReceipt,
    UnmappedRegister,
    UnmatchedSku,
    ZStretch,
    amended_case,
    doubled_receipt_case,
    gap_cases,
    missing_z_reports,
    unmapped_store_case,
    unmatched_sku_case,
    unparsable_case,
)
from sitoo_netsuite.flows.sales.receipts import receipt_from_order
from sitoo_netsuite.flows.sales.registers import read_directory
from sitoo_netsuite.sitoo.models import decode_order
from sitoo_netsuite.trading_day import trading_day_window
from sitoo_netsuite.worklist.store import Scope, open_days, record_cases


def unmatched_skus(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> list[UnmatchedSku]:
    """SKUs sold or returned that NetSuite has no item for, per store-day, with their net revenue."""
    rows = connection.execute(
        """
        select r.trading_day, r.store, r.currency, l.sku, count(*), sum(l.net_minor)::bigint, min(r.orderid)
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
        select trading_day, registerid, currency, count(*), sum(gross_minor)::bigint, min(orderid) from model.receipts
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


# A session without a Z-report may run over midnight, and a till may stay open for some days.
_Z_LOOK_AROUND_DAYS = 7


def missing_zs(
    connection: psycopg.Connection,
    first: date,
    last: date,
    estate: Estate,
    now: datetime,
    registers_with_gaps: Collection[str] = (),
) -> list[MissingZ]:
    """Z-reports that receipts of those trading days lack although a later one has come, or they are overdue.

    With all the receipts that such a report would have, on whatever day; and those of the registers with gaps in their
    Z numbers, whose receipts may be of days before. A report that cannot be read is not missing.
    """

    def is_overdue(store: str, day: date) -> bool:
        place = estate.by_store.get(store)
        if place is None:
            return False
        return now - trading_day_window(day, place.zone, place.cut_over)[1] > overdue

    def missing(from_day: date, to_day: date, registers: Sequence[str] | None) -> list[MissingZ]:
        uncovered = _uncovered_receipts(connection, from_day, to_day, registers)
        return missing_z_reports(uncovered, _z_stretches(connection, uncovered), is_overdue)

    overdue = timedelta(hours=estate.sitoo.z_overdue_hours)
    registers = {report.registerid for report in missing(first, last, None)} | set(registers_with_gaps)
    if not registers:
        return []
    around = timedelta(days=_Z_LOOK_AROUND_DAYS)
    found = missing(first - around, last + around, sorted(registers))
    unreadable = {
        record
        for (record,) in connection.execute(
            "select record from restricted.quarantine where source = 'z_reports' and cured_at is null"
        )
    }
    return [report for report in found if f"{report.registerid}/{report.zreportid}" not in unreadable]


def _uncovered_receipts(
    connection: psycopg.Connection, first: date, last: date, registers: Sequence[str] | None
) -> list[UncoveredReceipt]:
    """Till sales of those trading days, of these registers or of all, that no landed Z-report covers."""
    rows = connection.execute(
        """
        with spanned as materialized (
            select z.registerid, z.opened_at, z.closed_at, day::date
            from landing.z_reports z
            cross join lateral generate_series(z.opened_at - interval '2 days', z.closed_at + interval '1 day',
                                               interval '1 day') as day
            where z.closed_day >= %(first)s::date - 1
        )
        select r.registerid, r.sold_at, r.trading_day, r.store, r.currency, r.gross_minor
        from model.receipts r
        where r.trading_day between %(first)s and %(last)s and r.excluded is null and r.store is not null
          and (%(registers)s::text[] is null or r.registerid = any(%(registers)s))
          and not exists (select from spanned s where s.day = r.trading_day and s.registerid = r.registerid
                                                  and r.sold_at between s.opened_at and s.closed_at)
        """,
        {"first": first, "last": last, "registers": registers},
    )
    return [UncoveredReceipt(*row) for row in rows]


def _z_stretches(connection: psycopg.Connection, uncovered: Sequence[UncoveredReceipt]) -> dict[str, list[ZStretch]]:
    """The Z-reports around these receipts by register: from the last that closed before the first receipt on."""
    oldest: dict[str, datetime] = {}
    for receipt in uncovered:
        oldest[receipt.registerid] = min(receipt.sold_at, oldest.get(receipt.registerid, receipt.sold_at))
    rows = connection.execute(
        """
        select wanted.registerid, z.zreportid, z.opened_at, z.closed_at
        from unnest(%s::text[], %s::timestamptz[]) as wanted (registerid, sold_at)
        cross join lateral (
            select max(b.zreportid) as number from landing.z_reports b
            where b.registerid = wanted.registerid and b.closed_at < wanted.sold_at
        ) before
        join landing.z_reports z on z.registerid = wanted.registerid and z.zreportid >= coalesce(before.number, 0)
        order by z.registerid, z.closed_at
        """,
        (list(oldest), list(oldest.values())),
    )
    stretches: defaultdict[str, list[ZStretch]] = defaultdict(list)
    for registerid, *columns in rows:
        stretches[registerid].append(ZStretch(*columns))
    return stretches


def doubled_receipts(connection: psycopg.Connection, first: date, last: date) -> list[DoubledReceipt]:
    """Orders left out because an earlier one is the same receipt (docs/accounting.md), each with that one."""
    rows = connection.execute(
        """
        select again.trading_day, again.store, again.currency, again.orderid, min(r.orderid), again.receipt_number,
               again.gross_minor
        from model.receipts again
        join model.receipts r using (trading_day, registerid, receipt_number, sold_at, gross_minor)
        where again.trading_day between %s and %s and again.excluded = 'doubled_upload'
          and (r.excluded is null or r.excluded = 'before_go_live')
        group by again.trading_day, again.orderid, again.store, again.currency, again.receipt_number, again.gross_minor
        order by 1, 4
        """,
        (first, last),
    )
    return [DoubledReceipt(*row) for row in rows]


def amended_receipts(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> list[AmendedReceipt]:
    """Orders that documents of those trading days carry, and that Sitoo changed since in what they come to.

    Compared is what the first document carried with the order as it is now, so that the case stays when the difference
    was posted. A version that cannot be read is no amendment: it is in quarantine.
    """
    rows = connection.execute(
        """
        select distinct on (p.orderid) p.orderid, booked.external_id, p.payload::text, l.payload::text
        from posting.outbox_receipts here
        join landing.replaced_orders p on p.orderid = here.orderid
        join posting.outbox_receipts booked on booked.orderid = p.orderid and booked.digest = p.digest
        join posting.outbox o on o.external_id = booked.external_id and o.state <> 'refused'
        left join model.receipts r on r.orderid = p.orderid
        left join landing.orders l on l.order_day = (r.sold_at at time zone 'UTC')::date and l.orderid = r.orderid
        where here.trading_day between %s and %s
          and not exists (select from restricted.quarantine q where q.source in ('orders', 'receipts')
                          and q.record = p.orderid::text and q.cured_at is null)
        order by p.orderid, o.planned_at, o.number, l.orderid
        """,
        (first, last),
    ).fetchall()
    directory = read_directory(connection, estate)
    found = []
    for orderid, document, payload, latest in rows:
        booked = receipt_from_order(decode_order(payload.encode()), directory)
        now = receipt_from_order(decode_order(latest.encode()), directory) if latest is not None else None
        if changes := moved(booked, now, estate):
            found.append(AmendedReceipt(booked.trading_day, booked.store, booked.currency, orderid, document, changes))
    return found


def quarantined_records(connection: psycopg.Connection, first: date, last: date) -> list[QuarantinedRecord]:
    """Records that could not be read and have not been cured, by their day as near as it could be told.

    Not events: what they tell of is read from Sitoo itself.
    """
    rows = connection.execute(
        """
        select distinct on (source, record) coalesce(day, landed_at::date), store, source, record, reason
        from restricted.quarantine
        where cured_at is null and source <> 'events' and coalesce(day, landed_at::date) between %s and %s
        order by source, record, id desc
        """,
        (first, last),
    )
    return [QuarantinedRecord(*row) for row in rows]


def file_till_cases(
    connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime, run_id: str
) -> Counter[str]:
    """Brings the cases of the tills' records on those trading days up to date; counts by event.

    So that a case clears whatever day cures it, gaps are looked for as far ahead as a late number may close them, and
    records that can't be read and SKUs that are known to be unmatched on whatever day they are.
    """
    ahead = last + timedelta(days=_GAP_LOOK_BACK_DAYS)
    z_gaps = z_number_gaps(connection, first, ahead)
    missing = missing_zs(connection, first, ahead, estate, now, {gap.registerid for gap in z_gaps})
    gaps = gap_cases(receipt_number_gaps(connection, first, ahead), z_gaps, missing)
    counts = record_cases(connection, Scope(GAP_KINDS, first, ahead), gaps, now, run_id)

    doubled = map(doubled_receipt_case, doubled_receipts(connection, first, last))
    counts += record_cases(connection, Scope(("doubled_receipt",), first, last), doubled, now, run_id)

    amended = map(amended_case, amended_receipts(connection, first, last, estate))
    counts += record_cases(connection, Scope(("receipt_amended",), first, last), amended, now, run_id)

    unread = quarantined_records(connection, date.min, date.max)
    counts += record_cases(connection, Scope(("unparsable_record",)), map(unparsable_case, unread), now, run_id)

    unmapped = map(unmapped_store_case, unmapped_registers(connection, first, last))
    counts += record_cases(connection, Scope(("unmapped_store",), first, last), unmapped, now, run_id)

    earlier = {day for day in open_days(connection, "unmatched_sku") if not first <= day <= last}
    for start, end in [(first, last), *((day, day) for day in sorted(earlier))]:
        unmatched = map(unmatched_sku_case, unmatched_skus(connection, start, end, estate))
        counts += record_cases(connection, Scope(("unmatched_sku",), start, end), unmatched, now, run_id)
    return counts
