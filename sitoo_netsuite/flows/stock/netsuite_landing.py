"""Reading what moved stock in NetSuite, and its levels, into `landing`.

Belongs here: the SuiteQL (reference netsuite-api, section 6) and storing what came. Does not belong here: whether a
movement is to be pushed (`wanted_pushes`), and items (the catalogue's).

A reading asks twice. First for the transactions that touched a mapped location and were saved since the last reading,
a row each, by a watermark of NetSuite's own time (`serverTime`) less a day, since it is not known in which time zone
SuiteQL compares `lastmodifieddate`. Then for the lines of those that are not as they were landed. So the overlap costs
next to nothing, however busy the account.

A transaction is landed whole and replaced whole. One that was deleted, or moved to locations that are not ours, is
told by the nightly reading of a window of dates alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock.touched import touch
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import Unreadable
from sitoo_netsuite.netsuite.records import server_time
from sitoo_netsuite.netsuite.suiteql import Row, keyset, query
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.locks import alone

_OVERLAP = timedelta(hours=24)
# `lastmodifieddate` counts seconds: what was saved just before a reading may be saved again in the same second.
_MAY_BE_SAVED_AGAIN = timedelta(seconds=60)
# Oracle takes no more values in an IN list.
_MOST_VALUES = 1000
_SECONDS = "'YYYY-MM-DD HH24:MI:SS'"

# `isinventoryaffecting` marks the line that moved the goods, with the sign of the movement (inferred).
_SAVED = f"""
    SELECT t.id, TO_CHAR(t.lastmodifieddate, {_SECONDS}) AS modified
    FROM transaction t JOIN transactionline tl ON tl.transaction = t.id
    WHERE tl.isinventoryaffecting = 'T' AND tl.location IN ({{locations}}) AND {{when}} AND t.id > ?
    GROUP BY t.id, t.lastmodifieddate ORDER BY t.id
"""
_SAVED_SINCE = f"t.lastmodifieddate >= TO_DATE(?, {_SECONDS})"
_DATED_FROM = "t.trandate >= TO_DATE(?, 'YYYY-MM-DD')"

# One row a line: a place is a transaction and its line, as in posting/read_back.
_LINES = f"""
    SELECT t.id * 100000 + tl.id AS place, t.id, tl.id AS line, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, t.type,
           t.tranid, t.externalid, tl.item, tl.location, tl.quantity, o.type AS source,
           COALESCE(o.location, t.location) AS sender, COALESCE(o.transferlocation, t.transferlocation) AS receiver,
           TO_CHAR(t.lastmodifieddate, {_SECONDS}) AS modified
    FROM transaction t JOIN transactionline tl ON tl.transaction = t.id
    LEFT JOIN transaction o ON o.id = tl.createdfrom
    WHERE tl.isinventoryaffecting = 'T' AND t.posting = 'T' AND tl.location IN ({{locations}})
      AND t.id IN ({{transactions}}) AND t.id * 100000 + tl.id > ?
    ORDER BY t.id * 100000 + tl.id
"""

_LATEST = f"""
    SELECT TO_CHAR(MAX(t.lastmodifieddate), {_SECONDS}) AS latest, COUNT(*) AS lines
    FROM transaction t JOIN transactionline tl ON tl.transaction = t.id
    WHERE tl.isinventoryaffecting = 'T' AND tl.location IN ({{locations}}) AND {_SAVED_SINCE}
"""

_LEVELS = """
    SELECT l.item, l.quantityonhand, l.quantityavailable, l.averagecostmli
    FROM aggregateitemlocation l WHERE l.location = ? AND l.item > ? ORDER BY l.item
