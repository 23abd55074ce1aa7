"""A device whose product is a variant of its profile: the hub reads it with the scales of that product."""

from collections.abc import Sequence

import pytest

from hub.toy_hub import Home, Polls, channel, hub
from toys import GatewayController
from unclouded.core.model import Device
from unclouded.core.profile import load_profile
from unclouded.core.sessions.session import Event, Identified, Online, Reported
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.links.memory import MemoryLink
from virtual_loop import story

PLUG = load_profile(
    """
name = "toy/plug"
family = "toy"
title = "Plug"
products = ["usual"]
[[point]]
dp = 19
type = "value"
key = "power_W"
scale = 0.1
[[point]]
dp = 39
type = "bool"
key = "overcharge_cutoff"
[[variant]]
products = ["fine"]
scale = { 19 = 0.01 }
drop = [39]
""",
    "toy.toml",
    lambda _: Polls,
)


class Plug(GatewayController):
    """``product NAME`` identifies it."""

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        match data.decode().split():
            case ["product", name]:
                return [Online(), Identified({"identity": "p1", "product": name}), Reported({"19": 6670})]
        return super().receive(data, now, path, re)


def described(home: Home) -> list[str]:
    return [point.key for point in home.of(Device)[-1].points]


@pytest.mark.parametrize("is_configured", [True, False])
def test_the_product_picks_the_variant_also_of_a_configured_profile(is_configured: bool) -> None:
    def plug(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
        return channel(Plug, far, **({"profile": PLUG} if is_configured else {"for_product": PLUG.for_product}))

    @story
    async def tale() -> None:
        async with hub(plug) as home:
            link = await home.far_end("")
            await home.send(link, b"product usual\n")
            assert home.values("thing")["power_W"] == 667.0 and "overcharge_cutoff" in described(home)
            await home.send(link, b"product fine\n")
            assert home.values("thing")["power_W"] == 66.7 and "overcharge_cutoff" not in described(home)
            assert home.of(Device)[-1].profile == "toy/plug"

    tale()
