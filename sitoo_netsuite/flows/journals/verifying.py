"""Verify: what NetSuite holds of a range of trading days, read back and compared with what was sent.

Belongs here: the order of the questions, what is kept of the answers, and filing the cases. Does not belong here: what
an answer means (`differences`), the SuiteQL (`ledger`, `posting/read_back`), our own tables' SQL (`queries`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.journals import differences, queries
from sitoo_netsuite.flows.journals.chart import accounts_of_netsuite
from sitoo_netsuite.flows.journals.differences import VERIFY_KINDS, Chart, Found, OpeningBalance
from sitoo_netsuite.flows.journals.document import FLOW, DocumentName, read_external_id
from sitoo_netsuite.flows.journals.ledger import balances_before_go_live, foreign_lines, names_like_ours
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.read_back import (
    LedgerDocument,
    LineDifference,
    compare,
    misdated,
    read_documents,
    save_read_back,
)
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, keys_not_cleared, record_cases

Now = Callable[[], datetime]


@dataclass(slots=True)
class Verified:
    """What the read-back showed of every document that was sent or is about to be, by external id: as it was sent;
    with line differences; with another date or period, in words; gone; not known yet; refused or planned, and there
    after all.

    `not_ours` has the cases of documents and postings that are not ours, `openings` every opening balance compared.
    """

    as_sent: list[str] = field(default_factory=list)
    different: dict[str, tuple[LineDifference, ...]] = field(default_factory=dict)
    misdated: dict[str, str] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    in_doubt: list[str] = field(default_factory=list)
    turned_up: list[str] = field(default_factory=list)
    not_ours: list[Case] = field(default_factory=list)
    openings: list[OpeningBalance] = field(default_factory=list)


async def verify_days(
    connection: psycopg.Connection,
    client: NetSuiteClient,
    first: date,
    last: date,
    estate: Estate,
    now: Now,
    run_id: str,
) -> Verified:
    """Reads the ledger of the range back, keeps what it says and files what is not as it was sent.

    Every document of the outbox by its external id, refused ones among them; documents under our scheme of external ids
    that the outbox does not know on any day, dated in the range or naming a day of it; postings of others on the tills'
    accounts; and, where the range has a store's go-live day, its opening balances. A document that
    NetSuite had refused, or was not known to hold, and does hold counts as posted from here on.
    """
    # NetSuite first: a document that another run posts meanwhile is in the outbox before it is in NetSuite.
    named = await names_like_ours(client, first, last, estate)
    documents = outbox.documents(connection, FLOW, first, last)
    unknown = _never_planned(connection, named)
    wanted = {document.external_id: document.currency for document in documents}
    wanted |= {identity: name.currency for identity, name in unknown.items()}
    ledger = await read_documents(client, wanted)
    misnamed = [identity for identity in named if read_external_id(identity) is None]
    # Where we book nothing nobody is a stranger: what is there to be audited is somebody else's.
    strangers = [] if estate.read_only else await foreign_lines(client, first, last, estate, misnamed)
    going_live = [store for store in estate.stores if store.opening and first <= store.go_live.sales <= last]
    balances = await balances_before_go_live(client, going_live)
    accounts = {row["id"]: row["acctnumber"] for row in await accounts_of_netsuite(client) if row.get("acctnumber")}
    chart = Chart(accounts, {store.location: store for store in estate.stores})

    verified = Verified()
    found = [
        entry
        for row in documents
        if (entry := _document(connection, row, ledger.get(row.external_id), chart, verified, now())) is not None
    ]
    found += _doubled(connection, documents, first, last, verified)
    not_ours = [
        *(
            differences.not_planned(name, _day_of(name, ledger[identity], estate, now()), ledger[identity], chart)
            for identity, name in unknown.items()
            if identity in ledger
        ),
        *differences.foreign(strangers, estate),
    ]
    verified.not_ours += [entry.case for entry in not_ours]
    verified.openings += differences.opening_balances(going_live, balances)
    found += not_ours
    found += [differences.wrong_opening(entry) for entry in verified.openings if entry.difference_minor]

    turned_up = set(verified.turned_up)
    posted = [row.external_id for row in documents if row.state == "posted" or row.external_id in turned_up]
    save_read_back(connection, posted, [ledger[name] for name in posted if name in ledger], accounts, now())
    queries.save_ledger_findings(
        connection,
        first,
        last,
        # What a stray document does to another day is kept by the read-back of that day, which its case asks for.
        [finding for entry in found for finding in entry.findings if first <= finding.trading_day <= last],
        now(),
    )
    record_cases(connection, Scope(VERIFY_KINDS, first, last), [entry.case for entry in found], now(), run_id)
    return verified


def _never_planned(connection: psycopg.Connection, named: Iterable[str]) -> dict[str, DocumentName]:
    """Those of the external ids that are of our scheme and in the outbox on no day, with the store-day they name."""
    ours = {identity: name for identity in named if (name := read_external_id(identity))}
    # On whatever day: a document of another one may be dated in the range, because its own period was closed.
    known = outbox.known(connection, ours)
    return {identity: name for identity, name in ours.items() if identity not in known}


def _day_of(name: DocumentName, ledger: LedgerDocument, estate: Estate, now: datetime) -> date:
    """The trading day that a document we never planned is about: the one it names, or its date where it names a day
    before the first one of ours or one to come. Those are never read back, and its case would stay for ever.
    """
    return name.trading_day if estate.first_day <= name.trading_day <= now.date() else ledger.tran_date


def _document(
    connection: psycopg.Connection,
    document: OutboxRow,
    ledger: LedgerDocument | None,
    chart: Chart,
    verified: Verified,
    now: datetime,
) -> Found | None:
    """Notes what the read-back says of a document; what it found, if it is not as it was sent."""
    identity = document.external_id
    lines = () if ledger is None else compare(document, ledger)
    if document.state == "refused":
        if ledger is None:
            return None
        if lines:
            # Not what we had sent: somebody made it under the external id that was refused to us.
            name = DocumentName(document.store, document.trading_day, document.currency)
            return differences.not_planned(name, document.trading_day, ledger, chart)
        if _turned_up(connection, document, ledger, now):
            verified.turned_up.append(identity)
        return None
    if lines:
        verified.different[identity] = lines
        return differences.edited(document, lines, chart)
    if document.state == "planned":
        if ledger is None:
            return None  # never sent, or proven absent: the plan says what becomes of it
        if _turned_up(connection, document, ledger, now):
            verified.turned_up.append(identity)
            return None
    if document.state != "posted":
        # Not there yet, or there while another run is at it: the next run settles either.
        verified.in_doubt.append(identity)
        return differences.in_doubt(document)
    if ledger is None:
        verified.missing.append(identity)
        return differences.deleted(document, chart)
    if wrong_date := misdated(document, ledger):
        verified.misdated[identity] = wrong_date
        return differences.misdated_by_hand(document, wrong_date)
    verified.as_sent.append(identity)
    return None


def _turned_up(connection: psycopg.Connection, document: OutboxRow, ledger: LedgerDocument, now: datetime) -> bool:
    """Counts as posted what NetSuite holds after all; not what another run is at, or has moved since it was read."""
    with outbox.claimed(connection, document.external_id) as ours:
        if not ours or outbox.document(connection, document.external_id).state != document.state:
            return False
        return outbox.turned_up(connection, document.external_id, ledger.internal_id, now)


def _doubled(
    connection: psycopg.Connection, documents: Sequence[OutboxRow], first: date, last: date, verified: Verified
) -> list[Found]:
    """Refused documents that turned up, now or before, while their store-day holds more than its plan."""
    # In place of one that was planned nothing was posted: its lines counted all the while.
    refused = {document.external_id for document in documents if document.state == "refused"}
    suspects = keys_not_cleared(connection, "document_doubled", first, last) | refused.intersection(verified.turned_up)
    if not suspects:
        return []
    in_step = {
        (state.trading_day, state.store, state.currency)
        for state in queries.store_day_states(connection, first, last)
        if state.state == "posted"
    }
    return [
        differences.doubled(document)
        for document in documents
        if document.external_id in suspects and (document.trading_day, document.store, document.currency) not in in_step
    ]
