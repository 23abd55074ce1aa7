"""An opened plug on the page: commands with completion and confirmation, answers, the board's log, its last start."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from browser.home import BROKER, KEY, Home, Thing
from browser.visitor import PHONE, Visitor, shoot, violations
from families.meross.firmware.firmware_examples import fota
from unclouded.app.simulation.simulated_plug import bound

pytestmark = pytest.mark.xdist_group("browser")

UUID = bound(1, KEY).uuid
PASSWORD = "a password to read"
CONTROL = "a password to control"


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    thing = Thing(id="kettle", name="Kettle", kind="mss310", load="lamp", console=True)
    with Home(folder, [thing], BROKER) as home:
        home.until(lambda values: ("kettle", "power_W") in values and ("kettle", "heap_free") in values)
        yield home


def prompt(page: Page) -> Locator:
    return page.get_by_role("combobox", name=re.compile("^Command"))


def run(page: Page, line: str) -> Locator:
    """Type a command and press Return; its answer."""
    prompt(page).fill(line)
    prompt(page).press("Escape")
    prompt(page).press("Enter")
    return page.locator(".answers li").first


def test_a_command_is_completed_with_the_keyboard_and_answered_as_facts_and_lines(visitor: Visitor) -> None:
    page = visitor.open("/devices/kettle/details")
    prompt(page).press_sequentially("meross ta")
    option = page.get_by_role("option", name=re.compile("^meross task"))
    expect(option).to_be_visible()
    prompt(page).press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    shoot(page, "console-completion")
    prompt(page).press("Enter")
    expect(prompt(page)).to_have_value("meross task")
    prompt(page).press("Enter")
    table = page.get_by_role("table", name="Tasks")
    expect(table.get_by_role("columnheader")).to_have_text(["Name", "Status", "Priority", "Stack", "Id"])
    answer = run(page, "meross mem")
    expect(answer.locator(".facts")).to_contain_text(re.compile(r"Free\s*[\d,]+"))
    answer.get_by_text("Lines as received").click()
    expect(answer.locator("pre")).to_contain_text("heap info:")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("meross mem")
    prompt(page).press("ArrowUp")
    expect(prompt(page)).to_have_value("meross task")
    prompt(page).fill("config read STA")
    prompt(page).press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("It is written: config read <group> <item>")
    assert not violations(page)


def test_what_is_dangerous_or_switches_the_relay_is_confirmed_and_names_the_danger(
    visitor: Visitor, home: Home
) -> None:
    page = visitor.open("/devices/kettle/details", **PHONE, color_scheme="dark")
    run(page, "meross iot unbind")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("must be set up again")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    shoot(page, "console-danger-phone-dark")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".answers li")).to_have_count(0)
    was_on = home.relay("kettle")
    answer = run(page, f"meross switch {UUID} {'off' if was_on else 'on'}")
    expect(dialog).to_contain_text("Never connect the board to mains while a serial adapter is connected")
    dialog.get_by_role("button", name="Run it").click()
    expect(answer).to_have_attribute("data-state", "done")
    assert home.relay("kettle") is not was_on
    answer = run(page, "config write STA WpaPsk correct-horse-9")
    dialog.get_by_role("button", name="Run it").click()
    expect(answer).to_have_attribute("data-state", re.compile("done|failed"))
    answer = run(page, "config show STA")
    expect(answer.get_by_role("table")).to_contain_text("WpaPsk")
    assert "correct-horse-9" not in page.content()
    answer.scroll_into_view_if_needed()
    shoot(page, "console-answer-phone-dark")
    assert not violations(page, ["color-contrast"])
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_log_is_live_and_filtered_and_a_start_is_reported(visitor: Visitor) -> None:
    page = visitor.open("/devices/kettle/details")
    report = page.locator(".last-start")
    answer = run(page, "reboot")
    expect(answer).to_contain_text("The board starts again.")
    expect(report).to_contain_text("its own software restarted it (HAL_WDT_SOFTWARE_RESET)")
    expect(report).to_contain_text("MT7682")
    log = page.get_by_role("region", name="Lines of the log, newest first")
    expect(log).to_contain_text("Last reset reason:HAL_WDT_SOFTWARE_RESET")
    expect(log.locator('li[data-level="info"]').first).to_be_visible()
    expect(report).to_contain_text(re.compile("N9 image"))
    for name, size in {"desktop": (1280, 1600), "phone": (375, 1600)}.items():
        page.set_viewport_size({"width": size[0], "height": size[1]})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.locator(".console").scroll_into_view_if_needed()
            page.evaluate("scrollTo(0, document.querySelector('.console').offsetTop - 70)")
            shoot(page, f"console-{name}-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("searchbox", name="Filter the log").fill("mrs_http httpd")
    expect(log.locator("li").first).to_contain_text("httpd status = 1")
    expect(log.locator("li").filter(has_text="NOR_init")).to_have_count(0)
    page.get_by_label("Level").select_option("Errors only")
    expect(page.get_by_text("No line matches the filter.")).to_be_visible()


def test_an_update_file_is_described_and_a_damaged_one_is_not_sent(visitor: Visitor) -> None:
    page = visitor.open("/devices/kettle/details")
    action = page.locator(".action").filter(has_text="Install other firmware")

    def choose(name: str, data: bytes) -> None:
        file = {"name": name, "mimeType": "application/octet-stream", "buffer": data}
        action.locator('input[type="file"]').set_input_files(file)  # type: ignore[arg-type]

    choose("mss310-us-v2-rc0107.bin", fota(b"program")[:-1])
    expect(action.locator(".firmware-report .problem")).to_contain_text("image 1 is cut off")
    action.get_by_role("button", name=re.compile("^Run")).click()
    expect(action.get_by_role("alert")).to_contain_text("damaged")
    expect(page.get_by_role("dialog")).to_have_count(0)
    action.scroll_into_view_if_needed()
    shoot(page, "firmware-damaged")
    choose("mss310-us-v2-rc0108.bin", fota(b"program"))
    report = action.get_by_role("group", name="What mss310-us-v2-rc0108.bin is")
    expect(report).to_contain_text("all checksums are right")
    expect(report).to_contain_text(re.compile(r"Container\s*MediaTek FOTA package"))
    expect(report.locator(".problem")).to_have_count(0)
    action.scroll_into_view_if_needed()
    shoot(page, "firmware-report")
    action.get_by_role("button", name=re.compile("^Run")).click()
    expect(page.get_by_role("dialog")).to_contain_text("all checksums are right")
    page.keyboard.press("Escape")


def test_a_login_that_reads_only_sees_the_log_and_the_report_and_no_prompt(visitor: Visitor, home: Home) -> None:
    home.set_password("control", CONTROL)
    home.set_password("read", PASSWORD)
    visitor.expect("401|WebSocket")
    page = visitor.open("/devices/kettle/details")
    page.get_by_label("Password of this hub").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(".console")).to_contain_text("read-only")
    expect(prompt(page)).to_have_count(0)
    expect(page.locator(".last-start")).to_contain_text("HAL_WDT_SOFTWARE_RESET")
    expect(page.get_by_role("region", name="Lines of the log, newest first")).to_be_visible()
