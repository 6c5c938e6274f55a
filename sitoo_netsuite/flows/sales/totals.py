"""The day's totals, and the receipts that are left out of them by name.

Belongs here: which receipts can't be booked and why (docs/accounting.md, "From payments"), and adding up what was
modelled. Does not belong here: accounts (`flows/journals`) and what a receipt is (`receipts`).

Which tenders and rates are unmapped is decided in Python, over the few combinations that occur; marking and adding up
is done by PostgreSQL, where the rows are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString

import psycopg

from sitoo_netsuite.estate import Books, Estate, TenderKind
from sitoo_netsuite.trading_day import days
from sitoo_netsuite.warehouse.partitions import ensure_partitions

_TABLES = ("model.held_receipts", "model.daily_sales")
# Any fixed number: two runs that total the same day would each write it.
_LOCK = 7_486_606_305


@dataclass(frozen=True, slots=True)
class PaymentName:
    """How payments of a store name their tender. Missing parts are empty."""

    store: str
    currency: str
    tender: str
    acquirer: str
    scheme: str


@dataclass(frozen=True, slots=True)
class RateSold:
    """A VAT rate (basis points) at which a store sold an item that is booked by rate."""

    store: str
    vat_rate_bp: int


@dataclass(frozen=True, slots=True)
class TotalsResult:
    """Rows of `model.daily_sales` written, and receipts held by name."""

    totals: int
    held_receipts: int


def refresh_daily_sales(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> TotalsResult:
    """Replaces the totals and the held receipts of these trading days, in one transaction.

    Every till sale of a store of the estate is counted: in rows whose `held` is empty when it can be booked, else in
    rows that carry the case kind that holds it. The days must have been modelled before.
    """
    ensure_partitions(connection, _TABLES, days(first, last))
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        span = {"first": first, "last": last}
        connection.execute("delete from model.held_receipts where trading_day between %(first)s and %(last)s", span)
        connection.execute("delete from model.daily_sales where trading_day between %(first)s and %(last)s", span)
        facts = span | _special_items(estate) | _single_purpose_tenders(estate)
        unmapped = facts | _unmapped_columns(
            unmapped_payments(_payment_names(connection, facts), estate),
            unmapped_rates(_rates(connection, facts), estate),
        )
        held = connection.execute(_HOLD, unmapped).rowcount
        totals = sum(connection.execute(statement, facts).rowcount for statement in _TOTALS)
    return TotalsResult(totals, held)


def unmapped_payments(names: Iterable[PaymentName], estate: Estate) -> dict[PaymentName, str]:
    """Those the books have no account for, each with the reason in words. Virtual payments need no tender."""
    found = {}
    for name in names:
        store = estate.by_store[name.store]
        if reason := _unmapped(name, estate.books_of(store)):
            found[name] = reason
    return found


def _unmapped(name: PaymentName, books: Books) -> str | None:
    if name.currency != books.currency:
        return f"paid in {name.currency}, but the books of subsidiary {books.subsidiary} are in {books.currency}"
    tender = books.by_tender.get(name.tender)
    if tender is None:
        return f"tender {name.tender!r} is not in the books of subsidiary {books.subsidiary}"
    if tender.kind is TenderKind.CARD and tender.clearing_account(name.acquirer or None, name.scheme or None) is None:
        return (
            f"tender {name.tender!r} has no account for acquirer {name.acquirer!r} and scheme {name.scheme!r} "
            f"in the books of subsidiary {books.subsidiary}"
        )
    return None


def unmapped_rates(rates: Iterable[RateSold], estate: Estate) -> dict[RateSold, str]:
    """Those the books have no accounts for, each with the reason in words."""
    found = {}
    for sold in rates:
        books = estate.books_of(estate.by_store[sold.store])
        if sold.vat_rate_bp not in books.by_rate:
            percent = f"{sold.vat_rate_bp / 100:g} %"
            found[sold] = f"VAT rate {percent} has no accounts in the books of subsidiary {books.subsidiary}"
    return found


def _special_items(estate: Estate) -> dict[str, object]:
    """SKUs that are not goods, with their item kind as `model.daily_sales` names it."""
    kinds = [f"{item.kind}:{item.card}" if item.card else str(item.kind) for item in estate.items]
    return {"special_skus": [item.sku for item in estate.items], "special_kinds": kinds}


def _single_purpose_tenders(estate: Estate) -> dict[str, object]:
    """Payments that carry VAT which was charged before: by store and tender name, the card's rate."""
    rows = [
        (store.store, tender.name, card.rate)
        for store in estate.stores
        for books in [estate.books_of(store)]
        for tender in books.tenders
        if tender.card is not None and (card := books.by_card[tender.card]).rate is not None
    ]
    return {
        "card_stores": [store for store, _, _ in rows],
        "card_tenders": [tender for _, tender, _ in rows],
        "card_rates": [rate for _, _, rate in rows],
    }


