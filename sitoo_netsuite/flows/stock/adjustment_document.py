"""A planned part of a store-day's stock, written as the NetSuite document that carries it; pure.

Belongs here: external ids, memos and the request bodies of an inventory adjustment, and of an inventory transfer for
what goes to or comes from another store. A body is made once, frozen in the outbox and sent as it is. Source of the
fields: reference netsuite-api.md, section 5 (inventoryAdjustment, inventoryTransfer).
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
ADJUSTMENT, TRANSFER = "inventoryAdjustment", "inventoryTransfer"
_PREFIX = {ADJUSTMENT: "IA", TRANSFER: "IT"}

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def document_type(quantities: Mapping[QuantityKey, int]) -> str:
    """The type of the document that carries a part of a store-day's stock."""
    return TRANSFER if any(key.account == "" for key in quantities) else ADJUSTMENT


def external_id(store: str, trading_day: date, document_type: str, number: int) -> str:
    """`IA-<store>-<yyyymmdd>-<n>`, of a transfer `IT-...`: letters, digits, `_` and `-` only (reference 4.1). Both are
    numbered together.
    """
    return f"{_PREFIX[document_type]}-{store}-{trading_day:%Y%m%d}-{number}"


def transfer_body(
    identity: str,
    store: Store,
    trading_day: date,
    booking: Booking,
    quantities: Mapping[QuantityKey, int],
    in_transit: str,
) -> bytes:
    """The inventory transfer as JSON, ready to be frozen and POSTed: between the location for goods in transit
    (internal id) and that of the quantities, which all come or all go.
    """
    (location,) = {key.location for key in quantities}
    goes = any(quantity < 0 for quantity in quantities.values())
    return _ENCODER.encode(
        {
            "externalId": identity,
            "tranDate": booking.tran_date.isoformat(),
            "subsidiary": {"id": store.subsidiary},
            "location": {"id": location if goes else in_transit},
            "transferLocation": {"id": in_transit if goes else location},
            "memo": _memo(store, trading_day, booking),
            "inventory": {
                "items": [
                    {"item": {"id": key.item}, "adjustQtyBy": Decimal(abs(quantity)).scaleb(-3)}
                    for key, quantity in quantities.items()
                ]
            },
        }
    )


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
    return _ENCODER.encode(
        {
            "externalId": identity,
            "tranDate": booking.tran_date.isoformat(),
            "subsidiary": {"id": store.subsidiary},
            "adjLocation": {"id": location},
            "account": {"id": accounts[account]},
            "memo": _memo(store, trading_day, booking),
            "inventory": {"items": items},
        }
    )


def _memo(store: Store, trading_day: date, booking: Booking) -> str:
    memo = f"{store.name}, trading day {trading_day.isoformat()}"
    return f"{memo}, booked in {booking.period}" if booking.is_later else memo


def _line_memo(key: QuantityKey) -> str:
    return f"{key.kind} {key.sku}"
