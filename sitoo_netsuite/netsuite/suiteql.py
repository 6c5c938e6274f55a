"""SuiteQL over REST: one page, or a whole table by its key (reference 6).

Belongs here: how a query is sent and its pages are followed. Does not belong here: the queries themselves. Values come
as text, a NULL column is left out of its row, keys are lower case. How a date is written depends on the account, so
select dates with TO_CHAR.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec

from sitoo_netsuite.netsuite.client import SUITEQL_PATH, NetSuiteClient
from sitoo_netsuite.netsuite.errors import Broken, Unreadable


class Row(dict[str, str]):
    """One row, column -> text. `get` a column that may be NULL; any other that is not there raises Unreadable."""

    def __missing__(self, name: str) -> str:
        raise Unreadable(_REQUEST, f"a row has no {name}, only {', '.join(self) or 'nothing'}")


# Reference 1.2: the default, and as far as anybody has seen the most.
PAGE_ROWS = 1000
_REQUEST = f"POST {SUITEQL_PATH}"


class _Page(msgspec.Struct):
    items: list[dict[str, msgspec.Raw]]
    hasMore: bool


async def query(client: NetSuiteClient, sql: str, params: Sequence[str | int] = ()) -> list[Row]:
    """All rows of a query that has at most 1,000; each `?` of it stands for one of `params`.

    Raises Broken when there are more: nothing may be dropped silently, and offset pages shift under writes.
    """
    rows, has_more = await _page(client, sql, params)
    if has_more:
        raise Broken(_REQUEST, f"the query has more than {PAGE_ROWS} rows; narrow it or read it by its key")
    return rows


async def keyset(
    client: NetSuiteClient, sql: str, key: str, params: Sequence[str | int] = (), after: int = 0
) -> AsyncIterator[list[Row]]:
    """Pages of any number of rows, by a rising whole-number key, as in
    `SELECT id, itemid FROM item WHERE isinactive = ? AND id > ? ORDER BY id` with `key="id"`.

    The last `?` of the query takes the key of the last row seen (`after` at first), the others take `params`. The key
    must be selected, unique and what the rows are ordered by.
    """
    while True:
        rows, has_more = await _page(client, sql, [*params, after])
        if rows:
            yield rows
        if not has_more:
            return
        last = rows[-1].get(key, "") if rows else ""
        if not last.isdecimal() or int(last) <= after:
            raise Unreadable(_REQUEST, f"a page ends with {key} {last!r} after {after}; is the query ordered by it?")
        after = int(last)


async def _page(client: NetSuiteClient, sql: str, params: Sequence[str | int]) -> tuple[list[Row], bool]:
    body: dict[str, object] = {"q": sql}
    if params:
        body["params"] = list(params)
    response = await client.request(
        "POST",
        SUITEQL_PATH,
        params={"limit": str(PAGE_ROWS), "offset": "0"},
        content=msgspec.json.encode(body),
        headers={"Prefer": "transient"},
    )
    try:
        page = msgspec.json.decode(response.content, type=_Page)
        rows = [
            Row({name: msgspec.json.decode(value, type=str) for name, value in item.items() if name != "links"})
            for item in page.items
        ]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(_REQUEST, f"the answer is not a page of rows: {error}") from None
    return rows, page.hasMore
