"""One till whose receipts a test writes figure by figure, and the journal they make: landed, modelled and added up by
PostgreSQL as on any day. Whole retailers and served NetSuite accounts come from the folders that test those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest
import yaml

from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.flows.journals.lines import registers_out_of_balance
from sitoo_netsuite.flows.journals.queries import store_days
from sitoo_netsuite.flows.sales.landing import land_orders, land_registers
from sitoo_netsuite.flows.sales.model import model_days
from sitoo_netsuite.flows.sales.totals import refresh_daily_sales
from sitoo_netsuite.money import to_minor, to_text
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sitoo.client import ApiKey, SitooClient
from sitoo_netsuite_tests.end_to_end.conftest import retailer
from sitoo_netsuite_tests.flows.journals.conftest import books
from sitoo_netsuite_tests.netsuite.conftest import account, keys
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import KEYS, OPENING, Served, order_body, order_version, served

__all__ = ["account", "books", "keys", "retailer"]

DAY = date(2026, 3, 2)


class Row(NamedTuple):
    """A row of a receipt. Net and VAT are of the whole row, signed, as the till charged them; the rate in percent."""

    quantity: int
    net: str
    vat: str
    rate: float
    sku: str = "HOM-1"
    discount: str = "0.00"  # net, per unit


@dataclass
class Till:
    """A till in a shop that sells at the rates of several countries, in kronor."""

    connection: psycopg.Connection
    sitoo: Served
    client: SitooClient
    estate: Estate
    orderids: Iterator[int] = field(default_factory=lambda: iter(range(101, 10_000)))

    def sell(self, *rows: Row, paid: dict[str, str] | None = None, rounding: str = "0.00", **changes: Any) -> int:
        """A receipt of these rows; paid in cash unless said otherwise (`paid`: tender -> signed amount)."""
        gross = sum(to_minor(row.net, "SEK") + to_minor(row.vat, "SEK") for row in rows) + to_minor(rounding, "SEK")
        payments = paid or {"Cash": to_text(gross, "SEK")}
        orderid = next(self.orderids)
        items = [
            {
                "orderitemid": place,
                "sku": row.sku,
                "quantity": row.quantity,
                "vatvalue": row.rate,
                "moneyitemtotal_net": row.net,
                "moneyitemtotal_vat": row.vat,
                "moneydiscount": row.discount,
                "decimalquantitytotal": f"{row.quantity}.000",
                "additionaldata": {},
            }
            for place, row in enumerate(rows)
        ]
        body = order_body(
            self.sitoo.world,
            orderid,
            OPENING + orderid,
            **{
                "orderitems": items,
                "moneytotal_gross_roundoff": rounding,
                "moneytotal_gross_all": to_text(gross, "SEK"),
                "payments": [
                    {"name": name, "moneyamount": amount, "reftype": "adyen", "cardissuer": "Visa"}
                    for name, amount in payments.items()
                ],
                **changes,
            },
        )
        self.sitoo.store.write(orders=[order_version(body, OPENING + orderid)])
        return orderid

    def journal(self) -> dict[tuple[str, float | str], str]:
        """The day's lines as they would be posted, (kind, rate in percent or label) -> amount, debit positive."""
        now = self.sitoo.clock.now()
        land_registers(self.connection, self.client, self.estate, now)
        land_orders(self.connection, self.client, DAY, DAY, self.estate, now)
        model_days(self.connection, DAY, DAY, self.estate, now)
        refresh_daily_sales(self.connection, DAY, DAY, self.estate)
        (day,) = store_days(self.connection, DAY, DAY, self.estate, now)
        assert registers_out_of_balance(day.lines) == {}
        sums: defaultdict[tuple[str, float | str], int] = defaultdict(int)
        for key, amount in day.lines.items():
            sums[str(key.kind), key.vat_rate_bp / 100 if key.vat_rate_bp >= 0 else key.label] += amount
        return {place: to_text(amount, "SEK") for place, amount in sums.items()}

    def held(self) -> dict[int, str]:
        """Receipts left out of the books, by name: orderid -> case kind."""
        rows = self.connection.execute("select orderid, kind from model.held_receipts order by orderid")
        return dict(rows.fetchall())


@pytest.fixture
def till(connection: psycopg.Connection, tmp_path: Path) -> Iterator[Till]:
    with served(tmp_path, orders=0) as sitoo:
        sitoo.at(OPENING + 86_400)
        content = yaml.safe_load(estate_yaml(sitoo.world))
        (own,) = [entry for entry in content["books"] if entry["currency"] == "SEK"]
        own["vat"] += [{**own["vat"][0], "rate": rate} for rate in ("19", "20", "21")]
        name, password = next(iter(KEYS.items()))
        with SitooClient(sitoo.account_url, [ApiKey(name, password)]) as client:
            yield Till(connection, sitoo, client, parse_estate(content, "the shop"))
