"""The account as it stands before the trade: the made-up retailer's records in NetSuite's shape.

Belongs here: World to records, opening stock, system accounts, periods. Does not belong here: any rule about them.

Opening stock is there in quantity and cost, but not in the ledger: the books begin at zero with the trade.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from sitoo_netsuite.money import decimals, to_decimal
from sitoo_netsuite.sandbox.netsuite.account import Account
from sitoo_netsuite.sandbox.netsuite.books import Stock, SystemAccounts
from sitoo_netsuite.sandbox.netsuite.periods import calendar_periods
from sitoo_netsuite.sandbox.netsuite.records import Record
from sitoo_netsuite.sandbox.netsuite.schema import RECORD_TYPES, TILL_FIELD
from sitoo_netsuite.sandbox.netsuite.values import Line, Value
from sitoo_netsuite.sandbox.world import (
    LedgerAccount,
    PriceLevel,
    Product,
    World,
    matrix_field,
    opening_stock,
    percent,
)

_ITEM_RECORDS = {
    "InvtPart": "inventoryItem",
    "Service": "serviceSaleItem",
    "NonInvtPart": "nonInventorySaleItem",
    "Kit": "kitItem",
}
_FLAGS = {"lot": "isLotItem", "serial": "isSerialItem", "bin": "useBins"}
# Prices without VAT keep as many decimals as SuiteQL shows.
_PRICE_DECIMALS = Decimal("0.0001")
# The role an account of the world plays for NetSuite itself, and the account made where the world has none.
_SYSTEM_ROLES = {
    "accounts receivable": ("Accounts Receivable", "AcctRec"),
    "undeposited funds": ("Undeposited Funds", "OthCurrAsset"),
    "customer deposits": ("Customer Deposits", "OthCurrLiab"),
    "inventory": ("Inventory Asset", "OthCurrAsset"),
    "cost of goods sold": ("Cost of Goods Sold", "COGS"),
    "rounding gain or loss": ("Rounding Gain/Loss", "OthExpense"),
    "sales": ("Sales", "Income"),
    "sales tax": ("Sales Taxes Payable", "OthCurrLiab"),
    "inventory in transit": ("Inventory In Transit", "OthCurrAsset"),
    "accrued purchases": ("Inventory Received Not Billed", "OthCurrLiab"),
}


def open_account(account: Account, world: World) -> None:
    """Fill an empty account with everything the retailer has before its trade begins."""
    _Opening(account, world).fill()


class _Opening:
    def __init__(self, account: Account, world: World) -> None:
        self._account = account
        self._world = world
        self._now = datetime.combine(world.start, datetime.min.time(), tzinfo=account.clock.now().tzinfo)
        self._currencies = {currency.code: currency.internal_id for currency in world.currencies}
        self._tax_schedules = {schedule.name: schedule.internal_id for schedule in world.tax_schedules}
        self._rate_bp = {(group.eshopid, group.vatid): group.rate_bp for group in world.product_groups}

    def fill(self) -> None:
        self._currencies_and_subsidiaries()
        self._locations_and_walk_ins()
        self._customers()
        self._accounts_and_tax()
        self._price_levels_and_tax_schedules()
        self._matrix_parents()
        self._items()
        self._stock()
        last_day = self._world.start + timedelta(days=self._world.days)
        # One year more than the trade, for what is booked late.
        for period in calendar_periods(self._world.start, date(last_day.year + 1, 1, 1)):
            self._account.set_period(period)

    def _add(
        self,
        record_type: str,
        internal_id: int,
        fields: dict[str, Value],
        sublists: dict[str, list[Line]] | None = None,
        external_id: str | None = None,
    ) -> None:
        self._account.add(
            Record(
                RECORD_TYPES[record_type],
                internal_id,
                external_id,
                fields,
                sublists or {},
                created=self._now,
                modified=self._now,
            )
        )

    def _currencies_and_subsidiaries(self) -> None:
        for currency in self._world.currencies:
            fields: dict[str, Value] = {
                "name": currency.name,
                "symbol": currency.code,
                "currencyPrecision": decimals(currency.code),
            }
            self._add("currency", currency.internal_id, fields)
        for subsidiary in self._world.subsidiaries:
            fields = {
                "name": subsidiary.name,
                "legalName": subsidiary.name,
                "country": subsidiary.country,
                "currency": self._currencies[subsidiary.currency],
                "isElimination": False,
            }
            if subsidiary.parent is not None:
                fields["parent"] = subsidiary.parent
            self._add("subsidiary", subsidiary.internal_id, fields)

    def _locations_and_walk_ins(self) -> None:
        """Locations, and one walk-in customer for each that sells (reference 5, customer)."""
        sells = {shop.location for shop in self._world.shops}
        base = {subsidiary.internal_id: subsidiary.currency for subsidiary in self._world.subsidiaries}
        for number, location in enumerate(self._world.locations, start=1):
            fields: dict[str, Value] = {"name": location.name, "makeInventoryAvailable": True}
            owner: list[Line] = [{"id": location.subsidiary}]
            self._add("location", location.internal_id, fields, {"subsidiary": owner}, location.external_id)
            if location.internal_id not in sells:
                continue
            key = location.external_id or str(location.internal_id)
            customer: dict[str, Value] = {
                "entityId": f"Walk-in {location.name}",
                "companyName": f"Walk-in {location.name}",
                "isPerson": False,
                "subsidiary": location.subsidiary,
                "currency": self._currencies[base[location.subsidiary]],
            }
            self._add("customer", number, customer, external_id=f"WALK-IN-{key}")

    def _customers(self) -> None:
        """The people NetSuite knows, as somebody typed them in before there was a till."""
        for person in self._world.customers:
            if person.netsuite_customer is None:
                continue
            subsidiary = self._world.subsidiary_of(person.eshopid)
            names = [str(person.netsuite_customer), person.namefirst, person.namelast, person.company]
            fields: dict[str, Value] = {
                "entityId": " ".join(filter(None, names)),
                "isPerson": not person.company,
                "firstName": person.namefirst,
                "lastName": person.namelast,
                "companyName": person.company,
                "email": person.email,
                "phone": person.phone,
                "mobilePhone": person.mobile,
            }
            fields = {name: value for name, value in fields.items() if value != ""}
            fields |= {"subsidiary": subsidiary.internal_id, "currency": self._currencies[subsidiary.currency]}
            self._add("customer", person.netsuite_customer, fields)

    def _accounts_and_tax(self) -> None:
        for entry in self._world.accounts:
            self._add_account(entry.internal_id, entry.number, entry.name, entry.account_type, entry.subsidiary)
        made = self._system_accounts_made()
        tax_code = 0
        for subsidiary in self._world.subsidiaries:
            own = {entry.role: entry for entry in self._world.accounts if entry.subsidiary == subsidiary.internal_id}

            def of(role: str, own: dict[str, LedgerAccount] = own) -> int:
                return own[role].internal_id if role in own else made[role]

            rates = sorted({group.rate_bp for group in self._world.product_groups}, reverse=True)
            sales = {rate: own[role].internal_id for rate in rates if (role := f"sales {percent(rate)}") in own}
            self._account.set_system_accounts(
                subsidiary.internal_id,
                SystemAccounts(
                    receivables=of("accounts receivable"),
                    undeposited=of("undeposited funds"),
                    customer_deposits=of("customer deposits"),
                    inventory=of("inventory"),
                    cogs=of("cost of goods sold"),
                    rounding=of("rounding gain or loss"),
                    other_income=of("sales"),
                    in_transit=of("inventory in transit"),
                    accrued_purchases=of("accrued purchases"),
                    income=sales,
                ),
            )
            for rate in rates:
                tax_code += 1
                role = f"vat on sales {percent(rate)}"
                fields: dict[str, Value] = {
                    "name": f"VAT {subsidiary.country} {percent(rate)}%",
                    "rate": Decimal(rate) / 100,
                    "saleAccount": own[role].internal_id if role in own else made["sales tax"],
                }
                self._add("salesTaxItem", tax_code, fields)

    def _system_accounts_made(self) -> dict[str, int]:
        """NetSuite's own accounts, shared by all subsidiaries whose chart has none for a role. By role."""
        first = max((entry.internal_id for entry in self._world.accounts), default=0) + 1
        made = {}
        for internal_id, (role, (name, account_type)) in enumerate(_SYSTEM_ROLES.items(), start=first):
            # Letters keep the number apart from any chart's.
            self._add_account(internal_id, f"SYS{internal_id}", name, account_type, None)
            made[role] = internal_id
        return made

    def _add_account(self, internal_id: int, number: str, name: str, account_type: str, subsidiary: int | None) -> None:
        fields: dict[str, Value] = {"acctNumber": number, "acctName": name, "acctType": account_type}
        owners: list[Line] = [] if subsidiary is None else [{"id": subsidiary}]
        self._add("account", internal_id, fields, {"subsidiary": owners})

    def _price_levels_and_tax_schedules(self) -> None:
        for level in self._world.price_levels:
            self._add("priceLevel", level.internal_id, {"name": level.name})
        for schedule in self._world.tax_schedules:
            self._add("taxSchedule", schedule.internal_id, {"name": schedule.name})

    def _matrix_parents(self) -> None:
        owners: list[Line] = [{"id": self._world.subsidiary_of(site.eshopid).internal_id} for site in self._world.sites]
        for parent in self._world.matrix_parents:
            fields: dict[str, Value] = {
                "itemId": parent.sku,
                "displayName": parent.title,
                "isInactive": False,
                "taxSchedule": self._tax_schedules[parent.tax_schedule],
                "matrixType": "PARENT",
            }
            self._add("inventoryItem", parent.internal_id, fields, {"subsidiary": owners})

    def _items(self) -> None:
        by_sku = {product.sku: product for product in self._world.products}
        for product in self._known_products():
            fields: dict[str, Value] = {
                "itemId": product.sku,
                "displayName": product.title,
                "upcCode": product.barcode,
                "isInactive": False,
                "pricesIncludeTax": all(level.holds_vat for level in self._world.price_levels),
                TILL_FIELD: True,
            }
            if product.tax_schedule is not None:
                fields["taxSchedule"] = self._tax_schedules[product.tax_schedule]
            if product.parent is not None:
                fields |= {"matrixType": "CHILD", "parent": product.parent}
                fields |= {matrix_field(option): value for option, value in product.options.items()}
            if product.told_apart_by is not None:
                fields[_FLAGS[product.told_apart_by]] = True
            owners: list[Line] = [{"id": self._world.subsidiary_of(site).internal_id} for site in product.group]
            prices: list[Line] = [
                {
                    "priceLevel": level.internal_id,
                    "priceLevelName": level.name,
                    "currencyPage": self._currencies[currency],
                    "quantity": Decimal(0),
                    "price": self._price(product, currency, level),
                }
                for level in self._world.price_levels
                for currency in product.price_minor
            ]
            record_type, sublists = _ITEM_RECORDS[product.item_type], {"subsidiary": owners, "price": prices}
            if product.members:
                sublists["member"] = [
                    {"line": line, "item": by_sku[sku].netsuite_item or 0, "quantity": Decimal(pieces)}
                    for line, (sku, pieces) in enumerate(product.members.items(), start=1)
                ]
            self._add(record_type, product.netsuite_item or 0, fields, sublists)

    def _price(self, product: Product, currency: str, level: PriceLevel) -> Decimal:
        """What a level asks for a product: without VAT at the rate of the first site that sells it in the currency."""
        price = to_decimal(product.price_minor[currency], currency)
        if level.holds_vat:
            return price
        site = next(s for s in self._world.sites if s.currency == currency and s.eshopid in product.group)
        with_vat = 10_000 + self._rate_bp[site.eshopid, product.group[site.eshopid]]
        return (price * 10_000 / with_vat).quantize(_PRICE_DECIMALS, ROUND_HALF_UP)

    def _stock(self) -> None:
        stocked = {p.sku: p for p in self._known_products() if p.item_type == "InvtPart"}
        for shop in self._world.shops:
            for sku, quantity_milli in opening_stock(self._world, shop.warehouseid).items():
                product = stocked.get(sku)
                if product is None:
                    continue
                cost = Decimal(product.cost_minor.get(shop.currency, 0))
                quantity = Decimal(quantity_milli).scaleb(-3)
                value = int((cost * quantity).to_integral_value())
                self._account.set_stock(product.netsuite_item or 0, shop.location, Stock(quantity, value, cost))

    def _known_products(self) -> Iterable[Product]:
        return (product for product in self._world.products if product.netsuite_item is not None)
