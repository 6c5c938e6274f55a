"""The consolidated journals, as assets: what the books ought to hold, what was posted, what NetSuite says it holds.

Thin: resources in, a step of this flow, result and metadata out.
"""

import asyncio
from collections import Counter
from datetime import timedelta

import dagster as dg

from sitoo_netsuite.flows.journals import checks, queries
from sitoo_netsuite.flows.journals.steps import plan_days, post_days
from sitoo_netsuite.flows.journals.verifying import Verified, verify_days
from sitoo_netsuite.flows.sales.late import clear_touched
from sitoo_netsuite.partitions import requested_days, trading_days
from sitoo_netsuite.posting.posting_run import Posted
from sitoo_netsuite.preview import money, money_by_currency, table
from sitoo_netsuite.resources import NETSUITE_POOL, Clock, EstateFile, NetSuite, Warehouse


@dg.asset(
    partitions_def=trading_days,
    deps=["daily_sales", "till_sessions", "receipts"],
    group_name="journals",
    kinds={"postgres"},
    owners=["team:finance"],
    description="The plan: per store-day the journal the books ought to hold, proved against the tills' Z-reports.",
    check_specs=[
        dg.AssetCheckSpec(
            "z_variance", asset="consolidated_journals", description="Every till session agrees with its Z."
        ),
        dg.AssetCheckSpec(
            "plan_in_balance",
            asset="consolidated_journals",
            blocking=True,
            description="What is released to be posted is proved and balances.",
        ),
    ],
)
def consolidated_journals(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse
) -> dg.MaterializeResult:
    estate = estate_file.load()
    first, last = requested_days(context)
    with warehouse.connection() as connection:
        planned = plan_days(connection, first, last, estate, clock.now(), context.run.run_id)
        clear_touched(connection, context.run.run_id)
        released = list(queries.ready_targets(connection, first, last))
    states = Counter(plan.state.value for plan in planned.days)
    booked: Counter[str] = Counter()
    for plan in planned.days:
        booked[plan.day.currency] += plan.booked_minor
    return dg.MaterializeResult(
        metadata={
            "store_days": len(planned.days),
            **{f"store_days {state}": count for state, count in sorted(states.items())},
            "gross_booked": money_by_currency(booked),
            "cases_opened": planned.case_events["opened"],
            "cases_cleared": planned.case_events["cleared"],
            "plan": table(
                ["trading_day", "store", "state", "receipts", "booked", "held", "why"],
                (
                    {
                        "trading_day": plan.day.trading_day,
                        "store": plan.day.store,
                        "state": plan.state.value,
                        "receipts": plan.day.receipts,
                        "booked": money(plan.booked_minor, plan.day.currency),
                        "held": money(plan.held_minor, plan.day.currency),
                        "why": "; ".join(reason.text for reason in plan.reasons),
                    }
                    for plan in planned.days
                ),
            ),
        },
        check_results=[checks.z_variance(planned.days), checks.plan_in_balance(planned.days, released)],
    )


@dg.asset(
    partitions_def=trading_days,
    deps=[consolidated_journals],
    group_name="journals",
    kinds={"netsuite", "postgres"},
    owners=["team:finance"],
    pool=NETSUITE_POOL,
    description="Journal entries in NetSuite: what the plan holds and was not posted yet, each document exactly once.",
    check_specs=[
        dg.AssetCheckSpec(
            "planned_are_posted", asset="posted_journals", description="Nothing released is left unposted."
        )
    ],
)
def posted_journals(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate = estate_file.load()
    first, last = requested_days(context)

    async def post() -> Posted:
        async with netsuite.client(estate) as client:
            return await post_days(connection, client, first, last, estate, clock.now, context.run.run_id)

    with warehouse.connection() as connection:
        posted = asyncio.run(post())
        left = queries.store_day_states(connection, first, last)
    documents = (
        {"document": o.document.external_id, "store": o.document.store, "state": o.state, "why": o.text}
        for o in posted.outcomes
    )
    return dg.MaterializeResult(
        metadata={
            "documents_posted": posted.count("posted"),
            "documents_refused": posted.count("refused") + len(posted.refused_days),
            "documents_in_doubt": posted.count("in_doubt") + posted.count("planned"),
            "documents": table(["document", "store", "state", "why"], documents),
        },
        check_results=[checks.planned_are_posted(left)],
    )


@dg.asset(
    partitions_def=trading_days,
    deps=[posted_journals],
    group_name="journals",
    kinds={"netsuite", "postgres"},
    owners=["team:finance"],
    pool=NETSUITE_POOL,
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=48), warn_window=timedelta(hours=30)),
    description="What NetSuite holds of the posted journals, read back line by line and compared with what was sent.",
    check_specs=[
        dg.AssetCheckSpec(
            "read_back_equals_plan", asset="verified_journals", description="NetSuite holds what was sent."
        ),
        dg.AssetCheckSpec(
            "ledger_holds_only_what_we_posted",
            asset="verified_journals",
            description="Nobody else's document or posting stands on the tills' accounts.",
        ),
        dg.AssetCheckSpec(
            "reconciliation_variance", asset="verified_journals", description="Ledger and receipts agree per store-day."
        ),
        dg.AssetCheckSpec(
            "opening_balances",
            asset="verified_journals",
            description="The opening balances declared are what the ledger held, where the run has a go-live day.",
        ),
    ],
)
def verified_journals(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate = estate_file.load()
    first, last = requested_days(context)

    async def verify() -> Verified:
        async with netsuite.client(estate) as client:
            return await verify_days(connection, client, first, last, estate, clock.now, context.run.run_id)

    with warehouse.connection() as connection:
        verified = asyncio.run(verify())
        # A read-only installation releases what it would post, and posts none of it.
        variances = [
            entry
            for entry in queries.reconciliation(connection, first, last)
            if entry.documents or not estate.read_only
        ]
    released: Counter[str] = Counter()
    held: Counter[str] = Counter()
    for entry in variances:
        released[entry.currency] += entry.planned_minor
        held[entry.currency] += entry.ledger_minor
    return dg.MaterializeResult(
        metadata={
            "store_days_to_be_in_netsuite": len(variances),
            "store_days_in_netsuite": sum(not entry.variance_minor for entry in variances),
            "debits_to_be_in_netsuite": money_by_currency(released),
            "debits_in_netsuite": money_by_currency(held),
            "documents_as_sent": len(verified.as_sent),
            "documents_different": len(verified.different),
            "documents_missing": len(verified.missing),
            "documents_in_doubt": len(verified.in_doubt),
            "not_ours": len(verified.not_ours),
            "reconciliation": checks.reconciliation_table(variances),
        },
        check_results=[
            checks.read_back_equals_plan(verified),
            checks.ledger_holds_only_what_we_posted(verified),
            checks.reconciliation_variance(variances),
            checks.opening_balances(verified),
        ],
    )
