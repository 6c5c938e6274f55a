"""Reading lists to their end: what grows, what is cut down, what cannot be read, and more reports than fit a second."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sitoo_netsuite.sitoo.errors import SitooUnreadable
from sitoo_netsuite.sitoo.paging import Params, by_date_added, by_offset, by_orderid
from sitoo_netsuite_tests.sandbox.sitoo.tiny_trade import OPENING, served, z_version
from sitoo_netsuite_tests.sitoo.conftest import ClientFor

Record = dict[str, object]


def _orders(records: list[Record], most: int = 1000) -> Callable[[Params], bytes]:
    """Answers as Sitoo does: by rising orderid from orderidfrom on; a record without a readable id sorts by `at`."""

    def fetch(params: Params) -> bytes:
        first, start, num = (int(params[name]) for name in ("orderidfrom", "start", "num"))
        found = [record for record in records if int(str(record["at"])) >= first]
        return json.dumps({"totalcount": len(found), "items": found[start : start + min(num, most)]}).encode()

    return fetch


def _places(pages: list[list[msgspec.Raw]]) -> list[int]:
    return [json.loads(bytes(raw))["at"] for page in pages for raw in page]


@given(
    readable=st.lists(st.booleans(), max_size=30),
    page_size=st.integers(1, 7),
    most=st.integers(1, 7),
)
def test_every_order_is_read_once_whatever_cannot_be_read_and_however_small_the_pages(
    readable: list[bool], page_size: int, most: int
) -> None:
    records: list[Record] = [
        {"at": place, "orderid": place} if fine else {"at": place, "orderid": "?"}
        for place, fine in enumerate(readable, start=1)
    ]
    pages = list(by_orderid(_orders(records, most), {}, 0, page_size))
    assert _places(pages) == [record["at"] for record in records]


@pytest.mark.parametrize("items", [[{"orderid": 9}, {"orderid": 3}], [{"orderid": 2}]])
def test_an_answer_in_another_order_than_asked_for_stops_the_reading(items: list[Record]) -> None:
    body = json.dumps({"totalcount": 2, "items": items}).encode()
    with pytest.raises(SitooUnreadable, match="orderid from 3 on"):
        list(by_orderid(lambda _: body, {}, 3, 10))


def test_a_list_is_read_to_its_total_also_when_sitoo_cuts_the_pages_down() -> None:
    def fetch(params: Params) -> bytes:
        start = int(params["start"])
        return json.dumps({"totalcount": 10, "items": list(range(10))[start : start + 3]}).encode()

    assert [len(page) for page in by_offset(fetch, "/sites", {}, 1000)] == [3, 3, 3, 1]


def test_a_body_that_is_no_envelope_is_broken() -> None:
    with pytest.raises(SitooUnreadable):
        list(by_offset(lambda _: b"<html>", "/sites", {}, 10))


def test_z_reports_beyond_one_answer_are_read_on_and_each_comes_once(tmp_path: Path, client_for: ClientFor) -> None:
    with served(tmp_path, orders=1) as sitoo:
        # 1,100 reports, two a second, so that answers end in the middle of one; and 520 more in a single second.
        rows = [z_version(sitoo.world, number, OPENING + number // 2, shop=number % 2) for number in range(1100)]
        rows += [z_version(sitoo.world, number, OPENING + 900, shop=number % 2) for number in range(1100, 1620)]
        rows += [z_version(sitoo.world, 2000, OPENING + 950)]
        sitoo.store.write(z_reports=rows)
        sitoo.at(OPENING + 1000)
        client = client_for(sitoo)

        def numbers(added_from: int, added_to: int) -> list[int]:
            pages = client.z_report_pages(added_from, added_to)
            return sorted(json.loads(bytes(raw))["zreportid"] for page in pages for raw in page)

        assert numbers(OPENING, OPENING + 1000) == [*range(1620), 2000]
        assert numbers(OPENING + 950, OPENING + 950) == [2000]
        assert numbers(OPENING + 951, OPENING + 960) == []


def test_a_single_till_with_too_many_reports_in_a_second_is_said_and_not_guessed() -> None:
    reports = [{"registerid": "{A}", "zreportid": number, "dateadded": 5} for number in range(500)]
    with pytest.raises(SitooUnreadable, match="500 or more"):
        list(by_date_added(lambda _: json.dumps(reports).encode(), 5, 9, lambda: ["{A}"]))


def _z_reports(reports: list[tuple[int, str, bytes]]) -> Callable[[Params], bytes]:
    """Answers as Sitoo does: (second added, register, body) in the window and of the registers asked for."""

    def fetch(params: Params) -> bytes:
        first, last = int(params["dateaddedfrom"]), int(params["dateaddedto"])
        wanted = params.get("registerid", "").split(",") if "registerid" in params else None
        found = [body for at, register, body in reports if first <= at <= last and (not wanted or register in wanted)]
        return b"[%b]" % b",".join(found)

    return fetch


_BROKEN = b'{"registerid": "R2", "zreportid": 7, "dateadded": 50, "comment": "\\ud83d"}'


@given(broken=st.lists(st.booleans(), min_size=1, max_size=12), page_size=st.integers(1, 7))
def test_orders_that_are_not_json_are_passed_on_alone_and_every_other_order_is_read_once(
    broken: list[bool], page_size: int
) -> None:
    bodies = [b'{"orderid":%d%b}' % (place, b',"x":NaN' * bad) for place, bad in enumerate(broken, start=1)]

    def fetch(params: Params) -> bytes:
        first, start, num = (int(params[name]) for name in ("orderidfrom", "start", "num"))
        found = bodies[max(first - 1, 0) :]
        return b'{"totalcount":%d,"items":[%b]}' % (len(found), b",".join(found[start : start + num]))

    assert [bytes(raw) for page in by_orderid(fetch, {}, 0, page_size) for raw in page] == bodies


def test_a_z_report_that_is_not_json_is_passed_on_alone_and_every_other_is_read_once() -> None:
    fine = [
        (at, register, b'{"registerid":"%b","zreportid":%d,"dateadded":%d}' % (register.encode(), at, at))
        for at, register in ((10, "R1"), (50, "R1"), (50, "R3"), (90, "R2"))
    ]
    fetch = _z_reports([*fine[:2], (50, "R2", _BROKEN), *fine[2:]])
    pages = list(by_date_added(fetch, 0, 1_000_000, lambda: ["R1", "R2", "R3"]))
    assert sorted(bytes(raw) for page in pages for raw in page) == sorted([_BROKEN, *(body for _, _, body in fine)])


@pytest.mark.parametrize("body", [b"<html>[no]</html>", b"", b"null", b'{"totalcount": 1}', b'{"items": []'])
def test_an_answer_that_is_no_list_at_all_is_refused_at_once(body: bytes) -> None:
    asked: list[Params] = []

    def fetch(params: Params) -> bytes:
        asked.append(params)
        return body

    with pytest.raises(SitooUnreadable, match="/orders"):
        list(by_orderid(fetch, {}, 0, 500))
    with pytest.raises(SitooUnreadable, match="/pos-z-reports"):
        list(by_date_added(fetch, 0, 1_000_000, lambda: ["R1"]))
    assert len(asked) == 2
