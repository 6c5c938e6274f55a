"""The stores' stock as both systems have it, position by position: what differs, and what of it is on its way.

Belongs here: comparing landed levels in PostgreSQL, where millions of them are. Does not belong here: reading either
system, and what is on its way (`in_flight`).

    variance = (Sitoo's total + on its way to Sitoo) - (NetSuite's on hand - named + on its way to NetSuite)

None where what is in doubt, which may have arrived or not, comes to as much.
A position is a SKU that Sitoo counts at a warehouse of the estate, listed there or not, and NetSuite keeps stock of.
Quantities are thousandths, values minor units of the store's currency at NetSuite's average cost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.in_flight import InFlight
from sitoo_netsuite.money import decimals
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.partitions import ensure_partitions

_SNAPSHOTS = "model.store_stock_snapshots"
_PLACE_COLUMNS = ("warehouseid", "eshopid", "location", "store", "currency", "minor_units")
_MOVING_COLUMNS = ("warehouseid", "item", "to_netsuite_milli", "to_sitoo_milli", "named_milli", "least", "most")

# Both sides at once: what one of them lacks has nothing there. What Sitoo counts at one warehouse of a site it counts
# at all of them, whether it lists it there or not. A SKU that NetSuite knows twice is one item in landing.
_POSITIONS = """
    create temporary table snapshot on commit drop as
    with sitoo as (
        select p.warehouseid, i.item, s.total_milli, s.reserved_milli
        from snapshot_places p join landing.sitoo_levels s using (warehouseid) join landing.items i using (sku)
    ), netsuite as (
        select p.warehouseid, n.item, n.on_hand_milli, n.average_cost
        from snapshot_places p join landing.netsuite_levels n using (location)
    )
    select p.store, p.warehouseid, p.currency, p.minor_units, i.sku, item, coalesce(n.on_hand_milli, 0) as netsuite,
           coalesce(s.total_milli, 0) as sitoo, coalesce(s.reserved_milli, 0) as reserved,
           coalesce(m.to_netsuite_milli, 0) as to_netsuite, coalesce(m.to_sitoo_milli, 0) as to_sitoo,
           coalesce(m.named_milli, 0) as named, coalesce(m.least, 0) as least, coalesce(m.most, 0) as most,
           n.average_cost as cost
    from sitoo s full join netsuite n using (warehouseid, item)
    join snapshot_places p using (warehouseid)
    join landing.items i using (item)
    left join snapshot_moving m using (warehouseid, item)
    where i.item_type in ('InvtPart', 'Assembly') and i.for_tills
      and (s.total_milli is not null or (n.on_hand_milli <> 0 and exists (
          select from snapshot_places other join landing.sitoo_levels l using (warehouseid)
          where other.eshopid = p.eshopid and l.sku = i.sku
      )))
"""
_VARIANCE = """
    case when sitoo + to_sitoo - (netsuite - named + to_netsuite) between least and most then 0
         else sitoo + to_sitoo - (netsuite - named + to_netsuite) end
"""


class Variance(NamedTuple):
    """A position that nothing explains. `variance_milli`: what Sitoo has more than NetSuite; `value_minor` likewise."""

    store: str
    warehouseid: int
    sku: str
    sitoo_milli: int
    netsuite_milli: int
    to_sitoo_milli: int
    to_netsuite_milli: int
    variance_milli: int
    value_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a snapshot came to. `moving`: positions that differ by what is on its way alone. `variances`: the dearest
    first. `value_minor`: all stock, by currency.
    """

    positions: int
    agreed: int
    moving: int
    variances: tuple[Variance, ...]
    value_minor: Mapping[str, int]

    def by_warehouse(self) -> dict[int, list[str]]:
        """SKUs with a variance, by warehouse."""
        found: dict[int, list[str]] = {}
        for variance in self.variances:
            found.setdefault(variance.warehouseid, []).append(variance.sku)
        return found


