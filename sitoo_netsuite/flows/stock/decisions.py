"""What a person decided of movements: whether the other system is told of them.

Belongs here: writing a decision down with who made it, when and why, and reading it. Does not belong here: which
movements wait for one (`ownership`), carrying them over.

What was carried because the estate let it is written down too, so that other settings never reach back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales import late
from sitoo_netsuite.flows.stock.born_in_sitoo import moved_by_people
from sitoo_netsuite.flows.stock.ownership import BornIn, MovementName, NotAMovementError
from sitoo_netsuite.flows.stock.touched import touch


def decide(
    connection: psycopg.Connection,
    estate: Estate,
    names: Collection[MovementName],
    *,
    carried: bool,
    who: str,
    reason: str | None,
    now: datetime,
) -> None:
    """Writes down that the other system is told of these movements, or is not, and has them looked at again; what was
    carried before and is not any more is taken back by a difference.

    All or none: raises NotAMovementError when one is not known at a place whose stock is followed, or is the tills' or
    ours.
    """
    known = _known_in_sitoo(connection, estate, names) | _known_in_netsuite(connection, names)
    if unknown := sorted(str(name) for name in set(names) if name not in known):
        raise NotAMovementError(
            f"no movement made by a person is known under {', '.join(unknown)}; `sitoo-netsuite cases` names those "
            "that wait"
        )
    with connection.transaction():
        write(connection, names, carried=carried, who=who, reason=reason, now=now)
        touch(connection, [name.number for name in names if name.born_in == "netsuite"])
        late.touch(connection, {day for name in names for day in known[name]}, estate)


def write(
    connection: psycopg.Connection,
    names: Iterable[MovementName],
    *,
    carried: bool,
    who: str,
    reason: str | None,
    now: datetime,
) -> None:
    """Writes decisions down, without asking whether they may be."""
    connection.cursor().executemany(
        "insert into posting.stock_decisions (born_in, number, carried, decided_by, reason, decided_at) "
        "values (%s, %s, %s, %s, %s, %s)",
        [(*name, carried, who, reason, now) for name in sorted(set(names))],
    )


def decided(connection: psycopg.Connection, born_in: BornIn, numbers: Collection[int]) -> dict[int, bool]:
    """Of those of these movements that were decided on: whether they are carried."""
    rows = connection.execute(
        "select number, carried from posting.stock_decided where born_in = %s and number = any(%s)",
        (born_in, list(numbers)),
    )
    return dict(rows.fetchall())


def _known_in_sitoo(
    connection: psycopg.Connection, estate: Estate, names: Collection[MovementName]
) -> dict[MovementName, set[date]]:
    """Those of the movements that people made in Sitoo, each with its trading days."""
    row = connection.execute(
        """
        select min(created_day), max(created_day) from landing.warehouse_transactions
        where warehousetransactionid = any(%s) or shipmentid = any(%s)
        """,
        [[name.number for name in names if name.born_in == born_in] for born_in in ("sitoo", "shipment")],
    ).fetchone()
    found: defaultdict[MovementName, set[date]] = defaultdict(set)
    if row is not None and row[0] is not None:
        margin = timedelta(days=1)
        for movements in moved_by_people(connection, row[0] - margin, row[1] + margin, estate).values():
            for movement in movements:
                if movement.name in names:
                    found[movement.name].add(movement.trading_day)
    return found


def _known_in_netsuite(
    connection: psycopg.Connection, names: Collection[MovementName]
) -> dict[MovementName, set[date]]:
    """Those of the movements that NetSuite has and we did not make; they are of no trading day."""
    rows = connection.execute(
        """
        select distinct transaction from landing.stock_movements m where transaction = any(%s)
          and not exists (select from posting.outbox o where o.external_id = m.external_id)
        """,
        [[name.number for name in names if name.born_in == "netsuite"]],
    )
    return {MovementName("netsuite", transaction): set() for (transaction,) in rows}
