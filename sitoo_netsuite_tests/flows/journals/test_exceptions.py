from dataclasses import replace
from datetime import date

from sitoo_netsuite.flows.journals.exceptions import HeldCause, plan_cases
from sitoo_netsuite.flows.journals.plan import HeldReceipt, OpenSession, StoreDay, TouchingSession, decide
from sitoo_netsuite.flows.journals.proof import Finding

MONDAY, TUESDAY = date(2026, 3, 2), date(2026, 3, 3)
WRONG = TouchingSession("R1", 8, TUESDAY, (Finding("moneysalestotal", 120, 100), Finding("numsales", 2, 1)))
DAY = StoreDay("S01", MONDAY, "SEK", True, (), (), (), (), receipts=4, gross_minor=500, lines={})


def found(*days: StoreDay) -> list[tuple[str, str, str, int | None]]:
    """kind, key, state, amount of the cases of some store-days."""
    cases = plan_cases([decide(day) for day in days], [])
    return sorted((case.kind, case.key, case.state, case.amount_minor) for case in cases)


def test_a_wrong_z_is_one_case_whichever_of_the_days_it_touches_are_run() -> None:
    monday, tuesday = replace(DAY, sessions=(WRONG,)), replace(DAY, sessions=(WRONG,), trading_day=TUESDAY)
    variance = ("z_variance", "R1/8", "broken", 20)
    assert variance in found(monday)
    assert variance in found(tuesday)
    assert found(monday, tuesday).count(variance) == 1


def test_a_day_that_is_still_going_on_is_no_exception_and_one_that_lacks_a_z_afterwards_waits() -> None:
    open_till = (OpenSession("R1", 3, 300),)
    assert found(replace(DAY, over=False, open_sessions=open_till)) == []
    assert found(replace(DAY, open_sessions=open_till)) == [("held_store_day", "S01/2026-03-02/SEK", "waiting", 500)]


def test_a_receipt_held_by_name_is_a_case_of_its_own_and_one_out_of_balance_is_its_own_cause() -> None:
    held = (HeldReceipt(5, "unmapped_tender", 30, "Bitcoin"), HeldReceipt(6, "receipt_out_of_balance", 40, "..."))
    assert found(replace(DAY, held_receipts=held)) == [
        ("held_receipt", "5", "broken", 30),
        ("receipt_out_of_balance", "6", "broken", 40),
    ]


def test_receipts_of_one_cause_are_a_case_about_the_first_of_them() -> None:
    cause = HeldCause(MONDAY, "S01", "SEK", "unmapped_tender", "tender 'Bitcoin'", 77, 3, 12_000)
    (case,) = plan_cases([], [cause])
    assert (case.record, case.amount_minor, case.evidence) == (
        "77", 12_000, {"cause": "tender 'Bitcoin'", "receipts": 3},
    )  # fmt: skip
    assert case.key == "S01/2026-03-02/SEK/tender 'Bitcoin'"
