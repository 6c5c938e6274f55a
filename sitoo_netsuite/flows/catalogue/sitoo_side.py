"""Reading what Sitoo's tills have of the catalogue into `landing`.

Belongs here: which products, price lists and prices are asked for (reference sitoo-api, section 4), and storing them.
Does not belong here: what they ought to be (`wanted`), and writing to Sitoo (`push`).

The price of list 1 is the product's own `moneyprice`, so list 1 is read only where a product has volume prices in it.
Other lists have to be read whole: nothing narrows their items. Pages go by COPY into temporary tables as they come; one
transaction a site then replaces the rows that differ and notes their SKUs (`touched`), so that nothing changes if
reading fails half-way.

A product that cannot be read goes to quarantine, and what is known of it stays; so does its existence, lest it be made
a second time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from sitoo_netsuite.estate import DEFAULT_PRICE_LIST, Estate
from sitoo_netsuite.flows.catalogue.touched import touch
from sitoo_netsuite.flows.sales.quarantine import Quarantine
from sitoo_netsuite.money import to_minor
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.models import (
    GIFT_CARD_GROUP,
    UNREADABLE,
    Id,
    Name,
    PriceListItem,
    Product,
    ProductGroup,
    Rejection,
    can_be_asked_for,
    read_price_list_item,
    read_product,
)
from sitoo_netsuite.warehouse.copying import copy_rows
from sitoo_netsuite.warehouse.locks import alone

# `datelastmodified` goes by Sitoo's clock, the watermark by ours; it also covers what was being saved meanwhile.
_OVERLAP = timedelta(minutes=15)

_PRODUCT_COLUMNS = (
    "eshopid", "productid", "sku", "title", "barcode", "vatid", "active_pos", "main_variant", "attributes",
    "modified_at", "landed_at",
)  # fmt: skip
_PRODUCT_CONTENT = ", ".join(_PRODUCT_COLUMNS[:-2])
_ITEM_COLUMNS = ("eshopid", "pricelistid", "productid", "price_minor", "volume_prices")


@dataclass(frozen=True, slots=True)
class TillCatalogue:
    """What a reading of all sites brought. `changed`: SKUs that are not as they were; `rejected` are in quarantine."""

    products: dict[int, int]  # by eshopid
    price_lists: int
    changed: int
    rejected: int


def land_till_catalogue(
    connection: psycopg.Connection, client: SitooClient, estate: Estate, now: datetime
) -> TillCatalogue:
    """Makes the catalogue tables of `landing` what Sitoo has, at every site that the estate fills a price list of.

    A request per 1,000 products and per 1,000 prices of a list, and three a site besides. Only this notices products,
    lists and prices that are gone, and changes of VAT groups and lists. `now` is the moment before the first request.
    Raises SitooError; the site being read stays as it was then.
    """
    products: dict[int, int] = {}
    lists = rejected = 0
    changed: set[str] = set()
    for eshopid in estate.catalogue_sites:
        with alone(connection, f"landing products {eshopid}"):
            site = _read_site(client, eshopid)
            reading = _Reading(connection, client, eshopid, site.currency, site.list_currencies, now)
            reading.add_products()
            reading.add_missing_products()
            reading.add_lists([number for number in site.list_currencies if number != DEFAULT_PRICE_LIST])
            if reading.has_volume_prices:
                reading.add_lists([DEFAULT_PRICE_LIST])
            with connection.transaction():
                _store_site(connection, site, now)
                connection.execute(
                    "insert into products_about select productid from landing.products where eshopid = %s", [eshopid]
                )
                # Lists that are gone, too.
                connection.execute(
                    "insert into read_lists select pricelistid from landing.price_list_items "
                    "where eshopid = %s and pricelistid <> %s group by 1",
                    (eshopid, DEFAULT_PRICE_LIST),
                )
                skus = reading.store()
                touch(connection, skus)
                _move_watermark(connection, eshopid, now)
            changed |= skus
            rejected += reading.rejected
        lists += len(site.list_currencies)
        row = connection.execute("select count(*) from landing.products where eshopid = %s", [eshopid]).fetchone()
        products[eshopid] = row[0] if row else 0
    return TillCatalogue(products, lists, len(changed), rejected)


def land_changed_products(
    connection: psycopg.Connection, client: SitooClient, estate: Estate, now: datetime
) -> set[str]:
    """Stores the products that were changed in Sitoo since the last reading, with their price of list 1; the SKUs that
    are not as they were.

    A site that was never read is read whole. Raises SitooError; the site being read stays as it was then.
    """
    changed: set[str] = set()
    for eshopid in estate.catalogue_sites:
        since = connection.execute(
            "select position from landing.cursors where source = 'products' and key = %s", [str(eshopid)]
        ).fetchone()
        site = _landed_site(connection, eshopid)
        if since is None or site is None:
            land_till_catalogue(connection, client, estate, now)
            return {sku for (sku,) in connection.execute("select distinct sku from landing.products")}
        with alone(connection, f"landing products {eshopid}"):
            reading = _Reading(connection, client, eshopid, *site, now)
            reading.add_products(modified_after=since[0] - int(_OVERLAP.total_seconds()))
            with connection.transaction():
                skus = reading.store()
                touch(connection, skus)
                _move_watermark(connection, eshopid, now)
        changed |= skus
    return changed


def reread_products(
    connection: psycopg.Connection,
    client: SitooClient,
    estate: Estate,
    eshopid: int,
    skus: Collection[str],
    lists: Collection[int],
    now: datetime,
) -> set[str]:
    """Stores the products with these SKUs as they are now, a request per hundred, and the prices of whole `lists` other
    than the default one, a request per 1,000; the SKUs that are not as they were.

    The SKUs are not noted as touched: whoever asks is about to compare them, or has just written them. A product that
    is no longer there is forgotten, but for one whose SKU cannot be asked for. A site that was never read is read
    whole. Raises SitooError; nothing is changed then.
    """
    site = _landed_site(connection, eshopid)
    if site is None:
        land_till_catalogue(connection, client, estate, now)
        return set(skus)
    with alone(connection, f"landing products {eshopid}"):
        reading = _Reading(connection, client, eshopid, *site, now)
        reading.add_products(skus=skus)
        reading.add_lists(sorted(lists))
        with connection.transaction():
            connection.execute(
                "insert into products_about "
                "select productid from landing.products where eshopid = %s and sku = any(%s)",
                (eshopid, [sku for sku in skus if can_be_asked_for(sku)]),
            )
            return reading.store()


@dataclass(frozen=True, slots=True)
class _Site:
    """What stands around a site's products."""

    eshopid: int
    currency: str
    prices_with_vat: bool | None
    groups: Sequence[ProductGroup]
    list_currencies: dict[int, str]  # by pricelistid
    list_rows: Sequence[tuple[object, ...]]


