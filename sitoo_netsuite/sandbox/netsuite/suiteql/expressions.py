"""Expressions and conditions: Oracle's syntax tree in, DuckDB's SQL with a type out.

Belongs here: every kind of node that may stand inside a query. A kind that is not listed in a table below is refused
by name, and so is any part of a node that its handler does not read: what is not understood is never answered.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlglot import exp

from sitoo_netsuite.sandbox.netsuite.suiteql.calls import call, concatenation
from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError, refused
from sitoo_netsuite.sandbox.netsuite.suiteql.functions import NUMBER
from sitoo_netsuite.sandbox.netsuite.suiteql.masks import text_to_date
from sitoo_netsuite.sandbox.netsuite.suiteql.scope import Field, Scope, name_of
from sitoo_netsuite.sandbox.netsuite.suiteql.tables import Kind, case_of
from sitoo_netsuite.sandbox.netsuite.suiteql.values import (
    NULL,
    Type,
    Value,
    as_type,
    common_type,
    comparable,
    empty_is_null,
    moment,
    number,
    number_literal,
    text,
    text_literal,
)

AGGREGATES = frozenset(["COUNT", "SUM", "AVG", "MIN", "MAX", "LISTAGG"])
_RANKINGS = frozenset(["ROW_NUMBER", "RANK", "DENSE_RANK"])
_NEIGHBOURS = frozenset(["LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE"])
_LONGEST_IN_LIST = 1000  # ORA-01795

# A query inside an expression: gives its SQL and the value its one column has.
Subquery = Callable[[exp.Expr, Scope], tuple[str, list[Value]]]


def only(node: exp.Expr, *parts: str) -> None:
    """Raises SuiteQLError when a node holds any part but these."""
    for part, content in node.args.items():
        if content and part not in parts:
            raise refused(f"{part.strip('_').replace('_', ' ').upper()} in {type(node).__name__.upper()}")


def _called(node: exp.Expr) -> str:
    """What an error calls a node."""
    return function_name(node) or type(node).__name__.upper()


def is_rownum(node: exp.Expr | None) -> bool:
    """Whether a node is ROWNUM."""
    return isinstance(node, exp.Column) and node.name.upper() == "ROWNUM" and not node.args.get("table")


def function_name(node: exp.Expr) -> str | None:
    """Upper-case name of a plain function call, None for any other node."""
    return str(node.this).upper() if isinstance(node, exp.Anonymous) else None


def is_display(node: exp.Expr) -> bool:
    """Whether a node is BUILTIN.DF(...)."""
    return (
        isinstance(node, exp.Dot)
        and node.this.name.upper() == "BUILTIN"
        and function_name(node.expression) == "DF"
        and len(node.expression.expressions) == 1
    )


class Expressions:
    """Compiles the expressions of one SELECT in its scope."""

    def __init__(self, scope: Scope, now: datetime, date_mask: str, subquery: Subquery) -> None:
        self._scope = scope
        self._now = now
        self._date_mask = date_mask
        self._subquery = subquery
        self._values: dict[type[exp.Expr], Callable[..., Value]] = {
            exp.Column: self._column,
            exp.Literal: self._literal,
            exp.Null: lambda _: NULL,
            exp.Paren: self._paren,
            exp.Neg: self._negative,
            exp.Add: self._sum,
            exp.Sub: self._difference,
            exp.Mul: self._product,
            exp.Div: self._quotient,
            exp.DPipe: self._concatenation,
            exp.Case: self._case,
            exp.Cast: self._cast,
            exp.Trim: self._trim,
            exp.Extract: self._extract,
            exp.Anonymous: self._call,
            exp.WithinGroup: self._listagg,
            exp.Window: self._window,
            exp.Dot: self._builtin,
            exp.DateStrToDate: self._date_literal,
            exp.CurrentTimestamp: self._sysdate,
            exp.Subquery: self._scalar_subquery,
        }
        self._conditions: dict[type[exp.Expr], Callable[..., str]] = {
            exp.And: lambda node: self._joined(node, "AND"),
            exp.Or: lambda node: self._joined(node, "OR"),
            exp.Not: self._not,
            exp.Paren: lambda node: self.condition(node.this),
            exp.EQ: lambda node: self._comparison(node, "="),
            exp.NEQ: lambda node: self._comparison(node, "<>"),
            exp.LT: lambda node: self._comparison(node, "<"),
            exp.LTE: lambda node: self._comparison(node, "<="),
            exp.GT: lambda node: self._comparison(node, ">"),
            exp.GTE: lambda node: self._comparison(node, ">="),
            exp.Is: self._is_null,
            exp.In: self._in,
            exp.Between: self._between,
            exp.Like: lambda node: self._like(node, None),
            exp.Escape: self._like_with_escape,
            exp.Exists: self._exists,
        }

    def value(self, node: exp.Expr) -> Value:
        """An expression that gives a value. In a grouped query, one of the GROUP BY expressions counts as a whole."""
        if self._scope.group_keys is not None and not isinstance(node, exp.Column | exp.Literal):
            grouped = self._as_group_key(node, self._scope.group_keys)
            if grouped is not None:
                return grouped
        handler = self._values.get(type(node))
        if handler is None:
            raise refused(f"{_called(node)} as a value")
        return handler(node)

    def condition(self, node: exp.Expr) -> str:
        """A condition (WHERE, ON, HAVING, WHEN), as SQL in parentheses."""
        handler = self._conditions.get(type(node))
        if handler is None:
            raise refused(f"{_called(node)} as a condition")
        return f"({handler(node)})"

    def ordering(self, node: exp.Expr) -> str:
        """One ORDER BY entry inside an analytic function or LISTAGG."""
        only(node, "this", "desc", "nulls_first")
        return f"{self.value(node.this).sql} {direction(node)}"

    def _as_group_key(self, node: exp.Expr, keys: frozenset[str]) -> Value | None:
        with self._scope.allowing():
            try:
                handler = self._values.get(type(node))
                value = handler(node) if handler else None
            except SuiteQLError:
                return None  # Not an expression over rows; what is wrong with it, if anything, is told later.
        return value if value and value.sql in keys else None

    # Names and constants

    def field(self, node: exp.Column) -> Field:
        """The column a name means."""
        if node.args.get("join_mark"):
            raise refused("the join operator (+)")
        only(node, "this", "table")
        if isinstance(node.this, exp.Star):
            raise refused("* inside an expression")
        table = name_of(node.args["table"]) if node.args.get("table") else None
        return self._scope.find(table, name_of(node.this))

    def _column(self, node: exp.Column) -> Value:
        if is_rownum(node):
            if self._scope.rownum is None:
                raise refused("ROWNUM here")
            if self._scope.group_keys is not None:
                raise SuiteQLError("'rownum' is not a GROUP BY expression, nor inside an aggregate.")
            return Value(self._scope.rownum, Type.NUMBER)
        found = self.field(node)
        return Value(found.sql, found.type)

    def _literal(self, node: exp.Literal) -> Value:
        return text_literal(node.name) if node.is_string else number_literal(node.name)

    def _date_literal(self, node: exp.DateStrToDate) -> Value:
        only(node, "this")
        day = text_to_date(node.name, "YYYY-MM-DD")
        return Value(f"CAST('{day:%Y-%m-%d}' AS TIMESTAMP)", Type.DATE, is_constant=True)

    def _sysdate(self, node: exp.CurrentTimestamp) -> Value:
        if not node.args.get("sysdate"):
            raise refused("CURRENT_TIMESTAMP")
        only(node, "sysdate")
        return Value(f"CAST('{self._now:%Y-%m-%d %H:%M:%S}' AS TIMESTAMP)", Type.DATE, is_constant=True)

    # Arithmetic and text

    def _paren(self, node: exp.Paren) -> Value:
        only(node, "this")
        return self.value(node.this)

    def _negative(self, node: exp.Neg) -> Value:
        value = as_type(self.value(node.this), Type.NUMBER)
        return Value(f"(-({value.sql}))", Type.NUMBER, is_constant=value.is_constant)

    def _operands(self, node: exp.Binary) -> tuple[Value, Value]:
        only(node, "this", "expression", "typed", "safe")
        return self.value(node.this), self.value(node.expression)

    def _sum(self, node: exp.Add) -> Value:
        left, right = self._operands(node)
        if left.type is Type.DATE:
            return _days_later(left, right, "+")
        if right.type is Type.DATE:
            return _days_later(right, left, "+")
        return Value(f"({as_type(left, Type.NUMBER).sql} + {as_type(right, Type.NUMBER).sql})", Type.NUMBER)

    def _difference(self, node: exp.Sub) -> Value:
        left, right = self._operands(node)
        if left.type is Type.DATE and right.type is Type.DATE:
            seconds = Value(f"date_diff('second', {moment(right)}, {moment(left)})", Type.NUMBER)
            return _quotient(seconds, Value("86400", Type.NUMBER))
        if left.type is Type.DATE:
            return _days_later(left, right, "-")
        return Value(f"({as_type(left, Type.NUMBER).sql} - {as_type(right, Type.NUMBER).sql})", Type.NUMBER)

    def _product(self, node: exp.Mul) -> Value:
        left, right = self._operands(node)
        # DuckDB adds the decimals of both factors; cutting back to 12 lets products be multiplied again.
        return Value(f"CAST({number(left)} * {number(right)} AS {NUMBER})", Type.NUMBER)

    def _quotient(self, node: exp.Div) -> Value:
        return _quotient(*self._operands(node))

    def _concatenation(self, node: exp.DPipe) -> Value:
        if isinstance(node.expression, exp.Add | exp.Sub):
            # sqlglot binds + and - tighter than ||; in Oracle they are equal, so the tree is not what was written.
            raise refused("|| before + or - without parentheses")
        return concatenation(self._operands(node))

    def _trim(self, node: exp.Trim) -> Value:
        only(node, "this", "expression", "position")
        value = self.value(node.this)
        sql = {"": "trim", "BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}[
            str(node.args.get("position") or "")
        ]
        if not node.expression:
            return call(sql, [value])
        sign = self.value(node.expression)
        if sign.literal is None or len(sign.literal) != 1:
            raise refused("TRIM of anything but one character")
        return empty_is_null(f"{sql}({text(value)}, {sign.sql})")

    def _extract(self, node: exp.Extract) -> Value:
        only(node, "this", "expression")
        part, value = node.this.name.upper(), self.value(node.expression)
        if part not in ("YEAR", "MONTH", "DAY") or value.type is not Type.DATE:
            raise refused(f"EXTRACT of {part}")
        return Value(f"{part.lower()}({moment(value)})", Type.NUMBER)

    # Choice and conversion

    def _case(self, node: exp.Case) -> Value:
        only(node, "this", "ifs", "default")
        results = [self.value(branch.args["true"]) for branch in node.args["ifs"]]
        default = self.value(node.args["default"]) if node.args.get("default") else NULL
        wanted = common_type([*results, default], "CASE")
        whens = [
            f"WHEN {self._when(node, branch)} THEN {as_type(result, wanted).sql}"
            for branch, result in zip(node.args["ifs"], results, strict=True)
        ]
        return Value(f"CASE {' '.join(whens)} ELSE {as_type(default, wanted).sql} END", wanted)

    def _when(self, node: exp.Case, branch: exp.Expr) -> str:
        only(branch, "this", "true")
        if not node.this:
            return self.condition(branch.this)
        left, right = comparable(self.value(node.this), self.value(branch.this))
        return f"{left.sql} = {right.sql}"

    def _cast(self, node: exp.Cast) -> Value:
        only(node, "this", "to")
        target = node.args["to"]
        only(target, "this", "expressions", "nested")
        sizes = [int(size.name) for size in target.expressions]
        value, kind = self.value(node.this), target.this
        if kind in (exp.DType.DECIMAL, exp.DType.INT) and len(sizes) <= 2:
            digits, places = (*sizes, 0, 0)[:2] if sizes or kind is exp.DType.INT else (0, 12)
            if digits > 26 or places > 12:
                raise refused(f"CAST to NUMBER({digits},{places})")
            return Value(f"CAST({number(value)} AS DECIMAL({digits or 38},{places}))", Type.NUMBER)
        if kind is exp.DType.VARCHAR and len(sizes) == 1:
            return Value(f"suiteql_substr({text(value)}, 1, {sizes[0]})", Type.TEXT)
        raise refused(f"CAST to {target.sql('oracle')}")

    def _builtin(self, node: exp.Dot) -> Value:
        if not is_display(node):
            raise refused(f"{node.sql('oracle')}")
        argument = node.expression.expressions[0]
        if not isinstance(argument, exp.Column):
            raise refused("BUILTIN.DF of anything but a column")
        return self._display(argument.name.lower(), self.field(argument))

    def _display(self, name: str, found: Field) -> Value:
        column = found.column
        if found.display:
            # In a grouped query the shown text follows from the grouped key, which DuckDB cannot know.
            grouped = self._scope.group_keys is not None
            return Value(f"any_value({found.display})" if grouped else found.display, Type.TEXT)
        if column is None or (column.is_code and not column.display):
            raise refused(f"BUILTIN.DF of '{name}'")
        if column.display:
            return Value(case_of(found.sql, column.display), Type.TEXT)
        if found.type is Type.DATE:
            mask = self._date_mask if column.kind is Kind.DATE else None
            if mask is None:
                raise refused(f"BUILTIN.DF of the datetime '{name}'")
            return call("TO_CHAR", [Value(found.sql, Type.DATE), text_literal(mask)])
        return as_type(Value(found.sql, found.type), Type.TEXT)

    # Functions

    def _call(self, node: exp.Anonymous) -> Value:
        only(node, "this", "expressions")
        name = str(node.this).upper()
        if name == "LISTAGG":
            raise refused("LISTAGG without WITHIN GROUP (ORDER BY ...)")
        if name in AGGREGATES:
            return self._aggregate(name, node.expressions)
        return call(name, [self.value(argument) for argument in node.expressions])

    def _aggregate(self, name: str, arguments: list[exp.Expr]) -> Value:
        if not self._scope.allows_aggregates:
            raise SuiteQLError(f"group function {name} is not allowed here.")
        with self._scope.allowing():
            return self._over(name, arguments, "")

    def _over(self, name: str, arguments: list[exp.Expr], over: str) -> Value:
        """An aggregate, as such or (`over` not empty) as an analytic function."""
        if len(arguments) != 1:
            raise SuiteQLError(f"{name} takes one argument.")
        argument, distinct = arguments[0], ""
        if isinstance(argument, exp.Star):
            if name != "COUNT":
                raise SuiteQLError(f"{name}(*) is not valid.")
            return Value(f"COUNT(*){over}", Type.NUMBER)
        if isinstance(argument, exp.Distinct):
            only(argument, "expressions")
            if over or len(argument.expressions) != 1:
                raise refused(f"{name}(DISTINCT ...) over a window or several expressions")
            argument, distinct = argument.expressions[0], "DISTINCT "
        value = self.value(argument)
        if name == "COUNT":
            return Value(f"COUNT({distinct}{value.sql}){over}", Type.NUMBER)
        if name in ("MIN", "MAX"):
            return Value(f"{name}({value.sql}){over}", value.type)
        amount = number(value)
        total = Value(f"CAST(SUM({distinct}{amount}){over} AS {NUMBER})", Type.NUMBER)
        if name == "SUM":
            return total
        # DuckDB averages in floating point. Without rows the sum is NULL, and so is the quotient, as in Oracle.
        return Value(
            f"suiteql_divide({total.sql}, CAST(NULLIF(COUNT({distinct}{amount}){over}, 0) AS {NUMBER}))", Type.NUMBER
        )

    def _listagg(self, node: exp.WithinGroup) -> Value:
        only(node, "this", "expression")
        aggregate = node.this
        if function_name(aggregate) != "LISTAGG" or not 1 <= len(aggregate.expressions) <= 2:
            raise refused("WITHIN GROUP of anything but LISTAGG(value, separator)")
        if not self._scope.allows_aggregates:
            raise SuiteQLError("group function LISTAGG is not allowed here.")
        with self._scope.allowing():
            values = [self.value(argument) for argument in aggregate.expressions]
            separator = values[1] if len(values) > 1 else NULL
            if not separator.is_constant:
                raise refused("LISTAGG with a separator that is not a literal")
            order = ", ".join(self.ordering(entry) for entry in node.expression.expressions)
        joint = "''" if separator.type is Type.NULL else text(separator)
        return empty_is_null(f"string_agg({text(values[0])}, {joint} ORDER BY {order})")

    def _window(self, node: exp.Window) -> Value:
        only(node, "this", "partition_by", "order", "spec", "over")
        if str(node.args.get("over")).upper() != "OVER":
            raise refused("KEEP")
        if not self._scope.allows_windows:
            raise SuiteQLError("an analytic function is not allowed here.")
        name = function_name(node.this) or type(node.this).__name__.upper()
        scope = self._scope
        with scope.allowing(aggregates=scope.allows_aggregates, group_keys=scope.group_keys):
            parts = [self.value(part).sql for part in node.args.get("partition_by") or []]
            order = [self.ordering(entry) for entry in node.args["order"].expressions] if node.args.get("order") else []
            window = f"PARTITION BY {', '.join(parts)} " if parts else ""
            window += f"ORDER BY {', '.join(order)} " if order else ""
            over = f" OVER ({window}{_frame(node.args.get('spec'), bool(order))})"
            if name in AGGREGATES - {"LISTAGG"}:
                return self._over(name, node.this.expressions, over)
            if not order:
                raise SuiteQLError(f"{name} needs ORDER BY in its OVER clause.")
            if name in _RANKINGS and not node.this.expressions and not node.args.get("spec"):
                return Value(f"{name}(){over}", Type.NUMBER)
            if name in _NEIGHBOURS and len(node.this.expressions) == 1:
                value = self.value(node.this.expressions[0])
                return Value(f"{name}({value.sql}){over}", value.type)
        raise refused(f"analytic function {name}")

    def _scalar_subquery(self, node: exp.Subquery) -> Value:
        only(node, "this")
        sql, columns = self._subquery(node.this, self._scope)
        if len(columns) != 1:
            raise SuiteQLError("a subquery used as a value gives one column.")
        return Value(f"({sql})", columns[0].type)

    # Conditions

    def _joined(self, node: exp.Connector, word: str) -> str:
        only(node, "this", "expression")
        return f"{self.condition(node.this)} {word} {self.condition(node.expression)}"

    def _not(self, node: exp.Not) -> str:
        only(node, "this")
        return f"NOT {self.condition(node.this)}"

    def _comparison(self, node: exp.Binary, sign: str) -> str:
        left, right = comparable(*self._operands(node))
        return f"{left.sql} {sign} {right.sql}"

    def _is_null(self, node: exp.Is) -> str:
        only(node, "this", "expression")
        if not isinstance(node.expression, exp.Null):
            raise refused("IS with anything but NULL")
        return f"{self.value(node.this).sql} IS NULL"

    def _in(self, node: exp.In) -> str:
        only(node, "this", "expressions", "query")
        value = self.value(node.this)
        if not node.args.get("query"):
            if len(node.expressions) > _LONGEST_IN_LIST:
                raise SuiteQLError(f"maximum number of expressions in a list is {_LONGEST_IN_LIST}.")
            pairs = [comparable(value, self.value(entry)) for entry in node.expressions]
            # Entries are compared one type at a time: a text among numbers must not turn the others into texts.
            by_left: dict[str, list[str]] = {}
            for left, right in pairs:
                by_left.setdefault(left.sql, []).append(right.sql)
            return " OR ".join(f"{left} IN ({', '.join(entries)})" for left, entries in by_left.items())
        query = node.args["query"]
        only(query, "this")
        sql, columns = self._subquery(query.this, self._scope)
        if len(columns) != 1:
            raise SuiteQLError("a subquery after IN gives one column.")
        left, right = comparable(value, Value('listed."c1"', columns[0].type))
        return f"{left.sql} IN (SELECT {right.sql} FROM ({sql}) AS listed)"

    def _between(self, node: exp.Between) -> str:
        only(node, "this", "low", "high")
        value = self.value(node.this)
        low_left, low = comparable(value, self.value(node.args["low"]))
        high_left, high = comparable(value, self.value(node.args["high"]))
        return f"{low_left.sql} >= {low.sql} AND {high_left.sql} <= {high.sql}"

    def _like_with_escape(self, node: exp.Escape) -> str:
        only(node, "this", "expression")
        sign = self.value(node.expression)
        if not isinstance(node.this, exp.Like) or sign.literal is None or len(sign.literal) != 1:
            raise SuiteQLError("the escape character must be a character string of length 1.")
        return self._like(node.this, sign.literal)

    def _like(self, node: exp.Like, escape: str | None) -> str:
        only(node, "this", "expression", "negate")
        value, pattern = self.value(node.this), self.value(node.expression)
        word = "NOT LIKE" if node.args.get("negate") else "LIKE"
        sql = f"{text(value)} {word} {text(pattern)}"
        if escape is None:
            return sql
        if pattern.literal is None:
            raise refused("ESCAPE with a pattern that is not a literal")
        rest = pattern.literal.replace(escape * 2, "")
        if any(sign not in ("%", "_") for sign in (part[:1] for part in rest.split(escape)[1:])):
            raise SuiteQLError("missing or illegal character following the escape character.")
        return f"{sql} ESCAPE {text_literal(escape).sql}"

    def _exists(self, node: exp.Exists) -> str:
        only(node, "this")
        query = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        sql, _ = self._subquery(query, self._scope)
        return f"EXISTS ({sql})"


def direction(node: exp.Expr) -> str:
    """ASC or DESC with the place of NULLs, filled in by sqlglot as Oracle has it: last, or first when descending."""
    nulls = "FIRST" if node.args.get("nulls_first") else "LAST"
    return f"{'DESC' if node.args.get('desc') else 'ASC'} NULLS {nulls}"


def _quotient(left: Value, right: Value) -> Value:
    return Value(f"suiteql_divide({number(left)}, {number(right)})", Type.NUMBER)


def _days_later(date: Value, days: Value, sign: str) -> Value:
    """A date plus or minus days, which may have a fraction."""
    seconds = f"CAST(round({number(days)} * 86400) AS BIGINT)"
    return Value(f"({moment(date)} {sign} to_seconds({seconds}))", Type.DATE)


_EDGES = {
    ("UNBOUNDED", "PRECEDING"): "UNBOUNDED PRECEDING",
    ("UNBOUNDED", "FOLLOWING"): "UNBOUNDED FOLLOWING",
    ("CURRENT ROW", ""): "CURRENT ROW",
}


def _frame(spec: exp.Expr | None, is_ordered: bool) -> str:
    """The frame of a window. Without one Oracle and DuckDB take the same: up to the current row's peers."""
    if spec is None:
        return ""
    only(spec, "kind", "start", "start_side", "end", "end_side")
    edges = []
    for edge in ("start", "end"):
        key = (str(spec.args.get(edge) or "").upper(), str(spec.args.get(f"{edge}_side") or "").upper())
        if edge == "end" and key == ("", ""):
            key = ("CURRENT ROW", "")
        if key not in _EDGES:
            raise refused(f"the window frame {' '.join(key)}")
        edges.append(_EDGES[key])
    if not is_ordered:
        raise SuiteQLError("a window frame needs ORDER BY.")
    return f"{str(spec.args['kind']).upper()} BETWEEN {edges[0]} AND {edges[1]}"
