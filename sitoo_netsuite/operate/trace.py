"""`trace`: from a receipt to every document that carries its money or moves its goods, from a document to the receipts
in it, from a customer to what was bought, from a movement of stock in one system to its like in the other.
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


# What a receipt's goods were adjusted by: the store-day's documents that hold its SKUs.
_ADJUSTMENTS_OF = """
    select distinct o.trading_day, o.number, o.external_id, o.document_type as type, o.store, o.currency, o.state,
           o.internal_id, null as tranid
    from model.receipts r
    join (
        select trading_day, orderid, sku from model.receipt_lines
        union select trading_day, orderid, sku from model.handovers
    ) l using (orderid)
    join posting.outbox o on o.flow = 'stock' and o.trading_day = l.trading_day and o.store = r.store
    join posting.outbox_quantities q on q.external_id = o.external_id and q.sku = l.sku
    where r.orderid = any(%(orderids)s::bigint[]) order by o.trading_day, o.number
"""

_GOODS = """
    select q.kind, q.sku, q.item, q.location, q.quantity_milli,
           (select sum(b.value_minor)::bigint from posting.quantities_read_back b
            where b.external_id = q.external_id and b.item = q.item and b.location = q.location
              and b.memo = q.kind || ' ' || q.sku) as value_minor
    from posting.outbox_quantities q where q.external_id = %(external_id)s order by q.kind, q.sku, q.item
"""

_GOODS_CARRIED = """
    select distinct r.trading_day, r.orderid, r.store, r.receipt_number, r.sold_at, r.currency, r.gross_minor,
           r.is_return
    from posting.outbox o
    join posting.outbox_quantities q using (external_id)
    join (
        select trading_day, orderid, sku from model.receipt_lines
        union select trading_day, orderid, sku from model.handovers
    ) l on l.trading_day = o.trading_day and l.sku = q.sku
    join model.receipts r on r.orderid = l.orderid and r.store = o.store and r.excluded is null
    where o.external_id = %(external_id)s and o.flow = 'stock' order by r.orderid
"""

# By what a push goes by in Sitoo, or by NetSuite's transaction: its internal id, number or external id.
_PUSHES = """
    select p.external_id, p.store, p.warehouseid, p.transaction, p.tran_date, p.description, p.state, p.error,
           p.warehousetransactionid,
           (select json_object_agg(sku, quantity_milli) from posting.stock_push_items i
            where i.external_id = p.external_id) as goods
    from posting.stock_pushes p
    where p.external_id = %(text)s or p.transaction in (
        select transaction from landing.stock_movements
        where transaction::text = %(text)s or number = %(text)s or external_id = %(text)s
    )
    order by p.planned_at, p.external_id
"""


def trace(connection: psycopg.Connection, identity: str) -> dict[str, Any]:
    """`{receipts: [...], documents: [...], pushes: [...]}` for an orderid, a receipt number, an external id, a tranid
    or an e-mail address.

    Of a receipt: itself, and every document that carries it, or adjusts its goods. Of a document: itself with its lines
    or goods (thousandths, at NetSuite's cost in minor units), and every receipt in it. Of a transaction that moved
    stock in NetSuite: what was pushed to Sitoo of it, and the other way round. Of an address: the receipts that name it
    or are linked to the same customer, and their documents. Where a receipt and a document have the same number, both.
    The lists are empty where nothing has that name.
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
        of_receipts = {"orderids": [receipt["orderid"] for receipt in receipts]}
        documents = cursor.execute(_DOCUMENTS_OF, of_receipts).fetchall()
        documents += cursor.execute(_ADJUSTMENTS_OF, of_receipts).fetchall()
        for document in cursor.execute(_DOCUMENTS, named).fetchall():
            document["lines"] = cursor.execute(_LINES, document).fetchall()
            document["goods"] = cursor.execute(_GOODS, document).fetchall()
            documents.append(document)
            receipts += cursor.execute(_CARRIED, document).fetchall()
            receipts += cursor.execute(_GOODS_CARRIED, document).fetchall()
        pushes = cursor.execute(_PUSHES, named).fetchall()
    return {"receipts": receipts, "documents": documents, "pushes": pushes}
