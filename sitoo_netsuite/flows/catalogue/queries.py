"""SQL of the catalogue's compare and push.

Belongs here: both sides as they were landed, what was agreed, what was asked of Sitoo and what somebody changed there.
Does not belong here: filling the landing tables (`netsuite_side`, `sitoo_side`), and what follows from any of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sitoo_netsuite.flows.catalogue.compare import Drift
from sitoo_netsuite.flows.catalogue.findings import KnownDrift
from sitoo_netsuite.flows.catalogue.products import Item, PriceList, SiteCatalogue, TillProduct
from sitoo_netsuite.flows.catalogue.wanted import DoubledItem
from sitoo_netsuite.flows.catalogue.writes import Write
from sitoo_netsuite.warehouse.copying import copy_rows

Skus = Collection[str] | None
"""SKUs to be read; None: every one."""


class NotLandedError(Exception):
    """A Sitoo site of the estate was never read; the text says what to do."""


# ---------------------------------------------------------------- both sides, as landed


def related_skus(connection: psycopg.Connection, skus: Collection[str]) -> set[str]:
    """The SKUs with all that can only be looked at together with them: those that differ only by case, the other
    variants of their matrices and of their groups in Sitoo, and those an open case names beside them.
    """
    rows = connection.execute(
        """
        with asked as (select sku, lower(sku) as folded from unnest(%s::text[]) as sku)
        select sku from asked
        union
        select sku from landing.items where lower(sku) in (select folded from asked)
        union
        select sku from landing.products where lower(sku) in (select folded from asked)
        union
        select sku from landing.items
        where parent in (select i.parent from landing.items i join asked using (sku) where i.parent is not null)
        union
        select sku from landing.products
        where (eshopid, main_variant) in (
            select p.eshopid, p.main_variant from landing.products p join asked using (sku)
        )
        union
        select jsonb_array_elements_text(evidence -> 'skus') from worklist.cases
        where kind = 'barcode_doubled' and event <> 'cleared'
          and evidence -> 'skus' ?| array(select sku from asked)
        union
        select record from worklist.cases
        where kind = 'sku_ambiguous' and event <> 'cleared'
          and evidence ->> 'counting_sku' in (select sku from asked)
        """,
        [list(skus)],
    )
    return {sku for (sku,) in rows}


def items(connection: psycopg.Connection, skus: Skus) -> list[Item]:
    """NetSuite's items with these SKUs, and those that share a barcode with one of them."""
    rows = connection.execute(
        """
        with asked as (
            select item, ltrim(trim(barcode), '0') as barcode from landing.items
            where %(skus)s::text[] is null or sku = any(%(skus)s)
        )
        select item, sku, coalesce(name, ''), coalesce(barcode, ''), item_type, inactive, for_tills, matrix_type,
               parent, options, tax_schedule, subsidiaries, p.levels, p.currencies, p.prices
        from landing.items
        left join (
            select item, array_agg(price_level) as levels, array_agg(currency) as currencies,
                   array_agg(price) as prices
            from landing.item_prices group by item
        ) p using (item)
        where %(skus)s::text[] is null or item in (select item from asked)
           or ltrim(trim(barcode), '0') in (select barcode from asked where barcode <> '')
        order by item
        """,
        {"skus": _listed(skus)},
    )
    return [
        Item(*(*content, frozenset(subsidiaries), _prices(levels, currencies, prices)))
        for *content, subsidiaries, levels, currencies, prices in rows
    ]


def _prices(
    levels: Sequence[str] | None, currencies: Sequence[str] | None, prices: Sequence[Decimal] | None
) -> dict[tuple[str, str], Decimal]:
    return dict(zip(zip(levels or (), currencies or (), strict=True), prices or (), strict=True))


def doubled_items(connection: psycopg.Connection, skus: Skus) -> list[DoubledItem]:
    """Items whose SKU an earlier one has."""
    rows = connection.execute(
        """
        select item, sku, first_item from landing.doubled_items
        where %(skus)s::text[] is null or sku = any(%(skus)s) order by item
        """,
        {"skus": _listed(skus)},
    )
    return [DoubledItem(*row) for row in rows]


