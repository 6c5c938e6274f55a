"""Records over HTTP: shapes of section 1.1, writes of 3.3, 3.5 and 4.1, errors of 4.2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite_tests.sandbox.netsuite.conftest import RECORDS, NetSuite

LEDGER = """
    SELECT a.acctnumber, SUM(tal.debit) AS debit, SUM(tal.credit) AS credit
    FROM transactionaccountingline tal
    JOIN transaction t ON t.id = tal.transaction
    JOIN account a ON a.id = tal.account
    WHERE t.externalid = ? GROUP BY a.acctnumber ORDER BY a.acctnumber
"""


def refusal(answer: httpx.Response) -> dict[str, str]:
    """The one detail of an error answer."""
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["title"] == answer.reason_phrase
    (detail,) = body["o:errorDetails"]
    return dict(detail)


def test_a_created_record_answers_204_without_body_and_with_its_absolute_address(netsuite: NetSuite) -> None:
    answer = netsuite.post("journalEntry", netsuite.journal())
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["location"].startswith(f"{netsuite.http.base_url}{RECORDS}/journalEntry/")
    assert netsuite.http.get(answer.headers["location"]).status_code == 200


def test_a_posted_journal_is_in_the_ledger(netsuite: NetSuite) -> None:
    netsuite.post("journalEntry", netsuite.journal("JE-S01-20260302-SEK-1"))
    assert netsuite.query(LEDGER, "JE-S01-20260302-SEK-1") == [
        {"acctnumber": "11110", "debit": "125"},
        {"acctnumber": "12625", "credit": "25"},
        {"acctnumber": "13025", "credit": "100"},
    ]
    (header,) = netsuite.query(
        "SELECT t.tranid, t.type, t.recordtype, t.posting, t.foreigntotal, p.periodname, "
        "TO_CHAR(t.trandate, 'YYYY-MM-DD') AS day, TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD') AS changed "
        "FROM transaction t JOIN accountingperiod p ON p.id = t.postingperiod"
    )
    assert header == {
        "tranid": "JOU1001",
        "type": "Journal",
        "recordtype": "journalentry",
        "posting": "T",
        "foreigntotal": "125",
        "periodname": "Mar 2026",
        "day": "2026-03-02",
        "changed": "2026-03-04",
    }
    lines = netsuite.query("SELECT id, memo, location, subsidiary, mainline FROM transactionline ORDER BY id")
    location, subsidiary = str(netsuite.location), str(netsuite.subsidiary)
    same = {"location": location, "subsidiary": subsidiary}
    assert lines == [
        {"id": "1", "memo": "takings", "mainline": "T", **same},
        {"id": "2", "memo": "sale", "mainline": "F", **same},
        {"id": "3", "mainline": "F", **same},
    ]


def test_a_journal_line_carries_its_entity_department_and_class(netsuite: NetSuite) -> None:
    for record_type in ("department", "classification"):
        assert netsuite.post(record_type, {"name": "Shops", "externalId": "SHOPS"}).status_code == 204
    body = netsuite.journal()
    body["line"]["items"][1] |= {
        "entity": {"externalId": "WALK-IN-S01"},
        "department": {"externalId": "SHOPS"},
        "class": {"externalId": "SHOPS"},
    }
    assert netsuite.post("journalEntry", body).status_code == 204
    rows = netsuite.query("SELECT id, entity, department, class FROM transactionline WHERE department IS NOT NULL")
    assert rows == [{"id": "2", "entity": "1", "department": "1001", "class": "1001"}]


def test_no_journal_line_is_the_main_one_where_the_settings_say_so(start: Callable[..., NetSuite]) -> None:
    netsuite = start(Settings(journal_first_line_is_main=False))
    netsuite.post("journalEntry", netsuite.journal())
    assert netsuite.query("SELECT DISTINCT mainline FROM transactionline") == [{"mainline": "F"}]


def test_an_item_is_created_with_its_prices(netsuite: NetSuite) -> None:
    price = {"currencyPage": {"id": "1"}, "priceLevel": {"id": "1"}, "quantity": {"value": 0}, "price": 25.5}
    body = {"itemId": "NEW-1", "displayName": "New", "externalId": "NEW-1", "price": {"items": [price]}}
    assert netsuite.post("inventoryItem", body).status_code == 204
    assert "already exists" in refusal(netsuite.post("serviceSaleItem", {"itemId": "NEW-1"}))["detail"]
    rows = netsuite.query(
        "SELECT i.itemid, i.itemtype, ip.price FROM item i JOIN itemPrice ip ON ip.item = i.id WHERE i.externalid = ?",
        "NEW-1",
    )
    assert rows == [{"itemid": "NEW-1", "itemtype": "InvtPart", "price": "25.5"}]


def test_an_instance_shows_references_with_links_and_sublists_as_links(netsuite: NetSuite) -> None:
    netsuite.post("journalEntry", netsuite.journal())
    answer = netsuite.get("journalEntry/eid:JE-1")
    assert answer.headers["content-type"] == "application/vnd.oracle.resource+json; type=singular"
    body = answer.json()
    url = f"{netsuite.http.base_url}{RECORDS}"
    assert body["subsidiary"] == {
        "links": [{"rel": "self", "href": f"{url}/subsidiary/{netsuite.subsidiary}"}],
        "id": str(netsuite.subsidiary),
        "refName": "Lindgrove Sverige AB",
    }
    assert body["line"] == {"links": [{"rel": "self", "href": f"{url}/journalEntry/{body['id']}/line"}]}
    assert body["tranDate"] == "2026-03-02"
    assert body["lastModifiedDate"] == "2026-03-04T12:00:00Z"
    assert body["externalId"] == "JE-1"


def test_sublists_are_shown_in_full_when_asked_for(netsuite: NetSuite) -> None:
    netsuite.post("journalEntry", netsuite.journal())
    body = netsuite.get("journalentry/eid:JE-1", expandSubResources="true").json()
    assert [(line["line"], line.get("debit"), line.get("credit")) for line in body["line"]["items"]] == [
        (1, 125, None),
        (2, None, 100),
        (3, None, 25),
    ]
    assert netsuite.http.get(body["line"]["items"][1]["links"][0]["href"]).json()["memo"] == "sale"


def test_fields_selects_body_fields(netsuite: NetSuite) -> None:
    netsuite.post("journalEntry", netsuite.journal())
    body = netsuite.get("journalEntry/eid:JE-1", fields="tranId,memo").json()
    assert body.keys() == {"links", "id", "tranId", "memo"}
    assert netsuite.get("journalEntry/eid:JE-1", fields="tranId,colour").status_code == 400


def test_an_enum_shows_its_id_alone_when_asked_for(netsuite: NetSuite) -> None:
    assert netsuite.get("subsidiary/2").json()["country"] == {"id": "SE", "refName": "SE"}
    assert netsuite.get("subsidiary/2", simpleEnumFormat="true").json()["country"] == "SE"


def test_a_collection_lists_ids_and_links_page_by_page(netsuite: NetSuite) -> None:
    for number in range(3):
        netsuite.post("journalEntry", netsuite.journal(f"JE-{number}"))
    first = netsuite.get("journalEntry", limit="2").json()
    assert (first["count"], first["totalResults"], first["hasMore"]) == (2, 3, True)
    assert first["items"][0].keys() == {"links", "id"}
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    second = netsuite.http.get(following).json()
    assert (second["count"], second["offset"], second["hasMore"]) == (1, 2, False)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"limit": "2", "offset": "3"}, "offset"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"limit": "1", "offset": "1000"}, "offset"),
        ({"q": 'memo IS "x"'}, "q"),
    ],
)
def test_a_page_that_cannot_be_is_refused(netsuite: NetSuite, query: dict[str, str], parameter: str) -> None:
    answer = netsuite.get("journalEntry", **query)
    assert answer.status_code == 400
    assert refusal(answer)["o:errorQueryParam"] == parameter


def test_names_of_types_and_fields_are_case_insensitive(netsuite: NetSuite) -> None:
    body = netsuite.journal()
    body["TRANDATE"] = body.pop("tranDate")
    body["line"]["items"][0]["Account"] = body["line"]["items"][0].pop("account")
    assert netsuite.post("JOURNALENTRY", body).status_code == 204


def test_references_may_be_an_id_an_external_id_or_a_bare_text(netsuite: NetSuite) -> None:
    shop = netsuite.world.shops[0]
    for number, location in enumerate(({"id": str(shop.location)}, {"externalId": shop.key}, str(shop.location))):
        body = netsuite.journal(f"JE-{number}")
        body["line"]["items"][0]["location"] = location
        assert netsuite.post("journalEntry", body).status_code == 204
    rows = netsuite.query("SELECT DISTINCT location FROM transactionline")
    assert rows == [{"location": str(shop.location)}]


def test_what_does_not_exist_answers_404(netsuite: NetSuite) -> None:
    for path in ("journalEntry/4711", "journalEntry/eid:JE-9", "customer/x"):
        answer = netsuite.get(path)
        assert answer.status_code == 404
        assert refusal(answer)["o:errorCode"] == "NONEXISTENT_ID"
    answer = netsuite.get("spaceship/1")
    assert (answer.status_code, refusal(answer)["detail"]) == (404, "Record type 'spaceship' does not exist.")


def test_a_missing_transaction_answers_400_where_the_settings_say_so(start: Callable[..., NetSuite]) -> None:
    answer = start(Settings(missing_transaction_is_400=True)).get("journalEntry/4711")
    assert answer.status_code == 400
    assert "Transaction type specified is incorrect." in refusal(answer)["detail"]


def test_a_transaction_of_another_type_is_not_shown(netsuite: NetSuite) -> None:
    address = netsuite.post("journalEntry", netsuite.journal()).headers["location"]
    answer = netsuite.get(f"cashSale/{address.rpartition('/')[2]}")
    assert answer.status_code == 400
    assert "Transaction type specified is incorrect." in refusal(answer)["detail"]


# ------------------------------------------------------------------ external ids


def test_an_external_id_is_taken_once_over_all_transactions(netsuite: NetSuite) -> None:
    netsuite.post("journalEntry", netsuite.journal("DOC-1"))
    again = netsuite.post("journalEntry", netsuite.journal("DOC-1"))
    other = netsuite.post("inventoryAdjustment", adjustment(netsuite, "DOC-1"))
    for answer in (again, other):
        assert answer.status_code == 400
        assert refusal(answer)["o:errorCode"] == "USER_ERROR"
        assert "already exists" in refusal(answer)["detail"]
    assert len(netsuite.query("SELECT id FROM transaction")) == 1


def test_entities_have_their_own_external_ids_and_their_own_text(netsuite: NetSuite) -> None:
    netsuite.post("journalEntry", netsuite.journal("A-1"))
    customer = {"companyName": "Quillby", "externalId": "A-1", "subsidiary": {"id": "2"}}
    assert netsuite.post("customer", customer).status_code == 204
    answer = netsuite.post("customer", customer)
    assert refusal(answer)["detail"] == "Error while accessing a resource. This entity already exists."


def test_the_text_for_a_taken_transaction_is_a_setting(start: Callable[..., NetSuite]) -> None:
    netsuite = start(Settings(duplicate_transaction="Dieser Datensatz existiert."))
    netsuite.post("journalEntry", netsuite.journal())
    assert "Dieser Datensatz existiert." in refusal(netsuite.post("journalEntry", netsuite.journal()))["detail"]


@pytest.mark.parametrize("external_id", ["A|B", "A:B", "A B", "ä"])
def test_an_external_id_of_other_characters_is_refused(netsuite: NetSuite, external_id: str) -> None:
    assert netsuite.post("journalEntry", netsuite.journal(external_id)).status_code == 400
    assert netsuite.get(f"journalEntry/eid:{external_id}").status_code == 400


def test_put_on_an_external_id_creates_and_then_changes(netsuite: NetSuite) -> None:
    address = f"{RECORDS}/journalEntry/eid:JE-7"
    body = netsuite.journal("JE-7")
    created = netsuite.http.put(address, json=body, params={"replace": "line"})
    changed = netsuite.http.put(address, json={**body, "memo": "corrected"}, params={"replace": "line"})
    assert (created.status_code, changed.status_code) == (204, 204)
    assert created.headers["location"] == changed.headers["location"]
    assert netsuite.query("SELECT memo FROM transaction WHERE externalid = 'JE-7'") == [{"memo": "corrected"}]
    assert netsuite.query(LEDGER, "JE-7")[0]["debit"] == "125"


def test_put_repeated_without_replace_doubles_the_journal(netsuite: NetSuite) -> None:
    body = netsuite.journal("JE-7")
    for _ in range(2):
        assert netsuite.http.put(f"{RECORDS}/journalEntry/eid:JE-7", json=body).status_code == 204
    assert netsuite.query(LEDGER, "JE-7")[0]["debit"] == "250"


def test_put_does_not_change_a_document_of_another_type(netsuite: NetSuite) -> None:
    netsuite.post("journalEntry", netsuite.journal("DOC-1"))
    answer = netsuite.http.put(f"{RECORDS}/inventoryAdjustment/eid:DOC-1", json=adjustment(netsuite, "DOC-1"))
    assert answer.status_code == 400


def test_put_with_two_external_ids_is_refused_or_follows_the_address(start: Callable[..., NetSuite]) -> None:
    for settings, status in ((Settings(), 400), (Settings(put_external_id_mismatch="url_wins"), 204)):
        netsuite = start(settings)
        answer = netsuite.http.put(f"{RECORDS}/journalEntry/eid:JE-1", json=netsuite.journal("JE-2"))
        assert answer.status_code == status
    assert netsuite.get("journalEntry/eid:JE-1").status_code == 200


def test_put_needs_an_external_id(netsuite: NetSuite) -> None:
    assert netsuite.http.put(f"{RECORDS}/journalEntry/1001", json={}).status_code == 405


# ------------------------------------------------------------------ changing and deleting


def test_patch_changes_what_it_names_and_its_ledger_rows(netsuite: NetSuite) -> None:
    address = netsuite.post("journalEntry", netsuite.journal()).headers["location"]
    body = {"memo": None, "line": {"items": [{"line": 1, "debit": 150}, {"line": 2, "credit": 125}]}}
    answer = netsuite.http.patch(address, json=body)
    assert (answer.status_code, answer.headers["location"]) == (204, address)
    assert "memo" not in netsuite.http.get(address).json()
    assert [row.get("debit", row.get("credit")) for row in netsuite.query(LEDGER, "JE-1")] == ["150", "25", "125"]


def test_a_refused_change_leaves_everything_as_it_was(netsuite: NetSuite) -> None:
    address = netsuite.post("journalEntry", netsuite.journal()).headers["location"]
    before = netsuite.http.get(address, params={"expandSubResources": "true"}).json()
    answer = netsuite.http.patch(address, json={"memo": "x", "line": {"items": [{"line": 1, "debit": 150}]}})
    assert answer.status_code == 400
    assert netsuite.http.get(address, params={"expandSubResources": "true"}).json() == before
    assert netsuite.query(LEDGER, "JE-1")[0]["debit"] == "125"


def test_delete_takes_a_document_out_of_the_ledger(netsuite: NetSuite) -> None:
    netsuite.post("journalEntry", netsuite.journal())
    assert len(netsuite.query("SELECT id FROM transaction")) == 1
    assert netsuite.http.delete(f"{RECORDS}/journalEntry/eid:JE-1").status_code == 204
    assert netsuite.get("journalEntry/eid:JE-1").status_code == 404
    for table in ("transaction", "transactionline", "transactionaccountingline"):
        assert netsuite.query(f"SELECT * FROM {table}") == []
    assert netsuite.post("journalEntry", netsuite.journal()).status_code == 204


def test_a_document_others_are_built_on_cannot_be_deleted(netsuite: NetSuite) -> None:
    sale = netsuite.post("cashSale", cash_sale(netsuite)).headers["location"]
    assert netsuite.http.post(f"{sale}/!transform/cashRefund", json={"externalId": "CR-1"}).status_code == 204
    assert "dependent" in refusal(netsuite.http.delete(sale))["detail"]


def test_a_customer_with_documents_cannot_be_deleted_and_one_without_can(netsuite: NetSuite) -> None:
    netsuite.post("cashSale", cash_sale(netsuite))
    assert netsuite.http.delete(f"{RECORDS}/customer/eid:WALK-IN-S01").status_code == 400
    assert netsuite.http.delete(f"{RECORDS}/customer/eid:WALK-IN-S02").status_code == 204
    walk_ins = netsuite.query("SELECT externalid FROM customer WHERE externalid LIKE 'WALK-IN%'")
    assert walk_ins == [{"externalid": "WALK-IN-S01"}]


def test_set_up_records_are_read_only(netsuite: NetSuite) -> None:
    answer = netsuite.http.patch(f"{RECORDS}/account/200", json={"acctName": "x"})
    assert (answer.status_code, refusal(answer)["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")


# ------------------------------------------------------------------ what a body may not say


def changed_line(netsuite: NetSuite, **changes: Any) -> dict[str, Any]:
    body = netsuite.journal()
    body["line"]["items"][0].update(changes)
    return body


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"account": {"id": "99999"}}, "line.items[0].account"),
        ({"account": {"id": "x"}}, "line.items[0].account"),
        ({"location": {"externalId": "S99"}}, "line.items[0].location"),
        ({"debit": "125.00"}, "line.items[0].debit"),
        ({"debit": 125.001}, "line.items[0].debit"),
        ({"debit": 1e12}, "line.items[0].debit"),
        ({"memo": 5}, "line.items[0].memo"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path(netsuite: NetSuite, changes: dict[str, Any], path: str) -> None:
    answer = netsuite.post("journalEntry", changed_line(netsuite, **changes))
    assert answer.status_code == 400
    assert refusal(answer)["o:errorCode"] == "INVALID_CONTENT"
    assert refusal(answer)["o:errorPath"] == path


def test_a_bad_reference_is_worded_as_netsuite_does(netsuite: NetSuite) -> None:
    by_id = refusal(netsuite.post("journalEntry", changed_line(netsuite, account={"id": "99999"})))
    assert by_id["detail"] == (
        "Error while accessing resource: You have entered an Invalid Field Value 99999 for the following field: account"
    )
    by_external_id = refusal(netsuite.post("journalEntry", changed_line(netsuite, location={"externalId": "S99"})))
    assert by_external_id["detail"] == (
        "The record instance for external ID 'S99' does not exist. Provide a valid record instance ID."
    )


def test_locations_and_accounts_of_another_subsidiary_are_refused(netsuite: NetSuite) -> None:
    abroad = next(shop.location for shop in netsuite.world.shops if shop.subsidiary != netsuite.subsidiary)
    account = next(entry.internal_id for entry in netsuite.world.accounts if entry.subsidiary != netsuite.subsidiary)
    for changes in ({"location": {"id": str(abroad)}}, {"account": {"id": str(account)}}):
        assert netsuite.post("journalEntry", changed_line(netsuite, **changes)).status_code == 400


def test_a_missing_subsidiary_is_named(netsuite: NetSuite) -> None:
    body = netsuite.journal()
    del body["subsidiary"]
    detail = refusal(netsuite.post("journalEntry", body))["detail"]
    assert detail == "Error while accessing a resource. Please enter value(s) for: Subsidiary."


def test_a_body_that_is_not_json_is_refused(netsuite: NetSuite) -> None:
    for content in (b"{", b"[]", b"\xff"):
        answer = netsuite.http.post(f"{RECORDS}/journalEntry", content=content)
        assert (answer.status_code, refusal(answer)["detail"]) == (400, "Invalid content in the request body")


def test_an_unbalanced_journal_is_refused_whole(netsuite: NetSuite) -> None:
    answer = netsuite.post("journalEntry", changed_line(netsuite, debit=124.99))
    assert (answer.status_code, refusal(answer)["o:errorCode"]) == (400, "USER_ERROR")
    assert netsuite.query("SELECT id FROM transaction") == []


def test_a_journal_without_lines_and_one_with_too_many_are_refused(netsuite: NetSuite) -> None:
    too_many = netsuite.journal()["line"]["items"] * 67
    for lines in (too_many[:0], too_many):
        assert netsuite.post("journalEntry", netsuite.journal(line={"items": lines})).status_code == 400


@pytest.mark.parametrize("validation", ["error", "warning", "ignore", None])
def test_an_unknown_property_is_refused_told_or_ignored(netsuite: NetSuite, validation: str | None) -> None:
    body = changed_line(netsuite, colour="red")
    headers = {} if validation is None else {"X-NetSuite-PropertyNameValidation": validation}
    answer = netsuite.http.post(f"{RECORDS}/journalEntry", json=body, headers=headers)
    if validation == "error":
        assert answer.status_code == 400
        assert refusal(answer)["o:errorPath"] == "line.items[0].colour"
    else:
        assert answer.status_code == 204
        told = answer.headers.get("x-netsuite-propertynamevalidation-warnings")
        assert told == (None if validation == "ignore" else "line.items[0].colour")


def test_an_unknown_validation_is_refused(netsuite: NetSuite) -> None:
    headers = {"X-NetSuite-PropertyNameValidation": "strict"}
    answer = netsuite.http.post(f"{RECORDS}/journalEntry", json=netsuite.journal(), headers=headers)
    assert refusal(answer)["o:errorCode"] == "INVALID_HEADER"


# ------------------------------------------------------------------ currencies and periods


def test_another_currency_needs_a_rate_and_posts_in_both(netsuite: NetSuite) -> None:
    euro = next(currency.internal_id for currency in netsuite.world.currencies if currency.code == "EUR")
    body = netsuite.journal("JE-EUR", currency={"id": str(euro)})
    assert "Exchange Rate" in refusal(netsuite.post("journalEntry", body))["detail"]
    assert netsuite.post("journalEntry", {**body, "exchangeRate": 11.2345}).status_code == 204
    (totals,) = netsuite.query(
        "SELECT SUM(tl.foreignamount) AS fx, SUM(tl.netamount) AS base, SUM(tal.debit) AS debit "
        "FROM transactionline tl JOIN transactionaccountingline tal "
        "ON tal.transaction = tl.transaction AND tal.transactionline = tl.id"
    )
    assert totals == {"fx": "0", "base": "0", "debit": "1404.31"}


def close(netsuite: NetSuite, period: str, **locks: bool) -> None:
    answer = netsuite.http.post("/sandbox/periods", json={"period": period, **locks})
    assert answer.status_code == 200, answer.text


def test_nothing_is_written_changed_or_deleted_in_a_closed_period(netsuite: NetSuite) -> None:
    address = netsuite.post("journalEntry", netsuite.journal()).headers["location"]
    close(netsuite, "Mar 2026", closed=True)
    answers = [
        netsuite.post("journalEntry", netsuite.journal("JE-2")),
        netsuite.http.patch(address, json={"memo": "x"}),
        netsuite.http.delete(address),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert "not within the date range of your accounting period" in refusal(answer)["detail"]
    assert netsuite.post("journalEntry", netsuite.journal("JE-2", tranDate="2026-04-01")).status_code == 204
    (closed,) = netsuite.query("SELECT closed FROM accountingperiod WHERE periodname = 'Mar 2026'")
    assert closed == {"closed": "T"}


def test_a_date_in_a_closed_period_posts_to_the_first_open_one_where_the_account_allows_it(
    start: Callable[..., NetSuite],
) -> None:
    netsuite = start(Settings(date_outside_period="allow"))
    close(netsuite, "Mar 2026", closed=True)
    close(netsuite, "Apr 2026", allLocked=True)
    address = netsuite.post("journalEntry", netsuite.journal()).headers["location"]
    shown = netsuite.http.get(address).json()
    assert (shown["tranDate"], shown["postingPeriod"]["refName"]) == ("2026-03-02", "May 2026")


def test_a_receivables_lock_and_an_inventory_lock_stop_their_own_documents_only(netsuite: NetSuite) -> None:
    close(netsuite, "Mar 2026", arLocked=True)
    assert netsuite.post("cashSale", cash_sale(netsuite)).status_code == 400
    assert netsuite.post("inventoryAdjustment", adjustment(netsuite, "ADJ-1")).status_code == 204
    close(netsuite, "Mar 2026", arLocked=False, inventoryLocked=True)
    assert netsuite.post("cashSale", cash_sale(netsuite)).status_code == 204
    assert netsuite.post("inventoryAdjustment", adjustment(netsuite, "ADJ-2")).status_code == 400
    assert netsuite.post("journalEntry", netsuite.journal()).status_code == 204


def test_a_named_period_must_hold_the_date(netsuite: NetSuite) -> None:
    (april,) = netsuite.query("SELECT id FROM accountingperiod WHERE periodname = 'Apr 2026'")
    assert netsuite.post("journalEntry", netsuite.journal(postingPeriod=april["id"])).status_code == 400


def test_an_unknown_period_or_lock_is_a_usage_error(netsuite: NetSuite) -> None:
    for body in (
        {"period": "Mar 1926", "closed": True},
        {"period": "Mar 2026", "shut": True},
        {"period": "Mar 2026", "closed": "T"},
    ):
        assert netsuite.http.post("/sandbox/periods", json=body).status_code == 400


# ------------------------------------------------------------------ stock


def stocked_item(netsuite: NetSuite) -> str:
    return str(next(p.netsuite_item for p in netsuite.world.products if p.item_type == "InvtPart"))


def adjustment(netsuite: NetSuite, external_id: str) -> dict[str, Any]:
    """One unit out."""
    return {
        "externalId": external_id,
        "subsidiary": {"id": str(netsuite.subsidiary)},
        "tranDate": "2026-03-02",
        "account": netsuite.account("stock adjustments"),
        "adjLocation": {"id": str(netsuite.location)},
        "inventory": {"items": [{"item": {"id": stocked_item(netsuite)}, "adjustQtyBy": -1}]},
    }


def cash_sale(netsuite: NetSuite) -> dict[str, Any]:
    """Two units for 250.00 with 25 % VAT inside."""
    names = {number: netsuite.get(f"salesTaxItem/{number}").json().get("name") for number in range(1, 20)}
    tax_code = next(number for number, name in names.items() if name == "VAT SE 25%")
    return {
        "entity": {"externalId": "WALK-IN-S01"},
        "tranDate": "2026-03-02",
        "location": {"id": str(netsuite.location)},
        "item": {
            "items": [
                {
                    "item": {"id": stocked_item(netsuite)},
                    "quantity": 2,
                    "grossAmt": 250,
                    "taxCode": {"id": str(tax_code)},
                }
            ]
        },
    }


def on_hand(netsuite: NetSuite) -> float:
    (row,) = netsuite.query(
        "SELECT quantityonhand FROM aggregateItemLocation WHERE item = ? AND location = ?",
        int(stocked_item(netsuite)),
        netsuite.location,
    )
    return float(row["quantityonhand"])


def test_an_adjustment_moves_stock_and_its_deletion_moves_it_back(netsuite: NetSuite) -> None:
    before = on_hand(netsuite)
    netsuite.post("inventoryAdjustment", adjustment(netsuite, "ADJ-1"))
    assert on_hand(netsuite) == before - 1
    (line,) = netsuite.query("SELECT quantity, item, itemtype FROM transactionline WHERE mainline = 'F'")
    assert line == {"quantity": "-1", "item": stocked_item(netsuite), "itemtype": "InvtPart"}
    assert netsuite.http.delete(f"{RECORDS}/inventoryAdjustment/eid:ADJ-1").status_code == 204
    assert on_hand(netsuite) == before


def test_a_unit_cost_may_have_many_decimals_and_a_quantity_five(netsuite: NetSuite) -> None:
    body = adjustment(netsuite, "ADJ-1")
    body["inventory"]["items"][0] |= {"adjustQtyBy": 0.12345, "unitCost": 3.333333}
    assert netsuite.post("inventoryAdjustment", body).status_code == 204
    (line,) = netsuite.query("SELECT quantity, netamount FROM transactionline WHERE mainline = 'F'")
    assert line == {"quantity": "0.12345", "netamount": "0.41"}
    body["inventory"]["items"][0]["adjustQtyBy"] = 0.123456
    assert netsuite.post("inventoryAdjustment", {**body, "externalId": "ADJ-2"}).status_code == 400


def test_a_repeated_adjustment_without_replace_moves_the_stock_twice(netsuite: NetSuite) -> None:
    before = on_hand(netsuite)
    for _ in range(2):
        netsuite.http.put(f"{RECORDS}/inventoryAdjustment/eid:ADJ-1", json=adjustment(netsuite, "ADJ-1"))
    assert on_hand(netsuite) == before - 2


def test_a_cash_sale_has_main_tax_and_cost_lines(netsuite: NetSuite) -> None:
    before = on_hand(netsuite)
    address = netsuite.post("cashSale", cash_sale(netsuite)).headers["location"]
    assert netsuite.http.get(address).json()["total"] == 250
    rows = netsuite.query("SELECT mainline, taxline, iscogs, quantity, netamount FROM transactionline ORDER BY id")
    assert [(row["mainline"], row["taxline"], row["iscogs"], row.get("quantity")) for row in rows] == [
        ("T", "F", "F", None),
        ("F", "F", "F", "-2"),
        ("F", "T", "F", None),
        ("F", "F", "T", None),
        ("F", "F", "T", "-2"),
    ]
    assert [row["netamount"] for row in rows[:3]] == ["250", "-200", "-50"]
    assert on_hand(netsuite) == before - 2


def test_a_return_by_transforms_moves_its_goods_once(netsuite: NetSuite) -> None:
    before = on_hand(netsuite)
    sale = netsuite.post("cashSale", cash_sale(netsuite)).headers["location"]
    authorised = netsuite.http.post(f"{sale}/!transform/returnAuthorization", json={}).headers["location"]
    assert on_hand(netsuite) == before - 2
    for target in ("itemReceipt", "creditMemo"):
        answer = netsuite.http.post(f"{authorised}/!transform/{target}", json={"externalId": target})
        assert answer.status_code == 204, answer.text
        assert on_hand(netsuite) == before
    refund = {"account": netsuite.account("bank"), "externalId": "REFUND"}
    memo = netsuite.get("creditMemo/eid:creditMemo").json()["links"][0]["href"]
    assert netsuite.http.post(f"{memo}/!transform/customerRefund", json=refund).status_code == 204
    assert on_hand(netsuite) == before
    left = netsuite.query(
        "SELECT SUM(tal.amount) AS amount FROM transactionaccountingline tal JOIN account a ON a.id = tal.account "
        "WHERE a.accttype IN ('COGS', 'AcctRec', 'Income') GROUP BY a.accttype"
    )
    assert left == [{"amount": "0"}] * 3


def test_a_transform_takes_just_the_lines_of_the_body_with_replace(netsuite: NetSuite) -> None:
    sale = netsuite.post("cashSale", cash_sale(netsuite)).headers["location"]
    line = {"item": {"id": stocked_item(netsuite)}, "quantity": 1, "amount": 100}
    answer = netsuite.http.post(
        f"{sale}/!transform/cashRefund", params={"replace": "item"}, json={"item": {"items": [line]}}
    )
    shown = netsuite.http.get(answer.headers["location"], params={"expandSubResources": "true"}).json()
    assert [(entry["quantity"], entry["amount"]) for entry in shown["item"]["items"]] == [(1, 100)]


def test_a_transform_the_reference_does_not_list_is_refused(netsuite: NetSuite) -> None:
    sale = netsuite.post("cashSale", cash_sale(netsuite)).headers["location"]
    assert netsuite.http.post(f"{sale}/!transform/journalEntry", json={}).status_code == 404
