"""One plug, two paths: the whole hub with real TLS, HTTP and a real broker, and a simulated plug on the other end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from links.mqtt.mosquitto import ACL, PASSWORDS, Mosquitto, needs_mosquitto
from unclouded.app.configuration.config import load_config
from unclouded.app.hub_process import RunningHub, running
from unclouded.app.protocols import settings_of, simulated_kinds
from unclouded.app.simulation.simulated_plug import BoundPlug, bound, client_link
from unclouded.core.family import SimOptions
from unclouded.core.model import Command, Reading, Status
from unclouded.core.sessions.link import Link
from unclouded.families import meross
from unclouded.hub.hub import Hub
from unclouded.links.http.serve import HttpListenLink
from unclouded.links.multi_path import MultiPathLink
from unclouded.profiles import ProfileLibrary
from unclouded.sim.serve import Simulation
from unclouded.sim.world import Scenario, World

PATIENCE = 60.0  # s; never reached in a test that passes
KEY = "a key for tests"


@contextlib.asynccontextmanager
async def simulated(link: Link, plug: BoundPlug, dialect: str = "") -> AsyncIterator[Simulation]:
    kind = simulated_kinds()["mss310"][1]
    simulation = Simulation(World(1, 1_790_000_000.0, Scenario(plugs={"lamp": "lamp"})))
    simulation.add(
        kind, ProfileLibrary(settings_of).get(kind.profile), "lamp", SimOptions(dialect=dialect), link, plug.memory
    )
    task = asyncio.create_task(simulation.run(), name="sim")
    try:
        yield simulation
    finally:
        task.cancel()
        await asyncio.wait({task})


def write_config(folder: Path, *lines: str) -> Path:
    (folder / "plugs.key").write_text(KEY)
    file = folder / "unclouded.toml"
    head = ["[hub]", f'data = "{folder / "data"}"', "[meross]", 'key_file = "plugs.key"']
    file.write_text("\n".join([*head, *lines]))
    return file


async def until(hub: Hub, true: Callable[[], bool]) -> None:
    """Wait until it is so, checking at every fact of the hub."""
    changed = asyncio.Event()
    leave = hub.subscribe(lambda facts: changed.set())
    async with asyncio.timeout(PATIENCE):
        while not true():
            await changed.wait()
            changed.clear()
    leave()


def state(hub: Hub) -> str:
    return next((fact.state for fact in hub.snapshot() if isinstance(fact, Status)), "")


def value(hub: Hub, point: str) -> object:
    return next((fact.value for fact in hub.snapshot() if isinstance(fact, Reading) and fact.point == point), None)


@pytest.mark.parametrize("dies", ["http", "broker"])
@pytest.mark.parametrize("dialect", ["hw2", "hw8"])
async def test_a_plug_with_two_paths_is_switched_while_either_fails(tmp_path: Path, dies: str, dialect: str) -> None:
    """Hardware 8 encrypts its HTTP."""
    plug = bound(7, KEY)
    http = HttpListenLink("127.0.0.1", 0)
    opened = asyncio.Event()
    place: list[RunningHub] = []

    class Late:
        """Connects to the broker once it listens."""

        def start(self, inlet: object) -> None:
            async def begin() -> None:
                await opened.wait()
                assert place[0].broker is not None
                self.link = client_link("127.0.0.1", place[0].broker.address[1], plug)
                self.link.start(inlet)  # type: ignore[arg-type]  # the driver

            self.task = asyncio.create_task(begin(), name="late")

        def send(self, out: object) -> None:
            self.link.send(out)  # type: ignore[arg-type]  # an Out

        async def close(self) -> None:
            await self.link.close()

    broker = Late()
    async with simulated(MultiPathLink([http, broker]), plug, dialect) as sims:
        await asyncio.wait_for(asyncio.gather(*(one.ready() for one in sims.devices)), PATIENCE)
        config = write_config(
            tmp_path,
            *("[broker]", 'listen = "127.0.0.1:0"', 'host = "127.0.0.1"'),
            *("[[device]]", 'id = "lamp"', 'family = "meross"', f'uuid = "{plug.uuid}"'),
            f'link = ["{http.url}", "broker:"]',
            'record = "lamp.jsonl"',
        )
        async with running(load_config(config)) as simulation:
            place.append(simulation)
            opened.set()
            hub = simulation.hub
            assert simulation.broker is not None
            await until(hub, lambda: state(hub) == "online" and simulation.broker.stats()["plugs"] == 1)  # type: ignore[union-attr]
            commands = [asyncio.create_task(hub.command(Command("lamp", "on", True))) for _ in range(3)]
            await (http.close() if dies == "http" else broker.close())
            commands += [asyncio.create_task(hub.command(Command("lamp", "on", True)))]
            outcomes = await asyncio.wait_for(asyncio.gather(*commands), PATIENCE)
            assert {outcome.result for outcome in outcomes} == {"confirmed"}
            assert (await hub.command(Command("lamp", "on", False))).result == "confirmed"
            assert (await hub.command(Command("lamp", "led", False))).result == "confirmed"
            assert state(hub) == "online"
            assert value(hub, "on") is False and value(hub, "led") is False
            frames = hub.frames("lamp", 200)
            assert {frame.kind for frame in frames} == {"frame"}, "encrypted ones are shown as they were before"
    captured = (tmp_path / "lamp.jsonl").read_text()
    assert '"way":"http"' in captured and "ToggleX" in captured and '"text":"*' not in captured


@needs_mosquitto
async def test_a_plug_on_an_external_mosquitto(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug = bound(8, KEY)
    mac = meross.mac_of(plug.uuid)
    password = meross.password_for(mac, KEY)
    # Mosquitto's password file ends a name at the first colon, so on such a broker a plug has no MAC for a name.
    monkeypatch.setitem(PASSWORDS, "plug", password)
    async with Mosquitto(tmp_path, acl=f"{ACL}user plug\ntopic readwrite #\n") as broker:
        link = client_link("127.0.0.1", broker.port, plug)
        link._login = type(link._login)(  # type: ignore[attr-defined]  # as whom this broker knows it
            client_id=meross.client_id_for(plug.uuid, bytes(8)),
            user="plug",
            password=password,
            inbox=meross.subscribe_topic(plug.uuid),
        )
        config = write_config(
            tmp_path,
            *("[[device]]", 'id = "lamp"', 'family = "meross"', f'uuid = "{plug.uuid}"'),
            f'link = "mqtts://127.0.0.1:{broker.port}?cafile=cert.pem&user=hub&password_file=hub.password"',
        )
        async with simulated(link, plug), running(load_config(config)) as simulation:
            hub = simulation.hub
            await until(hub, lambda: value(hub, "power_W") is not None)
            for command in (True, False):
                assert (await hub.command(Command("lamp", "on", command))).result == "confirmed"
                assert value(hub, "on") is command
