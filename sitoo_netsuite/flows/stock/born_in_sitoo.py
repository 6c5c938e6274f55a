"""All that people moved in Sitoo: by hand, by counting, and from store to store.

Belongs here: putting it together. Does not belong here: reading it (`manual_movements`, `shipments`).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.stock.manual_movements import manual_movements
from sitoo_netsuite.flows.stock.ownership import MovedInSitoo
from sitoo_netsuite.flows.stock.shipments import shipment_movements
from sitoo_netsuite.posting.document_lines import StoreDayName


def moved_by_people(
    connection: psycopg.Connection, first: date, last: date, estate: Estate
) -> dict[StoreDayName, list[MovedInSitoo]]:
    """What people moved in the stores whose stock is followed, on these trading days of theirs."""
    found: defaultdict[StoreDayName, list[MovedInSitoo]] = defaultdict(list)
    for moved in (manual_movements, shipment_movements):
        for name, movements in moved(connection, first, last, estate).items():
            found[name] += movements
    return dict(found)
