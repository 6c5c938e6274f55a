"""How Sitoo shows the trade: the JSON of an order, a delivery and a Z-report, every field present.

Belongs here: field names and forms of the reference (sections 2, 4, 5 and the appendix), and nothing that decides an
amount. Does not belong here: which fields an answer is cut down to, ids and arrival (`build`).

Orders: strings for money, net per item with VAT apart, quantities and totals negative on returns while unit prices
stay positive. Z-reports: refunds positive.
"""

from __future__ import annotations

from typing import Any

from sitoo_netsuite.money import round_half_away, to_text
from sitoo_netsuite.sandbox.trade.till import (
    PAID,
    Basket,
    Delivery,
    GroupTotal,
    Payment,
    Row,
    Session,
    SideTotals,
    Stage,
)
from sitoo_netsuite.sandbox.world import Customer

Json = dict[str, Any]

# Additional data of an order whose goods are handed over later, and of a payment that is no money.
UNDELIVERED_KEY = "delivery-pickup-warehouseid"
VIRTUAL_KEY = "virtual-payment"

_NO_CUSTOMER = Customer("", "", "", "", "")


def receipt_number(registerkey: str, counter: int) -> str:
    """A receipt number: the register's key and its running counter (reference section 4, inferred)."""
    return f"{registerkey}{counter:05d}"


def order_json(
    basket: Basket, stage: Stage, orderid: int, original_orderid: int | None, swapped_orderid: int | None
) -> Json:
    """An order as it stands at one stage. The two other orders it names are those of `returns` and `swapped_with`.

    Receipt number and payments are there once it is paid.
    """
    currency, customer = basket.currency, basket.customer or _NO_CUSTOMER
    paid = stage.state.paymentstate == PAID.paymentstate
    net = sum(row.net_minor for row in basket.rows)
    vat = sum(row.vat_minor for row in basket.rows)
    rounding = basket.rounding_minor if paid else 0
    net_text, vat_text = to_text(net, currency), to_text(vat, currency)
    zero = to_text(0, currency)
    address = "1 Sample Street" if basket.customer else ""
    city = "Sampleton" if basket.customer else ""
    postcode = "000 00" if basket.customer else ""
    return {
        "orderid": orderid,
        "eshopid": basket.eshopid,
        "externalid": basket.external_id,
        "creditorderid": original_orderid,
        "email": customer.email,
        "namefirst": customer.namefirst,
        "namelast": customer.namelast,
        "personalid": "",
        "company": customer.company,
        "phone": customer.phone,
        "invoice_address": address,
        "invoice_address2": "",
        "invoice_zip": postcode,
        "invoice_city": city,
        "invoice_state": "",
        "invoice_countryid": "",
        "delivery_address": address,
        "delivery_address2": "",
        "delivery_zip": postcode,
        "delivery_city": city,
        "delivery_state": "",
        "delivery_countryid": "",
        "comment": "",
        "commentinternal": "",
        "customerref": "",
        "checkoutref": "",
        "moneytotal_net": net_text,
        "moneytotal_vat": vat_text,
        "moneycheckout_net": zero,
        "moneycheckout_vat": zero,
        "moneytotal_gross_checkout": zero,
        "moneydelivery_net": zero,
        "moneydelivery_vat": zero,
        "moneytotal_gross_delivery": zero,
        "moneyfinal_net": net_text,
        "moneyfinal_vat": vat_text,
        "moneyfinal_salestax": zero,
        "moneytotal_gross_roundoff": to_text(rounding, currency),
        "moneytotal_gross_all": to_text(net + vat + rounding, currency),
        "checkouttypeid": 0,
        "checkouttypename": _checkout_name(basket) if paid else "",
        "checkoutmethodid": 0,
        "checkoutmethodsubid": 0,
        "deliverytypeid": 0,
        "deliverytypename": "Sitoo POS" if basket.register else "Home delivery",
        "orderdate": basket.moment,
        "orderstateid": stage.state.orderstate,
        "paymentstateid": stage.state.paymentstate,
        "ordertypeid": stage.state.ordertype,
        "userid_staff": basket.staff.userid if basket.staff else None,
        "registerid": basket.register.registerid if basket.register else None,
        "warehouseid": basket.warehouseid,
        "datereserved": basket.reserved_until,
        "currencycode": currency,
        "additionaldata": _order_data(basket, paid, original_orderid, swapped_orderid),
        "orderitems": [_item_json(place, row, currency) for place, row in enumerate(basket.rows)],
        "payments": [_payment_json(payment, currency) for payment in basket.payments] if paid else [],
        "reservedpayments": [],
        "orderlogitems": [
            {"datelog": basket.moment, "orderid": orderid, "orderlogtypeid": 0, "strvalue": "", "fvalue": None}
        ],
    }


