"""Records as rows of the SuiteQL tables (reference 6; columns in `suiteql/tables.py`). Pure.

Belongs here: which column shows what. Does not belong here: writing rows (`mirror.py`), what a document posts
(`ledger.py`).

Signs are the ledger's: the line of a sale has a negative quantity and netamount. `netamount` and the accounting lines
are in the subsidiary's base currency, `foreignamount` and `foreigntotal` in the transaction's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from sitoo_netsuite.money import decimals, to_decimal
from sitoo_netsuite.sandbox.netsuite.books import GlLine, Posting, Progress
from sitoo_netsuite.sandbox.netsuite.levels import Level
from sitoo_netsuite.sandbox.netsuite.periods import Period
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import (
    ENTITY,
    ITEM,
    MATRIX_OPTION_FIELDS,
    RECORD_TYPES,
    TILL_FIELD,
    TOLD_APART_BY,
    TRANSACTION,
)
from sitoo_netsuite.sandbox.netsuite.values import Value

Row = dict[str, Any]

ITEM_TYPES = {
    "inventoryItem": "InvtPart",
    "serviceSaleItem": "Service",
    "nonInventorySaleItem": "NonInvtPart",
    "kitItem": "Kit",
}
# Item types that come as sale, purchase or resale.
_WITH_SUBTYPE = ("serviceSaleItem", "nonInventorySaleItem")
_SOLD_ONLY = "Sale"
_UNIT_DECIMALS = Decimal("0.0001")
_PRIMARY_BOOK = 1


@dataclass(frozen=True, slots=True)
class Context:
    """What a record's rows need besides the record itself.

    For a transaction its money, its items and, of an order, what has been done of each line. For an item its
    subsidiaries, those below them included where it says so.
    """

    currency: str = ""
    currency_id: int = 0
    base_currency: str = ""
    subsidiaries: Sequence[int] = ()
    item_types: Mapping[int, str] = field(default_factory=dict)
    progress: Mapping[int, Progress] = field(default_factory=dict)
    first_line_is_main: bool = False


NO_CONTEXT = Context()


def rows_of(record: Record, context: Context) -> dict[str, Sequence[Row]]:
    """A record's rows, by table; nothing for records that SuiteQL does not show."""
    make = _MAKERS.get(record.record_type.group)
    return make(record, context) if make else {}


def stock_row(item: int, location: int, level: Level, currency: str, now: datetime) -> Row:
    """Quantities and average cost of an item at a location; the cost is per unit in the location's base currency."""
    return {
        "item": item,
        "location": location,
        "quantityonhand": level.stock.quantity,
        "quantityavailable": level.available,
        "quantitycommitted": level.committed,
        "quantityonorder": level.on_order,
        "quantityintransit": level.in_transit,
        "quantitybackordered": level.backordered,
        "averagecostmli": level.stock.average.scaleb(-decimals(currency)).quantize(_UNIT_DECIMALS),
        "lastquantityavailablechange": now,
    }


def period_record(period: Period, now: datetime) -> Record:
    """An accounting period as the REST record."""
    fields: dict[str, Value] = {
        "periodName": period.name,
        "startDate": period.start,
        "endDate": period.end,
        "closed": period.closed,
        "allLocked": period.all_locked,
        "arLocked": period.ar_locked,
        "apLocked": period.ap_locked,
        "payrollLocked": period.payroll_locked,
        "inventoryLocked": period.inventory_locked,
        "isPosting": period.is_base,
        "isAdjust": False,
        "isQuarter": period.is_quarter,
        "isYear": period.is_year,
        "allowNonGLChanges": True,
    }
    if period.parent is not None:
        fields["parent"] = period.parent
    return Record(RECORD_TYPES["accountingPeriod"], period.internal_id, None, fields, {}, created=now, modified=now)


