"""Sold rows against the prices in force: a made-up trade that is right throughout, and every way to be wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
import yaml
from psycopg.types.json import Jsonb

from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.flows.catalogue.list_prices import NotedPrices, note_list_prices
from sitoo_netsuite.flows.catalogue.sitoo_side import land_till_catalogue
from sitoo_netsuite.flows.catalogue.sold_prices import JudgedPrices, judge_sold_prices
from sitoo_netsuite.flows.sales.landing import land_orders, land_registers
from sitoo_netsuite.flows.sales.model import model_days
from sitoo_netsuite.money import vat_within
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.recorder import Recorder
from sitoo_netsuite.sandbox.server import serving
from sitoo_netsuite.sandbox.sitoo.app import build_sitoo_app
from sitoo_netsuite.sandbox.trade.build import build_trade
from sitoo_netsuite.sandbox.world import World, make_world
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.partitions import ensure_partitions
from sitoo_netsuite_tests.conftest import new_database
from sitoo_netsuite_tests.examples import estate_content
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import KEYS

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


# ------------------------------------------------------------------------------------------- a trade


class Trade(NamedTuple):
    connection: psycopg.Connection
    world: World
    estate: Estate
    last: date

    def judge(self) -> JudgedPrices:
        return judge_sold_prices(self.connection, self.world.start, self.last, self.estate, NOON, "a run")


@pytest.fixture
def trade(whole_trade: Trade) -> Iterator[Trade]:
    """The trade for one test: what it changes is rolled back."""
    with whole_trade.connection.transaction(force_rollback=True):
        yield whole_trade


@pytest.fixture(scope="module")
def whole_trade(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trade]:
    """Four stores in two countries over three days, modelled, and what their tills have of the catalogue."""
    with new_database(server_url) as url, connect(url) as connection:
        yield _land_trade(connection, tmp_path_factory.mktemp("trade"))


def _land_trade(connection: psycopg.Connection, folder: Path) -> Trade:
    world = make_world(seed=11, stores=4, days=3)
    last = world.start + timedelta(days=2)
    estate = parse_estate(yaml.safe_load(estate_yaml(world)), "the sandbox's estate")
    store = build_trade(world, 150, folder / "trade.sqlite")
    now = datetime(2026, 3, 12, tzinfo=UTC)
    name, password = next(iter(KEYS.items()))
    with (
        serving(build_sitoo_app(world, store, SandboxClock(now), keys=KEYS, recorder=Recorder())) as root,
        SitooClient(f"{root}/v2/accounts/{world.account_id}", [ApiKey(name, password)]) as client,
    ):
        land_registers(connection, client, estate, now)
        land_orders(connection, client, world.start, last, estate, now)
        land_till_catalogue(connection, client, estate, now)
    store.close()
    model_days(connection, world.start, last, estate, now)
    copy_rows(
        connection,
        "landing.items",
        ("item", "sku", "item_type", "inactive", "landed_at"),
        [(p.netsuite_item, p.sku, p.item_type, False, now) for p in world.products if p.netsuite_item is not None],
    )
    note_list_prices(connection, now, [site.eshopid for site in world.sites])
    return Trade(connection, world, estate, last)


def _odd_row(trade: Trade) -> tuple[date, int, int, str, str, int, int]:
    """Some sold row of goods without a discount, of two pieces or more: day, orderid, line, store, sku, net, VAT."""
    found = trade.connection.execute(
        """
        select trading_day, orderid, line, store, sku, l.net_minor, l.vat_minor
        from model.receipts r join model.receipt_lines l using (trading_day, orderid)
        where excluded is null and sold and discount_minor = 0 and quantity_milli >= 2000 and sku like 'HOM%%'
        order by orderid limit 1
        """
    ).fetchone()
    assert found is not None
    return found


def _sell_at(trade: Trade, gross_minor: int) -> tuple[int, int]:
    """Sells the odd row at another total with VAT; its orderid and what it was sold at before."""
    day, orderid, line, _, _, net, vat = _odd_row(trade)
    new_vat = vat_within(gross_minor, 2500)
    trade.connection.execute(
        "update model.receipt_lines set net_minor = %s, vat_minor = %s "
        "where trading_day = %s and orderid = %s and line = %s",
        (gross_minor - new_vat, new_vat, day, orderid, line),
    )
    return orderid, net + vat


def _cases(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "select key, event, store, trading_day, record, amount_minor, currency from worklist.cases "
        "where kind = 'price_unexplained' order by key"
    ).fetchall()


def test_a_trade_priced_from_its_catalogue_has_no_row_that_is_not_explained(trade: Trade) -> None:
    judged = trade.judge()
    assert (judged.unexplained, judged.own_price, judged.not_judged) == ([], 0, 0)
    goods = trade.connection.execute(
        """
        select count(*) from model.receipts join model.receipt_lines using (trading_day, orderid)
        where excluded is null and sold and sku <> all(%s)
        """,
        [list(trade.estate.by_special_sku)],
    ).fetchone()
    assert goods == (judged.explained,)
    assert judged.explained > 2_000
    assert _cases(trade.connection) == []


def test_a_row_sold_at_another_price_is_a_case_with_the_money_and_it_clears_when_the_row_is_right(
    trade: Trade,
) -> None:
    day, _, line, store, sku, _, _ = _odd_row(trade)
    orderid, right = _sell_at(trade, 1_234)
    (row,) = trade.judge().unexplained
    assert (row.orderid, row.line, row.store, row.sku) == (orderid, line, store, sku)
    assert (row.sold_minor, row.right_minor, row.lost_minor) == (1_234, right, right - 1_234)
    case = (f"{store}/{orderid}", "opened", store, day, str(orderid), right - 1_234, row.currency)
    assert _cases(trade.connection) == [case]
    assert trade.connection.execute("select orderid, right_minor from master.sold_prices").fetchall() == [
        (orderid, right)
    ]

    trade.judge()
    assert trade.connection.execute("select count(*) from worklist.case_events").fetchone() == (1,)

    trade.connection.execute(
        "update model.receipt_lines set net_minor = %s - vat_minor where orderid = %s and line = %s",
        (right, orderid, line),
    )
    assert trade.judge().unexplained == []
    assert [event for _, event, *_ in _cases(trade.connection)] == ["cleared"]
    assert trade.connection.execute("select count(*) from master.sold_prices").fetchone() == (0,)


def test_a_customer_who_was_overcharged_is_a_case_with_the_amount_without_its_sign(trade: Trade) -> None:
    _, right = _sell_at(trade, 9_999_900)
    (row,) = trade.judge().unexplained
    assert row.lost_minor == right - 9_999_900
    assert [amount for *_, amount, _ in _cases(trade.connection)] == [9_999_900 - right]


def test_a_price_of_the_staffs_own_with_their_reason_is_explained(trade: Trade) -> None:
    line = _odd_row(trade)[2]
    orderid, _ = _sell_at(trade, 1_234)
    trade.connection.execute(
        """
        update landing.orders set payload = jsonb_set(
            payload::jsonb, array['orderitems', %s, 'additionaldata', 'reasoncode-manualprice'], '"SCRATCHED"')::json
        where orderid = %s
        """,
        (str(line), orderid),
    )
    judged = trade.judge()
    assert (judged.unexplained, judged.own_price) == ([], 1)


def test_a_sku_that_netsuite_lacks_has_its_own_case_and_none_for_its_price(trade: Trade) -> None:
    sku = _odd_row(trade)[4]
    _sell_at(trade, 1_234)
    trade.connection.execute("delete from landing.items where sku = %s", [sku])
    assert trade.judge().unexplained == []


def test_a_receipt_that_came_twice_is_judged_once(trade: Trade) -> None:
    orderid, _ = _sell_at(trade, 1_234)
    trade.connection.execute("update model.receipts set excluded = 'doubled_upload' where orderid = %s", [orderid])
    assert trade.judge().unexplained == []


# ------------------------------------------------------------------------------------------- one till


class Till:
    """A till of one site, the site's lists as they are looked at, and what is sold."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.estate = parse_estate(estate_content(), "the example")
        self.sold = 0
        ensure_partitions(connection, ["model.receipts", "model.receipt_lines"], [DAY])
        connection.execute(
            "insert into landing.registers values ('R1', 'K1', 1, 1, 1, 'SEK', 'Europe/Stockholm', %s)", [NOON]
        )
        connection.execute(
            "insert into landing.items (item, sku, item_type, inactive, landed_at) values (1, 'VASE', 'InvtPart', "
            "false, %s)",
            [NOON],
        )
        connection.execute("insert into landing.product_groups values (1, 2, 2500, 10, 'Standard')")

    def look(
        self,
        at: datetime,
        lists: dict[int, int],
        *,
        with_vat: bool | None = True,
        tagged: tuple[int, ...] = (),
        inactive: tuple[int, ...] = (),
        euros: tuple[int, ...] = (),
        volume: tuple[tuple[int, int], ...] = (),
        modified_at: datetime | None = NOON - timedelta(days=30),
        skus: list[str] | None = None,
    ) -> NotedPrices:
        """Lands the price of the vase in each list (id to minor units) and notes it, five minutes later."""
        for table in ("price_list_items", "price_lists", "products"):
            self.connection.execute(f"delete from landing.{table}")
        if skus is None:
            self.connection.execute(
                "insert into landing.sites values (1, 'SEK', %s, %s) on conflict (eshopid) do update "
                "set prices_with_vat = excluded.prices_with_vat, landed_at = excluded.landed_at",
                (with_vat, at),
            )
        self.connection.execute(
            "insert into landing.products values (1, 7, 'VASE', 'Vase', '', 2, true, null, '[]', %s, %s)",
            (modified_at, at),
        )
        for pricelistid, price in lists.items():
            self.connection.execute(
                "insert into landing.price_lists values (1, %s, 'A list', %s, %s, %s)",
                (
                    pricelistid,
                    pricelistid not in inactive,
                    "EUR" if pricelistid in euros else "SEK",
                    ["members"] if pricelistid in tagged else [],
                ),
            )
            self.connection.execute(
                "insert into landing.price_list_items values (1, %s, 7, %s, %s)", (pricelistid, price, Jsonb(volume))
            )
        return note_list_prices(self.connection, at + timedelta(minutes=5), [1], skus)

    def sell(
        self, gross: int, quantity_milli: int = 1000, at: datetime = NOON, discount_net: int = 0, rate: int = 2500
    ) -> None:
        """One row at a total with VAT of 25 %, and a discount (net, of the whole row) that it holds already.

        rate: what the row says that its VAT is, in basis points.
        """
        self.sold += 1
        vat = vat_within(gross, 2500)
        self.connection.execute(
            """
            insert into model.receipts (trading_day, orderid, store, registerid, sold_at, currency, is_return,
                to_deliver, net_minor, vat_minor, rounding_minor, gross_minor, paid_minor, digest)
            values (%s, %s, 'S01', 'R1', %s, 'SEK', false, false, %s, %s, 0, %s, %s, '')
            """,
            (DAY, self.sold, at, gross - vat, vat, gross, gross),
        )
        self.connection.execute(
            "insert into model.receipt_lines values (%s, %s, 0, 'VASE', %s, %s, %s, %s, %s, %s, null)",
            (DAY, self.sold, quantity_milli, quantity_milli > 0, rate, gross - vat, vat, discount_net),
        )

    def judge(self) -> JudgedPrices:
        return judge_sold_prices(self.connection, DAY, DAY, self.estate, NOON, "a run")

    def lost(self) -> list[int]:
        """What each row that nothing explains lost."""
        return [row.lost_minor for row in self.judge().unexplained]


