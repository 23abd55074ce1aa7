"""Simulated devices: a toy family on links in memory, with a virtual clock."""

import asyncio
import json
import selectors
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from unclouded.core.errors import ConfigError, LinkError, LinkRefused
from unclouded.core.family import SimKind, SimOptions
from unclouded.core.profile import Profile, load_profile
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import (
    Ambient,
    Answer,
    AskCommand,
    Asked,
    AskTime,
    Event,
    Failure,
    LinkPath,
    Out,
    Refusal,
    Remember,
    SessionCommand,
    Ticket,
    WireCommand,
)
from unclouded.links import memory
from unclouded.links.multi_path import MultiPathLink
from unclouded.sim.serve import SimDevice, Simulation
from unclouded.sim.world import Scenario, World

START = 1_790_000_000.0


# --- a virtual clock ------------------------------------------------------------------------------


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop that advances its clock instead of waiting."""

    def __init__(self) -> None:
        self._now = 1000.0
        super().__init__(_Skipping(self))

    def time(self) -> float:
        return self._now

    def skip(self, seconds: float) -> None:
        self._now += seconds


class _Skipping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:  # Any: as the selector has it
        if timeout is None:
            raise RuntimeError("all tasks wait and no timer is set")
        self._loop.skip(max(timeout, 0.0))
        return super().select(0)


def story(script: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await script()

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())


# --- a toy family -----------------------------------------------------------------------------------


class ToyDevice:
    """Sends every submitted measurement; ``set 1 true`` is a command of the other end."""

    def __init__(self, options: SimOptions, ambient: Ambient) -> None:
        self.options = options
        self.ambient = ambient
        self._up = False
        self._next = 1
        self._outs: list[Out] = []

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        self._up = True
        self._say({"token": self.ambient.token(4).hex(), "wall": self.ambient.wall(now)})
        return [Remember("seen", b"yes")]

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        self._up = False
        return []

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        key, value = json.loads(data)
        self._next += 1
        return [Asked(self._next, AskTime() if key == "time" else AskCommand(key, value))]

    def failed(self, id: int, why: Failure, now: float) -> Sequence[Event]:
        return []

    def submit(self, command: SessionCommand, now: float) -> Ticket:
        assert isinstance(command, WireCommand)
        if "crash" in self.options.faults:
            raise ZeroDivisionError
        self._say({"values": {key: _plain(value) for key, value in command.values.items()}, "now": now})
        return 1

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        self._say({"answer": value.reason if isinstance(value, Refusal) else value})
        return []

    def tick(self, now: float) -> Sequence[Event]:
        return []

    def deadline(self) -> float | None:
        return None

    def outgoing(self, now: float) -> list[Out]:
        outs, self._outs = self._outs, []
        return outs

    def stats(self) -> Mapping[str, float]:
        return {}

    def _say(self, words: object) -> None:
        if self._up:
            self._outs.append(Out(json.dumps(words).encode()))


def _plain(value: object) -> object:
    return value if isinstance(value, (bool, int)) else float(value)  # type: ignore[arg-type]  # a Fraction


class Listener(Inlet):
    """The controller's end: records what it receives, in order."""

    def __init__(self, link: memory.MemoryLink) -> None:
        self.received_lines: list[dict[str, Any]] = []
        self._link = link
        link.start(self)

    def up(self, path: LinkPath) -> None: ...
    def down(self, path: str, reason: str) -> None: ...
    def failed(self, id: int, why: Failure) -> None: ...

    def received(self, data: bytes, path: str = "", re: int = 0) -> None:
        self.received_lines.append(json.loads(data))

    def command(self, key: str, value: object) -> None:
        self._link.send(Out(json.dumps([key, value]).encode()))

    def values(self, key: str) -> list[Any]:
        return [one["values"][key] for one in self.received_lines if key in one.get("values", {})]

    def answers(self) -> list[Any]:
        return [one["answer"] for one in self.received_lines if "answer" in one]


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The toy family has none."""


PROFILE: Profile = load_profile(
    """
    name = "toy/plug"
    family = "toy"
    title = "A toy"
    [[point]]
    wire = "1"
    key = "on"
    type = "bool"
    access = "rw"
    [[point]]
    wire = "9"
    key = "countdown_s"
    type = "value"
    access = "rw"
    [[point]]
    wire = "19"
    key = "power_W"
    type = "value"
    scale = 0.1
    """,
    "toy.toml",
    lambda _: NoSettings,
)
PLUG = SimKind(name="toy-plug", words="a toy plug", subject="plug", profile="toy/plug", make=ToyDevice)
METER = SimKind(name="toy-meter", words="a toy meter", subject="meter", profile="toy/plug", make=ToyDevice)


class SimulatedHome:
    """A simulated home with a listener on each of its devices."""

    def __init__(self, *subjects: str, every: float = 1.0, faults: frozenset[str] = frozenset()) -> None:
        self.simulation = Simulation(World(1, START, Scenario(hour=18.5)), every)
        self.listeners: dict[str, Listener] = {}
        for subject in subjects:
            ours, theirs = memory.pair()
            kind = METER if subject == "" else PLUG
            self.simulation.add(kind, PROFILE, subject, SimOptions(seed=5, faults=faults), ours)
            self.listeners[subject] = Listener(theirs)

    async def __aenter__(self) -> "SimulatedHome":
        self._task = asyncio.create_task(self.simulation.run(), name="home")
        await self.simulation.ready()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])


# --- stories ----------------------------------------------------------------------------------------


def test_a_device_reports_the_state_of_the_world_each_second() -> None:
    async def script() -> None:
        async with SimulatedHome("kettle", "") as home:
            await asyncio.sleep(10.5)
            kettle, meter = home.listeners["kettle"], home.listeners[""]
            assert kettle.values("19")[:3] == [0, 0, 0]
            assert all(one > 19_000 for one in kettle.values("19")[4:])
            assert len(kettle.values("19")) == len(meter.values("19")) == 10
            assert meter.values("19")[-1] - meter.values("19")[0] > 19_000
            assert home.simulation.world.unix == START + 10

    story(script)


def test_the_relay_follows_the_controller_and_the_new_power_is_reported_at_once() -> None:
    async def script() -> None:
        async with SimulatedHome("pump", "") as home:
            await asyncio.sleep(3.25)
            pump = home.listeners["pump"]
            before = len(pump.received_lines)
            pump.command("1", False)
            await asyncio.sleep(0.01)
            assert pump.received_lines[before]["answer"] is True
            assert pump.received_lines[before + 1]["values"]["1"] is False
            assert pump.received_lines[before + 1]["values"]["19"] == 0
            assert home.simulation.world.unix == START + 3.25  # energy up to the very moment is counted
            await asyncio.sleep(1)
            pump.command("1", True)
            await asyncio.sleep(0.01)
            assert pump.values("1")[-1] is True
            assert pump.values("19")[-1] > 400

    story(script)


def test_points_that_cannot_be_set_are_refused_with_a_reason() -> None:
    async def script() -> None:
        async with SimulatedHome("pump", "") as home:
            for key, value in (("19", 5), ("77", 1), ("time", 0)):
                home.listeners["pump"].command(key, value)
            home.listeners[""].command("1", False)
            await asyncio.sleep(0.01)
            assert home.listeners["pump"].answers() == [
                "power_W can only be read",
                "this device has no '77'",
                "a simulated device cannot answer AskTime",
            ]
            assert home.listeners[""].answers() == ["the meter has no relay"]

    story(script)


def test_an_invalid_value_is_refused_without_side_effects() -> None:
    async def script() -> None:
        async with SimulatedHome("pump") as home:
            home.listeners["pump"].command("9", "soon")
            home.listeners["pump"].command("9", 30)
            await asyncio.sleep(2.5)
            first, second = home.listeners["pump"].answers()
            assert first == "countdown_s takes a number, not 'soon'." and second is True
            assert home.listeners["pump"].values("9")[-1] == 28

    story(script)


def test_a_countdown_toggles_the_relay_at_its_end() -> None:
    async def script() -> None:
        async with SimulatedHome("pump") as home:
            home.listeners["pump"].command("9", 5)
            await asyncio.sleep(4.5)
            assert home.listeners["pump"].values("9")[-1] == 1
            assert home.listeners["pump"].values("1")[-1] is True
            await asyncio.sleep(2)
            assert home.listeners["pump"].values("9")[-1] == 0
            assert home.listeners["pump"].values("1")[-1] is False
            assert home.listeners["pump"].values("19")[-1] == 0

    story(script)


def test_a_delayed_timer_catches_up_and_keeps_its_times() -> None:
    async def script() -> None:
        async with SimulatedHome("pump") as home:
            await asyncio.sleep(2.5)
            loop = asyncio.get_running_loop()
            assert isinstance(loop, VirtualLoop)
            loop.skip(5.2)  # the computer stood still
            await asyncio.sleep(1.5)
            times = [one["now"] - 1000 for one in home.listeners["pump"].received_lines if "now" in one]
            assert times == pytest.approx([1, 2, 7.7, 8, 9])
            assert home.simulation.world.unix == pytest.approx(START + 9)

    story(script)


def test_clock_chance_and_memory_of_a_device_follow_from_its_seed() -> None:
    tokens = []

    async def script() -> None:
        async with SimulatedHome("pump", "tv") as home:
            await asyncio.sleep(0.01)
            first = home.listeners["pump"].received_lines[0]
            assert first["wall"] == START
            tokens.append((first["token"], home.listeners["tv"].received_lines[0]["token"]))

    story(script)
    story(script)
    assert tokens[0] == tokens[1]
    assert tokens[0][0] != tokens[0][1]


def test_an_error_in_one_device_ends_the_simulation() -> None:
    async def script() -> None:
        home = SimulatedHome("pump", "tv", faults=frozenset({"crash"}))
        with pytest.raises(ZeroDivisionError):
            await home.simulation.run()
        with pytest.raises(LinkError, match="toy-plug pump stopped before"):
            await home.simulation.ready()

    story(script)


def test_a_plug_without_a_load_is_refused_when_it_is_made() -> None:
    async def script() -> None:
        simulation = Simulation(World(1, START))
        with pytest.raises(ConfigError, match="no plug 'oven'"):
            simulation.add(PLUG, PROFILE, "oven", SimOptions(), memory.pair()[0])

    story(script)


class Listening:
    """A link that waits for connections, like a server."""

    def __init__(self) -> None:
        self.url = "tcp://127.0.0.1:0"

    def start(self, inlet: Inlet) -> None:
        self.url = "tcp://127.0.0.1:6638"

    def send(self, out: Out) -> None: ...

    async def close(self) -> None: ...


class Terminal(Listening):
    """A link that others open, like a pseudo terminal."""

    def __init__(self) -> None:
        self.path = Path("/tmp/meter.tty")

    def start(self, inlet: Inlet) -> None: ...


class Broken(Listening):
    def start(self, inlet: Inlet) -> None:
        raise LinkRefused("there is no such place")


def test_a_device_reports_its_address_once_it_can_be_reached() -> None:
    async def script() -> None:
        simulation = Simulation(World(1, START))
        for subject, link in (("pump", Listening()), ("tv", Terminal())):
            simulation.add(PLUG, PROFILE, subject, SimOptions(), link)
        running = asyncio.create_task(simulation.run())
        assert await simulation.ready() == ["tcp://127.0.0.1:6638", "/tmp/meter.tty"]
        running.cancel()
        await asyncio.wait([running])

    story(script)


def test_a_device_with_several_links_reports_the_first_address_that_others_reach() -> None:
    async def script() -> None:
        links = MultiPathLink([memory.pair()[0], Listening(), Terminal()])
        device = SimDevice(PLUG, PROFILE, World(1, START), "pump", SimOptions(), links)
        running = asyncio.create_task(device.run())
        assert await device.ready() == "tcp://127.0.0.1:6638"
        running.cancel()
        await asyncio.wait([running])

    story(script)


def test_a_link_that_cannot_start_raises_in_run_and_ready() -> None:
    async def script() -> None:
        device = SimDevice(PLUG, PROFILE, World(1, START), "pump", SimOptions(), Broken())
        with pytest.raises(LinkRefused):
            await device.run()
        with pytest.raises(LinkError, match="stopped before"):
            await device.ready()

    story(script)
