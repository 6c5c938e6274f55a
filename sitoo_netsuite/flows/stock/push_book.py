"""The stock flow's SQL towards Sitoo: what NetSuite moved, and every push that was sent or may have been.

Belongs here: reading both for the rules (`wanted_pushes`), and the only statements that write a push or change its
state. Does not belong here: rules, HTTP.

A push is written down in doubt, with its lines, before its request; afterwards only its state moves:

    in_doubt -> done       Sitoo said so, or shows it
    in_doubt -> refused    Sitoo said no, and does not show it

How often Sitoo shows a push is read from its landed movements, whatever the state: one that was refused and turns up
after all, or turns up twice, counts as often as it is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock.ownership import (
    BY_THE_ESTATE,
    ORDERED_BY_CUSTOMERS,
    SOLD,
    netsuite_kind,
    waits_in_netsuite,
)
from sitoo_netsuite.flows.stock.wanted_pushes import Movement, Place, Push, PushLine, RecordedPush
from sitoo_netsuite.sitoo.models import VIRTUAL_WAREHOUSE

# Sitoo dates its transactions by its own clock.
_SEEN_FROM = "(p.planned_at - interval '2 days')::date"
# What Sitoo does not know: what others moved in NetSuite, but for what a person said it is not told of, and the members
# of kits in our own documents.
_NEWS = """
    select m.transaction, m.location, m.tran_date, m.type, m.number, m.source_type, m.sender, m.receiver, m.item,
           m.quantity_milli
    from landing.stock_movements m
    where not exists (select from posting.outbox o where o.external_id = m.external_id)
      and not exists (
          select from posting.stock_decided d
          where d.born_in = 'netsuite' and d.number = m.transaction and not d.carried
      )
    union all
    select m.transaction, m.location, m.tran_date, m.type, m.number, null, null, null, q.item::bigint, q.quantity_milli
    from (
        select distinct transaction, location, tran_date, type, number, external_id from landing.stock_movements
    ) m
    join posting.outbox_quantities q on q.external_id = m.external_id and q.location = m.location::text
    where q.of_kit
"""
# Long enough for a person to see that a push which Sitoo took is not there.
_LATELY = timedelta(days=7)


State = Literal["in_doubt", "done", "refused"]


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of a push once it was asked for. `error`: why it is not done."""

    push: Push
    state: State
    error: str | None = None
    warehousetransactionid: int | None = None


def places(connection: psycopg.Connection, estate: Estate) -> list[Place]:
    """The warehouses that take movements, of stores whose stock is followed, as they were landed."""
    return _places(connection, estate, "warehouse_type <> %s")


def virtual_places(connection: psycopg.Connection, estate: Estate) -> list[Place]:
    """The virtual warehouses, which take levels, of stores whose stock is followed, as they were landed."""
    return _places(connection, estate, "warehouse_type = %s")


def virtual_locations(connection: psycopg.Connection, estate: Estate) -> list[str]:
    """The locations (internal ids) that the virtual warehouses stand for."""
    by_warehouse = estate.stock.by_warehouse if estate.stock else {}
    return [by_warehouse[place.warehouseid].location for place in virtual_places(connection, estate)]


def by_site(places: Iterable[Place]) -> dict[int, list[int]]:
    """Warehouses by the site (eshopid) they belong to."""
    found: defaultdict[int, list[int]] = defaultdict(list)
    for place in places:
        found[place.eshopid].append(place.warehouseid)
    return dict(found)


def _places(connection: psycopg.Connection, estate: Estate, where: str) -> list[Place]:
    mapped = estate.stock.by_warehouse if estate.stock else {}
    rows = connection.execute(
        "select warehouseid, eshopid from landing.warehouses "
        f"where warehouseid = any(%s) and {where} order by warehouseid".encode(),
        (list(mapped), VIRTUAL_WAREHOUSE),
    )
    found = []
    for warehouseid, eshopid in rows:
        store = estate.by_store[mapped[warehouseid].store]
        if store.go_live.stock is not None:
            found.append(Place(warehouseid, eshopid, store.store, store.go_live.stock))
    return found


