"""Turns the UCI "Online Retail" ledger into a replay file: a real retailer's year as if it had gone through tills.

Belongs here: the rules by which its documents become receipts, and the list of what the ledger lacks and is made up.
Does not belong here: serving a replay file, HTTP, what a receipt becomes in the books.

The ledger has one row a document line: `invoice` (a leading C marks a credit document, A an adjustment), `sku`,
`description`, `quantity` (negative on credits), `invoiced_at` (UK local time), `unit_price` (GBP), `customer_id`,
`country`. The replay file has one row a receipt line; `COLUMNS` names its columns and `convert` says what is in them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from pyarrow.lib import ArrowException

COLUMNS = (
    "receipt_id", "kind", "sold_at", "arrives_at", "store", "sku", "description", "quantity", "unit_price_gross",
    "currency", "vat_rate", "tender", "customer_email", "original_receipt_id", "line", "item_kind",
)  # fmt: skip
_SOURCE_COLUMNS = (
    "invoice", "sku", "description", "quantity", "invoiced_at", "unit_price", "customer_id", "country",
)  # fmt: skip

SALE, RETURN, NOT_A_RECEIPT = "sale", "return", "not_a_receipt"

_TIME_ZONE = "Europe/London"
# The United Kingdom's standard rate rose on this day (percent, before and from then on).
_RATE_ROSE = datetime(2011, 1, 4)
_RATE_BEFORE, _RATE_AFTER = "17.5", "20"

# Prices in tenths of a penny: four lines cost 0.001.
_MILLS = 1000
_INVOICE_FROM_PENCE = 100_000

_HOME_STORE, _EUROPE_STORE, _WORLD_STORE = "S01", "S02", "S03"
_EUROPE = {
    "Austria", "Belgium", "Channel Islands", "Cyprus", "Czech Republic", "Denmark", "EIRE", "European Community",
    "Finland", "France", "Germany", "Greece", "Iceland", "Italy", "Lithuania", "Malta", "Netherlands", "Norway",
    "Poland", "Portugal", "Spain", "Sweden", "Switzerland",
}  # fmt: skip

# Codes that stand for a service or a charge: postage, carriage, manual entries, discounts, fees, samples.
_SERVICE_CODES = {"POST", "DOT", "C2", "M", "m", "D", "S", "B", "BANK CHARGES", "AMAZONFEE", "CRUK"}

# What a till's SKU may hold (reference sitoo-api.md, section 4, Products).
_NO_SKU_CHARACTER = re.compile(r"[^A-Za-z0-9_+\-/]")


class OnlineRetailError(Exception):
    """The file is not the Online Retail ledger, or the output's name says no format; the text says which and why."""


@dataclass(frozen=True)
class Conversion:
    """A replay file's rows, and in sentences what was made up to get them."""

    rows: pd.DataFrame
    made_up: tuple[str, ...]


def read_online_retail(path: Path) -> pd.DataFrame:
    """The ledger from its parquet file. Raises OnlineRetailError when it is none, or has other columns."""
    try:
        source = pd.read_parquet(path)
    except (OSError, ArrowException) as error:
        raise OnlineRetailError(f"{path} cannot be read as parquet: {error}") from None
    missing = [column for column in _SOURCE_COLUMNS if column not in source.columns]
    if missing:
        raise OnlineRetailError(f"{path} lacks the columns {', '.join(missing)}: it is not the Online Retail ledger")
    return source


def write_replay_file(rows: pd.DataFrame, path: Path) -> None:
    """Writes the rows as CSV or parquet, by the ending of the name. Raises OnlineRetailError on any other ending."""
    if path.suffix == ".csv":
        rows.to_csv(path, index=False)
    elif path.suffix == ".parquet":
        rows.to_parquet(path, index=False)
    else:
        raise OnlineRetailError(f"{path} must end in .csv or .parquet")


