"""The main stories in Firefox ESR, which Playwright drives over WebDriver BiDi; a clean console in each.

No screenshots: Playwright takes them with a style of its own in the page, which the page's policy forbids.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.onboarding.onboarding_story import surroundings
from browser.conftest import need
from browser.home import Home, Thing, meter
from browser.test_onboarding import FAST, plugged_in
from browser.visitor import Visitor
from unclouded.web.page import STATIC

PASSWORD = "kettle and tea"
NOT_LOGGED_IN = "401|WebSocket|api/live"  # in Firefox's console, as requests are answered so
SCREEN: dict[str, Any] = {"viewport": {"width": 375, "height": 720}}  # a phone's; Firefox has no other traits of one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need((STATIC / "index.html").is_file(), "The page is not built: python3 hatch_build.py.")
    program = shutil.which("firefox-esr")
    need(program is not None, "There is no firefox-esr: apt install firefox-esr.")
    with sync_playwright() as playwright:
        browser = playwright.firefox.launch(channel="moz-firefox", executable_path=program)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    things = [meter(), Thing(id="lamp", name="Lamp", load="pump", more='parent = "meter"\nroom = "Cellar"')]
    home = Home(folder, things, listen="0.0.0.0:0")
    home.set_password("control", PASSWORD)
    with home:
        home.until(lambda values: ("lamp", "power_W") in values and ("meter", "power_W") in values)
        yield home


def log_in(page: Page, password: str) -> None:
    page.get_by_label(re.compile("^Password|^Contraseña")).fill(password)
    page.get_by_role("button", name=re.compile("^Log in|^Iniciar")).click()


def follow(page: Page, name: str) -> None:
    """Choose an entry of the navigation."""
    page.get_by_role("navigation").first.get_by_role("link", name=name, exact=True).click()


def test_from_the_password_over_switches_history_and_devices_to_the_settings(visitor: Visitor, home: Home) -> None:
    visitor.expect(NOT_LOGGED_IN)
    page = visitor.open(**SCREEN)
    log_in(page, "kettle and coffee")
    expect(page.get_by_role("alert")).to_be_visible()
    log_in(page, PASSWORD)

    lamp = page.get_by_role("button", name=re.compile("^Lamp")).first
    for pressed in ("false", "true"):
        lamp.click()
        expect(lamp).to_have_attribute("aria-pressed", pressed)
    assert home.relay("lamp")
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"\d\sk?W"))

    follow(page, "History")
    expect(page).to_have_title(re.compile("^History"))
    expect(page.get_by_role("main").locator("svg, canvas").first).to_be_visible()

    follow(page, "Devices")
    page.get_by_role("main").get_by_role("link", name=re.compile("^Lamp")).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Lamp")
    expect(page.get_by_role("main")).to_contain_text(re.compile(r"\d\sW"))

    follow(page, "Settings")
    expect(page).to_have_title(re.compile("^Settings"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_language_is_that_of_the_browser(visitor: Visitor) -> None:
    visitor.expect(NOT_LOGGED_IN)
    page = visitor.open("/settings", locale="es-ES")
    log_in(page, PASSWORD)
    expect(page.get_by_role("link", name="Ahora", exact=True)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "es"


def test_a_new_hub_gets_its_first_device(browser: Browser, tmp_path: Path) -> None:
    with surroundings(tmp_path, times=FAST), Home(tmp_path, []) as new, plugged_in(new, "ttyUSB0"):
        visitor = Visitor(browser, new.address)
        try:
            page = visitor.open("/", **SCREEN)
            page.get_by_role("link", name="Try: Serial port ttyUSB0").click()
            expect(page.get_by_role("button", name="Switch it")).to_be_visible()
            page.get_by_role("button", name="Yes, this one").click()
            page.get_by_label("Name", exact=True).fill("Kettle")
            page.get_by_role("button", name="Kitchen").click()
            page.get_by_role("button", name="Add it", exact=True).click()
            expect(page.locator('[data-device="kettle"]')).to_contain_text("W")
            assert 'room = "Kitchen"' in (new.folder / "unclouded.toml").read_text()
            visitor.check()
        finally:
            visitor.close()
