"""Pages made beforehand are the pages the ordinary way would have made, and are used for nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sitoo_netsuite.sandbox.sitoo.app import Prerender
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, order_body, order_version, served

WALK: dict[str, Any] = {"fields": "orderid,orderdate", "sort": "orderid", "num": 4}


def test_every_page_of_the_walk_is_the_same_as_without(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    prerender = Prerender("orderid,orderdate", 4, tmp_path / "pages")
    with served(tmp_path / "plain", orders=10) as plain, served(tmp_path, orders=10, prerender=prerender) as made:
        for first in (0, 50, 101, 105, 109, 111, 500):
            page = plain.get("/orders", orderidfrom=first, **WALK).content
            assert made.get("/orders", orderidfrom=first, start=0, **WALK).content == page
            whole: dict[str, Any] = {"orderdatefrom": OPENING, "orderdateto": OPENING + 541}
            assert made.get("/orders", orderidfrom=first, **whole, **WALK).content == page
        # Not a page of the walk: between its pages, another size, a filter more, other fields.
        for other in (
            {**WALK, "orderidfrom": 102},
            {**WALK, "orderidfrom": 101, "num": 3},
            {**WALK, "orderidfrom": 101, "orderstate": "20"},
            {**WALK, "orderidfrom": 101, "fields": "orderid"},
            {**WALK, "orderidfrom": 101, "orderdatefrom": OPENING + 60},
            {**WALK, "orderidfrom": 101, "orderdateto": OPENING + 540},
        ):
            assert made.get("/orders", **other).content == plain.get("/orders", **other).content


def test_a_clock_that_moved_on_shows_what_has_arrived_since(tmp_path: Path) -> None:
    with served(tmp_path, orders=2, prerender=Prerender("orderid,orderdate", 4, tmp_path / "pages")) as sitoo:
        sitoo.store.write(orders=[order_version(order_body(sitoo.world, 103, OPENING), OPENING + 600)])
        assert sitoo.get("/orders", orderidfrom=0, **WALK).json()["totalcount"] == 2
        sitoo.at(OPENING + 600)
        assert sitoo.get("/orders", orderidfrom=0, **WALK).json()["totalcount"] == 3


ITEM_WALK: dict[str, Any] = {"fields": "sku,decimaltotal,decimalreserved", "num": 2}


def test_every_page_of_the_stock_is_the_same_as_without_until_it_moves(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    skus = [f"HOM-00{number}" for number in range(1, 6)]
    options: dict[str, Any] = {"orders": 1, "opening_stock": {11: dict.fromkeys(skus, 3_000)}}
    prerender = Prerender(ITEM_WALK["fields"], ITEM_WALK["num"], tmp_path / "item-pages")
    with served(tmp_path / "plain", **options) as plain, served(tmp_path, **options, prerender_items=prerender) as made:
        path, elsewhere = (f"/sites/1/warehouses/{place}/warehouseitems" for place in (11, 1))
        for start in (0, 1, 2, 4, 6, 8):
            assert made.get(path, start=start, **ITEM_WALK).content == plain.get(path, start=start, **ITEM_WALK).content
        assert made.get(path, **ITEM_WALK).content == plain.get(path, **ITEM_WALK).content
        assert made.get(elsewhere, **ITEM_WALK).json() == {"totalcount": 0, "items": []}
        assert made.get(path, **ITEM_WALK, sku=skus[2]).json()["totalcount"] == 1
        made.stock.manual_in(11, {skus[0]: 1_000})
        assert made.get(path, **ITEM_WALK).json()["items"][0]["decimaltotal"] == "4.000"
