"""Reading NetSuite's items and their prices into `landing`.

Belongs here: which items are asked for, the SuiteQL (reference netsuite-api, section 6), and storing what came. Does
not belong here: what an item means for the tills (`wanted`). NetSuite is the master; nothing is ever written back.

One query brings an item with its matrix options, its tax schedule, its subsidiaries and the prices of every price level
and currency that the estate fills a price list from, so that a page of a thousand items is one request. Pages go by
COPY into temporary tables as they come; one transaction then replaces the rows that differ, notes their SKUs
(`touched`) and moves the watermark, so that nothing changes if reading fails half-way.

A SKU must name one item: of several the one with the lowest internal id counts, the others stand in
`landing.doubled_items`.

Where the estate keeps stock, an item brings what its goods are told apart by (lot, serial number, bin), and a page with
kits is followed by a request for their members.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import psycopg
from psycopg.types.json import Jsonb

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.catalogue.touched import touch
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.records import server_time
from sitoo_netsuite.netsuite.suiteql import Row, keyset, query
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.locks import alone

# In which time zone SuiteQL compares `lastmodifieddate` is not known (reference 6): a day covers them all.
_OVERLAP = timedelta(hours=24)
# Oracle takes no more names in an IN list.
_NAMES_PER_QUERY = 1000

_LATEST = """
    SELECT TO_CHAR(MAX(lastmodifieddate), 'YYYY-MM-DD HH24:MI:SS') AS latest, COUNT(*) AS items
    FROM item WHERE lastmodifieddate = (SELECT MAX(lastmodifieddate) FROM item)
"""
_CONTENT = (
    "item", "sku", "name", "barcode", "item_type", "inactive", "matrix_type", "parent", "options", "tax_schedule",
    "subsidiaries", "for_tills", "tracked_by",
)  # fmt: skip
_COLUMNS = (*_CONTENT, "modified_at", "landed_at")
_PRICE_COLUMNS = ("item", "price_level", "currency", "price")
_KIT = "Kit"
_TRACKED_BY = {"islotitem": "lot", "isserialitem": "serial", "usebins": "bin"}
# A kit has a member once; the place is one of both internal ids.
_MEMBERS = """
    SELECT m.parentitem * 1000000000 + m.item AS place, m.parentitem, m.item, m.quantity
    FROM itemmember m
    WHERE m.parentitem IN ({marks}) AND m.parentitem * 1000000000 + m.item > ?
    ORDER BY m.parentitem * 1000000000 + m.item
"""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the catalogue holds now, by NetSuite item type, and how many items are inactive.

    `doubled`: SKUs that two items share; the later item is kept out, since a SKU must name one item. `changed`: SKUs
    that are not as they were before this reading.
    """

    by_type: dict[str, int]
    inactive: int
    doubled: Sequence[str]
    changed: int


async def land_items(
    connection: psycopg.Connection, client: NetSuiteClient, estate: Estate, now: datetime
) -> Catalogue:
    """Makes `landing.items` and `landing.item_prices` what NetSuite holds: a request per 1,000 items. Only this notices
    items that were deleted.

    Raises NetSuiteError; nothing is changed then.
    """
    with alone(connection, "landing items"):
        read_at = await server_time(client)
        reading = _Reading(connection, estate, now)
        await reading.add(client, "i.id > ?", [])
        with connection.transaction():
            connection.execute("insert into items_about select item from landing.items")
            connection.execute("insert into items_about select item from landing.doubled_items")
            changed = reading.store()
            _move_watermark(connection, read_at, now)
    by_type: dict[str, int] = {}
    inactive = 0
    for name, count, out_of_use in connection.execute(
        "select item_type, count(*), count(*) filter (where inactive) from landing.items group by 1 order by 1"
    ):
        by_type[name] = count
        inactive += out_of_use
    doubled = [sku for (sku,) in connection.execute("select sku from landing.doubled_items order by item")]
    return Catalogue(by_type, inactive, doubled, len(changed))


async def land_changed_items(
    connection: psycopg.Connection, client: NetSuiteClient, estate: Estate, now: datetime
) -> set[str]:
    """Stores the items that were changed in NetSuite since the last reading; the SKUs that are not as they were.

    The watermark is NetSuite's own time at the start of a reading (reference 6), less a day: what has not changed since
    is read again and makes no difference. Reads everything when nothing was ever read. Raises NetSuiteError; nothing is
    changed then.
    """
    row = connection.execute("select position from landing.cursors where source = 'items' and key = ''").fetchone()
    if row is None:
        await land_items(connection, client, estate, now)
        return {sku for (sku,) in connection.execute("select sku from landing.items")}
    since = (datetime.fromtimestamp(row[0], UTC) - _OVERLAP).strftime("%Y-%m-%d %H:%M:%S")
    with alone(connection, "landing items"):
        read_at = await server_time(client)
        reading = _Reading(connection, estate, now)
        modified = "i.lastmodifieddate >= TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS')"
        await reading.add(client, f"{modified} AND i.id > ?", [since])
        with connection.transaction():
            changed = reading.store()
            _move_watermark(connection, read_at, now)
        return changed | await _land_released(connection, client, estate, now)