def _unmapped_columns(payments: dict[PaymentName, str], rates: dict[RateSold, str]) -> dict[str, object]:
    return {
        "payment_stores": [name.store for name in payments],
        "payment_currencies": [name.currency for name in payments],
        "payment_tenders": [name.tender for name in payments],
        "payment_acquirers": [name.acquirer for name in payments],
        "payment_schemes": [name.scheme for name in payments],
        "payment_reasons": list(payments.values()),
        "rate_stores": [sold.store for sold in rates],
        "rates": [sold.vat_rate_bp for sold in rates],
        "rate_reasons": list(rates.values()),
    }


# The receipts that count and what holds them ('' before that is known), with their items and payments.
_TILL_SALES: LiteralString = """
    receipts as (
        select r.*, coalesce(h.kind, '') as held
        from model.receipts r left join model.held_receipts h using (trading_day, orderid)
        where r.trading_day between %(first)s and %(last)s and r.excluded is null and r.store is not null
    ),
    special (sku, item_kind) as (select * from unnest(%(special_skus)s::text[], %(special_kinds)s::text[])),
    items as (
        select r.store, r.currency, r.registerid, r.held, r.to_deliver and l.sold as to_deliver,
               coalesce(special.item_kind, 'goods') as item_kind, l.*
        from receipts r
        join model.receipt_lines l on l.trading_day = r.trading_day and l.orderid = r.orderid
        left join special on special.sku = l.sku
        where l.trading_day between %(first)s and %(last)s
    ),
    paid as (
        select r.store, r.currency, r.registerid, r.held, coalesce(p.acquirer, '') as acquirer_or_none,
               coalesce(p.scheme, '') as scheme_or_none, p.*
        from receipts r
        join model.payments p on p.trading_day = r.trading_day and p.orderid = r.orderid
        where p.trading_day between %(first)s and %(last)s
    )
"""

# Tips and deposits go to one account whatever their rate.
_BOOKED_BY_RATE: LiteralString = "item_kind not in ('tip', 'deposit')"


def _payment_names(connection: psycopg.Connection, facts: dict[str, Any]) -> list[PaymentName]:
    rows = connection.execute(
        f"with {_TILL_SALES} select distinct store, currency, name, acquirer_or_none, scheme_or_none from paid "
        "where not virtual",
        facts,
    )
    return [PaymentName(*row) for row in rows]


def _rates(connection: psycopg.Connection, facts: dict[str, Any]) -> list[RateSold]:
    rows = connection.execute(
        f"with {_TILL_SALES} select distinct store, vat_rate_bp from items where {_BOOKED_BY_RATE}", facts
    )
    return [RateSold(*row) for row in rows]


