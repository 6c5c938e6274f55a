from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.flows.journals.lines import LineKind, registers_out_of_balance
from sitoo_netsuite.flows.journals.plan import (
    DayState,
    HeldReceipt,
    OpenSession,
    StoreDay,
    TooLongError,
    TouchingSession,
    Unparsable,
    collapse,
    decide,
    difference,
    split,
)
from sitoo_netsuite.flows.journals.proof import Finding
from sitoo_netsuite.posting.document_lines import LineKey, Lines

DAY = date(2026, 3, 2)


def key(register: str = "R1", kind: str = LineKind.SALE, account: str = "3025", label: str = "") -> LineKey:
    return LineKey(register, kind, account, 2500, label)


BALANCED: Lines = {key(): -100, key(kind=LineKind.TAKINGS, account="1580"): 100}
PROVED = StoreDay(
    "S01",
    DAY,
    "SEK",
    True,
    (TouchingSession("R1", 7, DAY, ()),),
    (),
    (),
    (),
    receipts=4,
    gross_minor=100,
    lines=BALANCED,
)


def test_a_day_posts_when_it_is_over_and_every_session_is_proved() -> None:
    assert decide(PROVED).state is DayState.READY


def test_a_day_that_is_not_over_or_has_an_open_session_waits() -> None:
    assert decide(replace(PROVED, over=False)).state is DayState.WAITING
    waiting = decide(replace(PROVED, open_sessions=(OpenSession("R2", 3, 500),)))
    assert waiting.state is DayState.WAITING
    assert [reason.kind for reason in waiting.reasons] == ["session_open"]


def test_a_z_report_that_ought_to_be_there_holds_the_day() -> None:
    held = decide(replace(PROVED, open_sessions=(OpenSession("R2", 3, 500, missing="R2/9"),)))
    assert held.state is DayState.HELD
    (reason,) = held.reasons
    assert (reason.kind, reason.record, reason.amount_minor) == ("z_missing", "R2/9", 500)


def test_a_z_that_disagrees_holds_the_day_with_its_money() -> None:
    wrong = TouchingSession("R1", 8, DAY, (Finding("moneysalestotal", 120, 100),))
    held = decide(replace(PROVED, sessions=(wrong,)))
    assert held.state is DayState.HELD
    assert [(reason.kind, reason.record, reason.amount_minor) for reason in held.reasons] == [
        ("z_variance", "R1/8", 20)
    ]


def test_a_record_that_cannot_be_read_holds_the_day() -> None:
    assert decide(replace(PROVED, unparsable=(Unparsable("991", "no amount"),))).state is DayState.HELD


def test_a_receipt_held_by_name_does_not_hold_the_day_and_booked_plus_held_is_all() -> None:
    plan = decide(replace(PROVED, held_receipts=(HeldReceipt(5, "unmapped_tender", 30, "tender Bitcoin"),)))
    assert plan.state is DayState.READY
    assert (plan.booked_minor, plan.held_minor) == (70, 30)


def test_lines_out_of_balance_never_post() -> None:
    held = decide(replace(PROVED, lines={**BALANCED, key("R2"): -5}))
    assert held.state is DayState.HELD
    assert [reason.kind for reason in held.reasons] == ["plan_out_of_balance"]


def test_nothing_is_left_to_post_once_the_target_is_recorded() -> None:
    assert difference(BALANCED, BALANCED.items()) == {}


def test_an_amended_day_posts_only_what_changed() -> None:
    target = {**BALANCED, key(): -130, key(kind=LineKind.TAKINGS, account="1580"): 130}
    assert difference(target, BALANCED.items()) == {key(): -30, key(kind=LineKind.TAKINGS, account="1580"): 30}


def test_a_line_that_is_no_longer_wanted_is_taken_back() -> None:
    assert difference({}, BALANCED.items()) == {line: -amount for line, amount in BALANCED.items()}


def test_registers_are_added_together_in_one_journal_line() -> None:
    assert [line.amount_minor for line in collapse({key("R1"): -60, key("R2"): -40})] == [-100]


def test_a_store_day_that_fits_is_one_document() -> None:
    assert split(BALANCED, 2) == [BALANCED]
    assert split({}, 2) == []


def test_one_register_that_does_not_fit_says_so() -> None:
    with pytest.raises(TooLongError, match="register R1 alone needs 2"):
        split(BALANCED, 1)


@st.composite
def balanced_days(draw: st.DrawFn) -> Lines:
    lines: Lines = {}
    for register in draw(st.lists(st.sampled_from(["R1", "R2", "R3", "R4", "R5"]), min_size=1, unique=True)):
        labels = draw(st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=6, unique=True))
        amounts = [draw(st.integers(1, 10**6)) for _ in labels]
        lines |= {key(register, LineKind.TAKINGS, "1580", label): a for label, a in zip(labels, amounts, strict=True)}
        lines[key(register)] = -sum(amounts)
    return lines


@given(balanced_days(), st.integers(8, 20))
def test_every_part_of_a_split_balances_and_together_they_are_the_whole(lines: Lines, most: int) -> None:
    parts = split(lines, most)
    assert {k: v for part in parts for k, v in part.items()} == lines
    assert sum(len(part) for part in parts) == len(lines)
    for part in parts:
        assert registers_out_of_balance(part) == {}
        assert len(collapse(part)) <= most


@given(balanced_days(), balanced_days())
def test_the_difference_document_balances_too(target: Lines, recorded: Lines) -> None:
    assert registers_out_of_balance(difference(target, recorded.items())) == {}
