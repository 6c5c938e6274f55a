"""The account around its records: concurrency, SuiteQL over HTTP, system endpoints, the opening state."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sitoo_netsuite.sandbox.netsuite.auth import TOKEN_PATH
from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite_tests.sandbox.netsuite.conftest import RECORDS, SUITEQL, NetSuite, token_form

SYSTEM = "/services/rest/system/v1"
TRANSIENT = {"Prefer": "transient"}


def at_once(netsuite: NetSuite, requests: int) -> list[httpx.Response]:
    with ThreadPoolExecutor(requests) as pool:
        return list(pool.map(lambda _: netsuite.get("customer/1"), range(requests)))


def test_more_requests_at_once_than_the_account_allows_are_refused(start: Callable[..., NetSuite]) -> None:
    netsuite = start(account_limit=2, latency_ms=300)
    answers = at_once(netsuite, 4)
    assert sorted(answer.status_code for answer in answers) == [200, 200, 429, 429]
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.json() == {
        "type": "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html",
        "title": "Bad Request",
        "status": 429,
        "o:errorCode": "USER_ERROR",
        "o:errorDetails": [
            {
                "detail": "Concurrent request limit exceeded. Request blocked.",
                "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED",
            }
        ],
    }
    assert "retry-after" not in refused.headers
    stats = netsuite.http.get("/sandbox/stats").json()
    assert stats["responses_429"] == 2
    assert stats["greatest_concurrency"] >= 3
    assert netsuite.get("customer/1").status_code == 200


def test_a_retry_after_is_sent_where_the_settings_say_so(start: Callable[..., NetSuite]) -> None:
    netsuite = start(Settings(retry_after_seconds=3), account_limit=1, latency_ms=200)
    assert "3" in {answer.headers.get("retry-after") for answer in at_once(netsuite, 2)}


@pytest.mark.parametrize(("count", "statuses"), [(False, [200, 200]), (True, [200, 429])])
def test_token_requests_count_only_where_the_settings_say_so(
    start: Callable[..., NetSuite], count: bool, statuses: list[int]
) -> None:
    netsuite = start(Settings(token_requests_count=count), account_limit=1, latency_ms=200)
    form = token_form(f"{netsuite.http.base_url}{TOKEN_PATH}")
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: netsuite.http.post(TOKEN_PATH, data=form), range(2)))
    assert sorted(answer.status_code for answer in answers) == statuses


def test_a_client_that_gives_up_waiting_has_written_all_the_same(start: Callable[..., NetSuite]) -> None:
    netsuite = start(latency_ms=300)
    with pytest.raises(httpx.ReadTimeout):
        netsuite.http.post(f"{RECORDS}/journalEntry", json=netsuite.journal("JE-LOST"), timeout=0.1)
    time.sleep(0.4)
    assert netsuite.get("journalEntry/eid:JE-LOST").status_code == 200


def test_the_server_time_is_the_sandboxs(netsuite: NetSuite) -> None:
    assert netsuite.http.get(f"{SYSTEM}/serverTime").json() == {"serverTime": "2026-03-04T12:00:00.000Z"}


def test_the_governance_limits_tell_the_accounts(start: Callable[..., NetSuite]) -> None:
    limits = start(account_limit=15).http.get(f"{SYSTEM}/governanceLimits").json()
    assert (limits["accountConcurrencyLimit"], limits["integrationLimitType"]) == (15, "accountLimit")


def test_an_unknown_path_and_a_wrong_method_have_the_envelope_too(netsuite: NetSuite) -> None:
    for answer, status in ((netsuite.http.get("/services/rest/nothing"), 404), (netsuite.http.put(SUITEQL), 405)):
        assert answer.status_code == status
        assert answer.json()["status"] == status


def test_an_armed_fault_answers_in_the_accounts_own_words(netsuite: NetSuite) -> None:
    netsuite.http.post("/sandbox/faults", json={"path": "/services/rest/record", "status": 500, "requests": 1})
    answer = netsuite.get("customer/1")
    assert (answer.status_code, answer.json()["o:errorDetails"][0]["o:errorCode"]) == (500, "UNEXPECTED_ERROR")


# ------------------------------------------------------------------ SuiteQL


def test_a_query_needs_its_prefer_header(netsuite: NetSuite) -> None:
    answer = netsuite.http.post(SUITEQL, json={"q": "SELECT id FROM customer"})
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_HEADER"


def test_a_result_has_the_shape_of_the_reference(netsuite: NetSuite) -> None:
    body = {"q": "SELECT id AS ItemId, upccode, cost FROM item WHERE id > ? ORDER BY id", "params": [1000]}
    answer = netsuite.http.post(SUITEQL, json=body, headers=TRANSIENT, params={"limit": "2", "offset": "4"}).json()
    assert answer.keys() == {"links", "count", "hasMore", "items", "offset", "totalResults"}
    assert (answer["count"], answer["offset"], answer["hasMore"]) == (2, 4, True)
    assert answer["totalResults"] == len(netsuite.world.products)
    assert answer["items"][0].keys() == {"links", "itemid", "upccode"}
    assert answer["items"][0]["itemid"] == "1005"


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"q": "SELECT id FROM nowhere"}, {}),
        ({"q": "SELEKT"}, {}),
        ({"q": ""}, {}),
        ({}, {}),
        ({"q": "SELECT id FROM item WHERE id = ?"}, {}),
        ({"q": "SELECT id FROM item WHERE id = ?", "params": [["1"]]}, {}),
        ({"q": "SELECT id FROM item"}, {"limit": "1001"}),
        ({"q": "SELECT id FROM item"}, {"limit": "10", "offset": "5"}),
        ({"q": "DELETE FROM item"}, {}),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused(
    netsuite: NetSuite, body: dict[str, object], query: dict[str, str]
) -> None:
    answer = netsuite.http.post(SUITEQL, json=body, headers=TRANSIENT, params=query)
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"]


def test_a_query_sees_every_write_answered_before_it(netsuite: NetSuite) -> None:
    for number in range(1, 6):
        netsuite.post("journalEntry", netsuite.journal(f"JE-{number}"))
        assert len(netsuite.query("SELECT id FROM transaction")) == number


# ------------------------------------------------------------------ the account before the trade


def test_the_retailers_records_are_there(netsuite: NetSuite) -> None:
    world = netsuite.world
    counts = {
        "account": len(world.accounts),
        "location": len(world.locations),
        "subsidiary": len(world.subsidiaries),
        "currency": len(world.currencies),
        "item": len(world.products) + len(world.matrix_parents),
        "customer": len(world.shops) + sum(person.netsuite_customer is not None for person in world.customers),
        "taxschedule": len(world.tax_schedules),
    }
    for table, count in counts.items():
        (row,) = netsuite.query(f"SELECT COUNT(*) AS n FROM {table} WHERE isinactive = 'F'")
        assert int(row["n"]) >= count, table


def test_prices_stand_per_currency(netsuite: NetSuite) -> None:
    product = netsuite.world.products[0]
    rows = netsuite.query(
        "SELECT c.symbol, ip.price FROM itemPrice ip JOIN currency c ON c.id = ip.currencypage "
        "WHERE ip.item = ? AND ip.pricelevelname = 'Base Price'",
        str(product.netsuite_item),
    )
    assert {row["symbol"]: round(float(row["price"]) * 100) for row in rows} == product.price_minor


def test_periods_cover_the_trade_and_the_year_after(netsuite: NetSuite) -> None:
    rows = netsuite.query(
        "SELECT periodname FROM accountingperiod WHERE isyear = 'F' AND isquarter = 'F' "
        "AND TO_DATE('2027-12-31', 'YYYY-MM-DD') BETWEEN startdate AND enddate"
    )
    assert rows == [{"periodname": "Dec 2027"}]
