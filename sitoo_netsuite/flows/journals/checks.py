"""What the journals' assets are checked for. Each result carries a table of what it found.

Findings about single stores are warnings: holding is in the plan already. The one blocking check is that what is
released holds nothing unproved or unbalanced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dagster as dg

from sitoo_netsuite.flows.journals.lines import registers_out_of_balance
from sitoo_netsuite.flows.journals.plan import DayState, PlannedDay
from sitoo_netsuite.flows.journals.queries import Reconciliation, StoreDayState
from sitoo_netsuite.flows.journals.verifying import Verified
from sitoo_netsuite.posting.document_lines import Lines, StoreDayName
from sitoo_netsuite.preview import money, table, warning


def z_variance(planned: Iterable[PlannedDay]) -> dg.AssetCheckResult:
    """Every Z-report agrees with its receipts, per register and figure."""
    rows = []
    for plan in planned:
        for session in plan.day.sessions:
            rows += [
                {
                    "trading_day": plan.day.trading_day,
                    "store": plan.day.store,
                    "register": session.registerid,
                    "z_report": session.zreportid,
                    "figure": finding.figure,
                    "z_says": money(finding.z_report, plan.day.currency) if finding.is_money else finding.z_report,
                    "receipts_say": money(finding.receipts, plan.day.currency)
                    if finding.is_money
                    else finding.receipts,
                }
                for finding in session.findings
            ]
    columns = ["trading_day", "store", "register", "z_report", "figure", "z_says", "receipts_say"]
    return warning("z_variance", "consolidated_journals", len(rows), table(columns, rows))


def plan_in_balance(
    planned: Iterable[PlannedDay], released: Iterable[tuple[StoreDayName, Lines]]
) -> dg.AssetCheckResult:
    """What was released, read from the table that posting reads: proved, over, and zero register by register."""
    by_name = {(plan.day.trading_day, plan.day.store, plan.day.currency): plan for plan in planned}
    rows = []
    for name, lines in released:
        day, store, currency = name
        plan = by_name.get(name)
        if plan is None or plan.state is not DayState.READY or any(session.findings for session in plan.day.sessions):
            rows.append({"trading_day": day, "store": store, "register": "", "left_over": "not proved"})
        rows += [
            {"trading_day": day, "store": store, "register": register, "left_over": money(left, currency)}
            for register, left in registers_out_of_balance(lines).items()
        ]
    return dg.AssetCheckResult(
        check_name="plan_in_balance",
        asset_key="consolidated_journals",
        passed=not rows,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"findings": len(rows), "found": table(["trading_day", "store", "register", "left_over"], rows)},
    )


def planned_are_posted(states: Sequence[StoreDayState]) -> dg.AssetCheckResult:
    """Every store-day that was released is posted to the last line."""
    rows = [
        {
            "trading_day": state.trading_day,
            "store": state.store,
            "state": state.state,
            "documents": ", ".join(state.documents),
        }
        for state in states
        if state.plan == DayState.READY and state.state != "posted"
    ]
    return warning(
        "planned_are_posted",
        "posted_journals",
        len(rows),
        table(["trading_day", "store", "state", "documents"], rows),
    )


def read_back_equals_plan(verified: Verified) -> dg.AssetCheckResult:
    """Every posted document is in NetSuite, line by line as it was sent; none turned up that was not posted."""
    rows = [{"document": name, "finding": "NetSuite does not hold it any more"} for name in verified.missing]
    rows += [
        {"document": name, "finding": f"{len(lines)} lines differ: {', '.join(entry.line.memo for entry in lines[:3])}"}
        for name, lines in verified.different.items()
    ]
    rows += [{"document": name, "finding": text} for name, text in verified.misdated.items()]
    rows += [{"document": name, "finding": "not known yet whether it arrived"} for name in verified.in_doubt]
    rows += [{"document": name, "finding": "was refused or not there, and turned up"} for name in verified.turned_up]
    return warning("read_back_equals_plan", "verified_journals", len(rows), table(["document", "finding"], rows))


def ledger_holds_only_what_we_posted(verified: Verified) -> dg.AssetCheckResult:
    """No document under our external ids that we did not post, no posting by hand to the tills' accounts."""
    rows = [
        {
            "trading_day": case.trading_day,
            "store": case.store,
            "record": case.record,
            "finding": case.kind.replace("_", " "),
            "amount": money(case.amount_minor, case.currency),
        }
        for case in verified.not_ours
    ]
    columns = ["trading_day", "store", "record", "finding", "amount"]
    return warning("ledger_holds_only_what_we_posted", "verified_journals", len(rows), table(columns, rows))


def opening_balances(verified: Verified) -> dg.AssetCheckResult:
    """Every opening balance the estate declares is what NetSuite's ledger held before the store's go-live."""
    rows = [
        {
            "store": entry.store,
            "go_live": entry.go_live,
            "account": entry.account,
            "declared": money(entry.declared_minor, entry.currency),
            "ledger": money(entry.ledger_minor, entry.currency),
            "difference": money(entry.difference_minor, entry.currency),
        }
        for entry in verified.openings
    ]
    columns = ["store", "go_live", "account", "declared", "ledger", "difference"]
    wrong = sum(entry.difference_minor != 0 for entry in verified.openings)
    return warning("opening_balances", "verified_journals", wrong, table(columns, rows))


def reconciliation_variance(variances: Sequence[Reconciliation]) -> dg.AssetCheckResult:
    """Per store-day, the target less what the ledger holds is zero on every account."""
    wrong = [entry for entry in variances if entry.variance_minor]
    return warning("reconciliation_variance", "verified_journals", len(wrong), reconciliation_table(wrong))


def reconciliation_table(variances: Iterable[Reconciliation]) -> dg.TableMetadataValue:
    """Per store-day: turnover of the plan and of the ledger, and the sum of the differences over all accounts."""
    return table(
        ["trading_day", "store", "planned_debits", "ledger_debits", "variance"],
        (
            {
                "trading_day": entry.trading_day,
                "store": entry.store,
                "planned_debits": money(entry.planned_minor, entry.currency),
                "ledger_debits": money(entry.ledger_minor, entry.currency),
                "variance": money(entry.variance_minor, entry.currency),
            }
            for entry in variances
        ),
    )
