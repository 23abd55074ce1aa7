"""The Now page: live values, switches with confirmation, devices and hub that disconnect and reconnect."""

import logging
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.home import Home, Thing, meter
from browser.other_site import COMPLAINTS, NOTHING, another_site, what_it_gets
from browser.visitor import Visitor, is_marked, mark, shoot

THINGS = [
    meter(),
    Thing(id="pump", name="Pump", load="pump", more='parent = "meter"'),
    Thing(id="lamp", name="Lamp", more='parent = "meter"'),
    Thing(id="slow", name="Slow lamp", faults=frozenset({"slow"}), more='parent = "meter"'),
    Thing(
        id="stuck",
        name="Stuck lamp",
        faults=frozenset({"stuck-switch"}),
        more='parent = "meter"\nsession = { command_timeout_s = 1.0 }',
    ),
]

RECORD = """button => {
  const state = () => [button.getAttribute('aria-pressed'), button.getAttribute('aria-busy')].join(' ');
  window.states = [state()];
  new MutationObserver(() => { if (window.states.at(-1) !== state()) window.states.push(state()); })
    .observe(button, {attributes: true});
}"""
"""Records ``pressed busy`` at each change."""


@pytest.fixture(scope="module")
def home(folder) -> Iterator[Home]:
    with Home(folder, THINGS) as home:
        home.until(lambda values: all((one.id, "power_W") in values for one in THINGS))
        yield home


def row(page: Page, id: str) -> Locator:
    return page.locator(f'.row[data-device="{id}"]')


def switch(page: Page, id: str) -> Locator:
    return row(page, id).locator("button.switch")


def test_values_are_updated_without_a_reload(visitor: Visitor):
    page = visitor.open()
    value = row(page, "pump").locator(".value")
    expect(value).to_contain_text("W")
    mark(page)
    for _ in range(2):
        expect(value).not_to_have_text(value.inner_text())
    expect(page.locator(".connection")).to_contain_text("live")
    assert is_marked(page)
    shoot(page, "now")


def test_both_bars_have_the_same_length_and_labels_for_their_parts(visitor: Visitor):
    page = visitor.open()
    bars = page.locator(".bars")
    expect(bars).to_have_attribute("aria-label", re.compile(r"Sources: .*\d W.* Uses: .*Pump \d+ W.*"))
    widths = page.evaluate("""() => [...document.querySelectorAll('.bar')].map(
        bar => [...bar.children].reduce((sum, part) => sum + parseFloat(part.style.width), 0))""")
    assert widths == pytest.approx([100, 100])


def test_a_switch_shows_the_new_state_only_after_confirmation(visitor: Visitor, home: Home):
    page = visitor.open()
    button = switch(page, "slow")
    expect(button).to_have_attribute("aria-pressed", "true")
    for before, after in (("true", "false"), ("false", "true")):
        button.evaluate(RECORD)
        button.click()
        shoot(page, f"now-pending-{after}")
        expect(button).to_have_attribute("aria-pressed", after)
        expect(button).to_have_attribute("aria-busy", "false")
        assert home.relay("slow") is (after == "true")
        states = page.evaluate("window.states")
        assert states[:2] == [f"{before} false", f"{before} true"], states
        assert states[2:] in ([f"{after} false"], [f"{after} true", f"{after} false"]), states


def test_a_press_of_the_button_on_the_plug_is_shown(visitor: Visitor, home: Home):
    page = visitor.open()
    for pressed in ("false", "true"):
        home.press("lamp")
        expect(switch(page, "lamp")).to_have_attribute("aria-pressed", pressed)
    assert home.relay("lamp")


def test_a_page_of_another_site_can_neither_switch_nor_read(visitor: Visitor, home: Home):
    """No password is set, and every page in the browser is from this computer."""
    visitor.expect(COMPLAINTS)
    page = visitor.open()
    expect(switch(page, "pump")).to_have_attribute("aria-pressed", "true")
    with another_site() as site:
        got = what_it_gets(page, site, home.address, "pump")
    assert got == {**NOTHING, "answers": [403]}
    assert home.relay("pump")


