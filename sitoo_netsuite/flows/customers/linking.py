"""Linking: the people of the tills to NetSuite's customers, and making those whom NetSuite does not know.

Belongs here: the order of steps, the requests that make customers, and the cases. Does not belong here: who is whom
(`matching`), SQL (`queries`).

A customer is asked for under an external id that the person's address or number alone decides, so that NetSuite takes
each person once whoever asks, and however often. That it is being asked for is committed before the request. After an
unclear answer it is looked up by that id before it is asked for again. An existing customer is never changed.

Whom NetSuite no longer has is asked for by id before anybody believes it: a role that sees fewer customers than
yesterday must not look like an erasure. Erased people are never made again.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from sitoo_netsuite.estate import CustomerSettings, Estate
from sitoo_netsuite.flows.customers import queries
from sitoo_netsuite.flows.customers.matching import Customer, Decision, Person, Source, State, match
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import (
    AlreadyExists,
    Broken,
    Locked,
    NetSuiteError,
    NotFound,
    NotPermitted,
    Refused,
    UnclearAnswer,
)
from sitoo_netsuite.netsuite.records import create, find_by_external_id, get
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

_CASE_KINDS = ("customer_ambiguous", "customer_refused")
_MOST_CANDIDATES = 20
# Asked for and found absent, or locked, and asked for again: what NetSuite neither takes nor refuses so often is left
# for the next run. Asking again is safe, since NetSuite takes an external id once.
_ATTEMPTS_A_RUN = 3
_ATTEMPT_PAUSE_SECONDS = 0.2
# Each is a request. So many vanish at once only where the role has lost sight of them, not where people were erased.
_MOST_GONE_A_RUN = 1000


@dataclass(frozen=True, slots=True)
class Linked:
    """What a run did. `looked_at`: people who were not settled before it; `linked`: those who are now, by what
    (email, mobile, external_id, created). `made`: customers made in NetSuite. `states`: of everybody, by state.
    `gone_not_asked_for`: customers NetSuite no longer lists that a later run asks for; until then they count as there.
    """

    looked_at: int = 0
    linked: Mapping[str, int] = field(default_factory=dict)
    made: int = 0
    states: Mapping[str, int] = field(default_factory=dict)
    cases: Mapping[str, int] = field(default_factory=dict)
    gone_not_asked_for: int = 0


async def link_customers(
    connection: psycopg.Connection, netsuite_client: NetSuiteClient, estate: Estate, now: datetime, run_id: str
) -> Linked:
    """Matches whoever is not linked yet, makes customers where the estate lets it, and brings the cases up to date.

    Reads what `land_customers` landed and the receipts that were modelled. Without `estate.customers` nothing is done;
    without its `push`, or read-only, nothing is made. Raises NetSuiteError where NetSuite does not let customers be
    made at all; who could not be asked for because NetSuite did not answer stays planned for the next run.
    """
    settings = estate.customers
    if settings is None:
        return Linked()
    with queries.one_at_a_time(connection):
        queries.normalise_contacts(connection)
        gone = queries.customers_gone(connection)
        asked_for = next_to_ask_for(gone, queries.customers_asked_for(connection), _MOST_GONE_A_RUN)
        still_there = await _not_gone(netsuite_client, asked_for) + sorted(set(gone) - set(asked_for))
        if asked_for:
            queries.note_customers_asked_for(connection, asked_for[-1], now)
        decisions = _decisions(connection, estate, settings, still_there)
        queries.save_links(connection, map(queries.link_of, decisions), now)
        queries.drop_links_of_nobody(connection)
        queries.purge_forgotten(connection, estate)
        maker = _Maker(connection, netsuite_client, now, estate.netsuite.slots)
        if settings.push and not estate.read_only:
            decisions = await maker.make_all(decisions)
        cases = record_cases(connection, Scope(_CASE_KINDS), _cases(decisions), now, run_id)
        linked = Counter(str(entry.matched_by) for entry in decisions if entry.state is State.LINKED)
        return Linked(len(decisions), dict(linked), maker.made, queries.count_links(connection), dict(cases),
                      len(gone) - len(asked_for))  # fmt: skip


def planned_customers(connection: psycopg.Connection, estate: Estate) -> list[dict[str, Any]]:
    """The customers that would be made of what was landed, without personal data and without writing anything.

    external_id, record (`eshopid/userid` or `receipt/orderid`) of who they are made of, subsidiary (internal id), and
    how many records name the person.
    """
    if estate.customers is None:
        return []
    groups = _to_make(_decisions(connection, estate, estate.customers, queries.customers_gone(connection)))
    return [
        {
            "external_id": external_id,
            "record": case_key(group[0].person),
            "subsidiary": group[0].person.subsidiary,
            "records": len(group),
        }
        for external_id, group in groups.items()
    ]


def case_key(person: Person) -> str:
    """The record of a person as cases name it: `eshopid/userid` or `receipt/orderid`."""
    return person.record if person.source is Source.USER else f"receipt/{person.record}"


def _decisions(
    connection: psycopg.Connection, estate: Estate, settings: CustomerSettings, still_there: Sequence[int]
) -> list[Decision]:
    return match(
        queries.read_people(connection, estate, settings, still_there),
        queries.read_customers(connection),
        queries.read_known(connection, estate),
        queries.read_rules(connection, estate, settings),
    )


def next_to_ask_for(customers: Sequence[int], after: int, most: int) -> list[int]:
    """The customers (internal ids) a run asks for, at most so many: those that follow the last one asked for, and then
    from the first on again, so that every one has its turn however many stay. Pure.
    """
    in_turn = sorted(customers, key=lambda customer: (customer <= after, customer))
    return in_turn[:most]


async def _not_gone(client: NetSuiteClient, customers: Sequence[int]) -> list[int]:
    """Those of the customers that NetSuite has after all; one the role may not see counts as there."""
    there = []
    for customer in customers:
        try:
            await get(client, "customer", str(customer), expand=False)
        except NotFound:
            continue
        except NotPermitted:
            pass
        there.append(customer)
    return there


def _to_make(decisions: Sequence[Decision]) -> dict[str, list[Decision]]:
    """Everybody who is to become a customer, by its external id; the first of each is the one it is made of."""
    groups: defaultdict[str, list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.state is State.PLANNED and decision.customer and decision.customer.external_id:
            groups[decision.customer.external_id].append(decision)
    return {name: sorted(group, key=lambda entry: entry.matched_by != "created") for name, group in groups.items()}


class _Maker:
    """Makes customers, some at a time. Once NetSuite does not answer, or lets none be made, the rest is left."""

    def __init__(self, connection: psycopg.Connection, client: NetSuiteClient, now: datetime, at_once: int) -> None:
        self._connection, self._client, self._now = connection, client, now
        self._turns = asyncio.Semaphore(at_once)
        self._stopped_by: NetSuiteError | None = None
        self.made = 0

    async def make_all(self, decisions: Sequence[Decision]) -> list[Decision]:
        """The decisions, those that were planned as they ended. Raises the Broken error that stopped it, if one did."""
        groups = _to_make(decisions)
        ends = await asyncio.gather(*(self._in_turn(group) for group in groups.values()))
        if isinstance(self._stopped_by, Broken):
            raise self._stopped_by
        ended = {
            id(before): after
            for group, end in zip(groups.values(), ends, strict=True)
            for before, after in zip(group, end, strict=True)
        }
        return [ended.get(id(decision), decision) for decision in decisions]

    async def _in_turn(self, group: Sequence[Decision]) -> list[Decision]:
        async with self._turns:
            return list(group) if self._stopped_by else await self._make(group)

    async def _make(self, group: Sequence[Decision]) -> list[Decision]:
        person, new = group[0].person, group[0].customer
        assert new is not None
        body = customer_body(person, new)
        in_doubt, text = person.external_id is not None, ""
        try:
            # One that was asked for before may bear another id: the person's address has changed since.
            if person.external_id:
                if found := await self._find(person.external_id):
                    return self._end(group, State.LINKED, replace(new, customer=found), "external_id")
                # NetSuite did not make it: what is refused from here on is refused, and a person has to know.
                in_doubt = False
            for attempt in range(_ATTEMPTS_A_RUN):
                await asyncio.sleep(attempt * _ATTEMPT_PAUSE_SECONDS)
                if not attempt:
                    self._end(group, State.IN_DOUBT, new, "created")
                try:
                    internal_id = int(await create(self._client, "customer", msgspec.json.encode(body)))
                except (UnclearAnswer, AlreadyExists) as error:
                    # Ours, or somebody else's, or none: the look-up tells.
                    text = without_contact(str(error), person)
                    in_doubt = in_doubt or isinstance(error, UnclearAnswer)
                    if found := await self._find(str(new.external_id)):
                        return self._end(group, State.LINKED, replace(new, customer=found), "external_id")
                    if not in_doubt:
                        # Not the external id but the name is taken: the account lets no two be called the same.
                        return self._end(group, State.REFUSED, new, None, text)
                except Locked as error:
                    text = without_contact(str(error), person)
                else:
                    self.made += 1
                    queries.add_customer(self._connection, internal_id, body, new, self._now)
                    return self._end(group, State.LINKED, replace(new, customer=internal_id), "created")
        except Refused as error:
            text = without_contact(str(error), person)
            if not in_doubt:
                return self._end(group, State.REFUSED, new, None, text)
        except NetSuiteError as error:
            self._stopped_by = error
            text = without_contact(str(error), person)
        return self._end(group, State.IN_DOUBT if in_doubt else State.PLANNED, new, "created", text)

    async def _find(self, external_id: str) -> int | None:
        record = await find_by_external_id(self._client, "customer", external_id)
        return None if record is None else int(record["id"])

    def _end(
        self, group: Sequence[Decision], state: State, customer: Customer, matched_by: str | None, detail: str = ""
    ) -> list[Decision]:
        """Commits what became of everybody in the group: they are one person."""
        ended = [
            replace(decision, state=state, customer=customer, matched_by=matched_by, detail=detail)
            for decision in group
        ]
        queries.save_links(self._connection, map(queries.link_of, ended), self._now)
        return ended


def customer_body(person: Person, new: Customer) -> dict[str, Any]:
    """What NetSuite is told of a new customer (reference 5, customer): never a consent to marketing.

    Without a name NetSuite takes no person, so the address or number stands in for it.
    """
    contact = person.contact
    company = contact.company.strip()
    body: dict[str, Any] = {
        "externalId": new.external_id,
        "isPerson": not company,
        "subsidiary": {"id": new.subsidiary},
        "email": contact.email.strip() if new.email else "",
        "mobilePhone": new.mobile or "",
        "phone": contact.phone.strip(),
    }
    if company:
        body["companyName"] = company
    else:
        body["firstName"] = contact.namefirst.strip() if contact.namelast.strip() else ""
        body["lastName"] = (contact.namelast.strip() or contact.namefirst.strip()) or new.email or new.mobile
    return {name: value for name, value in body.items() if value != ""}


def without_contact(text: str, person: Person) -> str:
    """An error's text without what was typed in of the person: NetSuite quotes values it does not take."""
    contact = person.contact
    typed = (contact.email, contact.mobile, contact.phone, contact.namefirst, contact.namelast, contact.company)
    for value in sorted({*typed, person.email or "", person.mobile or ""}, key=len, reverse=True):
        if value.strip():
            text = re.sub(re.escape(value.strip()), "...", text, flags=re.IGNORECASE)
    return text


def _cases(decisions: Sequence[Decision]) -> Iterator[Case]:
    """One case a person, however many records name them."""
    people: defaultdict[tuple[State, bytes | None], list[Decision]] = defaultdict(list)
    for decision in decisions:
        if decision.state in (State.AMBIGUOUS, State.REFUSED):
            people[decision.state, decision.identity].append(decision)
    for (state, _), records in people.items():
        first = min(records, key=lambda decision: decision.person.source is not Source.USER)
        evidence: dict[str, Any] = {"why": first.detail, "records": len(records)}
        if state is State.AMBIGUOUS:
            kind = "customer_ambiguous"
            evidence["candidates"] = [
                {
                    "customer": entry.customer.customer or entry.customer.external_id,
                    "subsidiary": entry.customer.subsidiary,
                    "matched_by": entry.matched_by,
                    "inactive": entry.customer.inactive,
                }
                for entry in first.candidates[:_MOST_CANDIDATES]
            ]
        else:
            kind = "customer_refused"
            evidence["external_id"] = first.customer.external_id if first.customer else None
            evidence["subsidiary"] = first.person.subsidiary
        yield Case(kind, case_key(first.person), None, None, first.person.record, None, None, evidence=evidence)