@pytest.fixture
def till(connection: psycopg.Connection) -> Till:
    return Till(connection)


def test_the_lowest_list_open_to_everybody_is_the_right_price(till: Till) -> None:
    till.look(NOON - HOUR, {1: 10_000, 2: 9_000, 3: 7_000, 4: 6_000}, tagged=(3,), inactive=(4,))
    till.sell(5_000)
    assert till.lost() == [4_000]


def test_any_active_list_explains_a_price_one_with_tags_too_and_an_inactive_one_does_not(till: Till) -> None:
    till.look(NOON - HOUR, {1: 10_000, 2: 9_000, 3: 7_000, 4: 6_000}, tagged=(3,), inactive=(4,))
    for price in (10_000, 9_000, 7_000, 6_000):
        till.sell(price)
    assert till.lost() == [3_000]


def test_a_list_in_another_currency_explains_nothing(till: Till) -> None:
    till.look(NOON - HOUR, {1: 10_000, 2: 900}, euros=(2,))
    till.sell(900)
    assert till.lost() == [9_100]


def test_where_only_lists_with_tags_have_a_price_the_lowest_of_those_is_right(till: Till) -> None:
    till.look(NOON - HOUR, {1: 10_000}, tagged=(1,))
    till.sell(5_000)
    assert till.lost() == [5_000]


