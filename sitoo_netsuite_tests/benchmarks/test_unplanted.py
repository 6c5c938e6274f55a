"""What the benchmarks make of documents that our own verification names."""

from __future__ import annotations

from benchmarks.soak import unplanted


def test_a_named_document_that_nobody_planted_is_not_excused() -> None:
    lacking = {"kind": "document_not_found", "record": "JE-A-20260302-GBP-1"}
    doubled = {"kind": "document_not_planned", "record": "JE-B-20260302-GBP-2"}
    truth = [{"case_kind": "document_not_found", "record": "JE-A-20260302-GBP-1"}]
    assert unplanted([lacking, doubled], truth) == [doubled]
    # Planted as something else is not planted.
    assert unplanted([lacking], [{**truth[0], "case_kind": "document_edited"}]) == [lacking]
    assert unplanted([lacking], []) == [lacking]
