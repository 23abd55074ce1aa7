"""The page of a gateway: sub-devices join, get names and leave; infrared codes; the alarm system."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.conftest import need
from browser.every_page import misfits
from browser.home import Home, Thing
from browser.visitor import AXE, PHONE, Visitor, shoot, violations

LOCK = "gateway_03a1b2c30404"
THINGS = [
    Thing(id="gateway", name="Gateway", kind="tuya-gateway-small", load=""),
    Thing(
        id="alarm",
        name="Alarm centre",
        kind="tuya-gateway-security",
        load="",
        more="session = { security = { arming_delay_s = 600 } }",
    ),
]


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, THINGS) as home:
        home.until(lambda values: ("gateway", "joining") in values and ("alarm", "security") in values)
        yield home


def section(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name)


def test_sub_devices_join_while_that_is_permitted_get_a_name_and_leave(visitor: Visitor, home: Home) -> None:
    visitor.expect("status of 422")  # the store does not know what joined a moment ago; its page asks again
    page = visitor.open("/devices/gateway")
    devices = section(page, "Devices of this gateway")
    expect(devices).to_contain_text("No new devices can join now.")
    expect(devices.get_by_role("listitem")).to_have_count(0)
    devices.get_by_role("button", name="Let devices join").click()
    expect(devices.get_by_role("timer")).to_have_text(re.compile(r"^Devices may join for 1:(40|[0-3]\d)\.$"))
    expect(devices.get_by_role("listitem")).to_have_count(4)
    expect(devices.get_by_text("new", exact=True)).to_have_count(4)
    expect(devices.locator(".joined")).to_contain_text("Motion sensor")
    lock = devices.locator(f'[data-device="{LOCK}"]')
    expect(lock).to_contain_text("Battery 100 %")
    shoot(page, "gateway-joining")
    lock.get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("lock")
    page.go_back()
    expect(devices.get_by_text("new", exact=True)).to_have_count(4)
    devices.get_by_role("button", name="Stop").click()
    expect(devices).to_contain_text("No new devices can join now.")

    lock.get_by_role("link", name="Name it").click()
    form = section(page, "Name and place")
    form.get_by_label("Name", exact=True).fill("Front door")
    form.get_by_label("Place").fill("Hall")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("status")).to_contain_text("Saved.")
    expect(page.get_by_role("heading", level=1)).to_have_text("Front door")
    page.go_back()
    expect(lock.get_by_role("link").first).to_have_text("Front door")
    expect(lock).to_contain_text("Hall")

    lock.get_by_role("link", name="Name it").click()
    removal = page.get_by_role("button", name="Remove…")
    removal.click()
    question = page.get_by_role("dialog", name="Remove Front door?")
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    shoot(page, "gateway-remove")
    page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    removal.click()
    question.get_by_role("button", name="Remove", exact=True).click()
    expect(page).to_have_url(re.compile("/devices/gateway$"))
    expect(devices.get_by_role("listitem")).to_have_count(3)
    expect(lock).to_have_count(0)


def test_infrared_codes_are_learnt_sent_renamed_exported_and_deleted(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/devices/gateway")
    infrared = section(page, "Infrared")
    name = infrared.get_by_label("Name, for example TV on").first
    name.fill("TV, on")
    infrared.get_by_role("button", name="Learn").click()
    expect(infrared.get_by_role("alert")).to_have_text("A name cannot contain a comma.")
    name.fill("TV on")
    infrared.get_by_role("button", name="Learn").click()
    expect(infrared.get_by_role("timer")).to_contain_text("press the button once")
    expect(infrared.get_by_text("NEC, address 4, command 8")).to_be_visible()
    infrared.get_by_role("button", name="Send TV on").click()
    expect(infrared.get_by_text("TV on was sent.")).to_be_visible()

    infrared.get_by_role("button", name="Change TV on").click()
    dialog = page.get_by_role("dialog", name="TV on")
    expect(dialog.get_by_label("As text")).to_have_value(re.compile(r"^38000Hz 9000 4500 560"))
    dialog.get_by_label("Form").select_option("Pronto hex")
    expect(dialog.get_by_label("As text")).to_have_value(re.compile(r"^0000 006D"))
    shoot(page, "gateway-infrared")
    dialog.get_by_label("Name, for example TV on").fill("TV power")
    dialog.get_by_role("button", name="Save").click()
    expect(infrared.get_by_role("button", name="Send TV on")).to_have_count(0)
    infrared.get_by_role("button", name="Change TV power").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete this code").click()
    expect(infrared.get_by_text("No codes yet.")).to_be_visible()


def test_an_alarm_system_is_armed_and_a_code_disarms_it(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/devices/alarm")
    system = section(page, "Alarm system")
    system.get_by_text("Code for disarming").click()
    system.get_by_label("New code").fill("2468")
    system.get_by_role("button", name="Change the code").click()
    expect(system.get_by_text("The code was changed.")).to_be_visible()
    system.get_by_role("button", name="Arm: away").click()
    expect(system.get_by_text("Arming", exact=True)).to_be_visible()
    expect(system.get_by_role("timer")).to_have_text(re.compile(r"^Armed in (10:00|9:\d\d)$"))
    code = system.get_by_label("Code, if one is set", exact=True)
    code.fill("1111")
    system.get_by_role("button", name="Disarm").click()
    expect(system.get_by_role("alert")).to_have_text("The code is wrong.")
    shoot(page, "gateway-alarm")
    code.fill("2468")
    page.keyboard.press("Enter")
    expect(system.get_by_text("Disarmed", exact=True)).to_be_visible()
    expect(system.get_by_role("alert")).to_have_count(0)
    assert home.readings()["alarm", "security"] == "disarmed"
    expect(system.get_by_role("listitem").nth(0)).to_contain_text("Disarmed (user).")
    expect(system.get_by_role("listitem").nth(1)).to_contain_text("disarm was refused: the code is wrong.")
    expect(system.get_by_role("listitem").nth(2)).to_contain_text("Armed away in 600 s (user).")
    assert "2468" not in page.content()


def test_a_gateway_without_an_alarm_system_offers_none(visitor: Visitor) -> None:
    page = visitor.open("/devices/gateway")
    expect(section(page, "Devices of this gateway")).to_be_visible()
    expect(section(page, "Alarm system")).to_have_count(0)


@pytest.mark.parametrize("path", ["/devices/gateway", "/devices/alarm"])
def test_its_page_fits_a_phone_and_is_accessible(visitor: Visitor, path: str) -> None:
    need(AXE.is_file(), "axe-core is not installed: python3 hatch_build.py --tools.")
    page = visitor.open(path, **PHONE)
    expect(section(page, "Devices of this gateway")).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    assert misfits(page, 375) == []
    assert violations(page) == []
    shoot(page, f"gateway-phone-{path.rpartition('/')[2]}")
    page.emulate_media(color_scheme="dark")
    assert violations(page, ["color-contrast"]) == []