def site_catalogue(connection: psycopg.Connection, eshopid: int, skus: Skus) -> SiteCatalogue:
    """What a Sitoo site has of these SKUs. Raises NotLandedError when the site was never read."""
    site = connection.execute(
        "select currency, prices_with_vat from landing.sites where eshopid = %s", [eshopid]
    ).fetchone()
    if site is None:
        raise NotLandedError(
            f"Sitoo's site {eshopid} is in estate.yaml (catalogue.price_lists) and was never read. "
            "Materialize till_catalogue; if it has been, check the site's number."
        )
    groups = connection.execute("select vatid, rate_bp from landing.product_groups where eshopid = %s", [eshopid])
    lists = connection.execute(
        "select pricelistid, name, active, currency, tags from landing.price_lists where eshopid = %s", [eshopid]
    )
    rows = connection.execute(
        """
        select productid, sku, title, barcode, vatid, active_pos, main_variant, attributes, modified_at,
               l.lists, l.prices
        from landing.products
        left join (
            select productid, array_agg(pricelistid) as lists, array_agg(price_minor) as prices
            from landing.price_list_items where eshopid = %(eshopid)s group by productid
        ) l using (productid)
        where eshopid = %(eshopid)s and (%(skus)s::text[] is null or sku = any(%(skus)s))
        """,
        {"eshopid": eshopid, "skus": _listed(skus)},
    )
    products = {
        row[0]: TillProduct(
            *(*row, _attributes(attributes), modified_at, dict(zip(numbers or (), prices or (), strict=True)))
        )
        for *row, attributes, modified_at, numbers, prices in rows
    }
    price_lists = {row[0]: PriceList(*(*row[:4], frozenset(row[4]))) for row in lists}
    return SiteCatalogue(eshopid, site[0], site[1], dict(groups.fetchall()), price_lists, products)


def _attributes(pairs: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in pairs)


def unmatched_skus(connection: psycopg.Connection) -> set[str]:
    """SKUs sold that NetSuite lacks: an open case `unmatched_sku` tells of them."""
    rows = connection.execute(
        """
        select distinct evidence ->> 'sku' from worklist.cases
        where kind = 'unmatched_sku' and event not in ('cleared', 'resolved')
        """
    )
    return {sku for (sku,) in rows}


def days_of_skus_found_since(connection: psycopg.Connection) -> set[date]:
    """Trading days with an open case that NetSuite lacks a SKU, which it has by now: a run of the day adjusts stock."""
    rows = connection.execute(
        """
        select distinct trading_day from worklist.cases
        where kind in ('unmatched_sku', 'stock_sku_missing_in_netsuite') and event not in ('cleared', 'resolved')
          and exists (
              select from landing.items i where sku = coalesce(evidence ->> 'sku', record) and not inactive
                and (item_type <> 'Kit' or exists (select from landing.kit_members where kit = i.item))
                and not exists (
                    select from landing.kit_members m where kit = i.item
                      and not exists (select from landing.items part where part.item = m.item and not part.inactive)
                )
          )
        """
    )
    return {day for (day,) in rows}


def barcodes_named_with(connection: psycopg.Connection, skus: Collection[str]) -> set[str]:
    """Barcodes that a case says several items share, one of these SKUs among them."""
    rows = connection.execute(
        "select record from worklist.cases where kind = 'barcode_doubled' and event <> 'cleared' "
        "and evidence -> 'skus' ?| %s::text[]",
        [list(skus)],
    )
    return {record for (record,) in rows}


# ---------------------------------------------------------------- agreed values and drift


def agreed(connection: psycopg.Connection, eshopid: int, skus: Skus) -> dict[str, Mapping[str, str]]:
    """SKU to the value both sides last had of each mastered field."""
    rows = connection.execute(
        """
        select sku, fields from master.agreed
        where eshopid = %(eshopid)s and (%(skus)s::text[] is null or sku = any(%(skus)s))
        """,
        {"eshopid": eshopid, "skus": _listed(skus)},
    )
    return dict(rows.fetchall())


