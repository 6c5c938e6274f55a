"""Sitoo's records as we read them: typed, as far as we use them, and forgiving about the rest.

Belongs here: the shapes, and turning one raw record into something landed or into a `Rejection`. Does not belong here:
HTTP, what a record means in the books. Unseen enum values stay integers, unknown fields are ignored, optional ones may
be missing or null. Money stays the API's decimal text; `read_order` and `read_z_report` make sure that it is money.

Shapes and enum numbers: reference sections 2 to 5 and its appendix of field lists.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from sitoo_netsuite.money import decimals

# Personal fields live outside the stored payload and its digest, so that a customer can be forgotten.
PERSONAL_FIELDS = ("email", "namefirst", "namelast", "company", "phone")

# What we ask for on orders. Left out on purpose: personalid and the addresses.
ORDER_FIELDS = (
    "orderid", "eshopid", "externalid", "creditorderid", *PERSONAL_FIELDS, "moneytotal_net", "moneytotal_vat",
    "moneyfinal_net", "moneyfinal_vat", "moneyfinal_salestax", "moneytotal_gross_roundoff", "moneytotal_gross_all",
    "orderdate", "orderstateid", "paymentstateid", "ordertypeid", "userid_staff", "registerid", "warehouseid",
    "datereserved", "currencycode", "additionaldata", "orderitems", "payments",
)  # fmt: skip

_MONEY = re.compile(r"-?\d{1,13}\.\d\d", re.ASCII)
_MONEY_LIST = re.compile(r"(?:-?\d{1,13}\.\d\d )*", re.ASCII)
_WHOLE_MONEY_LIST = re.compile(r"(?:-?\d{1,13}\.00 )*", re.ASCII)
_QUANTITY_LIST = re.compile(r"(?:-?\d{1,12}\.\d{3} )*", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}")
# 1990 to 2100 in seconds: outside it a moment is a fault, and a partition would be made for it.
_SANE_EPOCH = range(631_152_000, 4_102_444_800)
# A longer session is a fault, and every day of it would be read for its proof.
_LONGEST_SESSION_SECONDS = 366 * 86_400
_LONGEST_REASON = 300
_TOO_MANY_REQUESTS = 429

# What the tables hold: ids are bigint, rows of an order integer, and names stand in keys, which have to be short.
Id = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
SmallId = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=10**9)]
Quantity = Annotated[int, msgspec.Meta(ge=-(10**9), le=10**9)]
_LONGEST_NAME = 100
Name = Annotated[str, msgspec.Meta(max_length=_LONGEST_NAME)]

# What decoding raises for something that is not JSON, not of the shape, not text, or nested without end.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


class OrderItem(msgspec.Struct, frozen=True, gc=False):
    """One row of an order; `orderitemid` counts from 0 within it. Net and VAT are of the whole row, signed."""

    orderitemid: SmallId
    quantity: Quantity
    vatvalue: int | float  # percent: 25, 17.5
    moneyitemtotal_net: str
    moneyitemtotal_vat: str
    sku: Name | None = None
    productname: str | None = None
    orderitemtype: int | None = None
    productid: int | None = None
    moneydiscount: str | None = None  # net, per unit, positive
    decimalquantitytotal: str | None = None
    additionaldata: dict[str, Any] | None = None


class Payment(msgspec.Struct, frozen=True, gc=False):
    """One payment of an order, signed; it has no id but its place in the list."""

    name: Name
    moneyamount: str
    externalid: str | None = None
    reftype: Name | None = None  # the acquirer
    cardissuer: Name | None = None
    additionaldata: dict[str, Any] | None = None


class Order(msgspec.Struct, frozen=True, gc=False):
    """A receipt, web order, booking or parked cart. Enum numbers: reference section 3."""

    orderid: Id
    orderdate: int  # seconds since 1970
    orderstateid: int
    paymentstateid: int
    ordertypeid: int
    currencycode: str
    moneytotal_gross_all: str
    moneytotal_gross_roundoff: str
    orderitems: list[OrderItem] | None
    payments: list[Payment] | None
    eshopid: int | None = None
    creditorderid: Id | None = None
    registerid: Name | None = None
    warehouseid: int | None = None
    additionaldata: dict[str, Any] | None = None


class VatGroup(msgspec.Struct, frozen=True):
    """A Z-report's total of one VAT rate (percent)."""

    vatvalue: int | float
    moneytotal: str
    moneytotalnet: str
    moneytotalvat: str


