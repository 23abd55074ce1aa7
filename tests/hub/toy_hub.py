"""A hub with toy devices on links in memory, under a clock that jumps: what the stories of tests/hub share."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from hub.running_hub import HubFacts, running
from links.recorder import RecordingInlet
from links.text_line_family import LINES
from toys import GatewayController, PlugController
from unclouded.core.model import ActionSpec, Reading, Status
from unclouded.core.profile import Profile, load_profile
from unclouded.core.sessions.session import Ambient, LinkPath, Out, Session
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.clock import WallClock
from unclouded.hub.hub import Hub, RestoredState
from unclouded.hub.node import NodeSpec
from unclouded.hub.services.services import Services
from unclouded.links.memory import MemoryLink, pair

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


class Home(HubFacts):
    """A hub and the far ends of its links. ``far``: one for each time that a channel was opened."""

    def __init__(self, hub: Hub, far: Mapping[str, list[MemoryLink]], *, stamped: bool = False) -> None:
        super().__init__(hub, stamped=stamped)
        self.far = far
        self.received_by: dict[int, RecordingInlet] = {}

    async def far_end(self, name: str, index: int = 0) -> MemoryLink:
        """The far end, once the hub has opened its own."""
        while len(self.far[name]) <= index:
            await asyncio.sleep(0.01)
        link = self.far[name][index]
        self.received_by[id(link)] = RecordingInlet()
        link.start(self.received_by[id(link)])
        await asyncio.sleep(0.01)
        return link

    def sent_to(self, link: MemoryLink) -> bytes:
        return self.received_by[id(link)].data

    async def send(self, link: MemoryLink, text: bytes, re: int = 0) -> None:
        link.send(Out(text, re=re))
        await asyncio.sleep(0.01)

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
        reading=LINES,
        **more,
    )


@asynccontextmanager
async def hub(
    *channels: Callable[[dict[str, list[MemoryLink]]], ChannelSpec],
    restored: RestoredState | None = None,
    wall: Callable[[], float] | None = None,
    stamped: bool = False,
    alert_above: Mapping[str, float] = {},
) -> AsyncIterator[Home]:
    loop = asyncio.get_running_loop()
    far: dict[str, list[MemoryLink]] = {}
    spec = NodeSpec(id="thing", channels=tuple(make(far) for make in channels), alert_above=alert_above)
    clock = WallClock(loop.time, wall or (lambda: NOON + loop.time()))
    hub = Hub([spec], Services(lambda: NOON), clock, bytes, restored)
    home = Home(hub, far, stamped=stamped)
    async with running(hub.run()):
        yield home


def gateway(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    actions = [ActionSpec(name="update", words="update"), ActionSpec(name="wipe", words="wipe", danger="All is lost.")]
    return channel(GatewayController, far, actions=actions)


def plug(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    return channel(PlugController, far, paths=(LinkPath(name="http", answers=True), LinkPath(name="http", asks=True)))


async def answer_requests(home: Home, link: MemoryLink, answers: Mapping[bytes, bytes]) -> None:
    """Answer the hub's requests as the plug does, until there are no more."""
    received = home.received_by[id(link)]
    while received.datagrams:
        text, _, re = received.datagrams.pop(0)
        await home.send(link, answers[text], re)
