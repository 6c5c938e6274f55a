import re
from pathlib import Path

from sitoo_netsuite.worklist.kinds import KINDS

_PAGE = Path(__file__).parents[2] / "docs" / "exceptions.md"


def test_the_page_on_exceptions_lists_every_kind_with_its_owner() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ([a-z ]+) \|", _PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name: owner.replace(" ", "_") for name, owner in rows} == {k.name: k.owner.value for k in KINDS.values()}
