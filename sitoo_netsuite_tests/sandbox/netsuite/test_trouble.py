"""Trouble on the line as NetSuite's sandbox acts it out, over real HTTP; seen by a plain client and by ours."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from sitoo_netsuite.netsuite.auth import ClientCredentials, OAuth2Login
from sitoo_netsuite.netsuite.client import NetSuiteClient, Retries
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.sandbox.faults.transport import TransportFaults
from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite_tests.sandbox.netsuite.conftest import (
    CERTIFICATE_ID,
    CLIENT_ID,
    CREDENTIALS,
    KEY,
    RECORDS,
    NetSuite,
)
from sitoo_netsuite_tests.sandbox.netsuite.test_records import cash_sale

NO_ANSWER = (httpx.RemoteProtocolError, httpx.ReadError)
Start = Callable[..., NetSuite]


def troubled(start: Start, settings: Settings | None = None, **counts: int) -> NetSuite:
    """An account whose requests meet these troubles, after a login."""
    return start(settings, transport=TransportFaults.of_counts(counts, seed=1))


def fired(netsuite: NetSuite) -> dict[str, int]:
    stats: dict[str, int] = netsuite.http.get("/sandbox/stats").json()["transport"]
    return stats


def found(netsuite: NetSuite, external_id: str) -> bool:
    status = netsuite.get(f"journalEntry/eid:{external_id}").status_code
    assert status in (200, 404)
    return status == 200


def post_in_vain(netsuite: NetSuite, external_id: str = "JE-1") -> None:
    with pytest.raises(NO_ANSWER):
        netsuite.post("journalEntry", netsuite.journal(external_id))


def test_a_server_error_has_the_envelope_and_does_nothing(start: Start) -> None:
    netsuite = troubled(start, server_error=4)  # the login met three of them
    answer = netsuite.post("journalEntry", netsuite.journal())
    assert (answer.status_code, answer.json()["o:errorDetails"][0]["o:errorCode"]) == (500, "UNEXPECTED_ERROR")
    assert not found(netsuite, "JE-1")
    assert fired(netsuite) == {"server_error": 4}


def test_too_many_requests_have_netsuites_body_and_the_wait_of_the_settings(start: Start) -> None:
    netsuite = troubled(start, Settings(retry_after_seconds=2), too_many_requests=1)
    answer = netsuite.post("journalEntry", netsuite.journal())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "CONCURRENCY_LIMIT_EXCEEDED"
    assert not found(netsuite, "JE-1")


def test_a_reset_does_nothing(start: Start) -> None:
    netsuite = troubled(start, connection_reset=1)
    post_in_vain(netsuite)
    assert not found(netsuite, "JE-1")
    assert fired(netsuite) == {"connection_reset": 1}


def test_behind_a_proxys_page_a_write_may_have_been_done(start: Start) -> None:
    netsuite = troubled(start, html_502=30)
    done = []
    for number in range(12):
        answer = netsuite.post("journalEntry", netsuite.journal(f"JE-{number}"), attempt=str(number))
        assert (answer.status_code, answer.text[:6]) == (502, "<html>")
    items = []
    while len(items) < 4:
        listing = netsuite.get("journalEntry")
        items = listing.json()["items"] if listing.status_code == 200 else []
        done.append(len(items))
    assert 0 < len(items) < 12


def test_an_answer_lost_after_the_commit_leaves_the_document_there(start: Start) -> None:
    netsuite = troubled(start, time_out_after_commit=1)
    begun = time.monotonic()
    post_in_vain(netsuite)
    assert time.monotonic() - begun >= 0.25
    assert found(netsuite, "JE-1")
    (logged,) = [
        entry
        for entry in netsuite.http.get("/sandbox/requests").json()["requests"]
        if entry["path"].endswith("journalEntry")
    ]
    assert (logged["method"], logged["status"]) == ("POST", 0)


def test_only_writes_of_records_time_out_after_their_commit(start: Start) -> None:
    netsuite = troubled(start, time_out_after_commit=1, commit_after_look_up=1)
    assert netsuite.get("customer/1").status_code == 200
    assert netsuite.query("SELECT id FROM location")
    assert fired(netsuite) == {}


@pytest.mark.parametrize("by", ["external id", "query"])
def test_a_late_commit_comes_after_a_look_up_in_vain(start: Start, by: str) -> None:
    netsuite = troubled(start, commit_after_look_up=1)
    post_in_vain(netsuite)
    assert not found(netsuite, "JE-10")  # a look-up for another one
    sql = "SELECT id FROM transaction WHERE externalid = ?"
    if by == "query":
        assert netsuite.query(sql, "JE-1") == []
        assert len(netsuite.query(sql, "JE-1")) == 1
    else:
        assert not found(netsuite, "JE-1")
        assert found(netsuite, "JE-1")
    assert fired(netsuite) == {"commit_after_look_up": 1}


def test_who_sends_again_after_a_look_up_is_told_that_it_exists(start: Start) -> None:
    netsuite = troubled(start, commit_after_look_up=1)
    post_in_vain(netsuite)
    assert not found(netsuite, "JE-1")
    answer = netsuite.post("journalEntry", netsuite.journal())
    assert (answer.status_code, "already exists" in answer.text) == (400, True)
    assert len(netsuite.query("SELECT id FROM transaction")) == 1


def test_a_late_commit_whose_external_id_is_taken_is_refused_unheard(start: Start) -> None:
    netsuite = troubled(start, commit_after_look_up=1)
    post_in_vain(netsuite)
    assert netsuite.post("journalEntry", netsuite.journal()).status_code == 204
    assert found(netsuite, "JE-1")
    assert len(netsuite.query("SELECT id FROM transaction")) == 1


def test_a_late_commit_that_nobody_looks_for_comes_after_some_seconds(start: Start) -> None:
    netsuite = troubled(start, Settings(late_write_seconds=0.2), commit_after_look_up=1)
    post_in_vain(netsuite)
    assert netsuite.query("SELECT id FROM transaction") == []
    time.sleep(0.25)
    assert len(netsuite.query("SELECT id FROM transaction")) == 1


def test_a_late_change_and_a_late_deletion_come_after_somebody_read_the_record(start: Start) -> None:
    netsuite = start(transport=TransportFaults.of_counts({"commit_after_look_up": 2}, seed=1))
    post_in_vain(netsuite, "JE-1")
    assert not found(netsuite, "JE-1")
    record = netsuite.get("journalEntry/eid:JE-1").json()
    url = f"{RECORDS}/journalEntry/{record['id']}"
    with pytest.raises(NO_ANSWER):
        netsuite.http.patch(url, json={"memo": "changed"})
    assert netsuite.http.get(url).json()["memo"] == "S01 2026-03-02"
    assert netsuite.http.get(url).json()["memo"] == "changed"


def test_a_late_transform_is_looked_for_by_the_external_id_in_its_body(start: Start) -> None:
    netsuite = start(transport=TransportFaults.of_counts({"commit_after_look_up": 2}, seed=1))
    with pytest.raises(NO_ANSWER):
        netsuite.post("cashSale", {**cash_sale(netsuite), "externalId": "CS-1"})
    sale = "cashSale/eid:CS-1"
    assert [netsuite.get(sale).status_code for _ in range(2)] == [404, 200]
    refund = {"externalId": "CR-1", "tranDate": "2026-03-02"}
    with pytest.raises(NO_ANSWER):
        netsuite.post(f"{sale}/!transform/cashRefund", refund)
    assert netsuite.get(sale).status_code == 200
    assert [netsuite.get("cashRefund/eid:CR-1").status_code for _ in range(2)] == [404, 200]


def test_an_expired_token_is_gone_until_the_client_logs_in_again(start: Start) -> None:
    netsuite = troubled(start, Settings(token_lasts_seconds=0), expired_token=1)
    answer = netsuite.post("journalEntry", netsuite.journal())
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert netsuite.get("customer/1").status_code == 401
    netsuite.log_in()
    assert not found(netsuite, "JE-1")
    assert fired(netsuite) == {"expired_token": 1}


def test_a_token_that_was_just_issued_does_not_expire(start: Start) -> None:
    netsuite = troubled(start, Settings(token_lasts_seconds=60), expired_token=1)
    assert netsuite.get("customer/1").status_code == 200
    assert fired(netsuite) == {}


def test_a_record_locked_by_a_workflow_can_neither_be_read_nor_written(start: Start) -> None:
    netsuite = troubled(start, workflow_lock=2)
    for answer in (netsuite.post("journalEntry", netsuite.journal()), netsuite.get("customer/1")):
        detail = answer.json()["o:errorDetails"][0]
        assert (answer.status_code, detail["o:errorCode"]) == (400, "USER_ERROR")
        assert "locked by a user defined workflow" in detail["detail"]
    assert netsuite.query("SELECT id FROM transaction") == []


def test_our_client_reads_everything_through_a_storm(start: Start, tmp_path: Path) -> None:
    netsuite = start(transport=TransportFaults.for_mode("storm", seed=5))
    key_file = tmp_path / "key.pem"
    key_file.write_bytes(KEY.as_pem(private=True))
    login = OAuth2Login(
        str(netsuite.http.base_url), CREDENTIALS.account, ClientCredentials(CLIENT_ID, CERTIFICATE_ID, key_file)
    )

    async def read() -> list[int]:
        client = NetSuiteClient(
            url=str(netsuite.http.base_url),
            login=login,
            slots=slots_in_process(5),
            retries=Retries(first_wait=0.01, longest_wait=0.05),
        )
        async with client:
            counts = [
                len(await query(client, "SELECT id FROM location WHERE id > ? ORDER BY id", [number - 1]))
                for number in range(40)
            ]
            queries = (query(client, "SELECT id FROM item WHERE id > ? ORDER BY id", [n]) for n in range(40))
            return counts + [len(rows) for rows in await asyncio.gather(*queries)]

    found = asyncio.run(read())
    assert found[0] == len(netsuite.world.locations)
    assert found[40] == len(netsuite.world.products) + len(netsuite.world.matrix_parents)
    assert len(fired(netsuite)) >= 4


def test_the_log_of_requests_keeps_no_login(start: Start) -> None:
    log = start().http.get("/sandbox/requests").json()["requests"]
    assert [(entry["path"].rpartition("/")[2], entry["body"]) for entry in log] == [("token", "")]


def test_what_people_do_by_hand_happens_before_the_next_request_is_handled(start: Start) -> None:
    calls: list[int] = []
    netsuite = start(before_request=lambda: calls.append(1))
    assert calls == []  # a login is no request of the account's
    netsuite.get("customer/1")
    assert calls == [1]
    netsuite.http.headers["Authorization"] = "Bearer wrong"
    netsuite.get("customer/1")
    netsuite.http.get("/sandbox/stats")
    assert calls == [1]


def test_the_truth_is_shown_on_this_port_too(start: Start) -> None:
    rows = [{"id": "1", "fault": "journal_deleted"}]
    assert start(truth=lambda: rows).http.get("/sandbox/truth").json() == rows
    assert start().http.get("/sandbox/truth").json() == []
