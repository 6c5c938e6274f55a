"""Prove and plan, post, verify: the last four steps of the main job over a range of trading days.

Belongs here: the order in which tables, pure rules and NetSuite are asked, and the cases each step files. The assets
and the command line call these and add nothing. Does not belong here: rules, SQL, HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.journals import queries
from sitoo_netsuite.flows.journals.document import BooksIds, UnknownInNetSuiteError, external_id, journal_body
from sitoo_netsuite.flows.journals.exceptions import PLAN_KINDS, plan_cases
from sitoo_netsuite.flows.journals.plan import PlannedDay, TooLongError, collapse, decide, difference, split
from sitoo_netsuite.flows.journals.queries import StoreDayName
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import Row, keyset, query
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.document_lines import LineKey, Lines
from sitoo_netsuite.posting.outbox import NewDocument, OutboxRow, StoreDayKey
from sitoo_netsuite.posting.post import Outcome, Poster
from sitoo_netsuite.posting.read_back import (
    LedgerDocument,
    LineDifference,
    compare,
    debits,
    misdated,
    read_documents,
    save_read_back,
)
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

FLOW = "journals"
DOCUMENT_TYPE = "journalEntry"

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

    Documents in doubt are settled first, then those an earlier run left planned are sent, then the difference that is
    left is planned and sent. Of a store-day that may not post any more nothing is sent, whatever was planned. One
    store-day's trouble stops no other's. With `read_only` nothing is numbered either: the plan is all there is.
    """
    posted = Posted()
    if estate.read_only:
        return posted
    poster = Poster(connection, client, now, estate.netsuite.slots)
    with outbox.one_poster(connection, FLOW):
        targets = dict(queries.ready_targets(connection, first, last))

        sent: set[str] = set()

        async def send_planned() -> None:
            planned = [
                document
                for document in outbox.documents_in(connection, FLOW, "planned", first, last)
                if _name(document) in targets and document.external_id not in sent
            ]
            sent.update(document.external_id for document in planned)
            posted.outcomes += await poster.send(planned)

        posted.outcomes += await poster.settle(outbox.documents_in(connection, FLOW, "in_doubt", first, last))
        await send_planned()
        ids = await books_ids(client)
        for name, target in targets.items():
            try:
                _add_missing(connection, name, target, estate, ids, now())
            except (UnknownInNetSuiteError, TooLongError) as error:
                posted.refused_days[name] = str(error)
        await send_planned()
    cases = _refused_cases(connection, first, last, posted.refused_days)
    record_cases(connection, Scope(("document_refused",), first, last), cases, now(), run_id)
    return posted


def _name(document: OutboxRow) -> StoreDayName:
    return document.trading_day, document.store, document.currency


def _add_missing(
    connection: psycopg.Connection, name: StoreDayName, target: Lines, estate: Estate, ids: BooksIds, now: datetime
) -> None:
    day, store_key, currency = name
    store = estate.by_store[store_key]

    def make(recorded: Sequence[tuple[LineKey, int]]) -> list[NewDocument]:
        return [
            NewDocument(
                document_type=DOCUMENT_TYPE,
                tran_date=day,
                lines=part,
                external_id=lambda number: external_id(store_key, day, currency, number),
                body=partial(journal_body, store=store, trading_day=day, tran_date=day, lines=collapse(part), ids=ids),
            )
            for part in split(difference(target, recorded), estate.netsuite.journal_lines)
        ]

    def carry(identity: str, document: NewDocument) -> None:
        registers = {key.registerid for key in document.lines}
        queries.carry_receipts(connection, name, identity, registers)

    outbox.add_documents(connection, StoreDayKey(FLOW, store_key, day, currency), make, carry, now)


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


@dataclass(slots=True)
class Verified:
    """What the read-back showed of every document that was sent or is about to be, by external id: as it was sent;
    with line differences; with another date or period, in words; gone; not known yet.
    """

    as_sent: list[str] = field(default_factory=list)
    different: dict[str, tuple[LineDifference, ...]] = field(default_factory=dict)
    misdated: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)


