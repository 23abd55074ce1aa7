"""Appearance and accessibility: phone, dark, keyboard, reduced motion, no layout shifts, no serious axe violations."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import need
from browser.home import BROKER, Home, Thing, meter
from browser.visitor import AXE, PHONE, Visitor, go, shoot, violations

PATHS = {
    "now": "/",
    "history": "/history",
    "energy": "/history?range=month",
    "devices": "/devices",
    "device": "/devices/kettle",
    "hub": "/hub",
}
APPEARANCES: dict[str, dict[str, Any]] = {"light": {}, "dark": {"color_scheme": "dark"}, "phone": PHONE}

THINGS = [
    meter(),
    Thing(id="kettle", name="Kettle", load="kettle", more='parent = "meter"'),
    Thing(id="fridge", name="Fridge", load="fridge", more='parent = "meter"'),
    Thing(id="tv", name="TV", load="tv", more='parent = "meter"'),
    Thing(id="pump", name="Pump in the cellar", load="pump", more='parent = "meter"'),
    Thing(id="solar", name="Solar roof", load="roof", more='parent = "meter"\nproduces = true'),
]


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    """With one plug that is offline and one that is not admitted, so that these states are shown, too."""
    with Home(folder, THINGS, BROKER, hour=11.0) as home:
        home.until(lambda values: all((one.id, "power_W") in values for one in THINGS))
        home.connect_plug(seed=9)
        home.stop_sim("tv")
        yield home


def whole(page: Page) -> None:
    """Wait until the page is complete."""
    expect(page.locator(".connection")).to_have_attribute("data-connection", "live")
    expect(page.locator("main > *").first).to_be_attached()
    expect(page.locator(".skeleton, [data-dim=true]")).to_have_count(0)


@pytest.mark.parametrize("appearance", APPEARANCES)
def test_axe_finds_no_serious_violations_on_any_page(visitor: Visitor, appearance: str):
    need(AXE.is_file(), "axe-core is not installed: python3 hatch_build.py --tools.")
    page = visitor.open("/", **APPEARANCES[appearance])
    rules = ["color-contrast"] if appearance == "dark" else []  # the content is the same
    found = []
    for name, path in PATHS.items():
        go(page, path)
        whole(page)
        shoot(page, f"{name}-{appearance}")
        found += [f"{name}, {appearance}: {violation}" for violation in violations(page, rules)]
    assert not found, "\n".join(found)


WIDER = """() => [...document.querySelectorAll('body *')].filter(part => {
  const box = part.getBoundingClientRect();
  const scrolls = '.scrolls, .lines, .hidden-text, .table-box';
  return box.width && box.right > innerWidth + 1 && !part.closest(scrolls);
}).map(part => part.outerHTML.slice(0, 120))"""

SMALL = """() => [...document.querySelectorAll('a, button, input, select, summary, [role=slider]')].filter(part => {
  const style = getComputedStyle(part);
  const isInText = part.matches('a') && style.display === 'inline' && part.parentElement.innerText !== part.innerText;
  if (!part.checkVisibility() || isInText || part.matches('.skip')) return false;
  const target = part.matches('input[type=checkbox]') ? part.closest('label') ?? part : part;
  const {width, height} = target.getBoundingClientRect();
  return Math.min(width, height) < 43.5;
}).map(part => { const box = part.getBoundingClientRect();
  return `${part.outerHTML.slice(0, 140)} ${Math.round(box.width)} x ${Math.round(box.height)}`; })"""


def test_every_page_fits_a_phone_and_has_large_touch_targets(visitor: Visitor):
    page = visitor.open("/", **PHONE)
    whole(page)
    found = []
    for name, path in PATHS.items():
        go(page, path)
        whole(page)
        assert page.evaluate("[innerWidth, document.documentElement.scrollWidth]") == [375, 375], name
        found += [f"{name}, too wide: {part}" for part in page.evaluate(WIDER)]
        found += [f"{name}, too small: {part}" for part in page.evaluate(SMALL)]
        box = page.get_by_role("navigation", name="Pages").bounding_box()
        assert box is not None and box["y"] + box["height"] == 720 and box["width"] == 375, box
    assert not found, "\n".join(found)
    page.get_by_role("link", name="Devices", exact=True).tap()
    expect(page).to_have_url(re.compile("/devices$"))


def test_the_page_follows_the_colour_scheme_of_the_system(visitor: Visitor):
    page = visitor.open(color_scheme="light")
    whole(page)
    body, value = page.locator("body"), page.locator(".big .quantity")
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(value).to_have_css("color", "rgb(22, 24, 29)")
    page.emulate_media(color_scheme="dark")
    expect(body).to_have_css("background-color", "rgb(15, 17, 21)")
    expect(value).to_have_css("color", "rgb(232, 234, 237)")


MOVES = """longest => [...document.querySelectorAll('body *')].filter(part => {
  const {transitionDuration, animationDuration, animationName} = getComputedStyle(part);
  const times = transitionDuration.split(', ').map(parseFloat);
  return Math.max(...times) > longest || (animationName !== 'none' && parseFloat(animationDuration) > longest);
}).map(part => part.outerHTML.slice(0, 100))"""


def test_animations_are_short_and_off_with_reduced_motion(visitor: Visitor):
    page = visitor.open()
    for path in (PATHS["device"], PATHS["history"], PATHS["now"]):
        go(page, path)
        whole(page)
        page.emulate_media(reduced_motion="no-preference")
        assert page.evaluate(MOVES, 0.15) == []
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(MOVES, 0) == []


def test_the_page_can_be_used_with_the_keyboard_alone(visitor: Visitor, home: Home):
    page = visitor.open()
    whole(page)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    pump = page.get_by_role("button", name="Pump in the cellar")
    for _ in range(20):
        page.keyboard.press("Tab")
        if pump.evaluate("button => button === document.activeElement"):
            break
    expect(pump.locator(".track")).to_have_css("outline-style", "solid")
    shoot(page, "now-keyboard")
    for pressed in ("false", "true"):
        page.keyboard.press("Space")
        expect(pump).to_have_attribute("aria-pressed", pressed)
        expect(pump).to_have_attribute("aria-busy", "false")
    assert home.relay("pump")
    expect(pump).to_be_focused()
    page.get_by_role("link", name="History").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_title("History – Unclouded")
    expect(page.get_by_role("main")).to_be_focused()
    expect(page.get_by_role("link", name="History")).to_have_attribute("aria-current", "page")
    page.go_back()
    expect(page).to_have_title("Now – Unclouded")


def test_the_focus_is_always_visible(visitor: Visitor):
    page = visitor.open()
    for path in (PATHS["history"], PATHS["devices"], PATHS["device"], PATHS["hub"]):
        go(page, path)
        whole(page)
        seen: list[str] = []
        for _ in range(40):
            page.keyboard.press("Tab")
            where, shown = page.evaluate(FOCUS)
            if seen and where == seen[-1]:
                continue  # a date has a stop for each of its parts
            if where == "body" or where in seen:
                break
            assert shown, f"{path}: {where}"
            seen.append(where)
        assert len(seen) > 6, seen


FOCUS = """() => {
  const part = document.activeElement;
  if (part === document.body) return ['body', true];
  const shown = [part, ...part.querySelectorAll('*')].some(one => getComputedStyle(one).outlineStyle !== 'none');
  part.dataset.stop ??= String(document.querySelectorAll('[data-stop]').length);
  return [`${part.dataset.stop} ${part.outerHTML.slice(0, 80)}`, shown];
}"""


AFTER_CHANGES = """new Promise(done => {
  const look = () => window.changes > 3 ? done() : setTimeout(look, 20);
  look();
})"""


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("path", ["/", "/history"])
def test_the_layout_does_not_shift_while_loading_and_updating(visitor: Visitor, path: str, options: dict[str, Any]):
    page = visitor.open(path, **options)
    whole(page)
    page.evaluate(AFTER_CHANGES)
    shifts = page.evaluate("window.shifts")
    assert sum(shift["value"] for shift in shifts) < 0.02, shifts
