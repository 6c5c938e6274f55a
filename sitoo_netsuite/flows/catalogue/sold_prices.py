"""Receipts sold at a price that nothing explains: every sold row against the prices that were in force.

Belongs here: what explains a price, the rows that are left (`master.sold_prices`), and their cases. Does not belong
here: which prices were in force when (`list_prices`), and what a receipt is (`flows/sales`).

A row is judged by its total with VAT before any discount: a voucher or a manual discount is a discount and not a price.
It is explained by any active list of its site in its currency, one with tags too, at any volume price its quantity has
reached; or by the reason the staff gave for a price of their own (`reasoncode-manualprice`, reference sitoo-api,
appendix). Only goods and services are judged that NetSuite has: what it lacks has its own case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import LiteralString

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.locks import alone
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

KIND = "price_unexplained"
# A till goes on with the prices it has until it fetches the lists again (inferred).
_TILLS_LAG = timedelta(hours=1)

_COLUMNS = (
    "trading_day", "orderid", "line", "store", "sku", "quantity_milli", "sold_minor", "right_minor", "currency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SoldPrice:
    """A sold row and its price in minor units of `currency`, with VAT, before discount, for its whole quantity.

    `sold_minor` is to the minor unit where the row has no discount; else it is rebuilt from Sitoo's discount of one
    unit, which is rounded. `right_minor`: at the lowest price open to every customer, as it was last seen
    before the sale where prices changed between two looks.
    """

    trading_day: date
    orderid: int
    line: int
    store: str
    sku: str
    quantity_milli: int
    sold_minor: int
    right_minor: int
    currency: str

    @property
    def lost_minor(self) -> int:
        """What the retailer lost by it; negative where the customer was overcharged."""
        return self.right_minor - self.sold_minor


@dataclass(frozen=True, slots=True)
class JudgedPrices:
    """Sold rows of the days that were looked at, by what came of it.

    `not_judged`: rows of which it is not known which prices were in force; `own_price`: sold at a price of the staff's
    own, with their reason.
    """

    explained: int
    own_price: int
    not_judged: int
    unexplained: Sequence[SoldPrice]


# Where a row has a discount, Sitoo rounds both unit prices that it is the difference of, without VAT, so that a unit
# may be off by one on its way back. The factor puts on the VAT that the row has, whatever its rate is said to be.
# A site that stores prices without VAT adds it to the row: a unit may be off by one there, too. The additional data of
# an order's rows is in the landed payload alone, so only what is odd is looked up there.
_JUDGED: LiteralString = """
    with rows as (
        select r.trading_day, r.orderid, l.line, r.store, l.sku, l.quantity_milli, r.currency, r.sold_at, g.eshopid,
               l.net_minor + l.vat_minor + round(l.discount_minor * factor)::bigint as sold_minor,
               1 + case when l.discount_minor = 0 then 0
                        else (units + 1) * factor + l.discount_minor / greatest(abs(l.net_minor), 1)::numeric end
                 + case when s.prices_with_vat then 0 else units end as allowed
        from model.receipts r
        join model.receipt_lines l on l.trading_day = r.trading_day and l.orderid = r.orderid
        join landing.registers g on g.registerid = r.registerid
        join landing.sites s on s.eshopid = g.eshopid
        cross join lateral (
            select greatest(ceil(l.quantity_milli / 1000.0), 1) as units,
                   case when l.net_minor = 0 then 1 + l.vat_rate_bp / 10000.0
                        else (l.net_minor + l.vat_minor) / l.net_minor::numeric end as factor
        ) each
        where r.trading_day between %(first)s and %(last)s and l.trading_day between %(first)s and %(last)s
          and r.excluded is null and r.store is not null and l.sold and l.sku <> all(%(special_skus)s)
          and exists (select from landing.items n where n.sku = l.sku)
    ),
    priced as (
        select rows.*, p.known_from, p.for_all, p.known_from <= rows.sold_at and rows.sold_at <= p.to_at as surely,
               case when p.currency = rows.currency and p.from_quantity * 1000::bigint <= rows.quantity_milli
                         and p.from_at <= rows.sold_at and rows.sold_at <= p.to_at + %(tills_lag)s
                    then round(p.gross_minor * rows.quantity_milli / 1000.0)::bigint end as price
        from rows left join master.list_prices p on p.eshopid = rows.eshopid and p.sku = rows.sku
    ),
    judged as (
        select trading_day, orderid, line, store, sku, quantity_milli, currency, sold_at, sold_minor,
               min(known_from) <= sold_at as is_known,
               coalesce(
                   min(price) filter (where for_all and surely), min(price) filter (where for_all), min(price)
               ) as right_minor,
               bool_or(abs(price - sold_minor) <= allowed) as explained
        from priced
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9
    ),
    odd as (
        select j.trading_day, j.orderid, j.line, j.store, j.sku, j.quantity_milli, j.sold_minor, j.right_minor,
               j.currency,
               exists (
                   select from landing.orders o, json_array_elements(o.payload -> 'orderitems') item
                   where o.orderid = j.orderid and o.order_day = (j.sold_at at time zone 'UTC')::date
                     and (item ->> 'orderitemid')::integer = j.line
                     and coalesce(item -> 'additionaldata' ->> 'reasoncode-manualprice', '') <> ''
               ) as own_price
        from judged j
        where is_known and right_minor is not null and not explained
    )
    select explained, not_judged, odd.*
    from (
        select count(*) filter (where is_known and explained) as explained,
               count(*) filter (where is_known is not true or right_minor is null) as not_judged
        from judged
    ) counts left join odd on true
    order by odd.trading_day, odd.orderid, odd.line