def save_agreed(
    connection: psycopg.Connection, eshopid: int, fields: Mapping[str, Mapping[str, str]], now: datetime
) -> None:
    """Replaces the agreed values of the SKUs given."""
    if not fields:
        return
    with connection.transaction():
        connection.execute("create temporary table agreed_now (sku text, fields jsonb) on commit drop")
        copy_rows(
            connection, "agreed_now", ("sku", "fields"), ((sku, Jsonb(dict(values))) for sku, values in fields.items())
        )
        connection.execute(
            """
            insert into master.agreed (eshopid, sku, fields, agreed_at) select %s, sku, fields, %s from agreed_now
            on conflict (eshopid, sku) do update set fields = excluded.fields, agreed_at = excluded.agreed_at
            """,
            (eshopid, now),
        )


def save_drifts(connection: psycopg.Connection, eshopid: int, drifts: Sequence[Drift], now: datetime) -> set[str]:
    """Notes the drifts that are not noted yet; their SKUs. The same one found again, not put back, is one drift."""
    rows = connection.execute(
        """
        insert into master.drifts (eshopid, sku, field, netsuite, sitoo, changed_at, found_at)
        select %(eshopid)s, sku, field, netsuite, sitoo, changed_at, %(now)s
        from unnest(%(skus)s::text[], %(fields)s::text[], %(netsuite)s::text[], %(sitoo)s::text[],
                    %(changed_at)s::timestamptz[]) as found (sku, field, netsuite, sitoo, changed_at)
        where not exists (
            select from master.drifts known
            where known.eshopid = %(eshopid)s and known.sku = found.sku and known.field = found.field
              and known.sitoo = found.sitoo and known.put_back_at is null
        )
        on conflict (eshopid, sku, field, found_at) do update
            set netsuite = excluded.netsuite, sitoo = excluded.sitoo, changed_at = excluded.changed_at,
                put_back_at = null
        returning sku
        """,
        {
            "eshopid": eshopid,
            "now": now,
            "skus": [drift.sku for drift in drifts],
            "fields": [drift.field for drift in drifts],
            "netsuite": [drift.netsuite for drift in drifts],
            "sitoo": [drift.sitoo for drift in drifts],
            "changed_at": [drift.changed_at for drift in drifts],
        },
    )
    return {sku for (sku,) in rows}


def standing_drifts(connection: psycopg.Connection, eshopid: int) -> set[tuple[str, str]]:
    """(SKU, field) of the drifts after which the two sides were not seen to agree again."""
    rows = connection.execute(
        "select distinct sku, field from master.drifts where eshopid = %s and put_back_at is null", [eshopid]
    )
    return set(rows.fetchall())


def end_drifts(connection: psycopg.Connection, eshopid: int, ended: Collection[tuple[str, str]], now: datetime) -> None:
    """Says of these (SKU, field) that both sides agree again."""
    connection.execute(
        """
        update master.drifts set put_back_at = %s
        where eshopid = %s and put_back_at is null
          and (sku, field) in (select * from unnest(%s::text[], %s::text[]))
        """,
        (now, eshopid, [sku for sku, _ in ended], [field for _, field in ended]),
    )


def unresolved_drifts(
    connection: psycopg.Connection, eshopid: int, skus: Collection[str]
) -> dict[str, list[KnownDrift]]:
    """The drifts of these SKUs that were found since a person last resolved their case."""
    rows = connection.execute(
        """
        select sku, field, netsuite, sitoo, changed_at, found_at, put_back_at from master.drifts
        where eshopid = %(eshopid)s and sku = any(%(skus)s) and found_at > coalesce((
            select max(happened_at) from worklist.case_events
            where kind = 'catalogue_drift' and key = drifts.eshopid || '/' || drifts.sku and event = 'resolved'
        ), '-infinity')
        """,
        {"eshopid": eshopid, "skus": list(skus)},
    )
    found: dict[str, list[KnownDrift]] = defaultdict(list)
    for sku, *drift in rows:
        found[sku].append(KnownDrift(*drift))
    return found


# ---------------------------------------------------------------- what was asked of Sitoo

Outcome = Literal["in_doubt", "done", "refused"]


@dataclass(frozen=True, slots=True)
class Push:
    """A row of `master.pushes` that was not read back yet. `fields`: mastered field to (old, new)."""

    id: int
    sku: str
    action: str
    fields: Mapping[str, Sequence[str]]
    outcome: Outcome
    asked_at: datetime
    run_id: str


