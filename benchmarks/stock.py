"""The stock of 200 stores with 20,000 SKUs each, compared from landed rows: 4,000,000 positions.

Belongs here: the comparison of a nightly snapshot, its time and its memory, the database's included. PostgreSQL is the
embedded server with its ordinary settings, `fsync` on; the comparison runs in a process of its own. Does not belong
here: reading levels, which takes as long as the APIs do.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import yaml

from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.flows.stock.in_flight import InFlight
from sitoo_netsuite.flows.stock.snapshots import Snapshot, take_snapshot
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.world import World, make_world
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.migrate import upgrade
from sitoo_netsuite.warehouse.server import ensure_server, stop_server

DAY = date(2026, 3, 3)
NOW = datetime(2026, 3, 4, 3, tzinfo=UTC)
# Of every so many positions one moves, and of every so many of those one is a variance.
_MOVING, _VARIANCE = 400, 10


@dataclass(frozen=True, slots=True)
class Measured:
    """A comparison: positions, seconds, and the greatest memory in MiB of our process and of the database's together.

    `expected`: how many variances there are; `found`: how many it found.
    """

    run: str
    positions: int
    seconds: float
    peak_mib: int
    expected: int
    found: int


def run(stores: int = 200, skus: int = 20_000) -> list[Measured]:
    """A first snapshot of a day, and one that takes its place. Raises RuntimeError when one finds something else than
    was planted.
    """
    with TemporaryDirectory(prefix="sitoo-netsuite-stock-") as folder:
        url = ensure_server(Path(folder) / "postgres")
        try:
            world = make_world(seed=1, stores=stores, days=1)
            with connect(url) as connection:
                upgrade(url)
                expected = fill(connection, world, skus)
            measured = [_in_a_process(name, url, world, skus, expected) for name in ("first", "again")]
        finally:
            stop_server(Path(folder) / "postgres")
    for entry in measured:
        if (entry.positions, entry.found) != (stores * skus, entry.expected):
            raise RuntimeError(f"{entry.run}: {entry.found} variances were found, and {entry.expected} are there")
    return measured


def fill(connection: psycopg.Connection, world: World, skus: int) -> int:
    """Landed levels of every shop, alike but for what moves and what is missed; how many positions were missed."""
    connection.execute(
        "insert into landing.items (item, sku, name, item_type, inactive, for_tills, landed_at) "
        "select n, 'SKU-' || lpad(n::text, 6, '0'), 'An item', 'InvtPart', false, true, now() "
        "from generate_series(1, %s) n",
        [skus],
    )
    for shop in world.shops:
        connection.execute(
            "insert into landing.warehouses values (%s, %s, %s, 10, %s, now())",
            (shop.warehouseid, shop.eshopid, shop.storeid, shop.name),
        )
        # What moves is one short in NetSuite; what is a variance is two short.
        connection.execute(
            """
            insert into landing.netsuite_levels
            select %(location)s, n, 50000 - 1000 * (n %% %(moving)s = 0)::int
                   - 1000 * (n %% (%(moving)s * %(variance)s) = 0)::int, 50000, 12.5
            from generate_series(1, %(skus)s) n
            """,
            {"location": shop.location, "moving": _MOVING, "variance": _VARIANCE, "skus": skus},
        )
        connection.execute(
            "insert into landing.sitoo_levels select %s, sku, 50000, 0 from landing.items", [shop.warehouseid]
        )
    connection.execute("analyze")
    return len(world.shops) * (skus // (_MOVING * _VARIANCE))


def on_the_way(world: World, skus: int) -> dict[tuple[int, int], int]:
    """What Sitoo is ahead of NetSuite by, at every shop alike."""
    return {(shop.warehouseid, item): 1000 for shop in world.shops for item in range(_MOVING, skus + 1, _MOVING)}


def _in_a_process(name: str, url: str, world: World, skus: int, expected: int) -> Measured:
    here, there = multiprocessing.get_context("spawn").Pipe(duplex=False)
    estate_text = estate_yaml(world)
    moving = on_the_way(world, skus)
    process = multiprocessing.get_context("spawn").Process(
        target=_measure, args=(there, url, estate_text, moving), name=name
    )
    process.start()
    snapshot, seconds, peak_mib = here.recv()
    process.join()
    return Measured(name, snapshot.positions, seconds, peak_mib, expected, len(snapshot.variances))


def _measure(answer: Connection, url: str, estate_text: str, moving: dict[tuple[int, int], int]) -> None:
    estate: Estate = parse_estate(yaml.safe_load(estate_text), "the sandbox's estate")
    with connect(url) as connection:
        row = connection.execute("select pg_backend_pid()").fetchone()
        assert row is not None, "a session has a process"
        begun = time.perf_counter()
        snapshot: Snapshot = take_snapshot(connection, estate, InFlight(moving, {}, {}), DAY, NOW)
        seconds = time.perf_counter() - begun
        ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        answer.send((snapshot, seconds, ours + _peak_mib(row[0])))


def _peak_mib(pid: int) -> int:
    """The greatest memory that a process of this machine had so far; 0 where nobody can tell."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return 0
    line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024
