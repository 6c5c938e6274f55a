"""The doctor over real HTTP: a healthy retailer, then one thing broken at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from joserfc.jwk import ECKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sitoo_netsuite.estate import parse_estate
from sitoo_netsuite.operate.doctor import Finding, examine
from sitoo_netsuite.operate.facts import LedgerAccount, SiteFacts, Subsidiary
from sitoo_netsuite.operate.mappings import account_findings, sitoo_findings
from sitoo_netsuite.operate.stock_mappings import stock_finding
from sitoo_netsuite.sandbox.serve import Sandbox
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.settings import ESTATE, NOW
from sitoo_netsuite.sitoo.models import CashRegister, Site, SiteSettings, SitooStore, Warehouse
from sitoo_netsuite_tests.examples import estate_content, example_estate

# Nobody in this sandbox is paid by it but as the leg of an exchange, and the Swedish shop has none among its latest.
EXCHANGE = "'Exchange' of Lindgrove Sweden"


def not_ok(findings: list[Finding]) -> list[tuple[str, str, str]]:
    """What is wrong, less what this sandbox always has; everything wrong says what to do."""
    wrong = [finding for finding in findings if finding.level != "ok" and EXCHANGE not in finding.text]
    assert all(finding.mend for finding in wrong)
    return [(finding.level, finding.subject, finding.text) for finding in wrong]


def the_one(findings: list[Finding]) -> tuple[str, str, str]:
    wrong = not_ok(findings)
    assert len(wrong) == 1, wrong
    return wrong[0]


@pytest.fixture
def with_estate(env: dict[str, str], tmp_path: Path) -> Callable[[Callable[[dict[str, Any]], object]], dict[str, str]]:
    """An environment whose estate is the sandbox's, changed."""

    def change(edit: Callable[[dict[str, Any]], object]) -> dict[str, str]:
        content = yaml.safe_load(Path(env[ESTATE]).read_text(encoding="utf-8"))
        edit(content)
        path = tmp_path / "estate.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return {**env, ESTATE: str(path)}

    return change


WithEstate = Callable[[Callable[[dict[str, Any]], object]], dict[str, str]]


# ------------------------------------------------------------------------------------------------------- healthy


def test_a_healthy_retailer_has_nothing_wrong(env: dict[str, str], database_url: str) -> None:
    findings = examine(env, database_url)
    assert not_ok(findings) == []
    subjects = {finding.subject for finding in findings}
    assert {
        "estate", "read-only", "VAT reports", "Sitoo keys", "Sitoo", "private key", "NetSuite login", "clock",
        "SuiteQL", "journals", "periods", "accounts", "subsidiaries", "locations", "database", "stock", "warehouses",
        "inventory adjustments",
    } <= subjects  # fmt: skip


def test_nothing_is_written_and_no_secret_is_shown(env: dict[str, str], sandbox: Sandbox) -> None:
    findings = examine(env, None)
    for url in (sandbox.sitoo_url, sandbox.netsuite_url):
        assert httpx.get(f"{url}/sandbox/stats").json()["writes"] == 0
    shown = "\n".join(f"{finding.subject} {finding.text} {finding.mend}" for finding in findings)
    secrets = [entry.partition(":")[2] for entry in env["SITOO_API_KEYS"].split(",")]
    secrets += [env["NETSUITE_CLIENT_ID"], env["NETSUITE_CERTIFICATE_ID"]]
    assert not [secret for secret in secrets if secret in shown]


def test_it_says_whose_vat_netsuites_reports_do_not_see(env: dict[str, str]) -> None:
    (vat,) = [finding for finding in examine(env, None) if finding.subject == "VAT reports"]
    assert vat.level == "ok"
    assert "S01, S02" in vat.text


# --------------------------------------------------------------------------------------- settings and credentials


def test_every_missing_setting_is_named_and_the_rest_is_still_checked(env: dict[str, str]) -> None:
    del env["NETSUITE_ACCOUNT"], env["NETSUITE_CLIENT_ID"]
    findings = examine(env, None)
    wrong = not_ok(findings)
    assert [text.split()[0] for _, _, text in wrong] == ["NETSUITE_ACCOUNT", "NETSUITE_CLIENT_ID"]
    assert "Sitoo keys" in {finding.subject for finding in findings}


def test_a_time_that_cannot_be_read_is_said(env: dict[str, str]) -> None:
    texts = [text for _, _, text in not_ok(examine({**env, NOW: "today"}, None))]
    assert f"{NOW} must be an ISO time" in texts[0]


