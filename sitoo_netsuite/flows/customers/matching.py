"""Who is whom: the tills' people against NetSuite's customers; pure.

Belongs here: the rules of linking and creating, over what is known of both sides. Does not belong here: how addresses,
numbers and names are normalised (`identity`), reading and writing (`queries`), NetSuite (`linking`).

A person is known by their address or, where they have none of their own, by their mobile number. First the customers
with that address are looked at, then those with that number. One: linked. Several: left to a person. None: created,
unless the address or number is one slip of a finger away from that of a customer of the very same name. A name never
links anybody; a name that can hardly be the same person's keeps one from being linked.

Whoever is matched lends the customer their address and number, so that somebody whom the tills know under a new address
is found under it too.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sitoo_netsuite.flows.customers.identity import (
    PersonName,
    agree,
    contradict,
    external_id,
    is_placeholder,
    may_be_mistyped,
    namesakes,
    person_hash,
)


class Source(StrEnum):
    """Where a person is named: as a user of a Sitoo site, or on a receipt."""

    USER = "user"
    RECEIPT = "receipt"


class State(StrEnum):
    """What became of a person. Linked, erased and forgotten stay so; the others are looked at again by every run."""

    LINKED = "linked"
    PLANNED = "planned"
    IN_DOUBT = "in_doubt"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"
    ERASED = "erased"
    FORGOTTEN = "forgotten"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class TypedIn:
    """What was typed in: never shown."""

    email: str = ""
    mobile: str = ""
    phone: str = ""
    namefirst: str = ""
    namelast: str = ""
    company: str = ""

    def __repr__(self) -> str:
        return "TypedIn(...)"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the tills name. `record`: '<eshopid>/<userid>', or the orderid.

    email, mobile: normalised, None where there is none. subsidiary: NetSuite's internal id, None where it cannot be
    told. may_make: whether a customer may be made of them. gone: they were linked to a customer that NetSuite no longer
    has. external_id: of a customer that was asked for before, while it is not known whether it was made. left_open: the
    SHA-256 of the address or number by which it was ambiguous before who they are; None where it was not.
    """

    source: Source
    record: str
    email: str | None = field(repr=False)
    mobile: str | None = field(repr=False)
    name: PersonName
    contact: TypedIn
    subsidiary: str | None
    may_make: bool = True
    gone: bool = False
    external_id: str | None = None
    left_open: bytes | None = None


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer NetSuite has (`customer`: internal id), or one that is about to be made (None, by its external id)."""

    customer: int | None
    external_id: str | None
    email: str | None = field(repr=False)
    mobile: str | None = field(repr=False)
    name: PersonName
    subsidiary: str | None
    inactive: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a customer (internal id) by somebody who is linked already; address and number normalised."""

    customer: int
    email: str | None = field(repr=False)
    mobile: str | None = field(repr=False)
    name: PersonName


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer somebody may be, and what says so: 'email', 'mobile', 'email alike', 'mobile alike', or
    'beside': another record of who may be the same person."""

    customer: Customer
    matched_by: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to become of a person. `identity` is the SHA-256 of their own address or number, None without either.

    customer, matched_by: of somebody linked, or planned together with the customer of another record.
    """

    person: Person
    state: State
    identity: bytes | None
    customer: Customer | None = None
    matched_by: str | None = None
    candidates: tuple[Candidate, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """What stands in the way of matching: addresses of nobody, of many, and people who are not to be made again.

    shared: normalised addresses and numbers that are on several names. forgotten, erased: hashes of identities; of the
    erased every address and number they are known by.
    """

    placeholders: Collection[str] = ()
    shared: Collection[str] = ()
    forgotten: Collection[bytes] = ()
    erased: Collection[bytes] = ()

    def own(self, email: str | None) -> str | None:
        """The address if it can be somebody's own."""
        if email is None or email in self.shared or is_placeholder(email, self.placeholders):
            return None
        return email

    def unshared(self, mobile: str | None) -> str | None:
        """The number if it can be somebody's own."""
        return None if mobile in self.shared else mobile

    def own_email(self, person: Person) -> str | None:
        """The person's address if it is their own."""
        return self.own(person.email)

    def own_mobile(self, person: Person) -> str | None:
        """The person's mobile number if it is their own."""
        return self.unshared(person.mobile)

    def identities(self, person: Person) -> list[bytes]:
        """The hashes of the person's own address and number, as far as they have them."""
        return [person_hash(own) for own in (self.own_email(person), self.own_mobile(person)) if own]

    def identity(self, person: Person) -> bytes | None:
        """The hash of the person's own address, else number; None when they have neither."""
        own = self.own_email(person) or self.own_mobile(person)
        return person_hash(own) if own else None


def shared_identities(names: Mapping[str, Iterable[PersonName]], shared_by: int) -> set[str]:
    """Addresses and numbers that stand on at least `shared_by` names which can hardly be the same person's."""
    return {identity for identity, given in names.items() if _people(given) >= shared_by}


def _people(names: Iterable[PersonName]) -> int:
    apart: list[PersonName] = []
    for name in names:
        if not name.is_empty and all(contradict(name, other) for other in apart):
            apart.append(name)
    return len(apart)


def match(
    people: Sequence[Person],
    customers: Iterable[Customer],
    known: Iterable[Known],
    rules: Rules,
) -> list[Decision]:
    """What is to become of each of the people, in their order.

    Nobody is made before everybody has been looked for, and whoever shares an address or number with somebody who was
    found or made is looked for once more: of several records of one person, in whatever order, any may tell who it is.
    Among those who have to be made, who comes first is the one whose customer is made; the people whose customer is
    gone come before all, since others may be the same people, and are not to be made then.
    """
    index = _Index(customers)
    for entry in known:
        index.lend(entry.customer, rules.own(entry.email), rules.unshared(entry.mobile), entry.name)
    crowd = _Crowd(people, rules)
    decisions: dict[int, Decision] = {}
    erased = set(rules.erased)

    def look_for(places: Iterable[int]) -> None:
        queue = deque(places)
        while queue:
            place = queue.popleft()
            before = decisions.get(place)
            if before is not None and before.state not in (State.AMBIGUOUS, State.ANONYMOUS):
                continue
            if (found := _told(people[place], index, rules)) is not None:
                decisions[place] = found
                if found.customer is not None:
                    queue.extend(crowd.sharing(place))

    look_for(range(len(people)))
    for place, person in enumerate(people):
        if place not in decisions and (still := _still_open(person, rules)) is not None:
            decisions[place] = still
    for place in sorted(range(len(people)), key=lambda place: _turn(people[place])):
        if place in decisions:
            continue
        # Once more: who was made meanwhile may be the same person, by a slip of a finger.
        beside = (decisions[other] for other in crowd.circle(place) if other in decisions)
        decisions[place] = ended = (
            _told(people[place], index, rules)
            or _beside(people[place], beside, rules)
            or _unfound(people[place], rules, erased)
        )
        if ended.state is State.PLANNED and ended.customer is not None:
            if ended.matched_by == "created":
                index.add(ended.customer)
            look_for(crowd.sharing(place))
        elif ended.state is State.ERASED:
            erased.update(rules.identities(people[place]))
    return [decisions[place] for place in range(len(people))]


def _turn(person: Person) -> tuple[bool, bool, bool, bool]:
    """Who comes first among those nobody has found: whoever says most, and may be made."""
    name = person.name
    return not person.gone, not person.may_make, name.is_empty, not (name.is_full or name.company)


class _Crowd:
    """Who of the people may be the same person as whom, by what they say of themselves. People are called by place."""

    def __init__(self, people: Sequence[Person], rules: Rules) -> None:
        self._people = people
        self._own = [(rules.own_email(person), rules.own_mobile(person)) for person in people]
        self._sharing: defaultdict[str, list[int]] = defaultdict(list)
        self._called: defaultdict[PersonName, list[int]] = defaultdict(list)
        for place, own in enumerate(self._own):
            for identity in filter(None, own):
                self._sharing[identity].append(place)
            if people[place].name.is_full:
                self._called[people[place].name.person].append(place)

    def sharing(self, place: int) -> list[int]:
        """Who has the same address or number."""
        return [other for identity in filter(None, self._own[place]) for other in self._sharing[identity]]

    def circle(self, place: int) -> list[int]:
        """Everybody who may be the same person, directly or by others between them."""
        found, queue = {place: None}, deque([place])
        while queue:
            for other in self._next_to(queue.popleft()):
                if other not in found:
                    found[other] = None
                    queue.append(other)
        return list(found)

    def _next_to(self, place: int) -> Iterator[int]:
        name = self._people[place].name
        for other in self.sharing(place):
            its = self._people[other].name
            if not contradict(name, its) or namesakes(name, its):
                yield other
        email, mobile = self._own[place]
        for other in self._called.get(name.person, ()) if name.is_full else ():
            its_email, its_mobile = self._own[other]
            if (email and its_email and may_be_mistyped(email, its_email)) or (
                mobile and its_mobile and may_be_mistyped(mobile, its_mobile)
            ):
                yield other


class _Index:
    """NetSuite's customers by what they are known by; inactive ones are kept aside, to be shown."""

    def __init__(self, customers: Iterable[Customer]) -> None:
        self.by_email: defaultdict[str, list[Customer]] = defaultdict(list)
        self.by_mobile: defaultdict[str, list[Customer]] = defaultdict(list)
        self.by_name: defaultdict[PersonName, list[tuple[Customer, str | None, str | None]]] = defaultdict(list)
        self.by_external_id: dict[str, Customer] = {}
        # By a number that stood beside a customer's address on a receipt without a name: a family's address, perhaps.
        self.hinted: dict[str, Customer] = {}
        self._by_id: dict[int, Customer] = {}
        for customer in customers:
            self.add(customer)

    def add(self, customer: Customer) -> None:
        if customer.email:
            self.by_email[customer.email].append(customer)
        if customer.mobile:
            self.by_mobile[customer.mobile].append(customer)
        self._name(customer, customer.name, customer.email, customer.mobile)
        if customer.external_id:
            self.by_external_id[customer.external_id] = customer
        if customer.customer is not None:
            self._by_id[customer.customer] = customer

    def lend(self, customer: int | Customer, email: str | None, mobile: str | None, name: PersonName) -> None:
        """Lets a customer be found by an address and number that nobody else is found by, under this name too; the
        number of somebody without a name only hints at them.
        """
        found = self._by_id.get(customer) if isinstance(customer, int) else customer
        if found is None:
            return
        if email and email not in self.by_email:
            self.by_email[email].append(found)
        if mobile and mobile not in self.by_mobile:
            if name.is_empty:
                self.hinted.setdefault(mobile, found)
            else:
                self.by_mobile[mobile].append(found)
        self._name(found, found.name, email, None if name.is_empty else mobile)
        if name.person != found.name.person:
            self._name(found, name, email or found.email, mobile or found.mobile)

    def _name(self, customer: Customer, name: PersonName, email: str | None, mobile: str | None) -> None:
        if name.is_full and not customer.inactive:
            self.by_name[name.person].append((customer, email, mobile))


def _told(person: Person, index: _Index, rules: Rules) -> Decision | None:
    """As `_found`; but whose customer is gone is linked to another one or erased, never left open or made."""
    found = _found(person, index, rules)
    if person.gone and found is not None and found.state not in (State.LINKED, State.FORGOTTEN):
        return None
    return found


def _found(person: Person, index: _Index, rules: Rules) -> Decision | None:
    """What is to become of somebody by what the customers tell; None when they tell nothing."""
    email, mobile, identity = rules.own_email(person), rules.own_mobile(person), rules.identity(person)
    if identity is None:
        return Decision(person, State.ANONYMOUS, None, detail="no address or number of their own")
    if identity in rules.forgotten:
        return Decision(person, State.FORGOTTEN, identity, detail="asked to be forgotten")
    made = index.by_external_id.get(person.external_id) if person.external_id else None
    if made is not None:
        return _linked(person, identity, Candidate(made, "external_id"), index, rules)

    by_email = _candidates(index.by_email, email, "email")
    by_mobile = _candidates(index.by_mobile, mobile, "mobile")
    active = [candidate for candidate in by_email if not candidate.customer.inactive]
    if len(active) == 1 and not contradict(person.name, active[0].customer.name):
        if not _agrees(person, active[0].customer, mobile, by_mobile):
            if person.name.is_empty:
                index.lend(active[0].customer, None, mobile, person.name)
            detail = "a customer has this address, and neither name nor number tells whether it is the same person"
            if person.source is Source.RECEIPT:
                return Decision(person, State.ANONYMOUS, identity, detail=detail)
            return _ambiguous(person, identity, (*by_email, *by_mobile), detail)
        return _linked(person, identity, active[0], index, rules)
    if len(active) > 1:
        return _ambiguous(person, identity, (*by_email, *by_mobile), "several customers have this address")

    with_number = [candidate for candidate in by_mobile if not candidate.customer.inactive]
    alike = [candidate for candidate in with_number if not contradict(person.name, candidate.customer.name)]
    if len(with_number) == 1 and alike:
        nameless = email is None and person.name.is_empty
        if nameless or agree(person.name, alike[0].customer.name):
            return _linked(person, identity, alike[0], index, rules)
        detail = "a customer has this number, and no name tells whether it is the same person"
        return _ambiguous(person, identity, by_mobile, detail)
    if alike:
        return _ambiguous(person, identity, (*by_email, *by_mobile), "several customers have this number")
    if active or any(email is None or namesakes(person.name, entry.customer.name) for entry in with_number):
        # A number alone changes hands: whoever has an address of their own and another given name is somebody else.
        detail = "the customer with this address or number has another name"
        return _ambiguous(person, identity, (*by_email, *by_mobile), detail)

    resting = any(entry.customer.inactive and _may_be(person, entry.customer, email) for entry in by_mobile)
    if resting or any(entry.customer.inactive for entry in by_email):
        detail = "only an inactive customer has this address or number"
        return _ambiguous(person, identity, (*by_email, *by_mobile), detail)

    hinted = None if by_mobile else index.hinted.get(mobile or "")
    if hinted is not None and not contradict(person.name, hinted.name):
        if agree(person.name, hinted.name):
            return _linked(person, identity, Candidate(hinted, "mobile"), index, rules)
        if email is not None or not person.name.is_empty:
            detail = "a receipt without a name has this number and a customer's address"
            return _ambiguous(person, identity, (Candidate(hinted, "mobile"),), detail)
    elif hinted is not None and namesakes(person.name, hinted.name):
        detail = "the customer with this address or number has another name"
        return _ambiguous(person, identity, (Candidate(hinted, "mobile"),), detail)

    if slips := _slips(person, email, mobile, index):
        detail = "a customer of this name has nearly this address or number"
        return _ambiguous(person, identity, (*slips, *by_email, *by_mobile), detail)
    return None


def _still_open(person: Person, rules: Rules) -> Decision | None:
    """Whoever was left to a person under another address stays so: a new address does not tell who they are."""
    if person.left_open is None or person.gone or person.left_open in rules.identities(person):
        return None
    detail = "left open under another address, and no customer has this one; give the right customer the new address"
    return Decision(person, State.AMBIGUOUS, person.left_open, detail=detail)


def _beside(person: Person, others: Iterable[Decision], rules: Rules) -> Decision | None:
    """Left to a person where somebody who may be the same is a customer, or several; None where nobody is."""
    if person.gone or (rules.own_email(person) is None and person.name.is_empty):
        return None
    identity = rules.identity(person)
    for other in others:
        if identity is None or (other.customer is None and other.state is not State.AMBIGUOUS):
            continue
        candidates = other.candidates or ((Candidate(other.customer, "beside"),) if other.customer else ())
        detail = "another record with this, or nearly this, address or number tells of a customer; not surely the same"
        return Decision(person, State.AMBIGUOUS, identity, candidates=candidates, detail=detail)
    return None


def _unfound(person: Person, rules: Rules, erased: Collection[bytes]) -> Decision:
    """What is to become of somebody who is no customer yet."""
    identity = rules.identity(person)
    if person.gone:
        return Decision(person, State.ERASED, identity, detail="the customer is no longer in NetSuite")
    assert identity is not None, "without an identity nobody is looked for"
    if any(known in erased for known in rules.identities(person)):
        return Decision(person, State.ERASED, identity, detail="erased in NetSuite before")
    if not person.may_make:
        return Decision(person, State.ANONYMOUS, identity, detail="no customer, and none may be made")
    email, mobile = rules.own_email(person), rules.own_mobile(person)
    if email is None and person.name.is_empty:
        # A customer without anything but a number serves nobody, and most often is somebody who has one.
        return Decision(person, State.ANONYMOUS, identity, detail="nothing but a number: no customer is made of that")
    new = Customer(None, external_id(identity), email, mobile, person.name, person.subsidiary)
    return Decision(person, State.PLANNED, identity, new, "created")


def _may_be(person: Person, customer: Customer, email: str | None) -> bool:
    """Whether somebody may be who has their number: it changes hands, but hardly to somebody of the same given name."""
    return email is None or not contradict(person.name, customer.name) or namesakes(person.name, customer.name)


def _agrees(person: Person, customer: Customer, mobile: str | None, by_mobile: Sequence[Candidate]) -> bool:
    """Whether whoever has a customer's address says nothing else, or something else that is the customer's too.

    Families share an address, and so do firms of one book-keeper: a family name, or a number that is not the
    customer's, tells of another one as well.
    """
    if any(candidate.customer is customer for candidate in by_mobile):
        return True
    if person.name.is_empty:
        return mobile is None
    return customer.name.is_empty or agree(person.name, customer.name)


def _candidates(index: Mapping[str, list[Customer]], identity: str | None, matched_by: str) -> list[Candidate]:
    return [Candidate(customer, matched_by) for customer in index.get(identity or "", ())]


def _linked(person: Person, identity: bytes, to: Candidate, index: _Index, rules: Rules) -> Decision:
    index.lend(to.customer, rules.own_email(person), rules.own_mobile(person), person.name)
    state = State.PLANNED if to.customer.customer is None else State.LINKED
    return Decision(person, state, identity, to.customer, to.matched_by)


def _ambiguous(person: Person, identity: bytes, candidates: Sequence[Candidate], detail: str) -> Decision:
    once = {(entry.customer.customer, entry.customer.external_id): entry for entry in reversed(candidates)}
    shown = sorted(once.values(), key=lambda entry: (entry.customer.customer or 0, entry.customer.external_id or ""))
    return Decision(person, State.AMBIGUOUS, identity, candidates=tuple(shown), detail=detail)


def _slips(person: Person, email: str | None, mobile: str | None, index: _Index) -> list[Candidate]:
    """Customers of the very same name whose address, or number, is one slip of a finger away."""
    if not person.name.is_full:
        return []
    found = []
    for customer, its_email, its_mobile in index.by_name.get(person.name.person, ()):
        if email and its_email and may_be_mistyped(email, its_email):
            found.append(Candidate(customer, "email alike"))
        elif mobile and its_mobile and may_be_mistyped(mobile, its_mobile):
            found.append(Candidate(customer, "mobile alike"))
    return found
