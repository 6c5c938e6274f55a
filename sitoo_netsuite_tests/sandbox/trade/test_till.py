from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.money import vat_within
from sitoo_netsuite.sandbox.trade.till import PAID, Basket, Discount, Payment, Stage, returned_row, sold_row, total_up
from sitoo_netsuite.sandbox.world import ProductGroup, make_world

WORLD = make_world(7, 1, 1)
SHOP = WORLD.shops[0]
SHIRT = WORLD.products[0]
KINDS = {kind.name: kind for kind in WORLD.payment_types}
MANUAL = Discount("discount-manual", "Manual discount", 0, reason="DAMAGED")


def _group(rate_bp: int) -> ProductGroup:
    return ProductGroup(2, 1, "Goods", 10, rate_bp)


def test_a_row_carries_the_vat_its_price_holds() -> None:
    row = sold_row(SHIRT, _group(2500), 2, 12_500, discount_minor=5_000, discount=MANUAL)
    assert (row.net_minor, row.vat_minor, row.gross_minor) == (16_000, 4_000, 20_000)
    assert (row.unit_net_minor, row.unit_discount_minor) == (10_000, 2_000)


def test_a_return_without_its_receipt_is_the_sale_with_its_sign_turned() -> None:
    sale, back = (sold_row(SHIRT, _group(2500), quantity, 2_990) for quantity in (1, -1))
    assert (back.net_minor, back.vat_minor) == (-sale.net_minor, -sale.vat_minor)
    assert back.unit_net_minor == sale.unit_net_minor > 0


@given(
    rate=st.sampled_from((0, 500, 600, 1200, 1750, 2000, 2500)),
    unit=st.integers(1, 10**7),
    parts=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    percent=st.integers(0, 90),
)
def test_what_comes_back_in_parts_adds_up_to_what_was_paid(
    rate: int, unit: int, parts: list[int], percent: int
) -> None:
    quantity = sum(parts)
    sold = sold_row(
        SHIRT, _group(rate), quantity, unit, discount_minor=unit * quantity * percent // 100, discount=MANUAL
    )
    back, already = [], 0
    for part in parts:
        back.append(returned_row(sold, 0, already, part, "SIZE"))
        already += part

    assert sum(row.quantity for row in back) == -quantity
    assert sum(row.net_minor for row in back) == -sold.net_minor
    assert sum(row.vat_minor for row in back) == -sold.vat_minor
    assert sold.vat_minor == vat_within(sold.gross_minor, rate)
    for row in back:
        assert row.vat_minor <= 0
        assert (row.unit_net_minor, row.unit_discount_minor) == (sold.unit_net_minor, sold.unit_discount_minor)


def _receipt(rows: tuple[int, ...], *payments: Payment, practice: bool = False) -> Basket:
    return Basket(
        eshopid=1,
        currency="SEK",
        warehouseid=SHOP.warehouseid,
        moment=0,
        stages=(Stage(1, PAID),),
        rows=tuple(sold_row(SHIRT, _group(2500), 1 if gross > 0 else -1, abs(gross)) for gross in rows),
        payments=payments,
        register=SHOP.registers[0],
        practice=practice,
    )


def test_a_session_adds_up_sales_refunds_and_cash_and_leaves_virtual_legs_out() -> None:
    totals = total_up(
        [
            _receipt((12_500,), Payment(KINDS["Cash"], 12_500)),
            _receipt((-2_500,), Payment(KINDS["Cash"], -2_500)),
            _receipt((-5_000,), Payment(KINDS["Exchange"], -5_000, virtual=True)),
            _receipt((5_000,), Payment(KINDS["Exchange"], 5_000, virtual=True)),
            _receipt((10_000,), Payment(KINDS["Card"], 10_000, "adyen", "Visa"), practice=True),
        ]
    )
    assert (totals.sold.receipts, totals.refunded.receipts) == (2, 2)
    assert (totals.sales_minor, totals.refunded.gross_minor) == (17_500, 7_500)
    assert totals.cash_minor == 10_000
    assert totals.paid == {"Cash": {"": 12_500}}
    assert totals.paid_out == {"Cash": {"": 2_500}}
    assert (totals.practice_receipts, totals.practice_minor) == (1, 10_000)


def test_a_receipt_with_goods_both_ways_counts_as_a_sale_and_its_rows_on_their_sides() -> None:
    totals = total_up([_receipt((12_500, -2_500), Payment(KINDS["Cash"], 10_000))])
    assert (totals.sold.receipts, totals.refunded.receipts) == (1, 0)
    assert (totals.sold.gross_minor, totals.refunded.gross_minor) == (12_500, 2_500)
