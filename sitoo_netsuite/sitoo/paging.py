"""How Sitoo's lists are read to their end: by a rising id, by offset, and by the time a Z-report was added.

Each paginator takes a `fetch(params) -> body` and yields pages of raw records, so it knows no HTTP. Where a list ends,
what grows under us and what has no offset: reference 1.4 and 1.5.

One record that is not JSON makes its whole answer none. It is asked for in ever smaller pieces then, until the record
stands alone; it is yielded as it came, for the reader to put it aside, and the others are read.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence

import msgspec

from sitoo_netsuite.sitoo.errors import SitooUnreadable
from sitoo_netsuite.sitoo.models import UNREADABLE, Id, WarehouseItem, can_be_kept

Params = dict[str, str]
Fetch = Callable[[Params], bytes]

Z_REPORTS_PER_ANSWER = 500


class Page(msgspec.Struct, frozen=True):
    """The envelope of a list. `totalcount` counts all rows that match, not those on the page."""

    totalcount: int
    items: list[msgspec.Raw]


class LevelsPage(msgspec.Struct, frozen=True):
    """As `Page`, of a warehouse's levels that were all read and checked at once."""

    totalcount: int
    items: list[WarehouseItem]


class _OrderId(msgspec.Struct):
    id: Id = msgspec.field(name="orderid")


class _WarehouseTransactionId(msgspec.Struct):
    id: Id = msgspec.field(name="warehousetransactionid")


_IdDecoder = msgspec.json.Decoder[_OrderId] | msgspec.json.Decoder[_WarehouseTransactionId]


class _ZReportKey(msgspec.Struct):
    registerid: str
    zreportid: int
    dateadded: int


_page = msgspec.json.Decoder(Page)
_levels_page = msgspec.json.Decoder(LevelsPage)
_list = msgspec.json.Decoder(list[msgspec.Raw])
_order_id = msgspec.json.Decoder(_OrderId)
_warehouse_transaction_id = msgspec.json.Decoder(_WarehouseTransactionId)
_z_report_key = msgspec.json.Decoder(_ZReportKey)


def decode_page(body: bytes, request: str) -> Page:
    """The envelope of a list answer, its records left raw. Raises SitooUnreadable."""
    try:
        return _page.decode(body)
    except UNREADABLE as error:
        raise SitooUnreadable(request, str(error)) from None


def _piece(fetch: Fetch, request: str, params: Params, start: int, num: int) -> Page:
    """The page from `start` on, cut short before a record that is not JSON; or that record alone, left as it came.

    Raises SitooUnreadable when the answer is no page at all.
    """
    while True:
        body = fetch({**params, "start": str(start), "num": str(num)})
        try:
            return decode_page(body, request)
        except SitooUnreadable:
            only = _between_brackets(body, after=b'"items"')
            if only is None:
                raise
        if num == 1:
            # How many there are stands outside it and may be as unreadable; the empty page tells the end too.
            return Page(sys.maxsize, [msgspec.Raw(only)])
        num //= 2


def _between_brackets(body: bytes, after: bytes) -> bytes | None:
    """What the list of an answer that is not JSON holds, `after` some bytes; None when it is no such answer at all."""
    begin = body.find(b"[", body.find(after)) if body.lstrip().startswith((b"{", b"[")) and after in body else -1
    end = body.rfind(b"]")
    inside = body[begin + 1 : end if end > begin else len(body)].strip() if begin >= 0 else b""
    return inside or None


def by_orderid(fetch: Fetch, params: Params, first: int, page_size: int) -> Iterator[list[msgspec.Raw]]:
    """Pages of orders by rising orderid, from `first` on, to the first empty page (`_by_id`)."""
    return _by_id(fetch, "/orders", "orderid", _order_id, params, first, page_size)


def by_warehouse_transaction_id(
    fetch: Fetch, request: str, params: Params, first: int, page_size: int
) -> Iterator[list[msgspec.Raw]]:
    """Pages of warehouse transactions by rising id, from `first` on, to the first empty page (`_by_id`)."""
    return _by_id(fetch, request, "warehousetransactionid", _warehouse_transaction_id, params, first, page_size)


def _by_id(
    fetch: Fetch,
    request: str,
    field: str,
    decoder: _IdDecoder,
    params: Params,
    first: int,
    page_size: int,
) -> Iterator[list[msgspec.Raw]]:
    """Pages of records by their rising id, `field`, from `first` on, to the first empty page.

    Records that arrive meanwhile have higher ids and are read too. Records whose id cannot be read are passed by
    offset, so that one of them never stops the rest. Raises SitooUnreadable when the answer is not in the order asked
    for, which would mean reading on for ever or past records.
    """
    following, beyond = first, 0
    while True:
        keyset = {**params, f"{field}from": str(following), "sort": field}
        page = _piece(fetch, request, keyset, beyond, page_size)
        if not page.items:
            return
        unread = next((back for back, raw in enumerate(reversed(page.items)) if _id_of(decoder, raw) is not None), None)
        if unread is None:
            beyond += len(page.items)
        else:
            ends = [_id_of(decoder, page.items[0]), _id_of(decoder, page.items[-1 - unread])]
            lowest, highest = (identifier if identifier is not None else following for identifier in ends)
            if not following <= lowest <= highest:
                what = f"{field} from {following} on were asked for, rising, and {lowest} to {highest} came"
                raise SitooUnreadable(request, what)
            following, beyond = highest + 1, unread
        yield page.items


