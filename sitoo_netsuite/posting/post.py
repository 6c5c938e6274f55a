"""Sending: what the outbox holds is brought to NetSuite, each document exactly once.

Belongs here: the order of steps around a request. A document in doubt is settled before it is sent again, and only
NetSuite's own answer settles it. Does not belong here: HTTP and its errors (`netsuite`), the rows (`outbox`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import AlreadyExists, Broken, NetSuiteError, UnclearAnswer
from sitoo_netsuite.netsuite.records import create, find_by_external_id
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.read_back import compare, read_documents

# Sent, found absent, sent again: what NetSuite neither takes nor refuses is left for the next run.
_ATTEMPTS_A_RUN = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document in this run. `state` as in the outbox; `text` says why, where it is not posted."""

    document: OutboxRow
    state: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Poster:
    """Brings documents to an end, `at_once` of them at a time. Its user holds `outbox.one_poster`.

    A trouble with one document never stops the others. All have come to an end when a call returns or raises, so that
    the right to send is never given back while a request is under way.
    """

    connection: psycopg.Connection
    client: NetSuiteClient
    now: Callable[[], datetime]
    at_once: int

    async def settle(self, documents: Sequence[OutboxRow]) -> list[Outcome]:
        """Asks NetSuite about documents in doubt: each is posted, planned again (proven absent), or still in doubt."""
        return await self._all(documents, self._settle)

    async def send(self, documents: Sequence[OutboxRow]) -> list[Outcome]:
        """Sends planned documents: each is posted, refused, still planned (turned away unread), or in doubt."""
        return await self._all(documents, self._send)

    async def _all(
        self, documents: Sequence[OutboxRow], step: Callable[[OutboxRow], Awaitable[Outcome]]
    ) -> list[Outcome]:
        # A document waits here, and not once it has been declared in doubt, for its turn at the account's slots.
        turns = asyncio.Semaphore(self.at_once)

        async def in_turn(document: OutboxRow) -> Outcome:
            async with turns:
                return await step(document)

        ends = await asyncio.gather(*map(in_turn, documents), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return [end for end in ends if isinstance(end, Outcome)]

    async def _send(self, document: OutboxRow) -> Outcome:
        identity, outcome = document.external_id, Outcome(document, "planned")
        for _ in range(_ATTEMPTS_A_RUN):
            outbox.about_to_send(self.connection, identity, self.now())
            try:
                internal_id = await create(self.client, document.document_type, document.body)
            except (UnclearAnswer, AlreadyExists):
                outcome = await self._settle(document)
                if outcome.state != "planned":
                    return outcome
            except Broken as error:
                outbox.proven_refused(self.connection, identity, str(error), self.now())
                return Outcome(document, "refused", str(error))
            except NetSuiteError as error:
                # Turned away before anything was done (no slot, no connection): the next run sends it.
                outbox.proven_absent(self.connection, identity, str(error))
                return Outcome(document, "planned", str(error))
            else:
                outbox.proven_posted(self.connection, identity, internal_id, self.now())
                return Outcome(document, "posted")
        return outcome

    async def _settle(self, document: OutboxRow) -> Outcome:
        identity = document.external_id
        try:
            if await find_by_external_id(self.client, document.document_type, identity) is None:
                text = f"NetSuite holds no {identity}; the next run sends it again"
                outbox.proven_absent(self.connection, identity, text)
                return Outcome(document, "planned", text)
            ledger = (await read_documents(self.client, {identity: document.currency})).get(identity)
        except NetSuiteError as error:
            return self._still_in_doubt(document, str(error))
        if ledger is None:
            return self._still_in_doubt(document, f"NetSuite knows {identity} but shows no posting of it yet")
        if compare(document, ledger):
            text = f"NetSuite holds a document {identity} that is not the one we sent; delete it there or correct it"
            return self._still_in_doubt(document, text)
        outbox.proven_posted(self.connection, identity, ledger.internal_id, self.now())
        return Outcome(document, "posted")

    def _still_in_doubt(self, document: OutboxRow, text: str) -> Outcome:
        outbox.still_in_doubt(self.connection, document.external_id, text)
        return Outcome(document, "in_doubt", text)
