"""What `plan` shows of a store-day's stock before anything is posted, over an empty outbox in a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import psycopg

from sitoo_netsuite.estate import parse_estate
from sitoo_netsuite.flows.stock.adjusting import PlannedDay
from sitoo_netsuite.flows.stock.adjustments import Target
from sitoo_netsuite.flows.stock.drafted_adjustments import drafted_adjustments
from sitoo_netsuite.posting.document_lines import QuantityKey
from sitoo_netsuite_tests.examples import estate_content

SOLD = QuantityKey("11", "4000", "7", "TEE", "sale")
KIT = QuantityKey("11", "4000", "9", "SET", "sale")
SENT = QuantityKey("11", "", "7", "TEE", "transfer")


def test_a_released_day_is_shown_as_numbered_adjustments_and_transfers_and_others_not_at_all(
    connection: psycopg.Connection,
) -> None:
    content = estate_content()
    store = content["stores"][0]
    store["go_live"]["stock"] = store["go_live"]["sales"]
    content["books"][0]["stock"] = {"cogs": "4000", "shrinkage": "4100", "adjustments": "4100", "in_transit": "90"}
    content["stock"] = {
        "adjustment_lines": 1,
        "warehouses": [{"warehouse": 3, "store": store["store"], "location": "11"}],
    }
    estate = parse_estate(content, "estate.yaml")
    day = PlannedDay(
        (date(2026, 3, 2), "S01", "SEK"), Target({SOLD: -2000, KIT: -500, SENT: -1000}, ()), 3500, released=True
    )
    transfer, first, second = drafted_adjustments(connection, [day], estate)
    assert drafted_adjustments(connection, [replace(day, released=False)], estate) == []
    assert transfer == {
        "external_id": "IT-S01-20260302-1",
        "type": "inventoryTransfer",
        "store": "S01",
        "trading_day": "2026-03-02",
        "account": None,
        "location": "11",
        "in_transit": "90",
        "lines": [{"sku": "TEE", "item": "7", "kind": "transfer", "quantity_milli": -1000}],
    }
    assert [(document["external_id"], document["account"], document["in_transit"]) for document in (first, second)] == [
        ("IA-S01-20260302-2", "4000", None),
        ("IA-S01-20260302-3", "4000", None),
    ]
    assert [line["sku"] for document in (first, second) for line in document["lines"]] == ["TEE", "SET"]
