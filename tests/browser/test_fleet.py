"""The page of a fleet: ten thousand homes in a list, a command to many of them, every page in themes and widths."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import need
from browser.every_page import HEIGHT, THEMES, misfits, named, set_width, too_wide
from browser.home import until
from browser.made_up_fleet import MadeUpFleet
from browser.visitor import AXE, Visitor, go, shoot, violations

HOMES = 10_000
WELL = f"h{400:019d}"  # a home of the organisation in which the person is an owner
DOOMED = f"h{9_998:019d}"  # of the same organisation
OFFLINE = f"h{36:019d}"
PLACES = {
    "homes": "/",
    "open": f"/?state=offline&open={OFFLINE}",
    "home": f"/homes/{WELL}",
    "manage": f"/homes/{WELL}/manage",
    "month": f"/homes/{WELL}/history?range=month",
    "energy": "/energy",
    "commands": "/commands",
    "events": "/events",
    "settings": "/settings",
}
IN_THEMES = ("open", "home", "commands")
ROWS = ".homes .h"


@pytest.fixture(scope="module")
def home() -> Iterator[MadeUpFleet]:
    with MadeUpFleet(HOMES, time.time()) as fleet:
        yield fleet


def whole(page: Page) -> None:
    """Wait until the page is complete."""
    expect(page.locator(".connection")).to_have_attribute("data-connection", "live")
    expect(page.locator("main > *").first).to_be_attached()
    expect(page.locator(".skeleton, [data-dim=true], main [aria-busy=true]:not(button)")).to_have_count(0)


def scroll(page: Page) -> None:
    before = page.evaluate("scrollY")
    page.mouse.wheel(0, 1_500)
    until(lambda: page.evaluate("scrollY") > before)


def test_ten_thousand_homes_are_a_list_of_few_rows_which_the_stream_keeps_current(
    visitor: Visitor, home: MadeUpFleet
) -> None:
    for width in (360, 1280):
        page = visitor.open("/", viewport={"width": width, "height": HEIGHT})
        whole(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("10,000 homes")
        shifts = page.evaluate("window.shifts")
        assert sum(shift["value"] for shift in shifts) <= 0.01, (width, shifts)
    expect(page.locator(".chip")).to_have_text(
        ["All 10,000", "Need attention 30", "No contact 80", "Behind 210", "OK 9,680"]
    )

    first = page.locator(ROWS).first
    id = first.get_attribute("data-home") or ""
    home.change(id, state="attention", alerts=["battery"], devices_offline=0, power_W=2_345.6)
    expect(first).to_contain_text("A battery is low")
    expect(first).to_contain_text("2.35")
    assert first.get_attribute("data-home") == id

    page.mouse.move(640, HEIGHT / 2)
    for _ in range(12):
        scroll(page)
    expect(page.locator("main > p[role=status]")).to_contain_text(" of 10,000, the worst first")
    until(lambda: page.evaluate("scrollY / 44") > 60)
    assert page.locator(ROWS).count() < 60

    page.get_by_role("button", name="No contact").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("80 homes")
    page.get_by_label("Search homes").fill("gran vía")
    expect(page.get_by_role("heading", level=1)).not_to_have_text("80 homes")
    name = page.locator(ROWS).first.get_by_role("button")
    name.focus()
    page.keyboard.press("Enter")
    expect(name).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".opened")).to_contain_text("This home sends values of each quarter of an hour")
    expect(page.get_by_role("img", name="Power from the grid, last 24 hours")).to_be_visible()
    page.get_by_role("link", name="Open home").click()
    expect(page.locator(".home-state")).to_contain_text("No contact for")
    expect(page.locator(".dev").first).to_contain_text("No answer since")


def test_a_command_to_many_homes_says_for_which_it_is_and_what_became_of_each(
    visitor: Visitor, home: MadeUpFleet
) -> None:
    page = visitor.open("/commands", viewport={"width": 375, "height": HEIGHT})
    whole(page)
    page.get_by_label("Name, place or device").fill("Gran Vía 4")
    page.get_by_label("Device, by its id").fill("pump")
    page.get_by_role("button", name="Check first").click()
    expect(page.locator("form [role=status]").first).to_contain_text("You are a viewer there.")
    page.get_by_role("button", name="Send to").click()
    line = page.locator("li.command")
    expect(line.first).to_contain_text("pump: off")
    expect(line.first.locator(".pill")).to_contain_text(", no answer yet")
    assert not any(one.home == WELL for one in home.commands)
    done = home.commands[0].home
    home.settle(done, "confirmed")
    expect(line.first.locator(".pill")).to_contain_text("done ")

    go(page, f"/homes/{WELL}")
    switch = page.get_by_role("button", name="Pool pump")
    switch.click()
    expect(switch).to_have_attribute("aria-busy", "true")
    until(lambda: any(one.home == WELL for one in home.commands))
    home.settle(WELL, "refused")
    expect(page.locator(".why[data-command=failed]")).to_contain_text("the device refused it")


def test_a_home_is_renamed_sent_again_and_deleted_after_a_question(visitor: Visitor, home: MadeUpFleet) -> None:
    page = visitor.open("/?flag=alert.offline", viewport={"width": 1280, "height": HEIGHT})
    whole(page)
    expect(page.get_by_label("Alert or level")).to_have_value("alert.offline")
    expect(page.get_by_role("heading", level=1)).to_have_text("10 homes")
    go(page, f"/homes/{DOOMED}/manage")
    whole(page)
    page.get_by_label("Name in the fleet").fill("Last home")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Last home")
    page.get_by_label("Since").fill("2026-11-01")
    page.get_by_role("button", name="Have it sent again").click()
    page.get_by_role("dialog").get_by_role("button", name="Have it sent again").click()
    expect(page.locator("[data-setting=again] .saved")).to_have_text("Wanted since 2026-11-01.")
    page.get_by_role("button", name="Delete").click()
    sure = page.get_by_role("dialog", name="Delete everything of Last home?")
    sure.get_by_role("button", name="Cancel").click()
    expect(sure).to_have_count(0)
    assert DOOMED in home.rows
    page.get_by_role("button", name="Delete").click()
    sure.get_by_role("button", name="Delete").click()
    expect(page.locator("main > [role=status]")).to_have_text("Last home is deleted.")
    assert DOOMED not in home.rows


def test_every_page_of_the_fleet_fits_every_width_and_axe_finds_nothing(visitor: Visitor) -> None:
    need(AXE.is_file(), "axe-core is not installed: python3 hatch_build.py --tools.")
    found = []
    for theme, options in THEMES.items():
        size = {"width": 1280 if theme == "light" else 320, "height": HEIGHT}
        page = visitor.open("/", viewport=size, has_touch=True, reduced_motion="reduce", **options)
        for name, place in PLACES.items() if theme == "light" else ((name, PLACES[name]) for name in IN_THEMES):
            go(page, place)
            whole(page)
            found += named(violations(page, [] if theme == "light" else ["color-contrast"]), name, theme)
            if theme == "light":
                set_width(page, 375)
                found += named(misfits(page, 375), name, 375)
                set_width(page, 320)
            found += named(too_wide(page, 320), name, theme)
            shoot(page, f"fleet-{name}-{theme}")
            set_width(page, size["width"])
    assert not found, "\n".join(found)