def _read_site(client: SitooClient, eshopid: int) -> _Site:
    settings = client.settings(eshopid)
    lists = client.price_lists(eshopid)
    currencies = {entry.pricelistid: entry.currencycode or settings.currencycode for entry in lists}
    rows = [
        (
            eshopid, entry.pricelistid, entry.pricelistname, entry.active is not False, currencies[entry.pricelistid],
            entry.tags or [],
        )
        for entry in lists
    ]  # fmt: skip
    groups = client.product_groups(eshopid)
    return _Site(eshopid, settings.currencycode, settings.pricesstoredwithvat, groups, currencies, rows)


def _store_site(connection: psycopg.Connection, site: _Site, now: datetime) -> None:
    for table in ("sites", "product_groups", "price_lists"):
        connection.execute(f"delete from landing.{table} where eshopid = %s".encode(), [site.eshopid])
    connection.execute(
        "insert into landing.sites (eshopid, currency, prices_with_vat, landed_at) values (%s, %s, %s, %s)",
        (site.eshopid, site.currency, site.prices_with_vat, now),
    )
    groups = (
        (site.eshopid, group.vatid, _rate_bp(group), group.productgrouptype or 0, group.productgroupname)
        for group in site.groups
    )
    copy_rows(connection, "landing.product_groups", ("eshopid", "vatid", "rate_bp", "group_type", "name"), groups)
    columns = ("eshopid", "pricelistid", "name", "active", "currency", "tags")
    copy_rows(connection, "landing.price_lists", columns, site.list_rows)


def _rate_bp(group: ProductGroup) -> int | None:
    """The VAT rate in basis points. A group that names none has an unknown one, but for gift cards: theirs is 0."""
    if group.value is None:
        return 0 if group.productgrouptype == GIFT_CARD_GROUP else None
    return round(group.value * 100)


def _landed_site(connection: psycopg.Connection, eshopid: int) -> tuple[str, dict[int, str]] | None:
    """The currency of a site and of each of its price lists, as landed last; None when it never was."""
    row = connection.execute("select currency from landing.sites where eshopid = %s", [eshopid]).fetchone()
    if row is None:
        return None
    lists = connection.execute("select pricelistid, currency from landing.price_lists where eshopid = %s", [eshopid])
    return row[0], dict(lists.fetchall())


class _ProductKey(msgspec.Struct):
    """The least that tells a product."""

    productid: Id
    sku: Name


_product_key = msgspec.json.Decoder(_ProductKey)


