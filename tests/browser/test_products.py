"""Supported devices are searched on the page, and the product of a device is reported from its own page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.home import Home, Thing
from browser.visitor import PHONE, Visitor, shoot, violations


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, [Thing(id="lamp", name="Lamp of Anna")]) as home:
        home.until(lambda values: ("lamp", "power_W") in values)
        yield home


def rows(page: Page) -> Any:  # Any: a locator
    return page.locator(".products-found > li")


def test_products_are_searched_by_words_and_kind(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/devices")
    page.get_by_role("link", name="Which products work?").click()
    expect(page).to_have_title("Supported devices – Unclouded")
    expect(page.get_by_text(re.compile(r"^2\d\d\d products$"))).to_be_visible()
    expect(rows(page)).to_have_count(50)
    page.get_by_role("searchbox").fill("aubess")
    expect(page.get_by_role("status").filter(has_text=re.compile(r"^\d products$"))).to_be_visible()
    expect(page).to_have_url(re.compile(r"/products\?q=aubess$"))
    page.get_by_label("Kind").select_option("plug")
    expect(rows(page)).to_have_count(2)
    first = rows(page).first
    expect(first).to_contain_text("Aubess 20A")
    expect(first).to_contain_text("2iepauebcvo74ujc")
    first.locator("summary").click()
    expect(first.locator(".keys")).to_contain_text("energy_import_Wh, ")
    expect(first).to_contain_text("catalogue/plug/2iepauebcvo74ujc")
    page.reload()
    expect(page.get_by_role("searchbox")).to_have_value("aubess")
    expect(rows(page)).to_have_count(2)


def test_more_are_shown_on_request_and_a_search_without_results_says_what_to_do(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/products?kind=plug")
    expect(rows(page)).to_have_count(50)
    for shown in (100, 150, 200):
        page.get_by_role("button", name="Show more").click()
        expect(rows(page)).to_have_count(shown)
    expect(page.get_by_text("The first 200 are shown.")).to_be_visible()
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)
    page.get_by_role("searchbox").fill("no such thing")
    expect(page.get_by_text("No product has all of these words.")).to_be_visible()
    expect(rows(page)).to_have_count(0)


@pytest.mark.parametrize(("options", "scheme"), [({}, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_the_list_is_readable_on_every_screen(
    visitor: Visitor, home: Home, options: dict[str, Any], scheme: Any
) -> None:
    page = visitor.open("/products?q=_TZE204_", color_scheme=scheme, **options)
    page.get_by_role("searchbox").fill("clamp energy_export_Wh")
    expect(rows(page).first).to_contain_text("clamp", ignore_case=True)
    rows(page).first.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    shoot(page, f"products-{'phone' if options else 'wide'}-{scheme}")


def test_the_facts_of_a_product_are_shown_for_a_report_without_the_name_of_the_device(
    visitor: Visitor, home: Home
) -> None:
    page = visitor.open("/devices/lamp")
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_role("link", name="Report this product").click()
    facts = page.get_by_role("textbox", name="Facts for the report")
    expect(facts).to_have_value(re.compile("### Product `uncloudedplugsim`"))
    text = facts.input_value()
    assert "| power_W x 0.1 |" in text and "Anna" not in text and "lamp" not in text
    page.locator(".report").scroll_into_view_if_needed()
    shoot(page, "device-report")
    assert violations(page) == []
    page.get_by_role("button", name="Copy", exact=True).last.click()
    expect(page.locator(".report [role=status]")).not_to_be_empty()
