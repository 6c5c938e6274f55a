"""Which records the sandbox knows: their names, fields, sublists and what NetSuite asks for (reference 5).

Belongs here: the shape of a record as the REST API shows it. Does not belong here: reading bodies (`values.py`), what
a document does to the books (`ledger.py`).

To add a record type: describe it here; a posting one also gets a function in `ledger.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property


class Kind(StrEnum):
    """What a field holds. REFERENCE holds the internal id of a record.

    DETAIL is a line's inventoryDetail, kept as the quantity it tells apart: the sandbox counts pieces, not lots.
    MONEY is an amount of a document (the ledger checks its decimals), NUMBER a unit price, cost or percentage.
    """

    TEXT = "text"
    NUMBER = "number"
    QUANTITY = "quantity"
    RATE = "rate"
    MONEY = "money"
    INTEGER = "integer"
    FLAG = "flag"
    DATE = "date"
    MOMENT = "moment"
    REFERENCE = "reference"
    DETAIL = "detail"
    CODE = "code"


# External ids and internal ids are unique per group (reference 4.1): one namespace of all transactions, one of all
# entities, one of all items; any other type is a group of its own, named like the type.
TRANSACTION = "transaction"
ENTITY = "entity"
ITEM = "item"


@dataclass(frozen=True, slots=True)
class Field:
    """`group`: what a REFERENCE points into. `stored` is False for what NetSuite works out: known, but not written."""

    kind: Kind
    group: str = ""
    stored: bool = True


@dataclass(frozen=True)
class Sublist:
    """Lines of a record. `keys`: the fields that identify a line; without keys every line sent is appended.

    A sublist with the one key `line` numbers its lines from 1, `step` apart. `defaults`: what a line says that does not
    name a field.
    """

    fields: Mapping[str, Field]
    keys: tuple[str, ...] = ("line",)
    defaults: Mapping[str, Decimal] = field(default_factory=dict)
    step: int = 1

    @cached_property
    def canonical(self) -> dict[str, str]:
        return {name.lower(): name for name in self.fields}


@dataclass(frozen=True)
class RecordType:
    """`mandatory`: field to the label NetSuite names when it is missing. `code` and `prefix` belong to transactions.

    `writable` is False for set-up records (accounts, periods...) that a sandbox takes from its world only.
    """

    name: str
    group: str
    fields: Mapping[str, Field]
    sublists: Mapping[str, Sublist] = field(default_factory=dict)
    mandatory: Mapping[str, str] = field(default_factory=dict)
    lines_needed: str | None = None
    code: str = ""
    prefix: str = ""
    writable: bool = True
    refers_by: str = "name"

    @cached_property
    def canonical(self) -> dict[str, str]:
        """Lower-case name to the real one: body keys are seen in both cases (reference 1)."""
        return {name.lower(): name for name in (*self.fields, *self.sublists)}

    @property
    def is_transaction(self) -> bool:
        return self.group == TRANSACTION

    @property
    def stocked(self) -> bool:
        """Whether a location can have something of an item of this type."""
        return self.name == "inventoryItem"


def _text(*names: str) -> dict[str, Field]:
    return {name: Field(Kind.TEXT) for name in names}


def _flag(*names: str) -> dict[str, Field]:
    return {name: Field(Kind.FLAG) for name in names}


def _money(*names: str) -> dict[str, Field]:
    return {name: Field(Kind.MONEY) for name in names}


def _number(*names: str) -> dict[str, Field]:
    return {name: Field(Kind.NUMBER) for name in names}


def _quantity(*names: str) -> dict[str, Field]:
    return {name: Field(Kind.QUANTITY) for name in names}


def _date(*names: str) -> dict[str, Field]:
    return {name: Field(Kind.DATE) for name in names}


def _code(*names: str) -> dict[str, Field]:
    return {name: Field(Kind.CODE) for name in names}


def _refers(**groups: str) -> dict[str, Field]:
    """Fields that refer to a record, by group; a trailing underscore keeps a Python keyword usable."""
    return {name.rstrip("_"): Field(Kind.REFERENCE, group) for name, group in groups.items()}


def _worked_out(kind: Kind, *names: str, group: str = "") -> dict[str, Field]:
    return {name: Field(kind, group, stored=False) for name in names}


_LINE = {"line": Field(Kind.INTEGER)}
_DETAIL = {"inventoryDetail": Field(Kind.DETAIL)}
_STAMPS = {
    "id": Field(Kind.TEXT, stored=False),
    "externalId": Field(Kind.TEXT),
    **_worked_out(Kind.MOMENT, "createdDate", "lastModifiedDate"),
}
_DIMENSIONS = _refers(department="department", class_="classification", location="location")
_TRANSACTION = {
    **_STAMPS,
    **_text("tranId", "memo"),
    **_date("tranDate"),
    **_refers(subsidiary="subsidiary", postingPeriod="accountingPeriod"),
    **_code("customForm"),
    **_worked_out(Kind.CODE, "status", "source"),
}
_IN_CURRENCY = {**_refers(currency="currency"), "exchangeRate": Field(Kind.RATE)}
_TOTALS = _worked_out(Kind.MONEY, "total", "subtotal", "taxTotal", "discountTotal")
_INTO_BANK = {**_refers(account="account"), **_code("undepFunds", "paymentOption", "paymentMethod")}

_ITEM_LINES = Sublist(
    {
        **_LINE,
        **_refers(item=ITEM, taxCode="salesTaxItem"),
        **_quantity("quantity"),
        **_number("rate"),
        **_money("amount", "grossAmt", "tax1Amt", "costEstimate"),
        **_number("taxRate1"),
        **_text("description", "memo"),
        **_code("price", "units"),
        **_DIMENSIONS,
        **_DETAIL,
    }
)
_ORDERED_LINE = {
    **_LINE,
    **_refers(item=ITEM),
    **_quantity("quantity"),
    **_number("rate"),
    **_money("amount"),
    **_text("description", "memo"),
    **_code("units"),
    **_refers(department="department", class_="classification"),
}
_APPLY = Sublist(
    {**_LINE, **_refers(doc=TRANSACTION), **_flag("apply"), **_money("amount")},
    keys=("doc",),
)
_SALE = {
    **_TRANSACTION,
    **_IN_CURRENCY,
    **_TOTALS,
    **_refers(entity=ENTITY, createdFrom=TRANSACTION),
    **_DIMENSIONS,
    **_text("otherRefNum", "email"),
}
_SALE_NEEDS = {"entity": "Customer"}


def _transaction(
    name: str,
    code: str,
    prefix: str,
    fields: Mapping[str, Field],
    *,
    lines: Mapping[str, Sublist],
    needs: Mapping[str, str],
    lines_needed: str | None = None,
) -> RecordType:
    return RecordType(name, TRANSACTION, fields, lines, needs, lines_needed, code, prefix, refers_by="tranId")


_TRANSACTIONS = (
    _transaction(
        "journalEntry",
        "Journal",
        "JOU",
        {
            **_TRANSACTION,
            **_IN_CURRENCY,
            **_flag("approved"),
            **_code("approvalStatus"),
        },
        lines={
            "line": Sublist(
                {
                    **_LINE,
                    **_refers(account="account", entity=ENTITY),
                    **_money("debit", "credit"),
                    **_text("memo"),
                    **_DIMENSIONS,
                }
            )
        },
        needs={"subsidiary": "Subsidiary"},
        lines_needed="line",
    ),
    _transaction(
        "cashSale",
        "CashSale",
        "CS",
        {**_SALE, **_INTO_BANK},
        lines={"item": _ITEM_LINES},
        needs=_SALE_NEEDS,
        lines_needed="item",
    ),
    _transaction(
        "cashRefund",
        "CashRfnd",
        "CR",
        {**_SALE, **_INTO_BANK, **_flag("refundCheck")},
        lines={"item": _ITEM_LINES},
        needs=_SALE_NEEDS,
        lines_needed="item",
    ),
    _transaction(
        "invoice",
        "CustInvc",
        "INV",
        {**_SALE, **_refers(account="account"), **_date("dueDate")},
        lines={"item": _ITEM_LINES},
        needs=_SALE_NEEDS,
        lines_needed="item",
    ),
    _transaction(
        "creditMemo",
        "CustCred",
        "CM",
        {**_SALE, **_refers(account="account"), **_flag("autoApply")},
        lines={"item": _ITEM_LINES, "apply": _APPLY},
        needs=_SALE_NEEDS,
        lines_needed="item",
    ),
    _transaction(
        "returnAuthorization",
        "RtnAuth",
        "RMA",
        {**_SALE, **_code("orderStatus")},
        lines={"item": _ITEM_LINES},
        needs=_SALE_NEEDS,
        lines_needed="item",
    ),
    _transaction(
        "salesOrder",
        "SalesOrd",
        "SO",
        {**_SALE, **_code("orderStatus", "paymentOption")},
        lines={"item": _ITEM_LINES},
        needs=_SALE_NEEDS,
        lines_needed="item",
    ),
    _transaction(
        "customerPayment",
        "CustPymt",
        "PYMT",
        {
            **_TRANSACTION,
            **_IN_CURRENCY,
            **_INTO_BANK,
            **_DIMENSIONS,
            **_refers(customer=ENTITY, arAcct="account"),
            **_money("payment"),
            **_flag("autoApply"),
            **_text("checkNumber"),
        },
        lines={"apply": _APPLY},
        needs={"customer": "Customer", "payment": "Payment Amount"},
    ),
    _transaction(
        "customerDeposit",
        "CustDep",
        "CD",
        {
            **_TRANSACTION,
            **_IN_CURRENCY,
            **_INTO_BANK,
            **_DIMENSIONS,
            **_refers(customer=ENTITY, salesOrder=TRANSACTION),
            **_money("payment"),
            **_text("checkNumber"),
        },
        lines={},
        needs={"customer": "Customer", "payment": "Payment Amount"},
    ),
    _transaction(
        "customerRefund",
        "CustRfnd",
        "RFND",
        {
            **_TRANSACTION,
            **_IN_CURRENCY,
            **_INTO_BANK,
            **_DIMENSIONS,
            **_refers(customer=ENTITY, arAcct="account"),
        },
        lines={"apply": _APPLY},
        needs={"customer": "Customer", "account": "Account"},
        lines_needed="apply",
    ),
    _transaction(
        "deposit",
        "Deposit",
        "DEP",
        {**_TRANSACTION, **_IN_CURRENCY, **_DIMENSIONS, **_refers(account="account")},
        lines={
            "payment": Sublist(
                {**_refers(id=TRANSACTION), **_flag("deposit"), **_code("paymentMethod")},
                keys=("id",),
            ),
            "other": Sublist(
                {
                    **_refers(account="account", entity=ENTITY),
                    **_money("amount"),
                    **_text("refNum", "memo"),
                    **_code("paymentMethod"),
                    **_DIMENSIONS,
                },
                keys=(),
            ),
            "cashback": Sublist(
                {**_refers(account="account"), **_money("amount"), **_text("memo"), **_DIMENSIONS},
                keys=(),
            ),
        },
        needs={"account": "Account"},
    ),
    _transaction(
        "inventoryAdjustment",
        "InvAdjst",
        "IA",
        {
            **_TRANSACTION,
            **_refers(account="account", adjLocation="location", customer=ENTITY),
            **_DIMENSIONS,
            **_worked_out(Kind.MONEY, "estimatedTotalValue"),
        },
        lines={
            "inventory": Sublist(
                {
                    **_LINE,
                    **_refers(item=ITEM),
                    **_quantity("adjustQtyBy"),
                    **_number("unitCost"),
                    **_text("memo", "description"),
                    **_code("units"),
                    **_DIMENSIONS,
                    **_DETAIL,
                    **_worked_out(Kind.NUMBER, "quantityOnHand", "newQuantity", "currentValue"),
                }
            )
        },
        needs={"subsidiary": "Subsidiary", "account": "Adjustment Account"},
        lines_needed="inventory",
    ),
    _transaction(
        "inventoryTransfer",
        "InvTrnfr",
        "IT",
        {**_TRANSACTION, **_DIMENSIONS, **_refers(transferLocation="location")},
        lines={
            "inventory": Sublist(
                {**_LINE, **_refers(item=ITEM), **_quantity("adjustQtyBy"), **_text("description"), **_DETAIL}
            )
        },
        needs={"subsidiary": "Subsidiary", "location": "From Location", "transferLocation": "To Location"},
        lines_needed="inventory",
    ),
    _transaction(
        "transferOrder",
        "TrnfrOrd",
        "TO",
        {
            **_TRANSACTION,
            **_DIMENSIONS,
            **_refers(transferLocation="location"),
            **_code("orderStatus"),
            **_flag("useItemCostAsTransferCost"),
        },
        lines={"item": Sublist(_ORDERED_LINE, step=3)},
        needs={"subsidiary": "Subsidiary", "location": "From Location", "transferLocation": "To Location"},
        lines_needed="item",
    ),
    # The reference does not have it, nor vendors: names as in SuiteScript, the rest INFERRED from the other orders.
    _transaction(
        "purchaseOrder",
        "PurchOrd",
        "PO",
        {**_TRANSACTION, **_IN_CURRENCY, **_TOTALS, **_DIMENSIONS, **_refers(entity=ENTITY), **_code("orderStatus")},
        lines={"item": Sublist({**_ORDERED_LINE, **_refers(location="location")})},
        needs={"entity": "Vendor"},
        lines_needed="item",
    ),
    _transaction(
        "itemReceipt",
        "ItemRcpt",
        "IR",
        {**_TRANSACTION, **_IN_CURRENCY, **_DIMENSIONS, **_refers(entity=ENTITY, createdFrom=TRANSACTION)},
        lines={
            "item": Sublist(
                {
                    **_LINE,
                    "orderLine": Field(Kind.INTEGER),
                    **_refers(item=ITEM),
                    **_flag("itemReceive"),
                    **_quantity("quantity"),
                    **_number("unitCostOverride"),
                    **_DIMENSIONS,
                    **_DETAIL,
                },
                keys=("orderLine",),
            )
        },
        needs={"createdFrom": "Created From"},
        lines_needed="item",
    ),
    _transaction(
        "itemFulfillment",
        "ItemShip",
        "IF",
        {**_TRANSACTION, **_IN_CURRENCY, **_DIMENSIONS, **_refers(entity=ENTITY, createdFrom=TRANSACTION)},
        lines={
            "item": Sublist(
                {
                    **_LINE,
                    "orderLine": Field(Kind.INTEGER),
                    **_refers(item=ITEM),
                    **_flag("itemReceive"),
                    **_quantity("quantity"),
                    **_DIMENSIONS,
                    **_DETAIL,
                },
                keys=("orderLine",),
            )
        },
        needs={"createdFrom": "Created From"},
        lines_needed="item",
    ),
)

# Body key `subsidiary` of items and locations: a collection of ids.
_SUBSIDIARIES = Sublist(_refers(id="subsidiary"), keys=("id",))
_PRICE = Sublist(
    {
        **_refers(currencyPage="currency", priceLevel="priceLevel"),
        **_quantity("quantity"),
        **_number("price"),
        **_text("priceLevelName"),
        **_flag("isInactive"),
    },
    keys=("currencyPage", "priceLevel", "quantity"),
    # The price of one unit stands at quantity 0 (INFERRED).
    defaults={"quantity": Decimal(0)},
)
# The account's own fields: what sets a variant apart, and whether the tills sell the item. That the options of a matrix
# are plain text is INFERRED.
MATRIX_OPTION_FIELDS = ("custitem_colour", "custitem_size")
TILL_FIELD = "custitem_for_tills"
# An item with one of these is told apart: whoever moves it says which lots, serial numbers or bins.
TOLD_APART_BY = ("isLotItem", "isSerialItem", "useBins")
_ITEM_FIELDS = {
    **_STAMPS,
    **_text("itemId", "displayName", "upcCode", "description"),
    **_flag("isInactive", "includeChildren", "isTaxable", "pricesIncludeTax"),
    **_refers(incomeAccount="account", parent=ITEM, taxSchedule="taxSchedule"),
    **_code("matrixType"),
    **_text(*MATRIX_OPTION_FIELDS),
    **_flag(TILL_FIELD),
    **_DIMENSIONS,
}
_STOCKED_FIELDS = {
    **_number("cost"),
    **_refers(cogsAccount="account", assetAccount="account"),
    **_code("costingMethod", "saleUnit", "stockUnit", "unitsType"),
    **_flag(*TOLD_APART_BY),
    **_worked_out(Kind.NUMBER, "averageCost", "quantityOnHand", "quantityAvailable"),
}


# What a kit is made of; the reference has no kits, so that a member's key is `line` is INFERRED.
_MEMBERS = Sublist({**_LINE, **_refers(item=ITEM), **_quantity("quantity")})


def _item(name: str, fields: Mapping[str, Field], **more: Sublist) -> RecordType:
    sublists = {"subsidiary": _SUBSIDIARIES, "price": _PRICE, **more}
    return RecordType(name, ITEM, fields, sublists, {"itemId": "Item Name/Number"}, refers_by="itemId")


_ITEMS = (
    _item("inventoryItem", {**_ITEM_FIELDS, **_STOCKED_FIELDS}),
    _item("serviceSaleItem", _ITEM_FIELDS),
    _item("nonInventorySaleItem", _ITEM_FIELDS),
    _item("kitItem", _ITEM_FIELDS, member=_MEMBERS),
)

_SETUP_FIELDS = {**_STAMPS, **_text("name"), **_flag("isInactive")}


def _setup(name: str, fields: Mapping[str, Field], *, refers_by: str = "name") -> RecordType:
    return RecordType(name, name, fields, writable=False, refers_by=refers_by)


_OTHERS = (
    RecordType(
        "customer",
        ENTITY,
        {
            **_STAMPS,
            **_flag("isPerson", "isInactive", "autoName", "taxable"),
            **_text("entityId", "firstName", "lastName", "companyName", "email", "phone", "mobilePhone", "comments"),
            **_refers(subsidiary="subsidiary", currency="currency", receivablesAccount="account"),
            **_code("entityStatus", "category", "terms"),
            **_worked_out(Kind.MOMENT, "dateCreated"),
        },
        mandatory={"subsidiary": "Subsidiary"},
        refers_by="entityId",
    ),
    RecordType(
        "vendor",
        ENTITY,
        {
            **_STAMPS,
            **_flag("isInactive"),
            **_text("entityId", "companyName"),
            **_refers(subsidiary="subsidiary", currency="currency"),
        },
        mandatory={"subsidiary": "Subsidiary", "companyName": "Vendor Name"},
        refers_by="entityId",
    ),
    RecordType(
        "location",
        "location",
        {
            **_SETUP_FIELDS,
            **_text("fullName", "tranPrefix", "timeZone"),
            **_refers(parent="location"),
            **_flag("makeInventoryAvailable"),
        },
        {"subsidiary": _SUBSIDIARIES},
        writable=False,
    ),
    _setup(
        "subsidiary",
        {
            **_SETUP_FIELDS,
            **_text("legalName", "fullName"),
            **_refers(currency="currency", parent="subsidiary"),
            **_code("country"),
            **_flag("isElimination"),
        },
    ),
    _setup(
        "currency",
        {
            **_SETUP_FIELDS,
            **_text("symbol"),
            "currencyPrecision": Field(Kind.INTEGER),
            "exchangeRate": Field(Kind.RATE),
        },
    ),
    RecordType(
        "account",
        "account",
        {
            **_STAMPS,
            **_text("acctNumber", "acctName"),
            **_code("acctType", "sSpecAcct"),
            **_flag("isInactive", "isSummary"),
        },
        {"subsidiary": _SUBSIDIARIES},
        writable=False,
        refers_by="acctName",
    ),
    _setup(
        "accountingPeriod",
        {
            **_STAMPS,
            **_text("periodName"),
            **_date("startDate", "endDate"),
            **_refers(parent="accountingPeriod"),
            **_flag("closed", "allLocked", "arLocked", "apLocked", "payrollLocked", "inventoryLocked"),
            **_flag("isPosting", "isAdjust", "isQuarter", "isYear", "allowNonGLChanges"),
        },
        refers_by="periodName",
    ),
    _setup("salesTaxItem", {**_SETUP_FIELDS, **_number("rate"), **_refers(saleAccount="account")}),
    _setup("taxSchedule", _SETUP_FIELDS),
    _setup("priceLevel", _SETUP_FIELDS),
    RecordType("department", "department", _SETUP_FIELDS, mandatory={"name": "Name"}),
    RecordType("classification", "classification", _SETUP_FIELDS, mandatory={"name": "Name"}),
)

RECORD_TYPES: Mapping[str, RecordType] = {
    record_type.name: record_type for record_type in (*_TRANSACTIONS, *_ITEMS, *_OTHERS)
}
# The type's name in a path is case-insensitive (reference 1).
BY_PATH_NAME: Mapping[str, RecordType] = {name.lower(): record_type for name, record_type in RECORD_TYPES.items()}
