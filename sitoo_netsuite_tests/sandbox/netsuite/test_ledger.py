from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sitoo_netsuite.sandbox.netsuite.books import (
    Document,
    InvalidValueError,
    ItemFacts,
    MissingDetailError,
    MissingValueError,
    Movement,
    Posting,
    Progress,
    Promise,
    Stock,
    SystemAccounts,
    TaxFacts,
    UnbalancedError,
    stock_after,
)
from sitoo_netsuite.sandbox.netsuite.ledger import post
from sitoo_netsuite.sandbox.netsuite.values import Line, Value

BANK, RECEIVABLES, UNDEPOSITED, DEPOSITS, INVENTORY, COGS, ROUNDING, SALES, VAT, SHRINKAGE, IN_TRANSIT, ACCRUED = range(
    1, 13
)
GOODS, MORE_GOODS, SERVICE, KIT, WINE = 101, 102, 103, 104, 105
VAT_25, VAT_12 = 1, 2
SHOP, DEPOT = 11, 12


@dataclass
class MadeUpBooks:
    """Books with 10 of each item in each place, at 4.00 a unit."""

    stocks: dict[tuple[int, int], Stock] = field(default_factory=dict)
    sources: dict[int, Posting] = field(default_factory=dict)
    source_lines: dict[tuple[int, int], Line] = field(default_factory=dict)
    done: Progress = field(default_factory=Progress)

    def system(self, subsidiary: int) -> SystemAccounts:
        return SystemAccounts(RECEIVABLES, UNDEPOSITED, DEPOSITS, INVENTORY, COGS, ROUNDING, SALES, IN_TRANSIT, ACCRUED)

    def item(self, item: int) -> ItemFacts:
        """A kit is of two goods and one more, with a service; wine is told apart by its lot."""
        members = {GOODS: Decimal(2), MORE_GOODS: Decimal(1), SERVICE: Decimal(1)} if item == KIT else {}
        return ItemFacts(stocked=item not in (SERVICE, KIT), members=members, told_apart=item == WINE)

    def stock(self, item: int, location: int) -> Stock:
        return self.stocks.get((item, location), Stock(Decimal(10), 4000, Decimal(400)))

    def tax(self, tax_code: int) -> TaxFacts:
        return TaxFacts({VAT_25: 2500, VAT_12: 1200}[tax_code], VAT)

    def total(self, transaction: int) -> int:
        return self.sources[transaction].total

    def movements(self, transaction: int) -> Sequence[Movement]:
        return self.sources[transaction].movements if transaction in self.sources else ()

    def source_line(self, transaction: int, number: int) -> Line | None:
        return self.source_lines.get((transaction, number))

    def progress(self, transaction: int, number: int) -> Progress:
        return self.done


def document(
    record_type: str,
    sublists: Mapping[str, Sequence[Line]],
    *,
    source_type: str | None = None,
    source_fields: Mapping[str, Value] | None = None,
    currency: str = "SEK",
    rate: str = "1",
    **fields: Value,
) -> Document:
    body: dict[str, Value] = {"subsidiary": 1, "tranDate": date(2026, 3, 2), "location": SHOP, **fields}
    return Document(record_type, body, sublists, currency, "SEK", Decimal(rate), source_type, source_fields or {})


def goods(quantity: str = "2", amount: str = "100", item: int = GOODS) -> Line:
    return {"line": 1, "item": item, "quantity": Decimal(quantity), "amount": Decimal(amount), "taxCode": VAT_25}


def amounts(posting: Posting) -> dict[int, int]:
    """Minor units by account."""
    sums: dict[int, int] = {}
    for line in posting.lines:
        sums[line.account] = sums.get(line.account, 0) + line.amount
    return sums


def moved(posting: Posting) -> list[tuple[int, int, Decimal]]:
    return [(movement.item, movement.location, movement.quantity) for movement in posting.movements]


ITEM_LINES = {"item": [goods()]}
RETURN_BOOKS = MadeUpBooks(source_lines={(7, 1): goods(), (8, 1): goods()})


# ------------------------------------------------------------------ who moves stock, a test per row


def test_a_cash_sale_takes_goods_out() -> None:
    posting = post(document("cashSale", ITEM_LINES, entity=1, account=BANK), MadeUpBooks())
    assert moved(posting) == [(GOODS, SHOP, Decimal(-2))]
    assert amounts(posting) == {BANK: 12500, SALES: -10000, VAT: -2500, COGS: 800, INVENTORY: -800}


