"""The tables of the customers: what was landed of people, and what became of each of them.

Belongs here: SQL, and turning rows into the types of `matching`. Does not belong here: rules, HTTP.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from sitoo_netsuite.estate import CustomerSettings, Estate
from sitoo_netsuite.flows.customers.identity import (
    PersonName,
    addresses_in,
    normalised_email,
    normalised_mobile,
    normalised_placeholder,
    person_hash,
    person_name,
)
from sitoo_netsuite.flows.customers.matching import (
    Customer,
    Decision,
    Known,
    Person,
    Rules,
    Source,
    State,
    TypedIn,
    shared_identities,
)
from sitoo_netsuite.warehouse.locks import alone

_FINAL = [State.LINKED, State.FORGOTTEN, State.ERASED]

# People who were linked to a customer that NetSuite no longer has.
_GONE = """
    (l.state = 'linked' and l.customer <> all(%(still_there)s)
     and not exists (select from restricted.netsuite_customers held where held.customer = l.customer))
"""
# The customer that was asked for, where it is not known whether it was made.
_ASKED_FOR = "case l.state when 'in_doubt' then l.external_id end"


def subsidiaries_of_sites(connection: psycopg.Connection, estate: Estate) -> dict[int, str]:
    """The subsidiary of each Sitoo site that has a store of the estate: the one that most of its stores are of.

    By the registers that were landed; of two with as many stores, the one with the lower internal id.
    """
    rows = connection.execute("select distinct eshopid, storeid from landing.registers where storeid is not null")
    stores: defaultdict[int, Counter[str]] = defaultdict(Counter)
    for eshopid, storeid in rows:
        if (store := estate.by_sitoo_store.get(storeid)) is not None:
            stores[eshopid][store.subsidiary] += 1
    return {
        eshopid: min(count, key=lambda subsidiary: (-count[subsidiary], int(subsidiary)))
        for eshopid, count in sorted(stores.items())
    }


def forgotten_people(connection: psycopg.Connection) -> set[bytes]:
    """Hashes of the addresses and numbers of people who asked to be forgotten."""
    return {bytes(person) for (person,) in connection.execute("select person from restricted.forgotten")}


def forgotten_records(connection: psycopg.Connection, source: str) -> set[str]:
    """Records of people who asked to be forgotten, whatever address they have now."""
    rows = connection.execute(
        "select record from master.customer_links where source = %s and state = 'forgotten'", [source]
    )
    return {record for (record,) in rows}


def normalise_contacts(connection: psycopg.Connection) -> None:
    """Gives the contacts on receipts that were landed since the last time their normalised address."""
    rows = connection.execute(
        "select distinct email from restricted.customer_contact where email_key is null and email <> ''"
    )
    typed = [email for (email,) in rows]
    connection.execute(
        """
        update restricted.customer_contact c set email_key = given.email_key
        from unnest(%s::text[], %s::text[]) as given (email, email_key)
        where c.email_key is null and c.email = given.email
        """,
        (typed, [normalised_email(email) or "" for email in typed]),
    )


def read_people(
    connection: psycopg.Connection, estate: Estate, settings: CustomerSettings, still_there: Collection[int] = ()
) -> list[Person]:
    """Everybody of whom it is not settled which customer they are; those whose customer is gone first, users next.

    still_there: customers that were not landed and that NetSuite has all the same.
    """
    there = list(still_there)
    people = [*_users(connection, estate, there), *_receipts(connection, estate, settings, there)]
    return sorted(people, key=lambda person: not person.gone)


def _users(connection: psycopg.Connection, estate: Estate, still_there: Sequence[int]) -> Iterator[Person]:
    subsidiaries = subsidiaries_of_sites(connection, estate)
    rows = connection.execute(
        f"""
        select u.eshopid, u.eshopid || '/' || u.userid, u.email, u.mobile, u.phone, u.namefirst, u.namelast, u.company,
               u.email_key, u.mobile_key, {_ASKED_FOR}, coalesce({_GONE}, false),
               case l.state when 'ambiguous' then l.person end
        from restricted.sitoo_users u
        left join master.customer_links l on l.source = 'user' and l.record = u.eshopid || '/' || u.userid
        where l.state is null or l.state <> all(%(final)s) or {_GONE}
        order by u.created_at, u.eshopid, u.userid
        """,
        {"final": _FINAL, "still_there": list(still_there)},
    )
    for eshopid, record, *typed, email, mobile, external_id, gone, left_open in rows:
        contact = TypedIn(*(text or "" for text in typed))
        yield Person(
            Source.USER, record, email, mobile, _name(contact), contact, subsidiaries.get(eshopid),
            may_make=eshopid in subsidiaries, gone=gone, external_id=external_id,
            left_open=None if left_open is None else bytes(left_open),
        )  # fmt: skip


def _receipts(
    connection: psycopg.Connection, estate: Estate, settings: CustomerSettings, still_there: Sequence[int]
) -> Iterator[Person]:
    """People on till sales of the estate's stores since go-live; a receipt has no field for a mobile number."""
    rows = connection.execute(
        f"""
        select c.orderid, r.store, r.trading_day, c.email, c.email_key, c.phone, c.namefirst, c.namelast, c.company,
               %(consent)s::text is null or o.payload -> 'additionaldata' ->> %(consent)s = 'true',
               {_ASKED_FOR}, coalesce({_GONE}, false)
        from restricted.customer_contact c
        join model.receipts r on r.orderid = c.orderid and r.excluded is null and r.store = any(%(stores)s)
        left join landing.orders o
            on %(consent)s::text is not null and o.order_day = c.order_day and o.orderid = c.orderid
        left join master.customer_links l on l.source = 'receipt' and l.record = c.orderid::text
        where l.state is null or l.state <> all(%(final)s) or {_GONE}
        order by c.orderid
        """,
        {
            "consent": settings.consent_key,
            "stores": list(estate.by_store),
            "final": _FINAL,
            "still_there": list(still_there),
        },
    )
    for orderid, key, day, typed, email, phone, namefirst, namelast, company, agreed, external_id, gone in rows:
        store = estate.by_store[key]
        if day < store.go_live.sales:
            continue
        if email is None:
            email = normalised_email(typed)  # landed since the addresses were normalised last
        contact = TypedIn(typed or "", "", phone or "", namefirst or "", namelast or "", company or "")
        yield Person(
            Source.RECEIPT, str(orderid), email or None,
            normalised_mobile(None, phone, estate.books_of(store).country), _name(contact), contact, store.subsidiary,
            may_make=settings.from_receipts and bool(agreed), gone=gone, external_id=external_id,
        )  # fmt: skip