"""


def judge_sold_prices(
    connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime, run_id: str
) -> JudgedPrices:
    """Judges every sold row of the till sales of these trading days, and replaces what was found on them before.

    The days must have been modelled, and Sitoo's lists noted once (`note_list_prices`); rows sold before it was known
    which prices held, and goods without a price, are left alone and counted. Without `catalogue` in the estate nothing
    is known of any. Cases of `price_unexplained` are brought up to date.
    """
    values = {
        "first": first,
        "last": last,
        "special_skus": list(estate.by_special_sku),
        "tills_lag": _TILLS_LAG,
    }
    with alone(connection, "sold prices"), connection.transaction():
        found = connection.execute(_JUDGED, values).fetchall()
        (explained, not_judged, *_), *_ = found
        odd = [row for _, _, *row in found if row[-1] is not None]
        unexplained = [SoldPrice(*row) for *row, own_price in odd if not own_price]
        connection.execute("delete from master.sold_prices where trading_day between %s and %s", (first, last))
        copy_rows(
            connection,
            "master.sold_prices",
            _COLUMNS,
            (tuple(getattr(row, column) for column in _COLUMNS) for row in unexplained),
        )
    record_cases(connection, Scope([KIND], first, last), price_cases(unexplained), now, run_id)
    return JudgedPrices(explained, len(odd) - len(unexplained), not_judged, unexplained)


def price_cases(rows: Iterable[SoldPrice]) -> list[Case]:
    """One case a receipt; the money at stake is that of all its rows, lost or overcharged."""
    cases = []
    by_receipt = sorted(rows, key=lambda row: (row.store, row.orderid, row.line))
    for (store, orderid), group in groupby(by_receipt, key=lambda row: (row.store, row.orderid)):
        sold = list(group)
        cases.append(
            Case(
                KIND,
                key=f"{store}/{orderid}",
                store=store,
                trading_day=sold[0].trading_day,
                record=str(orderid),
                amount_minor=sum(abs(row.lost_minor) for row in sold),
                currency=sold[0].currency,
                evidence={
                    "rows": [
                        {
                            "line": row.line,
                            "sku": row.sku,
                            "quantity_milli": row.quantity_milli,
                            "sold_minor": row.sold_minor,
                            "right_minor": row.right_minor,
                            "lost_minor": row.lost_minor,
                        }
                        for row in sold
                    ]
                },
            )
        )
    return cases