class _Reading:
    """Products and prices of a site on their way from Sitoo into `landing`, held in temporary tables.

    `products_about` holds the productids of landed products that the reading speaks of besides those it brings: what is
    in it and does not come is gone. `read_lists` holds the lists that were read whole.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        client: SitooClient,
        eshopid: int,
        currency: str,
        list_currencies: dict[int, str],
        now: datetime,
    ) -> None:
        self._connection, self._client, self._now = connection, client, now
        self._eshopid, self._list_currencies = eshopid, list_currencies
        self._default_currency = list_currencies.get(DEFAULT_PRICE_LIST, currency)
        self.has_volume_prices = False
        self.rejected = 0
        for statement in (
            "create temporary table if not exists incoming_products (like landing.products)",
            "create temporary table if not exists incoming_list_prices (like landing.price_list_items)",
            "create temporary table if not exists unread_products (productid bigint, sku text)",
            "create temporary table if not exists read_lists (pricelistid integer)",
            "create temporary table if not exists products_about (productid bigint)",
            "create temporary table if not exists differing_products (productid bigint)",
            "create temporary table if not exists moved_list_prices (pricelistid integer, productid bigint)",
            # Null: there are some, and they were not read.
            "alter table incoming_list_prices alter volume_prices drop not null",
            "truncate incoming_products, incoming_list_prices, unread_products, read_lists",
            "truncate products_about, differing_products, moved_list_prices",
        ):
            connection.execute(statement.encode())

    def add_products(self, *, skus: Iterable[str] | None = None, modified_after: int | None = None) -> None:
        """Reads the site's products, or those named, with their price of list 1."""
        quarantine = Quarantine(self._connection, "products", self._now)
        for page in self._client.product_pages(self._eshopid, skus=skus, modified_after=modified_after):
            records = [read_product(raw, self._eshopid, self._default_currency) for raw in page]
            products = [record for record in records if isinstance(record, Product)]
            rejections = [record for record in records if isinstance(record, Rejection)]
            self.has_volume_prices |= any(product.pricelisthasvolume for product in products)
            copy_rows(self._connection, "incoming_products", _PRODUCT_COLUMNS, map(self._product_row, products))
            prices = map(self._default_price_row, (product for product in products if product.moneyprice))
            copy_rows(self._connection, "incoming_list_prices", _ITEM_COLUMNS, prices)
            keys = (key for rejection in rejections if (key := _key_of(rejection)) is not None)
            copy_rows(
                self._connection, "unread_products", ("productid", "sku"), ((key.productid, key.sku) for key in keys)
            )
            with self._connection.transaction():
                quarantine.settle((f"{self._eshopid}/{product.productid}" for product in products), rejections)
            self.rejected += len(rejections)

    def add_missing_products(self) -> None:
        """Asks by SKU for the landed products that did not come, before they are taken to be gone.

        Sitoo's pages are by offset: a product deleted while they are read moves another one past us.
        """
        rows = self._connection.execute(
            """
            select sku from landing.products where eshopid = %s
            and productid not in (select productid from incoming_products union select productid from unread_products)
            """,
            [self._eshopid],
        )
        self.add_products(skus={sku for (sku,) in rows})

    def add_lists(self, numbers: Iterable[int]) -> None:
        """Reads price lists whole. Of the default one they replace what the products said."""
        quarantine = Quarantine(self._connection, "price_list_items", self._now)
        for number in numbers:
            if number == DEFAULT_PRICE_LIST:
                self._connection.execute("delete from incoming_list_prices where pricelistid = %s", [number])
            copy_rows(self._connection, "read_lists", ("pricelistid",), [(number,)])
            currency, place = self._list_currencies[number], f"{self._eshopid}/{number}"
            for page in self._client.price_list_item_pages(self._eshopid, number):
                records = [read_price_list_item(raw, self._eshopid, number, currency) for raw in page]
                items = [record for record in records if isinstance(record, PriceListItem)]
                rejections = [record for record in records if isinstance(record, Rejection)]
                rows = [row for item in items if (row := self._price_row(item, number, currency)) is not None]
                copy_rows(self._connection, "incoming_list_prices", _ITEM_COLUMNS, rows)
                with self._connection.transaction():
                    quarantine.settle((f"{place}/{item.productid}" for item in items), rejections)
                self.rejected += len(rejections)

    def _product_row(self, product: Product) -> tuple[object, ...]:
        modified = product.datemodified
        return (
            self._eshopid, product.productid, product.sku, product.title or "", product.barcode or "", product.vatid,
            product.activepos is not False, product.variantparentid,
            Jsonb([[attribute.name, attribute.value] for attribute in product.variant or ()]),
            datetime.fromtimestamp(modified, UTC) if modified is not None else None, self._now,
        )  # fmt: skip

    def _default_price_row(self, product: Product) -> tuple[object, ...]:
        price = to_minor(product.moneyprice or "", self._default_currency)
        volume = None if product.pricelisthasvolume else Jsonb([])
        return self._eshopid, DEFAULT_PRICE_LIST, product.productid, price, volume

    def _price_row(self, item: PriceListItem, number: int, currency: str) -> tuple[object, ...] | None:
        """None where the price is of a SKU that no product of the site has."""
        productid = item.productid if item.productid is not None else self._productid(item.sku or "")
        if productid is None:
            return None
        volume = [[level.levelstart, to_minor(level.moneyprice, currency)] for level in item.moneypricevolume or ()]
        return self._eshopid, number, productid, to_minor(item.moneyprice, currency), Jsonb(volume)

    def _productid(self, sku: str) -> int | None:
        row = self._connection.execute(
            """
            select min(productid) from (
                select productid from incoming_products where sku = %(sku)s
                union select productid from landing.products where eshopid = %(eshopid)s and sku = %(sku)s
            ) known
            """,
            {"sku": sku, "eshopid": self._eshopid},
        ).fetchone()
        return row[0] if row else None

    def store(self) -> set[str]:
        """Replaces what differs, in the caller's transaction; the SKUs that are not as they were."""
        connection, site = self._connection, {"eshopid": self._eshopid, "now": self._now}
        connection.execute("delete from products_about where productid in (select productid from unread_products)")
        connection.execute(
            """
            update incoming_list_prices i set volume_prices = coalesce((
                select l.volume_prices from landing.price_list_items l
                where (l.eshopid, l.pricelistid, l.productid) = (i.eshopid, i.pricelistid, i.productid)
            ), '[]')
            where i.volume_prices is null
            """
        )
        connection.execute("analyze incoming_products, incoming_list_prices, products_about")
        connection.execute(
            f"""
            insert into differing_products
            select productid from (
                select {_PRODUCT_CONTENT} from incoming_products
                except select {_PRODUCT_CONTENT} from landing.products where eshopid = %(eshopid)s
            ) news
            union (select productid from products_about except select productid from incoming_products)
            """.encode(),
            site,
        )
        connection.execute(
            # Every write moves it, ours too: not worth a comparison by itself.
            """
            update landing.products p set modified_at = i.modified_at from incoming_products i
            where p.eshopid = %(eshopid)s and p.productid = i.productid and p.modified_at is distinct from i.modified_at
            """,
            site,
        )
        connection.execute(
            """
            with landed as (
                select * from landing.price_list_items l where eshopid = %(eshopid)s and (
                    pricelistid in (select pricelistid from read_lists)
                    or productid in (table products_about except select productid from incoming_products)
                    or pricelistid = 1 and productid in (select productid from incoming_products)
                )
            )
            insert into moved_list_prices
            select pricelistid, productid from (table incoming_list_prices except table landing.price_list_items) news
            union select pricelistid, productid from (table landed except table incoming_list_prices) olds
            """,
            site,
        )
        touched = connection.execute(
            """
            with ids as (select productid from differing_products union select productid from moved_list_prices)
            select sku from incoming_products where productid in (table ids)
            union select sku from landing.products where eshopid = %(eshopid)s and productid in (table ids)
            union select sku from unread_products u
                where not exists (
                    select from landing.products p where p.eshopid = %(eshopid)s and p.productid = u.productid
                )
            """,
            site,
        )
        skus = {sku for (sku,) in touched}
        names = ", ".join(_PRODUCT_COLUMNS)
        for statement in (
            "delete from landing.products where eshopid = %(eshopid)s and productid in (table differing_products)",
            # A page that moved while it was read may bring a product twice.
            f"""
            insert into landing.products ({names})
            select distinct on (productid) {names} from incoming_products
            where productid in (table differing_products)
            order by productid, modified_at desc nulls last
            """,
            """
            insert into landing.products (eshopid, productid, sku, title, barcode, active_pos, attributes, landed_at)
            select %(eshopid)s, productid, sku, '', '', false, '[]', %(now)s from unread_products
            on conflict (eshopid, productid) do nothing
            """,
            """
            delete from landing.price_list_items where eshopid = %(eshopid)s
            and (pricelistid, productid) in (table moved_list_prices)
            """,
            """
            insert into landing.price_list_items
            select distinct on (pricelistid, productid) * from incoming_list_prices
            where (pricelistid, productid) in (table moved_list_prices)
            order by pricelistid, productid
            """,
        ):
            connection.execute(statement.encode(), site)
        return skus


def _key_of(rejection: Rejection) -> _ProductKey | None:
    try:
        return _product_key.decode(rejection.body)
    except UNREADABLE:
        return None


def _move_watermark(connection: psycopg.Connection, eshopid: int, now: datetime) -> None:
    connection.execute(
        """
        insert into landing.cursors (source, key, position, moved_at) values ('products', %s, %s, %s)
        on conflict (source, key) do update set position = excluded.position, moved_at = excluded.moved_at
        """,
        (str(eshopid), int(now.timestamp()), now),
    )
