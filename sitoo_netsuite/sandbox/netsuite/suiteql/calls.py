"""Function calls by Oracle's names: what each needs and what it becomes in DuckDB.

Belongs here: scalar functions over compiled values. Does not belong here: aggregates and analytic functions, whose
arguments depend on the query around them (`expressions`). A function that is not in SCALARS is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError, refused
from sitoo_netsuite.sandbox.netsuite.suiteql.masks import check_date_mask, check_number_mask
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
    text,
    whole,
)

_ONE = Value("1", Type.NUMBER, is_constant=True)
_DAY = Value("'DD'", Type.TEXT, "DD", is_constant=True)
_BLANK = Value("' '", Type.TEXT, " ", is_constant=True)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar function: how many arguments it takes, and what it becomes."""

    fewest: int
    most: int
    build: Callable[[Sequence[Value]], Value]


def call(name: str, arguments: Sequence[Value]) -> Value:
    """A call by its name in any case. Raises SuiteQLError for an unknown function or a wrong number of arguments."""
    function = SCALARS.get(name.upper())
    if function is None:
        raise refused(f"function {name.upper()}")
    if not function.fewest <= len(arguments) <= function.most:
        raise SuiteQLError(f"{name.upper()}: {len(arguments)} arguments are too few or too many.")
    return function.build(arguments)


def _nvl(arguments: Sequence[Value]) -> Value:
    value, instead = arguments
    wanted = instead.type if value.type is Type.NULL else value.type
    return Value(f"COALESCE({as_type(value, wanted).sql}, {as_type(instead, wanted).sql})", wanted)


def _nvl2(arguments: Sequence[Value]) -> Value:
    value, if_set, if_null = arguments
    wanted = if_null.type if if_set.type is Type.NULL else if_set.type
    either = f"THEN {as_type(if_set, wanted).sql} ELSE {as_type(if_null, wanted).sql}"
    return Value(f"CASE WHEN {value.sql} IS NOT NULL {either} END", wanted)


def _coalesce(arguments: Sequence[Value]) -> Value:
    wanted = common_type(arguments, "COALESCE")
    return Value(f"COALESCE({', '.join(as_type(value, wanted).sql for value in arguments)})", wanted)


def _nullif(arguments: Sequence[Value]) -> Value:
    left, right = comparable(*arguments)
    return Value(f"CASE WHEN {left.sql} = {right.sql} THEN NULL ELSE {arguments[0].sql} END", arguments[0].type)


def _decode(arguments: Sequence[Value]) -> Value:
    """DECODE compares NULL with NULL as equal, and gives the type of its first result."""
    value, rest = arguments[0], arguments[1:]
    pairs = list(zip(rest[0::2], rest[1::2], strict=False))
    default = rest[-1] if len(rest) % 2 else NULL
    wanted = Type.TEXT if pairs[0][1].type is Type.NULL else pairs[0][1].type
    whens = []
    for wanted_value, result in pairs:
        left, right = comparable(value, wanted_value)
        whens.append(f"WHEN {left.sql} IS NOT DISTINCT FROM {right.sql} THEN {as_type(result, wanted).sql}")
    return Value(f"CASE {' '.join(whens)} ELSE {as_type(default, wanted).sql} END", wanted)


def _extreme(function: str) -> Callable[[Sequence[Value]], Value]:
    """GREATEST and LEAST: NULL if any argument is, unlike DuckDB's; all in the type of the first."""

    def build(arguments: Sequence[Value]) -> Value:
        wanted = arguments[0].type
        values = [as_type(value, wanted).sql for value in arguments]
        nulls = " OR ".join(f"{sql} IS NULL" for sql in values)
        return Value(f"CASE WHEN {nulls} THEN NULL ELSE {function}({', '.join(values)}) END", wanted)

    return build


def _mask(value: Value, function: str) -> str:
    if value.literal is None:
        raise refused(f"{function} with a format that is not a literal")
    return value.literal


