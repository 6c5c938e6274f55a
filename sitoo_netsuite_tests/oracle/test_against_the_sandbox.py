"""The oracle over real HTTP: it reads a made-up trade, is given the journals it asks for, and changes its mind."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from sitoo_netsuite.money import to_decimal
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.records import create
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.oracle import Difference, Verdict, run_oracle
from sitoo_netsuite.oracle.estate_file import read_estate_file
from sitoo_netsuite.oracle.login import netsuite_login
from sitoo_netsuite.sandbox.serve import Sandbox, SandboxOptions, running_sandbox
from sitoo_netsuite.settings import netsuite_access


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("sandbox")
    # Every program logs in by token-based authentication here; the other tests use OAuth 2.0.
    with running_sandbox(SandboxOptions(stores=2, days=3, receipts=40, seed=11, folder=folder, tba=True)) as sandbox:
        assert sandbox.env["NETSUITE_TOKEN_ID"]
        yield sandbox


def verdict_of(sandbox: Sandbox, first: date, last: date, *named: dict[str, Any]) -> Verdict:
    environment = sandbox.env | {"SITOO_NETSUITE_NOW": sandbox.clock.now().isoformat()}
    plan = {"documents": [], "held": [], "named": list(named)}
    return run_oracle(first, last, environment=environment, plan=plan)


def book(sandbox: Sandbox, missing: Iterable[Difference], number: int, dated: date | None = None) -> None:
    """Posts a journal per store-day with exactly the amounts that are missing, on the day or as it is dated."""

    async def post(bodies: list[dict[str, Any]]) -> None:
        access = netsuite_access(sandbox.env)
        async with NetSuiteClient(url=access.url, login=access.login(), slots=slots_in_process(1)) as client:
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
                    "tranDate": (dated or day).isoformat(),
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
    assert booked.unexplained_minor == dict.fromkeys(empty.unexplained_minor, 0)
    assert not booked.differences
    # Money is booked, and nobody has told NetSuite of the goods.
    assert {entry.held_milli for entry in booked.stock.differences} == {0}
    assert {entry.store for entry in booked.stock.differences} == {shop.key for shop in sandbox.world.shops}

    # A day by itself says the same as the days together.
    for offset in range(sandbox.world.days):
        day = first + timedelta(days=offset)
        assert not verdict_of(sandbox, day, day).differences


def test_small_pages_give_the_same_verdict(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    day = sandbox.world.start
    book(sandbox, verdict_of(sandbox, day, day).differences, number=2)
    whole = verdict_of(sandbox, day, day)
    monkeypatch.setattr("sitoo_netsuite.oracle.ledger_side._PAGE", 60)
    monkeypatch.setattr("sitoo_netsuite.oracle.sitoo_side._ORDERS_PER_PAGE", 7)
    monkeypatch.setattr("sitoo_netsuite.oracle.sitoo_side._ROWS_PER_PAGE", 4)
    assert verdict_of(sandbox, day, day) == whole
    assert not whole.differences


@pytest.fixture
def booked_day(tmp_path: Path) -> Iterator[Sandbox]:
    """One store and day, booked as it should be; an hour has passed since."""
    with running_sandbox(SandboxOptions(stores=1, days=1, receipts=10, folder=tmp_path)) as sandbox:
        book(sandbox, verdict_of(sandbox, sandbox.world.start, sandbox.world.start).differences, number=1)
        sandbox.clock.set(sandbox.clock.now() + timedelta(hours=1))
        yield sandbox


def by_hand(sandbox: Sandbox, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Something done in NetSuite by another than ourselves."""
    url = f"{sandbox.env['NETSUITE_URL']}/services/rest/record/v1/{path}"
    with httpx.Client(auth=netsuite_login(sandbox.env)) as client:
        answer = client.request(method, url, json=body).raise_for_status()
    return dict(answer.json()) if answer.content else {}


def named(sandbox: Sandbox, kind: str, record: str, lines: dict[str, int]) -> dict[str, Any]:
    shop, day = sandbox.world.shops[0], sandbox.world.start
    return {
        "kind": kind,
        "record": record,
        "store": shop.key,
        "trading_day": day.isoformat(),
        "currency": shop.currency,
        "lines": [{"account": account, "amount_minor": amount} for account, amount in lines.items()],
    }


def gaps(verdict: Verdict) -> dict[str, int]:
    """What the ledger holds too much, by account."""
    return {d.account: d.ledger_minor - d.expected_minor for d in verdict.differences}


