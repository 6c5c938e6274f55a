"""A hand-made trade of a few orders and Z-reports, and the Sitoo sandbox served over it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults.transport import TransportFaults
from sitoo_netsuite.sandbox.recorder import Recorder, Truth
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.app import Prerender, build_sitoo_app
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.stockroom import Stockroom
from sitoo_netsuite.sandbox.sitoo.users import Users
from sitoo_netsuite.sandbox.trade.store import DeliveryRow, OrderVersion, TradeStore, ZReportVersion
from sitoo_netsuite.sandbox.world import World, make_world

OPENING = 1_772_438_400  # 2026-03-02 08:00 UTC
KEYS = {"1500-140": "tills open at nine", "1500-141": "another", "1500-142": "a third"}


def order_body(world: World, orderid: int, orderdate: int, **changes: Any) -> dict[str, Any]:
    """A cash sale of one item, as Sitoo shows it in full."""
    shop = world.shops[0]
    register = shop.registers[0]
    return {
        "orderid": orderid,
        "eshopid": shop.eshopid,
        "externalid": None,
        "creditorderid": None,
        "email": "kim@example.com",
        "namefirst": "Kim",
        "namelast": "Tarnholm",
        "company": "",
        "personalid": "",
        "phone": "",
        "invoice_address": "",
        "comment": "",
        "moneytotal_net": "80.00",
        "moneytotal_vat": "20.00",
        "moneyfinal_net": "80.00",
        "moneyfinal_vat": "20.00",
        "moneyfinal_salestax": "0.00",
        "moneytotal_gross_roundoff": "0.00",
        "moneytotal_gross_all": "100.00",
        "checkouttypename": "Sitoo POS - Cash",
        "orderdate": orderdate,
        "orderstateid": 10,
        "paymentstateid": 20,
        "ordertypeid": 10,
        "registerid": register.registerid,
        "warehouseid": register.warehouseid,
        "datereserved": None,
        "currencycode": shop.currency,
        "additionaldata": {"pos-receiptid": f"{register.registerkey}{orderid}"},
        "orderitems": [
            {
                "orderitemid": 0,
                "orderitemtype": 10,
                "productid": 1,
                "productname": "Vase",
                "sku": "HOM-1",
                "quantity": 1,
                "vatvalue": 25,
                "moneyitemtotal_net": "80.00",
                "moneyitemtotal_vat": "20.00",
                "moneydiscount": "0.00",
                "decimalquantitytotal": "1.000",
                "additionaldata": {},
            }
        ],
        "payments": [{"name": "Cash", "moneyamount": "100.00", "additionaldata": {}}],
        **changes,
    }


def order_version(body: Mapping[str, Any], visible_from: int, version: int = 1) -> OrderVersion:
    """The row of an order body."""
    return OrderVersion(
        orderid=body["orderid"],
        version=version,
        visible_from=visible_from,
        orderdate=body["orderdate"],
        eshopid=body["eshopid"],
        registerid=body["registerid"],
        warehouseid=body["warehouseid"],
        orderstateid=body["orderstateid"],
        paymentstateid=body["paymentstateid"],
        ordertypeid=body["ordertypeid"],
        externalid=body["externalid"],
        receiptid=body["additionaldata"].get("pos-receiptid"),
        creditorderid=body["creditorderid"],
        email=body["email"],
        body=json.dumps(body),
    )


def z_version(world: World, zreportid: int, dateadded: int, *, shop: int = 0, **changes: Any) -> ZReportVersion:
    """The row of a Z-report with no sales in it, served from the second it was added."""
    place = world.shops[shop]
    register = place.registers[0]
    money = (
        "moneysalestotal", "moneysalestotalnet", "moneysalesnotdeliveredtotal", "moneysalesnotdeliveredtotalnet",
        "moneyrefundtotal", "moneyrefundtotalnet", "moneyroundoff", "moneysummarytotal", "moneycash_in",
        "moneycash_salesrefunds", "moneycash_petty", "moneycash_bank", "moneycash_expected", "moneycash_counted",
        "moneycash_diff", "moneycash_bankfinal", "moneycash_out", "moneygrandtotalsales", "moneygrandtotalrefund",
    )  # fmt: skip
    lists = (
        "vatgroupssales", "vatgroupssalesnotdelivered", "vatgroupsrefund", "paymentssales", "paymentsrefund",
    )  # fmt: skip
    body = {
        "zreportid": zreportid,
        "registerid": register.registerid,
        "registerkey": register.registerkey,
        "dateopened": dateadded - 3600,
        "datecreated": dateadded,
        "dateadded": dateadded,
        "eshopid": place.eshopid,
        "store_id": str(place.storeid),
        "currencycode": place.currency,
        "comment": "",
        **dict.fromkeys(money, "0.00"),
        **dict.fromkeys(("numsales", "numsalesnotdelivered", "numrefund"), 0),
        **{name: [] for name in lists},
        **changes,
    }
    return ZReportVersion(
        registerid=register.registerid,
        zreportid=zreportid,
        version=1,
        visible_from=dateadded,
        dateadded=dateadded,
        eshopid=place.eshopid,
        store_id=str(place.storeid),
        body=json.dumps(body),
    )


def handed_over(
    orderdeliveryid: int,
    order: Mapping[str, Any],
    visible_from: int,
    items: Mapping[int, int] | None = None,
) -> DeliveryRow:
    """The delivery of all rows of an order, or so many of the rows named, as it arrives."""
    quantities = items or {item["orderitemid"]: item["quantity"] for item in order["orderitems"]}
    body = {
        "orderdeliveryid": orderdeliveryid,
        "orderid": order["orderid"],
        "warehouseid": order["warehouseid"],
        "orderdeliveryitems": [{"orderitemid": place, "quantity": quantity} for place, quantity in quantities.items()],
    }
    return DeliveryRow(
        orderdeliveryid, order["orderid"], order["warehouseid"], visible_from, order["orderdate"], json.dumps(body)
    )


@dataclass(frozen=True)
class Served:
    """The Sitoo sandbox over a trade that a test can add to."""

    world: World
    store: TradeStore
    clock: SandboxClock
    catalogue: Catalogue
    users: Users
    stock: Stockroom
    root: str

    @property
    def account_url(self) -> str:
        return f"{self.root}/v2/accounts/{self.world.account_id}"

    def get(self, path: str, *, key: str = "1500-140", **params: Any) -> httpx.Response:
        """An authorised GET below the account's URL."""
        return httpx.get(f"{self.account_url}{path}", params=params, headers=authorization(key))

    def ask(self, method: str, path: str, body: Any = None, *, key: str = "1500-140") -> httpx.Response:
        """An authorised request below the account's URL; a body goes as JSON."""
        content = None if body is None else json.dumps(body)
        return httpx.request(method, f"{self.account_url}{path}", content=content, headers=authorization(key))

    def stats(self) -> dict[str, Any]:
        answer: dict[str, Any] = httpx.get(f"{self.root}/sandbox/stats").json()
        return answer

    def at(self, epoch: int) -> None:
        """Moves the clock to a second since 1970."""
        self.clock.set(datetime.fromtimestamp(epoch, UTC))

    def fault(self, **fault: Any) -> None:
        """Arms a fault."""
        httpx.post(f"{self.root}/sandbox/faults", json=fault).raise_for_status()


