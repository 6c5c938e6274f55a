"""What was linked and made of a made-up population, against its truth.

Belongs here: what counts as a wrong link, as a customer made twice, and as matched. Does not belong here: making the
population (`population`), running anything over it (`customers`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.population import PLACEHOLDER_DOMAIN, SHARED_ADDRESSES, Entry
from sitoo_netsuite.flows.customers.identity import may_be_mistyped, person_name


@dataclass(frozen=True, slots=True)
class Judged:
    """How much of it was right.

    A customer's owner is the person NetSuite had it of; of one that was made, the person whom most of the records
    linked to it are of that can be of nobody else (`Entry.or_of`). Entries of one person are *tied* where they have an
    address or number of their own in common, or one that is a slip of the finger away under the very same full name, or
    are one record before and after a change; a circle is all that is tied, directly or by others between.

    records, linked: how many there are, and how many of them are linked to any customer.
    wrong: records linked to a customer of another owner. Two people on one customer are always at least one of them.
    of_several: linked records not counted as wrong though their own person is not the owner, because all they say is an
    address, or a number, that both really use, as families do.
    doubled: customers made of somebody of whom there was one already in the same circle, or of whom this run made
    another one there: what was typed in could tell.
    untold: customers made of somebody who had one in another circle only: nothing that was typed in could tell.
    matchable, matched: records in the circle of a customer that NetSuite had at first, and those of them that are
    linked to a customer of that circle. share_matched: matched by matchable, 1 where nothing could be matched.
    """

    records: int
    linked: int
    wrong: int
    of_several: int
    doubled: int
    untold: int
    matchable: int
    matched: int

    @property
    def share_matched(self) -> float:
        return self.matched / self.matchable if self.matchable else 1.0


def judge(
    customers: Sequence[Entry], records: Sequence[Entry], linked: Mapping[str, str], made: Collection[str]
) -> Judged:
    """What was linked and made, against the truth.

    customers: those NetSuite had at first. records: each as it stands now, and after these as they stood before they
    were changed, if they were. linked: record to customer; made: customers that this run has made. A customer that is
    neither was made by an earlier run.

    Raises ValueError where a customer was made that no record is linked to: whose it is cannot be told.
    """
    now: dict[str, Entry] = {}
    for entry in records:
        now.setdefault(entry.record, entry)
    linked_to: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in now.values():
        if entry.record in linked:
            linked_to[linked[entry.record]].append(entry)
    if unlinked := set(made) - linked_to.keys():
        raise ValueError(f"customers that nobody is linked to were made: {', '.join(sorted(unlinked)[:5])}")

    owners = {entry.record: entry.person for entry in customers}
    known = set(owners)
    for customer, entries in linked_to.items():
        owners.setdefault(customer, _owner(entries))
    wrong = of_several = 0
    for customer, entries in linked_to.items():
        for entry in entries:
            if entry.person != owners[customer]:
                of_several += owners[customer] in entry.or_of
                wrong += owners[customer] not in entry.or_of

    circles = _circles([*customers, *records])
    # A circle to the customers in it; a person to all of theirs. First what there was before this run.
    holding: defaultdict[int, set[str]] = defaultdict(set)
    having: defaultdict[int, set[str]] = defaultdict(set)
    for entry in customers:
        holding[circles[id(entry)]].add(entry.record)
        having[entry.person].add(entry.record)
    matchable = matched = 0
    for entry in now.values():
        of_circle = holding[circles[id(entry)]]
        matchable += bool(of_circle)
        matched += linked.get(entry.record) in of_circle

    doubled = untold = 0
    for customer in sorted(linked_to.keys() - known, key=lambda customer: customer in made):
        own = [entry for entry in linked_to[customer] if entry.person == owners[customer]]
        of_owner = {circles[id(entry)] for entry in own}
        if customer in made:
            told = any(holding[circle] for circle in of_owner)
            doubled += told
            untold += bool(having[owners[customer]]) and not told
        for circle in of_owner:
            holding[circle].add(customer)
        having[owners[customer]].add(customer)
    linked_records = sum(map(len, linked_to.values()))
    return Judged(len(now), linked_records, wrong, of_several, doubled, untold, matchable, matched)


def _owner(entries: Sequence[Entry]) -> int:
    """Whom most of the entries are of that can be of nobody else; of two with as many, the one with the lower number.
    Where each may be of several, whom most of all are of.
    """
    people = [entry.person for entry in entries if not entry.or_of] or [entry.person for entry in entries]
    return min(people, key=lambda person: (-people.count(person), person))


def _circles(entries: Sequence[Entry]) -> dict[int, int]:
    """The circle of each entry, by the entry's id()."""
    of_person: defaultdict[int, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_person[entry.person].append(entry)
    circles: dict[int, int] = {}
    for left in of_person.values():
        while left:
            circle, queue = len(circles), [left.pop()]
            while queue:
                entry = queue.pop()
                circles[id(entry)] = circle
                tied = [other for other in left if _tied(entry, other)]
                left = [other for other in left if not any(other is one for one in tied)]
                queue += tied
    return circles


def _tied(one: Entry, other: Entry) -> bool:
    """Of two entries of one person."""
    if one.record == other.record:
        return True
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
    if email is None or email.endswith(PLACEHOLDER_DOMAIN) or email in SHARED_ADDRESSES:
        return None
    return email