class ZPayment(msgspec.Struct, frozen=True):
    """A Z-report's total of one payment name."""

    name: Name
    moneytotal: str


class ZReport(msgspec.Struct, frozen=True):
    """One register session, `dateopened` to `datecreated` (seconds since 1970). Refund figures are positive."""

    zreportid: Id
    registerid: Name
    dateopened: int
    datecreated: int
    dateadded: int
    currencycode: str
    moneysalestotal: str
    moneysalestotalnet: str
    moneysalesnotdeliveredtotal: str
    moneysalesnotdeliveredtotalnet: str
    moneyrefundtotal: str
    moneyrefundtotalnet: str
    moneyroundoff: str
    moneysummarytotal: str
    moneycash_in: str
    moneycash_salesrefunds: str
    moneycash_petty: str
    moneycash_bank: str
    moneycash_expected: str
    moneycash_counted: str
    moneycash_diff: str
    moneycash_bankfinal: str
    moneycash_out: str
    moneygrandtotalsales: str
    moneygrandtotalrefund: str
    numsales: Count
    numsalesnotdelivered: Count
    numrefund: Count
    vatgroupssales: list[VatGroup] | None
    vatgroupssalesnotdelivered: list[VatGroup] | None
    vatgroupsrefund: list[VatGroup] | None
    paymentssales: list[ZPayment] | None
    paymentsrefund: list[ZPayment] | None
    eshopid: int | None = None
    registerkey: str | None = None
    comment: str | None = None

    def money(self) -> Iterable[str]:
        """Every amount of the report, for checking."""
        for name in self.__struct_fields__:
            if name.startswith("money"):
                yield getattr(self, name)
        for groups in (self.vatgroupssales, self.vatgroupssalesnotdelivered, self.vatgroupsrefund):
            for group in groups or ():
                yield from (group.moneytotal, group.moneytotalnet, group.moneytotalvat)
        for payments in (self.paymentssales, self.paymentsrefund):
            for payment in payments or ():
                yield payment.moneytotal


class OrderDeliveryItem(msgspec.Struct, frozen=True):
    """What of an order item a delivery holds."""

    orderitemid: SmallId
    quantity: Quantity


class OrderDelivery(msgspec.Struct, frozen=True):
    """A delivery of an order; `datedelivery` is null while it is on its way."""

    orderdeliveryid: Id
    orderid: Id
    warehouseid: int | None = None
    datedelivery: int | None = None
    datecancelled: int | None = None
    orderdeliveryitems: list[OrderDeliveryItem] | None = None


class Site(msgspec.Struct, frozen=True):
    """One market of the account. Its integer eshopid is the siteid of every path."""

    eshopid: int
    siteurl: str | None = None


class SiteSettings(msgspec.Struct, frozen=True):
    """The settings of a site that we read."""

    eshopid: int
    currencycode: str
    timezone: str
    eshopname: str | None = None
    doroundoff: bool | None = None
    pricesstoredwithvat: bool | None = None

    def __post_init__(self) -> None:
        # The trading day of a register outside the estate goes by it.
        try:
            ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"site {self.eshopid} has the time zone {self.timezone!r}, not one of IANA's") from None


class SitooStore(msgspec.Struct, frozen=True):
    """A shop; `externalid` is the retailer's own key for it."""

    storeid: int
    name: str
    storetype: int | None = None
    externalid: str | None = None
    externalgroupid: str | None = None
    countryid: str | None = None


class CashRegister(msgspec.Struct, frozen=True):
    """A till. It has no storeid: its warehouse leads to the store."""

    registerid: str
    registerkey: str | None = None
    warehouseid: int | None = None
    currencycode: str | None = None


class Warehouse(msgspec.Struct, frozen=True):
    """A stock place; `storeid` is null where it belongs to no store."""

    warehouseid: int
    name: str
    warehousetype: int | None = None
    storeid: int | None = None
    currencycode: str | None = None
    externalid: str | None = None


