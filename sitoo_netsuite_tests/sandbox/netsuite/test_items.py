"""Items, their variants and prices, over real HTTP: what a catalogue is read from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.mirror import Mirror
from sitoo_netsuite.sandbox.netsuite.opening import open_account
from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES
from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite.sandbox.world import PriceLevel, World, make_world
from sitoo_netsuite_tests.sandbox.netsuite.conftest import RECORDS, NetSuite

BASE_PRICE = {"id": "1"}
KRONA, POUND, EURO = {"id": "1"}, {"id": "2"}, {"id": "4"}


def new_item(netsuite: NetSuite, sku: str, **changes: Any) -> str:
    """Makes an item of the first shop's subsidiary; its internal id."""
    body = {"itemId": sku, "subsidiary": {"items": [{"id": str(netsuite.subsidiary)}]}, **changes}
    answer = netsuite.post("inventoryItem", body)
    assert answer.status_code == 204, answer.text
    return answer.headers["Location"].rpartition("/")[2]


def price(amount: float, currency: dict[str, str] = KRONA, **changes: Any) -> dict[str, Any]:
    return {"priceLevel": BASE_PRICE, "currencyPage": currency, "price": amount, **changes}


def prices_of(netsuite: NetSuite, item: str) -> list[tuple[str, str, str]]:
    """Level, currency and price of every price that queries show of an item."""
    rows = netsuite.query(
        "SELECT ip.pricelevelname, c.symbol, ip.price FROM itemPrice ip JOIN currency c ON c.id = ip.currencypage "
        "WHERE ip.item = ? ORDER BY c.symbol, ip.quantity",
        item,
    )
    return [(row["pricelevelname"], row["symbol"], row["price"]) for row in rows]


def test_a_matrix_is_a_parent_that_has_no_price_and_children_that_differ_in_their_options(netsuite: NetSuite) -> None:
    parent = new_item(netsuite, "COAT", matrixType={"id": "PARENT"})
    for colour, size in (("Moss", "S"), ("Moss", "M"), ("Rust", "S")):
        new_item(
            netsuite,
            f"COAT-{colour}-{size}",
            matrixType={"id": "CHILD"},
            parent={"id": parent},
            custitem_colour=colour,
            custitem_size=size,
        )
    rows = netsuite.query(
        "SELECT itemid, custitem_colour, custitem_size FROM item WHERE parent = ? AND matrixtype = 'CHILD' ORDER BY id",
        parent,
    )
    assert [(row["custitem_colour"], row["custitem_size"]) for row in rows] == [
        ("Moss", "S"),
        ("Moss", "M"),
        ("Rust", "S"),
    ]
    assert netsuite.query("SELECT matrixtype FROM item WHERE id = ?", parent) == [{"matrixtype": "PARENT"}]


def test_the_retailers_variants_have_their_parent_in_netsuite_alone(netsuite: NetSuite) -> None:
    parents = {parent.sku for parent in netsuite.world.matrix_parents}
    rows = netsuite.query("SELECT itemid FROM item WHERE matrixtype = 'PARENT'")
    assert {row["itemid"] for row in rows} == parents
    assert not parents & {product.sku for product in netsuite.world.products}


def test_an_items_tax_schedule_is_shown_by_its_name(netsuite: NetSuite) -> None:
    undecided = next(schedule for schedule in netsuite.world.tax_schedules if not schedule.vat_groups)
    item = new_item(netsuite, "COAT", taxSchedule={"id": str(undecided.internal_id)})
    assert netsuite.query("SELECT BUILTIN.DF(taxschedule) AS name FROM item WHERE id = ?", item) == [
        {"name": undecided.name}
    ]
    product = netsuite.world.products[0]
    assert netsuite.query(
        "SELECT BUILTIN.DF(taxschedule) AS name FROM item WHERE id = ?", str(product.netsuite_item)
    ) == [{"name": product.tax_schedule}]
    assert netsuite.get(f"inventoryItem/{item}").json()["taxSchedule"]["refName"] == undecided.name


