"""Every page of the hub, in every state that matters for how it looks; what is looked for in each; themes and widths.

for place in PLACES: open_place(page, address, place)
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Page, Route, expect

from browser.home import BROKER, INTERVAL_S, TARIFF, Home, Thing, meter
from browser.visitor import go

WIDTHS = (320, 375, 768, 1280)  # CSS pixels
HEIGHT = 800
# Options of a browser context. The languages with the longest words are shown on the narrowest screens.
THEMES: Mapping[str, Mapping[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark", "locale": "de-DE"},
    "forced-colours": {"forced_colors": "active", "locale": "es-ES"},
}

# One plug is stopped once it has reported, and so is offline; one is not admitted by the broker.
THINGS = [
    meter(),
    Thing(id="kettle", name="Kettle", load="kettle", more='parent = "meter"\nroom = "Kitchen"'),
    Thing(id="fridge", name="Fridge", load="fridge", more='parent = "meter"\nroom = "Kitchen"'),
    Thing(id="tv", name="TV", load="tv", more='parent = "meter"\nroom = "Living room"'),
    Thing(id="pump", name="Pump in the cellar", load="pump", more='parent = "meter"'),
    Thing(id="solar", name="Solar roof", load="roof", more='parent = "meter"\nproduces = true'),
]
OFFLINE = "tv"


@contextlib.contextmanager
def whole_home(folder: Path, interval_s: float = INTERVAL_S) -> Iterator[Home]:
    """With one plug that is offline and one that is not admitted, so that these states are shown, too."""
    with Home(folder, THINGS, BROKER + TARIFF, hour=11.0, interval_s=interval_s) as home:
        home.until(lambda values: all((one.id, "power_W") in values for one in THINGS))
        home.connect_plug(seed=9)
        home.stop_sim(OFFLINE)
        yield home


class Place(msgspec.Struct, frozen=True):
    """A page in one state.

    ``answers``: path patterns of the API -> status and JSON that they are answered with. ``shows``: what is there then.
    """

    path: str
    answers: Mapping[str, tuple[int, object]] = {}
    shows: str = ""

    @property
    def reloads(self) -> bool:
        return bool(self.answers)


NO_TARIFF = {"active": "", "tariffs": [], "home": {}, "carbon": ""}
BROKEN = {"error": "This answer was made by a test."}
PLACES: Mapping[str, Place] = {
    "now": Place("/"),
    "history": Place("/history"),
    "energy": Place("/history?range=month"),
    "year": Place("/history?range=year"),
    "load": Place("/history?what=load"),
    "cost": Place("/history?range=month&in=cost"),
    "hours": Place("/history?range=month&what=hours"),
    "unusual": Place("/history?range=month&what=unusual"),
    "bill": Place("/bill"),
    "tariffs": Place("/tariffs"),
    "devices": Place("/devices"),
    "device": Place("/devices/kettle"),
    "device-settings": Place("/devices/kettle/settings"),
    "device-details": Place("/devices/kettle/details"),
    "device-offline": Place(f"/devices/{OFFLINE}"),
    "device-unknown": Place("/devices/nothing"),
    "rules": Place("/rules"),
    "settings": Place("/settings"),
    "add": Place("/add"),
    "setup": Place("/setup"),
    "products": Place("/products?q=plug"),
    "decode": Place("/decode"),
    "log-in": Place("/", {"**/api/session": (200, {"role": None})}, "form"),
    "history-fails": Place("/history", {"**/api/history*": (500, BROKEN)}, "[role=alert], .notice"),
    "no-tariff": Place("/bill", {"**/api/tariffs": (200, NO_TARIFF)}, ".no-tariff"),
    "settings-fail": Place("/settings", {"**/api/hub": (500, BROKEN)}, "[role=alert], .notice"),
}
FAILS = "status of 500"  # in Chromium's console in the states that fail


def open_place(page: Page, address: str, place: Place) -> None:
    """Show it, complete, at the width that the page has."""
    if place.reloads:
        for pattern, (status, body) in place.answers.items():
            page.route(pattern, _answering(status, body))
        page.goto(address + place.path)
        expect(page.locator("main").locator(place.shows).first).to_be_visible()
    else:
        go(page, place.path)
        whole(page)


def leave_place(page: Page, address: str, place: Place) -> None:
    """So that the next one can be shown."""
    if place.reloads:
        page.unroute_all()
        page.goto(f"{address}/")
        whole(page)


def whole(page: Page) -> None:
    """Wait until the page is complete."""
    expect(page.locator("main > *").first).to_be_attached()
    expect(page.locator(".connection")).to_have_attribute("data-connection", "live")
    expect(page.locator(".skeleton, [data-dim=true]")).to_have_count(0)


def _answering(status: int, body: object) -> Any:  # Any: a handler as Playwright takes it
    def answer(route: Route) -> None:
        route.fulfill(status=status, json=body)

    return answer


# --- what is measured in a page ------------------------------------------------------------------------


WIDER = """() => {
  const scrolls = part => part && (['auto', 'scroll'].includes(getComputedStyle(part).overflowX)
    && part.getBoundingClientRect().right <= innerWidth + 1 || scrolls(part.parentElement));
  return [...document.querySelectorAll('body *')].filter(part => {
    const box = part.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && part.checkVisibility() && !part.closest('.hidden-text')
      && !scrolls(part.parentElement);
  }).map(part => part.outerHTML.slice(0, 120));
}"""

# Text that leaves its element lies on its neighbour.
SPILLED = """() => [...document.querySelectorAll('body *')].filter(part => {
  const style = getComputedStyle(part);
  const texts = [...part.childNodes].filter(one => one.nodeType === Node.TEXT_NODE && one.data.trim());
  if (!texts.length || style.display === 'inline' || style.overflowX !== 'visible' || !part.checkVisibility()
    || part.closest('.hidden-text, svg, select, canvas')) return false;
  const range = document.createRange();
  range.setStartBefore(texts[0]);
  range.setEndAfter(texts[texts.length - 1]);
  const [text, box] = [range.getBoundingClientRect(), part.getBoundingClientRect()];
  return text.width && (text.right > box.right + 1.5 || text.left < box.left - 1.5);
}).map(part => part.outerHTML.slice(0, 140))"""

# A target may be larger than its box: a link whose ::after covers its row. So its surroundings are touched.
SMALL = """() => {
  const least = 43.5;
  const reach = (target, across) => {  // CSS pixels around its middle that belong to it, in one direction
    target.scrollIntoView({block: 'center', inline: 'center'});
    const {left, top, width, height} = target.getBoundingClientRect();
    const isHit = by => {
      const [x, y] = [left + width / 2 + (across ? by : 0), top + height / 2 + (across ? 0 : by)];
      const found = document.elementFromPoint(x, y);
      return found && (target.contains(found) || found.closest('label')?.control === target);
    };
    let [before, after] = [0, 0];
    while (before < 50 && isHit(-before - 1)) before++;
    while (after < 50 && isHit(after + 1)) after++;
    return before + after + 1;
  };
  return [...document.querySelectorAll('a, button, input, select, summary, [role=slider]')].filter(part => {
    const style = getComputedStyle(part);
    const isInText = part.matches('a') && style.display === 'inline' && part.parentElement.innerText !== part.innerText;
    if (!part.checkVisibility() || isInText || part.matches('.skip')) return false;
    const target = part.matches('input[type=checkbox], input[type=radio]') ? part.closest('label') ?? part : part;
    const {width, height} = target.getBoundingClientRect();
    return (width < least && reach(target, true) < least) || (height < least && reach(target, false) < least);
  }).map(part => { const box = part.getBoundingClientRect();
    return `${part.outerHTML.slice(0, 140)} ${Math.round(box.width)} x ${Math.round(box.height)}`; });
}"""


def set_width(page: Page, width: int) -> None:
    """Lay the page out again for a screen of this width."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def misfits(page: Page, width: int) -> list[str]:
    """What is wider than the page or its element, and on small screens what is too small for a finger (44 pixels)."""
    small = page.evaluate(SMALL) if width < 1000 else []
    return too_wide(page, width) + [f"too small: {part}" for part in small]


def too_wide(page: Page, width: int) -> list[str]:
    """What is wider than the page or its element."""
    scrolls = page.evaluate("document.documentElement.scrollWidth")
    found = [f"scrolls sideways: {scrolls} px"] if scrolls > width else []
    found += [f"too wide: {part}" for part in page.evaluate(WIDER)]
    return found + [f"text outside of its element: {part}" for part in page.evaluate(SPILLED)]


def named(found: Sequence[str], *where: object) -> list[str]:
    return [f"{', '.join(map(str, where))}: {re.sub(chr(10), ' ', one)}" for one in found]