def test_what_is_done_by_hand_is_explained_by_its_name_and_by_nothing_else(booked_day: Sandbox) -> None:
    sandbox, day, shop = booked_day, booked_day.world.start, booked_day.world.shops[0]
    ours = f"JE-{shop.key}-{day:%Y%m%d}-{shop.currency}-1"
    till = _till_of(sandbox)
    till_id = str(next(account.internal_id for account in sandbox.world.accounts if account.number == till))
    line = by_hand(sandbox, "GET", f"journalEntry/eid:{ours}?expandSubResources=true")["line"]["items"][-1]
    assert line["account"]["id"] != till_id

    # An edit: a line's amount moved to another account.
    unchanged = named(sandbox, "document_differs", ours, {till: 0})
    assert "has not been changed" in verdict_of(sandbox, day, day, unchanged).refused_names[0]
    edit = {"line": {"items": [{"line": line["line"], "account": {"id": till_id}}]}}
    by_hand(sandbox, "PATCH", f"journalEntry/eid:{ours}", edit)
    moved = gaps(verdict_of(sandbox, day, day))
    assert len(moved) == 2
    edited = named(sandbox, "document_differs", ours, moved)
    assert is_explained(verdict_of(sandbox, day, day, edited))

    # Postings of somebody else: one has a number only, one an external id that we never gave.
    body = {
        "subsidiary": {"id": str(shop.subsidiary)},
        "tranDate": day.isoformat(),
        "line": {
            "items": [
                {"account": account, "location": {"id": str(shop.location)}} | side
                for account, side in (
                    ({"id": till_id}, {"debit": 7}),
                    ({"id": till_id}, {"credit": 5}),
                    (line["account"], {"credit": 2}),
                )
            ]
        },
    }
    by_hand(sandbox, "POST", "journalEntry", body)
    newest = max(by_hand(sandbox, "GET", "journalEntry")["items"], key=lambda record: int(record["id"]))
    number = by_hand(sandbox, "GET", f"journalEntry/{newest['id']}")["tranId"]
    by_hand(sandbox, "POST", "journalEntry", {"externalId": ours[:-1] + "9", **body})
    other = next(account for account in moved if account != till)
    strangers = [
        named(sandbox, "foreign_posting", number, {till: 200, other: -200}),
        named(sandbox, "document_not_planned", ours[:-1] + "9", {till: 200, other: -200}),
    ]
    assert gaps(verdict_of(sandbox, day, day, edited)) == {till: 400, other: -400}
    assert is_explained(verdict_of(sandbox, day, day, edited, *strangers))

    # Our journal is gone; the name it had before explains nothing any more.
    still_there = verdict_of(sandbox, day, day, named(sandbox, "document_not_found", ours, {till: 0}))
    assert "it is still there" in still_there.refused_names[0]
    by_hand(sandbox, "DELETE", f"journalEntry/eid:{ours}")
    assert "it is not there" in verdict_of(sandbox, day, day, edited).refused_names[0]
    missing = gaps(verdict_of(sandbox, day, day, *strangers))
    deleted = verdict_of(sandbox, day, day, *strangers, named(sandbox, "document_not_found", ours, missing))
    assert is_explained(deleted)
    assert deleted.named_minor == {shop.currency: 800 + sum(map(abs, missing.values()))}


def is_explained(verdict: Verdict) -> bool:
    return not verdict.differences and not verdict.refused_names


def _till_of(sandbox: Sandbox) -> str:
    facts = read_estate_file(Path(sandbox.env["SITOO_NETSUITE_ESTATE"]))
    return facts.books_of(facts.shops[sandbox.world.shops[0].key]).accounts["till"]


def test_a_day_that_is_booked_in_a_later_period_is_booked(tmp_path: Path) -> None:
    with running_sandbox(SandboxOptions(stores=1, days=1, receipts=10, folder=tmp_path)) as sandbox:
        day = sandbox.world.start
        book(sandbox, verdict_of(sandbox, day, day).differences, number=1, dated=day + timedelta(days=45))
        assert verdict_of(sandbox, day, day).differences == ()
        later = day + timedelta(days=45)
        assert verdict_of(sandbox, later, later).differences == ()


def test_trouble_on_the_line_changes_no_verdict(tmp_path: Path) -> None:
    troubles = ("too_many_requests", "server_error", "connection_reset", "html_502")
    faults = tmp_path / "faults.yaml"
    faults.write_text("".join(f"- {{fault: {name}, count: 3}}\n" for name in troubles), encoding="utf-8")
    verdicts = []
    for asked in ("none", str(faults)):
        options = SandboxOptions(stores=1, days=1, receipts=10, faults=asked, folder=tmp_path / Path(asked).stem)
        with running_sandbox(options) as sandbox:
            verdicts.append(verdict_of(sandbox, sandbox.world.start, sandbox.world.start))
            stats = [
                httpx.get(f"{url}/sandbox/stats").json()["transport"]
                for url in (sandbox.sitoo_url, sandbox.netsuite_url)
            ]
    assert {name for counts in stats for name, count in counts.items() if count} == set(troubles)
    assert verdicts[0] == verdicts[1]