def take_snapshot(
    connection: psycopg.Connection, estate: Estate, moving: InFlight, day: date, now: datetime
) -> Snapshot:
    """Compares every position from landed levels, and keeps the day's snapshot in place of an earlier one of the day.

    Positions that both systems have alike, with nothing on its way, are kept as numbers alone.
    """
    ensure_partitions(connection, [_SNAPSHOTS], [day])
    with connection.transaction():
        _fill(connection, estate, moving)
        connection.execute(_POSITIONS)
        connection.execute(f"delete from {_SNAPSHOTS} where day = %s".encode(), [day])
        connection.execute(
            f"""
            insert into {_SNAPSHOTS}
            select %s, store, warehouseid, sku, item, netsuite, sitoo, reserved, to_netsuite, to_sitoo, named,
                   {_VARIANCE}, cost, round(({_VARIANCE}) * coalesce(cost, 0) * minor_units / 1000)::bigint, currency
            from snapshot where sitoo <> netsuite or to_netsuite <> 0 or to_sitoo <> 0 or named <> 0
            """.encode(),
            [day],
        )
        connection.execute("delete from model.store_stock_totals where day = %s", [day])
        connection.execute(
            """
            insert into model.store_stock_totals
            select %s, store, warehouseid, count(*),
                   count(*) filter (where sitoo = netsuite and to_netsuite = 0 and to_sitoo = 0 and named = 0),
                   sum(netsuite), round(sum(netsuite * coalesce(cost, 0) * minor_units) / 1000)::bigint, currency, %s
            from snapshot group by store, warehouseid, currency
            """,
            (day, now),
        )
    return read_snapshot(connection, day)


def read_snapshot(connection: psycopg.Connection, day: date) -> Snapshot:
    """The snapshot that was taken of a day."""
    positions = agreed = 0
    value: Counter[str] = Counter()
    for of_warehouse, alike, value_minor, currency in connection.execute(
        "select positions, agreed, value_minor, currency from model.store_stock_totals where day = %s", [day]
    ):
        positions, agreed = positions + of_warehouse, agreed + alike
        value[currency] += value_minor
    rows = connection.execute(
        f"""
        select store, warehouseid, sku, sitoo_milli, netsuite_milli, to_sitoo_milli, to_netsuite_milli, variance_milli,
               value_minor, currency
        from {_SNAPSHOTS} where day = %s and variance_milli <> 0 order by abs(value_minor) desc, warehouseid, sku
        """.encode(),
        [day],
    )
    variances = tuple(Variance(*row) for row in rows)
    return Snapshot(positions, agreed, positions - agreed - len(variances), variances, dict(value))


def last_variances(connection: psycopg.Connection) -> tuple[Variance, ...]:
    """What the last snapshot could not explain; nothing before the first."""
    row = connection.execute("select max(day) from model.store_stock_totals").fetchone()
    return read_snapshot(connection, row[0]).variances if row is not None and row[0] is not None else ()


def _fill(connection: psycopg.Connection, estate: Estate, moving: InFlight) -> None:
    """The places that are compared, and what is on its way, as temporary tables."""
    connection.execute(
        """
        create temporary table snapshot_places (warehouseid bigint, eshopid integer, location bigint, store text,
                                                currency text, minor_units bigint) on commit drop;
        create temporary table snapshot_moving (warehouseid bigint, item bigint, to_netsuite_milli bigint,
                                                to_sitoo_milli bigint, named_milli bigint,
                                                least bigint, most bigint) on commit drop
        """
    )
    by_warehouse = estate.stock.by_warehouse if estate.stock else {}
    places = []
    for place in push_book.places(connection, estate):
        currency = estate.by_store[place.store].currency
        location = int(by_warehouse[place.warehouseid].location)
        minor_units = 10 ** decimals(currency)
        places.append((place.warehouseid, place.eshopid, location, place.store, currency, minor_units))
    copy_rows(connection, "snapshot_places", _PLACE_COLUMNS, places)
    parts = (moving.to_netsuite, moving.to_sitoo, moving.named)
    keys = {position for part in (*parts, moving.in_doubt) for position in part}
    rows = ((*key, *(part.get(key, 0) for part in parts), *moving.in_doubt.get(key, (0, 0))) for key in sorted(keys))
    copy_rows(connection, "snapshot_moving", _MOVING_COLUMNS, rows)
    connection.execute("analyze snapshot_places, snapshot_moving")
