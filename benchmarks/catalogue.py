"""The catalogue of 100,000 items: read and compared whole, unchanged, then with 1,000 items changed in NetSuite.

Both sandboxes run in a process of their own, and so does each step, so that one step's memory is not another's.
PostgreSQL is the embedded server with its ordinary settings, `fsync` on. Calls are counted by the sandboxes and shown
beside the floor: pages that must be read and batches that must be written, and nothing else.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import msgspec
import psycopg
import yaml

from sitoo_netsuite.estate import CatalogueSettings, Estate, parse_estate
from sitoo_netsuite.flows.catalogue import touched
from sitoo_netsuite.flows.catalogue.list_prices import note_list_prices
from sitoo_netsuite.flows.catalogue.netsuite_side import land_changed_items, land_items
from sitoo_netsuite.flows.catalogue.sitoo_side import land_changed_products, land_till_catalogue
from sitoo_netsuite.flows.catalogue.steps import run_catalogue
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.tba import TokenBasedLogin, TokenCredentials
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.netsuite.app import build_netsuite_app
from sitoo_netsuite.sandbox.netsuite.settings import Credentials, TokenBasedCredentials
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.app import build_sitoo_app
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import World, ean_13, make_world
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import upgrade
from sitoo_netsuite.warehouse.server import ensure_server, stop_server

_FIRST_ID = 100_000
# What one request takes at most (reference netsuite-api 1.2, sitoo-api 1.5), and SKUs that fit into an address.
_PAGE, _SKUS_PER_REQUEST = 1000, 100
# The overlap of what is read again of NetSuite is a day: unchanged items shall lie before it.
_BETWEEN_RUNS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Measured:
    """One step of a run: seconds, the greatest memory of its process in MiB, calls of both APIs, and their floor."""

    run: str
    step: str
    seconds: float
    peak_mib: int
    calls: int
    floor: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a step finds the database and the sandboxes; credentials stay out of the repr."""

    database_url: str
    sitoo_url: str
    netsuite_url: str
    netsuite_account: str
    estate_text: str = field(repr=False)
    sitoo_key: ApiKey = field(repr=False)
    token: TokenCredentials = field(repr=False)

    def estate(self) -> Estate:
        return parse_estate(yaml.safe_load(self.estate_text), "the sandbox's estate")

    def sitoo(self) -> SitooClient:
        return SitooClient(self.sitoo_url, [self.sitoo_key])

    def netsuite(self) -> NetSuiteClient:
        login = TokenBasedLogin(self.netsuite_account, self.token)
        return NetSuiteClient(url=self.netsuite_url, login=login, slots=slots_in_process(5))

    def now(self) -> datetime:
        return datetime.fromisoformat(self._ask(self.netsuite_url, "clock")["now"])

    def move_on(self) -> None:
        """Moves the clock of both sandboxes."""
        later = {"now": (self.now() + _BETWEEN_RUNS).isoformat()}
        httpx.post(f"{self.netsuite_url}/sandbox/clock", json=later).raise_for_status()

    def calls(self) -> int:
        """Requests that either API has got so far."""
        sitoo_root = self.sitoo_url.partition("/v2/")[0]
        return sum(int(self._ask(url, "stats")["requests"]) for url in (sitoo_root, self.netsuite_url))

    @staticmethod
    def _ask(url: str, what: str) -> dict[str, str]:
        answer: dict[str, str] = httpx.get(f"{url}/sandbox/{what}").raise_for_status().json()
        return answer


Work = Callable[[psycopg.Connection, Place], None]


# ---------------------------------------------------------------- what is measured


def _read_items(connection: psycopg.Connection, place: Place) -> None:
    async def read() -> None:
        async with place.netsuite() as client:
            await land_items(connection, client, place.estate(), place.now())

    asyncio.run(read())


def _read_changed_items(connection: psycopg.Connection, place: Place) -> None:
    async def read() -> None:
        async with place.netsuite() as client:
            await land_changed_items(connection, client, place.estate(), place.now())

    asyncio.run(read())


