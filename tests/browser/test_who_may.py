"""Beyond this computer: passwords, roles, patience, the way out; and pages of other sites that try it."""

import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.home import Home, Thing
from browser.visitor import Visitor, shoot

pytestmark = pytest.mark.xdist_group("browser")

CONTROL, READ = "kettle and tea", "only looking"
UNAUTHORIZED = "status of 401|WebSocket connection to .* failed"  # what Chromium's console says of a login


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    home = Home(folder, [Thing(id="lamp", name="Lamp", load="pump")], listen="0.0.0.0:0")
    home.set_password("control", CONTROL)
    home.set_password("read", READ)
    with home:
        home.until(lambda values: ("lamp", "power_W") in values)
        yield home


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[str]:
    """Another site, whose page has nothing but a title."""

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Another site</title><link rel=icon href=data:,>")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever, name="elsewhere")
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


def log_in(page: Page, password: str) -> None:
    page.get_by_label("Password of this hub").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_wrong_password_is_told_and_many_have_to_wait(visitor: Visitor):
    visitor.expect(UNAUTHORIZED + "|status of 429")
    page = visitor.open("/devices/lamp")
    expect(page.get_by_label("Password of this hub")).to_be_focused()
    expect(page.get_by_role("navigation")).to_have_count(0)
    shoot(page, "login")
    told = page.get_by_role("alert")
    for _ in range(4):
        with page.expect_response("**/api/login") as answer:
            log_in(page, "kettle and coffee")
        assert answer.value.status == 401
        expect(told).to_have_text("That password is wrong.")
        expect(page.get_by_role("button", name="Log in")).to_have_attribute("aria-busy", "false")
    log_in(page, "kettle and coffee")
    expect(told).to_have_text(re.compile(r"Too many wrong passwords\. Try again in \d+ s\."))
    expect(page.get_by_role("button", name=re.compile(r"Wait \d+ s"))).to_have_attribute("aria-disabled", "true")
    shoot(page, "login-wait")
    log_in(page, CONTROL)  # as soon as it may be pressed
    expect(page.get_by_role("heading", level=1)).to_have_text("Lamp")


def test_who_logs_in_for_control_switches_and_who_logs_out_is_out(visitor: Visitor, home: Home):
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
    page.get_by_role("link", name="Hub").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Password of this hub")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Password of this hub")).to_be_visible()
    page.context.add_cookies([cookie])  # a copy that somebody kept
    page.reload()
    expect(page.get_by_label("Password of this hub")).to_be_visible()


def test_who_may_only_look_sees_everything_and_moves_nothing(visitor: Visitor, home: Home):
    visitor.expect(UNAUTHORIZED + "|status of 403")
    page = visitor.open()
    log_in(page, READ)
    button = page.get_by_role("button", name="Lamp")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_have_accessible_description("You may look, not switch: this login is read-only.")
    expect(page.locator(".head .role")).to_have_text("read-only")
    expect(page.locator('.row[data-device="lamp"] .value')).to_contain_text("W")
    shoot(page, "now-read-only")
    button.click(force=True)
    page.get_by_role("link", name="Lamp").click()
    expect(page.locator('[data-point="countdown_s"] input')).to_be_disabled()
    asked = """fetch('/api/devices/lamp/set', {method: 'POST', headers: {'Content-Type': 'application/json'},
        body: '{"point": "on", "value": false}'}).then(answer => answer.status)"""
    assert page.evaluate(asked) == 403
    assert home.relay("lamp")
    page.get_by_role("link", name="Hub").click()
    expect(page.get_by_text("You may look, not switch: this login is read-only.")).to_be_visible()


def test_another_password_ends_what_was_opened_with_the_old_one(visitor: Visitor, home: Home):
    visitor.expect(UNAUTHORIZED)
    page = visitor.open()
    log_in(page, READ)
    expect(page.get_by_role("button", name="Lamp")).to_be_visible()
    home.set_password("read", "looking once more")
    expect(page.get_by_label("Password of this hub")).to_be_visible()
    home.set_password("read", READ)


SET = """async address => {
  const body = '{"point": "on", "value": false}';
  const tries = [
    {method: 'POST', mode: 'no-cors', credentials: 'include', body},
    {method: 'POST', mode: 'cors', credentials: 'include', body, headers: {'Content-Type': 'application/json'}},
  ];
  const said = [];
  for (const one of tries)
    said.push(await fetch(address + '/api/devices/lamp/set', one).then(answer => answer.type, () => 'refused'));
  return said;
}"""
LISTEN = """address => new Promise(done => {
  const socket = new WebSocket(address.replace('http:', 'ws:') + '/api/live');
  socket.onmessage = event => done(event.data);
  socket.onerror = () => done('refused');
})"""
READ_OUT = """address => fetch(address + '/api/devices', {credentials: 'include'}).then(
  answer => answer.text(), () => 'refused')"""


def test_a_page_of_another_site_neither_switches_nor_listens(
    visitor: Visitor, home: Home, browser: Browser, elsewhere: str
):
    """Also where nobody needs a password: at home every page of the browser comes from this computer."""
    visitor.expect(UNAUTHORIZED + "|elsewhere|status of 403|CORS|net::ERR_FAILED")
    page = visitor.open()
    log_in(page, CONTROL)
    expect(page.get_by_role("button", name="Lamp")).to_be_visible()
    answers: list[int] = []
    page.goto(elsewhere)
    page.on("response", lambda answer: answers.append(answer.status) if "/api/" in answer.url else None)
    assert page.evaluate(SET, home.address) == ["opaque", "refused"]
    assert page.evaluate(LISTEN, home.address) == "refused"
    assert page.evaluate(READ_OUT, home.address) == "refused"
    assert 403 in answers and not [one for one in answers if one < 400], answers
    assert home.relay("lamp")


def test_nor_does_it_at_home_where_nobody_needs_a_password(
    browser: Browser, elsewhere: str, tmp_path: Path, request: pytest.FixtureRequest
):
    with Home(tmp_path, [Thing(id="lamp", name="Lamp")]) as open_home:
        open_home.until(lambda values: ("lamp", "power_W") in values)
        visitor = Visitor(browser, open_home.address)
        try:
            page = visitor.open()
            expect(page.get_by_role("button", name="Lamp")).to_be_visible()
            page.goto(elsewhere)
            assert page.evaluate(SET, open_home.address) == ["opaque", "refused"]
            assert page.evaluate(LISTEN, open_home.address) == "refused"
            assert page.evaluate(READ_OUT, open_home.address) == "refused"
            assert open_home.relay("lamp")
        finally:
            visitor.leave()
