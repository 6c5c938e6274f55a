"""Store-days whose accounting period is closed when they are posted, or shut while they are."""

from __future__ import annotations

from datetime import date

from sitoo_netsuite.flows.journals.lines import LineKind
from sitoo_netsuite.posting.document_lines import LineKey, Lines
from sitoo_netsuite.posting.read_periods import read_periods
from sitoo_netsuite.worklist.store import resolve_case
from sitoo_netsuite_tests.flows.journals.conftest import DAY, Books, OneSlotAnd

FIRST, SECOND, THIRD = (f"JE-S01-20260302-SEK-{number}" for number in (1, 2, 3))


def dates(books: Books) -> dict[str, date]:
    rows = books.connection.execute("select external_id, tran_date from posting.outbox order by number")
    return dict(rows.fetchall())


def memo(books: Books, identity: str) -> str:
    return str(books.netsuite("GET", f"journalEntry/eid:{identity}").json()["memo"])


def with_vat(books: Books, amount: int) -> Lines:
    vat = books.estate.books_of(books.store).vat[0]
    lines = books.lines(amount)
    (sale,) = (key for key in lines if key.kind == LineKind.SALE)
    lines[sale] += amount // 5
    lines[LineKey("R1", LineKind.VAT_ON_SALES, vat.vat_on_sales, vat.rate, "")] = -(amount // 5)
    return lines


def lock_every_period(books: Books) -> None:
    for period in books.with_client(lambda client: read_periods(client, DAY)):
        books.lock(period.name, closed=True)


def test_a_day_of_a_closed_period_is_booked_in_the_next_and_finance_is_told_whose_vat_it_is(books: Books) -> None:
    books.plan(with_vat(books, 10_000))
    books.lock("Mar 2026", closed=True)
    books.post()
    assert books.ledger() == {FIRST: 10_000}
    assert dates(books) == {FIRST: date(2026, 4, 1)}
    assert memo(books, FIRST).endswith("trading day 2026-03-02, VAT of Mar 2026")
    assert books.verify().as_sent == [FIRST]
    assert books.cases() == [("later_period", "broken", FIRST, 2000)]
    (evidence,) = books.connection.execute("select evidence from worklist.cases").fetchone() or ()
    assert (evidence["vat_period"], evidence["posted_period"]) == ("Mar 2026", "Apr 2026")
    assert "closed when it was posted" in evidence["text"]


def test_the_vat_of_a_case_is_what_sales_owe_less_what_returns_give_back(books: Books) -> None:
    vat = books.estate.books_of(books.store).vat[0]
    lines = with_vat(books, 10_000)
    (sale,) = (key for key in lines if key.kind == LineKind.SALE)
    lines[sale] -= 500
    lines[LineKey("R1", LineKind.VAT_ON_RETURNS, vat.vat_on_returns, vat.rate, "")] = 500
    books.plan(lines)
    books.lock("Mar 2026", closed=True)
    books.post()
    assert books.cases() == [("later_period", "broken", FIRST, 1500)]
    (evidence,) = books.connection.execute("select evidence from worklist.cases").fetchone() or ()
    assert evidence["vat"] == [
        {"kind": "vat_on_sales", "vat_rate_bp": vat.rate, "amount_minor": -2000},
        {"kind": "vat_on_returns", "vat_rate_bp": vat.rate, "amount_minor": 500},
    ]


def test_a_document_without_vat_is_told_with_its_debits(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.lock("Mar 2026", closed=True)
    books.post()
    assert books.cases() == [("later_period", "broken", FIRST, 10_000)]


def test_the_case_stays_as_it_is_when_the_day_is_run_again_and_the_period_reopened(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.lock("Mar 2026", closed=True)
    books.post()
    books.lock("Mar 2026", closed=False)
    books.post()
    books.verify()
    assert books.cases() == [("later_period", "broken", FIRST, 10_000)]
    assert books.connection.execute("select event from worklist.case_events").fetchall() == [("opened",)]


def test_a_case_that_a_person_has_resolved_is_not_filed_again(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.lock("Mar 2026", closed=True)
    books.post()
    (case_id,) = books.connection.execute("select id from worklist.cases").fetchone() or (0,)
    resolve_case(books.connection, case_id, "in the March return", books.now, "finance")
    books.post()
    assert books.connection.execute("select event from worklist.case_events").fetchall() == [("opened",), ("resolved",)]


def test_a_period_that_is_shut_while_its_day_is_posted_moves_only_what_is_not_there_yet(books: Books) -> None:
    books.limit_lines(2)
    target = {}
    for register in range(8):
        target |= books.lines(1_000, f"R{register}", ("Invoice", "Swish")[register % 2])
    books.plan(target)
    month_end = OneSlotAnd(lambda: books.lock("Mar 2026", closed=True), when=books.a_journal_has_arrived)
    posted = books.post(slots=month_end)
    march = [identity for identity, day in dates(books).items() if day.month == 3]
    april = [identity for identity, day in dates(books).items() if day.month == 4]
    states = books.outbox()
    assert {states[identity] for identity in april} == {"posted"}
    refused = [identity for identity in march if states[identity] == "refused"]
    assert refused and april
    assert posted.count("posted") == len(march) - len(refused) + len(april)
    ledger = books.ledger()
    assert sum(ledger.values()) == 8000
    assert books.cases() == [("later_period", "broken", identity, ledger[identity]) for identity in sorted(april)]
    assert sorted(books.verify().as_sent) == sorted(ledger)


def test_a_document_left_planned_by_an_earlier_run_is_planned_anew_when_its_period_was_shut_since(books: Books) -> None:
    books.leave_planned()
    books.lock("Mar 2026", closed=True)
    books.post()
    assert books.outbox() == {FIRST: "refused", SECOND: "posted"}
    assert dates(books)[SECOND] == date(2026, 4, 1)
    assert books.ledger() == {SECOND: 10_000}
    assert [case[0] for case in books.cases()] == ["later_period"]


def test_a_document_left_planned_is_planned_anew_when_its_period_was_reopened_since(books: Books) -> None:
    books.lock("Mar 2026", closed=True)
    books.leave_planned()
    books.lock("Mar 2026", closed=False)
    books.post()
    assert books.outbox() == {FIRST: "refused", SECOND: "posted"}
    assert dates(books) == {FIRST: date(2026, 4, 1), SECOND: DAY}
    assert books.ledger() == {SECOND: 10_000}
    assert books.cases() == []


def test_a_document_left_planned_is_not_sent_while_no_period_is_open(books: Books) -> None:
    books.leave_planned()
    lock_every_period(books)
    books.post()
    assert books.outbox() == {FIRST: "planned"}
    assert [case[0] for case in books.cases()] == ["document_refused"]
    assert books.account.sent("POST", "journalEntry") == []


def test_a_difference_for_a_day_whose_period_was_closed_since_is_dated_in_the_next(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.post()
    books.lock("Mar 2026", closed=True)
    books.plan(books.lines(12_500))
    books.post()
    assert dates(books) == {FIRST: date(2026, 3, 2), SECOND: date(2026, 4, 1)}
    assert books.verify().as_sent == [FIRST, SECOND]
    assert books.cases() == [("later_period", "broken", SECOND, 2500)]


def test_a_closed_period_asks_nothing_of_a_day_that_is_in_the_books(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.post()
    lock_every_period(books)
    assert books.post().refused_days == {}
    assert books.cases() == []


def test_a_lock_of_receivables_alone_does_not_move_a_journal(books: Books) -> None:
    books.plan(books.lines(10_000))
    books.lock("Mar 2026", arLocked=True)
    books.post()
    assert dates(books) == {FIRST: date(2026, 3, 2)}
    assert books.cases() == []


def test_no_open_period_is_a_case_in_words_and_cured_by_one_that_opens(books: Books) -> None:
    books.plan(books.lines(10_000))
    lock_every_period(books)
    books.post()
    assert books.outbox() == {}
    assert books.cases() == [("document_refused", "broken", None, 10_000)]
    (evidence,) = books.connection.execute("select evidence from worklist.cases").fetchone() or ()
    assert "finance must open one" in evidence["text"]
    books.lock("Mar 2026", closed=False)
    books.post()
    assert books.ledger() == {FIRST: 10_000}
    assert books.cases() == []
