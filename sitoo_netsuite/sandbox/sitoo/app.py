"""The Sitoo sandbox as an ASGI app: its endpoints, and the door in front of them.

The door checks the credentials, refuses a key's second request while its first is under way, and waits the latency
asked for. Endpoints are plain functions, which the framework runs in threads, so that requests truly overlap. Those of
what can be written are in `catalogue_routes`, `user_routes` and `stock_routes`; all others are here, and only read.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults.transport import ANYWHERE, TransportFaults, TroubleMiddleware
from sitoo_netsuite.sandbox.recorder import Recorder, RecordingMiddleware, Truth, sandbox_routes
from sitoo_netsuite.sandbox.sitoo import facts
from sitoo_netsuite.sandbox.sitoo.answers import (
    Parameters,
    SitooError,
    array,
    envelope,
    error_response,
    invalid_value,
    json_response,
    listed,
    only,
    paged,
    raw_response,
    site_asked_for,
)
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.sitoo.catalogue_routes import catalogue_routes, till_route
from sitoo_netsuite.sandbox.sitoo.prerendered import PrerenderedItems, PrerenderedOrders
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.shipment_routes import shipment_routes
from sitoo_netsuite.sandbox.sitoo.stock_routes import stock_routes
from sitoo_netsuite.sandbox.sitoo.stockroom import Stockroom
from sitoo_netsuite.sandbox.sitoo.user_routes import user_routes
from sitoo_netsuite.sandbox.sitoo.users import Users
from sitoo_netsuite.sandbox.trade.store import OrderFilter, TradeStore, ZReportFilter
from sitoo_netsuite.sandbox.world import Site, World

# What a list shows when no `fields` are named (reference section 4, Orders).
ORDER_DEFAULT_FIELDS = (
    "orderid", "eshopid", "email", "namefirst", "namelast", "company", "moneyfinal_net", "moneyfinal_vat",
    "moneytotal_gross_roundoff", "moneytotal_gross_all", "checkouttypename", "deliverytypename", "orderdate",
    "orderstateid", "paymentstateid", "ordertypeid", "registerid", "warehouseid", "datereserved", "currencycode",
    "additionaldata", "orderitems", "payments",
)  # fmt: skip
_API = "sitoo"
_ORDER_SORTS = ("orderid", "-orderid")


@dataclass(frozen=True, slots=True)
class Prerender:
    """Make the pages of one walk beforehand: the `fields` parameter, the `num`, and the file to keep them in."""

    fields: str
    page_size: int
    path: Path


def build_sitoo_app(
    world: World,
    store: TradeStore,
    clock: SandboxClock,
    *,
    keys: Mapping[str, str],
    recorder: Recorder,
    latency_ms: int = 0,
    settings: SitooSettings | None = None,
    prerender: Prerender | None = None,
    prerender_items: Prerender | None = None,
    transport: TransportFaults | None = None,
    truth: Truth | None = None,
    before_request: Callable[[], None] | None = None,
) -> Starlette:
    """The app under `/v2/accounts/{account}`, and `/sandbox/`.

    `keys` maps API id to password. Everything is served as it stands at the clock's now. With `prerender` the pages of
    that walk over orders are rendered before this returns, with `prerender_items` those over each warehouse's items.
    transport: trouble on the line. truth: what `/sandbox/truth` shows. before_request: called in the app's thread
    before each request that the door lets in. What changes is in `app.state`: `catalogue`, `users` and `stock`.
    """
    settings = settings or SitooSettings()
    transport = transport or TransportFaults.for_mode("none", seed=0)
    resources = _Resources(world, store, clock, settings)
    catalogue, users = Catalogue(world, clock, settings), Users(world, clock)
    stock = Stockroom(world, store, clock, catalogue, settings)
    pages = None
    if prerender is not None:
        pages = PrerenderedOrders(
            store,
            clock.epoch(),
            prerender.path,
            fields=prerender.fields,
            page_size=prerender.page_size,
            project=_asking_for(prerender.fields, settings).projection(ORDER_DEFAULT_FIELDS),
        )
    item_pages = None
    if prerender_items is not None:
        fields = _asking_for(prerender_items.fields, settings)
        item_pages = PrerenderedItems(
            stock.levels,
            clock.epoch(),
            prerender_items.path,
            fields=prerender_items.fields,
            page_size=prerender_items.page_size,
            render=lambda total, records: paged(fields, total, records, None),
        )

    async def orders(request: Request) -> Response:
        if pages is not None and (page := pages.page(request.query_params, clock.epoch())) is not None:
            return raw_response(page)
        return await run_in_threadpool(resources.orders, request)

    def page_of_items(warehouseid: int, query: Mapping[str, str]) -> bytes | None:
        return None if item_pages is None else item_pages.page(warehouseid, query, clock.epoch())

    def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, SitooError)
        return error_response(error, settings)

    def unrouted(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        text = "Url is invalid" if error.status_code == HTTPStatus.NOT_FOUND else None
        return error_response(SitooError(error.status_code, text), settings)

    def fault(status: int) -> Response:
        wait = settings.overlap_retry_after
        named = status == HTTPStatus.TOO_MANY_REQUESTS and wait is not None
        return error_response(SitooError(status), settings, {"Retry-After": str(wait)} if named else None)

    root = f"/v2/accounts/{world.account_id}"
    site = f"{root}/sites/{{siteid}}"
    endpoints: dict[str, Callable[[Request], Any]] = {
        f"{root}/sites": resources.sites,
        site: resources.site,
        f"{site}/settings": resources.settings,
        f"{site}/stores": resources.list_of(facts.stores),
        f"{site}/stores/{{id}}": resources.one_of(facts.stores, "storeid"),
        f"{site}/cashregisters": resources.registers,
        f"{site}/cashregisters/{{id}}": resources.one_of(facts.registers, "registerid"),
        f"{site}/pospaymenttypes": resources.payment_types,
        f"{site}/warehouses": resources.list_of(facts.warehouses),
        f"{site}/warehouses/{{id}}": resources.one_of(facts.warehouses, "warehouseid"),
        f"{root}/orders": orders,
        f"{site}/orders": resources.orders,
        f"{site}/orders/{{orderid}}": resources.order,
        f"{site}/orders/{{orderid}}/orderdeliveries": resources.order_deliveries,
        f"{root}/pos-z-reports": resources.z_reports,
    }
    app = Starlette(
        routes=[
            *sandbox_routes(clock, recorder, truth, lambda: transport.fired(_API)),
            till_route(catalogue),
            *catalogue_routes(site, catalogue, settings),
            *user_routes(site, users, settings),
            *stock_routes(site, stock.levels, stock.stocktaking, settings, page_of_items),
            *shipment_routes(root, stock.shipments, settings),
            *(Route(path, endpoint, methods=["GET"]) for path, endpoint in endpoints.items()),
        ],
        middleware=[
            Middleware(RecordingMiddleware, recorder=recorder, error_response=fault),
            Middleware(_Door, keys=keys, latency_ms=latency_ms, settings=settings, before_request=before_request),
            Middleware(
                TroubleMiddleware, faults=transport, api=_API, fitting=lambda method, path: ANYWHERE, refusal=fault
            ),
        ],
        exception_handlers={SitooError: refused, HTTPException: unrouted},
    )
    app.state.catalogue, app.state.users, app.state.stock = catalogue, users, stock
    return app


def _asking_for(fields: str, settings: SitooSettings) -> Parameters:
    """The parameters of a request for these fields."""
    request = Request({"type": "http", "query_string": f"fields={fields}".encode(), "headers": []})
    return Parameters(request, settings)


class _Door:
    """Credentials, one request in flight per key, the rate window, latency, and the optional `.json`."""

    def __init__(
        self,
        app: ASGIApp,
        keys: Mapping[str, str],
        latency_ms: int,
        settings: SitooSettings,
        before_request: Callable[[], None] | None,
    ) -> None:
        self._app = app
        self._before_request = before_request
        self._keys = keys
        self._latency = latency_ms / 1000
        self._settings = settings
        self._busy: set[str] = set()
        self._windows: dict[str, tuple[float, int]] = {}  # key: when the window ends, requests in it

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/sandbox/"):
            await self._app(scope, receive, send)
            return
        key = self._key(Request(scope))
        if key is None:
            answer = error_response(SitooError(401), self._settings, {"WWW-Authenticate": 'Basic realm="Sitoo"'})
            await answer(scope, receive, send)
            return
        refusal = self._too_many(key)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        self._busy.add(key)
        answered = False

        async def free_and_send(message: Message) -> None:
            # Freed with the first byte: a client that sends its next request on the last one must not be refused.
            nonlocal answered
            if not answered:
                answered = True
                self._busy.discard(key)
            await send(message)

        try:
            await asyncio.sleep(self._latency)
            if self._before_request is not None:
                self._before_request()
            await self._app({**scope, "path": scope["path"].removesuffix(".json")}, receive, free_and_send)
        finally:
            if not answered:
                self._busy.discard(key)

    def _key(self, request: Request) -> str | None:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            name, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return name if scheme.lower() == "basic" and self._keys.get(name) == password else None

    def _too_many(self, key: str) -> Response | None:
        if key in self._busy:
            wait = self._settings.overlap_retry_after
            return error_response(SitooError(429), self._settings, None if wait is None else {"Retry-After": str(wait)})
        if self._settings.requests_per_window is None:
            return None
        now = time.time()
        end, count = self._windows.get(key, (0.0, 0))
        if now >= end:
            end, count = now + self._settings.window_seconds, 0
        self._windows[key] = (end, count + 1)
        if count < self._settings.requests_per_window:
            return None
        shown = {"Retry-After": int(end - now) + 1, "X-Rate-Limit-Reset": int(end) + 1}
        header = self._settings.rate_limit_header
        headers: dict[str, str] | None = None if header is None else {header: str(shown[header])}
        return error_response(SitooError(429, "Too many requests"), self._settings, headers)


Facts = Callable[[World, Site], list[facts.Record]]


class _Resources:
    """The endpoints. Each takes a request and returns an answer, or raises SitooError."""

    def __init__(self, world: World, store: TradeStore, clock: SandboxClock, settings: SitooSettings) -> None:
        self._world = world
        self._store = store
        self._clock = clock
        self._settings = settings

    def sites(self, request: Request) -> Response:
        return self._listed(request, facts.sites(self._world))

    def site(self, request: Request) -> Response:
        found = [
            record for record in facts.sites(self._world) if str(record["eshopid"]) == request.path_params["siteid"]
        ]
        return json_response(only(found))

    def settings(self, request: Request) -> Response:
        return json_response(facts.settings(self._world, self._site(request)))

    def list_of(self, make: Facts) -> Callable[[Request], Response]:
        """An endpoint that lists facts of a site."""

        def endpoint(request: Request) -> Response:
            return self._listed(request, self._of_site(request, make))

        return endpoint

    def one_of(self, make: Facts, key: str) -> Callable[[Request], Response]:
        """An endpoint that shows one fact of a site by its key."""

        def endpoint(request: Request) -> Response:
            wanted = request.path_params["id"]
            return json_response(only([fact for fact in self._of_site(request, make) if str(fact[key]) == wanted]))

        return endpoint

    def registers(self, request: Request) -> Response:
        # Every till of the sandbox is registered, so `includenotregistered` changes nothing; `fields` is not known.
        parameters = self._parameters(request)
        parameters.flag("includenotregistered")
        start, num = parameters.page()
        records = self._of_site(request, facts.registers)
        return json_response({"totalcount": len(records), "items": records[start : start + num]})

    def payment_types(self, request: Request) -> Response:
        wanted = self._parameters(request).texts("fields")
        records = self._of_site(request, facts.payment_types)
        if wanted is not None:
            records = [{name: record[name] for name in record if name in wanted} for record in records]
        return json_response(records)

    def orders(self, request: Request) -> Response:
        parameters = self._parameters(request)
        start, num = parameters.page()
        sort = parameters.text("sort") or "-orderid"
        if sort not in _ORDER_SORTS:
            raise invalid_value("sort")
        where = self._order_filter(request, parameters)
        project = parameters.projection(ORDER_DEFAULT_FIELDS)
        total, bodies = self._store.orders(
            self._clock.epoch(), where, "orderid" if sort == "orderid" else "-orderid", start, num
        )
        return raw_response(envelope(total, [project(body) for body in bodies]))

    def order(self, request: Request) -> Response:
        return raw_response(self._parameters(request).projection(None)(self._order(request)))

    def order_deliveries(self, request: Request) -> Response:
        self._order(request)
        parameters = self._parameters(request)
        start, num = parameters.page()
        deliveries = self._store.deliveries(int(request.path_params["orderid"]), self._clock.epoch())
        project = parameters.projection(None)
        return raw_response(envelope(len(deliveries), [project(body) for body in deliveries[start : start + num]]))

    def z_reports(self, request: Request) -> Response:
        parameters = self._parameters(request)
        where = ZReportFilter(
            eshopid=parameters.numbers("eshopid"),
            store_id=parameters.texts("store_id"),
            registerid=parameters.texts("registerid"),
            dateaddedfrom=parameters.number("dateaddedfrom"),
            dateaddedto=parameters.number("dateaddedto"),
        )
        return raw_response(array([body.encode() for body in self._store.z_reports(self._clock.epoch(), where)]))

    def _order_filter(self, request: Request, parameters: Parameters) -> OrderFilter:
        eshopid = parameters.numbers("eshopid")
        if "siteid" in request.path_params:
            eshopid = [site.eshopid for site in self._sites(request)]
        return OrderFilter(
            eshopid=eshopid,
            externalid=parameters.texts("externalid"),
            orderid=parameters.numbers("orderid"),
            receiptid=parameters.text("receiptid"),
            creditorderid=parameters.number("creditorderid"),
            orderidfrom=parameters.number("orderidfrom"),
            orderidto=parameters.number("orderidto"),
            orderdatefrom=parameters.number("orderdatefrom"),
            orderdateto=parameters.number("orderdateto"),
            orderstate=parameters.numbers("orderstate"),
            paymentstate=parameters.numbers("paymentstate"),
            ordertype=parameters.numbers("ordertype"),
            warehouseid=parameters.numbers("warehouseid"),
            email=parameters.text("email"),
        )

    def _order(self, request: Request) -> str:
        orderid = request.path_params["orderid"]
        if not orderid.isdecimal():
            raise SitooError(404)
        where = OrderFilter(orderid=(int(orderid),), eshopid=(self._site(request).eshopid,))
        _, bodies = self._store.orders(self._clock.epoch(), where)
        return only(bodies)

    def _sites(self, request: Request) -> list[Site]:
        """The site of the path; none for the GUID, which answers with empty lists (reference 1.1)."""
        eshopid = site_asked_for(request, [site.eshopid for site in self._world.sites])
        return [site for site in self._world.sites if site.eshopid == eshopid]

    def _site(self, request: Request) -> Site:
        return only(self._sites(request))

    def _of_site(self, request: Request, make: Facts) -> list[facts.Record]:
        return [record for site in self._sites(request) for record in make(self._world, site)]

    def _parameters(self, request: Request) -> Parameters:
        return Parameters(request, self._settings)

    def _listed(
        self, request: Request, records: list[facts.Record], default: tuple[str, ...] | None = None
    ) -> Response:
        return raw_response(listed(self._parameters(request), records, default))
