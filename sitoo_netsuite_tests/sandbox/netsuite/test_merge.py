from __future__ import annotations

from decimal import Decimal

from sitoo_netsuite.sandbox.netsuite.merge import merge_fields, merge_lines, merge_sublists
from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES
from sitoo_netsuite.sandbox.netsuite.values import Draft, Line

JOURNAL = RECORD_TYPES["journalEntry"]
LINES = JOURNAL.sublists["line"]
OTHER = RECORD_TYPES["deposit"].sublists["other"]

TWO: list[Line] = [
    {"line": 1, "account": 10, "debit": Decimal(5)},
    {"line": 2, "account": 20, "credit": Decimal(5)},
]


def test_lines_sent_without_their_number_are_appended_to_those_already_there() -> None:
    sent = [{name: value for name, value in line.items() if name != "line"} for line in TWO]
    merged = merge_lines(LINES, TWO, sent, replace=False)
    assert [line["line"] for line in merged] == [1, 2, 3, 4]


def test_replace_takes_away_the_lines_that_were_not_sent() -> None:
    merged = merge_lines(LINES, TWO, [{"account": 30, "debit": Decimal(1)}], replace=True)
    assert merged == [{"account": 30, "debit": Decimal(1), "line": 1}]


def test_a_line_sent_with_its_number_is_changed_and_keeps_what_was_not_sent() -> None:
    merged = merge_lines(LINES, TWO, [{"line": 2, "memo": "late"}], replace=False)
    assert merged == [TWO[0], {**TWO[1], "memo": "late"}]


def test_replace_keeps_a_line_that_is_sent_with_its_number() -> None:
    merged = merge_lines(LINES, TWO, [{"line": 2, "memo": "late"}], replace=True)
    assert merged == [{**TWO[1], "memo": "late"}]


def test_lines_without_keys_are_always_appended_and_made_anew_by_replace() -> None:
    current: list[Line] = [{"account": 1, "amount": Decimal(1)}]
    sent: list[Line] = [{"account": 1, "amount": Decimal(1)}]
    assert len(merge_lines(OTHER, current, sent, replace=False)) == 2
    assert len(merge_lines(OTHER, current, sent, replace=True)) == 1


def test_null_empties_a_sublist_and_clears_a_field() -> None:
    draft = Draft(fields={"memo": None}, sublists={"line": None})
    assert merge_fields({"memo": "x", "tranId": "JOU1"}, draft) == {"tranId": "JOU1"}
    assert merge_sublists(JOURNAL, {"line": TWO}, draft, frozenset()) == {}


def test_what_a_body_leaves_out_stays() -> None:
    assert merge_fields({"memo": "x"}, Draft()) == {"memo": "x"}
    assert merge_sublists(JOURNAL, {"line": TWO}, Draft(), frozenset({"line"})) == {"line": TWO}
