"""A browser for each test module, a visitor for each test; screenshots of what failed in build/screens.

Playwright's event loop runs in this thread while it is open, so it is closed after each module.
"""

import ctypes
import os
import re
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from browser.chromium import ARGS, program
from browser.home import Home
from browser.visitor import SCREENS, TIMEOUT_MS, Visitor
from unclouded.web.page import STATIC

FAILED = pytest.StashKey[bool]()

expect.set_options(timeout=TIMEOUT_MS)


def need(available: bool, reason: str) -> None:
    """Skip the test if something is missing; fail in CI, where nothing may be missing."""
    if available:
        return
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} In CI the browser tests must run.", pytrace=False)
    pytest.skip(reason)


def _has_libatomic() -> bool:
    try:
        ctypes.CDLL("libatomic.so.1")
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    need((STATIC / "index.html").is_file(), "The page is not built: python3 hatch_build.py.")
    need(program() is not None, "There is no chromium: apt install chromium-headless-shell.")
    need(_has_libatomic(), "Playwright's Node needs libatomic1: apt install libatomic1.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, home: Home, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """A browser user at ``home``, the fixture of the module."""
    visitor = Visitor(browser, home.address)
    picture = "failed-" + re.sub(r"\W+", "-", request.node.name).strip("-")
    (SCREENS / f"{picture}.png").unlink(missing_ok=True)
    yield visitor
    try:
        if request.node.stash.get(FAILED, False):
            visitor.photograph(picture)
        else:
            visitor.check()
    finally:
        visitor.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.failed:
        item.stash[FAILED] = True
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SCREENS.is_dir():
        terminalreporter.write_line(f"Screenshots: {SCREENS}")
