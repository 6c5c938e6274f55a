"""What both systems say about what stands still: shops, tills, tenders, products, price lists; accounts, subsidiaries,
periods, price levels, tax schedules.

Belongs here: reading it, whole, into plain values that `doctor` and `draft` work on. Does not belong here: what is made
of it, and the trade itself (`flows/sales`); of receipts only the latest are read, to see how tills name things.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sitoo_netsuite.netsuite.client import SUITEQL_PATH, NetSuiteClient
from sitoo_netsuite.netsuite.errors import Unreadable
from sitoo_netsuite.netsuite.suiteql import Row, keyset, query
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.models import (
    ORDER_FIELDS,
    PERSONAL_FIELDS,
    CashRegister,
    LandedOrder,
    Order,
    PaymentType,
    PriceList,
    PriceListItem,
    Product,
    ProductGroup,
    Site,
    SiteSettings,
    SitooStore,
    Warehouse,
    read_order,
    read_price_list_item,
    read_warehouse_items,
)

_LATEST = 500
# The domain is kept free of people for good (RFC 2606).
_NOBODY = "nobody@example.invalid"
_IMPERSONAL_FIELDS = tuple(name for name in ORDER_FIELDS if name not in PERSONAL_FIELDS)


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One Sitoo site (market) and everything in it that stands still."""

    site: Site
    settings: SiteSettings
    stores: tuple[SitooStore, ...]
    registers: tuple[CashRegister, ...]
    warehouses: tuple[Warehouse, ...]
    payment_types: tuple[PaymentType, ...]
    product_groups: tuple[ProductGroup, ...]
    products: tuple[Product, ...]
    price_lists: tuple[PriceList, ...]

    @property
    def name(self) -> str:
        """What a person calls the site."""
        return self.settings.eshopname or f"site {self.site.eshopid}"

    def store_of(self, register: CashRegister) -> int | None:
        """Sitoo's storeid of a register, by way of its warehouse (reference section 4); None when there is none."""
        stores = {warehouse.warehouseid: warehouse.storeid for warehouse in self.warehouses}
        return None if register.warehouseid is None else stores.get(register.warehouseid)

    def registers_of(self, storeid: int) -> list[CashRegister]:
        """The registers of a store."""
        return [register for register in self.registers if self.store_of(register) == storeid]


@dataclass(frozen=True, slots=True)
class LatestOrders:
    """The latest orders of all sites (at most 500), and how many of them could not be read."""

    orders: tuple[Order, ...]
    unreadable: int


def read_site(client: SitooClient, site: Site) -> SiteFacts:
    """Everything of a site, its whole catalogue included (a request per 1,000 products). Raises SitooError."""
    number = site.eshopid
    return SiteFacts(
        site=site,
        settings=client.settings(number),
        stores=tuple(client.stores(number)),
        registers=tuple(client.registers(number)),
        warehouses=tuple(client.warehouses(number)),
        payment_types=tuple(client.payment_types(number)),
        product_groups=tuple(client.product_groups(number)),
        products=tuple(product for page in client.products(number) for product in page),
        price_lists=tuple(client.price_lists(number)),
    )


def read_list_prices(client: SitooClient, site: SiteFacts, price_list: PriceList) -> tuple[PriceListItem, ...]:
    """The prices in a price list that can be read (a request per 1,000). Raises SitooError."""
    number, currency = site.site.eshopid, currency_of(price_list, site)
    items = (
        read_price_list_item(raw, number, price_list.pricelistid, currency)
        for page in client.price_list_item_pages(number, price_list.pricelistid)
        for raw in page
    )
    return tuple(item for item in items if isinstance(item, PriceListItem))


def currency_of(price_list: PriceList, site: SiteFacts) -> str:
    """A price list's ISO currency: its own, else the site's."""
    return price_list.currencycode or site.settings.currencycode


def read_no_user(client: SitooClient, site: SiteFacts) -> None:
    """Asks for a user that nobody is, to see whether users may be read. Raises SitooError."""
    for _ in client.user_pages(site.site.eshopid, email=_NOBODY):
        pass


def read_holds_stock(client: SitooClient, site: SiteFacts, warehouse: Warehouse) -> bool:
    """Whether a warehouse holds, or lacks, any unit of anything (a request per 1,000 levels, up to the first).

    A level that cannot be read counts as stock. Raises SitooError.
    """
    for page in client.warehouse_item_pages(site.site.eshopid, warehouse.warehouseid):
        levels, unreadable = read_warehouse_items(page, warehouse.warehouseid)
        if unreadable or any(Decimal(level.decimaltotal) for level in levels):
            return True
    return False


def read_latest_orders(client: SitooClient) -> LatestOrders:
    """The latest orders, without their personal fields. Raises SitooError."""
    first = max(0, client.highest_orderid() - _LATEST + 1)
    pages = client.order_pages(_IMPERSONAL_FIELDS, orderid_from=first, page_size=_LATEST)
    records = [read_order(raw) for page in pages for raw in page]
    orders = tuple(record.order for record in records if isinstance(record, LandedOrder))
    return LatestOrders(orders, len(records) - len(orders))


