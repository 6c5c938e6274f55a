"""Plants faults in a recorded trade, before anybody has seen it.

Belongs here: which versions of which records are served from when, and the row of the truth each fault makes. Does not
belong here: what a fault changes in a record (`harm`), which record it is done to (`choice`), what is done later by
hand (`by_hand`), faults of products and customers (`master_data`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import msgspec

from sitoo_netsuite.sandbox.faults import harm
from sitoo_netsuite.sandbox.faults.choice import Choice
from sitoo_netsuite.sandbox.faults.harm import total_of
from sitoo_netsuite.sandbox.faults.master_data import unknown_to_netsuite
from sitoo_netsuite.sandbox.faults.pop_up import PopUp, open_pop_up
from sitoo_netsuite.sandbox.faults.tills import Json, Tills, is_goods
from sitoo_netsuite.sandbox.faults.truth import Planted
from sitoo_netsuite.sandbox.trade.build import recorded_order, recorded_z_report
from sitoo_netsuite.sandbox.trade.store import OrderVersion, TillSession, TradeStore
from sitoo_netsuite.sandbox.world import Product, Warehouse, World
from sitoo_netsuite.trading_day import trading_day_window

# When what is late comes, and when what is wrong is put right.
_LATE = int(timedelta(days=2).total_seconds())
_CURE = int(timedelta(days=1).total_seconds())
# Warehouses for returns are numbered from so far above the others.
_RECLAIMS = 100
# Between a receipt's two uploads.
_AGAIN = (int(timedelta(hours=2).total_seconds()), int(timedelta(hours=20).total_seconds()))
# Between two prices that cannot be taken for one, in minor units.
_NOTICEABLE = 100
# So long after its receipts' trading day a Z-report is missed even if no later one has come (docs/operating.md).
_OVERDUE = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class Planting:
    """What was planted, and the world as either system shows it: Sitoo with shops, warehouses and products that the
    books lack, both with products that somebody made for a fault.
    """

    planted: tuple[Planted, ...]
    sitoo_world: World
    netsuite_world: World


def plant(world: World, store: TradeStore, tills: Tills, choices: Iterable[Choice]) -> Planting:
    """Plants every fault that is not done by hand."""
    planter = _Planter(world, store, tills)
    numbered = [(number, choice) for number, choice in enumerate(choices, start=1) if not choice.fault.by_hand]
    # Those that share their till session first: what another fault says of it is worked out from what is served.
    for number, choice in sorted(numbered, key=lambda entry: not entry[1].fault.shares):
        planter.plant(choice, number)
    return Planting(tuple(planter.planted), planter.sitoo_world(), planter.netsuite_world())


class _Planter:
    def __init__(self, world: World, store: TradeStore, tills: Tills) -> None:
        self.planted: list[Planted] = []
        self._world = world
        self._store = store
        self._tills = tills
        self._draw = Random(f"{world.seed}/planting")
        self._products: list[Product] = []  # that only Sitoo has
        self._kept_by_lot: list[Product] = []  # that both have
        self._pop_ups: list[PopUp] = []
        self._warehouses: list[Warehouse] = []  # of shops, beside those they sell from

    def plant(self, choice: Choice, number: int) -> None:
        """Plants one fault. `number` tells its tender, SKU or VAT rate from those of other faults."""
        if choice.store is None:
            self._unmapped_store(choice)
        elif choice.order is not None and choice.session is not None:
            self._in_receipt(choice, choice.order, choice.session, number)
        elif choice.session is not None:
            self._in_z_report(choice, choice.session)

    def sitoo_world(self) -> World:
        """The world with everything that only Sitoo knows of."""
        return replace(
            self._world,
            products=(*self._world.products, *self._products, *self._kept_by_lot),
            shops=(*self._world.shops, *(pop_up.shop for pop_up in self._pop_ups)),
            warehouses=(
                *self._world.warehouses, *(pop_up.warehouse for pop_up in self._pop_ups), *self._warehouses,
            ),
        )  # fmt: skip

    def netsuite_world(self) -> World:
        """The world with everything that was made for a fault in both systems."""
        return replace(self._world, products=(*self._world.products, *self._kept_by_lot))

    def _tell(
        self, choice: Choice, record: str | int, amount_minor: int | None, shows: int, cured: int | None = None
    ) -> None:
        currency = self._pop_ups[-1].shop.currency if choice.store is None else self._world.shop(choice.store).currency
        self.planted.append(
            Planted(choice.fault, choice.store, choice.trading_day, str(record), amount_minor, currency, shows, cured)
        )

    # ---------------------------------------------------------------- receipts

    def _in_receipt(self, choice: Choice, order: Json, session: TillSession, number: int) -> None:
        last = self._store.order_versions(order["orderid"])[-1]
        orderid, shows, place = last.orderid, last.visible_from, choice.place
        match choice.fault.name:
            case "sku_not_in_netsuite":
                self._change(last, harm.of_sku(order, place, self._unknown_product(order, place, number)))
                self._tell(choice, orderid, harm.net_of(order, place), shows)
            case "sku_kept_by_lot":
                product = self._product_kept_by_lot(order, place, number)
                self._change(last, harm.of_sku(order, place, product))
                self._tell(choice, product.sku, None, shows)
            case "returned_elsewhere":
                warehouse = self._reclaims(choice, number)
                self._change(last, harm.returned_to(order, place, warehouse.warehouseid))
                self._tell(choice, order["orderitems"][place]["sku"], None, shows)
            case "wrong_price":
                self._wrong_price(choice, order, session)
            case "unmapped_tender":
                tender, payment = f"Town voucher {number}", order["payments"][place]
                self._change(last, harm.paid_by(order, place, tender, ""))
                self._change_z(
                    session, lambda z: harm.z_paid_by(z, payment, tender, self._tills.is_cash(order, payment))
                )
                self._tell(choice, orderid, total_of(order), shows)
            case "unmapped_vat_rate":
                rate = self._unknown_rate(number)
                group = f"Goods {rate}"
                self._change(last, harm.at_rate(order, place, rate, group))
                self._change_z(session, lambda z: harm.z_at_rate(z, order, place, rate, group))
                self._tell(choice, orderid, total_of(order), shows)
            case "receipt_out_of_balance":
                harmed = harm.out_of_balance(order, choice.amount_minor)
                self._change(last, harmed)
                self._tell(choice, orderid, total_of(harmed), shows)
            case "unparsable_record":
                self._change(last, harm.unreadable(order))
                self._tell(choice, orderid, None, shows)
            case "mended_record":
                cure = shows + _CURE
                self._change(last, harm.unreadable(order))
                self._store.write(orders=[last.next_version(last.body, cure)])
                self._tell(choice, orderid, None, shows, cured=cure)
            case "doubled_upload":
                again, arrives = self._upload(last, order, shows + self._draw.randrange(*_AGAIN))
                self._tell(choice, again, total_of(order), arrives)
            case "receipt_missing":
                self._store.take_away_order(orderid)
                self._tell(choice, *self._variance(order, session))
            case "late_receipt":
                again, arrives = self._upload(last, order, shows + _LATE)
                self._store.move_deliveries(orderid, again, arrives)
                self._store.take_away_order(orderid)
                self._tell(choice, *self._variance(order, session), cured=arrives)

    def _wrong_price(self, choice: Choice, order: Json, session: TillSession) -> None:
        """A row at the price of another product; the till adds it up like any other."""
        last, place, currency = self._store.order_versions(order["orderid"])[-1], choice.place, order["currencycode"]
        item = order["orderitems"][place]
        right = next(product for product in self._world.products if product.sku == item["sku"]).price_minor[currency]
        prices = {product.price_minor[currency] for product in self._world.products if is_goods(product)}
        wrong = self._draw.choice(sorted(price for price in prices if abs(price - right) >= _NOTICEABLE))
        harmed = harm.at_price(order, place, wrong)
        self._change(last, harmed)
        self._change_z(session, lambda z: harm.z_at_price(z, order, harmed, place))
        later: TillSession | None = session
        while later is not None:
            self._change_z(later, lambda z: harm.z_with_more_ever_sold(z, total_of(harmed) - total_of(order)))
            later = self._tills.following(later)
        self._tell(choice, last.orderid, abs(right - wrong) * item["quantity"], last.visible_from)

    def _change(self, version: OrderVersion, body: Json) -> None:
        self._store.rewrite(orders=[version._replace(body=harm.text(body))])

    def _upload(self, version: OrderVersion, order: Json, moment: int) -> tuple[int, int]:
        """The till uploads a receipt at a moment; its orderid there, and when it arrives."""
        orderid, arrives = self._store.free_orderid(moment)
        body = harm.text(harm.renumbered(order, orderid))
        self._store.write(orders=[version._replace(orderid=orderid, version=1, visible_from=arrives, body=body)])
        return orderid, arrives

    def _variance(self, order: Json, session: TillSession) -> tuple[str, int, int]:
        """Record, amount and first showing of a Z-report that has a receipt more than was served."""
        return _record(session), max(map(abs, harm.figures_of(order).values())), session.arrives

    def _unknown_product(self, order: Json, place: int, number: int) -> Product:
        """A product like that of a row, which Sitoo has and NetSuite lacks."""
        product = unknown_to_netsuite(self._product(order, place), self._productid(number), f"NEW-{number:03d}")
        self._products.append(product)
        return product

    def _product_kept_by_lot(self, order: Json, place: int, number: int) -> Product:
        """A product like that of a row, which NetSuite keeps by lots."""
        product = replace(
            self._product(order, place),
            productid=self._productid(number),
            sku=f"BATCH-{number:03d}",
            barcode="",
            netsuite_item=max(product.netsuite_item or 0 for product in self._world.products) + number,
            parent=None,
            options={},
            told_apart_by="lot",
        )
        self._kept_by_lot.append(product)
        return product

    def _product(self, order: Json, place: int) -> Product:
        sku = order["orderitems"][place]["sku"]
        return next(product for product in self._world.products if product.sku == sku)

    def _productid(self, number: int) -> int:
        return max(product.productid for product in self._world.products) + number

    def _reclaims(self, choice: Choice, number: int) -> Warehouse:
        """A shop's warehouse for what came back and is not sold again, which the estate lacks."""
        assert choice.store is not None, "what comes back comes to a shop of the estate"
        shop = self._world.shop(choice.store)
        warehouseid = max(warehouse.warehouseid for warehouse in self._world.warehouses) + _RECLAIMS + number
        name = f"{self._world.retailer} {shop.name} Reclaims"
        warehouse = Warehouse(
            warehouseid, shop.eshopid, shop.storeid, name, shop.currency, f"{shop.key}-R", usetype=40, sellable=False
        )
        self._warehouses.append(warehouse)
        return warehouse

    def _unknown_rate(self, number: int) -> int:
        """A whole percent that no product group of the world has, another one for every fault."""
        known = {group.rate_bp for group in self._world.product_groups}
        unknown = [rate for rate in range(7, 50) if rate * 100 not in known]
        return unknown[number % len(unknown)]

    # ---------------------------------------------------------------- Z-reports

    def _in_z_report(self, choice: Choice, session: TillSession) -> None:
        last = self._store.z_report_versions(session.registerid, session.zreportid)[-1]
        body = msgspec.json.decode(last.body)
        record = _record(session)
        match choice.fault.name:
            case "z_disagrees":
                self._change_z(session, lambda z: harm.z_with_more_sales(z, choice.amount_minor))
                self._tell(choice, record, choice.amount_minor, session.arrives)
            case "corrected_z":
                cure = session.arrives + _CURE
                corrected = last.next_version(harm.text({**body, "dateadded": cure}), cure)
                self._change_z(session, lambda z: harm.z_with_more_sales(z, choice.amount_minor))
                self._store.write(z_reports=[corrected])
                self._tell(choice, record, choice.amount_minor, session.arrives, cured=cure)
            case "z_missing":
                self._store.take_away_z_report(session.registerid, session.zreportid)
                self._tell(choice, record, *self._missed(choice, session))
            case "late_z":
                arrives = session.arrives + _LATE
                late = last.next_version(harm.text({**body, "dateadded": arrives}), arrives)
                self._store.rewrite(z_reports=[late._replace(version=last.version)])
                self._tell(choice, record, *self._missed(choice, session), cured=arrives)

    def _change_z(self, session: TillSession, change: Callable[[Json], Json]) -> None:
        """Changes every version of a Z-report that is served."""
        for version in self._store.z_report_versions(session.registerid, session.zreportid):
            body = harm.text(change(msgspec.json.decode(version.body)))
            self._store.rewrite(z_reports=[version._replace(body=body)])

    def _missed(self, choice: Choice, session: TillSession) -> tuple[int, int]:
        """Gross of the receipts that have no Z-report, and when somebody must notice."""
        shop, following = self._tills.shop(session.registerid), self._tills.following(session)
        _, end = trading_day_window(choice.trading_day, ZoneInfo(shop.time_zone), shop.cut_over)
        overdue = int((end + _OVERDUE).timestamp())
        noticed = overdue if following is None else min(overdue, following.arrives)
        return sum(total_of(order) for order in self._tills.receipts(session)), noticed

    # ---------------------------------------------------------------- shops

    def _unmapped_store(self, choice: Choice) -> None:
        pop_up = open_pop_up(self._world, len(self._pop_ups) + 1, choice.trading_day, self._draw)
        self._pop_ups.append(pop_up)
        stage = pop_up.basket.stages[0]
        orderid, arrives = self._store.free_orderid(stage.arrives)
        order = recorded_order(pop_up.basket, 0, orderid, None, None)._replace(visible_from=arrives)
        self._store.write(orders=[order], z_reports=[recorded_z_report(pop_up.session)])
        self._tell(choice, orderid, pop_up.basket.gross_minor, arrives)


def _record(session: TillSession) -> str:
    return f"{session.registerid}/{session.zreportid}"
