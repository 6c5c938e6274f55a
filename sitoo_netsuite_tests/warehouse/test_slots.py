"""The APIs' slots over several processes, with real ones: counted, waited for, freed by a SIGKILL."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from contextlib import ExitStack
from multiprocessing.synchronize import Event
from threading import Thread
from typing import Any

import psycopg
import pytest

from sitoo_netsuite.netsuite.errors import Unavailable
from sitoo_netsuite.netsuite.records import server_time
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.sitoo.errors import SitooUnavailable
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.slots import AccountSlots, KeySlots
from sitoo_netsuite_tests.netsuite.conftest import ServedAccount, account, keys
from sitoo_netsuite_tests.processes import SPAWN, running

__all__ = ["account", "keys"]

PROCESSES, REQUESTS, SLOTS = 3, 12, 3


def ask_often(database_url: str, served: dict[str, Any], ready: Any) -> None:
    """A process with a client of its own that sends twelve requests at once."""
    from sitoo_netsuite.netsuite.auth import ClientCredentials, OAuth2Login
    from sitoo_netsuite.netsuite.client import NetSuiteClient

    async def ask(slots: AccountSlots) -> None:
        login = OAuth2Login(served["url"], served["account"], ClientCredentials(**served["credentials"]))
        async with NetSuiteClient(url=served["url"], login=login, slots=slots) as client:
            await asyncio.gather(*(server_time(client) for _ in range(REQUESTS)))

    with connect(database_url) as locks:
        ready.wait()
        asyncio.run(ask(AccountSlots(locks, served["account"], SLOTS)))


def keep_all(database_url: str, kept: Event) -> None:
    """A process that takes every slot and does not come back."""

    async def keep() -> None:
        async with slots.hold(), slots.hold(), slots.hold():
            kept.set()
            await asyncio.sleep(600)

    with connect(database_url) as locks:
        slots = AccountSlots(locks, "an account", SLOTS)
        asyncio.run(keep())


def always_busy(database_url: str, busy: Event) -> None:
    """A process that always has the next request ready when one ends."""

    async def ask(slots: AccountSlots) -> None:
        while True:
            async with slots.hold():
                busy.set()
                await asyncio.sleep(random.uniform(0.03, 0.09))

    async def many(slots: AccountSlots) -> None:
        await asyncio.gather(*(ask(slots) for _ in range(SLOTS * 4)))

    with connect(database_url) as locks:
        asyncio.run(many(AccountSlots(locks, "an account", SLOTS)))


async def _hold(slots: AccountSlots) -> None:
    async with slots.hold():
        pass


def test_several_processes_never_send_more_at_once_than_the_account_allows(
    database_url: str, account: ServedAccount
) -> None:
    served = {
        "url": account.url,
        "account": account.world.netsuite_account,
        "credentials": {"client_id": "the-integration", "certificate_id": "ec", "private_key_path": account.keys.ec},
    }
    ready = SPAWN.Barrier(PROCESSES)
    with ExitStack() as stack:
        askers = [stack.enter_context(running(ask_often, database_url, served, ready)) for _ in range(PROCESSES)]
        for asker in askers:
            asker.join(timeout=60)
            assert asker.exitcode == 0
    stats = account.recorder.stats()
    assert stats["greatest_concurrency"] == SLOTS
    assert stats["responses_429"] == 0
    assert len(account.sent("GET", "serverTime")) == PROCESSES * REQUESTS


def test_a_killed_process_holds_no_slot(database_url: str) -> None:
    kept = SPAWN.Event()
    with connect(database_url) as locks, running(keep_all, database_url, kept) as keeper:
        slots = AccountSlots(locks, "an account", SLOTS, patience=0.2)
        assert kept.wait(timeout=60)
        with pytest.raises(TimeoutError, match="other programs"):
            asyncio.run(_hold(slots))
        keeper.kill()
        keeper.join()
        asyncio.run(_hold(AccountSlots(locks, "an account", SLOTS, patience=5)))


def test_who_always_has_something_to_send_lets_others_in(database_url: str) -> None:
    busy = SPAWN.Event()

    async def wait_for_one(slots: AccountSlots) -> float:
        started = time.monotonic()
        await _hold(slots)
        return time.monotonic() - started

    async def now_and_then(slots: AccountSlots) -> list[float]:
        waits = []
        for _ in range(8):
            waits.append(await wait_for_one(slots))
            await asyncio.sleep(0.15)  # the busy one has every slot again
        return waits

    with connect(database_url) as locks, running(always_busy, database_url, busy):
        assert busy.wait(timeout=60)
        waits = asyncio.run(now_and_then(AccountSlots(locks, "an account", SLOTS)))
    assert sum(waits) < 3, waits


def test_a_request_that_gets_no_slot_was_not_sent_and_waits_for_the_next_run(
    connection: psycopg.Connection, database_url: str, account: ServedAccount
) -> None:
    async def ask() -> None:
        taken = AccountSlots(connection, "an account", 1)
        slots = AccountSlots(other, "an account", 1, patience=0.01)
        async with taken.hold(), account.client(slots=slots) as client:
            with pytest.raises(Unavailable, match="not sent: other programs"):
                await client.request("POST", "/services/rest/record/v1/journalEntry", content=b"{}")

    with connect(database_url) as other:
        asyncio.run(ask())
    assert account.sent("POST", "journalEntry") == []


def test_other_accounts_have_slots_of_their_own(connection: psycopg.Connection, database_url: str) -> None:
    async def held_beside(account: str) -> bool:
        async with AccountSlots(connection, "an account", 1).hold():
            try:
                await _hold(AccountSlots(other, account, 1, patience=0.1))
            except TimeoutError:
                return False
            return True

    with connect(database_url) as other:
        assert asyncio.run(held_beside("another"))
        assert not asyncio.run(held_beside("an account"))


def test_two_clients_never_use_a_key_at_once_and_all_keys_are_used(database_url: str) -> None:
    in_use: Counter[int] = Counter()
    used: Counter[int] = Counter()
    most = 0

    def ask(slots: KeySlots) -> None:
        nonlocal most
        for _ in range(10):
            with slots() as number:
                in_use[number] += 1
                used[number] += 1
                most = max(most, in_use[number])
                time.sleep(0.002)
                in_use[number] -= 1

    with connect(database_url) as one, connect(database_url) as two:
        clients = [KeySlots(session, ["10020-140", "10020-141"]) for session in (one, two)]
        threads = [Thread(target=ask, args=(slots,)) for slots in clients for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
    assert most == 1
    assert sum(used.values()) == 60 and len(used) == 2


def test_a_key_that_other_programs_keep_is_said_and_nothing_is_asked(
    connection: psycopg.Connection, database_url: str
) -> None:
    with connect(database_url) as other, KeySlots(other, ["10020-140"])():
        slots = KeySlots(connection, ["10020-140"], patience=0.01)
        with (
            SitooClient("http://127.0.0.1:9", [ApiKey("10020-140", "a password")], slots=slots) as client,
            pytest.raises(SitooUnavailable, match="not asked, other programs"),
        ):
            client.sites()


def test_nothing_is_held_when_the_clients_are_done(connection: psycopg.Connection, database_url: str) -> None:
    with connect(database_url) as locks:
        asyncio.run(_hold(AccountSlots(locks, "an account", 2)))
        with KeySlots(locks, ["10020-140"])():
            pass
        held = connection.execute(
            "select count(*) from pg_locks l join pg_database d on d.oid = l.database"
            " where l.locktype = 'advisory' and d.datname = current_database()"
        ).fetchone()
    assert held == (0,)
