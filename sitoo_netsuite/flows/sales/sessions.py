"""How far the till sessions of some trading days reach.

A session that runs over midnight is proved as a whole, so its receipts of the neighbouring day are needed too.
"""

from __future__ import annotations

from datetime import date

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.registers import read_directory


def reach(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> tuple[date, date]:
    """The trading days to land and model so that every session touching first to last can be proved.

    Registers and Z-reports should have been landed before. Never less than the days asked for.
    """
    directory = read_directory(connection, estate)
    start, end = directory.window(first, last)
    rows = connection.execute(
        """
        select z.registerid, r.eshopid, z.opened_at, z.closed_at
        from landing.z_reports z left join landing.registers r using (registerid)
        where z.closed_at >= %s and z.opened_at < %s
        """,
        (start, end),
    ).fetchall()
    days = [
        directory.trading_day(moment, registerid, eshopid)
        for registerid, eshopid, opened, closed in rows
        for moment in (opened, closed)
    ]
    return min([first, *days]), max([last, *days])
