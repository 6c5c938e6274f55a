"""The account: its records, external ids, stock and books, and every rule that needs more than one record to judge.

Belongs here: creating, changing and deleting records, so that records, ledger and SuiteQL tables always agree. Does not
belong here: HTTP (`app.py`), posting rules (`ledger.py`), the made-up retailer's records (`opening.py`).

Every write is all or nothing: whatever is refused leaves no trace. Used from one event loop only, hence no lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sitoo_netsuite.money import decimals
from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.netsuite import ledger, rows
from sitoo_netsuite.sandbox.netsuite.books import (
    Document,
    InvalidValueError,
    ItemFacts,
    MissingDetailError,
    MissingValueError,
    Movement,
    Posting,
    Progress,
    Stock,
    SystemAccounts,
    TaxFacts,
    UnbalancedError,
)
from sitoo_netsuite.sandbox.netsuite.errors import ApiError, invalid_value, missing_values, no_such_record, user_error
from sitoo_netsuite.sandbox.netsuite.levels import Levels
from sitoo_netsuite.sandbox.netsuite.merge import merge_fields, merge_sublists
from sitoo_netsuite.sandbox.netsuite.mirror import Mirror
from sitoo_netsuite.sandbox.netsuite.periods import Period, next_day, period_of
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import ENTITY, ITEM, TOLD_APART_BY, TRANSACTION, RecordType
from sitoo_netsuite.sandbox.netsuite.settings import Settings
from sitoo_netsuite.sandbox.netsuite.transforms import lines_taken_over, transformed
from sitoo_netsuite.sandbox.netsuite.values import Draft, Line, Value

# Groups in which no two records have one name.
_NAMED_APART = frozenset({ENTITY, ITEM})
_FIRST_INTERNAL_ID = 1001
_FIRST_NUMBER = 1001
# Documents whose money goes out: a bank deposit takes them off.
_PAYING_OUT = frozenset({"cashRefund", "customerRefund"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where and in which money a transaction is booked."""

    subsidiary: int
    currency: int
    exchange_rate: Decimal


