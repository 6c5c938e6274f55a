"""The estate's `stock` against what both systems say: pure checks, each a finding in plain words with what to do.

Belongs here: what it takes for stock to be kept in step. Does not belong here: the offset accounts, which are checked
with the books' others (`mappings`), asking the systems (`facts`), and permissions (`doctor`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sitoo_netsuite.estate import Estate, Store
from sitoo_netsuite.operate.facts import Location, SiteFacts, Subsidiary
from sitoo_netsuite.operate.mappings import Finding, location_problems, ok, problem, warning
from sitoo_netsuite.sitoo.models import Warehouse

_CORRECT = "Correct it in estate.yaml."


def followed_stores(estate: Estate) -> list[Store]:
    """The stores whose stock is kept in step."""
    return [store for store in estate.stores if estate.stock is not None and store.go_live.stock is not None]


def stock_finding(estate: Estate, *, events_credential: bool) -> Finding:
    """What the stock flow writes, to be known rather than mended. events_credential: whether the receiver of Sitoo's
    events could be started here.
    """
    settings, followed = estate.stock, followed_stores(estate)
    if settings is None or not followed:
        return ok("stock", "no store has a day under `go_live.stock`: that flow does nothing")
    text = f"the stock of {len(followed)} of {len(estate.stores)} stores is kept in step"
    if estate.read_only:
        text += "; `read_only: true`: nothing is written to either system"
    elif settings.push:
        text += (
            "; `push: true`: what the tills move is adjusted in NetSuite, and what NetSuite moves is pushed to Sitoo"
        )
    else:
        text += "; `push: false`: what the tills move is adjusted in NetSuite, and nothing is written to Sitoo"
    if settings.feed == "during_day":
        text += "; sales are adjusted every quarter of an hour"
        if not events_credential:
            text += (
                ", or within a minute with Sitoo's events, for which SITOO_EVENTS_USER and SITOO_EVENTS_PASSWORD are "
                "not set here"
            )
    return ok("stock", text)


# ------------------------------------------------------------------------------------------- the estate and Sitoo


def warehouse_findings(estate: Estate, sites: Sequence[SiteFacts]) -> list[Finding]:
    """Every warehouse of `stock.warehouses`: Sitoo has it, and it is the store's that the estate says."""
    if estate.stock is None:
        return []
    known = {warehouse.warehouseid: warehouse for site in sites for warehouse in site.warehouses}
    found = []
    for place, entry in enumerate(estate.stock.warehouses):
        path = f"stock.warehouses[{place}]"
        warehouse = known.get(entry.warehouse)
        store = estate.by_store[entry.store]
        if warehouse is None:
            text = f"Sitoo has no warehouse {entry.warehouse} for store {entry.store} ({path}.warehouse)"
            found.append(problem("warehouses", text, "Correct the warehouseid in estate.yaml."))
        elif warehouse.storeid is not None and warehouse.storeid != store.sitoo_store:
            text = (
                f"warehouse {warehouse.warehouseid} {warehouse.name} belongs to Sitoo's store {warehouse.storeid}, the "
                f"estate says {store.store}, which is {store.sitoo_store} ({path}.store)"
            )
            found.append(problem("warehouses", text, _CORRECT))
    return found or [ok("warehouses", f"all {len(estate.stock.warehouses)} warehouses of the estate are there")]


def warehouses_left_alone(estate: Estate, sites: Sequence[SiteFacts]) -> Iterator[tuple[SiteFacts, Warehouse]]:
    """Sitoo's warehouses that no line of the estate names, at the sites of followed stores. Those of a store that is
    not followed are left alone on purpose.
    """
    if estate.stock is None:
        return
    followed = {store.sitoo_store for store in followed_stores(estate)}
    on_purpose = set(estate.by_sitoo_store) - followed
    for site in sites:
        if not any(store.storeid in followed for store in site.stores):
            continue
        for warehouse in site.warehouses:
            if warehouse.warehouseid not in estate.stock.by_warehouse and warehouse.storeid not in on_purpose:
                yield site, warehouse


def left_alone_finding(site: SiteFacts, warehouse: Warehouse, *, holds_stock: bool) -> Finding:
    """A warehouse that no line of the estate names: to be looked at where it is a store's and holds stock; else good to
    know.
    """
    text = (
        f"no line of stock.warehouses names warehouse {warehouse.warehouseid} {warehouse.name} of {site.name}; it "
        f"{'holds' if holds_stock else 'holds no'} stock"
    )
    if warehouse.storeid is None or not holds_stock:
        return ok("warehouses", text)
    mend = "Add it with its location; until then what a till sells from it, or is shipped to it, is a case."
    return warning("warehouses", f"{text}, and belongs to Sitoo's store {warehouse.storeid}", mend)


# ---------------------------------------------------------------------------------------- the estate and NetSuite


def stock_location_findings(
    estate: Estate, locations: Sequence[Location], subsidiaries: Sequence[Subsidiary] | None
) -> list[Finding]:
    """Every location of `stock.warehouses`, and those for goods in transit: it exists, is active, and belongs to the
    subsidiary whose goods it holds (where those are known).
    """
    if estate.stock is None:
        return []
    known = {location.id: location for location in locations}
    places = [
        (f"stock.warehouses[{place}].location", f"warehouse {entry.warehouse}", entry.location, entry.store)
        for place, entry in enumerate(estate.stock.warehouses)
    ]
    found = [
        finding
        for path, holder, location, store in places
        for finding in location_problems(path, holder, location, estate.by_store[store].subsidiary, known, subsidiaries)
    ]
    for place, books in enumerate(estate.books):
        if books.stock is None or books.stock.in_transit is None:
            continue
        path, holder = f"books[{place}].stock.in_transit", "goods in transit"
        found += location_problems(path, holder, books.stock.in_transit, books.subsidiary, known, subsidiaries)
    return found or [ok("locations", f"all {len(places)} warehouses have their location in NetSuite")]
