"""Every kind of journal line is needed: leave one out of the builder on purpose, and the oracle notices."""

import os
from collections.abc import Iterable

import pytest

from sitoo_netsuite.estate import Books
from sitoo_netsuite.flows.journals import lines, queries
from sitoo_netsuite.flows.journals.lines import DailyTotal, LineKind, TillClose
from sitoo_netsuite.oracle import run_oracle
from sitoo_netsuite.posting.document_lines import Lines
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite_tests.end_to_end.conftest import Retailer

# One shop and day hold every kind, but for the two that need a day before: a float to differ from, a delivery to make.
TRADE = SandboxOptions(stores=1, days=2, receipts=40, seed=5)


@pytest.mark.parametrize("retailer", [TRADE], indirect=True)
def test_each_kind_left_out_of_the_builder_is_noticed(retailer: Retailer, monkeypatch: pytest.MonkeyPatch) -> None:
    retailer.run()
    assert retailer.judge().differences == ()
    booked = {kind for (kind,) in retailer.connection.execute("select distinct kind from posting.outbox_lines")}
    assert booked == set(LineKind)

    unnoticed = []
    for left_out in LineKind:
        _forget_everything_posted(retailer)
        monkeypatch.setattr(queries, "day_lines", _without(left_out))
        retailer.book_what_is_landed()
        if not run_oracle(retailer.first, retailer.last, environment=os.environ, plan={"held": []}).differences:
            unnoticed.append(left_out)
    assert unnoticed == []


def _without(kind: LineKind):  # type: ignore[no-untyped-def]
    def day_lines(totals: Iterable[DailyTotal], closes: Iterable[TillClose], books: Books) -> Lines:
        whole = lines.day_lines(totals, closes, books)
        return {key: amount for key, amount in whole.items() if key.kind != kind}

    return day_lines


def _forget_everything_posted(retailer: Retailer) -> None:
    for row in retailer.suiteql("SELECT id FROM transaction WHERE type = 'Journal'"):
        retailer.netsuite("DELETE", f"journalEntry/{row['id']}")
    retailer.connection.execute("truncate posting.outbox cascade")
    retailer.connection.execute("truncate posting.outbox_receipts, posting.read_back, worklist.case_events")
