"""Asynchronous requests and batches (reference 3.6, 3.7), over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite_tests.sandbox.netsuite.conftest import RECORDS, SUITEQL, NetSuite

Start = Callable[..., NetSuite]
ASYNC = {"Prefer": "respond-async"}
BATCH = {**ASYNC, "Content-Type": "application/vnd.oracle.resource+json; type=collection"}
AT_ONCE = Settings(job_seconds=0)


def send(
    netsuite: NetSuite, method: str, path: str, body: Any = None, *, headers: dict[str, str] = ASYNC, **query: str
) -> httpx.Response:
    return netsuite.http.request(method, f"{RECORDS}/{path}", json=body, headers=headers, params=query)


def results(netsuite: NetSuite, submitted: httpx.Response) -> list[httpx.Response]:
    """The results of a job's tasks, in order; the job must be done at once."""
    assert submitted.status_code == 202, submitted.text
    job = submitted.headers["location"]
    tasks = netsuite.http.get(f"{job}/task").json()["items"]
    return [netsuite.http.get(f"{job}/task/{task['id']}/result") for task in tasks]


def customers(netsuite: NetSuite, count: int) -> list[dict[str, Any]]:
    subsidiary = {"id": str(netsuite.subsidiary)}
    return [
        {"externalId": f"C-{number}", "companyName": f"Company {number}", "subsidiary": subsidiary}
        for number in range(count)
    ]


def make_customers(netsuite: NetSuite, count: int) -> list[str]:
    """Internal ids of new customers."""
    submitted = send(netsuite, "POST", "customer", {"items": customers(netsuite, count)}, headers=BATCH)
    return [result.headers["location"].rpartition("/")[2] for result in results(netsuite, submitted)]


def test_a_job_is_pending_first_and_replays_the_real_answer_once_it_is_done(start: Start) -> None:
    netsuite = start(Settings(job_seconds=0.3))
    submitted = send(netsuite, "POST", "journalEntry", netsuite.journal())
    assert (submitted.status_code, submitted.content) == (202, b"")
    assert submitted.headers["preference-applied"] == "respond-async"
    assert submitted.headers["location"] == "/services/rest/async/v1/job/1"
    base = str(netsuite.http.base_url).rstrip("/")
    url = f"{base}/services/rest/async/v1/job/1"
    assert netsuite.http.get(url).json() == {
        "links": [{"rel": "self", "href": url}],
        "completed": False,
        "id": "1",
        "progress": "pending",
        "task": {"links": [{"rel": "self", "href": f"{url}/task"}]},
    }
    assert netsuite.http.get(f"{url}/task/1/result").status_code == 404
    assert netsuite.query("SELECT id FROM transaction") == []
    time.sleep(0.35)
    assert netsuite.http.get(url).json()["progress"] == "succeeded"
    assert netsuite.http.get(f"{url}/task/1").json() == {
        "links": [{"rel": "self", "href": f"{url}/task/1"}],
        "completed": True,
        "id": "1",
        "progress": "succeeded",
        "startTime": "2026-03-04T12:00:00Z",
        "endTime": "2026-03-04T12:00:00Z",
    }
    (result,) = results(netsuite, submitted)
    assert (result.status_code, result.content) == (204, b"")
    assert netsuite.http.get(result.headers["location"]).json()["externalId"] == "JE-1"


def test_a_job_that_is_refused_says_so_in_its_result(start: Start) -> None:
    netsuite = start(Settings(job_seconds=0, progress_of_failed="refused", job_location="absolute"))
    submitted = send(netsuite, "POST", "journalEntry", {"externalId": "JE-1"})
    assert submitted.headers["location"].startswith("http://")
    (result,) = results(netsuite, submitted)
    assert (result.status_code, "Subsidiary" in result.text) == (400, True)
    assert netsuite.http.get(submitted.headers["location"]).json()["progress"] == "refused"


def test_a_read_can_be_a_job_too(start: Start) -> None:
    netsuite = start(AT_ONCE)
    (result,) = results(netsuite, send(netsuite, "GET", "customer/1", fields="companyName"))
    assert (result.status_code, result.json()["id"]) == (200, "1")


def test_a_repeated_idempotency_key_leads_to_the_first_job(start: Start) -> None:
    netsuite = start(AT_ONCE)
    headers = {**ASYNC, "X-NetSuite-idempotency-key": "5f1d"}
    first = send(netsuite, "POST", "journalEntry", netsuite.journal("JE-1"), headers=headers)
    again = send(netsuite, "POST", "journalEntry", netsuite.journal("JE-2"), headers=headers)
    error = again.json()
    assert (again.status_code, error["title"], error["status"]) == (400, "Conflict", 400)
    assert error["o:errorDetails"][0]["o:errorCode"] == "IDEMPOTENCY_ERROR"
    assert again.headers["location"] == first.headers["location"]
    assert len(netsuite.query("SELECT id FROM transaction")) == 1


