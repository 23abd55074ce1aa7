"""A browser user whose pages are monitored for errors, requests to other hosts, and violations of the policy.

``check`` fails if any were recorded. Errors that a test provokes are declared: ``visitor.expect("401")``. A test stops
the hub with ``without_hub``, which declares what a browser says of a hub that is away.
"""

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from browser.home import Home

ROOT = Path(__file__).parent.parent.parent
ALL_SCREENS = "UNCLOUDED_SCREENS"  # in the environment: a test that passes takes its screenshots, too
SCREENS = ROOT / "build" / "screens"
AXE = ROOT / "frontend" / "node_modules" / "axe-core" / "axe.min.js"
# A page that is left before it is connected; Chromium reports that itself
LEFT_EARLY = r"/api/\S+' failed: WebSocket is closed before the connection is established"
# A hub that is away refuses, resets, closes or answers nothing, by where a request was when it went away.
AWAY = (
    r"net::ERR_(CONNECTION_\w+|EMPTY_RESPONSE|SOCKET_NOT_CONNECTED|NETWORK_CHANGED|ABORTED|FAILED|TIMED_OUT"
    r"|INCOMPLETE_CHUNKED_ENCODING|CONTENT_LENGTH_MISMATCH)|WebSocket connection to \S+ failed|Failed to fetch"
)
TIMEOUT_MS = 90_000  # never reached in a passing test

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
    """Opens pages of the hub at ``address``, each in a browser context of its own (cookies, settings, screen)."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.address = address
        self.pages: list[Page] = []
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self._seen: list[str] = []
        self._expected: list[str] = []

    def open(self, path: str = "/", **options: Any) -> Page:
        """The page at ``path``. ``options``: for Playwright's new_context. Any: as Playwright declares them."""
        context = self._browser.new_context(**options)
        context.set_default_timeout(TIMEOUT_MS)
        context.add_init_script(WATCH)
        context.on("request", lambda request: self._check_url(request.url))
        context.on("console", self._listen)
        context.on("weberror", lambda error: self._seen.append(f"page error: {error.error}"))
        self._contexts.append(context)
        page = context.new_page()
        page.on("websocket", lambda socket: self._check_url(socket.url))
        self.pages.append(page)
        page.goto(self.address + path)
        return page

    def expect(self, pattern: str) -> None:
        """Declare an error that the test provokes."""
        self._expected.append(pattern)

    @contextlib.contextmanager
    def without_hub(self, home: Home) -> Iterator[None]:
        """The hub is stopped for the block, and is started again on the same port; requests may fail meanwhile."""
        self.expect(AWAY)
        home.stop_hub()
        try:
            yield
        finally:
            home.start_hub()

    def check(self) -> None:
        """Fail if an undeclared error was recorded."""
        for page in self.pages:
            if not page.is_closed() and page.url.startswith(self.address):
                self._seen += [f"policy: {one}" for one in page.evaluate("window.forbidden ?? []")]
        expected = (LEFT_EARLY, *self._expected)
        unexpected = [one for one in self._seen if not any(re.search(pattern, one) for pattern in expected)]
        assert not unexpected, unexpected

    def photograph(self, name: str) -> None:
        """Screenshots of all open pages, for debugging."""
        for number, page in enumerate(self.pages):
            if not page.is_closed():
                _take(page, f"{name}-{number}" if number else name)

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._seen.append(f"console: {message.text}")

    def _check_url(self, url: str) -> None:
        if urlsplit(url).netloc != urlsplit(self.address).netloc and not url.startswith(("data:", "blob:")):
            self._seen.append(f"request to another host: {url}")


def shoot(page: Page, name: str, full_page: bool = False) -> None:
    """A screenshot for a person to look at, build/screens/NAME.png, if these are asked for."""
    if os.environ.get(ALL_SCREENS):
        _take(page, name, full_page)


def _take(page: Page, name: str, full_page: bool = False) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENS / f"{name}.png", animations="disabled", full_page=full_page)


def go(page: Page, path: str) -> None:
    """Navigate to another path as the links of the page do, without reloading."""
    page.locator("main").wait_for(state="attached")  # the texts are loaded before anything is drawn
    page.evaluate(FOLLOW, path)


FOLLOW = """path => {
  const link = Object.assign(document.createElement('a'), {href: path});
  document.querySelector('main').append(link);
  link.click();
  link.remove();
}"""


def mark(page: Page) -> None:
    """Set a mark in the page that a reload would remove."""
    page.evaluate("window.mark = 'still here'")


def is_marked(page: Page) -> bool:
    return bool(page.evaluate("window.mark === 'still here'"))


def violations(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """Violations that axe reports as serious or critical: ``color-contrast: .row .value``. ``rules``: only these."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found = page.evaluate("options => axe.run(document, options)", options)
    assert found["passes"], "axe checked nothing"
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
