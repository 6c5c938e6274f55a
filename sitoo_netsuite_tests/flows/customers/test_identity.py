"""When two spellings are one address, one number, one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.customers.identity import (
    contradict,
    external_id,
    is_placeholder,
    may_be_mistyped,
    normalised_email,
    normalised_mobile,
    normalised_placeholder,
    person_hash,
    person_name,
)


@pytest.mark.parametrize(
    ("typed", "known"),
    [
        (" Anna.Berg@Example.COM ", "anna.berg@example.com"),
        ("anna.berg@example.com.", "anna.berg@example.com"),
        ("info@exa\u0308mple.se", "info@xn--exmple-cua.se"),
        ("info@EXÄMPLE.se", "info@xn--exmple-cua.se"),
        ("a\u030asa@example.com", "åsa@example.com"),
    ],
)
def test_an_address_is_one_however_it_is_written(typed: str, known: str) -> None:
    assert normalised_email(typed) == known


@pytest.mark.parametrize(
    "typed", ["", None, "-", "anna", "anna@", "@example.com", "anna@example", "an na@example.com", "a@b@example.com",
              "anna@exam ple.com", "anna\u200b@example.com", "anna@\u2e32.se", "a" * 250 + "@example.com"]
)  # fmt: skip
def test_what_is_no_address_is_none(typed: str | None) -> None:
    assert normalised_email(typed) is None


def test_addresses_that_a_provider_may_take_for_one_stay_two() -> None:
    assert normalised_email("anna.berg@example.com") != normalised_email("annaberg@example.com")
    assert normalised_email("anna+tills@example.com") != normalised_email("anna@example.com")
    assert normalised_email("info@straße.de") != normalised_email("info@strasse.de")


@given(st.emails())
def test_normalising_an_address_again_changes_nothing(typed: str) -> None:
    once = normalised_email(typed)
    assert once is None or normalised_email(once) == once


@pytest.mark.parametrize(
    "typed", ["070-174 06 05", "0701740605", "+46 70 174 06 05", "0046701740605", "+46(0)701740605"]
)
def test_a_mobile_number_is_one_however_it_is_written(typed: str) -> None:
    assert normalised_mobile(typed, None, "SE") == "+46701740605"


def test_a_number_without_a_country_is_read_as_its_markets_or_not_at_all() -> None:
    assert normalised_mobile("07700 900123", None, "GB") == "+447700900123"
    assert normalised_mobile("07700 900123", None, None) is None
    assert normalised_mobile("+447700900123", None, None) == "+447700900123"


def test_a_landline_is_nobodys_own_number() -> None:
    assert normalised_mobile("08-465 004 00", "08-465 004 00", "SE") is None


def test_a_mobile_number_in_the_field_for_any_counts_when_it_is_surely_one() -> None:
    assert normalised_mobile("", "070-174 06 05", "SE") == "+46701740605"
    assert normalised_mobile("", "(202) 555-0143", "US") is None  # a mobile number, or a landline


@pytest.mark.parametrize("typed", ["", None, "0", "0000000000", "no", "+00 555 0001", "070-174 06 05 ext 12", "1" * 60])
def test_what_is_no_mobile_number_is_none(typed: str | None) -> None:
    assert normalised_mobile(typed, typed, "SE") is None


def test_placeholders_are_addresses_or_whole_domains() -> None:
    entries = {normalised_placeholder(entry) for entry in ("Nobody@Shop.example", "@NoMail.example")}
    assert is_placeholder("nobody@shop.example", entries)
    assert is_placeholder("anything@nomail.example", entries)
    assert not is_placeholder("anna@shop.example", entries)


def test_the_external_id_is_the_same_every_time_and_fit_for_netsuite() -> None:
    made = external_id(person_hash("anna@example.com"))
    assert made == external_id(person_hash("anna@example.com"))
    assert made.startswith("CUST-")
    assert len(made) == 29
    assert made.replace("-", "").isalnum()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Anna", "Svensson"), ("ANNA", "svensson")),
        (("Åsa", "Lindström"), ("Asa", "Lindstrom")),
        (("Anna", "Svensson"), ("Ana", "Svenson")),
        (("Anders", "Berg"), ("Andres", "Berg")),
        (("Anna", "Svensson"), ("Svensson", "Anna")),
        (("A", "Svensson"), ("Anna", "Svensson")),
        (("Anna", "Svensson"), ("Anna", "Svensson Berg")),
        (("Anna", "Svensson"), ("Anna", "")),
        (("Anna", "Svensson"), ("", "")),
        (("Anna", "Svensson"), ("", "anna@example.com")),
    ],
)
def test_names_that_may_be_one_persons_do_not_contradict(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert not contradict(person_name(*one, ""), person_name(*other, ""))
    assert not contradict(person_name(*other, ""), person_name(*one, ""))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Anna", "Svensson"), ("Erik", "Svensson")),
        (("Daniel", "Berg"), ("Daniela", "Berg")),
        (("Maria", "Berg"), ("Marta", "Berg")),
        (("Anna", "Svensson"), ("Anna", "Holm")),
        (("Anna", ""), ("Erik", "")),
    ],
)
def test_names_of_two_people_contradict(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert contradict(person_name(*one, ""), person_name(*other, ""))


def test_companies_are_compared_where_nobody_is_named() -> None:
    assert not contradict(person_name("", "", "Berg Trading AB"), person_name("", "", "Berg Trading"))
    assert contradict(person_name("", "", "Berg Trading"), person_name("", "", "Holm Konsult"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna@gmial.com", "anna@gmail.com"),
        ("ana@example.com", "anna@example.com"),
        ("anna@example.con", "anna@example.com"),
        ("+46701740605", "+46701740606"),
        ("+46701740605", "+46701740650"),
    ],
)
def test_one_slip_of_a_finger_is_seen(one: str, other: str) -> None:
    assert may_be_mistyped(one, other)
    assert may_be_mistyped(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna.1@example.com", "anna.11@example.com"),
        ("anna.1@example.com", "anna.2@example.com"),
        ("anna@example.com", "anna@example.com"),
        ("anna@example.com", "anan.b@example.com"),
    ],
)
def test_other_digits_are_other_people(one: str, other: str) -> None:
    assert not may_be_mistyped(one, other)


def test_a_name_shows_nothing_of_itself() -> None:
    assert "Berg" not in repr(person_name("Anna", "Berg", "Berg Trading"))
