"""What people do while the sandbox runs, seen in the NetSuite account and in Sitoo's trade."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from sitoo_netsuite.money import to_minor
from sitoo_netsuite.sandbox.netsuite.periods import Period
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES
from sitoo_netsuite.sandbox.netsuite.values import Draft, Value
from sitoo_netsuite_tests.sandbox.faults.conftest import Planter, Weathered

_JOURNAL, _ADJUSTMENT = RECORD_TYPES["journalEntry"], RECORD_TYPES["inventoryAdjustment"]
_HOUR, _DAY = 3600, 24 * 3600
_OURS = "JE-S01-20260303-SEK-1"


def _account(trade: Weathered, role: str) -> int:
    shop = trade.world.shops[0]
    return next(a.internal_id for a in trade.world.accounts if (a.subsidiary, a.role) == (shop.subsidiary, role))


def _post(trade: Weathered, external_id: str = _OURS) -> int:
    """Posts a journal of 125.00 for S01 as we would, and returns when."""
    shop = trade.world.shops[0]
    lines: list[dict[str, Value | None]] = [
        {"account": _account(trade, "till"), "debit": Decimal("125.00"), "location": shop.location},
        {"account": _account(trade, "sales 25"), "credit": Decimal("100.00"), "location": shop.location},
        {"account": _account(trade, "vat on sales 25"), "credit": Decimal("25.00"), "location": shop.location},
    ]
    fields: dict[str, Value | None] = {"subsidiary": shop.subsidiary, "tranDate": date(2026, 3, 3)}
    trade.account.create(_JOURNAL, Draft(external_id, fields, {"line": lines}))
    return trade.clock.epoch()


def _adjust(trade: Weathered) -> int:
    """Adjusts S01's stock by two sold units as we would, and returns when."""
    shop = trade.world.shops[0]
    item = next(p.netsuite_item for p in trade.world.products if p.item_type == "InvtPart" and p.netsuite_item)
    lines: list[dict[str, Value | None]] = [{"item": item, "adjustQtyBy": Decimal(-2), "location": shop.location}]
    fields: dict[str, Value | None] = {
        "subsidiary": shop.subsidiary,
        "tranDate": date(2026, 3, 3),
        "account": _account(trade, "cost of goods sold"),
        "adjLocation": shop.location,
    }
    trade.account.create(_ADJUSTMENT, Draft("IA-S01-20260303-1", fields, {"inventory": lines}))
    return trade.clock.epoch()


def _journal(trade: Weathered, external_id: str) -> Record | None:
    return trade.account.find_external(_JOURNAL, external_id)


def _sides(journal: Record | None) -> list[tuple[Value | None, Value | None]]:
    assert journal is not None
    return [(line.get("debit"), line.get("credit")) for line in journal.sublists["line"]]


def _after_the_day(trade: Weathered) -> int:
    return trade.end - 5 * _DAY


def test_an_amount_of_a_journal_is_moved_some_hours_after_it_was_posted(weathered: Planter) -> None:
    trade = weathered([{"fault": "journal_edited", "record": _OURS, "amount_minor": 1_500}])
    assert trade.at(_after_the_day(trade)) == []
    posted = _post(trade)
    assert trade.at(posted + 2 * _HOUR) == []
    (row,) = trade.at(posted + 3 * _HOUR)
    assert (row["case_kind"], row["record"], row["amount_minor"]) == ("document_differs", _OURS, 1_500)
    assert (row["store"], row["trading_day"], row["currency"]) == ("S01", "2026-03-03", "SEK")
    sides = [(Decimal("140.00"), None), (None, Decimal("115.00")), (None, Decimal("25.00"))]
    assert _sides(_journal(trade, _OURS)) == sides
    # Once is enough.
    assert trade.at(posted + 9 * _DAY) == [row]
    assert _sides(_journal(trade, _OURS)) == sides


def test_a_journal_is_deleted_some_hours_after_it_was_posted(weathered: Planter) -> None:
    trade = weathered([{"fault": "journal_deleted", "store": "S01", "trading_day": "2026-03-03"}])
    trade.at(_after_the_day(trade))
    posted = _post(trade)
    (row,) = trade.at(posted + 3 * _HOUR)
    assert (row["case_kind"], row["record"], row["amount_minor"]) == ("document_not_found", _OURS, 12_500)
    assert _journal(trade, _OURS) is None


def test_a_unit_more_is_gone_of_an_adjustment_some_hours_after_it_was_posted(weathered: Planter) -> None:
    trade = weathered([{"fault": "adjustment_edited", "store": "S01", "trading_day": "2026-03-03"}])
    trade.at(_after_the_day(trade))
    posted = _adjust(trade)
    assert trade.at(posted + 2 * _HOUR) == []
    (row,) = trade.at(posted + 3 * _HOUR)
    assert (row["case_kind"], row["record"], row["amount_minor"]) == ("adjustment_differs", "IA-S01-20260303-1", None)
    adjustment = trade.account.find_external(_ADJUSTMENT, "IA-S01-20260303-1")
    assert adjustment is not None
    assert [line["adjustQtyBy"] for line in adjustment.sublists["inventory"]] == [Decimal(-3)]


