"""The store directory out of the registers that were landed.

The way to a store is register -> warehouse -> Sitoo's store -> the estate's store with that `sitoo_store`.
"""

from __future__ import annotations

from collections import defaultdict
from zoneinfo import ZoneInfo

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales.directory import RegisterPlace, StoreDirectory


def read_directory(connection: psycopg.Connection, estate: Estate) -> StoreDirectory:
    """The directory of the registers landed so far, with every place they stood at, by this estate."""
    registers: defaultdict[str, list[RegisterPlace]] = defaultdict(list)
    zones = {}
    for registerid, registerkey, eshopid, zone, storeid, from_day in connection.execute(
        """
        select r.registerid, r.registerkey, r.eshopid, r.time_zone, p.storeid, nullif(p.from_day, '-infinity')
        from landing.registers r join landing.register_places p using (registerid)
        order by r.registerid, p.from_day desc
        """
    ):
        zones[eshopid] = ZoneInfo(zone)
        store = None if storeid is None else estate.by_sitoo_store.get(storeid)
        registers[registerid].append(RegisterPlace(registerkey, store, zones[eshopid], from_day))
    return StoreDirectory(estate, registers, zones)
