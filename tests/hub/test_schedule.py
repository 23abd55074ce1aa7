"""The schedule that a device keeps is part of what the hub knows of it."""

from collections.abc import Sequence

import msgspec

from hub.toy_hub import channel, hub
from toys import GatewayController
from unclouded.core.model import Device, ScheduleRule
from unclouded.core.sessions.session import Event, Identified, Scheduled
from unclouded.core.views.json_lines import device_json, fact_line, fact_of
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.links.memory import MemoryLink
from virtual_loop import story


class Scheduling(GatewayController):
    """``keeps ID ID``: it has these rules. ``again``: it identifies itself again."""

    def _events(self, words: list[str]) -> Sequence[Event] | None:
        match words:
            case ["keeps", *ids]:
                return [Scheduled(tuple(ScheduleRule(id=id, kind="timer", at="07:30") for id in ids))]
            case ["again"]:
                return [Identified({"identity": "g1", "version": "2"})]
        return super()._events(words)


def scheduling(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    return channel(Scheduling, far)


@story
async def test_the_rules_of_a_device_are_published_with_it() -> None:
    async with hub(scheduling) as home:
        link = await home.far_end("")
        assert home.hub.devices()[0].schedule is None, "not read yet"
        await home.send(link, b"i am g1\nkeeps a b\n")
        (device,) = home.hub.devices()
        assert [rule.id for rule in device.schedule or ()] == ["a", "b"]
        assert home.of(Device)[-1].schedule == device.schedule
        assert fact_of(msgspec.json.decode(fact_line(device))) == device
        assert device_json(device, None).schedule == device.schedule
        await home.send(link, b"again\n")
        assert [rule.id for rule in home.of(Device)[-1].schedule or ()] == ["a", "b"]
        await home.send(link, b"keeps\n")
        assert home.of(Device)[-1].schedule == ()