VIRTUAL_WAREHOUSE = 20
"""The `warehousetype` of warehouses that take levels instead of movements (reference section 3)."""


class WarehouseItem(msgspec.Struct, frozen=True, gc=False):
    """How much of a SKU a warehouse holds, of which `decimalreserved` is promised to somebody. Three decimals."""

    warehouseitemid: Id
    sku: Name
    decimaltotal: str
    decimalreserved: str | None = None


class WarehouseTransactionItem(msgspec.Struct, frozen=True, gc=False):
    """What a movement moved of one SKU: positive is what came, negative what went."""

    sku: Name
    decimalquantity: str


class WarehouseTransaction(msgspec.Struct, frozen=True, gc=False):
    """A movement of stock at one warehouse, which never changes. Types: reference section 3 (10 in, 20 out, 30 sale, 40
    refund, 50 stocktaking).
    """

    warehousetransactionid: Id
    warehouseid: Id
    datecreated: int  # seconds since 1970
    transactiontype: SmallId
    items: list[WarehouseTransactionItem] | None
    description: str | None = None
    externalid: str | None = None
    reasoncode: str | None = None
    shipmentid: Id | None = None
    orderdeliveryid: Id | None = None


class Shipment(msgspec.Struct, frozen=True):
    """Goods on their way: without a sender they come from a supplier. States: reference section 3 (0 new, 10 in
    transit, 20 received, 100 cancelled).
    """

    shipmentid: Id
    shipmentstate: SmallId
    sender_warehouseid: Id | None = None
    receiver_warehouseid: Id | None = None
    externalid: str | None = None


class PaymentType(msgspec.Struct, frozen=True):
    """A payment the tills offer; `paymentmethodid` as in reference section 3 (100 cash, 500 gift card...)."""

    paymenttypeid: int
    paymentmethodid: int
    name: str
    externalid: str | None = None


GIFT_CARD_GROUP = 30
"""The `productgrouptype` of gift cards (reference sitoo-api, section 3)."""


class ProductGroup(msgspec.Struct, frozen=True):
    """A VAT group; `value` is percent, `productgrouptype` 10 product, 20 service, 30 gift card."""

    vatid: int
    productgroupname: str
    value: int | float | None = None
    productgrouptype: int | None = None


class VariantAttribute(msgspec.Struct, frozen=True):
    """What tells a variant from the others of its group: `Color`, `Red`."""

    name: str
    value: str


class Product(msgspec.Struct, frozen=True):
    """A product or variant, as far as we read it.

    `moneyprice` is its price in price list 1, with VAT or without by the site's `pricesstoredwithvat`.
    `variantparentid` is the productid of its group's main variant, also on that one; null outside a group.
    """

    productid: Id
    sku: str
    title: str | None = None
    barcode: str | None = None
    moneyprice: str | None = None
    vatid: SmallId | None = None
    active: bool | None = None
    activepos: bool | None = None
    variantparentid: Id | None = None
    variant: list[VariantAttribute] | None = None
    pricelisthasvolume: Any = None  # only its name is known
    datemodified: int | None = None


class PriceList(msgspec.Struct, frozen=True):
    """A price list; number 1 is the default one. `tags` narrow whom it applies to (inferred)."""

    pricelistid: SmallId
    pricelistname: str
    active: bool | None = None
    externalid: str | None = None
    currencycode: str | None = None
    tags: list[str] | None = None


class VolumePrice(msgspec.Struct, frozen=True):
    """The price of a unit when at least so many are bought."""

    levelstart: Count
    moneyprice: str


class PriceListItem(msgspec.Struct, frozen=True):
    """A product's price in a price list; the product is named by its id, by its SKU or by both."""

    moneyprice: str
    productid: Id | None = None
    sku: str | None = None
    moneypricevolume: list[VolumePrice] | None = None


class StockedProduct(msgspec.Struct, frozen=True):
    """Whether a product's stock is counted."""

    sku: Name
    stockcountenable: bool | None = None


class User(msgspec.Struct, frozen=True):
    """A customer, or one of the staff: those have a `role`. Its repr shows no content."""

    userid: Name
    email: str | None = None
    mobile: str | None = None
    phone: str | None = None
    namefirst: str | None = None
    namelast: str | None = None
    company: str | None = None
    customernumber: str | None = None
    role: int | None = None
    datecreated: int | None = None
    datemodified: int | None = None

    def __repr__(self) -> str:
        return "User(...)"


