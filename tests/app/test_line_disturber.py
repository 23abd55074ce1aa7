"""The real hub and a simulated device with faults on the line between them: they recover, and the captures show why."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from pathlib import Path

import pytest

from links.recorder import RecordingInlet
from unclouded import families
from unclouded.app.protocols import profile_library
from unclouded.app.recording.line_disturber import DisturbanceSettings, LineDisturber
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.family import SimOptions
from unclouded.core.model import Command, Fact, Reading, Status
from unclouded.core.profile import Profile
from unclouded.core.sessions.session import Ambient, Out, Session
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub
from unclouded.hub.node import NodeSpec
from unclouded.hub.services.services import Services
from unclouded.links import memory
from unclouded.recording.capture import read_lines
from unclouded.recording.disturbing.byte_faults import FaultCounts
from unclouded.sim.serve import Simulation
from unclouded.sim.subjects import scenario_for
from unclouded.sim.world import World
from virtual_loop import story, virtual_run

NOON = 1_795_262_400.0  # Unix seconds at the start of each story
LIBRARY = profile_library()
UNTIL_S = 120.0  # s that the faults last
QUERY = bytes.fromhex("55aa0008000007")
REPORT = bytes.fromhex("55aa03070008050200040000001e3a")
WIFI = bytes.fromhex("55aa032c001f7b2273736964223a22417474696320354722") + b'"pw":"x"'  # a frame without its end


def settings(*faults: str, record: Path | None = None, family: str = "", seed: int = 3) -> DisturbanceSettings:
    return DisturbanceSettings(
        faults=faults,
        seed=seed,
        after_s=20.0 if not record else 0.0,
        until_s=20.0 + UNTIL_S,
        record=record,
        family=family,
    )


def added_up(disturber: LineDisturber) -> bool:
    return all(balance(side.counts) == side.waiting for side in disturber.sides.values())


def balance(counts: FaultCounts) -> int:
    """The bytes that must be waiting."""
    lost = counts.dropped + counts.truncated + counts.cut + counts.overrun
    return counts.received + counts.inserted + counts.duplicated - counts.passed_on - lost


# --- the hub and a device ---------------------------------------------------------------------------


class DisturbedHome:
    def __init__(self, hub: Hub, facts: list[Fact], disturber: LineDisturber) -> None:
        self.hub = hub
        self.facts = facts
        self.disturber = disturber

    def states(self) -> list[str]:
        return [fact.state for fact in self.facts if isinstance(fact, Status)]

    def since(self, seconds: float) -> list[Reading]:
        return [fact for fact in self.facts if isinstance(fact, Reading) and fact.at >= NOON + seconds]


@asynccontextmanager
async def home(family_name: str, kind_name: str, *faults: str) -> AsyncIterator[DisturbedHome]:
    """A hub, a simulated device, and between them a line with faults from 20 s on."""
    loop = asyncio.get_running_loop()
    family = families.family(family_name)
    kind = family.sim_kinds[kind_name]
    scenario, subject = scenario_for(kind.subject, "lamp")
    simulation = Simulation(World(1, NOON, scenario))
    (hub_end, end_a), (end_b, device_end) = memory.pair(), memory.pair()
    simulation.add(kind, LIBRARY.get(kind.profile), subject, SimOptions(seed=1), device_end)

    def make(profile: Profile, ambient: Ambient) -> Session:
        assert family.controller is not None
        return family.controller(profile.session, ambient)

    spec = ChannelSpec(
        family=family_name,
        link="memory:",
        generic=LIBRARY.get(family.generic),
        profile=LIBRARY.get(kind.profile),
        open_link=lambda: hub_end,
        make_session=make,
        reading=family,
        decoders=family.decoders,
    )
    facts: list[Fact] = []
    clock = WallClock(loop.time, lambda: NOON + loop.time())
    hub = Hub([NodeSpec(id="thing", channels=(spec,))], Services(lambda: NOON + loop.time(), UTC), clock, bytes)
    hub.subscribe(facts.extend)
    disturber = LineDisturber("tcp://192.0.2.1:1", "tcp://192.0.2.2:1", settings(*faults))
    stop = asyncio.Event()

    async def stopped() -> None:
        await stop.wait()

    disturbed = asyncio.create_task(disturber.join({"controller": end_a, "device": end_b}, stopped))
    running = [asyncio.create_task(simulation.run()), asyncio.create_task(hub.run())]
    try:
        yield DisturbedHome(hub, facts, disturber)
        stop.set()
        await disturbed
    finally:
        for task in [*running, disturbed]:
            task.cancel()
        await asyncio.gather(*running, disturbed, return_exceptions=True)


KINDS = [("tuya_wifi", "tuya-plug", "voltage_V"), ("emporia", "mgm111", "power_W")]
LINES = [
    ("flip=3%", "insert=2%"),
    ("drop=3%", "jitter=100ms"),
    ("duplicate=20%", "truncate=20%"),
    ("swap=2%", "stick=2%", "delay=60ms"),
    ("a:drop=1",),
    ("b:flip=every:7",),
    ("cut=90s",),
]


@pytest.mark.parametrize(
    ("family", "kind", "point", "faults"),
    [
        *((*kind, faults) for kind in KINDS for faults in LINES),
        ("hlw8032", "hlw8032", "voltage_V", ("b:flip=3%", "b:drop=1%")),
    ],
)
@story
async def test_the_hub_and_the_device_recover_when_the_faults_end(
    family: str, kind: str, point: str, faults: Sequence[str]
) -> None:
    async with home(family, kind, *faults) as one:
        await asyncio.sleep(20 + UNTIL_S + 60)
        assert one.states()[-1] == "online"
        good = [reading for reading in one.since(20 + UNTIL_S + 30) if reading.point == point]
        assert good and {reading.quality for reading in good} == {"good"}
        assert added_up(one.disturber)
        totals = [side.counts for side in one.disturber.sides.values()]
        assert sum(counts.received for counts in totals) > 100


@story
async def test_a_line_that_is_cut_is_offline_and_then_online_again() -> None:
    async with home("tuya_wifi", "tuya-plug", "cut=100s") as one:
        await asyncio.sleep(20 + UNTIL_S + 60)
        states = one.states()
        assert states[states.index("online") :] == ["online", "offline", "online"]
        assert one.disturber.sides["a"].counts.cut > 0 < one.disturber.sides["b"].counts.cut


@story
async def test_a_slow_line_in_single_bytes_is_no_fault() -> None:
    async with home("tuya_wifi", "tuya-plug", "split=1:2ms", "delay=100ms") as one:
        await asyncio.sleep(60)
        assert one.states()[-1] == "online" and "offline" not in one.states()
        assert (await one.hub.command(Command("thing", "on", False))).result == "confirmed"


@story
async def test_a_command_under_faults_has_one_outcome_and_is_confirmed_afterwards() -> None:
    async with home("tuya_wifi", "tuya-plug", "drop=5%", "flip=2%") as one:
        await asyncio.sleep(30)
        outcomes = [await one.hub.command(Command("thing", "on", value)) for value in (False, True) * 3]
        assert {outcome.result for outcome in outcomes} <= {"confirmed", "timeout", "unreachable"}
        await asyncio.sleep(UNTIL_S + 30)
        assert (await one.hub.command(Command("thing", "on", False))).result == "confirmed"


# --- captures ---------------------------------------------------------------------------------------


def recorded(file: Path, *faults: str) -> LineDisturber:
    """A query and a report go over a line with faults, 100 ms apart."""
    disturber = LineDisturber(
        "tcp://192.0.2.1:1", "tcp://192.0.2.2:1", settings(*faults, record=file, family="tuya_wifi")
    )

    async def play() -> None:
        (module, end_a), (end_b, mcu) = memory.pair(), memory.pair()
        module.start(RecordingInlet())
        mcu.start(RecordingInlet())

        async def talk() -> None:
            await asyncio.sleep(0.1)
            module.send(Out(QUERY))
            await asyncio.sleep(0.1)
            mcu.send(Out(REPORT))
            mcu.send(Out(WIFI))
            await asyncio.sleep(2)

        await disturber.join({"controller": end_a, "device": end_b}, talk)

    virtual_run(play())
    return disturber


def received_under(seed: int) -> bytes:
    """What end A receives of 50 reports."""

    async def play() -> bytes:
        (module, end_a), (end_b, mcu) = memory.pair(), memory.pair()
        inlet = RecordingInlet()
        module.start(inlet)
        mcu.start(RecordingInlet())

        async def talk() -> None:
            await asyncio.sleep(30)
            for _ in range(50):
                mcu.send(Out(REPORT))
            await asyncio.sleep(1)

        disturber = LineDisturber("tcp://a:1", "tcp://b:1", settings("flip=5%", "insert=5%", seed=seed))
        await disturber.join({"controller": end_a, "device": end_b}, talk)
        return inlet.data

    return virtual_run(play())


def test_a_seed_repeats_the_same_faults() -> None:
    assert received_under(3) == received_under(3) != received_under(4)


@story
async def test_what_an_end_does_not_accept_is_counted_for_the_end_that_sent_it() -> None:
    (module, end_a), (end_b, _) = memory.pair(), memory.pair()
    module.start(RecordingInlet())
    reported: list[str] = []
    disturber = LineDisturber("tcp://a:1", "tcp://b:1", settings("delay=50ms"), reported.append)

    async def talk() -> None:
        await asyncio.sleep(30)
        module.send(Out(QUERY))
        await asyncio.sleep(1)

    await disturber.join({"controller": end_a, "device": end_b}, talk)
    assert (disturber.sides["a"].lost, disturber.sides["b"].lost) == (len(QUERY), 0)
    assert reported == ["A: the line is open"], "an end that has never been there is not reported"


@story
async def test_what_is_delayed_when_it_is_stopped_is_not_passed_on() -> None:
    (module, end_a), (end_b, mcu) = memory.pair(), memory.pair()
    inlet = RecordingInlet()
    module.start(RecordingInlet())
    mcu.start(inlet)
    disturber = LineDisturber("tcp://a:1", "tcp://b:1", settings("delay=10s"))

    async def talk() -> None:
        await asyncio.sleep(30)
        module.send(Out(QUERY))
        await asyncio.sleep(1)

    await disturber.join({"controller": end_a, "device": end_b}, talk)
    await asyncio.sleep(60)
    side = disturber.sides["a"]
    assert (side.waiting, side.counts.passed_on, inlet.data) == (len(QUERY), 0, b"")


def sent_by(file: Path, sender: str) -> list[bytes]:
    return [line.data for line in read_lines(file.read_bytes().splitlines()) if line.sender == sender]


@pytest.mark.parametrize(
    ("fault", "query", "report"),
    [
        ("delay=50ms", [QUERY], [REPORT]),
        ("a:drop=1", [], [REPORT]),
        ("b:duplicate=every:2", [QUERY], [REPORT]),
    ],
)
def test_one_capture_has_what_was_sent_the_other_what_was_received(
    tmp_path: Path, fault: str, query: list[bytes], report: list[bytes]
) -> None:
    file = tmp_path / "line.jsonl"
    disturber = recorded(file, fault)
    assert disturber.files == [file, tmp_path / "line.sent.jsonl"]
    assert disturber.is_whole and added_up(disturber)
    for path, asked, answered in ((tmp_path / "line.sent.jsonl", [QUERY], [REPORT]), (file, query, report)):
        assert sent_by(path, "controller") == asked
        assert sent_by(path, "device")[:1] == answered
        assert b"Attic" not in path.read_bytes() and b"4174746963" not in path.read_bytes()


# --- errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: LineDisturber("tcp://a:1", "tcp://a:1", settings("flip")), "Both ends are the same wire"),
        (lambda: LineDisturber("http://a", "tcp://a:1", settings("flip")), "is not a line of bytes"),
        (
            lambda: LineDisturber("tcp://a:1", "tcp://b:1", settings("split", "split=4")),
            "What end A sends is split twice",
        ),
        (
            lambda: LineDisturber("tcp://a:1", "tcp://b:1", settings("b:split", "split")),
            "What end B sends is split twice",
        ),
        (lambda: LineDisturber("tcp://a:1", "tcp://b:1", settings("flop")), "There is no fault 'flop'"),
        (lambda: LineDisturber("tcp://a:1", "tcp://b:1", settings("flip", record=Path("x"))), "needs --family"),
        (lambda: LineDisturber("tcp://a:1", "tcp://b:1", settings("flip", family="x")), "There is no family 'x'"),
        (
            lambda: LineDisturber(
                "tcp://a:1", "tcp://b:1", DisturbanceSettings(faults=["flip"], seed=1, after_s=5, until_s=5)
            ),
            "The faults end before they begin",
        ),
    ],
)
def test_what_is_wrong_is_reported_before_anything_is_opened(make: Callable[[], LineDisturber], reason: str) -> None:
    with pytest.raises((CommandError, ConfigError)) as caught:
        make()
    assert reason in str(caught.value)


def test_each_end_may_have_its_own_split() -> None:
    LineDisturber("tcp://a:1", "tcp://b:1", settings("a:split=1", "b:split=4"))
