"""Every page in every theme and width, side by side: one picture for each theme, for a person to look at.

python tests/browser/sheets.py build/sheets [PAGE…]

A simulated home, the real hub, Chromium. PAGE: only these, as ``every_page.PLACES`` names them.
"""

import base64
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from browser.chromium import ARGS, program
from browser.every_page import (
    HEIGHT,
    PLACES,
    THEMES,
    WIDTHS,
    Place,
    leave_place,
    open_place,
    set_width,
    whole,
    whole_home,
)

SCALE = 0.5  # of a screen in a sheet
TALLEST = 2400  # CSS pixels of a page; what is below is cut off
STYLE = f"""
  body {{ margin: 16px; font: 14px sans-serif; background: #888; }}
  h2 {{ margin: 24px 0 8px; }} .row {{ display: flex; gap: 16px; align-items: start; }}
  figure {{ margin: 0; }} img {{ zoom: {SCALE}; display: block; }}
"""


def main(folder: Path, names: Sequence[str]) -> None:
    chosen = {name: PLACES[name] for name in names} if names else PLACES
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, whole_home(Path(data)) as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=ARGS)
        for theme in THEMES:
            sheet(browser, pictures(browser, home.address, theme, chosen), folder / f"{theme}.png")
            print(folder / f"{theme}.png")
        browser.close()


def pictures(browser: Browser, address: str, theme: str, places: Mapping[str, Place]) -> dict[str, list[bytes]]:
    """Of each page its pictures, one for each width."""
    size = {"width": WIDTHS[-1], "height": HEIGHT}
    context = browser.new_context(viewport=size, has_touch=True, reduced_motion="reduce", **THEMES[theme])  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}/")
    whole(page)
    taken = {}
    for name, place in places.items():
        open_place(page, address, place)
        taken[name] = [picture(page, width) for width in WIDTHS]
        leave_place(page, address, place)
    context.close()
    return taken


def picture(page: Page, width: int) -> bytes:
    set_width(page, width)
    page.wait_for_timeout(300)  # charts are drawn again a moment after the width has changed
    tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    page.set_viewport_size({"width": width, "height": tall})  # so that bars at the lower edge are there
    return page.screenshot(animations="disabled")


def sheet(browser: Browser, taken: Mapping[str, Sequence[bytes]], file: Path) -> None:
    rows = [
        f"<h2>{name}</h2><div class=row>"
        + "".join(f"<figure><img src=data:image/png;base64,{base64.b64encode(one).decode()}></figure>" for one in row)
        + "</div>"
        for name, row in taken.items()
    ]
    page = browser.new_page(viewport={"width": round(sum(WIDTHS) * SCALE) + 100, "height": HEIGHT})
    page.set_content(f"<style>{STYLE}</style>{''.join(rows)}")
    page.screenshot(path=file, full_page=True)
    page.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