class ProductVariants(msgspec.Struct, frozen=True):
    """A variant group whole, with every field of its products: writing it replaces all of it (reference 1.3)."""

    groups: list[dict[str, Any]]
    variants: list[dict[str, Any]]


def can_be_asked_for(sku: str) -> bool:
    """Whether a product can be looked up by this SKU: SKUs go in a list with commas between them."""
    return bool(sku) and "," not in sku


class BatchAnswer(msgspec.Struct, frozen=True):
    """What Sitoo says to one record of a batch (reference 1.7): its own status, whatever the whole answer's is.

    `value` is the new id of a record that was made, true for one that was changed.
    """

    status: int = msgspec.field(name="statuscode")
    value: int | str | bool | None = msgspec.field(name="return", default=None)
    error: str | None = msgspec.field(name="errortext", default=None)

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def refused(self) -> bool:
        """Sitoo understood and said no. What is neither done nor refused has to be looked up."""
        return 400 <= self.status < 500 and self.status != _TOO_MANY_REQUESTS


class Contact(msgspec.Struct, frozen=True, gc=False):
    """The personal fields of an order that we need; kept apart from its payload. Its repr shows no content."""

    email: str | None = None
    namefirst: str | None = None
    namelast: str | None = None
    company: str | None = None
    phone: str | None = None

    def __repr__(self) -> str:
        return "Contact(...)"


class LandedOrder(msgspec.Struct, frozen=True, gc=False):
    """An order ready to be stored: `payload` without personal fields, its SHA-256, and the order typed."""

    order: Order
    payload: bytes
    digest: bytes
    contact: Contact | None

    @property
    def sold_at(self) -> datetime:
        """The till's time of the sale (UTC), also when an offline till uploaded it days later."""
        return datetime.fromtimestamp(self.order.orderdate, UTC)


class LandedZReport(msgspec.Struct, frozen=True):
    """A Z-report ready to be stored: `payload` as Sitoo sent it, its SHA-256, and the report typed."""

    report: ZReport
    payload: bytes
    digest: bytes


class Rejection(msgspec.Struct, frozen=True):
    """A record that cannot be read: kept whole, with the reason, and placed as near as it could be told.

    `record` is the record's id, or the digest in hex where no id could be read. `day` is the UTC date of `sold_at`.
    The repr leaves the body out: it may hold personal fields.
    """

    # 'orders', 'z_reports', 'order_deliveries', 'products', 'price_list_items', 'users', 'warehouse_items',
    # 'warehouse_transactions'; 'receipts' and 'till_sessions' when modelled
    source: str
    record: str
    reason: str
    body: bytes
    digest: bytes
    day: date | None
    registerid: str | None
    sold_at: datetime | None

    def __repr__(self) -> str:
        return f"Rejection({self.source} {self.record}: {self.reason})"


_raw_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_any_fields = msgspec.json.Decoder(dict[str, Any])
_order = msgspec.json.Decoder(Order)
_z_report = msgspec.json.Decoder(ZReport)
_delivery = msgspec.json.Decoder(OrderDelivery)
_product = msgspec.json.Decoder(Product)
_price_list_item = msgspec.json.Decoder(PriceListItem)
_user = msgspec.json.Decoder(User)
_warehouse_item = msgspec.json.Decoder(WarehouseItem)
_warehouse_transaction = msgspec.json.Decoder(WarehouseTransaction)
_text = msgspec.json.Decoder(str | None)
# Sorted keys: the digest must not change because Sitoo lists the same fields in another order.
_sorted = msgspec.json.Encoder(order="sorted")


class _Unusable(ValueError):
    """Well-typed, but not something the rest of the system can work with."""


