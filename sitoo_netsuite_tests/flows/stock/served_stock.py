"""Both sandboxes over one made-up retailer whose stock is kept in step, and what people do to it in NetSuite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import yaml

from sitoo_netsuite.estate import Estate, parse_estate
from sitoo_netsuite.flows.catalogue.netsuite_side import land_items
from sitoo_netsuite.flows.stock.decisions import decide
from sitoo_netsuite.flows.stock.netsuite_landing import (
    LandedMovements,
    land_movements,
    land_netsuite_levels,
    reread_movements,
)
from sitoo_netsuite.flows.stock.ownership import MovementName
from sitoo_netsuite.flows.stock.push_steps import StockRun, push_stock
from sitoo_netsuite.flows.stock.sitoo_landing import (
    land_sitoo_levels,
    land_warehouse_transactions,
    land_warehouses,
    stock_sites,
)
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.world import Location, Product, Shop, Warehouse, World, make_world
from sitoo_netsuite.sitoo.client import Retries, SitooClient
from sitoo_netsuite_tests.flows.catalogue.served_catalogue import SITOO_KEY, ServedCatalogue, served_catalogue
from sitoo_netsuite_tests.flows.stock.lossy_line import LossyLine, lossy_line

VIRTUAL, SUPPLIER = 901, 21  # a virtual warehouse, and the location it stands for


def stock_world() -> World:
    """Two shops in two countries, and a virtual warehouse for what a Swedish supplier has."""
    made = make_world(seed=1, stores=2, days=2)
    supplier = Warehouse(VIRTUAL, 1, None, "Supplier", "SEK", "SUP", warehousetype=20)
    location = Location(SUPPLIER, "Supplier", made.shops[0].subsidiary, "SUP")
    return replace(made, warehouses=(*made.warehouses, supplier), locations=(*made.locations, location))


def stock_estate(world: World, **settings: Any) -> Estate:
    """The sandbox's estate with both shops' stock followed from the world's first day on."""
    raw = yaml.safe_load(estate_yaml(world, retry_seconds="0.01"))
    for books in raw["books"]:
        account = books["accounts"]["petty_cash"]["default"]
        books["stock"] = {"cogs": account, "shrinkage": account, "adjustments": account}
    for store in raw["stores"]:
        store["go_live"]["stock"] = store["go_live"]["sales"]
    places = [(shop.warehouseid, shop.key, shop.location) for shop in world.shops]
    places.append((VIRTUAL, world.shops[0].key, SUPPLIER))
    raw["stock"] = {
        "push": True,
        "owners": {"transfers": "netsuite"},
        "warehouses": [
            {"warehouse": warehouseid, "store": store, "location": str(location)}
            for warehouseid, store, location in places
        ],
        **settings,
    }
    return parse_estate(raw, "the stock's estate")


