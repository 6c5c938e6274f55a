"""Prices with VAT and without it: from NetSuite's price level to what Sitoo stores, and from there to the till's price.

Belongs here: the one conversion between the two bases, exact and rounded once. Does not belong here: which rate a
product has, and which price list applies.
"""

from __future__ import annotations

from decimal import Decimal

from sitoo_netsuite.money import decimals, round_half_away

_WHOLE_BP = 10_000


def to_stored(
    price: Decimal, currency: str, *, level_with_vat: bool | None, site_with_vat: bool | None, rate_bp: int | None
) -> int | None:
    """Minor units that a Sitoo site stores for a price of one unit as NetSuite's price level has it.

    Converted once, halves away from zero: price / (1 + r) where only the level holds VAT, price x (1 + r) where only
    the site does (`pricesstoredwithvat`, reference sitoo-api 2.2). rate_bp is the rate of the product's group at that
    site in basis points. None where it cannot be told: a basis is unknown, or the rate that the conversion needs.
    """
    if level_with_vat is None or site_with_vat is None:
        return None
    numerator, denominator = price.as_integer_ratio()
    numerator *= 10 ** decimals(currency)
    if level_with_vat != site_with_vat:
        if rate_bp is None:
            return None
        if site_with_vat:
            numerator, denominator = numerator * (_WHOLE_BP + rate_bp), denominator * _WHOLE_BP
        else:
            numerator, denominator = numerator * _WHOLE_BP, denominator * (_WHOLE_BP + rate_bp)
    return round_half_away(numerator, denominator)


def to_gross(stored_minor: int, *, site_with_vat: bool | None, rate_bp: int | None) -> int | None:
    """What a till asks for one unit of a stored price: minor units with VAT, halves away from zero.

    None where the site does not say whether it stores prices with VAT, or the rate is needed and unknown.
    """
    if site_with_vat:
        return stored_minor
    if site_with_vat is None or rate_bp is None:
        return None
    return round_half_away(stored_minor * (_WHOLE_BP + rate_bp), _WHOLE_BP)
