"""The endpoints of a site's stock: warehouse items, transactions, and batches that count.

Belongs here: which method does what, and what it answers. Does not belong here: the rules (`stock`, `stocktaking`),
warehouses themselves, which stand still, shipments, which are an account's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import (
    Parameters,
    SitooError,
    invalid_value,
    json_response,
    listed,
    number_in_path,
    one,
    paged,
    raw_response,
    site_asked_for,
)
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.stock import Stock, TransactionFilter
from sitoo_netsuite.sandbox.sitoo.stocktaking import OPEN, Stocktaking

_SORTS = ("warehousetransactionid", "-warehousetransactionid")


# A page made beforehand: of a warehouse and a query; None where there is none.
Page = Callable[[int, Mapping[str, str]], bytes | None]


def stock_routes(
    site: str, stock: Stock, stocktaking: Stocktaking, settings: SitooSettings, page_of_items: Page
) -> list[Route]:
    """The routes below a site's path."""
    asked = _StockEndpoints(stock, stocktaking, settings, page_of_items)
    warehouse, transactions = f"{site}/warehouses/{{id}}", "warehousetransactions"
    items, batches = f"{warehouse}/warehouseitems", f"{warehouse}/warehousebatches"
    batch = f"{batches}/{{batchid}}"
    counted = f"{batch}/warehousebatchitems"
    return [
        Route(items, asked.items, methods=["GET"]),
        Route(items, bodies.written(asked.change_items), methods=["PUT"]),
        Route(f"{site}/{transactions}", asked.transactions, methods=["GET"]),
        Route(f"{site}/{transactions}", bodies.written(asked.add), methods=["POST"]),
        Route(f"{warehouse}/{transactions}", asked.transactions_of, methods=["GET"]),
        Route(f"{warehouse}/{transactions}/{{transactionid}}", asked.transaction, methods=["GET"]),
        Route(batches, asked.batches, methods=["GET"]),
        Route(batches, bodies.written(asked.open_batch), methods=["POST"]),
        Route(batch, asked.batch, methods=["GET"]),
        Route(batch, bodies.written(asked.change_batch), methods=["PUT"]),
        Route(counted, asked.batch_items, methods=["GET"]),
        Route(counted, bodies.written(asked.count), methods=["PUT"]),
        Route(counted, bodies.written(asked.forget), methods=["DELETE"]),
    ]