def test_a_cash_refund_brings_goods_back_at_the_cost_they_left_at() -> None:
    sale = post(document("cashSale", ITEM_LINES, entity=1), MadeUpBooks())
    books = MadeUpBooks({(GOODS, SHOP): Stock(Decimal(8), 8000, Decimal(1000))}, {5: sale})
    refund = {"item": [goods("1", "50")]}
    posting = post(document("cashRefund", refund, entity=1, createdFrom=5, source_type="cashSale"), books)
    assert moved(posting) == [(GOODS, SHOP, Decimal(1))]
    assert amounts(posting) == {UNDEPOSITED: -6250, SALES: 5000, VAT: 1250, COGS: -400, INVENTORY: 400}


def test_a_stand_alone_credit_memo_brings_goods_back() -> None:
    posting = post(document("creditMemo", ITEM_LINES, entity=1), MadeUpBooks())
    assert moved(posting) == [(GOODS, SHOP, Decimal(2))]
    assert amounts(posting) == {RECEIVABLES: -12500, SALES: 10000, VAT: 2500, COGS: -800, INVENTORY: 800}


def test_an_item_receipt_brings_the_goods_of_a_return_authorisation_back() -> None:
    lines: dict[str, list[Line]] = {"item": [{"orderLine": 1, "itemReceive": True, "quantity": Decimal(1)}]}
    posting = post(document("itemReceipt", lines, createdFrom=7, source_type="returnAuthorization"), RETURN_BOOKS)
    assert moved(posting) == [(GOODS, SHOP, Decimal(1))]
    assert amounts(posting) == {COGS: -400, INVENTORY: 400}


def test_an_item_fulfilment_takes_the_goods_of_a_sales_order_out() -> None:
    lines: dict[str, list[Line]] = {"item": [{"orderLine": 1, "itemReceive": True, "quantity": Decimal(2)}]}
    posting = post(document("itemFulfillment", lines, createdFrom=8, source_type="salesOrder"), RETURN_BOOKS)
    assert moved(posting) == [(GOODS, SHOP, Decimal(-2))]
    assert amounts(posting) == {COGS: 800, INVENTORY: -800}


def test_an_inventory_adjustment_moves_goods_both_ways() -> None:
    lines: list[Line] = [
        {"line": 1, "item": GOODS, "adjustQtyBy": Decimal(-3)},
        {"line": 2, "item": MORE_GOODS, "adjustQtyBy": Decimal("1.5"), "location": DEPOT, "unitCost": Decimal("2.49")},
    ]
    posting = post(
        document("inventoryAdjustment", {"inventory": lines}, account=SHRINKAGE, adjLocation=SHOP), MadeUpBooks()
    )
    assert moved(posting) == [(GOODS, SHOP, Decimal(-3)), (MORE_GOODS, DEPOT, Decimal("1.5"))]
    # 1.5 x 2.49 = 3.735, half away from zero.
    assert amounts(posting) == {SHRINKAGE: 1200 - 374, INVENTORY: -1200 + 374}
    assert [line.number for line in posting.lines] == [None, 1, 2]


def test_an_inventory_transfer_moves_goods_from_one_place_to_another() -> None:
    lines: list[Line] = [{"line": 1, "item": GOODS, "adjustQtyBy": Decimal(4)}]
    posting = post(document("inventoryTransfer", {"inventory": lines}, transferLocation=DEPOT), MadeUpBooks())
    assert moved(posting) == [(GOODS, SHOP, Decimal(-4)), (GOODS, DEPOT, Decimal(4))]
    assert amounts(posting) == {INVENTORY: 0}


BOTH_ENDS: dict[str, Value] = {"location": DEPOT, "transferLocation": SHOP}
TRANSFER_BOOKS = MadeUpBooks(source_lines={(9, 4): {"line": 4, "item": GOODS, "quantity": Decimal(3)}})


def test_a_transfer_order_promises_goods_at_both_ends_and_moves_none() -> None:
    lines: list[Line] = [{"line": 4, "item": GOODS, "quantity": Decimal(3)}]
    posting = post(document("transferOrder", {"item": lines}, **BOTH_ENDS), MadeUpBooks())
    assert (moved(posting), posting.posting) == ([], False)
    assert posting.promises == (Promise(GOODS, DEPOT, to_leave=Decimal(3)), Promise(GOODS, SHOP, on_order=Decimal(3)))
    assert [(line.number, line.order_part, line.quantity, line.location) for line in posting.lines[1:]] == [
        (4, "ITEM", -3, DEPOT),
        (5, "SHIPPING", -3, DEPOT),
        (6, "RECEIVING", 3, SHOP),
    ]


