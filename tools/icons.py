"""Makes the icons of the installed page, PNGs in frontend/public, from frontend/src/icon.svg. Needs chromium.

    python tools/icons.py

The maskable one fills its square: launchers cut it, and what matters is within 40 % of the width from its middle.
"""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

FRONTEND = Path(__file__).parent.parent / "frontend"
ICONS = {"icon-192.png": (192, False), "icon-512.png": (512, False), "icon-maskable-512.png": (512, True)}


def main() -> None:
    svg = (FRONTEND / "src" / "icon.svg").read_text("utf-8")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=shutil.which("chromium-headless-shell") or shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, (size, is_maskable) in ICONS.items():
            page = browser.new_page(viewport={"width": size, "height": size})
            drawn = svg.replace('rx="7"', 'rx="0"') if is_maskable else svg
            page.set_content(f"<style>* {{ margin: 0 }} svg {{ display: block; width: 100vw }}</style>{drawn}")
            page.screenshot(path=FRONTEND / "public" / name, omit_background=True)
        browser.close()


if __name__ == "__main__":
    main()
