"""Asking Sitoo for what the plan says, and keeping its word on each product.

Belongs here: the order of the requests, batches, and what an answer means. Does not belong here: what is asked
(`writes`), SQL, what becomes of it (`steps`).

Every change is noted, in doubt, before it is asked, and committed. Each product has its own answer (reference 1.7), so
that one bad product stops no other. What got no clear answer stays in doubt until Sitoo is read again; nothing is sent
twice before that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg

from sitoo_netsuite.flows.catalogue import queries
from sitoo_netsuite.flows.catalogue.queries import Outcome
from sitoo_netsuite.flows.catalogue.writes import (
    VARIANT_FIELDS,
    CannotGroupError,
    GroupWrite,
    SiteWrites,
    Write,
    group_body,
)
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.errors import SitooError, SitooRefused, SitooUnclear, SitooUnreadable
from sitoo_netsuite.sitoo.models import BatchAnswer, ProductVariants

_Send = Callable[[Sequence[Mapping[str, object]]], list[BatchAnswer]]


@dataclass(frozen=True, slots=True)
class Answered:
    """What Sitoo said to a write. `error` is its reason, or what is not clear."""

    write: Write
    outcome: Outcome
    error: str | None


@dataclass(slots=True)
class SitePush:
    """Pushes the plan of one site. `batch`: products a request (reference 1.7). Each is used once.

    clock: the moment now, in a zone; each batch is noted with its own.
    """

    connection: psycopg.Connection
    client: SitooClient
    eshopid: int
    batch: int
    clock: Callable[[], datetime]
    run_id: str
    answered: list[Answered] = field(default_factory=list)

    def push(self, writes: SiteWrites) -> list[Answered]:
        """Asks for everything, products before what rests on them; the answers, in order.

        A new product that was not made gets no further prices and joins no group: the next plan has them again.
        Raises SitooError when Sitoo cannot be asked at all; what was asked until then is noted.
        """
        made = self._batches(writes.creates, partial(self.client.create_products, self.eshopid))
        self._batches(writes.changes, partial(self.client.update_products, self.eshopid))
        for pricelistid in sorted({write.pricelistid for write in writes.prices if write.pricelistid is not None}):
            prices = [
                replace(write, productid=write.productid or made.get(write.sku))
                for write in writes.prices
                if write.pricelistid == pricelistid and (write.productid is not None or write.sku in made)
            ]
            self._batches(prices, partial(self.client.set_price_list_items, self.eshopid, pricelistid))
        for group in writes.groups:
            self._group(group, made)
        return self.answered

    def _batches(self, writes: Sequence[Write], send: _Send) -> dict[str, int]:
        """Asks batch by batch; SKU to the productid of what was made."""
        made: dict[str, int] = {}
        for start in range(0, len(writes), self.batch):
            some = writes[start : start + self.batch]
            self._ask(some, queries.note_pushes(self.connection, some, self.clock(), self.run_id), send, made)
        return made

    def _ask(
        self,
        writes: Sequence[Write],
        ids: Sequence[int],
        send: _Send,
        made: dict[str, int],
    ) -> None:
        """One batch. One that Sitoo refuses as a whole is halved, until the products it does not like stand alone: at
        most twice as many requests as products. An address that is not there (404) is the fault of none of them.
        """
        waiting = [(writes, ids)]
        while waiting:
            some, noted = waiting.pop()
            try:
                answers = send([write.body() for write in some])
            except SitooRefused as error:
                if len(some) == 1 or error.status == HTTPStatus.NOT_FOUND:
                    self._keep(some, noted, [("refused", error.text)] * len(some))
                    continue
                middle = len(some) // 2
                waiting += [(some[middle:], noted[middle:]), (some[:middle], noted[:middle])]
            except SitooUnclear as error:
                self._keep(some, noted, [("in_doubt", str(error))] * len(some))
            except SitooError:
                # Nothing was done, neither of these nor of those that were to follow.
                queries.withdraw_pushes(self.connection, [*noted, *(id_ for _, others in waiting for id_ in others)])
                raise
            else:
                self._keep(some, noted, [_outcome(answer) for answer in answers])
                for write, answer in zip(some, answers, strict=True):
                    if write.action == "create" and answer.done and isinstance(answer.value, int):
                        made[write.sku] = answer.value

    def _keep(
        self, writes: Sequence[Write], ids: Sequence[int], outcomes: Sequence[tuple[Outcome, str | None]]
    ) -> None:
        queries.answer_pushes(
            self.connection,
            [(id_, outcome, error) for id_, (outcome, error) in zip(ids, outcomes, strict=True)],
            self.clock(),
        )
        self.answered += [
            Answered(write, outcome, error) for write, (outcome, error) in zip(writes, outcomes, strict=True)
        ]

    def _group(self, group: GroupWrite, made: Mapping[str, int]) -> None:
        """Writes a matrix's group whole, as it is at this moment but for what the plan changes of it."""
        known = {**group.productids, **made}
        productids = {member.sku: known[member.sku] for member in group.regroup.members if member.sku in known}
        writes = [write for write in group.writes if write.sku in productids]
        if not writes:
            return
        main = group.regroup.main or next(iter(productids.values()))
        ids = queries.note_pushes(self.connection, writes, self.clock(), self.run_id)
        try:
            now = self.client.product_variants(self.eshopid, main)
            skus = {*productids, *(str(variant.get("sku", "")) for variant in now.variants)}
            groups, variants = group_body(group.regroup, productids, now.groups, now.variants, self._products(skus))
            self.client.put_variants(self.eshopid, main, ProductVariants(groups, variants))
        except SitooUnclear as error:
            outcome: tuple[Outcome, str | None] = ("in_doubt", str(error))
        except SitooRefused as error:
            outcome = ("refused", error.text)
        except (CannotGroupError, SitooUnreadable) as error:
            # Both before anything was written: this group waits for a person, and no other does.
            outcome = ("refused", str(error))
        except SitooError:
            queries.withdraw_pushes(self.connection, ids)
            raise
        else:
            outcome = ("done", None)
        self._keep(writes, ids, [outcome] * len(writes))

    def _products(self, skus: Iterable[str]) -> dict[int, Mapping[str, Any]]:
        """The products with these SKUs and all that a variant is written with, by productid."""
        records = [
            msgspec.json.decode(raw)
            for page in self.client.product_pages(self.eshopid, skus=skus, fields=VARIANT_FIELDS)
            for raw in page
        ]
        return {record["productid"]: record for record in records if isinstance(record, dict) and "productid" in record}


def _outcome(answer: BatchAnswer) -> tuple[Outcome, str | None]:
    if answer.done:
        return "done", None
    return ("refused" if answer.refused else "in_doubt"), answer.error or f"status {answer.status}"