"""

_MOVEMENT_COLUMNS = (
    "transaction", "line", "tran_date", "type", "number", "external_id", "item", "location", "quantity_milli",
    "source_type", "sender", "receiver", "modified_at", "landed_at",
)  # fmt: skip
_LEVEL_COLUMNS = ("location", "item", "on_hand_milli", "available_milli", "average_cost")


@dataclass(frozen=True, slots=True)
class LandedMovements:
    """What a reading brought: transactions that are new, changed or gone, and how many lines they have now."""

    transactions: frozenset[int]
    lines: int


async def land_movements(
    connection: psycopg.Connection, client: NetSuiteClient, estate: Estate, now: datetime
) -> LandedMovements:
    """Stores the transactions that moved stock at the estate's locations and were saved since the last reading.

    A location that was not followed before is read from its store's go-live on. Raises NetSuiteError; nothing is
    changed then.
    """
    with alone(connection, "landing stock movements"):
        read_at = await server_time(client)
        saved: dict[int, str] = {}
        new_locations: dict[str, date] = {}
        for location, first in _followed(estate).items():
            row = connection.execute(
                "select position from landing.cursors where source = 'stock_movements_from' and key = %s", [location]
            ).fetchone()
            if row is None or row[0] > first.toordinal():
                new_locations[location] = first
                saved |= await _saved(client, [location], _DATED_FROM, first.isoformat())
        known = connection.execute(
            "select position from landing.cursors where source = 'stock_movements' and key = ''"
        ).fetchone()
        if known is not None:
            since = datetime.fromtimestamp(known[0], UTC) - _OVERLAP
            saved |= await _saved(client, list(_followed(estate)), _SAVED_SINCE, f"{since:%Y-%m-%d %H:%M:%S}")
        differing = _differing(connection, saved) if not new_locations else set(saved)
        lines = await _lines(client, estate, differing)
        with connection.transaction():
            changed = _replace(connection, differing, lines, now)
            for location, first in new_locations.items():
                _move_cursor(connection, "stock_movements_from", location, first.toordinal(), now)
            _move_cursor(connection, "stock_movements", "", int(read_at.timestamp()), now)
    return LandedMovements(changed, len(lines))


async def reread_movements(
    connection: psycopg.Connection, client: NetSuiteClient, estate: Estate, first: date, now: datetime
) -> LandedMovements:
    """Reads every transaction dated from `first` on again, and removes what is gone. Raises NetSuiteError; nothing is
    changed then.
    """
    with alone(connection, "landing stock movements"):
        saved = await _saved(client, list(_followed(estate)), _DATED_FROM, first.isoformat())
        landed = connection.execute(
            "select distinct transaction from landing.stock_movements where tran_date >= %s", [first]
        )
        differing = _differing(connection, saved) | {transaction for (transaction,) in landed} - saved.keys()
        lines = await _lines(client, estate, differing)
        with connection.transaction():
            changed = _replace(connection, differing, lines, now)
    return LandedMovements(changed, len(lines))


async def latest_movement(client: NetSuiteClient, estate: Estate, since: datetime) -> str:
    """When stock was last moved at the estate's locations since a moment, and by how many lines, as text: other than
    before when something moves.

    Only ever compared with itself, so that NetSuite's time zone does not matter. Raises NetSuiteError.
    """
    locations = list(_followed(estate))
    if not locations:
        return "none/0"
    sql = _LATEST.format(locations=_marks(locations))
    (row,) = await query(client, sql, [*locations, f"{since:%Y-%m-%d %H:%M:%S}"])
    return f"{row.get('latest', 'none')}/{row['lines']}"


async def land_netsuite_levels(
    connection: psycopg.Connection, client: NetSuiteClient, locations: Iterable[str], at_once: int
) -> int:
    """Makes `landing.netsuite_levels` of these locations (internal ids) what NetSuite holds; how many are not as they
    were. A request per 1,000 items of a location, so many locations at once. Raises NetSuiteError; a location that was
    not read to its end stays as it was.
    """
    waiting = iter(locations)
    changed = 0

    async def land() -> None:
        nonlocal changed
        for location in waiting:
            changed += _replace_levels(connection, location, await _levels_of(client, location))

    with alone(connection, "landing NetSuite's levels"):
        await asyncio.gather(*(land() for _ in range(at_once)))
    return changed


def _followed(estate: Estate) -> dict[str, date]:
    """Location (internal id) to the go-live of its store's stock; without the stores whose stock is left alone."""
    places = estate.stock.by_location if estate.stock else {}
    days = {location: estate.by_store[place.store].go_live.stock for location, place in places.items()}
    return {location: day for location, day in days.items() if day is not None}


async def _saved(client: NetSuiteClient, locations: Sequence[str], when: str, moment: str) -> dict[int, str]:
    """Transactions that touch these locations, each with when it was last saved."""
    if not locations:
        return {}
    sql = _SAVED.format(locations=_marks(locations), when=when)
    pages = keyset(client, sql, "id", [*locations, moment])
    return {int(row["id"]): row["modified"] async for page in pages for row in page}


def _differing(connection: psycopg.Connection, saved: Mapping[int, str]) -> set[int]:
    """Those of the transactions that are not landed as they were last saved, as far as the time of it can tell."""
    landed = connection.execute(
        """
        select distinct transaction, modified_at from landing.stock_movements
        where transaction = any(%s) and modified_at < (select max(modified_at) - %s from landing.stock_movements)
        """,
        (list(saved), _MAY_BE_SAVED_AGAIN),
    )
    return saved.keys() - {transaction for transaction, modified in landed if _saved_at(saved[transaction]) == modified}


async def _lines(client: NetSuiteClient, estate: Estate, transactions: Collection[int]) -> list[Row]:
    locations, wanted = list(_followed(estate)), sorted(transactions)
    found: list[Row] = []
    for start in range(0, len(wanted), _MOST_VALUES):
        some = wanted[start : start + _MOST_VALUES]
        sql = _LINES.format(locations=_marks(locations), transactions=_marks(some))
        found += [row async for page in keyset(client, sql, "place", [*locations, *some]) for row in page]
    return found