def test_an_idempotency_key_is_ignored_when_the_request_is_synchronous(start: Start) -> None:
    netsuite = start()
    headers = {"X-NetSuite-Idempotency-Key": "5f1d"}
    for number in (1, 2):
        answer = send(netsuite, "POST", "journalEntry", netsuite.journal(f"JE-{number}"), headers=headers)
        assert answer.status_code == 204


def test_queries_cannot_be_jobs(start: Start) -> None:
    headers = {"Prefer": "transient, respond-async"}
    answer = start().http.post(SUITEQL, json={"q": "SELECT id FROM location"}, headers=headers)
    assert (answer.status_code, answer.json()["o:errorDetails"][0]["o:errorCode"]) == (400, "INVALID_HEADER")


def test_there_is_no_job_that_nobody_submitted(start: Start) -> None:
    netsuite = start(AT_ONCE)
    job = send(netsuite, "GET", "customer/1").headers["location"]
    for path in (f"{job}1", "/services/rest/async/v1/job/x", f"{job}/task/2", f"{job}/task/0/result"):
        assert netsuite.http.get(path).status_code == 404, path
    assert netsuite.http.get(f"{job}/task/").json()["totalResults"] == 1


# ------------------------------------------------------------------ batches


def test_a_batch_creates_its_records_in_order_and_a_bad_one_stops_no_other(start: Start) -> None:
    netsuite = start(AT_ONCE)
    items = customers(netsuite, 3)
    del items[1]["companyName"]
    submitted = send(netsuite, "POST", "customer", {"items": items}, headers=BATCH)
    first, second, third = results(netsuite, submitted)
    assert [first.status_code, second.status_code, third.status_code] == [204, 400, 204]
    ids = [int(answer.headers["location"].rpartition("/")[2]) for answer in (first, third)]
    assert ids[0] < ids[1]
    job = submitted.headers["location"]
    assert [task["progress"] for task in netsuite.http.get(f"{job}/task").json()["items"]] == [
        "succeeded",
        "failed",
        "succeeded",
    ]


def test_a_batch_changes_by_internal_id_before_external_id_and_upserts_by_external_id(start: Start) -> None:
    netsuite = start(AT_ONCE)
    first, second = make_customers(netsuite, 2)
    changes = [{"id": first, "comments": "by id"}, {"externalId": "C-1", "comments": "by external id"}]
    answers = results(netsuite, send(netsuite, "PATCH", "customer", {"items": changes}, headers=BATCH))
    assert [answer.status_code for answer in answers] == [204, 204]
    assert netsuite.get(f"customer/{first}").json()["comments"] == "by id"
    assert netsuite.get(f"customer/{second}").json()["comments"] == "by external id"
    upserts = customers(netsuite, 3)
    answers = results(netsuite, send(netsuite, "PUT", "customer", {"items": upserts}, headers=BATCH))
    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert netsuite.get("customer/eid:C-2").status_code == 200
    nameless = send(netsuite, "PUT", "customer", {"items": [{"id": first}]}, headers=BATCH)
    assert (nameless.status_code, nameless.json()["o:errorDetails"][0]["o:errorPath"]) == (400, "items[0].externalId")


def test_a_batch_reads_and_deletes_by_ids(start: Start) -> None:
    netsuite = start(AT_ONCE)
    first, _ = make_customers(netsuite, 2)
    ids = f"{first},eid:'C-1',999999"
    answers = results(netsuite, send(netsuite, "GET", "customer", expandRecords="true", ids=ids))
    assert [answer.status_code for answer in answers] == [200, 200, 404]
    assert answers[1].json()["externalId"] == "C-1"
    answers = results(netsuite, send(netsuite, "DELETE", "customer", ids=f"{first},eid:C-1"))
    assert [answer.status_code for answer in answers] == [204, 204]
    assert netsuite.get("customer/eid:C-1").status_code == 404


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_of_none_or_of_more_than_a_hundred_is_refused_whole(start: Start, count: int) -> None:
    netsuite = start(AT_ONCE)
    answer = send(netsuite, "POST", "customer", {"items": customers(netsuite, count)}, headers=BATCH)
    assert answer.status_code == 400
    assert netsuite.get("customer/eid:C-0").status_code == 404
    ids = ",".join(str(number) for number in range(count))
    assert send(netsuite, "DELETE", "customer", ids=ids).status_code == 400


def test_a_batch_must_be_asynchronous_and_say_that_it_is_one(start: Start) -> None:
    netsuite = start(AT_ONCE)
    body = {"items": customers(netsuite, 1)}
    synchronous = {"Content-Type": BATCH["Content-Type"]}
    assert send(netsuite, "POST", "customer", body, headers=synchronous).status_code == 400
    assert send(netsuite, "PUT", "customer", body, headers={}).status_code == 405
    assert send(netsuite, "GET", "customer", headers={}, ids="1").status_code == 400
    (result,) = results(netsuite, send(netsuite, "POST", "customer", body))  # one request, so one record without a name
    assert result.status_code == 400
