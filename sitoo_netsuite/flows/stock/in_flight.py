"""What has moved in one system and not in the other yet, by warehouse and item.

Belongs here: adding up what the plans of this flow leave to be done. Does not belong here: making those plans
(`adjusting`, `push_steps`), and comparing levels (`snapshots`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import msgspec
import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.adjusting import PlannedDay, left_to_post, plan_adjustments
from sitoo_netsuite.flows.stock.adjustment_document import FLOW
from sitoo_netsuite.flows.stock.adjustment_findings import LEFT_OUT_KINDS, left_out_key
from sitoo_netsuite.flows.stock.named_stock import changed_adjustments
from sitoo_netsuite.flows.stock.till_movements import refresh_till_movements
from sitoo_netsuite.flows.stock.wanted_pushes import Skus, wanted_pushes
from sitoo_netsuite.trading_day import trading_day

# A store-day is settled by then, or a case says why not.
_SETTLED_AFTER = timedelta(days=7)

# Reference sitoo-api, section 3: an order, closed and paid; as additional data says yes.
_TILL_SALE, _TRUE = (10, 10, 20), "true"

Position = tuple[int, int]
"""Sitoo's warehouse, NetSuite's item (internal id)."""
Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class InFlight:
    """Thousandths by position. `to_netsuite`: moved in Sitoo, not yet in NetSuite; `to_sitoo`: the other way; `named`:
    what NetSuite has too much by documents of ours that somebody changed or deleted. `in_doubt`: the least and the most
    that a variance may come to because some of the first two may have arrived all the same.
    """

    to_netsuite: Mapping[Position, int]
    to_sitoo: Mapping[Position, int]
    named: Mapping[Position, int]
    in_doubt: Mapping[Position, Range] = field(default_factory=dict)

    def since(self, before: InFlight) -> InFlight:
        """The same, knowing what was on its way a moment before: what moved meanwhile is in doubt too, since the levels
        that were read in between may show it or not.
        """
        doubts = [(position, bound) for position, bounds in self.in_doubt.items() for bound in bounds]
        doubts += [(position, -milli) for position, milli in _changes(before.to_netsuite, self.to_netsuite)]
        doubts += _changes(before.to_sitoo, self.to_sitoo)
        return replace(self, in_doubt=_ranges(doubts))


def _changes(before: Mapping[Position, int], now: Mapping[Position, int]) -> list[tuple[Position, int]]:
    return [(position, now.get(position, 0) - before.get(position, 0)) for position in now.keys() | before.keys()]


def _ranges(doubts: Iterable[tuple[Position, int]]) -> dict[Position, Range]:
    """What all doubts about a position come to at least and at most, each of which may be so or not."""
    least: Counter[Position] = Counter()
    most: Counter[Position] = Counter()
    for position, milli in doubts:
        (least if milli < 0 else most)[position] += milli
    return {
        position: (least[position], most[position])
        for position in least.keys() | most.keys()
        if least[position] or most[position]
    }


def in_flight(connection: psycopg.Connection, estate: Estate, today: date, now: datetime, run_id: str) -> InFlight:
    """What is on its way by what was landed and modelled last."""
    to_netsuite: Counter[Position] = Counter()
    days = _open_days(connection, estate, today)
    for day in days:
        refresh_till_movements(connection, day, day)
        for planned in plan_adjustments(connection, day, day, estate, now, run_id):
            to_netsuite.update(_of_store_day(connection, planned, estate))
    to_netsuite.update(_of_unreadable_receipts(connection, estate))
    return InFlight(
        {key: milli for key, milli in to_netsuite.items() if milli},
        _to_sitoo(connection, estate),
        _named(connection, estate, today),
        _in_doubt(connection, estate, days),
    )


def _open_days(connection: psycopg.Connection, estate: Estate, today: date) -> list[date]:
    """Trading days of which something may still be on its way: the last ones, and those that an open case is about."""
    rows = connection.execute(
        "select distinct trading_day from worklist.cases "
        "where event not in ('cleared', 'resolved') and trading_day is not null"
    )
    # East of the zone of `today` it is tomorrow already.
    lately = [today - timedelta(days=number) for number in range(-1, _SETTLED_AFTER.days + 1)]
    return sorted(day for day in {*lately, *(day for (day,) in rows)} if day >= estate.first_day)


def _of_store_day(connection: psycopg.Connection, planned: PlannedDay, estate: Estate) -> Counter[Position]:
    """What is left to post of a store-day, and what cannot be posted or may not yet. What a person resolved is not: it
    was moved in NetSuite by hand.
    """
    assert estate.stock is not None, "without stock no store-day is planned"
    left: Counter[Position] = Counter()
    for key, milli in left_to_post(connection, planned).items():
        # A warehouse may have got another location since; what was posted at the old one is not compared.
        if key.location in estate.stock.by_location:
            left[estate.stock.by_location[key.location].warehouse, int(key.item)] += milli
    day, store, _ = planned.name
    resolved = _resolved(connection, day)
    waiting = [
        (entry.warehouseid, entry.sku, entry.quantity_milli)
        for entry in planned.target.left_out
        if (entry.kind, left_out_key(entry, day, store)) not in resolved
    ]
    waiting += [
        (goods.warehouseid, goods.sku, goods.quantity_milli) for movement in planned.waiting for goods in movement.goods
    ]
    items = _items(connection, {sku for _, sku, _ in waiting})
    for warehouseid, sku, milli in waiting:
        if sku in items:
            left[warehouseid, items[sku]] += milli
    return left


def _resolved(connection: psycopg.Connection, day: date) -> set[tuple[str, str]]:
    """Kind and key of the cases of goods left out on a trading day that a person resolved."""
    rows = connection.execute(
        "select kind, key from worklist.cases where event = 'resolved' and trading_day = %s and kind = any(%s)",
        (day, list(LEFT_OUT_KINDS)),
    )
    return set(rows.fetchall())


class _Row(msgspec.Struct):
    sku: str
    quantity: int
    decimalquantitytotal: str | None = None
    additionaldata: dict[str, str] = {}

    @property
    def milli(self) -> int:
        """Raises ValueError where it is no number."""
        text = self.decimalquantitytotal
        return self.quantity * 1000 if text is None else int(Decimal(text).scaleb(3))


class _Goods(msgspec.Struct):
    """What of an order tells of goods, and whether it is a till sale; its money may be unreadable."""

    ordertypeid: int
    orderstateid: int
    paymentstateid: int
    orderdate: int
    warehouseid: int
    orderitems: list[_Row]
    registerid: str | None = None
    additionaldata: dict[str, str] = {}


def _of_unreadable_receipts(connection: psycopg.Connection, estate: Estate) -> Counter[Position]:
    """What receipts in quarantine moved in Sitoo, as far as that can be read: it reaches NetSuite once they can be."""
    rows = connection.execute(
        """
        select distinct on (record) body from restricted.quarantine
        where source in ('orders', 'receipts') and cured_at is null and body is not null order by record, id desc
        """
    )
    moved: Counter[tuple[int, str]] = Counter()
    for (body,) in rows:
        try:
            moved.update(_moved_by(msgspec.json.decode(body, type=_Goods), estate))
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, ArithmeticError):
            continue  # then nobody can tell, and its goods are a variance
    items = _items(connection, {sku for _, sku in moved})
    return Counter({(place, items[sku]): milli for (place, sku), milli in moved.items() if sku in items})


def _moved_by(order: _Goods, estate: Estate) -> Counter[tuple[int, str]]:
    """What an order moved, by warehouse and SKU; nothing where it is no till sale of a store whose stock is followed.

    Raises ValueError or ArithmeticError where a row cannot be read.
    """
    moved: Counter[tuple[int, str]] = Counter()
    places = estate.stock.by_warehouse if estate.stock else {}
    is_till_sale = (order.ordertypeid, order.orderstateid, order.paymentstateid) == _TILL_SALE
    if not is_till_sale or order.registerid is None or order.additionaldata.get(estate.sitoo.practice_key) == _TRUE:
        return moved
    sold_at = datetime.fromtimestamp(order.orderdate, UTC)
    for row in order.orderitems:
        back = row.additionaldata.get("return-warehouseid") if row.quantity < 0 else None
        place = places.get(int(back or order.warehouseid))
        if place is None or (row.quantity > 0 and order.additionaldata.get(estate.sitoo.undelivered_key)):
            continue
        store = estate.by_store[place.store]
        if store.go_live.stock is not None and trading_day(sold_at, store.zone, store.cut_over) >= store.go_live.stock:
            moved[place.warehouse, row.sku] -= row.milli
    return moved


def _items(connection: psycopg.Connection, skus: Iterable[str]) -> dict[str, int]:
    return dict(connection.execute("select sku, item from landing.items where sku = any(%s)", [list(skus)]).fetchall())


def _to_sitoo(connection: psycopg.Connection, estate: Estate) -> dict[Position, int]:
    """What NetSuite moved and Sitoo does not show: not pushed, refused, or in doubt."""
    places = push_book.places(connection, estate)
    transactions = push_book.differing(connection, estate) if estate.stock else set()
    recorded = push_book.recorded(connection, transactions)
    # Items by their ids alone: whether Sitoo can take them or not, they are not there.
    everything = wanted_pushes(places, push_book.movements(connection, estate, transactions), recorded, Skus({}, {}))
    left: Counter[Position] = Counter()
    for entry in everything.withheld:
        left[entry.place.warehouseid, entry.item] += entry.quantity_milli
    for push in push_book.in_doubt(connection, places):
        for line in push.lines:
            left[push.warehouseid, line.item] += line.quantity_milli
    return {key: milli for key, milli in left.items() if milli}


def _in_doubt(connection: psycopg.Connection, estate: Estate, days: Collection[date]) -> dict[Position, Range]:
    """What was sent either way, and nobody knows yet whether it arrived: documents of these trading days, and pushes.

    A document that arrived is counted twice in NetSuite, a push that arrived twice in Sitoo.
    """
    by_location = estate.stock.by_location if estate.stock else {}
    rows = connection.execute(
        """
        select q.location, q.item::bigint, q.quantity_milli
        from posting.outbox o join posting.outbox_quantities q using (external_id)
        where o.flow = %s and o.state = 'in_doubt' and o.trading_day = any(%s)
        """,
        (FLOW, list(days)),
    )
    doubts = [
        ((by_location[location].warehouse, item), -milli) for location, item, milli in rows if location in by_location
    ]
    doubts += [
        ((push.warehouseid, line.item), line.quantity_milli)
        for push in push_book.in_doubt(connection, push_book.places(connection, estate))
        for line in push.lines
    ]
    return _ranges(doubts)


def _named(connection: psycopg.Connection, estate: Estate, today: date) -> dict[Position, int]:
    by_location = estate.stock.by_location if estate.stock else {}
    named: Counter[Position] = Counter()
    for entry in changed_adjustments(connection, estate.first_day, today):
        for line in entry["lines"]:
            if line["location"] in by_location:
                named[by_location[line["location"]].warehouse, int(line["item"])] += line["quantity_milli"]
    return {key: milli for key, milli in named.items() if milli}
