"""The Settings page: what a person changes counts at once, in every open page; what happened; plugs that wait."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.fleet_door import FleetDoor
from browser.home import BROKER, Home, Thing, meter
from browser.visitor import Visitor, shoot
from unclouded.core.model import Device

PASSWORD = "kettle and tea"
# What the page looks like before any of its modules has run.
EARLY = """addEventListener('DOMContentLoaded', () => {
  window.early = [document.documentElement.dataset.theme, getComputedStyle(document.documentElement).colorScheme];
});"""


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    room = 'parent = "meter"\nroom = "Kitchen"'
    with Home(folder, [meter(), Thing(id="lamp", name="Lamp", more=room)], BROKER) as home:
        home.until(lambda values: ("lamp", "power_W") in values and ("meter", "power_W") in values)
        yield home


def setting(page: Page, name: str) -> Locator:
    return page.locator(f'[data-setting="{name}"]')


def test_settings_count_at_once_in_every_page_and_a_conflict_is_named(visitor: Visitor, home: Home) -> None:
    page, other = visitor.open("/hub"), visitor.open("/settings")  # the former path of this page
    expect(page).to_have_url(re.compile("/settings$"))
    for one, name in ((page, "Casa Olivos"), (other, "Casa Nueva")):
        one.get_by_label("Name", exact=True).fill(name)
    setting(page, "name").get_by_role("button", name="Save").click()
    expect(setting(page, "name")).to_contain_text("Saved.")
    for one in (page, other):
        expect(one.locator(".head .title")).to_have_text("Casa Olivos")
    expect(page).to_have_title("Settings – Casa Olivos")
    setting(other, "name").get_by_role("button", name="Save").click()
    expect(setting(other, "name")).to_contain_text("Casa Olivos")
    expect(setting(other, "name").get_by_role("status")).to_have_attribute("data-failed", "true")
    assert 'name = "Casa Olivos"' in (home.folder / "unclouded.toml").read_text()

    setting(page, "room").get_by_role("button").click()
    page.get_by_label("New name").fill("Wine cellar")
    page.get_by_role("button", name="Rename").click()
    expect(setting(page, "room")).to_contain_text("Wine cellar")
    assert [one.room for one in home.facts() if isinstance(one, Device) and one.id == "lamp"] == ["Wine cellar"]

    setting(page, "web").get_by_role("button", name="Change: Page and API").click()
    page.get_by_label("Address", exact=True).fill("nonsense")
    setting(page, "web").get_by_role("button", name="Save", exact=True).click()
    expect(setting(page, "web").get_by_role("status")).to_contain_text("`listen` in [web]")
    visitor.expect("status of (409|422)")

    page.add_init_script(EARLY)
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("body")).to_have_css("background-color", "rgb(15, 17, 21)")
    page.reload()
    assert page.evaluate("window.early") == ["dark", "dark"], "a page that was light for a moment"
    expect(page.get_by_role("button", name="Dark", exact=True)).to_have_attribute("aria-pressed", "true")
    shoot(page, "settings")


def test_a_password_is_set_and_other_browsers_have_to_know_it(visitor: Visitor, home: Home) -> None:
    visitor.expect("status of 401|WebSocket connection to .* failed")
    page, other = visitor.open("/settings"), visitor.open()
    row = setting(page, "password-control")
    row.get_by_role("button").click()
    row.get_by_label("New password").fill(PASSWORD)
    row.get_by_role("button", name="Save the password").click()
    expect(row).to_contain_text("The password is set.")
    expect(other.get_by_label("Password of this hub")).to_be_visible()
    other.get_by_label("Password of this hub").fill(PASSWORD)
    other.keyboard.press("Enter")
    expect(other.get_by_role("link", name="Now")).to_be_visible()
    page.reload()
    expect(setting(page, "browser")).to_contain_text("Chrome")
    setting(page, "everywhere").get_by_role("button").click()
    expect(other.get_by_label("Password of this hub")).to_be_visible()
    row.get_by_role("button").click()
    row.get_by_label("Current password of those who may switch").fill(PASSWORD)
    row.get_by_role("button", name="Remove the password").click()
    expect(page.get_by_text("This hub has no password")).to_be_visible()


def test_a_home_joins_a_fleet_says_what_leaves_it_and_leaves(visitor: Visitor, home: Home) -> None:
    with FleetDoor() as fleet:
        page = visitor.open("/settings#connections", viewport={"width": 360, "height": 900})
        visitor.expect("status of 422")
        code = page.get_by_label("Join a fleet", exact=True)
        code.fill(fleet.invitation.replace("K7QX", "AAAA"))
        setting(page, "fleet").get_by_role("button", name="Join a fleet").click()
        expect(setting(page, "fleet").get_by_role("status")).to_contain_text("does not accept this code")
        code.fill(fleet.invitation)
        setting(page, "fleet").get_by_role("button", name="Join a fleet").click()
        block = page.locator("section[aria-labelledby=fleet]")
        expect(block).to_contain_text("Member of Costa homes since ")
        expect(block).to_contain_text("What leaves this home: values of each quarter of an hour.")
        assert "[fleet]" in (home.folder / "unclouded.toml").read_text()
        shoot(page, "settings-fleet", full_page=True)

        fleet.is_open = False
        leave = setting(page, "leave-fleet").get_by_role("button", name="Leave the fleet")
        leave.click()
        setting(page, "leave-fleet").get_by_role("button", name="Cancel").click()
        assert not any("leave" in path for path in fleet.asked)
        leave.click()
        leave.click()
        expect(block.get_by_role("status").first).to_contain_text("The fleet cannot answer just now.")
        expect(code).to_be_visible()
        assert "[fleet]" not in (home.folder / "unclouded.toml").read_text()
        assert not (home.folder / "data" / "state" / "fleet.key").exists()


def test_what_happened_includes_commands_and_can_be_filtered(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/settings#events")
    page.evaluate("""fetch('/api/devices/lamp/set', {method: 'POST', headers: {'Content-Type': 'application/json'},
        body: '{"point": "on", "value": false}'})""")
    log = page.locator(".log")
    entry = log.locator('li[data-kind="command"]').first
    expect(entry).to_contain_text("Lamp")
    expect(entry).to_contain_text("on = false by web: confirmed")
    assert not home.relay("lamp")
    expect(log.locator('li[data-kind="started"]')).to_contain_text("The hub started")
    expect(setting(page, "size")).to_contain_text(re.compile(r"\d+ .?B"))
    expect(page.get_by_text("No data was lost.")).to_be_visible()
    log.get_by_role("combobox").select_option("House meter")
    expect(log.locator('li[data-kind="command"]')).to_have_count(0)


def test_a_plug_that_connects_is_admitted_on_the_page(visitor: Visitor, home: Home) -> None:
    visitor.expect("status of 422")  # its page asks for a history before the store knows the device
    page = visitor.open("/settings")
    expect(page.get_by_text("None. A plug that is configured to use this hub")).to_be_visible()
    uuid = home.connect_plug(seed=7)
    plug = page.locator(".seen-plug")
    expect(plug).to_contain_text(uuid)
    expect(plug).to_contain_text("connected from 127.0.0.1 at")
    plug.get_by_role("button", name="Admit").click()
    expect(plug.get_by_role("alert")).to_have_text("Enter a name.")
    plug.get_by_role("textbox").fill("Heater")
    plug.get_by_label("Counted inside").select_option("House meter")
    plug.get_by_role("button", name="Admit").click()
    expect(page.get_by_text("heater has been admitted.")).to_be_visible()
    page.get_by_role("link", name="Open", exact=True).click()
    expect(page).to_have_url(re.compile("/devices/heater$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Heater")
