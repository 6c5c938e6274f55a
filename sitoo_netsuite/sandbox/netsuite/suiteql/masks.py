"""Oracle's format masks: dates and numbers to text, text to dates.

Belongs here: what TO_CHAR and TO_DATE make of a mask. A part of a mask that is not listed here is an error by name,
so that no text is ever formatted in a way that Oracle would not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError

_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_NAME_WIDTH = 9  # Oracle pads MONTH and DAY to the longest English name.

_TOKEN = re.compile(
    r'(?P<quoted>"[^"]*")|(?P<word>FM|YYYY|YY|IYYY|IW|WW|W|Q|MONTH|MON|MM|DDD|DD|DAY|DY|HH24|HH12|HH|MI|SS|AM|PM)'
    r"|(?P<sign>[-/,.;: ])",
    re.IGNORECASE,
)


def _date_tokens(mask: str) -> list[tuple[str, str]]:
    """(kind, text) of each part of a date mask; kind is quoted, word or sign."""
    found, position = [], 0
    while position < len(mask):
        match = _TOKEN.match(mask, position)
        if match is None or match.lastgroup is None:
            raise SuiteQLError(f"date format '{mask}' is not supported at '{mask[position:]}'.")
        found.append((match.lastgroup, match.group()))
        position = match.end()
    return found


def _twelve_hours(moment: datetime) -> int:
    return moment.hour % 12 or 12


# Numbers of a date: value and the width they are zero-padded to.
_NUMBERS: dict[str, tuple[Callable[[datetime], int], int]] = {
    "YYYY": (lambda moment: moment.year, 4),
    "YY": (lambda moment: moment.year % 100, 2),
    "IYYY": (lambda moment: moment.isocalendar().year, 4),
    "IW": (lambda moment: moment.isocalendar().week, 2),
    "WW": (lambda moment: (moment.timetuple().tm_yday - 1) // 7 + 1, 2),
    "W": (lambda moment: (moment.day - 1) // 7 + 1, 1),
    "Q": (lambda moment: (moment.month - 1) // 3 + 1, 1),
    "MM": (lambda moment: moment.month, 2),
    "DDD": (lambda moment: moment.timetuple().tm_yday, 3),
    "DD": (lambda moment: moment.day, 2),
    "HH24": (lambda moment: moment.hour, 2),
    "HH12": (_twelve_hours, 2),
    "HH": (_twelve_hours, 2),
    "MI": (lambda moment: moment.minute, 2),
    "SS": (lambda moment: moment.second, 2),
}


def _name(word: str, moment: datetime) -> tuple[str, bool]:
    """Text of a name in a date, and whether it is padded to the longest name."""
    match word.upper():
        case "MONTH":
            return _MONTHS[moment.month - 1], True
        case "MON":
            return _MONTHS[moment.month - 1][:3], False
        case "DAY":
            return _DAYS[moment.weekday()], True
        case "DY":
            return _DAYS[moment.weekday()][:3], False
        case _:  # AM and PM: either stands for both
            return "AM" if moment.hour < 12 else "PM", False


def _cased_like(word: str, text: str) -> str:
    """MON gives NOV, Mon gives Nov, mon gives nov."""
    if word[0].islower():
        return text.lower()
    return text.upper() if word[1].isupper() else text.capitalize()


@lru_cache(maxsize=256)
def check_date_mask(mask: str) -> None:
    """Raises SuiteQLError when TO_CHAR would not know the mask."""
    _date_tokens(mask)


@lru_cache(maxsize=8192)
def date_to_text(moment: datetime, mask: str) -> str | None:
    """TO_CHAR(date, mask). An empty result is NULL, as everywhere in Oracle."""
    parts, compact = [], False
    for kind, text in _date_tokens(mask):
        word = text.upper()
        if kind == "quoted":
            parts.append(text[1:-1])
        elif kind == "sign":
            parts.append(text)
        elif word == "FM":
            compact = not compact
        elif word in _NUMBERS:
            number, width = _NUMBERS[word]
            parts.append(str(number(moment)) if compact else str(number(moment)).zfill(width))
        else:
            name, padded = _name(word, moment)
            name = _cased_like(text, name)
            parts.append(name.ljust(_NAME_WIDTH) if padded and not compact else name)
    return "".join(parts) or None


# What TO_DATE reads of each word: a pattern, and the field of the date it sets.
_READ = {
    "YYYY": (r"\d{4}", "year"),
    "MM": (r"\d{1,2}", "month"),
    "MON": (r"[A-Za-z]{3}", "month"),
    "MONTH": (r"[A-Za-z]{3,9}", "month"),
    "DD": (r"\d{1,2}", "day"),
    "HH24": (r"\d{1,2}", "hour"),
    "MI": (r"\d{1,2}", "minute"),
    "SS": (r"\d{1,2}", "second"),
}


@lru_cache(maxsize=256)
def _reader(mask: str) -> re.Pattern[str]:
    pattern, fields = "", []
    for kind, text in _date_tokens(mask):
        if kind == "sign":
            pattern += r"[-/,.;: ]"
        elif kind == "quoted":
            pattern += re.escape(text[1:-1])
        elif text.upper() in _READ:
            expression, field = _READ[text.upper()]
            if field in fields:
                raise SuiteQLError(f"date format '{mask}' names the {field} twice.")
            fields.append(field)
            pattern += f"(?P<{field}>{expression})"
        else:
            raise SuiteQLError(f"date format '{mask}' is not supported by TO_DATE at '{text}'.")
    if "year" not in fields or "month" not in fields:
        raise SuiteQLError(f"date format '{mask}' must name the year (YYYY) and the month.")
    return re.compile(pattern)


def text_to_date(text: str, mask: str) -> datetime:
    """TO_DATE(text, mask). Signs match one another, as in Oracle; a day that is not named is the first.

    Raises SuiteQLError when the mask is not supported or the text does not follow it.
    """
    match = _reader(mask).fullmatch(text.strip(" "))
    if match is None:
        raise SuiteQLError(f"'{text}' does not match date format '{mask}'.")
    fields = match.groupdict()
    month = fields["month"]
    if not month.isdigit():
        named = [place for place, name in enumerate(_MONTHS, 1) if month.lower() in (name.lower(), name[:3].lower())]
        if not named:
            raise SuiteQLError(f"'{month}' is not a valid month.")
        month = str(named[0])
    try:
        return datetime(
            int(fields["year"]),
            int(month),
            int(fields.get("day") or 1),
            int(fields.get("hour") or 0),
            int(fields.get("minute") or 0),
            int(fields.get("second") or 0),
        )
    except ValueError:
        raise SuiteQLError(f"'{text}' is not a date (format '{mask}').") from None


_NUMBER_MASK = re.compile(r"(?P<compact>FM)?(?P<dollar>\$)?(?P<whole>[09][09,]*)?(?P<fraction>\.[09]*)?", re.IGNORECASE)


@lru_cache(maxsize=256)
def check_number_mask(mask: str) -> re.Match[str]:
    """The parts of a number mask made of FM, $, 9, 0, comma and dot. Raises SuiteQLError for any other."""
    match = _NUMBER_MASK.fullmatch(mask)
    if match is None or not (match["whole"] or (match["fraction"] or "").strip(".")):
        raise SuiteQLError(f"number format '{mask}' is not supported.")
    return match


def number_to_text(number: Decimal, mask: str) -> str:
    """TO_CHAR(number, mask): rounded half away from zero, right-aligned after a place for the sign.

    A number too large for the mask gives Oracle's row of #.
    """
    parts = check_number_mask(mask)
    whole_mask, fraction_mask = parts["whole"] or "", parts["fraction"]
    places = len(fraction_mask) - 1 if fraction_mask else 0
    rounded = abs(number).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    digits, _, decimals = f"{rounded:f}".partition(".")
    digits = digits.lstrip("0")
    width = 1 + len(mask) - (2 if parts["compact"] else 0)
    room = len(whole_mask.replace(",", ""))
    if len(digits) > room:
        return "#" * width
    whole = _whole_part(digits, whole_mask)
    if not whole and not fraction_mask:
        whole = "0"
    if fraction_mask:
        whole += "." + (_without_optional_zeros(decimals, fraction_mask[1:]) if parts["compact"] else decimals)
    text = ("-" if number < 0 else "") + ("$" if parts["dollar"] else "") + whole
    return text if parts["compact"] else text.rjust(width)


def _whole_part(digits: str, mask: str) -> str:
    """Digits laid into a mask from the right; a 0 prints always, a 9 or comma only once a digit stands before it."""
    remaining = digits.rjust(len(mask.replace(",", "")), " ")
    printed, place, started = "", 0, False
    for sign in mask:
        if sign == ",":
            printed += "," if started else ""
            continue
        digit = remaining[place]
        place += 1
        started = started or digit != " " or sign == "0"
        printed += (digit if digit != " " else "0") if started else ""
    return printed


def _without_optional_zeros(decimals: str, mask: str) -> str:
    """Trailing zeros go where the mask has 9 (FM); a place with 0, and all before it, stay."""
    kept = mask.rfind("0") + 1
    return decimals[:kept] + decimals[kept:].rstrip("0")
