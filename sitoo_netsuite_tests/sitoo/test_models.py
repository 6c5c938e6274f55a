"""Records as they land: what is kept, what is kept apart, what is forgiven, what is turned away."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.sandbox.world import make_world
from sitoo_netsuite.sitoo.models import (
    PERSONAL_FIELDS,
    Contact,
    LandedOrder,
    LandedZReport,
    Rejection,
    ZReport,
    decode_order,
    read_order,
    read_z_report,
)
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, order_body, z_version

WORLD = make_world(seed=1, stores=1, days=1)
ORDER = order_body(WORLD, 101, OPENING)


def _raw(content: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(content).encode())


def _landed(content: object) -> LandedOrder:
    landed = read_order(_raw(content))
    assert isinstance(landed, LandedOrder), landed
    return landed


def _rejected(content: object) -> Rejection:
    rejection = read_order(_raw(content))
    assert isinstance(rejection, Rejection)
    return rejection


def test_personal_fields_are_kept_apart_from_the_payload_and_its_digest() -> None:
    landed = _landed(ORDER)
    assert landed.contact == Contact(email="kim@example.com", namefirst="Kim", namelast="Tarnholm")
    assert not set(PERSONAL_FIELDS) & set(json.loads(landed.payload))
    assert json.loads(landed.payload) == {name: value for name, value in ORDER.items() if name not in PERSONAL_FIELDS}
    assert landed.digest == hashlib.sha256(landed.payload).digest()
    assert _landed({**ORDER, "email": "lou@example.com"}).digest == landed.digest
    assert "kim" not in repr(landed).lower()


def test_an_anonymous_receipt_has_no_contact() -> None:
    assert _landed({**ORDER, **dict.fromkeys(PERSONAL_FIELDS, "")}).contact is None
    assert _landed({name: value for name, value in ORDER.items() if name not in PERSONAL_FIELDS}).contact is None


def test_the_digest_tells_a_change_and_not_the_order_of_the_fields() -> None:
    landed = _landed(ORDER)
    assert _landed(dict(reversed(ORDER.items()))).digest == landed.digest
    assert _landed({**ORDER, "orderstateid": 20}).digest != landed.digest


def test_a_stored_payload_reads_back_as_the_same_order() -> None:
    landed = _landed(ORDER)
    assert decode_order(landed.payload) == landed.order
    assert landed.sold_at == datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_unseen_enums_unknown_fields_and_missing_optional_ones_are_forgiven() -> None:
    order = _landed(
        {**ORDER, "orderstateid": 37, "ordertypeid": -4, "novelty": {"a": [1]}, "payments": None, "registerid": None}
    ).order
    assert (order.orderstateid, order.ordertypeid, order.payments, order.registerid) == (37, -4, None, None)
    optional = ("eshopid", "creditorderid", "registerid", "warehouseid", "additionaldata")
    assert _landed({name: value for name, value in ORDER.items() if name not in optional}).order.warehouseid is None


def _with_item(**changes: Any) -> dict[str, Any]:
    return {**ORDER, "orderitems": [{**ORDER["orderitems"][0], **changes}]}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({**ORDER, "moneytotal_gross_all": "1e2"}, "amount '1e2'"),
        ({**ORDER, "moneytotal_gross_all": "NaN"}, "amount 'NaN'"),
        ({**ORDER, "moneytotal_gross_all": 100.0}, "moneytotal_gross_all"),
        ({**ORDER, "moneytotal_gross_all": "1.00 2.00"}, "amount"),
        ({**ORDER, "currencycode": "JPY", "moneytotal_gross_all": "100.50"}, "fraction of a JPY"),
        ({**ORDER, "currencycode": "kr"}, "currency code"),
        ({**ORDER, "orderdate": 99_999_999_999}, "seconds since 1970"),
        ({**ORDER, "orderdate": "2026-03-02"}, "orderdate"),
        ({**ORDER, "email": 5}, "str"),
        ({**ORDER, "checkouttypename": "a\x00b"}, "NUL"),
        (_with_item(moneyitemtotal_vat="20,00"), "20,00"),
        (_with_item(quantity="1"), "quantity"),
        (_with_item(vatvalue=400), "400 percent"),
        (_with_item(decimalquantitytotal="1"), "decimalquantitytotal"),
        ({**ORDER, "payments": [{"name": "Cash", "moneyamount": ""}]}, "amount ''"),
        ({name: value for name, value in ORDER.items() if name != "orderitems"}, "orderitems"),
    ],
)
def test_an_order_that_cannot_be_read_comes_back_whole_with_its_reason_and_place(content: object, reason: str) -> None:
    rejection = _rejected(content)
    assert reason in rejection.reason
    assert rejection.body == json.dumps(content).encode()
    assert (rejection.source, rejection.record) == ("orders", "101")
    assert rejection.registerid == ORDER["registerid"]
    assert "kim@example.com" not in repr(rejection)


def test_a_rejection_is_placed_as_near_as_can_be_told() -> None:
    placed = _rejected({**ORDER, "currencycode": ""})
    assert (placed.sold_at, placed.day) == (datetime(2026, 3, 2, 8, tzinfo=UTC), date(2026, 3, 2))
    nowhere: list[object] = [{"orderid": "x", "orderdate": True, "registerid": 4}, [], "text", 7, None]
    for content in nowhere:
        rejection = _rejected(content)
        assert (rejection.day, rejection.sold_at, rejection.registerid) == (None, None, None)
        assert rejection.record == hashlib.sha256(rejection.body).hexdigest()


def test_text_that_no_database_takes_is_turned_away() -> None:
    body = json.dumps({**ORDER, "checkouttypename": "MARK"}).encode()
    assert isinstance(read_order(msgspec.Raw(body.replace(b"MARK", "Å".encode()))), LandedOrder)
    assert isinstance(read_order(msgspec.Raw(body.replace(b"MARK", rb"\u00c5"))), LandedOrder)
    for broken in (b"\xff", rb"\ud800"):
        assert isinstance(read_order(msgspec.Raw(body.replace(b"MARK", broken))), Rejection)


@given(st.recursive(st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=3))
def test_whatever_stands_in_a_field_reading_never_raises(value: object) -> None:
    for name in ("orderid", "orderdate", "currencycode", "orderitems", "payments", "email", "additionaldata"):
        assert isinstance(read_order(_raw({**ORDER, name: value})), LandedOrder | Rejection)
        assert isinstance(read_order(_raw(_with_item(vatvalue=value))), LandedOrder | Rejection)
    assert isinstance(read_z_report(_raw({"zreportid": value, "datecreated": value})), Rejection)


def test_a_z_report_lands_whole_and_reads_back() -> None:
    row = z_version(WORLD, 7, OPENING, moneycash_diff="-3.50", paymentssales=[{"name": "Cash", "moneytotal": "5.00"}])
    landed = read_z_report(msgspec.Raw(row.body.encode()))
    assert isinstance(landed, LandedZReport)
    assert json.loads(landed.payload) == json.loads(row.body)
    assert msgspec.json.decode(landed.payload, type=ZReport) == landed.report
    assert "-3.50" in list(landed.report.money())


def test_a_z_report_that_cannot_be_read_is_named_by_till_and_number() -> None:
    row = z_version(WORLD, 7, OPENING, moneycash_diff="a lot")
    rejection = read_z_report(msgspec.Raw(row.body.encode()))
    assert isinstance(rejection, Rejection)
    assert (rejection.source, rejection.record) == ("z_reports", f"{row.registerid}/7")
    assert (rejection.day, rejection.registerid) == (date(2026, 3, 2), row.registerid)
