"""Reading Sitoo's shipments into `landing`: those whose goods have moved.

Belongs here: which are asked for (reference sitoo-api, section 4, Shipments v2) and storing them. Does not belong here:
what they move (`shipments`).

There is no telling which shipments changed. So those are read that a landed movement names and that are not known yet,
and those that may still change: what is in transit, and what was received lately, which may be corrected.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import psycopg

from sitoo_netsuite.sitoo.client import SitooClient

# A reception is corrected soon, or by a person who then asks for a full compare.
_MAY_BE_CORRECTED = timedelta(days=7)
_IN_TRANSIT = 10


def land_shipments(connection: psycopg.Connection, client: SitooClient, now: datetime) -> int:
    """Stores the shipments that movements name and are new, or may have changed; how many were read.

    Raises SitooError; nothing is changed then.
    """
    wanted = [
        number
        for (number,) in connection.execute(
            """
            select distinct t.shipmentid from landing.warehouse_transactions t
            left join landing.shipments s using (shipmentid)
            where t.shipmentid is not null
              and (s.shipmentid is null or s.state <= %s or t.created_at >= %s)
            order by 1
            """,
            (_IN_TRANSIT, now - _MAY_BE_CORRECTED),
        )
    ]
    found = client.shipments(wanted)
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into landing.shipments values (%s, %s, %s, %s, %s, %s)
            on conflict (shipmentid) do update set state = excluded.state,
                sender_warehouseid = excluded.sender_warehouseid, receiver_warehouseid = excluded.receiver_warehouseid,
                external_id = excluded.external_id, landed_at = excluded.landed_at
            """,
            [
                (
                    entry.shipmentid, entry.shipmentstate, entry.sender_warehouseid, entry.receiver_warehouseid,
                    entry.externalid or None, now,
                )
                for entry in found
            ],
        )  # fmt: skip
    return len(found)
