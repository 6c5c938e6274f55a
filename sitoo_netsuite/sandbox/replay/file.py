"""Reads a replay file: one row a receipt line, CSV or parquet. Everything is checked before any of it is used.

Belongs here: what a cell may hold, what stands in for an empty one, and which rows make a document. Does not belong
here: shops, accounts and items (`world`), orders and Z-reports (`till_days`).

| column | holds | where empty |
|---|---|---|
| `receipt_id` | the document's own number: rows with the same one are one document | |
| `kind` | `sale`, `return`, `not_a_receipt` | |
| `sold_at` | ISO 8601, in the shop's zone (`time_zone_of`) unless it has its own; the earliest of a document counts | |
| `arrives_at` | when Sitoo hears of it, written likewise; the latest of a document counts | a minute after `sold_at` |
| `store` | the shop; one per document, and it sells in one currency | as the document's first, else `S01` |
| `sku` | what a till's SKU may hold: letters, digits, `_ + - /` | |
| `description` | what it is called | the SKU |
| `quantity` | whole pieces, not 0; negative where they came back | |
| `unit_price_gross` | with VAT, for one piece, up to six decimals | |
| `currency` | ISO 4217; one per document | |
| `vat_rate` | percent, 0 to 50, up to two decimals | |
| `tender` | the name of what it was paid with; one per document | as the document's first, else `Card` |
| `customer_email` | one per document | as the document's first, else no customer |
| `original_receipt_id` | of a return's row: the sale it came from | returned without a receipt |
| `register` (may be missing) | the till of the shop; one per document | as the document's first, else `1` |
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
from sitoo_netsuite.sandbox.world import DEPOSIT_SKU, EXPERIENCE_CARD_SKU, GIFT_CARD_SKU, TIP_SKU
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
_EXTRA_COLUMNS = ("register", "line", "item_kind")

# Currencies of one country in one zone.
_ZONES = {
    "CHF": "Europe/Zurich", "CZK": "Europe/Prague", "DKK": "Europe/Copenhagen", "GBP": "Europe/London",
    "JPY": "Asia/Tokyo", "NOK": "Europe/Oslo", "PLN": "Europe/Warsaw", "SEK": "Europe/Stockholm",
}  # fmt: skip
_SKU = re.compile(r"[A-Za-z0-9_+\-/]+")
_TAKEN_SKUS = (GIFT_CARD_SKU, EXPERIENCE_CARD_SKU, DEPOSIT_SKU, TIP_SKU)
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
        return self.values[int(self.codes[row])]

    def where(self, value: T) -> NDArray[np.bool_]:
        """True for the rows that hold a value."""
        found: NDArray[np.bool_] = self.codes == (self.values.index(value) if value in self.values else -1)
        return found


@dataclass(frozen=True, slots=True)
class Document:
    """The rows of one `receipt_id`, in the file's order. Instants are epoch seconds, `day` is the trading day.

    An empty `email` is no customer.
    """

    receipt_id: str
    kind: str
    moment: int
    arrives: int
    day: date
    store: str
    register: str
    currency: str
    tender: str
    email: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class ReplayFile:
    """A checked file: columns by row, counted from 0, and the documents by trading day and moment.

    `price` is in millionths of the currency's unit, `rate_bp` in basis points; an empty `description` or `original` is
    none. `line_of[row]` is the first row of the line that a row is a part of. `absent_originals` counts the rows whose
    original the file does not hold.
    """

    sku: Column[str]
    description: Column[str]
    quantity: Column[int]
    price: Column[int]
    rate_bp: Column[int]
    item_kind: Column[str]
    original: Column[str]
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
    sku = column("sku", _sku)
    quantity = column("quantity", _quantity)
    price = column("unit_price_gross", _price)
    currency = column("currency", _currency)
    rate_bp = column("vat_rate", _rate_bp)
    original_id = column("original_receipt_id", str)
    line = column("line", _line)
    item_kind = column("item_kind", lambda text: _goods_or_service(text or GOODS))

    first_of_document = _first_rows(receipt_id.codes)
    store = _completed(column("store", str), first_of_document, "S01")
    register = _completed(column("register", str), first_of_document, "1")
    tender = _completed(column("tender", str), first_of_document, "Card")
    email = _completed(column("customer_email", str), first_of_document, "")
    _check_same(first_of_document, "its receipt", kind, store, register, currency, tender, email)
    _check_same(_first_rows(store.codes), "its store", currency)
    _check_same(_first_rows(sku.codes), "its SKU", item_kind)
    line_of = _line_of(receipt_id, line)
    came_back = Column("quantity", (_numbers(quantity) < 0).astype(np.int64), ["sold", "came back"])
    _check_same(line_of, "its line", sku, price, rate_bp, came_back)
    too_large = np.abs(_numbers(quantity) * (_numbers(price) / 10**PRICE_DECIMALS)) > _LARGEST_LINE
    _refuse(too_large, "unit_price_gross", lambda row: f"{quantity[row]} times the price is no till's amount")

    original = _originals(receipt_id, original_id, kind)
    documents = _documents(
        receipt_id,
        sold_at,
        arrives_at,
        kind=kind,
        store=store,
        register=register,
        currency=currency,
        tender=tender,
        email=email,
    )
    _check_order(documents, original)
    return ReplayFile(
        sku=sku,
        description=column("description", str),
        quantity=quantity,
        price=price,
        rate_bp=rate_bp,
        item_kind=item_kind,
        original=original,
        line_of=line_of,
        documents=documents,
        absent_originals=_count_absent(original_id, original),
    )


# ---------------------------------------------------------------- cells


def _read(path: Path) -> pa.Table:
    """The columns that count, each encoded as a dictionary."""
    reader = {".csv": _read_csv, ".parquet": pyarrow.parquet.read_table}.get(path.suffix.lower())
    if reader is None:
        raise ReplayError(f"{path}: a replay file's name ends in .csv or .parquet")
    try:
        table = reader(path)
    except (OSError, pa.ArrowException) as error:
        raise ReplayError(f"{path} cannot be read: {error}") from None
    names = table.column_names
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise ReplayError(f"{path}: the header (row 1) lacks the column {', '.join(missing)}; an empty one will do")
    twice = [name for name in (*_COLUMNS, *_EXTRA_COLUMNS) if names.count(name) > 1]
    if twice:
        raise ReplayError(f"{path}: the header (row 1) has the column {', '.join(twice)} twice")
    if table.num_rows == 0:
        raise ReplayError(f"{path}: there is no row below the header")
    return table


def _read_csv(path: Path) -> pa.Table:
    text = pa.dictionary(pa.int32(), pa.string())
    return pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys((*_COLUMNS, *_EXTRA_COLUMNS), text), strings_can_be_null=False
        ),
    )


def _column(table: pa.Table, name: str, parse: Callable[[str], T]) -> Column[T]:
    """A column read by `parse`, which gets a cell's text ("" when empty) and raises ValueError with what is wrong."""
    if name not in table.column_names:
        return Column(name, np.zeros(table.num_rows, np.int64), [parse("")])
    encoded = pc.dictionary_encode(table[name]).unify_dictionaries().combine_chunks()
    codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
    cells = [*map(_text, encoded.dictionary.to_pylist()), ""]
    # Different texts may mean the same: 20 and 20.0.
    places: dict[T, int] = {}
    place_of = np.zeros(len(cells), np.int64)
    for code in np.unique(codes).tolist():
        try:
            place_of[code] = places.setdefault(parse(cells[code]), len(places))
        except ValueError as error:
            row = int(np.argmax(codes == code))
            raise _wrong(row, name, f"{error} (it holds {cells[code]!r})") from None
    return Column(name, place_of[codes], list(places))


