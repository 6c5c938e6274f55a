"""Rows in by COPY.

Belongs here: moving rows into PostgreSQL. Does not belong here: what the rows mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from psycopg import Connection, sql


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
