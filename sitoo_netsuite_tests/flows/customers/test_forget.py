"""`customers forget`: what goes, what stays, and that nobody comes back by themselves."""

from __future__ import annotations

import psycopg
import pytest

from sitoo_netsuite.flows.customers.forget import NoAddressError, forget
from sitoo_netsuite.operate.trace import trace
from sitoo_netsuite_tests.flows.customers.conftest import NOW, Retailer

ADDRESS = "anna.berg@example.com"
PERSONAL = ("sitoo_users", "netsuite_customers", "customer_contact")


def rows(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(
        psycopg.sql.SQL("select count(*) from restricted.{}").format(psycopg.sql.Identifier(table))
    )
    return int(row.fetchall()[0][0])


def test_every_personal_field_goes_and_nobody_else_is_touched(retailer: Retailer) -> None:
    user = retailer.user(ADDRESS, mobile="070-174 06 05")
    retailer.user("erik.berg@example.com", "Erik")
    retailer.receipt(41, "Anna.Berg@Example.com ", "Anna", "Berg")
    retailer.receipt(42, "", phone="070-174 06 05")
    retailer.receipt(43, "erik.berg@example.com", "Erik", "Berg")
    retailer.run()
    anna = retailer.links()[user][1]
    gone = forget(retailer.connection, "ANNA.berg@example.com", NOW)
    assert (gone.users, gone.customers, gone.receipts) == (1, 1, 2)
    assert (gone.users_by_hand, gone.customers_by_hand) == ((user,), (anna,))
    assert gone.what_is_left()[:-1] == [
        f"Sitoo: remove user {user.partition('/')[2]} of site 1",
        f"NetSuite: remove or anonymise customer {anna}",
    ]
    assert gone.what_is_left()[-1].startswith("Backups of this database")
    assert [rows(retailer.connection, table) for table in PERSONAL] == [1, rows_of_netsuite(retailer) - 1, 1]
    states = {record: state for record, (state, *_) in retailer.links().items()}
    assert (states[user], states["41"], states["42"], states["43"]) == ("forgotten", "forgotten", "forgotten", "linked")


def rows_of_netsuite(retailer: Retailer) -> int:
    return len(retailer.in_netsuite()) + len(retailer.estate.stores)  # a walk-in customer for each store


def test_the_forgotten_do_not_come_back_however_often_they_are_landed(retailer: Retailer) -> None:
    user = retailer.user(ADDRESS)
    retailer.run()
    forget(retailer.connection, ADDRESS, NOW)
    assert retailer.land().forgotten == 1
    retailer.receipt(41, ADDRESS)
    retailer.link()
    assert {record: state for record, (state, *_) in retailer.links().items()} == {user: "forgotten", "41": "forgotten"}
    assert [rows(retailer.connection, table) for table in PERSONAL[:1] + PERSONAL[2:]] == [0, 0]
    assert len(retailer.in_netsuite()) == 1


def test_an_address_no_longer_leads_to_the_purchases_of_the_forgotten(retailer: Retailer) -> None:
    retailer.receipt(41, ADDRESS, "Anna", "Berg")
    retailer.run()
    assert [receipt["orderid"] for receipt in trace(retailer.connection, ADDRESS)["receipts"]] == [41]
    forget(retailer.connection, ADDRESS, NOW)
    assert trace(retailer.connection, ADDRESS)["receipts"] == []
    retailer.receipt(42, ADDRESS)
    retailer.link()
    assert retailer.links()["42"][0] == "forgotten"
    assert trace(retailer.connection, ADDRESS)["receipts"] == []
    forget(retailer.connection, ADDRESS, NOW)
    assert {state for state, *_ in retailer.links().values()} == {"forgotten"}


def test_a_customer_linked_by_number_is_forgotten_under_the_address_netsuite_has(retailer: Retailer) -> None:
    known = retailer.customer("old@example.com", mobilePhone="+46701740605")
    retailer.receipt(41, "old@example.com", "Anna", "Berg")
    retailer.user(ADDRESS, mobile="070-174 06 05")
    retailer.run()
    assert {customer for _, customer, _ in retailer.links().values()} == {known}
    forget(retailer.connection, ADDRESS, NOW)
    retailer.land()
    held = retailer.connection.execute("select from restricted.netsuite_customers where customer = %s", [known])
    assert held.fetchall() == []
    retailer.link()
    assert {state for state, *_ in retailer.links().values()} == {"forgotten"}
    assert rows(retailer.connection, "customer_contact") == 0


def test_a_forgotten_user_stays_forgotten_under_another_address(retailer: Retailer) -> None:
    user = retailer.user(ADDRESS)
    retailer.run()
    forget(retailer.connection, ADDRESS, NOW)
    retailer.change_user(user, email="anna.holm@example.com")
    retailer.run()
    assert retailer.links()[user][0] == "forgotten"
    assert rows(retailer.connection, "sitoo_users") == 0


def test_an_unreadable_record_that_names_the_person_loses_its_body(retailer: Retailer) -> None:
    insert = (
        "insert into restricted.quarantine (source, record, reason, digest, body, landed_at)"
        " values ('orders', %s, 'reason', %s, %s, now())"
    )
    retailer.connection.execute(insert, ("1", b"1", b'{"email":"Anna.Berg@example.com", \xff'))
    retailer.connection.execute(insert, ("2", b"2", b'{"email":"erik.berg@example.com"}'))
    assert forget(retailer.connection, ADDRESS, NOW).quarantined == 1
    left = retailer.connection.execute("select record from restricted.quarantine where body is not null").fetchall()
    assert left == [("2",)]


def test_an_unreadable_record_that_comes_later_loses_its_body_however_it_spells_the_address(retailer: Retailer) -> None:
    forget(retailer.connection, ADDRESS, NOW)
    bodies = (b'{"email":"Anna.Berg\\u0040EXAMPLE.com."', b"anna.berg@example.com", b"erik.berg@example.com")
    for number, body in enumerate(bodies):
        retailer.connection.execute(
            "insert into restricted.quarantine (source, record, reason, digest, body, landed_at)"
            " values ('users', %s, 'reason', 'x', %s, now())",
            (str(number), body),
        )
    retailer.run()
    left = retailer.connection.execute("select record from restricted.quarantine where body is not null").fetchall()
    assert left == [("2",)]


def test_contacts_on_orders_that_nobody_is_linked_by_go_too(retailer: Retailer) -> None:
    retailer.user(ADDRESS, mobile="070-174 06 05")
    retailer.run()
    forget(retailer.connection, ADDRESS, NOW)
    retailer.receipt(41, " ANNA.BERG@example.com")
    retailer.receipt(42, "", phone="070-174 06 05")
    retailer.receipt(43, "erik.berg@example.com", phone="070-174 06 05")  # the number's next owner, maybe
    retailer.receipt(44, "", phone="070-174 06 06")
    retailer.connection.execute("update model.receipts set excluded = 'web_order'")
    retailer.link()
    left = retailer.connection.execute("select orderid from restricted.customer_contact order by 1").fetchall()
    assert left == [(43,), (44,)]


def test_forgetting_again_says_again_what_to_do_by_hand(retailer: Retailer) -> None:
    user = retailer.user(ADDRESS)
    retailer.run()
    first = forget(retailer.connection, ADDRESS, NOW)
    again = forget(retailer.connection, ADDRESS, NOW)
    assert (again.users, again.customers, again.receipts, again.quarantined) == (0, 0, 0, 0)
    assert again.users_by_hand == (user,)
    assert again.what_is_left() == first.what_is_left()


def test_forgetting_somebody_unknown_is_no_trouble(retailer: Retailer) -> None:
    forget(retailer.connection, ADDRESS, NOW)
    again = forget(retailer.connection, ADDRESS, NOW)
    assert (again.users_by_hand, again.customers_by_hand, again.receipts, again.quarantined) == ((), (), 0, 0)
    assert rows(retailer.connection, "forgotten") == 1


def test_what_is_no_address_is_refused_without_quoting_it(connection: psycopg.Connection) -> None:
    with pytest.raises(NoAddressError) as refused:
        forget(connection, "070-174 06 05", NOW)
    assert "070" not in str(refused.value)
