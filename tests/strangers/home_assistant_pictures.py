"""Takes the picture of Home Assistant in the docs: its own page of a device of the demo, by way of Mosquitto.

python tests/strangers/home_assistant_pictures.py docs/pictures

It needs the end home-assistant-2025 (`python3 dev.py strangers home-assistant-2025`), to a copy of which it adds
the front end of that release, which the tests do without.
"""

import asyncio
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from playwright.async_api import Browser, async_playwright

from browser.chromium import ARGS, program
from links.mqtt.mosquitto import Mosquitto
from strangers.environments import strangers
from strangers.home_assistant_rig import DRIVER, HomeAssistant, bearer

UNCLOUDED = Path(sys.executable).with_name("unclouded")
DEVICE, SIZE = "kettle", {"width": 1120, "height": 760}
STEPS = ("analytics", "core_config", "integration", "user")  # of the onboarding: all are done


def with_front_end(folder: Path) -> Path:
    """The Python of a copy of the end, with its front end."""
    end = strangers()["home-assistant-2025"]
    shutil.copytree(end.place, folder, symlinks=True)
    (manifest,) = folder.glob("lib/*/site-packages/homeassistant/components/frontend/manifest.json")
    wanted = json.loads(manifest.read_text())["requirements"]
    python = folder / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "pip", "install", "-q", "--python", python, *wanted], check=True)
    return python


def prepare(folder: Path) -> None:
    """Switch the front end on, and its onboarding off."""
    with (folder / "configuration.yaml").open("a") as file:
        file.write("frontend:\n")
    done = {"version": 4, "minor_version": 1, "key": "onboarding", "data": {"done": STEPS}}
    (folder / ".storage" / "onboarding").write_text(json.dumps(done))


async def take(browser: Browser, ha: HomeAssistant, file: Path) -> None:
    devices = await ha.ask("config/device_registry/list")
    id = next(one["id"] for one in devices if one["name"] == DEVICE.title())
    home = f"http://127.0.0.1:{ha.port}"
    tokens = {"access_token": bearer(), "token_type": "Bearer", "expires_in": 10**6, "refresh_token": ""}
    kept = json.dumps({**tokens, "hassUrl": home, "clientId": f"{home}/", "expires": 10**14})
    context = await browser.new_context(viewport=SIZE, reduced_motion="reduce")  # type: ignore[arg-type]
    await context.add_init_script(f"localStorage.setItem('hassTokens', {json.dumps(kept)})")
    page = await context.new_page()
    await page.goto(f"{home}/config/devices/device/{id}")
    await page.wait_for_timeout(9000)
    await page.screenshot(path=file)
    await context.close()


async def demo(folder: Path, broker: int) -> subprocess.Popen[str]:
    """The demo, which publishes on this broker."""
    data = ["--data", str(folder / "data")]
    command: list[str | Path] = [UNCLOUDED, "demo", "--json", "--past", "0", "--web", "off", *data]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert running.stdout is not None
    await asyncio.to_thread(running.stdout.readline)
    asyncio.get_running_loop().run_in_executor(None, running.stdout.read)  # it must not wait for a reader
    table = [f"mqtt.url=mqtt://127.0.0.1:{broker}", "mqtt.homeassistant=true"]
    subprocess.run([UNCLOUDED, "config", "set", *table, *data], check=True, capture_output=True)
    return running


async def is_there(ha: HomeAssistant) -> Any:
    state = await ha.state(f"switch.{DEVICE}")
    return re.fullmatch("on|off", state)


async def main(pictures: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        python = with_front_end(folder / "end")
        async with Mosquitto(folder, True, plain=True) as broker, async_playwright() as playwright:
            running = await demo(folder, broker.port)
            home = folder / "config"
            ha = HomeAssistant([str(python), str(DRIVER)], home, str(home), broker.port, {})
            prepare(home)
            try:
                await ha.start()
                await ha.until(lambda: is_there(ha))
                browser = await playwright.chromium.launch(executable_path=program(), args=ARGS)
                await take(browser, ha, pictures / "home-assistant.png")
                await browser.close()
            finally:
                ha.stop()
                running.terminate()
                running.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
