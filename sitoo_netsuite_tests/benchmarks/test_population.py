"""The rules of matching over a made-up population: nobody linked wrongly, nobody made twice."""

from __future__ import annotations

from collections import defaultdict

import pytest

from benchmarks.customers_judge import Judged, judge
from benchmarks.population import COUNTRY, PLACEHOLDER_DOMAIN, SHARED_BY, Entry, make_population
from sitoo_netsuite.flows.customers.identity import PersonName, person_name
from sitoo_netsuite.flows.customers.matching import (
    Customer,
    Person,
    Rules,
    Source,
    State,
    TypedIn,
    match,
    shared_identities,
)


def name_of(entry: Entry) -> PersonName:
    return person_name(entry.namefirst, entry.namelast, entry.company)


def matched(customers: tuple[Entry, ...], users: tuple[Entry, ...], receipts: tuple[Entry, ...]) -> Judged:
    """What the rules alone make of a population."""
    names = defaultdict(set)
    for entry in (*users, *receipts):
        for key in (entry.email_key, entry.mobile_key):
            if key:
                names[key].add(name_of(entry))
    rules = Rules(placeholders={PLACEHOLDER_DOMAIN}, shared=shared_identities(names, SHARED_BY))
    people = [
        Person(source, entry.record, entry.email_key, entry.mobile_key, name_of(entry), TypedIn(), COUNTRY)
        for source, entries in ((Source.USER, users), (Source.RECEIPT, receipts))
        for entry in entries
    ]
    known = [
        Customer(int(entry.record), None, entry.email_key, entry.mobile_key, name_of(entry), COUNTRY)
        for entry in customers
    ]
    linked = {
        decision.person.record: str(decision.customer.customer or decision.customer.external_id)
        for decision in match(people, known, [], rules)
        if decision.customer is not None and decision.state in (State.LINKED, State.PLANNED)
    }
    made = {customer for customer in linked.values() if customer.startswith("CUST-")}
    return judge(customers, (*users, *receipts), linked, made)


@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_linked_wrongly_or_made_twice(seed: int) -> None:
    population = make_population(seed, 2_000)
    judged = matched(population.customers, population.users, population.receipts)
    assert (judged.wrong, judged.doubled) == (0, 0)
    assert judged.share_matched > 0.9


def test_a_population_has_firms_halves_of_names_and_receipts_that_may_be_of_several() -> None:
    population = make_population(1, 2_000)
    for entries in (population.customers, population.users, population.receipts):
        assert any(entry.company and not entry.namelast for entry in entries)
    for entries in (population.users, population.receipts):
        assert any(entry.namefirst and not entry.namelast for entry in entries)
        assert any(entry.namelast and not entry.namefirst for entry in entries)
    unsaid = [entry for entry in population.receipts if entry.or_of]
    assert unsaid
    assert not any(entry.namefirst or entry.company or entry.phone for entry in unsaid)
