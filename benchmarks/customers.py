"""Fifty thousand made-up people through both sandboxes, twice: time, memory, API calls, and how much of it was right.

Sitoo's users and NetSuite's customers are read over HTTP, and customers made over HTTP; the receipts are put where
landing and modelling would leave them, since `main_job` measures those. Then some users change their address, and
receipts of old and new addresses come in; the second run must neither link anybody wrongly nor make anybody twice.
What that means is said in `customers_judge`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import yaml
from joserfc.jwk import ECKey

from benchmarks.customers_judge import Judged, judge
from benchmarks.population import PLACEHOLDER_DOMAIN, Entry, make_population
from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.flows.customers.landing import land_customers
from sitoo_netsuite.flows.customers.linking import Linked, link_customers
from sitoo_netsuite.flows.sales.landing import land_registers
from sitoo_netsuite.netsuite.auth import ClientCredentials, OAuth2Login
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.netsuite.app import build_netsuite_app
from sitoo_netsuite.sandbox.netsuite.settings import Credentials
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.app import build_sitoo_app
from sitoo_netsuite.sandbox.sitoo.users import Users
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import Customer, World, make_world
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.migrate import upgrade
from sitoo_netsuite.warehouse.partitions import ensure_partitions
from sitoo_netsuite.warehouse.server import ensure_server, stop_server

_PEOPLE = 50_000
_NOW = datetime(2026, 3, 4, 6, tzinfo=UTC)
_KEY = ApiKey("benchmark-1", "benchmark")
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Round:
    """One run: seconds to land and to link, calls to both APIs beside the fewest there can be, and what was right.

    fewest_calls: pages of users and customers, and a request for each customer made.
    """

    land_seconds: float
    link_seconds: float
    peak_mib: int
    made: int
    calls: int
    fewest_calls: int
    judged: Judged


@dataclass(frozen=True, slots=True)
class _Place:
    connection: psycopg.Connection
    sitoo_url: str
    netsuite_url: str
    login: OAuth2Login
    estate: Estate
    recorders: tuple[Recorder, Recorder]
    users: Users
    world: World

    def calls(self) -> int:
        return sum(int(recorder.stats()["requests"]) for recorder in self.recorders)


def run(people: int, seed: int = 1) -> list[Round]:
    """Both rounds over so many people."""
    population = make_population(seed, people)
    rounds = []
    with TemporaryDirectory(prefix="sitoo-netsuite-bench-") as name, _served(Path(name), population.customers,
                                                                             population.users) as place:  # fmt: skip
        _put_receipts(place, population.receipts)
        records = [*population.users, *population.receipts]
        rounds.append(_round(place, population.customers, records))
        for user in population.changed_users:
            place.users.change(1, user.record, {"email": user.email.strip()})
        _put_receipts(place, population.later_receipts)
        changed = {user.record: user for user in population.changed_users}
        users = [changed.get(user.record, user) for user in population.users]
        before = [user for user in population.users if user.record in changed]
        records = [*users, *population.receipts, *population.later_receipts, *before]
        rounds.append(_round(place, population.customers, records))
    return rounds


def _round(place: _Place, customers: Sequence[Entry], records: Sequence[Entry]) -> Round:
    earlier = _linked_customers(place)
    before, started = place.calls(), time.monotonic()
    landed, landed_at, linked = asyncio.run(_land_and_link(place))
    ended, calls = time.monotonic(), place.calls() - before
    rows = place.connection.execute(
        "select source, record, customer, matched_by from master.customer_links where state = 'linked'"
    ).fetchall()
    of_record = {record.partition("/")[2] if source == "user" else record: str(customer)
                 for source, record, customer, _ in rows}  # fmt: skip
    known = {entry.record for entry in customers}
    made = _linked_customers(place) - earlier - known
    if len(made) != linked.made:
        raise RuntimeError(f"{linked.made} customers were made, and {len(made)} of them have somebody linked to them")
    sites = len(place.world.sites)
    return Round(
        round(landed_at - started, 1),
        round(ended - landed_at, 1),
        _peak_mib(),
        linked.made,
        calls,
        sites + landed // _PAGE + linked.made,
        judge(customers, records, of_record, made),
    )


def _linked_customers(place: _Place) -> set[str]:
    rows = place.connection.execute("select distinct customer::text from master.customer_links where state = 'linked'")
    return {customer for (customer,) in rows}


async def _land_and_link(place: _Place) -> tuple[int, float, Linked]:
    """Rows read of both sides, when they were landed, and what linking did."""
    client = NetSuiteClient(url=place.netsuite_url, login=place.login, slots=slots_in_process(5))
    with SitooClient(place.sitoo_url, [_KEY]) as sitoo:
        async with client as netsuite:
            landed = await land_customers(place.connection, sitoo, netsuite, place.estate, _NOW)
            landed_at = time.monotonic()
            linked = await link_customers(place.connection, netsuite, place.estate, _NOW, "benchmark")
    return landed.users.held + landed.staff + landed.customers.held, landed_at, linked


@contextmanager
def _served(folder: Path, customers: Sequence[Entry], users: Sequence[Entry]) -> Iterator[_Place]:
    world = make_world(seed=1, stores=2, days=2)
    world = replace(
        world,
        products=world.products[:5],
        customers=(
            *(_of_world(entry, netsuite_customer=int(entry.record)) for entry in customers),
            *(_of_world(entry, userid=entry.record) for entry in users),
        ),
    )
    key = ECKey.generate_key("P-256")
    key_file = folder / "key.pem"
    key_file.write_bytes(key.as_pem(private=True))
    certificates = {"benchmark": key.as_pem(private=False).decode()}
    content = yaml.safe_load(estate_yaml(world)) | {"customers": {"push": True, "placeholders": [PLACEHOLDER_DOMAIN]}}
    estate = parse_estate(content, "estate")
    clock, recorders = SandboxClock(_NOW + timedelta(hours=1)), (Recorder(), Recorder())
    store = TradeStore.create(folder / "trade.sqlite")
    sitoo = build_sitoo_app(world, store, clock, keys={_KEY.id: _KEY.password}, recorder=recorders[0])
    netsuite = build_netsuite_app(
        world, clock, credentials=Credentials(world.netsuite_account, "benchmark", certificates), recorder=recorders[1]
    )
    database = ensure_server(folder / "postgres")
    try:
        upgrade(database)
        with serving(sitoo) as sitoo_root, serving(netsuite) as netsuite_url, connect(database) as connection:
            sitoo_url = f"{sitoo_root}/v2/accounts/{world.account_id}"
            with SitooClient(sitoo_url, [_KEY]) as client:
                land_registers(connection, client, estate, _NOW)
            login = OAuth2Login(
                netsuite_url, world.netsuite_account, ClientCredentials("benchmark", "benchmark", key_file)
            )
            yield _Place(connection, sitoo_url, netsuite_url, login, estate, recorders, sitoo.state.users, world)
    finally:
        stop_server(folder / "postgres")
        store.close()


def _of_world(entry: Entry, userid: str = "", netsuite_customer: int | None = None) -> Customer:
    return Customer(
        entry.email,
        entry.namefirst,
        entry.namelast,
        entry.company,
        entry.phone,
        entry.mobile,
        userid,
        1,
        netsuite_customer,
    )


def _put_receipts(place: _Place, receipts: Sequence[Entry]) -> None:
    """Till sales of a store of the first site that name these people, as landing and modelling leave them."""
    subsidiary = str(place.world.subsidiary_of(1).internal_id)
    store = next(store for store in place.estate.stores if store.subsidiary == subsidiary)
    day = place.estate.first_day
    ensure_partitions(place.connection, ["restricted.customer_contact", "model.receipts"], [day])
    copy_rows(
        place.connection,
        "restricted.customer_contact",
        ("order_day", "orderid", "email", "namefirst", "namelast", "company", "phone"),
        ((day, int(entry.record), entry.email, entry.namefirst, entry.namelast, entry.company, entry.phone)
         for entry in receipts),
    )  # fmt: skip
    copy_rows(
        place.connection,
        "model.receipts",
        ("trading_day", "orderid", "store", "sold_at", "currency", "is_return", "to_deliver", "net_minor", "vat_minor",
         "rounding_minor", "gross_minor", "paid_minor", "digest"),
        ((day, int(entry.record), store.store, _NOW, store.currency, False, False, 80, 20, 0, 100, 100, b"")
         for entry in receipts),
    )  # fmt: skip


def _peak_mib() -> int:
    """Of this process, with both sandboxes in it."""
    unit = 1024 if sys.platform == "darwin" else 1
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit // 1024


def main(arguments: Sequence[str]) -> None:
    """Prints a line of JSON for each round. The argument is how many people.

    Exits with 1 where anybody was linked wrongly or made twice.
    """
    wrong = 0
    for entry in run(int(arguments[0]) if arguments else _PEOPLE):
        print(json.dumps({**asdict(entry), "share_matched": round(entry.judged.share_matched, 4)}), flush=True)
        wrong += entry.judged.wrong + entry.judged.doubled
    if wrong:
        sys.exit("somebody was linked wrongly or made twice")
