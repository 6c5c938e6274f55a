"""What a delivery moves in stock, and what of an order is still to be handed over. Pure.

Belongs here: reading the JSON of orders and deliveries for their goods (reference section 4, Orders: stock is moved by
deliveries, not by orders). Does not belong here: whether a SKU has stock at all, transactions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import msgspec

from sitoo_netsuite.sandbox.trade.render import UNDELIVERED_KEY

# Transaction types (reference section 3, inferred).
SALES, REFUND = 30, 40
# Order states and types with goods that are promised to somebody.
_OPEN, _CLOSED = 0, 10
_PROMISING_TYPES = (10, 100)  # orders and bookings; what is only parked at a till is nobody's
_IGNORE_STOCK = "delivery-ignore-stock"
_RETURN_WAREHOUSE = "return-warehouseid"

# Quantity in thousandths by SKU, in the order of the rows.
Goods = dict[str, int]


class _Item(msgspec.Struct, gc=False):
    orderitemid: int
    sku: str
    quantity: int
    decimalunitquantity: str | None = None
    additionaldata: dict[str, str] = {}

    def milli(self, quantity: int) -> int:
        """So many of the row, in thousandths of a unit; what is weighed has a weight apiece."""
        if self.decimalunitquantity is None:
            return quantity * 1000
        units, _, decimals = self.decimalunitquantity.partition(".")
        return quantity * (int(units) * 1000 + int(decimals.ljust(3, "0")))


class _Order(msgspec.Struct, gc=False):
    ordertypeid: int
    orderstateid: int
    datereserved: int | None = None
    additionaldata: dict[str, str] = {}
    orderitems: list[_Item] = []


class _DeliveryItem(msgspec.Struct, gc=False):
    orderitemid: int
    quantity: int


class _Delivery(msgspec.Struct, gc=False):
    orderdeliveryitems: list[_DeliveryItem] = []


_order = msgspec.json.Decoder(_Order)
_delivery = msgspec.json.Decoder(_Delivery)


def movements(warehouseid: int, delivery: str, order: str) -> dict[tuple[int, int], Goods]:
    """What a delivery from a warehouse moves, signed, by warehouse and transaction type.

    Goods that come back go to the warehouse their row names. A delivery with goods both ways makes two (inferred).
    """
    of = _order.decode(order)
    if of.additionaldata.get(_IGNORE_STOCK) == "true":
        return {}
    rows = {item.orderitemid: item for item in of.orderitems}
    found: dict[tuple[int, int], Goods] = {}
    for handed_over in _delivery.decode(delivery).orderdeliveryitems:
        row = rows[handed_over.orderitemid]
        moved = -row.milli(handed_over.quantity)
        place, kind = warehouseid, SALES
        if moved > 0:
            place, kind = int(row.additionaldata.get(_RETURN_WAREHOUSE) or warehouseid), REFUND
        goods = found.setdefault((place, kind), {})
        goods[row.sku] = goods.get(row.sku, 0) + moved
    return found


def still_promised(order: str, deliveries: Iterable[str], now: int) -> Goods:
    """What an order keeps for its customer at an instant: what was ordered less what was handed over.

    Open orders and bookings do until their `datereserved`, without one until they close; what is paid for and
    delivered later does until it is delivered (inferred).
    """
    of = _order.decode(order)
    if of.orderstateid == _OPEN:
        lapsed = of.datereserved is not None and of.datereserved <= now
        if of.ordertypeid not in _PROMISING_TYPES or lapsed:
            return {}
    elif of.orderstateid != _CLOSED or UNDELIVERED_KEY not in of.additionaldata:
        return {}
    handed_over: Counter[int] = Counter()
    for delivery in deliveries:
        for item in _delivery.decode(delivery).orderdeliveryitems:
            handed_over[item.orderitemid] += item.quantity
    promised: Goods = {}
    for row in of.orderitems:
        left = row.milli(row.quantity - handed_over[row.orderitemid])
        if left > 0:
            promised[row.sku] = promised.get(row.sku, 0) + left
    return promised
