"""The endpoints of what a site sells: products, variants, VAT groups, price lists.

Belongs here: which method does what, and what it answers. Does not belong here: the rules (`products`, `price_lists`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPMethod
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sitoo_netsuite.money import to_text
from sitoo_netsuite.sandbox.sitoo import bodies
from sitoo_netsuite.sandbox.sitoo.answers import (
    Parameters,
    SitooError,
    json_response,
    number_in_path,
    one,
    paged,
    raw_response,
    site_asked_for,
)
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.sitoo.facts import Record
from sitoo_netsuite.sandbox.sitoo.products import PRODUCT_DEFAULT_FIELDS, SiteProducts
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings

GET, POST, PUT, DELETE = HTTPMethod.GET, HTTPMethod.POST, HTTPMethod.PUT, HTTPMethod.DELETE
# What a write does to a site: it returns the bare answer.
Act = Callable[[SiteProducts, Request, Any], object]


def catalogue_routes(site: str, catalogue: Catalogue, settings: SitooSettings) -> list[Route]:
    """The routes below a site's path."""
    asked = _CatalogueEndpoints(catalogue, settings)
    products, lists, groups = f"{site}/products", f"{site}/pricelists", f"{site}/productgroups"
    items, variants = f"{lists}/{{id}}/pricelistitems", f"{products}/{{id}}/productvariants"
    endpoints: list[tuple[str, HTTPMethod, Callable[[Request], Any]]] = [
        (products, GET, asked.products),
        (products, POST, asked.each(lambda site, request, body: site.add(body))),
        (products, PUT, asked.each(lambda site, request, body: site.change(_productid(body), body))),
        (products, DELETE, asked.each(lambda site, request, body: site.remove(_productid(body)))),
        (f"{products}/{{id}}", GET, asked.product),
        (f"{products}/{{id}}", PUT, asked.single(lambda site, request, body: site.change(_id(request), body))),
        (f"{products}/{{id}}", DELETE, asked.delete(lambda site, request: site.remove(_id(request)))),
        (variants, GET, asked.variants),
        (variants, PUT, asked.single(lambda site, request, body: site.replace_variants(_id(request), body))),
        (groups, GET, asked.groups),
        (groups, POST, asked.single(lambda site, request, body: site.add_group(body))),
        (f"{groups}/{{id}}", GET, asked.group),
        (f"{groups}/{{id}}", PUT, asked.single(lambda site, request, body: site.change_group(_id(request), body))),
        (lists, GET, asked.lists),
        (lists, POST, asked.single(lambda site, request, body: site.price_lists.add(body))),
        (f"{lists}/{{id}}", GET, asked.price_list),
        (f"{lists}/{{id}}", PUT, asked.single(lambda site, request, body: site.price_lists.change(_id(request), body))),
        (f"{lists}/{{id}}", DELETE, asked.delete(lambda site, request: site.price_lists.remove(_id(request)))),
        (items, GET, asked.list_items),
        (items, PUT, asked.each(lambda site, request, body: site.set_list_item(_id(request), body))),
        (items, DELETE, asked.each(lambda site, request, body: site.remove_list_item(_id(request), body))),
    ]
    return [Route(path, endpoint, methods=[method]) for path, method, endpoint in endpoints]


def till_route(catalogue: Catalogue) -> Route:
    """`GET /sandbox/till?eshopid=1&sku=X`: what the sandbox thinks a till would ask for one unit, with VAT.

    Answers 404 where it does not sell the SKU.
    """

    def till(request: Request) -> Response:
        eshopid, sku = request.query_params.get("eshopid", ""), request.query_params.get("sku", "")
        if not eshopid.isdecimal() or not sku:
            return JSONResponse({"error": "GET /sandbox/till?eshopid=1&sku=HOM-001"}, status_code=400)
        price = catalogue.till(int(eshopid), sku) if int(eshopid) in catalogue.eshopids else None
        if price is None:
            error = f"the tills of site {eshopid} do not sell {sku}"
            return JSONResponse({"error": error}, status_code=404)
        return JSONResponse(
            {
                "sku": price.sku,
                "price": to_text(price.price_minor, price.currency),
                "currency": price.currency,
                "pricelistid": price.pricelistid,
            }
        )

    return Route("/sandbox/till", till, methods=["GET"])


