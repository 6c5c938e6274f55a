"""Records that no till should send, on their way through landing, modelling, proof and posting: none stops the rest."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sitoo_netsuite.definitions import defs
from sitoo_netsuite.operate.runs import RunFailedError
from sitoo_netsuite.sandbox.serve import SandboxOptions
from sitoo_netsuite.sandbox.trade.store import OrderFilter, ZReportFilter
from sitoo_netsuite_tests.end_to_end.conftest import Retailer
from sitoo_netsuite_tests.sitoo.tampering import Tampering, tampering_with


@pytest.fixture
def between(retailer: Retailer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tampering]:
    with tampering_with(os.environ["SITOO_URL"]) as tampering:
        monkeypatch.setenv("SITOO_URL", tampering.url)
        yield tampering


Change = Callable[[dict[str, Any]], Any]


def field(**values: Any) -> Change:
    return lambda order: order.update(values)


def item(**values: Any) -> Change:
    return lambda order: order["orderitems"][0].update(values)


def payment(**values: Any) -> Change:
    return lambda order: order["payments"][0].update(values)


def without(name: str) -> Change:
    return lambda order: order.pop(name)


# What is wrong with an order, and what the case about it says.
UNREADABLE: dict[str, tuple[Change, str]] = {
    "an amount with an exponent": (field(moneytotal_gross_all="1e400"), "amount '1e400'"),
    "an amount of 25 digits": (field(moneytotal_gross_all="1" * 25 + ".00"), "amount '1111"),
    "an amount that is NaN": (field(moneytotal_gross_all="NaN"), "amount 'NaN'"),
    "an amount that is a number": (field(moneytotal_gross_all=100.0), "moneytotal_gross_all"),
    "an amount that is null": (field(moneytotal_gross_all=None), "moneytotal_gross_all"),
    "an amount with three decimals": (item(moneyitemtotal_vat="1.005"), "amount '1.005'"),
    "an amount with a comma": (item(moneyitemtotal_net="80,00"), "amount '80,00'"),
    "an amount in another alphabet": (item(moneyitemtotal_net="\u0668\u0660.00"), "amount '\u0668"),
    "no total": (without("moneytotal_gross_all"), "moneytotal_gross_all"),
    "no items at all": (without("orderitems"), "orderitems"),
    "a currency nobody knows": (field(currencycode="kr"), "currency code 'kr'"),
    "a state in words": (field(orderstateid="closed"), "orderstateid"),
    "a date in words": (field(orderdate="2026-03-02"), "orderdate"),
    "a date before Christ": (field(orderdate=-62_200_000_000), "seconds since 1970"),
    "a date in the year 3000": (field(orderdate=32_503_680_000), "seconds since 1970"),
    "an order for ever": (field(orderdate=10**30), "seconds since 1970"),
    "a quantity in words": (item(quantity="one"), "quantity"),
    "a quantity nobody can carry": (item(quantity=10**12), "quantity"),
    "a negative VAT rate": (item(vatvalue=-25), "VAT of -25"),
    "a VAT rate beyond all": (item(vatvalue=10**9), "VAT of 1000000000"),
    "a VAT rate finer than any": (item(vatvalue=17.5555), "17.5555 percent"),
    "a discount that no number holds": (item(quantity=10**9, moneydiscount="9999999999999.00"), "discount"),
    "two rows under one id": (lambda order: order["orderitems"].append(order["orderitems"][0]), "orderitemid 0"),
    "a row id that no table holds": (item(orderitemid=2**40), "orderitemid"),
    "a reference that no table holds": (field(creditorderid=2**64), "creditorderid"),
    "a NUL in a text": (field(checkouttypename="a\0b"), "NUL"),
    "a NUL in a name of a customer": (field(namefirst="a\0b"), "NUL"),
    "a tender without an end": (payment(name="x" * 5000), "payments"),
    "a receipt number without an end": (field(additionaldata={"pos-receiptid": "9" * 5000}), "5000 characters"),
    "items that are no list": (field(orderitems="none"), "orderitems"),
    "a payment without an amount": (lambda order: order["payments"][0].pop("moneyamount"), "moneyamount"),
}

# The value of a field nobody reads, written as no JSON library would.
NOT_JSON = {
    "a NaN": b"NaN",
    "half of a character": b'"\\ud83d"',
    "bytes that are not UTF-8": b'"\xff"',
    "a control character": b'"a\x01b"',
    "a number with a leading zero": b"007",
    "nothing": b"",
    "a list in a list in a list, for ever": b"[" * 50_000 + b"]" * 50_000,
    "a text that never ends": b'"a',
}

# Strange, but of known amount: what becomes of the receipt, `None` where it is booked.
READABLE: dict[str, tuple[Change, str | None]] = {
    "a total that its rows do not come to": (field(moneytotal_gross_all="1.00"), "receipt_out_of_balance"),
    "a total below zero": (field(moneytotal_gross_all="-5.00"), "receipt_out_of_balance"),
    "no rows": (field(orderitems=[]), "receipt_out_of_balance"),
    "no rows and no payments": (field(orderitems=None, payments=None), "receipt_out_of_balance"),
    "a payment too much": (lambda order: order["payments"].append(order["payments"][0]), "receipt_out_of_balance"),
    "a rounding nobody paid": (field(moneytotal_gross_roundoff="0.50"), "receipt_out_of_balance"),
    "a tender with control characters": (payment(name="Cash\n\x1b[31m"), "unmapped_tender"),
    "a tender without a name": (payment(name=""), "unmapped_tender"),
    "a VAT rate nobody uses": (item(vatvalue=99.99), "unmapped_vat_rate"),
    "a state nobody has heard of": (field(orderstateid=37), "unknown_order_state"),
    "a type nobody has heard of": (field(ordertypeid=-4), "unknown_order_type"),
    "a payment state nobody has heard of": (field(paymentstateid=2**40), "unpaid"),
    "additional data that is no text": (
        lambda order: order["additionaldata"].update({"pos-staff": [1, {"a": None}], "pos-practice": 1}),
        None,
    ),
    "a field without an end": (field(checkouttypename="x" * 1_000_000), None),
    "rows and payments with everything optional left out": (
        lambda order: [
            entry.pop(name, None)
            for entry in (*order["orderitems"], *order["payments"])
            for name in ("productname", "productid", "additionaldata", "externalid", "refid")
        ],
        None,
    ),
}


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=2, receipts=60, seed=11)], indirect=True)
def test_no_order_that_cannot_be_read_stops_another_and_each_is_named_with_what_is_wrong(
    retailer: Retailer, between: Tampering
) -> None:
    orders = iter(_till_sales(retailer))
    expected = {}
    for change, reason in UNREADABLE.values():
        order = next(orders)
        between.orders[order["orderid"]] = [_changed(order, change)]
        expected[str(order["orderid"])] = reason
    for text in NOT_JSON.values():
        order = next(orders)
        body = json.dumps({**order, "novelty": "?"}).encode().replace(b'"novelty": "?"', b'"novelty": ' + text)
        between.orders[order["orderid"]] = [body]
        expected[str(order["orderid"])] = "not JSON"

    states = retailer.run().states

    cases = {case["record"]: case for case in retailer.cases("unparsable_record")}
    assert cases.keys() == expected.keys()
    for record, reason in expected.items():
        assert reason in cases[record]["evidence"]["reason"]
        assert len(cases[record]["evidence"]["reason"]) < 400
    # Where the time cannot be read either, the register alone tells no store: it may have stood elsewhere.
    assert {case["store"] for case in cases.values()} <= {"S01", None}
    assert {state.state for state in states if state.store == "S02"} == {"posted"}
    assert {state.state for state in states if state.store == "S01" and state.trading_day == retailer.first} == {"held"}

    between.orders.clear()
    assert retailer.run().summary()["posted"] == 4
    assert retailer.cases() == []
    assert retailer.judge().differences == ()


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=2, days=2, receipts=60, seed=11)], indirect=True)
def test_a_strange_order_of_known_amount_is_booked_or_held_or_excluded_by_name(
    retailer: Retailer, between: Tampering
) -> None:
    became: dict[str, str | None] = {}
    for order, (change, outcome) in zip(_till_sales(retailer), READABLE.values(), strict=False):
        between.orders[order["orderid"]] = [_changed(order, change)]
        became[str(order["orderid"])] = outcome

    retailer.run()

    rows = retailer.connection.execute(
        """
        select r.orderid::text, coalesce(r.excluded, h.kind)
        from model.receipts r left join model.held_receipts h using (trading_day, orderid) where r.orderid = any(%s)
        """,
        [[int(record) for record in became]],
    ).fetchall()
    assert dict(rows) == became
    assert retailer.cases("unparsable_record") == []


def test_an_order_that_a_page_lists_twice_counts_once(retailer: Retailer, between: Tampering) -> None:
    order = _till_sales(retailer)[0]
    between.orders[order["orderid"]] = [json.dumps(order).encode()] * 3
    assert retailer.run().summary()["posted"] == 4
    assert retailer.cases() == []


def _till_sales(retailer: Retailer) -> list[dict[str, Any]]:
    """What the first store sold on its first days, by orderid."""
    registers = {register.registerid for register in retailer.sandbox.world.shops[0].registers}
    _, bodies = retailer.sandbox.store.orders(
        retailer.sandbox.clock.epoch(), OrderFilter(ordertype=(10,), orderstate=(10,)), sort="orderid", num=10_000
    )
    orders = [json.loads(body) for body in bodies]
    return [order for order in orders if order["registerid"] in registers and order["payments"] and order["orderitems"]]


def _changed(record: dict[str, Any], change: Change) -> bytes:
    changed = copy.deepcopy(record)
    change(changed)
    return json.dumps(changed).encode()


# What is wrong with a Z-report, and what the case about it says.
UNREADABLE_Z: dict[str, tuple[Change, str]] = {
    "an amount in words": (field(moneycash_diff="a bag"), "amount 'a bag'"),
    "an amount that is null": (field(moneysalestotal=None), "moneysalestotal"),
    "an amount with an exponent": (field(moneycash_in="1e3"), "amount '1e3'"),
    "a count below zero": (field(numsales=-1), "numsales"),
    "a count in words": (field(numrefund="none"), "numrefund"),
    "closed before it was opened": (lambda z: z.update(dateopened=z["datecreated"] + 60), "a session of -"),
    "open for a generation": (field(dateopened=700_000_000), "a session of 1"),
    "a time in the year 1": (field(datecreated=-62_000_000_000), "seconds since 1970"),
    "a VAT group beyond all": (
        field(
            vatgroupssales=[{"vatvalue": 1e9, "moneytotal": "0.00", "moneytotalnet": "0.00", "moneytotalvat": "0.00"}]
        ),
        "VAT of 1000000000",
    ),
    "a NUL in the comment": (field(comment="a\0b"), "NUL"),
    "no currency": (field(currencycode=""), "currency code"),
    "a figure missing": (without("moneyroundoff"), "moneyroundoff"),
    "a number that no library reads": (lambda z: z, "out of range"),
    "not JSON": (lambda z: z, "not JSON"),
}


@pytest.mark.parametrize("retailer", [SandboxOptions(stores=3, days=3, receipts=25, seed=5)], indirect=True)
def test_no_z_report_that_cannot_be_read_stops_another_and_each_is_named_with_what_is_wrong(
    retailer: Retailer, between: Tampering
) -> None:
    bodies = retailer.sandbox.store.z_reports(retailer.sandbox.clock.epoch(), ZReportFilter())
    safe = {register.registerid for register in retailer.sandbox.world.shops[1].registers}
    reports = [z for z in map(json.loads, bodies) if z["registerid"] not in safe]
    expected = {}
    for z, (name, (change, reason)) in zip(reports, UNREADABLE_Z.items(), strict=False):
        body = _changed(z, change)
        if name == "a number that no library reads":
            body = body[:-1] + b', "novelty": ' + b"9" * 5000 + b"}"
        if name == "not JSON":
            body = body[:-1] + b', "novelty": NaN}'
        record = f"{z['registerid']}/{z['zreportid']}"
        between.z_reports[record] = body
        expected[record] = reason
    assert len(expected) == len(UNREADABLE_Z)

    states = retailer.run().states

    cases = {case["record"]: case for case in retailer.cases("unparsable_record")}
    assert cases.keys() == expected.keys()
    for record, reason in expected.items():
        assert reason in cases[record]["evidence"]["reason"]
    assert {state.state for state in states if state.store == "S02"} == {"posted"}
    assert "posted" not in {
        state.state for state in states if state.store == "S01" and state.trading_day == retailer.first
    }

    between.z_reports.clear()
    # A report is read again by the night's run, since its `dateadded` is long past.
    assert defs.resolve_job_def("reread_digests").execute_in_process(instance=retailer.instance).success
    assert retailer.run().summary()["posted"] == len(states)
    assert retailer.cases() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/orders.json", b"<html>Bad gateway</html>"),
        ("/orders.json", b'{"totalcount": "many", "items": null}'),
        ("/pos-z-reports", b"<html>[Bad gateway]</html>"),
        ("/pos-z-reports", b'{"totalcount": 1, "items": []}'),
        ("/cashregisters.json", b'{"totalcount": 1, "items": [{"registerid": 5}]}'),
        ("/settings.json", b'{"eshopid": 1, "currencycode": "SEK", "timezone": "Europe/Atlantis"}'),
        ("/sites.json", b""),
    ],
)
def test_an_answer_of_sitoo_that_is_none_is_told_by_what_was_asked_for_and_the_next_run_makes_it_good(
    retailer: Retailer, between: Tampering, path: str, body: bytes
) -> None:
    between.pages[path] = body
    with pytest.raises(RunFailedError) as caught:
        retailer.run()
    told = str(caught.value)
    assert path.removesuffix(".json") in told
    assert "cannot be used" in told
    assert "Traceback" not in told
    between.pages.clear()
    assert retailer.run().summary()["posted"] == 4
