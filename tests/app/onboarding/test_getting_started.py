"""Every command of docs/getting-started.md that adds or uses a serial device, pasted as it stands there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from place import TIMEOUT_S, UNCLOUDED, place_in
from unclouded.app.configuration.config import parse_config
from unclouded.cli import cli

PAGE = Path(__file__).parents[3] / "docs" / "getting-started.md"
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOML = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
WATCHED = ("unclouded run", "unclouded init", "unclouded watch")  # they go on, or ask a person
SIMULATED = {"/dev/ttyUSB0": "mgm111", "/dev/ttyUSB1": "tuya-plug"}
GATEWAY = "tcp://192.168.1.30:6638"


def commands() -> list[str]:
    blocks = SHELL.findall(PAGE.read_text("utf-8"))
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    order = [line for line in lines if line]
    return sorted(order, key=lambda line: "init" not in line)  # devices are added before they are used


def test_the_commands_of_the_page_do_what_it_says(tmp_path: Path) -> None:
    with place_in(tmp_path) as here:
        here.config.unlink()
        places = {}
        for port, kind in SIMULATED.items():
            places[port] = str(tmp_path / Path(port).name)
            here.sim(kind, "--link", f"pty:{places[port]}")
        _, ready = here.sim("tuya-gateway", "--link", "listen://127.0.0.1:0")
        places[GATEWAY] = ready["link"]
        hub = subprocess.Popen(
            [UNCLOUDED, "run", "--web", "off", "--json"], cwd=tmp_path, env=here.env, stdout=subprocess.PIPE, text=True
        )
        here.running.append(hub)
        assert hub.stdout is not None and "ready" in hub.stdout.readline()
        for command in [one for one in commands() if one not in WATCHED]:
            for name, real in places.items():
                command = command.replace(name, real)
            done = subprocess.run(
                [UNCLOUDED, *shlex.split(command)[1:]],
                cwd=tmp_path,
                env=here.env,
                capture_output=True,
                text=True,
                timeout=TIMEOUT_S,
                check=False,
            )
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


@pytest.mark.parametrize("line", commands())
def test_each_command_is_one(line: str) -> None:
    program, verb, *rest = shlex.split(line)
    command = cli.get_command(None, verb)  # type: ignore[arg-type]  # the context is not used
    assert program == "unclouded" and command is not None
    command.make_context(verb, list(rest))


@pytest.mark.parametrize("text", TOML.findall(PAGE.read_text("utf-8")))
def test_each_configuration_is_one(text: str) -> None:
    assert parse_config(text, "unclouded.toml").zone.key == "Europe/Madrid"
