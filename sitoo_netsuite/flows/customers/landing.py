"""Landing: the users of Sitoo's sites and NetSuite's customers, whole, since neither can be asked what has changed.

Belongs here: what is asked for and how it is stored. Does not belong here: who is whom (`matching`).

Sitoo filters no users by a modified date (reference 1.4), and an erased customer is only missed by reading all of
them. What is read is staged by page and compared in PostgreSQL, so only what changed is written. All of it is personal
and lives in `restricted`, with the normalised address and number (`email_key`, `mobile_key`) beside it.

Users with a role are Sitoo's staff (reference 4, users): they are counted and left out. Who asked to be forgotten is
left out too, however often the APIs name them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import psycopg
from psycopg import sql

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.customers.identity import normalised_email, normalised_mobile, person_hash
from sitoo_netsuite.flows.customers.queries import (
    forgotten_people,
    forgotten_records,
    one_at_a_time,
    subsidiaries_of_sites,
)
from sitoo_netsuite.flows.sales.quarantine import Quarantine
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import Row, keyset
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.sitoo.models import Rejection, User, read_user
from sitoo_netsuite.warehouse.copying import copy_rows

_CUSTOMERS = """
    SELECT id, externalid, email, mobilephone, phone, firstname, lastname, companyname, isperson, isinactive, subsidiary
    FROM customer WHERE id > ? ORDER BY id
