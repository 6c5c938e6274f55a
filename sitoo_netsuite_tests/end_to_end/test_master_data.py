"""Master data through Dagster and the command line, as a retailer runs it: jobs, sensor, checks, `push`, `forget`."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import httpx
import pytest
from typer.testing import CliRunner

from sitoo_netsuite.cli import app
from sitoo_netsuite.definitions import defs
from sitoo_netsuite.flows.catalogue.automation import changed_items
from sitoo_netsuite.operate.runs import run_job
from sitoo_netsuite.resources import EstateFile, NetSuite
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite_tests.end_to_end.conftest import Retailer

SKU = "HOM-001"


one_day = pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=1, receipts=12)], indirect=True)


def rename(retailer: Retailer, title: str) -> None:
    item = next(p.netsuite_item for p in retailer.sandbox.world.products if p.sku == SKU)
    retailer.netsuite("PATCH", f"inventoryItem/{item}", json.dumps({"displayName": title}).encode())


def title_at_the_till(retailer: Retailer) -> str:
    env = retailer.sandbox.env
    answer = httpx.get(
        f"{env['SITOO_URL']}/sites/1/products?sku={SKU}&fields=title",
        auth=(env["SITOO_API_ID"], env["SITOO_API_PASSWORD"]),
    )
    (product,) = answer.raise_for_status().json()["items"]
    return str(product["title"])


def ask_sensor(retailer: Retailer, cursor: str | None) -> dg.SensorResult | dg.SkipReason:
    context = dg.build_sensor_context(instance=retailer.instance, cursor=cursor)
    return changed_items(context, estate_file=EstateFile(), netsuite=NetSuite())  # type: ignore[return-value]


def writes(retailer: Retailer) -> int:
    return sum(
        httpx.get(f"{url}/sandbox/stats").raise_for_status().json()["writes"]
        for url in (retailer.sandbox.sitoo_url, retailer.sandbox.netsuite_url)
    )


@one_day
def test_where_both_sides_agree_nothing_is_written(retailer: Retailer) -> None:
    before = writes(retailer)
    run_job(defs, retailer.instance, "compare_catalogue")
    run_job(defs, retailer.instance, "compare_catalogue")
    run_job(defs, retailer.instance, "push_changes")
    assert writes(retailer) == before
    assert retailer.cases() == []


@one_day
def test_the_sensor_asks_for_a_run_once_an_item_has_changed_and_the_run_brings_it_to_the_till(
    retailer: Retailer,
) -> None:
    run_job(defs, retailer.instance, "compare_catalogue")
    first = ask_sensor(retailer, None)
    assert isinstance(first, dg.SensorResult)
    assert isinstance(ask_sensor(retailer, first.cursor), dg.SkipReason)
    rename(retailer, "Vase of the sensor")
    changed = ask_sensor(retailer, first.cursor)
    assert isinstance(changed, dg.SensorResult) and len(changed.run_requests or []) == 1
    run_job(defs, retailer.instance, "push_changes")
    assert title_at_the_till(retailer) == "Vase of the sensor"


@one_day
def test_a_plan_says_what_would_be_pushed_and_a_command_pushes_it_at_once(retailer: Retailer) -> None:
    run_job(defs, retailer.instance, "compare_catalogue")
    rename(retailer, "Vase of the command line")
    run_job(defs, retailer.instance, "read_catalogue")
    before = writes(retailer)
    assert [(row["site"], row["sku"], row["fields"]["title"]["to"]) for row in retailer.plan()["products"]] == [
        (1, SKU, "Vase of the command line"),
        (2, SKU, "Vase of the command line"),
    ]
    assert writes(retailer) == before
    done = CliRunner().invoke(app, ["push", SKU, "--json"])
    assert done.exit_code == 0, done.output
    answer: dict[str, Any] = json.loads(done.output.strip().splitlines()[-1])
    assert {(push["site"], push["sku"], push["action"], push["outcome"]) for push in answer["pushes"]} == {
        (1, SKU, "change", "done"),
        (2, SKU, "change", "done"),
    }
    assert title_at_the_till(retailer) == "Vase of the command line"
    assert "Nothing to push" in CliRunner().invoke(app, ["push", "NO-SUCH-SKU"]).output


@one_day
def test_the_people_on_receipts_and_at_the_tills_become_customers_once_and_can_be_forgotten(retailer: Retailer) -> None:
    retailer.run()
    run_job(defs, retailer.instance, "link_customers")
    known = customers(retailer)
    run_job(defs, retailer.instance, "link_customers")
    assert customers(retailer) == known
    assert [case["evidence"] for case in retailer.cases("customer_ambiguous")] == []
    (email, orderid) = retailer.connection.execute(
        """
        select email, orderid from restricted.customer_contact join model.receipts using (orderid)
        where email <> '' order by orderid limit 1
        """
    ).fetchone() or ("", 0)
    traced = CliRunner().invoke(app, ["trace", email, "--json"])
    assert orderid in {receipt["orderid"] for receipt in json.loads(traced.output.splitlines()[-1])["receipts"]}
    done = CliRunner().invoke(app, ["customers", "forget", email, "--json"])
    assert done.exit_code == 0, done.output
    assert "Still to do by hand" in done.output
    run_job(defs, retailer.instance, "link_customers")
    assert customers(retailer) == known
    for table in ("restricted.customer_contact", "restricted.sitoo_users", "restricted.netsuite_customers"):
        (held,) = retailer.connection.execute(f"select count(*) from {table} where email = %s", [email]).fetchone() or (
            None,
        )
        assert held == 0, table


def customers(retailer: Retailer) -> int:
    return int(retailer.suiteql("SELECT COUNT(*) AS customers FROM customer")[0]["customers"])
