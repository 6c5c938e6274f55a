"""Reads a replay file: one row a receipt line, CSV or parquet. Everything is checked before any of it is used.

Belongs here: what a cell may hold, what stands in for an empty one, and which rows make a document. Does not belong
here: shops, accounts and items (`world`), orders and Z-reports (`till_days`).

| column | holds | where empty |
|---|---|---|
| `receipt_id` | the document's own number: rows with the same one are one document | |
| `kind` | `sale`, `return`, `not_a_receipt` | |
| `sold_at` | ISO 8601, in the shop's zone (`time_zone_of`) unless it has its own; the earliest of a document counts | |
| `arrives_at` | when Sitoo hears of it, written likewise; the latest of a document counts | a minute after `sold_at` |
| `store` | the shop; it sells in one currency | `S01` |
| `sku` | what a till's SKU may hold: letters, digits, `_ + - /` | |
| `description` | what it is called | the SKU |
| `quantity` | whole pieces, not 0; negative where they came back | |
| `unit_price_gross` | with VAT, for one piece, up to six decimals | |
| `currency` | ISO 4217; one per document | |
| `vat_rate` | percent, 0 to 50, up to two decimals | |
| `tender` | the name of what it was paid with; one per document | `Card` |
| `customer_email` | one per document | no customer |
| `original_receipt_id` | of a return's row: the sale it came from | returned without a receipt |
| `line` (may be missing) | rows of a document with the same number are parts of one line | a line of its own |
| `item_kind` (may be missing) | `goods` or `service`, one per SKU | `goods` |

An original that the file does not hold counts as none, and is counted: a file may begin in the middle of a trade.
Memory holds the distinct values of each column once, and a number per cell.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from sitoo_netsuite.sandbox.server import SandboxError
from sitoo_netsuite.trading_day import trading_day

SALE, RETURN, NOT_A_RECEIPT = "sale", "return", "not_a_receipt"
GOODS, SERVICE = "goods", "service"
PRICE_DECIMALS = 6
# When every shop's trading day ends; the file does not say.
CUT_OVER = time(4)

_COLUMNS = (
    "receipt_id", "kind", "sold_at", "arrives_at", "store", "sku", "description", "quantity", "unit_price_gross",
    "currency", "vat_rate", "tender", "customer_email", "original_receipt_id",
)  # fmt: skip
_EXTRA_COLUMNS = ("line", "item_kind")

# Currencies of one country in one zone.
_ZONES = {
    "CHF": "Europe/Zurich", "CZK": "Europe/Prague", "DKK": "Europe/Copenhagen", "GBP": "Europe/London",
    "JPY": "Asia/Tokyo", "NOK": "Europe/Oslo", "PLN": "Europe/Warsaw", "SEK": "Europe/Stockholm",
}  # fmt: skip
_SKU = re.compile(r"[A-Za-z0-9_+\-/]+")
_HIGHEST_RATE_BP = 5_000
# Beyond any till, and well within a 64-bit amount in minor units.
_LARGEST_LINE = 1e12
_ARRIVES_AFTER = 60  # seconds

T = TypeVar("T", bound=Hashable)


class ReplayError(SandboxError):
    """A file that cannot be replayed. The text names the row (the header is row 1), the column and the mend."""


def time_zone_of(currency: str) -> str:
    """The zone of the shops that sell in a currency: its country's, where it has one country and zone; else UTC."""
    return _ZONES.get(currency, "UTC")


class Column(Generic[T]):
    """A column with its distinct `values` once; `codes[row]` is the place of a row's value among them."""

    def __init__(self, name: str, codes: NDArray[np.int64], values: list[T]) -> None:
        self.name = name
        self.codes = codes
        self.values = values

    def __getitem__(self, row: int) -> T:
        return self.values[self.codes[row]]

    def where(self, value: T) -> NDArray[np.bool_]:
        """True for the rows that hold a value."""
        found: NDArray[np.bool_] = self.codes == (self.values.index(value) if value in self.values else -1)
        return found


@dataclass(frozen=True, slots=True)
class Document:
    """The rows of one `receipt_id`, in the file's order. Instants are epoch seconds, `day` is the trading day.

    `original_of` is, row by row, the place among all documents of the sale it came from; -1 where there is none.
    """

    receipt_id: str
    kind: str
    moment: int
    arrives: int
    day: date
    store: str
    currency: str
    tender: str
    email: str
    rows: tuple[int, ...]
    original_of: tuple[int, ...]


@dataclass(frozen=True)
class ReplayFile:
    """A checked file: columns by row, counted from 0, and the documents by trading day and moment.

    `price` is in millionths of the currency's unit, `rate_bp` in basis points; an empty `description` or `email` is
    none. `line_of[row]` is the first row of the line that a row is a part of. `absent_originals` counts the rows whose
    original the file does not hold.
    """

    store: Column[str]
    sku: Column[str]
    description: Column[str]
    quantity: Column[int]
    price: Column[int]
    currency: Column[str]
    rate_bp: Column[int]
    tender: Column[str]
    item_kind: Column[str]
    line_of: NDArray[np.int64]
    documents: tuple[Document, ...]
    absent_originals: int


def read_replay_file(path: Path) -> ReplayFile:
    """The file's content, checked. Raises ReplayError at the first thing that cannot be used."""
    table = _read(path)

    def column(name: str, parse: Callable[[str], T]) -> Column[T]:
        return _column(table, name, parse)

    receipt_id = column("receipt_id", _filled)
    kind = column("kind", _one_of(SALE, RETURN, NOT_A_RECEIPT))
    sold_at = column("sold_at", _moment)
    arrives_at = column("arrives_at", lambda text: _moment(text) if text else None)
    store = column("store", lambda text: text or "S01")
    sku = column("sku", _sku)
    quantity = column("quantity", _quantity)
    price = column("unit_price_gross", _price)
    currency = column("currency", _currency)
    rate_bp = column("vat_rate", _rate_bp)
    tender = column("tender", lambda text: text or "Card")
    email = column("customer_email", str)
    original_id = column("original_receipt_id", str)
    line = column("line", _line)
    item_kind = column("item_kind", lambda text: _goods_or_service(text or GOODS))

    first_of_document = _first_rows(receipt_id.codes)
    _check_same(first_of_document, "its receipt", kind, store, currency, tender, email)
    _check_same(_first_rows(store.codes), "its store", currency)
    _check_same(_first_rows(sku.codes), "its SKU", item_kind)
    line_of = _line_of(receipt_id, line)
    came_back = Column("quantity", (_numbers(quantity) < 0).astype(np.int64), ["sold", "came back"])
    _check_same(line_of, "its line", sku, price, rate_bp, came_back)
    too_large = np.abs(_numbers(quantity) * (_numbers(price) / 10**PRICE_DECIMALS)) > _LARGEST_LINE
    _refuse(too_large, "unit_price_gross", lambda row: f"{quantity[row]} times the price is no till's amount")

    original = _originals(receipt_id, original_id, kind)
    documents = _documents(
        receipt_id, sold_at, arrives_at, original, kind=kind, store=store, currency=currency, tender=tender, email=email
    )
    return ReplayFile(
        store=store,
        sku=sku,
        description=column("description", str),
        quantity=quantity,
        price=price,
        currency=currency,
        rate_bp=rate_bp,
        tender=tender,
        item_kind=item_kind,
        line_of=line_of,
        documents=documents,
        absent_originals=int(((original < 0) & ~original_id.where("")).sum()),
    )
