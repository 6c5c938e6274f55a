"""What the ledger holds, or lacks, against what we posted: the finding for the machine and the case for people, pure.

Belongs here: turning a document or postings that were read back into a difference by account and a case that names it.
Does not belong here: reading NetSuite (`ledger`, `posting/read_back`) or the tables, the order of questions
(`verifying`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sitoo_netsuite.estate import Estate, Store
from sitoo_netsuite.flows.journals.document import DocumentName
from sitoo_netsuite.flows.journals.ledger import ForeignLine
from sitoo_netsuite.money import to_text
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.read_back import LedgerDocument, LedgerLine, LineDifference, debits, sent_lines
from sitoo_netsuite.worklist.cases import Case

VERIFY_KINDS = frozenset(
    {
        "document_not_found", "document_differs", "document_doubled", "document_not_planned", "foreign_posting",
        "opening_balance",
    }
)  # fmt: skip
"""What a verification looks for: an open case of these kinds on the days verified clears when it is not found again."""


@dataclass(frozen=True, slots=True)
class LedgerFinding:
    """What the ledger of a store and trading day holds more than we posted there, by account (debit positive, minor
    units), because of one record. `kind` is the kind of the case that names it.
    """

    kind: str
    record: str
    store: str
    trading_day: date
    currency: str
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Found:
    """A difference: its case, and what it does to the ledger of which stores (nothing, where only words differ)."""

    case: Case
    findings: tuple[LedgerFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """What turns NetSuite's internal ids into the estate's words: account numbers, and stores by their location."""

    accounts: Mapping[str, str]
    stores: Mapping[str, Store]

    def number(self, account: str) -> str:
        return self.accounts.get(account, account)


def edited(document: OutboxRow, differences: Iterable[LineDifference], chart: Chart) -> Found:
    """A document that holds other lines than were sent."""
    lines = list(differences)
    evidence = {
        "text": (
            f"NetSuite's {document.external_id}, of store {document.store} on {document.trading_day}, is not what was "
            f"sent: {len(lines)} lines differ. Undo the change in NetSuite, or book it on purpose and resolve this."
        ),
        "lines": [
            {
                "account": chart.number(entry.line.account),
                "memo": entry.line.memo,
                "location": entry.line.location,
                "amount_minor": entry.line.amount_minor,
                "sent_and_missing": entry.times,
            }
            for entry in lines
        ],
    }
    case = _case_of("document_differs", document, _moved(lines), evidence)
    changed = ((entry.line, -entry.times) for entry in lines)
    return Found(case, _findings(case.kind, document, changed, chart))


def misdated_by_hand(document: OutboxRow, text: str) -> Found:
    """A document in another period or on another date than it was sent with; its lines are where they belong."""
    words = f"{document.external_id}, of store {document.store} on {document.trading_day}: {text}. Put its date back."
    return Found(_case_of("document_differs", document, debits(document), {"text": words}))


def deleted(document: OutboxRow, chart: Chart) -> Found:
    """A document that was posted and is not there any more."""
    text = (
        f"{document.external_id} was posted for store {document.store} on {document.trading_day} and NetSuite does not "
        f"hold it any more: somebody deleted it. Its lines are not in the books. Restore it under this external id, or "
        f"if its period is closed resolve this with the reason."
    )
    case = _case_of("document_not_found", document, debits(document), {"text": text})
    return Found(case, _findings(case.kind, document, ((line, -1) for line in sent_lines(document)), chart))


def in_doubt(document: OutboxRow) -> Found:
    """A document of which it is not known yet whether it arrived."""
    why = document.error or "no answer yet"
    text = f"It is not known yet whether {document.external_id} arrived ({why}). The next run looks again."
    return Found(_case_of("document_not_found", document, debits(document), {"text": text}, waiting=True))


def doubled(document: OutboxRow) -> Found:
    """A refused document that turned up after its lines were posted again."""
    text = (
        f"NetSuite had refused {document.external_id}, of store {document.store} on {document.trading_day}, and holds "
        f"it after all, beside the document that was posted in its place. The next run takes the doubled lines back."
    )
    return Found(_case_of("document_doubled", document, debits(document), {"text": text}))


def not_planned(name: DocumentName, day: date, ledger: LedgerDocument, chart: Chart) -> Found:
    """A document under an external id of ours that we never posted; `day` is the trading day it is about."""
    case = Case(
        kind="document_not_planned",
        key=ledger.external_id,
        store=name.store,
        trading_day=day,
        record=ledger.external_id,
        amount_minor=sum(line.amount_minor for line in ledger.lines if line.amount_minor > 0),
        currency=name.currency,
        evidence={
            "text": (
                f"NetSuite's {ledger.tranid} has the external id {ledger.external_id}, which names store {name.store} "
                f"on {name.trading_day}, and was not made by this system. Find out who made it, and delete it in "
                f"NetSuite if it books the day twice."
            ),
            "tranid": ledger.tranid,
            "dated": ledger.tran_date.isoformat(),
            "lines": [
                {
                    "account": chart.number(line.account),
                    "memo": line.memo,
                    "location": line.location,
                    "amount_minor": line.amount_minor,
                }
                for line in ledger.lines
            ],
        },
    )
    lines = ((line, 1) for line in ledger.lines)
    return Found(case, _ledger_findings(case.kind, ledger.external_id, day, name.currency, lines, chart))


def foreign(lines: Iterable[ForeignLine], estate: Estate) -> Iterator[Found]:
    """Postings of others on the tills' accounts: one case a transaction and store."""
    postings: defaultdict[tuple[str, str], list[ForeignLine]] = defaultdict(list)
    for line in lines:
        postings[line.transaction, line.store].append(line)
    for (transaction, store), own in postings.items():
        first, currency = own[0], estate.by_store[store].currency
        accounts: Counter[str] = Counter()
        for line in own:
            accounts[line.account] += line.amount_minor
        debit = sum(line.amount_minor for line in own if line.amount_minor > 0)
        credit = -sum(line.amount_minor for line in own if line.amount_minor < 0)
        case = Case(
            kind="foreign_posting",
            key=f"{transaction}/{store}",
            store=store,
            trading_day=first.day,
            record=first.number,
            amount_minor=max(debit, credit),
            currency=currency,
            evidence={
                "text": (
                    f"Transaction {first.number} of {first.day}, not made by this system, posts to accounts that only "
                    f"the tills' journals of store {store} use: {', '.join(sorted(accounts))}. Move it to the account "
                    f"it belongs to, or resolve this with the reason it stays."
                ),
                "memo": first.memo,
                "lines": [{"account": line.account, "amount_minor": line.amount_minor} for line in own],
            },
        )
        finding = LedgerFinding(case.kind, first.number, store, first.day, currency, _without_zeros(accounts))
        yield Found(case, (finding,) if finding.lines else ())


