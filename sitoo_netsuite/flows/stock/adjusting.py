"""Planning, posting and verifying the adjustments of a range of trading days.

Belongs here: the order in which tables, pure rules and NetSuite are asked, and the cases each step files. Does not
belong here: rules (`adjustments`), the document (`adjustment_document`), HTTP.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.journals.chart import books_ids
from sitoo_netsuite.flows.journals.queries import planned_store_days, ready_days
from sitoo_netsuite.flows.sales.late import GRACE
from sitoo_netsuite.flows.stock.adjustment_document import (
    FLOW,
    TRANSFER,
    adjustment_body,
    document_type,
    external_id,
    transfer_body,
)
from sitoo_netsuite.flows.stock.adjustment_findings import (
    LEFT_OUT_KINDS,
    PLAN_KINDS,
    POST_KINDS,
    VERIFY_KINDS,
    differs_case,
    left_out_case,
    missing_case,
    refused_cases,
    short_case,
    waiting_case,
)
from sitoo_netsuite.flows.stock.adjustment_read_back import held_adjustment, read_adjustments, save_read_back, unlike
from sitoo_netsuite.flows.stock.adjustments import (
    Catalogue,
    StockItem,
    Target,
    as_posted,
    difference,
    split,
    target,
)
from sitoo_netsuite.flows.stock.born_in_sitoo import moved_by_people
from sitoo_netsuite.flows.stock.decisions import decided, write
from sitoo_netsuite.flows.stock.ownership import BY_THE_ESTATE, MovedInSitoo, MovementName
from sitoo_netsuite.flows.stock.shipments import short_deliveries
from sitoo_netsuite.flows.stock.till_movements import days_moved, movements_of
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.document_lines import Quantities, QuantityKey, StoreDayName
from sitoo_netsuite.posting.outbox import NewDocument, OutboxRow, StoreDayKey
from sitoo_netsuite.posting.periods import Booking, Period, PostsTo, book
from sitoo_netsuite.posting.post import Poster
from sitoo_netsuite.posting.posting_run import Flow, Posted, post_store_days
from sitoo_netsuite.trading_day import trading_day_window
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """The stock of a store-day: what its adjustments ought to hold, what of it is still to be posted, and whether it
    may be. `waiting`: what people moved in Sitoo and waits for a person's word; `left`: what a person said NetSuite is
    not told of.
    """

    name: StoreDayName
    target: Target
    left_milli: int  # units moved, without their sign, that no document holds yet
    released: bool
    waiting: tuple[MovedInSitoo, ...] = ()
    left: tuple[MovedInSitoo, ...] = ()


def plan_adjustments(
    connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime, run_id: str
) -> list[PlannedDay]:
    """What the stores' stock in NetSuite ought to be moved by for these trading days, and the cases of what it cannot.

    The tills' movements must have been added up, and Sitoo's landed. Without `estate.stock`, and for stores without a
    go-live of stock, nothing is planned.
    """
    released = set(_released(connection, first, last, estate, now))
    catalogue = read_catalogue(connection, estate)
    by_people = moved_by_people(connection, first, last, estate)
    planned = []
    for name in _followed(_days(connection, first, last, estate), estate):
        recorded = outbox.recorded_lines(connection, _key(name), outbox.QUANTITIES)
        people_s = by_people.get(name, [])
        wanted = _target(connection, name, estate, catalogue, people_s, recorded)
        left = sum(map(abs, difference(wanted.quantities, recorded).values()))
        waiting = tuple(movement for movement in people_s if movement.waits is not None)
        not_told = tuple(movement for movement in people_s if movement.left)
        planned.append(PlannedDay(name, wanted, left, name in released, waiting, not_told))
    carried = {movement.name for moved in by_people.values() for movement in moved if movement.carried}
    short = [
        entry
        for entry in short_deliveries(connection, first, last, estate)
        if MovementName("shipment", entry.shipmentid) in carried
    ]
    cases = [*_plan_cases(planned), *map(short_case, short)]
    record_cases(connection, Scope(PLAN_KINDS, first, last), cases, now, run_id)
    return planned


def left_to_post(connection: psycopg.Connection, planned: PlannedDay) -> Quantities:
    """What NetSuite does not hold yet of a planned store-day: what is still to be made, to be sent, or in doubt."""
    day, store, currency = planned.name
    posted = [
        line
        for document in outbox.documents(connection, FLOW, day, day)
        if (document.store, document.currency, document.state) == (store, currency, "posted")
        for line in outbox.lines_of(connection, document.external_id, outbox.QUANTITIES).items()
    ]
    return difference(planned.target.quantities, posted)


async def post_adjustments(
    connection: psycopg.Connection,
    client: NetSuiteClient,
    first: date,
    last: date,
    estate: Estate,
    now: Now,
    run_id: str,
) -> Posted:
    """Posts what the released store-days of the range still lack, each document exactly once (`post_store_days`).

    Released is what is released to the books, or, where the estate's `stock.feed` is `during_day`, whatever the tills
    moved so far. With `read_only` nothing is numbered either.
    """
    if estate.read_only or estate.stock is None:
        return Posted()
    accounts = (await books_ids(client)).accounts
    catalogue = read_catalogue(connection, estate)
    flow = Flow(
        FLOW,
        PostsTo.INVENTORY,
        add_missing=lambda name, periods: _add_missing(connection, name, estate, catalogue, accounts, periods, now()),
        may_send=lambda name: name in _released(connection, name[0], name[0], estate, now()),
    )
    poster = Poster(connection, client, now, estate.netsuite.slots, held_adjustment)
    released = set(_released(connection, first, last, estate, now()))
    posted = await post_store_days(connection, poster, flow, first, last, released)
    refused = list(refused_cases(posted))
    record_cases(connection, Scope(POST_KINDS, first, last), refused, now(), run_id)
    return posted


@dataclass(slots=True)
class VerifiedStock:
    """What was read back: external ids of documents as sent, and of those that differ or are gone."""

    as_sent: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    cost_minor: Counter[str] = field(default_factory=Counter)  # by currency, of goods that went out


async def verify_adjustments(
    connection: psycopg.Connection, client: NetSuiteClient, first: date, last: date, now: Now, run_id: str
) -> VerifiedStock:
    """Reads the posted adjustments of the range back, keeps what they say, and files what is not as it was sent."""
    documents = [row for row in outbox.documents(connection, FLOW, first, last) if row.state == "posted"]
    held = await read_adjustments(client, documents)
    verified, cases = VerifiedStock(), []
    for document in documents:
        found = held.get(document.external_id)
        if found is None:
            verified.missing.append(document.external_id)
            cases.append(missing_case(document))
            continue
        verified.cost_minor[document.currency] -= sum(line.value_minor for line in found.lines)
        differing = unlike(document, found)
        if not differing:
            verified.as_sent.append(document.external_id)
            continue
        verified.different.append(document.external_id)
        cases.append(differs_case(document, differing))
    save_read_back(connection, [row.external_id for row in documents], held.items(), now())
    record_cases(connection, Scope(VERIFY_KINDS, first, last), cases, now(), run_id)
    return verified


def read_catalogue(connection: psycopg.Connection, estate: Estate) -> Catalogue:
    """NetSuite's active items as they were landed, without what kits are made of (`_on_day`)."""
    rows = connection.execute("select sku, item::text, item_type, tracked_by from landing.items where not inactive")
    return Catalogue({sku: StockItem(*columns) for sku, *columns in rows}, {}, frozenset(estate.by_special_sku))


