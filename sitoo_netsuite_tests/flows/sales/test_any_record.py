"""Whatever Sitoo may send: a receipt, a receipt excluded or held by name, or a rejection. Never anything else."""

from __future__ import annotations

import copy
import json
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sitoo_netsuite.flows.sales.receipts import UnreadableReceipt, is_unfinished, receipt_from_order, session_from_z
from sitoo_netsuite.sandbox.world import make_world
from sitoo_netsuite.sitoo.models import LandedOrder, LandedZReport, Rejection, decode_order, read_order, read_z_report
from sitoo_netsuite_tests.flows.sales.test_receipts import DIRECTORY, ESTATE, REGISTER
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, order_body, z_version

WORLD = make_world(seed=1, stores=1, days=1)
ORDER = {**order_body(WORLD, 101, OPENING), "registerid": REGISTER}
ORDER["additionaldata"]["pos-originalsales-orderid"] = "77"
ORDER["orderitems"][0]["additionaldata"] = {"pos-originalsales-orderitemid": "0"}
ORDER["payments"][0] |= {"reftype": "adyen", "cardissuer": "Visa", "additionaldata": {"giftcard-cardnumber": "9001"}}
Z_REPORT = json.loads(z_version(WORLD, 7, OPENING).body)

# What fits a column of the database: integer, bigint, and text without a NUL.
_INTEGER, _BIGINT = range(-(2**31), 2**31), range(-(2**63), 2**63)

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, -1, 2**31, 2**53, 2**63, 2**64 - 1, -(2**63)]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "1e400",
            "NaN",
            "-0.00",
            "0.001",
            "9" * 17,
            "9" * 25,
            "9999999999999.99",
            "-12.30",
            "\0",
            "\x1b[0m",
            "x" * 5000,
            "true",
        ]
    ),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)


def paths(content: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where in a record something can be put in place of what is there."""
    if isinstance(content, dict):
        inner = content.items()
    elif isinstance(content, list):
        inner = enumerate(content)
    else:
        return [before]
    return [before, *(path for key, value in inner for path in paths(value, (*before, key)))]


def changed(content: dict[str, Any], changes: list[tuple[tuple[Any, ...], Any]]) -> Any:
    """The record with these values at these places; `...` takes the place away."""
    record: Any = copy.deepcopy(content)
    for path, value in changes:
        if not path:
            continue
        place = record
        try:
            for key in path[:-1]:
                place = place[key]
            if value is ...:
                del place[path[-1]]
            else:
                place[path[-1]] = value
        except (TypeError, KeyError, IndexError):
            continue  # an earlier change took the place away
    return record


def changes_to(content: dict[str, Any]) -> st.SearchStrategy[list[tuple[tuple[Any, ...], Any]]]:
    return st.lists(st.tuples(st.sampled_from(paths(content)), st.one_of(junk, st.just(...))), min_size=1, max_size=3)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(changes_to(ORDER))
@example([(("orderitems", 0, "additionaldata", "pos-originalsales-orderitemid"), "9" * 17)])
@example([(("orderitems", 0, "quantity"), 10**9), (("orderitems", 0, "moneydiscount"), "9999999999999.99")])
@example([(("namefirst",), "a\0b")])
def test_an_order_is_a_receipt_or_a_rejection_and_every_number_of_it_fits_the_database(changes: list[Any]) -> None:
    record = read_order(msgspec.Raw(json.dumps(changed(ORDER, changes)).encode()))
    if isinstance(record, Rejection):
        assert_can_be_filed(record)
        return
    assert isinstance(record, LandedOrder)
    assert b"\\u0000" not in record.payload + msgspec.json.encode(record.contact)
    is_unfinished(record.order, ESTATE.sitoo)
    try:
        receipt = receipt_from_order(decode_order(record.payload), DIRECTORY)
    except UnreadableReceipt as error:
        assert str(error)
        return
    amounts = [receipt.net_minor, receipt.vat_minor, receipt.rounding_minor, receipt.gross_minor, receipt.paid_minor]
    amounts += [line.net_minor + line.vat_minor + line.discount_minor + line.quantity_milli for line in receipt.lines]
    assert all(amount in _BIGINT for amount in amounts)
    assert all(number is None or number in _BIGINT for number in (receipt.counter, receipt.original_orderid))
    assert len({line.line for line in receipt.lines}) == len(receipt.lines)
    assert all(line.line in _INTEGER and line.vat_rate_bp in range(10_000) for line in receipt.lines)
    assert all(line.original_line is None or line.original_line in _INTEGER for line in receipt.lines)
    texts = [receipt.receipt_number, receipt.registerid, *(line.sku for line in receipt.lines)]
    texts += [text for payment in receipt.payments for text in (payment.name, payment.acquirer, payment.scheme)]
    assert all(text is None or ("\0" not in text and len(text) <= 100) for text in texts)
    assert all("\0" not in (payment.card_number or "") for payment in receipt.payments)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(changes_to(Z_REPORT))
@example([(("dateopened",), OPENING + 60)])
@example([(("dateopened",), 700_000_000)])
def test_a_z_report_is_a_session_or_a_rejection(changes: list[Any]) -> None:
    record = read_z_report(msgspec.Raw(json.dumps(changed(Z_REPORT, changes)).encode()))
    if isinstance(record, Rejection):
        assert_can_be_filed(record)
        return
    assert isinstance(record, LandedZReport)
    try:
        session = session_from_z(json.loads(record.payload))
    except UnreadableReceipt as error:
        assert str(error)
        return
    assert session.opened_at <= session.closed_at <= session.opened_at + timedelta(days=366)
    assert session.zreportid in _BIGINT
    assert all(figure in _BIGINT for figure in session.figures.values())
    assert "\0" not in session.comment


@given(st.binary(max_size=200))
def test_bytes_that_are_no_record_at_all_are_a_rejection(body: bytes) -> None:
    for read in (read_order, read_z_report):
        record = read(msgspec.Raw(body))
        assert isinstance(record, Rejection)
        assert_can_be_filed(record)


def assert_can_be_filed(rejection: Rejection) -> None:
    """Its place and reason fit the quarantine's columns, and its key an index."""
    assert rejection.reason
    assert len(rejection.reason) <= 300
    for text in (rejection.record, rejection.reason, rejection.registerid or ""):
        assert "\0" not in text
        text.encode()
    assert len(rejection.record) <= 200
    assert (rejection.day is None) == (rejection.sold_at is None)
