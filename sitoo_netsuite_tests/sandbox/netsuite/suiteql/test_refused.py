"""What is not supported, or wrong, answers an error that names it; never rows."""

from __future__ import annotations

import pytest

from sitoo_netsuite.sandbox.netsuite.suiteql.engine import SuiteQL
from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError

_NOT_QUERIES = [
    ("", "one SELECT"),
    ("SELECT", "FROM is missing"),
    ("SELECT 1", "FROM is missing"),
    ("SELECT a, FROM transaction", "near FROM"),
    ("SELECT id FROM", "syntax error"),
    ("SELECT id FROM transaction WHERE", "syntax error"),
    ("SELECT 'open FROM transaction", "cannot be read"),
    ("SELECT id FROM transaction; SELECT id FROM item", "';'"),
    ("DELETE FROM transaction", "one SELECT"),
    ("UPDATE transaction SET memo = 'x'", "one SELECT"),
    ("INSERT INTO transaction (id) VALUES (1)", "one SELECT"),
    ("DROP TABLE transaction", "one SELECT"),
    ("CREATE TABLE x AS SELECT id FROM transaction", "one SELECT"),
    ("ATTACH 'x.db'", "supported"),
    ("SELECT id FROM transaction FOR UPDATE", "LOCKS"),
]

_OTHER_DIALECTS = [
    ("SELECT id FROM transaction LIMIT 5", "LIMIT"),
    ("SELECT TOP 5 id FROM transaction", "TOP"),
    ("SELECT id FROM transaction OFFSET 5", "OFFSET"),
    ("SELECT [id] FROM transaction", "'['"),
    ("SELECT `id` FROM transaction", "'`'"),
    ("SELECT id::varchar FROM transaction", "'::'"),
    ("SELECT id % 2 FROM transaction", "'%'"),
    ("SELECT id FROM transaction WHERE id == 1", "'=='"),
    ("SELECT id FROM transaction WHERE memo ILIKE 'x'", "ILIKE"),
    ("SELECT id FROM transaction EXCEPT SELECT id FROM item", "EXCEPT"),
    ("SELECT id FROM transaction QUALIFY ROW_NUMBER() OVER (ORDER BY id) = 1", "QUALIFY"),
    ("SELECT IFNULL(memo, 'x') FROM transaction", "IFNULL"),
    ("SELECT NOW() FROM dual", "NOW"),
    ("SELECT IF(id = 1, 2, 3) FROM transaction", "IF"),
    ("SELECT SUM(id) FILTER (WHERE id > 1) FROM transaction", "FILTER"),
    ("SELECT id FROM transaction WHERE tranid = :x", "':'"),
    ("SELECT id FROM transaction WHERE memo IS TRUE", "IS with"),
]

