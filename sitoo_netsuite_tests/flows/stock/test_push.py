"""What NetSuite moves arrives in Sitoo's stock exactly once, over both sandboxes."""

from __future__ import annotations

import threading
from datetime import timedelta
from random import Random

import pytest

from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.in_flight import in_flight
from sitoo_netsuite.flows.stock.levels import levels_to_push
from sitoo_netsuite.flows.stock.ownership import MovementName, NotAMovementError
from sitoo_netsuite.flows.stock.push_steps import planned_pushes, push_stock
from sitoo_netsuite.flows.stock.wanted_pushes import numbered
from sitoo_netsuite.sitoo.errors import SitooUnavailable
from sitoo_netsuite.sitoo.models import read_warehouse_items
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite_tests.flows.stock.lossy_line import Fate
from sitoo_netsuite_tests.flows.stock.served_stock import VIRTUAL, ServedStock, stock_estate


def test_goods_that_netsuite_took_in_arrive_in_sitoo_s_stock_once(stock: ServedStock) -> None:
    product, other = stock.product(0), stock.product(1)
    transaction = stock.adjust({product.netsuite_item: 12, other.netsuite_item: -1.5})
    run = stock.run()
    assert (run.counts, run.cases) == ({"done": 2}, ())
    assert stock.taken() == {(str(transaction), product.sku): 12_000, (str(transaction), other.sku): -1_500}
    assert stock.run().transactions == 0
    warehouseid = stock.shop.warehouseid
    assert stock.sent() == [f"NS-{transaction}-{warehouseid}-1", f"NS-{transaction}-{warehouseid}-2"]


def test_an_edit_pushes_the_difference_and_a_deletion_takes_it_all_back(stock: ServedStock) -> None:
    product, other = stock.product(0), stock.product(1)
    transaction = stock.adjust({product.netsuite_item: 12})
    stock.run()
    stock.edit(transaction, {product.netsuite_item: 9, other.netsuite_item: 1})
    assert stock.run().counts == {"done": 2}
    assert stock.taken() == {(str(transaction), product.sku): 9_000, (str(transaction), other.sku): 1_000}
    stock.delete(transaction)
    assert stock.run().counts == {}
    assert stock.run(nightly=True).counts == {"done": 1}
    assert stock.taken() == {}


def test_what_we_made_in_netsuite_and_what_is_dated_before_go_live_is_left_alone(stock: ServedStock) -> None:
    product = stock.product()
    stock.adjust({product.netsuite_item: 1}, day="2026-03-01")
    stock.adjust({product.netsuite_item: 1}, externalId="IA-S01-20260303-1")
    stock.connection.execute(
        """
        insert into posting.outbox (external_id, flow, document_type, trading_day, store, currency, number, body,
                                    body_digest, tran_date, state, planned_at)
        values ('IA-S01-20260303-1', 'stock', 'inventoryAdjustment', '2026-03-03', 'S01', 'SEK', 7, '{}', '',
                '2026-03-03', 'in_doubt', now())
        """
    )
    assert stock.run().counts == {}
    assert stock.run(nightly=True).counts == {}
    assert stock.sent() == []


@pytest.mark.parametrize("fate", [Fate.LOST, Fate.ANSWER_LOST])
def test_a_push_whose_answer_was_lost_is_looked_for_before_it_is_sent_again(stock: ServedStock, fate: Fate) -> None:
    product = stock.product()
    transaction = stock.adjust({product.netsuite_item: 12})
    stock.line.fates = [fate]
    assert stock.run().cases == ()
    assert stock.taken() == {(str(transaction), product.sku): 12_000}
    assert len(stock.sent()) == (2 if fate is Fate.LOST else 1)


def test_a_push_that_stays_unclear_waits_for_the_next_run_with_a_case(stock: ServedStock) -> None:
    product = stock.product()
    transaction = stock.adjust({product.netsuite_item: 12})
    stock.line.fates = [Fate.LATE, Fate.LOST]
    run = stock.run()
    name = f"stock_push_failed {transaction}/{stock.shop.warehouseid}"
    assert (run.counts, len(stock.sent())) == ({"in_doubt": 1}, 2)
    assert stock.open_cases() == {name: ("waiting", stock.shop.key, str(transaction))}
    places, now = push_book.places(stock.connection, stock.estate), stock.served.now()
    assert push_book.were_left_in_doubt(stock.connection, places, now + timedelta(minutes=1))
    assert not push_book.were_left_in_doubt(stock.connection, places, now)
    stock.line.arrive_late()
    assert stock.run().cases == ()
    assert stock.open_cases() == {}
    assert not push_book.were_left_in_doubt(stock.connection, places, now + timedelta(minutes=1))
    assert (len(stock.sent()), stock.taken()) == (2, {(str(transaction), product.sku): 12_000})


