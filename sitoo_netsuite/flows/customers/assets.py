"""Customers as assets: who both sides say they are, and which of Sitoo's people is which customer of NetSuite.

Thin: resources in, a step of this flow, result and metadata out. No personal field reaches metadata or a case.
"""

import asyncio

import dagster as dg

from sitoo_netsuite.flows.customers.landing import LandedCustomers, land_customers
from sitoo_netsuite.flows.customers.linking import Linked, link_customers
from sitoo_netsuite.flows.customers.queries import ambiguous_links
from sitoo_netsuite.preview import table, warning
from sitoo_netsuite.resources import NETSUITE_POOL, SITOO_POOL, Clock, EstateFile, NetSuite, Sitoo, Warehouse


@dg.asset(
    deps=["receipts"],
    group_name="customers",
    kinds={"sitoo", "netsuite", "postgres"},
    owners=["team:retail_ops"],
    pool=SITOO_POOL,
    description="The users of Sitoo's sites and NetSuite's customers, kept where personal fields are kept.",
)
def landed_customers(
    estate_file: EstateFile, clock: Clock, warehouse: Warehouse, sitoo: Sitoo, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate = estate_file.load()
    if estate.customers is None:
        return dg.MaterializeResult(metadata={"left_alone": "the estate has no `customers`"})

    async def land() -> LandedCustomers:
        async with netsuite.client(estate) as books:
            return await land_customers(connection, tills, books, estate, clock.now())

    with warehouse.connection() as connection, sitoo.client(estate) as tills:
        landed = asyncio.run(land())
    return dg.MaterializeResult(
        metadata={
            "users": landed.users.held,
            "users_new": landed.users.new,
            "users_gone": landed.users.gone,
            "staff_left_out": landed.staff,
            "users_unreadable": landed.unreadable,
            "customers": landed.customers.held,
            "customers_new": landed.customers.new,
            "customers_gone": landed.customers.gone,
            "forgotten_left_out": landed.forgotten,
        }
    )


@dg.asset(
    deps=[landed_customers],
    group_name="customers",
    kinds={"netsuite", "postgres"},
    owners=["team:retail_ops"],
    pool=NETSUITE_POOL,
    description=(
        "Which customer of NetSuite a Sitoo user or the person on a receipt is: matched by e-mail, then by mobile "
        "number, never by name; made in NetSuite, once, when there is none."
    ),
    check_specs=[
        dg.AssetCheckSpec(
            "customer_ambiguous", asset="linked_customers", description="Nobody matches several customers of NetSuite."
        )
    ],
)
def linked_customers(
    context: dg.AssetExecutionContext, estate_file: EstateFile, clock: Clock, warehouse: Warehouse, netsuite: NetSuite
) -> dg.MaterializeResult:
    estate = estate_file.load()

    async def link() -> Linked:
        async with netsuite.client(estate) as books:
            return await link_customers(connection, books, estate, clock.now(), context.run.run_id)

    with warehouse.connection() as connection:
        linked = asyncio.run(link())
        ambiguous = [{"record": record, "detail": detail} for record, detail in ambiguous_links(connection)]
    return dg.MaterializeResult(
        metadata={
            "looked_at": linked.looked_at,
            "made": linked.made,
            "gone_to_be_asked_for_later": linked.gone_not_asked_for,
            **{f"linked by {name}": count for name, count in sorted(linked.linked.items())},
            **{f"people {state}": count for state, count in sorted(linked.states.items())},
        },
        check_results=[
            warning("customer_ambiguous", "linked_customers", len(ambiguous), table(["record", "detail"], ambiguous))
        ],
    )
