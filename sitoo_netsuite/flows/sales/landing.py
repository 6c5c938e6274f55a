"""Landing: what Sitoo said, stored once, with a digest, however often it is read.

Belongs here: which orders and Z-reports to ask for, and storing them. Does not belong here: what they mean
(`receipts`), and how Sitoo is asked (`sitoo.client`).

Following Sitoo: an order's `orderdate` is the till's time even when an offline till uploads days later, while its
`orderid` is given on arrival (reference 1.5). So a trading day is a window of `orderdate`, and once it was read, its
cursor (an orderid) keeps the next reading to what has arrived since, less an overlap for ids that were still in flight.
Orders have no modified date: those that are not finished are asked for again by id on every run, and `afresh` reads a
whole window again: every night, the last `reread_days`.

Storing: what is known of a page is looked up by id; new rows go in by COPY, and a row whose digest differs is replaced,
its earlier version kept. The trading days that a page touched are noted with it (`late`). A page is a transaction, so
that a killed run leaves whole pages and the next one finds them known. One process lands at a time, under a lock.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import TypeVar

import msgspec
import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.directory import StoreDirectory
from sitoo_netsuite.flows.sales.late import touch
from sitoo_netsuite.flows.sales.quarantine import Quarantine
from sitoo_netsuite.flows.sales.receipts import delivered_in_full, is_to_deliver, is_unfinished, moment
from sitoo_netsuite.flows.sales.registers import read_directory
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.models import (
    LandedOrder,
    LandedZReport,
    OrderDelivery,
    Rejection,
    decode_order,
    read_delivery,
    read_order,
    read_z_report,
)
from sitoo_netsuite.trading_day import days, trading_day_window
from sitoo_netsuite.warehouse.locks import alone
from sitoo_netsuite.warehouse.partitions import ensure_partitions

T = TypeVar("T")

# How far a Z-report's `dateadded` may come to light late; reports are few, so a day costs nothing.
_Z_OVERLAP_SECONDS = 86_400
# The cursors of registers whose Z-reports of long before go-live were asked for.
_BEFORE_GO_LIVE = "z_reports_before_go_live"

_ORDER_COLUMNS = "order_day, orderid, sold_at, registerid, digest, payload, unfinished, landed_at"
# The binary form of json is its text, so that its bytes may go in as they are.
_ORDER_TYPES = ["date", "int8", "timestamptz", "text", "bytea", "bytea", "bool", "timestamptz"]
_CONTACT_COLUMNS = "order_day, orderid, email, namefirst, namelast, company, phone"


@dataclass(slots=True)
class LandingResult:
    """What a landing did. `touched`: trading days of records that are new, changed or newly delivered.

    A Z-report touches every day of its session; where what it hands on changed, those of the next one too.
    """

    read: int = 0
    new: int = 0
    changed: int = 0
    rejected: int = 0
    deliveries: int = 0
    touched: set[date] = field(default_factory=set)


def land_registers(connection: psycopg.Connection, client: SitooClient, estate: Estate, now: datetime) -> int:
    """Stores every register with its site, warehouse, store, currency and time zone; how many there are.

    A register that Sitoo no longer names is kept, since old receipts do. One that stands elsewhere than before belongs
    there from today on (the calendar day of its site); until then it stays where it was. One that stood in no store
    and is given one has been there all that time: the trading days of what was landed of it are touched.
    """
    rows = []
    for site in client.sites():
        settings = client.settings(site.eshopid)
        warehouses = {warehouse.warehouseid: warehouse for warehouse in client.warehouses(site.eshopid)}
        for register in client.registers(site.eshopid):
            warehouse = warehouses.get(register.warehouseid) if register.warehouseid is not None else None
            rows.append(
                (
                    register.registerid, register.registerkey or "", site.eshopid, register.warehouseid,
                    warehouse.storeid if warehouse else None, register.currencycode or settings.currencycode,
                    settings.timezone, now,
                )
            )  # fmt: skip
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into landing.registers values (%s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (registerid) do update set registerkey = excluded.registerkey, eshopid = excluded.eshopid,
                warehouseid = excluded.warehouseid, storeid = excluded.storeid, currency = excluded.currency,
                time_zone = excluded.time_zone, landed_at = excluded.landed_at
            """,
            rows,
        )
        cursor.execute(
            """
            update landing.register_places p set warehouseid = r.warehouseid, storeid = r.storeid
            from landing.registers r
            where r.registerid = p.registerid and p.storeid is null
              and p.from_day = (select max(from_day) from landing.register_places where registerid = p.registerid)
              and (p.warehouseid, p.storeid) is distinct from (r.warehouseid, r.storeid)
            returning p.registerid
            """
        )
        given_a_store = [registerid for (registerid,) in cursor.fetchall()]
        touch(connection, _days_of_registers(connection, given_a_store, estate, now), estate)
        cursor.execute(
            """
            insert into landing.register_places (registerid, from_day, warehouseid, storeid)
            select r.registerid,
                   case when latest.registerid is null then '-infinity' else (%s at time zone r.time_zone)::date end,
                   r.warehouseid, r.storeid
            from landing.registers r
            left join (
                select distinct on (registerid) registerid, warehouseid, storeid from landing.register_places
                order by registerid, from_day desc
            ) latest using (registerid)
            where latest.registerid is null
               or (latest.warehouseid, latest.storeid) is distinct from (r.warehouseid, r.storeid)
            on conflict (registerid, from_day) do update
                set warehouseid = excluded.warehouseid, storeid = excluded.storeid
            """,
            [now],
        )
    return len(rows)