def _on_day(connection: psycopg.Connection, catalogue: Catalogue, day: date) -> Catalogue:
    """The catalogue with what kits were made of on a trading day: what was sold of one does not change with it."""
    members: defaultdict[str, list[tuple[StockItem | None, int]]] = defaultdict(list)
    for kit, quantity_milli, known, *item in connection.execute(
        """
        select m.kit::text, m.quantity_milli, i.item is not null, m.item::text, i.item_type, i.tracked_by
        from landing.kit_members m left join landing.items i on i.item = m.item and not i.inactive
        where from_day = (select max(from_day) from landing.kit_members where kit = m.kit and from_day <= %s)
        order by m.kit, m.item
        """,
        [day],
    ):
        members[kit].append((StockItem(*item) if known else None, quantity_milli))
    return replace(catalogue, members=members)


def _followed(names: Sequence[StoreDayName], estate: Estate) -> list[StoreDayName]:
    """Those store-days whose stock is kept in step."""
    if estate.stock is None:
        return []
    followed = []
    for name in names:
        store = estate.by_store.get(name[1])
        if store is not None and store.go_live.stock is not None and name[0] >= store.go_live.stock:
            followed.append(name)
    return followed


def _released(
    connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime
) -> list[StoreDayName]:
    """The store-days whose stock may be posted now.

    A day on which no receipt was rung up, but goods were moved by hand, has no journal to wait for: it is released once
    it is over.
    """
    moved = _days(connection, first, last, estate)
    if estate.stock is not None and estate.stock.feed == "during_day":
        return _followed(moved, estate)
    without_receipts = set(moved) - set(planned_store_days(connection, first, last))
    over = {name for name in without_receipts if _end(name, estate) + GRACE <= now}
    return _followed(sorted({*ready_days(connection, first, last), *over}), estate)


