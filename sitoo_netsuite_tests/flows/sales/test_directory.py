"""Which store a register belongs to on a day, when tills are moved. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from sitoo_netsuite.flows.sales.directory import RegisterPlace, StoreDirectory
from sitoo_netsuite_tests.examples import example_estate, example_store

STOCKHOLM = ZoneInfo("Europe/Stockholm")
CITY = example_store()
HARBOUR = CITY.model_copy(update={"store": "S02"})
MOVED = date(2026, 3, 10)
DIRECTORY = StoreDirectory(
    example_estate(),
    {
        "MOVED": [RegisterPlace("SII1", HARBOUR, STOCKHOLM, MOVED), RegisterPlace("SII1", CITY, STOCKHOLM)],
        "NEW": [RegisterPlace("SII2", None, STOCKHOLM)],
    },
    {1: STOCKHOLM},
)


@pytest.mark.parametrize(
    ("moment", "store", "day"),
    [
        (datetime(2026, 3, 9, 12, tzinfo=UTC), CITY, date(2026, 3, 9)),
        # Half past three at night: the trading day of the 9th is still going on.
        (datetime(2026, 3, 10, 2, 30, tzinfo=UTC), CITY, date(2026, 3, 9)),
        (datetime(2026, 3, 10, 3, 0, tzinfo=UTC), HARBOUR, MOVED),
        (datetime(2026, 6, 1, 12, tzinfo=UTC), HARBOUR, date(2026, 6, 1)),
    ],
)
def test_a_register_belongs_to_the_store_it_stood_in_on_that_trading_day(
    moment: datetime, store: object, day: date
) -> None:
    place = DIRECTORY.place("MOVED", moment)
    assert place is not None
    assert (place.store, DIRECTORY.trading_day(moment, "MOVED", 1)) == (store, day)


def test_a_register_of_no_store_and_one_nobody_named_have_a_day_all_the_same() -> None:
    half_past_three = datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
    assert DIRECTORY.trading_day(half_past_three, "NEW", 1) == MOVED
    assert DIRECTORY.place("UNHEARD-OF", half_past_three) is None
    assert DIRECTORY.trading_day(half_past_three, "UNHEARD-OF", None) == MOVED