def test_a_minor_unit_of_rounding_a_row_is_allowed_and_no_more(till: Till) -> None:
    till.look(NOON - HOUR, {1: 10_000})
    for gross in (29_999, 30_001, 29_998, 30_002):
        till.sell(gross, 3_000)
    assert till.lost() == [2, -2]


def test_weighed_goods_are_judged_by_their_weight(till: Till) -> None:
    till.look(NOON - HOUR, {1: 12_345})
    till.sell(4_259, 345)
    till.sell(4_269, 345)
    assert till.lost() == [-10]


def test_a_discount_is_no_price(till: Till) -> None:
    till.look(NOON - HOUR, {1: 9_990})
    # 20 % off three pieces: a unit is 79.92 without VAT and 63.94 with its discount, so that 15.98 are shown.
    till.sell(23_976, 3_000, discount_net=3 * 1_598)
    # The same reduction without a word of a discount.
    till.sell(23_976, 3_000)
    assert till.lost() == [29_970 - 23_976]


def test_a_discount_is_put_back_with_the_vat_that_the_row_has_whatever_its_rate_is_said_to_be(till: Till) -> None:
    till.look(NOON - HOUR, {1: 99_900})
    till.sell(49_950, discount_net=39_960, rate=1_300)
    assert till.lost() == []


