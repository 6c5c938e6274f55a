"""Landing, linking and making customers over both sandboxes and a real database."""

from __future__ import annotations

import asyncio

import pytest

from sitoo_netsuite.flows.customers.identity import person_name
from sitoo_netsuite.flows.customers.linking import link_customers, next_to_ask_for, planned_customers, without_contact
from sitoo_netsuite.flows.customers.matching import Person, Source, TypedIn
from sitoo_netsuite.flows.customers.queries import ambiguous_links
from sitoo_netsuite.netsuite.errors import NotPermitted
from sitoo_netsuite.netsuite.slots import slots_in_process
from sitoo_netsuite.sandbox.recorder import Fault
from sitoo_netsuite.warehouse.connection import connect
from sitoo_netsuite_tests.flows.customers.conftest import NOW, Retailer

CUSTOMERS = "/services/rest/record/v1/customer"


def test_a_user_whom_netsuite_knows_is_linked_and_nothing_is_written(retailer: Retailer) -> None:
    known = retailer.customer("anna.berg@example.com")
    made = retailer.made()
    user = retailer.user(" Anna.Berg@EXAMPLE.com")
    assert retailer.run().linked == {"email": 1}
    assert retailer.links() == {user: ("linked", known, "email")}
    assert retailer.made() == made


def test_a_user_whom_netsuite_does_not_know_becomes_a_customer_once(retailer: Retailer) -> None:
    user = retailer.user("anna.berg@example.com", mobile="070-174 06 05")
    assert retailer.run().made == 1
    (made,) = retailer.in_netsuite()
    assert made["externalid"].startswith("CUST-")
    assert made | {"id": "", "externalid": ""} == {
        "id": "", "externalid": "", "email": "anna.berg@example.com", "mobilephone": "+46701740605",
        "firstname": "Anna", "lastname": "Berg", "isperson": "T", "subsidiary": retailer.estate.books[0].subsidiary,
    }  # fmt: skip
    assert retailer.links() == {user: ("linked", int(made["id"]), "created")}
    assert retailer.run().looked_at == 0
    assert len(retailer.in_netsuite()) == 1


def test_a_company_becomes_a_company(retailer: Retailer) -> None:
    retailer.user("info@example.com", company="Berg Trading")
    retailer.run()
    (made,) = retailer.in_netsuite()
    assert (made["companyname"], made["isperson"]) == ("Berg Trading", "F")


def test_a_blank_company_is_none(retailer: Retailer) -> None:
    retailer.user("anna.berg@example.com", company=" ")
    retailer.run()
    (made,) = retailer.in_netsuite()
    assert (made["lastname"], made["isperson"]) == ("Berg", "T")


def test_a_receipt_of_somebody_new_makes_a_customer_of_its_store_and_the_next_one_is_linked(retailer: Retailer) -> None:
    retailer.receipt(41, "anna.berg@example.com")
    retailer.run()
    retailer.receipt(42, "ANNA.BERG@example.com", "Anna", "Berg")
    retailer.run()
    (made,) = retailer.in_netsuite()
    assert made["subsidiary"] == retailer.estate.stores[0].subsidiary
    assert [entry[:2] for entry in retailer.links().values()] == [("linked", int(made["id"]))] * 2


def test_a_customer_is_made_of_the_record_that_says_most(retailer: Retailer) -> None:
    retailer.receipt(41, "anna.berg@example.com")
    retailer.receipt(42, "anna.berg@example.com", "Anna", "Berg")
    retailer.run()
    (made,) = retailer.in_netsuite()
    assert (made["firstname"], made["lastname"]) == ("Anna", "Berg")


def test_staff_are_no_customers(retailer: Retailer) -> None:
    retailer.user("manager@example.com", role=10)
    landed = retailer.land()
    assert landed.staff >= 1
    assert landed.users.held == 0
    assert retailer.link().looked_at == 0


def test_a_second_landing_writes_nothing_and_sees_what_changed_and_what_is_gone(retailer: Retailer) -> None:
    retailer.user("anna.berg@example.com")
    erik = retailer.user("erik.berg@example.com", "Erik")
    first = retailer.land()
    assert (first.users.new, first.users.changed, first.users.gone) == (2, 0, 0)
    again = retailer.land()
    assert (again.users.new, again.users.changed, again.users.gone) == (0, 0, 0)
    assert (again.customers.new, again.customers.changed, again.customers.gone) == (0, 0, 0)
    retailer.change_user(erik, mobile="070-174 06 05")
    assert retailer.land().users.changed == 1