def test_a_transfer_order_that_waits_for_approval_promises_nothing() -> None:
    lines: list[Line] = [{"line": 1, "item": GOODS, "quantity": Decimal(3)}]
    assert not post(document("transferOrder", {"item": lines}, orderStatus="A", **BOTH_ENDS), MadeUpBooks()).promises


def test_what_is_sent_leaves_the_sender_and_is_worth_the_same_on_its_way() -> None:
    sublists: dict[str, list[Line]] = {"item": [{"orderLine": 5, "quantity": Decimal(2)}]}
    made = document("itemFulfillment", sublists, createdFrom=9, source_type="transferOrder", source_fields=BOTH_ENDS)
    posting = post(made, TRANSFER_BOOKS)
    assert moved(posting) == [(GOODS, DEPOT, Decimal(-2))]
    assert amounts(posting) == {INVENTORY: -800, IN_TRANSIT: 800}


def test_what_arrives_is_worth_what_it_was_sent_at_and_the_last_take_the_fractions() -> None:
    on_the_way = Progress(sent=Decimal(3), sent_value=1000, received=Decimal(1), received_value=333)
    sublists: dict[str, list[Line]] = {"item": [{"orderLine": 6, "quantity": Decimal(2)}]}
    made = document("itemReceipt", sublists, createdFrom=9, source_type="transferOrder", source_fields=BOTH_ENDS)
    posting = post(made, replace(TRANSFER_BOOKS, done=on_the_way))
    assert moved(posting) == [(GOODS, SHOP, Decimal(2))]
    assert amounts(posting) == {INVENTORY: 667, IN_TRANSIT: -667}
    with pytest.raises(InvalidValueError):  # only one is still on its way
        post(made, replace(TRANSFER_BOOKS, done=replace(on_the_way, received=Decimal(2))))


def test_a_purchase_order_promises_goods_and_moves_none() -> None:
    lines: list[Line] = [{"line": 1, "item": GOODS, "quantity": Decimal(3), "rate": Decimal("2.5")}]
    posting = post(document("purchaseOrder", {"item": lines}, entity=1), MadeUpBooks())
    assert (moved(posting), posting.posting, posting.total) == ([], False, 750)
    assert posting.promises == (Promise(GOODS, SHOP, on_order=Decimal(3)),)


def test_bought_goods_come_in_at_the_orders_rate() -> None:
    ordered: Line = {"line": 1, "item": GOODS, "quantity": Decimal(3), "rate": Decimal("2.5"), "location": SHOP}
    sublists: dict[str, list[Line]] = {"item": [{"orderLine": 1, "quantity": Decimal(2)}]}
    books = MadeUpBooks(source_lines={(9, 1): ordered})
    posting = post(document("itemReceipt", sublists, createdFrom=9, source_type="purchaseOrder"), books)
    assert moved(posting) == [(GOODS, SHOP, Decimal(2))]
    assert amounts(posting) == {INVENTORY: 500, ACCRUED: -500}
    # As in a real account: whoever does not ask which lines move stock finds that nothing came.
    assert sum(line.quantity or 0 for line in posting.lines) == 0


def test_a_kit_that_is_sold_takes_its_members_out() -> None:
    posting = post(document("cashSale", {"item": [goods("1", item=KIT)]}, entity=1, account=BANK), MadeUpBooks())
    assert moved(posting) == [(GOODS, SHOP, Decimal(-2)), (MORE_GOODS, SHOP, Decimal(-1))]
    assert amounts(posting) == {BANK: 12500, SALES: -10000, VAT: -2500, COGS: 1200, INVENTORY: -1200}


def test_a_kit_cannot_be_adjusted() -> None:
    lines: list[Line] = [{"line": 1, "item": KIT, "adjustQtyBy": Decimal(1)}]
    with pytest.raises(InvalidValueError):
        post(document("inventoryAdjustment", {"inventory": lines}, account=SHRINKAGE), MadeUpBooks())


