"""Tuya's serial lines: the ordinary Wi-Fi line between a module and its MCU (55 AA)."""

from unclouded.families.tuya.decode import WifiDecoder
from unclouded.families.tuya.redact import redact
from unclouded.families.tuya.wifi_commands import COMMANDS
from unclouded.families.tuya.wifi_mcu import FAULTS, McuOptions, WifiMcu
from unclouded.families.tuya.wifi_module import WifiModule, WifiSettings
from unclouded.family import Family, SimKind, SimOptions
from unclouded.session import Ambient, Session

PLUG_INCREMENTS = frozenset({"17"})  # energy since the last report; protocols/tuya_wifi.md §2.8 A


def _plug(options: SimOptions, ambient: Ambient) -> Session:  # noqa: ARG001  # this MCU asks nothing of the world
    return WifiMcu(McuOptions(increments=PLUG_INCREMENTS, faults=options.faults))


FAMILY_WIFI = Family(
    name="tuya_wifi",
    words="Appliances with a Tuya Wi-Fi module: the line between the module and its MCU",
    settings=WifiSettings,
    controller=WifiModule,
    decoder=WifiDecoder,
    commands=COMMANDS,
    generic="tuya/generic",
    redact=redact,
    sim_kinds={
        "tuya-plug": SimKind(
            name="tuya-plug",
            words="A metering plug with a Tuya MCU",
            subject="plug",
            profile="tuya/plug_metering",
            make=_plug,
            faults=FAULTS,
        )
    },
    baud=9600,
)
