"""Prove, plan and post: steps of the main job over a range of trading days. Reading back is in `verifying`.

Belongs here: the order in which tables, pure rules and NetSuite are asked, and the cases each step files. The assets
and the command line call these and add nothing. Does not belong here: rules, SQL, HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.journals import queries
from sitoo_netsuite.flows.journals.chart import books_ids
from sitoo_netsuite.flows.journals.document import (
    DOCUMENT_TYPE,
    FLOW,
    BooksIds,
    external_id,
    journal_body,
)
from sitoo_netsuite.flows.journals.exceptions import PLAN_KINDS, plan_cases
from sitoo_netsuite.flows.journals.lines import VAT_KINDS
from sitoo_netsuite.flows.journals.plan import PlannedDay, collapse, decide, difference, split
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.document_lines import LineKey, Lines, StoreDayName
from sitoo_netsuite.posting.outbox import NewDocument, OutboxRow, StoreDayKey
from sitoo_netsuite.posting.periods import Period, PostsTo, book, period_of
from sitoo_netsuite.posting.post import Poster
from sitoo_netsuite.posting.posting_run import Flow, Posted, post_store_days, store_day
from sitoo_netsuite.posting.read_back import held_journal
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

# Journals are stopped by what stops the general ledger, and by no other lock.
_POSTS_TO = PostsTo.GENERAL_LEDGER

Now = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of a range of trading days and what it makes people do."""

    days: tuple[PlannedDay, ...]
    cases: tuple[Case, ...]
    case_events: Counter[str]


def plan_days(
    connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime, run_id: str
) -> Planned:
    """Proves every session, decides every store-day, keeps the plan and brings its cases up to date.

    The receipts, sessions and totals of the days must have been modelled before.
    """
    planned = tuple(decide(day) for day in queries.store_days(connection, first, last, estate, now))
    queries.save_plan(connection, first, last, planned, now)
    cases = tuple(plan_cases(planned, queries.held_causes(connection, first, last)))
    events = record_cases(connection, Scope(PLAN_KINDS, first, last), cases, now, run_id)
    return Planned(planned, cases, events)


@dataclass(frozen=True, slots=True)
class DraftDocument:
    """A document that a run would post: what `plan` shows, before anything is numbered or sent."""

    external_id: str
    store: str
    trading_day: date
    currency: str
    lines: Lines


def draft_documents(
    connection: psycopg.Connection, name: StoreDayName, target: Lines, estate: Estate
) -> list[DraftDocument]:
    """The documents that a ready store-day still lacks. Nothing is written or sent.

    Raises TooLongError where a single register needs more lines than a journal may have.
    """
    day, store, currency = name
    key = StoreDayKey(FLOW, store, day, currency)
    parts = split(
        difference(target, outbox.recorded_lines(connection, key, outbox.MONEY)), estate.netsuite.journal_lines
    )
    return [
        DraftDocument(external_id(store, day, currency, number), store, day, currency, part)
        for number, part in enumerate(parts, start=outbox.last_number(connection, key) + 1)
    ]


async def post_days(
    connection: psycopg.Connection,
    client: NetSuiteClient,
    first: date,
    last: date,
    estate: Estate,
    now: Now,
    run_id: str,
) -> Posted:
    """Posts what the ready store-days of the range still lack, each document exactly once (`post_store_days`).

    Files what NetSuite would not have, and what was booked in a later period.

    With `read_only` nothing is numbered either: the plan is all there is.
    """
    if estate.read_only:
        return Posted()
    poster = Poster(connection, client, now, estate.netsuite.slots, held_journal)
    released = queries.ready_days(connection, first, last)
    ids = await books_ids(client)
    flow = Flow(
        FLOW,
        _POSTS_TO,
        add_missing=lambda name, periods: _add_missing(connection, name, estate, ids, periods, now()),
        may_send=lambda name: queries.ready_target(connection, name) is not None,
    )
    posted = await post_store_days(connection, poster, flow, first, last, set(released))
    refused_cases = _refused_cases(connection, first, last, posted.refused_days)
    record_cases(connection, Scope(("document_refused",), first, last), refused_cases, now(), run_id)
    for case in _later_period_cases(connection, first, last, posted.periods):
        # Of this key alone: nothing but a person's word takes it off the list again.
        record_cases(connection, Scope((case.kind,), key=case.key), [case], now(), run_id)
    return posted