def _days_of_registers(
    connection: psycopg.Connection, registerids: Collection[str], estate: Estate, now: datetime
) -> set[date]:
    """Trading days, where these registers stand now, of which orders or Z-reports of theirs have been landed.

    They count by the store, and by the calendar too: that is how they were counted while there was no store.
    """
    directory = read_directory(connection, estate)
    stretches = []
    for registerid in registerids:
        place = directory.registers[registerid][0]
        ways = {(place.zone, time(0))} | ({(place.store.zone, place.store.cut_over)} if place.store else set())
        for day in days(max(estate.first_day, place.from_day or date.min), now.date() + timedelta(days=1)):
            stretches += [(registerid, day, *trading_day_window(day, *way)) for way in ways]
    if not stretches:
        return set()
    rows = connection.execute(
        """
        select distinct day from unnest(%s::text[], %s::date[], %s::timestamptz[], %s::timestamptz[])
            as stretch (registerid, day, starts, ends)
        where exists (
            select from landing.orders o where o.registerid = stretch.registerid
                and o.order_day between (starts at time zone 'UTC')::date and (ends at time zone 'UTC')::date
                and o.sold_at >= starts and o.sold_at < ends
        ) or exists (
            select from landing.z_reports z
            where z.registerid = stretch.registerid and z.closed_at >= starts and z.opened_at < ends
        )
        """,
        [list(column) for column in zip(*stretches, strict=True)],
    )
    return {day for (day,) in rows}


