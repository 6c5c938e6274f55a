"""Which system a movement of stock is to be made in, and which ones wait for a person: pure.

Belongs here: what movements go by, the kinds that both systems could make, told from what each says of one, and the
rule for what was made in the wrong one. Does not belong here: what a person decided (`decisions`), what is carried over
how.

Design, *Ownership*: each kind of movement has one owner, set in the estate (`stock.owners`). What the owner's system
made is carried to the other. What the other made may be the same goods entered twice, so it waits. Movements by hand in
Sitoo and adjustments in NetSuite are no such kind: each is made where it is made, and carried.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from sitoo_netsuite.estate import StockSettings
from sitoo_netsuite.flows.stock.adjustments import StoreMovement

BornIn = Literal["sitoo", "shipment", "netsuite"]
BY_THE_ESTATE = "estate.yaml"
"""Who decided what no person did."""

Kind = Literal["receipts", "transfers", "counts", "web_orders"]

# Reference netsuite-api, section 6: the codes of transactions, and of the orders they are made from.
SOLD = ("CashSale", "CashRfnd", "CustInvc", "CustCred")
ORDERED_BY_CUSTOMERS = ("SalesOrd", "RtnAuth")
_TRANSFERRED = ("InvTrnfr", "TrnfrOrd")
_COUNTED = "InvCount"
_RECEIVED = "ItemRcpt"

_OF_SITOO: dict[str, Kind] = {"stocktake": "counts", "transfer": "transfers", "supply": "receipts"}
_SYSTEMS = {"sitoo": "Sitoo", "netsuite": "NetSuite"}
_PREFIXES: dict[str, BornIn] = {"NS": "netsuite", "SH": "shipment"}


class NotAMovementError(Exception):
    """Something that was named is no movement a person could decide on; the text says what and why."""


class MovementName(NamedTuple):
    """What a movement goes by: `NS-<id>` (a transaction of NetSuite), `SH-<id>` (a shipment of Sitoo) or `<id>`
    (another warehouse transaction of Sitoo).
    """

    born_in: BornIn
    number: int

    def __str__(self) -> str:
        prefix = next((prefix for prefix, born_in in _PREFIXES.items() if born_in == self.born_in), None)
        return str(self.number) if prefix is None else f"{prefix}-{self.number}"


@dataclass(frozen=True, slots=True)
class MovedInSitoo:
    """What somebody moved in Sitoo other than at a till, in one store on a trading day of it.

    kind: as in `StoreMovement`. reason: Sitoo's reason code, empty where none was given. waits: why NetSuite is not
    told before a person says so. left: a person said that NetSuite is not told.
    """

    name: MovementName
    store: str
    trading_day: date
    kind: str
    reason: str
    waits: str | None
    left: bool
    goods: tuple[StoreMovement, ...]

    @property
    def carried(self) -> bool:
        return not self.left and self.waits is None


def movement_name(text: str) -> MovementName:
    """A movement's name as people write it. Raises NotAMovementError."""
    prefix, dash, number = text.strip().upper().rpartition("-")
    if not number.isdecimal() or (dash and prefix not in _PREFIXES):
        raise NotAMovementError(
            f"{text!r} is no movement's name: write NS-<id> for a transaction of NetSuite, SH-<id> for a shipment of "
            "Sitoo, and the id alone for another movement of Sitoo"
        )
    return MovementName(_PREFIXES[prefix] if dash else "sitoo", int(number))


def netsuite_kind(
    type_code: str, source_type: str | None, ends: Collection[int | None], locations: Collection[int]
) -> Kind | None:
    """The kind of a transaction of NetSuite by its code and that of the order it was made from; None where only
    NetSuite makes such movements.

    ends: of a transfer, the locations (internal ids) between which goods go. locations: of the stores' warehouses. A
    transfer with an end elsewhere is a receipt, or a return to where receipts come from.
    """
    if type_code in SOLD or source_type in ORDERED_BY_CUSTOMERS:
        return "web_orders"
    if type_code in _TRANSFERRED or source_type in _TRANSFERRED:
        return "transfers" if all(end in locations for end in ends) else "receipts"
    if type_code == _RECEIVED:
        return "receipts"
    return "counts" if type_code == _COUNTED else None


def waits_in_netsuite(kind: Kind | None, stock: StockSettings) -> str | None:
    """Why what NetSuite moved is not carried to Sitoo before a person says so; None where it is."""
    if kind is None or kind == "web_orders" or getattr(stock.owners, kind) == "netsuite":
        return None
    return _not_its_owners(kind, made_in="netsuite")


def waits_in_sitoo(kind: str, stock: StockSettings) -> str | None:
    """Why what was moved in Sitoo is not carried to NetSuite before a person says so; None where it is.

    kind: as in `adjustments.StoreMovement`.
    """
    owned = _OF_SITOO.get(kind)
    if owned is not None and getattr(stock.owners, owned) == "netsuite":
        return _not_its_owners(owned, made_in="sitoo")
    asked_as = "shipment" if kind in ("transfer", "supply") else kind
    return "the estate wants it approved" if asked_as in stock.needs_approval else None


def _not_its_owners(kind: Kind, *, made_in: str) -> str:
    owner = "netsuite" if made_in == "sitoo" else "sitoo"
    return (
        f"{kind} are made in {_SYSTEMS[owner]} (stock.owners.{kind} in estate.yaml), and this one was made in "
        f"{_SYSTEMS[made_in]}"
    )
