"""The trade seen from its till sessions: which receipts a Z-report is made of, and which of them are plain.

Belongs here: reading a recorded trade by the rules of docs/accounting.md. Does not belong here: changing it.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from sitoo_netsuite.money import to_minor
from sitoo_netsuite.sandbox.trade.render import UNDELIVERED_KEY, VIRTUAL_KEY
from sitoo_netsuite.sandbox.trade.store import OrderFilter, TillSession, TradeStore
from sitoo_netsuite.sandbox.trade.till import CASH, PAID, State
from sitoo_netsuite.sandbox.world import (
    DEPOSIT_SKU,
    EXPERIENCE_CARD_SKU,
    GIFT_CARD_SKU,
    SHARED_TENDERS,
    TIP_SKU,
    Product,
    Shop,
    World,
)
from sitoo_netsuite.trading_day import trading_day

Json = dict[str, Any]
StoreDay = tuple[str, date]

# Every order and Z-report of the trade has arrived by then.
END_OF_TIME = 2**40
_ALL = 10**9
_SPECIAL_SKUS = frozenset({GIFT_CARD_SKU, EXPERIENCE_CARD_SKU, DEPOSIT_SKU, TIP_SKU})
# What an order of a simple sale has in its additional data; anything more links it to another order or a later one.
_LINKS = ("pos-originalsales-orderid", "pos-refund-orderid", "pos-refundsales-orderid", UNDELIVERED_KEY)


class Tills:
    """Sessions by register and number, and the receipts in them."""

    def __init__(self, world: World, store: TradeStore) -> None:
        self._store = store
        self._shops = {register.registerid: shop for shop in world.shops for register in shop.registers}
        self._plain_tenders = {
            (kind.eshopid, kind.name)
            for kind in world.payment_types
            if kind.paymentmethodid != CASH and (kind.paymentmethodid, kind.name) not in SHARED_TENDERS
        }
        self._cash = {(kind.eshopid, kind.name) for kind in world.payment_types if kind.paymentmethodid == CASH}
        self.sessions = {(session.registerid, session.zreportid): session for session in store.till_sessions()}
        self._days = {
            session: frozenset({self._day(session.registerid, session.opened), self.closing_day(session)})
            for session in self.sessions.values()
        }

    def shop(self, registerid: str) -> Shop:
        return self._shops[registerid]

    def following(self, session: TillSession) -> TillSession | None:
        """The next session of the same register."""
        return self.sessions.get((session.registerid, session.zreportid + 1))

    def closing_day(self, session: TillSession) -> StoreDay:
        """Store and trading day of the Z-report."""
        return self._day(session.registerid, session.closed)

    def days(self, session: TillSession) -> frozenset[StoreDay]:
        """The store-days a session touches at most: that of its opening, that of its closing."""
        return self._days[session]

    def day_of(self, order: Json) -> StoreDay:
        """Store and trading day of a receipt."""
        return self._day(order["registerid"], order["orderdate"])

    def _day(self, registerid: str, moment: int) -> StoreDay:
        shop = self._shops[registerid]
        return shop.key, trading_day(datetime.fromtimestamp(moment, UTC), ZoneInfo(shop.time_zone), shop.cut_over)

    def receipts(self, session: TillSession) -> list[Json]:
        """The till sales and returns of a session, by orderid."""
        where = OrderFilter(
            warehouseid=(self._shops[session.registerid].warehouseid,),
            orderdatefrom=session.opened,
            orderdateto=session.closed + 1,
        )
        _, bodies = self._store.orders(END_OF_TIME, where, "orderid", num=_ALL)
        orders = [msgspec.json.decode(body) for body in bodies]
        return [order for order in orders if order["registerid"] == session.registerid and is_till_sale(order)]

    def order(self, orderid: int) -> Json | None:
        """An order as it stands in the end; None when there is none."""
        body = self._store.order(orderid, END_OF_TIME)
        return None if body is None else msgspec.json.decode(body)

    def session_of(self, order: Json) -> TillSession | None:
        """The session a receipt belongs to; None when its Z-report is not in the trade."""
        mine = (session for session in self.sessions.values() if session.registerid == order["registerid"])
        return next((session for session in mine if session.opened <= order["orderdate"] <= session.closed), None)

    def is_cash(self, order: Json, payment: Json) -> bool:
        return (order["eshopid"], payment["name"]) in self._cash

    def money_payments(self, order: Json) -> list[int]:
        """Places of an order's payments that are money, cash last: where cash moves, its drawer has to follow."""
        payments = order["payments"]
        places = [place for place, payment in enumerate(payments) if not is_virtual(payment)]
        return sorted(places, key=lambda place: self.is_cash(order, payments[place]))

    def is_plain(self, order: Json) -> bool:
        """A sale that stands for itself: goods and services for one payment by card or the like, taken along, never
        brought back, without rounding.
        """
        (payment, *others) = order["payments"] or [None]
        return (
            payment is not None
            and not others
            and (order["eshopid"], payment["name"]) in self._plain_tenders
            and not any(key in order["additionaldata"] for key in _LINKS)
            and to_minor(order["moneytotal_gross_roundoff"], order["currencycode"]) == 0
            and all(item["quantity"] > 0 and item["sku"] not in _SPECIAL_SKUS for item in order["orderitems"])
            and len(self._store.order_versions(order["orderid"])) == 1
            and self._store.orders(END_OF_TIME, OrderFilter(creditorderid=order["orderid"]), num=0)[0] == 0
        )


def row_of_goods(order: Json) -> int | None:
    """The place of an order's first row of goods or services; None when it has only cards, deposits and tips."""
    return next((place for place, item in enumerate(order["orderitems"]) if item["sku"] not in _SPECIAL_SKUS), None)


def is_goods(product: Product) -> bool:
    """Whether a product is stocked goods that are sold by the piece, with a barcode and a price."""
    return (
        product.item_type == "InvtPart"
        and not product.by_weight
        and product.barcode != ""
        and all(price > 0 for price in product.price_minor.values())
    )


def is_virtual(payment: Json) -> bool:
    """Whether a payment is a leg of an exchange and no money."""
    return bool(payment["additionaldata"].get(VIRTUAL_KEY) == "true")


def is_till_sale(order: Json) -> bool:
    """Whether an order counts as a receipt (docs/accounting.md, "What is a till sale")."""
    state = State(order["ordertypeid"], order["orderstateid"], order["paymentstateid"])
    practice = order["additionaldata"].get("pos-practice") == "true"
    return state == PAID and not practice and order["registerid"] is not None
