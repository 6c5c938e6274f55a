"""A record as the account keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sitoo_netsuite.sandbox.netsuite.books import Posting
from sitoo_netsuite.sandbox.netsuite.schema import RecordType
from sitoo_netsuite.sandbox.netsuite.values import Line, Value


@dataclass(slots=True)
class Record:
    """One record. `posting` is what a transaction wrote to the books; its stamps are UTC, by the sandbox's clock."""

    record_type: RecordType
    internal_id: int
    external_id: str | None
    fields: dict[str, Value]
    sublists: dict[str, list[Line]]
    created: datetime
    modified: datetime
    posting: Posting | None = None
    worked_out: dict[str, Value] = field(default_factory=dict)

    @property
    def shown_name(self) -> str:
        """What a reference to it shows as refName."""
        return str(self.fields.get(self.record_type.refers_by, self.internal_id))
