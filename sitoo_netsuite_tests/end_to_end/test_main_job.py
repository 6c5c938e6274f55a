"""The main job against both sandboxes, through Dagster: what posts, what holds, what happens twice."""

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from sitoo_netsuite.operate.trace import trace
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite.sandbox.trade.store import ZReportFilter, ZReportVersion
from sitoo_netsuite.trading_day import days
from sitoo_netsuite_tests.end_to_end.conftest import Retailer


def test_every_store_day_is_posted_and_the_oracle_explains_every_penny(retailer: Retailer) -> None:
    result = retailer.run()
    assert result.summary() == {"store_days": 4, "posted": 4, "held": 0, "waiting": 0}
    verdict = retailer.judge()
    assert verdict.differences == ()
    assert set(verdict.unexplained_minor.values()) == {0}
    assert retailer.cases() == []


def test_a_second_run_posts_nothing(retailer: Retailer) -> None:
    retailer.run()
    posted = retailer.journals_in_netsuite()
    assert len(posted) == 4
    writes = _writes(retailer)
    retailer.run()
    assert _writes(retailer) == writes
    assert retailer.journals_in_netsuite() == posted


def _writes(retailer: Retailer) -> int:
    return int(httpx.get(f"{retailer.sandbox.netsuite_url}/sandbox/stats").json()["writes"])


def test_day_by_day_and_as_one_range_leave_the_same_books(retailer: Retailer) -> None:
    retailer.run(retailer.first, retailer.first)
    retailer.run(retailer.last, retailer.last)
    # A session that spans both days makes the first wait for the second one's Z-report; then it posts.
    retailer.run(retailer.first, retailer.first)
    assert retailer.judge().differences == ()


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=1, days=4, receipts=25, seed=3)], indirect=True)
def test_whatever_order_days_are_run_in_each_is_booked_once_and_whole(retailer: Retailer) -> None:
    for day in reversed(list(days(retailer.first, retailer.last))):
        retailer.run(day, day)
    assert retailer.judge().differences == ()
    assert {name.rsplit("-", 1)[1] for name in retailer.journals_in_netsuite()} == {"1"}


def test_a_sku_netsuite_does_not_know_books_its_revenue_and_shows_its_money(retailer: Retailer) -> None:
    sku, item = _a_sold_sku(retailer)
    retailer.netsuite("PATCH", f"inventoryItem/{item}", b'{"isInactive": true}')
    result = retailer.run()
    assert result.summary()["posted"] == 4
    found = retailer.cases("unmatched_sku")
    assert {case["evidence"]["sku"] for case in found} == {sku}
    assert all(case["amount_minor"] for case in found)
    assert retailer.judge().differences == ()
    retailer.netsuite("PATCH", f"inventoryItem/{item}", b'{"isInactive": false}')
    retailer.run()
    assert retailer.cases("unmatched_sku") == []


def _a_sold_sku(retailer: Retailer) -> tuple[str, int]:
    retailer.run()
    row = retailer.connection.execute(
        """
        select l.sku, i.item from model.receipt_lines l
        join model.receipts r on r.trading_day = l.trading_day and r.orderid = l.orderid and r.excluded is null
        join landing.items i using (sku) where i.item_type = 'InvtPart' order by l.net_minor desc limit 1
        """
    ).fetchone()
    assert row is not None
    return row


def test_a_wrong_z_holds_the_days_its_session_touches_and_clears_when_it_is_right(retailer: Retailer) -> None:
    right = _last_z_of_first_day(retailer)
    _serve_z(retailer, {**right, "moneysalestotal": "1.00"}, version=2)
    result = retailer.run()
    held = {(state.store, state.trading_day) for state in result.states if state.state != "posted"}
    touched = {
        (state.store, state.trading_day)
        for state in result.states
        for reason in state.reasons
        if str(reason["record"]).endswith(f"/{right['zreportid']}")
    }
    assert held == touched
    assert held
    assert len(held) < 4
    assert [case["record"] for case in retailer.cases("z_variance")] == [f"{right['registerid']}/{right['zreportid']}"]
    assert retailer.judge().differences == ()

    _serve_z(retailer, right, version=3)
    assert retailer.run().summary()["posted"] == 4
    assert retailer.cases() == []
    assert retailer.judge().differences == ()


def _last_z_of_first_day(retailer: Retailer) -> dict[str, Any]:
    """The last Z of a register: the grand totals of no later one rest on it."""
    bodies = retailer.sandbox.store.z_reports(retailer.sandbox.clock.epoch(), ZReportFilter())
    latest: dict[str, dict[str, Any]] = {}
    for body in map(json.loads, bodies):
        latest[body["registerid"]] = body
    return max(latest.values(), key=lambda body: body["numsales"])


def _serve_z(retailer: Retailer, body: dict[str, Any], version: int) -> None:
    now = retailer.sandbox.clock.now() + timedelta(minutes=version)
    added = int(now.timestamp())
    retailer.sandbox.store.write(
        z_reports=[
            ZReportVersion(
                registerid=body["registerid"],
                zreportid=body["zreportid"],
                version=version,
                visible_from=added,
                dateadded=added,
                eshopid=body["eshopid"],
                store_id=str(body["store_id"]),
                body=json.dumps({**body, "dateadded": added}),
            )
        ]
    )
    retailer.set_time(now)


