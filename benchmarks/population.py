"""A made-up population with known truth: who is whom in NetSuite, among Sitoo's users and on receipts.

Belongs here: making it. Does not belong here: judging what was linked and made of it (`customers_judge`), the systems
it is put into. Nobody in it is real: addresses are under example domains, numbers are drawn at random.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from random import Random

from sitoo_netsuite.flows.customers.identity import normalised_email, normalised_mobile

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
_TRADES = ("Bygg", "Måleri", "Konsult", "Blommor", "Trafik", "Kakel")
_DOMAINS = ("example.com", "example.net", "example.org", "post.example", "mail.example", "inbox.example")
PLACEHOLDER_DOMAIN = "@none.example"
SHARED_BY = 3
SHARED_ADDRESSES = tuple(f"shop.{number}@tills.example" for number in range(20))
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
FIRST_CUSTOMER = 10_000
COUNTRY = "SE"


@dataclass(frozen=True, slots=True)
class Entry:
    """How a person, or a firm, stands somewhere. `record`: NetSuite's internal id, Sitoo's userid or the orderid.

    person: who it is. or_of: who else it may as well be of, since it says no more than an address, or a number, that
    all of them use: neither a given name, nor a company, nor both of the two.
    """

    person: int
    record: str
    email: str
    mobile: str
    phone: str
    namefirst: str
    namelast: str
    company: str = ""
    or_of: frozenset[int] = frozenset()

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


@dataclass(slots=True)
class _Human:
    """As they are known now; a firm has its buyer's names too."""

    namefirst: str
    namelast: str
    company: str
    email: str
    mobile: str


def make_population(seed: int, people: int) -> Population:
    """So many people and firms with what people do: typos, addresses shared and changed, numbers handed on, married
    names, half a name or only the firm's where a whole one was asked for.
    """
    return _Maker(seed).make(people)


class _Maker:
    def __init__(self, seed: int) -> None:
        self._draw = Random(f"population {seed}")
        self._taken: set[str] = set()
        self._users_of: defaultdict[str, set[int]] = defaultdict(set)  # of an address or number: who really uses it
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
            tuple(self._known),
            tuple(self._users),
            tuple(self._of_any_who_may_be(self._receipts)),
            tuple(self._changed),
            tuple(self._of_any_who_may_be(self._later)),
        )

    def _of_any_who_may_be(self, receipts: Iterable[Entry]) -> Iterable[Entry]:
        for entry in receipts:
            said = [own for own in (entry.email_key, entry.mobile_key) if own]
            together = self._users_of.get(said[0], set()) if len(said) == 1 else set()
            if entry.namefirst or entry.company or entry.person not in together:
                yield entry
            else:
                yield replace(entry, or_of=frozenset(together - {entry.person}))

    def _happens(self, share: float) -> bool:
        return self._draw.random() < share

    def _human(self, before: _Human | None) -> _Human:
        """Somebody new. Two in a hundred share the address of the one before: a family, or firms of one book-keeper."""
        human = _Human(self._draw.choice(_GIVEN), self._draw.choice(_FAMILY), "", "", self._number())
        if self._happens(0.05):
            human.company = f"{self._draw.choice(_FAMILY)} {self._draw.choice(_TRADES)} AB"
        if before is not None and self._happens(0.02) and human.namefirst != before.namefirst:
            human.namelast, human.email = before.namelast, before.email
            return human
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
        if self._happens(0.01):
            human.namelast = self._draw.choice(_FAMILY)  # married
        self._uses(person, human)
        # In Sitoo an address is one user's.
        if own_address and self._happens(0.75):
            self._put_into_sitoo(person, human)
        for _ in range(self._draw.choices((0, 1, 2, 3), (5, 3, 1.5, 0.5))[0]):
            self._receipts.append(self._receipt(person, human))
        if self._happens(0.1):
            self._later.append(self._receipt(person, human))

    def _uses(self, person: int, human: _Human) -> None:
        for identity in (normalised_email(human.email), human.mobile):
            self._users_of[identity or ""].add(person)

    def _put_into_netsuite(self, person: int, human: _Human) -> None:
        email = self._address(human) if self._happens(0.06) else human.email  # the old one
        mobile = self._number() if self._happens(0.04) else human.mobile
        names = (human.namefirst, human.namelast, human.company)
        if human.company and self._happens(0.7):
            names = ("", "", human.company)
        elif not human.company and self._happens(0.02):
            names = ("", human.namefirst, "")  # NetSuite wants a last name of a person, whatever is in it
        for _ in range(2 if self._happens(0.01) else 1):
            self._known.append(
                Entry(
                    person,
                    str(FIRST_CUSTOMER + len(self._known)),
                    "" if self._happens(0.03) else self._spelled(email),
                    self._written(mobile) if self._happens(0.8) else "",
                    "",
                    *names,
                )
            )

    def _put_into_sitoo(self, person: int, human: _Human) -> None:
        number = len(self._users)
        email = self._spelled(self._mistyped(human.email, 0.02))
        if self._happens(0.04):
            email = f"nobody.{number}{PLACEHOLDER_DOMAIN}"
        namefirst, namelast, company = self._called(human)
        user = Entry(
            person,
            f"{{{number:08X}-0000-4000-8000-000000000000}}",
            email,
            self._written(self._slipped(human.mobile, 0.01)) if self._happens(0.75) else "",
            "",
            self._mistyped(namefirst, 0.02),
            self._mistyped(namelast, 0.02),
            company,
        )
        self._users.append(user)
        if self._happens(0.05):
            human.email = self._address(human)
            self._uses(person, human)
            self._changed.append(replace(user, email=human.email))
            self._later.append(self._receipt(person, human))

    def _receipt(self, person: int, human: _Human) -> Entry:
        self._orderid += 1
        named = self._happens(0.7)
        email = self._spelled(self._mistyped(human.email, 0.02)) if self._happens(0.85) else ""
        if self._happens(0.01):
            email, named = self._draw.choice(SHARED_ADDRESSES), True
        return Entry(
            person,
            str(self._orderid),
            email,
            "",
            self._written(self._slipped(human.mobile, 0.01)) if self._happens(0.4) else "",
            *(self._called(human) if named else ("", "", "")),
        )

    def _called(self, human: _Human) -> tuple[str, str, str]:
        """First name, last name and company as filled in: a firm's often alone, a name at times by half."""
        company = human.company if human.company and self._happens(0.75) else ""
        if company and self._happens(0.6):
            return "", "", company
        if self._happens(0.08):
            return human.namefirst, "", company
        if self._happens(0.03):
            return "", human.namelast, company
        return human.namefirst, human.namelast, company

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
