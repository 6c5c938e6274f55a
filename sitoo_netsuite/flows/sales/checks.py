"""What the tills' assets are checked for. Findings about single stores never stop the others: all are warnings.

Each result carries a table of what it found.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

import dagster as dg
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from sitoo_netsuite.estate import Estate
from sitoo_netsuite.flows.sales import evidence
from sitoo_netsuite.preview import money, money_by_currency, table


def completeness(
    connection: psycopg.Connection, first: date, last: date, estate: Estate, now: datetime
) -> dg.AssetCheckResult:
    """No number is missing between two that arrived, no Z-report is overdue, and every record could be read."""
    rows: list[dict[str, object]] = [
        {"day": gap.trading_day, "store": gap.store, "what": what, "record": gap.registerid, "missing": gap.missing}
        for what, gaps in (
            ("receipt numbers", evidence.receipt_number_gaps(connection, first, last)),
            ("Z-reports", evidence.z_number_gaps(connection, first, last)),
        )
        for gap in gaps
    ]
    rows += [
        {
            "day": report.days[-1],
            "store": report.store,
            "what": f"Z-report of {report.receipts} receipts",
            "record": f"{report.registerid}/{report.zreportid}",
            "missing": 1,
        }
        for report in evidence.missing_zs(connection, first, last, estate, now)
    ]
    rows += [
        {
            "day": record.trading_day,
            "store": record.store or "",
            "what": record.reason,
            "record": record.record,
            "missing": 1,
        }
        for record in evidence.quarantined_records(connection, first, last)
    ]
    return dg.AssetCheckResult(
        check_name="completeness",
        asset_key="receipts",
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"findings": len(rows), "missing": table(["day", "store", "what", "record", "missing"], rows)},
    )


def receipts_in_balance(connection: psycopg.Connection, first: date, last: date) -> dg.AssetCheckResult:
    """Items with VAT and rounding equal payments and the receipt's own total."""
    rows = _rows(
        connection,
        """
        select trading_day, store, orderid, receipt_number, currency, gross_minor, paid_minor,
               net_minor + vat_minor + rounding_minor as items_minor
        from model.receipts
        where trading_day between %s and %s and excluded is null
          and (net_minor + vat_minor + rounding_minor <> gross_minor or paid_minor <> gross_minor)
        order by trading_day, store, orderid
        """,
        (first, last),
    )
    shown = (
        {**row, **{name: money(row[f"{name}_minor"], row["currency"]) for name in ("items", "gross", "paid")}}
        for row in rows
    )
    return dg.AssetCheckResult(
        check_name="receipts_in_balance",
        asset_key="receipts",
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "findings": len(rows),
            "out_of_balance": table(["trading_day", "store", "receipt_number", "items", "gross", "paid"], shown),
        },
    )


def unmatched_skus(connection: psycopg.Connection, first: date, last: date, estate: Estate) -> dg.AssetCheckResult:
    """Every SKU sold or returned is an active item in NetSuite. Revenue is booked all the same; stock waits."""
    found = evidence.unmatched_skus(connection, first, last, estate)
    sold: Counter[str] = Counter()
    for sku in found:
        sold[sku.currency] += sku.net_minor
    rows = (
        {"day": s.trading_day, "store": s.store, "sku": s.sku, "lines": s.lines, "net": money(s.net_minor, s.currency)}
        for s in found
    )
    return dg.AssetCheckResult(
        check_name="unmatched_skus",
        asset_key="receipt_lines",
        passed=not found,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "findings": len(found),
            "net_sold": money_by_currency(sold),
            "unmatched": table(["day", "store", "sku", "lines", "net"], rows),
        },
    )


def orders_by_reason(connection: psycopg.Connection, first: date, last: date) -> list[dict[str, Any]]:
    """How many orders are till sales, and how many are excluded for which reason: `reason`, `orders`."""
    return _rows(
        connection,
        """
        select coalesce(excluded, 'till sale') as reason, count(*)::int as orders from model.receipts
        where trading_day between %s and %s group by 1 order by 2 desc, 1
        """,
        (first, last),
    )


def sales_by_store(connection: psycopg.Connection, first: date, last: date) -> list[dict[str, Any]]:
    """Per store-day: net and VAT of items booked, payments, and the gross of receipts held by name, in minor units."""
    return _rows(
        connection,
        """
        select trading_day, store, currency,
               coalesce(sum(net_minor) filter (where measure = 'item' and held = ''), 0)::bigint as net_minor,
               coalesce(sum(vat_minor) filter (where measure = 'item' and held = ''), 0)::bigint as vat_minor,
               coalesce(sum(net_minor) filter (where measure = 'payment' and held = ''), 0)::bigint as paid_minor,
               coalesce(sum(net_minor + vat_minor) filter (where measure = 'item' and held <> ''), 0)::bigint
                   as held_minor
        from model.daily_sales where trading_day between %s and %s group by 1, 2, 3 order by 1, 2, 3
        """,
        (first, last),
    )


def count_rows(connection: psycopg.Connection, name: str, first: date, last: date) -> int:
    """Rows of a table of `model` on those trading days."""
    row = connection.execute(
        sql.SQL("select count(*) from model.{} where trading_day between %s and %s").format(sql.Identifier(name)),
        (first, last),
    ).fetchone()
    return row[0] if row else 0


def _rows(connection: psycopg.Connection, query: str, parameters: tuple[object, ...]) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()
