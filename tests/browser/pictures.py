"""Takes the screenshots of README and docs: a demo that has run for some minutes, in Chromium.

python tests/browser/pictures.py docs/pictures [minutes]
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parent.parent))

from browser.chromium import ARGS, program
from browser.made_up_fleet import MadeUpFleet

UNCLOUDED = Path(sys.executable).with_name("unclouded")
MINUTES = 11.0  # the page shows the last ten minutes
DESK, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}

PICTURES = (
    ("now.png", "/", DESK),
    ("phone.png", "/", PHONE),
    ("history.png", "/history?range=month", DESK),
    ("device.png", "/devices/kettle", {"width": 1280, "height": 820}),
)
FLEET = ("fleet.png", f"/?open=h{4:019d}", {"width": 1280, "height": 860})


def take(browser: Browser, page: str, folder: Path, picture: tuple[str, str, dict[str, int]]) -> None:
    name, path, size = picture
    context = browser.new_context(viewport=size, color_scheme="light", reduced_motion="reduce")  # type: ignore[arg-type]
    view = context.new_page()
    view.goto(page + path)
    view.wait_for_load_state("networkidle")
    view.wait_for_timeout(3000)
    view.screenshot(path=folder / name)
    context.close()


def main(folder: Path, minutes: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        command: list[str | Path] = [UNCLOUDED, "demo", "--json", "--web", "127.0.0.1:0", "--data", data]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as demo:
            assert demo.stdout is not None
            page = json.loads(demo.stdout.readline())["ready"]["web"].rstrip("/")
            ends = time.monotonic() + minutes * 60
            while time.monotonic() < ends:
                demo.stdout.readline()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program(), args=ARGS)
                for picture in PICTURES:
                    take(browser, page, folder, picture)
                with MadeUpFleet(1_000, time.time()) as fleet:
                    take(browser, fleet.address, folder, FLEET)
                browser.close()
            demo.terminate()
            demo.stdout.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else MINUTES)
