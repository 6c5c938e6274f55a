"""Queries: SELECT, set operations, WITH; from Oracle's syntax tree to DuckDB's SQL.

Belongs here: FROM and joins, ROWNUM, grouping, select lists, ordering, row limits. Does not belong here: what stands
inside an expression. Every compiled query names its columns "c1", "c2", ... so that no name of the query can mean
anything to DuckDB.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import count

from sqlglot import exp

from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError, refused
from sitoo_netsuite.sandbox.netsuite.suiteql.expressions import (
    AGGREGATES,
    Expressions,
    direction,
    function_name,
    is_display,
    is_rownum,
    only,
)
from sitoo_netsuite.sandbox.netsuite.suiteql.scope import TYPES, Field, Scope, Source, name_of
from sitoo_netsuite.sandbox.netsuite.suiteql.tables import TABLES
from sitoo_netsuite.sandbox.netsuite.suiteql.values import Type, Value, as_type, common_type

_TABLES = {table.name.upper(): table for table in TABLES}


@dataclass(frozen=True, slots=True)
class Output:
    """One column of a query: its name as Oracle keeps it, its type, and whether the query itself gave it a name."""

    name: str
    type: Type
    has_name: bool = True


@dataclass(frozen=True, slots=True)
class Relation:
    """A compiled query. `sql` gives "c1", "c2", ... and, unordered, the sort keys that `order` names."""

    sql: str
    outputs: tuple[Output, ...]
    order: str = ""
    limit: int | None = None
    offset: int = 0

    def columns(self, alias: str) -> str:
        """The columns without the sort keys."""
        return ", ".join(f'{alias}."c{place}"' for place in range(1, len(self.outputs) + 1))

    def rows(self) -> str:
        """SQL of the rows, ordered and limited as the query says."""
        return f"SELECT {self.columns('q')} FROM ({self.sql}) AS q{self._tail()}"

    def derived(self) -> str:
        """SQL of the rows for a FROM, with each row's place as "$row" when the query is ordered."""
        if not self.order:
            return self.rows()
        place = f'ROW_NUMBER() OVER (ORDER BY {self.order}) AS "$row"'
        return f"SELECT {self.columns('q')}, {place} FROM ({self.sql}) AS q{self._tail()}"

    def _tail(self) -> str:
        tail = f" ORDER BY {self.order}" if self.order else ""
        tail += f" LIMIT {self.limit}" if self.limit is not None else ""
        return tail + (f" OFFSET {self.offset}" if self.offset else "")


class Queries:
    """Compiles one query and all that it holds."""

    def __init__(self, now: datetime, date_mask: str) -> None:
        self._now = now
        self._date_mask = date_mask
        self._numbers = count(1)

    def relation(self, node: exp.Expr, parent: Scope | None, named: Mapping[str, Relation]) -> Relation:
        """The compiled query. `named` are the WITH queries it can see, `parent` the names of the query around it.

        Raises SuiteQLError for whatever is wrong or not supported.
        """
        if isinstance(node, exp.Subquery):
            only(node, "this")
            return self.relation(node.this, parent, named)
        if not isinstance(node, exp.Select | exp.Union | exp.Except | exp.Intersect):
            raise refused(f"{type(node).__name__.upper()} as a query")
        named = self._with(node, named)
        if isinstance(node, exp.Select):
            return _Select(self, node, parent, named).relation()
        return self._set_operation(node, parent, named)

    def expressions(self, scope: Scope, named: Mapping[str, Relation]) -> Expressions:
        """The compiler of the expressions of a scope."""

        def subquery(node: exp.Expr, around: Scope) -> tuple[str, list[Value]]:
            relation = self.relation(node, around, named)
            return relation.rows(), [Value("", output.type) for output in relation.outputs]

        return Expressions(scope, self._now, self._date_mask, subquery)

    def alias(self) -> str:
        """A name that no other source of this statement has."""
        return f"s{next(self._numbers)}"

    def _with(self, node: exp.Query, named: Mapping[str, Relation]) -> Mapping[str, Relation]:
        clause = node.args.get("with_")
        if clause is None:
            return named
        only(clause, "expressions")
        found = dict(named)
        for entry in clause.expressions:
            only(entry, "this", "alias")
            alias = entry.args["alias"]
            only(alias, "this", "columns")
            relation = self.relation(entry.this, None, found)
            names = [name_of(column) for column in alias.args.get("columns") or []]
            if names and len(names) != len(relation.outputs):
                raise SuiteQLError("WITH: the number of columns named differs from the number selected.")
            if names:
                outputs = (Output(name, output.type) for name, output in zip(names, relation.outputs, strict=True))
                relation = replace(relation, outputs=tuple(outputs))
            found[name_of(alias.this)] = relation
        return found

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None, named: Mapping[str, Relation]) -> Relation:
        only(node, "this", "expression", "distinct", "with_", "order", "limit", "offset")
        left = self.relation(node.this, parent, named)
        right = self.relation(node.expression, parent, named)
        if len(left.outputs) != len(right.outputs):
            raise SuiteQLError("query blocks of a set operation have different numbers of columns.")
        outputs = []
        for name, other in zip(left.outputs, right.outputs, strict=True):
            types = [Value("", output.type) for output in (name, other)]
            outputs.append(replace(name, type=common_type(types, "a set operation")))
        word = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}[type(node)]
        if not node.args.get("distinct"):
            if word != "UNION":
                raise refused(f"{word} ALL")
            word = "UNION ALL"
        sql = f" {word} ".join(
            f"SELECT {_converted(relation.outputs, outputs)} FROM ({relation.rows()}) AS q"
            for relation in (left, right)
        )
        order = []
        for entry in node.args["order"].expressions if node.args.get("order") else []:
            only(entry, "this", "desc", "nulls_first")
            named_place = place_of(entry.this, outputs)
            if named_place is None:
                raise SuiteQLError("ORDER BY of a set operation names a column of its result, or a place.")
            order.append(f'q."c{named_place}" {direction(entry)}')
        limit, offset = row_limit(node)
        return Relation(sql, tuple(outputs), ", ".join(order), limit, offset)