def test_what_was_given_away_whole_is_its_price_less_a_discount(till: Till) -> None:
    till.look(NOON - HOUR, {1: 9_990})
    till.sell(0, discount_net=7_992)
    assert till.lost() == []


def test_a_wrong_price_under_a_discount_is_found(till: Till) -> None:
    till.look(NOON - HOUR, {1: 9_990})
    till.sell(4_000, discount_net=800)
    assert till.lost() == [9_990 - 5_000]


def test_a_volume_price_explains_from_its_quantity_on(till: Till) -> None:
    till.look(NOON - HOUR, {1: 10_000}, volume=((3, 8_000), (10, 7_000)))
    till.sell(24_000, 3_000)
    till.sell(70_000, 10_000)
    till.sell(16_000, 2_000)
    till.sell(21_000, 3_000)
    assert till.lost() == [4_000, 3_000]


def test_prices_stored_without_vat_are_compared_with_it(till: Till) -> None:
    till.look(NOON - HOUR, {1: 7_992}, with_vat=False)
    till.sell(9_990)
    till.sell(29_970, 3_000)
    till.sell(7_992)
    assert till.lost() == [9_990 - 7_992]


def test_a_site_that_does_not_say_whether_its_prices_hold_vat_is_not_judged(till: Till) -> None:
    assert till.look(NOON - HOUR, {1: 10_000}, with_vat=None) == NotedPrices(0, 0)
    till.sell(5_000)
    judged = till.judge()
    assert (judged.unexplained, judged.not_judged) == ([], 1)


def test_goods_that_came_back_and_goods_without_any_price_are_not_judged(till: Till) -> None:
    till.look(NOON - HOUR, {})
    till.sell(5_000)
    till.sell(-5_000, -1_000)
    judged = till.judge()
    assert (judged.explained, judged.unexplained, judged.not_judged) == (0, [], 1)


def test_goods_with_a_price_of_nothing_have_theirs_typed_in_and_are_not_judged(till: Till) -> None:
    till.look(NOON - HOUR, {1: 0})
    till.sell(5_000)
    judged = till.judge()
    assert (judged.unexplained, judged.not_judged) == ([], 1)


def test_a_receipt_with_two_wrong_rows_is_one_case_and_one_does_not_make_up_for_the_other(till: Till) -> None:
    till.look(NOON - HOUR, {1: 10_000})
    till.sell(9_000)
    till.connection.execute(
        "insert into model.receipt_lines values (%s, 1, 1, 'VASE', 1000, true, 2500, 8800, 2200, 0, null)", [DAY]
    )
    assert till.lost() == [1_000, -1_000]
    assert [amount for *_, amount, _ in _cases(till.connection)] == [2_000]


# ------------------------------------------------------------------------------------------- prices over time