def _name(contact: TypedIn) -> PersonName:
    return person_name(contact.namefirst, contact.namelast, contact.company)


def read_customers(connection: psycopg.Connection) -> Iterator[Customer]:
    """NetSuite's customers as they were landed, by internal id."""
    rows = connection.execute(
        """
        select customer, externalid, email_key, mobile_key, firstname, lastname, companyname, subsidiary, inactive
        from restricted.netsuite_customers order by customer
        """
    )
    for customer, external_id, email, mobile, first, last, company, subsidiary, inactive in rows:
        name = person_name(first, last, company)
        own = None if subsidiary is None else str(subsidiary)
        yield Customer(customer, external_id, email, mobile, name, own, inactive)


def read_known(connection: psycopg.Connection, estate: Estate) -> Iterator[Known]:
    """What the people who are linked are known by: NetSuite may have other addresses, numbers and names of them."""
    users = connection.execute(
        """
        select l.customer, u.email_key, u.mobile_key, u.namefirst, u.namelast, u.company
        from master.customer_links l
        join restricted.sitoo_users u on l.record = u.eshopid || '/' || u.userid
        where l.source = 'user' and l.state = 'linked'
        order by l.customer, l.record
        """
    )
    for customer, email, mobile, *name in users:
        yield Known(customer, email, mobile, person_name(*name))
    receipts = connection.execute(
        """
        select distinct l.customer, r.store, nullif(c.email_key, ''), c.phone, c.namefirst, c.namelast, c.company
        from master.customer_links l
        join restricted.customer_contact c on c.orderid = case l.source when 'receipt' then l.record::bigint end
        join model.receipts r on r.orderid = c.orderid and r.store = any(%s)
        where l.state = 'linked'
        order by 1, 2, 3, 4, 5, 6, 7
        """,
        [list(estate.by_store)],
    )
    for customer, store, email, phone, *name in receipts:
        country = estate.books_of(estate.by_store[store]).country
        yield Known(customer, email, normalised_mobile(None, phone, country), person_name(*name))


def read_rules(connection: psycopg.Connection, estate: Estate, settings: CustomerSettings) -> Rules:
    """What the estate and the tables say of whom not to match and not to make."""
    return Rules(
        placeholders=frozenset(map(normalised_placeholder, settings.placeholders)),
        shared=shared_identities(_names_by_identity(connection, settings.shared_by), settings.shared_by),
        forgotten=forgotten_people(connection),
        erased=_erased_people(connection, estate),
    )


