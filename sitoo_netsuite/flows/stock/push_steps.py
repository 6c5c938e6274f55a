"""NetSuite's stock movements to Sitoo: compare, push, look again, explain.

Belongs here: the order in which tables, pure rules and Sitoo are asked, and the cases it files. The asset and the
command line call these and add nothing. Does not belong here: rules (`wanted_pushes`), SQL (`push_book`), how a push is
sent (`push`), virtual warehouses (`levels`).

Both sides must have been landed. Everything below is safe to repeat: a push is what NetSuite moved, less what Sitoo has
or may have of it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.in_flight import in_flight
from sitoo_netsuite.flows.stock.levels import levels_to_push, push_levels
from sitoo_netsuite.flows.stock.push import StockPush
from sitoo_netsuite.flows.stock.push_findings import PUSH_KINDS, push_cases, units
from sitoo_netsuite.flows.stock.touched import clear, take, touch, touched
from sitoo_netsuite.flows.stock.wanted_levels import WantedLevel
from sitoo_netsuite.flows.stock.wanted_pushes import (
    RecordedPush,
    Skus,
    Wanted,
    doubled,
    items_left,
    numbered,
    wanted_pushes,
)
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.models import StockedProduct, can_be_asked_for
from sitoo_netsuite.warehouse.locks import alone
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

# A push of 200 items that Sitoo refuses is halved eight times until one item stands alone.
_MOST_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class StockRun:
    """What a run looked at, did and found. `counts`: outcome to how many pushes. `left`: what is still to be pushed.
    `levels`: what virtual warehouses were to be told.
    """

    transactions: int
    counts: dict[str, int]
    left: Wanted
    levels: tuple[WantedLevel, ...]
    cases: tuple[Case, ...]

    def of_kind(self, kind: str) -> list[Case]:
        return [case for case in self.cases if case.kind == kind]


@dataclass(frozen=True, slots=True)
class _Look:
    recorded: Sequence[RecordedPush]
    wanted: Wanted

    @property
    def unequal(self) -> set[int]:
        """Transactions of which something is left to push, whether Sitoo can take it or not."""
        withheld = {entry.transaction for entry in self.wanted.withheld if entry.transaction is not None}
        return {push.transaction for push in self.wanted.pushes} | withheld


def push_stock(
    connection: psycopg.Connection,
    client: SitooClient,
    estate: Estate,
    clock: Callable[[], datetime],
    run_id: str,
    *,
    whole: bool,
) -> StockRun:
    """Pushes what NetSuite moved and Sitoo does not have, and files what is left.

    whole: every transaction that was ever landed or pushed is compared, and what Sitoo refused is asked for again; else
    the transactions that changed since they were last compared, and those that are stuck. With `read_only`, or without
    `stock.push`, nothing is sent: all else is done. One run at a time: a second one waits.

    Raises SitooError when Sitoo cannot be asked; what was done until then is kept, and the next run goes on from there.
    """
    if estate.stock is None:
        return StockRun(0, {}, Wanted((), ()), (), ())
    may_push = estate.stock.push and not estate.read_only
    with alone(connection, "pushing stock"):
        places = push_book.places(connection, estate)
        sending = StockPush(connection, client, estate, places, clock)
        if may_push:
            sending.settle_doubts()
        if whole:
            touch(connection, push_book.differing(connection, estate))
        transactions = take(connection, run_id)
        if estate.stock.owners.web_orders == "sitoo":
            push_book.leave_web_orders(connection, transactions, clock())
        first = look = _look(connection, client, estate, transactions, refused_again=whole)
        for _ in range(_MOST_ROUNDS if may_push else 0):
            if not look.wanted.pushes:
                break
            sending.send(numbered(look.wanted.pushes, look.recorded))
            sending.settle_doubts()
            look = _look(connection, client, estate, transactions)
        levels, withheld = levels_to_push(
            connection,
            estate,
            partial(_unusable, connection, client),
            _to_netsuite(connection, estate, clock(), run_id),
        )
        if may_push:
            withheld += push_levels(connection, client, levels, clock())

        in_doubt = push_book.in_doubt_because(connection, push_book.in_doubt(connection, places))
        twice = [push for push in doubled(first.recorded) if push.transaction in first.unequal]
        cases = push_cases(
            [*look.wanted.withheld, *withheld],
            in_doubt,
            push_book.not_shown(connection, clock()),
            twice,
            {place.warehouseid: place.store for place in places},
        )
        record_cases(connection, Scope(PUSH_KINDS), cases, clock(), run_id)
        # What was doubled is looked at once more, so that its case clears when it was taken back.
        stuck = {push.transaction for push in in_doubt} | {push.transaction for push in twice} | look.unequal
        clear(connection, run_id, stuck)
    before = {push.external_id for push in first.recorded}
    counts = Counter(push.state for push in look.recorded if push.external_id not in before)
    return StockRun(len(transactions), dict(sorted(counts.items())), look.wanted, tuple(levels), tuple(cases))


def planned_pushes(
    connection: psycopg.Connection, client: SitooClient, estate: Estate, now: datetime
) -> list[dict[str, Any]]:
    """What would be pushed by what was landed last, one row a push, for people: store, warehouse, transaction,
    external_id, skus (SKU to units), and `held` with the reason where it is not pushed, or who said that it is not to
    be. Levels of virtual warehouses are rows too, without a transaction. Raises SitooError.
    """
    if estate.stock is None:
        return []
    transactions = touched(connection) | push_book.differing(connection, estate)
    look = _look(connection, client, estate, transactions)
    levels, withheld = levels_to_push(
        connection, estate, partial(_unusable, connection, client), _to_netsuite(connection, estate, now, run_id="plan")
    )
    rows: list[dict[str, Any]] = [
        {
            "store": push.store,
            "warehouse": push.warehouseid,
            "transaction": push.transaction,
            "external_id": push.external_id,
            "skus": {line.sku: units(line.quantity_milli) for line in push.lines},
        }
        for push in numbered(look.wanted.pushes, look.recorded)
    ]
    rows += [
        {
            "store": entry.place.store,
            "warehouse": entry.place.warehouseid,
            "transaction": entry.transaction,
            "external_id": None,
            "skus": {entry.sku: units(entry.quantity_milli)},
            "held": entry.reason,
        }
        for entry in (*look.wanted.withheld, *withheld)
    ]
    rows += [
        {
            "store": estate.stock.by_warehouse[warehouseid].store,
            "warehouse": warehouseid,
            "transaction": transaction,
            "external_id": None,
            "skus": {sku: units(quantity_milli)},
            "held": f"left alone by {said}",
        }
        for transaction, warehouseid, sku, quantity_milli, said in push_book.left(connection, estate)
    ]
    rows += [
        {
            "store": level.place.store,
            "warehouse": level.place.warehouseid,
            "transaction": None,
            "external_id": None,
            "skus": {level.sku: units(level.quantity_milli)},
        }
        for level in levels
    ]
    return rows


def _to_netsuite(
    connection: psycopg.Connection, estate: Estate, now: datetime, run_id: str
) -> Mapping[tuple[int, int], int]:
    """What is on its way to NetSuite, by warehouse and item; nothing where no virtual warehouse asks for it."""
    if not push_book.virtual_places(connection, estate):
        return {}
    return in_flight(connection, estate, now.date(), now, run_id).to_netsuite


def _look(
    connection: psycopg.Connection,
    client: SitooClient,
    estate: Estate,
    transactions: Collection[int],
    *,
    refused_again: bool = False,
) -> _Look:
    places = push_book.places(connection, estate)
    moved = push_book.movements(connection, estate, transactions)
    recorded = push_book.recorded(connection, transactions)
    left = items_left(places, moved, recorded)
    of_item, left_alone = push_book.skus_of(connection, {item for _, item in left})
    by_site: defaultdict[int, set[tuple[int, str]]] = defaultdict(set)
    sites = {place.warehouseid: place.eshopid for place in places}
    for warehouseid, item in left:
        if item in of_item and item not in left_alone:
            by_site[sites[warehouseid]].add((warehouseid, of_item[item]))
    unusable: dict[tuple[int, str], str] = {}
    for eshopid, wanted in by_site.items():
        reasons = _unusable(connection, client, eshopid, {sku for _, sku in wanted})
        unusable |= {(warehouseid, sku): reasons[sku] for warehouseid, sku in wanted if sku in reasons}
    skus = Skus(of_item, unusable, left_alone)
    return _Look(recorded, wanted_pushes(places, moved, recorded, skus, refused_again=refused_again))


def _unusable(
    connection: psycopg.Connection, client: SitooClient, eshopid: int, skus: Collection[str]
) -> dict[str, str]:
    """Those of the SKUs that a Sitoo site has no stock of, and why. Sitoo is asked for those that were not landed."""
    asked = {sku for sku in push_book.skus_not_known(connection, eshopid, skus) if can_be_asked_for(sku)}
    counted: dict[str, bool] = {}
    if asked:
        for page in client.product_pages(eshopid, skus=asked, fields=StockedProduct.__struct_fields__):
            for raw in page:
                product = msgspec.json.decode(raw, type=StockedProduct)
                counted[product.sku] = product.stockcountenable is not False
    return {
        sku: "Sitoo has no such product" if sku not in counted else "Sitoo does not count its stock"
        for sku in asked
        if not counted.get(sku, False)
    }
