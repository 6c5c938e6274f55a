"""Reading again what was read before, to find what Sitoo changed since.

Belongs here: which stretch is read again. Does not belong here: storing it (`landing`) and when to look (`automation`).
Orders have no modified date, and whether a corrected Z-report comes with a new `dateadded` is not known (reference
sitoo-api.md, 1.4), so the digests of the last `reread_days` are compared every night.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.landing import LandingResult, land_orders, land_registers, land_z_reports
from sitoo_netsuite.flows.sales.sessions import reach, z_reports_from
from sitoo_netsuite.sitoo.client import SitooClient


def reread(
    connection: psycopg.Connection, client: SitooClient, estate: Estate, now: datetime
) -> tuple[LandingResult, LandingResult]:
    """Reads the Z-reports and the orders of the last `reread_days` afresh and stores what changed; what each did.

    Nothing but the comparison is done where nothing changed. The days it touched wait for their run. Raises SitooError.
    """
    today = now.date()
    oldest = today - timedelta(days=estate.sitoo.reread_days)
    first = max(estate.first_day, oldest)
    if first > today:
        return LandingResult(), LandingResult()
    land_registers(connection, client, estate, now)
    reports = land_z_reports(connection, client, max(z_reports_from(estate), oldest), today, estate, now, afresh=True)
    orders = land_orders(connection, client, *reach(connection, first, today, estate), estate, now, afresh=True)
    return reports, orders
