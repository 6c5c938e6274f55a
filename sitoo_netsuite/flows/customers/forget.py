"""Forgetting a person: what we hold of them is removed, and a hash is kept so that they never come back by themselves.

Belongs here: what is removed on our side. Does not belong here: Sitoo and NetSuite, where they are forgotten by hand.
Receipts and documents stay whole: they hold no personal field.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from sitoo_netsuite.flows.customers.identity import normalised_email, person_hash
from sitoo_netsuite.flows.customers.queries import normalise_contacts, one_at_a_time, remove_bodies_naming


class NoAddressError(ValueError):
    """What was given is no e-mail address; the text says so without it."""

    def __init__(self) -> None:
        super().__init__("this is no e-mail address; name the person by the address the tills or NetSuite have of them")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed from our tables this time: rows of Sitoo's users, of NetSuite's customers and of receipts'
    contacts, and bodies of records that cannot be read.

    users_by_hand (`eshopid/userid`), customers_by_hand (internal ids): who has to be forgotten by hand in Sitoo and
    NetSuite, those an earlier call named too.
    """

    users: int
    customers: int
    receipts: int
    quarantined: int
    users_by_hand: tuple[str, ...]
    customers_by_hand: tuple[int, ...]

    def what_is_left(self) -> list[str]:
        """What to do by hand, a line each."""
        sites = (user.partition("/") for user in self.users_by_hand)
        return [
            *(f"Sitoo: remove user {user} of site {site}" for site, _, user in sites),
            *(f"NetSuite: remove or anonymise customer {customer}" for customer in self.customers_by_hand),
            "Backups of this database made before now still hold what was removed: let them run out, and after "
            "restoring one forget the person again",
        ]


def forget(connection: psycopg.Connection, email: str, now: datetime) -> Forgotten:
    """Removes the personal fields of whoever has this address from our tables, in one commit, and keeps its hash.

    Goes with them: the mobile numbers that stand beside the address, the customers they are linked to, whatever
    address these have, and everybody who is linked to them by one of these addresses and numbers. The person is neither
    matched nor made again by any of these addresses, or by such a number alone. Safe to repeat. Raises NoAddressError.
    """
    address = normalised_email(email)
    if address is None:
        raise NoAddressError
    with one_at_a_time(connection), connection.transaction():
        normalise_contacts(connection)
        users = connection.execute(
            "select eshopid || '/' || userid, mobile_key from restricted.sitoo_users where email_key = %s order by 1",
            [address],
        ).fetchall()
        customers = connection.execute(
            "select customer, mobile_key from restricted.netsuite_customers where email_key = %s order by 1", [address]
        ).fetchall()
        hashes = [person_hash(known) for known in {address, *(mobile for _, mobile in (*users, *customers) if mobile)}]
        linked = connection.execute(
            """
            select source, record, customer from master.customer_links
            where person = any(%s) or (source = 'user' and record = any(%s))
            """,
            (hashes, [user for user, _ in users]),
        ).fetchall()
        of_netsuite = {customer for customer, _ in customers} | {customer for *_, customer in linked if customer}
        # A customer linked by number may have another address in NetSuite: by that one they must not come back either.
        held = connection.execute(
            "select email_key, mobile_key from restricted.netsuite_customers where customer = any(%s)",
            [sorted(of_netsuite)],
        ).fetchall()
        hashes = sorted({*hashes, *(person_hash(known) for row in held for known in row if known)})
        linked += connection.execute(
            "select source, record, customer from master.customer_links where customer = any(%s) and person = any(%s)",
            (sorted(of_netsuite), hashes),
        ).fetchall()
        receipts = _receipts_of(connection, address, [record for source, record, _ in linked if source == "receipt"])
        named = {user for user, _ in users} | {record for source, record, _ in linked if source == "user"}
        by_hand = _remember(connection, hashes, sorted(named), sorted(of_netsuite), now)
        removed_users = connection.execute(
            "delete from restricted.sitoo_users where eshopid || '/' || userid = any(%s)", [sorted(named)]
        ).rowcount
        removed_customers = connection.execute(
            "delete from restricted.netsuite_customers where customer = any(%s)", [sorted(of_netsuite)]
        ).rowcount
        removed = connection.execute(
            "delete from restricted.customer_contact where orderid = any(%s)", [sorted(receipts)]
        ).rowcount
        connection.execute(
            """
            insert into master.customer_links as held (source, record, state, person, detail, changed_at)
            select source, record, 'forgotten', null, 'asked to be forgotten', %s
            from unnest(%s::text[], %s::text[]) as person_of (source, record)
            on conflict (source, record) do update set state = 'forgotten', customer = null, matched_by = null,
                external_id = null, person = null, detail = excluded.detail, changed_at = excluded.changed_at
            """,
            (
                now,
                ["user"] * len(named) + ["receipt"] * len(receipts),
                [*sorted(named), *map(str, sorted(receipts))],
            ),
        )  # fmt: skip
        quarantined = remove_bodies_naming(connection, set(hashes))
    return Forgotten(removed_users, removed_customers, removed, quarantined, *by_hand)


def _remember(
    connection: psycopg.Connection, hashes: list[bytes], users: list[str], customers: list[int], now: datetime
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Keeps the hashes and the records to be forgotten by hand; the records of this person, earlier ones too."""
    connection.execute(
        """
        insert into restricted.forgotten as held (person, forgotten_at, users, customers)
        select person, %s, %s, %s from unnest(%s::bytea[]) as person
        on conflict (person) do update set
            users = array(select distinct unnest(held.users || excluded.users)),
            customers = array(select distinct unnest(held.customers || excluded.customers))
        """,
        (now, users, customers, hashes),
    )
    rows = connection.execute(
        "select users, customers from restricted.forgotten where person = any(%s)", [hashes]
    ).fetchall()
    return (
        tuple(sorted({user for users, _ in rows for user in users})),
        tuple(sorted({customer for _, customers in rows for customer in customers})),
    )


def _receipts_of(connection: psycopg.Connection, address: str, linked: list[str]) -> set[int]:
    """Receipts that name the person: by the address, however it was typed, or matched as theirs."""
    found = connection.execute("select orderid from restricted.customer_contact where email_key = %s", [address])
    return {orderid for (orderid,) in found} | {int(record) for record in linked}
