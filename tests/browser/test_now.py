"""The Now page: live values, switches with confirmation, devices and hub that disconnect and reconnect."""

import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.home import Home, Thing, meter, until
from browser.other_site import COMPLAINTS, NOTHING, another_site, what_it_gets
from browser.visitor import Visitor, is_marked, mark, shoot, violations

CELLAR = 'room = "Cellar"'
THINGS = [
    meter(),
    Thing(id="pump", name="Pump", load="pump", more=f'parent = "meter"\n{CELLAR}\ncritical = true'),
    Thing(id="lamp", name="Lamp", more=f'parent = "meter"\n{CELLAR}'),
    Thing(id="slow", name="Slow lamp", faults=frozenset({"answers-slowly"}), more='parent = "meter"\nfavourite = true'),
    Thing(
        id="stuck",
        name="Stuck lamp",
        faults=frozenset({"has-stuck-relay"}),
        more=f'parent = "meter"\n{CELLAR}\nsession = {{ command_timeout_s = 2.0 }}',
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
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, THINGS) as home:
        home.until(lambda values: all((one.id, "power_W") in values for one in THINGS))
        yield home


def row(page: Page, id: str) -> Locator:
    return page.locator(f'.dev[data-device="{id}"]')


def switch(page: Page, id: str) -> Locator:
    return row(page, id).locator("button.switch")


def test_values_are_updated_without_a_reload(visitor: Visitor) -> None:
    page = visitor.open()
    value = row(page, "pump").locator(".val")
    expect(value).to_contain_text("W")
    mark(page)
    for _ in range(2):
        expect(value).not_to_have_text(value.inner_text())
    expect(page.locator(".connection")).to_contain_text("live")
    assert is_marked(page)
    shoot(page, "now")


def test_both_bars_have_the_same_length_and_labels_for_their_parts(visitor: Visitor) -> None:
    page = visitor.open()
    flows = page.get_by_role("group", name="Power sources and uses")
    expect(flows.locator(".hidden-text")).to_have_text(re.compile(r"Sources: .*\d\sW.* Uses: .*Pump \d+\sW.*"))
    widths = page.evaluate("""() => [...document.querySelectorAll('.flow .bar')].map(
        bar => [...bar.children].reduce((sum, part) => sum + parseFloat(part.style.width), 0))""")
    assert widths == pytest.approx([100, 100])


def test_a_switch_shows_the_new_state_only_after_confirmation(visitor: Visitor, home: Home) -> None:
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


def test_a_press_of_the_button_on_the_plug_is_shown(visitor: Visitor, home: Home) -> None:
    page = visitor.open()
    for pressed in ("false", "true"):
        home.press("lamp")
        expect(switch(page, "lamp")).to_have_attribute("aria-pressed", pressed)
    assert home.relay("lamp")


def test_a_page_of_another_site_can_neither_switch_nor_read(visitor: Visitor, home: Home) -> None:
    """No password is set, and every page in the browser is from this computer."""
    visitor.expect(COMPLAINTS)
    page = visitor.open()
    expect(switch(page, "pump")).to_have_attribute("aria-pressed", "true")
    with another_site() as site:
        got = what_it_gets(page, site, home.address, "pump")
    assert got == {**NOTHING, "answers": [403]}
    assert home.relay("pump")


def test_a_failed_command_shows_its_reason_and_can_be_repeated(visitor: Visitor, home: Home) -> None:
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
    until(lambda: page.evaluate("window.states.length") >= 5)
    expect(outcome).to_have_attribute("data-command", "failed")
    states = page.evaluate("window.states")
    assert states == ["true false", "true true"] * 2 + ["true false"], states


def test_a_critical_device_is_switched_once_that_is_confirmed(visitor: Visitor, home: Home) -> None:
    page = visitor.open()
    button, dialog = switch(page, "pump"), page.get_by_role("dialog")
    expect(button).to_have_attribute("aria-pressed", "true")
    refusals: tuple[Callable[[], None], ...] = (
        lambda: page.keyboard.press("Escape"),
        lambda: dialog.get_by_role("button", name="Cancel").click(),
    )
    for refuse in refusals:
        button.click()
        expect(dialog).to_contain_text("Pump is marked as critical. Switch it off?")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        shoot(page, "now-critical")
        refuse()
        expect(dialog).to_have_count(0)
        expect(button).to_be_focused()
    assert home.relay("pump") and button.get_attribute("aria-pressed") == "true"
    assert violations(page) == []
    for text, pressed in (("Switch off", "false"), ("Switch on", "true")):
        button.click()
        dialog.get_by_role("button", name=text).click()
        expect(button).to_have_attribute("aria-pressed", pressed)
    expect(button).to_have_attribute("aria-busy", "false")


def test_all_off_leaves_what_is_critical_and_says_what_became_of_the_others(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/devices")
    cellar = page.get_by_role("region", name="Cellar")
    expect(switch(page, "stuck")).to_have_attribute("aria-pressed", "true")
    expect(cellar.locator(".room-power")).to_contain_text("W")
    cellar.get_by_role("button", name="All off: Cellar").click()
    said = cellar.locator(".all-off")
    expect(said).to_contain_text("Switched off: Lamp.")
    expect(said).to_contain_text("Stuck lamp did not switch off: The device reports that it is on.")
    expect(said).to_contain_text("Still on, because marked as critical: Pump.")
    shoot(page, "devices-all-off")
    assert (home.relay("lamp"), home.relay("pump"), home.relay("slow")) == (False, True, True)
    page.get_by_role("button", name=re.compile("^On ")).click()
    expect(row(page, "lamp")).to_have_count(0)
    expect(row(page, "pump")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Not answering ")).click()
    expect(page.get_by_text("All devices answer.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^All ")).first.click()
    switch(page, "lamp").click()
    expect(switch(page, "lamp")).to_have_attribute("aria-pressed", "true")


def test_an_offline_plug_is_grey_with_its_last_value_and_recovers(visitor: Visitor, home: Home) -> None:
    page = visitor.open()
    lamp = row(page, "lamp")
    expect(lamp.locator(".val")).to_contain_text("W")
    mark(page)
    home.stop_sim("lamp")
    expect(lamp.locator(".why .fault")).to_have_text(re.compile(r"No answer since \d\d:\d\d"))
    expect(lamp.locator(".sub")).to_have_text(re.compile(r"last 8\.\d\sW"))
    assert colour(lamp.locator(".name")) == page.evaluate(SOFT)
    expect(switch(page, "lamp")).to_have_attribute("aria-disabled", "true")
    expect(page.locator(".alert")).to_contain_text(re.compile(r"Lamp has not answered since \d\d:\d\d"))
    expect(page.locator(".not-counted")).to_contain_text("Lamp is not reachable")
    shoot(page, "now-offline")
    home.start_sim("lamp")
    expect(lamp).to_have_attribute("data-state", "online")
    expect(lamp.locator(".val")).to_contain_text("W")
    expect(page.locator(".alert")).to_have_count(0)
    assert is_marked(page)


def test_without_the_hub_the_page_shows_a_notice_and_reconnects(
    visitor: Visitor, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    page = visitor.open()
    expect(row(page, "pump").locator(".val")).to_contain_text("W")
    mark(page)
    page.clock.install()  # so that the test need not wait
    with visitor.without_hub(home):
        expect(page.locator(".connection")).to_contain_text(re.compile(r"disconnected since \d\d:\d\d"))
        page.clock.fast_forward(4_000)
        expect(page.get_by_role("alert")).to_contain_text("No connection to the hub since")
        assert page.evaluate(LOOKS_LIVE) == []
        shoot(page, "now-disconnected")
    page.clock.fast_forward(10_000)
    expect(page.locator(".connection")).to_have_attribute("data-connection", "live")
    expect(page.get_by_role("alert")).to_have_count(0)
    value = row(page, "pump").locator(".val")
    expect(value).not_to_have_text(value.inner_text())
    expect(page.locator(".display .quantity")).not_to_have_css("color", page.evaluate(SOFT))
    assert is_marked(page)
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == []


SOFT = """() => { const probe = document.createElement('i'); probe.className = 'soft'; document.body.append(probe);
  const colour = getComputedStyle(probe).color; probe.remove(); return colour; }"""

LOOKS_LIVE = f"""() => {{
  const soft = ({SOFT})();
  const isGrey = part => {{ for (let at = part; at; at = at.parentElement)
    if (getComputedStyle(at).filter.includes('grayscale')) return true; return false; }};
  const text = [...document.querySelectorAll('.live .quantity, .live .val')]
    .filter(part => getComputedStyle(part).color !== soft);
  const marks = [...document.querySelectorAll('.live [data-mark], .live .track, .live .spark, .live .dot')]
    .filter(part => !isGrey(part));
  return [...text, ...marks].map(part => part.outerHTML.slice(0, 100));
}}"""
"""Elements that still look live."""


def colour(part: Locator) -> str:
    return str(part.evaluate("part => getComputedStyle(part).color"))
