"""What a virtual warehouse is told."""

from __future__ import annotations

from datetime import date

from sitoo_netsuite.flows.stock.wanted_levels import wanted_levels
from sitoo_netsuite.flows.stock.wanted_pushes import Place

PLACE = Place(901, 1, "S01", date(2026, 3, 2))


def test_only_what_differs_is_told_and_never_less_than_nothing() -> None:
    available = {"SAME": (1, 5000), "OTHER": (2, 7000), "NEW": (3, 1000), "OVERSOLD": (4, -2000), "NONE": (5, 0)}
    has = {"SAME": 5000, "OTHER": 6000, "OVERSOLD": 1000, "GONE": 3000}
    assert {level.sku: (level.item, level.quantity_milli) for level in wanted_levels(PLACE, available, has)} == {
        "GONE": (None, 0),
        "NEW": (3, 1000),
        "OTHER": (2, 7000),
        "OVERSOLD": (4, 0),
    }
