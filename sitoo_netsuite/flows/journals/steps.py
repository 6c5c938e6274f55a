"""Prove and plan, post, verify: the last four steps of the main job over a range of trading days.

Belongs here: the order in which tables, pure rules and NetSuite are asked, and the cases each step files. The assets
and the command line call these and add nothing. Does not belong here: rules, SQL, HTTP.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.journals import queries
from sitoo_netsuite.flows.journals.document import BooksIds, UnknownInNetSuiteError, external_id, journal_body
from sitoo_netsuite.flows.journals.exceptions import PLAN_KINDS, plan_cases
from sitoo_netsuite.flows.journals.plan import PlannedDay, TooLongError, collapse, decide, difference, split
from sitoo_netsuite.flows.journals.queries import StoreDayName
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.document_lines import LineKey, Lines
from sitoo_netsuite.posting.outbox import NewDocument, StoreDayKey
from sitoo_netsuite.posting.post import Outcome, deliver
from sitoo_netsuite.posting.read_back import LineDifference, compare, read_documents, save_read_back
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


def draft_documents(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> list[DraftDocument]:
    """The documents that the ready store-days of the range still lack. Nothing is written or sent.

    Raises TooLongError where a single register needs more lines than a journal may have.
    """
    drafts = []
    for (day, store, currency), target in queries.ready_targets(connection, first, last):
        key = StoreDayKey(FLOW, store, day, currency)
        missing = difference(target, outbox.recorded_lines(connection, key))
        number = outbox.last_number(connection, key)
        for offset, part in enumerate(split(missing, estate.netsuite.journal_lines), start=1):
            drafts.append(DraftDocument(external_id(store, day, currency, number + offset), store, day, currency, part))
    return drafts


@dataclass(slots=True)
class Posted:
    """What became of the documents of a range in this run."""

    outcomes: list[Outcome] = field(default_factory=list)
    refused_days: dict[StoreDayName, str] = field(default_factory=dict)

    def count(self, state: str) -> int:
        return sum(outcome.state == state for outcome in self.outcomes)


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

    Documents left planned or in doubt by an earlier run are settled first. One store-day's trouble stops no other's.
    With `read_only` nothing is numbered either: the plan is all there is.
    """
    posted = Posted()
    if estate.read_only:
        return posted
    with outbox.one_poster(connection, FLOW):
        left_over = outbox.unsettled(connection, FLOW, first, last)
        posted.outcomes += await deliver(connection, client, left_over, now)
        ids = await books_ids(client)
        for name, target in queries.ready_targets(connection, first, last):
            try:
                _add_missing(connection, name, target, estate, ids, now())
            except (UnknownInNetSuiteError, TooLongError) as error:
                posted.refused_days[name] = str(error)
        posted.outcomes += await deliver(connection, client, outbox.unsettled(connection, FLOW, first, last), now)
    record_cases(
        connection,
        Scope(("document_refused",), first, last),
        _refused_cases(posted),
        now(),
        run_id,
    )
    return posted


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
                body=lambda identity, part=part: journal_body(identity, store, day, day, collapse(part), ids),
            )
            for part in split(difference(target, recorded), estate.netsuite.journal_lines)
        ]

    def carry(identity: str, document: NewDocument) -> None:
        registers = {key.registerid for key in document.lines}
        queries.carry_receipts(connection, name, identity, registers)

    outbox.add_documents(connection, StoreDayKey(FLOW, store_key, day, currency), make, carry, now)


def _refused_cases(posted: Posted) -> Iterable[Case]:
    # A refused document is followed by a new one on every run, so only the last word of a store-day counts.
    latest: dict[StoreDayName, Outcome] = {}
    for outcome in posted.outcomes:
        document = outcome.document
        latest[document.trading_day, document.store, document.currency] = outcome
    for (day, store, currency), outcome in latest.items():
        if outcome.state == "refused":
            yield _document_case(
                "document_refused", outcome.document.external_id, day, store, currency, outcome.text, None
            )
    for (day, store, currency), text in posted.refused_days.items():
        yield _document_case("document_refused", None, day, store, currency, text, None)


