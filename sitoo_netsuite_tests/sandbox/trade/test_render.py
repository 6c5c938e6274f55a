from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sitoo_netsuite.sandbox.trade.build import build_trade
from sitoo_netsuite.sandbox.trade.render import order_json
from sitoo_netsuite.sandbox.trade.till import PAID, Basket, Discount, Payment, Stage, returned_row, sold_row
from sitoo_netsuite.sandbox.world import ProductGroup, World, make_world
from sitoo_netsuite_tests.sandbox.trade.reading import Json, all_orders, all_z_reports

# The field lists of the reference, read-only fields included.
ORDER = """orderid eshopid externalid creditorderid email namefirst namelast personalid company phone
 invoice_address invoice_address2 invoice_zip invoice_city invoice_state invoice_countryid
 delivery_address delivery_address2 delivery_zip delivery_city delivery_state delivery_countryid
 comment commentinternal customerref checkoutref moneytotal_net moneytotal_vat moneycheckout_net moneycheckout_vat
 moneytotal_gross_checkout moneydelivery_net moneydelivery_vat moneytotal_gross_delivery moneyfinal_net moneyfinal_vat
 moneyfinal_salestax moneytotal_gross_roundoff moneytotal_gross_all orderdate orderstateid paymentstateid ordertypeid
 userid_staff registerid warehouseid datereserved currencycode additionaldata orderitems payments reservedpayments
 orderlogitems checkouttypeid checkouttypename checkoutmethodid checkoutmethodsubid deliverytypeid deliverytypename"""
ITEM = """orderitemid orderitemtype productid productname sku productattributes externalinput externalinputtitle
 unitlabel quantity decimalunitquantity moneynetpriceperunit moneypriceorg vatvalue deliveryinfo moneyitemtotal_net
 moneyitemtotal_vat vouchercode vouchername vouchercomment vouchervalue moneyoriginalprice moneydiscountedprice
 moneydiscount salestaxes additionaldata decimalquantitytotal moneynetpriceperquantity voucherid"""
PAYMENT = "name moneyamount externalid reftype refid cardissuer additionaldata reservedpaymentid"
Z_REPORT = """zreportid registerid manufacturerid registerkey registernumber datecreated dateopened eshopid store_id
 store_name company companyid address address2 address3 currencycode staff staffuserid comment moneysalestotal
 moneysalestotalnet numsales numsalesitems vatgroupssales productgroupssales moneysalesnotdeliveredtotal
 moneysalesnotdeliveredtotalnet numsalesnotdelivered numsalesnotdelivereditems vatgroupssalesnotdelivered
 productgroupssalesnotdelivered moneyrefundtotal moneyrefundtotalnet numrefund numrefunditems vatgroupsrefund
 productgroupsrefund moneyroundoff salestaxessales salestaxesrefund moneysalestaxinadvance moneysummarysales
 moneysummaryrefund moneysummarysubtotal moneysummarysalestax moneysummaryroundoff moneysummarytotal paymentssales
 paymentsrefund discountssales discountssalesnotdelivered discountsrefund moneycash_in moneycash_salesrefunds
 moneycash_petty moneycash_bank moneycash_expected moneycash_counted moneycash_diff moneycash_bankfinal moneycash_out
 moneydiscount numsalestypeproduct numsalestypeservice numsalestypegiftcard numreceipts numopendrawer numpractice
 moneypractice moneygrandtotalsales moneygrandtotalrefund moneygrandtotalnet dateadded"""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, list[Json], list[Json]]]:
    world = make_world(seed=7, stores=2, days=2)
    store = build_trade(world, 80, tmp_path_factory.mktemp("render") / "trade.sqlite")
    yield world, all_orders(store), all_z_reports(store, world)
    store.close()


def test_every_field_of_the_reference_is_there(day: tuple[World, list[Json], list[Json]]) -> None:
    _, orders, z_reports = day
    for order in orders:
        assert set(order) == set(ORDER.split())
        for item in order["orderitems"]:
            assert set(item) == set(ITEM.split())
        for payment in order["payments"]:
            assert set(payment) == set(PAYMENT.split())
    for z_report in z_reports:
        assert set(z_report) == set(Z_REPORT.split())


def test_money_and_decimals_are_text_and_items_count_from_zero(day: tuple[World, list[Json], list[Json]]) -> None:
    _, orders, z_reports = day
    for record in (*orders, *z_reports, *(item for order in orders for item in order["orderitems"])):
        for name, value in record.items():
            if name.startswith("money"):
                assert isinstance(value, str)
                assert len(value.rpartition(".")[2]) == 2
    for order in orders:
        assert [item["orderitemid"] for item in order["orderitems"]] == list(range(len(order["orderitems"])))
        for item in order["orderitems"]:
            assert len(item["decimalquantitytotal"].rpartition(".")[2]) == 3


