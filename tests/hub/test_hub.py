"""The hub at work: toy devices on links in memory, under a clock that jumps."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from api_story import about
from links.recorder import RecordingInlet
from links.text_line_family import LINES
from toys import GatewayController, PlugController
from unclouded.core.errors import CommandError
from unclouded.core.model import Action, ActionSpec, Command, Device, Fact, Memory, Notice, Outcome, Reading, Status
from unclouded.core.profile import Profile, load_profile
from unclouded.core.session import Ambient, LinkPath, Out, Reported, Session
from unclouded.hub.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.held_commands import HeldCommand
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.node import NodeSpec
from unclouded.hub.services import Services
from unclouded.links.memory import MemoryLink, pair
from unclouded.web.live import LivePages
from unclouded.web.schemas import HubView
from virtual_loop import virtual_run

NOON = 1_795_262_400.0  # Unix seconds at the start of each story


class Polls(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    poll_s: float = 5.0


def profile(name: str = "toy/plug", extra: str = "") -> Profile:
    text = f"""
    name = "{name}"
    family = "toy"
    title = "Toy"
    main = "on"
    {extra}
    [[point]]
    wire = "on"
    type = "bool"
    key = "on"
    access = "rw"
    [[point]]
    wire = "power"
    key = "power_W"
    """
    return load_profile(text, "toy.toml", lambda name: Polls)


class House:
    """A hub and the far ends of its links. ``far``: one for each time that a channel was opened."""

    def __init__(self, hub: Hub, far: Mapping[str, list[MemoryLink]], heard: list[Fact]) -> None:
        self.hub = hub
        self.far = far
        self.heard = heard
        self.says: dict[int, RecordingInlet] = {}

    async def meet(self, name: str, index: int = 0) -> MemoryLink:
        """The far end, once the hub has opened its own."""
        while len(self.far[name]) <= index:
            await asyncio.sleep(0.01)
        link = self.far[name][index]
        self.says[id(link)] = RecordingInlet()
        link.start(self.says[id(link)])
        await asyncio.sleep(0.01)
        return link

    def said_to(self, link: MemoryLink) -> bytes:
        return self.says[id(link)].data

    async def say(self, link: MemoryLink, words: bytes, re: int = 0) -> None:
        link.send(Out(words, re=re))
        await asyncio.sleep(0.01)

    def of(self, kind: type) -> list[Any]:  # Any: the caller names the kind
        return [fact for fact in self.heard if isinstance(fact, kind)]

    def state(self, device: str) -> str:
        return [fact for fact in self.of(Status) if fact.device == device][-1].state

    def values(self, device: str) -> dict[str, object]:
        return {
            one.point: one.value for one in self.hub.snapshot() if isinstance(one, Reading) and one.device == device
        }


Make = Callable[[Ambient], Session]


def channel(make: Make, far: dict[str, list[MemoryLink]], name: str = "", **more: Any) -> ChannelSpec:
    path, other = more.pop("paths", (LinkPath(), LinkPath()))

    def open_link() -> MemoryLink:
        ours, theirs = pair(path, other)
        far.setdefault(name, []).append(theirs)
        return ours

    far.setdefault(name, [])
    return ChannelSpec(
        name=name,
        family="toy",
        link=f"memory:{name}",
        generic=profile(),
        open_link=open_link,
        make_session=lambda profile, ambient: make(ambient),
        decoder=LINES.decoder,
        redact=LINES.redact,
        **more,
    )


@asynccontextmanager
async def hub(
    *channels: Callable[[dict[str, list[MemoryLink]]], ChannelSpec],
    restored: RestoredState | None = None,
    wall: Callable[[], float] | None = None,
    stamped: bool = False,
) -> AsyncIterator[House]:
    loop = asyncio.get_running_loop()
    far: dict[str, list[MemoryLink]] = {}
    spec = NodeSpec(id="thing", channels=tuple(make(far) for make in channels))
    clock = WallClock(loop.time, wall or (lambda: NOON + loop.time()))
    hub = Hub([spec], Services(lambda: NOON), clock, bytes, restored)
    heard: list[Fact] = []
    hub.subscribe(heard.extend, stamped=stamped)
    running = asyncio.create_task(hub.run(), name="hub")
    try:
        yield House(hub, far, heard)
    finally:
        running.cancel()
        await asyncio.wait({running})


def gateway(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    actions = [ActionSpec(name="update", words="update"), ActionSpec(name="wipe", words="wipe", danger="All is lost.")]
    return channel(GatewayController, far, actions=actions)


def plug(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    return channel(PlugController, far, paths=(LinkPath(name="http", answers=True), LinkPath(name="http", asks=True)))


def story(told: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test's coroutine under the jumping clock."""

    def run() -> None:
        virtual_run(told())

    run.__name__ = told.__name__
    run.__doc__ = told.__doc__
    return run


