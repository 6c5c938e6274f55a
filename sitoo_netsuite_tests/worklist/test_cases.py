from dataclasses import replace
from datetime import date

import pytest

from sitoo_netsuite.worklist.cases import Case, CaseEvent, case_events

GAP = Case("z_gap", "R1/9", "S01", date(2026, 3, 2), "R1/9", None, None, evidence={"missing": 1})


def test_a_case_is_opened_once() -> None:
    assert case_events([GAP], []) == [CaseEvent("opened", GAP)]
    assert case_events([GAP], [GAP]) == []


def test_a_case_whose_evidence_changes_is_changed_not_doubled() -> None:
    worse = replace(GAP, evidence={"missing": 2})
    assert case_events([worse], [GAP]) == [CaseEvent("changed", worse)]


def test_a_case_clears_when_a_run_that_looked_no_longer_finds_it() -> None:
    assert case_events([], [GAP]) == [CaseEvent("cleared", GAP)]


def test_a_kind_outside_the_catalogue_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the catalogue"):
        Case("mystery", "1", None, None, None, None, None)


def test_one_detector_may_not_find_a_case_twice() -> None:
    with pytest.raises(ValueError, match="found twice"):
        case_events([GAP, GAP], [])