_NOT_SUPPORTED = [
    ("SELECT t.id FROM transaction t, transactionline l WHERE t.id = l.transaction(+)", "join operator (+)"),
    ("SELECT t.id FROM transaction t, transactionline l WHERE t.id = l.transaction (+ )", "join operator (+)"),
    ("SELECT id FROM account START WITH parent IS NULL CONNECT BY PRIOR id = parent", "CONNECT"),
    ("SELECT /*+ FULL(t) */ id FROM transaction t", "hint"),
    ("SELECT id FROM transaction NATURAL JOIN transactionline", "ON"),
    ("SELECT id FROM transaction JOIN transactionline USING (id)", "ON"),
    ("SELECT t.id FROM transaction t JOIN transactionline l", "ON"),
    ("SELECT id FROM transaction t CROSS APPLY (SELECT 1 FROM dual)", "LATERAL"),
    ("SELECT id FROM transaction SAMPLE (10)", "SAMPLE"),
    ("SELECT * FROM transaction PIVOT (SUM(id) FOR type IN ('Journal'))", "PIVOTS"),
    ("WITH RECURSIVE a AS (SELECT 1 x FROM dual) SELECT * FROM a", "RECURSIVE"),
    ("SELECT type FROM transaction GROUP BY ROLLUP(type)", "ROLLUP"),
    ("SELECT COUNT(*) FROM transaction GROUP BY 1", "GROUP BY of a constant"),
    ("SELECT id FROM transaction FETCH FIRST 10 PERCENT ROWS ONLY", "PERCENT"),
    ("SELECT id FROM transaction ORDER BY id FETCH FIRST 2 ROWS WITH TIES", "WITH TIES"),
    ("SELECT id FROM transaction WHERE ROWNUM <= 2 OR id = 1001", "ROWNUM"),
    ("SELECT id FROM transaction WHERE ROWNUM <> 2", "ROWNUM"),
    ("SELECT id FROM transaction WHERE (id, type) IN ((1001, 'Journal'))", "TUPLE"),
    ("SELECT id FROM transaction WHERE id = ANY (SELECT id FROM item)", "ANY"),
    ("SELECT id FROM transaction WHERE REGEXP_LIKE(memo, 'a')", "REGEXP_LIKE"),
    ("SELECT MEDIAN(foreigntotal) FROM transaction", "MEDIAN"),
    ("SELECT SYSDATE - INTERVAL '1' DAY FROM dual", "INTERVAL"),
    ("SELECT TO_CHAR(trandate, 'YYYY-XX') FROM transaction", "'XX'"),
    ("SELECT TO_CHAR(trandate, memo) FROM transaction", "not a literal"),
    ("SELECT TO_CHAR(id, 'S999') FROM transaction", "'S999'"),
    ("SELECT TRUNC(SYSDATE, 'D') FROM dual", "'D'"),
    ("SELECT TO_DATE('26-11-23', 'YY-MM-DD') FROM dual", "'YY'"),
    ("SELECT CAST(trandate AS TIMESTAMP) FROM transaction", "CAST"),
    # sqlglot reads this as 'a' || (1 + 2), Oracle as ('a' || 1) + 2.
    ("SELECT 'a' || 1 + 2 FROM dual", "parentheses"),
    ("SELECT BUILTIN.CF(id) FROM transaction", "BUILTIN.CF"),
    ("SELECT BUILTIN.DF(id + 1) FROM transaction", "anything but a column"),
    ("SELECT BUILTIN.DF(closed) FROM accountingperiod", "BUILTIN.DF of 'closed'"),
    ("SELECT BUILTIN.DF(department) FROM transactionline", "BUILTIN.DF of 'department'"),
    ("SELECT -id AS id FROM transaction ORDER BY id + 0", "alias 'id'"),
    ("SELECT SUM(id) OVER (ORDER BY id ROWS 2 PRECEDING) FROM transaction", "frame"),
    ("SELECT MAX(id) KEEP (DENSE_RANK FIRST ORDER BY trandate) FROM transaction", "supported"),
]

_UNKNOWN_OR_AMBIGUOUS = [
    ("SELECT id FROM foo", "Record 'foo' was not found"),
    ("SELECT foo FROM transaction", "Field 'foo' was not found"),
    ("SELECT t.foo FROM transaction t", "Field 'foo' for record 't' was not found"),
    ("SELECT transaction.id FROM transaction t", "for record 'transaction'"),
    ('SELECT "id" FROM transaction', "Field 'id' was not found"),
    ("SELECT id n FROM transaction WHERE n = 1", "Field 'n' was not found"),
    ("SELECT type t, COUNT(*) FROM transaction GROUP BY t", "Field 't' was not found"),
    ("SELECT s.name FROM subsidiary s, location l JOIN currency c ON c.id = s.currency", "Field 'currency'"),
    ("SELECT id FROM transaction t JOIN transactionline l ON l.transaction = t.id", "Ambiguous"),
    ("SELECT t.id FROM transaction t, location t", "Ambiguous"),
    ("SELECT t.id, l.id FROM transaction t JOIN transactionline l ON l.transaction = t.id", "selected twice"),
    ("SELECT n FROM (SELECT COUNT(*) n, MAX(id) n FROM transaction)", "Ambiguous"),
    ("SELECT id FROM transaction ORDER BY 2", "ORDER BY item 2"),
    ("SELECT table_name FROM information_schema.tables", "DB in TABLE"),
    ("SELECT * FROM duckdb_tables()", "supported"),
    ("SELECT * FROM 'secrets.csv'", "not found"),
    ("SELECT read_text('secrets') FROM dual", "READ_TEXT"),
]

