"""Names: which column of which source an identifier means.

Belongs here: sources of a FROM, scopes and their nesting, the rule of what may be named in a grouped query. Does not
belong here: SQL of expressions and queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlglot import exp

from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError, refused
from sitoo_netsuite.sandbox.netsuite.suiteql.tables import TABLES, Column, Kind
from sitoo_netsuite.sandbox.netsuite.suiteql.values import Type

TYPES = {
    Kind.ID: Type.NUMBER,
    Kind.TEXT: Type.TEXT,
    Kind.FLAG: Type.TEXT,
    Kind.DATE: Type.DATE,
    Kind.DATETIME: Type.DATE,
    Kind.MONEY: Type.NUMBER,
    Kind.QUANTITY: Type.NUMBER,
    Kind.RATE: Type.NUMBER,
}
_SHOWN_BY = {table.name: table.shows for table in TABLES if table.shows}


def name_of(identifier: exp.Expr) -> str:
    """An identifier as Oracle keeps it: upper case, unless it is quoted."""
    if not isinstance(identifier, exp.Identifier):
        raise refused(f"{identifier.sql('oracle')} as a name")
    return str(identifier.this) if identifier.args.get("quoted") else str(identifier.this).upper()


@dataclass(slots=True)
class Field:
    """A column a source offers. `column` is known only where it comes straight from a record.

    `display` is the SQL of the text that stands for the record a foreign key refers to, once it is asked for.
    """

    sql: str
    type: Type
    column: Column | None = None
    display: str | None = None


@dataclass(slots=True)
class Source:
    """One entry of a FROM.

    `fields` holds None where two columns of a derived table share a name. `row_order` is the SQL of the place a row
    has in an ordered derived table. `displays` are the foreign keys whose shown text (BUILTIN.DF) is asked for.
    """

    name: str
    alias: str
    sql: str
    fields: dict[str, Field | None]
    row_order: str | None = None
    displays: dict[str, Column] = field(default_factory=dict)

    def show(self, name: str) -> None:
        """Have the FROM bring the shown text of a foreign key along; nothing happens for any other column."""
        found = self.fields.get(name)
        if found is not None and found.column is not None and found.column.refers_to in _SHOWN_BY:
            self.displays[found.column.name] = found.column
            found.display = f'{self.alias}."df${found.column.name}"'

    def from_sql(self) -> str:
        """The source as it stands in FROM."""
        if not self.displays:
            return f"{self.sql} AS {self.alias}"
        shown, joins = [], []
        for number, column in enumerate(self.displays.values()):
            target = str(column.refers_to)
            shown.append(f'd{number}."{_SHOWN_BY[target]}" AS "df${column.name}"')
            joins.append(f'LEFT JOIN "{target}" AS d{number} ON d{number}."id" = base."{column.name}"')
        return f"(SELECT base.*, {', '.join(shown)} FROM {self.sql} AS base {' '.join(joins)}) AS {self.alias}"


class Scope:
    """The names one SELECT can use: its sources, then those of the query around it."""

    def __init__(self, parent: Scope | None) -> None:
        self.parent = parent
        self.sources: list[Source] = []
        self.rownum: str | None = None
        # SQL of the GROUP BY expressions while a grouped part is compiled; None where rows are meant.
        self.group_keys: frozenset[str] | None = None
        self.allows_aggregates = False
        self.allows_windows = False

    def add(self, source: Source) -> None:
        """Add a source of the FROM. Raises SuiteQLError when its name is taken."""
        if any(source.name == other.name for other in self.sources):
            raise SuiteQLError(f"Ambiguous name: '{source.name.lower()}' stands twice in FROM; give it an alias.")
        self.sources.append(source)

    def find(self, table: str | None, name: str) -> Field:
        """The column of a name, in this scope or one around it.

        Raises SuiteQLError when it is unknown, ambiguous, or may not stand in a grouped query.
        """
        scope: Scope | None = self
        while scope is not None:
            named = [source for source in scope.sources if table in (None, source.name)]
            found = [source.fields[name] for source in named if name in source.fields]
            if found:
                column = found[0]
                if len(found) > 1 or column is None:
                    raise SuiteQLError(f"Ambiguous column: '{name.lower()}' stands in several places; name the record.")
                if scope.group_keys is not None and column.sql not in scope.group_keys:
                    raise SuiteQLError(f"'{name.lower()}' is not a GROUP BY expression, nor inside an aggregate.")
                return column
            if table is not None and named:
                break
            scope = scope.parent
        record = f" for record '{table.lower()}'" if table else ""
        raise SuiteQLError(f"Field '{name.lower()}'{record} was not found. Reason: NOT_EXISTS - Field doesn't exist.")

    @contextmanager
    def allowing(
        self, *, aggregates: bool = False, windows: bool = False, group_keys: frozenset[str] | None = None
    ) -> Iterator[None]:
        """Within: whether aggregates and analytic functions may stand, and what grouped columns may be named."""
        before = self.allows_aggregates, self.allows_windows, self.group_keys
        self.allows_aggregates, self.allows_windows, self.group_keys = aggregates, windows, group_keys
        try:
            yield
        finally:
            self.allows_aggregates, self.allows_windows, self.group_keys = before
