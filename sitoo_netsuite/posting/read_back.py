"""What NetSuite holds, read back and compared with what was sent: account, location, memo, amount, period.

Belongs here: the SuiteQL that reads documents by external id, and the pure comparison. Does not belong here: what to do
about a difference (cases). Documents are read by external id, never by date: a document of a closed period is dated
elsewhere.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import psycopg

from sitoo_netsuite.money import MoneyError, to_minor
from sitoo_netsuite.netsuite.client import SUITEQL_PATH, NetSuiteClient
from sitoo_netsuite.netsuite.errors import Unreadable
from sitoo_netsuite.netsuite.suiteql import keyset
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.warehouse.copying import copy_rows


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One line of a posted document. Account and location are NetSuite internal ids; debit positive, minor units."""

    account: str
    location: str | None
    memo: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class LedgerDocument:
    """A transaction as NetSuite holds it. `period` is the name of its posting period; `in_period` whether its date lies
    in it.
    """

    external_id: str
    internal_id: str
    tranid: str
    tran_date: date
    period: str
    in_period: bool
    lines: tuple[LedgerLine, ...]


@dataclass(frozen=True, slots=True)
class LineDifference:
    """A line that was sent and is not there, or is there and was not sent; `times` is positive when it is missing."""

    line: LedgerLine
    times: int


@dataclass(frozen=True, slots=True)
class Held:
    """A document in NetSuite: its internal id, and whether it is what was sent."""

    internal_id: str
    as_sent: bool


# A page holds 1,000 rows and somebody may have added lines by hand, so the rows are read by a key of document and line.
_LINES = """
    SELECT t.id * 100000 + tal.transactionline AS place, t.id, t.externalid, t.tranid,
           TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, BUILTIN.DF(t.postingperiod) AS period,
           CASE WHEN t.trandate BETWEEN p.startdate AND p.enddate THEN 'T' ELSE 'F' END AS inperiod,
           tal.account, tl.location, tl.memo, tal.debit, tal.credit
    FROM transaction t
    JOIN accountingperiod p ON p.id = t.postingperiod
    JOIN transactionaccountingline tal ON tal.transaction = t.id
    JOIN transactionline tl ON tl.transaction = tal.transaction AND tl.id = tal.transactionline
    WHERE tal.posting = 'T' AND t.externalid IN ({marks}) AND t.id * 100000 + tal.transactionline > ?
    ORDER BY t.id * 100000 + tal.transactionline
"""

_BODY = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)

_DOCUMENTS_A_QUERY = 15


async def read_documents(client: NetSuiteClient, wanted: Mapping[str, str]) -> dict[str, LedgerDocument]:
    """The documents NetSuite holds under these external ids; those it does not hold are left out.

    wanted: external id -> ISO currency of its amounts.
    """
    identities = sorted(wanted)
    found: dict[str, LedgerDocument] = {}
    for start in range(0, len(identities), _DOCUMENTS_A_QUERY):
        batch = identities[start : start + _DOCUMENTS_A_QUERY]
        pages = keyset(client, _LINES.format(marks=", ".join("?" * len(batch))), "place", batch)
        rows = [row async for page in pages for row in page]
        try:
            found |= _documents(rows, wanted)
        except ValueError as error:
            what = f"a date of {', '.join(batch)} cannot be read: {error}"
            raise Unreadable(f"POST {SUITEQL_PATH}", what) from None
    return found


async def held_journal(client: NetSuiteClient, document: OutboxRow) -> Held | None:
    """The journal NetSuite holds under a document's external id; None while it shows no posting of it."""
    ledger = (await read_documents(client, {document.external_id: document.currency})).get(document.external_id)
    return None if ledger is None else Held(ledger.internal_id, not compare(document, ledger))


