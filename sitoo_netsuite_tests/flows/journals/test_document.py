import json
import re
from datetime import date
from decimal import Decimal

import pytest

from sitoo_netsuite.flows.journals.document import (
    BooksIds,
    DocumentName,
    UnknownInNetSuiteError,
    external_id,
    journal_body,
    read_external_id,
)
from sitoo_netsuite.flows.journals.plan import JournalLine
from sitoo_netsuite.posting.periods import Booking
from sitoo_netsuite_tests.examples import example_store

IDS = BooksIds({"3025": "101", "1580": "102"}, {"SEK": "3"})
LINES = [JournalLine("sale", "3025", 2500, "", -12_345), JournalLine("takings", "1580", -1, "Card adyen Visa", 12_345)]
DAY = date(2026, 3, 2)
BOOKED = Booking(DAY, "Mar 2026", "Mar 2026")


def test_the_external_id_has_only_letters_digits_underscore_and_dash() -> None:
    identity = external_id("S01", DAY, "SEK", 1)
    assert identity == "JE-S01-20260302-SEK-1"
    assert re.fullmatch(r"[A-Za-z0-9_-]+", identity)


def test_the_body_is_a_journal_entry_with_exact_amounts() -> None:
    body = json.loads(journal_body("JE-1", example_store(), DAY, BOOKED, LINES, IDS), parse_float=Decimal)
    assert body["externalId"] == "JE-1"
    assert body["tranDate"] == "2026-03-02"
    assert body["subsidiary"] == {"id": "2"}
    assert body["currency"] == {"id": "3"}
    assert body["line"]["items"] == [
        {"account": {"id": "101"}, "credit": Decimal("123.45"), "memo": "sale - 25 %", "location": {"id": "11"}},
        {
            "account": {"id": "102"},
            "debit": Decimal("123.45"),
            "memo": "takings - Card adyen Visa",
            "location": {"id": "11"},
        },
    ]


def test_an_account_netsuite_has_twice_names_none() -> None:
    ids = BooksIds(IDS.accounts, IDS.currencies, doubled={"3025"})
    with pytest.raises(UnknownInNetSuiteError, match="several active accounts 3025"):
        journal_body("JE-1", example_store(), DAY, BOOKED, LINES, ids)


def test_an_account_netsuite_lacks_is_named_before_anything_is_sent() -> None:
    with pytest.raises(UnknownInNetSuiteError, match="no active account 9999"):
        journal_body("JE-1", example_store(), DAY, BOOKED, [JournalLine("sale", "9999", 2500, "", -1)], IDS)


def test_a_document_of_a_later_period_says_whose_vat_it_is() -> None:
    later = Booking(date(2026, 4, 1), "Apr 2026", "Mar 2026")
    body = json.loads(journal_body("JE-1", example_store(), DAY, later, LINES, IDS))
    assert body["tranDate"] == "2026-04-01"
    assert body["memo"].endswith("trading day 2026-03-02, VAT of Mar 2026")


@pytest.mark.parametrize("store", ["S01", "a_b", "9"])
def test_an_external_id_tells_the_store_day_it_names(store: str) -> None:
    name = read_external_id(external_id(store, date(2026, 3, 2), "SEK", 12))
    assert name == DocumentName(store, date(2026, 3, 2), "SEK")


@pytest.mark.parametrize(
    "identity", [None, "", "JE-correction", "JE-S01-20260231-SEK-1", "JE-S01-20260302-SEK-1-b", "CS-S01-20260302-SEK-1"]
)
def test_what_is_not_of_our_scheme_names_no_store_day(identity: str | None) -> None:
    assert read_external_id(identity) is None
