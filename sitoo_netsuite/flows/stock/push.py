"""Sending pushes to Sitoo, each once: its stock transactions know no idempotency key (reference sitoo-api 1.8).

Belongs here: batches, what an answer means, and what follows an unclear one: *wait, list, match, retry once, list
again*. Does not belong here: what is pushed (`wanted_pushes`), SQL (`push_book`).

A push is written down, in doubt, before its request. To list is to land: Sitoo's movements are read as far as they go,
and a push is found among them by its external id. What is still not there after the second look stays in doubt, and
later runs only look. What Sitoo does not show an hour after its second request counts as refused, and the night's run
asks for it anew, under a new number. Should a request have been carried out after all, Sitoo shows too much, and the
next difference takes it back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock import push_book
from sitoo_netsuite.flows.stock.push_book import Answered
from sitoo_netsuite.flows.stock.sitoo_landing import land_warehouse_transactions
from sitoo_netsuite.flows.stock.wanted_pushes import Place, Push, transaction_type
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.errors import SitooError, SitooRefused, SitooUnclear
from sitoo_netsuite.sitoo.models import BatchAnswer, quantity_text

# Reference 1.7: 1,000 items a request; 200 records a request are known to work for products.
_MOST_PUSHES = 200
_MOST_ITEMS = 1000
# What was left unanswered is looked for after so many times the wait before a first retry (the estate's).
_LOOKS_AFTER = 6
# A push is sent once, and once again; and so long after that nobody waits for it any more.
_MOST_REQUESTS = 2
_DOUBTED_FOR = timedelta(hours=1)
_NEVER_SHOWN = "it was sent twice without a clear answer, and Sitoo does not show it"


@dataclass(slots=True)
class StockPush:
    """Sends pushes to `places`, and settles those that are in doubt. One at a time: the caller sees to that.

    clock: the moment now, in a zone.
    """

    connection: psycopg.Connection
    client: SitooClient
    estate: Estate
    places: Sequence[Place]
    clock: Callable[[], datetime]
    _refusals: dict[str, str] = field(default_factory=dict)  # of pushes that were sent again

    def send(self, pushes: Iterable[Push]) -> None:
        """Sends new pushes in batches. Raises SitooError when Sitoo cannot be asked: nothing is written down then of
        what was not sent.
        """
        for batch in _batches(pushes):
            push_book.note(self.connection, batch, self.clock())
            self._ask(batch, again=False)

    def settle_doubts(self) -> None:
        """Finds out whether Sitoo has the pushes that are in doubt, and sends those once more that it does not show and
        that were sent once. Raises SitooError when Sitoo cannot be asked; what is in doubt stays so.
        """
        if not push_book.in_doubt(self.connection, self.places):
            return
        self._wait_and_look()
        push_book.give_up(
            self.connection, self.places, _MOST_REQUESTS, self.clock() - _DOUBTED_FOR, _NEVER_SHOWN, self.clock()
        )
        for batch in _batches(push_book.in_doubt(self.connection, self.places, sent_fewer_than=_MOST_REQUESTS)):
            push_book.note_again(self.connection, batch, self.clock())
            self._ask(batch, again=True)
        if not push_book.in_doubt(self.connection, self.places):
            return
        self._wait_and_look()
        refused = [
            Answered(push, "refused", self._refusals[push.external_id])
            for push in push_book.in_doubt(self.connection, self.places)
            if push.external_id in self._refusals
        ]
        push_book.answered(self.connection, refused, self.clock())

    def _wait_and_look(self) -> None:
        time.sleep(_LOOKS_AFTER * self.estate.sitoo.retry_seconds)
        land_warehouse_transactions(self.connection, self.client, self.estate, self.clock())
        push_book.settle_seen(self.connection, self.clock())

    def _ask(self, pushes: Sequence[Push], *, again: bool) -> None:
        """One batch. One that Sitoo refuses as a whole is halved, until the pushes it does not like stand alone: at
        most twice as many requests as pushes. An address that is not there (404) is the fault of none of them.
        """
        waiting = [pushes]
        while waiting:
            some = waiting.pop()
            try:
                answers = self.client.create_warehouse_transactions(some[0].eshopid, [_body(push) for push in some])
            except SitooRefused as error:
                if len(some) == 1 or error.status == HTTPStatus.NOT_FOUND:
                    self._keep([Answered(push, "refused", error.text) for push in some], again=again)
                    continue
                middle = len(some) // 2
                waiting += [some[middle:], some[:middle]]
            except SitooUnclear as error:
                self._keep([Answered(push, "in_doubt", str(error)) for push in some], again=again)
            except SitooError:
                turned_away = [*some, *(push for rest in waiting for push in rest)]
                if again:
                    push_book.not_sent_again(self.connection, turned_away)
                else:
                    push_book.withdraw(self.connection, turned_away)
                raise
            else:
                self._keep(map(_answered, some, answers), again=again)

    def _keep(self, answers: Iterable[Answered], *, again: bool) -> None:
        answers = list(answers)
        if again:
            # A second one may be refused because the first is there: a look decides.
            self._refusals |= {one.push.external_id: one.error or "" for one in answers if one.state == "refused"}
            answers = [replace(one, state="in_doubt") if one.state == "refused" else one for one in answers]
        push_book.answered(self.connection, answers, self.clock())


def _batches(pushes: Iterable[Push]) -> Iterator[list[Push]]:
    """Pushes of one site each, as many as a request takes."""
    batch: list[Push] = []
    items = 0
    for push in sorted(pushes, key=lambda push: push.eshopid):
        full = len(batch) == _MOST_PUSHES or items + len(push.lines) > _MOST_ITEMS
        if batch and (full or push.eshopid != batch[0].eshopid):
            yield batch
            batch, items = [], 0
        batch.append(push)
        items += len(push.lines)
    if batch:
        yield batch


def _body(push: Push) -> Mapping[str, object]:
    return {
        "warehouseid": push.warehouseid,
        "transactiontype": transaction_type(push.lines),
        "description": push.description,
        "externalid": push.external_id,
        "items": [{"sku": line.sku, "decimalquantity": quantity_text(line.quantity_milli)} for line in push.lines],
    }


def _answered(push: Push, answer: BatchAnswer) -> Answered:
    if answer.done:
        return Answered(push, "done", None, answer.value if isinstance(answer.value, int) else None)
    return Answered(push, "refused" if answer.refused else "in_doubt", answer.error or f"status {answer.status}")