@dataclass(frozen=True, slots=True)
class LedgerAccount:
    """An account of NetSuite's chart. `kind` is its acctType id; no `subsidiaries` means that all may use it."""

    number: str
    name: str
    kind: str
    subsidiaries: frozenset[str]
    active: bool
    summary: bool


@dataclass(frozen=True, slots=True)
class Subsidiary:
    """A subsidiary; `currency` is its ISO code, `country` that of ISO 3166, `parent` and `id` are internal ids."""

    id: str
    name: str
    currency: str
    parent: str | None
    active: bool
    elimination: bool
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Location:
    """A location with the subsidiaries (internal ids) it is of."""

    id: str
    name: str
    external_id: str | None
    subsidiaries: frozenset[str]
    active: bool


@dataclass(frozen=True, slots=True)
class Period:
    """A base accounting period, both days included, with the locks that matter to us."""

    name: str
    first: date
    last: date
    closed: bool
    all_locked: bool
    ar_locked: bool


@dataclass(frozen=True, slots=True)
class LevelPrices:
    """How many prices a price level has in a currency (ISO)."""

    price_level: str
    currency: str
    prices: int


@dataclass(frozen=True, slots=True)
class ScheduleItems:
    """How many active items of a subsidiary have a tax schedule. None: no schedule; items that are for all of them."""

    tax_schedule: str | None
    subsidiary: str | None
    items: int


@dataclass(frozen=True, slots=True)
class CustomerCount:
    """The customers that the role sees, and how many of them have what they are matched by."""

    customers: int
    with_email: int
    with_mobile: int


async def read_accounts(client: NetSuiteClient) -> tuple[LedgerAccount, ...]:
    """The chart, inactive accounts too, without those that have no number. Raises NetSuiteError."""
    rows = await _all(
        client,
        "SELECT id, acctnumber, accountsearchdisplaynamecopy AS name, accttype, subsidiary, isinactive, issummary"
        " FROM account WHERE id > ? ORDER BY id",
    )
    return tuple(
        LedgerAccount(
            number=row["acctnumber"],
            name=row.get("name", ""),
            kind=row.get("accttype", ""),
            subsidiaries=_ids(row.get("subsidiary")),
            active=row.get("isinactive") != "T",
            summary=row.get("issummary") == "T",
        )
        for row in rows
        if row.get("acctnumber")
    )


async def read_subsidiaries(client: NetSuiteClient) -> tuple[Subsidiary, ...]:
    """Every subsidiary with its currency, inactive ones too. Raises NetSuiteError."""
    rows = await _all(
        client,
        "SELECT s.id, s.name, s.parent, s.isinactive, s.iselimination, s.country, c.symbol"
        " FROM subsidiary s LEFT JOIN currency c ON c.id = s.currency WHERE s.id > ? ORDER BY s.id",
    )
    return tuple(
        Subsidiary(
            id=row["id"],
            name=row.get("name", ""),
            currency=row.get("symbol", ""),
            parent=row.get("parent"),
            active=row.get("isinactive") != "T",
            elimination=row.get("iselimination") == "T",
            country=row.get("country"),
        )
        for row in rows
    )


async def read_locations(client: NetSuiteClient) -> tuple[Location, ...]:
    """Every location, inactive ones too. Raises NetSuiteError."""
    rows = await _all(
        client,
        "SELECT id, name, externalid, subsidiary, isinactive FROM location WHERE id > ? ORDER BY id",
    )
    return tuple(
        Location(
            id=row["id"],
            name=row.get("name", ""),
            external_id=row.get("externalid"),
            subsidiaries=_ids(row.get("subsidiary")),
            active=row.get("isinactive") != "T",
        )
        for row in rows
    )


async def read_periods(client: NetSuiteClient, first: date, last: date) -> tuple[Period, ...]:
    """The base periods that hold any day from `first` to `last` (reference 6, Q6). Raises NetSuiteError."""
    rows = await query(
        client,
        "SELECT periodname, TO_CHAR(startdate, 'YYYY-MM-DD') AS startdate, TO_CHAR(enddate, 'YYYY-MM-DD') AS enddate,"
        " closed, alllocked, arlocked FROM accountingperiod"
        " WHERE isposting = 'T' AND isyear = 'F' AND isquarter = 'F' AND isadjust = 'F'"
        " AND startdate <= TO_DATE(?, 'YYYY-MM-DD') AND enddate >= TO_DATE(?, 'YYYY-MM-DD') ORDER BY startdate",
        [last.isoformat(), first.isoformat()],
    )
    return tuple(
        Period(
            name=row["periodname"],
            first=date.fromisoformat(row["startdate"]),
            last=date.fromisoformat(row["enddate"]),
            closed=row.get("closed") == "T",
            all_locked=row.get("alllocked") == "T",
            ar_locked=row.get("arlocked") == "T",
        )
        for row in rows
    )


