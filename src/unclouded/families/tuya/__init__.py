"""Tuya's serial lines (55 AA): the ordinary one between a Wi-Fi module and its MCU, and that of a gateway."""

from functools import partial

from unclouded.core.family import Dialect, Family, NoSettings
from unclouded.families.tuya.analysis.conversation import low_conversation, wifi_conversation
from unclouded.families.tuya.controller import controller
from unclouded.families.tuya.dialect_detector import DialectDetector
from unclouded.families.tuya.gateway.commands import COMMANDS as GATEWAY_COMMANDS
from unclouded.families.tuya.gateway.decoder import GATEWAY_READING as GATEWAY_TONGUE
from unclouded.families.tuya.gateway.decoder import gateway_decoder, gateway_redact
from unclouded.families.tuya.line.decoder import WIFI_READING, LineTally, wifi_decoder
from unclouded.families.tuya.line.redact import redact
from unclouded.families.tuya.low_power.decoder import COMMANDS as LOW_COMMANDS
from unclouded.families.tuya.low_power.decoder import LOW_READING, low_decoder
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.simulated import SIM_KINDS
from unclouded.families.tuya.update.action import UPDATE_ACTIONS
from unclouded.families.tuya.values.decoders import DECODERS
from unclouded.families.tuya.wifi.commands import COMMANDS

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
    actions=UPDATE_ACTIONS,
    sim_kinds=SIM_KINDS,
    baud=9600,
    tally=partial(LineTally, WIFI_READING),
    ends=("module", "MCU"),
    conversation=wifi_conversation,
    dialects={
        "normal": Dialect(
            words="Appliances on the mains",
            decoder=wifi_decoder,
            conversation=wifi_conversation,
            tally=partial(LineTally, WIFI_READING),
            commands=COMMANDS,
        ),
        "low_power": Dialect(
            words="Battery devices",
            decoder=low_decoder,
            conversation=low_conversation,
            tally=partial(LineTally, LOW_READING),
            commands=LOW_COMMANDS,
        ),
    },
    detector=DialectDetector,
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
    ends=("module", "MCU"),
)
