from dataclasses import replace
from datetime import date

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sitoo_netsuite.worklist.cases import Case, CaseEvent, KnownCase, case_events

GAP = Case("z_gap", "R1/9", "S01", date(2026, 3, 2), "R1/9", None, None, evidence={"missing": 1})


def test_a_case_is_opened_once() -> None:
    assert case_events([GAP], []) == [CaseEvent("opened", GAP)]
    assert case_events([GAP], [KnownCase(GAP)]) == []


def test_a_case_whose_evidence_changes_is_changed_not_doubled() -> None:
    worse = replace(GAP, evidence={"missing": 2})
    assert case_events([worse], [KnownCase(GAP)]) == [CaseEvent("changed", worse)]


def test_a_case_clears_when_a_run_that_looked_no_longer_finds_it() -> None:
    assert case_events([], [KnownCase(GAP)]) == [CaseEvent("cleared", GAP)]


def test_a_kind_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the catalogue"):
        Case("mystery", "1", None, None, None, None, None)


def test_one_detector_may_not_find_a_case_twice() -> None:
    with pytest.raises(ValueError, match="found twice"):
        case_events([GAP, GAP], [])


RESOLVED = KnownCase(GAP, resolved=True)


def test_a_resolved_case_stays_closed_while_the_very_same_is_found() -> None:
    assert case_events([GAP], [RESOLVED]) == []
    assert case_events([replace(GAP, waiting=True)], [RESOLVED]) == []


@pytest.mark.parametrize(
    "change", [{"amount_minor": 7}, {"record": "R1/10"}, {"evidence": {"missing": 2}}, {"trading_day": None}]
)
def test_a_resolved_case_opens_again_when_what_it_says_has_changed(change: dict[str, object]) -> None:
    changed = replace(GAP, **change)  # type: ignore[arg-type]
    assert case_events([changed], [RESOLVED]) == [CaseEvent("opened", changed)]


def test_a_resolved_case_that_is_not_found_any_more_clears_so_that_it_can_come_back() -> None:
    assert case_events([], [RESOLVED]) == [CaseEvent("cleared", GAP)]


class Worklist(RuleBasedStateMachine):
    """One case through any order of runs and resolutions, beside a plain account of what a person must see of it."""

    def __init__(self) -> None:
        super().__init__()
        self.known: KnownCase | None = None
        self.found: Case | None = None
        self.resolved_as: Case | None = None

    def _run(self, found: Case | None) -> None:
        self.found = found
        if found != self.resolved_as:
            self.resolved_as = None
        for event in case_events([found] if found else [], [self.known] if self.known else []):
            assert (event.event == "opened") == (self.known is None or self.known.resolved) or event.event == "cleared"
            self.known = None if event.event == "cleared" else KnownCase(event.case)

    @rule(amount=st.integers(1, 3))
    def a_run_finds_it(self, amount: int) -> None:
        self._run(replace(GAP, amount_minor=amount))

    @rule()
    def a_run_looks_and_does_not_find_it(self) -> None:
        self._run(None)

    @rule()
    def a_person_resolves_it(self) -> None:
        if self.known is not None and not self.known.resolved:
            self.known = KnownCase(self.known.case, resolved=True)
            self.resolved_as = self.known.case

    @invariant()
    def it_is_open_exactly_when_it_was_found_last_and_not_resolved_as_it_is(self) -> None:
        is_open = self.known is not None and not self.known.resolved
        assert is_open == (self.found is not None and self.found != self.resolved_as)


TestWorklist = Worklist.TestCase
TestWorklist.settings = settings(max_examples=60, stateful_step_count=12)
