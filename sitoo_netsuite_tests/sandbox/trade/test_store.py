from __future__ import annotations

from pathlib import Path

import pytest

from sitoo_netsuite.sandbox.trade.store import (
    MOST_Z_REPORTS,
    DeliveryRow,
    OrderFilter,
    OrderVersion,
    StockMove,
    TradeStore,
    ZReportFilter,
    ZReportVersion,
)

ORDER = OrderVersion(1, 1, 100, 90, 1, "{R}", 11, 10, 20, 10, None, None, None, "", "body 1")


@pytest.fixture
def store(tmp_path: Path) -> TradeStore:
    return TradeStore.create(tmp_path / "trade.sqlite")


def test_an_order_is_served_once_it_has_arrived(store: TradeStore) -> None:
    store.write(orders=[ORDER])
    assert store.orders(99) == (0, [])
    assert store.orders(100) == (1, ["body 1"])
    assert store.order(1, 99) is None


def test_a_later_version_takes_over_from_its_own_instant_on(store: TradeStore) -> None:
    store.write(orders=[ORDER])
    store.write(orders=[ORDER._replace(version=2, visible_from=200, orderstateid=20, body="cancelled")])
    assert store.order(1, 199) == "body 1"
    assert store.order(1, 200) == "cancelled"
    assert store.orders(200) == (1, ["cancelled"])
    assert store.orders(200, OrderFilter(orderstate=(10,))) == (0, [])
    assert store.orders(199, OrderFilter(orderstate=(10,))) == (1, ["body 1"])


def test_the_total_counts_all_pages_and_the_newest_comes_first(store: TradeStore) -> None:
    store.write(orders=[ORDER._replace(orderid=number, body=str(number)) for number in range(1, 8)])
    assert store.orders(100, start=2, num=3) == (7, ["5", "4", "3"])
    assert store.orders(100, sort="orderid", start=6, num=3) == (7, ["7"])
    assert store.orders(100, OrderFilter(orderidfrom=3, orderidto=5), "orderid") == (2, ["3", "4"])


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (OrderFilter(eshopid=(2,)), ["b"]),
        (OrderFilter(externalid=("WEB-1", "WEB-9")), ["b"]),
        (OrderFilter(orderid=(1, 3)), ["a", "c"]),
        (OrderFilter(orderid=()), []),
        (OrderFilter(receiptid="SII1", orderid=(2,)), ["a"]),
        (OrderFilter(creditorderid=1, orderid=(2,)), ["c"]),
        (OrderFilter(orderdatefrom=95), ["b", "c"]),
        (OrderFilter(orderdateto=95), ["a"]),
        (OrderFilter(paymentstate=(0, 10)), ["b"]),
        (OrderFilter(ordertype=(100,)), ["c"]),
        (OrderFilter(warehouseid=(12,)), ["c"]),
        (OrderFilter(email="iris@example.com"), ["b"]),
    ],
)
def test_each_filter_of_the_order_list_narrows_it(store: TradeStore, where: OrderFilter, expected: list[str]) -> None:
    store.write(
        orders=[
            ORDER._replace(orderid=1, receiptid="SII1", body="a"),
            ORDER._replace(
                orderid=2, orderdate=95, eshopid=2, externalid="WEB-1", paymentstateid=0, email="iris@example.com",
                body="b",
            ),
            ORDER._replace(orderid=3, orderdate=96, ordertypeid=100, warehouseid=12, creditorderid=1, body="c"),
        ]
    )  # fmt: skip
    assert store.orders(100, where, sort="orderid") == (len(expected), expected)


def test_deliveries_are_served_once_they_have_arrived(store: TradeStore) -> None:
    store.write(
        orders=[ORDER], deliveries=[DeliveryRow(7, 1, 11, 100, 95, "first"), DeliveryRow(8, 1, 11, 300, 290, "second")]
    )
    assert store.deliveries(1, 100) == ["first"]
    assert store.deliveries(1, 300) == ["first", "second"]
    assert store.deliveries(2, 300) == []


def test_z_reports_come_by_rising_dateadded_and_never_more_than_the_limit(store: TradeStore) -> None:
    store.write(
        z_reports=[
            ZReportVersion("{R}", number, 1, 1000 - number, 1000 - number, 1, "101", str(number))
            for number in range(1, MOST_Z_REPORTS + 11)
        ]
    )
    bodies = store.z_reports(2000)
    assert len(bodies) == MOST_Z_REPORTS
    assert bodies[0] == str(MOST_Z_REPORTS + 10)
    assert store.z_reports(2000, ZReportFilter(dateaddedfrom=998, dateaddedto=999)) == ["2", "1"]


def test_each_filter_of_the_z_report_list_narrows_it(store: TradeStore) -> None:
    store.write(
        z_reports=[
            ZReportVersion("{A}", 1, 1, 100, 100, 1, "101", "a"),
            ZReportVersion("{B}", 1, 1, 101, 101, 2, "102", "b"),
        ]
    )
    assert store.z_reports(200, ZReportFilter(eshopid=(2,))) == ["b"]
    assert store.z_reports(200, ZReportFilter(store_id=("101",))) == ["a"]
    assert store.z_reports(200, ZReportFilter(registerid=("{A}", "{B}"))) == ["a", "b"]
    assert store.z_reports(100) == ["a"]


def test_a_corrected_z_report_takes_over_from_its_own_instant_on(store: TradeStore) -> None:
    wrong = ZReportVersion("{A}", 1, 1, 100, 100, 1, "101", "wrong")
    store.write(z_reports=[wrong])
    store.write(z_reports=[wrong._replace(version=2, visible_from=200, body="right")])
    assert store.z_reports(199) == ["wrong"]
    assert store.z_reports(200) == ["right"]


def test_stock_is_what_it_opened_with_less_what_was_delivered_by_then(store: TradeStore) -> None:
    store.set_opening_stock(11, {"TEE": 9_000, "CAP": 1_000})
    store.write(
        stock_moves=[StockMove(11, 100, "TEE", -2_000), StockMove(11, 200, "TEE", 1_000), StockMove(12, 1, "TEE", 5)]
    )
    assert store.stock(11, 99) == {"CAP": 1_000, "TEE": 9_000}
    assert store.stock(11, 100) == {"CAP": 1_000, "TEE": 7_000}
    assert store.stock(11, 200) == {"CAP": 1_000, "TEE": 8_000}


def test_a_receipt_is_found_by_its_number(store: TradeStore) -> None:
    store.write(orders=[ORDER._replace(orderid=5, receiptid="SII9")])
    assert store.orderid_of("SII9") == 5
    assert store.orderid_of("SII8") is None


def test_a_trade_is_opened_again_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "trade.sqlite"
    with pytest.raises(FileNotFoundError, match="build_trade"):
        TradeStore(path)
    first = TradeStore.create(path)
    assert first.last_arrival() is None
    first.write(orders=[ORDER])
    first.close()
    with pytest.raises(FileExistsError):
        TradeStore.create(path)
    again = TradeStore(path)
    assert again.orders(100)[0] == 1
    assert again.last_arrival() == 100
    again.close()
