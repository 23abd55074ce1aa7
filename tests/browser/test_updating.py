"""Updating an appliance on the page: choice of a file, confirmation of the danger, progress."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.home import Home, Thing
from browser.visitor import PHONE, Visitor, shoot, violations

pytestmark = pytest.mark.xdist_group("browser")

FIRMWARE = bytes(range(256)) * 45 + b"unclouded-sim-version:1.0.9;"


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    things = [
        Thing(id="pump", name="Pump", load="pump", faults=frozenset({"answers-slowly"})),
        Thing(id="fan", name="Fan", faults=frozenset({"restarts-during-update"})),
    ]
    with Home(folder, things) as home:
        home.until(lambda values: ("pump", "power_W") in values and ("fan", "power_W") in values)
        yield home


def choose(page: Page, name: str, data: bytes) -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
    page.locator('input[type="file"]').set_input_files(file)  # type: ignore[arg-type]


def test_new_firmware_is_sent_from_a_phone(visitor: Visitor) -> None:
    page = visitor.open("/devices/pump/details", **PHONE)
    page.get_by_role("button", name="Run…").click()
    expect(page.get_by_role("alert")).to_have_text("Choose a file first.")
    choose(page, "pump 1.0.9.bin", FIRMWARE)
    page.evaluate("document.querySelector('.actions').scrollIntoView()")
    shoot(page, "update-form")
    page.get_by_role("button", name="Run…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("can leave the appliance dead")
    expect(dialog).to_contain_text("File: pump 1.0.9.bin, 12 kB")
    shoot(page, "update-danger")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth") and not violations(page)
    dialog.get_by_role("button", name=re.compile("^Yes")).click()
    expect(page.get_by_role("progressbar")).to_have_attribute("max", str(len(FIRMWARE)))
    expect(page.locator(".outcome li")).to_have_count(1)
    expect(page.locator(".outcome li")).to_have_text(re.compile(r"^\d+(\.\d)? kB of 12 kB"))
    shoot(page, "update-running")
    expect(page.locator('.outcome[data-state="done"]')).to_contain_text("Done: version 1.0.9")
    shoot(page, "update-done")


def test_a_restart_of_the_appliance_during_the_update_is_reported(visitor: Visitor) -> None:
    page = visitor.open("/devices/fan/details")
    choose(page, "fan.bin", FIRMWARE)
    expect(page.get_by_role("group", name="fan.bin")).to_be_visible()  # it is uploaded
    page.get_by_role("button", name="Run…").click()
    page.get_by_role("dialog").get_by_role("button", name=re.compile("^Yes")).click()
    expect(page.locator('.outcome[data-state="failed"]')).to_contain_text("restarted in the middle of the update")


def test_a_file_that_is_too_long_is_refused_before_the_upload(visitor: Visitor) -> None:
    page = visitor.open("/devices/fan/details")
    choose(page, "fan.bin", bytes(16 * 1024 * 1024 + 1))
    page.get_by_role("button", name="Run…").click()
    expect(page.get_by_role("alert")).to_have_text("The file is too long; the limit is 16 MiB.")