def test_somebody_with_several_customers_is_a_case_with_the_candidates_and_without_personal_data(
    retailer: Retailer,
) -> None:
    candidates = [retailer.customer("anna.berg@example.com"), retailer.customer("anna.berg@example.com", "A.")]
    user = retailer.user("anna.berg@example.com")
    retailer.receipt(41, "anna.berg@example.com")
    retailer.run()
    (case,) = retailer.cases()
    assert (case["kind"], case["key"], case["record"]) == ("customer_ambiguous", user, user)
    assert [entry["customer"] for entry in case["evidence"]["candidates"]] == candidates
    assert case["evidence"]["records"] == 2
    assert "example" not in str(case)
    assert "Berg" not in str(case)
    assert [record for record, _ in ambiguous_links(retailer.connection)] == [user, "receipt/41"]
    # Somebody merges the two.
    retailer.netsuite("DELETE", f"customer/{candidates[1]}")
    retailer.run()
    assert retailer.cases() == []
    assert {entry[:2] for entry in retailer.links().values()} == {("linked", candidates[0])}


def test_without_push_or_read_only_the_plan_is_all_there_is(retailer: Retailer) -> None:
    retailer.settings(push=False)
    user = retailer.user("anna.berg@example.com")
    retailer.receipt(41, "anna.berg@example.com")
    assert retailer.run().states == {"planned": 2}
    assert retailer.made() == 0
    (planned,) = planned_customers(retailer.connection, retailer.estate)
    assert (planned["record"], planned["records"]) == (user, 2)
    assert "anna" not in str(planned).lower()
    retailer.settings(push=True)
    retailer.estate = retailer.estate.model_copy(update={"read_only": True})
    assert retailer.run().states == {"planned": 2}
    assert retailer.made() == 0


def test_without_the_setting_nothing_is_done(retailer: Retailer) -> None:
    retailer.user("anna.berg@example.com")
    retailer.estate = retailer.estate.model_copy(update={"customers": None})
    retailer.land()
    assert retailer.link().looked_at == 0
    assert planned_customers(retailer.connection, retailer.estate) == []
    assert retailer.links() == {}


def test_somebody_elses_customer_with_our_external_id_is_linked_and_not_made_again(retailer: Retailer) -> None:
    retailer.user("anna.berg@example.com")
    retailer.land()
    (planned,) = planned_customers(retailer.connection, retailer.estate)
    # Another installation was quicker, after we had landed.
    known = retailer.customer("anna.berg@example.com", externalId=planned["external_id"])
    assert retailer.link().linked == {"external_id": 1}
    assert [int(entry["id"]) for entry in retailer.in_netsuite()] == [known]


@pytest.mark.parametrize("committed", [True, False])
def test_an_answer_that_never_came_makes_nobody_twice(retailer: Retailer, committed: bool) -> None:
    retailer.receipt(41, "anna.berg@example.com")
    retailer.land()
    retailer.account.recorder.add_fault(Fault(CUSTOMERS, 502, requests=1, after=committed))
    retailer.link()
    (made,) = retailer.in_netsuite()
    assert retailer.links()["41"][:2] == ("linked", int(made["id"]))
    assert retailer.made() == (1 if committed else 2)


def test_a_customer_in_doubt_is_looked_up_by_the_next_run_before_it_is_asked_for_again(retailer: Retailer) -> None:
    retailer.receipt(41, "anna.berg@example.com")
    retailer.land()
    # What was asked for is done, and nobody hears of it, nor can it be looked up.
    retailer.account.recorder.add_fault(Fault(CUSTOMERS, 502, requests=1, after=True))
    retailer.account.recorder.add_fault(Fault(CUSTOMERS, 503, requests=4))
    retailer.link()
    assert retailer.links()["41"][0] == "in_doubt"
    asked = retailer.made()
    retailer.link()
    assert retailer.links()["41"] == ("linked", int(retailer.in_netsuite()[0]["id"]), "external_id")
    assert retailer.made() == asked


