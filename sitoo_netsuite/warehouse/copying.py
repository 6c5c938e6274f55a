"""Rows in by COPY.

Belongs here: moving rows into PostgreSQL. Does not belong here: what the rows mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from psycopg import Connection, sql

# What stands for itself nowhere in PostgreSQL's text format.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_LINES = 5000


def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Appends `rows` to `table` (`schema.table`, or the bare name of a temporary one) by COPY; how many they were.

    `rows` may be a generator: it is read as it is sent, so no more than a row is held. A row's values are in the order
    of `columns`; None is null.
    """
    with connection.cursor() as cursor:
        with cursor.copy(_statement(table, columns)) as copy:
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


def copy_lines(connection: Connection, table: str, columns: Sequence[str], lines: Iterable[str]) -> int:
    """As `copy_rows`, for millions of rows: each is a line of PostgreSQL's text format already, its values told apart
    by tabs, its texts made by `copied`.
    """
    with connection.cursor() as cursor:
        with cursor.copy(_statement(table, columns)) as copy:
            some = iter(lines)
            while part := "".join(islice(some, _LINES)):
                copy.write(part)
        return cursor.rowcount


def copied(text: str) -> str:
    """A text as a value of a line for `copy_lines`."""
    return text.translate(_ESCAPES)


def stands_for_itself(text: str) -> bool:
    """Whether `copied` leaves a text as it is: asked of many at once, it is cheaper than making each."""
    return not any(chr(character) in text for character in _ESCAPES)


def _statement(table: str, columns: Sequence[str]) -> sql.Composed:
    return sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
