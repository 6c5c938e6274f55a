from pathlib import Path
from typing import Any

import pytest

from sitoo_netsuite.estate import EstateError, load_estate, parse_estate
from sitoo_netsuite_tests.examples import estate_content, example_books, example_estate


def mistakes(content: dict[str, Any]) -> str:
    with pytest.raises(EstateError) as caught:
        parse_estate(content, "estate.yaml")
    return "\n".join(caught.value.findings)


def test_rates_are_held_in_basis_points() -> None:
    assert set(example_books().by_rate) == {2500, 1200, 0}


def test_the_closest_card_account_wins() -> None:
    card = example_books().by_tender["Card"]
    assert card.clearing_account("adyen", "Visa") == "1581"
    assert card.clearing_account("nets", "Visa") == "1582"
    assert card.clearing_account("adyen", "Amex") == "1580"
    assert card.clearing_account(None, None) == "1580"


def test_every_mistake_is_named_by_its_path_and_its_mend() -> None:
    content = estate_content()
    content["stores"][0]["time_zone"] = "Europe/Atlantis"
    content["stores"][0]["colour"] = "blue"
    content["books"][0]["vat"][0]["rate"] = "twenty"
    del content["books"][0]["accounts"]["till"]
    found = mistakes(content)
    assert "stores[0].time_zone: write an IANA time zone" in found
    assert "stores[0].colour: is not a setting" in found
    assert "books[0].vat[0].rate: write the VAT rate in percent" in found
    assert "books[0].accounts.till: is missing; add it" in found


def test_what_is_still_to_be_decided_is_refused_by_its_path_alone() -> None:
    content = estate_content()
    content["books"][0]["accounts"]["till"] = "?"
    content["stores"][0]["location"] = "?"
    assert mistakes(content).splitlines() == [
        "books[0].accounts.till: choose the number of an account in NetSuite's chart",
        'stores[0].location: choose NetSuite\'s internal id, as in "11"',
    ]


def test_a_store_sells_in_the_currency_of_its_books() -> None:
    content = estate_content()
    content["stores"][0]["currency"] = "GBP"
    assert "stores[0].currency: GBP, but its books are in SEK" in mistakes(content)


def test_two_stores_cannot_share_a_key_nor_a_sitoo_store() -> None:
    content = estate_content()
    content["stores"].append(dict(content["stores"][0]))
    found = mistakes(content)
    assert "stores[1].store: 'S01' stands there twice" in found
    assert "stores[1].sitoo_store: 1 stands there twice" in found


def test_settings_hold_from_go_live_on() -> None:
    content = estate_content()
    content["stores"][0]["sales"] = [{"from": "2026-03-05", "value": "summary"}]
    assert "the first entry of `sales` must hold from go-live" in mistakes(content)


def test_a_single_purpose_card_needs_its_rate() -> None:
    content = estate_content()
    del content["books"][0]["gift_cards"][1]["rate"]
    assert "needs its VAT `rate`" in mistakes(content)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(EstateError, match="estate draft"):
        load_estate(tmp_path / "estate.yaml")


def test_a_broken_file_says_where(tmp_path: Path) -> None:
    path = tmp_path / "estate.yaml"
    path.write_text("stores: [\n", encoding="utf-8")
    with pytest.raises(EstateError, match="is not YAML"):
        load_estate(path)


def test_every_account_the_books_name_is_listed_for_checking() -> None:
    numbers = example_books().account_numbers()
    assert {"3025", "1581", "1590", "2422", "6550", "6900", "1910"} <= numbers


def test_the_first_day_is_the_earliest_go_live() -> None:
    assert example_estate().first_day.isoformat() == "2026-03-02"


def test_an_unquoted_time_is_not_taken_for_something_else() -> None:
    content = estate_content()
    content["stores"][0]["cut_over"] = 630  # what YAML makes of 10:30
    assert 'stores[0].cut_over: write the time in quotes, as in "04:00"' in mistakes(content)


def test_two_stores_cannot_share_a_location_since_the_ledger_is_told_apart_by_it() -> None:
    content = estate_content()
    content["stores"].append({**content["stores"][0], "store": "S02", "sitoo_store": 2})
    assert "stores[1].location: '11' stands there twice" in mistakes(content)


def test_opening_balances_are_held_in_minor_units_of_the_store() -> None:
    content = estate_content()
    content["stores"][0]["opening"] = [{"account": 12410, "balance": "-1200.00"}, {"account": "1680", "balance": 5}]
    assert parse_estate(content, "estate.yaml").stores[0].opening_minor == {"12410": -120_000, "1680": 500}


def test_an_opening_balance_that_cannot_be_read_is_named_with_its_mend() -> None:
    content = estate_content()
    content["stores"][0]["opening"] = [
        {"account": "12410", "balance": "-1200.005"},
        {"account": "12410", "balance": "some"},
    ]
    found = mistakes(content)
    assert "opening[0].balance: '-1200.005' has more decimals than SEK knows" in found
    assert "opening[1].balance: not a decimal amount: 'some'; write it as in" in found
    assert "opening[1].account: '12410' stands there twice" in found
    content["stores"][0]["opening"] = [{"account": "12410", "balance": -1200.10}]
    assert "stores[0].opening[0].balance: write the balance in quotes" in mistakes(content)
