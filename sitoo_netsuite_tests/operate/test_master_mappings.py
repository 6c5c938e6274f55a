"""What master data needs of both systems, one thing broken at a time over real HTTP; and what no sandbox has wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sitoo_netsuite.estate import CatalogueSettings, load_estate
from sitoo_netsuite.operate.doctor import Finding, examine
from sitoo_netsuite.operate.facts import CustomerCount, LevelPrices, ScheduleItems, SiteFacts
from sitoo_netsuite.operate.master_mappings import (
    customer_findings,
    level_findings,
    lists_left_alone,
    option_finding,
    schedule_findings,
    sitoo_catalogue_findings,
    till_flag_finding,
)
from sitoo_netsuite.settings import ESTATE
from sitoo_netsuite.sitoo.models import PriceList, PriceListItem, Product, ProductGroup, Site, SiteSettings
from sitoo_netsuite_tests.examples import example_estate

Edit = Callable[[dict[str, Any]], object]
Examined = Callable[[Edit], list[Finding]]


@pytest.fixture
def examined(env: dict[str, str], tmp_path: Path) -> Examined:
    """What the doctor finds of the sandbox with its estate changed."""

    def examine_changed(edit: Edit) -> list[Finding]:
        content = yaml.safe_load(Path(env[ESTATE]).read_text(encoding="utf-8"))
        edit(content)
        path = tmp_path / "estate.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        load_estate(path)
        return examine({**env, ESTATE: str(path)}, None)

    return examine_changed


def wrong(findings: list[Finding]) -> list[tuple[str, str, str]]:
    found = [finding for finding in findings if finding.level != "ok" and finding.subject in ("catalogue", "customers")]
    assert all(finding.mend for finding in found)
    return [(finding.level, finding.subject, finding.text) for finding in found]


# ------------------------------------------------------------------------------------------------- both sandboxes


def test_the_sandboxes_master_data_is_as_it_must_be_and_what_is_written_is_said(examined: Examined) -> None:
    def quiet(estate: dict[str, Any]) -> None:
        estate["catalogue"]["push"] = False

    findings = examined(quiet)
    assert wrong(findings) == []
    texts = [finding.text for finding in findings]
    assert "`push: false`: what differs is shown and flagged, and no products and prices in Sitoo are written" in texts
    assert any(text.startswith("`push: true`: runs write customers in NetSuite") for text in texts)
    assert any("customers can be read" in text for text in texts)
    assert "70 items have a value of Colour (custitem_colour)" in texts


def test_item_fields_that_netsuite_lacks_are_named_and_the_rest_is_still_checked(examined: Examined) -> None:
    def misname(estate: dict[str, Any]) -> None:
        estate["catalogue"]["matrix_options"]["Colour"] = "custitem_color"
        estate["catalogue"]["till_flag"] = "custitem_tills"

    findings = examined(misname)
    colour, flag = wrong(findings)
    assert colour[:2] == flag[:2] == ("problem", "catalogue")
    assert "item field custitem_color cannot be read" in colour[2]
    assert "item field custitem_tills cannot be read" in flag[2]
    assert any("tax schedules have items" in finding.text for finding in findings)


def test_a_price_level_a_tax_schedule_and_a_basis_that_netsuite_does_not_know_are_problems(examined: Examined) -> None:
    def misname(estate: dict[str, Any]) -> None:
        catalogue = estate["catalogue"]
        catalogue["price_levels"][0] = {"price_level": "Shop Price"}
        for source in catalogue["price_lists"]:
            source["price_level"] = "Shop Price"
        catalogue["tax_schedules"][0]["tax_schedule"] = "Standart"

    texts = {text: level for level, _, text in wrong(examined(misname))}
    path = "catalogue.price_levels[0]"
    assert texts[f"no item of NetSuite has a price of price level 'Shop Price' ({path}.price_level)"] == "problem"
    assert texts[f"whether prices of price level 'Shop Price' hold VAT is not known ({path}.holds_vat)"] == "problem"
    path = "catalogue.tax_schedules[0].tax_schedule"
    assert texts[f"no item of NetSuite has tax schedule 'Standart' ({path})"] == "problem"
    assert any("items for the tills have tax schedule 'Standard', which has no VAT group of site 1" in t for t in texts)


def test_a_site_a_price_list_a_vat_group_and_a_currency_that_sitoo_lacks_are_named(examined: Examined) -> None:
    def mislead(estate: dict[str, Any]) -> None:
        catalogue = estate["catalogue"]
        lists = catalogue["price_lists"]
        lists += [{**lists[0], "price_list": 9}, {**lists[0], "site": 8}]
        lists[1]["currency"] = "SEK"
        catalogue["tax_schedules"][0]["vat_groups"] = {1: 77, 2: 2, 8: 2}

    assert [text for _, _, text in wrong(examined(mislead))][:4] == [
        "price list 1 Default of Lindgrove United Kingdom is in GBP, the estate fills it in SEK "
        "(catalogue.price_lists[1].currency)",
        "Lindgrove Sweden of Sitoo has no price list 9 (catalogue.price_lists[2].price_list)",
        "Sitoo has no site 8 (catalogue.price_lists[3].site)",
        "Lindgrove Sweden of Sitoo has no VAT group 77 for tax schedule 'Standard' "
        "(catalogue.tax_schedules[0].vat_groups.1)",
    ]


def test_a_subsidiary_that_netsuite_lacks_is_named_with_its_price_list(examined: Examined) -> None:
    findings = wrong(examined(lambda estate: estate["catalogue"]["price_lists"][0].update(subsidiary="99")))
    assert ("problem", "catalogue", "NetSuite has no active subsidiary 99 (catalogue.price_lists[0].subsidiary)") in (
        findings
    )


def test_books_without_a_country_are_told_where_customers_are_matched(examined: Examined) -> None:
    ((level, subject, text),) = wrong(examined(lambda estate: estate["books"][1].pop("country")))
    assert (level, subject) == ("warning", "customers")
    assert text.startswith("the books of subsidiary 3 name no country")


def test_without_the_sections_nothing_of_them_is_asked_and_that_is_said(examined: Examined) -> None:
    def drop(estate: dict[str, Any]) -> None:
        del estate["catalogue"], estate["customers"]

    findings = [finding for finding in examined(drop) if finding.subject in ("catalogue", "customers")]
    assert [finding.text for finding in findings] == [
        "the estate has no `catalogue`: that flow does nothing",
        "the estate has no `customers`: that flow does nothing",
    ]


# ---------------------------------------------------------------------------------- what the sandbox never has wrong

SETTINGS = CatalogueSettings.model_validate(
    {
        "tax_schedules": [{"tax_schedule": "Standard", "vat_groups": {1: 2}}],
        "price_levels": [{"price_level": "Base Price", "holds_vat": True}],
        "price_lists": [
            {"site": 1, "price_list": 1, "price_level": "Base Price", "currency": "SEK", "subsidiary": "2"}
        ],
    }
)
SITE = SiteFacts(
    site=Site(eshopid=1),
    settings=SiteSettings(1, "SEK", "Europe/Stockholm", eshopname="Sweden", pricesstoredwithvat=True),
    stores=(),
    registers=(),
    warehouses=(),
    payment_types=(),
    product_groups=(ProductGroup(2, "Goods", 25, 10),),
    products=(Product(1, "TEE", moneyprice="100.00"), Product(2, "CAP", moneyprice="50.00")),
    price_lists=(PriceList(1, "Default", active=True),),
)


def test_a_list_that_applies_to_all_and_undercuts_is_warned_of_and_others_are_not() -> None:
    sale = PriceList(5, "Sale", active=True)
    others = (
        PriceList(6, "Staff", True, tags=["staff"]),
        PriceList(7, "Old", False),
        PriceList(8, "Euro", True, None, "EUR"),
    )
    site = replace(SITE, price_lists=(*SITE.price_lists, sale, *others))
    assert lists_left_alone(SETTINGS, site) == [sale]
    prices = {(1, 5): (PriceListItem("99.00", 1), PriceListItem("50.00", sku="CAP"))}
    ((level, text),) = [(each.level, each.text) for each in sitoo_catalogue_findings(SETTINGS, [site], prices)]
    assert level == "warning"
    assert "price list 5 Sale of Sweden is active for every sale" in text
    assert "1 of its prices are below the product's own, and tills sell at the lowest: TEE" in text


def test_an_inactive_list_and_a_site_that_does_not_say_whether_prices_hold_vat_are_problems() -> None:
    site = replace(
        SITE,
        settings=SiteSettings(1, "SEK", "Europe/Stockholm", eshopname="Sweden"),
        price_lists=(PriceList(1, "Default", active=False),),
    )
    found = sitoo_catalogue_findings(SETTINGS, [site], {})
    assert [finding.level for finding in found] == ["problem", "problem"]
    assert "price list 1 Default of Sweden is not active" in found[0].text
    assert "Sweden of Sitoo does not say whether its prices hold VAT" in found[1].text


def test_a_level_without_prices_in_a_lists_currency_is_a_problem() -> None:
    (found,) = level_findings(SETTINGS, [LevelPrices("Base Price", "EUR", 4)])
    assert found.level == "problem"
    assert found.text == "no item of NetSuite has a price of price level 'Base Price' in SEK (catalogue.price_lists[0])"


def test_items_of_another_subsidiary_need_no_vat_group_and_those_of_all_do() -> None:
    elsewhere, everywhere = ScheduleItems("Food", "3", 7), ScheduleItems(None, None, 2)
    assert [found.level for found in schedule_findings(SETTINGS, ["Standard"], [elsewhere])] == ["ok"]
    (found,) = schedule_findings(SETTINGS, ["Standard"], [elsewhere, everywhere])
    assert found.level == "warning"
    assert found.text.startswith("2 items for the tills have no tax schedule")


def test_a_check_box_nobody_ticked_and_an_option_nobody_has_are_told() -> None:
    assert till_flag_finding("custitem_tills", 0).level == "problem"
    assert option_finding("Colour", "custitem_colour", 0).level == "warning"


def test_a_role_that_sees_no_customer_is_warned_of() -> None:
    texts = {finding.text: finding.level for finding in customer_findings(example_estate(), CustomerCount(0, 0, 0))}
    assert texts["NetSuite shows the role no customers, so everybody would be made anew"] == "warning"
