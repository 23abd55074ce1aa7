"""The Rules page: a rule is made, tested, switched off, changed and deleted; a timer is started and ended."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.home import Home, Thing
from browser.visitor import Visitor, shoot, violations


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, [Thing(id="lamp", name="Lamp")]) as home:
        home.until(lambda values: ("lamp", "on") in values)
        yield home


def test_a_rule_is_made_tested_switched_off_changed_and_deleted(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/rules")
    form = page.locator('[data-part="new-rule"]')
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("“Device” is missing")
    form.locator("label", has_text="Device").locator("select").select_option("lamp")
    expect(form.get_by_role("alert")).to_have_count(0)
    form.locator("label", has=page.locator("span", has_text=re.compile("^Switch$"))).locator("select").select_option(
        "off"
    )
    form.get_by_label("Time", exact=True).fill("06:45")
    form.get_by_label("Name", exact=True).fill("Lamp & <b>breakfast</b>")
    form.get_by_role("button", name="Save").click()
    rule = page.locator(".rule-list li").first
    expect(rule).to_contain_text("Lamp & <b>breakfast</b>")
    expect(rule).to_contain_text("06:45")
    assert 'at = "06:45"' in (home.folder / "unclouded.toml").read_text()

    rule.get_by_role("button", name="Edit").click()
    rule.locator("label", has_text="at").first.locator("textarea").fill("06:45\n07:15")
    rule.get_by_role("button", name="Save").click()
    expect(rule).to_contain_text("07:15")
    assert 'at = ["06:45", "07:15"]' in (home.folder / "unclouded.toml").read_text()

    assert home.relay("lamp")
    rule.get_by_role("button", name="Run now").click()
    home.until(lambda values: values["lamp", "on"] is False)
    expect(rule).to_contain_text("it was started by hand")
    assert not home.relay("lamp")

    switch = rule.get_by_role("button", pressed=True)
    switch.click()
    expect(rule.locator('[data-part="state"]')).to_have_text("Switched off")
    assert violations(page) == []
    shoot(page, "rules")
    rule.get_by_role("button", name="Delete").click()
    expect(page.locator(".rule-list li")).to_have_count(0)
    assert "[[rule]]" not in (home.folder / "unclouded.toml").read_text()


def test_a_timer_is_started_and_ended(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/rules")
    form = page.locator('[data-part="new-rule"]')
    form.locator("select").first.select_option("timer")
    form.locator("label", has_text="Device").locator("select").select_option("lamp")
    form.get_by_role("button", name="Start").click()
    timer = page.locator(".rule-list li").first
    expect(timer).to_contain_text("Lamp")
    home.until(lambda values: values["lamp", "on"] is True)
    timer.get_by_role("button").click()
    expect(page.locator(".rule-list li")).to_have_count(0)
    home.until(lambda values: values["lamp", "on"] is False)