async def latest_change(client: NetSuiteClient) -> str:
    """When an item was last changed and how many were at that moment, as text: other than before when one changes.

    Only ever compared with itself, so that NetSuite's time zone does not matter. Raises NetSuiteError.
    """
    (row,) = await query(client, _LATEST)
    return f"{row.get('latest', 'none')}/{row['items']}"


async def land_items_of(
    connection: psycopg.Connection, client: NetSuiteClient, estate: Estate, now: datetime, skus: Collection[str]
) -> set[str]:
    """Stores the items that have one of these SKUs now, or had it when they were last read; the SKUs that are not as
    they were.

    Raises NetSuiteError; nothing is changed then.
    """
    with alone(connection, "landing items"):
        reading = _Reading(connection, estate, now)
        known = connection.execute("select item from landing.items where sku = any(%s)", [list(skus)]).fetchall()
        await reading.add_named(client, "i.itemid", sorted(skus))
        renamed = {item for (item,) in known} - reading.items()
        await reading.add_named(client, "i.id", sorted(renamed))
        with connection.transaction():
            copy_rows(connection, "items_about", ("item",), known)
            changed = reading.store()
        return changed | await _land_released(connection, client, estate, now)


async def _land_released(
    connection: psycopg.Connection, client: NetSuiteClient, estate: Estate, now: datetime
) -> set[str]:
    """Stores the items that were kept out for a SKU which the item before them has given up."""
    released = connection.execute(
        """
        select item from landing.doubled_items d
        where not exists (select from landing.items i where i.item = d.first_item and i.sku = d.sku) order by item
        """
    ).fetchall()
    if not released:
        return set()
    reading = _Reading(connection, estate, now)
    await reading.add_named(client, "i.id", [item for (item,) in released])
    with connection.transaction():
        copy_rows(connection, "items_about", ("item",), released)
        return reading.store()


