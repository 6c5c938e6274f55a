"""Money as integers: minor units plus an ISO 4217 currency, never a float.

Belongs here: reading and writing the APIs' decimal strings, rounding, and the one place that knows how many
decimals a currency has. Does not belong here: accounts, VAT rules of a retailer, anything about documents.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# ISO 4217: only the currencies that do not have two decimals need naming.
_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip

# Beyond this a till amount is a fault, and a 64-bit column would be near its end.
_LARGEST_MINOR = 10**15


class MoneyError(ValueError):
    """An amount that cannot be read, or two currencies that were about to be added."""


def decimals(currency: str) -> int:
    """Number of decimals of an ISO currency (2 unless ISO 4217 says otherwise)."""
    return _EXPONENTS.get(currency, 2)


def to_minor(text: str, currency: str) -> int:
    """Minor units of a decimal string such as ``"-2990.00"``.

    Raises MoneyError when the text is not a plain decimal number, would lose a fraction of a minor unit
    (``"1.005"`` SEK, ``"1.50"`` JPY), or is absurdly large.
    """
    if not isinstance(text, str):
        raise MoneyError(f"expected a decimal string, got {type(text).__name__}: {text!r}")
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise MoneyError(f"not a decimal amount: {text!r}") from None
    if not amount.is_finite():
        raise MoneyError(f"not a decimal amount: {text!r}")
    if amount.adjusted() > 15:
        raise MoneyError(f"amount out of range: {text!r} {currency}")
    scaled = amount.scaleb(decimals(currency))
    minor = int(scaled)
    if scaled != minor:
        raise MoneyError(f"{text!r} has more decimals than {currency} knows")
    if abs(minor) > _LARGEST_MINOR:
        raise MoneyError(f"amount out of range: {text!r} {currency}")
    return minor


def to_text(minor: int, currency: str) -> str:
    """Decimal string of an amount in minor units: ``to_text(-299000, "SEK") == "-2990.00"``."""
    places = decimals(currency)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits}" if places == 0 else f"{sign}{digits[:-places]}.{digits[-places:]}"


def to_decimal(minor: int, currency: str) -> Decimal:
    """The exact Decimal of an amount in minor units, for a JSON number in a request body."""
    return Decimal(minor).scaleb(-decimals(currency))


def round_half_away(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest integer, halves away from zero."""
    if denominator <= 0:
        raise MoneyError("denominator must be positive")
    magnitude = (2 * abs(numerator) + denominator) // (2 * denominator)
    return magnitude if numerator >= 0 else -magnitude


def vat_within(gross_minor: int, rate_bp: int) -> int:
    """VAT inside a VAT-inclusive amount, half away from zero.

    rate_bp is the rate in basis points: 25 % is 2500, 17.5 % is 1750. VAT = gross x r / (1 + r); the net is
    gross - VAT, never rounded on its own (reference field.md, section 5).
    """
    return round_half_away(gross_minor * rate_bp, 10_000 + rate_bp)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount with its currency. Adding two currencies raises; zero is zero or it is not."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other).minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other).minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        return f"{to_text(self.minor, self.currency)} {self.currency}"

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MoneyError(f"cannot add {other.currency} to {self.currency}")
        return other