def _converted(outputs: Sequence[Output], wanted: Sequence[Output]) -> str:
    """The columns of q in the types of a set operation's result."""
    values = (Value(f'q."c{place}"', output.type) for place, output in enumerate(outputs, 1))
    typed = (as_type(value, output.type) for value, output in zip(values, wanted, strict=True))
    return ", ".join(f'{value.sql} AS "c{place}"' for place, value in enumerate(typed, 1))


class _Select:
    """One SELECT on its way to a Relation."""

    def __init__(self, queries: Queries, node: exp.Select, parent: Scope | None, named: Mapping[str, Relation]) -> None:
        only(
            node, "expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit", "offset",
            "with_",
        )  # fmt: skip
        if node.args.get("distinct"):
            only(node.args["distinct"])
        if not node.args.get("from_"):
            raise SuiteQLError("Invalid or unsupported search: FROM is missing.")
        self._queries = queries
        self._node = node
        self._named = named
        self._scope = Scope(parent)
        self._expressions = queries.expressions(self._scope, named)
        self._outputs: list[Output] = []
        self._selected: list[str] = []

    def relation(self) -> Relation:
        node, scope = self._node, self._scope
        body, row_order = self._rows()
        keys = self._group_keys()
        is_grouped = keys is not None
        with scope.allowing(aggregates=is_grouped, windows=True, group_keys=keys):
            for entry in node.expressions:
                self._select(entry)
            sort = self._sort_keys()
        if is_grouped and keys:
            body += f" GROUP BY {', '.join(sorted(keys))}"
        if node.args.get("having"):
            with scope.allowing(aggregates=True, group_keys=keys):
                body += f" HAVING {self._expressions.condition(node.args['having'].this)}"
        if not sort and row_order and not is_grouped and not node.args.get("distinct"):
            sort = [(row_order, "ASC")]
        distinct = "DISTINCT " if node.args.get("distinct") else ""
        columns = [f'{sql} AS "c{place}"' for place, sql in enumerate(self._selected, 1)]
        order = []
        for sql, way in sort:
            if sql in self._selected:
                order.append(f'q."c{self._selected.index(sql) + 1}" {way}')
            elif distinct:
                raise SuiteQLError("ORDER BY with SELECT DISTINCT names a selected expression.")
            else:
                columns.append(f'{sql} AS "k{len(order) + 1}"')
                order.append(f'q."k{len(order) + 1}" {way}')
        limit, offset = row_limit(node)
        return Relation(
            f"SELECT {distinct}{', '.join(columns)} FROM {body}", tuple(self._outputs), ", ".join(order), limit, offset
        )

    # Rows: FROM, WHERE, ROWNUM

    def _rows(self) -> tuple[str, str | None]:
        """FROM and WHERE, and the SQL of the rows' order where they come from one ordered query."""
        node, scope = self._node, self._scope
        parts = self._from()
        for display in node.find_all(exp.Dot):
            if is_display(display) and isinstance(display.expression.expressions[0], exp.Column):
                self._show(display.expression.expressions[0])
        body = "".join(part if isinstance(part, str) else part.from_sql() for part in parts)
        conditions, limit = self._where()
        if conditions:
            body += f" WHERE {' AND '.join(conditions)}"
        row_order = scope.sources[0].row_order if len(scope.sources) == 1 else None
        if limit is None and not _uses_rownum(node):
            return body, row_order
        return self._numbered(body, row_order, limit), scope.rownum if row_order else None

    def _from(self) -> list[str | Source]:
        node, scope = self._node, self._scope
        only(node.args["from_"], "this")
        parts: list[str | Source] = [self._source(node.args["from_"].this)]
        first_of_group = 0
        for join in node.args.get("joins") or []:
            only(join, "this", "side", "kind", "on")
            words = (join.side.upper(), join.kind.upper())
            if words not in _JOINS:
                raise refused(f"{' '.join(words).strip()} JOIN")
            condition = join.args.get("on")
            if condition is None and words == ("", ""):
                first_of_group = len(scope.sources)
                parts += [", ", self._source(join.this)]
                continue
            parts += [f" {_JOINS[words]} ", self._source(join.this)]
            if condition is not None:
                # An ON sees its own chain of joins, not what stands before the last comma.
                hidden, scope.sources = scope.sources[:first_of_group], scope.sources[first_of_group:]
                parts.append(f" ON {self._expressions.condition(condition)}")
                scope.sources = hidden + scope.sources
        return parts

    def _source(self, node: exp.Expr) -> Source:
        alias = self._queries.alias()
        if isinstance(node, exp.Subquery):
            only(node, "this", "alias")
            if isinstance(node.this, exp.Table):
                raise refused("a record in parentheses")
            relation = self._queries.relation(node.this, None, self._named)
            source = _derived(_alias_of(node) or alias, alias, relation)
        elif isinstance(node, exp.Table):
            only(node, "this", "alias")
            name = name_of(node.this)
            label = _alias_of(node) or name
            if name in self._named:
                source = _derived(label, alias, self._named[name])
            elif name == "DUAL":
                dummy: dict[str, Field | None] = {"DUMMY": Field(f'{alias}."dummy"', Type.TEXT)}
                source = Source(label, alias, "(SELECT 'X' AS \"dummy\")", dummy)
            else:
                source = _record(label, alias, name)
        else:
            raise refused(f"{type(node).__name__.upper()} in FROM")
        self._scope.add(source)
        return source

    def _show(self, column: exp.Column) -> None:
        table = name_of(column.args["table"]) if column.args.get("table") else None
        for source in self._scope.sources:
            if table in (None, source.name):
                source.show(column.name.upper())

    def _where(self) -> tuple[list[str], int | None]:
        """The conditions of WHERE, and how many rows ROWNUM lets through (None: all)."""
        conditions, limit = [], None
        clause = self._node.args.get("where")
        for part in _conjuncts(clause.this) if clause else []:
            most = _rownum_limit(part)
            if most is None:
                conditions.append(self._expressions.condition(part))
            else:
                limit = most if limit is None else min(limit, most)
        return conditions, limit

    def _numbered(self, body: str, row_order: str | None, limit: int | None) -> str:
        """The rows as a table of their own with ROWNUM, which counts what WHERE lets through, before any sorting."""
        alias = self._queries.alias()
        columns: list[str] = []
        for source in self._scope.sources:
            for found in source.fields.values():
                if found is None:
                    continue
                columns.append(f'{found.sql} AS "r{len(columns) + 1}"')
                found.sql = f'{alias}."r{len(columns)}"'
                if found.display:
                    columns.append(f'{found.display} AS "r{len(columns) + 1}"')
                    found.display = f'{alias}."r{len(columns)}"'
        self._scope.rownum = f'{alias}."$rownum"'
        window = f"ORDER BY {row_order}" if row_order else ""
        columns.append(f'ROW_NUMBER() OVER ({window}) AS "$rownum"')
        tail = f" ORDER BY {row_order}" if row_order else ""
        tail += f" LIMIT {limit}" if limit is not None else ""
        return f"(SELECT {', '.join(columns)} FROM {body}{tail}) AS {alias}"

    # Groups, columns, order

    def _group_keys(self) -> frozenset[str] | None:
        """SQL of the GROUP BY expressions; empty for one group of all rows, None for a query that is not grouped."""
        node = self._node
        if node.args.get("group"):
            only(node.args["group"], "expressions")
            values = [self._expressions.value(entry) for entry in node.args["group"].expressions]
            if any(value.is_constant for value in values):
                raise refused("GROUP BY of a constant")
            return frozenset(value.sql for value in values)
        entries = [*node.expressions, *(node.args["order"].expressions if node.args.get("order") else [])]
        if node.args.get("having") or any(_has_aggregate(entry) for entry in entries):
            return frozenset()
        return None

    def _select(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
            self._select_star(node)
            return
        has_name = True
        if isinstance(node, exp.Alias):
            only(node, "this", "alias")
            name, node = name_of(node.args["alias"]), node.this
        elif isinstance(node, exp.Column):
            name = name_of(node.this)
        else:
            unnamed = sum(not output.has_name for output in self._outputs)
            name, has_name = f"EXPR{unnamed + 1}", False
        value = self._expressions.value(node)
        self._outputs.append(Output(name, value.type, has_name))
        self._selected.append(value.sql)

    def _select_star(self, node: exp.Expr) -> None:
        if isinstance(node, exp.Star):
            only(node)
            sources = self._scope.sources
        else:
            only(node, "this", "table")
            only(node.this)
            wanted = name_of(node.args["table"])
            sources = [source for source in self._scope.sources if source.name == wanted]
            if not sources:
                raise SuiteQLError(f"Record '{wanted.lower()}' was not found.")
        for source in sources:
            for name, found in source.fields.items():
                if found is None:
                    raise SuiteQLError(f"Ambiguous column: '{name.lower()}' stands twice in '{source.name.lower()}'.")
                if self._scope.group_keys is not None and found.sql not in self._scope.group_keys:
                    raise SuiteQLError(f"'{name.lower()}' is not a GROUP BY expression, nor inside an aggregate.")
                self._outputs.append(Output(name, found.type))
                self._selected.append(found.sql)

    def _sort_keys(self) -> list[tuple[str, str]]:
        keys = []
        for entry in self._node.args["order"].expressions if self._node.args.get("order") else []:
            only(entry, "this", "desc", "nulls_first")
            place = place_of(entry.this, self._outputs)
            if place is None:
                self._check_aliases(entry.this)
            sql = self._selected[place - 1] if place else self._expressions.value(entry.this).sql
            keys.append((sql, direction(entry)))
        return keys

    def _check_aliases(self, node: exp.Expr) -> None:
        """Inside an ORDER BY expression Oracle prefers an alias to a column; here only columns are known."""
        for inner in _inside(node):
            if isinstance(inner, exp.Column) and not inner.args.get("table") and not is_rownum(inner):
                place = place_of(inner, self._outputs)
                if place is not None and self._selected[place - 1] != self._expressions.field(inner).sql:
                    raise refused(f"the alias '{inner.name.lower()}' inside an ORDER BY expression")


_JOINS = {
    ("", ""): "JOIN",
    ("", "INNER"): "JOIN",
    ("", "CROSS"): "CROSS JOIN",
    ("LEFT", ""): "LEFT JOIN",
    ("LEFT", "OUTER"): "LEFT JOIN",
    ("RIGHT", ""): "RIGHT JOIN",
    ("RIGHT", "OUTER"): "RIGHT JOIN",
    ("FULL", ""): "FULL JOIN",
    ("FULL", "OUTER"): "FULL JOIN",
}


def _alias_of(node: exp.Expr) -> str | None:
    alias = node.args.get("alias")
    if alias is None:
        return None
    only(alias, "this")
    return name_of(alias.this)


def _record(label: str, alias: str, name: str) -> Source:
    table = _TABLES.get(name)
    if table is None:
        raise SuiteQLError(f"Record '{name.lower()}' was not found.")
    fields: dict[str, Field | None] = {
        column.name.upper(): Field(f'{alias}."{column.name}"', TYPES[column.kind], column) for column in table.columns
    }
    return Source(label, alias, f'"{table.name}"', fields)


def _derived(label: str, alias: str, relation: Relation) -> Source:
    fields: dict[str, Field | None] = {}
    for place, output in enumerate(relation.outputs, 1):
        fields[output.name] = None if output.name in fields else Field(f'{alias}."c{place}"', output.type)
    row_order = f'{alias}."$row"' if relation.order else None
    return Source(label, alias, f"({relation.derived()})", fields, row_order)


def place_of(node: exp.Expr, outputs: list[Output]) -> int | None:
    """Place (from 1) of the column an ORDER BY entry names by number or by name; None when it is an expression."""
    if isinstance(node, exp.Literal) and not node.is_string:
        if not node.name.isdigit() or not 1 <= int(node.name) <= len(outputs):
            raise SuiteQLError(f"ORDER BY item {node.name} must be the number of a SELECT-list expression.")
        return int(node.name)
    if isinstance(node, exp.Column) and not node.args.get("table") and isinstance(node.this, exp.Identifier):
        wanted = name_of(node.this)
        places = [place for place, output in enumerate(outputs, 1) if output.has_name and output.name == wanted]
        if len(places) > 1:
            raise SuiteQLError(f"Ambiguous column: '{wanted.lower()}' stands twice in the SELECT list.")
        return places[0] if places else None
    return None


def row_limit(node: exp.Expr) -> tuple[int | None, int]:
    """FETCH FIRST n ROWS ONLY and OFFSET n ROWS: how many rows at most (None: all), and how many to leave out."""
    fetch, offset = node.args.get("limit"), node.args.get("offset")
    limit, skipped = None, 0
    if fetch is not None:
        if not isinstance(fetch, exp.Fetch):
            raise refused("LIMIT")
        only(fetch, "direction", "count", "limit_options")
        options = fetch.args.get("limit_options")
        if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
            raise refused("FETCH with PERCENT or WITH TIES")
        limit = _row_count(fetch.args["count"]) if fetch.args.get("count") else 1
    if offset is not None:
        only(offset, "this", "expression")
        skipped = _row_count(offset.expression)
    return limit, skipped


def _row_count(node: exp.Expr) -> int:
    node = node.unnest()
    if not isinstance(node, exp.Literal) or not node.name.isdigit():
        raise refused("a row limit that is not a whole number")
    return int(node.name)


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.And):
        only(node, "this", "expression")
        return [*_conjuncts(node.this), *_conjuncts(node.expression)]
    return _conjuncts(node.this) if isinstance(node, exp.Paren) else [node]


