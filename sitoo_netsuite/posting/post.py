"""Sending: what the outbox holds is brought to NetSuite, each document exactly once.

Belongs here: the order of steps around a request. A document in doubt is looked for before it is sent again, and only
NetSuite's own answer settles it. Does not belong here: HTTP and its errors (`netsuite`), the rows (`outbox`).

An answer that never came may be followed by the document even after a look-up in vain. Sending it again under the same
external id is safe then: NetSuite takes one of the two (reference 4.1). Giving it up is not: it counts as refused only
once nothing that was sent can still arrive.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from time import monotonic

import psycopg

from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.errors import AlreadyExists, Locked, NetSuiteError, NotPermitted, Refused, UnclearAnswer
from sitoo_netsuite.netsuite.records import Record, create, find_by_external_id
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.read_back import Held

# Sent and found absent, or the record was locked, and sent again: what NetSuite neither takes nor refuses so often is
# left for the next run.
_ATTEMPTS_A_RUN = 5
_ATTEMPT_PAUSE_SECONDS = 0.2
# How long a worker waits for a document that another one is at, and how often it looks.
_CLAIM_SECONDS = 30.0
_CLAIM_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document in this run. `state` as in the outbox; `text` says why, where it is not posted."""

    document: OutboxRow
    state: str
    text: str = ""


Look = Callable[[NetSuiteClient, OutboxRow], Awaitable[Held | None]]
"""How NetSuite is asked what it holds of a document of some kind; None while it shows no posting of it."""

_Step = Callable[[OutboxRow], Awaitable[Outcome]]


