"""What counts as a barcode."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.catalogue.barcodes import is_gtin, same_gtin


@pytest.mark.parametrize("barcode", ["96385074", "036000291452", "4006381333931", "10012345678902"])
def test_gtins_of_every_length_are_barcodes(barcode: str) -> None:
    assert is_gtin(barcode)


@pytest.mark.parametrize(
    "barcode",
    ["", "4006381333932", "400638133393", "40063813339310", "ABC", "4006381 33931", "٤٠٠٦٣٨١٣٣٣٩٣١", "0" * 13],
)
def test_what_has_a_wrong_length_check_digit_or_character_is_none(barcode: str) -> None:
    assert not is_gtin(barcode)


def test_zeros_before_a_gtin_do_not_make_it_another() -> None:
    assert same_gtin("036000291452") == same_gtin("0036000291452")


@given(st.text("0123456789", min_size=12, max_size=12).filter(lambda text: text.strip("0")), st.integers(0, 12))
def test_one_wrong_digit_is_always_seen(digits: str, place: int) -> None:
    whole = next(digits + check for check in "0123456789" if is_gtin(digits + check))
    wrong = str((int(whole[place]) + 1) % 10)
    assert not is_gtin(whole[:place] + wrong + whole[place + 1 :])