def read_order(raw: msgspec.Raw) -> LandedOrder | Rejection:
    """One order of a page, checked and split from its personal fields; a Rejection if it cannot be read. Never raises.

    Checked: the fields we use and their types, money with two decimals (whole units where the currency has none), the
    currency code, a sane orderdate, rows told apart, and numbers and text that a database can hold.
    """
    try:
        order = _order.decode(raw)
        _check_order(order)
        _check_text(bytes(raw))
        payload, contact = split_personal(_raw_fields.decode(raw))
    except (*UNREADABLE, _Unusable) as error:
        return _rejection("orders", bytes(raw), error, id_field="orderid", time_field="orderdate")
    return LandedOrder(order, payload, _digest(payload), contact)


def _digest(payload: bytes) -> bytes:
    """SHA-256, in pieces: for more than 2,047 bytes at once hashlib lets go of the GIL, and getting it back from the
    thread that stores orders takes longer than the hashing.
    """
    digest = hashlib.sha256()
    for start in range(0, len(payload), 2047):
        digest.update(payload[start : start + 2047])
    return digest.digest()


def read_z_report(raw: msgspec.Raw) -> LandedZReport | Rejection:
    """One Z-report, checked; a Rejection if it cannot be read. Never raises. Checks as for `read_order`."""
    try:
        report = _z_report.decode(raw)
        _check_session(report)
        _check_money(report.money(), report.currencycode)
        _check_text(bytes(raw))
        # Its JSON is read whole again (`flows/sales/model`), so what we make no use of must be readable too.
        _any_fields.decode(raw)
        payload = _sorted.encode(_raw_fields.decode(raw))
    except (*UNREADABLE, _Unusable) as error:
        return _rejection("z_reports", bytes(raw), error, id_field="zreportid", time_field="datecreated")
    return LandedZReport(report, payload, hashlib.sha256(payload).digest())


def read_delivery(raw: msgspec.Raw) -> tuple[OrderDelivery, bytes] | Rejection:
    """One delivery of an order with its payload; a Rejection if it cannot be read. Never raises.

    A rejected one is of no register and time: what it delivers stays undelivered in the books, and nothing is held.
    """
    body = bytes(raw)
    try:
        delivery = _delivery.decode(raw)
        if delivery.datedelivery is not None:
            _check_moment(delivery.datedelivery)
        _check_text(body)
    except (*UNREADABLE, _Unusable) as error:
        return _rejection("order_deliveries", body, error, id_field="orderdeliveryid", time_field="")
    return delivery, body


def read_product(raw: msgspec.Raw, eshopid: int, currency: str) -> Product | Rejection:
    """One product of a site whose prices are in `currency`; a Rejection if it cannot be read. Never raises."""
    body = bytes(raw)
    try:
        product = _product.decode(raw)
        if product.moneyprice:
            _check_money([product.moneyprice], currency)
        if product.datemodified is not None:
            _check_moment(product.datemodified)
        _check_text(body)
    except (*UNREADABLE, _Unusable) as error:
        return _rejection_of(eshopid, "products", body, error, "productid")
    return product


def read_price_list_item(raw: msgspec.Raw, eshopid: int, pricelistid: int, currency: str) -> PriceListItem | Rejection:
    """One price of a list in `currency`; a Rejection if it cannot be read, or names no product. Never raises."""
    body = bytes(raw)
    try:
        item = _price_list_item.decode(raw)
        _check_money([item.moneyprice, *(level.moneyprice for level in item.moneypricevolume or ())], currency)
        if item.productid is None and not item.sku:
            raise _Unusable("it names no product")
        _check_text(body)
    except (*UNREADABLE, _Unusable) as error:
        return _rejection_of(f"{eshopid}/{pricelistid}", "price_list_items", body, error, "productid")
    return item


def read_user(raw: msgspec.Raw, eshopid: int) -> User | Rejection:
    """One user of a site; a Rejection, with the personal fields in its body, if it cannot be read. Never raises."""
    body = bytes(raw)
    try:
        user = _user.decode(raw)
        for moment in (user.datecreated, user.datemodified):
            if moment is not None:
                _check_moment(moment)
        _check_text(body)
    except (*UNREADABLE, _Unusable) as error:
        return _rejection_of(eshopid, "users", body, error, "userid")
    return user


def can_be_kept(levels: Sequence[WarehouseItem]) -> bool:
    """Whether all levels of a page hold quantities, and text that a database takes."""
    try:
        _check_quantities([item.decimaltotal for item in levels])
        _check_quantities([item.decimalreserved for item in levels if item.decimalreserved is not None])
    except _Unusable:
        return False
    return "\0" not in "".join([item.sku for item in levels])


