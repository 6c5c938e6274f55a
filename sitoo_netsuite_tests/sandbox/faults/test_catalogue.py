from __future__ import annotations

import re
from pathlib import Path

from sitoo_netsuite.sandbox.faults.catalogue import DATA_FAULTS, TYPICAL
from sitoo_netsuite.sandbox.faults.transport import TRANSPORT_FAULTS
from sitoo_netsuite.worklist.kinds import KINDS

_PAGE = Path(__file__).parents[3] / "docs" / "faults.md"


def _table(heading: str) -> list[list[str]]:
    """The cells of the rows of a section's table."""
    section = _PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    rows = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row] for row in rows]


def _names(cell: str) -> tuple[str, ...]:
    return tuple(re.findall(r"`(\w+)`", cell))


def test_the_page_and_the_catalogue_name_the_same_faults_cases_and_follow_ups() -> None:
    tables = (*_table("Data faults"), *_table("Faults of the master data"))
    page = {row[0]: (row[2], _names(row[6])) for row in tables}
    ours = {f"`{fault.name}`": (f"`{fault.case_kind}`", fault.follow_ups) for fault in TYPICAL}
    assert page == ours


def test_a_fault_with_a_cure_stands_as_the_page_says() -> None:
    lasting = {fault.name: fault for fault in TYPICAL}
    page = {_names(row[0])[0]: lasting[_names(row[1])[0]] for row in _table("Faults with their cure")}
    ours = {fault.name: fault for fault in DATA_FAULTS.values() if fault.cured}
    assert page.keys() == ours.keys()
    for name, stands_as in page.items():
        assert (ours[name].case_kind, ours[name].follow_ups) == (stands_as.case_kind, stands_as.follow_ups)
        assert (ours[name].target, ours[name].holds) == (stands_as.target, stands_as.holds)


def test_the_page_names_every_trouble_on_the_line() -> None:
    assert {_names(row[0])[0] for row in _table("Trouble on the line")} == set(TRANSPORT_FAULTS)


def test_every_case_of_a_fault_is_one_that_may_be_raised() -> None:
    for fault in DATA_FAULTS.values():
        assert {fault.case_kind, *fault.follow_ups} <= KINDS.keys()


def test_a_fault_is_of_the_master_data_where_the_page_names_no_store_and_day() -> None:
    page = {_names(row[0])[0] for row in _table("Faults of the master data") if not row[4]}
    assert page == {fault.name for fault in DATA_FAULTS.values() if fault.of_master_data}


def test_an_amount_is_named_only_where_the_page_says_so() -> None:
    amounts = {_names(row[0])[0]: row[5] for row in _table("Data faults")}
    assert {name for name, cell in amounts.items() if "amount_minor" in cell} <= {
        fault.name for fault in DATA_FAULTS.values() if fault.takes_amount
    }
