"""Reading Sitoo's warehouses, their movements of stock and their levels into `landing`.

Belongs here: what is asked for (reference sitoo-api, section 4) and storing it. Does not belong here: whose a movement
is, and what ought to be pushed (`wanted_pushes`).

A warehouse transaction never changes, so it is stored once. Its id is given when it begins, so that one with a lower id
may come to be seen later than others (1.5): each reading begins some ids, and some minutes, before the last one ended.
A nightly reading by date finds what took longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TypeVar

import msgspec
import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales import late
from sitoo_netsuite.flows.sales.quarantine import Quarantine
from sitoo_netsuite.flows.stock.manual_movements import days_of
from sitoo_netsuite.flows.stock.shipment_landing import land_shipments
from sitoo_netsuite.flows.stock.touched import touch
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.models import (
    Rejection,
    WarehouseItem,
    WarehouseTransaction,
    quantity_milli,
    read_warehouse_items,
    read_warehouse_transaction,
)
from sitoo_netsuite.warehouse.copying import copied, copy_lines, copy_rows, stands_for_itself
from sitoo_netsuite.warehouse.locks import alone
from sitoo_netsuite.warehouse.partitions import ensure_partitions

T = TypeVar("T")

_OVERLAP_IDS = 200
_OVERLAP = timedelta(minutes=15)
# Levels go by Sitoo's clock, the watermark by ours.
_LEVELS_OVERLAP = timedelta(minutes=15)

_LEVELS_LOCK = "landing Sitoo's levels"

_TRANSACTIONS, _ITEMS = "landing.warehouse_transactions", "landing.warehouse_transaction_items"
_TRANSACTION_COLUMNS = (
    "created_day", "warehousetransactionid", "eshopid", "warehouseid", "created_at", "transaction_type", "external_id",
    "reason_code", "description", "shipmentid", "orderdeliveryid", "landed_at",
)  # fmt: skip
_ITEM_COLUMNS = ("created_day", "warehousetransactionid", "line", "sku", "quantity_milli")
_LEVEL_COLUMNS = ("warehouseid", "sku", "total_milli", "reserved_milli")


@dataclass(frozen=True, slots=True)
class LandedTransactions:
    """What a reading of Sitoo's movements brought. `rejected` are in quarantine."""

    new: int = 0
    rejected: int = 0

    def __add__(self, other: LandedTransactions) -> LandedTransactions:
        return LandedTransactions(self.new + other.new, self.rejected + other.rejected)


