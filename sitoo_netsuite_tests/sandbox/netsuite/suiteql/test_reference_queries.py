"""The seven literal queries of the reference (netsuite-api.md, section 6), over the ledger of conftest."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from sitoo_netsuite.sandbox.netsuite.suiteql.engine import SuiteQL


def test_q1_stock_by_store(suiteql: SuiteQL) -> None:
    result = suiteql.run(
        "SELECT ail.item, i.itemid, ail.location, ail.quantityonhand, ail.quantityavailable "
        "FROM AggregateItemLocation ail JOIN item i ON i.id = ail.item "
        "WHERE ail.location = ? AND i.isinactive = 'F' ORDER BY ail.item",
        ["11"],
    )
    assert result.columns == ["item", "itemid", "location", "quantityonhand", "quantityavailable"]
    assert result.rows == [(201, "SHIRT-M", 11, 10, 8), (202, "SOCKS", 11, -2, -2)]


def test_q2_price_list_of_one_level_and_currency(suiteql: SuiteQL) -> None:
    result = suiteql.run(
        "SELECT i.id, i.itemid, i.upccode, ip.price, ip.pricelevelname FROM item i JOIN itemPrice ip ON ip.item = i.id "
        "WHERE ip.pricelevelname = 'Base Price' AND ip.currencypage = ? AND i.isinactive = 'F' ORDER BY i.id",
        [1],
    )
    assert result.rows == [
        (201, "SHIRT-M", "7350000000012", 299, "Base Price"),
        (202, "SOCKS", None, Decimal("49.5"), "Base Price"),
    ]


def test_q3_which_documents_exist(suiteql: SuiteQL) -> None:
    result = suiteql.run(
        "SELECT id, tranid, externalid, type, trandate FROM transaction "
        "WHERE externalid IN ('CS-S01-20261123-1','CS-S01-20261123-2') ORDER BY id"
    )
    assert result.rows == [(1003, "CS1", "CS-S01-20261123-1", "CashSale", date(2026, 11, 23))]


def test_q4_cash_sale_lines_of_a_day(suiteql: SuiteQL) -> None:
    result = suiteql.run(
        "SELECT t.id, t.tranid, t.externalid, tl.linesequencenumber, i.itemid, -tl.quantity AS qty, "
        "-tl.netamount AS net, tl.location FROM transaction t JOIN transactionline tl ON tl.transaction = t.id "
        "LEFT JOIN item i ON i.id = tl.item WHERE t.type = 'CashSale' AND tl.mainline = 'F' AND tl.taxline = 'F' "
        "AND (tl.iscogs IS NULL OR tl.iscogs = 'F') AND t.trandate = TO_DATE('2026-11-23','YYYY-MM-DD') "
        "ORDER BY t.id, tl.linesequencenumber"
    )
    assert result.rows == [
        (1003, "CS1", "CS-S01-20261123-1", 1, "SHIRT-M", 1, Decimal("239.2"), 11),
        (1003, "CS1", "CS-S01-20261123-1", 2, "SOCKS", 2, Decimal("79.2"), 11),
    ]


def test_q5_ledger_impact_per_account(suiteql: SuiteQL) -> None:
    result = suiteql.run(
        "SELECT a.acctnumber, SUM(tal.debit) AS dr, SUM(tal.credit) AS cr FROM transactionaccountingline tal "
        "JOIN transaction t ON t.id = tal.transaction "
        "JOIN transactionline tl ON tl.transaction = tal.transaction AND tl.id = tal.transactionline "
        "JOIN account a ON a.id = tal.account WHERE tal.posting = 'T' AND tl.location = ? "
        "AND t.trandate = TO_DATE('2026-11-23','YYYY-MM-DD') GROUP BY a.acctnumber",
        ["11"],
    )
    assert sorted(result.rows, key=str) == [
        ("1910", 1648, None),
        ("2611", None, Decimal("329.6")),
        ("3001", None, Decimal("1318.4")),
        ("4010", Decimal("100.13"), None),
    ]


def test_q6_the_period_of_a_day(suiteql: SuiteQL) -> None:
    result = suiteql.run(
        "SELECT id, periodname, startdate, enddate, closed, alllocked, arlocked FROM accountingperiod "
        "WHERE isposting = 'T' AND isyear = 'F' AND isquarter = 'F' AND isadjust = 'F' "
        "AND TO_DATE('2026-11-23','YYYY-MM-DD') BETWEEN startdate AND enddate"
    )
    assert result.rows == [(4, "Nov 2026", date(2026, 11, 1), date(2026, 11, 30), "F", "F", "F")]


def test_q7_a_keyset_page_of_items(suiteql: SuiteQL) -> None:
    sql = "SELECT id, itemid, displayname, upccode, externalid, lastmodifieddate FROM item WHERE id > ? ORDER BY id"
    result = suiteql.run(sql, ["201"], limit=1000, offset=0)
    assert result.rows == [
        (202, "SOCKS", None, None, None, date(2026, 11, 21)),
        (203, "WRAP_10%", "Gift wrap", "7350000000036", None, datetime(2026, 11, 22, 23, 59, 59)),
    ]
    assert result.total == 2
