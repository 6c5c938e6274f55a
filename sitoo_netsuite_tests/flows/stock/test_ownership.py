"""Whose movement it is, told from the codes of NetSuite and the kinds of Sitoo."""

from __future__ import annotations

import pytest

from sitoo_netsuite.estate import StockOwners, StockSettings, StockWarehouse
from sitoo_netsuite.flows.stock.ownership import (
    Kind,
    MovementName,
    NotAMovementError,
    movement_name,
    netsuite_kind,
    waits_in_netsuite,
    waits_in_sitoo,
)

STORES = (11, 12)


def settings(approval: frozenset[str] = frozenset(), **owners: str) -> StockSettings:
    warehouse = StockWarehouse(warehouse=101, store="S01", location="11")
    return StockSettings.model_validate(
        {"warehouses": (warehouse,), "owners": StockOwners.model_validate(owners), "needs_approval": approval}
    )


@pytest.mark.parametrize(
    ("code", "source", "ends", "kind"),
    [
        ("InvTrnfr", None, (11, 12), "transfers"),
        ("ItemShip", "TrnfrOrd", (11, 12), "transfers"),
        ("ItemRcpt", "TrnfrOrd", (11, 12), "transfers"),
        ("ItemRcpt", "TrnfrOrd", (90, 12), "receipts"),
        ("ItemShip", "TrnfrOrd", (11, 90), "receipts"),
        ("ItemRcpt", "PurchOrd", (None, None), "receipts"),
        ("ItemShip", "SalesOrd", (None, None), "web_orders"),
        ("ItemRcpt", "RtnAuth", (None, None), "web_orders"),
        ("CashSale", None, (None, None), "web_orders"),
        ("InvCount", None, (None, None), "counts"),
        ("InvAdjst", None, (None, None), None),
        ("Build", None, (None, None), None),
    ],
)
def test_the_kind_of_a_transaction_is_told_by_its_code_its_order_and_its_ends(
    code: str, source: str | None, ends: tuple[int | None, int | None], kind: Kind | None
) -> None:
    assert netsuite_kind(code, source, ends, STORES) == kind


def test_what_the_owner_made_is_carried_and_what_the_other_made_waits_with_the_reason() -> None:
    ours = settings(transfers="sitoo", receipts="netsuite", counts="sitoo")
    assert waits_in_netsuite("receipts", ours) is None
    assert waits_in_netsuite(None, ours) is None
    assert waits_in_sitoo("transfer", ours) is None
    assert waits_in_sitoo("stocktake", ours) is None
    for reason in (waits_in_netsuite("transfers", ours), waits_in_sitoo("transfer", settings(transfers="netsuite"))):
        assert reason is not None
        assert "stock.owners.transfers" in reason
    assert "made in NetSuite (" in (waits_in_sitoo("supply", ours) or "")
    assert waits_in_sitoo("stocktake", settings(counts="netsuite")) is not None


def test_web_orders_never_wait_for_a_person() -> None:
    for owner in ("sitoo", "netsuite"):
        assert waits_in_netsuite("web_orders", settings(web_orders=owner)) is None


def test_what_the_estate_wants_approved_waits_and_what_goes_abroad_has_a_case_of_its_own() -> None:
    asked = settings(frozenset({"manual", "shipment"}), receipts="sitoo")
    assert [waits_in_sitoo(kind, asked) is not None for kind in ("manual", "transfer", "supply")] == [True] * 3
    assert [waits_in_sitoo(kind, asked) for kind in ("stocktake", "abroad")] == [None, None]


@pytest.mark.parametrize("name", ["NS-12", "SH-7", "4711"])
def test_a_movement_goes_by_one_name(name: str) -> None:
    assert str(movement_name(name.lower())) == name


@pytest.mark.parametrize("text", ["", "XX-1", "NS-", "12a", "-5", "NS-1-2"])
def test_what_is_no_name_is_told_with_how_to_write_one(text: str) -> None:
    with pytest.raises(NotAMovementError, match="NS-<id>"):
        movement_name(text)


def test_names_of_one_number_are_three_movements() -> None:
    assert len({MovementName("sitoo", 1), MovementName("shipment", 1), MovementName("netsuite", 1)}) == 3