def _checkout_name(basket: Basket) -> str:
    channel = "Sitoo POS" if basket.register else "Webshop"
    return f"{channel} - {basket.payments[0].kind.name}" if basket.payments else channel


def _order_data(basket: Basket, paid: bool, original_orderid: int | None, swapped_orderid: int | None) -> Json:
    data: Json = {}
    if basket.receipt and paid:
        data["pos-receiptid"] = basket.receipt
    if basket.shop:
        data |= {
            "store-externalid": basket.shop.key,
            "store-externalgroupid": "",
            "store-name": basket.shop.name,
            "pos-timezone": basket.shop.time_zone,
        }
    if basket.staff:
        data |= {"pos-staff-userid": basket.staff.userid, "pos-staff-externalid": basket.staff.externalid}
    if basket.practice:
        data["pos-practice"] = "true"
    if basket.deliver_later:
        data[UNDELIVERED_KEY] = str(basket.warehouseid)
    if original_orderid is not None:
        data["pos-originalsales-orderid"] = str(original_orderid)
    if basket.reason:
        data |= {
            "refundreasoncode-reasoncode": basket.reason,
            "refundreasoncode-comment": basket.reason_comment,
        }
    if swapped_orderid is not None:
        if basket.rows[0].quantity > 0:
            data |= {"pos-refund-orderid": str(swapped_orderid), "pos-refund-receiptid": basket.swapped_with}
        else:
            data["pos-refundsales-orderid"] = str(swapped_orderid)
    return data


def _item_json(place: int, row: Row, currency: str) -> Json:
    unit = to_text(row.unit_net_minor - row.unit_discount_minor, currency)
    zero = to_text(0, currency)
    data = {"product-group-name": row.group.name}
    if row.card_number:
        data["giftcard-cardnumber"] = row.card_number
    if row.original_row is not None:
        data["pos-originalsales-orderitemid"] = str(row.original_row)
    if row.reason:
        data["reasoncode-return"] = row.reason
    if row.return_warehouseid is not None:
        data["return-warehouseid"] = str(row.return_warehouseid)
    per_quantity = unit
    if row.weight_milli is not None:
        per_quantity = to_text(
            round_half_away((row.unit_net_minor - row.unit_discount_minor) * 1000, row.weight_milli), currency
        )
    discount = row.discount
    if discount is not None and discount.reason:
        data["reasoncode-manualdiscount"] = discount.reason
    return {
        "orderitemid": place,
        "orderitemtype": 10,
        "productid": row.product.productid,
        "productname": row.product.title,
        "sku": row.product.sku,
        "productattributes": "",
        "externalinput": "",
        "externalinputtitle": "",
        "unitlabel": "kg" if row.product.by_weight else "",
        "quantity": row.quantity,
        "decimalunitquantity": None if row.weight_milli is None else decimal_text(row.weight_milli),
        "moneynetpriceperunit": unit,
        "moneypriceorg": zero,
        "vatvalue": _percent(row.group.rate_bp),
        "deliveryinfo": "",
        "moneyitemtotal_net": to_text(row.net_minor, currency),
        "moneyitemtotal_vat": to_text(row.vat_minor, currency),
        "voucherid": discount.voucherid if discount else 0,
        "vouchercode": discount.code if discount else "",
        "vouchername": discount.name if discount else "",
        "vouchercomment": "",
        "vouchervalue": discount.percent if discount else 0,
        "moneyoriginalprice": to_text(row.unit_net_minor, currency),
        "moneydiscountedprice": unit if discount else zero,
        "moneydiscount": to_text(row.unit_discount_minor, currency),
        "salestaxes": [],
        "additionaldata": data,
        "decimalquantitytotal": decimal_text(row.quantity_milli),
        "moneynetpriceperquantity": per_quantity,
    }