def test_a_push_is_sent_twice_at_most_and_asked_for_anew_at_night_when_sitoo_never_shows_it(
    stock: ServedStock,
) -> None:
    product = stock.product()
    transaction = stock.adjust({product.netsuite_item: 5})
    stock.line.fates = [Fate.LOST, Fate.LOST]
    for _ in range(4):
        stock.run()
        stock.served.later(minutes=12)
    first = f"NS-{transaction}-{stock.shop.warehouseid}-1"
    assert stock.sent() == [first, first]
    stock.served.later(hours=1)
    (case,) = stock.run().of_kind("stock_push_failed")
    assert (case.waiting, stock.pushes()) == (False, {first: "refused"})
    assert "sent twice without a clear answer" in case.evidence["text"]
    assert stock.run(nightly=True).cases == ()
    assert stock.taken() == {(str(transaction), product.sku): 5_000}
    assert len(stock.sent()) == 3


def test_a_second_request_that_sitoo_turned_away_was_none(stock: ServedStock) -> None:
    product = stock.product()
    transaction = stock.adjust({product.netsuite_item: 5})
    stock.line.fates = [Fate.LOST, Fate.BUSY, Fate.BUSY]
    with pytest.raises(SitooUnavailable):
        stock.run()
    assert stock.run().cases == ()
    assert stock.taken() == {(str(transaction), product.sku): 5_000}


def test_a_push_that_sitoo_took_twice_is_taken_back_once_with_a_case(stock: ServedStock) -> None:
    product = stock.product()
    transaction = stock.adjust({product.netsuite_item: 12})
    stock.line.fates = [Fate.LATE]
    stock.run()
    stock.line.arrive_late()
    assert stock.taken() == {(str(transaction), product.sku): 24_000}
    run = stock.run()
    first = f"NS-{transaction}-{stock.shop.warehouseid}-1"
    assert [(case.kind, case.record, case.evidence["times"]) for case in run.cases] == [
        ("stock_push_doubled", first, 2)
    ]
    assert stock.taken() == {(str(transaction), product.sku): 12_000}
    stock.run()
    assert (stock.open_cases(), stock.taken()) == ({}, {(str(transaction), product.sku): 12_000})
    assert stock.run().transactions == 0


def test_when_sitoo_turns_a_push_away_nothing_is_written_down_and_the_next_run_sends_it(stock: ServedStock) -> None:
    product = stock.product()
    transaction = stock.adjust({product.netsuite_item: 12})
    stock.land()
    stock.line.fates = [Fate.BUSY, Fate.BUSY]
    with pytest.raises(SitooUnavailable):
        stock.push()
    assert stock.pushes() == {}
    assert stock.push().counts == {"done": 1}
    assert stock.taken() == {(str(transaction), product.sku): 12_000}


def test_a_run_that_was_killed_between_its_note_and_its_request_is_made_good(stock: ServedStock) -> None:
    product = stock.product()
    transaction = stock.adjust({product.netsuite_item: 12})
    estate = stock.estate
    stock.estate = stock_estate(stock.world, push=False)
    wanted = stock.run().left.pushes
    push_book.note(stock.connection, numbered(wanted, []), stock.served.now())
    assert set(stock.pushes().values()) == {"in_doubt"}
    stock.estate = estate
    assert stock.push().cases == ()
    assert stock.pushes() == {f"NS-{transaction}-{stock.shop.warehouseid}-1": "done"}
    assert stock.taken() == {(str(transaction), product.sku): 12_000}


