from __future__ import annotations

import pytest

from sitoo_netsuite.sandbox.faults.catalogue import TYPICAL, Target
from sitoo_netsuite.sandbox.server import SandboxError
from sitoo_netsuite_tests.sandbox.faults.conftest import Planter

_BY_HAND = {fault.name for fault in TYPICAL if fault.by_hand and not fault.of_master_data}
_OF_MASTER_DATA = {fault.name for fault in TYPICAL if fault.of_master_data}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_typical_plants_one_of_each_and_all_but_what_is_done_by_hand_shows_in_the_end(
    weathered: Planter, seed: int
) -> None:
    trade = weathered("typical", seed=seed, stores=6, days=7, receipts=40)
    assert trade.weather.not_planted == ()
    rows = trade.at(trade.end)
    # Nothing is ever posted here, so what is done to documents stays undone.
    undone = {"journal_edited", "journal_deleted", "amended_after_posting", "adjustment_edited", "adjustment_deleted"}
    # Sitoo was asked for the first time just now.
    undone |= {"product_changed", "price_changed"}
    # Nobody asked either system for anything yet.
    undone |= {"update_missed", "delivery_in_sitoo", "transfer_in_netsuite"}
    assert {row["fault"] for row in rows} == {fault.name for fault in TYPICAL} - undone
    assert {choice.fault.name for choice in trade.weather.by_hand} == _BY_HAND
    assert len({row["fault"] for row in trade.at(trade.end + 24 * 3600)}) == len(TYPICAL) - 8
    of_trade = [row for row in rows if row["fault"] not in _OF_MASTER_DATA]
    assert len({(row["store"], row["trading_day"]) for row in of_trade}) > len(of_trade) // 2


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_typical_leaves_the_journals_that_people_change_to_days_that_post(weathered: Planter, seed: int) -> None:
    trade = weathered("typical", seed=seed, stores=2, days=2)
    rows = trade.at(trade.end)
    held = {(row["store"], row["trading_day"]) for row in rows if "held_store_day" in row["follow_ups"]}
    assert held
    by_hand = [choice for choice in trade.weather.by_hand if choice.fault.target is not Target.SHELF]
    assert not held & {(choice.store, str(choice.trading_day)) for choice in by_hand}
    journals = [(c.store, c.trading_day) for c in by_hand if c.fault.name in ("journal_edited", "journal_deleted")]
    assert len(journals) == len(set(journals))


def test_what_does_not_fit_a_small_trade_is_said(weathered: Planter) -> None:
    trade = weathered("typical", stores=1, days=1, receipts=6)
    assert trade.weather.not_planted
    planted = {row["fault"] for row in trade.at(trade.end)} | {choice.fault.name for choice in trade.weather.by_hand}
    planted |= {aim.fault.name for aim in trade.weather.in_backoffice}
    assert planted | set(trade.weather.not_planted) == {fault.name for fault in TYPICAL}


def test_the_same_seed_plants_the_same(weathered: Planter) -> None:
    once, again, other = (weathered("typical", seed=seed) for seed in (5, 5, 6))
    assert once.at(once.end) == again.at(again.end) != other.at(other.end)
    assert once.orders() == again.orders()
    assert once.z_reports() == again.z_reports()


def test_without_faults_nothing_is_planted(weathered: Planter) -> None:
    trade = weathered("none")
    assert trade.at(trade.end) == []
    assert trade.disagreeing() == {}


def test_several_of_one_fault_go_to_different_receipts_and_sessions(weathered: Planter) -> None:
    trade = weathered([{"fault": "unmapped_tender", "store": "S01", "trading_day": "2026-03-03", "count": 3}])
    rows = trade.at(trade.end)
    assert len({row["record"] for row in rows}) == 3
    assert {(row["store"], row["trading_day"]) for row in rows} == {("S01", "2026-03-03")}
    tenders = {trade.order(row["record"])["payments"][0]["name"] for row in rows}
    assert len(tenders) == 3
    assert trade.disagreeing() == {}


