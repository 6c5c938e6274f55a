"""What closed and locked periods stop: making, changing and deleting documents (reference 5.1), over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import pytest

from sitoo_netsuite.sandbox.faults.transport import TransportFaults
from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite_tests.sandbox.netsuite.conftest import RECORDS, NetSuite
from sitoo_netsuite_tests.sandbox.netsuite.test_records import adjustment, cash_sale, close

BOOKS = """
    SELECT t.id, t.externalid, t.trandate, t.memo, tal.account, tal.debit, tal.credit
    FROM transaction t JOIN transactionaccountingline tal ON tal.transaction = t.id
    ORDER BY t.id, tal.transactionline
"""


def refused(answer: httpx.Response) -> bool:
    return answer.status_code == 400 and "not within the date range of your accounting period" in answer.text


@pytest.mark.parametrize("lock", ["closed", "allLocked"])
def test_a_shut_period_takes_no_document_and_lets_none_be_changed_or_go(netsuite: NetSuite, lock: str) -> None:
    journal = netsuite.post("journalEntry", netsuite.journal()).headers["location"]
    sale = netsuite.post("cashSale", cash_sale(netsuite)).headers["location"]
    stock = netsuite.post("inventoryAdjustment", adjustment(netsuite, "ADJ-1")).headers["location"]
    later = netsuite.post("journalEntry", netsuite.journal("JE-APR", tranDate="2026-04-01")).headers["location"]
    before = netsuite.query(BOOKS)
    close(netsuite, "Mar 2026", **{lock: True})
    http = netsuite.http
    attempts = {
        "a new journal": netsuite.post("journalEntry", netsuite.journal("JE-2")),
        "an upsert that would make one": http.put(f"{RECORDS}/journalEntry/eid:JE-2", json=netsuite.journal("JE-2")),
        "an upsert that would change one": http.put(f"{RECORDS}/journalEntry/eid:JE-1?replace=line", json={"memo": ""}),
        "a refund dated in it": http.post(f"{sale}/!transform/cashRefund", json={"tranDate": "2026-03-02"}),
        "a changed sale": http.patch(sale, json={"memo": "x"}),
        "changed lines": http.patch(f"{journal}?replace=line", json={"line": netsuite.journal()["line"]}),
        "a journal moved out of it": http.patch(journal, json={"tranDate": "2026-04-01"}),
        "a journal moved into it": http.patch(later, json={"tranDate": "2026-03-02"}),
        "a deleted adjustment": http.delete(stock),
        "a deleted journal": http.delete(journal),
    }
    assert [name for name, answer in attempts.items() if not refused(answer)] == []
    assert netsuite.query(BOOKS) == before
    close(netsuite, "Mar 2026", **{lock: False})
    assert http.delete(journal).status_code == 204


def test_a_receivables_lock_leaves_journals_and_stock_alone(netsuite: NetSuite) -> None:
    sale = netsuite.post("cashSale", cash_sale(netsuite)).headers["location"]
    close(netsuite, "Mar 2026", arLocked=True)
    journal = netsuite.post("journalEntry", netsuite.journal())
    stock = netsuite.post("inventoryAdjustment", adjustment(netsuite, "ADJ-1"))
    for made in (journal, stock):
        assert made.status_code == 204
        assert netsuite.http.patch(made.headers["location"], json={"memo": "x"}).status_code == 204
        assert netsuite.http.delete(made.headers["location"]).status_code == 204
    assert refused(netsuite.http.patch(sale, json={"memo": "x"}))
    assert refused(netsuite.http.delete(sale))


def test_an_inventory_lock_leaves_journals_and_sales_alone(netsuite: NetSuite) -> None:
    stock = netsuite.post("inventoryAdjustment", adjustment(netsuite, "ADJ-1")).headers["location"]
    close(netsuite, "Mar 2026", inventoryLocked=True)
    assert netsuite.post("journalEntry", netsuite.journal()).status_code == 204
    assert netsuite.post("cashSale", cash_sale(netsuite)).status_code == 204
    assert refused(netsuite.post("inventoryAdjustment", adjustment(netsuite, "ADJ-2")))
    assert refused(netsuite.http.delete(stock))


def test_queries_show_the_locks_that_have_a_column(netsuite: NetSuite) -> None:
    close(netsuite, "Mar 2026", closed=True, arLocked=True, inventoryLocked=True)
    shown = "SELECT closed, alllocked, arlocked FROM accountingperiod WHERE periodname = 'Mar 2026'"
    assert netsuite.query(shown) == [{"closed": "T", "alllocked": "F", "arlocked": "T"}]


def test_a_write_that_was_accepted_before_a_period_shut_never_comes_about(start: Callable[..., NetSuite]) -> None:
    netsuite = start(transport=TransportFaults.of_counts({"commit_after_look_up": 1}, seed=1))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        netsuite.post("journalEntry", netsuite.journal())
    close(netsuite, "Mar 2026", closed=True)
    assert [netsuite.get("journalEntry/eid:JE-1").status_code for _ in range(2)] == [404, 404]


def test_a_job_that_is_due_after_a_period_shut_is_refused(start: Callable[..., NetSuite]) -> None:
    netsuite = start(Settings(job_seconds=0.1))
    headers = {"Prefer": "respond-async"}
    submitted = netsuite.http.post(f"{RECORDS}/journalEntry", json=netsuite.journal(), headers=headers)
    close(netsuite, "Mar 2026", closed=True)
    time.sleep(0.15)
    assert refused(netsuite.http.get(f"{submitted.headers['location']}/task/1/result"))
