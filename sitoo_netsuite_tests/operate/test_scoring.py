"""Scoring planted faults: what counts as found, missed, neutral and false."""

from datetime import date
from typing import Any

from sitoo_netsuite.operate.scoring import score

Z_FAULT = {
    "id": 1, "fault": "z_disagrees", "case_kind": "z_variance", "store": "S01", "trading_day": "2026-03-03",
    "record": "{A}/7", "amount_minor": 5000, "currency": "SEK", "follow_ups": ["held_store_day"],
}  # fmt: skip


def case(kind: str = "z_variance", **changes: Any) -> dict[str, Any]:
    found = {
        "kind": kind, "store": "S01", "trading_day": date(2026, 3, 3), "record": "{A}/7", "amount_minor": 5000,
    }  # fmt: skip
    return found | changes


def test_a_fault_is_found_by_the_case_with_its_kind_store_day_record_and_amount() -> None:
    result = score([Z_FAULT], [case()])
    assert (result.planted, result.found, result.missed, result.false_alarms) == (1, 1, (), ())


def test_a_case_that_is_off_in_anything_misses_the_fault_and_is_a_false_alarm() -> None:
    for change in (
        {"amount_minor": 4999}, {"record": "{A}/8"}, {"store": "S02"}, {"trading_day": date(2026, 3, 4)},
        {"amount_minor": None},
    ):  # fmt: skip
        result = score([Z_FAULT], [case(**change)])
        assert (result.found, len(result.missed), len(result.false_alarms)) == (0, 1, 1), change


def test_a_second_case_for_the_same_fault_is_a_false_alarm() -> None:
    assert len(score([Z_FAULT], [case(), case()]).false_alarms) == 1


def test_a_follow_up_is_neutral_at_the_store_of_its_fault_and_nowhere_else() -> None:
    follow_up = case("held_store_day", record=None, amount_minor=1)
    assert score([Z_FAULT], [case(), follow_up]).false_alarms == ()
    assert len(score([Z_FAULT], [case(), follow_up | {"store": "S02"}]).false_alarms) == 1


def test_a_follow_up_does_not_stand_in_for_the_case_itself() -> None:
    result = score([Z_FAULT], [case("held_store_day", record=None, amount_minor=1)])
    assert (result.found, len(result.missed)) == (0, 1)


def test_the_same_fault_twice_needs_two_cases() -> None:
    assert score([Z_FAULT, Z_FAULT], [case()]).found == 1


def test_with_nothing_planted_every_open_case_is_a_false_alarm() -> None:
    result = score([], [case()])
    assert (result.planted, result.found, len(result.false_alarms)) == (0, 0, 1)


def test_a_fault_of_the_master_data_is_found_by_a_case_of_no_store_no_day_and_no_amount() -> None:
    nowhere = {"store": None, "trading_day": None, "record": "HOM-012", "amount_minor": None}
    fault = {**Z_FAULT, **nowhere, "case_kind": "catalogue_drift", "currency": None, "follow_ups": []}
    assert score([fault], [case("catalogue_drift", **nowhere)]).found == 1
    elsewhere = score([fault], [case("catalogue_drift", **{**nowhere, "record": "HOM-013"})])
    assert (elsewhere.found, len(elsewhere.false_alarms)) == (0, 1)
