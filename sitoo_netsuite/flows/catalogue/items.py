"""Reading NetSuite's catalogue into `landing.items`.

Belongs here: the SuiteQL and the replacement of the table. NetSuite is the master; nothing is ever written back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import keyset
from sitoo_netsuite.warehouse.copying import copy_rows

_ITEMS = """
    SELECT id, itemid, displayname, upccode, itemtype, isinactive,
           TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS modified
    FROM item WHERE id > ? ORDER BY id
"""
_COLUMNS = ("item", "sku", "name", "barcode", "item_type", "inactive", "modified_at", "landed_at")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the catalogue holds now, by NetSuite item type, and how many items are inactive.

    `doubled`: SKUs that two items share; the later item is kept out, since a SKU must name one item.
    """

    by_type: dict[str, int]
    inactive: int
    doubled: Sequence[str]


async def land_items(connection: psycopg.Connection, client: NetSuiteClient, now: datetime) -> Catalogue:
    """Replaces `landing.items` by what NetSuite holds, in one commit; nothing changes if reading fails half-way."""
    rows: dict[str, tuple[object, ...]] = {}
    doubled: list[str] = []
    async for page in keyset(client, _ITEMS, "id"):
        for item in page:
            sku = item["itemid"]
            if sku in rows:
                doubled.append(sku)
                continue
            rows[sku] = (
                int(item["id"]), sku, item.get("displayname"), item.get("upccode"), item["itemtype"],
                item["isinactive"] == "T", item.get("modified"), now,
            )  # fmt: skip
    with connection.transaction():
        connection.execute("delete from landing.items")
        copy_rows(connection, "landing.items", _COLUMNS, rows.values())
    by_type: dict[str, int] = {}
    for row in rows.values():
        by_type[str(row[4])] = by_type.get(str(row[4]), 0) + 1
    return Catalogue(by_type, sum(bool(row[5]) for row in rows.values()), doubled)
