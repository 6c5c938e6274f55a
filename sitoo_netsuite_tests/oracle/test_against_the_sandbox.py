"""The oracle over real HTTP: it reads a made-up trade, is given the journals it asks for, and changes its mind."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sitoo_netsuite.money import to_decimal
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.records import create
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.oracle import Difference, Verdict, run_oracle
from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    options = SandboxOptions(stores=2, days=3, receipts=40, seed=11, folder=tmp_path_factory.mktemp("sandbox"))
    with running_sandbox(options) as sandbox:
        yield sandbox


def verdict_of(sandbox: Sandbox, first: date, last: date) -> Verdict:
    environment = sandbox.env | {"SITOO_NETSUITE_NOW": sandbox.clock.now().isoformat()}
    return run_oracle(first, last, environment=environment, plan={"documents": [], "held": []})


def book(sandbox: Sandbox, missing: Iterable[Difference], number: int) -> None:
    """Posts a journal per store-day with exactly the amounts that are missing."""

    async def post(bodies: list[dict[str, Any]]) -> None:
        env = sandbox.env
        async with NetSuiteClient(
            url=env["NETSUITE_URL"],
            account=env["NETSUITE_ACCOUNT"],
            client_id=env["NETSUITE_CLIENT_ID"],
            certificate_id=env["NETSUITE_CERTIFICATE_ID"],
            private_key_path=Path(env["NETSUITE_PRIVATE_KEY_FILE"]),
            slots=slots_in_process(1),
        ) as client:
            for body in bodies:
                await create(client, "journalEntry", msgspec.json.Encoder(decimal_format="number").encode(body))

    shops = {shop.key: shop for shop in sandbox.world.shops}
    accounts = {account.number: account.internal_id for account in sandbox.world.accounts}
    store_days: defaultdict[tuple[str, date], list[Difference]] = defaultdict(list)
    for difference in missing:
        store_days[difference.store, difference.trading_day].append(difference)
    asyncio.run(
        post(
            [
                {
                    "externalId": f"JE-{store}-{day:%Y%m%d}-{shops[store].currency}-{number}",
                    "subsidiary": {"id": str(shops[store].subsidiary)},
                    "tranDate": day.isoformat(),
                    "line": {
                        "items": [
                            {
                                "account": {"id": str(accounts[difference.account])},
                                "location": {"id": str(shops[store].location)},
                                "debit"
                                if difference.expected_minor > difference.ledger_minor
                                else "credit": to_decimal(
                                    abs(difference.expected_minor - difference.ledger_minor), difference.currency
                                ),
                            }
                            for difference in differences
                        ]
                    },
                }
                for (store, day), differences in store_days.items()
            ]
        )
    )


def test_what_is_not_booked_is_missing_and_what_is_booked_is_not(sandbox: Sandbox) -> None:
    first, last = sandbox.world.start, sandbox.world.start + timedelta(days=sandbox.world.days - 1)
    empty = verdict_of(sandbox, first, last)
    assert empty.receipts == 2 * 3 * 40
    assert all(empty.unexplained_minor.values())
    assert {difference.ledger_minor for difference in empty.differences} == {0}

    book(sandbox, empty.differences, number=1)
    booked = verdict_of(sandbox, first, last)
    assert booked.as_json() == {"unexplained_minor": dict.fromkeys(empty.unexplained_minor, 0), "differences": []}

    # A day by itself says the same as the days together.
    for offset in range(sandbox.world.days):
        day = first + timedelta(days=offset)
        assert not verdict_of(sandbox, day, day).differences


def test_small_pages_give_the_same_verdict(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    day = sandbox.world.start
    book(sandbox, verdict_of(sandbox, day, day).differences, number=2)
    whole = verdict_of(sandbox, day, day)
    monkeypatch.setattr("sitoo_netsuite.oracle.ledger_side._PAGE", 7)
    monkeypatch.setattr("sitoo_netsuite.oracle.sitoo_side._ORDERS_PER_PAGE", 7)
    monkeypatch.setattr("sitoo_netsuite.oracle.sitoo_side._ROWS_PER_PAGE", 1)
    assert verdict_of(sandbox, day, day) == whole
    assert not whole.differences
