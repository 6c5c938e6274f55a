"""What both systems say about what stands still: shops, tills, tenders, products; accounts, subsidiaries, periods.

Belongs here: reading it, whole, into plain values that `doctor` and `draft` work on. Does not belong here: what is made
of it, and the trade itself (`flows/sales`); of receipts only the latest are read, to see how tills name things.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import keyset, query
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.models import (
    ORDER_FIELDS,
    PERSONAL_FIELDS,
    CashRegister,
    LandedOrder,
    Order,
    PaymentType,
    Product,
    ProductGroup,
    Site,
    SiteSettings,
    SitooStore,
    Warehouse,
    read_order,
)

GIFT_CARD_GROUP = 30  # productgrouptype, reference section 3

_LATEST = 500
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
    )


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
    """A subsidiary; `currency` is its ISO code, `parent` and `id` are internal ids."""

    id: str
    name: str
    currency: str
    parent: str | None
    active: bool
    elimination: bool


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
        "SELECT s.id, s.name, s.parent, s.isinactive, s.iselimination, c.symbol"
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


def _ids(value: str | None) -> frozenset[str]:
    # A field that may name several records shows their ids with commas between.
    return frozenset(part.strip() for part in (value or "").split(",") if part.strip())
