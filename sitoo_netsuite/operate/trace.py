"""`trace`: from a receipt to every document that carries it, from a document to the receipts in it, from a customer to
what was bought.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from sitoo_netsuite.flows.customers.identity import normalised_email, person_hash

_RECEIPTS = """
    select trading_day, orderid, store, receipt_number, sold_at, currency, gross_minor, excluded, is_return,
           original_orderid,
           (select kind from model.held_receipts h
            where h.trading_day = receipts.trading_day and h.orderid = receipts.orderid) as held
    from model.receipts
    where orderid = %(orderid)s or receipt_number = %(text)s
       or orderid in (
           select orderid from restricted.customer_contact
           where email_key = %(email)s or (email_key is null and lower(btrim(email)) = %(email)s)
       )
       or orderid in (
           select record::bigint from master.customer_links
           where source = 'receipt' and (
               person = %(person)s
               or customer in (select customer from master.customer_links where person = %(person)s)
           )
       )
    order by trading_day, orderid
"""

_DOCUMENTS_OF = """
    select o.external_id, o.document_type as type, o.store, o.trading_day, o.currency, o.state, o.internal_id,
           (select min(tranid) from posting.read_back r where r.external_id = o.external_id) as tranid
    from posting.outbox o
    where o.external_id in (select external_id from posting.outbox_receipts where orderid = any(%(orderids)s::bigint[]))
    order by o.trading_day, o.number
"""

_DOCUMENTS = """
    select o.external_id, o.document_type as type, o.store, o.trading_day, o.currency, o.state, o.internal_id,
           (select min(tranid) from posting.read_back r where r.external_id = o.external_id) as tranid
    from posting.outbox o
    where o.external_id = %(text)s
       or o.external_id in (select external_id from posting.read_back where tranid = %(text)s)
    order by o.trading_day, o.number
"""

_LINES = """
    select kind, account, vat_rate_bp, label, sum(amount_minor)::bigint as amount_minor from posting.outbox_lines
    where external_id = %(external_id)s group by 1, 2, 3, 4 having sum(amount_minor) <> 0 order by 1, 2, 3, 4
"""

_CARRIED = """
    select r.trading_day, r.orderid, r.store, r.receipt_number, r.sold_at, r.currency, r.gross_minor, r.is_return
    from posting.outbox_receipts c join model.receipts r on r.orderid = c.orderid
    where c.external_id = %(external_id)s order by r.orderid
"""


def trace(connection: psycopg.Connection, identity: str) -> dict[str, Any]:
    """`{receipts: [...], documents: [...]}` for an orderid, a receipt number, an external id, a tranid or an
    e-mail address.

    Of a receipt: itself, and every document that carries it. Of a document: itself with its lines, and every receipt
    in it. Of an address: the receipts that name it or are linked to the same customer, and their documents. Where a
    receipt and a document have the same number, both. The lists are empty where nothing has that name.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        email = normalised_email(identity)
        named = {
            "text": identity,
            "orderid": int(identity) if identity.isdecimal() else -1,
            "email": email,
            "person": None if email is None else person_hash(email),
        }
        receipts = cursor.execute(_RECEIPTS, named).fetchall()
        documents = cursor.execute(_DOCUMENTS_OF, {"orderids": [receipt["orderid"] for receipt in receipts]}).fetchall()
        for document in cursor.execute(_DOCUMENTS, named).fetchall():
            document["lines"] = cursor.execute(_LINES, document).fetchall()
            documents.append(document)
            receipts += cursor.execute(_CARRIED, document).fetchall()
    return {"receipts": receipts, "documents": documents}
