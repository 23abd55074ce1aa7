"""The console of an opened plug: one command straight on a port, and on a device of the hub."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from place import Place, place_in, read
from unclouded.app.console.target import is_link, link_of
from unclouded.app.console.typed_command import checked
from unclouded.app.unknown.family_guess import guess_family
from unclouded.cli import cli
from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import WireAction

BENCH = """
[web]
listen = "off"
[[device]]
id = "bench"
family = "meross_console"
link = "{link}"
record = "bench.jsonl"
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_in(tmp_path) as here:
        yield here


def run(*words: str, typed: str = "") -> Result:
    return CliRunner().invoke(cli, ["console", *words], input=typed)


def test_one_command_runs_on_a_port_and_then_on_the_device_of_the_hub_that_holds_it(place: Place) -> None:
    place.sim("mss310-console", "--link", f"pty:{place.folder}/port")
    port = str(place.folder / "port")
    found = json.loads(run(port, "meross", "mem", "--json").stdout)
    assert found["outcome"] == "confirmed" and found["answer"]["total"] == 184_320
    piped = run(port, "--json", typed="meross fac\nmeross ping 0\nmeross fac\n")
    assert [json.loads(line)["outcome"] for line in piped.stdout.splitlines()] == ["confirmed", "refused"]
    assert piped.exit_code == 1
    place.configure(BENCH.format(link=f"serial:{port}"))
    hub, _ = place.hub()
    read(hub, lambda line: line.get("point") == "heap_free" and line["value"] > 0)
    (on_hub,) = place.ask("console", f"serial:{port}", "meross", "fac")
    assert (on_hub["device"], on_hub["answer"]) == ("bench", {"factory_mode": False})
    piped = run("bench", "--config", str(place.config), typed="meross fac\n/raw\n")
    assert piped.stdout.splitlines() == ["factory_mode  no", "In fac mode:NO"] and piped.exit_code == 0
    (device,) = [line for line in place.ask("devices") if line.get("id") == "bench"]
    assert device["identity"].startswith("meross:1901010000")
    place.stop(hub)
    done = CliRunner().invoke(
        cli, ["decode", "--family", "meross_console", str(place.folder / "bench.jsonl"), "--json"]
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"command", "meross hw", "meross power"} <= {line.get("name") for line in lines}
    assert lines[-1]["report"]["meross hw"]["model"] == "mss310"


def test_what_is_dangerous_says_what_would_be_lost_and_wants_to_be_confirmed() -> None:
    with pytest.raises(CommandError, match=r"identity.*Confirm it with --yes"):
        checked("meross e2p mac 02:00:00:00:00:02", confirmed=False)
    found = checked("meross e2p mac 02:00:00:00:00:02", confirmed=True)
    assert found.action == WireAction("console_e2p_mac", {"mac": "02:00:00:00:00:02"})


def test_a_secret_that_is_written_is_not_repeated(place: Place) -> None:
    place.sim("mss310-console", "--link", f"pty:{place.folder}/port")
    done = run(str(place.folder / "port"), "config", "write", "STA", "WpaPsk", "hunter22", "--yes")
    assert done.exit_code == 0 and "config write STA WpaPsk ******** confirmed" in done.output
    assert "hunter22" not in done.output


@pytest.mark.parametrize("command", ["config write STA WpaPsk my hunter22", "config write STA WpaPsk hunter22 22"])
def test_a_secret_of_several_words_is_not_repeated_in_the_error(command: str) -> None:
    with pytest.raises(CommandError, match="cannot have a space") as error:
        checked(command, confirmed=True)
    assert "22" not in str(error.value)


@pytest.mark.parametrize("command", ["meross switch x on", "meross test relay 1 1"])
def test_what_switches_the_relay_warns_of_mains(command: str) -> None:
    assert "mains" in checked(command, confirmed=True).warning


@pytest.mark.parametrize(
    ("target", "link"),
    [("/dev/ttyUSB0", "serial:/dev/ttyUSB0"), ("tcp://10.0.0.1:5000", "tcp://10.0.0.1:5000"), ("bench", "")],
)
def test_a_port_an_address_and_a_device_are_distinguished(target: str, link: str) -> None:
    assert is_link(target) is bool(link) and (not link or link_of(target) == link)


def test_the_lines_of_a_console_are_guessed_in_another_family_and_others_are_not_taken_for_them() -> None:
    log = b"[T: 152 M: mrs_timer C: info F: mrs_timer_nvdm_load_rules L: 556]: load 0 rules\r\n"
    assert "meross_console" in guess_family("tuya_wifi", log * 3)
    assert guess_family("meross_console", b"hello\r\nworld\r\n" * 5) == ""
    assert "tuya_wifi" in guess_family("meross_console", bytes.fromhex("55aa030000010104") * 4)
