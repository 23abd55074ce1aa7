"""Onboarding on the page: from a hub without devices to one that is live, and what gets in the way."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.onboarding.onboarding_story import simulated, surroundings
from browser.clicks import Clicks
from browser.home import Home
from browser.test_access import CONTROL, READ, UNAUTHORIZED, log_in
from browser.visitor import PHONE, Visitor, shoot, violations
from unclouded.app.onboarding.link_test import LinkTestTimes

FAST = LinkTestTimes(listen_s=0.05, attempt_s=5.0)
NAME = "Küche <b>☕</b> עברית"


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with surroundings(folder, times=FAST), Home(folder, []) as home:
        yield home


@contextlib.contextmanager
def plugged_in(home: Home, port: str, kind: str = "tuya-plug") -> Iterator[None]:
    """A simulated device at a serial port of the hub's computer, until it is unplugged."""
    device = simulated(kind, home.folder / "dev" / port)
    home._do(device.__aenter__())
    try:
        yield
    finally:
        home._do(device.__aexit__(None, None, None))


def seen(page: Page, name: str) -> None:
    """The step is accessible, has a picture, and does not scroll sideways."""
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, f"onboarding-{name}")


def test_from_an_empty_hub_to_a_live_device(visitor: Visitor, home: Home) -> None:
    with plugged_in(home, "ttyUSB0"):
        clicks = Clicks()
        page = visitor.open("/", **PHONE)
        expect(page.get_by_role("heading", name="What will stand here")).to_be_visible()
        expect(page.locator('[data-source="network"]')).to_have_attribute("data-state", "done")
        seen(page, "first")
        clicks(page.get_by_role("link", name="Try: Serial port ttyUSB0"))
        expect(page.get_by_role("heading", name="Is it this one?")).to_be_visible()
        switch = page.get_by_role("button", name="Switch it")
        expect(switch).to_have_attribute("aria-pressed", "true")
        clicks(switch)
        expect(switch).to_have_attribute("aria-pressed", "false")
        clicks(switch)
        expect(page.locator(".display")).to_contain_text("kW")
        seen(page, "trial")
        clicks(page.get_by_role("button", name="Yes, this one"))

        other = visitor.open(page.url.removeprefix(home.address))  # another browser at the same step
        expect(other.get_by_role("button", name="Add it")).to_be_enabled()
        page.get_by_label("Name", exact=True).fill(NAME)
        clicks(page.get_by_role("button", name="Kitchen"))
        seen(page, "naming")
        file = home.folder / "unclouded.toml"
        by_hand = file.read_text().replace("[hub]", '# by hand\n[hub]\ntimezone = "Europe/Lisbon"')
        file.write_text(by_hand)
        visitor.expect("status of 409")
        add = page.get_by_role("button", name="Add it", exact=True)
        clicks(add)
        expect(page.get_by_role("status").filter(has_text="changed meanwhile")).to_contain_text(
            "hub.timezone is now Europe/Lisbon"
        )
        assert file.read_text() == by_hand, "what was written by hand is kept"
        page.get_by_role("button", name="Add it all the same").click()  # one more than without the change by hand
        expect(page).to_have_url(f"{home.address}/")
        expect(page.locator('[data-device="kuche_b_b"]')).to_contain_text(NAME.replace("\u200f", ""))
        expect(page.locator('[data-device="kuche_b_b"]')).to_contain_text("W")
        assert clicks.count <= 6
        assert "# by hand" in file.read_text()

        visitor.expect("status of 422")
        expect(other.get_by_role("alert")).to_contain_text("added meanwhile")


def test_a_port_that_vanishes_another_window_and_a_login_that_only_looks(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/add?by=hand")
    field = page.get_by_label("Address or port")
    expect(field).to_be_focused()
    page.get_by_role("button", name="Let plugs connect").click()
    expect(page.get_by_role("button", name="Let plugs connect")).to_have_count(0)  # the broker runs
    page.get_by_role("button", name="Test it").click()
    expect(page.get_by_role("alert")).to_have_text("Type an address or a port.")
    field.fill("127.0.0.1:9")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The test could not go on")
    with plugged_in(home, "ttyUSB1"):
        page.get_by_role("link", name="Another one").click()
        page.get_by_role("link", name="This one: Serial port ttyUSB1").click()
        expect(page.get_by_role("button", name="Switch it")).to_be_visible()
        other = visitor.open("/add?offer=hand%3Atcp%3A%2F%2F127.0.0.1%3A9")
        expect(other.get_by_role("alert")).to_contain_text("Another window tests something else now")
    expect(page.get_by_role("alert")).to_contain_text("ttyUSB1 is gone. Was the adapter unplugged?")
    seen(page, "gone")

    visitor.expect(UNAUTHORIZED)
    home.set_password("control", CONTROL)
    home.set_password("read", READ)
    looker = visitor.open("/add")
    log_in(looker, READ)
    expect(looker.get_by_role("status").filter(has_text="read-only")).to_contain_text(re.compile("cannot add devices"))