def land_orders(
    connection: psycopg.Connection,
    client: SitooClient,
    first: date,
    last: date,
    estate: Estate,
    now: datetime,
    *,
    afresh: bool = False,
) -> LandingResult:
    """Stores the orders of the trading days `first` to `last` that Sitoo has and we have not, or not as they now are.

    Earlier days that have not been read since they were over are read with them, whatever order days are run in: what
    was sold then may be delivered now. They reach back to go-live, at most `reread_days`. Unfinished orders of the last
    `reread_days` (and all that wait for delivery) and those that could not be read are read again by id, and deliveries
    of orders to be delivered later are read. With `afresh` the cursors are not used: every order of the days is read,
    and the deliveries of the last `reread_days`' orders, which finds what was changed after it was finished. Records
    that cannot be read go to quarantine. Register data should have been landed before. Raises SitooError; what was read
    before it stays, and no cursor moves.
    """
    directory = read_directory(connection, estate)
    result = LandingResult()
    with _one_at_a_time(connection):
        first = _first_to_read(connection, directory, first)
        start, end = directory.window(first, last)
        loader = _OrderLoader(connection, directory, now, result, (start.date(), end.date()))
        unfinished = _unfinished(connection, estate, now)
        # Before anything is read: whatever arrives while we read has a higher id, and the next run finds it.
        highest = client.highest_orderid()
        cursor = 0 if afresh else _lowest_cursor(connection, first, last)
        arrived = client.order_pages(
            orderid_from=max(0, cursor - estate.sitoo.overlap_orders),
            order_date_from=int(start.timestamp()),
            order_date_to=int(end.timestamp()) + 1,
        )
        # A page is fetched while the one before it is being read and the one before that stored.
        with _quick_hand_over():
            for page in _one_ahead(map(_read_page, _one_ahead(chain(arrived, client.orders_by_id(unfinished))))):
                loader.load(page)
        _land_deliveries(connection, client, directory, now, result, afresh=afresh)
        _move_cursors(connection, "orders", ((str(day), highest) for day in days(first, last)), now)
    return result


def land_z_reports(
    connection: psycopg.Connection,
    client: SitooClient,
    first: date,
    last: date,
    estate: Estate,
    now: datetime,
    *,
    afresh: bool = False,
) -> LandingResult:
    """Stores the Z-reports added since the first of these trading days began, and so those of the days themselves.

    One stretch of `dateadded` is known without a gap: it is extended back to the first day when need be, and forward
    to now, less an overlap. With `afresh` all that was added since the first day is read, which finds those that were
    corrected. A register that was out of use for long before go-live is asked for its earlier ones too: the first one
    after go-live is proved with the one before it. Raises SitooError; the stretch does not grow then.
    """
    directory = read_directory(connection, estate)
    start, _ = directory.window(first, last)
    result = LandingResult()
    with _one_at_a_time(connection):
        wanted, until = int(start.timestamp()), int(now.timestamp())
        row = connection.execute("select low, position from landing.cursors where source = 'z_reports'").fetchone()
        known_from, known_to = row or (wanted, wanted)
        # From where it is new, but never from before what is known.
        following = max(known_from, known_to - _Z_OVERLAP_SECONDS)
        if afresh:
            stretches = [(min(wanted, following), until)]
        else:
            stretches = [(wanted, known_from)] if wanted < known_from else []
            stretches.append((following, until))
        quarantine = Quarantine(connection, "z_reports", now)
        for added_from, added_to in stretches:
            for page in client.z_report_pages(added_from, added_to):
                _load_z_reports(connection, page, directory, now, result, quarantine)
        for registers in _long_unused(connection, directory):
            for page in client.z_report_pages(0, wanted, registers):
                _load_z_reports(connection, page, directory, now, result, quarantine)
            _move_cursors(connection, _BEFORE_GO_LIVE, ((registerid, until) for registerid in registers), now)
        connection.execute(
            """
            insert into landing.cursors (source, key, position, low, moved_at) values ('z_reports', '', %s, %s, %s)
            on conflict (source, key) do update set low = least(cursors.low, excluded.low),
                position = greatest(cursors.position, excluded.position), moved_at = excluded.moved_at
            """,
            (until, wanted, now),
        )
    return result


class _Page(msgspec.Struct, frozen=True):
    """A page read: orders by id, each with the UTC day of its orderdate, and what could not be read."""

    read: int
    orders: dict[int, tuple[date, LandedOrder]]
    rejections: list[Rejection]


def _read_page(page: Sequence[msgspec.Raw]) -> _Page:
    orders: dict[int, tuple[date, LandedOrder]] = {}
    rejections = []
    for raw in page:
        record = read_order(raw)
        if isinstance(record, Rejection):
            rejections.append(record)
        else:
            orders[record.order.orderid] = (record.sold_at.date(), record)
    return _Page(len(page), orders, rejections)


