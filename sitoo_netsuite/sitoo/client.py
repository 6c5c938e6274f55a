"""The Sitoo client: one request in flight per API key, retries with a limit, read-only mode.

Belongs here: what is asked and how. How lists are read to their end is in `paging`, what a record looks like in
`models`, what goes wrong in `errors`. Does not belong here: what is done with the records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from queue import LifoQueue
from typing import TypeVar

import httpx
import msgspec
import stamina

from sitoo_netsuite.sitoo.errors import (
    SitooCredentialsRefused,
    SitooError,
    SitooReadOnly,
    SitooRefused,
    SitooUnavailable,
    SitooUnreadable,
)
from sitoo_netsuite.sitoo.models import (
    ORDER_FIELDS,
    CashRegister,
    PaymentType,
    Product,
    ProductGroup,
    Site,
    SiteSettings,
    SitooStore,
    Warehouse,
)
from sitoo_netsuite.sitoo.paging import Params, by_date_added, by_offset, by_orderid, decode_page

Record = TypeVar("Record", bound=msgspec.Struct)
Slots = Callable[[], AbstractContextManager[int]]
"""Hands out the number of the key to use, for the length of a block; TimeoutError, before it, when none comes free."""

# Reference 1.5: 1000 rows are known to work, for orders 500. An id takes up to 20 characters of the address line.
_LIST_PAGE = 1000
_IDS_PER_REQUEST = 100
_TOO_MANY_REQUESTS = 429


@dataclass(frozen=True)
class ApiKey:
    """One API key of Sitoo's Backoffice. The password stays out of the repr."""

    id: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Retries:
    """How often and how long the client waits: 5, 10, 20 ... 120 seconds unless Sitoo asks for a time of its own.

    A wait longer than `longest_wait` is not sat out: the request fails as waiting, and the next run comes back.
    """

    attempts: int = 7
    first_wait: float = 5.0
    longest_wait: float = 120.0


def slots_in_process(count: int) -> Slots:
    """Hands out the numbers 0 to count-1, each to one thread at a time. Enough where one process uses the keys."""
    free: LifoQueue[int] = LifoQueue()
    for number in range(count):
        free.put(number)

    @contextmanager
    def slot() -> Iterator[int]:
        number = free.get()
        try:
            yield number
        finally:
            free.put(number)

    return slot