async def read_level_prices(client: NetSuiteClient) -> tuple[LevelPrices, ...]:
    """The price levels in which items have a price, by currency, as items are read for the tills (reference 6).

    Raises NetSuiteError.
    """
    rows = await query(
        client,
        "SELECT v.pricelevelname AS name, c.symbol, COUNT(*) AS prices FROM itemprice v"
        " JOIN currency c ON c.id = v.currencypage WHERE v.isinactive = 'F'"
        " GROUP BY v.pricelevelname, c.symbol ORDER BY v.pricelevelname, c.symbol",
    )
    return tuple(LevelPrices(row["name"], row["symbol"], int(row["prices"])) for row in rows if row.get("name"))


async def read_schedule_items(
    client: NetSuiteClient, item_types: Collection[str], till_flag: str | None, without: Collection[str]
) -> tuple[ScheduleItems, ...]:
    """The tax schedules of the active items of these types, `till_flag` ticked where it is given, less these SKUs.

    Raises NetSuiteError.
    """
    ticked = f" AND i.{till_flag} = 'T'" if till_flag else ""
    others = f" AND i.itemid NOT IN ({_marks(without)})" if without else ""
    rows = await query(
        client,
        "SELECT BUILTIN.DF(i.taxschedule) AS name, m.subsidiary, COUNT(*) AS items FROM item i"
        " LEFT JOIN itemsubsidiarymap m ON m.item = i.id"
        f" WHERE i.isinactive = 'F' AND i.itemtype IN ({_marks(item_types)}){ticked}{others}"
        " GROUP BY BUILTIN.DF(i.taxschedule), m.subsidiary",
        [*item_types, *without],
    )
    return tuple(ScheduleItems(row.get("name"), row.get("subsidiary"), int(row["items"])) for row in rows)


async def read_schedule_names(client: NetSuiteClient) -> frozenset[str]:
    """The tax schedules that any item has, whatever its type, by the name that NetSuite shows. Raises NetSuiteError."""
    rows = await query(
        client, "SELECT BUILTIN.DF(taxschedule) AS name, COUNT(*) AS items FROM item GROUP BY BUILTIN.DF(taxschedule)"
    )
    return frozenset(row["name"] for row in rows if row.get("name"))


async def read_item_schedules(client: NetSuiteClient) -> dict[str, str]:
    """Tax schedule by SKU, of the active items that have one (a request per 1,000 items). Raises NetSuiteError."""
    rows = await _all(
        client,
        "SELECT id, itemid, BUILTIN.DF(taxschedule) AS name FROM item WHERE isinactive = 'F' AND id > ? ORDER BY id",
    )
    return {row["itemid"]: row["name"] for row in rows if row.get("name")}


async def read_option_count(client: NetSuiteClient, field: str) -> int:
    """How many items have a value in a field whose shown text is wanted. Raises NetSuiteError where there is none."""
    row = await _one(client, f"SELECT COUNT(BUILTIN.DF({field})) AS items FROM item")
    return int(row["items"])


async def read_ticked_count(client: NetSuiteClient, field: str) -> int:
    """On how many items a check box is ticked. Raises NetSuiteError where there is no such field."""
    row = await _one(client, f"SELECT COUNT(*) AS items FROM item WHERE {field} = 'T'")
    return int(row["items"])


async def read_customer_count(client: NetSuiteClient) -> CustomerCount:
    """The customers, counted by every field that they are matched by, none of them shown. Raises NetSuiteError."""
    row = await _one(
        client,
        "SELECT COUNT(id) AS customers, COUNT(email) AS emails, COUNT(mobilephone) AS mobiles, COUNT(phone) AS phones,"
        " COUNT(externalid) AS externalids, COUNT(firstname) AS firstnames, COUNT(lastname) AS lastnames,"
        " COUNT(companyname) AS companynames, COUNT(subsidiary) AS subsidiaries FROM customer",
    )
    return CustomerCount(int(row["customers"]), int(row["emails"]), int(row["mobiles"]))


def lineage(subsidiary: str, subsidiaries: Iterable[Subsidiary]) -> frozenset[str]:
    """A subsidiary and its parents up to the top, as internal ids: what is theirs may be shared with it."""
    parents: Mapping[str, str | None] = {entry.id: entry.parent for entry in subsidiaries}
    found: list[str] = []
    current: str | None = subsidiary
    while current is not None and current not in found:
        found.append(current)
        current = parents.get(current)
    return frozenset(found)


async def _all(client: NetSuiteClient, sql: str) -> list[dict[str, str]]:
    return [row async for page in keyset(client, sql, "id") for row in page]


async def _one(client: NetSuiteClient, sql: str) -> Row:
    """The row of a query that counts."""
    rows = await query(client, sql)
    if len(rows) != 1:
        raise Unreadable(f"POST {SUITEQL_PATH}", f"a query that counts has {len(rows)} rows")
    return rows[0]


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" for _ in values)


def _ids(value: str | None) -> frozenset[str]:
    # A field that may name several records shows their ids with commas between.
    return frozenset(part.strip() for part in (value or "").split(",") if part.strip())
