"""The SuiteQL tables kept equal to the account's records.

Belongs here: collecting changed rows and writing them in batches. DuckDB is quick at batches and slow at single rows,
so changes wait here until a query needs them. Does not belong here: what the rows hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from sitoo_netsuite.sandbox.netsuite.suiteql.tables import TABLES, Column, Kind, create_tables

Row = Mapping[str, Any]
Key = tuple[int, ...]
# By table, a key's rows after the change; none when the record is gone.
Batch = Mapping[str, Mapping[Key, Sequence[Row]]]

_ARROW_TYPES = {
    Kind.ID: pa.int64(),
    Kind.TEXT: pa.string(),
    Kind.FLAG: pa.string(),
    Kind.DATE: pa.date32(),
    Kind.DATETIME: pa.timestamp("us"),
    Kind.MONEY: pa.decimal128(18, 4),
    Kind.QUANTITY: pa.decimal128(18, 5),
    Kind.RATE: pa.decimal128(18, 8),
}
_FLAGS = {True: "T", False: "F", None: None}
# The columns that say which record a row belongs to; `id` where a table is not named here.
_KEYS = {
    "transactionline": ("transaction",),
    "transactionaccountingline": ("transaction",),
    "itemprice": ("item",),
    "itemsubsidiarymap": ("item",),
    "itemmember": ("parentitem",),
    "aggregateitemlocation": ("item", "location"),
}


@dataclass(slots=True)
class _Target:
    """One table: its columns, the columns of its key, and the keys it holds rows of."""

    name: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    written: set[Key] = field(default_factory=set)


class Mirror:
    """Collects changed rows and writes them into the SuiteQL tables."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        create_tables(connection)
        self._tables = {
            table.name: _Target(
                table.name,
                {column.name: column for column in table.columns if column.generated is None},
                _KEYS.get(table.name, ("id",)),
            )
            for table in TABLES
            if table.view_of is None
        }
        self._pending: dict[str, dict[Key, Sequence[Row]]] = {name: {} for name in self._tables}

    def put(self, table: str, key: Key, rows: Sequence[Row]) -> None:
        """From now on these are the rows of a record in a table; an empty sequence removes them."""
        self._pending[table][key] = rows

    def take(self) -> Batch:
        """The changes since the last call, for `write`. Belongs to the thread that puts."""
        batch = {name: rows for name, rows in self._pending.items() if rows}
        self._pending = {name: {} for name in self._tables}
        return batch

    def write(self, batch: Batch) -> None:
        """Bring the tables up to date. May run in another thread; one caller at a time, in the order taken."""
        if not batch:
            return
        self._connection.execute("BEGIN")
        for name, changed in batch.items():
            self._write(self._tables[name], changed)
        self._connection.execute("COMMIT")

    def _write(self, table: _Target, changed: Mapping[Key, Sequence[Row]]) -> None:
        stale = [key for key in changed if key in table.written]
        if stale:
            keys = pa.table({column: [key[place] for key in stale] for place, column in enumerate(table.key)})
            self._connection.register("stale_keys", keys)
            match = " AND ".join(f'"{table.name}"."{column}" = stale_keys."{column}"' for column in table.key)
            self._connection.execute(f'DELETE FROM "{table.name}" USING stale_keys WHERE {match}')
            self._connection.unregister("stale_keys")
        rows = [row for of_key in changed.values() for row in of_key]
        if rows:
            self._connection.register("new_rows", _arrow(table.name, table.columns, rows))
            self._connection.execute(f'INSERT INTO "{table.name}" BY NAME SELECT * FROM new_rows')
            self._connection.unregister("new_rows")
        table.written.update(key for key, of_key in changed.items() if of_key)
        table.written.difference_update(key for key, of_key in changed.items() if not of_key)


def _arrow(table: str, columns: Mapping[str, Column], rows: Sequence[Row]) -> pa.Table:
    used = set().union(*rows)
    strange = used - columns.keys()
    if strange:
        raise KeyError(f"{table} has no column {', '.join(sorted(strange))}")
    return pa.table({name: _values(columns[name], rows) for name in columns if name in used})


def _values(column: Column, rows: Sequence[Row]) -> pa.Array:
    name = column.name
    values = [row.get(name) for row in rows]
    if column.kind is Kind.FLAG:
        values = [_FLAGS[value] for value in values]
    elif column.kind is Kind.TEXT:
        values = [value or None for value in values]  # Oracle knows no empty text
    elif column.kind is Kind.DATETIME:
        return pa.array(values, pa.timestamp("us", tz="UTC")).cast(_ARROW_TYPES[column.kind])
    return pa.array(values, _ARROW_TYPES[column.kind])