class _OrderLoader:
    """Loads pages of raw orders. `span`: the UTC days among which the stored version of a read order is looked for."""

    def __init__(
        self,
        connection: psycopg.Connection,
        directory: StoreDirectory,
        now: datetime,
        result: LandingResult,
        span: tuple[date, date],
    ) -> None:
        self._connection, self._directory, self._now = connection, directory, now
        self._result, self._span = result, span
        self._quarantine = Quarantine(connection, "orders", now)
        self._months: set[date] = set()

    def load(self, page: _Page) -> None:
        order_days = {day for day, _ in page.orders.values()}
        if months := {day.replace(day=1) for day in order_days} - self._months:
            ensure_partitions(self._connection, ["landing.orders", "restricted.customer_contact"], months)
            self._months |= months
        with self._connection.transaction():
            touched = self._store(page.orders, order_days) if page.orders else set()
            unheard = self._quarantine.settle(map(str, page.orders), page.rejections)
            touched |= _days_of_rejections(unheard, self._directory)
            touch(self._connection, touched, self._directory.estate)
        self._result.touched |= touched
        self._result.read += page.read
        self._result.rejected += len(page.rejections)

    def _store(self, landed: dict[int, tuple[date, LandedOrder]], order_days: Collection[date]) -> set[date]:
        """The trading days it touched."""
        known = {
            orderid: (day, digest)
            for day, orderid, digest in self._connection.execute(
                "select order_day, orderid, digest from landing.orders "
                "where order_day between %s and %s and orderid between %s and %s",
                (min(self._span[0], *order_days), max(self._span[1], *order_days), min(landed), max(landed)),
            )
        }
        unlike = {
            orderid: (day, record)
            for orderid, (day, record) in landed.items()
            if known.get(orderid) != (day, record.digest)
        }
        touched = {
            self._directory.trading_day(record.sold_at, record.order.registerid, record.order.eshopid)
            for _, record in unlike.values()
        }
        changed = [(known[orderid][0], orderid) for orderid in unlike if orderid in known]
        if changed:
            touched |= self._replace(changed)
        with self._connection.cursor() as cursor:
            with cursor.copy(f"copy landing.orders ({_ORDER_COLUMNS}) from stdin (format binary)") as copy:
                copy.set_types(_ORDER_TYPES)
                for orderid, (day, record) in unlike.items():
                    copy.write_row(
                        (
                            day, orderid, record.sold_at, record.order.registerid, record.digest, record.payload,
                            is_unfinished(record.order, self._directory.estate.sitoo), self._now,
                        )
                    )  # fmt: skip
            with cursor.copy(f"copy restricted.customer_contact ({_CONTACT_COLUMNS}) from stdin") as copy:
                for orderid, (day, record) in unlike.items():
                    if (contact := record.contact) is not None:
                        copy.write_row(
                            (
                                day, orderid, contact.email, contact.namefirst, contact.namelast, contact.company,
                                contact.phone,
                            )
                        )  # fmt: skip
        self._result.new += len(unlike) - len(changed)
        self._result.changed += len(changed)
        return touched

    def _replace(self, changed: Sequence[tuple[date, int]]) -> set[date]:
        """Takes out the stored versions of these orders (day, id) and keeps their payloads; the days they were of."""
        days_and_ids = [day for day, _ in changed], [orderid for _, orderid in changed]
        self._connection.execute(
            "delete from restricted.customer_contact using unnest(%s::date[], %s::bigint[]) as old (day, id) "
            "where order_day = old.day and orderid = old.id",
            days_and_ids,
        )
        gone = self._connection.execute(
            """
            with gone as (
                delete from landing.orders using unnest(%s::date[], %s::bigint[]) as old (day, id)
                where order_day = old.day and orderid = old.id returning orders.*
            ), kept as (
                insert into landing.replaced_orders (order_day, orderid, digest, payload, landed_at, replaced_at)
                select order_day, orderid, digest, payload, landed_at, %s from gone on conflict do nothing
            )
            select registerid, (payload ->> 'eshopid')::int,
                   array[sold_at] || array(select d.delivered_at from landing.order_deliveries d
                                           where d.order_day = gone.order_day and d.orderid = gone.orderid
                                             and d.delivered_at is not null)
            from gone
            """,
            (*days_and_ids, self._now),
        )
        return {
            self._directory.trading_day(instant, registerid, eshopid)
            for registerid, eshopid, instants in gone
            for instant in instants
        }


