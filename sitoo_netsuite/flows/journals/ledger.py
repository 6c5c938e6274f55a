"""What NetSuite's ledger holds of a range of trading days beside the documents we know, read by SuiteQL (reference 6).

Belongs here: the questions, each read whole by its key however many store-days it is about. Does not belong here: what
the answers mean (`differences`), and reading a document by its external id (`posting/read_back`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sitoo_netsuite.estate import Estate, Store
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import Row, keyset
from sitoo_netsuite.posting.read_back import debit_less_credit

# As near to our external ids (`document.external_id`) as a mask comes: SuiteQL has no regular expressions.
_MASK = "'JE-%-________-___-%'"

# The day in a name is found by its place, which the length of the store's key decides.
_NAMES = f"""
    SELECT t.id, t.externalid FROM transaction t
    WHERE t.externalid LIKE {_MASK}
      AND (t.trandate BETWEEN TO_DATE(?, 'YYYY-MM-DD') AND TO_DATE(?, 'YYYY-MM-DD') OR {{named}})
      AND t.id > ?
    ORDER BY t.id
"""
_NAMED = "SUBSTR(t.externalid, ?, 8) BETWEEN ? AND ?"

# One row a line: a place is a transaction and its line, as in posting/read_back.
_POSTINGS = f"""
    SELECT t.id * 100000 + tal.transactionline AS place, t.id, t.externalid, t.tranid, t.memo,
           TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, tl.location, a.acctnumber, tal.debit, tal.credit
    FROM transaction t
    JOIN transactionaccountingline tal ON tal.transaction = t.id
    JOIN transactionline tl ON tl.transaction = tal.transaction AND tl.id = tal.transactionline
    JOIN account a ON a.id = tal.account
    WHERE tal.posting = 'T' AND t.trandate BETWEEN TO_DATE(?, 'YYYY-MM-DD') AND TO_DATE(?, 'YYYY-MM-DD')
      AND tl.location IN ({{locations}}) AND a.acctnumber IN ({{accounts}})
      AND (t.externalid IS NULL OR t.externalid NOT LIKE {_MASK}{{misnamed}})
      AND t.id * 100000 + tal.transactionline > ?
    ORDER BY t.id * 100000 + tal.transactionline
"""

_BALANCES = """
    SELECT tl.location * 10000000 + tal.account AS place, tl.location, a.acctnumber,
           SUM(tal.debit) AS debit, SUM(tal.credit) AS credit
    FROM transaction t
    JOIN transactionaccountingline tal ON tal.transaction = t.id
    JOIN transactionline tl ON tl.transaction = tal.transaction AND tl.id = tal.transactionline
    JOIN account a ON a.id = tal.account
    WHERE tal.posting = 'T' AND a.acctnumber IN ({accounts}) AND ({stores})
      AND tl.location * 10000000 + tal.account > ?
    GROUP BY tl.location, tal.account, a.acctnumber
    ORDER BY tl.location * 10000000 + tal.account
"""
_BEFORE = "(tl.location = ? AND t.trandate < TO_DATE(?, 'YYYY-MM-DD'))"


async def names_like_ours(client: NetSuiteClient, first: date, last: date, estate: Estate) -> list[str]:
    """External ids that look like ours, of transactions that are dated in the range or name a day of it."""
    between = (f"{first:%Y%m%d}", f"{last:%Y%m%d}")
    starts = sorted({len(f"JE-{store.store}-") + 1 for store in estate.stores})
    sql = _NAMES.format(named=" OR ".join([_NAMED] * len(starts)))
    params = [first.isoformat(), last.isoformat(), *(value for start in starts for value in (start, *between))]
    return [row["externalid"] for row in await _all(client, sql, "id", params)]


@dataclass(frozen=True, slots=True)
class ForeignLine:
    """A posting that is none of ours, on an account of a store's books, at its location. Debit positive, minor units.

    `number` is the external id, else what NetSuite shows as the transaction's number.
    """

    transaction: str
    number: str
    memo: str
    store: str
    day: date
    account: str
    amount_minor: int


async def foreign_lines(
    client: NetSuiteClient, first: date, last: date, estate: Estate, misnamed: Collection[str]
) -> list[ForeignLine]:
    """Postings of others dated in the range, from each store's go-live on: what was booked before is its opening.

    misnamed: external ids that look like ours and are not.
    """
    stores = {store.location: store for store in estate.stores}
    accounts = {store.location: estate.books_of(store).account_numbers() for store in estate.stores}
    every_account = sorted(set().union(*accounts.values()))
    also = f" OR t.externalid IN ({_marks(misnamed)})" if misnamed else ""
    sql = _POSTINGS.format(locations=_marks(stores), accounts=_marks(every_account), misnamed=also)
    params = [first.isoformat(), last.isoformat(), *stores, *every_account, *misnamed]
    found = []
    for row in await _all(client, sql, "place", params):
        store, day = stores[row["location"]], date.fromisoformat(row["trandate"])
        if day < store.go_live.sales or row["acctnumber"] not in accounts[store.location]:
            continue
        found.append(
            ForeignLine(
                transaction=row["id"],
                number=row.get("externalid") or row.get("tranid") or row["id"],
                memo=row.get("memo", ""),
                store=store.store,
                day=day,
                account=row["acctnumber"],
                amount_minor=debit_less_credit(row, store.currency),
            )
        )
    return found


async def balances_before_go_live(client: NetSuiteClient, stores: Iterable[Store]) -> dict[str, Counter[str]]:
    """Balance (minor units, debit positive) of every account that a store declares an opening balance of, as the ledger
    has it at the store's location before its go-live. By store and account; an account without a posting has 0.
    """
    asked = {store.location: store for store in stores}
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    if not asked:
        return found
    accounts = sorted({account for store in asked.values() for account in store.opening_minor})
    sql = _BALANCES.format(accounts=_marks(accounts), stores=" OR ".join([_BEFORE] * len(asked)))
    days = [value for store in asked.values() for value in (store.location, store.go_live.sales.isoformat())]
    for row in await _all(client, sql, "place", [*accounts, *days]):
        store = asked[row["location"]]
        found[store.store][row["acctnumber"]] += debit_less_credit(row, store.currency)
    return found


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


async def _all(client: NetSuiteClient, sql: str, key: str, params: Sequence[str | int]) -> list[Row]:
    return [row async for page in keyset(client, sql, key, params) for row in page]