def test_a_request_that_sitoo_refuses_as_a_whole_is_parted_until_all_that_is_good_is_there(stock: ServedStock) -> None:
    product = stock.product()
    transactions = [stock.adjust({product.netsuite_item: number}) for number in range(1, 6)]
    stock.line.fates = [Fate.REFUSED, Fate.ARRIVES, Fate.REFUSED, Fate.REFUSED]
    run = stock.run()
    assert run.counts == {"done": 4, "refused": 1}
    assert [case.kind for case in run.cases] == ["stock_push_failed"]
    assert stock.run(nightly=True).cases == ()
    assert stock.taken() == {(str(made), product.sku): 1000 * place for place, made in enumerate(transactions, start=1)}


def test_a_push_that_sitoo_said_yes_to_and_does_not_show_is_a_case(stock: ServedStock) -> None:
    product = stock.product()
    transaction, _ = (stock.adjust({product.netsuite_item: 1}) for _ in range(2))
    stock.run()
    stock.taken()
    name = f"NS-{transaction}-{stock.shop.warehouseid}-1"
    shown = "update landing.warehouse_transactions set external_id = %s where external_id = %s"
    stock.connection.execute(shown, (None, name))
    (case,) = stock.push().cases
    assert (case.kind, case.record, case.waiting) == ("stock_push_failed", str(transaction), False)
    assert "does not show it" in case.evidence["text"]
    stock.connection.execute(
        "update landing.warehouse_transactions set external_id = %s where warehousetransactionid = "
        "(select warehousetransactionid from posting.stock_pushes where external_id = %s)",
        (name, name),
    )
    assert stock.push().cases == ()


def test_what_sitoo_will_not_have_is_found_out_and_all_else_is_pushed(stock: ServedStock) -> None:
    products = [stock.product(number) for number in range(5)]
    # Landed as a product, so that only Sitoo itself can say that it is gone.
    gone = products[2]
    stock.connection.execute(
        """
        insert into landing.products (eshopid, productid, sku, title, barcode, vatid, active_pos, main_variant,
                                      attributes, modified_at, landed_at)
        values (1, 999, 'GONE', '', '', 2, true, null, '[]', null, now())
        """
    )
    stock.connection.execute("update landing.items set sku = 'GONE' where item = %s", [gone.netsuite_item])
    transaction = stock.adjust({product.netsuite_item: 3 for product in products})
    stock.run()
    taken = {(str(transaction), product.sku): 3_000 for product in products if product is not gone}
    assert stock.taken() == taken
    name = f"stock_push_failed {transaction}/{stock.shop.warehouseid}"
    assert stock.open_cases() == {name: ("broken", stock.shop.key, str(transaction))}
    sent = len(stock.sent())
    stock.run()
    assert len(stock.sent()) == sent
    stock.connection.execute("update landing.items set sku = %s where item = %s", [gone.sku, gone.netsuite_item])
    stock.run(nightly=True)
    assert stock.taken() == {**taken, (str(transaction), gone.sku): 3_000}
    assert stock.open_cases() == {}


def test_a_sku_that_sitoo_lacks_waits_with_a_case_until_it_is_there(stock: ServedStock) -> None:
    product, other = stock.product(0), stock.product(1)
    stock.connection.execute("update landing.items set sku = 'NEW-1' where item = %s", [product.netsuite_item])
    transaction = stock.adjust({product.netsuite_item: 4, other.netsuite_item: 1})
    run = stock.run()
    assert stock.taken() == {(str(transaction), other.sku): 1_000}
    (case,) = run.cases
    assert (case.kind, case.key, case.store) == (
        "stock_sku_missing_in_sitoo", f"{stock.shop.warehouseid}/NEW-1", stock.shop.key,
    )  # fmt: skip
    assert case.evidence["quantity"] == "4"
    stock.served.tills.add_product(1, sku="NEW-1", title="New", moneyprice="5.00", activepos=True)
    assert "does not count" in stock.run().cases[0].evidence["text"]
    stock.served.tills.change(1, "NEW-1", stockcountenable=True)
    assert stock.run().counts == {"done": 1}
    assert stock.taken()[str(transaction), "NEW-1"] == 4_000
    assert stock.open_cases() == {}