def _read_products(connection: psycopg.Connection, place: Place) -> None:
    with place.sitoo() as client:
        land_till_catalogue(connection, client, place.estate(), place.now())
    note_list_prices(connection, place.now(), _sites(place))


def _read_changed_products(connection: psycopg.Connection, place: Place) -> None:
    with place.sitoo() as client:
        changed = land_changed_products(connection, client, place.estate(), place.now())
    note_list_prices(connection, place.now(), _sites(place), changed)


def _compare_all(connection: psycopg.Connection, place: Place) -> None:
    touched.take(connection, "benchmark")
    with place.sitoo() as client:
        run_catalogue(connection, client, place.estate(), place.now, "benchmark", skus=None)
    touched.clear(connection, "benchmark")


def _compare_touched(connection: psycopg.Connection, place: Place) -> None:
    skus = touched.take(connection, "benchmark")
    with place.sitoo() as client:
        run_catalogue(connection, client, place.estate(), place.now, "benchmark", skus=skus)
    touched.clear(connection, "benchmark")


def _settings(place: Place) -> CatalogueSettings:
    settings = place.estate().catalogue
    if settings is None:
        raise RuntimeError("the sandbox's estate has no catalogue")
    return settings


def _sites(place: Place) -> list[int]:
    return sorted(_settings(place).sites)


# ---------------------------------------------------------------- the runs


def run(items: int, changed: int) -> Iterator[Measured]:
    """Serves so many items and yields each step as it is done.

    Raises RuntimeError when what was changed in NetSuite is not what the tills would charge or show in the end.
    """
    world = _world(items)
    with TemporaryDirectory(prefix="sitoo-netsuite-bench-") as name:
        folder = Path(name)
        with _served(items, folder) as place:
            try:
                upgrade(place.database_url)
                yield from _runs(place, world, changed)
            finally:
                stop_server(folder / "postgres")


def _runs(place: Place, world: World, changed: int) -> Iterator[Measured]:
    pages = _pages(len(world.products) + len(world.matrix_parents), _PAGE)
    # Settings, VAT groups and price lists are a page each.
    site_pages = _pages(len(world.products), _PAGE) + 3
    batch = _settings(place).batch
    # NetSuite's own time, which the next reading goes on from, is the one request that is no page.
    whole = (
        ("read NetSuite", _read_items, pages + 1),
        ("read Sitoo", _read_products, len(world.sites) * site_pages),
        ("compare", _compare_all, 0),
    )
    for name in ("first", "unchanged"):
        yield from _measured(name, whole, place)
        place.move_on()
    changes = (
        ("read NetSuite", _read_changed_items, 2),
        ("read Sitoo", _read_changed_products, len(world.sites)),
    )
    yield from _measured("no change", (*changes, ("compare", _compare_touched, 0)), place)
    place.move_on()
    some = _change_items(place, world, changed)
    pushed = _pages(changed, batch) + _pages(changed, _SKUS_PER_REQUEST)
    changes = (("read NetSuite", _read_changed_items, _pages(changed, _PAGE) + 1), changes[1])
    yield from _measured(
        f"{changed:,} changed", (*changes, ("compare, push, read back", _compare_touched, pushed)), place
    )
    _check(place, some)