def _document_case(
    kind: str,
    record: str | None,
    day: date,
    store: str,
    currency: str,
    text: str,
    amount_minor: int | None,
    *,
    waiting: bool = False,
    evidence: dict[str, Any] | None = None,
) -> Case:
    return Case(
        kind=kind,
        key=record or f"{store}/{day}/{currency}",
        store=store,
        trading_day=day,
        record=record,
        amount_minor=amount_minor,
        currency=currency,
        waiting=waiting,
        evidence={"text": text, **(evidence or {})},
    )


@dataclass(slots=True)
class Verified:
    """What the read-back showed. Per external id: nothing (as sent), line differences, or absence."""

    as_sent: list[str] = field(default_factory=list)
    different: dict[str, tuple[LineDifference, ...]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)


async def verify_days(
    connection: psycopg.Connection, client: NetSuiteClient, first: date, last: date, now: Now, run_id: str
) -> Verified:
    """Reads every document of the range back from NetSuite, keeps what it says and files what is not as it was sent."""
    documents = outbox.documents(connection, FLOW, first, last)
    wanted = {document.external_id: document.currency for document in documents if document.state == "posted"}
    found = await read_documents(client, wanted)
    numbers = {internal_id: number for number, internal_id in (await books_ids(client)).accounts.items()}
    save_read_back(connection, list(wanted), found, numbers, now())

    verified, cases = Verified(), []
    for document in documents:
        name = (document.trading_day, document.store, document.currency)
        if document.state in ("planned", "in_doubt"):
            verified.in_doubt.append(document.external_id)
            text = document.error or "it is not known yet whether it arrived"
            cases.append(_document_case("document_not_found", document.external_id, *name, text, None, waiting=True))
        elif document.state == "posted":
            ledger = found.get(document.external_id)
            differences = compare(document, ledger) if ledger is not None else ()
            if ledger is None:
                verified.missing.append(document.external_id)
                text = "it was posted and NetSuite does not hold it any more"
                amount = _debits(connection, document.external_id)
                cases.append(_document_case("document_not_found", document.external_id, *name, text, amount))
            elif differences:
                verified.different[document.external_id] = differences
                cases.append(_difference_case(document.external_id, name, differences))
            else:
                verified.as_sent.append(document.external_id)
    record_cases(connection, Scope(("document_not_found", "document_differs"), first, last), cases, now(), run_id)
    return verified


def _difference_case(identity: str, name: StoreDayName, differences: Sequence[LineDifference]) -> Case:
    moved: defaultdict[str, int] = defaultdict(int)
    for entry in differences:
        moved[entry.line.account] += entry.times * entry.line.amount_minor
    amount = max(
        max((abs(change) for change in moved.values()), default=0),
        max(abs(entry.line.amount_minor) for entry in differences) if not any(moved.values()) else 0,
    )
    lines = [
        {
            "account": entry.line.account,
            "memo": entry.line.memo,
            "location": entry.line.location,
            "amount_minor": entry.line.amount_minor,
            "sent_and_missing": entry.times,
        }
        for entry in differences
    ]
    text = f"{len(differences)} lines are not as they were sent"
    return _document_case("document_differs", identity, *name, text, amount, evidence={"lines": lines})


def _debits(connection: psycopg.Connection, identity: str) -> int:
    row = connection.execute(
        "select coalesce(sum(amount_minor), 0)::bigint from posting.outbox_lines"
        " where external_id = %s and amount_minor > 0",
        (identity,),
    ).fetchone()
    return row[0] if row else 0


async def books_ids(client: NetSuiteClient) -> BooksIds:
    """NetSuite's internal ids of active accounts by number and of currencies by ISO code."""
    accounts = await query(client, "SELECT id, acctnumber FROM account WHERE isinactive = 'F' ORDER BY id", [])
    currencies = await query(client, "SELECT id, symbol FROM currency ORDER BY id", [])
    return BooksIds(
        accounts={row["acctnumber"]: row["id"] for row in accounts if row.get("acctnumber")},
        currencies={row["symbol"]: row["id"] for row in currencies},
    )