def convert(source: pd.DataFrame) -> Conversion:
    """Replay rows of the ledger, documents in the order they were made, and what was made up.

    In each row:

    - `receipt_id` is the document's number; `kind` is sale, return (C documents) or not_a_receipt (documents whose
      lines come to zero, and the A adjustments of bad debt);
    - `sold_at` is ISO 8601 with the offset of Europe/London; a document with two time stamps has the first;
      `arrives_at` is empty: on time;
    - `unit_price_gross` (decimal text, VAT included, up to three decimals) and `quantity` (negative on returns) are the
      document's; `currency` is GBP; `vat_rate` is percent as text, by the date of the document itself;
    - `original_receipt_id` of a return's row: the latest strictly earlier sale of the same customer and exact SKU that
      has quantity left; where one sale's quantity runs out, the line is split over several rows. Empty where there is
      no such sale, or no customer;
    - `line` is the number of the document's line, from 1. VAT is worked out on the whole line; rows that are parts of
      one line share it, each taking what the VAT of the parts so far has grown by, so that a split changes no total.
      `item_kind` is goods or service. (Both are optional: without them every row is a line, and every SKU goods.)

    Raises OnlineRetailError when a price is finer than a tenth of a penny.
    """
    lines = source.loc[:, list(_SOURCE_COLUMNS)].reset_index(drop=True)
    lines["mills"] = _mills(lines.unit_price)
    documents = lines.groupby("invoice", sort=False)
    lines["line"] = documents.cumcount() + 1
    lines["sold_at"] = documents.invoiced_at.transform("min")
    two_stamps = lines.invoice[lines.sold_at != lines.invoiced_at].nunique()
    lines["total"] = _pence(lines.quantity, lines.mills).groupby(lines.invoice, sort=False).transform("sum")
    lines["kind"] = [_kind(*document) for document in zip(lines.invoice.tolist(), lines.total.tolist(), strict=True)]
    lines = lines.sort_values("sold_at", kind="stable", ignore_index=True)
    codes = _till_skus(lines.sku)
    parts = pd.DataFrame(_parts(lines), columns=["row", "quantity", "original_receipt_id"])
    of_part = lines.loc[parts.row].reset_index(drop=True)

    moments = {moment: moment.tz_localize(_TIME_ZONE).isoformat() for moment in of_part.sold_at.unique()}
    rows = pd.DataFrame(
        {
            "receipt_id": of_part.invoice,
            "kind": of_part.kind,
            "sold_at": of_part.sold_at.map(moments),
            "arrives_at": pd.Series([None] * len(of_part), dtype="string"),
            "store": of_part.country.map(_store),
            "sku": of_part.sku.map(codes),
            "description": of_part.description,
            "quantity": parts.quantity,
            "unit_price_gross": of_part.mills.map({mills: _price_text(mills) for mills in of_part.mills.unique()}),
            "currency": "GBP",
            "vat_rate": (of_part.sold_at < _RATE_ROSE).map({True: _RATE_BEFORE, False: _RATE_AFTER}),
            "tender": [
                _tender(total, known) for total, known in zip(of_part.total, of_part.customer_id.notna(), strict=True)
            ],
            "customer_email": of_part.customer_id.map("customer-{}@example.com".format, na_action="ignore"),
            "original_receipt_id": parts.original_receipt_id,
            "line": of_part.line,
            "item_kind": of_part.sku.isin(_SERVICE_CODES).map({True: "service", False: "goods"}),
        }
    )
    rows = rows.astype({column: "string" for column in COLUMNS if column not in ("quantity", "line")})
    return Conversion(rows.loc[:, list(COLUMNS)], tuple(_made_up(lines, parts, codes, two_stamps)))


def _mills(prices: pd.Series[float]) -> pd.Series[int]:
    mills = (prices * _MILLS).round().astype("int64")
    if (prices.round(3) != prices).any():
        raise OnlineRetailError("a price is finer than a tenth of a penny; the replay file could not hold it")
    return mills


def _pence(quantities: pd.Series[int], mills: pd.Series[int]) -> pd.Series[int]:
    """Quantity times price in whole pennies, half away from zero: what the till charges for a line."""
    worth = quantities * mills
    rounded = (worth.abs() + 5) // 10
    return rounded.where(worth >= 0, -rounded)


def _kind(invoice: str, total_pence: int) -> str:
    if invoice.startswith("A") or total_pence == 0:
        return NOT_A_RECEIPT
    return RETURN if invoice.startswith("C") else SALE


def _store(country: str) -> str:
    if country == "United Kingdom":
        return _HOME_STORE
    return _EUROPE_STORE if country in _EUROPE else _WORLD_STORE


def _tender(total_pence: int, customer_known: bool) -> str:
    if abs(total_pence) >= _INVOICE_FROM_PENCE:
        return "Invoice"
    return "Card" if customer_known else "Cash"


def _price_text(mills: int) -> str:
    """The price in pounds with two decimals, three where it has them."""
    text = f"{abs(mills) // _MILLS}.{abs(mills) % _MILLS:03}"
    return ("-" if mills < 0 else "") + text.removesuffix("0")


def _till_skus(codes: Iterable[str]) -> dict[str, str]:
    """{code in the ledger: SKU a till can hold}: other characters become `-`; two codes never share a SKU."""
    distinct = list(dict.fromkeys(codes))
    taken = set(distinct)
    mapped = {}
    for code in distinct:
        sku = _NO_SKU_CHARACTER.sub("-", code)
        while sku != code and sku in taken:
            sku += "-"
        taken.add(sku)
        mapped[code] = sku
    return mapped


