from __future__ import annotations

from pathlib import Path

import pytest

from sitoo_netsuite.sandbox.trade.store import (
    MOST_Z_REPORTS,
    DeliveryRow,
    Handover,
    OrderFilter,
    OrderNews,
    OrderVersion,
    Seen,
    TradeStore,
    ZReportFilter,
    ZReportNews,
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


def test_opening_stock_is_kept_by_warehouse_and_shown_by_sku(store: TradeStore) -> None:
    store.set_opening_stock(11, {"TEE": 9_000, "CAP": 1_000})
    assert list(store.opening_stock(11).items()) == [("CAP", 1_000), ("TEE", 9_000)]
    assert store.opening_stock(12) == {}
    assert (store.opening_stock_of(11, "TEE"), store.opening_stock_of(11, "HAT")) == (9_000, None)


def test_a_delivery_is_news_once_however_late_it_is_written(store: TradeStore) -> None:
    store.write(orders=[ORDER], deliveries=[DeliveryRow(7, 1, 11, 100, 90, "a"), DeliveryRow(6, 1, 11, 200, None, "b")])

    def news(seen: Seen, now: int) -> tuple[Seen, list[int]]:
        seen, arrived = store.arrived_deliveries(seen, now)
        return seen, [delivery.orderdeliveryid for delivery in arrived]

    seen, ids = news(Seen(-1, 0), 100)
    assert ids == [7]
    assert store.handovers(ids, 100) == [Handover(7, 1, 11, 100, 90, "a", "body 1")]
    store.write(deliveries=[DeliveryRow(5, 1, 11, 100, 90, "c")])
    seen, ids = news(seen, 100)
    assert (ids, news(seen, 100)[1]) == ([5], [])
    assert news(seen, 200)[1] == [6]
    assert news(store.all_seen("deliveries", 100), 200)[1] == [6]


def test_each_version_of_an_order_and_a_z_report_is_news_when_it_arrives(store: TradeStore) -> None:
    store.write(
        orders=[ORDER._replace(orderstateid=0)], z_reports=[ZReportVersion("{R}", 3, 1, 150, 150, 1, "101", "z")]
    )
    store.write(orders=[ORDER._replace(version=2, visible_from=200)])
    seen, first = store.arrived_orders(Seen(-1, 0), 150)
    assert first == [OrderNews(100, 1, 1, 1, 11, 0, None)]
    assert store.arrived_orders(seen, 200)[1] == [OrderNews(200, 1, 2, 1, 11, 10, 0)]
    assert store.arrived_z_reports(Seen(-1, 0), 200)[1] == [ZReportNews(150, "{R}", 3, 1)]
    assert store.arrived_z_reports(store.all_seen("z_reports", 150), 200)[1] == []


def test_what_is_promised_is_open_or_said_to_be_delivered_later(store: TradeStore) -> None:
    store.write(
        orders=[
            ORDER._replace(orderstateid=0, body="open"),
            ORDER._replace(orderid=2, body='{"delivery-pickup-warehouseid":"11"}'),
            ORDER._replace(orderid=3, body="closed"),
            ORDER._replace(orderid=4, orderstateid=0, warehouseid=12, body="elsewhere"),
        ],
        deliveries=[DeliveryRow(5, 2, 11, 150, 140, "half of it")],
    )
    assert store.promised(11, 100) == [("open", []), ('{"delivery-pickup-warehouseid":"11"}', [])]
    assert store.promised(11, 150)[1] == ('{"delivery-pickup-warehouseid":"11"}', ["half of it"])
    assert store.promised(11, 99) == []


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


# -------------------------------------------------------------------- changing what was recorded

Z_REPORT = ZReportVersion("{R}", 1, 1, 200, 200, 1, "101", '{"dateopened":10,"datecreated":190}')


def test_a_version_is_put_in_place_of_what_was_recorded(store: TradeStore) -> None:
    store.write(orders=[ORDER], z_reports=[Z_REPORT])
    store.rewrite(
        orders=[ORDER._replace(body="harmed", visible_from=150)],
        z_reports=[Z_REPORT._replace(body="late", visible_from=300, dateadded=300)],
    )
    assert store.order(1, 149) is None
    assert store.order(1, 150) == "harmed"
    assert store.z_reports(299) == []
    assert store.z_reports(300, ZReportFilter(dateaddedfrom=300)) == ["late"]


def test_the_next_version_takes_over_at_its_moment(store: TradeStore) -> None:
    store.write(orders=[ORDER], z_reports=[Z_REPORT])
    store.write(orders=[ORDER.next_version("mended", 400)], z_reports=[Z_REPORT.next_version("corrected", 400)])
    assert [version.body for version in store.order_versions(1)] == ["body 1", "mended"]
    assert [version.dateadded for version in store.z_report_versions("{R}", 1)] == [200, 400]
    assert (store.order(1, 399), store.order(1, 400)) == ("body 1", "mended")
    assert store.z_reports(400) == ["corrected"]


def test_what_was_taken_away_was_never_heard_of(store: TradeStore) -> None:
    store.write(orders=[ORDER], deliveries=[DeliveryRow(5, 1, 11, 100, 90, "{}")], z_reports=[Z_REPORT])
    store.take_away_order(1)
    store.take_away_z_report("{R}", 1)
    assert store.orders(1000) == (0, [])
    assert store.deliveries(1, 1000) == []
    assert store.z_reports(1000) == []
    assert store.order_versions(1) == []


def test_deliveries_move_to_another_order_and_come_no_earlier_than_it(store: TradeStore) -> None:
    early, late = (DeliveryRow(number, 1, 11, at, 90, '{"orderid":1}') for number, at in ((5, 100), (6, 900)))
    store.write(deliveries=[early, late])
    store.move_deliveries(1, 2, 500)
    assert store.deliveries(1, 1000) == []
    assert store.deliveries(2, 499) == []
    assert store.deliveries(2, 500) == ['{"orderid":2}']
    assert len(store.deliveries(2, 900)) == 2


def test_a_free_orderid_is_the_next_one_that_keeps_orderids_rising_with_arrival(store: TradeStore) -> None:
    assert store.free_orderid(100) == (1, 100)
    store.write(orders=[ORDER._replace(orderid=number, visible_from=100 * number) for number in (1, 3, 5)])
    assert store.free_orderid(250) == (2, 250)
    store.write(orders=[ORDER._replace(orderid=2, visible_from=250)])
    assert store.free_orderid(250) == (4, 300)
    assert store.free_orderid(501) == (6, 501)


def test_till_sessions_are_those_of_the_z_reports(store: TradeStore) -> None:
    store.write(z_reports=[Z_REPORT, Z_REPORT._replace(zreportid=2, visible_from=500)])
    assert [tuple(session) for session in store.till_sessions()] == [("{R}", 1, 10, 190, 200), ("{R}", 2, 10, 190, 500)]
