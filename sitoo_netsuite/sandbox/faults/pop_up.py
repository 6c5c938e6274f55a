"""A shop that Sitoo has and nobody told the books of: a pop-up with one register, one receipt and its Z-report.

Belongs here: making such a shop up, and its trade. Does not belong here: who gets to know of it (`planting`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sitoo_netsuite.sandbox.trade.render import receipt_number
from sitoo_netsuite.sandbox.trade.till import PAID, Basket, Delivery, Payment, Session, Stage, sold_row, total_up
from sitoo_netsuite.sandbox.world import CARD, Register, Shop, Warehouse, World

_NOON, _CLOSE = time(12), time(15)
_NEWS = timedelta(minutes=1)
_FLOAT_MINOR = 100_000


@dataclass(frozen=True, slots=True)
class PopUp:
    """The shop, its warehouse, the one thing it sold on its one day and the Z-report about it."""

    shop: Shop
    warehouse: Warehouse
    basket: Basket
    session: Session


def open_pop_up(world: World, number: int, day: date, draw: Random) -> PopUp:
    """The `number`-th pop-up of a world (1 the first), which sells on a trading day."""
    shop, warehouse = _shop(world, number, draw)
    site = next(site for site in world.sites if site.eshopid == shop.eshopid)
    register, zone = shop.registers[0], ZoneInfo(shop.time_zone)

    def epoch(moment: time, later: timedelta = timedelta()) -> int:
        return int((datetime.combine(day, moment, tzinfo=zone) + later).timestamp())

    product = draw.choice([product for product in world.products if product.item_type == "InvtPart"])
    group = next(
        group
        for group in world.product_groups
        if group.eshopid == site.eshopid and group.vatid == product.group[site.eshopid]
    )
    row = sold_row(product, group, 1, product.price_minor[shop.currency])
    card = next(kind for kind in world.payment_types if kind.eshopid == site.eshopid and kind.paymentmethodid == CARD)
    noon, arrives = epoch(_NOON), epoch(_NOON, _NEWS)
    basket = Basket(
        eshopid=site.eshopid,
        currency=shop.currency,
        warehouseid=shop.warehouseid,
        moment=noon,
        stages=(Stage(arrives, PAID),),
        rows=(row,),
        payments=(Payment(card, row.gross_minor, "adyen", "Visa", f"POPUP{number}"),),
        shop=shop,
        register=register,
        staff=shop.staff[0],
        receipt=receipt_number(register.registerkey, 10_001),
        deliveries=(Delivery(noon, arrives, ((0, 1),)),),
    )
    session = Session(
        shop=shop,
        register=register,
        company=next(entry.name for entry in world.subsidiaries if entry.internal_id == shop.subsidiary),
        number=1,
        opened=epoch(_NOON, -_NEWS),
        closed=epoch(_CLOSE),
        arrives=epoch(_CLOSE, _NEWS),
        staff=shop.staff[0],
        totals=total_up([basket]),
        sold_before_minor=0,
        refunded_before_minor=0,
        cash_in_minor=_FLOAT_MINOR,
    )
    return PopUp(shop, warehouse, basket, session)


def _shop(world: World, number: int, draw: Random) -> tuple[Shop, Warehouse]:
    """A neighbour of one of the world's shops: same site and company, ids that nobody else has."""
    neighbour = draw.choice(world.shops)
    warehouseid = max(warehouse.warehouseid for warehouse in world.warehouses) + number
    storeid = max(shop.storeid for shop in world.shops) + number
    register_number = max(register.number for shop in world.shops for register in shop.registers) + number
    register = Register(
        registerid=f"{{00000000-0000-4000-9000-{register_number:012X}}}",
        registerkey=f"SII{world.account_id:0>10}{register_number:03d}",
        number=register_number,
        store=storeid,
        warehouseid=warehouseid,
    )
    name = f"Pop-up {number}"
    shop = replace(
        neighbour,
        storeid=storeid,
        key=f"POPUP-{number}",
        name=name,
        warehouseid=warehouseid,
        registers=(register,),
    )
    warehouse = Warehouse(warehouseid, shop.eshopid, storeid, f"{world.retailer} {name}", shop.currency, shop.key)
    return shop, warehouse