class _Part(NamedTuple):
    """A line, or the part of a returned line that one sale covers. `row` is the line's place among the lines."""

    row: int
    quantity: int
    original_receipt_id: str | None


@dataclass
class _Sold:
    """What is left to return of one customer's SKU on one receipt."""

    sold_at: datetime
    receipt_id: str
    left: int


def _parts(lines: pd.DataFrame) -> Iterator[_Part]:
    """Every line in turn, by rising `sold_at`; a returned one in as many parts as sales it draws on."""
    sold: defaultdict[tuple[int, str], list[_Sold]] = defaultdict(list)
    columns = ("kind", "customer_id", "sku", "quantity", "sold_at", "invoice")
    values = zip(*(lines[column].tolist() for column in columns), strict=True)
    for row, (kind, customer, sku, quantity, sold_at, receipt_id) in enumerate(values):
        if kind == RETURN and pd.notna(customer):
            yield from _returned(row, quantity, sold_at, sold[customer, sku])
            continue
        yield _Part(row, quantity, None)
        if kind == SALE and pd.notna(customer):
            bought = sold[customer, sku]
            if bought and bought[-1].receipt_id == receipt_id:
                bought[-1].left += quantity
            else:
                bought.append(_Sold(sold_at, receipt_id, quantity))


def _returned(row: int, quantity: int, sold_at: datetime, bought: list[_Sold]) -> Iterator[_Part]:
    coming_back = -quantity
    for sale in reversed(bought):
        if coming_back and sale.left > 0 and sale.sold_at < sold_at:
            part = min(coming_back, sale.left)
            sale.left -= part
            coming_back -= part
            yield _Part(row, -part, sale.receipt_id)
    if coming_back:
        yield _Part(row, -coming_back, None)


def _made_up(lines: pd.DataFrame, parts: pd.DataFrame, codes: dict[str, str], two_stamps: int) -> Iterator[str]:
    documents = lines.drop_duplicates("invoice")
    number = documents.kind.value_counts()
    adjustments = int(documents.invoice.str.startswith("A").sum())
    yield (
        f"Kinds: {number.get(SALE, 0):,} documents are sales, {number.get(RETURN, 0):,} (numbered C...) returns; no "
        f"receipts are {number.get(NOT_A_RECEIPT, 0) - adjustments:,} documents that total zero and {adjustments} "
        "adjustments of bad debt (numbered A...)."
    )
    yield f"Currency and time zone: prices are GBP with VAT in them, times are {_TIME_ZONE}."
    yield (
        f"VAT rates: {_RATE_BEFORE} % until the day before {_RATE_ROSE.date()}, {_RATE_AFTER} % from then on, by "
        "the date of each document, whatever was sold to whichever country."
    )
    yield (
        f"Stores, by country: {_HOME_STORE} United Kingdom; {_EUROPE_STORE} the rest of Europe; {_WORLD_STORE} the "
        "rest of the world and unspecified. All in GBP and one time zone."
    )
    yield (
        f"Tenders, by document: Invoice from {_INVOICE_FROM_PENCE / 100:,.0f} GBP on; below that Card where the "
        "customer is known, else Cash."
    )
    yield (
        "Customers' e-mail addresses: customer-<id>@example.com for "
        f"{lines.customer_id.nunique():,} customers; lines without a customer have none."
    )
    yield f"Time: {two_stamps} documents carry two time stamps; the first counts. All arrive on time."
    yield from _made_up_of_returns(lines, parts)
    renamed = {code: sku for code, sku in codes.items() if code != sku}
    yield f"SKUs a till could not hold ({len(renamed)}): " + ", ".join(f"{a!r} is {b!r}" for a, b in renamed.items())
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for sku in codes.values():
        groups[sku.casefold()].append(sku)
    alike = [" / ".join(sorted(group)) for group in groups.values() if len(group) > 1]
    yield f"SKUs that differ only by case ({len(alike)}), kept apart: " + ", ".join(sorted(alike))
    services = sorted(codes[code] for code in _SERVICE_CODES & codes.keys())
    yield "Service items: " + ", ".join(services) + ". Everything else is goods, gift vouchers among them."


def _made_up_of_returns(lines: pd.DataFrame, parts: pd.DataFrame) -> Iterator[str]:
    returned = parts[parts.row.map(lines.kind) == RETURN]
    times = returned.row.value_counts()
    unknown = returned.original_receipt_id.isna()
    yield (
        f"Originals of returns: of {len(times):,} lines {int((times > 1).sum())} draw on several sales and are split, "
        f"which makes {len(returned):,} rows; {int(unknown.sum()):,} of those have no original (no customer, no "
        "earlier sale, or more returned than sold)."
    )
