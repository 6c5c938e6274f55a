"""Each fault planted alone: what Sitoo shows of it, what the Z-reports say, and its row in the truth."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from sitoo_netsuite.money import to_minor
from sitoo_netsuite.sandbox.sitoo import facts
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite_tests.sandbox.faults.conftest import Planter, Weathered
from sitoo_netsuite_tests.sandbox.trade.reading import Json, excluded, receipts_of

_DAY = 24 * 3600


@pytest.fixture
def clean(weathered: Planter) -> Weathered:
    """The same trade without faults."""
    return weathered("none")


def _the_row(trade: Weathered, now: int | None = None) -> Json:
    (row,) = trade.at(trade.end if now is None else now)
    return row


def _total(order: Json) -> int:
    return to_minor(order["moneytotal_gross_all"], order["currencycode"])


def _changed(clean: Weathered, trade: Weathered) -> dict[int, tuple[Json | None, Json | None]]:
    """Orders that are not as in the clean trade, by orderid: before and after."""
    before, after = ({order["orderid"]: order for order in each.orders()} for each in (clean, trade))
    return {
        orderid: (before.get(orderid), after.get(orderid))
        for orderid in before.keys() | after.keys()
        if before.get(orderid) != after.get(orderid)
    }


def _arrival(trade: Weathered, orderid: str | int) -> int:
    return trade.store.order_versions(int(orderid))[-1].visible_from


# -------------------------------------------------------------------- receipts


def test_goods_kept_by_lot_are_of_a_product_that_both_have_and_netsuite_tells_apart(
    weathered: Planter, clean: Weathered
) -> None:
    trade = weathered([{"fault": "sku_kept_by_lot"}])
    row = _the_row(trade)
    assert (row["case_kind"], row["amount_minor"], row["follow_ups"]) == ("stock_item_tracked", None, [])
    ((_, order),) = _changed(clean, trade).values()
    assert order is not None and row["record"] in [item["sku"] for item in order["orderitems"]]
    for world in (trade.weather.sitoo_world, trade.weather.netsuite_world):
        (product,) = [product for product in world.products if product.sku == row["record"]]
        assert (product.told_apart_by, product.netsuite_item is None) == ("lot", False)
    assert trade.disagreeing() == {}


def test_goods_that_came_back_are_in_a_warehouse_of_the_shop_that_the_estate_lacks(
    weathered: Planter, clean: Weathered
) -> None:
    trade = weathered([{"fault": "returned_elsewhere"}], receipts=60)
    row = _the_row(trade)
    assert (row["case_kind"], row["amount_minor"]) == ("stock_place_unknown", None)
    new = {w.warehouseid: w for w in trade.weather.sitoo_world.warehouses if w not in trade.world.warehouses}
    (moved,) = [
        item
        for order in trade.orders()
        for item in order["orderitems"]
        if item["additionaldata"].get("return-warehouseid") in map(str, new)
    ]
    assert (moved["sku"], moved["quantity"] < 0) == (row["record"], True)
    (reclaims,) = new.values()
    assert reclaims.storeid == trade.world.shop(row["store"]).storeid
    assert trade.disagreeing() == {}


def test_an_unknown_sku_is_one_that_sitoo_has_and_netsuite_lacks(weathered: Planter, clean: Weathered) -> None:
    trade = weathered([{"fault": "sku_not_in_netsuite"}])
    row = _the_row(trade)
    assert (row["case_kind"], row["follow_ups"]) == ("unmatched_sku", [])
    order = trade.order(row["record"])
    (item,) = [item for item in order["orderitems"] if item["sku"].startswith("NEW-")]
    assert row["amount_minor"] == to_minor(item["moneyitemtotal_net"], order["currencycode"])
    assert _changed(clean, trade).keys() == {order["orderid"]}
    assert trade.disagreeing() == {}
    known = {product.sku for product in trade.world.products}
    sitoo = trade.weather.sitoo_world
    catalogue = Catalogue(sitoo, trade.clock)
    shown = {sku for site in sitoo.sites for sku in catalogue.skus(site.eshopid)}
    assert shown - known == {item["sku"]}


def test_a_receipt_paid_by_an_unknown_tender_is_so_on_the_z_report_too(weathered: Planter, clean: Weathered) -> None:
    trade = weathered([{"fault": "unmapped_tender"}])
    row = _the_row(trade)
    order = trade.order(row["record"])
    (payment,) = order["payments"]
    assert payment["name"] not in {kind.name for kind in trade.world.payment_types}
    assert row["amount_minor"] == _total(order)
    assert (row["case_kind"], row["follow_ups"]) == ("unmapped_tender", ["held_receipt"])
    assert trade.disagreeing() == {}
    ((_, after),) = _changed(clean, trade).values()
    assert after == order
    (z_report,) = [z for name, z in trade.z_reports().items() if z != clean.z_reports()[name]]
    assert payment["name"] in {entry["name"] for entry in z_report["paymentssales"]}


def test_cash_that_was_no_cash_leaves_the_drawer_consistent(weathered: Planter, clean: Weathered) -> None:
    paid_in_cash = next(
        order
        for order in clean.orders()
        if excluded(order) is None and [payment["name"] for payment in order["payments"]] == ["Cash"]
    )
    trade = weathered([{"fault": "unmapped_tender", "record": str(paid_in_cash["orderid"])}])
    assert _the_row(trade)["amount_minor"] == _total(paid_in_cash)
    assert trade.disagreeing() == {}


def test_a_row_at_an_unknown_rate_keeps_its_money_and_is_so_on_the_z_report(
    weathered: Planter, clean: Weathered
) -> None:
    trade = weathered([{"fault": "unmapped_vat_rate"}])
    row = _the_row(trade)
    ((orderid, (before, after)),) = _changed(clean, trade).items()
    assert before is not None
    assert after is not None
    assert row["record"] == str(orderid)
    assert row["amount_minor"] == _total(before) == _total(after)
    rates = [group.rate_bp for group in trade.world.product_groups]
    assert after["orderitems"][0]["vatvalue"] * 100 not in rates
    assert before["orderitems"][0]["moneyitemtotal_vat"] == after["orderitems"][0]["moneyitemtotal_vat"]
    assert trade.disagreeing() == {}


def test_a_receipt_out_of_balance_has_another_total_and_nothing_else(weathered: Planter, clean: Weathered) -> None:
    trade = weathered([{"fault": "receipt_out_of_balance", "amount_minor": 12_300}])
    ((_, (before, after)),) = _changed(clean, trade).items()
    assert before is not None
    assert after is not None
    assert _total(after) == _total(before) + 12_300 == _the_row(trade)["amount_minor"]
    assert {**after, "moneytotal_gross_all": before["moneytotal_gross_all"]} == before
    assert trade.disagreeing() == {}


def test_an_unparsable_record_still_tells_which_order_it_is(weathered: Planter) -> None:
    trade = weathered([{"fault": "unparsable_record"}])
    row = _the_row(trade)
    order = trade.order(row["record"])
    assert order["moneytotal_gross_all"] == "12,3x"
    assert order["registerid"]
    assert row["amount_minor"] is None
    assert trade.at(_arrival(trade, row["record"]) - 1) == []


def test_a_mended_record_can_be_read_a_day_later(weathered: Planter, clean: Weathered) -> None:
    trade = weathered([{"fault": "mended_record"}])
    ((orderid, _),) = ((v.orderid, v) for v in _all_versions(trade) if v.version > 1 and _unreadable_first(trade, v))
    broken, mended = trade.store.order_versions(orderid)
    assert mended.visible_from == broken.visible_from + _DAY
    assert json.loads(mended.body) == clean.order(orderid)
    row = _the_row(trade, mended.visible_from - 1)
    assert (row["record"], row["case_kind"]) == (str(orderid), "unparsable_record")
    assert trade.at(mended.visible_from) == []
    assert trade.disagreeing() == {}


def _all_versions(trade: Weathered) -> list[Any]:
    return [version for order in trade.orders() for version in trade.store.order_versions(order["orderid"])]


def _unreadable_first(trade: Weathered, version: Any) -> bool:
    return "12,3x" in trade.store.order_versions(version.orderid)[0].body


def test_a_doubled_upload_is_the_same_receipt_under_a_second_orderid(weathered: Planter, clean: Weathered) -> None:
    trade = weathered([{"fault": "doubled_upload"}])
    row = _the_row(trade)
    ((orderid, (before, again)),) = _changed(clean, trade).items()
    assert before is None
    assert again is not None
    assert row["record"] == str(orderid)
    (first,) = [
        order
        for order in clean.orders()
        if order["additionaldata"].get("pos-receiptid") == again["additionaldata"]["pos-receiptid"]
    ]
    assert first["orderid"] < orderid
    for field in ("orderdate", "registerid", "moneytotal_gross_all", "orderitems", "payments"):
        assert first[field] == again[field]
    assert 2 * 3600 <= _arrival(trade, orderid) - _arrival(trade, first["orderid"]) < 21 * 3600
    assert row["amount_minor"] == _total(first)
    assert trade.at(_arrival(trade, orderid) - 1) == []


def test_a_missing_receipt_is_what_its_z_report_has_too_much(weathered: Planter, clean: Weathered) -> None:
    trade = weathered([{"fault": "receipt_missing"}])
    row = _the_row(trade)
    ((_, (gone, after)),) = _changed(clean, trade).items()
    assert gone is not None
    assert after is None
    assert trade.disagreeing().keys() == {row["record"]}
    amounts = _money(trade.disagreeing()[row["record"]], gone["currencycode"])
    assert row["amount_minor"] == max(amounts) == _total(gone)
    z_report = trade.z_reports()[row["record"]]
    assert trade.at(z_report["dateadded"] - 1) == []
    assert len(trade.at(z_report["dateadded"])) == 1


def _money(differences: dict[str, Decimal], currency: str) -> list[int]:
    return [to_minor(str(amount), currency) for name, amount in differences.items() if not name.endswith("receipts")]


def test_the_amount_of_a_missing_exchange_counts_what_the_till_took_back_and_sold(
    weathered: Planter, clean: Weathered
) -> None:
    both = next(
        order
        for order in clean.orders()
        if excluded(order) is None and len({item["quantity"] > 0 for item in order["orderitems"]}) > 1
    )
    trade = weathered([{"fault": "receipt_missing", "record": both["orderid"]}])
    row = _the_row(trade)
    amounts = _money(trade.disagreeing()[row["record"]], both["currencycode"])
    assert row["amount_minor"] == max(map(abs, amounts)) > abs(_total(both))


def test_a_late_receipt_comes_two_days_later_under_a_new_orderid(weathered: Planter, clean: Weathered) -> None:
    trade = weathered([{"fault": "late_receipt"}])
    changed = _changed(clean, trade)
    (gone,) = [before for before, after in changed.values() if before and not after]
    (came,) = [after for before, after in changed.values() if after and not before]
    assert came["orderid"] > gone["orderid"]
    assert came["orderdate"] == gone["orderdate"]
    arrives = _arrival(trade, came["orderid"])
    assert arrives >= _arrival(clean, gone["orderid"]) + 2 * _DAY
    assert trade.disagreeing() == {}
    row = _the_row(trade, arrives - 1)
    assert row["case_kind"] == "z_variance"
    assert trade.disagreeing(arrives - 1).keys() == {row["record"]}
    assert trade.at(arrives) == []
    (delivery,) = [json.loads(body) for body in trade.store.deliveries(came["orderid"], trade.end)]
    assert delivery["orderid"] == came["orderid"]
    assert trade.store.deliveries(came["orderid"], arrives - 1) == []


@pytest.mark.parametrize("fault", ["late_receipt", "doubled_upload"])
def test_orderids_still_rise_with_arrival(weathered: Planter, fault: str) -> None:
    trade = weathered([{"fault": fault, "count": 6}])
    arrivals = [trade.store.order_versions(order["orderid"])[0].visible_from for order in trade.orders()]
    assert arrivals == sorted(arrivals)


# -------------------------------------------------------------------- Z-reports


def test_a_z_report_that_disagrees_claims_more_sales(weathered: Planter) -> None:
    trade = weathered([{"fault": "z_disagrees", "store": "S01", "trading_day": "2026-03-03", "amount_minor": 5_000}])
    row = _the_row(trade)
    assert (row["store"], row["trading_day"], row["amount_minor"]) == ("S01", "2026-03-03", 5_000)
    assert trade.disagreeing()[row["record"]] == {"sales total": Decimal(50)}
    assert trade.disagreeing().keys() == {row["record"]}
    assert trade.at(trade.z_reports()[row["record"]]["dateadded"] - 1) == []


def test_a_corrected_z_report_agrees_a_day_later(weathered: Planter, clean: Weathered) -> None:
    trade = weathered([{"fault": "corrected_z", "amount_minor": 700}])
    assert trade.disagreeing() == {}
    (record,) = [name for name, z in trade.z_reports().items() if z != clean.z_reports()[name]]
    corrected, first = trade.z_reports()[record], clean.z_reports()[record]
    assert corrected == {**first, "dateadded": first["dateadded"] + _DAY}
    row = _the_row(trade, corrected["dateadded"] - 1)
    assert (row["record"], row["amount_minor"]) == (record, 700)
    assert trade.disagreeing(corrected["dateadded"] - 1).keys() >= {record}
    assert trade.at(corrected["dateadded"]) == []


@pytest.mark.parametrize("fault", ["z_missing", "late_z"])
def test_a_missing_z_report_is_missed_once_a_later_one_has_come(
    weathered: Planter, clean: Weathered, fault: str
) -> None:
    trade = weathered([{"fault": fault}])
    row = next(row for now in range(0, 10 * _DAY, 3600) for row in trade.at(trade.end - 20 * _DAY + now))
    shown = trade.clock.epoch()
    register, _, number = row["record"].rpartition("/")
    following = clean.z_reports()[f"{register}/{int(number) + 1}"]
    assert shown - 3600 < following["dateadded"] <= shown
    gone = clean.z_reports()[row["record"]]
    receipts = receipts_of(clean.orders(), gone)
    assert row["amount_minor"] == sum(_total(receipt) for receipt in receipts)
    assert row["case_kind"] == "z_missing"
    assert row["record"] not in trade.z_reports(shown)
    late = trade.z_reports().get(row["record"])
    if fault == "z_missing":
        assert late is None
        assert trade.at(trade.end) == [row]
    else:
        assert late == {**gone, "dateadded": gone["dateadded"] + 2 * _DAY}
        assert trade.at(late["dateadded"] - 1) == [row]
        assert trade.at(late["dateadded"]) == []


def test_the_last_z_report_of_a_register_is_missed_when_it_is_long_overdue(
    weathered: Planter, clean: Weathered
) -> None:
    last = {z["registerid"]: z for z in clean.z_reports().values()}
    z_report = max(last.values(), key=lambda z: z["datecreated"])
    trade = weathered([{"fault": "z_missing", "record": f"{z_report['registerid']}/{z_report['zreportid']}"}])
    assert trade.at(z_report["datecreated"] + 36 * 3600) == []
    assert len(trade.at(z_report["datecreated"] + 60 * 3600)) == 1


# -------------------------------------------------------------------- shops


def test_an_unmapped_store_is_known_to_sitoo_alone(weathered: Planter) -> None:
    trade = weathered([{"fault": "unmapped_store", "trading_day": "2026-03-03"}])
    row = _the_row(trade)
    assert (row["store"], row["trading_day"], row["case_kind"]) == (None, "2026-03-03", "unmapped_store")
    order = trade.order(row["record"])
    assert row["amount_minor"] == _total(order)
    sitoo = trade.weather.sitoo_world
    (site,) = [site for site in sitoo.sites if site.eshopid == order["eshopid"]]
    (register,) = [r for r in facts.registers(sitoo, site) if r["registerid"] == order["registerid"]]
    (warehouse,) = [w for w in facts.warehouses(sitoo, site) if w["warehouseid"] == register["warehouseid"]]
    (shop,) = [shop for shop in facts.stores(sitoo, site) if shop["storeid"] == warehouse["storeid"]]
    assert shop["storeid"] not in {known.storeid for known in trade.world.shops}
    assert trade.disagreeing() == {}
    assert receipts_of(trade.orders(), trade.z_reports()[f"{order['registerid']}/1"]) == [order]
