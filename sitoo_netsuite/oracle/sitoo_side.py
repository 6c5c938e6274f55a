"""What Sitoo holds, read raw for the oracle: registers, Z-reports, orders.

Belongs here: which requests to make, and paging. Does not belong here: what an order means. Only fields that the rules
need are asked for; none of them is personal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import httpx

from sitoo_netsuite.oracle.asking import AskingError, ask
from sitoo_netsuite.oracle.records import Raw, waits_for_delivery

_ORDERS_PER_PAGE = 500
_ROWS_PER_PAGE = 1000
_IDS_PER_REQUEST = 100
_Z_REPORTS_PER_ANSWER = 500  # Sitoo's own limit; /pos-z-reports has no paging
_ORDER_FIELDS = (
    "orderid,eshopid,orderdate,ordertypeid,orderstateid,paymentstateid,registerid,warehouseid,currencycode,"
    "additionaldata,moneytotal_gross_roundoff,moneytotal_gross_all,orderitems,payments"
)


class SitooSide:
    """Read-only, one request at a time with one key. `environment` as run_oracle takes it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._base = environment["SITOO_URL"].rstrip("/")
        self._client = httpx.Client(auth=httpx.BasicAuth(*_credential(environment)), timeout=60.0)

    def __enter__(self) -> SitooSide:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def registers(self) -> dict[str, tuple[int, int]]:
        """{registerid: (storeid, warehouseid)}: a register belongs to the store of its warehouse. Those of no store are
        left out.
        """
        found = {}
        for site in self._get("sites.json")["items"]:
            place = f"sites/{site['eshopid']}"
            warehouses = {row["warehouseid"]: row.get("storeid") for row in self._rows(f"{place}/warehouses.json")}
            for register in self._rows(f"{place}/cashregisters.json", includenotregistered="true"):
                store = warehouses.get(register["warehouseid"])
                if store is not None:
                    found[register["registerid"]] = (store, register["warehouseid"])
        return found

    def warehouses(self) -> Iterator[Raw]:
        """Raw warehouses of every site, each with its `eshopid`."""
        for site in self._get("sites.json")["items"]:
            for row in self._rows(f"sites/{site['eshopid']}/warehouses.json"):
                yield {**row, "eshopid": site["eshopid"]}

    def warehouse_items(self, eshopid: int, warehouseid: int) -> Iterator[Raw]:
        """What a warehouse has, a raw row a SKU."""
        return self._rows(f"sites/{eshopid}/warehouses/{warehouseid}/warehouseitems.json")

    def warehouse_transactions(self, eshopid: int, warehouseid: int, created_from: int) -> Iterator[Raw]:
        """Raw transactions of a warehouse that were made at or after a moment (unix seconds), in order of their id."""
        next_id = 0
        while True:
            page = self._get(
                f"sites/{eshopid}/warehouses/{warehouseid}/warehousetransactions.json",
                warehousetransactionidfrom=str(next_id),
                datecreatedfrom=str(created_from),
                sort="warehousetransactionid",
                num=str(_ROWS_PER_PAGE),
            )["items"]
            yield from page
            if len(page) < _ROWS_PER_PAGE:
                return
            next_id = page[-1]["warehousetransactionid"] + 1

    def z_reports(self, added_from: int, registerid: str | None = None) -> Iterator[Raw]:
        """Raw Z-reports that reached Sitoo at or after a moment (unix seconds), of one register or of all."""
        seen: set[tuple[Any, Any]] = set()
        while True:
            query = {"dateaddedfrom": str(added_from)} | ({"registerid": registerid} if registerid else {})
            page = self._get("pos-z-reports", **query)
            fresh = [row for row in page if (row["registerid"], row["zreportid"]) not in seen]
            yield from fresh
            seen.update((row["registerid"], row["zreportid"]) for row in fresh)
            if not fresh:
                if len(page) >= _Z_REPORTS_PER_ANSWER:
                    raise AskingError(f"{len(page)} Z-reports were added in second {added_from}: cannot page past them")
                return
            added_from = page[-1]["dateadded"]

    def orders(self, sold_from: int, sold_before: int, undelivered_key: str) -> Iterator[Raw]:
        """Raw orders by their `orderdate` (unix seconds), in order of orderid, each once.

        An order to be delivered later carries its deliveries under `orderdeliveries`.
        """
        for order in self._orders_by_id(sold_from, sold_before, _ORDER_FIELDS):
            yield self._with_deliveries(order, undelivered_key)

    def undelivered_orders(self, sold_from: int, sold_before: int, undelivered_key: str) -> Iterator[Raw]:
        """As `orders`, but only those to be delivered later: the others are looked through without their lines."""
        waiting = [
            str(order["orderid"])
            for order in self._orders_by_id(sold_from, sold_before, "orderid,orderdate,additionaldata")
            if waits_for_delivery(order, undelivered_key)
        ]
        for start in range(0, len(waiting), _IDS_PER_REQUEST):
            ids = waiting[start : start + _IDS_PER_REQUEST]
            page = self._get("orders.json", orderid=",".join(ids), num=str(len(ids)), fields=_ORDER_FIELDS)
            for order in sorted(page["items"], key=lambda order: order["orderid"]):
                yield self._with_deliveries(order, undelivered_key)

    def _orders_by_id(self, sold_from: int, sold_before: int, fields: str) -> Iterator[Raw]:
        next_id = 0
        while True:
            page = self._get(
                "orders.json",
                orderidfrom=str(next_id),
                orderdatefrom=str(sold_from),
                orderdateto=str(sold_before),
                sort="orderid",
                num=str(_ORDERS_PER_PAGE),
                fields=fields,
            )["items"]
            if not page:
                return
            # Whether orderdateto is inclusive is not documented; ours is not.
            yield from (order for order in page if sold_from <= order["orderdate"] < sold_before)
            next_id = page[-1]["orderid"] + 1

    def _with_deliveries(self, order: Raw, undelivered_key: str) -> Raw:
        if not waits_for_delivery(order, undelivered_key):
            return order
        deliveries = self._rows(f"sites/{order['eshopid']}/orders/{order['orderid']}/orderdeliveries.json")
        return {**order, "orderdeliveries": tuple(deliveries)}

    def _rows(self, path: str, **query: str) -> Iterator[Raw]:
        start = 0
        while True:
            page = self._get(path, start=str(start), num=str(_ROWS_PER_PAGE), **query)
            rows = page["items"]
            yield from rows
            start += len(rows)
            if not rows or start >= page["totalcount"]:
                return

    def _get(self, path: str, **query: str) -> Any:
        return ask(self._client, "GET", f"{self._base}/{path}", params=query)


def _credential(environment: Mapping[str, str]) -> tuple[str, str]:
    if environment.get("SITOO_API_ID"):
        return environment["SITOO_API_ID"], environment["SITOO_API_PASSWORD"]
    api_id, _, password = environment["SITOO_API_KEYS"].split(",")[0].strip().partition(":")
    return api_id, password
