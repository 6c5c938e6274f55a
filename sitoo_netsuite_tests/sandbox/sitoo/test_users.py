"""Users of the Sitoo sandbox over real HTTP: customers and staff."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import Served, served

USERS = "/sites/1/users"


@pytest.fixture(scope="module")
def sitoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("sitoo"), orders=1) as running:
        yield running


def added(sitoo: Served, email: str, **fields: Any) -> str:
    """A new user of site 1: the userid."""
    userid = sitoo.ask("POST", USERS, {"email": email, **fields}).json()
    assert isinstance(userid, str)
    return userid


def test_the_worlds_customers_are_users_and_so_are_its_staff(sitoo: Served) -> None:
    people = [person for person in sitoo.world.customers if person.userid and person.eshopid == 1]
    staff = [person for shop in sitoo.world.shops if shop.eshopid == 1 for person in shop.staff]
    fields = "userid,email,mobile,role,externalid"
    users = sitoo.get(USERS, num=1000, fields=fields).json()["items"]
    customers = [user for user in users if user["role"] is None]
    assert {user["userid"]: user["mobile"] for user in customers} == {person.userid: person.mobile for person in people}
    assert {user["userid"]: user["externalid"] for user in users if user["role"] is not None} == {
        person.userid: person.externalid for person in staff
    }


def test_a_list_shows_the_default_fields_and_one_user_all(sitoo: Served) -> None:
    userid = added(sitoo, "noor.pilbrook@example.com", namefirst="Noor", pin="4711", externalid="X1")
    (row,) = sitoo.get(USERS, email="noor.pilbrook@example.com").json()["items"]
    assert set(row) == {"userid", "email", "namefirst", "namelast", "company", "datecreated", "datemodified"}
    whole = sitoo.get(f"{USERS}/{userid}").json()
    assert (whole["externalid"], whole["mobile"], whole["role"]) == ("X1", "", None)
    assert "pin" not in whole


def test_users_are_found_by_address_mobile_number_and_id(sitoo: Served) -> None:
    first = added(sitoo, "Edda.Ostmere@example.com", mobile="0700000001", customernumber="C9", personalid="P9")
    second = added(sitoo, "dag.ostmere@example.com", mobile="0700000001")

    def found(**where: str) -> list[str]:
        return [user["userid"] for user in sitoo.get(USERS, **where).json()["items"]]

    assert found(email="edda.ostmere@example.com") == [first]
    assert found(mobile="0700000001") == [first, second]
    assert found(mobile="0700000001", email="dag.ostmere@example.com") == [second]
    assert found(customernumber="C9") == found(personalid="P9") == [first]
    assert found(userid=f"{second},{{NOBODY}}") == [second]
    assert found(email="nobody@example.com") == []


def test_a_change_leaves_the_rest_and_moves_datemodified(sitoo: Served) -> None:
    userid = added(sitoo, "cleo.tarnholm@example.com", namefirst="Cleo", namelast="Tarnholm")
    before = sitoo.get(f"{USERS}/{userid}").json()
    sitoo.at(sitoo.clock.epoch() + 60)
    assert sitoo.ask("PUT", f"{USERS}/{userid}", {"email": "cleo@example.com"}).json() is True
    assert sitoo.get(f"{USERS}/{userid}").json() == {
        **before,
        "email": "cleo@example.com",
        "datemodified": before["datemodified"] + 60,
    }
    assert sitoo.get(USERS, email="cleo.tarnholm@example.com").json()["totalcount"] == 0
    assert sitoo.users.user(1, "cleo@example.com")["userid"] == userid


def test_an_address_is_needed_and_can_be_had_once(sitoo: Served) -> None:
    userid = added(sitoo, "bo.quillby@example.com")
    refused = sitoo.ask("POST", USERS, {"namefirst": "Bo"})
    assert refused.json() == {"statuscode": 400, "errortext": "Missing required field 'email'."}
    for email in ("BO.Quillby@example.com", "", "nowhere"):
        assert sitoo.ask("POST", USERS, {"email": email}).json()["errortext"] == "Invalid value in email"
    assert sitoo.ask("PUT", f"{USERS}/{userid}", {"email": "Bo.Quillby@example.com"}).json() is True


def test_a_batch_answers_each_with_its_guid(sitoo: Served) -> None:
    answers = sitoo.ask("POST", USERS, [{"email": "one@example.com"}, {}, {"email": "two@example.com"}]).json()
    assert [entry["statuscode"] for entry in answers] == [200, 400, 200]
    changed = sitoo.ask(
        "PUT",
        USERS,
        [{"userid": answers[0]["return"], "mobile": "0700000002"}, {"userid": "{NOBODY}"}, {"mobile": "0700000003"}],
    ).json()
    assert [entry.get("errortext", entry.get("return")) for entry in changed] == [
        True,
        "Resource not found",
        "Missing required field 'userid'.",
    ]
    assert sitoo.users.user(1, "one@example.com")["mobile"] == "0700000002"


def test_users_belong_to_their_site_and_are_not_deleted(sitoo: Served) -> None:
    userid = added(sitoo, "hugo.fernwick@example.com")
    assert sitoo.get(f"/sites/2/users/{userid}").status_code == 404
    assert sitoo.ask("DELETE", f"{USERS}/{userid}").status_code == 405
    guid = sitoo.get("/sites").json()["items"][0]["siteid"]
    assert sitoo.get(f"/sites/{guid}/users").json() == {"totalcount": 0, "items": []}
