"""The first estate.yaml: over real HTTP, finished and examined; and how stores, tenders and accounts are matched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sitoo_netsuite.estate import EstateError, TenderKind, load_estate, parse_estate
from sitoo_netsuite.operate.doctor import examine
from sitoo_netsuite.operate.draft import (
    NetSuiteFacts,
    draft_estate,
    estate_text,
    match_location,
    match_vat_group,
    tender_kind,
)
from sitoo_netsuite.operate.facts import LatestOrders, LedgerAccount, LevelPrices, Location, SiteFacts, Subsidiary
from sitoo_netsuite.sandbox.serve import Sandbox
from sitoo_netsuite.settings import ESTATE
from sitoo_netsuite.sitoo.models import (
    CashRegister,
    PaymentType,
    PriceList,
    Product,
    ProductGroup,
    Site,
    SiteSettings,
    SitooStore,
    Warehouse,
)

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def undecided(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in parsed YAML a person has to decide."""
    if isinstance(content, dict):
        return [found for key, value in content.items() for found in undecided(value, (*path, key))]
    if isinstance(content, list):
        return [found for place, value in enumerate(content) for found in undecided(value, (*path, place))]
    return [path] if content == "?" else []


# --------------------------------------------------------------------------------------- against the two sandboxes


def test_a_draft_with_its_few_questions_answered_passes_the_doctor(
    env: dict[str, str], sandbox: Sandbox, tmp_path: Path
) -> None:
    content = yaml.safe_load(draft_estate(env))
    own = yaml.safe_load(Path(env[ESTATE]).read_text(encoding="utf-8"))
    questions = undecided(content)
    assert {path[-1] for path in questions} == {
        "till", "rounding", "deposits", "cogs", "shrinkage", "Colour", "Size", "holds_vat",
    }  # fmt: skip
    for *parents, name in questions:
        here, there = content, own
        for step in parents:
            here, there = here[step], there[step]
        here[name] = there[name]
    for store in content["stores"]:
        store["go_live"]["stock"] = store["go_live"]["sales"]
    path = tmp_path / "estate.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")

    findings = examine({**env, ESTATE: str(path)}, None)

    assert [finding for finding in findings if finding.level != "ok"] == []
    # What was guessed is what the retailer's own people wrote, so that every flow runs as with their own file.
    estate, theirs = load_estate(path), load_estate(Path(env[ESTATE]))
    for books, expected in zip(estate.books, theirs.books, strict=True):
        assert books.vat == expected.vat
        assert books.accounts.model_dump(exclude={"petty_cash"}) == expected.accounts.model_dump(exclude={"petty_cash"})
        assert {card.liability for card in books.gift_cards} == {card.liability for card in expected.gift_cards}
        assert books.stock is not None and expected.stock is not None
        assert books.stock.model_dump(exclude={"supplied"}) == expected.stock.model_dump(exclude={"supplied"})
    assert estate.stock is not None and theirs.stock is not None
    assert estate.stock.push is False
    assert estate.stock.warehouses == theirs.stock.warehouses
    assert [books.country for books in estate.books] == [books.country for books in theirs.books]
    assert estate.catalogue is not None and theirs.catalogue is not None
    assert estate.catalogue.push is False
    assert estate.catalogue.vat_groups == theirs.catalogue.vat_groups
    apart = {"push", "tax_schedules"}
    assert estate.catalogue.model_dump(exclude=apart) == theirs.catalogue.model_dump(exclude=apart)
    assert estate.customers is not None and theirs.customers is not None
    assert estate.customers.push is False
    assert estate.customers.model_dump(exclude={"push"}) == theirs.customers.model_dump(exclude={"push"})
    for store, known in zip(estate.stores, theirs.stores, strict=True):
        matched = (store.store, store.sitoo_store, store.subsidiary, store.location, store.currency, store.time_zone)
        assert matched == (
            known.store, known.sitoo_store, known.subsidiary, known.location, known.currency, known.time_zone
        )  # fmt: skip
    assert {store.go_live.sales.isoformat() for store in estate.stores} == {"2026-03-04"}


