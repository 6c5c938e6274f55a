from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sitoo_netsuite.money import round_half_away, vat_within
from sitoo_netsuite.sandbox.online_retail import (
    COLUMNS,
    NOT_A_RECEIPT,
    RETURN,
    SALE,
    Conversion,
    OnlineRetailError,
    convert,
    read_online_retail,
    write_replay_file,
)

LEDGER = Path(__file__).parents[3] / "shared" / "data" / "online-retail.parquet"


def ledger_line(invoice: str, quantity: int = 1, price: float = 1.25, **changes: Any) -> dict[str, Any]:
    return {
        "invoice": invoice,
        "sku": "85123A",
        "description": "A tin",
        "quantity": quantity,
        "invoiced_at": datetime(2011, 6, 1, 10, 0),
        "unit_price": price,
        "customer_id": 17850,
        "country": "United Kingdom",
    } | changes


def converted(*lines: dict[str, Any]) -> Conversion:
    source = pd.DataFrame(lines).astype(
        {"invoice": "string", "sku": "string", "description": "string", "country": "string", "customer_id": "Int64"}
    )
    return convert(source)


def rows_of(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    frame = converted(*lines).rows
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def june(day: int, hour: int = 10, minute: int = 0) -> dict[str, Any]:
    return {"invoiced_at": datetime(2011, 6, day, hour, minute)}


def originals(*lines: dict[str, Any]) -> list[tuple[int, str | None]]:
    """(quantity, original) of every returned row."""
    return [(row["quantity"], row["original_receipt_id"]) for row in rows_of(*lines) if row["kind"] == RETURN]


def test_a_line_of_a_sale_becomes_a_row() -> None:
    assert rows_of(ledger_line("536365", 6, 2.55)) == [
        {
            "receipt_id": "536365",
            "kind": SALE,
            "sold_at": "2011-06-01T10:00:00+01:00",
            "arrives_at": None,
            "store": "S01",
            "sku": "85123A",
            "description": "A tin",
            "quantity": 6,
            "unit_price_gross": "2.55",
            "currency": "GBP",
            "vat_rate": "20",
            "tender": "Card",
            "customer_email": "customer-17850@example.com",
            "original_receipt_id": None,
            "line": 1,
            "item_kind": "goods",
        }
    ]


def test_a_return_draws_on_the_latest_earlier_sale_and_is_split_where_it_runs_out() -> None:
    assert originals(
        ledger_line("1", 5, **june(1)),
        ledger_line("2", 1, **june(2)),
        ledger_line("2", 1, **june(2)),
        ledger_line("C3", -4, **june(3)),
        ledger_line("C4", -4, **june(4)),
        ledger_line("C5", -1, **june(5)),
    ) == [(-2, "2"), (-2, "1"), (-3, "1"), (-1, None), (-1, None)]


def test_parts_of_a_line_keep_its_number() -> None:
    rows = rows_of(
        ledger_line("1", 1, **june(1)),
        ledger_line("2", 1, **june(2)),
        ledger_line("C3", -1, sku="22556", **june(3)),
        ledger_line("C3", -2, **june(3)),
    )
    assert [(row["sku"], row["line"]) for row in rows[2:]] == [("22556", 1), ("85123A", 2), ("85123A", 2)]


@pytest.mark.parametrize(
    "changes",
    [{"customer_id": 1}, {"sku": "85123a"}, june(3), june(4), {"customer_id": None}, {"unit_price": 0.0}],
)
def test_a_return_has_no_original_of_another_customer_sku_or_later_moment(changes: dict[str, Any]) -> None:
    sold = ledger_line("1", 5, **june(1)) | changes
    assert originals(sold, ledger_line("C2", -1, **june(3))) == [(-1, None)]


def test_a_return_without_a_customer_has_no_original() -> None:
    nobody: dict[str, Any] = {"customer_id": None}
    assert originals(ledger_line("1", 5, **june(1), **nobody), ledger_line("C2", -1, **june(2), **nobody)) == [
        (-1, None)
    ]


def test_documents_that_total_zero_and_adjustments_are_no_receipts() -> None:
    rows = rows_of(
        ledger_line("1", -10, 0.0),
        ledger_line("2", 1, 0.001),
        ledger_line("A3", 1, -11062.06, sku="B", customer_id=None),
        ledger_line("4", 10, 0.001),
    )
    assert [row["kind"] for row in rows] == [NOT_A_RECEIPT, NOT_A_RECEIPT, NOT_A_RECEIPT, SALE]
    assert [row["unit_price_gross"] for row in rows] == ["0.00", "0.001", "-11062.06", "0.001"]


def test_the_rate_is_that_of_the_documents_own_day() -> None:
    last, first = datetime(2011, 1, 3, 23, 59), datetime(2011, 1, 4)
    rows = rows_of(ledger_line("1", invoiced_at=last), ledger_line("2", invoiced_at=first))
    assert [row["vat_rate"] for row in rows] == ["17.5", "20"]


def test_a_document_with_two_time_stamps_has_the_first() -> None:
    conversion = converted(ledger_line("1", **june(1, 10, 0)), ledger_line("1", **june(1, 10, 1)))
    assert set(conversion.rows.sold_at) == {"2011-06-01T10:00:00+01:00"}
    assert any(sentence.startswith("Time: 1 documents") for sentence in conversion.made_up)


@pytest.mark.parametrize(
    ("country", "store"), [("United Kingdom", "S01"), ("EIRE", "S02"), ("Japan", "S03"), ("Unspecified", "S03")]
)
def test_the_country_decides_the_store(country: str, store: str) -> None:
    assert rows_of(ledger_line("1", country=country))[0]["store"] == store


@pytest.mark.parametrize(
    ("quantity", "customer", "tender"),
    [(799, 1, "Card"), (799, None, "Cash"), (800, None, "Invoice"), (800, 1, "Invoice")],
)
def test_amount_and_customer_decide_the_tender(quantity: int, customer: int | None, tender: str) -> None:
    assert rows_of(ledger_line("1", quantity, customer_id=customer))[0]["tender"] == tender


def test_a_sku_a_till_could_not_hold_is_mapped_and_listed_and_never_to_one_that_is_taken() -> None:
    conversion = converted(
        ledger_line("1", sku="BANK CHARGES"), ledger_line("1", sku="A.B"), ledger_line("1", sku="A-B")
    )
    assert list(conversion.rows.sku) == ["BANK-CHARGES", "A-B-", "A-B"]
    assert "SKUs a till could not hold (2): 'BANK CHARGES' is 'BANK-CHARGES', 'A.B' is 'A-B-'" in conversion.made_up


def test_skus_that_differ_only_by_case_stay_distinct_and_are_listed() -> None:
    conversion = converted(ledger_line("1", sku="82494L"), ledger_line("1", sku="82494l"))
    assert list(conversion.rows.sku) == ["82494L", "82494l"]
    assert "SKUs that differ only by case (1), kept apart: 82494L / 82494l" in conversion.made_up


def test_service_codes_are_service_items() -> None:
    rows = rows_of(ledger_line("1", sku="POST"), ledger_line("1", sku="BANK CHARGES"), ledger_line("1", sku="PADS"))
    assert [row["item_kind"] for row in rows] == ["service", "service", "goods"]


def test_a_price_finer_than_a_tenth_of_a_penny_is_refused() -> None:
    with pytest.raises(OnlineRetailError, match="tenth of a penny"):
        converted(ledger_line("1", price=0.0001))


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    pd.DataFrame({"invoice": ["1"]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(OnlineRetailError, match="lacks the columns sku"):
        read_online_retail(tmp_path / "other.parquet")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_replay_file_is_written_by_its_ending(tmp_path: Path, ending: str) -> None:
    rows = converted(ledger_line("1", sku="00123")).rows
    path = tmp_path / f"replay.{ending}"
    write_replay_file(rows, path)
    back = pd.read_csv(path, dtype="string") if ending == "csv" else pd.read_parquet(path)
    assert tuple(back.columns) == COLUMNS
    assert back.sku.item() == "00123"


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OnlineRetailError, match=r"\.csv or \.parquet"):
        write_replay_file(converted(ledger_line("1")).rows, tmp_path / "replay.xlsx")


@pytest.fixture(scope="module")
def whole() -> Conversion:
    if not LEDGER.exists():
        pytest.skip(f"the Online Retail ledger is not at {LEDGER}")
    return convert(read_online_retail(LEDGER))


def test_the_whole_ledger_comes_to_its_known_totals(whole: Conversion) -> None:
    rows = whole.rows
    documents = rows.drop_duplicates("receipt_id").kind.value_counts()
    assert documents.to_dict() == {SALE: 19_959, RETURN: 3_836, NOT_A_RECEIPT: 2_102 + 3}
    adjustments = rows[rows.receipt_id.str.startswith("A")]
    assert (adjustments.receipt_id.nunique(), set(adjustments.kind)) == (3, {NOT_A_RECEIPT})

    lines = rows.groupby(["receipt_id", "line", "kind", "unit_price_gross", "vat_rate"], as_index=False).quantity.sum()
    gross, vat = {SALE: 0, RETURN: 0, NOT_A_RECEIPT: 0}, {SALE: 0, RETURN: 0, NOT_A_RECEIPT: 0}
    columns = ("kind", "quantity", "unit_price_gross", "vat_rate")
    for kind, quantity, price, rate in zip(*(lines[column].tolist() for column in columns), strict=True):
        pounds, _, decimals = price.partition(".")
        line_gross = round_half_away(quantity * int(pounds + decimals.ljust(3, "0")), 10)
        gross[kind] += line_gross
        vat[kind] += vat_within(line_gross, {"17.5": 1750, "20": 2000}[rate])
    assert gross == {SALE: 9_758_809_99 + 896_812_49, RETURN: -896_812_49, NOT_A_RECEIPT: -11_062_06}
    assert vat[RETURN] == -148_153_89
    assert vat[SALE] + vat[RETURN] == 1_613_553_39
    assert gross[SALE] + gross[RETURN] - vat[SALE] - vat[RETURN] == 8_145_256_60


def test_the_whole_ledger_says_what_was_made_up(whole: Conversion) -> None:
    told = "\n".join(whole.made_up)
    assert "43 documents carry two time stamps" in told
    assert "SKUs that differ only by case (112)" in told
    assert "SKUs a till could not hold (1): 'BANK CHARGES' is 'BANK-CHARGES'" in told
    assert "of 9,288 lines 150 draw on several sales" in told


def test_every_original_in_the_whole_ledger_is_an_earlier_sale_of_the_same_customer_and_sku(whole: Conversion) -> None:
    rows = whole.rows
    keys = ["receipt_id", "customer_email", "sku"]
    sold = rows[rows.kind == SALE].groupby(keys, as_index=False).agg(sold=("quantity", "sum"), at=("sold_at", "first"))
    back = rows[rows.original_receipt_id.notna()]
    assert set(back.kind) == {RETURN}
    matched = back.drop(columns="receipt_id").merge(
        sold, left_on=["original_receipt_id", "customer_email", "sku"], right_on=keys, how="left"
    )
    assert matched["at"].notna().all()
    assert (pd.to_datetime(matched["at"], utc=True) < pd.to_datetime(matched.sold_at, utc=True)).all()
    drawn = matched.groupby(["original_receipt_id", "customer_email", "sku"]).agg(
        back=("quantity", "sum"), sold=("sold", "first")
    )
    assert (drawn.back + drawn.sold >= 0).all()
