"""What NetSuite's ledger holds, read by SuiteQL for the oracle.

Belongs here: the queries and paging. Does not belong here: logging in (`login.py`), what ought to be there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import Any

import httpx

from sitoo_netsuite.oracle.asking import AskingError, ask
from sitoo_netsuite.oracle.figures import minor, thousandths
from sitoo_netsuite.oracle.login import netsuite_login

_PAGE = 1000
_IDS_PER_QUERY = 500
_SUITEQL_PATH = "/services/rest/query/v1/suiteql"

# A document may be dated later than its trading day (closed period), so it is found by either of the two.
_LINES = """
SELECT tal.transaction AS transaction, tal.transactionline AS line, t.externalid AS externalid,
       t.tranid AS tranid, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, a.acctnumber AS acctnumber,
       NVL(tal.debit, 0) AS debit, NVL(tal.credit, 0) AS credit
FROM transactionaccountingline tal
JOIN transaction t ON t.id = tal.transaction
JOIN transactionline tl ON tl.transaction = tal.transaction AND tl.id = tal.transactionline
JOIN account a ON a.id = tal.account
WHERE tal.posting = 'T' AND tl.location = ?
  AND (TO_CHAR(t.trandate, 'YYYYMMDD') BETWEEN ? AND ?
       OR (SUBSTR(t.externalid, 1, ?) = ? AND SUBSTR(t.externalid, ?, 8) BETWEEN ? AND ?))
  AND (tal.transaction > ? OR (tal.transaction = ? AND tal.transactionline > ?))
ORDER BY tal.transaction, tal.transactionline
"""

# Wherever and whenever they are: a document that somebody moved is there all the same.
_DOCUMENTS = """
SELECT t.externalid AS externalid, CASE WHEN t.lastmodifieddate > t.createddate THEN 'T' ELSE 'F' END AS changed
FROM transaction t
WHERE t.externalid IN ({marks})
"""


_ITEMS = """
SELECT i.id AS id, i.itemid AS itemid, i.itemtype AS itemtype, {flag} AS tillflag,
       CASE WHEN i.islotitem = 'T' OR i.isserialitem = 'T' OR i.usebins = 'T' THEN 'T' ELSE 'F' END AS tracked
FROM item i WHERE i.id > ? ORDER BY i.id
"""

_MEMBERS = """
SELECT m.parentitem AS kit, m.item AS item, m.quantity AS quantity
FROM itemmember m WHERE m.parentitem > ? ORDER BY m.parentitem
"""

_MOVEMENTS = """
SELECT t.id AS transaction, tl.id AS line, t.externalid AS externalid, t.tranid AS tranid, t.type AS type,
       TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, tl.item AS item, tl.quantity AS quantity,
       tl.memo AS memo
FROM transaction t JOIN transactionline tl ON tl.transaction = t.id
WHERE tl.isinventoryaffecting = 'T' AND t.posting = 'T' AND tl.location = ?
  AND TO_CHAR(t.trandate, 'YYYYMMDD') >= ?
  AND (t.id > ? OR (t.id = ? AND tl.id > ?))
ORDER BY t.id, tl.id
"""

_LEVELS = """
SELECT l.item AS item, l.quantityonhand AS quantity
FROM aggregateitemlocation l WHERE l.location = ? AND l.item > ? ORDER BY l.item
"""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of NetSuite. `tracked`: by lot, serial number or bin; `for_tills`: the tills sell it."""

    item: str
    sku: str
    item_type: str
    tracked: bool
    for_tills: bool


@dataclass(frozen=True, slots=True)
class Movement:
    """A line that moved goods at a location, in thousandths; negative where they went."""

    transaction: int
    external_id: str | None
    number: str
    tran_date: date
    item: str
    milli: int
    memo: str


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One posting in NetSuite: debit positive, minor units of the store's currency. `number`: what NetSuite shows."""

    external_id: str | None
    tran_date: date
    account: str
    amount: int
    number: str = ""

    @property
    def record(self) -> str:
        """What its document is called: by its external id, or by its number where it has none."""
        return self.external_id or self.number


