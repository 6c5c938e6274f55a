"""What a virtual warehouse of Sitoo ought to be told: the rule, pure.

Belongs here: the levels. Does not belong here: reading and telling them (`levels`), and warehouses that take movements
(`wanted_pushes`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sitoo_netsuite.flows.stock.wanted_pushes import Cause, Place, Withheld


@dataclass(frozen=True, slots=True)
class WantedLevel:
    """What a virtual warehouse ought to have of a SKU, in thousandths. `item` is None where NetSuite has none."""

    place: Place
    sku: str
    item: int | None
    quantity_milli: int

    def withheld(self, reason: str, cause: Cause) -> Withheld:
        return Withheld(self.place, None, "", self.item or 0, self.sku, self.quantity_milli, reason, cause)


def wanted_levels(place: Place, available: Mapping[str, tuple[int, int]], has: Mapping[str, int]) -> list[WantedLevel]:
    """What to tell a virtual warehouse, where it has another level.

    available: SKU to NetSuite's item and the quantity available there; has: SKU to what Sitoo shows. A SKU that
    NetSuite does not have at the location is 0. Less than nothing is told as 0: it cannot be sold.
    """
    wanted = {sku: WantedLevel(place, sku, item, max(0, quantity)) for sku, (item, quantity) in available.items()}
    wanted |= {sku: WantedLevel(place, sku, None, 0) for sku in has if sku not in available}
    return [level for sku, level in sorted(wanted.items()) if level.quantity_milli != has.get(sku, 0)]
