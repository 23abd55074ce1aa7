"""A device that turns out to lack points of its profile, and what it reports for a person to know."""

from collections.abc import Mapping, Sequence

import pytest

from hub.toy_hub import NOON, Home, channel, hub, profile
from toys import GatewayController
from unclouded.core.errors import CommandError
from unclouded.core.model import Command, Device, Notice
from unclouded.core.sessions.session import Event, Identified, Noticed, Reported
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.hub.channels.part import without
from unclouded.links.memory import MemoryLink
from virtual_loop import story


class Lacking(GatewayController):
    """``lacks KEY KEY``: it does not have these wire keys; ``power N``; ``advise TEXT``."""

    def _events(self, words: list[str]) -> Sequence[Event] | None:
        match words:
            case ["lacks", *keys]:
                return [Identified({"identity": "g1"}, lacks=frozenset(keys))]
            case ["power", count]:
                return [Reported({"power": int(count)})]
            case ["advise", *text]:
                return [Noticed("clock", " ".join(text))]
        return super()._events(words)


def lacking(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    return channel(Lacking, far)


def points(home: Home) -> Mapping[str, list[str]]:
    """Keys of the device as it is, and as it was published last."""
    (now,) = home.hub.devices()
    devices = {"now": now, "published": home.of(Device)[-1]}
    return {kind: [one.key for one in device.points] for kind, device in devices.items()}


@story
async def test_the_points_of_what_a_device_lacks_are_dropped_with_their_values() -> None:
    async with hub(lacking) as home:
        link = await home.far_end("")
        await home.send(link, b"lacks\npower 5\n")
        assert points(home)["published"] == ["on", "power_W", "energy_import_Wh"]
        assert home.values("thing")["power_W"] == 5
        await home.send(link, b"lacks power\n")
        assert points(home) == {"now": ["on"], "published": ["on"]}
        assert home.values("thing") == {}
        await home.send(link, b"lacks\npower 6\n")
        assert points(home)["now"] == ["on", "power_W", "energy_import_Wh"], "it has it after all"
        assert home.values("thing")["power_W"] == 6


@story
async def test_a_device_without_its_main_point_has_none() -> None:
    async with hub(lacking) as home:
        link = await home.far_end("")
        await home.send(link, b"lacks on\n")
        (device,) = home.hub.devices()
        assert device.main == ""
        with pytest.raises(CommandError, match="has no point 'on'"):
            await home.hub.command(Command("thing", "on", True, "test"))
        with pytest.raises(CommandError, match="thing has no main point: nothing of it can be set"):
            await home.hub.command(Command("thing", "", True, "test"))


@story
async def test_what_a_person_should_know_is_a_notice_of_its_kind() -> None:
    async with hub(lacking) as home:
        link = await home.far_end("")
        await home.send(link, b"advise set the clock\n")
        (notice,) = [one for one in home.of(Notice) if one.kind == "clock"]
        assert (notice.device, notice.words) == ("thing", "set the clock")
        assert abs(notice.at - NOON) < 60


def test_a_profile_without_some_wires() -> None:
    whole = profile()
    assert without(whole, ()) is whole
    less = without(whole, {"on"})
    assert ([row.wire for row in less.points], less.main, less.name) == (["power"], "", whole.name)
    assert without(whole, {"power"}).main == "on"
