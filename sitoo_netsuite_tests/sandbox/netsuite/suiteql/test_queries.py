"""Queries a tester would write, each with rows worked out by hand from the ledger of conftest."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from sitoo_netsuite.sandbox.netsuite.suiteql.engine import Cell, SuiteQL

D = Decimal
Rows = list[tuple[Cell, ...]]

_JOINS: list[tuple[str, Rows]] = [
    ("SELECT COUNT(*) FROM currency CROSS JOIN location", [(6,)]),
    (
        "SELECT s.name, l.name AS store FROM subsidiary s, location l WHERE l.subsidiary = s.id ORDER BY 1, 2",
        [("Finland", "Helsinki"), ("Sweden", "Malmö"), ("Sweden", "Stockholm")],
    ),
    (
        "SELECT a.acctnumber, p.acctnumber AS parent FROM account a LEFT JOIN account p ON p.id = a.parent "
        "WHERE a.accttype IN ('COGS', 'Bank') ORDER BY a.acctnumber DESC",
        [("4010", "3001"), ("1910", None)],
    ),
    (
        "SELECT l.id AS location, ail.item FROM aggregateItemLocation ail RIGHT OUTER JOIN location l "
        "ON l.id = ail.location AND ail.quantityonhand > 0 ORDER BY l.id",
        [(11, 201), (12, None), (13, None)],
    ),
    (
        "SELECT c.symbol, i.itemid FROM currency c FULL JOIN item i ON i.id = c.id + 200 ORDER BY i.id, c.id",
        [("SEK", "SHIRT-M"), ("EUR", "SOCKS"), (None, "WRAP_10%")],
    ),
    # What an outer join misses is NULL, also in a column that is put together from others.
    (
        "SELECT p.accountsearchdisplayname AS parent FROM account a LEFT JOIN account p ON p.id = a.parent "
        "ORDER BY a.id",
        [(None,), (None,), (None,), ("3001 Sales 25%",)],
    ),
    (
        "SELECT t.tranid, l.memo FROM transaction t JOIN transactionline l ON l.transaction = t.id AND l.id = 0 "
        "JOIN location s ON s.id = l.location AND s.name <> 'Stockholm' ORDER BY t.id",
        [("JOU2", "takings"), ("ADJ1", None)],
    ),
]

_GROUPS: list[tuple[str, Rows]] = [
    (
        "SELECT type, COUNT(*) AS n, SUM(foreigntotal) AS total FROM transaction GROUP BY type ORDER BY n DESC, type",
        [("Journal", 2, 1750), ("CashSale", 1, 398), ("InvAdjst", 1, None)],
    ),
    (
        "SELECT COUNT(*), COUNT(memo), COUNT(DISTINCT type), MIN(trandate), MAX(id), AVG(foreigntotal) "
        "FROM transaction",
        [(4, 2, 3, date(2026, 10, 31), 1004, 716)],
    ),
    (
        "SELECT transaction, SUM(NVL(debit, 0)) - SUM(NVL(credit, 0)) AS out FROM transactionaccountingline "
        "WHERE posting = 'T' GROUP BY transaction HAVING SUM(NVL(debit, 0)) <> SUM(NVL(credit, 0))",
        [(1003, D("100.13"))],
    ),
    (
        "SELECT TO_CHAR(trandate, 'YYYY-MM') AS month, SUM(NVL(foreigntotal, 0)) AS total FROM transaction "
        "GROUP BY TO_CHAR(trandate, 'YYYY-MM') ORDER BY month",
        [("2026-10", 0), ("2026-11", 2148)],
    ),
    (
        "SELECT UPPER(type) || '!' AS t FROM transaction GROUP BY type ORDER BY COUNT(*) DESC, t",
        [("JOURNAL!",), ("CASHSALE!",), ("INVADJST!",)],
    ),
    ("SELECT SUM(foreigntotal), COUNT(*), AVG(id) FROM transaction WHERE id < 0", [(None, 0, None)]),
    ("SELECT type FROM transaction WHERE id < 0 GROUP BY type", []),
    (
        "SELECT t.tranid, LISTAGG(a.acctnumber, '+') WITHIN GROUP (ORDER BY a.acctnumber DESC) AS accounts "
        "FROM transaction t JOIN transactionaccountingline tal ON tal.transaction = t.id "
        "JOIN account a ON a.id = tal.account WHERE tal.debit IS NULL GROUP BY t.tranid ORDER BY t.tranid",
        [("CS1", "3001+3001+2611"), ("JOU1", "3001+2611"), ("JOU2", "3001+2611")],
    ),
    ("SELECT DISTINCT type FROM transaction ORDER BY type DESC", [("Journal",), ("InvAdjst",), ("CashSale",)]),
    (
        "SELECT CASE WHEN foreigntotal >= 500 THEN 'large' WHEN foreigntotal IS NULL THEN 'none' ELSE 'small' END s, "
        "COUNT(*) AS n FROM transaction GROUP BY CASE WHEN foreigntotal >= 500 THEN 'large' "
        "WHEN foreigntotal IS NULL THEN 'none' ELSE 'small' END ORDER BY n DESC, 1",
        [("large", 2), ("none", 1), ("small", 1)],
    ),
    (
        "SELECT SUM(CASE WHEN amount > 0 THEN amount ELSE 0 END) AS dr, "
        "SUM(CASE WHEN amount < 0 THEN -amount ELSE 0 END) AS cr FROM transactionaccountingline "
        "WHERE transaction = 1002",
        [(500, 500)],
    ),
]

_ROW_LIMITS: list[tuple[str, Rows]] = [
    ("SELECT id FROM transaction ORDER BY id DESC FETCH FIRST 2 ROWS ONLY", [(1004,), (1003,)]),
    ("SELECT id FROM transaction ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY", [(1002,), (1003,)]),
    ("SELECT COUNT(*) FROM transaction WHERE ROWNUM <= 3", [(3,)]),
    ("SELECT COUNT(*) FROM transaction WHERE ROWNUM < 3 AND type = 'Journal'", [(2,)]),
    # No row can be the second before there is a first.
    ("SELECT id FROM transaction WHERE ROWNUM = 2", []),
    ("SELECT id FROM transaction WHERE ROWNUM > 1", []),
    # ROWNUM counts before the rows are sorted; to sort first takes a subquery.
    ("SELECT id FROM (SELECT id FROM transaction ORDER BY id DESC) WHERE ROWNUM <= 2", [(1004,), (1003,)]),
    (
        "SELECT id, rn FROM (SELECT a.id, ROWNUM AS rn FROM (SELECT id FROM transaction ORDER BY foreigntotal) a "
        "WHERE ROWNUM <= 3) WHERE rn >= 2",
        [(1002, 2), (1001, 3)],
    ),
    ("SELECT ROWNUM, itemid FROM (SELECT itemid FROM item ORDER BY itemid DESC)",
     [(1, "WRAP_10%"), (2, "SOCKS"), (3, "SHIRT-M")]),
    # A numbered query inside a numbered query: each name keeps its meaning.
    (
        "SELECT t.id, ROWNUM AS n, (SELECT t.id + MAX(l.id) + MAX(ROWNUM) FROM transactionline l "
        "WHERE l.transaction = t.id AND ROWNUM <= 2) AS x FROM transaction t WHERE t.type = 'Journal' ORDER BY t.id",
        [(1001, 1, 1004), (1002, 2, 1005)],
    ),
    # NULLs come last, or first when descending.
    ("SELECT id FROM transaction ORDER BY foreigntotal, id", [(1003,), (1002,), (1001,), (1004,)]),
    ("SELECT id FROM transaction ORDER BY foreigntotal DESC", [(1004,), (1001,), (1002,), (1003,)]),
    ("SELECT id FROM transaction ORDER BY foreigntotal DESC NULLS LAST", [(1001,), (1002,), (1003,), (1004,)]),
    ("SELECT id, -id AS back FROM transaction WHERE type = 'Journal' ORDER BY back", [(1002, -1002), (1001, -1001)]),
]  # fmt: skip

_SUBQUERIES: list[tuple[str, Rows]] = [
    (
        "SELECT t.id, (SELECT MAX(tl.id) FROM transactionline tl WHERE tl.transaction = t.id) AS last "
        "FROM transaction t ORDER BY t.id",
        [(1001, 2), (1002, 2), (1003, 4), (1004, 1)],
    ),
    (
        "SELECT t.tranid FROM transaction t WHERE EXISTS (SELECT 1 FROM transactionline l WHERE l.transaction = t.id "
        "AND l.item IN (SELECT i.id FROM item i WHERE i.itemid = 'SOCKS')) ORDER BY t.tranid",
        [("ADJ1",), ("CS1",)],
    ),
    # A NULL among the values makes NOT IN unknown for every row.
    ("SELECT id FROM item WHERE id NOT IN (SELECT item FROM transactionline)", []),
    ("SELECT id FROM item WHERE id NOT IN (SELECT item FROM transactionline WHERE item IS NOT NULL)", [(203,)]),
    (
        "WITH totals (account, total) AS (SELECT account, SUM(amount) FROM transactionaccountingline GROUP BY account) "
        "SELECT a.acctnumber, t.total FROM totals t JOIN account a ON a.id = t.account "
        "WHERE t.total > (SELECT AVG(total) FROM totals) ORDER BY 1",
        [("1910", 2148), ("4010", D("125.13"))],
    ),
    (
        "SELECT externalid FROM transaction MINUS SELECT 'JE-S01-20261123-SEK-1' FROM dual ORDER BY 1",
        [("CS-S01-20261123-1",), ("JE-S02-20261124-SEK-1",), (None,)],
    ),
    # Set operations have equal rank: from left to right.
    ("SELECT id FROM currency UNION ALL SELECT id FROM subsidiary INTERSECT SELECT 1 FROM dual", [(1,)]),
    ("SELECT id FROM currency UNION ALL (SELECT id FROM subsidiary INTERSECT SELECT 1 FROM dual) ORDER BY id",
     [(1,), (1,), (2,)]),
    ("SELECT type FROM transaction UNION SELECT 'Journal' FROM dual ORDER BY type",
     [("CashSale",), ("InvAdjst",), ("Journal",)]),
    (
        "SELECT t.id, (SELECT x.id FROM (SELECT l.id, l.transaction FROM transactionline l ORDER BY l.id DESC) x "
        "WHERE x.transaction = t.id AND ROWNUM = 1) AS last FROM transaction t WHERE t.type = 'Journal' ORDER BY 1",
        [(1001, 2), (1002, 2)],
    ),
]  # fmt: skip

_ANALYTIC: list[tuple[str, Rows]] = [
    (
        "SELECT id, RANK() OVER (PARTITION BY type ORDER BY foreigntotal DESC) AS place, "
        "SUM(foreigntotal) OVER (ORDER BY id) AS running, COUNT(*) OVER () AS n FROM transaction ORDER BY id",
        [(1001, 1, 1250, 4), (1002, 2, 1750, 4), (1003, 1, 2148, 4), (1004, 1, 2148, 4)],
    ),
    (
        "SELECT account, n FROM (SELECT account, ROW_NUMBER() OVER (PARTITION BY account ORDER BY transaction) AS n "
        "FROM transactionaccountingline WHERE posting = 'T') WHERE n = 3 ORDER BY account",
        [(101, 3), (102, 3), (103, 3)],
    ),
    (
        "SELECT type, RANK() OVER (ORDER BY SUM(foreigntotal) DESC) AS place FROM transaction "
        "WHERE foreigntotal IS NOT NULL GROUP BY type ORDER BY type",
        [("CashSale", 2), ("Journal", 1)],
    ),
    ("SELECT id, LAG(id) OVER (ORDER BY id) AS before FROM subsidiary ORDER BY id", [(1, None), (2, 1)]),
]

_VALUES: list[tuple[str, Rows]] = [
    # The empty text is NULL.
    ("SELECT '' || NULL, 'x' || NULL, NVL('', 'e'), NVL2('', 1, 2), LENGTH(''), TRIM('  ') FROM dual",
     [(None, "x", "e", 2, None, None)]),
    ("SELECT id FROM transaction WHERE memo = ''", []),
    ("SELECT COUNT(*) FROM transaction WHERE '' IS NULL", [(4,)]),
    # Division gives fractions; halves are rounded away from zero, exactly.
    ("SELECT 7 / 2, ROUND(10.05 / 2, 2), ROUND(-2.5), ROUND(1.005, 2), ROUND(155, -1), TRUNC(-1.999, 1) FROM dual",
     [(D("3.5"), D("5.03"), -3, D("1.01"), 160, D("-1.9"))]),
    ("SELECT MOD(-7, 3), MOD(5, 0), SIGN(-3), CEIL(-1.5), FLOOR(-1.5), ABS(-2.5) FROM dual",
     [(-1, 5, -1, -1, -2, D("2.5"))]),
    ("SELECT 9007199254740993 + 0.01, 0.1 + 0.2, 1e3 FROM dual", [(D("9007199254740993.01"), D("0.3"), 1000)]),
    ("SELECT GREATEST(1, NULL), LEAST(3, 2.5), COALESCE(NULL, NULL, 3), NULLIF(1, 1), NULLIF(1, 2) FROM dual",
     [(None, D("2.5"), 3, None, 1)]),
    ("SELECT DECODE(memo, NULL, 'none', 'some') FROM transaction ORDER BY id",
     [("some",), ("none",), ("some",), ("none",)]),
    ("SELECT DECODE(type, 'Journal', 1, 'CashSale', 2) FROM transaction ORDER BY id", [(1,), (1,), (2,), (None,)]),
    ("SELECT CASE type WHEN 'Journal' THEN 'J' ELSE '-' END FROM transaction WHERE id > 1001 ORDER BY id",
     [("J",), ("-",), ("-",)]),
    ("SELECT SUBSTR('abcdef', 0, 2), SUBSTR('abcdef', -3, 2), SUBSTR('abc', 5), SUBSTR('abc', -5, 3) FROM dual",
     [("ab", "de", None, None)]),
    ("SELECT INSTR('banana', 'a'), INSTR('banana', 'a', 3), INSTR('banana', 'a', -2, 2), INSTR('x', 'y') FROM dual",
     [(2, 4, 2, 0)]),
    ("SELECT LPAD('7', 3, '0'), RPAD('abcdef', 3), REPLACE('aXbX', 'X'), CONCAT('a', NULL), UPPER('é') FROM dual",
     [("007", "abc", "ab", "a", "É")]),
    ("SELECT TRIM(BOTH 'x' FROM 'xxaxx'), LTRIM('  a'), RTRIM('abb', 'b') FROM dual", [("a", "a", "a")]),
    # A number meets a text as a number, and a text that is asked for as text.
    ("SELECT id FROM transaction WHERE id = '1001' AND foreigntotal = '1250.0'", [(1001,)]),
    ("SELECT id || '/' || tranid, 0.5 || '' FROM transaction WHERE id = 1002", [("1002/JOU2", ".5")]),
    ("SELECT TO_NUMBER('12.50') + 1, CAST(2.675 AS NUMBER(10,2)), CAST(12 AS VARCHAR2(10)) FROM dual",
     [(D("13.5"), D("2.68"), "12")]),
    # LIKE knows upper from lower case.
    ("SELECT itemid FROM item WHERE itemid LIKE 's%'", []),
    ("SELECT itemid FROM item WHERE itemid LIKE '%10\\%' ESCAPE '\\'", [("WRAP_10%",)]),
    ("SELECT itemid FROM item WHERE itemid NOT LIKE 'S%' AND NOT (id = 1 OR upccode IS NULL)", [("WRAP_10%",)]),
]  # fmt: skip

_DATES: list[tuple[str, Rows]] = [
    ("SELECT trandate - TO_DATE('2026-11-20', 'YYYY-MM-DD'), trandate + 1 FROM transaction WHERE id = 1001",
     [(3, date(2026, 11, 24))]),
    ("SELECT SYSDATE, TRUNC(SYSDATE), SYSDATE - DATE '2026-11-24' FROM dual",
     [(datetime(2026, 11, 24, 6, 30, 15), date(2026, 11, 24), D("0.271006944444"))]),
    ("SELECT DATE '2026-11-23' - 0.5, TRUNC(DATE '2026-11-23', 'MM'), TRUNC(DATE '2026-11-22', 'IW') FROM dual",
     [(datetime(2026, 11, 22, 12), date(2026, 11, 1), date(2026, 11, 16))]),
    ("SELECT ADD_MONTHS(DATE '2026-01-31', 1), LAST_DAY(DATE '2024-02-10'), EXTRACT(YEAR FROM SYSDATE) FROM dual",
     [(date(2026, 2, 28), date(2024, 2, 29), 2026)]),
    ("SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') FROM item WHERE id = 203", [("2026-11-22 23:59:59",)]),
    ("SELECT TO_CHAR(trandate, 'DD-MON-YYYY'), TO_CHAR(trandate, 'Dy Q IW') FROM transaction WHERE id = 1004",
     [("31-OCT-2026", "Sat 4 44")]),
    ("SELECT id FROM transaction WHERE trandate BETWEEN DATE '2026-11-01' AND TO_DATE('11/23/2026', 'MM/DD/YYYY') "
     "ORDER BY id", [(1001,), (1003,)]),
    ("SELECT id FROM transaction WHERE lastmodifieddate >= TO_DATE('2026-11-24 03:00:00', 'YYYY-MM-DD HH24:MI:SS') "
     "ORDER BY id", [(1001,), (1002,)]),
    ("SELECT id FROM transaction WHERE trandate < ADD_MONTHS(TRUNC(SYSDATE, 'MM'), 0)", [(1004,)]),
]  # fmt: skip

_DISPLAY: list[tuple[str, Rows]] = [
    (
        "SELECT BUILTIN.DF(t.type), BUILTIN.DF(t.postingperiod), BUILTIN.DF(t.entity), BUILTIN.DF(t.currency) "
        "FROM transaction t WHERE t.id IN (1001, 1003) ORDER BY t.id",
        [("Journal", "Nov 2026", None, "Swedish Krona"), ("Cash Sale", "Nov 2026", "Walk-in S01", "Swedish Krona")],
    ),
    (
        "SELECT BUILTIN.DF(l.transaction) AS t, BUILTIN.DF(l.location) AS place, builtin.df(l.subsidiary) AS s, "
        "BUILTIN.DF(l.item) AS i FROM transactionline l WHERE l.mainline = 'T' ORDER BY 1",
        [("Cash Sale #CS1", "Stockholm", "Sweden", None), ("Inventory Adjustment #ADJ1", "Helsinki", "Finland", None)],
    ),
    (
        "SELECT BUILTIN.DF(account) AS a, SUM(amount) FROM transactionaccountingline GROUP BY BUILTIN.DF(account) "
        "ORDER BY a FETCH FIRST 1 ROWS ONLY",
        [("1910 Till", 2148)],
    ),
    (
        "SELECT account, BUILTIN.DF(account) AS a FROM transactionaccountingline WHERE transaction = 1001 "
        "GROUP BY account ORDER BY account",
        [(101, "1910 Till"), (102, "3001 Sales 25%"), (103, "2611 Output VAT 25%")],
    ),
    ("SELECT BUILTIN.DF(id), BUILTIN.DF(memo), BUILTIN.DF(trandate) FROM transaction WHERE ROWNUM = 1",
     [("1001", "S01 2026-11-23", "11/23/2026")]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "rows"),
    [*_JOINS, *_GROUPS, *_ROW_LIMITS, *_SUBQUERIES, *_ANALYTIC, *_VALUES, *_DATES, *_DISPLAY],
    ids=lambda value: value[:70] if isinstance(value, str) else "",
)
def test_a_query_gives_oracles_rows(suiteql: SuiteQL, sql: str, rows: Rows) -> None:
    result = suiteql.run(sql)
    assert result.rows == rows
    assert result.total == len(rows)


@pytest.mark.parametrize(
    ("sql", "params", "rows"),
    [
        ("SELECT id FROM transaction WHERE id IN (?, ?) ORDER BY id", [1001, "1003"], [(1001,), (1003,)]),
        ("SELECT tranid FROM transaction WHERE tranid = ?", ["x' OR '1'='1"], []),
        ("SELECT ? || ? FROM dual", ["a", ""], [("a",)]),
        ("SELECT id FROM subsidiary WHERE parent = ? OR name = ? ORDER BY id", [1, "Sweden"], [(1,), (2,)]),
        ("SELECT id FROM transaction WHERE ROWNUM <= ?", [1], [(1001,)]),
        # A bound value is an expression: it is not the number of a column to sort by.
        ("SELECT id, -id AS back FROM subsidiary WHERE id > ? ORDER BY ?, id", ["0", 2], [(1, -1), (2, -2)]),
        ("SELECT id FROM item WHERE cost > ? OR id = ?", [Decimal("1.5"), 201], [(201,)]),
    ],
)
def test_a_question_mark_stands_for_a_value(
    suiteql: SuiteQL, sql: str, params: list[str | int | float | Decimal | None], rows: Rows
) -> None:
    assert suiteql.run(sql, params).rows == rows


def test_columns_are_lower_case_and_unnamed_ones_are_numbered(suiteql: SuiteQL) -> None:
    result = suiteql.run(
        'SELECT ID, tranId AS "TranNo", UPPER(type), 1 AS one, id + 1 FROM transaction WHERE id = 1001'
    )
    assert result.columns == ["id", "tranno", "expr1", "one", "expr2"]


def test_a_page_is_cut_out_of_the_whole_and_the_total_is_of_the_whole(suiteql: SuiteQL) -> None:
    sql = "SELECT id FROM transaction ORDER BY id"
    assert suiteql.run(sql, limit=3, offset=0).rows == [(1001,), (1002,), (1003,)]
    second = suiteql.run(sql, limit=3, offset=3)
    assert (second.rows, second.total) == ([(1004,)], 4)
    beyond = suiteql.run(sql, limit=3, offset=6)
    assert (beyond.rows, beyond.total) == ([], 4)


def test_a_page_of_a_limited_query_stays_within_its_limit(suiteql: SuiteQL) -> None:
    sql = "SELECT id FROM transaction ORDER BY id OFFSET 1 ROWS FETCH NEXT 2 ROWS ONLY"
    first = suiteql.run(sql, limit=1, offset=0)
    last = suiteql.run(sql, limit=1, offset=1)
    assert (first.rows, first.total) == ([(1002,)], 2)
    assert (last.rows, last.total) == ([(1003,)], 2)
    assert suiteql.run(sql, limit=5, offset=0).rows == [(1002,), (1003,)]
