"""Reading some SKUs from both sides at once, for a person who will not wait for the next run.

Belongs here: putting the two readings together. Does not belong here: the readings themselves (`netsuite_side`,
`sitoo_side`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.catalogue.netsuite_side import land_items_of
from sitoo_netsuite.flows.catalogue.sitoo_side import reread_products
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.sitoo.client import SitooClient


async def land_skus(
    connection: psycopg.Connection,
    sitoo: SitooClient,
    netsuite: NetSuiteClient,
    estate: Estate,
    now: datetime,
    skus: Collection[str],
) -> None:
    """Stores what NetSuite and every mapped Sitoo site have of these SKUs now; prices of list 1 only.

    Raises NetSuiteError or SitooError; what was read before it stays.
    """
    await land_items_of(connection, netsuite, estate, now, skus)
    for eshopid in estate.catalogue_sites:
        reread_products(connection, sitoo, estate, eshopid, skus, (), now)