@dataclass(frozen=True, slots=True)
class OpeningBalance:
    """A declared opening balance beside what NetSuite's ledger held before go-live (minor units, debit positive)."""

    store: str
    go_live: date
    currency: str
    account: str
    declared_minor: int
    ledger_minor: int

    @property
    def difference_minor(self) -> int:
        return self.ledger_minor - self.declared_minor


def opening_balances(stores: Iterable[Store], ledger: Mapping[str, Mapping[str, int]]) -> list[OpeningBalance]:
    """Every declared opening balance of the stores; `ledger` by store and account, what is not in it is 0."""
    found = []
    for store in stores:
        held = ledger.get(store.store, {})
        for account, declared in store.opening_minor.items():
            balance = held.get(account, 0)
            found.append(OpeningBalance(store.store, store.go_live.sales, store.currency, account, declared, balance))
    return found


def wrong_opening(balance: OpeningBalance) -> Found:
    """An opening balance that is not what was declared."""
    declared, held = (to_text(amount, balance.currency) for amount in (balance.declared_minor, balance.ledger_minor))
    return Found(
        Case(
            kind="opening_balance",
            key=f"{balance.store}/{balance.account}",
            store=balance.store,
            trading_day=balance.go_live,
            record=balance.account,
            amount_minor=abs(balance.difference_minor),
            currency=balance.currency,
            evidence={
                "text": (
                    f"Account {balance.account} of store {balance.store}: the estate declares an opening balance of "
                    f"{declared} {balance.currency}, NetSuite's ledger held {held} before {balance.go_live}. Correct "
                    f"the declaration in estate.yaml or the opening entry in NetSuite."
                ),
                "declared_minor": balance.declared_minor,
                "ledger_minor": balance.ledger_minor,
            },
        )
    )


def _case_of(
    kind: str, document: OutboxRow, amount_minor: int, evidence: Mapping[str, Any], *, waiting: bool = False
) -> Case:
    return Case(
        kind=kind,
        key=document.external_id,
        store=document.store,
        trading_day=document.trading_day,
        record=document.external_id,
        amount_minor=amount_minor,
        currency=document.currency,
        waiting=waiting,
        evidence=evidence,
    )


def _findings(
    kind: str, document: OutboxRow, lines: Iterable[tuple[LedgerLine, int]], chart: Chart
) -> tuple[LedgerFinding, ...]:
    return _ledger_findings(kind, document.external_id, document.trading_day, document.currency, lines, chart)


def _ledger_findings(
    kind: str, record: str, trading_day: date, currency: str, lines: Iterable[tuple[LedgerLine, int]], chart: Chart
) -> tuple[LedgerFinding, ...]:
    """What lines, each so many times, do to the ledger of every store at whose location they stand."""
    stores: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line, times in lines:
        store = chart.stores.get(line.location or "")
        if store is not None:
            stores[store.store][chart.number(line.account)] += times * line.amount_minor
    return tuple(
        LedgerFinding(kind, record, store, trading_day, currency, changed)
        for store, amounts in sorted(stores.items())
        if (changed := _without_zeros(amounts))
    )


def _without_zeros(amounts: Mapping[str, int]) -> dict[str, int]:
    return {account: amount for account, amount in sorted(amounts.items()) if amount}


def _moved(differences: Iterable[LineDifference]) -> int:
    """The money at stake: the most that an account at a location has too much or too little; 0 if only words differ."""
    moved: Counter[tuple[str, str | None]] = Counter()
    for entry in differences:
        moved[entry.line.account, entry.line.location] += entry.times * entry.line.amount_minor
    return max(map(abs, moved.values()), default=0)