def test_without_push_or_read_only_nothing_is_sent_and_the_plan_says_what_would_be(stock: ServedStock) -> None:
    product = stock.product()
    transaction = stock.adjust({product.netsuite_item: 12})
    estate = stock.estate
    stock.land()
    for cautious in (
        stock_estate(stock.world, push=False),
        estate.model_copy(update={"read_only": True}),
    ):
        stock.estate = cautious
        run = stock.push()
        assert [push.transaction for push in run.left.pushes] == [transaction]
    assert stock.sent() == []
    (row,) = planned_pushes(stock.connection, stock.sitoo, estate, stock.served.now())
    assert row["external_id"] == f"NS-{transaction}-{stock.shop.warehouseid}-1"
    assert row["skus"] == {product.sku: "12"}
    stock.estate = estate
    assert stock.push().counts == {"done": 1}


def test_runs_at_once_push_nothing_twice(stock: ServedStock) -> None:
    product = stock.product()
    transactions = [stock.adjust({product.netsuite_item: number}) for number in range(1, 6)]
    stock.land()

    def push(name: str) -> None:
        with connect(stock.connection.info.dsn) as session:
            push_stock(session, stock.sitoo, stock.estate, stock.served.now, name, whole=True)

    runs = [threading.Thread(target=push, args=(name,)) for name in ("one", "another")]
    for run in runs:
        run.start()
    for run in runs:
        run.join(timeout=60)
    assert stock.taken() == {(str(made), product.sku): 1000 * place for place, made in enumerate(transactions, start=1)}
    assert len(stock.sent()) == len(transactions)


def test_a_transfer_leaves_one_warehouse_and_a_virtual_one_is_told_what_is_available_there(stock: ServedStock) -> None:
    product = stock.product(5)
    transaction = stock.transfer({product.netsuite_item: 2})
    stock.land()
    stock.land_levels()
    run = stock.push()
    assert stock.taken() == {(str(transaction), product.sku): -2_000}
    assert (run.cases, [(level.sku, level.quantity_milli) for level in run.levels]) == ((), [(product.sku, 2_000)])
    (page,) = stock.sitoo.warehouse_item_pages(1, VIRTUAL, skus=[product.sku])
    ((item,), _) = read_warehouse_items(page, VIRTUAL)
    assert item.decimaltotal == "2.000"
    assert stock.push().levels == ()
    # One of the two is sold by a till, which NetSuite does not know yet: it is not there to be sold again.
    sold = {(VIRTUAL, product.netsuite_item): -1_000}
    levels, _ = levels_to_push(stock.connection, stock.estate, lambda site, skus: {}, sold)
    assert [(level.sku, level.quantity_milli) for level in levels] == [(product.sku, 1_000)]


def test_members_of_a_kit_stay_where_they_were_pushed_when_the_kit_is_renamed(stock: ServedStock) -> None:
    product, name = stock.product(), f"IA-{stock.shop.key}-20260303-70"
    transaction = stock.adjust({product.netsuite_item: -2}, externalId=name)
    stock.connection.execute(
        """
        insert into posting.outbox (external_id, flow, document_type, trading_day, store, currency, number, body,
                                    body_digest, tran_date, state, planned_at)
        values (%s, 'stock', 'inventoryAdjustment', '2026-03-03', %s, 'SEK', 70, '{}', '', '2026-03-03', 'posted',
                now())
        """,
        (name, stock.shop.key),
    )
    stock.connection.execute(
        "insert into posting.outbox_quantities values (%s, %s, '4000', %s, 'SET', 'sale', -2000, true)",
        (name, str(stock.shop.location), str(product.netsuite_item)),
    )
    stock.run()
    assert stock.taken() == {(str(transaction), product.sku): -2_000}
    # NetSuite has no item SET any more.
    stock.run(nightly=True)
    assert stock.taken() == {(str(transaction), product.sku): -2_000}
    stock.connection.execute("delete from posting.outbox_quantities where external_id = %s", [name])
    stock.connection.execute("delete from posting.outbox where external_id = %s", [name])
    stock.delete(transaction)
    stock.run(nightly=True)


def to_sitoo(stock: ServedStock) -> dict[tuple[int, int], int]:
    """What is on its way, by warehouse and item."""
    now = stock.served.now()
    return dict(in_flight(stock.connection, stock.estate, now.date(), now, "looking").to_sitoo)