# A receipt is held once, under the first cause that applies; the detail names them all.
_HOLD: LiteralString = f"""
    with {_TILL_SALES},
    unmapped_payments (store, currency, name, acquirer_or_none, scheme_or_none, reason) as (
        select * from unnest(%(payment_stores)s::text[], %(payment_currencies)s::text[], %(payment_tenders)s::text[],
                             %(payment_acquirers)s::text[], %(payment_schemes)s::text[], %(payment_reasons)s::text[])
    ),
    unmapped_rates (store, vat_rate_bp, reason) as (
        select * from unnest(%(rate_stores)s::text[], %(rates)s::int[], %(rate_reasons)s::text[])
    ),
    causes (trading_day, orderid, place, kind, reason) as (
        select trading_day, orderid, 1, 'receipt_out_of_balance',
               format('items %%s + VAT %%s + rounding %%s, paid %%s, total %%s (minor units)',
                      net_minor, vat_minor, rounding_minor, paid_minor, gross_minor)
        from receipts
        where net_minor + vat_minor + rounding_minor <> paid_minor or paid_minor <> gross_minor
        union
        select trading_day, orderid, 2, 'unmapped_tender', reason
        from paid join unmapped_payments using (store, currency, name, acquirer_or_none, scheme_or_none)
        where not virtual
        union
        select trading_day, orderid, 3, 'unmapped_vat_rate', reason
        from items join unmapped_rates using (store, vat_rate_bp) where {_BOOKED_BY_RATE}
    )
    insert into model.held_receipts
        (trading_day, store, orderid, receipt_number, kind, record, amount_minor, currency, detail)
    select trading_day, max(store), orderid, max(receipt_number), (array_agg(kind order by place))[1], orderid::text,
           max(gross_minor), max(currency), string_agg(reason, '; ' order by place, reason)
    from causes join receipts using (trading_day, orderid)
    group by trading_day, orderid
"""

_COLUMNS: LiteralString = """
    insert into model.daily_sales
        (trading_day, store, currency, registerid, measure, item_kind, positive, to_deliver, vat_rate_bp, tender,
         acquirer, scheme, virtual, held, net_minor, vat_minor, discount_minor, lines)
"""

_TOTALS: tuple[LiteralString, ...] = (
    f"""
    {_COLUMNS}
    with {_TILL_SALES}
    select trading_day, store, currency, registerid, 'item', item_kind, sold, to_deliver, vat_rate_bp, '', '', '',
           false, held, sum(net_minor), sum(vat_minor), sum(discount_minor), count(*)
    from items
    group by 1, 2, 3, 4, 6, 7, 8, 9, 14
    """,
    # VAT inside a payment by single-purpose card, half away from zero, as money.vat_within has it.
    f"""
    {_COLUMNS}
    with {_TILL_SALES},
    cards (store, name, rate) as (
        select * from unnest(%(card_stores)s::text[], %(card_tenders)s::text[], %(card_rates)s::bigint[])
    )
    select trading_day, store, currency, registerid, 'payment', '', amount_minor > 0, false, -1, name,
           acquirer_or_none, scheme_or_none, virtual, held, sum(amount_minor),
           sum(case when virtual or rate is null then 0
                    else sign(amount_minor)::bigint
                         * ((2 * abs(amount_minor) * rate + 10000 + rate) / (2 * (10000 + rate))) end),
           0, count(*)
    from paid left join cards using (store, name)
    group by 1, 2, 3, 4, 7, 10, 11, 12, 13, 14
    """,
    f"""
    {_COLUMNS}
    with {_TILL_SALES}
    select trading_day, store, currency, registerid, 'rounding', '', rounding_minor > 0, false, -1, '', '', '',
           false, held, sum(rounding_minor), 0, 0, count(*)
    from receipts
    where rounding_minor <> 0
    group by 1, 2, 3, 4, 7, 14
    """,
    # Held for as long as the sale is, whose trading day may lie anywhere before.
    f"""
    {_COLUMNS}
    select d.trading_day, d.store, d.currency, d.registerid, 'delivered', 'goods', true, false, d.vat_rate_bp, '', '',
           '', false, coalesce(h.kind, ''), sum(d.net_minor), 0, sum(d.discount_minor), count(*)
    from model.delivered_lines d
    left join model.held_receipts h on h.orderid = d.orderid and h.trading_day <= d.trading_day
    where d.trading_day between %(first)s and %(last)s
    group by 1, 2, 3, 4, 9, 14
    """,
)
