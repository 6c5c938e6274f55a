"""How Sitoo's lists are read to their end: by orderid, by offset, and by the time a Z-report was added.

Each paginator takes a `fetch(params) -> body` and yields pages of raw records, so it knows no HTTP. Where a list ends,
what grows under us and what has no offset: reference 1.4 and 1.5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from sitoo_netsuite.sitoo.errors import SitooUnreadable

Params = dict[str, str]
Fetch = Callable[[Params], bytes]

Z_REPORTS_PER_ANSWER = 500


class Page(msgspec.Struct, frozen=True):
    """The envelope of a list. `totalcount` counts all rows that match, not those on the page."""

    totalcount: int
    items: list[msgspec.Raw]


class _OrderId(msgspec.Struct):
    orderid: int


class _ZReportKey(msgspec.Struct):
    registerid: str
    zreportid: int
    dateadded: int


_page = msgspec.json.Decoder(Page)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_order_id = msgspec.json.Decoder(_OrderId)
_z_report_key = msgspec.json.Decoder(_ZReportKey)


def decode_page(body: bytes, request: str) -> Page:
    """The envelope of a list answer, its records left raw. Raises SitooUnreadable."""
    try:
        return _page.decode(body)
    except msgspec.MsgspecError as error:
        raise SitooUnreadable(request, str(error)) from None


def by_orderid(fetch: Fetch, params: Params, first: int, page_size: int) -> Iterator[list[msgspec.Raw]]:
    """Pages of orders by rising orderid, from `first` on, to the first empty page.

    Orders that arrive meanwhile have higher ids and are read too. Records whose orderid cannot be read are passed by
    offset, so that one of them never stops the rest. Raises SitooUnreadable when the answer is not in the order asked
    for, which would mean reading on for ever or past records.
    """
    following, beyond = first, 0
    while True:
        keyset = {"orderidfrom": str(following), "sort": "orderid", "start": str(beyond), "num": str(page_size)}
        page = decode_page(fetch({**params, **keyset}), "/orders")
        if not page.items:
            return
        unread = next((back for back, raw in enumerate(reversed(page.items)) if _orderid_of(raw) is not None), None)
        if unread is None:
            beyond += len(page.items)
        else:
            ends = [_orderid_of(page.items[0]), _orderid_of(page.items[-1 - unread])]
            lowest, highest = (orderid if orderid is not None else following for orderid in ends)
            if not following <= lowest <= highest:
                what = f"orders from {following} on were asked for by rising orderid, and {lowest} to {highest} came"
                raise SitooUnreadable("/orders", what)
            following, beyond = highest + 1, unread
        yield page.items


def by_offset(fetch: Fetch, request: str, params: Params, page_size: int) -> Iterator[list[msgspec.Raw]]:
    """Pages of a list that stands still while it is read, ending on an empty page or at `totalcount`.

    A page shorter than asked for is no end: the greatest `num` is unknown, and Sitoo may cut it down. `request` names
    the list in errors.
    """
    start = 0
    while True:
        page = decode_page(fetch({**params, "start": str(start), "num": str(page_size)}), request)
        if page.items:
            yield page.items
        start += len(page.items)
        if not page.items or start >= page.totalcount:
            return


def by_date_added(
    fetch: Fetch, added_from: int, added_to: int, registers: Callable[[], Sequence[str]]
) -> Iterator[list[msgspec.Raw]]:
    """Pages of Z-reports by rising `dateadded`, both ends included, each report once.

    There is no offset and at most 500 come back, so each page starts at the second the last one ended with. Should a
    full answer hold only one second, that second is read by register (`registers` names them all), halving the
    list until each answer is short of full.
    """
    following: int | None = added_from
    seen: set[tuple[str, int]] = set()
    while following is not None and following <= added_to:
        reports = _z_reports(fetch, {"dateaddedfrom": str(following), "dateaddedto": str(added_to)})
        reached = None
        if len(reports) >= Z_REPORTS_PER_ANSWER:
            reached = _last_added(reports)
            if reached == following:
                second = {"dateaddedfrom": str(following), "dateaddedto": str(following)}
                reports, reached = _by_register(fetch, second, registers()), following + 1
        fresh = [raw for raw in reports if _key_of(raw) not in seen]
        seen = {key for raw in reports if (key := _key_of(raw)) is not None}
        if fresh:
            yield fresh
        following = reached


def _by_register(fetch: Fetch, params: Params, registers: Sequence[str]) -> list[msgspec.Raw]:
    reports = _z_reports(fetch, {**params, "registerid": ",".join(registers)})
    if len(reports) < Z_REPORTS_PER_ANSWER:
        return reports
    if len(registers) == 1:
        raise SitooUnreadable(
            "/pos-z-reports",
            f"register {registers[0]} added {Z_REPORTS_PER_ANSWER} or more reports in second {params['dateaddedto']}",
        )
    middle = len(registers) // 2
    return _by_register(fetch, params, registers[:middle]) + _by_register(fetch, params, registers[middle:])


def _z_reports(fetch: Fetch, params: Params) -> list[msgspec.Raw]:
    try:
        return _list.decode(fetch(params))
    except msgspec.MsgspecError as error:
        raise SitooUnreadable("/pos-z-reports", str(error)) from None


def _last_added(reports: Sequence[msgspec.Raw]) -> int:
    for raw in reversed(reports):
        try:
            return _z_report_key.decode(raw).dateadded
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    raise SitooUnreadable("/pos-z-reports", "a full answer in which no report says when it was added")


def _key_of(raw: msgspec.Raw) -> tuple[str, int] | None:
    try:
        key = _z_report_key.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return key.registerid, key.zreportid


def _orderid_of(raw: msgspec.Raw) -> int | None:
    try:
        return _order_id.decode(raw).orderid
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
