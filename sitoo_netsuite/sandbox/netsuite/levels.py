"""What every location has of every item, and what is promised to it and by it.

Belongs here: adding up what documents move and promise, and how much of an order has been carried out. Does not belong
here: what a document moves (`ledger.py`, `goods.py`).

That goods of approved orders are committed as far as they are on hand, and backordered beyond, is INFERRED; so is that
goods on their way count as in transit and no longer as on order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from sitoo_netsuite.sandbox.netsuite.books import Posting, Progress, Promise, Stock, stock_after

_NOTHING = Stock(Decimal(0), 0, Decimal(0))
_NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class Level:
    """An item at a location."""

    stock: Stock
    to_leave: Decimal = _NONE
    on_order: Decimal = _NONE
    in_transit: Decimal = _NONE

    @property
    def committed(self) -> Decimal:
        return min(self.to_leave, max(self.stock.quantity, _NONE))

    @property
    def available(self) -> Decimal:
        return self.stock.quantity - self.committed

    @property
    def backordered(self) -> Decimal:
        return self.to_leave - self.committed

    def promised(self, promise: Promise, sign: int) -> Level:
        return replace(
            self,
            to_leave=self.to_leave + sign * promise.to_leave,
            on_order=self.on_order + sign * promise.on_order,
            in_transit=self.in_transit + sign * promise.in_transit,
        )


class Levels:
    """Starts empty. By item and location."""

    def __init__(self) -> None:
        self._levels: dict[tuple[int, int], Level] = {}
        self._progress: dict[tuple[int, int], Progress] = {}

    def level(self, item: int, location: int) -> Level:
        return self._levels.get((item, location), Level(_NOTHING))

    def set_stock(self, item: int, location: int, stock: Stock) -> None:
        self._levels[item, location] = replace(self.level(item, location), stock=stock)

    def progress(self, order: int, line: int) -> Progress:
        """What has been done of an order's line."""
        return self._progress.get((order, line), Progress())

    def apply(self, posting: Posting, order: int | None, *, sign: int = 1) -> set[tuple[int, int]]:
        """Add what a document does, or with the sign -1 take it back; the items and locations it touches.

        order: what it carries out, internal id.
        """
        touched = set()
        for movement in posting.movements:
            key = movement.item, movement.location
            level = self.level(*key)
            after = stock_after(level.stock, sign * movement.quantity, sign * movement.value)
            self._levels[key] = replace(level, stock=after)
            touched.add(key)
        for promise in posting.promises:
            key = promise.item, promise.location
            self._levels[key] = self.level(*key).promised(promise, sign)
            touched.add(key)
        for done in posting.carried_out:
            if order is None:
                raise ValueError("nothing is carried out without an order")
            before, quantity, value = self.progress(order, done.line), sign * done.quantity, sign * done.value
            if done.quantity < 0:
                after_it = replace(before, sent=before.sent - quantity, sent_value=before.sent_value - value)
            else:
                after_it = replace(
                    before, received=before.received + quantity, received_value=before.received_value + value
                )
            self._progress[order, done.line] = after_it
        return touched
