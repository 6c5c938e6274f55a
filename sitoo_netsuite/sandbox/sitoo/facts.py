"""Sitoo's records of what stands still: sites, settings, stores, tills, warehouses, payments; VAT groups at the start.

Pure: a world in, records as Sitoo shows them out (reference section 4 and its appendix). Unset text is `""`, unset ids
and dates are null, as in Sitoo's examples. Money is text with two decimals, in the site's currency.
"""

from __future__ import annotations

from typing import Any

from sitoo_netsuite.sandbox.world import Site, World

Record = dict[str, Any]

_STORE = 10  # storetype "Store"
_NO_ADDRESS = {"address": "", "address2": "", "zip": "", "city": "", "state": ""}


def sites(world: World) -> list[Record]:
    """`/sites`: one per market."""
    return [
        {
            "siteid": _guid(site.eshopid),
            "protocol": "https",
            "server": "shop.example.com",
            "abspath": f"/{site.country.lower()}",
            "siteurl": f"https://shop.example.com/{site.country.lower()}",
            "eshopid": site.eshopid,
        }
        for site in world.sites
    ]


def settings(world: World, site: Site) -> Record:
    """`/sites/{s}/settings`, a bare object."""
    return {
        "eshopid": site.eshopid,
        "eshopname": site.name,
        "doroundoff": site.rounds_cash,
        "currencycode": site.currency,
        "currency_rates": [],
        "timezone": site.time_zone,
        "pricesstoredwithvat": site.prices_stored_with_vat,
        "warehouseid": site.warehouseid,
        "numdaysreserved": 7,
        "permissions": {},
    }


def stores(world: World, site: Site) -> list[Record]:
    """`/sites/{s}/stores`."""
    return [
        {
            "storeid": shop.storeid,
            "eshopid": shop.eshopid,
            "storetype": _STORE,
            "name": shop.name,
            "externalid": shop.key,
            "externalgroupid": site.country,
            "phone": "",
            "email": "",
            **_NO_ADDRESS,
            "countryid": site.country.lower(),
            "latitude": "",
            "longitude": "",
            "nearby_stores": [],
            "tags": [],
        }
        for shop in world.shops
        if shop.eshopid == site.eshopid
    ]


def registers(world: World, site: Site) -> list[Record]:
    """`/sites/{s}/cashregisters`. A till has no storeid: its warehouse leads to the store."""
    return [
        {
            "registerid": register.registerid,
            "manufacturerid": "",
            "registerkey": register.registerkey,
            "company": site.name,
            "companyid": "",
            **_NO_ADDRESS,
            "countryid": site.country.lower(),
            "currencycode": shop.currency,
            "receiptlanguagetag": "",
            "storesettingid": None,
            "warehouseid": register.warehouseid,
            "salestaxgroupid": None,
        }
        for shop in world.shops
        if shop.eshopid == site.eshopid
        for register in shop.registers
    ]


def warehouses(world: World, site: Site) -> list[Record]:
    """`/sites/{s}/warehouses`."""
    return [
        {
            "warehouseid": warehouse.warehouseid,
            "warehousetype": warehouse.warehousetype,
            "usetype": warehouse.usetype,
            "storeid": warehouse.storeid,
            "sellable": warehouse.sellable,
            "currencycode": warehouse.currency,
            "name": warehouse.name,
            **_NO_ADDRESS,
            "countryid": site.country.lower(),
            "externalid": warehouse.externalid,
        }
        for warehouse in world.warehouses
        if warehouse.eshopid == site.eshopid
    ]


def payment_types(world: World, site: Site) -> list[Record]:
    """`/sites/{s}/pospaymenttypes`, a bare array."""
    types = [payment for payment in world.payment_types if payment.eshopid == site.eshopid]
    return [
        {
            "paymenttypeid": payment.paymenttypeid,
            "paymentmethodid": payment.paymentmethodid,
            "name": payment.name,
            "sortorder": place,
            "externalid": payment.externalid,
        }
        for place, payment in enumerate(types)
    ]


def product_groups(world: World, site: Site) -> list[Record]:
    """`/sites/{s}/productgroups`: the VAT groups, as they are before anybody changes one."""
    return [
        {
            "vatid": group.vatid,
            "value": _percent(group.rate_bp),
            "productgrouptype": group.group_type,
            "productgroupname": group.name,
            "comment": "",
        }
        for group in world.product_groups
        if group.eshopid == site.eshopid
    ]


def _percent(rate_bp: int) -> int | float:
    return rate_bp // 100 if rate_bp % 100 == 0 else rate_bp / 100


def _guid(number: int) -> str:
    return f"{{00000000-0000-4000-8000-{number:012X}}}"
