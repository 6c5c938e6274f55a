"""Making one transaction from another: `POST /{source}/{id}/!transform/{target}` (reference 1.3). Pure.

Belongs here: which target a source may become, and what the target takes over. Does not belong here: what the target
posts (`ledger.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace
from decimal import Decimal

from sitoo_netsuite.sandbox.netsuite.books import Progress
from sitoo_netsuite.sandbox.netsuite.goods import left_to_do, order_line_of
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
    "transferOrder": ("itemFulfillment", "itemReceipt"),
    # The reference has no purchase orders; INFERRED.
    "purchaseOrder": ("itemReceipt",),
}

_TAKEN_OVER = ("subsidiary", "location", "department", "class", "currency", "exchangeRate")
_GOODS_ONLY = ("itemReceipt", "itemFulfillment")


def transformed(
    source: Record, target: RecordType, draft: Draft, replaced: Set[str], done: Mapping[int, Progress]
) -> Draft:
    """The target's draft: what it takes over from the source, overridden by the body.

    A fulfilment or a receipt takes over what is left to do of each line; `done`: of the source's, by their `line`.

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
    for name, lines in lines_taken_over(source, target, done).items():
        sent = draft.sublists.get(name, [])
        merged = merge_lines(target.sublists[name], lines, sent or [], name in replaced)
        sublists[name] = None if sent is None else [dict(line) for line in merged]
    return replace(draft, fields={**fields, **draft.fields}, sublists=sublists)


def lines_taken_over(source: Record, target: RecordType, done: Mapping[int, Progress]) -> dict[str, list[Line]]:
    """The lines the target has before the body says otherwise, by sublist."""
    if target.name in ("customerPayment", "customerRefund"):
        total = source.worked_out["total"]
        return {"apply": [{"doc": source.internal_id, "apply": True, "amount": total}]}
    known = target.sublists["item"].fields
    lines = []
    for line in source.sublists.get("item", []):
        taken: Line = {name: value for name, value in line.items() if name in known}
        if target.name in _GOODS_ONLY:
            number, ordered = int(str(line["line"])), Decimal(str(line.get("quantity", 1)))
            left = left_to_do(source.record_type.name, target.name, ordered, done[number])
            if left <= 0:
                continue
            order_line = order_line_of(source.record_type.name, target.name, number)
            taken |= {"orderLine": order_line, "itemReceive": True, "quantity": left}
            taken.pop("line", None)
        lines.append(taken)
    return {"item": lines}