def land_warehouses(connection: psycopg.Connection, client: SitooClient, now: datetime) -> int:
    """Stores every warehouse of every site; how many there are. One that Sitoo no longer names is kept, since movements
    do. Raises SitooError.
    """
    rows = [
        (entry.warehouseid, site.eshopid, entry.storeid, entry.warehousetype or 0, entry.name, now)
        for site in client.sites()
        for entry in client.warehouses(site.eshopid)
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into landing.warehouses (warehouseid, eshopid, storeid, warehouse_type, name, landed_at)
            values (%s, %s, %s, %s, %s, %s)
            on conflict (warehouseid) do update set eshopid = excluded.eshopid, storeid = excluded.storeid,
                warehouse_type = excluded.warehouse_type, name = excluded.name, landed_at = excluded.landed_at
            """,
            rows,
        )
    return len(rows)


def stock_sites(connection: psycopg.Connection, estate: Estate) -> dict[int, list[int]]:
    """The sites whose stock is kept in step, each with its warehouses of the estate, as they were landed."""
    rows = connection.execute(
        "select eshopid, array_agg(warehouseid order by warehouseid) from landing.warehouses "
        "where warehouseid = any(%s) group by eshopid order by eshopid",
        [list(estate.stock.by_warehouse) if estate.stock else []],
    )
    return dict(rows.fetchall())


def land_warehouse_transactions(
    connection: psycopg.Connection,
    client: SitooClient,
    estate: Estate,
    now: datetime,
    planning: tuple[date, date] | None = None,
) -> LandedTransactions:
    """Stores the movements of stock, of all kinds, that came to be seen at every site since the last reading.

    Trading days on which something new was moved by hand are noted as touched, but for those that the caller is about
    to plan (first, last). A site is first read from the earliest go-live of its stores' stock on. Raises SitooError;
    the pages stored until then stay, and the next reading goes on from them.
    """
    landed = LandedTransactions()
    for eshopid, warehouses in stock_sites(connection, estate).items():
        with alone(connection, f"landing warehouse transactions {eshopid}"):
            row = connection.execute(
                "select position from landing.cursors where source = 'warehouse_transactions' and key = %s",
                [str(eshopid)],
            ).fetchone()
            if row is None:
                first_day = _first_day(estate, warehouses)
                if first_day is None:
                    continue
                pages = client.warehouse_transaction_pages(eshopid, created_from=_epoch(first_day))
            else:
                pages = client.warehouse_transaction_pages(eshopid, id_from=_again_from(connection, eshopid, row[0]))
            landed += _store_pages(connection, pages, eshopid, now, partial(_touch_days, connection, estate, planning))
    return landed


def land_store_movements(
    connection: psycopg.Connection, client: SitooClient, estate: Estate, now: datetime, planning: tuple[date, date]
) -> LandedTransactions:
    """What the adjustments of some trading days (first, last) need of Sitoo beside its receipts: the warehouses, their
    movements and shipments. Nothing where the estate keeps no stock. Raises SitooError.
    """
    if estate.stock is None:
        return LandedTransactions()
    land_warehouses(connection, client, now)
    landed = land_warehouse_transactions(connection, client, estate, now, planning)
    land_shipments(connection, client, now)
    return landed


def reread_warehouse_transactions(
    connection: psycopg.Connection, client: SitooClient, estate: Estate, first: date, now: datetime
) -> LandedTransactions:
    """Reads again whatever is dated from `first` (UTC) on, and stores what was not seen before. Raises SitooError."""
    landed = LandedTransactions()
    for eshopid in stock_sites(connection, estate):
        with alone(connection, f"landing warehouse transactions {eshopid}"):
            pages = client.warehouse_transaction_pages(eshopid, created_from=_epoch(first))
            landed += _store_pages(connection, pages, eshopid, now, partial(_touch_days, connection, estate, None))
    return landed


def land_sitoo_levels(
    connection: psycopg.Connection,
    client: SitooClient,
    warehouses: Mapping[int, Collection[int]],
    now: datetime,
    *,
    whole: bool,
) -> int:
    """Stores the levels of warehouses (eshopid to warehouseids): all of them, or those that changed since the last
    reading; how many are not as they were.

    As many warehouses are read at once as the client has keys. Only a whole reading notices a SKU that a warehouse no
    longer lists; a warehouse that was never read is read whole. Raises SitooError; a warehouse that was not read to its
    end stays as it was.
    """
    changed = 0
    with alone(connection, _LEVELS_LOCK):
        positions = connection.execute("select key, position from landing.cursors where source = 'sitoo_levels'")
        read_until: dict[str, int] = dict(positions.fetchall())
        quarantine = Quarantine(connection, "warehouse_items", now)
        jobs = []
        for eshopid, of_site in warehouses.items():
            for warehouseid in of_site:
                since = None if whole else read_until.get(str(warehouseid))
                jobs.append(partial(_read_levels, client, eshopid, warehouseid, since))
        for levels in _ahead(jobs, client.most_requests):
            changed += _store_levels(connection, levels, quarantine)
            _move_levels_cursor(connection, levels.warehouseid, now)
    return changed


def reread_levels(
    connection: psycopg.Connection,
    client: SitooClient,
    eshopid: int,
    warehouseid: int,
    skus: Collection[str],
    now: datetime,
) -> None:
    """Stores a warehouse's levels of these SKUs as they are now. Raises SitooError; nothing is changed then."""
    with alone(connection, _LEVELS_LOCK):
        levels = _levels(client.warehouse_item_pages(eshopid, warehouseid, skus=skus), warehouseid, whole=False)
        _store_levels(connection, levels, Quarantine(connection, "warehouse_items", now))


def _first_day(estate: Estate, warehouses: Iterable[int]) -> date | None:
    """The earliest go-live of the stock of these warehouses' stores; None where none of them has one."""
    assert estate.stock is not None
    places = (estate.stock.by_warehouse[warehouseid] for warehouseid in warehouses)
    days = [day for place in places if (day := estate.by_store[place.store].go_live.stock) is not None]
    return min(days, default=None)


def _epoch(day: date) -> int:
    """A day before it began in UTC: whatever the store's time zone, nothing of the day is left out."""
    return int((datetime.combine(day, time(0), tzinfo=UTC) - timedelta(days=1)).timestamp())


def _again_from(connection: psycopg.Connection, eshopid: int, highest: int) -> int:
    """The id to read on from: so many ids before what was created minutes before the newest one."""
    row = connection.execute(
        """
        with newest as (
            select created_day, created_at - %(overlap)s as since from landing.warehouse_transactions
            where warehousetransactionid = %(highest)s and eshopid = %(eshopid)s
        )
        select min(t.warehousetransactionid) from landing.warehouse_transactions t, newest
        where t.eshopid = %(eshopid)s and t.created_day >= newest.created_day - 1 and t.created_at >= newest.since
        """,
        {"overlap": _OVERLAP, "highest": highest, "eshopid": eshopid},
    ).fetchone()
    oldest = row[0] if row and row[0] is not None else highest
    return max(0, oldest - _OVERLAP_IDS)


def _store_pages(
    connection: psycopg.Connection,
    pages: Iterable[list[msgspec.Raw]],
    eshopid: int,
    now: datetime,
    touch_days: Callable[[Mapping[int, date]], None],
) -> LandedTransactions:
    quarantine = Quarantine(connection, "warehouse_transactions", now)
    new = rejected = 0
    for page in pages:
        records = [read_warehouse_transaction(raw, eshopid) for raw in page]
        transactions = [record for record in records if isinstance(record, WarehouseTransaction)]
        rejections = [record for record in records if isinstance(record, Rejection)]
        new += _store_page(connection, transactions, rejections, quarantine, eshopid, now, touch_days)
        rejected += len(rejections)
    return LandedTransactions(new, rejected)


def _store_page(
    connection: psycopg.Connection,
    transactions: Sequence[WarehouseTransaction],
    rejections: Sequence[Rejection],
    quarantine: Quarantine,
    eshopid: int,
    now: datetime,
    touch_days: Callable[[Mapping[int, date]], None],
) -> int:
    """Stores those that are not known, in one commit with the cursor and what they touch; how many they were."""
    days = {entry.warehousetransactionid: _moment(entry).date() for entry in transactions}
    known = connection.execute(
        "select warehousetransactionid from landing.warehouse_transactions "
        "where warehousetransactionid = any(%s) and created_day = any(%s)",
        (list(days), sorted(set(days.values()))),
    )
    seen = {identifier for (identifier,) in known}
    fresh = [entry for entry in transactions if entry.warehousetransactionid not in seen]
    ensure_partitions(connection, (_TRANSACTIONS, _ITEMS), {days[entry.warehousetransactionid] for entry in fresh})
    with connection.transaction():
        copy_rows(
            connection,
            _TRANSACTIONS,
            _TRANSACTION_COLUMNS,
            (
                (
                    days[entry.warehousetransactionid], entry.warehousetransactionid, eshopid, entry.warehouseid,
                    _moment(entry), entry.transactiontype, entry.externalid or None, entry.reasoncode or None,
                    entry.description or "", entry.shipmentid, entry.orderdeliveryid, now,
                )
                for entry in fresh
            ),
        )  # fmt: skip
        copy_rows(
            connection,
            _ITEMS,
            _ITEM_COLUMNS,
            (
                (
                    days[entry.warehousetransactionid], entry.warehousetransactionid, line, item.sku,
                    quantity_milli(item.decimalquantity),
                )
                for entry in fresh
                for line, item in enumerate(entry.items or ())
            ),
        )  # fmt: skip
        _touch_unexpected(connection, [entry.externalid for entry in fresh if entry.externalid])
        touch_days({entry.warehousetransactionid: days[entry.warehousetransactionid] for entry in fresh})
        quarantine.settle((f"{eshopid}/{entry.warehousetransactionid}" for entry in transactions), rejections)
        if transactions:
            connection.execute(
                """
                insert into landing.cursors (source, key, position, moved_at)
                values ('warehouse_transactions', %s, %s, %s)
                on conflict (source, key) do update
                    set position = greatest(cursors.position, excluded.position), moved_at = excluded.moved_at
                """,
                (str(eshopid), max(days), now),
            )
    return len(fresh)


def _touch_days(
    connection: psycopg.Connection, estate: Estate, planning: tuple[date, date] | None, created: Mapping[int, date]
) -> None:
    """Has trading days run again on which some of these transactions (id to UTC date) were made by hand or shipped."""
    if not created:
        return
    moved = days_of(connection, created, set(created.values()), estate)
    late.touch(connection, (day for day in moved if planning is None or not planning[0] <= day <= planning[1]), estate)


def _touch_unexpected(connection: psycopg.Connection, external_ids: Sequence[str]) -> None:
    """Has those of NetSuite's transactions looked at again whose push Sitoo shows though it counted as refused, or
    shows a second time.
    """
    rows = connection.execute(
        """
        select p.transaction from posting.stock_pushes p
        join landing.warehouse_transactions t on t.external_id = p.external_id and t.warehouseid = p.warehouseid
        where p.external_id = any(%s) group by p.external_id having count(*) > 1 or p.state = 'refused'
        """,
        [list(external_ids)],
    )
    touch(connection, {transaction for (transaction,) in rows})


def _moment(entry: WarehouseTransaction) -> datetime:
    return datetime.fromtimestamp(entry.datecreated, UTC)


@dataclass(frozen=True, slots=True)
class _Levels:
    """Levels of a warehouse as they were read; all that it lists where `whole`."""

    warehouseid: int
    items: Sequence[WarehouseItem]
    rejections: Sequence[Rejection]
    whole: bool


def _read_levels(client: SitooClient, eshopid: int, warehouseid: int, since: int | None) -> _Levels:
    modified_from = None if since is None else since - int(_LEVELS_OVERLAP.total_seconds())
    pages = client.warehouse_item_pages(eshopid, warehouseid, modified_from=modified_from)
    return _levels(pages, warehouseid, whole=since is None)


def _levels(pages: Iterable[list[msgspec.Raw] | list[WarehouseItem]], warehouseid: int, *, whole: bool) -> _Levels:
    items: list[WarehouseItem] = []
    rejections: list[Rejection] = []
    for page in pages:
        some, unread = read_warehouse_items(page, warehouseid)
        items += some
        rejections += unread
    return _Levels(warehouseid, items, rejections, whole)


def _ahead(jobs: Iterable[Callable[[], T]], workers: int) -> Iterator[T]:
    """What the jobs return, in order; so many are at work while one is used, and no more than that wait to be used."""
    coming: deque[Future[T]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for job in jobs:
                coming.append(pool.submit(job))
                if len(coming) > workers:
                    yield coming.popleft().result()
            while coming:
                yield coming.popleft().result()
        finally:
            for future in coming:
                future.cancel()


def _store_levels(connection: psycopg.Connection, levels: _Levels, quarantine: Quarantine) -> int:
    """Replaces what differs, in one commit; how many levels that were."""
    warehouseid = levels.warehouseid
    # Pages by offset may bring a SKU twice when another one goes meanwhile.
    lines = _level_lines(warehouseid, levels.items)
    with connection.transaction():
        if not _has_levels(connection, warehouseid):
            # Of a warehouse that was never read everything is new: comparing millions of levels with nothing takes
            # longer than reading them.
            copy_lines(connection, "landing.sitoo_levels", _LEVEL_COLUMNS, lines.values())
            quarantine.settle((f"{warehouseid}/{item.warehouseitemid}" for item in levels.items), levels.rejections)
            return len(lines)
        connection.execute(
            "create temporary table if not exists incoming_levels (like landing.sitoo_levels) on commit delete rows"
        )
        copy_lines(connection, "incoming_levels", _LEVEL_COLUMNS, lines.values())
        changed = connection.execute(
            """
            insert into landing.sitoo_levels (warehouseid, sku, total_milli, reserved_milli)
            select i.* from incoming_levels i
            left join landing.sitoo_levels l on l.warehouseid = %s and l.sku = i.sku
            where (l.total_milli, l.reserved_milli) is distinct from (i.total_milli, i.reserved_milli)
            on conflict (warehouseid, sku) do update
                set total_milli = excluded.total_milli, reserved_milli = excluded.reserved_milli
            """,
            [warehouseid],
        ).rowcount
        if levels.whole and not levels.rejections:
            changed += connection.execute(
                "delete from landing.sitoo_levels l where warehouseid = %s and not exists "
                "(select from incoming_levels i where i.sku = l.sku)",
                [warehouseid],
            ).rowcount
        quarantine.settle((f"{warehouseid}/{item.warehouseitemid}" for item in levels.items), levels.rejections)
    return changed


def _has_levels(connection: psycopg.Connection, warehouseid: int) -> bool:
    row = connection.execute(
        "select exists (select from landing.sitoo_levels where warehouseid = %s)", [warehouseid]
    ).fetchone()
    return bool(row and row[0])


def _level_lines(warehouseid: int, items: Collection[WarehouseItem]) -> dict[str, str]:
    """SKU to its level as COPY reads it. Quantities were checked to have three decimals: without their point they are
    thousandths.
    """
    plain = stands_for_itself("".join([item.sku for item in items]))
    return {
        item.sku: f"{warehouseid}\t{item.sku if plain else copied(item.sku)}\t{item.decimaltotal.replace('.', '')}"
        f"\t{item.decimalreserved.replace('.', '') if item.decimalreserved else 0}\n"
        for item in items
    }


def _move_levels_cursor(connection: psycopg.Connection, warehouseid: int, now: datetime) -> None:
    connection.execute(
        """
        insert into landing.cursors (source, key, position, moved_at) values ('sitoo_levels', %s, %s, %s)
        on conflict (source, key) do update set position = excluded.position, moved_at = excluded.moved_at
        """,
        (str(warehouseid), int(now.timestamp()), now),
    )