def _transaction(record: Record, context: Context) -> dict[str, Sequence[Row]]:
    posting, fields = record.posting, record.fields
    if posting is None:
        raise ValueError(f"{record.record_type.name} {record.internal_id} was kept without its posting")
    header = {
        "id": record.internal_id,
        "tranid": fields["tranId"],
        "type": record.record_type.code,
        "recordtype": record.record_type.name.lower(),
        "trandate": fields["tranDate"],
        "externalid": record.external_id,
        "entity": fields.get("entity", fields.get("customer")),
        "currency": context.currency_id,
        "exchangerate": fields.get("exchangeRate", Decimal(1)),
        "status": _status(record, posting, context),
        "location": fields.get("location") if record.record_type.name in _BETWEEN_LOCATIONS else None,
        "transferlocation": fields.get("transferLocation"),
        "postingperiod": fields.get("postingPeriod"),
        "posting": posting.posting,
        "voided": False,
        "memo": fields.get("memo"),
        "foreigntotal": to_decimal(posting.total, context.currency),
        "createddate": record.created,
        "lastmodifieddate": record.modified,
        "source": "restWebServices",
    }
    lines, accounting = [], []
    for sequence, (number, line) in enumerate(_numbered(posting.lines)):
        main = line.main or (context.first_line_is_main and sequence == 0)
        lines.append(_line(record, line, number, sequence, main, context))
        if posting.posting:
            accounting.append(_accounting_line(record, line, number, context))
    return {"transaction": (header,), "transactionline": lines, "transactionaccountingline": accounting}


# Only of these is it known that the transaction shows its locations (REPORTED).
_BETWEEN_LOCATIONS = ("transferOrder", "inventoryTransfer")


def _status(record: Record, posting: Posting, context: Context) -> str | None:
    """Of a journal (A pending approval, B approved) and of orders of goods; no other matters to anybody here.

    REPORTED of a transfer order that can be received: E partly sent, F sent. The other letters are INFERRED.
    """
    name = record.record_type.name
    if name == "journalEntry":
        return "B" if posting.posting else "A"
    if name not in ("transferOrder", "purchaseOrder"):
        return None
    if record.fields.get("orderStatus") == "A":
        return "A"
    ordered = sum(Decimal(str(line.get("quantity", 1))) for line in record.sublists["item"])
    sent = sum(done.sent for done in context.progress.values())
    received = sum(done.received for done in context.progress.values())
    if name == "purchaseOrder":
        return "B" if not received else "F" if received == ordered else "E"
    if not sent:
        return "B"
    if received == ordered:
        return "G"
    if sent == ordered:
        return "F"
    return "D" if sent == received else "E"


def _numbered(lines: Sequence[GlLine]) -> list[tuple[int, GlLine]]:
    """transactionline.id: the record's own `line` where it has one, 0 for the main line, the rest after them."""
    last = max((line.number for line in lines if line.number is not None), default=0)
    numbered = []
    for line in lines:
        if line.main:
            number = 0
        elif line.number is not None:
            number = line.number
        else:
            last += 1
            number = last
        numbered.append((number, line))
    return numbered


def _line(record: Record, line: GlLine, number: int, sequence: int, main: bool, context: Context) -> Row:
    return {
        "transaction": record.internal_id,
        "id": number,
        "uniquekey": record.internal_id * 10_000 + sequence,
        "linesequencenumber": sequence,
        "item": line.item,
        "itemtype": None if line.item is None else context.item_types[line.item],
        "quantity": line.quantity,
        "quantityshiprecv": _carried_out(record, line, context),
        "transactionlinetype": line.order_part,
        "transferorderitemlineid": line.order_line,
        "rate": _unit_amount(line.rate),
        "netamount": to_decimal(line.amount, context.base_currency),
        "foreignamount": to_decimal(line.foreign, context.currency),
        "mainline": main,
        "taxline": line.tax,
        "iscogs": line.cogs,
        "isinventoryaffecting": line.moves_stock,
        "location": line.location,
        "subsidiary": record.fields["subsidiary"],
        "department": line.department,
        "class": line.classification,
        "entity": line.entity,
        "createdfrom": record.fields.get("createdFrom"),
        "memo": line.memo,
        "linelastmodifieddate": record.modified,
    }


