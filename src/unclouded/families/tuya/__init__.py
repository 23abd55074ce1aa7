"""Tuya's serial lines (55 AA): the ordinary one between a Wi-Fi module and its MCU, and that of a gateway."""

from functools import partial

from unclouded.families.tuya.decode import WIFI_TONGUE, LineTally, wifi_decoder
from unclouded.families.tuya.gateway_commands import COMMANDS as GATEWAY_COMMANDS
from unclouded.families.tuya.gateway_decode import TONGUE as GATEWAY_TONGUE
from unclouded.families.tuya.gateway_decode import gateway_decoder, gateway_redact
from unclouded.families.tuya.line_settings import LineSettings
from unclouded.families.tuya.low_mcu import FAULTS as LOW_FAULTS
from unclouded.families.tuya.low_mcu import LowMcu, LowOptions
from unclouded.families.tuya.raw_decoders import DECODERS
from unclouded.families.tuya.redact import redact
from unclouded.families.tuya.wifi_auto import controller
from unclouded.families.tuya.wifi_commands import COMMANDS
from unclouded.families.tuya.wifi_mcu import FAULTS, McuOptions, WifiMcu
from unclouded.family import Family, NoSettings, SimKind, SimOptions
from unclouded.session import Ambient, Session

PLUG_INCREMENTS = frozenset({"17"})  # energy since the last report; protocols/tuya_wifi.md §2.8 A


def _plug(options: SimOptions, ambient: Ambient) -> Session:
    return WifiMcu(McuOptions(increments=PLUG_INCREMENTS, faults=options.faults))


def _door_sensor(options: SimOptions, ambient: Ambient) -> Session:
    return LowMcu(LowOptions(faults=options.faults))


FAMILY_WIFI = Family(
    name="tuya_wifi",
    words="Appliances with a Tuya Wi-Fi module: the line between the module and its MCU",
    settings=LineSettings,
    controller=controller,
    decoder=wifi_decoder,
    commands=COMMANDS,
    generic="tuya/generic",
    redact=redact,
    decoders=DECODERS,
    sim_kinds={
        "tuya-plug": SimKind(
            name="tuya-plug",
            words="A metering plug with a Tuya MCU",
            subject="plug",
            profile="tuya/plug_metering",
            make=_plug,
            faults=FAULTS,
        ),
        "tuya-door-sensor": SimKind(
            name="tuya-door-sensor",
            words="A battery sensor on the front door, with a Tuya MCU that sleeps",
            subject="meter",
            profile="tuya/door_sensor",
            make=_door_sensor,
            faults=LOW_FAULTS,
        ),
    },
    baud=9600,
    tally=partial(LineTally, WIFI_TONGUE),
)

FAMILY_GATEWAY = Family(
    name="tuya_gateway",
    words="Tuya gateways with sub-devices: the line between the Wi-Fi module and the gateway's MCU",
    settings=NoSettings,
    controller=None,
    decoder=gateway_decoder,
    commands=GATEWAY_COMMANDS,
    generic="",
    redact=gateway_redact,
    baud=115200,
    tally=partial(LineTally, GATEWAY_TONGUE),
)
