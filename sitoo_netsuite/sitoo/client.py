"""The Sitoo client: one request in flight per API key, retries with a limit, read-only mode.

Belongs here: what is asked and how. How lists are read to their end is in `paging`, what a record looks like in
`models`, what goes wrong in `errors`. Does not belong here: what is done with the records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    SitooUnclear,
    SitooUnreadable,
)
from sitoo_netsuite.sitoo.models import (
    ORDER_FIELDS,
    UNREADABLE,
    BatchAnswer,
    CashRegister,
    PaymentType,
    PriceList,
    PriceListItem,
    Product,
    ProductGroup,
    ProductVariants,
    Shipment,
    Site,
    SiteSettings,
    SitooStore,
    User,
    Warehouse,
    WarehouseItem,
    WarehouseTransaction,
    can_be_asked_for,
)
from sitoo_netsuite.sitoo.paging import (
    Params,
    by_date_added,
    by_offset,
    by_orderid,
    by_warehouse_transaction_id,
    decode_page,
    levels_by_offset,
)

Record = TypeVar("Record", bound=msgspec.Struct)
Slots = Callable[[], AbstractContextManager[int]]
"""Hands out the number of the key to use, for the length of a block; TimeoutError, before it, when none comes free."""

# Reference 1.5: 1000 rows are known to work, for orders 500. An id takes up to 20 characters of the address line.
_LIST_PAGE = 1000
_IDS_PER_REQUEST = 100
# Reference 1.4: archived ones and those that are not.
_ALL_SHIPMENTS = "10"
# A hundred SKUs of NetSuite's full length would be more than servers take in an address line (8,000 characters).
_LONGEST_LIST = 4000
_TOO_MANY_REQUESTS = 429

# The connection was not made, so nothing can have arrived.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


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
    """Reads a Sitoo account, writes its catalogue and moves its stock. Thread-safe: threads share its keys, a request
    at a time on each.

    `url` is the account's base URL as Backoffice shows it (`https://.../v2/accounts/<account>`); it is never derived.
    `slots` says which of `keys` a request may use: Sitoo counts connections per key over all processes, so several
    processes need slots they share. With `read_only` any request but GET is refused before it is sent.

    Every method raises a SitooError: SitooUnavailable (waiting) or one of the broken kinds; one that writes raises
    SitooUnclear too, when the write may or may not have been done.
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

    @property
    def most_requests(self) -> int:
        """How many requests it can have in flight at once: one on each key."""
        return len(self._keys)

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

    def shipments(self, shipmentids: Sequence[int]) -> list[Shipment]:
        """The shipments with these ids, archived ones too, a hundred at a time."""
        found: list[Shipment] = []
        for start in range(0, len(shipmentids), _IDS_PER_REQUEST):
            ids = ",".join(map(str, shipmentids[start : start + _IDS_PER_REQUEST]))
            params = {"fields": ",".join(Shipment.__struct_fields__), "shipmentid": ids, "archived": _ALL_SHIPMENTS}
            found += [_decoded(raw, Shipment, "/shipments") for raw in self._all("/shipments", params)]
        return found

    def payment_types(self, eshopid: int) -> list[PaymentType]:
        """The payments a site's tills offer."""
        path = f"/sites/{eshopid}/pospaymenttypes"
        body = self._get(f"{path}.json", {"fields": ",".join(PaymentType.__struct_fields__)})
        return _decoded(body, list[PaymentType], path)

    def product_groups(self, eshopid: int) -> list[ProductGroup]:
        """A site's VAT groups."""
        return self._list(f"/sites/{eshopid}/productgroups", ProductGroup)

    def price_lists(self, eshopid: int) -> list[PriceList]:
        """A site's price lists, also those out of use."""
        return self._list(f"/sites/{eshopid}/pricelists", PriceList)

    def products(self, eshopid: int) -> Iterator[list[Product]]:
        """Pages of a site's products, inactive ones too. Raises SitooUnreadable where one of them cannot be read."""
        path = f"/sites/{eshopid}/products"
        for page in self.product_pages(eshopid):
            yield [_decoded(raw, Product, path) for raw in page]

    # ------------------------------------------------------------------ what grows with the retailer, as raw records

    def product_pages(
        self,
        eshopid: int,
        *,
        skus: Iterable[str] | None = None,
        modified_after: int | None = None,
        fields: Sequence[str] = Product.__struct_fields__,
    ) -> Iterator[list[msgspec.Raw]]:
        """Pages of a site's products, inactive ones too, with these fields, ready for `models.read_product`.

        Of these SKUs, a hundred at a time, or of those modified after that second since 1970, if given. A SKU that
        cannot be asked for (`can_be_asked_for`) is left out: that it does not come says nothing about it.
        """
        path = f"/sites/{eshopid}/products"
        params = {"includeinactive": "true", "fields": ",".join(fields)}
        if modified_after is not None:
            params["datelastmodified"] = str(modified_after)
        if skus is None:
            yield from by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE)
            return
        for some in _address_lines(sorted(sku for sku in set(skus) if can_be_asked_for(sku))):
            params["sku"] = ",".join(some)
            yield from by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE)

    def price_list_item_pages(self, eshopid: int, pricelistid: int) -> Iterator[list[msgspec.Raw]]:
        """Pages of the prices in a price list, ready for `models.read_price_list_item`. Nothing narrows them."""
        path = f"/sites/{eshopid}/pricelists/{pricelistid}/pricelistitems"
        params = {"fields": ",".join(PriceListItem.__struct_fields__)}
        return by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE)

    def user_pages(
        self, eshopid: int, *, userids: Iterable[str] | None = None, email: str | None = None
    ) -> Iterator[list[msgspec.Raw]]:
        """Pages of a site's users, staff among them, ready for `models.read_user`; with these ids, or this address.

        Nothing filters users by a modified date (reference 1.4).
        """
        path = f"/sites/{eshopid}/users"
        params = {"fields": ",".join(User.__struct_fields__)}
        if email is not None:
            params["email"] = email
        if userids is None:
            yield from by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE)
            return
        for some in _address_lines(sorted(set(userids))):
            params["userid"] = ",".join(some)
            yield from by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE)

    # ------------------------------------------------------------------ stock, as raw records

    def warehouse_item_pages(
        self,
        eshopid: int,
        warehouseid: int,
        *,
        skus: Iterable[str] | None = None,
        modified_from: int | None = None,
        modified_to: int | None = None,
    ) -> Iterator[list[msgspec.Raw] | list[WarehouseItem]]:
        """Pages of a warehouse's levels, ready for `models.read_warehouse_items`.

        Of these SKUs, a hundred at a time, or of those that changed in a window of seconds since 1970, if given;
        whether Sitoo includes the window's end is unknown. A SKU that cannot be asked for is left out.
        """
        path = f"/sites/{eshopid}/warehouses/{warehouseid}/warehouseitems"
        params = {"fields": ",".join(WarehouseItem.__struct_fields__)}
        if modified_from is not None:
            params["datelastmodifiedfrom"] = str(modified_from)
        if modified_to is not None:
            params["datelastmodifiedto"] = str(modified_to)
        if skus is None:
            yield from levels_by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE)
            return
        for some in _address_lines(sorted(sku for sku in set(skus) if can_be_asked_for(sku))):
            params["sku"] = ",".join(some)
            yield from levels_by_offset(self._fetch(f"{path}.json"), path, params, _LIST_PAGE)

    def warehouse_transaction_pages(
        self,
        eshopid: int,
        *,
        id_from: int = 0,
        created_from: int | None = None,
        created_to: int | None = None,
    ) -> Iterator[list[msgspec.Raw]]:
        """Pages of a site's stock movements of all kinds by rising id, with their items, ready for
        `models.read_warehouse_transaction`; ends when there are no more.

        `id_from` is the first id wanted. The dates (seconds since 1970) narrow by `datecreated`; whether Sitoo includes
        the end is unknown.
        """
        path = f"/sites/{eshopid}/warehousetransactions"
        params = {"fields": ",".join(WarehouseTransaction.__struct_fields__)}
        if created_from is not None:
            params["datecreatedfrom"] = str(created_from)
        if created_to is not None:
            params["datecreatedto"] = str(created_to)
        return by_warehouse_transaction_id(self._fetch(f"{path}.json"), path, params, id_from, _LIST_PAGE)

    # ------------------------------------------------------------------ what is written: the catalogue and stock

    def create_products(self, eshopid: int, products: Sequence[Mapping[str, object]]) -> list[BatchAnswer]:
        """Makes products, each with at least its `sku`; an answer for each, in order, with its productid.

        Never sent twice: after SitooUnclear look for the SKUs.
        """
        return self._batch("POST", f"/sites/{eshopid}/products", products)

    def update_products(self, eshopid: int, products: Sequence[Mapping[str, object]]) -> list[BatchAnswer]:
        """Changes the named fields of products, each with its `productid`; an answer for each, in order.

        `moneyprice` writes price list 1. A barcode is taken away by "", never null (reference section 4).
        """
        return self._batch("PUT", f"/sites/{eshopid}/products", products)

    def set_price_list_items(
        self, eshopid: int, pricelistid: int, items: Sequence[Mapping[str, object]]
    ) -> list[BatchAnswer]:
        """Sets prices in a list, each with `productid` or `sku` and `moneyprice`; an answer for each, in order."""
        return self._batch("PUT", f"/sites/{eshopid}/pricelists/{pricelistid}/pricelistitems", items)

    def product_variants(self, eshopid: int, productid: int) -> ProductVariants:
        """The variant group a product belongs to, to be changed and given to `put_variants` whole."""
        path = f"/sites/{eshopid}/products/{productid}/productvariants"
        return _decoded(self._get(f"{path}.json", {}), ProductVariants, path)

    def put_variants(self, eshopid: int, productid: int, variants: ProductVariants) -> None:
        """Replaces the variant group of a main variant by this one. Products left out of it are deleted by Sitoo.

        Every field of every variant is needed, deprecated ones too; productid 0 makes a product (reference 1.3, 4).
        """
        path = f"/sites/{eshopid}/products/{productid}/productvariants"
        answer = self.request("PUT", f"{path}.json", content=msgspec.json.encode(variants))
        if answer.strip() != b"true":
            raise SitooUnclear(f"PUT {path}", f"the answer is not `true` but {len(answer)} bytes of something else")

    def create_warehouse_transactions(
        self, eshopid: int, transactions: Sequence[Mapping[str, object]]
    ) -> list[BatchAnswer]:
        """Moves stock, each by `warehouseid`, `transactiontype` and signed `items`; an answer for each, with its id.

        Never sent twice: after SitooUnclear look for the external ids, which Sitoo may take a second time (reference
        1.8). At most 1,000 items in one request (1.7); virtual warehouses take none (4).
        """
        return self._batch("POST", f"/sites/{eshopid}/warehousetransactions", transactions)

    def put_warehouse_items(
        self, eshopid: int, warehouseid: int, items: Sequence[Mapping[str, object]]
    ) -> list[BatchAnswer]:
        """Sets levels in a virtual warehouse, each by `sku` and `decimaltotal`; an answer for each, in order.

        Setting the same level again changes nothing, so that an unclear answer may be followed by the same request.
        """
        return self._batch("PUT", f"/sites/{eshopid}/warehouses/{warehouseid}/warehouseitems", items)

    def _batch(self, method: str, path: str, records: Sequence[Mapping[str, object]]) -> list[BatchAnswer]:
        """A batch (reference 1.7): always an array, so that each record has an answer of its own."""
        if not records:
            return []
        body = self.request(method, f"{path}.json", content=msgspec.json.encode(records))
        try:
            answers = msgspec.json.decode(body, type=list[BatchAnswer])
        except UNREADABLE as error:
            raise SitooUnclear(f"{method} {path}", str(error)) from None
        if len(answers) != len(records):
            raise SitooUnclear(f"{method} {path}", f"{len(answers)} answers for {len(records)} records")
        return answers

    # ------------------------------------------------------------------ requests

    def request(self, method: str, path: str, *, params: Params | None = None, content: bytes | None = None) -> bytes:
        """The body of a successful answer, after as many retries as allowed.

        A GET is retried after 429, 5xx and connection trouble. A request that writes is retried after 429, or when no
        connection came about: then Sitoo did nothing. After anything else it may have, and SitooUnclear is raised.
        """
        if self._read_only and method != "GET":
            raise SitooReadOnly(f"{method} {path}")

        def wait(error: Exception) -> bool | float:
            if not isinstance(error, SitooUnavailable):
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
            what = f"{type(error).__name__}, {error}"
            if method == "GET" or isinstance(error, _NOT_SENT):
                raise SitooUnavailable(request, what) from None
            raise SitooUnclear(request, what) from None
        if response.is_success:
            return response.content
        raise _error(request, key.id, response, writes=method != "GET")

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


