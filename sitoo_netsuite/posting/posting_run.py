"""A run of posting: what the released store-days of a range still lack, each document exactly once.

Belongs here: the order of settling, planning and sending that every flow of documents shares. Does not belong here:
what a document says and when a store-day is released (the flow), one document's way to NetSuite (`post`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date

import psycopg

from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.document_lines import CannotPlanError, StoreDayName
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.periods import NoOpenPeriodError, Period, PostsTo, is_shut
from sitoo_netsuite.posting.post import Outcome, Poster
from sitoo_netsuite.posting.read_periods import read_periods

# The plan, and again where a period was shut while it was posted. A period is not shut three times in a run.
_PLANNINGS_A_RUN = 3


@dataclass(slots=True)
class Posted:
    """What became of the documents of a range in this run. `refused_days`: no document could be made, and why."""

    outcomes: list[Outcome] = field(default_factory=list)
    refused_days: dict[StoreDayName, str] = field(default_factory=dict)
    periods: Sequence[Period] = ()

    def count(self, state: str) -> int:
        """Documents whose last word in this run is that state."""
        latest = {outcome.document.external_id: outcome.state for outcome in self.outcomes}
        return Counter(latest.values())[state]


@dataclass(frozen=True, slots=True)
class Flow:
    """What a run has to know of a flow of documents.

    add_missing: plans what a store-day still lacks, by the accounting periods as they are; nothing where it may not
    post (any more). Raises CannotPlanError or NoOpenPeriodError. may_send: whether a store-day may post at this moment.
    """

    name: str
    posts_to: PostsTo
    add_missing: Callable[[StoreDayName, Sequence[Period]], None]
    may_send: Callable[[StoreDayName], bool]


async def post_store_days(
    connection: psycopg.Connection,
    poster: Poster,
    flow: Flow,
    first: date,
    last: date,
    released: Collection[StoreDayName],
) -> Posted:
    """Posts what the released store-days of the range still lack.

    Documents in doubt are settled first. Then, by the plan as it is at that moment, what an earlier run left planned is
    kept or withdrawn, the difference that is left is planned, and all of it is sent; what a period that was shut
    meanwhile turned away is planned again with its new date. Of a store-day that may not post any more nothing is sent,
    whatever was planned. One store-day's trouble stops no other's, and several runs may post the same days at once.
    """
    posted = Posted()
    sent: set[str] = set()

    async def send(state: str, names: Collection[StoreDayName]) -> dict[StoreDayName, OutboxRow]:
        """Sends what is in a state, of those store-days, and was not sent in this run; the refused ones."""
        documents = [
            document
            for document in outbox.documents_in(connection, flow.name, state, first, last)
            if store_day(document) in names and document.external_id not in sent
        ]
        sent.update(document.external_id for document in documents)
        outcomes = await poster.send(documents, lambda document: flow.may_send(store_day(document)))
        posted.outcomes += outcomes
        return {store_day(outcome.document): outcome.document for outcome in outcomes if outcome.state == "refused"}

    in_doubt = outbox.documents_in(connection, flow.name, "in_doubt", first, last)
    posted.outcomes += await poster.settle([document for document in in_doubt if store_day(document) not in released])
    refused = await send("in_doubt", released)
    wanted = sorted(released)
    for _ in range(_PLANNINGS_A_RUN):
        posted.periods = await read_periods(poster.client, first)
        planned = set()
        for name in wanted:
            if name in refused and not is_shut(posted.periods, refused[name].tran_date, flow.posts_to):
                continue  # NetSuite would refuse it again
            try:
                flow.add_missing(name, posted.periods)
            except (CannotPlanError, NoOpenPeriodError) as error:
                posted.refused_days[name] = str(error)
            else:
                planned.add(name)
        refused = await send("planned", planned)
        wanted = list(refused)
        if not wanted:
            break
    return posted


def store_day(document: OutboxRow) -> StoreDayName:
    """The store-day a document is of."""
    return document.trading_day, document.store, document.currency
