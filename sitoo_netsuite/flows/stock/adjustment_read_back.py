"""What NetSuite holds of our inventory adjustments and transfers, read back and compared with what was sent: item,
place, quantity.

Belongs here: the SuiteQL (reference netsuite-api, section 6) and the comparison. Does not belong here: what to do about
a difference. NetSuite reckons the cost; it is kept, not compared.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import psycopg

from sitoo_netsuite.flows.stock.adjustment_document import TRANSFER
from sitoo_netsuite.money import to_minor
from sitoo_netsuite.netsuite.client import NetSuiteClient
from sitoo_netsuite.netsuite.suiteql import keyset
from sitoo_netsuite.posting.outbox import OutboxRow
from sitoo_netsuite.posting.read_back import Held
from sitoo_netsuite.warehouse.copying import copy_rows

# The offset line is the main one; every other line moves goods.
_LINES = """
    SELECT t.id * 100000 + tal.transactionline AS place, t.id, t.externalid, tl.item, tl.location, tl.quantity, tl.memo,
           tal.debit, tal.credit
    FROM transaction t
    JOIN transactionaccountingline tal ON tal.transaction = t.id
    JOIN transactionline tl ON tl.transaction = tal.transaction AND tl.id = tal.transactionline
    WHERE tal.posting = 'T' AND tl.mainline = 'F' AND t.externalid IN ({marks})
      AND t.id * 100000 + tal.transactionline > ?
    ORDER BY t.id * 100000 + tal.transactionline
"""
_DOCUMENTS_A_QUERY = 15
_BODY = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


class Place(NamedTuple):
    """What tells the lines of an adjustment apart: item and location (NetSuite's internal ids) and the line's memo. A
    transfer has no memos, and two lines for each of its own: at the one location and at the other.
    """

    item: str
    location: str
    memo: str


@dataclass(frozen=True, slots=True)
class AdjustedLine:
    """A line of an adjustment as NetSuite holds it: thousandths, and their cost in minor units, signed alike."""

    place: Place
    quantity_milli: int
    value_minor: int


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An inventory adjustment as NetSuite holds it."""

    internal_id: str
    lines: tuple[AdjustedLine, ...]


async def read_adjustments(client: NetSuiteClient, documents: Collection[OutboxRow]) -> dict[str, Adjustment]:
    """The adjustments NetSuite holds under the external ids of these documents; those it does not hold are left out."""
    asked = {document.external_id: document for document in documents}
    identities = sorted(asked)
    internal_ids: dict[str, str] = {}
    lines: defaultdict[str, list[AdjustedLine]] = defaultdict(list)
    for start in range(0, len(identities), _DOCUMENTS_A_QUERY):
        batch = identities[start : start + _DOCUMENTS_A_QUERY]
        async for page in keyset(client, _LINES.format(marks=", ".join("?" * len(batch))), "place", batch):
            for row in page:
                identity = row["externalid"]
                if identity not in asked:
                    continue  # SuiteQL takes capitals for small letters; it is not the document that was asked for
                internal_ids[identity] = row["id"]
                currency = asked[identity].currency
                memo = "" if asked[identity].document_type == TRANSFER else row.get("memo", "")
                lines[identity].append(
                    AdjustedLine(
                        Place(row.get("item", ""), row.get("location", ""), memo),
                        int(Decimal(row.get("quantity", "0")).scaleb(3)),
                        to_minor(row.get("debit", "0"), currency) - to_minor(row.get("credit", "0"), currency),
                    )
                )
    return {identity: Adjustment(internal_ids[identity], tuple(lines[identity])) for identity in lines}


def sent_quantities(document: OutboxRow) -> Counter[Place]:
    """What a frozen document moves, in thousandths."""
    sent: Counter[Place] = Counter()
    body = _BODY.decode(document.body)
    for line in body["inventory"]["items"]:
        item, quantity = line["item"]["id"], int(Decimal(str(line["adjustQtyBy"])).scaleb(3))
        if document.document_type == TRANSFER:
            sent[Place(item, body["location"]["id"], "")] -= quantity
            sent[Place(item, body["transferLocation"]["id"], "")] += quantity
        else:
            sent[Place(item, line["location"]["id"], line["memo"])] += quantity
    return sent


def unlike(document: OutboxRow, held: Adjustment) -> dict[Place, int]:
    """Thousandths that NetSuite holds more (positive) or less than was sent; empty where it holds just that."""
    left: Counter[Place] = Counter()
    for line in held.lines:
        left[line.place] += line.quantity_milli
    left.subtract(sent_quantities(document))
    return {place: quantity for place, quantity in left.items() if quantity}


async def held_adjustment(client: NetSuiteClient, document: OutboxRow) -> Held | None:
    """The adjustment NetSuite holds under a document's external id; None while it shows no posting of it."""
    held = (await read_adjustments(client, [document])).get(document.external_id)
    return None if held is None else Held(held.internal_id, not unlike(document, held))


def save_read_back(
    connection: psycopg.Connection, asked: Sequence[str], found: Iterable[tuple[str, Adjustment]], now: datetime
) -> None:
    """Keeps what NetSuite said, in place of what it said before about the documents that were asked for."""
    with connection.transaction():
        connection.execute("delete from posting.quantities_read_back where external_id = any(%s)", (list(asked),))
        copy_rows(
            connection,
            "posting.quantities_read_back",
            ["external_id", "line", "location", "item", "quantity_milli", "value_minor", "memo", "read_at"],
            (
                (
                    identity, number, line.place.location, line.place.item, line.quantity_milli, line.value_minor,
                    line.place.memo, now,
                )
                for identity, adjustment in found
                for number, line in enumerate(adjustment.lines)
            ),
        )  # fmt: skip