def read_warehouse_items(
    page: Sequence[msgspec.Raw] | Sequence[WarehouseItem], warehouseid: int
) -> tuple[list[WarehouseItem], list[Rejection]]:
    """The levels of a page, and those of them that cannot be read. Never raises."""
    items: list[WarehouseItem] = []
    rejections: list[Rejection] = []
    for entry in page:
        record = entry if isinstance(entry, WarehouseItem) else _read_warehouse_item(entry, warehouseid)
        if isinstance(record, WarehouseItem):
            items.append(record)
        else:
            rejections.append(record)
    return items, rejections


def _read_warehouse_item(raw: msgspec.Raw, warehouseid: int) -> WarehouseItem | Rejection:
    body = bytes(raw)
    try:
        item = _warehouse_item.decode(raw)
        _check_quantities((item.decimaltotal, item.decimalreserved or "0.000"))
        _check_text(body)
    except (*UNREADABLE, _Unusable) as error:
        return _rejection_of(warehouseid, "warehouse_items", body, error, "warehouseitemid")
    return item


def read_warehouse_transaction(raw: msgspec.Raw, eshopid: int) -> WarehouseTransaction | Rejection:
    """One movement of stock of a site; a Rejection if it cannot be read. Never raises."""
    body = bytes(raw)
    try:
        transaction = _warehouse_transaction.decode(raw)
        _check_moment(transaction.datecreated)
        _check_quantities([item.decimalquantity for item in transaction.items or ()])
        _check_text(body)
    except (*UNREADABLE, _Unusable) as error:
        return _rejection_of(eshopid, "warehouse_transactions", body, error, "warehousetransactionid")
    return transaction


def quantity_milli(text: str) -> int:
    """Sitoo's `decimal` (`-5.000`, three decimals) in thousandths. Raises ValueError for what was not checked."""
    return int(text.replace(".", ""))


def quantity_text(milli: int) -> str:
    """Thousandths as Sitoo's `decimal`."""
    sign, whole = ("-" if milli < 0 else ""), abs(milli)
    return f"{sign}{whole // 1000}.{whole % 1000:03d}"


def split_personal(fields: dict[str, msgspec.Raw]) -> tuple[bytes, Contact | None]:
    """The order's payload without the personal fields, keys sorted; and those fields, None if all are empty.

    Empties `fields` of the personal ones. Raises msgspec.ValidationError if one of them is not text.
    """
    found = {
        name: text
        for name in PERSONAL_FIELDS
        if (raw := fields.pop(name, None)) is not None and (text := _text.decode(raw))
    }
    return _sorted.encode(fields), Contact(**found) if found else None


def decode_order(payload: bytes) -> Order:
    """A stored payload as an Order. Raises msgspec.ValidationError for one that was not checked on landing."""
    return _order.decode(payload)


def _check_order(order: Order) -> None:
    _check_moment(order.orderdate)
    money = [order.moneytotal_gross_all, order.moneytotal_gross_roundoff]
    quantities = []
    rows: set[int] = set()
    for item in order.orderitems or ():
        if item.orderitemid in rows:
            raise _Unusable(f"two rows with the orderitemid {item.orderitemid}")
        rows.add(item.orderitemid)
        money += (item.moneyitemtotal_net, item.moneyitemtotal_vat)
        if item.moneydiscount is not None:
            money.append(item.moneydiscount)
        if item.decimalquantitytotal is not None:
            quantities.append(item.decimalquantitytotal)
        if not 0 <= item.vatvalue < 100:
            raise _Unusable(f"VAT of {item.vatvalue} percent in row {item.orderitemid}")
    money += [payment.moneyamount for payment in order.payments or ()]
    _check_money(money, order.currencycode)
    number = str((order.additionaldata or {}).get("pos-receiptid", ""))
    if len(number) > _LONGEST_NAME:
        raise _Unusable(f"a receipt number of {len(number)} characters")
    if quantities and not _QUANTITY_LIST.fullmatch(" ".join((*quantities, ""))):
        raise _Unusable("a decimalquantitytotal that is not a number with three decimals")


