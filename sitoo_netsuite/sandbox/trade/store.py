"""The trade on disk: one SQLite file that serves what has arrived by a given instant.

Belongs here: the tables, writing in batches, and the reads the Sitoo app needs. Does not belong here: which fields an
answer shows, HTTP, or how a trade comes about.

Every order and Z-report is kept in versions, each with the instant from which it is served (`visible_from`, epoch
seconds); a read at `now` sees the newest version visible by then. `replaced_from` is the `visible_from` of the next
version, so that a read needs no look at the other versions.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Literal, NamedTuple

# Largest answer of Sitoo's Z-report list (reference section 1.4).
MOST_Z_REPORTS = 500

_TABLES = """
create table orders (
    orderid integer not null, version integer not null, visible_from integer not null, replaced_from integer,
    orderdate integer not null, eshopid integer not null, registerid text, warehouseid integer,
    orderstateid integer not null, paymentstateid integer not null, ordertypeid integer not null,
    externalid text, receiptid text, creditorderid integer, email text not null, body text not null,
    primary key (orderid, version)
);
-- What is promised to somebody and not handed over, as far as a column or a word in the body can tell.
create index orders_open on orders (warehouseid) where orderstateid = 0;
create index orders_for_later on orders (warehouseid) where instr(body, '"delivery-pickup-warehouseid"') > 0;
create index orders_by_arrival on orders (visible_from);
-- These two cover the count of a page read by key or by date, which would otherwise walk through every body.
create index orders_by_key on orders (orderid, visible_from, replaced_from);
create index orders_by_date on orders (orderdate, visible_from, replaced_from, orderid);
create index orders_by_receipt on orders (receiptid) where receiptid is not null;
create index orders_by_credit on orders (creditorderid) where creditorderid is not null;
create index orders_by_external_id on orders (externalid) where externalid is not null;
create index orders_by_email on orders (email) where email <> '';

-- Its rowid, like those of the two others, is a number of its own, which rises with each row that is written.
create table deliveries (
    orderdeliveryid integer not null unique, orderid integer not null, warehouseid integer not null,
    visible_from integer not null, datedelivery integer, body text not null
);
create index deliveries_by_order on deliveries (orderid);
create index deliveries_by_arrival on deliveries (visible_from);

create table z_reports (
    registerid text not null, zreportid integer not null, version integer not null,
    visible_from integer not null, replaced_from integer, dateadded integer not null,
    eshopid integer not null, store_id text not null, body text not null,
    primary key (registerid, zreportid, version)
);
create index z_reports_by_date_added on z_reports (dateadded);
create index z_reports_by_arrival on z_reports (visible_from);

create table opening_stock (
    warehouseid integer not null, sku text not null, quantity_milli integer not null,
    primary key (warehouseid, sku)
) without rowid;
"""


class OrderVersion(NamedTuple):
    """One version of an order, 1 the first. `visible_from` and `orderdate` are epoch seconds; `body` the full JSON."""

    orderid: int
    version: int
    visible_from: int
    orderdate: int
    eshopid: int
    registerid: str | None
    warehouseid: int | None
    orderstateid: int
    paymentstateid: int
    ordertypeid: int
    externalid: str | None
    receiptid: str | None
    creditorderid: int | None
    email: str
    body: str

    def next_version(self, body: str, moment: int) -> OrderVersion:
        """The version that takes over at a moment (epoch seconds), in the same states."""
        return self._replace(version=self.version + 1, visible_from=moment, body=body)


class DeliveryRow(NamedTuple):
    """One order delivery, never there before its order. `datedelivery` is None while the goods are on their way."""

    orderdeliveryid: int
    orderid: int
    warehouseid: int
    visible_from: int
    datedelivery: int | None
    body: str


class ZReportVersion(NamedTuple):
    """One version of a register's Z-report, 1 the first. `store_id` is the Sitoo storeid as text, as Sitoo has it."""

    registerid: str
    zreportid: int
    version: int
    visible_from: int
    dateadded: int
    eshopid: int
    store_id: str
    body: str

    def next_version(self, body: str, moment: int) -> ZReportVersion:
        """The version that is added at a moment (epoch seconds) and takes over then; its body must say so too."""
        return self._replace(version=self.version + 1, visible_from=moment, dateadded=moment, body=body)


class TillSession(NamedTuple):
    """When the session of a Z-report went on, and when its report arrives; epoch seconds, both ends included."""

    registerid: str
    zreportid: int
    opened: int
    closed: int
    arrives: int


