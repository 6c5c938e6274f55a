"""A FILE of faults: what somebody wants planted (docs/faults.md, "A FILE").

Belongs here: reading the file and saying what is wrong with it. Does not belong here: what only the trade can answer,
such as whether there is such a receipt (`choice`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from sitoo_netsuite.sandbox.faults.catalogue import DATA_FAULTS, DataFault, Target
from sitoo_netsuite.sandbox.server import SandboxError

_KEYS = ("fault", "store", "trading_day", "record", "count", "amount_minor")


@dataclass(frozen=True, slots=True)
class Wish:
    """One data fault to plant; what is None is to be chosen. `asked_as`: how messages name the entry it comes from."""

    fault: DataFault
    asked_as: str
    store: str | None = None
    trading_day: date | None = None
    record: str | None = None
    amount_minor: int | None = None


class NothingLeftError(Exception):
    """The trade holds nothing (more) that a fault could be done to; the text says what was looked for."""


def read_faults(path: Path, transport_faults: Collection[str]) -> tuple[list[Wish], dict[str, int]]:
    """The data faults a FILE asks for, one wish each, and how many times each transport fault is to happen.

    Raises SandboxError when the file cannot be read or an entry is wrong.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"faults: {path} cannot be read ({error}); give none, typical, storm or a FILE") from None
    except (yaml.YAMLError, ValueError) as error:  # the latter for a date that no calendar has
        raise SandboxError(f"faults: {path} is no YAML: {error}") from None
    if not isinstance(content, list):
        raise SandboxError(f"faults: {path} must be a list of entries such as {{fault: z_missing, store: S01}}")
    wishes: list[Wish] = []
    transport: dict[str, int] = {}
    for number, raw in enumerate(content, start=1):
        entry = _Entry(f"faults: {path.name}, entry {number}", raw, transport_faults)
        if entry.is_transport:
            transport[entry.name] = transport.get(entry.name, 0) + entry.count
        else:
            wishes += entry.wishes()
    return wishes, transport


class _Entry:
    """One entry, checked field by field."""

    def __init__(self, place: str, raw: Any, transport_faults: Collection[str]) -> None:
        if not isinstance(raw, dict):
            raise SandboxError(f"{place}: must be a mapping such as {{fault: z_missing, store: S01}}")
        self._raw: Mapping[str, Any] = raw
        self.name = str(raw.get("fault"))
        if self.name not in DATA_FAULTS and self.name not in transport_faults:
            known = ", ".join([*DATA_FAULTS, *transport_faults])
            raise SandboxError(f"{place}: there is no fault {self.name!r}; there are {known}")
        self._place = f"{place} ({self.name})"
        self.is_transport = self.name not in DATA_FAULTS
        unknown = [str(key) for key in raw if key not in _KEYS]
        if unknown:
            raise SandboxError(f"{self._place}: {', '.join(unknown)} is not known; there are {', '.join(_KEYS)}")
        if self.is_transport and set(raw) - {"fault", "count"}:
            raise SandboxError(f"{self._place}: trouble on the line takes a count and nothing else")
        self.count = self._positive("count") or 1

    def wishes(self) -> list[Wish]:
        fault = DATA_FAULTS[self.name]
        record, amount = self._text("record"), self._positive("amount_minor")
        store, day = self._text("store"), self._day()
        if record is not None and self.count > 1:
            raise SandboxError(f"{self._place}: a record is harmed once; leave out record or count")
        if amount is not None and not fault.takes_amount:
            raise SandboxError(f"{self._place}: this fault is about no amount; leave out amount_minor")
        if fault.target is Target.SHOP and (store or record):
            raise SandboxError(f"{self._place}: the store is one that the estate lacks; leave out store and record")
        if fault.of_master_data and (store or day):
            raise SandboxError(f"{self._place}: this fault is of no store and no day; leave out store and trading_day")
        return [Wish(fault, self._place, store, day, record, amount) for _ in range(self.count)]

    def _text(self, key: str) -> str | None:
        value = self._raw.get(key)
        if value is None or isinstance(value, str):
            return value or None
        if key == "record" and isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise SandboxError(f"{self._place}: {key} must be a text, not {value!r}; put it in quotes")

    def _positive(self, key: str) -> int | None:
        value = self._raw.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise SandboxError(f"{self._place}: {key} must be a whole number above 0, not {value!r}")
        return value

    def _day(self) -> date | None:
        value = self._raw.get("trading_day")
        # YAML reads an unquoted date as one.
        if value is None or type(value) is date:
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            raise SandboxError(f"{self._place}: trading_day must be a date such as 2026-03-03, not {value!r}") from None