def _erased_people(connection: psycopg.Connection, estate: Estate) -> set[bytes]:
    """Hashes of every address and number of people who were erased in NetSuite."""
    links = connection.execute(
        "select distinct person from master.customer_links where state = 'erased' and person is not null"
    )
    erased = {bytes(person) for (person,) in links}
    users = connection.execute(
        """
        select u.email_key, u.mobile_key
        from master.customer_links l join restricted.sitoo_users u on l.record = u.eshopid || '/' || u.userid
        where l.source = 'user' and l.state = 'erased'
        """
    )
    known = {identity for row in users for identity in row}
    receipts = connection.execute(
        """
        select distinct r.store, nullif(c.email_key, ''), c.phone
        from master.customer_links l
        join restricted.customer_contact c on c.orderid = case l.source when 'receipt' then l.record::bigint end
        join model.receipts r on r.orderid = c.orderid and r.store = any(%s)
        where l.state = 'erased'
        """,
        [list(estate.by_store)],
    )
    for store, email, phone in receipts:
        country = estate.books_of(estate.by_store[store]).country
        known |= {email, normalised_mobile(None, phone, country)}
    return erased | {person_hash(identity) for identity in known if identity}


def _names_by_identity(connection: psycopg.Connection, shared_by: int) -> dict[str, set[PersonName]]:
    """Addresses and numbers that stand on so many differently written names in Sitoo, with these names."""
    rows = connection.execute(
        """
        with named as (
            select email_key as identity, namefirst, namelast, company from restricted.sitoo_users
            union all
            select mobile_key, namefirst, namelast, company from restricted.sitoo_users
            union all
            select nullif(email_key, ''), namefirst, namelast, company from restricted.customer_contact
        ), apart as (
            select distinct identity, lower(coalesce(namefirst, '')) as namefirst,
                   lower(coalesce(namelast, '')) as namelast, lower(coalesce(company, '')) as company
            from named where identity is not null
        )
        select identity, namefirst, namelast, company from (
            select *, count(*) over (partition by identity) as spellings from apart
        ) counted where spellings >= %s
        """,
        [shared_by],
    )
    names: defaultdict[str, set[PersonName]] = defaultdict(set)
    for identity, namefirst, namelast, company in rows:
        names[identity].add(person_name(namefirst, namelast, company))
    return names


@dataclass(frozen=True, slots=True)
class Link:
    """A row of master.customer_links, without when it changed."""

    source: Source
    record: str
    state: State
    customer: int | None
    matched_by: str | None
    external_id: str | None
    person: bytes | None
    detail: str = ""


def link_of(decision: Decision) -> Link:
    """What is kept of a decision: of the forgotten nothing that leads from an address to their receipts."""
    person, made = decision.person, decision.customer
    identity = None if decision.state is State.FORGOTTEN else decision.identity
    return Link(
        person.source, person.record, decision.state, made.customer if made else None, decision.matched_by,
        made.external_id if made else None, identity, decision.detail,
    )  # fmt: skip


def save_links(connection: psycopg.Connection, links: Iterable[Link], now: datetime) -> int:
    """Writes what became of people, in one commit; how many rows are new or changed."""
    rows = [
        (
            link.source.value, link.record, link.state.value, link.customer, link.matched_by, link.external_id,
            link.person, link.detail,
        )
        for link in links
    ]  # fmt: skip
    if not rows:
        return 0
    return connection.execute(
        """
        insert into master.customer_links as held
            (source, record, state, customer, matched_by, external_id, person, detail, changed_at)
        select *, %s from unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bytea[],
                                 %s::text[])
        on conflict (source, record) do update
            set state = excluded.state, customer = excluded.customer, matched_by = excluded.matched_by,
                external_id = excluded.external_id, detail = excluded.detail,
                -- Somebody erased may have changed address since they were linked: by the old one they are known still.
                person = case excluded.state
                    when 'erased' then coalesce(held.person, excluded.person) else excluded.person end,
                changed_at = excluded.changed_at
            where (held.state, held.customer, held.matched_by, held.external_id, held.person, held.detail)
                is distinct from (excluded.state, excluded.customer, excluded.matched_by, excluded.external_id,
                                  excluded.person, excluded.detail)
        """,
        [now, *map(list, zip(*rows, strict=True))],
    ).rowcount


def drop_links_of_nobody(connection: psycopg.Connection) -> int:
    """Removes what is left open of people whom Sitoo no longer names; how many there were.

    Whoever is linked, erased or forgotten stays, and so does whoever NetSuite may be making right now.
    """
    return connection.execute(
        """
        delete from master.customer_links l
        where l.state in ('planned', 'ambiguous', 'refused', 'anonymous')
          and case l.source
              when 'user' then not exists (
                  select from restricted.sitoo_users u where l.record = u.eshopid || '/' || u.userid)
              else not exists (select from restricted.customer_contact c where l.record = c.orderid::text)
          end
        """
    ).rowcount


def customers_gone(connection: psycopg.Connection) -> list[int]:
    """Customers somebody is linked to that were not among those landed last."""
    rows = connection.execute(
        f"select distinct l.customer from master.customer_links l where {_GONE} order by 1", {"still_there": []}
    )
    return [customer for (customer,) in rows]


