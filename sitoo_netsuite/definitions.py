"""All that Dagster loads: the whole system at a glance.

Till side: landed orders and Z-reports become receipts, lines, payments and till sessions. Books' side: the day's totals
become the planned, posted and verified journals. Master data: NetSuite's items and prices are pushed to the tills, what
was sold is held against them, and the tills' customers are linked to NetSuite's. Stock: what the
tills moved is adjusted in NetSuite, and what NetSuite moved is pushed to Sitoo.
"""

from __future__ import annotations

import dagster as dg

from sitoo_netsuite.flows.catalogue.assets import item_catalogue, pushed_products, sold_prices, till_catalogue
from sitoo_netsuite.flows.catalogue.automation import (
    catalogue_nightly,
    changed_items,
    changes_hourly,
    compare_catalogue_job,
    first_catalogue,
    push_changes,
    push_products,
    read_catalogue,
)
from sitoo_netsuite.flows.customers.assets import landed_customers, linked_customers
from sitoo_netsuite.flows.customers.automation import customers_nightly, link_customers_job
from sitoo_netsuite.flows.journals.assets import consolidated_journals, posted_journals, verified_journals
from sitoo_netsuite.flows.journals.automation import (
    close_days,
    close_of_day,
    nightly_read_back,
    unposted_days,
    verify_days_job,
)
from sitoo_netsuite.flows.sales.assets import (
    daily_sales,
    landed_orders,
    landed_z_reports,
    model_the_tills,
    reread_orders,
)
from sitoo_netsuite.flows.sales.automation import (
    land_and_plan,
    landing_every_quarter,
    late_orders,
    reread_digests,
    reread_every_night,
)
from sitoo_netsuite.flows.stock.assets import (
    netsuite_movements,
    posted_adjustments,
    pushed_stock,
    sitoo_movements,
    stock_adjustments,
    store_stock_snapshots,
    verified_adjustments,
)
from sitoo_netsuite.flows.stock.automation import (
    compare_stock_job,
    feed_every_quarter,
    feed_stock_job,
    moved_stock,
    push_stock_job,
    snapshot_stock_job,
    stock_hourly,
    stock_nightly,
    stock_snapshot,
    told_by_sitoo,
)
from sitoo_netsuite.operate.reaper import gone_runs
from sitoo_netsuite.resources import Clock, EstateFile, NetSuite, Sitoo, Warehouse
from sitoo_netsuite.worklist.automation import failed_runs, recovered_runs

defs = dg.Definitions(
    assets=[
        item_catalogue,
        till_catalogue,
        pushed_products,
        landed_customers,
        linked_customers,
        landed_z_reports,
        landed_orders,
        reread_orders,
        model_the_tills,
        daily_sales,
        sold_prices,
        consolidated_journals,
        posted_journals,
        verified_journals,
        stock_adjustments,
        posted_adjustments,
        verified_adjustments,
        sitoo_movements,
        netsuite_movements,
        pushed_stock,
        store_stock_snapshots,
    ],
    jobs=[
        read_catalogue,
        compare_catalogue_job,
        push_changes,
        push_products,
        link_customers_job,
        land_and_plan,
        reread_digests,
        close_days,
        verify_days_job,
        push_stock_job,
        compare_stock_job,
        feed_stock_job,
        snapshot_stock_job,
    ],
    schedules=[
        catalogue_nightly,
        changes_hourly,
        customers_nightly,
        stock_nightly,
        stock_hourly,
        stock_snapshot,
        feed_every_quarter,
        landing_every_quarter,
        reread_every_night,
        close_of_day,
        unposted_days,
        nightly_read_back,
    ],
    sensors=[
        first_catalogue,
        changed_items,
        moved_stock,
        told_by_sitoo,
        late_orders,
        failed_runs,
        recovered_runs,
        gone_runs,
    ],
    resources={
        "estate_file": EstateFile(),
        "clock": Clock(),
        "warehouse": Warehouse(),
        "sitoo": Sitoo(),
        "netsuite": NetSuite(),
    },
    # A step is a set of SQL statements or API calls: a process of its own for each costs more than the step (measured).
    executor=dg.in_process_executor,
)