def _add_missing(
    connection: psycopg.Connection,
    name: StoreDayName,
    estate: Estate,
    ids: BooksIds,
    periods: Sequence[Period],
    now: datetime,
) -> None:
    """Plans what the store-day still lacks; nothing when it may not post any more."""
    day, store_key, currency = name
    store = estate.by_store[store_key]

    def make(recorded: Sequence[tuple[LineKey, int]]) -> list[NewDocument[LineKey]]:
        # Under the store-day's lock: the plan may be another one than when this run began.
        target = queries.ready_target(connection, name)
        if target is None:
            return []
        parts = split(difference(target, recorded), estate.netsuite.journal_lines)
        if not parts:
            return []
        booking = book(periods, day, _POSTS_TO)
        return [
            NewDocument(
                document_type=DOCUMENT_TYPE,
                tran_date=booking.tran_date,
                lines=part,
                external_id=lambda number: external_id(store_key, day, currency, number),
                body=partial(
                    journal_body, store=store, trading_day=day, booking=booking, lines=collapse(part), ids=ids
                ),
            )
            for part in parts
        ]

    def carry(identity: str, document: NewDocument[LineKey]) -> None:
        registers = {key.registerid for key in document.lines}
        queries.carry_receipts(connection, name, identity, registers)

    def still_right(document: OutboxRow) -> bool:
        return document.tran_date == book(periods, day, _POSTS_TO).tran_date

    outbox.add_documents(
        connection, StoreDayKey(FLOW, store_key, day, currency), outbox.MONEY, make, carry, still_right, now
    )


def _refused_cases(
    connection: psycopg.Connection, first: date, last: date, refused_days: Mapping[StoreDayName, str]
) -> Iterator[Case]:
    """One case a store-day that is released and not in the books because NetSuite, or the estate, would not have it."""
    refused = {
        store_day(document): document for document in outbox.documents_in(connection, FLOW, "refused", first, last)
    }
    for state in queries.store_day_states(connection, first, last):
        name = (state.trading_day, state.store, state.currency)
        if name in refused_days:
            record, text = None, refused_days[name]
        elif state.state == "refused":
            record, text = refused[name].external_id, refused[name].error or "NetSuite gave no reason"
        else:
            continue
        yield Case(
            kind="document_refused",
            key=f"{state.store}/{state.trading_day}/{state.currency}",
            store=state.store,
            trading_day=state.trading_day,
            record=record,
            amount_minor=state.missing_minor,
            currency=state.currency,
            evidence={"text": text},
        )


def _later_period_cases(
    connection: psycopg.Connection, first: date, last: date, periods: Sequence[Period]
) -> Iterator[Case]:
    """One case a posted document that is dated outside its trading day's period, of its net VAT; `vat` in the evidence
    has it by rate, sales and returns apart (debit positive).
    """
    for document in outbox.documents_in(connection, FLOW, "posted", first, last):
        if document.tran_date == document.trading_day:
            continue
        lines = collapse(outbox.lines_of(connection, document.external_id, outbox.MONEY))
        vat = [line for line in lines if line.kind in VAT_KINDS]
        debits = sum(line.amount_minor for line in lines if line.amount_minor > 0)
        booked, own = period_of(periods, document.tran_date), period_of(periods, document.trading_day)
        yield Case(
            kind="later_period",
            key=document.external_id,
            store=document.store,
            trading_day=document.trading_day,
            record=document.external_id,
            amount_minor=abs(sum(line.amount_minor for line in vat)) if vat else debits,
            currency=document.currency,
            evidence={
                "text": f"dated {document.tran_date} in {booked.name if booked else 'no period'}, because "
                f"{own.name if own else 'its own period'} was closed when it was posted",
                "vat_period": own.name if own else None,
                "posted_period": booked.name if booked else None,
                "vat": [
                    {"kind": line.kind, "vat_rate_bp": line.vat_rate_bp, "amount_minor": line.amount_minor}
                    for line in vat
                ],
            },
        )
