"""Taking a snapshot: levels are read, compared, what differs is read once more, and what nothing explains is filed.

Belongs here: the order of things, and the cases. Does not belong here: the comparison (`snapshots`), what is on its way
(`in_flight`), HTTP.

Levels are read at other moments than receipts and movements, and goods move meanwhile. So the SKUs that differ, and
everything that was sold and moved, are read again before anything is called a variance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.landing import land_orders, land_registers
from sitoo_netsuite.flows.sales.model import model_days
from sitoo_netsuite.flows.sales.sessions import reach
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.in_flight import InFlight, in_flight
from sitoo_netsuite.flows.stock.netsuite_landing import land_movements, land_netsuite_levels
from sitoo_netsuite.flows.stock.push_findings import units
from sitoo_netsuite.flows.stock.sitoo_landing import land_sitoo_levels, land_store_movements, reread_levels
from sitoo_netsuite.flows.stock.snapshots import Snapshot, Variance, take_snapshot
from sitoo_netsuite.money import to_text
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

SNAPSHOT_KINDS = frozenset({"stock_variance", "stock_variances_many"})
# Of a store that is out of step as a whole, a list of every SKU helps nobody: the dearest are named, the rest counted.
_MOST_OF_A_STORE = 100

Now = Callable[[], datetime]


async def snapshot_stock(
    connection: psycopg.Connection,
    sitoo: SitooClient,
    netsuite: NetSuiteClient,
    estate: Estate,
    day: date,
    now: Now,
    run_id: str,
) -> Snapshot:
    """Takes the day's snapshot of every store whose stock is followed, and files what nothing explains.

    The receipts of the last days must have been landed and modelled; those of today are, where levels differ. Raises
    SitooError or NetSuiteError when a system cannot be asked; the snapshot of an earlier run of the day stays then.
    """
    places = push_book.places(connection, estate)
    by_warehouse = estate.stock.by_warehouse if estate.stock else {}
    locations = [by_warehouse[place.warehouseid].location for place in places]
    slots = estate.netsuite.slots
    land_sitoo_levels(connection, sitoo, push_book.by_site(places), now(), whole=True)
    await land_netsuite_levels(connection, netsuite, locations, slots)
    snapshot = take_snapshot(connection, estate, in_flight(connection, estate, day, now(), run_id), day, now())
    if snapshot.variances:
        sites = {place.warehouseid: place.eshopid for place in places}
        differing = snapshot.by_warehouse()

        async def moving() -> InFlight:
            _land_the_tills(connection, sitoo, estate, day, now())
            land_store_movements(connection, sitoo, estate, now(), (day, day))
            await land_movements(connection, netsuite, estate, now())
            return in_flight(connection, estate, day, now(), run_id)

        # Shops may be open: what is sold while levels are read is in them, or not.
        before = await moving()
        for warehouseid, skus in differing.items():
            reread_levels(connection, sitoo, sites[warehouseid], warehouseid, skus, now())
        again = [by_warehouse[warehouseid].location for warehouseid in differing]
        await land_netsuite_levels(connection, netsuite, again, slots)
        snapshot = take_snapshot(connection, estate, (await moving()).since(before), day, now())
    record_cases(connection, Scope(SNAPSHOT_KINDS), _cases(snapshot.variances), now(), run_id)
    return snapshot


def _land_the_tills(
    connection: psycopg.Connection, sitoo: SitooClient, estate: Estate, day: date, now: datetime
) -> None:
    """What the tills sold on the trading days that go on, and on those that ended last."""
    land_registers(connection, sitoo, estate, now)
    reached = reach(connection, day - timedelta(days=1), day, estate)
    land_orders(connection, sitoo, *reached, estate, now)
    model_days(connection, *reached, estate, now)


def _cases(variances: Sequence[Variance]) -> Iterator[Case]:
    """A case for each of a store's dearest variances, and one for the rest."""
    of_store: defaultdict[str, list[Variance]] = defaultdict(list)
    for variance in variances:
        of_store[variance.store].append(variance)
    for store, found in of_store.items():
        for variance in found[:_MOST_OF_A_STORE]:
            yield _case(variance)
        if rest := found[_MOST_OF_A_STORE:]:
            worth = sum(abs(variance.value_minor) for variance in rest)
            currency = rest[0].currency
            text = (
                f"Store {store} has {len(rest)} further SKUs whose stock differs, of {to_text(worth, currency)} "
                f"{currency} in all; model.store_stock_snapshots lists them. Cure the dearest first, or count all."
            )
            yield Case("stock_variances_many", store, store, None, store, worth, currency, evidence={"text": text})


def _case(variance: Variance) -> Case:
    more = "more" if variance.variance_milli > 0 else "less"
    text = (
        f"Sitoo has {units(abs(variance.variance_milli))} {more} of {variance.sku} at store {variance.store} than "
        f"NetSuite: {units(variance.sitoo_milli)} in warehouse {variance.warehouseid}, "
        f"{units(variance.netsuite_milli)} in NetSuite, {units(variance.to_sitoo_milli)} on the way to Sitoo and "
        f"{units(variance.to_netsuite_milli)} on the way to NetSuite. Both were read twice; unposted sales, movements "
        "that wait or failed and documents that a case names do not explain it. Count the SKU in the store."
    )
    worth, currency = abs(variance.value_minor), variance.currency
    key = f"{variance.warehouseid}/{variance.sku}"
    return Case("stock_variance", key, variance.store, None, variance.sku, worth, currency, evidence={"text": text})