def _to_char(arguments: Sequence[Value]) -> Value:
    value = arguments[0]
    if len(arguments) == 1:
        return as_type(value, Type.TEXT)
    mask = _mask(arguments[1], "TO_CHAR")
    if value.type is Type.DATE:
        check_date_mask(mask)
        return Value(f"suiteql_date_text({moment(value)}, {arguments[1].sql})", Type.TEXT)
    check_number_mask(mask)
    return Value(f"suiteql_number_text({number(value)}, {arguments[1].sql})", Type.TEXT)


def _to_date(arguments: Sequence[Value]) -> Value:
    value, mask = arguments
    _mask(mask, "TO_DATE")
    if value.type is Type.DATE:
        raise refused("TO_DATE of a date")
    return Value(f"suiteql_to_date({text(value)}, {mask.sql})", Type.DATE, is_constant=value.is_constant)


_DATE_UNITS = {
    "YYYY": "year", "YEAR": "year", "YY": "year", "Q": "quarter", "MM": "month", "MON": "month", "MONTH": "month",
    "IW": "week", "DD": "day", "DDD": "day", "HH": "hour", "HH24": "hour", "MI": "minute",
}  # fmt: skip


def _trunc(arguments: Sequence[Value]) -> Value:
    value = arguments[0]
    if value.type is not Type.DATE:
        return _to_places("trunc", arguments)
    mask = _mask(arguments[1] if len(arguments) > 1 else _DAY, "TRUNC")
    unit = _DATE_UNITS.get(mask.upper())
    if unit is None:
        raise refused(f"TRUNC of a date to '{mask}'")
    return Value(f"date_trunc('{unit}', {moment(value)})", Type.DATE)


def _round(arguments: Sequence[Value]) -> Value:
    if arguments[0].type is Type.DATE:
        raise refused("ROUND of a date")
    return _to_places("round", arguments)


def _to_places(function: str, arguments: Sequence[Value]) -> Value:
    """ROUND (halves away from zero) and TRUNC of a number; DuckDB's are exact on decimals."""
    if len(arguments) == 1:
        return Value(f"{function}({number(arguments[0])})", Type.NUMBER)
    if not arguments[1].is_constant:
        raise refused(f"{function.upper()} to a number of places that is not a literal")
    places = f"CAST({whole(arguments[1])} AS INTEGER)"
    return Value(f"{function}({number(arguments[0])}, {places})", Type.NUMBER)


def _mod(arguments: Sequence[Value]) -> Value:
    """MOD takes the sign of the dividend, and MOD(n, 0) is n."""
    value, divisor = map(number, arguments)
    return Value(f"CASE WHEN {divisor} = 0 THEN {value} ELSE {value} % NULLIF({divisor}, 0) END", Type.NUMBER)


def _number_function(sql: str) -> Scalar:
    return Scalar(1, 1, lambda arguments: Value(f"{sql}({number(arguments[0])})", Type.NUMBER))


def _text_function(sql: str) -> Scalar:
    return Scalar(1, 1, lambda arguments: Value(f"{sql}({text(arguments[0])})", Type.TEXT))


def _trim_function(sql: str) -> Scalar:
    def build(arguments: Sequence[Value]) -> Value:
        return empty_is_null(f"{sql}({', '.join(text(value) for value in arguments)})")

    return Scalar(1, 2, build)


def _length(arguments: Sequence[Value]) -> Value:
    return Value(f"length({text(arguments[0])})", Type.NUMBER)


def _substr(arguments: Sequence[Value]) -> Value:
    value, start = text(arguments[0]), whole(arguments[1])
    if len(arguments) == 2:
        return Value(f"suiteql_substr_to_end({value}, {start})", Type.TEXT)
    return Value(f"suiteql_substr({value}, {start}, {whole(arguments[2])})", Type.TEXT)