def _replace(
    connection: psycopg.Connection, transactions: Collection[int], lines: Sequence[Row], now: datetime
) -> frozenset[int]:
    """Replaces the lines of these transactions, in the caller's transaction; those that are not as they were."""
    connection.execute("create temporary table if not exists incoming_movements (like landing.stock_movements)")
    connection.execute("truncate incoming_movements")
    rows = (movement_row(row, now) for row in lines)
    copy_rows(connection, "incoming_movements", _MOVEMENT_COLUMNS, rows)
    asked = {"asked": list(transactions)}
    content = ", ".join(_MOVEMENT_COLUMNS[:-2])
    landed = f"select {content} from landing.stock_movements where transaction = any(%(asked)s)"
    changed = connection.execute(
        f"""
        select transaction from (select {content} from incoming_movements except {landed}) news
        union
        select transaction from ({landed} except select {content} from incoming_movements) olds
        """.encode(),
        asked,
    ).fetchall()
    connection.execute("delete from landing.stock_movements where transaction = any(%(asked)s)", asked)
    names = ", ".join(_MOVEMENT_COLUMNS)
    connection.execute(f"insert into landing.stock_movements ({names}) select {names} from incoming_movements".encode())
    moved = frozenset(transaction for (transaction,) in changed)
    touch(connection, moved)
    return moved


def movement_row(row: Row, now: datetime) -> tuple[object, ...]:
    """A line as it is landed. SuiteQL leaves out what is null: a line without a quantity changes values alone, and
    moves nothing. Raises Unreadable.
    """
    return (
        int(row["id"]), int(row["line"]), date.fromisoformat(row["trandate"]), row["type"],
        row.get("tranid") or row["id"], row.get("externalid"), int(row["item"]), int(row["location"]),
        _milli(row.get("quantity", "0")), row.get("source"), row.get("sender"), row.get("receiver"),
        _saved_at(row["modified"]), now,
    )  # fmt: skip


def _saved_at(text: str) -> datetime:
    """As NetSuite shows it, taken as UTC: its time zone is not known, and it is only ever compared with itself."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)


async def _levels_of(client: NetSuiteClient, location: str) -> list[tuple[object, ...]]:
    pages = keyset(client, _LEVELS, "item", [location])
    return [_level_row(location, row) async for page in pages for row in page]


def _level_row(location: str, row: Row) -> tuple[object, ...]:
    on_hand, available = row.get("quantityonhand", "0"), row.get("quantityavailable", "0")
    return int(location), int(row["item"]), _milli(on_hand), _milli(available), row.get("averagecostmli")


def _replace_levels(connection: psycopg.Connection, location: str, rows: Sequence[tuple[object, ...]]) -> int:
    """Replaces what differs, in one commit; how many levels that were."""
    with connection.transaction():
        connection.execute(
            "create temporary table if not exists incoming_stock (like landing.netsuite_levels) on commit delete rows"
        )
        copy_rows(connection, "incoming_stock", _LEVEL_COLUMNS, rows)
        changed = connection.execute(
            """
            insert into landing.netsuite_levels (location, item, on_hand_milli, available_milli, average_cost)
            select i.location, i.item, i.on_hand_milli, i.available_milli, i.average_cost from incoming_stock i
            left join landing.netsuite_levels l on l.location = %s and l.item = i.item
            where (l.on_hand_milli, l.available_milli, l.average_cost)
                is distinct from (i.on_hand_milli, i.available_milli, i.average_cost)
            on conflict (location, item) do update set on_hand_milli = excluded.on_hand_milli,
                available_milli = excluded.available_milli, average_cost = excluded.average_cost
            """,
            [int(location)],
        ).rowcount
        gone = connection.execute(
            "delete from landing.netsuite_levels l where location = %s "
            "and not exists (select from incoming_stock i where i.item = l.item)",
            [int(location)],
        ).rowcount
    return changed + gone


def _milli(text: str) -> int:
    """A quantity in thousandths; NetSuite keeps up to five decimals, and Sitoo three. Raises Unreadable."""
    try:
        milli = Decimal(text).scaleb(3)
    except InvalidOperation:
        milli = Decimal("NaN")
    if not milli.is_finite():
        raise Unreadable("POST suiteql", f"a quantity is {text!r}, not a number")
    return round(milli)


def _move_cursor(connection: psycopg.Connection, source: str, key: str, position: int, now: datetime) -> None:
    connection.execute(
        """
        insert into landing.cursors (source, key, position, moved_at) values (%s, %s, %s, %s)
        on conflict (source, key) do update set position = excluded.position, moved_at = excluded.moved_at
        """,
        (source, key, position, now),
    )


def _marks(values: Collection[object]) -> str:
    return ", ".join("?" * len(values))
