"""`sim mss310-console` and `--console` on real links: a client on the serial line, another one by HTTP, one plug."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.simulation.test_simulated_devices import TIMEOUT_S, Silent
from unclouded.app.simulation.simulated_plug import BoundPlug, ServerLink
from unclouded.app.simulation.simulation import PlugSetting, SimPlaces, SimulatedDevices
from unclouded.cli import cli
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import AskServer
from unclouded.families.meross import SIM_KEY
from unclouded.families.meross.wire.envelope import parse, request
from unclouded.links.broker.plug_client import PlugClient

LISTEN = "listen://127.0.0.1:0"


class Consoles(Silent):
    """Where the consoles are, and what is shown of the plugs."""

    def __init__(self) -> None:
        super().__init__()
        self.consoles: list[str] = []
        self.notices: list[str] = []

    def ready(self, place: str, uuid: str, console: str) -> None:
        super().ready(place, uuid, console)
        self.consoles.append(console)

    def noticed(self, uuid: str, text: str) -> None:
        self.notices.append(text)


async def test_the_console_and_wifi_are_two_sides_of_one_plug() -> None:
    places = SimPlaces(console=LISTEN, http="127.0.0.1:0")
    devices = SimulatedDevices("mss310", places, "lamp", SimOptions(), plug=PlugSetting(uuid="1" * 32))
    observer = Consoles()
    seen: list[object] = []

    async def stopped() -> None:
        await observer.is_ready.wait()
        host, _, port = observer.consoles[0].removeprefix("tcp://").rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        start = await reader.readuntil(b"$ ")
        seen.append(b"Leaving the BROM" in start)
        for state in (b"off", b"on"):
            writer.write(b"meross switch " + b"1" * 32 + b" " + state + b"\r")
            await reader.readuntil(b"$ ")
            seen.append(await relay(observer.places[0]))
        writer.close()

    await asyncio.wait_for(devices.run(observer, stopped), TIMEOUT_S)
    assert seen == [True, 0, 1]


async def relay(url: str) -> int:
    """Its state by HTTP."""
    asked = request(
        "GET", "Appliance.System.All", b"{}", message_id="1" * 32, key=SIM_KEY, timestamp=0, from_="/app/1/subscribe"
    )
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /config HTTP/1.1\r\nHost: plug\r\nContent-Length: %d\r\n\r\n" % len(asked) + asked)
    head = await reader.readuntil(b"\r\n\r\n")
    size = next(int(line.split(b":")[1]) for line in head.splitlines() if line.lower().startswith(b"content-length"))
    answer = parse(await reader.readexactly(size))
    writer.close()
    return int(json.loads(bytes(answer.payload))["all"]["digest"]["togglex"][0]["onoff"])


def run(*words: str) -> list[Mapping[str, object]]:
    done = CliRunner().invoke(cli, ["sim", *words, "--for", "0.2s", "--json"], catch_exceptions=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_kind_is_ready_on_its_terminal(tmp_path: Path) -> None:
    ready, *_ = run("mss310-console", "--link", f"pty:{tmp_path}/console")
    place = f"{tmp_path}/console"
    uuid = "19010100000000000000020000000001"
    assert ready == {"ready": {"kind": "mss310-console", "link": place, "console": place, "uuid": uuid}}


def test_a_console_beside_wifi_has_an_address_of_its_own() -> None:
    ready, *_ = run("mss310", "--console", LISTEN, "--http", "127.0.0.1:0")
    found = ready["ready"]
    assert isinstance(found, dict)
    assert found["link"].startswith("http://") and found["console"].startswith("tcp://127.0.0.1:")


@pytest.mark.parametrize(
    ("kind", "places", "changes", "words"),
    [
        (
            "mss310",
            SimPlaces(console=LISTEN),
            {"options": SimOptions(dialect="hw1")},
            "Only hardware 2 has this console",
        ),
        ("mss310-console", SimPlaces(link=LISTEN), {"options": SimOptions(dialect="hw8")}, "has no dialect 'hw8'"),
        ("mss310-console", SimPlaces(link=LISTEN), {"count": 2}, "the serial line of one plug"),
        ("mss310-console", SimPlaces(), {}, "Name where to serve it"),
        ("tuya-plug", SimPlaces(link=LISTEN, console=LISTEN), {}, "--console is for plugs"),
        (
            "mss310",
            SimPlaces(http="127.0.0.1:0"),
            {"options": SimOptions(faults=frozenset({"sends-noise"}))},
            "The fault sends-noise is one of the console: add --console",
        ),
    ],
)
def test_what_cannot_be_simulated_is_explained(
    kind: str, places: SimPlaces, changes: dict[str, object], words: str
) -> None:
    options = changes.pop("options", SimOptions())
    with pytest.raises(CommandError) as caught:
        SimulatedDevices(kind, places, "lamp", options, **changes)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_a_wrong_link_of_the_console_is_explained() -> None:
    with pytest.raises(ConfigError):
        SimulatedDevices("mss310-console", SimPlaces(link="sausage:/dev/x"), "lamp", SimOptions())


def test_an_opened_plug_is_out_of_the_box_unless_it_has_a_server() -> None:
    new = SimulatedDevices("mss310-console", SimPlaces(link=LISTEN), "lamp", SimOptions())
    bound = SimulatedDevices("mss310-console", SimPlaces(link=LISTEN, server="mqtts://h:1"), "lamp", SimOptions())
    assert [one.unconfigured for devices in (new, bound) for one in devices._plugs] == [True, False]


async def test_a_plug_with_another_identity_logs_in_with_that(monkeypatch: pytest.MonkeyPatch) -> None:
    logins = []
    monkeypatch.setattr(PlugClient, "start", lambda self, inlet: logins.append(self._login))
    link = ServerLink(BoundPlug(uuid="1" * 32, key="k"), None)
    link.start(Silent())  # type: ignore[arg-type]  # nothing reaches it
    assert link.connect(AskServer(True, "h", 1, "0", "k", "2" * 32, "34:29:8f:00:00:01"))
    assert logins[0].user == "34:29:8f:00:00:01" and "2" * 32 in logins[0].inbox
