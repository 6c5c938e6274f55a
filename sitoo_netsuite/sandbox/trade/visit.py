"""A customer at a till: what can be bought, paid with and remembered.

Belongs here: what every scene is made of (`Market`, `Memory`, `Visit`). Does not belong here: how a visit of some kind
goes (`scenes`), and which visit comes when (`behaviour`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import date
from random import Random

import msgspec

from sitoo_netsuite.money import round_half_away
from sitoo_netsuite.sandbox.trade.render import receipt_number
from sitoo_netsuite.sandbox.trade.till import (
    CASH,
    PAID,
    Basket,
    Delivery,
    Discount,
    Payment,
    Row,
    Stage,
    State,
    sold_row,
)
from sitoo_netsuite.sandbox.world import (
    DEPOSIT_SKU,
    EXPERIENCE_CARD_SKU,
    GIFT_CARD_SKU,
    TIP_SKU,
    Customer,
    PaymentType,
    Product,
    Register,
    Shop,
    Site,
    Staff,
    World,
)

MINUTE, HOUR = 60, 3600
# Why goods come back that nobody else gets to buy; and Sitoo's usetype of the warehouse they go to, where there is one.
FAULTY = "FAULT"
_RECLAIMS = 40
MANUAL_DISCOUNTS = (
    Discount("discount-manual", "Manual discount", 0, reason="DAMAGED"),
    Discount("discount-manual", "Manual discount", 0, reason="LOYALTY"),
)
CAMPAIGNS = (
    Discount("SPRING10", "Spring 10 %", 10, voucherid=31),
    Discount("MEMBER15", "Members 15 %", 15, voucherid=32),
    Discount("OUTLET30", "Outlet 30 %", 30, voucherid=33),
)
_DISCOUNTS = MANUAL_DISCOUNTS + CAMPAIGNS
# Acquirer and scheme of card payments, as often as they stand here.
_CARDS = (
    *[("adyen", "Visa")] * 9,
    *[("adyen", "Mastercard")] * 7,
    *[("adyen", "Amex")] * 2,
    *[("nets", "Visa")] * 2,
    *[("nets", "Mastercard")] * 2,
)


class Market:
    """What the tills of one site sell and take, looked up once."""

    def __init__(self, world: World, site: Site) -> None:
        groups = {group.vatid: group for group in world.product_groups if group.eshopid == site.eshopid}
        self.site = site
        self.customers = world.customers
        self.companies = tuple(customer for customer in world.customers if customer.company)
        self.group = {product.sku: groups[product.group[site.eshopid]] for product in world.products}
        self.price = {product.sku: product.price_minor[site.currency] for product in world.products}
        self.special = {
            product.sku: product
            for product in world.products
            if product.sku in (GIFT_CARD_SKU, EXPERIENCE_CARD_SKU, DEPOSIT_SKU, TIP_SKU)
        }
        stocked = [product for product in world.products if product.item_type == "InvtPart"]
        self.goods = [product for product in stocked if not product.by_weight]
        self.by_weight = [product for product in stocked if product.by_weight]
        self.services = [product for product in world.products if product.item_type == "Service"]
        card_rate = self.group[EXPERIENCE_CARD_SKU].rate_bp
        self.at_card_rate = [product for product in self.goods if self.group[product.sku].rate_bp == card_rate]
        self.by_rate: dict[int, list[Product]] = {}
        for product in self.goods:
            self.by_rate.setdefault(self.group[product.sku].rate_bp, []).append(product)
        self.kinds = {kind.name: kind for kind in world.payment_types if kind.eshopid == site.eshopid}
        self.reclaims = {place.storeid: place.warehouseid for place in world.warehouses if place.usetype == _RECLAIMS}
        # A round sum people put on a gift card or leave as a deposit: 100 kronor, 10 pounds.
        self.round_sum = 10_000 if site.currency == "SEK" else 1_000

    def rounded_cash(self, minor: int) -> int:
        """What is paid in cash for an amount: whole kronor where the site rounds, halves away from zero."""
        return round_half_away(minor, 100) * 100 if self.site.rounds_cash else minor


@dataclass(slots=True)
class Card:
    """A gift card, an experience card or a credit note with what is left on it."""

    number: str
    balance_minor: int
    untouched: bool = True


@dataclass(slots=True)
class Sold:
    """A sale that may come back, and how much of each row has."""

    basket: Basket
    returned: list[int]


@dataclass(slots=True)
class Memory:
    """What a shop's tills remember from one visit to the next. Bounded, so that a long trade needs no more."""

    counters: dict[str, int] = field(default_factory=dict)
    cards_made: int = 0
    gift_cards: deque[Card] = field(default_factory=lambda: deque(maxlen=50))
    experience_cards: deque[Card] = field(default_factory=lambda: deque(maxlen=50))
    credit_notes: deque[Card] = field(default_factory=lambda: deque(maxlen=50))
    deposits: deque[int] = field(default_factory=lambda: deque(maxlen=50))
    sold: deque[Sold] = field(default_factory=lambda: deque(maxlen=60))  # today
    sold_before: deque[Sold] = field(default_factory=lambda: deque(maxlen=100))
    cash: dict[str, int] = field(default_factory=dict)  # by register, as far as the till knows
    promised: int = 0  # orders to be delivered later, so that their kinds take turns

    def sleep(self, draw: Random) -> None:
        """Ends a day: of its sales, a few are remembered for the weeks to come."""
        self.sold_before.extend(draw.sample(self.sold, min(10, len(self.sold))))
        self.sold.clear()


