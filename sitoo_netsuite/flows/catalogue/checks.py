"""What the catalogue's assets are checked for. Each result carries a table of what it found; none blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import dagster as dg

from sitoo_netsuite.flows.catalogue.sold_prices import SoldPrice
from sitoo_netsuite.flows.catalogue.steps import CatalogueRun
from sitoo_netsuite.preview import money, table, warning

PUSHED_PRODUCTS = {
    "price_mismatch": "The tills would charge what NetSuite says.",
    "drift": "Nobody changed in Sitoo what NetSuite owns.",
    "sku_only_in_sitoo": "Every product at the tills has its item in NetSuite.",
    "refused_by_sitoo": "Sitoo took every product that was pushed.",
}
"""The checks of `pushed_products`, each with what holds when it passes."""

_DRIFT_COLUMNS = ["site", "sku", "field", "netsuite", "sitoo", "changed"]

PRICES_EXPLAINED = "Every row of a receipt was sold at a price that a list in force, or a named reason, explains."


def pushed_products(run: CatalogueRun) -> list[dg.AssetCheckResult]:
    """The checks of a run, of what it looked at: those of `PUSHED_PRODUCTS`."""
    drifts = [
        {
            "site": eshopid,
            "sku": drift.sku,
            "field": drift.field,
            "netsuite": drift.netsuite,
            "sitoo": drift.sitoo,
            "changed": drift.changed_at or "",
        }
        for eshopid, drift in run.drifts
    ]
    return [
        _cases("price_mismatch", run, "price_mismatch"),
        warning("drift", "pushed_products", len(drifts), table(_DRIFT_COLUMNS, drifts)),
        _cases("sku_only_in_sitoo", run, "sku_only_in_sitoo"),
        _cases("refused_by_sitoo", run, "product_refused"),
    ]


def prices_explained(rows: Iterable[SoldPrice]) -> dg.AssetCheckResult:
    """Rows sold at a price that nothing explains, with what they ought to have cost."""
    found = [
        {
            "trading_day": row.trading_day,
            "store": row.store,
            "receipt": row.orderid,
            "sku": row.sku,
            "sold_for": money(row.sold_minor, row.currency),
            "right_price": money(row.right_minor, row.currency),
            "lost": money(row.lost_minor, row.currency),
        }
        for row in rows
    ]
    columns = ["trading_day", "store", "receipt", "sku", "sold_for", "right_price", "lost"]
    return warning("prices_explained", "sold_prices", len(found), table(columns, found))


def shown_fields(fields: Mapping[str, Mapping[str, str]]) -> str:
    """`title: Lamp -> Lamp ash`, for a table."""
    return "; ".join(f"{field}: {change['from']} -> {change['to']}" for field, change in fields.items())


def _cases(check: str, run: CatalogueRun, kind: str) -> dg.AssetCheckResult:
    rows = [
        {"case": case.key, "money": money(case.amount_minor, case.currency), "evidence": case.evidence}
        for case in run.of_kind(kind)
    ]
    return warning(check, "pushed_products", len(rows), table(["case", "money", "evidence"], rows))
