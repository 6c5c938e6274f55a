"""A person's word that what was moved by hand in Sitoo may reach NetSuite.

Belongs here: writing an approval down, with who gave it and when. Does not belong here: which movements need one
(`manual_movements`), posting them.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales import late
from sitoo_netsuite.flows.stock.manual_movements import ManualMovement, manual_movements


class NotToBeApprovedError(Exception):
    """Something that was named is nothing a person could approve; the text says what and why."""


def approve(
    connection: psycopg.Connection, estate: Estate, warehousetransactionids: Collection[int], who: str, now: datetime
) -> list[ManualMovement]:
    """Approves movements and has their trading days run again; those that were approved before stay as they were.

    All or none: raises NotToBeApprovedError when one is not landed, or was not made by hand in a store whose stock is
    followed.
    """
    wanted = set(warehousetransactionids)
    with connection.transaction():
        row = connection.execute(
            "select min(created_day), max(created_day) from landing.warehouse_transactions "
            "where warehousetransactionid = any(%s)",
            [list(wanted)],
        ).fetchone()
        found: dict[int, ManualMovement] = {}
        if row is not None and row[0] is not None:
            margin = timedelta(days=1)
            of_days = manual_movements(connection, row[0] - margin, row[1] + margin, estate)
            found = {
                movement.warehousetransactionid: movement
                for movements in of_days.values()
                for movement in movements
                if movement.warehousetransactionid in wanted
            }
        if unknown := sorted(wanted - found.keys()):
            raise NotToBeApprovedError(
                f"no movement made by hand in Sitoo is known under {', '.join(map(str, unknown))}; `sitoo-netsuite "
                "cases` names those that wait"
            )
        connection.cursor().executemany(
            "insert into posting.stock_approvals values (%s, %s, %s) on conflict do nothing",
            [(identity, who, now) for identity in sorted(found)],
        )
        late.touch(connection, (movement.trading_day for movement in found.values()), estate)
    return [found[identity] for identity in sorted(found)]
