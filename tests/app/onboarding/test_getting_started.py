"""Every command of docs/getting-started.md that adds or uses a serial device, pasted as it stands there."""

import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from docs.fenced_blocks import DOCS, command_lines
from place import UNCLOUDED, place_in
from unclouded.cli import cli

WATCHED = (["run"], ["init"], ["watch"])  # they go on, or ask a person
SIMULATED = {"/dev/ttyUSB0": "mgm111", "/dev/ttyUSB1": "tuya-plug"}
GATEWAY = "tcp://192.168.1.30:6638"


def commands() -> list[list[str]]:
    """The words after ``unclouded``; devices are added before they are used."""
    lines = [line for line in command_lines() if line.block.page == DOCS / "getting-started.md"]
    found = [words[1:] for line in lines for words in line.commands()]
    return sorted([words for words in found if words not in WATCHED], key=lambda words: "init" not in words)


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with place_in(tmp_path) as here:
        here.config.unlink()
        places = {}
        for port, kind in SIMULATED.items():
            places[port] = str(tmp_path / Path(port).name)
            here.sim(kind, "--link", f"pty:{places[port]}")
        _, ready = here.sim("tuya-gateway", "--link", "listen://127.0.0.1:0")
        places[GATEWAY] = ready["link"]
        words: list[str | Path] = [UNCLOUDED, "run", "--web", "off", "--json"]
        hub = subprocess.Popen(words, cwd=tmp_path, env=here.env, stdout=subprocess.PIPE, text=True)
        here.running.append(hub)
        assert hub.stdout is not None and "ready" in hub.stdout.readline()
        monkeypatch.chdir(tmp_path)
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
            monkeypatch.setenv(name, str(tmp_path))
        for command in commands():
            line = shlex.join(command)
            for name, real in places.items():
                line = line.replace(name, real)
            done = CliRunner().invoke(cli, shlex.split(line))
            assert done.exit_code == 0, f"{line}: {done.exception} {done.output}"