# --- a plug that is polled --------------------------------------------------------------------------


async def ask(hub: House, link: MemoryLink, answers: Mapping[bytes, bytes]) -> None:
    """Answer the plug's questions until the hub has no more of them."""
    seen = hub.says[id(link)]
    while seen.datagrams:
        words, _, re = seen.datagrams.pop(0)
        await hub.say(link, answers[words], re)


@story
async def test_a_switch_shows_on_the_board_only_when_the_device_has_said_so() -> None:
    async with hub(plug) as home:
        link = await home.meet("")
        await ask(home, link, {b"get": b"is off 0"})
        await asyncio.sleep(1.1)
        assert home.values("thing")["on"] is False
        switching = asyncio.create_task(home.hub.command(Command("thing", "on", True, "cli")))
        await asyncio.sleep(0.05)
        assert home.values("thing")["on"] is False, "a wish is not a value"
        await ask(home, link, {b"set on": b"ok", b"get": b"is on 67"})
        outcome = await switching
        assert (outcome.result, home.values("thing")["on"]) == ("confirmed", True)
        (notice,) = home.of(Notice)
        assert notice.words == "on = true by cli: confirmed"


@story
async def test_a_plug_that_says_nothing_times_out_and_the_board_keeps_what_it_knew() -> None:
    async with hub(plug) as home:
        await home.meet("")
        outcome = await home.hub.command(Command("thing", "on", True))
        assert outcome.result == "timeout"
        assert home.values("thing") == {}


@story
async def test_wrong_wishes_are_refused_in_words() -> None:
    async with hub(plug) as home:
        await home.meet("")
        for command, words in [
            (Command("attic", "on", True), "no device 'attic'. There are: thing"),
            (Command("thing", "power_W", 5), "can only be read"),
            (Command("thing", "", 5), "no main point"),
        ]:
            with pytest.raises(CommandError, match=words):
                await home.hub.command(command)


# --- a gateway and its sub-devices ------------------------------------------------------------------


@story
async def test_sub_devices_are_devices_of_their_own_with_a_history_of_their_own() -> None:
    async with hub(gateway) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1\n1 open\n")
        sub = next(one for one in home.hub.devices() if one.id == "thing_1")
        assert (sub.identity, sub.parent) == ("toy:g1/1", "thing")
        assert home.values("thing_1") == {"on": True}
        assert home.state("thing_1") == "online"
        await home.say(link, b"leave 1\n")
        assert [one.id for one in home.hub.devices()] == ["thing"]
        await home.say(link, b"join 1\n1 open\n")
        states = [one.state for one in home.hub.snapshot() if isinstance(one, Status) and one.device == "thing_1"]
        assert states == ["online"], "it is news that it is back"


@story
async def test_a_sub_device_that_leaves_is_gone_from_a_page_with_the_next_frame() -> None:
    async with hub(gateway) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1\n1 open\n")
        pages = LivePages(home.hub, lambda: msgspec.convert(about(), HubView), lambda: NOON)
        page = pages.add("read")
        pages.message(page)
        page.sent()
        await home.say(link, b"leave 1\n")
        await page.ready()
        changes = json.loads(pages.message(page)[0])["changes"]
        pages.remove(page)
        assert changes["gone"] == ["thing_1"]
        assert [(one["device"], one["kind"]) for one in changes["notices"]] == [("thing_1", "left")]
        assert asyncio.get_running_loop().time() < 1.0, "well before the next heartbeat"


@story
async def test_a_wish_for_a_sleeper_is_held_and_delivered_when_it_wakes() -> None:
    async with hub(gateway) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1 sleepy\nsleep 1\n")
        outcome = await home.hub.command(Command("thing_1", "on", True))
        assert outcome.result == "held"
        assert home.state("thing_1") == "asleep"
        assert b"set" not in home.said_to(link)
        kept = [fact for fact in home.of(Memory) if fact.key == "command:thing_1:on"]
        assert kept[-1].value
        await home.say(link, b"wake 1\n")
        assert b"set 1 on true\n" in home.said_to(link)
        await home.say(link, b"ok 1\n")
        assert "confirmed" in home.of(Notice)[-1].words
        assert home.of(Memory)[-1].value == b"", "delivered and forgotten"


