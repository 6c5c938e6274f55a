"""Shipments over real HTTP: what they move at either end, and when; and goods moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sitoo_netsuite.sandbox.sitoo.answers import SitooError
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite_tests.sandbox.sitoo.tiny_stock import (
    OTHER,
    RECLAIMS,
    SKU,
    TRANSACTIONS,
    VIRTUAL,
    shop_of,
    stocked,
)
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, Served

SHIPMENTS = "/shipments"
WEB = 1
SETTINGS = SitooSettings()


@pytest.fixture
def sitoo(tmp_path: Path) -> Iterator[Served]:
    with stocked(tmp_path) as running:
        yield running


def shipped(sitoo: Served, **fields: Any) -> int:
    items = [{"sku": SKU, "quantity": 4, "moneypricein": "10.00"}, {"sku": OTHER, "quantity": 1}]
    body = {"receiver_warehouseid": shop_of(sitoo), "externalid": "NS-TO-7", "shipmentitems": items, **fields}
    answer = sitoo.ask("POST", SHIPMENTS, body)
    assert answer.status_code == 200, answer.text
    return int(answer.json())


def moves(sitoo: Served) -> list[tuple[int, int, int | None, dict[str, str]]]:
    """Warehouse, type, shipment and goods of each transaction."""
    found = sitoo.get(TRANSACTIONS, sort="warehousetransactionid", num=100).json()["items"]
    return [
        (
            one["warehouseid"],
            one["transactiontype"],
            one["shipmentid"],
            {line["sku"]: line["decimalquantity"] for line in one["items"]},
        )
        for one in found
    ]


def test_a_transfer_leaves_its_sender_in_transit_and_comes_to_its_receiver_when_received(sitoo: Served) -> None:
    number = shipped(sitoo, sender_warehouseid=WEB)
    assert moves(sitoo) == []
    path = f"{SHIPMENTS}/{number}"
    assert sitoo.ask("PUT", path, {"shipmentstate": 10}).json() is True
    out = (WEB, SETTINGS.shipment_out, number, {SKU: "-4.000", OTHER: "-1.000"})
    assert moves(sitoo) == [out]
    sitoo.at(OPENING + 60)
    assert sitoo.ask("PUT", path, {"shipmentstate": 20}).json() is True
    assert moves(sitoo) == [out, (shop_of(sitoo), SETTINGS.shipment_in, number, {SKU: "4.000", OTHER: "1.000"})]
    shown = sitoo.get(path).json()
    assert (shown["shipmentstate"], shown["datenew"], shown["dateintransit"]) == (20, OPENING, OPENING)
    assert (shown["datereceived"], shown["datecancelled"]) == (OPENING + 60, None)
    assert [(item["quantity"], item["quantityreceived"]) for item in shown["shipmentitems"]] == [(4, 4), (1, 1)]
    received = sitoo.get(TRANSACTIONS, num=1).json()["items"][0]
    assert (received["externalid"], received["items"][0]["moneyvalue"]) == ("NS-TO-7", "40.00")


def test_a_purchase_that_comes_short_brings_what_came_and_the_rest_once_it_does(sitoo: Served) -> None:
    number = shipped(sitoo, shipmentstate=10)
    first, second = sitoo.get(f"{SHIPMENTS}/{number}").json()["shipmentitems"]

    def received(**quantity: Any) -> dict[str, Any]:
        return {"shipmentitemid": first["shipmentitemid"], **quantity}

    nothing = {"shipmentitemid": second["shipmentitemid"], "quantityreceived": 0}
    body = {"shipmentstate": 20, "shipmentitems": [received(quantityreceived=3), nothing]}
    assert sitoo.ask("PUT", f"{SHIPMENTS}/{number}", body).json() is True
    into = (shop_of(sitoo), SETTINGS.shipment_in, number)
    assert moves(sitoo) == [(*into, {SKU: "3.000"})]
    sitoo.ask("PUT", f"{SHIPMENTS}/{number}", {"shipmentitems": [received(quantityreceived=4)]})
    sitoo.ask("PUT", f"{SHIPMENTS}/{number}", {"comment": "all there"})
    assert moves(sitoo) == [(*into, {SKU: "3.000"}), (*into, {SKU: "1.000"})]
    late = sitoo.ask("PUT", f"{SHIPMENTS}/{number}", {"shipmentitems": [received(quantity=9)]})
    assert (late.status_code, "shipmentitems" in late.json()["errortext"]) == (400, True)


def test_a_cancelled_transfer_goes_back_and_a_cancelled_plan_moves_nothing(sitoo: Served) -> None:
    planned = shipped(sitoo, sender_warehouseid=WEB)
    sitoo.ask("PUT", f"{SHIPMENTS}/{planned}", {"shipmentstate": 100})
    assert moves(sitoo) == []
    sent = sitoo.stock.send(WEB, shop_of(sitoo), {SKU: 2})
    sitoo.ask("PUT", f"{SHIPMENTS}/{sent}", {"shipmentstate": 100})
    assert [(place, goods) for place, _, _, goods in moves(sitoo)] == [(WEB, {SKU: "-2.000"}), (WEB, {SKU: "2.000"})]
    assert sitoo.ask("PUT", f"{SHIPMENTS}/{sent}", {"shipmentstate": 10}).status_code == 400


def test_shipments_are_filtered_by_their_ends_and_by_whether_they_are_put_away(sitoo: Served) -> None:
    transfer, purchase = shipped(sitoo, sender_warehouseid=WEB), shipped(sitoo)
    reclaim = shipped(sitoo, sender_warehouseid=shop_of(sitoo), receiver_warehouseid=RECLAIMS)
    sitoo.ask("PUT", f"{SHIPMENTS}/{purchase}", {"archived": True})

    def ids(**params: Any) -> list[int]:
        return [one["shipmentid"] for one in sitoo.get(SHIPMENTS, **params).json()["items"]]

    assert ids() == [transfer, reclaim]
    assert ids(archived=10) == [transfer, purchase, reclaim]
    assert ids(archived=30) == [purchase]
    assert ids(sender_warehouseid=WEB) == [transfer]
    assert ids(receiver_warehouseid=f"{RECLAIMS},{WEB}") == [reclaim]
    assert ids(any_warehouseid=shop_of(sitoo), sender_warehouseid=99) == [transfer, reclaim]
    assert ids(shipmentid=reclaim) == [reclaim]
    assert sitoo.get(SHIPMENTS, archived=11).status_code == 400
    assert sitoo.get(f"{SHIPMENTS}/1").status_code == 404
    assert sitoo.ask("DELETE", f"{SHIPMENTS}/{transfer}").status_code == 405


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"receiver_warehouseid": 99}, "receiver_warehouseid"),
        ({"receiver_warehouseid": None}, "receiver_warehouseid"),
        ({"shipmentitems": [{"sku": "NO-SUCH", "quantity": 1}]}, "NO-SUCH"),
        ({"shipmentitems": [{"sku": SKU}]}, "quantity"),
        ({"shipmentitems": [{"sku": SKU, "quantity": -1}]}, "quantity"),
        ({"shipmentitems": [{"shipmentitemid": 1, "quantity": 1}]}, "shipmentitems"),
        ({"shipmentstate": 30}, "shipmentstate"),
    ],
)
def test_what_cannot_be_shipped_is_refused_by_name(sitoo: Served, fields: dict[str, Any], named: str) -> None:
    items = [{"sku": SKU, "quantity": 1}]
    answer = sitoo.ask("POST", SHIPMENTS, {"receiver_warehouseid": WEB, "shipmentitems": items, **fields})
    assert (answer.status_code, named in answer.json()["errortext"]) == (400, True)
    assert sitoo.get(SHIPMENTS, archived=10).json()["totalcount"] == 0


# ---------------------------------------------------------------- by hand


def test_people_send_receive_and_find_goods(sitoo: Served) -> None:
    shop, stock = shop_of(sitoo), sitoo.stock
    shipment = stock.send(shop, RECLAIMS, {SKU: 3, OTHER: 2})
    stock.receive(shipment, {SKU: 2})
    assert (stock.level(shop, SKU).total_milli, stock.level(RECLAIMS, SKU).total_milli) == (6_000, 2_000)
    stock.receive(shipment, {SKU: 3, OTHER: 2})
    assert (stock.level(RECLAIMS, SKU).total_milli, stock.level(RECLAIMS, OTHER).total_milli) == (3_000, 2_000)
    stock.receive(stock.send(None, shop, {OTHER: 10}))
    assert stock.level(shop, OTHER).total_milli == 13_000
    found, lost = stock.manual_in(shop, {SKU: 500}, "FOUND"), stock.manual_out(shop, {SKU: 1_000}, "DAMAGED")
    assert stock.level(shop, SKU).total_milli == 5_500
    answer = sitoo.get(TRANSACTIONS, warehousetransactionid=f"{found},{lost}", sort="warehousetransactionid").json()
    assert [(one["transactiontype"], one["reasoncode"]) for one in answer["items"]] == [
        (SETTINGS.manual_in, "FOUND"),
        (SETTINGS.manual_out, "DAMAGED"),
    ]
    stock.set_level(VIRTUAL, SKU, 7_000)
    assert stock.level(VIRTUAL, SKU).total_milli == 7_000
    with pytest.raises(SitooError):
        stock.manual_in(VIRTUAL, {SKU: 1_000})


def test_a_virtual_end_of_a_shipment_is_not_moved(sitoo: Served) -> None:
    sitoo.stock.receive(sitoo.stock.send(VIRTUAL, shop_of(sitoo), {SKU: 1}))
    assert [place for place, *_ in moves(sitoo)] == [shop_of(sitoo)]
