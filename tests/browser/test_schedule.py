"""The schedule section of a plug: rules are made, changed, disabled and deleted; the plug keeps them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from browser.home import Home, Thing, until
from browser.visitor import PHONE, Visitor, shoot, violations

KEY_FILE = '[meross]\nkey_file = "meross.key"'


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, [Thing(id="plug", name="Christmas tree", kind="mss310")], KEY_FILE) as home:
        home.until(lambda values: ("plug", "power_W") in values)
        yield home


def test_a_rule_is_made_changed_disabled_and_deleted_and_the_plug_keeps_it(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/devices/plug/settings")
    schedule = page.get_by_role("region", name="Schedule")
    expect(schedule).to_contain_text("No rules.")
    schedule.get_by_role("button", name="Add a rule").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox").first).to_be_focused()
    dialog.get_by_label("Time", exact=True).fill("16:30")
    for day in ("Sat", "Sun"):
        dialog.get_by_role("checkbox", name=day, exact=True).uncheck()
    dialog.get_by_label("Name").fill("Lights")
    shoot(page, "schedule-rule")
    assert violations(page) == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    rule = schedule.get_by_role("listitem")
    expect(rule).to_contain_text("On at 16:30")
    expect(rule).to_contain_text("Lights, Mon–Fri")

    rule.get_by_role("button", name="Change").click()
    dialog.get_by_role("combobox", name="Switch", exact=True).select_option("off")
    dialog.get_by_role("button", name="Save").click()
    expect(rule).to_contain_text("Off at 16:30")
    enabled = rule.get_by_role("button", name="enabled")
    enabled.click()
    expect(enabled).to_have_attribute("aria-pressed", "false")

    with visitor.without_hub(home):
        expect(page.locator(".connection")).to_have_attribute("data-connection", "lost")
    expect(page.locator(".connection")).to_have_attribute("data-connection", "live")
    expect(enabled).to_have_attribute("aria-pressed", "false")
    expect(rule).to_contain_text("Off at 16:30")
    delete_once_the_plug_is_known(visitor, schedule, rule)
    expect(rule).to_have_count(0)
    expect(schedule).to_contain_text("No rules.")


def delete_once_the_plug_is_known(visitor: Visitor, schedule: Locator, rule: Locator) -> None:
    """A hub that has just started refuses until the plug has connected and its rules were read."""
    visitor.expect("status of (422|503)")

    def is_deleted() -> bool:
        rule.get_by_role("button", name="Delete").click()
        expect(schedule.get_by_text("In progress…")).to_have_count(0)
        return not schedule.get_by_role("alert").count()

    until(is_deleted, schedule.inner_text)


def test_a_rule_without_days_cannot_be_saved(visitor: Visitor) -> None:
    page = visitor.open("/devices/plug/settings", **PHONE)
    page.get_by_role("button", name="Add a rule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it does").select_option("Switch off after a while")
    dialog.get_by_label("Minutes after it was switched on").fill("90")
    for day in dialog.get_by_role("group", name="Days").get_by_role("checkbox").all()[:7]:
        day.uncheck()
    save = dialog.get_by_role("button", name="Save")
    expect(save).to_have_attribute("aria-disabled", "true")
    dialog.get_by_role("checkbox", name="Sun", exact=True).check()
    shoot(page, "schedule-phone")
    save.click()
    schedule = page.get_by_role("region", name="Schedule")
    expect(schedule.get_by_text("Off 90 min after it was switched on").first).to_be_visible()
