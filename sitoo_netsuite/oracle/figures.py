"""Reading figures the way the two APIs write them: decimal strings to integers in minor units, percent to basis points.

Belongs here: text to integer, and the one rounding the accounting rules need. Does not belong here: accounts.
"""

from __future__ import annotations

import re

_AMOUNT = re.compile(r"(-?)(\d+)(?:\.(\d+))?", re.ASCII)
_NO_DECIMALS = {
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
}  # fmt: skip
_THREE_DECIMALS = {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"}


def minor(text: object, currency: str) -> int:
    """Minor units of a decimal string: ``minor("-2990.00", "SEK") == -299000``.

    Raises ValueError when it is not one, or says more than the currency's decimals can.
    """
    match = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"not a decimal string: {text!r}")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    places = 0 if currency in _NO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
    kept, beyond = fraction[:places].ljust(places, "0"), fraction[places:]
    if beyond.strip("0"):
        raise ValueError(f"{text!r} is finer than a minor unit of {currency}")
    return int(f"{sign}{whole}{kept}")


def thousandths(text: object) -> int:
    """A quantity in thousandths of a unit: "-2.5" -> -2500. Raises ValueError when it is none, or is finer."""
    return minor(text, "KWD")  # three decimals, like a dinar


def basis_points(percent: object) -> int:
    """A VAT rate in hundredths of a percent: 25 -> 2500, "17.5" -> 1750. Raises ValueError when it is no rate."""
    rate = minor(str(percent), "EUR")  # two decimals, like a euro
    if rate < 0:
        raise ValueError(f"not a VAT rate: {percent!r}")
    return rate


def tax_inside(gross: int, rate: int) -> int:
    """VAT inside an amount that includes it, at a rate in basis points, half away from zero."""
    doubled = 2 * abs(gross) * rate
    rounded = (doubled // (10_000 + rate) + 1) // 2
    return rounded if gross > 0 else -rounded
