"""The Sitoo sandbox over real HTTP: what the reference says of the API, and the switches for what it does not say."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.world import GIFT_CARD_SKU
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import (
    OPENING,
    Served,
    authorization,
    order_body,
    order_version,
    served,
    z_version,
)


@pytest.fixture(scope="module")
def sitoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("sitoo")) as running:
        yield running


def test_no_or_wrong_credentials_are_refused_with_sitoos_error_body(sitoo: Served) -> None:
    for headers in ({}, {"Authorization": "Basic MTUwMC0xNDA6d3Jvbmc="}, {"Authorization": "Bearer token"}):
        answer = httpx.get(f"{sitoo.account_url}/orders", headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"statuscode": 401, "errortext": "Missing or bad authentication"}


def test_every_key_opens_the_door(sitoo: Served) -> None:
    assert {sitoo.get("/sites", key=key).status_code for key in ("1500-140", "1500-141")} == {200}


def test_the_json_suffix_is_optional(sitoo: Served) -> None:
    for path in ("/orders", "/sites", "/sites/1/stores", "/sites/1/settings", "/pos-z-reports"):
        plain, suffixed = sitoo.get(path), sitoo.get(f"{path}.json")
        assert plain.status_code == 200
        assert plain.content == suffixed.content


def test_a_list_comes_in_an_envelope_ten_at_a_time_newest_order_first(sitoo: Served) -> None:
    answer = sitoo.get("/orders").json()
    assert answer["totalcount"] == 25
    assert [order["orderid"] for order in answer["items"]] == list(range(125, 115, -1))


def test_start_and_num_page_and_sort_turns_the_list(sitoo: Served) -> None:
    answer = sitoo.get("/orders", sort="orderid", start=20, num=10).json()
    assert answer["totalcount"] == 25
    assert [order["orderid"] for order in answer["items"]] == [121, 122, 123, 124, 125]


def test_an_order_list_leaves_out_what_is_not_default_until_it_is_named(sitoo: Served) -> None:
    default = sitoo.get("/orders", num=1).json()["items"][0]
    assert "orderitems" in default
    assert not {"externalid", "creditorderid", "phone", "personalid", "moneytotal_net", "comment"} & set(default)
    named = sitoo.get("/orders", num=1, fields="orderid,externalid,nosuchfield").json()["items"][0]
    assert named == {"orderid": 125, "externalid": None}


def test_a_single_order_shows_everything(sitoo: Served) -> None:
    answer = sitoo.get("/sites/1/orders/101").json()
    assert answer["orderid"] == 101
    assert {"externalid", "personalid", "moneytotal_net"} <= set(answer)


def test_comma_lists_filter_and_the_last_repeat_wins(sitoo: Served) -> None:
    def ids(query: str) -> list[int]:
        answer = httpx.get(f"{sitoo.account_url}/orders?sort=orderid&{query}", headers=authorization("1500-140"))
        return [order["orderid"] for order in answer.json()["items"]]

    assert ids("orderid=103,101,999") == [101, 103]
    assert ids("orderid=103&orderid=101") == [101]
    assert ids("orderid[]=103&orderid[]=101") == [101, 103]
    assert ids("orderidfrom=123&orderidto=125") == [123, 124]
    assert ids("datelastmodified-from=1&orderid=103") == [103]


def test_what_cannot_be_read_is_a_400_and_what_is_not_there_a_404(sitoo: Served) -> None:
    for params in ({"num": "many"}, {"num": "0"}, {"start": "-1"}, {"sort": "email"}, {"orderid": "1,x"}):
        answer = sitoo.get("/orders", **params)
        assert (answer.status_code, answer.json()["statuscode"]) == (400, 400)
        assert "Invalid value" in answer.json()["errortext"]
    for path in ("/sites/1/orders/999", "/sites/9/stores", "/sites/1/stores/99", "/nosuchthing", "/sites/1/orders/x"):
        answer = sitoo.get(path)
        assert (answer.status_code, answer.json()["statuscode"]) == (404, 404)


def test_a_method_the_sandbox_does_not_know_is_a_405(sitoo: Served) -> None:
    answer = httpx.put(f"{sitoo.account_url}/sites/1/orders/101", json={}, headers=authorization("1500-140"))
    assert (answer.status_code, answer.json()["statuscode"]) == (405, 405)


def test_the_guid_of_a_site_answers_empty_lists(sitoo: Served) -> None:
    guid = sitoo.get("/sites").json()["items"][0]["siteid"]
    assert sitoo.get(f"/sites/{guid}/stores").json() == {"totalcount": 0, "items": []}
    assert sitoo.get(f"/sites/{guid}/orders").json() == {"totalcount": 0, "items": []}


def test_a_till_leads_to_its_store_through_its_warehouse(sitoo: Served) -> None:
    shop = sitoo.world.shops[0]
    register = sitoo.get(f"/sites/1/cashregisters/{shop.registers[0].registerid}").json()
    assert "storeid" not in register
    warehouse = sitoo.get(f"/sites/1/warehouses/{register['warehouseid']}").json()
    store = sitoo.get(f"/sites/1/stores/{warehouse['storeid']}").json()
    assert (store["storeid"], store["externalid"]) == (shop.storeid, shop.key)


def test_payment_types_are_a_bare_array_and_settings_a_bare_object(sitoo: Served) -> None:
    types = sitoo.get("/sites/1/pospaymenttypes").json()
    assert [entry["paymentmethodid"] for entry in types][:2] == [100, 2110]
    settings = sitoo.get("/sites/2/settings").json()
    assert (settings["currencycode"], settings["timezone"]) == ("GBP", "Europe/London")


def test_products_are_found_by_sku_and_carry_their_vat_group(sitoo: Served) -> None:
    found = sitoo.get("/sites/1/products", sku=GIFT_CARD_SKU, fields="sku,vatid,title").json()
    assert found["totalcount"] == 1
    group = sitoo.get(f"/sites/1/productgroups/{found['items'][0]['vatid']}").json()
    assert group["productgrouptype"] == 30
    assert "title" not in sitoo.get("/sites/1/products").json()["items"][0]


def test_deliveries_belong_to_their_order(sitoo: Served) -> None:
    answer = sitoo.get("/sites/1/orders/101/orderdeliveries").json()
    assert [delivery["orderdeliveryid"] for delivery in answer["items"]] == [1]
    assert sitoo.get("/sites/1/orders/102/orderdeliveries").json()["totalcount"] == 0


def test_nothing_is_served_before_it_has_arrived(tmp_path: Path) -> None:
    with served(tmp_path, orders=3) as sitoo:
        late = order_body(sitoo.world, 104, OPENING)  # an offline till: an old sale, uploaded an hour later
        sitoo.store.write(orders=[order_version(late, OPENING + 3600)])
        amended = order_body(sitoo.world, 101, OPENING, comment="amended")
        sitoo.store.write(orders=[order_version(amended, OPENING + 7200, version=2)])

        def seen(now: str) -> tuple[int, str]:
            assert httpx.post(f"{sitoo.root}/sandbox/clock", json={"now": now}).status_code == 200
            return sitoo.get("/orders").json()["totalcount"], sitoo.get("/sites/1/orders/101").json().get("comment")

        assert seen("2026-03-02T09:30:00+01:00") == (3, "")
        assert sitoo.get("/sites/1/orders/104").status_code == 404
        assert seen("2026-03-02T09:00:00Z") == (4, "")
        assert seen("2026-03-02T10:00:00Z") == (4, "amended")
        assert httpx.get(f"{sitoo.root}/sandbox/clock").json() == {"now": "2026-03-02T10:00:00+00:00"}
        for wrong in ("{}", '{"now": "2026-03-02T10:00:00"}', '{"now": 5}', "[]", "noon"):
            assert httpx.post(f"{sitoo.root}/sandbox/clock", content=wrong).status_code == 400


def test_z_reports_are_a_bare_array_by_rising_dateadded_with_both_ends_included(tmp_path: Path) -> None:
    with served(tmp_path, orders=1) as sitoo:
        rows = [z_version(sitoo.world, number, OPENING + 100 * number, shop=number % 2) for number in range(1, 7)]
        sitoo.store.write(z_reports=reversed(rows))
        sitoo.at(OPENING + 500)

        def numbers(**params: Any) -> list[int]:
            return [report["zreportid"] for report in sitoo.get("/pos-z-reports", **params).json()]

        assert numbers() == [1, 2, 3, 4, 5]
        assert numbers(start=2, num=1) == [1, 2, 3, 4, 5]
        assert numbers(dateaddedfrom=OPENING + 200, dateaddedto=OPENING + 400) == [2, 3, 4]
        assert numbers(eshopid=1) == [2, 4]
        assert numbers(registerid=sitoo.world.shops[1].registers[0].registerid) == [1, 3, 5]


def test_two_requests_of_one_key_at_once_are_too_many_and_of_two_keys_are_not(tmp_path: Path) -> None:
    with served(tmp_path, latency_ms=600) as sitoo, ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(lambda key: sitoo.get("/sites", key=key), ["1500-140", "1500-140", "1500-141"]))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 429]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json() == {"statuscode": 429, "errortext": "Too many connections"}
        stats = sitoo.stats()
        assert (stats["requests"], stats["responses_429"]) == (3, 1)
        # The refused one may be gone before the third begins.
        assert stats["greatest_concurrency"] in (2, 3)
        assert stats["endpoints"]["GET /v2/accounts/{id}/sites"]["requests"] == 3


def test_the_request_log_can_be_followed(tmp_path: Path) -> None:
    with served(tmp_path, orders=1) as sitoo:
        sitoo.get("/sites", num=5)
        httpx.put(f"{sitoo.account_url}/sites/1/orders/101", content=b'{"a":1}', headers=authorization("1500-140"))
        log = httpx.get(f"{sitoo.root}/sandbox/requests").json()["requests"]
        assert [(entry["method"], entry["path"], entry["body"], entry["status"]) for entry in log] == [
            ("GET", "/v2/accounts/1500/sites?num=5", "", 200),
            ("PUT", "/v2/accounts/1500/sites/1/orders/101", "", 405),
        ]
        assert sitoo.stats()["writes"] == 1
        newer = httpx.get(f"{sitoo.root}/sandbox/requests", params={"after": log[0]["number"]}).json()["requests"]
        assert newer == log[1:]
        assert "Authorization" not in str(log)


def test_a_fault_answers_the_next_requests_and_then_is_gone(tmp_path: Path) -> None:
    with served(tmp_path, orders=1) as sitoo:
        sitoo.fault(path="/v2/accounts/1500/sites", status=500, requests=2, headers={"Retry-After": "3"})
        first, other, second, third = (sitoo.get(path) for path in ("/sites", "/orders", "/sites", "/sites"))
        assert [answer.status_code for answer in (first, other, second, third)] == [500, 200, 500, 200]
        assert (first.json()["statuscode"], first.headers["Retry-After"]) == (500, "3")
        assert httpx.post(f"{sitoo.root}/sandbox/faults", json={"path": "/v2"}).status_code == 400


@pytest.mark.parametrize(
    ("handling", "status", "rows"), [("cut down", 200, 5), ("refuse", 400, None), ("honour", 200, 25)]
)
def test_a_num_beyond_the_greatest_is_handled_as_set(tmp_path: Path, handling: str, status: int, rows: int) -> None:
    settings = SitooSettings(max_num=5, too_large_num=handling)  # type: ignore[arg-type]
    with served(tmp_path, settings=settings) as sitoo:
        answer = sitoo.get("/orders", num=100)
        assert answer.status_code == status
        assert rows is None or len(answer.json()["items"]) == rows


def test_the_rate_window_names_its_wait_in_the_header_that_is_set(tmp_path: Path) -> None:
    settings = SitooSettings(requests_per_window=2, window_seconds=30, rate_limit_header="X-Rate-Limit-Reset")
    with served(tmp_path, orders=1, settings=settings) as sitoo:
        answers = [sitoo.get("/sites") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 0 < int(answers[2].headers["X-Rate-Limit-Reset"]) - time.time() <= 32
        assert sitoo.get("/sites", key="1500-141").status_code == 200


def test_an_error_code_field_can_be_switched_on(tmp_path: Path) -> None:
    with served(tmp_path, orders=1, settings=SitooSettings(error_code_field="errorcode")) as sitoo:
        assert set(sitoo.get("/nosuchthing").json()) == {"statuscode", "errortext", "errorcode"}