def test_an_address_that_is_none_is_said(env: dict[str, str]) -> None:
    wrong = not_ok(examine({**env, "SITOO_URL": "api.example.com", "NETSUITE_URL": "https://host:port"}, None))
    expected = "is not an http address: set it to the address, with https://"
    assert [text for _, _, text in wrong] == [f"SITOO_URL {expected}", f"NETSUITE_URL {expected}"]


def test_a_wrong_key_among_good_ones_is_named(env: dict[str, str]) -> None:
    first, second, third = env["SITOO_API_KEYS"].split(",")
    env["SITOO_API_KEYS"] = f"{first},{second}x,{third}"
    findings = examine(env, None)
    level, subject, text = the_one(findings)
    assert (level, subject) == ("problem", "Sitoo keys")
    assert second.partition(":")[0] in text
    assert "2 API keys work, so 2 requests at once" in {finding.text for finding in findings}


def test_a_sitoo_that_does_not_answer_leaves_netsuite_to_be_checked(env: dict[str, str]) -> None:
    findings = examine({**env, "SITOO_URL": "http://127.0.0.1:1/v2/accounts/1500"}, None)
    level, subject, text = the_one(findings)
    assert (level, subject) == ("problem", "Sitoo")
    assert "could not answer GET /sites.json" in text
    assert "NetSuite login" in {finding.subject for finding in findings}


def test_a_login_that_netsuite_refuses_is_told_from_a_key_it_never_takes(env: dict[str, str], tmp_path: Path) -> None:
    stranger = _key_file(tmp_path / "stranger.pem", ECKey.generate_key("P-256"))
    level, subject, text = the_one(examine({**env, "NETSUITE_PRIVATE_KEY_FILE": stranger}, None))
    assert (level, subject) == ("problem", "NetSuite login")
    assert "account TSTDRV1500 refused the login" in text

    small = _key_file(tmp_path / "small.pem", RSAKey.generate_key(2048))
    level, subject, text = the_one(examine({**env, "NETSUITE_PRIVATE_KEY_FILE": small}, None))
    assert (level, subject) == ("problem", "private key")
    assert "RSA keys of 3072 bits or more" in text


def test_token_based_authentication_is_named_with_its_end_and_needs_no_key(token_env: dict[str, str]) -> None:
    for name in ("NETSUITE_CLIENT_ID", "NETSUITE_CERTIFICATE_ID", "NETSUITE_PRIVATE_KEY_FILE"):
        del token_env[name]
    findings = examine(token_env, None)
    ((level, subject, text),) = not_ok(findings)
    assert (level, subject) == ("warning", "token-based login")
    assert "NETSUITE_TOKEN_ID" in text and "2027.1" in text
    assert {"SuiteQL", "journals"} <= {finding.subject for finding in findings}
    shown = "\n".join(f"{finding.text} {finding.mend}" for finding in findings)
    assert "NetSuite lets us in with token-based authentication" in shown
    assert not any(token_env[name] in shown for name in token_env if name.endswith("_SECRET"))


def test_a_signature_that_netsuite_refuses_is_told_with_what_to_look_at(token_env: dict[str, str]) -> None:
    token_env["NETSUITE_TOKEN_SECRET"] = "another"
    wrong = not_ok(examine(token_env, None))
    assert [(level, subject) for level, subject, _ in wrong] == [
        ("warning", "token-based login"), ("problem", "NetSuite login"),
    ]  # fmt: skip
    assert "Login Audit Trail" in wrong[1][2] and "5 minutes" in wrong[1][2]