class SitooClient:
    """Reads a Sitoo account. Thread-safe; threads share its keys, one request in flight on each.

    `url` is the account's base URL as Backoffice shows it (`https://.../v2/accounts/<account>`); it is never derived.
    `slots` says which of `keys` a request may use: Sitoo counts connections per key over all processes, so several
    processes need slots they share. With `read_only` any request but GET is refused before it is sent.

    Every method raises a SitooError: SitooUnavailable (waiting) or one of the broken kinds.
    """

    def __init__(
        self,
        url: str,
        keys: Sequence[ApiKey],
        *,
        read_only: bool = False,
        timeout: float = 60.0,
        retries: Retries | None = None,
        slots: Slots | None = None,
    ) -> None:
        if not keys:
            raise ValueError("the Sitoo client needs at least one API key")
        self._keys = tuple(keys)
        self._slot = slots or slots_in_process(len(self._keys))
        self._read_only = read_only
        self._retries = retries or Retries()
        self._http = httpx.Client(
            base_url=url.rstrip("/"), timeout=timeout, limits=httpx.Limits(max_connections=len(self._keys))
        )
        self._retrying = stamina.RetryingCaller(
            attempts=self._retries.attempts,
            timeout=None,
            wait_initial=self._retries.first_wait,
            wait_max=self._retries.longest_wait,
            wait_jitter=0,
            wait_exp_base=2,
        )

    def close(self) -> None:
        """Close the connections. The client is of no use afterwards."""
        self._http.close()

    def __enter__(self) -> SitooClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------ orders and Z-reports, as raw records

    def order_pages(
        self,
        fields: Sequence[str] = ORDER_FIELDS,
        *,
        orderid_from: int = 0,
        order_date_from: int | None = None,
        order_date_to: int | None = None,
        page_size: int = 500,
    ) -> Iterator[list[msgspec.Raw]]:
        """Pages of orders of all sites by rising orderid, ready for `models.read_order`; ends when there are no more.

        `orderid_from` is the first id wanted. The dates (seconds since 1970) narrow by the till's time of sale; whether
        Sitoo includes the end is unknown, so ask for a second more than needed. `fields` must name `orderid`.
        """
        params = {"fields": ",".join(fields)}
        if order_date_from is not None:
            params["orderdatefrom"] = str(order_date_from)
        if order_date_to is not None:
            params["orderdateto"] = str(order_date_to)
        return by_orderid(self._fetch("/orders.json"), params, orderid_from, page_size)

    def orders_by_id(
        self, orderids: Iterable[int], fields: Sequence[str] = ORDER_FIELDS
    ) -> Iterator[list[msgspec.Raw]]:
        """Pages of the orders with these ids, those that exist, a hundred at a time."""
        wanted = sorted(set(orderids))
        for start in range(0, len(wanted), _IDS_PER_REQUEST):
            ids = wanted[start : start + _IDS_PER_REQUEST]
            params = {"fields": ",".join(fields), "sort": "orderid", "orderid": ",".join(map(str, ids))}
            yield from by_offset(self._fetch("/orders.json"), "/orders", params, len(ids))

    def highest_orderid(self) -> int:
        """The newest order's id, 0 when there are no orders."""
        params = {"fields": "orderid", "sort": "-orderid", "num": "1"}
        body = self._get("/orders.json", params)
        page = decode_page(body, "/orders")
        return _decoded(page.items[0], _OnlyOrderId, "/orders").orderid if page.items else 0

    def order_deliveries(self, eshopid: int, orderid: int) -> list[msgspec.Raw]:
        """The deliveries of an order, ready for `models.read_delivery`."""
        return list(self._all(f"/sites/{eshopid}/orders/{orderid}/orderdeliveries", {}))

    def z_report_pages(
        self, added_from: int, added_to: int, registerids: Sequence[str] = ()
    ) -> Iterator[list[msgspec.Raw]]:
        """Z-reports added in these seconds since 1970, both included, ready for `models.read_z_report`: of these
        registers, or of all.

        `/pos-z-reports` takes no `.json`, and no `fields` that we know of (reference 1.1, 1.4).
        """

        def registers() -> list[str]:
            return [register.registerid for site in self.sites() for register in self.registers(site.eshopid)]

        fetch = self._fetch("/pos-z-reports")
        if registerids:
            of_all, only = fetch, {"registerid": ",".join(registerids)}

            def fetch(params: Params) -> bytes:
                return of_all({**only, **params})

        return by_date_added(fetch, added_from, added_to, registers)

    # ------------------------------------------------------------------ what stands still, typed

    def sites(self) -> list[Site]:
        """The account's sites (markets)."""
        return self._list("/sites", Site)

    def settings(self, eshopid: int) -> SiteSettings:
        """A site's settings: currency, time zone, rounding."""
        path = f"/sites/{eshopid}/settings"
        return _decoded(self._get(f"{path}.json", {}), SiteSettings, path)

    def stores(self, eshopid: int) -> list[SitooStore]:
        """A site's shops."""
        return self._list(f"/sites/{eshopid}/stores", SitooStore)

    def registers(self, eshopid: int) -> list[CashRegister]:
        """A site's tills, also those no longer registered: old receipts still name them."""
        path = f"/sites/{eshopid}/cashregisters"
        return [_decoded(raw, CashRegister, path) for raw in self._all(path, {"includenotregistered": "true"})]

    def warehouses(self, eshopid: int) -> list[Warehouse]:
        """A site's stock places."""
        return self._list(f"/sites/{eshopid}/warehouses", Warehouse)

    def payment_types(self, eshopid: int) -> list[PaymentType]:
        """The payments a site's tills offer."""
        path = f"/sites/{eshopid}/pospaymenttypes"
        body = self._get(f"{path}.json", {"fields": ",".join(PaymentType.__struct_fields__)})
        return _decoded(body, list[PaymentType], path)

    def product_groups(self, eshopid: int) -> list[ProductGroup]:
        """A site's VAT groups."""
        return self._list(f"/sites/{eshopid}/productgroups", ProductGroup)

    def products(
        self, eshopid: int, *, skus: Sequence[str] = (), modified_after: int | None = None
    ) -> Iterator[list[Product]]:
        """Pages of a site's products, inactive ones too; of these SKUs or modified after that second, if given."""
        path = f"/sites/{eshopid}/products"
        params = {"includeinactive": "true", "fields": ",".join(Product.__struct_fields__)}
        if skus:
            params["sku"] = ",".join(skus)
        if modified_after is not None:
            params["datelastmodified"] = str(modified_after)
        for page in by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE):
            yield [_decoded(raw, Product, path) for raw in page]

    # ------------------------------------------------------------------ requests

    def request(self, method: str, path: str, *, params: Params | None = None, content: bytes | None = None) -> bytes:
        """The body of a successful answer, after as many retries as allowed.

        A GET is retried after 429, 5xx and connection trouble. A request that writes is retried after 429 only: then
        Sitoo did nothing, while after anything else it may have.
        """
        if self._read_only and method != "GET":
            raise SitooReadOnly(f"{method} {path}")

        def wait(error: Exception) -> bool | float:
            if not isinstance(error, SitooUnavailable):
                return False
            if method != "GET" and error.status != _TOO_MANY_REQUESTS:
                return False
            if error.asked_wait is None:
                return True
            return error.asked_wait if error.asked_wait <= self._retries.longest_wait else False

        with ExitStack() as slot:
            try:
                number = slot.enter_context(self._slot())
            except TimeoutError as error:
                raise SitooUnavailable(f"{method} {path}", f"not asked, {error}") from None
            return self._retrying(wait, self._send, self._keys[number], method, path, params or {}, content)

    def _send(self, key: ApiKey, method: str, path: str, params: Params, content: bytes | None) -> bytes:
        request = f"{method} {path}"
        headers = {"Content-Type": "application/json"} if content is not None else None
        try:
            response = self._http.request(
                method, path, params=params, content=content, headers=headers, auth=(key.id, key.password)
            )
        except httpx.TransportError as error:
            # `from None`: the transport's own exception carries the request with its credentials.
            raise SitooUnavailable(request, f"{type(error).__name__}, {error}") from None
        if response.is_success:
            return response.content
        raise _error(request, key.id, response)

    def _get(self, path: str, params: Params) -> bytes:
        return self.request("GET", path, params=params)

    def _fetch(self, path: str) -> Callable[[Params], bytes]:
        return lambda params: self._get(path, params)

    def _all(self, path: str, params: Params) -> Iterator[msgspec.Raw]:
        for page in by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE):
            yield from page

    def _list(self, path: str, kind: type[Record]) -> list[Record]:
        fields = ",".join(kind.__struct_fields__)
        return [_decoded(raw, kind, path) for raw in self._all(path, {"fields": fields})]