def test_a_failed_command_shows_its_reason_and_can_be_repeated(visitor: Visitor, home: Home):
    page = visitor.open()
    button, outcome = switch(page, "stuck"), row(page, "stuck").locator(".why")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.evaluate(RECORD)
    button.click()
    shoot(page, "now-pending")
    expect(outcome).to_have_attribute("data-command", "failed")
    expect(outcome).to_contain_text("The device reports that it is on.")
    shoot(page, "now-refused")
    outcome.get_by_role("button", name="Try again").click()
    expect(button).to_have_attribute("aria-busy", "false")
    expect(outcome).to_have_attribute("data-command", "failed")
    states = page.evaluate("window.states")
    assert states == ["true false", "true true"] * 2 + ["true false"], states


def test_an_offline_plug_is_grey_with_its_last_value_and_recovers(visitor: Visitor, home: Home):
    page = visitor.open()
    lamp = row(page, "lamp")
    expect(lamp.locator(".value")).to_contain_text("W")
    mark(page)
    home.stop_sim("lamp")
    expect(lamp.locator(".state-text")).to_have_text(re.compile(r"offline since \d\d:\d\d, last 8\.\d W: .+"))
    assert colour(lamp.locator(".state-text")) == page.evaluate(SOFT)
    expect(switch(page, "lamp")).to_have_attribute("aria-disabled", "true")
    expect(switch(page, "lamp").locator(".track")).to_have_css("filter", "grayscale(1)")
    expect(page.locator(".not-counted")).to_contain_text("Lamp is not reachable")
    shoot(page, "now-offline")
    home.start_sim("lamp")
    expect(lamp).to_have_attribute("data-state", "online")
    expect(lamp.locator(".value")).to_contain_text("W")
    expect(lamp.locator(".state-text")).to_have_count(0)
    assert is_marked(page)


def test_without_the_hub_the_page_shows_a_notice_and_reconnects(
    visitor: Visitor, home: Home, caplog: pytest.LogCaptureFixture
):
    visitor.expect("ERR_CONNECTION_REFUSED|ERR_SOCKET_NOT_CONNECTED|WebSocket")
    page = visitor.open()
    expect(row(page, "pump").locator(".value")).to_contain_text("W")
    mark(page)
    page.clock.install()  # so that the test need not wait
    home.stop_hub()
    expect(page.locator(".connection")).to_contain_text(re.compile(r"disconnected since \d\d:\d\d"))
    page.clock.fast_forward(4_000)
    expect(page.get_by_role("alert")).to_contain_text("No connection to the hub since")
    assert page.evaluate(LOOKS_LIVE) == []
    shoot(page, "now-disconnected")
    home.start_hub()
    page.clock.fast_forward(10_000)
    expect(page.locator(".connection")).to_have_attribute("data-connection", "live")
    expect(page.get_by_role("alert")).to_have_count(0)
    value = row(page, "pump").locator(".value")
    expect(value).not_to_have_text(value.inner_text())
    expect(page.locator(".big")).not_to_have_css("color", page.evaluate(SOFT))
    assert is_marked(page)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


SOFT = """() => { const probe = document.createElement('i'); probe.className = 'soft'; document.body.append(probe);
  const colour = getComputedStyle(probe).color; probe.remove(); return colour; }"""

LOOKS_LIVE = f"""() => {{
  const soft = ({SOFT})();
  const isGrey = part => {{ for (let at = part; at; at = at.parentElement)
    if (getComputedStyle(at).filter.includes('grayscale')) return true; return false; }};
  const text = [...document.querySelectorAll('.live .quantity, .live .value')]
    .filter(part => getComputedStyle(part).color !== soft);
  const marks = [...document.querySelectorAll('.live [data-mark], .live .track, .live .spark, .live .dot')]
    .filter(part => !isGrey(part));
  return [...text, ...marks].map(part => part.outerHTML.slice(0, 100));
}}"""
"""Elements that still look live."""


def colour(part: Locator) -> str:
    return str(part.evaluate("part => getComputedStyle(part).color"))
