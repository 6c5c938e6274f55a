"""What the stock's assets are checked for. Each result carries a table of what it found; none blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from sitoo_netsuite.flows.stock.adjusting import PlannedDay, VerifiedStock
from sitoo_netsuite.flows.stock.push_findings import units
from sitoo_netsuite.flows.stock.push_steps import StockRun
from sitoo_netsuite.flows.stock.snapshots import Snapshot, Variance
from sitoo_netsuite.flows.stock.wanted_pushes import Wanted
from sitoo_netsuite.money import to_text
from sitoo_netsuite.posting.posting_run import Posted
from sitoo_netsuite.preview import table, warning

PUSHED_STOCK = {
    "push_failed": "Sitoo took every movement of stock that was pushed.",
    "push_doubled": "Sitoo took no movement of stock twice.",
    "sku_missing_in_sitoo": "Sitoo has every product of which NetSuite moved stock, and counts its stock.",
}
"""The checks of `pushed_stock`, each with what holds when it passes."""


def pushed_stock(run: StockRun) -> list[dg.AssetCheckResult]:
    """The checks of a run: those of `PUSHED_STOCK`."""
    return [_cases(check, run, f"stock_{check}") for check in PUSHED_STOCK]


def left_rows(left: Wanted) -> Iterator[dict[str, object]]:
    """What a run leaves to be pushed, a row a line, for a table."""
    for push in left.pushes:
        for line in push.lines:
            yield {
                "store": push.place.store,
                "warehouse": push.place.warehouseid,
                "transaction": push.transaction,
                "sku": line.sku,
                "quantity": units(line.quantity_milli),
                "reason": "",
            }
    for entry in left.withheld:
        yield {
            "store": entry.place.store,
            "warehouse": entry.place.warehouseid,
            "transaction": entry.transaction or "",
            "sku": entry.sku,
            "quantity": units(entry.quantity_milli),
            "reason": entry.reason,
        }


def _cases(check: str, run: StockRun, kind: str) -> dg.AssetCheckResult:
    rows = [{"store": case.store, "case": case.key, "evidence": case.evidence["text"]} for case in run.of_kind(kind)]
    return warning(check, "pushed_stock", len(rows), table(["store", "case", "evidence"], rows))


def plan_rows(planned: Sequence[PlannedDay]) -> Iterator[dict[str, object]]:
    """The plan of the adjustments, a row a store-day, for a table."""
    for day in planned:
        trading_day, store, _ = day.name
        yield {
            "trading_day": trading_day,
            "store": store,
            "lines": len(day.target.quantities),
            "units_to_post": units(day.left_milli),
            "left_out": len(day.target.left_out),
            "released": day.released,
        }


def movements_can_be_adjusted(planned: Sequence[PlannedDay]) -> dg.AssetCheckResult:
    """What the tills moved and no adjustment can hold, each with the reason."""
    rows = [
        {
            "trading_day": day.name[0],
            "store": day.name[1],
            "sku": entry.sku,
            "quantity": units(entry.quantity_milli),
            "reason": entry.text,
        }
        for day in planned
        for entry in day.target.left_out
    ]
    columns = ["trading_day", "store", "sku", "quantity", "reason"]
    return warning("movements_can_be_adjusted", "stock_adjustments", len(rows), table(columns, rows))


def adjustments_are_posted(posted: Posted) -> dg.AssetCheckResult:
    """Documents that NetSuite did not take in this run, and store-days of which none could be made."""
    latest = {outcome.document.external_id: outcome for outcome in posted.outcomes}
    rows = [
        {"store": outcome.document.store, "document": name, "state": outcome.state, "why": outcome.text}
        for name, outcome in latest.items()
        if outcome.state != "posted"
    ]
    rows += [
        {"store": store, "document": "", "state": "refused", "why": text}
        for (_, store, _), text in posted.refused_days.items()
    ]
    return warning(
        "adjustments_are_posted", "posted_adjustments", len(rows), table(["store", "document", "state", "why"], rows)
    )


def adjustments_as_sent(verified: VerifiedStock) -> dg.AssetCheckResult:
    """Adjustments that NetSuite holds otherwise than they were sent, or no more."""
    rows = [{"document": name, "found": "different"} for name in verified.different]
    rows += [{"document": name, "found": "missing"} for name in verified.missing]
    return warning("adjustments_as_sent", "verified_adjustments", len(rows), table(["document", "found"], rows))


VARIANCE_COLUMNS = ["store", "warehouse", "sku", "sitoo", "netsuite", "variance", "value", "currency"]


def variance_rows(variances: Sequence[Variance]) -> Iterator[dict[str, object]]:
    """The variances of a snapshot, the dearest first, for a table."""
    for variance in variances:
        yield {
            "store": variance.store,
            "warehouse": variance.warehouseid,
            "sku": variance.sku,
            "sitoo": units(variance.sitoo_milli),
            "netsuite": units(variance.netsuite_milli),
            "variance": units(variance.variance_milli),
            "value": to_text(variance.value_minor, variance.currency),
            "currency": variance.currency,
        }


def stock_agrees(snapshot: Snapshot) -> dg.AssetCheckResult:
    """Positions that nothing explains."""
    found = table(VARIANCE_COLUMNS, variance_rows(snapshot.variances))
    return warning("stock_agrees", "store_stock_snapshots", len(snapshot.variances), found)
