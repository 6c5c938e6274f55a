"""What one SKU in one warehouse comes to, and how a movement changes it. Pure.

Belongs here: quantity and value of stock, first in first out. Does not belong here: transactions and who may make them
(`stock`), what a delivery moves (`handed_over`).

Quantities are thousandths of a unit, prices minor units of the warehouse's currency for one unit, instants epoch
seconds. That goods leave at what the oldest of them cost is inferred from the warehouse type's name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sitoo_netsuite.money import round_half_away

# Goods of one price: quantity and price. All layers of a level have the same sign, the oldest comes first.
Layer = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Level:
    """A warehouse item. `modified`: when it last changed; `counted`: when it was last counted, None for never.

    `layers` add up to `total_milli` and `value_minor` in a FIFO warehouse; a virtual one has none.
    """

    total_milli: int
    value_minor: int
    modified: int
    layers: tuple[Layer, ...] = ()
    counted: int | None = None
    binlocation: str = ""
    threshold_milli: int = 0


def opened(quantity_milli: int, price_minor: int, moment: int) -> Level:
    """A level as it is before anything moves."""
    return moved(Level(0, 0, moment), quantity_milli, price_minor, moment)


def moved(level: Level, quantity_milli: int, price_minor: int, moment: int) -> Level:
    """A level after goods came (positive) or went.

    What comes costs `price_minor`; what goes costs what the oldest layers did, and `price_minor` once they are gone.
    What comes after stock fell below zero makes up for that first.
    """
    left, layers = quantity_milli, list(level.layers)
    while left and layers and (layers[0][0] > 0) != (left > 0):
        held, price = layers.pop(0)
        if abs(held) > abs(left):
            layers.insert(0, (held + left, price))
            left = 0
        else:
            left += held
    if left and layers and layers[-1][1] == price_minor:
        layers[-1] = (layers[-1][0] + left, price_minor)
    elif left:
        layers.append((left, price_minor))
    return replace(
        level,
        total_milli=level.total_milli + quantity_milli,
        value_minor=round_half_away(sum(quantity * price for quantity, price in layers), 1000),
        layers=tuple(layers),
        modified=moment,
    )