def _days(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> list[StoreDayName]:
    """Store-days on which anything moved, or of which an adjustment was ever made, in order."""
    by_tills = {
        # Stock has no currency: what a till sold in another one is of the same store-day.
        (day, store, estate.by_store[store].currency if store in estate.by_store else currency)
        for day, store, currency in days_moved(connection, first, last)
    }
    return sorted({*by_tills, *moved_by_people(connection, first, last, estate)})


def _end(name: StoreDayName, estate: Estate) -> datetime:
    day, store_key, _ = name
    store = estate.by_store[store_key]
    _, end = trading_day_window(day, store.zone, store.cut_over)
    return end


def _target(
    connection: psycopg.Connection,
    name: StoreDayName,
    estate: Estate,
    catalogue: Catalogue,
    by_people: Sequence[MovedInSitoo],
    recorded: Sequence[tuple[QuantityKey, int]],
) -> Target:
    """What the adjustments of a store-day ought to hold. by_people: all that people moved on it in Sitoo; recorded:
    every line of those that were made.
    """
    store = estate.by_store[name[1]]
    accounts = estate.books_of(store).stock
    assert estate.stock is not None and accounts is not None, "the estate has both where a store's stock is live"
    locations = {place.warehouse: place.location for place in estate.stock.warehouses}
    moved = movements_of(connection, name[0], name[1])
    moved += [goods for movement in by_people if movement.carried for goods in movement.goods]
    wanted = target(moved, _on_day(connection, catalogue, name[0]), locations, accounts)
    return as_posted(wanted, recorded, {location: warehouse for warehouse, location in locations.items()})


def _key(name: StoreDayName) -> StoreDayKey:
    day, store, currency = name
    return StoreDayKey(FLOW, store, day, currency)


def _add_missing(
    connection: psycopg.Connection,
    name: StoreDayName,
    estate: Estate,
    catalogue: Catalogue,
    accounts: Mapping[str, str],
    periods: Sequence[Period],
    now: datetime,
) -> None:
    """Plans what the store-day still lacks; nothing when it may not post any more."""
    day, store_key, _ = name
    store = estate.by_store[store_key]
    assert estate.stock is not None
    most, stock_accounts = estate.stock.adjustment_lines, estate.books_of(store).stock

    def make(recorded: Sequence[tuple[QuantityKey, int]]) -> list[NewDocument[QuantityKey]]:
        # Under the store-day's lock: the tills may have moved more than when this run began.
        if name not in _released(connection, day, day, estate, now):
            return []
        by_people = moved_by_people(connection, day, day, estate).get(name, [])
        wanted = _target(connection, name, estate, catalogue, by_people, recorded)
        parts = split(difference(wanted.quantities, recorded), most)
        if not parts:
            return []
        _note_carried(connection, by_people, now)
        booking = book(periods, day, PostsTo.INVENTORY)
        return [document(part, booking) for part in parts]

    def document(part: Quantities, booking: Booking) -> NewDocument[QuantityKey]:
        kind = document_type(part)
        body = partial(adjustment_body, accounts=accounts)
        if kind == TRANSFER:
            assert stock_accounts is not None and stock_accounts.in_transit is not None, "else it would be left out"
            body = partial(transfer_body, in_transit=stock_accounts.in_transit)
        return NewDocument(
            document_type=kind,
            tran_date=booking.tran_date,
            lines=part,
            external_id=partial(external_id, store_key, day, kind),
            body=partial(body, store=store, trading_day=day, booking=booking, quantities=part),
        )

    def still_right(document: OutboxRow) -> bool:
        return document.tran_date == book(periods, day, PostsTo.INVENTORY).tran_date

    def carry(identity: str, document: NewDocument[QuantityKey]) -> None:
        """What an adjustment is made of is told by its store-day and SKUs."""

    outbox.add_documents(connection, _key(name), outbox.QUANTITIES, make, carry, still_right, now)


def _note_carried(connection: psycopg.Connection, by_people: Sequence[MovedInSitoo], now: datetime) -> None:
    """Writes down which of these NetSuite is told of: whoever owns their kind later, they are not taken back."""
    names = [movement.name for movement in by_people if movement.carried]
    new = [entry for entry in names if entry.number not in decided(connection, entry.born_in, [entry.number])]
    write(connection, new, carried=True, who=BY_THE_ESTATE, reason=None, now=now)


def _plan_cases(planned: Sequence[PlannedDay]) -> Iterator[Case]:
    for day in planned:
        trading_day, store, _ = day.name
        for entry in day.target.left_out:
            if entry.kind in LEFT_OUT_KINDS:
                yield left_out_case(entry, trading_day, store)
        yield from map(waiting_case, day.waiting)