def test_a_price_of_one_currency_is_changed_and_not_doubled(netsuite: NetSuite) -> None:
    item = new_item(netsuite, "COAT", price={"items": [price(499), price(39.95, POUND)]})
    change = {"price": {"items": [price(449.5)]}}
    assert netsuite.http.patch(f"{RECORDS}/inventoryItem/{item}", json=change).status_code == 204
    assert prices_of(netsuite, item) == [("Base Price", "GBP", "39.95"), ("Base Price", "SEK", "449.5")]


def test_one_price_can_be_changed_at_its_own_address(netsuite: NetSuite) -> None:
    item = new_item(netsuite, "COAT", price={"items": [price(499), price(450, quantity={"value": 5})]})
    address = f"{RECORDS}/inventoryItem/{item}/price/currencypage=1,pricelevel=1,quantity=5"
    assert netsuite.http.patch(address, json={"price": 425}).status_code == 204
    assert prices_of(netsuite, item) == [("Base Price", "SEK", "499"), ("Base Price", "SEK", "425")]
    gone = address.replace("quantity=5", "quantity=7")
    assert netsuite.http.patch(gone, json={"price": 1}).status_code == 404


def test_only_prices_are_changed_at_an_address_of_their_own(netsuite: NetSuite) -> None:
    item = new_item(netsuite, "COAT")
    address = f"{RECORDS}/inventoryItem/{item}/subsidiary/{netsuite.subsidiary}"
    assert netsuite.http.patch(address, json={"id": "3"}).status_code == 405


def test_an_emptied_price_is_no_price(netsuite: NetSuite) -> None:
    item = new_item(netsuite, "COAT", price={"items": [price(499), price(39.95, POUND)]})
    emptied = {"price": {"items": [{**price(0, POUND), "price": None}]}}
    assert netsuite.http.patch(f"{RECORDS}/inventoryItem/{item}", json=emptied).status_code == 204
    assert prices_of(netsuite, item) == [("Base Price", "SEK", "499")]


def test_whatever_changes_an_item_moves_its_modified_time(netsuite: NetSuite) -> None:
    item = new_item(netsuite, "COAT", price={"items": [price(499)]})

    def modified() -> str:
        (row,) = netsuite.query(
            "SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS at FROM item WHERE id = ?", item
        )
        return row["at"]

    assert modified() == "2026-03-04 12:00:00"
    for hour, body in enumerate(({"displayName": "Coat"}, {"price": {"items": [price(450)]}}), start=1):
        netsuite.clock.set(datetime(2026, 3, 4, 12, tzinfo=UTC) + timedelta(hours=hour))
        netsuite.http.patch(f"{RECORDS}/inventoryItem/{item}", json=body)
        assert modified() == f"2026-03-04 {12 + hour}:00:00"


@pytest.mark.parametrize(("include_children", "found"), [(True, ["1", "2", "3"]), (False, ["1"])])
def test_an_item_of_the_group_is_one_of_its_subsidiaries_where_it_says_so(
    netsuite: NetSuite, include_children: bool, found: list[str]
) -> None:
    group = {"items": [{"id": "1"}]}
    item = new_item(netsuite, "COAT", subsidiary=group, includeChildren=include_children)
    rows = netsuite.query("SELECT subsidiary FROM itemSubsidiaryMap WHERE item = ? ORDER BY subsidiary", item)
    assert [row["subsidiary"] for row in rows] == found


def test_a_deleted_item_leaves_no_price_and_no_subsidiary(netsuite: NetSuite) -> None:
    item = new_item(netsuite, "COAT", price={"items": [price(499)]})
    assert netsuite.http.delete(f"{RECORDS}/inventoryItem/{item}").status_code == 204
    for table in ("itemPrice", "itemSubsidiaryMap"):
        assert netsuite.query(f"SELECT item FROM {table} WHERE item = ?", item) == []