class _OnlyOrderId(msgspec.Struct):
    orderid: int


class _ErrorBody(msgspec.Struct):
    errortext: str


Decoded = TypeVar("Decoded")


def _decoded(body: bytes | msgspec.Raw, kind: type[Decoded], request: str) -> Decoded:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise SitooUnreadable(request, str(error)) from None


def _error(request: str, api_id: str, response: httpx.Response) -> SitooError:
    status = response.status_code
    try:
        text = msgspec.json.decode(response.content, type=_ErrorBody).errortext
    except (msgspec.MsgspecError, UnicodeDecodeError):
        text = response.reason_phrase
    if status in (401, 403):
        return SitooCredentialsRefused(request, api_id, status, text)
    if status == _TOO_MANY_REQUESTS or response.is_server_error:
        return SitooUnavailable(
            request, f"status {status}, {text}", status=status, asked_wait=_asked_wait(response.headers)
        )
    if response.is_client_error:
        return SitooRefused(request, status, text)
    return SitooUnreadable(request, f"status {status}")


def _asked_wait(headers: httpx.Headers) -> float | None:
    """Seconds Sitoo asks us to wait: `Retry-After` (seconds or a date), then `X-Rate-Limit-Reset` (epoch seconds).

    None when neither is there or the moment has passed. Which one Sitoo sends is not confirmed (reference 1.8).
    """
    now = time.time()
    wait = 0.0
    if retry_after := headers.get("Retry-After", "").strip():
        wait = float(retry_after) if retry_after.isdecimal() else _http_date(retry_after) - now
    elif (reset := headers.get("X-Rate-Limit-Reset", "").strip()).isdecimal():
        wait = float(reset) - now
    return wait if wait > 0 else None


def _http_date(text: str) -> float:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
