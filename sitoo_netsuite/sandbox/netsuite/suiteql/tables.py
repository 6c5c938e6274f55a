"""The records SuiteQL can see: their columns, what each column refers to, and how a record shows as text.

Belongs here: names, types and links of the tables that the sandbox's ledger fills and SuiteQL reads (reference
netsuite-api.md, section 6). Does not belong here: how rows come about (the ledger), and what a query may say.

What the ledger must keep to: a text that is empty is NULL (Oracle knows no empty text; a CHECK refuses one), flags
are 'T' or 'F', datetimes are UTC without a zone, quantities and amounts have SuiteQL's signs (the line of a sale is
negative). Columns with `generated` and the views are never inserted. A generated expression must give NULL where its
columns are NULL: DuckDB computes it anew for the missing side of an outer join.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import duckdb

from sitoo_netsuite.sandbox.netsuite.schema import MATRIX_OPTION_FIELDS, TILL_FIELD, TOLD_APART_BY


class Kind(StrEnum):
    """What a column holds, with its DuckDB type. Money is exact: four decimals fit every currency and a unit cost."""

    ID = "BIGINT"
    TEXT = "VARCHAR"
    FLAG = "VARCHAR(1)"
    DATE = "DATE"
    DATETIME = "TIMESTAMP"
    MONEY = "DECIMAL(18,4)"
    QUANTITY = "DECIMAL(18,5)"
    RATE = "DECIMAL(18,8)"


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `refers_to` names the table whose `id` it holds; `display` is what BUILTIN.DF shows of each code.

    A code without `display` is one whose shown text we do not know: BUILTIN.DF of it is refused, not guessed.
    """

    name: str
    kind: Kind
    refers_to: str | None = None
    generated: str | None = None
    display: Mapping[str, str] | None = None
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """One record. `shows` is the column that stands for a row where another record refers to it.

    `view_of` makes it a view over another table, so that the same rows are not kept twice.
    """

    name: str
    columns: tuple[Column, ...]
    shows: str | None = None
    view_of: str | None = None


# Codes of transaction.type (reference section 6) and the name a document of that type is shown under.
TRANSACTION_TYPES = {
    "CashSale": "Cash Sale",
    "CashRfnd": "Cash Refund",
    "CustInvc": "Invoice",
    "CustCred": "Credit Memo",
    "CustPymt": "Payment",
    "CustDep": "Customer Deposit",
    "CustRfnd": "Customer Refund",
    "DepAppl": "Deposit Application",
    "Deposit": "Deposit",
    "InvAdjst": "Inventory Adjustment",
    "InvTrnfr": "Inventory Transfer",
    "ItemRcpt": "Item Receipt",
    "ItemShip": "Item Fulfillment",
    "Journal": "Journal",
    "PurchOrd": "Purchase Order",
    "RtnAuth": "Return Authorization",
    "SalesOrd": "Sales Order",
    "TrnfrOrd": "Transfer Order",
}


def case_of(column: str, names: Mapping[str, str]) -> str:
    """SQL that turns a column's codes into their names; a code without one gives NULL."""
    whens = " ".join(f"WHEN '{code}' THEN '{name}'" for code, name in names.items())
    return f"CASE {column} {whens} END"


def _ids(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.ID) for name in names)


def _texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.TEXT) for name in names)


def _codes(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.TEXT, is_code=True) for name in names)


def _flags(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.FLAG, is_code=True) for name in names)


def _dates(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.DATE) for name in names)


def _datetimes(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.DATETIME) for name in names)


def _money(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.MONEY) for name in names)


def _quantities(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.QUANTITY) for name in names)


def _rates(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, Kind.RATE) for name in names)


def _links(**targets: str) -> tuple[Column, ...]:
    """Foreign keys: column = the table it refers to. A trailing underscore keeps a Python keyword usable."""
    return tuple(Column(name.rstrip("_"), Kind.ID, refers_to=target) for name, target in targets.items())


def _unlisted(*names: str) -> tuple[Column, ...]:
    """Foreign keys to records that SuiteQL does not serve here: BUILTIN.DF of them is refused, not guessed."""
    return tuple(Column(name, Kind.ID, is_code=True) for name in names)