def _instr(arguments: Sequence[Value]) -> Value:
    start, occurrence = (*arguments[2:], _ONE, _ONE)[:2]
    found = f"{text(arguments[0])}, {text(arguments[1])}, {whole(start)}, {whole(occurrence)}"
    return Value(f"suiteql_instr({found})", Type.NUMBER)


def _pad(function: str) -> Scalar:
    def build(arguments: Sequence[Value]) -> Value:
        filling = arguments[2] if len(arguments) > 2 else _BLANK
        return Value(f"{function}({text(arguments[0])}, {whole(arguments[1])}, {text(filling)})", Type.TEXT)

    return Scalar(2, 3, build)


def _replace(arguments: Sequence[Value]) -> Value:
    """REPLACE with no, or a NULL, replacement takes the search text out; a NULL search text changes nothing."""
    value, wanted = text(arguments[0]), text(arguments[1])
    instead = text(arguments[2]) if len(arguments) > 2 else "''"
    replaced = f"replace({value}, {wanted}, COALESCE({instead}, ''))"
    return empty_is_null(f"CASE WHEN {wanted} IS NULL THEN {value} ELSE {replaced} END")


def concatenation(arguments: Sequence[Value]) -> Value:
    """CONCAT and ||: a NULL part adds nothing; nothing at all is NULL."""
    return empty_is_null(" || ".join(f"COALESCE({text(value)}, '')" for value in arguments))


def _add_months(arguments: Sequence[Value]) -> Value:
    return Value(f"suiteql_add_months({moment(arguments[0])}, {whole(arguments[1])})", Type.DATE)


def _last_day(arguments: Sequence[Value]) -> Value:
    return Value(f"suiteql_last_day({moment(arguments[0])})", Type.DATE)


def _months_between(arguments: Sequence[Value]) -> Value:
    return Value(f"suiteql_months_between({moment(arguments[0])}, {moment(arguments[1])})", Type.NUMBER)


_MANY = 255

SCALARS = {
    "NVL": Scalar(2, 2, _nvl),
    "NVL2": Scalar(3, 3, _nvl2),
    "COALESCE": Scalar(2, _MANY, _coalesce),
    "NULLIF": Scalar(2, 2, _nullif),
    "DECODE": Scalar(3, _MANY, _decode),
    "GREATEST": Scalar(1, _MANY, _extreme("greatest")),
    "LEAST": Scalar(1, _MANY, _extreme("least")),
    "TO_CHAR": Scalar(1, 2, _to_char),
    "TO_DATE": Scalar(2, 2, _to_date),
    "TO_NUMBER": Scalar(1, 1, lambda arguments: as_type(arguments[0], Type.NUMBER)),
    "TRUNC": Scalar(1, 2, _trunc),
    "ROUND": Scalar(1, 2, _round),
    "MOD": Scalar(2, 2, _mod),
    "ABS": _number_function("abs"),
    "SIGN": _number_function("sign"),
    "CEIL": _number_function("ceil"),
    "FLOOR": _number_function("floor"),
    "UPPER": _text_function("upper"),
    "LOWER": _text_function("lower"),
    "LENGTH": Scalar(1, 1, _length),
    "TRIM": _trim_function("trim"),
    "LTRIM": _trim_function("ltrim"),
    "RTRIM": _trim_function("rtrim"),
    "SUBSTR": Scalar(2, 3, _substr),
    "INSTR": Scalar(2, 4, _instr),
    "LPAD": _pad("suiteql_lpad"),
    "RPAD": _pad("suiteql_rpad"),
    "REPLACE": Scalar(2, 3, _replace),
    "CONCAT": Scalar(2, 2, concatenation),
    "ADD_MONTHS": Scalar(2, 2, _add_months),
    "LAST_DAY": Scalar(1, 1, _last_day),
    "MONTHS_BETWEEN": Scalar(2, 2, _months_between),
}
