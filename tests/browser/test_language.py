"""The page in other languages, and installed: its files are kept, answers of the API are not."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from browser.home import Home, Thing, until
from browser.visitor import PHONE, Visitor, shoot

KEPT = """async () => {
    const all = await Promise.all((await caches.keys()).map(async name => (await (await caches.open(name)).keys())));
    return all.flat().map(request => new URL(request.url).pathname);
}"""


@pytest.fixture(scope="module")
def home(folder: Path) -> Iterator[Home]:
    with Home(folder, [Thing(id="lamp", name="Lamp", load="pump")]) as home:
        home.until(lambda values: ("lamp", "power_W") in values)
        yield home


def language_of(page: Page) -> str | None:
    return page.locator("html").get_attribute("lang")


def test_the_browser_chooses_the_language_and_the_person_overrules_it(visitor: Visitor) -> None:
    page = visitor.open("/settings", locale="de-DE", **PHONE)
    expect(page.get_by_role("heading", name="Einstellungen")).to_be_visible()
    assert language_of(page) == "de"
    shoot(page, "settings-german")
    with page.expect_navigation():
        page.get_by_label("Sprache").select_option(label="Español")
    expect(page.get_by_role("heading", name="Ajustes")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Idioma")).to_have_value("es")
    assert language_of(page) == "es"
    with page.expect_navigation():
        page.get_by_label("Idioma").select_option("")
    expect(page.get_by_label("Sprache")).to_have_value("")


def test_one_language_is_loaded_and_the_hub_answers_in_it(visitor: Visitor) -> None:
    page = visitor.open("/devices/lamp/details", locale="es-ES")
    expect(page.get_by_role("link", name="Ahora")).to_be_visible()
    expect(page.get_by_text("Enviar un firmware nuevo a la MCU").first).to_be_visible()  # a text of the hub
    files = page.evaluate("performance.getEntriesByType('resource').map(one => one.name)")
    assert {found[1] for one in files if (found := re.search(r"/assets/(en|de|es)-", one))} == {"es"}


def test_a_page_on_this_computer_only_shows_no_code(visitor: Visitor) -> None:
    page = visitor.open("/settings")
    expect(page.get_by_text("Addresses of this page")).to_be_visible()
    expect(page.get_by_role("button", name="Show QR code")).to_have_count(0)


def test_the_page_can_be_installed_and_opens_without_the_hub(visitor: Visitor, home: Home) -> None:
    page = visitor.open("/history")
    manifest = page.evaluate("fetch('/manifest.webmanifest').then(answer => answer.json())")
    for icon in manifest["icons"]:
        size = page.evaluate(
            "src => { const icon = new Image(); icon.src = src; return icon.decode().then(() => icon.naturalWidth); }",
            icon["src"],
        )
        assert icon["sizes"] == f"{size}x{size}"
    problems = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [one["errorId"] for one in problems if one["errorId"] != "in-incognito"] == []
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()  # through the service worker
    expect(page.get_by_role("link", name="History")).to_be_visible()
    until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
    kept = page.evaluate(KEPT)
    assert "/" in kept and any(path.startswith("/assets/en-") for path in kept)
    assert not [path for path in kept if path.startswith(("/api", "/docs", "/ca"))]
    with visitor.without_hub(home):
        page.goto(home.address + "/")
        expect(page.get_by_role("alert")).to_contain_text("The hub does not respond")
    expect(page.locator("[data-connection=live]")).to_be_visible()
