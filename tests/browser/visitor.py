"""Somebody with a browser, who notices what must never be: errors, requests to elsewhere, what the policy forbids.

Every page that a visitor opens is watched; ``check`` tells what was seen. What a story provokes is named by it:
``visitor.expect("401")``.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

ROOT = Path(__file__).parent.parent.parent
SCREENS = ROOT / "build" / "screens"
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 20_000  # ms; never reached in a test that passes

PHONE = {"viewport": {"width": 375, "height": 720}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}

WATCH = """
window.forbidden = []; window.shifts = []; window.changes = 0;
window.WebSocket = class extends WebSocket {
  constructor(...args) { super(...args); this.addEventListener('message', () => window.changes++); }
};
addEventListener('securitypolicyviolation', event => forbidden.push(`${event.violatedDirective} ${event.blockedURI}`));
new PerformanceObserver(list => shifts.push(...list.getEntries().filter(one => !one.hadRecentInput).map(one => ({
  value: one.value, at: one.startTime, of: one.sources.map(({node}) => node?.className || node?.nodeName),
})))).observe({type: 'layout-shift', buffered: true});
"""


class Visitor:
    """Opens pages of the hub at ``address``, each in a browser of its own (cookies, settings, screen)."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.address = address
        self.pages: list[Page] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._seen: list[str] = []
        self._expected: list[str] = []

    def open(self, path: str = "/", **options: Any) -> Page:
        """The page at ``path``. ``options``: of Playwright's new_context, which is why Any."""
        context = self._browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(WATCH)
        context.on("request", lambda request: self._look_at(request.url))
        context.on("console", self._listen)
        context.on("weberror", lambda error: self._seen.append(f"page error: {error.error}"))
        self._contexts.append(context)
        page = context.new_page()
        page.on("websocket", lambda socket: self._look_at(socket.url))
        self.pages.append(page)
        page.goto(self.address + path)
        return page

    def expect(self, pattern: str) -> None:
        """Such an error is part of the story."""
        self._expected.append(pattern)

    def check(self) -> None:
        """Fails where something was seen that nobody expected."""
        for page in self.pages:
            if not page.is_closed() and page.url.startswith(self.address):
                self._seen += [f"policy: {one}" for one in page.evaluate("window.forbidden ?? []")]
        odd = [one for one in self._seen if not any(re.search(pattern, one) for pattern in self._expected)]
        assert not odd, odd

    def photograph(self, name: str) -> None:
        """What is on the screen now, of every page: for those who look for what went wrong."""
        for number, page in enumerate(self.pages):
            if not page.is_closed():
                shoot(page, f"{name}-{number}" if number else name)

    def leave(self) -> None:
        for context in self._contexts:
            context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._seen.append(f"console: {message.text}")

    def _look_at(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.address).netloc and not url.startswith(("data:", "blob:")):
            self._seen.append(f"request to elsewhere: {url}")


def shoot(page: Page, name: str) -> None:
    """A picture for people: build/screens/NAME.png."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", animations="disabled")


def go(page: Page, path: str) -> None:
    """To another place of the page, as its own links go: without loading it anew."""
    page.evaluate(FOLLOW, path)


FOLLOW = """path => {
  const link = Object.assign(document.createElement('a'), {href: path});
  document.querySelector('main').append(link);
  link.click();
  link.remove();
}"""


def mark(page: Page) -> None:
    """Leave a mark in the page that a reload would wipe off."""
    page.evaluate("window.mark = 'still here'")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("window.mark === 'still here'"))


def troubles(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """What axe finds that is serious or worse: ``color-contrast: .row .value``. ``rules``: only these."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = page.evaluate("options => axe.run(document, options)", options)
    assert found["passes"], "axe looked at nothing"
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
