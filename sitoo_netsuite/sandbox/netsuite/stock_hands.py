"""What people do by hand with stock in NetSuite, for tests, faults and demos.

Belongs here: one method per thing a stock controller does. Does not belong here: any rule: everything goes through the
account, so that records, ledger and SuiteQL stay right.

Goods are thousandths of a unit by SKU, as in Sitoo's `Stockroom`; locations are internal ids. Raises ApiError for what
NetSuite refuses, KeyError for a SKU it does not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES, RecordType
from sitoo_netsuite.sandbox.netsuite.values import Draft, Value

_SUPPLIER = "SUPPLIER"
_LineDraft = dict[str, Value | None]


class StockHands:
    """Hands on one account. `offset_accounts`: internal id of the account for adjustments, by subsidiary."""

    def __init__(self, account: Account, offset_accounts: Mapping[int, int]) -> None:
        self._account = account
        self._offset_accounts = offset_accounts

    def adjust(self, location: int, goods_milli: Mapping[str, int], memo: str = "Entered by hand") -> Record:
        """Goods found (positive) or gone."""
        lines = self._lines(goods_milli, "adjustQtyBy")
        subsidiary = self._account.subsidiary_of_location(location)
        fields: _LineDraft = {"account": self._offset_accounts[subsidiary], "adjLocation": location, "memo": memo}
        return self._create("inventoryAdjustment", {**fields, "subsidiary": subsidiary}, "inventory", lines)

    def edit(self, adjustment: Record, goods_milli: Mapping[str, int]) -> Record:
        """The adjustment is of these goods instead: the record as it is now."""
        lines = self._lines(goods_milli, "adjustQtyBy")
        self._account.update(adjustment, Draft(sublists={"inventory": lines}), frozenset({"inventory"}))
        return self._account.get(adjustment.record_type, adjustment.internal_id)

    def delete(self, document: Record) -> None:
        """Any document; what it moved is back where it was."""
        self._account.delete(document)

    def count(self, location: int, goods_milli: Mapping[str, int]) -> Record | None:
        """So many are there: the adjustment by the difference, None where there is none.

        NetSuite's own inventory counts end in such a document too; the reference does not have them.
        """
        difference = {
            sku: counted - int(self._account.stock(self._item(sku), location).quantity.scaleb(3))
            for sku, counted in goods_milli.items()
        }
        found = {sku: quantity for sku, quantity in difference.items() if quantity}
        return self.adjust(location, found, memo="Counted") if found else None

    def transfer(self, sender: int, receiver: int, goods_milli: Mapping[str, int]) -> Record:
        """Goods change their location at once."""
        return self._between("inventoryTransfer", sender, receiver, "inventory", goods_milli, "adjustQtyBy")

    def order_transfer(self, sender: int, receiver: int, goods_milli: Mapping[str, int]) -> Record:
        """Goods are to be sent; nothing moves before `send`."""
        return self._between("transferOrder", sender, receiver, "item", goods_milli, "quantity")

    def send(self, order: Record, goods_milli: Mapping[str, int] | None = None) -> Record:
        """Goods of a transfer order leave: all that is left, or these."""
        return self._carry_out(order, "itemFulfillment", goods_milli)

    def purchase(self, location: int, goods_milli: Mapping[str, int], unit_cost: Decimal = Decimal(10)) -> Record:
        """Goods are ordered from the one supplier there is; `unit_cost` in the subsidiary's currency."""
        subsidiary = self._account.subsidiary_of_location(location)
        lines = [{**line, "rate": unit_cost} for line in self._lines(goods_milli, "quantity")]
        fields: _LineDraft = {"entity": self._supplier(subsidiary), "location": location, "subsidiary": subsidiary}
        return self._create("purchaseOrder", fields, "item", lines)

    def receive(self, order: Record, goods_milli: Mapping[str, int] | None = None) -> Record:
        """Goods of a purchase or transfer order come in: all that is left, or these."""
        return self._carry_out(order, "itemReceipt", goods_milli)

    def _carry_out(self, order: Record, target: str, goods_milli: Mapping[str, int] | None) -> Record:
        target_type = _type(target)
        if goods_milli is None:
            return self._account.transform(order, target_type, Draft(), frozenset())
        wanted = {self._item(sku): Decimal(quantity).scaleb(-3) for sku, quantity in goods_milli.items()}
        lines = self._account.left_to_do(order, target_type)
        chosen: list[_LineDraft] = [
            {"orderLine": line["orderLine"], "quantity": wanted[int(str(line["item"]))]}
            for line in lines
            if line["item"] in wanted
        ]
        return self._account.transform(order, target_type, Draft(sublists={"item": chosen}), frozenset({"item"}))

    def _between(
        self, name: str, sender: int, receiver: int, sublist: str, goods_milli: Mapping[str, int], quantity: str
    ) -> Record:
        fields: _LineDraft = {"location": sender, "transferLocation": receiver}
        fields["subsidiary"] = self._account.subsidiary_of_location(sender)
        return self._create(name, fields, sublist, self._lines(goods_milli, quantity))

    def _create(self, name: str, fields: _LineDraft, sublist: str, lines: list[_LineDraft]) -> Record:
        return self._account.create(_type(name), Draft(fields=fields, sublists={sublist: lines}))

    def _lines(self, goods_milli: Mapping[str, int], quantity: str) -> list[_LineDraft]:
        return [{"item": self._item(sku), quantity: Decimal(milli).scaleb(-3)} for sku, milli in goods_milli.items()]

    def _item(self, sku: str) -> int:
        return self._account.item_by_sku(sku)

    def _supplier(self, subsidiary: int) -> int:
        """The supplier of a subsidiary, who is made when the first order needs one."""
        name = f"{_SUPPLIER}-{subsidiary}"
        known = self._account.find_external(_type("vendor"), name)
        if known is None:
            fields: _LineDraft = {"companyName": f"Supplier {subsidiary}", "subsidiary": subsidiary}
            known = self._account.create(_type("vendor"), Draft(name, fields))
        return known.internal_id


def _type(name: str) -> RecordType:
    return RECORD_TYPES[name]