def _days_of_rejections(rejections: Iterable[Rejection], directory: StoreDirectory) -> set[date]:
    """Trading days of records that cannot be read, as far as it can be told."""
    return {
        directory.trading_day(rejection.sold_at, rejection.registerid, None)
        for rejection in rejections
        if rejection.sold_at is not None and rejection.registerid is not None
    }


def _load_z_reports(
    connection: psycopg.Connection,
    page: Sequence[msgspec.Raw],
    directory: StoreDirectory,
    now: datetime,
    result: LandingResult,
    quarantine: Quarantine,
) -> None:
    records = [read_z_report(raw) for raw in page]
    rejections = [record for record in records if isinstance(record, Rejection)]
    landed = {
        (record.report.registerid, record.report.zreportid): record
        for record in records
        if isinstance(record, LandedZReport)
    }
    ensure_partitions(connection, ["landing.z_reports"], {moment(r.report.datecreated).date() for r in landed.values()})
    touched: set[date] = set()
    with connection.transaction():
        known = _known_sessions(connection, landed)
        unlike = {
            key: record for key, record in landed.items() if key not in known or known[key].digest != record.digest
        }
        following = _known_sessions(connection, [(registerid, number + 1) for registerid, number in unlike])
        for (registerid, number), record in unlike.items():
            report = record.report
            session = _session(record)
            before, after = known.get((registerid, number)), following.get((registerid, number + 1))
            sessions = [session]
            if before is not None:
                sessions.append(before)
            if after is not None and (before is None or before.handed_on != session.handed_on):
                sessions.append(after)
            for stretch in sessions:
                touched.update(_days_of_session(stretch, registerid, report.eshopid, directory))
            if before is None:
                result.new += 1
            else:
                result.changed += 1
                connection.execute(
                    "delete from landing.z_reports where closed_day = %s and registerid = %s and zreportid = %s",
                    (before.closed_at.date(), registerid, number),
                )
            connection.execute(
                """
                insert into landing.z_reports (closed_day, registerid, zreportid, opened_at, closed_at, added_at,
                                               digest, payload, landed_at)
                values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
                """,
                (
                    moment(report.datecreated).date(), registerid, number, moment(report.dateopened),
                    moment(report.datecreated), moment(report.dateadded), record.digest, record.payload.decode(), now,
                ),
            )  # fmt: skip
        unheard = quarantine.settle((f"{registerid}/{zreportid}" for registerid, zreportid in landed), rejections)
        touched |= _days_of_rejections(unheard, directory)
        touch(connection, touched, directory.estate)
    result.touched |= touched
    result.read += len(page)
    result.rejected += len(rejections)


class _Session(msgspec.Struct, frozen=True):
    """The stretch of a landed Z-report, its digest, and what the session after it begins with."""

    opened_at: datetime
    closed_at: datetime
    digest: bytes
    handed_on: tuple[str, ...]


def _session(record: LandedZReport) -> _Session:
    report = record.report
    return _Session(
        moment(report.dateopened),
        moment(report.datecreated),
        record.digest,
        (str(report.datecreated), report.moneycash_out, report.moneygrandtotalsales, report.moneygrandtotalrefund),
    )


