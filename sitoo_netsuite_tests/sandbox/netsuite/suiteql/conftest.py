"""A ledger small enough to work every expected row out by hand.

Two subsidiaries (SEK, EUR), three locations, three items, one customer; four documents: two journals, a cash sale with
its cost line, and an inventory adjustment that posts nothing to revenue.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import duckdb
import pytest

from sitoo_netsuite.sandbox.netsuite.suiteql.engine import SuiteQL
from sitoo_netsuite.sandbox.netsuite.suiteql.tables import create_tables

_ROWS: dict[str, tuple[str, list[tuple[object, ...]]]] = {
    "currency": ("id, name, symbol, isinactive", [(1, "Swedish Krona", "SEK", "F"), (2, "Euro", "EUR", "F")]),
    "subsidiary": (
        "id, name, currency, parent, isinactive",
        [(1, "Sweden", 1, None, "F"), (2, "Finland", 2, 1, "F")],
    ),
    "location": (
        "id, name, subsidiary, externalid, isinactive",
        [(11, "Stockholm", 1, "S01", "F"), (12, "Malmö", 1, "S02", "F"), (13, "Helsinki", 2, None, "T")],
    ),
    "customer": ("id, entityid, email, isinactive, subsidiary", [(501, "Walk-in S01", None, "F", 1)]),
    "account": (
        "id, acctnumber, accountsearchdisplaynamecopy, fullname, accttype, isinactive, parent",
        [
            (101, "1910", "Till", "Till", "Bank", "F", None),
            (102, "3001", "Sales 25%", "Sales 25%", "Income", "F", None),
            (103, "2611", "Output VAT 25%", "Output VAT 25%", "OthCurrLiab", "F", None),
            (104, "4010", "Cost of goods", "Cost of goods", "COGS", "T", 102),
        ],
    ),
    "accountingperiod": (
        "id, periodname, startdate, enddate, closed, alllocked, arlocked, isposting, isadjust, isquarter, isyear",
        [
            (1, "FY 2026", "2026-01-01", "2026-12-31", "F", "F", "F", "F", "F", "F", "T"),
            (2, "Q4 2026", "2026-10-01", "2026-12-31", "F", "F", "F", "F", "F", "T", "F"),
            (3, "Oct 2026", "2026-10-01", "2026-10-31", "T", "T", "T", "T", "F", "F", "F"),
            (4, "Nov 2026", "2026-11-01", "2026-11-30", "F", "F", "F", "T", "F", "F", "F"),
        ],
    ),
    "item": (
        "id, itemid, displayname, upccode, externalid, itemtype, isinactive, lastmodifieddate",
        [
            (201, "SHIRT-M", "Shirt M", "7350000000012", "E1", "InvtPart", "F", "2026-11-20 10:15:30"),
            (202, "SOCKS", None, None, None, "InvtPart", "F", "2026-11-21 00:00:00"),
            (203, "WRAP_10%", "Gift wrap", "7350000000036", None, "Service", "T", "2026-11-22 23:59:59"),
        ],
    ),
    "itemprice": (
        "item, pricelevel, pricelevelname, price, currencypage, isinactive",
        [
            (201, 1, "Base Price", "299.00", 1, "F"),
            (201, 1, "Base Price", "29.90", 2, "F"),
            (202, 1, "Base Price", "49.50", 1, "F"),
            (202, 2, "Outlet", "39.00", 1, "F"),
        ],
    ),
    "aggregateitemlocation": (
        "item, location, quantityonhand, quantityavailable, averagecostmli",
        [
            (201, 11, "10", "8", "100.125"),
            (201, 12, "0", "0", None),
            (202, 11, "-2", "-2", "12.5"),
            (203, 13, None, None, None),
        ],
    ),
    "transaction": (
        "id, tranid, type, recordtype, trandate, externalid, entity, currency, exchangerate, postingperiod, posting, "
        "memo, foreigntotal, createddate, lastmodifieddate",
        [
            (1001, "JOU1", "Journal", "journalentry", "2026-11-23", "JE-S01-20261123-SEK-1", None, 1, "1", 4, "T",
             "S01 2026-11-23", "1250", "2026-11-24 03:00:00", "2026-11-24 03:00:00"),
            (1002, "JOU2", "Journal", "journalentry", "2026-11-24", "JE-S02-20261124-SEK-1", None, 1, "1", 4, "T",
             None, "500", "2026-11-25 03:00:01", "2026-11-25 12:30:45"),
            (1003, "CS1", "CashSale", "cashsale", "2026-11-23", "CS-S01-20261123-1", 501, 1, "1", 4, "T",
             "one shirt, two socks", "398", "2026-11-23 18:00:00", "2026-11-23 18:00:00"),
            (1004, "ADJ1", "InvAdjst", "inventoryadjustment", "2026-10-31", None, None, 2, "11.25", 3, "F",
             None, None, "2026-10-31 20:00:00", "2026-10-31 20:00:00"),
        ],
    ),
    "transactionline": (
        "transaction, id, linesequencenumber, item, quantity, rate, netamount, mainline, taxline, iscogs, location, "
        "subsidiary, memo",
        [
            (1001, 0, 0, None, None, None, "1250", "F", "F", None, 11, 1, "takings"),
            (1001, 1, 1, None, None, None, "-1000", "F", "F", None, 11, 1, "sale"),
            (1001, 2, 2, None, None, None, "-250", "F", "F", None, 11, 1, None),
            (1002, 0, 0, None, None, None, "500", "F", "F", None, 12, 1, "takings"),
            (1002, 1, 1, None, None, None, "-400.05", "F", "F", None, 12, 1, "sale"),
            (1002, 2, 2, None, None, None, "-99.95", "F", "F", None, 12, 1, None),
            (1003, 0, 0, None, None, None, "398", "T", "F", None, 11, 1, None),
            (1003, 1, 1, 201, "-1", "239.2", "-239.2", "F", "F", "F", 11, 1, None),
            (1003, 2, 2, 202, "-2", "39.6", "-79.2", "F", "F", None, 11, 1, None),
            (1003, 3, 3, None, None, None, "-79.6", "F", "T", None, 11, 1, None),
            (1003, 4, 4, 201, None, None, "100.13", "F", "F", "T", 11, 1, None),
            (1004, 0, 0, None, None, None, "-25", "T", "F", None, 13, 2, None),
            (1004, 1, 1, 202, "2", "12.5", "25", "F", "F", None, 13, 2, None),
        ],
    ),
    "transactionaccountingline": (
        "transaction, transactionline, account, accountingbook, debit, credit, amount, posting",
        [
            (1001, 0, 101, 1, "1250", None, "1250", "T"),
            (1001, 1, 102, 1, None, "1000", "-1000", "T"),
            (1001, 2, 103, 1, None, "250", "-250", "T"),
            (1002, 0, 101, 1, "500", None, "500", "T"),
            (1002, 1, 102, 1, None, "400.05", "-400.05", "T"),
            (1002, 2, 103, 1, None, "99.95", "-99.95", "T"),
            (1003, 0, 101, 1, "398", None, "398", "T"),
            (1003, 1, 102, 1, None, "239.2", "-239.2", "T"),
            (1003, 2, 102, 1, None, "79.2", "-79.2", "T"),
            (1003, 3, 103, 1, None, "79.6", "-79.6", "T"),
            (1003, 4, 104, 1, "100.13", None, "100.13", "T"),
            (1004, 1, 104, 1, "25", None, "25", "F"),
        ],
    ),
}  # fmt: skip


@pytest.fixture(scope="session")
def suiteql() -> Iterator[SuiteQL]:
    connection = duckdb.connect()
    create_tables(connection)
    for table, (names, rows) in _ROWS.items():
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)
    yield SuiteQL(connection, now=lambda: datetime(2026, 11, 24, 6, 30, 15, tzinfo=UTC))
    connection.close()