def test_goods_told_apart_need_a_detail_of_all_of_them() -> None:
    plain: Line = {"line": 1, "item": GOODS, "adjustQtyBy": Decimal(1)}
    for detail in ({}, {"inventoryDetail": Decimal(1)}):
        lines = [plain, {"line": 2, "item": WINE, "adjustQtyBy": Decimal(-2), **detail}]
        with pytest.raises(MissingDetailError) as refused:
            post(document("inventoryAdjustment", {"inventory": lines}, account=SHRINKAGE), MadeUpBooks())
        assert (refused.value.line, refused.value.sublist) == (2, "inventory")
    lines = [plain, {"line": 2, "item": WINE, "adjustQtyBy": Decimal(-2), "inventoryDetail": Decimal(2)}]
    post(document("inventoryAdjustment", {"inventory": lines}, account=SHRINKAGE), MadeUpBooks())


def test_a_journal_moves_no_goods() -> None:
    lines: list[Line] = [{"account": INVENTORY, "credit": Decimal(8)}, {"account": COGS, "debit": Decimal(8)}]
    posting = post(document("journalEntry", {"line": lines}), MadeUpBooks())
    assert moved(posting) == []
    assert amounts(posting) == {INVENTORY: -800, COGS: 800}


def test_a_journal_that_waits_for_approval_is_not_in_the_books() -> None:
    lines: list[Line] = [{"account": BANK, "credit": Decimal(8)}, {"account": COGS, "debit": Decimal(8)}]
    assert not post(document("journalEntry", {"line": lines}, approved=False), MadeUpBooks()).posting


def test_a_return_authorisation_moves_no_goods_and_no_money() -> None:
    posting = post(document("returnAuthorization", ITEM_LINES, entity=1), MadeUpBooks())
    assert (moved(posting), posting.posting) == ([], False)


def test_a_sales_order_moves_no_goods_and_no_money() -> None:
    posting = post(document("salesOrder", ITEM_LINES, entity=1), MadeUpBooks())
    assert (moved(posting), posting.posting) == ([], False)


@pytest.mark.parametrize("record_type", ["creditMemo", "cashRefund"])
def test_what_is_credited_from_a_return_authorisation_moves_no_goods(record_type: str) -> None:
    made = document(record_type, ITEM_LINES, entity=1, createdFrom=7, source_type="returnAuthorization")
    posting = post(made, RETURN_BOOKS)
    assert moved(posting) == []
    assert amounts(posting)[SALES] == 10000


def test_a_customer_refund_moves_money_only() -> None:
    lines: list[Line] = [{"doc": 9, "apply": True, "amount": Decimal(125)}]
    posting = post(document("customerRefund", {"apply": lines}, customer=1, account=BANK), MadeUpBooks())
    assert moved(posting) == []
    assert amounts(posting) == {BANK: -12500, RECEIVABLES: 12500}


def test_a_deposit_moves_money_only() -> None:
    sale = post(document("cashSale", ITEM_LINES, entity=1), MadeUpBooks())
    sublists: dict[str, list[Line]] = {
        "payment": [{"id": 5, "deposit": True}],
        "other": [{"account": SHRINKAGE, "amount": Decimal(10)}],
        "cashback": [{"account": COGS, "amount": Decimal("1.50")}],
    }
    posting = post(document("deposit", sublists, account=BANK), MadeUpBooks(sources={5: sale}))
    assert moved(posting) == []
    assert amounts(posting) == {BANK: 12500 + 1000 - 150, UNDEPOSITED: -12500, SHRINKAGE: -1000, COGS: 150}


def test_an_invoice_takes_goods_out_unless_a_sales_order_already_does() -> None:
    alone = post(document("invoice", ITEM_LINES, entity=1), MadeUpBooks())
    from_order = post(document("invoice", ITEM_LINES, entity=1, createdFrom=8, source_type="salesOrder"), RETURN_BOOKS)
    assert moved(alone) == [(GOODS, SHOP, Decimal(-2))]
    assert moved(from_order) == []
    assert amounts(from_order) == {RECEIVABLES: 12500, SALES: -10000, VAT: -2500}


def test_payments_and_customer_deposits_move_money_only() -> None:
    paid = post(document("customerPayment", {}, customer=1, payment=Decimal(5)), MadeUpBooks())
    ahead = post(document("customerDeposit", {}, customer=1, payment=Decimal(5), account=BANK), MadeUpBooks())
    assert amounts(paid) == {UNDEPOSITED: 500, RECEIVABLES: -500}
    assert amounts(ahead) == {BANK: 500, DEPOSITS: -500}
    assert moved(paid) == moved(ahead) == []


def test_a_service_has_no_stock() -> None:
    posting = post(document("cashSale", {"item": [goods(item=SERVICE)]}, entity=1), MadeUpBooks())
    assert moved(posting) == []


# ------------------------------------------------------------------ what is refused