def purge_forgotten(connection: psycopg.Connection, estate: Estate) -> None:
    """Removes what was typed in of people who asked to be forgotten and has been landed since.

    By their links; by their address, on receipts that nobody is linked by too, and in bodies that cannot be read; and
    by their number alone where no address stands beside it: with another address it may be its next owner's.
    """
    connection.execute(
        """
        delete from restricted.sitoo_users u using master.customer_links l
        where l.source = 'user' and l.state = 'forgotten' and l.record = u.eshopid || '/' || u.userid
        """
    )
    connection.execute(
        """
        delete from restricted.customer_contact c using master.customer_links l
        where l.state = 'forgotten' and c.orderid = case l.source when 'receipt' then l.record::bigint end
        """
    )
    forgotten = forgotten_people(connection)
    if not forgotten:
        return
    connection.execute(
        """
        delete from restricted.customer_contact
        where email_key <> '' and sha256(convert_to(email_key, 'UTF8')) in (select person from restricted.forgotten)
        """
    )
    rows = connection.execute(
        """
        select c.orderid, c.phone from restricted.customer_contact c
        where c.phone <> '' and coalesce(c.email_key, '') = ''
          and not exists (select from master.customer_links l where l.source = 'receipt' and l.record = c.orderid::text)
        """
    )
    countries = {books.country for books in estate.books}
    of_forgotten = [
        orderid
        for orderid, phone in rows
        if any(
            number and person_hash(number) in forgotten
            for number in (normalised_mobile(None, phone, country) for country in countries)
        )
    ]
    connection.execute("delete from restricted.customer_contact where orderid = any(%s)", [of_forgotten])
    remove_bodies_naming(connection, forgotten)


def remove_bodies_naming(connection: psycopg.Connection, people: Collection[bytes]) -> int:
    """Takes away what is kept of unreadable records that hold an address of these people (hashes); how many.

    A body that cannot be read is text to us, so it goes as a whole; its digest and the reason stay.
    """
    rows = connection.execute("select id, body from restricted.quarantine where body is not null")
    naming = [
        number for number, body in rows if any(person_hash(email) in people for email in addresses_in(bytes(body)))
    ]
    connection.execute("update restricted.quarantine set body = null where id = any(%s)", [naming])
    return len(naming)


def customers_asked_for(connection: psycopg.Connection) -> int:
    """The last of the customers gone (internal id) that NetSuite was asked for, by whatever run; 0 before the first."""
    row = connection.execute("select position from landing.cursors where source = 'customers_gone'").fetchone()
    return row[0] if row else 0


def note_customers_asked_for(connection: psycopg.Connection, last: int, now: datetime) -> None:
    """Where the next run goes on asking."""
    connection.execute(
        """
        insert into landing.cursors (source, key, position, moved_at) values ('customers_gone', '', %s, %s)
        on conflict (source, key) do update set position = excluded.position, moved_at = excluded.moved_at
        """,
        (last, now),
    )


@contextmanager
def one_at_a_time(connection: psycopg.Connection) -> Iterator[None]:
    """Nobody else lands, links or forgets people meanwhile: nobody is made by two, or comes back while forgotten."""
    with alone(connection, "customers"):
        yield


def add_customer(
    connection: psycopg.Connection, internal_id: int, body: Mapping[str, Any], made: Customer, now: datetime
) -> None:
    """Notes a customer that was just made of `body` as if it had been landed: nobody is made twice until it is."""
    connection.execute(
        """
        insert into restricted.netsuite_customers
            (customer, externalid, email, mobile, phone, firstname, lastname, companyname, email_key, mobile_key,
             is_person, inactive, subsidiary, landed_at)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, false, %s, %s)
        on conflict (customer) do nothing
        """,
        (
            internal_id, made.external_id, body.get("email"), body.get("mobilePhone"), body.get("phone"),
            body.get("firstName"), body.get("lastName"), body.get("companyName"), made.email, made.mobile,
            body["isPerson"], int(made.subsidiary) if made.subsidiary else None, now,
        ),
    )  # fmt: skip


def count_links(connection: psycopg.Connection) -> dict[str, int]:
    """How many people there are in each state."""
    rows: Sequence[tuple[str, int]] = connection.execute(
        "select state, count(*) from master.customer_links group by state order by state"
    ).fetchall()
    return dict(rows)


def ambiguous_links(connection: psycopg.Connection) -> list[tuple[str, str]]:
    """(record, why) of the people who may be several customers, as cases name them and without personal data."""
    rows = connection.execute(
        """
        select case source when 'user' then record else 'receipt/' || record end, detail
        from master.customer_links where state = 'ambiguous' order by source desc, record
        """
    )
    return [(record, detail) for record, detail in rows]
