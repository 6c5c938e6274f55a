"""SuiteQL over the sandbox's ledger: one query in, typed rows out, or an error; never wrong rows.

Belongs here: running a compiled query on DuckDB and shaping its rows. The way of a query: `grammar` reads it as
Oracle's, `queries` and `expressions` turn it into DuckDB's, with the functions of `functions` where the two differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal

import duckdb

from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError
from sitoo_netsuite.sandbox.netsuite.suiteql.functions import plain_text, register
from sitoo_netsuite.sandbox.netsuite.suiteql.grammar import Parameter, parse
from sitoo_netsuite.sandbox.netsuite.suiteql.masks import date_to_text
from sitoo_netsuite.sandbox.netsuite.suiteql.queries import Queries

# How NetSuite writes a date by default. Its form over REST is not known (reference section 6 says nothing), so it is
# a setting here and our own client asks for TO_CHAR.
DATE_MASK = "FMMM/DD/YYYY"

Cell = str | int | Decimal | date | datetime | None

# What no query may give: a number that has been rounded to a binary fraction, or a type Oracle does not have.
_WRONG_TYPES = ("DOUBLE", "FLOAT", "INTERVAL", "BOOLEAN")


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of a query. `columns` are lower case; `total` counts all rows, also those outside the page."""

    columns: list[str]
    rows: list[tuple[Cell, ...]]
    total: int


class SuiteQL:
    """Runs queries against the tables of `tables.create_tables`, which must be in the connection's database.

    `now` gives the sandbox's time (SYSDATE, shown in UTC). Each query runs in a cursor of its own and sees what is
    committed, so queries may come from several threads.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, now: Callable[[], datetime], date_mask: str = DATE_MASK
    ) -> None:
        register(connection)
        self._connection = connection
        self._now = now
        self._date_mask = date_mask

    def run(self, sql: str, params: Sequence[Parameter] = (), limit: int | None = None, offset: int = 0) -> Result:
        """Rows `offset` to `offset + limit` of a query. Text and number parameters stand for the query's `?`.

        Raises SuiteQLError for a query that is wrong, that is not supported, or that fails on a row (a division by
        zero, a text that is no number).
        """
        queries = Queries(self._now().astimezone(UTC).replace(tzinfo=None), self._date_mask)
        try:
            relation = queries.relation(parse(sql, params), None, {})
        except RecursionError:
            raise SuiteQLError("Invalid or unsupported search: the query is nested too deeply.") from None
        columns = [output.name.lower() for output in relation.outputs]
        repeated = next((name for name in columns if columns.count(name) > 1), None)
        if repeated:
            # A row is a JSON object, which would lose all but one of them.
            raise SuiteQLError(f"Ambiguous column: '{repeated}' is selected twice; give one an alias.")
        first = relation.offset + offset
        most = None if relation.limit is None else max(relation.limit - offset, 0)
        if limit is not None:
            most = limit if most is None else min(most, limit)
        page = f"SELECT {relation.columns('q')} FROM ({relation.sql}) AS q"
        page += f" ORDER BY {relation.order}" if relation.order else ""
        page += f" LIMIT {most}" if most is not None else ""
        page += f" OFFSET {first}" if first else ""
        cursor = self._connection.cursor()
        try:
            cursor.execute(page)
            types = [str(column[1]) for column in cursor.description or []]
            rows = cursor.fetchall()
            if offset == 0 and (limit is None or len(rows) < limit):
                total = len(rows)
            else:
                cursor.execute(f"SELECT COUNT(*) FROM ({relation.rows()})")
                total = int((cursor.fetchone() or (0,))[0])
        except duckdb.Error as error:
            raise SuiteQLError(_reason(error)) from None
        finally:
            cursor.close()
        wrong = next((kind for kind in types if kind.startswith(_WRONG_TYPES)), None)
        if wrong:
            raise SuiteQLError(f"Invalid or unsupported search: an expression gives {wrong}.")
        return Result(columns, [tuple(map(_plain, row)) for row in rows], total)


def to_json_text(value: Cell, date_mask: str = DATE_MASK) -> str | None:
    """A value as SuiteQL's JSON carries it: numbers and dates as text; None means that the key is left out.

    Numbers arrive as strings (reference section 6); a date and a datetime both in the account's date format.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, date):
        day = value if isinstance(value, datetime) else datetime.combine(value, time())
        return date_to_text(day, date_mask)
    text = plain_text(Decimal(value))
    return text.replace(".", "0.", 1) if text.startswith((".", "-.")) else text


def _plain(value: Cell) -> Cell:
    """Oracle has one type for dates; a datetime at midnight is a date."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    return value


def _reason(error: duckdb.Error) -> str:
    """What went wrong on a row: our own words where our function raised, else DuckDB's first line."""
    text = str(error)
    marker = "SuiteQLError: "
    if marker in text:
        return text.split(marker, 1)[1].removeprefix(str(SuiteQLError(""))).splitlines()[0]
    return f"Invalid or unsupported search: {text.splitlines()[0]}"
