"""Forgetting a person: what we hold of them is removed, and a hash is kept so that they never come back by themselves.

Belongs here: what is removed on our side. Does not belong here: Sitoo and NetSuite, where they are forgotten by hand.
Receipts and documents stay whole: they hold no personal field.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from sitoo_netsuite.flows.customers.identity import normalised_email, person_hash
from sitoo_netsuite.flows.customers.queries import one_at_a_time


class NoAddressError(ValueError):
    """What was given is no e-mail address; the text says so without it."""

    def __init__(self) -> None:
        super().__init__("this is no e-mail address; name the person by the address the tills or NetSuite have of them")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was removed: rows of Sitoo's users, NetSuite's customers and receipts' contacts, and unreadable bodies.

    users (`eshopid/userid`), customers (internal ids): who has to be forgotten by hand in Sitoo and NetSuite.
    """

    users: tuple[str, ...]
    customers: tuple[int, ...]
    receipts: int
    quarantined: int

    def what_is_left(self) -> list[str]:
        """What to do by hand, a line each."""
        return [
            *(f"Sitoo: remove user {user.partition('/')[2]} of site {user.partition('/')[0]}" for user in self.users),
            *(f"NetSuite: remove or anonymise customer {customer}" for customer in self.customers),
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
        connection.execute(
            """
            insert into restricted.forgotten (person, forgotten_at)
            select person, %s from unnest(%s::bytea[]) as person on conflict (person) do nothing
            """,
            (now, hashes),
        )
        named = {user for user, _ in users} | {record for source, record, _ in linked if source == "user"}
        connection.execute(
            "delete from restricted.sitoo_users where eshopid || '/' || userid = any(%s)", [sorted(named)]
        )
        connection.execute("delete from restricted.netsuite_customers where customer = any(%s)", [sorted(of_netsuite)])
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
        # A body that cannot be read is text to us: whatever of it holds the address goes as a whole.
        quarantined = connection.execute(
            "update restricted.quarantine set body = null "
            "where body is not null and position(%s in lower(encode(body, 'escape'))) > 0",
            [email.strip().lower()],
        ).rowcount
    return Forgotten(tuple(sorted(named)), tuple(sorted(of_netsuite)), removed, quarantined)


def _receipts_of(connection: psycopg.Connection, address: str, linked: list[str]) -> set[int]:
    """Receipts that name the person: by the address, however it was typed, or matched as theirs."""
    rows = connection.execute("select distinct email from restricted.customer_contact where email like '%@%'")
    spellings = [email for (email,) in rows if normalised_email(email) == address]
    found = connection.execute("select orderid from restricted.customer_contact where email = any(%s)", [spellings])
    return {orderid for (orderid,) in found} | {int(record) for record in linked}
