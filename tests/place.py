"""A folder with a configuration, and the processes that run in it: the hub, simulated devices, other verbs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from verb_runner import run_verb

UNCLOUDED = Path(sys.executable).with_name("unclouded")
TIMEOUT_S = 60  # s; a busy machine is slow, a broken one is silent
KEY = "the right key"

Line = dict[str, Any]


class Place:
    """``config`` is the text of the configuration after its [hub] table; plugs.key holds KEY."""

    def __init__(self, folder: Path, config: str = "") -> None:
        self.folder = folder
        self.config = folder / "unclouded.toml"
        self.env = {**os.environ, "XDG_CACHE_HOME": str(folder), "XDG_DATA_HOME": str(folder), "NO_COLOR": "1"}
        self.env.pop("UNCLOUDED_CONFIG", None)
        self.running: list[subprocess.Popen[str]] = []
        (folder / "plugs.key").write_text(f"{KEY}\n")
        self.configure(config)

    def configure(self, config: str) -> None:
        self.config.write_text(f'[hub]\ndata = "{self.folder / "data"}"\n{config}')

    def start(self, *words: str) -> subprocess.Popen[str]:
        with (self.folder / f"{words[0]}.log").open("a") as log:
            command: list[str | Path] = [UNCLOUDED, *words, "--json"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=self.env)
        self.running.append(process)
        return process

    def hub(self, *words: str) -> tuple[subprocess.Popen[str], Line]:
        """A hub, and what it said when it was ready."""
        process = self.start("run", "--config", str(self.config), *words)
        return process, read(process, lambda line: "ready" in line)["ready"]

    def sim(self, *words: str) -> tuple[subprocess.Popen[str], Line]:
        """A simulated device, and what it said when it could be reached."""
        process = self.start("sim", *words)
        return process, read(process, lambda line: "ready" in line)["ready"]

    def ask(self, *words: str, code: int = 0) -> list[Line]:
        """Run a verb beside them; the lines that it printed."""
        done = run_verb((*words, "--config", str(self.config), "--json"), self.env, TIMEOUT_S)
        assert done.returncode == code, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def log(self, verb: str) -> str:
        return (self.folder / f"{verb}.log").read_text()

    def stop(self, process: subprocess.Popen[str], how: int = signal.SIGTERM) -> None:
        process.send_signal(how)
        process.communicate(timeout=TIMEOUT_S)
        self.running.remove(process)


@contextmanager
def place_in(folder: Path, config: str = "") -> Iterator[Place]:
    """A place whose processes end with the block."""
    here = Place(folder, config)
    try:
        yield here
    finally:
        for process in list(here.running):
            here.stop(process)


def read(process: subprocess.Popen[str], wanted: Callable[[Line], bool]) -> Line:
    """Read what it prints up to a line that is wanted."""
    assert process.stdout is not None
    for text in process.stdout:
        line = json.loads(text)
        if wanted(line):
            return dict(line)
    raise AssertionError("the process ended")