def movements(connection: psycopg.Connection, estate: Estate, transactions: Collection[int]) -> list[Movement]:
    """What these transactions of NetSuite moved and Sitoo was not told by itself, by warehouse of the estate, as they
    were landed last.

    Of those that we made Sitoo knows everything, but for the members of kits: it moves a kit's own stock, if any. It
    is not told of web orders either where it moves its own stock for them.
    """
    if estate.stock is None:
        return []
    by_location = {int(place.location): place.warehouse for place in estate.stock.warehouses}
    rows = connection.execute(
        f"""
        select transaction, location, tran_date, type, number, source_type, sender, receiver, decided, pushed,
               array_agg(item), array_agg(quantity_milli)
        from (
            select transaction, location, tran_date, type, number, max(source_type) as source_type,
                   max(sender) as sender, max(receiver) as receiver, item, sum(quantity_milli)::bigint as quantity_milli
            from ({_NEWS}) news where transaction = any(%s) and location = any(%s)
            group by transaction, location, tran_date, type, number, item
        ) summed
        cross join lateral (
            select exists (
                       select from posting.stock_decided where born_in = 'netsuite' and number = transaction
                   ) as decided,
                   exists (
                       select from posting.stock_pushes p
                       where p.transaction = summed.transaction and p.state <> 'refused'
                   ) as pushed
        ) known
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
        """.encode(),
        (list(transactions), list(by_location)),
    )
    found = []
    for transaction, location, tran_date, code, number, source, sender, receiver, decided, pushed, *moved in rows:
        kind = netsuite_kind(code, source, (sender, receiver), by_location)
        # Whoever owns the kind now, what was pushed is followed to its end.
        begun = decided or pushed
        if kind == "web_orders" and estate.stock.owners.web_orders == "sitoo" and not begun:
            continue
        waits = None if begun else waits_in_netsuite(kind, estate.stock)
        quantities = dict(zip(*moved, strict=True))
        found.append(Movement(transaction, by_location[location], tran_date, code, number, quantities, waits))
    return found


def leave_web_orders(connection: psycopg.Connection, transactions: Collection[int], now: datetime) -> None:
    """Writes down of those of these transactions that are web orders, and of which nothing was pushed, that Sitoo is
    not told of them: it moves its own stock for them. Another setting later does not reach back.
    """
    connection.execute(
        """
        insert into posting.stock_decisions (born_in, number, carried, decided_by, reason, decided_at)
        select distinct 'netsuite', m.transaction, false, %s, 'web orders are moved in both systems', %s::timestamptz
        from landing.stock_movements m
        where m.transaction = any(%s) and (m.type = any(%s) or m.source_type = any(%s))
          and not exists (select from posting.outbox o where o.external_id = m.external_id)
          and not exists (select from posting.stock_pushes p where p.transaction = m.transaction)
          and not exists (select from posting.stock_decided where born_in = 'netsuite' and number = m.transaction)
        """,
        (BY_THE_ESTATE, now, list(transactions), list(SOLD), list(ORDERED_BY_CUSTOMERS)),
    )


