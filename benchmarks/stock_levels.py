"""Reading every level of Sitoo's stock, and pushing 10,000 of NetSuite's movements to it.

Belongs here: the landing of levels beside a loop that asks for the same pages and throws them away, their requests
beside the fewest there can be, and pushes through the whole flow. Sitoo's pages are rendered beforehand and served by a
process of their own, with four keys; the loop and the landing use the same four, a connection each. PostgreSQL is the
embedded server with its ordinary settings, `fsync` on. Does not belong here: comparing landed levels (`stock`).
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import ceil
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec
import psycopg

from sitoo_netsuite import settings
from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.flows.catalogue.netsuite_side import land_items
from sitoo_netsuite.flows.stock.netsuite_landing import land_movements
from sitoo_netsuite.flows.stock.push_steps import push_stock
from sitoo_netsuite.flows.stock.sitoo_landing import (
    land_sitoo_levels,
    land_warehouse_transactions,
    land_warehouses,
)
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.app import Prerender, build_sitoo_app
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import World, make_world
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.sitoo.models import WarehouseItem
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import upgrade
from sitoo_netsuite.warehouse.server import ensure_server, stop_server

# As the client asks.
_PAGE = 1000
_FIELDS = ",".join(WarehouseItem.__struct_fields__)
_KEYS = [ApiKey(f"1500-{140 + number}", f"a password of key {number}") for number in range(4)]
# Of what is pushed: stores, SKUs of an adjustment, requests to NetSuite at once, and what Sitoo takes at once.
_PUSH_STORES, _SKUS_OF_ONE, _AT_ONCE, _PUSHES_OF_ONE = 20, 5, 5, 200
_NOW = datetime(2026, 3, 4, 3, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Measured:
    """A step: levels or movements, seconds, its requests and the fewest there can be; `ratio`: seconds as a multiple of
    the throw-away loop's, None where there is none.
    """

    step: str
    things: int
    seconds: float
    requests: int
    floor: int
    ratio: float | None = None


def run(stores: int, skus: int, movements: int) -> Iterator[Measured]:
    """Both, each over a database of its own."""

    def landing(connection: psycopg.Connection, folder: Path) -> list[Measured]:
        return measure_landing(connection, stores, skus, folder)

    def pushing(connection: psycopg.Connection, folder: Path) -> list[Measured]:
        return measure_pushes(connection, movements)

    for measure in (landing, pushing):
        with TemporaryDirectory(prefix="sitoo-netsuite-levels-") as folder:
            database = Path(folder) / "postgres"
            url = ensure_server(database)
            try:
                upgrade(url)
                with connect(url) as connection:
                    yield from measure(connection, Path(folder))
            finally:
                stop_server(database)


def measure_landing(connection: psycopg.Connection, stores: int, skus: int, folder: Path) -> list[Measured]:
    """The throw-away loop, a first landing into empty tables, and one in which nothing changed.

    Raises RuntimeError when a level was not landed, or the sandbox does not start.
    """
    with _served_levels(stores, skus, folder) as (base, warehouses):
        return list(_land(connection, base, warehouses, stores, skus))


def _land(
    connection: psycopg.Connection, base: str, warehouses: Mapping[int, Sequence[int]], stores: int, skus: int
) -> Iterator[Measured]:
    levels, floor, root = stores * skus, stores * ceil(skus / _PAGE), base.partition("/v2/")[0]
    _throw_away(base, warehouses, skus)  # once before anything is measured: the files are in memory, the routes known
    begun = time.perf_counter()
    _throw_away(base, warehouses, skus)
    loop = time.perf_counter() - begun
    yield Measured("read and throw away", levels, loop, floor, floor, 1.0)
    with SitooClient(base, _KEYS) as client:
        for step in ("land, first", "land, unchanged"):
            before = _answered(root, "warehouseitems")
            begun = time.perf_counter()
            land_sitoo_levels(connection, client, warehouses, _NOW, whole=True)
            seconds = time.perf_counter() - begun
            yield Measured(step, levels, seconds, _answered(root, "warehouseitems") - before, floor, seconds / loop)
    row = connection.execute("select count(*) from landing.sitoo_levels").fetchone()
    if row is None or row[0] != levels:
        raise RuntimeError(f"{row} levels were landed of {levels}")


def _throw_away(base: str, warehouses: Mapping[int, Sequence[int]], skus: int) -> None:
    """Every page of every warehouse, four at once, of which nothing is kept."""
    places = iter([(site, warehouse) for site, of_site in warehouses.items() for warehouse in of_site])

    def read(key: ApiKey) -> None:
        with httpx.Client(auth=(key.id, key.password), timeout=60) as client:
            for site, warehouse in places:
                for start in range(0, skus, _PAGE):
                    params = {"fields": _FIELDS, "start": str(start), "num": str(_PAGE)}
                    address = f"{base}/sites/{site}/warehouses/{warehouse}/warehouseitems.json"
                    client.get(address, params=params).raise_for_status()

    with ThreadPoolExecutor(len(_KEYS)) as pool:
        list(pool.map(read, _KEYS))


@contextmanager
def _served_levels(stores: int, skus: int, folder: Path) -> Iterator[tuple[str, dict[int, list[int]]]]:
    """Sitoo in a process of its own: its address, and the shops' warehouses by site."""
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe(duplex=False)
    ended = spawn.Event()
    process = spawn.Process(target=_serve_levels, args=(there, ended, stores, skus, folder))
    process.start()
    try:
        while not here.poll(0.1):
            if not process.is_alive():
                raise RuntimeError("the sandbox did not start; its own message stands above")
        base, warehouses = here.recv()
        yield base, warehouses
    finally:
        ended.set()
        process.join()


