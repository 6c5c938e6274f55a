"""NetSuite's chart of accounts and currencies: its internal ids for what the estate names by number and ISO code."""

from __future__ import annotations

from collections import Counter

from sitoo_netsuite.flows.journals.document import BooksIds
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import Row, keyset, query


async def accounts_of_netsuite(client: NetSuiteClient) -> list[Row]:
    """NetSuite's accounts: id, acctnumber, isinactive."""
    pages = keyset(client, "SELECT id, acctnumber, isinactive FROM account WHERE id > ? ORDER BY id", "id")
    return [row async for page in pages for row in page]


async def books_ids(client: NetSuiteClient) -> BooksIds:
    """NetSuite's internal ids of active accounts by number and of currencies by ISO code."""
    active = [row for row in await accounts_of_netsuite(client) if row["isinactive"] == "F" and row.get("acctnumber")]
    times = Counter(row["acctnumber"] for row in active)
    currencies = await query(client, "SELECT id, symbol FROM currency ORDER BY id")
    return BooksIds(
        accounts={row["acctnumber"]: row["id"] for row in active},
        currencies={row["symbol"]: row["id"] for row in currencies},
        doubled=frozenset(number for number, count in times.items() if count > 1),
    )
