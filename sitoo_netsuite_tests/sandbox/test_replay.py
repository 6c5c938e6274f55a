"""Somebody's real transactions served: what a replay file becomes, by every rule that the package states."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import msgspec
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.estate import load_estate
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.online_retail import convert, read_online_retail, write_replay_file
from sitoo_netsuite.sandbox.replay.file import ReplayError, read_replay_file
from sitoo_netsuite.sandbox.replay.till_days import till_days
from sitoo_netsuite.sandbox.replay.world import replayed_world
from sitoo_netsuite.sandbox.serve import SandboxOptions, running_sandbox
from sitoo_netsuite.sandbox.trade.build import record_trade
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import World
from sitoo_netsuite.sitoo.models import LandedOrder, LandedZReport, read_order, read_z_report
from sitoo_netsuite_tests.sandbox.trade.reading import (
    all_orders,
    all_z_reports,
    deliveries_of,
    excluded,
    figures,
    receipts_of,
)

LEDGER = Path(__file__).parents[3] / "shared" / "data" / "online-retail.parquet"
Json = dict[str, Any]


def row(receipt: str, **changes: Any) -> Json:
    return {
        "receipt_id": receipt,
        "kind": "sale",
        "sold_at": "2011-06-01T10:00:00",
        "arrives_at": "",
        "store": "York",
        "sku": "TIN-1",
        "description": "A tin",
        "quantity": "1",
        "unit_price_gross": "1.25",
        "currency": "GBP",
        "vat_rate": "20",
        "tender": "Card",
        "customer_email": "",
        "original_receipt_id": "",
    } | changes


def at(day: int, clock: str) -> str:
    return f"2011-06-{day:02}T{clock}:00"


# A sale of two rows of one SKU and a service, its customer on the first row only; a return that draws on both sales,
# and on more than was sold; what is no receipt; a day that ends after midnight; a sale the till sent late.
TRADE = (
    row("1", quantity="2", customer_email="a@example.com"),
    row("1", quantity="3", unit_price_gross="0.333", tender=""),
    row("1", sku="POST", description="Postage", unit_price_gross="18", item_kind="service"),
    row("2", sold_at=at(1, "23:50"), quantity="4", tender="Cash"),
    row("3", sold_at=at(2, "01:30"), sku="CUP-1", vat_rate="17.5", tender="Invoice", arrives_at=at(4, "09:00")),
    row("C1", kind="return", sold_at=at(2, "12:00"), quantity="-4", original_receipt_id="1", line="1"),
    row("C1", kind="return", sold_at=at(2, "12:00"), quantity="-2", original_receipt_id="2", line="1"),
    row("C1", kind="return", sold_at=at(2, "12:00"), quantity="-1", line="1"),
    row("C2", kind="return", sold_at=at(2, "12:30"), sku="CUP-1", vat_rate="17.5", quantity="-1",
        original_receipt_id="3"),
    row("W1", kind="not_a_receipt", sold_at=at(2, "13:00"), quantity="-9", unit_price_gross="0"),
    row("A1", kind="not_a_receipt", sold_at=at(2, "13:00"), sku="B", unit_price_gross="-11062.06", item_kind="service"),
    row("4", sold_at=at(3, "04:00"), unit_price_gross="0"),
)  # fmt: skip


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_rows(*rows: Json, name: str = "trade.csv") -> Path:
        path = tmp_path / name
        frame = pd.DataFrame(rows)
        if path.suffix == ".parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False)
        return path

    return write_rows


@pytest.fixture
def replayed(write: Callable[..., Path], tmp_path: Path) -> Callable[..., tuple[World, TradeStore]]:
    def replay_rows(*rows: Json) -> tuple[World, TradeStore]:
        return _recorded(write(*rows), tmp_path / "trade.sqlite")

    return replay_rows


def _recorded(path: Path, trade: Path) -> tuple[World, TradeStore]:
    file = read_replay_file(path)
    world = replayed_world(file)
    return world, record_trade(world, till_days(file, world), trade)


def by_document(store: TradeStore) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = defaultdict(list)
    for order in all_orders(store):
        found[order["externalid"]].append(order)
    return found


def money(orders: list[Json]) -> tuple[Decimal, Decimal]:
    """Net and VAT of orders."""
    return (
        sum((Decimal(order["moneyfinal_net"]) for order in orders), Decimal(0)),
        sum((Decimal(order["moneyfinal_vat"]) for order in orders), Decimal(0)),
    )


def epoch(text: str, zone: str = "Europe/London") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


# ---------------------------------------------------------------- what is served


def test_both_apis_serve_the_file_and_our_own_models_read_it(write: Callable[..., Path]) -> None:
    with running_sandbox(SandboxOptions(replay=write(*TRADE))) as sandbox:
        access = httpx.BasicAuth(sandbox.env["SITOO_API_ID"], sandbox.env["SITOO_API_PASSWORD"])
        with httpx.Client(base_url=sandbox.env["SITOO_URL"], auth=access) as client:
            orders = client.get("orders", params={"num": 100}).raise_for_status().json()
            reports = client.get("pos-z-reports").raise_for_status().json()
            products = client.get("sites/1/products").raise_for_status().json()["items"]
        estate = load_estate(Path(sandbox.env["SITOO_NETSUITE_ESTATE"]))
        assert sandbox.clock.now() >= datetime(2011, 6, 4, 3, tzinfo=UTC)

    assert orders["totalcount"] == 10
    assert all(
        isinstance(read_order(msgspec.Raw(json.dumps(order).encode())), LandedOrder) for order in orders["items"]
    )
    assert len(reports) == 3
    assert all(isinstance(read_z_report(msgspec.Raw(json.dumps(report).encode())), LandedZReport) for report in reports)
    assert {"TIN-1", "CUP-1", "POST", "B"} <= {product["sku"] for product in products}
    assert [(store.store, store.currency, store.time_zone) for store in estate.stores] == [
        ("York", "GBP", "Europe/London")
    ]
    assert estate.first_day == date(2011, 6, 1)


def test_a_sale_carries_the_files_own_figures(replayed: Callable[..., tuple[World, TradeStore]]) -> None:
    world, store = replayed(*TRADE)
    (sale,) = by_document(store)["1"]
    assert sale["orderdate"] == epoch("2011-06-01T10:00:00")
    assert sale["email"] == "a@example.com"
    assert excluded(sale) is None
    # 0.999 and 2.50 and 18.00; VAT of each line by itself, half away from zero.
    assert [(item["moneyitemtotal_net"], item["moneyitemtotal_vat"]) for item in sale["orderitems"]] == [
        ("2.08", "0.42"), ("0.83", "0.17"), ("15.00", "3.00"),
    ]  # fmt: skip
    assert sale["moneytotal_gross_all"] == "21.50"
    (payment,) = sale["payments"]
    assert (payment["name"], payment["moneyamount"], payment["reftype"], payment["cardissuer"]) == (
        "Card", "21.50", "adyen", "Visa",
    )  # fmt: skip
    assert sale["additionaldata"]["pos-receiptid"].startswith(world.shops[0].registers[0].registerkey)
    kinds = {product.sku: product.item_type for product in world.products}
    assert (kinds["POST"], kinds["TIN-1"], kinds["GIFTCARD"]) == ("Service", "InvtPart", "NonInvtPart")
    assert len(deliveries_of(store, sale["orderid"])) == 1


def test_a_return_becomes_one_order_per_sale_it_draws_on(replayed: Callable[..., tuple[World, TradeStore]]) -> None:
    _, store = replayed(*TRADE)
    documents = by_document(store)
    (first,), (second,) = documents["1"], documents["2"]
    returns = documents["C1"]
    assert [order["creditorderid"] for order in returns] == [first["orderid"], second["orderid"], None]
    assert [order["additionaldata"].get("pos-originalsales-orderid") for order in returns] == [
        str(first["orderid"]), str(second["orderid"]), None,
    ]  # fmt: skip
    # The sale had the SKU on two rows, of two and three: four come back from both.
    assert [
        (item["quantity"], item["additionaldata"].get("pos-originalsales-orderitemid"))
        for order in returns
        for item in order["orderitems"]
    ] == [(-2, "0"), (-2, "1"), (-2, "0"), (-1, None)]
    numbers = [order["additionaldata"]["pos-receiptid"] for order in returns]
    assert len(set(numbers)) == 3
    # However it is split, it is one line of seven at 1.25.
    assert money(returns) == (Decimal("-7.29"), Decimal("-1.46"))


def test_what_comes_back_beyond_what_was_sold_names_no_row(
    replayed: Callable[..., tuple[World, TradeStore]],
) -> None:
    _, store = replayed(
        row("1", quantity="2"), row("C1", kind="return", sold_at=at(2, "10:00"), quantity="-3", original_receipt_id="1")
    )
    (order,) = by_document(store)["C1"]
    assert order["creditorderid"] is not None
    assert [
        (item["quantity"], item["additionaldata"].get("pos-originalsales-orderitemid")) for item in order["orderitems"]
    ] == [(-2, "0"), (-1, None)]


def test_what_is_no_receipt_is_excluded_by_name(replayed: Callable[..., tuple[World, TradeStore]]) -> None:
    _, store = replayed(*TRADE)
    documents = by_document(store)
    (written_off,), (adjustment,) = documents["W1"], documents["A1"]
    assert (excluded(written_off), written_off["orderstateid"], written_off["paymentstateid"]) == ("cancelled", 20, 30)
    assert (excluded(adjustment), adjustment["registerid"]) == ("web_order", None)
    assert adjustment["moneytotal_gross_all"] == "-11062.06"


def test_a_sale_that_comes_to_nothing_stays_a_receipt_without_payment(
    replayed: Callable[..., tuple[World, TradeStore]],
) -> None:
    _, store = replayed(*TRADE)
    (order,) = by_document(store)["4"]
    assert (excluded(order), order["payments"], order["moneytotal_gross_all"]) == (None, [], "0.00")


def test_there_is_a_session_a_till_and_trading_day_and_its_z_report_is_its_receipts(
    replayed: Callable[..., tuple[World, TradeStore]],
) -> None:
    world, store = replayed(*TRADE)
    orders = all_orders(store)
    reports = sorted(all_z_reports(store, world), key=lambda report: report["zreportid"])
    zone = ZoneInfo("Europe/London")
    days = [datetime.fromtimestamp(report["dateopened"], zone).date() for report in reports]
    assert days == [date(2011, 6, day) for day in (1, 2, 3)]
    # A sale at 01:30 is of the day before, one at 04:00 sharp of its own.
    assert reports[0]["datecreated"] == epoch("2011-06-02T01:35:00")
    assert reports[2]["dateopened"] == epoch("2011-06-03T04:00:00")
    for report in reports:
        receipts = receipts_of(orders, report)
        told = figures(receipts)
        assert report["numreceipts"] == len(receipts) == sum(told["counts"][name] for name in ("numsales", "numrefund"))
        assert Decimal(report["moneysummarytotal"]) == sum(money(receipts))
        for side in ("sales", "refund"):
            assert {
                group["vatvalue"]: [Decimal(group["moneytotalnet"]), Decimal(group["moneytotalvat"])]
                for group in report[f"vatgroups{side}"]
            } == dict(told["rates"][side])
    assert sum(len(receipts_of(orders, report)) for report in reports) == 8
    assert [report["moneycash_in"] for report in reports] == ["100.00"] * 3
    assert [report["moneycash_out"] for report in reports] == ["100.00"] * 3


def test_news_arrives_when_the_file_says_and_a_return_not_before_its_sale(
    replayed: Callable[..., tuple[World, TradeStore]],
) -> None:
    _, store = replayed(*TRADE)
    before, after = epoch("2011-06-04T08:59:59"), epoch("2011-06-04T09:00:00")
    arrived = {order["externalid"] for order in all_orders(store, before)}
    assert arrived == {"1", "2", "C1", "W1", "A1", "4"}
    assert {order["externalid"] for order in all_orders(store, after)} == arrived | {"3", "C2"}
    first = epoch("2011-06-01T10:00:00")
    assert all_orders(store, first + 59) == []
    assert len(all_orders(store, first + 60)) == 1


def test_a_till_that_was_offline_at_its_close_sends_its_z_report_with_the_last_of_its_receipts(
    replayed: Callable[..., tuple[World, TradeStore]],
) -> None:
    late = {"arrives_at": at(20, "09:00")}
    world, store = replayed(
        row("1"),
        row("2", sold_at=at(1, "11:00"), register="2", **late),
        row("3", sold_at=at(1, "12:00"), register="2", arrives_at=at(19, "09:00")),
        # On line again before its close: the Z-report tells of a receipt that Sitoo lacks.
        row("4", sold_at=at(1, "13:00"), register="3", **late),
        row("5", sold_at=at(1, "14:00"), register="3"),
    )
    (shop,) = world.shops
    added = {report["registerid"]: report["dateadded"] for report in all_z_reports(store, world)}
    assert [added[register.registerid] for register in shop.registers] == [
        epoch("2011-06-01T10:06:00"),
        epoch("2011-06-20T09:00:00"),
        epoch("2011-06-01T14:06:00"),
    ]


def test_each_till_of_a_shop_numbers_its_own_receipts_and_z_reports(
    replayed: Callable[..., tuple[World, TradeStore]],
) -> None:
    world, store = replayed(
        *(row(f"{till}{n}", register=till, sold_at=at(int(n), "10:00")) for n in "12" for till in ("b", "", "a"))
    )
    (shop,) = world.shops
    assert [register.registerkey for register in shop.registers] == [f"SII0000001500{n:03}" for n in (1, 2, 3)]
    numbers = {
        order["externalid"]: (order["registerid"], order["additionaldata"]["pos-receiptid"])
        for order in all_orders(store)
    }
    for register, till in zip(shop.registers, ("", "a", "b"), strict=True):  # a till without a name is till 1
        assert [numbers[f"{till}{n}"][0] for n in "12"] == [register.registerid] * 2
        assert [numbers[f"{till}{n}"][1][-5:] for n in "12"] == ["10001", "10002"]
    assert sorted(report["zreportid"] for report in all_z_reports(store, world)) == [1, 1, 1, 2, 2, 2]


def test_empty_cells_are_filled_as_stated(replayed: Callable[..., tuple[World, TradeStore]]) -> None:
    world, store = replayed(row("1", store="", description="", tender=""))
    (order,) = all_orders(store)
    (item,) = order["orderitems"]
    assert [shop.key for shop in world.shops] == ["S01"]
    assert (item["productname"], order["payments"][0]["name"], order["email"]) == ("TIN-1", "Card", "")


def test_each_currency_has_its_market_zone_and_books(
    replayed: Callable[..., tuple[World, TradeStore]], tmp_path: Path
) -> None:
    world, store = replayed(
        row("1", store="King's Cross", tender="Gift card"),
        row("2", store="King=s Cross", tender="Book: token"),
        row("3", store="Umeå", currency="SEK", vat_rate="6", tender="Swish"),
        row("4", store="Umeå", currency="SEK", vat_rate="6.25", tender="CASH"),
        row("5", store="on", currency="EUR", vat_rate="0", tender="Amex", sold_at="2011-06-01T10:00:00+02:00"),
        row("6", store="Tokyo", currency="JPY", vat_rate="8", unit_price_gross="99.5", tender="Debit card"),
    )
    path = tmp_path / "estate.yaml"
    path.write_text(estate_yaml(world), encoding="utf-8")
    estate = load_estate(path)

    assert {(shop.key, shop.currency, shop.time_zone) for shop in world.shops} == {
        ("King_s_Cross", "GBP", "Europe/London"), ("King_s_Cross_0002", "GBP", "Europe/London"),
        ("Tokyo", "JPY", "Asia/Tokyo"), ("Ume_", "SEK", "Europe/Stockholm"), ("on", "EUR", "UTC"),
    }  # fmt: skip
    moments = {order["externalid"]: order["orderdate"] for order in all_orders(store)}
    assert moments["3"] == epoch("2011-06-01T10:00:00", "Europe/Stockholm")
    assert moments["5"] == epoch("2011-06-01T08:00:00", "UTC")
    assert by_document(store)["6"][0]["moneytotal_gross_all"] == "100"
    for books in estate.books:
        chart = [account.number for account in world.accounts if str(account.subsidiary) == books.subsidiary]
        assert len(set(chart)) == len(chart)
        assert books.account_numbers() <= set(chart)
    tenders = {tender.name: tender.kind.value for books in estate.books for tender in books.tenders}
    assert {name: tenders[name] for name in ("Gift card", "Book: token", "Swish", "CASH", "Amex", "Debit card")} == {
        "Gift card": "gift_card", "Book: token": "other", "Swish": "other",
        "CASH": "cash", "Amex": "card", "Debit card": "card",
    }  # fmt: skip
    assert by_document(store)["5"][0]["payments"][0]["cardissuer"] == "Amex"


def test_csv_and_parquet_make_the_same_trade(write: Callable[..., Path], tmp_path: Path) -> None:
    """Parquet may hold numbers and times where CSV holds text."""
    typed = [
        entry
        | {
            "quantity": int(entry["quantity"]),
            "unit_price_gross": float(entry["unit_price_gross"]),
            "vat_rate": float(entry["vat_rate"]),
            "sold_at": datetime.fromisoformat(entry["sold_at"]),
            "arrives_at": datetime.fromisoformat(entry["arrives_at"]) if entry["arrives_at"] else None,
            "customer_email": entry["customer_email"] or None,
            "line": float(entry.get("line", "nan")),
        }
        for entry in TRADE
    ]
    _, from_csv = _recorded(write(*TRADE), tmp_path / "csv.sqlite")
    _, from_parquet = _recorded(write(*typed, name="trade.parquet"), tmp_path / "parquet.sqlite")
    assert all_orders(from_csv) == all_orders(from_parquet)


def test_an_original_that_the_file_does_not_hold_is_none_and_counted(write: Callable[..., Path]) -> None:
    file = read_replay_file(
        write(row("1"), row("C1", kind="return", quantity="-1", original_receipt_id="from another year"))
    )
    assert file.absent_originals == 1
    (back,) = [
        basket for day in till_days(file, replayed_world(file)) for basket in day.baskets if basket.external_id == "C1"
    ]
    assert back.returns is None


@given(
    parts=st.lists(st.integers(1, 50), min_size=1, max_size=6),
    price=st.integers(0, 10**6),
    rate=st.sampled_from(["0", "6", "17.5", "20", "25"]),
)
def test_parts_of_a_line_add_up_to_the_line(
    tmp_path_factory: pytest.TempPathFactory, parts: list[int], price: int, rate: str
) -> None:
    text = f"{price // 1000}.{price % 1000:03}"
    common = {"unit_price_gross": text, "vat_rate": rate}
    back = common | {"kind": "return", "sold_at": at(2, "10:00"), "line": "7"}
    rows = [row(str(number), quantity=str(part), **common) for number, part in enumerate(parts)]
    rows += [
        row("C1", quantity=str(-part), original_receipt_id=str(number), **back) for number, part in enumerate(parts)
    ]
    path = tmp_path_factory.mktemp("parts") / "trade.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    file = read_replay_file(path)
    baskets = [basket for day in till_days(file, replayed_world(file)) for basket in day.baskets]
    returned = [entry for basket in baskets if basket.external_id == "C1" for entry in basket.rows]

    gross = -Decimal(sum(parts) * price) / 10  # in pence
    rate_of = Decimal(rate)
    whole = int(gross.quantize(Decimal(1), "ROUND_HALF_UP"))
    vat = int((whole * rate_of / (100 + rate_of)).quantize(Decimal(1), "ROUND_HALF_UP"))
    assert sum(entry.gross_minor for entry in returned) == whole
    assert sum(entry.vat_minor for entry in returned) == vat
    assert [entry.quantity for entry in returned] == [-part for part in parts]


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("second", "where"),
    [
        ({"receipt_id": ""}, "row 3, column receipt_id: must not be empty"),
        ({"kind": "refund"}, "row 3, column kind: must be one of sale, return, not_a_receipt"),
        ({"sold_at": "yesterday"}, "row 3, column sold_at: must be a date and time"),
        ({"sold_at": "2011-06-01"}, "row 3, column sold_at: must be a date and time"),
        ({"arrives_at": "soon"}, "row 3, column arrives_at"),
        ({"receipt_id": "2", "arrives_at": "2011-05-31T10:00:00"}, "row 3, column arrives_at: it arrives before"),
        ({"sku": "BANK CHARGES"}, "row 3, column sku: must be a SKU a till can hold"),
        ({"sku": "TIP"}, "row 3, column sku"),
        ({"quantity": "half"}, "row 3, column quantity: must be a whole number"),
        ({"quantity": "0.5"}, "row 3, column quantity: must be a whole number"),
        ({"quantity": "0"}, "row 3, column quantity: must be a whole number of pieces, not 0"),
        ({"unit_price_gross": "1,25"}, "row 3, column unit_price_gross: must be a number"),
        ({"unit_price_gross": "NaN"}, "row 3, column unit_price_gross: must be a number"),
        ({"unit_price_gross": "1e15"}, "row 3, column unit_price_gross"),
        ({"currency": "pounds"}, "row 3, column currency: must be an ISO 4217 code"),
        ({"vat_rate": ""}, "row 3, column vat_rate"),
        ({"vat_rate": "-1"}, "row 3, column vat_rate: must be a VAT rate"),
        ({"vat_rate": "1.2"}, None),
        ({"currency": "EUR"}, "row 3, column currency: 'EUR', but its receipt has 'GBP' in row 2"),
        ({"receipt_id": "2", "currency": "EUR"}, "row 3, column currency: 'EUR', but its store has 'GBP' in row 2"),
        ({"kind": "return"}, "row 3, column kind: 'return', but its receipt has 'sale' in row 2"),
        ({"tender": "Cash"}, "row 3, column tender: 'Cash', but its receipt has 'Card' in row 2"),
        ({"tender": ""}, None),
        ({"register": "2"}, "row 3, column register: '2', but its receipt has '1' in row 2"),
        ({"line": "1", "sku": "CUP-1"}, "row 3, column sku: 'CUP-1', but its line has 'TIN-1' in row 2"),
        ({"line": "1", "quantity": "-1"}, "row 3, column quantity: 'came back', but its line has 'sold'"),
        ({"item_kind": "service"}, "row 3, column item_kind: 'service', but its SKU has 'goods'"),
        ({"original_receipt_id": "1"}, "row 3, column original_receipt_id: a sale has no original"),
        (
            {"receipt_id": "C1", "kind": "return", "original_receipt_id": "C1"},
            "row 3, column original_receipt_id: C1 is in the file, but is no sale",
        ),
        (
            {"receipt_id": "C1", "kind": "return", "original_receipt_id": "1", "sold_at": "2011-05-31T10:00:00"},
            "row 3, column original_receipt_id: 1 was sold after this came back",
        ),
        (
            {"receipt_id": "C1", "kind": "return", "original_receipt_id": "1", "store": "Rome", "currency": "EUR"},
            "row 3, column original_receipt_id: 1 was sold in GBP, not EUR",
        ),
    ],
)
def test_what_cannot_be_used_is_named_by_row_and_column(
    write: Callable[..., Path], second: Json, where: str | None
) -> None:
    first = row("1", line="1", item_kind="goods", register="1")
    path = write(first, row("1", line="2", item_kind="goods") | second)
    if where is None:
        read_replay_file(path)
        return
    with pytest.raises(ReplayError, match=f"^{where}"):
        read_replay_file(path)


def test_a_file_that_is_no_replay_file_is_refused_and_nothing_is_served(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    rest = {name: value for name, value in row("1").items() if name not in ("tender", "sku")}
    with pytest.raises(ReplayError, match=r"lacks the column sku, tender"):
        read_replay_file(write(rest))
    with pytest.raises(ReplayError, match=r"ends in \.csv or \.parquet"):
        read_replay_file(tmp_path / "trade.xlsx")
    with pytest.raises(ReplayError, match="cannot be read"):
        read_replay_file(tmp_path / "absent.csv")
    broken = tmp_path / "broken.csv"
    broken.write_text(",".join(row("1")) + "\n1,sale\n")
    with pytest.raises(ReplayError, match="cannot be read"):
        read_replay_file(broken)
    broken.write_text(",".join(row("1")) + "\n")
    with pytest.raises(ReplayError, match="no row below the header"):
        read_replay_file(broken)
    folder = tmp_path / "sandbox"
    with pytest.raises(ReplayError), running_sandbox(SandboxOptions(replay=broken, folder=folder)):
        pass
    assert list(folder.iterdir()) == []


# ---------------------------------------------------------------- a real retailer's year


@pytest.mark.skipif(not LEDGER.exists(), reason="needs ../shared/data/online-retail.parquet, which is not there")
def test_the_whole_of_online_retail_comes_to_its_own_totals(tmp_path: Path) -> None:
    path = tmp_path / "replay.parquet"
    write_replay_file(convert(read_online_retail(LEDGER)).rows, path)
    file = read_replay_file(path)
    world = replayed_world(file)
    net = vat = credit_gross = credit_vat = sales = tills = session_receipts = 0
    credits: set[str] = set()
    states: dict[tuple[int, bool], int] = defaultdict(int)
    for day in till_days(file, world):
        for basket in day.baskets:
            states[basket.stages[-1].state.orderstate, basket.register is None] += 1
            if not basket.is_receipt:
                continue
            tills += 1
            receipt_vat = sum(entry.vat_minor for entry in basket.rows)
            net += basket.gross_minor - receipt_vat
            vat += receipt_vat
            if (basket.external_id or "").startswith("C"):
                credits.add(basket.external_id or "")
                credit_gross += basket.gross_minor
                credit_vat += receipt_vat
            else:
                sales += 1
        for session in day.sessions:
            session_receipts += session.totals.sold.receipts + session.totals.refunded.receipts
    assert (net + vat, net, vat) == (975_880_999, 814_525_660, 161_355_339)
    assert (credit_gross, credit_vat) == (-89_681_249, -14_815_389)
    assert (sales, len(credits)) == (19_959, 3_836)
    assert states[20, False] == 2_102
    assert states[10, True] == 3
    assert session_receipts == tills
    assert (world.start, world.start + timedelta(days=world.days - 1)) == (date(2010, 12, 1), date(2011, 12, 9))