@dataclass
class ServedStock:
    """The retailer, with a database of ours. `estate` may be replaced between runs."""

    served: ServedCatalogue
    connection: psycopg.Connection
    estate: Estate
    line: LossyLine
    sitoo: SitooClient
    runs: list[StockRun] = field(default_factory=list)
    begun_after: int = 0  # the last transaction of NetSuite before this test

    def begin(self) -> None:
        """Brings everything to rest after another test, whatever it left; what is asked for below is of this one."""
        self.line.fates.clear()
        self.line.late.clear()
        self.estate = stock_estate(self.world)
        self.land_items()
        self.begun_after = self.adjust({self.product().netsuite_item: 1}, day="2026-02-01")
        self.run(nightly=True)
        self.run()
        self.line.bodies.clear()

    @property
    def world(self) -> World:
        return self.served.world

    @property
    def shop(self) -> Shop:
        return self.world.shops[0]

    def product(self, number: int = 0) -> Product:
        """A product that both systems keep stock of at the first shop."""
        stocked = [
            product
            for product in self.world.products
            if product.item_type == "InvtPart" and product.netsuite_item and self.shop.eshopid in product.group
        ]
        return stocked[number]

    # ---------------------------------------------------------------- by hand

    def adjust(self, quantities: Mapping[int, float], day: str = "2026-03-03", **fields: Any) -> int:
        """Somebody adjusts the first shop's stock in NetSuite, later, by internal id of the item; the transaction."""
        self.served.later(minutes=5)
        return self.served.netsuite("POST", "inventoryAdjustment", {**self.adjustment(quantities, day), **fields})

    def adjustment(self, quantities: Mapping[int, float], day: str = "2026-03-03") -> dict[str, Any]:
        account = next(
            entry
            for entry in self.world.accounts
            if (entry.subsidiary, entry.role) == (self.shop.subsidiary, "stock adjustments")
        )
        return {
            "subsidiary": {"id": str(self.shop.subsidiary)},
            "tranDate": day,
            "account": {"id": str(account.internal_id)},
            "adjLocation": {"id": str(self.shop.location)},
            "inventory": {
                "items": [{"item": {"id": str(item)}, "adjustQtyBy": quantity} for item, quantity in quantities.items()]
            },
        }

    def transfer(self, quantities: Mapping[int, float]) -> int:
        """Somebody moves goods from the first shop to the supplier in NetSuite, later; the transaction."""
        self.served.later(minutes=5)
        body = {
            "subsidiary": {"id": str(self.shop.subsidiary)},
            "tranDate": "2026-03-03",
            "location": {"id": str(self.shop.location)},
            "transferLocation": {"id": str(SUPPLIER)},
            "inventory": {
                "items": [{"item": {"id": str(item)}, "adjustQtyBy": units} for item, units in quantities.items()]
            },
        }
        return self.served.netsuite("POST", "inventoryTransfer", body)

    def sell_in_netsuite(self, quantities: Mapping[int, float]) -> int:
        """A web shop sells goods of the first shop by a cash sale, later; the transaction."""
        self.served.later(minutes=5)
        body = {
            "entity": {"externalId": f"WALK-IN-{self.shop.key}"},
            "location": {"id": str(self.shop.location)},
            "tranDate": "2026-03-03",
            "item": {
                "items": [
                    {"item": {"id": str(item)}, "quantity": units, "rate": 10} for item, units in quantities.items()
                ]
            },
        }
        return self.served.netsuite("POST", "cashSale", body)

    def decide(self, name: MovementName, *, carried: bool) -> None:
        """A person says whether Sitoo is told of a movement."""
        decide(
            self.connection, self.estate, [name], carried=carried, who="somebody", reason="told by the store",
            now=self.served.now(),
        )  # fmt: skip

    def edit(self, transaction: int, quantities: Mapping[int, float], day: str = "2026-03-03") -> None:
        """Somebody replaces the lines of an adjustment, later."""
        self.served.later(minutes=5)
        body = self.adjustment(quantities, day)
        self.served.netsuite("PATCH", f"inventoryAdjustment/{transaction}?replace=inventory", body)

    def delete(self, transaction: int) -> None:
        self.served.later(minutes=5)
        self.served.netsuite("DELETE", f"inventoryAdjustment/{transaction}")

    # ---------------------------------------------------------------- our work

    def land_items(self) -> None:
        now = self.served.now()
        self.served.with_netsuite(lambda client: land_items(self.connection, client, self.estate, now))

    def land(self, nightly: bool = False) -> LandedMovements:
        """Lands both sides as the assets do."""
        now = self.served.now()
        land_warehouses(self.connection, self.sitoo, now)
        land_warehouse_transactions(self.connection, self.sitoo, self.estate, now)
        landed = self.served.with_netsuite(lambda client: land_movements(self.connection, client, self.estate, now))
        if nightly:
            start = self.world.start
            return self.served.with_netsuite(
                lambda client: reread_movements(self.connection, client, self.estate, start, now)
            )
        return landed

    def land_levels(self) -> None:
        now = self.served.now()
        land_sitoo_levels(self.connection, self.sitoo, stock_sites(self.connection, self.estate), now, whole=True)
        assert self.estate.stock is not None
        locations = list(self.estate.stock.by_location)
        self.served.with_netsuite(lambda client: land_netsuite_levels(self.connection, client, locations, 2))

    def push(self, *, whole: bool = False) -> StockRun:
        self.runs.append(
            push_stock(self.connection, self.sitoo, self.estate, self.served.now, f"run-{len(self.runs)}", whole=whole)
        )
        return self.runs[-1]

    def run(self, *, nightly: bool = False) -> StockRun:
        """A whole run of the job."""
        self.land(nightly)
        return self.push(whole=nightly)

    # ---------------------------------------------------------------- what came of it

    def taken(self) -> Counter[tuple[str, str]]:
        """(transaction, SKU) to what Sitoo took of it under our external ids, in thousandths; those that are not 0."""
        land_warehouse_transactions(self.connection, self.sitoo, self.estate, self.served.now())
        rows = self.connection.execute(
            """
            select split_part(external_id, '-', 2), sku, sum(quantity_milli)
            from landing.warehouse_transactions join landing.warehouse_transaction_items
                using (created_day, warehousetransactionid)
            where external_id like 'NS-%%' and split_part(external_id, '-', 2)::bigint > %s
            group by 1, 2 having sum(quantity_milli) <> 0
            """,
            [self.begun_after],
        )
        return Counter({(transaction, sku): int(quantity) for transaction, sku, quantity in rows})

    def pushes(self) -> dict[str, str]:
        """External id to the state of every push."""
        return dict(
            self.connection.execute(
                "select external_id, state from posting.stock_pushes where transaction > %s order by external_id",
                [self.begun_after],
            ).fetchall()
        )

    def sent(self) -> list[str]:
        """External ids of what was sent to Sitoo, lost or not, in order."""
        return [entry["externalid"] for body in self.line.bodies for entry in msgspec.json.decode(body)]

    def open_cases(self) -> dict[str, tuple[str, str | None, str | None]]:
        """`kind key` to the state, store and record of every open case."""
        rows = self.connection.execute(
            "select kind, key, state, store, record from worklist.cases where event not in ('cleared', 'resolved')"
        )
        return {f"{kind} {key}": (state, store, record) for kind, key, state, store, record in rows}


@contextmanager
def served_stock(folder: Path, connection: psycopg.Connection) -> Iterator[ServedStock]:
    """The retailer two days after its opening."""
    world = stock_world()
    with served_catalogue(folder, world) as served, lossy_line(served.sitoo_url) as line:
        retries = Retries(attempts=2, first_wait=0.01, longest_wait=0.02)
        with SitooClient(line.url, [SITOO_KEY], retries=retries) as sitoo:
            yield ServedStock(served, connection, stock_estate(world), line, sitoo)
