"""Sending: what the outbox holds is brought to NetSuite, each document exactly once.

Belongs here: the order of steps around a request. A document in doubt is settled before it is sent again, and only
NetSuite's own answer settles it. Does not belong here: HTTP and its errors (`netsuite`), the rows (`outbox`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import AlreadyExists, NetSuiteError, Refused, UnclearAnswer
from sitoo_netsuite.netsuite.records import create, find_by_external_id
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.read_back import compare, read_documents

# Sent, found absent, sent again: a document that NetSuite neither takes nor refuses is left in doubt for the next run.
_ATTEMPTS_A_RUN = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document in this run. `state` as in the outbox; `text` says why, where it is not posted."""

    document: OutboxRow
    state: str
    text: str = ""


async def deliver(
    connection: psycopg.Connection,
    client: NetSuiteClient,
    documents: Sequence[OutboxRow],
    now: Callable[[], datetime],
) -> list[Outcome]:
    """Brings every planned or doubtful document to an end, as many at once as the account's slots allow.

    The caller holds `outbox.one_poster`. A trouble with one document never stops the others.
    """
    return list(await asyncio.gather(*(_deliver_one(connection, client, document, now) for document in documents)))


async def _deliver_one(
    connection: psycopg.Connection, client: NetSuiteClient, document: OutboxRow, now: Callable[[], datetime]
) -> Outcome:
    in_doubt = document.state == "in_doubt"
    identity, text = document.external_id, ""
    for _ in range(_ATTEMPTS_A_RUN):
        if in_doubt:
            try:
                settled = await _settle(connection, client, document, now)
            except NetSuiteError as error:
                outbox.still_in_doubt(connection, identity, str(error))
                return Outcome(document, "in_doubt", str(error))
            if settled is not None:
                return settled
        outbox.about_to_send(connection, identity, now())
        try:
            internal_id = await create(client, document.document_type, document.body)
        except (UnclearAnswer, AlreadyExists) as error:
            in_doubt, text = True, str(error)
        except Refused as error:
            outbox.proven_refused(connection, identity, str(error), now())
            return Outcome(document, "refused", str(error))
        except NetSuiteError as error:
            # Turned away before anything was done (no token, no slot): nothing arrived, the next run sends it.
            outbox.proven_absent(connection, identity)
            return Outcome(document, "planned", str(error))
        else:
            outbox.proven_posted(connection, identity, internal_id, now())
            return Outcome(document, "posted")
    return Outcome(document, "in_doubt", text)


async def _settle(
    connection: psycopg.Connection, client: NetSuiteClient, document: OutboxRow, now: Callable[[], datetime]
) -> Outcome | None:
    """Asks NetSuite about a document in doubt; None when it is proven absent and may be sent again."""
    identity = document.external_id
    if await find_by_external_id(client, document.document_type, identity) is None:
        outbox.proven_absent(connection, identity)
        return None
    ledger = (await read_documents(client, {identity: document.currency})).get(identity)
    if ledger is None:
        text = f"NetSuite knows {identity} but shows no posting of it yet"
        outbox.still_in_doubt(connection, identity, text)
        return Outcome(document, "in_doubt", text)
    if compare(document, ledger):
        text = f"NetSuite holds a document {identity} that is not the one we sent; compare it before anything is posted"
        outbox.still_in_doubt(connection, identity, text)
        return Outcome(document, "in_doubt", text)
    outbox.proven_posted(connection, identity, ledger.internal_id, now())
    return Outcome(document, "posted")
