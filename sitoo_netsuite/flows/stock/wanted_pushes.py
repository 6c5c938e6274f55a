"""What is still to be pushed to Sitoo of NetSuite's stock movements: what NetSuite moved, less what was pushed.

Belongs here: the rules, pure. Does not belong here: SQL (`push_book`), HTTP (`push`), the order of things
(`push_steps`).

Per transaction of NetSuite and warehouse of Sitoo, item by item: its quantities as they are now, less those of every
push that Sitoo took or may have taken, is the next push. An edited transaction so pushes a difference, a deleted one
pushes it all back, and a push that Sitoo took twice is reversed by the next. Quantities are thousandths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

# Reference sitoo-api 1.7: a request takes 1,000 items; a smaller push is easier to read in Sitoo.
MOST_ITEMS = 200

_MOVE_IN, _MOVE_OUT = 10, 20

Quantities = Mapping[int, int]
"""Item (NetSuite's internal id) to quantity."""


@dataclass(frozen=True, slots=True)
class Place:
    """A warehouse of Sitoo that takes movements, and from which day on its store's stock is followed."""

    warehouseid: int
    eshopid: int
    store: str
    go_live: date


@dataclass(frozen=True, slots=True)
class Movement:
    """What a transaction of NetSuite moved at one warehouse and Sitoo was not told by itself. `kind` is NetSuite's type
    code, `number` what it shows. waits: why Sitoo is not told before a person says so.
    """

    transaction: int
    warehouseid: int
    tran_date: date
    kind: str
    number: str
    quantities: Quantities
    waits: str | None = None


@dataclass(frozen=True, slots=True)
class RecordedPush:
    """A push as it was written down. `seen`: how many warehouse transactions Sitoo shows under its external id."""

    external_id: str
    transaction: int
    warehouseid: int
    number: int
    tran_date: date
    state: str  # 'in_doubt', 'done', 'refused'
    error: str | None
    seen: int
    quantities: Quantities

    @property
    def times(self) -> int:
        """How often Sitoo took it, as far as is known: one that may have arrived, or will be sent, counts once."""
        return self.seen if self.seen > 0 or self.state == "refused" else 1


@dataclass(frozen=True, slots=True)
class PushLine:
    sku: str
    item: int
    quantity_milli: int


@dataclass(frozen=True, slots=True)
class WantedPush:
    """A push that has no number yet. Its lines all come or all go (reference sitoo-api, section 4)."""

    place: Place
    transaction: int
    tran_date: date
    description: str
    lines: tuple[PushLine, ...]


@dataclass(frozen=True, slots=True)
class Push:
    """A push with its number: a warehouse transaction of Sitoo, once."""

    external_id: str
    eshopid: int
    warehouseid: int
    store: str
    transaction: int
    number: int
    tran_date: date
    description: str
    lines: tuple[PushLine, ...]


Cause = Literal["refused", "unusable", "waits"]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A difference that is not pushed, and why. `cause`: Sitoo refused it; it has no such product, or none whose stock
    it counts; it waits for a person's word. `sku` is the item's internal id where NetSuite's SKU is not known. Without
    a transaction it is the level of a virtual warehouse.
    """

    place: Place
    transaction: int | None
    number: str
    item: int
    sku: str
    quantity_milli: int
    reason: str
    cause: Cause


@dataclass(frozen=True, slots=True)
class Wanted:
    pushes: tuple[WantedPush, ...]
    withheld: tuple[Withheld, ...]


@dataclass(frozen=True, slots=True)
class Skus:
    """Items' SKUs, and those that a warehouse cannot take: (warehouseid, SKU) to the reason.

    left_alone: items that the tills do not sell. Nothing of them is pushed, and nothing taken back.
    """

    of_item: Mapping[int, str]
    unusable: Mapping[tuple[int, str], str]
    left_alone: frozenset[int] = frozenset()


def wanted_pushes(
    places: Iterable[Place],
    movements: Iterable[Movement],
    recorded: Iterable[RecordedPush],
    skus: Skus,
    *,
    refused_again: bool = False,
) -> Wanted:
    """What is left to push of some transactions: `movements` and `recorded` are all there is of each of them.

    What is dated before its store's go-live is left alone. A push that Sitoo refused is not asked for again as it was,
    but in halves, down to the items that it will not have: those are withheld, unless refused_again.
    """
    now = {(entry.transaction, entry.warehouseid): entry for entry in movements}
    pushed: defaultdict[tuple[int, int], list[RecordedPush]] = defaultdict(list)
    for push in recorded:
        pushed[push.transaction, push.warehouseid].append(push)
    by_warehouse = {place.warehouseid: place for place in places}
    pushes: list[WantedPush] = []
    withheld: list[Withheld] = []
    for key in sorted(now.keys() | pushed.keys()):
        transaction, warehouseid = key
        if warehouseid not in by_warehouse:
            continue
        wanted = _wanted(transaction, by_warehouse[warehouseid], now.get(key), pushed[key], skus, refused_again)
        pushes += wanted.pushes
        withheld += wanted.withheld
    return Wanted(tuple(pushes), tuple(withheld))


def _wanted(
    transaction: int,
    place: Place,
    movement: Movement | None,
    recorded: Sequence[RecordedPush],
    skus: Skus,
    refused_again: bool,
) -> Wanted:
    """What is left of one transaction at one warehouse. movement: None once NetSuite has it no more."""
    number = movement.number if movement is not None else str(transaction)
    pushes: list[WantedPush] = []
    withheld: list[Withheld] = []

    def withhold(line: PushLine, reason: str, cause: Cause) -> None:
        held = Withheld(place, transaction, number, line.item, line.sku, line.quantity_milli, reason, cause)
        withheld.append(held)

    lines = []
    for item, quantity in sorted(_left(movement, recorded, place, skus.left_alone).items()):
        line = PushLine(skus.of_item.get(item, str(item)), item, quantity)
        if movement is not None and movement.waits is not None:
            withhold(line, movement.waits, "waits")
        elif item not in skus.of_item:
            withhold(line, "NetSuite's SKU of it is not known", "unusable")
        elif (reason := skus.unusable.get((place.warehouseid, line.sku))) is not None:
            withhold(line, reason, "unusable")
        else:
            lines.append(line)
    dated = movement.tran_date if movement is not None else max(push.tran_date for push in recorded)
    refusals = {} if refused_again else _refusals(recorded)
    for chunk in _chunks(lines):
        for part in _not_refused_yet(chunk, refusals):
            if (reason := refusals.get(_content(part))) is None:
                pushes.append(WantedPush(place, transaction, dated, _description(movement, number), tuple(part)))
            else:
                for line in part:
                    withhold(line, reason, "refused")
    return Wanted(tuple(pushes), tuple(withheld))


def numbered(pushes: Iterable[WantedPush], recorded: Iterable[RecordedPush]) -> list[Push]:
    """The pushes, each with the next number of its transaction and warehouse; refused ones have taken theirs too."""
    last: defaultdict[tuple[int, int], int] = defaultdict(int)
    for push in recorded:
        key = (push.transaction, push.warehouseid)
        last[key] = max(last[key], push.number)
    found = []
    for wanted in pushes:
        place = wanted.place
        key = (wanted.transaction, place.warehouseid)
        last[key] += 1
        found.append(
            Push(
                external_id(*key, last[key]), place.eshopid, place.warehouseid, place.store, wanted.transaction,
                last[key], wanted.tran_date, wanted.description, wanted.lines,
            )
        )  # fmt: skip
    return found


def items_left(
    places: Iterable[Place], movements: Sequence[Movement], recorded: Sequence[RecordedPush]
) -> set[tuple[int, int]]:
    """(warehouseid, item) of everything that is left to push, whether Sitoo can take it or not."""
    everything = wanted_pushes(places, movements, recorded, Skus({}, {}))
    return {(entry.place.warehouseid, entry.item) for entry in everything.withheld}


def doubled(recorded: Iterable[RecordedPush]) -> list[RecordedPush]:
    """Pushes that Sitoo took more than once."""
    return [push for push in recorded if push.seen > 1]


def transaction_type(lines: Iterable[PushLine]) -> int:
    """Sitoo's type of a movement: 10 where goods come, 20 where they go (reference sitoo-api, section 3)."""
    return _MOVE_IN if all(line.quantity_milli > 0 for line in lines) else _MOVE_OUT


def external_id(transaction: int, warehouseid: int, number: int) -> str:
    """What a push goes by in Sitoo."""
    return f"NS-{transaction}-{warehouseid}-{number}"


def _left(
    movement: Movement | None, recorded: Collection[RecordedPush], place: Place, left_alone: Collection[int]
) -> dict[int, int]:
    """Item to what is not pushed of it yet; nothing where it is 0."""
    followed = [movement.tran_date] if movement is not None else []
    followed += [push.tran_date for push in recorded]
    if max(followed) < place.go_live:
        return {}
    left: defaultdict[int, int] = defaultdict(int)
    if movement is not None and movement.tran_date >= place.go_live:
        for item, quantity in movement.quantities.items():
            left[item] += quantity
    for push in recorded:
        for item, quantity in push.quantities.items():
            left[item] -= push.times * quantity
    return {item: quantity for item, quantity in left.items() if quantity and item not in left_alone}


def _chunks(lines: Iterable[PushLine]) -> Iterable[list[PushLine]]:
    """The lines parted into what comes and what goes, and into pushes that are not too long."""
    lines = list(lines)
    for some in (
        [line for line in lines if line.quantity_milli > 0],
        [line for line in lines if line.quantity_milli < 0],
    ):
        for start in range(0, len(some), MOST_ITEMS):
            yield some[start : start + MOST_ITEMS]


def _not_refused_yet(
    lines: list[PushLine], refusals: Mapping[frozenset[tuple[int, int]], str]
) -> Iterable[list[PushLine]]:
    """The lines in parts of which Sitoo refused none yet, but for those that are a line alone."""
    if len(lines) == 1 or _content(lines) not in refusals:
        yield lines
        return
    middle = len(lines) // 2
    yield from _not_refused_yet(lines[:middle], refusals)
    yield from _not_refused_yet(lines[middle:], refusals)


def _refusals(recorded: Iterable[RecordedPush]) -> dict[frozenset[tuple[int, int]], str]:
    """What Sitoo refused, as items and quantities, to its reason."""
    return {
        frozenset(push.quantities.items()): push.error or "no reason given"
        for push in recorded
        if push.state == "refused" and not push.seen
    }


def _content(lines: Iterable[PushLine]) -> frozenset[tuple[int, int]]:
    return frozenset((line.item, line.quantity_milli) for line in lines)


def _description(movement: Movement | None, number: str) -> str:
    return f"NetSuite {movement.kind} {number}" if movement is not None else f"NetSuite {number}, taken back"
