"""Modelling: the landed records of some trading days as typed rows, in place of those modelled before.

Belongs here: reading landed rows and writing `model.*`. Does not belong here: what a receipt is (`receipts`), and
adding up (`totals`).

Landed rows lie by UTC day, modelled ones by trading day, so the UTC days around the range are read and what falls
outside it is passed over. Rows are streamed in batches both ways: a month needs no more memory than an hour.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.directory import StoreDirectory
from sitoo_netsuite.flows.sales.quarantine import Quarantine, place_unread
from sitoo_netsuite.flows.sales.receipts import (
    Receipt,
    UnreadableReceipt,
    delivered_in_full,
    moment,
    receipt_from_order,
    session_from_z,
)
from sitoo_netsuite.flows.sales.registers import read_directory
from sitoo_netsuite.sitoo.models import Order, OrderDelivery, Rejection, decode_order
from sitoo_netsuite.trading_day import days
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.partitions import ensure_partitions

_TABLES = (
    "model.receipts", "model.receipt_lines", "model.payments", "model.delivered_lines", "model.handovers",
    "model.till_sessions",
)  # fmt: skip
# Any fixed number: two runs that model the same day would each write it.
_LOCK = 7_486_606_304
_BATCH = 2_000

_RECEIPT_COLUMNS = (
    "trading_day", "orderid", "store", "registerid", "receipt_number", "counter", "sold_at", "currency", "excluded",
    "is_return", "to_deliver", "original_orderid", "net_minor", "vat_minor", "rounding_minor", "gross_minor",
    "paid_minor", "digest", "warehouseid",
)  # fmt: skip
_LINE_COLUMNS = (
    "trading_day", "orderid", "line", "sku", "quantity_milli", "sold", "vat_rate_bp", "net_minor", "vat_minor",
    "discount_minor", "original_line", "warehouseid",
)  # fmt: skip
_PAYMENT_COLUMNS = (
    "trading_day", "orderid", "payment", "name", "acquirer", "scheme", "virtual", "amount_minor", "card_number",
)  # fmt: skip
_DELIVERED_COLUMNS = (
    "trading_day", "orderid", "line", "store", "registerid", "currency", "vat_rate_bp", "net_minor", "discount_minor",
)  # fmt: skip
_HANDOVER_COLUMNS = (
    "trading_day", "orderid", "line", "orderdeliveryid", "store", "currency", "warehouseid", "sku", "quantity_milli",
)  # fmt: skip
_SESSION_COLUMNS = (
    "trading_day", "registerid", "zreportid", "store", "currency", "opened_at", "closed_at", "figures", "comment",
    "digest",
)  # fmt: skip


@dataclass(slots=True)
class ModelResult:
    """What a modelling run wrote. `excluded`: orders that are no till sales, by reason."""

    receipts: int = 0
    lines: int = 0
    payments: int = 0
    delivered_lines: int = 0
    sessions: int = 0
    unreadable: int = 0
    excluded: Counter[str] = field(default_factory=Counter)


def model_days(connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime) -> ModelResult:
    """Replaces the receipts, lines, payments, deliveries and till sessions of these trading days, in one transaction.

    Every order of the days becomes a receipt, till sale or not; one that cannot be used goes to quarantine. Receipts of
    a register that belongs to no store of the estate have no store.
    """
    directory = read_directory(connection, estate)
    run = _Run(connection, directory, first, last, ModelResult())
    ensure_partitions(connection, _TABLES, days(first, last))
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        for table in _TABLES:
            connection.execute(
                sql.SQL("delete from {} where trading_day between %s and %s").format(sql.Identifier(*table.split("."))),
                (first, last),
            )
        _model_receipts(run, Quarantine(connection, "receipts", now))
        _exclude_doubled_uploads(run)
        _model_deliveries(run)
        _model_sessions(run, Quarantine(connection, "till_sessions", now))
        place_unread(connection, directory)
    return run.result


@dataclass(frozen=True, slots=True)
class _Run:
    connection: psycopg.Connection
    directory: StoreDirectory
    first: date
    last: date
    result: ModelResult

    def covers(self, day: date) -> bool:
        return self.first <= day <= self.last

    def window(self) -> tuple[datetime, datetime]:
        return self.directory.window(self.first, self.last)


def _model_receipts(run: _Run, quarantine: Quarantine) -> None:
    for batch in _landed_orders(run):
        receipts: list[tuple[Receipt, bytes]] = []
        rejections: list[Rejection] = []
        for orderid, registerid, sold_at, digest, payload in batch:
            try:
                receipt = receipt_from_order(decode_order(payload), run.directory)
            except (UnreadableReceipt, msgspec.ValidationError) as error:
                rejections.append(
                    Rejection(
                        "receipts", str(orderid), str(error), payload, digest, sold_at.date(), registerid, sold_at
                    )
                )
            else:
                if run.covers(receipt.trading_day):
                    receipts.append((receipt, digest))
        _write_receipts(run, receipts)
        quarantine.settle((str(receipt.orderid) for receipt, _ in receipts), rejections)
        run.result.unreadable += len(rejections)


def _landed_orders(run: _Run) -> Iterator[list[tuple[Any, ...]]]:
    start, end = run.window()
    # Of the server's own, so that a month is not read into memory; binary spares writing bytes as text and back.
    with run.connection.cursor(name="landed_orders", binary=True) as cursor:
        cursor.execute(
            """
            select orderid, registerid, sold_at, digest, convert_to(payload::text, 'UTF8') from landing.orders
            where order_day between %s and %s and sold_at >= %s and sold_at < %s
            """,
            (start.date(), end.date(), start, end),
        )
        while batch := cursor.fetchmany(_BATCH):
            yield batch


def _write_receipts(run: _Run, receipts: Sequence[tuple[Receipt, bytes]]) -> None:
    run.result.receipts += copy_rows(
        run.connection,
        "model.receipts",
        _RECEIPT_COLUMNS,
        (
            (
                r.trading_day, r.orderid, r.store, r.registerid, r.receipt_number, r.counter, r.sold_at, r.currency,
                r.excluded, r.is_return, r.to_deliver, r.original_orderid, r.net_minor, r.vat_minor, r.rounding_minor,
                r.gross_minor, r.paid_minor, digest, r.warehouseid,
            )
            for r, digest in receipts
        ),
    )  # fmt: skip
    run.result.lines += copy_rows(
        run.connection,
        "model.receipt_lines",
        _LINE_COLUMNS,
        (
            (
                r.trading_day, r.orderid, line.line, line.sku, line.quantity_milli, line.sold, line.vat_rate_bp,
                line.net_minor, line.vat_minor, line.discount_minor, line.original_line, line.warehouseid,
            )
            for r, _ in receipts
            for line in r.lines
        ),
    )  # fmt: skip
    run.result.payments += copy_rows(
        run.connection,
        "model.payments",
        _PAYMENT_COLUMNS,
        (
            (
                r.trading_day, r.orderid, p.payment, p.name, p.acquirer, p.scheme, p.virtual, p.amount_minor,
                p.card_number,
            )
            for r, _ in receipts
            for p in r.payments
        ),
    )  # fmt: skip


# Uploads of one receipt share their till and second, and so their trading day.
_DOUBLED_UPLOADS = """
    update model.receipts again set excluded = 'doubled_upload'
    from (
        select trading_day, registerid, receipt_number, sold_at, gross_minor, min(orderid) as first_orderid
        from model.receipts
        where trading_day between %(first)s and %(last)s and receipt_number is not null and registerid is not null
          and (excluded is null or excluded = 'before_go_live')
        group by 1, 2, 3, 4, 5 having count(*) > 1
    ) uploads
    where again.trading_day = uploads.trading_day and again.registerid = uploads.registerid
      and again.receipt_number = uploads.receipt_number and again.sold_at = uploads.sold_at
      and again.gross_minor = uploads.gross_minor and again.orderid > uploads.first_orderid
      and (again.excluded is null or again.excluded = 'before_go_live')