_AGAINST_ORACLES_RULES = [
    ("SELECT type, trandate FROM transaction GROUP BY type", "'trandate' is not a GROUP BY"),
    ("SELECT type, COUNT(*) FROM transaction", "'type' is not a GROUP BY"),
    ("SELECT type FROM transaction GROUP BY type ORDER BY trandate", "'trandate' is not a GROUP BY"),
    ("SELECT type FROM transaction GROUP BY type HAVING memo = 'x'", "'memo' is not a GROUP BY"),
    ("SELECT * FROM transaction GROUP BY id", "not a GROUP BY"),
    ("SELECT id FROM transaction WHERE SUM(id) > 1", "group function SUM is not allowed"),
    ("SELECT SUM(SUM(id)) FROM transaction", "group function SUM is not allowed"),
    ("SELECT id FROM transaction WHERE ROW_NUMBER() OVER (ORDER BY id) = 1", "analytic"),
    ("SELECT DISTINCT type FROM transaction ORDER BY id", "SELECT DISTINCT"),
    ("SELECT id FROM transaction WHERE trandate = '2026-11-23'", "TO_DATE"),
    ("SELECT trandate || '' FROM transaction", "TO_CHAR"),
    ("SELECT id FROM transaction WHERE trandate > 5", "inconsistent datatypes"),
    ("SELECT CASE WHEN id = 1 THEN 1 ELSE 'x' END FROM transaction", "inconsistent datatypes"),
    ("SELECT id FROM transaction UNION SELECT tranid FROM transaction", "inconsistent datatypes"),
    ("SELECT id, type FROM transaction UNION SELECT id FROM item", "different numbers of columns"),
    ("SELECT id = 1 FROM transaction", "EQ as a value"),
    ("SELECT id FROM transaction WHERE id", "COLUMN as a condition"),
    ("SELECT (SELECT id, type FROM transaction) FROM dual", "one column"),
    ("SELECT NVL(foreigntotal) FROM transaction", "arguments"),
    ("SELECT id FROM transaction WHERE memo LIKE 'a!b' ESCAPE '!'", "escape character"),
]

_FAILING_ROWS = [
    ("SELECT foreigntotal / (id - 1001) FROM transaction", "division by zero"),
    ("SELECT id FROM transaction WHERE tranid > 5", "invalid number 'JOU1'"),
    ("SELECT id FROM transaction WHERE id = 'abc'", "invalid number 'abc'"),
    ("SELECT TO_DATE(memo, 'YYYY-MM-DD') FROM transaction WHERE memo IS NOT NULL", "does not match"),
    ("SELECT TO_DATE('2026-02-30', 'YYYY-MM-DD') FROM dual", "not a date"),
    ("SELECT (SELECT id FROM transaction) AS x FROM dual", "one row"),
    ("SELECT 99999999999999 * 99999999999999 FROM dual", "unsupported"),
]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [*_NOT_QUERIES, *_OTHER_DIALECTS, *_NOT_SUPPORTED, *_UNKNOWN_OR_AMBIGUOUS, *_AGAINST_ORACLES_RULES, *_FAILING_ROWS],
)
def test_what_is_not_certain_is_refused_by_name(suiteql: SuiteQL, sql: str, reason: str) -> None:
    with pytest.raises(SuiteQLError) as refusal:
        suiteql.run(sql)
    assert refusal.value.detail.startswith("Invalid search query.")
    assert reason.lower() in refusal.value.detail.lower()
    assert "\x1b" not in refusal.value.detail


def test_as_many_values_as_question_marks_are_needed(suiteql: SuiteQL) -> None:
    for params in ([], ["a", "b"]):
        with pytest.raises(SuiteQLError, match="1 parameters"):
            suiteql.run("SELECT id FROM transaction WHERE tranid = ?", params)


def test_a_list_of_more_than_a_thousand_is_refused_as_oracle_does(suiteql: SuiteQL) -> None:
    ids = ", ".join(map(str, range(1000)))
    assert suiteql.run(f"SELECT id FROM transaction WHERE id IN ({ids})").rows == []
    with pytest.raises(SuiteQLError, match="1000"):
        suiteql.run(f"SELECT id FROM transaction WHERE id IN ({ids}, 1000)")


def test_a_query_nested_beyond_reason_is_refused(suiteql: SuiteQL) -> None:
    with pytest.raises(SuiteQLError):
        suiteql.run(f"SELECT {'(' * 3000}1{')' * 3000} FROM dual")
