"""How far the till sessions of some trading days reach, and from when on their Z-reports are needed.

A session that runs over midnight is proved as a whole, so its receipts of the neighbouring day are needed too.
"""

from __future__ import annotations

from datetime import date, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.registers import read_directory

# Between two Z-reports of a register that is in use.
_Z_BEFORE_DAYS = 35


def z_reports_from(estate: Estate) -> date:
    """The first day whose Z-reports are landed, whatever days are asked for: before go-live, because the first
    Z-report after it is proved, and its float compared, with the one before it.
    """
    return estate.first_day - timedelta(days=_Z_BEFORE_DAYS)


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
        where z.closed_day >= %s and z.closed_at >= %s and z.opened_at < %s
        """,
        (start.date(), start, end),
    ).fetchall()
    days = [
        directory.trading_day(moment, registerid, eshopid)
        for registerid, eshopid, opened, closed in rows
        for moment in (opened, closed)
    ]
    return min([first, *days]), max([last, *days])
