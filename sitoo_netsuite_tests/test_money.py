import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.money import Money, MoneyError, round_half_away, to_decimal, to_minor, to_text, vat_within

CURRENCIES = st.sampled_from(["SEK", "GBP", "JPY", "KWD"])


@given(st.integers(-(10**12), 10**12), CURRENCIES)
def test_an_amount_survives_being_written_and_read(minor: int, currency: str) -> None:
    assert to_minor(to_text(minor, currency), currency) == minor
    assert str(to_decimal(minor, currency)) == to_text(minor, currency)


@pytest.mark.parametrize("text", ["", "abc", "1.005", "NaN", "Infinity", "1e30", "1 000.00", "--1"])
def test_what_is_not_an_amount_of_money_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        to_minor(text, "SEK")


def test_a_currency_without_decimals_takes_no_fraction() -> None:
    assert to_minor("12.00", "JPY") == 12
    with pytest.raises(MoneyError):
        to_minor("12.50", "JPY")


def test_a_float_is_not_an_amount() -> None:
    with pytest.raises(MoneyError):
        to_minor(1.5, "SEK")  # type: ignore[arg-type]


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(MoneyError, match="cannot add GBP to SEK"):
        Money(100, "SEK") + Money(100, "GBP")


@pytest.mark.parametrize(
    ("numerator", "denominator", "rounded"), [(5, 2, 3), (-5, 2, -3), (4, 3, 1), (-4, 3, -1), (0, 7, 0)]
)
def test_halves_are_rounded_away_from_zero(numerator: int, denominator: int, rounded: int) -> None:
    assert round_half_away(numerator, denominator) == rounded


@given(st.integers(-(10**10), 10**10), st.sampled_from([0, 500, 600, 1200, 1750, 2000, 2500]))
def test_vat_mirrors_for_a_refund_and_never_exceeds_the_gross(gross: int, rate: int) -> None:
    assert vat_within(-gross, rate) == -vat_within(gross, rate)
    assert abs(vat_within(gross, rate)) <= abs(gross)


def test_vat_inside_a_price_at_the_old_and_the_new_british_rate() -> None:
    assert vat_within(11_750, 1750) == 1_750
    assert vat_within(12_000, 2000) == 2_000
