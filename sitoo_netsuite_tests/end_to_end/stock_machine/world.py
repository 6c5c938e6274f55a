"""The retailer that the machine drives: both sandboxes, a database, clients of ours, and people's hands on both sides.

Belongs here: making a retailer at rest, quickly and always the same, and doing to it what people and tills do. Does not
belong here: what ought to come of it (`truth`), and in which order things happen (`machine`).

A sequence has sandboxes and a database of its own, so that it goes the same way whenever it is run again. The servers
stay, and the database is copied from one in which everything that never changes was landed before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, LiteralString, TypeVar
from uuid import uuid4

import psycopg
import yaml
from psycopg import sql

from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.flows.catalogue.netsuite_side import land_items
from sitoo_netsuite.flows.sales.landing import land_registers
from sitoo_netsuite.flows.stock.sitoo_landing import land_warehouses
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.client import Retries as NetSuiteRetries
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.tba import TokenBasedLogin, TokenCredentials
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.answers import error_answer
from sitoo_netsuite.sandbox.netsuite.app import build_netsuite_app
from sitoo_netsuite.sandbox.netsuite.errors import too_many_requests, user_error
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES, TILL_FIELD
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, TokenBasedCredentials
from sitoo_netsuite.sandbox.netsuite.stock_hands import StockHands
from sitoo_netsuite.sandbox.netsuite.values import Draft, Value
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.answers import SitooError, error_response
from sitoo_netsuite.sandbox.sitoo.app import build_sitoo_app
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.stockroom import Stockroom
from sitoo_netsuite.sandbox.trade.store import DeliveryRow, OrderVersion, TradeStore
from sitoo_netsuite.sandbox.world import Shop, World, make_world, opening_stock
from sitoo_netsuite.sitoo.client import ApiKey, Retries, SitooClient
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite_tests.conftest import on_database
from sitoo_netsuite_tests.end_to_end.stock_machine.doors import Door, Killing

T = TypeVar("T")

KIT, UNMATCHED, NOT_AT_THE_TILLS = "KIT-001", "NEW-001", "BOOK-001"
"""A kit; a product that the tills sell and NetSuite lacks; an item of NetSuite that Sitoo lacks. Both come to be."""

_FIRST_DAY = date(2026, 3, 2)
_OPENING = datetime(2026, 3, 3, 7, tzinfo=UTC)
DAYS = 4
"""How many trading days there can be."""

_SITOO_KEY = ApiKey("1500-140", "tills open at nine")
_TOKEN = TokenCredentials("consumer-key", "s3cret-of-the-consumer", "token-id", "s3cret-of-the-token")
_RETRY_SECONDS = "0.001"


def small_world() -> World:
    """Two shops in Sweden and one in the United Kingdom; two things, a kit of them, and one that NetSuite lacks."""
    made = make_world(seed=1, stores=3, days=DAYS, start=_FIRST_DAY, hard_to_stock=True)
    first, second = made.products[:2]
    kit = next(product for product in made.products if product.sku == KIT)
    unmatched = replace(first, productid=9001, sku=UNMATCHED, barcode="", netsuite_item=None)
    return replace(made, products=(first, second, kit, unmatched), customers=(), matrix_parents=())


def machine_estate(world: World) -> Estate:
    """The sandbox's estate; stock goes both ways, as the day goes on."""
    raw = yaml.safe_load(estate_yaml(world, retry_seconds=_RETRY_SECONDS))
    raw["stock"] |= {"feed": "during_day", "push": True}
    for books in raw["books"]:
        # So that what a supplier delivers to a store is booked, and not a case.
        books["stock"]["supplied"] = books["stock"]["adjustments"]
    # One request at a time, so that a sequence goes the same way each time it is run.
    raw.setdefault("netsuite", {})["slots"] = 1
    return parse_estate(raw, "the machine's estate")


