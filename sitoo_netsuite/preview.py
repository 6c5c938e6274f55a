"""Tables for Dagster's page, and the checks that carry them: small, typed, amounts as text with their currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from sitoo_netsuite.money import to_text

# A page shows what a person can read; the rest is in the tables.
_MOST_ROWS = 100


def table(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> dg.TableMetadataValue:
    """A metadata table of these columns, the first hundred rows. Whatever is not a number is shown as text."""
    records = []
    for number, row in enumerate(rows):
        if number == _MOST_ROWS:
            break
        records.append(
            dg.TableRecord({name: value if isinstance(value := row[name], int) else str(value) for name in columns})
        )
    return dg.MetadataValue.table(records, dg.TableSchema(columns=[dg.TableColumn(name) for name in columns]))


def warning(check: str, asset: str, findings: int, found: dg.TableMetadataValue) -> dg.AssetCheckResult:
    """A check that passes where there is no finding, and blocks nothing: its count, and a table of what it found."""
    return dg.AssetCheckResult(
        check_name=check,
        asset_key=asset,
        passed=findings == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"findings": findings, "found": found},
    )


def money(amount_minor: int | None, currency: str | None) -> str:
    """`1234.50 SEK`, or an empty text where there is no amount."""
    return "" if amount_minor is None or currency is None else f"{to_text(amount_minor, currency)} {currency}"


def money_by_currency(amounts: Mapping[str, int]) -> str:
    """`1234.50 SEK, 99.00 GBP`."""
    return ", ".join(money(amount, currency) for currency, amount in sorted(amounts.items())) or "0"
