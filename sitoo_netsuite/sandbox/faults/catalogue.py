"""The data faults there are: what each is done to, and the case that must name it (docs/faults.md).

Belongs here: names and facts of faults. Does not belong here: how one is planted (`planting`,
`master_data`, `by_hand`, `backoffice`), trouble on the line (`transport`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Target(Enum):
    """What a fault is done to; the text is how it is called in messages."""

    RECEIPT = "receipt"
    Z_REPORT = "Z-report"
    DOCUMENT = "journal"
    ADJUSTMENT = "inventory adjustment"
    STORE_DAY = "store-day"
    SHOP = "shop that the estate lacks"
    SHELF = "store's stock of a SKU"
    PRODUCT = "product"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class DataFault:
    """One fault. `case_kind` and `follow_ups` as in docs/faults.md.

    about_z: its case is that of a Z-report, so a Z-report bears one such fault only. holds: it keeps every store-day
    that its till session touches out of the books. takes_amount: it is about an amount that a FILE may name. cured: it
    goes away by itself, and stands as `case_kind` until then. shares: it hides no other fault of its till session and
    is hidden by none. by_hand: done while the sandbox runs. of_master_data: of no store and no trading day.
    """

    name: str
    target: Target
    case_kind: str
    follow_ups: tuple[str, ...] = ()
    about_z: bool = False
    holds: bool = False
    takes_amount: bool = False
    cured: bool = False
    shares: bool = False

    @property
    def by_hand(self) -> bool:
        return self.name in _BY_HAND

    @property
    def of_master_data(self) -> bool:
        return self.target in (Target.PRODUCT, Target.CUSTOMER)


_BY_HAND = frozenset(
    {
        "amended_after_posting", "journal_edited", "journal_deleted", "document_not_planned", "wrong_account",
        "product_changed", "price_changed", "lower_list", "adjustment_edited", "adjustment_deleted",
        "update_missed", "delivery_in_sitoo", "transfer_in_netsuite",
    }
)  # fmt: skip
_RECEIPT_MISSING = ("held_store_day", "receipt_number_gap")
_Z_MISSING = ("held_store_day", "z_gap")
_UNPARSABLE = ("held_store_day", "z_variance", "receipt_number_gap")

DATA_FAULTS = {
    fault.name: fault
    for fault in (
        DataFault("sku_not_in_netsuite", Target.RECEIPT, "unmatched_sku"),
        DataFault("sku_kept_by_lot", Target.RECEIPT, "stock_item_tracked", shares=True),
        DataFault("returned_elsewhere", Target.RECEIPT, "stock_place_unknown", shares=True),
        DataFault("receipt_missing", Target.RECEIPT, "z_variance", _RECEIPT_MISSING, about_z=True, holds=True),
        DataFault(
            "z_disagrees", Target.Z_REPORT, "z_variance", ("held_store_day",),
            about_z=True, holds=True, takes_amount=True,
        ),
        DataFault("z_missing", Target.Z_REPORT, "z_missing", _Z_MISSING, about_z=True, holds=True),
        DataFault("unmapped_tender", Target.RECEIPT, "unmapped_tender", ("held_receipt",)),
        DataFault("unmapped_vat_rate", Target.RECEIPT, "unmapped_vat_rate", ("held_receipt",)),
        DataFault("unmapped_store", Target.SHOP, "unmapped_store"),
        DataFault("doubled_upload", Target.RECEIPT, "doubled_receipt"),
        DataFault("unparsable_record", Target.RECEIPT, "unparsable_record", _UNPARSABLE, holds=True),
        DataFault("receipt_out_of_balance", Target.RECEIPT, "receipt_out_of_balance", takes_amount=True),
        DataFault("amended_after_posting", Target.RECEIPT, "receipt_amended", ("z_variance", "held_store_day")),
        DataFault("journal_edited", Target.DOCUMENT, "document_differs", takes_amount=True),
        DataFault("journal_deleted", Target.DOCUMENT, "document_not_found"),
        DataFault("adjustment_edited", Target.ADJUSTMENT, "adjustment_differs"),
        DataFault("adjustment_deleted", Target.ADJUSTMENT, "adjustment_missing"),
        DataFault("update_missed", Target.SHELF, "stock_variance"),
        DataFault("delivery_in_sitoo", Target.SHELF, "stock_movement_to_approve"),
        DataFault("transfer_in_netsuite", Target.SHELF, "stock_made_in_netsuite"),
        DataFault("document_not_planned", Target.STORE_DAY, "document_not_planned", takes_amount=True),
        DataFault("wrong_account", Target.STORE_DAY, "foreign_posting", takes_amount=True),
        DataFault("late_receipt", Target.RECEIPT, "z_variance", _RECEIPT_MISSING, about_z=True, holds=True, cured=True),
        DataFault("late_z", Target.Z_REPORT, "z_missing", _Z_MISSING, about_z=True, holds=True, cured=True),
        DataFault(
            "corrected_z", Target.Z_REPORT, "z_variance", ("held_store_day",),
            about_z=True, holds=True, takes_amount=True, cured=True,
        ),
        DataFault("mended_record", Target.RECEIPT, "unparsable_record", _UNPARSABLE, holds=True, cured=True),
        DataFault("product_only_in_sitoo", Target.PRODUCT, "sku_only_in_sitoo"),
        DataFault("sku_differs_by_case", Target.PRODUCT, "sku_ambiguous"),
        DataFault("barcode_doubled", Target.PRODUCT, "barcode_doubled"),
        DataFault("barcode_invalid", Target.PRODUCT, "barcode_invalid"),
        DataFault("price_missing", Target.PRODUCT, "item_without_price"),
        DataFault("tax_schedule_unmapped", Target.PRODUCT, "item_without_vat_group"),
        DataFault("vat_group_differs", Target.PRODUCT, "vat_group_mismatch"),
        DataFault("product_changed", Target.PRODUCT, "catalogue_drift"),
        DataFault("price_changed", Target.PRODUCT, "catalogue_drift"),
        DataFault("lower_list", Target.PRODUCT, "price_mismatch"),
        DataFault("product_refused", Target.PRODUCT, "product_refused"),
        DataFault("wrong_price", Target.RECEIPT, "price_unexplained", shares=True),
        DataFault("customer_doubled", Target.CUSTOMER, "customer_ambiguous"),
    )
}  # fmt: skip
"""Every data fault by its name."""

TYPICAL = tuple(fault for fault in DATA_FAULTS.values() if not fault.cured)
"""What `typical` plants one of each."""
