"""The cases made from what the tables keep: drifts and refusals."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from sitoo_netsuite.flows.catalogue.findings import KnownDrift, catalogue_drift, product_refused

_FOUND = datetime(2026, 3, 3, 9, tzinfo=UTC)


def test_all_drifts_of_a_product_are_one_case_from_what_to_what_and_when() -> None:
    later = KnownDrift("title", "Tee", "Hat", None, _FOUND + timedelta(hours=1), None)
    first = KnownDrift("price:1", "249.00", "199.00", _FOUND, _FOUND, _FOUND + timedelta(minutes=1))
    case = catalogue_drift(1, "SKU-1", [later, first])
    assert (case.kind, case.key, case.record, case.amount_minor) == ("catalogue_drift", "1/SKU-1", "SKU-1", None)
    assert case == catalogue_drift(1, "SKU-1", [first, later])
    assert [drift["sitoo"] for drift in case.evidence["drifts"]] == ["199.00", "Hat"]
    assert case.evidence["drifts"][0]["put_back_at"] == "2026-03-03T09:01:00+00:00"


def test_a_refusal_says_what_was_asked_and_why_sitoo_did_not_do_it() -> None:
    case = product_refused(1, "SKU 1", [("create", "Invalid value in sku")])
    assert (case.key, case.record) == ("1/SKU 1", "SKU 1")
    assert case.evidence["text"] == "create: Invalid value in sku"


def test_evidence_is_what_the_worklist_keeps_of_it() -> None:
    case = product_refused(1, "SKU-1", [("price", "Invalid value")])
    assert json.loads(json.dumps(case.evidence)) == case.evidence