def by_offset(fetch: Fetch, request: str, params: Params, page_size: int) -> Iterator[list[msgspec.Raw]]:
    """Pages of a list that stands still while it is read, ending on an empty page or at `totalcount`.

    A page shorter than asked for is no end: the greatest `num` is unknown, and Sitoo may cut it down. `request` names
    the list in errors.
    """
    start, page = 0, None
    while page is None or (page.items and start < page.totalcount):
        page = _piece(fetch, request, params, start, page_size)
        if page.items:
            yield page.items
        start += len(page.items)


def levels_by_offset(
    fetch: Fetch, request: str, params: Params, page_size: int
) -> Iterator[list[msgspec.Raw] | list[WarehouseItem]]:
    """As `by_offset`, of a warehouse's levels: there are millions of them, and nearly always nothing is wrong with any,
    so that a page is read and checked at once. One with something wrong is asked for again, and left raw.
    """
    start = 0
    page: Page | LevelsPage | None = None
    while page is None or (page.items and start < page.totalcount):
        body = fetch({**params, "start": str(start), "num": str(page_size)})
        page = _levels_page_of(body) or _piece(fetch, request, params, start, page_size)
        if page.items:
            yield page.items
        start += len(page.items)


def _levels_page_of(body: bytes) -> LevelsPage | None:
    """The page, None where any level cannot be kept as it is."""
    try:
        page = _levels_page.decode(body)
    except UNREADABLE:
        return None
    return page if can_be_kept(page.items) else None


def by_date_added(
    fetch: Fetch, added_from: int, added_to: int, registers: Callable[[], Sequence[str]]
) -> Iterator[list[msgspec.Raw]]:
    """Pages of Z-reports by rising `dateadded`, both ends included, each report once.

    There is no offset and at most 500 come back, so each page starts at the second the last one ended with. Should a
    full answer hold only one second, that second is read by register (`registers` names them all), halving the
    list until each answer is short of full. Where an answer is not JSON, the time is halved, down to a second.
    """
    following, until = added_from, added_to
    seen: set[tuple[str, int]] = set()
    while following <= added_to:
        body = fetch({"dateaddedfrom": str(following), "dateaddedto": str(until)})
        try:
            reports = _z_reports(body)
        except SitooUnreadable:
            if _between_brackets(body, after=b"") is None:
                raise
            if until > following:
                until = (following + until) // 2
                continue
            reports, reached = _second(fetch, following, registers()), following + 1
        else:
            reached = until + 1
            if len(reports) >= Z_REPORTS_PER_ANSWER:
                reached = _last_added(reports)
                if reached == following:
                    reports, reached = _second(fetch, following, registers()), following + 1
        fresh = [raw for raw in reports if _key_of(raw) not in seen]
        seen = {key for raw in reports if (key := _key_of(raw)) is not None}
        if fresh:
            yield fresh
        following, until = reached, added_to


def _second(fetch: Fetch, second: int, registers: Sequence[str]) -> list[msgspec.Raw]:
    """The reports added in one second, by register; of a register alone whose answer is not JSON, that answer."""
    params = {"dateaddedfrom": str(second), "dateaddedto": str(second), "registerid": ",".join(registers)}
    body = fetch(params)
    alone = len(registers) <= 1
    try:
        reports = _z_reports(body)
    except SitooUnreadable:
        only = _between_brackets(body, after=b"")
        if only is None:
            raise
        if alone:
            return [msgspec.Raw(only)]
    else:
        if len(reports) < Z_REPORTS_PER_ANSWER:
            return reports
        if alone:
            what = f"register {params['registerid']} added {Z_REPORTS_PER_ANSWER} or more reports in second {second}"
            raise SitooUnreadable("/pos-z-reports", what)
    middle = len(registers) // 2
    return _second(fetch, second, registers[:middle]) + _second(fetch, second, registers[middle:])


def _z_reports(body: bytes) -> list[msgspec.Raw]:
    try:
        return _list.decode(body)
    except UNREADABLE as error:
        raise SitooUnreadable("/pos-z-reports", str(error)) from None


def _last_added(reports: Sequence[msgspec.Raw]) -> int:
    for raw in reversed(reports):
        try:
            return _z_report_key.decode(raw).dateadded
        except UNREADABLE:
            continue
    raise SitooUnreadable("/pos-z-reports", "a full answer in which no report says when it was added")


def _key_of(raw: msgspec.Raw) -> tuple[str, int] | None:
    try:
        key = _z_report_key.decode(raw)
    except UNREADABLE:
        return None
    return key.registerid, key.zreportid


def _id_of(decoder: _IdDecoder, raw: msgspec.Raw) -> int | None:
    try:
        return decoder.decode(raw).id
    except UNREADABLE:
        return None