@dataclass(frozen=True, slots=True)
class Poster:
    """Brings documents to an end, `at_once` of them at a time. Several may work on the same documents: each document is
    one worker's at a time, and who comes second finds it as the first left it.

    A trouble with one document never stops the others. All have come to an end when a call returns or raises, so that
    no claim is given back while a request is under way.

    look: how the documents of this kind are read back.
    """

    connection: psycopg.Connection
    client: NetSuiteClient
    now: Callable[[], datetime]
    at_once: int
    look: Look

    async def settle(self, documents: Sequence[OutboxRow]) -> list[Outcome]:
        """Asks NetSuite about documents in doubt: each is posted, planned again (proven absent), or still in doubt."""
        return await self._all(documents, self._settle)

    async def send(self, documents: Sequence[OutboxRow], may_send: Callable[[OutboxRow], bool]) -> list[Outcome]:
        """Sends documents that are planned, or in doubt and not found: each is posted, refused, still planned (turned
        away unread, or not `may_send` when its turn came), or in doubt.
        """
        return await self._all(documents, lambda document: self._send(document, may_send))

    async def _all(self, documents: Sequence[OutboxRow], step: _Step) -> list[Outcome]:
        """First what nobody else is at, then the rest."""
        outcomes = await self._at_once(documents, lambda document: self._claimed(document, step))
        rest = [document for document, outcome in zip(documents, outcomes, strict=True) if outcome is None]
        late = await self._at_once(rest, lambda document: self._in_the_end(document, step))
        return [outcome for outcome in (*outcomes, *late) if outcome is not None]

    async def _at_once(
        self, documents: Sequence[OutboxRow], step: Callable[[OutboxRow], Awaitable[Outcome | None]]
    ) -> list[Outcome | None]:
        # A document waits here, and not once it has been declared in doubt, for its turn at the account's slots.
        turns = asyncio.Semaphore(self.at_once)

        async def in_turn(document: OutboxRow) -> Outcome | None:
            async with turns:
                return await step(document)

        ends = await asyncio.gather(*map(in_turn, documents), return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException):
                raise end
        return [end for end in ends if not isinstance(end, BaseException)]

    async def _claimed(self, document: OutboxRow, step: _Step) -> Outcome | None:
        """What became of the document; None when another worker is at it."""
        with outbox.claimed(self.connection, document.external_id) as ours:
            if not ours:
                return None
            found = outbox.document(self.connection, document.external_id)
            if found.state in ("posted", "refused"):
                return Outcome(found, found.state, found.error or "")
            if found.is_abandoned:
                # Its claim was free, so nothing was sent after this moment.
                outbox.unclear(self.connection, found.external_id, "the run that sent it was ended", self.now())
            return await step(found)

    async def _in_the_end(self, document: OutboxRow, step: _Step) -> Outcome:
        """The same for a document that another worker is at: when that one is done with it, or else as it stands."""
        deadline = monotonic() + _CLAIM_SECONDS
        while monotonic() < deadline:
            if (outcome := await self._claimed(document, step)) is not None:
                return outcome
            await asyncio.sleep(_CLAIM_LOOK_SECONDS)
        return Outcome(document, document.state, "another run is at it")

    async def _send(self, document: OutboxRow, may_send: Callable[[OutboxRow], bool]) -> Outcome:
        identity = document.external_id
        if document.state == "in_doubt" and (found := await self._look_up(document)) is not None:
            return found
        if not may_send(document):
            text = "not sent, because its store-day may not post any more"
            return Outcome(document, "planned", text) if document.state == "planned" else self._absent(document, text)
        text = ""
        for attempt in range(_ATTEMPTS_A_RUN):
            await asyncio.sleep(attempt * _ATTEMPT_PAUSE_SECONDS)
            outbox.about_to_send(self.connection, identity, self.now())
            try:
                internal_id = await create(self.client, document.document_type, document.body)
            except (UnclearAnswer, AlreadyExists) as error:
                # Ours or somebody else's or none: the look-up tells.
                text = str(error)
                outbox.unclear(self.connection, identity, text, self.now())
            except Locked as error:
                text = str(error)
                continue
            except (Refused, NotPermitted) as error:
                return await self._refused(document, str(error))
            except NetSuiteError as error:
                # Turned away before anything was done (no slot, no connection, no login): the next run sends it.
                return self._absent(document, str(error))
            else:
                outbox.proven_posted(self.connection, identity, internal_id, self.now())
                return Outcome(document, "posted")
            if (found := await self._look_up(document)) is not None:
                return found
        return self._absent(document, f"not there after {_ATTEMPTS_A_RUN} attempts; the last: {text}")

    async def _settle(self, document: OutboxRow) -> Outcome:
        if document.state == "planned":
            return Outcome(document, "planned", document.error or "")
        found = await self._look_up(document)
        return found or self._absent(document, f"NetSuite holds no {document.external_id}")

    async def _refused(self, document: OutboxRow, text: str) -> Outcome:
        """NetSuite said no. That is the end of it unless an earlier request of ours may have come through."""
        if outbox.document(self.connection, document.external_id).unclear_at is not None:
            found = await self._look_up(document)
            if found is not None:
                return found
            if self._may_arrive_until(document) is not None:
                return self._absent(document, text)
        outbox.proven_refused(self.connection, document.external_id, text, self.now())
        return Outcome(document, "refused", text)

    def _absent(self, document: OutboxRow, text: str) -> Outcome:
        """NetSuite does not hold it now: planned again, but in doubt while a request of ours may still arrive."""
        until = self._may_arrive_until(document)
        if until is not None:
            return self._still_in_doubt(
                document,
                f"{text}; an earlier request for it may still arrive until {until:%Y-%m-%d %H:%M} UTC, "
                "and the next run looks again",
            )
        outbox.proven_absent(self.connection, document.external_id, text)
        return Outcome(document, "planned", text)

    def _may_arrive_until(self, document: OutboxRow) -> datetime | None:
        return outbox.document(self.connection, document.external_id).may_arrive_until(self.now())

    async def _look_up(self, document: OutboxRow) -> Outcome | None:
        """What NetSuite says of a document in doubt; None when it holds nothing under its external id."""
        identity = document.external_id
        try:
            if await self._find(document) is None:
                return None
            held = await self.look(self.client, document)
        except NetSuiteError as error:
            return self._still_in_doubt(document, str(error))
        if held is None:
            return self._still_in_doubt(document, f"NetSuite knows {identity} but shows no posting of it yet")
        if not held.as_sent:
            text = f"NetSuite holds a document {identity} that is not the one we sent; delete it there or correct it"
            return self._still_in_doubt(document, text)
        outbox.proven_posted(self.connection, identity, held.internal_id, self.now())
        return Outcome(document, "posted")

    async def _find(self, document: OutboxRow) -> Record | None:
        """The record under the document's external id. A workflow that holds it lets go of it in a moment, as a rule;
        raises Locked where it does not.
        """
        for attempt in range(1, _ATTEMPTS_A_RUN):
            try:
                return await find_by_external_id(self.client, document.document_type, document.external_id)
            except Locked:
                await asyncio.sleep(attempt * _ATTEMPT_PAUSE_SECONDS)
        return await find_by_external_id(self.client, document.document_type, document.external_id)

    def _still_in_doubt(self, document: OutboxRow, text: str) -> Outcome:
        outbox.still_in_doubt(self.connection, document.external_id, text)
        return Outcome(document, "in_doubt", text)
