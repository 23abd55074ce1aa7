"""`setup`, `admit`, `forget` and `discover`, as a person and as a program use them, against a real hub and a plug."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.setup.setup_story import FAST, PASSWORD, UUID, Bound, ShopPlug, hub_in, in_the_air
from families.meross.setup.setup_stories import network
from unclouded.cli import cli, main
from unclouded.cli.verbs import discover, forget, setup
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.views.facts import FoundPlug
from unclouded.families.meross.setup import scripts
from unclouded.families.meross.wire import namespaces


class Shop:
    """A plug at ``address``, and a hub whose configuration is ``config``; the verbs run in this thread."""

    def __init__(self, folder: Path, address: str) -> None:
        self.config = folder / "unclouded.toml"
        self.address = address

    def run(self, *words: str, asked: str = "", verb: Any = setup.command) -> Result:  # Any: a command of click
        config = ("--config", str(self.config)) if verb is not discover.command else ()
        return CliRunner().invoke(verb, [*words, *config], input=asked)

    def lines(self, *words: str, asked: str = "") -> list[dict[str, Any]]:
        done = self.run(self.address, *words, "--json", asked=asked)
        return [json.loads(line) for line in done.stdout.splitlines()]


@contextlib.contextmanager
def shop(folder: Path, plug: ShopPlug) -> Iterator[Shop]:
    ready: list[str] = []
    begun, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with hub_in(folder), in_the_air(plug) as address:
            ready.append(address)
            begun.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(run()))
    thread.start()
    begun.wait(30.0)
    try:
        yield Shop(folder, ready[0])
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "SetupTimes", lambda **given: FAST)
    monkeypatch.setattr(scripts, "SCAN_AGAIN_S", 0.01)


def test_a_person_follows_the_steps_and_answers_three_questions(tmp_path: Path) -> None:
    plug = ShopPlug(finds=[network("My home"), network("Neighbours", 20)])
    with shop(tmp_path, plug) as here:
        done = here.run(here.address, asked=f"7\n1\n{PASSWORD}\nCoffee machine\n")
    assert done.exit_code == 0, done.output
    assert "Found mss310" in done.output and "1  My home" in done.output and "80 %  WPA2" in done.output
    assert "does not see '7'" in done.output
    assert "✓ coffee_machine is set up" in done.output
    assert PASSWORD not in done.output and "Its password (not shown)" in done.output


def test_a_name_is_offered_and_the_list_takes_names_too(tmp_path: Path) -> None:
    with shop(tmp_path, ShopPlug()) as here:
        done = here.run(here.address, asked=f"My home\n{PASSWORD}\n\n")
    assert done.exit_code == 0 and "What is the plug called? [Plug 0001]" in done.output
    assert "plug_0001 is set up" in done.output


def test_a_program_gets_one_line_of_json_for_each_step(tmp_path: Path) -> None:
    secret = tmp_path / "wifi.password"
    secret.write_text(f"{PASSWORD}\n")
    with shop(tmp_path, ShopPlug()) as here:
        lines = here.lines("--ssid", "My home", "--wifi-password-file", str(secret), "--name", "Lamp")
    assert [line["step"] for line in lines if line["state"] == "done"] == [
        *("find", "scan", "send", "wait", "admit", "confirm")
    ]
    assert lines[-1]["device"] == "lamp"
    found = next(line["plug"] for line in lines if line["plug"])
    assert found["uuid"] == UUID and found["product"] == "mss310"
    (seen,) = next(line["networks"] for line in lines if line["networks"])
    assert seen == {"ssid": "My home", "signal": 80, "channel": 3, "encryption": "WPA2", "open": False}
    assert PASSWORD not in json.dumps(lines)


def test_the_password_may_come_from_stdin_and_an_open_network_needs_none(tmp_path: Path) -> None:
    with shop(tmp_path, ShopPlug()) as here:
        lines = here.lines("--ssid", "My home", "--wifi-password-file", "-", "--name", "Lamp", asked=f"{PASSWORD}\n")
    assert lines[-1]["device"] == "lamp"
    guests = ShopPlug(password="", finds=[network("Guests", encryption=0, cipher=0)])
    with shop(tmp_path, guests) as here:
        assert here.lines("--ssid", "Guests")[-1]["device"] == "lamp", "it was admitted before"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "Name the Wi-Fi with --ssid: My home."),
        (("--ssid", "My home"), "--wifi-password-file FILE"),
        (("--hidden",), "is in no list"),
        (("--ssid", "My home 5G"), "It sees: My home"),
        (("--name", "x" * 201), "at most 200"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    plug = ShopPlug()
    with shop(tmp_path, plug) as here:
        done = here.run(here.address, *words, "--json")
    assert isinstance(done.exception, CommandError | LinkError) and says in str(done.exception)
    assert json.loads(done.stdout.splitlines()[-1])["state"] == "failed"
    assert not [what for _, what in plug.asked if what.startswith("SET")]


def test_a_network_that_hides_its_name_is_named_by_the_person(tmp_path: Path) -> None:
    plug = ShopPlug(finds=[])
    with shop(tmp_path, plug) as here:
        done = here.run(here.address, "--ssid", "Secret", "--hidden", "--name", "Lamp", asked=f"{PASSWORD}\n")
    assert done.exit_code == 0, done.output
    assert plug.sent[namespaces.WIFI]["wifi"]["encryption"] == 6


def test_a_plug_moves_to_this_hub_and_is_forgotten_again(tmp_path: Path) -> None:
    key = tmp_path / "old.key"
    key.write_text("the old key\n")
    with shop(tmp_path, Bound("the old key")) as here:
        done = here.run(here.address, "--rehost", "--plug-key-file", str(key), "--name", "Lamp")
        assert done.exit_code == 0 and "keeps its Wi-Fi" in done.output, done.output
        gone = here.run("lamp", verb=forget.command)
        assert gone.output == (
            "Lamp is forgotten. Its history stays in the store, and goes on if it is admitted again.\n"
        )
        again = here.run("lamp", verb=forget.command)
        assert isinstance(again.exception, CommandError)


@pytest.mark.parametrize(
    "words",
    [
        *(("--rehost",), ("--unbind",), ("10.0.0.9", "--rehost", "--unbind"), ("--server", "192.168.1.2")),
        ("--server", "192.168.1.2", "--key-file", __file__, "--name", "Lamp"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    with shop(tmp_path, ShopPlug()) as here:
        assert here.run(*words).exit_code == 2


def test_without_a_hub_one_runs_for_the_set_up(tmp_path: Path) -> None:
    with shop(tmp_path, ShopPlug()) as here:
        other = tmp_path / "other"
        other.mkdir()
        (other / "unclouded.toml").write_text(
            f'[hub]\ndata = "{other / "data"}"\n[broker]\nlisten = "127.0.0.1:0"\nhost = "127.0.0.1"'
        )
        here.config = other / "unclouded.toml"
        done = here.run(here.address, "--ssid", "My home", "--name", "Lamp", asked=f"{PASSWORD}\n")
    assert done.exit_code == 0 and "No hub runs" in done.output and "lamp is set up" in done.output, done.output


def test_plugs_in_the_network_are_listed_and_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    plug = FoundPlug(
        uuid=UUID,
        ip="192.168.1.57",
        port=80,
        product="mss310",
        mac="02:00:00:00:00:01",
        hardware="2.0.0",
        version="2.1.17",
    )
    found = [plug]

    async def find(span: float) -> list[FoundPlug]:
        assert span == 1.0
        return found

    monkeypatch.setattr(discover, "find_in_network", find)
    done = CliRunner().invoke(discover.command, ["--for", "1s", "--json"])
    assert json.loads(done.output)["uuid"] == UUID
    assert "192.168.1.57" in CliRunner().invoke(discover.command, ["--for", "1s"]).output
    found.clear()
    assert "same network" in str(CliRunner().invoke(discover.command, ["--for", "1s"]).exception)


def test_no_help_text_suggests_a_password_as_an_argument() -> None:
    help = CliRunner().invoke(cli, ["setup", "--help"]).output
    assert "--wifi-password-file" in help and "--password" not in help
    assert callable(main)
