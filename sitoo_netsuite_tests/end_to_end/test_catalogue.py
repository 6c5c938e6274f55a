"""The catalogue from NetSuite's items to the till's price, against both sandboxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from sitoo_netsuite.estate import CatalogueSettings, Estate, PriceListSource
from sitoo_netsuite.estate import PriceLevel as PriceLevelSetting
from sitoo_netsuite.flows.catalogue import steps, touched
from sitoo_netsuite.flows.catalogue.landing import land_skus
from sitoo_netsuite.flows.catalogue.netsuite_side import land_changed_items, land_items
from sitoo_netsuite.flows.catalogue.products import TITLE
from sitoo_netsuite.flows.catalogue.push import SitePush
from sitoo_netsuite.flows.catalogue.sitoo_side import land_changed_products, land_till_catalogue
from sitoo_netsuite.flows.catalogue.steps import CatalogueRun, planned_products, run_catalogue
from sitoo_netsuite.flows.catalogue.writes import SiteWrites, Write
from sitoo_netsuite.sandbox.recorder import Fault
from sitoo_netsuite.sandbox.world import PriceLevel, World, make_world
from sitoo_netsuite.sitoo.errors import SitooUnavailable
from sitoo_netsuite.sitoo.models import ProductVariants
from sitoo_netsuite.worklist.store import list_cases, resolve_case
from sitoo_netsuite_tests.flows.catalogue.served_catalogue import ServedCatalogue, served_catalogue

SWEDEN, BRITAIN = 1, 2
KRONA, POUND = "1", "2"


_BAD = "LAMP (OLD)"


@dataclass
class Chain:
    """A retailer whose catalogue is run from end to end; every run is some minutes after the last."""

    served: ServedCatalogue
    connection: psycopg.Connection
    estate: Estate
    runs: int = 0

    def run(self) -> CatalogueRun:
        """Reads both sides whole and compares everything, as at night."""
        estate, now = self.estate, self.served.later(minutes=20)
        self.served.with_netsuite(lambda client: land_items(self.connection, client, estate, now))
        land_till_catalogue(self.connection, self.served.sitoo, estate, now)
        return self._push(None)

    def run_changes(self) -> CatalogueRun:
        """Reads what changed on either side and compares that, as every few minutes."""
        estate, now = self.estate, self.served.later(minutes=20)
        self.served.with_netsuite(lambda client: land_changed_items(self.connection, client, estate, now))
        land_changed_products(self.connection, self.served.sitoo, estate, now)
        return self._push(touched.take(self.connection, f"run {self.runs + 1}"))

    def _push(self, skus: set[str] | None) -> CatalogueRun:
        self.runs += 1
        run_id = f"run {self.runs}"
        found = run_catalogue(self.connection, self.served.sitoo, self.estate, self.served.now, run_id, skus=skus)
        touched.clear(self.connection, run_id)
        return found

    def new_item(self, sku: str, **fields: Any) -> int:
        """Somebody makes an item of both countries in NetSuite; its internal id."""
        return self.served.netsuite(
            "POST",
            "inventoryItem",
            {
                "itemId": sku,
                "displayName": f"Title of {sku}",
                "subsidiary": {"items": [{"id": "2"}, {"id": "3"}]},
                "taxSchedule": {"id": "1"},
                "custitem_for_tills": True,
                **fields,
            },
        )

    def change_item(self, item: int, **fields: Any) -> None:
        self.served.netsuite("PATCH", f"inventoryItem/{item}", fields)

    def item(self, sku: str) -> int:
        """Internal id of an item that the world opened with."""
        return next(p.netsuite_item for p in self.served.world.products if p.sku == sku and p.netsuite_item)

    def till(self, eshopid: int, sku: str) -> tuple[int, str] | None:
        """What the till of a site would charge: minor units with VAT and the currency."""
        found = self.served.tills.till(eshopid, sku)
        return None if found is None else (found.price_minor, found.currency)

    def writes(self) -> list[dict[str, Any]]:
        """Requests to Sitoo other than GET, so far."""
        return [request for request in self.served.sitoo_requests.requests_after(0) if request["method"] != "GET"]

    def cases(self) -> list[tuple[str, str]]:
        return sorted((case["kind"], case["key"]) for case in list_cases(self.connection))

    def evidence(self, kind: str) -> dict[str, Any]:
        (case,) = (case for case in list_cases(self.connection) if case["kind"] == kind)
        evidence: dict[str, Any] = case["evidence"]
        return evidence


def price(krona: float | None = None, pound: float | None = None) -> dict[str, Any]:
    """Prices of one unit in the level that the tills' lists are filled from."""
    amounts = ((KRONA, krona), (POUND, pound))
    return {
        "items": [
            {"priceLevel": {"id": "1"}, "currencyPage": {"id": currency}, "price": amount}
            for currency, amount in amounts
            if amount is not None
        ]
    }


