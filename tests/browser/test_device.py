"""The page of a device: overview, settings that two browsers change at once, details for experts; its removal."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.every_page import whole
from browser.home import BROKER, Home, Thing, meter, until
from browser.visitor import PHONE, Visitor, shoot


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    things = [meter(), *(Thing(id=id, name=id.title(), more='parent = "meter"') for id in ("lamp", "spare"))]
    with Home(folder, things, BROKER) as home:
        home.until(lambda values: all((one.id, "power_W") in values for one in things))
        yield home


def drawn_again(page: Page, part: Locator) -> bool:
    """Load the page again; whether the part is there then."""
    page.reload()
    whole(page)
    return part.is_visible()


def test_the_overview_says_since_when_it_is_on_and_what_happened(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/devices/lamp")
    main = page.get_by_role("main")
    expect(page).to_have_title("Lamp – Unclouded")
    expect(main.locator(".display")).to_have_text(re.compile(r"8\.\d\sW"))
    switch = main.get_by_role("button", name="Lamp", exact=True)
    switch.click()
    expect(main.locator(".lead")).to_have_text(
        re.compile(r"^Off since \d\d:\d\d, from this page. The device confirmed it.")
    )
    home.press("lamp")
    expect(main.locator(".lead")).to_have_text(re.compile(r"^On since .*, switched at the device or by itself."))
    happened = page.get_by_role("region", name="What happened").get_by_role("listitem")
    expect(happened.nth(0)).to_contain_text("Switched on at the device or by itself")
    expect(happened.nth(1)).to_contain_text("Switched off, from this page")
    chart = page.get_by_role("img", name=re.compile("^Power in the last 24 hours"))
    until(lambda: drawn_again(page, chart))  # nothing was stored yet when the page was opened
    page.get_by_role("button", name="Show as table").click()
    expect(page.get_by_role("table")).to_contain_text("W")
    shoot(page, "device-overview")
    page.get_by_role("link", name="Details").click()
    expect(page).to_have_title("Lamp, details – Unclouded")
    expect(main).to_be_focused()


def test_a_device_shows_all_its_points_with_limits_and_controls(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/devices/lamp/details")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lamp")
    points = {device_point[1] for device_point in home.readings() if device_point[0] == "lamp"}
    for point in points:
        expect(page.locator(f'[data-point="{point}"] .value')).not_to_have_text("–")
    expect(page.locator('[data-point="power_W"] .value')).to_have_text(re.compile(r"8\.\d\sW"))
    countdown = page.locator('[data-point="countdown_s"]')
    expect(countdown).to_contain_text("0 to 86400")
    countdown.get_by_role("spinbutton").fill("90000")
    countdown.get_by_role("button").click()
    expect(countdown.get_by_role("alert")).to_have_text("Allowed: 0 to 86400 s.")
    countdown.get_by_role("spinbutton").fill("4000")
    countdown.get_by_role("button").click()
    expect(countdown.locator(".value")).to_have_text(re.compile(r"^(4000|39\d\d)\ss"))  # it counts
    shoot(page, "device")


def test_frames_are_shown_as_text_and_their_bytes_on_request(visitor: Visitor) -> None:
    page = visitor.open("/devices/lamp/details")
    frames = page.get_by_role("table")
    expect(frames.get_by_role("row").filter(has_text="heartbeat").first).to_be_visible()
    page.get_by_role("searchbox").fill("report")
    row = frames.locator("tbody tr").first
    expect(row.locator(".text")).to_have_text(re.compile(r"^countdown_s \d+ s|^(power_W|voltage_V|current_A|energy)"))
    row.get_by_role("button").click()
    expect(page.locator(".opened .bytes")).to_have_text(re.compile(r"^55 ?aa", re.IGNORECASE))
    shoot(page, "device-frames")
    page.get_by_role("button", name="Problems only").click()
    expect(page.get_by_text("No frame matches the filter.")).to_be_visible()


def test_link_statistics_are_updated(visitor: Visitor) -> None:
    page = visitor.open("/devices/lamp/details")
    figures = page.locator(".wire .counts")
    expect(figures).to_contain_text(re.compile(r"Frames received\s*\d+"))
    expect(figures).to_contain_text(re.compile(r"Noise\s*0 bytes\s*none"))
    received = figures.locator(".figure").first
    expect(received).not_to_have_text(received.inner_text())


def test_a_dangerous_action_requires_confirmation_and_shows_its_outcome(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/devices/meter/details")
    reset = page.get_by_role("button", name="Run… : Reset the radio")
    reset.press("Enter")  # parts that load later may move it away from a mouse
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("wipes the radio's HAN credentials")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    shoot(page, "device-danger")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(".outcome")).to_have_count(0)
    reset.click()
    dialog.get_by_role("button", name=re.compile("^Yes: Reset")).click()
    expect(page.locator('.outcome[data-state="done"]')).to_contain_text("the radio answers again")


def test_settings_say_why_nothing_can_be_saved(visitor: Visitor, home: Home) -> None:
    file = home.folder / "unclouded.toml"
    before = file.read_text("utf-8")
    file.write_text(f"{before}\nnonsense = [", "utf-8")
    page = visitor.open("/devices/lamp/settings")
    expect(page.get_by_role("alert")).to_contain_text("The file of the configuration has an error")
    name = page.get_by_role("textbox", name="Name", exact=True)
    expect(name).to_have_value("Lamp")
    expect(name).to_be_disabled()
    file.write_text(before, "utf-8")
    page.get_by_role("button", name="Try again").click()
    expect(name).to_be_enabled()


def test_what_two_browsers_change_at_once_is_shown_and_nothing_is_overwritten(visitor: Visitor, home: Home) -> None:
    visitor.expect("status of 409")
    here, there = visitor.open("/devices/spare/settings"), visitor.open("/devices/spare/settings", **PHONE)

    def row(page: Page, name: str) -> Locator:
        return page.locator(f'[data-setting="{name}"]')

    for page in (here, there):
        expect(row(page, "name").get_by_role("textbox")).to_have_value("Spare")
    row(here, "name").get_by_role("textbox").fill("Heater")
    row(there, "name").get_by_role("textbox").fill("Oven")
    row(there, "name").get_by_role("button", name="Save").click()
    expect(there.get_by_role("heading", level=1)).to_have_text("Oven")
    expect(row(here, "name").get_by_role("alert")).to_contain_text("Changed meanwhile: Name was Spare, is now Oven.")
    shoot(here, "device-conflict")
    row(here, "name").get_by_role("button", name="Save Heater").click()
    expect(row(here, "name").get_by_role("status")).to_have_text("Saved. The hub works with it.")
    expect(there.get_by_role("heading", level=1)).to_have_text("Heater")

    here.get_by_role("button", name="New room…").click()
    row(here, "room").get_by_role("textbox").fill("Küche 🍳")
    row(here, "room").get_by_role("textbox").press("Enter")
    expect(row(there, "room").get_by_role("combobox")).to_have_value("Küche 🍳")
    row(there, "alert_above.power_W").get_by_role("textbox").fill("2300")
    row(there, "alert_above.power_W").get_by_role("button", name="Save").click()
    expect(row(there, "alert_above.power_W")).to_contain_text("An alert on Now above 2.30 kW")
    row(here, "critical").get_by_role("button").click()
    expect(row(here, "critical").get_by_role("button")).to_have_attribute("aria-pressed", "true")
    file = (home.folder / "unclouded.toml").read_text("utf-8")
    assert 'name = "Heater"' in file and 'room = "Küche 🍳"' in file and "critical = true" in file
    shoot(here, "device-settings")
    shoot(there, "device-settings-phone")

    here.get_by_text("Its id").click()
    row(here, "id").get_by_role("textbox").fill("oven_2")
    row(here, "id").get_by_role("textbox").press("Enter")
    for page in (here, there):  # the other browser follows the device to its new id
        expect(page).to_have_url(re.compile("/devices/oven_2/settings$"))

    here.get_by_role("button", name="Remove…").click()
    dialog = here.get_by_role("dialog", name="Remove Heater?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_label("Delete it for good").check()
    delete = dialog.get_by_role("button", name="Remove, delete the history")
    expect(delete).to_have_attribute("aria-disabled", "true")
    dialog.get_by_label("Type “delete”").fill("Delete")
    shoot(here, "device-remove")
    delete.click()
    expect(here).to_have_url(re.compile("/devices$"))
    expect(there.get_by_text("There is no device oven_2.")).to_be_visible()
    assert 'id = "oven_2"' not in (home.folder / "unclouded.toml").read_text("utf-8")
