"""Oracle's functions and masks, against models of their own."""

from __future__ import annotations

import calendar
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitoo_netsuite.sandbox.netsuite.suiteql.engine import SuiteQL, to_json_text
from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError
from sitoo_netsuite.sandbox.netsuite.suiteql.functions import (
    add_months,
    instr,
    lpad,
    months_between,
    plain_text,
    rpad,
    substr,
    to_number,
)
from sitoo_netsuite.sandbox.netsuite.suiteql.masks import date_to_text, number_to_text, text_to_date

_TEXTS = st.text(alphabet="abÅ ", max_size=8)
_CENTS = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents).scaleb(-2))
_MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2100, 12, 31)).map(lambda moment: moment.replace(microsecond=0))


@given(text=_TEXTS, start=st.integers(-10, 10), length=st.integers(-2, 10))
def test_substr_takes_the_characters_whose_places_are_asked_for(text: str, start: int, length: int) -> None:
    first = len(text) + start + 1 if start < 0 else max(start, 1)
    places = range(first, first + length) if first >= 1 else range(0)
    expected = "".join(sign for place, sign in enumerate(text, 1) if place in places)
    assert substr(text, start, length) == (expected or None)


@given(text=_TEXTS, wanted=st.text(alphabet="abÅ ", min_size=1, max_size=2), occurrence=st.integers(1, 3))
def test_instr_counts_matches_from_either_end(text: str, wanted: str, occurrence: int) -> None:
    places = [place for place in range(1, len(text) + 1) if text[place - 1 :].startswith(wanted)]
    forwards = places[occurrence - 1] if len(places) >= occurrence else 0
    backwards = places[-occurrence] if len(places) >= occurrence else 0
    assert instr(text, wanted, 1, occurrence) == forwards
    assert instr(text, wanted, -1, occurrence) == backwards
    assert instr(text, wanted, 0, occurrence) == 0


@given(text=_TEXTS.filter(bool), wanted=st.sampled_from("abÅ "), start=st.integers(1, 10))
def test_instr_starts_where_it_is_told(text: str, wanted: str, start: int) -> None:
    places = [place for place, sign in enumerate(text, 1) if sign == wanted]
    assert instr(text, wanted, start, 1) == min((place for place in places if place >= start), default=0)
    assert instr(text, wanted, -start, 1) == max(
        (place for place in places if place <= len(text) - start + 1), default=0
    )


@given(text=_TEXTS.filter(bool), width=st.integers(-1, 12), filling=st.text(alphabet="xy", min_size=1, max_size=3))
def test_padding_gives_the_width_and_keeps_the_text(text: str, width: int, filling: str) -> None:
    left, right = lpad(text, width, filling), rpad(text, width, filling)
    if width < 1:
        assert left is None and right is None
        return
    assert left is not None and right is not None
    assert len(left) == len(right) == width
    assert left.endswith(text) if width >= len(text) else text.startswith(left)
    assert right.startswith(text[:width])


@given(moment=_MOMENTS, months=st.integers(-600, 600))
def test_months_added_can_be_counted_again(moment: datetime, months: int) -> None:
    moved = add_months(moment, months)
    assert (moved.year * 12 + moved.month) - (moment.year * 12 + moment.month) == months
    assert moved.time() == moment.time()
    was_last = moment.day == calendar.monthrange(moment.year, moment.month)[1]
    is_last = moved.day == calendar.monthrange(moved.year, moved.month)[1]
    assert is_last if was_last else moved.day == moment.day or is_last


def test_months_between_counts_whole_months_and_thirty_firsts() -> None:
    assert months_between(datetime(2026, 3, 31), datetime(2026, 2, 28)) == 1
    assert months_between(datetime(2026, 3, 15), datetime(2026, 1, 15, 12)) == 2
    assert months_between(datetime(2026, 3, 16), datetime(2026, 3, 15, 12)) == Decimal("0.016129032258")
    assert months_between(datetime(2026, 1, 1), datetime(2026, 3, 1)) == -2


@given(number=_CENTS)
def test_a_number_as_text_can_be_read_again(number: Decimal) -> None:
    text = plain_text(number)
    assert to_number(text) == number
    assert not text.startswith(("0.", "-0."))
    assert "." not in text or not text.endswith(("0", "."))


@given(number=_CENTS)
def test_a_money_mask_writes_like_pythons_own(number: Decimal) -> None:
    assert number_to_text(number, "999,999,990.00") == f"{number:,.2f}".rjust(15)
    assert number_to_text(number, "FM999999990.00") == f"{number:.2f}"