class Account:
    """One NetSuite account. Also what `books.Books` and `values.Finder` ask for."""

    def __init__(self, clock: SandboxClock, settings: Settings, mirror: Mirror) -> None:
        self.clock = clock
        self.settings = settings
        self.mirror = mirror
        self.periods: dict[int, Period] = {}
        self._records: dict[str, dict[int, Record]] = {}
        self._last_ids: dict[str, int] = {}
        self._external_ids: dict[str, dict[str, int]] = {}
        # Internal ids by group and name, of the records whose names must differ.
        self._names: dict[tuple[str, Value], set[int]] = {}
        self._numbers: dict[str, int] = {}
        self._levels = Levels()
        self._system: dict[int, SystemAccounts] = {}

    # ------------------------------------------------------------------ setting up

    def add(self, record: Record) -> None:
        """Put a record in as it is, without any rule: for the account's opening state."""
        group = record.record_type.group
        self._records.setdefault(group, {})[record.internal_id] = record
        self._last_ids[group] = max(record.internal_id, self._last_ids.get(group, 0))
        if record.external_id is not None:
            self._external_ids.setdefault(group, {})[record.external_id] = record.internal_id
        if group in _NAMED_APART:
            self._names.setdefault(_name_of(record), set()).add(record.internal_id)
        self._show(record)

    def set_system_accounts(self, subsidiary: int, system: SystemAccounts) -> None:
        self._system[subsidiary] = system

    def set_stock(self, item: int, location: int, stock: Stock) -> None:
        self._levels.set_stock(item, location, stock)
        self._show_stock(item, location)

    def set_period(self, period: Period) -> None:
        """Add a period, or lock and unlock it."""
        self.periods[period.internal_id] = period
        self.add(rows.period_record(period, self.clock.now()))

    # ------------------------------------------------------------------ reading

    def get(self, record_type: RecordType, internal_id: int) -> Record:
        """A record of a type. Raises 404; for a transaction of another type the 400 of reference 4.2."""
        record = self._records.get(record_type.group, {}).get(internal_id)
        if record is None or record.record_type is not record_type:
            if record_type.is_transaction and (record is not None or self.settings.missing_transaction_is_400):
                raise user_error("Transaction type specified is incorrect.")
            raise no_such_record()
        return record

    def find_external(self, record_type: RecordType, external_id: str) -> Record | None:
        """A record of the type's group by external id; it may be of another type of that group."""
        internal_id = self._external_ids.get(record_type.group, {}).get(external_id)
        return None if internal_id is None else self._records[record_type.group][internal_id]

    def ids(self, record_type: RecordType) -> list[int]:
        """Internal ids of a type's records, rising."""
        records = self._records.get(record_type.group, {}).values()
        return sorted(record.internal_id for record in records if record.record_type is record_type)

    def referred(self, group: str, internal_id: int) -> Record:
        """The record a stored reference points to."""
        return self._records[group][internal_id]

    def item_by_sku(self, sku: str) -> int:
        """Internal id of an item. Raises KeyError when there is none of that name."""
        found = self._names.get((ITEM, sku))
        if not found:
            raise KeyError(sku)
        return next(iter(found))

    def left_to_do(self, order: Record, target: RecordType) -> list[Line]:
        """The lines a fulfilment or a receipt of an order would have now: `orderLine`, item and quantity among them."""
        return lines_taken_over(order, target, self._progress_of(order))["item"]

    def by_id(self, group: str, internal_id: int) -> int | None:
        return internal_id if internal_id in self._records.get(group, {}) else None

    def by_external_id(self, group: str, external_id: str) -> int | None:
        return self._external_ids.get(group, {}).get(external_id)

    # ------------------------------------------------------------------ writing

    def create(self, record_type: RecordType, draft: Draft) -> Record:
        """A new record. Raises ApiError for a taken external id and whatever the rules refuse."""
        _refuse_set_up(record_type)
        if draft.external_id is not None and self.find_external(record_type, draft.external_id):
            raise user_error(self._duplicate_text(record_type))
        now = self.clock.now()
        record = Record(
            record_type,
            self._last_ids.get(record_type.group, _FIRST_INTERNAL_ID - 1) + 1,
            draft.external_id,
            merge_fields({}, draft),
            merge_sublists(record_type, {}, draft, frozenset()),
            created=now,
            modified=now,
        )
        self._complete(record)
        self._keep(record)
        return record

    def transform(
        self, source: Record, target: RecordType, draft: Draft, sublists_replaced: AbstractSet[str]
    ) -> Record:
        """Make one transaction from another, as the table of transforms allows. Raises ApiError as `create` does."""
        return self.create(target, transformed(source, target, draft, sublists_replaced, self._progress_of(source)))

    def update(self, record: Record, draft: Draft, sublists_replaced: AbstractSet[str]) -> None:
        """Change a record by a body. Raises ApiError and leaves it as it was."""
        _refuse_set_up(record.record_type)
        if draft.external_id is not None and draft.external_id != record.external_id:
            taken = self.find_external(record.record_type, draft.external_id)
            if taken is not None:
                raise user_error(self._duplicate_text(record.record_type))
        changed = replace(
            record,
            external_id=draft.external_id or record.external_id,
            fields=merge_fields(record.fields, draft),
            sublists=merge_sublists(record.record_type, record.sublists, draft, sublists_replaced),
            modified=self.clock.now(),
            posting=None,
            worked_out={},
        )
        if record.record_type.is_transaction:
            self._check_open(record)
            # A date that moves takes its period along, unless the body names one.
            if "tranDate" in draft.fields and "postingPeriod" not in draft.fields:
                changed.fields.pop("postingPeriod", None)
            if "currency" in draft.fields and "exchangeRate" not in draft.fields:
                changed.fields.pop("exchangeRate", None)
        self._apply(record, sign=-1)
        try:
            self._complete(changed)
        except ApiError:
            self._apply(record)
            raise
        self._forget(record)
        self._keep(changed)

    def delete(self, record: Record) -> None:
        """Remove a record, its ledger rows and the stock it moved. Refused while other documents are built on it."""
        _refuse_set_up(record.record_type)
        if record.record_type.is_transaction:
            self._check_open(record)
        if self._is_referred_to(record):
            raise user_error("This record cannot be deleted because it has dependent records.")
        self._apply(record, sign=-1)
        self._forget(record)
        for table in rows.TABLES_OF[record.record_type.group]:
            self.mirror.put(table, (record.internal_id,), ())

    def _keep(self, record: Record) -> None:
        self.add(record)
        self._apply(record)

    def _forget(self, record: Record) -> None:
        group = record.record_type.group
        del self._records[group][record.internal_id]
        if record.external_id is not None:
            del self._external_ids[group][record.external_id]
        if group in _NAMED_APART:
            self._names[_name_of(record)].discard(record.internal_id)

    def _is_referred_to(self, record: Record) -> bool:
        group, internal_id = record.record_type.group, record.internal_id
        return any(
            reference == (group, internal_id)
            for records in self._records.values()
            for other in records.values()
            if other is not record
            for reference in _references(other, {group})
        )

    def _duplicate_text(self, record_type: RecordType) -> str:
        if record_type.is_transaction:
            return self.settings.duplicate_transaction
        return self.settings.duplicate_entity if record_type.group == ENTITY else self.settings.duplicate_other

    # ------------------------------------------------------------------ rules

    def _complete(self, record: Record) -> None:
        """Defaults, mandatory fields and, for a transaction, its posting."""
        record_type = record.record_type
        if record_type.is_transaction:
            self._complete_transaction(record)
            return
        missing = [label for name, label in record_type.mandatory.items() if name not in record.fields]
        if missing:
            raise missing_values(missing)
        if record_type.name == "customer":
            self._complete_customer(record)
        if record_type.name == "vendor":
            record.fields.setdefault("entityId", record.fields["companyName"])
        if record_type.group == ITEM:
            self._complete_prices(record)
        if record_type.group in _NAMED_APART:
            self._check_name_is_free(record)

    def _complete_customer(self, record: Record) -> None:
        fields = record.fields
        if fields.get("isPerson") and "lastName" not in fields:
            raise missing_values(["Last Name"])
        if not fields.get("isPerson") and "companyName" not in fields:
            raise missing_values(["Company Name"])
        if "entityId" not in fields:
            # Numbered, as in an account with auto-generated names: two customers may be called the same.
            parts = [str(fields[name]) for name in ("firstName", "lastName", "companyName") if name in fields]
            fields["entityId"] = " ".join([str(record.internal_id), *parts])

    def _complete_prices(self, record: Record) -> None:
        """A price shows the name of its level, whatever the body called it."""
        for price in record.sublists.get("price", []):
            if "priceLevel" in price:
                price["priceLevelName"] = self._records["priceLevel"][_int(price["priceLevel"])].fields["name"]

    def _check_name_is_free(self, record: Record) -> None:
        if self._names.get(_name_of(record), set()) - {record.internal_id}:
            raise user_error(self._duplicate_text(record.record_type))

    def _complete_transaction(self, record: Record) -> None:
        record_type, fields = record.record_type, record.fields
        fields.setdefault("tranDate", self.clock.now().date())
        place = self._place(record)
        missing = [label for name, label in record_type.mandatory.items() if name not in fields]
        if missing:
            raise missing_values(missing)
        if record_type.lines_needed and not record.sublists.get(record_type.lines_needed):
            raise user_error("You must enter at least one line item for this transaction.")
        limit = self.settings.journal_line_limit
        if record_type.name == "journalEntry" and limit is not None and len(record.sublists["line"]) > limit:
            raise user_error(f"A journal entry cannot have more than {limit} lines.")
        fields["subsidiary"] = place.subsidiary
        if "currency" in record_type.fields:
            fields["currency"], fields["exchangeRate"] = place.currency, place.exchange_rate
        self._check_subsidiaries(record, place.subsidiary)
        record.posting = self._post(record)
        if record.posting.posting or record_type.name == "journalEntry":
            fields["postingPeriod"] = self._posting_period(record).internal_id
        if "tranId" not in fields:
            number = self._numbers.get(record_type.name, _FIRST_NUMBER)
            self._numbers[record_type.name] = number + 1
            fields["tranId"] = f"{record_type.prefix}{number}"
        record.worked_out = self._totals(record)

    def _place(self, record: Record) -> _Place:
        """Subsidiary, currency and rate: as sent, or else from the customer, the source or the location."""
        fields = record.fields
        subsidiary = fields.get("subsidiary")
        customer = fields.get("entity", fields.get("customer"))
        if subsidiary is None and customer is not None:
            subsidiary = self._records[ENTITY][_int(customer)].fields.get("subsidiary")
        if subsidiary is None and "createdFrom" in fields:
            subsidiary = self._records[TRANSACTION][_int(fields["createdFrom"])].fields["subsidiary"]
        if subsidiary is None and "location" in fields:
            subsidiary = self.subsidiary_of_location(_int(fields["location"]))
        if subsidiary is None:
            raise missing_values(["Subsidiary"])
        base = self._records["subsidiary"][_int(subsidiary)].fields["currency"]
        currency = fields.get("currency", base)
        if currency == base:
            return _Place(_int(subsidiary), _int(base), Decimal(1))
        if "exchangeRate" not in fields:
            raise missing_values(["Exchange Rate"])
        rate = Decimal(str(fields["exchangeRate"]))
        if rate <= 0:
            raise invalid_value(rate, "exchangeRate", "exchangeRate")
        return _Place(_int(subsidiary), _int(currency), rate)

    def subsidiary_of_location(self, location: int) -> int:
        """Internal id of the subsidiary a location belongs to."""
        return _int(self._records["location"][location].sublists["subsidiary"][0]["id"])

    def _check_subsidiaries(self, record: Record, subsidiary: int) -> None:
        """A document's locations and accounts must be of its subsidiary."""
        judged: dict[tuple[str, int], bool] = {}
        for group, path, internal_id in _references_with_paths(record, {"location", "account"}):
            key = (group, internal_id)
            if key not in judged:
                owners = self._records[group][internal_id].sublists.get("subsidiary", [])
                judged[key] = not owners or any(owner["id"] == subsidiary for owner in owners)
            if not judged[key]:
                raise invalid_value(internal_id, path.rpartition(".")[2], path)

    def _post(self, record: Record) -> Posting:
        fields = record.fields
        currency = self._currency(_int(fields.get("currency", self._base_currency(record))))
        source = None
        if "createdFrom" in fields:
            source = self._records[TRANSACTION][_int(fields["createdFrom"])]
        document = Document(
            record.record_type.name,
            fields,
            record.sublists,
            currency,
            self._currency(self._base_currency(record)),
            Decimal(str(fields.get("exchangeRate", 1))),
            None if source is None else source.record_type.name,
            {} if source is None else source.fields,
            record.internal_id,
        )
        try:
            return ledger.post(document, self)
        except UnbalancedError:
            raise user_error(self.settings.unbalanced_journal) from None
        except MissingValueError as error:
            raise missing_values([error.label]) from None
        except MissingDetailError as error:
            raise user_error(
                f"Please configure the inventory detail in line {error.line} of the {error.sublist} list."
            ) from None
        except InvalidValueError as error:
            raise invalid_value(error.value, error.field, error.path) from None

    def _base_currency(self, record: Record) -> int:
        return _int(self._records["subsidiary"][_int(record.fields["subsidiary"])].fields["currency"])

    def _currency(self, internal_id: int) -> str:
        return str(self._records["currency"][internal_id].fields["symbol"])

    def _totals(self, record: Record) -> dict[str, Value]:
        posting, known = record.posting, record.record_type.fields
        if posting is None:
            return {}
        currency = self._currency(_int(record.fields.get("currency", self._base_currency(record))))
        tax = sum(line.foreign for line in posting.lines if line.tax)
        totals = {"total": posting.total, "taxTotal": abs(tax), "subtotal": posting.total - abs(tax)}
        if record.record_type.name == "inventoryAdjustment":
            totals = {"estimatedTotalValue": posting.total}
        return {
            name: Decimal(minor).scaleb(-decimals(currency))
            for name, minor in totals.items()
            if name in known and not known[name].stored
        }

    # ------------------------------------------------------------------ periods

    def _posting_period(self, record: Record) -> Period:
        """The period a transaction posts to: the one it names, or that of its date. Raises when that is closed."""
        day = record.fields["tranDate"]
        if not isinstance(day, date):
            raise TypeError("tranDate is a date")
        named = record.fields.get("postingPeriod")
        outside_is_allowed = self.settings.date_outside_period == "allow"
        period = self.periods[_int(named)] if named is not None else period_of(self.periods.values(), day)
        if period is None:
            raise user_error(self.settings.closed_period)
        if not period.is_base:
            raise invalid_value(period.internal_id, "postingPeriod", "postingPeriod")
        if named is not None and not (period.start <= day <= period.end) and not outside_is_allowed:
            raise user_error(self.settings.closed_period)
        while not self._is_open(period, record.record_type.name):
            following = period_of(self.periods.values(), next_day(period))
            if named is not None or not outside_is_allowed or following is None:
                raise user_error(self.settings.closed_period)
            period = following
        return period

    def _check_open(self, record: Record) -> None:
        """A document in a closed period can be neither changed nor deleted."""
        period = record.fields.get("postingPeriod")
        if period is not None and not self._is_open(self.periods[_int(period)], record.record_type.name):
            raise user_error(self.settings.closed_period)

    def _is_open(self, period: Period, record_type: str) -> bool:
        if period.closed or period.all_locked:
            return False
        if period.ar_locked and record_type in self.settings.stopped_by_ar_lock:
            return False
        return not (period.inventory_locked and record_type in self.settings.stopped_by_inventory_lock)

    # ------------------------------------------------------------------ what the ledger asks (books.Books)

    def system(self, subsidiary: int) -> SystemAccounts:
        return self._system[subsidiary]

    def item(self, item: int) -> ItemFacts:
        record = self._records[ITEM][item]
        own = {name: record.fields.get(f"{name}Account") for name in ("income", "cogs", "asset")}
        return ItemFacts(
            stocked=record.record_type.stocked,
            members={
                _int(line["item"]): Decimal(str(line.get("quantity", 1))) for line in record.sublists.get("member", ())
            },
            told_apart=any(record.fields.get(name) is True for name in TOLD_APART_BY),
            **{name: None if account is None else _int(account) for name, account in own.items()},
        )

    def stock(self, item: int, location: int) -> Stock:
        return self._levels.level(item, location).stock

    def tax(self, tax_code: int) -> TaxFacts:
        fields = self._records["salesTaxItem"][tax_code].fields
        return TaxFacts(int(Decimal(str(fields["rate"])) * 100), _int(fields["saleAccount"]))

    def total(self, transaction: int) -> int:
        record = self._records[TRANSACTION][transaction]
        if record.posting is None:
            return 0
        return -record.posting.total if record.record_type.name in _PAYING_OUT else record.posting.total

    def movements(self, transaction: int) -> Sequence[Movement]:
        posting = self._records[TRANSACTION][transaction].posting
        return posting.movements if posting is not None else ()

    def source_line(self, transaction: int, number: int) -> Line | None:
        lines = self._records[TRANSACTION][transaction].sublists.get("item", [])
        return next((line for line in lines if line.get("line") == number), None)

    def progress(self, transaction: int, number: int) -> Progress:
        return self._levels.progress(transaction, number)

    # ------------------------------------------------------------------ stock and tables

    def _apply(self, record: Record, *, sign: int = 1) -> None:
        """What a document moves and promises, or with the sign -1 the opposite."""
        if record.posting is None:
            return
        source = record.fields.get("createdFrom")
        order = None if source is None else _int(source)
        for item, location in self._levels.apply(record.posting, order, sign=sign):
            self._show_stock(item, location)
        if order is not None and record.posting.carried_out:
            self._show(self._records[TRANSACTION][order])

    def _show_stock(self, item: int, location: int) -> None:
        subsidiary = self._records["subsidiary"][self.subsidiary_of_location(location)]
        currency = self._currency(_int(subsidiary.fields["currency"]))
        row = rows.stock_row(item, location, self._levels.level(item, location), currency, self.clock.now())
        self.mirror.put("aggregateitemlocation", (item, location), (row,))

    def _show(self, record: Record) -> None:
        for table, of_record in rows.rows_of(record, self._describe(record)).items():
            self.mirror.put(table, (record.internal_id,), of_record)

    def _describe(self, record: Record) -> rows.Context:
        if record.record_type.group == ITEM:
            return rows.Context(subsidiaries=self._subsidiaries_of(record))
        if not record.record_type.is_transaction:
            return rows.NO_CONTEXT
        base = self._base_currency(record)
        posting = record.posting
        items = {line.item for line in posting.lines if line.item is not None} if posting else set()
        return rows.Context(
            currency=self._currency(_int(record.fields.get("currency", base))),
            currency_id=_int(record.fields.get("currency", base)),
            base_currency=self._currency(base),
            progress=self._progress_of(record),
            item_types={item: rows.ITEM_TYPES[self._records[ITEM][item].record_type.name] for item in items},
            first_line_is_main=record.record_type.name == "journalEntry" and self.settings.journal_first_line_is_main,
        )

    def _progress_of(self, record: Record) -> Mapping[int, Progress]:
        numbers = [_int(line["line"]) for line in record.sublists.get("item", ()) if "line" in line]
        return {number: self._levels.progress(record.internal_id, number) for number in numbers}

    def _subsidiaries_of(self, item: Record) -> list[int]:
        """An item's subsidiaries, with `includeChildren` those below them too."""
        found = {_int(owner["id"]) for owner in item.sublists.get("subsidiary", [])}
        below = found if item.fields.get("includeChildren") else set()
        while below:
            known = self._records["subsidiary"].values()
            below = {entry.internal_id for entry in known if entry.fields.get("parent") in below} - found
            found |= below
        return sorted(found)


def _refuse_set_up(record_type: RecordType) -> None:
    if not record_type.writable:
        raise ApiError(403, "INSUFFICIENT_PERMISSION", f"Set-up records such as {record_type.name} are read-only here.")


def _name_of(record: Record) -> tuple[str, Value]:
    return record.record_type.group, record.fields[record.record_type.refers_by]


def _references(record: Record, groups: AbstractSet[str]) -> Iterable[tuple[str, int]]:
    """Everything a record refers to in some groups: group and internal id."""
    return ((group, internal_id) for group, _, internal_id in _references_with_paths(record, groups))


def _references_with_paths(record: Record, groups: AbstractSet[str]) -> Iterable[tuple[str, str, int]]:
    """The same, each with its path in a body."""
    for name, known in record.record_type.fields.items():
        if known.group in groups and name in record.fields:
            yield known.group, name, _int(record.fields[name])
    for sublist, lines in record.sublists.items():
        fields = record.record_type.sublists[sublist].fields
        named = [(name, known.group) for name, known in fields.items() if known.group in groups]
        for place, line in enumerate(lines if named else ()):
            for name, group in named:
                if name in line:
                    yield group, f"{sublist}.items[{place}].{name}", _int(line[name])


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"expected an internal id, got {value!r}")
    return value
