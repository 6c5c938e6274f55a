"""The data faults there are: what each is done to, and the case that must name it (docs/faults.md).

Belongs here: names and facts of faults. Does not belong here: how one is planted (`planting`, `by_hand`), trouble on
the line (`transport`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Target(Enum):
    """What a fault is done to; the text is how it is called in messages."""

    RECEIPT = "receipt"
    Z_REPORT = "Z-report"
    DOCUMENT = "journal"
    STORE_DAY = "store-day"
    SHOP = "shop that the estate lacks"


@dataclass(frozen=True, slots=True)
class DataFault:
    """One fault. `case_kind` and `follow_ups` as in docs/faults.md.

    about_z: its case is that of a Z-report, so a Z-report bears one such fault only. holds: it keeps every store-day
    that its till session touches out of the books. takes_amount: it is about an amount that a FILE may name. cured: it
    goes away by itself, and stands as `case_kind` until then. by_hand: done while the sandbox runs.
    """

    name: str
    target: Target
    case_kind: str
    follow_ups: tuple[str, ...] = ()
    about_z: bool = False
    holds: bool = False
    takes_amount: bool = False
    cured: bool = False

    @property
    def by_hand(self) -> bool:
        return self.name in _BY_HAND


_BY_HAND = frozenset(
    {"amended_after_posting", "journal_edited", "journal_deleted", "document_not_planned", "wrong_account"}
)
_RECEIPT_MISSING = ("held_store_day", "receipt_number_gap")
_Z_MISSING = ("held_store_day", "z_gap")
_UNPARSABLE = ("held_store_day", "z_variance", "receipt_number_gap")

DATA_FAULTS = {
    fault.name: fault
    for fault in (
        DataFault("sku_not_in_netsuite", Target.RECEIPT, "unmatched_sku"),
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
        DataFault("document_not_planned", Target.STORE_DAY, "document_not_planned", takes_amount=True),
        DataFault("wrong_account", Target.STORE_DAY, "foreign_posting", takes_amount=True),
        DataFault("late_receipt", Target.RECEIPT, "z_variance", _RECEIPT_MISSING, about_z=True, holds=True, cured=True),
        DataFault("late_z", Target.Z_REPORT, "z_missing", _Z_MISSING, about_z=True, holds=True, cured=True),
        DataFault(
            "corrected_z", Target.Z_REPORT, "z_variance", ("held_store_day",),
            about_z=True, holds=True, takes_amount=True, cured=True,
        ),
        DataFault("mended_record", Target.RECEIPT, "unparsable_record", _UNPARSABLE, holds=True, cured=True),
    )
}  # fmt: skip
"""Every data fault by its name."""

TYPICAL = tuple(fault for fault in DATA_FAULTS.values() if not fault.cured)
"""What `typical` plants one of each."""
