"""People paste a log on a hub without devices, look at its bytes, and keep it; a device's frames are drawn alike."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.home import TIMEOUT_S, Home, Thing
from browser.visitor import PHONE, Visitor, shoot, violations
from unclouded.app.decode_service.service import DecodeService

LOG = """[12:00:00.000][module -> MCU] 55 aa 00 00 00 00 ff
[12:00:00.003][MCU -> module] 55 aa 03 00 00 01 00 03
[12:00:01.000][module -> MCU] 55 aa 00 08 00 00 07
[12:00:01.012][MCU -> module] 55 aa 03 07 00 08 13 02 00 04 00 00 02 a1 cd
[12:00:02.000][MCU -> module] 55 aa 03 07 00 08 13 02 00 04 00 00 02 a1 ce
"""


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with pytest.MonkeyPatch.context() as patch:  # the process that decodes lets all others go first
        patch.setattr("unclouded.app.hub_process.DecodeService", partial(DecodeService, timeout_s=TIMEOUT_S))
        with Home(folder, [Thing(id="lamp", name="Lamp")]) as home:
            with urlopen(f"{home.address}/api/decode", timeout=TIMEOUT_S) as choices:
                choices.read()  # they are kept from now on, so the page has them at once
            yield home


def lanes(page: Page) -> Locator:
    return page.get_by_role("listbox", name="The frames in their order").get_by_role("option")


def pasted(visitor: Visitor, **options: Any) -> Page:
    page = visitor.open("/decode", **options)
    page.get_by_label("Paste here, or drop a file").fill(LOG)
    expect(lanes(page)).to_have_count(5)
    return page


def test_a_log_is_pasted_looked_at_filtered_and_kept(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/settings", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("link", name="Open: Decode").click()
    expect(page).to_have_title("Decode – Unclouded")
    expect(page.get_by_role("link", name="Settings", exact=True).first).to_have_attribute("aria-current", "page")
    page.get_by_label("Paste here, or drop a file").fill(LOG)
    expect(page.get_by_text("4 frames, 15 bytes of noise. 1 remark.")).to_be_visible()
    expect(page.get_by_label("Family")).to_contain_text("Tuya Wi-Fi module (found)")
    page.get_by_label("Profile").select_option("tuya/plug_metering")
    report = lanes(page).filter(has_text="power_W 67.3 W")
    expect(report).to_have_count(1)
    report.click()  # selects it
    detail = page.get_by_role("region", name=re.compile("^Report of the MCU, byte 8, line 4, after 12 ms"))
    first = detail.get_by_role("listbox").get_by_role("option").first
    first.focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(detail.locator(".meaning")).to_have_text("Data point 19, value: 673: power_W 67.3 W")
    expect(detail.locator("tr[data-on=true]")).to_contain_text("00 00 02 a1")
    detail.get_by_role("button", name="Go to its request").click()
    expect(page.get_by_role("region", name=re.compile("^Query all of the module"))).to_be_visible()
    page.get_by_role("button", name="Odd only").click()
    expect(lanes(page)).to_have_count(2)
    expect(lanes(page).last).to_contain_text("bad checksum")
    page.get_by_role("searchbox").fill("a1 ce")
    expect(lanes(page)).to_have_count(1)
    page.get_by_text("Save", exact=True).click()
    page.get_by_role("button", name="Copy as capture").click()
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    capture = page.evaluate("navigator.clipboard.readText()")
    assert capture.splitlines()[0].startswith('{"capture":1,"family":"tuya_wifi"') and len(capture.splitlines()) == 6
    page.get_by_label("Name").fill("My kettle")
    page.get_by_role("button", name="Save as a test case").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="my_kettle.toml").click()
    assert "power_W" in download.value.path().read_text()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text("What can be pasted here")).to_be_visible()


def test_what_is_no_recording_is_answered_with_what_to_do(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/decode")
    page.get_by_label("Paste here, or drop a file").fill("Dear all, my kettle is broken.")
    expect(page.get_by_text("The input looks like text without bytes in it.")).to_be_visible()
    expect(lanes(page)).to_have_count(0)
    page.locator("input[type=file]").set_input_files(
        {"name": "all.bin", "mimeType": "application/octet-stream", "buffer": bytes(4 * 1024 * 1024 + 1)}
    )
    expect(page.get_by_role("alert")).to_contain_text("at most 4.2 MB can be decoded here")


@pytest.mark.parametrize(("options", "scheme"), [({}, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_the_page_is_readable_on_every_screen(
    visitor: Visitor, home: Home, options: dict[str, Any], scheme: Any
) -> None:
    page = pasted(visitor, color_scheme=scheme, **options)
    lanes(page).last.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    shoot(page, f"decode-{'phone' if options else 'wide'}")


def test_the_frames_of_a_device_are_drawn_in_the_same_way(visitor: Visitor, home: Home) -> None:
    home.until(lambda values: ("lamp", "power_W") in values)
    page = visitor.open("/devices/lamp/details")
    page.get_by_role("searchbox", name="Filter the frames by text or bytes").fill("product info")
    page.locator(".frames .line").filter(has_text="product info").last.get_by_role("button").click()
    line = page.locator(".frames .opened")
    expect(line.get_by_role("listbox").get_by_role("option").first).to_have_text("55 aa, Header")
    expect(line.get_by_role("table")).to_contain_text("Checksum")
    line.scroll_into_view_if_needed()
    shoot(page, "device-frame-parts")
    assert violations(page) == []
