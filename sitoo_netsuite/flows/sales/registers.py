"""The store directory out of the registers that were landed.

The way to a store is register -> warehouse -> Sitoo's store -> the estate's store with that `sitoo_store`.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.directory import RegisterPlace, StoreDirectory


def read_directory(connection: psycopg.Connection, estate: Estate) -> StoreDirectory:
    """The directory of the registers landed so far, by this estate."""
    registers, zones = {}, {}
    for registerid, registerkey, eshopid, storeid, zone in connection.execute(
        "select registerid, registerkey, eshopid, storeid, time_zone from landing.registers"
    ):
        zones[eshopid] = ZoneInfo(zone)
        store = None if storeid is None else estate.by_sitoo_store.get(storeid)
        registers[registerid] = RegisterPlace(registerkey, store, zones[eshopid])
    return StoreDirectory(estate, registers, zones)