class _Reading:
    """Items on their way from NetSuite into `landing`, held in temporary tables.

    `items_about` holds the internal ids of landed items that the reading speaks of besides those it brings: what is in
    it and does not come is gone.
    """

    def __init__(self, connection: psycopg.Connection, estate: Estate, now: datetime) -> None:
        catalogue = estate.catalogue
        self._connection, self._catalogue, self._now = connection, catalogue, now
        self._with_stock = estate.stock is not None
        self._options = sorted((catalogue.matrix_options if catalogue else {}).items())
        lists = catalogue.price_lists if catalogue else ()
        self._subsidiaries = sorted({int(entry.subsidiary) for entry in lists})
        self._prices = sorted({(entry.price_level, entry.currency) for entry in lists})
        for statement in (
            "create temporary table if not exists incoming_items (like landing.items including defaults)",
            "create temporary table if not exists incoming_item_prices (like landing.item_prices)",
            "create temporary table if not exists incoming_kit_members (like landing.kit_members including defaults)",
            "create temporary table if not exists items_about (item bigint)",
            "truncate incoming_items, incoming_item_prices, incoming_kit_members, items_about",
        ):
            connection.execute(statement.encode())

    async def add(self, client: NetSuiteClient, where: str, params: Sequence[str | int]) -> None:
        """Reads the items for which `where` holds; its last `?` is the internal id to go on from."""
        sql, before = self._query(where)
        async for page in keyset(client, sql, "id", [*before, *params]):
            copy_rows(self._connection, "incoming_items", _COLUMNS, map(self._item_row, page))
            prices = (price for item in page for price in self._price_rows(item))
            copy_rows(self._connection, "incoming_item_prices", _PRICE_COLUMNS, prices)
            kits = [item["id"] for item in page if item["itemtype"] == _KIT]
            if self._with_stock and kits:
                await self._add_members(client, kits)

    async def _add_members(self, client: NetSuiteClient, kits: Sequence[str]) -> None:
        """Reads what the kits (internal ids, of a page of items) are made of."""
        sql = _MEMBERS.format(marks=", ".join("?" for _ in kits))
        async for page in keyset(client, sql, "place", kits):
            rows = ((int(row["parentitem"]), int(row["item"]), int(Decimal(row["quantity"]).scaleb(3))) for row in page)
            copy_rows(self._connection, "incoming_kit_members", ("kit", "item", "quantity_milli"), rows)

    async def add_named(self, client: NetSuiteClient, column: str, names: Sequence[str | int]) -> None:
        """Reads the items that have one of these names in a column."""
        for start in range(0, len(names), _NAMES_PER_QUERY):
            some = names[start : start + _NAMES_PER_QUERY]
            marks = ", ".join("?" for _ in some)
            await self.add(client, f"{column} IN ({marks}) AND i.id > ?", some)

    def items(self) -> set[int]:
        """Internal ids of the items read so far."""
        return {item for (item,) in self._connection.execute("select item from incoming_items")}

    def _query(self, where: str) -> tuple[str, list[str | int]]:
        """The SuiteQL for items, and the values of the `?` that stand before those of `where`."""
        columns = [
            "i.id", "i.itemid", "i.displayname", "i.upccode", "i.itemtype", "i.isinactive",
            "TO_CHAR(i.lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS modified",
        ]  # fmt: skip
        if self._with_stock:
            columns += [f"i.{field}" for field in _TRACKED_BY]
        if self._catalogue is None:
            return f"SELECT {', '.join(columns)} FROM item i WHERE {where} ORDER BY i.id", []
        columns += ["i.matrixtype", "i.parent", "BUILTIN.DF(i.taxschedule) AS taxschedule", "s.anysubsidiary"]
        if self._catalogue.till_flag is not None:
            columns.append(f"i.{self._catalogue.till_flag} AS tillflag")
        # An option is a field with a list behind it, whose shown text is the value (inferred).
        columns += [f"BUILTIN.DF(i.{field}) AS option{n}" for n, (_, field) in enumerate(self._options)]
        columns += [f"s.subsidiary{n}" for n in range(len(self._subsidiaries))]
        columns += [f"p.price{n}" for n in range(len(self._prices))]
        of_subsidiaries = ["MIN(m.subsidiary) AS anysubsidiary"]
        of_subsidiaries += [
            f"MAX(CASE WHEN m.subsidiary = ? THEN 'T' END) AS subsidiary{n}" for n in range(len(self._subsidiaries))
        ]
        # A level with quantity breaks has several prices: that of one unit is the highest.
        of_prices = [
            f"MAX(CASE WHEN v.pricelevelname = ? AND c.symbol = ? THEN v.price END) AS price{n}"
            for n in range(len(self._prices))
        ]
        sql = f"""
            SELECT {", ".join(columns)}
            FROM item i
            LEFT JOIN (
                SELECT m.item, {", ".join(of_subsidiaries)} FROM itemsubsidiarymap m GROUP BY m.item
            ) s ON s.item = i.id
            LEFT JOIN (
                SELECT v.item, {", ".join(of_prices)}
                FROM itemprice v JOIN currency c ON c.id = v.currencypage
                WHERE v.isinactive = 'F' GROUP BY v.item
            ) p ON p.item = i.id
            WHERE {where} ORDER BY i.id
        """
        return sql, [*self._subsidiaries, *(name for price in self._prices for name in price)]

    def _item_row(self, item: Row) -> tuple[object, ...]:
        options = {name: value for n, (name, _) in enumerate(self._options) if (value := item.get(f"option{n}"))}
        # Of the subsidiaries we fill no list for, one is enough to tell that the item is not for all.
        subsidiaries = {number for n, number in enumerate(self._subsidiaries) if item.get(f"subsidiary{n}")}
        subsidiaries |= {int(item["anysubsidiary"])} if item.get("anysubsidiary") else set()
        parent = item.get("parent")
        flag = self._catalogue.till_flag if self._catalogue else None
        return (
            int(item["id"]), item["itemid"], item.get("displayname"), item.get("upccode"), item["itemtype"],
            item["isinactive"] == "T", item.get("matrixtype"), int(parent) if parent else None, Jsonb(options),
            item.get("taxschedule"), sorted(subsidiaries), flag is None or item.get("tillflag") == "T",
            next((name for field, name in _TRACKED_BY.items() if item.get(field) == "T"), None),
            item.get("modified"), self._now,
        )  # fmt: skip

    def _price_rows(self, item: Row) -> Iterator[tuple[object, ...]]:
        for n, (level, currency) in enumerate(self._prices):
            if (price := _price(item.get(f"price{n}", ""))) is not None:
                yield int(item["id"]), level, currency, price

    def store(self) -> set[str]:
        """Replaces what differs, in the caller's transaction; the SKUs it touched."""
        connection = self._connection
        content = ", ".join(_CONTENT)
        for statement in (
            "insert into items_about select item from incoming_items",
            # A landed item whose SKU has come with another one competes for it.
            """
            insert into incoming_items select l.* from landing.items l
            where l.sku in (select sku from incoming_items) and l.item not in (select item from items_about)
            """,
            """
            insert into incoming_item_prices select p.* from landing.item_prices p
            where p.item in (select item from incoming_items except select item from items_about)
            """,
            "analyze incoming_items, incoming_item_prices, items_about",
            "drop table if exists first_items, differing_items, doubled",
            """
            create temporary table first_items as
            select distinct on (sku) item, sku from incoming_items order by sku, item
            """,
            """
            create temporary table doubled as
            select i.item, i.sku, f.item as first_item from incoming_items i join first_items f using (sku)
            where i.item <> f.item
            """,
            f"""
            create temporary table differing_items as
            select item from (
                select {content} from incoming_items where item in (select item from first_items)
                except select {content} from landing.items
            ) news
            union select item from (
                select * from incoming_item_prices except select * from landing.item_prices
            ) new_prices
            union select item from (
                select * from landing.item_prices where item in (select item from items_about)
                except select * from incoming_item_prices
            ) old_prices
            union select item from (select item from items_about except select item from first_items) gone
            """,
        ):
            connection.execute(statement.encode())
        touched = connection.execute(
            """
            select sku from landing.items where item in (select item from differing_items)
            union select sku from first_items where item in (select item from differing_items)
            union select sku from (
                select item, sku from doubled except select item, sku from landing.doubled_items
            ) newly_doubled
            union select sku from (
                select item, sku from landing.doubled_items where item in (select item from items_about)
                except select item, sku from doubled
            ) no_longer_doubled
            """
        )
        skus = {sku for (sku,) in touched}
        names = ", ".join(_COLUMNS)
        for statement in (
            "delete from landing.items where item in (table differing_items union select item from doubled)",
            "delete from landing.item_prices where item in (table differing_items union select item from doubled)",
            f"""
            insert into landing.items ({names})
            select {names} from incoming_items
            where item in (select item from first_items) and item in (table differing_items)
            """,
            """
            insert into landing.item_prices
            select * from incoming_item_prices
            where item in (select item from first_items) and item in (table differing_items)
            """,
            "delete from landing.doubled_items where item in (table items_about union select item from doubled)",
        ):
            connection.execute(statement.encode())
        # No SKU is touched by it: what a kit is made of is nothing that the tills are told.
        self._keep_members()
        connection.execute(
            "insert into landing.doubled_items select item, sku, first_item, %s from doubled", [self._now]
        )
        touch(connection, skus)
        return skus

    def _keep_members(self) -> None:
        """Keeps what kits are made of now. What was sold of one before is of what it was made of then: another
        composition than the last one begins tomorrow.
        """
        tomorrow = {"tomorrow": self._now.date() + timedelta(days=1)}
        self._connection.execute(
            "delete from landing.kit_members where from_day = %(tomorrow)s "
            "and kit in (select kit from incoming_kit_members)",
            tomorrow,
        )
        self._connection.execute(
            """
            insert into landing.kit_members (kit, item, quantity_milli, from_day)
            select kit, item, quantity_milli, case when known then %(tomorrow)s::date else '-infinity' end
            from incoming_kit_members
            join (
                select kit, exists (select from landing.kit_members where kit = incoming.kit) as known,
                       array_agg((item, quantity_milli) order by item, quantity_milli) is distinct from (
                           select array_agg((item, quantity_milli) order by item, quantity_milli)
                           from landing.kit_members
                           where kit = incoming.kit
                             and from_day = (select max(from_day) from landing.kit_members where kit = incoming.kit)
                       ) as is_new
                from incoming_kit_members incoming group by kit
            ) kits using (kit)
            where is_new
            """,
            tomorrow,
        )


def _price(text: str) -> Decimal | None:
    """None for what is no number: the item then lacks this price, which has its case, and all else goes on."""
    try:
        price = Decimal(text)
    except InvalidOperation:
        return None
    return price if price.is_finite() else None


def _move_watermark(connection: psycopg.Connection, read_at: datetime, now: datetime) -> None:
    connection.execute(
        """
        insert into landing.cursors (source, key, position, moved_at) values ('items', '', %s, %s)
        on conflict (source, key) do update set position = excluded.position, moved_at = excluded.moved_at
        """,
        (int(read_at.timestamp()), now),
    )
