"""What people do while the sandbox runs: in NetSuite to journals and inventory adjustments, in Sitoo to a receipt of a
day already posted.

Belongs here: when somebody acts, and what she does. In NetSuite she goes through the account's own rules, so that
records, ledger and SuiteQL stay right. Does not belong here: on which store-day (`choice`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from sitoo_netsuite.money import to_decimal, to_minor
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.faults import harm
from sitoo_netsuite.sandbox.faults.catalogue import Target
from sitoo_netsuite.sandbox.faults.choice import Choice, our_external_id
from sitoo_netsuite.sandbox.faults.tills import Json
from sitoo_netsuite.sandbox.faults.truth import Planted, Truth
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.errors import ApiError
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES
from sitoo_netsuite.sandbox.netsuite.values import Draft, Value
from sitoo_netsuite.sandbox.trade.store import TillSession, TradeStore
from sitoo_netsuite.sandbox.world import Shop, World
from sitoo_netsuite.trading_day import trading_day_window

_JOURNAL, _ADJUSTMENT = RECORD_TYPES["journalEntry"], RECORD_TYPES["inventoryAdjustment"]
# Between a document and what somebody does about it; a receipt of its day is amended a day later.
_SOON, _NEXT_DAY = timedelta(hours=3), timedelta(days=1)
# How many documents of a store-day are looked through, and where numbers start that no store-day comes to.
_DOCUMENTS, _NEVER_PLANNED = 9, 90

_Done: TypeAlias = tuple[str, int | None]


@dataclass(frozen=True, eq=False)
class _Task:
    """Something somebody means to do. `number` tells the external id she gives from those of others."""

    choice: Choice
    shop: Shop
    number: int

    def external_id(self, number: int) -> str:
        """The external id of the store-day's nth document, of the kind that the fault is about."""
        return our_external_id(self.shop, self.choice.trading_day, number, self.choice.fault.target)

    @property
    def day_ended(self) -> datetime:
        shop = self.shop
        return trading_day_window(self.choice.trading_day, ZoneInfo(shop.time_zone), shop.cut_over)[1]


