"""Prove, plan and post: steps of the main job over a range of trading days. Reading back is in `verifying`.

Belongs here: the order in which tables, pure rules and NetSuite are asked, and the cases each step files. The assets
and the command line call these and add nothing. Does not belong here: rules, SQL, HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    UnknownInNetSuiteError,
    external_id,
    journal_body,
)
from sitoo_netsuite.flows.journals.exceptions import PLAN_KINDS, plan_cases
from sitoo_netsuite.flows.journals.lines import VAT_KINDS
from sitoo_netsuite.flows.journals.plan import PlannedDay, TooLongError, collapse, decide, difference, split
from sitoo_netsuite.flows.journals.queries import StoreDayName
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.document_lines import LineKey, Lines
from sitoo_netsuite.posting.outbox import NewDocument, OutboxRow, StoreDayKey
from sitoo_netsuite.posting.periods import NoOpenPeriodError, Period, PostsTo, book, is_shut, period_of
from sitoo_netsuite.posting.post import Outcome, Poster
from sitoo_netsuite.posting.read_periods import read_periods
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

# Journals are stopped by what stops the general ledger, and by no other lock.
_POSTS_TO = PostsTo.GENERAL_LEDGER
# The plan, and again where a period was shut while it was posted. A period is not shut three times in a run.
_PLANNINGS_A_RUN = 3

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
    parts = split(difference(target, outbox.recorded_lines(connection, key)), estate.netsuite.journal_lines)
    return [
        DraftDocument(external_id(store, day, currency, number), store, day, currency, part)
        for number, part in enumerate(parts, start=outbox.last_number(connection, key) + 1)
    ]


@dataclass(slots=True)
class Posted:
    """What became of the documents of a range in this run. `refused_days`: no document could be made, and why."""

    outcomes: list[Outcome] = field(default_factory=list)
    refused_days: dict[StoreDayName, str] = field(default_factory=dict)

    def count(self, state: str) -> int:
        """Documents whose last word in this run is that state."""
        latest = {outcome.document.external_id: outcome.state for outcome in self.outcomes}
        return Counter(latest.values())[state]


async def post_days(
    connection: psycopg.Connection,
    client: NetSuiteClient,
    first: date,
    last: date,
    estate: Estate,
    now: Now,
    run_id: str,
) -> Posted:
    """Posts what the ready store-days of the range still lack, each document exactly once.

    Documents in doubt are settled first. Then, by the plan as it is at that moment, what an earlier run left planned is
    kept or withdrawn, the difference that is left is planned, and all of it is sent; what a period that was shut
    meanwhile turned away is planned again with its new date. Of a store-day that may not post any more nothing is sent,
    whatever was planned. One store-day's trouble stops no other's, and several runs may post the same days at once.
    With `read_only` nothing is numbered either: the plan is all there is.
    """
    posted = Posted()
    if estate.read_only:
        return posted
    poster = Poster(connection, client, now, estate.netsuite.slots)
    released = set(queries.ready_days(connection, first, last))
    sent: set[str] = set()

    async def send(state: str, names: Collection[StoreDayName]) -> dict[StoreDayName, OutboxRow]:
        """Sends what is in a state, of those store-days, and was not sent in this run; the refused ones."""
        documents = [
            document
            for document in outbox.documents_in(connection, FLOW, state, first, last)
            if _name(document) in names and document.external_id not in sent
        ]
        sent.update(document.external_id for document in documents)
        outcomes = await poster.send(
            documents, lambda document: queries.ready_target(connection, _name(document)) is not None
        )
        posted.outcomes += outcomes
        return {_name(outcome.document): outcome.document for outcome in outcomes if outcome.state == "refused"}

    in_doubt = outbox.documents_in(connection, FLOW, "in_doubt", first, last)
    posted.outcomes += await poster.settle([document for document in in_doubt if _name(document) not in released])
    refused = await send("in_doubt", released)
    ids = await books_ids(client)
    wanted = sorted(released)
    for _ in range(_PLANNINGS_A_RUN):
        periods = await read_periods(client, first)
        planned = set()
        for name in wanted:
            if name in refused and not is_shut(periods, refused[name].tran_date, _POSTS_TO):
                continue  # NetSuite would refuse it again
            try:
                _add_missing(connection, name, estate, ids, periods, now())
            except (UnknownInNetSuiteError, TooLongError, NoOpenPeriodError) as error:
                posted.refused_days[name] = str(error)
            else:
                planned.add(name)
        refused = await send("planned", planned)
        wanted = list(refused)
        if not wanted:
            break
    refused_cases = _refused_cases(connection, first, last, posted.refused_days)
    record_cases(connection, Scope(("document_refused",), first, last), refused_cases, now(), run_id)
    for case in _later_period_cases(connection, first, last, periods):
        # Of this key alone: nothing but a person's word takes it off the list again.
        record_cases(connection, Scope((case.kind,), key=case.key), [case], now(), run_id)
    return posted


def _name(document: OutboxRow) -> StoreDayName:
    return document.trading_day, document.store, document.currency


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

    def make(recorded: Sequence[tuple[LineKey, int]]) -> list[NewDocument]:
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

    def carry(identity: str, document: NewDocument) -> None:
        registers = {key.registerid for key in document.lines}
        queries.carry_receipts(connection, name, identity, registers)

    def still_right(document: OutboxRow) -> bool:
        return document.tran_date == book(periods, day, _POSTS_TO).tran_date

    outbox.add_documents(connection, StoreDayKey(FLOW, store_key, day, currency), make, carry, still_right, now)


def _refused_cases(
    connection: psycopg.Connection, first: date, last: date, refused_days: Mapping[StoreDayName, str]
) -> Iterator[Case]:
    """One case a store-day that is released and not in the books because NetSuite, or the estate, would not have it."""
    refused = {_name(document): document for document in outbox.documents_in(connection, FLOW, "refused", first, last)}
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
        lines = collapse(outbox.lines_of(connection, document.external_id))
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
