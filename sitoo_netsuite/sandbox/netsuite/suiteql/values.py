"""What an expression is once compiled: DuckDB SQL with an Oracle type, and Oracle's implicit conversions.

Belongs here: types, and when one may stand for another. Does not belong here: names and scopes, or what a function
does. Oracle converts between numbers and texts by itself; between dates and texts only by the session's date format,
which nobody should lean on, so that is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError
from sitoo_netsuite.sandbox.netsuite.suiteql.functions import NUMBER, to_number


class Type(Enum):
    """Oracle's types as far as SuiteQL shows them; NULL is the type of a bare NULL, which fits any other."""

    NUMBER = "a number"
    TEXT = "text"
    DATE = "a date"
    NULL = "NULL"


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled expression. `literal` is the text of a text literal, `is_constant` says that no row can change it."""

    sql: str
    type: Type
    literal: str | None = None
    is_constant: bool = False


def text_literal(text: str) -> Value:
    """A text constant; the empty one is NULL."""
    if text == "":
        return NULL
    return Value("'" + text.replace("'", "''") + "'", Type.TEXT, text, is_constant=True)


def number_literal(text: str) -> Value:
    """A number constant, written in full: DuckDB reads 1e3 as a float."""
    number = f"{to_number(text):f}"
    plain = number.rstrip("0").rstrip(".") if "." in number else number
    return Value(plain, Type.NUMBER, is_constant=True)


NULL = Value("NULL", Type.NULL, is_constant=True)

_SQL_TYPES = {Type.NUMBER: NUMBER, Type.TEXT: "VARCHAR", Type.DATE: "TIMESTAMP"}


def as_type(value: Value, wanted: Type) -> Value:
    """The value as Oracle would convert it by itself. Raises SuiteQLError where it would not, or only by a setting."""
    if value.type is wanted or wanted is Type.NULL:
        return value
    if value.type is Type.NULL:
        return Value(f"CAST(NULL AS {_SQL_TYPES[wanted]})", wanted, is_constant=True)
    if wanted is Type.NUMBER and value.type is Type.TEXT:
        if value.literal is not None:
            return number_literal(value.literal)
        return Value(f"suiteql_to_number({value.sql})", Type.NUMBER, is_constant=value.is_constant)
    if wanted is Type.TEXT and value.type is Type.NUMBER:
        return Value(f"suiteql_plain_text(CAST({value.sql} AS {NUMBER}))", Type.TEXT, is_constant=value.is_constant)
    if Type.DATE in (wanted, value.type) and Type.TEXT in (wanted, value.type):
        function = "TO_DATE" if wanted is Type.DATE else "TO_CHAR"
        raise SuiteQLError(f"a date and a text meet without a format: use {function} with a format.")
    raise SuiteQLError(f"inconsistent datatypes: expected {wanted.value}, got {value.type.value}.")


def number(value: Value) -> str:
    """SQL of the value as an exact number with 12 decimals."""
    return f"CAST({as_type(value, Type.NUMBER).sql} AS {NUMBER})"


def whole(value: Value) -> str:
    """SQL of the value as a whole number, its fraction cut off as Oracle's functions do."""
    return f"CAST(trunc({as_type(value, Type.NUMBER).sql}) AS BIGINT)"


def text(value: Value) -> str:
    """SQL of the value as text."""
    return as_type(value, Type.TEXT).sql


def moment(value: Value) -> str:
    """SQL of the value as a date with a time of day."""
    return f"CAST({as_type(value, Type.DATE).sql} AS TIMESTAMP)"


def comparable(left: Value, right: Value) -> tuple[Value, Value]:
    """Both sides of a comparison in one type: a text meets a number as a number."""
    if left.type is right.type or Type.NULL in (left.type, right.type):
        return left, right
    if {left.type, right.type} == {Type.NUMBER, Type.TEXT}:
        return as_type(left, Type.NUMBER), as_type(right, Type.NUMBER)
    wanted = Type.DATE if left.type is Type.DATE else left.type
    return left, as_type(right, wanted)


def common_type(values: Sequence[Value], where: str) -> Type:
    """The one type of several results (CASE, COALESCE, UNION). Raises SuiteQLError when they differ."""
    types = {value.type for value in values} - {Type.NULL}
    if len(types) > 1:
        names = " and ".join(sorted(kind.value for kind in types))
        raise SuiteQLError(f"inconsistent datatypes: {where} gives {names}.")
    return types.pop() if types else Type.NULL


def empty_is_null(sql: str) -> Value:
    """A text result; Oracle knows no empty text."""
    return Value(f"NULLIF({sql}, '')", Type.TEXT)
