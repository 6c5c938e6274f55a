"""Goods as the oracle judges them, by hand-made records: one shop, one tee, one set of two tees."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from sitoo_netsuite.oracle.estate_file import EstateFacts, Place
from sitoo_netsuite.oracle.goods import read_transaction
from sitoo_netsuite.oracle.ledger_side import Item, Movement
from sitoo_netsuite.oracle.stock_judging import StockReckoning, StockVerdict
from sitoo_netsuite_tests.oracle.trade import DAY, FACTS, NOON, REGISTER, SHOP, Raw, item, order, paid

HERE, BACK_ROOM = 11, 12
PLACE = Place(HERE, SHOP.key, "21")
STOCKED = replace(
    FACTS, shops={SHOP.key: replace(SHOP, stock_go_live=date(2026, 3, 2))}, places={HERE: PLACE}, till_flag=None
)
TEE, SET, GIFT, LOT = (
    Item("101", "TEE", "InvtPart", tracked=False, for_tills=True),
    Item("102", "SET", "Kit", tracked=False, for_tills=True),
    Item("103", "WRAPPING", "Service", tracked=False, for_tills=True),
    Item("104", "CREAM", "InvtPart", tracked=True, for_tills=True),
)
ADJUSTMENT = f"IA-{SHOP.key}-{DAY:%Y%m%d}-1"


class Goods:
    """A day's goods, heard by the oracle when it is judged. Quantities are units."""

    def __init__(self, plan: Raw | None = None, facts: EstateFacts = STOCKED) -> None:
        self.reckoning = StockReckoning(facts, {REGISTER: HERE}, (DAY, DAY), plan or {})
        self.reckoning.hear_catalogue([TEE, SET, GIFT, LOT], {"102": [("101", 2000)]})

    def sells(self, units: int, sku: str = "TEE", **changes: Any) -> None:
        row = {"orderitemid": 1, **item("0.00", quantity=units, sku=sku)}
        sold = order(1, [row], [paid("0.00")], **changes)
        self.reckoning.hear_sale(STOCKED.shops[SHOP.key], sold)

    def in_sitoo(self, units: int, kind: int = 30, sku: str = "TEE", external_id: str = "") -> None:
        raw = {
            "datecreated": NOON,
            "warehouseid": HERE,
            "transactiontype": kind,
            "externalid": external_id,
            "items": [{"sku": sku, "decimalquantity": f"{units}.000"}],
        }
        self.reckoning.hear_transaction(read_transaction(raw))

    def in_netsuite(
        self, units: int, external_id: str | None = None, transaction: int = 1, of: Item = TEE, memo: str = ""
    ) -> None:
        movement = Movement(transaction, external_id, "INVADJ1", DAY, of.item, units * 1000, memo or f"sale {of.sku}")
        self.reckoning.hear_movement(PLACE, movement)

    def are_there(self, in_sitoo: int, in_netsuite: int) -> None:
        self.reckoning.hear_levels(PLACE, {"TEE": in_sitoo * 1000}, {"101": in_netsuite * 1000})

    def judged(self, *held: tuple[str, date]) -> StockVerdict:
        return self.reckoning.verdict(set(held))

    def gaps(self, *held: tuple[str, date]) -> list[tuple[str, str, int, int]]:
        """What differs: about what, SKU, units expected and found."""
        return [
            (entry.about, entry.sku, entry.expected_milli // 1000, entry.held_milli // 1000)
            for entry in self.judged(*held).differences
        ]


def test_goods_that_were_sold_adjusted_pushed_and_counted_alike_leave_nothing_to_explain() -> None:
    goods = Goods()
    goods.sells(3)
    goods.sells(-1)
    goods.in_sitoo(-2)
    goods.in_netsuite(-2, ADJUSTMENT)
    goods.in_netsuite(5, transaction=7)
    goods.in_sitoo(5, 10, external_id="NS-7-11-1")
    goods.are_there(13, 13)
    verdict = goods.judged()
    assert (verdict.unexplained_milli, verdict.differences, verdict.positions) == (0, (), 1)


def test_a_sale_that_was_not_adjusted_is_a_difference_unless_its_day_is_held() -> None:
    goods = Goods()
    goods.sells(3)
    goods.in_sitoo(-3)
    goods.are_there(7, 10)
    assert goods.gaps() == [(f"adjustments of {DAY}", "TEE", -3, 0)]
    held = Goods()
    held.sells(3)
    held.in_sitoo(-3)
    held.are_there(7, 10)
    assert held.gaps((SHOP.key, DAY)) == []


def test_an_adjustment_of_nothing_and_one_twice_as_large_are_differences() -> None:
    goods = Goods()
    goods.in_netsuite(-1, ADJUSTMENT)
    assert goods.gaps() == [(f"adjustments of {DAY}", "TEE", 0, -1)]
    twice = Goods()
    twice.sells(1)
    twice.in_netsuite(-1, ADJUSTMENT)
    twice.in_netsuite(-1, ADJUSTMENT[:-1] + "2")
    assert twice.gaps() == [(f"adjustments of {DAY}", "TEE", -1, -2)]


def test_what_netsuite_moved_and_nobody_pushed_is_a_difference_unless_the_plan_says_that_it_waits() -> None:
    goods = Goods()
    goods.in_netsuite(5, transaction=7)
    goods.are_there(10, 15)
    assert goods.gaps() == [("NetSuite transaction 7", "TEE", 5, 0)]
    waiting = Goods({"stock": [{"transaction": 7, "warehouse": HERE, "skus": {"TEE": "5"}, "held": "refused"}]})
    waiting.in_netsuite(5, transaction=7)
    waiting.are_there(10, 15)
    assert (waiting.gaps(), waiting.judged().named_milli) == ([], 10000)


def test_a_push_that_sitoo_took_twice_and_one_of_nothing_are_differences() -> None:
    goods = Goods()
    goods.in_netsuite(5, transaction=7)
    for number in (1, 2):
        goods.in_sitoo(5, 10, external_id=f"NS-7-11-{number}")
    goods.in_sitoo(1, 10, external_id="NS-8-11-1")
    assert goods.gaps() == [("NetSuite transaction 7", "TEE", 5, 10), ("NetSuite transaction 8", "TEE", 0, 1)]


def test_a_level_that_no_movement_accounts_for_is_a_difference_unless_it_is_named_to_the_piece() -> None:
    goods = Goods()
    goods.are_there(9, 10)
    assert goods.gaps() == [("level of warehouse 11", "TEE", 10, 9)]
    for named, unexplained in ((-1000, 0), (-2000, 1000), (1000, 1000)):
        plan = {"stock_variances": [{"warehouse": HERE, "sku": "TEE", "quantity_milli": named}]}
        other = Goods(plan)
        other.are_there(9, 10)
        assert other.judged().unexplained_milli == unexplained


def test_what_netsuite_has_and_sitoo_does_not_list_there_but_elsewhere_is_a_difference() -> None:
    back_room = Place(BACK_ROOM, SHOP.key, "22")
    goods = Goods(facts=replace(STOCKED, places={HERE: PLACE, BACK_ROOM: back_room}))
    goods.reckoning.hear_levels(back_room, {}, {"101": 5000})
    assert goods.gaps() == []  # nobody counts it in Sitoo
    goods.are_there(2, 2)
    assert goods.gaps() == [(f"level of warehouse {BACK_ROOM}", "TEE", 5, 0)]


def test_a_kit_is_its_members_in_netsuite_and_sitoo_is_told_of_them() -> None:
    goods = Goods()
    goods.sells(1, "SET")
    goods.in_netsuite(-2, ADJUSTMENT, memo="sale SET")
    goods.are_there(10, 8)
    assert goods.gaps() == [("NetSuite transaction 1", "TEE", -2, 0)]
    goods = Goods()
    goods.sells(1, "SET")
    goods.in_netsuite(-2, ADJUSTMENT, memo="sale SET")
    goods.in_sitoo(-2, 20, external_id="NS-1-11-1")
    goods.are_there(8, 8)
    assert goods.gaps() == []


def test_what_has_no_stock_moves_nothing() -> None:
    goods = Goods()
    goods.sells(1, "WRAPPING")
    goods.sells(1, "GIFTCARD")
    assert goods.gaps() == []


def test_what_was_moved_by_hand_in_sitoo_belongs_in_the_adjustments_of_its_day() -> None:
    goods = Goods()
    goods.in_sitoo(-1, 50)
    assert goods.gaps() == [(f"adjustments of {DAY}", "TEE", -1, 0)]


def test_what_is_delivered_later_moves_where_and_when_it_is_delivered() -> None:
    goods = Goods()
    delivery = {
        "warehouseid": HERE,
        "datedelivery": NOON,
        "datecancelled": None,
        "orderdeliveryitems": [{"orderitemid": 1, "quantity": 1}],
    }
    goods.sells(
        2,
        additionaldata={"delivery-pickup-warehouseid": "11"},
        orderdate=NOON - 86_400,
        orderdeliveries=[delivery, {**delivery, "datecancelled": NOON}, {**delivery, "datedelivery": None}],
    )
    assert goods.gaps() == [(f"adjustments of {DAY}", "TEE", -1, 0)]


LEFT_OUT = {"store": SHOP.key, "trading_day": DAY.isoformat(), "warehouse": HERE, "quantity_milli": -1000}


@pytest.mark.parametrize(
    ("sku", "kind", "accepted"),
    [
        ("NEW", "unmatched_sku", True),
        ("TEE", "unmatched_sku", False),
        ("CREAM", "stock_item_tracked", True),
        ("TEE", "stock_item_tracked", False),
        ("TEE", "stock_place_unknown", False),
        ("TEE", "no_such_reason", False),
    ],
)
def test_what_is_left_out_is_accepted_for_a_cause_that_is_so(sku: str, kind: str, accepted: bool) -> None:
    goods = Goods({"stock_left_out": [LEFT_OUT | {"sku": sku, "kind": kind}]})
    goods.sells(1, sku)
    verdict = goods.judged()
    assert (verdict.unexplained_milli == 0, verdict.named_milli == 1000) == (accepted, accepted)
    assert (verdict.refused_names == ()) is accepted


def test_more_left_out_than_moved_is_refused() -> None:
    goods = Goods({"stock_left_out": [LEFT_OUT | {"sku": "NEW", "kind": "unmatched_sku"}]})
    goods.sells(2, "NEW")
    assert goods.judged().refused_names == (f"NEW of S01 {DAY} moved -2000, not -1000 thousandths",)
    assert goods.gaps()[0] == (f"goods of {DAY}", "NEW", -2, 0)


def test_goods_that_came_back_to_a_warehouse_the_estate_lacks_may_be_left_out() -> None:
    entry = LEFT_OUT | {"warehouse": BACK_ROOM, "sku": "TEE", "quantity_milli": 1000, "kind": "stock_place_unknown"}
    for plan, gaps in (({}, [(f"goods of {DAY}", "TEE", 1, 0)]), ({"stock_left_out": [entry]}, [])):
        goods = Goods(plan)
        row = {"orderitemid": 1, **item("0.00", quantity=-1), "additionaldata": {"return-warehouseid": "12"}}
        goods.reckoning.hear_sale(STOCKED.shops[SHOP.key], order(1, [row], [paid("0.00")]))
        assert goods.gaps() == gaps


def test_an_adjustment_that_somebody_changed_is_explained_by_its_name_if_it_was_changed() -> None:
    changed = {
        "kind": "adjustment_differs",
        "record": ADJUSTMENT,
        "store": SHOP.key,
        "trading_day": DAY.isoformat(),
        "lines": [{"location": "21", "item": "101", "quantity_milli": -4000}],
    }
    for was_changed, gaps in ((True, []), (False, [(f"adjustments of {DAY}", "TEE", -1, -5)])):
        goods = Goods({"stock_named": [changed]})
        goods.sells(1)
        goods.in_netsuite(-5, ADJUSTMENT)
        goods.reckoning.hear_documents({ADJUSTMENT: was_changed})
        assert goods.gaps() == gaps
    other = Goods({"stock_named": [changed | {"trading_day": "2026-03-04"}]})
    assert "is no name of an adjustment of" in other.judged().refused_names[0]


@pytest.mark.parametrize(
    ("may_wait", "kind", "milli", "accepted"),
    [
        ({"manual"}, "stock_movement_to_approve", -2000, True),
        ({"manual"}, "stock_movement_to_approve", -3000, False),
        ({"stocktake"}, "stock_movement_to_approve", -1000, True),
        ({"stocktake"}, "stock_movement_to_approve", -2000, False),
        (set(), "stock_movement_to_approve", -1000, False),
        (set(), "left_by_a_person", -3000, True),
        (set(), "left_by_a_person", -7000, False),
    ],
)
def test_what_waits_for_a_person_is_accepted_of_what_people_moved_in_a_kind_that_may_wait(
    may_wait: set[str], kind: str, milli: int, accepted: bool
) -> None:
    entry = {"store": SHOP.key, "trading_day": DAY.isoformat(), "warehouse": HERE, "sku": "TEE"}
    plan = {"stock_left_out": [{**entry, "kind": kind, "quantity_milli": milli}]}
    goods = Goods(plan, facts=replace(STOCKED, may_wait=frozenset(may_wait)))
    goods.sells(4)
    goods.in_sitoo(-2, kind=60)
    goods.in_sitoo(-1, kind=50)
    assert (goods.judged().refused_names == ()) == accepted
