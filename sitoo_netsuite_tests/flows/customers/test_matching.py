"""Who is linked, who is made, and who is left to a person."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.customers.identity import external_id, person_hash, person_name
from sitoo_netsuite.flows.customers.matching import (
    Customer,
    Decision,
    Known,
    Person,
    Rules,
    Source,
    TypedIn,
    match,
    shared_identities,
)

ANNA, ERIK = ("Anna", "Berg"), ("Erik", "Berg")
MOBILE, OTHER_MOBILE = "+46701740605", "+46701740699"


def person(record: str = "1/U1", email: str | None = None, mobile: str | None = None, **more: Any) -> Person:
    given, family = more.pop("names", ANNA)
    return Person(
        more.pop("source", Source.USER), record, email, mobile, person_name(given, family, ""), TypedIn(), "1", **more
    )


def customer(number: int, email: str | None = None, mobile: str | None = None, **more: Any) -> Customer:
    given, family = more.pop("names", ANNA)
    return Customer(number, more.pop("external_id", None), email, mobile, person_name(given, family, ""), "1", **more)


def decide(people: list[Person], customers: list[Customer], rules: Rules | None = None) -> list[Decision]:
    return match(people, customers, [], rules or Rules())


def only(people: Person, *customers: Customer, rules: Rules | None = None) -> Decision:
    (decision,) = decide([people], list(customers), rules)
    return decision


def linked(decision: Decision) -> tuple[str, int | None, str | None]:
    return decision.state, decision.customer.customer if decision.customer else None, decision.matched_by


def test_one_customer_with_the_address_is_linked() -> None:
    found = only(person(email="anna@example.com"), customer(7, "anna@example.com"), customer(8, "x@example.com"))
    assert linked(found) == ("linked", 7, "email")


def test_an_address_alone_is_enough_for_whoever_says_nothing_else() -> None:
    assert linked(only(person(email="berg@example.com", names=("", "")), customer(7, "berg@example.com"))) == (
        "linked", 7, "email",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("names", "mobile"),
    [(("", ""), OTHER_MOBILE), (("", "Berg"), None), (("", "Berg"), OTHER_MOBILE)],
    ids=["another number and no name", "the family's name", "the family's name and another number"],
)
def test_who_says_more_than_an_address_is_linked_only_where_it_agrees(
    names: tuple[str, str], mobile: str | None
) -> None:
    anna = customer(7, "berg@example.com", MOBILE)
    unsure = person(email="berg@example.com", mobile=mobile, names=names)
    assert only(unsure, anna).state == "ambiguous"
    assert only(replace(unsure, source=Source.RECEIPT), anna).state == "anonymous"
    assert linked(only(replace(unsure, mobile=MOBILE), anna)) == ("linked", 7, "email")


def test_a_person_at_the_address_of_a_firm_is_not_taken_for_it() -> None:
    firm = replace(customer(7, "berg@example.com", MOBILE), name=person_name("", "", "Berg Bygg AB"))
    assert only(person(email="berg@example.com"), firm).state == "ambiguous"
    buyer = replace(person(email="berg@example.com"), name=person_name("Anna", "Berg", "Berg Bygg"))
    assert linked(only(buyer, firm)) == ("linked", 7, "email")


def test_who_was_left_open_stays_so_under_a_new_address_until_a_customer_has_it() -> None:
    before = person_hash("berg@example.com")
    moved = person(email="new@example.com", left_open=before)
    receipt = person("41", "new@example.com", source=Source.RECEIPT)
    user, of_receipt = decide([moved, receipt], [customer(7, "berg@example.com")])
    assert (user.state, user.identity, of_receipt.state) == ("ambiguous", before, "ambiguous")
    assert linked(only(moved, customer(7, "new@example.com"))) == ("linked", 7, "email")
    assert only(replace(moved, left_open=person_hash("new@example.com"))).state == "planned"


def test_without_the_address_the_number_tells() -> None:
    found = only(person(email="new@example.com", mobile=MOBILE), customer(7, "anna@example.com", MOBILE))
    assert linked(found) == ("linked", 7, "mobile")


def test_the_address_goes_before_the_number() -> None:
    found = only(
        person(email="anna@example.com", mobile=MOBILE),
        customer(7, "anna@example.com", OTHER_MOBILE),
        customer(8, "x@example.com", MOBILE),
    )
    assert linked(found) == ("linked", 7, "email")


def test_a_name_alone_links_nobody() -> None:
    found = only(person(email="new@example.com"), customer(7, "entirely.different@example.org"))
    assert linked(found) == ("planned", None, "created")
    assert found.customer is not None
    assert found.customer.external_id == external_id(person_hash("new@example.com"))


def test_several_with_the_address_are_left_to_a_person() -> None:
    found = only(
        person(email="anna@example.com"), customer(7, "anna@example.com"), customer(8, "anna@example.com", names=ERIK)
    )
    assert found.state == "ambiguous"
    assert [entry.customer.customer for entry in found.candidates] == [7, 8]


def test_several_with_the_number_are_left_to_a_person() -> None:
    assert only(person(mobile=MOBILE), customer(7, None, MOBILE), customer(8, None, MOBILE)).state == "ambiguous"


def test_an_inactive_customer_is_no_candidate_but_is_shown_beside_them() -> None:
    gone = customer(6, "anna@example.com", inactive=True)
    here, double = customer(7, "anna@example.com"), customer(8, "anna@example.com")
    assert linked(only(person(email="anna@example.com"), gone, here)) == ("linked", 7, "email")
    shown = only(person(email="anna@example.com"), gone, here, double)
    assert [entry.customer.inactive for entry in shown.candidates] == [True, False, False]


def test_where_only_an_inactive_customer_is_found_nobody_is_made_a_second_time() -> None:
    resting = customer(6, "anna@example.com", MOBILE, inactive=True)
    for anna in (
        person(email="anna@example.com"),
        person(email="new@example.com", mobile=MOBILE),
        person(mobile=MOBILE),
    ):
        found = only(anna, resting)
        assert (found.state, found.detail) == ("ambiguous", "only an inactive customer has this address or number")
    assert only(person(email="erik@example.com", mobile=MOBILE, names=ERIK), resting).state == "planned"


def test_a_number_links_nobody_whose_given_name_or_company_does_not_agree() -> None:
    anna = customer(7, "anna@example.com", MOBILE)
    for names in (("", "Berg"), ("", "")):
        assert only(person(email="new@example.com", mobile=MOBILE, names=names), anna).state == "ambiguous"
    assert only(person(mobile=MOBILE, names=("", "Berg")), anna).state == "ambiguous"
    assert linked(only(person(mobile=MOBILE, names=("Berg", "Anna")), anna)) == ("linked", 7, "mobile")


def test_two_of_a_family_with_one_address_are_not_linked_as_one() -> None:
    found = only(person(email="berg@example.com", names=ERIK), customer(7, "berg@example.com"))
    assert found.state == "ambiguous"
    own_number = person(email="berg@example.com", mobile=MOBILE, names=ERIK)
    erik = customer(8, "erik@example.com", MOBILE, names=ERIK)
    assert linked(only(own_number, customer(7, "berg@example.com"), erik)) == ("linked", 8, "mobile")


def test_a_number_that_has_changed_hands_makes_a_new_customer_of_who_has_an_address() -> None:
    before = customer(7, "anna@example.com", MOBILE)
    assert only(person(email="erik@example.com", mobile=MOBILE, names=ERIK), before).state == "planned"
    assert only(person(mobile=MOBILE, names=ERIK), before).state == "ambiguous"


def test_who_has_married_and_has_a_new_address_is_not_made_a_second_time() -> None:
    before = customer(7, "anna.berg@example.com", MOBILE)
    assert (
        only(person(email="anna.holm@example.com", mobile=MOBILE, names=("Anna", "Holm")), before).state == "ambiguous"
    )


def test_a_slip_of_the_finger_makes_nobody_a_second_time() -> None:
    mistyped = person(email="ana.berg@example.com")
    found = only(mistyped, customer(7, "anna.berg@example.com"))
    assert found.state == "ambiguous"
    assert [entry.matched_by for entry in found.candidates] == ["email alike"]
    assert only(mistyped, customer(7, "anna.berg@example.com", names=ERIK)).state == "planned"


def test_placeholders_and_addresses_on_many_names_link_nobody() -> None:
    rules = Rules(placeholders={"@none.example"}, shared={"shop@example.com", OTHER_MOBILE})
    customers = [customer(7, "x@none.example", MOBILE), customer(8, "shop@example.com", OTHER_MOBILE)]
    assert only(person(email="x@none.example"), *customers, rules=rules).state == "anonymous"
    assert only(person(email="shop@example.com", mobile=OTHER_MOBILE), *customers, rules=rules).state == "anonymous"
    assert linked(only(person(email="shop@example.com", mobile=MOBILE), *customers, rules=rules)) == (
        "linked", 7, "mobile",
    )  # fmt: skip


def test_an_address_counts_as_shared_by_people_not_by_spellings() -> None:
    spelled = [person_name(*names, "") for names in (ANNA, ("ANNA", "Berg"), ("Ana", "Berg"), ("A", "Berg"))]
    assert shared_identities({"a@example.com": spelled}, 2) == set()
    assert shared_identities({"a@example.com": [*spelled, person_name(*ERIK, "")]}, 2) == {"a@example.com"}


def test_two_tills_that_meet_one_person_make_one_customer() -> None:
    first, second = decide([person("1/U1", "anna@example.com"), person("2/U9", "anna@example.com")], [])
    assert (first.state, second.state) == ("planned", "planned")
    assert first.customer == second.customer


def test_who_was_linked_by_number_is_found_by_the_new_address_from_then_on() -> None:
    people = [
        person("1/U1", "new@example.com", MOBILE),
        person("41", "new@example.com", source=Source.RECEIPT),
    ]
    decisions = decide(people, [customer(7, "old@example.com", MOBILE)])
    assert [linked(entry)[:2] for entry in decisions] == [("linked", 7), ("linked", 7)]
    later = match(
        [people[1]],
        [customer(7, "old@example.com", MOBILE)],
        [Known(7, "new@example.com", MOBILE, person_name(*ANNA, ""))],
        Rules(),
    )
    assert linked(later[0])[:2] == ("linked", 7)


def test_of_several_records_of_one_person_any_may_tell_who_it_is() -> None:
    people = [
        person("1/U1", "new@example.com"),
        person("2/U1", "third@example.com", OTHER_MOBILE),
        person("41", "new@example.com", MOBILE, source=Source.RECEIPT),
        person("42", "third@example.com", MOBILE, source=Source.RECEIPT),
    ]
    known = decide(people, [customer(7, "old@example.com", MOBILE)])
    assert {linked(entry)[:2] for entry in known} == {("linked", 7)}
    made = decide(people, [])
    assert {entry.state for entry in made} == {"planned"}
    assert len({entry.customer.external_id for entry in made if entry.customer}) == 1


def test_a_receipt_without_consent_is_linked_to_who_is_made_of_another_one() -> None:
    people = [
        person("41", "anna@example.com", source=Source.RECEIPT, may_make=False),
        person("42", "anna@example.com", source=Source.RECEIPT),
    ]
    assert [entry.state for entry in decide(people, [])] == ["planned", "planned"]


def test_a_number_beside_an_address_on_a_receipt_without_a_name_is_only_a_hint() -> None:
    anna = customer(7, "berg@example.com")
    nameless = person("41", "berg@example.com", MOBILE, names=("", ""), source=Source.RECEIPT)
    assert linked(decide([nameless, person("42", None, MOBILE)], [anna])[1]) == ("linked", 7, "mobile")
    assert decide([nameless, person("42", None, MOBILE, names=ERIK)], [anna])[1].state == "planned"
    assert decide([nameless, person("42", None, MOBILE, names=("", ""))], [anna])[1].state == "anonymous"


def test_nobody_is_made_of_a_number_alone() -> None:
    assert only(person(mobile=MOBILE, names=("", ""))).state == "anonymous"
    assert only(person(mobile=MOBILE)).state == "planned"


def test_a_slip_of_the_finger_between_two_who_are_new_makes_one_customer() -> None:
    first, second = decide([person("1/U1", "anna@example.com"), person("2/U2", "ana@example.com")], [])
    assert (first.state, second.state) == ("planned", "ambiguous")


def test_a_customer_asked_for_before_is_known_by_its_external_id() -> None:
    asked = person(email="anna@example.com", external_id="CUST-before")
    assert linked(only(asked, customer(7, None, None, external_id="CUST-before"))) == ("linked", 7, "external_id")


def test_nobody_erased_is_made_again_in_the_same_run_or_later() -> None:
    gone = person("1/U1", "anna@example.com", gone=True)
    receipt = person("41", "anna@example.com", source=Source.RECEIPT)
    assert [entry.state for entry in decide([gone, receipt], [])] == ["erased", "erased"]
    assert only(receipt, rules=Rules(erased={person_hash("anna@example.com")})).state == "erased"


def test_nobody_erased_is_made_again_by_their_other_identity() -> None:
    gone = person("1/U1", "anna@example.com", MOBILE, gone=True)
    by_number = person("41", None, MOBILE, source=Source.RECEIPT)
    by_another_address = person("2/U1", "new@example.com", MOBILE)
    assert {entry.state for entry in decide([gone, by_number, by_another_address], [])} == {"erased"}


def test_whose_customer_is_gone_is_erased_and_never_left_open() -> None:
    gone = person("1/U1", "anna@example.com", MOBILE, gone=True)
    double = [customer(7, "anna@example.com"), customer(8, "anna@example.com")]
    assert only(gone, *double).state == "erased"
    assert only(person("1/U1", gone=True)).state == "erased"


def test_who_was_merged_into_another_customer_is_linked_to_that_one() -> None:
    found = only(person(email="anna@example.com", gone=True), customer(8, "anna@example.com"))
    assert linked(found) == ("linked", 8, "email")


def test_the_forgotten_are_neither_linked_nor_made() -> None:
    rules = Rules(forgotten={person_hash("anna@example.com")})
    assert only(person(email="anna@example.com"), customer(7, "anna@example.com"), rules=rules).state == "forgotten"


def test_a_receipt_that_may_make_nobody_links_all_the_same() -> None:
    receipt = person("41", "anna@example.com", source=Source.RECEIPT, may_make=False)
    assert only(receipt).state == "anonymous"
    assert linked(only(receipt, customer(7, "anna@example.com"))) == ("linked", 7, "email")


def test_nothing_shows_an_address() -> None:
    found = only(person(email="anna@example.com", mobile=MOBILE), customer(7, "anna@example.com", MOBILE))
    assert "anna" not in repr(found).lower()
    assert MOBILE not in repr(found)


_addresses = st.sampled_from([None, "a@example.com", "b@example.com", "ab@example.com"])
_numbers = st.sampled_from([None, MOBILE, OTHER_MOBILE])
_names = st.sampled_from([ANNA, ERIK, ("", "")])


@given(
    st.lists(st.tuples(_addresses, _numbers, _names), max_size=6),
    st.lists(st.tuples(_addresses, _numbers, _names), max_size=4),
)
def test_no_person_is_planned_twice_and_nobody_is_linked_without_an_address_or_number(
    tills: list[tuple[str | None, str | None, tuple[str, str]]],
    known: list[tuple[str | None, str | None, tuple[str, str]]],
) -> None:
    people = [person(f"1/U{place}", email, mobile, names=names) for place, (email, mobile, names) in enumerate(tills)]
    customers = [
        customer(place, email, mobile, names=names) for place, (email, mobile, names) in enumerate(known, start=1)
    ]
    decisions = decide(people, customers)
    assert len(decisions) == len(people)
    planned = {entry.customer.external_id: entry.customer for entry in decisions if entry.state == "planned"
               and entry.customer}  # fmt: skip
    for decision in decisions:
        assert (decision.identity is None) == (decision.person.email is None and decision.person.mobile is None)
        assert (decision.state == "ambiguous") == bool(decision.candidates)
        if decision.state == "planned":
            assert decision.customer is not None
            assert planned[decision.customer.external_id] is decision.customer
            # Whom NetSuite has is not made: nobody of this address and name is there already.
            assert not any(
                entry.email == decision.person.email and entry.email and not entry.inactive and entry.customer
                and entry.name == decision.person.name
                for entry in customers
            )  # fmt: skip
