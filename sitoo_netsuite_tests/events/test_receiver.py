"""The receiver of Sitoo's events over real HTTP, with a real database behind it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep
from typing import Any

import httpx
import psycopg
import pytest

from sitoo_netsuite.events import receiver as receiving
from sitoo_netsuite.events.landing import land_events, newest_event, purge_events
from sitoo_netsuite.events.receiver import LARGEST_BODY, Receiver
from sitoo_netsuite.flows.sales.evidence import quarantined_records
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.settings import EventsCredential, SettingsError, events_credential

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
CREDENTIAL = EventsCredential("sitoo", "told to nobody else")


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    receiver = Receiver(database_url, CREDENTIAL, lambda: NOW)
    with serving(receiver.app()) as address:
        yield address


def event(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "event_id": f"{number:032x}",
        "event_type": "order",
        "event_date": 1_772_534_400 + number,
        "account_id": 1500,
        "data": {"eshop_id": 1, "order_id": number, "order_state_changed": "closed", "email": "a@example.com"},
    } | changes


def send(url: str, content: Any, auth: tuple[str, str] | None = ("sitoo", "told to nobody else")) -> httpx.Response:
    body = {"json": content} if not isinstance(content, bytes) else {"content": content}
    return httpx.post(f"{url}/events", auth=auth, timeout=30, **body)


def rows(connection: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return connection.execute(query.encode()).fetchall()


def test_events_are_written_down_once_each_in_whatever_order_they_come(
    url: str, connection: psycopg.Connection
) -> None:
    assert send(url, [event(2), event(1)]).json() == {"new": 2, "known": 0, "unreadable": 0}
    assert send(url, [event(1), event(3), event(3)]).json() == {"new": 1, "known": 2, "unreadable": 0}
    assert rows(connection, "select event_id, happened_at from landing.events order by event_id") == [
        (f"{number:032x}", datetime.fromtimestamp(1_772_534_400 + number, UTC)) for number in (1, 2, 3)
    ]
    assert newest_event(connection) >= 3


def test_nothing_is_kept_that_could_be_about_a_person(url: str, connection: psycopg.Connection) -> None:
    send(url, [event(1, data={"order_id": 1, "note_id": "x" * 200, "customer": {"name": "Kim"}, "email": "a@b.c"})])
    assert rows(connection, "select payload from landing.events") == [({"order_id": 1},)]


@pytest.mark.parametrize(
    "auth",
    [None, ("sitoo", "wrong"), ("other", "told to nobody else"), ("", ""), ("sitoo", "told to nobody else and more")],
)
def test_whoever_has_not_the_receiver_s_own_credential_is_turned_away(
    url: str, connection: psycopg.Connection, auth: tuple[str, str] | None
) -> None:
    answer = send(url, [event(1)], auth)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Basic realm="events"')
    assert rows(connection, "select * from landing.events") == []


@pytest.mark.parametrize("header", ["Basic", "Basic ###", "Bearer c2l0b286dG9sZA==", "Basic c2l0b28="])
def test_a_header_that_is_none_is_turned_away(url: str, header: str) -> None:
    assert httpx.post(f"{url}/events", headers={"Authorization": header}, json=[event(1)]).status_code == 401


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "not an array of events"),
        (b"not json", "not an array of events"),
        (b"\xff\xfe", "not"),
        (b'{"event_id": "1"}', "not an array of events"),
        (b"[]", "0 events at once"),
        (b"[" + b",".join([b"{}"] * 11) + b"]", "11 events at once"),
        (b"[" * 5000, "not"),
    ],
)
def test_what_cannot_be_read_is_kept_and_taken_so_that_it_holds_nothing_back(
    url: str, connection: psycopg.Connection, body: bytes, reason: str
) -> None:
    answer = send(url, body)
    assert (answer.status_code, answer.json()["unreadable"]) == (200, 1)
    send(url, body)
    ((source, why, kept),) = rows(connection, "select source, reason, body from restricted.quarantine")
    assert (source, bytes(kept)) == ("events", body)
    assert reason in why


@pytest.mark.parametrize(
    "changes", [{"event_id": ""}, {"event_id": 5}, {"event_id": "a\x00b"}, {"event_date": -1}, {"event_date": 10**18}]
)
def test_one_event_that_cannot_be_read_takes_no_other_with_it(
    url: str, connection: psycopg.Connection, changes: dict[str, Any]
) -> None:
    assert send(url, [event(1), event(2, **changes), event(3)]).json() == {"new": 2, "known": 0, "unreadable": 1}
    assert len(rows(connection, "select * from restricted.quarantine")) == 1


def test_an_event_that_comes_again_as_it_should_be_is_cured(url: str, connection: psycopg.Connection) -> None:
    send(url, [event(1, event_date="yesterday")])
    assert quarantined_records(connection, NOW.date(), NOW.date()) == []
    send(url, [event(1)])
    assert rows(connection, "select cured_at is not null from restricted.quarantine") == [(True,)]


def test_events_that_come_too_slowly_are_asked_for_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "_BODY_SECONDS", 0.2)

    def slowly() -> Iterator[bytes]:
        yield b"["
        sleep(1)
        yield b"]"

    answer = httpx.post(f"{url}/events", auth=(CREDENTIAL.user, CREDENTIAL.password), content=slowly())
    assert answer.status_code == 503


def test_a_body_that_is_too_large_is_refused_whether_or_not_it_says_so(
    url: str, connection: psycopg.Connection
) -> None:
    large = b" " * (LARGEST_BODY + 1)
    assert send(url, large).status_code == 413

    def in_chunks() -> Iterator[bytes]:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    answer = httpx.post(f"{url}/events", auth=(CREDENTIAL.user, CREDENTIAL.password), content=in_chunks())
    assert answer.status_code == 413
    assert rows(connection, "select * from restricted.quarantine") == []


def test_while_the_database_does_not_answer_sitoo_is_asked_to_send_again_in_good_time(
    url: str, connection: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "_DATABASE_SECONDS", 1)
    with connection.transaction():
        connection.execute("lock table landing.events")
        begun = monotonic()
        assert send(url, [event(1)]).status_code == 503
        assert monotonic() - begun < 10
    assert send(url, [event(1)]).json()["new"] == 1


def test_a_database_that_is_gone_is_told_by_503_and_by_the_health_page() -> None:
    gone = Receiver("host=127.0.0.1 port=1 dbname=none", CREDENTIAL, lambda: NOW)
    with serving(gone.app()) as address:
        assert send(address, [event(1)]).status_code == 503
        assert httpx.get(f"{address}/health").status_code == 503


def test_the_health_page_needs_no_credential(url: str) -> None:
    assert httpx.get(f"{url}/health").status_code == 200
    assert httpx.get(f"{url}/events").status_code == 405


def test_old_events_are_removed(connection: psycopg.Connection) -> None:
    land_events(connection, b'[{"event_id":"1","event_type":"order","event_date":1}]', NOW - timedelta(days=31))
    land_events(connection, b'[{"event_id":"2","event_type":"order","event_date":1}]', NOW - timedelta(days=29))
    assert purge_events(connection, NOW) == 1
    assert rows(connection, "select event_id from landing.events") == [("2",)]


def test_the_credential_is_the_receiver_s_own_and_never_shown() -> None:
    with pytest.raises(SettingsError, match=r"SITOO_EVENTS_USER is not set.*\n.*PASSWORD is not set"):
        events_credential({"SITOO_API_ID": "1", "SITOO_API_PASSWORD": "2"})
    assert "told" not in repr(CREDENTIAL)