def _carried_out(record: Record, line: GlLine, context: Context) -> Decimal | None:
    """How much of an order's line has been sent or received; None for any other line."""
    if line.item is None or line.number is None:
        return None
    if line.order_line is not None:
        done = context.progress[line.order_line]
        return done.received if line.order_part == "RECEIVING" else done.sent
    if record.record_type.name == "purchaseOrder":
        return context.progress[line.number].received
    return None


def _accounting_line(record: Record, line: GlLine, number: int, context: Context) -> Row:
    amount = to_decimal(line.amount, context.base_currency)
    return {
        "transaction": record.internal_id,
        "transactionline": number,
        "account": line.account,
        "accountingbook": _PRIMARY_BOOK,
        "debit": amount if line.amount > 0 else None,
        "credit": -amount if line.amount < 0 else None,
        "amount": amount,
        "netamount": amount,
        "posting": True,
        "exchangerate": record.fields.get("exchangeRate", Decimal(1)),
    }


def _item(record: Record, context: Context) -> dict[str, Sequence[Row]]:
    fields = record.fields
    row = {
        **_named(record),
        "itemid": fields["itemId"],
        "fullname": fields["itemId"],
        "displayname": fields.get("displayName"),
        "description": fields.get("description"),
        "upccode": fields.get("upcCode"),
        "itemtype": ITEM_TYPES[record.record_type.name],
        "subtype": _SOLD_ONLY if record.record_type.name in _WITH_SUBTYPE else None,
        "cost": _unit_amount(fields.get("cost")),
        "parent": fields.get("parent"),
        "matrixtype": fields.get("matrixType"),
        "taxschedule": fields.get("taxSchedule"),
        **{name: fields.get(name) for name in MATRIX_OPTION_FIELDS},
        TILL_FIELD: fields.get(TILL_FIELD, False),
        **{name.lower(): fields.get(name, False) for name in TOLD_APART_BY},
        "incomeaccount": fields.get("incomeAccount"),
        "expenseaccount": fields.get("cogsAccount"),
        "assetaccount": fields.get("assetAccount"),
        "createddate": record.created,
    }
    prices = [
        {
            "item": record.internal_id,
            "pricelevel": price.get("priceLevel"),
            "pricelevelname": price.get("priceLevelName"),
            "price": _unit_amount(price.get("price")),
            "currencypage": price.get("currencyPage"),
            "quantity": price.get("quantity", Decimal(0)),
            "isinactive": price.get("isInactive", False),
        }
        for price in record.sublists.get("price", [])
        if "price" in price
    ]
    owners = [{"item": record.internal_id, "subsidiary": subsidiary} for subsidiary in context.subsidiaries]
    members = [
        {
            "parentitem": record.internal_id,
            "linenumber": member["line"],
            "item": member["item"],
            "quantity": member.get("quantity", Decimal(1)),
        }
        for member in record.sublists.get("member", [])
    ]
    return {"item": (row,), "itemprice": prices, "itemsubsidiarymap": owners, "itemmember": members}


def _unit_amount(value: Value | None) -> Decimal | None:
    return value.quantize(_UNIT_DECIMALS) if isinstance(value, Decimal) else None