class _CatalogueEndpoints:
    """Each takes a request and returns an answer, or raises SitooError."""

    def __init__(self, catalogue: Catalogue, settings: SitooSettings) -> None:
        self._catalogue = catalogue
        self._settings = settings

    # ---------------------------------------------------------------- writing

    def each(self, act: Act) -> Callable[[Request], Any]:
        """The endpoint of a write that takes one object or an array of them."""

        def handle(request: Request, body: Any) -> Response:
            eshopid = self._eshopid(request)
            return bodies.answered(body, lambda each: self._done(eshopid, act, request, each), self._settings)

        return bodies.written(handle)

    def single(self, act: Act) -> Callable[[Request], Any]:
        """The endpoint of a write that takes one object."""

        def handle(request: Request, body: Any) -> Response:
            return json_response(self._done(self._eshopid(request), act, request, body))

        return bodies.written(handle)

    def delete(self, act: Callable[[SiteProducts, Request], object]) -> Callable[[Request], Response]:
        """The endpoint of a DELETE without a body."""

        def handle(request: Request) -> Response:
            whole = self._done(self._eshopid(request), lambda site, request, _: act(site, request), request, None)
            return json_response(whole)

        return handle

    def _done(self, eshopid: int, act: Act, request: Request, body: Any) -> object:
        """The new id, or true for what has none."""
        with self._catalogue.site(eshopid) as site:
            answer = act(site, request, body)
        return True if answer is None else answer

    # ---------------------------------------------------------------- reading

    def products(self, request: Request) -> Response:
        parameters = self._parameters(request)
        start, num = parameters.page()
        skus, productids = parameters.texts("sku"), parameters.numbers("productid")
        modified_after = parameters.number("datelastmodified")
        include_inactive = parameters.flag("includeinactive")

        def page(site: SiteProducts) -> tuple[int, list[Record]]:
            total, found = site.find(
                skus=skus,
                productids=productids,
                modified_after=modified_after,
                include_inactive=include_inactive,
                start=start,
                num=num,
            )
            return total, [site.shown(product) for product in found]

        return self._page(request, page, PRODUCT_DEFAULT_FIELDS)

    def product(self, request: Request) -> Response:
        return self._one(request, lambda site: site.shown(site.get(_id(request))))

    def variants(self, request: Request) -> Response:
        return self._one(request, lambda site: site.variants(_id(request)))

    def groups(self, request: Request) -> Response:
        return self._listed(request, lambda site: site.vat_groups.values())

    def group(self, request: Request) -> Response:
        return self._one(request, lambda site: site.vat_group(_id(request)))

    def lists(self, request: Request) -> Response:
        return self._listed(request, lambda site: [price_list.shown() for price_list in site.price_lists.all()])

    def price_list(self, request: Request) -> Response:
        return self._one(request, lambda site: site.price_lists.get(_id(request)).shown())

    def list_items(self, request: Request) -> Response:
        start, num = self._parameters(request).page()

        def page(site: SiteProducts) -> tuple[int, list[Record]]:
            productids = site.list_items(_id(request))
            shown = [site.list_item(_id(request), productid) for productid in productids[start : start + num]]
            return len(productids), shown

        return self._page(request, page, None)

    def _page(
        self,
        request: Request,
        page: Callable[[SiteProducts], tuple[int, list[Record]]],
        default: tuple[str, ...] | None,
    ) -> Response:
        """One page of a long list: how many there are, and the records of the page."""
        eshopid = site_asked_for(request, self._catalogue.eshopids)
        total, records = 0, list[Record]()
        if eshopid is not None:
            with self._catalogue.site(eshopid) as site:
                total, records = page(site)
        return raw_response(paged(self._parameters(request), total, records, default))

    def _listed(self, request: Request, records: Callable[[SiteProducts], Iterable[Record]]) -> Response:
        """A list that is short."""
        start, num = self._parameters(request).page()

        def page(site: SiteProducts) -> tuple[int, list[Record]]:
            found = list(records(site))
            return len(found), [dict(record) for record in found[start : start + num]]

        return self._page(request, page, None)

    def _one(self, request: Request, record: Callable[[SiteProducts], Record]) -> Response:
        with self._catalogue.site(self._eshopid(request)) as site:
            return raw_response(one(self._parameters(request), record(site)))

    def _eshopid(self, request: Request) -> int:
        eshopid = site_asked_for(request, self._catalogue.eshopids)
        if eshopid is None:
            raise SitooError(404)
        return eshopid

    def _parameters(self, request: Request) -> Parameters:
        return Parameters(request, self._settings)


def _id(request: Request) -> int:
    return number_in_path(request, "id")


def _productid(body: object) -> int:
    """The product that an object of an array is about (inferred: the reference shows no such body)."""
    productid: int = bodies.read(body, {"productid": bodies.whole}, required=("productid",))["productid"]
    return productid