@dataclass
class Retailer:
    """One retailer, in one sequence. Raises what its clients and the database raise."""

    world: World
    estate: Estate
    clock: SandboxClock
    store: TradeStore
    account: Account
    hands: StockHands
    stock: Stockroom
    catalogue: Catalogue
    sitoo_door: Door
    netsuite_door: Door
    killing: Killing
    database_url: str
    connection: psycopg.Connection
    sitoo: SitooClient
    netsuite: NetSuiteClient
    loop: asyncio.Runner
    orders: int = 0
    deliveries: int = 0

    @property
    def shops(self) -> tuple[Shop, ...]:
        return self.world.shops

    @property
    def first_day(self) -> date:
        return self.world.start

    @property
    def last_day(self) -> date:
        return self.world.start + timedelta(days=DAYS - 1)

    def now(self) -> datetime:
        return self.clock.now()

    def later(self, **by: float) -> None:
        self.clock.set(self.clock.now() + timedelta(**by))

    def ask(self, work: Callable[[NetSuiteClient], Awaitable[T]]) -> T:
        """The result of work that needs a NetSuite client."""

        async def run() -> T:
            return await work(self.netsuite)

        return self.loop.run(run())

    def connect_again(self) -> None:
        """A new run's session, after the last one was killed."""
        self.connection.close()
        self.connection = connect(self.database_url)

    # ---------------------------------------------------------------- at the tills

    def sell(
        self,
        shop: Shop,
        sku: str,
        units: int,
        sold_at: datetime,
        *,
        taken_back_to: int | None = None,
        for_later: bool = False,
    ) -> int:
        """A receipt reaches Sitoo now; its orderid. Its goods were handed over when they were sold, or will be later.

        Negative units came back, to the shop's warehouse unless another one is named.
        """
        self.orders += 1
        orderid, epoch = 20_000 + self.orders, int(sold_at.timestamp())
        row_data = {} if taken_back_to is None else {"return-warehouseid": str(taken_back_to)}
        order_data = {self.estate.sitoo.undelivered_key: str(shop.warehouseid)} if for_later else {}
        body = _order_body(shop, orderid, epoch, sku, units, order_data, row_data)
        version = OrderVersion(
            orderid, 1, self.clock.epoch(), epoch, shop.eshopid, shop.registers[0].registerid, shop.warehouseid, 10,
            20, 10, None, body["additionaldata"]["pos-receiptid"], None, "", json.dumps(body),
        )  # fmt: skip
        self.store.write(orders=[version])
        if not for_later:
            self.hand_over(shop, orderid, units, sold_at)
        return orderid

    def hand_over(self, shop: Shop, orderid: int, units: int, moment: datetime) -> None:
        """Goods of an order are handed over, as Sitoo hears now."""
        self.deliveries += 1
        epoch, deliveryid = int(moment.timestamp()), 50_000 + self.deliveries
        body = {
            "orderdeliveryid": deliveryid,
            "orderid": orderid,
            "warehouseid": shop.warehouseid,
            "datedelivery": epoch,
            "orderdeliveryitems": [{"orderitemid": 0, "quantity": units}],
        }
        row = DeliveryRow(deliveryid, orderid, shop.warehouseid, self.clock.epoch(), epoch, json.dumps(body))
        self.store.write(deliveries=[row])
        with self.stock.levels.at():
            pass  # the goods' movement takes its id now

    def set_late_commits(self, seconds: int | None) -> None:
        """From now on the tills' movements take their id at once and are there so much later; None: at once."""
        every = None if seconds is None else 1
        levels = self.stock.levels
        levels.settings = replace(levels.settings, late_commit_every=every, late_commit_seconds=seconds or 0)

    # ---------------------------------------------------------------- in the offices

    def make_item(self, sku: str) -> None:
        """Somebody enters an item into NetSuite."""
        owners: list[dict[str, Value | None]] = [{"id": owner} for owner in sorted({s.subsidiary for s in self.shops})]
        fields: dict[str, Value | None] = {"itemId": sku, "displayName": sku, TILL_FIELD: True}
        draft = Draft(fields=fields, sublists={"subsidiary": owners})
        self.account.create(RECORD_TYPES["inventoryItem"], draft)

    def correct_receipt(self, receipt: Record, units: int) -> Record:
        """Somebody changes how much came in by an item receipt of one line; the record as it is now."""
        line: dict[str, Value | None] = {**receipt.sublists["item"][0], "quantity": Decimal(units)}
        self.account.update(receipt, Draft(sublists={"item": [line]}), frozenset({"item"}))
        return self.account.get(receipt.record_type, receipt.internal_id)

    def make_product(self, sku: str) -> None:
        """Somebody enters a product into every site of Sitoo."""
        for site in self.world.sites:
            self.catalogue.add_product(site.eshopid, sku=sku, title=sku, stockcountenable=True, activepos=True)

    # ---------------------------------------------------------------- as they are

    def on_hand(self, shop: Shop, sku: str) -> int:
        """What NetSuite has there, in thousandths; 0 of an item it does not know."""
        try:
            item = self.account.item_by_sku(sku)
        except KeyError:
            return 0
        return int(self.account.stock(item, shop.location).quantity.scaleb(3))

    def in_sitoo(self, shop: Shop, sku: str) -> int:
        """What Sitoo has there, in thousandths."""
        return self.stock.level(shop.warehouseid, sku).total_milli


