"""Pages of orders and of stock made beforehand, so that a benchmark measures the reader and not this server.

Belongs here: rendering every page of one walk to a file, and finding a page again. A request for anything but a page of
the walk, or one that comes after the clock or the stock has moved, is answered the ordinary way.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from sitoo_netsuite.sandbox.sitoo.answers import envelope
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.sitoo.stock import Stock
from sitoo_netsuite.sandbox.trade.store import OrderFilter, TradeStore


class _Order(msgspec.Struct):
    orderid: int
    orderdate: int


class PrerenderedOrders:
    """The pages `orderidfrom=...&sort=orderid&num=<page_size>&fields=<fields>` as they stand at `now`.

    Rendered into a file at `path`, which is written over. `project` makes the fields of a whole order.
    """

    def __init__(
        self,
        store: TradeStore,
        now: int,
        path: Path,
        *,
        fields: str,
        page_size: int,
        project: Callable[[str], bytes],
    ) -> None:
        self._now = now
        self._walk = {"sort": "orderid", "num": str(page_size), "fields": fields}
        self._last_ids: list[int] = []  # of each page; a page answers every orderidfrom up to its first order
        self._first_ids: list[int] = []
        self._places: list[tuple[int, int]] = []  # offset, length
        self._earliest, self._latest = sys.maxsize, 0  # orderdate
        decoder = msgspec.json.Decoder(_Order)
        with path.open("wb") as file:
            following = 0
            while True:
                total, bodies = store.orders(now, OrderFilter(orderidfrom=following), sort="orderid", num=page_size)
                page = envelope(total, [project(body) for body in bodies])
                self._places.append((file.tell(), len(page)))
                file.write(page)
                if not bodies:
                    break
                orders = [decoder.decode(body) for body in bodies]
                self._first_ids.append(orders[0].orderid)
                self._last_ids.append(orders[-1].orderid)
                self._earliest = min(self._earliest, *(order.orderdate for order in orders))
                self._latest = max(self._latest, *(order.orderdate for order in orders))
                following = orders[-1].orderid + 1
        self._path = path

    def page(self, query: Mapping[str, str], now: int) -> bytes | None:
        """The page a query asks for at `now` (epoch seconds); None where it was not rendered."""
        asked = {name: value for name, value in query.items() if not self._leaves_all(name, value)}
        orderidfrom = asked.pop("orderidfrom", "")
        if asked != self._walk or now != self._now or not orderidfrom.isdecimal():
            return None
        number = bisect_left(self._last_ids, int(orderidfrom))
        if number < len(self._first_ids) and int(orderidfrom) > self._first_ids[number]:
            return None
        offset, length = self._places[number]
        with self._path.open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def _leaves_all(self, name: str, value: str) -> bool:
        """Whether a parameter changes nothing: an offset of 0, or dates that hold every order."""
        return (
            (name == "start" and value == "0")
            or (name == "orderdatefrom" and value.isdecimal() and int(value) <= self._earliest)
            or (name == "orderdateto" and value.isdecimal() and int(value) > self._latest)
        )


class PrerenderedItems:
    """The pages `start=...&num=<page_size>&fields=<fields>` of every warehouse's items as they stand at `now`.

    Rendered into a file at `path`, which is written over. `render` makes a page of its total and its records.
    """

    def __init__(
        self,
        stock: Stock,
        now: int,
        path: Path,
        *,
        fields: str,
        page_size: int,
        render: Callable[[int, Sequence[Record]], bytes],
    ) -> None:
        self._stock = stock
        self._now = now
        self._path = path
        self._walk = {"num": str(page_size), "fields": fields}
        self._places: dict[tuple[int, str], tuple[int, int]] = {}  # warehouse and start: offset, length
        self._changes: dict[int, int] = {}
        with path.open("wb") as file:
            for warehouseid in stock.warehouseids:
                self._changes[warehouseid] = stock.changes(warehouseid)
                total, records = stock.items(warehouseid, num=sys.maxsize)
                # The last page is the empty one that ends a walk.
                for start in range(0, total + page_size, page_size):
                    page = render(total, records[start : start + page_size])
                    self._places[warehouseid, str(start)] = (file.tell(), len(page))
                    file.write(page)

    def page(self, warehouseid: int, query: Mapping[str, str], now: int) -> bytes | None:
        """The page a query asks for at `now` (epoch seconds); None where it was not rendered, or no longer holds."""
        asked = dict(query)
        place = self._places.get((warehouseid, asked.pop("start", "0")))
        if place is None or asked != self._walk or now != self._now:
            return None
        if self._stock.changes(warehouseid) != self._changes[warehouseid]:
            return None
        with self._path.open("rb") as file:
            file.seek(place[0])
            return file.read(place[1])
