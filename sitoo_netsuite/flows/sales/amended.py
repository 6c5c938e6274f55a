"""What a change of an order moves in the books: the receipt as it was booked against what it is now. Pure.

Belongs here: which figures of a receipt reach a journal, and comparing two versions of them. Does not belong here:
which version was booked (`evidence`), and what the difference document holds (the plan's target less what was posted).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Moved:
    """One figure that is not what was booked. Minor units; 0 where a version has none of it."""

    figure: str
    booked_minor: int
    now_minor: int

    @property
    def amount_minor(self) -> int:
        return abs(self.now_minor - self.booked_minor)


def moved(booked: Receipt, now: Receipt | None, estate: Estate) -> tuple[Moved, ...]:
    """Every figure that differs, the largest first; empty when nothing that is booked was changed.

    `now` is None when the order is gone from its trading day. An order that is no till sale (any more) books nothing.
    """
    before, after = _figures(booked, estate), _figures(now, estate) if now is not None else Counter()
    found = [Moved(name, before[name], after[name]) for name in before.keys() | after.keys()]
    changed = [figure for figure in found if figure.amount_minor]
    return tuple(sorted(changed, key=lambda figure: (-figure.amount_minor, figure.figure)))


def _figures(receipt: Receipt, estate: Estate) -> Counter[str]:
    """The sums that decide a receipt's journal lines, each with the store, register and trading day they are of."""
    figures: Counter[str] = Counter()
    if receipt.excluded is not None:
        return figures
    place = f"of {receipt.store} {receipt.registerid} on {receipt.trading_day}"
    figures[f"total {place}"] += receipt.gross_minor
    figures[f"rounding {place}"] += receipt.rounding_minor
    for line in receipt.lines:
        special = estate.by_special_sku.get(line.sku)
        kind = f"{special.kind} {special.card or ''}".strip() if special is not None else "goods"
        way = ("to be delivered" if receipt.to_deliver else "sold") if line.sold else "returned"
        name = f"{kind} {way} at {line.vat_rate_bp / 100:g} % {place}"
        figures[name] += line.net_minor + line.vat_minor
        # A cent of VAT that becomes a cent of net leaves their sum as it was.
        figures[f"VAT of {name}"] += line.vat_minor
        figures[f"discount of {name}"] += line.discount_minor
    for payment in receipt.payments:
        names = (payment.name, payment.acquirer, payment.scheme, "exchange" if payment.virtual else None)
        figures[f"paid by {' '.join(name for name in names if name)} {place}"] += payment.amount_minor
    return figures