@pytest.mark.parametrize(
    ("number", "mask", "text"),
    [
        ("0.5", "9.99", "  .50"),
        ("0.5", "0.99", " 0.50"),
        ("0", "999", "   0"),
        ("12.5", "FM999.99", "12.5"),
        ("12", "FM999.99", "12."),
        ("12", "FM999.00", "12.00"),
        ("-12.345", "999.99", " -12.35"),
        ("1234", "999", "####"),
        ("7", "0000", " 0007"),
        ("12", "$999", "  $12"),
        ("12", "9,999", "    12"),
    ],
)
def test_a_number_is_laid_into_its_mask(number: str, mask: str, text: str) -> None:
    assert number_to_text(Decimal(number), mask) == text


@given(moment=_MOMENTS)
def test_a_date_written_out_in_full_is_read_back(moment: datetime) -> None:
    for mask in ("YYYY-MM-DD HH24:MI:SS", "FMMonth DD, YYYY HH24:MI:SS", "SSMIHH24DDMMYYYY"):
        text = date_to_text(moment, mask)
        reading = mask.removeprefix("FM")
        assert text is not None and text_to_date(text, reading) == moment
    assert date_to_text(moment, "YYYY-MM-DD") == moment.strftime("%Y-%m-%d")
    assert date_to_text(moment, "IYYY-IW") == moment.strftime("%G-%V")


@pytest.mark.parametrize(
    ("mask", "text"),
    [
        ("MONTH", "MARCH    "),
        ("Month", "March    "),
        ("FMDay DD", "Sunday 1"),
        ("dy", "sun"),
        ('"day" DDD', "day 060"),
        ("HH:MI AM", "02:05 PM"),
        ("HH12", "02"),
        ("YY Q W WW", "26 1 1 09"),
    ],
)
def test_a_date_is_written_by_its_mask(mask: str, text: str) -> None:
    assert date_to_text(datetime(2026, 3, 1, 14, 5, 9), mask) == text


def test_a_date_is_read_as_oracle_reads_it() -> None:
    assert text_to_date("1/2/2026", "MM/DD/YYYY") == datetime(2026, 1, 2)
    assert text_to_date("2026.11.23", "YYYY-MM-DD") == datetime(2026, 11, 23)
    assert text_to_date("23-nov-2026", "DD-MON-YYYY") == datetime(2026, 11, 23)
    assert text_to_date("2026-11", "YYYY-MM") == datetime(2026, 11, 1)
    for text, mask in (("2026-11-23 10", "YYYY-MM-DD"), ("2026-11", "YYYY-MM-DD"), ("23-Foo-2026", "DD-MON-YYYY")):
        with pytest.raises(SuiteQLError):
            text_to_date(text, mask)
    with pytest.raises(SuiteQLError, match="must name the year"):
        text_to_date("11-23", "MM-DD")


@settings(max_examples=60, deadline=None)
@given(numerator=st.integers(-(10**9), 10**9), denominator=st.integers(1, 10**6), places=st.integers(0, 4))
def test_a_quotient_is_rounded_half_away_from_zero(
    suiteql: SuiteQL, numerator: int, denominator: int, places: int
) -> None:
    row = suiteql.run(f"SELECT ROUND(? / ?, {places}) AS q FROM dual", [numerator, denominator]).rows[0]
    scaled = abs(Fraction(numerator, denominator)) * 10**places
    whole = int(scaled + Fraction(1, 2))
    assert row == (Decimal(whole if numerator >= 0 else -whole).scaleb(-places),)


@settings(max_examples=40, deadline=None)
@given(amounts=st.lists(_CENTS, min_size=1, max_size=6))
def test_sums_and_products_are_exact(suiteql: SuiteQL, amounts: list[Decimal]) -> None:
    rows = " UNION ALL ".join("SELECT ? AS amount FROM dual" for _ in amounts)
    sql = f"SELECT SUM(amount) AS total, MAX(amount) * 3 AS thrice, AVG(amount) AS mean FROM ({rows})"
    total, thrice, mean = suiteql.run(sql, amounts).rows[0]
    assert (total, thrice) == (sum(amounts), max(amounts) * 3)
    quantum = Decimal(1).scaleb(-12)
    assert mean == (sum(amounts, Decimal()) / len(amounts)).quantize(quantum, rounding=ROUND_HALF_UP)


def test_json_carries_numbers_and_dates_as_text() -> None:
    assert to_json_text(None) is None
    assert to_json_text("x") == "x"
    assert to_json_text(143) == "143"
    assert to_json_text(Decimal("-0.5000")) == "-0.5"
    assert to_json_text(Decimal("1250.0000")) == "1250"
    assert to_json_text(Decimal("0E-12")) == "0"
    assert to_json_text(date(2026, 3, 1)) == "3/1/2026"
    assert to_json_text(datetime(2026, 3, 1, 23, 59), "DD.MM.YYYY") == "01.03.2026"