def _check_session(report: ZReport) -> None:
    for epoch in (report.dateopened, report.datecreated, report.dateadded):
        _check_moment(epoch)
    length = report.datecreated - report.dateopened
    if not 0 <= length <= _LONGEST_SESSION_SECONDS:
        raise _Unusable(f"a session of {length / 86_400:g} days")
    for groups in (report.vatgroupssales, report.vatgroupssalesnotdelivered, report.vatgroupsrefund):
        for group in groups or ():
            if not 0 <= group.vatvalue < 100:
                raise _Unusable(f"VAT of {group.vatvalue} percent")


def _check_money(amounts: Iterable[str], currency: str) -> None:
    if not _CURRENCY.fullmatch(currency):
        raise _Unusable(f"currency code {currency!r}")
    amounts = list(amounts)
    # One match over all amounts costs a fifth of one each.
    text = " ".join((*amounts, ""))
    pattern = _MONEY_LIST if decimals(currency) else _WHOLE_MONEY_LIST
    if not pattern.fullmatch(text) or text.count(" ") != len(amounts):
        wrong = next((amount for amount in amounts if not _MONEY.fullmatch(amount)), None)
        raise _Unusable(f"amount {wrong!r}" if wrong is not None else f"a fraction of a {currency}")


def _check_quantities(quantities: Sequence[str]) -> None:
    text = " ".join((*quantities, ""))
    if not _QUANTITY_LIST.fullmatch(text) or text.count(" ") != len(quantities):
        raise _Unusable("a quantity that is not a number with three decimals")


def _check_moment(epoch: int) -> None:
    if epoch not in _SANE_EPOCH:
        raise _Unusable(f"a time of {epoch} seconds since 1970")


def _check_text(payload: bytes) -> None:
    payload.decode("utf-8")
    if b"\\u" in payload:
        # Valid JSON may still hold text no database takes: half a surrogate pair (the decoder refuses it), a NUL.
        text = msgspec.json.encode(msgspec.json.decode(payload))
        if b"\\u0000" in text:
            raise _Unusable("text with a NUL character")


def _rejection(source: str, body: bytes, error: Exception, *, id_field: str, time_field: str) -> Rejection:
    fields = _fields_to_place(body, (id_field, time_field, "registerid"))
    digest = hashlib.sha256(body).digest()
    moment, registerid = _whole(fields.get(time_field)), fields.get("registerid")
    sold_at = datetime.fromtimestamp(moment, UTC) if moment is not None and moment in _SANE_EPOCH else None
    register = registerid if isinstance(registerid, str) and _is_name(registerid) else None
    identifier = _whole(fields.get(id_field))
    record = digest.hex() if identifier is None else str(identifier)
    if source == "z_reports" and register is not None:
        record = f"{register}/{record}"
    reason = str(error) if isinstance(error, msgspec.ValidationError | _Unusable) else f"not JSON: {error}"
    reason = reason[:_LONGEST_REASON]
    return Rejection(source, record, reason, body, digest, sold_at.date() if sold_at else None, register, sold_at)


def _rejection_of(place: int | str, source: str, body: bytes, error: Exception, id_field: str) -> Rejection:
    """A rejected record of a site, whose id is known within it only."""
    rejection = _rejection(source, body, error, id_field=id_field, time_field="")
    return msgspec.structs.replace(rejection, record=f"{place}/{rejection.record}")


def _fields_to_place(body: bytes, names: Iterable[str]) -> dict[str, Any]:
    """The fields by which a record that cannot be read is placed; searched for in the text of one that is not JSON."""
    try:
        return _any_fields.decode(body)
    except UNREADABLE:
        pass
    found: dict[str, Any] = {}
    for name in names:
        if match := re.search(rb'"%b"\s*:\s*(\d{1,18}(?=\D)|"[^"\\]*")' % name.encode(), body):
            value = match[1].decode("utf-8", "replace")
            found[name] = value.strip('"') if value.startswith('"') else int(value)
    return found


def _whole(value: object) -> int | None:
    """An id or a time as a number that a bigint holds, also where it was sent as text."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 18:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def _is_name(text: str) -> bool:
    return text.isprintable() and len(text) <= _LONGEST_NAME