@dataclass(frozen=True, slots=True)
class Visit:
    """A customer at a register at a moment. `earliest` and `latest` bound the register's session within the day."""

    market: Market
    shop: Shop
    memory: Memory
    draw: Random
    day: date
    register: Register
    staff: Staff
    moment: int
    earliest: int
    latest: int

    # ---------------------------------------------------------------- rows

    def row(self, product: Product, quantity: int = 1, discount: Discount | None = None) -> Row:
        price = self.market.price[product.sku]
        weight = None
        if product.by_weight:
            quantity, weight = 1, self.draw.randrange(80, 1900)
            price = round_half_away(price * weight, 1000)
        less = 0
        if discount is not None:
            share = discount.percent or self.draw.choice((5, 12, 20, 33))
            less = round_half_away(price * quantity * share, 100)
        return sold_row(
            product,
            self.market.group[product.sku],
            quantity,
            price,
            discount_minor=less,
            discount=discount if less else None,
            weight_milli=weight,
        )

    def special(self, sku: str, amount_minor: int, quantity: int = 1, card_number: str = "") -> Row:
        product = self.market.special[sku]
        return sold_row(product, self.market.group[sku], quantity, amount_minor, card_number=card_number)

    def goods(self, at_least_minor: int = 0, products: list[Product] | None = None) -> list[Row]:
        """A few rows of goods that come to at least an amount."""
        draw = self.draw
        rows: list[Row] = []
        total, count = 0, draw.choice((1, 1, 1, 2, 2, 3, 4))
        while len(rows) < count or total <= at_least_minor:
            discount = draw.choice(_DISCOUNTS) if draw.random() < 0.12 else None
            quantity = 1 if draw.random() < 0.85 else draw.choice((2, 3))
            rows.append(self.row(draw.choice(products or self.market.goods), quantity, discount))
            total += rows[-1].gross_minor
        return rows

    # ---------------------------------------------------------------- payments

    def pay(self, amount_minor: int, name: str | None = None) -> tuple[Payment, int]:
        """A payment (negative: a refund) by a tender, drawn when not named, and the rounding it brings."""
        if name is None:
            chance = self.draw.random()
            name = "Cash" if chance < 0.22 else "Swish" if chance < 0.36 and "Swish" in self.market.kinds else "Card"
        if name == "Cash" and self.memory.cash[self.register.registerid] + amount_minor < 0:
            name = "Card"
        kind = self.market.kinds[name]
        if kind.paymentmethodid == CASH:
            cash = self.market.rounded_cash(amount_minor)
            self.memory.cash[self.register.registerid] += cash
            return Payment(kind, cash), cash - amount_minor
        acquirer, scheme = self.draw.choice(_CARDS) if name == "Card" else ("", "")
        reference = f"{self.draw.getrandbits(48):012X}" if name in ("Card", "Swish") else ""
        return Payment(kind, amount_minor, acquirer, scheme, reference), 0

    def kind(self, name: str) -> PaymentType:
        return self.market.kinds[name]

    def new_card(self, cards: deque[Card], balance_minor: int, untouched: bool) -> str:
        self.memory.cards_made += 1
        number = f"60{self.shop.storeid:06d}{self.memory.cards_made:08d}"
        cards.append(Card(number, balance_minor, untouched))
        return number

    def round_sum(self) -> int:
        return self.market.round_sum * self.draw.choice((1, 2, 3, 5))

    # ---------------------------------------------------------------- receipts

    def news(self, moment: int) -> int:
        """When Sitoo has it: a little later."""
        return moment + self.draw.randrange(2, 25)

    def receipt(
        self,
        rows: list[Row],
        payments: list[Payment],
        rounding_minor: int = 0,
        *,
        before: State | None = None,
        customer: Customer | None = None,
        returns: str | None = None,
        reason: tuple[str, str] = ("", ""),
        delivered: tuple[Delivery, ...] | None = None,
    ) -> Basket:
        """A receipt with the register's next number, its goods handed over unless `delivered` says when they are.

        `before`: how the order stood before, from some while ago on.
        """
        reclaims = self.market.reclaims.get(self.shop.storeid)
        if reclaims is not None and reason[0] == FAULTY:
            rows = [
                msgspec.structs.replace(row, return_warehouseid=reclaims)
                if row.quantity < 0 and row.product.item_type == "InvtPart"
                else row
                for row in rows
            ]
        registerid = self.register.registerid
        counter = self.memory.counters.get(registerid, 10_000) + 1
        self.memory.counters[registerid] = counter
        started = self.moment
        stages: tuple[Stage, ...] = (Stage(self.news(self.moment), PAID),)
        if before is not None:
            started = max(self.earliest, self.moment - self.draw.randrange(5, 40) * MINUTE)
            first = min(self.news(started), stages[0].arrives - 1)
            stages = (Stage(first, before), stages[0])
        if customer is None and self.draw.random() < 0.15:
            customer = self.draw.choice(self.market.customers)
        handed_over = Delivery(
            self.moment, stages[-1].arrives, tuple((place, row.quantity) for place, row in enumerate(rows))
        )
        return Basket(
            eshopid=self.shop.eshopid,
            currency=self.shop.currency,
            warehouseid=self.shop.warehouseid,
            moment=started,
            stages=stages,
            rows=tuple(rows),
            payments=tuple(payments),
            rounding_minor=rounding_minor,
            shop=self.shop,
            register=self.register,
            staff=self.staff,
            customer=customer,
            receipt=receipt_number(self.register.registerkey, counter),
            returns=returns,
            reason=reason[0],
            reason_comment=reason[1],
            deliver_later=delivered is not None,
            deliveries=(handed_over,) if delivered is None else delivered,
        )

    def sell(self, rows: list[Row], tender: str | None = None, before: State | None = None) -> list[Basket]:
        """A sale by one tender, remembered as one that may come back."""
        payment, rounding = self.pay(sum(row.gross_minor for row in rows), tender)
        basket = self.receipt(rows, [payment], rounding, before=before)
        self.memory.sold.append(Sold(basket, [0] * len(rows)))
        return [basket]
