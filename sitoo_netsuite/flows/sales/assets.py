"""What the tills did, as assets: landed orders and Z-reports, the typed receipts, the day's totals.

Thin: resources in, a function of this flow, result and metadata out.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import dagster as dg

from sitoo_netsuite.events.landing import purge_events
from sitoo_netsuite.flows.sales import checks, evidence
from sitoo_netsuite.flows.sales.landing import LandingResult, land_orders, land_registers, land_z_reports
from sitoo_netsuite.flows.sales.late import take_touched
from sitoo_netsuite.flows.sales.model import model_days
from sitoo_netsuite.flows.sales.quarantine import purge_quarantine
from sitoo_netsuite.flows.sales.reread import reread
from sitoo_netsuite.flows.sales.sessions import reach, z_reports_from
from sitoo_netsuite.flows.sales.totals import refresh_daily_sales
from sitoo_netsuite.partitions import requested_days, trading_days
from sitoo_netsuite.preview import money, table
from sitoo_netsuite.resources import SITOO_POOL, Clock, EstateFile, Sitoo, Warehouse

_LANDED_OFTEN = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=6), warn_window=timedelta(hours=1))


def _landing_metadata(result: LandingResult) -> dict[str, int | str]:
    return {
        "read": result.read,
        "new": result.new,
        "changed": result.changed,
        "quarantined": result.rejected,
        "days_touched": ", ".join(str(day) for day in sorted(result.touched)) or "none",
    }


@dg.asset(
    partitions_def=trading_days,
    group_name="tills",
    kinds={"sitoo", "postgres"},
    owners=["team:integration"],
    pool=SITOO_POOL,
    freshness_policy=_LANDED_OFTEN,
    description="Every register's Z-reports as Sitoo sent them, and the registers themselves.",
)
def landed_z_reports(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, sitoo: Sitoo
) -> dg.MaterializeResult:
    estate = estate_file.load()
    _, last = requested_days(context)
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        registers = land_registers(connection, client, estate, clock.now())
        result = land_z_reports(connection, client, z_reports_from(estate), last, estate, clock.now())
        removed = purge_quarantine(connection, clock.now())
        purge_events(connection, clock.now())
    return dg.MaterializeResult(
        metadata={"registers": registers, "quarantined_bodies_removed": removed, **_landing_metadata(result)}
    )


@dg.asset(
    partitions_def=trading_days,
    deps=[landed_z_reports],
    group_name="tills",
    kinds={"sitoo", "postgres"},
    owners=["team:integration"],
    pool=SITOO_POOL,
    freshness_policy=_LANDED_OFTEN,
    description="Every order as Sitoo sent it, less personal fields, with a digest. Safe to read again.",
)
def landed_orders(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, sitoo: Sitoo
) -> dg.MaterializeResult:
    estate = estate_file.load()
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        first, last = reach(connection, *requested_days(context), estate)
        result = land_orders(connection, client, first, last, estate, clock.now())
    return dg.MaterializeResult(
        metadata={"from": str(first), "to": str(last), "deliveries": result.deliveries, **_landing_metadata(result)}
    )


@dg.asset(
    deps=[landed_z_reports, landed_orders],
    group_name="tills",
    kinds={"sitoo", "postgres"},
    owners=["team:integration"],
    pool=SITOO_POOL,
    description="The last weeks' orders and Z-reports read again and compared: what Sitoo changed waits for its run.",
)
def reread_orders(estate_file: EstateFile, clock: Clock, warehouse: Warehouse, sitoo: Sitoo) -> dg.MaterializeResult:
    estate = estate_file.load()
    with warehouse.connection() as connection, sitoo.client(estate) as client:
        reports, orders = reread(connection, client, estate, clock.now())
    return dg.MaterializeResult(
        metadata={
            "read": reports.read + orders.read,
            "z_reports_changed": reports.changed,
            "z_reports_late": reports.new,
            "orders_changed": orders.changed,
            "orders_late": orders.new,
            "quarantined": reports.rejected + orders.rejected,
            "days_touched": ", ".join(str(day) for day in sorted(reports.touched | orders.touched)) or "none",
        }
    )


def _modelled(name: str, deps: Sequence[dg.AssetsDefinition | str], description: str) -> dg.AssetSpec:
    """One of the typed tables that a single step makes of what was landed."""
    return dg.AssetSpec(
        name,
        deps=list(deps),
        group_name="tills",
        kinds={"postgres"},
        owners=["team:integration"],
        description=description,
        partitions_def=trading_days,
    )


@dg.multi_asset(
    specs=[
        _modelled(
            "receipts",
            [landed_orders],
            "Every order of the trading day: a till sale, or excluded for a named reason.",
        ),
        _modelled(
            "receipt_lines",
            # The SKUs are compared with the catalogue.
            [landed_orders, "item_catalogue"],
            "What was sold and returned, with the VAT the till charged.",
        ),
        _modelled(
            "payments",
            [landed_orders],
            "How receipts were paid: tender, acquirer, card scheme, signed amount.",
        ),
        _modelled(
            "till_sessions",
            [landed_z_reports],
            "Each register session with the figures of its Z-report.",
        ),
    ],
    check_specs=[
        dg.AssetCheckSpec(
            "completeness", asset="receipts", description="Receipt numbers and readable records are complete."
        ),
        dg.AssetCheckSpec("receipts_in_balance", asset="receipts", description="Items and rounding equal payments."),
        dg.AssetCheckSpec(
            "unmatched_skus", asset="receipt_lines", description="Every SKU sold is an item in NetSuite."
        ),
    ],
    name="model_the_tills",
    can_subset=False,
)
def model_the_tills(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse
) -> Iterator[dg.MaterializeResult]:
    estate = estate_file.load()
    first, last = requested_days(context)
    with warehouse.connection() as connection:
        take_touched(connection, first, last, context.run.run_id)
        model_days(connection, *reach(connection, first, last, estate), estate, clock.now())
        evidence.file_till_cases(connection, first, last, estate, clock.now(), context.run.run_id)
        orders = checks.orders_by_reason(connection, first, last)
        yield dg.MaterializeResult(
            asset_key="receipts",
            metadata={
                "dagster/row_count": sum(row["orders"] for row in orders),
                "till_sales": sum(row["orders"] for row in orders if row["reason"] == "till sale"),
                "orders_by_reason": table(["reason", "orders"], orders),
            },
            check_results=[
                checks.completeness(connection, first, last, estate, clock.now()),
                checks.receipts_in_balance(connection, first, last),
            ],
        )
        yield dg.MaterializeResult(
            asset_key="receipt_lines",
            metadata={"dagster/row_count": checks.count_rows(connection, "receipt_lines", first, last)},
            check_results=[checks.unmatched_skus(connection, first, last, estate)],
        )
        for name in ("payments", "till_sessions"):
            yield dg.MaterializeResult(
                asset_key=name, metadata={"dagster/row_count": checks.count_rows(connection, name, first, last)}
            )


@dg.asset(
    partitions_def=trading_days,
    deps=["receipts", "receipt_lines", "payments", "till_sessions"],
    group_name="journals",
    kinds={"postgres"},
    owners=["team:finance"],
    description="The day's totals by store, register, VAT rate and tender: all that the journal is built from.",
)
def daily_sales(
    context: dg.AssetExecutionContext, estate_file: EstateFile, warehouse: Warehouse
) -> dg.MaterializeResult:
    estate = estate_file.load()
    first, last = requested_days(context)
    with warehouse.connection() as connection:
        refresh_daily_sales(connection, first, last, estate)
        days = checks.sales_by_store(connection, first, last)
    return dg.MaterializeResult(
        metadata={
            "store_days": len(days),
            "sales": table(
                ["trading_day", "store", "net", "vat", "paid", "held"],
                (
                    {
                        **row,
                        **{
                            name: money(row[f"{name}_minor"], row["currency"])
                            for name in ("net", "vat", "paid", "held")
                        },
                    }
                    for row in days
                ),
            ),
        }
    )
