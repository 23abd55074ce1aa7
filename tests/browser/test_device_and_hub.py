"""The page of a device and the Hub page: links, actions, events, plugs waiting for admission."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from browser.home import BROKER, Home, Thing, meter
from browser.visitor import Visitor, shoot


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, [meter(), Thing(id="lamp", name="Lamp", more='parent = "meter"')], BROKER) as home:
        home.until(lambda values: ("lamp", "power_W") in values and ("meter", "power_W") in values)
        yield home


def test_a_device_shows_all_its_points_with_limits_and_controls(visitor: Visitor, home: Home):
    page = visitor.open("/devices/lamp")
    expect(page.get_by_role("heading", level=1)).to_have_text("Lamp")
    points = {device_point[1] for device_point in home.readings() if device_point[0] == "lamp"}
    for point in points:
        expect(page.locator(f'[data-point="{point}"] .value')).not_to_have_text("–")
    expect(page.locator('[data-point="power_W"] .value')).to_have_text(re.compile(r"8\.\d W"))
    countdown = page.locator('[data-point="countdown_s"]')
    expect(countdown).to_contain_text("0 to 86400")
    countdown.get_by_role("spinbutton").fill("90000")
    countdown.get_by_role("button").click()
    expect(countdown.get_by_role("alert")).to_have_text("Allowed: 0 to 86400 s.")
    countdown.get_by_role("spinbutton").fill("4000")
    countdown.get_by_role("button").click()
    expect(countdown.locator(".value")).to_have_text(re.compile(r"^(4000|3999) s"))
    shoot(page, "device")


def test_frames_are_shown_as_text_and_their_bytes_on_request(visitor: Visitor):
    page = visitor.open("/devices/lamp")
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


def test_link_statistics_are_updated(visitor: Visitor):
    page = visitor.open("/devices/lamp")
    figures = page.locator(".wire .counts")
    expect(figures).to_contain_text(re.compile(r"Frames received\s*\d+"))
    expect(figures).to_contain_text(re.compile(r"Noise\s*0 bytes\s*none"))
    received = figures.locator(".figure").first
    expect(received).not_to_have_text(received.inner_text())


def test_a_dangerous_action_requires_confirmation_and_shows_its_outcome(visitor: Visitor, home: Home):
    page = visitor.open("/devices/meter")
    reset = page.get_by_role("button", name="Run… : Reset the radio")
    reset.click()
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


def test_the_events_on_the_hub_page_include_commands(visitor: Visitor, home: Home):
    page = visitor.open("/devices/lamp")
    page.locator('[data-point="on"] button.switch').click()
    expect(page.locator('[data-point="on"] button.switch')).to_have_attribute("aria-pressed", "false")
    assert not home.relay("lamp")
    page.get_by_role("link", name="Hub").click()
    log = page.locator(".log")
    entry = log.locator('li[data-kind="command"]').first
    expect(entry).to_contain_text("Lamp")
    expect(entry).to_contain_text("on = false by web: confirmed")
    expect(log.locator('li[data-kind="started"]')).to_contain_text("The hub started")
    expect(page.get_by_role("heading", name="Store").locator("..")).to_contain_text(re.compile(r"\d+ .?B"))
    expect(page.get_by_text("No data was lost.")).to_be_visible()
    log.get_by_role("combobox").select_option("House meter")
    expect(log.locator('li[data-kind="command"]')).to_have_count(0)
    shoot(page, "hub")


def test_a_plug_that_connects_is_admitted_on_the_page(visitor: Visitor, home: Home):
    page = visitor.open("/hub")
    expect(page.get_by_text("None. A plug that is configured to use this hub")).to_be_visible()
    uuid = home.connect_plug(seed=7)
    plug = page.locator(".seen-plug")
    expect(plug).to_contain_text(uuid)
    expect(plug).to_contain_text("connected from 127.0.0.1 at")
    plug.get_by_role("button", name="Admit").click()
    expect(plug.get_by_role("alert")).to_have_text("Enter a name.")
    shoot(page, "hub-admission")
    plug.get_by_role("textbox").fill("Heater")
    plug.get_by_label("Counted inside").select_option("House meter")
    plug.get_by_role("button", name="Admit").click()
    expect(page.get_by_text("heater has been admitted.")).to_be_visible()
    page.get_by_role("link", name="Open", exact=True).click()
    expect(page).to_have_url(re.compile("/devices/heater$"))
    expect(page.locator('[data-point="power_W"] .value')).to_have_text(re.compile(r"8\.\d+ W"))
    on = page.locator('[data-point="on"] button.switch')
    on.click()
    expect(on).to_have_attribute("aria-pressed", "false")
    assert not home.relay("unknown")
