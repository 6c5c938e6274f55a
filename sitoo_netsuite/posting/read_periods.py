"""The accounting periods that NetSuite has, as they are locked now (reference 6, Q6)."""

from __future__ import annotations

from datetime import date

from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import query
from sitoo_netsuite.posting.periods import Period

_PERIODS = """
    SELECT periodname, TO_CHAR(startdate, 'YYYY-MM-DD') AS startdate, TO_CHAR(enddate, 'YYYY-MM-DD') AS enddate, closed,
           alllocked, arlocked
    FROM accountingperiod
    WHERE isposting = 'T' AND isyear = 'F' AND isquarter = 'F' AND isadjust = 'F'
      AND enddate >= TO_DATE(?, 'YYYY-MM-DD')
    ORDER BY startdate
"""


async def read_periods(client: NetSuiteClient, first: date) -> tuple[Period, ...]:
    """The periods that take postings, from the one that `first` lies in, in order."""
    return tuple(
        Period(
            name=row["periodname"],
            start=date.fromisoformat(row["startdate"]),
            end=date.fromisoformat(row["enddate"]),
            closed="T" in (row["closed"], row["alllocked"]),
            ar_locked=row["arlocked"] == "T",
        )
        for row in await query(client, _PERIODS, [first.isoformat()])
    )