def test_a_journal_that_does_not_balance_is_refused() -> None:
    lines: list[Line] = [{"account": BANK, "debit": Decimal(5)}, {"account": SALES, "credit": Decimal("4.99")}]
    with pytest.raises(UnbalancedError):
        post(document("journalEntry", {"line": lines}), MadeUpBooks())


@pytest.mark.parametrize(
    "line",
    [
        {"account": BANK, "debit": Decimal("1.005")},
        {"account": BANK, "debit": Decimal(-1)},
        {"account": BANK, "debit": Decimal(1), "credit": Decimal(1)},
    ],
)
def test_an_amount_that_makes_no_sense_is_refused_with_its_place(line: Line) -> None:
    with pytest.raises(InvalidValueError) as refused:
        post(document("journalEntry", {"line": [line]}), MadeUpBooks())
    assert refused.value.path.startswith("line.items[0].")


def test_an_absurd_amount_is_refused() -> None:
    lines: list[Line] = [{"line": 1, "item": GOODS, "adjustQtyBy": Decimal(10**9), "unitCost": Decimal(10**9)}]
    with pytest.raises(InvalidValueError):
        post(document("inventoryAdjustment", {"inventory": lines}, account=SHRINKAGE), MadeUpBooks())


def test_a_line_without_account_or_item_names_what_is_missing() -> None:
    for made, label in (
        (document("journalEntry", {"line": [{"debit": Decimal(1)}]}), "Account"),
        (document("cashSale", {"item": [{"quantity": Decimal(1)}]}, entity=1), "Item"),
    ):
        with pytest.raises(MissingValueError) as refused:
            post(made, MadeUpBooks())
        assert refused.value.label == label


def test_more_than_was_ordered_cannot_be_received() -> None:
    lines: dict[str, list[Line]] = {"item": [{"orderLine": 1, "quantity": Decimal(3)}]}
    with pytest.raises(InvalidValueError):
        post(document("itemReceipt", lines, createdFrom=7, source_type="returnAuthorization"), RETURN_BOOKS)


# ------------------------------------------------------------------ tax, cost, currency


def test_tax_is_rounded_line_by_line() -> None:
    line: Line = {"item": SERVICE, "amount": Decimal("0.02"), "taxCode": VAT_25}
    posting = post(document("cashSale", {"item": [line, line]}, entity=1, account=BANK), MadeUpBooks())
    # 0.005 twice, each half away from zero; the total of 0.04 would have given 0.01.
    assert amounts(posting)[VAT] == -2


def test_a_gross_amount_decides_the_net() -> None:
    line: Line = {"item": SERVICE, "grossAmt": Decimal("99.99"), "taxCode": VAT_12}
    posting = post(document("cashSale", {"item": [line]}, entity=1, account=BANK), MadeUpBooks())
    assert amounts(posting) == {BANK: 9999, SALES: -8928, VAT: -1071}


def test_the_tills_own_tax_is_kept() -> None:
    line: Line = {"item": SERVICE, "grossAmt": Decimal(100), "tax1Amt": Decimal("19.99"), "taxCode": VAT_25}
    posting = post(document("cashSale", {"item": [line]}, entity=1, account=BANK), MadeUpBooks())
    assert amounts(posting) == {BANK: 10000, SALES: -8001, VAT: -1999}


def test_the_second_line_of_an_item_costs_what_the_first_has_left() -> None:
    lines: list[Line] = [
        {"line": 1, "item": GOODS, "adjustQtyBy": Decimal(10), "unitCost": Decimal(8)},
        {"line": 2, "item": GOODS, "adjustQtyBy": Decimal(-1)},
    ]
    posting = post(document("inventoryAdjustment", {"inventory": lines}, account=SHRINKAGE), MadeUpBooks())
    assert [movement.value for movement in posting.movements] == [8000, -600]


def test_the_last_unit_takes_the_fractions_of_its_cost_with_it() -> None:
    stock = stock_after(Stock(Decimal(3), 1000, Decimal(1000) / 3), Decimal(-2), -667)
    books = MadeUpBooks({(GOODS, SHOP): stock})
    lines: list[Line] = [{"line": 1, "item": GOODS, "adjustQtyBy": Decimal(-1)}]
    posting = post(document("inventoryAdjustment", {"inventory": lines}, account=SHRINKAGE), books)
    assert [movement.value for movement in posting.movements] == [-333]