def left(connection: psycopg.Connection, estate: Estate) -> list[tuple[int, int, str, int, str]]:
    """What NetSuite moved and Sitoo is not told of, since somebody said so: transaction, warehouse, SKU, quantity in
    thousandths, and who said it, with the reason.
    """
    by_warehouse = estate.stock.by_warehouse if estate.stock else {}
    kept = places(connection, estate)
    rows = connection.execute(
        """
        select m.transaction, place.warehouseid, i.sku, sum(m.quantity_milli)::bigint,
               concat_ws(': ', d.decided_by, d.reason)
        from posting.stock_decided d
        join landing.stock_movements m on m.transaction = d.number
        join landing.items i using (item)
        join unnest(%s::bigint[], %s::bigint[], %s::date[]) as place (warehouseid, location, go_live)
            on place.location = m.location and m.tran_date >= place.go_live
        where d.born_in = 'netsuite' and not d.carried and i.for_tills
        group by 1, 2, 3, 5 order by 1, 2, 3
        """,
        (
            [place.warehouseid for place in kept],
            [int(by_warehouse[place.warehouseid].location) for place in kept],
            [place.go_live for place in kept],
        ),
    )
    return rows.fetchall()


def recorded(connection: psycopg.Connection, transactions: Collection[int]) -> list[RecordedPush]:
    """Every push of these transactions, refused ones too, and how often Sitoo shows it as far as was landed."""
    rows = connection.execute(
        f"""
        select p.external_id, p.transaction, p.warehouseid, p.number, p.tran_date, p.state, p.error, (
                   select count(*) from landing.warehouse_transactions t
                   where t.external_id = p.external_id and t.warehouseid = p.warehouseid
                     and t.created_day >= {_SEEN_FROM}
               ), i.items, i.quantities
        from posting.stock_pushes p
        join lateral (
            select array_agg(item) as items, array_agg(quantity_milli) as quantities
            from posting.stock_push_items where external_id = p.external_id
        ) i on true
        where p.transaction = any(%s) order by p.transaction, p.warehouseid, p.number
        """.encode(),
        [list(transactions)],
    )
    return [RecordedPush(*(*push, dict(zip(items, quantities, strict=True)))) for *push, items, quantities in rows]


def differing(connection: psycopg.Connection, estate: Estate) -> set[int]:
    """Transactions of which something seems left to push, among all that were ever landed or pushed.

    Never fewer than the rules (`wanted_pushes`) would find.
    """
    assert estate.stock is not None
    kept = [(place, estate.stock.by_warehouse[place.warehouseid]) for place in places(connection, estate)]
    rows = connection.execute(
        f"""
        with place as (
            select * from unnest(%s::bigint[], %s::bigint[], %s::date[]) as place (warehouseid, location, go_live)
        )
        select distinct transaction from (
            select news.transaction, place.warehouseid, news.item, news.quantity_milli
            from ({_NEWS}) news join place using (location) where news.tran_date >= place.go_live
            union all
            select p.transaction, p.warehouseid, i.item, -i.quantity_milli * case
                       when seen.times > 0 or p.state = 'refused' then seen.times else 1
                   end
            from posting.stock_pushes p
            join place using (warehouseid)
            join posting.stock_push_items i using (external_id)
            join lateral (
                select count(*) as times from landing.warehouse_transactions t
                where t.external_id = p.external_id and t.warehouseid = p.warehouseid and t.created_day >= {_SEEN_FROM}
            ) seen on true
        ) moved
        group by transaction, warehouseid, item having sum(quantity_milli) <> 0
        """.encode(),
        (
            [place.warehouseid for place, _ in kept],
            [int(entry.location) for _, entry in kept],
            [place.go_live for place, _ in kept],
        ),
    )
    return {transaction for (transaction,) in rows}


def skus_of(connection: psycopg.Connection, items: Collection[int]) -> tuple[dict[int, str], frozenset[int]]:
    """Items' SKUs, and those of the items that the tills do not sell."""
    rows = connection.execute(
        "select item, sku, for_tills from landing.items where item = any(%s)", [list(items)]
    ).fetchall()
    return {item: sku for item, sku, _ in rows}, frozenset(item for item, _, for_tills in rows if not for_tills)