def _serve_levels(answer: Connection, ended: Event, stores: int, skus: int, folder: Path) -> None:
    world = _world(stores, skus)
    clock = SandboxClock(_NOW)
    keys = {key.id: key.password for key in _KEYS}
    prerender = Prerender(_FIELDS, _PAGE, folder / "pages")
    store = TradeStore.create(folder / "trade")
    try:
        for shop in world.shops:
            store.set_opening_stock(shop.warehouseid, {product.sku: 50_000 for product in world.products})
        app = build_sitoo_app(world, store, clock, keys=keys, recorder=Recorder(), prerender_items=prerender)
        with serving(app, 0) as url:
            warehouses: dict[int, list[int]] = {}
            for shop in world.shops:
                warehouses.setdefault(shop.eshopid, []).append(shop.warehouseid)
            answer.send((f"{url}/v2/accounts/{world.account_id}", warehouses))
            ended.wait()
    finally:
        store.close()


def measure_pushes(connection: psycopg.Connection, movements: int) -> list[Measured]:
    """So many of NetSuite's movements (a SKU of an adjustment at a store) landed and pushed to Sitoo, by the steps of
    the job. Raises RuntimeError when Sitoo does not show each of them once.
    """
    with running_sandbox(SandboxOptions(stores=_PUSH_STORES, days=1, receipts=5, seed=1)) as sandbox:
        return _push(connection, sandbox, movements)


