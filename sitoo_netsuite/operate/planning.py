"""`plan`: what a run would post, and what is held, with nothing written to either system."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import psycopg

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.catalogue.queries import NotLandedError
from sitoo_netsuite.flows.catalogue.steps import compare_catalogue, planned_products
from sitoo_netsuite.flows.customers.linking import planned_customers
from sitoo_netsuite.flows.journals.differences import LedgerFinding
from sitoo_netsuite.flows.journals.document import DOCUMENT_TYPE, line_memo
from sitoo_netsuite.flows.journals.plan import DayState, TooLongError, collapse
from sitoo_netsuite.flows.journals.queries import ledger_findings, ready_targets
from sitoo_netsuite.flows.journals.steps import DraftDocument, draft_documents, plan_days
from sitoo_netsuite.flows.sales.landing import land_orders, land_registers, land_z_reports
from sitoo_netsuite.flows.sales.model import model_days
from sitoo_netsuite.flows.sales.sessions import reach, z_reports_from
from sitoo_netsuite.flows.sales.totals import refresh_daily_sales
from sitoo_netsuite.flows.stock.adjusting import plan_adjustments
from sitoo_netsuite.flows.stock.drafted_adjustments import drafted_adjustments
from sitoo_netsuite.flows.stock.named_stock import changed_adjustments, left_out
from sitoo_netsuite.flows.stock.push_steps import planned_pushes
from sitoo_netsuite.flows.stock.sitoo_landing import land_store_movements
from sitoo_netsuite.flows.stock.snapshots import last_variances
from sitoo_netsuite.flows.stock.till_movements import refresh_till_movements
from sitoo_netsuite.sitoo.client import SitooClient


def make_plan(
    connection: psycopg.Connection, client: SitooClient, first: date, last: date, estate: Estate, now: datetime
) -> dict[str, Any]:
    """Reads the tills, proves and plans the days, and says what would be posted and what is held:

    `{documents: [{external_id, type, store, trading_day, currency, lines}], held: [{store, trading_day, record, kind,
    amount_minor, currency}], named: [{kind, record, store, trading_day, currency, lines: [{account, amount_minor}]}]}`.
    Amounts are minor units, debit positive. A store-day that is held or waits is in `held` once per cause; a receipt
    held by name has its orderid as `record`. `named` is what the ledger held more than was posted when it was last
    verified, and the record and kind of case that account for it. `products`: `{site, sku, action, fields, held}`, what
    would be asked of Sitoo, and `customers`: `{external_id, record, subsidiary, records}`, who would be made in
    NetSuite, and `stock`: `{store, warehouse, transaction, external_id, skus, held}`, what NetSuite moved that would be
    pushed to Sitoo, all three by what was landed last. `stock_documents`: the adjustments and transfers that would be
    posted (`drafted_adjustments`), by NetSuite's items as they were landed last. `stock_left_out` and `stock_named`:
    what moved and no adjustment holds, and what adjustments hold otherwise than they were sent (`named_stock`).
    `stock_variances`: what the last snapshot could not explain, `{store, warehouse, sku, quantity_milli}`, what Sitoo
    has more. The plan is kept and its cases are filed, as a run's would be.
    """
    land_registers(connection, client, estate, now)
    land_z_reports(connection, client, z_reports_from(estate), last, estate, now)
    reached = reach(connection, first, last, estate)
    land_orders(connection, client, *reached, estate, now)
    model_days(connection, *reached, estate, now)
    refresh_daily_sales(connection, first, last, estate)
    land_store_movements(connection, client, estate, now, (first, last))
    refresh_till_movements(connection, first, last)
    planned = plan_days(connection, first, last, estate, now, run_id="plan")
    stock_days = plan_adjustments(connection, first, last, estate, now, run_id="plan")
    documents: list[dict[str, Any]] = []
    held: list[dict[str, Any]] = []
    for name, target in ready_targets(connection, first, last):
        try:
            documents += [_shown(draft) for draft in draft_documents(connection, name, target, estate)]
        except TooLongError as error:
            day, store, currency = name
            held.append(
                {
                    "store": store,
                    "trading_day": day.isoformat(),
                    "record": str(error),
                    "kind": "document_refused",
                    "amount_minor": sum(amount for amount in target.values() if amount > 0),
                    "currency": currency,
                }
            )
    for plan in planned.days:
        place = {"store": plan.day.store, "trading_day": plan.day.trading_day.isoformat()}
        held += [
            {
                **place,
                "record": str(receipt.orderid),
                "kind": receipt.kind,
                "amount_minor": receipt.gross_minor,
                "currency": plan.day.currency,
            }
            for receipt in plan.day.held_receipts
        ]
        if plan.state is not DayState.READY:
            held += [
                {
                    **place,
                    "record": reason.record,
                    "kind": reason.kind,
                    "amount_minor": reason.amount_minor,
                    "currency": plan.day.currency,
                }
                for reason in plan.reasons
            ]
    return {
        "documents": documents,
        "held": held,
        "named": [_named(e) for e in ledger_findings(connection, first, last)],
        "products": _products(connection, estate, now),
        "customers": planned_customers(connection, estate),
        "stock": planned_pushes(connection, client, estate, now),
        "stock_documents": drafted_adjustments(connection, stock_days, estate),
        "stock_left_out": left_out(stock_days),
        "stock_named": changed_adjustments(connection, first, last),
        "stock_variances": [
            {
                "store": variance.store,
                "warehouse": variance.warehouseid,
                "sku": variance.sku,
                "quantity_milli": variance.variance_milli,
            }
            for variance in last_variances(connection)
        ],
    }


def _products(connection: psycopg.Connection, estate: Estate, now: datetime) -> list[dict[str, Any]]:
    try:
        return planned_products(compare_catalogue(connection, estate, now, run_id="plan"))
    except NotLandedError:
        return []  # as long as the tills' products were never read, nothing can be said of them


def _named(finding: LedgerFinding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "record": finding.record,
        "store": finding.store,
        "trading_day": finding.trading_day.isoformat(),
        "currency": finding.currency,
        "lines": [{"account": account, "amount_minor": amount} for account, amount in finding.lines.items()],
    }


def _shown(draft: DraftDocument) -> dict[str, Any]:
    return {
        "external_id": draft.external_id,
        "type": DOCUMENT_TYPE,
        "store": draft.store,
        "trading_day": draft.trading_day.isoformat(),
        "currency": draft.currency,
        "lines": [
            {"kind": line.kind, "account": line.account, "memo": line_memo(line), "amount_minor": line.amount_minor}
            for line in collapse(draft.lines)
        ],
    }