def _entity(record: Record, _: Context) -> dict[str, Sequence[Row]]:
    fields = record.fields
    if record.record_type.name == "vendor":
        row = {
            **_named(record),
            "entityid": fields["entityId"],
            "companyname": fields["companyName"],
            "subsidiary": fields["subsidiary"],
        }
        return {"vendor": (row,)}
    row = {
        **_named(record),
        "entityid": fields["entityId"],
        "altname": fields.get("companyName", fields["entityId"]),
        "companyname": fields.get("companyName"),
        "firstname": fields.get("firstName"),
        "lastname": fields.get("lastName"),
        "email": fields.get("email"),
        "phone": fields.get("phone"),
        "mobilephone": fields.get("mobilePhone"),
        "isperson": fields.get("isPerson", False),
        "subsidiary": fields.get("subsidiary"),
        "currency": fields.get("currency"),
        "datecreated": record.created,
    }
    return {"customer": (row,)}


def _account(record: Record, _: Context) -> dict[str, Sequence[Row]]:
    fields = record.fields
    row = {
        "id": record.internal_id,
        "externalid": record.external_id,
        "acctnumber": fields["acctNumber"],
        "accountsearchdisplaynamecopy": fields["acctName"],
        "fullname": fields["acctName"],
        "accttype": fields["acctType"],
        "sspecacct": fields.get("sSpecAcct"),
        "subsidiary": next((owner["id"] for owner in record.sublists.get("subsidiary", [])), None),
        "isinactive": fields.get("isInactive", False),
        "issummary": False,
    }
    return {"account": (row,)}


def _period(record: Record, _: Context) -> dict[str, Sequence[Row]]:
    names = (
        "periodName", "startDate", "endDate", "parent", "closed", "allLocked", "arLocked", "apLocked", "payrollLocked",
        "allowNonGLChanges", "isPosting", "isAdjust", "isQuarter", "isYear",
    )  # fmt: skip
    row: Row = {name.lower(): record.fields.get(name) for name in names}
    return {"accountingperiod": ({**row, "id": record.internal_id, "isinactive": False},)}


def _location(record: Record, _: Context) -> dict[str, Sequence[Row]]:
    row = {
        **_named(record),
        "name": record.fields["name"],
        "fullname": record.fields["name"],
        "subsidiary": record.sublists["subsidiary"][0]["id"],
        "makeinventoryavailable": True,
    }
    return {"location": (row,)}


def _subsidiary(record: Record, _: Context) -> dict[str, Sequence[Row]]:
    fields = record.fields
    row = {
        **_named(record),
        "name": fields["name"],
        "fullname": fields["name"],
        "legalname": fields.get("legalName"),
        "country": fields["country"],
        "currency": fields["currency"],
        "parent": fields.get("parent"),
        "iselimination": False,
    }
    return {"subsidiary": (row,)}


def _tax_schedule(record: Record, _: Context) -> dict[str, Sequence[Row]]:
    return {"taxschedule": ({**_named(record), "name": record.fields["name"]},)}


def _currency(record: Record, _: Context) -> dict[str, Sequence[Row]]:
    fields = record.fields
    row = {
        **_named(record),
        "name": fields["name"],
        "symbol": fields["symbol"],
        "displaysymbol": fields["symbol"],
        "currencyprecision": fields["currencyPrecision"],
    }
    return {"currency": (row,)}


def _named(record: Record) -> Row:
    return {
        "id": record.internal_id,
        "externalid": record.external_id,
        "isinactive": record.fields.get("isInactive", False),
        "lastmodifieddate": record.modified,
    }


_MAKERS: Mapping[str, Callable[[Record, Context], dict[str, Sequence[Row]]]] = {
    TRANSACTION: _transaction,
    ITEM: _item,
    ENTITY: _entity,
    "account": _account,
    "accountingPeriod": _period,
    "location": _location,
    "subsidiary": _subsidiary,
    "currency": _currency,
    "taxSchedule": _tax_schedule,
}

# The tables whose rows go when a record of the group is deleted.
TABLES_OF: Mapping[str, tuple[str, ...]] = {
    TRANSACTION: ("transaction", "transactionline", "transactionaccountingline"),
    ITEM: ("item", "itemprice", "itemsubsidiarymap", "itemmember"),
    ENTITY: ("customer", "vendor"),
    "department": (),
    "classification": (),
}
