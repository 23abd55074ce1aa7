"""Access from the network: passwords, roles, login throttle, logout; and pages of other sites."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.home import Home, Thing
from browser.other_site import COMPLAINTS, NOTHING, another_site, what_it_gets
from browser.visitor import Visitor, shoot
from unclouded.web.access.login_throttle import LoginThrottle, ThrottleRule

CONTROL, READ = "kettle and tea", "only looking"
UNAUTHORIZED = "status of 401|WebSocket connection to .* failed"  # in Chromium's console while not logged in


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    home = Home(folder, [Thing(id="lamp", name="Lamp", load="pump")], listen="0.0.0.0:0")
    home.set_password("control", CONTROL)
    home.set_password("read", READ)
    throttle = partial(LoginThrottle, ThrottleRule(free=4, first=5.0, most=900.0))  # a wait that is seen
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unclouded.web.access.password_checks.LoginThrottle", throttle)
        with home:
            home.until(lambda values: ("lamp", "power_W") in values)
            yield home


def log_in(page: Page, password: str) -> None:
    page.get_by_label("Password of this hub").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_wrong_password_is_reported_and_many_attempts_are_throttled(visitor: Visitor) -> None:
    visitor.expect(UNAUTHORIZED + "|status of 429")
    page = visitor.open("/devices/lamp")
    expect(page.get_by_label("Password of this hub")).to_be_focused()
    expect(page.get_by_role("navigation")).to_have_count(0)
    shoot(page, "login")
    message = page.get_by_role("alert")
    for _ in range(4):
        with page.expect_response("**/api/login") as answer:
            log_in(page, "kettle and coffee")
        assert answer.value.status == 401
        expect(message).to_have_text("The password is wrong.")
        expect(page.get_by_role("button", name="Log in")).to_have_attribute("aria-busy", "false")
    log_in(page, "kettle and coffee")
    expect(message).to_have_text(re.compile(r"Too many wrong passwords\. Try again in \d+ s\."))
    expect(page.get_by_role("button", name=re.compile(r"Wait \d+ s"))).to_have_attribute("aria-disabled", "true")
    shoot(page, "login-wait")
    log_in(page, CONTROL)  # as soon as the button is enabled
    expect(page.get_by_role("heading", level=1)).to_have_text("Lamp")


def test_a_control_session_can_switch_until_it_is_logged_out(visitor: Visitor, home: Home) -> None:
    visitor.expect(UNAUTHORIZED)
    page = visitor.open()
    log_in(page, CONTROL)
    button = page.get_by_role("button", name="Lamp")
    for pressed in ("false", "true"):
        button.click()
        expect(button).to_have_attribute("aria-pressed", pressed)
    assert home.relay("lamp")
    (cookie,) = page.context.cookies()
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict"
    page.reload()
    expect(button).to_be_visible()
    page.get_by_role("link", name="Settings").click()
    page.get_by_role("button", name="Log out", exact=True).click()
    expect(page.get_by_label("Password of this hub")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Password of this hub")).to_be_visible()
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # a copy
    page.reload()
    expect(page.get_by_label("Password of this hub")).to_be_visible()


def test_a_read_only_session_shows_everything_and_switches_nothing(visitor: Visitor, home: Home) -> None:
    visitor.expect(UNAUTHORIZED + "|status of 403")
    page = visitor.open()
    log_in(page, READ)
    button = page.get_by_role("button", name="Lamp")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_accessible_description("This login is read-only: it cannot switch devices.")
    expect(page.locator(".head .role")).to_have_text("read-only")
    expect(page.locator('.dev[data-device="lamp"] .val')).to_contain_text("W")
    shoot(page, "now-read-only")
    button.click(force=True)
    page.get_by_role("link", name="Lamp").click()
    page.get_by_role("main").get_by_role("link", name="Details").click()
    expect(page.locator('[data-point="countdown_s"] input')).to_be_disabled()
    request = """fetch('/api/devices/lamp/set', {method: 'POST', headers: {'Content-Type': 'application/json'},
        body: '{"point": "on", "value": false}'}).then(answer => answer.status)"""
    assert page.evaluate(request) == 403
    assert home.relay("lamp")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Settings").click()
    expect(page.get_by_text("This login is read-only: you can view devices but not switch them.")).to_be_visible()


def test_a_new_password_ends_the_sessions_of_the_old_one(visitor: Visitor, home: Home) -> None:
    visitor.expect(UNAUTHORIZED)
    page = visitor.open()
    log_in(page, READ)
    expect(page.get_by_role("button", name="Lamp")).to_be_visible()
    home.set_password("read", "looking once more")
    expect(page.get_by_label("Password of this hub")).to_be_visible()
    home.set_password("read", READ)


def test_a_page_of_another_site_can_neither_switch_nor_read(visitor: Visitor, home: Home) -> None:
    """Not even in a browser that is logged in."""
    visitor.expect(COMPLAINTS)
    page = visitor.open()
    log_in(page, CONTROL)
    expect(page.get_by_role("button", name="Lamp")).to_be_visible()
    with another_site() as site:
        got = what_it_gets(page, site, home.address, "lamp")
    answers = got.pop("answers")
    assert got == NOTHING
    assert answers in ([403], [401, 403]), answers
    assert home.relay("lamp")