def test_an_adjustment_is_deleted_some_hours_after_it_was_posted(weathered: Planter) -> None:
    trade = weathered([{"fault": "adjustment_deleted", "record": "IA-S01-20260303-1"}])
    trade.at(_after_the_day(trade))
    posted = _adjust(trade)
    (row,) = trade.at(posted + 3 * _HOUR)
    assert (row["case_kind"], row["record"], row["currency"]) == ("adjustment_missing", "IA-S01-20260303-1", None)
    assert trade.account.find_external(_ADJUSTMENT, "IA-S01-20260303-1") is None


def test_the_journal_that_was_named_is_the_one(weathered: Planter) -> None:
    second = "JE-S01-20260303-SEK-2"
    trade = weathered([{"fault": "journal_deleted", "record": second}])
    trade.at(_after_the_day(trade))
    _post(trade)
    posted = _post(trade, second)
    (row,) = trade.at(posted + 3 * _HOUR)
    assert row["record"] == second
    assert _journal(trade, _OURS) is not None
    assert _journal(trade, second) is None


def test_a_journal_appears_under_an_external_id_of_ours_that_we_never_come_to(weathered: Planter) -> None:
    trade = weathered(
        [{"fault": "document_not_planned", "store": "S01", "trading_day": "2026-03-03", "amount_minor": 9_900}]
    )
    (row,) = trade.at(_after_the_day(trade))
    assert row["record"].startswith("JE-S01-20260303-SEK-9")
    journal = _journal(trade, row["record"])
    assert _sides(journal) == [(Decimal("99.00"), None), (None, Decimal("99.00"))]
    assert journal is not None
    assert {line["location"] for line in journal.sublists["line"]} == {trade.world.shops[0].location}
    assert journal.fields["tranDate"] == date(2026, 3, 3)
    assert row["amount_minor"] == 9_900


def test_somebody_posts_to_an_account_of_the_tills_against_one_that_is_not(weathered: Planter) -> None:
    trade = weathered([{"fault": "wrong_account", "store": "S01", "trading_day": "2026-03-03"}])
    (row,) = trade.at(_after_the_day(trade))
    assert not row["record"].startswith("JE-")
    journal = _journal(trade, row["record"])
    assert journal is not None
    assert [line["account"] for line in journal.sublists["line"]] == [_account(trade, "till"), _account(trade, "bank")]
    assert row["amount_minor"] == to_minor(str(journal.sublists["line"][0]["debit"]), "SEK")


def test_nothing_is_done_before_the_trading_day_is_over(weathered: Planter) -> None:
    trade = weathered([{"fault": "wrong_account", "store": "S01", "trading_day": "2026-03-03"}])
    # The trading day ends at four in the morning, 03:00 UTC.
    end = int((trade.clock.now().replace(month=3, day=4) + timedelta(hours=3)).timestamp())
    assert trade.at(end + 3 * _HOUR - 1) == []
    assert len(trade.at(end + 3 * _HOUR)) == 1


def test_in_a_closed_period_nothing_is_done_until_it_is_open(weathered: Planter) -> None:
    trade = weathered([{"fault": "wrong_account", "store": "S01", "trading_day": "2026-03-03"}])
    march = next(period for period in trade.account.periods.values() if period.name == "Mar 2026")
    trade.account.set_period(_closed(march, True))
    assert trade.at(_after_the_day(trade)) == []
    trade.account.set_period(_closed(march, False))
    assert len(trade.at(_after_the_day(trade) + 1)) == 1


def _closed(period: Period, closed: bool) -> Period:
    return replace(period, closed=closed)


def test_a_payment_moves_to_another_tender_a_day_after_its_day_was_posted(weathered: Planter) -> None:
    entry = {"fault": "amended_after_posting", "store": "S01", "trading_day": "2026-03-03"}
    clean, trade = weathered("none"), weathered([entry])
    trade.at(_after_the_day(trade))
    posted = _post(trade)
    assert trade.at(posted + _DAY - 1) == []
    before = trade.z_reports(posted + _DAY - 1)
    assert before == clean.z_reports()
    (row,) = trade.at(posted + _DAY)
    assert (row["case_kind"], row["follow_ups"]) == ("receipt_amended", ["z_variance", "held_store_day"])
    ((was,), (now,)) = (each.order(row["record"])["payments"] for each in (clean, trade))
    assert (now["name"], now["moneyamount"]) == ("Invoice", was["moneyamount"])
    assert was["name"] in ("Card", "Swish")
    assert row["amount_minor"] == to_minor(was["moneyamount"], "SEK")
    assert trade.disagreeing() == {}
    (record,) = [name for name, z in trade.z_reports().items() if z != before[name]]
    assert trade.z_reports()[record]["dateadded"] == posted + _DAY
    assert trade.z_reports()[record]["moneygrandtotalsales"] == before[record]["moneygrandtotalsales"]


def test_a_receipt_is_amended_although_somebody_has_deleted_the_journal_of_its_day(weathered: Planter) -> None:
    day = {"store": "S01", "trading_day": "2026-03-03"}
    trade = weathered([{"fault": "journal_deleted", **day}, {"fault": "amended_after_posting", **day}])
    trade.at(_after_the_day(trade))
    posted = _post(trade)
    assert [row["fault"] for row in trade.at(posted + 3 * _HOUR)] == ["journal_deleted"]
    assert [row["fault"] for row in trade.at(posted + _DAY)] == ["journal_deleted", "amended_after_posting"]