@dataclass
class Stage:
    """What stays from sequence to sequence: the two servers, our clients, and the database that is copied for each."""

    world: World
    estate: Estate
    server_url: str
    template: str
    sitoo_door: Door
    netsuite_door: Door
    killing: Killing
    sitoo: SitooClient
    netsuite: NetSuiteClient
    loop: asyncio.Runner
    folder: Path

    @contextmanager
    def retailer(self) -> Iterator[Retailer]:
        """A retailer at rest, at seven in the morning of its second trading day."""
        name = f"sequence_{uuid4().hex}"
        with connect(self.server_url) as server:
            _run(server, "create database {} template {}", name, self.template)
            try:
                with self._open(on_database(self.server_url, name), server) as retailer:
                    yield retailer
            finally:
                _run(server, "drop database {} with (force)", name)

    @contextmanager
    def _open(self, database_url: str, server: psycopg.Connection) -> Iterator[Retailer]:
        clock = SandboxClock(_OPENING)
        path = self.folder / f"{uuid4().hex}.sqlite"
        with ExitStack() as stack:
            store = TradeStore.create(path)
            stack.callback(path.unlink)
            stack.callback(store.close)
            for shop in self.world.shops:
                stock = opening_stock(self.world, shop.warehouseid)
                del stock[UNMATCHED]
                store.set_opening_stock(shop.warehouseid, stock)
            sitoo_app = build_sitoo_app(
                self.world, store, clock, keys={_SITOO_KEY.id: _SITOO_KEY.password}, recorder=Recorder()
            )
            credentials = Credentials(
                self.world.netsuite_account, "an-integration", {}, TokenBasedCredentials(**asdict(_TOKEN))
            )
            netsuite_app = build_netsuite_app(self.world, clock, credentials=credentials, recorder=Recorder())
            self.sitoo_door.app, self.netsuite_door.app = sitoo_app, netsuite_app
            account = netsuite_app.state.account
            offsets = {
                entry.subsidiary: entry.internal_id
                for entry in self.world.accounts
                if entry.role == "stock adjustments"
            }
            retailer = Retailer(
                world=self.world,
                estate=self.estate,
                clock=clock,
                store=store,
                account=account,
                hands=StockHands(account, offsets),
                stock=sitoo_app.state.stock,
                catalogue=sitoo_app.state.catalogue,
                sitoo_door=self.sitoo_door,
                netsuite_door=self.netsuite_door,
                killing=self.killing,
                database_url=database_url,
                connection=connect(database_url),
                sitoo=self.sitoo,
                netsuite=self.netsuite,
                loop=self.loop,
            )
            stack.callback(lambda: retailer.connection.close())
            retailer.make_item(NOT_AT_THE_TILLS)
            self._calm(retailer, server)
            yield retailer

    def _calm(self, retailer: Retailer, server: psycopg.Connection) -> None:
        for door in (self.sitoo_door, self.netsuite_door):
            door.fates.clear()
            door.late.clear()
            door.struck.clear()
        self.killing.live_again()

        def strike() -> None:
            pid = retailer.connection.info.backend_pid
            server.execute("select pg_terminate_backend(%s, 5000)", [pid])

        self.killing.strike = strike


