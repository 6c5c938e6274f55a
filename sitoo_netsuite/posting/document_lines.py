"""The lines of a document as we record them, finer than what NetSuite gets, and the store-day they are of.

Pure types, shared by the flows that plan documents and the outbox that keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

StoreDayName = tuple[date, str, str]
"""Trading day, store (estate key), currency."""


class CannotPlanError(ValueError):
    """No document can be made of a store-day; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class LineKey:
    """What makes two amounts one line. `vat_rate_bp` is -1 where a line has no rate; `label` is a tender with its
    acquirer and scheme, a gift-card type or a petty-cash reason, else empty.
    """

    registerid: str
    kind: str
    account: str
    vat_rate_bp: int
    label: str


Lines = dict[LineKey, int]
"""Amounts in minor units of the document's currency, debit positive."""


@dataclass(frozen=True, slots=True)
class QuantityKey:
    """What makes two quantities of a document one line. location, item: NetSuite's internal ids. `account` is the
    number of the offset account, empty where goods move to or from the location for goods in transit. `sku` is the item
    as the till has it: of a kit's member the kit's. `kind`: 'sale', 'return', 'manual', 'stocktake', 'transfer' or
    'supply'. of_kit: the item is a member of the kit that the SKU was when it was planned.
    """

    location: str
    account: str
    item: str
    sku: str
    kind: str
    of_kit: bool = False


Quantities = dict[QuantityKey, int]
"""Thousandths of a unit, positive where goods come in."""