class LedgerSide:
    """Read-only, one request at a time. `environment` as run_oracle takes it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._url = environment["NETSUITE_URL"].rstrip("/") + _SUITEQL_PATH
        self._client = httpx.Client(auth=netsuite_login(environment), timeout=60.0)

    def __enter__(self) -> LedgerSide:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def lines(self, location: str, store: str, currency: str, first: date, last: date) -> Iterator[LedgerLine]:
        """Every posting at a location that is dated, or belongs by its external id, within the trading days."""
        prefix = f"JE-{store}-"
        days = (f"{first:%Y%m%d}", f"{last:%Y%m%d}")
        transaction, line = 0, 0
        while True:
            answer = self._ask(
                _LINES,
                [location, *days, len(prefix), prefix, len(prefix) + 1, *days, transaction, transaction, line],
            )
            page = answer["items"]
            for row in page:
                yield LedgerLine(
                    external_id=row.get("externalid"),
                    tran_date=date.fromisoformat(row["trandate"]),
                    account=row["acctnumber"],
                    amount=minor(str(row["debit"]), currency) - minor(str(row["credit"]), currency),
                    number=row.get("tranid") or "",
                )
            if not answer["hasMore"]:
                return
            transaction, line = int(page[-1]["transaction"]), int(page[-1]["line"])

    def documents(self, external_ids: Sequence[str]) -> dict[str, bool]:
        """Which of these external ids exist, wherever and whenever booked: {external id: changed since it was made}."""
        found: dict[str, bool] = {}
        for start in range(0, len(external_ids), _IDS_PER_QUERY):
            wanted = list(external_ids[start : start + _IDS_PER_QUERY])
            answer = self._ask(_DOCUMENTS.format(marks=", ".join("?" * len(wanted))), wanted)
            found |= {row["externalid"]: row["changed"] == "T" for row in answer["items"]}
        return found

    def items(self, till_flag: str | None) -> list[Item]:
        """Every item there is, inactive ones too."""
        flag = f"i.{till_flag}" if till_flag else "'T'"
        return [
            Item(row["id"], row["itemid"], row["itemtype"], row["tracked"] == "T", row.get("tillflag") == "T")
            for row in self._all(_ITEMS.format(flag=flag), "id")
        ]

    def kit_members(self) -> dict[str, list[tuple[str, int]]]:
        """What each kit is made of: items (internal ids), and thousandths of each in one kit."""
        members: dict[str, list[tuple[str, int]]] = {}
        for row in self._all(_MEMBERS, "kit"):
            members.setdefault(row["kit"], []).append((row["item"], thousandths(str(row["quantity"]))))
        return members

    def levels(self, location: str) -> dict[str, int]:
        """Item (internal id) to what a location has on hand, in thousandths."""
        rows = self._all(_LEVELS, "item", [location])
        return {row["item"]: thousandths(str(row.get("quantity") or "0")) for row in rows}

    def movements(self, location: str, dated_from: date) -> Iterator[Movement]:
        """Every line dated on or after a day that moved goods at a location."""
        transaction, line = 0, 0
        while True:
            answer = self._ask(_MOVEMENTS, [location, f"{dated_from:%Y%m%d}", transaction, transaction, line])
            page = answer["items"]
            for row in page:
                yield Movement(
                    transaction=int(row["transaction"]),
                    external_id=row.get("externalid"),
                    number=row.get("tranid") or "",
                    tran_date=date.fromisoformat(row["trandate"]),
                    item=row["item"],
                    milli=thousandths(str(row["quantity"])),
                    memo=row.get("memo") or "",
                )
            if not answer["hasMore"]:
                return
            transaction, line = int(page[-1]["transaction"]), int(page[-1]["line"])

    def _all(self, query: str, key: str, values: Sequence[str | int] = ()) -> Iterator[dict[str, Any]]:
        """Every row, page by page. `key` is the column that rows are ordered and asked on by.

        Rows of one key may not be parted: the last key of a full page is asked for again, whole.
        """
        last = 0
        while True:
            answer = self._ask(query, [*values, last])
            page = answer["items"]
            if not answer["hasMore"]:
                yield from page
                return
            cut = int(page[-1][key])
            whole = [row for row in page if int(row[key]) < cut]
            if not whole:
                raise AskingError(f"{len(page)} rows of NetSuite have one {key}, {cut}: cannot page past them")
            yield from whole
            last = cut - 1

    def _ask(self, query: str, values: Sequence[str | int]) -> dict[str, Any]:
        answer: dict[str, Any] = ask(
            self._client,
            "POST",
            self._url,
            params={"limit": str(_PAGE), "offset": "0"},
            headers={"Prefer": "transient"},
            json={"q": query, "params": list(values)},
        )
        return answer
