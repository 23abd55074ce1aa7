"""The whole set-up of the simulated plug: its access point over HTTP, a restart, the hub's broker with TLS.

Its restart, and the times that it takes to scan and to join, are shortened; nothing else is.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from app.setup.setup_story import FAST, hub_in, run_of, texts
from app.test_plug_paths import PATIENCE
from place import place_in
from unclouded.app.configuration.tables.file import HiddenText
from unclouded.app.discovery import find_in_network
from unclouded.app.setup.other_hub import OtherHub, server_of
from unclouded.app.setup.plug_setup import SetupRun
from unclouded.app.setup.steps import SetupPlan, WifiChoice
from unclouded.app.simulation.simulation import PlugSetting, SimPlaces, SimulatedDevices
from unclouded.core.errors import LinkError
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import Settled
from unclouded.core.views.facts import FoundPlug, SetupStep
from unclouded.families.meross import simulated_uuid
from unclouded.families.meross.plug import network_state, request_handler

USUAL = SimPlaces(http="127.0.0.1:0")
WIFI = WifiChoice("unclouded", HiddenText("simulated"))


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = {"RESTART_AFTER_S": 0.05, "BOOT_S": 0.3, "JOIN_S": 0.05, "JOIN_TIMEOUT_S": 0.3, "SERVER_TIMEOUT_S": 1.0}
    for name, seconds in spans.items():
        monkeypatch.setattr(network_state, name, seconds)
    monkeypatch.setattr(request_handler, "SCAN_S", 0.05)


class Observer:
    def __init__(self) -> None:
        self.place: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.notices: list[str] = []

    def ready(self, place: str, uuid: str, console: str) -> None:
        self.place.set_result(place.removeprefix("http://").removesuffix("/config"))

    def all_ready(self) -> None: ...
    def offline(self, reason: str) -> None: ...
    def answered(self, question: str, answer: Settled) -> None: ...
    def stopped(self, stats: Mapping[str, float]) -> None: ...

    def noticed(self, uuid: str, text: str) -> None:
        self.notices.append(text)


@contextlib.asynccontextmanager
async def plug(
    *faults: str, dialect: str = "", places: SimPlaces = USUAL, unconfigured: bool = True, **setting: object
) -> AsyncIterator[tuple[str, Observer]]:
    """A simulated plug in set-up mode, and its address."""
    options = SimOptions(seed=4, faults=frozenset(faults), dialect=dialect)
    how = PlugSetting(unconfigured=unconfigured, **setting)  # type: ignore[arg-type]  # the tests name fields
    devices = SimulatedDevices("mss310", places, "lamp", options, plug=how)
    observer = Observer()
    never: Callable[[], Awaitable[None]] = asyncio.Event().wait  # type: ignore[assignment]  # it never returns
    task = asyncio.create_task(devices.run(observer, never), name="sim")
    try:
        yield await asyncio.wait_for(observer.place, PATIENCE), observer
    finally:
        task.cancel()
        await asyncio.wait({task})


async def set_up(config, address: str, wifi: WifiChoice = WIFI, **plan: object) -> list[SetupStep]:  # type: ignore[no-untyped-def]  # a Config
    """Every step, up to the confirmation. Raises what ends it."""
    steps: list[SetupStep] = []
    run = run_of(config, SetupPlan(address=address, name="Lamp", **plan), steps)  # type: ignore[arg-type]
    async with asyncio.timeout(PATIENCE):
        try:
            await run.find()
            await run.scan(wifi.ssid)
            await run.join(wifi)
            await run.confirm()
        finally:
            await run.close()
    return steps


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("dialect", ["hw1", "hw2", "hw6", "hw8"])
async def test_a_plug_of_each_dialect_becomes_a_device(tmp_path: Path, dialect: str, encrypted: bool) -> None:
    fault = "always-encrypts" if encrypted else "never-encrypts"
    async with hub_in(tmp_path) as (hub, config), plug(fault, dialect=dialect) as (address, _observer):
        steps = await set_up(config, address, exchanges_key=encrypted)
        assert steps[-1].device == "lamp" and [one.id for one in hub.hub.devices()] == ["lamp"]
        assert "simulated" not in texts(steps)


@pytest.mark.parametrize(
    "fault", ["misses-first-scan", "needs-all-wifi-fields", "needs-from", "sends-malformed-headers", "answers-slowly"]
)
async def test_deviations_of_real_plugs_do_not_stop_a_set_up(
    tmp_path: Path, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unclouded.families.meross.setup.scripts.SCAN_AGAIN_S", 0.01)
    async with hub_in(tmp_path) as (_, config), plug(fault, "never-encrypts") as (address, _observer):
        assert (await set_up(config, address))[-1].device == "lamp"


@pytest.mark.parametrize(
    ("wifi", "says"),
    [
        (WifiChoice("unclouded", HiddenText("a wrong password")), "password of the Wi-Fi is wrong"),
        (WifiChoice("unclouded-5G", HiddenText("simulated")), "It uses 2.4 GHz only"),
    ],
)
async def test_what_is_wrong_with_the_wifi_is_named(
    tmp_path: Path, wifi: WifiChoice, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unclouded.families.meross.setup.scripts.SCAN_AGAIN_S", 0.01)
    async with hub_in(tmp_path) as (_, config), plug("never-encrypts") as (address, _observer):
        with pytest.raises(LinkError, match=says):
            await set_up(config, address, wifi)


async def test_a_broker_behind_a_firewall_is_named_by_the_plug(tmp_path: Path) -> None:
    """Nothing listens where the plug is sent."""
    async with hub_in(tmp_path) as (_, config), plug("never-encrypts") as (address, _observer):
        assert config.broker is not None
        broker = msgspec.structs.replace(config.broker, host="127.0.0.2")
        elsewhere = msgspec.structs.replace(config, broker=broker)
        with pytest.raises(LinkError, match=r"did not reach the broker of this hub.*firewall"):
            await set_up(elsewhere, address)


async def test_a_plug_that_another_hub_has_set_up_moves_here(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with (
        hub_in(tmp_path / "one") as (_, one),
        hub_in(tmp_path / "two") as (hub, two),
        plug("never-encrypts") as (address, _observer),
    ):
        await set_up(one, address)
        steps: list[SetupStep] = []
        with pytest.raises(LinkError, match="bound to a server with another key"):
            run = run_of(two, SetupPlan(address=address, plug_key=two.meross_key), [])
            await run.find()
        await run.close()
        run = run_of(two, SetupPlan(address=address, plug_key=one.meross_key, name="Moved"), steps)
        await run.find()
        await run.rehost()
        assert await asyncio.wait_for(run.confirm(), PATIENCE) == "moved"
        assert [device.id for device in hub.hub.devices()] == ["moved"]
        run = run_of(two, SetupPlan(address=address, plug_key=two.meross_key), [])
        await run.find(resets=True)
        with pytest.MonkeyPatch.context() as quick:
            quick.setattr("unclouded.families.meross.setup.scripts.GONE_AGAIN_S", 0.05)
            await run.unbind()
        await run.close()
        assert (await set_up(one, address))[-1].device == "lamp", "it is as from the shop, and known under its old name"


async def test_a_plug_is_set_up_for_a_hub_on_another_computer_and_says_itself_that_it_has_reached_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[SetupStep] = []
    async with hub_in(tmp_path) as (hub, config), plug("never-encrypts") as (address, _observer):
        host, _, port = address.partition(":")
        usual = {"product": "mss310", "mac": "", "hardware": "2.0.0", "version": "2.1.17"}
        found = FoundPlug(uuid=simulated_uuid(4), ip=host, port=int(port), **usual)

        async def find(seconds: float) -> list[FoundPlug]:
            return [found]

        monkeypatch.setattr("unclouded.app.setup.other_hub.find_in_network", find)
        assert hub.broker is not None
        place = f"127.0.0.1:{hub.broker.address[1]}"
        other = OtherHub(server_of(place, config.meross_key.text))
        run = SetupRun(SetupPlan(address=address), other, steps.append, FAST)
        await run.find()
        await run.scan("unclouded")
        await run.join(WIFI)
        assert await asyncio.wait_for(run.confirm(), PATIENCE) == found.uuid
        assert [one.id for one in hub.hub.devices()] == [found.uuid], "it waits there to be admitted"
    assert "unclouded admit" in steps[-1].text and "simulated" not in texts(steps)


async def test_plugs_are_found_by_a_broadcast_and_what_else_answers_is_left_out(tmp_path: Path) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        asked, answered = one.getsockname()[1], other.getsockname()[1]
    with socket.socket() as served:
        served.bind(("127.0.0.1", 0))
        port = served.getsockname()[1]
    places = SimPlaces(http=f"127.0.0.1:{port}", discovery=f"127.0.0.1:{asked}")
    async with plug("never-encrypts", places=places, unconfigured=False, answer_port=answered):
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            stranger.bind(("127.0.0.1", 0))
            finding = asyncio.create_task(find_in_network(1.5, ("127.0.0.1", asked), answered))
            await asyncio.sleep(0.1)
            for answer in (b"no JSON", b'{"uuid": "x", "port": "y"}'):
                stranger.sendto(answer, ("127.0.0.1", answered))
            (found,) = await finding
    assert (found.product, found.ip, found.uuid) == ("mss310", "127.0.0.1", simulated_uuid(4))


def test_the_verbs_as_the_docs_print_them(tmp_path: Path) -> None:
    """Real processes, real time: a plug in set-up mode, a hub, and the set-up between them."""
    secret = tmp_path / "wifi.password"
    secret.write_text("a good password\n")
    with place_in(tmp_path, '[broker]\nlisten = "127.0.0.1:0"\nhost = "127.0.0.1"\n') as here:
        here.hub()
        _, sim = here.sim("mss310", "--ap", "--http", "127.0.0.1:0", "--wifi", "My home:a good password")
        address = sim["link"].removeprefix("http://").removesuffix("/config")
        words = ("--ssid", "My home", "--wifi-password-file", str(secret), "--name", "Kettle")
        steps = here.ask("setup", address, *words)
        assert (steps[-1]["step"], steps[-1]["state"], steps[-1]["device"]) == ("confirm", "done", "kettle")
        assert here.ask("set", "kettle", "off")[0]["outcome"] == "confirmed"
        assert here.ask("forget", "kettle")[0]["id"] == "kettle"
        (seen,) = here.ask("devices")
        assert seen["state"] == "seen"
        assert here.ask("admit", seen["id"], "--name", "Kettle")[0]["id"] == "kettle"
    for verb in ("run", "sim"):
        assert "a good password" not in here.log(verb)