def _payment_json(payment: Payment, currency: str) -> Json:
    data = {}
    if payment.virtual:
        data[VIRTUAL_KEY] = "true"
    if payment.card_number:
        data["giftcard-cardnumber"] = payment.card_number
    if payment.acquirer == "adyen":
        data |= {"adyen-pspreference": payment.reference, "adyen-cardtype": payment.scheme}
    elif payment.acquirer == "nets":
        data |= {"nets-sitooreference": payment.reference}
    if payment.original_payment is not None:
        data["pos-originalsales-payment-index"] = str(payment.original_payment)
    return {
        "name": payment.kind.name,
        "moneyamount": to_text(payment.amount_minor, currency),
        "externalid": payment.kind.externalid,
        "reftype": payment.acquirer,
        "refid": payment.reference,
        "cardissuer": payment.scheme,
        "reservedpaymentid": None,
        "additionaldata": data,
    }


def delivery_json(basket: Basket, delivery: Delivery, orderid: int, orderdeliveryid: int) -> Json:
    """An order delivery (reference appendix). Goods that came back have negative quantities."""
    return {
        "orderdeliveryid": orderdeliveryid,
        "orderid": orderid,
        "warehouseid": basket.warehouseid,
        "orderdeliveryref": "",
        "datedelivery": delivery.moment,
        "datecancelled": None,
        "pluginname": "",
        "orderdeliveryitems": [
            {
                "orderdeliveryitemid": number,
                "orderdeliveryid": orderdeliveryid,
                "orderitemid": place,
                "quantity": quantity,
            }
            for number, (place, quantity) in enumerate(delivery.items, start=1)
        ],
    }


def z_report_json(session: Session) -> Json:
    """A register's Z-report (reference section 4 and appendix; identities as docs/accounting.md has them)."""
    shop, register, totals, currency = session.shop, session.register, session.totals, session.shop.currency

    def money(minor: int) -> str:
        return to_text(minor, currency)

    refunded = totals.refunded.gross_minor
    subtotal = totals.sales_minor - refunded
    sold_ever = session.sold_before_minor + totals.sales_minor
    refunded_ever = session.refunded_before_minor + refunded
    sides = (("sales", totals.sold), ("salesnotdelivered", totals.sold_for_later), ("refund", totals.refunded))
    return {
        "zreportid": session.number,
        "registerid": register.registerid,
        "manufacturerid": "SII",
        "registerkey": register.registerkey,
        "registernumber": register.number,
        "datecreated": session.closed,
        "dateopened": session.opened,
        "dateadded": session.arrives,
        "eshopid": shop.eshopid,
        "store_id": str(shop.storeid),
        "store_name": shop.name,
        "company": session.company,
        "companyid": "",
        "address": "1 Sample Street",
        "address2": "",
        "address3": shop.name,
        "currencycode": currency,
        "staff": session.staff.name,
        "staffuserid": session.staff.userid,
        "comment": session.comment,
        **{key: value for name, side in sides for key, value in _side_json(name, side, currency).items()},
        "moneyroundoff": money(totals.rounding_minor),
        "salestaxessales": [],
        "salestaxesrefund": [],
        "moneysalestaxinadvance": money(0),
        "moneysummarysales": money(totals.sales_minor),
        "moneysummaryrefund": money(refunded),
        "moneysummarysubtotal": money(subtotal),
        "moneysummarysalestax": money(0),
        "moneysummaryroundoff": money(totals.rounding_minor),
        "moneysummarytotal": money(subtotal + totals.rounding_minor),
        "paymentssales": _payments_json(totals.paid, currency),
        "paymentsrefund": _payments_json(totals.paid_out, currency),
        "moneycash_in": money(session.cash_in_minor),
        "moneycash_salesrefunds": money(totals.cash_minor),
        "moneycash_petty": money(-session.petty_minor),
        "moneycash_bank": money(-session.banked_minor),
        "moneycash_expected": money(session.expected_minor),
        "moneycash_counted": money(session.counted_minor),
        "moneycash_diff": money(session.counted_off_minor),
        "moneycash_bankfinal": money(session.banked_at_close_minor),
        "moneycash_out": money(session.cash_out_minor),
        "moneydiscount": money(totals.sold.discount_minor + totals.sold_for_later.discount_minor),
        "numsalestypeproduct": totals.items_by_type.get(10, 0),
        "numsalestypeservice": totals.items_by_type.get(20, 0),
        "numsalestypegiftcard": totals.items_by_type.get(30, 0),
        "numreceipts": sum(side.receipts for _, side in sides),
        "numopendrawer": totals.cash_payments + len(session.petty_cash),
        "numpractice": totals.practice_receipts,
        "moneypractice": money(totals.practice_minor),
        "moneygrandtotalsales": money(sold_ever),
        "moneygrandtotalrefund": money(refunded_ever),
        "moneygrandtotalnet": money(sold_ever - refunded_ever),
    }