def note_pushes(connection: psycopg.Connection, writes: Sequence[Write], now: datetime, run_id: str) -> list[int]:
    """Notes what is about to be asked, in doubt until there is an answer; the ids, in order."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into master.pushes (eshopid, sku, action, fields, digest, outcome, asked_at, run_id)
            values (%s, %s, %s, %s, %s, 'in_doubt', %s, %s) returning id
            """,
            [
                (write.eshopid, write.sku, write.action, _pairs(write.fields), write.digest, now, run_id)
                for write in writes
            ],
            returning=True,
        )
        ids = []
        for result in cursor.results():
            row = result.fetchone()
            assert row is not None
            ids.append(row[0])
    return ids


def _pairs(fields: Mapping[str, tuple[str, str]]) -> Jsonb:
    return Jsonb({field: list(pair) for field, pair in fields.items()})


def answer_pushes(
    connection: psycopg.Connection, answers: Iterable[tuple[int, Outcome, str | None]], now: datetime
) -> None:
    """Writes down what Sitoo said: (id, outcome, error). A refusal settles; all else is settled by reading back."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            """
            update master.pushes
            set outcome = %(outcome)s, error = %(error)s,
                settled_at = case when %(outcome)s = 'refused' then %(now)s::timestamptz end
            where id = %(id)s and settled_at is null
            """,
            [{"id": id_, "outcome": outcome, "error": error, "now": now} for id_, outcome, error in answers],
        )


def settle_pushes(
    connection: psycopg.Connection, settled: Iterable[tuple[int, Outcome, str | None]], now: datetime
) -> None:
    """Writes down what was found when Sitoo was read again: (id, outcome, error); None leaves the error as it is."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            "update master.pushes set outcome = %s, error = coalesce(%s, error), settled_at = %s where id = %s",
            [(outcome, error, now, id_) for id_, outcome, error in settled],
        )


def withdraw_pushes(connection: psycopg.Connection, ids: Collection[int]) -> None:
    """Takes back the notes of what did not reach Sitoo."""
    connection.execute("delete from master.pushes where id = any(%s) and settled_at is null", [list(ids)])


def unsettled_pushes(connection: psycopg.Connection, eshopid: int) -> list[Push]:
    """Pushes that Sitoo was not read back after: of a run that was killed, or of this one."""
    rows = connection.execute(
        """
        select id, sku, action, fields, outcome, asked_at, run_id from master.pushes
        where eshopid = %s and settled_at is null order by id
        """,
        [eshopid],
    )
    return [Push(*row) for row in rows]


def may_still_arrive(connection: psycopg.Connection, eshopid: int, since: datetime) -> list[Push]:
    """Pushes asked since then whose answer never came and that Sitoo did not have when it was read again."""
    rows = connection.execute(
        """
        select id, sku, action, fields, outcome, asked_at, run_id from master.pushes
        where eshopid = %s and outcome = 'in_doubt' and settled_at is not null and asked_at > %s order by id
        """,
        (eshopid, since),
    )
    return [Push(*row) for row in rows]


def refusals(connection: psycopg.Connection, eshopid: int, digests: Collection[bytes]) -> dict[bytes, str]:
    """Of these, the digest of what Sitoo refused when it was last asked for, to its reason."""
    rows = connection.execute(
        """
        select digest, coalesce(error, '') from (
            select distinct on (digest) digest, outcome, error from master.pushes
            where eshopid = %s and digest = any(%s) order by digest, id desc
        ) latest where outcome = 'refused'
        """,
        (eshopid, list(digests)),
    )
    return dict(rows.fetchall())


def _listed(skus: Skus) -> list[str] | None:
    return None if skus is None else list(skus)


def pushes_of_run(connection: psycopg.Connection, run_id: str) -> list[dict[str, Any]]:
    """What a run asked of Sitoo: site, sku, action, fields ({field: [old, new]}), outcome, error."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select eshopid as site, sku, action, fields, outcome, error from master.pushes where run_id = %s order by id
            """,
            [run_id],
        ).fetchall()
