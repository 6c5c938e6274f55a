"""Something between us and Sitoo that alters single records on their way, to the byte: bad input as it really comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sitoo_netsuite.sandbox.server import serving


class _Page(msgspec.Struct):
    totalcount: int
    items: list[msgspec.Raw]


class _Order(msgspec.Struct):
    orderid: int


class _ZReport(msgspec.Struct):
    registerid: str
    zreportid: int


@dataclass
class Tampering:
    """What is served instead: by orderid in lists of orders, by `register/number` in lists of Z-reports.

    An order served as several records stands in the page as often. `pages`: whole answers, by the end of their path;
    `lists` likewise, but not where records are asked for by SKU.
    """

    url: str
    orders: dict[int, list[bytes]] = field(default_factory=dict)
    z_reports: dict[str, bytes] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)

    def altered(self, path: str, query: str, body: bytes) -> bytes:
        for end, whole in {**self.pages, **({} if "sku=" in query else self.lists)}.items():
            if path.endswith(end):
                return whole
        if path.endswith("/orders.json") and "fields=orderid&" not in query:
            page = msgspec.json.decode(body, type=_Page)
            records = [
                record
                for raw in page.items
                for record in self.orders.get(msgspec.json.decode(raw, type=_Order).orderid, [bytes(raw)])
            ]
            return b'{"totalcount":%d,"items":[%b]}' % (page.totalcount, b",".join(records))
        if path.endswith("/pos-z-reports"):
            reports = msgspec.json.decode(body, type=list[msgspec.Raw])
            keys = [msgspec.json.decode(raw, type=_ZReport) for raw in reports]
            return b"[%b]" % b",".join(
                self.z_reports.get(f"{key.registerid}/{key.zreportid}", bytes(raw))
                for key, raw in zip(keys, reports, strict=True)
            )
        return body


@contextmanager
def tampering_with(account_url: str) -> Iterator[Tampering]:
    """Stands between a client and the Sitoo account at this URL; `url` of what is yielded is the account's new one."""
    account = httpx.URL(account_url)
    root = account_url.removesuffix(account.path)

    async def forward(request: Request) -> Response:
        asked = httpx.URL(root).copy_with(raw_path=request.url.path.encode() + b"?" + request.url.query.encode())
        answer = await run_in_threadpool(
            httpx.get, asked, headers={"Authorization": request.headers.get("Authorization", "")}
        )
        body = answer.content
        if answer.is_success:
            body = between.altered(request.url.path, request.url.query, body)
        return Response(body, answer.status_code, media_type="application/json")

    with serving(Starlette(routes=[Route("/{path:path}", forward, methods=["GET"])])) as url:
        between = Tampering(url + account.path)
        yield between
