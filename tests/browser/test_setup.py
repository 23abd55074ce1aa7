"""The wizard that sets up a plug: from the box to a device, what fails, and how it looks."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.setup.setup_story import FAST, PASSWORD, Bound, ShopPlug, in_the_air
from browser.home import BROKER, Home, meter
from browser.visitor import PHONE, Visitor, shoot, violations
from families.meross.setup.setup_stories import network
from unclouded.app.setup import conversation
from unclouded.app.setup.steps import ACCESS_POINT

SEEN = [
    network("My home", 82),
    network("Neighbours with a long name of 32", 31, encryption=8),
    network("Guests", 64, encryption=0, cipher=0),
]


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, [meter()], BROKER) as home:
        yield home


@contextlib.contextmanager
def plug_near(home: Home, plug: ShopPlug) -> Iterator[str]:
    """The plug answers at the address of an access point, as the hub sees it."""
    air = in_the_air(plug)
    address = home._do(air.__aenter__())
    link_to = conversation.link_to
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("unclouded.app.setup.plug_setup.SetupTimes", lambda: FAST)
        patch.setattr(conversation, "link_to", lambda place, s: link_to(address if place == ACCESS_POINT else place, s))
        yield address
    home._do(air.__aexit__(None, None, None))


def start_over(page: Page) -> None:
    page.request.delete(f"{page.url.rpartition('/')[0]}/api/setup")
    page.reload()


def test_a_plug_from_the_box_is_set_up_on_the_page(visitor: Visitor, home: Home) -> None:
    plug = ShopPlug(finds=SEEN)
    with plug_near(home, plug):
        page = visitor.open("/devices")
        page.get_by_role("link", name="Add", exact=True).click()
        page.get_by_role("link", name="Set it up").click()
        expect(page.get_by_role("heading", name="Add a plug")).to_be_visible()
        expect(page.get_by_text("hold its button for 5 seconds")).to_be_visible()
        expect(page.locator(".parts [aria-current]")).to_have_text("Find")
        page.get_by_role("button", name="Look for the plug").click()
        expect(page.locator("dl.facts")).to_contain_text("mss310")
        expect(page.locator(".parts [aria-current]")).to_have_text("Wi-Fi and name")
        expect(page.get_by_role("radio")).to_have_count(4)
        page.get_by_label("Password of the Wi-Fi").fill("12345")
        page.get_by_label("Name of the device").fill("Coffee machine")
        page.get_by_label("Counted inside").select_option("House meter")
        page.get_by_role("button", name="Connect it").click()
        expect(page.get_by_role("alert")).to_contain_text("8 to 63 characters")
        page.get_by_label("Password of the Wi-Fi").fill(PASSWORD)
        expect(page.get_by_role("alert")).to_have_count(0)
        page.get_by_role("button", name="Connect it").click()
        expect(page.get_by_text("Coffee machine is set up and answers.")).to_be_visible()
        assert PASSWORD not in page.content()
        page.get_by_role("link", name="Open it").click()
        expect(page).to_have_url(re.compile("/devices/coffee_machine$"))
        page.get_by_role("button", name="More", exact=True).click()
        page.get_by_role("link", name="Remove…").click()
        page.get_by_role("button", name="Remove…").click()
        assert violations(page) == []
        shoot(page, "forget")
        page.get_by_role("dialog").get_by_role("button", name="Remove, keep the history").click()
        expect(page).to_have_url(re.compile("/devices$"))
        expect(page.locator('[data-device="coffee_machine"]')).to_have_count(0)
        start_over(visitor.open("/setup"))


def test_a_wrong_password_says_so_and_the_set_up_can_be_tried_again(visitor: Visitor, home: Home) -> None:
    with plug_near(home, ShopPlug()):
        page = visitor.open("/setup")
        page.get_by_role("button", name="Look for the plug").click()
        page.get_by_label("Password of the Wi-Fi").fill("a wrong password")
        page.get_by_label("Name of the device").fill("Lamp")
        page.get_by_role("button", name="Connect it").click()
        expect(page.get_by_role("alert")).to_contain_text("the password of the Wi-Fi is wrong")
        shoot(page, "setup-failed")
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_label("Password of the Wi-Fi")).to_have_value("")
        start_over(page)


def test_a_plug_in_the_network_is_moved_here_with_its_key(visitor: Visitor, home: Home) -> None:
    with plug_near(home, Bound("the old key")) as address:
        page = visitor.open("/setup")
        page.get_by_role("button", name="One that is in this network already").click()
        page.get_by_role("button", name="Look for the plug").click()
        expect(page.get_by_role("alert")).to_have_text("Enter the address of the plug.")
        page.get_by_label("Address of the plug").fill(address)
        page.get_by_label("Key that it has now").fill("the old key")
        page.get_by_role("button", name="Look for the plug").click()
        expect(page.get_by_role("heading", name="Its name")).to_be_visible()
        expect(page.get_by_role("radio")).to_have_count(0)
        page.get_by_label("Name of the device").fill("Lamp")
        page.get_by_role("button", name="Connect it").click()
        expect(page.get_by_role("link", name="Open it")).to_be_visible()
        start_over(page)


@pytest.mark.parametrize(("width", "scheme"), [("desktop", "light"), ("phone", "dark")])
def test_every_part_is_accessible_and_fits(visitor: Visitor, home: Home, scheme: str, width: str) -> None:
    options = PHONE if width == "phone" else {"viewport": {"width": 1280, "height": 900}}
    plug = ShopPlug(joins=False, finds=SEEN)
    with plug_near(home, plug):
        page = visitor.open("/setup", color_scheme=scheme, **options)
        expect(page.get_by_role("button", name="Look for the plug")).to_be_visible()
        check(page, f"setup-find-{width}-{scheme}")
        page.get_by_role("button", name="One that is in this network already").click()
        check(page, f"setup-bound-{width}-{scheme}")
        page.get_by_role("button", name="A new one, or one that was reset").click()
        page.get_by_role("button", name="Look for the plug").click()
        expect(page.get_by_label("Password of the Wi-Fi")).to_be_visible()
        check(page, f"setup-choose-{width}-{scheme}")
        page.get_by_label("Password of the Wi-Fi").fill(PASSWORD)
        page.get_by_label("Name of the device").fill("Coffee machine")
        page.get_by_role("button", name="Connect it").click()
        expect(page.get_by_text("Waiting up to")).to_be_visible()
        check(page, f"setup-connect-{width}-{scheme}")
        start_over(page)


def check(page: Page, picture: str) -> None:
    """It is accessible, nothing is wider than the screen, and it is photographed."""
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    shoot(page, picture, full_page=True)