def _side_json(name: str, side: SideTotals, currency: str) -> Json:
    total, totalnet = f"money{name}total", f"money{name}totalnet"
    return {
        total: to_text(side.gross_minor, currency),
        totalnet: to_text(side.net_minor, currency),
        f"num{name}": side.receipts,
        f"num{name}items": side.items,
        f"vatgroups{name}": [
            {"vatvalue": _percent(rate), **_three_totals(group, currency)}
            for rate, group in sorted(side.by_rate.items(), reverse=True)
        ],
        f"productgroups{name}": [
            {"name": group_name, "vatvalue": _percent(rate), "numtotal": group.count, **_three_totals(group, currency)}
            for (group_name, rate), group in sorted(side.by_group.items())
        ],
        f"discounts{name}": [
            {"vouchercode": code, **_three_totals(group, currency)} for code, group in sorted(side.by_discount.items())
        ],
    }


def _three_totals(group: GroupTotal, currency: str) -> Json:
    return {
        "moneytotal": to_text(group.net_minor + group.vat_minor, currency),
        "moneytotalnet": to_text(group.net_minor, currency),
        "moneytotalvat": to_text(group.vat_minor, currency),
    }


def _payments_json(by_name: dict[str, dict[str, int]], currency: str) -> list[Json]:
    zero = to_text(0, currency)

    def captured(minor: int) -> Json:
        return {"moneycaptured": to_text(minor, currency), "moneyinadvance": zero, "moneyreserved": zero}

    return [
        {
            "name": name,
            "moneytotal": to_text(sum(by_scheme.values()), currency),
            **captured(sum(by_scheme.values())),
            "subpayments": [
                {"name": scheme, "moneysubtotal": to_text(minor, currency), **captured(minor)}
                for scheme, minor in sorted(by_scheme.items())
                if scheme
            ],
        }
        for name, by_scheme in sorted(by_name.items())
    ]


def _percent(rate_bp: int) -> int | float:
    """A rate as a JSON number in percent: 25, 17.5."""
    return rate_bp // 100 if rate_bp % 100 == 0 else rate_bp / 100


def decimal_text(milli: int) -> str:
    """A quantity in thousandths as Sitoo writes it: `5.000`."""
    sign, whole = ("-" if milli < 0 else ""), abs(milli)
    return f"{sign}{whole // 1000}.{whole % 1000:03d}"
