"""What the stock's assets are checked for. Each result carries a table of what it found; none blocks."""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from sitoo_netsuite.flows.stock.push_findings import units
from sitoo_netsuite.flows.stock.push_steps import StockRun
from sitoo_netsuite.flows.stock.wanted_pushes import Wanted
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