def test_what_conversion_leaves_over_is_booked_as_rounding() -> None:
    lines: list[Line] = [
        {"account": BANK, "debit": Decimal("0.03")},
        {"account": SALES, "credit": Decimal("0.01")},
        {"account": VAT, "credit": Decimal("0.02")},
    ]
    posting = post(document("journalEntry", {"line": lines}, currency="EUR", rate="11.25"), MadeUpBooks())
    assert amounts(posting) == {BANK: 34, SALES: -11, VAT: -23}
    posting = post(document("journalEntry", {"line": lines}, currency="EUR", rate="0.75"), MadeUpBooks())
    assert amounts(posting) == {BANK: 2, SALES: -1, VAT: -2, ROUNDING: 1}


# ------------------------------------------------------------------ what always holds

AMOUNTS = st.integers(min_value=0, max_value=10**9).map(lambda minor: Decimal(minor).scaleb(-2))
QUANTITIES = st.integers(min_value=1, max_value=10**7).map(lambda milli: Decimal(milli).scaleb(-3))
RATES = st.integers(min_value=1, max_value=10**8).map(lambda number: Decimal(number).scaleb(-6))
SALE_LINES = st.lists(
    st.fixed_dictionaries(
        {
            "item": st.sampled_from([GOODS, MORE_GOODS, SERVICE]),
            "quantity": QUANTITIES,
            "amount": AMOUNTS,
            "location": st.sampled_from([SHOP, DEPOT]),
        },
        optional={"taxCode": st.sampled_from([VAT_25, VAT_12])},
    ),
    min_size=1,
    max_size=6,
)


def balances(posting: Posting) -> bool:
    return not sum(line.amount for line in posting.lines) and not sum(line.foreign for line in posting.lines)


@settings(deadline=None)
@given(
    st.sampled_from(["cashSale", "cashRefund", "invoice", "creditMemo"]),
    SALE_LINES,
    st.sampled_from(["SEK", "EUR", "JPY"]),
    RATES,
)
def test_whatever_is_sold_or_credited_balances_and_moves_just_its_goods(
    record_type: str, lines: list[Line], currency: str, rate: Decimal
) -> None:
    if currency == "JPY":
        lines = [{**line, "amount": Decimal(str(line["amount"])).to_integral_value()} for line in lines]
    posting = post(document(record_type, {"item": lines}, entity=1, currency=currency, rate=str(rate)), MadeUpBooks())
    assert balances(posting)
    sign = -1 if record_type in ("cashSale", "invoice") else 1
    expected = [(line["item"], line["location"], sign * Decimal(str(line["quantity"]))) for line in lines]
    assert moved(posting) == [movement for movement in expected if movement[0] != SERVICE]
    assert amounts(posting).get(INVENTORY, 0) == sum(movement.value for movement in posting.movements)


@settings(deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "item": st.sampled_from([GOODS, MORE_GOODS]),
                "adjustQtyBy": st.one_of(QUANTITIES, QUANTITIES.map(lambda quantity: -quantity)),
                "location": st.sampled_from([SHOP, DEPOT]),
            },
            # Eight lines of the greatest quantity at a dearer cost come to more than an amount may be.
            optional={"unitCost": st.decimals(0, 100_000, places=2)},
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_is_adjusted_balances_and_the_inventory_account_follows_the_stock(lines: list[Line]) -> None:
    posting = post(document("inventoryAdjustment", {"inventory": lines}, account=SHRINKAGE), MadeUpBooks())
    assert balances(posting)
    assert moved(posting) == [(line["item"], line["location"], line["adjustQtyBy"]) for line in lines]
    assert amounts(posting)[INVENTORY] == sum(movement.value for movement in posting.movements)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 10), st.integers(-(10**10), 10**10)), min_size=1, max_size=30),
    st.sampled_from(["SEK", "EUR"]),
    RATES,
)
def test_a_journal_that_balances_in_its_currency_balances_in_the_base_currency_too(
    entries: list[tuple[int, int]], currency: str, rate: Decimal
) -> None:
    entries = [*entries, (BANK, -sum(amount for _, amount in entries))]
    lines: list[Line] = [
        {"account": account, ("debit" if minor >= 0 else "credit"): Decimal(abs(minor)).scaleb(-2)}
        for account, minor in entries
    ]
    posting = post(document("journalEntry", {"line": lines}, currency=currency, rate=str(rate)), MadeUpBooks())
    assert balances(posting)
    assert [line.foreign for line in posting.lines if line.account != ROUNDING or line.foreign] == [
        minor for account, minor in entries if account != ROUNDING or minor
    ]