def _address_lines(names: Iterable[str]) -> Iterator[list[str]]:
    """The names in lists short enough for an address line."""
    some: list[str] = []
    length = 0
    for name in names:
        if len(some) == _IDS_PER_REQUEST or (some and length + len(name) > _LONGEST_LIST):
            yield some
            some, length = [], 0
        some.append(name)
        length += len(name) + 1
    if some:
        yield some


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


def _error(request: str, api_id: str, response: httpx.Response, *, writes: bool) -> SitooError:
    status = response.status_code
    text = _error_text(response)
    if status in (401, 403):
        return SitooCredentialsRefused(request, api_id, status, text or response.reason_phrase)
    if status == _TOO_MANY_REQUESTS or (response.is_server_error and not writes):
        what = f"status {status}, {text or response.reason_phrase}"
        return SitooUnavailable(request, what, status=status, asked_wait=_asked_wait(response.headers))
    if response.is_client_error and (text is not None or not writes):
        return SitooRefused(request, status, text or response.reason_phrase)
    if writes:
        # Only Sitoo's own refusal proves that nothing was done.
        return SitooUnclear(request, f"status {status}, {text or response.reason_phrase}")
    return SitooUnreadable(request, f"status {status}")


def _error_text(response: httpx.Response) -> str | None:
    """Sitoo's own words; None when the answer is somebody else's."""
    try:
        return msgspec.json.decode(response.content, type=_ErrorBody).errortext
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


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