class ByHand:
    """Does what is due, once. Called by one thread; the truth may be read by others."""

    def __init__(
        self, world: World, store: TradeStore, clock: SandboxClock, truth: Truth, choices: Iterable[Choice]
    ) -> None:
        self._world = world
        self._store = store
        self._clock = clock
        self._truth = truth
        self._tasks = [
            _Task(choice, world.shop(choice.store), number)
            for number, choice in enumerate(choices, start=1)
            if choice.fault.by_hand and choice.store is not None and choice.fault.target is not Target.SHELF
        ]
        self._posted: dict[_Task, datetime] = {}  # when their documents were
        self._looked_at: datetime | None = None

    def act(self, account: Account) -> None:
        """Does everything that has come due by the sandbox's clock. What NetSuite refuses is tried again later."""
        now = self._clock.now()
        # Everything comes due so long after something else, so only when the clock has moved.
        if self._tasks and now != self._looked_at:
            self._looked_at = now
            # All are looked at before the first is done: a journal may be deleted that another one waits for.
            for task in self._tasks:
                document = self._document(task, account)
                if document is not None:
                    self._posted.setdefault(task, document.created)
            self._tasks = [task for task in self._tasks if not self._done(task, account, now)]

    def _done(self, task: _Task, account: Account, now: datetime) -> bool:
        """Whether a task was due and is done, with its row in the truth."""
        try:
            done = self._do(task, account, now)
        except ApiError:
            return False  # its period is closed; somebody may open it again
        if done is None:
            return False
        record, amount_minor = done
        currency = None if amount_minor is None else task.shop.currency
        choice, shows = task.choice, int(now.timestamp())
        self._truth.add(Planted(choice.fault, choice.store, choice.trading_day, record, amount_minor, currency, shows))
        return True

    def _do(self, task: _Task, account: Account, now: datetime) -> _Done | None:
        """Does a task if it is due: the record and the amount of its row in the truth."""
        choice = task.choice
        if choice.fault.target is Target.STORE_DAY:
            return self._post(task, account) if now >= task.day_ended + _SOON else None
        posted = self._posted.get(task)
        if posted is None:
            return None
        if choice.order is not None and choice.session is not None:
            due = now >= posted + _NEXT_DAY
            return self._amend(choice.order, choice.place, choice.session, int(now.timestamp())) if due else None
        document = self._document(task, account)
        if document is None or now < posted + _SOON:
            return None
        match choice.fault.name:
            case "journal_edited":
                return self._edit(task, account, document)
            case "adjustment_edited":
                return self._take_one_more(account, document)
            case _:
                return self._delete(task, account, document)

    def _document(self, task: _Task, account: Account) -> Record | None:
        """The document that was named, or the store-day's first that NetSuite holds."""
        record_type = _ADJUSTMENT if task.choice.fault.target is Target.ADJUSTMENT else _JOURNAL
        names = [task.external_id(number) for number in range(1, _DOCUMENTS + 1)]
        wanted = [task.choice.record] if task.choice.record else names
        found = (account.find_external(record_type, name) for name in wanted)
        return next((record for record in found if record is not None), None)

    # ---------------------------------------------------------------- in NetSuite

    def _edit(self, task: _Task, account: Account, journal: Record) -> _Done:
        """An amount moves from one account of the journal to another: both sides grow by it."""
        lines = journal.sublists["line"]
        debit = next(line for line in lines if "debit" in line)
        credit = next(line for line in lines if "credit" in line and line["account"] != debit["account"])
        amount = to_decimal(task.choice.amount_minor, task.shop.currency)
        changed: list[dict[str, Value | None]] = [
            {"line": debit["line"], "debit": _decimal(debit["debit"]) + amount},
            {"line": credit["line"], "credit": _decimal(credit["credit"]) + amount},
        ]
        account.update(journal, Draft(sublists={"line": changed}), frozenset())
        return str(journal.external_id), task.choice.amount_minor

    def _take_one_more(self, account: Account, adjustment: Record) -> _Done:
        """Of the first line's goods one unit more is gone."""
        line = adjustment.sublists["inventory"][0]
        changed: list[dict[str, Value | None]] = [
            {"line": line["line"], "adjustQtyBy": _decimal(line["adjustQtyBy"]) - 1}
        ]
        account.update(adjustment, Draft(sublists={"inventory": changed}), frozenset())
        return str(adjustment.external_id), None

    def _delete(self, task: _Task, account: Account, document: Record) -> _Done:
        account.delete(document)
        if document.record_type is _ADJUSTMENT:
            return str(document.external_id), None
        debits = sum(_decimal(line["debit"]) for line in document.sublists["line"] if "debit" in line)
        return str(document.external_id), to_minor(str(debits), task.shop.currency)

    def _post(self, task: _Task, account: Account) -> _Done:
        """A journal at the store's location: under an external id of ours, or to an account that only tills use."""
        choice, shop = task.choice, task.shop
        if choice.fault.name == "wrong_account":
            record = choice.record or f"HAND-{shop.key}-{choice.trading_day:%Y%m%d}-{task.number}"
            roles = ("till", "bank")
        else:
            record = choice.record or task.external_id(_NEVER_PLANNED + task.number)
            roles = ("till", "safe")
        amount = to_decimal(choice.amount_minor, shop.currency)
        lines: list[dict[str, Value | None]] = [
            {"account": self._account(shop, role), side: amount, "location": shop.location, "memo": "Entered by hand"}
            for role, side in zip(roles, ("debit", "credit"), strict=True)
        ]
        fields: dict[str, Value | None] = {"subsidiary": shop.subsidiary, "tranDate": choice.trading_day}
        account.create(_JOURNAL, Draft(record, fields, {"line": lines}))
        return record, choice.amount_minor

    def _account(self, shop: Shop, role: str) -> int:
        return next(
            account.internal_id
            for account in self._world.accounts
            if (account.subsidiary, account.role) == (shop.subsidiary, role)
        )

    # ---------------------------------------------------------------- in Sitoo

    def _amend(self, order: Json, place: int, session: TillSession, now: int) -> _Done:
        """One payment of a receipt was no card but an invoice, and the till's Z-report says so too."""
        payment = order["payments"][place]
        invoice = next(
            kind for kind in self._world.payment_types if (kind.eshopid, kind.name) == (order["eshopid"], "Invoice")
        )
        version = self._store.order_versions(order["orderid"])[-1]
        body = harm.paid_by(msgspec.json.decode(version.body), place, invoice.name, invoice.externalid)
        z_version = self._store.z_report_versions(session.registerid, session.zreportid)[-1]
        z_report = harm.z_paid_by(msgspec.json.decode(z_version.body), payment, invoice.name, is_cash=False)
        self._store.write(
            orders=[version.next_version(harm.text(body), now)],
            z_reports=[z_version.next_version(harm.text({**z_report, "dateadded": now}), now)],
        )
        return str(order["orderid"]), abs(to_minor(payment["moneyamount"], order["currencycode"]))


def _decimal(value: Value) -> Decimal:
    return Decimal(str(value))