async def verify_days(
    connection: psycopg.Connection, client: NetSuiteClient, first: date, last: date, now: Now, run_id: str
) -> Verified:
    """Reads every document of the range back from NetSuite, keeps what it says and files what is not as it was sent."""
    documents = [row for row in outbox.documents(connection, FLOW, first, last) if row.state != "refused"]
    found = await read_documents(client, {document.external_id: document.currency for document in documents})
    posted = [document.external_id for document in documents if document.state == "posted"]
    numbers = {row["id"]: row["acctnumber"] for row in await _chart(client) if row.get("acctnumber")}
    save_read_back(connection, posted, [found[name] for name in posted if name in found], numbers, now())

    verified = Verified()
    cases = [case for row in documents if (case := _verify(row, found.get(row.external_id), verified)) is not None]
    record_cases(connection, Scope(("document_not_found", "document_differs"), first, last), cases, now(), run_id)
    return verified


def _verify(document: OutboxRow, ledger: LedgerDocument | None, verified: Verified) -> Case | None:
    """Notes what the read-back says of a document; the case it makes, if it makes one."""
    identity = document.external_id
    differences = () if ledger is None else compare(document, ledger)
    if differences:
        verified.different[identity] = differences
        text = f"{len(differences)} lines are not as they were sent"
        return _document_case("document_differs", document, text, _moved(differences), lines=differences)
    if document.state != "posted":
        # Not there yet, or there and not noted down: the next run settles either.
        verified.in_doubt.append(identity)
        text = document.error or "it is not known yet whether it arrived"
        return _document_case("document_not_found", document, text, debits(document), waiting=True)
    if ledger is None:
        verified.missing.append(identity)
        text = "it was posted and NetSuite does not hold it any more"
        return _document_case("document_not_found", document, text, debits(document))
    if wrong_date := misdated(document, ledger):
        verified.misdated[identity] = wrong_date
        return _document_case("document_differs", document, wrong_date, debits(document))
    verified.as_sent.append(identity)
    return None


def _document_case(
    kind: str,
    document: OutboxRow,
    text: str,
    amount_minor: int,
    *,
    waiting: bool = False,
    lines: Iterable[LineDifference] = (),
) -> Case:
    return Case(
        kind=kind,
        key=document.external_id,
        store=document.store,
        trading_day=document.trading_day,
        record=document.external_id,
        amount_minor=amount_minor,
        currency=document.currency,
        waiting=waiting,
        evidence={
            "text": text,
            "lines": [
                {
                    "account": entry.line.account,
                    "memo": entry.line.memo,
                    "location": entry.line.location,
                    "amount_minor": entry.line.amount_minor,
                    "sent_and_missing": entry.times,
                }
                for entry in lines
            ],
        },
    )


def _moved(differences: Iterable[LineDifference]) -> int:
    """The money at stake: the most that an account at a location has too much or too little; 0 if only words differ."""
    moved: Counter[tuple[str, str | None]] = Counter()
    for entry in differences:
        moved[entry.line.account, entry.line.location] += entry.times * entry.line.amount_minor
    return max(map(abs, moved.values()), default=0)


async def _chart(client: NetSuiteClient) -> list[Row]:
    """NetSuite's accounts: id, acctnumber, isinactive."""
    pages = keyset(client, "SELECT id, acctnumber, isinactive FROM account WHERE id > ? ORDER BY id", "id")
    return [row async for page in pages for row in page]


async def books_ids(client: NetSuiteClient) -> BooksIds:
    """NetSuite's internal ids of active accounts by number and of currencies by ISO code."""
    active = [row for row in await _chart(client) if row["isinactive"] == "F" and row.get("acctnumber")]
    times = Counter(row["acctnumber"] for row in active)
    currencies = await query(client, "SELECT id, symbol FROM currency ORDER BY id")
    return BooksIds(
        accounts={row["acctnumber"]: row["id"] for row in active},
        currencies={row["symbol"]: row["id"] for row in currencies},
        doubled=frozenset(number for number, count in times.items() if count > 1),
    )
