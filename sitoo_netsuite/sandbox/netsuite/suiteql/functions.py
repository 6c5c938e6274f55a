"""Oracle's scalar functions where DuckDB's differ or are missing, in Python over one row's values.

Belongs here: what a function gives for values that are not NULL, and the list by which DuckDB learns of it. A NULL
argument gives NULL and never reaches these. An empty text that comes out is NULL.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import wraps
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError
from sitoo_netsuite.sandbox.netsuite.suiteql.masks import date_to_text, number_to_text, text_to_date

# Every computed number: exact, 26 digits before the point and 12 after. Beyond that DuckDB raises, never rounds away.
NUMBER = "DECIMAL(38,12)"
_QUANTUM = Decimal(1).scaleb(-12)
_DIGITS = 60


def divide(numerator: Decimal, denominator: Decimal) -> Decimal:
    """Exact to 12 decimals, half away from zero; a division by zero is an error, as in Oracle."""
    if denominator == 0:
        raise SuiteQLError("division by zero.")
    with localcontext(prec=_DIGITS):
        return (numerator / denominator).quantize(_QUANTUM, rounding=ROUND_HALF_UP)


def plain_text(number: Decimal) -> str:
    """TO_CHAR(number): no trailing zeros, and no zero before the point (.5)."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    if text in ("", "-0"):
        return "0"
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def to_number(text: str) -> Decimal:
    """TO_NUMBER(text). Raises SuiteQLError when it is not a plain number, or has more than 12 decimals."""
    try:
        number = Decimal(text.strip(" "))
        if not number.is_finite() or "_" in text:
            raise SuiteQLError(f"invalid number '{text}'.")
        with localcontext(prec=_DIGITS):
            scaled = number.quantize(_QUANTUM)
    except InvalidOperation:
        raise SuiteQLError(f"invalid number '{text}'.") from None
    if scaled != number:
        raise SuiteQLError(f"'{text}' has more than 12 decimals.")
    return scaled


def substr(text: str, start: int, length: int) -> str | None:
    """SUBSTR(text, start, length): 0 counts as 1, a negative start counts from the end."""
    start = 1 if start == 0 else start
    first = start - 1 if start > 0 else len(text) + start
    if first < 0 or length < 1:
        return None
    return text[first : first + length] or None


def substr_to_end(text: str, start: int) -> str | None:
    """SUBSTR(text, start)."""
    return substr(text, start, max(len(text), 1))


def instr(text: str, wanted: str, start: int, occurrence: int) -> int:
    """INSTR(text, wanted, start, occurrence): place of the match, from 1; 0 when there is none.

    A negative start searches backwards from that far before the end.
    """
    if occurrence < 1:
        raise SuiteQLError("INSTR: the occurrence must be 1 or more.")
    if start == 0:
        return 0
    backwards = start < 0
    place = (len(text) + start if backwards else start - 1) + (1 if backwards else -1)
    for _ in range(occurrence):
        if backwards:
            place = text.rfind(wanted, 0, max(place - 1 + len(wanted), 0)) if place > 0 else -1
        else:
            place = text.find(wanted, place + 1)
        if place < 0:
            return 0
    return place + 1


def lpad(text: str, width: int, filling: str) -> str | None:
    """LPAD: filled on the left, or cut to the width."""
    if width < 1:
        return None
    missing = width - len(text)
    return text[:width] if missing <= 0 else (filling * missing)[:missing] + text


def rpad(text: str, width: int, filling: str) -> str | None:
    """RPAD: filled on the right, or cut to the width."""
    if width < 1:
        return None
    missing = width - len(text)
    return text[:width] if missing <= 0 else text + (filling * missing)[:missing]


def add_months(moment: datetime, months: int) -> datetime:
    """ADD_MONTHS: a month's last day stays a last day; any other keeps its number where the month has it."""
    years, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= years <= 9999:
        raise SuiteQLError("ADD_MONTHS: the year is out of range.")
    last = calendar.monthrange(years, month + 1)[1]
    at_end = moment.day == calendar.monthrange(moment.year, moment.month)[1]
    return moment.replace(year=years, month=month + 1, day=last if at_end else min(moment.day, last))


