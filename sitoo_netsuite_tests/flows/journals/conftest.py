"""A served NetSuite account and store-days that are ready to be posted to it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import httpx
import psycopg
import pytest
import yaml

from sitoo_netsuite.estate import Estate, Store, parse_estate
from sitoo_netsuite.flows.journals import queries, steps
from sitoo_netsuite.flows.journals.chart import books_ids
from sitoo_netsuite.flows.journals.lines import LineKind
from sitoo_netsuite.flows.journals.plan import DayState, PlannedDay, StoreDay
from sitoo_netsuite.flows.journals.steps import post_days
from sitoo_netsuite.flows.journals.verifying import Verified, verify_days
from sitoo_netsuite.money import to_minor
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.posting import outbox
from sitoo_netsuite.posting.document_lines import LineKey, Lines
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.post import Outcome, Poster
from sitoo_netsuite.posting.posting_run import Posted
from sitoo_netsuite.posting.read_back import held_journal
from sitoo_netsuite.posting.read_periods import read_periods
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite_tests.netsuite.conftest import ServedAccount, account, keys

__all__ = ["account", "keys"]

DAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 4, 6, tzinfo=UTC)


class OneSlotAnd:
    """A client's only slot. Once `when` is so, `what` happens before the next request is sent, and never again."""

    def __init__(self, what: Callable[[], object], when: Callable[[], bool] = lambda: True) -> None:
        self._slot = slots_in_process(1)
        self._what = what
        self._when = when
        self._happened = False

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        async with self._slot.hold():
            if not self._happened and self._when():
                self._happened = True
                # In a thread, because it may be a run of its own; waited for, so that it is over by the next step.
                other = threading.Thread(target=self._what)
                other.start()
                other.join(timeout=60)
            yield