def test_a_transfer_that_is_sitoo_s_to_make_waits_until_a_person_says_that_it_moved(stock: ServedStock) -> None:
    stock.estate = stock_estate(stock.world, owners={"transfers": "sitoo"})
    product = stock.product(5)
    transaction = stock.transfer({product.netsuite_item: 2})
    name = MovementName("netsuite", transaction)
    (case,) = stock.run().of_kind("stock_made_in_netsuite")
    assert (case.store, case.record) == (stock.shop.key, f"NS-{transaction}")
    assert f"stock approve NS-{transaction}" in case.evidence["text"]
    assert stock.taken() == {}
    assert to_sitoo(stock)[stock.shop.warehouseid, product.netsuite_item] == -2_000

    stock.decide(name, carried=True)
    assert stock.run().cases == ()
    assert stock.taken() == {(str(transaction), product.sku): -2_000}

    # Nothing was moved after all.
    stock.decide(name, carried=False)
    assert stock.run(nightly=True).cases == ()
    assert stock.taken() == {}
    assert to_sitoo(stock) == {}
    (row,) = [
        row for row in planned_pushes(stock.connection, stock.sitoo, stock.estate, stock.served.now()) if "held" in row
    ]
    assert (row["transaction"], row["skus"]) == (transaction, {product.sku: "-2"})
    assert "somebody: told by the store" in row["held"]


def test_whoever_owns_transfers_later_what_was_pushed_of_one_is_followed_to_its_end(stock: ServedStock) -> None:
    product = stock.product(5)
    transaction = stock.transfer({product.netsuite_item: 2})
    stock.run()
    stock.estate = stock_estate(stock.world, owners={"transfers": "sitoo"})
    stock.served.later(minutes=5)
    stock.served.netsuite("DELETE", f"inventoryTransfer/{transaction}")
    assert stock.run(nightly=True).cases == ()
    assert stock.taken() == {}


def test_a_movement_that_nobody_made_or_that_we_made_cannot_be_decided_on(stock: ServedStock) -> None:
    for name in (MovementName("netsuite", 10**9), MovementName("shipment", 10**9), MovementName("sitoo", 10**9)):
        with pytest.raises(NotAMovementError, match=str(name)):
            stock.decide(name, carried=True)


def test_web_orders_that_both_systems_move_are_not_told_even_if_that_changes_later(stock: ServedStock) -> None:
    stock.estate = stock_estate(stock.world, owners={"web_orders": "sitoo"})
    product = stock.product(5)
    sold = stock.sell_in_netsuite({product.netsuite_item: 2})
    assert stock.run().cases == ()
    stock.estate = stock_estate(stock.world, owners={"web_orders": "netsuite"})
    assert stock.run(nightly=True).cases == ()
    assert stock.taken() == {}
    later = stock.sell_in_netsuite({product.netsuite_item: 3})
    stock.run()
    assert later != sold
    assert stock.taken() == {(str(later), product.sku): -3_000}


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_on_the_line_and_in_netsuite_both_sides_end_equal(stock: ServedStock, seed: int) -> None:
    random = Random(seed)
    products = [stock.product(number) for number in range(4)]
    wanted: dict[int, dict[int, float]] = {}

    def quantities() -> dict[int, float]:
        some = random.sample(products, random.randint(1, 4))
        return {int(product.netsuite_item or 0): random.choice([-2, -0.5, 1, 3]) for product in some}

    for _ in range(6):
        kept = quantities()
        match random.choice(["make", "make", "edit", "delete"]):
            case "edit" if wanted:
                transaction = random.choice(list(wanted))
                stock.edit(transaction, kept)
                wanted[transaction] = kept
            case "delete" if wanted:
                stock.delete(transaction := random.choice(list(wanted)))
                del wanted[transaction]
            case _:
                wanted[stock.adjust(kept)] = kept
        stock.line.fates = random.choices([fate for fate in Fate if fate is not Fate.BUSY], k=random.randint(0, 4))
        stock.run()
        if random.random() < 0.5:
            stock.line.arrive_late()
    stock.line.fates.clear()
    stock.line.arrive_late()
    stock.run(nightly=True)
    stock.run()
    skus = {product.netsuite_item: product.sku for product in products}
    assert stock.taken() == {
        (str(transaction), skus[item]): int(quantity * 1000)
        for transaction, moved in wanted.items()
        for item, quantity in moved.items()
    }
    assert stock.open_cases() == {}