def test_two_faults_of_one_store_day_and_one_fault_on_two_days_all_show(weathered: Planter) -> None:
    trade = weathered(
        [
            {"fault": "z_disagrees", "store": "S01", "trading_day": "2026-03-03"},
            {"fault": "receipt_missing", "store": "S01", "trading_day": "2026-03-03"},
            {"fault": "receipt_out_of_balance", "store": "S02", "trading_day": "2026-03-03"},
            {"fault": "receipt_out_of_balance", "store": "S02", "trading_day": "2026-03-04"},
            {"fault": "late_z"},
            {"fault": "mended_record"},
        ]
    )
    rows = trade.at(trade.end)
    assert [row["case_kind"] for row in rows].count("z_variance") == 2
    assert len({row["record"] for row in rows if row["case_kind"] == "z_variance"}) == 2
    assert {row["trading_day"] for row in rows if row["fault"] == "receipt_out_of_balance"} == {
        "2026-03-03",
        "2026-03-04",
    }
    assert len(rows) == 4


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"fault": "z_missing", "store": "S09"}, r"entry 1 \(z_missing\): there is no store S09; there are S01, S02"),
        ({"fault": "z_missing", "trading_day": "2026-04-01"}, "2026-04-01 is not in the trade of 2026-03-02..2026-03"),
        ({"fault": "unmapped_store", "trading_day": "2026-04-01"}, "is not in the trade"),
        ({"fault": "receipt_missing", "record": "7"}, "the trade has no receipt 7"),
        ({"fault": "receipt_missing", "record": "seven"}, "the trade has no receipt seven"),
        ({"fault": "z_missing", "record": "{A}/2"}, r"the trade has no Z-report \{A\}/2"),
        ({"fault": "z_missing", "record": "20001"}, "the trade has no Z-report 20001"),
        (
            {"fault": "journal_deleted", "record": "JOURNAL1001"},
            "JOURNAL1001 is no external id this can be done to; name one of",
        ),
        (
            {"fault": "adjustment_deleted", "record": "JE-S01-20260303-SEK-1"},
            "name one of ours such as IA-S01-20260303-1",
        ),
        ({"fault": "wrong_account", "record": "JE-S01-20260303-SEK-7"}, "name one that is not ours"),
        ({"fault": "wrong_account", "record": "by hand"}, "name one that is not ours"),
        ({"fault": "journal_deleted", "record": "JE-S09-20260303-SEK-1"}, "no store-day JE-S09-20260303-SEK-1 is left"),
        ({"fault": "z_missing", "count": 500}, "no Z-report is left to do it to"),
        ({"fault": "price_changed", "record": "NONE-1"}, r"entry 1 \(price_changed\): no product NONE-1 is left"),
        ({"fault": "barcode_doubled", "record": "HOM-001"}, "no product HOM-001 is left to do it to"),
        ({"fault": "barcode_invalid", "count": 500}, "no product is left to do it to"),
        ({"fault": "product_only_in_sitoo", "record": "HOM-001"}, "HOM-001 is no SKU of a new product"),
        ({"fault": "product_only_in_sitoo", "record": "A B"}, "A B is no SKU of a new product"),
        ({"fault": "product_refused", "record": "TAKEN-1"}, "TAKEN-1 is no SKU of a new product"),
        ({"fault": "sku_differs_by_case", "record": "HOM-001"}, "HOM-001 is the SKU of a product; name it in another"),
        ({"fault": "customer_doubled", "record": "1/{A}"}, r"no customer 1/\{A\} is left to do it to"),
    ],
)
def test_what_the_trade_does_not_have_is_refused(weathered: Planter, entry: dict[str, str], said: str) -> None:
    with pytest.raises(SandboxError, match=said):
        weathered([entry])


def test_a_z_report_bears_one_fault_only(weathered: Planter) -> None:
    trade = weathered("none")
    record = next(iter(trade.z_reports()))
    with pytest.raises(SandboxError, match=r"entry 2 \(z_missing\): no Z-report .* is left"):
        weathered([{"fault": "z_disagrees", "record": record}, {"fault": "z_missing", "record": record}])


def test_a_journal_bears_one_fault_only(weathered: Planter) -> None:
    entry = {"store": "S01", "trading_day": "2026-03-03"}
    with pytest.raises(SandboxError, match="no store-day of S01 on 2026-03-03 is left"):
        weathered([{"fault": "journal_edited", **entry}, {"fault": "journal_deleted", **entry}])
    weathered([{"fault": "journal_edited", **entry}, {"fault": "journal_deleted", "record": "JE-S01-20260303-SEK-2"}])


def test_a_receipt_that_cannot_bear_the_fault_is_refused(weathered: Planter) -> None:
    trade = weathered("none")
    gift_card = next(
        order
        for order in trade.orders()
        if [item["sku"] for item in order["orderitems"]] == ["GIFTCARD"] and order["orderstateid"] == 10
    )
    with pytest.raises(SandboxError, match="is left to do it to"):
        weathered([{"fault": "sku_not_in_netsuite", "record": gift_card["orderid"]}])
