from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sitoo_netsuite.sandbox.faults.catalogue import DATA_FAULTS
from sitoo_netsuite.sandbox.faults.file import Wish, read_faults
from sitoo_netsuite.sandbox.server import SandboxError

_TRANSPORT = ("html_502", "server_error")


def _read(tmp_path: Path, text: str) -> tuple[list[Wish], dict[str, int]]:
    path = tmp_path / "faults.yaml"
    path.write_text(text, encoding="utf-8")
    return read_faults(path, _TRANSPORT)


def test_what_an_entry_leaves_out_is_open(tmp_path: Path) -> None:
    (wish,), transport = _read(tmp_path, "- {fault: z_missing}")
    assert (wish.fault, wish.store, wish.trading_day, wish.record) == (DATA_FAULTS["z_missing"], None, None, None)
    assert transport == {}


def test_an_entry_may_name_everything_but_count_with_a_record(tmp_path: Path) -> None:
    text = "- {fault: z_disagrees, store: S01, trading_day: 2026-03-03, record: '{A}/2', amount_minor: 5000}"
    (wish,), _ = _read(tmp_path, text)
    assert (wish.store, wish.trading_day, wish.record, wish.amount_minor) == ("S01", date(2026, 3, 3), "{A}/2", 5000)


def test_an_orderid_needs_no_quotes(tmp_path: Path) -> None:
    (wish,), _ = _read(tmp_path, "- {fault: receipt_missing, record: 20037}")
    assert wish.record == "20037"


def test_a_count_is_as_many_wishes(tmp_path: Path) -> None:
    wishes, _ = _read(tmp_path, "- {fault: unmapped_tender, count: 3, trading_day: '2026-03-03'}")
    assert [(wish.fault.name, wish.trading_day) for wish in wishes] == [("unmapped_tender", date(2026, 3, 3))] * 3


def test_trouble_on_the_line_is_counted(tmp_path: Path) -> None:
    wishes, transport = _read(tmp_path, "- {fault: html_502, count: 2}\n- {fault: server_error}\n- {fault: html_502}")
    assert wishes == []
    assert transport == {"html_502": 3, "server_error": 1}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("fault: z_missing", "must be a list"),
        ("- z_missing", "entry 1: must be a mapping"),
        (
            "- {fault: z_missing}\n- {fault: z_mising}",
            "entry 2: there is no fault 'z_mising'; there are sku_not_in",
        ),
        ("- {store: S01}", "there is no fault 'None'"),
        ("- {fault: z_missing, shop: S01}", r"entry 1 \(z_missing\): shop is not known; there are fault, store,"),
        ("- {fault: z_missing, count: 0}", "count must be a whole number above 0, not 0"),
        ("- {fault: z_missing, count: two}", "count must be a whole number above 0, not 'two'"),
        ("- {fault: z_missing, count: true}", "count must be a whole number"),
        ("- {fault: z_disagrees, amount_minor: -5}", "amount_minor must be a whole number above 0"),
        ("- {fault: z_missing, amount_minor: 5}", "about no amount; leave out amount_minor"),
        ("- {fault: z_missing, trading_day: 2026-02-30}", "is no YAML: day is out of range"),
        ("- {fault: z_missing, trading_day: 3}", "trading_day must be a date such as"),
        ("- {fault: z_missing, trading_day: 2026-03-03T10:00:00}", "trading_day must be a date such as"),
        ("- {fault: z_missing, store: 1}", "store must be a text, not 1; put it in quotes"),
        ("- {fault: z_missing, record: '{A}/1', count: 2}", "leave out record or count"),
        ("- {fault: unmapped_store, store: S01}", "leave out store and record"),
        ("- {fault: price_changed, store: S01}", "of no store and no day; leave out store and trading_day"),
        ("- {fault: customer_doubled, trading_day: 2026-03-03}", "of no store and no day"),
        ("- {fault: lower_list, amount_minor: 500}", "about no amount; leave out amount_minor"),
        ("- {fault: html_502, store: S01}", "takes a count and nothing else"),
        ("- {fault: [", "is no YAML"),
    ],
)
def test_a_mistake_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SandboxError, match=said):
        _read(tmp_path, text)


def test_a_file_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="cannot be read"):
        read_faults(tmp_path / "nothing.yaml", _TRANSPORT)
