"""Each fault of the master data planted alone: what NetSuite and Sitoo show of it, and its row in the truth."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from sitoo_netsuite.money import to_minor
from sitoo_netsuite.sandbox.faults.catalogue import TYPICAL
from sitoo_netsuite.sandbox.world import Product, World
from sitoo_netsuite_tests.sandbox.faults.conftest import Planter, Weathered
from sitoo_netsuite_tests.sandbox.trade.reading import Json

_DAY = 24 * 3600
_OF_MASTER_DATA = [fault.name for fault in TYPICAL if fault.of_master_data]


def _the_row(trade: Weathered, now: int | None = None) -> Json:
    (row,) = trade.at(trade.end if now is None else now)
    assert (row["store"], row["trading_day"]) == (None, None)
    return row


def _product(world: World, sku: str) -> Product:
    return next(product for product in world.products if product.sku == sku)


def _differing(world: World, other: World) -> dict[str, list[str]]:
    """SKUs of which the other world has something else, and what."""
    before, after = ({product.sku: product for product in each.products} for each in (world, other))
    return {
        sku: [
            field.name
            for field in fields(Product)
            if getattr(before.get(sku), field.name, None) != getattr(after.get(sku), field.name, None)
        ]
        for sku in before.keys() | after.keys()
        if before.get(sku) != after.get(sku)
    }


@pytest.mark.parametrize(
    ("fault", "record", "in_netsuite"),
    [
        ("barcode_invalid", "HOM-003", {"HOM-003": ["barcode"]}),
        ("price_missing", "APP-002", {"APP-002": ["price_minor"]}),
        ("tax_schedule_unmapped", "HOM-003", {"HOM-003": ["tax_schedule"]}),
    ],
)
def test_an_item_lacks_what_it_needs_in_netsuite_alone(
    weathered: Planter, fault: str, record: str, in_netsuite: dict[str, list[str]]
) -> None:
    trade = weathered([{"fault": fault, "record": record}])
    assert (_the_row(trade)["record"], _the_row(trade)["amount_minor"]) == (record, None)
    assert _differing(trade.world, trade.weather.netsuite_world) == in_netsuite
    assert trade.weather.sitoo_world == trade.world


def test_an_unmapped_tax_schedule_is_one_that_the_estate_does_not_know(weathered: Planter) -> None:
    trade = weathered([{"fault": "tax_schedule_unmapped"}])
    item = _product(trade.weather.netsuite_world, _the_row(trade)["record"])
    (schedule,) = [entry for entry in trade.world.tax_schedules if entry.name == item.tax_schedule]
    assert schedule.vat_groups == {}


def test_two_items_have_one_barcode(weathered: Planter) -> None:
    barcode = _product(weathered("none").world, "HOM-003").barcode
    trade = weathered([{"fault": "barcode_doubled", "record": barcode}])
    assert _the_row(trade)["record"] == barcode
    with_it = [product.sku for product in trade.weather.netsuite_world.products if product.barcode == barcode]
    assert len(with_it) == 2
    assert "HOM-003" in with_it


def test_an_item_whose_sku_differs_by_case_comes_after_the_one_it_is_like(weathered: Planter) -> None:
    for entry, sku in (({"record": "Hom-003"}, "Hom-003"), ({}, None)):
        trade = weathered([{"fault": "sku_differs_by_case", **entry}])
        record = _the_row(trade)["record"]
        assert sku in (None, record)
        items = trade.weather.netsuite_world.products
        older, newer = [item for item in items if item.sku.casefold() == record.casefold()]
        assert (older.sku != newer.sku, newer.sku) == (True, record)
        assert older.netsuite_item is not None
        assert newer.netsuite_item is not None
        assert newer.netsuite_item > older.netsuite_item
        assert trade.weather.sitoo_world == trade.world


def test_a_new_product_is_sold_at_one_site_and_known_to_one_system(weathered: Planter) -> None:
    trade = weathered([{"fault": "product_only_in_sitoo"}, {"fault": "product_refused"}])
    records = {row["fault"]: row["record"] for row in trade.at(trade.end)}
    at_the_tills = [eshopid for eshopid in (1, 2) if records["product_only_in_sitoo"] in trade.catalogue.skus(eshopid)]
    (eshopid,) = at_the_tills
    assert trade.catalogue.till(eshopid, records["product_only_in_sitoo"]) is not None
    assert _differing(trade.world, trade.weather.netsuite_world).keys() == {records["product_refused"]}
    item = _product(trade.weather.netsuite_world, records["product_refused"])
    assert (len(item.group), len(item.price_minor)) == (1, 1)
    assert " " in item.sku


def test_a_product_is_in_a_group_of_another_rate_at_one_site(weathered: Planter) -> None:
    trade = weathered([{"fault": "vat_group_differs"}])
    sku = _the_row(trade)["record"]
    assert _differing(trade.world, trade.weather.sitoo_world) == {sku: ["group"]}
    right, wrong = (_product(world, sku).group for world in (trade.world, trade.weather.sitoo_world))
    ((eshopid, vatid),) = wrong.items() - right.items()
    rates = {(group.eshopid, group.vatid): group.rate_bp for group in trade.world.product_groups}
    assert rates[eshopid, vatid] != rates[eshopid, right[eshopid]]
    assert trade.weather.netsuite_world == trade.world


@pytest.mark.parametrize(("fault", "field"), [("product_changed", "title"), ("price_changed", "moneyprice")])
def test_somebody_changes_a_product_a_day_after_it_could_first_be_seen(
    weathered: Planter, fault: str, field: str
) -> None:
    trade = weathered([{"fault": fault, "record": "HOM-003"}])
    before = {eshopid: trade.catalogue.product(eshopid, "HOM-003") for eshopid in (1, 2)}
    begun = trade.end - 10 * _DAY
    assert trade.at(begun) == []
    assert trade.at(begun + _DAY - 1) == []
    assert _the_row(trade, begun + _DAY)["record"] == "HOM-003"
    changed = [
        name
        for eshopid, product in before.items()
        for name, value in trade.catalogue.product(eshopid, "HOM-003").items()
        if value != product[name] and name != "datemodified"
    ]
    assert field in changed
    after = {eshopid: trade.catalogue.product(eshopid, "HOM-003") for eshopid in (1, 2)}
    assert sum(after[eshopid] != before[eshopid] for eshopid in before) == 1
    # Once is enough, also when it is put back.
    for eshopid, product in before.items():
        trade.catalogue.change(eshopid, "HOM-003", **{field: product[field]})
    trade.at(begun + 5 * _DAY)
    assert [trade.catalogue.product(each, "HOM-003")[field] for each in before] == [p[field] for p in before.values()]


def test_nothing_is_changed_on_the_trades_first_day(weathered: Planter) -> None:
    trade = weathered([{"fault": "product_changed"}])
    begun = int(datetime.combine(trade.world.start, time(0), tzinfo=UTC).timestamp())
    assert trade.at(begun - 30 * _DAY) == []
    assert trade.at(begun + _DAY - 1) == []
    assert len(trade.at(begun + _DAY)) == 1


def test_a_list_of_somebodys_own_makes_the_till_ask_for_less(weathered: Planter) -> None:
    clean, trade = weathered("none"), weathered([{"fault": "lower_list"}])
    row = _the_row(trade)
    (eshopid,) = [
        site
        for site in (1, 2)
        if trade.catalogue.till(site, row["record"]) != clean.catalogue.till(site, row["record"])
    ]
    right, till = (each.catalogue.till(eshopid, row["record"]) for each in (clean, trade))
    assert right is not None
    assert till is not None
    assert (row["amount_minor"], row["currency"]) == (right.price_minor - till.price_minor, till.currency)
    assert row["amount_minor"] > 0
    assert till.pricelistid != right.pricelistid


def test_netsuite_has_two_customers_of_one_address(weathered: Planter) -> None:
    people = weathered("none").world.customers
    unknown = next(person for person in people if person.userid and person.netsuite_customer is None)
    for entry in ({}, {"record": f"{unknown.eshopid}/{unknown.userid}"}):
        trade = weathered([{"fault": "customer_doubled", **entry}])
        record = _the_row(trade)["record"]
        assert entry.get("record") in (None, record)
        (person,) = [person for person in people if f"{person.eshopid}/{person.userid}" == record]
        known = [c for c in trade.weather.netsuite_world.customers if c.email == person.email and c.netsuite_customer]
        assert len({customer.netsuite_customer for customer in known}) == 2
        assert trade.weather.sitoo_world.customers == trade.world.customers


def test_a_row_is_sold_at_another_price_and_everything_adds_up(weathered: Planter) -> None:
    clean, trade = weathered("none"), weathered([{"fault": "wrong_price"}])
    (row,) = trade.at(trade.end)
    before, after = clean.order(row["record"]), trade.order(row["record"])
    currency = after["currencycode"]
    ((place, item),) = [
        (place, item) for place, item in enumerate(after["orderitems"]) if item != before["orderitems"][place]
    ]
    rows = [Decimal(i["moneyitemtotal_net"]) + Decimal(i["moneyitemtotal_vat"]) for i in after["orderitems"]]
    assert sum(rows) == Decimal(after["moneytotal_gross_all"]) == Decimal(after["payments"][0]["moneyamount"])
    assert Decimal(after["moneytotal_net"]) + Decimal(after["moneytotal_vat"]) == sum(rows)
    right = _product(trade.world, item["sku"]).price_minor[currency] * item["quantity"]
    assert row["amount_minor"] == abs(right - to_minor(str(rows[place]), currency)) > 0
    assert (row["case_kind"], row["store"]) == ("price_unexplained", after["additionaldata"]["store-externalid"])
    assert trade.disagreeing() == {}


def test_a_registers_grand_totals_go_on_from_a_wrong_price(weathered: Planter) -> None:
    trade = weathered([{"fault": "wrong_price", "trading_day": "2026-03-02", "count": 2}])
    z_reports = trade.z_reports()
    for record, z_report in z_reports.items():
        register, _, number = record.rpartition("/")
        previous = z_reports.get(f"{register}/{int(number) - 1}")
        if previous is not None:
            moved = Decimal(z_report["moneygrandtotalsales"]) - Decimal(previous["moneygrandtotalsales"])
            assert moved == Decimal(z_report["moneysalestotal"]) + Decimal(z_report["moneysalesnotdeliveredtotal"])


def test_a_wrong_price_in_a_session_whose_z_report_is_missing_is_in_its_amount(weathered: Planter) -> None:
    clean = weathered([{"fault": "z_missing"}])
    session = clean.at(clean.end)[0]["record"]
    trade = weathered([{"fault": "z_missing", "record": session}, {"fault": "wrong_price", "record": session}])
    rows = {row["fault"]: row for row in trade.at(trade.end)}
    before = clean.order(rows["wrong_price"]["record"])
    after = trade.order(rows["wrong_price"]["record"])
    more = Decimal(after["moneytotal_gross_all"]) - Decimal(before["moneytotal_gross_all"])
    was = clean.at(clean.end)[0]["amount_minor"]
    assert rows["z_missing"]["amount_minor"] == was + to_minor(str(more), after["currencycode"])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_product_bears_two_faults(weathered: Planter, seed: int) -> None:
    entries = [{"fault": name, "count": 6} for name in _OF_MASTER_DATA]
    trade = weathered([*entries, {"fault": "wrong_price", "count": 6}], seed=seed)
    trade.at(trade.end)
    rows = trade.at(trade.end + _DAY)
    assert len(rows) == 6 * (len(_OF_MASTER_DATA) + 1)
    of_products = [row["record"].casefold() for row in rows if row["fault"] not in ("wrong_price", "customer_doubled")]
    named = {product.barcode: product.sku.casefold() for product in trade.world.products}
    skus = [named.get(record, record) for record in of_products]
    sold_wrongly = [
        item["sku"].casefold()
        for row in rows
        if row["fault"] == "wrong_price"
        for item, right in zip(
            trade.order(row["record"])["orderitems"],
            weathered("none", seed=seed).order(row["record"])["orderitems"],
            strict=True,
        )
        if item != right
    ]
    assert len(set(skus)) == len(skus)
    assert not set(skus) & set(sold_wrongly)


def test_the_trade_itself_is_the_same_with_faults_of_the_master_data(weathered: Planter) -> None:
    clean = weathered("none")
    trade = weathered([{"fault": name} for name in _OF_MASTER_DATA])
    assert trade.orders() == clean.orders()
    assert trade.z_reports() == clean.z_reports()