def _push(connection: psycopg.Connection, sandbox: Sandbox, movements: int) -> list[Measured]:
    estate = load_estate(settings.estate_path(sandbox.env))
    access, now = settings.sitoo_access(sandbox.env), sandbox.clock.now
    keys = [ApiKey(identity, password) for identity, password in access.keys.items()]
    transactions = asyncio.run(_adjust(sandbox, movements // _SKUS_OF_ONE))

    async def land() -> int:
        async with _netsuite(sandbox) as client:
            await land_items(connection, client, estate, now())
            return (await land_movements(connection, client, estate, now())).lines

    with SitooClient(access.url, keys) as client:
        land_warehouses(connection, client, now())
        land_warehouse_transactions(connection, client, estate, now())
        before, begun = _answered(sandbox.netsuite_url, "suiteql"), time.perf_counter()
        lines = asyncio.run(land())
        landing = time.perf_counter() - begun
        # Lines by 1,000 transactions, and one request for the time, items, and each store's transactions.
        asked = _answered(sandbox.netsuite_url, "suiteql") - before
        before, begun = _answered(sandbox.sitoo_url, "warehousetransactions"), time.perf_counter()
        run = push_stock(connection, client, estate, now, "benchmark", whole=False)
        seconds = time.perf_counter() - begun
        requests = _answered(sandbox.sitoo_url, "warehousetransactions") - before
    shown = Counter(
        transaction.externalid
        for _, transaction in sandbox.stockroom.levels.committed(0)
        if (transaction.externalid or "").startswith("NS-")
    )
    if run.cases or lines != movements or len(shown) != sum(transactions.values()) or set(shown.values()) != {1}:
        raise RuntimeError(f"{lines} lines were landed, and Sitoo shows {len(shown)} pushes: {run.cases[:3]}")
    # Pushes of one site to a request, 200 of them.
    floor = sum(ceil(count / _PUSHES_OF_ONE) for count in transactions.values())
    return [
        Measured("land movements", movements, landing, asked, asked),
        Measured("push movements", movements, seconds, requests, floor),
    ]


async def _adjust(sandbox: Sandbox, transactions: int) -> Counter[int]:
    """Somebody adjusts some SKUs at a store in NetSuite, store after store; how many transactions by Sitoo's site."""
    stocked = [
        product.netsuite_item
        for product in sandbox.world.products
        if product.item_type == "InvtPart" and product.netsuite_item is not None and product.told_apart_by is None
    ]
    accounts = {
        account.subsidiary: account.internal_id
        for account in sandbox.world.accounts
        if account.role == "stock adjustments"
    }
    made: Counter[int] = Counter()
    numbers = iter(range(transactions))

    async def adjust() -> None:
        for number in numbers:
            shop = sandbox.world.shops[number % len(sandbox.world.shops)]
            some = [stocked[(number + place) % len(stocked)] for place in range(_SKUS_OF_ONE)]
            body = {
                "subsidiary": {"id": str(shop.subsidiary)},
                "account": {"id": str(accounts[shop.subsidiary])},
                "adjLocation": {"id": str(shop.location)},
                "inventory": {"items": [{"item": {"id": str(item)}, "adjustQtyBy": 2} for item in some]},
            }
            path = "/services/rest/record/v1/inventoryAdjustment"
            await client.request("POST", path, content=msgspec.json.encode(body))
            made[shop.eshopid] += 1

    async with _netsuite(sandbox) as client:
        await asyncio.gather(*(adjust() for _ in range(_AT_ONCE)))
    return made


def _netsuite(sandbox: Sandbox) -> NetSuiteClient:
    access = settings.netsuite_access(sandbox.env)
    return NetSuiteClient(url=access.url, login=access.login(), slots=slots_in_process(_AT_ONCE))


def _answered(root: str, part: str) -> int:
    """Requests whose address has this part, as the sandbox counted them."""
    stats = httpx.get(f"{root}/sandbox/stats", timeout=60).json()
    return sum(counts["requests"] for endpoint, counts in stats["endpoints"].items() if part in endpoint)


def _world(stores: int, skus: int) -> World:
    """A retailer whose shops keep so many SKUs each."""
    world = make_world(seed=1, stores=stores, days=1)
    pattern = next(product for product in world.products if product.item_type == "InvtPart")
    goods = tuple(
        replace(pattern, productid=1000 + number, sku=f"SKU-{number:06d}", barcode="", netsuite_item=1000 + number)
        for number in range(skus)
    )
    return replace(world, products=goods, customers=(), matrix_parents=())