class _StockEndpoints:
    """Each takes a request and returns an answer, or raises SitooError."""

    def __init__(self, stock: Stock, stocktaking: Stocktaking, settings: SitooSettings, page_of_items: Page) -> None:
        self._page_of_items = page_of_items
        self._stock = stock
        self._stocktaking = stocktaking
        self._settings = settings

    # ---------------------------------------------------------------- levels

    def items(self, request: Request) -> Response:
        warehouseid = self._warehouseid(request)
        made = self._page_of_items(warehouseid, request.query_params)
        if made is not None:
            return raw_response(made)
        parameters = self._parameters(request)
        start, num = parameters.page()
        total, records = self._stock.items(
            warehouseid,
            skus=parameters.texts("sku"),
            modified_from=parameters.number("datelastmodifiedfrom"),
            modified_to=parameters.number("datelastmodifiedto"),
            start=start,
            num=num,
        )
        return raw_response(paged(parameters, total, records, None))

    def change_items(self, request: Request, body: Any) -> Response:
        warehouseid = self._warehouseid(request)
        return bodies.answered(body, lambda each: self._stock.change_item(warehouseid, each), self._settings)

    # ---------------------------------------------------------------- transactions

    def transactions(self, request: Request) -> Response:
        """Those of all warehouses of a site, or of the one that is asked for; none for the site's GUID."""
        eshopid = site_asked_for(request, self._stock.eshopids)
        if eshopid is None:
            return raw_response(paged(self._parameters(request), 0, [], None))
        return self._found(request, eshopid, self._parameters(request).number("warehouseid"))

    def transactions_of(self, request: Request) -> Response:
        return self._found(request, self._eshopid(request), self._warehouseid(request))

    def transaction(self, request: Request) -> Response:
        warehouseid = self._warehouseid(request)
        found = self._stock.transaction(number_in_path(request, "transactionid"))
        if found["warehouseid"] != warehouseid:
            raise SitooError(404)
        return raw_response(one(self._parameters(request), found))

    def add(self, request: Request, body: Any) -> Response:
        eshopid = self._eshopid(request)
        if isinstance(body, list) and sum(map(_rows, body)) > self._settings.most_transaction_items:
            raise SitooError(400, f"Too many items (at most {self._settings.most_transaction_items})")
        return bodies.answered(body, lambda each: self._stock.add(eshopid, each), self._settings)

    def _found(self, request: Request, eshopid: int, warehouseid: int | None) -> Response:
        parameters = self._parameters(request)
        start, num = parameters.page()
        sort = parameters.text("sort") or "-warehousetransactionid"
        if sort not in _SORTS:
            raise invalid_value("sort")
        ids = parameters.numbers("warehousetransactionid")
        total, records = self._stock.transactions(
            eshopid,
            TransactionFilter(
                warehousetransactionid=None if ids is None else frozenset(ids),
                warehousetransactionidfrom=parameters.number("warehousetransactionidfrom"),
                warehousetransactionidto=parameters.number("warehousetransactionidto"),
                datecreatedfrom=parameters.number("datecreatedfrom"),
                datecreatedto=parameters.number("datecreatedto"),
                warehouseid=warehouseid,
                transactiontype=parameters.number("transactiontype"),
            ),
            rising=sort == "warehousetransactionid",
            start=start,
            num=num,
        )
        return raw_response(paged(parameters, total, records, None))

    # ---------------------------------------------------------------- batches

    def batches(self, request: Request) -> Response:
        parameters = self._parameters(request)
        state = parameters.number("warehousebatchstate")
        found = self._stocktaking.batches(
            self._warehouseid(request), OPEN if state is None else state, parameters.number("transactiontype")
        )
        return raw_response(listed(parameters, found, None))

    def open_batch(self, request: Request, body: Any) -> Response:
        return json_response(self._stocktaking.open(self._warehouseid(request), body))

    def batch(self, request: Request) -> Response:
        return raw_response(one(self._parameters(request), self._stocktaking.batch(*self._batch(request))))

    def change_batch(self, request: Request, body: Any) -> Response:
        return json_response(self._stocktaking.change(*self._batch(request), body))

    def batch_items(self, request: Request) -> Response:
        return raw_response(listed(self._parameters(request), self._stocktaking.items(*self._batch(request)), None))

    def count(self, request: Request, body: Any) -> Response:
        batch = self._batch(request)
        return bodies.answered(body, lambda each: self._stocktaking.count(*batch, each), self._settings)

    def forget(self, request: Request, body: Any) -> Response:
        batch = self._batch(request)
        return bodies.answered(body, lambda each: self._stocktaking.forget(*batch, each), self._settings)

    # ---------------------------------------------------------------- paths

    def _batch(self, request: Request) -> tuple[int, int]:
        """Warehouse and batch."""
        return self._warehouseid(request), number_in_path(request, "batchid")

    def _eshopid(self, request: Request) -> int:
        eshopid = site_asked_for(request, self._stock.eshopids)
        if eshopid is None:
            raise SitooError(404)
        return eshopid

    def _warehouseid(self, request: Request) -> int:
        return self._stock.warehouse(number_in_path(request, "id"), self._eshopid(request)).warehouseid

    def _parameters(self, request: Request) -> Parameters:
        return Parameters(request, self._settings)


def _rows(body: Any) -> int:
    """How many items an entry of a batch counts for; one that makes no sense is refused on its own."""
    items = body.get("items") if isinstance(body, dict) else None
    return len(items) if isinstance(items, list) else 1