def last_day(moment: datetime) -> datetime:
    """LAST_DAY of the month; the time of day stays."""
    return moment.replace(day=calendar.monthrange(moment.year, moment.month)[1])


def months_between(later: datetime, earlier: datetime) -> Decimal:
    """MONTHS_BETWEEN: whole when both are the same day or both a month's last, else with a fraction of 31 days."""
    months = Decimal((later.year - earlier.year) * 12 + later.month - earlier.month)
    if later.day == earlier.day or (later == last_day(later) and earlier == last_day(earlier)):
        return months.quantize(_QUANTUM)
    seconds = (later.day - earlier.day) * 86_400 + _seconds_of_day(later) - _seconds_of_day(earlier)
    with localcontext(prec=_DIGITS):
        return (months + Decimal(seconds) / Decimal(31 * 86_400)).quantize(_QUANTUM, rounding=ROUND_HALF_UP)


def _seconds_of_day(moment: datetime) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


@dataclass(frozen=True, slots=True)
class Function:
    """A Python function as DuckDB calls it, with DuckDB's types of its arguments and its result."""

    python: Callable[..., Any]
    arguments: tuple[str, ...]
    result: str


FUNCTIONS = {
    "suiteql_divide": Function(divide, (NUMBER, NUMBER), NUMBER),
    "suiteql_plain_text": Function(plain_text, (NUMBER,), "VARCHAR"),
    "suiteql_number_text": Function(number_to_text, (NUMBER, "VARCHAR"), "VARCHAR"),
    "suiteql_date_text": Function(date_to_text, ("TIMESTAMP", "VARCHAR"), "VARCHAR"),
    "suiteql_to_date": Function(text_to_date, ("VARCHAR", "VARCHAR"), "TIMESTAMP"),
    "suiteql_to_number": Function(to_number, ("VARCHAR",), NUMBER),
    "suiteql_substr": Function(substr, ("VARCHAR", "BIGINT", "BIGINT"), "VARCHAR"),
    "suiteql_substr_to_end": Function(substr_to_end, ("VARCHAR", "BIGINT"), "VARCHAR"),
    "suiteql_instr": Function(instr, ("VARCHAR", "VARCHAR", "BIGINT", "BIGINT"), "BIGINT"),
    "suiteql_lpad": Function(lpad, ("VARCHAR", "BIGINT", "VARCHAR"), "VARCHAR"),
    "suiteql_rpad": Function(rpad, ("VARCHAR", "BIGINT", "VARCHAR"), "VARCHAR"),
    "suiteql_add_months": Function(add_months, ("TIMESTAMP", "BIGINT"), "TIMESTAMP"),
    "suiteql_last_day": Function(last_day, ("TIMESTAMP",), "TIMESTAMP"),
    "suiteql_months_between": Function(months_between, ("TIMESTAMP", "TIMESTAMP"), NUMBER),
}


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the functions known to a database; a second time changes nothing."""
    known = connection.execute("SELECT function_name FROM duckdb_functions() WHERE function_name LIKE 'suiteql_%'")
    names = {name for (name,) in known.fetchall()}
    for name, function in FUNCTIONS.items():
        if name not in names:
            # "special" hands NULL to Python; DuckDB's own handling refuses a function that gives NULL for a value.
            connection.create_function(
                name, _null_in_null_out(function.python), list(function.arguments), function.result,
                null_handling=FunctionNullHandling.SPECIAL,
            )  # fmt: skip


def _null_in_null_out(function: Callable[..., Any]) -> Callable[..., Any]:
    # DuckDB asks for the signature, which `wraps` hands on.
    @wraps(function)
    def on_row(*values: Any) -> Any:
        return None if None in values else function(*values)

    return on_row
