"""From what the tills moved to what NetSuite's stock is to be adjusted by."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.estate import StockAccounts
from sitoo_netsuite.flows.stock.adjustments import (
    Catalogue,
    StockItem,
    StoreMovement,
    as_posted,
    difference,
    split,
    target,
)
from sitoo_netsuite.posting.document_lines import QuantityKey

TEE, MUG, CARE = StockItem("1", "InvtPart"), StockItem("2", "InvtPart"), StockItem("3", "Service")
SERUM = StockItem("4", "InvtPart", "lot")
GIFT, MIXED = StockItem("5", "Kit"), StockItem("6", "Kit")
CATALOGUE = Catalogue(
    items={"TEE": TEE, "MUG": MUG, "CARE": CARE, "SERUM": SERUM, "GIFT": GIFT, "MIXED": MIXED},
    members={"5": [(TEE, 1000), (MUG, 2000), (CARE, 1000)], "6": [(SERUM, 1000)]},
    no_goods={"GIFTCARD"},
)
LOCATIONS = {101: "11", 102: "12"}
ACCOUNTS = StockAccounts(cogs="4000", shrinkage="4100", adjustments="4200", reasons={"STOLEN": "4300"})


def sold(sku: str, units: int, warehouseid: int = 101, kind: str = "sale") -> StoreMovement:
    return StoreMovement(warehouseid, sku, kind, -units * 1000 if kind == "sale" else units * 1000)


def moved(*movements: StoreMovement) -> dict[tuple[str, str, str, str], int]:
    found = target(movements, CATALOGUE, LOCATIONS, ACCOUNTS).quantities
    assert {key.account for key in found} <= {"4000"}
    return {(key.location, key.item, key.sku, key.kind): quantity for key, quantity in found.items()}


def reasons(*movements: StoreMovement) -> list[tuple[str, str]]:
    return [(entry.kind, entry.sku) for entry in target(movements, CATALOGUE, LOCATIONS, ACCOUNTS).left_out]


def test_sales_go_out_and_returns_come_in_each_where_the_goods_are() -> None:
    assert moved(sold("TEE", 3), sold("TEE", 1, kind="return", warehouseid=102)) == {
        ("11", "1", "TEE", "sale"): -3000,
        ("12", "1", "TEE", "return"): 1000,
    }


def test_a_kit_is_its_stocked_members() -> None:
    assert moved(sold("GIFT", 2)) == {("11", "1", "GIFT", "sale"): -2000, ("11", "2", "GIFT", "sale"): -4000}


def test_a_kit_with_a_member_that_nobody_knows_is_left_out_whole_with_a_case() -> None:
    for members in ([], [(TEE, 1000), (None, 1000)]):
        catalogue = replace(CATALOGUE, members={"5": members})
        found = target([sold("GIFT", 1)], catalogue, LOCATIONS, ACCOUNTS)
        assert found.quantities == {}
        assert [entry.kind for entry in found.left_out] == ["stock_sku_missing_in_netsuite"]


def test_what_was_posted_of_a_sku_stays_whatever_becomes_of_it_in_netsuite() -> None:
    movements = [sold("TEE", 3), sold("MUG", 1), sold("GIFT", 1)]
    posted = list(target(movements, CATALOGUE, LOCATIONS, ACCOUNTS).quantities.items())
    lots = StockItem("1", "InvtPart", "lot")
    for items in ({"MUG": MUG, "TEA": TEE, "GIFT": GIFT}, {"MUG": MUG, "TEE": lots, "GIFT": GIFT}, {}):
        now = target([*movements, sold("TEE", 2)], replace(CATALOGUE, items=items), LOCATIONS, ACCOUNTS)
        kept = as_posted(now, posted, {"11": 101, "12": 102})
        assert difference(kept.quantities, posted) == {}
        # What was sold since waits.
        assert [entry.quantity_milli for entry in kept.left_out if entry.sku == "TEE"] == [-2000]


def test_services_gift_cards_and_nothing_moved_need_no_adjustment() -> None:
    assert moved(sold("CARE", 1), sold("GIFTCARD", 1), sold("TEE", 0)) == {}
    assert reasons(sold("CARE", 1), sold("GIFTCARD", 1), sold("CARE", 1, warehouseid=999)) == []


def test_what_was_moved_by_hand_posts_against_the_account_of_its_reason_and_sales_never_do() -> None:
    movements = [
        StoreMovement(101, "TEE", kind, -1000, reason)
        for kind in ("sale", "return", "manual", "stocktake")
        for reason in ("", "STOLEN", "NO ACCOUNT")
    ]
    found = target(movements, CATALOGUE, LOCATIONS, ACCOUNTS).quantities
    accounts = {kind: {key.account for key in found if key.kind == kind} for kind in {key.kind for key in found}}
    assert accounts == {
        "sale": {"4000"},
        "return": {"4000"},
        "manual": {"4200", "4300"},
        "stocktake": {"4100", "4300"},
    }


def test_a_sku_moved_by_hand_that_netsuite_lacks_has_a_case_of_its_own_since_no_receipt_names_it() -> None:
    assert reasons(StoreMovement(101, "GHOST", "manual", 1000)) == [("stock_sku_missing_in_netsuite", "GHOST")]


def test_a_sku_that_is_left_out_for_two_reasons_of_one_kind_is_one_case_with_both() -> None:
    movements = [StoreMovement(101, "TEE", kind, 1000) for kind in ("supply", "abroad", "supply")]
    (entry,) = target(movements, CATALOGUE, LOCATIONS, ACCOUNTS).left_out
    assert (entry.kind, entry.quantity_milli) == ("stock_shipment_not_booked", 3000)
    assert "supplier" in entry.text and "different books" in entry.text


def test_what_cannot_be_adjusted_is_left_out_by_name_and_stops_nothing_else() -> None:
    movements = (sold("TEE", 1), sold("GHOST", 1), sold("SERUM", 1), sold("MIXED", 1), sold("MUG", 1, warehouseid=999))
    assert list(moved(*movements)) == [("11", "1", "TEE", "sale")]
    assert reasons(*movements) == [
        ("unmatched_sku", "GHOST"),
        ("stock_item_tracked", "SERUM"),
        ("stock_item_tracked", "MIXED"),
        ("stock_place_unknown", "MUG"),
    ]


def test_what_is_left_out_is_told_once_a_sku_however_often_it_moved() -> None:
    back_and_forth = (sold("SERUM", 3), sold("SERUM", 1, kind="return"), sold("GHOST", 2))
    nothing = (sold("MIXED", 1), sold("MIXED", 1, kind="return"))
    found = target([*back_and_forth, *nothing], CATALOGUE, LOCATIONS, ACCOUNTS).left_out
    assert [(entry.kind, entry.quantity_milli) for entry in found] == [
        ("stock_item_tracked", -2000),
        ("unmatched_sku", -2000),
    ]


def key(item: str, location: str = "11", account: str = "4000") -> QuantityKey:
    return QuantityKey(location, account, item, f"SKU{item}", "sale")


def test_a_document_has_one_offset_account_and_place_and_no_more_lines_than_it_may() -> None:
    quantities = {key(str(item)): -1000 for item in range(5)} | {key("1", account="4100"): 1000, key("1", "12"): 1000}
    parts = split(quantities, 3)
    assert [len(part) for part in parts] == [3, 2, 1, 1]
    assert all(len({(line.account, line.location) for line in part}) == 1 for part in parts)
    assert sorted(line.item for part in parts[:2] for line in part) == ["0", "1", "2", "3", "4"]


MOVEMENTS = st.lists(
    st.builds(
        sold, st.sampled_from(["TEE", "MUG", "GIFT", "GHOST"]), st.integers(0, 9), st.sampled_from([101, 102]),
        st.sampled_from(["sale", "return"]),
    )
)  # fmt: skip


@given(st.lists(MOVEMENTS, min_size=1, max_size=5), st.integers(1, 4))
def test_however_receipts_come_and_go_the_documents_add_up_to_the_last_plan(
    plans: list[list[StoreMovement]], most: int
) -> None:
    recorded: list[tuple[QuantityKey, int]] = []
    for plan in plans:
        wanted = target(plan, CATALOGUE, LOCATIONS, ACCOUNTS).quantities
        for part in split(difference(wanted, recorded), most):
            assert 0 < len(part) <= most
            recorded += part.items()
        assert split(difference(wanted, recorded), most) == []
    total: defaultdict[QuantityKey, int] = defaultdict(int)
    for line, quantity in recorded:
        total[line] += quantity
    assert Counter(total) == Counter(wanted)