class Seen(NamedTuple):
    """How much of a table was seen: all that arrived until an instant (epoch seconds), of the rows written so far.

    A row that is written later is news too, even if it arrived before.
    """

    until: int
    rowid: int


class OrderNews(NamedTuple):
    """A version of an order that has arrived; `state_before` is that of the version before, None for the first one."""

    visible_from: int
    orderid: int
    version: int
    eshopid: int
    warehouseid: int | None
    orderstateid: int
    state_before: int | None


class DeliveryNews(NamedTuple):
    """A delivery that has arrived; `datedelivery` is None while the goods are on their way."""

    visible_from: int
    orderdeliveryid: int
    orderid: int
    warehouseid: int
    datedelivery: int | None


class ZReportNews(NamedTuple):
    """A version of a Z-report that has arrived."""

    visible_from: int
    registerid: str
    zreportid: int
    eshopid: int


class Handover(NamedTuple):
    """A delivery that has arrived, with its own JSON and that of its order as it stands then. Instants: epoch seconds.

    `datedelivery` is None while the goods are on their way.
    """

    orderdeliveryid: int
    orderid: int
    warehouseid: int
    visible_from: int
    datedelivery: int | None
    body: str
    order_body: str


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """The filters of Sitoo's order list (reference 1.4). None means not filtered.

    `receiptid` and `creditorderid` each override `orderid`, as in Sitoo. `orderidfrom` and `orderdatefrom` include
    their value, `orderidto` and `orderdateto` do not (inferred for the dates). Dates are epoch seconds.
    """

    eshopid: Sequence[int] | None = None
    externalid: Sequence[str] | None = None
    orderid: Sequence[int] | None = None
    receiptid: str | None = None
    creditorderid: int | None = None
    orderidfrom: int | None = None
    orderidto: int | None = None
    orderdatefrom: int | None = None
    orderdateto: int | None = None
    orderstate: Sequence[int] | None = None
    paymentstate: Sequence[int] | None = None
    ordertype: Sequence[int] | None = None
    warehouseid: Sequence[int] | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class ZReportFilter:
    """The filters of Sitoo's Z-report list; the dates include both ends. None means not filtered."""

    eshopid: Sequence[int] | None = None
    store_id: Sequence[str] | None = None
    registerid: Sequence[str] | None = None
    dateaddedfrom: int | None = None
    dateaddedto: int | None = None


