"""Plugs come home: a hub with a door, simulated plugs in other processes, and their owner at the command line."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

UNCLOUDED = Path(sys.executable).with_name("unclouded")
PATIENCE = 60  # s; a busy machine is slow, a broken one is silent
CONFIG = """
[hub]
data = "{data}"
[door]
listen = "127.0.0.1:0"
host = "127.0.0.1"
[meross]
key_file = "plugs.key"
"""

Line = dict[str, Any]


class Place:
    """A folder with a configuration, and what runs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "unclouded.toml"
        self.env = {**os.environ, "XDG_CACHE_HOME": str(folder), "XDG_DATA_HOME": str(folder), "NO_COLOR": "1"}
        self.running: list[subprocess.Popen[str]] = []
        (folder / "plugs.key").write_text("the right key\n")
        (folder / "other.key").write_text("another key\n")
        self.config.write_text(CONFIG.format(data=folder / "data"))

    def start(self, *words: str) -> subprocess.Popen[str]:
        with (self.folder / f"{words[0]}.log").open("a") as log:
            command = [UNCLOUDED, *words, "--json"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=self.env)
        self.running.append(process)
        return process

    def hub(self) -> tuple[subprocess.Popen[str], Line]:
        """A hub, and what it said when it was ready."""
        process = self.start("run", "--config", str(self.config))
        return process, read(process, lambda line: "ready" in line)["ready"]

    def plug(self, door: str, key: str = "plugs.key", *more: str) -> str:
        """A simulated plug that calls the door; its UUID."""
        words = ("--server", f"mqtts://{door}", "--key-file", str(self.folder / key), "--load", "lamp", *more)
        process = self.start("sim", "mss310", *words)
        return str(read(process, lambda line: "ready" in line)["ready"]["uuid"])

    def ask(self, *words: str, code: int = 0) -> list[Line]:
        command = [UNCLOUDED, *words, "--config", str(self.config), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, env=self.env, timeout=PATIENCE, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def log(self, verb: str) -> str:
        return (self.folder / f"{verb}.log").read_text()

    def stop(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        self.running.remove(process)


def read(process: subprocess.Popen[str], wanted: Callable[[Line], bool]) -> Line:
    assert process.stdout is not None
    for text in process.stdout:
        line = json.loads(text)
        if wanted(line):
            return dict(line)
    raise AssertionError("the process ended")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    here = Place(tmp_path)
    yield here
    for process in list(here.running):
        here.stop(process)


def test_a_plug_that_calls_is_seen_admitted_switched_and_known_after_a_restart(place: Place) -> None:
    hub, ready = place.hub()
    uuid = place.plug(ready["door"])
    read(hub, lambda line: line.get("status", {}).get("state") == "seen")
    (seen,) = place.ask("devices")
    assert (seen["id"], seen["state"]) == (uuid, "seen") and "unclouded admit" in seen["reason"]

    (taken,) = place.ask("admit", uuid, "--id", "lamp")
    assert taken["id"] == "lamp"
    read(hub, lambda line: line.get("device") == "lamp" and line.get("point") == "power_W")
    assert [one["id"] for one in place.ask("devices")] == ["lamp"]
    assert place.ask("set", "lamp", "off")[0]["outcome"] == "confirmed"
    assert place.ask("read", "lamp", "on")[0]["value"] is False
    place.ask("admit", uuid, "--id", "lamp", code=2)

    place.stop(hub)
    assert {row["device"] for row in place.ask("history", "lamp")} == {"lamp"}
    _, again = place.hub()
    assert again["devices"] == ["lamp"]


def test_a_plug_with_another_key_is_told_apart_and_the_log_says_what_to_do(place: Place) -> None:
    _, ready = place.hub()
    place.plug(ready["door"], "other.key", "--seed", "9")
    for _ in range(100):
        if "another key" in place.log("run"):
            break
        place.ask("devices")
    assert "Bind the plug again" in place.log("run")
    assert place.ask("devices") == []
    for text in ("the right key", "another key\n"):
        assert text not in place.log("run").replace("with another key.", "")


def test_a_plug_that_only_calls_needs_a_hub_that_runs(place: Place) -> None:
    device = f'[[device]]\nid = "lamp"\nfamily = "meross"\nuuid = "{"1" * 32}"\nlink = "door:"\n'
    place.config.write_text(place.config.read_text() + device)
    assert "Start the hub first" in place.ask("read", "lamp", code=1)[0]["error"]["message"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[[device]]\nid = "x"\nfamily = "meross"\nlink = "door:"', "needs the `uuid`"),
        ('[[device]]\nid = "x"\nfamily = "meross"\nlink = "mqtts://broker:8883"', "needs the `uuid`"),
        ('[[device]]\nid = "x"\nfamily = "meross"\nlink = ["http://h", "gopher:"]', "knows no link gopher"),
    ],
)
def test_a_wrong_plug_in_the_configuration_is_named(place: Place, lines: str, words: str) -> None:
    place.config.write_text(place.config.read_text() + lines)
    assert words in place.ask("check", code=2)[0]["error"]["message"]


def test_a_port_in_use_is_one_sentence(place: Place) -> None:
    _, ready = place.hub()
    text = place.config.read_text().replace("127.0.0.1:0", ready["door"])
    place.config.write_text(text.replace(f"{place.folder / 'data'}", f"{place.folder / 'other'}"))
    (line,) = place.ask("run", "--for", "1s", code=1)
    assert "cannot listen" in line["error"]["message"] and "[door] listen" in line["error"]["message"]