@story
async def test_a_held_wish_outlives_a_restart_of_the_hub() -> None:
    async with hub(gateway) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1 sleepy\nsleep 1\n")
        await home.hub.command(Command("thing_1", "on", True))
        memory: dict[str, dict[str, bytes]] = {}
        for fact in home.of(Memory):
            memory.setdefault(fact.identity, {})[fact.key] = fact.value
    async with hub(gateway, restored=RestoredState(memory=memory)) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1 sleepy\nsleep 1\nwake 1\n")
        assert b"set 1 on true\n" in home.said_to(link)


@story
async def test_a_held_wish_that_has_become_wrong_is_refused_and_harms_nobody() -> None:
    command = msgspec.json.encode(HeldCommand(Command("thing_1", "colour", 5, "cli"), NOON + 3600))
    async with hub(gateway, restored=RestoredState(memory={"toy:g1/1": {"command:thing_1:colour": command}})) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1 sleepy\nsleep 1\nwake 1\n")
        assert "colour = 5 by cli: refused" in home.of(Notice)[-1].words
        await home.say(link, b"1 open\n")
        assert home.values("thing_1") == {"on": True}, "the hub lives on"


@story
async def test_what_a_part_says_before_another_joins_is_not_lost() -> None:
    async with hub(gateway) as home:
        link = await home.meet("")
        await home.say(link, b"2 open\njoin 1\ni am g1\njoin 2\n")
        assert home.values("thing_2") == {"on": True}


@story
async def test_values_that_no_profile_lists_are_counted_in_the_statistics_of_the_wire() -> None:
    class Chatty(GatewayController):
        def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Any]:
            return [*super().receive(data, now, path, re), Reported({"mood": 1})]

    async with hub(lambda far: channel(Chatty, far)) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\n")
        assert home.hub.wire("thing")[""]["ignored_values"] == 1


@story
async def test_an_action_tells_how_far_it_is_and_danger_wants_a_yes() -> None:
    async with hub(gateway) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\n")
        with pytest.raises(CommandError, match="All is lost"):
            await home.hub.act(Action("thing", "wipe"))
        with pytest.raises(CommandError, match="It has: update, wipe"):
            await home.hub.act(Action("thing", "dance"))
        updating = asyncio.create_task(home.hub.act(Action("thing", "update")))
        await asyncio.sleep(0.01)
        await home.say(link, b"done\n")
        assert (await updating).result == "confirmed"


@story
async def test_what_a_session_remembers_it_finds_after_a_restart() -> None:
    restored = RestoredState(memory={"toy:device@memory:": {"names": b"g1"}})
    async with hub(gateway, restored=restored) as home:
        link = await home.meet("")
        assert home.said_to(link) == b"who g1\n"


# --- who it is --------------------------------------------------------------------------------------


@story
async def test_reports_wait_a_moment_for_the_device_to_say_who_it_is() -> None:
    async with hub(gateway) as home:
        link = await home.meet("")
        await home.say(link, b" open\n")  # nobody in particular: it has no name, so it is no report
        await home.say(link, b"i am g1\n")
        assert home.hub.devices()[0].identity == "toy:g1"
        devices = [fact for fact in home.of(Device) if fact.identity]
        assert devices[0].info == {"identity": "g1"}


@story
async def test_a_device_that_never_says_who_it_is_is_its_place_after_a_second() -> None:
    async with hub(plug) as home:
        link = await home.meet("")
        await ask(home, link, {b"get": b"is on 60"})
        assert home.of(Reading) == []
        await asyncio.sleep(1.1)
        assert home.values("thing")["power_W"] == 60
        assert home.hub.devices()[0].identity == "toy:device@memory:"
        assert home.of(Reading)[0].at < NOON + 0.5, "stamped with the time at which it was heard"


# --- several wires ----------------------------------------------------------------------------------


