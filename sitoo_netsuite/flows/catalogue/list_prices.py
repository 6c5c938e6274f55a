"""The prices of Sitoo's lists over time: `master.list_prices`, from one look at them to the next.

Belongs here: noting what a landing of the lists changed. Does not belong here: reading Sitoo (`landing`), and what a
price in force means for a receipt (`sold_prices`).

Sitoo's lists have no dates (reference sitoo-api, section 2), so all that is known of a price is which looks found it.
It may have begun right after the last look that did not, and may have ended right before the first that does not any
more: windows of two prices that follow each other overlap by the time between the looks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import psycopg

from sitoo_netsuite.warehouse.locks import alone

_CURSOR = "list_prices"

# Joined in full, which PostgreSQL can only do by hashing or merging: a nested loop over two tables that have just been
# filled, and of whose size it knows nothing, would take hours.
_CHANGED: LiteralString = """
    create temporary table changed_prices (like master.list_prices, has_begun boolean not null) on commit drop
"""

# With VAT at the rate of the product's group; round() of a numeric takes halves away from zero, as money has it.
_COMPARE: LiteralString = """
    with seen as (
        select i.eshopid, i.pricelistid, p.sku, level.from_quantity, l.currency, cardinality(l.tags) = 0 as for_all,
               case when s.prices_with_vat then level.price_minor
                    else round(level.price_minor * (1 + g.rate_bp / 10000::numeric))::bigint end as gross_minor,
               min(coalesce(p.modified_at, %(now)s)) as unchanged_since
        from landing.price_list_items i
        join landing.price_lists l using (eshopid, pricelistid)
        join landing.products p using (eshopid, productid)
        join landing.sites s using (eshopid)
        left join landing.product_groups g on g.eshopid = p.eshopid and g.vatid = p.vatid
        cross join lateral (
            select 0 as from_quantity, i.price_minor
            union all
            select (volume ->> 0)::integer, (volume ->> 1)::bigint from jsonb_array_elements(i.volume_prices) volume
        ) level
        where i.eshopid = any(%(eshopids)s) and l.active and level.price_minor > 0
          and (%(skus)s::text[] is null or p.sku = any(%(skus)s))
          and (s.prices_with_vat or (not s.prices_with_vat and g.rate_bp is not null))
        group by 1, 2, 3, 4, 5, 6, 7
    ),
    known as (
        select * from master.list_prices
        where to_at = 'infinity' and eshopid = any(%(eshopids)s)
          and (%(skus)s::text[] is null or sku = any(%(skus)s))
    )
    insert into changed_prices
    select eshopid, pricelistid, sku, from_quantity, currency, for_all, gross_minor,
           coalesce(known.from_at, last_look.moved_at, '-infinity'), %(now)s,
           case when last_look.moved_at is null then coalesce(unchanged_since, %(now)s) else %(now)s end,
           known.from_at is null
    from seen full join known using (eshopid, pricelistid, sku, from_quantity, currency, for_all, gross_minor)
    left join landing.cursors last_look on last_look.source = %(cursor)s and last_look.key = eshopid::text
    where known.from_at is null or unchanged_since is null
"""

_END: LiteralString = """
    update master.list_prices known set to_at = gone.to_at
    from changed_prices gone
    where not gone.has_begun
      and (known.eshopid, known.pricelistid, known.sku, known.from_quantity, known.gross_minor, known.from_at)
          = (gone.eshopid, gone.pricelistid, gone.sku, gone.from_quantity, gone.gross_minor, gone.from_at)
"""

# A price that comes back between the same two looks goes on as if it had never been away.
_BEGIN: LiteralString = """
    insert into master.list_prices (eshopid, pricelistid, sku, from_quantity, currency, for_all, gross_minor, from_at,
                                    known_from)
    select eshopid, pricelistid, sku, from_quantity, currency, for_all, gross_minor, from_at, known_from
    from changed_prices where has_begun
    on conflict (eshopid, pricelistid, sku, from_quantity, gross_minor, from_at) do update
        set to_at = 'infinity', currency = excluded.currency, for_all = excluded.for_all
"""

# By when the reading began: what changes while it goes on may have been missed.
_LOOKED: LiteralString = """
    insert into landing.cursors (source, key, position, moved_at)
    select %(cursor)s, eshopid::text, floor(extract(epoch from landed_at)), landed_at
    from landing.sites where eshopid = any(%(eshopids)s)
    on conflict (source, key) do update set position = excluded.position, moved_at = excluded.moved_at
"""


@dataclass(frozen=True, slots=True)
class NotedPrices:
    """Prices of lists that began and ended between two looks; a change of price is one of each."""

    began: int
    ended: int


def note_list_prices(
    connection: psycopg.Connection, now: datetime, eshopids: Collection[int], skus: Collection[str] | None = None
) -> NotedPrices:
    """Notes which prices of these sites' active lists are new or gone, as they have just been landed; one commit.

    `now` is the time at which the landing had ended. `skus`: those that were landed, where it was not all of them. The
    first look at a site tells nothing about the time before it, but that a product which Sitoo last changed earlier has
    had its price since then (that a price of a further list counts as such a change is inferred). Prices of a site that
    does not say whether they hold VAT are not noted, nor are those of 0: the till has its price typed in.
    """
    values = {
        "now": now,
        "eshopids": list(eshopids),
        "skus": None if skus is None else list(skus),
        "cursor": _CURSOR,
    }
    with alone(connection, "list prices"), connection.transaction():
        connection.execute(_CHANGED)
        connection.execute(_COMPARE, values)
        ended = connection.execute(_END).rowcount
        began = connection.execute(_BEGIN).rowcount
        if skus is None:
            connection.execute(_LOOKED, values)
    return NotedPrices(began, ended)
