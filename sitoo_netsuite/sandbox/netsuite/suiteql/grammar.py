"""Reading a query: sqlglot's Oracle grammar, made stricter.

Belongs here: what text is a query at all. Does not belong here: what the query means (`queries`, `expressions`).

sqlglot reads many dialects in one and turns functions of other dialects into Oracle's; a query that NetSuite refuses
would then be answered. So its knowledge of functions is taken away (each call keeps its own name, to be looked up in
our list), and the tokens are checked against Oracle's before parsing.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import Token, TokenType

from sitoo_netsuite.sandbox.netsuite.suiteql.errors import SuiteQLError, refused

# A longer text is not a query that anybody wrote (an IN list of 1000 external ids is about 40,000 characters).
_LONGEST_QUERY = 200_000

_SIGNS = frozenset(["=", "<>", "!=", "^=", "<", ">", "<=", ">=", "+", "-", "*", "/", "||", "(", ")", ",", ".", "?"])
_WORDLESS = frozenset([TokenType.STRING, TokenType.NUMBER, TokenType.IDENTIFIER])
# Words that sqlglot understands and Oracle does not, or that would not do here what they do there.
_FOREIGN_WORDS = frozenset(
    ["LIMIT", "TOP", "ILIKE", "RLIKE", "REGEXP", "GLOB", "QUALIFY", "ISNULL", "NOTNULL", "DIV", "XOR", "EXCEPT"]
)


class _Grammar(Oracle):
    class Parser(OracleParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}
        FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
            name: OracleParser.FUNCTION_PARSERS[name] for name in ("CAST", "EXTRACT", "TRIM")
        }
        NO_PAREN_FUNCTIONS: ClassVar[dict[TokenType, Any]] = {}


Parameter = str | int | float | Decimal | None


def parse(sql: str, params: Sequence[Parameter] = ()) -> exp.Query:
    """The syntax tree of one SELECT (or UNION, MINUS, INTERSECT of them), each `?` replaced by its value.

    Raises SuiteQLError for anything else: bad syntax, several statements, a statement that is not a query, another
    number of values than of `?`.
    """
    if len(sql) > _LONGEST_QUERY:
        raise SuiteQLError(f"The query is longer than {_LONGEST_QUERY} characters.")
    dialect = _Grammar()
    try:
        tokens = dialect.tokenize(sql)
        _check_tokens(tokens)
        tokens = _bind(tokens, params)
        statements = dialect.parser().parse(tokens, sql)
    except ParseError as error:
        first = error.errors[0]
        near = f"{first['highlight']} (line {first['line']}, column {first['col']})"
        raise SuiteQLError(f"Invalid or unsupported search: syntax error near {near}.") from None
    except (TokenError, RecursionError):
        raise SuiteQLError("Invalid or unsupported search: the query cannot be read.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise SuiteQLError("Invalid or unsupported search: a query is one SELECT statement.")
    return statements[0]


def _check_tokens(tokens: list[Token]) -> None:
    for number, token in enumerate(tokens):
        if token.token_type in _WORDLESS:
            continue
        text = token.text.upper()
        following = [later.text.upper() for later in tokens[number + 1 : number + 3]]
        if token.token_type is TokenType.HINT:
            raise refused("an optimizer hint")
        if text[0].isalpha() or text[0] == "_":
            if text in _FOREIGN_WORDS:
                raise refused(text)
            if text == "OFFSET" and (len(following) < 2 or following[1] not in ("ROW", "ROWS")):
                raise refused("OFFSET without ROWS")
        elif text == "(+)" or (text == "(" and following == ["+", ")"]):
            raise refused("the join operator (+)")
        elif text not in _SIGNS:
            raise refused(f"'{token.text}'")
        elif text == "," and following[:1] == ["FROM"]:
            raise SuiteQLError("Invalid or unsupported search: syntax error near FROM.")
    words = [token.text.upper() for token in tokens if token.token_type not in _WORDLESS]
    joins = words.count("JOIN") - sum(pair == ("CROSS", "JOIN") for pair in pairwise(words))
    if joins != words.count("ON"):
        raise SuiteQLError("Invalid or unsupported search: each JOIN but a CROSS JOIN needs its ON.")


def _bind(tokens: list[Token], params: Sequence[Parameter]) -> list[Token]:
    """The tokens with each `?` as a literal: by place in the text, so no value can be taken for syntax."""
    wanted = sum(token.token_type is TokenType.PLACEHOLDER for token in tokens)
    if wanted != len(params):
        raise SuiteQLError(f"The query has {wanted} parameters and {len(params)} values were given.")
    values = iter(params)
    bound: list[Token] = []
    for token in tokens:
        bound += _literal(token, next(values)) if token.token_type is TokenType.PLACEHOLDER else [token]
    return bound


def _literal(token: Token, value: Parameter) -> list[Token]:
    """The value in parentheses: an expression, so that ORDER BY ? is not taken for the number of a column."""
    if value is None:
        kind, text = TokenType.NULL, "NULL"
    elif isinstance(value, str):
        kind, text = TokenType.STRING, value
    elif isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        kind, text = TokenType.NUMBER, str(value)
    else:
        raise SuiteQLError("A parameter is a text or a number.")
    parts = ((TokenType.L_PAREN, "("), (kind, text), (TokenType.R_PAREN, ")"))
    return [Token(part, sign, token.line, token.col, token.start, token.end) for part, sign in parts]