def authorization(key: str) -> dict[str, str]:
    """The Basic header of one of KEYS."""
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{KEYS[key]}".encode()).decode()}


@contextmanager
def served(
    folder: Path,
    *,
    orders: int = 25,
    latency_ms: int = 0,
    settings: SitooSettings | None = None,
    prerender: Prerender | None = None,
    prerender_items: Prerender | None = None,
    transport: TransportFaults | None = None,
    truth: Truth | None = None,
    world: World | None = None,
    before_request: Callable[[], None] | None = None,
    opening_stock: Mapping[int, dict[str, int]] | None = None,
) -> Iterator[Served]:
    """A Sitoo sandbox with orders 101, 102, ..., one a minute from OPENING on, each arriving as it is made.

    The clock stands at the last one. opening_stock: by warehouse and SKU, in thousandths.
    """
    world = world or make_world(seed=1, stores=2, days=1)
    store = TradeStore.create(folder / "trade.sqlite")
    for warehouseid, quantities in (opening_stock or {}).items():
        store.set_opening_stock(warehouseid, quantities)
    moments = [(101 + number, OPENING + 60 * number) for number in range(orders)]
    store.write(orders=[order_version(order_body(world, orderid, moment), moment) for orderid, moment in moments])
    store.write(deliveries=[DeliveryRow(1, 101, 1, OPENING, OPENING, '{"orderdeliveryid":1,"orderid":101}')])
    clock = SandboxClock(datetime.fromtimestamp(moments[-1][1] if moments else OPENING, UTC))
    app = build_sitoo_app(
        world,
        store,
        clock,
        keys=KEYS,
        recorder=Recorder(),
        latency_ms=latency_ms,
        settings=settings,
        prerender=prerender,
        prerender_items=prerender_items,
        transport=transport,
        truth=truth,
        before_request=before_request,
    )
    with serving(app) as root:
        yield Served(world, store, clock, app.state.catalogue, app.state.users, app.state.stock, root)
    store.close()