def test_a_tender_nobody_mapped_holds_its_receipts_by_name_and_books_them_once_mapped(retailer: Retailer) -> None:
    kept: list[list[dict[str, Any]]] = []

    def forget_swish(content: dict[str, Any]) -> None:
        kept.append([tender for tender in content["books"][0]["tenders"] if tender["name"] == "Swish"])
        content["books"][0]["tenders"] = [t for t in content["books"][0]["tenders"] if t["name"] != "Swish"]

    retailer.change_estate(forget_swish)
    result = retailer.run()
    assert result.summary()["posted"] == 4
    held = [state for state in result.states if state.held_receipts]
    assert held
    assert {case["kind"] for case in retailer.cases()} == {"held_receipt", "unmapped_tender"}
    assert retailer.judge().differences == ()

    retailer.change_estate(lambda content: content["books"][0]["tenders"].extend(kept[0]))
    retailer.run()
    assert retailer.cases() == []
    assert retailer.judge().differences == ()
    numbers = {name.rsplit("-", 1)[1] for name in retailer.journals_in_netsuite()}
    assert numbers == {"1", "2"}


def test_an_answer_that_is_lost_after_the_commit_is_looked_up_and_never_doubled(retailer: Retailer) -> None:
    fault = {"path": "/services/rest/record/v1/journalentry", "status": 502, "requests": 2, "after": True}
    httpx.post(f"{retailer.sandbox.netsuite_url}/sandbox/faults", json=fault).raise_for_status()
    fault = {"path": "/services/rest/record/v1/journalEntry", "status": 502, "requests": 2, "after": True}
    httpx.post(f"{retailer.sandbox.netsuite_url}/sandbox/faults", json=fault).raise_for_status()
    assert retailer.run().summary()["posted"] == 4
    assert len(retailer.journals_in_netsuite()) == 4
    assert retailer.judge().differences == ()


def test_a_journal_changed_by_hand_is_a_case_and_a_deleted_one_too(retailer: Retailer) -> None:
    retailer.run()
    first, second = retailer.suiteql("SELECT id, externalid FROM transaction WHERE type = 'Journal' ORDER BY id")[:2]
    retailer.netsuite("DELETE", f"journalEntry/{first['id']}")
    sheet = json.loads(retailer.netsuite("GET", f"journalEntry/{second['id']}?expandSubResources=true").content)
    lines = [
        {key: line[key] for key in ("account", "debit", "credit", "memo", "location") if key in line}
        for line in sheet["line"]["items"]
    ]
    lines[0]["memo"] = "changed by hand"
    body = json.dumps({"line": {"items": lines}}).encode()
    retailer.netsuite("PATCH", f"journalEntry/{second['id']}?replace=line", body)
    retailer.run()
    assert [case["record"] for case in retailer.cases("document_not_found")] == [first["externalid"]]
    assert [case["record"] for case in retailer.cases("document_differs")] == [second["externalid"]]


def test_a_receipt_and_its_journal_lead_to_each_other(retailer: Retailer) -> None:
    retailer.run()
    row = retailer.connection.execute(
        "select orderid, receipt_number from model.receipts where excluded is null order by orderid limit 1"
    ).fetchone()
    assert row is not None
    found = trace(retailer.connection, row[1])["documents"]
    # Beside it stands what adjusts the receipt's goods.
    (document,) = [entry for entry in found if entry["type"] == "journalEntry"]
    back = trace(retailer.connection, document["tranid"])
    assert row[0] in {receipt["orderid"] for receipt in back["receipts"]}
    assert [entry["external_id"] for entry in back["documents"]] == [document["external_id"]]
    assert sum(line["amount_minor"] for line in back["documents"][0]["lines"]) == 0


def test_read_only_lands_and_plans_and_sends_nothing(retailer: Retailer) -> None:
    retailer.change_estate(lambda content: content.update(read_only=True))
    planned = retailer.plan()
    assert len(planned["documents"]) == 4
    retailer.run()
    assert _writes(retailer) == 0


def test_going_live_in_the_middle_of_a_session_proves_it_whole_and_books_only_what_came_after(
    retailer: Retailer,
) -> None:
    def go_live_on_the_second_day(content: dict[str, Any]) -> None:
        for store in content["stores"]:
            store["go_live"] = dict.fromkeys(("sales", "stock"), retailer.last.isoformat())

    retailer.change_estate(go_live_on_the_second_day)
    result = retailer.run(retailer.last, retailer.last)
    assert result.summary() == {"store_days": 2, "posted": 2, "held": 0, "waiting": 0}
    assert retailer.judge().differences == ()
    spanning = retailer.connection.execute(
        """
        select count(*) from model.till_sessions s join model.receipts r
            on r.registerid = s.registerid and r.sold_at between s.opened_at and s.closed_at
        where s.trading_day = %s and r.excluded = 'before_go_live'
        """,
        [retailer.last],
    ).fetchone()
    assert spanning is not None and spanning[0] > 0
    compared = retailer.connection.execute(
        "select count(*) from posting.outbox_lines where kind = 'float_difference'"
    ).fetchone()
    assert compared is not None and compared[0] > 0
