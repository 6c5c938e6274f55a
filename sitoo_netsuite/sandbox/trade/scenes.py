"""What customers do at a till: each scene is one visit, and yields its receipt (an exchange yields two).

Belongs here: how a visit of some kind goes, and the lists of scenes there are. Does not belong here: which visit comes
when, and register sessions (`behaviour`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta

import msgspec

from sitoo_netsuite.sandbox.trade.hours import opening_hours
from sitoo_netsuite.sandbox.trade.till import (
    ABANDONED,
    BOOKED,
    CANCELLED,
    OPEN,
    PAID,
    PARKED,
    PARKED_AND_CANCELLED,
    UNPAID,
    Basket,
    Delivery,
    Payment,
    Row,
    Stage,
    State,
    returned_row,
    sold_row,
)
from sitoo_netsuite.sandbox.trade.visit import CAMPAIGNS, FAULTY, HOUR, MANUAL_DISCOUNTS, MINUTE, Card, Visit
from sitoo_netsuite.sandbox.world import DEPOSIT_SKU, EXPERIENCE_CARD_SKU, GIFT_CARD_SKU, TIP_SKU, Customer

_REASONS = (("SIZE", "Wrong size"), (FAULTY, "Faulty"), ("REGRET", "Changed their mind"))

Scene = Callable[[Visit], list[Basket]]


# -------------------------------------------------------------------- sales


def plain_sale(visit: Visit) -> list[Basket]:
    return visit.sell(visit.goods())


def discounted_sale(visit: Visit) -> list[Basket]:
    """Three of one thing at a manual discount, so that a part of them can come back with odd pennies."""
    draw, market = visit.draw, visit.market
    rows = [visit.row(draw.choice(market.goods), 3, draw.choice(MANUAL_DISCOUNTS)), *visit.goods()]
    return visit.sell(rows, "Card")


def sale_at_every_rate(visit: Visit) -> list[Basket]:
    return visit.sell([visit.row(visit.draw.choice(products)) for products in visit.market.by_rate.values()], "Card")


def service_sale(visit: Visit) -> list[Basket]:
    return visit.sell([visit.row(visit.draw.choice(visit.market.services)), *visit.goods()])


def weighed_sale(visit: Visit) -> list[Basket]:
    return visit.sell([visit.row(visit.draw.choice(visit.market.by_weight)), *visit.goods()])


def odd_cash_sale(visit: Visit) -> list[Basket]:
    """Something weighed, in cash: where cash is rounded, there is something to round."""
    rows = [visit.row(visit.draw.choice(visit.market.by_weight))]
    while sum(row.gross_minor for row in rows) % 100 == 0:
        rows.append(visit.row(visit.draw.choice(visit.market.by_weight)))
    return visit.sell(rows, "Cash")


def split_tender(visit: Visit) -> list[Basket]:
    rows = visit.goods(visit.market.round_sum)
    by_card, _ = visit.pay(visit.market.round_sum // 2, "Card")
    rest, rounding = visit.pay(sum(row.gross_minor for row in rows) - by_card.amount_minor, "Cash")
    return [visit.receipt(rows, [by_card, rest], rounding)]


def invoiced_sale(visit: Visit) -> list[Basket]:
    rows = visit.goods()
    payment, _ = visit.pay(sum(row.gross_minor for row in rows), "Invoice")
    return [visit.receipt(rows, [payment], customer=visit.draw.choice(visit.market.companies))]


def sale_with_tip(visit: Visit) -> list[Basket]:
    rows = visit.goods()
    rows.append(visit.special(TIP_SKU, visit.market.round_sum // visit.draw.choice((2, 4, 5))))
    payment, _ = visit.pay(sum(row.gross_minor for row in rows), "Card")
    return [visit.receipt(rows, [payment])]


def sale_after_parking(visit: Visit) -> list[Basket]:
    return visit.sell(visit.goods(), before=PARKED)


def sale_that_stood_open(visit: Visit) -> list[Basket]:
    return visit.sell(visit.goods(), before=OPEN)


# -------------------------------------------------------------------- cards, credit notes, deposits


def gift_card_sold(visit: Visit) -> list[Basket]:
    amount = visit.round_sum()
    number = visit.new_card(visit.memory.gift_cards, amount, untouched=True)
    payment, rounding = visit.pay(amount)
    return [visit.receipt([visit.special(GIFT_CARD_SKU, amount, card_number=number)], [payment], rounding)]


def experience_card_sold(visit: Visit) -> list[Basket]:
    amount = visit.round_sum()
    number = visit.new_card(visit.memory.experience_cards, amount, untouched=True)
    payment, rounding = visit.pay(amount)
    return [visit.receipt([visit.special(EXPERIENCE_CARD_SKU, amount, card_number=number)], [payment], rounding)]


def gift_card_taken_back(visit: Visit) -> list[Basket]:
    cards = visit.memory.gift_cards
    untouched = [card for card in cards if card.untouched]
    if not untouched:
        return gift_card_sold(visit)
    card = visit.draw.choice(untouched)
    cards.remove(card)
    row = visit.special(GIFT_CARD_SKU, card.balance_minor, -1, card.number)
    payment, _ = visit.pay(row.gross_minor, "Card")
    return [visit.receipt([row], [payment], reason=visit.draw.choice(_REASONS))]


def gift_card_spent(visit: Visit) -> list[Basket]:
    if not visit.memory.gift_cards:
        return gift_card_sold(visit)
    return _spend(visit, visit.memory.gift_cards, "Gift card", visit.goods())


def experience_card_spent(visit: Visit) -> list[Basket]:
    """Spent on what it stands for: goods at the one rate its VAT was charged at."""
    if not visit.memory.experience_cards:
        return experience_card_sold(visit)
    return _spend(
        visit, visit.memory.experience_cards, "Experience card", visit.goods(products=visit.market.at_card_rate)
    )


def credit_note_spent(visit: Visit) -> list[Basket]:
    if not visit.memory.credit_notes:
        return return_for_credit_note(visit)
    return _spend(visit, visit.memory.credit_notes, "Credit note", visit.goods())


def _spend(visit: Visit, cards: deque[Card], name: str, rows: list[Row]) -> list[Basket]:
    """Pays with what is left on a card, and the rest by another tender."""
    card = visit.draw.choice(cards)
    total = sum(row.gross_minor for row in rows)
    spent = min(total, card.balance_minor)
    card.balance_minor -= spent
    card.untouched = False
    if card.balance_minor == 0:
        cards.remove(card)
    payments, rounding = [Payment(visit.kind(name), spent, card_number=card.number)], 0
    if spent < total:
        rest, rounding = visit.pay(total - spent)
        payments.append(rest)
    return [visit.receipt(rows, payments, rounding)]


def deposit_taken(visit: Visit) -> list[Basket]:
    amount = visit.round_sum()
    visit.memory.deposits.append(amount)
    payment, rounding = visit.pay(amount)
    return [visit.receipt([visit.special(DEPOSIT_SKU, amount)], [payment], rounding)]


def deposit_applied_as_tender(visit: Visit) -> list[Basket]:
    if not visit.memory.deposits:
        return deposit_taken(visit)
    amount = visit.memory.deposits.popleft()
    rows = visit.goods(amount)
    rest, rounding = visit.pay(sum(row.gross_minor for row in rows) - amount)
    return [visit.receipt(rows, [Payment(visit.kind("Deposit"), amount), rest], rounding)]


def deposit_applied_as_row(visit: Visit) -> list[Basket]:
    if not visit.memory.deposits:
        return deposit_taken(visit)
    amount = visit.memory.deposits.popleft()
    rows = [*visit.goods(amount), visit.special(DEPOSIT_SKU, amount, -1)]
    payment, rounding = visit.pay(sum(row.gross_minor for row in rows))
    return [visit.receipt(rows, [payment], rounding)]


# -------------------------------------------------------------------- returns


def plain_return(visit: Visit) -> list[Basket]:
    """A return with its receipt, to the tender that paid."""
    return _give_back(visit, lambda _: True, None) or plain_sale(visit)


def part_of_a_discounted_row_returned(visit: Visit) -> list[Basket]:
    return _give_back(visit, lambda row: row.discount is not None and row.quantity > 1, None) or discounted_sale(visit)


def return_for_cash(visit: Visit) -> list[Basket]:
    return _give_back(visit, lambda _: True, "Cash") or plain_sale(visit)


def return_for_credit_note(visit: Visit) -> list[Basket]:
    return _give_back(visit, lambda _: True, "Credit note") or plain_sale(visit)


def return_onto_gift_card(visit: Visit) -> list[Basket]:
    return _give_back(visit, lambda _: True, "Gift card") or plain_sale(visit)


def return_onto_experience_card(visit: Visit) -> list[Basket]:
    rate = visit.market.group[EXPERIENCE_CARD_SKU].rate_bp
    return _give_back(visit, lambda row: row.group.rate_bp == rate, "Experience card") or plain_sale(visit)


def return_without_receipt(visit: Visit) -> list[Basket]:
    reason = visit.draw.choice(_REASONS)
    product = visit.draw.choice(visit.market.goods)
    row = sold_row(product, visit.market.group[product.sku], -1, visit.market.price[product.sku], reason=reason[0])
    payment, rounding = visit.pay(row.gross_minor)
    return [visit.receipt([row], [payment], rounding, reason=reason)]


def exchange(visit: Visit) -> list[Basket]:
    """Goods back and others taken along: two orders, and no money but the difference between them."""
    reason = visit.draw.choice(_REASONS)
    found = _rows_back(visit, lambda _: True, reason[0])
    if found is None:
        return [*plain_sale(visit), *plain_sale(visit)]
    original, returned = found
    rows = visit.goods()
    back = -sum(row.gross_minor for row in returned)
    taken = sum(row.gross_minor for row in rows)
    swapped = min(back, taken)
    virtual = visit.kind("Exchange")
    refund, sale = [Payment(virtual, -swapped, virtual=True)], [Payment(virtual, swapped, virtual=True)]
    if back > taken:
        refund.append(visit.pay(taken - back, "Card")[0])
    elif taken > back:
        sale.append(visit.pay(taken - back, "Card")[0])
    giving = visit.receipt(returned, refund, returns=original.receipt, reason=reason)
    taking = visit.receipt(rows, sale, customer=giving.customer)
    return [
        msgspec.structs.replace(giving, swapped_with=taking.receipt),
        msgspec.structs.replace(taking, swapped_with=giving.receipt),
    ]


def _give_back(visit: Visit, wanted: Callable[[Row], bool], tender: str | None) -> list[Basket]:
    """A return with its receipt of a row that is wanted; none when no such sale is remembered."""
    reason = visit.draw.choice(_REASONS)
    found = _rows_back(visit, wanted, reason[0])
    if found is None:
        return []
    original, rows = found
    total = sum(row.gross_minor for row in rows)
    memory, rounding = visit.memory, 0
    if tender == "Credit note":
        payment = Payment(visit.kind(tender), total, card_number=visit.new_card(memory.credit_notes, -total, False))
    elif tender == "Gift card":
        payment = Payment(visit.kind(tender), total, card_number=visit.new_card(memory.gift_cards, -total, False))
    elif tender == "Experience card":
        payment = Payment(visit.kind(tender), total, card_number=visit.new_card(memory.experience_cards, -total, False))
    else:
        paid = original.payments[0]
        payment, rounding = visit.pay(total, tender or paid.kind.name)
        if payment.kind == paid.kind:
            payment = Payment(
                paid.kind, payment.amount_minor, paid.acquirer, paid.scheme, payment.reference, original_payment=0
            )
    return [visit.receipt(rows, [payment], rounding, returns=original.receipt, reason=reason)]


def _rows_back(visit: Visit, wanted: Callable[[Row], bool], reason: str) -> tuple[Basket, list[Row]] | None:
    """A remembered sale and rows of it that now come back: all that is left, or a part of one row."""
    choices = [
        (sold, place)
        for sold in (*visit.memory.sold_before, *visit.memory.sold)
        # A sale Sitoo has not heard of yet cannot be looked up by its receipt.
        if sold.basket.stages[-1].arrives < visit.moment
        for place, row in enumerate(sold.basket.rows)
        if row.quantity > sold.returned[place] and row.gross_minor > 0 and wanted(row)
    ]
    if not choices:
        return None
    sold, first = visit.draw.choice(choices)
    everything = visit.draw.random() < 0.2
    rows = []
    for place, row in enumerate(sold.basket.rows):
        already = sold.returned[place]
        left = row.quantity - already
        if left > 0 and (everything or place == first):
            quantity = left if everything else max(1, visit.draw.randrange(left))
            rows.append(returned_row(row, place, already, quantity, reason))
            sold.returned[place] += quantity
    return sold.basket, rows


# -------------------------------------------------------------------- delivered later


def sale_delivered_later(visit: Visit) -> list[Basket]:
    """Paid now, delivered within hours, days later, or in two parts; the kinds take turns."""
    rows = visit.goods(visit.market.round_sum)
    rows.append(visit.row(visit.draw.choice(visit.market.goods), 2, visit.draw.choice(CAMPAIGNS)))
    payment, rounding = visit.pay(sum(row.gross_minor for row in rows))
    turn = visit.memory.promised % 3
    visit.memory.promised += 1
    whole = tuple((place, row.quantity) for place, row in enumerate(rows))
    if turn == 0:
        deliveries: tuple[Delivery, ...] = (_delivery(visit, _today(visit), whole),)
    elif turn == 1:
        deliveries = (_delivery(visit, _later_day(visit, visit.draw.randrange(1, 4)), whole),)
    else:
        deliveries = (
            _delivery(visit, _today(visit), (*whole[:-1], (len(rows) - 1, 1))),
            _delivery(visit, _later_day(visit, visit.draw.randrange(1, 3)), ((len(rows) - 1, 1),)),
        )
    return [
        visit.receipt(
            rows, [payment], rounding, customer=visit.draw.choice(visit.market.customers), delivered=deliveries
        )
    ]


def _delivery(visit: Visit, moment: int, items: tuple[tuple[int, int], ...]) -> Delivery:
    # Never before the news of the order itself.
    return Delivery(moment, max(visit.news(moment), visit.moment + 30), items)


def _today(visit: Visit) -> int:
    _, closes = opening_hours(visit.shop, visit.day)
    return max(visit.moment + 1, min(closes, visit.moment + visit.draw.randrange(HOUR // 2, 3 * HOUR)))


def _later_day(visit: Visit, days: int) -> int:
    opens, _ = opening_hours(visit.shop, visit.day + timedelta(days=days))
    return opens + visit.draw.randrange(4 * HOUR)


# -------------------------------------------------------------------- what is no receipt


def practice(visit: Visit) -> list[Basket]:
    rows = visit.goods()
    payment = Payment(visit.kind("Card"), sum(row.gross_minor for row in rows), "adyen", "Visa", "PRACTICE")
    return [_no_receipt(visit, rows, (PAID,), payments=(payment,), practice=True)]


def parked(visit: Visit) -> list[Basket]:
    return [_no_receipt(visit, visit.goods(), (PARKED,))]


def parked_and_cancelled(visit: Visit) -> list[Basket]:
    return [_no_receipt(visit, visit.goods(), (PARKED, PARKED_AND_CANCELLED))]


def opened(visit: Visit) -> list[Basket]:
    return [_no_receipt(visit, visit.goods(), (OPEN,))]


def opened_and_cancelled(visit: Visit) -> list[Basket]:
    return [_no_receipt(visit, visit.goods(), (OPEN, CANCELLED))]


def unpaid(visit: Visit) -> list[Basket]:
    return [_no_receipt(visit, visit.goods(), (UNPAID,), customer=visit.draw.choice(visit.market.companies))]


def booking(visit: Visit) -> list[Basket]:
    customer = visit.draw.choice(visit.market.customers)
    return [
        _no_receipt(visit, visit.goods(), (BOOKED,), customer=customer, reserved_until=visit.moment + 3 * 24 * HOUR)
    ]


def web_order(visit: Visit) -> list[Basket]:
    rows = visit.goods()
    payment, _ = visit.pay(sum(row.gross_minor for row in rows), "Card")
    return [_from_the_web(visit, rows, PAID, payment)]


def abandoned_web_cart(visit: Visit) -> list[Basket]:
    return [_from_the_web(visit, visit.goods(), ABANDONED, None)]


def _no_receipt(
    visit: Visit,
    rows: list[Row],
    states: tuple[State, ...],
    *,
    payments: tuple[Payment, ...] = (),
    customer: Customer | None = None,
    practice: bool = False,
    reserved_until: int | None = None,
) -> Basket:
    """An order at the till that never becomes a receipt; a second state follows before the session is closed."""
    stages = [Stage(visit.news(visit.moment), states[0])]
    for state in states[1:]:
        changed = min(visit.latest, visit.moment + visit.draw.randrange(5, 40) * MINUTE)
        stages.append(Stage(max(visit.news(changed), stages[-1].arrives + 1), state))
    return Basket(
        eshopid=visit.shop.eshopid,
        currency=visit.shop.currency,
        warehouseid=visit.shop.warehouseid,
        moment=visit.moment,
        stages=tuple(stages),
        rows=tuple(rows),
        payments=payments,
        shop=visit.shop,
        register=visit.register,
        staff=visit.staff,
        customer=customer,
        practice=practice,
        reserved_until=reserved_until,
    )


def _from_the_web(visit: Visit, rows: list[Row], state: State, payment: Payment | None) -> Basket:
    stage = Stage(visit.news(visit.moment), state)
    sent = Delivery(stage.arrives, stage.arrives, tuple((place, row.quantity) for place, row in enumerate(rows)))
    return Basket(
        eshopid=visit.shop.eshopid,
        currency=visit.shop.currency,
        warehouseid=visit.market.site.warehouseid,
        moment=visit.moment,
        stages=(stage,),
        rows=tuple(rows),
        payments=(payment,) if payment else (),
        customer=visit.draw.choice(visit.market.customers),
        deliveries=(sent,) if payment else (),
        external_id=f"WEB-{visit.shop.key}-{visit.moment}-{visit.draw.randrange(10**6)}",
    )


# -------------------------------------------------------------------- which scenes there are

# Every kind of receipt, those that others build on first. Played in turn, so that none is left to luck.
ROTA: tuple[Scene, ...] = (
    discounted_sale,
    odd_cash_sale,
    gift_card_sold,
    deposit_taken,
    sale_delivered_later,
    experience_card_sold,
    part_of_a_discounted_row_returned,
    return_for_credit_note,
    sale_with_tip,
    gift_card_spent,
    deposit_applied_as_tender,
    exchange,
    credit_note_spent,
    experience_card_spent,
    split_tender,
    sale_at_every_rate,
    deposit_taken,
    return_without_receipt,
    return_for_cash,
    weighed_sale,
    deposit_applied_as_row,
    sale_after_parking,
    return_onto_gift_card,
    service_sale,
    return_onto_experience_card,
    gift_card_sold,
    gift_card_taken_back,
    sale_that_stood_open,
    sale_delivered_later,
    invoiced_sale,
)

# What is played between them, and how often in a thousand.
MIX: tuple[tuple[int, Scene], ...] = (
    (875, plain_sale),
    (55, plain_return),
    (30, weighed_sale),
    (10, service_sale),
    (5, exchange),
    (5, split_tender),
    (5, gift_card_sold),
    (5, gift_card_spent),
    (4, sale_delivered_later),
    (3, sale_with_tip),
    (3, return_without_receipt),
)

# What is no receipt: made in turn, on top of the receipts.
NO_RECEIPTS: tuple[Scene, ...] = (
    parked,
    web_order,
    practice,
    opened_and_cancelled,
    booking,
    abandoned_web_cart,
    opened,
    unpaid,
    web_order,
    parked_and_cancelled,
)