def skus_not_known(connection: psycopg.Connection, eshopid: int, skus: Collection[str]) -> set[str]:
    """Those of the SKUs that a Sitoo site neither has as a product nor in a warehouse, as far as was landed."""
    rows = connection.execute(
        """
        select sku from unnest(%(skus)s::text[]) as sku
        where not exists (select from landing.products p where p.eshopid = %(eshopid)s and p.sku = sku.sku)
          and not exists (
              select from landing.sitoo_levels l join landing.warehouses w using (warehouseid)
              where w.eshopid = %(eshopid)s and l.sku = sku.sku
          )
        """,
        {"eshopid": eshopid, "skus": list(skus)},
    )
    return {sku for (sku,) in rows}


# ---------------------------------------------------------------- what is sent


def note(connection: psycopg.Connection, pushes: Iterable[Push], now: datetime) -> None:
    """Writes pushes down that are about to be sent: from here on Sitoo may hold them."""
    pushes = list(pushes)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into posting.stock_pushes (external_id, eshopid, warehouseid, transaction, number, store, tran_date,
                                              description, state, attempts, planned_at, sent_at)
            values (%s, %s, %s, %s, %s, %s, %s, %s, 'in_doubt', 1, %s, %s)
            """,
            [
                (
                    push.external_id, push.eshopid, push.warehouseid, push.transaction, push.number, push.store,
                    push.tran_date, push.description, now, now,
                )
                for push in pushes
            ],
        )  # fmt: skip
        cursor.executemany(
            "insert into posting.stock_push_items (external_id, sku, item, quantity_milli) values (%s, %s, %s, %s)",
            [(push.external_id, line.sku, line.item, line.quantity_milli) for push in pushes for line in push.lines],
        )


def note_again(connection: psycopg.Connection, pushes: Iterable[Push], now: datetime) -> None:
    """Writes down that pushes in doubt are about to be sent once more."""
    connection.execute(
        "update posting.stock_pushes set attempts = attempts + 1, sent_at = %s "
        "where external_id = any(%s) and state = 'in_doubt'",
        (now, [push.external_id for push in pushes]),
    )


def not_sent_again(connection: psycopg.Connection, pushes: Iterable[Push]) -> None:
    """Takes back that pushes in doubt were sent once more: Sitoo turned the request away, and may be asked again."""
    connection.execute(
        "update posting.stock_pushes set attempts = attempts - 1 where external_id = any(%s) and state = 'in_doubt'",
        [[push.external_id for push in pushes]],
    )


def withdraw(connection: psycopg.Connection, pushes: Iterable[Push]) -> None:
    """Takes back the notes of pushes that did not reach Sitoo, of which nothing was sent before either."""
    ids = [push.external_id for push in pushes]
    with connection.transaction():
        connection.execute("delete from posting.stock_push_items where external_id = any(%s)", [ids])
        connection.execute("delete from posting.stock_pushes where external_id = any(%s) and state = 'in_doubt'", [ids])


def answered(connection: psycopg.Connection, answers: Iterable[Answered], now: datetime) -> None:
    """Writes down, in one commit, what is known of pushes that were in doubt."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            update posting.stock_pushes
            set state = %(state)s, error = %(error)s, warehousetransactionid = %(id)s,
                settled_at = case when %(state)s <> 'in_doubt' then %(now)s::timestamptz end
            where external_id = %(push)s and state = 'in_doubt'
            """,
            [
                {
                    "state": answer.state,
                    "error": answer.error,
                    "id": answer.warehousetransactionid,
                    "now": now,
                    "push": answer.push.external_id,
                }
                for answer in answers
            ],
        )


def settle_seen(connection: psycopg.Connection, now: datetime) -> int:
    """Says of the pushes in doubt that Sitoo shows, as far as was landed, that they are done; how many."""
    return connection.execute(
        f"""
        update posting.stock_pushes p
        set state = 'done', error = null, settled_at = %s, warehousetransactionid = (
            select min(t.warehousetransactionid) from landing.warehouse_transactions t
            where t.external_id = p.external_id and t.warehouseid = p.warehouseid and t.created_day >= {_SEEN_FROM}
        )
        where p.state = 'in_doubt' and exists (
            select from landing.warehouse_transactions t
            where t.external_id = p.external_id and t.warehouseid = p.warehouseid and t.created_day >= {_SEEN_FROM}
        )
        """.encode(),
        [now],
    ).rowcount


def in_doubt(
    connection: psycopg.Connection, places: Iterable[Place], *, sent_fewer_than: int | None = None
) -> list[Push]:
    """Pushes to these warehouses of which it is not known whether Sitoo has them, in order; those alone that were sent
    fewer times, where a number is given.
    """
    warehouses = [place.warehouseid for place in places]
    where = "state = 'in_doubt' and warehouseid = any(%s) and (%s::integer is null or attempts < %s)"
    return _pushes(connection, where, [warehouses, sent_fewer_than, sent_fewer_than])


def give_up(
    connection: psycopg.Connection, places: Iterable[Place], requests: int, sent_before: datetime, why: str,
    now: datetime,
) -> None:  # fmt: skip
    """Says of the pushes in doubt that were sent so often, the last time before that moment, that Sitoo refused them.
    Sitoo's movements must have been read since.
    """
    connection.execute(
        """
        update posting.stock_pushes set state = 'refused', error = %s, settled_at = %s
        where state = 'in_doubt' and warehouseid = any(%s) and attempts >= %s and sent_at < %s
        """,
        (why, now, [place.warehouseid for place in places], requests, sent_before),
    )


def were_left_in_doubt(connection: psycopg.Connection, places: Iterable[Place], before: datetime) -> bool:
    """Whether a push to these warehouses was sent before that moment and is still in doubt: no run is at it now."""
    row = connection.execute(
        "select exists (select from posting.stock_pushes "
        "where state = 'in_doubt' and warehouseid = any(%s) and sent_at < %s)",
        ([place.warehouseid for place in places], before),
    ).fetchone()
    return bool(row and row[0])


def not_shown(connection: psycopg.Connection, now: datetime) -> list[Push]:
    """Pushes that Sitoo said yes to lately and does not show among its movements, though they were read past its id."""
    return _pushes(
        connection,
        f"""
        state = 'done' and settled_at > %s
        and warehousetransactionid < (
            select position from landing.cursors where source = 'warehouse_transactions' and key = eshopid::text
        )
        and not exists (
            select from landing.warehouse_transactions t
            where t.external_id = p.external_id and t.warehouseid = p.warehouseid and t.created_day >= {_SEEN_FROM}
        )
        """,
        (now - _LATELY,),
    )


def _pushes(connection: psycopg.Connection, where: str, params: Sequence[object]) -> list[Push]:
    rows = connection.execute(
        f"""
        select external_id, eshopid, warehouseid, store, transaction, number, tran_date, description
        from posting.stock_pushes p where {where} order by eshopid, transaction, warehouseid, number
        """.encode(),
        params,
    ).fetchall()
    lines: defaultdict[str, list[PushLine]] = defaultdict(list)
    for external_id, sku, item, quantity in connection.execute(
        "select external_id, sku, item, quantity_milli from posting.stock_push_items "
        "where external_id = any(%s) order by external_id, item",
        [[row[0] for row in rows]],
    ):
        lines[external_id].append(PushLine(sku, item, quantity))
    return [Push(*(*row, tuple(lines[row[0]]))) for row in rows]


def in_doubt_because(connection: psycopg.Connection, pushes: Sequence[Push]) -> dict[Push, str]:
    """Pushes in doubt, each with the reason."""
    rows = connection.execute(
        "select external_id, coalesce(error, 'the run that sent it ended before Sitoo answered') "
        "from posting.stock_pushes where external_id = any(%s)",
        [[push.external_id for push in pushes]],
    ).fetchall()
    reasons: dict[str, str] = dict(rows)
    return {push: reasons[push.external_id] for push in pushes}
