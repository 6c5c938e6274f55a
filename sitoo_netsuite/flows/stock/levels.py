"""Virtual warehouses of Sitoo: told how much NetSuite has, instead of being moved.

Belongs here: reading what both have, and telling it. Does not belong here: what a level ought to be (`wanted_levels`),
and warehouses that take movements (`push`).

Both sides' levels must have been landed. To tell the same level again changes nothing, so that an answer which is not
clear needs no more than the next run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.sitoo_landing import reread_levels
from sitoo_netsuite.flows.stock.wanted_levels import WantedLevel, wanted_levels
from sitoo_netsuite.flows.stock.wanted_pushes import Place, Withheld
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.errors import SitooUnclear
from sitoo_netsuite.sitoo.models import quantity_text

_MOST_LEVELS = 200

Unusable = Callable[[int, Collection[str]], Mapping[str, str]]
"""Of some SKUs, those that a Sitoo site (eshopid) has no stock of, to the reason."""


def levels_to_push(
    connection: psycopg.Connection, estate: Estate, unusable: Unusable, to_netsuite: Mapping[tuple[int, int], int]
) -> tuple[list[WantedLevel], list[Withheld]]:
    """What to tell every virtual warehouse of the estate by what was landed last, and what no product takes.

    to_netsuite: what moved in Sitoo and NetSuite does not know yet, by warehouse and item. What a till has sold is
    not there to be sold again.
    """
    assert estate.stock is not None
    found: list[WantedLevel] = []
    withheld: list[Withheld] = []
    for place in push_book.virtual_places(connection, estate):
        location = int(estate.stock.by_warehouse[place.warehouseid].location)
        rows = connection.execute(
            "select sku, item, available_milli from landing.netsuite_levels join landing.items using (item) "
            "where location = %s and for_tills",
            [location],
        )
        available = {
            sku: (item, quantity + to_netsuite.get((place.warehouseid, item), 0)) for sku, item, quantity in rows
        }
        has: dict[str, int] = dict(
            connection.execute(
                "select sku, total_milli from landing.sitoo_levels where warehouseid = %s", [place.warehouseid]
            ).fetchall()
        )
        wanted = wanted_levels(place, available, has)
        reasons = unusable(place.eshopid, {level.sku for level in wanted})
        found += [level for level in wanted if level.sku not in reasons]
        withheld += [level.withheld(reasons[level.sku], "unusable") for level in wanted if level.sku in reasons]
    return found, withheld


def push_levels(
    connection: psycopg.Connection, client: SitooClient, levels: Iterable[WantedLevel], now: datetime
) -> list[Withheld]:
    """Tells virtual warehouses their levels and reads them back; what Sitoo refused.

    Raises SitooError when Sitoo cannot be asked; what was told until then stands.
    """
    refused: list[Withheld] = []
    by_place: dict[Place, list[WantedLevel]] = {}
    for level in levels:
        by_place.setdefault(level.place, []).append(level)
    for place, wanted in by_place.items():
        for start in range(0, len(wanted), _MOST_LEVELS):
            some = wanted[start : start + _MOST_LEVELS]
            records = [{"sku": level.sku, "decimaltotal": quantity_text(level.quantity_milli)} for level in some]
            try:
                answers = client.put_warehouse_items(place.eshopid, place.warehouseid, records)
            except SitooUnclear:
                answers = []  # the reading back tells, and the next run tells them again
            refused += [
                level.withheld(answer.error or f"status {answer.status}", "refused")
                for level, answer in zip(some, answers, strict=bool(answers))
                if answer.refused
            ]
            reread_levels(connection, client, place.eshopid, place.warehouseid, [level.sku for level in some], now)
    return refused