# `quantityintransit` is REPORTED.
_STOCK_LEVELS = (
    *_links(item="item", location="location"),
    *_quantities("quantityonhand", "quantityavailable", "quantitycommitted", "quantityonorder", "quantitybackordered"),
    *_quantities("quantityintransit"),
    *_money("averagecostmli"),
    *_datetimes("lastquantityavailablechange"),
)

TABLES: tuple[Table, ...] = (
    Table(
        "transaction",
        (
            *_ids("id"),
            *_texts("tranid"),
            Column("type", Kind.TEXT, display=TRANSACTION_TYPES),
            *_codes("recordtype"),
            *_dates("trandate"),
            *_texts("externalid"),
            *_links(entity="customer", currency="currency"),
            *_rates("exchangerate"),
            *_codes("status"),
            *_links(postingperiod="accountingperiod"),
            *_flags("posting", "voided"),
            *_links(location="location", transferlocation="location"),
            *_texts("memo"),
            *_money("foreigntotal"),
            *_datetimes("createddate", "lastmodifieddate"),
            *_codes("source"),
            Column("trandisplayname", Kind.TEXT, generated=f"{case_of('type', TRANSACTION_TYPES)} || ' #' || tranid"),
        ),
        shows="trandisplayname",
    ),
    Table(
        "transactionline",
        (
            *_links(transaction="transaction"),
            *_ids("id", "uniquekey", "linesequencenumber"),
            *_links(item="item"),
            *_codes("itemtype"),
            *_quantities("quantity", "quantityshiprecv"),
            *_money("rate", "netamount", "foreignamount"),
            *_flags("mainline", "taxline", "iscogs", "isinventoryaffecting"),
            *_codes("accountinglinetype", "transactionlinetype"),
            *_ids("transferorderitemlineid"),
            *_links(location="location", subsidiary="subsidiary"),
            *_unlisted("department", "class"),
            *_links(entity="customer", createdfrom="transaction"),
            *_texts("memo"),
            *_datetimes("linelastmodifieddate"),
        ),
    ),
    Table(
        "transactionaccountingline",
        (
            *_links(transaction="transaction"),
            *_ids("transactionline"),
            *_links(account="account"),
            *_unlisted("accountingbook"),
            *_money("debit", "credit", "amount", "netamount"),
            *_flags("posting"),
            *_rates("exchangerate"),
        ),
    ),
    Table(
        "account",
        (
            *_ids("id"),
            *_texts("acctnumber", "accountsearchdisplaynamecopy", "fullname", "description", "externalid"),
            *_codes("accttype", "sspecacct"),
            *_links(parent="account", currency="currency", subsidiary="subsidiary"),
            *_flags("isinactive", "issummary"),
            Column(
                "accountsearchdisplayname",
                Kind.TEXT,
                generated="acctnumber || ' ' || accountsearchdisplaynamecopy",
            ),
        ),
        shows="accountsearchdisplayname",
    ),
    Table(
        "accountingperiod",
        (
            *_ids("id"),
            *_texts("periodname"),
            *_dates("startdate", "enddate"),
            *_links(parent="accountingperiod"),
            *_flags("closed", "alllocked", "arlocked", "aplocked", "payrolllocked", "allownonglchanges"),
            *_flags("isposting", "isadjust", "isquarter", "isyear", "isinactive"),
            *_dates("closedondate"),
            *_datetimes("lastmodifieddate"),
        ),
        shows="periodname",
    ),
    Table(
        "item",
        (
            *_ids("id"),
            *_texts("itemid", "displayname", "fullname", "description", "upccode", "externalid"),
            *_codes("itemtype", "subtype", "matrixtype"),
            *_flags("isinactive", TILL_FIELD),
            # REPORTED by many queries.
            *_flags(*(name.lower() for name in TOLD_APART_BY)),
            *_texts(*MATRIX_OPTION_FIELDS),
            *_texts("saleunit", "stockunit"),
            *_money("averagecost", "cost"),
            *_links(
                parent="item",
                taxschedule="taxschedule",
                incomeaccount="account",
                expenseaccount="account",
                assetaccount="account",
            ),
            *_datetimes("createddate", "lastmodifieddate"),
        ),
        shows="itemid",
    ),
    Table(
        "itemprice",
        (
            *_links(item="item"),
            *_unlisted("pricelevel"),
            *_texts("pricelevelname"),
            *_money("price"),
            *_links(currencypage="currency"),
            *_quantities("quantity"),
            *_rates("discountdisplay"),
            *_flags("isinactive"),
        ),
    ),
    # INFERRED, as are item.taxschedule, matrixtype and the custom fields: the reference names none of them.
    Table("itemsubsidiarymap", _links(item="item", subsidiary="subsidiary")),
    # What a kit is made of: REPORTED, but for the line's number.
    Table(
        "itemmember",
        (*_links(parentitem="item"), *_ids("linenumber"), *_links(item="item"), *_quantities("quantity")),
    ),
    Table(
        "taxschedule",
        (*_ids("id"), *_texts("name", "externalid"), *_flags("isinactive"), *_datetimes("lastmodifieddate")),
        shows="name",
    ),
    Table("aggregateitemlocation", _STOCK_LEVELS),
    Table("inventoryitemlocations", _STOCK_LEVELS, view_of="aggregateitemlocation"),
    # Without bins, lots and statuses: the sandbox counts pieces. With them an item has several rows a location.
    Table(
        "inventorybalance",
        (*_links(item="item", location="location"), *_quantities("quantityonhand", "quantityavailable")),
        view_of="aggregateitemlocation",
    ),
    Table(
        "vendor",
        (
            *_ids("id"),
            *_texts("entityid", "companyname", "externalid"),
            *_flags("isinactive"),
            *_links(subsidiary="subsidiary"),
            *_datetimes("lastmodifieddate"),
        ),
        shows="entityid",
    ),
    Table(
        "customer",
        (
            *_ids("id"),
            *_texts("entityid", "altname", "externalid", "companyname", "firstname", "lastname"),
            *_texts("email", "phone", "mobilephone"),
            *_flags("isperson", "isinactive"),
            *_links(subsidiary="subsidiary", currency="currency"),
            *_datetimes("datecreated", "lastmodifieddate"),
        ),
        shows="entityid",
    ),
    Table(
        "location",
        (
            *_ids("id"),
            *_texts("name", "fullname", "externalid"),
            *_links(subsidiary="subsidiary", parent="location"),
            *_flags("makeinventoryavailable", "isinactive"),
            *_datetimes("lastmodifieddate"),
        ),
        shows="name",
    ),
    Table(
        "subsidiary",
        (
            *_ids("id"),
            *_texts("name", "fullname", "legalname", "externalid"),
            *_codes("country"),
            *_links(currency="currency", parent="subsidiary"),
            *_flags("iselimination", "isinactive"),
            *_datetimes("lastmodifieddate"),
        ),
        shows="name",
    ),
    Table(
        "currency",
        (
            *_ids("id"),
            *_texts("name", "symbol", "displaysymbol", "externalid"),
            *_ids("currencyprecision"),
            *_rates("exchangerate"),
            *_flags("isbasecurrency", "isinactive"),
            *_datetimes("lastmodifieddate"),
        ),
        shows="name",
    ),
)


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every table and view, empty. The connection's database must not hold them yet."""
    for table in TABLES:
        if table.view_of:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            connection.execute(f'CREATE VIEW "{table.name}" AS SELECT {names} FROM "{table.view_of}"')
        else:
            connection.execute(f'CREATE TABLE "{table.name}" ({", ".join(map(_definition, table.columns))})')


def _definition(column: Column) -> str:
    name = f'"{column.name}"'
    if column.generated:
        return f"{name} {column.kind} GENERATED ALWAYS AS ({column.generated})"
    if column.kind is Kind.FLAG:
        return f"{name} {column.kind} CHECK ({name} IN ('T', 'F'))"
    if column.kind is Kind.TEXT:
        return f"{name} {column.kind} CHECK ({name} <> '')"
    return f"{name} {column.kind}"