def _long_unused(connection: psycopg.Connection, directory: StoreDirectory) -> list[list[str]]:
    """Registers, some at a time, whose first landed Z-report is of after go-live and not the first they ever made.

    Each is asked for once: if Sitoo has none of before then, it will not have any later.
    """
    go_live, _ = directory.window(directory.estate.first_day, directory.estate.first_day)
    rows = connection.execute(
        """
        select r.registerid from landing.registers r
        cross join lateral (
            select zreportid, closed_at from landing.z_reports z where z.registerid = r.registerid
            order by zreportid limit 1
        ) oldest
        where oldest.zreportid > 1 and oldest.closed_at >= %s
          and not exists (select from landing.cursors where source = %s and key = r.registerid)
        order by 1
        """,
        (go_live, _BEFORE_GO_LIVE),
    ).fetchall()
    return [[registerid for (registerid,) in rows[start : start + 50]] for start in range(0, len(rows), 50)]


def _known_sessions(
    connection: psycopg.Connection, keys: Collection[tuple[str, int]]
) -> dict[tuple[str, int], _Session]:
    rows = connection.execute(
        """
        select registerid, zreportid, opened_at, closed_at, digest,
               array[payload ->> 'datecreated', payload ->> 'moneycash_out', payload ->> 'moneygrandtotalsales',
                     payload ->> 'moneygrandtotalrefund']
        from landing.z_reports
        join unnest(%s::text[], %s::bigint[]) as page (registerid, zreportid) using (registerid, zreportid)
        """,
        ([registerid for registerid, _ in keys], [number for _, number in keys]),
    )
    return {
        (registerid, number): _Session(opened_at, closed_at, digest, tuple(handed_on))
        for registerid, number, opened_at, closed_at, digest, handed_on in rows
    }


def _days_of_session(
    session: _Session, registerid: str, eshopid: int | None, directory: StoreDirectory
) -> Iterator[date]:
    opened, closed = (
        directory.trading_day(instant, registerid, eshopid) for instant in (session.opened_at, session.closed_at)
    )
    return days(opened, closed)


def _unfinished(connection: psycopg.Connection, estate: Estate, now: datetime) -> list[int]:
    """Orders that may still change: young ones, whatever waits for its delivery, and what cannot be read yet."""
    oldest = now.date() - timedelta(days=estate.sitoo.reread_days)
    rows = connection.execute(
        """
        select orderid from landing.orders
        where unfinished and (order_day >= %s or payload -> 'additionaldata' ->> %s is not null)
        union
        select record::bigint from restricted.quarantine
        where source in ('orders', 'receipts') and cured_at is null and landed_at >= %s and record ~ '^[0-9]{1,18}$'
        """,
        (oldest, estate.sitoo.undelivered_key, oldest),
    )
    return [orderid for (orderid,) in rows]


def _land_deliveries(
    connection: psycopg.Connection,
    client: SitooClient,
    directory: StoreDirectory,
    now: datetime,
    result: LandingResult,
    *,
    afresh: bool,
) -> None:
    """Reads the deliveries that are awaited; `afresh`, those of every order of the last `reread_days` too, since one
    may be cancelled or re-dated when all is delivered.
    """
    settings = directory.estate.sitoo
    rows = connection.execute(
        """
        select order_day, orderid, payload::text from landing.orders
        where (unfinished or %s and order_day >= %s) and registerid is not null
          and payload -> 'additionaldata' ->> %s is not null
        """,
        (afresh, now.date() - timedelta(days=settings.reread_days), settings.undelivered_key),
    ).fetchall()
    ensure_partitions(connection, ["landing.order_deliveries"], {day for day, _, _ in rows})
    quarantine = Quarantine(connection, "order_deliveries", now)
    for order_day, orderid, payload in rows:
        order = decode_order(payload.encode())
        if not is_to_deliver(order, settings) or order.eshopid is None:
            continue
        records = list(map(read_delivery, client.order_deliveries(order.eshopid, orderid)))
        rejections = [record for record in records if isinstance(record, Rejection)]
        deliveries = [record for record in records if not isinstance(record, Rejection)]
        with connection.transaction():
            instants: set[datetime] = set()
            for delivery, body in deliveries:
                result.deliveries += 1
                instants |= _store_delivery(connection, order_day, delivery, body, now)
            touched = {directory.trading_day(at, order.registerid, order.eshopid) for at in instants}
            touch(connection, touched, directory.estate)
            result.touched |= touched
            quarantine.settle((str(delivery.orderdeliveryid) for delivery, _ in deliveries), rejections)
            result.rejected += len(rejections)
            delivered = delivered_in_full(order, [delivery for delivery, _ in deliveries])
            connection.execute(
                "update landing.orders set unfinished = %s where order_day = %s and orderid = %s",
                (is_unfinished(order, settings) and None in delivered.values(), order_day, orderid),
            )


