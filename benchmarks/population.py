"""A made-up population with known truth: who is whom in NetSuite, among Sitoo's users and on receipts.

Belongs here: making it, and judging what was linked and made of it. Does not belong here: the systems it is put into.
Nobody in it is real: addresses are under example domains, numbers are drawn at random.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from sitoo_netsuite.flows.customers.identity import (
    may_be_mistyped,
    normalised_email,
    normalised_mobile,
    person_name,
)

# With pairs that are a letter apart, as families have them.
_GIVEN = (
    "Anna", "Hanna", "Johan", "Johanna", "Erik", "Erika", "Maria", "Marta", "Daniel", "Daniela", "Kristin", "Kristina",
    "Lars", "Lena", "Karin", "Karl", "Eva", "Ewa", "Anders", "Andreas", "Sofia", "Sofie", "Mats", "Mattias", "Jan",
    "Jon", "Olof", "Olle", "Per", "Peter", "Petra", "Sara", "Sarah", "Nils", "Nina", "Ulf", "Ulla", "Åsa", "Åke",
    "Björn", "Birgit", "Gustav", "Gustaf", "Helena", "Henrik", "Ingrid", "Ingvar", "Jonas", "Josef", "Josefin", "Linda",
    "Linnea", "Magnus", "Malin", "Niklas", "Oskar", "Pia", "Rolf", "Stefan", "Tove", "Viktor", "Viktoria", "Yvonne",
)  # fmt: skip
_FAMILY = tuple(
    start + end
    for start in ("Berg", "Lind", "Holm", "Strand", "Ek", "Sjö", "Dal", "Hag", "Norr", "Öster", "Väst", "Alm", "Gran",
                  "Blom", "Forss", "Kvist")
    for end in ("ström", "qvist", "gren", "man", "lund", "mark", "ros", "feldt", "sson", "berg")
)  # fmt: skip
_DOMAINS = ("example.com", "example.net", "example.org", "post.example", "mail.example", "inbox.example")
PLACEHOLDER_DOMAIN = "@none.example"
SHARED_BY = 3
_SHARED_ADDRESSES = tuple(f"shop.{number}@tills.example" for number in range(20))
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST_CUSTOMER = 10_000
COUNTRY = "SE"


@dataclass(frozen=True, slots=True)
class Entry:
    """How a person stands somewhere. `record`: NetSuite's internal id, Sitoo's userid or the orderid."""

    person: int
    record: str
    email: str
    mobile: str
    phone: str
    namefirst: str
    namelast: str

    @property
    def email_key(self) -> str | None:
        return normalised_email(self.email)

    @property
    def mobile_key(self) -> str | None:
        return normalised_mobile(self.mobile, self.phone, COUNTRY)


@dataclass(frozen=True, slots=True)
class Population:
    """Where its people stand at first, and what comes later: users who changed, receipts of all kinds of people."""

    customers: tuple[Entry, ...]
    users: tuple[Entry, ...]
    receipts: tuple[Entry, ...]
    changed_users: tuple[Entry, ...]
    later_receipts: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """How much of it was right.

    wrong: records linked to somebody else's customer; a receipt without a name is of whoever its address or number is.
    doubled: customers made of somebody who had one already, as any
    address or number in common, or one slip away, could tell. untold: customers made of somebody who had one under
    another address and another number: nothing could tell. matchable: records of people whom NetSuite had, under an
    address or number in common, or one slip away; matched: those of them that were linked to it.
    """

    records: int
    linked: int
    wrong: int
    doubled: int
    untold: int
    matchable: int
    matched: int

    @property
    def share_matched(self) -> float:
        return self.matched / self.matchable


@dataclass(slots=True)
class _Human:
    namefirst: str
    namelast: str
    email: str
    mobile: str


def make_population(seed: int, people: int) -> Population:
    """So many people with what people do: typos, addresses shared and changed, numbers handed on, married names."""
    return _Maker(seed).make(people)


class _Maker:
    def __init__(self, seed: int) -> None:
        self._draw = Random(f"population {seed}")
        self._taken: set[str] = set()
        self._orderid = 0
        self._known: list[Entry] = []
        self._users: list[Entry] = []
        self._receipts: list[Entry] = []
        self._changed: list[Entry] = []
        self._later: list[Entry] = []

    def make(self, people: int) -> Population:
        before: _Human | None = None
        for person in range(people):
            human = self._human(before)
            self._place(person, human, own_address=before is None or human.email != before.email)
            before = human
        return Population(
            tuple(self._known), tuple(self._users), tuple(self._receipts), tuple(self._changed), tuple(self._later)
        )

    def _happens(self, share: float) -> bool:
        return self._draw.random() < share

    def _human(self, before: _Human | None) -> _Human:
        """Somebody new; two in a hundred share the address of the one before, who is family."""
        human = _Human(self._draw.choice(_GIVEN), self._draw.choice(_FAMILY), "", self._number())
        if before is not None and self._happens(0.02) and human.namefirst != before.namefirst:
            return replace_names(human, before)
        human.email = self._address(human)
        if before is not None and self._happens(0.005):
            human.mobile = before.mobile  # handed on
        return human

    def _number(self) -> str:
        while True:
            number = f"+467{self._draw.choice('02369')}{self._draw.randrange(10**7):07d}"
            if normalised_mobile(number, None, COUNTRY) == number:
                return number

    def _address(self, human: _Human) -> str:
        name = f"{human.namefirst}.{human.namelast}".lower()
        for letter, plain in zip("åäö", "aao", strict=True):
            name = name.replace(letter, plain)
        while True:
            digits = "" if self._happens(0.3) else str(self._draw.randrange(1, 3000))
            address = f"{name}{digits}@{self._draw.choice(_DOMAINS)}"
            if address not in self._taken:
                self._taken.add(address)
                return address

    def _place(self, person: int, human: _Human, own_address: bool) -> None:
        """Puts somebody into NetSuite, Sitoo and onto receipts, each as it was typed there."""
        if self._happens(0.6):
            self._put_into_netsuite(person, human)
        married = self._happens(0.01)
        if married:
            human.namelast = self._draw.choice(_FAMILY)
        # In Sitoo an address is one user's.
        if own_address and self._happens(0.75):
            self._put_into_sitoo(person, human)
        for _ in range(self._draw.choices((0, 1, 2, 3), (5, 3, 1.5, 0.5))[0]):
            self._receipts.append(self._receipt(person, human))
        if self._happens(0.1):
            self._later.append(self._receipt(person, human))

    def _put_into_netsuite(self, person: int, human: _Human) -> None:
        email = self._address(human) if self._happens(0.06) else human.email  # the old one
        mobile = self._number() if self._happens(0.04) else human.mobile
        for _ in range(2 if self._happens(0.01) else 1):
            self._known.append(
                Entry(
                    person,
                    str(FIRST_CUSTOMER + len(self._known)),
                    "" if self._happens(0.03) else self._spelled(email),
                    self._written(mobile) if self._happens(0.8) else "",
                    "",
                    human.namefirst,
                    human.namelast,
                )
            )

    def _put_into_sitoo(self, person: int, human: _Human) -> None:
        number = len(self._users)
        email = self._spelled(self._mistyped(human.email, 0.02))
        if self._happens(0.04):
            email = f"nobody.{number}{PLACEHOLDER_DOMAIN}"
        user = Entry(
            person,
            f"{{{number:08X}-0000-4000-8000-000000000000}}",
            email,
            self._written(self._slipped(human.mobile, 0.01)) if self._happens(0.75) else "",
            "",
            self._mistyped(human.namefirst, 0.02),
            self._mistyped(human.namelast, 0.02),
        )
        self._users.append(user)
        if self._happens(0.05):
            human.email = self._address(human)
            self._changed.append(replace(user, email=human.email))
            self._later.append(self._receipt(person, human))

    def _receipt(self, person: int, human: _Human) -> Entry:
        self._orderid += 1
        named = self._happens(0.7)
        email = self._spelled(self._mistyped(human.email, 0.02)) if self._happens(0.85) else ""
        if self._happens(0.01):
            email, named = self._draw.choice(_SHARED_ADDRESSES), True
        return Entry(
            person,
            str(self._orderid),
            email,
            "",
            self._written(self._slipped(human.mobile, 0.01)) if self._happens(0.4) else "",
            human.namefirst if named else "",
            human.namelast if named else "",
        )

    def _spelled(self, email: str) -> str:
        return self._draw.choice((email, email, email.upper(), email.title(), f" {email} "))

    def _written(self, mobile: str) -> str:
        own = f"0{mobile[3:]}"
        return self._draw.choice((mobile, own, f"{own[:3]}-{own[3:6]} {own[6:8]} {own[8:]}", f"0046{mobile[3:]}"))

    def _mistyped(self, text: str, share: float) -> str:
        """The text, or in that share of cases with one letter left out, doubled, changed or swapped."""
        local, at, domain = text.partition("@")
        if not self._happens(share) or len(local) < 3:
            return text
        place = self._draw.randrange(1, len(local) - 1)
        letter, following = local[place], local[place + 1]
        middle = self._draw.choice((following, letter * 2 + following, following + letter,
                                    self._draw.choice(_LETTERS) + following))  # fmt: skip
        return local[:place] + middle + local[place + 2 :] + at + domain

    def _slipped(self, mobile: str, share: float) -> str:
        if not self._happens(share):
            return mobile
        place = self._draw.randrange(6, len(mobile))
        return mobile[:place] + self._draw.choice("0123456789") + mobile[place + 1 :]


def replace_names(human: _Human, family: _Human) -> _Human:
    """Somebody with the family name and the address of another one."""
    return _Human(human.namefirst, family.namelast, family.email, human.mobile)


def judge(
    customers: Sequence[Entry], records: Sequence[Entry], linked: Mapping[str, str], made: Iterable[str]
) -> Judged:
    """What was linked and made, against the truth. linked: record to customer; made: customers this run has made.

    A customer that was made is the person's of the first record linked to it.
    """
    of_customer = {entry.record: entry.person for entry in customers}
    people_of: defaultdict[str, set[int]] = defaultdict(set)
    for entry in (*customers, *records):
        for identity in (own_email(entry), entry.mobile_key):
            people_of[identity or ""].add(entry.person)
    owners: dict[str, int] = dict(of_customer)
    wrong = 0
    # Who has a name first: of them it is known whose the customer is that was made of them.
    for entry in sorted(records, key=lambda entry: not (entry.namefirst or entry.namelast)):
        customer = linked.get(entry.record)
        if customer is None:
            continue
        may_be = {entry.person}
        if not (entry.namefirst or entry.namelast):
            may_be |= people_of[own_email(entry) or entry.mobile_key or ""]
        wrong += owners.setdefault(customer, entry.person) not in may_be

    circles = _circles([*customers, *records])
    holding: defaultdict[tuple[int, int], set[str]] = defaultdict(set)  # (person, circle) to customers
    for entry in customers:
        holding[entry.person, circles[id(entry)]].add(entry.record)
    news, known = set(made), set(of_customer)
    people_with: defaultdict[int, set[str]] = defaultdict(set)
    for entry in customers:
        people_with[entry.person].add(entry.record)
    matchable = matched = 0
    for entry in records:
        circle, customer = holding[entry.person, circles[id(entry)]], linked.get(entry.record)
        if not circle.isdisjoint(known):
            matchable += 1
            matched += customer in known
        if customer is not None and customer not in news and customer not in known:
            circle.add(customer)  # made by an earlier run
            people_with[entry.person].add(customer)
    doubled = untold = 0
    for entry in records:
        customer = linked.get(entry.record)
        if customer in news:
            news.remove(customer)
            circle = holding[entry.person, circles[id(entry)]]
            doubled += bool(circle)
            untold += bool(people_with[entry.person]) and not circle
            circle.add(customer)
            people_with[entry.person].add(customer)
    linked_records = sum(entry.record in linked for entry in records)
    return Judged(len(records), linked_records, wrong, doubled, untold, matchable, matched)


def _circles(entries: Sequence[Entry]) -> dict[int, int]:
    """The circle of each entry (by its id): entries of one person that an address or number ties together."""
    of_person: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_person[entry.person].append(entry)
    circles: dict[int, int] = {}
    for known in of_person.values():
        left = list(known)
        while left:
            circle, queue = id(left[0]), [left.pop(0)]
            while queue:
                entry = queue.pop()
                circles[id(entry)] = circle
                tied = [other for other in left if _tied(entry, other)]
                left = [other for other in left if not any(other is one for one in tied)]
                queue += tied
    return circles


def _tied(one: Entry, other: Entry) -> bool:
    emails, mobiles = (own_email(one), own_email(other)), (one.mobile_key, other.mobile_key)
    if (emails[0] and emails[0] == emails[1]) or (mobiles[0] and mobiles[0] == mobiles[1]):
        return True
    name = person_name(one.namefirst, one.namelast, "")
    if not name.is_full or name != person_name(other.namefirst, other.namelast, ""):
        return False
    return any(a and b and may_be_mistyped(a, b) for a, b in (emails, mobiles))


def own_email(entry: Entry) -> str | None:
    """The normalised address, unless it is nobody's or everybody's."""
    email = entry.email_key
    if email is None or email.endswith(PLACEHOLDER_DOMAIN) or email in _SHARED_ADDRESSES:
        return None
    return email
