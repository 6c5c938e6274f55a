"""Stock of the Sitoo sandbox over real HTTP: levels, transactions, what tills move, and who may write what."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.stockroom import Stockroom
from sitoo_netsuite.sandbox.trade.build import build_trade
from sitoo_netsuite_tests.sandbox.sitoo.tiny_stock import (
    OTHER,
    RECLAIMS,
    SERVICE,
    SKU,
    TRANSACTIONS,
    VIRTUAL,
    items,
    movement,
    posted,
    sell,
    shop_of,
    stocked,
    total,
    world,
)
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, Served, handed_over


@pytest.fixture(scope="module")
def sitoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with stocked(tmp_path_factory.mktemp("stock")) as running:
        yield running


def test_warehouse_items_show_what_is_there_and_what_it_is_worth(sitoo: Served) -> None:
    product = next(product for product in sitoo.world.products if product.sku == OTHER)
    (item,) = items(sitoo, shop_of(sitoo), sku=OTHER)
    assert item == {
        "warehouseitemid": shop_of(sitoo) * 1_000_000 + product.productid,
        "warehouseid": shop_of(sitoo),
        "sku": OTHER,
        "binlocation": "",
        "decimalthreshold": "0.000",
        "decimaltotal": "5.000",
        "moneytotal": f"{5 * product.cost_minor['SEK'] / 100:.2f}",
        "decimalreserved": "0.000",
        "decimalavailable": "5.000",
        "datelastmodified": item["datelastmodified"],
        "datelaststocktaking": None,
    }
    assert item["datelastmodified"] < OPENING


def test_warehouses_say_what_kind_they_are(sitoo: Served) -> None:
    kinds = {
        place["warehouseid"]: (place["warehousetype"], place["usetype"], place["sellable"], place["storeid"])
        for place in sitoo.get("/sites/1/warehouses").json()["items"]
    }
    store = sitoo.world.shops[0].storeid
    assert kinds == {
        1: (10, 10, True, None),
        shop_of(sitoo): (10, 10, True, store),
        VIRTUAL: (20, 10, True, None),
        RECLAIMS: (10, 40, False, store),
    }


def test_a_posted_transaction_moves_stock_and_says_what_was_there_after(sitoo: Served) -> None:
    before = sitoo.stock.level(shop_of(sitoo), SKU)
    fields = {"description": "Receipt 8812", "externalid": "NS-IR-8812", "reasoncode": "R1"}
    line = {"sku": SKU, "decimalquantity": "12.500", "moneypricein": "80.00"}
    number = posted(sitoo, items=[line], **fields)
    found = sitoo.get(f"/sites/1/warehouses/{shop_of(sitoo)}/warehousetransactions/{number}").json()
    after = before.total_milli + 12_500
    assert {name: found[name] for name in fields} == fields
    assert (found["warehouseid"], found["transactiontype"], found["datecreated"]) == (shop_of(sitoo), 10, OPENING)
    assert (found["orderdeliveryid"], found["shipmentid"]) == (None, None)
    (moved,) = found["items"]
    assert moved["warehousetransactionid"] == number
    assert (moved["decimalquantity"], moved["decimaltotal"]) == ("12.500", f"{after / 1000:.3f}")
    assert (moved["moneypricein"], moved["moneyvalue"]) == ("80.00", "1000.00")
    assert moved["moneytotal"] == f"{(before.value_minor + 100_000) / 100:.2f}"
    (item,) = items(sitoo, shop_of(sitoo), sku=SKU)
    assert (item["decimaltotal"], item["moneytotal"]) == (moved["decimaltotal"], moved["moneytotal"])
    assert item["datelastmodified"] == OPENING


def test_a_batch_answers_each_entry_and_refuses_by_name(sitoo: Served) -> None:
    before = sitoo.stock.level(shop_of(sitoo), SKU).total_milli
    unknown, service = "NO-SUCH", SERVICE
    entries = [
        movement(sitoo, "3.000"),
        movement(sitoo, items=[{"sku": unknown, "decimalquantity": "1.000"}]),
        movement(sitoo, items=[{"sku": service, "decimalquantity": "1.000"}]),
        movement(sitoo, "-1.000", kind=20),
        movement(sitoo, "1.000", kind=20),
        movement(sitoo, "1.000", kind=30),
        movement(sitoo, "1.000", kind=40),
        movement(sitoo, "1.000", kind=50),
        movement(sitoo, "1.000", kind=77),
        movement(sitoo, warehouseid=VIRTUAL),
        movement(sitoo, warehouseid=12),
        movement(sitoo, items=[]),
        {"warehouseid": shop_of(sitoo), "transactiontype": 10},
    ]
    answer = sitoo.ask("POST", TRANSACTIONS, entries)
    assert answer.status_code == 200
    answers = answer.json()
    first, fourth = answers[0]["return"], answers[3]["return"]
    assert fourth == first + 1
    assert [entry["statuscode"] for entry in answers] == [200, 400, 400, 200, *[400] * 9]
    texts = [entry.get("errortext", "") for entry in answers]
    assert unknown in texts[1]
    assert service in texts[2]
    assert "decimalquantity" in texts[4]
    assert all("transactiontype" in text for text in texts[5:9])
    assert all("warehouseid" in text for text in texts[9:11])
    assert sitoo.stock.level(shop_of(sitoo), SKU).total_milli == before + 2_000


def test_the_same_movement_posted_twice_doubles_stock(sitoo: Served) -> None:
    before = sitoo.stock.level(shop_of(sitoo), SKU).total_milli
    first, second = (posted(sitoo, "4.000", externalid="NS-TWICE") for _ in range(2))
    assert second == first + 1
    assert sitoo.stock.level(shop_of(sitoo), SKU).total_milli == before + 8_000


def test_more_rows_than_a_request_takes_are_refused_whole(sitoo: Served) -> None:
    before = sitoo.get(TRANSACTIONS).json()["totalcount"]
    answer = sitoo.ask("POST", TRANSACTIONS, [movement(sitoo)] * 1001)
    assert (answer.status_code, answer.json()["statuscode"]) == (400, 400)
    assert sitoo.get(TRANSACTIONS).json()["totalcount"] == before


def test_transactions_can_be_neither_changed_nor_deleted(sitoo: Served) -> None:
    path = f"/sites/1/warehouses/{shop_of(sitoo)}/warehousetransactions/{posted(sitoo)}"
    assert {sitoo.ask(method, path, {}).status_code for method in ("PUT", "DELETE")} == {405}
    assert sitoo.ask("DELETE", TRANSACTIONS, []).status_code == 405


def test_levels_are_written_in_virtual_warehouses_alone(sitoo: Served) -> None:
    places = f"/sites/1/warehouses/{VIRTUAL}/warehouseitems", f"/sites/1/warehouses/{shop_of(sitoo)}/warehouseitems"
    body = {"sku": SKU, "decimaltotal": "40.000", "moneytotal": "1234.50"}
    (answer,) = sitoo.ask("PUT", places[0], [body]).json()
    assert answer["statuscode"] == 200
    (item,) = items(sitoo, VIRTUAL, sku=SKU)
    assert item["warehouseitemid"] == answer["return"]
    assert (item["decimaltotal"], item["moneytotal"], item["decimalavailable"]) == ("40.000", "1234.50", "40.000")
    before = total(sitoo, shop_of(sitoo))
    refused, taken, unknown = sitoo.ask(
        "PUT",
        places[1],
        [body, {"sku": SKU, "binlocation": "A3", "decimalthreshold": "2.000"}, {"sku": "NO-SUCH", "binlocation": "B"}],
    ).json()
    assert (refused["statuscode"], taken["statuscode"], unknown["statuscode"]) == (400, 200, 400)
    assert "decimaltotal" in refused["errortext"]
    assert "NO-SUCH" in unknown["errortext"]
    (item,) = items(sitoo, shop_of(sitoo), sku=SKU)
    assert (item["decimaltotal"], item["binlocation"], item["decimalthreshold"]) == (before, "A3", "2.000")


def test_lists_are_filtered_and_sorted_the_newest_first(sitoo: Served) -> None:
    first = posted(sitoo)
    second = posted(sitoo, "-1.000", kind=20)

    def ids(**params: Any) -> list[int]:
        found = sitoo.get(TRANSACTIONS, num=500, **params).json()
        assert found["totalcount"] == len(found["items"])
        return [one["warehousetransactionid"] for one in found["items"]]

    assert ids()[:2] == [second, first]
    assert ids(sort="warehousetransactionid")[-2:] == [first, second]
    assert ids(warehousetransactionidfrom=first) == [second, first]
    assert ids(warehousetransactionidfrom=first, warehousetransactionidto=second) == [first]
    assert ids(warehousetransactionid=f"{first},{second},1") == [second, first]
    assert ids(warehousetransactionidfrom=first, transactiontype=20) == [second]
    assert ids(warehousetransactionidfrom=first, warehouseid=12) == []
    assert ids(datecreatedto=OPENING) == []
    assert ids(datecreatedfrom=OPENING, warehousetransactionidfrom=second) == [second]
    assert sitoo.get(TRANSACTIONS, sort="datecreated").status_code == 400
    assert sitoo.get("/sites/2/warehousetransactions").json() == {"totalcount": 0, "items": []}
    guid = sitoo.get("/sites").json()["items"][0]["siteid"]
    assert sitoo.get(f"/sites/{guid}/warehousetransactions").json() == {"totalcount": 0, "items": []}
    assert sitoo.get("/sites/1/warehouses/12/warehousetransactions").status_code == 404


# ---------------------------------------------------------------- what the tills move


def test_sales_and_refunds_move_stock_when_they_arrive_and_ids_rise_in_that_order(tmp_path: Path) -> None:
    with stocked(tmp_path) as sitoo:
        back = {"additionaldata": {"return-warehouseid": str(RECLAIMS)}}
        sell(sitoo, 201, 2, OPENING + 10)
        sell(sitoo, 202, -1, OPENING + 20)
        sell(sitoo, 203, -1, OPENING + 30, row=back)
        sell(sitoo, 204, 1, OPENING + 40, sku=SERVICE)
        late = sell(sitoo, 205, 3, OPENING + 500, orderdate=OPENING + 5)  # an offline till
        ours = [posted(sitoo)]
        sitoo.at(OPENING + 100)
        ours.append(posted(sitoo))
        found = sitoo.get(TRANSACTIONS, sort="warehousetransactionid").json()["items"]
        assert [(one["transactiontype"], one["warehouseid"], one["orderdeliveryid"]) for one in found] == [
            (10, shop_of(sitoo), None),
            (30, shop_of(sitoo), 201),
            (40, shop_of(sitoo), 202),
            (40, RECLAIMS, 203),
            (10, shop_of(sitoo), None),
        ]
        ids = [one["warehousetransactionid"] for one in found]
        assert (ids, ours) == (list(range(ids[0], ids[0] + 5)), [ids[0], ids[4]])
        assert [one["items"][0]["decimalquantity"] for one in found[1:4]] == ["-2.000", "1.000", "1.000"]
        assert [one["datecreated"] for one in found[1:4]] == [OPENING + 10, OPENING + 20, OPENING + 30]
        assert (total(sitoo, shop_of(sitoo)), total(sitoo, RECLAIMS)) == ("12.000", "1.000")
        assert items(sitoo, shop_of(sitoo), sku=SERVICE) == []
        sitoo.at(OPENING + 500)
        (newest,) = sitoo.get(TRANSACTIONS, warehousetransactionidfrom=ids[-1] + 1).json()["items"]
        assert (newest["orderdeliveryid"], newest["datecreated"]) == (205, OPENING + 500)
        assert late["orderdate"] < OPENING + 10
        assert total(sitoo, shop_of(sitoo)) == "9.000"


def test_a_sale_that_is_written_while_the_clock_stands_is_seen_at_once(sitoo: Served) -> None:
    before = sitoo.stock.level(shop_of(sitoo), SKU).total_milli
    sell(sitoo, 301, 1, OPENING)
    assert sitoo.stock.level(shop_of(sitoo), SKU).total_milli == before - 1_000


def test_goods_that_are_promised_are_reserved_until_they_are_handed_over(tmp_path: Path) -> None:
    with stocked(tmp_path) as sitoo:
        later = {"additionaldata": {"delivery-pickup-warehouseid": str(shop_of(sitoo))}}
        sell(sitoo, 201, 2, OPENING, delivered=False, ordertypeid=100, orderstateid=0, datereserved=OPENING + 60)
        sell(sitoo, 202, 1, OPENING, delivered=False, orderstateid=0)
        order = sell(sitoo, 203, 3, OPENING, delivered=False, **later)
        sell(sitoo, 204, 1, OPENING, delivered=False, ordertypeid=110, orderstateid=0)  # parked
        sell(sitoo, 205, 1, OPENING, delivered=False, orderstateid=20)  # cancelled

        def shown() -> tuple[str, str, str]:
            (item,) = items(sitoo, shop_of(sitoo), sku=SKU)
            return item["decimaltotal"], item["decimalreserved"], item["decimalavailable"]

        assert shown() == ("9.000", "6.000", "3.000")
        sitoo.at(OPENING + 60)
        assert shown() == ("9.000", "4.000", "5.000")
        sitoo.store.write(deliveries=[handed_over(301, order, OPENING + 70, {0: 2})])
        sitoo.at(OPENING + 70)
        assert shown() == ("7.000", "2.000", "5.000")


def test_items_are_found_by_when_they_were_last_modified(tmp_path: Path) -> None:
    with stocked(tmp_path) as sitoo:
        sitoo.at(OPENING + 60)
        posted(sitoo)

        def found(**params: int) -> list[str]:
            return [item["sku"] for item in items(sitoo, shop_of(sitoo), **params)]

        assert found() == [SKU, OTHER]
        assert found(datelastmodifiedfrom=OPENING) == [SKU]
        assert found(datelastmodifiedfrom=OPENING + 61) == []
        assert found(datelastmodifiedto=OPENING + 60) == [OTHER]


def test_a_made_up_trade_moves_what_its_deliveries_say_and_faulty_goods_go_to_the_reclaims(tmp_path: Path) -> None:
    made = replace(world(), days=2)
    store = build_trade(made, 60, tmp_path / "trade.sqlite")
    clock = SandboxClock(datetime.fromtimestamp(store.last_arrival() or 0, UTC))
    stock = Stockroom(made, store, clock, Catalogue(made, clock), SitooSettings()).levels
    _, bodies = store.orders(clock.epoch(), num=10_000)
    expected: Counter[tuple[int, str]] = Counter()
    for place in made.warehouses:
        expected.update(
            {(place.warehouseid, sku): milli for sku, milli in store.opening_stock(place.warehouseid).items()}
        )
    stocked_skus = {product.sku for product in made.products if product.item_type == "InvtPart"}
    for order in map(json.loads, bodies):
        rows = {item["orderitemid"]: item for item in order["orderitems"]}
        for delivery in map(json.loads, store.deliveries(order["orderid"], clock.epoch())):
            for given in delivery["orderdeliveryitems"]:
                row = rows[given["orderitemid"]]
                if row["sku"] in stocked_skus:
                    went_to = row["additionaldata"].get("return-warehouseid", order["warehouseid"])
                    weight = Decimal(row["decimalunitquantity"] or 1)
                    expected[int(went_to), row["sku"]] -= int(given["quantity"] * weight * 1000)
    assert {
        (place.warehouseid, item["sku"]): int(Decimal(item["decimaltotal"]) * 1000)
        for place in made.warehouses
        for item in stock.items(place.warehouseid, num=10_000)[1]
    } == expected
    assert sum(milli for (place, _), milli in expected.items() if place == RECLAIMS) > 0
    ids = [transaction.warehousetransactionid for _, transaction in stock.committed(0)]
    assert ids == sorted(ids)


# ---------------------------------------------------------------- switches


def test_a_late_commit_shows_a_lower_id_after_a_higher_one(tmp_path: Path) -> None:
    settings = SitooSettings(late_commit_every=2, late_commit_seconds=30)
    with stocked(tmp_path, settings=settings) as sitoo:
        for number in range(4):
            sell(sitoo, 201 + number, 1, OPENING + 10 * number + 10)

        def seen(moment: int) -> tuple[list[int], str]:
            sitoo.at(moment)
            found = sitoo.get(TRANSACTIONS, sort="warehousetransactionid").json()["items"]
            return [one["orderdeliveryid"] for one in found], total(sitoo, shop_of(sitoo))

        assert seen(OPENING + 49) == ([201, 203], "7.000")
        assert seen(OPENING + 50) == ([201, 202, 203], "6.000")
        assert seen(OPENING + 70) == ([201, 202, 203, 204], "5.000")


def test_stock_below_zero_and_a_repeated_externalid_are_taken_or_refused_as_set(tmp_path: Path) -> None:
    strict = SitooSettings(negative_stock="refuse", repeated_transaction="refuse")
    (tmp_path / "strict").mkdir()
    for folder, settings, expected in ((tmp_path, SitooSettings(), 200), (tmp_path / "strict", strict, 400)):
        with stocked(folder, settings=settings) as sitoo:
            below = sitoo.ask("POST", TRANSACTIONS, movement(sitoo, "-9.001", kind=20))
            assert below.status_code == expected
            posted(sitoo, externalid="ONCE")
            assert sitoo.ask("POST", TRANSACTIONS, movement(sitoo, externalid="ONCE")).status_code == expected
            sell(sitoo, 201, 20, OPENING)
            assert total(sitoo, shop_of(sitoo)).startswith("-")


def test_a_tills_transaction_may_be_dated_when_the_goods_were_handed_over(tmp_path: Path) -> None:
    settings = SitooSettings(till_transactions_dated="handover")
    with stocked(tmp_path, settings=settings) as sitoo:
        sell(sitoo, 201, 1, OPENING, orderdate=OPENING - 3600)
        (found,) = sitoo.get(TRANSACTIONS).json()["items"]
        assert found["datecreated"] == OPENING - 3600
