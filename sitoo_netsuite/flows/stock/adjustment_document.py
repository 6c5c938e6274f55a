"""A planned part of a store-day's stock, written as the NetSuite inventory adjustment that carries it; pure.

Belongs here: external ids, memos and the request body. The body is made once, frozen in the outbox and sent as it is.
Source of the fields: reference netsuite-api.md, section 5 (inventoryAdjustment).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import msgspec

from sitoo_netsuite.estate import Store
from sitoo_netsuite.posting.document_lines import CannotPlanError, QuantityKey
from sitoo_netsuite.posting.periods import Booking

FLOW = "stock"
DOCUMENT_TYPE = "inventoryAdjustment"

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def external_id(store: str, trading_day: date, number: int) -> str:
    """`IA-<store>-<yyyymmdd>-<n>`: letters, digits, `_` and `-` only (reference 4.1)."""
    return f"IA-{store}-{trading_day:%Y%m%d}-{number}"


def adjustment_body(
    identity: str,
    store: Store,
    trading_day: date,
    booking: Booking,
    quantities: Mapping[QuantityKey, int],
    accounts: Mapping[str, str],
) -> bytes:
    """The inventory adjustment as JSON, ready to be frozen and POSTed. quantities: of one offset account and location.

    accounts: NetSuite's internal id of each active account by its number. Raises CannotPlanError where the offset
    account is not among them.
    """
    (account,) = {key.account for key in quantities}
    (location,) = {key.location for key in quantities}
    if account not in accounts:
        raise CannotPlanError(f"{identity}: NetSuite has no one active account {account}; correct `stock` in the books")
    items = [
        {
            "item": {"id": key.item},
            "location": {"id": location},
            "adjustQtyBy": Decimal(quantity).scaleb(-3),
            "memo": _line_memo(key),
        }
        for key, quantity in quantities.items()
    ]
    memo = f"{store.name}, trading day {trading_day.isoformat()}"
    return _ENCODER.encode(
        {
            "externalId": identity,
            "tranDate": booking.tran_date.isoformat(),
            "subsidiary": {"id": store.subsidiary},
            "adjLocation": {"id": location},
            "account": {"id": accounts[account]},
            "memo": f"{memo}, booked in {booking.period}" if booking.is_later else memo,
            "inventory": {"items": items},
        }
    )


def _line_memo(key: QuantityKey) -> str:
    return f"{key.kind} {key.sku}"
