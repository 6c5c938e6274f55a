import pytest

from sitoo_netsuite.sandbox.world import VARIANT_OPTIONS, ean_13, make_world, opening_stock


def test_the_same_seed_draws_the_same_world() -> None:
    assert make_world(7, 6, 7) == make_world(7, 6, 7)
    assert make_world(7, 6, 7) != make_world(8, 6, 7)


def test_a_shop_is_the_same_however_many_there_are() -> None:
    assert make_world(7, 6, 7).shops[:2] == make_world(7, 2, 7).shops


def test_shops_alternate_between_two_zones_and_two_currencies() -> None:
    shops = make_world(7, 4, 1).shops
    assert [shop.currency for shop in shops] == ["SEK", "GBP", "SEK", "GBP"]
    assert {shop.time_zone for shop in shops} == {"Europe/Stockholm", "Europe/London"}
    assert len({shop.cut_over for shop in shops}) == 2


def test_one_shop_needs_one_country_only() -> None:
    world = make_world(7, 1, 1)
    assert [site.country for site in world.sites] == ["SE"]
    assert {account.subsidiary for account in world.accounts} == {world.shops[0].subsidiary}


def test_every_number_that_must_be_unique_is() -> None:
    world = make_world(3, 30, 1)
    registers = [register for shop in world.shops for register in shop.registers]
    for values in (
        [register.registerid for register in registers],
        [register.registerkey for register in registers],
        [warehouse.warehouseid for warehouse in world.warehouses],
        [shop.key for shop in world.shops],
        [shop.name for shop in world.shops],
        [product.sku for product in world.products],
        [product.netsuite_item for product in world.products],
        [account.number for account in world.accounts],
        [account.internal_id for account in world.accounts],
        [kind.paymenttypeid for kind in world.payment_types],
        [customer.email for customer in world.customers],
    ):
        assert len(values) == len(set(values))


def test_every_product_has_a_group_of_its_site_and_a_price_in_its_currency() -> None:
    world = make_world(7, 2, 1)
    groups = {(group.eshopid, group.vatid) for group in world.product_groups}
    for product in world.products:
        for site in world.sites:
            assert (site.eshopid, product.group[site.eshopid]) in groups
            assert product.price_minor[site.currency] >= 0
            assert product.cost_minor[site.currency] <= product.price_minor[site.currency]


def test_only_stocked_goods_open_with_stock() -> None:
    world = make_world(7, 2, 1)
    stock = opening_stock(world, world.shops[0].warehouseid)
    assert set(stock) == {product.sku for product in world.products if product.item_type == "InvtPart"}
    assert all(quantity > 0 for quantity in stock.values())


@pytest.mark.parametrize(("stores", "days"), [(0, 1), (1, 0)])
def test_a_trade_needs_a_store_and_a_day(stores: int, days: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        make_world(7, stores, days)


def test_shops_and_accounts_are_found_by_what_people_call_them() -> None:
    world = make_world(7, 2, 1)
    assert world.shop("S02").currency == "GBP"
    assert world.account(world.shop("S02").subsidiary, "sales 20") == "23020"
    with pytest.raises(KeyError):
        world.shop("S99")
    with pytest.raises(KeyError):
        world.account(2, "piracy")


def test_every_barcode_has_its_check_digit() -> None:
    assert ean_13("400638133393") == "4006381333931"
    barcodes = [product.barcode for product in make_world(7, 2, 1).products if product.barcode]
    assert all(ean_13(barcode[:12]) == barcode for barcode in barcodes)
    assert len(barcodes) == len(set(barcodes))


@pytest.mark.parametrize("stores", [1, 2])
def test_a_tax_schedule_stands_for_the_vat_groups_of_all_its_products(stores: int) -> None:
    world = make_world(7, stores, 1)
    schedules = {schedule.name: schedule.vat_groups for schedule in world.tax_schedules}
    for product in world.products:
        assert schedules[str(product.tax_schedule)] == product.group


def test_variants_of_one_parent_differ_in_their_options() -> None:
    world = make_world(7, 2, 1)
    for parent in world.matrix_parents:
        options = [
            tuple(product.options.values()) for product in world.products if product.parent == parent.internal_id
        ]
        assert len(options) == len(set(options)) == 5
        assert all(len(values) == len(VARIANT_OPTIONS) for values in options)
    assert not {parent.internal_id for parent in world.matrix_parents} & {p.netsuite_item for p in world.products}


@pytest.mark.parametrize("stores", [1, 2])
def test_a_mobile_number_is_one_persons_and_kept_for_fiction(stores: int) -> None:
    world = make_world(7, stores, 1)
    mobiles = [person.mobile for person in world.customers if person.mobile]
    assert len(mobiles) == len(set(mobiles))
    assert all("0701740605" <= mobile <= "0701740699" or mobile.startswith("07700900") for mobile in mobiles)
    assert {person.eshopid for person in world.customers} == {site.eshopid for site in world.sites}


def test_some_people_are_known_to_one_system_only() -> None:
    known = {(bool(person.userid), person.netsuite_customer is None) for person in make_world(7, 2, 1).customers}
    assert len(known) == 4


def test_a_site_is_a_subsidiarys_market() -> None:
    world = make_world(7, 2, 1)
    assert [world.subsidiary_of(site.eshopid).currency for site in world.sites] == ["SEK", "GBP"]
    with pytest.raises(KeyError):
        world.subsidiary_of(99)


def test_what_is_hard_to_stock_comes_after_the_catalogue_and_only_when_asked_for() -> None:
    plain, hard = make_world(7, 2, 1), make_world(7, 2, 1, hard_to_stock=True)
    assert hard.products[: len(plain.products)] == plain.products
    more = hard.products[len(plain.products) :]
    assert [product.told_apart_by for product in more] == ["lot", "serial", "bin", None]
    assert set(more[-1].members) <= {product.sku for product in plain.products}
    for values in (
        [product.sku for product in hard.products],
        [product.productid for product in hard.products],
        [product.netsuite_item for product in hard.products],
        [product.barcode for product in hard.products if product.barcode],
    ):
        assert len(values) == len(set(values))