class TradeStore:
    """Reads and writes one trade file. Safe to read from several threads; one thread writes."""

    def __init__(self, path: Path) -> None:
        """Opens an existing trade file. Raises FileNotFoundError when there is none."""
        if not path.exists():
            raise FileNotFoundError(f"no trade file at {path}; make one with build_trade")
        self.path = path
        self._lock = Lock()
        self._db = sqlite3.connect(path, check_same_thread=False)
        # The file can always be made again from its seed, so speed goes before surviving a power cut.
        self._db.execute("pragma synchronous = off")

    @classmethod
    def create(cls, path: Path) -> TradeStore:
        """A new, empty trade file. Raises FileExistsError when the path is taken: a trade is never written over."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
        store = cls(path)
        store._db.executescript(_TABLES)
        return store

    def close(self) -> None:
        self._db.close()

    # ---------------------------------------------------------------- writing

    def write(
        self,
        orders: Iterable[OrderVersion] = (),
        deliveries: Iterable[DeliveryRow] = (),
        z_reports: Iterable[ZReportVersion] = (),
    ) -> None:
        """Adds a batch in one transaction. A version above 1 takes over from the one before it at its visible_from."""
        orders, z_reports = list(orders), list(z_reports)
        with self._lock, self._db:
            self._db.executemany(
                "insert into orders (orderid, version, visible_from, orderdate, eshopid, registerid, warehouseid, "
                "orderstateid, paymentstateid, ordertypeid, externalid, receiptid, creditorderid, email, body) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                orders,
            )
            self._db.executemany(
                "update orders set replaced_from = ? where orderid = ? and version = ?",
                [(row.visible_from, row.orderid, row.version - 1) for row in orders if row.version > 1],
            )
            self._db.executemany(
                "insert into deliveries (orderdeliveryid, orderid, warehouseid, visible_from, datedelivery, body) "
                "values (?, ?, ?, ?, ?, ?)",
                deliveries,
            )
            self._db.executemany(
                "insert into z_reports (registerid, zreportid, version, visible_from, dateadded, eshopid, store_id, "
                "body) values (?, ?, ?, ?, ?, ?, ?, ?)",
                z_reports,
            )
            self._db.executemany(
                "update z_reports set replaced_from = ? where registerid = ? and zreportid = ? and version = ?",
                [
                    (row.visible_from, row.registerid, row.zreportid, row.version - 1)
                    for row in z_reports
                    if row.version > 1
                ],
            )

    def set_opening_stock(self, warehouseid: int, quantity_milli: dict[str, int]) -> None:
        """Stock of a warehouse before the trade began, by SKU, in thousandths of a unit."""
        with self._lock, self._db:
            self._db.executemany(
                "insert into opening_stock values (?, ?, ?)",
                [(warehouseid, sku, quantity) for sku, quantity in quantity_milli.items()],
            )

    # ---------------------------------------------------------------- changing what was recorded

    def rewrite(self, orders: Iterable[OrderVersion] = (), z_reports: Iterable[ZReportVersion] = ()) -> None:
        """Puts versions in place of the same versions as recorded: their bodies and when they are served."""
        orders, z_reports = list(orders), list(z_reports)
        with self._lock, self._db:
            self._db.executemany(
                "update orders set visible_from = ?, body = ? where orderid = ? and version = ?",
                [(row.visible_from, row.body, row.orderid, row.version) for row in orders],
            )
            self._db.executemany(
                "update z_reports set visible_from = ?, dateadded = ?, body = ? "
                "where registerid = ? and zreportid = ? and version = ?",
                [
                    (row.visible_from, row.dateadded, row.body, row.registerid, row.zreportid, row.version)
                    for row in z_reports
                ],
            )

    def take_away_order(self, orderid: int) -> None:
        """An order and its deliveries were never heard of, so that they moved no stock either."""
        with self._lock, self._db:
            self._db.execute("delete from orders where orderid = ?", (orderid,))
            self._db.execute("delete from deliveries where orderid = ?", (orderid,))

    def take_away_z_report(self, registerid: str, zreportid: int) -> None:
        with self._lock, self._db:
            self._db.execute("delete from z_reports where registerid = ? and zreportid = ?", (registerid, zreportid))

    def move_deliveries(self, orderid: int, to_orderid: int, visible_from: int) -> None:
        """An order's deliveries belong to another one, and are served from `visible_from` on at the earliest."""
        with self._lock, self._db:
            self._db.execute(
                "update deliveries set orderid = :to, visible_from = max(visible_from, :visible), "
                "body = json_set(body, '$.orderid', :to) where orderid = :orderid",
                {"orderid": orderid, "to": to_orderid, "visible": visible_from},
            )

    # ---------------------------------------------------------------- reading

    def free_orderid(self, moment: int) -> tuple[int, int]:
        """A free orderid for an order that arrives at `moment`, or soon after, and when exactly that is.

        Orderids rise with arrival, so it is the one before that of the next order to arrive; where it is taken, the
        one before that of the order after.
        """
        with self._lock:
            following = self._db.execute(
                "select orderid, visible_from from orders where version = 1 and orderid >= "
                "(select min(orderid) from orders where version = 1 and visible_from >= ?) order by orderid",
                (moment,),
            )
            for orderid, arrives in following:
                (taken,) = self._db.execute("select count(*) from orders where orderid = ?", (orderid - 1,)).fetchone()
                if not taken:
                    return int(orderid) - 1, moment
                moment = int(arrives)
            (last,) = self._db.execute("select max(orderid) from orders").fetchone()
        return (int(last) if last else 0) + 1, moment

    def order_versions(self, orderid: int) -> list[OrderVersion]:
        """All versions of an order, the first one first; none when there is no such order."""
        return [OrderVersion(*row) for row in self._versions(OrderVersion, "orders", "orderid = ?", (orderid,))]

    def z_report_versions(self, registerid: str, zreportid: int) -> list[ZReportVersion]:
        """All versions of a Z-report, the first one first."""
        where = "registerid = ? and zreportid = ?"
        return [
            ZReportVersion(*row) for row in self._versions(ZReportVersion, "z_reports", where, (registerid, zreportid))
        ]

    def _versions(self, kind: Any, table: str, where: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        columns = ", ".join(kind._fields)
        with self._lock:
            return self._db.execute(f"select {columns} from {table} where {where} order by version", values).fetchall()

    def till_sessions(self) -> list[TillSession]:
        """The session of every Z-report, by register and number."""
        with self._lock:
            rows = self._db.execute(
                "select registerid, zreportid, json_extract(body, '$.dateopened'), "
                "json_extract(body, '$.datecreated'), visible_from "
                "from z_reports where version = 1 order by registerid, zreportid"
            ).fetchall()
        return [TillSession(*row) for row in rows]

    def orders(
        self,
        now: int,
        where: OrderFilter | None = None,
        sort: Literal["orderid", "-orderid"] = "-orderid",
        start: int = 0,
        num: int = 10,
    ) -> tuple[int, list[str]]:
        """How many orders match at `now` (epoch seconds), and the bodies of one page of them."""
        conditions, values = _order_conditions(now, where or OrderFilter())
        direction = "desc" if sort == "-orderid" else "asc"
        with self._lock:
            (total,) = self._db.execute(f"select count(*) from orders where {conditions}", values).fetchone()
            rows = self._db.execute(
                f"select body from orders where {conditions} order by orderid {direction} limit ? offset ?",
                (*values, num, start),
            ).fetchall()
        return total, [body for (body,) in rows]

    def order(self, orderid: int, now: int) -> str | None:
        """The body of one order as it stands at `now`; None when it has not arrived."""
        _, bodies = self.orders(now, OrderFilter(orderid=(orderid,)), num=1)
        return bodies[0] if bodies else None

    def orderid_of(self, receiptid: str) -> int | None:
        """The order with a receipt number, whenever it arrives; None when there is none."""
        with self._lock:
            row = self._db.execute("select orderid from orders where receiptid = ?", (receiptid,)).fetchone()
        return None if row is None else int(row[0])

    def deliveries(self, orderid: int, now: int) -> list[str]:
        """The bodies of an order's deliveries at `now`, in the order they were made."""
        with self._lock:
            rows = self._db.execute(
                "select body from deliveries where orderid = ? and visible_from <= ? order by orderdeliveryid",
                (orderid, now),
            ).fetchall()
        return [body for (body,) in rows]

    def z_reports(self, now: int, where: ZReportFilter | None = None) -> list[str]:
        """The bodies of the Z-reports that match at `now`, by rising dateadded, at most MOST_Z_REPORTS."""
        where = where or ZReportFilter()
        conditions, values = _visible(now)
        _among(conditions, values, "eshopid", where.eshopid)
        _among(conditions, values, "store_id", where.store_id)
        _among(conditions, values, "registerid", where.registerid)
        _compare(conditions, values, "dateadded >= ?", where.dateaddedfrom)
        _compare(conditions, values, "dateadded <= ?", where.dateaddedto)
        with self._lock:
            rows = self._db.execute(
                f"select body from z_reports where {' and '.join(conditions)} "
                "order by dateadded, registerid, zreportid limit ?",
                (*values, MOST_Z_REPORTS),
            ).fetchall()
        return [body for (body,) in rows]

    def opening_stock(self, warehouseid: int) -> dict[str, int]:
        """Stock of a warehouse before the trade began, by SKU in order, in thousandths of a unit."""
        with self._lock:
            rows = self._db.execute(
                "select sku, quantity_milli from opening_stock where warehouseid = ? order by sku", (warehouseid,)
            ).fetchall()
        return dict(rows)

    def opening_stock_of(self, warehouseid: int, sku: str) -> int | None:
        """The same of one SKU; None where the warehouse never had it."""
        with self._lock:
            row = self._db.execute(
                "select quantity_milli from opening_stock where warehouseid = ? and sku = ?", (warehouseid, sku)
            ).fetchone()
        return None if row is None else int(row[0])

    def promised(self, warehouseid: int, now: int) -> list[tuple[str, list[str]]]:
        """Orders of a warehouse that stand open at `now` or are to be delivered later: each with its deliveries."""
        visible = "visible_from <= :now and (replaced_from is null or replaced_from > :now)"
        with self._lock:
            orders = self._db.execute(
                f"select orderid, body from orders where warehouseid = :warehouse and orderstateid = 0 and {visible} "
                "union select orderid, body from orders where warehouseid = :warehouse "
                f"and instr(body, '\"delivery-pickup-warehouseid\"') > 0 and {visible} order by orderid",
                {"warehouse": warehouseid, "now": now},
            ).fetchall()
        return [(body, self.deliveries(orderid, now)) for orderid, body in orders]

    # ---------------------------------------------------------------- news

    def all_seen(self, table: Literal["orders", "deliveries", "z_reports"], now: int) -> Seen:
        """What somebody has seen of a table who has seen all that arrived by `now`."""
        with self._lock:
            (newest,) = self._db.execute(f"select max(rowid) from {table}").fetchone()
        return Seen(now, newest or 0)

    def arrived_orders(self, seen: Seen, now: int) -> tuple[Seen, list[OrderNews]]:
        """What is seen now, and the versions of orders that arrived by `now` and were not, in order of arrival."""
        before = (
            "(select earlier.orderstateid from orders earlier "
            "where earlier.orderid = orders.orderid and earlier.version = orders.version - 1)"
        )
        columns = f"visible_from, orderid, version, eshopid, warehouseid, orderstateid, {before}"
        seen, rows = self._news("orders", columns, seen, now)
        return seen, [OrderNews(*row) for row in rows]

    def arrived_deliveries(self, seen: Seen, now: int) -> tuple[Seen, list[DeliveryNews]]:
        """The same of deliveries."""
        seen, rows = self._news("deliveries", ", ".join(DeliveryNews._fields), seen, now)
        return seen, [DeliveryNews(*row) for row in rows]

    def arrived_z_reports(self, seen: Seen, now: int) -> tuple[Seen, list[ZReportNews]]:
        """The same of versions of Z-reports."""
        seen, rows = self._news("z_reports", ", ".join(ZReportNews._fields), seen, now)
        return seen, [ZReportNews(*row) for row in rows]

    def handovers(self, orderdeliveryids: Sequence[int], now: int) -> list[Handover]:
        """Deliveries by id, in order of arrival, with their orders as they stand at `now`."""
        marks = ", ".join("?" * len(orderdeliveryids))
        with self._lock:
            rows = self._db.execute(
                "select d.orderdeliveryid, d.orderid, d.warehouseid, d.visible_from, d.datedelivery, d.body, o.body "
                "from deliveries d join orders o on o.orderid = d.orderid and o.visible_from <= ? "
                f"and (o.replaced_from is null or o.replaced_from > ?) where d.orderdeliveryid in ({marks}) "
                "order by d.visible_from, d.orderdeliveryid",
                (now, now, *orderdeliveryids),
            ).fetchall()
        return [Handover(*row) for row in rows]

    def _news(self, table: str, columns: str, seen: Seen, now: int) -> tuple[Seen, list[tuple[Any, ...]]]:
        with self._lock:
            rows = self._db.execute(
                f"select {columns} from {table} where visible_from <= :now "
                "and (visible_from > :until or rowid > :rowid) order by visible_from, rowid",
                {"now": now, "until": seen.until, "rowid": seen.rowid},
            ).fetchall()
            (newest,) = self._db.execute(f"select max(rowid) from {table}").fetchone()
        return Seen(max(now, seen.until), newest or 0), rows

    def last_arrival(self) -> int | None:
        """Epoch seconds at which the last order or Z-report arrives; None for an empty trade."""
        with self._lock:
            (last,) = self._db.execute(
                "select max(visible_from) from (select visible_from from orders union all "
                "select visible_from from z_reports)"
            ).fetchone()
        return None if last is None else int(last)


def _order_conditions(now: int, where: OrderFilter) -> tuple[str, list[Any]]:
    conditions, values = _visible(now)
    if where.receiptid is not None:
        _compare(conditions, values, "receiptid = ?", where.receiptid)
    if where.creditorderid is not None:
        _compare(conditions, values, "creditorderid = ?", where.creditorderid)
    if where.receiptid is None and where.creditorderid is None:
        _among(conditions, values, "orderid", where.orderid)
    _among(conditions, values, "eshopid", where.eshopid)
    _among(conditions, values, "externalid", where.externalid)
    _among(conditions, values, "orderstateid", where.orderstate)
    _among(conditions, values, "paymentstateid", where.paymentstate)
    _among(conditions, values, "ordertypeid", where.ordertype)
    _among(conditions, values, "warehouseid", where.warehouseid)
    _compare(conditions, values, "orderid >= ?", where.orderidfrom)
    _compare(conditions, values, "orderid < ?", where.orderidto)
    _compare(conditions, values, "orderdate >= ?", where.orderdatefrom)
    _compare(conditions, values, "orderdate < ?", where.orderdateto)
    _compare(conditions, values, "email = ?", where.email)
    return " and ".join(conditions), values


def _visible(now: int) -> tuple[list[str], list[Any]]:
    return ["visible_from <= ?", "(replaced_from is null or replaced_from > ?)"], [now, now]


def _among(conditions: list[str], values: list[Any], column: str, wanted: Sequence[int] | Sequence[str] | None) -> None:
    if wanted is not None:
        conditions.append(f"{column} in ({', '.join('?' * len(wanted))})")
        values.extend(wanted)


def _compare(conditions: list[str], values: list[Any], condition: str, wanted: int | str | None) -> None:
    if wanted is not None:
        conditions.append(condition)
        values.append(wanted)
