"""Prices between the two bases: exact, rounded once, never guessed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.catalogue.tax_basis import to_gross, to_stored

prices = st.decimals(min_value=0, max_value=10**7, places=4, allow_nan=False, allow_infinity=False)
rates = st.integers(0, 9999)
currencies = st.sampled_from([("SEK", 100), ("JPY", 1), ("KWD", 1000)])


@pytest.mark.parametrize(
    ("price", "level_with_vat", "site_with_vat", "stored"),
    [
        ("249.00", True, True, 24_900),
        ("199.20", False, True, 24_900),
        ("249.00", True, False, 19_920),
        ("199.20", False, False, 19_920),
        ("0.004", True, True, 0),
        ("0.005", True, True, 1),
        ("79.996", False, True, 10_000),
        ("-0.005", True, True, -1),
    ],
)
def test_a_price_is_converted_once_with_halves_away_from_zero(
    price: str, level_with_vat: bool, site_with_vat: bool, stored: int
) -> None:
    basis = {"level_with_vat": level_with_vat, "site_with_vat": site_with_vat}
    assert to_stored(Decimal(price), "SEK", **basis, rate_bp=2500) == stored


def test_minor_units_are_those_of_the_currency() -> None:
    assert to_stored(Decimal("1500"), "JPY", level_with_vat=False, site_with_vat=True, rate_bp=1000) == 1650
    assert to_stored(Decimal("1.5"), "KWD", level_with_vat=True, site_with_vat=True, rate_bp=0) == 1500


def test_no_price_is_told_where_a_basis_is_unknown() -> None:
    assert to_stored(Decimal(1), "SEK", level_with_vat=None, site_with_vat=True, rate_bp=2500) is None
    assert to_stored(Decimal(1), "SEK", level_with_vat=True, site_with_vat=None, rate_bp=2500) is None
    assert to_gross(100, site_with_vat=None, rate_bp=2500) is None


def test_a_rate_is_needed_only_where_a_price_is_converted() -> None:
    assert to_stored(Decimal(1), "SEK", level_with_vat=True, site_with_vat=True, rate_bp=None) == 100
    assert to_stored(Decimal(1), "SEK", level_with_vat=True, site_with_vat=False, rate_bp=None) is None
    assert to_gross(100, site_with_vat=True, rate_bp=None) == 100
    assert to_gross(100, site_with_vat=False, rate_bp=None) is None


@given(price=prices, rate_bp=rates, level=st.booleans(), site=st.booleans(), currency=currencies)
def test_a_conversion_is_never_off_by_more_than_half_a_minor_unit(
    price: Decimal, rate_bp: int, level: bool, site: bool, currency: tuple[str, int]
) -> None:
    factor = Fraction(10_000 + rate_bp, 10_000)
    exact = Fraction(price) * currency[1] * (1 if level == site else factor if site else 1 / factor)
    stored = to_stored(price, currency[0], level_with_vat=level, site_with_vat=site, rate_bp=rate_bp)
    assert stored is not None
    assert abs(stored - exact) <= Fraction(1, 2)


@given(gross=st.integers(0, 10**9), rate_bp=rates)
def test_a_till_price_stored_without_vat_comes_back_to_within_a_minor_unit(gross: int, rate_bp: int) -> None:
    price = Decimal(gross).scaleb(-2)
    stored = to_stored(price, "SEK", level_with_vat=True, site_with_vat=False, rate_bp=rate_bp)
    assert stored is not None
    back = to_gross(stored, site_with_vat=False, rate_bp=rate_bp)
    assert back is not None
    assert abs(back - gross) <= 1