def _text(cell: Any) -> str:
    """A cell as a CSV file would hold it: a whole number without a point, a time as ISO 8601."""
    if cell is None or (isinstance(cell, float) and cell != cell):
        return ""
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(cell)
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _filled(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return text

    return parse


_goods_or_service = _one_of(GOODS, SERVICE)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    # A date alone would read as midnight, which is the trading day before.
    if moment is None or len(text) <= len("2026-03-02"):
        raise ValueError("must be a date and time, as in 2026-03-02T09:30:00")
    return moment


def _sku(text: str) -> str:
    if not _SKU.fullmatch(text):
        raise ValueError("must be a SKU a till can hold: letters, digits and _ + - /")
    if text in _TAKEN_SKUS:
        raise ValueError("must not be the SKU of the sandbox's own gift card, deposit and tip items")
    return text


def _quantity(text: str) -> int:
    number = _number(text, 0)
    if number == 0:
        raise ValueError("must be a whole number of pieces, not 0")
    return number


def _price(text: str) -> int:
    return _number(text, PRICE_DECIMALS)


def _currency(text: str) -> str:
    if len(text) != 3 or not text.isalpha() or not text.isascii() or not text.isupper():
        raise ValueError("must be an ISO 4217 code, as in GBP")
    return text


def _rate_bp(text: str) -> int:
    rate = _number(text, 2)
    if not 0 <= rate <= _HIGHEST_RATE_BP:
        raise ValueError("must be a VAT rate in percent, from 0 to 50")
    return rate


def _line(text: str) -> int | None:
    return _number(text, 0) if text else None


def _number(text: str, places: int) -> int:
    """The number times ten to the `places`, exactly."""
    kind = f"a number with at most {places} decimals" if places else "a whole number"
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"must be {kind}") from None
    if not number.is_finite() or number.adjusted() > 15 or number.scaleb(places) % 1:
        raise ValueError(f"must be {kind}")
    return int(number.scaleb(places))


# ---------------------------------------------------------------- rows that belong together


def _wrong(row: int, column: str, what: str) -> ReplayError:
    return ReplayError(f"row {row + 2}, column {column}: {what}")


def _refuse(bad: NDArray[np.bool_], column: str, what: Callable[[int], str]) -> None:
    """Raises for the first row that is bad."""
    if bad.any():
        row = int(np.argmax(bad))
        raise _wrong(row, column, what(row))


