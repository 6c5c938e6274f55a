"""Making one transaction from another: `POST /{source}/{id}/!transform/{target}` (reference 1.3). Pure.

Belongs here: which target a source may become, and what the target takes over. Does not belong here: what the target
posts (`ledger.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from decimal import Decimal

from sitoo_netsuite.sandbox.netsuite.merge import merge_lines
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import RecordType
from sitoo_netsuite.sandbox.netsuite.values import Draft, Line, Value

TRANSFORMS: Mapping[str, tuple[str, ...]] = {
    "salesOrder": ("cashSale", "invoice", "itemFulfillment", "returnAuthorization"),
    "cashSale": ("cashRefund", "returnAuthorization"),
    "invoice": ("creditMemo", "customerPayment", "returnAuthorization"),
    "returnAuthorization": ("itemReceipt", "creditMemo", "cashRefund"),
    "creditMemo": ("customerRefund",),
}

_TAKEN_OVER = ("subsidiary", "location", "department", "class", "currency", "exchangeRate")
_GOODS_ONLY = ("itemReceipt", "itemFulfillment")


def transformed(source: Record, target: RecordType, draft: Draft, replaced: Set[str]) -> Draft:
    """The target's draft: what it takes over from the source, overridden by the body.

    Lines follow the sublist rules: a body's line with a source line's key changes it, others are added, and with
    `replace=item` only the body's lines stay.
    """
    fields: dict[str, Value | None] = {name: source.fields[name] for name in _TAKEN_OVER if name in source.fields}
    customer = source.fields.get("entity")
    fields["entity" if "entity" in target.fields else "customer"] = customer
    if "createdFrom" in target.fields:
        fields["createdFrom"] = source.internal_id
    if "payment" in target.fields:
        fields["payment"] = source.worked_out["total"]
    fields = {name: value for name, value in fields.items() if name in target.fields}
    sublists = dict(draft.sublists)
    for name, lines in _lines(source, target).items():
        sent = draft.sublists.get(name, [])
        merged = merge_lines(target.sublists[name], lines, sent or [], name in replaced)
        sublists[name] = None if sent is None else [dict(line) for line in merged]
    return replace(draft, fields={**fields, **draft.fields}, sublists=sublists)


def _lines(source: Record, target: RecordType) -> dict[str, list[Line]]:
    if target.name in ("customerPayment", "customerRefund"):
        total = source.worked_out["total"]
        return {"apply": [{"doc": source.internal_id, "apply": True, "amount": total}]}
    known = target.sublists["item"].fields
    lines = []
    for line in source.sublists.get("item", []):
        taken: Line = {name: value for name, value in line.items() if name in known}
        if target.name in _GOODS_ONLY:
            taken |= {"orderLine": line["line"], "itemReceive": True, "quantity": line.get("quantity", Decimal(1))}
        lines.append(taken)
    return {"item": lines}
