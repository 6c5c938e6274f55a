"""Faults of the master data: which product or customer each is done to, and what the two systems have then.

Belongs here: the choice, from what somebody wished for and the seed, and what NetSuite and Sitoo have otherwise from
the start. Does not belong here: receipts (`planting`), what somebody does in Sitoo while the sandbox runs
(`backoffice`).

A product bears one fault only, so that none hides another. Of several Sitoo sites a fault is done at one, so that it
makes one case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from random import Random

from sitoo_netsuite.sandbox.faults.catalogue import DataFault, Target
from sitoo_netsuite.sandbox.faults.file import NothingLeftError, Wish
from sitoo_netsuite.sandbox.faults.tills import is_goods
from sitoo_netsuite.sandbox.faults.truth import Planted
from sitoo_netsuite.sandbox.world import Customer, Product, World

# SKUs that Sitoo takes (reference sitoo-api 3).
_SITOO_TAKES = re.compile(r"[A-Za-z0-9_+\-/]+", re.ASCII)
# Of so many customers with one address NetSuite cannot tell which is meant.
_DOUBLED = 2
# Sitoo's type of VAT groups for goods.
_GOODS_GROUP = 10


@dataclass(frozen=True, slots=True)
class Aim:
    """A fault, the Sitoo site it is done at and the record of its case.

    product: the one it is done to, or that a new one is like. other: the product that gets the other's barcode.
    """

    fault: DataFault
    eshopid: int
    record: str
    product: Product | None = None
    other: Product | None = None
    customer: Customer | None = None


class MasterDataChooser:
    """Finds what faults are done to. taken: SKUs of products that bear another fault already."""

    def __init__(self, world: World, taken: Collection[str]) -> None:
        self._world = world
        self._draw = Random(f"{world.seed}/faults of the master data")
        self._taken = set(taken)
        self._records: set[str] = set()  # of new products and doubled customers

    def choose(self, wish: Wish) -> Aim:
        """What the wish is done to. Raises NothingLeftError."""
        if wish.fault.target is Target.CUSTOMER:
            return self._customer(wish)
        match wish.fault.name:
            case "product_only_in_sitoo":
                return self._new_product(wish, "ONLY-{}", lambda sku: _SITOO_TAKES.fullmatch(sku) is not None)
            case "product_refused":
                # A blank is what it does not take.
                return self._new_product(wish, "SET {}", lambda sku: _SITOO_TAKES.fullmatch(sku) is None)
            case "sku_differs_by_case":
                return self._other_case(wish)
            case "barcode_doubled":
                product = self._product(wish, lambda product, record: product.barcode == record)
                other = self._product(replace(wish, record=None), _by_sku)
                return Aim(wish.fault, self._site(product), product.barcode, product, other)
        product = self._product(wish, _by_sku)
        return Aim(wish.fault, self._site(product), product.sku, product)

    def _product(self, wish: Wish, is_named: Callable[[Product, str], bool]) -> Product:
        """Goods that NetSuite has and no other fault is done to; no variants unless they are named."""
        record = wish.record
        fitting = [
            product
            for product in self._world.products
            if product.sku not in self._taken
            and product.netsuite_item is not None
            and is_goods(product)
            and (is_named(product, record) if record is not None else product.parent is None)
        ]
        if not fitting:
            raise _nothing_left(wish)
        product = self._draw.choice(fitting)
        self._taken.add(product.sku)
        return product

    def _new_product(self, wish: Wish, pattern: str, fits: Callable[[str], bool]) -> Aim:
        known = {product.sku.casefold() for product in self._world.products} | self._records
        sku = wish.record or next(
            sku for number in range(1, 1000) if (sku := pattern.format(f"{number:03d}")).casefold() not in known
        )
        if sku.casefold() in known or not fits(sku):
            raise NothingLeftError(f"{sku} is no SKU of a new product that this could be done with")
        self._records.add(sku.casefold())
        like = self._draw.choice([product for product in self._world.products if is_goods(product)])
        return Aim(wish.fault, self._site(like), sku, like)

    def _other_case(self, wish: Wish) -> Aim:
        if wish.record is not None and wish.record in {product.sku for product in self._world.products}:
            raise NothingLeftError(f"{wish.record} is the SKU of a product; name it in another case")
        product = self._product(wish, lambda product, record: product.sku.casefold() == record.casefold())
        return Aim(wish.fault, self._site(product), wish.record or product.sku.swapcase(), product)

    def _customer(self, wish: Wish) -> Aim:
        """A user of Sitoo; one whom NetSuite knows already unless another is named."""
        people = {
            f"{person.eshopid}/{person.userid}": person
            for person in self._world.customers
            if person.userid and (wish.record is not None or person.netsuite_customer is not None)
        }
        fitting = sorted(people.keys() - self._records)
        if wish.record is not None:
            fitting = [record for record in fitting if record == wish.record]
        if not fitting:
            raise _nothing_left(wish)
        record = self._draw.choice(fitting)
        self._records.add(record)
        return Aim(wish.fault, people[record].eshopid, record, customer=people[record])

    def _site(self, product: Product) -> int:
        return self._draw.choice(sorted(product.group))


def _by_sku(product: Product, record: str) -> bool:
    return product.sku == record


def _nothing_left(wish: Wish) -> NothingLeftError:
    named = "" if wish.record is None else f"{wish.record} "
    return NothingLeftError(f"no {wish.fault.target.value} {named}is left to do it to")


# -------------------------------------------------------------------- planting


@dataclass(frozen=True, slots=True)
class MasterData:
    """What was planted, and the world as each system shows it."""

    planted: tuple[Planted, ...]
    sitoo_world: World
    netsuite_world: World


def plant_master_data(world: World, sitoo_world: World, aims: Iterable[Aim]) -> MasterData:
    """Plants every fault that is not done by hand. world: as NetSuite has it so far; sitoo_world: as Sitoo has.

    Each stands from the day the trade begins.
    """
    planter = _Planter(world, sitoo_world)
    begun = int(datetime.combine(world.start, time(0), tzinfo=UTC).timestamp())
    planted = []
    for aim in aims:
        if not aim.fault.by_hand:
            planter.plant(aim)
            planted.append(Planted(aim.fault, None, None, aim.record, None, None, begun))
    return MasterData(tuple(planted), *planter.worlds())


class _Planter:
    """Products of both systems by their SKU in the world, and customers of NetSuite."""

    def __init__(self, world: World, sitoo_world: World) -> None:
        self._world = world
        self._sitoo_world = sitoo_world
        self._sitoo = {product.sku: product for product in sitoo_world.products}
        self._netsuite = {product.sku: product for product in world.products}
        self._doubles: list[Customer] = []
        self._next_product = max(self._sitoo.values(), key=lambda product: product.productid).productid + 1
        self._next_item = max(product.netsuite_item or 0 for product in world.products) + 1
        self._next_customer = max((person.netsuite_customer or 0 for person in world.customers), default=0) + 1

    def worlds(self) -> tuple[World, World]:
        """Sitoo's and NetSuite's."""
        return (
            replace(self._sitoo_world, products=tuple(self._sitoo.values())),
            replace(
                self._world,
                products=tuple(self._netsuite.values()),
                customers=(*self._world.customers, *self._doubles),
            ),
        )

    def plant(self, aim: Aim) -> None:
        if aim.customer is not None:
            self._double(aim.customer)
        elif aim.product is not None:
            self._in_product(aim, aim.product)

    def _in_product(self, aim: Aim, product: Product) -> None:
        match aim.fault.name:
            case "product_only_in_sitoo":
                new = unknown_to_netsuite(product, self._productid(), aim.record)
                self._sitoo[new.sku] = _at_one_site(new, aim.eshopid, self._currency(aim))
            case "product_refused":
                new = self._new_item(product, aim.record)
                self._netsuite[new.sku] = _at_one_site(new, aim.eshopid, self._currency(aim))
            case "sku_differs_by_case":
                self._netsuite[aim.record] = self._new_item(product, aim.record)
            case "barcode_doubled":
                assert aim.other is not None, "a barcode is doubled by another product"
                self._netsuite[aim.other.sku] = replace(aim.other, barcode=product.barcode)
            case "barcode_invalid":
                wrong = (int(product.barcode[-1]) + 1) % 10
                self._netsuite[product.sku] = replace(product, barcode=f"{product.barcode[:-1]}{wrong}")
            case "price_missing":
                prices = {code: price for code, price in product.price_minor.items() if code != self._currency(aim)}
                self._netsuite[product.sku] = replace(product, price_minor=prices)
            case "tax_schedule_unmapped":
                unmapped = next(schedule for schedule in self._world.tax_schedules if not schedule.vat_groups)
                self._netsuite[product.sku] = replace(product, tax_schedule=unmapped.name)
            case "vat_group_differs":
                group = product.group | {aim.eshopid: self._other_group(product, aim.eshopid)}
                self._sitoo[product.sku] = replace(product, group=group)

    def _double(self, person: Customer) -> None:
        known = 0 if person.netsuite_customer is None else 1
        for _ in range(_DOUBLED - known):
            self._doubles.append(replace(person, userid="", netsuite_customer=self._next_customer))
            self._next_customer += 1

    def _new_item(self, like: Product, sku: str) -> Product:
        """An item that NetSuite has and Sitoo lacks."""
        item, self._next_item = self._next_item, self._next_item + 1
        return replace(
            like, productid=self._productid(), sku=sku, barcode="", netsuite_item=item, parent=None, options={}
        )

    def _productid(self) -> int:
        productid, self._next_product = self._next_product, self._next_product + 1
        return productid

    def _currency(self, aim: Aim) -> str:
        return next(site.currency for site in self._world.sites if site.eshopid == aim.eshopid)

    def _other_group(self, product: Product, eshopid: int) -> int:
        """A VAT group of goods at the site, of another rate than the product's."""
        groups = {group.vatid: group for group in self._world.product_groups if group.eshopid == eshopid}
        rate_bp = groups[product.group[eshopid]].rate_bp
        return next(
            vatid for vatid, group in groups.items() if group.group_type == _GOODS_GROUP and group.rate_bp != rate_bp
        )


def unknown_to_netsuite(like: Product, productid: int, sku: str) -> Product:
    """A product of Sitoo that NetSuite lacks."""
    return replace(
        like,
        productid=productid,
        sku=sku,
        barcode="",
        netsuite_item=None,
        tax_schedule=None,
        parent=None,
        options={},
    )


def _at_one_site(product: Product, eshopid: int, currency: str) -> Product:
    """The product were it sold at one site only."""
    return replace(
        product,
        group={eshopid: product.group[eshopid]},
        price_minor={currency: product.price_minor[currency]},
        cost_minor={currency: product.cost_minor[currency]},
    )