def _numbers(column: Column[int]) -> NDArray[np.float64]:
    return np.array(column.values, np.float64)[column.codes]


def _first_rows(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each row, the first one with the same code."""
    _, first, place = np.unique(codes, return_index=True, return_inverse=True)
    return first[place]


def _completed(column: Column[str], first_of_document: NDArray[np.int64], default: str) -> Column[str]:
    """The column with each empty cell as the document's first filled one, or the default where there is none."""
    empty = column.where("")
    filled = np.flatnonzero(~empty)[::-1]
    source = np.full(len(empty), -1, np.int64)
    source[first_of_document[filled]] = filled  # of several, the last one written stays: the first in the file
    source = source[first_of_document]
    values = column.values if default in column.values else [*column.values, default]
    codes = np.where(empty & (source >= 0), column.codes[source], column.codes)
    return Column(column.name, np.where(empty & (source < 0), values.index(default), codes), values)


def _check_same(first: NDArray[np.int64], what: str, *columns: Column[Any]) -> None:
    """Raises unless each row agrees with the `first` row of the group that it is in."""
    for column in columns:
        _refuse(
            column.codes != column.codes[first],
            column.name,
            lambda row, column=column: (  # type: ignore[misc]
                f"{column[row]!r}, but {what} has {column[first[row]]!r} in row {first[row] + 2}; there can be only one"
            ),
        )


def _line_of(receipt_id: Column[str], line: Column[int | None]) -> NDArray[np.int64]:
    first = _first_rows(receipt_id.codes * len(line.values) + line.codes)
    return np.where(line.where(None), np.arange(len(first)), first)


def _originals(receipt_id: Column[str], original_id: Column[str], kind: Column[str]) -> Column[str]:
    """The original of each row; "" where the row names none, or one that the file does not hold."""
    _refuse(
        ~original_id.where("") & ~kind.where(RETURN),
        original_id.name,
        lambda row: f"a {kind[row]} has no original; leave it empty",
    )
    sales = {receipt_id.values[code] for code in np.unique(receipt_id.codes[kind.where(SALE)]).tolist()}
    others = set(receipt_id.values) - sales
    no_sale = np.array([value in others for value in original_id.values])
    _refuse(
        no_sale[original_id.codes],
        original_id.name,
        lambda row: f"{original_id[row]} is in the file, but is no sale; name the sale, or leave it empty",
    )
    return Column(
        original_id.name, original_id.codes, [value if value in sales else "" for value in original_id.values]
    )


def _count_absent(named: Column[str], found: Column[str]) -> int:
    absent = [code for code, value in enumerate(named.values) if value and not found.values[code]]
    return int(np.isin(named.codes, absent).sum())


def _documents(
    receipt_id: Column[str],
    sold_at: Column[datetime],
    arrives_at: Column[datetime | None],
    **same: Column[str],
) -> tuple[Document, ...]:
    """The documents by trading day, moment and place in the file; `same` are the columns that one has one value in."""
    in_turn = np.argsort(receipt_id.codes, kind="stable")
    ends = np.flatnonzero(np.diff(receipt_id.codes[in_turn])) + 1
    found = []
    for rows in (part.tolist() for part in np.split(in_turn, ends)):
        facts = {name: column[rows[0]] for name, column in same.items()}
        zone = ZoneInfo(time_zone_of(facts["currency"]))
        moment = min(_epoch(sold, zone) for sold in {sold_at[row] for row in rows})
        told = [_epoch(news, zone) for news in {arrives_at[row] for row in rows} if news is not None]
        if told and max(told) < moment:
            raise _wrong(rows[0], arrives_at.name, "it arrives before it was sold; put that right, or leave it empty")
        found.append(
            Document(
                receipt_id=receipt_id[rows[0]],
                moment=moment,
                arrives=max(told) if told else moment + _ARRIVES_AFTER,
                day=trading_day(datetime.fromtimestamp(moment, zone), zone, CUT_OVER),
                rows=tuple(rows),
                **facts,
            )
        )
    return tuple(sorted(found, key=_turn))


def _turn(document: Document) -> tuple[date, int, bool, int]:
    # At one moment sales come first: a return may name one of them.
    return document.day, document.moment, document.kind == RETURN, document.rows[0]


def _epoch(moment: datetime, zone: ZoneInfo) -> int:
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp())


def _check_order(documents: tuple[Document, ...], original: Column[str]) -> None:
    """Raises when something came back before it was sold, or in another currency."""
    sold: dict[str, str] = {}
    for document in documents:
        if document.kind == SALE:
            sold[document.receipt_id] = document.currency
        elif document.kind == RETURN:
            for row in document.rows:
                name = original[row]
                if name and name not in sold:
                    raise _wrong(row, original.name, f"{name} was sold after this came back")
                if name and sold[name] != document.currency:
                    raise _wrong(row, original.name, f"{name} was sold in {sold[name]}, not {document.currency}")
