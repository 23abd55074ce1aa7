"""A product of the catalogue behind a serial line: the hub names its points as soon as it says what it is."""

import asyncio
from functools import partial

from families.tuya.test_energy_profiles import Appliance
from hub.toy_hub import channel, hub
from unclouded.app.protocols import settings_of
from unclouded.core.model import Device
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.line.endpoint import Endpoint
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, wifi_mcu
from unclouded.families.tuya.wifi.module.module import WifiModule, WifiSettings, wifi_module
from unclouded.hub.channels.channel_spec import ChannelSpec
from unclouded.links.memory import MemoryLink
from unclouded.profiles import ProfileLibrary
from virtual_loop import story

LIBRARY = ProfileLibrary(settings_of)


def unknown_plug(far: dict[str, list[MemoryLink]]) -> ChannelSpec:
    def make(ambient: object) -> Endpoint[WifiModule]:
        return wifi_module(WifiSettings(), ambient)  # type: ignore[arg-type]  # the helper's Ambient

    found = partial(LIBRARY.for_product, "tuya_wifi")
    return channel(make, far, for_product=found, decoders=FAMILY_WIFI.decoders)


@story
async def test_a_known_product_has_named_and_scaled_points_at_once() -> None:
    async with hub(unknown_plug) as home:
        while not home.far[""]:
            await asyncio.sleep(0.01)
        options = McuOptions(product="i4fg8sszym1rtqz7")
        before = Appliance(wifi_mcu(options), home.far[""][0])
        while len(home.far[""]) == 1:  # the profile has other settings than the toy's: the session begins again
            await asyncio.sleep(0.1)
        mcu = Appliance(wifi_mcu(options), home.far[""][1])
        await asyncio.sleep(5.0)
        await mcu.measures(dp1=True, dp18=100, dp19=23_000, dp20=2300)
        device = home.of(Device)[-1]
        values = home.values("thing")
        await before.unplug()
        await mcu.unplug()
    assert device.profile == "catalogue/plug/i4fg8sszym1rtqz7"
    assert (values["on"], values["power_W"], values["voltage_V"], values["current_A"]) == (True, 23.0, 230.0, 0.1)
    confidence = {point.key: point.confidence for point in device.points}
    assert (confidence["power_W"], confidence["countdown_s"]) == ("confirmed", "single")