@pytest.fixture
def serve(tmp_path: Path, connection: psycopg.Connection) -> Iterator[Callable[[World], Chain]]:
    """Starts a retailer of a world of one's own."""
    with ExitStack() as stack:

        def start(world: World) -> Chain:
            served = stack.enter_context(served_catalogue(tmp_path, world))
            return Chain(served, connection, served.estate)

        yield start


@pytest.fixture
def chain(serve: Callable[[World], Chain]) -> Chain:
    return serve(make_world(seed=1, stores=2, days=2))


def new_jacket(chain: Chain) -> list[int]:
    """A jacket in three variants with prices in two currencies; the internal ids of the variants."""
    parent = chain.new_item("JACKET", matrixType={"id": "PARENT"})
    variants = (("Moss", "S", "7310000000010"), ("Moss", "M", "7310000000027"), ("Rust", "S", "7310000000034"))
    return [
        chain.new_item(
            f"JACKET-{colour}-{size}".upper(),
            matrixType={"id": "CHILD"},
            parent={"id": str(parent)},
            custitem_colour=colour,
            custitem_size=size,
            upcCode=barcode,
            price=price(1249.50, 99.95),
        )
        for colour, size, barcode in variants
    ]


JACKETS = ("JACKET-MOSS-S", "JACKET-MOSS-M", "JACKET-RUST-S")


def test_tills_that_have_what_netsuite_has_are_not_written_to(chain: Chain) -> None:
    assert chain.run().counts == {}
    assert chain.run().compared.nothing_to_do
    assert chain.run_changes().compared.nothing_to_do
    assert chain.writes() == []
    assert chain.cases() == []


def test_an_item_in_three_variants_and_two_currencies_can_be_sold_after_one_run(chain: Chain) -> None:
    chain.run()
    new_jacket(chain)
    run = chain.run_changes()
    assert run.counts == {"create done": 6, "variants done": 6}
    for sku in JACKETS:
        assert chain.till(SWEDEN, sku) == (124950, "SEK")
        assert chain.till(BRITAIN, sku) == (9995, "GBP")
        product = chain.served.tills.product(SWEDEN, sku)
        assert product["title"] == f"Title of {sku}"
        assert product["activepos"]
        assert product["vatid"] == 2
    main = chain.served.tills.product(SWEDEN, JACKETS[0])
    assert main["barcode"] == "7310000000010"
    assert {chain.served.tills.product(SWEDEN, sku)["variantparentid"] for sku in JACKETS} == {main["productid"]}
    assert chain.served.tills.product(SWEDEN, "JACKET-RUST-S")["variant"] == [
        {"name": "Colour", "value": "Rust"},
        {"name": "Size", "value": "S"},
    ]
    assert chain.cases() == []
    writes = len(chain.writes())
    assert chain.run().counts == {}
    assert len(chain.writes()) == writes


def test_a_price_change_arrives_with_the_next_run_and_nothing_else_is_sent(chain: Chain) -> None:
    chain.run()
    before = len(chain.writes())
    chain.change_item(chain.item("HOM-001"), price=price(krona=99))
    assert chain.run_changes().counts == {"price done": 1}
    assert chain.till(SWEDEN, "HOM-001") == (9900, "SEK")
    (request,) = chain.writes()[before:]
    assert request["path"].endswith("/sites/1/products.json")
    assert chain.run_changes().counts == {}


def test_prices_without_vat_are_right_at_a_till_that_shows_it(serve: Callable[[World], Chain]) -> None:
    world = make_world(seed=1, stores=2, days=2)
    chain = serve(replace(world, price_levels=(PriceLevel(1, "Base Price", holds_vat=False),)))
    assert chain.run().counts == {}
    chain.new_item("LAMP", price=price(399.99, 33.29))
    chain.run_changes()
    # 399.99 x 1.25 = 499.9875 and 33.29 x 1.2 = 39.948, rounded once.
    assert chain.till(SWEDEN, "LAMP") == (49999, "SEK")
    assert chain.till(BRITAIN, "LAMP") == (3995, "GBP")
    assert chain.cases() == []


