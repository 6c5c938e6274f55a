"""The catalogue from NetSuite to the tills: compare, push, read back, explain.

Belongs here: the order in which tables, pure rules and Sitoo are asked, and the cases each step files. The asset and
the command line call these and add nothing. Does not belong here: rules, SQL, HTTP.

Both sides must have been landed. Everything below is safe to repeat: the plan is what differs, and what was asked
without a clear answer is looked up before anything else is asked.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import psycopg

from sitoo_netsuite.estate import DEFAULT_PRICE_LIST, CatalogueSettings, Estate
from sitoo_netsuite.flows.catalogue import findings, queries
from sitoo_netsuite.flows.catalogue.compare import Comparison, Drift, compare, wanted_fields
from sitoo_netsuite.flows.catalogue.list_prices import note_list_prices
from sitoo_netsuite.flows.catalogue.products import SiteCatalogue, TillProduct, WantedProduct
from sitoo_netsuite.flows.catalogue.push import Answered, SitePush
from sitoo_netsuite.flows.catalogue.queries import Outcome, Push, Skus
from sitoo_netsuite.flows.catalogue.sitoo_side import reread_products
from sitoo_netsuite.flows.catalogue.till_price import price_mismatches
from sitoo_netsuite.flows.catalogue.touched import touch
from sitoo_netsuite.flows.catalogue.wanted import (
    items_for_tills,
    only_in_sitoo,
    products_by_sku,
    wanted_products,
)
from sitoo_netsuite.flows.catalogue.writes import GroupWrite, SiteWrites, Write, site_writes
from sitoo_netsuite.sitoo.client import SitooClient
from sitoo_netsuite.warehouse.locks import alone
from sitoo_netsuite.worklist.cases import Case
from sitoo_netsuite.worklist.store import Scope, record_cases

# A request that got no answer may be carried out later; for how long is not known (inferred, as NetSuite's longest).
_MAY_STILL_ARRIVE = timedelta(minutes=15)

_BY_SKU = (findings.ITEM_KINDS | findings.SITE_KINDS) - {"barcode_doubled", "price_mismatch"}
"""Kinds that comparing finds and whose record is the SKU."""


@dataclass(frozen=True, slots=True)
class SiteLook:
    """A Sitoo site compared: what it has, what it ought to have, and what would be asked of it.

    products: the site's, by SKU. refused: digest of a write that Sitoo refused when it was last asked, to its reason.
    late: SKUs whose creation was asked for, is not there, and may still arrive. drifted: (SKU, field) to what somebody
    made of it in Sitoo.
    """

    site: SiteCatalogue
    products: Mapping[str, TillProduct]
    wanted: Mapping[str, WantedProduct]
    comparison: Comparison
    writes: SiteWrites
    refused: Mapping[bytes, str]
    late: frozenset[str]
    drifted: Mapping[tuple[str, str], str]

    @property
    def eshopid(self) -> int:
        return self.site.eshopid


@dataclass(frozen=True, slots=True)
class Compared:
    """What comparing found. looked: the SKUs it looked at, None for all of them. cases: all but those of refused
    products and wrong prices, which are known after the push.
    """

    looked: frozenset[str] | None
    sites: tuple[SiteLook, ...]
    cases: tuple[Case, ...]

    @property
    def nothing_to_do(self) -> bool:
        return all(look.comparison.nothing_to_do for look in self.sites)


@dataclass(frozen=True, slots=True)
class CatalogueRun:
    """What a run found and did. cases: every case of the catalogue that it found or that stands for what it looked at;
    of `catalogue_drift` those that began or ended in it.
    """

    compared: Compared
    answered: tuple[Answered, ...]
    cases: tuple[Case, ...]

    @property
    def counts(self) -> dict[str, int]:
        """`<action> <outcome>` to how many products."""
        counted = Counter(f"{answer.write.action} {answer.outcome}" for answer in self.answered)
        return dict(sorted(counted.items()))

    @property
    def drifts(self) -> tuple[tuple[int, Drift], ...]:
        """(eshopid, drift) of every mastered field that Sitoo had otherwise than was agreed."""
        return tuple((look.eshopid, drift) for look in self.compared.sites for drift in look.comparison.drifts)

    def of_kind(self, kind: str) -> list[Case]:
        return [case for case in self.cases if case.kind == kind]


def compare_catalogue(
    connection: psycopg.Connection, estate: Estate, now: datetime, run_id: str, skus: Collection[str] | None = None
) -> Compared:
    """Compares NetSuite's items with every Sitoo site as they were landed, and files what is wrong with either.

    skus: those to compare, with all that has to be looked at beside them; None: everything. Keeps the values the two
    sides agree on and the fields that somebody changed in Sitoo. Asks Sitoo for nothing. Without `catalogue` in the
    estate nothing is compared. Raises NotLandedError when a site was never read.
    """
    looked = None if skus is None else queries.related_skus(connection, skus)
    compared = _look(connection, estate, looked, now)
    if looked is None:
        _file(connection, Scope(_BY_SKU | {"barcode_doubled"}), compared.cases, now, run_id)
    else:
        barcodes = queries.barcodes_named_with(connection, looked)
        barcodes |= {str(case.record) for case in compared.cases if case.kind == "barcode_doubled"}
        _file(connection, Scope(_BY_SKU, records=looked), compared.cases, now, run_id)
        _file(connection, Scope(("barcode_doubled",), records=barcodes), compared.cases, now, run_id)
    _file(connection, Scope(("price_basis_unknown",)), compared.cases, now, run_id)
    drifted = [case for look in compared.sites for case in _note(connection, look, now, run_id)]
    return replace(compared, cases=(*compared.cases, *drifted))


def planned_products(compared: Compared) -> list[dict[str, Any]]:
    """What would be asked of Sitoo, one row a product and request, for people: site, sku, action, fields (field to
    from/to), and `held` with the reason where it is not asked. New products that cannot be made are rows too.
    """
    rows: list[dict[str, Any]] = []
    for look in compared.sites:
        for write in look.writes:
            fields = {field: {"from": old, "to": new} for field, (old, new) in write.fields.items()}
            row = {"site": look.eshopid, "sku": write.sku, "action": write.action, "fields": fields}
            reason = look.refused.get(write.digest)
            rows.append(row if reason is None else {**row, "held": f"Sitoo refused it: {reason}"})
        for action, withheld in (("create", look.comparison.withheld), ("variants", look.writes.stuck)):
            rows += [
                {"site": look.eshopid, "sku": sku, "action": action, "fields": {}, "held": reason}
                for sku, reason in withheld.items()
            ]
    return rows


def run_catalogue(
    connection: psycopg.Connection,
    client: SitooClient,
    estate: Estate,
    clock: Callable[[], datetime],
    run_id: str,
    *,
    skus: Collection[str] | None,
    refused_too: bool = False,
) -> CatalogueRun:
    """Compares, pushes what differs, reads it back, and files what is left. skus: as for `compare_catalogue`.

    With `read_only`, or without `catalogue.push`, nothing is sent: all else is done. What Sitoo refused is sent again
    only once it has changed, by a run over everything, or where refused_too says so. One run at a time: a second one
    waits.

    Raises SitooError when Sitoo cannot be asked; what was done until then is kept, and the next run goes on from there.
    """
    settings, now = estate.catalogue, clock()
    if settings is None:
        return CatalogueRun(Compared(None, (), ()), (), ())
    with alone(connection, "pushing products"):
        if not settings.push or estate.read_only:
            compared = compare_catalogue(connection, estate, now, run_id, skus)
            return _explained(connection, settings, compared, (), (), now, run_id)
        in_doubt = _reread_doubts(connection, client, estate, now)
        compared = compare_catalogue(connection, estate, now, run_id, None if skus is None else {*skus, *in_doubt})
        for look in compared.sites:
            _settle(connection, look, now, run_id)
        answered: list[Answered] = []
        verified: list[SiteLook] = []
        for look in compared.sites:
            writes = _to_send(connection, client, estate, look, now, refused_too=refused_too or skus is None)
            pushing = SitePush(connection, client, look.eshopid, settings.batch, clock, run_id)
            answers = pushing.push(writes)
            answered += answers
            verified += _read_back(connection, client, estate, look.eshopid, answers, now, run_id)
        return _explained(connection, settings, compared, answered, verified, now, run_id)


# ---------------------------------------------------------------- looking


def _look(
    connection: psycopg.Connection, estate: Estate, looked: Skus, now: datetime, only_site: int | None = None
) -> Compared:
    """Compares without keeping anything, at every site or at one."""
    settings = estate.catalogue
    if settings is None:
        return Compared(None, (), ())
    specials = estate.by_special_sku
    till_items, cases = items_for_tills(
        queries.items(connection, looked), queries.doubled_items(connection, looked), settings, specials
    )
    if looked is not None:
        # What only shares a barcode with them was read to be judged beside them, no more.
        till_items = replace(till_items, by_sku={sku: item for sku, item in till_items.by_sku.items() if sku in looked})
        cases = [case for case in cases if _is_about(case, looked)]
    unmatched = queries.unmatched_skus(connection)
    sites = []
    for eshopid in estate.catalogue_sites if only_site is None else [only_site]:
        site = queries.site_catalogue(connection, eshopid, looked)
        wanted, found = wanted_products(till_items, site, settings)
        cases += found
        cases += only_in_sitoo(till_items, site, settings, unmatched)
        sites.append(_compare_site(connection, settings, site, wanted, looked, now))
    return Compared(None if looked is None else frozenset(looked), tuple(sites), tuple(cases))


def _is_about(case: Case, looked: Collection[str]) -> bool:
    if case.kind == "barcode_doubled":
        return any(sku in looked for sku in case.evidence["skus"])
    return case.kind == "price_basis_unknown" or case.record in looked


def _compare_site(
    connection: psycopg.Connection,
    settings: CatalogueSettings,
    site: SiteCatalogue,
    wanted: Mapping[str, WantedProduct],
    looked: Skus,
    now: datetime,
) -> SiteLook:
    open_pushes = [
        *queries.unsettled_pushes(connection, site.eshopid),
        *queries.may_still_arrive(connection, site.eshopid, now - _MAY_STILL_ARRIVE),
    ]
    asked: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for push in open_pushes:
        for field, (_, new) in push.fields.items():
            asked[push.sku][field].add(new)
    comparison = compare(
        wanted,
        site,
        queries.agreed(connection, site.eshopid, looked),
        put_back=settings.drift == "put_back",
        asked=asked,
    )
    late = {push.sku for push in open_pushes if push.action == "create" and push.asked_at > now - _MAY_STILL_ARRIVE}
    late &= comparison.creates.keys()
    if late:
        reason = "it was asked for, Sitoo did not answer, and it may still arrive"
        comparison = replace(
            comparison,
            creates={sku: one for sku, one in comparison.creates.items() if sku not in late},
            withheld={**comparison.withheld, **dict.fromkeys(late, reason)},
        )
    products = products_by_sku(site)
    writes = site_writes(site, products, comparison)
    refused = queries.refusals(connection, site.eshopid, [write.digest for write in writes])
    drifted = {(drift.sku, drift.field): drift.sitoo for drift in comparison.drifts}
    return SiteLook(site, products, wanted, comparison, writes, refused, frozenset(late), drifted)


def _note(connection: psycopg.Connection, look: SiteLook, now: datetime, run_id: str) -> list[Case]:
    """Keeps what the two sides agree on, and which fields somebody changed; the cases of drift that this changes."""
    queries.save_agreed(connection, look.eshopid, look.comparison.agreed, now)
    moved = queries.save_drifts(connection, look.eshopid, look.comparison.drifts, now)
    standing = queries.standing_drifts(connection, look.eshopid)
    ended = {
        (sku, field)
        for sku, field in standing
        if sku in look.wanted
        and _at_sitoo(look, sku, field) == wanted_fields(look.wanted[sku], look.site).get(field, "")
    }
    queries.end_drifts(connection, look.eshopid, ended, now)
    moved |= {sku for sku, _ in ended}
    drifts = queries.unresolved_drifts(connection, look.eshopid, moved)
    cases = [findings.catalogue_drift(look.eshopid, sku, found) for sku, found in sorted(drifts.items())]
    # Of no record: what is not found again stands until a person resolves it.
    _file(connection, Scope(("catalogue_drift",), records=()), cases, now, run_id)
    return cases


def _at_sitoo(look: SiteLook, sku: str, field: str) -> str | None:
    """The text that Sitoo has of a mastered field; None where there is no such product or NetSuite does not say."""
    if sku not in look.products or sku not in look.wanted:
        return None
    change = look.comparison.changes.get(sku)
    if change is not None and field in change.fields:
        return change.fields[field][0]
    if (sku, field) in look.drifted:
        return look.drifted[sku, field]
    return wanted_fields(look.wanted[sku], look.site).get(field)


# ---------------------------------------------------------------- pushing


def _reread_doubts(connection: psycopg.Connection, client: SitooClient, estate: Estate, now: datetime) -> set[str]:
    """Reads the products again that a run before this one asked something of and did not read back; their SKUs."""
    found: set[str] = set()
    for eshopid in estate.catalogue_sites:
        pushes = queries.unsettled_pushes(connection, eshopid)
        if pushes:
            skus = {push.sku for push in pushes}
            _reread(connection, client, estate, eshopid, skus, (field for push in pushes for field in push.fields), now)
            found |= skus
    return found


def _reread(
    connection: psycopg.Connection,
    client: SitooClient,
    estate: Estate,
    eshopid: int,
    skus: Collection[str],
    fields: Iterable[str],
    now: datetime,
) -> None:
    """Lands these products as Sitoo has them now, and whole those further lists that a field is a price of."""
    lists = {int(field.partition(":")[2]) for field in fields if field.startswith("price:")} - {DEFAULT_PRICE_LIST}
    reread_products(connection, client, estate, eshopid, skus, lists, now)
    note_list_prices(connection, now, [eshopid], skus)


def _to_send(
    connection: psycopg.Connection,
    client: SitooClient,
    estate: Estate,
    look: SiteLook,
    now: datetime,
    *,
    refused_too: bool,
) -> SiteWrites:
    """The site's plan without what Sitoo has refused before, and without products that were made meanwhile.

    A product that somebody else made since the site was landed must not be made twice: Sitoo may allow that.
    """
    writes = look.writes

    def kept(some: Sequence[Write]) -> tuple[Write, ...]:
        return tuple(write for write in some if refused_too or write.digest not in look.refused)

    creates = kept(writes.creates)
    if creates:
        skus = {write.sku for write in creates}
        _reread(connection, client, estate, look.eshopid, skus, (), now)
        there = set(products_by_sku(queries.site_catalogue(connection, look.eshopid, skus)))
        touch(connection, there)
        creates = tuple(write for write in creates if write.sku not in there)
    groups = [GroupWrite(group.regroup, group.productids, kept(group.writes)) for group in writes.groups]
    return SiteWrites(
        creates,
        kept(writes.changes),
        kept(writes.prices),
        tuple(group for group in groups if group.writes),
        writes.stuck,
    )


def _read_back(
    connection: psycopg.Connection,
    client: SitooClient,
    estate: Estate,
    eshopid: int,
    answers: Sequence[Answered],
    now: datetime,
    run_id: str,
) -> list[SiteLook]:
    """Reads again what Sitoo did, or may have done, and settles it; the site as it is now, none if nothing was done."""
    maybe_done = [answer.write for answer in answers if answer.outcome != "refused"]
    if not maybe_done:
        return []
    skus = {write.sku for write in maybe_done}
    _reread(connection, client, estate, eshopid, skus, (field for write in maybe_done for field in write.fields), now)
    (look,) = _look(connection, estate, queries.related_skus(connection, skus), now, only_site=eshopid).sites
    _settle(connection, look, now, run_id)
    _note(connection, look, now, run_id)
    return [look]


def _settle(connection: psycopg.Connection, look: SiteLook, now: datetime, run_id: str) -> None:
    """Says of what was asked whether Sitoo has it, as it was just read. What it has not is planned again, but for what
    it said yes to and does not have: that counts as refused, or every run would ask for it.
    """
    settled: list[tuple[int, Outcome, str | None]] = []
    again = set(look.late)
    for push in queries.unsettled_pushes(connection, look.eshopid):
        missing = _missing(look, push)
        if not missing:
            settled.append((push.id, "done", None))
            if push.action == "create" and push.outcome == "in_doubt":
                # Its prices in further lists and its group were not asked for, since nobody knew its productid.
                again.add(push.sku)
        elif push.outcome == "done" and push.run_id == run_id:
            settled.append((push.id, "refused", f"Sitoo said yes, and has {missing} all the same"))
        else:
            settled.append((push.id, push.outcome, None))
            again.add(push.sku)
    queries.settle_pushes(connection, settled, now)
    touch(connection, again)


def _missing(look: SiteLook, push: Push) -> str:
    """What Sitoo has otherwise than was asked, for people; nothing where it is as asked. What NetSuite does not ask for
    any more is not looked at.
    """
    if push.sku not in look.products:
        return "no such product"
    if push.action == "create":
        return ""
    differing = []
    for field, (_, new) in push.fields.items():
        has = _at_sitoo(look, push.sku, field)
        if has is not None and has != new:
            differing.append(f"{field} {has!r}")
    return ", ".join(differing)


# ---------------------------------------------------------------- explaining


def _explained(
    connection: psycopg.Connection,
    settings: CatalogueSettings,
    compared: Compared,
    answered: Sequence[Answered],
    verified: Sequence[SiteLook],
    now: datetime,
    run_id: str,
) -> CatalogueRun:
    """Files refused products, wrong prices at the till, and what of the drift was put back."""
    by_site = {look.eshopid: look for look in verified}
    refused: list[Case] = []
    mismatches: list[Case] = []
    for look in compared.sites:
        refused += _refused_cases(connection, look)
        seen_again = by_site.get(look.eshopid)
        if seen_again is None:
            mismatches += price_mismatches(look.wanted, look.site, settings)
        else:
            unseen = look.wanted.keys() - seen_again.wanted.keys()
            mismatches += price_mismatches(look.wanted, look.site, settings, unseen)
            mismatches += price_mismatches(seen_again.wanted, seen_again.site, settings)
    found = (*refused, *mismatches)
    looked = compared.looked
    _file(connection, Scope(("product_refused", "price_mismatch"), records=looked), found, now, run_id)
    return CatalogueRun(compared, tuple(answered), (*compared.cases, *found))


def _refused_cases(connection: psycopg.Connection, look: SiteLook) -> list[Case]:
    """One case a product of which something is wanted that Sitoo refused when it was last asked."""
    reasons = queries.refusals(connection, look.eshopid, [write.digest for write in look.writes])
    by_sku: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for write in look.writes:
        if write.digest in reasons:
            by_sku[write.sku].append((write.action, reasons[write.digest]))
    for sku, reason in look.writes.stuck.items():
        by_sku[sku].append(("variants", reason))
    return [findings.product_refused(look.eshopid, sku, refusals) for sku, refusals in sorted(by_sku.items())]


def _file(connection: psycopg.Connection, scope: Scope, found: Iterable[Case], now: datetime, run_id: str) -> None:
    record_cases(connection, scope, [case for case in found if case.kind in scope.kinds], now, run_id)
