"""Every kind of mistake a person makes in estate.yaml: each is told by its place and its mend, in one message."""

from __future__ import annotations

from pathlib import Path

import pytest

from sitoo_netsuite.estate import EstateError, load_estate
from sitoo_netsuite.sandbox.estate_file import estate_yaml
from sitoo_netsuite.sandbox.world import make_world

RIGHT = estate_yaml(make_world(seed=1, stores=2, days=1))


def findings(path: Path, content: bytes) -> list[str]:
    path.write_bytes(content)
    with pytest.raises(EstateError) as caught:
        load_estate(path)
    assert str(path) in str(caught.value)
    return caught.value.findings


# What is written instead of what, and the one line it makes.
# As the sandbox writes it for every store.
_GO_LIVE = "{sales: 2026-03-02, stock: 2026-03-02}"

MISTAKES: dict[str, tuple[str, str, str]] = {
    "an unknown setting": ("    cut_over:", "    cutover:", "stores[0].cutover: is not a setting; check its spelling"),
    "a setting left out": ("    name: ", "    # name: ", "stores[0].name: is missing; add it"),
    "no value": ('      tips: "12450"', "      tips:", "books[0].accounts.tips: has no value; write one"),
    "an empty text": (
        '      tips: "12450"',
        '      tips: ""',
        "books[0].accounts.tips: choose the number of an account",
    ),
    "a list for a text": (
        '      tips: "12450"',
        "      tips: [12450]",
        "accounts.tips: must be text; write it in quotes",
    ),
    "an octal number": (
        '      tips: "12450"',
        "      tips: 01245",
        ": 01245 is another number to YAML; write it in quotes, as",
    ),
    "a hexadecimal number": (
        '      tips: "12450"',
        "      tips: 0x1245",
        "0x1245 is another number to YAML; write it in",
    ),
    "a number with a thousands mark": ('      tips: "12450"', "      tips: 12_450", "12_450 is another number to YAML"),
    "a number with decimals": (
        '      tips: "12450"',
        "      tips: 12450.0",
        "accounts.tips: must be text; write it in",
    ),
    "a number to base sixty": ('cut_over: "04:00"', "cut_over: 10:30", "10:30 is another number to YAML; write it in"),
    "a yes for a text": ('      tips: "12450"', "      tips: yes", "accounts.tips: must be text; write it in quotes"),
    "a country that is a no": ('store: "S01"', "store: NO", "stores[0].store: must be text; write it in quotes"),
    "a tag": ('      tips: "12450"', "      tips: !!int x", "has the YAML tag tag:yaml.org,2002:int; remove it"),
    "an object": ("retailer: ", "retailer: !!python/object:os.x ", "has the YAML tag"),
    "a doubled name": (
        '      tips: "12450"',
        '      tips: "1"\n      tips: "2"',
        "books[0].accounts.tips (line 78): stands there twice",
    ),
    "a doubled part": (
        "stores:\n",
        "stores: []\nstores:\n",
        ": stands there twice, and only the last would count; keep one",
    ),
    "a merge": (
        "    accounts:\n",
        "    accounts:\n      <<: {a: b}\n",
        "merging entries is not supported; write them out",
    ),
    "an alias to nothing": ('      tips: "12450"', "      tips: *tips", "is not YAML: found undefined alias"),
    "a circle": ("items:\n", "items: &i [*i]\nold:\n", "refers to itself by *i; write it out"),
    "a second document": ("stores:\n", "---\nstores:\n", "a second document begins; one file holds one"),
    "a list for a mapping": (
        "    accounts:\n",
        "    accounts: []\n    x:\n",
        "books[0].accounts: must hold settings, each as",
    ),
    "a text for a list": ("stores:\n", "stores: none\nx:\n", "stores: must be a list; begin each entry with `- `"),
    "no store at all": ("stores:\n", "stores: []\nx:\n", "stores: must have at least one entry; add it"),
    "a list as a name": ("retailer: ", "? [a, b]\n: c\nretailer: ", "a name must be text; quote or remove it"),
    "a number as a name": (
        "          cleaning:",
        "          2026:",
        "petty_cash.reasons[2026]: must be text; write it in quotes",
    ),
    "a tab": ("    time_zone:", "\ttime_zone:", "YAML takes no tabs for indentation, use spaces"),
    "a bracket left open": ("    go_live: {", "    go_live: [{", "is not YAML: "),
    "a quote left open": ('cut_over: "04:00"', 'cut_over: "04:00', "is not YAML: "),
    "a control character": ("retailer: ", "retailer: \x07", "line 3: holds a control character; remove it"),
    "a line break in a name": (
        "    name: ",
        '    name: "a\\nb" #',
        "stores[0].name: begins or ends with a space, or holds",
    ),
    "a space after a tender": (
        "{name: Gift card,",
        '{name: "Gift card ",',
        "begins or ends with a space, or holds a line",
    ),
    "a zone that is none": ("Europe/Stockholm", "Europe/Atlantis", "stores[0].time_zone: write an IANA time zone"),
    "a zone that is a continent": ("Europe/Stockholm", "Europe", "stores[0].time_zone: write an IANA time zone"),
    "a zone that is a path": ("Europe/Stockholm", "../../etc/passwd", "stores[0].time_zone: write an IANA time zone"),
    "a time that is none": ('cut_over: "04:00"', 'cut_over: "25:00"', 'write the time in quotes, as in "04:00"'),
    "a time with a zone": ('cut_over: "04:00"', 'cut_over: "04:00Z"', 'write the time in quotes, as in "04:00"'),
    "seconds for a time": ('cut_over: "04:00"', 'cut_over: "14400"', 'write the time in quotes, as in "04:00"'),
    "a date that is none": (
        _GO_LIVE,
        "{sales: 2026-02-30}",
        "2026-02-30 is not a date; write one as 2026-03-02",
    ),
    "a date turned round": (_GO_LIVE, "{sales: 02.03.2026}", "go_live.sales: write a date as 2026-03-02"),
    "a date as a number": (_GO_LIVE, "{sales: 20260302}", "go_live.sales: write a date as 2026-03-02"),
    "a date with a time": (
        _GO_LIVE,
        "{sales: 2026-03-02 10:00:00}",
        "is not a date; write one as 2026-03-02",
    ),
    "a date before all": (_GO_LIVE, "{sales: 0001-01-01}", "lies before 2000-01-01 or after 2099-12-31"),
    "a date after all": (_GO_LIVE, "{sales: 3026-03-02}", "lies before 2000-01-01 or after 2099-12-31"),
    "a setting that begins after go-live": (
        _GO_LIVE,
        "{sales: 2026-03-01}",
        "must hold from go-live (2026-03-01) on",
    ),
    "a way of booking nobody has": ("value: summary", "value: sometimes", "stores[0].sales[0].value: write summary"),
    "a kind of tender nobody has": ("kind: cash}", "kind: money}", "tenders[0].kind: write cash, card, gift_card,"),
    "a yes that is none": ("retailer: ", "read_only: maybe\nretailer: ", "read_only: write true or false"),
    "a store number in words": (
        "    sitoo_store: 1",
        "    sitoo_store: one",
        "stores[0].sitoo_store: write a whole number",
    ),
    "a store number that is a yes": (
        "    sitoo_store: 1",
        "    sitoo_store: yes",
        "stores[0].sitoo_store: write a whole number",
    ),
    "a negative count": (
        "retailer: ",
        "sitoo: {overlap_orders: -1}\nretailer: ",
        "sitoo.overlap_orders: must be greater than",
    ),
    "waits without an end": (
        "retailer: ",
        "sitoo: {retry_seconds: .inf}\nretailer: ",
        "sitoo.retry_seconds: must be less than",
    ),
    "no slot": ("retailer: ", "netsuite: {slots: 0}\nretailer: ", "netsuite.slots: must be greater than or equal to 1"),
    "too many lines": (
        "retailer: ",
        "netsuite: {journal_lines: 10000}\nretailer: ",
        "netsuite.journal_lines: must be less than",
    ),
    "a rate in words": ('rate: "25"', "rate: full", "vat[0].rate: write the VAT rate in percent"),
    "a rate with a sign": ('rate: "25"', 'rate: "25%"', "vat[0].rate: write the VAT rate in percent"),
    "a rate without an end": ('rate: "25"', "rate: .inf", "vat[0].rate: write the VAT rate in percent"),
    "a rate that is no number": ('rate: "25"', 'rate: "nan"', "vat[0].rate: write the VAT rate in percent"),
    "a rate above all": ('rate: "25"', 'rate: "250"', "lies between 0 and 100 percent and has at most two decimals"),
    "a rate twice": ('- rate: "12"', '- rate: "25.00"', "books[0].vat[1].rate: 2500 stands there twice; keep one"),
    "a currency in small letters": (
        "    currency: SEK",
        "    currency: kr",
        'write the ISO 4217 currency code, as in "SEK"',
    ),
    "a currency other than the books'": (
        "currency: SEK\n    time",
        "currency: EUR\n    time",
        "EUR, but its books are in SEK",
    ),
    "an id that is a name": ('    location: "', '    location: "x', "location: choose NetSuite's internal id, as in"),
    "a subsidiary without books": ("    name: ", '    subsidiary: "99"\n    name: ', "subsidiary"),
    "a card nobody defined": (
        "kind: gift_card, card: gift card}",
        "kind: gift_card, card: other}",
        "is a card of type 'other'; add it",
    ),
    "a store twice": ('store: "S02"', 'store: "S01"', "stores[1].store: 'S01' stands there twice; keep one"),
    "a store with a dash": ('store: "S01"', 'store: "S-01"', "stores[0].store: write 1 to 20 letters, digits or _"),
    "a tax schedule without a VAT group": (
        "vat_groups: {1: 2, 2: 2}",
        "vat_groups: {}",
        "catalogue.tax_schedules[0].vat_groups: must have at least one entry; add it",
    ),
    "a VAT group in words": (
        "vat_groups: {1: 2, 2: 2}",
        "vat_groups: {1: high}",
        "catalogue.tax_schedules[0].vat_groups[1]: write a whole number",
    ),
    "a tax schedule twice": (
        'tax_schedule: "Food"',
        'tax_schedule: "Standard"',
        "catalogue.tax_schedules[2].tax_schedule: 'Standard' stands there twice; keep one",
    ),
    "an attribute that nobody has given a field": (
        "Colour: custitem_colour",
        'Colour: "?"',
        'catalogue.matrix_options.Colour: choose the name of a field in NetSuite, as in "custitem_colour"',
    ),
    "a field with a space": (
        "Colour: custitem_colour",
        "Colour: the colour",
        "catalogue.matrix_options.Colour: choose the name of a field in NetSuite",
    ),
    "a tax basis that nobody has decided": (
        "holds_vat: true",
        'holds_vat: "?"',
        "catalogue.price_levels[0].holds_vat: is not decided yet; choose one",
    ),
    "a price level that nobody has decided": (
        'price_level: "Base Price", currency: SEK',
        'price_level: "?", currency: SEK',
        "catalogue.price_lists[0].price_level: is not decided yet; choose one",
    ),
    "a price level that is not there": (
        'price_level: "Base Price", currency: SEK',
        'price_level: "Base", currency: SEK',
        "catalogue.price_lists[0].price_level: no price level 'Base'; add it",
    ),
    "a site without its default list": (
        "{site: 1, price_list: 1,",
        "{site: 1, price_list: 7,",
        "catalogue.price_lists[0].site: site 1 has no price list 1, without which a new product has no price; add it",
    ),
    "a price list twice": (
        "{site: 2, price_list: 1,",
        "{site: 1, price_list: 1,",
        "catalogue.price_lists[1].price_list: (1, 1) stands there twice; keep one",
    ),
    "a drift that is neither": (
        "catalogue:\n  push: true\n",
        "catalogue:\n  push: true\n  drift: fix\n",
        "catalogue.drift: write put_back or flag",
    ),
    "a batch of nothing": (
        "catalogue:\n  push: true\n",
        "catalogue:\n  push: true\n  batch: 0\n",
        "catalogue.batch: must be greater than or equal",
    ),
    "an address shared by one": (
        "customers: {push: true}",
        "customers: {push: true, shared_by: 1}",
        "customers.shared_by: must be greater than or equal to 2",
    ),
    "one placeholder for a list": (
        "customers: {push: true}",
        'customers: {push: true, placeholders: "@example.com"}',
        "customers.placeholders: must be a list; begin each entry with `- `",
    ),
    "a feed nobody has": (
        "stock:\n  push: true\n",
        "stock:\n  feed: hourly\n",
        "stock.feed: write after_close or during_day",
    ),
    "an approval of what needs none": (
        "stock:\n  push: true\n",
        "stock:\n  needs_approval: [sales]\n",
        "stock.needs_approval[0]: write manual, stocktake or shipment",
    ),
    "an owner that is no system": (
        "transfers: sitoo",
        "transfers: both",
        "stock.owners.transfers: write sitoo or netsuite",
    ),
    "an owner of a movement that only one system makes": (
        "transfers: sitoo",
        "adjustments: netsuite",
        "stock.owners.adjustments",
    ),
    "one approval for a list": (
        "stock:\n  push: true\n",
        "stock:\n  needs_approval: stocktake\n",
        "stock.needs_approval: must be a list",
    ),
    "an adjustment that NetSuite would not take": (
        "stock:\n  push: true\n",
        "stock:\n  adjustment_lines: 5000\n",
        "stock.adjustment_lines: must be less than or equal",
    ),
    "a store's stock without a warehouse": (
        '    - {warehouse: 11, store: "S01", location: "11"}\n',
        "",
        "no warehouse of store 'S01' stands under stock.warehouses",
    ),
    "a warehouse of no store": (
        '{warehouse: 11, store: "S01"',
        '{warehouse: 11, store: "S09"',
        "stock.warehouses[0].store: no store 'S09'",
    ),
    "a warehouse twice": (
        "{warehouse: 12,",
        "{warehouse: 11,",
        "stock.warehouses[1].warehouse: 11 stands there twice; keep one",
    ),
    "a location twice": (
        'store: "S02", location: "12"',
        'store: "S02", location: "11"',
        "stock.warehouses[1].location: '11' stands there twice",
    ),
    "a warehouse by its name": (
        "{warehouse: 11,",
        "{warehouse: main,",
        "stock.warehouses[0].warehouse: write a whole number",
    ),
    "a location by its name": (
        'in_transit: "9002"',
        'in_transit: "In transit"',
        "books[0].stock.in_transit: choose NetSuite's internal id",
    ),
    "goods in transit at a store": (
        'in_transit: "9002"',
        'in_transit: "11"',
        "books[0].stock.in_transit: 11 is the location of a store's warehouse",
    ),
    "goods sold against no account": ('      cogs: "', '      cost: "', "books[0].stock.cogs: is missing; add it"),
    "stock before sales": (
        _GO_LIVE,
        "{sales: 2026-03-02, stock: 2026-03-01}",
        "go_live.stock: lies before go_live.sales",
    ),
    "a tender that needs an account": ("kind: cash}", "kind: other}", "of kind other needs an `account`"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_by_its_place_and_its_mend(tmp_path: Path, mistake: str) -> None:
    right, wrong, expected = MISTAKES[mistake]
    assert right in RIGHT, "the example has changed"
    found = findings(tmp_path / "estate.yaml", RIGHT.replace(right, wrong, 1).encode())
    assert [line for line in found if expected in line], found
    assert not [line for line in found if "Traceback" in line or "pydantic" in line or len(line) > 300]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty; write a first one with `sitoo-netsuite estate draft`"),
        (b"# nothing yet\n", "is empty; write a first one"),
        (b"- retailer\n", "the file must hold a mapping with `retailer`, `books` and `stores`"),
        (b"retailer", "the file must hold a mapping"),
        (RIGHT.encode("utf-16"), "line 1: is not UTF-8; save the file as UTF-8"),
        (RIGHT.replace("retailer: ", "retailer: caf\xe9 ").encode("latin-1"), "line 3: is not UTF-8"),
        (b"[" * 100_000, "is nested more than 20 deep"),
        (b"a: " + b"x" * 2_000_000, "is 2.0 MB; such a file is a few pages of text"),
        (b"\x00\x01\x02", "holds a control character"),
        (b"<html><body>Not found</body></html>", "the file must hold a mapping"),
        (b'{"retailer": "X", "books": [], "stores": []}', "books: must have at least one entry; add it"),
    ],
)
def test_a_file_that_is_no_estate_is_told_apart_from_one_with_mistakes(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    assert expected in findings(tmp_path / "estate.yaml", content)[0]


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(EstateError, match="is not a file; name the file itself"):
        load_estate(tmp_path)


def test_every_mistake_is_told_at_once_and_a_hopeless_file_is_cut_short(tmp_path: Path) -> None:
    wrong = RIGHT.replace("Europe/Stockholm", "Europe/Atlantis").replace("kind: cash", "kind: money")
    found = findings(tmp_path / "estate.yaml", wrong.encode())
    assert len([line for line in found if "time zone" in line or "write cash" in line]) >= 2
    hopeless = "retailer: X\n" + "".join(f"setting{number}: 1\n" for number in range(500))
    found = findings(tmp_path / "estate.yaml", hopeless.encode())
    assert len(found) == 41
    assert found[-1] == "and 462 more mistakes"


def test_entries_may_be_shared_by_reference_and_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    path = tmp_path / "estate.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + RIGHT.replace("sales: [{", "sales: &s [{", 1).encode())
    assert load_estate(path).stores[0].sales