def _pages(rows: int, size: int) -> int:
    return -(-rows // size)


def _measured(name: str, steps: Sequence[tuple[str, Work, int]], place: Place) -> Iterator[Measured]:
    for step, work, floor in steps:
        before = place.calls()
        # A process of its own, whose greatest memory is the step's.
        with multiprocessing.get_context("spawn").Pool(1) as process:
            seconds, peak_mib = process.apply(_timed, (work, place))
        yield Measured(name, step, seconds, peak_mib, place.calls() - before, floor)


def _timed(work: Work, place: Place) -> tuple[float, int]:
    with connect(place.database_url) as connection:
        started = time.monotonic()
        work(connection, place)
        seconds = time.monotonic() - started
    # Linux counts in KiB, macOS in bytes.
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit


def _change_items(place: Place, world: World, changed: int) -> dict[str, dict[str, str]]:
    """Somebody gives every so many items in NetSuite a price or a title; SKU to the field that Sitoo shall have."""
    some = [product for product in world.products if product.productid >= _FIRST_ID][:: len(world.products) // changed]
    currency = next(currency for currency in world.currencies if currency.code == world.sites[0].currency)
    wanted: dict[str, dict[str, str]] = {}
    bodies: dict[int | None, dict[str, object]] = {}
    for number, product in enumerate(some[:changed]):
        if number % 2:
            wanted[product.sku] = {"title": f"{product.title}, new"}
            bodies[product.netsuite_item] = {"displayName": f"{product.title}, new"}
        else:
            wanted[product.sku] = {"moneyprice": f"{number + 100}.00"}
            price = {
                "priceLevel": {"id": "1"},
                "currencyPage": {"id": str(currency.internal_id)},
                "price": number + 100,
            }
            bodies[product.netsuite_item] = {"price": {"items": [price]}}

    async def change() -> None:
        async with place.netsuite() as client:
            for item, body in bodies.items():
                path = f"/services/rest/record/v1/inventoryItem/{item}"
                await client.request("PATCH", path, content=msgspec.json.encode(body))

    asyncio.run(change())
    return wanted


def _check(place: Place, wanted: dict[str, dict[str, str]]) -> None:
    with place.sitoo() as client:
        (site,) = _sites(place)
        pages = client.product_pages(site, skus=list(wanted))
        products = [msgspec.json.decode(raw) for page in pages for raw in page]
    has = {product["sku"]: product for product in products}
    wrong = [sku for sku, fields in wanted.items() if any(has[sku][name] != text for name, text in fields.items())]
    if wrong:
        raise RuntimeError(f"{len(wrong)} of {len(wanted)} changes did not reach the tills: {', '.join(wrong[:5])}")


# ---------------------------------------------------------------- what is served


def _world(items: int) -> World:
    """A retailer of one Sitoo site with so many items, most of them copies of its goods under SKUs of their own."""
    world = make_world(seed=1, stores=1, days=1)
    goods = [product for product in world.products if product.item_type == "InvtPart" and product.parent is None]
    copies = (
        replace(
            goods[number % len(goods)],
            productid=_FIRST_ID + number,
            netsuite_item=_FIRST_ID + number,
            sku=f"BIG-{number:06d}",
            title=f"Thing {number}",
            barcode=ean_13(f"74{number:010d}"),
        )
        for number in range(items - len(world.products))
    )
    return replace(world, products=(*world.products, *copies))


@contextmanager
def _served(items: int, folder: Path) -> Iterator[Place]:
    """Both sandboxes in a process of their own while the block runs, and a database."""
    context = multiprocessing.get_context("spawn")
    mine, theirs = context.Pipe()
    over = context.Event()
    server = context.Process(target=_serve, args=(items, folder / "trade.sqlite", theirs, over))
    server.start()
    theirs.close()
    try:
        yield replace(mine.recv(), database_url=ensure_server(folder / "postgres"))
    finally:
        over.set()
        server.join()


def _serve(items: int, trade: Path, tell: Connection, over: Event) -> None:
    world = _world(items)
    token = TokenCredentials(*(secrets.token_hex(16) for _ in range(4)))
    key = ApiKey(f"{world.account_id}-140", secrets.token_hex(16))
    clock = SandboxClock(datetime.combine(world.start, datetime.min.time(), UTC) + timedelta(days=30))
    store = TradeStore.create(trade)
    sitoo = build_sitoo_app(world, store, clock, keys={key.id: key.password}, recorder=Recorder())
    credentials = Credentials(world.netsuite_account, "benchmark", {}, TokenBasedCredentials(**asdict(token)))
    netsuite = build_netsuite_app(world, clock, credentials=credentials, recorder=Recorder())
    with serving(sitoo) as sitoo_root, serving(netsuite) as netsuite_url:
        tell.send(
            Place(
                database_url="",
                sitoo_url=f"{sitoo_root}/v2/accounts/{world.account_id}",
                netsuite_url=netsuite_url,
                netsuite_account=world.netsuite_account,
                estate_text=estate_yaml(world),
                sitoo_key=key,
                token=token,
            )
        )
        over.wait()
    store.close()
