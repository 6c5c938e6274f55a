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
    with pytest.raises(SitooUnreadable, match="orders from 3 on"):
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