def test_a_customer_in_doubt_that_was_not_made_and_is_then_refused_is_a_case(
    retailer: Retailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    retailer.receipt(41, "anna.berg@example.com")
    retailer.land()
    recorder = retailer.account.recorder
    recorder.add_fault(Fault(CUSTOMERS, 502, requests=1))
    recorder.add_fault(Fault(CUSTOMERS, 503, requests=4))
    retailer.link()
    assert retailer.links()["41"][0] == "in_doubt"
    # The look-up finds nobody, and what is asked again is refused.
    begin = recorder.begin

    def refusing(method: str, path: str) -> str:
        if method == "POST" and path == CUSTOMERS:
            recorder.add_fault(Fault(CUSTOMERS, 400, requests=1))
        return begin(method, path)

    monkeypatch.setattr(recorder, "begin", refusing)
    retailer.link()
    assert retailer.links()["41"][0] == "refused"
    assert [case["kind"] for case in retailer.cases()] == ["customer_refused"]


def test_a_run_that_was_killed_while_it_asked_makes_nobody_twice(retailer: Retailer) -> None:
    user = retailer.user("anna.berg@example.com")
    retailer.run()
    # Killed after its request: what it knew is that it was about to ask.
    retailer.connection.execute("update master.customer_links set state = 'in_doubt', customer = null")
    retailer.connection.execute("delete from restricted.netsuite_customers")
    retailer.link()
    assert retailer.links()[user][0] == "linked"
    assert len(retailer.in_netsuite()) == 1


def test_while_netsuite_does_not_answer_everybody_stays_planned(retailer: Retailer) -> None:
    for orderid in (41, 42, 43):
        retailer.receipt(orderid, f"anna.{orderid}@example.com")
    retailer.land()
    retailer.account.recorder.add_fault(Fault(CUSTOMERS, 429, requests=1000))
    assert retailer.link(slots=slots_in_process(1)).states == {"planned": 3}


def test_two_runs_at_once_end_in_one_customer(retailer: Retailer, database_url: str) -> None:
    retailer.user("anna.berg@example.com")
    retailer.receipt(41, "anna.berg@example.com")
    retailer.land()

    def other_run() -> int:
        with connect(database_url) as connection:

            async def run() -> int:
                async with retailer.account.client() as client:
                    return (await link_customers(connection, client, retailer.estate, NOW, "other")).made

            return asyncio.run(run())

    async def both() -> list[int]:
        return list(await asyncio.gather(*(asyncio.to_thread(run) for run in (other_run, other_run))))

    assert sorted(asyncio.run(both())) == [0, 1]
    assert len(retailer.in_netsuite()) == 1


def test_a_customer_erased_in_netsuite_is_not_made_again(retailer: Retailer) -> None:
    user = retailer.user("anna.berg@example.com")
    retailer.run()
    retailer.netsuite("DELETE", f"customer/{retailer.in_netsuite()[0]['id']}")
    retailer.receipt(41, "anna.berg@example.com")
    retailer.run()
    receipt_later = retailer.receipt(42, "anna.berg@example.com")
    retailer.run()
    assert retailer.in_netsuite() == []
    assert retailer.links()[user][0] == "erased"
    assert retailer.links()[receipt_later][0] == "erased"


def test_a_person_erased_in_netsuite_is_not_made_of_their_number_or_of_a_new_address_either(retailer: Retailer) -> None:
    user = retailer.user("anna.berg@example.com", mobile="070-174 06 05")
    retailer.run()
    retailer.netsuite("DELETE", f"customer/{retailer.in_netsuite()[0]['id']}")
    retailer.change_user(user, email="anna.holm@example.com")
    retailer.run()
    retailer.receipt(41, "", "Anna", "Berg", phone="070-174 06 05")
    retailer.receipt(42, "anna.berg@example.com", "Anna", "Berg")
    other = retailer.user("anna@example.com", mobile="+46701740605")
    retailer.run()
    assert {record: state for record, (state, *_) in retailer.links().items()} == dict.fromkeys(
        (user, "41", "42", other), "erased"
    )
    assert retailer.in_netsuite() == []


@pytest.mark.parametrize("may_be_asked_for", [True, False])
def test_customers_that_the_role_no_longer_sees_are_not_taken_for_erased(
    retailer: Retailer, may_be_asked_for: bool
) -> None:
    user = retailer.user("anna.berg@example.com")
    retailer.run()
    retailer.connection.execute("delete from restricted.netsuite_customers")
    if not may_be_asked_for:
        retailer.account.recorder.add_fault(Fault(CUSTOMERS, 403, requests=1))
    retailer.link()
    assert retailer.links()[user][0] == "linked"


def test_of_many_customers_gone_every_one_is_asked_for_in_its_turn() -> None:
    gone = [11, 12, 13, 14, 15]
    asked, last = [], 0
    for _ in range(3):
        some = next_to_ask_for(gone, last, most=2)
        last = some[-1]
        asked.append(some)
    assert asked == [[11, 12], [13, 14], [15, 11]]
    assert next_to_ask_for([], last, most=2) == []


def test_the_look_goes_on_where_the_run_before_left_off(retailer: Retailer, monkeypatch: pytest.MonkeyPatch) -> None:
    users = [retailer.user(f"{name}.berg@example.com", name.title()) for name in ("anna", "erik", "olle")]
    retailer.run()
    links = retailer.links()
    retailer.netsuite("DELETE", f"customer/{links[users[2]][1]}")
    retailer.connection.execute("delete from restricted.netsuite_customers")
    monkeypatch.setattr("sitoo_netsuite.flows.customers.linking._MOST_GONE_A_RUN", 1)
    left = [retailer.link().gone_not_asked_for for _ in range(3)]
    assert left == [2, 2, 2]
    assert [retailer.links()[user][0] for user in users] == ["linked", "linked", "erased"]


def test_an_address_on_many_names_links_nobody(retailer: Retailer) -> None:
    retailer.customer("till@example.com", "Shop", "Till")
    spellings = ("till@example.com", "Till@Example.com.", "\tTILL@example.com")
    for orderid, (name, typed) in enumerate(zip(("Anna", "Erik", "Olle"), spellings, strict=True), start=41):
        retailer.receipt(orderid, typed, name, f"{name}sson")
    retailer.run()
    assert {entry[0] for entry in retailer.links().values()} == {"anonymous"}


def test_placeholders_link_nobody(retailer: Retailer) -> None:
    retailer.settings(placeholders=("@none.example",))
    retailer.customer("x@none.example")
    retailer.receipt(41, "x@none.example")
    assert retailer.run().states == {"anonymous": 1}


def test_receipts_make_customers_only_where_the_estate_says_so(retailer: Retailer) -> None:
    retailer.settings(from_receipts=False)
    retailer.receipt(41, "anna.berg@example.com")
    assert retailer.run().states == {"anonymous": 1}
    retailer.settings(from_receipts=True, consent_key="agreed")
    assert retailer.run().states == {"anonymous": 1}
    retailer.user("anna.berg@example.com")
    assert retailer.run().states == {"linked": 2}


def test_what_netsuite_refuses_is_a_case_without_personal_data_and_is_tried_again(retailer: Retailer) -> None:
    user = retailer.user("anna.berg@example.com")
    retailer.receipt(41, "anna.berg@example.com")
    retailer.land()
    retailer.account.recorder.add_fault(Fault(CUSTOMERS, 400, requests=1))
    assert retailer.link().states == {"refused": 2}
    (case,) = retailer.cases()
    assert (case["kind"], case["key"]) == ("customer_refused", user)
    assert "400" in case["evidence"]["why"]
    retailer.link()
    assert retailer.cases() == []
    assert len(retailer.in_netsuite()) == 1


def test_a_role_that_may_not_make_customers_fails_the_run_and_leaves_them_planned(retailer: Retailer) -> None:
    retailer.user("anna.berg@example.com")
    retailer.land()
    retailer.account.recorder.add_fault(Fault(CUSTOMERS, 403, requests=1))
    with pytest.raises(NotPermitted):
        retailer.link()
    assert [entry[0] for entry in retailer.links().values()] == ["planned"]
    assert retailer.link().made == 1


def test_a_refusal_does_not_quote_the_person() -> None:
    contact = TypedIn("Anna.Berg@Example.com", namefirst="Anna", namelast="Berg")
    person = Person(Source.USER, "1/U1", "anna.berg@example.com", None, person_name("Anna", "Berg", ""), contact, "1")
    said = without_contact("invalid value ANNA.BERG@EXAMPLE.COM for email of Berg", person)
    assert said == "invalid value ... for email of ..."


def test_who_changes_address_stays_linked(retailer: Retailer) -> None:
    user = retailer.user("anna.berg@example.com")
    retailer.run()
    retailer.change_user(user, email="anna.holm@example.com", namelast="Holm")
    retailer.receipt(41, "anna.holm@example.com", "Anna", "Holm")
    retailer.run()
    assert len(retailer.in_netsuite()) == 1


def test_an_address_that_netsuite_has_changed_since_finds_its_customer_still(retailer: Retailer) -> None:
    known = retailer.customer("anna.berg@example.com")
    retailer.receipt(41, "anna.berg@example.com", "Anna", "Berg")
    retailer.run()
    retailer.netsuite("PATCH", f"customer/{known}", {"email": "anna.holm@example.com"}).raise_for_status()
    retailer.receipt(42, "anna.berg@example.com", "Anna", "Berg")
    retailer.run()
    assert retailer.links()["42"][:2] == ("linked", known)
    assert len(retailer.in_netsuite()) == 1


def test_users_that_sitoo_no_longer_names_are_not_left_open(retailer: Retailer) -> None:
    retailer.settings(push=False)
    retailer.user("anna.berg@example.com")
    retailer.run()
    retailer.connection.execute("delete from restricted.sitoo_users")
    assert retailer.link().states == {}