def test_one_sku_is_pushed_now_without_reading_the_rest(chain: Chain) -> None:
    chain.run()
    item = chain.item("HOM-002")
    chain.change_item(item, displayName="Vase, now")
    served, connection = chain.served, chain.connection
    served.with_netsuite(
        lambda client: land_skus(connection, served.sitoo, client, served.estate, served.now(), ["HOM-002"])
    )
    run = run_catalogue(connection, served.sitoo, served.estate, served.now, "now", skus=["HOM-002"])
    assert run.counts == {"change done": 2}
    assert served.tills.product(SWEDEN, "HOM-002")["title"] == "Vase, now"


def test_what_somebody_changes_in_sitoo_is_put_back_and_told_until_a_person_resolves_it(chain: Chain) -> None:
    chain.run()
    right = chain.till(SWEDEN, "HOM-001")
    chain.served.tills.change(SWEDEN, "HOM-001", title="Vase, cheap", moneyprice="1.00")
    run = chain.run_changes()
    assert run.counts == {"change done": 1}
    assert {drift.field for _, drift in run.drifts} == {"title", "price:1"}
    assert chain.till(SWEDEN, "HOM-001") == right
    for _ in range(2):
        assert chain.cases() == [("catalogue_drift", "1/HOM-001")]
        drifts = {drift["field"]: drift for drift in chain.evidence("catalogue_drift")["drifts"]}
        assert drifts["title"]["sitoo"] == "Vase, cheap"
        assert drifts["title"]["changed_at"] is not None
        assert drifts["price:1"]["put_back_at"] is not None
        assert chain.run().counts == {}
    (case,) = list_cases(chain.connection)
    resolve_case(chain.connection, case["id"], "a slip", chain.served.later(minutes=1), "anna")
    chain.run()
    assert chain.cases() == []
    chain.served.tills.change(SWEDEN, "HOM-001", title="Vase, again")
    chain.run()
    assert [drift["sitoo"] for drift in chain.evidence("catalogue_drift")["drifts"]] == ["Vase, again"]


def test_drift_is_only_told_where_the_estate_says_so(chain: Chain) -> None:
    chain.run()
    change_settings(chain, drift="flag")
    chain.served.tills.change(SWEDEN, "HOM-001", title="Vase, cheap")
    for _ in range(2):
        assert chain.run().counts == {}
        (drift,) = chain.evidence("catalogue_drift")["drifts"]
        assert (drift["sitoo"], drift["put_back_at"]) == ("Vase, cheap", None)
    # What NetSuite says anew goes to the tills all the same, and is no drift of its own.
    chain.change_item(chain.item("HOM-001"), displayName="Vase, new")
    assert chain.run().counts == {"change done": 2}
    assert chain.served.tills.product(SWEDEN, "HOM-001")["title"] == "Vase, new"
    (drift,) = chain.evidence("catalogue_drift")["drifts"]
    assert drift["put_back_at"] is not None


def test_one_refused_product_stops_no_other_and_is_not_asked_again_until_it_changes(chain: Chain) -> None:
    chain.run()
    good = chain.new_item("LAMP", price=price(krona=99, pound=9))
    bad = chain.new_item("LAMP (OLD)", price=price(krona=99, pound=9))
    run = chain.run_changes()
    assert run.counts == {"create done": 2, "create refused": 2}
    assert chain.till(SWEDEN, "LAMP") == (9900, "SEK")
    assert chain.cases() == [("product_refused", "1/LAMP (OLD)"), ("product_refused", "2/LAMP (OLD)")]
    touched.touch(chain.connection, ["LAMP (OLD)"])
    assert chain.run_changes().counts == {}
    assert len(chain.cases()) == 2
    # A person who says now has mended something on Sitoo's side.
    by_hand = run_catalogue(
        chain.connection, chain.served.sitoo, chain.estate, chain.served.now, "by hand", skus=[_BAD], refused_too=True
    )
    assert by_hand.counts == {"create refused": 2}
    held = [row["held"] for row in planned_products(run.compared) if "held" in row]
    assert held == []
    chain.change_item(bad, itemId="LAMP-OLD")
    assert chain.run_changes().counts == {"create done": 2}
    assert chain.cases() == []
    chain.change_item(good, isInactive=True)
    assert chain.run_changes().counts == {"change done": 2}
    assert chain.till(SWEDEN, "LAMP") is None