"""


def _exclude_doubled_uploads(run: _Run) -> None:
    """Of a receipt that reached Sitoo several times only the first counts; then counts what is excluded and why."""
    span = {"first": run.first, "last": run.last}
    run.connection.execute(_DOUBLED_UPLOADS, span)
    run.result.excluded.update(
        dict(
            run.connection.execute(
                "select excluded, count(*) from model.receipts "
                "where trading_day between %(first)s and %(last)s and excluded is not null group by 1",
                span,
            ).fetchall()
        )
    )


def _model_deliveries(run: _Run) -> None:
    """Goods of "to be delivered later" receipts: as sold, on the trading day on which the last of a row was delivered;
    as moved, on the day of each delivery.
    """
    rows = run.connection.execute(
        """
        select o.orderid, convert_to(o.payload::text, 'UTF8'), convert_to(d.payload::text, 'UTF8')
        from landing.order_deliveries d join landing.orders o using (order_day, orderid)
        where (d.order_day, d.orderid) in (select order_day, orderid from landing.order_deliveries
                                           where delivered_at >= %s and delivered_at < %s)
          and not exists (select from model.receipts r where r.orderid = d.orderid and r.excluded = 'doubled_upload')
        order by 1
        """,
        run.window(),
    )
    orders: dict[int, bytes] = {}
    deliveries: defaultdict[int, list[OrderDelivery]] = defaultdict(list)
    for orderid, order, delivery in rows:
        orders[orderid] = order
        deliveries[orderid].append(msgspec.json.decode(delivery, type=OrderDelivery))
    delivered: list[tuple[object, ...]] = []
    handed_over: list[tuple[object, ...]] = []
    for orderid, payload in orders.items():
        try:
            order = decode_order(payload)
            receipt = receipt_from_order(order, run.directory)
        except (UnreadableReceipt, msgspec.ValidationError):
            continue  # in quarantine since the day of the sale was modelled
        if receipt.store is not None and receipt.excluded is None:
            delivered += _delivered_lines(run, order, receipt, deliveries[orderid])
            handed_over += _handovers(run, order, receipt, deliveries[orderid])
    run.result.delivered_lines = copy_rows(run.connection, "model.delivered_lines", _DELIVERED_COLUMNS, delivered)
    copy_rows(run.connection, "model.handovers", _HANDOVER_COLUMNS, handed_over)


def _delivered_lines(
    run: _Run, order: Order, receipt: Receipt, deliveries: Sequence[OrderDelivery]
) -> Iterator[tuple[object, ...]]:
    delivered = delivered_in_full(order, deliveries)
    for line in receipt.lines:
        at = delivered.get(line.line)
        if at is None or line.sku in run.directory.estate.by_special_sku:
            continue
        day = run.directory.trading_day(at, receipt.registerid, order.eshopid)
        if run.covers(day):
            yield (
                day, receipt.orderid, line.line, receipt.store, receipt.registerid, receipt.currency,
                line.vat_rate_bp, line.net_minor, line.discount_minor,
            )  # fmt: skip


def _handovers(
    run: _Run, order: Order, receipt: Receipt, deliveries: Sequence[OrderDelivery]
) -> Iterator[tuple[object, ...]]:
    """What each delivery handed over of an order to be delivered later."""
    if not receipt.to_deliver:
        return
    quantities = {item.orderitemid: item.quantity for item in order.orderitems or ()}
    lines = {line.line: line for line in receipt.lines if line.sold}
    for delivery in deliveries:
        if delivery.datedelivery is None or delivery.datecancelled is not None:
            continue
        day = run.directory.trading_day(moment(delivery.datedelivery), receipt.registerid, order.eshopid)
        if not run.covers(day):
            continue
        for item in delivery.orderdeliveryitems or ():
            if (line := lines.get(item.orderitemid)) is not None:
                # A row by weight is one unit of a row's weight.
                yield (
                    day, receipt.orderid, line.line, delivery.orderdeliveryid, receipt.store, receipt.currency,
                    delivery.warehouseid or receipt.warehouseid, line.sku,
                    line.quantity_milli * item.quantity // quantities[line.line],
                )  # fmt: skip


def _model_sessions(run: _Run, quarantine: Quarantine) -> None:
    start, end = run.window()
    rows = run.connection.execute(
        "select registerid, zreportid, closed_at, digest, payload from landing.z_reports "
        "where closed_day between %s and %s and closed_at >= %s and closed_at < %s",
        (start.date(), end.date(), start, end),
    )
    sessions: list[tuple[object, ...]] = []
    readable: list[str] = []
    rejections: list[Rejection] = []
    for registerid, zreportid, closed_at, digest, payload in rows:
        record = f"{registerid}/{zreportid}"
        try:
            session = session_from_z(payload)
        except UnreadableReceipt as error:
            body = msgspec.json.encode(payload)
            rejections.append(
                Rejection("till_sessions", record, str(error), body, digest, closed_at.date(), registerid, closed_at)
            )
            continue
        place = run.directory.place(registerid, closed_at)
        day = run.directory.trading_day(closed_at, registerid, payload.get("eshopid"))
        if run.covers(day):
            readable.append(record)
            sessions.append(
                (
                    day, registerid, zreportid, place.store.store if place and place.store else None, session.currency,
                    session.opened_at, session.closed_at, Jsonb(session.figures), session.comment, digest,
                )
            )  # fmt: skip
    # A Z-report whose closing moved here from a day outside the range must not stand there as well.
    run.connection.execute(
        "delete from model.till_sessions using unnest(%s::text[], %s::bigint[]) as moved (id, number) "
        "where registerid = id and zreportid = number",
        ([session[1] for session in sessions], [session[2] for session in sessions]),
    )
    run.result.sessions = copy_rows(run.connection, "model.till_sessions", _SESSION_COLUMNS, sessions)
    quarantine.settle(readable, rejections)
    run.result.unreadable += len(rejections)
