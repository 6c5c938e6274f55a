"""The lines of a document as we record them: finer than what NetSuite gets, so that any split of them balances.

Pure types, shared by the flows that plan documents and the outbox that keeps them.
"""

from __future__ import annotations

from dataclasses import dataclass


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