def _inside(node: exp.Expr) -> list[exp.Expr]:
    """The node and what it holds, without going into queries inside it."""
    found, waiting = [], [node]
    while waiting:
        current = waiting.pop()
        found.append(current)
        waiting += [child for child in current.iter_expressions() if not isinstance(child, exp.Query)]
    return found


def _uses_rownum(node: exp.Select) -> bool:
    parts = [*node.expressions, *(node.args.get(part) for part in ("group", "having", "order"))]
    return any(is_rownum(inner) for part in parts if part is not None for inner in _inside(part))


def _has_aggregate(node: exp.Expr) -> bool:
    return any(
        function_name(inner) in AGGREGATES and not (isinstance(inner.parent, exp.Window) and inner.arg_key == "this")
        for inner in _inside(node)
    )


_MIRRORED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE, exp.EQ: exp.EQ,
}  # fmt: skip


def _rownum_limit(node: exp.Expr) -> int | None:
    """How many rows a condition on ROWNUM lets through; None when the condition is about something else.

    ROWNUM counts the rows that pass, so a condition the first row fails lets none through. A number far beyond any
    table stands for "all".
    """
    everything = 2**62
    if isinstance(node, exp.Between) and is_rownum(node.this):
        only(node, "this", "low", "high")
        low, high = _constant(node.args["low"]), _constant(node.args["high"])
        return max(int(high.to_integral_value(ROUND_FLOOR)), 0) if low <= 1 else 0
    kind, left, right = type(node), node.this, node.args.get("expression")
    if is_rownum(right) and kind in _MIRRORED:
        kind, left, right = _MIRRORED[kind], right, left
    if kind not in _MIRRORED or not is_rownum(left) or right is None:
        return None
    bound = _constant(right)
    if kind is exp.LTE:
        return max(int(bound.to_integral_value(ROUND_FLOOR)), 0)
    if kind is exp.LT:
        return max(int(bound.to_integral_value(ROUND_CEILING)) - 1, 0)
    if kind is exp.EQ:
        return 1 if bound == 1 else 0
    lets_first_through = bound <= 1 if kind is exp.GTE else bound < 1
    return everything if lets_first_through else 0


def _constant(node: exp.Expr) -> Decimal:
    node = node.unnest()
    if not isinstance(node, exp.Literal) or not node.name.replace(".", "", 1).isdigit():
        raise refused("ROWNUM compared with anything but a number")
    return Decimal(node.name)
