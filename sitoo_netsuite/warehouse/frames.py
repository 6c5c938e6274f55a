"""Rows in by COPY, and DataFrames out with exact integer types.

Belongs here: moving rows between Python and PostgreSQL. Does not belong here: what the rows mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import pandas as pd
from psycopg import Connection, sql
from psycopg.abc import QueryNoTemplate

_INTEGERS = {20, 21, 23}  # type oids of bigint, smallint, integer
_NUMERIC = 1700
_BOOLEAN = 16
_INSTANT = 1184  # timestamptz


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Appends `rows` to `table` (`schema.table`, or the bare name of a temporary one) by COPY; how many they were.

    `rows` may be a generator: it is read as it is sent, so no more than a row is held. A row's values are in the order
    of `columns`; None is null.
    """
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


def read_frame(
    connection: Connection, query: QueryNoTemplate, parameters: Sequence[object] | dict[str, object] | None = None
) -> pd.DataFrame:
    """The answer of a query, one column per selected one, with types that do not depend on the values found.

    Whole numbers are int64, or Int64 where a null stands among them; a `numeric` (what PostgreSQL makes of a sum of
    bigint) is taken as a whole number too. Instants are datetime64[us, UTC]; dates, text and JSON stay Python objects.
    Raises ValueError for a `numeric` with a fraction: money is counted in minor units, so a query that makes one is
    wrong.
    """
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        if cursor.description is None:
            raise ValueError("the statement answers no rows")
        described = [(column.name, column.type_code) for column in cursor.description]
        rows = cursor.fetchall()
    values: Iterable[tuple[Any, ...]] = zip(*rows, strict=True) if rows else [() for _ in described]
    return pd.DataFrame({name: _column(name, oid, found) for (name, oid), found in zip(described, values, strict=True)})


def _column(name: str, oid: int, values: tuple[Any, ...]) -> pd.Series[Any]:
    if oid == _NUMERIC:
        values = tuple(None if value is None else _whole(name, value) for value in values)
    if oid in _INTEGERS or oid == _NUMERIC:
        return pd.Series(values, dtype="Int64" if None in values else "int64")
    if oid == _BOOLEAN:
        return pd.Series(values, dtype="boolean" if None in values else "bool")
    if oid == _INSTANT:
        return pd.Series(pd.to_datetime(list(values), utc=True)).dt.as_unit("us")
    return pd.Series(values, dtype="object")


def _whole(name: str, value: Decimal) -> int:
    if value != value.to_integral_value():
        raise ValueError(f"column {name!r} holds {value}, which is not a whole number")
    return int(value)