def _store_delivery(
    connection: psycopg.Connection, order_day: date, delivery: OrderDelivery, body: bytes, now: datetime
) -> set[datetime]:
    """If the delivery is new or has changed, when it was made and when it had been made before; else nothing."""
    delivered_at = None if delivery.datedelivery is None else moment(delivery.datedelivery)
    key = (order_day, delivery.orderid, delivery.orderdeliveryid)
    before = connection.execute(
        "select delivered_at from landing.order_deliveries "
        "where order_day = %s and orderid = %s and orderdeliveryid = %s",
        key,
    ).fetchone()
    stored = connection.execute(
        """
        insert into landing.order_deliveries (order_day, orderid, orderdeliveryid, delivered_at, payload, landed_at)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (order_day, orderid, orderdeliveryid) do update
            set delivered_at = excluded.delivered_at, payload = excluded.payload, landed_at = excluded.landed_at
            where order_deliveries.payload::text <> excluded.payload::text
        """,
        (*key, delivered_at, body.decode(), now),
    ).rowcount
    instants = (delivered_at, before[0] if before else None)
    return {instant for instant in instants if instant is not None} if stored else set()


def _first_to_read(connection: psycopg.Connection, directory: StoreDirectory, first: date) -> date:
    """The first trading day up to `first` that was not read since it was over."""
    earliest = max(directory.estate.first_day, first - timedelta(days=directory.estate.sitoo.reread_days))
    rows = connection.execute("select key, moved_at from landing.cursors where source = 'orders'")
    read: dict[str, datetime] = dict(rows.fetchall())
    for day in days(earliest, first - timedelta(days=1)):
        if str(day) not in read or read[str(day)] < directory.window(day, day)[1]:
            return day
    return first


def _lowest_cursor(connection: psycopg.Connection, first: date, last: date) -> int:
    """Where reading all of these days may start: 0 as long as one of them was never read."""
    wanted = [str(day) for day in days(first, last)]
    positions = connection.execute(
        "select position from landing.cursors where source = 'orders' and key = any(%s)", [wanted]
    ).fetchall()
    return min(position for (position,) in positions) if len(positions) == len(wanted) else 0


def _move_cursors(
    connection: psycopg.Connection, source: str, positions: Iterable[tuple[str, int]], now: datetime
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into landing.cursors (source, key, position, moved_at) values (%s, %s, %s, %s)
            on conflict (source, key) do update set moved_at = excluded.moved_at,
                position = greatest(cursors.position, excluded.position)
            """,
            [(source, key, position, now) for key, position in positions],
        )


def _one_ahead(pages: Iterable[T]) -> Iterator[T]:
    """The same pages, each made by a thread of its own while the one before it is used."""
    making = iter(pages)
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, making, None)
        while (page := coming.result()) is not None:
            coming = maker.submit(next, making, None)
            yield page


@contextmanager
def _quick_hand_over() -> Iterator[None]:
    """Lets the storing thread go on as soon as PostgreSQL has answered, and not only when the reading thread has had
    its 5 ms: at ten answers a page, waiting for the GIL is most of the time otherwise.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def _one_at_a_time(connection: psycopg.Connection) -> Iterator[None]:
    with alone(connection, "landing the tills"):
        # Losing the last second of a landing to a power cut costs reading it again; the cursors move in the same order.
        connection.execute("set synchronous_commit = off")
        try:
            yield
        finally:
            connection.execute("reset synchronous_commit")
