"""The catalogue of case kinds: whose they are, how bad, what they mean and what to do.

One entry a kind; a detector may only raise kinds listed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Owner(StrEnum):
    """The team a case lands with; names and addresses are in the estate."""

    FINANCE = "finance"
    RETAIL_OPS = "retail_ops"
    INTEGRATION = "integration"


class Severity(StrEnum):
    """`high` keeps money or stock out of the books, `medium` will, `low` wants to be known."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    owner: Owner
    severity: Severity
    meaning: str
    what_to_do: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "unmatched_sku", Owner.INTEGRATION, Severity.MEDIUM,
            "A SKU was sold that NetSuite has no item for. Its revenue is booked; its stock waits.",
            "Create the item in NetSuite, or correct the SKU in Sitoo. The next run clears this.",
        ),
        Kind(
            "unmapped_tender", Owner.FINANCE, Severity.HIGH,
            "A payment was made with a tender the estate has no account for. Its receipts are held by name.",
            "Add the tender to the books in estate.yaml. The next run books the receipts.",
        ),
        Kind(
            "unmapped_vat_rate", Owner.FINANCE, Severity.HIGH,
            "An item was sold at a VAT rate the estate has no accounts for. Its receipts are held by name.",
            "Add the rate to the books in estate.yaml, or correct the product group in Sitoo.",
        ),
        Kind(
            "unmapped_store", Owner.INTEGRATION, Severity.HIGH,
            "A register sells that belongs to no store of the estate. Nothing of it is booked.",
            "Add the store to estate.yaml, or give the register's warehouse its store in Sitoo.",
        ),
        Kind(
            "unparsable_record", Owner.INTEGRATION, Severity.HIGH,
            "Sitoo sent a record that can't be read. It is kept whole in quarantine; the days it touches are held.",
            "Compare the record with Sitoo's page of it; ask Sitoo to mend it. Once it can be read, this clears.",
        ),
        Kind(
            "receipt_out_of_balance", Owner.RETAIL_OPS, Severity.HIGH,
            "A receipt's items, rounding and payments do not add up. It is held by name.",
            "Look at the receipt in Sitoo's Backoffice; ask Sitoo to correct it.",
        ),
        Kind(
            "doubled_receipt", Owner.INTEGRATION, Severity.LOW,
            "A receipt reached Sitoo twice, under two orderids. It is booked once; the second order is left out.",
            "Nothing is wrong in the books. Tell Sitoo, and cancel the second order there.",
        ),
        Kind(
            "receipt_amended", Owner.FINANCE, Severity.MEDIUM,
            "A receipt was changed in Sitoo after it had been booked. What it moved is posted as a difference.",
            "Ask who changed it and why, then resolve this with the reason.",
        ),
        Kind(
            "receipt_number_gap", Owner.RETAIL_OPS, Severity.LOW,
            "Receipt numbers are missing between two that arrived. The day is held only if its Z-report differs too.",
            "See whether the till is offline and will upload later.",
        ),
        Kind(
            "z_gap", Owner.RETAIL_OPS, Severity.MEDIUM,
            "A Z-report number is missing between two that arrived.",
            "See whether the register's Z-report was made; ask Sitoo for it. It clears when the report arrives.",
        ),
        Kind(
            "z_missing", Owner.RETAIL_OPS, Severity.HIGH,
            "Receipts have no Z-report, and a later one has come or it is long overdue. Their store-days are held.",
            "Make the register's Z-report, or ask Sitoo for it. It clears when the report arrives.",
        ),
        Kind(
            "z_variance", Owner.RETAIL_OPS, Severity.HIGH,
            "A till's Z-report and its receipts disagree. The store-days the session touches are held.",
            "Compare the figures listed; a receipt may be missing. It clears when both agree.",
        ),
        Kind(
            "held_receipt", Owner.FINANCE, Severity.MEDIUM,
            "A receipt of known amount is not in the books.",
            "Cure the case that names its cause; the next run books it.",
        ),
        Kind(
            "held_store_day", Owner.FINANCE, Severity.HIGH,
            "A store's trading day is not in the books.",
            "Cure the cases that name its causes. A waiting one cures itself when the till closes and reports.",
        ),
        Kind(
            "document_refused", Owner.FINANCE, Severity.HIGH,
            "NetSuite refused a store-day's document, or none could be made. What it lacks is not in the books.",
            "Read the reason; mend the account, period or permission. The next run tries again.",
        ),
        Kind(
            "document_not_found", Owner.FINANCE, Severity.HIGH,
            "A posted document is not in NetSuite any more, or whether it arrived is not known yet.",
            "If somebody deleted it, restore it. If it is waiting, the next run looks again.",
        ),
        Kind(
            "document_differs", Owner.FINANCE, Severity.HIGH,
            "A document in NetSuite is not what was posted: somebody changed it, or made one under our external id.",
            "Compare the lines listed; undo the change, or book the difference on purpose.",
        ),
        Kind(
            "document_not_planned", Owner.INTEGRATION, Severity.HIGH,
            "NetSuite holds a document under an external id of ours that we never planned.",
            "Find out who made it; delete it in NetSuite if it books the day twice.",
        ),
        Kind(
            "document_doubled", Owner.FINANCE, Severity.HIGH,
            "A document that NetSuite had refused, or did not hold, turned up after its lines were posted again.",
            "Nothing to do: the next run takes the doubled lines back with a difference document. See that it did.",
        ),
        Kind(
            "foreign_posting", Owner.FINANCE, Severity.HIGH,
            "Somebody posted by hand to an account that only the tills' journals use, at a store's location.",
            "Move the posting to the account it belongs to, or resolve this with the reason it stays.",
        ),
        Kind(
            "later_period", Owner.FINANCE, Severity.LOW,
            "A store-day's document was dated in a later period, because its own was closed.",
            "Its VAT belongs to the period of the trading day: add it to that return, then resolve this.",
        ),
        Kind(
            "opening_balance", Owner.FINANCE, Severity.MEDIUM,
            "An opening balance declared in the estate is not what NetSuite's ledger held at go-live.",
            "Correct the declaration in estate.yaml or the opening entry in NetSuite. The next run compares again.",
        ),
        Kind(
            "catalogue_drift", Owner.RETAIL_OPS, Severity.MEDIUM,
            "A field that NetSuite owns was changed in Sitoo; the evidence says from what to what, and when put back.",
            "Ask who changed it and why; make the change in NetSuite if it is right. Then resolve this with a reason.",
        ),
        Kind(
            "sku_only_in_sitoo", Owner.INTEGRATION, Severity.MEDIUM,
            "A product can be sold at the tills of a Sitoo site, and NetSuite has no item for those tills.",
            "Create the item in NetSuite, or take the product off the tills. The next full compare clears this.",
        ),
        Kind(
            "sku_ambiguous", Owner.INTEGRATION, Severity.HIGH,
            "A SKU is used twice, or differs from another only by case. The later one is not pushed to the tills.",
            "Give one of the two another SKU.",
        ),
        Kind(
            "barcode_doubled", Owner.INTEGRATION, Severity.MEDIUM,
            "Several items in NetSuite share a barcode, so that a till may sell the wrong one. It is not pushed.",
            "Correct the barcode of all items but one in NetSuite.",
        ),
        Kind(
            "barcode_invalid", Owner.INTEGRATION, Severity.LOW,
            "An item's barcode in NetSuite is no GTIN: its length or its check digit is wrong. It is not pushed.",
            "Correct the barcode in NetSuite.",
        ),
        Kind(
            "item_without_price", Owner.RETAIL_OPS, Severity.HIGH,
            "An item for the tills has no price, or one of 0, in a price level and currency that fills a price list.",
            "Enter the price in NetSuite. The next run pushes it.",
        ),
        Kind(
            "item_without_vat_group", Owner.FINANCE, Severity.HIGH,
            "An item for the tills has a tax schedule that the estate maps to no VAT group. It is not pushed.",
            "Map the tax schedule in estate.yaml, or give the item another one in NetSuite.",
        ),
        Kind(
            "vat_group_mismatch", Owner.FINANCE, Severity.HIGH,
            "A product is sold in another VAT group than its item's tax schedule asks for. Its price is not pushed.",
            "Decide which is right, and correct the other. VAT at the tills is never changed without a person.",
        ),
        Kind(
            "price_basis_unknown", Owner.FINANCE, Severity.HIGH,
            "The basis or VAT rate of prices is unknown, or a list is missing or in another currency: none goes out.",
            "Say in estate.yaml whether the price level holds VAT, or correct the list or VAT group named there.",
        ),
        Kind(
            "price_mismatch", Owner.RETAIL_OPS, Severity.HIGH,
            "A till would charge another price than NetSuite's: Sitoo sells at the lowest list that applies.",
            "Look at the price list named; end it, or take the product off it.",
        ),
        Kind(
            "product_refused", Owner.INTEGRATION, Severity.HIGH,
            "Sitoo refused a product, a change of it or its price. The tills do not have it.",
            "Read Sitoo's reason and correct the item in NetSuite. It is sent again once it has changed.",
        ),
        Kind(
            "price_unexplained", Owner.RETAIL_OPS, Severity.MEDIUM,
            "A receipt was sold at a price that no list in force, discount or named manual price explains.",
            "Ask the store why. The evidence has each row, its right price and the money lost or overcharged.",
        ),
        Kind(
            "customer_ambiguous", Owner.RETAIL_OPS, Severity.LOW,
            "A Sitoo customer is like several customers in NetSuite, or like one of another name. None is linked.",
            "Compare the candidates in NetSuite; merge them, or correct either side. The next run links who is left.",
        ),
        Kind(
            "customer_refused", Owner.INTEGRATION, Severity.MEDIUM,
            "NetSuite refused a new customer.",
            "Read NetSuite's reason; correct the customer in Sitoo, or the account. The next run tries again.",
        ),
        Kind(
            "stock_item_tracked", Owner.RETAIL_OPS, Severity.MEDIUM,
            "Goods moved in a store that NetSuite keeps by lot, serial number or bin.",
            "Adjust them in NetSuite by hand, have that left (`sitoo-netsuite stock leave NS-<id> --because TEXT`), "
            "and resolve this.",
        ),
        Kind(
            "stock_place_unknown", Owner.INTEGRATION, Severity.MEDIUM,
            "A till moved stock of a Sitoo warehouse that the estate gives no NetSuite location.",
            "Add the warehouse under `stock.warehouses` in estate.yaml. The next run of the day adjusts it.",
        ),
        Kind(
            "stock_sku_missing_in_netsuite", Owner.INTEGRATION, Severity.MEDIUM,
            "Stock of a SKU was moved by hand in Sitoo, or counted, that NetSuite has no item for.",
            "Create the item in NetSuite, or correct the SKU in Sitoo. The next run of the day adjusts it.",
        ),
        Kind(
            "stock_movement_to_approve", Owner.RETAIL_OPS, Severity.LOW,
            "Stock was moved in Sitoo, and the estate wants that approved, or such movements made in NetSuite.",
            "Approve it or leave it by a command that the evidence names. If it is wrong, correct it in Sitoo.",
        ),
        Kind(
            "stock_made_in_netsuite", Owner.RETAIL_OPS, Severity.MEDIUM,
            "NetSuite moved stock of a store in a way that the estate wants made in Sitoo: maybe both systems did.",
            "Approve it or leave it by a command that the evidence names. If it is wrong, delete it in NetSuite.",
        ),
        Kind(
            "stock_shipment_not_booked", Owner.RETAIL_OPS, Severity.MEDIUM,
            "Goods were shipped in Sitoo in a way that NetSuite is not told of.",
            "Add what the estate lacks, or move the goods in NetSuite by hand, have that left "
            "(`sitoo-netsuite stock leave NS-<id> --because TEXT`), and resolve this.",
        ),
        Kind(
            "stock_delivery_short", Owner.RETAIL_OPS, Severity.MEDIUM,
            "A store received less, or more, of a shipment than another one sent.",
            "Ask both stores. Correct the reception in Sitoo, or adjust the goods in transit in NetSuite.",
        ),
        Kind(
            "adjustment_refused", Owner.INTEGRATION, Severity.HIGH,
            "NetSuite refused an inventory adjustment, so that its stock still shows what the tills sold.",
            "Read NetSuite's reason and mend it there or in estate.yaml. The next run of the day sends it again.",
        ),
        Kind(
            "adjustment_missing", Owner.FINANCE, Severity.HIGH,
            "An inventory adjustment that was posted is not in NetSuite any more.",
            "Find out who deleted it and restore it, or resolve this with the reason.",
        ),
        Kind(
            "adjustment_differs", Owner.FINANCE, Severity.HIGH,
            "An inventory adjustment in NetSuite holds other quantities than were sent.",
            "Undo the change in NetSuite, or count the stock there and resolve this with the reason.",
        ),
        Kind(
            "stock_push_failed", Owner.RETAIL_OPS, Severity.HIGH,
            "A movement of stock in NetSuite did not reach Sitoo: it was refused, or the answer is not clear yet.",
            "Read the reason and mend it in Sitoo. If it is waiting, the next run looks and sends it again if need be.",
        ),
        Kind(
            "stock_push_doubled", Owner.RETAIL_OPS, Severity.MEDIUM,
            "Sitoo took a movement of stock twice, since an answer was lost. What was too much was taken back.",
            "Nothing to do: see that the store's stock of it is right. The next run clears this.",
        ),
        Kind(
            "stock_sku_missing_in_sitoo", Owner.INTEGRATION, Severity.MEDIUM,
            "NetSuite moved stock of an item that Sitoo has no product for, or no product whose stock it counts.",
            "Push the product to Sitoo, or let Sitoo count its stock. The next run then pushes what waits.",
        ),
        Kind(
            "stock_variance", Owner.RETAIL_OPS, Severity.MEDIUM,
            "Sitoo and NetSuite have different stock of a SKU, and nothing on its way or with a case explains it.",
            "Count the SKU in the store, correct the side that is wrong, and have the other one left alone.",
        ),
        Kind(
            "stock_variances_many", Owner.RETAIL_OPS, Severity.HIGH,
            "So many SKUs of a store have different stock in Sitoo and NetSuite that they are counted, not named.",
            "See what happened at the store, or count it. model.store_stock_snapshots lists all SKUs.",
        ),
        Kind(
            "run_failed", Owner.INTEGRATION, Severity.HIGH,
            "A run failed before it could finish. What it had posted is recorded; nothing is doubled.",
            "Read the run's error in Dagster. The next run takes up where this one stopped and clears this.",
        ),
    )
}  # fmt: skip
