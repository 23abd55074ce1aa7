"""Appearance: dark, keyboard, reduced motion, no layout shifts. How every page fits is in test_every_page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from browser.every_page import whole, whole_home
from browser.home import Home
from browser.visitor import PHONE, Visitor, go, shoot

PATHS = {"now": "/", "history": "/history", "devices": "/devices", "device": "/devices/kettle", "settings": "/settings"}


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with whole_home(folder) as home:
        yield home


def test_the_page_follows_the_colour_scheme_of_the_system(visitor: Visitor) -> None:
    page = visitor.open(color_scheme="light")
    whole(page)
    body, value = page.locator("body"), page.locator(".display .quantity")
    expect(body).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(value).to_have_css("color", "rgb(22, 24, 29)")
    page.emulate_media(color_scheme="dark")
    expect(body).to_have_css("background-color", "rgb(15, 17, 21)")
    expect(value).to_have_css("color", "rgb(232, 234, 237)")
    page.emulate_media(color_scheme="dark", media="print")
    expect(value).to_have_css("color", "rgb(22, 24, 29)")  # paper is white


MOVES = """longest => [...document.querySelectorAll('body *')].filter(part => {
  const {transitionDuration, animationDuration, animationName} = getComputedStyle(part);
  const times = transitionDuration.split(', ').map(parseFloat);
  return Math.max(...times) > longest || (animationName !== 'none' && parseFloat(animationDuration) > longest);
}).map(part => part.outerHTML.slice(0, 100))"""


def test_animations_are_short_and_off_with_reduced_motion(visitor: Visitor) -> None:
    page = visitor.open()
    for path in (PATHS["device"], PATHS["history"], PATHS["now"]):
        go(page, path)
        whole(page)
        page.emulate_media(reduced_motion="no-preference")
        assert page.evaluate(MOVES, 0.15) == []
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(MOVES, 0) == []


def test_the_page_can_be_used_with_the_keyboard_alone(visitor: Visitor, home: Home) -> None:
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


def test_the_focus_is_always_visible(visitor: Visitor) -> None:
    page = visitor.open()
    for path in (PATHS["history"], PATHS["devices"], PATHS["device"], PATHS["settings"]):
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
  const shown = [part, ...part.querySelectorAll('*')].some(one =>
    ['', '::before', '::after'].some(piece => getComputedStyle(one, piece || null).outlineStyle !== 'none'));
  part.dataset.stop ??= String(document.querySelectorAll('[data-stop]').length);
  return [`${part.dataset.stop} ${part.outerHTML.slice(0, 80)}`, shown];
}"""


AFTER_CHANGES = """new Promise(done => {
  const look = () => window.changes > 3 ? done() : setTimeout(look, 20);
  look();
})"""


@pytest.mark.parametrize("options", [{}, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("path", ["/", "/history"])
def test_the_layout_does_not_shift_while_loading_and_updating(
    visitor: Visitor, path: str, options: dict[str, Any]
) -> None:
    """In a browser that was here before: it remembers that the hub keeps costs, and keeps their places."""
    kept = [{"origin": visitor.address, "localStorage": [{"name": "unclouded.costs", "value": "1"}]}]
    page = visitor.open(path, storage_state={"origins": kept}, **options)
    whole(page)
    page.evaluate(AFTER_CHANGES)
    shifts = page.evaluate("window.shifts")
    assert sum(shift["value"] for shift in shifts) < 0.02, shifts
