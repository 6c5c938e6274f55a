"""The facts the oracle takes from the estate file: stores, accounts, tenders, VAT.

Belongs here: reading the YAML as it stands, and the look-ups the accounting rules need. Does not belong here:
validation for people (`sitoo-netsuite doctor` does that) and anything of the package's own estate module: the oracle
reads the file with its own eyes, so that one misreading is not made twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from sitoo_netsuite.oracle.figures import basis_points


class EstateFileError(Exception):
    """The estate file lacks something the oracle needs; the text says what and where."""


@dataclass(frozen=True)
class Shop:
    """A store: `sitoo_store` is Sitoo's storeid, `location` NetSuite's internal id."""

    key: str
    sitoo_store: int
    location: str
    subsidiary: str
    currency: str
    zone: ZoneInfo
    cut_over: timedelta  # after midnight, by the clock on the wall
    go_live: date
    stock_go_live: date | None  # None: its stock is left alone

    def trading_day(self, epoch: int) -> date:
        """Trading day of a moment in unix seconds: the calendar day, or the one before until that day opens."""
        day = datetime.fromtimestamp(epoch, self.zone).date()
        return day if epoch >= self.opens(day) else day - timedelta(days=1)

    def opens(self, day: date) -> int:
        """Unix second at which a trading day begins."""
        wall = datetime(day.year, day.month, day.day) + self.cut_over
        return int(wall.replace(tzinfo=self.zone).timestamp())


@dataclass(frozen=True)
class Books:
    """The accounts of one subsidiary, as the file's own mappings, by what they are looked up with."""

    vat: Mapping[int, Mapping[str, str]]  # basis points -> sales, discounts, returns, vat_on_sales, vat_on_returns
    tenders: Mapping[str, Mapping[str, Any]]  # by the name the till uses
    cards: Mapping[str, Mapping[str, Any]]  # by gift-card type
    accounts: Mapping[str, str]  # till, safe, bank_bag, over_short, ...
    petty_cash_default: str
    petty_cash_reasons: Mapping[str, str]

    def all_accounts(self) -> set[str]:
        """Every account number the books name."""
        return {
            *self.accounts.values(),
            self.petty_cash_default,
            *self.petty_cash_reasons.values(),
            *(number for accounts in self.vat.values() for number in accounts.values()),
            *(str(tender["account"]) for tender in self.tenders.values() if tender.get("account")),
            *(str(scheme["account"]) for tender in self.tenders.values() for scheme in tender.get("schemes") or ()),
            *(str(card["liability"]) for card in self.cards.values()),
        }


@dataclass(frozen=True)
class Place:
    """A warehouse of Sitoo, the store it belongs to, and the location of NetSuite that it is."""

    warehouse: int
    store: str
    location: str


@dataclass(frozen=True)
class EstateFacts:
    """All the oracle knows of the retailer. `special` maps a SKU to its item entry (`kind`, `card`).

    `places`: by warehouse, where stock is kept in step. `may_wait`: kinds of movement made in Sitoo that wait for a
    person. `till_flag`: the field of NetSuite's items that the tills sell, None where they sell all.
    """

    shops: Mapping[str, Shop]
    books: Mapping[str, Books]  # by subsidiary
    special: Mapping[str, Mapping[str, str]]
    practice_key: str
    undelivered_key: str
    virtual_payments_in_z: bool
    places: Mapping[int, Place]
    may_wait: frozenset[str]
    till_flag: str | None

    def books_of(self, shop: Shop) -> Books:
        return self.books[shop.subsidiary]


def read_estate_file(path: Path) -> EstateFacts:
    """The facts of an estate file. Raises EstateFileError when a part is missing, OSError when the file is."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return estate_facts(content)
    except KeyError as missing:
        raise EstateFileError(f"{path}: {missing} is missing; `sitoo-netsuite doctor` says where") from None
    except (TypeError, AttributeError, ValueError) as error:
        raise EstateFileError(f"{path}: {error}; `sitoo-netsuite doctor` says where") from None


def estate_facts(content: Mapping[str, Any]) -> EstateFacts:
    """The facts of already parsed YAML. Raises KeyError, TypeError or ValueError where it is not an estate's shape."""
    sitoo = content.get("sitoo") or {}
    return EstateFacts(
        shops={str(entry["store"]): _shop(entry) for entry in content["stores"]},
        books={str(entry["subsidiary"]): _books(entry) for entry in content["books"]},
        special={str(entry["sku"]): entry for entry in content.get("items") or ()},
        practice_key=sitoo.get("practice_key", "pos-practice"),
        undelivered_key=sitoo.get("undelivered_key", "delivery-pickup-warehouseid"),
        virtual_payments_in_z=sitoo.get("virtual_payments_in_z", False),
        places={
            int(entry["warehouse"]): Place(int(entry["warehouse"]), str(entry["store"]), str(entry["location"]))
            for entry in (content.get("stock") or {}).get("warehouses") or ()
        },
        may_wait=_may_wait(content.get("stock") or {}),
        till_flag=(content.get("catalogue") or {}).get("till_flag"),
    )


def _may_wait(stock: Mapping[str, Any]) -> frozenset[str]:
    """What the estate wants approved, and what it wants made in NetSuite; suppliers' deliveries, if it says nothing."""
    owners = {"receipts": "netsuite", **(stock.get("owners") or {})}
    kinds = {"receipts": "shipment", "transfers": "shipment", "counts": "stocktake"}
    made_elsewhere = {kind for owned, kind in kinds.items() if owners.get(owned) == "netsuite"}
    return frozenset(made_elsewhere | set(stock.get("needs_approval") or ()))


def _shop(entry: Mapping[str, Any]) -> Shop:
    return Shop(
        key=str(entry["store"]),
        sitoo_store=int(entry["sitoo_store"]),
        location=str(entry["location"]),
        subsidiary=str(entry["subsidiary"]),
        currency=entry["currency"],
        zone=ZoneInfo(entry["time_zone"]),
        cut_over=_after_midnight(entry["cut_over"]),
        go_live=_date(entry["go_live"]["sales"]),
        stock_go_live=_date(entry["go_live"]["stock"]) if entry["go_live"].get("stock") else None,
    )


def _books(entry: Mapping[str, Any]) -> Books:
    named = dict(entry["accounts"])
    petty = named.pop("petty_cash")
    return Books(
        vat={
            basis_points(rate["rate"]): {role: str(number) for role, number in rate.items() if role != "rate"}
            for rate in entry["vat"]
        },
        tenders={tender["name"]: tender for tender in entry["tenders"]},
        cards={card["card"]: card for card in entry.get("gift_cards") or ()},
        accounts={role: str(number) for role, number in named.items()},
        petty_cash_default=str(petty["default"]),
        petty_cash_reasons={reason: str(number) for reason, number in (petty.get("reasons") or {}).items()},
    )


def _after_midnight(cut_over: object) -> timedelta:
    # YAML 1.1 reads an unquoted 10:30 as the base-60 number 630; 04:00 stays text.
    if isinstance(cut_over, int):
        return timedelta(minutes=cut_over)
    hours, minutes, *seconds = (int(part) for part in str(cut_over).split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)


def _date(value: object) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))
