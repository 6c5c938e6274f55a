"""A planned part of a store-day, written as the NetSuite journal entry that carries it.

Belongs here: external ids, memos and the request body. The body is made once, frozen in the outbox and sent as it is.
Source of the fields: reference netsuite-api.md, section 5 (journalEntry). Tax fields don't exist for journals over
REST, so VAT goes as ordinary lines to the VAT accounts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import msgspec

from sitoo_netsuite.estate import Store
from sitoo_netsuite.flows.journals.plan import JournalLine
from sitoo_netsuite.money import to_decimal
from sitoo_netsuite.posting.document_lines import CannotPlanError
from sitoo_netsuite.posting.periods import Booking

FLOW = "journals"
DOCUMENT_TYPE = "journalEntry"

_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class BooksIds:
    """NetSuite's internal ids for what the estate names: numbers of active accounts and ISO currencies.

    `doubled`: numbers that several active accounts share, and that therefore name none.
    """

    accounts: Mapping[str, str]
    currencies: Mapping[str, str]
    doubled: Collection[str] = frozenset()


class UnknownInNetSuiteError(CannotPlanError):
    """The estate names an account or currency that NetSuite does not have, or an account it has twice."""


def external_id(store: str, trading_day: date, currency: str, number: int) -> str:
    """`JE-<store>-<yyyymmdd>-<currency>-<n>`: letters, digits, `_` and `-` only (reference 4.1)."""
    return f"JE-{store}-{trading_day:%Y%m%d}-{currency}-{number}"


_EXTERNAL_ID = re.compile(r"JE-([A-Za-z0-9_]+)-(\d{8})-([A-Z]{3})-\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class DocumentName:
    """The store-day that an external id of ours names."""

    store: str
    trading_day: date
    currency: str


def read_external_id(identity: str | None) -> DocumentName | None:
    """What an external id of our scheme names; None where it is not of our scheme."""
    match = _EXTERNAL_ID.fullmatch(identity or "")
    if match is None:
        return None
    store, day, currency = match.groups()
    try:
        return DocumentName(store, date.fromisoformat(day), currency)
    except ValueError:
        return None


def line_memo(line: JournalLine) -> str:
    """What a person reads on the line, and what tells two lines of one account apart when read back."""
    parts = [line.kind.replace("_", " ")]
    if line.vat_rate_bp >= 0:
        parts.append(f"{line.vat_rate_bp / 100:g} %")
    if line.label:
        parts.append(line.label)
    return " - ".join(parts)


def journal_body(
    identity: str, store: Store, trading_day: date, booking: Booking, lines: Iterable[JournalLine], ids: BooksIds
) -> bytes:
    """The journal entry as JSON, ready to be frozen and POSTed.

    A store sells in its subsidiary's currency, so the exchange rate is 1 and is said, not left to NetSuite.
    Raises UnknownInNetSuiteError naming the accounts or the currency NetSuite does not have, or has twice.
    """
    wanted = list(lines)
    doubled = sorted({line.account for line in wanted} & set(ids.doubled))
    if doubled:
        raise UnknownInNetSuiteError(
            f"{identity}: NetSuite has several active accounts {', '.join(doubled)}; give each its own number there"
        )
    unknown = sorted({line.account for line in wanted} - ids.accounts.keys())
    if unknown:
        raise UnknownInNetSuiteError(
            f"{identity}: NetSuite has no active account {', '.join(unknown)}; correct the numbers in the estate"
        )
    if store.currency not in ids.currencies:
        raise UnknownInNetSuiteError(f"{identity}: NetSuite has no currency {store.currency}; enable it there")
    items = []
    for line in wanted:
        side = "debit" if line.amount_minor > 0 else "credit"
        items.append(
            {
                "account": {"id": ids.accounts[line.account]},
                side: to_decimal(abs(line.amount_minor), store.currency),
                "memo": line_memo(line),
                "location": {"id": store.location},
            }
        )
    return _ENCODER.encode(
        {
            "externalId": identity,
            "tranDate": booking.tran_date.isoformat(),
            "subsidiary": {"id": store.subsidiary},
            "currency": {"id": ids.currencies[store.currency]},
            "exchangeRate": 1,
            "memo": _memo(store, trading_day, booking),
            "line": {"items": items},
        }
    )


def _memo(store: Store, trading_day: date, booking: Booking) -> str:
    memo = f"{store.name}, trading day {trading_day.isoformat()}"
    return f"{memo}, VAT of {booking.vat_period}" if booking.is_later else memo