def _documents(rows: Iterable[Mapping[str, str]], currencies: Mapping[str, str]) -> dict[str, LedgerDocument]:
    headers: dict[str, Mapping[str, str]] = {}
    lines: defaultdict[str, list[LedgerLine]] = defaultdict(list)
    for row in rows:
        identity = row["externalid"]
        if identity not in currencies:
            continue  # SuiteQL takes capitals for small letters; it is not the document that was asked for
        currency = currencies[identity]
        amount_minor = debit_less_credit(row, currency)
        headers[identity] = row
        lines[identity].append(LedgerLine(row["account"], row.get("location"), row.get("memo", ""), amount_minor))
    return {
        identity: LedgerDocument(
            external_id=identity,
            internal_id=row["id"],
            tranid=row["tranid"],
            tran_date=date.fromisoformat(row["trandate"]),
            period=row["period"],
            in_period=row["inperiod"] == "T",
            lines=tuple(lines[identity]),
        )
        for identity, row in headers.items()
    }


def debit_less_credit(row: Mapping[str, str], currency: str) -> int:
    """What a row of SuiteQL posts: `debit` less `credit` in minor units, either of them NULL where there is none.

    Raises Unreadable where one is no amount of the currency; the row is named by its external id, or else its `place`.
    """
    try:
        return to_minor(row.get("debit", "0"), currency) - to_minor(row.get("credit", "0"), currency)
    except MoneyError as error:
        name = row.get("externalid") or f"row {row['place']}"
        raise Unreadable(f"POST {SUITEQL_PATH}", f"an amount of {name} cannot be read: {error}") from None


def sent_lines(document: OutboxRow) -> tuple[LedgerLine, ...]:
    """The lines of a frozen journal body."""
    body = _BODY.decode(document.body)
    return tuple(
        LedgerLine(
            line["account"]["id"],
            line["location"]["id"],
            line["memo"],
            to_minor(str(line.get("debit", 0)), document.currency)
            - to_minor(str(line.get("credit", 0)), document.currency),
        )
        for line in body["line"]["items"]
    )


def compare(document: OutboxRow, ledger: LedgerDocument) -> tuple[LineDifference, ...]:
    """Lines sent and not held, and lines held and not sent; empty when NetSuite holds exactly what was sent."""
    left = Counter(sent_lines(document))
    left.subtract(Counter(ledger.lines))
    return tuple(LineDifference(line, times) for line, times in left.items() if times)


def misdated(document: OutboxRow, ledger: LedgerDocument) -> str | None:
    """What is wrong with the date or the posting period of a document in NetSuite; None when it is as it was sent."""
    if ledger.tran_date != document.tran_date:
        return f"it is dated {ledger.tran_date} ({ledger.period}) and was sent with {document.tran_date}"
    if not ledger.in_period:
        return f"it is dated {ledger.tran_date} and posted to {ledger.period}"
    return None


def debits(document: OutboxRow) -> int:
    """What a frozen journal body turns over: the sum of its debits, in minor units."""
    return sum(line.amount_minor for line in sent_lines(document) if line.amount_minor > 0)


def save_read_back(
    connection: psycopg.Connection,
    asked: Sequence[str],
    found: Iterable[LedgerDocument],
    account_numbers: Mapping[str, str],
    now: datetime,
) -> None:
    """Keeps what NetSuite said, replacing what it said before about the documents that were asked for.

    account_numbers: internal id -> account number.
    """
    with connection.transaction():
        connection.execute("delete from posting.read_back where external_id = any(%s)", (list(asked),))
        copy_rows(
            connection,
            "posting.read_back",
            [
                "external_id", "line", "account", "location", "memo", "amount_minor", "tran_date", "period", "tranid",
                "read_at",
            ],
            (
                (
                    document.external_id, number, account_numbers.get(line.account, line.account), line.location,
                    line.memo, line.amount_minor, document.tran_date, document.period, document.tranid, now,
                )
                for document in found
                for number, line in enumerate(document.lines)
            ),
        )  # fmt: skip
