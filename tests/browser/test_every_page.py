"""Every page in every theme and width: no serious axe violation, nothing wider than the screen, large touch targets."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import need
from browser.every_page import (
    FAILS,
    HEIGHT,
    PLACES,
    THEMES,
    WIDTHS,
    leave_place,
    misfits,
    named,
    open_place,
    set_width,
    too_wide,
    whole,
    whole_home,
)
from browser.home import Home
from browser.visitor import AXE, Visitor, shoot, violations

NAMES = """links => links.map(link => {
  const range = document.createRange();
  range.selectNodeContents(link);
  const {left, right} = range.getBoundingClientRect();
  return [left, right];
})"""


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with whole_home(folder, interval_s=3.0) as home:  # a page that changes all the time is looked at for longer
        yield home


def visit(visitor: Visitor, theme: str, width: int) -> Page:
    visitor.expect(FAILS)
    size = {"width": width, "height": HEIGHT}
    page = visitor.open("/", viewport=size, has_touch=True, reduced_motion="reduce", **THEMES[theme])
    whole(page)
    return page


def test_every_page_fits_every_width_and_axe_finds_nothing(visitor: Visitor) -> None:
    need(AXE.is_file(), "axe-core is not installed: python3 hatch_build.py --tools.")
    page, found = visit(visitor, "light", WIDTHS[-1]), []
    for name, place in PLACES.items():
        open_place(page, visitor.address, place)
        found += named(violations(page), name, "axe")
        for width in WIDTHS:
            set_width(page, width)
            found += named(misfits(page, width), name, width)
        shoot(page, f"page-{name}")
        leave_place(page, visitor.address, place)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", [theme for theme in THEMES if theme != "light"])
def test_every_page_has_contrast_in_other_themes_and_fits_in_other_languages(visitor: Visitor, theme: str) -> None:
    """Axe looks at colours only; the layout is that of a small phone."""
    need(AXE.is_file(), "axe-core is not installed: python3 hatch_build.py --tools.")
    page, found = visit(visitor, theme, WIDTHS[0]), []
    for name, place in PLACES.items():
        open_place(page, visitor.address, place)
        found += named(violations(page, ["color-contrast"]), name, theme)
        found += named(too_wide(page, WIDTHS[0]), name, theme)
        leave_place(page, visitor.address, place)
    assert not found, "\n".join(found)


def test_the_navigation_of_a_phone_is_at_the_lower_edge_and_its_names_keep_from_the_sides(visitor: Visitor) -> None:
    german = visit(visitor, "dark", WIDTHS[0])
    sides = german.locator(".page-links a").evaluate_all(NAMES)
    assert len(sides) == 4 and all(left > 4 and right < WIDTHS[0] - 4 for left, right in sides), sides
    page = visit(visitor, "light", 375)
    box = page.get_by_role("navigation", name="Pages").bounding_box()
    assert box is not None and box["y"] + box["height"] == HEIGHT and box["width"] == 375, box
    page.get_by_role("link", name="Devices", exact=True).tap()
    expect(page).to_have_title("Devices – Unclouded")
