"""The judge of the customer benchmark, over populations small enough to be worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.customers_judge import judge
from benchmarks.population import Entry

ANNA = Entry(1, "10000", "anna@example.com", "", "", "Anna", "Berg")
ERIK = Entry(2, "10001", "erik@example.com", "", "", "Erik", "Berg")


def user(person: int, email: str, first: str = "Anna", record: str = "{1}", **more: str) -> Entry:
    return Entry(person, record, email, more.get("mobile", ""), "", first, more.get("family", "Berg"))


def test_a_link_to_somebody_else_is_wrong_and_matches_nothing() -> None:
    judged = judge([ANNA, ERIK], [user(1, "anna@example.com")], {"{1}": "10001"}, [])
    assert (judged.wrong, judged.matchable, judged.matched) == (1, 1, 0)


def test_two_people_on_one_customer_that_was_made_are_one_of_them_wrong() -> None:
    records = [user(1, "a@example.com"), user(2, "b@example.com", "Erik", "{2}")]
    assert judge([], records, {"{1}": "CUST-1", "{2}": "CUST-1"}, ["CUST-1"]).wrong == 1


def test_people_without_address_or_number_are_not_taken_for_each_other() -> None:
    records = [user(1, "", "", "{1}", family=""), user(2, "", "", "{2}", family="")]
    assert judge([ANNA], records, {"{1}": "10000", "{2}": "10000"}, []).wrong == 1


def test_what_a_family_shares_is_counted_apart_and_the_owner_is_who_says_their_name() -> None:
    named = user(1, "berg@example.com")
    nameless = [replace(user(2, "berg@example.com", "", record), or_of=frozenset({1})) for record in ("{2}", "{3}")]
    linked = dict.fromkeys(("{1}", "{2}", "{3}"), "CUST-1")
    judged = judge([], [named, *nameless], linked, ["CUST-1"])
    assert (judged.wrong, judged.of_several) == (0, 2)


def test_a_customer_made_of_somebody_who_had_one_is_doubled_where_something_could_tell() -> None:
    judged = judge([ANNA], [user(1, "anna@example.com")], {"{1}": "CUST-1"}, ["CUST-1"])
    assert (judged.doubled, judged.untold) == (1, 0)
    slipped = judge([ANNA], [user(1, "ana@example.com")], {"{1}": "CUST-1"}, ["CUST-1"])
    assert (slipped.doubled, slipped.untold) == (1, 0)
    moved = judge([ANNA], [user(1, "new@example.com")], {"{1}": "CUST-1"}, ["CUST-1"])
    assert (moved.doubled, moved.untold, moved.matchable) == (0, 1, 0)


def test_two_customers_made_of_one_person_in_one_run_are_a_double() -> None:
    records = [user(1, "a@example.com"), user(1, "a@example.com", record="41")]
    assert judge([], records, {"{1}": "CUST-1", "41": "CUST-2"}, ["CUST-1", "CUST-2"]).doubled == 1


def test_who_changed_address_is_tied_to_who_they_were() -> None:
    before, now = user(1, "anna@example.com"), user(1, "new@example.com")
    assert judge([ANNA], [now, before], {"{1}": "CUST-1"}, ["CUST-1"]).doubled == 1


def test_a_customer_nobody_is_linked_to_cannot_be_judged() -> None:
    with pytest.raises(ValueError, match="CUST-1"):
        judge([ANNA], [user(1, "anna@example.com")], {}, ["CUST-1"])
