"""Takes the pictures of MQTT, metrics, HomeKit, messages and rules in the docs, from a demo that really does that.

python tests/browser/integration_pictures.py docs/pictures

The terminals are what the commands print, as SVG; the page is a screenshot. It needs mosquitto and its clients.
"""

import contextlib
import http.server
import io
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

sys.path.insert(0, str(Path(__file__).parent.parent))

from browser.chromium import ARGS, program

BIN = Path(sys.executable).parent
UNCLOUDED = BIN / "unclouded"
WIDTH = 104
LONGEST = 400  # characters of a line of a terminal
SETTLED_S = 40.0  # s until the demo has something to show


def main(pictures: Path) -> None:
    with tempfile.TemporaryDirectory() as name, mosquitto(Path(name)) as broker, service() as (port, received):
        data = ["--data", f"{name}/data"]
        command: list[str | Path] = [UNCLOUDED, "demo", "--json", "--past", "0", "--web", "127.0.0.1:0", *data]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as demo:
            assert demo.stdout is not None
            page = json.loads(demo.stdout.readline())["ready"]["web"].rstrip("/")
            reader = threading.Thread(target=demo.stdout.read)  # it must not wait for a reader
            reader.start()
            try:
                configure(broker, port, data)
                time.sleep(SETTLED_S)
                terminals(pictures, broker, Path(name) / "data" / "control", data, received)
                screenshot(page, pictures / "rules.png")
            finally:
                demo.terminate()
                reader.join()


def configure(broker: int, port: int, data: Sequence[str]) -> None:
    run("config", "set", f"mqtt.url=mqtt://127.0.0.1:{broker}", "mqtt.homeassistant=true", *data)
    run("config", "set", "metrics.open=true", *data)
    run("config", "set", "homekit.name=Demo", "homekit.address=127.0.0.1", *data)
    run("config", "append", "notification", f"url=json://127.0.0.1:{port}", *data)


def terminals(
    pictures: Path, broker: int, control: Path, data: Sequence[str], received: Sequence[dict[str, str]]
) -> None:
    file = ["--config", control.with_name("unclouded.toml"), *data]
    watch = ["mosquitto_sub", "-p", str(broker), "-t", "unclouded/kettle/#", "-t", "unclouded/bridge/#", "-F", "%t  %p"]
    lines = printed([*watch, "-W", "4"]).splitlines()
    newest = {line.split()[0]: line for line in lines}
    shown = [newest[topic] for topic in sorted(newest)]
    outcome = after(broker, watch)
    command = "mosquitto_sub -t unclouded/kettle/# -t unclouded/bridge/# -F '%t  %p'"
    set_it = 'mosquitto_pub -t unclouded/kettle/set -m \'{"on": false, "id": 7}\''
    terminal(pictures / "mqtt.svg", "MQTT", [(command, shown), (set_it, []), ("", outcome)])
    metrics = printed(["curl", "-s", "--unix-socket", control, "http://hub/metrics"]).splitlines()
    wanted = [
        one for one in metrics if "kettle" in one and re.match(r"unclouded_(energy|power|relay|device_up|last)", one)
    ]
    typed = "curl -s --unix-socket DATA/control http://hub/metrics | grep kettle"
    terminal(pictures / "metrics.svg", "metrics", [(typed, wanted)])
    terminal(pictures / "homekit.svg", "Apple Home", [("unclouded homekit", run("homekit", *file).splitlines())])
    sent = run("notify", "test", *file).splitlines()
    got = [json.dumps({key: one[key] for key in ("title", "message", "type")}) for one in received]
    terminal(pictures / "notify.svg", "messages", [("unclouded notify test", sent), ("# what the service got", got)])


def after(broker: int, watch: Sequence[str]) -> list[str]:
    """What is published when the kettle is switched."""
    reader = subprocess.Popen([*watch, "-R", "-W", "4"], stdout=subprocess.PIPE, text=True)
    time.sleep(1)
    message = ["-t", "unclouded/kettle/set", "-m", '{"on": false, "id": 7}']
    printed(["mosquitto_pub", "-p", broker, *message])
    lines = reader.communicate()[0].splitlines()
    return [one for one in lines if "/set" in one or '"on":false' in one][:4]


def terminal(file: Path, title: str, parts: Sequence[tuple[str, Sequence[str]]]) -> None:
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for command, lines in parts:
        if command:
            console.print(Text(f"$ {command}" if not command.startswith("#") else command, style="bold green"))
        for line in lines:
            console.print(Text(line[:LONGEST]), soft_wrap=False)
    drawn = console.export_svg(title=title)
    file.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL), "utf-8")  # no font of another server


def screenshot(page: str, file: Path) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=ARGS)
        view = browser.new_context(viewport={"width": 900, "height": 560}, reduced_motion="reduce").new_page()
        view.goto(f"{page}/rules")
        view.wait_for_load_state("networkidle")
        view.wait_for_timeout(3000)
        view.screenshot(path=file)
        browser.close()


def run(*words: object) -> str:
    return printed([UNCLOUDED, *words])


def printed(command: Sequence[object]) -> str:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or words[0] == "mosquitto_sub", f"{words}: {done.stdout}{done.stderr}"
    return done.stdout


@contextlib.contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    (folder / "mosquitto.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    with subprocess.Popen([str(program), "-c", folder / "mosquitto.conf"], stderr=subprocess.DEVNULL) as process:
        try:
            yield port
        finally:
            process.terminate()


@contextlib.contextmanager
def service() -> Iterator[tuple[int, list[dict[str, str]]]]:
    """A service that takes messages as JSON."""
    received: list[dict[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *parts: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_port, received
        finally:
            server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