@contextmanager
def stage(server_url: str, migrated: str) -> Iterator[Stage]:
    """The servers, on any free ports. server_url: a database of a PostgreSQL server; migrated: the name of another one
    there, with our tables and nothing in them.
    """
    world = small_world()
    killing = Killing(strike=lambda: None)
    sitoo_door = Door(
        killing,
        writes=lambda method, path: method == "POST",
        refusal=lambda: error_response(SitooError(400, "Invalid value"), SitooSettings()),
        busy=lambda: error_response(SitooError(429), SitooSettings()),
    )
    netsuite_door = Door(
        killing,
        writes=lambda method, path: method == "POST" and "/record/" in path,
        refusal=lambda: error_answer(user_error("Somebody's script says no.")),
        busy=lambda: error_answer(too_many_requests(None)),
    )
    template = f"at_rest_{uuid4().hex}"
    with ExitStack() as stack, connect(server_url) as server:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="stock-machine-")))
        sitoo_door.url = stack.enter_context(serving(sitoo_door))
        netsuite_door.url = stack.enter_context(serving(netsuite_door))
        loop = stack.enter_context(asyncio.Runner())
        sitoo_url = f"{sitoo_door.url}/v2/accounts/{world.account_id}"
        quick = Retries(attempts=2, first_wait=0.001, longest_wait=0.002)
        netsuite = NetSuiteClient(
            url=netsuite_door.url,
            login=TokenBasedLogin(world.netsuite_account, _TOKEN),
            slots=slots_in_process(1),
            retries=NetSuiteRetries(attempts=2, first_wait=0.001, longest_wait=0.002),
        )
        loop.run(netsuite.__aenter__())
        stack.callback(lambda: loop.run(netsuite.__aexit__(None, None, None)))
        made = Stage(
            world=world,
            estate=machine_estate(world),
            server_url=server_url,
            template=migrated,
            sitoo_door=sitoo_door,
            netsuite_door=netsuite_door,
            killing=killing,
            sitoo=stack.enter_context(SitooClient(sitoo_url, [_SITOO_KEY], retries=quick)),
            netsuite=netsuite,
            loop=loop,
            folder=folder,
        )
        with made.retailer() as retailer:
            _land_what_stays(retailer)
            retailer.connection.close()
            _run(server, "create database {} template {}", template, _database_of(retailer.database_url))
        stack.callback(lambda: _drop(server_url, template))
        made.template = template
        yield made


def _land_what_stays(retailer: Retailer) -> None:
    connection, estate, now = retailer.connection, retailer.estate, retailer.now()
    land_registers(connection, retailer.sitoo, estate, now)
    land_warehouses(connection, retailer.sitoo, now)
    retailer.ask(lambda client: land_items(connection, client, estate, now))


def _order_body(
    shop: Shop,
    orderid: int,
    orderdate: int,
    sku: str,
    units: int,
    order_data: Mapping[str, str],
    row_data: Mapping[str, str],
) -> dict[str, Any]:
    """A cash receipt of one row; its money is of no interest here, and right."""
    register, vat, net = shop.registers[0], 20 * units, 80 * units
    money = {"moneyfinal_net": f"{net}.00", "moneyfinal_vat": f"{vat}.00"}
    return {
        "orderid": orderid,
        "eshopid": shop.eshopid,
        "externalid": None,
        "creditorderid": None,
        "email": "",
        "moneytotal_net": f"{net}.00",
        "moneytotal_vat": f"{vat}.00",
        **money,
        "moneyfinal_salestax": "0.00",
        "moneytotal_gross_roundoff": "0.00",
        "moneytotal_gross_all": f"{net + vat}.00",
        "checkouttypename": "Sitoo POS - Cash",
        "orderdate": orderdate,
        "orderstateid": 10,
        "paymentstateid": 20,
        "ordertypeid": 10,
        "registerid": register.registerid,
        "warehouseid": shop.warehouseid,
        "datereserved": None,
        "currencycode": shop.currency,
        "additionaldata": {"pos-receiptid": f"{register.registerkey}{orderid}", **order_data},
        "orderitems": [
            {
                "orderitemid": 0,
                "orderitemtype": 10,
                "productid": 1,
                "productname": sku,
                "sku": sku,
                "quantity": units,
                "decimalunitquantity": None,
                "vatvalue": 25,
                "moneyitemtotal_net": f"{net}.00",
                "moneyitemtotal_vat": f"{vat}.00",
                "moneydiscount": "0.00",
                "decimalquantitytotal": f"{units}.000",
                "additionaldata": dict(row_data),
            }
        ],
        "payments": [{"name": "Cash", "moneyamount": f"{net + vat}.00", "additionaldata": {}}],
    }


def _database_of(url: str) -> str:
    return url.rpartition("/")[2].partition("?")[0]


def _drop(server_url: str, name: str) -> None:
    with connect(server_url) as server:
        _run(server, "drop database {} with (force)", name)


def _run(server: psycopg.Connection, statement: LiteralString, *names: str) -> None:
    server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
