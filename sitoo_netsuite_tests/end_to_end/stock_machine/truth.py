"""What is true of the goods, whatever either system says: an independent, simple model. Pure.

Belongs here: what every event does to the goods, and what each document of either system ought to come to. Does not
belong here: anything of the package's own code.

A place is a store's key. Quantities are thousandths of a unit, signed: what came is positive. A kit is its pieces.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple


class Goods(NamedTuple):
    """Something at a place."""

    place: str
    sku: str


Quantities = Counter[Goods]


@dataclass
class Truth:
    """`stock`: what is where. `stores`: what each store moved on each trading day, and where; `pieces`: how much of
    that was in kits, of which Sitoo keeps no stock. `netsuite`: what each transaction that people made in NetSuite
    moved, by internal id, as it is now.
    """

    kits: Mapping[str, Mapping[str, int]]
    stock: Quantities = field(default_factory=Counter)
    stores: Counter[tuple[date, str, Goods]] = field(default_factory=Counter)
    pieces: Counter[tuple[date, str, Goods]] = field(default_factory=Counter)
    netsuite: dict[int, Quantities] = field(default_factory=dict)

    def sold(self, day: date, store: str, place: str, sku: str, units: int) -> None:
        """A till of a store moved goods of a place; negative units came back."""
        for piece, pieces in self.kits.get(sku, {sku: 1}).items():
            moved = -units * pieces * 1000
            self.stock[Goods(place, piece)] += moved
            self.stores[day, store, Goods(place, piece)] += moved
            if sku in self.kits:
                self.pieces[day, store, Goods(place, piece)] += moved

    def moved_in_sitoo(self, day: date, store: str, sku: str, units: int) -> None:
        """Somebody moved or counted goods of a store by hand in Sitoo."""
        self.stock[Goods(store, sku)] += units * 1000
        self.stores[day, store, Goods(store, sku)] += units * 1000

    def moved_in_netsuite(self, transaction: int, quantities: Mapping[Goods, int]) -> None:
        """A transaction of NetSuite moves these goods from now on, whatever it moved before."""
        self.stock.subtract(self.netsuite.get(transaction, {}))
        self.stock.update(quantities)
        self.netsuite[transaction] = Counter(quantities)
