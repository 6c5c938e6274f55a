"""Products of the Sitoo sandbox over real HTTP: reading, writing one or many, what is refused, and variant groups."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, Served, authorization, served

PRODUCTS = "/sites/1/products"
GONE = {"statuscode": 404, "errortext": "Resource not found"}


@pytest.fixture(scope="module")
def sitoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("sitoo"), orders=1) as running:
        yield running


def made(sitoo: Served, sku: str, **fields: Any) -> int:
    """A new product at site 1: its productid."""
    answer = sitoo.ask("POST", PRODUCTS, {"sku": sku, "active": True, "activepos": True, **fields})
    assert answer.status_code == 200, answer.text
    productid = answer.json()
    assert isinstance(productid, int)
    return productid


def shown(sitoo: Served, productid: int) -> dict[str, Any]:
    """Every field of a product."""
    record: dict[str, Any] = sitoo.get(f"{PRODUCTS}/{productid}").json()
    return record


def full_variants(sitoo: Served, productid: int) -> list[dict[str, Any]]:
    """The variants of a group as they have to be written: with the fields that only their products show, and with an
    empty text for a barcode that is none.
    """
    variants = sitoo.get(f"{PRODUCTS}/{productid}/productvariants").json()["variants"]
    return [
        {**only_written(sitoo, variant["productid"]), **variant, "barcode": variant["barcode"] or ""}
        for variant in variants
    ]


def only_written(sitoo: Served, productid: int) -> dict[str, Any]:
    """What a variant is written with and not shown with, as its product shows it."""
    record = shown(sitoo, productid)
    return {field: record[field] for field in ("active", "deliverystatus", "moneyofferprice", "friendly")}


def variant(sku: str, attributes: list[str], productid: int = 0, **fields: Any) -> dict[str, Any]:
    """A variant with all that one needs."""
    return {
        "productid": productid,
        "activepos": True,
        "title": f"Coat {sku}",
        "sku": sku,
        "moneyprice": "499.00",
        "moneypriceorg": "499.00",
        "moneypricein": "200.00",
        "barcode": "",
        "attributes": attributes,
        "active": True,
        "deliverystatus": "",
        "moneyofferprice": "0.00",
        "friendly": "",
        **fields,
    }


# ---------------------------------------------------------------- reading


def test_products_are_paged_by_id_and_show_the_named_fields(sitoo: Served) -> None:
    page = sitoo.get(PRODUCTS, start=2, num=3, fields="productid,sku,title,nosuchfield", includeinactive="true").json()
    world = sitoo.world.products[2:5]
    assert page["totalcount"] >= len(sitoo.world.products)
    assert page["items"] == [
        {"productid": product.productid, "sku": product.sku, "title": product.title} for product in world
    ]


def test_a_product_of_the_world_shows_its_price_barcode_and_vat_group(sitoo: Served) -> None:
    product = sitoo.world.products[0]
    record = shown(sitoo, product.productid)
    assert record["moneyprice"] == record["moneypriceorg"] == f"{product.price_minor['SEK'] / 100:.2f}"
    assert (record["barcode"], record["vatid"], record["vatvalue"]) == (product.barcode, product.group[1], 25)
    assert (record["variantparentid"], record["variant"], record["pricelisthasvolume"]) == (None, [], False)


def test_many_skus_are_asked_for_in_one_list_and_unknown_ones_are_left_out(sitoo: Served) -> None:
    known = [product.sku for product in sitoo.world.products[:3]]
    answer = sitoo.get(PRODUCTS, sku=",".join([*known, "NO-SUCH"]), num=100).json()
    assert [record["sku"] for record in answer["items"]] == known
    assert answer["totalcount"] == 3


def test_a_product_that_is_inactive_at_the_till_or_in_the_web_shop_is_hidden_unless_asked_for(sitoo: Served) -> None:
    made(sitoo, "HIDDEN-1", activepos=False)
    made(sitoo, "HIDDEN-2", active=False)
    assert sitoo.get(PRODUCTS, sku="HIDDEN-1,HIDDEN-2").json()["totalcount"] == 0
    assert sitoo.get(PRODUCTS, sku="HIDDEN-1,HIDDEN-2", includeinactive="true").json()["totalcount"] == 2


def test_a_change_moves_datemodified_and_is_found_by_it(sitoo: Served) -> None:
    now = sitoo.clock.epoch()
    first, second = sitoo.world.products[10], sitoo.world.products[11]
    sitoo.at(now + 60)
    assert sitoo.ask("PUT", f"{PRODUCTS}/{first.productid}", {"title": "Renamed"}).json() is True
    sitoo.at(now + 120)
    sitoo.catalogue.change(1, second.sku, title="Renamed by hand")
    changed = sitoo.get(PRODUCTS, datelastmodified=now, fields="sku,datemodified", includeinactive="true").json()
    assert changed["items"] == [
        {"sku": first.sku, "datemodified": now + 60},
        {"sku": second.sku, "datemodified": now + 120},
    ]
    assert sitoo.get(PRODUCTS, datelastmodified=now + 60).json()["totalcount"] == 1


# ---------------------------------------------------------------- writing


def test_one_new_product_answers_its_bare_id_and_is_in_the_default_group(sitoo: Served) -> None:
    productid = made(sitoo, "NEW-1", title="New", moneyprice="249.00", barcode="7312345678901", custom1="shelf 4")
    record = shown(sitoo, productid)
    assert (record["sku"], record["moneyprice"], record["vatid"]) == ("NEW-1", "249.00", 2)
    assert (record["barcode"], record["custom1"], record["datecreated"]) == (
        "7312345678901",
        "shelf 4",
        sitoo.clock.epoch(),
    )
    assert record["productid"] == productid > max(product.productid for product in sitoo.world.products)


def test_a_product_is_inactive_until_somebody_says_otherwise(sitoo: Served) -> None:
    productid = sitoo.ask("POST", PRODUCTS, {"sku": "SILENT-1"}).json()
    record = shown(sitoo, productid)
    assert (record["active"], record["activepos"], record["moneyprice"]) == (False, False, "0.00")


def test_a_change_leaves_every_other_field_as_it_was(sitoo: Served) -> None:
    productid = made(sitoo, "PARTIAL-1", title="Kept", moneyprice="10.00", barcodealiases=["123"])
    before = shown(sitoo, productid)
    assert sitoo.ask("PUT", f"{PRODUCTS}/{productid}", {"barcode": "96385074"}).json() is True
    assert shown(sitoo, productid) == {**before, "barcode": "96385074"}


def test_a_barcode_is_taken_away_with_empty_text_and_never_with_null(sitoo: Served) -> None:
    productid = made(sitoo, "BARE-1", barcode="96385074")
    refused = sitoo.ask("PUT", f"{PRODUCTS}/{productid}", {"barcode": None})
    assert (refused.status_code, refused.json()) == (400, {"statuscode": 400, "errortext": "Invalid value"})
    assert sitoo.ask("PUT", f"{PRODUCTS}/{productid}", {"barcode": ""}).json() is True
    assert shown(sitoo, productid)["barcode"] is None


@pytest.mark.parametrize(
    ("fields", "errortext"),
    [
        ({}, "Missing required field 'sku'."),
        ({"sku": ""}, "Invalid value in sku"),
        ({"sku": "KÖK 1"}, "Invalid value in sku"),
        ({"sku": 5}, "Invalid field value 'sku' should be string."),
        ({"sku": "X-1", "activepos": "yes"}, "Invalid field value 'activepos' should be boolean."),
        ({"sku": "X-1", "barcodealiases": [7]}, "Invalid value in barcodealiases (Not string)"),
        ({"sku": "X-1", "moneyprice": "12,50"}, "Invalid value in moneyprice"),
        ({"sku": "X-1", "moneyprice": 12.5}, "Invalid field value 'moneyprice' should be string."),
        ({"sku": "X-1", "vatid": 99}, "Invalid value in vatid"),
        ([], None),
        ("text", "Invalid value"),
    ],
)
def test_what_sitoo_does_not_take_is_refused_by_name(sitoo: Served, fields: Any, errortext: str | None) -> None:
    before = len(sitoo.catalogue.skus(1))
    answer = sitoo.ask("POST", PRODUCTS, fields)
    if errortext is None:
        assert answer.json() == []
    else:
        assert (answer.status_code, answer.json()) == (400, {"statuscode": 400, "errortext": errortext})
    assert len(sitoo.catalogue.skus(1)) == before


def test_a_body_that_is_no_json_is_a_400(sitoo: Served) -> None:
    url, headers = f"{sitoo.account_url}{PRODUCTS}", authorization("1500-140")
    assert httpx.post(url, content=b"{", headers=headers).json()["statuscode"] == 400


def test_a_batch_answers_200_with_an_entry_for_each_item_in_order(sitoo: Served) -> None:
    answer = sitoo.ask("POST", PRODUCTS, [{"sku": "BATCH-1"}, {"sku": "not one"}, {"sku": "BATCH-2"}])
    first, second, third = answer.json()
    assert answer.status_code == 200
    assert second == {"statuscode": 400, "errortext": "Invalid value in sku"}
    assert [entry["statuscode"] for entry in (first, third)] == [200, 200]
    changed = sitoo.ask(
        "PUT",
        PRODUCTS,
        [{"productid": first["return"], "title": "One"}, {"productid": 999_999, "title": "Two"}, {"title": "Three"}],
    )
    assert changed.json() == [
        {"statuscode": 200, "return": True},
        GONE,
        {"statuscode": 400, "errortext": "Missing required field 'productid'."},
    ]
    gone = sitoo.ask("DELETE", PRODUCTS, [{"productid": third["return"]}, {"productid": third["return"]}])
    assert gone.json() == [{"statuscode": 200, "return": True}, GONE]
    assert shown(sitoo, first["return"])["title"] == "One"


def test_several_keys_may_make_products_at_once(sitoo: Served) -> None:
    def make(place: int) -> list[int]:
        body = [{"sku": f"CROWD-{place}-{number}"} for number in range(40)]
        answer = sitoo.ask("POST", PRODUCTS, body, key=f"1500-14{place}")
        return [entry["return"] for entry in answer.json()]

    with ThreadPoolExecutor(3) as threads:
        ids = [productid for made_ids in threads.map(make, range(3)) for productid in made_ids]
    assert len(set(ids)) == 120
    skus = [sku for sku in sitoo.catalogue.skus(1) if sku.startswith("CROWD-")]
    assert len(skus) == len(set(skus)) == 120


def test_a_deleted_product_is_gone_with_its_prices(sitoo: Served) -> None:
    productid = made(sitoo, "DOOMED-1", moneyprice="5.00")
    assert sitoo.ask("DELETE", f"{PRODUCTS}/{productid}").json() is True
    assert sitoo.get(f"{PRODUCTS}/{productid}").json() == GONE
    assert sitoo.get(PRODUCTS, sku="DOOMED-1", includeinactive="true").json()["totalcount"] == 0
    assert sitoo.ask(
        "PUT", "/sites/1/pricelists/1/pricelistitems", [{"sku": "DOOMED-1", "moneyprice": "6.00"}]
    ).json() == [GONE]


def test_a_sku_may_change_its_case_alone(sitoo: Served) -> None:
    productid = made(sitoo, "case-1")
    assert sitoo.ask("PUT", f"{PRODUCTS}/{productid}", {"sku": "CASE-1"}).json() is True
    assert sitoo.get(PRODUCTS, sku="case-1", includeinactive="true").json()["totalcount"] == 0
    assert sitoo.get(PRODUCTS, sku="CASE-1", includeinactive="true").json()["totalcount"] == 1


@pytest.mark.parametrize(("handling", "status", "left"), [("accept", 200, 2), ("refuse", 400, 1)])
def test_whether_a_sku_can_be_had_twice_is_as_set(tmp_path: Path, handling: Any, status: int, left: int) -> None:
    with served(tmp_path, orders=1, settings=SitooSettings(doubled_sku=handling)) as sitoo:
        made(sitoo, "TWICE-1")
        assert sitoo.ask("POST", PRODUCTS, {"sku": "TWICE-1"}).status_code == status
        assert sitoo.catalogue.skus(1).count("TWICE-1") == left


def test_sites_do_not_share_products(sitoo: Served) -> None:
    made(sitoo, "SWEDISH-1")
    assert sitoo.get("/sites/2/products", sku="SWEDISH-1", includeinactive="true").json()["totalcount"] == 0
    guid = sitoo.get("/sites").json()["items"][0]["siteid"]
    assert sitoo.get(f"/sites/{guid}/products").json() == {"totalcount": 0, "items": []}
    assert sitoo.ask("POST", f"/sites/{guid}/products", {"sku": "X"}).status_code == 404


def test_a_vat_group_can_be_made_and_changed_and_its_products_show_the_new_rate(sitoo: Served) -> None:
    vatid = sitoo.ask("POST", "/sites/1/productgroups", {"productgroupname": "Repairs", "value": 12}).json()
    productid = made(sitoo, "REPAIR-1", vatid=vatid)
    assert sitoo.ask("PUT", f"/sites/1/productgroups/{vatid}", {"value": 17.5}).json() is True
    assert sitoo.get(f"/sites/1/productgroups/{vatid}").json()["productgrouptype"] == 10
    assert shown(sitoo, productid)["vatvalue"] == 17.5
    assert sitoo.get("/sites/1/productgroups/99").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/sites/1/orders"),
        ("PUT", "/sites/1/orders/101"),
        ("DELETE", "/sites/1/orders/101"),
        ("POST", "/sites/1/pospaymenttypes"),
        ("PUT", "/sites/1/warehouses/1"),
        ("POST", "/sites/1/warehouses/1/warehouseitems"),
        ("PATCH", "/sites/1/products"),
    ],
)
def test_what_is_only_read_cannot_be_written(sitoo: Served, method: str, path: str) -> None:
    assert sitoo.ask(method, path, {}).json()["statuscode"] == 405


def test_there_is_nothing_to_write_gift_cards_to(sitoo: Served) -> None:
    assert sitoo.ask("POST", "/sites/1/giftcards", {}).json() == {"statuscode": 404, "errortext": "Url is invalid"}


# ---------------------------------------------------------------- variants


def test_the_worlds_matrix_children_are_the_variants_of_one_group(sitoo: Served) -> None:
    children = [product for product in sitoo.world.products if product.parent == 901]
    main = min(product.productid for product in children)
    record = shown(sitoo, children[1].productid)
    assert record["variantparentid"] == main
    assert record["variant"] == [{"name": name, "value": value} for name, value in children[1].options.items()]
    group = sitoo.get(f"{PRODUCTS}/{children[1].productid}/productvariants").json()
    assert [entry["name"] for entry in group["groups"]] == ["Colour", "Size"]
    assert [entry["sku"] for entry in group["variants"]] == [product.sku for product in children]


def test_a_group_is_made_around_its_main_variant_and_read_again_for_the_new_ids(sitoo: Served) -> None:
    main = made(sitoo, "COAT-S", vatid=3)
    alone = made(sitoo, "COAT-M", custom1="kept")
    groups = [{"name": "Size", "options": ["S", "M", "L"]}]
    body = {
        "groups": groups,
        "variants": [variant("COAT-S", ["S"], main), variant("COAT-M", ["M"], alone), variant("COAT-L", ["L"])],
    }
    assert sitoo.ask("PUT", f"{PRODUCTS}/{main}/productvariants", body).json() is True
    group = sitoo.get(f"{PRODUCTS}/{main}/productvariants").json()
    first, second, third = group["variants"]
    assert group["groups"] == groups
    assert (first["productid"], second["productid"]) == (main, alone)
    assert (third["sku"], third["attributes"], third["moneyprice"], third["barcode"]) == (
        "COAT-L",
        ["L"],
        "499.00",
        None,
    )
    new = shown(sitoo, third["productid"])
    assert (new["variantparentid"], new["variant"], new["vatid"]) == (main, [{"name": "Size", "value": "L"}], 3)
    assert shown(sitoo, alone)["custom1"] == "kept"
    assert sitoo.get(PRODUCTS, sku="COAT-L").json()["totalcount"] == 1


def test_a_variant_left_out_is_deleted(sitoo: Served) -> None:
    main = made(sitoo, "HAT-S")
    groups = [{"name": "Size", "options": ["S", "M"]}]
    both = [variant("HAT-S", ["S"], main), variant("HAT-M", ["M"])]
    sitoo.ask("PUT", f"{PRODUCTS}/{main}/productvariants", {"groups": groups, "variants": both})
    _, other = full_variants(sitoo, main)
    sitoo.ask("PUT", f"{PRODUCTS}/{main}/productvariants", {"groups": groups, "variants": both[:1]})
    assert [entry["productid"] for entry in full_variants(sitoo, main)] == [main]
    assert sitoo.get(f"{PRODUCTS}/{other['productid']}").status_code == 404


def test_what_was_read_can_be_written_back_and_changes_nothing(sitoo: Served) -> None:
    child = next(product for product in sitoo.world.products if product.parent == 902)
    path = f"{PRODUCTS}/{child.productid}/productvariants"
    before = sitoo.get(path).json()
    assert not {"active", "deliverystatus", "moneyofferprice", "friendly"} & before["variants"][0].keys()
    whole = {"groups": before["groups"], "variants": full_variants(sitoo, child.productid)}
    assert sitoo.ask("PUT", path, whole).json() is True
    assert sitoo.get(path).json() == before


@pytest.mark.parametrize("field", ["active", "deliverystatus", "friendly", "moneyofferprice", "attributes", "barcode"])
def test_a_variant_needs_every_field_even_the_old_ones(sitoo: Served, field: str) -> None:
    main = sitoo.world.products[0].productid
    incomplete = variant(sitoo.world.products[0].sku, [], main)
    del incomplete[field]
    answer = sitoo.ask("PUT", f"{PRODUCTS}/{main}/productvariants", {"groups": [], "variants": [incomplete]})
    assert answer.json() == {"statuscode": 400, "errortext": f"Missing required field '{field}'."}


@pytest.mark.parametrize("wrong", ["no main", "doubled", "another's", "no option", "too few", "old field", "null"])
def test_a_group_that_does_not_hold_together_is_refused_whole(sitoo: Served, wrong: str) -> None:
    product = sitoo.world.products[3]
    before = shown(sitoo, product.productid)
    right, new = variant(product.sku, ["S"], product.productid), variant("NEVER-MADE", ["M"])
    others = next(entry for entry in sitoo.world.products if entry.parent == 903)
    bad = {
        "no main": [new],
        "doubled": [right, right],
        "another's": [right, variant(others.sku, ["M"], others.productid)],
        "no option": [right, {**new, "attributes": ["XXL"]}],
        "too few": [right, {**new, "attributes": []}],
        "old field": [right, {**new, "deliverystatus": 5}],
        "null": [right, {**new, "barcode": None}],
    }[wrong]
    body = {"groups": [{"name": "Size", "options": ["S", "M"]}], "variants": bad}
    assert sitoo.ask("PUT", f"{PRODUCTS}/{product.productid}/productvariants", body).status_code == 400
    assert shown(sitoo, product.productid) == before
    assert "NEVER-MADE" not in sitoo.catalogue.skus(1)


def test_a_product_outside_every_group_has_no_variants(sitoo: Served) -> None:
    path = f"{PRODUCTS}/{sitoo.world.products[0].productid}/productvariants"
    assert sitoo.get(path).json() == {"groups": [], "variants": []}


def test_a_group_ends_with_its_options(sitoo: Served) -> None:
    main = made(sitoo, "SOCK-S")
    path = f"{PRODUCTS}/{main}/productvariants"
    groups = [{"name": "Size", "options": ["S", "M"]}]
    sitoo.ask("PUT", path, {"groups": groups, "variants": [variant("SOCK-S", ["S"], main), variant("SOCK-M", ["M"])]})
    assert sitoo.ask("PUT", path, {"groups": [], "variants": [variant("SOCK-S", [], main)]}).json() is True
    assert sitoo.get(path).json() == {"groups": [], "variants": []}
    assert shown(sitoo, main)["variantparentid"] is None


def test_without_its_main_variant_a_group_is_no_more(sitoo: Served) -> None:
    children = [product for product in sitoo.world.products if product.parent == 904]
    sitoo.ask("DELETE", f"{PRODUCTS}/{children[1].productid}")
    sitoo.ask("DELETE", f"{PRODUCTS}/{children[0].productid}")
    left = shown(sitoo, children[2].productid)
    assert (left["variantparentid"], left["variant"]) == (None, [])


# ---------------------------------------------------------------- the door


def test_before_each_request_that_is_let_in_something_may_happen(tmp_path: Path) -> None:
    happened: list[str] = []
    with served(tmp_path, orders=1, before_request=lambda: happened.append("now")) as sitoo:
        sitoo.get("/sites")
        httpx.get(f"{sitoo.account_url}/sites")
        httpx.get(f"{sitoo.root}/sandbox/clock")
        sitoo.ask("POST", PRODUCTS, {"sku": "X-1"})
        assert happened == ["now", "now"]
        assert sitoo.clock.epoch() == OPENING
