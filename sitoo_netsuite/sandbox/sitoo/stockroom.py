"""A retailer's stock as people meet it: everything that moves or counts it, and what is done by hand in Sitoo.

Belongs here: putting the parts together, and the hands of tests, faults and demos. Does not belong here: Sitoo's rules
(`stock`, `stocktaking`, `shipments`), HTTP.

By hand the same rules hold as over HTTP: SitooError for what Sitoo refuses, the 404 for what is not there. Quantities
are thousandths of a unit, those of shipments whole units.
"""

from __future__ import annotations

from collections.abc import Mapping

from sitoo_netsuite.sandbox.clock import SandboxClock
from sitoo_netsuite.sandbox.sitoo.catalogue import Catalogue
from sitoo_netsuite.sandbox.sitoo.settings import SitooSettings
from sitoo_netsuite.sandbox.sitoo.shipments import IN_TRANSIT, RECEIVED, Shipments
from sitoo_netsuite.sandbox.sitoo.stock import STOCKTAKING, Line, Stock
from sitoo_netsuite.sandbox.sitoo.stock_levels import Level
from sitoo_netsuite.sandbox.sitoo.stocktaking import CLOSED, Stocktaking
from sitoo_netsuite.sandbox.trade.render import decimal_text
from sitoo_netsuite.sandbox.trade.store import TradeStore
from sitoo_netsuite.sandbox.world import World


class Stockroom:
    """Thread-safe: requests and hands may change it at once."""

    def __init__(
        self, world: World, store: TradeStore, clock: SandboxClock, catalogue: Catalogue, settings: SitooSettings
    ) -> None:
        self.levels = Stock(world, store, clock, catalogue, settings)
        self.stocktaking = Stocktaking(self.levels)
        self.shipments = Shipments(self.levels)
        self._settings = settings

    def level(self, warehouseid: int, sku: str) -> Level:
        """What a warehouse has of a SKU at the clock's now."""
        return self.levels.level(warehouseid, sku)

    def manual_in(self, warehouseid: int, goods_milli: Mapping[str, int], reasoncode: str = "") -> int:
        """Somebody finds goods, or gets them from nowhere in particular: the id of the transaction."""
        lines = [Line(sku, quantity) for sku, quantity in goods_milli.items()]
        return self.levels.commit(warehouseid, self._settings.manual_in, lines, reasoncode=reasoncode)

    def manual_out(self, warehouseid: int, goods_milli: Mapping[str, int], reasoncode: str = "") -> int:
        """Somebody takes goods out, of which the quantities are positive here: the id of the transaction."""
        lines = [Line(sku, -quantity) for sku, quantity in goods_milli.items()]
        return self.levels.commit(warehouseid, self._settings.manual_out, lines, reasoncode=reasoncode)

    def count(self, warehouseid: int, goods_milli: Mapping[str, int], reasoncode: str = "") -> int | None:
        """Somebody counts SKUs: the id of the transaction, None where everything was as it should be."""
        batch = {"transactiontype": STOCKTAKING, "reasoncode": reasoncode}
        with self.levels.at():
            batchid = self.stocktaking.open(warehouseid, batch)
            for sku, quantity in goods_milli.items():
                self.stocktaking.count(warehouseid, batchid, {"sku": sku, "decimalquantity": decimal_text(quantity)})
            self.stocktaking.change(warehouseid, batchid, {"warehousebatchstate": CLOSED})
            found: int | None = self.stocktaking.batch(warehouseid, batchid)["warehousetransactionid"]
            return found

    def send(self, sender: int | None, receiver: int | None, units: Mapping[str, int]) -> int:
        """Somebody sends goods from a warehouse to another, or a supplier does (None): the shipmentid, on its way."""
        items = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]
        ends = {"sender_warehouseid": sender, "receiver_warehouseid": receiver}
        return self.shipments.add({**ends, "shipmentstate": IN_TRANSIT, "shipmentitems": items})

    def receive(self, shipmentid: int, units: Mapping[str, int] | None = None) -> None:
        """Somebody receives a shipment: all of it, or of each SKU so many units (none of a SKU left out).

        Received again, the units are what has come in all.
        """
        items = []
        if units is not None:
            items = [
                {"shipmentitemid": item["shipmentitemid"], "quantityreceived": units.get(item["sku"], 0)}
                for item in self.shipments.shipment(shipmentid)["shipmentitems"]
            ]
        self.shipments.change(shipmentid, {"shipmentstate": RECEIVED, "shipmentitems": items})

    def lose(self, warehouseid: int, sku: str, quantity_milli: int) -> None:
        """Goods are gone from the figures, and no transaction shows it: an update was missed."""
        self.levels.lose(warehouseid, sku, quantity_milli)

    def set_level(self, warehouseid: int, sku: str, total_milli: int) -> None:
        """Somebody's own integration tells a virtual warehouse what it has."""
        self.levels.change_item(warehouseid, {"sku": sku, "decimaltotal": decimal_text(total_milli)})
