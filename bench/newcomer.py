"""A newcomer's clock: from a fresh clone to the demo's first value on its page, and from an empty hub to a live device.

    python bench/newcomer.py [--runs 3] [--colds 1] [--json]

Demo: `git clone` of this repository into an empty folder, then `python3 dev.py demo`, and a browser that is already
open goes to the page that it prints. Cold: the caches of pip, uv and npm are empty too, so all packages come over the
network. Warm: the same once more. Targets: a value on the page within 10 s cold, 1 s warm.
Device: a hub in an empty folder, a simulated appliance on a pseudo terminal (which is in no list of ports, so its path
is typed), and the page alone, by roles and names as a person reads them. Targets: live within 60 s, 6 clicks.
First paint and bytes: bench/page.py. Reload: bench/reload.py. A past of 400 days: bench/start.py.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from playwright.sync_api import Browser, Page, expect, sync_playwright

from _common import arguments, report, spin
from browser.chromium import ARGS, program
from browser.clicks import Clicks

ROOT = Path(__file__).parent.parent
UNCLOUDED = str(Path(sys.executable).with_name("unclouded"))
VALUE = r"() => /\d\s*k?W\b/.test(document.querySelector('main')?.innerText ?? '')"
PATIENCE_MS = 120_000  # much longer than any target


@contextmanager
def started(words: list[str], folder: Path, **env: str) -> Iterator[dict[str, str]]:
    """A process of the program, and what it says when it is ready."""
    environment = {**os.environ, "XDG_DATA_HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"), **env}
    environment.pop("UNCLOUDED_CONFIG", None)
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=folder, env=environment
    ) as process:
        try:
            assert process.stdout is not None
            ready = next((one["ready"] for one in map(json.loads, process.stdout) if "ready" in one), None)
            if ready is None:
                raise SystemExit(f"{' '.join(words)} has ended")
            yield ready
        finally:
            process.terminate()
            process.communicate()


# --- the demo ------------------------------------------------------------------------------------------


def demo(browser: Browser, clone: Path, folder: Path) -> tuple[float, float]:
    """Seconds from the command until it is ready, and until its page shows a value."""
    page = browser.new_page()
    caches = {"UV_CACHE_DIR": f"{folder}/uv", "npm_config_cache": f"{folder}/npm", "PIP_CACHE_DIR": f"{folder}/pip"}
    words = ["python3", str(clone / "dev.py"), "demo", "--json", "--web", "127.0.0.1:0"]
    begun = time.perf_counter()
    with started(words, folder, PATH=f"/usr/bin:/bin:{os.environ['PATH']}", **caches) as ready:
        passed = time.perf_counter() - begun
        page.goto(ready["web"])
        page.wait_for_function(VALUE, timeout=PATIENCE_MS)
        shown = time.perf_counter() - begun
    page.close()
    return passed, shown


def demos(browser: Browser, colds: int, warms: int) -> dict[str, object]:
    """Medians of cold and warm starts, each cold one in a clone of its own."""
    found: dict[str, list[tuple[float, float]]] = {"cold": [], "warm": []}
    for _ in range(colds):
        with tempfile.TemporaryDirectory() as folder:
            clone = Path(folder) / "unclouded"
            subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
            found["cold"].append(demo(browser, clone, Path(folder)))
            found["warm"] += [demo(browser, clone, Path(folder)) for _ in range(warms)]
    return {
        f"demo_{name}_{what}_s": round(statistics.median(run[place] for run in runs), 2)
        for name, runs in found.items()
        for place, what in enumerate(("ready", "value"))
        if runs
    }


# --- the first device ----------------------------------------------------------------------------------


def first_device(browser: Browser, folder: Path) -> tuple[float, int]:
    """Seconds from the start of an empty hub until its page shows a value of the first device, and the clicks."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(PATIENCE_MS)
    sim = [UNCLOUDED, "sim", "tuya-plug", "--json", "--link", f"pty:{folder}/plug"]
    with started(sim, folder):
        begun = time.perf_counter()
        with started([UNCLOUDED, "run", "--json", "--web", "127.0.0.1:0"], folder) as ready:
            page.goto(ready["web"])
            clicks = added_by_hand(page, f"{folder}/plug")
            page.wait_for_function(VALUE)
            passed = time.perf_counter() - begun
    page.close()
    return passed, clicks


def added_by_hand(page: Page, port: str) -> int:
    """Add what is at a port that is typed, as it is proposed; the clicks that it took."""
    click = Clicks()
    expect(page.get_by_role("main")).to_be_visible()
    click(page.get_by_role("main").locator('a[href="/add?by=hand"]').first)
    page.get_by_label("Address or port").fill(port)
    click(page.get_by_role("button", name="Test it", exact=True))
    click(page.get_by_role("button", name="Yes, this one"))
    click(page.get_by_role("button", name="Add it", exact=True))
    page.wait_for_url(lambda url: "/add" not in url)
    return click.count


def main() -> None:
    options = arguments("a newcomer's clock", runs=3, colds=1)
    before = spin()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=ARGS)
        figures = demos(browser, options.colds, options.runs)
        runs = []
        for _ in range(options.runs):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(first_device(browser, Path(folder)))
        browser.close()
    figures |= {
        "device_live_s": round(statistics.median(seconds for seconds, _ in runs), 2),
        "device_live_worst_s": round(max(seconds for seconds, _ in runs), 2),
        "device_clicks": max(clicks for _, clicks in runs),
    }
    title = "a newcomer (targets: demo <= 10 s cold, <= 1 s warm; device <= 60 s, <= 6 clicks)"
    report(title, {"runs": options.runs, "colds": options.colds, **figures}, before, options.json)


if __name__ == "__main__":
    main()