def test_a_draft_is_refused_until_every_question_is_answered_and_each_is_named(
    env: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "estate.yaml"
    path.write_text(draft_estate(env), encoding="utf-8")
    with pytest.raises(EstateError) as caught:
        load_estate(path)
    assert "books[0].accounts.till: choose the number of an account in NetSuite's chart" in caught.value.findings
    assert [text.split(":")[0] for text in caught.value.findings if not text.startswith("books[")] == [
        "catalogue.matrix_options.Colour", "catalogue.matrix_options.Size", "catalogue.price_levels[0].holds_vat",
    ]  # fmt: skip


def test_drafting_writes_to_neither_system(env: dict[str, str], sandbox: Sandbox) -> None:
    draft_estate(env)
    for url in (sandbox.sitoo_url, sandbox.netsuite_url):
        assert httpx.get(f"{url}/sandbox/stats").json()["writes"] == 0


# -------------------------------------------------------------------------------------------------------- matching


STORE = SitooStore(storeid=7, name="Malmö", externalid="M1")
SITE = SiteFacts(
    site=Site(eshopid=1),
    settings=SiteSettings(eshopid=1, currencycode="SEK", timezone="Europe/Stockholm", eshopname="Sweden"),
    stores=(STORE,),
    registers=(CashRegister(registerid="{A}", registerkey="SII1", warehouseid=3),),
    warehouses=(Warehouse(warehouseid=3, name="Malmö", storeid=7, externalid="W3"),),
    payment_types=(PaymentType(1, 100, "Cash"), PaymentType(2, 2110, "Card"), PaymentType(3, 500, "Gift card")),
    product_groups=(ProductGroup(2, "Goods", 25, 10), ProductGroup(9, "Vouchers", 0, 30)),
    products=(Product(1, "TEE", vatid=2), Product(2, "VOUCHER", title="Voucher: 100", vatid=9)),
    price_lists=(PriceList(1, "Default", active=True),),
)
SUBSIDIARIES = (
    Subsidiary("1", "Group", "EUR", None, True, False),
    Subsidiary("2", "Shops AB", "SEK", "1", True, False),
)


LEVELS = (LevelPrices("Base Price", "SEK", 12),)


def place(number: str, name: str, external_id: str | None = None) -> Location:
    return Location(number, name, external_id, frozenset({"2"}), active=True)


def account(number: str, name: str, kind: str, subsidiary: str = "2") -> LedgerAccount:
    return LedgerAccount(number, name, kind, frozenset({subsidiary}), active=True, summary=False)


def text_of(
    site: SiteFacts = SITE,
    accounts: tuple[LedgerAccount, ...] = (),
    locations: tuple[Location, ...] = (),
    schedules: dict[str, str] | None = None,
) -> str:
    netsuite = NetSuiteFacts(accounts, SUBSIDIARIES, locations, LEVELS, schedules or {})
    return estate_text([site], LatestOrders((), 0), netsuite, NOW)


@pytest.mark.parametrize(
    ("locations", "matched", "how"),
    [
        ((place("4", "Malmö"), place("5", "South", "M1")), "5", "its external id"),
        ((place("4", "Malmö"), place("5", "South", "W3")), "5", "its external id"),
        ((place("4", "malmö"), place("5", "Malmö outlet")), "4", "its name"),
        ((place("4", "Shop Malmö"), place("5", "Shop Lund")), "4", "words of its name"),
    ],
)
def test_a_location_is_matched_by_external_id_else_by_name(
    locations: tuple[Location, ...], matched: str, how: str
) -> None:
    choice, location = match_location(STORE, SITE, locations)
    assert choice.value == matched
    assert location is not None
    assert choice.comment.endswith(f"matched by {how}")


def test_where_several_locations_may_be_meant_they_are_listed_and_none_is_taken() -> None:
    choice, location = match_location(STORE, SITE, [place("4", "Malmö C"), place("5", "Malmö N"), place("6", "Lund")])
    assert location is None
    assert choice.value == "?"
    assert choice.comment == "choose one of 4 Malmö C, 5 Malmö N"
    content = yaml.safe_load(text_of(locations=(place("4", "Malmö C"), place("5", "Malmö N"))))
    with pytest.raises(EstateError) as caught:
        parse_estate(content, "the draft")
    assert "stores[0].location: choose NetSuite's internal id" in "\n".join(caught.value.findings)


def test_an_inactive_location_is_no_match() -> None:
    _, location = match_location(STORE, SITE, [replace(place("4", "Malmö"), active=False)])
    assert location is None


def test_the_subsidiary_is_the_locations_else_the_only_one_in_the_currency() -> None:
    content = yaml.safe_load(text_of(locations=(place("4", "Malmö"),)))
    assert content["stores"][0]["subsidiary"] == "2"
    content = yaml.safe_load(text_of())
    assert content["stores"][0]["subsidiary"] == "2"
    assert content["stores"][0]["location"] == "?"


def test_a_store_key_that_cannot_stand_in_an_external_id_is_replaced() -> None:
    site = replace(SITE, stores=(SitooStore(storeid=7, name="Malmö", externalid="M/1"),))
    assert yaml.safe_load(text_of(site))["stores"][0]["store"] == "S7"


def test_a_store_without_registers_is_left_out_and_said() -> None:
    site = replace(SITE, stores=(STORE, SitooStore(storeid=8, name="Web")))
    text = text_of(site)
    assert len(yaml.safe_load(text)["stores"]) == 1
    assert "# Left out, as it has no register: 8 Web (Sweden)" in text


def test_a_stores_one_warehouse_is_its_location_and_of_several_each_is_matched_by_external_id_or_name() -> None:
    storeroom = Warehouse(warehouseid=4, name="Malmö storeroom", storeid=7)
    attic = Warehouse(warehouseid=5, name="Attic", storeid=7)
    web = Warehouse(warehouseid=6, name="Web", storeid=None)
    locations = (place("4", "Malmö", "W3"), place("5", "Storeroom Malmö"), place("6", "Cellar"))
    assert yaml.safe_load(text_of(locations=locations))["stock"]["warehouses"] == [
        {"warehouse": 3, "store": "M1", "location": "4"}
    ]
    text = text_of(replace(SITE, warehouses=(*SITE.warehouses, storeroom, attic, web)), locations=locations)
    drafted = yaml.safe_load(text)["stock"]["warehouses"]
    assert [(entry["warehouse"], entry["location"]) for entry in drafted] == [(3, "4"), (4, "5"), (5, "?")]
    assert "choose one of 4 Malmö, 5 Storeroom Malmö, 6 Cellar" in text
    assert "# Left out, as it is of no store that sells: 6 Web (Sweden)" in text


def test_accounts_of_stock_are_guessed_and_what_may_be_left_out_is_a_comment_where_nothing_fits() -> None:
    accounts = (
        account("4000", "Cost of goods sold", "COGS"),
        account("4100", "Inventory adjustments", "COGS"),
        account("4200", "Svinn", "Expense"),
    )
    text = text_of(accounts=accounts)
    assert yaml.safe_load(text)["books"][0]["stock"] == {"cogs": "4000", "shrinkage": "4200", "adjustments": "4100"}
    assert "      # in_transit: " in text
    more = text_of(
        accounts=(*accounts, account("2400", "Goods not billed", "OthCurrLiab")),
        locations=(place("4", "Malmö"), place("9", "In transit")),
    )
    stock = yaml.safe_load(more)["books"][0]["stock"]
    assert (stock["supplied"], stock["in_transit"]) == ("2400", "9")


@pytest.mark.parametrize(
    ("method", "name", "kind"),
    [
        (100, "Cash", TenderKind.CASH),
        (110, "Credit", TenderKind.CREDIT_NOTE),
        (510, "Credit", TenderKind.CREDIT_NOTE),
        (500, "Gift card", TenderKind.GIFT_CARD),
        (210, "Card", TenderKind.CARD),
        (300, "Card", TenderKind.CARD),
        (2110, "Card", TenderKind.CARD),
        (2500, "Card", TenderKind.CARD),
        (400, "Vouchers", TenderKind.OTHER),
        (600, "Invoice", TenderKind.OTHER),
        (710, "Swish", TenderKind.OTHER),
        (1000, "Deposit", TenderKind.DEPOSIT),
        (3000, "Foreign", TenderKind.OTHER),
        (9999, "Unheard of", TenderKind.OTHER),
    ],
)
def test_a_payment_method_says_how_its_payments_are_booked(method: int, name: str, kind: TenderKind) -> None:
    assert tender_kind(PaymentType(1, method, name)) is kind


# ---------------------------------------------------------------------------------------------------------- guesses


def test_an_account_is_guessed_where_name_and_type_leave_one_and_listed_where_they_leave_more() -> None:
    accounts = (
        account("1910", "Cash in tills", "Bank"),
        account("1911", "Till differences", "Expense"),  # the right word, the wrong type
        account("1912", "Cash in tills", "Bank", subsidiary="1"),  # shared by the parent
        account("6990", "Cash over/short", "Expense"),
    )
    named = yaml.safe_load(text_of(accounts=accounts[:2] + accounts[3:]))["books"][0]["accounts"]
    assert (named["till"], named["over_short"]) == ("1910", "6990")
    text = text_of(accounts=accounts)
    assert yaml.safe_load(text)["books"][0]["accounts"]["till"] == "?"
    assert 'till: "?"  # choose one of 1910 Cash in tills, 1912 Cash in tills' in text


def test_an_account_of_another_subsidiary_or_out_of_use_is_never_guessed() -> None:
    accounts = (
        account("1", "Cash in tills", "Bank", subsidiary="3"),
        replace(account("2", "Cash in tills", "Bank"), active=False),
        replace(account("3", "Cash in tills", "Bank"), summary=True),
    )
    text = text_of(accounts=accounts)
    assert yaml.safe_load(text)["books"][0]["accounts"]["till"] == "?"
    assert "NetSuite has no accounts that fit" in text


def test_a_vat_rate_takes_its_own_account_else_one_for_all_rates() -> None:
    site = replace(SITE, product_groups=(ProductGroup(2, "Goods", 25, 10), ProductGroup(3, "Half", 2.5, 10)))
    accounts = (
        account("3025", "Sales 25 %", "Income"),
        account("3002", "Sales 2,5 %", "Income"),
        account("2610", "Output VAT", "OthCurrLiab"),
    )
    high, low = yaml.safe_load(text_of(site, accounts))["books"][0]["vat"]
    assert (high["rate"], high["sales"], high["vat_on_sales"]) == ("25", "3025", "2610")
    assert (low["rate"], low["sales"], low["vat_on_sales"]) == ("2.5", "3002", "2610")


def test_gift_cards_are_the_products_of_sitoos_gift_card_groups() -> None:
    content = yaml.safe_load(text_of(accounts=(account("2420", "Gift cards outstanding", "OthCurrLiab"),)))
    assert content["items"] == [{"sku": "VOUCHER", "kind": "gift_card", "card": "Vouchers"}]
    (books,) = content["books"]
    assert books["gift_cards"] == [{"card": "Vouchers", "purpose": "multi", "liability": "2420"}]
    assert books["tenders"][2] == {"name": "Gift card", "kind": "gift_card", "card": "Vouchers"}


def test_names_that_yaml_would_misread_come_through() -> None:
    store = SitooStore(storeid=7, name='No: 1 "Centre" # north\nside', externalid="M1")
    content = yaml.safe_load(text_of(replace(SITE, stores=(store,))))
    assert content["stores"][0]["name"] == store.name


# ------------------------------------------------------------------------------------------------------ master data


def test_a_tax_schedule_takes_the_vat_group_of_all_its_products_else_of_its_name_or_rate() -> None:
    groups = (ProductGroup(2, "Goods", 25, 10), ProductGroup(3, "Food", 12, 10), ProductGroup(4, "Books", 6, 10))
    products = (Product(1, "TEE", vatid=2), Product(2, "JAM", vatid=3), Product(3, "MAP", vatid=2))
    site = replace(SITE, product_groups=groups, products=products)
    schedules = {"TEE": "Standard", "JAM": "Mixed", "MAP": "Mixed"}

    def group(name: str) -> str:
        return match_vat_group(name, site, schedules).value

    assert (group("Standard"), group("books"), group("Reduced 12"), group("Exempt")) == ("2", "4", "3", "?")
    mixed = match_vat_group("Mixed", site, schedules)
    assert mixed.value == "?"
    assert mixed.comment == "Sweden: choose one of 3 Food (1 products), 2 Goods (1 products)"


def test_price_lists_beside_the_default_one_are_left_alone_and_named() -> None:
    lists = (PriceList(1, "Default", active=True), PriceList(7, "Staff", active=True, tags=["staff"]))
    text = text_of(replace(SITE, price_lists=lists), schedules={"TEE": "Standard"})
    catalogue = yaml.safe_load(text)["catalogue"]
    assert catalogue["price_lists"] == [
        {"site": 1, "price_list": 1, "price_level": "Base Price", "currency": "SEK", "subsidiary": "2"}
    ]
    assert catalogue["tax_schedules"] == [{"tax_schedule": "Standard", "vat_groups": {1: 2}}]
    assert catalogue["price_levels"] == [{"price_level": "Base Price", "holds_vat": "?"}]
    assert "# Left alone: list 7 Staff, tagged" in text


def test_where_no_item_is_at_the_tills_no_catalogue_is_drafted_and_that_is_said() -> None:
    text = text_of()
    assert "catalogue" not in yaml.safe_load(text)
    assert "# No `catalogue`: no item of NetSuite" in text