def test_the_sample_of_the_reference_is_shown_as_the_reference_has_it() -> None:
    world = make_world(7, 1, 1)
    shop, kinds = world.shops[0], {kind.name: kind for kind in world.payment_types}
    row = sold_row(world.products[0], ProductGroup(2, 1, "Goods 25", 10, 2500), 2, 24_900)
    sale = Basket(
        eshopid=1,
        currency="SEK",
        warehouseid=shop.warehouseid,
        moment=1_790_000_000,
        stages=(Stage(1_790_000_005, PAID),),
        rows=(row,),
        payments=(Payment(kinds["Card"], 49_800, "adyen", "Visa", "PSP123"),),
        shop=shop,
        register=shop.registers[0],
        staff=shop.staff[0],
        receipt=f"{shop.registers[0].registerkey}10231",
    )
    shown = order_json(sale, sale.stages[0], 20451, None, None)
    assert shown["additionaldata"]["pos-receiptid"] == shop.registers[0].registerkey + "10231"
    assert (shown["moneytotal_gross_all"], shown["moneyfinal_net"], shown["moneyfinal_vat"]) == (
        "498.00", "398.40", "99.60",
    )  # fmt: skip
    (item,), (payment,) = shown["orderitems"], shown["payments"]
    assert item["moneynetpriceperunit"] == item["moneyoriginalprice"] == "199.20"
    assert (item["moneydiscountedprice"], item["moneydiscount"]) == ("0.00", "0.00")
    assert (item["quantity"], item["decimalquantitytotal"], item["vatvalue"]) == (2, "2.000", 25)
    assert (payment["reftype"], payment["cardissuer"], payment["moneyamount"]) == ("adyen", "Visa", "498.00")


def test_a_return_of_a_discounted_item_has_negative_totals_and_positive_unit_prices() -> None:
    world = make_world(7, 1, 1)
    shop = world.shops[0]
    old = Discount("OLD", "Last season", 0)
    goods = ProductGroup(2, 1, "Goods 25", 10, 2500)
    sold = sold_row(world.products[0], goods, 3, 9_900, discount_minor=1_000, discount=old)
    refund = Basket(
        eshopid=1,
        currency="SEK",
        warehouseid=shop.warehouseid,
        moment=0,
        stages=(Stage(1, PAID),),
        rows=(returned_row(sold, 0, 0, 1, "SIZE"),),
        shop=shop,
        register=shop.registers[0],
        returns="SII1",
        reason="SIZE",
        reason_comment="Wrong size",
    )
    shown = order_json(refund, refund.stages[0], 2, 1, None)
    assert shown["creditorderid"] == 1
    assert shown["additionaldata"]["pos-originalsales-orderid"] == "1"
    assert shown["additionaldata"]["refundreasoncode-reasoncode"] == "SIZE"
    (item,) = shown["orderitems"]
    assert item["additionaldata"]["pos-originalsales-orderitemid"] == "0"
    assert (item["quantity"], item["moneyitemtotal_net"], item["moneyitemtotal_vat"]) == (-1, "-76.54", "-19.13")
    assert (item["moneyoriginalprice"], item["moneydiscount"]) == ("79.20", "2.67")


def test_what_is_weighed_shows_its_weight_and_its_price_per_kilogram(
    day: tuple[World, list[Json], list[Json]],
) -> None:
    world, orders, _ = day
    prices = {product.sku: product for product in world.products if product.by_weight}
    weighed = [item for order in orders for item in order["orderitems"] if item["sku"] in prices]
    assert weighed
    for item in weighed:
        assert item["unitlabel"] == "kg"
        assert item["decimalunitquantity"] == item["decimalquantitytotal"].lstrip("-")
    others = [item for order in orders for item in order["orderitems"] if item["sku"] not in prices]
    assert all(item["decimalunitquantity"] is None for item in others)


def test_an_order_from_the_web_has_neither_register_nor_store(day: tuple[World, list[Json], list[Json]]) -> None:
    world, orders, _ = day
    web = [order for order in orders if order["registerid"] is None]
    assert web
    for order in web:
        assert order["externalid"].startswith("WEB-")
        assert order["warehouseid"] in {site.warehouseid for site in world.sites}
        assert "store-externalid" not in order["additionaldata"]


def test_nothing_is_written_next_to_the_trade_file(tmp_path: Path) -> None:
    build_trade(make_world(7, 1, 1), 5, tmp_path / "trade.sqlite").close()
    assert [path.name for path in tmp_path.iterdir()] == ["trade.sqlite"]