@pytest.mark.parametrize("arrived", [True, False])
def test_a_product_whose_making_got_no_answer_is_never_made_twice(
    chain: Chain, arrived: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.run()
    chain.new_item("LAMP", price=price(krona=99, pound=9))
    lose_next_answer(chain, monkeypatch, "POST", "/sites/1/products.json", arrived=arrived)
    run = chain.run_changes()
    assert run.counts == {"create done": 1, "create in_doubt": 1}
    assert chain.served.tills.skus(SWEDEN).count("LAMP") == arrived
    # If it is there, its group and its prices in further lists are still to be asked for.
    assert chain.connection.execute("select sku from landing.touched_skus").fetchall() == [("LAMP",)]
    # It may still arrive for a while; then it is asked for again.
    touched.touch(chain.connection, ["LAMP"])
    at_once = run_catalogue(
        chain.connection, chain.served.sitoo, chain.estate, chain.served.now, "at once", skus={"LAMP"}
    )
    assert at_once.counts == {}
    assert chain.run_changes().counts == ({} if arrived else {"create done": 1})
    assert chain.served.tills.skus(SWEDEN).count("LAMP") == 1
    assert chain.till(SWEDEN, "LAMP") == (9900, "SEK")
    assert chain.cases() == []


def test_a_price_list_that_is_gone_is_asked_once_for_all_its_prices(chain: Chain) -> None:
    chain.run()
    before = len(chain.writes())
    skus = chain.served.tills.skus(SWEDEN)[:9]
    prices = tuple(
        Write(SWEDEN, sku, "price", {"price:99": ("", "1.00")}, number, 99) for number, sku in enumerate(skus)
    )
    pushing = SitePush(chain.connection, chain.served.sitoo, SWEDEN, 5, chain.served.now, "gone")
    answered = pushing.push(SiteWrites((), (), prices, (), {}))
    assert [answer.outcome for answer in answered] == ["refused"] * 9
    assert len(chain.writes()) == before + 2


def test_what_was_not_sent_because_sitoo_went_away_is_not_in_doubt(chain: Chain) -> None:
    """A batch refused whole is halved; Sitoo is away when the first of its halves is sent."""
    chain.run()
    path = "/v2/accounts/1500/sites/1/products.json"
    chain.served.sitoo_requests.add_fault(Fault(path, 400, 1))
    chain.served.sitoo_requests.add_fault(Fault(path, 429, 9))
    changes = tuple(Write(SWEDEN, sku, "change", {TITLE: ("", sku)}, n) for n, sku in enumerate(("A", "B"), 1))
    with pytest.raises(SitooUnavailable):
        SitePush(chain.connection, chain.served.sitoo, SWEDEN, 5, chain.served.now, "away").push(
            SiteWrites((), changes, (), (), {})
        )
    assert chain.connection.execute("select from master.pushes where run_id = 'away'").fetchall() == []


def test_a_change_without_an_answer_is_made_once_more_and_is_no_drift(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.run()
    chain.change_item(chain.item("HOM-001"), displayName="Vase, new")
    lose_next_answer(chain, monkeypatch, "PUT", "/sites/1/products.json", arrived=False)
    assert chain.run_changes().counts == {"change done": 1, "change in_doubt": 1}
    assert chain.served.tills.product(SWEDEN, "HOM-001")["title"] != "Vase, new"
    assert chain.run_changes().counts == {"change done": 1}
    assert chain.served.tills.product(SWEDEN, "HOM-001")["title"] == "Vase, new"
    assert chain.cases() == []


def test_a_run_that_was_killed_between_asking_and_reading_back_is_taken_up_by_the_next(
    chain: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    chain.run()
    chain.change_item(chain.item("HOM-001"), displayName="Vase, new")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(steps, "_read_back", killed)
        with pytest.raises(KeyboardInterrupt):
            chain.run_changes()
    assert chain.run_changes().counts == {"change done": 1}
    assert {chain.served.tills.product(site, "HOM-001")["title"] for site in (SWEDEN, BRITAIN)} == {"Vase, new"}
    assert chain.cases() == []
    assert chain.run().counts == {}


def test_a_new_variant_joins_the_group_and_nobody_leaves_it(chain: Chain) -> None:
    chain.run()
    parent = next(parent for parent in chain.served.world.matrix_parents)
    sisters = [product.sku for product in chain.served.world.products if product.parent == parent.internal_id]
    # What a variant is written with and not shown with stays as it is, too.
    in_shop = {"active": False, "moneyofferprice": "99.00", "deliverystatus": "Next week", "friendly": "shirt"}
    chain.served.tills.change(SWEDEN, sisters[0], **in_shop)
    chain.served.tills.change(SWEDEN, sisters[1], **{**in_shop, "active": True})
    before = {sku: chain.served.tills.product(SWEDEN, sku) for sku in sisters}
    # Somebody put a product of the till's own into the group.
    stranger = chain.served.tills.add_product(SWEDEN, sku="OWN-1", title="Own", moneyprice="10.00", activepos=True)
    with_stranger(chain, before[sisters[0]]["productid"], stranger)
    chain.new_item(
        "APP-NEW",
        matrixType={"id": "CHILD"},
        parent={"id": str(parent.internal_id)},
        custitem_colour="Violet",
        custitem_size="XXL",
        price=price(krona=299, pound=29),
    )
    assert chain.run_changes().counts == {"create done": 2, "variants done": 2}
    main = before[sisters[0]]["variantparentid"]
    for sku in (*sisters, "APP-NEW", "OWN-1"):
        assert chain.served.tills.product(SWEDEN, sku)["variantparentid"] == main
    for sku in sisters:
        now = chain.served.tills.product(SWEDEN, sku)
        assert {**now, "datemodified": 0} == {**before[sku], "datemodified": 0}
    assert chain.cases() == [("sku_only_in_sitoo", "1/OWN-1")]


def test_a_variant_of_another_group_is_left_there_and_told(chain: Chain) -> None:
    chain.run()
    first, second = (
        [product for product in chain.served.world.products if product.parent == parent.internal_id]
        for parent in chain.served.world.matrix_parents[:2]
    )
    moved = first[1]
    assert moved.netsuite_item is not None
    chain.change_item(moved.netsuite_item, parent={"id": str(second[0].parent)})
    run = chain.run_changes()
    assert "variants done" not in run.counts
    assert chain.cases() == [("product_refused", f"{site}/{moved.sku}") for site in (SWEDEN, BRITAIN)]
    assert {product.sku for product in (*first, *second)} <= set(chain.served.tills.skus(SWEDEN))


def test_what_cannot_be_priced_is_not_priced(chain: Chain) -> None:
    chain.run()
    before = len(chain.writes())
    chain.served.tills.change(SWEDEN, "HOM-001", vatid=3)
    chain.change_item(chain.item("HOM-001"), price=price(krona=1))
    chain.change_item(chain.item("HOM-002"), taxSchedule={"id": "12"}, price=price(krona=1))
    chain.new_item("NO-POUNDS", price=price(krona=5))
    run = chain.run_changes()
    assert run.counts == {"create done": 1}
    assert len(chain.writes()) == before + 1
    assert chain.till(BRITAIN, "NO-POUNDS") is None
    assert chain.cases() == [
        ("item_without_price", "Base Price/GBP/NO-POUNDS"),
        ("item_without_vat_group", "HOM-002"),
        ("vat_group_mismatch", "1/HOM-001"),
    ]
    change_settings(chain, price_levels=[PriceLevelSetting(price_level="Base Price")])
    chain.change_item(chain.item("HOM-003"), price=price(krona=1))
    assert chain.run().counts == {}
    assert ("price_basis_unknown", "Base Price") in chain.cases()


def test_a_list_that_undercuts_netsuites_price_is_told_with_the_difference(chain: Chain) -> None:
    chain.run()
    price_minor, _ = chain.till(SWEDEN, "HOM-001") or (0, "")
    cheap = chain.served.tills.add_list(SWEDEN, pricelistname="Sale", currencycode="SEK")
    chain.served.tills.set_list_price(SWEDEN, cheap, "HOM-001", "1.00")
    assert chain.run().counts == {}
    (case,) = list_cases(chain.connection)
    assert (case["kind"], case["key"], case["record"]) == ("price_mismatch", "1/HOM-001", "HOM-001")
    assert (case["amount_minor"], case["currency"]) == (price_minor - 100, "SEK")


def test_a_second_list_is_filled_and_read_back_whole(chain: Chain) -> None:
    members = chain.served.tills.add_list(SWEDEN, pricelistname="Euro", currencycode="EUR")
    source = PriceListSource(site=SWEDEN, price_list=members, price_level="Base Price", currency="EUR", subsidiary="2")
    assert chain.estate.catalogue is not None
    change_settings(chain, price_lists=[*chain.estate.catalogue.price_lists, source])
    chain.run()
    item = chain.new_item("LAMP", price=price(krona=99, pound=9))
    chain.run_changes()
    euro = {"priceLevel": {"id": "1"}, "currencyPage": {"id": "4"}, "price": 8.5}
    chain.change_item(item, price={"items": [euro]})
    assert chain.run_changes().counts == {"price done": 1}
    row = chain.connection.execute(
        "select price_minor from landing.price_list_items join landing.products using (eshopid, productid) "
        "where pricelistid = %s and sku = 'LAMP'",
        [members],
    ).fetchone()
    assert row == (850,)


@pytest.mark.parametrize("change", [{"read_only": True}, {"push": False}])
def test_without_leave_to_push_all_is_told_and_nothing_is_sent(chain: Chain, change: dict[str, Any]) -> None:
    chain.run()
    if "push" in change:
        change_settings(chain, **change)
    else:
        chain.estate = chain.estate.model_copy(update=change)
    chain.change_item(chain.item("HOM-001"), displayName="Vase, new", price=price(krona=1))
    run = chain.run_changes()
    assert run.counts == {}
    assert chain.writes() == []
    old = chain.served.tills.product(SWEDEN, "HOM-001")
    assert planned_products(run.compared)[0] == {
        "site": SWEDEN,
        "sku": "HOM-001",
        "action": "change",
        "fields": {
            "title": {"from": old["title"], "to": "Vase, new"},
            "price:1": {"from": old["moneyprice"], "to": "1.00"},
        },
    }
    assert chain.cases() == [("price_mismatch", "1/HOM-001")]


def test_of_two_items_with_one_barcode_neither_is_pushed_until_one_is_corrected(chain: Chain) -> None:
    chain.run()
    item = chain.new_item("LAMP", price=price(krona=99, pound=9), upcCode=barcode_of(chain, "HOM-001"))
    assert chain.run_changes().counts == {"create done": 2}
    assert chain.served.tills.product(SWEDEN, "LAMP")["barcode"] is None
    assert chain.cases() == [("barcode_doubled", barcode_of(chain, "HOM-001"))]
    chain.change_item(item, upcCode="7310000000010")
    assert chain.run_changes().counts == {"change done": 2}
    assert chain.served.tills.product(SWEDEN, "LAMP")["barcode"] == "7310000000010"
    assert chain.cases() == []


# ---------------------------------------------------------------- helpers


def barcode_of(chain: Chain, sku: str) -> str:
    return next(product.barcode for product in chain.served.world.products if product.sku == sku)


def change_settings(chain: Chain, **fields: Any) -> None:
    """Changes the estate's settings of the catalogue."""
    assert chain.estate.catalogue is not None
    named = {name: getattr(chain.estate.catalogue, name) for name in CatalogueSettings.model_fields}
    settings = CatalogueSettings(**{**named, **fields})
    chain.estate = chain.estate.model_copy(update={"catalogue": settings})


def lose_next_answer(chain: Chain, monkeypatch: pytest.MonkeyPatch, method: str, path: str, *, arrived: bool) -> None:
    """The sandbox answers the next such request with a 500; `arrived`: after it has done what was asked."""
    recorder = chain.served.sitoo_requests
    begin, armed = recorder.begin, [True]

    def arming(called: str, at: str) -> str:
        if armed and called == method and at.endswith(path):
            armed.clear()
            recorder.add_fault(Fault(at, 500, 1, after=arrived))
        return begin(called, at)

    monkeypatch.setattr(recorder, "begin", arming)


def with_stranger(chain: Chain, productid: int, stranger: int) -> None:
    """Somebody adds a product to a variant group in Sitoo."""
    group = chain.served.sitoo.product_variants(SWEDEN, productid)
    tills = chain.served.tills
    variants = [
        {**tills.product(SWEDEN, variant["sku"]), **variant, "barcode": variant["barcode"] or ""}
        for variant in group.variants
    ]
    joined = {**variants[0], "productid": stranger, "sku": "OWN-1", "title": "Own", "moneyprice": "10.00"}
    joined = {**joined, "barcode": "", "attributes": ["Own colour", "Own size"]}
    groups = [
        {**entry, "options": [*entry["options"], joined["attributes"][n]]} for n, entry in enumerate(group.groups)
    ]
    chain.served.sitoo.put_variants(SWEDEN, productid, ProductVariants(groups, [*variants, joined]))