def test_a_key_file_that_others_can_read_is_warned_of(env: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "open.pem"
    path.write_bytes(Path(env["NETSUITE_PRIVATE_KEY_FILE"]).read_bytes())
    path.chmod(0o644)
    level, subject, text = the_one(examine({**env, "NETSUITE_PRIVATE_KEY_FILE": str(path)}, None))
    assert (level, subject) == ("warning", "private key")
    assert "can be read by others" in text


def test_a_clock_that_is_off_is_warned_of(env: dict[str, str], sandbox: Sandbox) -> None:
    off = sandbox.clock.now() + timedelta(minutes=5)
    level, subject, text = the_one(examine({**env, NOW: off.isoformat()}, None))
    assert (level, subject) == ("warning", "clock")
    assert f"{NOW} is 300 seconds ahead of NetSuite's time" in text


def _key_file(path: Path, key: ECKey | RSAKey) -> str:
    path.touch(mode=0o600)
    path.write_bytes(key.as_pem(private=True))
    return str(path)


# -------------------------------------------------------------------------------------------------------- database


def test_a_database_without_our_tables_and_one_that_is_away_are_told_apart(
    env: dict[str, str], empty_database_url: str, tmp_path: Path
) -> None:
    only_database = {**env, "SITOO_URL": "", "NETSUITE_URL": ""}

    def database(url: str) -> Finding:
        return examine(only_database, url)[-1]

    assert "not those of this version" in database(empty_database_url).text
    assert "does not answer" in database(f"postgresql:///nothing?host={tmp_path}").text
    hidden = database("postgres//someone:hunter2@example.com/x")
    assert hidden.level == "problem"
    assert "hunter2" not in hidden.text


# ---------------------------------------------------------------------------------------------------------- estate


def test_an_estate_that_is_not_there_leaves_the_systems_to_be_checked(env: dict[str, str], tmp_path: Path) -> None:
    findings = examine({**env, ESTATE: str(tmp_path / "estate.yaml")}, None)
    level, subject, text = the_one(findings)
    assert (level, subject) == ("problem", "estate")
    assert "estate draft" in text
    assert {"Sitoo keys", "NetSuite login", "SuiteQL"} <= {finding.subject for finding in findings}


def test_an_account_number_that_netsuite_lacks_is_named_with_its_place(with_estate: WithEstate) -> None:
    env = with_estate(lambda estate: estate["books"][0]["accounts"].update(rounding="99999"))
    level, subject, text = the_one(examine(env, None))
    assert (level, subject) == ("problem", "accounts")
    assert text == "NetSuite has no account 99999 (books[0].accounts.rounding)"


def test_an_account_of_another_subsidiary_is_named(with_estate: WithEstate) -> None:
    def swap(estate: dict[str, Any]) -> None:
        estate["books"][0]["accounts"]["tips"] = estate["books"][1]["accounts"]["tips"]

    level, subject, text = the_one(examine(with_estate(swap), None))
    assert (level, subject) == ("problem", "accounts")
    assert "is not an account of the subsidiary" in text


def test_an_account_of_an_unusual_type_is_warned_of(with_estate: WithEstate) -> None:
    def sales_as_till(estate: dict[str, Any]) -> None:
        estate["books"][0]["accounts"]["till"] = estate["books"][0]["vat"][0]["sales"]

    level, subject, text = the_one(examine(with_estate(sales_as_till), None))
    assert (level, subject) == ("warning", "accounts")
    assert "is of type Income, where Bank, OthCurrAsset is usual (books[0].accounts.till)" in text


def test_a_location_of_another_subsidiary_is_named(with_estate: WithEstate) -> None:
    def swap(estate: dict[str, Any]) -> None:
        first, second = estate["stores"]
        first["location"], second["location"] = second["location"], first["location"]

    wrong = not_ok(examine(with_estate(swap), None))
    assert [(level, subject) for level, subject, _ in wrong] == [("problem", "locations")] * 2
    assert wrong[0][2] == "location 12 Shop London of store S01 belongs to subsidiary 3, not 2 (stores[0].location)"


def test_a_location_and_a_sitoo_store_that_are_not_there_are_named(with_estate: WithEstate) -> None:
    def lose(estate: dict[str, Any]) -> None:
        estate["stores"][0]["location"] = "4711"
        estate["stores"][1]["sitoo_store"] = 4712

    texts = [text for _, _, text in not_ok(examine(with_estate(lose), None))]
    assert "NetSuite has no location 4711 for store S01 (stores[0].location)" in texts
    assert "Sitoo has no store 4712 for S02 (stores[1].sitoo_store)" in texts


def test_a_currency_that_is_not_the_subsidiarys_is_named(with_estate: WithEstate) -> None:
    def euro(estate: dict[str, Any]) -> None:
        estate["books"][1]["currency"] = estate["stores"][1]["currency"] = "EUR"

    wrong = not_ok(examine(with_estate(euro), None))
    assert ("problem", "subsidiaries") in {(level, subject) for level, subject, _ in wrong}
    assert any("keeps its books in GBP, the estate says EUR (books[1].currency)" in text for _, _, text in wrong)
    assert any("sells in GBP, its store S02 in EUR" in text for _, _, text in wrong)


def test_a_store_of_sitoo_that_the_estate_lacks_is_warned_of_with_its_registers(with_estate: WithEstate) -> None:
    def drop(estate: dict[str, Any]) -> None:
        estate["stores"].pop(1)
        estate["stock"]["warehouses"].pop(1)

    level, subject, text = the_one(examine(with_estate(drop), None))
    assert (level, subject) == ("warning", "stores")
    assert "the estate lacks Sitoo's store 102 London" in text
    assert "SII0000001500003" in text


def test_a_tender_that_receipts_are_paid_with_is_a_problem_and_an_unused_one_a_warning(with_estate: WithEstate) -> None:
    def drop(*names: str) -> Callable[[dict[str, Any]], None]:
        def edit(estate: dict[str, Any]) -> None:
            tenders = estate["books"][1]["tenders"]
            tenders[:] = [tender for tender in tenders if tender["name"] not in names]

        return edit

    level, subject, text = the_one(examine(with_estate(drop("Card")), None))
    assert (level, subject) == ("problem", "tenders")
    assert "tender 'Card' is not in the books of subsidiary 3" in text
    assert "held by name" in text

    level, subject, text = the_one(examine(with_estate(drop("Invoice")), None))
    assert (level, subject) == ("warning", "tenders")
    assert "payment type 'Invoice' of Lindgrove United Kingdom" in text


def test_a_card_scheme_without_an_account_is_found_from_the_latest_receipts(with_estate: WithEstate) -> None:
    def drop(estate: dict[str, Any]) -> None:
        card = next(tender for tender in estate["books"][1]["tenders"] if tender["name"] == "Card")
        card["schemes"] = [scheme for scheme in card["schemes"] if scheme.get("scheme") != "Visa"]

    level, subject, text = the_one(examine(with_estate(drop), None))
    assert (level, subject) == ("problem", "tenders")
    assert "no account for acquirer 'adyen' and scheme 'Visa'" in text


def test_a_vat_rate_without_accounts_is_named(with_estate: WithEstate) -> None:
    def drop(estate: dict[str, Any]) -> None:
        vat = estate["books"][0]["vat"]
        vat[:] = [entry for entry in vat if entry["rate"] != "12"]

    level, subject, text = the_one(examine(with_estate(drop), None))
    assert (level, subject) == ("problem", "VAT rates")
    assert "VAT rate 12 % has no accounts in the books of subsidiary 2" in text


def test_special_items_are_checked_both_ways(with_estate: WithEstate) -> None:
    def misspell(estate: dict[str, Any]) -> None:
        estate["items"][0]["sku"] = "GIFTCRAD"

    wrong = not_ok(examine(with_estate(misspell), None))
    assert {(level, subject) for level, subject, _ in wrong} == {("problem", "items"), ("warning", "items")}
    texts = [text for _, _, text in wrong]
    assert "Sitoo has no product with SKU 'GIFTCRAD' (gift_card, items[0])" in texts
    assert "gift cards of Lindgrove Sweden that the estate does not name are booked as sales: GIFTCARD" in texts


def test_a_card_whose_purpose_is_not_how_sitoo_sells_it_is_warned_of(with_estate: WithEstate) -> None:
    def swap(estate: dict[str, Any]) -> None:
        estate["items"][0]["card"] = estate["items"][1]["card"]

    wrong = not_ok(examine(with_estate(swap), None))
    assert {(level, subject) for level, subject, _ in wrong} == {("warning", "items")}
    assert "GIFTCARD is sold at 0 % in Lindgrove Sweden, its card type 'experience card' is single-purpose at 25 %" in {
        text for _, _, text in wrong
    }


# ----------------------------------------------------------------------------------------------------- permissions


def _account_that_hides(table: str) -> Starlette:
    """A NetSuite whose role may not see one table, and sees nothing in the others."""

    async def token(_: Request) -> Response:
        return JSONResponse({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})

    async def time(_: Request) -> Response:
        return JSONResponse({"serverTime": "2026-03-02T12:00:00.000Z"})

    async def query(request: Request) -> Response:
        if f"FROM {table} " in (await request.json())["q"]:
            return refusal(403, "INSUFFICIENT_PERMISSION")
        return JSONResponse({"items": [], "hasMore": False})

    async def document(_: Request) -> Response:
        return refusal(404, "NONEXISTENT_ID")

    def refusal(status: int, code: str) -> Response:
        return JSONResponse({"status": status, "o:errorDetails": [{"detail": code, "o:errorCode": code}]}, status)

    return Starlette(
        routes=[
            Route("/services/rest/auth/oauth2/v1/token", token, methods=["POST"]),
            Route("/services/rest/system/v1/serverTime", time),
            Route("/services/rest/query/v1/suiteql", query, methods=["POST"]),
            Route("/services/rest/record/v1/{type}/{id}", document),
        ]
    )


def test_each_missing_permission_is_named_and_the_others_are_still_tried(env: dict[str, str]) -> None:
    with serving(_account_that_hides("location"), 0) as url:
        findings = examine({**env, "NETSUITE_URL": url, NOW: "2026-03-02T12:00:30Z"}, None)
    wrong = [finding for finding in findings if finding.subject == "NetSuite permissions"]
    assert [finding.text.split(":")[0] for finding in wrong] == [
        "NetSuite shows the role no accounts",
        "NetSuite shows the role no subsidiaries",
        "locations cannot be read",
        "customers cannot be read",
    ]
    assert "role Lists > Locations" in wrong[2].mend
    assert {"NetSuite login", "clock", "journals"} <= {finding.subject for finding in findings if finding.level == "ok"}


# ----------------------------------------------------------------------------------------------------------- stock


def test_a_warehouse_and_a_location_that_are_not_there_are_named(with_estate: WithEstate) -> None:
    def mistype(content: dict[str, Any]) -> None:
        content["stock"]["warehouses"][0] |= {"warehouse": 9999, "location": "9999"}

    texts = [text for _, _, text in not_ok(examine(with_estate(mistype), None))]
    assert texts[0] == "Sitoo has no warehouse 9999 for store S01 (stock.warehouses[0].warehouse)"
    assert "and belongs to Sitoo's store" in texts[1]  # the one that was named before
    assert texts[2] == "NetSuite has no location 9999 for warehouse 9999 (stock.warehouses[0].location)"
    assert len(texts) == 3


def test_warehouses_of_two_stores_mixed_up_are_told_by_both_systems(with_estate: WithEstate) -> None:
    def swap(content: dict[str, Any]) -> None:
        one, other = content["stock"]["warehouses"]
        one["store"], other["store"] = other["store"], one["store"]

    texts = [text for level, _, text in not_ok(examine(with_estate(swap), None)) if level == "problem"]
    assert [text.split(" (")[-1] for text in texts] == [
        "stock.warehouses[0].store)",
        "stock.warehouses[1].store)",
        "stock.warehouses[0].location)",
        "stock.warehouses[1].location)",
    ]


def test_the_accounts_of_stock_are_checked_with_the_books_others(with_estate: WithEstate) -> None:
    def mistype(content: dict[str, Any]) -> None:
        books = content["books"][0]
        books["stock"] |= {"cogs": books["accounts"]["till"], "supplied": "99999", "reasons": {"broken": "88888"}}

    texts = [text for _, _, text in not_ok(examine(with_estate(mistype), None))]
    assert len(texts) == 3
    assert "where COGS is usual (books[0].stock.cogs)" in texts[0]
    assert texts[1] == "NetSuite has no account 99999 (books[0].stock.supplied)"
    assert texts[2] == "NetSuite has no account 88888 (books[0].stock.reasons.broken)"


def test_a_location_for_goods_in_transit_is_looked_up_and_so_is_the_permission_to_transfer(
    with_estate: WithEstate,
) -> None:
    def mistype(content: dict[str, Any]) -> None:
        content["books"][0]["stock"]["in_transit"] = "9999"

    findings = examine(with_estate(mistype), None)
    assert the_one(findings)[2] == "NetSuite has no location 9999 for goods in transit (books[0].stock.in_transit)"
    (transfers,) = [finding for finding in findings if finding.subject == "inventory transfers"]
    assert "Transactions > Transfer Inventory at level Create" in transfers.text


def test_without_a_go_live_of_stock_nothing_of_it_is_checked(with_estate: WithEstate) -> None:
    def leave_alone(content: dict[str, Any]) -> None:
        for store in content["stores"]:
            del store["go_live"]["stock"]
        content["stock"]["warehouses"][0]["warehouse"] = 9999

    findings = examine(with_estate(leave_alone), None)
    assert not_ok(findings) == []
    assert "that flow does nothing" in next(finding.text for finding in findings if finding.subject == "stock")


def test_a_feed_during_the_day_without_the_events_credential_is_a_hint() -> None:
    content = estate_content()
    content["stores"][0]["go_live"]["stock"] = content["stores"][0]["go_live"]["sales"]
    content["books"][0]["stock"] = {"cogs": "4000", "shrinkage": "4100", "adjustments": "4100"}
    place = {"warehouse": 3, "store": content["stores"][0]["store"], "location": "11"}
    content["stock"] = {"feed": "during_day", "warehouses": [place]}
    estate = parse_estate(content, "estate.yaml")
    hinted, told = (stock_finding(estate, events_credential=there) for there in (False, True))
    assert (hinted.level, told.level) == ("ok", "ok")
    assert "SITOO_EVENTS_USER" in hinted.text
    assert "SITOO_EVENTS_USER" not in told.text


# ---------------------------------------------------------------------------------- what the sandbox never has wrong


def test_an_account_that_takes_no_postings_is_named() -> None:
    estate = example_estate()
    numbers = sorted(estate.books[0].account_numbers())
    chart = [LedgerAccount(number, "", "Bank", frozenset(), active=True, summary=False) for number in numbers]
    chart[0] = replace(chart[0], active=False)
    chart[1] = replace(chart[1], summary=True)
    problems = [finding.text for finding in account_findings(estate, chart, ()) if finding.level == "problem"]
    assert len(problems) == 2
    assert f"account {numbers[0]} is inactive" in problems[0]
    assert f"account {numbers[1]} is a summary account" in problems[1]


def test_an_opening_balance_of_an_account_netsuite_lacks_is_named() -> None:
    content = estate_content()
    content["stores"][0]["opening"] = [{"account": "99999", "balance": "1.00"}]
    estate = parse_estate(content, "estate.yaml")
    texts = [finding.text for finding in account_findings(estate, [], ()) if "opening" in finding.text]
    assert texts == ["NetSuite has no account 99999, of which stores[0].opening declares a balance"]


def test_an_account_of_a_parent_subsidiary_may_be_shared() -> None:
    estate = example_estate()
    parents = (Subsidiary("1", "Group", "EUR", None, True, False), Subsidiary("2", "Shops", "SEK", "1", True, False))
    chart = [
        LedgerAccount(number, "", "Bank", frozenset({"1"}), active=True, summary=False)
        for number in estate.books[0].account_numbers()
    ]
    assert not [finding for finding in account_findings(estate, chart, parents) if finding.level == "problem"]


def test_a_register_that_leads_to_no_store_and_a_store_without_registers_are_warned_of() -> None:
    site = SiteFacts(
        site=Site(eshopid=1),
        settings=SiteSettings(eshopid=1, currencycode="SEK", timezone="Europe/Stockholm"),
        stores=(SitooStore(storeid=1, name="City"),),
        registers=(CashRegister(registerid="{A}", registerkey="SII1", warehouseid=3),),
        warehouses=(Warehouse(warehouseid=3, name="Storeroom", storeid=None),),
        payment_types=(),
        product_groups=(),
        products=(),
        price_lists=(),
    )
    texts = [finding.text for finding in sitoo_findings(example_estate(), [site], None)]
    assert "store S01 City has no register in Sitoo, so nothing of it is ever booked" in texts
    assert "register SII1 of site 1 leads to no store" in texts


# --------------------------------------------------------------------------------------------------------- periods


def test_a_closed_period_is_a_problem_and_a_locked_receivable_a_warning(env: dict[str, str], sandbox: Sandbox) -> None:
    def set_period(**locks: bool) -> None:
        url = f"{sandbox.netsuite_url}/sandbox/periods"
        httpx.post(url, json={"period": "Mar 2026", **locks}).raise_for_status()

    try:
        set_period(closed=True)
        level, subject, text = the_one(examine(env, None))
        assert (level, subject) == ("problem", "periods")
        assert "accounting period Mar 2026, which holds trading day 2026-03-02, is closed" in text
        set_period(closed=False, arLocked=True)
        level, subject, text = the_one(examine(env, None))
        assert (level, subject) == ("warning", "periods")
    finally:
        set_period(closed=False, arLocked=False)


def test_before_go_live_the_first_days_period_is_what_counts(with_estate: WithEstate) -> None:
    def later(estate: dict[str, Any]) -> None:
        for store in estate["stores"]:
            store["go_live"] = {"sales": "2031-01-01"}
            store["sales"][0]["from"] = store["returns"][0]["from"] = "2031-01-01"

    level, subject, text = the_one(examine(with_estate(later), None))
    assert (level, subject) == ("problem", "periods")
    assert text == "NetSuite has no accounting period for 2031-01-01"