def test_skus_may_differ_by_case_alone_and_may_not_be_equal(netsuite: NetSuite) -> None:
    new_item(netsuite, "COAT")
    new_item(netsuite, "Coat")
    assert netsuite.post("serviceSaleItem", {"itemId": "COAT"}).status_code == 400


def test_a_freed_sku_can_be_used_again(netsuite: NetSuite) -> None:
    item = new_item(netsuite, "COAT")
    netsuite.http.patch(f"{RECORDS}/inventoryItem/{item}", json={"itemId": "COAT-OLD"})
    new_item(netsuite, "COAT")


def test_a_price_level_without_vat_opens_with_what_is_left_of_the_price() -> None:
    world = make_world(seed=3, stores=2, days=1)
    world = replace(world, price_levels=(PriceLevel(1, "Base Price", holds_vat=False),))
    rates = {(group.eshopid, group.vatid): group.rate_bp for group in world.product_groups}
    currencies = {currency.code: currency.internal_id for currency in world.currencies}
    account = opened(world)
    for product in world.products:
        item = account.referred("item", product.netsuite_item or 0)
        stored = {line["currencyPage"]: Decimal(str(line["price"])) for line in item.sublists["price"]}
        for site in world.sites:
            rate = rates[site.eshopid, product.group[site.eshopid]]
            with_vat = stored[currencies[site.currency]] * (10_000 + rate) / 100
            # Four decimals are enough to come back to the öre and penny.
            assert with_vat.to_integral_value() == product.price_minor[site.currency]


def test_the_customers_netsuite_knows_are_there_before_the_trade() -> None:
    world = make_world(seed=3, stores=2, days=1)
    account = opened(world)
    known = {person.netsuite_customer: person for person in world.customers if person.netsuite_customer is not None}
    assert known
    for internal_id, person in known.items():
        record = account.get(RECORD_TYPES["customer"], internal_id)
        assert record.fields["email"] == person.email
        assert record.fields.get("mobilePhone", "") == person.mobile
        assert record.fields["isPerson"] is not bool(person.company)
        assert record.fields["subsidiary"] == world.subsidiary_of(person.eshopid).internal_id
    ids = account.ids(RECORD_TYPES["customer"])
    assert len(ids) == len(world.shops) + len(known)


def test_a_customers_mobile_number_is_shown_to_queries(netsuite: NetSuite) -> None:
    body = {"firstName": "Edda", "lastName": "Quillby", "isPerson": True, "subsidiary": {"id": "2"}}
    answer = netsuite.post("customer", {**body, "mobilePhone": "+46701740699", "externalId": "CUST-1"})
    assert answer.status_code == 204
    rows = netsuite.query("SELECT mobilephone, isinactive FROM customer WHERE externalid = 'CUST-1'")
    assert rows == [{"mobilephone": "+46701740699", "isinactive": "F"}]


def opened(world: World) -> Account:
    """The account of a world, without HTTP."""
    clock = SandboxClock(datetime(2026, 3, 4, 12, tzinfo=UTC))
    account = Account(clock, Settings(), Mirror(duckdb.connect()))
    open_account(account, world)
    return account


def test_a_retailers_kits_and_goods_told_apart_are_there_where_the_world_has_them() -> None:
    world = make_world(seed=1, stores=1, days=1, hard_to_stock=True)
    mirror = Mirror(connection := duckdb.connect(":memory:"))
    account = Account(SandboxClock(datetime(2026, 3, 4, tzinfo=UTC)), Settings(), mirror)
    open_account(account, world)
    mirror.write(mirror.take())
    flags = "SELECT itemid FROM item WHERE islotitem = 'T' OR isserialitem = 'T' OR usebins = 'T' ORDER BY itemid"
    assert connection.execute(flags).fetchall() == [("BIN-001",), ("LOT-001",), ("SERIAL-001",)]
    members = "SELECT p.itemid, m.quantity FROM itemmember m JOIN item p ON p.id = m.parentitem ORDER BY m.linenumber"
    assert connection.execute(members).fetchall() == [("KIT-001", 1), ("KIT-001", 2)]
