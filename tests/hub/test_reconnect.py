"""A person asks for another attempt to connect: it is made at once, or the answer says what helps instead."""

import asyncio
from collections.abc import Callable, Sequence

import pytest
from msgspec.structs import replace

from hub.toy_hub import channel, hub, plug
from links.test_dial import Cable, Make
from toys import GatewayController, PlugController
from unclouded.core.errors import CommandError, LinkError, LinkRefused
from unclouded.core.model import Status
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import Ambient, Event, LinkPath, Offline, Out, Session
from unclouded.core.system.retry_delays import MAX_DELAY_S
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.hub import RECONNECT_S
from unclouded.links.dial import DialedLink
from unclouded.links.memory import MemoryLink
from virtual_loop import story

LONG_S = 10 * MAX_DELAY_S  # s after which a link waits MAX_DELAY_S between two attempts

Far = dict[str, list[MemoryLink]]


class Plug:
    """A plug on a socket; ``reason``: why it cannot be reached, "" = it answers. Counts the attempts."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        self.attempts = 0

    async def connect(self, make: Make) -> asyncio.Transport:
        self.attempts += 1
        if self.reason:
            raise LinkError(self.reason)
        protocol = make()
        cable = Cable(protocol)
        asyncio.get_running_loop().call_soon(protocol.data_received, b"is on 67")
        return cable

    def channel(self, far: Far) -> ChannelSpec:
        spec = channel(PlugController, far)
        path = LinkPath(name="http", answers=True)
        return replace(spec, open_link=lambda: DialedLink("plug", self.connect, lambda error: "It hung up.", path))


def reached_by(link: str) -> Callable[[Far], ChannelSpec]:
    return lambda far: replace(channel(PlugController, far), link=link)


@story
async def test_a_device_that_waits_for_its_next_attempt_is_tried_at_once() -> None:
    plug = Plug("Nothing answers.")
    async with hub(plug.channel) as home:
        await asyncio.sleep(LONG_S)
        plug.reason, before = "", plug.attempts
        began = asyncio.get_running_loop().time()
        outcome = await home.hub.reconnect("thing")
        assert (outcome.result, home.state("thing"), plug.attempts) == ("confirmed", "online", before + 1)
        assert asyncio.get_running_loop().time() - began < 1.0
        states = [one.state for one in home.of(Status)]
        assert states[-1] == "online" and "connecting" not in states[1:], "clients see no states in between"


@story
async def test_a_device_that_still_does_not_answer_is_a_timeout_with_the_reason() -> None:
    plug = Plug("Nothing answers.")
    async with hub(plug.channel) as home:
        await asyncio.sleep(LONG_S)
        shown = list(home.of(Status))
        outcome = await home.hub.reconnect("thing")
        assert outcome.result == "timeout"
        assert f"did not connect within {RECONNECT_S:.0f} s" in outcome.reason
        assert home.of(Status) == shown, "how long it is away does not change"


@story
async def test_several_who_ask_at_once_share_one_attempt() -> None:
    plug = Plug("Nothing answers.")
    async with hub(plug.channel) as home:
        await asyncio.sleep(LONG_S)
        before = plug.attempts
        await asyncio.gather(*(home.hub.reconnect("thing") for _ in range(50)))
        assert plug.attempts - before <= 5, "one for the request, and those of the link within 10 s"
        plug.reason = ""
        assert (await home.hub.reconnect("thing")).result == "confirmed", "the next request is another attempt"


@story
async def test_a_device_that_is_online_keeps_its_link() -> None:
    plug = Plug()
    async with hub(plug.channel) as home:
        await asyncio.sleep(2)
        assert (await home.hub.reconnect("thing")).result == "confirmed"
        assert plug.attempts == 1


class RefusedLink:
    """A link that cannot start while ``reason`` says why."""

    def __init__(self, plug: Plug) -> None:
        self.plug = plug

    def start(self, inlet: Inlet) -> None:
        self.plug.attempts += 1
        if self.plug.reason:
            raise LinkRefused(self.plug.reason)
        inlet.up(LinkPath(name="http", answers=True))
        asyncio.get_running_loop().call_soon(inlet.received, b"is on 67", "http")

    def send(self, out: Out) -> None:
        """Nothing listens."""

    async def close(self) -> None:
        """There is nothing to close."""


@story
async def test_a_device_whose_link_could_not_start_is_started_again_at_once() -> None:
    """After crashes the hub waits up to a minute too."""
    plug = Plug("There is no such port.")
    async with hub(lambda far: replace(channel(PlugController, far), open_link=lambda: RefusedLink(plug))) as home:
        await asyncio.sleep(LONG_S)
        assert home.state("thing") == "faulted"
        plug.reason, before = "", plug.attempts
        assert (await home.hub.reconnect("thing")).result == "confirmed"
        assert plug.attempts == before + 1


@pytest.mark.parametrize("link", ["broker:", "listen://127.0.0.1:7000"])
@story
async def test_of_a_plug_that_connects_by_itself_the_answer_says_what_helps(link: str) -> None:
    async with hub(reached_by(link)) as home:
        await home.far_end("")
        outcome = await home.hub.reconnect("thing")
        assert outcome.result == "unreachable" and "unplug it for ten seconds" in outcome.reason
        assert len(home.far[""]) == 1, "its link goes on"


@story
async def test_of_two_links_that_which_the_hub_opens_is_opened() -> None:
    async with hub(reached_by("broker: http://10.0.0.7")) as home:
        await home.far_end("")
        assert (await home.hub.reconnect("thing")).result == "timeout"
        assert len(home.far[""]) == 2


class Sleeper(GatewayController):
    """A device that sleeps as soon as its link is up."""

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        return [Offline("It sleeps.", asleep=True)]


def sleeper(ambient: Ambient) -> Session:
    return Sleeper(ambient)


@story
async def test_a_device_that_sleeps_is_left_asleep() -> None:
    async with hub(lambda far: channel(sleeper, far)) as home:
        await home.far_end("")
        outcome = await home.hub.reconnect("thing")
        assert outcome.result == "unreachable" and "press its button" in outcome.reason
        assert len(home.far[""]) == 1


class Forgetful(GatewayController):
    """A gateway whose sub-device 1 is lost with the next byte after it has joined."""

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return [Offline("It is out of range.", part="1")] if data == b"!" else super().receive(data, now, path, re)


@story
async def test_a_sub_device_is_reached_through_its_gateway() -> None:
    async with hub(lambda far: channel(Forgetful, far)) as home:
        link = await home.far_end("")
        await home.send(link, b"i am g1\njoin 1\n")
        await home.send(link, b"!")
        assert (home.state("thing_1"), home.state("thing")) == ("offline", "online")
        outcome = await home.hub.reconnect("thing_1")
        assert outcome.result == "unreachable" and "through thing, which is connected" in outcome.reason
        assert len(home.far[""]) == 1, "the others behind the gateway go on"


@story
async def test_an_unknown_device_is_named() -> None:
    async with hub(plug) as home:
        with pytest.raises(CommandError, match="no device 'attic'"):
            await home.hub.reconnect("attic")