@dataclass
class Books:
    """What a test does: plan a store-day, post and verify as a run would, look at what NetSuite and the outbox hold."""

    connection: psycopg.Connection
    database_url: str
    account: ServedAccount
    estate: Estate
    now: datetime = NOW

    @property
    def store(self) -> Store:
        return self.estate.stores[0]

    def lines(self, amount: int, registerid: str = "R1", tender: str = "Invoice", store: int = 0) -> Lines:
        """A sale of that amount and its payment, in the accounts of one of the stores."""
        books = self.estate.books_of(self.estate.stores[store])
        clearing = next(entry.account for entry in books.tenders if entry.name == tender)
        assert clearing is not None
        return {
            LineKey(registerid, LineKind.SALE, books.vat[0].sales, books.vat[0].rate, ""): -amount,
            LineKey(registerid, LineKind.TAKINGS, clearing, -1, tender): amount,
        }

    def plan(self, lines: Lines, state: DayState = DayState.READY) -> None:
        """Replaces the plan by one store-day."""
        self.plan_stores({self.store.store: lines}, state)

    def plan_stores(self, lines: dict[str, Lines], state: DayState = DayState.READY) -> None:
        days = [
            StoreDay(
                store=store,
                trading_day=DAY,
                currency=self.estate.by_store[store].currency,
                over=True,
                sessions=(),
                open_sessions=(),
                unparsable=(),
                held_receipts=(),
                receipts=1,
                gross_minor=0,
                lines=target,
            )
            for store, target in lines.items()
        ]
        queries.save_plan(self.connection, DAY, DAY, [PlannedDay(day, state, ()) for day in days], NOW)

    def leave_planned(self, amount: int = 10_000) -> OutboxRow:
        """What a run has done when it is killed right after its outbox row was committed; the row."""
        self.plan(self.lines(amount))
        ids = self.with_client(books_ids)
        periods = self.with_client(lambda client: read_periods(client, DAY))
        steps._add_missing(self.connection, (DAY, "S01", "SEK"), self.estate, ids, periods, self.now)
        (row,) = outbox.documents_in(self.connection, "journals", "planned", DAY, DAY)
        return row

    def leave_in_doubt(self, amount: int = 10_000) -> OutboxRow:
        """The same, killed right after it said that it would send."""
        row = self.leave_planned(amount)
        outbox.about_to_send(self.connection, row.external_id, self.now)
        return row

    def post(self, connection: psycopg.Connection | None = None, **changes: Any) -> Posted:
        async def posting() -> Posted:
            async with self.account.client(**changes) as client:
                return await post_days(
                    connection or self.connection, client, DAY, DAY, self.estate, lambda: self.now, "a run"
                )

        return asyncio.run(posting())

    def send(self, documents: list[OutboxRow]) -> list[Outcome]:
        """What a run does with documents that it has read from the outbox."""

        async def sending() -> list[Outcome]:
            async with self.account.client() as client:
                return await Poster(self.connection, client, lambda: self.now, 5, held_journal).send(
                    documents, lambda _: True
                )

        return asyncio.run(sending())

    def post_twice_at_once(self) -> None:
        """Two runs, each with its own session, client and thread."""

        def run() -> None:
            with connect(self.database_url) as session:
                self.post(session)

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)

    def verify(self) -> Verified:
        async def verifying() -> Verified:
            async with self.account.client() as client:
                return await verify_days(self.connection, client, DAY, DAY, self.estate, lambda: NOW, "a run")

        return asyncio.run(verifying())

    def a_journal_has_arrived(self) -> bool:
        return any(request["status"] == 204 for request in self.account.sent("POST", "journalEntry"))

    def with_client(self, use: Callable[[NetSuiteClient], Any]) -> Any:
        async def using() -> Any:
            async with self.account.client() as client:
                return await use(client)

        return asyncio.run(using())

    def netsuite(self, method: str, path: str, content: bytes | None = None) -> httpx.Response:
        """One request to a record of NetSuite, as somebody with a login would make it."""
        return self.with_client(
            lambda client: client.request(method, f"/services/rest/record/v1/{path}", content=content)
        )

    def ledger(self) -> dict[str, int]:
        """Debits (minor units) of every journal that NetSuite holds, by external id."""
        sql = (
            "SELECT t.externalid, SUM(tal.debit) AS debits FROM transaction t "
            "JOIN transactionaccountingline tal ON tal.transaction = t.id WHERE t.type = 'Journal' "
            "GROUP BY t.externalid ORDER BY t.externalid"
        )
        rows = self.with_client(lambda client: query(client, sql))
        return {row.get("externalid", "none"): to_minor(row["debits"], "SEK") for row in rows}

    def balance(self, account: str) -> int:
        """Debits less credits (minor units) of an account over all journals that NetSuite holds."""
        sql = (
            "SELECT SUM(NVL(tal.debit, 0) - NVL(tal.credit, 0)) AS balance FROM transactionaccountingline tal "
            "JOIN transaction t ON t.id = tal.transaction JOIN account a ON a.id = tal.account "
            "WHERE t.type = 'Journal' AND a.acctnumber = ?"
        )
        (row,) = self.with_client(lambda client: query(client, sql, [account]))
        return to_minor(row["balance"], "SEK")

    def lock(self, period: str, **locks: bool) -> None:
        """What month end does: `lock("Mar 2026", closed=True)`."""
        body = {"period": period, **locks}
        httpx.post(f"{self.account.url}/sandbox/periods", json=body).raise_for_status()

    def fault(self, **fault: Any) -> None:
        """The next requests to journal entries are answered so."""
        body = {"path": "/services/rest/record/v1/journalEntry", **fault}
        httpx.post(f"{self.account.url}/sandbox/faults", json=body).raise_for_status()

    def outbox(self) -> dict[str, str]:
        """State by external id."""
        rows = self.connection.execute("select external_id, state from posting.outbox order by trading_day, number")
        return dict(rows.fetchall())

    def cases(self) -> list[tuple[str, str, str | None, int | None]]:
        """kind, state, record, amount of what is open."""
        rows = self.connection.execute(
            "select kind, state, record, amount_minor from worklist.cases where event <> 'cleared' order by 1, 3"
        )
        return rows.fetchall()

    def limit_lines(self, most: int) -> None:
        self.set_netsuite(journal_lines=most)

    def set_netsuite(self, **settings: int) -> None:
        """Changes what the estate says of NetSuite."""
        netsuite = self.estate.netsuite.model_copy(update=settings)
        self.estate = self.estate.model_copy(update={"netsuite": netsuite})


@pytest.fixture
def books(connection: psycopg.Connection, database_url: str, account: ServedAccount) -> Books:
    estate = parse_estate(yaml.safe_load(estate_yaml(account.world)), "the sandbox's estate")
    return Books(connection, database_url, account, estate)
