"""What is left to push: the rules, and that they come to rest on NetSuite's quantities whatever happens on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.stock.wanted_pushes import (
    MOST_ITEMS,
    Movement,
    Place,
    Push,
    RecordedPush,
    Skus,
    numbered,
    transaction_type,
    wanted_pushes,
)

GO_LIVE, BEFORE, DAY = date(2026, 3, 2), date(2026, 3, 1), date(2026, 3, 3)
SHOP = Place(11, 1, "S01", GO_LIVE)
OTHER_SHOP = Place(12, 2, "S02", GO_LIVE)
SKUS = Skus({item: f"SKU-{item}" for item in range(1, 1000)}, {})


def movement(quantities: dict[int, int], *, day: date = DAY, warehouseid: int = 11) -> Movement:
    return Movement(7, warehouseid, day, "ItemRcpt", "IR7", quantities)


def pushed(
    quantities: dict[int, int], state: str = "done", seen: int = 0, number: int = 1, day: date = DAY
) -> RecordedPush:
    return RecordedPush(f"NS-7-11-{number}", 7, 11, number, day, state, "no" * (state == "refused"), seen, quantities)


def left(
    movements: Sequence[Movement], recorded: Sequence[RecordedPush] = (), skus: Skus = SKUS
) -> list[dict[int, int]]:
    wanted = wanted_pushes([SHOP], movements, recorded, skus)
    return [{line.item: line.quantity_milli for line in push.lines} for push in wanted.pushes]


def test_what_comes_and_what_goes_are_pushed_apart_with_sitoo_s_type_of_each() -> None:
    pushes = wanted_pushes([SHOP], [movement({1: 5000, 2: -250, 3: 0})], [], SKUS).pushes
    assert [(transaction_type(push.lines), [line.sku for line in push.lines]) for push in pushes] == [
        (10, ["SKU-1"]),
        (20, ["SKU-2"]),
    ]
    assert pushes[0].description == "NetSuite ItemRcpt IR7"


def test_a_long_transaction_is_parted() -> None:
    lengths = [len(lines) for lines in left([movement(dict.fromkeys(range(1, 2 * MOST_ITEMS + 2), 1000))])]
    assert lengths == [MOST_ITEMS, MOST_ITEMS, 1]


def test_what_was_pushed_or_may_have_been_is_not_wanted_again() -> None:
    now = [movement({1: 5000})]
    for state in ("in_doubt", "done"):
        assert left(now, [pushed({1: 5000}, state)]) == []
        assert left(now, [pushed({1: 4000}, state)]) == [{1: 1000}]
    assert left([], [pushed({1: 5000})]) == [{1: -5000}]


def test_a_push_counts_as_often_as_sitoo_shows_it() -> None:
    now = [movement({1: 5000})]
    assert left(now, [pushed({1: 5000}, seen=2)]) == [{1: -5000}]
    assert left(now, [pushed({1: 5000}, "refused", seen=1)]) == []
    assert left(now, [pushed({1: 5000}, seen=3), pushed({1: -5000}, number=2)]) == [{1: -5000}]


def test_other_warehouses_are_left_alone() -> None:
    assert left([movement({1: 5000}, warehouseid=99)]) == []


def test_a_transaction_that_turned_out_to_be_ours_is_taken_back() -> None:
    assert left([], [pushed({1: 5000})]) == [{1: -5000}]


def test_nothing_from_before_go_live_is_pushed_and_what_is_moved_there_is_taken_back() -> None:
    early = movement({1: 5000}, day=BEFORE)
    assert left([early]) == []
    assert left([early], [pushed({1: 5000}, day=DAY)]) == [{1: -5000}]
    # The go-live was moved after the push.
    assert left([early], [pushed({1: 4000}, day=BEFORE)]) == []


def test_items_that_the_tills_do_not_sell_are_left_alone_also_once_they_were_pushed() -> None:
    skus = replace(SKUS, left_alone=frozenset({1}))
    assert left([movement({1: 5000, 2: 1000})], skus=skus) == [{2: 1000}]
    assert left([], [pushed({1: 5000})], skus) == []


def test_a_sku_that_sitoo_lacks_or_nobody_knows_is_withheld_and_all_else_is_pushed() -> None:
    skus = Skus({1: "A", 2: "B"}, {(11, "B"): "Sitoo has no such product"})
    wanted = wanted_pushes([SHOP], [movement({1: 1000, 2: 2000, 3: 3000})], [], skus)
    assert [(entry.sku, entry.reason, entry.cause) for entry in wanted.withheld] == [
        ("B", "Sitoo has no such product", "unusable"),
        ("3", "NetSuite's SKU of it is not known", "unusable"),
    ]
    assert [[line.sku for line in push.lines] for push in wanted.pushes] == [["A"]]


def test_what_waits_for_a_person_is_withheld_whole_whatever_sitoo_could_take() -> None:
    waiting = replace(movement({1: 1000, 2: 2000}), waits="transfers are made in Sitoo")
    wanted = wanted_pushes([SHOP], [waiting], [], Skus({1: "A"}, {}))
    assert wanted.pushes == ()
    assert [(entry.sku, entry.cause) for entry in wanted.withheld] == [("A", "waits"), ("2", "waits")]


def test_a_renamed_sku_is_pushed_on_under_its_new_name() -> None:
    (push,) = wanted_pushes([SHOP], [movement({1: 6000})], [pushed({1: 5000})], Skus({1: "NEW"}, {})).pushes
    assert [(line.sku, line.quantity_milli) for line in push.lines] == [("NEW", 1000)]


def test_a_refused_push_is_asked_for_in_halves_down_to_what_sitoo_will_not_have() -> None:
    bad = {3}
    recorded: list[RecordedPush] = []
    now = movement(dict.fromkeys(range(1, 9), 1000))
    for _ in range(10):
        wanted = wanted_pushes([SHOP], [now], recorded, SKUS)
        for push in numbered(wanted.pushes, recorded):
            quantities = {line.item: line.quantity_milli for line in push.lines}
            state = "refused" if bad & quantities.keys() else "done"
            recorded.append(pushed(quantities, state, number=push.number))
    assert wanted.pushes == ()
    assert [(entry.item, entry.reason, entry.cause) for entry in wanted.withheld] == [(3, "no", "refused")]
    assert sum((Counter(push.quantities) for push in recorded if push.state == "done"), Counter()) == {
        item: 1000 for item in now.quantities if item not in bad
    }
    assert len(recorded) == 7
    (again,) = wanted_pushes([SHOP], [now], recorded, SKUS, refused_again=True).pushes
    assert [line.item for line in again.lines] == [3]


# ---------------------------------------------------------------- whatever happens

Fate = Literal["arrives", "lost", "answer lost", "late", "refused", "killed"]


@dataclass
class Simulated:
    """NetSuite, Sitoo and our book, with the order of `push` and `push_steps` and nothing of SQL or HTTP."""

    netsuite: dict[tuple[int, int], Movement] = field(default_factory=dict)
    sitoo: list[Push] = field(default_factory=list)
    on_its_way: list[Push] = field(default_factory=list)
    book: dict[str, tuple[Push, str]] = field(default_factory=dict)

    def recorded(self) -> list[RecordedPush]:
        seen = Counter(push.external_id for push in self.sitoo)
        return [
            RecordedPush(
                external_id, push.transaction, push.warehouseid, push.number, push.tran_date, state, "no",
                seen[external_id], {line.item: line.quantity_milli for line in push.lines},
            )
            for external_id, (push, state) in self.book.items()
        ]  # fmt: skip

    def send(self, push: Push, fate: Fate) -> None:
        if fate in ("arrives", "answer lost"):
            self.sitoo.append(push)
        if fate == "late":
            self.on_its_way.append(push)
        known = self.book[push.external_id][1] if push.external_id in self.book else None
        state = {"arrives": "done", "refused": "refused"}.get(fate, "in_doubt")
        # A second refusal proves nothing: the first one may be there.
        self.book[push.external_id] = push, "in_doubt" if known and state == "refused" else state

    def look(self) -> list[Push]:
        """Pushes in doubt that Sitoo does not show; the others are done."""
        shown = {push.external_id for push in self.sitoo}
        for external_id, (push, state) in self.book.items():
            if state == "in_doubt" and external_id in shown:
                self.book[external_id] = push, "done"
        return [push for push, state in self.book.values() if state == "in_doubt"]

    def run(self, fates: list[Fate]) -> None:
        for push in self.look():
            self.send(push, fates.pop(0) if fates else "arrives")
        self.look()
        recorded = self.recorded()
        wanted = wanted_pushes([SHOP, OTHER_SHOP], self.netsuite.values(), recorded, SKUS, refused_again=True)
        for push in numbered(wanted.pushes, recorded):
            fate = fates.pop(0) if fates else "arrives"
            self.send(push, fate)
            if fate == "killed":
                return

    def arrive(self) -> None:
        self.sitoo += self.on_its_way
        self.on_its_way.clear()

    def differences(self) -> dict[tuple[int, int, int], int]:
        """(transaction, warehouse, item) to what NetSuite has more than Sitoo took."""
        found: Counter[tuple[int, int, int]] = Counter()
        for (transaction, warehouseid), moved in self.netsuite.items():
            for item, quantity in moved.quantities.items():
                found[transaction, warehouseid, item] += quantity
        for push in self.sitoo:
            for line in push.lines:
                found[push.transaction, push.warehouseid, line.item] -= line.quantity_milli
        return {key: quantity for key, quantity in found.items() if quantity}


KEYS = st.tuples(st.integers(1, 3), st.sampled_from([11, 12]))
QUANTITIES = st.dictionaries(st.integers(1, 4), st.integers(-5, 5).map(lambda units: units * 500), max_size=4)
FATES = st.lists(st.sampled_from(["arrives", "lost", "answer lost", "late", "refused", "killed"]), max_size=6)
STEPS = st.one_of(
    st.tuples(st.just("save"), KEYS, QUANTITIES),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("run"), FATES),
    st.tuples(st.just("arrive")),
)


@given(st.lists(STEPS, max_size=25))
def test_whatever_is_edited_deleted_lost_and_run_again_both_sides_end_equal(steps: list[tuple[object, ...]]) -> None:
    world = Simulated()
    for name, *rest in steps:
        match name, rest:
            case "save", [(int(transaction), int(warehouseid)), dict(quantities)]:
                world.netsuite[transaction, warehouseid] = Movement(
                    transaction, warehouseid, DAY, "InvAdjst", f"IA{transaction}", quantities
                )
            case "delete", [tuple(key)]:
                world.netsuite.pop(key, None)
            case "run", [list(fates)]:
                world.run(list(fates))
            case _:
                world.arrive()
    # At rest: nothing is on its way any more, and Sitoo answers.
    world.arrive()
    for _ in range(3):
        world.run([])
    assert world.differences() == {}
    assert all(state != "in_doubt" for _, state in world.book.values())
    settled = len(world.sitoo)
    world.run([])
    assert len(world.sitoo) == settled