def test_when_a_price_changed_between_two_looks_both_explain_a_sale_between_them(till: Till) -> None:
    till.look(NOON - 10 * HOUR, {1: 10_000})
    assert till.look(NOON, {1: 8_000}) == NotedPrices(1, 1)
    for at in (NOON - 11 * HOUR, NOON - 5 * HOUR, NOON + 5 * HOUR):
        till.sell(10_000, at=at)
        till.sell(8_000, at=at)
    unexplained = till.judge().unexplained
    assert [(row.orderid, row.lost_minor) for row in unexplained] == [(2, 2_000), (5, -2_000)]


def test_a_till_may_be_an_hour_late_with_a_new_price(till: Till) -> None:
    till.look(NOON - 10 * HOUR, {1: 10_000})
    till.look(NOON - HOUR, {1: 8_000})
    till.sell(10_000, at=NOON - timedelta(minutes=1))
    till.sell(10_000, at=NOON + timedelta(minutes=10))
    assert [row.orderid for row in till.judge().unexplained] == [2]


def test_a_price_that_was_there_at_the_first_look_holds_since_the_product_was_last_changed(till: Till) -> None:
    till.look(NOON, {1: 10_000}, modified_at=NOON - 2 * HOUR)
    till.sell(8_000, at=NOON - 3 * HOUR)
    till.sell(8_000, at=NOON - HOUR)
    judged = till.judge()
    assert ([row.orderid for row in judged.unexplained], judged.not_judged) == ([2], 1)


def test_a_product_of_which_sitoo_does_not_say_when_it_changed_is_judged_from_the_first_look_on(till: Till) -> None:
    till.look(NOON, {1: 10_000}, modified_at=None)
    till.sell(8_000, at=NOON - timedelta(minutes=1))
    till.sell(8_000, at=NOON + timedelta(minutes=6))
    assert [row.orderid for row in till.judge().unexplained] == [2]


def test_what_was_judged_stays_judged_when_the_product_changes_later(till: Till) -> None:
    till.look(NOON - HOUR, {1: 10_000})
    till.sell(8_000)
    assert till.lost() == [2_000]
    till.look(NOON + 5 * HOUR, {1: 9_000}, modified_at=NOON + 4 * HOUR)
    assert till.lost() == [2_000]


def test_a_look_that_finds_the_same_writes_nothing(till: Till) -> None:
    assert till.look(NOON - 2 * HOUR, {1: 10_000, 2: 9_000}) == NotedPrices(2, 0)
    assert till.look(NOON - HOUR, {1: 10_000, 2: 9_000}) == NotedPrices(0, 0)


def test_a_price_is_gone_when_its_list_ends_loses_the_product_or_is_for_some_customers_only(till: Till) -> None:
    till.look(NOON - 3 * HOUR, {1: 10_000, 2: 9_000})
    assert till.look(NOON - 2 * HOUR, {1: 10_000, 2: 9_000}, inactive=(2,)) == NotedPrices(0, 1)
    assert till.look(NOON - HOUR, {1: 10_000, 2: 9_000}) == NotedPrices(1, 0)
    assert till.look(NOON, {1: 10_000}) == NotedPrices(0, 1)
    assert till.look(NOON + HOUR, {1: 10_000}, tagged=(1,)) == NotedPrices(1, 1)


def test_a_price_that_comes_back_before_the_clock_moves_goes_on(till: Till) -> None:
    for price in (10_000, 8_000, 10_000, 8_000):
        till.look(NOON, {1: price})
    till.sell(8_000, at=NOON + 5 * HOUR)
    till.sell(10_000, at=NOON + 5 * HOUR)
    assert [row.orderid for row in till.judge().unexplained] == [2]


def test_a_look_at_some_skus_says_nothing_about_the_others_nor_when_all_were_looked_at_last(till: Till) -> None:
    till.look(NOON - 10 * HOUR, {1: 10_000})
    # Only another product was read again, so the vase is not there to be seen.
    assert till.look(NOON - 5 * HOUR, {}, skus=["BOWL"]) == NotedPrices(0, 0)
    till.look(NOON, {1: 8_000})
    till.sell(8_000, at=NOON - 8 * HOUR)
    assert till.lost() == []


def test_a_price_that_was_just_pushed_is_known_from_the_reading_back_of_its_sku(till: Till) -> None:
    till.look(NOON - 10 * HOUR, {1: 10_000})
    assert till.look(NOON - 5 * HOUR, {1: 8_000}, skus=["VASE"]) == NotedPrices(1, 1)
    till.sell(8_000, at=NOON)
    till.sell(10_000, at=NOON)
    assert [row.orderid for row in till.judge().unexplained] == [2]
