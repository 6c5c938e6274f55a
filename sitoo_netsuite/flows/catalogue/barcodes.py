"""Which barcodes a till can be trusted with.

Belongs here: what a GTIN is. Does not belong here: which items share one (`wanted.py`).
"""

from __future__ import annotations

_LENGTHS = frozenset({8, 12, 13, 14})
_LONGEST = max(_LENGTHS)


def is_gtin(text: str) -> bool:
    """Whether text is a GTIN-8, -12, -13 or -14: its length, digits only, its check digit. Nothing but zeros is none.

    The check digit brings the sum of all digits, every second one from the right (but the last) three times, to a
    multiple of ten.
    """
    if len(text) not in _LENGTHS or not (text.isascii() and text.isdigit()) or not text.strip("0"):
        return False
    backwards = [int(digit) for digit in reversed(text)]
    return (sum(backwards[::2]) + 3 * sum(backwards[1::2])) % 10 == 0


def same_gtin(text: str) -> str:
    """The 14 digits that all ways of writing one GTIN share: a scanner may put zeros before it or leave them out."""
    return text.rjust(_LONGEST, "0")