@story
async def test_of_a_point_that_two_wires_know_the_first_that_is_online_counts() -> None:
    def http(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(
            PlugController, far, "wifi", paths=(LinkPath(name="http", answers=True), LinkPath(name="http", asks=True))
        )

    def console(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(PlugController, far, "cable")

    async with hub(http, console) as home:
        wifi, cable = await home.meet("wifi"), await home.meet("cable")
        await ask(home, wifi, {b"get": b"is on 60"})
        await asyncio.sleep(1.1)
        await home.say(cable, b"is on 99")
        await asyncio.sleep(1.1)
        assert home.values("thing")["power_W"] == 60
        await wifi.close()
        await asyncio.sleep(0.01)
        await home.say(cable, b"is on 99")
        assert home.values("thing")["power_W"] == 99
        assert home.state("thing") == "online", "one wire is enough"


@story
async def test_the_frames_of_several_wires_are_told_in_the_order_of_time_with_the_wires_names() -> None:
    def console(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(GatewayController, far, "cable")

    def radio(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(GatewayController, far, "radio")

    async with hub(console, radio) as home:
        cable, air = await home.meet("cable"), await home.meet("radio")
        for number in range(3):
            await home.say(cable, b"1 open\n"[:number] + b"\n")
            await home.say(air, b"i am g1\n" + b"PW=secret\n")
        lines = home.hub.frames("thing", 200)
        assert lines == sorted(lines, key=lambda line: line.at) and lines[-1].at > NOON
        said = [(line.channel, line.sender, bytes.fromhex(line.hex)) for line in lines]
        assert said[:2] == [("cable", "controller", b"who \n"), ("radio", "controller", b"who \n")]
        assert said[-3:] == [
            ("cable", "device", b"1 \n"),
            ("radio", "device", b"i am g1\n"),
            ("radio", "device", b"PW=******\n"),
        ]
        assert [bytes.fromhex(line.hex) for line in home.hub.frames("thing", 1)] == [b"PW=******\n"]
        assert home.hub.frames("thing", 0) == []


@story
async def test_the_wire_of_a_sub_device_is_its_gateways_and_outlives_a_mistake_of_ours() -> None:
    def stumbling(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(Stumbles, far)

    async with hub(stumbling) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1\n")
        await home.say(link, b"stumble\n")
        await home.meet("", 1)
        lines = home.hub.frames("thing_1", 200)
        assert [bytes.fromhex(line.hex) for line in lines] == [
            *(b"who \n", b"i am g1\n", b"join 1\n", b"stumble\n", b"who g1\n"),
        ]
        with pytest.raises(CommandError, match="no device 'attic'"):
            home.hub.frames("attic", 200)


# --- when things go wrong ---------------------------------------------------------------------------


class Stumbles(GatewayController):
    """A session with a mistake in it."""

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Any]:
        if data == b"stumble\n":
            raise ZeroDivisionError
        return super().receive(data, now, path, re)


@story
async def test_a_mistake_of_ours_is_told_and_the_device_starts_again() -> None:
    async with hub(lambda far: channel(Stumbles, far)) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1\n")
        command = asyncio.create_task(home.hub.command(Command("thing_1", "on", True)))
        await asyncio.sleep(0.01)
        await home.say(link, b"stumble\n")
        assert home.state("thing") == "faulted"
        outcome: Outcome = await command
        assert outcome.result == "unreachable"
        again = await home.meet("", 1)
        await home.say(again, b"i am g1\n")
        assert home.state("thing") == "online"


@story
async def test_without_a_clock_readings_wait_for_the_store_and_are_stamped_when_it_is_right() -> None:
    loop = asyncio.get_running_loop()
    right = False

    def wall() -> float:
        return (NOON if right else 0.0) + loop.time()

    async with hub(gateway, wall=wall, stamped=True) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\njoin 1\n1 open\n")
        assert {type(fact) for fact in home.heard} == {Memory}, "which has no time"
        assert home.values("thing_1") == {"on": True}, "people see it all the same"
        said = loop.time()
        await asyncio.sleep(100)
        right = True
        await home.say(link, b"1 shut\n")
        first, second = home.of(Reading)
        assert abs(first.at - (NOON + said)) < 1
        assert second.at - first.at == pytest.approx(100, abs=1)


@story
async def test_the_product_picks_the_profile_and_its_settings() -> None:
    made: list[Profile] = []
    special = profile("toy/special", "session = { poll_s = 1.0 }")

    class Named(GatewayController):
        def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Any]:
            events = super().receive(data, now, path, re)
            return [
                msgspec.structs.replace(one, info={"product": "p1"}) if hasattr(one, "info") else one for one in events
            ]

    def make(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        spec = channel(Named, far, for_product=lambda product: special if product == "p1" else None)

        def make_session(profile: Profile, ambient: Ambient) -> Session:
            made.append(profile)
            return Named(ambient)

        return msgspec.structs.replace(spec, make_session=make_session)

    async with hub(make) as home:
        link = await home.meet("")
        await home.say(link, b"i am g1\n")
        await home.meet("", 1)
        assert [one.name for one in made] == ["toy/plug", "toy/special"]
        assert home.hub.devices()[0].profile == "toy/special"
        assert "offline" not in [one.state for one in home.of(Status)]