"""
_USER_COLUMNS = (
    "eshopid", "userid", "email", "mobile", "phone", "namefirst", "namelast", "company", "customernumber", "email_key",
    "mobile_key", "created_at", "modified_at", "landed_at",
)  # fmt: skip
_CUSTOMER_COLUMNS = (
    "customer", "externalid", "email", "mobile", "phone", "firstname", "lastname", "companyname", "email_key",
    "mobile_key", "is_person", "inactive", "subsidiary", "landed_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """What one side holds now, and how many of it are new, changed or gone since it was read before."""

    held: int
    new: int
    changed: int
    gone: int


@dataclass(frozen=True, slots=True)
class LandedCustomers:
    """What a landing found: both sides, and whom of Sitoo's users it left out.

    unreadable: users in quarantine; as long as there is one, no user of its site counts as gone.
    """

    users: Stored
    customers: Stored
    staff: int
    unreadable: int
    forgotten: int


async def land_customers(
    connection: psycopg.Connection,
    sitoo_client: SitooClient,
    netsuite_client: NetSuiteClient,
    estate: Estate,
    now: datetime,
) -> LandedCustomers:
    """Replaces both sides by what the APIs hold: users of the sites with a store of the estate, and every customer.

    The registers must have been landed before: they say which sites have stores. Raises SitooError and NetSuiteError;
    the side that could not be read stays as it was then.
    """
    with one_at_a_time(connection):
        users = _Users(connection, estate, now)
        for eshopid, subsidiary in subsidiaries_of_sites(connection, estate).items():
            users.land(sitoo_client, eshopid, estate.by_subsidiary[subsidiary].country)
        forgotten = forgotten_people(connection)
        stage = _Stage(connection, "restricted.netsuite_customers", _CUSTOMER_COLUMNS, ("customer",))
        async for page in keyset(netsuite_client, _CUSTOMERS, "id"):
            rows = [_customer_row(row, estate, now) for row in page]
            stage.add([row for row in rows if not _is_forgotten(row, _CUSTOMER_COLUMNS, forgotten)])
        customers = stage.store(sql.SQL("true"))
        return LandedCustomers(users.stored(), customers, users.staff, users.unreadable, users.forgotten)


class _Users:
    """Lands the users of one site after the other, and counts them."""

    def __init__(self, connection: psycopg.Connection, estate: Estate, now: datetime) -> None:
        self._connection, self._estate, self._now = connection, estate, now
        self._forgotten = forgotten_people(connection)
        self._forgotten_users = forgotten_records(connection, "user")
        self._quarantine = Quarantine(connection, "users", now)
        self._stored: list[Stored] = []
        self.staff = self.unreadable = self.forgotten = 0

    def land(self, client: SitooClient, eshopid: int, country: str | None) -> None:
        stage = _Stage(self._connection, "restricted.sitoo_users", _USER_COLUMNS, ("eshopid", "userid"))
        complete = True
        for page in client.user_pages(eshopid):
            users, rejections = _read(page, eshopid)
            with self._connection.transaction():
                self._quarantine.settle((f"{eshopid}/{user.userid}" for user in users), rejections)
            self.unreadable += len(rejections)
            complete = complete and not rejections
            stage.add(list(self._rows(users, eshopid, country)))
        of_site = sql.SQL("eshopid = {}").format(eshopid) if complete else sql.SQL("false")
        self._stored.append(stage.store(of_site))

    def stored(self) -> Stored:
        row = self._connection.execute("select count(*) from restricted.sitoo_users").fetchone()
        new, changed, gone = (sum(getattr(site, name) for site in self._stored) for name in ("new", "changed", "gone"))
        return Stored(row[0] if row else 0, new, changed, gone)

    def _rows(self, users: Sequence[User], eshopid: int, country: str | None) -> Iterator[tuple[object, ...]]:
        for user in users:
            if user.role is not None:
                self.staff += 1
                continue
            row = (
                eshopid, user.userid, user.email, user.mobile, user.phone, user.namefirst, user.namelast, user.company,
                user.customernumber, normalised_email(user.email), normalised_mobile(user.mobile, user.phone, country),
                _moment(user.datecreated), _moment(user.datemodified), self._now,
            )  # fmt: skip
            if f"{eshopid}/{user.userid}" in self._forgotten_users or _is_forgotten(
                row, _USER_COLUMNS, self._forgotten
            ):
                self.forgotten += 1
                continue
            yield row


def _read(page: Sequence[msgspec.Raw], eshopid: int) -> tuple[list[User], list[Rejection]]:
    records = [read_user(raw, eshopid) for raw in page]
    return (
        [record for record in records if isinstance(record, User)],
        [record for record in records if isinstance(record, Rejection)],
    )


def _customer_row(row: Row, estate: Estate, now: datetime) -> tuple[object, ...]:
    subsidiary = row.get("subsidiary")
    books = estate.by_subsidiary.get(subsidiary or "")
    email, mobile, phone = row.get("email"), row.get("mobilephone"), row.get("phone")
    return (
        int(row["id"]), row.get("externalid"), email, mobile, phone, row.get("firstname"), row.get("lastname"),
        row.get("companyname"), normalised_email(email),
        normalised_mobile(mobile, phone, books.country if books else None), row.get("isperson") == "T",
        row.get("isinactive") == "T", int(subsidiary) if subsidiary else None, now,
    )  # fmt: skip


def _is_forgotten(row: Sequence[object], columns: Sequence[str], forgotten: set[bytes]) -> bool:
    if not forgotten:
        return False
    values = dict(zip(columns, row, strict=True))
    identity = values["email_key"] or values["mobile_key"]
    return identity is not None and person_hash(str(identity)) in forgotten


def _moment(epoch: int | None) -> datetime | None:
    return None if epoch is None else datetime.fromtimestamp(epoch, UTC)


class _Stage:
    """Rows of a table as they are read, by page, to be compared with it at the end. The last column is `landed_at`."""

    def __init__(self, connection: psycopg.Connection, table: str, columns: Sequence[str], key: Sequence[str]) -> None:
        self._connection, self._columns = connection, columns
        self._table = sql.Identifier(*table.split("."))
        self._key = sql.SQL(", ").join(map(sql.Identifier, key))
        connection.execute("drop table if exists staged_customers")
        connection.execute(sql.SQL("create temporary table staged_customers (like {})").format(self._table))

    def add(self, rows: Sequence[Sequence[object]]) -> None:
        copy_rows(self._connection, "staged_customers", self._columns, rows)

    def store(self, all_of: sql.Composable) -> Stored:
        """Brings the table in line, in one commit; rows within `all_of` that were not read are removed."""
        content = self._columns[:-1]
        with self._connection.transaction():
            gone = self._connection.execute(
                sql.SQL(
                    "delete from {table} where {all_of} and ({key}) not in (select {key} from staged_customers)"
                ).format(table=self._table, all_of=all_of, key=self._key)
            ).rowcount
            # xmax is 0 for a row that was inserted. A page that shifts while it is read may show one twice.
            written = self._connection.execute(
                sql.SQL(
                    """
                    insert into {table} as held ({columns})
                    select distinct on ({key}) {columns} from staged_customers
                    on conflict ({key}) do update set {changes}
                        where ({held}) is distinct from ({read})
                    returning xmax = 0
                    """
                ).format(
                    table=self._table,
                    key=self._key,
                    columns=sql.SQL(", ").join(map(sql.Identifier, self._columns)),
                    changes=sql.SQL(", ").join(
                        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in self._columns
                    ),
                    held=sql.SQL(", ").join(sql.Identifier("held", name) for name in content),
                    read=sql.SQL(", ").join(sql.Identifier("excluded", name) for name in content),
                )
            ).fetchall()
            held = self._connection.execute(sql.SQL("select count(*) from {}").format(self._table)).fetchone()
            self._connection.execute("drop table staged_customers")
        new = sum(inserted for (inserted,) in written)
        return Stored(held[0] if held else 0, new, len(written) - new, gone)
